"""Forms, signals and reason codes are found wherever they are wrapped."""

import msgspec
import pytest

from argyle_nb.authenticity import forms_of, lowest_form_score, reason_codes_of, signals_of
from argyle_nb.errors import DecodeError
from argyle_nb.models import Metadata, as_uploads
from tests.records import analysis, form, record


def upload_with(ocr_authenticity):
    return next(as_uploads([record(metadata={"ocr_authenticity": ocr_authenticity})]))


WRAPPERS = {
    "one form": form(),
    "one document": analysis(),
    "a book of documents": {"book_uuid": "b", "doc_analysis": [analysis()]},
    "a list": [analysis()],
    "a response": {"status": 200, "response": analysis()},
}


@pytest.mark.parametrize("wrapped", WRAPPERS.values(), ids=WRAPPERS)
def test_a_form_is_found_at_every_wrapper_level(wrapped):
    [found] = forms_of(upload_with(wrapped))
    assert signals_of("u", found)[0].identifier == "dollar_amount_edits"


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_null_and_empty_mean_that_there_is_no_analysis(nothing):
    assert forms_of(upload_with(nothing)) is None


def test_an_analysis_without_forms_has_no_forms():
    assert forms_of(upload_with({"detect_status": "PENDING", "form_analysis": []})) == []


def test_the_texts_of_several_occurrences_are_joined():
    [found] = forms_of(upload_with(form()))
    assert signals_of("u", found)[0].texts("tampered_text") == "10,000.00 | 15,000.00"


def test_a_text_that_is_null_is_left_out():
    data = {"values": [{"key": "original_text", "value": None, "data_type": "null"}]}
    signal = {"identifier": "date_edits", "supporting_data": [data]}
    [found] = forms_of(upload_with(form(signals=[signal])))
    assert signals_of("u", found)[0].texts("original_text") is None


def test_reason_codes_are_empty_where_there_is_no_verdict():
    [found] = forms_of(upload_with(form(form_authenticity=None)))
    assert reason_codes_of("u", found) == []


def test_the_lowest_form_speaks_for_the_upload():
    low = form(form_authenticity={"score": 20})
    forms = forms_of(upload_with({"form_analysis": [form(), low]}))
    assert lowest_form_score(forms) == 20


def test_a_form_of_another_shape_is_an_error_that_names_record_and_path():
    with pytest.raises(DecodeError, match=r"ocr_authenticity.*signals") as caught:
        forms_of(upload_with(form(signals="none")))
    assert caught.value.record == record()["id"]


def test_a_form_under_a_name_that_nobody_published_is_found_all_the_same():
    [found] = forms_of(upload_with({"data": {"analysis": [form()]}}))
    assert signals_of("u", found)[0].identifier == "dollar_amount_edits"


def test_a_document_with_signals_of_its_own_hides_no_form():
    assert len(forms_of(upload_with(form() | {"form_analysis": [form()]}))) == 2
    assert len(forms_of(upload_with({"signals": [], "form_analysis": [form()]}))) == 1


def test_an_object_without_any_form_is_no_analysis():
    assert forms_of(upload_with({"detect_status": "DELETED"})) is None


def test_nesting_too_deep_to_read_is_an_error_that_names_the_record():
    nested = b'{"response":' * 3000 + b"null" + b"}" * 3000
    upload = msgspec.structs.replace(
        upload_with(None), metadata=Metadata(ocr_authenticity=msgspec.Raw(nested))
    )
    with pytest.raises(DecodeError, match=record()["id"]):
        forms_of(upload)
