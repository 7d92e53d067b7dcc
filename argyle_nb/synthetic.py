"""Synthetic uploads with a known drift and a known share of fraud, to practice analysis on.

Nothing is kept in a file: `make_uploads` builds everything again, the same for the same seed, in
some seconds. The records have the shape of the API's pages. What is put in stands in the constants
below, and in the README of the sample data.
"""

from __future__ import annotations

import calendar
import functools
import random
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pandas as pd

from argyle_nb.models import Account, User

FIRST_MONDAY = date(2026, 1, 5)
WEEKS = 26
PAGE = 200

# How many of each type are fraudulent.
FRAUD_RATES = {"paystubs": 0.05, "W-2": 0.03, "1099": 0.02}
# One employer's papers are fraudulent far more often.
RING_EMPLOYER, RING_SHARE, RING_FRAUD_RATE = "Quillstone Staffing LLC", 0.01, 0.40
# So many frauds leave no trace in the file: their scores are those of genuine documents.
UNTRACED_SHARE = 0.20
# From this week on (0 is the first) genuine paystubs score so many points lower.
DRIFT_WEEK, DRIFT_POINTS = 18, 8
# From this week on frauds show a signal that was never seen before.
NEW_SIGNAL, NEW_SIGNAL_WEEK, NEW_SIGNAL_SHARE = "pay_frequency_edits", 20, 0.30
# So many frauds contradict another document of the same user, or themselves.
CONTRADICTING_SHARE = 0.40
# So many frauds are the very file of another user.
COPIED_SHARE = 0.02
# So many documents of a scored type fail in processing; those of the last days are in progress.
FAILED_SHARE = 0.02
IN_PROGRESS_DAYS = 2

EMPLOYERS = (
    "Ashgrove School Services",
    "Pinnacle Tool & Die Works",
    "Cobalt Building Supply Co.",
    "Fairmeadow Logistics Corp.",
    "Tallpine Home Health Inc.",
    "Ridge Hospitality Partners",
    "Oakhaven Dental Group",
    "Merrivale Freight Lines",
)
FIRST_NAMES = (
    *("Nadia", "Walter", "Rosa", "Tobias", "Priya"),
    *("Leon", "Owen", "Marta", "Samuel", "Ines"),
)
LAST_NAMES = (
    *("Rivera", "Okafor", "Lindqvist", "Underhill", "Castellan"),
    *("Abara", "Whitlock", "Nakamura", "Delgado", "Ferris"),
)
# Days from one pay date to the next.
FREQUENCIES = {"WEEKLY": 7, "BI_WEEKLY": 14}
AMOUNT_SIGNALS = ("dollar_amount_edits", "earnings_edits", "deductions_edits")
IDENTITY_SIGNALS = ("employee_name_edits", "employee_taxpayer_id_edits")
CONTRADICTIONS = {
    "paystubs": ("employee_name", "ssn_last_four", "year_to_date", "pay_frequency", "net_of_gross"),
    "W-2": ("employee_name", "ssn_last_four"),
}
KEPT_OF_GROSS = 0.76
UNSURE_SHARE = 0.03
W2_SHARE, CONTRACTOR_SHARE, IDENTITY_SHARE, ADDRESS_SHARE = 0.50, 0.15, 0.20, 0.10
# Below these scores traces of identity tampering, and of harmless changes, are found.
IDENTITY_SCORE, HARMLESS_SCORE, MISALIGNED_SCORE = 30, 85, 60
MISALIGNED_SHARE = 0.05


class Synthetic(NamedTuple):
    """What was made.

    Parameters
    ----------
    pages
        JSON of the API's shape, 200 uploads a page.
    accounts
        Which account is whose.
    truth
        One row per upload: ``upload_id, fraudulent`` (bool), ``untraced`` (bool), ``contradicts``
        (the check that finds it, or missing), ``copied`` (bool), ``employer``.
    contents
        ``upload_id, sha256`` of each file.
    """

    pages: list[bytes]
    accounts: list[Account]
    truth: pd.DataFrame
    contents: pd.DataFrame


class Person(NamedTuple):
    """A borrower with one job, and the papers that were sent."""

    name: str
    employer: str
    ssn: str
    frequency: str
    gross: float
    sent_at: datetime
    papers: list[tuple[str, date]]


def make_uploads(uploads: int = 50_000, seed: int = 2026) -> Synthetic:
    """Make uploads, always the same for the same seed.

    Parameters
    ----------
    uploads
        How many.
    seed
        Any whole number.

    Returns
    -------
    Synthetic
        Pages of the API's shape, accounts, the truth of each upload, and file hashes.

    Examples
    --------
    >>> len(make_uploads(300).truth)
    300
    """
    chance = random.Random(seed)  # noqa: S311 - a repeatable series is wanted, not a secret one
    # Each is encoded at once: 50,000 nested dicts in memory would take half as long again.
    records: list[tuple[str, msgspec.Raw]] = []
    accounts: list[Account] = []
    truth: list[dict[str, Any]] = []
    contents: list[dict[str, str]] = []
    while len(records) < uploads:
        person, account = _person(chance), _uuid(chance)
        accounts.append(Account(account, user=_uuid(chance)))
        for document_type, paid_on in person.papers[: uploads - len(records)]:
            upload_id = _uuid(chance)
            fate = _fate(chance, person, document_type)
            read = _read(person, document_type, paid_on, fate)
            record = _record(chance, person.sent_at, document_type, fate, read)
            text = msgspec.json.encode(record | {"id": upload_id, "account": account})
            records.append((record["created_at"], msgspec.Raw(text)))
            truth.append({"upload_id": upload_id, "employer": person.employer} | fate)
            copied = contents[chance.randrange(len(contents))]["sha256"] if fate["copied"] else None
            content = copied or f"{chance.getrandbits(256):064x}"
            contents.append({"upload_id": upload_id, "sha256": content})
    texts = {"upload_id": "string", "employer": "string", "contradicts": "string"}
    return Synthetic(
        _pages(records),
        accounts,
        pd.DataFrame(truth).astype(texts),
        pd.DataFrame(contents, dtype="string"),
    )


def _pages(records: list[tuple[str, msgspec.Raw]]) -> list[bytes]:
    """Put records on pages, newest first."""
    records.sort(key=lambda dated: dated[0], reverse=True)
    results = [text for _, text in records]
    return [
        msgspec.json.encode({"next": None, "previous": None, "results": results[at : at + PAGE]})
        for at in range(0, len(records), PAGE)
    ]


def review_as(truth: pd.DataFrame, upload_ids: Any, right: float, seed: int) -> list[str]:
    """Say what an analyst who is mostly right would find.

    Parameters
    ----------
    truth
        From `make_uploads`.
    upload_ids
        What is reviewed.
    right
        How often a sure verdict is right, 0 to 1; 3% of all are unsure.
    seed
        Who the analyst is.

    Returns
    -------
    list of str
        ``genuine``, ``fraudulent`` or ``unsure``, one per upload.

    Examples
    --------
    >>> made = make_uploads(300)
    >>> len(review_as(made.truth, made.truth["upload_id"].head(3), right=0.95, seed=1))
    3
    """
    chance = random.Random(seed)  # noqa: S311
    known = dict(zip(truth["upload_id"], truth["fraudulent"], strict=True))
    verdicts = []
    for upload_id in upload_ids:
        unsure, draw, fraudulent = chance.random(), chance.random(), known[upload_id]
        if unsure < UNSURE_SHARE:
            verdicts.append("unsure")
        else:
            verdicts.append("fraudulent" if fraudulent == (draw < right) else "genuine")
    return verdicts


def _person(chance: random.Random) -> Person:
    day = chance.randrange(WEEKS * 7)
    sent_at = datetime.combine(FIRST_MONDAY, datetime.min.time()) + timedelta(
        days=day, seconds=chance.randrange(86_400)
    )
    ring = chance.random() < RING_SHARE
    frequency = chance.choice(list(FREQUENCIES))
    step = FREQUENCIES[frequency]
    paid = [sent_at.date() - timedelta(days=sent_at.weekday() + 3 + step * n) for n in range(3)]
    papers = [("paystubs", on) for on in paid[: chance.choice((1, 2, 2, 3))]]
    job = chance.random()
    if job < W2_SHARE:
        papers.append(("W-2", date(2025, 12, 31)))
    elif job < W2_SHARE + CONTRACTOR_SHARE:
        papers.append(("1099", date(2025, 12, 31)))
    papers += [
        (kind, sent_at.date())
        for kind, share in (
            ("proof-of-identity", IDENTITY_SHARE),
            ("proof-of-address", ADDRESS_SHARE),
        )
        if chance.random() < share
    ]
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    area, group, serial = (chance.randrange(*span) for span in ((100,), (10, 99), (1000, 9999)))
    return Person(
        name=f"{first} {chance.choice('ABCDEFGH')}. {last}",
        employer=RING_EMPLOYER if ring else chance.choice(EMPLOYERS),
        ssn=f"9{area:02}-{group}-{serial}",
        frequency=frequency,
        gross=round(chance.uniform(700, 3500) * step / 14, 2),
        sent_at=sent_at,
        papers=papers,
    )


def _fate(chance: random.Random, person: Person, document_type: str) -> dict[str, Any]:
    """Decide what is wrong with a document, if anything."""
    rate = FRAUD_RATES.get(document_type, 0.0)
    if rate and person.employer == RING_EMPLOYER:
        rate = RING_FRAUD_RATE
    fraudulent = chance.random() < rate
    fate: dict[str, Any] = {
        "fraudulent": fraudulent,
        "untraced": fraudulent and chance.random() < UNTRACED_SHARE,
        "contradicts": None,
        "copied": fraudulent and chance.random() < COPIED_SHARE,
    }
    kinds = CONTRADICTIONS.get(document_type, ())
    stubs = sum(kind == "paystubs" for kind, _ in person.papers)
    if fraudulent and kinds and stubs > 1 and chance.random() < CONTRADICTING_SHARE:
        fate["contradicts"] = chance.choice(kinds)
    return fate


def _record(
    chance: random.Random,
    sent_at: datetime,
    document_type: str,
    fate: dict[str, Any],
    read: dict[str, Any] | None,
) -> dict[str, Any]:
    created = sent_at + timedelta(seconds=chance.randrange(600))
    end = datetime.combine(FIRST_MONDAY, datetime.min.time()) + timedelta(weeks=WEEKS)
    stages = ["completed"] * 3
    if document_type not in FRAUD_RATES:
        stages = ["completed", "idle", "idle"]
    elif end - created < timedelta(days=IN_PROGRESS_DAYS):
        stages = ["completed", "in_progress", "in_progress"]
    elif chance.random() < FAILED_SHARE:
        stages = ["completed", "failed", "failed"]
    metadata = None
    if stages[2] == "completed":
        week = (created.date() - FIRST_MONDAY).days // 7
        score = _score(chance, document_type, week, fate)
        metadata = {
            "ocr_data": read,
            "ocr_authenticity": _analysis(chance, document_type, week, score, fate),
            "ocr_authenticity_score": score,
        }
    return {
        "document_type": document_type,
        "file_url": "www.argyle.com/storagename",
        "file_name": f"{document_type}.pdf",
        "metadata": metadata,
        "processing": dict(zip(("classification", "ocr", "authenticity"), stages, strict=True)),
        "created_at": created.isoformat(timespec="milliseconds") + "Z",
        "updated_at": (created + timedelta(seconds=40)).isoformat(timespec="milliseconds") + "Z",
    }


def _score(chance: random.Random, document_type: str, week: int, fate: dict[str, Any]) -> int:
    if fate["fraudulent"] and not fate["untraced"]:
        return _bounded(chance.gauss(38, 17))
    drifted = document_type == "paystubs" and week >= DRIFT_WEEK and not fate["fraudulent"]
    return _bounded(100 - chance.gammavariate(2, 4.5) - (DRIFT_POINTS if drifted else 0))


def _bounded(score: float) -> int:
    return min(100, max(0, round(score)))


def _analysis(
    chance: random.Random, document_type: str, week: int, score: int, fate: dict[str, Any]
) -> dict[str, Any]:
    identifiers: list[str] = []
    if fate["fraudulent"] and not fate["untraced"]:
        identifiers.append(chance.choice(AMOUNT_SIGNALS))
        if score < IDENTITY_SCORE:
            identifiers.append(chance.choice(IDENTITY_SIGNALS))
        if week >= NEW_SIGNAL_WEEK and chance.random() < NEW_SIGNAL_SHARE:
            identifiers.append(NEW_SIGNAL)
    elif score < HARMLESS_SCORE:
        identifiers.append("other_edits")
    signals = [
        {
            "identifier": identifier,
            "display_name": identifier.replace("_", " ").title(),
            "signal_count": 1,
            "page_number": 1,
            "supporting_data": [],
        }
        for identifier in identifiers
    ]
    is_misaligned = score < MISALIGNED_SCORE or chance.random() < MISALIGNED_SHARE
    misaligned = {"code": "006-L", "confidence": "LOW", "description": "fields misaligned"}
    form = {
        "form_type": "PAYSTUB" if document_type == "paystubs" else "W2",
        "signals": signals,
        "form_authenticity": {
            "version": "1.0",
            "score": score,
            "reason_codes": [misaligned] if is_misaligned else [],
        },
    }
    return {"detect_status": "COMPLETED", "form_analysis": [form]}


def _read(
    person: Person, document_type: str, paid_on: date, fate: dict[str, Any]
) -> dict[str, Any] | None:
    """Give what OCR would read; what contradicts is changed here."""
    wrong = fate["contradicts"]
    name = "Aurelia X. Vandermeer" if wrong == "employee_name" else person.name
    ssn = person.ssn[:-4] + "0001" if wrong == "ssn_last_four" else person.ssn
    if document_type == "paystubs":
        return _paystub(person, paid_on, name, ssn[-4:], wrong)
    if document_type == "W-2":
        fields = {
            "year": "2025",
            "employeeName": name,
            "employerName": person.employer,
            "employeeSocialSecurityNumber": ssn,
            "wagesTipsOtherComp": f"{person.gross * 365 / FREQUENCIES[person.frequency]:.2f}",
        }
        values = {key: {"value": value, "is_empty": False} for key, value in fields.items()}
        return {"form_type": "W2", "raw_fields": values}
    return None


def _paystub(
    person: Person, paid_on: date, name: str, last_four: str, wrong: str | None
) -> dict[str, Any]:
    step = FREQUENCIES[person.frequency]
    paid_before = (paid_on.timetuple().tm_yday - 1) // step
    year_to_date = person.gross * (paid_before + 1)
    if wrong == "year_to_date":
        year_to_date += person.gross * 9
    net = round(person.gross * KEPT_OF_GROSS, 2)
    deducted = person.gross - net
    if wrong == "net_of_gross":
        net += 400
    frequency = "MONTHLY" if wrong == "pay_frequency" else person.frequency
    return {
        "employer": {"name": person.employer},
        "employee": {"name": name, "taxpayer_id": {"id_type": "SSN", "last_4_digits": last_four}},
        "paystub_details": {
            "pay_period_start_date": (paid_on - timedelta(days=step + 4)).isoformat(),
            "pay_period_end_date": (paid_on - timedelta(days=5)).isoformat(),
            "pay_date": paid_on.isoformat(),
            "pay_frequency": frequency,
        },
        "earnings": {
            "totals": [{"current_pay": _usd(person.gross), "ytd_pay": _usd(year_to_date)}]
        },
        "deductions": {"totals": [{"current_pay": _usd(deducted)}]},
        "net_pay": {"totals": {"current_pay": _usd(net)}},
    }


def _usd(amount: float) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currency": "USD"}


def _uuid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128)))


# Of a portfolio. Rings: their sizes, and their share of all fraudulent borrowers.
RING_SIZES = (3, 30)
RINGED_SHARE = 0.5
# How a ring's papers are alike: the very file, a real employer's number under an invented name,
# account and SSN digits, the address.
SAME_FILE_SHARE, SAME_NUMBER_SHARE, SAME_ACCOUNT_SHARE, SAME_HOME_SHARE = 0.2, 0.5, 0.6, 0.5
# Of all borrowers: those who state too much, and by how much; who are paid irregularly; who began
# this year; who have two users; who live in houses of many homes; who share one with another; whose
# employer pays by a scale; who got a loan.
OVERSTATED_SHARE, OVERSTATED_BY = 0.10, (1.25, 2.0)
VARIABLE_SHARE, HIRED_SHARE, TWO_USERS_SHARE = 0.12, 0.12, 0.04
HOUSES_SHARE, HOUSEHOLD_SHARE, SCALE_SHARE, LOAN_SHARE = 0.30, 0.04, 0.50, 0.75
NOTHING_STATED_SHARE = 0.01
# So many employers leave their payroll to one firm, whose number stands on their W-2s.
PAYROLL_FIRM_SHARE = 0.05
PAY_DAYS = {"WEEKLY": 52, "BI_WEEKLY": 26, "SEMI_MONTHLY": 24, "MONTHLY": 12}
RATES = tuple(15.0 + 0.5 * step for step in range(60))
# Net pay follows from gross pay: the standard deductions of three ways to file, the rates of tax on
# what is above so much a year, one rate on all of it (Social Security, Medicare, a state), and what
# people choose: health plans (dollars a month) and shares of gross pay saved for retirement.
FILINGS = (15_000, 15_000, 15_000, 22_500, 30_000, 30_000)
BRACKETS = ((0, 0.10), (12_000, 0.02), (48_000, 0.10))
FLAT_TAX = 0.0765 + 0.03
HEALTH_PLANS = (0, 0, 0, 85, 120, 185, 260, 410)
SAVED_SHARES = (0, 0, 0, 0.02, 0.03, 0.05, 0.06)
FIRST_PARTS = (
    *("Alder", "Bright", "Copper", "Delta", "Elm", "Fern", "Granite", "Harbor", "Iron", "Juniper"),
    *("Keystone", "Laurel", "Maple", "North", "Orchard", "Prairie", "Quarry", "River", "Summit"),
)
SECOND_PARTS = (
    *("Bakery", "Builders", "Clinic", "Dental", "Electric", "Foods", "Hotels", "Logistics"),
    *("Motors", "Nursing", "Optical", "Plumbing", "Roofing", "Schools", "Textiles", "Transit"),
)
ENDINGS = ("Inc.", "LLC", "Corp.", "Co.", "Ltd.")
SYLLABLES = ("ka", "lo", "mi", "ren", "sto", "tal", "ven", "wel", "dor", "bri", "han", "sen")
# Loans: the series is watched for so many days after the last week; a loan goes bad so often, and
# so much more often the lower its borrower's lowest score is, or if the papers are fraudulent.
WATCHED_DAYS, BAD_SHARE, BAD_BY_SCORE, BAD_BY_FRAUD = 140, 0.03, 0.20, 0.25
LOST_SIGHT_SHARE = 0.03


class Portfolio(NamedTuple):
    """What was made: uploads, applications, loans, and the truth beside them.

    Parameters
    ----------
    pages, accounts, contents
        As of `Synthetic`.
    users
        Argyle's users; some borrowers have two, with one external ID.
    truth
        One row per upload: ``upload_id, external_id, employer`` (string), ``fraudulent, untraced``
        (bool).
    borrowers
        One row per borrower: ``external_id, employer`` (string), ``ring`` (Int32, missing for
        most), ``fraudulent`` (bool), ``monthly_income`` (Float64, what the job pays; of a
        fraudulent borrower, what the papers say), ``overstated`` (bool: the stated income is more
        than that), ``variable_pay, hired_after_january`` (bool).
    stated
        ``external_id`` (string), ``monthly_income`` (Float64, as it was stated; 0 of some).
    loans
        ``external_id`` (string), ``opened_at, bad_at, last_seen_at`` (datetime64[s, UTC];
        ``bad_at`` is missing unless the loan went bad). Applications without a loan have no row;
        loans opened late in the series were seen for less than six months.
    """

    pages: list[bytes]
    accounts: list[Account]
    users: list[User]
    truth: pd.DataFrame
    contents: pd.DataFrame
    borrowers: pd.DataFrame
    stated: pd.DataFrame
    loans: pd.DataFrame


class Employer(NamedTuple):
    """An employer, its federal number, how often it pays, and the hourly rates of its scale."""

    name: str
    number: str
    frequency: str
    rates: list[float]


class Applicant(NamedTuple):
    """A borrower as the papers tell it; those of a ring differ in little."""

    name: str
    employer: str
    employer_number: str
    ssn: str
    account: str
    home: tuple[str, str, str]
    frequency: str
    gross: float
    kept: float
    extra: float
    hired_on: date
    is_fraudulent: bool = False
    ring: int | None = None


def make_portfolio(
    borrowers: int = 5_000, seed: int = 2026, *, fraud_share: float = 0.05
) -> Portfolio:
    """Make the uploads, stated incomes and loans of borrowers, with rings among them.

    About half of the fraudulent borrowers belong to rings of 3 to 30 whose papers are one template,
    saved again under other names. Others share things by chance, as people do: names, employers,
    payroll firms, wages and with them taxes and net pay, the last four digits of an SSN, apartment
    houses and homes.

    Parameters
    ----------
    borrowers
        How many; each has about 2.5 uploads.
    seed
        Any whole number; the same seed makes the same portfolio.
    fraud_share
        Share of fraudulent borrowers, 0 to 1; lenders report 0.034 to 0.14.

    Returns
    -------
    Portfolio
        Pages of the API's shape, accounts, users, loans, stated incomes, and the truth.

    Examples
    --------
    >>> made = make_portfolio(200, fraud_share=0.14)
    >>> len(made.borrowers), int(made.borrowers["fraudulent"].sum())
    (200, 28)
    """
    chance = random.Random(seed)  # noqa: S311
    town = _Town(chance, borrowers)
    people = _fraudulent(chance, town, round(borrowers * fraud_share))
    people += [town.applicant() for _ in range(borrowers - len(people))]
    chance.shuffle(people)
    made = _Made(chance)
    for number, person in enumerate(people):
        made.add(f"LN-{number:06}", person)
    return made.finish()


class _Town:
    """Where applicants come from: what they share by chance is drawn here."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self._chance = chance
        self.employers = [self._employer() for _ in range(max(size // 20, 10))]
        clients = range(0, len(self.employers), round(1 / PAYROLL_FIRM_SHARE))
        for place in clients:
            number = self.employers[0].number
            self.employers[place] = self.employers[place]._replace(number=number)
        self._employer_weights = [1 / (rank + 5) for rank in range(len(self.employers))]
        self._houses = [self._home() for _ in range(max(size // 60, 5))]
        self._last_names = [self.invented_name() for _ in range(600)]
        self._name_weights = [1 / (rank + 20) for rank in range(len(self._last_names))]
        self._homes: list[tuple[str, str, str]] = []

    def applicant(self) -> Applicant:
        """Draw one who is what the papers say."""
        chance = self._chance
        [employer] = chance.choices(self.employers, self._employer_weights)
        frequency = employer.frequency
        # Most of those on a scale are on one of its first steps.
        steps = [1 / (step + 1) for step in range(len(employer.rates))]
        is_scaled = chance.random() < SCALE_SHARE
        rate = chance.choices(employer.rates, steps)[0] if is_scaled else chance.uniform(14, 60)
        hired, varies = (chance.random() < share for share in (HIRED_SHARE, VARIABLE_SHARE))
        return Applicant(
            name=self.name(),
            employer=employer.name,
            employer_number=employer.number,
            ssn=self.ssn(),
            account=f"{chance.randrange(10_000):04}",
            home=self.home(),
            frequency=frequency,
            gross=round(rate * 2080 / PAY_DAYS[frequency], 2),
            kept=_kept(chance, rate * 2080),
            extra=chance.choice((-1, 1)) * chance.uniform(0.15, 0.4) if varies else 0.0,
            hired_on=FIRST_MONDAY + timedelta(days=chance.randrange(35, 150))
            if hired
            else date(2020, 1, 1),
        )

    def name(self) -> str:
        """Draw a name; some are common."""
        chance = self._chance
        [last] = chance.choices(self._last_names, self._name_weights)
        first, middle = chance.choice(FIRST_NAMES), chance.choice("ABCDEFGHJKLM")
        return chance.choice((f"{first} {middle}. {last}", f"{first} {last}"))

    def ssn(self) -> str:
        """Draw a number that no person has."""
        area, group, serial = (
            self._chance.randrange(*span) for span in ((100,), (10, 99), (1, 9999))
        )
        return f"9{area:02}-{group}-{serial:04}"

    def home(self) -> tuple[str, str, str]:
        """Draw street, city and ZIP code: of a house of many homes, another's home, or any."""
        draw = self._chance.random()
        if draw < HOUSES_SHARE:
            return self._chance.choice(self._houses)
        if draw < HOUSES_SHARE + HOUSEHOLD_SHARE and self._homes:
            return self._chance.choice(self._homes)
        self._homes.append(self._home())
        return self._homes[-1]

    def invented_name(self) -> str:
        """Make a word that reads as a name."""
        return "".join(self._chance.choices(SYLLABLES, k=self._chance.choice((2, 3)))).title()

    def _home(self) -> tuple[str, str, str]:
        street = f"{self._chance.randrange(1, 3000)} {self._chance.choice(FIRST_PARTS)} St"
        return street, "Columbia", f"29{self._chance.randrange(200, 299)}"

    def _employer(self) -> Employer:
        chance = self._chance
        first, second = self.invented_name(), chance.choice(SECOND_PARTS)
        name = f"{chance.choice(FIRST_PARTS)} {first} {second} {chance.choice(ENDINGS)}"
        number = f"{chance.randrange(10, 99)}-{chance.randrange(10**7):07}"
        [frequency] = chance.choices(list(PAY_DAYS), (25, 45, 20, 10))
        return Employer(name, number, frequency, chance.sample(RATES, 12))


def _kept(chance: random.Random, yearly: float) -> float:
    """Give the share of gross pay that is left after taxes and what was chosen."""
    taxed = max(yearly - chance.choice(FILINGS), 0)
    taxes = yearly * FLAT_TAX + sum(max(taxed - above, 0) * rate for above, rate in BRACKETS)
    chosen = 12 * chance.choice(HEALTH_PLANS) + yearly * chance.choice(SAVED_SHARES)
    return 1 - (taxes + chosen) / yearly


def _fraudulent(chance: random.Random, town: _Town, number: int) -> list[Applicant]:
    """Make rings, and others who act alone."""
    people: list[Applicant] = []
    ring, least = 0, RING_SIZES[0]
    while (left := round(number * RINGED_SHARE) - len(people)) >= least:
        # Small rings are more frequent than large ones; the first is one of the largest.
        size = RING_SIZES[1] if not ring else round(least * 10 ** chance.random())
        people += _ring(chance, town, min(size, left), ring)
        ring += 1
    alone = [town.applicant() for _ in range(number - len(people))]
    return people + [person._replace(is_fraudulent=True) for person in alone]


def _ring(chance: random.Random, town: _Town, size: int, ring: int) -> list[Applicant]:
    """Make applicants of one template: amounts are the same, and some of the rest."""
    template = town.applicant()._replace(is_fraudulent=True, ring=ring)
    template = template._replace(gross=round(template.gross * chance.uniform(1.1, 1.6), 2))
    if chance.random() < SAME_NUMBER_SHARE:
        invented = f"{town.invented_name()} {chance.choice(SECOND_PARTS)} {chance.choice(ENDINGS)}"
        template = template._replace(employer=invented)
    same_account, same_home = (
        chance.random() < share for share in (SAME_ACCOUNT_SHARE, SAME_HOME_SHARE)
    )
    people = []
    for _ in range(size):
        other = town.applicant()
        person = template._replace(name=other.name)
        if not same_account:
            person = person._replace(account=other.account, ssn=other.ssn)
        people.append(person if same_home else person._replace(home=other.home))
    return people


class _Made:
    """The tables of a portfolio while they grow, borrower by borrower."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._records: list[tuple[str, msgspec.Raw]] = []
        self._accounts: list[Account] = []
        self._users: list[User] = []
        self._rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("truth", "contents", "borrowers", "stated", "loans")
        }
        # Ring -> when its first member applied, the file that its members may share.
        self._rings: dict[int, tuple[datetime, str]] = {}

    def add(self, external_id: str, person: Applicant) -> None:
        """Add what one borrower sent and stated, and the loan."""
        chance = self._chance
        sent_at, paid = self._application(person)
        owners = [self._owner(external_id)]
        papers = [("paystubs", on) for on in paid]
        if chance.random() < W2_SHARE and person.hired_on < FIRST_MONDAY:
            papers.append(("W-2", date(2025, 12, 31)))
        if len(papers) > 1 and chance.random() < TWO_USERS_SHARE:
            owners.append(self._owner(external_id))
        scores = [
            self._upload(external_id, person, owners[min(number, 1) % len(owners)], sent_at, paper)
            for number, paper in enumerate(papers)
        ]
        known = [score for score in scores if score is not None]
        self._borrower(external_id, person)
        if chance.random() < LOAN_SHARE:
            self._loan(external_id, sent_at, min(known, default=None), person.is_fraudulent)

    def _borrower(self, external_id: str, person: Applicant) -> None:
        chance = self._chance
        monthly = person.gross * PAY_DAYS[person.frequency] / 12
        overstated = chance.random() < OVERSTATED_SHARE
        factor = chance.uniform(*OVERSTATED_BY) if overstated else chance.uniform(0.97, 1.02)
        nothing = chance.random() < NOTHING_STATED_SHARE
        self._rows["stated"].append(
            {
                "external_id": external_id,
                "monthly_income": 0 if nothing else round(monthly * factor),
            }
        )
        self._rows["borrowers"].append(
            {
                "external_id": external_id,
                "employer": person.employer,
                "ring": person.ring,
                "fraudulent": person.is_fraudulent,
                "monthly_income": round(monthly, 2),
                "overstated": overstated and not nothing,
                "variable_pay": person.extra != 0,
                "hired_after_january": person.hired_on > FIRST_MONDAY,
            }
        )

    def finish(self) -> Portfolio:
        """Give the tables."""
        texts = ("external_id", "employer", "upload_id", "sha256")
        frames = {name: pd.DataFrame(rows) for name, rows in self._rows.items()}
        for name, frame in frames.items():
            kinds = {column: "string" for column in texts if column in frame}
            frames[name] = frame.astype(kinds)
        frames["borrowers"] = frames["borrowers"].astype({"ring": "Int32"})
        frames["stated"] = frames["stated"].astype({"monthly_income": "Float64"})
        moments = ("opened_at", "bad_at", "last_seen_at")
        frames["loans"] = (
            frames["loans"]
            .reindex(columns=["external_id", *moments])
            .astype(dict.fromkeys(moments, "datetime64[s, UTC]"))
        )
        return Portfolio(_pages(self._records), self._accounts, self._users, **frames)

    def _application(self, person: Applicant) -> tuple[datetime, list[date]]:
        """Draw when somebody applies; a ring does so within some weeks, with stubs of one day."""
        chance = self._chance
        first = (person.hired_on - FIRST_MONDAY).days + 40 if person.hired_on > FIRST_MONDAY else 0
        day = chance.randrange(min(first, WEEKS * 7 - 1), WEEKS * 7)
        sent_at = datetime.combine(FIRST_MONDAY, datetime.min.time())
        sent_at += timedelta(days=day, seconds=chance.randrange(86_400))
        if person.ring is not None:
            # All of them apply before the series ends.
            sent_at -= timedelta(days=30 if day > WEEKS * 7 // 2 else 0)
            drawn = (sent_at, f"{chance.getrandbits(256):064x}")
            began, _ = self._rings.setdefault(person.ring, drawn)
            return began + timedelta(days=chance.randrange(30)), _pay_dates(person, began, 1)
        return sent_at, _pay_dates(person, sent_at, chance.choice((1, 2, 2, 3)))

    def _owner(self, external_id: str) -> str:
        user, account = _uuid(self._chance), _uuid(self._chance)
        self._users.append(User(user, external_id))
        self._accounts.append(Account(account, user=user))
        return account

    def _upload(
        self,
        external_id: str,
        person: Applicant,
        account: str,
        sent_at: datetime,
        paper: tuple[str, date],
    ) -> int | None:
        chance = self._chance
        document_type, paid_on = paper
        fate = {
            "fraudulent": person.is_fraudulent,
            "untraced": person.is_fraudulent and chance.random() < UNTRACED_SHARE,
        }
        read = _stub_of(chance, person, paid_on)
        if document_type == "W-2":
            read = _w2_of(chance, person)
        record = _record(chance, sent_at, document_type, fate, read)
        upload_id = _uuid(chance)
        text = msgspec.json.encode(record | {"id": upload_id, "account": account})
        self._records.append((record["created_at"], msgspec.Raw(text)))
        content = f"{chance.getrandbits(256):064x}"
        if person.ring is not None and document_type == "W-2" and chance.random() < SAME_FILE_SHARE:
            content = self._rings[person.ring][1]
        self._rows["contents"].append({"upload_id": upload_id, "sha256": content})
        self._rows["truth"].append(
            {"upload_id": upload_id, "external_id": external_id, "employer": person.employer} | fate
        )
        metadata = record["metadata"]
        return metadata["ocr_authenticity_score"] if metadata else None

    def _loan(
        self, external_id: str, sent_at: datetime, score: int | None, is_fraudulent: bool
    ) -> None:
        chance = self._chance
        opened = sent_at.date() + timedelta(days=chance.randrange(2, 21))
        last = FIRST_MONDAY + timedelta(days=WEEKS * 7 + WATCHED_DAYS)
        if chance.random() < LOST_SIGHT_SHARE:
            last = opened + timedelta(days=chance.randrange(1, 150))
        doubt = (100 - (85 if score is None else score)) / 100
        share = BAD_SHARE + BAD_BY_SCORE * doubt + BAD_BY_FRAUD * is_fraudulent
        is_bad, day = chance.random() < share, opened + timedelta(days=chance.randrange(30, 180))
        self._rows["loans"].append(
            {
                "external_id": external_id,
                "opened_at": opened,
                "bad_at": day if is_bad and day <= last else None,
                "last_seen_at": last,
            }
        )


def _pay_dates(person: Applicant, before: datetime, number: int) -> list[date]:
    """Give the last pay dates before a time, the latest first."""
    if person.frequency in FREQUENCIES:
        step = FREQUENCIES[person.frequency]
        friday = before.date() - timedelta(days=before.weekday() + 3)
        return [friday - timedelta(days=step * n) for n in range(number)]
    is_monthly = person.frequency == "MONTHLY"
    dates = [day for year in (-1, 0) for day in _month_days(before.year + year, is_monthly)]
    return [day for day in reversed(dates) if day < before.date()][:number]


@functools.cache
def _month_days(year: int, is_monthly: bool) -> tuple[date, ...]:
    """Give the last days of the months of a year, and unless monthly the 15ths."""
    return tuple(
        date(year, month, day)
        for month in range(1, 13)
        for day in (15, calendar.monthrange(year, month)[1])
        if not (is_monthly and day == 15)  # noqa: PLR2004
    )


def _paid_until(person: Applicant, paid_on: date) -> int:
    """Count the pay dates of the year up to one of them, since the job began."""
    first = max(date(paid_on.year, 1, 1), person.hired_on)
    if person.frequency in FREQUENCIES:
        return (paid_on - first).days // FREQUENCIES[person.frequency] + 1
    days = _month_days(paid_on.year, person.frequency == "MONTHLY")
    return sum(first <= day <= paid_on for day in days)


def _stub_of(chance: random.Random, person: Applicant, paid_on: date) -> dict[str, Any]:
    """Give what OCR would read of a paystub."""
    periods = max(_paid_until(person, paid_on), 1)
    to_date = person.gross * (periods + person.extra * (periods - 1))
    net = round(person.gross * person.kept, 2)
    length = {"SEMI_MONTHLY": 15, "MONTHLY": 30} | FREQUENCIES
    start = paid_on - timedelta(days=length[person.frequency] + 2)
    last = paid_on - timedelta(days=3)
    street, city, postal_code = person.home
    return {
        "employer": {"name": _as_written(chance, person.employer)},
        "employee": {
            "name": person.name,
            "address": {"line1": street, "city": city, "postal_code": postal_code},
            "taxpayer_id": {"id_type": "SSN", "last_4_digits": person.ssn[-4:]},
        },
        "paystub_details": {
            "pay_period_start_date": start.isoformat(),
            "pay_period_end_date": last.isoformat(),
            "pay_date": paid_on.isoformat(),
            "pay_frequency": person.frequency,
        },
        "earnings": {"totals": [{"current_pay": _usd(person.gross), "ytd_pay": _usd(to_date)}]},
        "deductions": {"totals": [{"current_pay": _usd(person.gross - net)}]},
        "net_pay": {
            "distribution_details": [{"account_number": person.account}],
            "totals": {"current_pay": _usd(net), "ytd_pay": _usd(to_date * person.kept)},
        },
    }


def _w2_of(chance: random.Random, person: Applicant) -> dict[str, Any]:
    """Give what OCR would read of the W-2 of last year."""
    street, city, postal_code = person.home
    wages = person.gross * PAY_DAYS[person.frequency]
    fields = {
        "year": "2025",
        "employeeName": person.name,
        "employeeSocialSecurityNumber": person.ssn,
        "employeeAddressLine1": street,
        "employeeAddressCity": city,
        "employeeAddressZip": postal_code,
        "employerName": _as_written(chance, person.employer),
        "employerIdNo": person.employer_number,
        "wagesTipsOtherComp": f"{wages:.2f}",
        "federalIncomeTaxWithheld": f"{wages * (1 - person.kept) / 2:.2f}",
    }
    values = {key: {"value": value, "is_empty": False} for key, value in fields.items()}
    return {"form_type": "W2", "raw_fields": values}


def _as_written(chance: random.Random, name: str) -> str:
    """Write an employer as papers do: in capitals, without punctuation, with another legal form."""
    ways = (
        name,
        name.upper(),
        name.replace(".", ""),
        f"{name.rpartition(' ')[0]}, {chance.choice(ENDINGS)}",
        name.rpartition(" ")[0],
    )
    return chance.choice(ways)
