"""What no document of its type lacks: a stub with a title and one amount is none."""

from __future__ import annotations

from typing import Any

from argyle_nb.sandbox.inspection.scoring import Signal

# Each place is a path into what was read; a paystub is nested, forms have raw fields.
ESSENTIAL: dict[str, dict[str, tuple[str, ...]]] = {
    "paystubs": {
        "employer": ("employer", "name"),
        "employee": ("employee", "name"),
        "pay date": ("paystub_details", "pay_date"),
        "net pay": ("net_pay", "totals", "current_pay", "amount"),
        "earnings": ("earnings", "subtotals"),
    },
    "W-2": {
        "employer": ("raw_fields", "employerName", "value"),
        "employee": ("raw_fields", "employeeName", "value"),
        "employee's number": ("raw_fields", "employeeSocialSecurityNumber", "value"),
        "wages": ("raw_fields", "wagesTipsOtherComp", "value"),
        "federal tax": ("raw_fields", "federalIncomeTaxWithheld", "value"),
    },
    "1099": {
        "payer": ("raw_fields", "a_1099-nec-Part1-PayerPii:payerName", "value"),
        "recipient": ("raw_fields", "a_1099-nec-Part2-RecipientPii:recipientName", "value"),
        "payer's number": ("raw_fields", "a_1099-nec-Part1-PayerPii:payersTin", "value"),
    },
}
# One may be misread in an unusual layout.
TOLERATED = 1


def missing_fields(document_type: str, ocr_data: dict[str, Any]) -> list[Signal]:
    """Give a signal when more than one essential field was not found.

    Parameters
    ----------
    document_type
        ``paystubs``, ``W-2`` or ``1099``.
    ocr_data
        What was read, in the shape the API gives it.
    """
    places = ESSENTIAL[document_type]
    missing = [name for name, path in places.items() if not _at(ocr_data, path)]
    if len(missing) <= TOLERATED:
        return []
    return [Signal("sbx_fields_missing", evidence=[{"field_name": name} for name in missing])]


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
