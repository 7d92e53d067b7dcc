"""Documents as pictures: a phone photo, a scan, a screenshot."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pypdf.generic import DecodedStreamObject

from argyle_nb.sandbox.documents.invented import chance
from argyle_nb.sandbox.documents.pages import Page, draw_image, pillow_module
from argyle_nb.sandbox.documents.pdf_files import build, deflate, pdf_object, reference

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from PIL import Image

    from argyle_nb.sandbox.documents.pdf_files import Provenance

DESKS = ((92, 74, 58), (58, 62, 66), (120, 110, 98))
PHONES = (("Apple", "iPhone 14"), ("Google", "Pixel 8"), ("samsung", "SM-S911U"))
PHONE_SCREENS = ((1080, 2340), (1170, 2532), (1080, 2400))
DESKTOP_SCREENS = ((1366, 768), (1440, 900), (1536, 864))
MAKE, MODEL, TAKEN = 0x010F, 0x0110, 0x0132


def phone_photo(rng: Random, page: Page, taken: datetime, width: int = 900) -> bytes:
    """Photograph a page or a card lying on a desk.

    Parameters
    ----------
    rng
        Source of chance for the desk, the angle and the phone.
    page
        What lies there.
    taken
        When the shutter closed.
    width
        Pixels of the sheet before it is turned.

    Returns
    -------
    bytes
        A JPEG with the camera's EXIF data.
    """
    sheet = draw_image(page, width / page.size[0] * 72)
    margin = sheet.width // 9
    size = (sheet.width + 2 * margin, sheet.height + 2 * margin)
    desk = rng.choice(DESKS)
    photo = pillow_module("Image").new("RGB", size, desk)
    photo.paste(sheet, (margin, margin))
    turned = photo.rotate(
        rng.uniform(-2.4, 2.4), fillcolor=desk, resample=pillow_module("Image").Resampling.BILINEAR
    )
    exif = pillow_module("Image").Exif()
    exif[MAKE], exif[MODEL] = rng.choice(PHONES)
    exif[TAKEN] = f"{taken:%Y:%m:%d %H:%M:%S}"
    return _encoded(turned, "JPEG", quality=62, exif=exif.tobytes())


def scan(rng: Random, page: Page) -> tuple[bytes, tuple[int, int]]:
    """Print a page and scan it slightly askew.

    Parameters
    ----------
    rng
        Source of chance for the angle and the tone.
    page
        What is scanned.

    Returns
    -------
    tuple
        A JPEG, and its width and height in pixels.
    """
    paper = rng.randint(243, 252)
    sheet = draw_image(page, rng.choice((90, 96, 100)))
    turned = sheet.rotate(
        rng.uniform(-0.9, 0.9),
        fillcolor="white",
        resample=pillow_module("Image").Resampling.BILINEAR,
    )
    toned = turned.point(lambda level: level * paper // 255)
    return _encoded(toned, "JPEG", quality=48), turned.size


def screenshot(rng: Random, page: Page) -> bytes:
    """Capture a page as a phone or a computer shows it.

    Parameters
    ----------
    rng
        Source of chance for the device.
    page
        What is shown.

    Returns
    -------
    bytes
        A PNG of a screen's size, without camera data.
    """
    phone = chance(rng, 0.6)
    size = rng.choice(PHONE_SCREENS if phone else DESKTOP_SCREENS)
    screen = pillow_module("Image").new("RGB", size, (242, 242, 247) if phone else (82, 86, 89))
    shown = draw_image(page, 72 * (size[0] / 612 if phone else size[1] * 1.7 / 792))
    screen.paste(shown, ((size[0] - shown.width) // 2, 260 if phone else 56))
    bar = Page((float(size[0]), 200.0 if phone else 56.0))
    _phone_bar(rng, bar) if phone else _viewer_bar(bar)
    screen.paste(draw_image(bar, 72), (0, 0))
    return _encoded(screen.quantize(32), "PNG", optimize=True)


def _phone_bar(rng: Random, bar: Page) -> None:
    bar.box(0, 0, *bar.size, fill=(0.97, 0.97, 0.98), stroke=None)
    clock = f"{rng.randint(8, 11)}:{rng.randint(0, 59):02}"
    bar.text(90, 76, clock, font="Helvetica-Bold", size=46)
    bar.text(bar.size[0] - 80, 76, f"LTE  {rng.randint(11, 96)}%", size=40, align="right")
    bar.text(bar.size[0] / 2, 164, "Document", font="Helvetica-Bold", size=44, align="center")
    bar.text(60, 164, "Done", size=44, colour=(0.0, 0.48, 1.0))


def _viewer_bar(bar: Page) -> None:
    bar.box(0, 0, *bar.size, fill=(0.2, 0.21, 0.22), stroke=None)
    white = (1.0, 1.0, 1.0)
    bar.text(24, 35, "document.pdf", size=17, colour=white)
    bar.text(bar.size[0] / 2, 35, "1 / 1    -   110%   +", size=17, align="center", colour=white)


def picture(page: Page, kind: str) -> bytes:
    """Draw a page as a plain ``JPEG`` or ``PNG``."""
    image = draw_image(page, 150)
    return _encoded(image.quantize(64) if kind == "PNG" else image, kind, optimize=True)


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def image_only(jpeg: bytes, size: tuple[int, int], provenance: Provenance) -> bytes:
    """Wrap one JPEG as a one-page PDF without text, as a scanner or a printer driver does.

    Parameters
    ----------
    jpeg
        The page as a JPEG file.
    size
        Its pixels, width and height.
    provenance
        What the scanner writes about itself.

    Returns
    -------
    bytes
        One revision.
    """
    parts = {
        1: {"/Type": "/Catalog", "/Pages": reference(2)},
        2: {"/Type": "/Pages", "/Count": 1, "/Kids": [reference(3)]},
        3: {
            "/Type": "/Page",
            "/Parent": reference(2),
            "/MediaBox": [0, 0, 612, 792],
            "/Contents": reference(4),
            "/Resources": {"/XObject": {"/Im0": reference(5)}},
        },
        4: deflate(b"q 612 0 0 792 0 0 cm /Im0 Do Q"),
        5: _picture(jpeg, size),
        6: provenance.entries(),
    }
    objects = {number: pdf_object(part) for number, part in parts.items()}
    return build(objects, root=1, info=6)


def _picture(jpeg: bytes, size: tuple[int, int]) -> DecodedStreamObject:
    entries = {
        "/Type": "/XObject",
        "/Subtype": "/Image",
        "/Width": size[0],
        "/Height": size[1],
        "/ColorSpace": "/DeviceRGB",
        "/BitsPerComponent": 8,
        "/Filter": "/DCTDecode",
    }
    stream = DecodedStreamObject()
    stream.update(pdf_object(entries))
    stream.set_data(jpeg)
    return stream
