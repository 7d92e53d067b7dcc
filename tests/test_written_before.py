"""What an earlier version wrote is still read: an archive, an upload log and a report.

They were written by the code as it was before its modules were merged: two documents sent and
pulled while they were processed, two more sent, and all pulled again.
"""

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageStore
from argyle_nb.frames.uploads import NAMED_NOW, Borrowers
from argyle_nb.report import compare_reports, export_report, read_report
from argyle_nb.scores import REASONS, ScoreCounts
from argyle_nb.uploads.log import UploadKey, UploadLog
from tests.support.servers import USER_ID

WRITTEN = Path(__file__).parent / "support" / "written_before"


@pytest.fixture
def archive():
    return Archive(WRITTEN / "archive")


@pytest.fixture
def report(tmp_path):
    folder = shutil.copytree(WRITTEN / "report", tmp_path / "report")
    page = folder / "report.html.gz"
    page.with_suffix("").write_bytes(gzip.decompress(page.read_bytes()))
    return read_report(folder)


def test_the_newest_versions_of_an_old_archive_are_those_that_its_report_lists(archive, report):
    uploads = archive.uploads()
    assert len(uploads) == 4
    listed = report.frames["uploads"].drop(columns="no_score_reason").rename(columns=NAMED_NOW)
    pd.testing.assert_frame_equal(uploads[list(listed)], listed, check_categorical=False)


def test_an_old_archive_has_borrowers_after_its_next_pull(tmp_path):
    folder = shutil.copytree(WRITTEN / "archive", tmp_path / "archive")
    old = Archive(folder).uploads()
    assert old["external_id"].isna().all()
    [account, *_] = old["account"]
    kept = Borrowers({account: USER_ID}, {USER_ID: "loan-1"})
    PageStore(folder).keep_borrowers(kept)
    assert "loan-1" in set(Archive(folder).uploads()["external_id"])


def test_the_signals_of_an_old_archive_are_those_of_its_report(archive, report):
    signals = archive.signals()
    assert len(signals)
    listed = report.frames["signals"].rename(columns=NAMED_NOW | {"signal_count": "occurrences"})
    # Then the occurrences of a signal were one row, with their texts joined.
    listed = listed.drop(columns=["field_name", "original_text", "tampered_text"])
    each_once = signals[signals["occurrence"].fillna(1) == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(each_once[list(listed)], listed, check_categorical=False)


def test_an_old_archive_knows_the_versions_of_an_upload(archive):
    first = archive.uploads()["id"].iloc[-1]
    history = archive.history(first)
    assert history["processing_classification"].tolist() == ["in_progress", "completed"]
    assert archive.raw(first)["processing"]["authenticity"] == "completed"


def test_an_old_archive_tells_what_was_read(archive):
    net = archive.ocr(wide=True)["net_pay"]
    assert len(net) == 4
    assert net.notna().all()


def test_an_old_upload_log_knows_what_need_not_be_sent_again(tmp_path):
    path = shutil.copy(WRITTEN / "journal.sqlite", tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT scope, sha256, document_type, user, state, upload_id FROM uploads"
        ).fetchall()
    with UploadLog(Path(path)) as upload_log:
        entries = [upload_log.claim(UploadKey(*row[:4]), "again.pdf") for row in rows]
    names = {"done": "uploaded", "refused": "invalid"}
    now = [(names[state], upload_id) for *_, state, upload_id in rows]
    assert [(entry.state, entry.upload_id) for entry in entries] == now
    assert sorted(entry.state for entry in entries) == ["invalid"] + ["uploaded"] * 4


def test_an_old_report_has_its_numbers_and_is_equal_to_itself(report):
    assert report.rows["uploads.csv"] == 4
    scores = report.frames["uploads"]["ocr_authenticity_score"]
    assert report.manifest["reconciliation"]["scored"] == scores.notna().sum() == 4
    changes = compare_reports(report, report)
    assert changes.uploads.empty
    assert not changes.totals["difference"].any()


def test_the_counts_of_an_old_report_are_read_under_the_names_of_today():
    counts = ScoreCounts.read_csv(WRITTEN / "report" / "score_counts.csv")
    assert (
        counts.total().coverage().loc["all", ["uploads", "past_ocr", "scored"]].tolist() == [4] * 3
    )


def test_an_old_report_keeps_the_names_of_its_columns_and_is_compared_with_a_new_one(
    archive, report, tmp_path
):
    assert "very low share_low" in report.frames["score_summary"]
    changes = compare_reports(report, export_report(archive, tmp_path / "new"))
    assert changes.uploads.empty
    back = compare_reports(export_report(archive, tmp_path / "newer"), report)
    assert "Documents to look at" in back.write_page(tmp_path / "back.html").read_text()
    assert set(changes.totals.index) == {"uploads", "scored", *REASONS}
    assert changes.levels["share_ci_low_old"].equals(changes.levels["share_ci_low_new"])
