"""Fonts, alignment and scans: one fraud, one honest oddity each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from tests.support.payroll_papers import (
    NET,
    Print,
    look,
    merged,
    paystub,
    put,
    replaced,
    signals,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas


WITHHELD, TIPS = "$151.17", "$310.00"


# -- print
@pytest.mark.parametrize(
    ("how", "signal"),
    [
        (Print(font="Times-Roman"), "sbx_fonts_mixed_in_line"),
        (Print(size=8.2), "sbx_fonts_mixed_in_line"),
        (Print(dy=1.2), "sbx_fields_misaligned"),
        (Print(dx=-3.5), "sbx_fields_misaligned"),
    ],
    ids=["font", "size", "off its line", "off its column"],
)
def test_a_value_set_apart_from_its_neighbours_is_named(
    tmp_path: Path, how: Print, signal: str
) -> None:
    found = signals(look(tmp_path, paystub({WITHHELD: how})))
    assert set(found) == {signal}
    assert WITHHELD in {item["text"] for item in found[signal]}


@pytest.mark.parametrize(
    "how",
    [
        {"": Print(font="Courier")},
        {"": Print(size=8)},
        {"": Print(dx=2)},
        {NET: Print("Helvetica-Bold"), "$6,027.90": Print("Helvetica-Bold")},
        {NET: Print(size=11), "$6,027.90": Print(size=11)},
        {NET: Print("Helvetica-Bold", 12)},
        {NET: Print("Times-Roman")},
        {NET: Print(dx=-4, dy=-0.8)},
        {TIPS: Print("Helvetica-Bold", 12)},
    ],
    ids=[
        "amounts in Courier",
        "smaller amounts",
        "all moved",
        "bold totals",
        "larger totals",
        "net pay in large print",
        "net pay in another font",
        "net pay in a frame",
        "an amount in large print",
    ],
)
def test_a_house_style_is_no_edit(tmp_path: Path, how: dict[str, Print]) -> None:
    assert look(tmp_path, paystub(how)).ocr_authenticity_score == 100


@pytest.mark.parametrize("said", ["$151.17-", "$151.17*", r"\($151.17\)"])
def test_brackets_and_signs_hang_out_of_a_column(tmp_path: Path, said: str) -> None:
    before = stringWidth("(", "Helvetica", 9) if said.startswith("\\") else 0
    data = paystub({WITHHELD: Print(dx=-before)})
    hanging = replaced(data, f"({WITHHELD})", f"({said})", incremental=False)
    assert "sbx_fields_misaligned" not in signals(look(tmp_path, hanging))


def test_the_number_of_a_note_moves_an_amount(tmp_path: Path) -> None:
    def note(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 5)
        canvas.drawString(447.2, 541.5, "1")

    moved = merged(paystub({WITHHELD: Print(dx=-3)}), note)
    assert look(tmp_path, moved).ocr_authenticity_score == 100


def test_a_line_of_machine_readable_figures_is_no_value(tmp_path: Path) -> None:
    def bank(canvas: Canvas) -> None:
        canvas.setFont("Courier", 12)
        canvas.drawRightString(451, 60, "C000123C A011000015A 1234567C")

    assert look(tmp_path, merged(paystub(), bank)).ocr_authenticity_score == 100


def test_the_last_digits_of_an_account_may_be_bold(tmp_path: Path) -> None:
    def account(canvas: Canvas) -> None:
        put(canvas, 40, 60, "Account 000123")
        put(canvas, 40 + canvas.stringWidth("Account 000123"), 60, "4567", "Helvetica-Bold")

    assert look(tmp_path, merged(paystub(), account)).ocr_authenticity_score == 100


@pytest.mark.parametrize(("pieces", "mixed"), [(("$1,5", "37.87"), True), (("$", NET[1:]), False)])
def test_a_change_of_font_between_digits_counts_and_at_the_dollar_sign_does_not(
    tmp_path: Path, pieces: tuple[str, str], *, mixed: bool
) -> None:
    def draw(canvas: Canvas) -> None:
        put(canvas, 400, 60, pieces[0])
        put(canvas, 400 + canvas.stringWidth(pieces[0], "Helvetica", 9), 60, pieces[1], "Courier")

    found = signals(look(tmp_path, merged(paystub(), draw)))
    assert ("sbx_fonts_mixed_in_line" in found) is mixed


def unseen(canvas: Canvas) -> None:
    words = canvas.beginText(60, 60)
    words.setTextRenderMode(3)
    words.textOut("Net Pay 9,999.00")
    canvas.drawText(words)


def white(canvas: Canvas) -> None:
    canvas.setFillGray(1)
    put(canvas, 50, 20, "IDX 004411 01/23/2026 CHK 1,730.81-A 900.00")


@pytest.mark.parametrize("draw", [unseen, white])
def test_what_a_page_does_not_show_costs_nothing(
    tmp_path: Path, draw: Callable[[Canvas], object]
) -> None:
    assert look(tmp_path, merged(paystub(), draw)).ocr_authenticity_score == 100


def test_what_was_cropped_away_costs_nothing(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.pages[0].cropbox = RectangleObject((0, 560, 612, 792))
    assert look(tmp_path, written(writer, paystub())).ocr_authenticity_score == 100
