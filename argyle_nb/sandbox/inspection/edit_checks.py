"""Edits in a PDF: text that earlier revisions had otherwise, and text painted over."""

from __future__ import annotations

import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.classification import CITY_LINE, DATE, EIN, SSN, amount
from argyle_nb.sandbox.inspection.layout import AMOUNT, Cell, plain, see
from argyle_nb.sandbox.inspection.origin_checks import Origin, read_origin
from argyle_nb.sandbox.inspection.pay_rows import kind_of
from argyle_nb.sandbox.inspection.pdfium import PdfFile, UnreadablePdfError
from argyle_nb.sandbox.inspection.scoring import DetectedSignal, found

if TYPE_CHECKING:
    from decimal import Decimal

    from argyle_nb.sandbox.inspection.layout import Hidden, TextPage
    from argyle_nb.sandbox.inspection.page_content import FormField


MAX_PAGES = 20
MAX_REVISIONS = 12
MAX_CHAIN = 64
NEAR = 14.0
ALIKE = 0.2


@dataclass(frozen=True)
class Change:
    """One text that an edit replaced, added or took away."""

    page: int
    original: str | None
    now: str | None
    cell: Cell


def read_pages(file: PdfFile) -> list[TextPage]:
    """Read the first pages of a document as they are seen; one that does not load is left out."""
    pages = []
    for number in range(1, min(file.page_count, MAX_PAGES) + 1):
        with suppress(UnreadablePdfError):
            pages.append(see(file.page(number)))
    return pages


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


def former_states(data: bytes) -> list[tuple[Origin, list[TextPage]]]:
    """Read what a file was before each save, newest first, as far back as it opens."""
    states: list[tuple[Origin, list[TextPage]]] = []
    with suppress(UnreadablePdfError):  # a broken former state is no evidence of anything
        for revision in reversed(earlier_revisions(data)):
            with PdfFile(revision) as file:
                states.append((read_origin(file, revision), read_pages(file)))
    return states


def changes_between(former: list[list[TextPage]], pages: list[TextPage]) -> list[Change]:
    """Compare each former state's visible text, newest first, with the next one's."""
    return [
        change
        for earlier, later in zip(former, [pages, *former], strict=False)
        for before, after in _same_pages(earlier, later)
        for change in _edits(before, after)
    ]


def _same_pages(former: list[TextPage], pages: list[TextPage]) -> list[tuple[TextPage, TextPage]]:
    """Pair the pages most alike; a page put before, between or away from others is no edit."""
    texts = [[Counter(map(_squeezed, page.cells)) for page in state] for state in (former, pages)]
    alike = sorted(
        (-_alike(before, after), abs(i - j), i, j)
        for i, before in enumerate(texts[0])
        for j, after in enumerate(texts[1])
    )
    pairs: dict[int, int] = {}
    for unlike, _, i, j in alike:
        known = unlike < -ALIKE or len(former) == len(pages)
        if known and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return [(former[i], pages[j]) for i, j in sorted(pairs.items())]


def _alike(texts: Counter[str], others: Counter[str]) -> float:
    """Return the share (0 to 1) of the texts of the fuller page that both have."""
    return (texts & others).total() / max(texts.total(), others.total(), 1)


def _edits(before: TextPage, after: TextPage) -> list[Change]:
    """Return the changes of a page but those that fill in a form or note something beside text."""
    former = {field.name: field for field in before.content.fields}
    fields = (*before.content.fields, *after.content.fields)
    filled: set[Decimal | None] = set()
    edits: list[Change] = []
    refilled: list[Change] = []
    for change in page_changes(before, after):
        near = [field for field in fields if change.cell.box.shared(field.box) > SAME_PLACE]
        if _is_note(change) or any(_fills(change, former.get(field.name)) for field in near):
            filled.add(amount(change.now or ""))
        else:
            (refilled if near else edits).append(change)
    return edits + [change for change in refilled if _growth(change) not in filled - {None}]


def _is_note(change: Change) -> bool:
    added = change.original is None and change.cell.runs
    return bool(added) and all(run.annotation for run in change.cell.runs)


def _fills(change: Change, field: FormField | None) -> bool:
    """Whether a field was empty, held nothing but zeros or its default, or reckons by itself."""
    held = field.value if field else ""
    is_open = not re.search(r"[^\W0_]", held) or (field and held == field.default)
    replaced = change.original and plain(change.original) != plain(held)
    return not replaced and bool(is_open or (field and field.calculated))


def _growth(change: Change) -> Decimal | None:
    """Return by how much an amount changed: a sum by what was filled in."""
    was, now = amount(change.original or ""), amount(change.now or "")
    return None if was is None or now is None else abs(now - was)


def page_changes(before: TextPage, after: TextPage) -> list[Change]:
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


def _difference(page: TextPage, other: TextPage) -> list[Cell]:
    """Cells whose text the other page lacks, counted."""
    left = Counter(map(_squeezed, other.cells))
    only: list[Cell] = []
    for cell in page.cells:
        key = _squeezed(cell)
        if not plain(key):
            continue
        if left[key] > 0:
            left[key] -= 1
        else:
            only.append(cell)
    return only


def _squeezed(cell: Cell) -> str:
    return "".join(cell.text.split())


def _distance(cell: Cell, other: Cell) -> float:
    """Return points between two cells, by whichever edge or centre they share best."""
    across = min(
        abs(cell.box.x0 - other.box.x0),
        abs(cell.box.x1 - other.box.x1),
        abs(cell.box.x0 + cell.box.x1 - other.box.x0 - other.box.x1) / 2,
    )
    return math.hypot(across, 2 * (cell.box.y0 - other.box.y0))


TOUCHES = 0.02
SAME_PLACE = 0.5
LONG_TEXT = 6

_AMOUNT_SIGNALS = {
    "earning": "earnings_edits",
    "gross": "earnings_edits",
    "tax": "withholdings_edits",
    "deduction": "deductions_edits",
    "total": "deductions_edits",
}
_LABELS = (
    ("employee_taxpayer_id_edits", r"ssn|social security n|recipient.?s? tin"),
    ("employer_id_edits", r"employer id|ein\b|payer.?s? tin"),
    (
        "employee_name_edits",
        r"(employee|recipient)( name|.s (first |full )?name)?\b|pay to|name\W*$",
    ),
    ("employer_name_edits", r"(employer|company|payer)( name|.s name)?\b"),
    ("date_edits", r"date|period|year"),
    ("pay_frequency_edits", r"frequency"),
    ("account_number_edits", r"account"),
)
Fields = dict[str, list[Cell]]
VALUE = re.compile("|".join(p.pattern for p in (AMOUNT, DATE, SSN, EIN)), re.IGNORECASE)


def edit_signals(
    changes: list[Change], pages: list[TextPage], fields: Fields
) -> list[DetectedSignal]:
    """Name the changes between revisions by the fields they touched."""
    return [
        edit(_name_of(change, pages, fields), change.page, change.original, change.now)
        for change in changes
    ]


def _name_of(change: Change, pages: list[TextPage], fields: Fields) -> str:
    name = field_signal(change.cell, _line_of(change.cell, pages), fields)
    old = None if change.original is None else _by_shape(change.original)
    if name == "other_edits" and old:
        return old
    if name == "other_edits" and change.original is None:
        return "sbx_text_added"
    return name


def overlay_signals(pages: list[TextPage], fields: Fields) -> list[DetectedSignal]:
    """Name text that was painted over by the field it belonged to."""
    signals = []
    for page in pages:
        for piece in page.hidden:
            if piece.reason in ("covered", "overprinted") and _says_other(piece):
                below = piece.run.text
                signals.append(found("sbx_text_over_text", page.number, text_below=below))
                if plain(piece.by):
                    name = _overlaid_field(piece, page, fields)
                    signals.append(edit(name, page.number, below, piece.by))
    return signals


def _says_other(piece: Hidden) -> bool:
    """Whether other text stands where text is hidden, or nothing where a figure was."""
    below, above = plain(piece.run.text), plain(piece.by)
    return bool(below) and (above != below if above else bool(VALUE.search(piece.run.text)))


def _overlaid_field(piece: Hidden, page: TextPage, fields: Fields) -> str:
    below = Cell(piece.run.text, piece.run.box, page.number, (piece.run,))
    over = [cell for cell in page.cells if piece.by and cell.box.shared(below.box) > TOUCHES]
    names = [field_signal(cell, _line_of(cell, [page]), fields) for cell in (*over[:1], below)]
    return next((name for name in names if name != "other_edits"), "other_edits")


def edit(signal: str, page: int, original: str | None, now: str | None) -> DetectedSignal:
    """Say what an edit changed."""
    name = signal.removesuffix("_edits").removeprefix("sbx_")
    return found(signal, page, field_name=name, original_text=original, tampered_text=now)


def field_signal(cell: Cell, line: list[Cell], fields: Fields) -> str:
    """Return the identifier for an edit of this cell."""
    for same in (_same_text, _same_place):
        for name, identifier in _FIELD_SIGNALS.items():
            if any(same(cell, other) for other in fields.get(name, ())):
                return identifier
    label = _label_before(cell, line)
    if AMOUNT.search(cell.text) and not DATE.search(cell.text):
        return _AMOUNT_SIGNALS.get(kind_of(label or cell.text), "dollar_amount_edits")
    if by_shape := _by_shape(cell.text):
        return by_shape
    for identifier, pattern in _LABELS:
        if re.search(pattern, label or cell.text, re.IGNORECASE):
            return identifier
    return "other_edits"


_FIELD_SIGNALS = {
    "taxpayer_id": "employee_taxpayer_id_edits",
    "employer_id": "employer_id_edits",
    "employee": "employee_name_edits",
    "employer": "employer_name_edits",
    "employee_address": "employee_address_edits",
    "employer_address": "employer_address_edits",
    "pay_frequency": "pay_frequency_edits",
    "date": "date_edits",
}


def _same_text(cell: Cell, other: Cell) -> bool:
    """Forms come in copies: the same name stands in several places."""
    return len(plain(cell.text)) >= LONG_TEXT and plain(cell.text) == plain(other.text)


def _same_place(cell: Cell, other: Cell) -> bool:
    return (
        cell.page == other.page
        and max(cell.box.shared(other.box), other.box.shared(cell.box)) > SAME_PLACE
    )


def _by_shape(text: str) -> str | None:
    for pattern, identifier in (
        (EIN, "employer_id_edits"),
        (SSN, "employee_taxpayer_id_edits"),
        (DATE, "date_edits"),
        (CITY_LINE, "employee_address_edits"),
        (AMOUNT, "dollar_amount_edits"),
    ):
        if pattern.search(text):
            return identifier
    return None


def _line_of(cell: Cell, pages: list[TextPage]) -> list[Cell]:
    """Return the line a cell stands in, by place: a former cell is in no present line."""
    for page in pages:
        for line in page.lines:
            if line[0].page == cell.page and abs(line[0].box.y0 - cell.box.y0) < 0.5 * cell.size:
                return line
    return []


def _label_before(cell: Cell, line: list[Cell]) -> str:
    before = [c for c in line if c.box.x0 < cell.box.x0 and not c.is_amount]
    return before[-1].text if before else ""
