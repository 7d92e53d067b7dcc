"""What a file says about its making, and what of that is a signal."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter

from argyle_nb.sandbox.inspection.origin_checks import (
    EDITORS,
    GENERATORS,
    Origin,
    origin_signals,
    read_date,
    read_origin,
)
from argyle_nb.sandbox.inspection.pdfium import PdfFile
from tests.support.payroll_papers import (
    look,
    paystub,
    signals,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("D:20260313120000-05'00'", "2026-03-13T17:00:00+00:00"),
        ("D:20260313120000Z", "2026-03-13T12:00:00+00:00"),
        ("2026-03-13T12:00:00.123+02:00", "2026-03-13T10:00:00+00:00"),
        ("D:20260230120000Z", None),
        ("yesterday", None),
        ("D:20260313120000Z00'00'", "2026-03-13T12:00:00+00:00"),
        ("2026/03/13 12:00:00", None),
        ("D:202603", None),
        ("D:19700101000000Z", None),
    ],
)
def test_dates_of_a_file_are_read_with_their_zone(text: str, iso: str | None) -> None:
    date = read_date(text)
    assert (date.isoformat() if date else None) == iso


MADE = datetime(2026, 3, 5, 12, tzinfo=UTC)


# -- origin
def origin(producer: str = "Larkspur Print 3", **said: object) -> Origin:
    return Origin((producer,), ("Larkspur Payroll",), **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "signal"),
    [
        (origin("Sejda 3.2.85"), "sbx_edited_by_software"),
        (origin("InstaPaystub"), "sbx_paystub_generator"),
        (
            origin(created=MADE, modified=MADE - timedelta(days=2)),
            "sbx_file_dates_contradict",
        ),
    ],
)
def test_what_made_or_changed_a_file_is_one_signal(now: Origin, signal: str) -> None:
    assert [found.identifier for found in origin_signals(now, [])] == [signal]


@pytest.mark.parametrize(
    "now",
    [
        origin("Adobe PDF Library 15.0", created=MADE, modified=MADE),
        origin("Apache FOP Version 2.6", created=MADE, modified=MADE + timedelta(minutes=9)),
        origin("Acrobat Distiller 11.0", created=MADE, modified=MADE - timedelta(hours=8)),
        origin(created=MADE),
        origin(created=MADE, modified=MADE + timedelta(days=30)),
        *(
            origin(program)
            for program in (
                "iLovePDF",
                "TCPDF 6.6.2",
                "qpdf 11.9.0",
                "GPL Ghostscript 9.55.0",
                "Microsoft Word for Microsoft 365",
                "Skia/PDF m131",
                "macOS Version 14.4 (Build 23E214) Quartz PDFContext",
                "Acrobat PDFWriter 5.0",
                "Adobe Acrobat 23.8 Image Conversion Plug-in",
                "Adobe Acrobat Pro DC 24.1",
                "Adobe InDesign 19.2",
                "https://imagemagick.org",
                "OfficeCopier Scan 2.0",
                "PaystubAnalyzer-Gold-Dataset-Writer",
                "SAMBox 2.4.24 (www.sejda.org)",
                "Nitro PDF PrimoPDF",
                "PDF-XChange Printer 2012 (5.0 build 310)",
                "Foxit PhantomPDF Printer Version 9.7",
                "Document Editor",
                "Report Editor",
            )
        ),
    ],
)
def test_what_makes_scans_prints_converts_or_protects_is_no_signal(now: Origin) -> None:
    assert origin_signals(now, []) == []


def test_an_editor_that_only_an_earlier_revision_names_is_remembered() -> None:
    found = origin_signals(origin(), [origin("Nitro Pro 13")])
    assert [signal.identifier for signal in found] == ["sbx_edited_by_software"]


def test_an_editor_that_only_the_xmp_history_names_is_read() -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><stEvt:softwareAgent>Adobe Illustrator 28.3'
        "</stEvt:softwareAgent></x:xmpmeta>"
    )
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    writer.xmp_metadata = packet.encode()
    data = written(writer, paystub())
    with PdfFile(data) as file:
        read = read_origin(file, data)
    assert "Adobe Illustrator 28.3" in read.producers


@pytest.mark.parametrize(
    ("names", "signal"),
    [
        ({"/Producer": "QuickPaystubMaker 2"}, "sbx_paystub_generator"),
        ({"/Producer": "Adobe Photoshop 25.5"}, "sbx_edited_by_software"),
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


@pytest.mark.parametrize(
    "name",
    [
        *("CheckStubMaker Pro 5", "PaystubWizard Online", "InstaPaystub", "StubForge Engine 1.8"),
        *("www.thepaystubs.example", "PaystubCreator.net", "QuickStubs"),
    ],
)
def test_a_site_that_makes_paystubs_is_known_by_its_kind_of_name(name: str) -> None:
    assert GENERATORS.search(name)


@pytest.mark.parametrize(
    "name",
    [
        *("ADP Pay Statement", "Workday Payslip Report", "Crystal Reports", "PaystubReport 4"),
        *("JasperReports (EmployeePaystub)", "JasperReports Library (PrintPaystub)"),
        *("TALX W-2 eXpress", "com.acme.PayslipGenerator", "Acme Payroll PaystubBuilder"),
    ],
)
def test_payroll_software_is_no_paystub_site(name: str) -> None:
    assert not GENERATORS.search(name)


@pytest.mark.parametrize(
    "name", ["Acrobat Distiller 11.0", "Adobe PDF Library 15.0", "iText 2.1.7", "Skia/PDF m126"]
)
def test_what_makes_pdfs_is_no_editor(name: str) -> None:
    assert not EDITORS.search(name)
