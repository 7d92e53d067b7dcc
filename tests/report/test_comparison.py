"""Two reports are compared: in frames, and on a page of their own."""

import html
import re

import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.report import compare_reports, export_report
from tests.support.records import record, scored, unscored

STAGES = ("completed", "completed", "in_progress")
MAY = [scored(1, 85), scored(2, 40), unscored(3, *STAGES), scored(4, 90, document_type="W-2")]
JUNE = [scored(1, 85), scored(2, 40, document_type="W-2"), scored(3, 20), scored(5, 70)]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    may = export_report(uploads_frame(MAY), folder / "may")
    june = export_report(uploads_frame(JUNE), folder / "june", levels="ocrolus-current")
    return may, june


@pytest.fixture(scope="module")
def changes(reports):
    return compare_reports(*reports)


def row_of(changes, number):
    rows = changes.uploads.set_index("id")
    return rows.loc[scored(number, 0)["id"]]


def test_uploads_that_are_new_gone_or_changed_are_listed_and_no_others(changes):
    ends = [int(name[-1]) for name in changes.uploads["id"]]
    assert dict(zip(ends, changes.uploads["change"], strict=True)) == {
        5: "new",
        4: "gone",
        2: "changed",
        3: "changed",
    }


def test_a_changed_type_shows_both(changes):
    row = row_of(changes, 2)
    assert (row["document_type_old"], row["document_type_new"]) == ("paystubs", "W-2")


def test_a_new_score_shows_why_there_was_none(changes):
    row = row_of(changes, 3)
    assert pd.isna(row["ocr_authenticity_score_old"])
    assert (row["no_score_reason_old"], row["ocr_authenticity_score_new"]) == ("in_progress", 20)


def test_the_levels_of_both_are_of_the_new_ones_preset(changes):
    levels = changes.levels.set_index(["document_type", "level"])
    everything = levels.loc["all"]
    assert everything.index.tolist() == ["low", "medium", "high"]
    assert everything["uploads_old"].tolist() == [1, 0, 2]
    assert everything["uploads_new"].tolist() == [2, 1, 1]
    assert everything["share_difference"].round(3).tolist() == [0.167, 0.25, -0.417]


def test_the_totals_stand_side_by_side(changes):
    assert changes.totals.loc["uploads"].tolist() == [4, 4, 0]
    assert changes.totals.loc["scored"].tolist() == [3, 4, 1]
    assert changes.totals.loc["in_progress"].tolist() == [1, 0, -1]


def test_folders_do_as_well(reports, changes):
    again = compare_reports(reports[0].folder, str(reports[1].folder))
    pd.testing.assert_frame_equal(again.uploads, changes.uploads)


def test_a_report_has_not_changed_from_itself(reports):
    same = compare_reports(reports[1], reports[1])
    assert len(same.uploads) == 0
    assert same.levels["share_difference"].fillna(0).eq(0).all()


@pytest.mark.parametrize("old", [None, 5, uploads_frame(JUNE)], ids=["nothing", "5", "a frame"])
def test_what_is_neither_a_report_nor_a_folder_is_refused(old, tmp_path):
    june = export_report(uploads_frame(JUNE), tmp_path / "june")
    with pytest.raises(ConfigurationError, match="Pass the folder that export_report wrote"):
        compare_reports(old, june)


# The page


def page_of(changes, folder):
    return html.unescape(changes.write_page(folder / "changes.html").read_text())


def test_the_page_may_be_written_into_a_folder_that_is_not_there_yet(changes, tmp_path):
    path = changes.write_page(tmp_path / "may" / "june" / "changes.html")
    assert path.read_text().startswith("<!")


def test_a_page_that_cannot_be_written_is_one_error_that_names_it(changes, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"Can't write .*changes\.html"):
        changes.write_page(tmp_path / "file" / "changes.html")


def test_the_page_begins_with_the_lowest_of_what_is_new_or_changed(changes, tmp_path):
    page = page_of(changes, tmp_path)
    first = page[page.index("Documents to look at</h2>") : page.index("Totals</h2>")]
    names = re.findall(r"01320596-[0-9a-f-]+", first)
    assert [name[-1] for name in names] == ["3", "2", "5"]


def test_the_page_draws_both_reports_and_needs_nothing_else(changes, tmp_path):
    page = page_of(changes, tmp_path)
    assert page.count("<svg") == 1
    assert "earlier (n = 3)" in page
    assert "later (n = 4)" in page
    assert not re.search(r"<script|<link|src=\"|url\(http", page)


def test_a_shift_by_chance_is_called_that_and_a_real_one_too(tmp_path):
    low, high = ([scored(n, base + n % 20) for n in range(300)] for base in (20, 70))
    one, other = (
        export_report(uploads_frame(records), tmp_path / name)
        for name, records in (("low", low), ("high", high))
    )
    assert "distribution of scores changed significantly" in page_of(
        compare_reports(one, other), tmp_path
    )
    assert "No significant change in the distribution" in page_of(
        compare_reports(one, one), tmp_path
    )


def test_of_a_single_score_it_is_said_that_nothing_can_be_told(tmp_path):
    one, other = (
        export_report(uploads_frame([scored(n, 50)]), tmp_path / str(n)) for n in range(2)
    )
    assert "Too few scores to tell" in page_of(compare_reports(one, other), tmp_path)


def test_without_scores_nothing_is_compared_and_the_page_says_so(tmp_path):
    report = export_report(uploads_frame([unscored(1, *STAGES)]), tmp_path / "out")
    page = page_of(compare_reports(report, report), tmp_path)
    assert "Scores can't be compared: one of the reports has none." in page
    assert "<svg" not in page


def test_the_page_names_borrowers_only_as_the_later_report_does(tmp_path):
    uploads, signals = flatten([record(1), record(2)])
    uploads["external_id"] = pd.array(["loan-77", "loan-78"], dtype="string")
    pages = {
        pii: page_of(
            compare_reports(
                export_report(uploads.tail(1), tmp_path / "before"),
                export_report(uploads, tmp_path / pii, signals=signals, pii=pii),
            ),
            tmp_path,
        )
        for pii in ("masked", "include")
    }
    assert ["loan-77" in page for page in pages.values()] == [False, True]
