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
        ("Wage and Tax Statement 2025", "W-2"),
        ("Form 1099-NEC\n1 Nonemployee compensation", "1099"),
        ("We are pleased to offer you", "miscellaneous"),
        ("Grocery list: eggs, flour", None),
    ],
)
def test_a_type_is_told_by_words_or_not_at_all(text: str, kind: str | None) -> None:
    assert classify(text) == kind
