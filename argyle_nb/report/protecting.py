"""The columns of a report as they may leave."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import joined
from argyle_nb.report.privacy import SIGNAL_TEXTS, ocr_kind
from argyle_nb.storage import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from argyle_nb.report.privacy import Privacy

    Change = Callable[..., str | None]

# Allow-lists: column -> what it holds. What is not named here does not leave.
UPLOADS = {
    "id": "open",
    "account": "pseudonym",
    "user": "pseudonym",
    "document_type": "open",
    "requested_document_type": "open",
    "file_name": "file name",
    "classification": "open",
    "ocr": "open",
    "authenticity": "open",
    "ocr_authenticity_score": "open",
    "authenticity_level": "open",
    "no_score_reason": "open",
    "signal_count": "open",
    "reason_code_count": "open",
    "created_at": "open",
    "updated_at": "open",
}
SIGNALS = {
    "upload_id": "open",
    "document_type": "open",
    "form_type": "open",
    "kind": "open",
    "identifier": "label",
    "display_name": "label",
    "confidence": "open",
    "page_number": "open",
    "signal_count": "open",
    "field_name": "label",
    "original_text": "by signal",
    "tampered_text": "by signal",
}
OCR = {
    "upload_id": "open",
    "form": "open",
    "form_type": "open",
    "field": "by field",
    "value": "by field",
    "amount": "by field",
    "currency": "currency",
    "confidence": "open",
    "page": "open",
}
REJECTED = {"record": "told", "path": "label", "problem": "told", "listed": "open"}

_REMEMBERED = 4096  # texts that come again and again are looked at once
# So many rows at a time are Python texts.
_ROWS = 8192


def protected_uploads(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``uploads.csv``.

    Examples
    --------
    >>> from argyle_nb.report.privacy import Privacy
    >>> shown = frame.assign(no_score_reason="pending")
    >>> protected_uploads(shown, Privacy()).loc[0, "file_name"]
    '***.pdf'
    """
    return _protected(frame, UPLOADS, privacy)


def protected_signals(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``signals.csv``.

    Examples
    --------
    >>> from argyle_nb.frames.uploads import signals_frame
    >>> from argyle_nb.report.privacy import Privacy
    >>> len(protected_signals(signals_frame([]), Privacy()))
    0
    """
    frame = frame.reset_index(drop=True)
    table = _protected(frame, SIGNALS, privacy)
    if privacy.mode == "include":
        return table

    def change(identifier: str | None, text: str) -> str:
        return privacy.occurrences(SIGNAL_TEXTS.get(identifier or "", "text"), text)

    for name in ("original_text", "tampered_text"):
        table[name] = _each(change, frame["identifier"], frame[name])
    return table


def protected_ocr(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``ocr_fields.csv``; an amount stays only where its text does.

    Examples
    --------
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> from argyle_nb.report.privacy import Privacy
    >>> read = {"employee": {"name": "Ada Sample"}}
    >>> fields = ocr_frame([{"id": "a", "metadata": {"ocr_data": read}}])
    >>> protected_ocr(fields, Privacy()).loc[0, "value"]
    '***'
    """
    frame = frame.reset_index(drop=True)
    table = _protected(frame, OCR, privacy)
    if privacy.mode == "include":
        return table

    def change(field: str, value: str) -> str:
        return privacy.text(ocr_kind(field), value)

    def name(field: str) -> str:
        return field if ocr_kind(field) != "text" else privacy.text("label", field)

    table["value"] = _each(change, frame["field"], frame["value"])
    kept = (table["value"] == frame["value"]).to_numpy(dtype=bool, na_value=False)
    of_money = frame["field"].map(lambda field: ocr_kind(field) in ("amount", "quantity"))
    table["amount"] = frame["amount"].mask(~(kept & of_money.to_numpy(dtype=bool)))
    table["field"] = _each(name, frame["field"])
    return table


def protected_rejected(rows: Sequence[Mapping[str, Any]], privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``rejected.csv``.

    Examples
    --------
    >>> from argyle_nb.report.privacy import Privacy
    >>> row = {"record": "u1", "path": "$", "problem": "'Ada' is no number", "listed": False}
    >>> protected_rejected([row], Privacy()).loc[0, "problem"]
    '*** is no number'
    """
    frame = pd.DataFrame(list(rows), columns=list(REJECTED))
    texts = dict.fromkeys(("record", "path", "problem"), "string")
    frame = frame.astype(texts | {"listed": "bool"})
    table = _protected(frame, REJECTED, privacy)
    # An id of Argyle's has runs of digits, and is no number of anybody's.
    known = frame["record"].map(lambda record: privacy.text("pseudonym", record) == record)
    table["record"] = table["record"].mask(known.to_numpy(dtype=bool), frame["record"])
    return table


def dictionary_kind(file: str, column: str) -> str:
    """Say what a column of a report's file holds, in the words of `privacy.KINDS`.

    Examples
    --------
    >>> dictionary_kind("uploads.csv", "file_name"), dictionary_kind("levels.csv", "share")
    ('file name', 'open')
    """
    tables = {
        "uploads.csv": UPLOADS,
        "signals.csv": SIGNALS,
        "ocr_fields.csv": OCR,
        "rejected.csv": REJECTED,
    }
    return tables.get(file, {}).get(column, "open")


def _protected(frame: pd.DataFrame, allowed: Mapping[str, str], privacy: Privacy) -> pd.DataFrame:
    missing = [name for name in allowed if name not in frame]
    if missing:
        raise ConfigurationError(f"the frame has no column {', '.join(missing)}: give it as made")
    table = frame[list(allowed)].reset_index(drop=True)
    if privacy.mode == "include":
        return table

    def change(kind: str) -> Change:
        return lambda text: privacy.text(kind, text)

    for name, kind in allowed.items():
        if kind not in ("open", "by signal", "by field"):
            table[name] = _changed(change(kind), frame[name])
    return table


def _changed(change: Change, column: pd.Series[Any]) -> Any:
    """Change the texts of a column, which stays a category where no category is another."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = column.cat.categories
        if all(change(text) == text for text in texts_of(known.to_series()) if text is not None):
            return column.array
    return _each(change, column)


def _each(change: Change, *columns: pd.Series[Any]) -> Any:
    """Change the last column's texts, each with the values beside it; missing stays missing."""
    known = lru_cache(_REMEMBERED)(change)
    blocks, changed = [], False
    for start in range(0, max(len(columns[0]), 1), _ROWS):
        rows = [column.iloc[start : start + _ROWS] for column in columns]
        lists = [texts_of(some.astype("string")) for some in rows]
        texts = [None if v[-1] is None else known(*v) for v in zip(*lists, strict=True)]
        if texts == lists[-1]:
            blocks.append(rows[-1].astype("string").array)  # it shares the memory of the frame
        else:
            changed = True
            blocks.append(pd.array(texts, dtype="string"))
    return joined(blocks) if changed else columns[-1].astype("string").array
