"""Each fact of each published payload arrives: in which frame, column, and as what."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd
import pytest

from argyle_nb import consistency, ocr_frame
from argyle_nb.frames.uploads import flatten
from tests.support import payloads
from tests.support.payloads import WRAPPERS, paystub, upload

PAYLOADS = {
    "Argyle, user upload": upload(1, document_type=1099),
    "Argyle, OCR failed": upload(2, {"error": "document is unreadable"}),
    "Detect, document signals": upload(3, analysis=payloads.DOCUMENT),
    "Detect, book signals": upload(4, analysis=payloads.BOOK),
    "Capture, paystub": upload(5, payloads.answer([paystub()])),
    "Capture, newer paystub": upload(6, payloads.NEWER_PAYSTUB),
    "Capture, totals the other way": upload(7, payloads.LISTED_TOTALS),
    "Capture, W-2": upload(8, payloads.forms(payloads.W2)),
    "Conductiv, W-2": upload(9, {"formData": [payloads.W2]}),
    "Capture, 1099-NEC": upload(10, payloads.forms(payloads.NEC)),
    "Capture, PAYSTUB_01": upload(11, payloads.forms(payloads.LEGACY)),
}


class Fact(NamedTuple):
    """What the payload says, and where it arrives; ``where`` picks the row of the upload."""

    payload: str
    says: str
    frame: str
    column: str
    value: object
    where: Mapping[str, object] = MappingProxyType({})


def facts_of(payload, frame, lines):
    return [Fact(payload, says, frame, *rest) for says, *rest in lines]


def fields_of(payload, values, column="value"):
    """Facts of the long OCR frame, one a field."""
    return [Fact(payload, name, "ocr", column, v, {"field": name}) for name, v in values.items()]


FIRST = {"finding_type": "signal", "identifier": "dollar_amount_edits", "occurrence": 1}
SECOND = FIRST | {"occurrence": 2}
ORIGIN = {"identifier": "unusual_file_origin"}
CODE = {"finding_type": "reason_code"}
DETECT = [
    ("detect_status COMPLETED", "uploads", "detect_status", "COMPLETED"),
    ("is_image_based_pdf false", "uploads", "is_image_based_pdf", False),
    ("form_authenticity.score 70", "uploads", "ocr_authenticity_score", 70),
    ("form_authenticity.score 70", "signals", "form_score", 70, FIRST),
    ("authenticity_status LOW at score 70", "uploads", "authenticity_status", "LOW"),
    ("authenticity_status LOW at score 70", "signals", "form_authenticity_status", "LOW", CODE),
    ("2 signals", "uploads", "signal_count", 2),
    ("1 reason code", "uploads", "reason_code_count", 1),
    ("form_type", "signals", "form_type", "PAYSTUB", FIRST),
    ("form_analysis[0]", "signals", "form", 1, FIRST),
    ("signals[0].identifier", "signals", "identifier", "dollar_amount_edits", FIRST),
    ("signals[0].display_name", "signals", "display_name", "Dollar Amount Edits", FIRST),
    ("signals[0].signal_count 2", "signals", "occurrences", 2, FIRST),
    ("signals[0].page_number 1", "signals", "page_number", 1, FIRST),
    ("supporting_data[0] field_name", "signals", "field_name", "amount", FIRST),
    ("supporting_data[0] without original_text", "signals", "original_text", None, FIRST),
    ("supporting_data[0] tampered_text", "signals", "tampered_text", "9,100.00", FIRST),
    ("supporting_data[1] field_name", "signals", "field_name", "net_pay", SECOND),
    ("supporting_data[1] original_text of type null", "signals", "original_text", None, SECOND),
    ("supporting_data[1] tampered_text", "signals", "tampered_text", "7,200.00", SECOND),
    ("signals[1].page_number null", "signals", "page_number", None, ORIGIN),
    ("edit_source", "signals", "edit_source", "Some Editor 4", ORIGIN),
    ("doc_origin", "signals", "doc_origin", "Some Payroll", ORIGIN),
    ("a key of its own", "signals", "other_values", '{"page_total":"2"}', ORIGIN),
    ("reason_codes[0].code", "signals", "identifier", "006-L", CODE),
    ("reason_codes[0].description", "signals", "display_name", "fields misaligned", CODE),
    ("reason_codes[0].confidence", "signals", "reason_confidence", "LOW", CODE),
]
ARGYLE = [
    ("id", "id", upload(1)["id"]),
    ("account", "account", upload(1)["account"]),
    ("document_type 1099 as a number", "document_type", "1099"),
    ("file_url", "file_url", "www.argyle.com/storagename"),
    ("file_name", "file_name", "most_recent_paystub.pdf"),
    ("ocr_authenticity_score null", "ocr_authenticity_score", None),
    ("processing.classification", "processing_classification", "completed"),
    ("processing.ocr", "processing_ocr", "completed"),
    ("processing.authenticity", "processing_authenticity", "completed"),
    ("created_at", "created_at", pd.Timestamp("2024-07-08T13:43:49.864Z")),
    ("updated_at", "updated_at", pd.Timestamp("2024-07-08T13:43:51.868Z")),
]
PAYSTUB = {
    "net_pay.distribution_details[0].description": "CHKG 731",
    "net_pay.distribution_details[0].account_number": "731",
    "net_pay.distribution_details[0].bank_account_type": "CHKG",
    "net_pay.distribution_details[0].current_pay": "2250.00",
    "net_pay.totals.description": "NET EARNINGS",
    "net_pay.totals.current_pay": "2250.00",
    "net_pay.totals.ytd_pay": "17901.00",
    "earnings.subtotals[0].description": "REGULAR",
    "earnings.subtotals[0].current_hours": "80.00",
    "earnings.subtotals[0].current_rate": "37.50",
    "earnings.subtotals[1].description": "GROUP TERM LIFE",
    "earnings.subtotals[1].current_pay": "4.54",
    "earnings.totals[0].current_pay": "3004.54",
    "earnings.totals[0].current_hours": "80.00",
    "deductions.subtotals[0].description": "FED INCOME TAX",
    "deductions.subtotals[0].ytd_pay": "4800.00",
    "employee.name": "ADA SAMPLE",
    "employee.address.line1": "12 ELM RD",
    "employee.address.state_code": "SC",
    "employee.address.postal_code": "29676",
    "employee.marital_status": "SINGLE",
    "employee.taxpayer_id.id_type": "SSN",
    "employee.taxpayer_id.last_4_digits": "4321",
    "employer.name": "NORTHWIND MILLS",
    "employer.address.line1": "PO BOX 9",
    "paystub_details.pay_period_start_date": "2024-04-15",
    "paystub_details.pay_period_end_date": "2024-04-28",
    "paystub_details.pay_date": "2024-05-03",
    "paystub_details.pay_frequency": "BI_WEEKLY",
    "paystub_details.pay_frequency_captured": "NOT LISTED",
    "employment_details.pay_basis": "HOURLY",
}
NEWER = {
    "status": "REJECTED",
    "rejection_reason": "DOCUMENT IS UNREADABLE",
    "confidence_scores[0].field": "employee.name",
    "confidence_scores[0].score": "0.91",
    "formatted_data.employee.name": "Ada Sample",
    "validations_summary.gross_pay": "FAILED",
}
W2 = {
    "year": "2024",
    "employeeName": "Ada Sample",
    "employerName": "Northwind Mills",
    "employeeSocialSecurityNumber": "XXX-XX-4321",
    "wagesTipsOtherComp": "41,250.00",
    "wagesTipsOtherComp.localized_formatted_value": "$41,250.00",
    "wagesTipsOtherComp.field_validations[0].rule": "is_amount",
    "wagesTipsOtherComp.field_validations[0].passed": "True",
    "box12dcode": "C",
}
WAGES = {"field": "wagesTipsOtherComp"}
W2_LINES = [
    ("form_type", "ocr", "form_type", "W2", WAGES),
    ("wagesTipsOtherComp.value", "ocr", "amount", 41250.0, WAGES),
    ("wagesTipsOtherComp.formatted_value", "ocr", "formatted_value", "41250.00", WAGES),
    ("wagesTipsOtherComp.confidence_score", "ocr", "ocr_confidence", 0.88, WAGES),
    ("wagesTipsOtherComp.passes_validation", "ocr", "passes_validation", True, WAGES),
    ("employeeName.confidence", "ocr", "ocr_confidence", 0.97, {"field": "employeeName"}),
    ("form_type", "wide", "form_type", "W2"),
    ("wagesTipsOtherComp", "wide", "wages", 41250.0),
    ("year", "wide", "year", "2024"),
]
INCOME = [
    ("net pay", "wide", "net_pay", 2250.0),
    ("net pay, year to date", "wide", "net_pay_ytd", 17901.0),
    ("gross pay", "wide", "gross_pay", 3004.54),
    ("gross pay, year to date", "wide", "gross_pay_ytd", 27017.24),
]
MAY_3 = pd.Timestamp("2024-05-03")
LEGACY = [
    ("form_type", "wide", "form_type", "PAYSTUB_01"),
    ("employeeName", "wide", "employee", "Ada Sample"),
    ("nameOfEmployer/Company", "wide", "employer", "Northwind Mills"),
    ("payPeriod(BeginningDate)", "wide", "pay_period_start_date", pd.Timestamp("2024-04-15")),
    ("payPeriod(EndingDate)", "wide", "pay_period_end_date", pd.Timestamp("2024-04-28")),
    ("payDate", "wide", "pay_date", MAY_3),
    ("grossPay(Current)", "wide", "gross_pay", 3004.54),
]
NEC = [
    ("form_type", "wide", "form_type", "A_1099-NEC"),
    ("forCalendarYear", "wide", "year", "2024"),
    ("payerName", "wide", "employer", "Northwind Mills"),
    ("recipientName", "wide", "employee", "Ada Sample"),
]
PAGE_2 = {"field": "employee.name"}


def in_frames(payload, lines):
    return [Fact(payload, says, *rest) for says, *rest in lines]


FACTS = [
    *facts_of("Argyle, user upload", "uploads", ARGYLE),
    *fields_of("Argyle, OCR failed", {"error": "document is unreadable"}),
    *in_frames("Detect, document signals", DETECT),
    *in_frames("Detect, book signals", DETECT),
    *fields_of("Capture, paystub", PAYSTUB),
    Fact("Capture, paystub", "doc_page_numbers [2]", "ocr", "page", 2, PAGE_2),
    Fact(
        "Capture, paystub",
        "currency",
        "ocr",
        "currency",
        "USD",
        {"field": "net_pay.totals.current_pay"},
    ),
    Fact("Capture, paystub", "a paystub's shape", "wide", "form_type", "PAYSTUB"),
    Fact("Capture, paystub", "pay_date", "wide", "pay_date", MAY_3),
    *in_frames("Capture, paystub", INCOME),
    *fields_of("Capture, newer paystub", NEWER),
    Fact("Capture, newer paystub", "page_idx 0", "ocr", "page", 1, PAGE_2),
    *in_frames("Capture, totals the other way", INCOME),
    *fields_of("Capture, W-2", W2),
    *in_frames("Capture, W-2", W2_LINES),
    *fields_of("Conductiv, W-2", W2),
    *in_frames("Conductiv, W-2", W2_LINES),
    *in_frames("Capture, 1099-NEC", NEC),
    *in_frames("Capture, PAYSTUB_01", LEGACY),
]

# What no frame holds, and why.
LEFT_OUT = {
    "employment": "deprecated by Argyle, and always empty in its examples",
    "uploaded_doc_type": "the forms say what they are",
    "uuids, pks, names of books": "they name Ocrolus' records, which Argyle's keys do not open",
    "visualizations": "pictures behind Ocrolus' own login",
    "form_dashboard_url, book_dashboard_url": "pages behind Ocrolus' own login",
    "version": "of the score; one only was ever published",
    "bbox, bbox_top ...": "where on the page a field stood",
    "alias_used, source_filename, should_skip": "how Ocrolus came by a field",
    "status 200, message OK, status COMPLETED": "of an answer, and of a form that was read",
    "is_empty": "a field that is empty has no row",
    "doc_page_numbers of several pages": "they do not say on which of them a field stood",
}


FORMS = {"W-2": payloads.W2, "1099": payloads.NEC, "legacy": payloads.LEGACY, "new": paystub()}


@pytest.fixture(scope="module")
def frames():
    records = list(PAYLOADS.values())
    uploads, signals = flatten(records)
    return {
        "uploads": uploads.rename(columns={"id": "upload_id"}),
        "signals": signals,
        "ocr": ocr_frame(records),
        "wide": ocr_frame(records, wide=True),
    }


@pytest.mark.parametrize(
    "fact", FACTS, ids=[f"{n}-{f.payload}: {f.says}" for n, f in enumerate(FACTS)]
)
def test_a_fact_of_a_published_payload_arrives(frames, fact):
    frame = frames[fact.frame]
    column = "upload_id" if fact.column == "id" else fact.column
    rows = frame[frame["upload_id"] == PAYLOADS[fact.payload]["id"]]
    for name, value in fact.where.items():
        rows = rows[rows[name] == value]
    [value] = rows[column]
    assert pd.isna(value) if fact.value is None else value == fact.value


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_is_the_same_in_every_published_wrapper(wrap, form):
    bare, wrapped = ocr_frame([upload(1, form)]), ocr_frame([upload(1, wrap(form))])
    pd.testing.assert_frame_equal(wrapped, bare)
    assert len(bare)


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_w2_is_compared_in_every_published_wrapper(wrap):
    records = [upload(1, paystub("2024-12-27", "41,000.00")), upload(2, wrap(payloads.W2))]
    checks = consistency(ocr_frame(records), flatten(records).uploads)
    [row] = checks[checks["check"] == "w2_wages"].to_dict("records")
    assert row["agrees"]


def test_two_published_paystubs_agree_with_each_other():
    later = paystub("2024-05-17", "30,021.78")
    later["paystub_details"] |= {
        "pay_period_start_date": "2024-04-29",
        "pay_period_end_date": "2024-05-12",
    }
    records = [upload(1, payloads.answer(paystub())), upload(2, payloads.answer(later))]
    checks = consistency(ocr_frame(records), flatten(records).uploads)
    assert checks["agrees"].all()
    assert {"net_of_gross", "year_to_date", "pay_frequency"} <= set(checks["check"])
