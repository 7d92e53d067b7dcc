"""Documents that state something untrue from the start: figures, days, origin."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from data.make_documents.drafts import moment
from data.make_documents.false_figures import raise_factor
from data.make_documents.pages import Page, Text, draw_pdf
from data.make_documents.paystubs import Item, Paystub
from data.make_documents.pdf_files import Provenance, rewrite
from data.make_documents.people import cents, chance
from data.make_documents.tax_forms import W2, Form1099

if TYPE_CHECKING:
    from random import Random

    from data.make_documents.drafts import Draft, Facts

GENERATORS = (
    ("PaystubWizard Online", "PaystubWizard PDF 2.1"),
    ("CheckStubMaker Pro 5", "TCPDF 6.6.2"),
    ("QuickStubs Paystub Generator", "jsPDF 2.5.1"),
    ("InstaPaystub.example", "dompdf 2.0.3 + CPDF"),
    ("", "StubForge PDF Engine 1.8"),
)


@dataclass(frozen=True)
class Fraud:
    """A tampered document: its bytes, file ending, and what was done to it."""

    content: bytes
    ending: str
    note: str


def _saved_facts(draft: Draft, facts: Facts, said: Provenance) -> bytes:
    return rewrite(draw_pdf(draft.redraw(facts)), said)


def impossible_dates(rng: Random, draft: Draft) -> Fraud:
    """State days that cannot be: in the text, or in the file's own dates."""
    choices = [_backwards_clock]
    if isinstance(draft.facts, Paystub):
        choices += [_paid_before, _period_after_pay, _no_such_day, _made_before]
    else:
        choices = [_future_year, _future_year, _backwards_clock]
    return rng.choice(choices)(rng, draft)


def _paid_before(rng: Random, draft: Draft) -> Fraud:
    stub = cast("Paystub", draft.facts)
    paid = stub.period_start - timedelta(rng.randint(3, 60))
    content = _saved_facts(draft, replace(stub, pay_date=paid), draft.provenance)
    return Fraud(content, ".pdf", f"paid {paid}, before the period began")


def _period_after_pay(rng: Random, draft: Draft) -> Fraud:
    stub = cast("Paystub", draft.facts)
    end = stub.pay_date + timedelta(rng.randint(45, 200))
    content = _saved_facts(draft, replace(stub, period_end=end), draft.provenance)
    return Fraud(content, ".pdf", f"period ends {end}, months after the pay date")


def _no_such_day(rng: Random, draft: Draft) -> Fraud:
    stub = cast("Paystub", draft.facts)
    page = draft.redraw(replace(stub, period_end=date(stub.pay_date.year, 2, 28)))
    day = rng.choice(("30", "31"))
    pattern = re.compile(r"(02[/]|-02-|Feb )28")
    marks = [
        replace(mark, words=pattern.sub(rf"\g<1>{day}", mark.words))
        if isinstance(mark, Text)
        else mark
        for mark in page.marks
    ]
    content = rewrite(draw_pdf(Page(page.size, marks)), draft.provenance)
    return Fraud(content, ".pdf", f"period ends on {day} February")


def _made_before(rng: Random, draft: Draft) -> Fraud:
    stub = cast("Paystub", draft.facts)
    made = moment(rng, stub.period_start - timedelta(rng.randint(40, 400)))
    said = replace(draft.provenance, created=made, modified=made)
    content = _saved_facts(draft, stub, said)
    return Fraud(content, ".pdf", f"file made {made.date()}, before the period began")


def _backwards_clock(rng: Random, draft: Draft) -> Fraud:
    earlier = draft.made - timedelta(days=rng.randint(3, 200), minutes=rng.randint(1, 600))
    said = replace(draft.provenance, modified=earlier)
    return Fraud(_saved_facts(draft, draft.facts, said), ".pdf", "modified before it was created")


def _future_year(rng: Random, draft: Draft) -> Fraud:
    form = cast("W2 | Form1099", draft.facts)
    year = form.year + rng.randint(1, 2)
    content = _saved_facts(draft, replace(form, year=year), draft.provenance)
    return Fraud(content, ".pdf", f"tax year {year}, printed before that year was over")


def sums_wrong(rng: Random, draft: Draft) -> Fraud:
    """State figures that do not go together."""
    facts, note = _wrong_facts(rng, draft.facts)
    return Fraud(_saved_facts(draft, facts, draft.provenance), ".pdf", note)


def _wrong_facts(rng: Random, facts: Facts) -> tuple[Facts, str]:
    if isinstance(facts, Paystub):
        return _wrong_paystub(rng, facts)
    if isinstance(facts, W2):
        return _wrong_w2(rng, facts), "wages and withheld taxes do not go together"
    withheld = cents(facts.compensation * raise_factor(rng))
    return replace(facts, federal=withheld), "more withheld than paid"


def _wrong_paystub(rng: Random, stub: Paystub) -> tuple[Paystub, str]:
    extra = cents(stub.net.current * (raise_factor(rng) - 1))
    net, gross = stub.net, stub.gross
    higher_net = replace(net, current=net.current + extra, ytd=net.ytd + extra)
    higher_gross = replace(gross, current=gross.current + extra, ytd=gross.ytd + extra)
    low = replace(gross, ytd=cents(gross.current * Decimal(rng.randint(20, 85)) / 100))
    return rng.choice(
        (
            (replace(stub, net=higher_net), "net pay is more than gross less deductions"),
            (replace(stub, gross=higher_gross, net=higher_net), "gross is more than the earnings"),
            (replace(stub, gross=low), "year to date is less than this period"),
            (_wrong_hours(stub, extra), "hours times rate is not the amount"),
        )
    )


def _wrong_hours(stub: Paystub, extra: Decimal) -> Paystub:
    def more(item: Item) -> Item:
        return replace(item, current=item.current + extra, ytd=item.ytd + extra)

    first = stub.earnings[0]
    if first.rate is None:
        return replace(stub, net=more(stub.net))
    return replace(
        stub, earnings=(more(first), *stub.earnings[1:]), gross=more(stub.gross), net=more(stub.net)
    )


def _wrong_w2(rng: Random, form: W2) -> W2:
    factor = raise_factor(rng)
    raised = cents(form.social_security_wages * factor)
    if chance(rng, 0.5):
        return replace(
            form,
            wages=cents(form.wages * factor),
            social_security_wages=raised,
            medicare_wages=raised,
        )
    return replace(
        form,
        social_security_tax=cents(form.social_security_tax / factor),
        medicare_tax=cents(form.medicare_tax / factor),
    )


def generated(rng: Random, draft: Draft) -> Fraud:
    """Make the document with an online generator; a paystub in round figures."""
    creator, producer = rng.choice(GENERATORS)
    facts = draft.facts
    if isinstance(facts, Paystub):
        facts = _round_stub(rng, facts)
    made = moment(rng, draft.made.date() + timedelta(rng.randint(0, 20)))
    said = Provenance(creator, producer, made, rng.choice((made, None)))
    return Fraud(_saved_facts(draft, facts, said), ".pdf", f"made with {creator or producer}")


def _round_stub(rng: Random, stub: Paystub) -> Paystub:
    pay = Decimal(rng.randint(18, 60)) * 100
    count = stub.number
    earned = Item(stub.earnings[0].label, pay, pay * count)
    shares = (("Federal Income Tax", "0.10"), ("Social Security", "0.062"), ("Medicare", "0.0145"))
    taken = tuple(
        Item(label, cents(pay * Decimal(share)), cents(pay * Decimal(share)) * count)
        for label, share in shares
    )
    out = sum((item.current for item in taken), Decimal(0))
    return replace(
        stub,
        earnings=(earned,),
        deductions=taken,
        gross=Item("Gross", pay, pay * count),
        taken=Item("Deductions", out, out * count),
        net=Item("Net", pay - out, (pay - out) * count),
    )
