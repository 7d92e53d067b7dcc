"""Types, amounts and days as payroll prints them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from argyle_nb.sandbox.inspection.classification import amount, classify, read_day


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
    ("text", "kind"),
    [
        ("Earnings Statement\nNet Pay 10.00\nYTD", "paystubs"),
        ("1 Wages, tips, other compensation\nForm W-2 Wage and Tax Statement", "W-2"),
        ("Form 1099-NEC\n1 Nonemployee compensation", "1099"),
        ("Copy B  VOID  CORRECTED\nForm 1099-INT\nPAYER'S TIN\n1 Interest income", "1099"),
        ("We are pleased to offer you", "miscellaneous"),
        ("Grocery list: eggs, flour", None),
    ],
)
def test_a_type_is_told_by_words_or_not_at_all(text: str, kind: str | None) -> None:
    assert classify(text) == kind


W2_BOXES = """a Employee's social security number
b Employer identification number (EIN)  1  Wages, tips, other compensation
3  Social security wages  4  Social security tax withheld
5  Medicare wages and tips  6  Medicare tax withheld"""


RETURN = """Form 1040 U.S. Individual Income Tax Return
1a Total amount from Form(s) W-2, box 1
25a Form(s) W-2
25b Form(s) 1099
Employer identification number (EIN)"""
SCHEDULE_B = "SCHEDULE B  (Form 1040)\n1 List name of payer\nForm 1099-INT\n3 Interest income"
FORM_8959 = "Form 8959\n1 Medicare wages and tips from Form W-2, box 5\n19 Medicare tax withheld"
ARTICLE = """How to read a W-2
Your Wage and Tax Statement says what your employer paid you, and its second box
says how much federal income tax was withheld from it during the whole of the year."""


@pytest.mark.parametrize(
    "text",
    [
        RETURN,
        SCHEDULE_B,
        FORM_8959,
        ARTICLE,
        "Every pay stub shows gross pay, deductions, and net pay for the pay period.",
        "Forms that we accept\nForm W-2\nForm 1099-MISC\nPaystub",
        f"Summary of W-2 Statements\n{W2_BOXES}",
        f"{W2_BOXES}\nForm 1099-DIV\nPAYER'S TIN\n1a Total ordinary dividends",
        "Payroll register\nNet Pay  Gross Pay\nCurrent  YTD\nEmployee totals",
    ],
)
def test_what_only_mentions_a_payroll_document_is_none(text: str) -> None:
    assert classify(text) is None


def test_a_w2_stays_one_beside_its_own_instructions() -> None:
    notes = "Instructions for Employee\nForm 1040 or 1040-SR. See the Form 1040 instructions."
    assert classify(f"{W2_BOXES}\f{notes}") == "W-2"


def test_a_type_is_told_by_the_first_pages() -> None:
    pages = ["A consent form, to be signed by hand."] * 4
    assert classify("\f".join([*pages, "Earnings Statement\nNet Pay 10.00\nYTD"])) is None
