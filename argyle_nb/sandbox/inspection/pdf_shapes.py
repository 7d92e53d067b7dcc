"""The painting of shapes: graphics state, paths, clips, layers, and what they hide."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pypdf.generic import DictionaryObject

from argyle_nb.sandbox.inspection.pdf_fonts import Font
from argyle_nb.sandbox.inspection.pdf_objects import matrix, resolve
from argyle_nb.sandbox.inspection.pdf_page import (
    BLACK,
    IDENTITY,
    Box,
    Colour,
    Matrix,
    PageContent,
    Patch,
    apply,
    bounds,
    corners,
    multiply,
)

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_SAVED = 256
INSIDE = 0.9
THICK = 4.0
SLANTED = 45
LINE = 2
OPAQUE = 0.9
OPAQUE_MODES = {"/Normal", "/Compatible"}


@dataclass(frozen=True)
class State:
    """The graphics state: where and how the next thing is painted."""

    ctm: Matrix = IDENTITY
    colour: Colour = BLACK
    alpha: float = 1.0
    blended: bool = False
    font: Font = field(default_factory=Font)
    size: float = 1.0
    leading: float = 0.0
    char_space: float = 0.0
    word_space: float = 0.0
    scale: float = 1.0
    rise: float = 0.0
    mode: int = 0
    clip: Box | None = None
    stroke: Colour = BLACK
    line_width: float = 1.0


class ShapePainter:
    """Keeps the graphics state of a page and notes the shapes that hide what is under them."""

    def __init__(self, reader: PdfReader, content: PageContent, off: set[int]) -> None:
        self.reader = reader
        self.content = content
        self.off = off
        self.order = 0
        self.operations = 0
        self.fonts: dict[int, Font] = {}
        self.annotation = False
        self.state = State()
        self.stack: list[State] = []
        self.path: list[tuple[float, float]] = []
        self.boxes: list[Box] = []
        self.text_matrix = self.line_matrix = IDENTITY
        self.layers: list[bool] = []
        self.resources: Any = None
        self.turns: Counter[int] = Counter()

    @property
    def main_turn(self) -> int:
        """The turn that most of the text calls for; 0 when it lies slanted or right."""
        turn, _ = max(self.turns.items(), key=lambda item: item[1], default=(0, 0))
        return 0 if turn == SLANTED else turn

    # -- graphics state

    def _save(self, _: Any) -> None:
        if len(self.stack) < MAX_SAVED:
            self.stack.append(self.state)

    def _restore(self, _: Any) -> None:
        if self.stack:
            self.state = self.stack.pop()

    def _concat(self, operands: Any) -> None:
        self.state = replace(self.state, ctm=multiply(matrix(operands), self.state.ctm))

    def _colour(self, operands: Any) -> None:
        numbers = tuple(float(v) for v in operands if isinstance(v, (int, float)))
        self.state = replace(self.state, colour=numbers or (0.5,))

    def _extended_state(self, operands: Any) -> None:
        entry = self._resource("/ExtGState", operands[0])
        if not isinstance(entry, DictionaryObject):
            return
        if "/ca" in entry:
            self.state = replace(self.state, alpha=float(resolve(entry["/ca"])))
        if str(entry.get("/BM", "/Normal")) not in OPAQUE_MODES:
            self.state = replace(self.state, blended=True)

    def _resource(self, kind: str, name: Any) -> Any:
        table = resolve(self.resources.get(kind)) if self.resources is not None else None
        return resolve(table.get(str(name))) if isinstance(table, DictionaryObject) else None

    # -- layers

    def _begin_marked(self, operands: Any) -> None:
        hidden = False
        if operands and operands[0] == "/OC":
            table = resolve(self.resources.get("/Properties"))
            group = table.raw_get(operands[1]) if isinstance(table, DictionaryObject) else None
            hidden = getattr(group, "idnum", None) in self.off
        self.layers.append(hidden)

    def _end_marked(self, _: Any) -> None:
        if self.layers:
            self.layers.pop()

    # -- shapes

    def _rectangle(self, operands: Any) -> None:
        x, y, width, height = (float(v) for v in operands)
        self.boxes.append(bounds(self.state.ctm, corners(x, y, width, height)))

    def _point(self, operands: Any) -> None:
        self.path.append(apply(self.state.ctm, float(operands[-2]), float(operands[-1])))

    def _fill(self, _: Any) -> None:
        for box in self._painted():
            self._patch(box, image=False)
        self._drop_path(None)

    def _fill_even_odd(self, _: Any) -> None:
        """Fill all but frames: of a rectangle inside another only the sides are painted."""
        painted = self._painted()
        for box in painted:
            if not any(other is not box and other.shared(box) > INSIDE for other in painted):
                self._patch(box, image=False)
        self._drop_path(None)

    def _painted(self) -> list[Box]:
        if len(self.path) > LINE:
            return [*self.boxes, bounds(IDENTITY, self.path)]
        return self.boxes

    def _stroke(self, _: Any) -> None:
        """Note a thick stroke, which hides like a fill: the correction pen of editors."""
        width = self.state.line_width * abs(self.state.ctm[3] or self.state.ctm[1]) / 2
        if len(self.path) == LINE and width > THICK / 2:
            line = bounds(IDENTITY, self.path)
            box = Box(line.x0, line.y0 - width, line.x1, line.y1 + width)
            self._patch(box, image=False, colour=self.state.stroke)
        self._drop_path(None)

    def _clip(self, _: Any) -> None:
        painted = self._painted()
        if painted:
            xs, ys = [b.x0 for b in painted] + [b.x1 for b in painted], [b.y0 for b in painted]
            ys += [b.y1 for b in painted]
            within = Box(min(xs), min(ys), max(xs), max(ys))
            self.state = replace(self.state, clip=within.cut_to(self.state.clip))

    def _drop_path(self, _: Any) -> None:
        self.path, self.boxes = [], []

    def _stroke_colour(self, operands: Any) -> None:
        numbers = tuple(float(v) for v in operands if isinstance(v, (int, float)))
        self.state = replace(self.state, stroke=numbers or (0.5,))

    def _patch(self, box: Box, *, image: bool, colour: Colour | None = None) -> None:
        if self.state.alpha > OPAQUE and not self.state.blended and not any(self.layers):
            self.order += 1
            self.content.patches.append(
                Patch(box.cut_to(self.state.clip), self.order, image, colour or self.state.colour)
            )

    def _inline_image(self, _: Any) -> None:
        self._patch(bounds(self.state.ctm, corners(0, 0, 1, 1)), image=True)

    def _line_width(self, operands: Any) -> None:
        self.state = replace(self.state, line_width=float(operands[0]))
