"""A page with a title and one amount is no payroll document."""

from __future__ import annotations

import io

import pytest
from reportlab.pdfgen.canvas import Canvas

from argyle_nb.sandbox.inspection import inspect
from tests.conftest import DOCUMENTS

CRUDE = [
    ("paystubs", ["Paystub", "Net Pay 1,000.00"]),
    ("W-2", ["Form W-2 Wage and Tax Statement 2025", "1 Wages, tips, other comp. 50,000.00"]),
    ("1099", ["Form 1099-NEC", "Nonemployee compensation 40,000.00"]),
]


def signals_of(found):
    form = found.ocr_authenticity["form_analysis"][0]
    return {signal["identifier"]: signal for signal in form["signals"]}


@pytest.mark.parametrize(("document_type", "lines"), CRUDE)
def test_a_title_and_an_amount_are_too_little(tmp_path, document_type, lines):
    drawn = io.BytesIO()
    canvas = Canvas(drawn)
    for number, line in enumerate(lines):
        canvas.drawString(72, 750 - 20 * number, line)
    canvas.save()
    path = tmp_path / "crude.pdf"
    path.write_bytes(drawn.getvalue())

    found = inspect(path, document_type)

    assert found.ocr_authenticity_score < 60
    evidence = signals_of(found)["sbx_fields_missing"]["supporting_data"]
    assert len(evidence) >= 2


@pytest.mark.parametrize(
    "name", ["paystub_rivera_2026-01-30.pdf", "w2_rivera_2025.pdf", "1099_whitlock_2024.pdf"]
)
def test_an_ordinary_document_lacks_nothing(name):
    types = {"p": "paystubs", "w": "W-2", "1": "1099"}
    found = inspect(DOCUMENTS / name, types[name[0]])
    assert "sbx_fields_missing" not in signals_of(found)
