"""Fonts, alignment and scans: one fraud, one honest oddity each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.pdfgen.canvas import Canvas

from tests.support.payroll_papers import (
    NET,
    Print,
    look,
    merged,
    paystub,
    put,
    signals,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas


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
    found = signals(look(tmp_path, paystub({NET: how})))
    assert set(found) == {signal}
    assert NET in {item["text"] for item in found[signal]}


@pytest.mark.parametrize(
    "how",
    [
        {"": Print(font="Courier")},
        {"": Print(size=8)},
        {"": Print(dx=2)},
        {NET: Print("Helvetica-Bold"), "$6,027.90": Print("Helvetica-Bold")},
        {NET: Print(size=11), "$6,027.90": Print(size=11)},
    ],
    ids=["amounts in Courier", "smaller amounts", "all moved", "bold totals", "larger totals"],
)
def test_a_house_style_is_no_edit(tmp_path: Path, how: dict[str, Print]) -> None:
    assert look(tmp_path, paystub(how)).ocr_authenticity_score == 100


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
