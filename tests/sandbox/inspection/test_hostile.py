"""Whatever is uploaded, the inspection answers: broken, hostile, locked and foreign files."""

from __future__ import annotations

import io
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from reportlab.pdfgen.canvas import Canvas

from argyle_nb.sandbox import inspection
from argyle_nb.sandbox.inspection import Inspection, inspect

DOCUMENTS = Path(__file__).parents[3] / "data" / "documents"
WHOLE = (DOCUMENTS / "w2_lindqvist_2025.pdf").read_bytes()
HOSTILE = [b"<<" * 2000, b"[" * 5000, b"1 0 R", b"-9e99", b"/Kids [1 0 R]", b"/Length 99999999"]


def look(folder: Path, data: bytes) -> Inspection:
    path = folder / "upload"
    path.write_bytes(data)
    return inspect(path, "paystubs")


def written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def writer_of(data: bytes) -> PdfWriter:
    return PdfWriter(clone_from=PdfReader(io.BytesIO(data)))


def test_a_password_is_a_problem(tmp_path: Path) -> None:
    writer = writer_of(WHOLE)
    writer.encrypt("hush", algorithm="RC4-128")
    found = look(tmp_path, written(writer))
    assert found == Inspection(problem="DOCUMENT IS UNREADABLE: password-protected")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n", b"hello"])
def test_other_media_come_back_empty(tmp_path: Path, data: bytes) -> None:
    assert look(tmp_path, data) == Inspection()


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be opened" in (inspect(tmp_path / "gone", "paystubs").problem or "")


# An error that arrives in a collector's callback is lost with a warning; the clock asks again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_document_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "SECONDS", 0.05)
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for at in range(20_000):
        canvas.drawString(10, at % 700, "Net Pay 1.00")
    canvas.save()
    found = look(tmp_path, buffer.getvalue())
    assert found.problem == "DOCUMENT IS UNREADABLE: it takes too long to read"


def test_a_text_made_to_stall_regular_expressions_is_read_in_time(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(10, 700, "Net Pay " + "1," * 200_000)
    canvas.drawString(10, 680, "startxref " * 20_000)
    canvas.save()
    started = time.process_time()  # which other programs do not add to
    look(tmp_path, buffer.getvalue())
    assert time.process_time() - started < inspection.SECONDS


def test_a_form_that_draws_itself_ends(tmp_path: Path) -> None:
    writer = writer_of(WHOLE)
    form = DecodedStreamObject()
    form.set_data(b"/X Do /X Do")
    form[NameObject("/Subtype")] = NameObject("/Form")
    again = writer._add_object(form)
    form[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/X"): again})}
    )
    page = writer.pages[0]
    resources: Any = page["/Resources"]
    resources[NameObject("/XObject")] = DictionaryObject({NameObject("/X"): again})
    content = DecodedStreamObject()
    content.set_data(b"/X Do")
    page[NameObject("/Contents")] = writer._add_object(content)
    assert look(tmp_path, written(writer)).found_type is None


def test_nothing_of_the_content_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        look(tmp_path, WHOLE.replace(b"endobj", b"endobx", 3))
    assert caplog.records == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(WHOLE)),
    cut=st.integers(0, 400),
    put_in=st.binary(max_size=60) | st.sampled_from(HOSTILE),
)
def test_whatever_the_bytes_the_inspection_answers(
    tmp_path: Path, at: int, cut: int, put_in: bytes
) -> None:
    found = look(tmp_path, WHOLE[:at] + put_in + WHOLE[at + cut :])
    assert isinstance(found, Inspection)
    assert found.ocr_authenticity_score is None or 0 <= found.ocr_authenticity_score <= 100


def test_the_same_bytes_give_the_same_answer_under_any_name(tmp_path: Path) -> None:
    for name in ("genuine.pdf", "tampered.pdf"):
        (tmp_path / name).write_bytes(WHOLE)
    first, second = (inspect(tmp_path / n, "paystubs") for n in ("genuine.pdf", "tampered.pdf"))
    assert first == second
