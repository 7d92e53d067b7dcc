"""One file on disk: what it is and whether it may be sent."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from argyle_nb.documents import (
    ENCRYPTED,
    MAX_DOCUMENT_BYTES,
    inspect_document,
    media_type_of,
    safe_name,
)
from argyle_nb.errors import DocumentError
from tests.support.servers import PDF
from tests.support.small_documents import JPEG, MEDIA_TYPES, WHOLE, encrypted_pdf, pdf_of_size


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
