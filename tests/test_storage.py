"""Files are whole or not there; CSV opens right, runs nothing, and comes back as it was."""

from __future__ import annotations

import csv
import stat

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb import storage
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.storage import (
    SHARED,
    atomic_write,
    described,
    neutral,
    read_cells,
    read_csv,
    texts_of,
    typed,
    writable,
    write_csv,
)
from tests.support.records import record, scored, unscored

# Whole or not there


def fill(path, blocks=(), **options):
    with atomic_write(path, **options) as file:
        file.writelines(blocks)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_stands_under_another_name_until_it_is_whole(tmp_path):
    path = tmp_path / "x"
    path.write_text("before")
    with atomic_write(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert [*tmp_path.iterdir()] == [path]


def test_a_write_that_fails_leaves_nothing_behind_and_the_old_file(tmp_path):
    def blocks():
        yield b"half"
        raise OSError("No space left on device")

    path = tmp_path / "x"
    path.write_text("before")
    with pytest.raises(OSError, match="No space left"):
        fill(path, blocks())
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


def test_the_folder_of_a_file_that_somebody_named_is_made(tmp_path):
    with writable(str(tmp_path / "not" / "there" / "x.csv")) as path:
        path.write_text("x")
    assert (tmp_path / "not" / "there" / "x.csv").read_text() == "x"


def test_a_file_that_cannot_be_written_is_one_error_that_names_it(tmp_path):
    (tmp_path / "file").touch()
    words = r"Can't write .*file/x\.csv \(.+\)\. Choose another file\."
    with pytest.raises(ConfigurationError, match=words), writable(tmp_path / "file" / "x.csv"):
        raise AssertionError("it never comes to this")
    with pytest.raises(ConfigurationError, match=r"Can't write"), writable(tmp_path) as path:
        fill(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_two_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "x"
    with atomic_write(path) as file:
        file.write(b"the last wins")
        fill(path, [b"first"])
    assert path.read_bytes() == b"the last wins"


def test_only_its_owner_may_read_a_file_unless_it_is_to_be_shared(tmp_path):
    (tmp_path / "as usual").touch()
    fill(tmp_path / "private")
    fill(tmp_path / "shared", mode=SHARED)
    assert mode_of(tmp_path / "private") == 0o600
    assert mode_of(tmp_path / "shared") == mode_of(tmp_path / "as usual")


def test_a_table_is_shared_and_replaces_the_old_one_only_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    (tmp_path / "as usual").touch()
    write_csv(pd.DataFrame({"a": [1]}), path)
    assert mode_of(path) == mode_of(tmp_path / "as usual")
    monkeypatch.setattr(storage, "_lines", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_csv(pd.DataFrame({"a": [2]}), path)
    assert path.read_text() == "a\n1\n"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "as usual", path]


# Out


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
    assert row[0] == "bare"
    assert {*row[1:]} == {""}


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


def test_what_has_an_apostrophe_before_a_sign_gets_another():
    assert neutral("'=1") == "''=1"


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
    assert texts_of(pd.Series([-5, None], dtype="Int16")) == ["-5", None]
    assert texts_of(pd.Series([0.1, np.nan, np.inf])) == ["0.1", None, "inf"]


def test_more_rows_than_are_written_at_once_all_arrive(tmp_path):
    rows = written(pd.DataFrame({"n": range(70_000)}), tmp_path)
    assert [int(n) for [n] in rows[1:]] == list(range(70_000))


# In again


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


def test_a_column_is_described_in_plain_values():
    score = pd.Series([85], name="score", dtype="Int16")
    assert described(score) == {"name": "score", "dtype": "Int16"}
    kind = pd.Series(pd.Categorical(["b"], ["b", "a"], ordered=True), name="kind")
    facts = {"name": "kind", "dtype": "category", "ordered": True, "categories": ["b", "a"]}
    assert described(kind) == facts | {"of": str(kind.cat.categories.dtype)}


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
    with pytest.raises(ValueError, match="ends within a quoted cell"):
        list(read_cells(tmp_path / "x.csv"))


def test_a_line_with_too_few_cells_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1\n1,2\n")
    columns = [{"name": name, "dtype": "int64"} for name in "ab"]
    with pytest.raises(ValueError, match=r"shorter|longer"):
        read_csv(tmp_path / "x.csv", columns)
