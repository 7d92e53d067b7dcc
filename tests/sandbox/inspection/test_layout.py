"""What a reader of a page sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from argyle_nb.sandbox.inspection.edit_checks import read_pages
from argyle_nb.sandbox.inspection.page_content import Box, ByPlace, family_of
from argyle_nb.sandbox.inspection.pdfium import PdfFile
from tests.support.payroll_papers import new_canvas

if TYPE_CHECKING:
    import io

    from reportlab.pdfgen.canvas import Canvas

    from argyle_nb.sandbox.inspection.layout import TextPage


def seen(buffer: io.BytesIO, drawn: Canvas) -> TextPage:
    drawn.save()
    with PdfFile(buffer.getvalue()) as file:
        return read_pages(file)[0]


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


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("ABCDEF+Arial-BoldMT", "arial"),
        ("ArialMT", "arial"),
        ("Helvetica-Oblique", "helvetica"),
        ("Arial,Bold", "arial"),
        ("TimesNewRomanPSMT", "timesnew"),
        ("TimesNewRomanPS-BoldMT", "timesnew"),
        ("Bookman-Demi", "bookman"),
        ("BookmanOldStyle", "bookmanoldstyle"),
        ("ABCDEF+Gotham-Book", "gotham"),
        ("Lato-Heavy", "lato"),
        ("Inter-ExtraBold", "inter"),
        ("SegoeUI-Semilight", "segoeui"),
        ("HelveticaNeueLTStd-Md", "helveticaneueltstd"),
        ("Roboto-Thin", "roboto"),
    ],
)
def test_bold_and_regular_of_one_face_are_one_family(name: str, family: str) -> None:
    assert family_of(name) == family


def test_a_dark_bar_without_text_on_it_redacts() -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "912-33-0044")
    drawn.rect(95, 695, 90, 18, stroke=0, fill=1)
    [hidden] = seen(buffer, drawn).hidden
    assert (hidden.reason, hidden.by) == ("redacted", "")


def test_large_print_behind_small_print_is_no_text_over_text() -> None:
    buffer, drawn = new_canvas()
    drawn.setFont("Helvetica", 48)
    drawn.setFillGray(0.8)
    drawn.drawString(90, 690, "COPY")
    drawn.setFillGray(0)
    drawn.setFont("Helvetica", 9)
    drawn.drawString(100, 700, "Net Pay")
    assert seen(buffer, drawn).hidden == []


@pytest.mark.parametrize(
    ("below", "over", "dx"),
    [
        ("W", "e", 6.5),
        ("First, it makes certain technica", "l", 134),
        ("copying", "2", 36),
        ("Date: ______________", "03/05/2026", 30),
        ("Name ..............", "Otis R. Plumleigh", 30),
        ("city or town, state or province, ZIP 00000", "1a", 110),
        ("Employer-paid Long Term Disability Insurance", "12.50", 126),
        ("0450 Night Bakery And Delivery Operations", "03/05/2026", 120),
        ("Authorized signature: Payroll Department", "Jane Doe", 90),
        ("interest on obligations", "Bond", 71),
        ("Mun", "Municipality", 0),
    ],
    ids=[
        *("letters", "the end of a word", "a note", "a line", "dots", "a label too wide"),
        *(
            "a label on its amount",
            "a label on a date",
            "a typed signature",
            "the end",
            "an abbreviation",
        ),
    ],
)
def test_text_that_touches_other_text_does_not_replace_it(below: str, over: str, dx: float) -> None:
    buffer, drawn = new_canvas()
    drawn.setFont("Helvetica", 9)
    drawn.drawString(100, 700, below)
    drawn.drawString(100 + dx, 700, over)
    assert seen(buffer, drawn).hidden == []


@pytest.mark.parametrize(
    ("text", "size", "dy"), [("PAID", 14, -2), ("COPY", 18, -4), ("Title", 13, -7)]
)
@pytest.mark.parametrize("first", ["text", "amount"])
def test_a_stamp_a_watermark_and_a_title_across_an_amount_are_read_apart_from_it(
    text: str, size: int, dy: int, first: str
) -> None:
    buffer, drawn = new_canvas()

    def across() -> None:
        drawn.setFont("Helvetica-Bold", size)
        drawn.drawString(98, 700 + dy, text)

    if first == "text":
        across()
    drawn.setFont("Helvetica", 9)
    drawn.drawString(100, 700, "1,730.81")
    if first == "amount":
        across()
    page = seen(buffer, drawn)
    assert sorted(cell.text for cell in page.cells) == ["1,730.81", text]
    assert page.hidden == []


def test_bold_faked_by_printing_each_letter_twice_is_one_text() -> None:
    buffer, drawn = new_canvas()
    drawn.setFont("Helvetica", 9)
    x = 50.0
    for letter in "Check total 1,730.81":
        drawn.drawString(x, 300, letter)
        drawn.drawString(x + 0.3, 300, letter)
        x += drawn.stringWidth(letter, "Helvetica", 9)
    page = seen(buffer, drawn)
    assert ([cell.text for cell in page.cells], page.hidden) == (["Check total", "1,730.81"], [])


@pytest.mark.parametrize(("below", "over"), [("1", "9"), ("100.00", "9"), ("May", "Jun")])
def test_a_single_figure_over_another_is_text_over_text(below: str, over: str) -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, below)
    drawn.drawString(100, 700, over)
    assert [piece.by for piece in seen(buffer, drawn).hidden] == [over]


def test_a_figure_on_the_figure_at_the_end_of_a_text_is_text_over_text() -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "Period Ending: 12/31/2025")
    drawn.drawString(182, 700, "11/30/2026")
    assert [piece.by for piece in seen(buffer, drawn).hidden] == ["11/30/2026"]


def test_a_figure_on_paint_in_the_middle_of_a_text_is_text_over_text() -> None:
    buffer, drawn = new_canvas()
    drawn.setFont("Helvetica", 9)
    drawn.drawString(100, 700, "direct sales of $5,000 or more")
    drawn.setFillGray(1)
    drawn.rect(160, 697, 32, 11, stroke=0, fill=1)
    drawn.setFillGray(0)
    drawn.drawString(161, 700, "$7,532")
    assert [piece.by for piece in seen(buffer, drawn).hidden] == ["$7,532"]


def test_things_are_found_by_where_they_stand() -> None:
    boxes = {name: Box(x, 0, x + 10, 10) for name, x in (("left", 0), ("right", 500))}
    boxes["page"] = Box(0, 0, 5000, 5000)
    found = ByPlace((box, name) for name, box in boxes.items())
    assert sorted(found.near(Box(490, 5, 505, 8))) == ["page", "right"]
    assert list(found.near(Box(200, 900, 210, 905))) == ["page"]


def test_of_many_at_one_place_the_last_are_looked_at() -> None:
    found = ByPlace((Box(0, 0, 1, 1), number) for number in range(10_000))
    assert set(found.near(Box(0, 0, 1, 1))) == set(range(9_900, 10_000))
