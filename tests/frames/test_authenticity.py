"""Forms, signals and reason codes are found wherever they are wrapped."""

from types import SimpleNamespace

import pytest

from argyle_nb.errors import DecodeError
from argyle_nb.frames.authenticity import forms_anywhere, lowest_form_score, told_of
from argyle_nb.frames.records import COUNTED, READ, rows_of
from tests.support.records import analysis, form, record


def page_of(ocr_authenticity):
    [batch] = READ.batches(record(metadata={"ocr_authenticity": ocr_authenticity}))
    return rows_of(batch)


def forms_of(ocr_authenticity):
    return page_of(ocr_authenticity).forms[0]


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


def named(name):
    signal = {"identifier": name, "display_name": name}
    return form(signals=[signal], form_authenticity={"score": 50, "reason_codes": []})


def names_of(ocr_authenticity):
    """Give the signals' identifiers, of which as many must be counted."""
    [batch] = COUNTED.batches(record(metadata={"ocr_authenticity": ocr_authenticity}))
    [count] = rows_of(batch).findings[0]
    names = [signal.identifier for one in forms_of(ocr_authenticity) for signal in one.signals]
    assert count == len(names)
    return names


BOTH = {"form_analysis": [named("a")], "doc_analysis": [{"form_analysis": [named("b")]}]}
LEVELS = {
    "no form on top": (BOTH | {"form_analysis": []}, ["b"]),
    "no document": (BOTH | {"doc_analysis": []}, ["a"]),
    "no form in the document": (BOTH | {"doc_analysis": [{"form_analysis": []}]}, ["a"]),
    "forms on top and in documents": (BOTH, ["a", "b"]),
    "no document beside a response": ({"doc_analysis": [], "response": BOTH}, ["a", "b"]),
    "another form in the response": (BOTH | {"response": named("c")}, ["a", "b", "c"]),
    "the same form in the response": (BOTH | {"response": [named("b")]}, ["a", "b"]),
    "the same form on top and in a document": (
        BOTH | {"doc_analysis": [{"form_analysis": [named("b"), named("a")]}]},
        ["a", "b"],
    ),
    "two alike at one level": ({"form_analysis": [named("a"), named("a")]}, ["a", "a"]),
    "levels under a name that nobody published": ({"data": BOTH}, ["a", "b"]),
}


@pytest.mark.parametrize(("wrapped", "names"), LEVELS.values(), ids=LEVELS)
def test_no_level_hides_the_forms_of_another_and_none_counts_twice(wrapped, names):
    assert names_of(wrapped) == names


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_null_and_empty_mean_that_there_is_no_analysis(nothing):
    assert forms_of(nothing) is None


def test_an_analysis_without_forms_has_no_forms():
    assert forms_of({"detect_status": "PENDING", "form_analysis": []}) == []


def occurrences_of(*supporting_data):
    signal = {"identifier": "date_edits", "supporting_data": list(supporting_data)}
    [found] = forms_of(form(signals=[signal]))
    told, [count] = told_of(found.signals)
    rows = zip(*told.values(), strict=True)
    occurrences = [SimpleNamespace(**dict(zip(told, row, strict=True))) for row in rows]
    assert len(occurrences) == count
    return occurrences


def told(**values):
    return {"values": [{"key": k, "value": v, "data_type": "str"} for k, v in values.items()]}


def test_each_occurrence_has_its_own_texts():
    first, second = occurrences_of(told(tampered_text="1 | 2"), told(original_text="3"))
    assert (first.original_text, first.tampered_text) == (None, "1 | 2")
    assert (second.original_text, second.tampered_text) == ("3", None)


def test_a_signal_without_supporting_data_occurs_once():
    [only] = occurrences_of()
    assert set(vars(only).values()) == {None}


@pytest.mark.parametrize("value", [None, "null", "None"])
def test_a_value_of_the_type_null_is_nothing_and_no_text(value):
    item = {"key": "original_text", "value": value, "data_type": "null"}
    [only] = occurrences_of({"values": [item]})
    assert only.original_text is None


def test_what_stands_under_other_keys_or_twice_is_kept_as_json():
    data = told(txn_date="01/02", field_name="date")
    data["values"].append({"key": "txn_date", "value": 3, "data_type": "int"})
    [only] = occurrences_of(data)
    assert (only.field_name, only.other_values) == ("date", '{"txn_date":["01/02",3]}')


def test_the_origin_of_a_file_has_its_columns():
    [only] = occurrences_of(told(edit_source="Some Editor", doc_origin="Some Bank"))
    assert (only.edit_source, only.doc_origin) == ("Some Editor", "Some Bank")


STATUSES = [("PENDING", None), ("UNABLE_TO_PROCESS", None), ("UNSUPPORTED", None)]
STATUSES += [("DELETED", None), ("COMPLETED", 0), (None, 0)]


@pytest.mark.parametrize(("status", "count"), STATUSES)
def test_what_was_never_analyzed_has_not_no_signals_but_none_counted(status, count):
    page = page_of({"detect_status": status, "form_analysis": []})
    signals, codes, _ = page.findings
    assert (page.detect_statuses, signals, codes) == ([status], [count], [count])


def test_of_several_documents_one_that_was_not_analyzed_speaks():
    pending = {"detect_status": "PENDING", "form_analysis": []}
    page = page_of({"response": {"doc_analysis": [analysis(), pending]}})
    assert page.detect_statuses == ["PENDING"]
    assert page.findings[0] == [1]


@pytest.mark.parametrize(
    "inside",
    [
        {"doc_analysis": [{"form_analysis": []}]},
        {"doc_analysis": [analysis() | {"form_analysis": [], "detect_status": "COMPLETED"}]},
        {"doc_analysis": []},
        {"response": {"form_analysis": []}},
        {"response": {}},
        {"data": {"form_analysis": []}},
    ],
)
def test_what_is_around_the_documents_may_say_that_nothing_was_analyzed(inside):
    page = page_of({"detect_status": "UNABLE_TO_PROCESS"} | inside)
    assert (page.detect_statuses, page.findings[0]) == (["UNABLE_TO_PROCESS"], [None])


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["HIGH", "LOW", "MEDIUM"], "LOW"),
        (["HIGH", "NEW"], "HIGH"),
        (["NEW"], "NEW"),
        ([None], None),
    ],
)
def test_the_highest_risk_is_the_status_whatever_the_score(statuses, status):
    forms = [form(form_authenticity={"score": 99, "authenticity_status": s}) for s in statuses]
    assert page_of({"form_analysis": forms}).findings[2] == [status]


@pytest.mark.parametrize(
    ("told_as", "is_of_pictures"),
    [
        *[(True, True), ("true", True), (False, False), ("False", False), (None, None)],
        *[("?", None), (1, None), (0.0, None), ([True], None), ({"value": True}, None)],
    ],
)
def test_a_pdf_of_pictures_is_told_as_text_or_as_boolean(told_as, is_of_pictures):
    document = {"is_image_based_pdf": told_as, "signals": []}
    assert page_of(document).image_based == [is_of_pictures]
    assert page_of({"doc_analysis": [document]}).image_based == [is_of_pictures]


def test_a_document_under_a_name_that_nobody_published_keeps_its_status():
    page = page_of({"data": {"analysis": analysis() | {"detect_status": "PENDING"}}})
    assert page.detect_statuses == ["PENDING"]


def test_reason_codes_are_empty_where_there_is_no_verdict():
    [found] = forms_of(form(form_authenticity=None))
    assert found.reason_codes == []


def test_the_lowest_form_speaks_for_the_upload():
    low = form(form_authenticity={"score": 20})
    forms = forms_of({"form_analysis": [form(), low]})
    assert lowest_form_score(forms) == 20


@pytest.mark.parametrize("score", [True, False, "1_0", " 12 ", "\u0661\u0662"])
def test_what_is_no_number_is_no_score_of_a_form(score):
    with pytest.raises(DecodeError, match=r"form_authenticity\.score"):
        forms_of(form(form_authenticity={"score": score}))


@pytest.mark.parametrize(("told_as", "read"), [("2", 2), ("-1.0", -1), (3.0, 3)])
def test_a_page_and_a_count_are_whole_numbers_however_they_are_written(told_as, read):
    signal = {"identifier": "date_edits", "page_number": told_as, "signal_count": told_as}
    [found] = forms_of(form(signals=[signal]))[0].signals
    assert (found.page_number, found.signal_count) == (read, read)


@pytest.mark.parametrize("told_as", [True, False, "1_0", "two"])
def test_a_page_and_a_count_that_are_no_numbers_are_missing(told_as):
    signal = {"identifier": "date_edits", "page_number": told_as, "signal_count": told_as}
    [found] = forms_of(form(signals=[signal]))[0].signals
    assert (found.page_number, found.signal_count) == (None, None)


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
    assert rejected[0].problem == "nested too deeply"


def test_what_is_deeper_than_twenty_levels_is_not_looked_at():
    deep = {"signals": []}
    for _ in range(21):
        deep = {"data": deep}
    assert list(forms_anywhere(deep["data"])) == [{"signals": []}]
    assert list(forms_anywhere(deep)) == []
