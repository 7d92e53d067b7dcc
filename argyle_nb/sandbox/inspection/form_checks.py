"""How a tax form is filled in: its copies must agree, and one program fills in all of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.layout import plain
from argyle_nb.sandbox.inspection.scoring import Signal

if TYPE_CHECKING:
    from argyle_nb.sandbox.inspection.layout import Cell
    from argyle_nb.sandbox.inspection.tax_forms import Form

MOSTLY = 4
ODD_SHARE = 3


def filling_signals(form: Form) -> list[Signal]:
    """Check what a form says in several places, and in which print."""
    return _disagreements(form) + _odd_print(form)


def _disagreements(form: Form) -> list[Signal]:
    """Compare the copies of a form on one page; where most fields differ it is another form."""
    several = {key: _by_page(found) for key, found in form.copies.items()}
    compared = [(key, group) for key, pages in several.items() for group in pages if len(group) > 1]
    differing = [(k, group) for k, group in compared if len({plain(v) for v, _ in group}) > 1]
    if 2 * len(differing) >= len(compared):
        return []
    return [_disagreement(key, group) for key, group in differing]


def _by_page(found: list[tuple[str, Cell]]) -> list[list[tuple[str, Cell]]]:
    pages: dict[int, list[tuple[str, Cell]]] = {}
    for text, cell in found:
        pages.setdefault(cell.page, []).append((text, cell))
    return list(pages.values())


def _disagreement(key: str, group: list[tuple[str, Cell]]) -> Signal:
    said = list(dict.fromkeys(text for text, _ in group))
    evidence: dict[str, str | None] = {"field": key, "one_copy": said[0], "another_copy": said[1]}
    return Signal("sbx_copies_disagree", group[0][1].page, [evidence])


def _odd_print(form: Form) -> list[Signal]:
    """Find the few values that stand in another font than all others."""
    cells = [cell for found in form.copies.values() for _, cell in found]
    faces = Counter(_face(cell) for cell in cells)
    face, count = faces.most_common(1)[0] if faces else ("", 0)
    odd = [cell for cell in cells if _face(cell) != face]
    if count < MOSTLY or count < ODD_SHARE * len(odd):
        return []
    return [
        Signal("sbx_fonts_mixed_in_line", cell.page, [{"text": cell.text, "fonts": _face(cell)}])
        for cell in odd
    ]


def _face(cell: Cell) -> str:
    return cell.runs[0].font.family if cell.runs else ""
