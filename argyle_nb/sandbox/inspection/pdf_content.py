"""What a PDF page shows: pieces of text with place, font and order, and the shapes over them.

A small interpreter of page content (PDF 32000-1, chapters 8 and 9). It keeps what plain text
extraction throws away and what tells an edited page from an untouched one: the order of painting,
filled shapes, invisible text, hidden layers and the exact baseline of each piece.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pypdf.errors import PdfReadError
from pypdf.generic import ContentStream, StreamObject

from argyle_nb.sandbox.inspection.pdf_fonts import load_font
from argyle_nb.sandbox.inspection.pdf_objects import (
    appearance,
    hidden_layers,
    matrix,
    resolve,
    resolved_list,
    upright,
)
from argyle_nb.sandbox.inspection.pdf_page import (
    IDENTITY,
    Box,
    Matrix,
    PageContent,
    Run,
    apply,
    bounds,
    corners,
    multiply,
)
from argyle_nb.sandbox.inspection.pdf_shapes import SLANTED, ShapePainter

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

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
    """Interpret one page with its annotations.

    Parameters
    ----------
    reader
        The document.
    page
        One of its pages.
    number
        Its number, from 1.

    Returns
    -------
    PageContent
        Runs and patches in the order of painting.
    """
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
