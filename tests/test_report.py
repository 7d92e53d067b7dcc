"""A report adds up, says how it was made, and holds no more than it needs."""

import csv
import hashlib
import json

import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames import signals_frame, uploads_frame
from argyle_nb.report import export_report
from tests.records import record, scored, unscored

RECORDS = [
    record(1, file_name="ada_sample_555.pdf"),
    scored(2, 12, document_type="W-2"),
    unscored(3, "completed", "idle", "idle", document_type="miscellaneous"),
]


@pytest.fixture
def report(tmp_path):
    frame = uploads_frame(RECORDS, levels="ocrolus-2")
    signals = signals_frame(RECORDS)
    return export_report(frame, tmp_path / "out", signals=signals, title="A <b>bold</b> title")


def rows_of(report, name):
    with report.files[name].open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_writes_every_file_and_nothing_else(report):
    names = {path.name for path in report.folder.iterdir()}
    assert names == set(report.files)
    assert names == {
        "uploads.csv",
        "signals.csv",
        "score_summary.csv",
        "coverage.csv",
        "report.html",
        "manifest.json",
    }


def test_there_is_one_row_per_upload(report):
    assert [row["id"] for row in rows_of(report, "uploads.csv")] == [r["id"] for r in RECORDS]


def test_there_is_one_row_per_signal_and_reason_code(report):
    kinds = [row["kind"] for row in rows_of(report, "signals.csv")]
    assert kinds == ["signal", "reason_code"]


def test_each_upload_without_a_score_says_why(report):
    reasons = [row["no_score_reason"] for row in rows_of(report, "uploads.csv")]
    assert reasons == ["", "", "unsupported_type"]


def test_coverage_reconciles_with_the_uploads(report):
    for row in rows_of(report, "coverage.csv"):
        parts = [int(v) for name, v in row.items() if name not in ("document_type", "uploads")]
        assert sum(parts) == int(row["uploads"])


def test_the_summary_names_the_shares_of_the_frames_own_levels(report):
    [paystubs, w2, _] = rows_of(report, "score_summary.csv")
    assert (paystubs["share high"], w2["share very low"]) == ("1.0", "1.0")


def test_the_manifest_holds_the_sha256_of_every_other_file(report):
    manifest = json.loads(report.files["manifest.json"].read_text())
    assert {entry["name"] for entry in manifest["files"]} == set(report.files) - {"manifest.json"}
    for entry in manifest["files"]:
        content = report.files[entry["name"]].read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_manifest_says_how_it_was_made(report):
    manifest = json.loads(report.files["manifest.json"].read_text())
    assert manifest["levels"] == "ocrolus-2"
    assert (manifest["uploads"], manifest["scored"]) == (3, 2)
    assert manifest["software"]["pandas"] == pd.__version__


def test_personal_texts_stay_in_the_notebook(report):
    for path in report.files.values():
        text = path.read_text(encoding="utf-8")
        assert "ada_sample" not in text
        assert "10,000.00" not in text
        assert "Ada Sample" not in text


def test_the_page_holds_the_chart_and_escapes_the_title(report):
    page = report.files["report.html"].read_text(encoding="utf-8")
    assert "<svg" in page
    assert "A &lt;b&gt;bold&lt;/b&gt; title" in page
    assert "<b>bold" not in page


def test_the_page_asks_nothing_of_the_network(report):
    page = report.files["report.html"].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<link" not in page
    assert 'src="' not in page


def test_no_uploads_make_an_empty_report_that_says_so(tmp_path):
    report = export_report(uploads_frame([]), tmp_path)
    assert rows_of(report, "uploads.csv") == []
    assert "There are no uploads" in report.files["report.html"].read_text()


def test_without_signals_there_is_no_file_that_says_there_were_none(tmp_path):
    report = export_report(uploads_frame(RECORDS), tmp_path)
    assert "signals.csv" not in report.files
    assert not (tmp_path / "signals.csv").exists()


def test_levels_are_those_of_the_manifest_even_after_a_merge_lost_the_presets_name(tmp_path):
    frame = uploads_frame([scored(1, 52)], levels="ocrolus-current")
    frame.attrs.clear()
    report = export_report(frame, tmp_path)
    assert json.loads(report.files["manifest.json"].read_text())["levels"] == "argyle"
    assert rows_of(report, "uploads.csv")[0]["authenticity_level"] == "medium"


def test_a_frame_of_something_else_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigurationError, match="no column id"):
        export_report(pd.DataFrame(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="name another folder"):
        export_report(uploads_frame([]), tmp_path / "file" / "report")


def test_the_representation_lists_the_files_and_their_rows(report):
    assert repr(report).splitlines()[1:4] == [
        "  uploads.csv (3 rows)",
        "  signals.csv (2 rows)",
        "  score_summary.csv (3 rows)",
    ]


def test_a_second_report_replaces_the_first(report):
    export_report(uploads_frame(RECORDS[:1]), report.folder)
    assert len(rows_of(report, "uploads.csv")) == 1
