"""The survey of anybody's folder."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from tests.support.payroll_papers import merged, paystub, put, w2
from tests.support.raw_pdfs import image, page_of

ROOT = Path(__file__).parents[3]


def encrypted(data: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def with_field(kind: bytes) -> bytes:
    widget = b"<</Type/Annot/Subtype/Widget/T(a)/Rect[9 9 90 20]%s>>" % kind
    catalog = b"/AcroForm<</Fields[5 0 R]>>"
    return page_of(b"", widget, page=b"/Annots[5 0 R]", catalog=catalog)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    folder = tmp_path_factory.mktemp("theirs")
    changed = merged(paystub(), lambda canvas: put(canvas, 40, 700, "Gareth P. Tindle"))
    scan = image(b"/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray", b"\x80")
    picture = page_of(b"612 0 0 792 0 0 cm /X Do", scan, resources=b"/XObject<</X 5 0 R>>")
    files = {
        "stub.pdf": (paystub(), "paystubs", "no"),
        "changed.pdf": (changed, "paystubs", "yes"),
        "w2.PDF": (w2(), "W-2", "no"),
        "open.pdf": (encrypted(paystub(), ""), "paystubs", ""),
        "locked.pdf": (encrypted(paystub(), "hush"), "paystubs", ""),
        "broken.pdf": (b"%PDF-1.7 and no more", "paystubs", ""),
        "scan.pdf": (picture, "paystubs", ""),
        "form.pdf": (with_field(b"/FT/Tx"), "W-2", ""),
        "signed.pdf": (with_field(b"/FT/Sig/V<</ByteRange[0 9 10 9]/Contents<0>>>"), "W-2", ""),
    }
    rows = ["file,document_type,tampered"]
    for name, (data, document_type, tampered) in files.items():
        (folder / name).write_bytes(data)
        rows.append(f"{name},{document_type},{tampered}")
    labels = folder / "labels.csv"
    labels.write_text("\n".join(rows), encoding="utf-8")
    command = [sys.executable, "-m", "tests.benchmarks.third_party", str(folder), str(labels)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return said, sorted(path.name for path in folder.iterdir())


def row(said: str, start: str) -> list[str]:
    return next(line for line in said.splitlines() if line.startswith(start)).split()


def test_it_counts_what_is_read_and_what_is_refused_and_why(printed: tuple[str, list[str]]) -> None:
    said, _ = printed
    assert said.startswith("9 files: 7 read, 2 refused, 0 failed\n")
    assert "1 password-protected" in said
    assert "1 corrupt" in said


@pytest.mark.parametrize(
    ("kind", "scored"), [("plain", 3), ("encrypted", 1), ("signed", 1), ("scan", 1), ("all", 7)]
)
def test_it_finds_out_kinds_by_itself(
    printed: tuple[str, list[str]], kind: str, scored: int
) -> None:
    said, _ = printed
    assert row(said, kind)[1] == str(scored)


def test_with_labels_it_says_how_well_tampered_files_are_told(
    printed: tuple[str, list[str]],
) -> None:
    said, _ = printed
    assert row(said, "ROC AUC paystubs")[-3:] == ["1.000", "of", "2"]
    assert "sbx_text_over_text" in said


def test_it_writes_nothing(printed: tuple[str, list[str]]) -> None:
    _, files = printed
    assert len(files) == 10
