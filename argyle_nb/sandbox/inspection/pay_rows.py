"""The rows of a paystub's tables: what each is for, its amounts, and the column they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.classification import amount

if TYPE_CHECKING:
    from decimal import Decimal

    from argyle_nb.sandbox.inspection.layout import Cell

REACH = 45.0
UNDER_TITLE = 60.0
ONE_LINE = 6.0
LONGEST_HEADER = 32
ALL_COLUMNS = 4

# The first that matches decides, so the order is from the particular to the general.
_KINDS: tuple[tuple[str, str], ...] = (
    ("none", r"employer (paid|cost|contrib|match)|\bER\b|taxable (gross|wages|earnings)|imputed"),
    ("none", r"balance|accrued|available|exempt|allowance|fed(eral)? (taxable )?wages"),
    ("none", r"check amount|hours worked|\bfuta\b|\bsuta\b|excluded from|group term"),
    ("reimbursement", r"reimburs"),
    ("net", r"\bnet (pay|amount|earnings|check|wages|deposit|income)|take[- ]home|^net\W*$"),
    (
        "net",
        r"amount of (this )?check|total net|net this|^pay this amount|^net\b.*(current|period)",
    ),
    ("gross", r"\bgross\b|^total (earnings|pay|wages|hours (and|&) earnings)|^earnings total"),
    ("total", r"^(pre|post|after)[- ]?tax (deductions|contrib)"),
    ("total", r"total.*(deduct|tax|withh)|(deductions?|tax(es)?|withholdings?)\W+total"),
    ("total", r"^(deductions|taxes|withholdings|taxes (and|&) deductions|pre-?tax|post-?tax)\W*$"),
    ("deposit", r"direct dep|checking|savings|\bchkg\b|\bacct\b|account|deposit|\bbank\b"),
    (
        "deduction",
        r"401|403|457|roth|retire|pension|health|medical|dental|vision|insur|\bhsa\b|\bfsa\b",
    ),
    (
        "deduction",
        r"pre-?tax|garnish|union|dues|parking|\bloan|\blife\b|support|commuter|transit|deduct|charit",
    ),
    (
        "tax",
        r"\bfed|fica|medicare|social sec|soc\.? sec|oasdi|\bwithh|\bstate\b|\b(sdi|sui|pfl|fli)\b",
    ),
    (
        "tax",
        r"\btax\b|\bs\.?i\.?t\b|\blocal\b|\bcity\b|\bcounty\b|\bmed(icare)?\b ?ee|disability ins",
    ),
    (
        "earning",
        r"regular|overtime|salary|bonus|commission|holiday|vacation|\bsick\b|\bpto\b|shift",
    ),
    (
        "earning",
        r"\btips?\b|hourly|double|wages|earnings|\bbase\b|premium|differential|stipend|\bpay\b",
    ),
)
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("ytd", r"\by\W?t\W?d\b|year[- ]to[- ]date|to date"),
    ("hours", r"hours|\bhrs\b|units|\bqty\b"),
    ("rate", r"\brate\b"),
    ("current", r"current|this (pay )?period|amount|this check|\bperiod\b"),
)
_PERIOD_WORD = re.compile(
    r"^(current|this period|ytd|year[- ]to[- ]date|this check)"
    r"( (period|amounts?|pay|totals?))?\W*$",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"^(employee |gross )?(employer|company (tax|contrib|paid)|summary|earnings|deductions|pre-?tax"
    r"|post-?tax|after-?tax|tax|withhold|statutory|other ded)",
    re.IGNORECASE,
)
_SECTION_KINDS = (
    ("employer", r"^employer|^company"),
    ("none", r"summary"),
    ("deduction", r"deduct|tax|withh|statut"),
    ("earning", r"earnings"),
)


@dataclass
class Row:
    """One line of a table.

    Parameters
    ----------
    description
        Its label as printed.
    kind
        ``earning``, ``tax``, ``deduction``, ``gross``, ``total`` (of deductions), ``net``,
        ``deposit`` or ``none``.
    values
        Amounts by column: ``current``, ``ytd``, ``hours``, ``rate``.
    cells
        Where each of them stands.
    """

    description: str
    kind: str
    values: dict[str, Decimal] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)


def kind_of(description: str) -> str:
    """Return what a row's label says the row is for; ``none`` when nothing of pay."""
    for kind, pattern in _KINDS:
        if re.search(pattern, description, re.IGNORECASE):
            return kind
    return "none"


def read_rows(lines: list[list[Cell]]) -> list[Row]:
    """Read every row that has a label and amounts, tables side by side included."""
    rows: list[Row] = []
    headers: list[Cell] = []
    sections: list[Cell] = []
    for line in lines:
        amounts = [cell for cell in line if cell.is_amount]
        if not amounts:
            headers = _newer(
                headers, [c for c in line if _column_word(c) or kind_of(c.text) != "none"]
            )
            sections += [cell for cell in line if _SECTION.match(cell.text)]
            continue
        for label, cells in _groups(line):
            rows += _rows(label, cells, headers, sections)
    return rows + _stacked(lines)


def _newer(old: list[Cell], new: list[Cell]) -> list[Cell]:
    """Headers of this line before those of the lines above, on one page."""
    return [*new, *(cell for cell in old if not new or cell.page == new[0].page)][:80]


def _groups(line: list[Cell]) -> list[tuple[list[Cell], list[Cell]]]:
    """Part a line in labels, each with the amounts that follow it."""
    groups: list[tuple[list[Cell], list[Cell]]] = []
    for cell in line:
        if cell.is_amount:
            if groups:
                groups[-1][1].append(cell)
        elif re.fullmatch(r"[$=+*-]+", cell.text.strip()):
            continue
        elif groups and not groups[-1][1]:
            groups[-1][0].append(cell)
        else:
            groups.append(([cell], []))
    return [group for group in groups if group[1]]


def _rows(
    labels: list[Cell], cells: list[Cell], headers: list[Cell], sections: list[Cell]
) -> list[Row]:
    description = " ".join(cell.text for cell in labels).strip(" :.")
    if _PERIOD_WORD.match(description):
        return _transposed(description, cells, headers)
    section = _section(labels[0], sections)
    kind = kind_of(description) if section != "employer" else "none"
    if kind == "none" and section != "employer" and not _is_named(description):
        kind = section
    row = Row(description, kind)
    named = [_column_of(cell, headers) for cell in cells]
    if not any(named) or len(set(filter(None, named))) < len([n for n in named if n]):
        named = _guess_columns(cells)
    if kind == "deposit" and len(cells) == 1:
        named = ["current"]
    for column, cell in zip(named, cells, strict=True):
        value = amount(cell.text)
        if column and value is not None and column not in row.values:
            row.values[column] = value
            row.cells[column] = cell
    return [row] if row.values else []


def _transposed(period: str, cells: list[Cell], headers: list[Cell]) -> list[Row]:
    """Read a summary whose columns are gross, deductions and net, and whose rows are periods."""
    column = "ytd" if re.match("y", period, re.IGNORECASE) else "current"
    rows = []
    for cell in cells:
        header = _over(cell, [h for h in headers if kind_of(h.text) != "none"])
        value = amount(cell.text)
        if header is not None and value is not None:
            kind = kind_of(header.text)
            kind = "total" if kind in ("tax", "deduction") else kind
            rows.append(Row(header.text, kind, {column: value}, {column: cell}))
    return rows


def _stacked(lines: list[list[Cell]]) -> list[Row]:
    """Amounts that stand under their label instead of beside it (boxes for gross and net)."""
    rows = []
    for above, below in pairwise(lines):
        if (
            not below
            or not all(cell.is_amount for cell in below)
            or any(c.is_amount for c in above)
        ):
            continue
        for cell in below:
            header = _over(cell, [h for h in above if kind_of(h.text) in ("gross", "net", "total")])
            value = amount(cell.text)
            if header is not None and value is not None and header.page == cell.page:
                column = "ytd" if _column_word(header) == "ytd" else "current"
                row = Row(header.text, kind_of(header.text), {column: value}, {column: cell})
                rows.append(row)
    return rows


def _is_named(description: str) -> bool:
    """Whether a label is known to be none of pay, rather than just unknown."""
    return any(
        kind == "none" and re.search(pattern, description, re.IGNORECASE)
        for kind, pattern in _KINDS
    )


def _section(label: Cell, sections: list[Cell]) -> str:
    """Return what the table in which a label stands is for, by the nearest title above it."""
    for title in reversed(sections):
        if title.page == label.page and abs(title.box.x0 - label.box.x0) < UNDER_TITLE:
            for kind, pattern in _SECTION_KINDS:
                if re.search(pattern, title.text, re.IGNORECASE):
                    return kind
    return "none"


def _column_word(cell: Cell) -> str | None:
    for column, pattern in _COLUMNS:
        if re.search(pattern, cell.text, re.IGNORECASE) and len(cell.text) < LONGEST_HEADER:
            return column
    return None


def _column_of(cell: Cell, headers: list[Cell]) -> str | None:
    header = _over(cell, [h for h in headers if _column_word(h)])
    return _column_word(header) if header is not None else None


def _over(cell: Cell, headers: list[Cell]) -> Cell | None:
    """Return the lowest header in whose column an amount stands."""
    near = [h for h in headers if h.page == cell.page and _apart(cell, h) < REACH]
    if not near:
        return None
    lowest = min(h.box.y0 for h in near)
    return min((h for h in near if h.box.y0 - lowest < ONE_LINE), key=lambda h: _apart(cell, h))


def _apart(cell: Cell, header: Cell) -> float:
    middle = abs(cell.box.x0 + cell.box.x1 - header.box.x0 - header.box.x1) / 2
    return min(middle, abs(cell.box.x1 - header.box.x1), abs(cell.box.x0 - header.box.x0))


def _guess_columns(cells: list[Cell]) -> list[str | None]:
    """Columns without headers: the last two are this period and year to date."""
    count = len(cells)
    if count == 1:
        return ["current"]
    front: list[str | None] = [None] * (count - 2)
    if count >= ALL_COLUMNS:
        values = [amount(cell.text) or 0 for cell in cells]
        front[-2:] = (
            ["rate", "hours"] if values[count - 4] > values[count - 3] else ["hours", "rate"]
        )
    return [*front, "current", "ytd"]
