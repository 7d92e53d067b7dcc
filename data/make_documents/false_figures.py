"""Which texts of a document fraud changes, and to what."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from data.make_documents.paystubs import Paystub
from data.make_documents.people import FIRST_NAMES, LAST_NAMES, cents, money
from data.make_documents.tax_forms import W2

if TYPE_CHECKING:
    from random import Random

    from data.make_documents.drafts import Draft


def raise_factor(rng: Random) -> Decimal:
    """Choose by how much somebody exaggerates: 1.18 to 2.45."""
    return Decimal(rng.randint(118, 245)) / 100


def amount_edits(rng: Random, draft: Draft, scope: str) -> dict[str, str]:
    """Decide which amounts change to what.

    Parameters
    ----------
    rng
        Source of chance for the raise, 18 % to 145 %.
    draft
        The genuine document.
    scope
        ``one`` amount (net pay or box 1), ``some`` (gross too), or ``all`` that depend on it, so
        that the sums still hold.

    Returns
    -------
    dict
        Old text -> new text.
    """
    if isinstance(draft.facts, Paystub):
        return _paystub_edits(draft.facts, raise_factor(rng), scope)
    if isinstance(draft.facts, W2):
        return _w2_edits(draft.facts, raise_factor(rng), scope)
    pay = draft.facts.compensation
    return {money(pay): money(cents(pay * raise_factor(rng)))}


def _paystub_edits(stub: Paystub, factor: Decimal, scope: str) -> dict[str, str]:
    first = stub.earnings[0]
    more = cents(first.current * (factor - 1))
    if first.rate is not None and first.hours is not None:
        rate = cents(first.rate * factor)
        more = cents(rate * first.hours) - first.current
    amounts = [stub.net.current]
    if scope != "one":
        amounts.append(stub.gross.current)
    edits = {money(amount): money(amount + more) for amount in amounts}
    if scope == "all":
        edits |= {
            money(item.ytd): money(item.ytd + more * stub.number)
            for item in (stub.gross, stub.net, first)
        }
        edits |= {
            money(item.current): money(item.current + more)
            for item in (stub.gross, stub.net, first)
        }
        if first.rate is not None:
            edits[f"{first.rate:.2f}"] = f"{cents(first.rate * factor):.2f}"
    return edits


def _w2_edits(form: W2, factor: Decimal, scope: str) -> dict[str, str]:
    amounts = [form.wages]
    if scope != "one":
        amounts += [form.social_security_wages]
    if scope == "all":
        amounts += [form.social_security_tax, form.medicare_tax, form.federal, form.state_tax]
    return {money(amount): money(cents(amount * factor)) for amount in amounts if amount}


def identity_edits(rng: Random, draft: Draft, what: str) -> dict[str, str]:
    """Decide whose document it becomes: another ``name`` or another ``ssn``."""
    person = draft.person
    if what == "name":
        other = f"{rng.choice(FIRST_NAMES)} {rng.choice('BDGHKMT')}. {rng.choice(LAST_NAMES)}"
        return {person.name: other, person.name.upper(): other.upper()}
    last = f"{rng.randint(1000, 9899)}"
    return {
        person.ssn: f"9{rng.randint(10, 99)}-{rng.randint(10, 49)}-{last}",
        person.masked_ssn: f"XXX-XX-{last}",
    }
