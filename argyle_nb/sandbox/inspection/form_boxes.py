"""The boxes of a printed form: which label a value belongs to, and whether that is certain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, zip_longest
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argyle_nb.sandbox.inspection.layout import Cell, TextPage

# A figure as forms have it: with or without cents, commas, and the dollar sign printed in its box.
FIGURE = re.compile(r"^\$?\s?(-?\(?\d[\d,]*(?:\.\d{1,2})?\)?)\s?\$?$")
# How the fields of box 12 are called, with their code.
DEFERRAL = "deferral "
DEEPEST = 32.0
OUTDENT = 8.0
NUMBER_GAP = 16.0
SAME_LEVEL = 2.0
SAME_SIZE = 0.4
LONGEST_REST = 36
# Four copies on a page have some two hundred.
MOST_LABELS = 600
_NUMBER = re.compile(r"\d{1,2}[a-f]?|[a-f]")
_NUMBERED = re.compile(
    r"^\W*(?:box )?(?:(?:\d{1,2}[a-f]?|[a-f])(?:[/,&\s]*f)?\b[\s.:,]*)?", re.IGNORECASE
)
_NEXT_LABEL = re.compile(r"(?<=\S)\s+(?=\d{1,2}[a-f]? [A-Z][a-z])")
# Labels beside those whose values are read; nothing of them is ever a value.
_OTHER_LABELS = re.compile(
    r"omb no|form\b|control number|see instructions|statutory|retirement plan$"
    r"|third-party|state\b.*(id|tax|wages|no\.)|state$|other\b|local(ity)?\b|employer.?s state"
    r"|employe[er].?s address|street address|city or town|account number"
    r"|fatca|2nd tin|void|corrected|copy\b|this is important|advance eic|verification"
    r"|payer made|excess golden|department of the|for calendar year|\(rev",
    re.IGNORECASE,
)


# Labels in the box of another: last names beside first ones, the second line of a long label.
_SAME_BOX = re.compile(r"last name|suff|or foreign postal|zip code|and telephone", re.IGNORECASE)
SAME_BOX = "same box"


@dataclass(frozen=True)
class Label:
    """A label of a form: its field, where its box begins, and the print to the right of it."""

    key: str
    cell: Cell
    left: float
    end: float
    rest: str
    beside: Cell | None = None

    @property
    def level(self) -> float:
        """Baseline in points."""
        return self.cell.box.y0


@dataclass(frozen=True)
class Value:
    """What stands in a box; certain when nothing else in the box could be meant."""

    key: str
    text: str
    cell: Cell
    label: Label
    certain: bool


class Boxes:
    """The labels of one page, and what stands in their boxes."""

    def __init__(self, page: TextPage, patterns: Mapping[str, str]) -> None:
        self.page = page
        self._patterns = [
            (key, re.compile(begin, re.IGNORECASE)) for key, begin in patterns.items()
        ]
        found = (label for line in page.lines for label in self._labels_of(line))
        self.labels = list(islice(found, MOST_LABELS))
        self.labels += islice(self._bare_numbers(), MOST_LABELS)
        self._taken = {id(label.cell) for label in self.labels}

    def values(self, key: str, pattern: re.Pattern[str]) -> Iterator[Value]:
        """Find what stands in each box of a field."""
        for label in self._of(key):
            found = list(self._candidates(label, pattern))
            if found:
                text, cell = found[0]
                yield Value(key, text, cell, label, len(found) == 1)

    def names(self, key: str, pattern: re.Pattern[str]) -> Iterator[Value]:
        """Find the name in each box of a field: first and last name may stand apart."""
        for label in self._of(key):
            for cells in (self._first_line(label), self._beside(label)):
                text = " ".join(cell.text.strip() for cell in cells)
                if pattern.match(text):
                    yield Value(key, text, cells[0], label, certain=True)
                    break

    def inside(self, label: Label) -> list[Cell]:
        """Return the cells in the box below a label, from the top."""
        right, floor = self._right(label), self._floor(label)
        return [
            cell
            for line in self.page.lines
            for cell in line
            if floor + 1 < cell.box.y0 < label.level - 0.4 * label.cell.size
            and label.left - OUTDENT <= cell.box.x0 < right - 1
            and id(cell) not in self._taken
        ]

    def _of(self, key: str) -> list[Label]:
        return [label for label in self.labels if label.key == key]

    def _first_line(self, label: Label) -> list[Cell]:
        inside = self.inside(label)
        top = max((cell.box.y0 for cell in inside), default=0.0)
        line = [cell for cell in inside if top - cell.box.y0 < SAME_LEVEL]
        return sorted(line, key=lambda cell: cell.box.x0)

    def _beside(self, label: Label) -> list[Cell]:
        """Return the cell to the right of a label, unless it is a label."""
        return [label.beside] if label.beside and id(label.beside) not in self._taken else []

    def _candidates(self, label: Label, pattern: re.Pattern[str]) -> Iterator[tuple[str, Cell]]:
        cells = [*self._beside(label), *self.inside(label)]
        for text, cell in [(label.rest, label.cell), *((cell.text, cell) for cell in cells)]:
            if found := pattern.search(text.strip(" .:#")):
                yield found[found.re.groups and 1], cell

    def _labels_of(self, line: list[Cell]) -> Iterator[Label]:
        """Find labels in a line; one print may hold several, and a box number stand alone."""
        number: Cell | None = None
        for cell, beside in zip_longest(line, line[1:]):
            for start, piece in _pieces(cell.text):
                if found := self._key_of(piece):
                    key, end = found
                    left, stop = _x(cell, start), _x(cell, start + len(piece))
                    if number and not start and left - number.box.x1 < NUMBER_GAP:
                        left = number.box.x0
                    yield Label(key, cell, left, stop, piece[end:], beside)
            number = cell if _NUMBER.fullmatch(cell.text.strip()) else None

    def _key_of(self, piece: str) -> tuple[str, int] | None:
        """Return the field that a label names, empty when it is not read, and where it ends."""
        number = _NUMBERED.match(piece)
        bare = piece[number.end() :] if number else piece
        for key, begin in self._patterns:
            found = begin.match(bare)
            if found and len(bare) - found.end() < LONGEST_REST:
                return key, len(piece) - len(bare) + found.end()
        if _SAME_BOX.match(bare):
            return SAME_BOX, len(piece)
        return ("", len(piece)) if _OTHER_LABELS.match(bare) else None

    def _bare_numbers(self) -> Iterator[Label]:
        """Find box numbers that stand alone, in the print of the labels."""
        size = median([label.cell.size for label in self.labels] or [0.0])
        for line in self.page.lines:
            for cell in line:
                if _NUMBER.fullmatch(cell.text.strip()) and abs(cell.size - size) < SAME_SIZE:
                    yield Label("", cell, cell.box.x0, cell.box.x1, "")

    def _right(self, label: Label) -> float:
        """Where a box ends: at the nearest label to the right, on its line or in its depth."""
        return min(
            (
                other.left
                for other in self.labels
                if (
                    label.level - DEEPEST < other.level < label.level + SAME_LEVEL
                    and other.left
                    > (label.left if other.level > label.level - SAME_LEVEL else label.end)
                    and other.key != SAME_BOX
                    and other.cell is not label.cell
                )
                or (other.cell is label.cell and other.left > label.left)
            ),
            default=float("inf"),
        )

    def _floor(self, label: Label) -> float:
        right = self._right(label)
        below = [
            other.level
            for other in self.labels
            if other.level < label.level - SAME_LEVEL
            and other.key != SAME_BOX
            and label.left - OUTDENT <= other.left < right - 1
        ]
        return max([*below, label.level - DEEPEST])


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Part a print that holds several labels, each with its box number."""
    start = 0
    for gap in _NEXT_LABEL.finditer(text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def _x(cell: Cell, at: int) -> float:
    return cell.box.x0 + (cell.box.x1 - cell.box.x0) * at / max(len(cell.text), 1)
