"""What a document is: by what people call its type, by its name and by its first page."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader, PdfWriter, get_configuration
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, StreamObject

from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.uploads.document_types import guess_type, type_called, type_meant
from tests.support.samples import samples

POSSIBLE = {*DOCUMENT_TYPES, ""} - {"miscellaneous"}

# What people call a type


@pytest.mark.parametrize(
    ("document_type", "spellings"),
    [
        ("W-2", "W-2, w2, W 2, W2s, Form W-2, IRS Form W2, w-2 2025, 2024_W2, W-2c"),
        ("1099", "1099, 1099-NEC, 1099 MISC, form1099-int, 1099s, SSA-1099, 1099-NEC 2025"),
        ("paystubs", "paystubs, Paystub, pay stub, PAY-STUBS, payslip, pay slips, paycheck stub"),
        ("proof-of-identity", "ID, ids, Proof of identity, photo id, passport, driver's license"),
        ("proof-of-address", "proof of address, Proof-of-residence, Utility Bill, address"),
        ("miscellaneous", "miscellaneous, Misc"),
    ],
)
def test_each_type_is_known_by_its_usual_spellings(document_type, spellings):
    for spelling in spellings.split(", "):
        assert type_called(spelling) == document_type, spelling


@pytest.mark.parametrize(
    "text", ["", " ", "other", "W-4", "1098", "2025", "W-2 and paystub", "w2g", "tax form", "bill"]
)
def test_what_may_be_several_types_or_none_is_no_spelling(text):
    assert type_called(text) is None


@given(st.text())
def test_any_text_is_a_type_or_is_not(text):
    assert type_called(text) in {*DOCUMENT_TYPES, None}


@pytest.mark.parametrize(
    ("text", "meant"), [("paystbu", "paystubs"), ("miscelaneous", "miscellaneous"), ("FHA", None)]
)
def test_a_misspelt_type_is_near_to_the_one_that_was_meant(text, meant):
    assert type_meant(text) == meant


# What a name and a first page tell


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
        ("Bill Waters scan.jpg", ""),
        ("W-2 and paystub.jpg", ""),
        ("scan0001.jpg", ""),
        ("provident_fund.jpg", ""),
    ],
)
def test_a_name_tells_the_type(name, guess):
    assert guess_type(Path(name)).document_type == guess


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [
        ("paystub", "paystubs"),
        ("w2", "W-2"),
        ("1099", "1099"),
        ("id_card", "proof-of-identity"),
        ("utility_bill", "proof-of-address"),
        ("offer_letter", ""),
    ],
)
def test_the_first_page_tells_the_type_where_the_name_does_not(tmp_path, prefix, kind):
    papers = samples(f"{prefix}_*.pdf")
    assert papers
    for number, path in enumerate(papers):
        plain = Path(shutil.copy(path, tmp_path / f"scan{number}.pdf"))
        reader = PdfReader(plain)
        has_text = not reader.is_encrypted and reader.pages[0].extract_text().strip()
        guess = guess_type(plain).document_type
        assert guess == (kind if has_text else ""), path.name


@given(st.text(), st.binary(max_size=200))
def test_whatever_the_file_is_the_guess_is_a_type_or_none(tmp_path_factory, name, content):
    path = tmp_path_factory.getbasetemp() / "wild.pdf"
    path.write_bytes(b"%PDF-" + content)
    assert guess_type(path).document_type in POSSIBLE
    assert guess_type(Path(f"x{name}".replace("\0", ""))).document_type in POSSIBLE


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
    assert guess_type(path).document_type == "paystubs"
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
    assert guess_type(path).document_type == ""
    assert extracted == []


def test_forms_that_a_page_draws_again_and_again_are_not_read(tmp_path, extracted):
    form = stream(NET_PAY)
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/Resources")] = named({"/Font": named({"/F0": named(HELVETICA)})})
    path = written(tmp_path / "scan.pdf", b"/X Do " * 1000, forms={"/X": form})
    assert "Net pay" in PdfReader(path).pages[0].extract_text()
    extracted.clear()
    assert guess_type(path).document_type == ""
    assert len(extracted) == 1


@pytest.mark.parametrize(("size", "count"), [(4_990_000, 1), (5_000_001, 0)])
def test_the_text_of_a_large_file_is_not_extracted(tmp_path, extracted, size, count):
    path = written(tmp_path / "scan.pdf", NET_PAY)
    head, mark, tail = path.read_bytes().rpartition(b"startxref")
    path.write_bytes(head + b"%" + b" " * (size - path.stat().st_size - 2) + b"\n" + mark + tail)
    assert path.stat().st_size == size
    guess_type(path)
    assert len(extracted) == count
