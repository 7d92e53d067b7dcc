"""Summaries, levels, quantiles, intervals and thresholds, also where there is little to say."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.levels import PRESETS
from argyle_nb.scores import count_scores, ecdf_margin
from argyle_nb.scores.statistics import lowest_at
from tests.support.raw_scores import counts_of
from tests.support.records import unscored
from tests.support.score_frames import frame_of, several

OWN = {"reject": 0, "review": 40, "pass": 75}


@pytest.fixture
def counts():
    return count_scores(several(np.random.default_rng(1)), by=["document_type", "week"])


@pytest.fixture
def nobody():
    """One group, of uploads that have no score at all."""
    frame = uploads_frame([unscored(n, "failed", "idle", "idle") for n in range(3)])
    return count_scores(frame, by="document_type")


def test_the_summary_has_each_levels_share_with_its_interval(counts):
    summary, levels = counts.summary("ocrolus-2"), counts.levels("ocrolus-2")
    for level in PRESETS["ocrolus-2"].levels:
        for part in ("share", "share_low", "share_high"):
            expected = levels[part].xs(level, level="level")
            np.testing.assert_array_equal(summary[f"{level} {part}"], expected)
    assert summary.attrs["levels"] == "ocrolus-2"


def test_levels_of_ones_own_carry_their_cut_offs_as_their_name(counts):
    name = "own: reject 0-39, review 40-74, pass 75-100"
    assert counts.levels(OWN).attrs["levels"] == name
    assert counts.summary(OWN).attrs["levels"] == name


def test_levels_of_each_group_add_up_to_its_scores(counts):
    by_group = counts.levels(OWN)["uploads"].groupby(level=[0, 1], sort=False).sum()
    assert by_group.tolist() == counts.scores.sum(axis=1).tolist()


def test_nobody_with_a_score_gives_missing_numbers_and_counts_of_zero(nobody):
    row = nobody.summary().loc["paystubs"]
    assert (row["uploads"], row["scored"], row["coverage"]) == (3, 0, 0)
    assert row.drop(["uploads", "scored", "coverage"]).isna().all()
    assert nobody.ecdf()["paystubs"].isna().all()
    assert nobody.quantile(0.5).loc["paystubs"].isna().tolist() == [False, True, True, True]
    assert nobody.bootstrap().loc["paystubs"].isna().tolist() == [False, True, True, True]
    decided = nobody.threshold(50).loc["paystubs"]
    assert decided[["scored", "unscored", "passed"]].tolist() == [0, 3, 0]
    assert math.isnan(decided["passed_share"])


def test_the_ecdf_rises_to_one_in_every_group(counts):
    curves = counts.ecdf()
    assert curves.index.tolist() == list(range(101))
    assert (curves.diff().dropna() >= 0).all(axis=None)
    assert (curves.loc[100] == 1).all()
    assert curves.columns.tolist() == counts.groups.tolist()


def test_the_band_of_an_ecdf_holds_the_whole_truth_nineteen_times_in_twenty():
    chance, held = np.random.default_rng(1), 0
    truth = stats.binom.cdf(np.arange(101), 100, 0.7)
    for _ in range(200):
        counts = counts_of(chance.binomial(100, 0.7, 50))
        gap = np.abs(counts.ecdf()["all"].to_numpy() - truth).max()
        held += gap <= ecdf_margin(50)
    assert held >= 190


def test_the_band_of_nobody_is_missing():
    assert np.isnan(ecdf_margin(0))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_is_numpys_and_lies_in_its_interval(scores, q):
    row = counts_of(scores).quantile(q).loc["all"]
    assert row["quantile"] == pytest.approx(np.quantile(scores, q), abs=1e-9)
    assert row["low"] - 1e-9 <= row["quantile"] <= row["high"] + 1e-9


@given(st.lists(st.integers(0, 100), min_size=1, max_size=50), st.integers(1, 10))
def test_the_lowest_score_at_a_share_is_numpys_inverted_ecdf(scores, tenths):
    table = counts_of(scores).scores.to_numpy()
    expected = np.quantile(scores, tenths / 10, method="inverted_cdf")
    assert lowest_at(table, np.array([tenths / 10])).tolist() == [expected]


def test_the_interval_of_a_median_holds_the_truth_nineteen_times_in_twenty():
    chance = np.random.default_rng(1)
    rows = [counts_of(chance.binomial(100, 0.7, 60)).quantile(0.5).loc["all"] for _ in range(200)]
    assert sum(row["low"] <= 70 <= row["high"] for row in rows) >= 190


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_outside_0_to_1_is_refused(counts, q):
    with pytest.raises(ConfigurationError, match="0 to 1"):
        counts.quantile(q)


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    scores = np.random.default_rng(1).binomial(100, 0.7, 400)
    row = counts_of(scores).bootstrap("mean", resamples=4000).loc["all"]
    half = 1.96 * np.std(scores, ddof=1) / 20
    assert row["estimate"] == pytest.approx(scores.mean(), abs=1e-12)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(half, rel=0.1)


def test_the_bootstrap_draws_as_scipys_does():
    scores = np.random.default_rng(2).integers(0, 101, 80)
    ours = counts_of(scores).bootstrap("sd", resamples=9000).loc["all"]
    theirs = stats.bootstrap(
        (scores,), lambda x, axis: np.std(x, ddof=1, axis=axis), method="percentile", rng=1
    ).confidence_interval
    assert (ours["low"], ours["high"]) == pytest.approx((theirs.low, theirs.high), abs=0.4)


def test_the_bootstrap_takes_a_function_and_repeats_itself(counts):
    def passing(drawn):
        return drawn[:, 80:].sum(axis=1) / drawn.sum(axis=1)

    once, again = (counts.bootstrap(passing, resamples=50) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    assert (once["low"] <= once["high"]).all()
    assert (counts.bootstrap(passing, resamples=50, seed=1)["low"] != once["low"]).any()


def test_the_bootstrap_of_an_unknown_statistic_lists_the_known(counts):
    with pytest.raises(ConfigurationError, match="mean, sd, median or a function"):
        counts.bootstrap("mode")


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=40), st.integers(0, 101), st.integers(0, 101)
)
def test_two_cut_offs_part_the_scores_as_comparing_each_would(scores, one, other):
    low, high = sorted((one, other))
    row = counts_of(scores).threshold(high, reject_below=low).loc["all"]
    raw = np.array(scores)
    assert row[["passed", "reviewed", "rejected"]].tolist() == [
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
    assert set(table["rejected"]) == {counts.scores.loc[:, :39].to_numpy().sum()}
    assert (table["passed"] + table["reviewed"] + table["rejected"] == table["scored"]).all()


def test_a_threshold_says_its_cut_offs(counts):
    assert counts.threshold(80).attrs["cut_offs"] == {"pass_from": 80, "reject_below": 80}


@pytest.mark.parametrize(("high", "low"), [(102, 0), (50, 60), (50, -1), (50.5, 10), ("80", 10)])
def test_cut_offs_that_are_none_are_refused(counts, high, low):
    with pytest.raises(ConfigurationError, match="cut-offs are whole numbers, 0 <= reject_below"):
        counts.threshold(high, reject_below=low)


@pytest.mark.parametrize(
    "cut_offs",
    [{}, {"low": 1}, {"low": 0, "high": 0}, {"low": 0, "high": 101}, {"low": 0, "high": 50.5}],
)
def test_levels_of_ones_own_rise_from_0(counts, cut_offs):
    with pytest.raises(ConfigurationError, match="rise from 0"):
        counts.levels(cut_offs)


def test_one_group_is_indexed_by_its_label_and_several_columns_by_all():
    frame = frame_of([1, 2], user=["ann", "ben"])
    one = count_scores(frame, by="user").levels()
    two = count_scores(frame, by=["user", "month"]).levels()
    assert one.index.names == ["user", "level"]
    assert two.index.names == ["user", "month", "level"]
    assert one.loc[("ann", "very low"), "uploads"] == 1


@pytest.mark.parametrize("resamples", [0, -5])
def test_a_bootstrap_without_resamples_is_refused(resamples):
    with pytest.raises(ConfigurationError, match="resamples must be 1 or more"):
        counts_of([1, 2]).bootstrap(resamples=resamples)
