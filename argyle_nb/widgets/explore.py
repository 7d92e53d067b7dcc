"""`ScoreExplorer`: filter, cut, open the uploads behind a bar, review them or take them along."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Literal, cast

import msgspec
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import signals_frame
from argyle_nb.levels import HIGHEST_SCORE
from argyle_nb.notebook import AMBER, BLUE, RED, histogram
from argyle_nb.review.queue import ReviewCase, in_order_of_weight, open_case
from argyle_nb.scores.filters import statuses_of
from argyle_nb.widgets.case import DocumentCache, facts_of, slice_of
from argyle_nb.widgets.explore_view import BAR_SCORES, ExplorerModel, View, ViewFile
from argyle_nb.widgets.fallback import Fallback, counted
from argyle_nb.widgets.panel import Panel, Question, read_static
from argyle_nb.widgets.review import LateReviewQueue, ReviewQueue

if TYPE_CHECKING:
    from pathlib import Path

    from argyle_nb.client.client import Client
    from argyle_nb.review import ReviewLog
    from argyle_nb.widgets.explore_view import Positions, ViewResult
    from argyle_nb.widgets.panel import Answer

ROWS_PER_PAGE = 12
DECISIONS = ("pass", "review", "reject")
# Searched for by somebody, so it may be a person's name.
PERSONAL_FILTERS = ("user", "text")
FILE_NAME = "uploads_in_view.csv"
# Fewer are ready before the first search would come.
_MANY = 20_000


class _ExplorerQuestion(Question):
    kind: Literal["look", "select", "case", "slice", "export", "part", "review"]
    view: View | None = None
    page: int = 0
    uploads: tuple[str, ...] = ()
    selected: bool = True
    upload: str = ""
    offset: int = 0
    again: bool = False
    open: bool = True
    file_names: bool = False
    part: int = 0


class ScoreExplorer(Panel):
    """Explore scores: filter, set pass and reject thresholds, open, select and review uploads.

    Filters, chart, thresholds and table are linked, and work by mouse and by keyboard; the lowest
    scores come first. A row opens beside the table with its signals, OCR data and document. The
    selected uploads, or all in view, can be reviewed in the panel or downloaded as a CSV file. The
    panel shows the code that reproduces the view. A saved notebook keeps counts and shares; file
    names, borrowers and IDs are not saved.

    Parameters
    ----------
    uploads
        From `uploads_frame`; its level preset is used throughout.
    signals
        From `signals_frame`; adds the filter by signal.
    client
        From `connect`. Without it the panel shows no documents and no OCR data and has no reviews:
        these are downloaded through the client when a row is opened.

    Raises
    ------
    ConfigurationError
        If the table does not come from `uploads_frame`.

    Examples
    --------
    >>> explorer = ScoreExplorer(uploads)
    >>> explorer
    ScoreExplorer(4 of 4 uploads in view)
    >>> explorer.frame["id"].size, explorer.selected["id"].size
    (4, 4)
    """

    _esm = read_static("panel.js", "case.js", "explore.js")
    _css = read_static("panel.css", "case.css", "explore.css")
    question = _ExplorerQuestion
    changes = frozenset({"select", "review"})

    def __init__(
        self,
        uploads: pd.DataFrame,
        signals: pd.DataFrame | None = None,
        *,
        client: Client | None = None,
    ) -> None:
        self._explorer = ExplorerModel(uploads, signals)
        self._client = client
        self._documents = DocumentCache(self._fetch, self._announce)
        self._view = self._explorer.first_view()
        self._options = self._explorer.filter_options()
        self._selected: dict[str, None] = {}
        self._file: ViewFile | None = None
        self._queue: ReviewQueue | None = None
        # marimo takes a widget only from a running cell, and the one for reviews is wanted later.
        # In Jupyter, a widget that a cell made would wait whenever a cell runs.
        is_in_marimo = client is not None and "marimo" in sys.modules
        self._late_queue = LateReviewQueue() if is_in_marimo else None
        super().__init__(self._picture(self._view, self._explorer.evaluate(self._view)))
        if len(uploads) > _MANY:
            threading.Thread(target=self._explorer.prepare, daemon=True).start()

    def __repr__(self) -> str:
        in_view, uploads = len(self._rows()), len(self._explorer.frame)
        return f"ScoreExplorer({in_view} of {uploads} uploads in view)"

    @property
    def frame(self) -> pd.DataFrame:
        """The uploads in the table, in its order; columns as `uploads_frame` gives them."""
        return self._explorer.evaluate(self._view).table

    @property
    def selected(self) -> pd.DataFrame:
        """The selected rows in the table's order, or all uploads in view if none is selected.

        A row stays selected when a filter hides it. Columns are those of `uploads_frame`.
        """
        return self._explorer.frame.iloc[self._chosen()]

    @property
    def code(self) -> str:
        """The three lines that reproduce the view."""
        return self._view.code()

    def review(
        self,
        client: Client | None = None,
        *,
        reviewer: str = "",
        log: ReviewLog | Path | str | None = None,
    ) -> ReviewQueue:
        """Make a review queue of the `selected` uploads, as "Review" does in the panel.

        Each score is compared with all uploads of the explorer.

        Parameters
        ----------
        client
            From `connect`; not needed where the explorer has one.
        reviewer, log
            As for `ReviewQueue`.

        Returns
        -------
        ReviewQueue
            To be shown in a cell.

        Raises
        ------
        ConfigurationError
            If no upload is in view, or there is no client.

        Examples
        --------
        >>> explorer = ScoreExplorer(uploads)
        >>> explorer.review(client, log=folder / "explored.sqlite")
        ReviewQueue(4 documents, 4 without a verdict of this reviewer)
        """
        client = client or self._client
        if client is None:
            raise ConfigurationError(
                "Reviewing downloads documents through a client. Use explorer.review(client), or "
                "pass client=client to ScoreExplorer."
            )
        return ReviewQueue(
            client, self.selected, reviewer=reviewer, log=log, population=self._explorer.frame
        )

    def _on_look(self, question: _ExplorerQuestion) -> Answer:
        view = question.view or self._view
        result = self._explorer.evaluate(view)
        self._view = view
        self.saved = self._picture(view, result)
        return {
            "picture": self.saved,
            "view": msgspec.to_builtins(view),
            "table": self._table(result, question.page),
            "lifts": [] if len(result.rows) else self._explorer.without_one(view),
            "code": view.code(),
            "selected": len(self._selected),
            "queue": self._queue_in_page(),
        }

    def _on_select(self, question: _ExplorerQuestion) -> Answer:
        """Select some uploads or no longer; without any, none stays selected."""
        if not question.uploads:
            self._selected.clear()
        for upload in question.uploads:
            if question.selected:
                self._selected[upload] = None
            else:
                self._selected.pop(upload, None)
        return {"selected": len(self._selected)}

    def _on_case(self, question: _ExplorerQuestion) -> Answer:
        self._documents.keep_only(*([question.upload] if self._client else []))
        case = self._documents.find(question.upload, again=question.again)
        if case and not (case.problem and not case.file_name):
            return facts_of(case)
        known = facts_of(self._known(question.upload))
        del known["fields"]  # what was read is not in the tables
        if case:
            return known | {"problem": case.problem}
        return known | {"fetching": self._client is not None, "offline": self._client is None}

    def _on_slice(self, question: _ExplorerQuestion) -> Answer:
        case = self._documents.find(question.upload)
        return slice_of(case, question.upload, question.offset)

    def _on_export(self, question: _ExplorerQuestion) -> Answer:
        file = ViewFile(self._explorer, self._chosen(), file_names=question.file_names)
        self._file = file
        return {"name": FILE_NAME, "uploads": file.uploads, "parts": file.parts, "file": file.key}

    def _on_part(self, question: _ExplorerQuestion) -> Answer:
        if self._file is None or self._file.key != question.upload:
            raise ConfigurationError("Another download has begun. Select Download again.")
        return {"part": question.part, "buffer": self._file.part(question.part)}

    def _on_review(self, question: _ExplorerQuestion) -> Answer:
        """Show a new review queue below the panel in place of an earlier one, or none."""
        self._end_review()
        if question.open and self._client is not None:
            self._queue = self._late_queue or self.review()
            if self._late_queue is not None:
                self._late_queue.begin(self._client, self.selected, self._explorer.frame)
        return {"queue": self._queue_in_page(), "open": question.open}

    def _end_review(self) -> None:
        """Close the review queue of the page, unless it is the one that cannot be made again."""
        if self._queue is not None and self._queue is not self._late_queue:
            self._queue.close()
        self._queue = None

    def _queue_in_page(self) -> str:
        """Give the reference by which the page finds the review queue, if there is one."""
        return f"anywidget:{self._queue.model_id}" if self._queue else ""

    def _rows(self) -> Positions:
        return self._explorer.evaluate(self._view).rows

    def _chosen(self) -> Positions:
        if self._selected:
            return self._explorer.in_order(self._view, list(self._selected))
        return self._rows()

    def _fetch(self, upload: str) -> ReviewCase:
        client = cast("Client", self._client)
        return open_case(client, upload, levels=self._explorer.preset.name)

    def _announce(self, upload: str) -> None:
        self._push({"about": "ready", "upload": upload})

    def _known(self, upload: str) -> ReviewCase:
        """Give what the tables tell of an upload, before anything is fetched."""
        frame, signals = self._explorer.frame, self._explorer.signals
        rows = frame[(frame["id"] == upload).fillna(False)]
        if signals is None:
            signals = signals_frame([])
        told = signals[(signals["upload_id"] == upload).fillna(False)]
        names = ["file_name", "document_type", "ocr_authenticity_score", "authenticity_level"]
        name, kind, score, level = (
            next((None if pd.isna(value) else value for value in rows[name]), None)
            for name in names
        )
        return ReviewCase(
            upload,
            file_name=name,
            document_type=kind,
            score=score,
            level=level,
            signals=in_order_of_weight(told),
        )

    def _picture(self, view: View, result: ViewResult) -> Answer:
        """Give what is drawn: counts and shares, nothing of a person."""
        filters = {k: v for k, v in view.filters.items() if k not in PERSONAL_FILTERS}
        unscored = result.counts.unscored.iloc[0]
        return {
            "bars": result.bars(),
            "rising": result.cumulative_shares(),
            "bands": self._explorer.preset.ranges(),
            "preset": self._explorer.preset.name,
            "cuts": [view.reject_below, view.pass_from],
            "shares": _shares(result.shares),
            "scored": int(result.counts.scores.to_numpy().sum()),
            "unscored": [[reason, int(n)] for reason, n in unscored.items() if n],
            "uploads": len(self._explorer.frame),
            "filters": filters | {name: "..." for name in PERSONAL_FILTERS if getattr(view, name)},
            "options": self._options,
            "names": self._explorer.signal_names(),
            "borrower": self._explorer.borrower,
        }

    def _fallback(self) -> Fallback:
        saved = self.saved
        reject, accept = saved["cuts"]
        scores = (_span(0, reject - 1), _span(reject, accept - 1), _span(accept, HIGHEST_SCORE))
        bars = saved["bars"]
        colors = [RED if low < reject else AMBER if low < accept else BLUE for low, *_ in bars]
        return Fallback(
            "Score explorer",
            _summary(saved),
            ("Decision", "Scores", "Uploads", "Share", "95% CI"),
            tuple(
                _decision_row(decision.title(), span, saved["shares"][decision])
                for decision, span in zip(reversed(DECISIONS), scores, strict=True)
            ),
            (RED, AMBER, BLUE),
            histogram("Histogram of authenticity scores", bars, colors, saved["cuts"]),
        )

    def _table(self, result: ViewResult, page: int) -> Answer:
        pages = max(1, -(-len(result.rows) // ROWS_PER_PAGE))
        number = min(max(page, 0), pages - 1)
        rows = result.page(number, ROWS_PER_PAGE)
        texts = pd.DataFrame(
            {
                "file_name": rows["file_name"],
                "borrower": rows["external_id"].fillna(rows["user"]).fillna(rows["account"]),
                "document_type": rows["document_type"],
                "score": rows["ocr_authenticity_score"],
                "level": rows["authenticity_level"],
                "status": statuses_of(rows),
                "created_at": rows["created_at"].dt.strftime("%Y-%m-%d %H:%M"),
                "upload": rows["id"],
            }
        )
        records = cast("list[Answer]", texts.astype("string").fillna("").to_dict("records"))
        for record in records:
            record["selected"] = record["upload"] in self._selected
        return {"rows": records, "uploads": len(result.rows), "page": number, "pages": pages}


def _summary(saved: Answer) -> tuple[str, ...]:
    without = sum(uploads for _, uploads in saved["unscored"])
    shown = f"{saved['scored'] + without:,} of {counted(saved['uploads'], 'upload')} shown"
    sentences = [f"{shown}: {saved['scored']:,} scored, {without:,} without a score."]
    for name, value in saved["filters"].items():
        chosen = value if isinstance(value, str) else ", ".join(map(str, value))
        told = "set (not saved)" if name in PERSONAL_FILTERS else chosen
        sentences.append(f"Filter {name.replace('_', ' ')}: {told}.")
    reject, accept = saved["cuts"]
    highest = max(uploads for *_, uploads in saved["bars"])
    if highest:
        sentences.append(
            f"Histogram of scores from 0 to 100, {BAR_SCORES} a bar; the highest bar is "
            f"{counted(highest, 'upload')}. Thresholds: reject below {reject}, pass from {accept}."
        )
    return tuple(sentences)


def _span(lowest: int, highest: int) -> str:
    return f"{lowest} to {highest}" if lowest <= highest else "none"


def _decision_row(name: str, scores: str, shares: Answer) -> tuple[str, ...]:
    texts = ["\N{EN DASH}", "\N{EN DASH}"]
    if shares["share"] is not None:
        texts = [f"{shares['share']:.1%}"]
        texts.append(f"{shares['share_ci_low']:.1%} to {shares['share_ci_high']:.1%}")
    return (name, scores, f"{shares['uploads']:,}", *texts)


def _shares(table: pd.DataFrame) -> dict[str, Answer]:
    row = table.iloc[0]
    return {
        decision: {"uploads": int(row[decision])}
        | {
            part: None if pd.isna(row[f"{decision}_{part}"]) else float(row[f"{decision}_{part}"])
            for part in ("share", "share_ci_low", "share_ci_high")
        }
        for decision in DECISIONS
    }
