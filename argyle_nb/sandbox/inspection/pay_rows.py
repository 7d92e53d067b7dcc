"""The rows of a paystub's tables: what each is for, and in which column each amount stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.sandbox.inspection.classification import amount
from argyle_nb.sandbox.inspection.layout import AMOUNT
from argyle_nb.sandbox.inspection.page_content import Box

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from argyle_nb.sandbox.inspection.layout import Cell
    from argyle_nb.sandbox.inspection.page_content import Run

REACH = 45.0
UNDER_TITLE = 60.0
ALIGNED = 12.0
NEW_TABLE = 60.0
ONE_LINE = 6.0
TWO_LEVELS = 26.0
LONGEST_HEADER = 32
LONGEST_TITLE = 40
ALL_COLUMNS = 4
TWICE = 2
CLOSE = 0.4

YTD = re.compile(r"\by\W?t\W?d\b|year[- ]to[- ]date", re.IGNORECASE)
ANNUAL = re.compile(
    r"annual\w* (base )?(salary|rate|pay|base|income|compensation|wage)|salary.*(annual|per year)"
    r"|yearly|per (year|annum)",
    re.IGNORECASE,
)
_NO_PAY = re.compile(
    r"employer|\bER\b|\bcompany (paid|tax|contrib|match|cost)|\bmatch(ing)?\b|\bf\.?u\.?t\.?a\b"
    r"|\bsuta\b|taxable (wages|gross|earnings)|^pay (period|date|day|group|type|basis|frequency)",
    re.IGNORECASE,
)
# The first that matches decides, so the order is from the particular to the general.
_KINDS: tuple[tuple[str, str], ...] = (
    ("reimbursement", r"reimburs|\bexpenses?\b|per diem|mileage|non-?taxable"),
    (
        "imputed",
        r"imputed|group[- ]term|\bgtl\b|taxable (life|fringe|benefit)|non-?cash|personal use",
    ),
    ("none", r"(adjusted|\b(tax|fit|fed\w*|sit|state|local|fica|oasdi|ss|med\w*)) gross"),
    ("none", r"taxable|excluded from|fed(eral)? wages|(hourly|pay|base|salary) rate"),
    ("none", rf"rate of pay|per hour|total hours\W*$|hours worked|check amount|{ANNUAL.pattern}"),
    ("none", r"balance|accrued|available|exempt|\ballowances\b|^(tax|state|federal) allowance"),
    ("net", r"\bnet (pay|amount|earnings|check|wages|deposit|income)|take[- ]home|^net\W*$"),
    (
        "net",
        r"amount of (this )?check|total net|^pay this amount|^net\b.*(this|current|period|y.?t.?d)",
    ),
    ("gross", r"\bgross\b|^total (earnings|pay|wages|hours (and|&) earnings)|^earnings total"),
    ("total", r"^(pre|post|after)[- ]?tax (deductions|contrib)"),
    ("total", r"total.*(deduct|tax|withh)|(deductions?|tax(es)?|withholdings?)\W+total"),
    (
        "total",
        r"^(employee )?(taxes (and|&) )?(deductions|taxes|withholdings|(pre|post)[- ]?tax)\W*$",
    ),
    ("deduction", r"health savings|savings (bond|plan)|\bh\.?s\.?a\b"),
    ("deposit", r"direct dep|checking|savings|\bchkg\b|\bsvgs\b|\bacct\b|account|deposit|\bbank\b"),
    (
        "deduction",
        r"401|403|457|roth|retire|pension|health|medical|dental|vision|insur|\bhsa\b|\bfsa\b",
    ),
    (
        "deduction",
        r"pre[- ]?tax|garnish|union|dues|parking|\bloan|\blife\b|support|commuter|transit|deduct",
    ),
    ("deduction", r"charit"),
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
        r"\btips?\b|hourly|double|wages|earnings|\bbase\b|premium|differential|stipend|allowance|\bpay\b",
    ),
)
_YEAR = r"\by\W?t\W?d\b|to[- ]date"
_HOURS = r"hours|\bhrs\b|units|\bqty\b|quantity"
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("ytd hours", rf"({_YEAR}).*({_HOURS})|({_HOURS}).*({_YEAR})"),
    ("other", r"employer|company|accru|\bused\b|taken|balance|available|remaining|taxable|subject"),
    ("other", r"\bprior\b|^dates?$|exempt"),
    ("ytd", _YEAR),
    ("hours", _HOURS),
    ("rate", r"\brate\b"),
    ("current", r"current|this (pay )?period|amount|this check|^period\b"),
)
_TWO_IN_ONE = re.compile(
    r" +/ +|(?:(?<=period)|(?<=current)|(?<=\(\$\))) *(?=y)|(?<=hours) +(?=rate)"
    r"|(?<=rate) +(?=hours|this|current)",
    re.IGNORECASE,
)
_PERIOD_WORD = re.compile(
    r"^(current|this (pay )?period|ytd|year[- ]to[- ]date|this check)"
    r"( (period|amounts?|pay|totals?))?\W*$",
    re.IGNORECASE,
)
_SECTIONS: tuple[tuple[str, str], ...] = (
    ("employer", r"(employer|company)[- ](tax|paid|contrib|cost|benefit|match)"),
    ("summary", r"(pay )?summary"),
    ("none", r"(paid )?time off|leave|accru|pto\b|absence|balances"),
    ("none", r"(other )?benefits? (and|&)|other (benefits|info)|important|taxable|memo|additional"),
    (
        "deposit",
        r"(net pay |direct )?(distribution|allocation|deposit)s?\b|payment info|pay(ment)? method",
    ),
    (
        "deduction",
        r"(your |employee )?(pre[- ]?tax |post[- ]?tax |after[- ]?tax |other )?(deduct|tax|withh)",
    ),
    ("deduction", r"statutory|pre[- ]?tax|post[- ]?tax|after[- ]?tax"),
    (
        "earning",
        r"(your |employee |gross )*earnings(?! statement)|hours (and|&) earnings|wages\W*$",
    ),
    ("year", r"(ytd|year[- ]to[- ]date)\b"),
)
_BLANK = re.compile(r"[-\u2013\u2014]+|n/?a|nil|none", re.IGNORECASE)
_SAID = re.compile(
    r"\b(?P<kind>net|gross) (?:pay|amount|earnings|check|wages)\b(?P<rest>[^\d.]{0,40}?)"
    r"(?P<amount>-?\(?\d[\d,]*\.\d\d\)?)(?![\d,.]\d)",
    re.IGNORECASE,
)


@dataclass
class PayRow:
    """One line of a table.

    It is `sure` when headers name its columns or it is one amount on its own, and `doubtful` when
    there is more than one good guess: many amounts without headers, or one total below the header
    of the year that may be of this period.
    """

    description: str
    kind: str
    values: dict[str, Decimal] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    sure: bool = True
    doubtful: bool = False


class Header(NamedTuple):
    """A cell over amounts, and the column it names."""

    cell: Cell
    column: str | None


class Section(NamedTuple):
    """The title of a table, and what its rows are for."""

    kind: str
    title: Cell


def kind_of(description: str) -> str:
    """Return what a row's label says the row is for; ``none`` when nothing of pay."""
    return _known_kind(description) or "none"


def _known_kind(description: str) -> str | None:
    """Let the head decide where it can: what follows a dash, a comma or a bracket explains."""
    if _NO_PAY.search(description):
        return "none"
    head = re.split(r"\s[-\u2013\u2014]\s|[,;(]", description)[0]
    kind = _first_kind(head)
    return _first_kind(description) if kind in (None, "total") else kind


def _first_kind(text: str) -> str | None:
    found = (kind for kind, pattern in _KINDS if re.search(pattern, text, re.IGNORECASE))
    return next(found, None)


def is_money(cell: Cell) -> bool:
    """Whether a cell is one amount, in whatever currency."""
    return AMOUNT.fullmatch(_bare(cell.text)) is not None


def _bare(text: str) -> str:
    plain = text.strip().replace("\u2212", "-")
    return re.sub(r"^(-?)[\u00a3\u20ac]\s?|^(?:USD|CAD)\s", r"\1", plain)


def read_rows(lines: list[list[Cell]]) -> list[PayRow]:
    """Read every row that has a label and amounts, tables side by side included."""
    return _Tables().read(lines)


class _Tables:
    """Reads lines from the top, and remembers the headers and titles above each."""

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.sections: list[Section] = []
        self.starts: list[float] = []
        self.rows: list[PayRow] = []
        self.unlabelled: list[PayRow] = []

    def read(self, lines: list[list[Cell]]) -> list[PayRow]:
        for line in lines:
            if any(is_money(cell) for cell in line):
                for labels, cells in self._groups(line):
                    self._read_group(labels, cells)
            else:
                self._read_titles(line)
        self.rows += _boxes(lines, self.rows)
        boxed = {id(cell) for row in self.rows for cell in row.cells.values()}
        left = (r for r in self.unlabelled if not boxed & {id(c) for c in r.cells.values()})
        self.rows += left
        self.rows += _sentences(lines, {row.kind for row in self.rows})
        return self.rows

    # -- titles and headers

    def _read_titles(self, line: list[Cell]) -> None:
        cells = [part for cell in line for part in _parted(cell)]
        above = [h for h in self.headers if _level_above(h.cell, cells[0])]
        new = []
        for cell in cells:
            word = _column_word(cell)
            if word or kind_of(cell.text) != "none":
                new.append(Header(cell, word and self._two_levels(cell, word, cells, above)))
        kept = [h for h in self.headers if not new or h.cell.page == line[0].page]
        self.headers = [*new, *kept][:80]
        titles = [Section(kind, c) for c in line if (kind := _section_kind(c)) is not None]
        self.sections += titles
        self.starts += [section.title.box.x0 for section in titles]

    def _two_levels(self, cell: Cell, word: str, line: list[Cell], above: list[Header]) -> str:
        """Tell hours and amounts that stand twice, below "Current" and below "Year to date"."""
        spans = {h.column: h.cell.box for h in above if h.column in ("current", "ytd")}
        if len(spans) < TWICE or sum(_column_word(other) == word for other in line) != TWICE:
            return word
        middle = cell.box.x0 + cell.box.x1
        over = min(spans, key=lambda name: abs(spans[name].x0 + spans[name].x1 - middle))
        return {"hours": "ytd hours", "current": "ytd"}.get(word, word) if over == "ytd" else word

    # -- rows

    def _groups(self, line: list[Cell]) -> list[tuple[list[Cell], list[Cell]]]:
        """Part a line in labels, each with the amounts (or dashes) that follow it."""
        groups: list[tuple[list[Cell], list[Cell]]] = []
        for cell in line:
            text = cell.text.strip()
            if is_money(cell) or (_BLANK.fullmatch(text) and groups):
                if not groups:
                    groups.append(([], []))
                groups[-1][1].append(cell)
            elif re.fullmatch(r"[$=+*-]+", text):
                continue
            elif groups and not groups[-1][1] and not self._starts_table(groups[-1][0][-1], cell):
                groups[-1][0].append(cell)
            else:
                groups.append(([cell], []))
        return [group for group in groups if any(is_money(cell) for cell in group[1])]

    def _starts_table(self, before: Cell, cell: Cell) -> bool:
        apart = cell.box.x0 - before.box.x1 > NEW_TABLE
        return apart and any(abs(cell.box.x0 - start) < ONE_LINE for start in self.starts)

    def _read_group(self, labels: list[Cell], cells: list[Cell]) -> None:
        amounts = [cell for cell in cells if is_money(cell)]
        if not labels:
            self._read_unlabelled(amounts)
            return
        description = " ".join(cell.text for cell in labels).strip(" :.")
        if _PERIOD_WORD.match(description):
            self.rows += self._transposed(description, amounts)
            return
        section = self._section(labels[0], cells[-1])
        row = PayRow(description, _kind_in(description, section.kind if section else ""))
        named = self._named(row, amounts, section)
        _fill(row, named, amounts)
        if row.kind == "gross" and section and section.kind == "earning":
            # what follows it in the same table are no earnings
            self.sections.append(Section("", labels[0]))
        self.starts.append(labels[0].box.x0)
        if row.values:
            self.rows.append(row)

    def _named(self, row: PayRow, amounts: list[Cell], section: Section | None) -> list[str | None]:
        """Return the column of each amount, and note on the row when it is only guessed."""
        if len(amounts) == 1 and _of_the_year(row.description, section):
            return ["ytd"]
        named = self._columns(amounts)
        if not any(named):
            row.sure, row.doubtful = len(amounts) == 1, len(amounts) > TWICE
            return _guess_columns(amounts)
        row.sure = all(named)
        if len(amounts) == 1 and row.kind in ("gross", "net", "total", "deposit"):
            row.sure = named == ["current"]
            row.doubtful = named == ["ytd"]
            return ["current"]
        return named

    def _columns(self, amounts: list[Cell]) -> list[str | None]:
        """Name the column of each amount; where two share a header, of the closer one."""
        headers = [h for h in self.headers if h.column]
        over = [_over(cell, headers) for cell in amounts]
        apart = [_apart(cell, h.cell) if h else 0.0 for cell, h in zip(amounts, over, strict=True)]
        names: list[str | None] = []
        for at, header in enumerate(over):
            same = [n for n, h in enumerate(over) if h and header and h.column == header.column]
            closest = min(same, key=lambda n: apart[n], default=None)
            names.append(header.column if header and closest == at else None)
        return names

    def _read_unlabelled(self, amounts: list[Cell]) -> None:
        """Read a total without a name; what is none may be the rest of a row that was not read."""
        row = PayRow("", "unknown")
        _fill(row, self._columns(amounts), amounts)
        for kind, parts in (("gross", ("earning",)), ("total", ("tax", "deduction"))):
            if row.values and self._adds_up(row, parts):
                row.kind = kind
        if row.values.keys() & {"current", "ytd"}:
            (self.rows if row.kind != "unknown" else self.unlabelled).append(row)

    def _adds_up(self, total: PayRow, kinds: tuple[str, ...]) -> bool:
        rows = [row for row in self.rows if row.kind in kinds]
        return bool(rows) and all(
            abs(sum(row.values.get(name, 0) for row in rows)) == abs(value)
            for name, value in total.values.items()
            if name in ("current", "ytd")
        )

    def _section(self, label: Cell, last: Cell) -> Section | None:
        """Return the nearest title above a row that reaches over its table."""
        for section in reversed(self.sections):
            box = section.title.box
            apart = abs(box.x0 - label.box.x0)
            over = label.box.x0 - ONE_LINE < box.x1 and box.x0 < last.box.x1
            near = apart < ALIGNED if section.kind == "year" else over or apart < UNDER_TITLE
            if section.title.page == label.page and near:
                return section
        return None

    def _transposed(self, period: str, cells: list[Cell]) -> list[PayRow]:
        """Read a summary whose columns are gross, deductions and net, its rows periods."""
        column = "ytd" if YTD.match(period) else "current"
        rows = []
        for cell in cells:
            header = _over(cell, [h for h in self.headers if kind_of(h.cell.text) != "none"])
            value = amount(_bare(cell.text))
            if header is not None and value is not None:
                kind = kind_of(header.cell.text)
                kind = "total" if kind in ("tax", "deduction") else kind
                rows.append(PayRow(header.cell.text, kind, {column: value}, {column: cell}))
        return rows


def _fill(row: PayRow, named: list[str | None], amounts: list[Cell]) -> None:
    for column, cell in zip(named, amounts, strict=True):
        value = amount(_bare(cell.text))
        if column not in (None, "other", *row.values) and value is not None:
            row.values[str(column)] = value
            row.cells[str(column)] = cell


def _kind_in(description: str, section: str) -> str:
    """Let the table decide for an unknown label, and where the label fits another table."""
    kind = _known_kind(description)
    total = r"(sub-?)?totals?" if section != "earning" else r"(sub-?)?totals?|(total )?earnings"
    if re.fullmatch(total, description, re.IGNORECASE):
        return {"earning": "gross", "deduction": "total"}.get(section, "none")
    counted = ("gross", "net", "total", "imputed")
    idle = section == "employer" or (section == "none" and kind not in counted)
    if idle or (section, kind) in (("summary", "earning"), ("summary", "deduction")):
        return "none"
    if kind in ("earning", "deduction") and section in ("earning", "deduction"):
        return section
    if (section, kind) == ("deposit", "earning"):
        return section
    return kind or {"": "unknown", "year": "unknown", "summary": "none"}.get(section, section)


def _of_the_year(description: str, section: Section | None) -> bool:
    """Whether a label, or a title set over the labels themselves, says "year to date"."""
    titled = section is not None and section.kind == "year"
    return titled or YTD.search(description) is not None


def _section_kind(cell: Cell) -> str | None:
    text = cell.text.strip()
    if len(text) > LONGEST_TITLE or re.search(r"\d|:\s*\S", text):
        return None
    found = (kind for kind, pattern in _SECTIONS if re.match(pattern, text, re.IGNORECASE))
    return next(found, None)


def _column_word(cell: Cell) -> str | None:
    if len(cell.text) >= LONGEST_HEADER:
        return None
    found = (name for name, pattern in _COLUMNS if re.search(pattern, cell.text, re.IGNORECASE))
    return next(found, None)


def _parted(cell: Cell) -> Iterator[Cell]:
    """Part headers that stand close, or share a line as "This Period / Year to Date" does."""
    group: list[Run] = []
    for run in cell.runs:
        if group and run.box.x0 - group[-1].box.x1 > CLOSE * run.size:
            yield from _parted_words(_cell_of(cell, group))
            group = []
        group.append(run)
    yield from _parted_words(_cell_of(cell, group) if len(group) < len(cell.runs) else cell)


def _cell_of(cell: Cell, runs: list[Run]) -> Cell:
    box = Box(runs[0].box.x0, cell.box.y0, runs[-1].box.x1, cell.box.y1)
    return replace(cell, text=" ".join(run.text.strip() for run in runs), box=box, runs=tuple(runs))


def _parted_words(cell: Cell) -> Iterator[Cell]:
    parts = _TWO_IN_ONE.split(cell.text)
    words = [_column_word(replace(cell, text=part)) for part in parts]
    if len(parts) == 1 or None in words or len(set(words)) < len(words):
        yield cell
        return
    width, at = (cell.box.x1 - cell.box.x0) / len(cell.text), 0
    for part in parts:
        at = cell.text.index(part, at)
        left = cell.box.x0 + at * width
        box = Box(left, cell.box.y0, left + len(part) * width, cell.box.y1)
        yield replace(cell, text=part, box=box)
        at += len(part)


def _level_above(header: Cell, cell: Cell) -> bool:
    return header.page == cell.page and 0 < header.box.y0 - cell.box.y0 < TWO_LEVELS


def _over(cell: Cell, headers: list[Header]) -> Header | None:
    """Return the lowest header in whose column an amount stands."""
    near = [h for h in headers if h.cell.page == cell.page and _apart(cell, h.cell) < REACH]
    lowest = min((h.cell.box.y0 for h in near), default=0.0)
    low = [h for h in near if h.cell.box.y0 - lowest < ONE_LINE]
    return min(low, key=lambda h: _apart(cell, h.cell), default=None)


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
        values = [amount(_bare(cell.text)) or 0 for cell in cells]
        front[-2:] = (
            ["rate", "hours"] if values[count - 4] > values[count - 3] else ["hours", "rate"]
        )
    return [*front, "current", "ytd"]


# -- amounts that stand in no table


def _boxes(lines: list[list[Cell]], rows: list[PayRow]) -> Iterator[PayRow]:
    """Amounts that stand under (or over) their label: boxes for gross and net."""
    taken = {id(cell) for row in rows for cell in row.cells.values()}
    free = [c for line in lines for c in line if is_money(c) and id(c) not in taken]
    for line in lines:
        for label, after in pairwise([*line, None]):
            if label is None or (after is not None and is_money(after)):
                continue
            kind = kind_of(label.text)
            if kind not in ("gross", "net", "total") or len(label.text) >= LONGEST_HEADER:
                continue
            if (cell := _near_label(label, free)) is not None:
                free.remove(cell)
                column = "ytd" if YTD.search(label.text) else "current"
                value = amount(_bare(cell.text))
                if value is not None:
                    yield PayRow(label.text, kind, {column: value}, {column: cell})


def _near_label(label: Cell, free: list[Cell]) -> Cell | None:
    def drop(cell: Cell) -> float:
        return label.box.y0 - cell.box.y0

    beside = [
        c
        for c in free
        if c.page == label.page
        and c.box.x0 < label.box.x1 + ALIGNED
        and c.box.x1 > label.box.x0 - ALIGNED
        and abs(drop(c)) < 1.5 * max(c.size, label.size) + 6
    ]
    below = [c for c in beside if drop(c) > 0]
    return min(below or beside, key=lambda c: abs(drop(c)), default=None)


def _sentences(lines: list[list[Cell]], known: set[str]) -> Iterator[PayRow]:
    """Gross or net pay told in a sentence, where no table has it."""
    for line in lines:
        for cell in line:
            for found in _SAID.finditer(cell.text):
                kind, value = found["kind"].lower(), amount(found["amount"])
                if kind in known or value is None:
                    continue
                column = "ytd" if YTD.search(found["rest"]) else "current"
                yield PayRow(f"{kind.title()} Pay", kind, {column: value}, {column: cell})
