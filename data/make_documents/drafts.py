"""Payroll documents before they are saved, and the innocent ways to save them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, cast

from pypdf.generic import (
    DictionaryObject,
    NameObject,
)

from data.make_documents.pages import draw_pdf
from data.make_documents.paystubs import Employment, Paystub, paystub_for, paystub_page
from data.make_documents.pdf_files import (
    Objects,
    Provenance,
    add_revision,
    pdf_object,
    protect,
    read_contents,
    reference,
    rewrite,
)
from data.make_documents.people import chance
from data.make_documents.photos import SCANNERS, image_only, scan
from data.make_documents.tax_forms import (
    W2,
    WAGE_LABELS,
    Form1099,
    form_1099_page,
    make_1099,
    w2_for,
    w2_page,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from data.make_documents.pages import DrawnPage
    from data.make_documents.people import PayrollSystem, Person

PRINTERS = (
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36", "Skia/PDF m126"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/131.0.0.0", "Skia/PDF m131"),
    ("Safari", "macOS Version 14.5 (Build 23F79) Quartz PDFContext"),
    ("", "iOS Version 17.5.1 (Build 21F90) Quartz PDFContext"),
    ("", "Microsoft: Print To PDF"),
)
COMPRESSORS = ("GPL Ghostscript 10.03.1", "GPL Ghostscript 9.55.0", "iLovePDF")
TAX_SOFTWARE = (
    ("Meridian HR Suite 9.4", "Apache FOP Version 2.6"),
    ("Larkfield Payroll 14.2", "iText 2.1.7 by 1T3XT"),
    ("Yearend Forms 2025.1", "Amyuni PDF Converter version 5.5"),
    ("", "PDFsharp 1.50.5147 (www.pdfsharp.com)"),
)

Facts = Paystub | W2 | Form1099


@dataclass(frozen=True)
class Draft:
    """A document as its payroll system made it; ``redraw`` lays other facts out the same way."""

    document_type: str
    facts: Facts
    redraw: Callable[[Facts], DrawnPage]
    provenance: Provenance

    @property
    def person(self) -> Person:
        """Whose document it is."""
        return self.facts.job.person if isinstance(self.facts, Paystub) else self.facts.person

    @property
    def made(self) -> datetime:
        """When its payroll system made it."""
        return cast("datetime", self.provenance.created)

    def pdf(self) -> bytes:
        """Save it plainly."""
        return rewrite(draw_pdf(self.redraw(self.facts)), self.provenance)


def moment(rng: Random, day: date) -> datetime:
    """Choose a time of a working day in a US time zone."""
    clock = time(rng.randint(5, 19), rng.randint(0, 59), rng.randint(0, 59))
    zone = timezone(timedelta(hours=rng.randint(-8, -5)))
    return datetime.combine(day, clock, zone)


def paystub_draft(
    rng: Random, job: Employment, system: PayrollSystem, year: int, number: int
) -> Draft:
    """Draft the paystub of one pay date."""
    stub = paystub_for(job, year, number)
    # On a current-pay calendar the stub is printed before its period is over.
    earliest = min(stub.period_end, stub.pay_date - timedelta(1))
    day = earliest + timedelta(rng.randint(0, (stub.pay_date - earliest).days + 1))
    printed = moment(rng, day)
    made = Provenance(system.creator, system.producer, printed, rng.choice((printed, None)))
    return Draft("paystubs", stub, lambda facts: paystub_page(cast("Paystub", facts), system), made)


def w2_draft(rng: Random, job: Employment, year: int) -> Draft:
    """Draft the W-2 of one tax year, printed in the January after it."""
    face = rng.choice(("Courier", "Helvetica", "Courier-Bold"))
    label = rng.choice(WAGE_LABELS)
    return Draft(
        "W-2",
        w2_for(job, year),
        lambda facts: w2_page(cast("W2", facts), face=face, wages_label=label),
        _january(rng, year),
    )


def form_1099_draft(rng: Random, person: Person, year: int) -> Draft:
    """Draft a 1099-NEC of one tax year, printed in the January after it."""
    face = rng.choice(("Courier", "Helvetica"))
    return Draft(
        "1099",
        make_1099(rng, person, year),
        lambda facts: form_1099_page(cast("Form1099", facts), face=face),
        _january(rng, year),
    )


def _january(rng: Random, year: int) -> Provenance:
    creator, producer = rng.choice(TAX_SOFTWARE)
    printed = moment(rng, date(year + 1, 1, rng.randint(6, 31)))
    return Provenance(creator, producer, printed, rng.choice((printed, None)))


def _plain(_: Random, draft: Draft) -> bytes:
    return draft.pdf()


def _touched(rng: Random, draft: Draft) -> bytes:
    later = draft.made + timedelta(seconds=rng.randint(40, 540))
    touched = replace(draft.provenance, modified=later)
    return replace(draft, provenance=touched).pdf()


def _printed(rng: Random, draft: Draft) -> bytes:
    creator, producer = rng.choice(PRINTERS)
    printed = moment(rng, draft.made.date() + timedelta(rng.randint(1, 40)))
    said = Provenance(creator, producer, printed, rng.choice((printed, None)))
    return replace(draft, provenance=said).pdf()


def _packed(_: Random, draft: Draft) -> bytes:
    return rewrite(draft.pdf(), draft.provenance, packed=True)


def _retitled(rng: Random, draft: Draft) -> bytes:
    later = draft.made + timedelta(minutes=rng.randint(1, 90))
    said = replace(
        draft.provenance, modified=later, title=f"{draft.document_type} {draft.made.date()}"
    )
    return add_revision(draft.pdf(), {}, said)


def _annotated(rng: Random, draft: Draft) -> bytes:
    pdf = draft.pdf()
    note = rng.choice((_note("Received"), _note("Reviewed by HR"), _signature_field()))
    later = replace(
        draft.provenance, modified=draft.made + timedelta(days=rng.randint(0, 9), hours=1)
    )
    return add_revision(pdf, _with_annotation(pdf, note), later)


def _compressed(rng: Random, draft: Draft) -> bytes:
    later = moment(rng, draft.made.date() + timedelta(rng.randint(1, 40)))
    tool = rng.choice(COMPRESSORS)
    said = replace(draft.provenance, producer=tool, modified=later)
    return rewrite(draft.pdf(), said, packed=chance(rng, 0.5))


def _protected(_: Random, draft: Draft) -> bytes:
    return protect(draft.pdf(), draft.person.ssn[-4:])


def _scanned(rng: Random, draft: Draft) -> bytes:
    jpeg, size = scan(rng, draft.redraw(draft.facts))
    creator, producer = rng.choice(SCANNERS)
    scanned = moment(rng, draft.made.date() + timedelta(rng.randint(2, 30)))
    return image_only(jpeg, size, Provenance(creator, producer, scanned))


# ``touched`` is modified minutes later, ``printed`` by a browser or an operating system,
# ``compressed`` by a tool that takes the history away.
QUIRKS: dict[str, Callable[[Random, Draft], bytes]] = {
    "plain": _plain,
    "touched": _touched,
    "printed": _printed,
    "packed": _packed,
    "retitled": _retitled,
    "annotated": _annotated,
    "compressed": _compressed,
}
# Genuine all the same, but without text that a program can read.
UNREADABLE: dict[str, Callable[[Random, Draft], bytes]] = {
    "protected": _protected,
    "scanned": _scanned,
}


def save_genuine(rng: Random, draft: Draft, quirk: str) -> bytes:
    """Save a draft in one of the ways of `QUIRKS` and `UNREADABLE`."""
    return (QUIRKS | UNREADABLE)[quirk](rng, draft)


def _note(words: str) -> DictionaryObject:
    return _annotation("/Text", [540, 20, 560, 40], {"/Contents": words})


def _signature_field() -> DictionaryObject:
    return _annotation("/Widget", [380, 60, 560, 96], {"/FT": "/Sig", "/T": "Signature1"})


def _annotation(kind: str, corners: list[int], more: dict[str, str]) -> DictionaryObject:
    entries = {"/Type": "/Annot", "/Subtype": kind, "/Rect": corners, "/F": 4, **more}
    return cast("DictionaryObject", pdf_object(entries))


def _with_annotation(pdf: bytes, annotation: DictionaryObject) -> Objects:
    old = read_contents(pdf)
    added: Objects = {old.size: annotation}
    for number, page in old.objects.items():
        if isinstance(page, DictionaryObject) and page.get("/Type") == "/Page":
            noted = DictionaryObject({key: page.raw_get(key) for key in page})
            noted[NameObject("/Annots")] = pdf_object([reference(old.size)])
            added[number] = noted
    if "/FT" in annotation:
        catalogue = cast("DictionaryObject", old.objects[old.root])
        added[old.root] = _with_form(catalogue, old.size)
    return added


def _with_form(catalogue: DictionaryObject, field: int) -> DictionaryObject:
    formed = DictionaryObject({key: catalogue.raw_get(key) for key in catalogue})
    formed[NameObject("/AcroForm")] = pdf_object({"/Fields": [reference(field)]})
    return formed
