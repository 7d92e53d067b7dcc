"""Uploads become tidy frames with fixed columns and dtypes."""

import json
import re

import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames import uploads
from argyle_nb.frames.columns import TextColumn
from argyle_nb.frames.uploads import (
    UPLOAD_COLUMNS,
    UploadColumn,
    flatten,
    signals_frame,
    uploads_frame,
)
from argyle_nb.models import DOCUMENT_TYPES, Account, User
from argyle_nb.report.dictionary import meaning_of
from argyle_nb.report.privacy import KINDS, UPLOADS, dictionary_kind
from argyle_nb.widgets.explore_view import WRITTEN_COLUMNS
from tests.support.records import analysis, as_uploads, form, record, scored, stages, unscored

EXPECTED_DTYPES = {
    "id": "string",
    "account": "string",
    "user": "string",
    "external_id": "string",
    "document_type": "category",
    "requested_document_type": "category",
    "file_name": "string",
    "file_url": "string",
    "processing_classification": "category",
    "processing_ocr": "category",
    "processing_authenticity": "category",
    "ocr_authenticity_score": "Int16",
    "authenticity_level": "category",
    "authenticity_status": "category",
    "detect_status": "category",
    "is_image_based_pdf": "boolean",
    "signal_count": "Int32",
    "reason_code_count": "Int32",
    "created_at": "datetime64[us, UTC]",
    "updated_at": "datetime64[us, UTC]",
}


def dtypes_of(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_each_column_is_described_once_for_all_who_write_it():
    assert list(uploads_frame([])) == [column.name for column in UPLOAD_COLUMNS]
    for column in UPLOAD_COLUMNS:
        assert column.meaning
        assert not column.privacy or column.privacy in KINDS
        assert re.search(rf"\b{column.name}\b", uploads_frame.__doc__)


def test_a_new_column_is_one_more_line_in_the_table(monkeypatch):
    shouted = (TextColumn, lambda page, _: [row.id.upper() for row in page.rows])
    column = UploadColumn("shouted", shouted, "open", "the id, loudly")
    monkeypatch.setattr(uploads, "UPLOAD_COLUMNS", (*UPLOAD_COLUMNS, column))
    assert uploads_frame([{"id": "a"}])["shouted"].tolist() == ["A"]


def test_the_report_and_the_explorer_write_what_the_table_allows():
    allowed = {column.name: column for column in UPLOAD_COLUMNS if column.privacy}
    assert [name for name in UPLOADS if name != "no_score_reason"] == list(allowed)
    for name, column in allowed.items():
        assert dictionary_kind("uploads.csv", name) == column.privacy
        assert meaning_of("uploads.csv", name) == (column.meaning, column.unit, column.source)
    explored = [column.name for column in UPLOAD_COLUMNS if column.explored]
    assert [name for name in WRITTEN_COLUMNS if name != "status"] == explored


@pytest.mark.parametrize("records", [[], [record()], [{"id": "bare"}]])
def test_columns_and_dtypes_are_fixed_whatever_comes(records):
    assert dtypes_of(uploads_frame(records)) == EXPECTED_DTYPES


def test_one_upload_is_one_row_with_the_apis_own_values():
    [row] = uploads_frame([record()]).to_dict("records")
    assert row["id"] == record()["id"]
    assert (row["ocr_authenticity_score"], row["authenticity_level"]) == (85, "high")
    assert (row["signal_count"], row["reason_code_count"]) == (1, 1)
    assert row["created_at"] == pd.Timestamp("2024-07-08T13:43:49.864Z")


def test_the_same_records_give_the_same_frame_however_they_came():
    records = [scored(n, n) for n in range(5)]
    page = json.dumps({"next": None, "previous": None, "results": records}).encode()
    expected = uploads_frame(records)
    bare = json.dumps(records).encode()
    singles = [json.dumps(one).encode() for one in records]
    for way in (page, [page], bare, singles, as_uploads(records), [records[0], *singles[1:]]):
        pd.testing.assert_frame_equal(uploads_frame(way), expected)


@pytest.mark.parametrize("metadata", [None, {}, {"ocr_authenticity_score": None}])
def test_null_empty_and_missing_metadata_are_one_thing(metadata):
    frame = uploads_frame([record(metadata=metadata)])
    missing = ["ocr_authenticity_score", "authenticity_level", "authenticity_status"]
    missing += ["detect_status", "is_image_based_pdf", "signal_count", "reason_code_count"]
    assert frame.loc[0, missing].isna().all()


@pytest.mark.parametrize("score", [85, 85.0, "85"])
def test_a_score_may_come_as_integer_float_or_text(score):
    assert uploads_frame([scored(1, score)])["ocr_authenticity_score"].tolist() == [85]


@pytest.mark.parametrize("score", ["high", 85.5, -1, 101, "1e400"])
def test_a_score_that_is_none_is_an_error_that_names_the_record(score):
    with pytest.raises(DecodeError, match=record(7)["id"]):
        uploads_frame([scored(7, score)])


def test_without_a_score_on_top_the_lowest_form_counts():
    frame = uploads_frame([record(metadata={"ocr_authenticity": analysis()})])
    assert frame["ocr_authenticity_score"].tolist() == [70]


def test_a_form_score_that_is_not_whole_is_an_error_and_not_rounded():
    odd = record(7, metadata={"ocr_authenticity": form(form_authenticity={"score": 29.9})})
    with pytest.raises(DecodeError, match="not a whole number"):
        uploads_frame([odd])


@pytest.mark.parametrize(
    ("page_number", "read"), [("1", 1), (2.0, 2), ("one", None), (3_000_000_000, None), ([], None)]
)
def test_an_odd_page_loses_neither_the_signal_nor_the_upload(page_number, read):
    signal = {"identifier": "date_edits", "page_number": page_number}
    odd = record(7, metadata={"ocr_authenticity": form(signals=[None, signal])})
    [row] = signals_frame([odd])[["identifier", "page_number"]].head(1).to_dict("records")
    assert row["identifier"] == "date_edits"
    assert row["page_number"] == read if read else pd.isna(row["page_number"])


@pytest.mark.parametrize(
    "odd",
    [
        {"document_type": 1099},
        {"file_name": 7},
        {"metadata": ""},
        {"metadata": {"ocr_authenticity": ""}},
        {"metadata": {"ocr_authenticity": [None]}},
        {"metadata": {"ocr_authenticity": form(signals=None, form_authenticity="")}},
        {"metadata": {"ocr_authenticity": form(form_authenticity={"score": "70"})}},
        {"metadata": {"ocr_authenticity": form(signals=[{"supporting_data": [None, {}]}])}},
        {"processing": []},
        {"updated_at": ""},
    ],
    ids=str,
)
def test_one_odd_field_loses_no_upload(odd):
    both = flatten([record(7, **odd), record(8)])
    assert both.uploads["id"].tolist() == [record(7)["id"], record(8)["id"]]
    assert record(8)["id"] in set(both.signals["upload_id"])


def test_a_document_type_that_is_a_number_is_read_as_its_text():
    assert uploads_frame([record(document_type=1099)])["document_type"].tolist() == ["1099"]


def test_a_signal_that_cannot_be_read_is_collected_with_its_record():
    odd = record(7, metadata={"ocr_authenticity": form(signals="none")})
    frame = signals_frame([odd, record(8)], errors="collect")
    assert set(frame["upload_id"]) == {record(8)["id"]}
    assert [told["record"] for told in frame.attrs["unreadable"]] == [record(7)["id"]]


def test_a_collected_error_tells_record_path_and_problem():
    frame = uploads_frame([{"id": "u1", "user": ["u"]}], errors="collect")
    problem = "Expected `str | null`, got `array`"
    assert frame.attrs["unreadable"] == [{"record": "u1", "path": "$.user", "problem": problem}]


def test_a_score_of_zero_is_a_score():
    frame = uploads_frame([scored(1, 0)])
    assert frame["ocr_authenticity_score"].tolist() == [0]
    assert frame["authenticity_level"].tolist() == ["very low"]


def test_unknown_types_and_statuses_are_kept_as_further_categories():
    frame = uploads_frame([record(document_type="1098", processing=stages("new", "idle", "idle"))])
    assert frame["document_type"].tolist() == ["1098"]
    assert frame["document_type"].cat.categories.tolist() == [*DOCUMENT_TYPES, "1098"]
    assert frame["processing_classification"].tolist() == ["new"]


def test_millisecond_and_microsecond_times_mix():
    frame = uploads_frame(
        [record(1), record(2, created_at="2024-07-08T13:43:49.864033Z"), record(3, created_at=None)]
    )
    assert frame["created_at"].dt.microsecond.tolist()[:2] == [864000, 864033]
    assert frame["created_at"].isna().tolist() == [False, False, True]


def test_accounts_tell_the_user():
    account = Account(record()["account"], user="u-1")
    assert uploads_frame([record()], accounts=[account])["user"].tolist() == ["u-1"]


def test_the_user_that_an_upload_carries_itself_wins():
    [upload] = as_uploads([record()])
    upload = msgspec.structs.replace(upload, user="u-2")
    account = Account(upload.account, user="u-1")
    assert uploads_frame([upload], accounts=[account])["user"].tolist() == ["u-2"]


def test_users_tell_the_external_id_that_each_accounts_user_has():
    accounts = [Account(record()["account"], user="u-1"), Account("other", user="u-2")]
    users = [User("u-2", external_id="loan-2"), User("u-1", external_id="loan-1"), User("u-3")]
    records = [record(1), record(2, account="other"), record(3, account=None)]
    frame = uploads_frame(records, accounts=accounts, users=users)
    assert frame["external_id"].fillna("-").tolist() == ["loan-1", "loan-2", "-"]


def test_users_tell_the_external_id_of_an_upload_that_carries_its_user():
    frame = uploads_frame([record(user="u-1")], users=[User("u-1", external_id="loan-1")])
    assert frame["external_id"].tolist() == ["loan-1"]


def test_several_users_may_share_an_external_id():
    users = [User("u-1", external_id="loan-1"), User("u-2", external_id="loan-1")]
    frame = uploads_frame([record(1, user="u-1"), record(2, user="u-2")], users=users)
    assert frame["user"].tolist() == ["u-1", "u-2"]
    assert frame["external_id"].tolist() == ["loan-1", "loan-1"]


SENT = pd.DataFrame(
    {
        "upload_id": [record(1)["id"], None],
        "document_type": ["W-2", "paystubs"],
        "user": ["u-1", None],
        "external_id": ["loan-1", "loan-9"],
    }
)


def test_what_was_sent_tells_the_borrower_where_accounts_and_users_do_not():
    frame = uploads_frame([record(1), record(2)], sent=SENT)
    assert frame["user"].fillna("-").tolist() == ["u-1", "-"]
    assert frame["external_id"].fillna("-").tolist() == ["loan-1", "-"]


def test_argyle_knows_better_whose_an_upload_is_than_what_was_sent():
    known = {
        "accounts": [Account(record()["account"], user="u-7")],
        "users": [User("u-7", external_id="loan-7")],
    }
    [row] = uploads_frame([record(1)], sent=SENT, **known).to_dict("records")
    assert (row["user"], row["external_id"]) == ("u-7", "loan-7")


def test_sent_must_be_what_was_sent():
    with pytest.raises(ConfigurationError, match="sent has no column upload_id"):
        uploads_frame([], sent=pd.DataFrame({"file": ["a.pdf"]}))


def test_what_was_sent_tells_the_requested_type():
    sent = pd.DataFrame({"upload_id": [record()["id"]], "document_type": ["W-2"]})
    frame = uploads_frame([record()], sent=sent)
    assert frame["requested_document_type"].tolist() == ["W-2"]


def test_levels_are_ordered_and_their_preset_travels_along():
    frame = uploads_frame([scored(1, 55), scored(2, 90)], levels="ocrolus-current")
    assert frame["authenticity_level"].tolist() == ["low", "high"]
    assert frame["authenticity_level"].max() == "high"
    assert frame.attrs["levels"] == "ocrolus-current"


def test_an_unknown_level_preset_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="ocrolus-current"):
        uploads_frame([], levels="fico")


def test_signals_have_one_row_each_and_so_have_reason_codes():
    frame = signals_frame([record()])
    assert frame["finding_type"].tolist() == ["signal", "signal", "reason_code"]
    assert frame["identifier"].tolist() == [*["dollar_amount_edits"] * 2, "006-L"]
    assert frame.loc[2, "reason_confidence"] == "LOW"


def test_each_occurrence_of_a_signal_keeps_its_texts_together():
    frame = signals_frame([record()])
    texts = frame.loc[:1, ["occurrence", "field_name", "original_text", "tampered_text"]]
    assert texts.to_numpy().tolist() == [
        [1, "net_pay", "1,000.00", "10,000.00"],
        [2, "gross_pay", "1,500.00", "15,000.00"],
    ]
    assert frame.loc[:1, "occurrences"].tolist() == [2, 2]


def test_signal_columns_and_dtypes_are_fixed_for_no_rows():
    empty, full = signals_frame([]), signals_frame([record()])
    assert dtypes_of(empty) == dtypes_of(full)


def test_an_upload_without_an_analysis_has_no_signal_rows():
    assert len(signals_frame([unscored(1, "idle", "idle", "idle")])) == 0


def json_values():
    leaves = st.none() | st.booleans() | st.integers(-5, 200) | st.text(max_size=5)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*EXPECTED_DTYPES, "metadata", "processing", "surprise"]), json_values()
        ),
        max_size=3,
    )
)
def test_a_mutated_record_is_one_row_or_one_clear_error(changes):
    mutated = record() | dict(changes) | {"id": "the-id"}
    try:
        frame = uploads_frame([mutated])
    except DecodeError as error:
        told = (error.record, error.path[:2])
    else:
        told = None
        assert (len(frame), dtypes_of(frame)) == (1, EXPECTED_DTYPES)
    assert told in (None, ("the-id", "$."))
