"""Whether a document is whole, told from its structure."""

import io

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.documents import damage_of, is_encrypted, page_count
from tests.conftest import DOCUMENTS
from tests.support.servers import PDF
from tests.support.small_documents import (
    HEIC,
    JPEG,
    MEDIA_TYPES,
    PNG,
    WHOLE,
    box,
    encrypted_pdf,
    pdf_of_size,
    picture,
)

KINDS = dict(zip(MEDIA_TYPES.values(), WHOLE.values(), strict=True))
SAMPLES = [
    path
    for path in sorted(DOCUMENTS.iterdir())
    if path.name not in ("empty_scan.pdf", "notes_renamed.pdf")
]


def damage(content, media_type):
    return damage_of(io.BytesIO(content), media_type, len(content))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_real_sample_is_whole(path):
    assert damage(path.read_bytes(), MEDIA_TYPES[path.suffix]) is None


@pytest.mark.parametrize("media_type", KINDS)
def test_a_whole_document_is_whole(media_type):
    assert damage(KINDS[media_type], media_type) is None


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/heic"])
@given(data=st.data())
def test_a_picture_cut_anywhere_is_cut_off(media_type, data):
    content = KINDS[media_type]
    end = data.draw(st.integers(16, len(content) - 1))
    told = damage(content[:end], media_type)
    # A HEIC that ends between two of its parts looks whole without the last one.
    assert told or media_type == "image/heic"


@given(st.integers(9, len(PDF) - 7))
def test_a_pdf_cut_before_its_end_mark_is_cut_off(end):
    assert "no end mark" in damage(PDF[:end], "application/pdf")


@pytest.mark.parametrize("media_type", KINDS)
@given(st.binary(max_size=300))
def test_any_bytes_are_whole_or_told(media_type, content):
    assert damage(content, media_type) is None or damage(content, media_type)


def test_a_pdf_may_be_padded_at_its_end():
    assert damage(PDF + bytes(2000), "application/pdf") is None


def test_a_pdf_may_begin_behind_something_else():
    assert damage(b"X-Mailer: scan\r\n\r\n" + PDF, "application/pdf") is None


def test_a_pdf_that_viewers_can_mend_is_whole():
    shifted = PDF.replace(b"\n180\n", b"\n77\n")
    assert pypdf.PdfReader(io.BytesIO(shifted)).get_num_pages() == 1
    assert damage(shifted, "application/pdf") is None


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n99\n%%EOF"])
def test_a_pdf_without_pages_is_damaged(content):
    assert "no pages" in damage(content, "application/pdf")


def test_an_updated_pdf_is_whole():
    writer = pypdf.PdfWriter(io.BytesIO(PDF), incremental=True)
    writer.add_metadata({"/Title": "stub"})
    content = io.BytesIO()
    writer.write(content)
    assert damage(content.getvalue(), "application/pdf") is None


def test_the_table_of_a_large_pdf_is_found():
    assert damage(pdf_of_size(200_000), "application/pdf") is None


def test_a_photo_with_a_thumbnail_and_a_trailer_is_whole():
    exif = b"\xff\xe1" + (len(JPEG) + 2).to_bytes(2) + JPEG
    assert damage(JPEG[:2] + exif + JPEG[2:] + b"phone's own data", "image/jpeg") is None


def test_a_thumbnail_is_not_taken_for_the_picture():
    exif = b"\xff\xe1" + (len(JPEG) + 2).to_bytes(2) + JPEG
    assert damage(JPEG[:2] + exif + JPEG[2:-2], "image/jpeg")


def test_a_progressive_photo_is_whole():
    assert damage(picture("JPEG", progressive=True), "image/jpeg") is None


def test_a_png_whose_bytes_were_changed_is_damaged():
    middle = len(PNG) // 2
    changed = PNG[:middle] + bytes([PNG[middle] ^ 1]) + PNG[middle + 1 :]
    assert "checksum" in damage(changed, "image/png")


def test_the_last_part_of_a_heic_may_reach_to_its_end():
    assert damage(HEIC + (0).to_bytes(4) + b"free" + bytes(9), "image/heic") is None


def test_a_part_of_a_heic_may_have_a_long_size():
    long = (1).to_bytes(4) + b"free" + (16).to_bytes(8)
    assert damage(HEIC + long, "image/heic") is None
    assert damage(HEIC + long[:-1] + b"\x11", "image/heic")


def test_a_heic_without_a_directory_is_damaged():
    assert "no picture" in damage(box(b"ftyp", b"heic" + bytes(4)), "image/heic")


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_encryption_is_seen(algorithm):
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("", "owner", algorithm=algorithm)
    content = io.BytesIO()
    writer.write(content)
    assert is_encrypted(content, len(content.getvalue()))


@pytest.mark.parametrize("path", [p for p in SAMPLES if p.suffix == ".pdf"], ids=lambda p: p.name)
def test_encryption_is_told_as_a_pdf_library_tells_it(path):
    content = path.read_bytes()
    told = is_encrypted(io.BytesIO(content), len(content))
    assert told == pypdf.PdfReader(path).is_encrypted


def test_a_word_is_not_encryption():
    content = PDF.replace(b"%%EOF", b"% /EncryptMetadata /Encryption\n%%EOF")
    assert not is_encrypted(io.BytesIO(content), len(content))


def test_pages_that_need_a_password_are_not_counted():
    assert page_count(io.BytesIO(encrypted_pdf())) is None


def test_pages_are_counted():
    assert page_count(io.BytesIO(PDF)) == 1
