"""Fonts, alignment, hidden text and scans: one fraud, one honest oddity each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.support.payroll_papers import (
    NET,
    Print,
    look,
    merged,
    paystub,
    put,
    signals,
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


def unseen(text: str) -> Callable[[Canvas], object]:
    def draw(canvas: Canvas) -> None:
        words = canvas.beginText(60, 60)
        words.setTextRenderMode(3)
        words.textOut(text)
        canvas.drawText(words)

    return draw


def test_text_that_nobody_sees_is_named(tmp_path: Path) -> None:
    found = signals(look(tmp_path, merged(paystub(), unseen("Net Pay 9,999.00"))))
    assert found["sbx_hidden_layer"] == [{"text": "Net Pay 9,999.00", "hidden_by": "invisible"}]


def test_an_unseen_copy_of_what_is_seen_is_a_scanners_and_honest(tmp_path: Path) -> None:
    data = merged(paystub(), unseen("Regular Hours"))
    assert look(tmp_path, data).ocr_authenticity_score == 100
