"""JSON that the decoder refuses: cut into its records by brackets and quotes, its fault placed."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.malformed import cut_page, fault_in, fields_of, is_whole
from tests.support.records import record

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


# Pages


@given(st.lists(VALUES), st.none() | st.text(), st.booleans(), st.sampled_from([None, 2]))
def test_a_page_is_cut_into_what_the_decoder_finds(records, link, is_ascii, indent):
    page = {"next": link, "previous": None, "results": records, "more": {"results": [1]}}
    text = json.dumps(page, ensure_ascii=is_ascii, indent=indent)
    cut = cut_page(text.encode("utf-8", "surrogatepass"))
    assert [json.loads(one.decode("utf-8", "surrogatepass")) for one in cut.records] == records
    assert (cut.next, cut.has_next) == (link, True)


@given(st.binary())
def test_any_bytes_are_cut_or_are_no_page(data):
    for page in (data, b'{"next": null, "results": [' + data, b"[" + data):
        cut = cut_page(page)
        assert cut is None or all(one in page for one in cut.records)
        fault_in(page)
        fields_of(page)


@pytest.mark.parametrize("text", ["", "7", '"results"', "{}", '{"results": null}', "<html>"])
def test_what_has_no_list_of_results_is_no_page(text):
    assert cut_page(text.encode()) is None


@pytest.mark.parametrize(
    ("page", "has_next"),
    [
        ('{"next": null, "results": [', True),
        ('{"next": "x", "results": [{"id"', True),
        ('{"next": 7, "results": []}', False),
        ('{"next": "\\ud800", "results": []}', False),
        ('{"results": []}', False),
        ('{"results": [], "next": null}', True),
        ('{"results": [{"id": "a"', False),
        ("[1]", True),
        ("[1", False),
        ('{"next": null, "results": []', False),
        ('{"next": null, "results": []} more', False),
        ("[1] more", False),
    ],
)
def test_it_is_told_whether_the_next_page_is_known(page, has_next):
    assert cut_page(page.encode()).has_next == has_next


def test_a_record_that_breaks_off_anywhere_costs_no_other():
    whole = [json.dumps(record(number)).encode() for number in range(3)]
    for end in range(1, len(whole[1])):
        broken = [whole[0], whole[1][:end], whole[2]]
        cut = cut_page(b'{"next": null, "results": [' + b", ".join(broken) + b"]}")
        assert (cut.records[0], cut.records[-1]) == (whole[0], whole[2])
        assert not is_whole(cut.records[1])


@pytest.mark.parametrize("stray", ["]", "}", "]}", "}]", "]]", "]}]}", " ]\n}\t]"])
@pytest.mark.parametrize("is_bare", [True, False])
def test_brackets_too_many_behind_a_record_cost_no_other(stray, is_bare):
    whole = [json.dumps(record(number)).encode() for number in range(4)]
    for at in range(3):
        bent = [one + stray.encode() * (n == at) for n, one in enumerate(whole)]
        listed = b"[" + b", ".join(bent) + b"]"
        cut = cut_page(listed if is_bare else b'{"results": ' + listed + b', "next": null}')
        assert cut.records == bent
        assert cut.has_next


@pytest.mark.parametrize(
    "rest", ["], {}]}", "], 1]}", "] 1]}", '], "next": null, {"a": 1}]}', "]} {"]
)
def test_what_stands_behind_a_list_is_told(rest):
    """Nobody reads it: it may be records."""
    cut = cut_page(b'{"next": null, "results": [{"id": 1}' + rest.encode())
    assert not cut.has_next or not is_whole(cut.records[-1])
    assert any(fault_in(one) for one in cut.records)


def test_no_object_within_a_record_is_taken_for_one():
    """Where a record breaks off, the next one is found by how records begin, not by a bracket."""
    people = [{"id": f"nested-{number}", "name": "x"} for number in range(5)]
    one = json.dumps(record(1, metadata={"ocr_data": people})).encode()
    page = b'{"next": null, "results": [' + json.dumps(record(0)).encode() + b", " + one[:-1]
    cut = cut_page(page + b", " + json.dumps(record(2)).encode() + b"]}")
    assert not [raw for raw in cut.records if raw.startswith(b'{"id": "nested')]
    assert json.loads(cut.records[-1])["id"] == record(2)["id"]


def test_brackets_and_quotes_in_texts_count_for_nothing():
    texts = ['a"b', "}]", "[{", "\\", '\\"', ',{"id": "x", "account": "y"}']
    records = [record(number, file_name=text) for number, text in enumerate(texts)]
    page = json.dumps([*records, {"id": float("nan")}]).encode()
    assert [json.loads(one) for one in cut_page(page).records[:-1]] == records


GOOD = '{"id": "y", "a": 1}, '
BROKEN = {
    "a bracket and nothing in it": '{"id": "x", "a": {, ' + GOOD,
    "brackets without an end": '{"id": "x", "a": {"b": [{"c": 1}, ' + GOOD,
    "a quote in a text": '{"id": "x", "a": "b"c"}, ' + GOOD,
    "a text without an end": '{"id": "x", "a": "b, ' + GOOD,
    "a bracket of another pair": '{"id": "x", "a": [1}, ' + GOOD,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_large_page_of_broken_records_is_cut_at_once(broken):
    """Were the rest read again for each of them, this would take an hour."""
    count = 20_000
    page = '{"next": null, "results": [' + BROKEN[broken] * count + GOOD[:-2] + "]}"
    cut = cut_page(page.encode())
    assert cut.records.count(GOOD[:-2].encode()) == count + 1
    assert cut.has_next


def test_a_large_page_of_nothing_but_beginnings_is_given_up_at_once():
    cut = cut_page(b'{"next": null, "results": [' + b'{"id": "x", "a": [, ' * 50_000)
    assert not any(map(is_whole, cut.records))


# Faults


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ('{"a": [1, {"b": NaN}]}', "$.a[1].b", "NaN is not JSON"),
        ('{"a": -Infinity}', "$.a", "-Infinity is not JSON"),
        ('{"a": Ada}', "$.a", "a value that is not JSON"),
        ('{"a": {"b": 1}, "c": ["\\ud800"]}', "$.c[0]", "an unpaired surrogate in a text"),
        ('{"a": "\\q"}', "$.a", "invalid JSON in a text"),
        ('{"a": "b', "$.a", "the record is cut off; records after it may be missing"),
        ('{"a": {"b": 1}', "$.a", "the record is cut off; records after it may be missing"),
        ('{"a": {"b": 1]}', "$.a.b", "the record is cut off; records after it may be missing"),
    ],
)
def test_a_fault_has_a_place_and_a_name(text, path, problem):
    assert fault_in(text.encode()) == (path, problem)


def test_bytes_that_are_not_utf_8_have_a_place():
    assert fault_in(b'{"a": {"b": "\xff"}}') == ("$.a.b", "a text that is not UTF-8")


def test_of_a_deep_path_only_the_beginning_is_told():
    deep = b'{"a":' * 3000 + b"1" + b"}" * 3000
    assert fault_in(deep) == ("$" + ".a" * 8 + "...", "nested too deeply")


@given(VALUES)
def test_what_is_json_has_no_fault(value):
    text = json.dumps(value).encode()
    assert is_whole(text)
    assert fault_in(text) is None or "\\ud" in text.decode()


def test_fields_are_read_beside_what_nobody_can_read():
    fields = fields_of(b'{"id": "u1", "a": NaN, "b": {"id": "u2"}, "updated_at": "x", "c": "cut')
    assert fields == {"id": b'"u1"', "a": b"NaN", "b": b'{"id": "u2"}', "updated_at": b'"x"'}


def test_a_page_of_a_million_brackets_is_cut_at_once():
    dice = random.Random(1)  # noqa: S311 - the same each time
    page = b'{"results": [' + bytes(dice.choices(b"[]{},", k=1_000_000))
    assert cut_page(page).records
