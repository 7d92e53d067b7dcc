"""Uploads -> columns, one row each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.columns import CategoryColumn, TextColumn, TimeColumn, WholeNumberColumn
from argyle_nb.levels import LOWEST_SCORE, level_preset
from argyle_nb.models import DOCUMENT_TYPES, STATUSES, Processing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.frames.columns import Column
    from argyle_nb.frames.rows import Forms, Page, Row
    from argyle_nb.levels import LevelPreset
    from argyle_nb.models import Account

    Rows = list[Row[Any, Any]]

# Column name -> what builds it, in the order of the frame.
UPLOAD_COLUMNS: dict[str, Callable[[], Column[Any]]] = {
    "id": TextColumn,
    "account": TextColumn,
    "user": TextColumn,
    "document_type": partial(CategoryColumn, DOCUMENT_TYPES),
    "requested_document_type": partial(CategoryColumn, DOCUMENT_TYPES),
    "file_name": TextColumn,
    "file_url": TextColumn,
    "classification": partial(CategoryColumn, STATUSES),
    "ocr": partial(CategoryColumn, STATUSES),
    "authenticity": partial(CategoryColumn, STATUSES),
    "ocr_authenticity_score": partial(WholeNumberColumn, np.int16),
    "signal_count": partial(WholeNumberColumn, np.int32),
    "reason_code_count": partial(WholeNumberColumn, np.int32),
    "created_at": TimeColumn,
    "updated_at": TimeColumn,
}

_NO_PROCESSING = Processing()


class HeadColumns:
    """What the signals of an upload repeat of it: its id and type."""

    def __init__(self) -> None:
        self._id, self._document_type = TextColumn(), CategoryColumn(DOCUMENT_TYPES)

    def add(self, page: Page) -> None:
        """Take the rows of a page."""
        self._id.add([row.id for row in page.rows])
        self._document_type.add([row.document_type for row in page.rows])

    def finish(self) -> tuple[Any, Any]:
        """Give both columns."""
        return self._id.finish(), self._document_type.finish()


class UploadColumns:
    """All columns of an upload.

    Parameters
    ----------
    accounts, sent, levels
        As for `uploads_frame`.
    """

    def __init__(self, accounts: Iterable[Account], sent: pd.DataFrame | None, levels: str) -> None:
        self._preset = level_preset(levels)
        self._users = {account.id: account.user for account in accounts}
        self._requested: dict[str, str] = (
            {} if sent is None else dict(zip(sent["upload_id"], sent["document_type"], strict=True))
        )
        self._columns = {name: kind() for name, kind in UPLOAD_COLUMNS.items()}

    def add(self, page: Page) -> None:
        """Take the rows of a page."""
        rows, stages = page.rows, [row.processing or _NO_PROCESSING for row in page.rows]
        signals, reason_codes = _counts(page.forms)
        values: dict[str, list[Any]] = {
            "id": [row.id for row in rows],
            "account": [row.account for row in rows],
            "user": self._users_of(rows),
            "document_type": [row.document_type for row in rows],
            "requested_document_type": self._requested_of(rows),
            "file_name": [row.file_name for row in rows],
            "file_url": [row.file_url for row in rows],
            "classification": [stage.classification for stage in stages],
            "ocr": [stage.ocr for stage in stages],
            "authenticity": [stage.authenticity for stage in stages],
            "ocr_authenticity_score": page.scores,
            "signal_count": signals,
            "reason_code_count": reason_codes,
            "created_at": [row.created_at for row in rows],
            "updated_at": [row.updated_at for row in rows],
        }
        for name, column in self._columns.items():
            column.add(values[name])

    def finish(self) -> pd.DataFrame:
        """Give the frame."""
        frame = pd.DataFrame({name: column.finish() for name, column in self._columns.items()})
        place = list(frame).index("ocr_authenticity_score") + 1
        levels = levels_of(frame["ocr_authenticity_score"], self._preset)
        frame.insert(place, "authenticity_level", levels)
        frame.attrs["levels"] = self._preset.name
        return frame

    def _users_of(self, rows: Rows) -> list[str | None]:
        if not self._users:
            return [row.user for row in rows]
        return [row.user or self._users.get(row.account or "") for row in rows]

    def _requested_of(self, rows: Rows) -> list[str | None]:
        requested = self._requested
        if not requested:
            return [row.requested_document_type for row in rows]
        return [row.requested_document_type or requested.get(row.id) for row in rows]


def levels_of(scores: pd.Series[int], preset: LevelPreset) -> Any:
    """Read scores into the levels of a preset, as an ordered categorical.

    Examples
    --------
    >>> list(levels_of(frame["ocr_authenticity_score"], level_preset("argyle")))[:2]
    ['high', 'high']
    """
    lowest = np.array([low for low, _ in preset.bands])
    codes = np.searchsorted(lowest, scores.fillna(LOWEST_SCORE).to_numpy(), side="right") - 1
    codes[scores.isna().to_numpy()] = -1
    dtype = pd.CategoricalDtype(preset.levels, ordered=True)
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _counts(found: list[Forms | None]) -> tuple[list[int | None], list[int | None]]:
    """Count the signals and the reason codes of each row; ``None`` without an analysis."""
    signals: list[int | None] = []
    reason_codes: list[int | None] = []
    for forms in found:
        if forms is None:
            signals.append(None)
            reason_codes.append(None)
            continue
        of_signals = of_codes = 0
        for form in forms:
            of_signals += len(form.signals or ())
            if (verdict := form.form_authenticity) is not None:
                of_codes += len(verdict.reason_codes or ())
        signals.append(of_signals)
        reason_codes.append(of_codes)
    return signals, reason_codes
