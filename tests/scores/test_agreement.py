"""Every statistic from counts agrees with numpy, scipy and scikit-learn on the raw scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
