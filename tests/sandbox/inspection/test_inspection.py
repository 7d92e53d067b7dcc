"""The sandbox's look into documents: what it reads, what it finds, and that nothing breaks it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader, PdfWriter

from tests.support.payroll_papers import (
    NAME,
    NET,
    NET_Y,
    OTHER_NAME,
    OTHER_NET,
    WAGES,
    annotated,
    look,
    merged,
    new_canvas,
    paystub,
    put,
    replaced,
    signals,
    w2,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas


def cover(canvas: Canvas) -> None:
    """White paint over net pay and another amount typed on it."""
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(395, NET_Y - 2, 60, 12, stroke=0, fill=1)
    canvas.setFillColorRGB(0, 0, 0)
    put(canvas, 400, NET_Y, OTHER_NET, "Times-Roman")


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


@pytest.mark.parametrize("make", [paystub, w2])
def test_a_genuine_document_loses_no_points(tmp_path: Path, make: Callable[[], bytes]) -> None:
    found = look(tmp_path, make())
    assert signals(found) == {}
    assert found.ocr_authenticity_score == 100


@pytest.mark.parametrize(
    "innocent",
    [
        lambda data: annotated(data, None),
        lambda data: written(PdfWriter(clone_from=PdfReader(io.BytesIO(data))), data),
        lambda data: merged(
            data,
            lambda canvas: (canvas.setFillGray(0.9), canvas.rect(30, 100, 560, 500, 0, 1)),
            over=False,
        ),
        lambda data: merged(
            data,
            lambda canvas: (
                canvas.setFillColorRGB(1, 1, 0),
                canvas.setFillAlpha(0.4),
                canvas.rect(200, 100, 300, 300, 0, 1),
            ),
        ),
    ],
    ids=["note added", "saved as a whole", "shaded table", "highlighter"],
)
def test_an_innocent_change_loses_no_points(
    tmp_path: Path, innocent: Callable[[bytes], bytes]
) -> None:
    assert look(tmp_path, innocent(paystub())).ocr_authenticity_score == 100


def test_an_incremental_save_of_metadata_alone_is_no_edit(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(paystub()), incremental=True)
    writer.add_metadata({"/Title": "March"})
    assert look(tmp_path, written(writer)).ocr_authenticity_score == 100


def test_a_name_changed_by_an_incremental_save_shows_both_names(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NAME, OTHER_NAME, incremental=True))
    (edit,) = signals(found)["employee_name_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NAME, OTHER_NAME)
    assert (found.ocr_authenticity_score or 0) < 30


def test_a_name_changed_in_all_copies_of_a_w2_is_a_name_edit(tmp_path: Path) -> None:
    data = replaced(w2(), "Josefina Q. Marble", "Lavinia T. Croft", incremental=True)
    assert set(signals(look(tmp_path, data))) == {"employee_name_edits"}


def test_an_amount_changed_by_an_incremental_save_shows_both_amounts(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NET, OTHER_NET, incremental=True))
    (edit,) = signals(found)["dollar_amount_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NET, OTHER_NET)


def test_an_amount_changed_without_a_trace_no_longer_adds_up(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NET, OTHER_NET, incremental=False))
    (wrong,) = signals(found)["sbx_sums_do_not_add_up"]
    assert (wrong["expected"], wrong["found"]) == ("1537.87", "3537.87")


def test_an_amount_painted_over_shows_what_is_below(tmp_path: Path) -> None:
    found = look(tmp_path, merged(paystub(), cover))
    (edit,) = signals(found)["dollar_amount_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NET, OTHER_NET)
    assert signals(found)["sbx_text_over_text"] == [{"text_below": NET}]


def test_an_annotation_laid_over_an_amount_is_an_edit(tmp_path: Path) -> None:
    box = f"1 1 1 rg 0 0 60 20 re f BT 0 g /F0 9 Tf 3 6 Td ({OTHER_NET}) Tj ET"
    found = signals(look(tmp_path, annotated(paystub(), box)))
    assert found["sbx_text_over_text"] == [{"text_below": NET}]
    assert {"original_text": NET, "tampered_text": OTHER_NET} in [
        {key: item[key] for key in ("original_text", "tampered_text")}
        for item in found["dollar_amount_edits"]
    ]


def test_a_bar_that_redacts_a_number_is_no_edit(tmp_path: Path) -> None:
    data = merged(paystub(), lambda canvas: canvas.rect(295, 673, 90, 12, stroke=0, fill=1))
    assert set(signals(look(tmp_path, data))) == {"sbx_text_over_text"}


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


def test_wages_raised_in_box_1_alone_are_seen(tmp_path: Path) -> None:
    assert "sbx_sums_do_not_add_up" in signals(look(tmp_path, w2(both={WAGES: "92310.55"})))


def test_a_tax_year_that_has_not_ended_is_impossible(tmp_path: Path) -> None:
    assert "sbx_impossible_dates" in signals(look(tmp_path, w2(year="2098")))


@pytest.mark.parametrize(
    ("names", "signal"),
    [
        ({"/Producer": "QuickPaystubMaker 2"}, "sbx_paystub_generator"),
        ({"/Producer": "Adobe Photoshop 25.5"}, "sbx_edited_by_software"),
        ({"/Producer": "Skia/PDF m126"}, "sbx_printed_to_pdf"),
        (
            {"/CreationDate": "D:20260305120000Z", "/ModDate": "D:20260301120000Z"},
            "sbx_file_dates_contradict",
        ),
    ],
)
def test_what_the_file_says_of_its_origin_is_a_signal(
    tmp_path: Path, names: dict[str, str], signal: str
) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.add_metadata({"/Producer": "Larkspur Print 3", **names})
    assert set(signals(look(tmp_path, written(writer)))) == {signal}


def test_a_page_without_text_is_scored_as_a_picture_and_not_read(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    canvas.rect(100, 100, 200, 200, fill=1)
    canvas.save()
    found = look(tmp_path, buffer.getvalue())
    assert (found.found_type, found.ocr_data) == (None, None)
    assert (found.ocr_authenticity or {})["is_image_based_pdf"] is True
    assert set(signals(found)) == {"sbx_image_only"}


def test_a_turned_page_reads_like_an_upright_one(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.pages[0].rotate(90)
    writer.pages[0].transfer_rotation_to_content()
    found = look(tmp_path, written(writer, paystub()))
    assert (found.ocr_data or {})["employee"]["name"] == NAME
    assert found.ocr_authenticity_score == 100
