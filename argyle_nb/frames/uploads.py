"""Uploads -> tidy DataFrames with fixed columns and dtypes, even for zero rows.

Everything goes page by page: a page is decoded once, its values are handed to the columns, and the
decoded objects are let go before the next page. Nothing is built row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from argyle_nb.frames.rows import COUNTED, READ, rows_of
from argyle_nb.frames.signals import SignalColumns
from argyle_nb.frames.upload_columns import HeadColumns, UploadColumns

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from argyle_nb.errors import DecodeError
    from argyle_nb.frames.records import Reader
    from argyle_nb.frames.rows import Row
    from argyle_nb.models import Account

    Columns = HeadColumns | UploadColumns | SignalColumns
    Errors = Literal["raise", "collect"]


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
    """List collected errors in ``frame.attrs["rejected"]``, and give the frame back.

    Examples
    --------
    >>> from argyle_nb.errors import DecodeError
    >>> list_rejected(frame, [DecodeError("u1", "$", "no object")]).attrs["rejected"]
    [{'record': 'u1', 'path': '$', 'problem': 'no object'}]
    """
    if rejected is not None:
        told = [{"record": e.record, "path": e.path, "problem": e.problem} for e in rejected]
        frame.attrs["rejected"] = told
    return frame


def _read_into(
    records: Any, reader: Reader[Row[Any, Any]], errors: Errors, *columns: Columns
) -> list[DecodeError] | None:
    """Hand each page to what builds columns of it, and let it go."""
    rejected: list[DecodeError] | None = [] if errors == "collect" else None
    for batch in reader.batches(records, rejected):
        page = rows_of(batch, rejected)
        for some in columns:
            some.add(page)
    return rejected
