"""Counts travel through files unchanged, and a file of anything else is named."""

import pandas as pd
import pytest
from hypothesis import given, settings

from argyle_nb.errors import ConfigurationError, DocumentError
from argyle_nb.scores import ScoreCounts, count_scores
from tests.support.score_frames import assert_same_counts, counts_by_any_labels, frame_of


@settings(max_examples=60)
@given(counts=counts_by_any_labels())
def test_counts_come_back_from_csv_as_they_were(tmp_path_factory, counts):
    path = tmp_path_factory.mktemp("csv") / "counts.csv"
    counts.to_csv(path)
    assert_same_counts(ScoreCounts.read_csv(path), counts)


@settings(max_examples=50)
@given(counts=counts_by_any_labels())
def test_counts_come_back_from_parquet_as_they_were(tmp_path_factory, counts):
    path = tmp_path_factory.mktemp("parquet") / "counts.parquet"
    counts.to_parquet(path)
    assert_same_counts(ScoreCounts.read_parquet(path), counts)


@pytest.mark.parametrize("by", [(), "week"])
def test_counts_of_everything_and_of_weeks_come_back_too(frame, tmp_path, by):
    counts = count_scores(frame, by)
    counts.to_csv(tmp_path / "c.csv")
    counts.to_parquet(tmp_path / "c.parquet")
    assert_same_counts(ScoreCounts.read_csv(tmp_path / "c.csv"), counts)
    assert_same_counts(ScoreCounts.read_parquet(tmp_path / "c.parquet"), counts)


@pytest.mark.parametrize("write", [ScoreCounts.to_csv, ScoreCounts.to_parquet])
def test_counts_go_into_a_folder_that_is_made_or_the_file_is_named(frame, tmp_path, write):
    counts = count_scores(frame)
    write(counts, tmp_path / "new" / "counts")
    assert (tmp_path / "new" / "counts").stat().st_size
    with pytest.raises(ConfigurationError, match=r"Can't write .*deeper"):
        write(counts, tmp_path / "new" / "counts" / "deeper")


def test_labels_that_a_spreadsheet_would_run_are_harmless_in_the_file(tmp_path):
    frame = frame_of([1], user=pd.array(["=1+1"], dtype="string"))
    count_scores(frame, by="user").to_csv(tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text().splitlines()[-1].startswith("'=1+1,")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text[:0], "last columns are not"),
        (lambda text: text + "2024\n", "lines are longer or shorter"),
        (lambda text: text.replace(",99,", ",x,"), "last columns are not"),
        (lambda text: text.replace("week:time", "week:year"), "'week:year' as year"),
        (lambda text: text.replace("2024", "soon"), "'week:time' as time"),
        (lambda text: text.rstrip()[:-1] + "x\n", "not whole"),
        (lambda text: text.rstrip()[:-1] + "-1\n", "below 0"),
    ],
)
def test_a_file_that_is_not_one_of_ours_is_an_error_that_names_it(tmp_path, change, problem):
    path = tmp_path / "c.csv"
    count_scores(frame_of([100]), by="week").to_csv(path)
    path.write_bytes(change(path.read_bytes().decode()).encode())
    with pytest.raises(DocumentError, match=rf"c\.csv: .*{problem}"):
        ScoreCounts.read_csv(path)


def test_a_parquet_file_of_something_else_is_an_error_that_names_it(tmp_path, frame):
    frame.to_parquet(tmp_path / "c.parquet")
    with pytest.raises(DocumentError, match=r"c\.parquet: its last columns"):
        ScoreCounts.read_parquet(tmp_path / "c.parquet")


def test_parquet_without_pyarrow_says_what_to_install(counts, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r'pip install "argyle-nb\[parquet\]"'):
        counts.to_parquet(tmp_path / "c.parquet")


@pytest.mark.parametrize("read", [ScoreCounts.read_csv, ScoreCounts.read_parquet])
def test_a_file_that_is_not_there_is_named_with_the_cure(read, tmp_path):
    with pytest.raises(
        DocumentError, match=r"gone\.x: can't .*\. Name a file that ScoreCounts wrote"
    ):
        read(tmp_path / "gone.x")


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    (tmp_path / "c.parquet").write_text("no")
    with pytest.raises(DocumentError, match=r"c\.parquet: can't read it as Parquet"):
        ScoreCounts.read_parquet(tmp_path / "c.parquet")
