"""JSON of the API to typed objects."""

from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import DecodeError, ValidationError
from argyle_nb.models import (
    DOCUMENT_TYPES,
    Metadata,
    Processing,
    User,
    UserUpload,
    checked_id,
    checked_type,
    decode,
    decode_page,
    is_uuid,
    reject,
    type_called,
    types_among,
    unknown_type,
    unreadable,
)

# The published example of GET /v2/user-uploads/{id}, shortened.
PUBLISHED = {
    "id": "01320596-2c3d-189c-53e7-a8ce6d625b33",
    "account": "01856c65-43b6-8b5d-b32a-56b8fbda5c28",
    "document_type": "proof-of-identity",
    "file_url": "www.argyle.com/storagename",
    "file_name": "document-name",
    "metadata": {
        "employment": {},
        "ocr_data": {},
        "ocr_authenticity": {},
        "ocr_authenticity_score": None,
    },
    "processing": {
        "classification": "unauthorized",
        "ocr": "unauthorized",
        "authenticity": "unauthorized",
    },
    "created_at": "2024-07-08T13:43:49.864Z",
    "updated_at": "2024-07-08T13:43:49.864033Z",
}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3)
    ),
    max_leaves=8,
)


def read(**fields):
    return decode(json.dumps({"id": "u1", **fields}).encode(), UserUpload)


def scored(score):
    return read(metadata={"ocr_authenticity_score": score}).ocr_authenticity_score


def staged(document_type, *stages):
    return UserUpload("u1", document_type=document_type, processing=Processing(*stages))


def test_the_published_example_is_read():
    upload = decode(json.dumps(PUBLISHED).encode(), UserUpload)
    assert upload.id == PUBLISHED["id"]
    assert upload.file_url == "www.argyle.com/storagename"
    assert upload.stages == ("unauthorized",) * 3
    assert upload.created_at.isoformat() == "2024-07-08T13:43:49.864000+00:00"
    assert upload.updated_at.microsecond == 864033


@pytest.mark.parametrize("metadata", [None, {}, {"ocr_data": None}, {"ocr_data": {}}])
def test_null_empty_and_missing_are_one_thing(metadata):
    upload = read(metadata=metadata)
    assert (upload.ocr_data, upload.ocr_authenticity) == (None, None)
    assert upload.ocr_authenticity_score is None


def test_unknown_fields_are_passed_over():
    assert read(brand_new={"deep": [1]}).id == "u1"


@pytest.mark.parametrize(("given", "score"), [(0, 0), (88, 88), (88.0, 88), ("88", 88), ("", None)])
def test_a_score_is_a_whole_number_however_it_is_written(given, score):
    assert scored(given) == score


@pytest.mark.parametrize(
    "odd",
    [88.5, "high", "nan", "inf", 10**400, "1" * 400, "1_0", " 12 ", "1e1", "+5", "\u0661\u0662"],
)
def test_a_score_that_is_no_whole_number_is_an_error_that_names_it(odd):
    with pytest.raises(DecodeError, match=r"u1.*ocr_authenticity_score"):
        scored(odd)


def test_a_true_score_is_refused_with_the_record_and_the_place():
    with pytest.raises(DecodeError, match=r"record u1, at .*ocr_authenticity_score"):
        read(metadata={"ocr_authenticity_score": True})


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"<html>", b'{"id": "u1"', b'{"id": 7}', b'{"id": "\xff"}', b'{"x": 1}'],
)
def test_what_is_no_record_is_a_decode_error(data):
    with pytest.raises(DecodeError):
        decode(data, UserUpload)


def test_nesting_without_end_is_a_decode_error():
    deep = b'{"id": "u1", "metadata": {"ocr_data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    with pytest.raises(DecodeError):
        decode(deep, UserUpload)


def test_ocr_text_in_another_encoding_is_an_error_that_names_the_field():
    upload = decode(b'{"id": "u1", "metadata": {"ocr_data": "\xff"}}', UserUpload)
    with pytest.raises(DecodeError, match=r"u1.*ocr_data"):
        _ = upload.ocr_data


def test_ocr_data_is_decoded_when_asked_for():
    assert read(metadata={"ocr_data": {"net_pay": "1.00"}}).ocr_data == {"net_pay": "1.00"}


@given(st.dictionaries(st.sampled_from([*PUBLISHED, "new"]), JSON_VALUES), st.text())
def test_any_json_object_is_read_or_refused_with_a_decode_error(fields, upload_id):
    with contextlib.suppress(DecodeError):
        upload = decode(msgspec.json.encode({"id": upload_id} | fields), UserUpload)
        _ = upload.ocr_data, upload.ocr_authenticity, upload.ocr_authenticity_score, upload.at_rest


@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_a_decode_error(data):
    with contextlib.suppress(DecodeError):
        decode_page(data)


def test_a_bare_list_is_a_page_without_a_next_one():
    found = decode_page(b' [{"id": "a"}, {"id": "b"}]')
    assert (len(found.results), found.next) == (2, None)


@pytest.mark.parametrize("data", [b'{"results": null}', b'{"results": {}}', b'{"next": null}'])
def test_a_page_without_results_is_an_error(data):
    with pytest.raises(DecodeError, match="results"):
        decode_page(data)


def test_what_ends_a_cell_shows_no_file_name_and_no_ocr_text():
    shown = repr(UserUpload("a", file_name="ssn.pdf", metadata=Metadata(msgspec.Raw(b'"900-12"'))))
    assert "ssn" not in shown
    assert "900-12" not in shown


@pytest.mark.parametrize("version", "0123456789abcdef")
def test_an_id_may_carry_any_version_digit(version):
    assert is_uuid(f"01856c65-43b6-{version}b5d-b32a-56b8fbda5c28")


@pytest.mark.parametrize(
    "text",
    ["", "borrower-001", "01856c65-43b6-8b5d-b32a-56b8fbda5c28\n", "../v2/users", "\uff10" * 36],
)
def test_what_is_no_id_is_not_taken_for_one(text):
    assert not is_uuid(text)


@pytest.mark.parametrize("document_type", DOCUMENT_TYPES)
def test_unauthorized_stages_are_at_rest(document_type):
    assert staged(document_type, *["unauthorized"] * 3).at_rest


@pytest.mark.parametrize(
    ("stages", "at_rest"),
    [
        (("in_progress", "idle", "idle"), False),
        (("completed", "in_progress", "idle"), False),
        (("completed", "idle", "idle"), False),
        (("completed", "failed", "idle"), True),
        (("completed", "completed", "completed"), True),
    ],
)
def test_a_paystub_rests_when_nothing_can_follow(stages, at_rest):
    assert staged("paystubs", *stages).at_rest is at_rest


def test_a_type_without_ocr_rests_after_classification():
    assert staged("proof-of-identity", "completed", "idle", "idle").at_rest


def test_a_user_needs_an_id_only():
    assert decode(b'{"id": "a", "user_token": "t"}', User) == User("a")


def test_what_may_be_asked_for_is_given_back_and_the_rest_refused():
    user = PUBLISHED["account"]
    assert (checked_id("user", user), checked_id("user", None)) == (user, None)
    assert [checked_type(name) for name in DOCUMENT_TYPES] == [*DOCUMENT_TYPES]
    with pytest.raises(
        ValidationError, match=r"Unknown document_type 'FHA'. Use one of: paystubs, W-2"
    ) as caught:
        checked_type("FHA")
    assert caught.value.fields == {"document_type": ['"FHA" is not a valid choice.']}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("paystbu", "paystubs"),
        ("miscelaneous", "miscellaneous"),
        ("1098", "1099"),
        ("FHA", None),
        (None, None),
    ],
)
def test_a_refused_type_names_the_closest_one(text, meant):
    hint = f" (did you mean {meant!r}?)" if meant else ""
    assert unknown_type(text).startswith(f"unknown document_type {text!r}{hint}. Use one of:")


@given(st.lists(st.text() | st.none() | st.integers()), st.sets(st.text()))
def test_a_type_to_filter_by_stays_where_it_occurs_as_it_is_written(wanted, known):
    read = types_among(wanted, known)
    assert all(one in {*DOCUMENT_TYPES, before} for before, one in zip(wanted, read, strict=True))
    assert [one for one in wanted if one in known] == [
        one for before, one in zip(wanted, read, strict=True) if before in known
    ]


def test_a_type_to_filter_by_may_be_spelled_as_in_a_manifest():
    assert types_among(["W2", "w2", "bank-statements", 1099], {"w2"}) == [
        "W-2",
        "w2",
        "bank-statements",
        "1099",
    ]


# What people call a type


@pytest.mark.parametrize(
    ("document_type", "spellings"),
    [
        ("W-2", "W-2, w2, W 2, W2s, Form W-2, IRS Form W2, w-2 2025, 2024_W2, W-2c"),
        ("1099", "1099, 1099-NEC, 1099 MISC, form1099-int, 1099s, SSA-1099, 1099-NEC 2025"),
        ("paystubs", "paystubs, Paystub, pay stub, PAY-STUBS, payslip, pay slips, paycheck stub"),
        ("proof-of-identity", "ID, ids, Proof of identity, photo id, passport, driver's license"),
        ("proof-of-address", "proof of address, Proof-of-residence, Utility Bill, address"),
        ("miscellaneous", "miscellaneous, Misc"),
    ],
)
def test_each_type_is_known_by_its_usual_spellings(document_type, spellings):
    for spelling in spellings.split(", "):
        assert type_called(spelling) == document_type, spelling


@pytest.mark.parametrize(
    "text", ["", " ", "other", "W-4", "1098", "2025", "W-2 and paystub", "w2g", "tax form", "bill"]
)
def test_what_may_be_several_types_or_none_is_no_spelling(text):
    assert type_called(text) is None


@given(st.text())
def test_any_text_is_a_type_or_is_not(text):
    assert type_called(text) in {*DOCUMENT_TYPES, None}


def test_an_error_tells_the_record_and_the_place():
    wrong = msgspec.ValidationError("Expected `int` - at `$.page`")
    error = unreadable(b'{"id": "u1"}', wrong)
    assert (error.record, error.path, error.problem) == ("u1", "$.page", "Expected `int`")


def test_an_error_is_put_on_the_list_or_raised_where_there_is_none():
    rejected, error = [], DecodeError("u1", "$", "no object")
    reject(error, rejected)
    assert rejected == [error]
    with pytest.raises(DecodeError, match="no object"):
        reject(error, None)
