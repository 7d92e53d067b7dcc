"""Payloads in the shapes that Argyle and Ocrolus publish, with invented people and amounts.

Sources: Argyle, user upload object, and its page on `user_uploads.ocr_failed`; Ocrolus Detect API
description (book and document signals, supporting data values); Ocrolus Capture API description
(paystubs, book and document forms, raw field values); Ocrolus, paystub standard extraction;
Conductiv, sample data of its webhook.
"""

from typing import Any

from tests.support.records import record


def money(amount: str | None) -> dict[str, str | None]:
    return {"amount": amount, "currency": None if amount is None else "USD"}


def raw(value: str, **more: Any) -> dict[str, Any]:
    """A field of a form, as the forms endpoints give it."""
    plain = {"value": value, "is_empty": not value, "alias_used": None, "source_filename": "a.pdf"}
    return plain | more


def upload(number: int, ocr_data: Any = None, analysis: Any = None, **more: Any) -> dict[str, Any]:
    metadata = {
        "employment": None,
        "ocr_data": ocr_data,
        "ocr_authenticity": analysis,
        "ocr_authenticity_score": None,
    }
    return record(number, **({"metadata": metadata} | more))


def values(*items: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "values": [dict(zip(("key", "value", "data_type"), item, strict=True)) for item in items]
    }


DOCUMENT = {
    "uploaded_doc_uuid": "11111111-0000-4000-8000-000000000001",
    "uploaded_doc_type": "PAYSTUB",
    "detect_status": "COMPLETED",
    "mixed_uploaded_doc_uuid": None,
    "form_analysis": [
        {
            "form_type": "PAYSTUB",
            "form_uuid": "11111111-0000-4000-8000-000000000002",
            "signals": [
                {
                    "identifier": "dollar_amount_edits",
                    "display_name": "Dollar Amount Edits",
                    "signal_count": 2,
                    "page_number": 1,
                    "supporting_data": [
                        values(
                            ("field_name", "amount", "str"), ("tampered_text", "9,100.00", "str")
                        ),
                        values(
                            ("field_name", "net_pay", "str"),
                            ("original_text", "None", "null"),
                            ("tampered_text", "7,200.00", "str"),
                        ),
                    ],
                },
                {
                    "identifier": "unusual_file_origin",
                    "display_name": "Unusual File Origin",
                    "signal_count": 1,
                    "page_number": None,
                    "supporting_data": [
                        values(
                            ("edit_source", "Some Editor 4", "str"),
                            ("doc_origin", "Some Payroll", "str"),
                            ("page_total", "2", "int"),
                        )
                    ],
                },
            ],
            "visualizations": [
                {
                    "page_number": 1,
                    "page_visualizations": [
                        {
                            "visual_type": "tamper_overview",
                            "display_name": "Tamper Overview",
                            "description": "Tampered fields are highlighted.",
                            "image_url": "https://api.example.com/v2/detect/visualization/1",
                        }
                    ],
                }
            ],
            "form_dashboard_url": "https://dashboard.example.com/books/1?form=2",
            "form_authenticity": {
                "version": "1.0",
                "score": 70,
                "reason_codes": [
                    {"code": "006-L", "confidence": "LOW", "description": "fields misaligned"}
                ],
                "authenticity_status": "LOW",
            },
        }
    ],
    "is_image_based_pdf": False,
}
BOOK = {
    "book_uuid": "11111111-0000-4000-8000-000000000003",
    "doc_analysis": [DOCUMENT],
    "book_dashboard_url": "https://dashboard.example.com/books/1",
}


def line(description: str, current: str, ytd: str, **more: Any) -> dict[str, Any]:
    described = {"description": description, "canonical_description": None}
    return described | {"current_pay": money(current), "ytd_pay": money(ytd)} | more


def paystub(
    pay_date: str = "2024-05-03", gross_ytd: str = "27,017.24", **more: Any
) -> dict[str, Any]:
    """A paystub whose gross pay holds 4.54 of group-term life that nobody pays out."""
    return {
        "uuid": "22222222-0000-4000-8000-000000000001",
        "book_uuid": "22222222-0000-4000-8000-000000000002",
        "doc_uuid": "22222222-0000-4000-8000-000000000003",
        "status": "COMPLETED",
        "doc_page_numbers": [2],
        "rejection_reason": None,
        "uploaded_image_bucket_uuid": None,
        "net_pay": {
            "distribution_details": [
                {
                    "description": "CHKG 731",
                    "bank_name": None,
                    "account_number": "731",
                    "bank_account_type": "CHKG",
                    "current_pay": money("2250.00"),
                }
            ],
            "totals": line("NET EARNINGS", "2250.00", "17901.00"),
        },
        "earnings": {
            "subtotals": [
                line("REGULAR", "3000.00", "24000.00", current_hours="80.00", current_rate="37.50"),
                line("GROUP TERM LIFE", "4.54", "32.92", current_hours=None, current_rate=None),
            ],
            "totals": [line("EARNINGS", "3004.54", gross_ytd, current_hours="80.00")],
        },
        "deductions": {
            "subtotals": [
                line("FED INCOME TAX", "600.00", "4800.00"),
                line("SC STATE", "150.00", "1200.00"),
            ],
            "totals": [],
        },
        "employee": {
            "name": "ADA SAMPLE",
            "address": {
                "line1": "12 ELM RD",
                "line2": None,
                "city": "SALEM",
                "state_code": "SC",
                "postal_code": "29676",
            },
            "marital_status": "SINGLE",
            "taxpayer_id": {"id_type": "SSN", "last_4_digits": "4321"},
        },
        "employer": {"name": "NORTHWIND MILLS", "address": {"line1": "PO BOX 9", "line2": None}},
        "paystub_details": {
            "pay_period_start_date": "2024-04-15",
            "pay_period_end_date": "2024-04-28",
            "pay_date": pay_date,
            "paystub_provider": None,
            "pay_frequency": "BI_WEEKLY",
            "pay_frequency_captured": "NOT LISTED",
        },
        "employment_details": {
            "hire_date": None,
            "annual_salary": money(None),
            "pay_basis": "HOURLY",
            "hourly_rate": money(None),
        },
        "confidence_scores": None,
    } | more


NEWER_PAYSTUB = paystub(
    doc_page_numbers=[],
    page_idx=0,
    status="REJECTED",
    rejection_reason="DOCUMENT IS UNREADABLE",
    confidence_scores=[{"field": "employee.name", "score": 0.91}],
    formatted_data={"employee": {"name": "Ada Sample"}},
    validations_summary={"gross_pay": "FAILED"},
)
LISTED_TOTALS = paystub(
    net_pay={"totals": [line("NET", "2250.00", "17901.00")]},
    earnings={"totals": line("EARNINGS", "3004.54", "27,017.24")},
    deductions={"totals": line("DEDUCTIONS", "750.00", "6000.00")},
)
W2 = {
    "pk": 46115051,
    "uuid": "33333333-0000-4000-8000-000000000001",
    "form_type": "W2",
    "form_config_pk": 216942,
    "tables": [],
    "raw_fields": {
        "year": raw("2024", confidence=1),
        "employeeName": raw("Ada Sample", confidence=0.97),
        "employerName": raw("Northwind Mills", confidence=1),
        "employeeSocialSecurityNumber": raw("XXX-XX-4321", confidence=1),
        "wagesTipsOtherComp": raw(
            "41,250.00",
            confidence_score=0.88,
            formatted_value="41250.00",
            localized_formatted_value="$41,250.00",
            passes_validation=True,
            field_validations=[{"rule": "is_amount", "passed": True}],
            bbox_top=0.1,
        ),
        "box9": raw(""),
        "box12dcode": raw("C"),
    },
}
NEC = {
    "form_type": "A_1099-NEC",
    "raw_fields": {
        "a_1099-nec-General:forCalendarYear": raw("2024"),
        "a_1099-nec-Part1-PayerPii:payerName": raw("Northwind Mills"),
        "a_1099-nec-Part2-RecipientPii:recipientName": raw("Ada Sample"),
    },
}
LEGACY = {
    "form_type": "PAYSTUB_01",
    "raw_fields": {
        "paystub-Part1-General:employeeName": raw("Ada Sample"),
        "paystub-Part1-General:nameOfEmployer/Company": raw("Northwind Mills"),
        "paystub-Part2-Dates:payPeriod(BeginningDate)": raw("04/15/2024"),
        "paystub-Part2-Dates:payPeriod(EndingDate)": raw("04/28/2024"),
        "paystub-Part2-Dates:payDate": raw("05/03/2024"),
        "paystub-Part3-Earnings:grossPay(Current)": raw("3,004.54"),
    },
}


def answer(response: Any) -> dict[str, Any]:
    return {"status": 200, "response": response, "message": "OK"}


def forms(*found: Any) -> dict[str, Any]:
    """What the book and document endpoints give for forms."""
    return answer({"pk": 54425689, "uuid": "4", "name": "A Book", "forms": list(found)})


# Every published wrapper of forms.
WRAPPERS = {
    "bare": lambda form: form,
    "a list": lambda form: [form],
    "an answer": answer,
    "an answer with a list": lambda form: answer([form]),
    "a book's forms": forms,
    "a webhook's formData": lambda form: {"event": "done", "formData": [form]},
}
