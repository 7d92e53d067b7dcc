"""W-2 and 1099 forms: what is read, and what of it contradicts itself."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader, PdfWriter

from tests.support.payroll_papers import (
    WAGES,
    Print,
    look,
    merged,
    new_canvas,
    put,
    replaced,
    signals,
    w2,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas

    from argyle_nb.sandbox.inspector import Inspection


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


# -- forms as the IRS publishes them: a number in bold before each label, values in another print
Boxes = tuple[tuple[float, float, str, str], ...]
W2_LABELS: Boxes = (
    (150, 740, "a", "Employee's social security number"),
    (40, 716, "b", "Employer identification number (EIN)"),
    (330, 716, "1", "Wages, tips, other compensation"),
    (460, 716, "2", "Federal income tax withheld"),
    (40, 692, "c", "Employer's name, address, and ZIP code"),
    (330, 692, "3", "Social security wages"),
    (460, 692, "4", "Social security tax withheld"),
    (330, 668, "5", "Medicare wages and tips"),
    (460, 668, "6", "Medicare tax withheld"),
    (330, 644, "7", "Social security tips"),
    (460, 644, "8", "Allocated tips"),
    (40, 620, "d", "Control number"),
    (330, 620, "9", ""),
    (460, 620, "10", "Dependent care benefits"),
    (40, 596, "e", "Employee's first name and initial"),
    (190, 596, "", "Last name"),
    (300, 596, "", "Suff."),
    (330, 596, "11", "Nonqualified plans"),
    (460, 596, "12a", "See instructions for box 12"),
    (40, 530, "f", "Employee's address and ZIP code"),
    (40, 510, "15", "State"),
    (80, 510, "", "Employer's state ID number"),
    (200, 510, "16", "State wages, tips, etc."),
    (300, 510, "17", "State income tax"),
    (400, 510, "18", "Local wages, tips, etc."),
    (500, 510, "20", "Locality name"),
)
W2_VALUES: Mapping[str, tuple[float, float, str]] = {
    "ssn": (175, 728, "912-33-0044"),
    "ein": (70, 704, "00-1122334"),
    "wages": (350, 704, "61250"),
    "withheld": (480, 704, "7104"),
    "employer": (70, 680, "Harrowgate 24 Tooling"),
    "street": (70, 668, "12 Quay Road"),
    "city": (70, 656, "Dayton OH 45402"),
    "social": (350, 680, "63,250"),
    "social tax": (480, 680, "3,922"),
    "medicare": (350, 656, "63250.0"),
    "medicare tax": (480, 656, "917.13"),
    "first": (70, 584, "Josefina Q"),
    "last": (195, 584, "Marble"),
    "code": (466, 584, "D"),
    "deferred": (500, 584, "2,000.00"),
    "home": (70, 560, "77 Lantern Street"),
    "home city": (70, 548, "Dayton OH 45403"),
    "state": (50, 498, "OH"),
    "state wages": (215, 498, "61250"),
    "state tax": (315, 498, "1684"),
    "local wages": (415, 498, ""),
    "locality": (510, 498, ""),
}


def labelled(canvas: Canvas, labels: Boxes, down: float = 0) -> None:
    for x, y, number, label in labels:
        canvas.setFont("Helvetica-Bold", 6)
        canvas.drawString(x, y - down, number)
        canvas.setFont("Helvetica", 6)
        canvas.drawString(x + (4 * len(number) + 2 if number else 0), y - down, label)


def year_in_two_weights(canvas: Canvas, x: float, y: float, year: str) -> None:
    canvas.setFont("Helvetica", 20)
    canvas.drawString(x, y, year[:2])
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(x + 22.24, y, year[2:])


def irs_w2(
    *copies: Mapping[str, str],
    down: float = 380,
    prints: Mapping[str, Print] | None = None,
) -> bytes:
    """An official W-2, copies below each other, or with `down` 0 on pages of their own."""
    buffer, canvas = new_canvas()
    for at, other in enumerate(copies or ({},)):
        labelled(canvas, W2_LABELS, at * down)
        put(canvas, 40, 470 - at * down, "Form W-2 Wage and Tax Statement")
        year_in_two_weights(canvas, 300, 470 - at * down, other.get("year", "2024"))
        for key, (x, y, text) in W2_VALUES.items():
            how = (prints or {}).get(key, Print("Courier"))
            canvas.setFont(how.font, how.size)
            canvas.drawString(x + how.dx, y + how.dy - at * down, other.get(key, text))
        if not down:
            canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def fields_of(found: Inspection) -> dict[str, str]:
    """The fields read, by the last part of their names."""
    raw = (found.ocr_data or {})["raw_fields"]
    read = {key.split(":")[-1]: item["value"] for key, item in raw.items()}
    return {key: value for key, value in read.items() if value}


def test_an_official_w2_is_read_box_by_box(tmp_path: Path) -> None:
    found = look(tmp_path, irs_w2())
    assert (found.found_type, found.ocr_authenticity_score) == ("W-2", 100)
    assert fields_of(found) == {
        "employeeSocialSecurityNumber": "912-33-0044",
        "employerIdNo": "00-1122334",
        "wagesTipsOtherComp": "61250",
        "federalIncomeTaxWithheld": "7104",
        "socialSecurityWages": "63,250",
        "socialSecurityTaxWithheld": "3,922",
        "medicareWagesAndTips": "63250.0",
        "medicareTaxWithheld": "917.13",
        "employerName": "Harrowgate 24 Tooling",
        "employeeName": "Josefina Q Marble",
        "stateWagesTipsEtc": "61250",
        "stateIncomeTax": "1684",
        "employerAddressLine1": "12 Quay Road",
        "employerAddressCity": "Dayton",
        "employerAddressState": "OH",
        "employerAddressZip": "45402",
        "employeeAddressLine1": "77 Lantern Street",
        "employeeAddressCity": "Dayton",
        "employeeAddressState": "OH",
        "employeeAddressZip": "45403",
        "year": "2024",
    }


def test_an_empty_box_is_empty_and_no_label_is_its_value(tmp_path: Path) -> None:
    blank = dict.fromkeys(W2_VALUES, "") | {"ssn": "912-33-0044"}
    found = fields_of(look(tmp_path, irs_w2(blank)))
    assert set(found) == {"employeeSocialSecurityNumber", "year"}


@pytest.mark.parametrize("down", [380, 0], ids=["on one page", "on pages of their own"])
def test_copies_that_agree_are_no_signal(tmp_path: Path, down: float) -> None:
    assert look(tmp_path, irs_w2({}, {}, down=down)).ocr_authenticity_score == 100


@pytest.mark.parametrize("down", [380, 0], ids=["on one page", "on pages of their own"])
@pytest.mark.parametrize(
    ("key", "said", "field"),
    [
        ("withheld", "7704", "federalIncomeTaxWithheld"),
        ("last", "Plumleigh", "employeeName"),
        ("state tax", "1984", "stateIncomeTax"),
        ("deferred", "2,900.00", "deferral D"),
    ],
)
def test_one_copy_changed_is_named(
    tmp_path: Path, down: float, key: str, said: str, field: str
) -> None:
    found = signals(look(tmp_path, irs_w2({}, {key: said}, down=down)))["sbx_copies_disagree"]
    assert [item["field"] for item in found] == [field]


def test_figures_of_no_known_box_are_compared_by_place(tmp_path: Path) -> None:
    found = signals(look(tmp_path, irs_w2({"home": "4477"}, {"home": "4499"})))
    assert [item["field"] for item in found["sbx_copies_disagree"]] == ["amount"]


@pytest.mark.parametrize(
    "other",
    [
        {"year": "2023", "wages": "59000", "social": "60100", "social tax": "3726"},
        {"state": "IN", "state wages": "20000", "state tax": "640"},
    ],
    ids=["another year", "another state"],
)
def test_forms_of_two_years_or_two_states_lawfully_differ(
    tmp_path: Path, other: dict[str, str]
) -> None:
    assert look(tmp_path, irs_w2({}, other, down=0)).ocr_authenticity_score == 100


@pytest.mark.parametrize("down", [380, 0], ids=["on one page", "on pages of their own"])
def test_copies_for_two_localities_lawfully_differ(tmp_path: Path, down: float) -> None:
    dayton = {"local wages": "41250", "locality": "DAYTON"}
    data = irs_w2(dayton, {"local wages": "20000", "locality": "XENIA"}, down=down)
    assert look(tmp_path, data).ocr_authenticity_score == 100


@pytest.mark.parametrize(
    ("how", "signal"),
    [
        (Print("Times-Roman"), "sbx_fonts_mixed_in_line"),
        (Print("Courier", 9.5), "sbx_fonts_mixed_in_line"),
        (Print("Courier", dy=0.6), "sbx_fields_misaligned"),
        (Print("Courier", dx=1.5), "sbx_fields_misaligned"),
    ],
    ids=["font", "size", "baseline", "edge"],
)
def test_one_figure_printed_unlike_all_others_is_named(
    tmp_path: Path, how: Print, signal: str
) -> None:
    found = signals(look(tmp_path, irs_w2(prints={"social tax": how})))
    assert [item["text"] for item in found[signal]] == ["3,922"]


@pytest.mark.parametrize(
    "names", [("first", "last", "employer"), ("wages", "withheld"), tuple(W2_VALUES)]
)
def test_names_or_several_figures_may_have_a_print_of_their_own(
    tmp_path: Path, names: Sequence[str]
) -> None:
    data = irs_w2(prints=dict.fromkeys(names, Print("Times-Roman")))
    assert look(tmp_path, data).ocr_authenticity_score == 100


def test_a_value_painted_after_all_else_was_put_there_later(tmp_path: Path) -> None:
    name = "Josefina Q. Marble"
    data = replaced(w2(both={name: "Q"}), "(Q)", "( )", incremental=False)
    found = signals(look(tmp_path, merged(data, lambda canvas: put(canvas, 24, 589, name))))
    assert found["other_edits"] == [
        {"field_name": "other", "original_text": "", "tampered_text": name}
    ]


def irs_1099(kind: str, labels: Boxes, values: Boxes) -> bytes:
    """An official 1099: the payer in one box under a label of two lines."""
    buffer, canvas = new_canvas()
    parties: Boxes = (
        (40, 745, "", "PAYER'S name, street address, city or town, state or province, country"),
        (40, 737, "", "or foreign postal code, and telephone no."),
        (400, 745, "", "OMB No. 1545-0116"),
        (40, 650, "", "PAYER'S TIN"),
        (160, 650, "", "RECIPIENT'S TIN"),
        (40, 605, "", "RECIPIENT'S name"),
        (40, 568, "", "Street address (including apt. no.)"),
        (40, 532, "", "City or town, state or province, country, and ZIP code"),
        (40, 460, "", "Account number (see instructions)"),
    )
    labelled(canvas, (*parties, *labels))
    put(canvas, 400, 690, f"Form 1099-{kind}", "Helvetica-Bold")
    year_in_two_weights(canvas, 400, 715, "2024")
    said: Boxes = (
        (40, 726, "", "Larkspur Fence Co"),
        (40, 716, "", "19 Quarry Street"),
        (40, 706, "", "Salem, OR 97301"),
        (75, 628, "", "00-5550137"),
        (195, 628, "", "900-55-1234"),
        (40, 586, "", "Odell Brannigan"),
        (40, 550, "", "6 Saltgrass Court"),
        (40, 514, "", "Salem, OR 97302"),
    )
    for x, y, _, text in (*said, *values):
        put(canvas, x, y, text, "Courier")
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "label", "field"),
    [
        ("NEC", "Nonemployee compensation", "nonemployeeCompensation"),
        ("MISC", "Rents", "rents"),
        ("INT", "Interest income", "interestIncome"),
        ("DIV", "Total ordinary dividends", "totalOrdinaryDividends"),
    ],
)
def test_an_official_1099_is_read(tmp_path: Path, kind: str, label: str, field: str) -> None:
    labels: Boxes = ((300, 676, "1", label), (300, 605, "4", "Federal income tax withheld"))
    values: Boxes = ((298, 662, "", "$"), (360, 662, "", "5000"), (360, 590, "", "54.28"))
    found = look(tmp_path, irs_1099(kind, labels, values))
    assert (found.found_type, found.ocr_authenticity_score) == ("1099", 100)
    assert (found.ocr_data or {})["form_type"] == f"A_1099-{kind}"
    assert fields_of(found) == {
        "payersTin": "00-5550137",
        "recipientTin": "900-55-1234",
        "payerName": "Larkspur Fence Co",
        "recipientName": "Odell Brannigan",
        "federalIncomeTaxWithheld": "54.28",
        field: "5000",
        "addressLine1": "19 Quarry Street",
        "city": "Salem",
        "state": "OR",
        "zip": "97301",
        "forCalendarYear": "2024",
    }


def test_a_1099_of_another_kind_is_called_so(tmp_path: Path) -> None:
    labels: Boxes = ((300, 676, "1", "Gross distribution"),)
    found = look(tmp_path, irs_1099("R", labels, ((360, 662, "", "8,125.00"),)))
    assert (found.ocr_data or {})["form_type"] == "A_1099-R"
    assert fields_of(found)["payerName"] == "Larkspur Fence Co"


@pytest.mark.parametrize(
    ("state", "score"), [("51,236.54", 100), ("30,000.00", 100), ("51,336.54", 56), ("61,000", 56)]
)
def test_state_income_of_a_1099_is_a_part_of_all_income(
    tmp_path: Path, state: str, score: int
) -> None:
    labels: Boxes = (
        (300, 676, "1", "Nonemployee compensation"),
        (300, 605, "4", "Federal income tax withheld"),
        (300, 460, "5", "State tax withheld"),
        (480, 460, "7", "State income"),
    )
    values: Boxes = ((360, 662, "", "51,236.54"), (490, 446, "", state))
    found = look(tmp_path, irs_1099("NEC", labels, values))
    assert found.ocr_authenticity_score == score


# -- what boxes say of each other
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"social tax": "4122"}, {"sbx_taxes_do_not_fit"}),
        ({"medicare tax": "1917.13"}, {"sbx_taxes_do_not_fit"}),
        ({"social": "83,250"}, {"sbx_taxes_do_not_fit", "sbx_sums_do_not_add_up"}),
        ({"social": "83,250", "social tax": "5161.50"}, {"sbx_sums_do_not_add_up"}),
        ({"wages": "71250"}, {"sbx_sums_do_not_add_up"}),
        ({"wages": "62250"}, {"sbx_sums_do_not_add_up"}),
        ({"deferred": "4,000.00"}, {"sbx_sums_do_not_add_up"}),
        ({"withheld": "37104"}, {"sbx_sums_do_not_add_up"}),
        ({"state wages": "61750"}, {"sbx_sums_do_not_add_up"}),
        ({"year": "2098"}, {"sbx_impossible_dates"}),
    ],
    ids=lambda value: str(sorted(value)),
)
def test_boxes_that_cannot_be_true_together_are_named(
    tmp_path: Path, said: dict[str, str], named: set[str]
) -> None:
    assert set(signals(look(tmp_path, irs_w2(said)))) == named


@pytest.mark.parametrize(
    "said",
    [
        {"social": "23,250", "social tax": "1441.50"},
        {"year": "2011", "social tax": "2656.50"},
        {"medicare": "263,250", "medicare tax": "4386.38"},
        {"medicare": "263,250", "medicare tax": "3817.13"},
        {"state wages": "30000"},
        {"state wages": "63750", "deferred": "500.00", "wages": "62750", "home": "1,000"},
        {"deferred": "200.00", "wages": "59250"},
        {"wages": "71250", "state wages": "71250", "home": "10,000.00"},
        {"code": "A", "deferred": "260.00", "social tax": "3,661.50"},
        {"year": "2020", "social tax": "2,615"},
    ],
    ids=[
        "Social Security for a part of the year",
        "the lower rate of 2011",
        "with the additional Medicare tax",
        "of two employers, without it",
        "another state for a part of the year",
        "with what the state taxes besides",
        "other pay before tax",
        "an owner's health insurance, named in box 14",
        "tax on tips that could not be collected",
        "put off in 2020",
    ],
)
def test_what_law_allows_is_no_signal(tmp_path: Path, said: dict[str, str]) -> None:
    assert signals(look(tmp_path, irs_w2(said))) == {}


def test_taxes_at_a_mistaken_rate_still_come_from_one_calculation(tmp_path: Path) -> None:
    said = {"social": "70,000", "social tax": "5355", "medicare tax": "1834.25"}
    found = signals(look(tmp_path, irs_w2(said)))
    assert [item["share"] for item in found.pop("sbx_flat_withholding")] == ["7.65 %", "2.9 %"]
    assert not found


@pytest.mark.parametrize(("made", "impossible"), [("20240120", True), ("20240620", False)])
def test_a_form_is_made_when_its_year_is_over_or_the_job_ends(
    tmp_path: Path, made: str, *, impossible: bool
) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(irs_w2())))
    dates = dict.fromkeys(("/CreationDate", "/ModDate"), f"D:{made}120000Z")
    writer.add_metadata({"/Producer": "Larkspur Print 3", **dates})
    found = signals(look(tmp_path, written(writer)))
    assert ("sbx_impossible_dates" in found) is impossible


def test_an_amount_is_no_year(tmp_path: Path) -> None:
    said = {"withheld": "2087", "year": ""}
    title = merged(irs_w2(said), lambda canvas: put(canvas, 300, 470, "2024"))
    found = look(tmp_path, title)
    assert fields_of(found)["year"] == "2024"
    assert found.ocr_authenticity_score == 100


def test_a_blank_form_may_be_of_a_year_to_come(tmp_path: Path) -> None:
    blank = dict.fromkeys(W2_VALUES, "") | {"year": "2098"}
    assert look(tmp_path, irs_w2(blank)).ocr_authenticity_score == 100


def test_a_box_with_two_figures_is_not_certain_and_contradicts_nothing(tmp_path: Path) -> None:
    data = merged(irs_w2(), lambda canvas: put(canvas, 540, 681, "81", "Courier"))
    assert "sbx_taxes_do_not_fit" not in signals(look(tmp_path, data))


def test_many_labels_are_read_in_little_time(tmp_path: Path) -> None:
    buffer, canvas = new_canvas()
    labelled(canvas, W2_LABELS)
    canvas.setFont("Helvetica", 1)
    for at in range(6_000):
        canvas.drawString(40 + at % 10 * 50, 400 - at // 10 * 0.6, "3 Social security wages")
    canvas.save()
    start = time.process_time()
    look(tmp_path, buffer.getvalue(), "W-2")
    assert time.process_time() - start < 10
