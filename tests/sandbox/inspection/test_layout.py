"""What a reader of a page sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from argyle_nb.sandbox.inspection.edit_checks import read_pages
from tests.support.payroll_papers import new_canvas

if TYPE_CHECKING:
    import io

    from reportlab.pdfgen.canvas import Canvas

    from argyle_nb.sandbox.inspection.layout import TextPage


def seen(buffer: io.BytesIO, drawn: Canvas) -> TextPage:
    drawn.save()
    return read_pages(PdfReader(buffer))[0]


def test_right_aligned_amounts_share_their_right_edge() -> None:
    buffer, drawn = new_canvas()
    for y, text in ((700, "1,234.56"), (680, "9.00")):
        drawn.drawRightString(300, y, text)
    edges = [cell.box.x1 for cell in seen(buffer, drawn).cells]
    assert edges == pytest.approx([300, 300], abs=0.01)


def test_a_row_printed_as_one_text_is_parted_in_label_and_amounts() -> None:
    buffer, drawn = new_canvas()
    drawn.setFont("Courier", 9)
    drawn.drawString(40, 700, "REGULAR PAY    80.00   41.25  3,300.00")
    texts = [cell.text for cell in seen(buffer, drawn).cells]
    assert texts == ["REGULAR PAY", "80.00", "41.25", "3,300.00"]


@pytest.mark.parametrize("how", ["fill", "rounded", "stroke"])
def test_text_under_later_paint_is_hidden_with_what_is_seen_instead(how: str) -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "100.00")
    drawn.setFillColorRGB(1, 1, 1)
    drawn.setStrokeColorRGB(1, 1, 1)
    drawn.setLineWidth(14)
    if how == "stroke":
        drawn.line(95, 704, 145, 704)
    else:
        drawn.roundRect(95, 697, 50, 14, 3 if how == "rounded" else 0, stroke=0, fill=1)
    drawn.setFillColorRGB(0, 0, 0)
    drawn.drawString(100, 700, "900.00")
    page = seen(buffer, drawn)
    assert [(h.run.text, h.reason, h.by) for h in page.hidden] == [("100.00", "covered", "900.00")]
    assert page.text == "900.00"


def test_paint_before_text_hides_nothing() -> None:
    buffer, drawn = new_canvas()
    drawn.rect(90, 690, 100, 30, fill=1)
    drawn.setFillColorRGB(1, 1, 1)
    drawn.drawString(100, 700, "white on black")
    page = seen(buffer, drawn)
    assert (page.hidden, page.text) == ([], "white on black")


def test_a_frame_around_the_page_hides_nothing() -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "inside")
    frame = drawn.beginPath()
    frame.rect(20, 20, 572, 752)
    frame.rect(22, 22, 568, 748)
    drawn.drawPath(frame, stroke=0, fill=1, fillMode=0)
    assert seen(buffer, drawn).hidden == []


def test_a_fill_hides_only_what_lies_inside_its_clip() -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "outside")
    drawn.saveState()
    clip = drawn.beginPath()
    clip.rect(300, 300, 10, 10)
    drawn.clipPath(clip, stroke=0)
    drawn.rect(0, 0, 612, 792, fill=1, stroke=0)
    drawn.restoreState()
    assert seen(buffer, drawn).hidden == []


def test_bold_faked_by_printing_twice_is_one_text() -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "Net Pay")
    drawn.drawString(100.3, 700, "Net Pay")
    page = seen(buffer, drawn)
    assert (page.text, page.hidden) == ("Net Pay", [])


def test_text_without_ink_is_hidden() -> None:
    buffer, drawn = new_canvas()
    text = drawn.beginText(100, 700)
    text.setTextRenderMode(3)
    text.textOut("secret")
    drawn.drawText(text)
    assert [hidden.reason for hidden in seen(buffer, drawn).hidden] == ["invisible"]
