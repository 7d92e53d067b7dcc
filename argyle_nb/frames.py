"""Uploads -> tidy DataFrames with fixed columns and dtypes, even for zero rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from argyle_nb.authenticity import FormAnalysis, forms_of, lowest_form_score
from argyle_nb.errors import DecodeError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, LevelPreset, level_preset
from argyle_nb.models import DOCUMENT_TYPES, STATUSES, as_uploads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from argyle_nb.models import Account, UserUpload

TEXT = "text"
TIME = "time"

UPLOAD_COLUMNS: dict[str, Any] = {
    "id": TEXT,
    "account": TEXT,
    "user": TEXT,
    "document_type": DOCUMENT_TYPES,
    "requested_document_type": DOCUMENT_TYPES,
    "file_name": TEXT,
    "file_url": TEXT,
    "classification": STATUSES,
    "ocr": STATUSES,
    "authenticity": STATUSES,
    "ocr_authenticity_score": "Int16",
    "authenticity_level": (),
    "signal_count": "Int32",
    "reason_code_count": "Int32",
    "created_at": TIME,
    "updated_at": TIME,
}

SIGNAL_COLUMNS: dict[str, Any] = {
    "upload_id": TEXT,
    "document_type": DOCUMENT_TYPES,
    "form_type": (),
    "kind": ("signal", "reason_code"),
    "identifier": TEXT,
    "display_name": TEXT,
    "confidence": ("LOW", "MEDIUM", "HIGH"),
    "page_number": "Int32",
    "signal_count": "Int32",
    "field_name": TEXT,
    "original_text": TEXT,
    "tampered_text": TEXT,
}


def uploads_frame(
    records: Any,
    *,
    accounts: Iterable[Account] = (),
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
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
        For a record that cannot be read; it names the record and the JSON path.

    Examples
    --------
    >>> frame = uploads_frame([{"id": "a", "metadata": {"ocr_authenticity_score": 85}}])
    >>> frame.loc[0, "authenticity_level"]
    'high'
    """
    preset = level_preset(levels)
    users = {account.id: account.user for account in accounts}
    requested = (
        {} if sent is None else dict(zip(sent["upload_id"], sent["document_type"], strict=True))
    )
    rows = [_upload_row(upload, users, requested, preset) for upload in as_uploads(records)]
    frame = _frame(rows, UPLOAD_COLUMNS)
    frame["authenticity_level"] = frame["authenticity_level"].cat.set_categories(
        preset.levels, ordered=True
    )
    frame.attrs["levels"] = preset.name
    return frame


def signals_frame(records: Any) -> pd.DataFrame:
    """Flatten authenticity analyses to one row per signal or reason code.

    Parameters
    ----------
    records
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
    rows: list[Sequence[Any]] = []
    for upload in as_uploads(records):
        for form in forms_of(upload) or []:
            rows.extend(_signal_rows(upload, form))
            rows.extend(_reason_rows(upload, form))
    return _frame(rows, SIGNAL_COLUMNS)


def _upload_row(
    upload: UserUpload,
    users: dict[str, str | None],
    requested: dict[str, str],
    preset: LevelPreset,
) -> Sequence[Any]:
    forms = forms_of(upload)
    score = _score(upload)
    return (
        upload.id,
        upload.account,
        upload.user or users.get(upload.account or ""),
        upload.document_type,
        upload.requested_document_type or requested.get(upload.id),
        upload.file_name,
        upload.file_url,
        *upload.stages,
        score,
        None if score is None else preset.level_of(score),
        None if forms is None else sum(len(form.signals or []) for form in forms),
        None if forms is None else sum(len(form.reason_codes) for form in forms),
        upload.created_at,
        upload.updated_at,
    )


def _score(upload: UserUpload) -> int | None:
    score = upload.ocr_authenticity_score
    if score is None:
        lowest = lowest_form_score(upload)
        score = None if lowest is None else int(lowest)
    if score is not None and not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise DecodeError(
            upload.id,
            "$.metadata.ocr_authenticity_score",
            f"{score} is outside {LOWEST_SCORE} to {HIGHEST_SCORE}",
        )
    return score


def _signal_rows(upload: UserUpload, form: FormAnalysis) -> Iterator[Sequence[Any]]:
    for signal in form.signals or []:
        yield (
            upload.id,
            upload.document_type,
            form.form_type,
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


def _reason_rows(upload: UserUpload, form: FormAnalysis) -> Iterator[Sequence[Any]]:
    for reason in form.reason_codes:
        head = (upload.id, upload.document_type, form.form_type, "reason_code")
        told = (reason.code, reason.description, reason.confidence)
        yield (*head, *told, None, None, None, None, None)


def _frame(rows: list[Sequence[Any]], columns: dict[str, Any]) -> pd.DataFrame:
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    return pd.DataFrame(
        {
            name: _column(list(items), kind)
            for (name, kind), items in zip(columns.items(), values, strict=True)
        }
    )


def _column(values: list[Any], kind: Any) -> pd.Series[Any]:
    if kind == TEXT:
        return pd.Series(values, dtype="string")
    if kind == TIME:
        return pd.Series(values, dtype=pd.DatetimeTZDtype("us", "UTC"))
    if isinstance(kind, str):
        return pd.Series(values, dtype=kind)
    unknown = dict.fromkeys(value for value in values if value is not None and value not in kind)
    return pd.Series(pd.Categorical(values, categories=[*kind, *unknown]))
