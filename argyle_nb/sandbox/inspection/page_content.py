"""What one page paints, in order, and the geometry to compare it."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")

Matrix = tuple[float, float, float, float, float, float]
Colour = tuple[float, ...]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)
THIN = 2.0
# Of what stands at one place so many are looked at, those painted last: time has a limit.
CELL = 24.0
MOST_CELLS = 200
MOST_AT_ONE_PLACE = 100

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_STYLE = re.compile(
    r"[-,_ ]?(?i:(semi|demi|extra|ultra)?(bold|light|black)|demi|heavy|thin|book|medium|regular"
    r"|roman|italic|oblique|mt|ps|(?<=[-,_ ])(bd|blk|hv|lt|md|rg|th|it))(?=$|[-,_ A-Z])"
)


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

    @property
    def is_finite(self) -> bool:
        """Whether it is at a place at all; broken files have numbers beyond any page."""
        return math.isfinite(self.x0 + self.y0 + self.x1 + self.y1)

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
class Font:
    """A font as text names it; ``exact`` says that its widths are the document's own."""

    name: str = ""
    family: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Run:
    """A piece of text painted at one place in one font.

    ``inked`` is false for text painted without ink (render mode 3, all but transparent),
    ``layered`` marks text on an optional layer, ``seen`` is what rendered pixels prove.
    """

    text: str
    box: Box
    font: Font
    size: float
    order: int
    colour: Colour = BLACK
    inked: bool = True
    layered: bool = False
    annotation: bool = False
    seen: bool = True


@dataclass(frozen=True)
class Patch:
    """A filled rectangle or an image, which hides what was painted before it; a dark one openly."""

    box: Box
    order: int
    image: bool = False
    dark: bool = False


@dataclass(frozen=True)
class FormField:
    """A field of a form; ``default`` is what it holds before anybody fills it in."""

    name: str
    value: str
    box: Box
    default: str = ""
    calculated: bool = False


@dataclass
class PageContent:
    """Everything one page paints, in order."""

    number: int
    width: float
    height: float
    runs: list[Run] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    fields: list[FormField] = field(default_factory=list)


class ByPlace(Generic[T]):
    """Things by where they stand, to look only at those near a box."""

    def __init__(self, things: Iterable[tuple[Box, T]]) -> None:
        self._cells: dict[tuple[int, int], deque[T]] = {}
        self._large: deque[T] = deque(maxlen=MOST_AT_ONE_PLACE)
        for box, thing in things:
            cells = list(islice(_cells(box), MOST_CELLS))
            if len(cells) == MOST_CELLS:
                self._large.append(thing)
                continue
            for cell in cells:
                self._cells.setdefault(cell, deque(maxlen=MOST_AT_ONE_PLACE)).append(thing)

    def near(self, box: Box) -> Iterator[T]:
        """Return what may meet a box, each once."""
        found = {id(thing): thing for thing in self._large}
        for cell in islice(_cells(box), MOST_CELLS):
            found.update((id(thing), thing) for thing in self._cells.get(cell, ()))
        return iter(found.values())


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for across in range(int(box.x0 // CELL), int(box.x1 // CELL) + 1):
        for up in range(int(box.y0 // CELL), int(box.y1 // CELL) + 1):
            yield across, up


def family_of(name: str) -> str:
    """Return a font's family: `ABCDEF+Arial-BoldMT` and `ArialMT` are both `arial`."""
    bare = _SUBSET.sub("", name)
    while (shorter := _STYLE.sub("", bare)) != bare:
        bare = shorter
    return bare.strip("-,_ ").lower()


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


def upright(
    rotation: int, x0: float, y0: float, x1: float, y1: float
) -> tuple[Matrix, float, float]:
    """Return the matrix that turns a page as it is shown, and its width and height then."""
    width, height = x1 - x0, y1 - y0
    turned: dict[int, tuple[Matrix, float, float]] = {
        90: ((0, -1, 1, 0, -y0, x1), height, width),
        180: ((-1, 0, 0, -1, x1, y1), width, height),
        270: ((0, 1, -1, 0, y1, -x0), height, width),
    }
    return turned.get(rotation % 360, ((1, 0, 0, 1, -x0, -y0), width, height))
