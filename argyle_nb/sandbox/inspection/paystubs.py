"""Paystubs: the rows of their tables, and the fields of the API that are read from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.inspection.classification import (
    CITY_LINE,
    DATE,
    NAME,
    SSN,
    STREET,
    DocumentReader,
    amount,
    money,
    read_day,
)

if TYPE_CHECKING:
    from datetime import date
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
class PayRow:
    """One line of a table."""

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


def read_rows(lines: list[list[Cell]]) -> list[PayRow]:
    """Read every row that has a label and amounts, tables side by side included."""
    rows: list[PayRow] = []
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
) -> list[PayRow]:
    description = " ".join(cell.text for cell in labels).strip(" :.")
    if _PERIOD_WORD.match(description):
        return _transposed(description, cells, headers)
    section = _section(labels[0], sections)
    kind = kind_of(description) if section != "employer" else "none"
    if kind == "none" and section != "employer" and not _is_named(description):
        kind = section
    row = PayRow(description, kind)
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


def _transposed(period: str, cells: list[Cell], headers: list[Cell]) -> list[PayRow]:
    """Read a summary whose columns are gross, deductions and net, and whose rows are periods."""
    column = "ytd" if re.match("y", period, re.IGNORECASE) else "current"
    rows = []
    for cell in cells:
        header = _over(cell, [h for h in headers if kind_of(h.text) != "none"])
        value = amount(cell.text)
        if header is not None and value is not None:
            kind = kind_of(header.text)
            kind = "total" if kind in ("tax", "deduction") else kind
            rows.append(PayRow(header.text, kind, {column: value}, {column: cell}))
    return rows


def _stacked(lines: list[list[Cell]]) -> list[PayRow]:
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
                row = PayRow(header.text, kind_of(header.text), {column: value}, {column: cell})
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
_NOT_A_NAME = re.compile(
    r"statement|stub|slip|earnings|payroll|advice|voucher|confidential|period|pay\b|date|\bid\b|number"
    r"|\btax|deduct|contribution|department|employee|employer|sample|address|check\b|summary|name|ssn|status|rate|hours",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\s*\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}.*$")
_FREQUENCIES = (
    ("BI_WEEKLY", r"bi-?\s?weekly|every (two|2) weeks|fortnight"),
    ("SEMI_MONTHLY", r"semi-?\s?monthly|twice a month"),
    ("WEEKLY", r"weekly|every week"),
    ("MONTHLY", r"monthly|every month"),
)
_FREQUENCY = re.compile("|".join(pattern for _, pattern in _FREQUENCIES), re.IGNORECASE)


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
    cells: dict[str, list[Cell]] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[PayRow]:
        """Rows of the given kinds."""
        return [row for row in self.rows if row.kind in kinds]


def read_paystub(reader: DocumentReader) -> Paystub:
    """Read a paystub from its pages as seen."""
    stub = Paystub(rows=read_rows(reader.lines))
    _read_dates(reader, stub)
    _read_people(reader, stub)
    _read_terms(reader, stub)
    return stub


def _note(stub: Paystub, name: str, found: tuple[str, Cell] | None) -> str | None:
    if found is None:
        return None
    stub.cells.setdefault(name, []).append(found[1])
    return found[0]


def _day(stub: Paystub, text: str | None) -> date | None:
    if text is None:
        return None
    day = read_day(text)
    if day is None:
        stub.impossible.append(text)
    return day


def _read_dates(reader: DocumentReader, stub: Paystub) -> None:
    paid = r"pay ?(date|day)|(payment|check|advice|deposit) date|paid on|date (paid|of pay)"
    begin = r"(pay )?period (begin|start|from)|(begin|start)\w* (date|of period)|from\b"
    end = r"(pay )?period (end|to\b|thru)\w*|end(ing)? (date|of period)|to\b"
    spanned = reader.find(r"(pay |work )?(period|dates|cycle)( covered| dates?)?", _RANGE)
    spanned = spanned or reader.first(_RANGE)
    if spanned:
        days = DATE.findall(spanned[0])
        _note(stub, "date", spanned)
        stub.start, stub.end = _day(stub, days[0]), _day(stub, days[-1])
    else:
        stub.start = _day(stub, _note(stub, "date", reader.find(begin, DATE)))
        stub.end = _day(stub, _note(stub, "date", reader.find(end, DATE)))
    stub.pay_date = _day(stub, _note(stub, "date", reader.find(paid, DATE)))
    stub.hire_date = _day(stub, _note(stub, "date", reader.find(r"(hire|start) date|hired", DATE)))


def _read_people(reader: DocumentReader, stub: Paystub) -> None:
    found = reader.find(
        r"(social security|soc\.? sec\.?|ssn|ss ?#|taxpayer id|tax id)[\w ./#]*", SSN
    )
    stub.taxpayer_id = _note(stub, "taxpayer_id", found or reader.first(SSN))
    worker = (
        r"employee( name)?(?! (id|no|num|#|ss|pay|contr|tax|ded))|pay to( the order of)?|paid to"
        r"|payee|worker|name|team member|associate"
    )
    named = _person(reader.find(worker, NAME)) or _addressee(reader)
    company = (
        r"employer( name)?(?! (id|no|ein|paid|cost|contr))|company( name)?(?! (id|code|no))|paid by"
    )
    firm = _person(reader.find(company, NAME)) or _letterhead(reader, named)
    stub.employee, stub.employer = _note(stub, "employee", named), _note(stub, "employer", firm)
    for who, anchor in (("employer", firm), ("employee", named)):
        address, cells = reader.address_after(anchor[1] if anchor else None)
        if address["city"] is None:
            address, cells = reader.other_address([c for part in stub.cells.values() for c in part])
        stub.addresses[who] = address
        stub.cells[f"{who}_address"] = cells


def _person(found: tuple[str, Cell] | None) -> tuple[str, Cell] | None:
    if found is None or _NOT_A_NAME.search(found[0]) or STREET.match(found[0]):
        return None
    return _PHONE.sub("", found[0]), found[1]


def _letterhead(reader: DocumentReader, named: tuple[str, Cell] | None) -> tuple[str, Cell] | None:
    """Return the unlabelled employer: a company's name, else the largest print on top."""
    top = [cell for line in reader.lines[:12] for cell in line if NAME.match(cell.text)]
    names = [
        cell
        for cell in top
        if not _NOT_A_NAME.search(cell.text)
        and not STREET.match(cell.text)
        and not (named and cell.text == named[0])
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
        for line in reader.lines
        for cell in line
        if NAME.match(cell.text)
        and not _NOT_A_NAME.search(cell.text)
        and not _COMPANY.search(cell.text)
        and not STREET.match(cell.text)
        and not CITY_LINE.match(cell.text)
        and " " in cell.text.strip()
        and reader.address_after(cell)[0]["city"]
    ]
    return (people[-1].text, people[-1]) if people else None


def _read_terms(reader: DocumentReader, stub: Paystub) -> None:
    labelled = reader.find(r"(pay )?(frequency|schedule|cycle|basis)", _FREQUENCY)
    printed = labelled or reader.first(_FREQUENCY)
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
            "annual_salary": money(None),
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
