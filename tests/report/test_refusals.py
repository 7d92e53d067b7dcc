"""What a report is not made of, and frames of another making that it takes all the same."""

import pandas as pd
import pytest

from argyle_nb.archive import Archive
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.report import export_report
from tests.support.records import record, scored, unscored

RECORDS = [record(1), scored(2, 12, document_type="W-2"), unscored(3, *["idle"] * 3)]


def test_a_frame_of_something_else_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigurationError, match="no column id"):
        export_report(pd.DataFrame(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_signals_of_something_else_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="name their upload"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", signals=pd.DataFrame())


def test_ocr_true_is_for_an_archive(tmp_path):
    with pytest.raises(ConfigurationError, match="is for an archive"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", ocr=True)


@pytest.mark.parametrize("source", [None, RECORDS, "archive", flatten(RECORDS)])
def test_what_is_no_frame_is_refused(source, tmp_path):
    with pytest.raises(ConfigurationError, match=r"give frames\.uploads, signals=frames\.signals"):
        export_report(source, tmp_path / "out")


@pytest.mark.parametrize("levels", [{}, [], 0, ["low", "high"]])
def test_levels_that_are_none_are_refused(levels, tmp_path):
    with pytest.raises(ConfigurationError, match=r"cut-offs|unknown level preset"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", levels=levels)
    assert not (tmp_path / "out").exists()


def test_a_column_that_is_there_twice_is_named(tmp_path):
    frame = uploads_frame(RECORDS)
    with pytest.raises(ConfigurationError, match="file_name twice"):
        export_report(pd.concat([frame, frame[["file_name"]]], axis=1), tmp_path / "out")


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_times_without_a_zone_are_refused_with_the_cure(name, tmp_path):
    frame = uploads_frame(RECORDS)
    naive = frame.assign(**{name: frame[name].dt.tz_localize(None)})
    with pytest.raises(ConfigurationError, match=f"{name} holds no times with a zone; pd.to_date"):
        export_report(naive, tmp_path / "out")


def test_times_of_another_zone_are_written_in_utc(tmp_path):
    frame = uploads_frame(RECORDS)
    there = {n: frame[n].dt.tz_convert("Asia/Tokyo") for n in ("created_at", "updated_at")}
    report = export_report(frame.assign(**there), tmp_path / "out")
    for name in there:
        assert report.frames["uploads"][name].equals(frame[name])


@pytest.mark.parametrize("types", [[None] * 3, [1, 2, 3], [0.5, 1.5, None], [True, False, True]])
def test_types_that_are_no_texts_are_described_too(types, tmp_path):
    frame = uploads_frame(RECORDS).assign(document_type=pd.Categorical(types))
    report = export_report(frame, tmp_path / "out")
    pd.testing.assert_series_equal(
        report.frames["uploads"]["document_type"], frame["document_type"]
    )


@pytest.mark.parametrize(
    "options",
    [
        {"title": "\ud800"},
        {"made_by": "\ud800"},
        {"levels": {"\ud800": 0, "high": 50}},
        {"filters": {"document_type": ["\ud800"]}},
    ],
)
def test_half_a_character_is_named_and_nothing_is_written(options, tmp_path):
    with pytest.raises(ConfigurationError, match=r"half a character \(the lone surrogate \\ud800"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_nobody_pulled_into_is_an_error_and_no_empty_report(tmp_path):
    with pytest.raises(ConfigurationError, match="holds nothing, not even an empty answer"):
        export_report(Archive(tmp_path / "mistyped"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
