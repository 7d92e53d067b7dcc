"""OCR results become one row per field, or one per upload of the income fields."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import DecodeError
from argyle_nb.frames.ocr import amount_of, ocr_frame
from tests.support.records import record, unscored


def money(amount, currency="USD"):
    return {"amount": amount, "currency": currency}


def paystub(**changes):
    return {
        "uuid": "ae1cd66b",
        "status": "COMPLETED",
        "doc_page_numbers": [2],
        "employer": {"name": "Sample Works", "address": {"line1": "PO BOX 75", "line2": None}},
        "employee": {"name": "Ada Sample"},
        "paystub_details": {"pay_date": "2026-05-07", "pay_frequency": "BI_WEEKLY"},
        "net_pay": {"totals": {"current_pay": money("2,367.08"), "ytd_pay": money(None)}},
        "earnings": {
            "subtotals": [{"description": "REGULAR", "current_pay": money("2576.92")}],
            "totals": [{"current_pay": money("3345.84"), "ytd_pay": money("28354.52")}],
        },
        "confidence_scores": None,
    } | changes


def raw_field(value, **changes):
    return {"value": value, "is_empty": value == "", "alias_used": None} | changes


W2 = {
    "form_type": "W2",
    "raw_fields": {
        "year": raw_field("2025"),
        "employeeName": raw_field("Ada Sample", confidence=0.97),
        "wagesTipsOtherComp": raw_field("41250"),
        "box9": raw_field(""),
    },
}


def long_of(ocr_data):
    return ocr_frame([record(1, metadata={"ocr_data": ocr_data})]).set_index("field")


def test_every_field_that_was_read_has_a_row_and_nothing_else_has():
    fields = long_of(paystub()).index.tolist()
    assert fields == [
        "employer.name",
        "employer.address.line1",
        "employee.name",
        "paystub_details.pay_date",
        "paystub_details.pay_frequency",
        "net_pay.totals.current_pay",
        "earnings.subtotals[0].description",
        "earnings.subtotals[0].current_pay",
        "earnings.totals[0].current_pay",
        "earnings.totals[0].ytd_pay",
    ]


def test_an_amount_has_its_text_its_number_and_its_currency():
    row = long_of(paystub()).loc["net_pay.totals.current_pay"]
    assert (row["value"], row["amount"], row["currency"]) == ("2,367.08", 2367.08, "USD")


def test_a_paystub_names_its_form_and_its_only_page():
    row = long_of(paystub()).loc["employer.name"]
    assert (row["form_type"], row["page"]) == ("PAYSTUB", 2)


def test_raw_fields_have_values_and_confidence_and_empty_ones_no_row():
    frame = long_of(W2)
    assert frame.index.tolist() == ["year", "employeeName", "wagesTipsOtherComp"]
    assert frame["form_type"].tolist() == ["W2"] * 3
    assert frame.loc["employeeName", "ocr_confidence"] == 0.97


def test_plain_digits_are_an_amount_only_in_a_field_of_amounts():
    frame = long_of(W2)
    assert frame.loc["wagesTipsOtherComp", "amount"] == 41250
    assert pd.isna(frame.loc["year", "amount"])


@pytest.mark.parametrize(
    "wrapped",
    [[W2], {"response": W2}, {"response": [W2]}, [{"response": W2}]],
    ids=["a list", "a response", "a list in a response", "a response in a list"],
)
def test_a_form_is_found_in_every_wrapper(wrapped):
    pd.testing.assert_frame_equal(long_of(wrapped), long_of(W2))


def test_a_truth_is_no_page_and_no_confidence():
    field = {"value": "5.00", "page_index": True, "confidence": True}
    table = long_of({"page_idx": False, "raw_fields": {"netPay": field}})
    assert table[["page", "ocr_confidence"]].isna().all(axis=None)


def test_the_page_of_a_captured_field_counts_from_1():
    captured = {"raw_fields": {"netPay": {"value": "5.00", "page_index": 0, "confidence": 1}}}
    assert long_of(captured).loc["netPay", "page"] == 1


@pytest.mark.parametrize("nothing", [None, {}, [], {"response": {}}])
def test_nothing_read_means_no_rows_with_the_same_columns_and_dtypes(nothing):
    empty = ocr_frame([record(1, metadata={"ocr_data": nothing})])
    full = ocr_frame([record(1, metadata={"ocr_data": W2})])
    assert len(empty) == 0
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()


def test_wide_has_one_row_per_upload_of_the_income_fields():
    records = [
        record(1, metadata={"ocr_data": paystub()}),
        record(2, metadata={"ocr_data": W2}),
        unscored(3, "completed", "idle", "idle"),
    ]
    stub, w2 = ocr_frame(records, wide=True).to_dict("records")
    assert (stub["employer"], stub["net_pay"], stub["gross_pay_ytd"]) == (
        "Sample Works",
        2367.08,
        28354.52,
    )
    assert stub["pay_date"] == pd.Timestamp("2026-05-07")
    assert (w2["employee"], w2["year"], w2["wages"]) == ("Ada Sample", "2025", 41250)
    assert pd.isna(w2["net_pay"])


def test_two_forms_of_one_upload_are_two_rows_and_never_mixed():
    first = paystub(employer={"name": "A"}, net_pay={})
    second = paystub(employer={"name": "B"}, earnings={})
    frame = ocr_frame([record(1, metadata={"ocr_data": [first, second]})], wide=True)
    assert frame["form"].tolist() == [1, 2]
    assert frame["employer"].tolist() == ["A", "B"]
    assert frame["gross_pay"].notna().tolist() == [True, False]
    assert frame["net_pay"].notna().tolist() == [False, True]


def test_a_record_that_breaks_half_way_leaves_nothing_behind():
    deep = "x"
    for _ in range(60):
        deep = {"a": deep}
    odd = record(1, metadata={"ocr_data": {"fine": "5.00", "deep": deep}})
    frame = ocr_frame([odd], errors="collect")
    assert len(frame) == 0
    assert len(frame.attrs["unreadable"]) == 1


def test_wide_columns_and_dtypes_are_fixed_for_no_rows():
    empty = ocr_frame([], wide=True)
    full = ocr_frame([record(1, metadata={"ocr_data": paystub()})], wide=True)
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()


def test_an_older_spelling_of_the_totals_is_understood():
    older = paystub(net_pay={"total": {"current_pay": money("10.00")}})
    frame = ocr_frame([record(1, metadata={"ocr_data": older})], wide=True)
    assert frame.loc[0, "net_pay"] == 10


def test_a_date_that_is_none_is_missing_when_wide_and_text_when_long():
    odd = paystub(paystub_details={"pay_date": "31/02/2026"})
    records = [record(1, metadata={"ocr_data": odd})]
    assert pd.isna(ocr_frame(records, wide=True).loc[0, "pay_date"])
    assert long_of(odd).loc["paystub_details.pay_date", "value"] == "31/02/2026"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234", 1234),
        ("1,234.50", 1234.5),
        ("$ 1,234.50", 1234.5),
        ("$1,234.50", 1234.5),
        ("-3.00", -3),
        ("(3.00)", -3),
        ("$-5.00", -5),
        ("5.00-", -5),
        ("\N{MINUS SIGN}5.00", -5),
        ("5.00)", None),
        ("(5.00", None),
        ("1,23", None),
        ("12-3456789", None),
        ("", None),
        (".", None),
        ("abc", None),
        ("1e5", None),
    ],
)
def test_an_amount_is_read_as_it_is_printed(text, amount):
    assert amount_of(text) == amount


@given(st.integers(-(10**11), 10**11))
def test_a_printed_amount_comes_back_to_the_cent(cents):
    assert amount_of(f"{cents / 100:,.2f}") == round(cents / 100, 2)


def test_nesting_too_deep_is_an_error_that_names_the_record():
    nested = "x"
    for _ in range(60):
        nested = {"a": nested}
    with pytest.raises(DecodeError, match="nested too deeply") as caught:
        long_of(nested)
    assert caught.value.record == record(1)["id"]


def test_a_record_that_cannot_be_read_is_listed_when_errors_are_collected():
    frame = ocr_frame([{"id": 5}, record(1, metadata={"ocr_data": W2})], errors="collect")
    assert len(frame) == 3
    assert len(frame.attrs["unreadable"]) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "amount", "currency", "raw_fields", "response", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_ocr_result_gives_rows_or_nothing_but_never_a_crash(ocr_data):
    frame = ocr_frame([record(1, metadata={"ocr_data": ocr_data})])
    assert set(frame["upload_id"]) <= {record(1)["id"]}
    assert len(ocr_frame([record(1, metadata={"ocr_data": ocr_data})], wide=True)) <= len(frame)
