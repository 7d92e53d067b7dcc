"""The score and the shapes of signals: documented, deterministic, of the service's form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.sandbox.inspection import scoring
from argyle_nb.sandbox.inspection.classification import amount, classify, read_day
from argyle_nb.sandbox.inspection.origin_checks import EDITORS, GENERATORS
from argyle_nb.sandbox.inspection.paystubs import kind_of
from argyle_nb.sandbox.inspection.scoring import WEIGHTS, DetectedSignal, analysis, score, status

IDENTITY = ("employee_name_edits", "employee_taxpayer_id_edits", "employee_address_edits")


@pytest.mark.parametrize("identifier", IDENTITY)
def test_an_identity_edit_alone_is_of_the_lowest_level(identifier: str) -> None:
    assert score([DetectedSignal(identifier)]) < 30


@given(st.lists(st.sampled_from(sorted(WEIGHTS)), max_size=8), st.sampled_from(sorted(WEIGHTS)))
def test_one_more_signal_never_raises_the_score(found: list[str], more: str) -> None:
    before = score([DetectedSignal(name) for name in found])
    assert 0 <= score([DetectedSignal(name) for name in [*found, more]]) <= before <= 100


def test_a_signal_counts_once_however_often_it_is_found() -> None:
    once, twice = (
        [DetectedSignal("other_edits", 1)],
        [DetectedSignal("other_edits", 1), DetectedSignal("other_edits", 2)],
    )
    assert score(once) == score(twice)


def test_every_weight_is_told_in_the_module_docstring() -> None:
    told = scoring.__doc__ or ""
    assert [n for n, w in WEIGHTS.items() if f"{n} " not in told or w.why not in told] == []


@pytest.mark.parametrize(
    ("points", "level"), [(100, "HIGH"), (81, "HIGH"), (80, "MEDIUM"), (56, "MEDIUM"), (55, "LOW")]
)
def test_the_status_follows_the_tiers_of_ocrolus(points: int, level: str) -> None:
    assert status(points) == level


def test_an_analysis_has_the_shape_of_a_document_analysis() -> None:
    found = [
        DetectedSignal("earnings_edits", 1, [{"original_text": None, "tampered_text": "9.00"}])
    ]
    whole = analysis(found, form_type="PAYSTUB", image_based=False, identity="0f" * 32)
    (form,) = whole["form_analysis"]
    assert whole["uploaded_doc_uuid"] == "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"
    assert form["visualizations"] == []
    assert form["signals"] == [
        {
            "identifier": "earnings_edits",
            "display_name": "Earnings Edits",
            "signal_count": 1,
            "page_number": 1,
            "supporting_data": [
                {
                    "values": [
                        {"key": "original_text", "value": "", "data_type": "null"},
                        {"key": "tampered_text", "value": "9.00", "data_type": "str"},
                    ]
                }
            ],
        }
    ]


def test_only_the_published_reason_code_is_not_marked_synthetic() -> None:
    codes = scoring.reason_codes([DetectedSignal(name) for name in WEIGHTS])
    assert [code["code"] for code in codes if not code["code"].startswith("SBX-")] == ["006-L"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("$1,234.56", "1234.56"), ("(45.00)", "-45.00"), ("-45.00*", "-45.00"), ("45.00-", "-45.00")],
)
def test_amounts_are_read_as_payroll_prints_them(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/13/2026", date(2026, 3, 13)),
        ("3/1/26", date(2026, 3, 1)),
        ("2026-03-13", date(2026, 3, 13)),
        ("Mar 13, 2026", date(2026, 3, 13)),
        ("13 March 2026", date(2026, 3, 13)),
        ("02/30/2026", None),
    ],
)
def test_days_are_read_as_payroll_prints_them(text: str, day: date | None) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Total Gross", "gross"),
        ("Net Amount", "net"),
        ("Deductions Total", "total"),
        ("OASDI", "tax"),
        ("Fed Withholding", "tax"),
        ("401(k) Pre-Tax", "deduction"),
        ("Shift Premium", "earning"),
        ("Employer Paid Health", "none"),
        ("Federal taxable wages", "none"),
    ],
)
def test_a_label_says_what_its_row_is_for(label: str, kind: str) -> None:
    assert kind_of(label) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Earnings Statement\nNet Pay 10.00\nYTD", "paystubs"),
        ("Wage and Tax Statement 2025", "W-2"),
        ("Form 1099-NEC\n1 Nonemployee compensation", "1099"),
        ("We are pleased to offer you", "miscellaneous"),
        ("Grocery list: eggs, flour", None),
    ],
)
def test_a_type_is_told_by_words_or_not_at_all(text: str, kind: str | None) -> None:
    assert classify(text) == kind


@pytest.mark.parametrize("name", ["CheckStub Creator", "InstaPaystub", "www.thepaystubs.example"])
def test_a_site_that_makes_paystubs_is_known_by_its_kind_of_name(name: str) -> None:
    assert GENERATORS.search(name)


@pytest.mark.parametrize(
    "name", ["ADP Pay Statement", "Workday Payslip Report", "Crystal Reports", "PaystubReport 4"]
)
def test_payroll_software_is_no_paystub_site(name: str) -> None:
    assert not GENERATORS.search(name)


@pytest.mark.parametrize(
    "name", ["Acrobat Distiller 11.0", "Adobe PDF Library 15.0", "iText 2.1.7", "Skia/PDF m126"]
)
def test_what_makes_pdfs_is_no_editor(name: str) -> None:
    assert not EDITORS.search(name)
