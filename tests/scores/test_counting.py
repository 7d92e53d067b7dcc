"""Frames of any kind give the same counts, and no row is lost on the way."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.models import DOCUMENT_TYPES, STATUSES
from argyle_nb.scores import REASONS, count_scores, no_score_reasons
from argyle_nb.scores.reasons import SCORES
from tests.support.records import record, stages
from tests.support.score_frames import assert_same_counts, frame_of

KEYS = ["document_type", "week", "user"]
times = st.none() | st.datetimes(
    min_value=pd.Timestamp("2023-12-25").to_pydatetime(),
    max_value=pd.Timestamp("2024-02-05").to_pydatetime(),
).map(lambda time: time.isoformat() + "Z")
uploads = st.lists(
    st.tuples(
        st.none() | st.integers(0, 100),
        st.sampled_from([*DOCUMENT_TYPES, "payslip of a new kind"]),
        st.tuples(*[st.sampled_from([*STATUSES, "new", None])] * 3),
        times,
        st.sampled_from([None, "ann", "ben"]),
    ),
    max_size=30,
)


def frame_from(rows):
    records = [
        record(
            n,
            metadata={"ocr_authenticity_score": score},
            document_type=document_type,
            processing=stages(*states),
            created_at=time,
            user=user,
        )
        for n, (score, document_type, states, time, user) in enumerate(rows)
    ]
    return uploads_frame(records)


def counted_by_hand(frame, keys):
    """What pandas' own groupby counts."""
    monday = frame["created_at"].dt.tz_localize(None).dt.to_period("W-SUN").dt.start_time
    known = frame.assign(week=monday, reason=no_score_reasons(frame))
    names = known[keys].astype("string").fillna("?")
    cells = known["ocr_authenticity_score"].astype("string").fillna(known["reason"].astype(str))
    return pd.concat([names, cells], axis=1).value_counts().to_dict()


def counted_by_us(frame, keys):
    counts = count_scores(frame, by=keys)
    table = pd.concat([counts.scores, counts.unscored], axis=1)
    table.columns = table.columns.astype(str)
    labels = counts.groups.to_frame(index=False)
    if "week" in keys:
        labels["week"] = labels["week"].dt.strftime("%Y-%m-%d")
    names = labels.astype("string").fillna("?")
    return {
        (*names.loc[row], column): int(table.iloc[row][column])
        for row in range(len(table))
        for column in table.columns[table.iloc[row].to_numpy() > 0]
    }


@settings(max_examples=60)
@given(uploads, st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
def test_groups_and_counts_are_those_of_pandas_on_the_rows(rows, keys):
    frame = frame_from(rows)
    assert counted_by_us(frame, keys) == counted_by_hand(frame, keys)


@settings(max_examples=60)
@given(uploads)
def test_every_row_is_counted_once(rows):
    frame = frame_from(rows)
    counts = count_scores(frame, by=["week", "document_type"])
    assert int(counts.table()[:, : len(SCORES) + len(REASONS)].sum()) == len(frame)


@settings(max_examples=25)
@given(uploads, st.integers(1, 4), st.sampled_from([(), "week", KEYS]))
def test_a_frame_of_dask_gives_the_same_table(rows, partitions, keys):
    frame = frame_from(rows)
    lazy = dd.from_pandas(frame, npartitions=partitions)
    assert_same_counts(count_scores(lazy, by=keys), count_scores(frame, by=keys))


def test_many_users_are_counted_as_few_are():
    chance = np.random.default_rng(1)
    users, scores = chance.integers(0, 9000, 30_000), chance.integers(0, 101, 30_000)
    frame = frame_of(scores, user=pd.array(users.astype(str), dtype="string"))
    counts = count_scores(frame, by=["user", "month"])
    some = counts.filter(user="17").scores.to_numpy()[0]
    assert some.tolist() == np.bincount(scores[users == 17], minlength=101).tolist()
    assert len(counts.groups) == len(np.unique(users))


def test_collected_scores_are_counted_as_invalid_and_listed():
    frame = frame_of([1, 2, 3]).assign(ocr_authenticity_score=[1, 300, 3])
    counts = count_scores(frame, errors="collect")
    assert counts.coverage().loc["all", ["uploads", "scored", "invalid_score"]].tolist() == [
        3,
        2,
        1,
    ]
    assert counts.unreadable == (
        {
            "record": record(1)["id"],
            "path": "ocr_authenticity_score",
            "problem": "300 is not a whole number from 0 to 100",
        },
    )
    assert repr(counts) == "ScoreCounts(2 with a score, 1 without, 1 of these invalid)"


def test_counting_leaves_the_frame_as_it_was():
    for scores in ([1, 300, 3], [1, 300, None]):
        frame = frame_of(scores)
        before = frame.copy(deep=True)
        count_scores(frame, by="week", errors="collect")
        pd.testing.assert_frame_equal(frame, before)


def test_the_partitions_of_dask_collect_too():
    frame = frame_of([1, 2, 3]).assign(ocr_authenticity_score=[300, 2, 300])
    counts = count_scores(dd.from_pandas(frame, npartitions=2), errors="collect")
    assert len(counts.unreadable) == 2


@pytest.mark.parametrize("column", ["ocr_authenticity_score", "processing_ocr", "document_type"])
def test_a_frame_without_a_column_that_is_needed_is_refused(column):
    with pytest.raises(ConfigurationError, match=f"Column {column} is missing.*uploads_frame"):
        count_scores(frame_of([1]).drop(columns=column))


def test_what_is_no_frame_is_refused():
    with pytest.raises(ConfigurationError, match="scores in list"):
        count_scores([85, 90])


def test_an_unknown_way_with_errors_is_refused_and_not_taken_for_collecting():
    with pytest.raises(
        ConfigurationError, match=r"Unknown errors 'colect'\. Use 'raise' or 'collect'"
    ):
        count_scores(frame_of([10]), errors="colect")


def test_a_column_is_named_once():
    with pytest.raises(ConfigurationError, match="by names a column twice: user, week, user"):
        count_scores(frame_of([10]), by=["user", "week", "user"])


@pytest.mark.parametrize("index", [[1] * 4, list("dcba"), [None] * 4])
def test_the_index_of_the_frame_does_not_matter(index):
    frame = frame_of([10, 20, 20, 90], kind=["a", "b", "a", "b"])
    odd = frame.set_axis(pd.Index(index))
    assert_same_counts(count_scores(odd, by="kind"), count_scores(frame, by="kind"))
