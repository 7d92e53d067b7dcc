"""Forms, signals and reason codes are found wherever they are wrapped."""

import pytest

from argyle_nb.errors import DecodeError
from argyle_nb.frames.authenticity import forms_anywhere, lowest_form_score
from argyle_nb.frames.records import READ, rows_of
from tests.support.records import analysis, form, record


def forms_of(ocr_authenticity):
    [batch] = READ.batches(record(metadata={"ocr_authenticity": ocr_authenticity}))
    return rows_of(batch).forms[0]


WRAPPERS = {
    "one form": form(),
    "one document": analysis(),
    "a book of documents": {"book_uuid": "b", "doc_analysis": [analysis()]},
    "a list": [analysis()],
    "a response": {"status": 200, "response": analysis()},
}


@pytest.mark.parametrize("wrapped", WRAPPERS.values(), ids=WRAPPERS)
def test_a_form_is_found_at_every_wrapper_level(wrapped):
    [found] = forms_of(wrapped)
    assert found.signals[0].identifier == "dollar_amount_edits"


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_null_and_empty_mean_that_there_is_no_analysis(nothing):
    assert forms_of(nothing) is None


def test_an_analysis_without_forms_has_no_forms():
    assert forms_of({"detect_status": "PENDING", "form_analysis": []}) == []


def test_the_texts_of_several_occurrences_are_joined():
    [found] = forms_of(form())
    assert found.signals[0].texts().get("tampered_text") == "10,000.00 | 15,000.00"


def test_a_text_that_is_null_is_left_out():
    data = {"values": [{"key": "original_text", "value": None, "data_type": "null"}]}
    signal = {"identifier": "date_edits", "supporting_data": [data]}
    [found] = forms_of(form(signals=[signal]))
    assert found.signals[0].texts().get("original_text") is None


def test_reason_codes_are_empty_where_there_is_no_verdict():
    [found] = forms_of(form(form_authenticity=None))
    assert found.reason_codes == []


def test_the_lowest_form_speaks_for_the_upload():
    low = form(form_authenticity={"score": 20})
    forms = forms_of({"form_analysis": [form(), low]})
    assert lowest_form_score(forms) == 20


def test_a_form_of_another_shape_is_an_error_that_names_record_and_path():
    with pytest.raises(DecodeError, match=r"ocr_authenticity.*signals") as caught:
        forms_of(form(signals="none"))
    assert caught.value.record == record()["id"]


def test_a_form_under_a_name_that_nobody_published_is_found_all_the_same():
    [found] = forms_of({"data": {"analysis": [form()]}})
    assert found.signals[0].identifier == "dollar_amount_edits"


def test_a_document_with_signals_of_its_own_hides_no_form():
    assert len(forms_of(form() | {"form_analysis": [form()]})) == 2
    assert len(forms_of({"signals": [], "form_analysis": [form()]})) == 1


def test_an_object_without_any_form_is_no_analysis():
    assert forms_of({"detect_status": "DELETED"}) is None


def test_nesting_too_deep_to_read_is_an_error():
    nested = b'{"response":' * 3000 + b"null" + b"}" * 3000
    raw = b'{"id": "u1", "metadata": {"ocr_authenticity": ' + nested + b"}}"
    rejected = []
    assert not [row for batch in READ.batches(raw, rejected) for row in batch.records]
    assert "recursion" in rejected[0].problem


def test_what_is_deeper_than_twenty_levels_is_not_looked_at():
    deep = {"signals": []}
    for _ in range(21):
        deep = {"data": deep}
    assert list(forms_anywhere(deep["data"])) == [{"signals": []}]
    assert list(forms_anywhere(deep)) == []
