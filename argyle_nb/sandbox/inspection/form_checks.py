"""Whether the copies of a form agree, and whether one value was printed unlike all others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.form_boxes import DEFERRAL, FIGURE
from argyle_nb.sandbox.inspection.layout import plain
from argyle_nb.sandbox.inspection.print_checks import print_signal
from argyle_nb.sandbox.inspection.scoring import DetectedSignal, found

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from argyle_nb.sandbox.inspection.form_boxes import Boxes, Value
    from argyle_nb.sandbox.inspection.layout import Cell
    from argyle_nb.sandbox.inspection.tax_forms import TaxForm

# So many values must be alike before another one is odd.
ENOUGH = 5
SAME_PLACE = 2.5
OFF_EDGE = 0.8
SAME_LEVEL = 0.12
OFF_LEVEL = (0.35, 2.0)
OTHER_SIZE = 0.2
NEXT = 2
MOST_FIGURES = 400
_DIGITS = 3
# Boxes 1 to 6 of a W-2, three below each other in two columns.
_COLUMNS = (
    "wagesTipsOtherComp",
    "federalIncomeTaxWithheld",
    "socialSecurityWages",
    "socialSecurityTaxWithheld",
    "medicareWagesAndTips",
    "medicareTaxWithheld",
)
_STATE = re.compile(r"[A-Z]{2}")
_SUBSET = re.compile(r"^[A-Z]{6}\+")


def filling_signals(form: TaxForm) -> list[DetectedSignal]:
    """Check what a form says in several places, and in which print."""
    signals = _disagreements(form)
    for boxes in form.pages:
        filled = [
            v for found in form.copies.values() for v in found if v.cell.page == boxes.page.number
        ]
        certain = [value for value in filled if value.certain]
        figures = [value for value in certain if FIGURE.match(value.text)]
        off = [*_off_level(figures), *_off_edge(figures)]
        odd = _odd_print(figures)
        signals += [print_signal("sbx_fonts_mixed_in_line", v.cell, v.text) for v in odd]
        signals += [print_signal("sbx_fields_misaligned", v.cell, v.text) for v in off]
    return signals


# -- copies


def _disagreements(form: TaxForm) -> list[DetectedSignal]:
    """Compare the copies of a form; where most fields differ it is another form."""
    groups = {key: list(_copies(form, found)) for key, found in form.copies.items()}
    compared = [(key, group) for key, several in groups.items() for group in several]
    differing = [(key, group) for key, group in compared if len(set(_said(group))) > 1]
    if 2 * len(differing) >= len(compared):
        return []
    other = [each for boxes in form.pages for each in _unread(form, boxes)]
    return [
        _disagreement(key, [v.text for v in group], group[0].cell) for key, group in differing
    ] + [_disagreement("amount", [cell.text, same.text], cell) for cell, same in other]


def _copies(form: TaxForm, found: list[Value]) -> Iterator[list[Value]]:
    """Group a field's values by page; pages of one year are copies of each other."""
    by_page: dict[int, list[Value]] = defaultdict(list)
    for value in found:
        by_page[value.cell.page if len(set(form.years)) != 1 else 0].append(value)
    for group in by_page.values():
        states = {_state_of(value.cell, form) for value in group}
        if len(group) > 1 and len(states) == 1:
            yield group


def _said(group: list[Value]) -> list[str]:
    return [plain(value.text) for value in group]


def _state_of(cell: Cell, form: TaxForm) -> str:
    """Return the state whose line a figure stands in: copies for two states lawfully differ."""
    before = [c.text.strip() for c in _line_of(cell, form) if c.box.x0 < cell.box.x0]
    return next((text for text in reversed(before) if _STATE.fullmatch(text)), "")


def _line_of(cell: Cell, form: TaxForm) -> list[Cell]:
    pages = [boxes.page for boxes in form.pages if boxes.page.number == cell.page]
    return next((line for page in pages for line in page.lines if any(c is cell for c in line)), [])


def _elsewhere(cell: Cell, other: Cell, form: TaxForm) -> bool:
    """Whether two figures are of two states, or of two localities that are named beside them."""
    words = [
        next(
            (c.text for c in _line_of(one, form) if c.box.x0 > one.box.x0 and not _is_figure(c)), ""
        )
        for one in (cell, other)
    ]
    places = all(words) and plain(words[0]) != plain(words[1])
    return places or _state_of(cell, form) != _state_of(other, form)


def _unread(form: TaxForm, boxes: Boxes) -> Iterator[tuple[Cell, Cell]]:
    """Find figures of no field that another copy on the page has otherwise in the same place."""
    read = {id(value.cell) for found in form.copies.values() for value in found}
    figures = [c for c in boxes.page.cells if _is_figure(c)][:MOST_FIGURES]
    for across, down in _shifts(form, boxes.page.number):
        for cell in figures:
            if id(cell) in read:
                continue
            same = [
                other
                for other in figures
                if abs(other.box.y0 - cell.box.y0 - down) < SAME_PLACE
                and min(
                    abs(other.box.x0 - cell.box.x0 - across),
                    abs(other.box.x1 - cell.box.x1 - across),
                )
                < SAME_PLACE
            ]
            differs = len(same) == 1 and plain(same[0].text) != plain(cell.text)
            if differs and not _elsewhere(cell, same[0], form):
                yield cell, same[0]


def _is_figure(cell: Cell) -> bool:
    return sum(map(str.isdigit, cell.text)) >= _DIGITS and bool(FIGURE.match(cell.text.strip()))


def _shifts(form: TaxForm, page: int) -> Iterator[tuple[float, float]]:
    """Find how far the further copies on a page stand from the first."""
    several = [
        [value.label for value in found if value.cell.page == page]
        for found in form.copies.values()
    ]
    for copy in range(1, max(map(len, several), default=0)):
        pairs = [(labels[0], labels[copy]) for labels in several if len(labels) > copy]
        if len(pairs) >= ENOUGH:
            yield (
                median(other.left - first.left for first, other in pairs),
                median(other.level - first.level for first, other in pairs),
            )


def _disagreement(key: str, texts: list[str], cell: Cell) -> DetectedSignal:
    said = list(dict.fromkeys(texts))
    copies = {"one_copy": said[0], "another_copy": said[1]}
    return found("sbx_copies_disagree", cell.page, field=key, **copies)


# -- print


def _odd_print(figures: list[Value]) -> list[Value]:
    """Find the one figure that stands in another font or size than all others."""
    faces = {id(value): _face(value.cell) for value in figures}
    odd = _one_odd(figures, lambda value: faces[id(value)])
    longest = max((len(value.text) for value in figures if value not in odd), default=0)
    sizes = _one_odd(figures, lambda value: round(value.cell.size, 1))
    # A form field makes its print smaller for a long text.
    usual = median([value.cell.size for value in figures] or [0.0])
    odd += [
        value
        for value in sizes
        if value not in odd
        and abs(value.cell.size - usual) > OTHER_SIZE
        and (len(value.text) < longest or value.cell.size > usual)
    ]
    return odd


def _face(cell: Cell) -> tuple[str, str]:
    """Return a font's family and subset: what was typed later brings a subset of its own."""
    font = cell.runs[0].font
    subset = _SUBSET.match(font.name)
    return font.family, subset[0] if subset else ""


def _one_odd(values: list[Value], kind: Callable[[Value], Hashable]) -> list[Value]:
    """Return the values of the one field that is of another kind than all other fields."""
    kinds = Counter(map(kind, values))
    usual, count = kinds.most_common(1)[0] if kinds else (None, 0)
    odd = [value for value in values if kind(value) != usual]
    return odd if count >= ENOUGH and len({value.key for value in odd}) == 1 else []


def _off_level(figures: list[Value]) -> list[Value]:
    """Find the one figure off the baseline that values of labels on one line share elsewhere."""
    rows: dict[float, list[Value]] = defaultdict(list)
    for value in figures:
        if value.cell.box.y0 < value.label.level and not value.key.startswith(DEFERRAL):
            rows[round(value.label.level, 1)].append(value)
    drops = {id(v): v.label.level - v.cell.box.y0 for row in rows.values() for v in row}
    even = [
        row
        for row in rows.values()
        if len(row) > 1 and _spread(drops[id(v)] for v in row) < SAME_LEVEL
    ]
    uneven = [row for row in rows.values() if len(row) > 1 and row not in even]
    if len(uneven) != 1 or len(even) < NEXT:
        return []
    usual = [drops[id(v)] for row in even for v in row]
    least, most = OFF_LEVEL
    off = [v for v in uneven[0] if min(abs(drops[id(v)] - u) for u in usual) > SAME_LEVEL]
    return [
        v for v in off if len(off) == 1 and least < min(abs(drops[id(v)] - u) for u in usual) < most
    ]


def _off_edge(figures: list[Value]) -> list[Value]:
    """Find the one figure that misses the edge which all others of all columns share."""
    columns: dict[float, list[Value]] = defaultdict(list)
    for value in figures:
        if value.key in _COLUMNS and value.cell.runs[0].font.exact:
            columns[round(value.label.left)].append(value)
    several = [column for column in columns.values() if len(column) > NEXT]
    missed = min((_missed(several, edge) for edge in _EDGES), key=len)
    aligned = [v for column in several for v in column if v not in missed]
    widths = {round(v.cell.box.x1 - v.cell.box.x0) for v in aligned}
    return missed if len(missed) == 1 and len(aligned) >= ENOUGH and len(widths) > 1 else []


def _missed(columns: list[list[Value]], edge: Callable[[Cell], float]) -> list[Value]:
    """Return the values whose edge, right, left or middle, is not that of their column."""
    return [
        value
        for column in columns
        for value in column
        if abs(edge(value.cell) - median(edge(other.cell) for other in column)) > OFF_EDGE
    ]


_EDGES: tuple[Callable[[Cell], float], ...] = (
    lambda cell: cell.box.x1,
    lambda cell: cell.box.x0,
    lambda cell: (cell.box.x0 + cell.box.x1) / 2,
)


def _spread(numbers: Iterable[float]) -> float:
    several = list(numbers)
    return max(several) - min(several)
