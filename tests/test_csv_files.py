"""CSV files open right and run nothing."""

import csv

import pandas as pd
import pytest

from argyle_nb.csv_files import neutral, write_csv
from argyle_nb.frames import uploads_frame
from tests.records import record


def written(frame, tmp_path):
    path = tmp_path / "table.csv"
    write_csv(frame, path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text, tmp_path):
    rows = written(pd.DataFrame({text: [text]}), tmp_path)
    assert rows == [[f"'{text}"], [f"'{text}"]]


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
    assert neutral("a=b") == "a=b"
