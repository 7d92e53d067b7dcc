"""A report comes back exactly as it was written, or not at all; two are compared."""

import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, DocumentError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.report import compare_reports, export_report, read_report
from argyle_nb.report import page as report_page
from argyle_nb.report.privacy import OCR, SIGNALS, UPLOADS
from argyle_nb.report.tables import gather
from tests.support.records import form, record, scored, supporting, unscored

# Every character of Unicode; half characters are none, and no answer of the API can hold one.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\"=+-@,;\r\n\t\0 "))


def records_of(texts):
    """Give each text as a file name, in a signal, and as what was read."""
    return [
        record(
            number,
            file_name=text,
            metadata={
                "ocr_data": {"employee": {"name": text}, "year": "2024"},
                "ocr_authenticity_score": number % 101,
                "ocr_authenticity": form(
                    signals=[
                        {
                            "identifier": text,
                            "display_name": text,
                            "signal_count": 1,
                            "page_number": 1,
                            "supporting_data": [supporting("x", text, text)],
                        }
                    ]
                ),
            },
        )
        for number, text in enumerate(texts)
    ]


def frames_of(records):
    uploads, signals = flatten(records)
    return {"uploads": uploads, "signals": signals, "ocr_fields": ocr_frame(records)}


def export(frames, folder, **options):
    return export_report(
        frames["uploads"],
        folder,
        signals=frames["signals"],
        ocr=frames["ocr_fields"],
        **options,
    )


@pytest.fixture
def without_charts(monkeypatch):
    """Drawing is slow and has no part in what is read back."""
    monkeypatch.setattr(report_page, "drawn", lambda _: {})


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8), excel=st.booleans())
def test_every_text_in_every_frame_comes_back(tmp_path_factory, without_charts, texts, excel):
    folder = tmp_path_factory.getbasetemp() / "every_text"
    frames = frames_of(records_of(texts))
    export(frames, folder, pii="include", excel=excel)
    again = read_report(folder).frames
    listed = {"uploads": UPLOADS, "signals": SIGNALS, "ocr_fields": OCR}
    for name, allowed in listed.items():
        columns = [column for column in allowed if column != "no_score_reason"]
        pd.testing.assert_frame_equal(again[name][columns], frames[name][columns])


@pytest.fixture
def report(tmp_path):
    records = [*records_of(["a", "=1+1", "漢"]), scored(7, 12), unscored(8, *["idle"] * 3)]
    return export(frames_of(records), tmp_path / "out")


def test_every_table_has_the_dtypes_it_was_written_from(report):
    again = read_report(report.folder)
    for facts in again.manifest["files"]:
        for column in facts.get("columns", []):
            frame = again.frames[facts["name"].removesuffix(".csv")]
            assert str(frame[column["name"]].dtype) == column["dtype"]
    assert again.frames["uploads"]["ocr_authenticity_score"].dtype == "Int16"
    assert again.frames["uploads"]["authenticity_level"].cat.ordered
    assert str(again.frames["uploads"]["created_at"].dtype) == "datetime64[us, UTC]"


def test_the_rows_are_those_of_the_manifest(report):
    again = read_report(report.folder)
    assert {f"{name}.csv": len(frame) for name, frame in again.frames.items()} == again.rows


def test_it_says_the_same_of_itself(report):
    assert read_report(report.folder).manifest == json.loads(json.dumps(report.manifest))


def test_a_report_of_a_report_is_the_same(report, tmp_path):
    again = read_report(report.folder)
    frame = again.frames["uploads"].assign(file_url=pd.NA)
    second = export_report(frame, tmp_path / "second", levels=again.levels)
    pd.testing.assert_frame_equal(second.frames["uploads"], again.frames["uploads"])


def test_a_file_that_was_changed_is_named(report):
    path = report.files["uploads.csv"]
    path.write_text(path.read_text().replace("paystubs", "W-2"))
    with pytest.raises(DocumentError, match=r"uploads\.csv: was changed since"):
        read_report(report.folder)


def test_a_file_that_is_missing_is_named(report):
    report.files["levels.csv"].unlink()
    with pytest.raises(DocumentError, match=r"levels\.csv.*not whole"):
        read_report(report.folder)


def test_the_page_is_checked_too(report):
    report.files["report.html"].write_text("<p>all is well")
    with pytest.raises(DocumentError, match=r"report\.html: was changed"):
        read_report(report.folder)


def test_a_folder_without_a_report_is_told(tmp_path):
    with pytest.raises(DocumentError, match="name the folder of a report"):
        read_report(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 999}', "\xff"])
def test_a_manifest_of_something_else_is_told(text, tmp_path):
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DocumentError, match="no manifest that this version reads"):
        read_report(tmp_path)


def changed_manifest(report, change):
    path = report.files["manifest.json"]
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("files"),
        lambda manifest: manifest.update(files=[1]),
        lambda manifest: manifest["files"][0].update(name="../uploads.csv"),
        lambda manifest: manifest["files"][0].update(name="/etc/hostname"),
        lambda manifest: manifest["files"][0]["columns"][0].update(dtype="evil[x]"),
        lambda manifest: manifest["files"][0].update(columns=[{}]),
    ],
)
def test_a_manifest_that_was_changed_is_told_and_leads_nowhere_else(change, report):
    changed_manifest(report, change)
    with pytest.raises(DocumentError, match="make the report anew"):
        read_report(report.folder)


def test_what_is_gathered_is_left_as_it_was():
    frames = frames_of(records_of(["a"]))
    before = frames["uploads"].copy()
    gather(frames["uploads"], frames["signals"], frames["ocr_fields"], {"document_type": "1099"})
    pd.testing.assert_frame_equal(frames["uploads"], before)


# What changed since last month

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
    assert changes.totals.loc["listed"].tolist() == [4, 4, 0]
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
    with pytest.raises(ConfigurationError, match="give the folder that export_report wrote"):
        compare_reports(old, june)
