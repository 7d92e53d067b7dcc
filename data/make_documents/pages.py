"""One page as a list of marks, and the two ways to put it down: PDF or pixels.

A layout only says what stands where, in points from the top left corner. The same page can then
be a PDF with real text, a scan, or a screenshot.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.errors import ConfigurationError, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from PIL import Image

LETTER = (612.0, 792.0)
BLACK = (0.0, 0.0, 0.0)
WHITE = (1.0, 1.0, 1.0)
GREY = (0.45, 0.45, 0.45)
PALE = (0.92, 0.93, 0.95)
NAVY = (0.13, 0.24, 0.38)
FOOTER = "SAMPLE - invented person"

# reportlab ships metric-compatible faces for the standard PDF fonts; a scan is drawn with them.
FACES = {
    "Helvetica": "_a______.pfb",
    "Helvetica-Bold": "_ab_____.pfb",
    "Times-Roman": "_er_____.pfb",
    "Times-Bold": "_eb_____.pfb",
    "Courier": "com_____.pfb",
    "Courier-Bold": "cob_____.pfb",
    "Vera": "Vera.ttf",
    "Vera-Bold": "VeraBd.ttf",
}

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Text:
    """A run of text; ``x`` is its left, middle or right end as ``align`` says."""

    x: float
    y: float
    words: str
    font: str = "Helvetica"
    size: float = 9
    align: str = "left"
    colour: Colour = BLACK


@dataclass(frozen=True)
class Rule:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.5
    colour: Colour = BLACK


@dataclass(frozen=True)
class Box:
    """A rectangle, ``y`` its upper edge; ``None`` leaves the fill or the border out."""

    x: float
    y: float
    width: float
    height: float
    fill: Colour | None = None
    stroke: Colour | None = BLACK


@dataclass(frozen=True)
class Disc:
    """A filled circle around a middle."""

    x: float
    y: float
    radius: float
    fill: Colour = GREY


@dataclass
class DrawnPage:
    """A sheet and the marks on it, in drawing order."""

    size: tuple[float, float] = LETTER
    marks: list[Text | Rule | Box | Disc] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, **style: Any) -> None:
        """Write ``words`` with their baseline at ``y``."""
        if words:
            self.marks.append(Text(x, y, words, **style))

    def lines(self, x: float, y: float, rows: list[str], leading: float = 11, **style: Any) -> None:
        """Write rows under one another."""
        for number, words in enumerate(rows):
            self.text(x, y + number * leading, words, **style)

    def rule(self, x1: float, y1: float, x2: float, y2: float, **style: Any) -> None:
        """Draw a line."""
        self.marks.append(Rule(x1, y1, x2, y2, **style))

    def box(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """Draw a rectangle."""
        self.marks.append(Box(x, y, width, height, **style))

    def disc(self, x: float, y: float, radius: float, **style: Any) -> None:
        """Draw a filled circle."""
        self.marks.append(Disc(x, y, radius, **style))

    def footer(self, size: float = 6.5) -> None:
        """Say at the lower edge that nobody here exists."""
        middle, low = self.size[0] / 2, self.size[1] * 0.972
        self.text(middle, low, FOOTER, size=size, align="center", colour=GREY)


def reportlab_module(name: str) -> ModuleType:
    """Import a part of reportlab, or say how to get it."""
    return _optional(f"reportlab.{name}", "reportlab")


def pillow_module(name: str) -> ModuleType:
    """Import a part of Pillow, or say how to get it."""
    return _optional(f"PIL.{name}", "Pillow")


def _optional(module: str, package: str) -> ModuleType:
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"making sample documents needs {package}, which is not installed: {install('dev')}"
        ) from error


def draw_pdf(page: DrawnPage) -> bytes:
    """Put the page down as a PDF with real text."""
    _register_faces()
    buffer = io.BytesIO()
    canvas = reportlab_module("pdfgen.canvas").Canvas(
        buffer, pagesize=page.size, invariant=1, pageCompression=0
    )
    for mark in page.marks:
        _DRAW[type(mark)](canvas, mark, page.size[1])
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@lru_cache(maxsize=1)
def _register_faces() -> None:
    metrics = reportlab_module("pdfbase.pdfmetrics")
    faces = reportlab_module("pdfbase.ttfonts")
    for name in ("Vera", "Vera-Bold"):
        metrics.registerFont(faces.TTFont(name, FACES[name], asciiReadable=1))


def _draw_text(canvas: Any, mark: Text, height: float) -> None:
    canvas.setFillColorRGB(*mark.colour)
    canvas.setFont(mark.font, mark.size)
    place = {"right": canvas.drawRightString, "center": canvas.drawCentredString}
    place.get(mark.align, canvas.drawString)(mark.x, height - mark.y, mark.words)


def _draw_rule(canvas: Any, mark: Rule, height: float) -> None:
    canvas.setStrokeColorRGB(*mark.colour)
    canvas.setLineWidth(mark.width)
    canvas.line(mark.x1, height - mark.y1, mark.x2, height - mark.y2)


def _draw_box(canvas: Any, mark: Box, height: float) -> None:
    canvas.setLineWidth(0.5)
    canvas.setStrokeColorRGB(*(mark.stroke or BLACK))
    canvas.setFillColorRGB(*(mark.fill or WHITE))
    bottom = height - mark.y - mark.height
    canvas.rect(
        mark.x, bottom, mark.width, mark.height, stroke=bool(mark.stroke), fill=bool(mark.fill)
    )


def _draw_disc(canvas: Any, mark: Disc, height: float) -> None:
    canvas.setFillColorRGB(*mark.fill)
    canvas.circle(mark.x, height - mark.y, mark.radius, stroke=0, fill=1)


_DRAW: dict[type, Callable[[Any, Any, float], None]] = {
    Text: _draw_text,
    Rule: _draw_rule,
    Box: _draw_box,
    Disc: _draw_disc,
}


def draw_image(page: DrawnPage, dots_per_inch: float = 120) -> Image.Image:
    """Put the page down as pixels."""
    scale = dots_per_inch / 72
    size = (round(page.size[0] * scale), round(page.size[1] * scale))
    image: Image.Image = pillow_module("Image").new("RGB", size, "white")
    pen = pillow_module("ImageDraw").Draw(image)
    for mark in page.marks:
        _PAINT[type(mark)](pen, mark, scale)
    return image


@lru_cache(maxsize=64)
def _face(name: str, pixels: int) -> Any:
    folder = Path(str(reportlab_module("rl_config").__file__)).parent / "fonts"
    return pillow_module("ImageFont").truetype(str(folder / FACES[name]), pixels)


def _rgb(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (round(part * 255) for part in colour)
    return red, green, blue


def _paint_text(pen: Any, mark: Text, scale: float) -> None:
    face = _face(mark.font, round(mark.size * scale))
    anchor = {"left": "ls", "right": "rs", "center": "ms"}[mark.align]
    pen.text((mark.x * scale, mark.y * scale), mark.words, _rgb(mark.colour), face, anchor)


def _paint_rule(pen: Any, mark: Rule, scale: float) -> None:
    ends = [mark.x1 * scale, mark.y1 * scale, mark.x2 * scale, mark.y2 * scale]
    pen.line(ends, _rgb(mark.colour), max(1, round(mark.width * scale)))


def _paint_box(pen: Any, mark: Box, scale: float) -> None:
    corners = [mark.x, mark.y, mark.x + mark.width, mark.y + mark.height]
    fill = _rgb(mark.fill) if mark.fill else None
    stroke = _rgb(mark.stroke) if mark.stroke else None
    pen.rectangle([corner * scale for corner in corners], fill, stroke)


def _paint_disc(pen: Any, mark: Disc, scale: float) -> None:
    pen.circle((mark.x * scale, mark.y * scale), mark.radius * scale, _rgb(mark.fill))


_PAINT: dict[type, Callable[[Any, Any, float], None]] = {
    Text: _paint_text,
    Rule: _paint_rule,
    Box: _paint_box,
    Disc: _paint_disc,
}
