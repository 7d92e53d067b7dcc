"""Edits in a PDF: revisions and what they changed, text painted over."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from argyle_nb.sandbox.inspection.edit_checks import earlier_revisions
from tests.support.payroll_papers import (
    NAME,
    NET,
    NET_Y,
    OTHER_NAME,
    OTHER_NET,
    annotated,
    look,
    merged,
    new_canvas,
    paystub,
    put,
    replaced,
    signals,
    w2,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas


def saved_again(data: bytes, title: str) -> bytes:
    writer = PdfWriter(io.BytesIO(data), incremental=True)
    writer.add_metadata({"/Title": title})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_every_former_end_of_a_file_is_a_revision() -> None:
    buffer, drawn = new_canvas()
    drawn.drawString(100, 700, "first")
    drawn.save()
    first = buffer.getvalue()
    second = saved_again(first, "second")
    third = saved_again(second, "third")
    assert [len(cut) for cut in earlier_revisions(third)] == pytest.approx(
        [len(first), len(second)], abs=2
    )


def test_the_end_of_an_attached_file_is_no_revision() -> None:
    buffer, drawn = new_canvas()
    drawn.save()
    writer = PdfWriter(clone_from=PdfReader(buffer))
    writer.add_attachment("inner.pdf", saved_again(buffer.getvalue(), "inner"))
    whole = io.BytesIO()
    writer.write(whole)
    assert earlier_revisions(whole.getvalue()) == []


# -- edits that an incremental save left behind
@pytest.mark.parametrize(
    ("old", "new", "signal"),
    [
        ("55 Cedar Loop", "918 Walnut Street", "employee_address_edits"),
        ("9 Ember Way, Austin, TX 78701", "77 Dune Road, Waco, TX 76701", "employer_address_edits"),
        ("Sable & Finch LLC", "Crane & Otter Inc", "employer_name_edits"),
        ("XXX-XX-4411", "XXX-XX-9922", "employee_taxpayer_id_edits"),
        ("$310.00", "$910.00", "earnings_edits"),
        ("$151.17", "$51.17", "withholdings_edits"),
        ("$76.47", "$6.47", "deductions_edits"),
        ("Mar 5, 2026", "Jul 2, 2026", "date_edits"),
    ],
)
def test_an_edit_is_named_after_the_field_it_changed(
    tmp_path: Path, old: str, new: str, signal: str
) -> None:
    found = signals(look(tmp_path, replaced(paystub(), old, new, incremental=True)))
    assert signal in found
    assert any(old in item["original_text"] for item in found[signal])


def test_a_note_in_a_free_place_is_no_edit(tmp_path: Path) -> None:
    box = "BT 0 g /F0 9 Tf 3 6 Td (Seen by HR) Tj ET"
    assert not signals(look(tmp_path, annotated(paystub(), box, lower=NET_Y - 90)))


def cover(canvas: Canvas) -> None:
    """White paint over net pay and another amount typed on it."""
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(395, NET_Y - 2, 60, 12, stroke=0, fill=1)
    canvas.setFillColorRGB(0, 0, 0)
    put(canvas, 400, NET_Y, OTHER_NET, "Times-Roman")


def test_an_incremental_save_of_metadata_alone_is_no_edit(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(paystub()), incremental=True)
    writer.add_metadata({"/Title": "March"})
    assert look(tmp_path, written(writer)).ocr_authenticity_score == 100


def test_a_name_changed_by_an_incremental_save_shows_both_names(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NAME, OTHER_NAME, incremental=True))
    (edit,) = signals(found)["employee_name_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NAME, OTHER_NAME)
    assert (found.ocr_authenticity_score or 0) < 30


def test_a_name_changed_in_all_copies_of_a_w2_is_a_name_edit(tmp_path: Path) -> None:
    data = replaced(w2(), "Josefina Q. Marble", "Lavinia T. Croft", incremental=True)
    assert set(signals(look(tmp_path, data))) == {"employee_name_edits"}


def test_an_amount_changed_by_an_incremental_save_shows_both_amounts(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NET, OTHER_NET, incremental=True))
    (edit,) = signals(found)["dollar_amount_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NET, OTHER_NET)


def test_an_amount_painted_over_shows_what_is_below(tmp_path: Path) -> None:
    found = look(tmp_path, merged(paystub(), cover))
    (edit,) = signals(found)["dollar_amount_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NET, OTHER_NET)
    assert signals(found)["sbx_text_over_text"] == [{"text_below": NET}]


def test_an_annotation_laid_over_an_amount_is_an_edit(tmp_path: Path) -> None:
    box = f"1 1 1 rg 0 0 60 20 re f BT 0 g /F0 9 Tf 3 6 Td ({OTHER_NET}) Tj ET"
    found = signals(look(tmp_path, annotated(paystub(), box)))
    assert found["sbx_text_over_text"] == [{"text_below": NET}]
    assert {"original_text": NET, "tampered_text": OTHER_NET} in [
        {key: item[key] for key in ("original_text", "tampered_text")}
        for item in found["dollar_amount_edits"]
    ]


def test_a_bar_that_redacts_a_number_is_no_edit(tmp_path: Path) -> None:
    data = merged(paystub(), lambda canvas: canvas.rect(295, 673, 90, 12, stroke=0, fill=1))
    assert signals(look(tmp_path, data)) == {}


def test_white_paint_that_takes_a_number_away_is_text_painted_over(tmp_path: Path) -> None:
    def white(canvas: Canvas) -> None:
        canvas.setFillColorRGB(1, 1, 1)
        canvas.rect(295, 673, 90, 12, stroke=0, fill=1)

    assert set(signals(look(tmp_path, merged(paystub(), white)))) == {"sbx_text_over_text"}


def test_a_stamp_across_an_amount_is_no_edit(tmp_path: Path) -> None:
    stamp = "BT 1 0 0 rg /F0 14 Tf 3 4 Td (PAID) Tj ET"
    assert signals(look(tmp_path, annotated(paystub(), stamp))) == {}


# -- whole pages
def cover_sheet() -> PdfReader:
    buffer, canvas = new_canvas()
    put(canvas, 72, 700, "Documents for Sable & Finch LLC, loan 4411")
    canvas.save()
    return PdfReader(buffer)


def two_pages() -> bytes:
    writer = PdfWriter()
    writer.append(cover_sheet())
    writer.append(PdfReader(io.BytesIO(paystub())))
    return written(writer, paystub())


def test_a_page_put_before_the_others_is_no_edit(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(paystub()), incremental=True)
    writer.insert_page(cover_sheet().pages[0], 0)
    assert signals(look(tmp_path, written(writer))) == {}


def test_a_page_taken_away_is_no_edit(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(two_pages()), incremental=True)
    writer.remove_page(0)
    assert signals(look(tmp_path, written(writer))) == {}


def test_an_edit_is_found_though_a_page_came_with_it(tmp_path: Path) -> None:
    edited = replaced(paystub(), NET, OTHER_NET, incremental=True)
    writer = PdfWriter(io.BytesIO(edited), incremental=True)
    writer.insert_page(cover_sheet().pages[0], 0)
    [edit] = signals(look(tmp_path, written(writer)))["dollar_amount_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == (NET, OTHER_NET)


def test_a_page_in_place_of_another_is_an_edit(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(paystub()), incremental=True)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(
        cover_sheet().pages[0].get_contents().clone(writer)  # type: ignore[union-attr]
    )
    assert "employee_name_edits" in signals(look(tmp_path, written(writer)))


# -- forms
def fillable(value: str = "", **more: DictionaryObject | TextStringObject) -> bytes:
    """A form for a paystub whose fields all hold one value."""
    buffer, canvas = new_canvas()
    put(canvas, 40, 750, "Earnings statement")
    for row, name in enumerate(("Employee", "Regular Pay", "Overtime Pay", "Gross Pay")):
        y = 700 - 20 * row
        put(canvas, 40, y, name)
        canvas.acroForm.textfield(
            name=name, value=value, x=150, y=y - 4, width=150, height=16, fontSize=9, borderWidth=0
        )
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(buffer))
    for field in writer.pages[0]["/Annots"]:  # type: ignore[attr-defined]
        field.get_object().update({NameObject(f"/{key}"): entry for key, entry in more.items()})
    return written(writer, buffer.getvalue())


def filled(data: bytes, *sittings: dict[str, str]) -> bytes:
    for values in sittings:
        writer = PdfWriter(io.BytesIO(data), incremental=True)
        writer.update_page_form_field_values(writer.pages[0], values, auto_regenerate=False)
        data = written(writer)
    return data


PAY = {"Employee": NAME, "Regular Pay": "2,000.00", "Gross Pay": "2,000.00"}
SCRIPT = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("1")}
CALCULATED = DictionaryObject({NameObject("/C"): DictionaryObject(SCRIPT)})
LATER = {"Overtime Pay": "187.50", "Gross Pay": "2,187.50"}


@pytest.mark.parametrize(
    "data",
    [
        filled(fillable(), PAY),
        filled(fillable("0.00"), PAY),
        filled(fillable("(type here)", DV=TextStringObject("(type here)")), PAY),
        filled(fillable(AA=CALCULATED), PAY, {"Gross Pay": "2,150.00"}),
        filled(fillable(), PAY, LATER),
    ],
    ids=["empty", "zeros", "a default", "the form reckons", "a sum grows by what is filled in"],
)
def test_filling_in_a_form_is_no_edit(tmp_path: Path, data: bytes) -> None:
    assert signals(look(tmp_path, data)) == {}


@pytest.mark.parametrize("later", [{"Gross Pay": "9,000.00"}, {**LATER, "Gross Pay": "9,000.00"}])
def test_replacing_what_a_field_held_is_an_edit(tmp_path: Path, later: dict[str, str]) -> None:
    [edit] = signals(look(tmp_path, filled(fillable(), PAY, later)))["earnings_edits"]
    assert (edit["original_text"], edit["tampered_text"]) == ("2,000.00", "9,000.00")
