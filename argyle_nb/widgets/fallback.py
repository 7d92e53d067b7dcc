"""A panel where no script runs: its last state, as plain HTML.

This static fallback is shown by converted, rendered and merely opened notebooks. Some of these
remove pictures and styles: the sentences and the table say everything. Only counts and the names of
states go in.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Told apart on white and on black, and never without a name beside them.
BLUE, AMBER, RED, GREY = "#2f86d0", "#a8861f", "#d2602a", "#8a8a8a"

_WIDTH = 400
_PARAGRAPH = "<p style='margin:0.2em 0'>"
_CELL = "padding:0.2em 0.8em;border:0;border-top:1px solid rgba(128,128,128,0.5);text-align:"


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
            f"{_PARAGRAPH}<strong>{escape(self.title)}</strong> ({escape(at)})</p>"
            f"{_PARAGRAPH}{escape(' '.join(self.sentences))}</p>{self.picture}{self._table()}"
            f"{_PARAGRAPH}Run the cell to use the panel.</p></div>"
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
    key = (
        f"<span aria-hidden='true' style='color:{color}'>\N{BLACK SQUARE}</span> " if color else ""
    )
    return "".join(
        f"<td style='{_CELL}{_side(at)}'>{'' if at else key}{escape(text)}</td>"
        for at, text in enumerate(row)
    )


def share_bar(name: str, numbers: Sequence[int], colors: Sequence[str]) -> str:
    """Draw numbers as the parts of one bar; nothing where all are 0."""
    total = sum(numbers)
    if not total:
        return ""
    parts, begin = [], 0.0
    for number, color in zip(numbers, colors, strict=True):
        width = _WIDTH * number / total
        parts.append(_rectangle(begin, 0, width, 14, color))
        begin += width
    return _picture(name, 14, parts)


def histogram(
    name: str, bars: Sequence[tuple[int, int, int]], colors: Sequence[str], cuts: Sequence[int]
) -> str:
    """Draw (lowest score, highest score, uploads) as bars, with a dashed line at each threshold."""
    high, highest = 90, max((uploads for *_, uploads in bars), default=0)
    if not highest:
        return ""
    parts = []
    for (low, _, uploads), color in zip(bars, colors, strict=True):
        # What is rare is seen too.
        tall = max(1.5, high * uploads / highest) if uploads else 0
        wide = _WIDTH / len(bars)
        parts.append(_rectangle(low * _WIDTH / 100 + 0.5, high - tall, wide - 1, tall, color))
    line = "stroke='currentColor' stroke-width='1'"
    for cut in cuts:
        at = cut * _WIDTH / 100
        parts.append(f"<path d='M{at:g} 0V{high}' {line} stroke-dasharray='3 3'/>")
    parts.append(f"<path d='M0 {high + 0.5}H{_WIDTH}' {line}/>")
    return _picture(name, high + 1, parts)


def _rectangle(left: float, top: float, width: float, height: float, color: str) -> str:
    if not width or not height:
        return ""
    at = f"x='{left:.5g}' y='{top:.4g}' width='{width:.5g}' height='{height:.4g}'"
    return f"<rect {at} fill='{color}'/>"


def _picture(name: str, height: float, parts: Sequence[str]) -> str:
    return (
        f"<svg role='img' aria-label='{escape(name)}' viewBox='0 0 {_WIDTH} {height}' "
        f"width='{_WIDTH}' height='{height}' style='display:block;max-width:100%;margin:0.4em 0'>"
        f"{''.join(parts)}</svg>"
    )


def counted(number: int, noun: str) -> str:
    """Write a number and what is counted."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
