"""The sums that a paystub makes, and which of them can be relied on.

A page may leave rows out, and reading may miss some. A sum that fails is therefore told only where
the same sum is right in the other column, or where every row and its column are certain and no
row that was left out or counted twice would explain the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import combinations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.pay_rows import PayRow
    from argyle_nb.sandbox.inspection.paystubs import Paystub

CENT = Decimal("0.021")
ZERO = Decimal(0)
MOST_LOOSE = 12
MOST_TOTALS = 6
Finding = tuple[str, Decimal, Decimal]


@dataclass(frozen=True)
class Sum:
    """One addition: what is expected and found, whether it fits, and whether it had to."""

    check: str
    expected: Decimal
    found: Decimal
    fits: bool
    certain: bool = False


class Column:
    """The amounts of this period, or of the year to date."""

    def __init__(self, stub: Paystub, name: str) -> None:
        self.stub = stub
        self.name = name
        self.gross = self.stated("gross")
        self.net = self.stated("net")
        self.taken = signed(stub.of("tax", "deduction"), name)
        totals = [abs(total) for total in self.stated("total")][:MOST_TOTALS]
        self.totals = [sum(part, ZERO) for n in (1, 2, 3) for part in combinations(totals, n)]
        loose = stub.of("imputed", "reimbursement", "unknown", "none")
        self.loose = [v for v in self.values(loose) if v][:MOST_LOOSE]

    def values(self, rows: list[PayRow]) -> list[Decimal]:
        """Values of some rows in this column."""
        return [row.values[self.name] for row in rows if self.name in row.values]

    def stated(self, kind: str) -> list[Decimal]:
        """Values of a kind that are not nothing."""
        return [value for value in self.values(self.stub.of(kind)) if value]

    def complete(self, *kinds: str) -> bool:
        """Whether no row has an amount of this period and lacks the one of the year."""
        rows = self.stub.of(*kinds)
        wanted = [row for row in rows if self.name == "ytd" and "current" in row.values]
        return bool(self.values(rows)) and all(self.name in row.values for row in wanted)

    def sure(self, *kinds: str) -> bool:
        """Whether headers name the columns of all such rows, and no row's meaning is unknown."""
        return all(row.sure for row in self.stub.of(*kinds)) and not self.stub.of("unknown")

    def explained(self, difference: Decimal) -> bool:
        """Whether rows that may or may not be counted make up a difference."""
        if abs(difference) <= CENT:
            return True
        for part in (*combinations(self.loose, 1), *combinations(self.loose, 2)):
            for signs in product((1, -1), repeat=len(part)):
                extra = sum((s * v for s, v in zip(signs, part, strict=True)), ZERO)
                if abs(difference - extra) <= CENT:
                    return True
        return False

    def repeats(self, difference: Decimal, *kinds: str) -> bool:
        """Whether one row alone makes up a difference: it may be no part of the sum."""
        return any(abs(abs(v) - difference) <= CENT for v in self.values(self.stub.of(*kinds)))

    @cached_property
    def earnings(self) -> Sum | None:
        """Earnings make gross pay."""
        if not (self.gross and self.complete("earning")):
            return None
        total = sum(self.values(self.stub.of("earning")), ZERO)
        fits = any(self.explained(gross - total) for gross in self.gross)
        more = total - min(self.gross, key=lambda gross: abs(gross - total))
        certain = more > 0 and self.sure("earning", "gross") and not self.repeats(more, "earning")
        check = f"earnings make gross pay ({self.name})"
        return Sum(check, total, self.gross[0], fits, certain)

    @cached_property
    def deductions(self) -> Sum | None:
        """Deductions make their total."""
        if not (self.totals and self.complete("tax", "deduction")):
            return None
        fits = any(self.explained(total - self.taken) for total in self.totals)
        fits = fits or self._totals_of_parts()
        check = f"deductions make their total ({self.name})"
        return Sum(check, self.taken, self.totals[0], fits, self._deductions_certain())

    def _totals_of_parts(self) -> bool:
        """Whether every total is that of the taxes alone, or of the deductions alone."""
        parts = [signed(self.stub.of(kind), self.name) for kind in TAKEN]
        totals = map(abs, self.stated("total"))
        return all(any(abs(total - part) <= CENT for part in parts) for total in totals)

    def _deductions_certain(self) -> bool:
        if not (self.gross and self.net and self.sure(*TAKEN, "total")):
            return False
        more = self.taken - max(self.totals)
        if self.leaves_net(self.totals):  # the list may be short, but not too long
            return more > 0 and not self.repeats(more, *TAKEN)
        return self.leaves_net([self.taken]) and len(self.totals) == 1

    def leaves_net(self, taken: list[Decimal]) -> bool:
        """Whether gross pay less one of these is net pay."""
        return any(
            self.explained(gross - part - net)
            for gross in self.gross
            for net in self.net
            for part in taken
        )

    @cached_property
    def pay(self) -> Sum | None:
        """Gross pay less deductions makes net pay."""
        listed = [self.taken] if self.complete(*TAKEN) else []
        if not (self.gross and self.net and (listed or self.totals)):
            return None
        expected = self.gross[0] - [*listed, *self.totals][0]
        added = self.deductions is not None and self.deductions.fits
        certain = added or (bool(listed) and self.sure("gross", "net", *TAKEN))
        check = f"gross less deductions makes net pay ({self.name})"
        fits = self.leaves_net([*listed, *self.totals])
        return Sum(check, expected, self.net[0], fits, certain)

    @property
    def all_listed(self) -> bool:
        """Whether the deductions that were read are all there are."""
        return any(found is not None and found.fits for found in (self.deductions, self.pay))


TAKEN = ("tax", "deduction")


def signed(rows: list[PayRow], name: str) -> Decimal:
    """Add deductions up, whether the page prints them with a minus or without; refunds reduce."""
    values = [row.values[name] for row in rows if name in row.values]
    negative = sum(value < 0 for value in values) * 2 > len(values)
    return -sum(values, ZERO) if negative else sum(values, ZERO)


def failing_sums(stub: Paystub) -> Iterator[Finding]:
    """Find the sums of a paystub that fail though they were read with certainty."""
    current, ytd = Column(stub, "current"), Column(stub, "ytd")
    for column, other in ((current, ytd), (ytd, current)):
        yield from _agreement(column)
        for here, there in (
            (column.earnings, other.earnings),
            (column.deductions, other.deductions),
            (column.pay, other.pay),
        ):
            proven = there is not None and there.fits
            if here is not None and not here.fits and (proven or here.certain):
                yield here.check, here.expected, here.found
    yield from _deposits(current)


def _agreement(column: Column) -> Iterator[Finding]:
    """Compare what a paystub states more than once."""
    for kind in ("gross", "net"):
        rows = [row for row in column.stub.of(kind) if row.sure and row.values.get(column.name)]
        for row, other in combinations(rows, 2):
            first, second = row.values[column.name], other.values[column.name]
            apart = abs(first - second)
            part = column.repeats(apart, *TAKEN, "earning", "deposit", "total")
            if not column.explained(apart) and not part:
                yield f"{kind} pay stated twice ({column.name})", first, second


def _deposits(column: Column) -> Iterator[Finding]:
    """Compare what went to accounts with net pay; less may be, when the rest was a check."""
    paid = [abs(value) for value in column.stated("deposit")]
    if not (paid and column.net) or any(abs(part - column.net[0]) <= CENT for part in paid):
        return
    total = sum(paid, ZERO)
    unfit = column.pay is not None and not column.pay.fits
    if not column.explained(total - column.net[0]) and (total > column.net[0] or unfit):
        yield "deposits make net pay", column.net[0], total
