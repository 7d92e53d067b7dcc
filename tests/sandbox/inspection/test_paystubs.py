"""Reading paystubs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader, PdfWriter

from argyle_nb.sandbox.inspection.pay_rows import kind_of
from tests.support.payroll_papers import (
    NAME,
    look,
    new_canvas,
    paystub,
    put,
    replaced,
    signals,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from argyle_nb.sandbox.inspection import Inspection

HEAD = ("This Period", "Year to Date")
EARNED = (("Regular Pay", "2,400.00", "12,000.00"), ("Gross Pay", "2,400.00", "12,000.00"))
TAKEN = (
    ("Federal Income Tax", "221.17", "1,105.85"),
    ("Social Security", "148.80", "744.00"),
    ("Medicare", "34.80", "174.00"),
)
NET = ("Net Pay", "1,995.23", "9,976.15")
Row = tuple[str, ...]


def sheet(rows: Sequence[Row], columns: Sequence[float] = (360, 480), *more: Row) -> bytes:
    """A paystub whose rows are a label and cells that end at the columns; more is (x, y, text)."""
    buffer, canvas = new_canvas()
    put(canvas, 40, 760, "Earnings Statement")
    put(canvas, 40, 745, "Ravel & Pike LLC")
    put(canvas, 300, 745, "Pay Date: 05/15/2026")
    for number, (label, *cells) in enumerate(rows):
        y = 700 - 14 * number
        put(canvas, 40, y, label)
        for x, text in zip(columns, cells, strict=False):
            canvas.drawRightString(x, y, text)
    for x, y, text in more:
        put(canvas, float(x), float(y), text)
    canvas.save()
    return buffer.getvalue()


def stub(*extra: Row, head: Row = HEAD, earned: Sequence[Row] = EARNED, net: Row = NET) -> bytes:
    rows = [("Earnings", *head), *earned, ("Deductions", *head), *TAKEN, *extra, net]
    return sheet(rows)


def read(folder: Path, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] | None = look(folder, data).ocr_data
    assert found is not None
    return found


def pay(rows: list[dict[str, Any]], key: str = "current_pay") -> dict[str, str | None]:
    return {row["description"]: row[key]["amount"] for row in rows}


def net_of(found: dict[str, Any]) -> str | None:
    net: str | None = found["net_pay"]["totals"]["current_pay"]["amount"]
    return net


def clean(found: Inspection) -> bool:
    return found.found_type == "paystubs" and not signals(found)


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
        ("Car Allowance", "earning"),
        ("Employer Paid Health", "none"),
        ("401(k) Company Match", "none"),
        ("Federal taxable wages", "none"),
        ("FIT Gross", "none"),
        ("Federal Income Tax - filing status single, two allowances", "tax"),
        ("State Tax (exempt from local)", "tax"),
        ("Tax Allowances", "none"),
        ("Annual Salary", "none"),
        ("Annual Bonus", "earning"),
        ("Hourly Rate", "none"),
        ("Group Term Life", "imputed"),
        ("Expense Reimbursement", "reimbursement"),
        ("Health Savings Account", "deduction"),
    ],
)
def test_a_label_says_what_its_row_is_for(label: str, kind: str) -> None:
    assert kind_of(label) == kind


def test_a_paystub_of_an_unknown_layout_is_read(tmp_path: Path) -> None:
    found = look(tmp_path, paystub(), "miscellaneous")
    data: dict[str, Any] = found.ocr_data or {}
    assert found.found_type == "paystubs"
    assert data["employee"]["name"] == NAME
    assert data["employee"]["address"]["city"] == "Austin"
    assert data["employer"]["name"] == "Sable & Finch LLC"
    assert data["employee"]["taxpayer_id"] == {"id_type": "SSN", "last_4_digits": "4411"}
    assert data["paystub_details"]["pay_period_end_date"] == "2026-02-28"
    assert data["paystub_details"]["pay_date"] == "2026-03-05"
    assert data["paystub_details"]["pay_frequency"] == "SEMI_MONTHLY"
    assert data["net_pay"]["totals"]["current_pay"] == {"amount": "1537.87", "currency": "USD"}
    assert data["earnings"]["subtotals"][0]["current_hours"] == "72.25"


def test_what_the_employer_pays_is_no_deduction(tmp_path: Path) -> None:
    data = look(tmp_path, paystub()).ocr_data or {}
    taken = [row["description"] for row in data["deductions"]["subtotals"]]
    assert taken == ["FEDERAL INCOME TAX", "SOCIAL SECURITY", "MEDICARE", "401(K) PRE-TAX"]


# -- columns


@pytest.mark.parametrize(
    "head",
    [
        ("This Period", "Year to Date"),
        ("Amount", "YTD"),
        ("Current Amount", "YTD Amount"),
        ("Current", "Y-T-D"),
        ("", "Amount                          /  YTD"),
    ],
)
def test_headers_name_the_columns(tmp_path: Path, head: Row) -> None:
    found = look(tmp_path, stub(head=head))
    data = found.ocr_data or {}
    assert clean(found)
    assert net_of(data) == "1995.23"
    assert pay(data["deductions"]["subtotals"], "ytd_pay")["MEDICARE"] == "174.00"


def test_hours_of_the_year_are_no_amount(tmp_path: Path) -> None:
    rows = [
        ("", "Current", "Year to Date"),
        ("Earnings", "Rate", "Hours", "Amount", "Hours", "Amount"),
        ("Regular Pay", "30.00", "80.00", "2,400.00", "400.00", "12,000.00"),
        ("Gross Pay", "", "", "2,400.00", "", "12,000.00"),
        ("Deductions", "", "", "Amount", "", "YTD Amount"),
        *((name, "", "", now, "", year) for name, now, year in (*TAKEN, NET)),
    ]
    titles = (("215", "714", "Current"), ("440", "714", "Year to Date"))
    found = look(tmp_path, sheet(rows[1:], (200, 260, 340, 430, 520), *titles))
    (regular,) = (found.ocr_data or {})["earnings"]["subtotals"]
    assert clean(found)
    assert regular["current_hours"] == "80.00"
    assert regular["ytd_pay"]["amount"] == "12000.00"


def test_a_title_says_that_one_column_is_of_the_year(tmp_path: Path) -> None:
    rows = [
        ("Earnings", "Amount"),
        ("Regular Pay", "2,400.00"),
        ("Statutory Taxes", "Amount"),
        *(row[:2] for row in TAKEN),
        NET[:2],
        ("Year to Date Information",),
        ("Gross Pay", "12,000.00"),
        *((name, year) for name, _, year in TAKEN),
    ]
    found = look(tmp_path, sheet(rows))
    (gross,) = (found.ocr_data or {})["earnings"]["totals"]
    assert clean(found)
    assert (gross["current_pay"]["amount"], gross["ytd_pay"]["amount"]) == (None, "12000.00")


def test_tables_side_by_side_keep_their_rows(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    put(canvas, 40, 760, "Earnings Statement")
    put(canvas, 40, 745, "Ravel & Pike LLC")
    left = [("Regular Pay", "2,400.00"), ("Holiday", ""), ("Sick", ""), ("Gross Pay", "2,400.00")]
    right = [*(row[:2] for row in TAKEN), NET[:2]]
    for y, (a, b) in enumerate(
        zip(
            [("Earnings", "Current"), *left],
            [("Taxes & Deductions", "Current"), *right],
            strict=True,
        )
    ):
        for x, (label, value) in ((40, a), (320, b)):
            put(canvas, x, 700 - 14 * y, label)
            canvas.drawRightString(x + 220, 700 - 14 * y, value)
    canvas.save()
    data = read(tmp_path, buffer.getvalue())
    assert list(pay(data["deductions"]["subtotals"])) == [row[0].upper() for row in TAKEN]
    assert net_of(data) == "1995.23"


def test_a_total_without_a_name_is_told_by_what_it_adds_up(tmp_path: Path) -> None:
    rows = [("Earnings", *HEAD), EARNED[0], ("Bonus", "100.00", "100.00")]
    total = ("", "2,500.00", "12,100.00")
    data = read(tmp_path, sheet([*rows, total, ("Deductions", *HEAD), *TAKEN]))
    assert pay(data["earnings"]["totals"]) == {"": "2500.00"}


def test_a_summary_may_have_a_column_for_each_total(tmp_path: Path) -> None:
    rows = [
        ("", "Gross Pay", "Pre Tax Deductions", "Employee Taxes", "Net Pay"),
        ("Current", "2,400.00", "0.00", "404.77", "1,995.23"),
        ("YTD", "12,000.00", "0.00", "2,023.85", "9,976.15"),
    ]
    found = look(tmp_path, sheet(rows, (180, 290, 400, 500)))
    assert clean(found)
    assert net_of(found.ocr_data or {}) == "1995.23"


def test_taxable_wages_are_no_taxes(tmp_path: Path) -> None:
    wages: list[Row] = [("Taxable Wages", *HEAD), ("Medicare", "2,400.00", "12,000.00")]
    rows = [("Earnings", *HEAD), *EARNED, ("Deductions", *HEAD), *TAKEN, NET, *wages]
    assert clean(look(tmp_path, sheet(rows)))


def test_hours_off_are_no_pay(tmp_path: Path) -> None:
    leave: list[Row] = [("Time Off", "Used", "Balance"), ("Vacation", "8.00", "32.00")]
    rows = [("Earnings", *HEAD), *EARNED, ("Deductions", *HEAD), *TAKEN, NET, *leave]
    found = look(tmp_path, sheet(rows))
    assert clean(found)
    assert list(pay((found.ocr_data or {})["earnings"]["subtotals"])) == ["REGULAR PAY"]


# -- net pay that stands in no table


def test_net_pay_is_read_from_a_sentence(tmp_path: Path) -> None:
    rows = [("Earnings", *HEAD), *EARNED, ("Deductions", *HEAD), *TAKEN]
    told = ("40", "500", "Your net pay of $1,995.23 was sent to your bank.")
    assert net_of(read(tmp_path, sheet(rows, (360, 480), told))) == "1995.23"


@pytest.mark.parametrize("place", [(470, 524), (470, 492)])
def test_net_pay_is_read_from_a_box(tmp_path: Path, place: tuple[int, int]) -> None:
    rows = [("Earnings", *HEAD), *EARNED, ("Deductions", *HEAD), *TAKEN]
    box = (("470", "508", "Net Pay"), (*map(str, place), "$1,995.23"))
    assert net_of(read(tmp_path, sheet(rows, (360, 440), *box))) == "1995.23"


# -- what is added to pay, or only shown


@pytest.mark.parametrize(
    "extra",
    [
        ("Group Term Life", "4.15", "20.75"),
        ("Employer Medicare", "34.80", "174.00"),
        ("401(k) Match", "72.00", "360.00"),
        ("Annual Salary", "62,400.00"),
        ("Federal taxable wages", "2,400.00", "12,000.00"),
        ("FIT Gross", "1,950.00", "9,750.00"),
        ("Pension Gross", "2,216.40", "11,082.00"),
    ],
)
def test_what_is_only_shown_changes_no_sum(tmp_path: Path, extra: Row) -> None:
    assert clean(look(tmp_path, stub(extra)))


def test_a_check_may_be_for_what_did_not_go_to_accounts(tmp_path: Path) -> None:
    split = [("Checking 1234", "600.00"), ("Savings 5678", "400.00"), ("Net Check", "995.23")]
    assert clean(look(tmp_path, stub(*split)))


def test_an_annual_salary_is_read_as_one(tmp_path: Path) -> None:
    data = read(tmp_path, stub(("Annual Salary", "62,400.00")))
    assert data["employment_details"]["annual_salary"]["amount"] == "62400.00"
    assert pay(data["earnings"]["totals"]) == {"GROSS PAY": "2400.00"}


def test_a_reimbursement_is_paid_beside_gross(tmp_path: Path) -> None:
    repaid = ("Expense Reimbursement", "40.00", "40.00")
    assert clean(look(tmp_path, stub(repaid, net=("Net Pay", "2,035.23", "10,016.15"))))


@pytest.mark.parametrize("form", ["-{}", "({})", "{}-"])
def test_deductions_may_be_negative(tmp_path: Path, form: str) -> None:
    taken = [(name, form.format(now), form.format(year)) for name, now, year in TAKEN]
    total = ("Total Deductions", form.format("404.77"), form.format("2,023.85"))
    rows = [("Earnings", *HEAD), *EARNED, ("Deductions", *HEAD), *taken, total, NET]
    assert clean(look(tmp_path, sheet(rows)))


def test_a_refund_reduces_deductions(tmp_path: Path) -> None:
    refund = ("Medical Refund", "(50.00)", "(50.00)")
    assert clean(look(tmp_path, stub(refund, net=("Net Pay", "2,045.23", "10,026.15"))))


# -- people


@pytest.mark.parametrize(
    "place",
    [
        (("300", "720", "Employee"), ("300", "708", "Ines O. Calloway")),
        (("300", "720", "Employee Name:"), ("390", "720", "Ines O. Calloway")),
        (("300", "720", "Ines O. Calloway"), ("300", "708", "Employee Name")),
    ],
)
def test_an_employee_is_named_below_beside_or_above_the_label(
    tmp_path: Path, place: tuple[Row, ...]
) -> None:
    rows = [("Earnings", *HEAD), *EARNED, ("Deductions", *HEAD), *TAKEN, NET]
    data = read(tmp_path, sheet([("",)] * 2 + rows, (360, 480), *place))
    assert data["employee"]["name"] == "Ines O. Calloway"


def test_a_tax_is_no_employer(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    put(canvas, 40, 760, "Earnings Statement")
    for y, row in enumerate([("Earnings", "Current"), *(r[:2] for r in (*EARNED, *TAKEN, NET))]):
        put(canvas, 40, 700 - 14 * y, row[0])
        canvas.drawRightString(300, 700 - 14 * y, row[1])
    canvas.save()
    assert read(tmp_path, buffer.getvalue())["employer"]["name"] != "Social Security"


def test_days_before_months_are_no_impossible_dates(tmp_path: Path) -> None:
    data = paystub(period="16.02.2026 - 28.02.2026", paid="05.03.2026")
    found = look(tmp_path, data)
    assert clean(found)
    assert (found.ocr_data or {})["paystub_details"]["pay_date"] == "2026-03-05"


# -- more than one


def two(first: bytes, second: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(first)))
    writer.add_page(PdfReader(io.BytesIO(second)).pages[0])
    return written(writer, first)


def test_two_paystubs_in_a_file_are_two(tmp_path: Path) -> None:
    march = paystub(period="Mar 1, 2026 - Mar 15, 2026", paid="Mar 20, 2026")
    found = look(tmp_path, two(paystub(), march))
    assert clean(found)
    assert len((found.ocr_data or {})["deductions"]["subtotals"]) == 4


def test_the_second_paystub_in_a_file_is_checked_too(tmp_path: Path) -> None:
    changed = replaced(paystub(), "$1,911.76", "$2,911.76", incremental=False)
    assert "sbx_sums_do_not_add_up" in signals(look(tmp_path, two(paystub(), changed)))
