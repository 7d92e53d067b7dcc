"""Uploads -> tidy DataFrames with fixed columns and dtypes, even for zero rows.

Everything goes page by page: a page is decoded once, its values are handed to the columns, and the
decoded objects are let go before the next page. Nothing is built row by row.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.authenticity import (
    forms_of,
    lowest_form_score,
    reason_codes_of,
    signals_of,
)
from argyle_nb.columns import CategoryColumn, TextColumn, TimeColumn, WholeNumberColumn
from argyle_nb.errors import DecodeError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.models import (
    DOCUMENT_TYPES,
    STATUSES,
    Processing,
    reject,
    upload_batches,
    whole_score,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from argyle_nb.authenticity import FormAnalysis
    from argyle_nb.columns import Column
    from argyle_nb.levels import LevelPreset
    from argyle_nb.models import Account, UserUpload

    Errors = Literal["raise", "collect"]

# Column name -> what builds it, in the order of the frame.
UPLOAD_COLUMNS: dict[str, Callable[[], Column]] = {
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

SIGNAL_COLUMNS: dict[str, Callable[[], Column]] = {
    "upload_id": TextColumn,
    "document_type": partial(CategoryColumn, DOCUMENT_TYPES),
    "form_type": partial(CategoryColumn, ()),
    "kind": partial(CategoryColumn, ("signal", "reason_code")),
    "identifier": TextColumn,
    "display_name": TextColumn,
    "confidence": partial(CategoryColumn, ("LOW", "MEDIUM", "HIGH")),
    "page_number": partial(WholeNumberColumn, np.int32),
    "signal_count": partial(WholeNumberColumn, np.int32),
    "field_name": TextColumn,
    "original_text": TextColumn,
    "tampered_text": TextColumn,
}

_NO_PROCESSING = Processing()


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
    return _flattened(records, errors, _UploadColumns(accounts, sent, levels))[0]


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
    return _flattened(records, errors, _SignalColumns())[0]


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
    builders = _UploadColumns(accounts, sent, levels), _SignalColumns()
    return Frames(*_flattened(records, errors, *builders))


class _Page(NamedTuple):
    """The uploads of one page, beside what has to be worked out of their metadata."""

    uploads: list[UserUpload]
    forms: list[list[FormAnalysis] | None]
    scores: list[int | None]
    signal_rows: list[Sequence[Any]]


class _UploadColumns:
    """One row per upload."""

    def __init__(self, accounts: Iterable[Account], sent: pd.DataFrame | None, levels: str) -> None:
        self._preset = level_preset(levels)
        self._users = {account.id: account.user for account in accounts}
        self._requested: dict[str, str] = (
            {} if sent is None else dict(zip(sent["upload_id"], sent["document_type"], strict=True))
        )
        self._columns = _new_columns(UPLOAD_COLUMNS)

    def add(self, page: _Page) -> None:
        uploads, stages = page.uploads, [u.processing or _NO_PROCESSING for u in page.uploads]
        counts = [None if forms is None else _counts(forms) for forms in page.forms]
        values: dict[str, Sequence[Any]] = {
            "id": [upload.id for upload in uploads],
            "account": [upload.account for upload in uploads],
            "user": self._users_of(uploads),
            "document_type": [upload.document_type for upload in uploads],
            "requested_document_type": self._requested_of(uploads),
            "file_name": [upload.file_name for upload in uploads],
            "file_url": [upload.file_url for upload in uploads],
            "classification": [stage.classification for stage in stages],
            "ocr": [stage.ocr for stage in stages],
            "authenticity": [stage.authenticity for stage in stages],
            "ocr_authenticity_score": page.scores,
            "signal_count": [count and count[0] for count in counts],
            "reason_code_count": [count and count[1] for count in counts],
            "created_at": [upload.created_at for upload in uploads],
            "updated_at": [upload.updated_at for upload in uploads],
        }
        for name, column in self._columns.items():
            column.add(values[name])

    def finish(self) -> pd.DataFrame:
        frame = pd.DataFrame({name: column.finish() for name, column in self._columns.items()})
        place = list(frame).index("ocr_authenticity_score") + 1
        levels = levels_of(frame["ocr_authenticity_score"], self._preset)
        frame.insert(place, "authenticity_level", levels)
        frame.attrs["levels"] = self._preset.name
        return frame

    def _users_of(self, uploads: list[UserUpload]) -> list[str | None]:
        if not self._users:
            return [upload.user for upload in uploads]
        return [upload.user or self._users.get(upload.account or "") for upload in uploads]

    def _requested_of(self, uploads: list[UserUpload]) -> list[str | None]:
        requested = self._requested
        if not requested:
            return [upload.requested_document_type for upload in uploads]
        return [upload.requested_document_type or requested.get(upload.id) for upload in uploads]


class _SignalColumns:
    """One row per signal or reason code."""

    def __init__(self) -> None:
        self._columns = _new_columns(SIGNAL_COLUMNS)

    def add(self, page: _Page) -> None:
        if page.signal_rows:
            values = zip(*page.signal_rows, strict=True)
            for column, of_column in zip(self._columns.values(), values, strict=True):
                column.add(of_column)

    def finish(self) -> pd.DataFrame:
        return pd.DataFrame({name: column.finish() for name, column in self._columns.items()})


def _flattened(
    records: Any, errors: Errors, *builders: _UploadColumns | _SignalColumns
) -> list[pd.DataFrame]:
    rejected: list[DecodeError] | None = [] if errors == "collect" else None
    with_signals = any(isinstance(builder, _SignalColumns) for builder in builders)
    for batch in upload_batches(records, rejected):
        page = _read(batch, rejected, with_signals=with_signals)
        for builder in builders:
            builder.add(page)
    frames = [builder.finish() for builder in builders]
    for frame in frames:
        list_rejected(frame, rejected)
    return frames


def list_rejected(frame: pd.DataFrame, rejected: list[DecodeError] | None) -> None:
    """List collected errors in ``frame.attrs["rejected"]``.

    Examples
    --------
    >>> list_rejected(frame, [DecodeError("u1", "$", "no object")])
    >>> frame.attrs["rejected"]
    [{'record': 'u1', 'path': '$', 'problem': 'no object'}]
    """
    if rejected is not None:
        told = [{"record": e.record, "path": e.path, "problem": e.problem} for e in rejected]
        frame.attrs["rejected"] = told


def _read(
    batch: list[UserUpload], rejected: list[DecodeError] | None, *, with_signals: bool
) -> _Page:
    page = _Page([], [], [], [])
    for upload in batch:
        forms, score = None, None
        if upload.metadata is not None:
            try:
                forms = forms_of(upload)
                told = upload.metadata.ocr_authenticity_score
                if isinstance(told, int) and LOWEST_SCORE <= told <= HIGHEST_SCORE:
                    score = told
                else:
                    score = _score(upload, forms)
                if with_signals and forms:
                    page.signal_rows.extend([*_rows_of(upload, forms)])
            except DecodeError as error:
                reject(error, rejected)
                continue
        page.uploads.append(upload)
        page.forms.append(forms)
        page.scores.append(score)
    return page


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
    return pd.Categorical.from_codes(codes.tolist(), dtype=dtype)


def _score(upload: UserUpload, forms: list[FormAnalysis] | None) -> int | None:
    score = upload.ocr_authenticity_score
    if score is None:
        lowest = lowest_form_score(forms)
        if lowest is None:
            return None
        score = whole_score(upload.id, lowest)
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise DecodeError(
            upload.id,
            "$.metadata.ocr_authenticity_score",
            f"{score} is outside {LOWEST_SCORE} to {HIGHEST_SCORE}",
        )
    return score


def _counts(forms: list[FormAnalysis]) -> tuple[int, int]:
    """Count signals and reason codes."""
    signals = reason_codes = 0
    for form in forms:
        signals += len(form.signals or ())
        verdict = form.form_authenticity
        reason_codes += len(verdict.reason_codes or ()) if verdict else 0
    return signals, reason_codes


def _rows_of(upload: UserUpload, forms: list[FormAnalysis]) -> Iterator[Sequence[Any]]:
    for form in forms:
        head = (upload.id, upload.document_type, form.form_type)
        for signal in signals_of(upload.id, form):
            yield (
                *head,
                "signal",
                signal.identifier,
                signal.display_name,
                None,
                signal.page_number,
                signal.signal_count,
                signal.texts("field_name"),
                signal.texts("original_text"),
                signal.texts("tampered_text"),
            )
        for reason in reason_codes_of(upload.id, form):
            told = (reason.code, reason.description, reason.confidence)
            yield (*head, "reason_code", *told, None, None, None, None, None)


def _new_columns(columns: Mapping[str, Any]) -> dict[str, Column]:
    return {name: kind() for name, kind in columns.items()}
