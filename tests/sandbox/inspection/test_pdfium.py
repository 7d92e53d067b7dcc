"""What a viewer shows of a PDF is what is read, and what it does not show is known as such."""

from __future__ import annotations

import io
import struct
import time
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from argyle_nb.sandbox.inspection import pdfium
from argyle_nb.sandbox.inspection.layout import see
from argyle_nb.sandbox.inspection.pdfium import PdfFile, UnreadablePdfError
from tests.support.raw_pdfs import HELVETICA, form, image, page_of, pdf_of, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.sandbox.inspection.layout import TextPage
    from argyle_nb.sandbox.inspection.page_content import PageContent

FORM = b"/XObject<</X 5 0 R>>"
OVER_IT = b"90 690 80 30 re f "
WHITE, BLACK = b"1 g ", b"0 g "
FULL_PAGE = b"q 612 0 0 792 0 0 cm /X Do Q "
GREY_DOT = b"/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray"


def text(shown: bytes, x: float = 100, y: float = 700, size: float = 12) -> bytes:
    return b"BT /F1 %g Tf %g %g Td (%s) Tj ET " % (size, x, y, shown)


NET = text(b"100.00")


def read(data: bytes) -> PageContent:
    with PdfFile(data) as file:
        return file.page(1)


def seen(data: bytes) -> TextPage:
    return see(read(data))


def texts(data: bytes) -> list[str]:
    return [run.text for run in read(data).runs]


def hidden(data: bytes) -> list[tuple[str, str, str]]:
    return [(piece.run.text, piece.reason, piece.by) for piece in seen(data).hidden]


# -- repeated glyphs at one place


@pytest.mark.parametrize(("below", "above"), [("100.00", "900.00"), ("1", "9"), ("1.00", "1.09")])
def test_both_of_two_amounts_at_one_place_are_read(below: str, above: str) -> None:
    page = page_of(text(below.encode()) + text(above.encode()))
    assert (seen(page).text, hidden(page)) == (above, [(below, "overprinted", above)])


def test_thirty_texts_at_one_place_are_all_read() -> None:
    amounts = [f"{number}00.00" for number in range(10, 40)]
    page = page_of(b"".join(text(amount.encode()) for amount in amounts))
    assert sorted(texts(page)) == amounts


@pytest.mark.parametrize("prints", [2, 3])
def test_bold_that_is_faked_by_printing_again_is_one_text(prints: int) -> None:
    page = page_of(b"".join(text(b"Net Pay 100.00", 100 + 0.3 * at) for at in range(prints)))
    assert (seen(page).text, hidden(page)) == ("Net Pay  100.00", [])


def test_an_amount_over_another_is_read_when_both_are_in_forms() -> None:
    page = page_of(
        b".5 0 0 .5 0 0 cm /X Do /Y Do",
        form(NET, HELVETICA),
        form(text(b"900.00"), HELVETICA),
        resources=b"/XObject<</X 5 0 R/Y 6 0 R>>",
    )
    assert hidden(page) == [("100.00", "overprinted", "900.00")]


def test_one_text_that_steps_back_over_itself_is_known_as_two() -> None:
    page = page_of(b"BT /F1 12 Tf 100 700 Td [(100.00) 3058 (900.00)] TJ ET")
    assert texts(page) == ["100.00", "9"]  # PDFium itself drops the glyphs that are the same


def test_one_digit_set_back_over_another_is_no_longer_number() -> None:
    page = page_of(b"BT /F1 12 Tf 100 700 Td [(1) 556 (9)] TJ ET")
    assert texts(page) == ["1", "9"]


# -- ActualText


@pytest.mark.parametrize(
    "mark",
    [
        b"/Span<</ActualText(900.00)>>BDC ",
        b"/P<<>>BDC /Span<</ActualText(900.00)>>BDC ",
        b"/S /A BDC ",
    ],
)
def test_what_is_shown_is_read_not_what_is_said_to_be_shown(mark: bytes) -> None:
    page = page_of(
        mark + NET + b"EMC " * mark.count(b"BDC"),
        b"<</ActualText(900.00)>>",
        resources=b"/Properties<</A 5 0 R>>",
    )
    assert [run.text for run in read(page).runs] == ["100.00"]


def test_an_actual_text_too_long_to_be_one_is_not_read() -> None:
    page = page_of(b"/Span<</ActualText(%s)>>BDC %sEMC" % (b"9" * 50_000, NET))
    assert [run.text for run in read(page).runs] == ["100.00"]


# -- what is not seen

OFF = b"/OCProperties<</OCGs[5 0 R]/D<</OFF[5 0 R]>>>>"
ON = b"/OCProperties<</OCGs[5 0 R]/D<</ON[5 0 R]>>>>"
LAYER = b"<</Type/OCG/Name(Draft)>>"
ON_LAYER = b"/OC /L BDC " + NET + b"EMC"
GROUP = b"/Group<</S/Transparency/CS/DeviceGray>>"


def layered(catalog: bytes) -> bytes:
    return page_of(ON_LAYER, LAYER, resources=b"/Properties<</L 5 0 R>>", catalog=catalog)


def by_membership(catalog: bytes) -> bytes:
    member = b"<</Type/OCMD/OCGs[5 0 R]/P/AllOn>>"
    properties = b"/Properties<</L 6 0 R>>"
    return page_of(ON_LAYER, LAYER, member, resources=properties, catalog=catalog)


def form_on_layer(catalog: bytes) -> bytes:
    resources = b"/XObject<</X 6 0 R>>"
    drawing = form(NET, HELVETICA, b"/OC 5 0 R")
    return page_of(b"/X Do", LAYER, drawing, resources=resources, catalog=catalog)


def form_in_marks(catalog: bytes) -> bytes:
    resources = b"/XObject<</X 6 0 R>>/Properties<</L 5 0 R>>"
    content = b"/OC /L BDC /X Do EMC"
    return page_of(content, LAYER, form(NET, HELVETICA), resources=resources, catalog=catalog)


def with_state(state: bytes, content: bytes = b"/G gs " + NET, *more: bytes) -> bytes:
    return page_of(content, *more, resources=b"/ExtGState<</G<<%s>>>>" % state + FORM)


def masked(grey: bytes) -> bytes:
    mask = form(grey + b" g 0 0 612 792 re f", b"", GROUP)
    return with_state(b"/SMask<</S/Luminosity/G 5 0 R>>", b"/G gs " + NET, mask)


def under_picture(*entries: bytes) -> bytes:
    draw = b"q 80 0 0 30 90 690 cm /X Do Q"
    return page_of(NET + draw, *entries, resources=FORM)


NOT_SEEN = {
    "white on white": page_of(WHITE + NET),
    "nearly white": page_of(b".97 g " + NET),
    "without ink": page_of(b"3 Tr " + NET),
    "fully transparent": with_state(b"/ca 0"),
    "faint": with_state(b"/ca .04"),
    "clipped away": page_of(b"0 0 9 9 re W n " + NET),
    "clipped away by two": page_of(b"0 0 400 792 re W n 400 0 200 792 re W n " + NET),
    "in a form's box that leaves it out": page_of(
        b"/X Do", form(NET, HELVETICA).replace(b"612 792", b"50 50"), resources=FORM
    ),
    "outside the page": page_of(text(b"100.00", 700)),
    "outside the crop box": page_of(NET, page=b"/CropBox[0 0 90 90]"),
    "on a layer": layered(OFF),
    "on a layer by membership": by_membership(OFF),
    "in a form on a layer": form_on_layer(OFF),
    "in a form inside a layer": form_in_marks(OFF),
    "behind a mask": masked(b"0"),
}


@pytest.mark.parametrize("page", NOT_SEEN.values(), ids=NOT_SEEN)
def test_what_no_pixel_shows_is_not_read(page: bytes) -> None:
    shown = seen(page)
    assert shown.text == ""
    assert {piece.reason for piece in shown.hidden} <= {"invisible", "layer"}


COVERED = {
    "by a white box": page_of(NET + WHITE + OVER_IT),
    "by a box of a form": page_of(NET + b"/X Do", form(WHITE + OVER_IT), resources=FORM),
    "by a round box": page_of(
        NET + WHITE + b"90 700 m 90 730 90 720 100 720 c 170 720 l 170 690 l 90 690 l h f"
    ),
    "by a thick line": page_of(NET + b"1 G 20 w 90 704 m 170 704 l S"),
    "by a thick upright line": page_of(NET + b"1 G 90 w 120 600 m 120 790 l S"),
    "by a picture": under_picture(image(GREY_DOT, b"\xff")),
    "when it was painted in a form": page_of(
        b"/X Do " + WHITE + OVER_IT, form(NET, HELVETICA), resources=FORM
    ),
}


@pytest.mark.parametrize("page", COVERED.values(), ids=COVERED)
def test_what_is_painted_over_is_covered(page: bytes) -> None:
    assert (seen(page).text, hidden(page)) == ("", [("100.00", "covered", "")])


@pytest.mark.parametrize("page", COVERED.values(), ids=COVERED)
def test_what_is_written_on_the_cover_is_known(page: bytes) -> None:
    over = PdfWriter(clone_from=PdfReader(io.BytesIO(page)))
    written = PdfReader(io.BytesIO(page_of(b"1 0 0 rg " + text(b"900.00"))))
    over.pages[0].merge_page(written.pages[0])
    buffer = io.BytesIO()
    over.write(buffer)
    assert hidden(buffer.getvalue()) == [("100.00", "covered", "900.00")]


SEEN = {
    "plain": page_of(NET),
    "white on black": page_of(BLACK + OVER_IT + WHITE + NET),
    "yellow": page_of(b"1 1 0 rg " + NET),
    "red on a blue as bright": page_of(b"0 .2 1 rg " + OVER_IT + b".9 0 .1 rg " + NET),
    "in outlines": page_of(b"1 Tr " + NET),
    "in outlines over white": page_of(b"2 Tr 1 g " + NET),
    "half transparent": with_state(b"/ca .5"),
    "under a highlighter": with_state(b"/BM/Multiply", NET + b"/G gs 1 1 0 rg " + OVER_IT),
    "under a veil": with_state(b"/ca .5", NET + b"/G gs 1 g " + OVER_IT),
    "inside its clip": page_of(b"0 0 612 792 re W n " + NET),
    "on a layer that is on": layered(ON),
    "on a layer by membership": by_membership(ON),
    "in a form on a layer that is on": form_on_layer(ON),
    "in a form inside a layer that is on": form_in_marks(ON),
    "behind an open mask": masked(b"1"),
    "under an image that its mask takes away": under_picture(
        image(GREY_DOT + b"/SMask 6 0 R", b"\xff"), image(GREY_DOT, b"\0")
    ),
    "under a rule": page_of(NET + b"90 704 80 1 re f"),
    "beside a triangle": page_of(NET + WHITE + b"0 690 m 99 690 l 99 790 l h f"),
    "in a frame by winding": page_of(
        NET + b"90 690 m 170 690 l 170 720 l 90 720 l h 91 691 m 91 719 l 169 719 l 169 691 l h f"
    ),
    "in a frame by even and odd": page_of(NET + b"90 690 80 30 re 91 691 78 28 re f*"),
    "in many frames of one path": page_of(
        NET
        + b"".join(b"%d 680 80 60 re %d 681 78 58 re " % (x, x + 1) for x in range(0, 600, 90))
        + b"f*"
    ),
    "in a stroked box": page_of(NET + b"20 w 80 680 100 50 re S"),
    "over a shading": page_of(
        b"/S sh " + NET,
        b"<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 612 0]/Function 6 0 R>>",
        b"<</FunctionType 2/N 1/Domain[0 1]/C0[.9]/C1[1]>>",
        resources=b"/Shading<</S 5 0 R>>",
    ),
}


@pytest.mark.parametrize("page", SEEN.values(), ids=SEEN)
def test_what_a_pixel_shows_is_read(page: bytes) -> None:
    assert (seen(page).text, hidden(page)) == ("100.00", [])


def test_text_without_ink_under_the_same_text_is_not_seen() -> None:
    page = page_of(b"3 Tr " + text(b"900.00") + b"0 Tr " + NET)
    assert [(run.text, run.seen) for run in read(page).runs] == [
        ("900.00", False),
        ("100.00", True),
    ]


def test_only_the_part_inside_the_clip_is_read() -> None:
    page = page_of(b"0 0 160 792 re W n " + text(b"Income Tax - filing status single"))
    assert seen(page).text.startswith("Income Tax")
    assert "status" not in seen(page).text


# -- how programs write


def test_letters_painted_one_by_one_are_one_text() -> None:
    letters = b"".join(text(b"%c" % c, 100 + 6.672 * at) for at, c in enumerate(b"1234567"))
    assert texts(page_of(letters)) == ["1234567"]


def test_letters_of_another_colour_stay_apart() -> None:
    page = page_of(text(b"12") + b"1 0 0 rg " + text(b"34", 113.34))
    assert texts(page) == ["12", "34"]


def test_columns_of_one_text_are_parted() -> None:
    page = page_of(b"BT /F1 9 Tf 9 700 Td [(Regular) -6000 (80.00) -5000 (1,650.00)] TJ ET")
    assert texts(page) == ["Regular", "80.00", "1,650.00"]


def test_a_wide_space_at_the_end_covers_nothing() -> None:
    page = page_of(b"300 Tw " + text(b"Paid ") + text(b"03/05/2026", 200))
    assert (seen(page).text, hidden(page)) == ("Paid  03/05/2026", [])


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_that_is_shown_turned_is_read_as_shown(rotation: int) -> None:
    page = read(page_of(NET, page=b"/Rotate %d" % rotation))
    assert [run.text for run in page.runs] == ["100.00"]
    [run] = page.runs
    assert run.box.x1 - run.box.x0 > run.box.y1 - run.box.y0  # from left to right again
    assert (page.width, page.height) == (612, 792)


@pytest.mark.parametrize(
    ("matrix", "shown"), [(b"0 1 -1 0 612 0", (612, 792)), (b"-1 0 0 -1 612 792", (612, 792))]
)
def test_print_that_is_turned_itself_is_read(matrix: bytes, shown: tuple[int, int]) -> None:
    page = read(page_of(b"%s cm " % matrix + NET))
    assert [run.text for run in page.runs] == ["100.00"]
    assert sorted((page.width, page.height)) == sorted(shown)


def test_patches_and_fields_turn_with_the_page() -> None:
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(net)/Rect[90 690 170 720]>>"
    page = read(
        page_of(
            b".9 g " + OVER_IT + BLACK + NET,
            field,
            page=b"/Rotate 90/Annots[5 0 R]",
            catalog=b"/AcroForm<</Fields[5 0 R]>>",
        )
    )
    [run], [field_box] = page.runs, page.fields
    assert run.box.shared(page.patches[0].box) == pytest.approx(1)
    assert run.box.shared(field_box.box) == pytest.approx(1)


def test_a_slanted_stamp_is_no_part_of_the_text() -> None:
    stamp = b"BT /F1 40 Tf .7 .7 -.7 .7 100 100 Tm (COPY) Tj ET"
    assert texts(page_of(NET + stamp)) == ["100.00"]


@pytest.mark.parametrize("entry", [b"/CropBox[50 600 400 750]", b"/CropBox[-99 600 999 9999]"])
def test_places_are_counted_from_the_corner_of_what_is_shown(entry: bytes) -> None:
    [run] = read(page_of(NET, page=entry)).runs
    assert run.box.y0 == pytest.approx(100)


def test_an_inherited_page_box_counts() -> None:
    page = (
        page_of(NET)
        .replace(b"/MediaBox[0 0 612 792]", b"")
        .replace(b"/Count 1", b"/Count 1/MediaBox[100 600 700 800]")
    )
    content = read(page)
    assert (content.width, content.height) == (600, 200)
    assert (content.runs[0].box.x0, content.runs[0].box.y0) == pytest.approx((0, 100))


def test_forms_within_forms_put_text_where_it_is_shown() -> None:
    page = page_of(
        b"2 0 0 2 10 10 cm /X Do",
        form(b".5 0 0 .5 20 0 cm /Y Do", b"/XObject<</Y 6 0 R>>", b"/Matrix[1 0 0 1 5 0]"),
        form(NET, HELVETICA),
        resources=FORM,
    )
    [run] = read(page).runs
    assert run.size == pytest.approx(12)
    assert (run.box.x0, run.box.y0) == pytest.approx((160, 710), abs=0.01)


@pytest.mark.parametrize(
    "content",
    [
        b"BT /F1 -12 Tf -1 0 0 -1 100 700 Tm (100.00) Tj ET",
        b"BT /F1 1 Tf 12 0 0 12 100 700 Tm (100.00) Tj ET",
        b"1 0 0 -1 0 792 cm BT /F1 12 Tf 1 0 0 -1 100 92 Tm (100.00) Tj ET",
        b"BT /F1 12 Tf 1 0 .3 1 100 700 Tm (100.00) Tj ET",
        b"BT /F1 6 Tf 2 0 0 2 100 690 Tm 5 Ts (100.00) Tj ET",
    ],
    ids=["negative size", "size in the matrix", "upside down twice", "slanted", "raised"],
)
def test_size_and_place_are_those_of_the_print(content: bytes) -> None:
    [run] = read(page_of(content)).runs
    assert run.size == pytest.approx(12)
    assert (run.box.x0, run.box.y0) == pytest.approx((100, 700), abs=0.01)
    assert run.box.x1 == pytest.approx(136.70, abs=0.1)


def test_a_hyphen_at_the_end_of_a_line_is_one() -> None:
    page = page_of(text(b"Self-") + text(b"employment tax", 100, 686))
    assert texts(page) == ["Self-", "employment tax"]


def test_one_sign_for_two_letters_is_read_as_both() -> None:
    page = page_of(
        b"BT /F2 12 Tf 100 700 Td (of\001ce) Tj ET",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        stream(b"1 beginbfchar <01> <00660069> endbfchar"),
        resources=b"/Font<</F2 5 0 R>>",
    ).replace(HELVETICA, b"")
    assert texts(page) == ["office"]


def test_black_ink_is_black() -> None:
    [run] = read(page_of(b"0 0 0 1 k " + NET)).runs
    assert max(run.colour) < 0.2


@pytest.mark.parametrize(
    ("name", "exact"), [(b"Helvetica", True), (b"ABCDEF+Larkspur-Bold", False)]
)
def test_a_font_is_known_by_its_own_name(name: bytes, exact: bool) -> None:
    page = page_of(NET).replace(b"/BaseFont/Helvetica", b"/BaseFont/" + name)
    [run] = read(page).runs
    assert (run.font.name, run.font.exact) == (name.decode(), exact)


# -- annotations, fields, signatures

NOTE = b"<</Type/Annot/Subtype/FreeText/Rect[100 500 300 520]/AP<</N 6 0 R>>%s>>"
NOTE_FORM = form(text(b"seen 9.00", 0, 5), HELVETICA).replace(b"612 792", b"200 20")


def test_an_annotation_is_read_and_known_as_one() -> None:
    runs = read(page_of(NET, NOTE % b"", NOTE_FORM, page=b"/Annots[5 0 R]")).runs
    assert [(run.text, run.annotation) for run in runs] == [("100.00", False), ("seen 9.00", True)]


def test_a_hidden_annotation_is_not_read() -> None:
    page = page_of(NET, NOTE % b"/F 2", NOTE_FORM, page=b"/Annots[5 0 R]")
    assert texts(page) == ["100.00"]


def test_five_thousand_annotations_are_read_in_time() -> None:
    started = time.process_time()
    link = b"<</Type/Annot/Subtype/Link/Rect[10 10 90 90]>>"
    annotations = b"7 0 R " * 4_999 + b"5 0 R"
    page = page_of(NET, NOTE % b"", NOTE_FORM, link, page=b"/Annots[%s]" % annotations)
    assert texts(page) == ["100.00", "seen 9.00"]
    assert time.process_time() - started < 5


def form_page(field: bytes, content: bytes = b"") -> bytes:
    return page_of(
        content,
        b"<</Type/Annot/Subtype/Widget/Rect[100 500 300 520]%s>>" % field,
        page=b"/Annots[5 0 R]",
        catalog=b"/AcroForm<</DA(/F1 10 Tf 0 g)/DR<<%s>>/Fields[5 0 R]>>" % HELVETICA,
    )


def test_values_of_fields_without_an_appearance_are_read() -> None:
    page = form_page(b"/FT/Tx/T(net)/V(1947.70)/DA(/F1 10 Tf 0 g)")
    content = read(page)
    assert [run.text for run in content.runs] == ["1947.70"]
    [field] = content.fields
    assert (field.name, field.value) == ("net", "1947.70")
    assert content.runs[0].box.shared(field.box) > 0.9


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"/FT/Tx/T(a)", ""),
        (b"/FT/Ch/Ff 131072/T(a)/Opt[(x)(y)]/V(x)", "x"),
        (b"/FT/Btn/T(a)/V/Yes/AS/Yes/AP<</N<</Yes null>>>>", "Yes"),
        (b"/FT/Btn/Ff 32768/T(a)/AP<</N<</On null>>>>", "Off"),
        (b"/FT/Sig/T(a)", ""),
    ],
    ids=["text", "choice", "box", "button", "signature"],
)
def test_a_field_of_any_kind_says_its_value(field: bytes, value: str) -> None:
    [found] = read(form_page(field)).fields
    assert (found.name, found.value) == ("a", value)


def test_a_page_without_fields_has_none() -> None:
    assert read(page_of(NET)).fields == []


# -- scans


def jbig2() -> bytes:
    """A picture of 64 by 64 in which the upper half is black, in one region of fax code."""
    picture = Image.new("1", (64, 64), 1)
    picture.paste(0, (0, 0, 64, 32))
    buffer = io.BytesIO()
    picture.save(buffer, "TIFF", compression="group4")
    tags = Image.open(buffer).tag_v2  # type: ignore[attr-defined]
    [place], [length] = tags[273], tags[279]
    code = buffer.getvalue()[place : place + length]
    page = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", 64, 64, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", 64, 64, 0, 0, 0, 1) + code
    return page + struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(buffer, "JPEG")
    return buffer.getvalue()


ONE_BIT = b"/Width 64/Height 64/BitsPerComponent 1/ColorSpace/DeviceGray"
PHOTO = b"/Width 64/Height 64/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode"


@pytest.mark.parametrize(
    "picture",
    [
        image(ONE_BIT + b"/Filter/JBIG2Decode", jbig2()),
        image(ONE_BIT, bytes(512)),
        image(PHOTO, jpeg()),
        image(b"/Width 64/Height 64/ImageMask true/BitsPerComponent 1", b"\x55" * 512),
    ],
    ids=["JBIG2", "plain", "JPEG", "stencil"],
)
def test_a_picture_of_a_page_is_a_scan(picture: bytes) -> None:
    page = seen(page_of(FULL_PAGE, picture, resources=FORM))
    assert page.is_scan


def test_the_words_under_a_scan_are_not_what_is_seen() -> None:
    page = page_of(b"3 Tr " + NET + FULL_PAGE, image(ONE_BIT, bytes(512)), resources=FORM)
    assert seen(page).is_scan


@pytest.mark.parametrize("place", ["page", "form"])
def test_a_jpeg_is_found_wherever_it_is_drawn(place: str) -> None:
    photo = image(PHOTO, jpeg())
    if place == "page":
        page = page_of(FULL_PAGE, photo, resources=FORM)
    else:
        page = page_of(b"/X Do", form(FULL_PAGE, b"/XObject<</X 6 0 R>>"), photo, resources=FORM)
    with PdfFile(page) as file:
        assert file.jpegs(1) == [jpeg_of(photo)]


def jpeg_of(photo: bytes) -> bytes:
    return photo.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]


# -- the file


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_a_file_that_opens_without_a_password_is_read(algorithm: str) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(page_of(NET))))
    writer.encrypt("", "owner", algorithm=algorithm)
    buffer = io.BytesIO()
    writer.write(buffer)
    assert texts(buffer.getvalue()) == ["100.00"]


@pytest.mark.parametrize(
    "broken",
    [
        lambda data: data.split(b"xref\n0")[0] + data[data.index(b"trailer") :],
        lambda data: data.rsplit(b"startxref", 1)[0],
        lambda data: data + bytes(3_000),
        lambda data: b"\r\n\r\n  " + data,
        lambda data: data.replace(b"startxref\n", b"startxref\n9"),
        lambda data: data.replace(b"/Length ", b"/Length 9"),
    ],
    ids=["no table", "no end", "padded", "pushed down", "wrong start", "wrong length"],
)
def test_what_viewers_mend_is_read(broken: Callable[[bytes], bytes]) -> None:
    assert texts(broken(page_of(NET))) == ["100.00"]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"nothing", page_of(NET)[:40]])
def test_what_no_viewer_opens_is_corrupt(data: bytes) -> None:
    with pytest.raises(UnreadablePdfError, match="corrupt"):
        PdfFile(data)


def test_a_page_that_is_not_there_cannot_be_read() -> None:
    page = page_of(NET).replace(b"/Kids[3 0 R]", b"/Kids[9 0 R]")
    with PdfFile(page) as file, pytest.raises(UnreadablePdfError, match="page 1 cannot be read"):
        file.page(1)


def test_the_file_says_what_made_it() -> None:
    made = page_of(NET, b"<</Producer(Larkspur Print)/Title<FEFF00E9>>>").replace(
        b"/Root 1 0 R", b"/Root 1 0 R/Info 5 0 R"
    )
    with PdfFile(made) as file:
        said = [file.info(name) for name in ("Producer", "Title", "Creator")]
        assert (file.page_count, said) == (1, ["Larkspur Print", "é", None])


def test_pages_are_numbered_from_one() -> None:
    kids = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    data = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>", kids, kids
    )
    with PdfFile(data) as file:
        assert (file.page_count, file.page(2).number) == (2, 2)


# -- limits


@pytest.mark.parametrize(
    ("limit", "most", "read_of_it"),
    [("MAX_OBJECTS", 3, 3), ("MAX_GLYPHS", 24, 3), ("MAX_DEPTH", 0, 10)],
)
def test_a_page_beyond_a_limit_is_read_in_part(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, read_of_it: int
) -> None:
    monkeypatch.setattr(pdfium, limit, most)
    lines = b"".join(text(b"10%d.00" % at, 100, 700 - 20 * at) for at in range(10))
    page = page_of(lines + b"/X Do", form(NET, HELVETICA), resources=FORM)
    assert len(texts(page)) == read_of_it


def test_a_page_of_any_size_is_proved_within_the_limit_of_pixels() -> None:
    page = page_of(NET + WHITE + text(b"9.00", 300), box=b"0 0 14400 14400")
    assert [(run.text, run.seen) for run in read(page).runs] == [("100.00", True), ("9.00", False)]


def test_a_place_beyond_numbers_is_left_out() -> None:
    page = page_of(b"q 1e38 0 0 1e38 1e38 1e38 cm 9e37 9e37 9e37 9e37 re f Q " + NET)
    assert "100.00" in texts(page)


@pytest.mark.parametrize("fonts", [1, 2])
def test_sixteen_thousand_single_letters_are_read_in_time(fonts: int) -> None:
    started = time.process_time()
    letters = b"".join(
        b"BT /F%d 5 Tf %g %g Td (%c) Tj ET\n"
        % (1 + at % fonts, 20 + at % 160 * 3.5, 770 - at // 160 * 7.2, 97 + at % 26)
        for at in range(16_000)
    )
    courier = b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>"
    page = page_of(letters, courier).replace(b"/Font<<", b"/Font<</F2 5 0 R")
    found = seen(page)
    assert sum(len(run.text) for run in found.content.runs) >= 16_000
    assert found.hidden == []
    assert time.process_time() - started < 5
