"""CSV files open right and run nothing."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.storage import neutral, texts_of, typed, write_csv
from tests.support.records import record


def written(frame, tmp_path):
    path = tmp_path / "table.csv"
    write_csv(frame, path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
HIDDEN = "\t\r\n\0 \x0b\x1f\x7f\x85\xa0\xad\u200b\u2028\u3000\ufeff"


@pytest.mark.parametrize("sign", SIGNS)
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(sign, tmp_path):
    text = f"{sign}1+1"
    assert written(pd.DataFrame({text: [text]}), tmp_path) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_so_is_one_behind_what_a_program_may_drop(hidden, sign, tmp_path):
    text = f"{hidden}{sign}1+1"
    # A tab or a line break may begin another cell, whose sign gets an apostrophe of its own.
    safe = f"'{hidden}'{sign}1+1" if hidden in "\t\r\n" else f"'{text}"
    assert written(pd.DataFrame({text: [text]}), tmp_path) == [[safe], [safe]]


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n"])
@pytest.mark.parametrize("sign", SIGNS)
def test_so_is_one_where_another_separator_would_begin_a_cell(sign, separator, tmp_path):
    text = f"a{separator}{sign}1+1{separator} '{sign}2"
    safe = f"a{separator}'{sign}1+1{separator}' '{sign}2"
    assert written(pd.DataFrame({"t": [text]}), tmp_path)[1] == [safe]


def test_other_separators_before_ordinary_words_are_left_alone(tmp_path):
    text = "a; b;c\td\n e | -1"
    assert written(pd.DataFrame({"t": [text]}), tmp_path)[1] == [text]


@given(st.text() | st.text("';\t\r\n= a-"))
def test_an_apostrophe_that_was_put_there_is_taken_away_again(text):
    assert typed(neutral(text)) == text


@given(st.text(min_size=1))
def test_no_written_text_begins_with_what_could_run(text):
    assert neutral(text)[0] not in SIGNS + HIDDEN


def test_a_formula_among_the_categories_is_made_harmless(tmp_path):
    frame = pd.DataFrame({"kind": pd.Categorical(["=1+1", "plain"])})
    assert written(frame, tmp_path)[1:] == [["'=1+1"], ["plain"]]


def test_negative_numbers_stay_numbers(tmp_path):
    assert written(pd.DataFrame({"n": [-5, -1.5]}), tmp_path)[1:] == [["-5.0"], ["-1.5"]]


def test_missing_is_empty_and_never_nan_or_zero(tmp_path):
    [_, row] = written(uploads_frame([{"id": "bare"}]), tmp_path)
    assert row == ["bare", *[""] * 15]


def test_a_score_stays_a_whole_number_beside_missing_ones(tmp_path):
    rows = written(uploads_frame([record(1), {"id": "bare"}]), tmp_path)
    column = rows[0].index("ocr_authenticity_score")
    assert [row[column] for row in rows[1:]] == ["85", ""]


def test_times_are_iso_8601_in_utc(tmp_path):
    rows = written(uploads_frame([record()]), tmp_path)
    assert rows[1][rows[0].index("created_at")] == "2024-07-08T13:43:49.864000Z"


def test_separators_quotes_and_line_breaks_come_back_as_they_were(tmp_path):
    text = 'a,"b"\nc; é 漢'
    assert written(pd.DataFrame({"t": [text]}), tmp_path)[1] == [text]


def test_no_temporary_file_is_left(tmp_path):
    written(pd.DataFrame({"a": [1]}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_an_ordinary_text_is_left_alone():
    for text in ("a=b", "'tis", "x -1", "1-2", "a@b.example", "é", ""):
        assert neutral(text) == text


def test_lines_end_with_lf_and_there_is_no_mark(tmp_path):
    write_csv(pd.DataFrame({"a": [1]}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == b"a\n1\n"


def test_excel_gets_a_mark_and_cr_lf(tmp_path):
    write_csv(pd.DataFrame({"a": ["é"]}), tmp_path / "x.csv", excel=True)
    assert (tmp_path / "x.csv").read_bytes() == b"\xef\xbb\xbfa\r\n\xc3\xa9\r\n"


def test_an_empty_text_is_not_missing(tmp_path):
    frame = pd.DataFrame({"t": pd.array(["", None], dtype="string"), "n": [1, 2]})
    write_csv(frame, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == 't,n\n"",1\n,2\n'


@pytest.mark.parametrize("text", ["a,b", 'say "x"', "a\nb", "a\rb", "a\r\nb"])
def test_what_would_break_a_line_is_quoted(text, tmp_path):
    write_csv(pd.DataFrame({"t": [text]}), tmp_path / "x.csv")
    quoted = '"' + text.replace('"', '""') + '"'
    assert (tmp_path / "x.csv").read_bytes() == f"t\n{quoted}\n".encode()


@pytest.mark.parametrize(
    ("unit", "end"), [("s", ""), ("ms", ".864"), ("us", ".864000"), ("ns", ".864000000")]
)
def test_a_time_has_as_many_digits_as_its_unit(unit, end):
    times = pd.Series(pd.to_datetime(["2024-07-08T15:43:49.864+02:00"]).as_unit(unit))
    assert texts_of(times) == [f"2024-07-08T13:43:49{end}Z"]


def test_a_time_without_a_zone_is_given_none():
    assert texts_of(pd.Series(pd.to_datetime(["2024-07-08"]).as_unit("s"))) == [
        "2024-07-08T00:00:00"
    ]


def test_flags_and_missing_numbers_are_written_plainly():
    assert texts_of(pd.Series([True, None], dtype="boolean")) == ["True", None]
    assert texts_of(pd.Series([0.1, np.nan, np.inf])) == ["0.1", None, "inf"]


def test_more_rows_than_are_written_at_once_all_arrive(tmp_path):
    rows = written(pd.DataFrame({"n": range(70_000)}), tmp_path)
    assert [int(n) for [n] in rows[1:]] == list(range(70_000))
