"""What was written as CSV comes back as it was, dtypes and all."""

import csv

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.storage import described, read_cells, read_csv, write_csv
from tests.support.records import record, scored, unscored

# Every character of Unicode, and often those that matter here.
CHARACTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\"=+-@,;\r\n\t\0 \ufeff")
TEXTS = st.none() | st.text(CHARACTERS)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.none() | st.integers(-32768, 32767),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.datetimes(),
        st.none() | st.booleans(),
    )
)


def read_again(frame, path, **options):
    write_csv(frame, path, **options)
    return read_csv(path, [described(frame[name]) for name in frame])


def frame_of(rows):
    texts, whole, numbers, times, flags = zip(*rows, strict=True) if rows else [()] * 5
    moments = pd.DatetimeIndex(np.array(times, dtype="datetime64[us]"))
    return pd.DataFrame(
        {
            "string": pd.array(list(texts), dtype="string"),
            "str": pd.Series(list(texts), dtype="str").array,
            "category": pd.Categorical(list(texts)),
            "ordered": pd.Categorical(list(flags), ordered=True),
            "Int16": pd.array(whole, dtype="Int16"),
            "int64": np.array([n or 0 for n in whole], dtype=np.int64),
            "Float64": pd.array(list(numbers), dtype="Float64"),
            "float64": np.array([np.nan if n is None else n for n in numbers], dtype=np.float64),
            "utc": moments.tz_localize("UTC"),
            "day": moments.as_unit("s"),
            "boolean": pd.array(list(flags), dtype="boolean"),
            "bool": np.array([bool(flag) for flag in flags], dtype=bool),
        }
    )


@given(rows=ROWS, excel=st.booleans())
def test_every_value_of_every_dtype_comes_back(tmp_path_factory, rows, excel):
    frame = frame_of(rows)
    again = read_again(frame, tmp_path_factory.getbasetemp() / "all.csv", excel=excel)
    pd.testing.assert_frame_equal(again, frame)


@given(header=st.lists(st.text(CHARACTERS, min_size=1), min_size=1, unique=True))
def test_every_header_comes_back(tmp_path_factory, header):
    frame = pd.DataFrame([range(len(header))], columns=header)
    again = read_again(frame, tmp_path_factory.getbasetemp() / "header.csv")
    assert list(again) == header


def test_every_character_of_unicode_comes_back(tmp_path):
    every = [chr(n) for n in range(0x110000) if not 0xD800 <= n <= 0xDFFF]
    texts = ["".join(every[start : start + 1024]) for start in range(0, len(every), 1024)]
    first = [f"{character}=1" for character in every[:0x3100] + every[0xF000:0xF800]]
    frame = pd.DataFrame({"t": pd.array([*texts, *first], dtype="string"), "n": 1})
    pd.testing.assert_frame_equal(read_again(frame, tmp_path / "x.csv"), frame)


def test_a_frame_of_uploads_comes_back(tmp_path):
    frame = uploads_frame(
        [record(1, file_name="=1+1.pdf"), scored(2, 0), unscored(3, *["idle"] * 3)]
    )
    frame = frame.assign(document_type=frame["document_type"].cat.add_categories("new, type"))
    pd.testing.assert_frame_equal(read_again(frame, tmp_path / "x.csv"), frame)


def test_no_rows_keep_their_dtypes(tmp_path):
    frame = uploads_frame([])
    pd.testing.assert_frame_equal(read_again(frame, tmp_path / "x.csv"), frame)


@given(texts=st.lists(TEXTS, min_size=1))
def test_pythons_csv_and_pandas_read_the_same_texts(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "others.csv"
    write_csv(pd.DataFrame({"n": range(len(texts)), "t": pd.array(texts, dtype="string")}), path)
    ours = [row[1] or "" for row in [*read_cells(path)][1:]]
    with path.open(newline="", encoding="utf-8") as file:
        assert [row[1] for row in csv.reader(file)][1:] == ours
    assert pd.read_csv(path, dtype=str, na_filter=False)["t"].tolist() == ours


def test_duckdb_reads_the_same_texts(tmp_path):
    texts = ["a,b", "a\nb", "a\rb", 'say "x"', "=1+1", "'=1", " x", "é", "漢", "nan", "NULL", "\0"]
    path = tmp_path / "x.csv"
    write_csv(pd.DataFrame({"n": range(len(texts)), "t": texts}), path)
    read = duckdb.sql(f"select t from read_csv('{path}', header=true, all_varchar=true)")  # noqa: S608
    assert [row[0] for row in read.fetchall()] == [row[1] for row in [*read_cells(path)][1:]]


def test_other_columns_are_refused(tmp_path):
    write_csv(pd.DataFrame({"a": [1]}), tmp_path / "x.csv")
    with pytest.raises(ValueError, match="its columns are not b"):
        read_csv(tmp_path / "x.csv", [{"name": "b", "dtype": "int64"}])


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text('a\n"begun')
    with pytest.raises(ValueError, match="ends within a cell"):
        list(read_cells(tmp_path / "x.csv"))


def test_a_line_with_too_few_cells_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1\n1,2\n")
    columns = [{"name": name, "dtype": "int64"} for name in "ab"]
    with pytest.raises(ValueError, match=r"shorter|longer"):
        read_csv(tmp_path / "x.csv", columns)
