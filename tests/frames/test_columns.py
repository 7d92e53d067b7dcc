"""Lists of values become columns of fixed dtypes, and missing columns are named."""

import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import CategoryColumn, TextColumn, concatenated, need_columns


def test_texts_may_be_missing():
    column = TextColumn()
    column.add(["a", None])
    assert column.finish().isna().tolist() == [False, True]


def test_new_values_become_further_categories_as_they_appear():
    column = CategoryColumn(["known"])
    column.add(["z", None, "a", "z"])
    assert column.categories == ["known", "z", "a"]
    assert column.finish().categories.tolist() == ["known", "z", "a"]


def test_blocks_are_put_one_after_the_other():
    blocks = [pd.array([text], dtype="string") for text in ("a", "b")]
    assert concatenated(blocks).tolist() == ["a", "b"]


def test_a_column_that_is_missing_is_named_beside_those_that_are_there():
    frame = pd.DataFrame({"upload_id": []})
    with pytest.raises(ConfigurationError) as caught:
        need_columns(frame, ("upload_id", "sha256"), "contents")
    assert str(caught.value) == "contents has no column sha256. Found: upload_id."
