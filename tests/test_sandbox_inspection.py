"""The sandbox's look into documents: what it reads, what it finds, and that nothing breaks it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    TextStringObject,
)
from reportlab.pdfgen.canvas import Canvas

from argyle_nb.sandbox.inspection import Inspection, inspect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME, OTHER_NAME = "Otis R. Plumleigh", "Gareth P. Tindle"
NET, OTHER_NET = "$1,537.87", "$3,537.87"
# Where `paystub` sets net pay: the last row of its five tables.
NET_Y = 640.0 - 13 * 4 - 24 - 13 * 4 - 24 - 13 * 3 - 24 - 13 - 24 - 13 * 5
EARNINGS = (
    ("Description", "Rate", "Hours", "Current", "Year To Date"),
    ("Regular Hours", "$21.50", "72.25", "$1,553.38", "$6,213.50"),
    ("Overtime Hours", "$32.25", "1.50", "$48.38", "$48.38"),
    ("Paycheck Tips", "", "", "$310.00", "$1,240.00"),
)
TAXES = (
    ("Employee Tax", "", "", "Current", "Year To Date"),
    ("Federal Income Tax", "", "", "$151.17", "$600.00"),
    ("Social Security", "", "", "$118.53", "$465.12"),
    ("Medicare", "", "", "$27.72", "$108.78"),
)
EMPLOYER_TAXES = (
    ("Company Tax", "", "", "Current", "Year To Date"),
    ("Social Security", "", "", "$118.53", "$465.12"),
    ("FUTA", "", "", "$11.47", "$42.00"),
)
SUMMARY = (
    ("Description", "", "", "Current", "Year To Date"),
    ("Gross Earnings", "", "", "$1,911.76", "$7,501.88"),
    ("Pre-Tax Deductions", "", "", "$76.47", "$300.08"),
    ("Taxes", "", "", "$297.42", "$1,173.90"),
    ("Net Pay", "", "", NET, "$6,027.90"),
)


def new_canvas() -> tuple[io.BytesIO, Canvas]:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(612, 792), invariant=1)
    canvas.setProducer("Larkspur Print 3")
    canvas.setCreator("Larkspur Payroll")
    return buffer, canvas


def put(canvas: Canvas, x: float, y: float, text: str, font: str = "Helvetica") -> None:
    canvas.setFont(font, 9)
    canvas.drawString(x, y, text)


def paystub(**said: str) -> bytes:
    """A genuine paystub of a layout that the sample documents do not have."""
    buffer, canvas = new_canvas()
    period = said.get("period", "Feb 16, 2026 - Feb 28, 2026")
    put(canvas, 40, 750, "Earnings statement")
    put(canvas, 40, 735, "Sable & Finch LLC", "Helvetica-Bold")
    put(canvas, 40, 723, "9 Ember Way, Austin, TX 78701")
    put(canvas, 40, 700, NAME, "Helvetica-Bold")
    put(canvas, 40, 688, "55 Cedar Loop")
    put(canvas, 40, 676, "Austin, TX 78702")
    put(canvas, 300, 700, f"Pay period: {period}")
    put(canvas, 300, 688, f"Pay Day: {said.get('paid', 'Mar 5, 2026')}")
    put(canvas, 300, 676, "SSN: XXX-XX-4411")
    y = 640.0
    for title, rows in (
        ("Employee Gross Earnings", EARNINGS),
        ("Employee Taxes Withheld", TAXES),
        ("Employer Tax", EMPLOYER_TAXES),
        ("Employee Deductions", (("401(k) Pre-Tax", "", "", "$76.47", "$300.08"),)),
        ("Summary", SUMMARY),
    ):
        put(canvas, 40, y, title, "Helvetica-Bold")
        for row in rows:
            y -= 13
            put(canvas, 40, y, row[0])
            for x, value in zip((280, 360, 450, 550), row[1:], strict=True):
                canvas.drawRightString(x, y, value)
        y -= 24
    canvas.save()
    return buffer.getvalue()


def w2(wages: str = "52310.55", year: str = "2024") -> bytes:
    """A genuine W-2 with two copies on one page, in the order of the form."""
    buffer, canvas = new_canvas()
    for top in (760, 400):
        boxes = (
            (20, 0, "1 Wages, tips, other comp.", wages),
            (200, 0, "2 Federal income tax withheld", "4811.02"),
            (20, 26, "3 Social security wages", "55063.74"),
            (200, 26, "4 Social security tax withheld", "3413.95"),
            (20, 52, "5 Medicare wages and tips", "55063.74"),
            (200, 52, "6 Medicare tax withheld", "798.42"),
            (20, 78, "a Employee's SSN", "912-33-0044"),
            (200, 78, "b Employer ID number (EIN)", "00-1122334"),
            (20, 104, "c Employer's name, address, and ZIP code", "Harrowgate Tooling Inc"),
            (20, 160, "e Employee's name, address, and ZIP code", "Josefina Q. Marble"),
        )
        for x, down, label, value in boxes:
            canvas.setFont("Helvetica", 5.5)
            canvas.drawString(x, top - down, label)
            put(canvas, x + 4, top - down - 11, value, "Courier")
        for down, text in ((125, "12 Quay Road"), (135, "Dayton, OH 45402")):
            put(canvas, 24, top - down, text, "Courier")
        for down, text in ((181, "77 Lantern Street"), (191, "Dayton, OH 45403")):
            put(canvas, 24, top - down, text, "Courier")
        put(canvas, 20, top - 240, "Form W-2 Wage and Tax Statement")
        put(canvas, 250, top - 240, year, "Helvetica-Bold")
    canvas.save()
    return buffer.getvalue()


def written(writer: PdfWriter, like: bytes | None = None) -> bytes:
    if like is not None:
        said: dict[str, Any] = dict(PdfReader(io.BytesIO(like)).metadata or {})
        writer.add_metadata({key: str(value) for key, value in said.items()})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def replaced(data: bytes, old: str, new: str, *, incremental: bool) -> bytes:
    """The page's content with one text changed, in the same font and place."""
    source = io.BytesIO(data)
    writer = (
        PdfWriter(source, incremental=True)
        if incremental
        else PdfWriter(clone_from=PdfReader(source))
    )
    page = writer.pages[0]
    old_stream: Any = page["/Contents"].get_object()
    content = old_stream.get_data()
    assert old.encode() in content
    stream = DecodedStreamObject()
    stream.set_data(content.replace(old.encode(), new.encode()))
    page[NameObject("/Contents")] = writer._add_object(stream)
    return written(writer, None if incremental else data)


def merged(data: bytes, draw: Callable[[Canvas], object], *, over: bool = True) -> bytes:
    """The page with another drawing on top of it or under it, saved as a whole."""
    buffer, canvas = new_canvas()
    draw(canvas)
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.pages[0].merge_page(PdfReader(buffer).pages[0], over=over)
    return written(writer, data)


def annotated(data: bytes, appearance: str | None) -> bytes:
    """An incremental save that adds an annotation, with a box of text over net pay or without."""
    writer = PdfWriter(io.BytesIO(data), incremental=True)
    rect = ArrayObject([FloatObject(value) for value in (395, NET_Y - 6, 455, NET_Y + 14)])
    note = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/FreeText" if appearance else "/Text"),
            NameObject("/Rect"): rect,
            NameObject("/Contents"): TextStringObject("seen"),
        }
    )
    if appearance:
        form = DecodedStreamObject()
        form.set_data(appearance.encode())
        face = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
        font = DictionaryObject({NameObject(k): NameObject(v) for k, v in face.items()})
        fonts = DictionaryObject({NameObject("/F0"): font})
        form[NameObject("/Subtype")] = NameObject("/Form")
        form[NameObject("/BBox")] = ArrayObject([FloatObject(v) for v in (0, 0, 60, 20)])
        form[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        shown = DictionaryObject({NameObject("/N"): writer._add_object(form)})
        note[NameObject("/AP")] = shown
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])
    return written(writer)


def look(folder: Path, data: bytes, document_type: str = "paystubs") -> Inspection:
    path = folder / "upload"
    path.write_bytes(data)
    return inspect(path, document_type)


def signals(found: Inspection) -> dict[str, list[dict[str, str]]]:
    """Identifier -> evidence, each as key to value."""
    assert found.ocr_authenticity is not None
    listed: dict[str, list[dict[str, str]]] = {}
    for signal in found.ocr_authenticity["form_analysis"][0]["signals"]:
        evidence = [
            {value["key"]: value["value"] for value in item["values"]}
            for item in signal["supporting_data"]
        ]
        listed.setdefault(signal["identifier"], []).extend(evidence)
    return listed


def cover(canvas: Canvas) -> None:
    """White paint over net pay and another amount typed on it."""
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(395, NET_Y - 2, 60, 12, stroke=0, fill=1)
    canvas.setFillColorRGB(0, 0, 0)
    put(canvas, 400, NET_Y, OTHER_NET, "Times-Roman")


def test_a_paystub_of_an_unknown_layout_is_read(tmp_path: Path) -> None:
    found = look(tmp_path, paystub(), "miscellaneous")
    data: dict[str, Any] = found.ocr_data or {}
    assert found.found_type == "paystubs"
    assert data["employee"]["name"] == NAME
    assert data["employee"]["address"]["city"] == "Austin"
    assert data["employer"]["name"] == "Sable & Finch LLC"
    assert data["employee"]["taxpayer_id"] == {"id_type": "SSN", "last_4_digits": "4411"}
    assert data["paystub_details"]["pay_period_end_date"] == "2026-02-28"
    assert data["paystub_details"]["pay_date"] == "2026-03-05"
    assert data["paystub_details"]["pay_frequency"] == "SEMI_MONTHLY"
    assert data["net_pay"]["totals"]["current_pay"] == {"amount": "1537.87", "currency": "USD"}
    assert data["earnings"]["subtotals"][0]["current_hours"] == "72.25"


def test_what_the_employer_pays_is_no_deduction(tmp_path: Path) -> None:
    data = look(tmp_path, paystub()).ocr_data or {}
    taken = [row["description"] for row in data["deductions"]["subtotals"]]
    assert taken == ["FEDERAL INCOME TAX", "SOCIAL SECURITY", "MEDICARE", "401(K) PRE-TAX"]


def test_a_w2_is_read_into_raw_fields(tmp_path: Path) -> None:
    found = look(tmp_path, w2(), "paystubs")
    data: dict[str, Any] = found.ocr_data or {}
    fields = {key: item["value"] for key, item in data["raw_fields"].items()}
    assert (found.found_type, data["form_type"]) == ("W-2", "W2")
    assert fields["wagesTipsOtherComp"] == "52310.55"
    assert fields["employeeName"] == "Josefina Q. Marble"
    assert fields["employeeSocialSecurityNumber"] == "912-33-0044"
    assert fields["employerAddressCity"] == "Dayton"
    assert fields["year"] == "2024"
    assert data["raw_fields"]["allocatedTips"]["is_empty"]


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


def test_an_amount_changed_without_a_trace_no_longer_adds_up(tmp_path: Path) -> None:
    found = look(tmp_path, replaced(paystub(), NET, OTHER_NET, incremental=False))
    (wrong,) = signals(found)["sbx_sums_do_not_add_up"]
    assert (wrong["expected"], wrong["found"]) == ("1537.87", "3537.87")


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
    assert set(signals(look(tmp_path, data))) == {"sbx_text_over_text"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"period": "Feb 31, 2026 - Mar 14, 2026"}, "Feb 31, 2026 is no day"),
        ({"paid": "Feb 2, 2026"}, "paid 2026-02-02 before the period starts 2026-02-16"),
        ({"period": "Feb 28, 2026 - Feb 16, 2026"}, "period ends 2026-02-16 before it starts"),
    ],
)
def test_days_that_cannot_be_are_named(tmp_path: Path, said: dict[str, str], problem: str) -> None:
    found = signals(look(tmp_path, paystub(**said)))["sbx_impossible_dates"]
    assert any(item["problem"].startswith(problem) for item in found)


def test_wages_raised_in_box_1_alone_are_seen(tmp_path: Path) -> None:
    assert "sbx_sums_do_not_add_up" in signals(look(tmp_path, w2(wages="92310.55")))


def test_a_tax_year_that_has_not_ended_is_impossible(tmp_path: Path) -> None:
    assert "sbx_impossible_dates" in signals(look(tmp_path, w2(year="2098")))


@pytest.mark.parametrize(
    ("names", "signal"),
    [
        ({"/Producer": "QuickPaystubMaker 2"}, "sbx_paystub_generator"),
        ({"/Producer": "Adobe Photoshop 25.5"}, "sbx_edited_by_software"),
        ({"/Producer": "Skia/PDF m126"}, "sbx_printed_to_pdf"),
        (
            {"/CreationDate": "D:20260305120000Z", "/ModDate": "D:20260301120000Z"},
            "sbx_file_dates_contradict",
        ),
    ],
)
def test_what_the_file_says_of_its_origin_is_a_signal(
    tmp_path: Path, names: dict[str, str], signal: str
) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.add_metadata({"/Producer": "Larkspur Print 3", **names})
    assert set(signals(look(tmp_path, written(writer)))) == {signal}


def test_a_page_without_text_is_scored_as_a_picture_and_not_read(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    canvas.rect(100, 100, 200, 200, fill=1)
    canvas.save()
    found = look(tmp_path, buffer.getvalue())
    assert (found.found_type, found.ocr_data) == (None, None)
    assert (found.ocr_authenticity or {})["is_image_based_pdf"] is True
    assert set(signals(found)) == {"sbx_image_only"}


def test_a_turned_page_reads_like_an_upright_one(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.pages[0].rotate(90)
    writer.pages[0].transfer_rotation_to_content()
    found = look(tmp_path, written(writer, paystub()))
    assert (found.ocr_data or {})["employee"]["name"] == NAME
    assert found.ocr_authenticity_score == 100
