"""Sums, taxes, dates and fields that a payroll document must have right."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from tests.support.payroll_papers import (
    NET,
    OTHER_NET,
    WAGES,
    look,
    new_canvas,
    paystub,
    put,
    replaced,
    signals,
    w2,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
        ("$1,240.00", "$3,240.00", "earnings make gross pay (ytd)"),
        ("$6,213.50", "$1,213.50", "year to date below this period: REGULAR HOURS"),
        (NET, OTHER_NET, "gross less deductions makes net pay (current)"),
        ("$297.42", "$97.42", "deductions make their total (current)"),
    ],
)
def test_a_sum_that_fails_is_named(tmp_path: Path, old: str, new: str, check: str) -> None:
    found = signals(look(tmp_path, whole(old, new)))["sbx_sums_do_not_add_up"]
    assert check.lower() in [item["check"].lower() for item in found]


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


@pytest.mark.parametrize(
    ("old", "new", "label"),
    [
        ("$32.25", "$12.90", "Holiday worked"),
        ("$32.25", "$48.38", "Sick"),
        ("$32.25", "$21.50", "Overtime Hours"),
    ],
    ids=["at 2.5 times the rate", "at two thirds of it", "at the plain rate"],
)
def test_leave_and_holidays_are_paid_at_a_part_or_a_multiple_of_the_rate(
    tmp_path: Path, old: str, new: str, label: str
) -> None:
    data = replaced(whole(old, new), "Overtime Hours", label, incremental=False)
    assert look(tmp_path, data).ocr_authenticity_score == 100


def test_an_amount_changed_without_a_trace_no_longer_adds_up(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NET, OTHER_NET, incremental=False))
    (wrong,) = signals(found)["sbx_sums_do_not_add_up"]
    assert (wrong["expected"], wrong["found"]) == ("1537.87", "3537.87")


@pytest.mark.parametrize(
    ("period", "paid", "problem"),
    [
        ("Feb 16, 2025 - Feb 28, 2026", "Mar 5, 2026", "longer than any pay period"),
        ("Feb 16, 2025 - Feb 28, 2025", "Mar 5, 2026", "long after the period ended"),
        ("Feb 16, 2026 - Apr 28, 2026", "Mar 5, 2026", "long before the period ended"),
    ],
)
def test_a_period_that_cannot_be_is_named(
    tmp_path: Path, period: str, paid: str, problem: str
) -> None:
    found = signals(look(tmp_path, paystub(period=period, paid=paid)))["sbx_impossible_dates"]
    assert any(problem in item["problem"] for item in found)


@pytest.mark.parametrize(
    ("period", "paid"),
    [
        ("Feb 16, 2026 - Feb 28, 2026", "Feb 27, 2026"),
        ("Mar 1, 2026 - Mar 31, 2026", "Feb 27, 2026"),
        ("Oct 1, 2025 - Dec 31, 2025", "Jan 5, 2026"),
        ("Jul 1, 2025 - Dec 31, 2025", "Jan 23, 2026"),
        ("Oct 1, 2025 - Oct 31, 2025", "Dec 31, 2025"),
    ],
    ids=["before its end", "a month in advance", "a quarter", "pay that was owed", "commission"],
)
def test_pay_may_come_early_late_or_for_long(tmp_path: Path, period: str, paid: str) -> None:
    data = paystub(period=period, paid=paid)
    assert look(tmp_path, data).ocr_authenticity_score == 100


def dated(data: bytes, created: str, modified: str) -> PdfWriter:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    said = {"/Producer": "Larkspur Print 3", "/CreationDate": created, "/ModDate": modified}
    writer.add_metadata(said)
    return writer


def test_a_file_made_before_its_period_ended_is_impossible(tmp_path: Path) -> None:
    made = written(dated(paystub(), "D:20260110120000Z", "D:20260110120000Z"))
    assert set(signals(look(tmp_path, made))) == {"sbx_impossible_dates"}


@pytest.mark.parametrize(
    ("created", "modified"),
    [
        ("D:20190301101500Z", "D:20260304120000Z"),
        ("2026/03/04 10:15:00", "2026/03/04 10:15:00"),
        ("D:2026.03.04 10:15", ""),
        ("D:2026", "D:2026"),
    ],
    ids=["a template filled in later", "with slashes", "with points", "only a year"],
)
def test_a_file_date_of_another_day_or_shape_is_no_contradiction(
    tmp_path: Path, created: str, modified: str
) -> None:
    data = written(dated(paystub(), created, modified))
    assert look(tmp_path, data).ocr_authenticity_score == 100


def test_a_form_to_fill_in_is_as_old_as_the_blank(tmp_path: Path) -> None:
    writer = dated(paystub(), "D:20190301101500Z", "D:20190301101500Z")
    field = {"/Type": "/Annot", "/Subtype": "/Widget", "/FT": "/Tx"}
    widget = DictionaryObject({NameObject(k): NameObject(v) for k, v in field.items()})
    widget[NameObject("/T")] = TextStringObject("memo")
    widget[NameObject("/Rect")] = ArrayObject([NumberObject(n) for n in (40, 20, 90, 40)])
    fields = ArrayObject([writer._add_object(widget)])
    writer.pages[0][NameObject("/Annots")] = fields
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): fields})
    assert look(tmp_path, written(writer)).ocr_authenticity_score == 100


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


# -- paystubs whose rows and columns are certain, or not
HEAD = ("Current", "YTD")
ROWS = (
    ("Earnings", *HEAD),
    ("Regular Pay", "2,400.00", "12,000.00"),
    ("Gross Pay", "2,400.00", "12,000.00"),
    ("Deductions", *HEAD),
    ("Federal Income Tax", "221.17", "1,105.85"),
    ("Social Security", "148.80", "744.00"),
    ("Medicare", "34.80", "174.00"),
    ("State Income Tax", "81.50", "407.50"),
    ("Total Deductions", "486.27", "2,431.35"),
    ("Net Pay", "1,913.73", "9,568.65"),
)


def sheet(
    changes: Mapping[str, str], *without: str, paid: str = "06/15/2026", said: Sequence[str] = ()
) -> bytes:
    """The rows above with some amounts changed, and without some rows or the headers."""
    buffer, canvas = new_canvas()
    for number, text in enumerate(said):
        put(canvas, 300, 746 - 11 * number, text)
    put(canvas, 40, 760, "Earnings Statement")
    put(canvas, 300, 760, f"Pay Date: {paid}")
    for number, (label, *cells) in enumerate(row for row in ROWS if row[0] not in without):
        put(canvas, 40, 700 - 14 * number, changes.get(label, label))
        for x, text in zip((360, 480), cells, strict=True):
            if text not in without:
                canvas.drawRightString(x, 700 - 14 * number, changes.get(text, text))
    canvas.save()
    return buffer.getvalue()


def test_a_paystub_that_adds_up_has_no_signal(tmp_path: Path) -> None:
    assert not signals(look(tmp_path, sheet({})))


@pytest.mark.parametrize("without", [["State Income Tax"], ["Regular Pay"], ["Total Deductions"]])
def test_rows_that_a_page_leaves_out_are_no_contradiction(
    tmp_path: Path, without: list[str]
) -> None:
    assert not signals(look(tmp_path, sheet({}, *without)))


@pytest.mark.parametrize(
    ("changes", "without"),
    [
        ({"12,000.00": "14,500.00", "9,568.65": "12,068.65"}, ["Social Security", "Medicare"]),
        ({"2,431.35": "2,931.35", "9,568.65": "9,068.65"}, []),
        ({"9,568.65": "9,068.65", "2,431.35": ""}, ["Total Deductions"]),
    ],
    ids=["a bonus of the spring", "a deduction that ended", "the same without a total"],
)
def test_rows_of_the_year_that_this_period_leaves_out_are_no_contradiction(
    tmp_path: Path, changes: dict[str, str], without: list[str]
) -> None:
    changed = sheet(changes, *without)
    assert "sbx_sums_do_not_add_up" not in signals(look(tmp_path, changed))


@pytest.mark.parametrize("gone", ["221.17", "148.80", "2,400.00"])
def test_an_amount_that_is_not_read_is_no_contradiction(tmp_path: Path, gone: str) -> None:
    assert "sbx_sums_do_not_add_up" not in signals(look(tmp_path, sheet({gone: ""})))


def test_amounts_without_a_label_may_be_a_row_that_is_not_read(tmp_path: Path) -> None:
    assert not signals(look(tmp_path, sheet({"State Income Tax": ""}, "Total Deductions")))


def test_net_pay_is_not_checked_when_deductions_may_be_unread(tmp_path: Path) -> None:
    short = sheet({}, "State Income Tax", "Total Deductions", "Current", "YTD")
    assert not signals(look(tmp_path, short))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"1,913.73": "2,913.73"}, "gross less deductions makes net pay (current)"),
        ({"1,913.73": "2,913.73", "9,568.65": "14,568.65"}, "gross less deductions makes net pay"),
        ({"221.17": "121.17"}, "deductions make their total (current)"),
        ({"407.50": "607.50"}, "deductions make their total (ytd)"),
        ({"2,431.35": "2,831.35"}, "deductions make their total (ytd)"),
    ],
)
@pytest.mark.parametrize("without", [(), ("Current", "YTD")])
def test_one_right_sum_proves_that_the_other_was_read_rightly(
    tmp_path: Path, changes: dict[str, str], check: str, without: tuple[str, ...]
) -> None:
    found = signals(look(tmp_path, sheet(changes, *without)))["sbx_sums_do_not_add_up"]
    assert any(item["check"].startswith(check) for item in found)


def test_net_pay_that_does_not_fit_is_seen_without_a_total(tmp_path: Path) -> None:
    changed = sheet({"1,913.73": "2,913.73"}, "Total Deductions")
    assert "sbx_sums_do_not_add_up" in signals(look(tmp_path, changed))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"148.80": "198.80"}, "Social Security beside Medicare"),
        ({"34.80": "54.80"}, "Medicare beside Social Security"),
        ({"744.00": "944.00"}, "Social Security beside Medicare"),
        ({"12,000.00": "22,000.00"}, "Social Security of gross pay (ytd)"),
    ],
)
def test_two_taxes_are_shares_of_the_same_wages(
    tmp_path: Path, changes: dict[str, str], check: str
) -> None:
    alone = sheet(changes, "Total Deductions", "Net Pay", "Regular Pay")
    found = signals(look(tmp_path, alone))["sbx_taxes_do_not_fit"]
    assert check in [item["check"] for item in found]


def test_a_student_is_exempt_from_them_for_a_part_of_the_year(tmp_path: Path) -> None:
    year = {"12,000.00": "40,000.00", "1,105.85": "3,690.00", "407.50": "1,358.00"}
    assert not signals(look(tmp_path, sheet(year, "Total Deductions", "Net Pay")))


@pytest.mark.parametrize(("paid", "named"), [("10/15/2024", True), ("10/15/2020", False)])
def test_social_security_was_put_off_in_2020(tmp_path: Path, paid: str, *, named: bool) -> None:
    less = {"148.80": "0.00", "744.00": "595.20"}
    found = signals(look(tmp_path, sheet(less, "Total Deductions", "Net Pay", paid=paid)))
    assert ("sbx_taxes_do_not_fit" in found) is named


def test_a_row_of_the_year_that_was_corrected_may_be_below_this_period(tmp_path: Path) -> None:
    less = {"81.50": "81.50", "407.50": "40.75", "2,431.35": "2,064.60", "9,568.65": "9,935.40"}
    assert not signals(look(tmp_path, sheet(less)))


def test_a_salary_may_be_printed_as_the_rate_of_the_period(tmp_path: Path) -> None:
    assert not signals(look(tmp_path, whole("$21.50", "$1,553.38")))


def test_a_year_of_equal_pays_takes_its_time(tmp_path: Path) -> None:
    (found,) = signals(look(tmp_path, sheet({}, paid="01/09/2026")))["sbx_impossible_dates"]
    assert found["problem"] == "5 equal pays of one year by 2026-01-09"


def test_taxes_that_are_shares_of_gross_do_not_count_pays(tmp_path: Path) -> None:
    other = sheet(
        {"221.17": "11.17", "81.50": "9.20"}, "Total Deductions", "Net Pay", paid="01/09/2026"
    )
    assert not signals(look(tmp_path, other))


@pytest.mark.parametrize(
    "said",
    [
        ["Pay Frequency: Bi-Monthly"],
        ["Pay Frequency: Semi-Monthly", "Monthly newsletter online"],
        ["Monthly newsletter online"],
        ["Period Ending: 03/13/2026", "PTO plan year 01/01/2026 - 12/31/2026"],
        ["Period Ending: 03/13/2026", "Start Date: 03/12/2018"],
        ["Hire Date: 00/00/0000"],
        ["Pay Period: 03/01/2026 - 03/13/2026", "Hire Date: 15/01/2018"],
    ],
    ids=str,
)
def test_words_and_days_of_something_else_say_nothing_of_the_period(
    tmp_path: Path, said: Sequence[str]
) -> None:
    assert not signals(look(tmp_path, sheet({}, paid="03/15/2026", said=said)))


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
