"""Statistics from counts agree with the same statistics on raw scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import REASONS, count_scores, no_score_reasons, wilson
from tests.support.records import record, scored, unscored

score_lists = st.lists(st.integers(0, 100), min_size=1, max_size=60)


def frame_of(scores):
    return uploads_frame([scored(n, score) for n, score in enumerate(scores)])


@given(score_lists)
def test_summary_is_what_numpy_says_of_the_raw_scores(scores):
    row = count_scores(frame_of(scores)).summary().loc["all"]
    assert row["scored"] == len(scores)
    assert row["mean"] == pytest.approx(np.mean(scores), abs=1e-12)
    assert (row["min"], row["max"]) == (min(scores), max(scores))
    names = {"p5": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "p95": 0.95}
    for name, q in names.items():
        assert row[name] == pytest.approx(np.quantile(scores, q), abs=1e-12)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=60))
def test_sd_is_the_sample_standard_deviation(scores):
    row = count_scores(frame_of(scores)).summary().loc["all"]
    assert row["sd"] == pytest.approx(np.std(scores, ddof=1), abs=1e-12)


def test_one_score_has_no_standard_deviation():
    assert np.isnan(count_scores(frame_of([50])).summary().loc["all", "sd"])


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


REASON_OF_STAGES = [
    (("in_progress", "idle", "idle"), "paystubs", "pending"),
    (("completed", "completed", "in_progress"), "paystubs", "pending"),
    (("failed", "idle", "idle"), "paystubs", "failed"),
    (("completed", "completed", "failed"), "paystubs", "failed"),
    (("unauthorized", "unauthorized", "unauthorized"), "paystubs", "unauthorized"),
    (("completed", "unauthorized", "idle"), "paystubs", "unauthorized"),
    (("completed", "idle", "idle"), "proof-of-identity", "unsupported_type"),
    (("completed", "idle", "idle"), "paystubs", "not_started"),
    (("idle", "idle", "idle"), "proof-of-identity", "not_started"),
    (("completed", "completed", "completed"), "paystubs", "missing"),
    (("new", "new", "new"), "paystubs", "missing"),
]


@pytest.mark.parametrize(("states", "document_type", "reason"), REASON_OF_STAGES)
def test_an_upload_without_a_score_is_counted_under_its_reason(states, document_type, reason):
    frame = uploads_frame([unscored(1, *states, document_type=document_type)])
    assert no_score_reasons(frame).tolist() == [reason]
    coverage = count_scores(frame).coverage().loc["all"]
    assert coverage[["uploads", "scored", reason]].tolist() == [1, 0, 1]


def test_statuses_that_are_missing_altogether_count_as_missing():
    frame = uploads_frame([record(metadata=None, processing=None)])
    assert no_score_reasons(frame).tolist() == ["missing"]


def test_coverage_adds_up_to_the_uploads():
    records = [
        unscored(n, *states, document_type=t) for n, (states, t, _) in enumerate(REASON_OF_STAGES)
    ]
    table = count_scores(uploads_frame([*records, scored(99, 3)]), by="document_type").coverage()
    parts = table[["scored", *REASONS]].sum(axis=1)
    assert parts.tolist() == table["uploads"].tolist()
    assert table["uploads"].sum() == len(records) + 1


def test_levels_count_each_score_once_with_wilson_intervals():
    table = count_scores(frame_of([0, 29, 30, 79, 80, 100])).levels("argyle")
    assert table["uploads"].tolist() == [2, 1, 1, 2]
    assert table["share"].sum() == pytest.approx(1)
    assert (table["share_low"] <= table["share"]).all()
    assert (table["share"] <= table["share_high"]).all()
    assert table.attrs["levels"] == "argyle"


def test_levels_of_nobody_have_no_share():
    table = count_scores(uploads_frame([])).levels()
    assert table["uploads"].tolist() == [0, 0, 0, 0]
    assert table["share"].isna().all()


def test_the_wilson_interval_is_that_of_the_textbook():
    """Ten of a hundred: Wilson 1927 as printed in Brown, Cai and DasGupta 2001."""
    share, low, high = wilson(np.array([10]), np.array([100]))
    assert (share[0], low[0], high[0]) == pytest.approx((0.1, 0.0552, 0.1744), abs=5e-5)


@given(st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_the_share_and_stays_inside_0_to_1(pair):
    share, low, high = (float(x[0]) for x in wilson(*(np.array([n]) for n in pair)))
    assert 0 <= low <= share <= high <= 1


def test_groups_by_type_add_up_to_the_total():
    frame = uploads_frame(
        [scored(n, n, document_type=["paystubs", "W-2"][n % 2]) for n in range(20)]
    )
    by_type = count_scores(frame, by="document_type")
    pd.testing.assert_frame_equal(by_type.total().scores, count_scores(frame).scores)


def test_a_week_is_named_by_its_monday_in_utc():
    frame = uploads_frame(
        [
            scored(1, 1, created_at="2024-07-07T23:59:59.999Z"),
            scored(2, 2, created_at="2024-07-08T00:00:00.000Z"),
        ]
    )
    weeks = count_scores(frame, by="week").summary().index
    assert [str(week.date()) for week in weeks] == ["2024-07-01", "2024-07-08"]


def test_a_missing_value_is_a_group_of_its_own():
    frame = uploads_frame([scored(1, 1), scored(2, 2, created_at=None)])
    assert count_scores(frame, by="month").summary()["uploads"].tolist() == [1, 1]


def test_counting_by_a_column_that_is_not_there_names_those_that_are():
    with pytest.raises(ConfigurationError, match=r"no column 'employer'.*document_type"):
        count_scores(frame_of([1]), by="employer")


def test_a_score_outside_0_to_100_is_an_error_that_names_the_upload():
    frame = frame_of([1, 2]).assign(ocr_authenticity_score=pd.array([1, 200], dtype="Int16"))
    with pytest.raises(DecodeError, match=record(1)["id"]):
        count_scores(frame)


def test_the_representation_says_how_many_and_by_what():
    assert repr(count_scores(frame_of([1, 2]), by="document_type")) == (
        "ScoreCounts(2 with a score, 0 without, in 1 groups by document_type)"
    )
