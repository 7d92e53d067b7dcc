"""What a viewer shows of a PDF, read with PDFium; every raw call of the library stands here.

PDFium is not safe in threads and keeps memory: use it in a worker process only.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pypdfium2.raw as pdf

from argyle_nb.sandbox.inspection.page_content import (
    BLACK,
    IDENTITY,
    Box,
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
    from collections.abc import Iterator

    import numpy.typing as npt

    from argyle_nb.sandbox.inspection.page_content import Colour, Matrix

    Grey = npt.NDArray[np.uint8]

MAX_OBJECTS = 60_000
MAX_GLYPHS = 200_000
MAX_DEPTH = 12
# Flattening takes time with the square of their number.
MAX_ANNOTATIONS = 1_000
MAX_SIGNATURES = 64
MAX_PICTURES = 64
JPEG_START = b"\xff\xd8\xff"
# The text page drops a glyph that equals one of the last few at its place.
REPEATS_WITHIN = 12
APART = 4096.0
LARGEST = 400
FAINT, OPAQUE = 0.1, 0.9
SPACE_GAP, COLUMN_GAP = 0.18, 0.7
JOINED_GAP = 0.18
# Regular expressions see texts of this length at most: no clock can stop them.
LONGEST_RUN = 300
INSIDE = 0.9
RECTANGULAR = 0.7
THICK = 4.0
RENDER_SCALE = 2.0
MAX_RENDERED_PIXELS = 12_000_000
CHANGED = 24
SLANTED = 45
EVEN_ODD = 1
LINE_TO, BEZIER_TO, MOVE_TO = 0, 1, 2
INVISIBLE_MODES = {pdf.FPDF_TEXTRENDERMODE_INVISIBLE, pdf.FPDF_TEXTRENDERMODE_CLIP}
STROKED_MODES = {pdf.FPDF_TEXTRENDERMODE_STROKE, pdf.FPDF_TEXTRENDERMODE_STROKE_CLIP}
STANDARD_FONTS = ("helvetica", "arial", "times", "courier", "symbol", "zapfdingbats")
FIELD_KINDS = {
    pdf.FPDF_FORMFIELD_TEXTFIELD: "text",
    pdf.FPDF_FORMFIELD_COMBOBOX: "text",
    pdf.FPDF_FORMFIELD_LISTBOX: "text",
    pdf.FPDF_FORMFIELD_CHECKBOX: "choice",
    pdf.FPDF_FORMFIELD_RADIOBUTTON: "choice",
    pdf.FPDF_FORMFIELD_SIGNATURE: "signature",
}


class UnreadablePdfError(Exception):
    """PDFium does not open the file; the text says why."""


class _Piece(NamedTuple):
    """One text object on the page: its handle, its place among forms, and what hides it."""

    handle: Any
    order: int
    place: Matrix
    clip: Box | None
    annotation: bool
    shift: tuple[float, float]
    actual_text: str | None
    layered: bool


class PdfFile:
    """One PDF in memory; a context manager."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._buffer = ctypes.create_string_buffer(data, len(data))
        self._document = pdf.FPDF_LoadMemDocument64(self._buffer, len(data), None)
        if not self._document:
            raise UnreadablePdfError(_reason(pdf.FPDF_GetLastError()))
        self._form_info = pdf.FPDF_FORMFILLINFO(version=2)
        self._form = pdf.FPDFDOC_InitFormFillEnvironment(self._document, self._form_info)

    def __enter__(self) -> PdfFile:
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
        tag = name.encode("ascii")
        length = pdf.FPDF_GetMetaText(self._document, tag, None, 0)
        buffer = ctypes.create_string_buffer(length)
        pdf.FPDF_GetMetaText(self._document, tag, buffer, length)
        return buffer.raw[: max(length - 2, 0)].decode("utf-16-le", "replace") or None

    def signed_ends(self) -> set[int]:
        """Where the bytes end that a digital signature covers."""
        ends = set()
        for at in range(min(pdf.FPDF_GetSignatureCount(self._document), MAX_SIGNATURES)):
            signature = pdf.FPDF_GetSignatureObject(self._document, at)
            count = pdf.FPDFSignatureObj_GetByteRange(signature, None, 0)
            parts = (ctypes.c_int * count)()
            pdf.FPDFSignatureObj_GetByteRange(signature, parts, count)
            ends.add(sum(parts[-2:]) if count >= 4 else 0)
        return ends - {0}

    def page(self, number: int) -> PageContent:
        """Read one page, counted from 1, with its annotations."""
        with self._opened(number - 1) as page:
            fields = list(self._fields(page))
            own = pdf.FPDFPage_CountObjects(page)
            annotations = pdf.FPDFPage_GetAnnotCount(page)
            flat = 0 < annotations <= MAX_ANNOTATIONS and (
                pdf.FPDFPage_Flatten(page, pdf.FLAT_NORMALDISPLAY) == pdf.FLATTEN_SUCCESS
            )
        with self._opened(number - 1) as page:
            return _PageReader(page, number, own if flat else None).read(fields)

    def jpegs(self, number: int) -> list[bytes]:
        """Return the pictures of a page that are stored as JPEG, as they are stored."""
        with self._opened(number - 1) as page:
            handles = (
                pdf.FPDFPage_GetObject(page, at)
                for at in range(min(pdf.FPDFPage_CountObjects(page), MAX_PICTURES))
            )
            found = [_raw_picture(handle) for handle in handles]
        return [data for data in found if data.startswith(JPEG_START)]

    @contextmanager
    def _opened(self, index: int) -> Iterator[Any]:
        page = pdf.FPDF_LoadPage(self._document, index)
        if not page:
            raise UnreadablePdfError(f"page {index + 1} cannot be read")
        if self._form:
            pdf.FORM_OnAfterLoadPage(page, self._form)
        try:
            yield page
        finally:
            if self._form:
                pdf.FORM_OnBeforeClosePage(page, self._form)
            pdf.FPDF_ClosePage(page)

    def _fields(self, page: Any) -> Iterator[FormField]:
        base, _, _ = _page_base(page, 0)
        for at in range(min(pdf.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
            annotation = pdf.FPDFPage_GetAnnot(page, at)
            try:
                if pdf.FPDFAnnot_GetSubtype(annotation) == pdf.FPDF_ANNOT_WIDGET:
                    yield self._field(annotation, base)
            finally:
                pdf.FPDFPage_CloseAnnot(annotation)

    def _field(self, annotation: Any, base: Matrix) -> FormField:
        rect = pdf.FS_RECTF()
        pdf.FPDFAnnot_GetRect(annotation, rect)
        box = bounds(base, [(rect.left, rect.bottom), (rect.right, rect.top)])
        kind = FIELD_KINDS.get(pdf.FPDFAnnot_GetFormFieldType(self._form, annotation), "other")
        name = _wide(pdf.FPDFAnnot_GetFormFieldName, self._form, annotation)
        return FormField(
            name, kind, _wide(pdf.FPDFAnnot_GetFormFieldValue, self._form, annotation), box
        )


def _raw_picture(handle: Any) -> bytes:
    if pdf.FPDFPageObj_GetType(handle) != pdf.FPDF_PAGEOBJ_IMAGE:
        return b""
    length = pdf.FPDFImageObj_GetImageDataDecoded(handle, None, 0)
    buffer = ctypes.create_string_buffer(max(length, 1))
    pdf.FPDFImageObj_GetImageDataDecoded(handle, buffer, length)
    return buffer.raw[:length]


def _reason(code: int) -> str:
    if code == pdf.FPDF_ERR_PASSWORD:
        return "password-protected"
    if code == pdf.FPDF_ERR_SECURITY:
        return "protected in a way that this sandbox does not read"
    return "corrupt"


def _wide(call: Any, *arguments: Any) -> str:
    """Read a text that PDFium writes as UTF-16 with its length in bytes."""
    length = call(*arguments, None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    call(*arguments, buffer, length)
    return bytes(buffer)[: max(length - 2, 0)].decode("utf-16-le", "replace")


def _page_base(page: Any, turn: int) -> tuple[Matrix, float, float]:
    """Return the matrix from the page's own space to the page as it is shown, and its size."""
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdf.FPDFPage_GetCropBox(page, *sides) and not pdf.FPDFPage_GetMediaBox(page, *sides):
        rotated = pdf.FPDFPage_GetRotation(page) % 2
        size = (pdf.FPDF_GetPageWidthF(page), pdf.FPDF_GetPageHeightF(page))
        sides = [ctypes.c_float(v) for v in (0, 0, *(size[::-1] if rotated else size))]
    x0, y0, x1, y1 = (side.value for side in sides)
    return upright(
        90 * pdf.FPDFPage_GetRotation(page) + turn,
        min(x0, x1),
        min(y0, y1),
        max(x0, x1),
        max(y0, y1),
    )


class _PageReader:
    """Walks the objects of one page."""

    def __init__(self, page: Any, number: int, own: int | None) -> None:
        self.page, self.number, self.own = page, number, own
        self.base, self.width, self.height = _page_base(page, 0)
        self.pieces: list[_Piece] = []
        self.patches: list[Patch] = []
        self.recent: list[Box] = []
        self.order = 0
        self.fonts: dict[int, Font] = {}

    def read(self, fields: list[FormField]) -> PageContent:
        """Read text, shapes and pictures, and find out by pixels what of it is seen."""
        count = pdf.FPDFPage_CountObjects(self.page)
        for at in range(count):
            handle = pdf.FPDFPage_GetObject(self.page, at)
            self._note(handle, IDENTITY, None, self.own is not None and at >= self.own, 0)
        raw = self._glyph_runs()
        self._move_back()
        raw = self._proved(raw)
        turn = _main_turn(raw)
        content = PageContent(self.number, self.width, self.height, fields=fields)
        base, patches = self.base, self.patches
        if turn:
            base, content.width, content.height = _page_base(self.page, turn)
            again = multiply(_inverse(self.base), base)
            patches = [replace(p, box=_moved(p.box, again)) for p in patches]
            content.fields = [replace(f, box=_moved(f.box, again)) for f in fields]
        content.patches = patches
        content.runs = _joined([run.placed(base) for run in raw if run.turn == turn])
        return content

    # -- objects

    def _note(
        self, handle: Any, place: Matrix, clip: Box | None, annotation: bool, depth: int
    ) -> None:
        if self.order > MAX_OBJECTS or not handle:
            return
        kind = pdf.FPDFPageObj_GetType(handle)
        clip = self._clip_of(handle, place, clip)
        if kind == pdf.FPDF_PAGEOBJ_FORM:
            self._form(handle, place, clip, annotation, depth)
        elif kind == pdf.FPDF_PAGEOBJ_TEXT:
            self._text(handle, place, clip, annotation)
        elif kind == pdf.FPDF_PAGEOBJ_PATH:
            self._path(handle, place, clip)
        elif kind in (pdf.FPDF_PAGEOBJ_IMAGE, pdf.FPDF_PAGEOBJ_SHADING):
            self._area(handle, place, clip, image=kind == pdf.FPDF_PAGEOBJ_IMAGE)

    def _form(
        self, handle: Any, place: Matrix, clip: Box | None, annotation: bool, depth: int
    ) -> None:
        if depth >= MAX_DEPTH:
            return
        inner = multiply(_matrix(handle), place)
        for at in range(min(pdf.FPDFFormObj_CountObjects(handle), MAX_OBJECTS)):
            self._note(pdf.FPDFFormObj_GetObject(handle, at), inner, clip, annotation, depth + 1)

    def _text(self, handle: Any, place: Matrix, clip: Box | None, annotation: bool) -> None:
        self.order += 1
        actual, layered = _take_marks(handle)
        box = _object_box(handle, place)
        near = any(_meet(box, other) for other in self.recent[-REPEATS_WITHIN:])
        self.recent.append(box)
        shift = (0.0, 0.0)
        if near:
            step = APART * (1 + self.order % REPEATS_WITHIN)
            pdf.FPDFPageObj_Transform(handle, 1, 0, 0, 1, step, 0)
            shift = (step, 0.0)
        self.pieces.append(
            _Piece(handle, self.order, place, clip, annotation, shift, actual, layered)
        )

    def _move_back(self) -> None:
        for piece in self.pieces:
            if piece.shift[0]:
                pdf.FPDFPageObj_Transform(piece.handle, 1, 0, 0, 1, -piece.shift[0], 0)

    def _clip_of(self, handle: Any, place: Matrix, outer: Box | None) -> Box | None:
        path = pdf.FPDFPageObj_GetClipPath(handle)
        clip = outer
        for at in range(max(pdf.FPDFClipPath_CountPaths(path), 0) if path else 0):
            points = [
                _point(pdf.FPDFClipPath_GetPathSegment(path, at, segment))
                for segment in range(min(pdf.FPDFClipPath_CountPathSegments(path, at), 1_000))
            ]
            if points:
                clip = bounds(multiply(place, self.base), points).cut_to(clip)
        return clip

    def _area(self, handle: Any, place: Matrix, clip: Box | None, *, image: bool) -> None:
        matrix = multiply(_matrix(handle), place) if image else place
        box = (
            _moved(Box(0, 0, 1, 1), multiply(matrix, self.base))
            if image
            else _moved(_object_box(handle, place), self.base)
        )
        self._patch(handle, box, clip, image=image, colour=(0.5,))

    def _path(self, handle: Any, place: Matrix, clip: Box | None) -> None:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdf.FPDFPath_GetDrawMode(handle, fill, stroke)
        matrix = multiply(multiply(_matrix(handle), place), self.base)
        figures = _figures(handle, matrix)
        if fill.value:
            for box in _filled(figures, even_odd=fill.value == EVEN_ODD):
                self._patch(
                    handle,
                    box,
                    clip,
                    image=False,
                    colour=_colour(handle, pdf.FPDFPageObj_GetFillColor)[0],
                )
        elif stroke.value and len(figures) == 1 and len(figures[0]) == 2:
            width = ctypes.c_float()
            pdf.FPDFPageObj_GetStrokeWidth(handle, width)
            half = width.value * math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2])) / 2
            line = bounds(IDENTITY, figures[0])
            if half > THICK / 2:
                box = Box(line.x0, line.y0 - half, line.x1, line.y1 + half)
                self._patch(
                    handle,
                    box,
                    clip,
                    image=False,
                    colour=_colour(handle, pdf.FPDFPageObj_GetStrokeColor)[0],
                )

    def _patch(
        self, handle: Any, box: Box, clip: Box | None, *, image: bool, colour: Colour
    ) -> None:
        self.order += 1
        opaque = image or _colour(handle, pdf.FPDFPageObj_GetFillColor)[1] > OPAQUE
        if opaque and not pdf.FPDFPageObj_HasTransparency(handle):
            self.patches.append(Patch(box.cut_to(clip), self.order, image, colour))

    # -- text

    def _glyph_runs(self) -> list[_RawRun]:
        """Read the glyphs of every text object and gather those that stand together."""
        by_handle = {ctypes.addressof(piece.handle.contents): piece for piece in self.pieces}
        glyphs: dict[int, list[_Glyph]] = {}
        text_page = pdf.FPDFText_LoadPage(self.page)
        try:
            for at in range(min(max(pdf.FPDFText_CountChars(text_page), 0), MAX_GLYPHS)):
                if pdf.FPDFText_IsGenerated(text_page, at) == 1:
                    continue
                handle = pdf.FPDFText_GetTextObject(text_page, at)
                address = ctypes.addressof(handle.contents) if handle else 0
                if address in by_handle:
                    glyphs.setdefault(address, []).append(_glyph(text_page, at))
        finally:
            pdf.FPDFText_ClosePage(text_page)
        runs: list[_RawRun] = []
        for address, piece in by_handle.items():
            runs += self._runs_of(piece, glyphs.get(address, []))
        return runs

    def _runs_of(self, piece: _Piece, glyphs: list[_Glyph]) -> Iterator[_RawRun]:
        matrix = multiply(_matrix_of_text(piece), piece.place)
        across, up = math.hypot(matrix[0], matrix[1]), math.hypot(matrix[2], matrix[3])
        size = ctypes.c_float()
        pdf.FPDFTextObj_GetFontSize(piece.handle, size)
        points = abs(size.value) * up
        if not 1 < points < LARGEST or not across:
            return
        along = (matrix[0] / across, matrix[1] / across)
        dx = piece.shift[0] * piece.place[0], piece.shift[0] * piece.place[1]
        placed = [g.moved(-dx[0], -dx[1]) for g in glyphs]
        if piece.clip is not None:
            placed = [
                g for g in placed if _within(apply(self.base, *g.middle(along, points)), piece.clip)
            ]
        mode = pdf.FPDFTextObj_GetTextRenderMode(piece.handle)
        get = (
            pdf.FPDFPageObj_GetStrokeColor
            if mode in STROKED_MODES
            else pdf.FPDFPageObj_GetFillColor
        )
        colour, alpha = _colour(piece.handle, get)
        font = self._font(piece.handle)
        for text, start, stop in _split(placed, along, points):
            yield _RawRun(
                text,
                start,
                stop,
                along,
                points,
                font,
                piece,
                colour,
                inked=mode not in INVISIBLE_MODES and alpha > FAINT,
                turn=_turn_of(along, self.base),
            )

    def _font(self, handle: Any) -> Font:
        font = pdf.FPDFTextObj_GetFont(handle)
        address = ctypes.addressof(font.contents) if font else 0
        if address not in self.fonts:
            length = pdf.FPDFFont_GetBaseFontName(font, None, 0) if font else 0
            buffer = ctypes.create_string_buffer(max(length, 1))
            if font:
                pdf.FPDFFont_GetBaseFontName(font, buffer, length)
            name = buffer.value.decode("utf-8", "replace")
            exact = bool(font) and (
                pdf.FPDFFont_GetIsEmbedded(font) == 1 or name.lower().startswith(STANDARD_FONTS)
            )
            self.fonts[address] = Font(name, family_of(name), exact)
        return self.fonts[address]

    # -- what is seen

    def _proved(self, runs: list[_RawRun]) -> list[_RawRun]:
        """Render with and without text: a run whose pixels do not change is not seen."""
        if not runs:
            return runs
        scale = min(RENDER_SCALE, math.sqrt(MAX_RENDERED_PIXELS / max(self.width * self.height, 1)))
        whole = self._rendered(scale)
        unseen = self._unchanged(runs, whole, scale)
        doubtful = [r for r in runs if id(r) not in unseen and self._is_under(r)]
        unseen |= self._unchanged(doubtful, whole, scale) if doubtful else set()
        return [r._replace(seen=id(r) not in unseen) for r in runs]

    def _is_under(self, run: _RawRun) -> bool:
        box = run.box(self.base)
        return any(p.order > run.piece.order and box.shared(p.box) > 0.5 for p in self.patches)

    def _unchanged(self, runs: list[_RawRun], whole: Grey, scale: float) -> set[int]:
        handles = {id(run.piece.handle): run.piece.handle for run in runs}
        for handle in handles.values():
            pdf.FPDFPageObj_SetIsActive(handle, 0)
        without = self._rendered(scale)
        for handle in handles.values():
            pdf.FPDFPageObj_SetIsActive(handle, 1)
        differs = np.abs(whole.astype(np.int16) - without.astype(np.int16)) > CHANGED
        sums = np.pad(differs.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        return {
            id(run) for run in runs if not _any_inside(sums, run.box(self.base), scale, self.height)
        }

    def _rendered(self, scale: float) -> Grey:
        width, height = (
            max(1, math.ceil(self.width * scale)),
            max(1, math.ceil(self.height * scale)),
        )
        bitmap = pdf.FPDFBitmap_CreateEx(width, height, pdf.FPDFBitmap_Gray, None, 0)
        try:
            pdf.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
            pdf.FPDF_RenderPageBitmap(bitmap, self.page, 0, 0, width, height, 0, 0)
            stride = pdf.FPDFBitmap_GetStride(bitmap)
            buffer = ctypes.string_at(pdf.FPDFBitmap_GetBuffer(bitmap), stride * height)
        finally:
            pdf.FPDFBitmap_Destroy(bitmap)
        return np.frombuffer(buffer, dtype=np.uint8).reshape(height, stride)[:, :width]


class _Glyph(NamedTuple):
    """One character: where its baseline begins and its advance ends, in the page's own space."""

    text: str
    x: float
    y: float
    corners: tuple[tuple[float, float], ...]

    def moved(self, dx: float, dy: float) -> _Glyph:
        moved = tuple((x + dx, y + dy) for x, y in self.corners)
        return _Glyph(self.text, self.x + dx, self.y + dy, moved)

    def end(self, along: tuple[float, float]) -> float:
        """How far its advance reaches in the direction of writing."""
        return max(x * along[0] + y * along[1] for x, y in self.corners)

    def middle(self, along: tuple[float, float], size: float) -> tuple[float, float]:
        half = max(self.end(along) - (self.x * along[0] + self.y * along[1]), 0) / 2
        rise = 0.3 * size
        return (
            self.x + half * along[0] - rise * along[1],
            self.y + half * along[1] + rise * along[0],
        )


class _RawRun(NamedTuple):
    """Glyphs that stand together, in the page's own space."""

    text: str
    start: tuple[float, float]
    stop: tuple[float, float]
    along: tuple[float, float]
    size: float
    font: Font
    piece: _Piece
    colour: Colour
    inked: bool
    turn: int
    seen: bool = True

    def box(self, base: Matrix) -> Box:
        """From the baseline to the height of capitals."""
        rise = (-0.7 * self.size * self.along[1], 0.7 * self.size * self.along[0])
        points = [self.start, self.stop, (self.stop[0] + rise[0], self.stop[1] + rise[1])]
        points.append((self.start[0] + rise[0], self.start[1] + rise[1]))
        return bounds(base, points)

    def placed(self, base: Matrix) -> Run:
        return Run(
            text=self.text[:LONGEST_RUN],
            box=self.box(base),
            font=self.font,
            size=self.size,
            order=self.piece.order,
            colour=self.colour,
            inked=self.inked,
            layered=self.piece.layered,
            annotation=self.piece.annotation,
            seen=self.seen,
            actual_text=self.piece.actual_text,
        )


def _take_marks(handle: Any) -> tuple[str | None, bool]:
    """Return a text object's ActualText, which is taken off, and whether it is on a layer."""
    actual, layered = None, False
    for at in reversed(range(max(pdf.FPDFPageObj_CountMarks(handle), 0))):
        mark = pdf.FPDFPageObj_GetMark(handle, at)
        length = ctypes.c_ulong()
        buffer = (ctypes.c_ushort * 64)()
        pdf.FPDFPageObjMark_GetName(mark, buffer, 128, length)
        layered |= bytes(buffer)[: max(length.value - 2, 0)].decode("utf-16-le", "replace") == "OC"
        if pdf.FPDFPageObjMark_GetParamValueType(mark, b"ActualText") == pdf.FPDF_OBJECT_STRING:
            long = (ctypes.c_ushort * 1024)()
            pdf.FPDFPageObjMark_GetParamStringValue(mark, b"ActualText", long, 2048, length)
            actual = bytes(long)[: max(min(length.value, 2048) - 2, 0)].decode(
                "utf-16-le", "replace"
            )
            # The text page would return it in place of the glyphs that are shown.
            pdf.FPDFPageObj_RemoveMark(handle, mark)
    return actual, layered


def _matrix(handle: Any) -> Matrix:
    m = pdf.FS_MATRIX()
    pdf.FPDFPageObj_GetMatrix(handle, m)
    return (m.a, m.b, m.c, m.d, m.e, m.f)


def _matrix_of_text(piece: _Piece) -> Matrix:
    return _matrix(piece.handle)


def _object_box(handle: Any, place: Matrix) -> Box:
    """Return an object's bounds in the page's own space."""
    sides = [ctypes.c_float() for _ in range(4)]
    pdf.FPDFPageObj_GetBounds(handle, *sides)
    x0, y0, x1, y1 = (side.value for side in sides)
    return bounds(place, corners(x0, y0, x1 - x0, y1 - y0))


def _meet(box: Box, other: Box) -> bool:
    return box.x0 <= other.x1 and other.x0 <= box.x1 and box.y0 <= other.y1 and other.y0 <= box.y1


def _moved(box: Box, matrix: Matrix) -> Box:
    return bounds(matrix, corners(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0))


def _inverse(m: Matrix) -> Matrix:
    d = m[0] * m[3] - m[1] * m[2] or 1.0
    return (
        m[3] / d,
        -m[1] / d,
        -m[2] / d,
        m[0] / d,
        (m[2] * m[5] - m[3] * m[4]) / d,
        (m[1] * m[4] - m[0] * m[5]) / d,
    )


def _point(segment: Any) -> tuple[float, float]:
    x, y = ctypes.c_float(), ctypes.c_float()
    pdf.FPDFPathSegment_GetPoint(segment, x, y)
    return x.value, y.value


def _colour(handle: Any, get: Any) -> tuple[Colour, float]:
    parts = [ctypes.c_uint() for _ in range(4)]
    if not get(handle, *parts):
        return BLACK, 1.0
    red, green, blue, alpha = (part.value / 255 for part in parts)
    return (red, green, blue), alpha


def _figures(handle: Any, matrix: Matrix) -> list[list[tuple[float, float]]]:
    """Part a path into its figures, each a list of points on the page as it is shown."""
    figures: list[list[tuple[float, float]]] = []
    for at in range(min(pdf.FPDFPath_CountSegments(handle), MAX_OBJECTS)):
        segment = pdf.FPDFPath_GetPathSegment(handle, at)
        if pdf.FPDFPathSegment_GetType(segment) == MOVE_TO or not figures:
            figures.append([])
        figures[-1].append(apply(matrix, *_point(segment)))
    return figures


def _filled(figures: list[list[tuple[float, float]]], *, even_odd: bool) -> Iterator[Box]:
    """Boxes that a fill really covers: no triangles, and no frame around a hole."""
    found = [(bounds(IDENTITY, f), _signed_area(f)) for f in figures[:1_000] if len(f) > 2]
    solid = [(box, area) for box, area in found if abs(area) > RECTANGULAR * box.area > 0]
    for box, area in solid:
        holes = [
            other
            for other, turned in solid
            if other is not box
            and (even_odd or area * turned < 0)
            and max(other.shared(box), box.shared(other)) > INSIDE
        ]
        if not holes:
            yield box


def _signed_area(points: list[tuple[float, float]]) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def _glyph(text_page: Any, at: int) -> _Glyph:
    x, y, rect = ctypes.c_double(), ctypes.c_double(), pdf.FS_RECTF()
    pdf.FPDFText_GetCharOrigin(text_page, at, x, y)
    pdf.FPDFText_GetLooseCharBox(text_page, at, rect)
    sides = corners(rect.left, rect.bottom, rect.right - rect.left, rect.top - rect.bottom)
    code = pdf.FPDFText_GetUnicode(text_page, at)
    text = chr(code) if 0 < code <= 0x10FFFF else "\ufffd"
    return _Glyph(
        " " if text.isspace() or text == "\u00a0" else text, x.value, y.value, tuple(sides)
    )


Stretch = tuple[str, tuple[float, float], tuple[float, float]]


def _split(glyphs: list[_Glyph], along: tuple[float, float], size: float) -> Iterator[Stretch]:
    """Part the glyphs of one object where a column begins; narrow gaps become a space."""
    group: list[_Glyph] = []
    text, end = "", 0.0
    for glyph in glyphs:
        at = glyph.x * along[0] + glyph.y * along[1]
        gap = (at - end) / size if group else 0.0
        if group and (abs(gap) > COLUMN_GAP or (text.endswith("  ") and glyph.text != " ")):
            yield from _stretch(text, group, along)
            group, text = [], ""
        elif group and gap > SPACE_GAP and not text.endswith(" ") and glyph.text != " ":
            text += " "
        if glyph.text != " ":
            group.append(glyph)
            text += glyph.text
        elif group:
            text += " "
        end = glyph.end(along)
    yield from _stretch(text, group, along)


def _stretch(text: str, group: list[_Glyph], along: tuple[float, float]) -> Iterator[Stretch]:
    if group:
        first = group[0]
        length = max(g.end(along) for g in group) - (first.x * along[0] + first.y * along[1])
        stop = (first.x + length * along[0], first.y + length * along[1])
        yield " ".join(text.split()), (first.x, first.y), stop


def _turn_of(along: tuple[float, float], base: Matrix) -> int:
    """By how many degrees to turn the page so that this text reads from left to right."""
    x = along[0] * base[0] + along[1] * base[2]
    y = along[0] * base[1] + along[1] * base[3]
    if abs(y) <= abs(x) * 0.05:
        return 0 if x > 0 else 180
    if abs(x) <= abs(y) * 0.05:
        return 90 if y > 0 else 270
    return SLANTED  # a stamp, a watermark


def _main_turn(runs: list[_RawRun]) -> int:
    letters: Counter[int] = Counter()
    for run in runs:
        letters[run.turn] += len(run.text)
    turn = max(letters, key=lambda t: letters[t], default=0)
    return 0 if turn == SLANTED else turn


def _within(point: tuple[float, float], box: Box) -> bool:
    return box.x0 - 0.5 <= point[0] <= box.x1 + 0.5 and box.y0 - 0.5 <= point[1] <= box.y1 + 0.5


def _any_inside(sums: npt.NDArray[Any], box: Box, scale: float, height: float) -> bool:
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    left, right = (min(max(round(x * scale), 0), columns) for x in (box.x0, box.x1))
    top = min(max(math.floor((height - box.y1) * scale), 0), rows)
    bottom = min(max(math.ceil((height - box.y0) * scale) + 1, 0), rows)
    return bool(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def _joined(runs: list[Run]) -> list[Run]:
    """Join what many programs paint letter by letter."""
    joined: list[Run] = []
    for run in runs:
        before = joined[-1] if joined else None
        if before is not None and _continues(before, run):
            gap = run.box.x0 - before.box.x1
            space = " " if gap > 0.12 * run.size else ""
            box = Box(before.box.x0, before.box.y0, run.box.x1, before.box.y1)
            text = (before.text + space + run.text)[:LONGEST_RUN]
            joined[-1] = replace(before, text=text, box=box, order=run.order)
        else:
            joined.append(run)
    return joined


def _continues(before: Run, run: Run) -> bool:
    gap = run.box.x0 - before.box.x1
    alike = (run.font, run.colour, run.seen, run.inked, run.layered, run.annotation) == (
        before.font,
        before.colour,
        before.seen,
        before.inked,
        before.layered,
        before.annotation,
    )
    return (
        alike
        and run.order == before.order + 1
        and abs(run.size - before.size) < 0.01
        and abs(run.box.y0 - before.box.y0) < 0.05
        and -0.1 * run.size < gap < JOINED_GAP * run.size
        and run.actual_text == before.actual_text
    )
