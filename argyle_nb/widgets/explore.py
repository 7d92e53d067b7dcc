"""`ScoreExplorer`: filter, cut, look at the uploads behind a bar, take them along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
import pandas as pd

from argyle_nb.scores.filters import statuses_of
from argyle_nb.widgets.explore_view import Explorer, View
from argyle_nb.widgets.panel import Panel, joined

if TYPE_CHECKING:
    from argyle_nb.widgets.explore_view import Look
    from argyle_nb.widgets.panel import Answer

ROWS_PER_PAGE = 12
DECISIONS = ("passed", "reviewed", "rejected")
# Searched for by somebody, so it may be a person's name.
PERSONAL_FILTERS = ("user", "text")


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

    _esm = joined("keys.js", "elements.js", "panel.js", "picture.js", "explore.js")
    _css = joined("panel.css", "explore.css")

    def __init__(self, frame: pd.DataFrame, signals: pd.DataFrame | None = None) -> None:
        self._explorer = Explorer(frame, signals)
        self._view = self._explorer.start()
        self._options = self._explorer.options()
        super().__init__(self._picture(self._view, self._explorer.look(self._view)))

    def __repr__(self) -> str:
        seen, uploads = len(self.frame), len(self._explorer.frame)
        return f"ScoreExplorer({seen} of {uploads} uploads in view)"

    @property
    def frame(self) -> pd.DataFrame:
        """The uploads in the table, in its order; columns as `uploads_frame` gives them."""
        return self._explorer.look(self._view).table

    @property
    def code(self) -> str:
        """The three lines that reproduce the view."""
        return self._view.code()

    def _answer(self, kind: str, content: Answer) -> Answer:
        asked = msgspec.convert(content, _QUESTIONS[kind])
        if isinstance(asked, _Export):
            path = self._explorer.write(self._view, file_names=asked.file_names)
            return {"file": str(path.absolute()), "uploads": len(self.frame)}
        view = asked.view or self._view
        look = self._explorer.look(view)
        self._view = view
        picture = self._picture(view, look)
        self.saved = picture
        return {
            "picture": picture,
            "view": msgspec.to_builtins(view),
            "table": _table(look, asked.page),
            "code": view.code(),
        }

    def _picture(self, view: View, look: Look) -> Answer:
        """Give what is drawn: counts and shares, nothing of a person."""
        filters = {k: v for k, v in view.filters.items() if k not in PERSONAL_FILTERS}
        unscored = look.counts.unscored.iloc[0]
        return {
            "bars": look.bars(),
            "rising": look.rising(),
            "bands": self._explorer.preset.ranges(),
            "preset": self._explorer.preset.name,
            "cuts": [view.reject_below, view.pass_from],
            "shares": _shares(look.shares),
            "scored": int(look.counts.scores.to_numpy().sum()),
            "unscored": [[reason, int(n)] for reason, n in unscored.items() if n],
            "uploads": len(self._explorer.frame),
            "filters": filters | {name: "..." for name in PERSONAL_FILTERS if getattr(view, name)},
            "options": self._options,
        }


class _ExplorerQuestion(msgspec.Struct):
    view: View | None = None
    page: int = 0


class _Export(msgspec.Struct):
    file_names: bool = False


_QUESTIONS: dict[str, Any] = {"look": _ExplorerQuestion, "export": _Export}


def _shares(table: pd.DataFrame) -> dict[str, Answer]:
    row = table.iloc[0]
    return {
        decision: {"uploads": int(row[decision])}
        | {
            part: None if pd.isna(row[f"{decision}_{part}"]) else float(row[f"{decision}_{part}"])
            for part in ("share", "share_low", "share_high")
        }
        for decision in DECISIONS
    }


def _table(look: Look, page: int) -> Answer:
    pages = max(1, -(-len(look.order) // ROWS_PER_PAGE))
    number = min(max(page, 0), pages - 1)
    rows = look.page(number, ROWS_PER_PAGE)
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
    written = cast("list[Answer]", texts.astype("string").fillna("").to_dict("records"))
    return {
        "rows": written,
        "uploads": len(look.order),
        "page": number,
        "pages": pages,
    }
