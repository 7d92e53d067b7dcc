"""Counts add, group and filter as the rows would, and travel through files unchanged."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, DocumentError
from argyle_nb.scores import ScoreCounts, count_scores
from tests.support.score_frames import assert_same_counts, frame_of, several

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
whole = st.none() | st.integers(-(2**62), 2**62)
numbers = st.none() | st.floats(allow_nan=False)
flags = st.none() | st.booleans()
moments = st.none() | st.datetimes(
    pd.Timestamp("1900-01-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()
)
LABELS = {"string": texts, "Int64": whole, "Float64": numbers, "boolean": flags}


@st.composite
def labelled(draw):
    """Counts by one or two columns of any of the five dtypes."""
    n = draw(st.integers(0, 8))
    frame = frame_of(draw(st.lists(st.integers(0, 100), min_size=n, max_size=n)))
    dtypes = draw(st.lists(st.sampled_from([*LABELS, "time"]), min_size=1, max_size=2))
    for place, dtype in enumerate(dtypes):
        values = draw(st.lists(LABELS.get(dtype, moments), min_size=n, max_size=n))
        frame[f"=own:{place}"] = (
            pd.to_datetime(pd.Series(values, dtype=object), utc=True)
            if dtype == "time"
            else pd.array(values, dtype=dtype)
        )
    return count_scores(frame, by=[f"=own:{place}" for place in range(len(dtypes))])


@pytest.fixture
def frame():
    return several(np.random.default_rng(1))


@pytest.fixture
def counts(frame):
    return count_scores(frame, by=["document_type", "week"])


@pytest.mark.parametrize("by", [(), "document_type", ["week", "document_type"], ["user", "month"]])
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(frame, by):
    parts = [count_scores(frame.iloc[rows], by) for rows in (slice(100), slice(100, None))]
    assert_same_counts(parts[0] + parts[1], count_scores(frame, by))


@settings(max_examples=50)
@given(labelled())
def test_adding_to_itself_doubles_every_count_and_changes_no_group(counts):
    twice = counts + counts
    assert (twice.table() == 2 * counts.table()).all()
    pd.testing.assert_index_equal(twice.groups, counts.groups)


def test_pythons_own_sum_adds_too(counts):
    assert_same_counts(sum([counts, counts]), counts + counts)


def test_what_is_no_count_does_not_add(counts):
    with pytest.raises(TypeError):
        counts + 1


def test_counts_grouped_differently_do_not_add(counts):
    with pytest.raises(ConfigurationError, match="do not add up: group both alike"):
        counts + counts.total()


def test_adding_keeps_what_was_rejected():
    bad = count_scores(frame_of([300]), errors="collect")
    assert len((bad + bad).rejected) == 2


@pytest.mark.parametrize("by", [["document_type"], ["week"], ["week", "document_type"], []])
def test_grouping_counts_is_counting_groups(frame, counts, by):
    assert_same_counts(counts.by(*by), count_scores(frame, by))


def test_grouping_by_what_was_not_counted_is_refused(counts):
    with pytest.raises(ConfigurationError, match="counted by document_type, week, not by 'user'"):
        counts.by("user")


def test_filtering_counts_is_counting_filtered_rows(frame, counts):
    wanted = frame[frame["document_type"].isin(["W-2", "1099"])]
    kept = counts.filter(document_type=["W-2", "1099"])
    assert_same_counts(kept, count_scores(wanted, by=["document_type", "week"]))


def test_a_filter_takes_a_value_or_a_function(counts):
    early = counts.filter(document_type="W-2", week=lambda week: week < "2024-01-15")
    assert early.groups.get_level_values("document_type").unique().tolist() == ["W-2"]
    assert early.groups.get_level_values("week").max() == pd.Timestamp("2024-01-08", tz="UTC")


def test_a_filter_never_keeps_a_missing_label_for_a_value():
    frame = frame_of([1, 2], user=pd.array(["ann", None], dtype="string"))
    assert len(count_scores(frame, by="user").filter(user="ann").groups) == 1


def test_a_filter_that_nothing_passes_leaves_no_group_and_every_statistic_still_works(counts):
    none = counts.filter(document_type="1040")
    assert len(none.groups) == 0
    for table in (none.summary(), none.levels(), none.thresholds(), none.coverage(), none.drift()):
        assert len(table) == 0
    assert none.total().summary()["mean"].isna().all()


def test_a_filter_on_what_was_not_counted_is_refused(counts):
    with pytest.raises(ConfigurationError, match="not by 'user'"):
        counts.filter(user="ann")


@settings(max_examples=60)
@given(counts=labelled())
def test_counts_come_back_from_csv_as_they_were(tmp_path_factory, counts):
    path = tmp_path_factory.mktemp("csv") / "counts.csv"
    counts.to_csv(path)
    assert_same_counts(ScoreCounts.read_csv(path), counts)


@settings(max_examples=50)
@given(counts=labelled())
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
        (lambda text: text.replace("week:time", "week:year"), "'week:year' holds no year"),
        (lambda text: text.replace("2024", "soon"), "'week:time' holds no time"),
        (lambda text: text.rstrip()[:-1] + "x\n", "no whole"),
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
    with pytest.raises(ConfigurationError, match=r"pip install -e '\.\[dask\]'"):
        counts.to_parquet(tmp_path / "c.parquet")


def test_each_user_counts_once_under_the_lowest_score(frame):
    counts = count_scores(frame, by=["user", "document_type"])
    lowest = counts.lowest_per("user")
    by_hand = frame.groupby(["document_type", "user"])["ocr_authenticity_score"].min()
    expected = count_scores(frame_of(by_hand.array), ()).scores
    pd.testing.assert_frame_equal(lowest.total().scores, expected)
    assert lowest.grouped_by == ("document_type",)


def test_a_user_without_any_score_counts_once_under_the_first_reason():
    frame = frame_of([None] * 2 + [7], user=pd.array(["ann", "ann", "ben"], dtype="string"))
    frame["authenticity"] = pd.Categorical(["failed", "in_progress", "completed"])
    lowest = count_scores(frame, by="user").lowest_per("user")
    assert lowest.coverage().loc["all", ["uploads", "scored", "pending", "failed"]].tolist() == [
        2,
        1,
        1,
        0,
    ]


def test_uploads_of_nobody_are_refused_rather_than_taken_for_one_user():
    frame = frame_of([1, 2, 3], user=pd.array(["ann", None, None], dtype="string"))
    with pytest.raises(ConfigurationError, match=r"2 uploads have no user: give accounts="):
        count_scores(frame, by="user").lowest_per("user")


def test_the_lowest_of_what_was_not_counted_is_refused(counts):
    with pytest.raises(ConfigurationError, match="not by 'user'"):
        counts.lowest_per("user")


@pytest.mark.parametrize("read", [ScoreCounts.read_csv, ScoreCounts.read_parquet])
def test_a_file_that_is_not_there_is_named_with_the_cure(read, tmp_path):
    with pytest.raises(DocumentError, match=r"gone\.x: it .*: name a file that ScoreCounts wrote"):
        read(tmp_path / "gone.x")


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    (tmp_path / "c.parquet").write_text("no")
    with pytest.raises(DocumentError, match=r"c\.parquet: it cannot be read as Parquet"):
        ScoreCounts.read_parquet(tmp_path / "c.parquet")


def test_a_user_without_any_upload_has_no_lowest_score():
    counts = count_scores(frame_of([10, 20], user=["ann", "ben"]), by="user")
    none = ScoreCounts.of_table(counts.grouped_by, counts.groups, counts.table() * [[1], [0]])
    assert repr(none.lowest_per("user")) == "ScoreCounts(1 with a score, 0 without)"
