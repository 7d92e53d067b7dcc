"""Whatever is uploaded, the inspection answers: broken, hostile, locked and foreign files."""

from __future__ import annotations

import io
import logging
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from argyle_nb.sandbox.inspection import Inspection, inspect
from argyle_nb.sandbox.inspection.__main__ import MAX_BYTES_OF_MEMORY
from argyle_nb.sandbox.inspector import Inspector
from tests.support.hostile_files import HOSTILE
from tests.support.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENUINE = SAMPLES["w2_lindqvist_2025.pdf"]
WHOLE = GENUINE.read_bytes()
BROKEN = [b"<<" * 2000, b"[" * 5000, b"1 0 R", b"-9e99", b"/Kids [1 0 R]", b"/Length 99999999"]
REASONS = {
    None,
    "corrupt",
    "it has no pages",
    "it needs more memory than this sandbox gives",
    "it takes too long to read",
    "more pixels than this sandbox reads",
    "password-protected",
}


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    """None of these files is opened in the process of the tests."""
    with Inspector(cpu_seconds=2, clock_seconds=300) as inspector:
        yield inspector


def look(inspector: Inspector, folder: Path, data: bytes) -> Inspection:
    path = folder / "upload"
    path.write_bytes(data)
    return inspector(path, "paystubs")


def reason(found: Inspection) -> str | None:
    return found.problem and found.problem.removeprefix("DOCUMENT IS UNREADABLE: ")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_with_a_reason_and_the_next_document_is_inspected(
    inspector: Inspector, tmp_path: Path, name: str
) -> None:
    assert reason(look(inspector, tmp_path, HOSTILE[name]())) in REASONS
    assert inspector(GENUINE, "paystubs").found_type == "W-2"


def test_no_process_ever_held_more_memory_than_its_limit() -> None:
    resource = pytest.importorskip("resource")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert largest < MAX_BYTES_OF_MEMORY


def test_other_documents_go_on_beside_a_hostile_one(inspector: Inspector, tmp_path: Path) -> None:
    found: list[Inspection] = []
    endless = HOSTILE["forms, each drawing the next twice"]()
    thread = threading.Thread(target=lambda: found.append(look(inspector, tmp_path, endless)))
    thread.start()
    genuine = [inspector(GENUINE, "paystubs").found_type for _ in range(5)]
    thread.join()
    assert genuine == ["W-2"] * 5
    assert reason(found[0]) is not None


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_a_password_is_a_problem(inspector: Inspector, tmp_path: Path, algorithm: str) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(WHOLE)))
    writer.encrypt("hush", algorithm=algorithm)
    buffer = io.BytesIO()
    writer.write(buffer)
    assert reason(look(inspector, tmp_path, buffer.getvalue())) == "password-protected"


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n", b"hello"])
def test_other_media_come_back_empty(inspector: Inspector, tmp_path: Path, data: bytes) -> None:
    assert look(inspector, tmp_path, data) == Inspection()


def test_a_missing_file_is_a_problem(inspector: Inspector, tmp_path: Path) -> None:
    assert reason(inspector(tmp_path / "gone", "paystubs")) == "the file cannot be opened"


def test_nothing_of_the_content_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "upload"
    path.write_bytes(WHOLE.replace(b"endobj", b"endobx", 3))
    with caplog.at_level(logging.DEBUG):
        inspect(path, "paystubs")
    assert caplog.records == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(WHOLE)),
    cut=st.integers(0, 400),
    put_in=st.binary(max_size=60) | st.sampled_from(BROKEN),
)
def test_whatever_the_bytes_the_inspection_answers(
    inspector: Inspector, tmp_path: Path, at: int, cut: int, put_in: bytes
) -> None:
    found = look(inspector, tmp_path, WHOLE[:at] + put_in + WHOLE[at + cut :])
    assert reason(found) in REASONS
    assert found.ocr_authenticity_score is None or 0 <= found.ocr_authenticity_score <= 100


def test_the_same_bytes_give_the_same_answer_under_any_name(
    inspector: Inspector, tmp_path: Path
) -> None:
    for name in ("genuine.pdf", "tampered.pdf"):
        (tmp_path / name).write_bytes(WHOLE)
    first, second = (inspector(tmp_path / n, "paystubs") for n in ("genuine.pdf", "tampered.pdf"))
    assert first == second
