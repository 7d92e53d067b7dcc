"""Checks of how pages are printed: fonts, alignment, and scanned images."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.classification import DATE
from argyle_nb.sandbox.inspection.image_checks import (
    fresh_parts,
    image_facts,
    open_image,
    part_signals,
)
from argyle_nb.sandbox.inspection.layout import AMOUNT
from argyle_nb.sandbox.inspection.pay_rows import is_money, kind_of
from argyle_nb.sandbox.inspection.scoring import DetectedSignal, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.layout import Cell, TextPage
    from argyle_nb.sandbox.inspection.page_content import Run
    from argyle_nb.sandbox.inspection.pdfium import PdfFile


MAX_PAGES = 3


def scan_signals(file: PdfFile, pages: list[TextPage]) -> list[DetectedSignal]:
    """Look for parts put into the JPEGs of the first pages that could be read."""
    signals: list[DetectedSignal] = []
    for page in pages[:MAX_PAGES]:
        for data in file.jpegs(page.number):
            signals += _put_in(data, page.number)
    return signals


def _put_in(data: bytes, page: int) -> list[DetectedSignal]:
    try:
        with open_image(data) as image:
            return part_signals(fresh_parts(image, image_facts(image).quality), page)
    except Exception:  # noqa: BLE001 - a picture that does not open says nothing
        return []


WORD_GAP = 0.2
OTHER_SIZE = 0.3
OFF_LINE = 0.35
ON_LINE = 0.08
OFF_COLUMN = 0.8
ON_COLUMN = 0.2
COLUMN_REACH = 9.0
SAME_COLUMN = 3.0
SAME_SIZE = 0.05
ALIKE = 0.6
PEERS = 2
LARGER = 1.15
NOTE_GAP = 2.0
RARE = 3
RARE_SHARE = 6
LONGEST_VALUE = 32
# What is often set apart from the rest: larger, in a frame, in another font.
RESULTS = ("net", "gross", "total", "deposit")
PRINTED = re.compile(f"{AMOUNT.pattern}|{DATE.pattern}", re.IGNORECASE)
YEAR = re.compile(r"(19|20)\d\d")


def print_signals(pages: list[TextPage]) -> list[DetectedSignal]:
    """Check every page's print; each finding names the text it is about."""
    signals: list[DetectedSignal] = []
    for page in pages:
        if page.is_scan:
            continue
        mixed = {cell.text: cell for cell in (*_mixed_inside(page), *_odd_among_peers(page))}
        signals += [print_signal("sbx_fonts_mixed_in_line", c, t) for t, c in mixed.items()]
        off = {cell.text: cell for cell in (*_off_line(page), *_off_column(page))}
        signals += [print_signal("sbx_fields_misaligned", c, t) for t, c in off.items()]
    return signals


def print_signal(identifier: str, cell: Cell, text: str) -> DetectedSignal:
    """Name a text that is printed unlike others, and its fonts."""
    fonts = "; ".join(dict.fromkeys(f"{r.font.name} {r.size:.1f}" for r in cell.runs))
    return found(identifier, cell.page, text=text, fonts=fonts)


def _mixed_inside(page: TextPage) -> Iterator[Cell]:
    """Values in which neighbouring characters, with no space between, change font or size."""
    for cell in page.cells:
        runs = sorted(cell.runs, key=lambda run: run.box.x0)
        for run, following in pairwise(runs):
            joined = following.box.x0 - run.box.x1 < WORD_GAP * run.size
            # Official forms print the last two digits of their year in another weight.
            if YEAR.fullmatch(run.text.strip() + following.text.strip()):
                continue
            digits = any(c.isdigit() for c in run.text) and any(c.isdigit() for c in following.text)
            if joined and digits and _differs(run, following):
                yield cell
                break


def _differs(run: Run, other: Run) -> bool:
    """Whether two prints are not one: another family, size, or subset; bold is emphasis."""
    names = [each.font.name.split("+") for each in (run, other)]
    return (
        run.font.family != other.font.family
        or abs(run.size - other.size) > OTHER_SIZE
        or (names[0][-1] == names[1][-1] and names[0] != names[1])
    )


def _odd_among_peers(page: TextPage) -> Iterator[Cell]:
    """Values whose font or size nothing else of their line or column shares.

    What pay comes to is often set apart, and larger print is meant to be seen.
    """
    values = [cell for cell in page.cells if _is_value(cell) and not _is_result(cell, page)]
    families = Counter(cell.runs[0].font.family for cell in page.cells)
    for cell in values:
        row = [c for c in _same_line(cell, page) if c is not cell]
        column = [c for c in values if c is not cell and abs(c.box.x1 - cell.box.x1) < SAME_COLUMN]
        face, size = cell.runs[0].font.family, cell.size
        peers = row + column
        others = {c.runs[0].font.family for c in peers}
        rare = families[face] <= RARE and families[face] * RARE_SHARE <= sum(families.values())
        if (len(peers) >= PEERS and others and face not in others and rare) or (
            row and len(column) >= PEERS and _all_differ(size, peers)
        ):
            yield cell


def _all_differ(size: float, peers: list[Cell]) -> bool:
    sizes = [cell.size for cell in peers]
    alike = max(sizes) - min(sizes) < SAME_SIZE and size < LARGER * sizes[0]
    return alike and abs(size - sizes[0]) > OTHER_SIZE


def _is_value(cell: Cell) -> bool:
    return len(cell.text) < LONGEST_VALUE and PRINTED.search(cell.text) is not None


def _is_result(cell: Cell, page: TextPage) -> bool:
    """Whether the label before a value is that of net pay or a total."""
    before = [c.text for c in _same_line(cell, page) if c.box.x0 < cell.box.x0 and not is_money(c)]
    return bool(before) and kind_of(before[-1]) in RESULTS


def _same_line(cell: Cell, page: TextPage) -> list[Cell]:
    return next((line for line in page.lines if cell in line), [])


def _off_line(page: TextPage) -> Iterator[Cell]:
    """Amounts off the baseline that the other amounts of their line and its label share."""
    for line in page.lines:
        for cell in line:
            rest = [c for c in line if c is not cell and abs(c.size - cell.size) < ALIKE]
            levels = [c.box.y0 for c in rest]
            if not cell.is_amount or len(rest) < PEERS or not any(c.is_amount for c in rest):
                continue
            if _is_result(cell, page):
                continue
            level = median(levels)
            together = max(abs(y - level) for y in levels) < ON_LINE
            if together and abs(cell.box.y0 - level) > OFF_LINE:
                yield cell


def _off_column(page: TextPage) -> Iterator[Cell]:
    """Amounts that miss the right edge which at least three others of their column share.

    Brackets, signs and notes hang out of a column, so amounts with them say nothing.
    """
    amounts = [c for c in page.cells if c.is_amount and all(r.font.exact for r in c.runs)]
    amounts = [c for c in amounts if len(c.runs) == 1 and c.runs[0].text == c.text]
    amounts = [c for c in amounts if c.text[-1].isdigit() and not _is_result(c, page)]
    for cell in amounts:
        near = [c for c in amounts if c is not cell and _in_column(cell, c)]
        if len(near) <= PEERS:
            continue
        edges = [(c.box.x1, c.box.x0, (c.box.x0 + c.box.x1) / 2) for c in near]
        own = (cell.box.x1, cell.box.x0, (cell.box.x0 + cell.box.x1) / 2)
        right = [edge[0] for edge in edges]
        aligned = max(right) - min(right) < ON_COLUMN
        widths = {round(c.box.x1 - c.box.x0, 1) for c in near}
        missed = all(abs(own[i] - median(e[i] for e in edges)) > OFF_COLUMN for i in range(3))
        if aligned and len(widths) > 1 and missed and not _has_note(cell, page):
            yield cell


def _has_note(cell: Cell, page: TextPage) -> bool:
    """Whether the small number of a note follows, for which an amount gives way."""
    return any(
        abs(note.box.x0 - cell.box.x1) < NOTE_GAP
        and note.size < cell.size
        and 0 <= note.box.y0 - cell.box.y0 < cell.size
        for note in page.cells
    )


def _in_column(cell: Cell, other: Cell) -> bool:
    return abs(cell.box.x1 - other.box.x1) < COLUMN_REACH and abs(cell.size - other.size) < 1
