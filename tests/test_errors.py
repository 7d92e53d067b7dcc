"""The tree of errors."""

from __future__ import annotations

import copy
import pickle
import re
import sys

import pytest

from argyle_nb import errors

ALL = [
    errors.ConfigurationError("no key: run anb.login()"),
    errors.DocumentError("w2.pdf", "is empty"),
    errors.TransportError("the connection broke"),
    errors.AmbiguousUploadError("it may be there"),
    errors.AuthenticationError("401", status=401, body="no", request="GET /v2/users"),
    errors.ValidationError("400", fields={"user": ["wrong"]}, status=400),
    errors.NotFoundError("404", status=404),
    errors.RateLimitError("429", status=429),
    errors.ServerError("500", status=500),
    errors.DecodeError("u1", "$.id", "not a text"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_every_error_is_an_argyle_error(error):
    assert isinstance(error, errors.ArgyleError)


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_to_another_process(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_can_be_copied(error):
    assert str(copy.copy(error)) == str(error)


def test_an_answer_of_the_service_keeps_its_first_200_characters_only():
    assert len(errors.ApiError("no", body="x" * 10_000).body) == 200


def test_the_classes_stand_in_one_tree():
    refusals = (
        errors.AuthenticationError,
        errors.ValidationError,
        errors.NotFoundError,
        errors.RateLimitError,
        errors.ServerError,
    )
    assert all(issubclass(kind, errors.ApiError) for kind in refusals)
    assert not issubclass(errors.AmbiguousUploadError, errors.ApiError)
    assert not issubclass(errors.TransportError, errors.ApiError)


def test_a_validation_error_copies_the_fields_it_was_given():
    fields = {"user": ["wrong"]}
    error = errors.ValidationError("400", fields=fields)
    fields["user"].append("changed later")
    assert error.fields == {"user": ["wrong"]}


def test_a_document_error_names_the_file_and_the_problem():
    assert str(errors.DocumentError("w2.pdf", "is empty")) == "w2.pdf: is empty"


def test_a_decode_error_names_the_record_and_the_place():
    assert str(errors.DecodeError("u1", "$.id", "odd")) == "record u1, at $.id: odd"


def test_what_nobody_foresaw_is_named_by_its_class():
    assert errors.words_of(OSError("the disk is full")) == "OSError: the disk is full"
    assert errors.words_of(errors.TransportError("it broke")) == "it broke"


def test_an_extra_is_installed_for_the_python_that_runs():
    assert errors.install("excel") == f'run {sys.executable} -m pip install "argyle-nb[excel]"'


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        (
            ["the file is empty. Scan it again.", "", "no borrower."],
            "The file is empty. Scan it again. No borrower.",
        ),
        (
            ["external_id '3/4': Excel made a date of it."],
            "external_id '3/4': Excel made a date of it.",
        ),
        (["https://argyle.test: can't be reached."], "https://argyle.test: can't be reached."),
        ([], ""),
    ],
)
def test_problems_stand_alone_as_sentences_and_names_stay_as_they_are(problems, told):
    assert errors.sentences(*problems) == told


UPLOAD_ID = "01320596-2c3d-189c-53e7-a8ce6d625b33"


@pytest.mark.parametrize(
    ("record", "path", "told"),
    [
        (UPLOAD_ID, "$.metadata.ocr_authenticity[0].signals[12].identifier", None),
        (UPLOAD_ID, "$", None),
        (UPLOAD_ID, "$.processing.ocr...", None),
        ("7 without an ID", "$.id", None),
        ("without an ID", "$[3].id", None),
        ("page", "$", None),
        (
            UPLOAD_ID,
            "$.metadata.ocr_data.Ada Sample",
            f"record {UPLOAD_ID}, at $.metadata.ocr_data...:",
        ),
        (UPLOAD_ID, "$.Ada.id", f"record {UPLOAD_ID}, at $...:"),
        (UPLOAD_ID, "$.metadata[Ada].id", f"record {UPLOAD_ID}, at $.metadata...:"),
        ("Ada Sample", "$.id", "record with an ID that is not a UUID, at $.id:"),
        ("900-12-3456", "$.id", "record with an ID that is not a UUID, at $.id:"),
        (f"{UPLOAD_ID} Ada", "$.id", "record with an ID that is not a UUID, at $.id:"),
    ],
)
def test_a_warning_of_unreadable_records_tells_no_name_that_may_be_a_person(record, path, told):
    error = errors.DecodeError(record, path, "not a text")
    told = f"{told} not a text" if told else str(error)
    with pytest.warns(UserWarning, match=re.escape(f"Unreadable users were left out: 1 ({told}).")):
        errors.warn_of_unreadable([error], "users", stacklevel=1)
