"""A panel where no script runs: its last state, as plain HTML.

This static fallback is shown by converted, rendered and merely opened notebooks. Some of these
remove pictures and styles: the sentences and the table say everything. Only counts and the names of
states go in.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from argyle_nb.notebook import picture

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE = "<div style='margin:0.2em 0'>"
_CELL = "padding:0.2em 0.45em;border:0;border-top:1px solid rgba(128,128,128,0.5);text-align:"


@dataclass(frozen=True)
class Fallback:
    """A title, sentences, a picture and a table; the first column of a row may have a color."""

    title: str
    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    colors: tuple[str, ...] = ()
    picture: str = ""

    def html(self, name: str, at: str) -> str:
        """Write the HTML, of a class by which the panel's page can hide it."""
        return (
            f"<div class='{escape(name)}' style='max-width:42em'>"
            f"{_LINE}<strong>{escape(self.title)}</strong> ({escape(at)})</div>"
            f"{_LINE}{escape(' '.join(self.sentences))}</div>{self.picture}{self._table()}"
            f"{_LINE}Run the cell to use the panel.</div></div>"
        )

    def _table(self) -> str:
        if not self.rows:
            return ""
        heads = "".join(
            f"<th scope='col' style='{_CELL}{_side(at)}'>{escape(text)}</th>"
            for at, text in enumerate(self.columns)
        )
        colors = self.colors or ("",) * len(self.rows)
        lines = "".join(
            f"<tr>{_cells(row, color)}</tr>" for row, color in zip(self.rows, colors, strict=True)
        )
        return (
            "<table style='margin:0.4em 0;border-collapse:collapse'>"
            f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
        )


def _side(column: int) -> str:
    return "right" if column else "left"


def _cells(row: tuple[str, ...], color: str) -> str:
    key = ""
    if color:
        key = f"<span aria-hidden='true' style='color:{color}'>\N{BLACK SQUARE}</span>&nbsp;"
    return "".join(
        f"<td style='{_CELL}{_side(at)}'>{'' if at else key}{escape(text)}</td>"
        for at, text in enumerate(row)
    )


def share_bar(name: str, numbers: Sequence[int], colors: Sequence[str]) -> str:
    """Draw numbers as the parts of one bar; nothing where all are 0."""
    total = sum(numbers)
    if not total:
        return ""
    parts = []
    # Between two parts of one color a seam would be seen.
    for color, same in groupby(zip(numbers, colors, strict=True), key=lambda part: part[1]):
        share = sum(number for number, _ in same) / total
        parts.append(f"width:{share:.4%};background:{color}")
    return picture(name, "height:14px", parts)


def counted(number: int, noun: str) -> str:
    """Write a number and what is counted."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
