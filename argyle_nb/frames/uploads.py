"""Uploads -> columns, one row each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.frames.columns import CategoryColumn, TextColumn, TimeColumn, WholeNumberColumn
from argyle_nb.frames.records import COUNTED, READ, rows_of
from argyle_nb.frames.signals import SignalColumns
from argyle_nb.levels import LOWEST_SCORE, level_preset
from argyle_nb.models import DOCUMENT_TYPES, STATUSES, Processing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.errors import DecodeError
    from argyle_nb.frames.columns import Column
    from argyle_nb.frames.records import Forms, RecordReader, Row, RowPage
    from argyle_nb.levels import LevelPreset
    from argyle_nb.models import Account

    Rows = list[Row[Any, Any]]
    Errors = Literal["raise", "collect"]


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

    def add(self, page: RowPage) -> None:
        """Take the rows of a page."""
        self._id.add([row.id for row in page.rows])
        self._document_type.add([row.document_type for row in page.rows])

    def finish(self) -> tuple[Any, Any]:
        """Give both columns."""
        return self._id.finish(), self._document_type.finish()


class UploadColumns:
    """All columns of an upload."""

    def __init__(self, accounts: Iterable[Account], sent: pd.DataFrame | None, levels: str) -> None:
        self._preset = level_preset(levels)
        self._users = {account.id: account.user for account in accounts}
        self._requested: dict[str, str] = (
            {} if sent is None else dict(zip(sent["upload_id"], sent["document_type"], strict=True))
        )
        self._columns = {name: kind() for name, kind in UPLOAD_COLUMNS.items()}

    def add(self, page: RowPage) -> None:
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
    """Read scores into the levels of a preset, as an ordered categorical."""
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


if TYPE_CHECKING:
    Columns = HeadColumns | UploadColumns | SignalColumns


class Frames(NamedTuple):
    """Both frames of one pass over the records."""

    uploads: pd.DataFrame
    signals: pd.DataFrame


def uploads_frame(
    records: Any,
    *,
    accounts: Iterable[Account] = (),
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
    errors: Errors = "raise",
) -> pd.DataFrame:
    """Flatten uploads to one row each.

    Parameters
    ----------
    records
        `UserUpload` objects, plain dicts or raw JSON bytes, in any mixture.
    accounts
        Accounts that tell the user of an upload, from ``client.list_accounts()``; Argyle's upload
        object names the account only.
    sent
        The result of `upload_batch`, which knows the type that each upload was sent as; Argyle
        overwrites ``document_type`` when it finds another.
    levels
        The preset of ``authenticity_level``: ``"argyle"``, ``"ocrolus-2"`` or
        ``"ocrolus-current"``. It is kept in ``frame.attrs["levels"]``.
    errors
        ``"raise"`` stops at the first record that cannot be read; ``"collect"`` leaves it out and
        lists it in ``frame.attrs["rejected"]`` (dicts of ``record, path, problem``).

    Returns
    -------
    pandas.DataFrame
        Index 0..n-1, in the order given. ``id, account, user, file_name, file_url`` (string),
        ``document_type, requested_document_type, classification, ocr, authenticity`` (category;
        unknown values are kept as further categories), ``ocr_authenticity_score`` (Int16, 0 to
        100), ``authenticity_level`` (ordered category), ``signal_count, reason_code_count``
        (Int32; missing where there is no analysis), ``created_at, updated_at``
        (datetime64[us, UTC]).

    Raises
    ------
    DecodeError
        For a record that cannot be read, unless errors are collected; it names the record
        and the JSON path.

    Examples
    --------
    >>> frame = uploads_frame([{"id": "a", "metadata": {"ocr_authenticity_score": 85}}])
    >>> frame.loc[0, "authenticity_level"]
    'high'
    """
    uploads = UploadColumns(accounts, sent, levels)
    rejected = _read_into(records, COUNTED, errors, uploads)
    return list_rejected(uploads.finish(), rejected)


def signals_frame(records: Any, *, errors: Errors = "raise") -> pd.DataFrame:
    """Flatten authenticity analyses to one row per signal or reason code.

    Parameters
    ----------
    records, errors
        As for `uploads_frame`.

    Returns
    -------
    pandas.DataFrame
        Index 0..n-1. ``upload_id, identifier, display_name`` (string), ``document_type,
        form_type`` (category), ``kind`` (``signal`` or ``reason_code``), ``confidence``
        (``LOW, MEDIUM, HIGH``; of reason codes), ``page_number`` (Int32, 1-based),
        ``signal_count`` (Int32, occurrences), ``field_name, original_text, tampered_text``
        (string; several occurrences joined by " | "; personal data).

    Raises
    ------
    DecodeError
        For a record that cannot be read.

    Examples
    --------
    >>> signals_frame([]).columns[0]
    'upload_id'
    """
    heads, signals = HeadColumns(), SignalColumns()
    rejected = _read_into(records, READ, errors, heads, signals)
    return list_rejected(signals.finish(*heads.finish()), rejected)


def flatten(
    records: Any,
    *,
    accounts: Iterable[Account] = (),
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
    errors: Errors = "raise",
) -> Frames:
    """Flatten uploads and their signals in one pass.

    Parameters
    ----------
    records, accounts, sent, levels, errors
        As for `uploads_frame`.

    Returns
    -------
    Frames
        ``uploads`` and ``signals``, as `uploads_frame` and `signals_frame` give them.

    Raises
    ------
    DecodeError
        For a record that cannot be read, unless errors are collected.

    Examples
    --------
    >>> uploads, signals = flatten([{"id": "a"}])
    >>> len(uploads), len(signals)
    (1, 0)
    """
    uploads, signals = UploadColumns(accounts, sent, levels), SignalColumns()
    rejected = _read_into(records, READ, errors, uploads, signals)
    frame = list_rejected(uploads.finish(), rejected)
    lines = signals.finish(frame["id"].array, frame["document_type"].array)
    return Frames(frame, list_rejected(lines, rejected))


def list_rejected(frame: pd.DataFrame, rejected: list[DecodeError] | None) -> pd.DataFrame:
    """List collected errors in ``frame.attrs["rejected"]``, and give the frame back."""
    if rejected is not None:
        told = [{"record": e.record, "path": e.path, "problem": e.problem} for e in rejected]
        frame.attrs["rejected"] = told
    return frame


def _read_into(
    records: Any, reader: RecordReader[Row[Any, Any]], errors: Errors, *columns: Columns
) -> list[DecodeError] | None:
    """Hand each page to what builds columns of it, and let it go."""
    rejected: list[DecodeError] | None = [] if errors == "collect" else None
    for batch in reader.batches(records, rejected):
        page = rows_of(batch, rejected)
        for some in columns:
            some.add(page)
    return rejected
