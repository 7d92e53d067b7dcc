"""Synthetic uploads with a known drift and a known share of fraud, to practice analysis on.

Nothing is kept in a file: `make_uploads` builds everything again, the same for the same seed, in
some seconds. The records have the shape of the API's pages. What is put in stands in the constants
below, and in the README of the sample data.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pandas as pd

from argyle_nb.models import Account

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
            record = _record(chance, person, document_type, paid_on, fate)
            text = msgspec.json.encode(record | {"id": upload_id, "account": account})
            records.append((record["created_at"], msgspec.Raw(text)))
            truth.append({"upload_id": upload_id, "employer": person.employer} | fate)
            copied = contents[chance.randrange(len(contents))]["sha256"] if fate["copied"] else None
            content = copied or f"{chance.getrandbits(256):064x}"
            contents.append({"upload_id": upload_id, "sha256": content})
    records.sort(key=lambda dated: dated[0], reverse=True)
    results = [text for _, text in records]
    pages = [
        msgspec.json.encode({"next": None, "previous": None, "results": results[at : at + PAGE]})
        for at in range(0, len(records), PAGE)
    ]
    texts = {"upload_id": "string", "employer": "string", "contradicts": "string"}
    return Synthetic(
        pages, accounts, pd.DataFrame(truth).astype(texts), pd.DataFrame(contents, dtype="string")
    )


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
    chance: random.Random, person: Person, document_type: str, paid_on: date, fate: dict[str, Any]
) -> dict[str, Any]:
    created = person.sent_at + timedelta(seconds=chance.randrange(600))
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
            "ocr_data": _read(person, document_type, paid_on, fate),
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
