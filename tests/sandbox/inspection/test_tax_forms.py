"""W-2 and 1099-NEC forms: what is read, and copies that disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.payroll_papers import (
    WAGES,
    look,
    signals,
    w2,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_w2_is_read_into_raw_fields(tmp_path: Path) -> None:
    found = look(tmp_path, w2(), "paystubs")
    data: dict[str, Any] = found.ocr_data or {}
    fields = {key: item["value"] for key, item in data["raw_fields"].items()}
    assert (found.found_type, data["form_type"]) == ("W-2", "W2")
    assert fields["wagesTipsOtherComp"] == "52310.55"
    assert fields["employeeName"] == "Josefina Q. Marble"
    assert fields["employeeSocialSecurityNumber"] == "912-33-0044"
    assert fields["employerAddressCity"] == "Dayton"
    assert fields["year"] == "2024"
    assert data["raw_fields"]["allocatedTips"]["is_empty"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (WAGES, "82310.55", "wagesTipsOtherComp"),
        ("912-33-0044", "912-33-0045", "employeeSocialSecurityNumber"),
        ("Josefina Q. Marble", "Lavinia T. Croft", "employeeName"),
    ],
)
def test_a_w2_changed_in_one_copy_alone_contradicts_itself(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    (found,) = signals(look(tmp_path, w2(second={old: new})))["sbx_copies_disagree"]
    assert found == {"field": field, "one_copy": old, "another_copy": new}


def test_two_w2s_of_two_employers_on_one_page_do_not_contradict_each_other(tmp_path: Path) -> None:
    other = {
        WAGES: "9310.55",
        "4811.02": "811.02",
        "3413.95": "577.25",
        "798.42": "135.00",
        "55063.74": "9310.55",
        "00-1122334": "00-2233445",
        "Harrowgate Tooling Inc": "Quill & Thorn LLC",
    }
    assert look(tmp_path, w2(second=other)).ocr_authenticity_score == 100


def test_one_value_of_a_form_in_another_font_is_named(tmp_path: Path) -> None:
    found = signals(look(tmp_path, w2(fonts={WAGES: "Times-Roman"})))["sbx_fonts_mixed_in_line"]
    assert {item["text"] for item in found} == {WAGES}


def test_a_form_may_be_filled_in_with_any_one_font(tmp_path: Path) -> None:
    assert look(tmp_path, w2(fonts={"": "Times-Bold"})).ocr_authenticity_score == 100
