"""The whole inspection: what loses points and what does not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter

from tests.support.payroll_papers import (
    NAME,
    annotated,
    look,
    merged,
    new_canvas,
    paystub,
    put,
    signals,
    w2,
    written,
)
from tests.support.raw_pdfs import page_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("make", [paystub, w2])
def test_a_genuine_document_loses_no_points(tmp_path: Path, make: Callable[[], bytes]) -> None:
    found = look(tmp_path, make())
    assert signals(found) == {}
    assert found.ocr_authenticity_score == 100


@pytest.mark.parametrize(
    "innocent",
    [
        lambda data: annotated(data, None),
        lambda data: written(PdfWriter(clone_from=PdfReader(io.BytesIO(data))), data),
        lambda data: merged(
            data,
            lambda canvas: (canvas.setFillGray(0.9), canvas.rect(30, 100, 560, 500, 0, 1)),
            over=False,
        ),
        lambda data: merged(
            data,
            lambda canvas: (
                canvas.setFillColorRGB(1, 1, 0),
                canvas.setFillAlpha(0.4),
                canvas.rect(200, 100, 300, 300, 0, 1),
            ),
        ),
    ],
    ids=["note added", "saved as a whole", "shaded table", "highlighter"],
)
def test_an_innocent_change_loses_no_points(
    tmp_path: Path, innocent: Callable[[bytes], bytes]
) -> None:
    assert look(tmp_path, innocent(paystub())).ocr_authenticity_score == 100


def test_a_page_without_text_costs_nothing_and_is_not_read(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    canvas.rect(100, 100, 200, 200, fill=1)
    canvas.save()
    found = look(tmp_path, buffer.getvalue())
    assert (found.found_type, found.ocr_data) == (None, None)
    assert (found.ocr_authenticity or {})["is_image_based_pdf"] is True
    assert not signals(found)


def test_a_page_tree_that_returns_to_itself_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    scan = page_of(b"q 612 0 0 792 0 0 cm 0 0 1 1 re f Q", b"<</Type/Pages/Kids[5 0 R]/Count 2>>")
    found = look(tmp_path, scan.replace(b"/Kids[3 0 R]/Count 1", b"/Kids[3 0 R 5 0 R]/Count 3"))
    assert (found.problem, found.ocr_authenticity_score) == (None, 100)


def test_a_turned_page_reads_like_an_upright_one(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.pages[0].rotate(90)
    writer.pages[0].transfer_rotation_to_content()
    found = look(tmp_path, written(writer, paystub()))
    assert (found.ocr_data or {})["employee"]["name"] == NAME
    assert found.ocr_authenticity_score == 100


def test_prose_sent_as_a_paystub_is_not_read_and_accused_of_nothing(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    for row in range(12):
        put(canvas, 40, 700 - 14 * row, "Two eggs, a spoon of flour and a little salt.")
    canvas.save()
    found = look(tmp_path, buffer.getvalue())
    assert (found.found_type, found.ocr_data, signals(found)) == (None, None, {})
