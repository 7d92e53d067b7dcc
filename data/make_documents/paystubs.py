"""Payroll that adds up: a job, its pay calendar, and the paystub of any pay date.

The year is worked through period by period, so that two paystubs of one job and its W-2 agree
with each other to the cent. Rates are those of the tax year 2025, rounded where the rounding does
not matter to a paystub. Sources: IRS Publication 15-T (federal), SSA (6.2 %), IRS (1.45 %).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from data.make_documents.people import (
    STATE_TAX,
    Employer,
    Person,
    cents,
    chance,
    make_employer,
    seeded,
)

if TYPE_CHECKING:
    from random import Random

PERIODS = {"Weekly": 52, "Bi-Weekly": 26, "Semi-Monthly": 24, "Monthly": 12}
BRACKETS = ((11925, "0.10"), (48475, "0.12"), (103350, "0.22"), (197300, "0.24"))
STANDARD_DEDUCTION = 15000
SOCIAL_SECURITY_RATE = Decimal("0.062")
MEDICARE_RATE = Decimal("0.0145")
SHIFT_PREMIUM = Decimal("1.75")
VOLUNTARY = ("Medical", "Dental", "Vision", "HSA", "Union Dues", "Parking")


@dataclass(frozen=True)
class Job:
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

    job: Job
    period_start: date
    period_end: date
    pay_date: date
    number: int
    earnings: tuple[Item, ...]
    deductions: tuple[Item, ...]
    gross: Item
    taken: Item
    net: Item


def make_job(rng: Random, person: Person) -> Job:
    """Invent a job for a person.

    Parameters
    ----------
    rng
        Source of chance; the same state gives the same job.
    person
        Who works; the employer is in the same state.

    Returns
    -------
    Job
        Hourly or salaried, $17-$62 an hour or the like.
    """
    frequency = rng.choice(list(PERIODS))
    hourly = frequency in {"Weekly", "Bi-Weekly"} and chance(rng, 0.65)
    yearly = Decimal(rng.randint(38, 128)) * 1000 + Decimal(rng.randint(0, 39)) * 25
    rate = cents(rng.randint(1725, 4650) / Decimal(100)) if hourly else cents(yearly / 12)
    names = rng.sample(VOLUNTARY, 1 if chance(rng, 0.6) else 0)
    return Job(
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
    """List period start, period end and pay date of every pay date in a year.

    Parameters
    ----------
    frequency
        ``Weekly``, ``Bi-Weekly``, ``Semi-Monthly`` or ``Monthly``.
    year
        The year of the pay dates, 2025 or later.

    Returns
    -------
    list
        In order of pay date.
    """
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


def paystub_for(job: Job, year: int, number: int) -> Paystub:
    """Work through the year as far as one pay date.

    Parameters
    ----------
    job
        Who is paid what.
    year
        Year of the pay date.
    number
        1 for the first pay date of the year, and so on.

    Returns
    -------
    Paystub
        Year-to-date figures are the sums of all periods so far.
    """
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


def _earn(job: Job, rng: Random) -> tuple[dict[str, Decimal], dict[str, tuple[Decimal, Decimal]]]:
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


def _earn_salary(job: Job, rng: Random) -> dict[str, Decimal]:
    earned = {"Salary": job.rate}
    commission = rng.randint(15000, 90000)
    if job.extra:
        earned[job.extra] = cents(commission / Decimal(100))
    return earned


def _deduct(job: Job, gross: Decimal) -> dict[str, Decimal]:
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
