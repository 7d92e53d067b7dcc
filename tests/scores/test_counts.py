"""Counts add, group and filter as the rows would, and say what is known of each group."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.levels import PRESETS
from argyle_nb.scores import ScoreCounts, count_scores
from tests.support.raw_scores import counts_of
from tests.support.records import scored, unscored
from tests.support.score_frames import assert_same_counts, counts_by_any_labels, frame_of

OWN = {"reject": 0, "review": 40, "pass": 75}


@pytest.fixture
def nobody():
    """One group, of uploads that have no score at all."""
    frame = uploads_frame([unscored(n, "failed", "idle", "idle") for n in range(3)])
    return count_scores(frame, by="document_type")


@pytest.mark.parametrize("by", [(), "document_type", ["week", "document_type"], ["user", "month"]])
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(frame, by):
    parts = [count_scores(frame.iloc[rows], by) for rows in (slice(100), slice(100, None))]
    assert_same_counts(parts[0] + parts[1], count_scores(frame, by))


@settings(max_examples=50)
@given(counts_by_any_labels())
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
    with pytest.raises(ConfigurationError, match=r"Can't add counts .*\. Group both alike"):
        counts + counts.total()


def test_adding_keeps_what_was_rejected():
    bad = count_scores(frame_of([300]), errors="collect")
    assert len((bad + bad).unreadable) == 2


@pytest.mark.parametrize("by", [["document_type"], ["week"], ["week", "document_type"], []])
def test_grouping_counts_is_counting_groups(frame, counts, by):
    assert_same_counts(counts.by(*by), count_scores(frame, by))


def test_grouping_by_what_was_not_counted_is_refused(counts):
    with pytest.raises(
        ConfigurationError, match="counts are by document_type, week, not by 'user'"
    ):
        counts.by("user")


def test_filtering_counts_is_counting_filtered_rows(frame, counts):
    wanted = frame[frame["document_type"].isin(["W-2", "1099"])]
    kept = counts.filter(document_type=["W-2", "1099"])
    assert_same_counts(kept, count_scores(wanted, by=["document_type", "week"]))


def test_a_filter_takes_a_value_or_a_function(counts):
    early = counts.filter(document_type="W-2", week=lambda week: week < "2024-01-15")
    assert early.groups.get_level_values("document_type").unique().tolist() == ["W-2"]
    assert early.groups.get_level_values("week").max() == pd.Timestamp("2024-01-08", tz="UTC")


def test_a_document_type_to_filter_by_may_be_spelled_as_in_a_manifest(counts):
    assert_same_counts(counts.filter(document_type="w2"), counts.filter(document_type="W-2"))


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


def test_each_user_counts_once_under_the_lowest_score(frame):
    counts = count_scores(frame, by=["user", "document_type"])
    lowest = counts.lowest_per("user")
    by_hand = frame.groupby(["document_type", "user"])["ocr_authenticity_score"].min()
    expected = count_scores(frame_of(by_hand.array), ()).scores
    pd.testing.assert_frame_equal(lowest.total().scores, expected)
    assert lowest.grouped_by == ("document_type",)


def test_a_user_without_any_score_counts_once_under_the_first_reason():
    frame = frame_of([None] * 2 + [7], user=pd.array(["ann", "ann", "ben"], dtype="string"))
    frame["processing_authenticity"] = pd.Categorical(["failed", "in_progress", "completed"])
    lowest = count_scores(frame, by="user").lowest_per("user")
    assert lowest.coverage().loc[
        "all", ["uploads", "scored", "in_progress", "processing_failed"]
    ].tolist() == [
        2,
        1,
        1,
        0,
    ]


def test_uploads_of_nobody_are_refused_rather_than_taken_for_one_user():
    frame = frame_of([1, 2, 3], user=pd.array(["ann", None, None], dtype="string"))
    with pytest.raises(ConfigurationError, match=r"Uploads without user: 2. Pass accounts="):
        count_scores(frame, by="user").lowest_per("user")


def test_the_lowest_of_what_was_not_counted_is_refused(counts):
    with pytest.raises(ConfigurationError, match="not by 'user'"):
        counts.lowest_per("user")


def test_a_user_without_any_upload_has_no_lowest_score():
    counts = count_scores(frame_of([10, 20], user=["ann", "ben"]), by="user")
    none = ScoreCounts.of_table(counts.grouped_by, counts.groups, counts.table() * [[1], [0]])
    assert repr(none.lowest_per("user")) == "ScoreCounts(1 with a score, 0 without)"


def test_no_uploads_give_numbers_that_are_missing_not_zero():
    row = count_scores(uploads_frame([])).summary().loc["all"]
    assert (row["uploads"], row["scored"]) == (0, 0)
    assert row.drop(["uploads", "scored"]).isna().all()


def test_a_group_without_scores_keeps_its_row():
    frame = uploads_frame(
        [scored(1, 90), unscored(2, "completed", "idle", "idle", document_type="miscellaneous")]
    )
    summary = count_scores(frame, by="document_type").summary()
    assert summary.loc["miscellaneous", "uploads"] == 1
    assert np.isnan(summary.loc["miscellaneous", "mean"])


def test_nobody_with_a_score_gives_missing_numbers_and_counts_of_zero(nobody):
    row = nobody.summary().loc["paystubs"]
    assert (row["uploads"], row["scored"], row["scored_share"]) == (3, 0, 0)
    assert row.drop(["uploads", "scored", "scored_share"]).isna().all()
    assert nobody.ecdf()["paystubs"].isna().all()
    assert nobody.quantile(0.5).loc["paystubs"].isna().tolist() == [False, True, True, True]
    assert nobody.bootstrap().loc["paystubs"].isna().tolist() == [False, True, True, True]
    decided = nobody.threshold(50).loc["paystubs"]
    assert decided[["scored", "unscored", "pass"]].tolist() == [0, 3, 0]
    assert math.isnan(decided["pass_share"])


def test_the_summary_has_each_levels_share_with_its_interval(counts):
    summary, levels = counts.summary("ocrolus-2"), counts.levels("ocrolus-2")
    for level in PRESETS["ocrolus-2"].levels:
        for part in ("share", "share_ci_low", "share_ci_high"):
            expected = levels[part].xs(level, level="level")
            np.testing.assert_array_equal(summary[f"{level.replace(' ', '_')}_{part}"], expected)
    assert summary.attrs["levels"] == "ocrolus-2"


def test_levels_count_each_score_once_with_wilson_intervals():
    table = count_scores(frame_of([0, 29, 30, 79, 80, 100])).levels("argyle")
    assert table["uploads"].tolist() == [2, 1, 1, 2]
    assert table["share"].sum() == pytest.approx(1)
    assert (table["share_ci_low"] <= table["share"]).all()
    assert (table["share"] <= table["share_ci_high"]).all()
    assert table.attrs["levels"] == "argyle"


def test_levels_of_nobody_have_no_share():
    table = count_scores(uploads_frame([])).levels()
    assert table["uploads"].tolist() == [0, 0, 0, 0]
    assert table["share"].isna().all()


def test_levels_of_ones_own_carry_their_thresholds_as_their_name(counts):
    name = "own: reject 0-39, review 40-74, pass 75-100"
    assert counts.levels(OWN).attrs["levels"] == name
    assert counts.summary(OWN).attrs["levels"] == name


def test_levels_of_each_group_add_up_to_its_scores(counts):
    by_group = counts.levels(OWN)["uploads"].groupby(level=[0, 1], sort=False).sum()
    assert by_group.tolist() == counts.scores.sum(axis=1).tolist()


@pytest.mark.parametrize(
    "thresholds",
    [{}, {"low": 1}, {"low": 0, "high": 0}, {"low": 0, "high": 101}, {"low": 0, "high": 50.5}],
)
def test_levels_of_ones_own_rise_from_0(counts, thresholds):
    with pytest.raises(ConfigurationError, match="rise from 0"):
        counts.levels(thresholds)


def test_one_group_is_indexed_by_its_label_and_several_columns_by_all():
    frame = frame_of([1, 2], user=["ann", "ben"])
    one = count_scores(frame, by="user").levels()
    two = count_scores(frame, by=["user", "month"]).levels()
    assert one.index.names == ["user", "level"]
    assert two.index.names == ["user", "month", "level"]
    assert one.loc[("ann", "very low"), "uploads"] == 1


def test_the_ecdf_rises_to_one_in_every_group(counts):
    curves = counts.ecdf()
    assert curves.index.tolist() == list(range(101))
    assert (curves.diff().dropna() >= 0).all(axis=None)
    assert (curves.loc[100] == 1).all()
    assert curves.columns.tolist() == counts.groups.tolist()


@given(st.lists(st.integers(0, 100), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_is_numpys_and_lies_in_its_interval(scores, q):
    row = counts_of(scores).quantile(q).loc["all"]
    assert row["quantile"] == pytest.approx(np.quantile(scores, q), abs=1e-9)
    assert row["quantile_ci_low"] - 1e-9 <= row["quantile"] <= row["quantile_ci_high"] + 1e-9


def test_the_interval_of_a_median_holds_the_truth_nineteen_times_in_twenty():
    chance = np.random.default_rng(1)
    rows = [counts_of(chance.binomial(100, 0.7, 60)).quantile(0.5).loc["all"] for _ in range(200)]
    assert sum(row["quantile_ci_low"] <= 70 <= row["quantile_ci_high"] for row in rows) >= 190


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_outside_0_to_1_is_refused(counts, q):
    with pytest.raises(ConfigurationError, match="0 to 1"):
        counts.quantile(q)


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=40), st.integers(0, 101), st.integers(0, 101)
)
def test_two_thresholds_part_the_scores_as_comparing_each_would(scores, one, other):
    low, high = sorted((one, other))
    row = counts_of(scores).threshold(high, reject_below=low).loc["all"]
    raw = np.array(scores)
    assert row[["pass", "review", "reject"]].tolist() == [
        (raw >= high).sum(),
        ((raw >= low) & (raw < high)).sum(),
        (raw < low).sum(),
    ]


def test_every_threshold_has_its_line_and_agrees_with_threshold(counts):
    table = counts.thresholds()
    for cut in (0, 50, 100, 101):
        one = counts.threshold(cut)
        np.testing.assert_array_equal(table.xs(cut, level="threshold").to_numpy(), one.to_numpy())
    assert len(table) == 102 * len(counts.groups)


def test_a_fixed_lower_cut_off_begins_the_table_and_leaves_the_rejected_the_same(counts):
    table = counts.total().thresholds(reject_below=40).loc["all"]
    assert table.index[0] == 40
    assert set(table["reject"]) == {counts.scores.loc[:, :39].to_numpy().sum()}
    assert (table["pass"] + table["review"] + table["reject"] == table["scored"]).all()


def test_a_threshold_says_its_thresholds(counts):
    assert counts.threshold(80).attrs["thresholds"] == {"pass_from": 80, "reject_below": 80}


@pytest.mark.parametrize(("high", "low"), [(102, 0), (50, 60), (50, -1), (50.5, 10), ("80", 10)])
def test_thresholds_that_are_none_are_refused(counts, high, low):
    with pytest.raises(ConfigurationError, match="whole numbers with 0 <= reject_below"):
        counts.threshold(high, reject_below=low)
