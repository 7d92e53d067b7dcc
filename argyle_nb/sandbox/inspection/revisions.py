"""Earlier states of a PDF that incremental saves left in the file, and what text they changed."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pypdf import PdfReader

from argyle_nb.sandbox.inspection.layout import plain, see
from argyle_nb.sandbox.inspection.pdf_content import read_page

if TYPE_CHECKING:
    from argyle_nb.sandbox.inspection.layout import Cell, Page

MAX_PAGES = 20
MAX_REVISIONS = 12
MAX_CHAIN = 64
NEAR = 14.0


@dataclass(frozen=True)
class Change:
    """One text that an edit replaced, added or took away.

    Parameters
    ----------
    page
        Page number, from 1.
    original
        What stood there; ``None`` when nothing did.
    now
        What stands there now; ``None`` when it was taken away.
    cell
        The cell to tell the field by: the present one, else the former.
    """

    page: int
    original: str | None
    now: str | None
    cell: Cell


def read_pages(reader: PdfReader) -> list[Page]:
    """Read the first pages of a document as they are seen."""
    count = min(len(reader.pages), MAX_PAGES)
    return [see(read_page(reader, reader.pages[at], at + 1)) for at in range(count)]


def earlier_revisions(data: bytes) -> list[bytes]:
    """Cut a file back to each of its former ends, oldest first.

    Only ends whose cross-reference the last one still points back to count: the first end of a
    linearised file and the ends of attached files are not revisions.
    """
    chain = _reference_chain(data)
    ends = re.finditer(rb"startxref\s+(\d{1,12})\s+%%EOF[\r\n]{0,2}", data)
    former = [end.end() for end in ends if int(end[1]) in chain[1:] and end.end() < len(data)]
    return [data[:end] for end in former[-MAX_REVISIONS:]]


def _reference_chain(data: bytes) -> list[int]:
    """Offsets of the cross-references, the newest first."""
    starts = re.findall(rb"startxref\s+(\d{1,12})", data[-4096:])
    chain: list[int] = []
    offset = int(starts[-1]) if starts else len(data)
    while offset < len(data) and offset not in chain and len(chain) < MAX_CHAIN:
        chain.append(offset)
        trailer = _trailer_at(data, offset)
        previous = re.search(rb"/Prev\s+(\d{1,12})(?!\s+\d+\s+R)", trailer)
        if not previous:
            break
        offset = int(previous[1])
    return chain


def _trailer_at(data: bytes, offset: int) -> bytes:
    """Return the dictionary of the cross-reference at an offset, as table or as stream."""
    if data[offset : offset + 4] == b"xref":
        start = data.find(b"trailer", offset)
        return data[start : start + 4096] if start >= 0 else b""
    head = data[offset : offset + 4096]
    return head.split(b"stream", 1)[0]


def changes_between_revisions(data: bytes, pages: list[Page]) -> list[Change]:
    """Compare each earlier revision's visible text with the next one's.

    Parameters
    ----------
    data
        The file.
    pages
        Its pages as they are now.

    Returns
    -------
    list of Change
        Empty when the saves changed no text (metadata, annotations without text, signatures).
    """
    changes: list[Change] = []
    later = pages
    for revision in reversed(earlier_revisions(data)):
        try:
            earlier = read_pages(PdfReader(BytesIO(revision)))
        except Exception:  # noqa: BLE001 - a broken former state is no evidence of anything
            break
        for before, after in zip(earlier, later, strict=False):
            changes += compare(before, after)
        later = earlier
    return changes


def compare(before: Page, after: Page) -> list[Change]:
    """Pair what one page lost with what it gained, by place; text that only moved is no change."""
    lost, gained = _difference(before, after), _difference(after, before)
    changes: list[Change] = []
    for cell in gained:
        old = min(lost, key=lambda former: _distance(former, cell), default=None)
        if old is not None and _distance(old, cell) < NEAR:
            lost.remove(old)
            changes.append(Change(cell.page, old.text, cell.text, cell))
        else:
            changes.append(Change(cell.page, None, cell.text, cell))
    return changes + [Change(cell.page, cell.text, None, cell) for cell in lost]


def _difference(page: Page, other: Page) -> list[Cell]:
    """Cells whose text the other page lacks, counted."""
    left = Counter("".join(cell.text.split()) for cell in other.cells)
    only: list[Cell] = []
    for cell in page.cells:
        key = "".join(cell.text.split())
        if not plain(key):
            continue
        if left[key] > 0:
            left[key] -= 1
        else:
            only.append(cell)
    return only


def _distance(cell: Cell, other: Cell) -> float:
    """Return points between two cells, by whichever edge or centre they share best."""
    across = min(
        abs(cell.box.x0 - other.box.x0),
        abs(cell.box.x1 - other.box.x1),
        abs(cell.box.x0 + cell.box.x1 - other.box.x0 - other.box.x1) / 2,
    )
    return math.hypot(across, 2 * (cell.box.y0 - other.box.y0))
