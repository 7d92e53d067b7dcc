"""Payroll documents of layouts that the sample documents do not have, and ways to change them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

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
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME, OTHER_NAME = "Otis R. Plumleigh", "Gareth P. Tindle"
WAGES = "52310.55"
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


class Print(NamedTuple):
    """How one value is printed when not like all others."""

    font: str = "Helvetica"
    size: float = 9
    dx: float = 0
    dy: float = 0


def right(canvas: Canvas, x: float, y: float, value: str, how: Print) -> None:
    canvas.setFont(how.font, how.size)
    canvas.drawRightString(x + how.dx, y + how.dy, value)


def paystub(prints: Mapping[str, Print] | None = None, /, **said: str) -> bytes:
    """A genuine paystub of a layout that the sample documents do not have."""
    buffer, canvas = new_canvas()
    prints = prints or {}
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
                right(canvas, x, y, value, prints.get(value, prints.get("", Print())))
        y -= 24
    canvas.save()
    return buffer.getvalue()


def w2(
    *,
    year: str = "2024",
    both: Mapping[str, str] | None = None,
    second: Mapping[str, str] | None = None,
    fonts: Mapping[str, str] | None = None,
) -> bytes:
    """A genuine W-2 with two copies on one page; other values in both or in the second."""
    buffer, canvas = new_canvas()
    for top, other in ((760, both or {}), (400, {**(both or {}), **(second or {})})):
        boxes = (
            (20, 0, "1 Wages, tips, other comp.", WAGES),
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
            face = (fonts or {}).get(value, (fonts or {}).get("", "Courier"))
            put(canvas, x + 4, top - down - 11, other.get(value, value), face)
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


def annotated(data: bytes, appearance: str | None, lower: float = NET_Y - 6) -> bytes:
    """An incremental save that adds an annotation, with a box of text over net pay or lower."""
    writer = PdfWriter(io.BytesIO(data), incremental=True)
    rect = ArrayObject([FloatObject(value) for value in (395, lower, 455, lower + 20)])
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
