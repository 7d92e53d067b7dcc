"""What a viewer shows of a PDF, read with PDFium; every raw call of the library stands here.

PDFium is not safe in threads and gives no memory back: use it in a worker process only.
"""

from __future__ import annotations

import ctypes
import math
import re
import sys
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pypdfium2.raw as pdf

from argyle_nb.sandbox.inspection.page_content import (
    BLACK,
    IDENTITY,
    WHITE,
    Box,
    ByPlace,
    Font,
    FormField,
    PageContent,
    Patch,
    Run,
    apply,
    bounds,
    corners,
    family_of,
    multiply,
    upright,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from argyle_nb.sandbox.inspection.page_content import Colour, Matrix

    Pixels = npt.NDArray[np.uint8]
    Point = tuple[float, float]
    Figure = list[Point]

# Far above what a payroll document has; a page beyond is read in part.
MAX_OBJECTS = 60_000
MAX_GLYPHS = 200_000
MAX_DEPTH = 12
MAX_CLIP_POINTS = 500_000
MAX_FIGURES = 500
MAX_PICTURES = 64
MAX_MARK_LETTERS = 64
# Flattening takes time with the square of their number.
MAX_ANNOTATIONS = 10_000
MAX_RENDERED_PIXELS = 12_000_000
MAX_LOOKED_AT_ALONE = 200
MAX_PAINTED_ALONE = 500_000

JPEG_START = b"\xff\xd8\xff"
# The text page drops a glyph that equals one of the last few at its place.
REPEATS_WITHIN = 12
APART = 4096.0
# Print of other sizes, in points, nobody reads.
SMALLEST, LARGEST = 1.0, 400.0
FAINT, OPAQUE = 0.1, 0.9
DARK = 0.5
# Gaps between glyphs in parts of the size of print: of a word, of a column, of a letter.
SPACE_GAP, COLUMN_GAP = 0.18, 0.7
JOINED_GAP, JOINED_SPACE, JOINED_BACK = 0.18, 0.12, -0.1
SAME_SIZE, SAME_LINE = 0.01, 0.05
SAME_PRINT = 0.7
# Regular expressions see texts of this length at most: no clock can stop them.
LONGEST_RUN = 300
CAPITALS, DESCENDERS, MIDDLE = 0.7, 0.2, 0.3
INSIDE = 0.9
RECTANGULAR = 0.7
THICK = 4.0
RENDER_SCALE = 2.0
CHANGED = 24
UNDER, OVER = 0.5, 0.3
EDGE = 0.5
BACK_GAP = -0.3
STRAIGHT = 0.05
TWO_ENDS = 2
SLANTED = 45

SCRIPT_OF = pdf.FPDFAnnot_GetFormAdditionalActionJavaScript
ON_CALCULATE = pdf.FPDF_ANNOT_AACTION_CALCULATE
INVISIBLE_MODES = {pdf.FPDF_TEXTRENDERMODE_INVISIBLE, pdf.FPDF_TEXTRENDERMODE_CLIP}
STROKED_MODES = {pdf.FPDF_TEXTRENDERMODE_STROKE, pdf.FPDF_TEXTRENDERMODE_STROKE_CLIP}
STANDARD_FONTS = ("helvetica", "arial", "times", "courier", "symbol", "zapfdingbats")
REASONS = {
    pdf.FPDF_ERR_PASSWORD: "password-protected",
    pdf.FPDF_ERR_SECURITY: "protected in a way that this sandbox does not read",
}
# PDFium's own sign for a hyphen at the end of a line.
HYPHEN = "\x02"
UNKNOWN = "\ufffd"
BYTES = 3  # of a pixel: blue, green, red
_NO_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class UnreadablePdfError(Exception):
    """PDFium does not open the file; the text says why."""


class PdfFile:
    """One PDF in memory; a context manager."""

    def __init__(self, data: bytes) -> None:
        self._data = data  # PDFium reads from it as long as the document is open
        self._document = pdf.FPDF_LoadMemDocument64(data, len(data), None)
        if not self._document:
            raise UnreadablePdfError(REASONS.get(pdf.FPDF_GetLastError(), "corrupt"))
        self._form_info = pdf.FPDF_FORMFILLINFO(version=2)
        self._form = pdf.FPDFDOC_InitFormFillEnvironment(self._document, self._form_info)

    def __enter__(self) -> PdfFile:  # noqa: PYI034 - it is not meant to be derived from
        return self

    def __exit__(self, *_: object) -> None:
        if self._form:
            pdf.FPDFDOC_ExitFormFillEnvironment(self._form)
        pdf.FPDF_CloseDocument(self._document)

    @property
    def page_count(self) -> int:
        """Number of pages."""
        return int(pdf.FPDF_GetPageCount(self._document))

    def info(self, name: str) -> str | None:
        """Return an entry of the information dictionary, such as ``Producer``."""
        return _wide(pdf.FPDF_GetMetaText, self._document, name.encode("ascii")) or None

    def page(self, number: int) -> PageContent:
        """Read one page, counted from 1, with its annotations, which become part of the page."""
        with self._opened(number) as page:
            fields = list(self._fields(page))
            own = pdf.FPDFPage_CountObjects(page)
            if not _flattened(page):
                return _PageReader(page, own).content(number, fields)
        with self._opened(number) as page:
            return _PageReader(page, own).content(number, fields)

    def jpegs(self, number: int) -> list[bytes]:
        """Return the pictures of a page that are stored as JPEG, in the bytes of those JPEGs."""
        found: list[bytes] = []
        with self._opened(number) as page:
            for handle in islice(_pictures(_objects(page)), MAX_PICTURES):
                data = _bytes(pdf.FPDFImageObj_GetImageDataDecoded, handle)
                found += [data] if data.startswith(JPEG_START) else []
        return found

    @contextmanager
    def _opened(self, number: int) -> Iterator[Any]:
        page = pdf.FPDF_LoadPage(self._document, number - 1)
        if not page:
            raise UnreadablePdfError(f"page {number} cannot be read")
        if self._form:
            pdf.FORM_OnAfterLoadPage(page, self._form)
        try:
            yield page
        finally:
            if self._form:
                pdf.FORM_OnBeforeClosePage(page, self._form)
            pdf.FPDF_ClosePage(page)

    def _fields(self, page: Any) -> Iterator[FormField]:
        for at in range(min(pdf.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
            annotation = pdf.FPDFPage_GetAnnot(page, at)
            if pdf.FPDFAnnot_GetSubtype(annotation) == pdf.FPDF_ANNOT_WIDGET:
                yield self._field(annotation)
            pdf.FPDFPage_CloseAnnot(annotation)

    def _field(self, annotation: Any) -> FormField:
        rect = pdf.FS_RECTF()
        pdf.FPDFAnnot_GetRect(annotation, rect)
        return FormField(
            name=_wide(pdf.FPDFAnnot_GetFormFieldName, self._form, annotation),
            value=_wide(pdf.FPDFAnnot_GetFormFieldValue, self._form, annotation),
            box=bounds(IDENTITY, [(rect.left, rect.bottom), (rect.right, rect.top)]),
            default=_wide(pdf.FPDFAnnot_GetStringValue, annotation, b"DV"),
            calculated=bool(_wide(SCRIPT_OF, self._form, annotation, ON_CALCULATE)),
        )


def _wide(call: Any, *arguments: Any) -> str:
    """Read a text that PDFium writes as UTF-16 with its length in bytes."""
    length = call(*arguments, None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    call(*arguments, buffer, length)
    return bytes(buffer)[: max(length - 2, 0)].decode("utf-16-le", "replace")


def _bytes(call: Any, *arguments: Any) -> bytes:
    """Read bytes that PDFium writes where it is told to."""
    length = call(*arguments, None, 0)
    buffer = ctypes.create_string_buffer(max(length, 1))
    call(*arguments, buffer, length)
    return buffer.raw[:length]


def _flattened(page: Any) -> bool:
    """Make the annotations part of the page, and say whether there were any."""
    if not 0 < pdf.FPDFPage_GetAnnotCount(page) <= MAX_ANNOTATIONS:
        return False
    return bool(pdf.FPDFPage_Flatten(page, pdf.FLAT_NORMALDISPLAY) == pdf.FLATTEN_SUCCESS)


def _page_base(page: Any, turn: int) -> tuple[Matrix, float, float]:
    """Return the matrix from the page's own space to the page as it is shown, and its size."""
    box = pdf.FS_RECTF()
    pdf.FPDF_GetPageBoundingBox(page, box)
    rotation = 90 * pdf.FPDFPage_GetRotation(page) + turn
    return upright(rotation, box.left, box.bottom, box.right, box.top)


def _objects(page: Any) -> Iterator[Any]:
    for at in range(min(pdf.FPDFPage_CountObjects(page), MAX_OBJECTS)):
        yield pdf.FPDFPage_GetObject(page, at)


def _objects_of_form(form: Any) -> Iterator[Any]:
    for at in range(min(pdf.FPDFFormObj_CountObjects(form), MAX_OBJECTS)):
        yield pdf.FPDFFormObj_GetObject(form, at)


def _pictures(objects: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """Find the pictures among objects, also those inside forms."""
    for handle in objects:
        kind = pdf.FPDFPageObj_GetType(handle)
        if kind == pdf.FPDF_PAGEOBJ_IMAGE:
            yield handle
        elif kind == pdf.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            yield from _pictures(_objects_of_form(handle), depth + 1)


class _State(NamedTuple):
    """Under what an object is painted: the forms around it, their clip, their layer."""

    matrix: Matrix = IDENTITY
    clip: Box | None = None
    annotation: bool = False
    layered: bool = False
    depth: int = 0


class _Text(NamedTuple):
    """One text object: the way it is written, and how far it was moved apart from others."""

    handle: Any
    order: int
    state: _State
    way: _Way
    shift: float


class _Way(NamedTuple):
    """In which direction print goes on, its size in points, and how far it leans forward."""

    along: Point
    size: float
    slant: float


class _PageReader:
    """Walks what one page paints, in order; all places are in the page's own space."""

    def __init__(self, page: Any, own: int) -> None:
        self._page = page
        self._own = own  # how many objects come before those of annotations
        self._order = 0
        self._texts: list[_Text] = []
        self._patches: list[Patch] = []
        self._recent: deque[Box] = deque(maxlen=REPEATS_WITHIN)
        self._clip_points = 0

    def content(self, number: int, fields: list[FormField]) -> PageContent:
        """Read text, shapes and pictures, and find out by pixels what of it is seen."""
        for at, handle in enumerate(_objects(self._page)):
            self._paint(handle, _State(annotation=at >= self._own))
        runs = _Proof(self._page).proved(self._runs(), self._patches)
        upright_base, _, _ = _page_base(self._page, 0)
        turns = [_turn_of(run.source.way.along, upright_base) for run in runs]
        turn = _main_turn(runs, turns)
        base, width, height = _page_base(self._page, turn)
        main = (run for run, its_turn in zip(runs, turns, strict=True) if its_turn == turn)
        return PageContent(
            number,
            width,
            height,
            runs=_joined(run.placed(base) for run in main),
            patches=[replace(patch, box=_moved(patch.box, base)) for patch in self._patches],
            fields=[replace(field, box=_moved(field.box, base)) for field in fields],
        )

    def _paint(self, handle: Any, state: _State) -> None:
        if not handle or self._order >= MAX_OBJECTS:
            return
        self._order += 1
        kind = pdf.FPDFPageObj_GetType(handle)
        state = state._replace(clip=self._clip_of(handle, state))
        if kind == pdf.FPDF_PAGEOBJ_TEXT:
            self._text(handle, state)
        elif kind == pdf.FPDF_PAGEOBJ_FORM:
            self._form(handle, state)
        elif kind == pdf.FPDF_PAGEOBJ_PATH:
            self._path(handle, state)
        elif kind == pdf.FPDF_PAGEOBJ_IMAGE:
            box = bounds(multiply(_matrix(handle), state.matrix), corners(0, 0, 1, 1))
            self._patch(handle, box, state, image=True)
        elif kind == pdf.FPDF_PAGEOBJ_SHADING:
            self._patch(handle, _bounds_of(handle, state.matrix), state)

    def _clip_of(self, handle: Any, state: _State) -> Box | None:
        """Return the box that what is painted is cut to; beyond a budget pixels alone tell."""
        path = pdf.FPDFPageObj_GetClipPath(handle)
        clip = state.clip
        for at in range(pdf.FPDFClipPath_CountPaths(path) if path else 0):
            count = pdf.FPDFClipPath_CountPathSegments(path, at)
            self._clip_points += count
            if count > 0 and self._clip_points < MAX_CLIP_POINTS:
                segments = (pdf.FPDFClipPath_GetPathSegment(path, at, n) for n in range(count))
                clip = bounds(state.matrix, [_point(s) for s in segments]).cut_to(clip)
        return clip

    def _form(self, handle: Any, state: _State) -> None:
        if state.depth >= MAX_DEPTH:
            return
        inner = state._replace(
            matrix=multiply(_matrix(handle), state.matrix),
            layered=state.layered or _takes_marks(handle),
            depth=state.depth + 1,
        )
        for part in _objects_of_form(handle):
            self._paint(part, inner)

    def _text(self, handle: Any, state: _State) -> None:
        state = state._replace(layered=state.layered or _takes_marks(handle))
        way, shift = _way(handle, state.matrix), self._apart(handle, state.matrix)
        self._texts.append(_Text(handle, self._order, state, way, shift))

    def _apart(self, handle: Any, matrix: Matrix) -> float:
        """Move text that meets earlier text away from it, and say how far."""
        box = _bounds_of(handle, matrix)
        near = any(_meet(box, other) for other in self._recent)
        self._recent.append(box)
        if not near:
            return 0.0
        step = 1 + len(self._texts) % (REPEATS_WITHIN + 1)
        shift = APART * step / (math.hypot(*matrix[:2]) or 1.0)
        pdf.FPDFPageObj_Transform(handle, 1, 0, 0, 1, shift, 0)
        return shift

    def _path(self, handle: Any, state: _State) -> None:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdf.FPDFPath_GetDrawMode(handle, fill, stroke)
        if not fill.value and not stroke.value:
            return
        matrix = multiply(_matrix(handle), state.matrix)
        figures = _figures(handle, matrix)
        if fill.value:
            get = pdf.FPDFPageObj_GetFillColor
            boxes = _filled(figures, even_odd=fill.value == pdf.FPDF_FILLMODE_ALTERNATE)
        else:
            get = pdf.FPDFPageObj_GetStrokeColor
            boxes = _thick_lines(figures, _line_width(handle, matrix))
        for box in boxes:
            self._patch(handle, box, state, *_colour(handle, get))

    def _patch(
        self,
        handle: Any,
        box: Box,
        state: _State,
        colour: Colour = WHITE,
        alpha: float = 1.0,
        *,
        image: bool = False,
    ) -> None:
        box = box.cut_to(state.clip)
        if alpha > OPAQUE and box.is_finite and not pdf.FPDFPageObj_HasTransparency(handle):
            self._patches.append(Patch(box, self._order, image, dark=max(colour) < DARK))

    def _runs(self) -> list[_RawRun]:
        """Read the glyphs of every text object and gather those that stand together."""
        glyphs = _glyphs(self._page, self._texts)
        fonts: dict[int, Font] = {}
        runs: list[_RawRun] = []
        for text in self._texts:
            if text.shift:
                pdf.FPDFPageObj_Transform(text.handle, 1, 0, 0, 1, -text.shift, 0)
            runs += _runs_of(text, glyphs.get(_address(text.handle), []), fonts)
        return runs


def _address(handle: Any) -> int:
    return ctypes.addressof(handle.contents) if handle else 0


def _matrix(handle: Any) -> Matrix:
    m = pdf.FS_MATRIX()
    pdf.FPDFPageObj_GetMatrix(handle, m)
    return (m.a, m.b, m.c, m.d, m.e, m.f)


def _bounds_of(handle: Any, matrix: Matrix) -> Box:
    sides = [ctypes.c_float() for _ in range(4)]
    pdf.FPDFPageObj_GetBounds(handle, *sides)
    x0, y0, x1, y1 = (side.value for side in sides)
    return _moved(Box(x0, y0, x1, y1), matrix)


def _moved(box: Box, matrix: Matrix) -> Box:
    return bounds(matrix, corners(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0))


def _meet(box: Box, other: Box) -> bool:
    return box.x0 <= other.x1 and other.x0 <= box.x1 and box.y0 <= other.y1 and other.y0 <= box.y1


def _point(segment: Any) -> Point:
    x, y = ctypes.c_float(), ctypes.c_float()
    pdf.FPDFPathSegment_GetPoint(segment, x, y)
    return x.value, y.value


def _colour(handle: Any, get: Any) -> tuple[Colour, float]:
    """Return a colour as red, green and blue, and how opaque it is."""
    parts = [ctypes.c_uint() for _ in range(4)]
    if not get(handle, *parts):
        return BLACK, 1.0
    red, green, blue, alpha = (part.value / 255 for part in parts)
    return (red, green, blue), alpha


def _takes_marks(handle: Any) -> bool:
    """Take an object's ActualText off, and say whether it is on a layer."""
    layered = False
    for at in reversed(range(pdf.FPDFPageObj_CountMarks(handle))):
        mark = pdf.FPDFPageObj_GetMark(handle, at)
        layered |= _name_of(mark) == "OC"
        kind = pdf.FPDFPageObjMark_GetParamValueType(mark, b"ActualText")
        if kind == pdf.FPDF_OBJECT_STRING:
            # The text page would return it in place of the glyphs that are shown.
            pdf.FPDFPageObj_RemoveMark(handle, mark)
    return layered


def _name_of(mark: Any) -> str:
    length = ctypes.c_ulong()
    buffer = (ctypes.c_ushort * MAX_MARK_LETTERS)()  # of a longer one nothing is written
    pdf.FPDFPageObjMark_GetName(mark, buffer, ctypes.sizeof(buffer), length)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")


def _figures(handle: Any, matrix: Matrix) -> list[Figure]:
    """Part a path into its figures, each a list of points."""
    figures: list[Figure] = []
    for at in range(min(pdf.FPDFPath_CountSegments(handle), MAX_OBJECTS)):
        segment = pdf.FPDFPath_GetPathSegment(handle, at)
        if pdf.FPDFPathSegment_GetType(segment) == pdf.FPDF_SEGMENT_MOVETO or not figures:
            figures.append([])
        figures[-1].append(apply(matrix, *_point(segment)))
    return figures[:MAX_FIGURES]


def _filled(figures: list[Figure], *, even_odd: bool) -> list[Box]:
    """Boxes that a fill really covers: no triangles, and no frame around a hole."""
    found = [(bounds(IDENTITY, figure), _signed_area(figure)) for figure in figures]
    solid = [(box, area) for box, area in found if abs(area) > RECTANGULAR * box.area > 0]
    if len(solid) <= 1:
        return [box for box, _ in solid]
    sides = np.array([(box.x0, box.y0, box.x1, box.y1) for box, _ in solid])
    low, high = sides[:, :2], sides[:, 2:]
    common = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    shared = np.maximum(common, 0).prod(axis=2)
    areas, turned = (high - low).prod(axis=1), np.sign([area for _, area in solid])
    one_in_other = shared > INSIDE * np.minimum(areas[:, None], areas)
    hole = one_in_other & (even_odd | (turned[:, None] != turned))
    np.fill_diagonal(hole, val=False)
    return [box for (box, _), framed in zip(solid, hole.any(axis=1), strict=True) if not framed]


def _signed_area(points: Figure) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def _line_width(handle: Any, matrix: Matrix) -> float:
    width = ctypes.c_float()
    pdf.FPDFPageObj_GetStrokeWidth(handle, width)
    return width.value * math.sqrt(abs(_determinant(matrix)))


def _determinant(m: Matrix) -> float:
    return m[0] * m[3] - m[1] * m[2]


def _thick_lines(figures: list[Figure], width: float) -> list[Box]:
    """Boxes of straight level or upright lines that are thick enough to hide text."""
    straight = [bounds(IDENTITY, figure) for figure in figures if len(figure) == TWO_ENDS]
    if width <= THICK:
        return []
    half = width / 2
    level = [Box(b.x0, b.y0 - half, b.x1, b.y1 + half) for b in straight if b.y1 - b.y0 <= STRAIGHT]
    up = [Box(b.x0 - half, b.y0, b.x1 + half, b.y1) for b in straight if b.x1 - b.x0 <= STRAIGHT]
    return level + up


def _way(handle: Any, outer: Matrix) -> _Way:
    """Return how a text object is written; one without any extent has the size 0."""
    matrix, size = multiply(_matrix(handle), outer), ctypes.c_float()
    pdf.FPDFTextObj_GetFontSize(handle, size)
    across, height = math.hypot(*matrix[:2]), _determinant(matrix)
    if not across or not height:
        return _Way((1.0, 0.0), 0.0, 0.0)
    ahead = math.copysign(1 / across, size.value)
    lean = matrix[0] * matrix[2] + matrix[1] * matrix[3]
    # Slanted print is no taller than upright print.
    size_in_points = abs(size.value * height) / across
    return _Way((ahead * matrix[0], ahead * matrix[1]), size_in_points, lean / height)


class _Glyph(NamedTuple):
    """One character: its origin, and where along the line its advance begins and ends."""

    text: str
    x: float
    y: float
    start: float
    end: float


def _glyphs(page: Any, texts: list[_Text]) -> dict[int, list[_Glyph]]:
    """Read the glyphs of a page, by the address of the text object that paints them."""
    wanted = {_address(t.handle): t for t in texts if SMALLEST < t.way.size < LARGEST}
    glyphs: dict[int, list[_Glyph]] = {address: [] for address in wanted}
    text_page = pdf.FPDFText_LoadPage(page)
    try:
        for at in range(min(pdf.FPDFText_CountChars(text_page), MAX_GLYPHS)):
            if pdf.FPDFText_IsGenerated(text_page, at) == 1:
                continue
            address = _address(pdf.FPDFText_GetTextObject(text_page, at))
            if address in wanted:
                glyphs[address].append(_glyph(text_page, at, wanted[address]))
    finally:
        pdf.FPDFText_ClosePage(text_page)
    return glyphs


def _glyph(text_page: Any, at: int, source: _Text) -> _Glyph:
    x, y, rect = ctypes.c_double(), ctypes.c_double(), pdf.FS_RECTF()
    pdf.FPDFText_GetCharOrigin(text_page, at, x, y)
    pdf.FPDFText_GetLooseCharBox(text_page, at, rect)
    (across, up), matrix = source.way.along, source.state.matrix
    dx, dy = source.shift * matrix[0], source.shift * matrix[1]
    left, bottom = x.value - dx, y.value - dy
    end = max(rect.left * across, rect.right * across) + max(rect.bottom * up, rect.top * up)
    end -= max((rect.top - y.value) * source.way.slant * across, 0.0)
    return _Glyph(
        _character(pdf.FPDFText_GetUnicode(text_page, at)),
        left,
        bottom,
        left * across + bottom * up,
        end - dx * across - dy * up,
    )


def _character(code: int) -> str:
    text = chr(code) if 0 < code <= sys.maxunicode else UNKNOWN
    if text == HYPHEN:
        return "-"
    return " " if text.isspace() else _NO_CHARACTER.sub(UNKNOWN, text)


class _RawRun(NamedTuple):
    """Glyphs of one text object that stand together, from the baseline to the top of capitals."""

    text: str
    box: Box
    source: _Text
    font: Font
    colour: Colour
    inked: bool
    seen: bool = True

    def placed(self, base: Matrix) -> Run:
        """Return it on the page as it is shown."""
        return Run(
            text=self.text[:LONGEST_RUN],
            box=_moved(self.box, base),
            font=self.font,
            size=self.source.way.size,
            order=self.source.order,
            colour=self.colour,
            inked=self.inked,
            layered=self.source.state.layered,
            annotation=self.source.state.annotation,
            seen=self.seen,
        )


def _runs_of(source: _Text, glyphs: list[_Glyph], fonts: dict[int, Font]) -> Iterator[_RawRun]:
    if (clip := source.state.clip) is not None:
        glyphs = [glyph for glyph in glyphs if _within(_middle(glyph, source), clip)]
    if not glyphs:
        return
    mode = pdf.FPDFTextObj_GetTextRenderMode(source.handle)
    stroked = mode in STROKED_MODES
    get = pdf.FPDFPageObj_GetStrokeColor if stroked else pdf.FPDFPageObj_GetFillColor
    colour, alpha = _colour(source.handle, get)
    inked = mode not in INVISIBLE_MODES and alpha > FAINT
    font = _font(source.handle, fonts)
    for text, first, end in _split(glyphs, source.way.size):
        box = _box_of(source, first, end)
        if box.is_finite:
            yield _RawRun(text, box, source, font, colour, inked)


def _middle(glyph: _Glyph, source: _Text) -> Point:
    (across, up), half = source.way.along, max(glyph.end - glyph.start, 0) / 2
    rise = MIDDLE * source.way.size
    return glyph.x + half * across - rise * up, glyph.y + half * up + rise * across


def _within(point: Point, box: Box) -> bool:
    (x, y), edge = point, EDGE
    return box.x0 - edge <= x <= box.x1 + edge and box.y0 - edge <= y <= box.y1 + edge


def _box_of(source: _Text, first: _Glyph, end: float) -> Box:
    (across, up), rise = source.way.along, CAPITALS * source.way.size
    length = end - first.start
    x, y = first.x, first.y
    stop = (x + length * across, y + length * up)
    points = [(x, y), stop, (stop[0] - rise * up, stop[1] + rise * across)]
    return bounds(IDENTITY, [*points, (x - rise * up, y + rise * across)])


def _split(glyphs: list[_Glyph], size: float) -> Iterator[tuple[str, _Glyph, float]]:
    """Part the glyphs of one object where a column begins; narrow gaps become a space."""
    group: list[_Glyph] = []
    text = ""
    before = glyphs[0]
    for glyph in glyphs:
        gap = 0.0 if _of_one_ligature(before, glyph) else (glyph.start - before.end) / size
        wide = not BACK_GAP <= gap <= COLUMN_GAP or text.endswith("  ")
        if group and glyph.text != " " and wide:
            yield _stretch(text, group)
            group, text = [], ""
        elif group and glyph.text != " " and gap > SPACE_GAP and not text.endswith(" "):
            text += " "
        if glyph.text != " ":
            group.append(glyph)
        text += glyph.text if group else ""
        before = glyph
    if group:
        yield _stretch(text, group)


def _of_one_ligature(before: _Glyph, glyph: _Glyph) -> bool:
    """Whether one sign stands for both letters, such as that for fi."""
    return before.start == glyph.start and (before.text + glyph.text).isalpha()


def _stretch(text: str, group: list[_Glyph]) -> tuple[str, _Glyph, float]:
    return " ".join(text.split()), group[0], max(glyph.end for glyph in group)


def _font(handle: Any, fonts: dict[int, Font]) -> Font:
    """Look up a text object's font, whose name is asked for once."""
    font = pdf.FPDFTextObj_GetFont(handle)
    if not font:
        return Font()
    if _address(font) not in fonts:
        name = _bytes(pdf.FPDFFont_GetBaseFontName, font).rstrip(b"\0").decode("utf-8", "replace")
        standard = name.lower().startswith(STANDARD_FONTS)
        exact = standard or pdf.FPDFFont_GetIsEmbedded(font) == 1
        fonts[_address(font)] = Font(name, family_of(name), exact)
    return fonts[_address(font)]


class _Proof:
    """Pictures of a page with and without some of its text: what changes no pixel is not seen."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._base, width, height = _page_base(page, 0)
        scale = min(RENDER_SCALE, math.sqrt(MAX_RENDERED_PIXELS / max(width * height, 1.0)))
        self._width, self._height = max(1, round(width * scale)), max(1, round(height * scale))
        self._across, self._down = self._width / max(width, 1.0), self._height / max(height, 1.0)
        self._all = _Area(0, 0, self._width, self._height)

    def proved(self, runs: list[_RawRun], patches: list[Patch]) -> list[_RawRun]:
        """Say of each run whether it is seen; what may lie under something is tried apart."""
        if not runs:
            return runs
        whole = self._picture(self._all)
        unseen = self._unchanged(runs, whole)
        doubtful = _doubtful([run for run in runs if id(run) not in unseen], patches)
        unseen |= self._unchanged(doubtful, whole) if doubtful else set()
        # Two that stand at one place vouch for each other unless each is tried alone.
        left = [run for run in doubtful if id(run) not in unseen]
        most = min(MAX_LOOKED_AT_ALONE, MAX_PAINTED_ALONE // (len(runs) + len(patches)))
        for run in left[:most] if len(left) > 1 else ():
            unseen |= self._unchanged([run], whole, self._area(run))
        return [run._replace(seen=id(run) not in unseen) for run in runs]

    def _unchanged(self, runs: list[_RawRun], whole: Pixels, area: _Area | None = None) -> set[int]:
        """Leave out the text of these runs and return those whose place looks the same."""
        handles = {run.source.order: run.source.handle for run in runs}
        for handle in handles.values():
            pdf.FPDFPageObj_SetIsActive(handle, 0)
        area = area or self._all
        changed = _differs(area.part_of(whole), self._picture(area))
        for handle in handles.values():
            pdf.FPDFPageObj_SetIsActive(handle, 1)
        if area is not self._all:
            return set() if changed.any() else {id(run) for run in runs}
        return {id(run) for run in runs if not self._area(run).part_of(changed).any()}

    def _area(self, run: _RawRun) -> _Area:
        """Return the pixels of a run, with the descenders of its letters."""
        box = _moved(run.box, self._base)
        below = DESCENDERS * run.source.way.size
        left, right = box.x0 * self._across, box.x1 * self._across
        top, bottom = (self._height - y * self._down for y in (box.y1, box.y0 - below))
        return _Area(
            min(max(math.floor(left), 0), self._width - 1),
            min(max(math.floor(top), 0), self._height - 1),
            max(min(math.ceil(right), self._width), 1),
            max(min(math.ceil(bottom), self._height), 1),
        )

    def _picture(self, area: _Area) -> Pixels:
        """Render a part of the page: rows of pixels, each as blue, green and red."""
        width, height = area.right - area.left, area.bottom - area.top
        bitmap = pdf.FPDFBitmap_CreateEx(width, height, pdf.FPDFBitmap_BGR, None, 0)
        if not bitmap:
            raise MemoryError
        try:
            pdf.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
            place = (-area.left, -area.top, self._width, self._height)
            pdf.FPDF_RenderPageBitmap(bitmap, self._page, *place, 0, 0)
            stride = pdf.FPDFBitmap_GetStride(bitmap)
            data = ctypes.string_at(pdf.FPDFBitmap_GetBuffer(bitmap), stride * height)
        finally:
            pdf.FPDFBitmap_Destroy(bitmap)
        rows = np.frombuffer(data, dtype=np.uint8).reshape(height, stride)
        return rows[:, : BYTES * width]


class _Area(NamedTuple):
    """A part of a page's picture, in pixels from its upper left."""

    left: int
    top: int
    right: int
    bottom: int

    def part_of(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Cut it out of a picture of the whole page."""
        return picture[self.top : self.bottom, BYTES * self.left : BYTES * self.right]


def _differs(picture: Pixels, other: Pixels) -> npt.NDArray[np.bool_]:
    return (np.maximum(picture, other) - np.minimum(picture, other)) > CHANGED


def _doubtful(runs: list[_RawRun], patches: list[Patch]) -> list[_RawRun]:
    """Return the runs at whose place a changed pixel may be another's."""
    painted = ByPlace((patch.box, patch) for patch in patches)
    written = ByPlace((run.box, run) for run in runs)
    return [
        run
        for run in runs
        if not run.inked
        or run.source.state.layered
        or any(
            patch.order > run.source.order and run.box.shared(patch.box) > UNDER
            for patch in painted.near(run.box)
        )
        or any(
            other.source.order > run.source.order
            and other.text != run.text
            and run.box.shared(other.box) > OVER
            for other in written.near(run.box)
        )
    ]


def _turn_of(along: Point, base: Matrix) -> int:
    """By how many degrees to turn the page so that this text reads from left to right."""
    x = along[0] * base[0] + along[1] * base[2]
    y = along[0] * base[1] + along[1] * base[3]
    if abs(y) <= abs(x) * STRAIGHT:
        return 0 if x > 0 else 180
    if abs(x) <= abs(y) * STRAIGHT:
        return 90 if y > 0 else 270
    return SLANTED  # a stamp, a watermark


def _main_turn(runs: list[_RawRun], turns: list[int]) -> int:
    letters: Counter[int] = Counter()
    for run, turn in zip(runs, turns, strict=True):
        letters[turn] += len(run.text)
    most = max(letters, key=lambda turn: letters[turn], default=0)
    return 0 if most == SLANTED else most


def _joined(runs: Iterable[Run]) -> list[Run]:
    """Join what many programs paint letter by letter, some of them each letter twice."""
    groups: list[list[Run]] = []
    for run in runs:
        if groups and _repeats(groups[-1][-1], run):
            groups[-1][-1] = replace(groups[-1][-1], order=run.order)
        elif groups and len(groups[-1]) < LONGEST_RUN and _continues(groups[-1][-1], run):
            groups[-1].append(run)
        else:
            groups.append([run])
    return [_as_one(group) for group in groups]


def _as_one(group: list[Run]) -> Run:
    first, last = group[0], group[-1]
    if first is last:
        return first
    text = first.text
    for before, run in pairwise(group):
        gap = run.box.x0 - before.box.x1
        text += (" " if gap > JOINED_SPACE * run.size else "") + run.text
    box = Box(first.box.x0, first.box.y0, last.box.x1, first.box.y1)
    return replace(first, text=text[:LONGEST_RUN], box=box, order=last.order)


def _continues(before: Run, run: Run) -> bool:
    """Whether a run goes on where the one before it ended, in the same print."""
    return (
        run.order == before.order + 1
        and JOINED_BACK * run.size < run.box.x0 - before.box.x1 < JOINED_GAP * run.size
        and abs(run.size - before.size) < SAME_SIZE
        and abs(run.box.y0 - before.box.y0) < SAME_LINE
        and _manner(run) == _manner(before)
    )


def _repeats(before: Run, run: Run) -> bool:
    """Whether the same is painted again at nearly the same place, which makes it bold."""
    alike = run.text == before.text and _manner(run) == _manner(before)
    return alike and run.box.shared(before.box) > SAME_PRINT


def _manner(run: Run) -> tuple[object, ...]:
    return (run.font, run.colour, run.seen, run.inked, run.layered, run.annotation)
