"""A report's workbook holds the tables of its CSV files, as a spreadsheet likes them."""

import os
import re
import sys
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from openpyxl.utils.escape import unescape
from pypdf import PdfReader

from argyle_nb.charts.style import band_colors
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.levels import level_preset
from argyle_nb.report import export_report, read_report, workbook
from argyle_nb.report import page as report_page
from argyle_nb.report.manifest import file_sha256
from argyle_nb.report.workbook import EXCEL_LETTERS, write_workbook
from argyle_nb.storage import neutral
from tests.support.office import FORMULAS, LIBREOFFICE, convert
from tests.support.records import form, record, scored, supporting, unscored

# Errors and links are made by a spreadsheet from other texts than formulas.
TEMPTING = (
    *FORMULAS,
    "#N/A",
    "#REF!",
    "http://evil.example/x",
    "mailto:x@evil.example",
    "1e5",
    "007",
)
ARGYLE = level_preset("argyle")


def records_of(texts):
    for number, text in enumerate(texts):
        found = {
            "identifier": text,
            "display_name": text,
            "signal_count": 1,
            "page_number": 1,
            "supporting_data": [supporting("x", text, text)],
        }
        yield record(
            number,
            file_name=text,
            metadata={
                "ocr_data": {"employee": {"name": text}, "year": "2024"},
                "ocr_authenticity_score": number,
                "ocr_authenticity": form(signals=[found]),
            },
        )
    yield scored(60, 12, document_type="W-2", created_at="2024-08-01T00:00:00Z")
    yield scored(61, 85)
    yield unscored(62, "completed", "idle", "idle", document_type="miscellaneous")
    yield scored(63, "no number")


def export(folder, texts=TEMPTING, **options):
    records = list(records_of(texts))
    uploads, signals = flatten(records, errors="collect")
    fields = ocr_frame(records, errors="collect")
    options = {"pii": "include", "xlsx": True} | options
    return export_report(uploads, folder, signals=signals, ocr=fields, **options)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return export(tmp_path_factory.mktemp("workbook") / "out")


@pytest.fixture
def without_charts(monkeypatch):
    """Drawing is slow and has no part in a workbook."""
    monkeypatch.setattr(report_page, "drawn", lambda _: {})


def sheets_of(path):
    return pd.read_excel(path, sheet_name=None, keep_default_na=False, na_values=[""])


def opened(path):
    return openpyxl.load_workbook(path)


def written(tmp_path, file="unreadable.csv", **columns):
    """Write one table and give its sheet."""
    path = tmp_path / "one.xlsx"
    write_workbook({file: pd.DataFrame(columns)}, ARGYLE, path)
    return opened(path).worksheets[0]


def values_of(sheet):
    return [cell.value for cell in sheet["A"][1:]]


def column_of(sheet, name):
    """The cells under a header."""
    [found] = [column for column in sheet.iter_cols() if column[0].value == name]
    return found[1:]


def formats_of(sheet, name):
    return {cell.number_format for cell in column_of(sheet, name) if cell.value is not None}


def in_excels_time(column):
    """Times without their zone, to the millisecond."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).dt.round("ms")
    return column


def assert_equal(sheet, frame, digits=0):
    """Hold what was read against a table, value by value."""
    assert sorted(sheet) == sorted(map(str, frame))
    for name in frame:
        wanted = in_excels_time(frame[name])
        wanted = wanted.astype(object).where(wanted.notna(), None)
        found = sheet[name].astype(object).where(sheet[name].notna(), None)
        texts = [unescape(text) if isinstance(text, str) else text for text in found]
        # An empty cell is all that a sheet has for an empty text.
        wanted = [None if value == "" else value for value in wanted]
        if pd.api.types.is_float_dtype(frame[name].dtype):
            wanted = [value and pytest.approx(value, rel=digits) for value in wanted]
        assert texts == wanted, name


# What is in it


def sheets_in(report):
    """Give the names of the sheets that a workbook has to have."""
    return [name.removesuffix(".csv") for name in report.rows if name != "score_counts.csv"]


def test_it_has_a_sheet_for_each_csv_file_but_the_counts_of_single_scores(report):
    names = sheets_in(report)
    assert opened(report.files["report.xlsx"]).sheetnames == names
    assert {"uploads", "signals", "levels", "coverage", "thresholds"} <= set(names)


def test_pandas_reads_the_tables_that_were_written(report):
    for name, sheet in sheets_of(report.files["report.xlsx"]).items():
        assert_equal(sheet, report.frames[name])


def test_the_manifest_lists_it_and_the_page_too(report):
    [facts] = [f for f in report.manifest["files"] if f["name"] == "report.xlsx"]
    path = report.files["report.xlsx"]
    assert facts == {
        "name": "report.xlsx",
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }
    assert facts["sha256"] in report.files["report.html"].read_text()
    assert "report.xlsx" in repr(report)


def test_it_is_checked_when_the_report_is_read(without_charts, tmp_path):
    export(tmp_path / "out").files["report.xlsx"].write_bytes(b"another")
    with pytest.raises(Exception, match=r"report\.xlsx: changed after the export"):
        read_report(tmp_path / "out")


def test_a_later_report_without_it_takes_it_away(without_charts, tmp_path):
    export(tmp_path / "out")
    later = export(tmp_path / "out", xlsx=False)
    assert "report.xlsx" not in later.files
    assert not (tmp_path / "out" / "report.xlsx").exists()


def test_the_same_tables_make_the_same_bytes(without_charts, tmp_path):
    one, other = (export(tmp_path / name, prepared_by=name) for name in ("one", "other"))
    assert one.files["report.xlsx"].read_bytes() == other.files["report.xlsx"].read_bytes()


def test_personal_data_is_masked_as_in_the_csv_files(without_charts, tmp_path):
    report = export(tmp_path / "out", ["ada_quillfeather.pdf"], pii="masked")
    sheets = sheets_of(report.files["report.xlsx"])
    assert sheets["uploads"]["file_name"][0] == "***.pdf"
    for name, sheet in sheets.items():
        assert_equal(sheet, report.frames[name])


def test_no_uploads_make_sheets_of_headers(without_charts, tmp_path):
    report = export_report(uploads_frame([]), tmp_path / "out", xlsx=True)
    sheets = sheets_of(report.files["report.xlsx"])
    assert set(sheets["uploads"]) == set(report.frames["uploads"])
    assert sheets["uploads"].empty


def test_a_sheet_of_uploads_begins_with_the_borrower_and_the_score(report):
    [first, *others] = sheets_of(report.files["report.xlsx"]).items()
    assert first[0] == "uploads"
    named = ["external_id", "document_type", "ocr_authenticity_score", "authenticity_level"]
    kept = [name for name in report.frames["uploads"] if name not in named]
    assert list(first[1]) == [*named, *kept]
    for name, sheet in others:
        assert list(sheet) == list(map(str, report.frames[name]))


def test_without_openpyxl_the_error_names_the_extra_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r'pip install "argyle-nb\[excel\]"'):
        export_report(uploads_frame([]), tmp_path / "out", xlsx=True)
    assert list(tmp_path.iterdir()) == []


def test_openpyxl_is_not_loaded_where_no_workbook_is_asked_for(
    without_charts, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    export_report(uploads_frame([]), tmp_path / "out")


# How it looks


def test_every_sheet_has_a_frozen_bold_header_with_filters_and_a_frozen_first_column(report):
    for sheet in opened(report.files["report.xlsx"]):
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold for cell in sheet[1])


def test_every_sheet_is_printed_in_landscape_one_page_wide_under_its_header(report):
    for sheet in opened(report.files["report.xlsx"]):
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, 0)  # 1 wide
        assert sheet.print_title_rows == "$1:$1"


def test_times_are_dates_that_say_utc(report):
    sheet = opened(report.files["report.xlsx"])["uploads"]
    cells = column_of(sheet, "created_at")
    assert all(cell.is_date for cell in cells)
    assert cells[0].value == pd.Timestamp("2024-07-08T13:43:49.864")
    assert cells[0].number_format == 'yyyy-mm-dd hh:mm:ss.000 "UTC"'
    weeks = column_of(opened(report.files["report.xlsx"])["drift"], "week")
    assert {cell.number_format for cell in weeks} == {'yyyy-mm-dd "UTC"'}


def test_times_of_another_zone_are_shown_in_utc(tmp_path):
    times = pd.to_datetime(["2026-01-01T09:00:00+09:00"]).tz_convert("Asia/Tokyo")
    sheet = written(tmp_path, "uploads.csv", created_at=times)
    assert values_of(sheet) == [pd.Timestamp("2026-01-01T00:00:00")]


@pytest.mark.parametrize("time", ["1899-12-31T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_time_that_excel_does_not_know_stays_a_text(time, tmp_path):
    times = pd.Series([None, time]).astype("datetime64[us, UTC]")
    found = values_of(written(tmp_path, "uploads.csv", created_at=times))
    assert found == [None, f"{time[:-1]}.000000Z"]


def test_shares_are_percentages_and_counts_are_whole(report):
    book = opened(report.files["report.xlsx"])
    for name in ("share", "share_ci_low", "share_ci_high"):
        assert formats_of(book["levels"], name) == {"0.0%"}
    assert formats_of(book["score_summary"], "scored_share") == {"0.0%"}
    assert formats_of(book["levels"], "uploads") == {"#,##0"}
    assert formats_of(book["uploads"], "ocr_authenticity_score") == {"0"}
    scores = column_of(book["uploads"], "ocr_authenticity_score")
    assert {type(cell.value) for cell in scores} == {int, type(None)}


def test_levels_have_the_colours_of_the_charts(report):
    colours = dict(zip(ARGYLE.levels, band_colors(4), strict=True))
    book = opened(report.files["report.xlsx"])
    for sheet, name in (("uploads", "authenticity_level"), ("levels", "level")):
        shown = {c.value: c.fill.fgColor.rgb for c in column_of(book[sheet], name) if c.value}
        assert shown == {level: f"00{to_hex(colours[level])[1:]}" for level in shown}
    assert {"very low", "high"} <= set(shown)


def test_more_levels_than_the_charts_have_names_for_are_coloured_too(without_charts, tmp_path):
    cuts = {name: 15 * number for number, name in enumerate("abcdef")}
    report = export(tmp_path / "out", levels=cuts)
    cells = column_of(opened(report.files["report.xlsx"])["levels"], "level")
    assert len({cell.fill.fgColor.rgb for cell in cells}) == len(cuts)


def test_columns_are_as_wide_as_what_they_hold_within_bounds(tmp_path):
    sheet = written(tmp_path, record=["short"], path=["x" * 30], problem=["y" * 900])
    widths = [sheet.column_dimensions[letter].width for letter in "ABC"]
    assert widths == [10, 31, 60]


def test_true_and_false_are_no_texts(tmp_path):
    assert values_of(written(tmp_path, listed=[True, False])) == [True, False]


# Texts


def test_no_text_is_a_formula_a_link_or_an_error(report):
    for sheet in opened(report.files["report.xlsx"]):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type not in ("f", "e"), cell.value
                assert cell.hyperlink is None
    with zipfile.ZipFile(report.files["report.xlsx"]) as parts:
        text = "".join(parts.read(name).decode() for name in parts.namelist())
    assert not re.search(r"<f[ >]|<hyperlink|externalLink|oleObject|vbaProject|TargetMode", text)


@pytest.mark.parametrize("formula", [text for text in FORMULAS if neutral(text) != text])
def test_a_text_that_looks_like_a_formula_stays_one_when_it_is_edited(formula, tmp_path):
    sheet = written(tmp_path, record=[formula, "plain"])
    formulas_cell, plain = sheet["A"][1:]
    assert unescape(formulas_cell.value) == formula
    assert formulas_cell.quotePrefix
    assert not plain.quotePrefix


def test_a_header_that_looks_like_a_formula_is_a_text(without_charts, tmp_path):
    report = export(tmp_path / "out", levels={"=1+1": 0, "pass": 50})
    headers = {cell.value: cell for cell in opened(report.files["report.xlsx"])["score_summary"][1]}
    assert headers["=1+1_share"].data_type == "s"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("_x0041'=+-@\r\n\t\0 ")),
        min_size=1,
    )
)
def test_every_text_comes_back(tmp_path, texts):
    found = values_of(written(tmp_path, record=pd.Series(texts, dtype="string")))
    assert [unescape(text or "") for text in found] == texts


def test_what_looks_like_an_escape_is_not_taken_for_one(tmp_path):
    [text] = values_of(written(tmp_path, record=["_x0041_.pdf"]))
    assert text == "_x005F_x0041_.pdf"


@pytest.mark.parametrize("letter", ["x", "\N{GRINNING FACE}", "\x01"])
def test_a_text_that_no_cell_holds_says_where_all_of_it_is(letter, tmp_path):
    whole, longer = letter * 4000, letter * 40_000
    kept, cut = values_of(written(tmp_path, record=[whole, longer]))
    assert unescape(kept) == whole
    assert len(cut.encode("utf-16-le")) // 2 <= EXCEL_LETTERS
    assert cut.endswith("[truncated: the whole text of 40,000 characters is in unreadable.csv]")
    assert set(unescape(cut.partition(" [truncated")[0])) == {letter}


# Numbers and rows


def test_numbers_come_back_to_the_last_digit(tmp_path):
    numbers = [0.1 + 0.2, np.nan, 1 / 3, 1e-300, 5e-324, 1.7976931348623157e308]
    found = values_of(written(tmp_path, "drift.csv", psi=numbers))
    assert [np.nan if value is None else value for value in found] == pytest.approx(
        numbers, rel=0, abs=0, nan_ok=True
    )


def test_an_infinite_number_is_a_text(tmp_path):
    assert values_of(written(tmp_path, "drift.csv", psi=[np.inf, 0.5])) == ["inf", "0.5"]


def test_rows_beyond_the_last_of_a_sheet_go_on_in_another(without_charts, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "EXCEL_ROWS", 20)
    report = export(tmp_path / "out")
    sheets = sheets_of(report.files["report.xlsx"])
    names = [name for name in sheets if name.startswith("uploads")]
    assert names == ["uploads", "uploads (2)", "uploads (3)"]
    everything = pd.concat([sheets[name] for name in names], ignore_index=True)
    assert_equal(everything, report.frames["uploads"])


# LibreOffice


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    if LIBREOFFICE is None:
        pytest.skip("no Calc here: apt-get install --no-install-recommends libreoffice-calc")
    return tmp_path_factory.mktemp("office")


@pytest.fixture(scope="module")
def saved_again(report, office):
    """The workbook as LibreOffice saves it, and what it said."""
    said = convert([report.files["report.xlsx"]], office, "xlsx:Calc MS Excel 2007 XML")
    return office / "report.xlsx", said


def test_libreoffice_opens_it_without_a_message(saved_again):
    _, said = saved_again
    assert [line for line in said.splitlines() if "javaldx" not in line] == []


def test_libreoffice_saves_the_same_values(report, saved_again):
    again = sheets_of(saved_again[0])
    assert list(again) == sheets_in(report)
    for name, sheet in again.items():
        assert_equal(sheet, report.frames[name], digits=1e-14)  # it writes 15


def test_libreoffice_prints_whole_rows_on_wide_pages(report, office):
    convert([report.files["report.xlsx"]], office, "pdf")
    pages = PdfReader(office / "report.pdf").pages
    assert all(page.mediabox.width > page.mediabox.height for page in pages)
    uploads = opened(report.files["report.xlsx"])["uploads"]
    shown = pages[0].extract_text()
    assert [cell.value for cell in uploads[1] if cell.value not in shown] == []


def test_libreoffice_sees_no_formula_and_makes_no_link(report, office):
    convert([report.files["report.xlsx"]], office, "fods")
    text = (office / "report.fods").read_text(encoding="utf-8")
    assert text.count("HYPERLINK") > 10
    # As LibreOffice writes true and false.
    assert set(re.findall('table:formula="(.*?)"', text)) == {"of:=FALSE()"}
    assert re.findall("<text:a [^>]*>", text) == []


def test_a_machine_that_must_have_it_has_it():
    assert LIBREOFFICE or not os.environ.get("CI"), "install libreoffice-calc before the tests"
