"""Distributions beside each other and over time: what is found, and what is chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores import count_scores
from argyle_nb.scores.comparing import (
    ks_p,
    mann_whitney_p,
    psi,
    psi_bands,
    psi_bins,
    psi_critical,
)
from tests.support.raw_scores import counts_of
from tests.support.score_frames import frame_of, several

PAIR = st.lists(st.integers(0, 100), min_size=2, max_size=40)


def wilson_by_hand(share, number):
    z = 1.959963984540054
    middle, scale = share + z**2 / (2 * number), 1 + z**2 / number
    spread = z * np.sqrt(share * (1 - share) / number + z**2 / (4 * number**2))
    return (middle - spread) / scale, (middle + spread) / scale


@pytest.fixture
def counts():
    return count_scores(several(np.random.default_rng(1), 3000), by=["document_type", "week"])


@given(PAIR, PAIR)
def test_swapping_the_sides_turns_the_differences_around(a, b):
    there = counts_of(a).compare(counts_of(b), bins="argyle").iloc[0]
    back = counts_of(b).compare(counts_of(a), bins="argyle").iloc[0]
    assert there["auc"] == pytest.approx(1 - back["auc"], abs=1e-12)
    assert there["mean_difference"] == pytest.approx(-back["mean_difference"], abs=1e-12)
    for name in ("ks", "wasserstein", "psi"):
        assert there[name] == pytest.approx(back[name], abs=1e-12)


def test_the_effect_sizes_are_those_of_the_definitions():
    a, b = np.array([60, 70, 80, 90]), np.array([50, 60, 70, 80, 90])
    row = counts_of(a).compare(counts_of(b)).iloc[0]
    pooled = np.sqrt((3 * np.var(a, ddof=1) + 4 * np.var(b, ddof=1)) / 7)
    pairs = np.sign(np.subtract.outer(a, b))
    assert row["cohens_d"] == pytest.approx((75 - 70) / pooled, abs=1e-12)
    assert row["cliffs_delta"] == pytest.approx(pairs.mean(), abs=1e-12)


def test_the_interval_of_the_auc_holds_the_truth_nineteen_times_in_twenty():
    chance, held = np.random.default_rng(1), 0
    p, q = (stats.binom.pmf(np.arange(101), 100, share) for share in (0.75, 0.7))
    truth = (p * (np.cumsum(q) - q / 2)).sum()
    for _ in range(400):
        a, b = chance.binomial(100, 0.75, 60), chance.binomial(100, 0.7, 80)
        row = counts_of(a).compare(counts_of(b)).iloc[0]
        held += row["auc_ci_low"] <= truth <= row["auc_ci_high"]
    assert held >= 370


def test_the_interval_of_the_auc_is_wilsons_for_the_variance_of_delong():
    """Placements of each score, as DeLong et al. 1988 write them."""
    a, b = np.array([60, 70, 70, 90]), np.array([50, 70, 80])
    wins = (np.sign(np.subtract.outer(a, b)) + 1) / 2
    variance = np.var(wins.mean(axis=1), ddof=1) / 4 + np.var(wins.mean(axis=0), ddof=1) / 3
    row = counts_of(a).compare(counts_of(b)).iloc[0]
    low, high = wilson_by_hand(wins.mean(), wins.mean() * (1 - wins.mean()) / variance)
    assert row["auc_ci_low"] == pytest.approx(low, abs=1e-12)
    assert row["auc_ci_high"] == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "share"), [([50, 60], [1, 2, 3], 1.0), ([1, 2], [50, 60], 0.0), ([7] * 9, [7], 0.5)]
)
def test_a_variance_that_was_not_seen_is_no_certainty(a, b, share):
    row = counts_of([*a, *a]).compare(counts_of([*b, *b])).iloc[0]
    low, high = wilson_by_hand(share, 2 * min(len(a), len(b)))
    assert row["auc"] == share
    assert row["auc_ci_low"] == pytest.approx(low, abs=1e-12)
    assert row["auc_ci_high"] == pytest.approx(high, abs=1e-12)
    assert row["auc_ci_high"] - row["auc_ci_low"] > 0.2


@given(PAIR, PAIR)
def test_the_interval_of_the_auc_holds_it_and_lies_within_0_and_1(a, b):
    row = counts_of(a).compare(counts_of(b)).iloc[0]
    low, share, high = row[["auc_ci_low", "auc", "auc_ci_high"]]
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


def test_each_group_has_a_line_and_the_reference_is_added_up(counts):
    table = counts.by("document_type").compare(counts)
    assert table.index.tolist() == ["paystubs", "W-2", "1099"]
    assert (table["reference_scored"] == 3000).all()


def test_few_scores_are_warned_of_in_the_table():
    table = counts_of([1] * 29).compare(counts_of([1] * 500))
    assert table["warning"].tolist() == [
        "Small samples (29 and 500 scores): these statistics are unstable."
    ]
    assert counts_of([1] * 30).compare(counts_of([1] * 500))["warning"].isna().all()


def test_nothing_to_compare_is_missing_not_zero():
    for a, b in [([], [1]), ([1], []), ([], [])]:
        table = counts_of(a).compare(counts_of(b), p_values=True)
        numbers = table.drop(columns=["scored", "reference_scored", "warning", "ks_method"])
        assert numbers.isna().all(axis=None)
        assert table["warning"].item() == "No scores to compare."


def test_the_same_scores_on_both_sides_differ_in_nothing():
    row = counts_of([70] * 5).compare(counts_of([70] * 9), p_values=True).iloc[0]
    assert row[["ks", "wasserstein", "psi", "mean_difference"]].tolist() == [0, 0, 0, 0]
    assert row[["auc", "ks_p", "mann_whitney_p"]].tolist() == [0.5, 1, 1]
    assert np.isnan(row["cohens_d"])


def test_columns_are_the_same_for_no_group_at_all():
    some = counts_of([1]).compare(counts_of([2]), p_values=True)
    none = count_scores(frame_of([]), by="user").compare(counts_of([2]), p_values=True)
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_a_p_value_says_how_it_was_made():
    few = np.bincount([1, 2, 3], minlength=101)
    assert ks_p(few, few) == (1.0, "exact")
    assert ks_p(few * 4000, few * 4000)[1] == "asymptotic"
    assert np.isnan(ks_p(few * 0, few)[0])
    assert np.isnan(mann_whitney_p(few, few * 0))


def test_billions_of_scores_do_not_overflow():
    counts = counts_of(range(101)).scores * 10**7
    row, other = counts.to_numpy()[0], counts.to_numpy()[0]
    assert mann_whitney_p(row, other) == 1
    assert psi(row[np.newaxis], other, [(0, 50), (51, 100)]).tolist() == [0]


@given(PAIR, st.integers(2, 12))
def test_quantile_bins_cover_every_score_once_and_none_is_empty(scores, bins):
    counts = counts_of(scores).scores.to_numpy()[0]
    cuts = psi_bins(counts, bins)
    assert [s for low, high in cuts for s in range(low, high + 1)] == list(range(101))
    assert all(counts[low : high + 1].sum() > 0 for low, high in cuts)
    assert len(cuts) <= bins


def test_many_scores_without_ties_make_bins_of_equal_size():
    cuts = psi_bins(np.ones(101, dtype=np.int64), 10)
    assert len(cuts) == 10
    assert {high - low + 1 for low, high in cuts} == {10, 11}


def test_bins_are_quantiles_of_the_reference_or_levels():
    even = np.ones(101, dtype=np.int64)
    assert psi_bins(even, 2) == [(0, 50), (51, 100)]
    assert psi_bins(even, "ocrolus-current") == [(0, 55), (56, 80), (81, 100)]


def test_bins_can_be_levels_or_ones_own_and_are_said():
    table = counts_of([1]).compare(counts_of([2]), bins={"low": 0, "high": 60})
    assert table.attrs["psi_bins"] == [(0, 59), (60, 100)]
    assert len(counts_of([1]).compare(counts_of([2]), bins="argyle").attrs["psi_bins"]) == 4


def test_one_bin_is_refused():
    with pytest.raises(ConfigurationError, match="bins must be 2 or more"):
        counts_of([1]).compare(counts_of([2]), bins=1)


def test_half_an_upload_stands_in_for_nobody():
    a, b = np.zeros((1, 101), dtype=np.int64), np.zeros(101, dtype=np.int64)
    a[0, 10], b[90] = 10, 20
    p, q = np.array([1, 0.05]), np.array([0.025, 1])
    expected = ((p - q) * np.log(p / q)).sum()
    assert psi(a, b, [(0, 49), (50, 100)]) == pytest.approx(expected, abs=1e-12)


def test_the_critical_psi_has_the_printed_point_of_chi_squared():
    """16.919 of 9 degrees of freedom, times 1/n + 1/m."""
    expected = 16.919 * (1 / np.array([100, 10_000]) + 1 / 10_000)
    assert psi_critical(np.array([100, 10_000]), 10_000, 10) == pytest.approx(expected, rel=1e-5)


def test_the_rule_of_thumb_begins_at_its_marks():
    words = psi_bands(np.array([0.02, 0.1, 0.25, np.nan]), np.full(4, 0.05))
    assert words == ["stable", "moderate", "large", None]


def test_what_chance_could_give_is_not_called_moderate_or_large():
    words = psi_bands(np.array([0.02, 0.1, 0.3, 0.4]), np.array([0.3, 0.3, 0.3, 0.3]))
    assert words == ["stable", "not significant", "not significant", "large"]


def test_one_of_twenty_samples_of_one_population_is_beyond_the_critical_psi():
    chance, beyond = np.random.default_rng(1), 0
    for _ in range(400):
        a, b = chance.binomial(100, 0.7, (2, 500))
        reference = counts_of(b)
        row = counts_of(a).compare(reference)
        bins = len(row.attrs["psi_bins"])
        beyond += row["psi"].item() > psi_critical(np.array([500]), 500, bins)[0]
    assert 8 <= beyond <= 34


def test_drift_finds_the_weeks_that_were_made_lower(counts):
    table = counts.drift("week")
    assert table["psi_significant"].tolist()[4:] == [True, True]
    assert table["ks_significant"].tolist()[4:] == [True, True]
    assert table["psi_band"].tolist()[4:] == ["large", "large"]
    assert table["psi"].iloc[0] == 0


def test_the_reference_of_a_drift_is_not_compared_with_itself(counts):
    table = counts.drift()
    judged = ["psi_significant", "psi_band", "ks_significant"]
    assert table[judged].isna().all(axis=1).tolist() == [True] + [False] * (len(table) - 1)
    assert table["warning"].iloc[0] == "This is the reference: there is nothing to compare."
    alone = counts.filter(week=table.index[:1].tolist()).drift()
    assert alone[judged].isna().all(axis=None)
    assert not counts.drift("week", counts)["psi_significant"].isna().any()


def test_drift_is_measured_against_the_first_period_or_the_one_given(counts):
    assert counts.drift().attrs["reference"].startswith("2024-01-01")
    before = counts.filter(week=lambda week: week < "2024-01-29")
    table = counts.drift("week", before)
    assert table.attrs["reference"] == "given"
    assert (table["reference_scored"] == before.scores.to_numpy().sum()).all()


def test_the_rule_of_thumb_is_crossed_by_chance_in_small_periods():
    chance = np.random.default_rng(1)
    weeks = np.datetime64("2024-01-01") + 7 * np.repeat(np.arange(10), 30)
    frame = frame_of(chance.binomial(100, 0.7, 300), created_at=weeks)
    table = count_scores(frame, by="week").drift()
    assert (table["psi"] >= 0.1).sum() >= 5
    assert (table["psi_critical"] > 0.1).all()
    assert table["psi_significant"].sum() <= 2
    assert table["psi_band"].isin(["moderate", "large"]).sum() <= 2


def test_the_critical_ks_distance_is_the_95_percent_point_of_its_limit(counts):
    table = counts.drift()
    n, m = table["scored"], table["reference_scored"]
    expected = stats.kstwobign.ppf(0.95) * np.sqrt((n + m) / (n * m))
    # Smirnov's formula is the first term of the series, which is enough at 95 %.
    np.testing.assert_allclose(table["ks_critical"], expected, rtol=1e-5)


def test_a_period_without_scores_is_missing_and_never_the_reference():
    weeks = ["2024-01-01", "2024-01-08", "2024-01-15"]
    table = count_scores(frame_of([None, 50, 60], created_at=weeks), by="week").drift()
    assert table["scored"].tolist() == [0, 1, 1]
    assert table["psi"].isna().tolist() == [True, False, False]
    assert table["psi_significant"].isna().tolist()[0]
    assert (table["reference_scored"] == 1).all()


def test_no_scores_in_any_period_give_a_table_of_missing_numbers():
    table = count_scores(frame_of([None], created_at=["2024-01-01"]), by="week").drift()
    assert table[["psi", "psi_critical", "ks", "mean"]].isna().all(axis=None)
    assert table.attrs["reference"] == "none"


def test_drift_by_what_was_not_counted_is_refused(counts):
    with pytest.raises(ConfigurationError, match="not by 'month'"):
        counts.drift("month")


@pytest.mark.parametrize("bins", [10.0, None, [1, 2]])
def test_bins_that_are_none_are_refused(bins):
    with pytest.raises(ConfigurationError, match="level preset"):
        counts_of([1, 2]).compare(counts_of([1, 2]), bins=bins)


def test_a_number_of_bins_may_be_numpys():
    a, b = counts_of([1, 2, 50]), counts_of([1, 60])
    pd.testing.assert_frame_equal(a.compare(b, bins=np.int64(4)), a.compare(b, bins=4))
