"""What a payroll document says: its type, labelled values, dates, names and amounts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.page_content import Box

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.layout import Cell, TextPage

BELOW = 30.0
EDGE = 6.0
PAGE_BREAK = "\f"
LAST_OF_MONTH = 31
CENTURY = 100

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE = re.compile(
    r"(?<![\d/-])(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|\d{4}-\d{1,2}-\d{1,2}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}"
    r"|\d{1,2}[ -](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]\d{4})(?![\d/-])",
    re.IGNORECASE,
)
SSN = re.compile(r"(?<![\dXx*#•])(?:\d{3}|[Xx*#•]{3})[- ]?(?:\d\d|[Xx*#•]{2})[- ]?\d{4}(?!\d)")
EIN = re.compile(r"(?<![\d-])\d\d-\d{7}(?!\d)")
CITY_LINE = re.compile(r"^(.{2,40}?),?\s+([A-Z]{2})\s+(\d{5}(?:-\d{4})?)$")
STREET = re.compile(r"^(\d+[A-Za-z]?\s+\S+.*|P\.?\s?O\.? Box \d+.*)$", re.IGNORECASE)
_ADDRESS_LABEL = re.compile(r"address|zip code|city or town|number|instructions", re.IGNORECASE)
NAME = re.compile(r"^(?=.*[A-Za-z]{2})[A-Za-z][\w .,'&/()-]{2,60}$")

# How the labels and titles of payroll documents begin, and how much each of them says.
_LABELS: dict[str, tuple[tuple[str, int], ...]] = {
    "W-2": (
        (r"(form )?w-?2\b|wage and tax statement|form w-?2 wage and tax statement", 2),
        (r"employee.?s? (s\.?s\.?n|social)", 1),
        (r"employer.?s? (identification|id|ein)\b", 1),
        (r"wages,? tips,? (and )?other comp", 2),
        (r"fed\w*\.? income tax with", 1),
        (r"social security wages", 1),
        (r"social security tax with", 1),
        (r"medicare wages", 1),
        (r"medicare tax with", 1),
    ),
    "1099": (
        (r"(form )?1099-?\s?[a-z]{1,4}\b", 2),
        (r"nonemployee comp|(total )?ordinary dividends|interest income|gross distribution", 2),
        (r"payer.?s? (name|tin|federal|id)", 1),
        (r"recipient.?s? (name|tin|id)", 1),
        (r"(rents|royalties|other income|federal income tax with|fatca)\b", 1),
    ),
    "paystubs": (
        (r"(your |total )?(net (pay|amount|earnings|check|wages)|take[- ]home)", 3),
        (r"(total |current )?(gross( pay| earnings| wages)?|earnings)\b", 2),
        (r"(current |this )?(ytd|year[- ]to[- ]date)", 2),
        (r"pay ?(stub|slip)|(earnings|pay) statement|statement of earnings|payroll advice", 3),
        (r"pay (period|date|day)|period (start|begin|end)|check date|deposit date", 2),
        (r"(total |employee )?(deductions|withholdings?|taxes)\b", 1),
    ),
}
# Words that tell another type, anywhere in the text.
_WORDS: dict[str, tuple[tuple[str, int], ...]] = {
    "proof-of-identity": (
        (r"driver.?s? licen[cs]e|identification card|passport|\bID card\b", 4),
        (r"date of birth|\bDOB\b", 1),
        (r"\b(sex|height|eyes|class)\b", 1),
    ),
    "proof-of-address": (
        (r"service address|utility|electric|kilowatt|\bkWh\b|water bill|gas bill", 3),
        (r"account statement|statement (date|period)|amount due|billing", 2),
        (r"proof of (address|residen)|lease agreement|account holder at this address", 4),
        (r"to whom it may concern", 2),
        (r"(checking|savings) account|address (on|of) (file|record)|residen(ce|tial)", 2),
    ),
    "miscellaneous": (
        (r"offer (letter|of employment)|pleased to offer|voided? check|\bVOID\b", 4),
        (r"employment verification|sincerely", 2),
    ),
}
# Papers about many people or jobs, and titles of papers that only mention these forms.
_SUMMARIES = re.compile(
    r"summary of w-?2|payroll (register|summary)|(employee|company|department) totals",
    re.IGNORECASE,
)
_OTHER_PAPERS = re.compile(
    r"(form )?1040\b|form (\d{4}\b(?<!1099)|w-?[3479]\b|94[0-5]\b|\d{3}\b)|schedule (\d|[a-z])\b"
    r"|instructions for form|.*individual income tax return",
    re.IGNORECASE,
)
_BOX_NUMBER = re.compile(r"^\W*(?:box )?(?:(?:\d{1,2}[a-f]?|[a-f])[ .:)]+)?(?=\w\w)", re.IGNORECASE)
_ENOUGH = 4
_ENOUGH_AMONG_OTHERS = 6
_LONGEST_LABEL = 64
_FIRST_PAGES = 3


def classify(text: str) -> str | None:
    """Return which of the six document types a text is, or ``None`` when it does not say.

    What a payroll document says stands in labels; the same words in sentences say nothing.
    """
    text = "\n".join([page for page in text.split(PAGE_BREAK) if page.strip()][:_FIRST_PAGES])
    labels = [label for label in map(_bare, re.split(r"\n|\s{2,}", text)) if label]
    points = {kind: _points(words, labels) for kind, words in _LABELS.items()}
    enough = _ENOUGH_AMONG_OTHERS if any(map(_OTHER_PAPERS.match, labels)) else _ENOUGH
    sure = [kind for kind, said in points.items() if said >= enough]
    if len(sure) == 1 and not any(map(_SUMMARIES.match, labels)):
        return sure[0]
    others = {
        kind: sum(w for word, w in words if re.search(word, text, re.IGNORECASE))
        for kind, words in _WORDS.items()
    }
    best = max(others, key=lambda kind: others[kind])
    return best if others[best] >= _ENOUGH > max(points.values()) else None


def _points(words: tuple[tuple[str, int], ...], labels: list[str]) -> int:
    patterns = [(re.compile(word, re.IGNORECASE), weight) for word, weight in words]
    return sum(weight for pattern, weight in patterns if any(map(pattern.match, labels)))


def _bare(cell: str) -> str:
    """Return a label without its box number; a sentence, or the rest of one, is none."""
    label = _BOX_NUMBER.sub("", cell)
    return label if len(label) < _LONGEST_LABEL and not label[:1].islower() else ""


def amount(text: str) -> Decimal | None:
    """Read ``$1,234.56``, ``(45.00)``, ``-45.00`` or ``45.00-``."""
    digits = re.sub(r"[^\d.]", "", text)
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return -value if re.search(r"^[(\s$]*-|\(|-\s*$", text) else value


def money(value: Decimal | None) -> dict[str, str | None]:
    """Write an amount as Argyle does: text with two decimals, and its currency."""
    if value is None:
        return {"amount": None, "currency": None}
    return {"amount": f"{value:.2f}", "currency": "USD"}


def read_day(text: str) -> date | None:
    """Return the day that a match of `DATE` names, month first; ``None`` if there is none."""
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    word = re.search(r"[A-Za-z]{3}", text)
    if word:
        day, year = numbers
        month = _MONTHS.index(word[0].lower()) + 1
    elif numbers[0] > LAST_OF_MONTH:
        year, month, day = numbers
    else:
        month, day, year = numbers
    try:
        return date(year + 2000 if year < CENTURY else year, month, day)
    except ValueError:
        return None


class DocumentReader:
    """Looks up labelled values on the pages of one document."""

    def __init__(self, pages: list[TextPage]) -> None:
        self.pages = pages
        self.lines = [line for page in pages for line in page.lines]
        self.text = PAGE_BREAK.join(page.text for page in pages)

    def find(self, label: str, value: re.Pattern[str]) -> tuple[str, Cell] | None:
        """Find the value that belongs to a label."""
        return next(self.find_all(label, value), None)

    def find_all(self, label: str, value: re.Pattern[str]) -> Iterator[tuple[str, Cell]]:
        """Find the value at each place where a label stands; see `find`."""
        pattern = re.compile(rf"^\W*(?:{label})", re.IGNORECASE)
        for line in self.lines:
            for at, cell in enumerate(line):
                if match := pattern.match(cell.text):
                    rest = cell.text[match.end() :].lstrip(" .:#-\u2013")
                    right = [c for c in line[at + 1 : at + 2] if not pattern.match(c.text)]
                    others = ((c.text, c) for c in (*right, *self.under(line, at)))
                    for text, place in chain([(rest, cell)], others):
                        if found := value.search(text):
                            yield found[0].strip(), place
                            break

    def under(self, line: list[Cell], at: int, depth: float = BELOW) -> Iterator[Cell]:
        """Cells under a label, nearest first, as far as its column reaches to the right."""
        label = line[at]
        edge = line[at + 1].box.x0 if at + 1 < len(line) else float("inf")
        for other in self.lines:
            for cell in other:
                drop = label.box.y0 - cell.box.y0
                same_page = cell.page == label.page
                inside = label.box.x0 - 8 <= cell.box.x0 < edge - 1
                if same_page and inside and 0.4 * label.size < drop < depth:
                    yield cell

    def first(self, pattern: re.Pattern[str]) -> tuple[str, Cell] | None:
        """Return the first text on the pages that a pattern matches, with its cell."""
        for line in self.lines:
            for cell in line:
                if found := pattern.search(cell.text):
                    return found[0], cell
        return None

    def address_after(self, anchor: Cell | None) -> tuple[dict[str, str | None], list[Cell]]:
        """Read the address set under a name."""
        empty = dict.fromkeys(("line1", "line2", "city", "state_code", "postal_code"))
        if anchor is None:
            return dict(empty), []
        below = [
            c for c in self._column(anchor) if anchor.box.y0 - c.box.y0 < 5.5 * anchor.size + 12
        ]
        for at, cell in enumerate(below):
            text = cell.text.strip()
            joined = re.match(r"^(.*?),\s*(.+,?\s+[A-Z]{2}\s+\d{5}(?:-\d{4})?)$", text)
            city = CITY_LINE.match(joined[2] if joined and STREET.match(joined[1]) else text)
            if not city:
                continue
            lines = [joined[1]] if joined and STREET.match(joined[1]) else _streets(below[:at])
            found: dict[str, str | None] = {
                "line1": lines[0] if lines else None,
                "line2": lines[1] if len(lines) > 1 else None,
                "city": city[1].rstrip(","),
                "state_code": city[2],
                "postal_code": city[3],
            }
            return found, below[: at + 1]
        return dict(empty), []

    def other_address(self, taken: list[Cell]) -> tuple[dict[str, str | None], list[Cell]]:
        """Read an address that stands apart from its name: the first not taken yet."""
        for line in self.lines:
            for cell in line:
                if STREET.match(cell.text) and cell not in taken:
                    above = replace(cell, box=_raised(cell.box, cell.size))
                    address, cells = self.address_after(above)
                    if address["city"] and not any(c in taken for c in cells):
                        return address, cells
        return self.address_after(None)

    def _column(self, anchor: Cell) -> list[Cell]:
        """Cells below one that begin where it begins, nearest first."""
        return [
            cell
            for line in self.lines
            for cell in line
            if cell.page == anchor.page
            and cell.box.y0 < anchor.box.y0 - 0.3 * anchor.size
            and (
                abs(cell.box.x0 - anchor.box.x0) < EDGE
                or abs(cell.box.x0 + cell.box.x1 - anchor.box.x0 - anchor.box.x1) < EDGE
                or abs(cell.box.x1 - anchor.box.x1) < EDGE / 2
            )
        ]


def _streets(cells: list[Cell]) -> list[str]:
    """Texts between a name and its city, without form labels, the street first."""
    texts = [
        cell.text for cell in cells if not cell.is_amount and not _ADDRESS_LABEL.search(cell.text)
    ]
    first = next(
        (at for at, text in enumerate(texts) if STREET.match(text)), max(len(texts) - 2, 0)
    )
    return texts[first : first + 2]


def _raised(box: Box, by: float) -> Box:
    return Box(box.x0, box.y0 + by, box.x1, box.y1 + by)
