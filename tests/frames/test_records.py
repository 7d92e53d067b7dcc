"""Whatever holds uploads is read the same way, and one bad record spoils no other."""

import json
import math

import msgspec
import pandas as pd
import pytest

from argyle_nb.errors import DecodeError
from argyle_nb.frames.records import SINGLES_AT_ONCE, UPLOADS, RecordReader
from argyle_nb.frames.uploads import flatten, signals_frame, uploads_frame
from argyle_nb.models import UserUpload
from tests.support.records import as_uploads, record


def read(records):
    rejected = []
    found = [upload.id for batch in UPLOADS.batches(records, rejected) for upload in batch.records]
    return found, [(error.record, error.path) for error in rejected]


def test_uploads_are_read_from_any_mixture():
    mixture = [UserUpload("a"), {"id": "b"}, b'{"id": "c"}', b'[{"id": "d"}]', b'{"results": []}']
    assert [upload.id for upload in as_uploads(mixture)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("one", [UserUpload("a"), {"id": "a"}, b'{"id": "a"}'])
def test_one_record_need_not_stand_in_a_list(one):
    assert [upload.id for upload in as_uploads(one)] == ["a"]


def test_the_order_is_kept_across_many_singles_and_pages():
    many = [{"id": str(n)} for n in range(SINGLES_AT_ONCE + 1)]
    mixture = [*many, b'[{"id": "page"}]', UserUpload("last")]
    assert read(mixture)[0] == [*map(str, range(SINGLES_AT_ONCE + 1)), "page", "last"]


def test_a_bad_record_in_a_page_spoils_no_other():
    page = b'{"next": null, "results": [{"id": "a"}, {"id": "b", "user": [7]}, {"id": "c"}]}'
    assert read(page) == (["a", "c"], [("b", "$.user")])


def test_without_a_place_for_errors_the_first_is_raised():
    with pytest.raises(DecodeError, match="user"):
        list(as_uploads([{"id": "a"}, {"id": "b", "user": [7]}]))


def test_an_object_that_json_cannot_hold_is_one_bad_record():
    found, rejected = read([{"id": "a"}, {"id": "b", "x": object()}, {"id": "c"}])
    assert (found, rejected) == (["a", "c"], [("b", "$")])


def test_a_number_that_json_cannot_hold_is_nothing():
    [batch] = UPLOADS.batches([{"id": "a", "metadata": {"ocr_authenticity_score": math.nan}}])
    assert batch.records[0].ocr_authenticity_score is None


def test_bytes_that_are_no_json_are_one_error():
    assert read([b"<html>", {"id": "a"}]) == (["a"], [("page", "$")])


@pytest.mark.parametrize(
    "page", ['{"next": "{", "odd": [{}], "results": [%s], "more": [{}]}', "[%s]"]
)
def test_a_record_nested_too_deep_to_read_spoils_no_other(page):
    deep = '{"id": "b", "metadata": ' + '{"a":' * 3000 + "1" + "}" * 3001
    records = ['{"id": "a", "file_name": "}\\"]"}', deep, '{"id": "c"}']
    assert read((page % ",".join(records)).encode())[0] == ["a", "c"]


def test_an_object_nested_too_deep_is_one_bad_record():
    deep = {}
    for _ in range(3000):
        deep = {"a": deep}
    assert read([{"id": "a"}, {"id": "b", "metadata": deep}, {"id": "c"}])[0] == ["a", "c"]


def test_the_raw_json_of_a_record_is_found_beside_it():
    page = b'{"results": [{"id": "a", "new": 1}, {"id": 7}, {"id": "c", "new": 3}]}'
    [batch] = RecordReader(UserUpload).batches(page, [])
    assert [msgspec.json.decode(batch.raw(n))["new"] for n in range(2)] == [1, 3]


def test_the_raw_json_of_an_encoded_dict_is_found_too():
    [batch] = RecordReader(UserUpload).batches([{"id": "a", "new": 1}])
    assert msgspec.json.decode(batch.raw(0))["new"] == 1


def test_no_records_are_no_batches():
    assert list(UPLOADS.batches([])) == []


OLD, NEW = "2026-05-04T12:00:00Z", "2026-05-04T12:00:01Z"


@pytest.mark.parametrize(("stamps", "newest"), [((OLD, NEW), 1), ((NEW, OLD), 0), ((NEW, NEW), 1)])
@pytest.mark.parametrize("flat", [uploads_frame, lambda page: flatten(page).uploads])
def test_what_is_twice_on_a_page_is_one_row_of_its_newest_version(flat, stamps, newest):
    twice = [record(1, updated_at=at, file_name=str(n)) for n, at in enumerate(stamps)]
    page = json.dumps({"next": None, "results": [twice[0], record(2), twice[1]]}).encode()
    frame = flat(page).set_index("id")
    assert sorted(frame.index) == [record(1)["id"], record(2)["id"]]
    assert frame.loc[record(1)["id"], "file_name"] == str(newest)


def test_the_signals_of_what_is_twice_on_a_page_come_once():
    once = json.dumps({"results": [record(1)]}).encode()
    twice = json.dumps({"results": [record(1), record(1)]}).encode()
    pd.testing.assert_frame_equal(signals_frame(twice), signals_frame(once))


def test_versions_that_are_given_one_by_one_are_rows_of_their_own():
    assert len(uploads_frame([record(1), record(1, updated_at=NEW)])) == 2
