"""What a document is, by its name and its first page, and where it is on the kernel's machine."""

import shutil
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.uploads.queue_files import files_of, guess_type
from tests.conftest import DOCUMENTS


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("paystub_rivera_2026-01-30.pdf", "paystubs"),
        ("Chen W2 2025.pdf", "W-2"),
        ("W-2_2025.jpg", "W-2"),
        ("Jones_W2-2025.jpg", "W-2"),
        ("1099-NEC.png", "1099"),
        ("drivers_licence_front.heic", "proof-of-identity"),
        ("PASSPORT.JPG", "proof-of-identity"),
        ("utility bill march.pdf", "proof-of-address"),
        ("scan0001.jpg", "miscellaneous"),
        ("provident_fund.jpg", "miscellaneous"),
    ],
)
def test_a_name_tells_the_type(name, guess):
    assert guess_type(Path(name), "image/jpeg") == guess


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [
        ("paystub", "paystubs"),
        ("w2", "W-2"),
        ("1099", "1099"),
        ("id_card", "proof-of-identity"),
        ("utility_bill", "proof-of-address"),
        ("offer_letter", "miscellaneous"),
    ],
)
def test_the_first_page_tells_the_type_where_the_name_does_not(tmp_path, prefix, kind):
    papers = sorted(DOCUMENTS.glob(f"{prefix}_*.pdf"))
    assert papers
    for number, path in enumerate(papers):
        plain = Path(shutil.copy(path, tmp_path / f"scan{number}.pdf"))
        reader = PdfReader(plain)
        has_text = not reader.is_encrypted and reader.pages[0].extract_text().strip()
        guess = guess_type(plain, "application/pdf")
        assert guess == (kind if has_text else "miscellaneous"), path.name


@settings(max_examples=30)
@given(st.text(), st.binary(max_size=200))
def test_whatever_the_file_is_the_guess_is_one_of_the_six(tmp_path_factory, name, content):
    path = tmp_path_factory.getbasetemp() / "wild.pdf"
    path.write_bytes(b"%PDF-" + content)
    assert guess_type(path, "application/pdf") in DOCUMENT_TYPES
    assert guess_type(Path(f"x{name}".replace("\0", "")), "image/png") in DOCUMENT_TYPES


XREF_LINE = b"0000000009 00000 n \n"


def page_with(content, *, xref=b""):
    """Write a PDF of one page by hand, with something before its cross-references."""
    font = b"/Resources<</Font<</F0<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R%s>>endobj\n"
        b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n%s"
        b"trailer<</Root 1 0 R>>\n%%%%EOF\n" % (font, len(content), content, xref)
    )


NET_PAY = b"BT /F0 12 Tf 72 700 Td (Net pay) Tj ET "


@pytest.mark.parametrize(
    "data",
    [
        page_with(zlib.compress(NET_PAY + b"(a) Tj 1 0 0 1 0 0 Tm " * 2_000_000)),
        page_with(zlib.compress(NET_PAY + b" " * 400_000_000, 9)),
        page_with(zlib.compress(NET_PAY), xref=b"xref\n0 240000\n" + XREF_LINE * 240_000),
        page_with(zlib.compress(NET_PAY), xref=b"1 0 obj<</A 1>>endobj\n" * 1_800_000),
        b"%PDF-1.4\n1 0 obj\n" + b"[" * 40_000_000,
    ],
    ids=["much text", "much content", "a damaged table", "40 MB to mend", "40 MB nested"],
)
def test_whatever_a_pdf_unfolds_into_the_kernel_waits_five_seconds_at_most(tmp_path, data):
    path = tmp_path / "scan.pdf"
    path.write_bytes(data)
    clock, worked = time.monotonic(), time.process_time()
    assert guess_type(path, "application/pdf") in ("paystubs", "miscellaneous")
    assert time.monotonic() - clock < 5
    assert time.process_time() - worked < 2


def test_a_damaged_pdf_that_viewers_mend_tells_its_type(tmp_path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(page_with(zlib.compress(NET_PAY)))
    assert guess_type(path, "application/pdf") == "paystubs"


# Files on the kernel's machine


def test_a_folder_gives_its_documents_in_order_and_hides_what_is_hidden(tmp_path):
    for name in ("b.pdf", "a.JPG", "notes.txt", ".hidden.pdf", ".git/c.pdf", "in/d.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in files_of(str(tmp_path))]
    assert found == ["a.JPG", "b.pdf", "in/d.heic"]


def test_a_pattern_and_a_single_file_are_found(tmp_path, monkeypatch):
    for name in ("b.pdf", "a.pdf", "c.png"):
        (tmp_path / name).touch()
    assert [path.name for path in files_of(f"{tmp_path}/*.pdf")] == ["a.pdf", "b.pdf"]
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in files_of(" c.png ")] == ["c.png"]


@pytest.mark.parametrize("pattern", ["", "  ", "nowhere/*.pdf", "nowhere.pdf", "\0"])
def test_nothing_found_is_an_error_that_says_where_it_was_looked_for(pattern, tmp_path):
    with pytest.raises(ValidationError, match="names no document on the kernel's machine"):
        files_of(pattern)


@pytest.mark.parametrize("pattern", ["~nosuchuser/x", "x" * 300 + "/*.pdf", "\0", "a\0*"])
def test_a_pattern_that_cannot_be_looked_for_is_an_error_in_words(pattern):
    with pytest.raises(ValidationError, match=r"cannot be looked for|names no document"):
        files_of(pattern)


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path):
    (tmp_path / "stub[1].pdf").touch()
    assert files_of(f"{tmp_path}/stub[1].pdf") == [tmp_path / "stub[1].pdf"]


def test_files_are_found_by_their_whole_path(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").touch()
    monkeypatch.chdir(tmp_path)
    assert files_of("*.pdf") == [tmp_path / "a.pdf"]
