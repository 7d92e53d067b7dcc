"""How results look in a notebook: a heading, facts and a short table, as HTML."""

from __future__ import annotations

import html
from datetime import date, datetime, time
from itertools import islice
from numbers import Integral, Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Told apart on white and on black, and never without a name beside them.
BLUE, AMBER, RED, GREY = "#2f86d0", "#a8861f", "#d2602a", "#8a8a8a"
# One sign for whatever is missing.
MISSING = "-"
_MOST_ROWS = 12
_MOST_LETTERS = 80
_LEFT = "text-align: left"
_LEFT_CELL = f' style="{_LEFT}"'
# JupyterLab's own color of quiet text, in its light and its dark theme; elsewhere that of the text.
_QUIET = "color: var(--jp-content-font-color2, inherit)"


def result(
    title: str,
    facts: Mapping[str, object] | None = None,
    tables: Iterable[str] = (),
    note: str = "",
) -> str:
    """Write a result: its heading, a line for each fact, tables, and a note in quiet letters."""
    lines = [
        f'<tr><th style="{_LEFT}">{_text(name)}</th>{_cell(value, _LEFT_CELL)}</tr>'
        for name, value in (facts or {}).items()
    ]
    parts = [f"<strong>{_text(title)}</strong>"]
    parts += [f"<table><tbody>{''.join(lines)}</tbody></table>"] if lines else []
    parts += tables
    parts += [f'<div style="{_QUIET}; max-width: 50em">{_text(note)}</div>'] if note else []
    return f"<div>{''.join(parts)}</div>"


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, of: int, caption: str = ""
) -> str:
    """Write the first rows of a table, and how many there are of them."""
    first = [list(row) for row in islice(rows, _MOST_ROWS)]
    numeric = [any(_is_number(cell) for cell in column) for column in zip(*first, strict=True)]
    styles = ["" if number else _LEFT_CELL for number in numeric or [False] * len(columns)]
    head = "".join(
        f"<th{style}>{_text(name)}</th>" for name, style in zip(columns, styles, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_cell(cell, style) for cell, style in zip(row, styles, strict=True))}</tr>"
        for row in first
    )
    above = f'<caption style="{_LEFT}; {_QUIET}">{_text(caption)}</caption>' if caption else ""
    more = f'<div style="{_QUIET}">{len(first):,} of {of:,} rows</div>' if of > len(first) else ""
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def histogram(
    name: str, bars: Sequence[tuple[int, int, int]], colors: Sequence[str], cuts: Sequence[int]
) -> str:
    """Draw (lowest score, highest score, uploads) as bars, with a dashed line at each threshold."""
    highest = max((uploads for *_, uploads in bars), default=0)
    if not highest:
        return ""
    parts = []
    for (*_, uploads), color in zip(bars, colors, strict=True):
        # What is rare is seen too.
        height = max(2.0, 100 * uploads / highest) if uploads else 0
        parts.append(f"flex:1;margin-right:1px;height:{height:.4g}%;background:{color}")
    parts += [f"position:absolute;left:{cut}%;height:100%;border-left:1px dashed" for cut in cuts]
    axis = "position:relative;align-items:flex-end;height:90px;border-bottom:1px solid"
    return picture(name, axis, parts)


def picture(name: str, style: str, parts: Sequence[str]) -> str:
    """Draw boxes: where styles are removed, nothing is left of them."""
    boxes = "".join(f"<div style='{part}'></div>" for part in parts)
    frame = f"display:flex;width:400px;max-width:100%;margin:0.4em 0;{style}"
    return f"<div role='img' aria-label='{html.escape(name)}' style='{frame}'>{boxes}</div>"


def percent(share: object) -> str:
    """Write a share as a percentage."""
    return MISSING if _is_missing(share) else f"{share:.1%}"


def points(difference: float) -> str:
    """Write the difference of two shares in percentage points."""
    return MISSING if _is_missing(difference) else f"{round(100 * difference, 1) + 0.0:+.1f} pp"


def heading(column: str) -> str:
    """Write the name of a column in words."""
    words = column.removeprefix("ocr_").replace("_", " ").capitalize()
    return words.removesuffix(" id") + " ID" if words.endswith(" id") else words


def shown(value: object) -> str:
    """Write a value for people: whole numbers whole, others with one decimal, times in UTC."""
    if _is_missing(value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        return f"{float(value):,.0f}" if float(value).is_integer() else f"{float(value):,.1f}"
    if isinstance(value, datetime):
        # Midnight is the beginning of a day, a week or a month.
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M} UTC"
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def _cell(cell: object, style: str) -> str:
    return f"<td{style}>{_text(shown(cell))}</td>"


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()))


def _is_missing(value: object) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    try:
        return bool(value != value)  # noqa: PLR0124 - NaN and NaT are not what they are
    except TypeError:  # pandas' NA is neither
        return True


def _is_number(cell: object) -> bool:
    if isinstance(cell, str):
        return cell.endswith(("%", " pp"))
    return isinstance(cell, Real) and not isinstance(cell, bool)
