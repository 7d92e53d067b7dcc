"""Sums, taxes, dates and fields that a payroll document must have right."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter

from argyle_nb.sandbox.inspection import inspect
from tests.conftest import DOCUMENTS
from tests.support.payroll_papers import (
    NET,
    OTHER_NET,
    WAGES,
    look,
    new_canvas,
    paystub,
    replaced,
    signals,
    w2,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path


def whole(old: str, new: str) -> bytes:
    """The paystub with one text changed everywhere, in its own font, without a trace."""
    return replaced(paystub(), old, new, incremental=False)


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("72.25", "82.25", "hours by rate: REGULAR HOURS"),
        ("$1,911.76", "$2,911.76", "earnings make gross pay (current)"),
        ("$7,501.88", "$9,501.88", "earnings make gross pay (ytd)"),
        ("$6,213.50", "$1,213.50", "year to date below this period: REGULAR HOURS"),
        (NET, OTHER_NET, "gross less deductions makes net pay (current)"),
        ("$297.42", "$97.42", "deductions make their total (current)"),
    ],
)
def test_a_sum_that_fails_is_named(tmp_path: Path, old: str, new: str, check: str) -> None:
    found = signals(look(tmp_path, whole(old, new)))["sbx_sums_do_not_add_up"]
    assert check.lower() in [item["check"].lower() for item in found]


def test_overtime_may_be_printed_with_the_plain_rate(tmp_path: Path) -> None:
    assert look(tmp_path, whole("$32.25", "$21.50")).ocr_authenticity_score == 100


@pytest.mark.parametrize(("old", "new"), [("$118.53", "$218.53"), ("$27.72", "$47.72")])
def test_taxes_that_are_law_must_fit_gross_pay(tmp_path: Path, old: str, new: str) -> None:
    assert "sbx_taxes_do_not_fit" in signals(look(tmp_path, whole(old, new)))


@pytest.mark.parametrize(
    ("withheld", "flat"), [("$152.94", True), ("$420.59", False), ("$152.95", False)]
)
def test_a_whole_percentage_withheld_is_no_table_unless_it_is_that_of_bonuses(
    tmp_path: Path, withheld: str, *, flat: bool
) -> None:
    found = signals(look(tmp_path, whole("$151.17", withheld)))
    assert ("sbx_flat_withholding" in found) is flat


def test_an_amount_changed_without_a_trace_no_longer_adds_up(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NET, OTHER_NET, incremental=False))
    (wrong,) = signals(found)["sbx_sums_do_not_add_up"]
    assert (wrong["expected"], wrong["found"]) == ("1537.87", "3537.87")


@pytest.mark.parametrize(
    ("period", "paid", "problem"),
    [
        ("Jan 1, 2026 - Feb 28, 2026", "Mar 5, 2026", "longer than any pay period"),
        ("Dec 1, 2025 - Dec 15, 2025", "Mar 5, 2026", "long after the period ended"),
        ("Feb 16, 2026 - Mar 28, 2026", "Feb 20, 2026", "long before the period ended"),
    ],
)
def test_a_period_that_cannot_be_is_named(
    tmp_path: Path, period: str, paid: str, problem: str
) -> None:
    found = signals(look(tmp_path, paystub(period=period, paid=paid)))["sbx_impossible_dates"]
    assert any(problem in item["problem"] for item in found)


def test_pay_in_advance_of_the_periods_end_is_honest(tmp_path: Path) -> None:
    data = paystub(period="Feb 16, 2026 - Feb 28, 2026", paid="Feb 27, 2026")
    assert look(tmp_path, data).ocr_authenticity_score == 100


def test_a_file_made_before_its_period_ended_is_impossible(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    said = {"/Producer": "Larkspur Print 3", "/CreationDate": "D:20260110120000Z"}
    writer.add_metadata({**said, "/ModDate": "D:20260110120000Z"})
    assert set(signals(look(tmp_path, written(writer)))) == {"sbx_impossible_dates"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"period": "Feb 31, 2026 - Mar 14, 2026"}, "Feb 31, 2026 is no day"),
        ({"paid": "Feb 2, 2026"}, "paid 2026-02-02 before the period starts 2026-02-16"),
        ({"period": "Feb 28, 2026 - Feb 16, 2026"}, "period ends 2026-02-16 before it starts"),
    ],
)
def test_days_that_cannot_be_are_named(tmp_path: Path, said: dict[str, str], problem: str) -> None:
    found = signals(look(tmp_path, paystub(**said)))["sbx_impossible_dates"]
    assert any(item["problem"].startswith(problem) for item in found)


# -- tax forms
@pytest.mark.parametrize(
    ("both", "signal"),
    [
        ({"3413.95": "1413.95"}, "sbx_taxes_do_not_fit"),
        ({"798.42": "998.42"}, "sbx_taxes_do_not_fit"),
        ({"4811.02": "34811.02"}, "sbx_sums_do_not_add_up"),
        ({WAGES: "60000.00"}, "sbx_sums_do_not_add_up"),
    ],
)
def test_boxes_of_a_w2_that_do_not_go_together_are_a_signal(
    tmp_path: Path, both: dict[str, str], signal: str
) -> None:
    assert set(signals(look(tmp_path, w2(both=both)))) == {signal}


def test_wages_raised_in_box_1_alone_are_seen(tmp_path: Path) -> None:
    assert "sbx_sums_do_not_add_up" in signals(look(tmp_path, w2(both={WAGES: "92310.55"})))


def test_a_tax_year_that_has_not_ended_is_impossible(tmp_path: Path) -> None:
    assert "sbx_impossible_dates" in signals(look(tmp_path, w2(year="2098")))


CRUDE = [
    ("paystubs", ["Paystub", "Net Pay 1,000.00"]),
    ("W-2", ["Form W-2 Wage and Tax Statement 2025", "1 Wages, tips, other comp. 50,000.00"]),
    ("1099", ["Form 1099-NEC", "Nonemployee compensation 40,000.00"]),
]


@pytest.mark.parametrize(("document_type", "lines"), CRUDE)
def test_a_title_and_an_amount_are_too_little(
    tmp_path: Path, document_type: str, lines: list[str]
) -> None:
    buffer, canvas = new_canvas()
    for number, line in enumerate(lines):
        canvas.drawString(72, 750 - 20 * number, line)
    canvas.save()
    found = look(tmp_path, buffer.getvalue(), document_type)
    assert found.ocr_authenticity_score is not None
    assert found.ocr_authenticity_score < 60
    assert len(signals(found)["sbx_fields_missing"]) >= 2


@pytest.mark.parametrize(
    "name", ["paystub_rivera_2026-01-30.pdf", "w2_rivera_2025.pdf", "1099_whitlock_2024.pdf"]
)
def test_an_ordinary_document_lacks_nothing(name: str) -> None:
    types = {"p": "paystubs", "w": "W-2", "1": "1099"}
    found = inspect(DOCUMENTS / name, types[name[0]])
    assert "sbx_fields_missing" not in signals(found)
