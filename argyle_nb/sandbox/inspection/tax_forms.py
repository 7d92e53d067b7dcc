"""W-2 and 1099 forms: what stands in their boxes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.inspection.classification import EIN, NAME, SSN, DocumentReader, amount
from argyle_nb.sandbox.inspection.form_boxes import DEFERRAL, FIGURE, OUTDENT, Boxes, Value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from argyle_nb.sandbox.inspection.layout import Cell

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
TIN = re.compile(f"{EIN.pattern}|{SSN.pattern}")
_PAYER = "Part1-PayerPii:payer"
_RECIPIENT = "Part2-RecipientPii:recipient"
_AMOUNTS = "Part3-Amounts:"
_WITHHELD = _AMOUNTS + "federalIncomeTaxWithheld"
_YEAR = "General:forCalendarYear"
# Elective deferrals of box 12: in the wages of box 5 and not in those of box 1.
DEFERRALS = ("D", "E", "G", "S")
BOX_12 = 110.0

# Key in the raw fields -> how its label begins, what its value looks like.
_W2_FIELDS: dict[str, tuple[str, re.Pattern[str]]] = {
    "employeeSocialSecurityNumber": (r"employee.?s? s(ocial security number|\.?s\.?n\b)", SSN),
    "employerIdNo": (r"employer.?s? (identification (number|no)( \(ein\))?|id\b|ein)", EIN),
    "wagesTipsOtherComp": (r"wages,? tips,? (and )?other comp\w*", FIGURE),
    "federalIncomeTaxWithheld": (r"fed\w*\.? income tax( withheld)?", FIGURE),
    "socialSecurityWages": (r"social security wages", FIGURE),
    "socialSecurityTaxWithheld": (r"social security tax( withheld)?", FIGURE),
    "medicareWagesAndTips": (r"medicare wages( and tips)?", FIGURE),
    "medicareTaxWithheld": (r"medicare tax( withheld)?", FIGURE),
    "socialSecurityTips": (r"social security tips", FIGURE),
    "allocatedTips": (r"allocated tips", FIGURE),
    "dependentCareBenefits": (r"dependent care( benefits)?", FIGURE),
    "nonqualifiedPlans": (r"nonqualified plans", FIGURE),
    "employerName": (r"employer.?s? name[^:]*:?", NAME),
    "employeeName": (r"employee.?s? (first |full )?name[^:]*:?", NAME),
    "stateWagesTipsEtc": (r"state wages(, tips, etc\.?)?", FIGURE),
    "stateIncomeTax": (r"state income tax", FIGURE),
}
_1099_FIELDS: dict[str, tuple[str, re.Pattern[str]]] = {
    _PAYER + "sTin": (r"payer.?s? (tin|federal|id|ein|tax)[^\d:]*", TIN),
    _RECIPIENT + "Tin": (r"recipient.?s? (tin|id|tax|ssn|social)[^\d:]*", TIN),
    _PAYER + "Name": (r"payer.?s? name[^:]*:?", NAME),
    _RECIPIENT + "Name": (r"recipient.?s? name[^:]*:?", NAME),
    _WITHHELD: (r"federal income tax( withheld)?", FIGURE),
}
STATE_INCOME = "stateIncome"
# Read to check sums, and not written among the raw fields.
_1099_UNWRITTEN: dict[str, tuple[str, re.Pattern[str]]] = {
    STATE_INCOME: (r"state income", FIGURE),
}
# The first is the main amount.
_1099_AMOUNTS: dict[str, dict[str, tuple[str, re.Pattern[str]]]] = {
    "nec": {"nonemployeeCompensation": (r"nonemployee comp\w*", FIGURE)},
    "misc": {
        "rents": (r"rents\b", FIGURE),
        "royalties": (r"royalties\b", FIGURE),
        "otherIncome": (r"other income", FIGURE),
        "nonemployeeCompensation": (r"nonemployee comp\w*", FIGURE),
    },
    "int": {"interestIncome": (r"interest income", FIGURE)},
    "div": {"totalOrdinaryDividends": (r"(total )?ordinary dividends", FIGURE)},
}


@dataclass
class TaxForm:
    """What a tax form says; keys are those of the raw fields, for a 1099 without its prefix."""

    form_type: str
    fields: dict[str, tuple[str, re.Pattern[str]]]
    prefix: str = ""
    values: dict[str, str] = field(default_factory=dict)
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    copies: dict[str, list[Value]] = field(default_factory=dict)
    pages: list[Boxes] = field(default_factory=list)
    years: list[str] = field(default_factory=list)

    @property
    def is_w2(self) -> bool:
        """Whether it is a W-2; else it is a 1099."""
        return not self.prefix

    def money(self, key: str) -> Decimal | None:
        """Return the amount in a field, if it is certain."""
        found = self.copies.get(key)
        return amount(found[0].text) if found and found[0].certain else None

    def deferrals(self) -> list[Decimal]:
        """Return the elective deferrals of box 12."""
        found = [self.money(DEFERRAL + code) for code in DEFERRALS]
        return [value for value in found if value is not None]

    @property
    def figures(self) -> set[Decimal]:
        """All figures on its pages: what one of them explains is no contradiction."""
        cells = [cell for boxes in self.pages for cell in boxes.page.cells]
        read = [amount(cell.text) for cell in cells if FIGURE.match(cell.text.strip())]
        return {value for value in read if value is not None}

    @property
    def pay(self) -> Decimal | None:
        """Wages of box 1 of a W-2, the main amount of a 1099."""
        if self.is_w2:
            return self.money("wagesTipsOtherComp")
        keys = [key for key in self.fields if key.startswith(_AMOUNTS) and key != _WITHHELD]
        return next(filter(None, map(self.money, keys)), None)

    @property
    def withheld(self) -> Decimal | None:
        """Federal income tax withheld."""
        return self.money("federalIncomeTaxWithheld" if self.is_w2 else _WITHHELD)

    @property
    def year(self) -> int | None:
        """Tax year."""
        return int(self.years[0]) if self.years else None

    @property
    def labels(self) -> dict[int, Cell]:
        """Labels of the values that are certain, by the identity of the cells of these."""
        values = (value for found in self.copies.values() for value in found if value.certain)
        return {id(value.cell): value.label.cell for value in values}

    def field_cells(self) -> dict[str, list[Cell]]:
        """Return where the fields stand, by the names that paystubs use for them."""
        names = {
            "employee": ("employeeName", _RECIPIENT + "Name"),
            "employer": ("employerName", _PAYER + "Name"),
            "taxpayer_id": ("employeeSocialSecurityNumber", _RECIPIENT + "Tin"),
            "employer_id": ("employerIdNo", _PAYER + "sTin"),
            "employee_address": ("employee_address",),
            "employer_address": ("employer_address",),
            "date": ("year",),
        }
        return {
            name: [cell for key in keys for cell in self.cells.get(key, [])]
            for name, keys in names.items()
        }


def read_form(reader: DocumentReader, document_type: str) -> TaxForm:
    """Read a W-2 or a 1099 from its pages as seen."""
    if document_type == "W-2":
        form = TaxForm("W2", _W2_FIELDS)
        _read_boxes(reader, form, _W2_FIELDS)
        _read_address(reader, form, "employer", "employerName", "employerAddress")
        _read_address(reader, form, "employee", "employeeName", "employeeAddress")
    else:
        kind = _kind_of(reader.text)
        amounts = {_AMOUNTS + key: each for key, each in _1099_AMOUNTS.get(kind, {}).items()}
        form = TaxForm(f"A_1099-{kind.upper()}", {**_1099_FIELDS, **amounts}, f"a_1099-{kind}-")
        _read_boxes(reader, form, {**form.fields, **_1099_UNWRITTEN})
        _read_address(reader, form, "employer", _PAYER + "Name", _PAYER + "Address:")
        _read_address(reader, form, "employee", _RECIPIENT + "Name", _RECIPIENT + "Address:")
    _read_year(reader, form)
    return form


def _kind_of(text: str) -> str:
    """Return which 1099 it is, by the title that it has most often."""
    kinds = Counter(kind.lower() for kind in re.findall(r"1099-([A-Z]{1,4})\b", text))
    return kinds.most_common(1)[0][0] if kinds else "nec"


def _read_boxes(
    reader: DocumentReader, form: TaxForm, fields: dict[str, tuple[str, re.Pattern[str]]]
) -> None:
    form.pages = [
        Boxes(page, {k: begin for k, (begin, _) in fields.items()}) for page in reader.pages
    ]
    for boxes in form.pages:
        for key, (_, shape) in fields.items():
            found = boxes.names(key, shape) if shape is NAME else boxes.values(key, shape)
            _keep(form, found)
        if form.is_w2:
            _keep(form, _read_deferrals(boxes))


def _keep(form: TaxForm, found: Iterator[Value]) -> None:
    for value in found:
        form.copies.setdefault(value.key, []).append(value)
        form.cells.setdefault(value.key, [value.cell])
        if value.key in form.fields:
            form.values.setdefault(value.key, value.text)


def _read_deferrals(boxes: Boxes) -> Iterator[Value]:
    """Find the coded amounts of box 12: a letter, and beside it an amount."""
    for label in boxes.labels:
        if not label.cell.text.startswith("12a"):
            continue
        found: dict[str, list[Value]] = {}
        for line in boxes.page.lines:
            for code, figure in pairwise(line):
                key, match = code.text.strip(), FIGURE.match(figure.text.strip())
                down, across = label.level - code.box.y0, code.box.x0 - label.left
                if match and key in DEFERRALS and 0 < down < BOX_12 and -OUTDENT < across < BOX_12:
                    value = Value(DEFERRAL + key, match[1], figure, label, certain=True)
                    found.setdefault(key, []).append(value)
        yield from (several[0] for several in found.values() if len(several) == 1)


def _read_year(reader: DocumentReader, form: TaxForm) -> None:
    """Read the year: beside the form's name, under "calendar year", or alone in large print."""
    beside = list(reader.find_all(r"(for )?(calendar|tax) year", YEAR))
    alone = re.compile(
        rf"^(?:tax year )?({YEAR.pattern})$|(?=.*(?:w-2|1099|statement)){YEAR.pattern}",
        re.IGNORECASE,
    )
    if not beside:
        values = {id(value.cell) for found in form.copies.values() for value in found}
        cells = [
            cell
            for line in reader.lines
            for cell in line
            if id(cell) not in values and alone.search(cell.text.strip())
        ]
        largest = max((cell.size for cell in cells), default=0.0)
        beside = [(YEAR.findall(c.text)[0], c) for c in cells if largest - c.size < 1]
    if beside:
        form.years = [year for year, _ in beside]
        form.values["year" if form.is_w2 else _YEAR] = beside[0][0]
        form.cells["year"] = [beside[0][1]]


def _read_address(reader: DocumentReader, form: TaxForm, who: str, name: str, prefix: str) -> None:
    anchor = form.cells.get(name, [None])[0]
    address, cells = reader.address_after(anchor)
    form.cells[f"{who}_address"] = cells
    keys = ("Line1", "Line2", "City", "State", "Zip")
    if not form.is_w2:
        keys = ("addressLine1", "addressLine2", "city", "state", "zip")
    for key, value in zip(keys, address.values(), strict=True):
        if value:
            form.values[prefix + key] = value


def form_data(form: TaxForm, source: str) -> dict[str, Any]:
    """Write a form in the shape of Ocrolus' raw fields (Ocrolus reference, form fields)."""
    keys = list(dict.fromkeys([*form.fields, *form.values]))
    return {
        "form_type": form.form_type,
        "raw_fields": {
            form.prefix + key: {
                "value": form.values.get(key, ""),
                "is_empty": key not in form.values,
                "alias_used": None,
                "source_filename": source,
            }
            for key in keys
        },
    }
