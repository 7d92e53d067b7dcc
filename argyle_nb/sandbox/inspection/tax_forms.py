"""W-2 and 1099-NEC forms: their fields, and whether copies and print agree."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.inspection.classification import EIN, NAME, SSN, DocumentReader, amount
from argyle_nb.sandbox.inspection.layout import AMOUNT, plain
from argyle_nb.sandbox.inspection.scoring import DetectedSignal

if TYPE_CHECKING:
    from decimal import Decimal

    from argyle_nb.sandbox.inspection.layout import Cell


MOSTLY = 4
ODD_SHARE = 3


def filling_signals(form: TaxForm) -> list[DetectedSignal]:
    """Check what a form says in several places, and in which print."""
    return _disagreements(form) + _odd_print(form)


def _disagreements(form: TaxForm) -> list[DetectedSignal]:
    """Compare the copies of a form on one page; where most fields differ it is another form."""
    several = {key: _by_page(found) for key, found in form.copies.items()}
    compared = [(key, group) for key, pages in several.items() for group in pages if len(group) > 1]
    differing = [(k, group) for k, group in compared if len({plain(v) for v, _ in group}) > 1]
    if 2 * len(differing) >= len(compared):
        return []
    return [_disagreement(key, group) for key, group in differing]


def _by_page(found: list[tuple[str, Cell]]) -> list[list[tuple[str, Cell]]]:
    pages: dict[int, list[tuple[str, Cell]]] = {}
    for text, cell in found:
        pages.setdefault(cell.page, []).append((text, cell))
    return list(pages.values())


def _disagreement(key: str, group: list[tuple[str, Cell]]) -> DetectedSignal:
    said = list(dict.fromkeys(text for text, _ in group))
    evidence: dict[str, str | None] = {"field": key, "one_copy": said[0], "another_copy": said[1]}
    return DetectedSignal("sbx_copies_disagree", group[0][1].page, [evidence])


def _odd_print(form: TaxForm) -> list[DetectedSignal]:
    """Find the few values that stand in another font than all others."""
    cells = [cell for found in form.copies.values() for _, cell in found]
    faces = Counter(_face(cell) for cell in cells)
    face, count = faces.most_common(1)[0] if faces else ("", 0)
    odd = [cell for cell in cells if _face(cell) != face]
    if count < MOSTLY or count < ODD_SHARE * len(odd):
        return []
    return [
        DetectedSignal(
            "sbx_fonts_mixed_in_line", cell.page, [{"text": cell.text, "fonts": _face(cell)}]
        )
        for cell in odd
    ]


def _face(cell: Cell) -> str:
    return cell.runs[0].font.family if cell.runs else ""


YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
TIN = re.compile(f"{EIN.pattern}|{SSN.pattern}")
_NEC = "a_1099-nec-"
_PAYER = _NEC + "Part1-PayerPii:"
_RECIPIENT = _NEC + "Part2-RecipientPii:"
_NEC_YEAR = _NEC + "General:forCalendarYear"
_NEC_PAY = _NEC + "Part3-Amounts:nonemployeeCompensation"
_NEC_WITHHELD = _NEC + "Part3-Amounts:federalIncomeTaxWithheld"
_PAYER_NAME = _PAYER + "payerName"
_RECIPIENT_NAME = _RECIPIENT + "recipientName"
_TAXPAYER_KEYS = ("employeeSocialSecurityNumber", _RECIPIENT + "recipientTin")
_EMPLOYER_KEYS = ("employerIdNo", _PAYER + "payersTin")

# Key in the raw fields -> how its label begins, what its value looks like.
_W2_FIELDS: dict[str, tuple[str, re.Pattern[str]]] = {
    "employeeSocialSecurityNumber": (r"(a\W+)?employee.?s? s(ocial|\.?s)", SSN),
    "employerIdNo": (r"(b\W+)?employer.?s? (identification|id\b|ein)", EIN),
    "wagesTipsOtherComp": (r"(1\W+)?wages,? tips", AMOUNT),
    "federalIncomeTaxWithheld": (r"(2\W+)?fed\w*\.? income tax", AMOUNT),
    "socialSecurityWages": (r"(3\W+)?social security wages", AMOUNT),
    "socialSecurityTaxWithheld": (r"(4\W+)?social security tax", AMOUNT),
    "medicareWagesAndTips": (r"(5\W+)?medicare wages", AMOUNT),
    "medicareTaxWithheld": (r"(6\W+)?medicare tax", AMOUNT),
    "socialSecurityTips": (r"(7\W+)?social security tips", AMOUNT),
    "allocatedTips": (r"(8\W+)?allocated tips", AMOUNT),
    "dependentCareBenefits": (r"(10\W+)?dependent care", AMOUNT),
    "nonqualifiedPlans": (r"(11\W+)?nonqualified plans", AMOUNT),
    "employerName": (r"(c\W+)?employer.?s? name[^:]*:?", NAME),
    "employeeName": (r"(e\W*f?\W+)?employee.?s? (first |full )?name[^:]*:?", NAME),
    "stateWagesTipsEtc": (r"(16\W+)?state wages", AMOUNT),
    "stateIncomeTax": (r"(17\W+)?state income tax", AMOUNT),
}
_NEC_FIELDS: dict[str, tuple[str, re.Pattern[str]]] = {
    _PAYER + "payersTin": (r"payer.?s? (tin|federal|id|ein|tax)", TIN),
    _RECIPIENT + "recipientTin": (r"recipient.?s? (tin|id|tax|ssn|social)", TIN),
    _PAYER_NAME: (r"payer.?s? name[^:]*:?", NAME),
    _RECIPIENT_NAME: (r"recipient.?s? name[^:]*:?", NAME),
    _NEC_PAY: (r"(1\W+)?nonemployee comp", AMOUNT),
    _NEC_WITHHELD: (r"(4\W+)?federal income tax", AMOUNT),
}


@dataclass
class TaxForm:
    """What a tax form says."""

    form_type: str
    values: dict[str, str] = field(default_factory=dict)
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    copies: dict[str, list[tuple[str, Cell]]] = field(default_factory=dict)

    def money(self, key: str) -> Decimal | None:
        """Return the amount in a field."""
        return amount(self.values[key]) if key in self.values else None

    @property
    def pay(self) -> Decimal | None:
        """Wages of box 1 of a W-2, compensation of box 1 of a 1099."""
        return self.money("wagesTipsOtherComp" if self.form_type == "W2" else _NEC_PAY)

    @property
    def withheld(self) -> Decimal | None:
        """Federal income tax withheld."""
        w2 = self.form_type == "W2"
        return self.money("federalIncomeTaxWithheld" if w2 else _NEC_WITHHELD)

    def field_cells(self) -> dict[str, list[Cell]]:
        """Return where the fields stand, by the names that paystubs use for them."""
        return {
            "employee": self.cells.get("employeeName", []) + self.cells.get(_RECIPIENT_NAME, []),
            "employer": self.cells.get("employerName", []) + self.cells.get(_PAYER_NAME, []),
            "taxpayer_id": [c for key in _TAXPAYER_KEYS for c in self.cells.get(key, [])],
            "employer_id": [c for key in _EMPLOYER_KEYS for c in self.cells.get(key, [])],
            "employee_address": self.cells.get("employee_address", []),
            "employer_address": self.cells.get("employer_address", []),
            "date": self.cells.get("year", []) + self.cells.get(_NEC_YEAR, []),
        }

    @property
    def year(self) -> int | None:
        """Tax year."""
        text = self.values.get("year") or self.values.get(_NEC_YEAR)
        return int(text) if text else None


def read_form(reader: DocumentReader, document_type: str) -> TaxForm:
    """Read a W-2 or a 1099 from its pages as seen."""
    if document_type == "W-2":
        form = TaxForm("W2")
        _read_fields(reader, form, _W2_FIELDS)
        _read_year(reader, form, "year")
        _read_address(reader, form, "employer", "employerName", "employerAddress", w2=True)
        _read_address(reader, form, "employee", "employeeName", "employeeAddress", w2=True)
        return form
    form = TaxForm("A_1099-NEC")
    _read_fields(reader, form, _NEC_FIELDS)
    _read_year(reader, form, _NEC_YEAR)
    _read_address(reader, form, "employer", _PAYER_NAME, _PAYER + "payerAddress:")
    _read_address(reader, form, "employee", _RECIPIENT_NAME, _RECIPIENT + "recipientAddress:")
    return form


def _read_fields(
    reader: DocumentReader, form: TaxForm, fields: dict[str, tuple[str, re.Pattern[str]]]
) -> None:
    for key, (label, value) in fields.items():
        if found := list(reader.find_all(label, value)):
            form.copies[key] = found
            form.values[key] = found[0][0]
            form.cells[key] = [found[0][1]]


def _read_year(reader: DocumentReader, form: TaxForm, key: str) -> None:
    """Read the year: beside the form's name, under "calendar year", or alone in large print."""
    found = reader.find(r"(for )?(calendar|tax) year", YEAR)
    alone = re.compile(
        rf"^(?:tax year )?({YEAR.pattern})$|(?=.*(?:w-2|1099|statement)){YEAR.pattern}",
        re.IGNORECASE,
    )
    if not found:
        cells = [c for line in reader.lines for c in line if alone.search(c.text.strip())]
        cells = [c for c in cells if YEAR.search(c.text)]
        largest = max(cells, key=lambda cell: cell.size, default=None)
        found = (YEAR.findall(largest.text)[0], largest) if largest is not None else None
    if found:
        form.values[key] = found[0]
        form.cells[key] = [found[1]]


def _read_address(
    reader: DocumentReader, form: TaxForm, who: str, name: str, prefix: str, *, w2: bool = False
) -> None:
    anchor = form.cells.get(name, [None])[0]
    address, cells = reader.address_after(anchor)
    form.cells[f"{who}_address"] = cells
    keys = ("Line1", "Line2", "City", "State", "Zip")
    if not w2:
        keys = ("addressLine1", "addressLine2", "city", "state", "zip")
    for key, value in zip(keys, address.values(), strict=True):
        if value:
            form.values[prefix + key] = value


def form_data(form: TaxForm, source: str) -> dict[str, Any]:
    """Write a form in the shape of Ocrolus' raw fields (Ocrolus reference, form fields)."""
    fields = _W2_FIELDS if form.form_type == "W2" else _NEC_FIELDS
    keys = list(dict.fromkeys([*fields, *form.values]))
    return {
        "form_type": form.form_type,
        "raw_fields": {
            key: {
                "value": form.values.get(key, ""),
                "is_empty": key not in form.values,
                "alias_used": None,
                "source_filename": source,
            }
            for key in keys
        },
    }
