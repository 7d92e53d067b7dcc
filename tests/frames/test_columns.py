"""Lists of values become columns of fixed dtypes, and missing columns are named."""

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import (
    CategoryColumn,
    CombinedColumns,
    TextColumn,
    TimeColumn,
    concatenated,
    need_columns,
)


def test_texts_may_be_missing():
    column = TextColumn()
    column.add(["a", None])
    assert column.finish().isna().tolist() == [False, True]


def test_new_values_become_further_categories_as_they_appear():
    column = CategoryColumn(["known"])
    column.add(["z", None, "a", "z"])
    assert column.categories == ["known", "z", "a"]
    assert column.finish().categories.tolist() == ["known", "z", "a"]


zones = st.none() | st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
whole_seconds = st.datetimes(timezones=zones).map(lambda time: time.replace(microsecond=0))
far = st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])


@given(st.lists(st.none() | st.datetimes(timezones=zones) | whole_seconds | far))
def test_times_are_the_same_moment_in_utc_whatever_the_year_and_the_zone(times):
    column = TimeColumn()
    column.add(times)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    known = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in times if time]
    found = column.finish()
    assert found.isna().tolist() == [time is None for time in times]
    micros = [(time - epoch) // timedelta(microseconds=1) for time in known]
    assert found[~found.isna()].asi8.tolist() == micros


def test_columns_of_few_values_are_those_of_their_combinations():
    columns = CombinedColumns({"name": TextColumn(), "kind": CategoryColumn(["known"])})
    rows = [("a", "new"), (None, "known"), ("a", "new"), ("b", None)]
    columns.add(columns.codes(rows))
    found = columns.finish()
    cells = zip(found["name"], found["kind"], strict=True)
    assert [tuple(None if pd.isna(v) else v for v in row) for row in cells] == rows
    assert found["kind"].categories.tolist() == ["known", "new"]


def test_blocks_are_put_one_after_the_other():
    blocks = [pd.array([text], dtype="string") for text in ("a", "b")]
    assert concatenated(blocks).tolist() == ["a", "b"]


def test_a_column_that_is_missing_is_named_beside_those_that_are_there():
    frame = pd.DataFrame({"upload_id": []})
    with pytest.raises(ConfigurationError) as caught:
        need_columns(frame, ("upload_id", "sha256"), "contents")
    assert str(caught.value) == "contents has no column sha256. Found: upload_id."
