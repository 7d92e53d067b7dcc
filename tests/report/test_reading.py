"""A report comes back exactly as it was written, or not at all."""

import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argyle_nb.errors import DocumentError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report, read_report
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
    with pytest.raises(DocumentError, match=r"uploads\.csv: changed after the export"):
        read_report(report.folder)


def test_a_file_that_is_missing_is_named(report):
    report.files["levels.csv"].unlink()
    with pytest.raises(DocumentError, match=r"levels\.csv.*incomplete"):
        read_report(report.folder)


def test_the_page_is_checked_too(report):
    report.files["report.html"].write_text("<p>all is well")
    with pytest.raises(DocumentError, match=r"report\.html: changed"):
        read_report(report.folder)


def test_a_folder_without_a_report_is_told(tmp_path):
    with pytest.raises(DocumentError, match="Pass the folder of a report"):
        read_report(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 999}', "\xff"])
def test_a_manifest_of_something_else_is_told(text, tmp_path):
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DocumentError, match="not a report manifest that this version reads"):
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
    with pytest.raises(DocumentError, match="Export the report again"):
        read_report(report.folder)


def test_what_is_gathered_is_left_as_it_was():
    frames = frames_of(records_of(["a"]))
    before = frames["uploads"].copy()
    gather(frames["uploads"], frames["signals"], frames["ocr_fields"], {"document_type": "1099"})
    pd.testing.assert_frame_equal(frames["uploads"], before)
