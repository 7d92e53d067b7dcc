"""The kinds of tampering, each with everything about it that can vary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from data.make_documents.drafts import moment, save_genuine
from data.make_documents.false_figures import amount_edits, identity_edits
from data.make_documents.forgeries import Fraud, generated, impossible_dates, sums_wrong
from data.make_documents.pages import Page, Text
from data.make_documents.pdf_files import Provenance
from data.make_documents.people import chance
from data.make_documents.photo_edits import patched_photo
from data.make_documents.photos import SCANNERS, image_only, scan, screenshot
from data.make_documents.tampering import (
    content_bytes,
    cover_and_retype,
    page_operations,
    replace_text,
    save_incrementally,
    save_whole,
    swap_font,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from data.make_documents.drafts import Draft

EDITORS = (
    "Adobe Photoshop 25.5 (Windows)",
    "Adobe Illustrator 28.3",
    "GIMP 2.10.36",
    "Inkscape 1.3.2",
    "PDFescape Online - https://www.pdfescape.com",
    "iLovePDF",
    "Sejda 3.2.85 (www.sejda.com)",
    "Foxit PDF Editor Printer Version 13.0",
    "LibreOffice 24.2 (Draw)",
    "Canva",
    "Nitro Pro 13 (13.70.0.30)",
    "Redline PDF Editor 4.1",
)
STANDARD_FACES = ("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold", "Times-Bold")


def tamper(rng: Random, draft: Draft, kind: str) -> Fraud:
    """Tamper with a genuine draft.

    Parameters
    ----------
    rng
        Source of chance; decides which field, by how much, with which tool and how cleanly.
    draft
        The genuine document.
    kind
        One of `KINDS`.

    Returns
    -------
    Fraud
        A PDF, a PNG for ``screenshot``, a JPEG for ``photo_patched``.
    """
    return KINDS[kind](rng, draft)


def _edited_provenance(rng: Random, draft: Draft, quiet: float) -> Provenance | None:
    if chance(rng, quiet):
        return None
    later = moment(rng, draft.made.date() + timedelta(rng.randint(2, 70)))
    editor = rng.choice(EDITORS)
    creator = rng.choice((draft.provenance.creator, editor))
    return Provenance(creator, editor, draft.made, later)


def _victim(rng: Random, draft: Draft) -> bytes:
    return save_genuine(rng, draft, rng.choice(("plain", "plain", "touched", "packed")))


def _revised(rng: Random, draft: Draft, edits: dict[str, str], note: str) -> Fraud:
    pdf = _victim(rng, draft)
    operations = page_operations(pdf)
    clean = chance(rng, 0.7)
    changed = replace_text(operations, edits, everywhere=clean, aligned=clean)
    said = _edited_provenance(rng, draft, quiet=0.45)
    content = save_incrementally(pdf, changed, said, in_place=chance(rng, 0.6))
    tool = "quietly" if said is None else f"with {said.producer}"
    return Fraud(content, ".pdf", f"{note}, saved incrementally {tool}")


def _amount_incremental(rng: Random, draft: Draft) -> Fraud:
    scope = rng.choice(("one", "one", "some", "all"))
    edits = amount_edits(rng, draft, scope)
    shown = "; ".join(f"{old} to {new}" for old, new in edits.items())
    return _revised(rng, draft, edits, shown)


def _identity_incremental(rng: Random, draft: Draft) -> Fraud:
    what = rng.choice(("name", "ssn"))
    return _revised(rng, draft, identity_edits(rng, draft, what), f"another {what}")


def _any_edits(rng: Random, draft: Draft) -> dict[str, str]:
    if chance(rng, 0.7):
        return amount_edits(rng, draft, rng.choice(("one", "some", "all")))
    return identity_edits(rng, draft, rng.choice(("name", "ssn")))


def _page_fonts(page: Page) -> set[str]:
    return {mark.font for mark in page.marks if isinstance(mark, Text)}


def _strange_face(rng: Random, draft: Draft) -> str:
    used = _page_fonts(draft.redraw(draft.facts))
    return rng.choice([face for face in STANDARD_FACES if face not in used])


def _resaved_as(rng: Random, draft: Draft) -> Provenance:
    said = _edited_provenance(rng, draft, quiet=0.25)
    return said or draft.provenance


def _covered(rng: Random, draft: Draft) -> Fraud:
    edits = _any_edits(rng, draft)
    pdf = _victim(rng, draft)
    face = _strange_face(rng, draft)
    patch = cover_and_retype(
        page_operations(pdf),
        edits,
        "FX",
        everywhere=chance(rng, 0.6),
        drift=rng.choice((0, 0.4, 0.9)),
        shrink=rng.choice((0, 0, 0.5)),
    )
    content = _patched(rng, pdf, patch, {"FX": face}, _resaved_as(rng, draft))
    return Fraud(content, ".pdf", f"{len(edits)} texts covered and typed over in {face}")


def _patched(
    rng: Random, pdf: bytes, patch: bytes, fonts: dict[str, str], said: Provenance
) -> bytes:
    operations = page_operations(pdf)
    if chance(rng, 0.5):
        return save_whole(pdf, operations, said, extra=patch, fonts=fonts)
    merged = content_bytes(operations) + b"\n" + patch
    return save_whole(pdf, [], said, extra=merged, fonts=fonts, packed=chance(rng, 0.4))


def _fonts_mixed(rng: Random, draft: Draft) -> Fraud:
    edits = amount_edits(rng, draft, rng.choice(("one", "some")))
    pdf = _victim(rng, draft)
    operations = page_operations(pdf)
    face = _strange_face(rng, draft)
    whole = chance(rng, 0.4)
    changed = swap_font(operations, edits, "FX", whole=whole, size=rng.choice((0, 0, 0.5, -0.5)))
    content = save_whole(pdf, changed, _resaved_as(rng, draft), fonts={"FX": face})
    return Fraud(content, ".pdf", f"{'amounts' if whole else 'digits'} typed in {face}")


def _resaved(rng: Random, draft: Draft) -> Fraud:
    pdf = _victim(rng, draft)
    operations = page_operations(pdf)
    changed = replace_text(operations, amount_edits(rng, draft, "all"))
    said = cast("Provenance", _edited_provenance(rng, draft, quiet=0.0))
    creator = draft.provenance.creator or "Larkfield Payroll 14.2"
    content = save_whole(pdf, changed, replace(said, creator=creator))
    return Fraud(content, ".pdf", f"all amounts raised, saved whole with {said.producer}")


def _seamless(rng: Random, draft: Draft) -> Fraud:
    pdf = draft.pdf()
    changed = replace_text(page_operations(pdf), amount_edits(rng, draft, "all"))
    content = save_whole(pdf, changed, draft.provenance)
    return Fraud(content, ".pdf", "all amounts raised in their own font, saved whole quietly")


def _raised(rng: Random, draft: Draft) -> Page:
    edits = amount_edits(rng, draft, rng.choice(("one", "some", "all")))
    page = draft.redraw(draft.facts)
    marks = [
        replace(mark, words=edits.get(mark.words, mark.words)) if isinstance(mark, Text) else mark
        for mark in page.marks
    ]
    return Page(page.size, marks)


def _scanned(rng: Random, draft: Draft) -> Fraud:
    jpeg, size = scan(rng, _raised(rng, draft))
    creator, producer = rng.choice(SCANNERS)
    scanned = moment(rng, draft.made.date() + timedelta(rng.randint(2, 30)))
    content = image_only(jpeg, size, Provenance(creator, producer, scanned))
    return Fraud(content, ".pdf", "amounts raised, printed and scanned")


def _screenshot(rng: Random, draft: Draft) -> Fraud:
    return Fraud(screenshot(rng, _raised(rng, draft)), ".png", "amounts raised, then a screenshot")


KINDS: dict[str, Callable[[Random, Draft], Fraud]] = {
    "amount_edited_incremental": _amount_incremental,
    "identity_edited_incremental": _identity_incremental,
    "covered_and_retyped": _covered,
    "fonts_mixed": _fonts_mixed,
    "impossible_dates": impossible_dates,
    "sums_wrong": sums_wrong,
    "resaved_by_editor": _resaved,
    "seamless_rewrite": _seamless,
    "online_generator": generated,
    "scanned_after_edit": _scanned,
    "screenshot": _screenshot,
    "photo_patched": patched_photo,
}
