"""What a page of a PDF paints: runs of text and shapes, with their places and layers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pypdf.errors import PdfReadError
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, StreamObject

from argyle_nb.sandbox.inspection.pdf_fonts import Font, load_font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pypdf import PageObject, PdfReader


HIDDEN_FLAG = 2


def resolve(value: Any) -> Any:
    """Follow an indirect reference."""
    return value.get_object() if hasattr(value, "get_object") else value


def resolved_list(value: Any) -> list[Any]:
    """Return the items of an array, each resolved; nothing when it is no array."""
    items = resolve(value)
    return [resolve(item) for item in items] if isinstance(items, ArrayObject) else []


def matrix(values: Any) -> Matrix:
    """Read the six numbers of a transformation."""
    numbers = [float(v) for v in values]
    return (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])


def hidden_layers(reader: PdfReader) -> set[int]:
    """Object numbers of the optional content groups that are switched off by default."""
    properties = resolve(reader.root_object.get("/OCProperties"))
    default = resolve(properties.get("/D")) if isinstance(properties, DictionaryObject) else None
    off = resolve(default.get("/OFF")) if isinstance(default, DictionaryObject) else None
    return {item.idnum for item in off or [] if hasattr(item, "idnum")}


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


def appearance(annotation: Any) -> Any:
    """Return the form that an annotation shows, if it is shown."""
    if not isinstance(annotation, DictionaryObject) or int(annotation.get("/F", 0)) & HIDDEN_FLAG:
        return None
    shown = resolve(annotation.get("/AP"))
    normal = resolve(shown.get("/N")) if isinstance(shown, DictionaryObject) else None
    if isinstance(normal, DictionaryObject) and not isinstance(normal, StreamObject):
        normal = resolve(normal.get(str(annotation.get("/AS", "/Off"))))
    return normal if isinstance(normal, StreamObject) else None


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
    """A piece of text painted at one place in one font."""

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


MAX_SAVED = 256
INSIDE = 0.9
THICK = 4.0
SLANTED = 45
LINE = 2
OPAQUE = 0.9
OPAQUE_MODES = {"/Normal", "/Compatible"}


@dataclass(frozen=True)
class GraphicsState:
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
        self.state = GraphicsState()
        self.stack: list[GraphicsState] = []
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


MAX_CONTENT_BYTES = 8_000_000
MAX_OPERATIONS = 300_000
MAX_DEPTH = 8
MAX_ANNOTATIONS = 200
BOX_NUMBERS = 4
COLUMN_KERN = 700
SPACE_KERN = 180
LARGEST = 400
FAINT = 0.1
# Regular expressions see texts of this length at most: no clock can stop them.
LONGEST_RUN = 300

INVISIBLE_MODE = 3
CLIP_MODE = 7


def read_page(reader: PdfReader, page: PageObject, number: int) -> PageContent:
    """Interpret one page with its annotations."""
    content, turn = _paint_page(reader, page, number, 0)
    return _paint_page(reader, page, number, turn)[0] if turn else content


def _paint_page(
    reader: PdfReader, page: PageObject, number: int, turn: int
) -> tuple[PageContent, int]:
    """Paint a page turned by so many degrees; say by how many its text still lies wrong."""
    sides = [float(side) for side in page.mediabox]
    base, width, height = upright(page.rotation + turn, *sides)
    content = PageContent(number, width, height)
    painter = _Painter(reader, content, hidden_layers(reader))
    painter.paint(page.get("/Contents"), page.get("/Resources"), base)
    for annotation in resolved_list(page.get("/Annots"))[:MAX_ANNOTATIONS]:
        painter.paint_annotation(annotation, base)
    return content, painter.main_turn


class _Painter(ShapePainter):
    """Runs content streams and notes what they paint."""

    def paint(self, stream: Any, resources: Any, ctm: Matrix, depth: int = 0) -> None:
        """Interpret one content stream under a transformation."""
        if stream is None or depth > MAX_DEPTH:
            return
        outer = (self.state, self.stack, self.resources, self.layers)
        self.state = replace(self.state, ctm=ctm)
        self.stack, self.resources, self.layers = [], resolve(resources), list(self.layers)
        for operands, operator in self._operations(stream):
            self.operations += 1
            if self.operations > MAX_OPERATIONS:
                raise PdfReadError("too many drawing operations")
            self._step(operator, operands, depth)
        self.state, self.stack, self.resources, self.layers = outer

    def _operations(self, stream: Any) -> list[tuple[Any, bytes]]:
        content = ContentStream(resolve(stream), self.reader, "bytes")
        if len(content.get_data()) > MAX_CONTENT_BYTES:
            raise PdfReadError("page content too large")
        return content.operations

    def paint_annotation(self, annotation: Any, base: Matrix) -> None:
        """Paint the normal appearance of one annotation, if it is shown."""
        form = appearance(annotation)
        if form is None:
            return
        rect = [float(resolve(v)) for v in resolve(annotation.get("/Rect", []))]
        own = matrix(resolve(form.get("/Matrix", IDENTITY)))
        bbox = [float(resolve(v)) for v in resolve(form.get("/BBox", [0, 0, 1, 1]))]
        if len(rect) != BOX_NUMBERS or len(bbox) != BOX_NUMBERS:
            return
        shown = bounds(own, corners(bbox[0], bbox[1], bbox[2] - bbox[0], bbox[3] - bbox[1]))
        across = (rect[2] - rect[0]) / ((shown.x1 - shown.x0) or 1)
        up = (rect[3] - rect[1]) / ((shown.y1 - shown.y0) or 1)
        place: Matrix = (across, 0, 0, up, rect[0] - shown.x0 * across, rect[1] - shown.y0 * up)
        self.annotation = True
        self.paint(form, form.get("/Resources"), multiply(multiply(own, place), base), 1)
        self.annotation = False

    def _step(self, operator: bytes, operands: Any, depth: int) -> None:
        method = _METHODS.get(operator)
        if operator == b"Do":
            self._external(operands, depth)
        elif method is not None:
            try:
                getattr(self, method)(operands)
            except (IndexError, TypeError, ValueError, AttributeError, OverflowError):
                return  # one malformed operator must not hide the rest of the page

    def _external(self, operands: Any, depth: int) -> None:
        entry = self._resource("/XObject", operands[0]) if operands else None
        if not isinstance(entry, StreamObject):
            return
        if entry.get("/Subtype") == "/Image":
            self._inline_image(None)
        elif entry.get("/Subtype") == "/Form":
            own = matrix(resolve(entry.get("/Matrix", IDENTITY)))
            resources = entry.get("/Resources", self.resources)
            self.paint(entry, resources, multiply(own, self.state.ctm), depth + 1)

    # -- text

    def _begin_text(self, _: Any) -> None:
        self.text_matrix = self.line_matrix = IDENTITY

    def _font(self, operands: Any) -> None:
        resource = self._resource("/Font", operands[0])
        key = id(resource)
        if key not in self.fonts:
            self.fonts[key] = load_font(resource)
        self.state = replace(self.state, font=self.fonts[key], size=float(operands[1]))

    def _move(self, operands: Any) -> None:
        shift: Matrix = (1, 0, 0, 1, float(operands[0]), float(operands[1]))
        self.text_matrix = self.line_matrix = multiply(shift, self.line_matrix)

    def _move_leading(self, operands: Any) -> None:
        self.state = replace(self.state, leading=-float(operands[1]))
        self._move(operands)

    def _set_matrix(self, operands: Any) -> None:
        self.text_matrix = self.line_matrix = matrix(operands)

    def _next_line(self, _: Any) -> None:
        self._move((0.0, -self.state.leading))

    def _show(self, operands: Any) -> None:
        self._show_pieces(operands[:1])

    def _show_array(self, operands: Any) -> None:
        self._show_pieces(operands[0])

    def _show_next(self, operands: Any) -> None:
        self._next_line(None)
        self._show_pieces(operands[-1:])

    def _show_spaced(self, operands: Any) -> None:
        self.state = replace(
            self.state, word_space=float(operands[0]), char_space=float(operands[1])
        )
        self._show_next(operands)

    def _show_pieces(self, pieces: Any) -> None:
        """Show strings and kerns; a gap as wide as two spaces starts a new run."""
        text, start, end, state = "", 0.0, 0.0, self.state
        for piece in pieces:
            if isinstance(piece, (int, float)):
                end -= float(piece) / 1000 * state.size * state.scale
                if -float(piece) > COLUMN_KERN and text.strip():
                    self._emit(text, start, end)
                    text, start = "", end
                elif -float(piece) > SPACE_KERN:
                    text += " "
                continue
            for glyph, width, is_space in state.font.glyphs(bytes(piece)):
                if text.endswith("  ") and glyph != " ":
                    self._emit(text, start, end)
                    text, start = "", end
                advance = width * state.size + state.char_space
                end += (advance + (state.word_space if is_space else 0.0)) * state.scale
                text += glyph
                if not text.strip():
                    text, start = "", end
        self._emit(text, start, end)
        self.text_matrix = multiply((1, 0, 0, 1, end, 0), self.text_matrix)

    def _emit(self, text: str, start: float, end: float) -> None:
        words = text.rstrip()
        if not words:
            return
        state = self.state
        trail = sum(w for _, w, _ in state.font.glyphs(b" " * (len(text) - len(words))))
        ctm = multiply(self.text_matrix, state.ctm)
        size = state.size * (abs(ctm[3]) or abs(ctm[1]))
        turn = _turn_of(ctm)
        self.turns[turn] += 1
        if turn or not 1 < abs(size) < LARGEST:
            return
        stop = end if state.font.two_bytes else end - trail * state.size * state.scale
        x0, y0 = apply(ctm, start, state.rise)
        x1 = apply(ctm, max(stop, start), state.rise)[0]
        self.order += 1
        self.content.runs.append(
            Run(
                text=re.sub(r"[\s\u00a0]+", " ", words[:LONGEST_RUN]),
                box=Box(min(x0, x1), y0, max(x0, x1), y0 + 0.7 * abs(size)),
                font=state.font,
                size=abs(size),
                order=self.order,
                colour=state.colour,
                visible=state.mode not in (INVISIBLE_MODE, CLIP_MODE) and state.alpha > FAINT,
                hidden_layer=any(self.layers),
                annotation=self.annotation,
            )
        )

    def _char_space(self, operands: Any) -> None:
        self.state = replace(self.state, char_space=float(operands[0]))

    def _word_space(self, operands: Any) -> None:
        self.state = replace(self.state, word_space=float(operands[0]))

    def _scale(self, operands: Any) -> None:
        self.state = replace(self.state, scale=float(operands[0]) / 100)

    def _leading(self, operands: Any) -> None:
        self.state = replace(self.state, leading=float(operands[0]))

    def _rise(self, operands: Any) -> None:
        self.state = replace(self.state, rise=float(operands[0]))

    def _render_mode(self, operands: Any) -> None:
        self.state = replace(self.state, mode=int(operands[0]))


def _turn_of(ctm: Matrix) -> int:
    """By how many degrees to turn a page so that this text reads from left to right."""
    if abs(ctm[1]) <= abs(ctm[0]) * 0.05:
        return 0 if ctm[0] > 0 else 180
    if abs(ctm[0]) <= abs(ctm[1]) * 0.05:
        return 90 if ctm[1] > 0 else 270
    return SLANTED  # a stamp, a watermark


_METHODS: dict[bytes, str] = {
    b"q": "_save",
    b"Q": "_restore",
    b"cm": "_concat",
    b"gs": "_extended_state",
    **dict.fromkeys((b"rg", b"g", b"k", b"sc", b"scn"), "_colour"),
    **dict.fromkeys((b"BDC", b"BMC"), "_begin_marked"),
    b"EMC": "_end_marked",
    b"re": "_rectangle",
    **dict.fromkeys((b"m", b"l", b"c", b"v", b"y"), "_point"),
    **dict.fromkeys((b"f", b"F", b"B", b"b"), "_fill"),
    **dict.fromkeys((b"f*", b"B*", b"b*"), "_fill_even_odd"),
    **dict.fromkeys((b"S", b"s"), "_stroke"),
    **dict.fromkeys((b"RG", b"G", b"K", b"SC", b"SCN"), "_stroke_colour"),
    **dict.fromkeys((b"W", b"W*"), "_clip"),
    b"n": "_drop_path",
    b"w": "_line_width",
    b"INLINE IMAGE": "_inline_image",
    b"BT": "_begin_text",
    b"Tf": "_font",
    b"Td": "_move",
    b"TD": "_move_leading",
    b"Tm": "_set_matrix",
    b"T*": "_next_line",
    b"Tj": "_show",
    b"TJ": "_show_array",
    b"'": "_show_next",
    b'"': "_show_spaced",
    b"Tc": "_char_space",
    b"Tw": "_word_space",
    b"Tz": "_scale",
    b"TL": "_leading",
    b"Ts": "_rise",
    b"Tr": "_render_mode",
}
