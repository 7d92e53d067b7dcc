"""One file on disk: what it is, whether it is whole, and whether it may be sent."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import pypdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from argyle_nb import documents
from argyle_nb.documents import (
    BROKEN_PARTS,
    ENCRYPTED,
    FAR_END,
    INSPECT_SECONDS,
    MANY_PARTS,
    MAX_DOCUMENT_BYTES,
    NO_END,
    NO_IMAGE_END,
    NO_TABLE,
    OPEN_ENCRYPTED,
    PDFIUM_SECONDS,
    PROTECTED,
    inspect_document,
    media_type_of,
    pdf_end,
    problems_of,
    safe_name,
)
from argyle_nb.errors import DocumentError
from tests.support.samples import samples
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
    pdf_with_encrypted_attachments,
    picture,
)

KINDS = dict(zip(MEDIA_TYPES.values(), WHOLE.values(), strict=True))


@pytest.fixture(scope="module", autouse=True)
def patience():
    """Let PDFium tell what it can, however busy the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "PDFIUM_SECONDS", 60)
        patch.setattr(documents, "INSPECT_SECONDS", 120)
        yield


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
    with pytest.raises(DocumentError, match="file not found"):
        inspect_document(tmp_path / "nowhere.pdf")


def test_a_broken_link_is_refused(tmp_path):
    (tmp_path / "link.pdf").symlink_to(tmp_path / "nowhere.pdf")
    with pytest.raises(DocumentError, match="file not found"):
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
    with pytest.raises(DocumentError, match="not a regular file"):
        inspect_document(tmp_path / "pipe.pdf")


def test_a_socket_is_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.pdf"))
        with pytest.raises(DocumentError, match="not a regular file"):
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
    with pytest.raises(DocumentError, match=r"200\.0 MB; the limit is 200 MB"):
        inspect_document(path)


class Growing(io.FileIO):
    """A file that somebody else writes to faster than it is read."""

    def read(self, size=-1):
        longer = os.fstat(self.fileno()).st_size + 2 * size
        os.truncate(self.name, min(longer, 5_000_000))
        return super().read(size)


def test_a_file_that_grows_while_it_is_read_is_read_no_further_than_the_limit(
    tmp_path, monkeypatch
):
    path = file_of(tmp_path, PDF)
    monkeypatch.setattr(Path, "open", lambda path, _: Growing(path))
    with pytest.raises(DocumentError, match=r"the limit is 1 MB"):
        inspect_document(path, max_bytes=1_000_000)


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png"])
def test_of_a_file_that_grows_only_what_was_hashed_is_looked_at(tmp_path, media_type):
    content = KINDS[media_type][:-2]
    path = file_of(tmp_path, content)
    with Growing(path) as file:
        assert problems_of(path, file, media_type, len(content)) == (NO_IMAGE_END,)


def test_the_limit_can_be_set(tmp_path):
    path = file_of(tmp_path, PDF)
    assert inspect_document(path, max_bytes=len(PDF)).size == len(PDF)
    with pytest.raises(DocumentError, match="the limit is"):
        inspect_document(path, max_bytes=len(PDF) - 1)


def test_a_password_protected_pdf_is_called_so(tmp_path):
    document = inspect_document(file_of(tmp_path, encrypted_pdf()))
    assert document.problems == (PROTECTED,)
    assert document.pages is None


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_an_encrypted_pdf_that_opens_without_a_password_is_not(tmp_path, algorithm):
    document = inspect_document(file_of(tmp_path, encrypted_pdf("", algorithm)))
    assert document.problems == (OPEN_ENCRYPTED,)
    assert document.pages == 1


def test_a_pdf_of_which_only_attachments_are_encrypted_is_sent(tmp_path):
    document = inspect_document(file_of(tmp_path, pdf_with_encrypted_attachments()))
    assert document.problems == (OPEN_ENCRYPTED,)
    assert document.pages == 1


@pytest.mark.parametrize("password", ["", "1234"])
def test_an_encrypted_pdf_is_refused_when_strict(tmp_path, password):
    with pytest.raises(
        DocumentError, match=r"the PDF is .* Open it and save it again, without a password\."
    ):
        inspect_document(file_of(tmp_path, encrypted_pdf(password)), strict=True)


def test_a_pdf_that_viewers_must_mend_is_refused_when_strict(tmp_path):
    with pytest.raises(DocumentError, match="table of objects is wrong or missing"):
        inspect_document(file_of(tmp_path, WITHOUT_TABLE + b"%%EOF"), strict=True)


def test_a_plain_pdf_passes_when_strict(pdf):
    assert inspect_document(pdf, strict=True) == inspect_document(pdf)


def test_the_pages_of_a_pdf_are_counted(tmp_path, pdf):
    assert inspect_document(pdf).pages == 1
    assert inspect_document(file_of(tmp_path, JPEG)).pages is None


def test_pages_that_cannot_be_counted_are_not_told(tmp_path):
    document = inspect_document(file_of(tmp_path, PDF))
    document.path.unlink()
    assert document.pages is None


def test_what_is_told_of_a_file_does_not_make_it_another(tmp_path, monkeypatch):
    path = file_of(tmp_path, encrypted_pdf())
    document = inspect_document(path)
    monkeypatch.setattr(documents, "PDFIUM_SECONDS", 0)
    assert inspect_document(path).problems == (ENCRYPTED,)
    assert inspect_document(path) == document


@pytest.mark.parametrize("extension", WHOLE)
def test_a_document_of_which_nothing_can_be_shown_is_refused_with_the_cure(tmp_path, extension):
    content = WHOLE[extension]
    shown = {".jpg": content.find(b"\xff\xda"), ".png": content.find(b"IDAT")}
    end = shown.get(extension, len(content) * 2 // 3)
    with pytest.raises(DocumentError, match=r"incomplete .* Save or download it again"):
        inspect_document(file_of(tmp_path, content[:end]))


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


SAMPLES = [
    path for path in samples("*") if path.name not in ("empty_scan.pdf", "notes_renamed.pdf")
]


WITHOUT_TABLE = PDF[: PDF.index(b"xref\n")] + PDF[PDF.index(b"trailer") : PDF.index(b"startxref")]


def damage(content, media_type):
    """What a document is refused for, if anything; a PDF has to be a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stub.pdf"
        path.write_bytes(content)
        try:
            problems_of(path, io.BytesIO(content), media_type, len(content))
        except DocumentError as error:
            return error.problem
    return None


def problems(content, media_type="application/pdf"):
    """What a document that may be sent is warned of."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stub.pdf"
        path.write_bytes(content)
        return problems_of(path, io.BytesIO(content), media_type, len(content))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_real_sample_is_whole(path):
    assert damage(path.read_bytes(), MEDIA_TYPES[path.suffix]) is None


@pytest.mark.parametrize("media_type", KINDS)
def test_a_whole_document_is_whole(media_type):
    assert problems(KINDS[media_type], media_type) == ()


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/heic"])
@given(data=st.data())
def test_a_picture_cut_anywhere_is_refused_or_warned_of(media_type, data):
    content = KINDS[media_type]
    cut = content[: data.draw(st.integers(16, len(content) - 1))]
    # A HEIC that ends between two of its parts looks whole without the last one.
    if media_type != "image/heic":
        assert damage(cut, media_type) or problems(cut, media_type) == (NO_IMAGE_END,)


@pytest.mark.parametrize("lost", range(1, 17))
def test_a_png_that_lost_what_is_behind_its_pixels_is_sent_with_a_warning(lost):
    assert problems(PNG[:-lost], "image/png") == (NO_IMAGE_END,)


@pytest.mark.parametrize("lost", [17, 20, 60])
def test_a_png_that_lost_pixels_is_cut_off(lost):
    assert "incomplete" in damage(PNG[:-lost], "image/png")


def test_a_png_without_pixels_has_no_picture():
    head, end = PNG[: PNG.index(b"IDAT") - 4], PNG[-12:]
    assert "no image" in damage(head + end, "image/png")
    assert "no image" in damage(head, "image/png")


@pytest.mark.parametrize("kind", ["baseline", "progressive"])
@pytest.mark.parametrize("lost", [1, 2, 40])
def test_a_jpeg_without_its_end_is_sent_with_a_warning(kind, lost):
    photo = picture("JPEG", progressive=kind == "progressive")
    assert problems(photo[:-lost], "image/jpeg") == (NO_IMAGE_END,)


@settings(max_examples=10)
@given(st.integers(9, PDF.index(b"trailer")))
def test_a_pdf_cut_before_its_trailer_is_cut_off(end):
    assert "no %%EOF marker" in damage(PDF[:end], "application/pdf")


@settings(max_examples=10)
@given(st.integers(PDF.index(b"startxref"), len(PDF) - 7))
def test_a_pdf_without_its_last_bytes_is_sent_with_a_warning(end):
    assert NO_END in problems(PDF[:end])


@pytest.mark.parametrize("media_type", KINDS)
@settings(max_examples=10)
@given(st.binary(max_size=300))
def test_any_bytes_are_sent_or_refused_with_a_reason(media_type, content):
    assert damage(content, media_type) is None or damage(content, media_type)


@given(st.binary(max_size=300), st.integers(0, 20))
@example(b"startxref " + b"9" * 4000, 1)
@example(b"startxref 999999999999\n%%EOF", 1)
@example(b"%PDF-1.7 startxref\n0\n%%EOF", 9999)
def test_how_any_bytes_end_can_be_told(content, times):
    content = content * times
    end = pdf_end(io.BytesIO(content), len(content))
    assert end.mark == content.rfind(b"%%EOF")


def test_an_end_mark_is_found_between_two_blocks(monkeypatch):
    monkeypatch.setattr(documents, "_BLOCK_BYTES", 8)
    for before in range(20):
        content = PDF + b" " * before + b"%%EOF" + bytes(17)
        assert pdf_end(io.BytesIO(content), len(content)).mark == len(PDF) + before


def test_a_pdf_may_be_padded_at_its_end():
    assert problems(PDF + bytes(2000)) == ()


def test_a_pdf_whose_end_mark_is_far_from_the_end_is_sent_with_a_warning():
    assert problems(PDF + bytes(6000)) == (FAR_END,)


def test_a_pdf_without_an_end_mark_is_sent_with_a_warning():
    assert problems(PDF.replace(b"%%EOF\n", b"")) == (NO_END,)


def test_a_pdf_without_a_table_is_sent_with_a_warning():
    assert problems(WITHOUT_TABLE) == (NO_END, NO_TABLE)
    assert problems(WITHOUT_TABLE + b"%%EOF") == (NO_TABLE,)


def test_a_protected_pdf_without_an_end_mark_is_warned_of_both():
    assert problems(encrypted_pdf().replace(b"%%EOF", b"")) == (PROTECTED, NO_END)


def test_a_pdf_may_begin_behind_something_else():
    assert problems(b"X-Mailer: scan\r\n\r\n" + PDF) == ()


def test_a_pdf_whose_table_is_misplaced_is_sent_with_a_warning():
    assert problems(PDF.replace(b"\n180\n", b"\n77\n")) == (NO_TABLE,)


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n99\n%%EOF"])
def test_a_pdf_without_pages_is_damaged(content):
    assert "no readable pages" in damage(content, "application/pdf")


def test_an_updated_pdf_is_whole():
    writer = pypdf.PdfWriter(io.BytesIO(PDF), incremental=True)
    writer.add_metadata({"/Title": "stub"})
    content = io.BytesIO()
    writer.write(content)
    assert problems(content.getvalue()) == ()


def test_the_table_of_a_large_pdf_is_found():
    assert problems(pdf_of_size(200_000)) == ()


def test_the_folder_that_a_notebook_is_in_is_not_imported_from(tmp_path, monkeypatch):
    (tmp_path / "pypdfium2.py").write_text("print(99)")
    monkeypatch.chdir(tmp_path)
    assert inspect_document(file_of(tmp_path, PDF)).pages == 1


def test_what_pdfium_does_not_tell_in_time_is_sent_with_a_warning(monkeypatch):
    monkeypatch.setattr(documents, "PDFIUM_SECONDS", 0)
    assert problems(WITHOUT_TABLE) == (NO_END, NO_TABLE)
    assert problems(encrypted_pdf()) == (ENCRYPTED,)


def test_what_crashes_pdfium_is_sent_with_a_warning(monkeypatch):
    monkeypatch.setattr(documents, "_PDFIUM", "import os; os.abort()")
    assert problems(WITHOUT_TABLE) == (NO_END, NO_TABLE)


def damaged_pdf():
    objects = (
        b"%d 0 obj <</Type /Page /Parent 2 0 R /A (%s)>> endobj\n" % (number, b"x" * 300)
        for number in range(3, 108_000)
    )
    return PDF[: PDF.index(b"3 0 obj")] + b"".join(objects) + b"trailer <</Root 1 0 R>>"


EMPTY_TEXT = (0).to_bytes(4) + b"teXt" + zlib.crc32(b"teXt").to_bytes(4)
HOSTILE = {
    "a damaged file of 39 MB": damaged_pdf,
    "40 MB of objects": lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 5_000_000,
    "a million starts": lambda: b"%PDF-1.7\n" + b"startxref\n5\n%%EOF\n" * 1_000_000,
    "deep dictionaries": lambda: b"%PDF-1.7\ntrailer " + b"<</A " * 8_000_000 + b"%%EOF",
    "deep arrays": lambda: b"%PDF-1.7\n1 0 obj " + b"[" * 40_000_000 + b"%%EOF",
    "a JPEG of fill bytes": lambda: JPEG[:2] + b"\xff" * 40_000_000,
    "a JPEG of frames": lambda: JPEG[:2] + b"\xff\xe0\0\2__" + b"\xff\xc0" * 20_000_000,
    "a PNG of empty parts": lambda: PNG[:8] + EMPTY_TEXT * 3_000_000,
    "a HEIC of empty parts": lambda: HEIC[:24] + box(b"meta") * 5_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_takes_more_than_five_seconds(tmp_path, monkeypatch, name):
    monkeypatch.setattr(documents, "PDFIUM_SECONDS", PDFIUM_SECONDS)
    monkeypatch.setattr(documents, "INSPECT_SECONDS", INSPECT_SECONDS)
    path = file_of(tmp_path, HOSTILE[name]())
    began, used = time.monotonic(), time.process_time()
    with contextlib.suppress(DocumentError):
        inspect_document(path)
    assert time.monotonic() - began < 5
    # What is left of it is spent in a process of its own.
    assert time.process_time() - used < 1


def test_a_disk_that_does_not_answer_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "INSPECT_SECONDS", 0.2)
    monkeypatch.setattr(documents, "_check_size", lambda *_: None)
    path = tmp_path / "never.pdf"
    os.mkfifo(path)  # to open it blocks until somebody writes
    with pytest.raises(DocumentError, match="takes too long"):
        inspect_document(path)
    os.close(os.open(path, os.O_WRONLY))


def test_a_disk_that_answers_too_slowly_is_not_read_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "INSPECT_SECONDS", 0.0)
    path = file_of(tmp_path, PDF)
    with path.open("rb") as opened:
        slow = documents._TimedFile(opened, documents._Deadline())
        with pytest.raises(TimeoutError):
            problems_of(path, slow, "application/pdf", len(PDF))


def test_a_network_folder_of_a_megabyte_a_second_is_read_to_the_end(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(documents.time, "monotonic", lambda: now[0])

    class Slow(io.BytesIO):
        def read(self, size=-1):
            block = super().read(size)
            now[0] += len(block) / 1_000_000
            return block

    slow = documents._TimedFile(Slow(bytes(20_000_000)), documents._Deadline())
    while slow.read(1 << 16):
        """It is still in time."""
    assert now[0] == pytest.approx(20)


def test_a_photo_with_a_thumbnail_and_a_trailer_is_whole():
    exif = b"\xff\xe1" + (len(JPEG) + 2).to_bytes(2) + JPEG
    assert problems(JPEG[:2] + exif + JPEG[2:] + b"phone's own data", "image/jpeg") == ()


def test_a_thumbnail_is_not_taken_for_the_picture():
    exif = b"\xff\xe1" + (len(JPEG) + 2).to_bytes(2) + JPEG
    assert damage(JPEG[:2] + exif + JPEG[2 : JPEG.index(b"\xff\xda")], "image/jpeg")
    assert problems(JPEG[:2] + exif + JPEG[2:-2], "image/jpeg") == (NO_IMAGE_END,)


def test_a_progressive_photo_is_whole():
    assert problems(picture("JPEG", progressive=True), "image/jpeg") == ()


@given(length=st.integers(0, 30), app=st.integers(0xE0, 0xEF), rest=st.integers(0, 100_000))
def test_a_photo_with_a_broken_part_is_sent_with_a_warning(length, app, rest):
    part = bytes([0xFF, app]) + length.to_bytes(2) + b"Exif\0\0" + b"a" * (30 + rest)
    photo = JPEG[:2] + part + JPEG[2:]
    Image.open(io.BytesIO(photo)).load()
    assert problems(photo, "image/jpeg") == (BROKEN_PARTS,)
    assert problems(photo[:-2], "image/jpeg") == (BROKEN_PARTS, NO_IMAGE_END)


def test_a_png_whose_bytes_were_changed_is_damaged():
    middle = len(PNG) // 2
    changed = PNG[:middle] + bytes([PNG[middle] ^ 1]) + PNG[middle + 1 :]
    assert "checksum" in damage(changed, "image/png")


@pytest.mark.parametrize("kind", [b"tEXt", b"iCCP", b"IEND"])
def test_a_png_with_a_broken_part_beside_its_pixels_is_sent_with_a_warning(kind):
    part = b"" if kind == b"IEND" else bytes(4) + kind + bytes(4)
    changed = PNG[:33] + part + PNG[33:]
    end = changed.index(kind) + 4
    changed = changed[:end] + b"?" + changed[end + 1 :]
    assert problems(changed, "image/png") == (BROKEN_PARTS,)


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT"])
def test_a_png_whose_picture_is_broken_is_damaged(kind):
    inside = PNG.index(kind) + 5
    changed = PNG[:inside] + bytes([PNG[inside] ^ 1]) + PNG[inside + 1 :]
    assert "checksum" in damage(changed, "image/png")


@given(st.binary(min_size=1, max_size=40))
@example(bytes(4))
@example(b"SEFHxxxxSEFT")
def test_a_heic_with_something_behind_its_parts_is_sent(trailer):
    assert set(problems(HEIC + trailer, "image/heic")) <= {BROKEN_PARTS}


def test_a_heic_whose_trailer_is_no_part_is_sent_with_a_warning():
    assert problems(HEIC + b"SEFHxxxxSEFT", "image/heic") == (BROKEN_PARTS,)


def test_the_last_part_of_a_heic_may_reach_to_its_end():
    assert damage(HEIC + (0).to_bytes(4) + b"free" + bytes(9), "image/heic") is None


def test_a_part_of_a_heic_may_have_a_long_size():
    long = (1).to_bytes(4) + b"free" + (16).to_bytes(8)
    assert damage(HEIC + long, "image/heic") is None
    assert problems(HEIC + long[:-1] + b"\x11", "image/heic") == (BROKEN_PARTS,)


def test_a_heic_without_a_directory_is_damaged():
    assert "no image" in damage(box(b"ftyp", b"heic" + bytes(4)), "image/heic")


def test_a_picture_of_very_many_parts_is_sent_with_a_warning(monkeypatch):
    monkeypatch.setattr(documents, "_MAX_PARTS", 2)
    assert problems(HEIC, "image/heic") == (MANY_PARTS,)
    assert problems(PNG[:8] + EMPTY_TEXT * 2 + PNG[8:], "image/png") == (MANY_PARTS,)


@pytest.mark.parametrize("path", [p for p in SAMPLES if p.suffix == ".pdf"], ids=lambda p: p.name)
def test_encryption_is_told_as_a_pdf_library_tells_it(path):
    content = path.read_bytes()
    told = pdf_end(io.BytesIO(content), len(content)).is_encrypted
    assert told == pypdf.PdfReader(path).is_encrypted


def test_a_word_is_not_encryption():
    content = PDF.replace(b"%%EOF", b"% /EncryptMetadata /Encryption\n%%EOF")
    assert not pdf_end(io.BytesIO(content), len(content)).is_encrypted
