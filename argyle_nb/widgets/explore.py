"""`ScoreExplorer`: filter, cut, look at the uploads behind a bar, take them along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import msgspec
import pandas as pd

from argyle_nb.scores.filters import statuses_of
from argyle_nb.widgets.explore_view import ExplorerModel, View
from argyle_nb.widgets.panel import Panel, Question, read_static

if TYPE_CHECKING:
    from argyle_nb.widgets.explore_view import ViewResult
    from argyle_nb.widgets.panel import Answer

ROWS_PER_PAGE = 12
DECISIONS = ("passed", "reviewed", "rejected")
# Searched for by somebody, so it may be a person's name.
PERSONAL_FILTERS = ("user", "text")


class _ExplorerQuestion(Question):
    kind: Literal["look", "export"]
    view: View | None = None
    page: int = 0
    file_names: bool = False


class ScoreExplorer(Panel):
    """Look at how uploads score, at what two cut-offs would do, and at the uploads themselves.

    Filters, picture, cut-offs and table are linked, and work by mouse and by keyboard. The panel
    shows the lines of code that give the same, and writes what is in the table to a CSV file in
    the kernel's folder. A saved notebook keeps counts and shares; file names and ids are not saved.

    Parameters
    ----------
    frame
        From `uploads_frame`; its level preset is used throughout.
    signals
        From `signals_frame`; adds the filter by signal.

    Raises
    ------
    ConfigurationError
        When the frame is not one of `uploads_frame`.

    Examples
    --------
    >>> explorer = ScoreExplorer(frame)
    >>> explorer
    ScoreExplorer(4 of 4 uploads in view)
    >>> explorer.frame["id"].size
    4
    """

    _esm = read_static("panel.js", "explore.js")
    _css = read_static("panel.css", "explore.css")
    question = _ExplorerQuestion

    def __init__(self, frame: pd.DataFrame, signals: pd.DataFrame | None = None) -> None:
        self._explorer = ExplorerModel(frame, signals)
        self._view = self._explorer.first_view()
        self._options = self._explorer.filter_options()
        super().__init__(self._picture(self._view, self._explorer.evaluate(self._view)))

    def __repr__(self) -> str:
        in_view, uploads = len(self.frame), len(self._explorer.frame)
        return f"ScoreExplorer({in_view} of {uploads} uploads in view)"

    @property
    def frame(self) -> pd.DataFrame:
        """The uploads in the table, in its order; columns as `uploads_frame` gives them."""
        return self._explorer.evaluate(self._view).table

    @property
    def code(self) -> str:
        """The three lines that reproduce the view."""
        return self._view.code()

    def _on_look(self, question: _ExplorerQuestion) -> Answer:
        view = question.view or self._view
        result = self._explorer.evaluate(view)
        self._view = view
        self.saved = self._picture(view, result)
        return {
            "picture": self.saved,
            "view": msgspec.to_builtins(view),
            "table": _table(result, question.page),
            "code": view.code(),
        }

    def _on_export(self, question: _ExplorerQuestion) -> Answer:
        path = self._explorer.write(self._view, file_names=question.file_names)
        return {"file": str(path.absolute()), "uploads": len(self.frame)}

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
        }


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


def _table(result: ViewResult, page: int) -> Answer:
    pages = max(1, -(-len(result.order) // ROWS_PER_PAGE))
    number = min(max(page, 0), pages - 1)
    rows = result.page(number, ROWS_PER_PAGE)
    texts = pd.DataFrame(
        {
            "file_name": rows["file_name"],
            "document_type": rows["document_type"],
            "score": rows["ocr_authenticity_score"],
            "level": rows["authenticity_level"],
            "status": statuses_of(rows),
            "user": rows["user"].fillna(rows["account"]),
            "created_at": rows["created_at"].dt.strftime("%Y-%m-%d %H:%M"),
            "upload": rows["id"],
        }
    )
    records = cast("list[Answer]", texts.astype("string").fillna("").to_dict("records"))
    return {"rows": records, "uploads": len(result.order), "page": number, "pages": pages}
