"""PNG and JPEG images: what they say about themselves, and parts that were put in."""

from __future__ import annotations

import io
import random
import struct
import zlib
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from reportlab.pdfgen.canvas import Canvas

from argyle_nb.sandbox.inspection import Inspection, image_checks, inspect
from argyle_nb.sandbox.inspection.image_checks import (
    COMPUTER_SCREENS,
    PHONE_SCREENS,
    image_facts,
    open_image,
)

if TYPE_CHECKING:
    from pathlib import Path


MAKE, MODEL, SOFTWARE, CHANGED = 0x010F, 0x0110, 0x0131, 0x0132


CAMERA, TAKEN, DIGITISED, COMMENT = 0x8769, 0x9003, 0x9004, 0x9286


NOON = "2026:03:13 12:00:00"


AMOUNT_BOX = (360, 400, 470, 424)


def sheet(size: tuple[int, int] = (640, 800)) -> Image.Image:
    """A page of figures under a lamp, with the grain of a sensor."""
    page = Image.new("RGB", size, (226, 222, 214))
    pen, face = ImageDraw.Draw(page), ImageFont.load_default(20)
    for row in range(24):
        pen.text((60, 40 + row * 30), f"Earnings line {row:02}", (20, 20, 24), face)
        pen.text((360, 40 + row * 30), f"{1000 + 37 * row:,}.{row:02}", (20, 20, 24), face)
    grain = Image.frombytes("L", size, random.Random(4).randbytes(size[0] * size[1]))  # noqa: S311 - grain, no secret
    return Image.blend(page, Image.merge("RGB", (grain,) * 3), 0.03)


def exif_of(base: dict[int, Any], camera: dict[int, Any] | None = None) -> bytes:
    exif = Image.Exif()
    exif.update(base)
    exif.get_ifd(CAMERA).update(camera or {})
    return exif.tobytes()


def photo_exif(**said: Any) -> bytes:
    """What a phone writes, but for the entries named."""
    base = {MAKE: "Apple", MODEL: "iPhone 14", SOFTWARE: said.get("software", "17.5.1")}
    base[CHANGED] = said.get("changed", NOON)
    taken = said.get("taken", NOON)
    return exif_of(base, {TAKEN: taken, DIGITISED: said.get("digitised", taken)})


def jpeg(image: Image.Image, quality: int = 82, **more: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, **more)
    return buffer.getvalue()


def png(image: Image.Image, **texts: str) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        chunks.add_text(key, value)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=chunks)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def retyped(image: Image.Image) -> Image.Image:
    """Paper colour over one amount, and another amount typed on it."""
    pen = ImageDraw.Draw(image)
    pen.rectangle(AMOUNT_BOX, fill=(224, 221, 213))
    pen.text((362, 400), "9,444.12", (22, 22, 26), ImageFont.load_default(20))
    return image


def with_bars(image: Image.Image) -> Image.Image:
    """A bar code on white: nothing on a page has harder edges."""
    pen = ImageDraw.Draw(image)
    pen.rectangle((380, 190, 480, 255), fill="white")
    for at in range(400, 460, 4):
        pen.rectangle((at, 203, at + 1, 243), fill="black")
    return image


def look(folder: Path, data: bytes, document_type: str = "paystubs") -> Inspection:
    path = folder / "upload"
    path.write_bytes(data)
    return inspect(path, document_type)


def form(found: Inspection) -> dict[str, Any]:
    assert found.ocr_authenticity is not None
    analysis: dict[str, Any] = found.ocr_authenticity["form_analysis"][0]
    return analysis


def signals(found: Inspection) -> set[str]:
    return {signal["identifier"] for signal in form(found)["signals"]}


def test_an_untouched_phone_photo_has_no_signal(tmp_path: Path) -> None:
    found = look(tmp_path, jpeg(sheet(), exif=photo_exif()))
    assert signals(found) == set()
    assert form(found)["form_authenticity"]["authenticity_status"] == "HIGH"


@pytest.mark.parametrize(
    ("document_type", "form_type"), [("paystubs", "PAYSTUB"), ("W-2", "W2"), ("1099", "FORM")]
)
def test_a_picture_is_analysed_as_what_it_was_sent_as_and_not_read(
    tmp_path: Path, document_type: str, form_type: str
) -> None:
    found = look(tmp_path, png(sheet()), document_type)
    assert (found.found_type, found.problem, found.ocr_data) == (None, None, None)
    assert form(found)["form_type"] == form_type
    assert (found.ocr_authenticity or {})["is_image_based_pdf"] is False
    assert found.ocr_authenticity_score == form(found)["form_authenticity"]["score"]


def screen_of(width: int, height: int) -> Image.Image:
    """A document in a window, with the bar of a program above it."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((0, 0, width, height // 3), fill=(50, 54, 60))
    return image


def test_a_picture_without_camera_data_costs_nothing_and_a_screenshot_does(tmp_path: Path) -> None:
    photo, bare, screen = (
        look(tmp_path, data).ocr_authenticity_score or 0
        for data in (jpeg(sheet(), exif=photo_exif()), jpeg(sheet()), png(screen_of(1170, 2532)))
    )
    assert photo == bare == 100
    assert screen < bare


@pytest.mark.parametrize("size", [(1170, 2532), (2532, 1170), (1080, 2400), (1366, 768)])
def test_a_picture_of_a_screens_size_is_a_screenshot(tmp_path: Path, size: tuple[int, int]) -> None:
    for data in (png(screen_of(*size)), jpeg(screen_of(*size))):
        assert signals(look(tmp_path, data)) == {"sbx_screenshot"}


def test_a_screenshot_that_says_so_is_one_at_any_size(tmp_path: Path) -> None:
    said = exif_of({}, {COMMENT: b"ASCII\0\0\0Screenshot"})
    assert "sbx_screenshot" in signals(look(tmp_path, jpeg(sheet(), exif=said)))


@pytest.mark.parametrize("size", [(900, 1600), (720, 1280)])
def test_a_photo_that_a_messenger_made_as_small_as_a_screen_is_none(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    lamp = Image.linear_gradient("L").resize(size).convert("RGB")
    assert signals(look(tmp_path, jpeg(Image.blend(sheet(size), lamp, 0.2)))) == set()


def test_a_camera_may_take_pictures_of_a_screens_size(tmp_path: Path) -> None:
    found = look(tmp_path, jpeg(sheet((1080, 1920)), exif=photo_exif()))
    assert signals(found) == set()


def test_no_screen_has_the_shape_of_a_cameras_picture() -> None:
    assert [s for s in PHONE_SCREENS | COMPUTER_SCREENS if s[0] * 4 == s[1] * 3] == []


@pytest.mark.parametrize(
    "data",
    [
        jpeg(sheet(), exif=photo_exif(software="Adobe Photoshop 25.5 (Windows)")),
        jpeg(sheet(), exif=photo_exif(software="Snapseed 2.0")),
        jpeg(sheet(), comment=b"Created with GIMP"),
        jpeg(sheet(), xmp=b'<x xmp:CreatorTool="Adobe Lightroom 7.2"/>'),
        jpeg(sheet(), xmp=b"<stEvt:softwareAgent>Adobe Photoshop 25</stEvt:softwareAgent>"),
        png(sheet(), Software="Paint.NET v5.0"),
        jpeg(sheet())[:2] + b"\xff\xec\x00\x0dDucky" + bytes(6) + jpeg(sheet())[2:],
    ],
    ids=["exif", "phone editor", "comment", "xmp tool", "xmp history", "png text", "save for web"],
)
def test_an_editor_is_known_wherever_it_signs(tmp_path: Path, data: bytes) -> None:
    assert "sbx_edited_by_software" in signals(look(tmp_path, data))


@pytest.mark.parametrize(
    "program",
    [
        *("17.5.1", "HDR+ 1.0.641377609zd", "Microsoft Windows Photo Viewer 6.1", "Photos 9"),
        "Samsung Photo Editor",
    ],
)
def test_a_phone_or_a_viewer_is_no_editor(tmp_path: Path, program: str) -> None:
    found = look(tmp_path, jpeg(sheet(), exif=photo_exif(software=program)))
    assert signals(found) == set()


@pytest.mark.parametrize(
    ("said", "signal"),
    [
        ({"changed": "2026:03:11 09:00:00"}, "sbx_file_dates_contradict"),
        ({"digitised": "2026:03:20 09:00:00"}, "sbx_file_dates_contradict"),
    ],
)
def test_dates_of_a_photo_that_do_not_go_together_are_a_signal(
    tmp_path: Path, said: dict[str, str], signal: str
) -> None:
    found = look(tmp_path, jpeg(sheet(), exif=photo_exif(**said)))
    assert signals(found) == {signal}


def test_a_photo_from_the_future_contradicts_itself(tmp_path: Path) -> None:
    later = f"{datetime.now(UTC) + timedelta(days=9):%Y:%m:%d %H:%M:%S}"
    found = look(tmp_path, jpeg(sheet(), exif=photo_exif(taken=later, changed=later)))
    assert signals(found) == {"sbx_file_dates_contradict"}


@pytest.mark.parametrize(
    "changed",
    ["2026:03:13 12:00:40", "2026:03:15 09:00:00", "not a date", "2026:03:13 03:15:00"],
    ids=["at once", "later", "no date", "by a computer in another zone"],
)
def test_a_photo_saved_later_or_without_a_date_is_honest(tmp_path: Path, changed: str) -> None:
    found = look(tmp_path, jpeg(sheet(), exif=photo_exif(changed=changed)))
    assert signals(found) == set()


@pytest.mark.parametrize("first", [70, 78, 84])
def test_an_amount_typed_into_a_photo_is_found_where_it_is(tmp_path: Path, first: int) -> None:
    forged = jpeg(retyped(opened(jpeg(sheet(), first))), 94, exif=photo_exif())
    found = look(tmp_path, forged)
    assert signals(found) == {"sbx_part_put_in"}
    (part,) = image_checks.fresh_parts(open_image(forged), 94)
    left, top, right, lower = AMOUNT_BOX
    assert left - 24 <= part.box[0] < part.box[2] <= right + 24
    assert top - 24 <= part.box[1] < part.box[3] <= lower + 24
    assert part.quality == first


def test_the_same_edit_kept_as_a_png_is_found_as_well(tmp_path: Path) -> None:
    forged = png(retyped(opened(jpeg(sheet(), 75))))
    assert "sbx_part_put_in" in signals(look(tmp_path, forged))


@pytest.mark.parametrize("qualities", [(70, 94), (84, 92), (90, 75), (80, 80)])
def test_a_photo_saved_twice_as_a_whole_has_no_part_put_in(
    tmp_path: Path, qualities: tuple[int, int]
) -> None:
    again = jpeg(opened(jpeg(sheet(), qualities[0])), qualities[1], exif=photo_exif())
    assert signals(look(tmp_path, again)) == set()


def test_a_bar_code_saved_with_the_rest_is_no_part_put_in(tmp_path: Path) -> None:
    page, face = Image.new("RGB", (900, 1000), (221, 224, 238)), ImageFont.load_default(18)
    pen = ImageDraw.Draw(page)
    for row, across in product(range(36), (30, 320, 610)):
        pen.text((across, 30 + row * 26), f"Earnings {row * 7919 % 1000:03}", (51, 51, 68), face)
    once = opened(jpeg(with_bars(page)))
    assert signals(look(tmp_path, png(once))) == set()
    assert "sbx_part_put_in" in signals(look(tmp_path, png(with_bars(once))))


@pytest.mark.parametrize(
    ("place", "colour"),
    [((330, 776), (90, 90, 90)), ((330, 8), (90, 90, 90)), ((400, 404), (200, 0, 0))],
    ids=["below the page", "above the page", "a red stamp"],
)
def test_a_scanners_line_and_an_offices_stamp_are_no_part_put_in(
    tmp_path: Path, place: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    page = opened(jpeg(sheet(), 75))
    ImageDraw.Draw(page).text(place, "Scanned by hand", colour, ImageFont.load_default(18))
    assert signals(look(tmp_path, jpeg(page, 92))) == set()


def test_an_empty_sheet_has_no_part_put_in(tmp_path: Path) -> None:
    data = jpeg(Image.new("L", (300, 300), 240), exif=photo_exif())
    assert signals(look(tmp_path, data)) == set()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_looked_at(tmp_path: Path, mode: str) -> None:
    page = sheet().convert("L") if mode == "I;16" else sheet()
    assert look(tmp_path, png(page.convert(mode))).ocr_authenticity_score == 100


@pytest.mark.parametrize("quality", [40, 60, 75, 85, 95])
def test_the_quality_of_a_jpeg_is_told_from_its_tables(quality: int) -> None:
    with open_image(jpeg(sheet(), quality)) as image:
        assert abs(image_facts(image).quality - quality) <= 1


def scan_of(folder: Path, picture: bytes) -> bytes:
    """A PDF of one page that is a picture and nothing else."""
    (folder / "page.jpg").write_bytes(picture)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(612, 792))
    canvas.setProducer("Canon iR-ADV C3525")
    canvas.setCreator("")
    canvas.drawImage(str(folder / "page.jpg"), 0, 0, 612, 792)
    canvas.save()
    return buffer.getvalue()


def test_an_amount_typed_into_a_scan_is_found(tmp_path: Path) -> None:
    forged = jpeg(retyped(opened(jpeg(sheet(), 75))), 92)
    found = look(tmp_path, scan_of(tmp_path, forged))
    assert signals(found) == {"sbx_part_put_in"}
    assert (found.ocr_authenticity or {})["is_image_based_pdf"] is True


@pytest.mark.parametrize("picture", [jpeg(sheet(), 75), jpeg(opened(jpeg(sheet(), 75)), 92)])
def test_an_honest_scan_loses_nothing(tmp_path: Path, picture: bytes) -> None:
    assert signals(look(tmp_path, scan_of(tmp_path, picture))) == set()


def png_of_size(width: int, height: int) -> bytes:
    """The head of a picture that would be as large as said, if anybody decoded it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(99))))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(9_000, 9_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_too_many_pixels_is_a_problem(tmp_path: Path, size: tuple[int, int]) -> None:
    found = look(tmp_path, png_of_size(*size))
    assert found == Inspection(
        problem="DOCUMENT IS UNREADABLE: more pixels than this sandbox reads"
    )


@pytest.mark.parametrize(
    "data",
    [jpeg(sheet())[:4000], png(sheet())[:4000], b"\xff\xd8\xff\xe0 picture", b"\x89PNG\r\n\x1a\n"],
)
def test_a_broken_picture_is_a_problem(tmp_path: Path, data: bytes) -> None:
    assert look(tmp_path, data) == Inspection(problem="DOCUMENT IS UNREADABLE: corrupt")


def test_broken_exif_does_not_hide_the_picture(tmp_path: Path) -> None:
    found = look(tmp_path, jpeg(sheet(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(9)))
    assert signals(found) == set()


@pytest.mark.parametrize(
    "document_type", ["proof-of-identity", "proof-of-address", "miscellaneous"]
)
def test_a_picture_of_another_type_is_not_even_opened(tmp_path: Path, document_type: str) -> None:
    assert look(tmp_path, jpeg(sheet())[:4000], document_type) == Inspection()


def test_heic_is_left_alone(tmp_path: Path) -> None:
    assert look(tmp_path, b"\0\0\0\x18ftypheic" + bytes(40)) == Inspection()


PHOTO = jpeg(sheet((160, 200)), exif=photo_exif(), comment=b"hello")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(3, len(PHOTO)), cut=st.integers(0, 300), put_in=st.binary(max_size=40))
def test_whatever_the_bytes_of_a_picture_the_inspection_answers(
    tmp_path: Path, at: int, cut: int, put_in: bytes
) -> None:
    found = look(tmp_path, PHOTO[:at] + put_in + PHOTO[at + cut :])
    assert (found.problem is None) == (found.ocr_authenticity_score is not None)
