"""What a document is, by its name and its first page, and where it is on the kernel's machine."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader, PdfWriter, get_configuration
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, StreamObject

from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.uploads.queue_files import files_of, guess_type
from tests.support.samples import samples


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
    papers = samples(f"{prefix}_*.pdf")
    assert papers
    for number, path in enumerate(papers):
        plain = Path(shutil.copy(path, tmp_path / f"scan{number}.pdf"))
        reader = PdfReader(plain)
        has_text = not reader.is_encrypted and reader.pages[0].extract_text().strip()
        guess = guess_type(plain, "application/pdf")
        assert guess == (kind if has_text else "miscellaneous"), path.name


@given(st.text(), st.binary(max_size=200))
def test_whatever_the_file_is_the_guess_is_one_of_the_six(tmp_path_factory, name, content):
    path = tmp_path_factory.getbasetemp() / "wild.pdf"
    path.write_bytes(b"%PDF-" + content)
    assert guess_type(path, "application/pdf") in DOCUMENT_TYPES
    assert guess_type(Path(f"x{name}".replace("\0", "")), "image/png") in DOCUMENT_TYPES


HELVETICA = {
    "/Type": NameObject("/Font"),
    "/Subtype": NameObject("/Type1"),
    "/BaseFont": NameObject("/Helvetica"),
}


def written(path, content, fonts=1, font=None, forms=None):
    """Write a PDF of one page with this content, compressed, and this many fonts."""
    writer = PdfWriter()
    page = writer.add_blank_page(612, 792)
    one = named(HELVETICA | (font or {}), writer)
    resources = {"/Font": named({f"/F{number}": one for number in range(fonts)})}
    if forms:
        resources["/XObject"] = named(forms, writer)
    page[NameObject("/Resources")] = named(resources)
    page[NameObject("/Contents")] = writer._add_object(stream(content))
    writer.write(path)
    return path


def named(values, writer=None):
    """Make a dictionary; with a writer its streams become objects of the file."""
    return DictionaryObject(
        {
            NameObject(key): writer._add_object(value) if isinstance(value, StreamObject) else value
            for key, value in values.items()
        }
    )


def stream(data):
    made = DecodedStreamObject()
    made.set_data(data)
    return made.flate_encode()


@pytest.fixture
def extracted(monkeypatch):
    """Count how often text is extracted."""
    calls = []
    extract = PageObject.extract_text
    monkeypatch.setattr(
        PageObject, "extract_text", lambda page: calls.append(get_configuration()) or extract(page)
    )
    return calls


NET_PAY = b"BT /F0 12 Tf 72 700 Td (Net pay) Tj ET "


def test_text_of_a_usual_page_is_extracted_within_limits_that_end_with_it(tmp_path, extracted):
    path = written(tmp_path / "scan.pdf", NET_PAY, 5, {"/ToUnicode": NameObject("/Identity-H")})
    assert guess_type(path, "application/pdf") == "paystubs"
    assert [used.zlib_maximum_output_length for used in extracted] == [2_000_000]
    assert get_configuration().zlib_maximum_output_length > 2_000_000


@pytest.mark.parametrize(
    "bomb",
    [
        {"content": NET_PAY + b"(a) Tj 1 0 0 1 0 0 Tm " * 10_000},
        {"content": NET_PAY + b" " * 50_000_000},
        {"content": NET_PAY, "fonts": 51},
        {"content": NET_PAY, "font": {"/ToUnicode": stream(b"<0041> <0041>\n" * 100_000)}},
        {"content": NET_PAY, "fonts": 40, "font": {"/ToUnicode": stream(b" " * 30_000)}},
    ],
    ids=["much text", "much content", "many fonts", "a large map", "a map many times"],
)
def test_a_small_file_that_unfolds_into_much_is_not_worth_a_guess(tmp_path, extracted, bomb):
    path = written(tmp_path / "scan.pdf", **bomb)
    assert path.stat().st_size < 100_000
    assert guess_type(path, "application/pdf") == "miscellaneous"
    assert extracted == []


def test_forms_that_a_page_draws_again_and_again_are_not_read(tmp_path, extracted):
    form = stream(NET_PAY)
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/Resources")] = named({"/Font": named({"/F0": named(HELVETICA)})})
    path = written(tmp_path / "scan.pdf", b"/X Do " * 1000, forms={"/X": form})
    assert "Net pay" in PdfReader(path).pages[0].extract_text()
    extracted.clear()
    assert guess_type(path, "application/pdf") == "miscellaneous"
    assert len(extracted) == 1


@pytest.mark.parametrize(("size", "count"), [(4_990_000, 1), (5_000_001, 0)])
def test_the_text_of_a_large_file_is_not_extracted(tmp_path, extracted, size, count):
    path = written(tmp_path / "scan.pdf", NET_PAY)
    head, mark, tail = path.read_bytes().rpartition(b"startxref")
    path.write_bytes(head + b"%" + b" " * (size - path.stat().st_size - 2) + b"\n" + mark + tail)
    assert path.stat().st_size == size
    guess_type(path, "application/pdf")
    assert len(extracted) == count


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
