"""What a reader of a page sees: cells and lines, and which text is hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.page_content import Box, ByPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.page_content import PageContent, Patch, Run

AMOUNT = re.compile(r"[-(]?\$?\s?-?\(?\d[\d,]*\.\d{2,4}\)?-?\*?")
_TAIL_AMOUNTS = re.compile(rf"^(.*?)((?:(?:^|\s+){AMOUNT.pattern})+)$")
SAME_WORD_GAP = 0.75
SPACE_GAP = 0.12
COVERED = 0.5
OVERPRINTED = 0.45
# What replaces text has about its size and, in parts of it, its baseline and one of its ends.
OTHER_SIZE = 1.25
OFF_LINE, OFF_END = 0.3, 0.5
SCAN_SHARE = 0.7
LONGEST_CELL = 600
TOUCHES = 0.25
SAME_PRINT = 0.7
# Lines to write on, which are written on.
_BLANK = re.compile(r"[_.\u2026]{3}")
OTHER_PRINT = 2.2


@dataclass(frozen=True)
class Hidden:
    """A run that cannot be seen, and why."""

    run: Run
    reason: str
    by: str = ""


@dataclass(frozen=True)
class Cell:
    """Neighbouring runs that read as one: a label, a name, an amount."""

    text: str
    box: Box
    page: int
    runs: tuple[Run, ...] = ()

    @property
    def size(self) -> float:
        """Font size in points of its first run."""
        return self.runs[0].size if self.runs else 0.0

    @property
    def is_amount(self) -> bool:
        """Whether it is one decimal amount and nothing else."""
        return AMOUNT.fullmatch(self.text.strip()) is not None


@dataclass
class TextPage:
    """A page as read: lines of cells from the top, and what is hidden in it."""

    content: PageContent
    lines: list[list[Cell]] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Page number, from 1."""
        return self.content.number

    @property
    def cells(self) -> list[Cell]:
        """All cells in reading order."""
        return [cell for line in self.lines for cell in line]

    @property
    def text(self) -> str:
        """All visible text, a line a row."""
        return "\n".join("  ".join(cell.text for cell in line) for line in self.lines)

    @property
    def is_scan(self) -> bool:
        """Whether it is a picture: hardly any text is seen, beside an image or at all."""
        letters = sum(len(cell.text) for cell in self.cells)
        return letters < (120 if self.covered_by_image else 25)

    @property
    def covered_by_image(self) -> bool:
        """Whether one image takes most of the page."""
        area = self.content.width * self.content.height
        images = [patch.box.area for patch in self.content.patches if patch.image]
        return bool(images) and max(images) > SCAN_SHARE * area


def see(content: PageContent) -> TextPage:
    """Sort out what is visible on a page and set it in lines of cells."""
    page = TextPage(content)
    page.hidden = list(_hidden(content))
    gone = {id(hidden.run) for hidden in page.hidden}
    seen = [run for run in content.runs if id(run) not in gone]
    across = _across(seen)
    lines = _lines([run for run in seen if id(run) not in across])
    lines += _lines([run for run in seen if id(run) in across])
    lines.sort(key=lambda line: -line[0].box.y0)
    page.lines = [list(_cells(line, content.number)) for line in lines]
    return page


def plain(text: str) -> str:
    """Letters and digits only, lower case: what two prints of one text share."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _hidden(content: PageContent) -> Iterator[Hidden]:
    seen = ByPlace((run.box, run) for run in content.runs if run.seen)
    covering = ByPlace((patch.box, patch) for patch in _covering(content))
    for run in content.runs:
        if not run.seen:
            cover = _cover_of(run, covering) if run.inked and not run.layered else None
            if cover:
                by = _seen_instead(run, seen)
                yield Hidden(run, "redacted" if cover.dark and not by else "covered", by)
            else:
                yield Hidden(run, "layer" if run.layered else "invisible")
        elif over := _overprint(run, seen, covering):
            yield Hidden(run, "overprinted", over.text)


def _covering(content: PageContent) -> Iterator[Patch]:
    """Find what may hide text: no rules, and no scan, under which its own text is."""
    area = content.width * content.height
    for patch in content.patches:
        is_scan = patch.image and patch.box.area > SCAN_SHARE * area
        if not patch.box.is_line and not is_scan:
            yield patch


def _cover_of(run: Run, patches: ByPlace[Patch]) -> Patch | None:
    above = (patch for patch in patches.near(run.box) if patch.order > run.order)
    covers = (patch for patch in above if run.box.shared(patch.box) > COVERED)
    return max(covers, key=lambda patch: patch.order, default=None)


def _seen_instead(run: Run, seen: ByPlace[Run]) -> str:
    later = [
        other
        for other in seen.near(run.box)
        if other.order > run.order and _touches(run.box, other.box)
    ]
    return " ".join(other.text for other in sorted(later, key=lambda other: other.box.x0))


def _touches(box: Box, other: Box) -> bool:
    return max(box.shared(other), other.shared(box)) > TOUCHES


def _overprint(run: Run, seen: ByPlace[Run], covering: ByPlace[Patch]) -> Run | None:
    if not plain(run.text) or _BLANK.search(run.text):
        return None
    over = (other for other in seen.near(run.box) if _is_over(other, run))
    return next((other for other in over if _replaces(other, run, covering)), None)


def _replaces(over: Run, run: Run, covering: ByPlace[Patch]) -> bool:
    """Whether text was set in the place of other text: figures on figures, words on words.

    It begins where that did, figures may end there, or paint lies between. A label in too wide a
    font runs into the next one, letters set close touch, and a lone digit may be a note's number.
    """
    above, below = plain(over.text), plain(run.text)
    if above in below or (len(above) == 1 and not (above.isdigit() and below[0].isdigit())):
        return False
    figures = _has_digit(above)
    if figures != _has_digit(_under(run, over.box)) or (below in above and not figures):
        return False
    near = OFF_END * run.size
    starts, ends = abs(over.box.x0 - run.box.x0) < near, abs(over.box.x1 - run.box.x1) < near
    return (
        starts
        or (figures and ends)
        or any(
            run.order < patch.order < over.order and over.box.shared(patch.box) > COVERED
            for patch in covering.near(over.box)
        )
    )


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _under(run: Run, box: Box) -> str:
    """Return the part of a text that lies under a box, by the mean width of its letters."""
    width = (run.box.x1 - run.box.x0) / len(run.text)
    start, stop = ((x - run.box.x0) / width for x in (box.x0, box.x1)) if width else (0, 0)
    return run.text[max(round(start), 0) : max(round(stop), 0)]


def _is_over(other: Run, run: Run) -> bool:
    small, large = sorted((run.size, other.size))
    return (
        other.order > run.order
        and not other.annotation
        and large < OTHER_SIZE * small
        and abs(other.box.y0 - run.box.y0) < OFF_LINE * small
        and max(run.box.shared(other.box), other.box.shared(run.box)) > OVERPRINTED
    )


def _across(runs: list[Run]) -> set[int]:
    """Find print that lies across smaller print and is read apart from it: stamps, watermarks."""
    placed = ByPlace((run.box, run) for run in runs)
    return {
        id(run)
        for run in runs
        for other in placed.near(run.box)
        if run.size >= OTHER_SIZE * other.size and other.box.shared(run.box) > OVERPRINTED
    }


def _lines(runs: list[Run]) -> list[list[Run]]:
    """Gather runs that share a baseline, large print (a watermark, a title) apart from small."""
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda r: (-r.box.y0, r.box.x0)):
        line = next((line for line in lines[:-4:-1] if _on_line(run, line[0])), None)
        if line is None:
            lines.append([run])
        else:
            line.append(run)
    return lines


def _on_line(run: Run, first: Run) -> bool:
    small, large = sorted((run.size, first.size))
    return first.box.y0 - run.box.y0 < 0.4 * small and large < OTHER_PRINT * small


def _cells(line: list[Run], page: int) -> Iterator[Cell]:
    group: list[Run] = []
    end = 0.0
    for run in sorted(line, key=lambda r: r.box.x0):
        if group and run.box.x0 - end > SAME_WORD_GAP * run.size:
            yield from _split_amounts(group, page)
            group = []
        if not (group and _same_print(group[-1], run)):
            end = max(end, run.box.x1) if group else run.box.x1
            group.append(run)
    yield from _split_amounts(group, page)


def _same_print(run: Run, other: Run) -> bool:
    """Bold faked by printing twice."""
    return run.text == other.text and run.box.shared(other.box) > SAME_PRINT


def _split_amounts(group: list[Run], page: int) -> Iterator[Cell]:
    """Part a label from the amounts that follow it in the same print."""
    text = group[0].text
    for before, run in pairwise(group):
        text += (" " if run.box.x0 - before.box.x1 > SPACE_GAP * run.size else "") + run.text
    box = Box(
        group[0].box.x0,
        min(run.box.y0 for run in group),
        max(run.box.x1 for run in group),
        max(run.box.y1 for run in group),
    )
    text = text[:LONGEST_CELL]
    match = _TAIL_AMOUNTS.match(text)
    if not match or AMOUNT.fullmatch(text.strip()):
        yield Cell(text, box, page, tuple(group))
        return
    width = (box.x1 - box.x0) / max(len(text), 1)
    spans = [match.span(1)] if match[1].strip() else []
    spans += [found.span() for found in AMOUNT.finditer(text, match.start(2))]
    for start, stop in spans:
        part = Box(box.x0 + start * width, box.y0, box.x0 + stop * width, box.y1)
        inside = tuple(r for r in group if r.box.shared(part) > 0 or part.shared(r.box) > 0)
        yield Cell(text[start:stop].strip(), part, page, inside or tuple(group))
