"""Frames of any kind give the same counts, and no row is lost on the way."""

import re

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.models import DOCUMENT_TYPES, STATUSES
from argyle_nb.scores import REASONS, checked_scores, count_scores, no_score_reasons
from tests.support.records import record, scored, stages, unscored
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
    assert int(counts.table()[:, :108].sum()) == len(frame)


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


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_week_is_the_same_whatever_the_resolution_of_the_times(unit):
    frame = frame_of([1, 2], created_at=["2024-07-07T23:59:59Z", "2024-07-08T00:00:00Z"])
    coarse = frame.assign(created_at=frame["created_at"].dt.as_unit(unit))
    assert_same_counts(count_scores(coarse, by="week"), count_scores(frame, by="week"))


def test_weeks_begin_on_monday_and_months_on_their_first_also_before_1970():
    frame = frame_of([1, 2], created_at=["1969-12-28T12:00:00Z", "1969-12-29T12:00:00Z"])
    weeks = count_scores(frame, by="week").groups
    assert [str(week.date()) for week in weeks] == ["1969-12-22", "1969-12-29"]
    assert [str(month.date()) for month in count_scores(frame, by="month").groups] == ["1969-12-01"]


def test_times_of_another_zone_are_counted_in_utc():
    frame = frame_of([1], created_at=["2024-07-08T00:30:00Z"])
    abroad = frame.assign(created_at=frame["created_at"].dt.tz_convert("America/New_York"))
    assert_same_counts(count_scores(abroad, by="week"), count_scores(frame, by="week"))


def test_times_without_a_zone_are_taken_as_utc():
    frame = frame_of([1], created_at=["2024-07-08T00:30:00Z"])
    naive = frame.assign(created_at=frame["created_at"].dt.tz_localize(None))
    assert_same_counts(count_scores(naive, by="month"), count_scores(frame, by="month"))


def test_times_that_are_texts_are_refused_with_the_cure():
    frame = frame_of([1]).assign(created_at="2024-07-08")
    with pytest.raises(ConfigurationError, match=r"created_at holds .*pandas\.to_datetime"):
        count_scores(frame, by="week")


def test_a_column_of_ones_own_called_week_is_counted_as_it_is():
    frame = frame_of([1, 2]).assign(week=[27, 28])
    assert count_scores(frame, by="week").groups.tolist() == [27, 28]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([3, 1], "Int64"),
        ([0.5, 0.25], "Float64"),
        ([True, False], "boolean"),
        (["b", "a"], "string"),
        ([("b",), ("a",)], "string"),
    ],
)
def test_a_group_has_one_of_five_dtypes_whatever_the_column_has(values, dtype):
    frame = frame_of([1, 2]).assign(own=pd.Series(values))
    groups = count_scores(frame, by="own").groups
    assert str(groups.dtype) == dtype
    assert groups.is_monotonic_increasing


def test_document_types_stand_in_the_apis_order_and_new_ones_behind():
    types = ["payslip", "miscellaneous", "W-2", "paystubs"]
    groups = count_scores(frame_of([1, 2, 3, 4], document_type=types), by="document_type").groups
    assert groups.tolist() == ["paystubs", "W-2", "miscellaneous", "payslip"]


@pytest.mark.parametrize("dtype", ["Int16", "Int64", "int64", "float64", "string", "object"])
def test_scores_of_any_dtype_are_counted_alike(dtype):
    frame = frame_of([0, 85, 100])
    other = frame.assign(ocr_authenticity_score=pd.Series(["0", "85", "100"]).astype(dtype))
    assert_same_counts(count_scores(other), count_scores(frame))


def test_floats_with_gaps_as_a_csv_file_gives_them_are_counted():
    frame = frame_of([85, None])
    other = frame.assign(ocr_authenticity_score=[85.0, np.nan])
    assert_same_counts(count_scores(other), count_scores(frame))


@pytest.mark.parametrize("bad", [-1, 101, 85.5, "high", np.inf, -32768.0, 32767.0, 1e30])
def test_a_score_that_is_none_is_an_error_that_names_the_upload_and_the_cure(bad):
    frame = frame_of([1, 2, 3]).assign(ocr_authenticity_score=pd.Series([1, bad, 3], dtype=object))
    message = rf"{record(1)['id']}, at .*: {re.escape(str(bad))} is.*errors='collect'"
    with pytest.raises(DecodeError, match=message):
        count_scores(frame)


@pytest.mark.parametrize("bad", [-32768, -1, 101, 32767])
def test_every_other_small_number_is_an_error_too(bad):
    frame = frame_of([1, None, bad])
    with pytest.raises(DecodeError, match=f": {bad} is no whole number"):
        count_scores(frame)


def test_the_error_names_further_uploads_and_how_many_more():
    frame = frame_of([1] * 9).assign(ocr_authenticity_score=[300] * 8 + [1])
    with pytest.raises(DecodeError, match=rf"{record(1)['id']}, .*{record(5)['id']} and 2 more"):
        count_scores(frame)


def test_collected_scores_are_counted_as_invalid_and_listed():
    frame = frame_of([1, 2, 3]).assign(ocr_authenticity_score=[1, 300, 3])
    counts = count_scores(frame, errors="collect")
    assert counts.coverage().loc["all", ["uploads", "scored", "invalid"]].tolist() == [3, 2, 1]
    assert counts.rejected == (
        {
            "record": record(1)["id"],
            "path": "ocr_authenticity_score",
            "problem": "300 is no whole number from 0 to 100",
        },
    )
    assert repr(counts) == "ScoreCounts(2 with a score, 1 without, 1 of these invalid)"


def test_counting_leaves_the_frame_as_it_was():
    for scores in ([1, 300, 3], [1, 300, None]):
        frame = frame_of(scores)
        before = frame.copy(deep=True)
        count_scores(frame, by="week", errors="collect")
        pd.testing.assert_frame_equal(frame, before)


def test_a_frame_without_ids_names_its_rows():
    frame = frame_of([1, 2]).assign(ocr_authenticity_score=[1, 300]).drop(columns="id")
    with pytest.raises(DecodeError, match="record 1, "):
        count_scores(frame)


def test_the_partitions_of_dask_collect_too():
    frame = frame_of([1, 2, 3]).assign(ocr_authenticity_score=[300, 2, 300])
    counts = count_scores(dd.from_pandas(frame, npartitions=2), errors="collect")
    assert len(counts.rejected) == 2


@pytest.mark.parametrize("column", ["ocr_authenticity_score", "ocr", "document_type"])
def test_a_frame_without_a_column_that_is_needed_is_refused(column):
    with pytest.raises(ConfigurationError, match=f"no column {column}: .*uploads_frame"):
        count_scores(frame_of([1]).drop(columns=column))


def test_what_is_no_frame_is_refused():
    with pytest.raises(ConfigurationError, match="not in list"):
        count_scores([85, 90])


def test_how_far_uploads_came_is_counted_beside_their_reasons():
    frame = uploads_frame(
        [
            scored(1, 50),
            unscored(2, "completed", "completed", "failed"),
            unscored(3, "completed", "failed", "idle"),
            unscored(4, "failed", "completed", "idle"),
            unscored(5, "in_progress", "idle", "idle"),
        ]
    )
    funnel = count_scores(frame).coverage().loc["all"]
    assert funnel[["uploads", "classified", "ocr", "scored"]].tolist() == [5, 3, 2, 1]
    assert funnel[["failed", "pending"]].tolist() == [3, 1]


def test_a_row_without_a_score_has_exactly_one_of_the_reasons():
    frame = uploads_frame([unscored(1, "idle", "idle", "idle"), scored(2, 3)])
    reasons = no_score_reasons(frame)
    assert list(reasons.cat.categories) == list(REASONS)
    assert reasons.isna().tolist() == [False, True]


def test_an_unknown_way_with_errors_is_refused_and_not_taken_for_collecting():
    with pytest.raises(ConfigurationError, match="errors is 'colect': use 'raise' or 'collect'"):
        count_scores(frame_of([10]), errors="colect")


def test_a_column_is_named_once():
    with pytest.raises(ConfigurationError, match="by names a column twice: user, week, user"):
        count_scores(frame_of([10]), by=["user", "week", "user"])


def test_categories_that_read_the_same_are_one_group():
    same = pd.Categorical([1, "1", None, 2])
    counts = count_scores(frame_of([10, 20, 30, 40], kind=same), by="kind")
    assert counts.groups.tolist()[:2] == ["1", "2"]
    assert counts.scores.sum(axis=1).tolist() == [2, 1, 1]


@pytest.mark.parametrize("index", [[1] * 4, list("dcba"), [None] * 4])
def test_the_index_of_the_frame_does_not_matter(index):
    frame = frame_of([10, 20, 20, 90], kind=["a", "b", "a", "b"])
    odd = frame.set_axis(pd.Index(index))
    assert_same_counts(count_scores(odd, by="kind"), count_scores(frame, by="kind"))


class TestCheckedScores:
    @pytest.mark.parametrize("kind", ["Int16", "Int64", "float64", "Float64", "object"])
    def test_whole_scores_of_any_dtype_are_read_alike(self, kind):
        frame = frame_of([10, 20, 90])
        frame["ocr_authenticity_score"] = frame["ocr_authenticity_score"].astype(kind)
        found = checked_scores(frame)
        assert found.dtype == "Int16"
        assert found.tolist() == [10, 20, 90]

    @pytest.mark.parametrize("bad", [-1, 101, 79.5, np.inf, -32768, 32767, 10**30, "x"])
    def test_what_is_no_score_is_named_with_its_upload(self, bad):
        frame = frame_of([10, 20])
        frame["ocr_authenticity_score"] = pd.Series([10, bad], dtype="object")
        with pytest.raises(DecodeError, match=f"record {frame['id'][1]}, .*: correct them"):
            checked_scores(frame)

    def test_missing_stays_missing_and_the_index_is_kept(self):
        frame = frame_of([10, 20]).set_axis([7, 7])
        frame["ocr_authenticity_score"] = [np.nan, 20.0]
        found = checked_scores(frame)
        assert found.isna().tolist() == [True, False]
        assert found.index.tolist() == [7, 7]
