"""Filters choose uploads, are checked before anything is written, and are told without names."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores.filters import chosen, find_uploads, plain_filters
from tests.support.records import scored

DAY = "2024-07-08T00:00:00Z"
LATER = "2024-08-01T00:00:00Z"
FRAME = uploads_frame(
    [
        scored(1, 10, created_at=DAY),
        scored(2, 20, document_type="W-2", created_at=LATER),
        scored(3, 30, created_at=None),
    ],
    sent=pd.DataFrame({"upload_id": [scored(2, 20)["id"]], "external_id": ["loan-77"]}),
)


def numbers(filters):
    """Name the rows that are let through by their scores."""
    return FRAME[chosen(FRAME, plain_filters(filters))]["ocr_authenticity_score"].tolist()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [10, 20, 30]),
        ({"document_type": "W-2"}, [20]),
        ({"document_type": {"W-2", "1099"}}, [20]),
        ({"document_type": pd.Series(["W-2"])}, [20]),
        ({"ocr_authenticity_score": 10}, [10]),
        ({"ocr_authenticity_score": 10.0}, [10]),
        ({"ocr_authenticity_score": np.int64(10)}, [10]),
        ({"ocr_authenticity_score": range(10, 25)}, [10, 20]),
        ({"created_at": (DAY, LATER)}, [10]),
        ({"created_at": (pd.Timestamp(DAY), np.datetime64("2024-08-02"))}, [10, 20]),
        ({"created_at": (dt.date(2024, 7, 9), None)}, [20]),
        ({"created_at": (None, dt.datetime(2024, 8, 1, tzinfo=dt.UTC))}, [10]),
        ({"created_at": ("2024-07-08T02:00+02:00", None)}, [10, 20]),
        ({"user": [None]}, [10, 20, 30]),
        ({"external_id": "loan-77"}, [20]),
    ],
)
def test_a_filter_is_a_value_some_values_or_two_times(filters, expected):
    assert numbers(filters) == expected


def test_a_document_type_to_look_for_may_be_spelled_as_in_a_manifest():
    found = find_uploads(FRAME, document_type=["Form W2", "1099-NEC"])
    assert found["ocr_authenticity_score"].tolist() == [20]


@pytest.mark.parametrize("wanted", [{"user": "LOAN-7"}, {"text": "an-77"}])
def test_a_borrower_is_found_by_a_part_of_the_lenders_own_name(wanted):
    assert find_uploads(FRAME, **wanted)["ocr_authenticity_score"].tolist() == [20]


@pytest.mark.parametrize("filters", ["user", 5, [("user", "a")], ["user"]])
def test_filters_of_another_shape_are_refused(filters):
    with pytest.raises(ConfigurationError, match="a dict of column -> wanted"):
        plain_filters(filters)


@pytest.mark.parametrize("wanted", [None, b"x", [["a"]], print, {"a": 1}.items(), [b"x"]])
def test_a_filter_of_no_values_is_refused(wanted):
    with pytest.raises(ConfigurationError, match="takes a value or a list of values"):
        plain_filters({"user": wanted})


def test_a_refusal_does_not_repeat_what_was_wanted():
    with pytest.raises(ConfigurationError) as refused:
        plain_filters({"user": [["Ada Sample"]]})
    assert "Ada" not in str(refused.value)


@pytest.mark.parametrize(
    "wanted",
    [
        DAY,
        (DAY,),
        (DAY, LATER, LATER),
        ("then", "now"),
        ("NaT", None),
        (float("nan"), None),
        (pd.NaT, None),
        (1, 2),
        7,
        ("99999-12-31", None),
        ("may", None),
        ("2024", None),
        ("05/06/2024", None),
        ("", None),
        (None, "  "),
    ],
)
def test_times_are_a_pair(wanted):
    with pytest.raises(ConfigurationError, match="takes a pair of times"):
        numbers({"created_at": wanted})


@pytest.mark.parametrize("pair", [(LATER, DAY), (DAY, DAY)])
def test_an_end_that_is_not_after_the_first_would_leave_nothing_and_is_refused(pair):
    with pytest.raises(ConfigurationError, match="later than the first, and not included"):
        numbers({"created_at": pair})


def test_a_column_that_is_not_there_is_refused_with_the_list():
    with pytest.raises(ConfigurationError, match=r"No column 'type' to filter by\. Found: id"):
        numbers({"type": "W-2"})
