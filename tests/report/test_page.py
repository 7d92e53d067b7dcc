"""The page of a report: what to look at comes first, all is escaped, nothing is asked for."""

import html
import re

import pandas as pd
import pytest

from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.report import export_report
from argyle_nb.report.page import printable, shortened
from tests.support.records import form, record, scored
from tests.support.reports import RECORDS, UNREADABLE, export, html_of


@pytest.fixture
def report(tmp_path):
    return export(RECORDS, tmp_path / "out", title="A <b>bold</b> title")


def part_of(page, heading):
    """The text of one section, without its tags."""
    start = page.index(f">{heading}</h2>")
    end = page.find("<h2", start)
    return html.unescape(re.sub(r"<[^>]+>", "\n", page[start:end]))


def test_the_documents_with_the_lowest_scores_come_first_twenty_of_them(tmp_path):
    page = html_of(export([scored(n, 60 - n) for n in range(1, 30)], tmp_path / "out"))
    first = part_of(page, "Documents to look at")
    numbers = [int(name[-12:], 16) for name in re.findall(r"01320596-[0-9a-f-]+", first)]
    assert numbers == list(range(29, 9, -1))


def test_a_document_of_the_highest_level_without_signals_need_not_be_looked_at(tmp_path):
    page = html_of(export([record(1), scored(2, 100)], tmp_path / "out"))
    first = part_of(page, "Documents to look at")
    assert [record(n)["id"] in first for n in (1, 2)] == [True, False]


def test_a_document_to_look_at_says_its_signals_in_words_each_once(tmp_path):
    page = html_of(export([record(1), scored(2, 20)], tmp_path / "out"))
    first = part_of(page, "Documents to look at")
    assert first.count("Dollar Amount Edits") == 1
    assert "none" in first


def test_a_borrower_is_named_only_where_personal_data_is_included(tmp_path):
    uploads, signals = flatten([record(1)])
    uploads["external_id"] = pd.array(["loan-77"], dtype="string")
    pages = {
        pii: html_of(export_report(uploads, tmp_path / pii, signals=signals, pii=pii))
        for pii in ("masked", "include")
    }
    assert ["loan-77" in page for page in pages.values()] == [False, True]
    assert uploads["user"].isna().all() or str(uploads["user"].iloc[0]) in pages["masked"]


def test_the_most_frequent_signals_are_ranked_by_uploads(tmp_path):
    often, rare = "date_edits", "other_edits"

    def found(name):
        return {"identifier": name, "display_name": name.title(), "signal_count": 1}

    records = [
        record(
            n,
            metadata={
                "ocr_authenticity_score": 50,
                "ocr_authenticity": form(signals=[found(often)] + [found(rare)] * (n == 0)),
            },
        )
        for n in range(3)
    ]
    words = part_of(html_of(export(records, tmp_path / "out")), "Most frequent signals")
    assert words.index(often.title()) < words.index(rare.title())


def test_the_list_of_contents_leads_to_every_heading(report):
    page = html_of(report)
    links = re.findall(r'<a href="#([^"]+)"', page)
    assert links == re.findall(r'<h2 id="([^"]+)"', page)
    assert len(set(links)) == len(links)


def test_drift_of_a_single_week_is_left_out_and_said(tmp_path):
    report = export([scored(1, 50), scored(2, 60)], tmp_path / "out")
    assert "nothing to compare" in report.files["drift.csv"].read_text(encoding="utf-8")
    page = html_of(report)
    assert "Drift by week</h2>" not in page
    assert "Drift by week is left out: all scores are of one week." in page


def test_a_table_without_rows_is_left_out(report):
    assert "Unreadable records</h2>" not in html_of(report)


def test_the_data_dictionary_is_folded(report):
    page = html_of(report)
    assert page.index("<details>") < page.index("Data dictionary</h2>")
    assert "<details open" not in page


def test_the_page_holds_the_charts_and_escapes_the_title(report):
    page = html_of(report)
    assert page.count("<svg") == 6
    assert "A &lt;b&gt;bold&lt;/b&gt; title" in page
    assert "<b>bold" not in page


def test_the_page_asks_nothing_of_the_network(report):
    page = html_of(report)
    for part in ("<script", "<link", 'src="', "@import", "url(http", "<iframe"):
        assert part not in page
    assert "default-src 'none'" in page


def test_the_page_says_what_is_not_known(tmp_path, client):
    report = export([*RECORDS, UNREADABLE], tmp_path / "out", settings=client.settings)
    page = html_of(report)
    assert "Without a score: 1 of 3 uploads, of a document type that gets no score." in page
    assert "Not in uploads.csv, because unreadable: 1." in page
    assert "These scores are simulated by the local sandbox" in page


def test_the_page_says_what_excel_would_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr("argyle_nb.report.page.EXCEL_ROWS", 2)
    long = [record(1, file_name="x" * 32_768), *RECORDS[1:]]
    page = html_of(export(long, tmp_path / "out", pii="include"))
    assert "Excel shows 2 of the 3 rows of uploads.csv" in page
    assert (
        "texts of uploads.csv: the longest has 32,768 characters, and a cell holds 32,767" in page
    )
    assert "Excel cuts" not in html_of(export(RECORDS, tmp_path / "out"))


def test_a_long_name_leaves_room_for_the_rest_of_a_table_and_a_chart(tmp_path):
    kinds = ["short", "a word " * 900, "x" * 5000]
    records = [scored(n, 50, document_type=kind) for n, kind in enumerate(kinds)]
    report = export(records, tmp_path / "out", pii="include")
    page = html_of(report)
    assert "x" * 161 not in page
    assert "x…x (n = 1)" in re.sub("x+", "x", page)
    assert report.frames["uploads"]["document_type"].tolist() == kinds


def test_of_a_long_name_the_middle_is_left_out():
    assert shortened("a very long document type (n = 7)", 20) == "a very lon…e (n = 7)"


def test_a_character_that_html_does_not_allow_is_shown_as_unknown():
    assert printable("a\x00b") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_long_table_says_how_much_the_file_has_more(tmp_path):
    weeks = pd.date_range("2020-01-06", periods=60, freq="7D", tz="UTC")
    records = [scored(n, 50, created_at=f"{day:%Y-%m-%dT00:00:00Z}") for n, day in enumerate(weeks)]
    page = html_of(export(records, tmp_path / "out"))
    assert "The first 50 rows; the file has 10 more." in page


def test_filters_that_leave_no_upload_make_an_empty_report_that_says_so_and_warn(tmp_path):
    filters = {"created_at": ("2020-01-01", "2020-02-01")}
    with pytest.warns(UserWarning, match="the report has no uploads"):
        report = export_report(uploads_frame([scored(1, 50)]), tmp_path, filters=filters)
    assert report.rows["uploads.csv"] == 0
    page = html_of(report)
    assert "This report has no uploads" in page
    assert "<svg" not in page
