"""What changed since last month."""

import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError, DocumentError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.report import compare_reports, export_report
from tests.support.records import scored, unscored

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


def told(changes, number):
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
    row = told(changes, 2)
    assert (row["document_type_old"], row["document_type_new"]) == ("paystubs", "W-2")


def test_a_new_score_shows_why_there_was_none(changes):
    row = told(changes, 3)
    assert pd.isna(row["ocr_authenticity_score_old"])
    assert (row["no_score_reason_old"], row["ocr_authenticity_score_new"]) == ("pending", 20)


def test_the_levels_of_both_are_of_the_new_ones_preset(changes):
    levels = changes.levels.set_index(["document_type", "level"])
    everything = levels.loc["all"]
    assert everything.index.tolist() == ["low", "medium", "high"]
    assert everything["uploads_old"].tolist() == [1, 0, 2]
    assert everything["uploads_new"].tolist() == [2, 1, 1]
    assert everything["share_difference"].round(3).tolist() == [0.167, 0.25, -0.417]


def test_the_totals_stand_side_by_side(changes):
    assert changes.totals.loc["listed"].tolist() == [4, 4, 0]
    assert changes.totals.loc["scored"].tolist() == [3, 4, 1]
    assert changes.totals.loc["pending"].tolist() == [1, 0, -1]


def test_folders_do_as_well(reports, changes):
    again = compare_reports(reports[0].folder, str(reports[1].folder))
    pd.testing.assert_frame_equal(again.uploads, changes.uploads)


def test_a_report_has_not_changed_from_itself(reports):
    same = compare_reports(reports[1], reports[1])
    assert len(same.uploads) == 0
    assert same.levels["share_difference"].fillna(0).eq(0).all()


def test_a_folder_without_a_report_is_told(reports, tmp_path):
    with pytest.raises(DocumentError, match="name the folder of a report"):
        compare_reports(reports[0], tmp_path)


@pytest.mark.parametrize("old", [None, 5, uploads_frame(JUNE)], ids=["nothing", "5", "a frame"])
def test_what_is_neither_a_report_nor_a_folder_is_refused(old, tmp_path):
    june = export_report(uploads_frame(JUNE), tmp_path / "june")
    with pytest.raises(ConfigurationError, match="give the folder that export_report wrote"):
        compare_reports(old, june)
