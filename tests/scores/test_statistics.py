"""Every statistic from counts agrees with numpy, scipy and scikit-learn on the raw scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores import ecdf_margin, wilson
from argyle_nb.scores.statistics import (
    binomial_quantile,
    bootstrap,
    quantile_interval,
    standard_deviations,
)
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


@pytest.mark.parametrize("q", [0, 1e-9, 0.05, 0.5, 0.95, 1 - 1e-9, 1])
@pytest.mark.parametrize("p", [0.025, 0.975])
def test_the_binomial_quantile_is_scipys(p, q):
    n = np.array([1, 2, 3, 10, 20, 50, 1000, 10**8])
    assert binomial_quantile(p, n, q).tolist() == stats.binom.ppf(p, n, q).tolist()


def test_a_sample_too_small_for_a_quantile_reaches_the_end_of_the_scale():
    row = counts_of(range(50, 70)).quantile(0.05).loc["all"]
    assert (row["quantile_ci_low"], row["quantile_ci_high"]) == (0, 53)


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("n", [10, 20, 120])
def test_the_interval_of_a_quantile_holds_the_truth_nineteen_times_in_twenty(n, q):
    chance, truth = np.random.default_rng(1), stats.binom.ppf(q, 100, 0.7)
    table = np.array([np.bincount(chance.binomial(100, 0.7, n), minlength=101) for _ in range(400)])
    low, high = quantile_interval(table, q)
    assert ((low <= truth) & (truth <= high)).mean() >= 0.93


@pytest.mark.parametrize("statistic", ["mean", "std"])
def test_the_interval_holds_what_few_scores_have_not_seen(statistic):
    """One score in a hundred is far below all others, and 20 scores seldom have it."""
    shares = np.zeros(101)
    shares[[10, 90, 95, 100]] = 0.01, 0.3, 0.4, 0.29
    mean = shares @ np.arange(101)
    truth = {"mean": mean, "std": np.sqrt(shares @ (np.arange(101) - mean) ** 2)}[statistic]
    drawn = np.random.default_rng(2).multinomial(20, shares, size=200)
    _, low, high = bootstrap(drawn, statistic, 400, seed=1).T
    assert ((low <= truth) & (truth <= high)).mean() >= 0.93


def test_the_interval_of_a_mean_is_as_wide_as_theory_says_and_what_was_not_seen():
    scores = np.random.default_rng(1).binomial(100, 0.7, 400)
    row = counts_of(scores).bootstrap("mean", resamples=4000).loc["all"]
    half = 1.96 * np.std(scores, ddof=1) / 20
    assert row["estimate"] == pytest.approx(scores.mean(), abs=1e-12)
    low, high = row["estimate_ci_low"], row["estimate_ci_high"]
    # A quarter of a score more at 0 or at 100 moves a mean of 70 by so much at most.
    assert high - row["estimate"] == pytest.approx(half, abs=0.1)
    assert 0.95 * half < row["estimate"] - low < half + 70 / 400


def test_the_bootstrap_of_a_function_draws_as_scipys_does():
    scores = np.random.default_rng(2).integers(0, 101, 80)
    ours = counts_of(scores).bootstrap(standard_deviations, resamples=9000).loc["all"]
    theirs = stats.bootstrap(
        (scores,), lambda x, axis: np.std(x, ddof=1, axis=axis), method="percentile", rng=1
    ).confidence_interval
    assert (ours["estimate_ci_low"], ours["estimate_ci_high"]) == pytest.approx(
        (theirs.low, theirs.high), abs=0.4
    )


def test_a_function_of_fewer_than_50_scores_has_no_interval_and_the_reason():
    few = counts_of(range(49)).bootstrap(lambda drawn: drawn.sum(axis=1))
    assert few["estimate"].tolist() == [49]
    assert few[["estimate_ci_low", "estimate_ci_high"]].isna().all(axis=None)
    assert few.attrs["note"].startswith("No interval below 50 scores")


def test_the_interval_of_a_median_is_that_of_the_quantile():
    counts = counts_of([1, 5, 7, 40, 41, 42, 90, 91])
    ours, theirs = counts.bootstrap("median").loc["all"], counts.quantile(0.5).loc["all"]
    assert ours.tolist() == theirs.tolist()


def test_the_bootstrap_takes_a_function_and_repeats_itself():
    counts = counts_of(range(1, 101))

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
    with pytest.raises(ConfigurationError, match="mean, std, median or a function"):
        counts.bootstrap("mode")


@pytest.mark.parametrize("resamples", [0, -5])
def test_a_bootstrap_without_resamples_is_refused(resamples):
    with pytest.raises(ConfigurationError, match="resamples must be 1 or more"):
        counts_of([1, 2]).bootstrap(resamples=resamples)
