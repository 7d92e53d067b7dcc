"""Paystubs: a job and its payroll through the year, and the four layouts that print it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data.make_documents.pages import GREY, NAVY, PALE, WHITE, DrawnPage
from data.make_documents.people import (
    STATE_TAX,
    Employer,
    Person,
    cents,
    chance,
    make_employer,
    money,
    seeded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from data.make_documents.people import PayrollSystem

PERIODS = {"Weekly": 52, "Bi-Weekly": 26, "Semi-Monthly": 24, "Monthly": 12}
BRACKETS = ((11925, "0.10"), (48475, "0.12"), (103350, "0.22"), (197300, "0.24"))
STANDARD_DEDUCTION = 15000
SOCIAL_SECURITY_RATE = Decimal("0.062")
MEDICARE_RATE = Decimal("0.0145")
SHIFT_PREMIUM = Decimal("1.75")
VOLUNTARY = ("Medical", "Dental", "Vision", "HSA", "Union Dues", "Parking")
FULL_WIDTH = (250, 330, 440, 572)


@dataclass(frozen=True)
class Employment:
    """Who is paid by whom, how often, and how much.

    ``rate`` is dollars an hour, or dollars a period when ``hourly`` is false. ``retirement`` is
    the share of pay that goes to a 401(k); ``voluntary`` holds fixed amounts a period.
    """

    person: Person
    employer: Employer
    frequency: str
    hourly: bool
    rate: Decimal
    retirement: Decimal
    voluntary: tuple[tuple[str, Decimal], ...]
    extra: str
    seed: int

    @property
    def periods(self) -> int:
        """Pay dates in a year."""
        return PERIODS[self.frequency]


@dataclass(frozen=True)
class Item:
    """One line of a paystub; amounts in dollars."""

    label: str
    current: Decimal
    ytd: Decimal
    hours: Decimal | None = None
    rate: Decimal | None = None


@dataclass(frozen=True)
class Paystub:
    """What one paystub states; taxes are among the deductions."""

    job: Employment
    period_start: date
    period_end: date
    pay_date: date
    number: int
    earnings: tuple[Item, ...]
    deductions: tuple[Item, ...]
    gross: Item
    taken: Item
    net: Item


def make_employment(rng: Random, person: Person) -> Employment:
    """Invent a job for a person."""
    frequency = rng.choice(list(PERIODS))
    hourly = frequency in {"Weekly", "Bi-Weekly"} and chance(rng, 0.65)
    yearly = Decimal(rng.randint(38, 128)) * 1000 + Decimal(rng.randint(0, 39)) * 25
    rate = cents(rng.randint(1725, 4650) / Decimal(100)) if hourly else cents(yearly / 12)
    names = rng.sample(VOLUNTARY, 1 if chance(rng, 0.6) else 0)
    return Employment(
        person=person,
        employer=make_employer(rng, person.address.state),
        frequency=frequency,
        hourly=hourly,
        rate=rate if hourly else cents(yearly / PERIODS[frequency]),
        retirement=Decimal(rng.choice(("0", "0", "0.03", "0.05"))),
        voluntary=tuple((name, cents(rng.randint(650, 14800) / Decimal(100))) for name in names),
        extra=rng.choice(("Overtime", "Shift Premium"))
        if hourly
        else rng.choice(("", "", "Commission")),
        seed=rng.getrandbits(32),
    )


def pay_calendar(frequency: str, year: int) -> list[tuple[date, date, date]]:
    """List period start, period end and pay date of every pay date in a year."""
    if frequency in {"Weekly", "Bi-Weekly"}:
        return _counted_periods(14 if frequency == "Bi-Weekly" else 7, year)
    halves = frequency == "Semi-Monthly"
    return [period for month in range(1, 13) for period in _month_periods(year, month, halves)]


def _counted_periods(length: int, year: int) -> list[tuple[date, date, date]]:
    pay = date(2025, 1, 3)
    while pay.year < year:
        pay += timedelta(length)
    periods = []
    while pay.year == year:
        end = pay - timedelta(5)
        periods.append((end - timedelta(length - 1), end, pay))
        pay += timedelta(length)
    return periods


def _month_periods(year: int, month: int, halves: bool) -> list[tuple[date, date, date]]:
    last = date(year, month, calendar.monthrange(year, month)[1])
    if not halves:
        return [(date(year, month, 1), last, _workday(last))]
    middle = date(year, month, 15)
    first_half = (date(year, month, 1), middle, _workday(middle))
    return [first_half, (date(year, month, 16), last, _workday(last))]


def _workday(day: date) -> date:
    return day - timedelta(max(0, day.weekday() - 4))


def paystub_for(job: Employment, year: int, number: int) -> Paystub:
    """Work through the year as far as one pay date."""
    rng = seeded(job.seed, year)
    totals: dict[str, Decimal] = {}
    for _ in range(number):
        earned, hours = _earn(job, rng)
        taken = _deduct(job, sum(earned.values(), Decimal(0)))
        for label, amount in (*earned.items(), *taken.items()):
            totals[label] = totals.get(label, Decimal(0)) + amount
    start, end, pay = pay_calendar(job.frequency, year)[number - 1]
    earnings = tuple(
        Item(label, amount, totals[label], *hours.get(label, (None, None)))
        for label, amount in earned.items()
    )
    deductions = tuple(Item(label, amount, totals[label]) for label, amount in taken.items())
    gross = _total("Gross", earnings)
    out = _total("Deductions", deductions)
    net = Item("Net", gross.current - out.current, gross.ytd - out.ytd)
    return Paystub(job, start, end, pay, number, earnings, deductions, gross, out, net)


def _total(label: str, items: tuple[Item, ...]) -> Item:
    current = sum((item.current for item in items), Decimal(0))
    return Item(label, current, sum((item.ytd for item in items), Decimal(0)))


def _earn(
    job: Employment, rng: Random
) -> tuple[dict[str, Decimal], dict[str, tuple[Decimal, Decimal]]]:
    if not job.hourly:
        return _earn_salary(job, rng), {}
    usual = 80 if job.frequency == "Bi-Weekly" else 40
    worked = Decimal(rng.choice((usual * 4, usual * 4, rng.randint(usual * 3, usual * 4))))
    hours = {"Regular": (worked / 4, job.rate)}
    if job.extra == "Overtime":
        hours["Overtime"] = (Decimal(rng.randint(2, 36)) / 4, cents(job.rate * Decimal("1.5")))
    elif job.extra:
        hours[job.extra] = (worked / 4, SHIFT_PREMIUM)
    earned = {label: cents(count * rate) for label, (count, rate) in hours.items()}
    return earned, {label: (cents(count), rate) for label, (count, rate) in hours.items()}


def _earn_salary(job: Employment, rng: Random) -> dict[str, Decimal]:
    earned = {"Salary": job.rate}
    commission = rng.randint(15000, 90000)
    if job.extra:
        earned[job.extra] = cents(commission / Decimal(100))
    return earned


def _deduct(job: Employment, gross: Decimal) -> dict[str, Decimal]:
    taken = {}
    retirement = cents(gross * job.retirement)
    taken["Federal Income Tax"] = _federal(gross - retirement, job.periods)
    taken["Social Security"] = cents(gross * SOCIAL_SECURITY_RATE)
    taken["Medicare"] = cents(gross * MEDICARE_RATE)
    state = STATE_TAX.get(job.person.address.state)
    if state:
        taken["State Income Tax"] = cents((gross - retirement) * Decimal(state))
    if retirement:
        taken["401(k)"] = retirement
    taken.update(job.voluntary)
    return taken


def _federal(taxable: Decimal, periods: int) -> Decimal:
    yearly = taxable * periods - STANDARD_DEDUCTION
    tax, lower = Decimal(0), 0
    for upper, share in BRACKETS:
        tax += max(Decimal(0), min(yearly, Decimal(upper)) - lower) * Decimal(share)
        lower = upper
    return cents(max(tax, Decimal(0)) / periods)


def paystub_page(stub: Paystub, system: PayrollSystem) -> DrawnPage:
    """Lay a paystub out."""
    page = DrawnPage()
    LAYOUTS[system.layout](page, stub, system)
    page.footer()
    return page


@dataclass(frozen=True)
class _Table:
    """Rows of one face: a label at the left, cells that end at the columns."""

    page: DrawnPage
    left: float
    columns: tuple[float, ...]
    face: str
    size: float = 9

    def row(self, y: float, label: str, cells: Sequence[str], **style: Any) -> None:
        style = {"font": self.face, "size": self.size, **style}
        self.page.text(self.left, y, label, **style)
        for x, cell in zip(self.columns, cells, strict=True):
            self.page.text(x, y, cell, align="right", **style)

    def items(
        self, y: float, items: Sequence[Item], system: PayrollSystem, leading: float
    ) -> float:
        for item in items:
            self.row(y, system.name(item.label), self.cells(item))
            y += leading
        return y

    def cells(self, item: Item) -> list[str]:
        """Rate, hours, current, year to date: as many from the end as there are columns."""
        hours = "" if item.hours is None else f"{item.hours:.2f}"
        rate = "" if item.rate is None else f"{item.rate:.2f}"
        return [rate, hours, money(item.current), money(item.ytd)][-len(self.columns) :]

    def total(self, y: float, label: str, item: Item, system: PayrollSystem, **style: Any) -> None:
        cells = ["", "", system.dollars(item.current), money(item.ytd)]
        self.row(y, label, cells[-len(self.columns) :], **style)


def _ssn(stub: Paystub, system: PayrollSystem) -> str:
    person = stub.job.person
    return person.ssn if system.full_ssn else person.masked_ssn


def _dates(stub: Paystub, system: PayrollSystem) -> list[tuple[str, str]]:
    return [
        ("Period Beginning:", system.day(stub.period_start)),
        ("Period Ending:", system.day(stub.period_end)),
        ("Pay Date:", system.day(stub.pay_date)),
    ]


def _address(holder: Person | Employer) -> list[str]:
    return [holder.address.street, holder.address.second_line]


def _account(stub: Paystub) -> str:
    return f"{stub.job.seed % 9000 + 1000}"


def _pairs(
    page: DrawnPage,
    y: float,
    pairs: list[tuple[str, str]],
    *,
    right: float,
    labels: Any,
    values: Any,
) -> None:
    for place, (label, words) in enumerate(pairs):
        page.text(400, y + place * 13, label, **labels)
        page.text(right, y + place * 13, words, align="right", **values)


def _statement(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    """Set the company left, the dates right, and one long column of lines below."""
    _statement_head(page, stub, system)
    table = _Table(page, 46, FULL_WIDTH, "Helvetica")
    bold = "Helvetica-Bold"
    page.box(40, 206, 532, 16, fill=PALE, stroke=None)
    table.row(217, "Earnings", ["Rate", "Hours", "This Period", system.ytd], font=bold)
    y = table.items(236, stub.earnings, system, 14)
    page.rule(40, y - 8, 572, y - 8)
    table.total(y + 4, system.gross, stub.gross, system, font=bold)
    page.box(40, y + 21, 532, 16, fill=PALE, stroke=None)
    page.text(46, y + 32, "Deductions", font=bold)
    y = table.items(y + 51, stub.deductions, system, 14)
    page.rule(40, y - 8, 572, y - 8)
    table.total(y + 4, system.taken, stub.taken, system)
    page.box(40, y + 14, 532, 20, fill=PALE, stroke=None)
    table.total(y + 28, system.net, stub.net, system, font=bold, size=10)
    _deposit(page, stub, y + 70)


def _statement_head(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    job, bold = stub.job, "Helvetica-Bold"
    page.text(40, 56, job.employer.name, font=bold, size=11)
    page.lines(40, 69, _address(job.employer))
    page.text(572, 56, "Earnings Statement", font=bold, size=15, align="right")
    advice = ("Advice Number:", f"{job.seed % 900000 + 100000 + stub.number}")
    _pairs(page, 78, [*_dates(stub, system), advice], right=572, labels={}, values={})
    page.lines(400, 150, [job.person.name, *_address(job.person)], font=bold, size=10)
    facts = [f"SSN: {_ssn(stub, system)}", f"Pay Frequency: {job.frequency}"]
    page.lines(40, 150, [*facts, "Filing Status: Single"])


def _deposit(page: DrawnPage, stub: Paystub, y: float) -> None:
    page.rule(40, y - 14, 572, y - 14, colour=GREY)
    page.text(40, y, "Direct deposit", size=8)
    page.text(160, y, f"Checking XXXXXX{_account(stub)}", size=8)
    page.text(572, y, money(stub.net.current), size=8, align="right")
    page.text(40, y + 14, "This is not a check.", size=7, colour=GREY)


def _voucher(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    """Set earnings on the left, deductions on the right, a summary at the foot."""
    _voucher_head(page, stub, system)
    rows = max(len(stub.earnings), len(stub.deductions))
    bottom = 212 + 14 * rows
    page.box(36, 166, 540, bottom - 158)
    page.rule(312, 166, 312, bottom + 8)
    page.rule(36, 188, 576, 188)
    left = _Table(page, 42, (150, 190, 245, 304), "Times-Roman")
    left.row(182, "Earnings", ["Rate", "Hours", "Current", "YTD"], font="Times-Bold")
    left.items(203, stub.earnings, system, 14)
    right = _Table(page, 320, (480, 568), "Times-Roman")
    right.row(182, "Taxes & Deductions", ["Current", "YTD"], font="Times-Bold")
    right.items(203, stub.deductions, system, 14)
    _voucher_summary(page, stub, system, bottom + 34)
    deposited = f"Deposited to checking ending {_account(stub)}"
    page.text(46, bottom + 120, deposited, font="Times-Roman", size=9)


def _voucher_head(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    job, plain, bold = stub.job, "Times-Roman", "Times-Bold"
    page.box(36, 40, 540, 74)
    page.text(46, 60, job.employer.name, font=bold, size=13)
    page.lines(46, 75, [*_address(job.employer), job.employer.telephone], font=plain, size=9.5)
    pairs = [*_dates(stub, system), ("Voucher No.", str(job.seed % 70000 + stub.number))]
    labels, values = {"font": bold, "size": 9.5}, {"font": plain, "size": 9.5}
    _pairs(page, 60, pairs, right=566, labels=labels, values=values)
    page.box(36, 114, 540, 52)
    page.text(46, 130, job.person.name, font=bold, size=10.5)
    page.lines(46, 143, _address(job.person), font=plain, size=9.5)
    page.text(400, 130, f"Employee SSN  {_ssn(stub, system)}", font=plain, size=9.5)
    page.text(400, 143, f"Paid {job.frequency}", font=plain, size=9.5)


def _voucher_summary(page: DrawnPage, stub: Paystub, system: PayrollSystem, y: float) -> None:
    table = _Table(page, 46, (300, 430, 560), "Times-Roman", 10)
    page.box(36, y - 14, 540, 62)
    items = (stub.gross, stub.taken, stub.net)
    table.row(y, "", [system.gross, system.taken, system.net], font="Times-Bold", size=9)
    current = [system.dollars(item.current) for item in items]
    table.row(y + 18, "Current", current, font="Times-Bold")
    table.row(y + 36, system.ytd, [money(item.ytd) for item in items])


def _ledger(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    """Print everything in one fixed-width face, as a line printer did."""
    _ledger_head(page, stub, system)
    table = _Table(page, 42, (270, 350, 460, 570), "Courier")
    page.rule(42, 180, 570, 180)
    table.row(192, "DESCRIPTION", ["RATE", "HOURS", "CURRENT", system.ytd.upper()])
    page.rule(42, 198, 570, 198)
    y = table.items(214, stub.earnings, system, 13)
    table.total(y + 6, system.gross, stub.gross, system, font="Courier-Bold")
    y = table.items(y + 32, stub.deductions, system, 13)
    table.total(y + 6, system.taken, stub.taken, system, font="Courier-Bold")
    table.total(y + 22, system.net, stub.net, system, font="Courier-Bold")


def _ledger_head(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    job, face = stub.job, "Courier"
    head = [words.upper() for words in (job.employer.name, *_address(job.employer))]
    page.lines(42, 60, head, font=face, size=10)
    page.text(570, 60, "STATEMENT OF EARNINGS", font="Courier-Bold", size=11, align="right")
    start, end, pay = (day for _, day in _dates(stub, system))
    rows = [
        f"EMPLOYEE  {job.person.name.upper()}",
        f"SSN       {_ssn(stub, system)}",
        f"PERIOD    {start} - {end}",
        f"PAY DATE  {pay}",
        f"FREQ      {job.frequency.upper()}",
    ]
    page.lines(42, 112, rows, font=face, size=9.5, leading=12)
    page.lines(380, 124, _address(job.person), font=face)


def _portal(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    """Show a large net amount, then tables, as payroll websites do."""
    _portal_head(page, stub, system)
    table = _Table(page, 40, FULL_WIDTH, "Vera", 8)
    earned = (stub.earnings, stub.gross, system.gross)
    y = _portal_table(table, 190, "Earnings", earned, system)
    taken = (stub.deductions, stub.taken, system.taken)
    y = _portal_table(table, y + 22, "Taxes and deductions", taken, system)
    page.rule(40, y + 10, 572, y + 10, width=1.2)
    table.total(y + 28, system.net, stub.net, system, font="Vera-Bold", size=9)


def _portal_head(page: DrawnPage, stub: Paystub, system: PayrollSystem) -> None:
    job, bold = stub.job, "Vera-Bold"
    small: dict[str, Any] = {"font": "Vera", "size": 8}
    page.box(0, 0, 612, 92, fill=NAVY, stroke=None)
    page.text(40, 44, job.employer.name, font=bold, size=13, colour=WHITE)
    page.text(40, 60, ", ".join(_address(job.employer)), colour=WHITE, **small)
    page.text(572, 40, system.net, align="right", colour=WHITE, **small)
    net = f"${money(stub.net.current)}"
    page.text(572, 62, net, font=bold, size=18, align="right", colour=WHITE)
    page.text(40, 120, job.person.name, font=bold, size=10)
    page.lines(40, 134, [*_address(job.person), f"SSN {_ssn(stub, system)}"], **small)
    pairs = [*_dates(stub, system), ("Pay schedule:", job.frequency)]
    _pairs(page, 120, pairs, right=572, labels={"colour": GREY, **small}, values=small)


def _portal_table(
    table: _Table,
    y: float,
    head: str,
    section: tuple[Sequence[Item], Item, str],
    system: PayrollSystem,
) -> float:
    items, total, label = section
    timed = any(item.hours is not None for item in items)
    names = ["Rate" if timed else "", "Hours" if timed else "", "Current", system.ytd]
    table.row(y, head, names, font="Vera-Bold")
    table.page.rule(40, y + 5, 572, y + 5, colour=GREY)
    y = table.items(y + 21, items, system, 15)
    table.total(y + 2, label, total, system, font="Vera-Bold")
    return y + 8


LAYOUTS: dict[str, Callable[[DrawnPage, Paystub, PayrollSystem], None]] = {
    "ledger": _ledger,
    "portal": _portal,
    "statement": _statement,
    "voucher": _voucher,
}
