"""Records of any shape: one row each or one named error each, and always the same columns."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from argyle_nb.errors import DecodeError
from argyle_nb.frames import records
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten, signals_frame, uploads_frame
from argyle_nb.storage import write_csv
from tests.faults.shapes import NAMED, bent_records
from tests.support.records import record

PAGES, PAGE_SIZE = 100, 50  # 5,000 records

UPLOADS, SIGNALS, OCR = uploads_frame([]), signals_frame([]), ocr_frame([])
WIDE = ocr_frame([], wide=True)


def page_of(records):
    return json.dumps({"next": None, "results": records}).encode()


def kinds(frame):
    """Columns and dtypes; a category may gain values."""
    return {
        name: "category" if isinstance(dtype, pd.CategoricalDtype) else str(dtype)
        for name, dtype in frame.dtypes.items()
    }


def check_frames(records):
    """Check what must hold whatever arrives; give the uploads."""
    page = page_of(records)
    uploads, signals = flatten(page, errors="collect")
    rejected = uploads.attrs["unreadable"]
    assert len(uploads) + len(rejected) == len(records)
    assert kinds(uploads) == kinds(UPLOADS)
    assert kinds(signals) == kinds(SIGNALS)
    scores = uploads["ocr_authenticity_score"].dropna()
    assert scores.between(0, 100).all()
    given = [one["id"] for one in records if isinstance(one.get("id"), str)]
    in_order = iter(given)
    assert all(one in in_order for one in uploads["id"])
    nameless = {f"{number} without an ID" for number in range(1, len(records) + 1)}
    assert {told["record"] for told in rejected} <= {*given, *nameless}
    assert all(told["path"].startswith("$") and told["problem"] for told in rejected)
    return uploads


def check_ocr(records):
    for wide, empty in ((False, OCR), (True, WIDE)):
        frame = ocr_frame(page_of(records), wide=wide, errors="collect")
        assert kinds(frame) == kinds(empty)


# 5,000 records at random


@pytest.mark.parametrize("seed", range(PAGES))
def test_no_record_is_lost_and_none_breaks_the_others(seed, tmp_path):
    records = bent_records(seed, PAGE_SIZE)
    uploads = check_frames(records)
    check_ocr(records)
    write_csv(uploads, tmp_path / "uploads.csv")
    assert len(pd.read_csv(tmp_path / "uploads.csv", dtype="string")) == len(uploads)


def test_the_random_records_are_of_every_kind():
    """Else the test above would show nothing: whole ones, odd ones, unreadable ones."""
    records = [one for seed in range(PAGES) for one in bent_records(seed, PAGE_SIZE)]
    assert len(records) == 5000
    pages = [page_of(bent_records(seed, PAGE_SIZE)) for seed in range(PAGES)]
    uploads = uploads_frame(pages, errors="collect")
    unread = len(uploads.attrs["unreadable"])
    assert 500 < unread < 3500
    assert sum(one == record(number % PAGE_SIZE) for number, one in enumerate(records)) > 300
    assert uploads["ocr_authenticity_score"].isna().sum() > 50
    assert len(uploads["document_type"].cat.categories) > len(
        UPLOADS["document_type"].cat.categories
    )


@pytest.mark.parametrize("seed", range(10))
def test_one_by_one_they_are_what_they_are_on_a_page(seed):
    records = bent_records(seed, PAGE_SIZE)
    on_a_page = uploads_frame(page_of(records), errors="collect")
    singly = uploads_frame([json.dumps(one).encode() for one in records], errors="collect")
    pd.testing.assert_frame_equal(on_a_page, singly)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_that_cannot_be_read_is_named_where_errors_are_raised(seed):
    records = bent_records(seed, PAGE_SIZE)
    told = uploads_frame(page_of(records), errors="collect").attrs["unreadable"]
    with pytest.raises(DecodeError) as caught:
        uploads_frame(page_of(records))
    assert caught.value.record in {one["record"] for one in told}


# Named shapes


@pytest.mark.parametrize("name", NAMED)
def test_a_named_shape_becomes_what_it_should(name):
    shape, expected = NAMED[name]
    uploads = check_frames([shape, record(2)])
    check_ocr([shape, record(2)])
    assert uploads["id"].iloc[-1] == record(2)["id"]
    if expected == "rejected":
        assert len(uploads) == 1
    else:
        found = uploads["ocr_authenticity_score"].iloc[0]
        assert found is pd.NA if expected is None else found == expected


@pytest.mark.parametrize("place", ["ocr_authenticity", "ocr_data"])
@pytest.mark.parametrize("levels", [3_000, 100_000])
def test_nesting_past_all_bounds_is_told_and_breaks_nothing(place, levels):
    one = record(1)
    one["metadata"][place] = "DEEP"
    page = page_of([one]).replace(b'"DEEP"', b'{"a":' * levels + b"1" + b"}" * levels)
    assert uploads_frame(page, errors="collect").attrs["unreadable"]
    assert ocr_frame(page, errors="collect").attrs["unreadable"]


# Take a guard away, and it shows


def test_without_the_bounds_a_score_of_101_would_count(monkeypatch):
    monkeypatch.setattr(records, "HIGHEST_SCORE", 10**6)
    shape, _ = NAMED["a score above a hundred"]
    with pytest.raises(AssertionError):
        check_frames([shape])


def test_without_collecting_one_bad_record_would_take_its_page_along(monkeypatch):
    def strict(error, _):
        raise error

    monkeypatch.setattr("argyle_nb.models.reject", strict)
    shape, _ = NAMED["no id"]
    with pytest.raises(DecodeError):
        check_frames([shape, record(2)])
