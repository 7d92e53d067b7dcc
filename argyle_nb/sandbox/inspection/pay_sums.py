"""The sums that a paystub makes, and which of them can be relied on.

A page may leave rows out, and reading may miss some. A sum that fails is therefore told only where
the same sum is right in the other column, or where every row and its column are certain; and never
where rows that may or may not be counted would explain the difference.
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
MOST_REPEATED = 8
Finding = tuple[str, Decimal, Decimal]


@dataclass(frozen=True)
class Sum:
    """One addition: expected and found, whether it fits, had to fit, and can be judged at all."""

    check: str
    expected: Decimal
    found: Decimal
    fits: bool
    certain: bool = False
    possible: bool = True


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
        loose = stub.of("imputed", "reimbursement", "unknown")
        self.loose = [v for v in self.values(loose) if v][:MOST_LOOSE]

    def values(self, rows: list[PayRow]) -> list[Decimal]:
        """Values of some rows in this column."""
        return [row.values[self.name] for row in rows if self.name in row.values]

    def stated(self, kind: str) -> list[Decimal]:
        """Values of a kind that are not nothing, and whose column is beyond doubt."""
        rows = [row for row in self.stub.of(kind) if not row.doubtful]
        return [value for value in self.values(rows) if value]

    def complete(self, *kinds: str) -> bool:
        """Whether there are rows, and none has an amount of this period but not of the year."""
        rows = self.stub.of(*kinds)
        wanted = [row for row in rows if self.name == "ytd" and "current" in row.values]
        return bool(self.values(rows)) and all(self.name in row.values for row in wanted)

    def unread(self, *kinds: str) -> bool:
        """Whether a column is in doubt, or a row has only the other column's amount."""
        other = "ytd" if self.name == "current" else "current"
        rows = self.stub.of(*kinds)
        return any(r.doubtful or (r.values.get(other) and self.name not in r.values) for r in rows)

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
        """Whether rows of one kind make up a difference: they may be no part of the sum."""
        for kind in kinds:
            rows = [abs(value) for value in self.values(self.stub.of(kind))][:MOST_REPEATED]
            for part in (part for n in range(len(rows)) for part in combinations(rows, n + 1)):
                if abs(sum(part, ZERO) - difference) <= CENT:
                    return True
        return False

    def _left_out(self) -> bool:
        """Whether rows may be missing: of the year, what has no part in this period often is."""
        stated = self.totals or [self.taken]
        return self.name == "ytd" and (not self.net or self.leaves_net(stated))

    @cached_property
    def earnings(self) -> Sum | None:
        """Earnings make gross pay."""
        if not (self.gross and self.complete("earning")):
            return None
        total = sum(self.values(self.stub.of("earning")), ZERO)
        fits = any(self.explained(gross - total) for gross in self.gross)
        check = f"earnings make gross pay ({self.name})"
        short = total < self.gross[0] and self._left_out()
        possible = not (short or self.unread("earning"))
        return Sum(check, total, self.gross[0], fits, possible=possible)

    @cached_property
    def deductions(self) -> Sum | None:
        """Deductions make their total."""
        if not (self.totals and self.complete("tax", "deduction")):
            return None
        fits = any(self.explained(total - self.taken) for total in self.totals)
        fits = fits or self._totals_of_parts()
        check = f"deductions make their total ({self.name})"
        one = len(self.totals) == 1 and self.sure(*TAKEN, "total")
        certain = one and self.leaves_net([self.taken])
        short = self.taken < self.totals[0] and self._left_out()
        possible = not (short or self.unread(*TAKEN))
        return Sum(check, self.taken, self.totals[0], fits, certain, possible)

    def _totals_of_parts(self) -> bool:
        """Whether every total is that of the taxes alone, or of the deductions alone."""
        parts = [signed(self.stub.of(kind), self.name) for kind in TAKEN]
        totals = map(abs, self.stated("total"))
        return all(any(abs(total - part) <= CENT for part in parts) for total in totals)

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
        short = self.name == "ytd" and not self.totals and expected > self.net[0]
        unread = self.unread("imputed", "reimbursement", *(() if added else TAKEN))
        return Sum(check, expected, self.net[0], fits, certain, not (short or unread))

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
            if here and here.possible and not here.fits and (proven or here.certain):
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
    net = max(column.net, default=ZERO)
    if not net or not paid or any(abs(part - net) <= CENT for part in paid):
        return
    total = sum(paid, ZERO)
    unfit = column.pay is not None and not column.pay.fits
    if not column.explained(total - net) and (total > net or unfit):
        yield "deposits make net pay", net, total
