"""Ways to change the text of a finished PDF, as an editor does."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pypdf import PdfReader
from pypdf.generic import (
    ContentStream,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    PdfObject,
    TextStringObject,
)

from data.make_documents.pdf_files import (
    Provenance,
    add_revision,
    build,
    deflate,
    pdf_object,
    read_contents,
    reference,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIGIT_WIDTH = 0.556
WIDEST_DIGIT = 0.645
AMOUNT = re.compile(r"\$?[\d,]*\.\d\d")

Operation = tuple[list[Any], bytes]


@dataclass
class Spot:
    """Where a text stands: its words, origin in points from the lower left, font and size."""

    place: int
    words: str
    x: float
    y: float
    font: str
    size: float


def page_operations(pdf: bytes) -> list[Operation]:
    """Read the drawing operations of the first page."""
    reader = PdfReader(io.BytesIO(pdf))
    content = ContentStream(reader.pages[0].get_contents(), reader)
    return list(content.operations)


def spots(operations: list[Operation]) -> Iterator[Spot]:
    """Walk through every text of a page in drawing order."""
    x = y = size = 0.0
    font = ""
    for place, (operands, operator) in enumerate(operations):
        if operator == b"Tm":
            x, y = float(operands[4]), float(operands[5])
        elif operator == b"Tf":
            font, size = str(operands[0]), float(operands[1])
        elif operator == b"Tj":
            yield Spot(place, _decoded(operands[0]), x, y, font, size)


def _decoded(operand: Any) -> str:
    return operand.decode("latin-1") if isinstance(operand, bytes) else str(operand)


def as_whole(old: str) -> re.Pattern[str]:
    """Match a text where it stands alone, not as part of a longer number."""
    return re.compile(rf"(?<![\d,.-]){re.escape(old)}(?![\d,]|\.\d|-\d)")


def replace_text(
    operations: list[Operation],
    edits: Mapping[str, str],
    *,
    everywhere: bool = True,
    aligned: bool = True,
) -> list[Operation]:
    """Change texts within the page's own drawing operations, in their own font."""
    changed = list(operations)
    done: set[str] = set()
    for spot in spots(operations):
        words = spot.words
        for old, new in edits.items():
            if as_whole(old).search(words) and (everywhere or old not in done):
                words = as_whole(old).sub(new, words)
                done.add(old)
        if words != spot.words:
            changed[spot.place] = ([TextStringObject(words)], b"Tj")
            if aligned and AMOUNT.fullmatch(words):
                _shift(changed, spot, words)
    return changed


def _shift(operations: list[Operation], spot: Spot, words: str) -> None:
    wider = (len(words) - len(spot.words)) * DIGIT_WIDTH * spot.size
    for place in range(spot.place, -1, -1):
        operands, operator = operations[place]
        if operator == b"Tm":
            moved = [*operands[:4], FloatObject(round(spot.x - wider, 3)), operands[5]]
            operations[place] = (moved, b"Tm")
            return


def content_bytes(operations: list[Operation]) -> bytes:
    """Write drawing operations as a content stream."""
    content = ContentStream(None, None)
    content.operations = operations
    return content.get_data()


def save_incrementally(
    pdf: bytes, operations: list[Operation], provenance: Provenance | None, *, in_place: bool = True
) -> bytes:
    """Append a revision in which the first page is drawn by other operations."""
    reader = PdfReader(io.BytesIO(pdf))
    page = reader.pages[0]
    stream = deflate(content_bytes(operations))
    if in_place:
        return add_revision(pdf, {page.raw_get("/Contents").idnum: stream}, provenance)
    number = read_contents(pdf).size
    repointed = DictionaryObject({key: page.raw_get(key) for key in page})
    repointed[NameObject("/Contents")] = reference(number)
    own = cast("IndirectObject", page.indirect_reference).idnum
    return add_revision(pdf, {number: stream, own: repointed}, provenance)


def save_whole(
    pdf: bytes,
    operations: list[Operation],
    provenance: Provenance,
    *,
    extra: bytes = b"",
    fonts: Mapping[str, str] | None = None,
    packed: bool = False,
) -> bytes:
    """Save the file anew with other drawing operations; nothing of the earlier state is kept."""
    old = read_contents(pdf)
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    own = cast("IndirectObject", page.indirect_reference).idnum
    objects = {**old.objects, old.info: provenance.entries()}
    objects[page.raw_get("/Contents").idnum] = deflate(content_bytes(operations))
    redrawn = DictionaryObject({key: page.raw_get(key) for key in page})
    added = {old.size + place: _font(face) for place, face in enumerate((fonts or {}).values())}
    redrawn[NameObject("/Resources")] = _with_fonts(
        page, dict(zip(fonts or (), added, strict=True))
    )
    objects |= added
    if extra:
        last = old.size + len(added)
        objects[last] = deflate(extra)
        both = [page.raw_get("/Contents"), reference(last)]
        redrawn[NameObject("/Contents")] = pdf_object(both)
    objects[own] = redrawn
    return build(objects, old.root, old.info, packed=packed)


def _font(face: str) -> PdfObject:
    said = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": f"/{face}"}
    return cast("PdfObject", pdf_object({**said, "/Encoding": "/WinAnsiEncoding"}))


def _with_fonts(page: DictionaryObject, numbers: Mapping[str, int]) -> DictionaryObject:
    resources = DictionaryObject(cast("DictionaryObject", page["/Resources"]))
    held = DictionaryObject(cast("DictionaryObject", resources["/Font"]))
    held.update(pdf_object({f"/{name}": reference(number) for name, number in numbers.items()}))
    resources[NameObject("/Font")] = held
    return resources


def cover_and_retype(
    operations: list[Operation],
    edits: Mapping[str, str],
    font: str,
    *,
    everywhere: bool = False,
    drift: float = 0.0,
    shrink: float = 0.0,
) -> bytes:
    """Draw white rectangles over texts and other texts on top, as a page editor does."""
    drawn, done = [], set()
    for spot in spots(operations):
        for old, new in edits.items():
            if as_whole(old).search(spot.words) and (everywhere or old not in done):
                done.add(old)
                drawn.append(_patch(spot, as_whole(old).sub(new, spot.words), font, drift, shrink))
    return b"\n".join(drawn)


def _patch(spot: Spot, words: str, font: str, drift: float, shrink: float) -> bytes:
    width = len(spot.words) * WIDEST_DIGIT * spot.size + 2
    longer = len(words) - len(spot.words) if AMOUNT.fullmatch(words) else 0
    start = spot.x - longer * DIGIT_WIDTH * spot.size
    return (
        f"q 1 1 1 rg {spot.x - 1:.2f} {spot.y - 2:.2f} {width:.2f} {spot.size + 2:.2f} re f Q\n"
        f"q 0 0 0 rg BT /{font} {spot.size - shrink:.2f} Tf "
        f"1 0 0 1 {start:.2f} {spot.y - drift:.2f} Tm ({_escaped(words)}) Tj ET Q"
    ).encode("latin-1")


def _escaped(words: str) -> str:
    return re.sub(r"([\\()])", r"\\\1", words)


def swap_font(
    operations: list[Operation], edits: Mapping[str, str], font: str, *, whole: bool, size: float
) -> list[Operation]:
    """Type new amounts in another font, whole or only where characters differ."""
    changed: list[Operation] = []
    done: set[str] = set()
    by_place = {spot.place: spot for spot in spots(operations)}
    for place, operation in enumerate(operations):
        spot = by_place.get(place)
        old = next((old for old in edits if spot and as_whole(old).search(spot.words)), None)
        if spot is None or old is None or old in done:
            changed.append(operation)
            continue
        done.add(old)
        words = as_whole(old).sub(edits[old], spot.words)
        changed.extend(_mixed_run(spot, words, font, whole=whole, size=size))
    return changed


def _mixed_run(
    spot: Spot, words: str, font: str, *, whole: bool, size: float
) -> Iterator[Operation]:
    first = next(
        (i for i, pair in enumerate(zip(words, spot.words, strict=False)) if pair[0] != pair[1]),
        len(words) - 1,
    )
    cut = (0, len(words)) if whole else (first, first + 1)
    strange = (NameObject(f"/{font}"), FloatObject(round(spot.size + size, 2)))
    usual = (NameObject(spot.font), FloatObject(spot.size))
    parts = ((words[: cut[0]], usual), (words[cut[0] : cut[1]], strange), (words[cut[1] :], usual))
    for text, face in parts:
        if text:
            yield (list(face), b"Tf")
            yield ([TextStringObject(text)], b"Tj")
