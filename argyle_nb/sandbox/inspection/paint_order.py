"""Values painted when all else was done, which is how one comes into the place of another.

Programs paint a page line by line, column by column, or labels first and values after them. In each
of these orders a value comes next to a neighbour; one that does not, at the very end, was put there
later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.edit_checks import VALUE, edit
from argyle_nb.sandbox.inspection.layout import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argyle_nb.sandbox.inspection.edit_checks import Fields
    from argyle_nb.sandbox.inspection.layout import Cell, TextPage
    from argyle_nb.sandbox.inspection.page_content import Run
    from argyle_nb.sandbox.inspection.scoring import DetectedSignal

NEXT = 2
MOST_LATE = 4
# So many values must be painted next to a neighbour before one that is not is odd.
ENOUGH = 4
LINES_BELOW = 4
MOST_RUNS = 4_000


@dataclass
class _Piece:
    """A run, the cell it reads as, its turn, and the pieces next to which it may be painted."""

    run: Run
    cell: Cell
    turn: int = 0
    near: list[_Piece] = field(default_factory=list)
    in_line: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether it was painted next to none of them."""
        return all(abs(other.turn - self.turn) > NEXT for other in self.near)

    @property
    def is_part(self) -> bool:
        """Whether other text of its cell was painted before it."""
        return any(run.order < self.run.order for run in self.cell.runs)


def late_signals(
    pages: list[TextPage], fields: Fields, labels: Mapping[int, Cell]
) -> list[DetectedSignal]:
    """Name the values of each page that were painted after all else; on forms, labels are known."""
    names = {id(cell) for cell in fields.get("employee", ())}
    return [
        edit("other_edits", page.number, None, cell.text)
        for page in pages
        for cell in _late(page, names, labels)
    ]


def _late(page: TextPage, names: set[int], labels: Mapping[int, Cell]) -> list[Cell]:
    pieces = _pieces(page, labels)
    last = len(pieces)
    while last and pieces[last - 1].is_alone:
        last -= 1

    def is_value(piece: _Piece) -> bool:
        return id(piece.cell) in labels if labels else VALUE.search(piece.run.text) is not None

    alone = [piece.is_alone for piece in pieces[:last] if is_value(piece)]
    if len(pieces) - last > MOST_LATE or any(alone) or len(alone) < ENOUGH:
        return []
    return [
        piece.cell
        for piece in pieces[last:]
        if id(piece.cell) in {*labels, *names}
        or (piece.in_line and (piece.is_part or is_value(piece)))
    ]


def _pieces(page: TextPage, labels: Mapping[int, Cell]) -> list[_Piece]:
    """Return what the page paints, in that order."""
    lines = [
        [_Piece(run, cell) for cell in line for run in cell.runs if _is_own_text(run)]
        for line in page.lines
    ]
    if sum(map(len, lines)) > MOST_RUNS:
        return []
    for at, line in enumerate(lines):
        for left, right in pairwise(line):
            _join(left, right)
            left.in_line = right.in_line = True
        for piece in line:
            _join_below(piece, lines[at + 1 : at + 1 + LINES_BELOW])
    pieces = sorted((piece for line in lines for piece in line), key=lambda piece: piece.run.order)
    of_cells = {id(piece.cell): piece for piece in pieces}
    for turn, piece in enumerate(pieces):
        piece.turn = turn
        if id(piece.cell) in labels:
            label = of_cells.get(id(labels[id(piece.cell)]))
            piece.near = [label] if label else []
    return pieces


def _is_own_text(run: Run) -> bool:
    return bool(plain(run.text)) and not run.annotation


def _join(piece: _Piece, other: _Piece) -> None:
    piece.near.append(other)
    other.near.append(piece)


def _join_below(piece: _Piece, lines: list[list[_Piece]]) -> None:
    """Make the next text below a piece its neighbour."""
    box = piece.run.box
    for line in lines:
        below = [p for p in line if p.run.box.x0 < box.x1 and p.run.box.x1 > box.x0]
        for other in below:
            _join(piece, other)
        if below:
            return
