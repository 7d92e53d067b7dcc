"""The sample documents: the fixed set of ten borrowers, and any number of further ones."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from data.make_documents.drafts import (
    QUIRKS,
    Draft,
    form_1099_draft,
    moment,
    paystub_draft,
    save_genuine,
    w2_draft,
)
from data.make_documents.frauds import KINDS, tamper
from data.make_documents.letters import LETTERS, Letter
from data.make_documents.pages import draw_pdf
from data.make_documents.paystubs import Employment, make_employment, paystub_for
from data.make_documents.pdf_files import Provenance, rewrite
from data.make_documents.people import LAST_NAMES, make_person, make_system, seeded
from data.make_documents.photos import forwarded, phone_photo, picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random

DEFAULT_FOLDER = Path("data/documents")
IMAGE_FRAUDS = ("screenshot", "photo_patched")
# These leave nothing in the file to find: no text, or the document's own.
TRACELESS_FRAUDS = ("seamless_rewrite", "scanned_after_edit")
PDF_FRAUDS = tuple(kind for kind in KINDS if kind not in {*IMAGE_FRAUDS, *TRACELESS_FRAUDS})
PDF_QUIRKS = (*QUIRKS, "scanned")
IMAGE_QUIRKS = ("photo", "forwarded")
ENDINGS = {"photo": ".jpg", "JPEG": ".jpg", "PNG": ".png"}
LETTER_TYPES = {
    "id_card": "proof-of-identity",
    "utility_bill": "proof-of-address",
    "bank_letter": "proof-of-address",
    "offer_letter": "miscellaneous",
    "voided_check": "miscellaneous",
}
LAYOUT_OF_USER = {
    1: "statement",
    2: "voucher",
    3: "ledger",
    4: "portal",
    5: "statement",
    6: "ledger",
    7: "voucher",
    8: "ledger",
    9: "voucher",
    10: "statement",
}
# What the file does not tell, or is to be filed as what it is not, lies in a folder that says it.
SUBFOLDERS = {
    "bank_letter_haldane.pdf": "proof-of-address",
    "bank_letter_lindqvist.pdf": "proof-of-address",
    "offer_letter_castellan.pdf": "miscellaneous",
    "voided_check_abara.png": "miscellaneous",
    "notes_renamed.pdf": "miscellaneous",
    "empty_scan.pdf": "paystubs",
    "w2_delgado_2025.pdf": "paystubs",
}
LOAN_COLUMNS = ("loan", "external_id", "amount", "monthly_income", "opened_at")
LOANS = 12  # the last two have no documents
OVERSTATING = {2, 5, 6, 9, 10}  # those whose amounts were raised
HOURS_A_YEAR = 2080
# A client has to refuse both before a byte is sent.
REFUSED = {
    "empty_scan.pdf": (b"", "paystubs", 9),
    "notes_renamed.pdf": (
        b"Call the employer back on Monday about the missing pay date.\n",
        "miscellaneous",
        6,
    ),
}


@dataclass(frozen=True)
class SampleSpec:
    """One sample document.

    ``user`` counts borrowers from 1. ``when`` is the pay date's number in 2026 for a paystub and
    the tax year for a form. ``how`` is a quirk of a genuine document, a kind of tampering, or the
    format of a letter. ``filed_as`` names a wrong document type.
    """

    user: int
    kind: str
    when: int
    how: str
    filed_as: str = ""


@dataclass(frozen=True)
class Sample:
    """A labelled document.

    ``tampering`` is empty for a genuine document; ``document_type`` is the type it is filed as.
    ``external_id`` is the lender's name of the borrower.
    """

    file: str
    content: bytes
    document_type: str
    external_id: str
    tampering: str
    note: str

    @property
    def genuine(self) -> bool:
        """Whether nothing untrue was done to it."""
        return not self.tampering


SAMPLE_SPECS = (
    SampleSpec(1, "paystub", 4, "plain"),
    SampleSpec(1, "paystub", 5, "touched"),
    SampleSpec(1, "w2", 2025, "plain"),
    SampleSpec(1, "id_card", 0, "photo"),
    SampleSpec(2, "paystub", 5, "amount_edited_incremental"),
    SampleSpec(2, "w2", 2025, "touched"),
    SampleSpec(2, "paystub", 6, "photo"),
    SampleSpec(2, "utility_bill", 0, "pdf"),
    SampleSpec(3, "paystub", 1, "plain"),
    SampleSpec(3, "paystub", 3, "sums_wrong"),
    SampleSpec(3, "w2", 2025, "identity_edited_incremental"),
    SampleSpec(3, "bank_letter", 0, "pdf"),
    SampleSpec(4, "paystub", 6, "printed"),
    SampleSpec(4, "paystub", 5, "protected"),
    SampleSpec(4, "w2", 2025, "packed"),
    SampleSpec(4, "id_card", 0, "pdf"),
    SampleSpec(4, "offer_letter", 0, "pdf"),
    SampleSpec(5, "paystub", 5, "covered_and_retyped"),
    SampleSpec(5, "w2", 2025, "covered_and_retyped"),
    SampleSpec(5, "voided_check", 0, "PNG"),
    SampleSpec(6, "1099", 2024, "plain"),
    SampleSpec(6, "1099", 2025, "amount_edited_incremental"),
    SampleSpec(6, "id_card", 0, "JPEG"),
    SampleSpec(7, "paystub", 4, "online_generator"),
    SampleSpec(7, "paystub", 5, "photo_patched"),
    SampleSpec(7, "w2", 2025, "impossible_dates"),
    SampleSpec(7, "utility_bill", 0, "pdf"),
    SampleSpec(8, "paystub", 3, "annotated"),
    SampleSpec(8, "paystub", 4, "retitled"),
    SampleSpec(8, "w2", 2025, "printed", filed_as="paystubs"),
    SampleSpec(9, "paystub", 4, "resaved_by_editor"),
    SampleSpec(9, "paystub", 5, "screenshot"),
    SampleSpec(9, "w2", 2025, "photo"),
    SampleSpec(10, "paystub", 2, "scanned_after_edit"),
    SampleSpec(10, "paystub", 4, "fonts_mixed"),
    SampleSpec(10, "paystub", 5, "impossible_dates"),
    SampleSpec(10, "w2", 2025, "scanned"),
    SampleSpec(10, "1099", 2025, "printed"),
    SampleSpec(10, "bank_letter", 0, "pdf"),
)


def write_samples(folder: Path | str = DEFAULT_FOLDER) -> list[Sample]:
    """Write the fixed set, a folder a borrower, and the three tables beside its folder."""
    folder = Path(folder)
    samples = make_samples()
    filed = [(s.file, s.content, s.document_type, s.external_id) for s in samples]
    filed += [
        (name, content, kind, f"borrower-{number:03}")
        for name, (content, kind, number) in REFUSED.items()
    ]
    rows = []
    for name, content, document_type, external_id in filed:
        place = Path(external_id, SUBFOLDERS.get(name, ""), name)
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(content)
        rows.append((f"{folder.name}/{place.as_posix()}", document_type, external_id))
    _write_csv(folder.parent / "manifest.csv", ("file", "document_type", "external_id"), rows)
    placed = {Path(place).name: place for place, _, _ in rows}
    _write_truth(folder.parent / "truth.csv", samples, placed)
    _write_csv(folder.parent / "loans.csv", LOAN_COLUMNS, map(_loan, range(1, LOANS + 1)))
    return samples


def _loan(number: int) -> tuple[str, str, str, str, str]:
    """Give the loan of one borrower, in the order of `LOAN_COLUMNS`."""
    rng = seeded("loan", number)
    job = _borrower(number)
    yearly = job.rate * (HOURS_A_YEAR if job.hourly else job.periods)
    stated = int(yearly) * (130 if number in OVERSTATING else 100) // 1200
    opened = date(2026, 6, 1) + timedelta(days=rng.randint(0, 60))
    amount = rng.randrange(4_000, 30_000, 500)
    return f"L-{20260 + number}", f"borrower-{number:03}", str(amount), str(stated), str(opened)


def make_samples() -> list[Sample]:
    """Make the fixed set, in the order of the manifest, without the files to be refused."""
    return [_fixed_sample(spec) for spec in SAMPLE_SPECS]


def _fixed_sample(spec: SampleSpec) -> Sample:
    rng = seeded(spec.user, spec.kind, spec.when, spec.how)
    job, external_id = _borrower(spec.user), f"borrower-{spec.user:03}"
    last = job.person.last.lower()
    if spec.kind in LETTERS:
        return _letter_sample(rng, LETTERS[spec.kind](rng, job), spec, last, external_id)
    draft, stem = _fixed_draft(rng, job, spec)
    sample = _payroll_sample(rng, draft, spec.how, stem, external_id)
    filed_as = spec.filed_as or sample.document_type
    return Sample(sample.file, sample.content, filed_as, external_id, sample.tampering, sample.note)


def _borrower(user: int) -> Employment:
    rng = seeded("borrower", user)
    # A last name of one's own keeps ten sets of files apart.
    person = replace(make_person(rng), last=LAST_NAMES[user - 1])
    return make_employment(rng, person)


def _fixed_draft(rng: Random, job: Employment, spec: SampleSpec) -> tuple[Draft, str]:
    last = job.person.last.lower()
    if spec.kind == "w2":
        return w2_draft(rng, job, spec.when), f"w2_{last}_{spec.when}"
    if spec.kind == "1099":
        return form_1099_draft(rng, job.person, spec.when), f"1099_{last}_{spec.when}"
    system = make_system(seeded("system", spec.user), LAYOUT_OF_USER[spec.user])
    draft = paystub_draft(rng, job, system, 2026, spec.when)
    pay_date = paystub_for(job, 2026, spec.when).pay_date
    return draft, f"paystub_{last}_{pay_date}"


def _letter_sample(
    rng: Random, letter: Letter, spec: SampleSpec, last: str, external_id: str
) -> Sample:
    ending = ENDINGS.get(spec.how, ".pdf")
    return Sample(
        file=f"{spec.kind}_{last}{ending}",
        content=_letter_content(rng, letter, spec.how),
        document_type=LETTER_TYPES[spec.kind],
        external_id=external_id,
        tampering="",
        note="phone photo" if spec.how == "photo" else spec.kind.replace("_", " "),
    )


def _letter_content(rng: Random, letter: Letter, how: str) -> bytes:
    made = moment(rng, letter.dated)
    if how == "photo":
        return phone_photo(rng, letter.page, made)
    if how in ENDINGS:
        return picture(letter.page, how)
    return rewrite(draw_pdf(letter.page), Provenance(letter.creator, letter.producer, made))


def make_corpus(
    folder: Path | str,
    seed: int,
    count: int,
    *,
    tampered: float = 0.5,
    kinds: Sequence[str] = PDF_FRAUDS,
    quirks: Sequence[str] = PDF_QUIRKS,
) -> list[Sample]:
    """Make labelled documents with varying people, layouts and tampering, and ``truth.csv``.

    ``tampered`` is their share, 0 to 1; the same seed gives the same bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    samples = [_corpus_sample(seed, n, tampered, (kinds, quirks)) for n in range(1, count + 1)]
    for sample in samples:
        (folder / sample.file).write_bytes(sample.content)
    _write_truth(folder / "truth.csv", samples, {})
    return samples


def _corpus_sample(
    seed: int, number: int, tampered: float, ways: tuple[Sequence[str], Sequence[str]]
) -> Sample:
    rng = seeded("corpus", seed, number)
    document_type = rng.choice(("paystubs", "paystubs", "paystubs", "W-2", "W-2", "1099"))
    draft = _random_draft(rng, document_type)
    # Spread evenly instead of by chance, so that a small corpus has both labels.
    cheats = int(number * tampered) > int((number - 1) * tampered)
    how = rng.choice(list(ways[0] if cheats else ways[1]))
    stem = f"document_{number:04}_{draft.person.last.lower()}"
    return _payroll_sample(rng, draft, how, stem, f"borrower-{number:03}")


def _random_draft(rng: Random, document_type: str) -> Draft:
    person = make_person(rng)
    if document_type == "1099":
        return form_1099_draft(rng, person, rng.choice((2024, 2025)))
    job = make_employment(rng, person)
    if document_type == "W-2":
        return w2_draft(rng, job, 2025)
    year, half = rng.choice(((2025, 1), (2026, 2)))
    number = rng.randint(1, job.periods // half)
    return paystub_draft(rng, job, make_system(rng), year, number)


def _payroll_sample(rng: Random, draft: Draft, how: str, stem: str, external_id: str) -> Sample:
    if how in KINDS:
        fraud = tamper(rng, draft, how)
        name = f"{stem}{fraud.ending}"
        return Sample(name, fraud.content, draft.document_type, external_id, how, fraud.note)
    if how in IMAGE_QUIRKS:
        taken = moment(rng, draft.made.date())
        photo = phone_photo(rng, draft.redraw(draft.facts), taken)
        note = "phone photo" if how == "photo" else "phone photo, forwarded by a messenger"
        content = photo if how == "photo" else forwarded(photo)
        return Sample(f"{stem}.jpg", content, draft.document_type, external_id, "", note)
    content = save_genuine(rng, draft, how)
    return Sample(f"{stem}.pdf", content, draft.document_type, external_id, "", how)


def _write_truth(path: Path, samples: Iterable[Sample], placed: Mapping[str, str]) -> None:
    """Write the answer key; files lie where ``placed`` says, else beside it."""
    rows = [
        (
            placed.get(s.file, s.file),
            "genuine" if s.genuine else "tampered",
            s.tampering,
            s.note,
        )
        for s in samples
    ]
    _write_csv(path, ("file", "label", "tampering", "note"), rows)


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
