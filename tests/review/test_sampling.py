"""What to review is chosen by chance, and how likely each choice was is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.review import sample
from argyle_nb.review.sampling import STRATEGIES, _shares
from tests.support.judged import uploads
from tests.support.records import scored, unscored


def test_of_each_stratum_as_many_are_chosen_as_the_square_root_of_its_size_demands():
    chosen = sample(uploads(1000), 48)
    assert chosen["stratum"].value_counts().to_dict() == {
        "paystubs, high": 34,
        "paystubs, very low": 14,
    }


def test_a_rare_stratum_gives_four_documents():
    rare = uploads_frame([scored(number, 10 if number < 6 else 90) for number in range(2000)])
    assert sample(rare, 40)["stratum"].value_counts()["paystubs, very low"] == 5
    assert sample(rare, 10)["stratum"].value_counts()["paystubs, very low"] == 4


def test_equal_numbers_review_rare_low_scores_as_often_as_high_ones():
    chosen = sample(uploads(1000), 40, "equal")
    assert chosen["stratum"].value_counts().to_dict() == {
        "paystubs, high": 20,
        "paystubs, very low": 20,
    }


def test_the_rate_is_what_was_taken_of_the_stratum():
    chosen = sample(uploads(1000), 40, "equal").drop_duplicates("stratum").set_index("stratum")
    assert chosen["sampling_rate"].to_dict() == {
        "paystubs, high": 20 / 900,
        "paystubs, very low": 20 / 100,
    }


def test_what_a_small_stratum_cannot_give_is_taken_from_the_others():
    chosen = sample(uploads(100), 40, "equal")
    assert chosen["stratum"].value_counts().to_dict() == {
        "paystubs, high": 30,
        "paystubs, very low": 10,
    }


def test_at_random_each_upload_is_equally_likely():
    chosen = sample(uploads(1000), 40, "random")
    assert set(chosen["sampling_rate"]) == {0.04}
    assert set(chosen["stratum"]) == {"all"}


def test_nobody_is_chosen_twice():
    assert sample(uploads(1000), 300)["upload_id"].is_unique


def test_the_same_seed_chooses_the_same_and_another_seed_others():
    frame = uploads(1000)
    first, again, other = (sample(frame, 20, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert set(first["upload_id"]) != set(other["upload_id"])


def test_the_order_of_review_mixes_the_strata():
    assert not sample(uploads(1000), 200)["stratum"].is_monotonic_increasing


def test_more_than_there_are_is_all_of_them():
    chosen = sample(uploads(30), 100)
    assert len(chosen) == 30
    assert set(chosen["sampling_rate"]) == {1.0}


def test_uploads_without_a_score_are_not_chosen_and_said_to_be_left_out():
    frame = uploads_frame([scored(1, 90), unscored(2, "completed", "failed", "failed")])
    chosen = sample(frame, 5)
    assert len(chosen) == 1
    assert "Uploads without a score are never sampled (1)." in chosen.attrs["note"]


def test_too_few_for_every_stratum_is_refused_with_the_least_number():
    with pytest.raises(ConfigurationError, match="Use n=2 or more"):
        sample(uploads(100), 1)


def test_an_unknown_strategy_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="stratified, equal, random"):
        sample(uploads(10), 5, "lowest")


def test_of_no_uploads_there_is_an_empty_sample_with_the_same_columns():
    empty = sample(uploads_frame([]), 5)
    pd.testing.assert_series_equal(empty.dtypes, sample(uploads(10), 5).dtypes)


def test_weighted_back_the_sample_stands_for_all():
    chosen = sample(uploads(1000), 40)
    assert (1 / chosen["sampling_rate"]).sum() == pytest.approx(1000)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(12, 700))
def test_shares_use_up_n_stay_within_each_size_and_give_everyone_one(sizes, n):
    for strategy in STRATEGIES:
        taken = _shares(np.array(sizes), n, strategy)
        assert taken.sum() == min(n, sum(sizes))
        assert (taken <= sizes).all()
        assert (taken >= 1).all()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(12, 700))
def test_by_square_roots_a_larger_stratum_never_gives_less(sizes, n):
    taken = _shares(np.array(sorted(sizes)), n, "stratified")
    assert (np.diff(taken) >= -1).all()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(12, 700))
def test_equal_shares_differ_by_one_at_most_but_for_what_is_used_up(sizes, n):
    taken = _shares(np.array(sizes), n, "equal")
    not_used_up = taken[taken < sizes]
    if len(not_used_up):
        assert not_used_up.max() - not_used_up.min() <= 1
        assert taken.max() - not_used_up.min() <= 1


@pytest.mark.parametrize("n", [-1, 2.5, "3", None])
def test_what_is_no_number_of_documents_is_refused(n):
    with pytest.raises(ConfigurationError, match="n must be a whole number of 0 or more"):
        sample(uploads(10), n)


@pytest.mark.parametrize("strategy", ["stratified", "equal", "random"])
def test_an_upload_that_is_listed_twice_is_named(strategy):
    frame = uploads(10)
    with pytest.raises(ValidationError, match=r"more than once\. Keep one row"):
        sample(pd.concat([frame, frame.head(1)]), 5, strategy)


@pytest.mark.parametrize("name", ["id", "ocr_authenticity_score", "document_type"])
def test_a_missing_column_is_named(name):
    with pytest.raises(ConfigurationError, match=f"uploads has no column {name}"):
        sample(uploads(10).drop(columns=name), 5)


def test_by_chance_alone_needs_no_type():
    bare = uploads(10)[["id", "ocr_authenticity_score"]]
    assert len(sample(bare, 5, "random")) == 5


def test_too_few_of_a_random_sample_are_not_told_to_be_random():
    with pytest.raises(ConfigurationError, match=r"Use n=1 or more\.$"):
        sample(uploads(10), 0, "random")


@pytest.mark.parametrize("index", [[5] * 10, list("abcdefghij"), range(9, -1, -1)])
def test_the_index_does_not_matter(index):
    frame = uploads(10)
    pd.testing.assert_frame_equal(sample(frame.set_axis(index), 4), sample(frame, 4))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=60), st.integers(0, 80))
def test_the_weights_add_up_to_all_scored_uploads(scores, more):
    frame = uploads_frame([scored(number, value) for number, value in enumerate(scores)])
    chosen = sample(frame, frame["authenticity_level"].nunique() + more)
    assert (1 / chosen["sampling_rate"]).sum() == pytest.approx(len(scores))
