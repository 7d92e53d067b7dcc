"""Proofs of identity and address, and other documents that lenders ask for beside income."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from data.make_documents.pages import GREY, NAVY, PALE, WHITE, DrawnPage
from data.make_documents.people import make_employer, money

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from data.make_documents.paystubs import Employment

CARD = (324.0, 204.0)
SKIN = (0.78, 0.65, 0.55)


@dataclass(frozen=True)
class Letter:
    """A laid-out page and what its PDF says made it."""

    page: DrawnPage
    creator: str
    producer: str
    dated: date


def _letter(head: str, address: list[str], dated: date, rows: list[str]) -> DrawnPage:
    page = DrawnPage()
    page.text(72, 80, head, font="Times-Bold", size=15)
    page.lines(72, 96, address, font="Times-Roman", size=9, leading=11, colour=GREY)
    page.rule(72, 122, 540, 122, colour=GREY)
    page.text(72, 152, f"{dated:%B} {dated.day}, {dated.year}", font="Times-Roman", size=11)
    page.lines(72, 182, rows, font="Times-Roman", size=11, leading=16)
    page.footer()
    return page


def offer_letter(rng: Random, job: Employment) -> Letter:
    """Write the letter with which a job began."""
    person, employer = job.person, job.employer
    dated = date(2024, rng.randint(1, 12), rng.randint(1, 28))
    begins = dated + timedelta(rng.randint(14, 40))
    yearly = job.rate * (2080 if job.hourly else job.periods)
    pay = f"${money(job.rate)} an hour" if job.hourly else f"${money(yearly)} a year"
    rows = [
        person.name,
        person.address.street,
        person.address.second_line,
        "",
        f"Dear {person.first},",
        "",
        f"We are pleased to offer you a full-time position with {employer.name}.",
        f"Your first day of work will be {begins:%B} {begins.day}, {begins.year}.",
        f"Your starting pay will be {pay}, paid {job.frequency.lower()},",
        "less the deductions that the law requires.",
        "",
        "Please sign below and return this letter within ten days.",
        "",
        "Sincerely,",
        "",
        "Human Resources",
        employer.telephone,
        "",
        "",
        "Accepted: ______________________________     Date: ______________",
    ]
    address = [employer.address.street, employer.address.second_line]
    page = _letter(employer.name, address, dated, rows)
    return Letter(
        page, "Microsoft Word for Microsoft 365", "Microsoft Word for Microsoft 365", dated
    )


def bank_letter(rng: Random, job: Employment) -> Letter:
    """Write a bank's letter that confirms an account and an address."""
    person = job.person
    dated = date(2026, rng.randint(1, 5), rng.randint(1, 28))
    bank = make_employer(rng)
    name = f"{bank.name.split()[0]} Community Bank"
    rows = [
        person.name,
        person.address.street,
        person.address.second_line,
        "",
        "To whom it may concern:",
        "",
        f"This letter confirms that {person.name} holds a checking account",
        f"ending in {job.seed % 9000 + 1000} with us, opened in {rng.randint(2012, 2023)}.",
        "The account is in good standing.",
        "The address above is the address of record for this account.",
        "",
        "If you have questions, please telephone us on any working day.",
        "",
        "Sincerely,",
        "",
        "Customer Care",
        bank.telephone,
    ]
    page = _letter(name, [bank.address.street, bank.address.second_line], dated, rows)
    return Letter(page, "OpenText Exstream", "OpenText Output Transformation 16.6", dated)


def utility_bill(rng: Random, job: Employment) -> Letter:
    """Write an electricity bill for a person's home."""
    person = job.person
    dated = date(2026, rng.randint(1, 5), rng.randint(1, 28))
    used, price = rng.randint(310, 1240), Decimal(rng.randint(109, 171)) / 1000
    energy = (used * price).quantize(Decimal("0.01"))
    rows = [
        ("Energy charge", energy),
        ("Customer charge", Decimal("14.50")),
        ("Delivery", Decimal(rng.randint(1800, 4400)) / 100),
    ]
    page = DrawnPage()
    page.box(0, 0, 612, 66, fill=NAVY, stroke=None)
    page.text(40, 42, "Tri-Rivers Power & Light", font="Helvetica-Bold", size=16, colour=WHITE)
    page.text(572, 42, "Electric service statement", size=10, align="right", colour=WHITE)
    page.lines(
        40,
        100,
        [person.name, person.address.street, person.address.second_line],
        size=10.5,
        leading=13,
    )
    page.text(572, 100, f"Account number {rng.randint(10**9, 10**10 - 1)}", align="right")
    page.text(572, 113, f"Statement date {dated:%m/%d/%Y}", align="right")
    page.text(572, 126, f"Due date {dated + timedelta(21):%m/%d/%Y}", align="right")
    page.box(40, 160, 532, 18, fill=PALE, stroke=None)
    page.text(46, 172, f"Service at {person.address.street}   {used} kWh", font="Helvetica-Bold")
    for place, (label, amount) in enumerate(rows):
        page.text(46, 196 + place * 16, label)
        page.text(566, 196 + place * 16, f"${money(amount)}", align="right")
    page.rule(40, 238, 572, 238)
    page.text(46, 254, "Amount due", font="Helvetica-Bold", size=11)
    total = sum((amount for _, amount in rows), Decimal(0))
    page.text(566, 254, f"${money(total)}", font="Helvetica-Bold", size=11, align="right")
    _usage(page, rng)
    page.footer()
    return Letter(page, "Quadient Inspire", "Quadient CXM AG~Inspire~16.0", dated)


def _usage(page: DrawnPage, rng: Random) -> None:
    page.text(46, 300, "Your usage over the last twelve months (kWh)")
    for month in range(12):
        tall = rng.randint(20, 90)
        page.box(46 + 44 * month, 410 - tall, 26, tall, fill=(0.45, 0.62, 0.80), stroke=None)
        page.text(59 + 44 * month, 422, "JFMAMJJASOND"[month], size=7, align="center")


def id_card(rng: Random, job: Employment) -> Letter:
    """Draw an identity card of a state that does not exist."""
    person = job.person
    issued = date(rng.randint(2021, 2025), rng.randint(1, 12), rng.randint(1, 28))
    page = DrawnPage(CARD)
    page.box(0, 0, *CARD, fill=(0.90, 0.93, 0.89), stroke=None)
    page.box(0, 0, CARD[0], 34, fill=NAVY, stroke=None)
    page.text(14, 22, "STATE OF FRANKLIN", font="Helvetica-Bold", size=13, colour=WHITE)
    page.text(310, 21, "IDENTIFICATION CARD", size=8.5, align="right", colour=WHITE)
    page.box(16, 48, 84, 106, fill=(0.80, 0.84, 0.88), stroke=GREY)
    page.box(30, 118, 56, 36, fill=NAVY, stroke=None)
    page.disc(58, 92, 22, fill=SKIN)
    number = f"F{rng.randint(100, 999)}-{rng.randint(1000, 9999)}-{rng.randint(1000, 9999)}"
    rows = [
        ("ID", number),
        ("LN", person.last.upper()),
        ("FN", f"{person.first} {person.middle}."),
        ("DOB", f"{person.born:%m/%d/%Y}"),
        ("ISS", f"{issued:%m/%d/%Y}"),
        ("EXP", f"{issued.replace(year=issued.year + 8):%m/%d/%Y}"),
        ("ADR", person.address.street.upper()),
        ("", person.address.second_line.upper()),
    ]
    for place, (label, words) in enumerate(rows):
        page.text(112, 58 + place * 15.5, label, size=6.5, colour=GREY)
        page.text(134, 58 + place * 15.5, words, font="Helvetica-Bold", size=9.5)
    page.text(18, 172, f"{person.first} {person.last}", font="Times-Roman", size=11)
    page.footer(5.5)
    return Letter(page, "", "Apple iOS 17.5 Quartz PDFContext", issued + timedelta(400))


def voided_check(rng: Random, job: Employment) -> Letter:
    """Draw a check with VOID written across."""
    person = job.person
    page = DrawnPage((432.0, 198.0))
    page.box(0, 0, 432, 198, fill=(0.93, 0.96, 0.97), stroke=None)
    page.lines(20, 28, [person.name, person.address.street, person.address.second_line], size=8.5)
    page.text(412, 28, str(rng.randint(1001, 1890)), font="Helvetica-Bold", size=11, align="right")
    page.text(290, 52, "DATE ____________________", size=8)
    page.text(20, 86, "PAY TO THE ORDER OF", size=6.5)
    page.rule(104, 86, 330, 86)
    page.box(344, 72, 68, 18, fill=WHITE)
    page.text(337, 87, "$", size=11, align="right")
    page.rule(20, 112, 350, 112)
    page.text(412, 112, "DOLLARS", size=7, align="right")
    page.text(
        20,
        134,
        f"{make_employer(rng).name.split()[0]} Community Bank",
        font="Helvetica-Bold",
        size=9,
    )
    page.text(20, 156, "MEMO ____________________", size=7.5)
    page.rule(250, 156, 412, 156)
    page.text(
        40, 182, f"|: 000000000 |:   {rng.randint(10**9, 10**10 - 1)} ||'", font="Courier", size=11
    )
    page.text(
        216, 118, "VOID", font="Helvetica-Bold", size=64, align="center", colour=(0.55, 0.60, 0.68)
    )
    page.footer(5.5)
    return Letter(page, "", "", date(2026, 1, 5))


LETTERS: dict[str, Callable[[Random, Employment], Letter]] = {
    "offer_letter": offer_letter,
    "bank_letter": bank_letter,
    "utility_bill": utility_bill,
    "id_card": id_card,
    "voided_check": voided_check,
}
