"""Documents as pictures: scans, screenshots, photos, and photos that were tampered with."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from data.make_documents import pages
from data.make_documents.drafts import paystub_draft, save_genuine
from data.make_documents.frauds import tamper
from data.make_documents.paystubs import make_employment
from data.make_documents.people import make_person, make_system, seeded
from data.make_documents.photos import CAMERA, CHANGED, MAKE, TAKEN, forwarded, phone_photo, shoot
from tests.support.samples import SAMPLES

DATA = Path(__file__).parents[2] / "data"


def draft_for(seed):
    rng = seeded(seed)
    job = make_employment(rng, make_person(rng))
    return rng, paystub_draft(rng, job, make_system(rng, "statement"), 2026, 4)


@pytest.mark.parametrize("honest", [True, False])
def test_a_scan_has_a_picture_and_no_text(honest):
    rng, draft = draft_for("scan")
    scan = (
        save_genuine(rng, draft, "scanned")
        if honest
        else tamper(rng, draft, "scanned_after_edit").content
    )
    page = PdfReader(io.BytesIO(scan)).pages[0]
    assert page.extract_text() == ""
    assert [image.image.format for image in page.images] == ["JPEG"]


def test_a_screenshot_has_a_screens_size_and_no_camera():
    rng, draft = draft_for("screen")
    with Image.open(io.BytesIO(tamper(rng, draft, "screenshot").content)) as image:
        assert image.format == "PNG"
        assert image.size in {(1080, 2340), (1170, 2532), (1080, 2400)} | {
            (1366, 768),
            (1440, 900),
            (1536, 864),
        }
        assert not image.getexif()


def test_a_phone_photo_says_which_phone_and_when():
    with Image.open(SAMPLES["id_card_rivera.jpg"]) as photo:
        exif = photo.getexif()
        assert exif[MAKE]
        assert exif[CHANGED] == exif.get_ifd(CAMERA)[TAKEN]


def test_a_messenger_takes_the_cameras_words_away():
    rng, draft = draft_for("forwarded")
    photo = phone_photo(rng, draft.redraw(draft.facts), draft.made)
    with Image.open(io.BytesIO(forwarded(photo))) as sent:
        assert not sent.getexif()


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_shows_a_point_of_the_page_where_it_says(seed):
    page = pages.DrawnPage()
    page.box(300, 500, 12, 12, fill=(1.0, 0.0, 0.0))
    shot = shoot(seeded(seed), page, datetime(2026, 3, 13, 12, tzinfo=UTC))
    with Image.open(io.BytesIO(shot.jpeg)) as photo:
        x, y = shot.place(306, 506)
        red, green, blue = photo.getpixel((round(x), round(y)))
    assert red > 2 * max(green, blue)


@pytest.mark.parametrize("seed", range(3))
def test_a_patched_photo_keeps_the_cameras_words_unless_stripped(seed):
    rng, draft = draft_for(f"patch/{seed}")
    state = rng.getstate()
    forged = tamper(rng, draft, "photo_patched")
    rng.setstate(state)
    again = tamper(rng, draft, "photo_patched")
    assert forged == again
    with Image.open(io.BytesIO(forged.content)) as photo:
        assert photo.format == "JPEG"
        assert bool(photo.getexif()) == ("stripped" not in forged.note)
