"""W-2 and 1099-NEC, box by box as the forms have them.

Source: IRS Form W-2 and Form 1099-NEC, recipient's copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from data.make_documents.pages import DrawnPage
from data.make_documents.paystubs import (
    MEDICARE_RATE,
    SOCIAL_SECURITY_RATE,
    Employment,
    paystub_for,
)
from data.make_documents.people import Employer, Person, cents, chance, make_employer, money

if TYPE_CHECKING:
    from random import Random

WAGE_LABELS = ("1 Wages, tips, other comp.", "1 Wages, tips, other compensation")


@dataclass(frozen=True)
class W2:
    """What a W-2 states; amounts in dollars."""

    person: Person
    employer: Employer
    year: int
    wages: Decimal
    federal: Decimal
    social_security_wages: Decimal
    social_security_tax: Decimal
    medicare_wages: Decimal
    medicare_tax: Decimal
    retirement: Decimal
    state_tax: Decimal
    control: str


@dataclass(frozen=True)
class Form1099:
    """What a 1099-NEC states; amounts in dollars."""

    person: Person
    payer: Employer
    year: int
    compensation: Decimal
    federal: Decimal
    account: str


def w2_for(job: Employment, year: int) -> W2:
    """Add a job's whole year up."""
    last = paystub_for(job, year, job.periods)
    taken = {item.label: item.ytd for item in last.deductions}
    retirement = taken.get("401(k)", Decimal(0))
    gross = last.gross.ytd
    return W2(
        person=job.person,
        employer=job.employer,
        year=year,
        wages=gross - retirement,
        federal=taken["Federal Income Tax"],
        social_security_wages=gross,
        social_security_tax=cents(gross * SOCIAL_SECURITY_RATE),
        medicare_wages=gross,
        medicare_tax=cents(gross * MEDICARE_RATE),
        retirement=retirement,
        state_tax=taken.get("State Income Tax", Decimal(0)),
        control=f"{job.seed % 900000 + 100000}",
    )


def make_1099(rng: Random, person: Person, year: int) -> Form1099:
    """Invent a contractor's year."""
    pay = cents(Decimal(rng.randint(400000, 7400000)) / 100)
    withheld = cents(pay * Decimal("0.24")) if chance(rng, 0.2) else Decimal(0)
    account = f"{rng.randint(10000, 98999)}-{rng.randint(10, 99)}"
    return Form1099(person, make_employer(rng), year, pay, withheld, account)


@dataclass(frozen=True)
class _Cell:
    left: float
    top: float
    width: float
    height: float
    label: str
    rows: tuple[str, ...] = ()
    right: bool = False


def _draw_cells(page: DrawnPage, cells: list[_Cell], face: str, size: float = 9) -> None:
    for cell in cells:
        page.box(cell.left, cell.top, cell.width, cell.height)
        page.text(cell.left + 3, cell.top + 7.5, cell.label, size=6)
        for place, words in enumerate(cell.rows):
            x = cell.left + (cell.width - 8 if cell.right else 8)
            align = "right" if cell.right else "left"
            y = cell.top + 20 + place * 11
            page.text(x, y, words, font=face, size=size, align=align)


def _amount(amount: Decimal) -> tuple[str, ...]:
    return (money(amount),) if amount else ()


def w2_page(form: W2, *, face: str = "Courier", wages_label: str = WAGE_LABELS[0]) -> DrawnPage:
    """Lay a W-2 out."""
    page = DrawnPage()
    _draw_cells(page, _w2_parties(form) + _w2_amounts(form, wages_label) + _w2_state(form), face)
    page.text(40, 358, "Form W-2", font="Helvetica-Bold", size=12)
    page.text(100, 358, "Wage and Tax Statement", font="Helvetica-Bold", size=10)
    page.text(330, 358, str(form.year), font="Helvetica-Bold", size=15, align="center")
    page.text(
        572, 354, "Department of the Treasury - Internal Revenue Service", size=6.5, align="right"
    )
    page.text(40, 372, "Copy B - To Be Filed With Employee's FEDERAL Tax Return.", size=7.5)
    page.text(
        40, 382, "This information is being furnished to the Internal Revenue Service.", size=6.5
    )
    page.footer()
    return page


def _lines(name: str, holder: Person | Employer) -> tuple[str, ...]:
    return (name, holder.address.street, holder.address.second_line)


def _w2_parties(form: W2) -> list[_Cell]:
    person = form.person
    return [
        _Cell(40, 40, 90, 26, "OMB No. 1545-0008"),
        _Cell(130, 40, 190, 26, "a Employee's social security number", (person.ssn,)),
        _Cell(40, 66, 280, 26, "b Employer identification number (EIN)", (form.employer.ein,)),
        _Cell(
            40,
            92,
            280,
            62,
            "c Employer's name, address, and ZIP code",
            _lines(form.employer.name, form.employer),
        ),
        _Cell(40, 154, 280, 26, "d Control number", (form.control,)),
        _Cell(40, 180, 280, 26, "e Employee's first name and initial, last name", (person.name,)),
        _Cell(
            40,
            206,
            280,
            78,
            "f Employee's address and ZIP code",
            (person.address.street, person.address.second_line),
        ),
    ]


def _w2_amounts(form: W2, wages_label: str) -> list[_Cell]:
    boxes = [
        (wages_label, form.wages),
        ("2 Federal income tax withheld", form.federal),
        ("3 Social security wages", form.social_security_wages),
        ("4 Social security tax withheld", form.social_security_tax),
        ("5 Medicare wages and tips", form.medicare_wages),
        ("6 Medicare tax withheld", form.medicare_tax),
        ("7 Social security tips", Decimal(0)),
        ("8 Allocated tips", Decimal(0)),
        ("9", Decimal(0)),
        ("10 Dependent care benefits", Decimal(0)),
        ("11 Nonqualified plans", Decimal(0)),
    ]
    cells = [
        _Cell(
            320 + 126 * (place % 2),
            40 + 26 * (place // 2),
            126,
            26,
            label,
            _amount(amount),
            right=True,
        )
        for place, (label, amount) in enumerate(boxes)
    ]
    code = (f"D   {money(form.retirement)}",) if form.retirement else ()
    plan = ("   Retirement plan  X",) if form.retirement else ()
    return [
        *cells,
        _Cell(446, 170, 126, 26, "12a See instructions for box 12", code),
        _Cell(320, 196, 126, 44, "13", plan),
        _Cell(446, 196, 126, 22, "12b"),
        _Cell(446, 218, 126, 22, "12c"),
        _Cell(320, 240, 126, 44, "14 Other"),
        _Cell(446, 240, 126, 44, "12d"),
    ]


def _w2_state(form: W2) -> list[_Cell]:
    state = form.employer.address.state
    taxed = bool(form.state_tax)
    identity = (f"{state}    {form.employer.ein.replace('-', '')}",) if taxed else ()
    wages = _amount(form.wages) if taxed else ()
    columns = (
        (40, 150, "15 State    Employer's state ID number", identity, False),
        (190, 95, "16 State wages, tips, etc.", wages, True),
        (285, 85, "17 State income tax", _amount(form.state_tax), True),
        (370, 80, "18 Local wages, tips, etc.", (), True),
        (450, 62, "19 Local income tax", (), True),
        (512, 60, "20 Locality name", (), False),
    )
    return [
        _Cell(x, 284, width, 48, label, rows, right) for x, width, label, rows, right in columns
    ]


def form_1099_page(form: Form1099, *, face: str = "Courier") -> DrawnPage:
    """Lay a 1099-NEC out."""
    page = DrawnPage()
    _draw_cells(page, _1099_parties(form) + _1099_amounts(form), face)
    page.text(450, 60, "Form 1099-NEC", font="Helvetica-Bold", size=13, align="center")
    page.text(450, 76, "Nonemployee Compensation", font="Helvetica-Bold", size=10, align="center")
    page.text(450, 92, "OMB No. 1545-0116    (Rev. January 2024)", size=6.5, align="center")
    page.text(400, 110, "For calendar year", size=7.5)
    page.text(472, 110, str(form.year), font="Helvetica-Bold", size=11)
    page.text(450, 124, "Copy B  For Recipient", font="Helvetica-Bold", size=8, align="center")
    page.text(
        40, 328, "This is important tax information and is being furnished to the IRS.", size=6.5
    )
    page.text(
        572, 328, "Department of the Treasury - Internal Revenue Service", size=6.5, align="right"
    )
    page.footer()
    return page


def _1099_parties(form: Form1099) -> list[_Cell]:
    payer = (*_lines(form.payer.name, form.payer), form.payer.telephone)
    return [
        _Cell(
            40,
            40,
            280,
            74,
            "PAYER'S name, street address, city or town, state, ZIP code, telephone no.",
            payer,
        ),
        _Cell(40, 114, 140, 30, "PAYER'S TIN", (form.payer.ein,)),
        _Cell(180, 114, 140, 30, "RECIPIENT'S TIN", (form.person.ssn,)),
        _Cell(40, 144, 280, 34, "RECIPIENT'S name", (form.person.name,)),
        _Cell(
            40, 178, 280, 34, "Street address (including apt. no.)", (form.person.address.street,)
        ),
        _Cell(
            40,
            212,
            280,
            34,
            "City or town, state or province, country, and ZIP code",
            (form.person.address.second_line,),
        ),
        _Cell(40, 246, 280, 72, "Account number (see instructions)", (form.account,)),
    ]


def _1099_amounts(form: Form1099) -> list[_Cell]:
    state = form.payer.address.state
    return [
        _Cell(320, 40, 252, 92, ""),
        _Cell(
            320, 132, 252, 34, "1 Nonemployee compensation", _amount(form.compensation), right=True
        ),
        _Cell(320, 166, 252, 30, "2 Payer made direct sales totaling $5,000 or more"),
        _Cell(320, 196, 252, 30, "3 Excess golden parachute payments"),
        _Cell(
            320, 226, 252, 34, "4 Federal income tax withheld", _amount(form.federal), right=True
        ),
        _Cell(320, 260, 84, 58, "5 State tax withheld"),
        _Cell(404, 260, 84, 58, "6 State/Payer's state no.", (state,)),
        _Cell(488, 260, 84, 58, "7 State income", _amount(form.compensation), right=True),
    ]
