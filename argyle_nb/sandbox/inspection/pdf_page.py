"""What a page shows, as plain data: boxes, runs of text, patches that hide, and their geometry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argyle_nb.sandbox.inspection.pdf_fonts import Font

Matrix = tuple[float, float, float, float, float, float]
Colour = tuple[float, ...]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
BLACK: Colour = (0.0,)
THIN = 2.0


@dataclass(frozen=True)
class Box:
    """A rectangle in points, origin at the lower left of the page as it is shown."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Area in square points."""
        return max(0.0, self.x1 - self.x0) * max(0.0, self.y1 - self.y0)

    @property
    def is_line(self) -> bool:
        """Whether it is too thin to hide text: a rule, an underline."""
        return min(self.x1 - self.x0, self.y1 - self.y0) <= THIN

    def cut_to(self, other: Box | None) -> Box:
        """Return the part of this box inside the other; all of it when there is no other."""
        if other is None:
            return self
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        return Box(x0, y0, max(x0, min(self.x1, other.x1)), max(y0, min(self.y1, other.y1)))

    def shared(self, other: Box) -> float:
        """Return the share (0 to 1) of this box that the other one covers."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return width * height / self.area if width > 0 and height > 0 and self.area else 0.0


@dataclass(frozen=True)
class Run:
    """A piece of text painted at one place in one font.

    Parameters
    ----------
    text
        What it says.
    box
        Where its ink is, about: from the baseline up to the height of a capital.
    font, size
        The font resource and its size in points on the page.
    order
        Its place in the order of painting.
    visible
        False for text painted without ink (render mode 3, nearly transparent).
    hidden_layer
        Whether it belongs to a layer that is switched off.
    annotation
        Whether an annotation or form field paints it, not the page itself.
    """

    text: str
    box: Box
    font: Font
    size: float
    order: int
    colour: Colour = BLACK
    visible: bool = True
    hidden_layer: bool = False
    annotation: bool = False

    @property
    def shown(self) -> bool:
        """Whether it is painted with ink on a layer that is on."""
        return self.visible and not self.hidden_layer


@dataclass(frozen=True)
class Patch:
    """A filled rectangle or an image, which hides what was painted before it."""

    box: Box
    order: int
    image: bool = False
    colour: Colour = BLACK


@dataclass
class PageContent:
    """Everything one page paints, in order."""

    number: int
    width: float
    height: float
    runs: list[Run] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """Return the matrix that applies ``a`` first, then ``b``."""
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )


def apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    """Move a point by a matrix."""
    return (m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5])


def bounds(m: Matrix, points: Sequence[tuple[float, float]]) -> Box:
    """Return the upright box around points moved by a matrix."""
    moved = [apply(m, x, y) for x, y in points]
    xs, ys = [p[0] for p in moved], [p[1] for p in moved]
    return Box(min(xs), min(ys), max(xs), max(ys))


def corners(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """Return the four corners of a rectangle."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
