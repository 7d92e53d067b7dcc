"""Each check of the inspection: one fraud that it names, one honest oddity that it lets pass."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter

from argyle_nb.sandbox.inspection.origin_checks import Origin, origin_of, origin_signals
from tests.support.payroll_papers import (
    NET,
    NET_Y,
    OTHER_NET,
    WAGES,
    Print,
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
    from collections.abc import Callable
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas

MADE = datetime(2026, 3, 5, 12, tzinfo=UTC)


def whole(old: str, new: str) -> bytes:
    """The paystub with one text changed everywhere, in its own font, without a trace."""
    return replaced(paystub(), old, new, incremental=False)


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("72.25", "82.25", "hours by rate: REGULAR HOURS"),
        ("$1,911.76", "$2,911.76", "earnings make gross pay (current)"),
        ("$7,501.88", "$9,501.88", "earnings make gross pay (ytd)"),
        ("$6,213.50", "$1,213.50", "year to date below this period: REGULAR HOURS"),
        (NET, OTHER_NET, "gross less deductions makes net pay (current)"),
        ("$297.42", "$97.42", "deductions make their total (current)"),
    ],
)
def test_a_sum_that_fails_is_named(tmp_path: Path, old: str, new: str, check: str) -> None:
    found = signals(look(tmp_path, whole(old, new)))["sbx_sums_do_not_add_up"]
    assert check.lower() in [item["check"].lower() for item in found]


def test_overtime_may_be_printed_with_the_plain_rate(tmp_path: Path) -> None:
    assert look(tmp_path, whole("$32.25", "$21.50")).ocr_authenticity_score == 100


@pytest.mark.parametrize(("old", "new"), [("$118.53", "$218.53"), ("$27.72", "$47.72")])
def test_taxes_that_are_law_must_fit_gross_pay(tmp_path: Path, old: str, new: str) -> None:
    assert "sbx_taxes_do_not_fit" in signals(look(tmp_path, whole(old, new)))


@pytest.mark.parametrize(
    ("withheld", "flat"), [("$152.94", True), ("$420.59", False), ("$152.95", False)]
)
def test_a_whole_percentage_withheld_is_no_table_unless_it_is_that_of_bonuses(
    tmp_path: Path, withheld: str, *, flat: bool
) -> None:
    found = signals(look(tmp_path, whole("$151.17", withheld)))
    assert ("sbx_flat_withholding" in found) is flat


@pytest.mark.parametrize(
    ("period", "paid", "problem"),
    [
        ("Jan 1, 2026 - Feb 28, 2026", "Mar 5, 2026", "longer than any pay period"),
        ("Dec 1, 2025 - Dec 15, 2025", "Mar 5, 2026", "long after the period ended"),
        ("Feb 16, 2026 - Mar 28, 2026", "Feb 20, 2026", "long before the period ended"),
    ],
)
def test_a_period_that_cannot_be_is_named(
    tmp_path: Path, period: str, paid: str, problem: str
) -> None:
    found = signals(look(tmp_path, paystub(period=period, paid=paid)))["sbx_impossible_dates"]
    assert any(problem in item["problem"] for item in found)


def test_pay_in_advance_of_the_periods_end_is_honest(tmp_path: Path) -> None:
    data = paystub(period="Feb 16, 2026 - Feb 28, 2026", paid="Feb 27, 2026")
    assert look(tmp_path, data).ocr_authenticity_score == 100


def test_a_file_made_before_its_period_ended_is_impossible(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paystub())))
    said = {"/Producer": "Larkspur Print 3", "/CreationDate": "D:20260110120000Z"}
    writer.add_metadata({**said, "/ModDate": "D:20260110120000Z"})
    assert set(signals(look(tmp_path, written(writer)))) == {"sbx_impossible_dates"}


# -- tax forms


@pytest.mark.parametrize(
    ("both", "signal"),
    [
        ({"3413.95": "1413.95"}, "sbx_taxes_do_not_fit"),
        ({"798.42": "998.42"}, "sbx_taxes_do_not_fit"),
        ({"4811.02": "34811.02"}, "sbx_sums_do_not_add_up"),
        ({WAGES: "60000.00"}, "sbx_sums_do_not_add_up"),
    ],
)
def test_boxes_of_a_w2_that_do_not_go_together_are_a_signal(
    tmp_path: Path, both: dict[str, str], signal: str
) -> None:
    assert set(signals(look(tmp_path, w2(both=both)))) == {signal}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (WAGES, "82310.55", "wagesTipsOtherComp"),
        ("912-33-0044", "912-33-0045", "employeeSocialSecurityNumber"),
        ("Josefina Q. Marble", "Lavinia T. Croft", "employeeName"),
    ],
)
def test_a_w2_changed_in_one_copy_alone_contradicts_itself(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    (found,) = signals(look(tmp_path, w2(second={old: new})))["sbx_copies_disagree"]
    assert found == {"field": field, "one_copy": old, "another_copy": new}


def test_two_w2s_of_two_employers_on_one_page_do_not_contradict_each_other(tmp_path: Path) -> None:
    other = {
        WAGES: "9310.55",
        "4811.02": "811.02",
        "3413.95": "577.25",
        "798.42": "135.00",
        "55063.74": "9310.55",
        "00-1122334": "00-2233445",
        "Harrowgate Tooling Inc": "Quill & Thorn LLC",
    }
    assert look(tmp_path, w2(second=other)).ocr_authenticity_score == 100


def test_one_value_of_a_form_in_another_font_is_named(tmp_path: Path) -> None:
    found = signals(look(tmp_path, w2(fonts={WAGES: "Times-Roman"})))["sbx_fonts_mixed_in_line"]
    assert {item["text"] for item in found} == {WAGES}


def test_a_form_may_be_filled_in_with_any_one_font(tmp_path: Path) -> None:
    assert look(tmp_path, w2(fonts={"": "Times-Bold"})).ocr_authenticity_score == 100


# -- print


@pytest.mark.parametrize(
    ("how", "signal"),
    [
        (Print(font="Times-Roman"), "sbx_fonts_mixed_in_line"),
        (Print(size=8.2), "sbx_fonts_mixed_in_line"),
        (Print(dy=1.2), "sbx_fields_misaligned"),
        (Print(dx=-3.5), "sbx_fields_misaligned"),
    ],
    ids=["font", "size", "off its line", "off its column"],
)
def test_a_value_set_apart_from_its_neighbours_is_named(
    tmp_path: Path, how: Print, signal: str
) -> None:
    found = signals(look(tmp_path, paystub({NET: how})))
    assert set(found) == {signal}
    assert NET in {item["text"] for item in found[signal]}


@pytest.mark.parametrize(
    "how",
    [
        {"": Print(font="Courier")},
        {"": Print(size=8)},
        {"": Print(dx=2)},
        {NET: Print("Helvetica-Bold"), "$6,027.90": Print("Helvetica-Bold")},
        {NET: Print(size=11), "$6,027.90": Print(size=11)},
    ],
    ids=["amounts in Courier", "smaller amounts", "all moved", "bold totals", "larger totals"],
)
def test_a_house_style_is_no_edit(tmp_path: Path, how: dict[str, Print]) -> None:
    assert look(tmp_path, paystub(how)).ocr_authenticity_score == 100


@pytest.mark.parametrize(("pieces", "mixed"), [(("$1,5", "37.87"), True), (("$", NET[1:]), False)])
def test_a_change_of_font_between_digits_counts_and_at_the_dollar_sign_does_not(
    tmp_path: Path, pieces: tuple[str, str], *, mixed: bool
) -> None:
    def draw(canvas: Canvas) -> None:
        put(canvas, 400, 60, pieces[0])
        put(canvas, 400 + canvas.stringWidth(pieces[0], "Helvetica", 9), 60, pieces[1], "Courier")

    found = signals(look(tmp_path, merged(paystub(), draw)))
    assert ("sbx_fonts_mixed_in_line" in found) is mixed


def unseen(text: str) -> Callable[[Canvas], object]:
    def draw(canvas: Canvas) -> None:
        words = canvas.beginText(60, 60)
        words.setTextRenderMode(3)
        words.textOut(text)
        canvas.drawText(words)

    return draw


def test_text_that_nobody_sees_is_named(tmp_path: Path) -> None:
    found = signals(look(tmp_path, merged(paystub(), unseen("Net Pay 9,999.00"))))
    assert found["sbx_hidden_layer"] == [{"text": "Net Pay 9,999.00", "hidden_by": "invisible"}]


def test_an_unseen_copy_of_what_is_seen_is_a_scanners_and_honest(tmp_path: Path) -> None:
    data = merged(paystub(), unseen("Regular Hours"))
    assert look(tmp_path, data).ocr_authenticity_score == 100


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


def test_words_added_in_a_free_place_may_be_a_note(tmp_path: Path) -> None:
    box = "BT 0 g /F0 9 Tf 3 6 Td (Seen by HR) Tj ET"
    found = signals(look(tmp_path, annotated(paystub(), box, lower=NET_Y - 90)))
    assert set(found) == {"sbx_text_added"}


def test_prose_sent_as_a_paystub_is_not_recognised(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    for row in range(12):
        put(canvas, 40, 700 - 14 * row, "Two eggs, a spoon of flour and a little salt.")
    canvas.save()
    assert set(signals(look(tmp_path, buffer.getvalue()))) == {"sbx_not_recognised"}


# -- origin


def origin(producer: str = "Larkspur Print 3", **said: object) -> Origin:
    return Origin((producer,), ("Larkspur Payroll",), **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "signal"),
    [
        (origin("Sejda 3.2.85"), "sbx_edited_by_software"),
        (origin("iLovePDF"), "sbx_tool_box"),
        (origin("TCPDF 6.6.2"), "sbx_web_library"),
        (origin("qpdf 11.9.0"), "sbx_rewritten"),
        (origin("Microsoft Word for Microsoft 365"), "sbx_word_processor"),
        (origin("Skia/PDF m131"), "sbx_printed_to_pdf"),
        (origin("InstaPaystub"), "sbx_paystub_generator"),
        (origin(bad_date=True), "sbx_file_dates_contradict"),
        (
            origin(created=MADE, modified=MADE - timedelta(days=1)),
            "sbx_file_dates_contradict",
        ),
        (origin(created=MADE, modified=MADE + timedelta(days=3)), "sbx_changed_long_after"),
    ],
)
def test_what_made_or_changed_a_file_is_one_signal(now: Origin, signal: str) -> None:
    assert [found.identifier for found in origin_signals(now, [])] == [signal]


@pytest.mark.parametrize(
    "now",
    [
        origin("Adobe PDF Library 15.0", created=MADE, modified=MADE),
        origin("Apache FOP Version 2.6", created=MADE, modified=MADE + timedelta(minutes=9)),
        origin("Acrobat Distiller 11.0", created=MADE, modified=MADE - timedelta(minutes=1)),
        origin(created=MADE),
    ],
)
def test_payroll_software_and_a_clock_a_little_off_are_no_signal(now: Origin) -> None:
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
    read = origin_of(PdfReader(io.BytesIO(written(writer, paystub()))))
    assert "Adobe Illustrator 28.3" in read.producers
