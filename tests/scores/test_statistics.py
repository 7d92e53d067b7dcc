"""Every statistic from counts agrees with numpy, scipy and scikit-learn on the raw scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores import ecdf_margin, wilson
from argyle_nb.scores.statistics import lowest_at
from tests.support.raw_scores import counts_of, differences

scores = st.lists(st.integers(0, 100), min_size=1, max_size=200)
heaped = st.lists(st.sampled_from([0, 29, 30, 100]), min_size=1, max_size=200)
samples = (scores | heaped).map(np.array)


@settings(max_examples=500)
@given(samples, samples)
def test_every_statistic_agrees_to_1e_12(a, b):
    found = differences(a, b)
    assert {name: value for name, value in found.items() if value > 1e-12} == {}


def test_large_samples_agree_with_the_asymptotic_p_values_of_scipy():
    chance = np.random.default_rng(1)
    a, b = chance.binomial(100, 0.7, 12_000), chance.binomial(100, 0.702, 11_000)
    assert counts_of(a).compare(counts_of(b), p_values=True)["ks_method"].item() == "asymptotic"
    assert max(differences(a, b).values()) <= 1e-12


@pytest.mark.parametrize("n", [1, 2, 3])
def test_samples_of_one_two_and_three_scores_agree_too(n):
    assert max(differences(np.arange(n), np.arange(n) + 1).values()) <= 1e-12


def test_the_wilson_interval_is_that_of_the_textbook():
    """Ten of a hundred: Wilson 1927 as printed in Brown, Cai and DasGupta 2001."""
    share, low, high = wilson(np.array([10]), np.array([100]))
    assert (share[0], low[0], high[0]) == pytest.approx((0.1, 0.0552, 0.1744), abs=5e-5)


@given(st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_the_share_and_stays_inside_0_to_1(pair):
    share, low, high = (float(x[0]) for x in wilson(*(np.array([n]) for n in pair)))
    assert 0 <= low <= share <= high <= 1


def test_the_band_of_an_ecdf_holds_the_whole_truth_nineteen_times_in_twenty():
    chance, held = np.random.default_rng(1), 0
    truth = stats.binom.cdf(np.arange(101), 100, 0.7)
    for _ in range(200):
        counts = counts_of(chance.binomial(100, 0.7, 50))
        gap = np.abs(counts.ecdf()["all"].to_numpy() - truth).max()
        held += gap <= ecdf_margin(50)
    assert held >= 190


def test_the_band_of_a_hundred_scores_is_that_of_massart_and_of_nobody_missing():
    np.testing.assert_allclose(ecdf_margin([100, 0]), [0.1358, np.nan], atol=5e-5)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=50), st.integers(1, 10))
def test_the_lowest_score_at_a_share_is_numpys_inverted_ecdf(scores, tenths):
    table = counts_of(scores).scores.to_numpy()
    expected = np.quantile(scores, tenths / 10, method="inverted_cdf")
    assert lowest_at(table, np.array([tenths / 10])).tolist() == [expected]


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    scores = np.random.default_rng(1).binomial(100, 0.7, 400)
    row = counts_of(scores).bootstrap("mean", resamples=4000).loc["all"]
    half = 1.96 * np.std(scores, ddof=1) / 20
    assert row["estimate"] == pytest.approx(scores.mean(), abs=1e-12)
    assert (row["estimate_ci_high"] - row["estimate_ci_low"]) / 2 == pytest.approx(half, rel=0.1)


def test_the_bootstrap_draws_as_scipys_does():
    scores = np.random.default_rng(2).integers(0, 101, 80)
    ours = counts_of(scores).bootstrap("std", resamples=9000).loc["all"]
    theirs = stats.bootstrap(
        (scores,), lambda x, axis: np.std(x, ddof=1, axis=axis), method="percentile", rng=1
    ).confidence_interval
    assert (ours["estimate_ci_low"], ours["estimate_ci_high"]) == pytest.approx(
        (theirs.low, theirs.high), abs=0.4
    )


def test_the_bootstrap_takes_a_function_and_repeats_itself(counts):
    def passing(drawn):
        return drawn[:, 80:].sum(axis=1) / drawn.sum(axis=1)

    once, again = (counts.bootstrap(passing, resamples=50) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    assert (once["estimate_ci_low"] <= once["estimate_ci_high"]).all()
    assert (
        counts.bootstrap(passing, resamples=50, seed=1)["estimate_ci_low"]
        != once["estimate_ci_low"]
    ).any()


def test_the_bootstrap_of_an_unknown_statistic_lists_the_known(counts):
    with pytest.raises(ConfigurationError, match="mean, sd, median or a function"):
        counts.bootstrap("mode")


@pytest.mark.parametrize("resamples", [0, -5])
def test_a_bootstrap_without_resamples_is_refused(resamples):
    with pytest.raises(ConfigurationError, match="resamples must be 1 or more"):
        counts_of([1, 2]).bootstrap(resamples=resamples)
