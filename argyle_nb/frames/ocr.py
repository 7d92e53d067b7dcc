"""OCR results -> tidy rows: one per field, or one per upload of the usual income fields.

Argyle hands on what Ocrolus read and publishes no shape of its own. Two shapes are known: a nested
paystub whose amounts are texts with a currency, and ``raw_fields`` of forms such as the W-2. Both
come bare, in lists, and in the wrappers of `_WRAPPERS`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.errors import DecodeError
from argyle_nb.frames.columns import (
    BooleanColumn,
    CategoryColumn,
    DecimalColumn,
    TextColumn,
    WholeNumberColumn,
)
from argyle_nb.frames.records import UPLOADS
from argyle_nb.frames.uploads import list_unreadable
from argyle_nb.models import reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from argyle_nb.frames.columns import Column
    from argyle_nb.models import Errors, UserUpload

PAYSTUB = "PAYSTUB"

_FORM = ["upload_id", "form"]

# What names the record, not the document.
BOOKKEEPING = frozenset(
    {
        "uuid",
        "pk",
        "id",
        "book_uuid",
        "doc_uuid",
        "form_uuid",
        "form_config_pk",
        "uploaded_doc_pk",
        "uploaded_image_bucket_uuid",
        "form_type",
        "raw_fields",
        "doc_page_numbers",
        "page_idx",
    }
)
# Where forms are: one or a list of them in an answer, in a book or a document, in a webhook.
_WRAPPERS = ("response", "forms", "formData")
_ROUTINE = "COMPLETED"  # of a form; any other status is worth a row
# Of a captured field: what has a column, and where on the page it stood or whose file it was.
_CAPTURED = frozenset(
    {"value", "formatted_value", "confidence", "confidence_score", "passes_validation"}
    | {"page_index", "page_idx", "is_empty", "should_skip", "alias_used", "source_filename"}
    | {"bbox", "bbox_value", "bbox_top", "bbox_left", "bbox_right", "bbox_bottom", "precision"}
)


def totals_of(part: str, amount: str) -> tuple[str, ...]:
    """Name the places of a total: an object or a list, under both names that were published."""
    return tuple(f"{part}.{name}.{amount}" for name in ("totals", "totals[0]", "total", "total[0]"))


_PAID, _STUB = "paystub-Part3-Earnings", "paystub-Part1-General"
# Wide column -> the fields that may hold it, the first found counts.
INCOME_FIELDS: dict[str, tuple[str, ...]] = {
    "employer": (
        "employer.name",
        "employerName",
        "a_1099-nec-Part1-PayerPii:payerName",
        f"{_STUB}:nameOfEmployer/Company",
    ),
    "employee": (
        "employee.name",
        "employeeName",
        "a_1099-nec-Part2-RecipientPii:recipientName",
        f"{_STUB}:employeeName",
    ),
    "pay_period_start_date": (
        "paystub_details.pay_period_start_date",
        "paystub-Part2-Dates:payPeriod(BeginningDate)",
    ),
    "pay_period_end_date": (
        "paystub_details.pay_period_end_date",
        "paystub-Part2-Dates:payPeriod(EndingDate)",
    ),
    "pay_date": ("paystub_details.pay_date", "paystub-Part2-Dates:payDate"),
    "pay_frequency": ("paystub_details.pay_frequency",),
    "year": ("year", "a_1099-nec-General:forCalendarYear"),
    "gross_pay": (*totals_of("earnings", "current_pay"), f"{_PAID}:grossPay(Current)"),
    "gross_pay_ytd": (*totals_of("earnings", "ytd_pay"), f"{_PAID}:grossPay(YTD)"),
    "net_pay": (*totals_of("net_pay", "current_pay"), f"{_PAID}:netPay(Current)"),
    "net_pay_ytd": (*totals_of("net_pay", "ytd_pay"), f"{_PAID}:netPay(YTD)"),
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
    "formatted_value": TextColumn,
    "amount": DecimalColumn,
    "currency": lambda: CategoryColumn(("USD",)),
    "ocr_confidence": DecimalColumn,
    "passes_validation": BooleanColumn,
    "page": lambda: WholeNumberColumn(np.int32),
}


class _Field(NamedTuple):
    field: str
    value: str
    formatted_value: str | None = None
    amount: float | None = None
    currency: str | None = None
    confidence: float | None = None
    passes_validation: bool | None = None
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
        Long: ``upload_id, field, value, formatted_value`` (string), ``form`` (Int32, 1-based: which
        of the upload's forms), ``form_type, currency`` (category), ``amount`` (Float64, in the
        currency; not of plain digits such as a year or a postal code),
        ``ocr_confidence`` (Float64, 0 to 1), ``passes_validation`` (boolean), ``page`` (Int32,
        1-based). A field is the path in the OCR result, such as ``net_pay.totals.current_pay`` or
        ``wagesTipsOtherComp``; what was not read has no row. What Ocrolus and Argyle say of a form
        that could not be read is a row too: ``rejection_reason``, ``error``, and a ``status`` other
        than ``COMPLETED``.

        Wide: ``upload_id, form, employer, employee, pay_frequency, year`` (string), ``form_type``
        (category), ``pay_period_start_date, pay_period_end_date, pay_date`` (datetime64[s]),
        ``gross_pay, gross_pay_ytd, net_pay, net_pay_ytd, wages, nonemployee_compensation,
        federal_tax`` (Float64). A date that is neither ISO 8601 nor month, day and year with
        slashes between is missing here and stands as text in the long form.

    Raises
    ------
    DecodeError
        For a record that cannot be read, unless errors are collected.

    Notes
    -----
    Sources of the shapes: Ocrolus Capture API description, paystub and form fields; Ocrolus'
    paystub standard extraction (forms ``PAYSTUB_01``, whose net pay and years to date are named
    after its published gross pay); Argyle's page on ``user_uploads.ocr_failed`` (``error``). The
    names of the amounts of a 1099-NEC are not published; they are those of the local sandbox.

    Examples
    --------
    >>> read = {"form_type": "W2", "raw_fields": {"wagesTipsOtherComp": {"value": "41,250.00"}}}
    >>> long = ocr_frame([{"id": "a", "metadata": {"ocr_data": read}}])
    >>> long.loc[0, "field"], float(long.loc[0, "amount"])
    ('wagesTipsOtherComp', 41250.0)
    """
    rejected: list[DecodeError] | None = None if errors == "raise" else []
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
    return list_unreadable(frame, rejected, errors)


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
        content = {name: value for name, value in form.items() if name not in BOOKKEEPING}
        if content.get("status") == _ROUTINE:
            del content["status"]
        for part in (form.get("raw_fields"), content):
            for field in _fields(part, "", 0, upload.id):
                yield (upload.id, number, form_type, *field[:-1], field.page or page)


def _forms(data: Any) -> Iterator[Mapping[str, Any]]:
    """Find the forms in an OCR result: one, a list of them, or either in a wrapper."""
    if isinstance(data, list):
        for item in data:
            yield from _forms(item)
    elif isinstance(data, dict):
        inside = [data[name] for name in _WRAPPERS if isinstance(data.get(name), (dict, list))]
        yield from _forms(inside) if inside else [data]
        if inside and data.get("error"):
            yield {"error": data["error"]}


def _form_type(form: Mapping[str, Any]) -> str | None:
    named = form.get("form_type")
    if isinstance(named, str):
        return named
    return PAYSTUB if "paystub_details" in form or "net_pay" in form else None


def _only_page(form: Mapping[str, Any]) -> int | None:
    pages = form.get("doc_page_numbers")
    if isinstance(pages, list) and len(pages) == 1 and type(pages[0]) is int:
        return pages[0]
    index = form.get("page_idx")
    return index + 1 if type(index) is int else None


def _fields(value: Any, path: str, depth: int, upload_id: str) -> Iterator[_Field]:
    if depth > _DEEPEST:
        raise DecodeError(upload_id, f"$.metadata.ocr_data.{path[:80]}", "nested too deeply")
    if isinstance(value, dict):
        if _is_money(value):
            yield from _money(value, path)
        elif "value" in value and not isinstance(value["value"], (dict, list)):
            yield from _captured(value, path)
            for name in [name for name in value if name not in _CAPTURED]:
                yield from _fields(value[name], f"{path}.{name}", depth + 1, upload_id)
        else:
            for name, inner in value.items():
                below = f"{path}.{name}" if path else str(name)
                yield from _fields(inner, below, depth + 1, upload_id)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _fields(inner, f"{path}[{number}]", depth + 1, upload_id)
    elif value is not None and value != "":
        text = str(value)
        yield _Field(path, text, amount=_decimal(path, text))


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
        yield _Field(path, text, amount=amount_of(text), currency=value["currency"])


def _captured(value: Mapping[str, Any], path: str) -> Iterator[_Field]:
    """Read a field object of a form: its value, how sure Ocrolus is, and on which page."""
    text, formatted = (value.get(name) for name in ("value", "formatted_value"))
    if text in (None, "") or value.get("is_empty") is True:
        return
    sure, passes = (
        value.get("confidence", value.get("confidence_score")),
        value.get("passes_validation"),
    )
    index = value.get("page_index", value.get("page_idx"))
    yield _Field(
        path,
        str(text),
        formatted_value=None if formatted in (None, "") else str(formatted),
        amount=_decimal(path, str(text)),
        confidence=float(sure) if type(sure) in (int, float) else None,
        passes_validation=passes if isinstance(passes, bool) else None,
        page=index + 1 if type(index) is int else None,
    )


def _wide_frame(long: pd.DataFrame) -> pd.DataFrame:
    forms = pd.MultiIndex.from_frame(long[_FORM].drop_duplicates())
    wide = pd.DataFrame(index=forms)
    wide["form_type"] = long.drop_duplicates(_FORM).set_index(_FORM)["form_type"]
    for name, fields in INCOME_FIELDS.items():
        kind = "amount" if name in INCOME_AMOUNTS else "value"
        values = first_of(long, fields, kind).reindex(forms)
        wide[name] = values.astype("Float64" if kind == "amount" else "string")
    for name in INCOME_DATES:
        wide[name] = days_of(wide[name])
    return wide.reset_index().astype({"upload_id": "string", "form": "Int32"})


def days_of(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Read dates as Ocrolus prints them: in paystubs ISO 8601, in forms month/day/year."""
    texts = texts.astype("string")
    days = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
    others = pd.to_datetime(texts, format="%m/%d/%Y", errors="coerce").astype("datetime64[s]")
    return days.fillna(others)


def first_of(long: pd.DataFrame, fields: tuple[str, ...], kind: str) -> pd.Series[Any]:
    """Give (upload ID, form) -> ``value`` or ``amount`` of the first of these fields it has."""
    rows = long[long["field"].isin(fields)]
    rank = rows["field"].map({field: place for place, field in enumerate(fields)})
    first = rows.assign(rank=rank).sort_values("rank", kind="stable")
    values: pd.Series[Any] = first.drop_duplicates(_FORM).set_index(_FORM)[kind]
    return values
