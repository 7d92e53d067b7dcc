"""Paystubs: the rows of their tables, and the fields of the API that are read from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.inspection.classification import (
    CITY_LINE,
    DATE,
    SSN,
    STREET,
    DocumentReader,
    money,
    read_day,
)
from argyle_nb.sandbox.inspection.pay_rows import ANNUAL, PayRow, kind_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from argyle_nb.sandbox.inspection.layout import Cell

ABOVE = 10.0

_RANGE = re.compile(
    rf"({DATE.pattern})\s*(?:-|\u2013|\u2014|to|thru|through|until)\s*({DATE.pattern})",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(inc|llc|l\.l\.c|corp|corporation|company|co|ltd|group|services?|partners|systems|holdings"
    r"|foods?|health|hospital|medical|dental|center|school|university|logistics|manufacturing|home"
    r"|industries|bakery|clinic|solutions|works|supply|freight|lines|care|labs|stores?|market|hotel"
    r"|construction|building|energy|bank|city|county|district|restaurant|electric|transport|motors"
    r"|retail|insurance|consulting|technolog\w*|media|studios?|farms?|association|church|staffing"
    r"|foundation|agency|department|security|brothers|enterprises|international|&)(?!\w)\.?",
    re.IGNORECASE,
)
_NAME = re.compile(r"^(?=.*[^\W\d_]{2})[^\W\d_][\w .,'\u2019&/()-]{2,60}$")
_NOT_A_NAME = re.compile(
    r"information|details|description|\bcode\b|^(company|name|title|position)\W*$|statement|stub|slip|earnings|payroll|advice|voucher|confidential|period|pay\b|date|\bid\b|number"
    r"|\btax|deduct|contribution|department|employee|employer|sample|address|check\b|summary|name|ssn|status|rate|hours",
    re.IGNORECASE,
)
# What forms print where there is no date: 00/00/0000, 99/99/9999.
_NO_DATE = re.compile(r"(?<!\d)(0+|99+)(?!\d)")
_NUMERIC_DAY = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](?=\d{4}|\d\d(?!\d))")
WHOLE = {"gross", "tax", "net"}
_BEGINS = re.compile(r"pay ?(date|day)\b|(check|payment|advice) date|period", re.IGNORECASE)
_PHONE = re.compile(r"\s*\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}.*$")
_FREQUENCIES = (
    ("BI_WEEKLY", r"bi-?\s?weekly|every (two|2) weeks|fortnight"),
    ("SEMI_MONTHLY", r"(semi|bi)-?\s?monthly|twice a month"),
    ("WEEKLY", r"weekly|every week"),
    ("MONTHLY", r"monthly|every month"),
)
_FREQUENCY = re.compile("|".join(pattern for _, pattern in _FREQUENCIES), re.IGNORECASE)
_ONLY_FREQUENCY = re.compile(
    rf"^(pay(roll)? )?({_FREQUENCY.pattern})( pay(roll)?)?$", re.IGNORECASE
)
_SPAN = r"(pay |work )?(period|dates|cycle)(?! (begin|start|end|from|to\b|thru))( covered| dates?)?"
# Labels of a period's first and last day. Alone, a start date is that of the job.
_LIMITS = (
    (r"(pay )?period (begin|start|from)", r"(pay )?period (end|to\b|thru)\w*"),
    (r"(begin|start)\w* (date|of period)", r"end(ing)? (date|of period)"),
    (r"from\b", r"to\b"),
)


@dataclass
class Paystub:
    """What one paystub says; every field may be missing."""

    employer: str | None = None
    employee: str | None = None
    taxpayer_id: str | None = None
    start: date | None = None
    end: date | None = None
    pay_date: date | None = None
    frequency: str | None = None
    frequency_printed: str | None = None
    marital_status: str | None = None
    hire_date: date | None = None
    addresses: dict[str, dict[str, str | None]] = field(default_factory=dict)
    rows: list[PayRow] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    day_first: bool = False
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    others: list[Paystub] = field(default_factory=list)

    def of(self, *kinds: str) -> list[PayRow]:
        """Rows of the given kinds."""
        return [row for row in self.rows if row.kind in kinds]


def read_paystub(reader: DocumentReader) -> Paystub:
    """Read the first paystub of a file from its pages as seen, and the `others` after it."""
    stub, *others = [_read_one(part) for part in _parts(reader)]
    for other in others:
        for name, cells in other.cells.items():
            stub.cells.setdefault(name, []).extend(cells)
    stub.others = others
    return stub


def _parts(reader: DocumentReader) -> Iterator[DocumentReader]:
    """Part a file where, below a whole paystub, the dates of another whole one begin."""
    kinds = [{kind_of(cell.text) for cell in line} & WHOLE for line in reader.lines]
    part, seen = DocumentReader([]), set[str]()
    for at, line in enumerate(reader.lines):
        words = "  ".join(cell.text for cell in line)
        dated = _BEGINS.search(words) and DATE.search(words)
        if dated and seen == WHOLE == set().union(*kinds[at:]):
            yield part
            part, seen = DocumentReader([]), set[str]()
        part.lines.append(line)
        seen |= kinds[at]
    yield part


def _read_one(reader: DocumentReader) -> Paystub:
    stub = Paystub(rows=read_rows(reader.lines), day_first=_day_first(reader))
    _read_dates(reader, stub)
    _read_people(reader, stub)
    _read_terms(reader, stub)
    return stub


def _day_first(reader: DocumentReader) -> bool:
    """Whether the dates of a page can only be read day before month, as outside the US."""
    text = "\n".join(cell.text for line in reader.lines for cell in line)
    found = [(int(a), int(b)) for a, b in _NUMERIC_DAY.findall(text)]
    months = 12
    return any(a > months for a, _ in found) and all(b <= months for _, b in found)


def _note(stub: Paystub, name: str, found: tuple[str, Cell] | None) -> str | None:
    if found is None:
        return None
    stub.cells.setdefault(name, []).append(found[1])
    return found[0]


def _day(stub: Paystub, text: str | None) -> date | None:
    if text is None:
        return None
    turned = _NUMERIC_DAY.sub(r"\2/\1/", text)
    first, second = (turned, text) if stub.day_first else (text, turned)
    day = read_day(first) or read_day(second)
    if day is None and not _NO_DATE.search(text):
        stub.impossible.append(text)
    return day


def _read_dates(reader: DocumentReader, stub: Paystub) -> None:
    paid = r"pay ?(date|day)|(payment|check|advice|deposit) date|paid on|date (paid|of pay)"
    spanned = reader.find(_SPAN, _RANGE)
    if spanned:
        days = DATE.findall(spanned[0])
        _note(stub, "date", spanned)
        stub.start, stub.end = _day(stub, days[0]), _day(stub, days[-1])
    else:
        stub.start, stub.end = (_day(stub, _note(stub, "date", day)) for day in _limits(reader))
    said = reader.find(paid, DATE) or _within(reader, paid)
    stub.pay_date = _day(stub, _note(stub, "date", said))
    stub.hire_date = _day(stub, _note(stub, "date", reader.find(r"(hire|start) date|hired", DATE)))


def _limits(reader: DocumentReader) -> list[tuple[str, Cell] | None]:
    """Return the first and the last day of the period, each with a label of its own."""
    found = [[reader.find(label, DATE) for label in labels] for labels in _LIMITS]
    return next((days for days in found if all(days)), found[0])


def _within(reader: DocumentReader, label: str) -> tuple[str, Cell] | None:
    """Return a date whose label stands in the middle of a line of text."""
    found = reader.first(re.compile(rf"\b(?:{label})\W+(?:{DATE.pattern})", re.IGNORECASE))
    day = DATE.search(found[0]) if found else None
    return (day[0], found[1]) if found and day else None


def _read_people(reader: DocumentReader, stub: Paystub) -> None:
    found = reader.find(
        r"(social security|soc\.? sec\.?|ssn|ss ?#|taxpayer id|tax id)[\w ./#]*", SSN
    )
    stub.taxpayer_id = _note(stub, "taxpayer_id", found or reader.first(SSN))
    worker = (
        r"employee( name)?(?! (id|no|num|#|ss|pay|contr|tax|ded))|pay to( the order of)?|paid to"
        r"|payee|worker|name|team member|associate"
    )
    named = _person(reader, worker) or _person_above(reader) or _addressee(reader)
    company = (
        r"employer( name)?(?! (id|no|ein|paid|cost|contr))|company( name)?(?! (id|code|no))|paid by"
    )
    firm = _person(reader, company) or _letterhead(reader, named)
    stub.employee, stub.employer = _note(stub, "employee", named), _note(stub, "employer", firm)
    for who, anchor in (("employer", firm), ("employee", named)):
        address, cells = reader.address_after(anchor[1] if anchor else None)
        if address["city"] is None:
            address, cells = reader.other_address([c for part in stub.cells.values() for c in part])
        stub.addresses[who] = address
        stub.cells[f"{who}_address"] = cells


def _person(reader: DocumentReader, label: str) -> tuple[str, Cell] | None:
    """Return the first name beside a label, else below one."""
    for text, cell in (*reader.find_all(label, _NAME), *_under_labels(reader, label)):
        if not _NOT_A_NAME.search(text) and not STREET.match(text):
            return _PHONE.sub("", re.split(r",\s*\d", text)[0]), cell
    return None


def _under_labels(reader: DocumentReader, label: str) -> Iterator[tuple[str, Cell]]:
    for line in reader.lines:
        for at, cell in enumerate(line):
            if re.fullmatch(rf"(?:{label})\W*", cell.text, re.IGNORECASE):
                below = (c for c in reader.under(line, at) if _NAME.match(c.text))
                yield from ((c.text, c) for c in below)


def _person_above(reader: DocumentReader) -> tuple[str, Cell] | None:
    """Return the name that stands on the line over its label."""
    for line in reader.lines:
        for label in line:
            if re.fullmatch(r"(employee|payee)('s)?( name)?\W*", label.text, re.IGNORECASE):
                above = [cell for cell in _names(reader) if _on_label(cell, label)]
                if above:
                    return above[-1].text, above[-1]
    return None


def _on_label(cell: Cell, label: Cell) -> bool:
    rise = cell.box.y0 - label.box.y0
    beside = abs(cell.box.x0 - label.box.x0) < ABOVE
    return cell.page == label.page and beside and 0 < rise < ABOVE + cell.size


def _names(reader: DocumentReader) -> list[Cell]:
    return [
        cell
        for line in reader.lines
        for cell in line
        if _NAME.match(cell.text)
        and not _NOT_A_NAME.search(cell.text)
        and not STREET.match(cell.text)
    ]


def _letterhead(reader: DocumentReader, named: tuple[str, Cell] | None) -> tuple[str, Cell] | None:
    """Return the unlabelled employer: a company's name, else the largest print on top."""
    top = {
        id(cell)
        for line in reader.lines[:12]
        for cell, after in zip(line, [*line[1:], None], strict=True)
        if after is None or not after.is_amount or kind_of(cell.text) == "none"
    }
    names = [
        cell for cell in _names(reader) if id(cell) in top and not (named and cell.text == named[0])
    ]
    firms = [cell for cell in names if _COMPANY.search(cell.text)]
    if firms:
        return firms[0].text, firms[0]
    largest = max(names, key=lambda cell: cell.size, default=None)
    return (largest.text, largest) if largest is not None else None


def _addressee(reader: DocumentReader) -> tuple[str, Cell] | None:
    """Return the employee when nothing labels the name: a person set above an address.

    Where two are, the letterhead comes first and the addressee after it.
    """
    people = [
        cell
        for cell in _names(reader)
        if not _COMPANY.search(cell.text)
        and not CITY_LINE.match(cell.text)
        and " " in cell.text.strip()
        and reader.address_after(cell)[0]["city"]
    ]
    return (people[-1].text, people[-1]) if people else None


def _read_terms(reader: DocumentReader, stub: Paystub) -> None:
    labelled = reader.find(r"(pay )?(frequency|schedule|cycle|basis)", _FREQUENCY)
    printed = labelled or reader.first(_ONLY_FREQUENCY)
    stub.frequency_printed = _note(stub, "pay_frequency", printed)
    stub.frequency = _frequency(stub)
    status = reader.find(
        r"(filing|marital|tax|federal)? ?(filing )?status",
        re.compile(r"married|single", re.IGNORECASE),
    )
    stub.marital_status = status[0].upper() if status else None


def _frequency(stub: Paystub) -> str | None:
    for name, pattern in _FREQUENCIES:
        if stub.frequency_printed and re.search(pattern, stub.frequency_printed, re.IGNORECASE):
            return name
    if not stub.start or not stub.end:
        return None
    days = (stub.end - stub.start).days + 1
    lengths = {7: "WEEKLY", 14: "BI_WEEKLY", 13: "SEMI_MONTHLY", 15: "SEMI_MONTHLY"}
    lengths |= {16: "SEMI_MONTHLY", **dict.fromkeys(range(28, 32), "MONTHLY")}
    return lengths.get(days)


def paystub_data(stub: Paystub) -> dict[str, Any]:
    """Write a paystub in the shape of Ocrolus' paystub object (Ocrolus reference, pay stub)."""
    hourly = [row for row in stub.of("earning") if "rate" in row.values or "hours" in row.values]
    rate = next((row.values["rate"] for row in hourly if "rate" in row.values), None)
    yearly = (row.values.get("current") for row in stub.rows if ANNUAL.search(row.description))
    return {
        "status": "COMPLETED",
        "rejection_reason": None,
        "employer": {"name": stub.employer, "address": stub.addresses["employer"]},
        "employee": {
            "name": stub.employee,
            "address": stub.addresses["employee"],
            "marital_status": stub.marital_status or "NOT LISTED",
            "taxpayer_id": _taxpayer(stub.taxpayer_id),
        },
        "employment_details": {
            "hire_date": _iso(stub.hire_date),
            "annual_salary": money(next(yearly, None)),
            "pay_basis": _basis(stub, hourly=bool(hourly)),
            "hourly_rate": money(rate),
        },
        "paystub_details": {
            "pay_period_start_date": _iso(stub.start),
            "pay_period_end_date": _iso(stub.end),
            "pay_date": _iso(stub.pay_date),
            "paystub_provider": None,
            "pay_frequency": stub.frequency or "NOT LISTED",
            "pay_frequency_captured": stub.frequency_printed or "NOT LISTED",
        },
        "net_pay": {
            "distribution_details": [_distribution(row) for row in stub.of("deposit")],
            "totals": next((_line(row) for row in stub.of("net")), None),
        },
        "earnings": {
            "subtotals": [_line(row, work=True) for row in stub.of("earning")],
            "totals": [_line(row, work=True) for row in stub.of("gross")],
        },
        "deductions": {
            "subtotals": [_line(row) for row in stub.of("tax", "deduction")],
            "totals": [_line(row) for row in stub.of("total")],
        },
        "confidence_scores": None,
    }


def _basis(stub: Paystub, *, hourly: bool) -> str:
    if hourly:
        return "HOURLY"
    salaried = any("salary" in row.description.lower() for row in stub.of("earning"))
    return "SALARY" if salaried else "NOT LISTED"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _taxpayer(printed: str | None) -> dict[str, str | None]:
    digits = re.sub(r"\D", "", printed or "")[-4:]
    return {"id_type": "SSN" if digits else None, "last_4_digits": digits or None}


def _line(row: PayRow, *, work: bool = False) -> dict[str, Any]:
    line: dict[str, Any] = {
        "description": row.description.upper(),
        "canonical_description": None,
        "current_pay": money(row.values.get("current")),
        "ytd_pay": money(row.values.get("ytd")),
    }
    if work:
        for name in ("hours", "rate"):
            value = row.values.get(name)
            line[f"current_{name}"] = None if value is None else f"{value:.2f}"
    return line


def _distribution(row: PayRow) -> dict[str, Any]:
    digits = re.search(r"(\d{3,})\D*$", row.description)
    return {
        "description": row.description.upper(),
        "bank_name": None,
        "account_number": digits[1] if digits else None,
        "bank_account_type": None,
        "current_pay": money(row.values.get("current")),
    }
