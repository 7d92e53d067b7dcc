"""One file on disk: what it is, whether it is whole, and whether it may be sent."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import subprocess
import sys

import pypdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from argyle_nb.documents import (
    ENCRYPTED,
    MAX_DOCUMENT_BYTES,
    damage_of,
    inspect_document,
    is_encrypted,
    media_type_of,
    page_count,
    safe_name,
)
from argyle_nb.errors import DocumentError
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


def file_of(folder, content, name="stub.pdf"):
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_document_is_described_as_it_will_be_sent(pdf):
    content = pdf.read_bytes()
    document = inspect_document(str(pdf))
    assert document.path == pdf
    assert (document.name, document.size) == (pdf.name, len(content))
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert document.media_type == "application/pdf"


def test_the_digest_covers_a_file_of_many_blocks(tmp_path):
    content = pdf_of_size(3_000_001)
    document = inspect_document(file_of(tmp_path, content))
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert document.size == len(content)


@pytest.mark.parametrize("extension", WHOLE)
def test_the_type_is_told_by_content_not_by_name(tmp_path, extension):
    document = inspect_document(file_of(tmp_path, WHOLE[extension], "x.txt"))
    assert document.media_type == MEDIA_TYPES[extension]
    assert document.problems == ()


@pytest.mark.parametrize(
    "content",
    [b"plain text", b"<html>log in</html>", b"MZ\x90\0", b"PK\3\4", b"%PD", bytes(2000) + b"%PDF-"],
)
def test_another_type_is_refused_whatever_its_name_says(tmp_path, content):
    with pytest.raises(DocumentError, match="not a PDF, JPEG, PNG or HEIC"):
        inspect_document(file_of(tmp_path, content))


def test_a_pdf_may_begin_after_some_bytes_of_something_else():
    assert media_type_of(bytes(1019) + b"%PDF-") == "application/pdf"


def test_a_picture_that_speaks_of_pdf_is_a_picture():
    assert media_type_of(JPEG[:4] + b"made from %PDF-1.4") == "image/jpeg"


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"])
def test_every_brand_of_heic_is_known(brand):
    assert media_type_of(b"\0\0\0\x18ftyp" + brand) == "image/heic"


@given(st.binary(max_size=1100))
def test_any_bytes_have_a_known_type_or_none(head):
    assert media_type_of(head) in (None, *MEDIA_TYPES.values())


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DocumentError, match="no such file"):
        inspect_document(tmp_path / "nowhere.pdf")


def test_a_broken_link_is_refused(tmp_path):
    (tmp_path / "link.pdf").symlink_to(tmp_path / "nowhere.pdf")
    with pytest.raises(DocumentError, match="no such file"):
        inspect_document(tmp_path / "link.pdf")


def test_a_path_below_a_file_is_refused(pdf):
    with pytest.raises(DocumentError):
        inspect_document(pdf / "page.pdf")


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0.pdf", "\ud800.pdf"])
def test_an_impossible_path_is_refused(name):
    with pytest.raises(DocumentError):
        inspect_document(name)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DocumentError, match="folder"):
        inspect_document(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(DocumentError, match="ordinary file"):
        inspect_document(tmp_path / "pipe.pdf")


def test_a_socket_is_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.pdf"))
        with pytest.raises(DocumentError, match="ordinary file"):
            inspect_document(tmp_path / "s.pdf")


def test_a_file_without_the_right_to_read_is_refused(tmp_path):
    file_of(tmp_path, PDF).chmod(0)
    tmp_path.chmod(0o755)
    # Root may read everything, so somebody else has to look.
    look = (
        "import os, sys\n"
        "from argyle_nb.documents import inspect_document\n"
        "from argyle_nb.errors import DocumentError\n"
        "os.chdir(sys.argv[1])\n"
        "os.getuid() or os.setuid(65534)\n"
        "try: inspect_document('stub.pdf')\n"
        "except DocumentError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", look, tmp_path], capture_output=True, text=True, check=True
    )
    assert "Permission denied" in done.stdout


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(DocumentError, match="0 bytes"):
        inspect_document(file_of(tmp_path, b""))


def test_a_file_over_the_limit_is_refused_without_being_read(tmp_path):
    path = file_of(tmp_path, PDF)
    os.truncate(path, MAX_DOCUMENT_BYTES + 1)
    with pytest.raises(DocumentError, match=r"200\.0 MB, over the limit of 200 MB"):
        inspect_document(path)


def test_the_limit_can_be_set(tmp_path):
    path = file_of(tmp_path, PDF)
    assert inspect_document(path, max_bytes=len(PDF)).size == len(PDF)
    with pytest.raises(DocumentError, match="over the limit"):
        inspect_document(path, max_bytes=len(PDF) - 1)


def test_an_encrypted_pdf_has_a_problem(tmp_path):
    document = inspect_document(file_of(tmp_path, encrypted_pdf()))
    assert document.problems == (ENCRYPTED,)
    assert document.pages is None


def test_an_encrypted_pdf_is_refused_when_strict(tmp_path):
    with pytest.raises(DocumentError, match="encrypted"):
        inspect_document(file_of(tmp_path, encrypted_pdf()), strict=True)


def test_a_plain_pdf_passes_when_strict(pdf):
    assert inspect_document(pdf, strict=True) == inspect_document(pdf)


def test_the_pages_of_a_pdf_are_counted(tmp_path, pdf):
    assert inspect_document(pdf).pages == 1
    assert inspect_document(file_of(tmp_path, JPEG)).pages is None


@pytest.mark.parametrize("extension", WHOLE)
def test_a_document_that_was_cut_off_is_refused_with_the_cure(tmp_path, extension):
    content = WHOLE[extension]
    with pytest.raises(DocumentError, match="it was cut off; save or fetch it again"):
        inspect_document(file_of(tmp_path, content[: len(content) * 2 // 3]))


@pytest.mark.parametrize("name", ["no_such.pdf", "folder"])
def test_an_error_names_the_file(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DocumentError, match=name) as caught:
        inspect_document(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)


@given(st.text())
@example("../../etc/passwd")
@example("C:\\fakepath\\stub.pdf")
@example("a\r\nX-Header: 1.pdf")
@example("\ud800.pdf")
@example("..")
@example("é" * 300 + ".pdf")
@example("a" * 148 + "  .pdf")
def test_a_safe_name_is_one_short_printable_name(name):
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 150
    assert safe.isprintable()
    assert not set(safe) & set("/\\")
    assert not safe.startswith(".")
    assert safe == safe_name(safe)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.sampled_from(["pdf", "heic"]))
def test_a_safe_name_keeps_its_extension(stem, extension):
    assert safe_name(f"{stem}.{extension}").endswith(f".{extension}")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Paystub März 2026.pdf", "Paystub März 2026.pdf"),
        ("給与明細.pdf", "給与明細.pdf"),
        ("pay\u202efdp.exe", "pay_fdp.exe"),
        (".bashrc", "bashrc"),
        ("", "document"),
        ("/", "document"),
    ],
)
def test_names_of_the_wild(name, safe):
    assert safe_name(name) == safe


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
    assert page_count(io.BytesIO(b"%PDF-1.7 nothing")) is None


def test_pages_are_counted():
    assert page_count(io.BytesIO(PDF)) == 1
