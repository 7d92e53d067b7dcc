"""Whether what a document says can be true: sums, taxes, days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.scoring import DetectedSignal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.origin_checks import Origin
    from argyle_nb.sandbox.inspection.paystubs import PayRow, Paystub
    from argyle_nb.sandbox.inspection.tax_forms import TaxForm


CENT = Decimal("0.021")
SOCIAL_SECURITY = Decimal("0.062")
MEDICARE = Decimal("0.0145")
ADDITIONAL_MEDICARE = Decimal("0.0235")
# Social Security wage base by year (SSA, contribution and benefit base).
WAGE_BASE = {2022: 147_000, 2023: 160_200, 2024: 168_600, 2025: 176_100, 2026: 184_500}
FEDERAL = re.compile(r"\bfed\w*\b.*(income|tax|with|w/?h)|\bfit\b|\bfwt\b", re.IGNORECASE)
# Flat by law for bonuses (IRS Publication 15, supplemental wages).
SUPPLEMENTAL = (22, 37)
MOST_WITHHELD = Decimal("0.5")
LONG_FIGURE = 6
LONGEST_PERIOD = timedelta(days=45)
PAID_AFTER_PERIOD = timedelta(days=45)
MADE_BEFORE_END = timedelta(days=10)
MADE_BEFORE_PAY = timedelta(days=45)
Finding = tuple[str, Decimal, Decimal]


def paystub_signals(stub: Paystub, origin: Origin) -> list[DetectedSignal]:
    """Check a paystub's sums, taxes and days."""
    signals = [_sum_signal(*finding) for finding in _paystub_sums(stub)]
    signals += [_tax_signal(*finding) for finding in _paystub_taxes(stub)]
    signals += [_date_signal(problem) for problem in _paystub_days(stub, origin)]
    signals += [
        DetectedSignal("sbx_flat_withholding", evidence=[found])
        for found in _flat_withholding(stub)
    ]
    return signals


def form_signals(form: TaxForm, origin: Origin) -> list[DetectedSignal]:
    """Check a W-2's or 1099's taxes and year."""
    signals = [_date_signal(problem) for problem in _year(form, origin)]
    signals += [_sum_signal(*finding) for finding in _form_limits(form)]
    signals += [_sum_signal(*finding) for finding in _state_income(form)]
    for pair in PAIRS:
        signals += _tax_of(form, *pair)
    return signals


def _sum_signal(what: str, expected: Decimal, found: Decimal) -> DetectedSignal:
    evidence: dict[str, str | None] = {
        "check": what,
        "expected": f"{expected:.2f}",
        "found": f"{found:.2f}",
    }
    return DetectedSignal("sbx_sums_do_not_add_up", evidence=[evidence])


def _tax_signal(what: str, expected: Decimal, found: Decimal) -> DetectedSignal:
    signal = _sum_signal(what, expected, found)
    return DetectedSignal("sbx_taxes_do_not_fit", evidence=signal.evidence)


def _date_signal(problem: str) -> DetectedSignal:
    return DetectedSignal("sbx_impossible_dates", evidence=[{"problem": problem}])


# -- sums of a paystub


def _paystub_sums(stub: Paystub) -> Iterator[Finding]:
    for column in ("current", "ytd"):
        yield from _agreement(stub, column)
        yield from _gross(stub, column)
        yield from _net(stub, column)
    yield from _deposits(stub)
    yield from _rows(stub)


def _values(rows: list[PayRow], column: str) -> list[Decimal]:
    return [row.values[column] for row in rows if column in row.values]


def _complete(rows: list[PayRow], column: str) -> bool:
    return bool(rows) and all(column in row.values for row in rows)


def _stated(stub: Paystub, kind: str, column: str) -> list[Decimal]:
    return [value for value in _values(stub.of(kind), column) if value]


def _agreement(stub: Paystub, column: str) -> Iterator[Finding]:
    """Compare what a paystub states more than once."""
    for kind in ("gross", "net"):
        stated = _stated(stub, kind, column)
        for other in stated[1:]:
            if abs(other - stated[0]) > CENT:
                yield f"{kind} pay stated twice ({column})", stated[0], other


def _gross(stub: Paystub, column: str) -> Iterator[Finding]:
    rows, stated = stub.of("earning"), _stated(stub, "gross", column)
    if stated and _complete(rows, column):
        total = sum(_values(rows, column), Decimal(0))
        if all(abs(total - gross) > CENT for gross in stated):
            yield f"earnings make gross pay ({column})", total, stated[0]


def _net(stub: Paystub, column: str) -> Iterator[Finding]:
    gross, net = _stated(stub, "gross", column), _stated(stub, "net", column)
    rows, totals = stub.of("tax", "deduction"), _stated(stub, "total", column)
    listed = [abs(v) for v in _values(rows, column)] if _complete(rows, column) else []
    taken = [sum(listed, Decimal(0))] if listed else []
    stated = [sum(map(abs, part)) for n in (1, 2, 3) for part in combinations(totals[:6], n)]
    if taken and stated and all(abs(taken[0] - total) > CENT for total in stated):
        yield f"deductions make their total ({column})", taken[0], abs(totals[0])
    candidates = [Decimal(total) for total in (taken or stated)]
    if gross and net and candidates:
        repaid = sum(_values(stub.of("reimbursement"), column), Decimal(0))
        expected = [gross[0] - total + extra for total in candidates for extra in (0, repaid)]
        if all(abs(value - net[0]) > CENT for value in expected):
            yield f"gross less deductions makes net pay ({column})", expected[0], net[0]


def _deposits(stub: Paystub) -> Iterator[Finding]:
    paid = [abs(value) for value in _values(stub.of("deposit"), "current")]
    net = _stated(stub, "net", "current")
    if (
        paid
        and net
        and abs(sum(paid) - net[0]) > CENT
        and all(abs(p - net[0]) > CENT for p in paid)
    ):
        yield "deposits make net pay", net[0], sum(paid, Decimal(0))


def _rows(stub: Paystub) -> Iterator[Finding]:
    for row in stub.rows:
        current, ytd = row.values.get("current"), row.values.get("ytd")
        if row.kind != "none" and current and ytd and abs(ytd) < abs(current) - CENT:
            yield f"year to date below this period: {row.description}", current, ytd
        hours, rate = row.values.get("hours"), row.values.get("rate")
        if row.kind == "earning" and hours and rate and current:
            slack = CENT + hours * Decimal("0.0051") + rate * Decimal("0.0051")
            if abs(hours * rate - current) > slack and not _premium(hours * rate, current, slack):
                yield f"hours by rate: {row.description}", hours * rate, current


def _premium(product: Decimal, current: Decimal, slack: Decimal) -> bool:
    """Overtime printed with the plain rate: time and a half, or double time."""
    return any(
        abs(product * factor - current) <= 2 * slack for factor in (Decimal("1.5"), Decimal(2))
    )


# -- taxes


def _paystub_taxes(stub: Paystub) -> Iterator[Finding]:
    gross = _stated(stub, "gross", "current")
    if not gross:
        return
    before_tax = [abs(v) for v in _values(stub.of("deduction"), "current")][:8]
    bases = {
        gross[0] - sum(part)
        for n in range(len(before_tax) + 1)
        for part in combinations(before_tax, n)
    }
    capped = _over_base(stub)
    for row in stub.of("tax"):
        rate = _rate_of(row.description)
        paid = abs(row.values.get("current", Decimal(0)))
        if rate is None or not paid or (capped and rate == SOCIAL_SECURITY):
            continue
        rates = [rate] if rate != MEDICARE else [rate, ADDITIONAL_MEDICARE]
        slack = max(Decimal("0.05"), gross[0] * Decimal("0.0002"))
        if all(abs(base * r - paid) > slack for base in bases for r in rates):
            yield f"{row.description} of gross pay", gross[0] * rate, paid


def _flat_withholding(stub: Paystub) -> Iterator[dict[str, str | None]]:
    """Find federal income tax that is a whole percentage of gross pay, to the cent."""
    gross = _stated(stub, "gross", "current")
    for row in stub.of("tax"):
        paid = abs(row.values.get("current", Decimal(0)))
        if not (gross and paid and FEDERAL.search(row.description)):
            continue
        share = (100 * paid / gross[0]).to_integral_value()
        exact = (gross[0] * share / 100).quantize(Decimal("0.01")) == paid
        if exact and share and share not in SUPPLEMENTAL:
            yield {"check": row.description, "share": f"{share} %", "of": f"{gross[0]:.2f}"}


def _rate_of(description: str) -> Decimal | None:
    name = description.lower()
    if "medicare" in name or name in ("fica-m", "fica med"):
        return None if "add" in name or "surtax" in name else MEDICARE
    social = "social sec" in name or "soc sec" in name or "oasdi" in name or "fica-ss" in name
    return SOCIAL_SECURITY if social else None


def _over_base(stub: Paystub) -> bool:
    earned = max(_stated(stub, "gross", "ytd"), default=Decimal(0))
    return earned > min(WAGE_BASE.values())


# Wages, their tax, the rate that is law, and rates that makers of samples take for it: with the
# employer's half, or both taxes in one.
PAIRS = (
    ("socialSecurityWages", "socialSecurityTaxWithheld", SOCIAL_SECURITY, ("7.65", "12.4")),
    ("medicareWagesAndTips", "medicareTaxWithheld", MEDICARE, ("7.65", "2.9")),
)
# The employee's Social Security rate of two years (Tax Relief Act of 2010).
LOWERED = {2011: Decimal("0.042"), 2012: Decimal("0.042")}


def _tax_of(
    form: TaxForm, wages_key: str, tax_key: str, rate: Decimal, mistaken: tuple[str, ...]
) -> Iterator[DetectedSignal]:
    """Check a tax against its wages; at a mistaken rate, both still come from one calculation."""
    wages, tax = form.money(wages_key), form.money(tax_key)
    if wages is None or tax is None:
        return
    bases, rates = [wages], [rate]
    if rate == SOCIAL_SECURITY:
        bases.append(wages + (form.money("socialSecurityTips") or 0))
        rates.append(LOWERED.get(form.year or 0, rate))
    if any(_fits(base, tax, each) for base in bases for each in rates):
        return
    share = _mistaken(form, wages_key, tax_key, mistaken)
    if share is None:
        yield _tax_signal(tax_key, bases[-1] * rate, tax)
        return
    evidence: dict[str, str | None] = {
        "check": tax_key,
        "share": f"{share} %",
        "of": f"{wages:.2f}",
    }
    yield DetectedSignal("sbx_flat_withholding", evidence=[evidence])


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
        if wages > limit + 1:
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
    if start and end and end - start > LONGEST_PERIOD:
        yield f"period from {start} to {end} is longer than any pay period"
    if start and paid and paid < start:
        yield f"paid {paid} before the period starts {start}"
    if end and paid and paid - end > PAID_AFTER_PERIOD:
        yield f"paid {paid}, long after the period ended {end}"
    if end and paid and end - paid > timedelta(days=21):
        yield f"paid {paid}, long before the period ended {end}"
    yield from _against_file(end, paid, origin)


def _against_file(end: date | None, paid: date | None, origin: Origin) -> Iterator[str]:
    if origin.created is None:
        return
    made = origin.created.date()
    if end and end - made > MADE_BEFORE_END:
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
