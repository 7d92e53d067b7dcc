"""Documents as pictures: a phone photo, a scan, a screenshot."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pypdf.generic import DecodedStreamObject

from data.make_documents.pages import DrawnPage, draw_image, pillow_module
from data.make_documents.pdf_files import build, deflate, pdf_object, reference
from data.make_documents.people import chance

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from PIL import Image

    from data.make_documents.pdf_files import Provenance

DESKS = ((92, 74, 58), (58, 62, 66), (120, 110, 98))
PHONES = (
    ("Apple", "iPhone 14", "17.5.1"),
    ("Google", "Pixel 8", "HDR+ 1.0.641377609zd"),
    ("samsung", "SM-S911U", "S911USQS3CXD3"),
)
SCANNERS = (
    ("", "Canon iR-ADV C3525"),
    ("HP Scan", "HP Smart Document Scan Software 3.8"),
    ("", "iOS Version 17.5.1 (Build 21F90) Quartz PDFContext"),
)
PHONE_SCREENS = ((1080, 2340), (1170, 2532), (1080, 2400))
DESKTOP_SCREENS = ((1366, 768), (1440, 900), (1536, 864))
MAKE, MODEL, SOFTWARE, CHANGED = 0x010F, 0x0110, 0x0131, 0x0132
CAMERA, TAKEN, DIGITISED = 0x8769, 0x9003, 0x9004
GRAIN = 0.03
JPEG_QUALITIES = (80, 84, 88)


@dataclass(frozen=True)
class Shot:
    """A photograph, and how a point of its page is found in it."""

    jpeg: bytes
    size: tuple[int, int]
    margin: int
    scale: float
    angle: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel at which a point of the page (from its top left) is seen."""
        middle = (self.size[0] / 2, self.size[1] / 2)
        across = self.margin + x * self.scale - middle[0]
        down = self.margin + y * self.scale - middle[1]
        turn = math.radians(self.angle)
        return (
            middle[0] + across * math.cos(turn) + down * math.sin(turn),
            middle[1] - across * math.sin(turn) + down * math.cos(turn),
        )


def phone_photo(rng: Random, page: DrawnPage, taken: datetime, width: int = 800) -> bytes:
    """Photograph a page or a card lying on a desk."""
    return shoot(rng, page, taken, width).jpeg


def shoot(rng: Random, page: DrawnPage, taken: datetime, width: int = 800) -> Shot:
    """Photograph a page as `phone_photo` does, and keep how it lay."""
    scale = width / page.size[0]
    sheet = draw_image(page, scale * 72)
    margin = sheet.width // 9
    size = (sheet.width + 2 * margin, sheet.height + 2 * margin)
    desk = rng.choice(DESKS)
    photo = pillow_module("Image").new("RGB", size, desk)
    photo.paste(sheet, (margin, margin))
    angle = rng.uniform(-2.4, 2.4)
    bilinear = pillow_module("Image").Resampling.BILINEAR
    lit = _lit(rng, photo.rotate(angle, fillcolor=desk, resample=bilinear))
    exif = _camera(rng.choice(PHONES), taken)
    jpeg = encoded(lit, "JPEG", quality=rng.choice(JPEG_QUALITIES), exif=exif.tobytes())
    return Shot(jpeg, size, margin, scale, angle)


def _lit(rng: Random, photo: Image.Image) -> Image.Image:
    """Let light fall from one side, and add the grain of a sensor."""
    image, chops = pillow_module("Image"), pillow_module("ImageChops")
    shade = image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270)))
    shade = shade.point([200 + level // 6 for level in range(256)]).resize(photo.size)
    lit = chops.multiply(photo, image.merge("RGB", (shade, shade, shade)))
    grain = image.frombytes("L", photo.size, rng.randbytes(photo.width * photo.height))
    blended: Image.Image = image.blend(lit, image.merge("RGB", (grain, grain, grain)), GRAIN)
    return blended


def _camera(phone: tuple[str, str, str], taken: datetime) -> Image.Exif:
    exif: Image.Exif = pillow_module("Image").Exif()
    exif[MAKE], exif[MODEL], exif[SOFTWARE] = phone
    exif[CHANGED] = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(CAMERA).update({TAKEN: exif[CHANGED], DIGITISED: exif[CHANGED]})
    return exif


def forwarded(jpeg: bytes) -> bytes:
    """Send a photo through a messenger, which saves it anew and drops what the camera wrote."""
    with pillow_module("Image").open(io.BytesIO(jpeg)) as photo:
        return encoded(photo.convert("RGB"), "JPEG", quality=74)


def scan(rng: Random, page: DrawnPage) -> tuple[bytes, tuple[int, int]]:
    """Print a page and scan it slightly askew."""
    paper = rng.randint(243, 252)
    sheet = draw_image(page, rng.choice((90, 96, 100)))
    turned = sheet.rotate(
        rng.uniform(-0.9, 0.9),
        fillcolor="white",
        resample=pillow_module("Image").Resampling.BILINEAR,
    )
    toned = turned.point(lambda level: level * paper // 255)
    return encoded(toned, "JPEG", quality=48), turned.size


def screenshot(rng: Random, page: DrawnPage) -> bytes:
    """Capture a page as a phone or a computer shows it."""
    phone = chance(rng, 0.6)
    size = rng.choice(PHONE_SCREENS if phone else DESKTOP_SCREENS)
    screen = pillow_module("Image").new("RGB", size, (242, 242, 247) if phone else (82, 86, 89))
    shown = draw_image(page, 72 * (size[0] / 612 if phone else size[1] * 1.7 / 792))
    screen.paste(shown, ((size[0] - shown.width) // 2, 260 if phone else 56))
    bar = DrawnPage((float(size[0]), 200.0 if phone else 56.0))
    _phone_bar(rng, bar) if phone else _viewer_bar(bar)
    screen.paste(draw_image(bar, 72), (0, 0))
    return encoded(screen.quantize(32), "PNG", optimize=True)


def _phone_bar(rng: Random, bar: DrawnPage) -> None:
    bar.box(0, 0, *bar.size, fill=(0.97, 0.97, 0.98), stroke=None)
    clock = f"{rng.randint(8, 11)}:{rng.randint(0, 59):02}"
    bar.text(90, 76, clock, font="Helvetica-Bold", size=46)
    bar.text(bar.size[0] - 80, 76, f"LTE  {rng.randint(11, 96)}%", size=40, align="right")
    bar.text(bar.size[0] / 2, 164, "Document", font="Helvetica-Bold", size=44, align="center")
    bar.text(60, 164, "Done", size=44, colour=(0.0, 0.48, 1.0))


def _viewer_bar(bar: DrawnPage) -> None:
    bar.box(0, 0, *bar.size, fill=(0.2, 0.21, 0.22), stroke=None)
    white = (1.0, 1.0, 1.0)
    bar.text(24, 35, "document.pdf", size=17, colour=white)
    bar.text(bar.size[0] / 2, 35, "1 / 1    -   110%   +", size=17, align="center", colour=white)


def picture(page: DrawnPage, kind: str) -> bytes:
    """Draw a page as a plain ``JPEG`` or ``PNG``."""
    image = draw_image(page, 150)
    return encoded(image.quantize(64) if kind == "PNG" else image, kind, optimize=True)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Write an image as a file of a ``JPEG`` or ``PNG``."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def image_only(jpeg: bytes, size: tuple[int, int], provenance: Provenance) -> bytes:
    """Wrap one JPEG as a one-page PDF without text, as a scanner or a printer driver does."""
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
