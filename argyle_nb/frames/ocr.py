"""OCR results -> tidy rows: one per field, or one per upload of the usual income fields.

Argyle hands on what Ocrolus read and publishes no shape of its own. Two shapes are known: a nested
paystub whose amounts are texts with a currency, and ``raw_fields`` of forms such as the W-2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.errors import DecodeError
from argyle_nb.frames.columns import CategoryColumn, DecimalColumn, TextColumn, WholeNumberColumn
from argyle_nb.frames.records import UPLOADS
from argyle_nb.frames.uploads import list_unreadable
from argyle_nb.models import reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from argyle_nb.frames.columns import Column
    from argyle_nb.frames.uploads import Errors
    from argyle_nb.models import UserUpload

PAYSTUB = "PAYSTUB"

_FORM = ["upload_id", "form"]

# What names the record, not the document.
BOOKKEEPING = frozenset(
    {
        "uuid",
        "pk",
        "book_uuid",
        "doc_uuid",
        "form_uuid",
        "form_config_pk",
        "form_type",
        "status",
        "rejection_reason",
        "uploaded_image_bucket_uuid",
        "doc_page_numbers",
        "confidence_scores",
        "tables",
    }
)

# Wide column -> the fields that may hold it, the first found counts.
INCOME_FIELDS: dict[str, tuple[str, ...]] = {
    "employer": ("employer.name", "employerName", "a_1099-nec-Part1-PayerPii:payerName"),
    "employee": ("employee.name", "employeeName", "a_1099-nec-Part2-RecipientPii:recipientName"),
    "pay_period_start_date": ("paystub_details.pay_period_start_date",),
    "pay_period_end_date": ("paystub_details.pay_period_end_date",),
    "pay_date": ("paystub_details.pay_date",),
    "pay_frequency": ("paystub_details.pay_frequency",),
    "year": ("year", "a_1099-nec-General:forCalendarYear"),
    "gross_pay": ("earnings.totals[0].current_pay", "earnings.total.current_pay"),
    "gross_pay_ytd": ("earnings.totals[0].ytd_pay", "earnings.total.ytd_pay"),
    "net_pay": ("net_pay.totals.current_pay", "net_pay.total.current_pay"),
    "net_pay_ytd": ("net_pay.totals.ytd_pay", "net_pay.total.ytd_pay"),
    "wages": ("wagesTipsOtherComp",),
    "nonemployee_compensation": ("a_1099-nec-Part3-Amounts:nonemployeeCompensation",),
    "federal_tax": (
        "federalIncomeTaxWithheld",
        "a_1099-nec-Part3-Amounts:federalIncomeTaxWithheld",
    ),
}
INCOME_DATES = ("pay_period_start_date", "pay_period_end_date", "pay_date")
INCOME_AMOUNTS = (
    "gross_pay",
    "gross_pay_ytd",
    "net_pay",
    "net_pay_ytd",
    "wages",
    "nonemployee_compensation",
    "federal_tax",
)

_AMOUNT_FIELDS = frozenset(field for name in INCOME_AMOUNTS for field in INCOME_FIELDS[name])
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<before>-)?\s*\$?\s*(?P<inside>-)?"
    r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?P<after>-)?(?P<close>\))?"
)
_DEEPEST = 40

_COLUMNS: dict[str, Callable[[], Column[Any]]] = {
    "upload_id": TextColumn,
    "form": lambda: WholeNumberColumn(np.int32),
    "form_type": lambda: CategoryColumn((PAYSTUB, "W2")),
    "field": TextColumn,
    "value": TextColumn,
    "amount": DecimalColumn,
    "currency": lambda: CategoryColumn(("USD",)),
    "ocr_confidence": DecimalColumn,
    "page": lambda: WholeNumberColumn(np.int32),
}


class _Field(NamedTuple):
    field: str
    value: str
    amount: float | None = None
    currency: str | None = None
    confidence: float | None = None
    page: int | None = None


def ocr_frame(records: Any, *, wide: bool = False, errors: Errors = "raise") -> pd.DataFrame:
    """Flatten what was read from the documents.

    Parameters
    ----------
    records, errors
        As for `uploads_frame`.
    wide
        ``False``: one row per field that was read. ``True``: one row per form (an upload mostly
        holds one), of the usual income fields.

    Returns
    -------
    pandas.DataFrame
        Long: ``upload_id, field, value`` (string), ``form`` (Int32, 1-based: which of the upload's
        forms), ``form_type, currency`` (category), ``amount``
        (Float64, in the currency; not of plain digits such as a year or a postal code),
        ``ocr_confidence`` (Float64, 0 to 1),
        ``page`` (Int32, 1-based). A field is the path in the OCR result, such as
        ``net_pay.totals.current_pay`` or ``wagesTipsOtherComp``; what was not read has no row.

        Wide: ``upload_id, form, employer, employee, pay_frequency, year`` (string),
        ``pay_period_start_date, pay_period_end_date, pay_date`` (datetime64[s]), ``gross_pay,
        gross_pay_ytd, net_pay, net_pay_ytd, wages, nonemployee_compensation, federal_tax`` (Float64). A date
        that is not ISO 8601 is missing here and stands as text in the long form.

    Raises
    ------
    DecodeError
        For a record that cannot be read, unless errors are collected.

    Notes
    -----
    Sources of the shapes: Ocrolus Capture API description, paystub and form fields. The names of
    the amounts of a 1099-NEC are not published; they are those of the local sandbox.

    Examples
    --------
    >>> read = {"form_type": "W2", "raw_fields": {"wagesTipsOtherComp": {"value": "41,250.00"}}}
    >>> long = ocr_frame([{"id": "a", "metadata": {"ocr_data": read}}])
    >>> long.loc[0, "field"], float(long.loc[0, "amount"])
    ('wagesTipsOtherComp', 41250.0)
    """
    rejected: list[DecodeError] | None = [] if errors == "collect" else None
    columns = {name: kind() for name, kind in _COLUMNS.items()}
    for batch in UPLOADS.batches(records, rejected):
        rows: list[tuple[Any, ...]] = []
        for upload in batch.records:
            try:
                rows.extend([*_rows_of(upload)])
            except DecodeError as error:
                reject(error, rejected)
        for column, values in zip(columns.values(), zip(*rows, strict=True), strict=bool(rows)):
            column.add(values)
    frame = pd.DataFrame({name: column.finish() for name, column in columns.items()})
    frame = _wide_frame(frame) if wide else frame
    list_unreadable(frame, rejected)
    return frame


def amount_of(text: str) -> float | None:
    """Read an amount as it is printed on a document; ``None`` for what is no amount."""
    amount = _AMOUNT.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if not amount or bool(amount["open"]) != bool(amount["close"]):
        return None
    number = float(amount["number"].replace(",", ""))
    signs = [amount[name] for name in ("open", "before", "inside", "after") if amount[name]]
    return -number if signs else number


def _rows_of(upload: UserUpload) -> Iterator[tuple[Any, ...]]:
    for number, form in enumerate(_forms(upload.ocr_data), start=1):
        form_type = _form_type(form)
        page = _only_page(form)
        fields = form.get("raw_fields")
        content = fields if isinstance(fields, dict) else form
        for field in _fields(content, "", 0, upload.id):
            yield (upload.id, number, form_type, *field[:5], field.page or page)


def _forms(data: Any) -> Iterator[Mapping[str, Any]]:
    """Find the forms in an OCR result: one, a list of them, or either in a ``response``."""
    if isinstance(data, list):
        for item in data:
            yield from _forms(item)
    elif isinstance(data, dict) and isinstance(data.get("response"), (dict, list)):
        yield from _forms(data["response"])
    elif isinstance(data, dict):
        yield data


def _form_type(form: Mapping[str, Any]) -> str | None:
    named = form.get("form_type")
    if isinstance(named, str):
        return named
    return PAYSTUB if "paystub_details" in form or "net_pay" in form else None


def _only_page(form: Mapping[str, Any]) -> int | None:
    pages = form.get("doc_page_numbers")
    alone = isinstance(pages, list) and len(pages) == 1 and isinstance(pages[0], int)
    return pages[0] if alone and isinstance(pages, list) else None


def _fields(value: Any, path: str, depth: int, upload_id: str) -> Iterator[_Field]:
    if depth > _DEEPEST:
        raise DecodeError(upload_id, f"$.metadata.ocr_data.{path[:80]}", "nested too deeply")
    if isinstance(value, dict):
        if _is_money(value):
            yield from _money(value, path)
        elif "value" in value and not isinstance(value["value"], (dict, list)):
            yield from _captured(value, path)
        else:
            for name, inner in value.items():
                if depth or name not in BOOKKEEPING:
                    below = f"{path}.{name}" if path else str(name)
                    yield from _fields(inner, below, depth + 1, upload_id)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _fields(inner, f"{path}[{number}]", depth + 1, upload_id)
    elif value is not None and value != "":
        text = str(value)
        yield _Field(path, text, _decimal(path, text))


def _decimal(path: str, text: str) -> float | None:
    """Read an amount that carries no currency; plain digits are one in known fields only."""
    return amount_of(text) if path in _AMOUNT_FIELDS or set(text) & set(".,$") else None


def _is_money(value: Mapping[str, Any]) -> bool:
    return (
        {"amount", "currency"} <= value.keys()
        and isinstance(value["amount"], (str, int, float, type(None)))
        and isinstance(value["currency"], (str, type(None)))
    )


def _money(value: Mapping[str, Any], path: str) -> Iterator[_Field]:
    if value["amount"] is not None:
        text = str(value["amount"])
        yield _Field(path, text, amount_of(text), value["currency"])


def _captured(value: Mapping[str, Any], path: str) -> Iterator[_Field]:
    """Read a field object of a form: its value, how sure Ocrolus is, and on which page."""
    text = value["value"]
    if text is None or text == "" or value.get("is_empty"):
        return
    sure, index = value.get("confidence"), value.get("page_index")
    yield _Field(
        path,
        str(text),
        _decimal(path, str(text)),
        confidence=float(sure) if isinstance(sure, (int, float)) else None,
        page=index + 1 if isinstance(index, int) else None,
    )


def _wide_frame(long: pd.DataFrame) -> pd.DataFrame:
    forms = pd.MultiIndex.from_frame(long[_FORM].drop_duplicates())
    wide = pd.DataFrame(index=forms)
    for name, fields in INCOME_FIELDS.items():
        kind = "amount" if name in INCOME_AMOUNTS else "value"
        values = first_of(long, fields, kind).reindex(forms)
        wide[name] = values.astype("Float64" if kind == "amount" else "string")
    for name in INCOME_DATES:
        days = pd.to_datetime(wide[name], format="%Y-%m-%d", errors="coerce")
        wide[name] = days.astype("datetime64[s]")
    return wide.reset_index().astype({"upload_id": "string", "form": "Int32"})


def first_of(long: pd.DataFrame, fields: tuple[str, ...], kind: str) -> pd.Series[Any]:
    """Give (upload id, form) -> ``value`` or ``amount`` of the first of these fields it has."""
    rows = long[long["field"].isin(fields)]
    rank = rows["field"].map({field: place for place, field in enumerate(fields)})
    first = rows.assign(rank=rank).sort_values("rank", kind="stable")
    values: pd.Series[Any] = first.drop_duplicates(_FORM).set_index(_FORM)[kind]
    return values
