"""Columns, weeks and months make the same groups whatever they are stored as."""

import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import count_scores
from argyle_nb.scores.groups import crossed
from tests.support.records import scored
from tests.support.score_frames import assert_same_counts, frame_of


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
    with pytest.raises(ConfigurationError, match=r"created_at has dtype .*pandas\.to_datetime"):
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


def test_categories_that_read_the_same_are_one_group():
    same = pd.Categorical([1, "1", None, 2])
    counts = count_scores(frame_of([10, 20, 30, 40], kind=same), by="kind")
    assert counts.groups.tolist()[:2] == ["1", "2"]
    assert counts.scores.sum(axis=1).tolist() == [2, 1, 1]


def test_a_missing_value_is_a_group_of_its_own():
    frame = uploads_frame([scored(1, 1), scored(2, 2, created_at=None)])
    assert count_scores(frame, by="month").summary()["uploads"].tolist() == [1, 1]


def test_counting_by_a_column_that_is_not_there_names_those_that_are():
    with pytest.raises(ConfigurationError, match=r"No column 'employer'.*document_type"):
        count_scores(frame_of([1]), by="employer")


def test_an_inner_index_stands_under_each_group():
    inner = pd.Index([1, 2], name="threshold")
    index = crossed(pd.Index(["a", "b"], name="user"), inner)
    assert index.tolist() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert index.names == ["user", "threshold"]
