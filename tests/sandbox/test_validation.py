"""Cursors of pages, identifiers and timestamps of the local server."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.sandbox.problems import Problem
from argyle_nb.sandbox.validation import (
    PageQuery,
    canonical_id,
    decode_cursor,
    encode_cursor,
    new_id,
    timestamp,
)

COLUMNS = frozenset({"user_id", "account_id", "document_type"})


def encode_text(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


positions = st.tuples(st.integers(0, 2**53), st.integers(0, 2**40).map(new_id))


queries = st.builds(
    PageQuery,
    filters=st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.text()),
    limit=st.integers(1, 200),
    position=positions,
    newer=st.booleans(),
)


@given(queries)
def test_a_cursor_carries_the_whole_page_query(query):
    cursor = encode_cursor("user-uploads", query)
    assert decode_cursor("user-uploads", cursor, COLUMNS) == query
    url = f"http://127.0.0.1:1/v2/user-uploads?limit=3&cursor={cursor}"
    assert decode_cursor("user-uploads", url, COLUMNS) == query


nearly = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text() | nearly.map(json.dumps).map(encode_text))
def test_any_other_text_is_an_invalid_cursor(text):
    with pytest.raises(Problem) as caught:
        decode_cursor("user-uploads", text, COLUMNS)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "content",
    [
        ["users", False, [1, new_id(1)], 10, {}],
        ["user-uploads", 1, [1, new_id(1)], 10, {}],
        ["user-uploads", False, [1, "../../etc/passwd"], 10, {}],
        ["user-uploads", False, [True, new_id(1)], 10, {}],
        ["user-uploads", False, [2**70, new_id(1)], 10, {}],
        ["user-uploads", False, [1, new_id(1)], 201, {}],
        ["user-uploads", False, [1, new_id(1)], 10, {"1=1; --": "x"}],
        ["user-uploads", False, [1, new_id(1)], 10, {"user_id": 7}],
        ["user-uploads", False, [1, new_id(1)], 10, {"user_id": "\ud800"}],
        ["user-uploads", False, [1, new_id(1)], 10, ["user_id"]],
        ["user-uploads", False, None, 10, {}],
    ],
)
def test_a_forged_cursor_is_refused(content):
    with pytest.raises(Problem, match="Invalid cursor"):
        decode_cursor("user-uploads", encode_text(json.dumps(content)), COLUMNS)


@given(st.integers(0, 2**47))
def test_ids_have_the_shape_of_a_uuid_and_sort_by_time(moment):
    identifier = new_id(moment)
    assert canonical_id(identifier) == identifier
    assert identifier < new_id(moment + 1)


UUID = "00000000-0001-0862-3231-912f7fad1dd5"


@pytest.mark.parametrize(
    "text",
    ["", "..", "../../x", "0" * 36, f"{UUID}\n", UUID[:-1], "é" * 36],
)
def test_other_texts_are_no_ids(text):
    assert canonical_id(text) is None


def test_timestamps_are_utc_with_milliseconds():
    assert timestamp(1_720_446_229_064) == "2024-07-08T13:43:49.064Z"
