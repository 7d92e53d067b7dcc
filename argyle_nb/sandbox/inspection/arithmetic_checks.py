"""Whether what a document says can be true: sums, taxes, days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.pay_sums import (
    CENT,
    TAKEN,
    ZERO,
    Column,
    Finding,
    failing_sums,
    signed,
)
from argyle_nb.sandbox.inspection.scoring import DetectedSignal, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.origin_checks import Origin
    from argyle_nb.sandbox.inspection.pay_rows import PayRow
    from argyle_nb.sandbox.inspection.paystubs import Paystub
    from argyle_nb.sandbox.inspection.tax_forms import TaxForm


SUMS, TAXES, DATES = "sbx_sums_do_not_add_up", "sbx_taxes_do_not_fit", "sbx_impossible_dates"
SOCIAL_SECURITY = Decimal("0.062")
MEDICARE = Decimal("0.0145")
ADDITIONAL_MEDICARE = Decimal("0.0235")
# Social Security wage base by year (SSA, contribution and benefit base).
WAGE_BASE = {2022: 147_000, 2023: 160_200, 2024: 168_600, 2025: 176_100, 2026: 184_500}
FEDERAL = re.compile(r"\bfed\w*\b.*(income|tax|with|w/?h)|\bfit\b|\bfwt\b", re.IGNORECASE)
MOST_WITHHELD = Decimal("0.5")
# Flat by law for bonuses (IRS Publication 15, supplemental wages).
SUPPLEMENTAL = (22, 37)
LONG_FIGURE = 6
# Quarters, bonuses of a year, and pay that was owed take long, but no longer.
A_YEAR = timedelta(days=366)
# Pay comes within days of a period's beginning or of its end, in between only when it is short.
AFTER_BEGINNING = timedelta(days=10)
BEFORE_END = timedelta(days=21)
BEFORE_BEGINNING = timedelta(days=7)
A_MONTH = timedelta(days=31)
DAYS_BETWEEN_PAYS = {"BI_WEEKLY": 14, "SEMI_MONTHLY": 15, "MONTHLY": 30}
MADE_BEFORE_END = timedelta(days=10)
MADE_BEFORE_PAY = timedelta(days=45)
PLAIN_TIME = re.compile(
    r"^(?!.*(over|retro)).*(\breg|salar|hourly|\bbase\b|straight)", re.IGNORECASE
)
# Some print the plain rate beside time and a half, double time, or the half that is added.
PRINTED_RATES = (Decimal(1), Decimal("1.5"), Decimal(2), Decimal("0.5"))
HIGH_PAY = 190_000


def paystub_signals(stub: Paystub, origin: Origin) -> list[DetectedSignal]:
    """Check a paystub's sums, taxes and days."""
    signals: list[DetectedSignal] = []
    for each in (stub, *stub.others):
        signals += [_contradiction(SUMS, *one) for one in (*failing_sums(each), *_rows(each))]
        signals += [_contradiction(TAXES, *one) for one in _paystub_taxes(each)]
        signals += [found(DATES, problem=problem) for problem in _paystub_days(each, origin)]
        signals += _flat_withholding(each)
    return signals


def form_signals(form: TaxForm, origin: Origin) -> list[DetectedSignal]:
    """Check a W-2's or 1099's taxes and year."""
    signals = [found(DATES, problem=problem) for problem in _year(form, origin)]
    signals += [_contradiction(SUMS, *one) for one in (*_form_limits(form), *_state_income(form))]
    for pair in PAIRS:
        signals += _tax_of(form, *pair)
    return signals


def _contradiction(signal: str, check: str, expected: Decimal, said: Decimal) -> DetectedSignal:
    return found(signal, check=check, expected=f"{expected:.2f}", found=f"{said:.2f}")


# -- rows of a paystub


def _rows(stub: Paystub) -> Iterator[Finding]:
    rows = [row for row in stub.rows if row.sure and row.kind not in ("none", "unknown")]
    ytd = Column(stub, "ytd")
    # Where the year adds up, a row below this period was corrected in it.
    right = {"earning": ytd.earnings, "tax": ytd.deductions, "deduction": ytd.deductions}
    less = [
        finding
        for row in rows
        for finding in _less_than_this_period(row)
        if not ((added := right.get(row.kind)) and added.fits)
    ]
    if 2 * len(less) <= len(rows):  # else the columns stand the other way round
        yield from less
    for row in rows:
        if row.kind == "earning" and {"hours", "rate", "current"} <= row.values.keys():
            yield from _hours_by_rate(row)


def _less_than_this_period(row: PayRow) -> Iterator[Finding]:
    current, ytd = row.values.get("current"), row.values.get("ytd")
    if current and ytd and abs(ytd) < abs(current) - CENT:
        yield f"year to date below this period: {row.description}", current, ytd


def _hours_by_rate(row: PayRow) -> Iterator[Finding]:
    hours, rate, current = (row.values[name] for name in ("hours", "rate", "current"))
    if not (hours and rate and current) or rate >= abs(current) - CENT:
        return  # a salary printed as the rate of the period
    expected = hours * rate
    slack = CENT + abs(hours) * Decimal("0.0051") + rate * Decimal("0.0051")
    if PLAIN_TIME.search(row.description):
        fits = any(abs(expected * by - current) <= 2 * slack for by in PRINTED_RATES)
    else:  # holidays, sick leave, overtime: a part of the rate or a multiple of it
        fits = expected / 2 - slack <= current <= 3 * expected + slack
    if not fits:
        yield f"hours by rate: {row.description}", expected, current


# -- taxes


def _paystub_taxes(stub: Paystub) -> Iterator[Finding]:
    """Compare Social Security and Medicare with each other, and both with gross pay."""
    for name in ("current", "ytd"):
        column = Column(stub, name)
        paid = stub.pay_date or stub.end
        other_law = paid is not None and paid.year in OTHER_LAW
        social = None if other_law else _only_row(stub, SOCIAL_SECURITY, name)
        medicare = _only_row(stub, MEDICARE, name)
        found = list(_two_taxes(column, social, medicare)) if social and medicare else []
        taxes = [(social, SOCIAL_SECURITY), (medicare, MEDICARE)]
        given = [(row, rate) for row, rate in taxes if row is not None]
        if not found and column.gross and name == "current":
            found = list(_taxes_of_gross(column, given))
        elif not found and column.gross and len(given) == len(taxes):
            found = list(_taxes_of_the_year(column, given))
        yield from found


def _only_row(stub: Paystub, rate: Decimal, name: str) -> PayRow | None:
    rows = [
        row for row in stub.of("tax") if _rate_of(row.description) == rate and row.values.get(name)
    ]
    return rows[0] if len(rows) == 1 else None


def _two_taxes(column: Column, social: PayRow, medicare: PayRow) -> Iterator[Finding]:
    """Both are shares of the same wages, whatever these are."""
    if social.values.keys() != medicare.values.keys():
        return
    paid, other = (abs(row.values[column.name]) for row in (social, medicare))
    expected = other / MEDICARE * SOCIAL_SECURITY
    slack = Decimal("0.06") if column.name == "current" else max(Decimal("1.5"), paid / 500)
    if paid < expected and _may_be_capped(column.stub):
        return
    if abs(paid - expected) > slack:
        of_gross = [abs(gross * MEDICARE - other) <= CENT for gross in column.gross]
        if any(of_gross) or not column.gross:
            yield f"{social.description} beside {medicare.description}", expected, paid
        else:
            wanted = paid / SOCIAL_SECURITY * MEDICARE
            yield f"{medicare.description} beside {social.description}", wanted, other


def _taxes_of_gross(column: Column, given: list[tuple[PayRow, Decimal]]) -> Iterator[Finding]:
    sure = column.sure("gross", *TAKEN) and len(given) > 1
    if not (column.all_listed or sure) or column.unread("deduction"):
        return
    gross, bases = column.gross[0], _bases(column)
    slack = max(Decimal("0.05"), gross * Decimal("0.0002"))
    for row, rate in given:
        paid, rates = abs(row.values["current"]), [rate]
        if rate == MEDICARE:
            rates.append(ADDITIONAL_MEDICARE)
        elif paid < gross * rate and _may_be_capped(column.stub):
            continue
        if all(abs(base * r - paid) > slack for base in bases for r in rates):
            yield f"{row.description} of gross pay", gross * rate, paid


def _bases(column: Column) -> set[Decimal]:
    """Wages that may be taxed: without any of the deductions, with any of what is added."""
    parts = [abs(v) for v in column.values(column.stub.of("deduction"))][:8]
    extra = column.values(column.stub.of("imputed", "reimbursement", "unknown"))[:4]
    less = {sum(part, ZERO) for n in range(len(parts) + 1) for part in combinations(parts, n)}
    more = {sum(part, ZERO) for n in range(len(extra) + 1) for part in combinations(extra, n)}
    signs = (1, -1)
    return {g - a + sign * b for g in column.gross for a in less for b in more for sign in signs}


def _taxes_of_the_year(column: Column, given: list[tuple[PayRow, Decimal]]) -> Iterator[Finding]:
    """Hold wages taxed against gross pay without any deduction, and with all that is added."""
    if not (_columns_certain(column, given) and column.complete(*TAKEN)) or len(column.gross) > 1:
        return
    gross = column.gross[0]
    if _exempt_before(column.stub, gross, [row for row, _ in given]):
        return
    added = sum(map(abs, column.loose), ZERO) + max(Decimal(1), gross / 500)
    least = gross - abs(signed(column.stub.of("deduction"), "ytd")) - added
    for row, rate in given:
        paid = abs(row.values["ytd"])
        if paid < least * rate and rate == SOCIAL_SECURITY and _may_be_capped(column.stub):
            continue
        if not least * rate <= paid <= max(rate * (gross + added), _most_medicare(gross, rate)):
            yield f"{row.description} of gross pay (ytd)", gross * rate, paid


def _exempt_before(stub: Paystub, gross: Decimal, rows: list[PayRow]) -> bool:
    """Whether income tax kept pace with gross pay while the others did not: a student's do."""
    current = max(Column(stub, "current").gross, default=ZERO)
    income = [row for row in stub.of("tax") if FEDERAL.search(row.description) and row not in rows]
    kept, others = _pace(income[:1]), _pace(rows)
    if not (current and kept and others):
        return others is None
    return abs(kept - gross / current) < abs(kept - others)


def _pace(rows: list[PayRow]) -> Decimal | None:
    """Return how many times what was paid this period was paid in the year."""
    current, ytd = (
        sum((abs(r.values.get(n, ZERO)) for r in rows), ZERO) for n in ("current", "ytd")
    )
    return ytd / current if current else None


def _columns_certain(column: Column, given: list[tuple[PayRow, Decimal]]) -> bool:
    """Whether headers name the columns, or the taxes of this period show which one it is."""
    if column.sure("gross", *TAKEN):
        return True
    current = Column(column.stub, "current").gross[:1]
    rows = column.stub.of("gross", *TAKEN)
    return all(row.values.keys() == {"current", "ytd"} for row in rows) and all(
        abs(gross * rate - abs(row.values["current"])) <= CENT
        for gross in current
        for row, rate in given
    )


def _most_medicare(gross: Decimal, rate: Decimal) -> Decimal:
    return gross * ADDITIONAL_MEDICARE if rate == MEDICARE and gross > HIGH_PAY else ZERO


def _flat_withholding(stub: Paystub) -> Iterator[DetectedSignal]:
    """Find federal income tax that is a whole percentage of gross pay, to the cent."""
    gross = Column(stub, "current").gross
    for row in stub.of("tax"):
        paid = abs(row.values.get("current", ZERO))
        if not (gross and paid and row.sure and FEDERAL.search(row.description)):
            continue
        share = (100 * paid / gross[0]).to_integral_value()
        exact = (gross[0] * share / 100).quantize(Decimal("0.01")) == paid
        if exact and share and share not in SUPPLEMENTAL and paid % 1:
            yield _flat(row.description, f"{share}", gross[0])


def _flat(check: str, share: str, of: Decimal) -> DetectedSignal:
    return found("sbx_flat_withholding", check=check, share=f"{share} %", of=f"{of:.2f}")


def _rate_of(description: str) -> Decimal | None:
    name = description.lower()
    if "medicare" in name or name in ("fica-m", "fica med"):
        return None if "add" in name or "surtax" in name else MEDICARE
    social = "social sec" in name or "soc sec" in name or "oasdi" in name or "fica-ss" in name
    return SOCIAL_SECURITY if social else None


def _may_be_capped(stub: Paystub) -> bool:
    """Whether Social Security may have ended for the year; it can only make the tax less."""
    ytd, current = Column(stub, "ytd"), Column(stub, "current")
    medicare = _only_row(stub, MEDICARE, "ytd")
    if medicare is not None:
        ytd.gross.append(abs(medicare.values["ytd"]) / MEDICARE)
    earned = max(ytd.gross, default=52 * max(current.gross, default=ZERO))
    return earned > min(WAGE_BASE.values())


# Years in which employees might pay less or more Social Security (Tax Relief Act of 2010; IRS
# Notice 2020-65).
OTHER_LAW = (2011, 2012, 2020, 2021)
# Wages, their tax, the rate that is law, and rates that makers of samples take for it: with the
# employer's half, or both taxes in one.
PAIRS = (
    ("socialSecurityWages", "socialSecurityTaxWithheld", SOCIAL_SECURITY, ("7.65", "12.4")),
    ("medicareWagesAndTips", "medicareTaxWithheld", MEDICARE, ("7.65", "2.9")),
)


def _tax_of(
    form: TaxForm, wages_key: str, tax_key: str, rate: Decimal, mistaken: tuple[str, ...]
) -> Iterator[DetectedSignal]:
    """Check a tax against its wages; at a mistaken rate, both still come from one calculation."""
    wages, tax = form.money(wages_key), form.money(tax_key)
    if wages is None or tax is None:
        return
    bases = [wages]
    if rate == SOCIAL_SECURITY:
        bases.append(wages + (form.money("socialSecurityTips") or 0))
    if any(_fits(base, tax, rate) for base in bases):
        return
    short = bases[-1] * rate - tax
    lawful = rate == SOCIAL_SECURITY and form.year in OTHER_LAW
    # Box 12 has what could not be collected on tips.
    if short > 0 and (lawful or any(abs(short - figure) <= 1 for figure in form.figures)):
        return
    share = _mistaken(form, wages_key, tax_key, mistaken)
    if share is None:
        yield _contradiction(TAXES, tax_key, bases[-1] * rate, tax)
    else:
        yield _flat(tax_key, share, wages)


def _mistaken(form: TaxForm, wages_key: str, tax_key: str, shares: tuple[str, ...]) -> str | None:
    """Return the mistaken percentage at which a tax was made from its wages, if there is one."""
    wages, tax = form.money(wages_key), form.money(tax_key)
    if wages is None or tax is None:
        return None
    return next((each for each in shares if _fits(wages, tax, Decimal(each) / 100)), None)


def _fits(wages: Decimal, tax: Decimal, rate: Decimal) -> bool:
    """Whether a tax is that rate of the wages, for Medicare with the additional tax or without."""
    more = max(Decimal(0), wages - 200_000) * Decimal("0.009")
    expected = [wages * rate] + ([wages * rate + more] if rate != SOCIAL_SECURITY else [])
    slack = max(Decimal("1.05"), wages * Decimal("0.00005"))
    return any(abs(each - tax) <= slack for each in expected)


def _form_limits(form: TaxForm) -> Iterator[Finding]:
    wages, medicare = form.money("wagesTipsOtherComp"), form.money("medicareWagesAndTips")
    social, base = form.money("socialSecurityWages"), WAGE_BASE.get(form.year or 0)
    # Wages that fit their taxes at mistaken rates are their maker's: none was changed alone.
    invented = all(_mistaken(form, wage, tax, shares) for wage, tax, _, shares in PAIRS)
    if social and medicare and social > medicare + 1 and not invented:
        yield "wages of box 3 above Medicare wages of box 5", medicare, social
    # Where box 3 is neither box 5 nor the base, not all wages bear both taxes; box 1 may be more.
    if wages is not None and medicare and social in (medicare, base):
        deferred = sum(form.deferrals(), Decimal(0))
        limit = medicare - deferred + (form.money("nonqualifiedPlans") or 0)
        premium = wages - limit in form.figures  # of an owner's health insurance
        if wages > limit + 1 and not premium:
            yield "wages of box 1 above Medicare wages of box 5", limit, wages
    if social and base and social > base + 1:
        yield f"wages of box 3 above the base of {form.year}", Decimal(base), social
    paid, withheld = form.pay, form.withheld
    if paid is not None and withheld is not None and withheld > paid * MOST_WITHHELD + 1:
        yield "income tax above half of pay", paid * MOST_WITHHELD, withheld


def _state_income(form: TaxForm) -> Iterator[Finding]:
    """Compare income with the state's share of it: more, or one digit of the same figure off."""
    state = form.money("stateWagesTipsEtc" if form.is_w2 else "stateIncome")
    if state is None or form.pay is None:
        return
    if not form.is_w2 and state > form.pay + 1:
        yield "state income above all income", form.pay, state
    known = {form.pay, form.money("socialSecurityWages"), form.money("medicareWagesAndTips")}
    explained = state in known or abs(state - form.pay) in form.figures
    if not explained and _one_digit_apart(state, form.pay):
        yield "state income one digit off", form.pay, state


def _one_digit_apart(one: Decimal, other: Decimal) -> bool:
    first, second = f"{one:.2f}", f"{other:.2f}"
    off = [a != b for a, b in zip(first, second, strict=False)]
    return len(first) == len(second) and sum(off) == 1 and len(first) > LONG_FIGURE


# -- days


def _paystub_days(stub: Paystub, origin: Origin) -> Iterator[str]:
    yield from (f"{text} is no day" for text in stub.impossible)
    start, end, paid = stub.start, stub.end, stub.pay_date
    if start and end and end < start:
        yield f"period ends {end} before it starts {start}"
    if start and end and end - start > A_YEAR:
        yield f"period from {start} to {end} is longer than any pay period"
    if start and paid and start - paid > BEFORE_BEGINNING:
        yield f"paid {paid} before the period starts {start}"
    if end and paid and paid - end > A_YEAR:
        yield f"paid {paid}, long after the period ended {end}"
    if end and paid and end - paid > BEFORE_END:
        begun = start or end - A_MONTH
        if not -BEFORE_BEGINNING <= paid - begun <= AFTER_BEGINNING:
            yield f"paid {paid}, long before the period ended {end}"
    yield from _too_many_pays(stub)
    yield from _against_file(end, paid, origin)


def _too_many_pays(stub: Paystub) -> Iterator[str]:
    """Find a year to date of more equal pays than there were pay days since New Year.

    Social Security and Medicare are shares of gross pay: that all three are equal shows nothing.
    """
    rows = [row for row in stub.of("gross", "tax") if row.values.keys() >= {"current", "ytd"}]
    rows = [row for row in rows if _rate_of(row.description) is None]
    shares = [row.values["ytd"] / row.values["current"] for row in rows if row.values["current"]]
    if stub.pay_date is None or len(shares) <= 1 or shares.count(shares[0]) == 1:
        return
    pays, days = shares[0], stub.pay_date.timetuple().tm_yday
    if pays == int(pays) and pays > days / DAYS_BETWEEN_PAYS.get(stub.frequency or "", 7) + 2:
        yield f"{pays:.0f} equal pays of one year by {stub.pay_date}"


def _against_file(end: date | None, paid: date | None, origin: Origin) -> Iterator[str]:
    # A blank form is made before it is filled in.
    saved = max(filter(None, (origin.created, origin.modified)), default=None)
    if saved is None:
        return
    made = saved.date()
    if end and min(end, paid or end) - made > MADE_BEFORE_END:
        yield f"file made {made}, before the period ended {end}"
    elif paid and paid - made > MADE_BEFORE_PAY:
        yield f"file made {made}, long before payment {paid}"


def _year(form: TaxForm, origin: Origin) -> Iterator[str]:
    year = form.year
    if year is None or form.pay is None:  # a blank form may be of any year
        return
    known = max(filter(None, (origin.created, origin.modified, datetime.now(UTC))))
    # Who leaves a job may get a form at once, and a blank form is made before it is filled in.
    saved = max(filter(None, (origin.created, origin.modified)), default=None)
    if year > known.year:
        yield f"tax year {year} has not ended"
    elif saved and date(year, 3, 1) > saved.date():
        yield f"file made {saved.date()}, before tax year {year} ended"
