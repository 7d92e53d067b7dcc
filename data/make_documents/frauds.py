"""Frauds: amounts, names and dates falsified in PDF files, scans, screenshots and photos."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from data.make_documents.drafts import moment, save_genuine
from data.make_documents.pages import DrawnPage, Text, draw_image, draw_pdf, pillow_module
from data.make_documents.paystubs import Item, Paystub
from data.make_documents.pdf_files import Provenance, rewrite
from data.make_documents.people import FIRST_NAMES, LAST_NAMES, cents, chance, money
from data.make_documents.photos import (
    CHANGED,
    SCANNERS,
    SOFTWARE,
    encoded,
    image_only,
    scan,
    screenshot,
    shoot,
)
from data.make_documents.tampering import (
    as_whole,
    content_bytes,
    cover_and_retype,
    page_operations,
    replace_text,
    save_incrementally,
    save_whole,
    swap_font,
)
from data.make_documents.tax_forms import W2, Form1099

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from PIL import Image

    from data.make_documents.drafts import Draft, Facts
    from data.make_documents.photos import Shot

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
IMAGE_EDITORS = ("Adobe Photoshop 25.5 (Windows)", "GIMP 2.10.36", "PicsArt", "Snapseed 2.0")
GENERATORS = (
    ("PaystubWizard Online", "PaystubWizard PDF 2.1"),
    ("CheckStubMaker Pro 5", "TCPDF 6.6.2"),
    ("QuickStubs Paystub Generator", "jsPDF 2.5.1"),
    ("InstaPaystub.example", "dompdf 2.0.3 + CPDF"),
    ("", "StubForge PDF Engine 1.8"),
)
STANDARD_FACES = ("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold", "Times-Bold")
PADDING = 3
WIDTH_OF_DIGIT = 0.556


@dataclass(frozen=True)
class Fraud:
    """A tampered document: its bytes, file ending, and what was done to it."""

    content: bytes
    ending: str
    note: str


def tamper(rng: Random, draft: Draft, kind: str) -> Fraud:
    """Tamper with a genuine draft."""
    return KINDS[kind](rng, draft)


def raise_factor(rng: Random) -> Decimal:
    """Choose by how much somebody exaggerates: 1.18 to 2.45."""
    return Decimal(rng.randint(118, 245)) / 100


def amount_edits(rng: Random, draft: Draft, scope: str) -> dict[str, str]:
    """Decide which amounts change to what: ``one``, ``some`` or ``all`` (sums hold)."""
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


def _edited_provenance(rng: Random, draft: Draft, quiet: float) -> Provenance | None:
    if chance(rng, quiet):
        return None
    later = moment(rng, draft.made.date() + timedelta(rng.randint(2, 70)))
    editor = rng.choice(EDITORS)
    creator = rng.choice((draft.provenance.creator, editor))
    return Provenance(creator, editor, draft.made, later)


def _genuine_pdf(rng: Random, draft: Draft) -> bytes:
    return save_genuine(rng, draft, rng.choice(("plain", "plain", "touched", "packed")))


def _revised(rng: Random, draft: Draft, edits: dict[str, str], note: str) -> Fraud:
    pdf = _genuine_pdf(rng, draft)
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


def _page_fonts(page: DrawnPage) -> set[str]:
    return {mark.font for mark in page.marks if isinstance(mark, Text)}


def _strange_face(rng: Random, draft: Draft) -> str:
    used = _page_fonts(draft.redraw(draft.facts))
    return rng.choice([face for face in STANDARD_FACES if face not in used])


def _resaved_as(rng: Random, draft: Draft) -> Provenance:
    said = _edited_provenance(rng, draft, quiet=0.25)
    return said or draft.provenance


def _covered(rng: Random, draft: Draft) -> Fraud:
    edits = _any_edits(rng, draft)
    pdf = _genuine_pdf(rng, draft)
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
    pdf = _genuine_pdf(rng, draft)
    operations = page_operations(pdf)
    face = _strange_face(rng, draft)
    whole = chance(rng, 0.4)
    changed = swap_font(operations, edits, "FX", whole=whole, size=rng.choice((0, 0, 0.5, -0.5)))
    content = save_whole(pdf, changed, _resaved_as(rng, draft), fonts={"FX": face})
    return Fraud(content, ".pdf", f"{'amounts' if whole else 'digits'} typed in {face}")


def _resaved(rng: Random, draft: Draft) -> Fraud:
    pdf = _genuine_pdf(rng, draft)
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


def _raised(rng: Random, draft: Draft) -> DrawnPage:
    edits = amount_edits(rng, draft, rng.choice(("one", "some", "all")))
    page = draft.redraw(draft.facts)
    marks = [
        replace(mark, words=edits.get(mark.words, mark.words)) if isinstance(mark, Text) else mark
        for mark in page.marks
    ]
    return DrawnPage(page.size, marks)


def _scanned(rng: Random, draft: Draft) -> Fraud:
    jpeg, size = scan(rng, _raised(rng, draft))
    creator, producer = rng.choice(SCANNERS)
    scanned = moment(rng, draft.made.date() + timedelta(rng.randint(2, 30)))
    content = image_only(jpeg, size, Provenance(creator, producer, scanned))
    return Fraud(content, ".pdf", "amounts raised, printed and scanned")


def _screenshot(rng: Random, draft: Draft) -> Fraud:
    return Fraud(screenshot(rng, _raised(rng, draft)), ".png", "amounts raised, then a screenshot")


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
    content = rewrite(draw_pdf(DrawnPage(page.size, marks)), draft.provenance)
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


def patched_photo(rng: Random, draft: Draft) -> Fraud:
    """Photograph a document and type other amounts into the picture."""
    page = draft.redraw(draft.facts)
    edits = amount_edits(rng, draft, rng.choice(("one", "some")))
    taken = moment(rng, draft.made.date())
    shot = shoot(rng, page, taken)
    with pillow_module("Image").open(io.BytesIO(shot.jpeg)) as photo:
        exif, picture = photo.getexif(), photo.convert("RGB")
    for mark in page.marks:
        for old, new in edits.items():
            if isinstance(mark, Text) and as_whole(old).search(mark.words):
                _retype(picture, shot, mark, as_whole(old).sub(new, mark.words))
    how = rng.choice(("editor", "stripped", "quiet"))
    options: dict[str, Any] = {"quality": rng.choice((80, 90, 95))}
    if how == "editor":
        exif[SOFTWARE] = rng.choice(IMAGE_EDITORS)
        later = taken + timedelta(days=rng.randint(1, 20), minutes=rng.randint(1, 600))
        exif[CHANGED] = f"{later:%Y:%m:%d %H:%M:%S}"
    if how != "stripped":
        options["exif"] = exif.tobytes()
    return Fraud(encoded(picture, "JPEG", **options), ".jpg", f"photo, amounts typed in, {how}")


def _retype(picture: Image.Image, shot: Shot, mark: Text, words: str) -> None:
    """Lay a piece of paper-coloured paint with other words over one text."""
    width = max(len(words), len(mark.words)) * WIDTH_OF_DIGIT * mark.size + 2 * PADDING
    height = mark.size + 2 * PADDING
    left = {"left": PADDING, "right": width - PADDING, "center": width / 2}[mark.align]
    middle = (mark.x - left + width / 2, mark.y - mark.size * 0.35)
    centre = shot.place(*middle)
    patch = DrawnPage((width, height))
    patch.marks.append(replace(mark, x=left, y=height / 2 + mark.size * 0.35, words=words))
    drawn = draw_image(patch, shot.scale * 72)
    paper = _paper_colour(picture, centre, drawn.size)
    inked = pillow_module("ImageChops").multiply(
        drawn, pillow_module("Image").new("RGB", drawn.size, paper)
    )
    mask = pillow_module("Image").new("L", drawn.size, 255)
    bilinear = pillow_module("Image").Resampling.BILINEAR
    turned = inked.rotate(shot.angle, expand=True, fillcolor=paper, resample=bilinear)
    mask = mask.rotate(shot.angle, expand=True, resample=bilinear)
    corner = (round(centre[0] - turned.width / 2), round(centre[1] - turned.height / 2))
    picture.paste(turned, corner, mask)


def _paper_colour(
    picture: Image.Image, centre: tuple[float, float], size: tuple[int, int]
) -> tuple[int, ...]:
    """Pick the colour of the paper around a text: the median of the brighter half."""
    left, top = (round(at - side / 2) for at, side in zip(centre, size, strict=True))
    pixels = picture.crop((left, top, left + size[0], top + size[1]))
    bands = [sorted(band.tobytes()) for band in pixels.split()]
    return tuple(band[len(band) * 3 // 4] for band in bands)


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
