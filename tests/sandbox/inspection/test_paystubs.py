"""Reading paystubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from argyle_nb.sandbox.inspection.paystubs import kind_of
from tests.support.payroll_papers import (
    NAME,
    look,
    paystub,
)

if TYPE_CHECKING:
    from pathlib import Path


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
