"""What to upload: lines of a frame, a CSV file or a workbook, and what is wrong with each."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.folders import grouped
from argyle_nb.uploads.manifest import read_manifest
from tests.support.batches import run, uploads_of
from tests.support.samples import DOCUMENTS, SAMPLES
from tests.support.servers import PDF, USER_ID, HostileServer, refused, upload_answer
from tests.support.small_documents import encrypted_pdf

HEADER = "file,document_type,external_id\n"


@pytest.fixture
def written(tmp_path):
    """Give a function that writes a manifest beside a document, a.pdf."""

    def write(text, name="manifest.csv", encoding="utf-8"):
        (tmp_path / "a.pdf").write_bytes(PDF)
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def line_of(manifest, **options):
    [line] = read_manifest(manifest, **options).lines
    return line


def problem_of(manifest, **options):
    return "; ".join(line_of(manifest, **options).problems)


# Files


def test_a_manifest_file_names_documents_beside_it(written, tmp_path):
    line = line_of(written(HEADER + "a.pdf,1099,loan-7\n"))
    assert line.file == str(tmp_path / "a.pdf")
    assert (line.document_type, line.borrower.external_id, line.problems) == ("1099", "loan-7", ())


def test_a_user_may_be_called_na(written):
    assert line_of(written(HEADER + "a.pdf,W-2,NA\n")).borrower.external_id == "NA"


def test_the_sample_manifest_of_the_project_uploads(client, upload_log):
    with pytest.warns(UserWarning, match="2 of .* rows can't be uploaded"):
        result = upload_batch(client, DOCUMENTS.parent / "manifest.csv", upload_log=upload_log)
    refused_files = result.loc[result["state"] == "invalid", "file"]
    assert {os.path.basename(file) for file in refused_files} == {  # noqa: PTH119 - only text
        "empty_scan.pdf",
        "notes_renamed.pdf",
    }
    assert set(result["state"]) == {"uploaded", "invalid"}


def test_one_type_and_one_user_may_be_given_for_a_whole_manifest(client, user, stubs, upload_log):
    manifest = stubs(2)[["file"]]
    result = upload_batch(client, manifest, document_type="w2", user=user.id, upload_log=upload_log)
    assert result["state"].tolist() == ["uploaded", "uploaded"]
    assert set(result["document_type"]) == {"W-2"}
    assert set(result["user"]) == {user.id}


def test_a_line_without_a_type_or_borrower_gets_the_given_one(written):
    path = written(HEADER + "a.pdf,,\na.pdf,1099,loan-8\n")
    lines = read_manifest(path, document_type="W-2", user="loan-7").lines
    assert [line.document_type for line in lines] == ["W-2", "1099"]
    assert [line.borrower.external_id for line in lines] == ["loan-7", "loan-8"]


# Borrowers


@pytest.mark.parametrize(
    ("header", "cells", "user", "external_id"),
    [
        ("external_id", "loan-7", "", "loan-7"),
        ("user", "loan-7", "", "loan-7"),
        ("user", USER_ID.upper(), USER_ID, ""),
        ("external_id", USER_ID, "", USER_ID),
        ("external_id,user", f"loan-7,{USER_ID}", USER_ID, "loan-7"),
        ("external_id,user", "loan-7,loan-7", "", "loan-7"),
        ("external_id,user", "loan-7,", "", "loan-7"),
        ("external_id", "0077", "", "0077"),
        ("external_id", "1001.0", "", "1001"),
        ("external_id", '"1001,0"', "", "1001"),
        ("external_id", '"5001,00"', "", "5001"),
        ("user", "1001.0", "", "1001"),
        ("external_id", "2026.01", "", "2026.01"),
        ("external_id", "1.2.3", "", "1.2.3"),
        ("external_id", "123 456", "", "123 456"),
        ("external_id", "M\u0075\u0308ller", "", "M\u00fcller"),
        ("user", "M\u0075\u0308ller", "", "M\u00fcller"),
        ("External ID", "loan-7", "", "loan-7"),
        ("Borrower_ID", "loan-7", "", "loan-7"),
        ("User Id", "loan-7", "", "loan-7"),
    ],
)
def test_a_line_names_its_borrower_by_external_id_by_id_or_by_both(
    written, header, cells, user, external_id
):
    line = line_of(written(f"file,document_type,{header}\na.pdf,W-2,{cells}\n"))
    assert line.borrower == (user, external_id)
    assert line.problems == ()


def test_two_names_that_differ_are_nobodys(written):
    path = written("file,document_type,external_id,user\na.pdf,W-2,loan-7,loan-8\n")
    assert "'loan-7' and user 'loan-8' are two borrowers" in problem_of(path)


@pytest.mark.parametrize("header", ["Borrower", "Loan number", "Name"])
def test_a_column_that_may_mean_two_people_is_not_taken_for_the_borrower(written, header):
    path = written(f"file,document_type,{header}\na.pdf,W-2,John Smith\n")
    assert "no borrower. Write external_id" in problem_of(path)
    assert read_manifest(path).table[header].tolist() == ["John Smith"]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("#N/A", "a spreadsheet error"),
        ("#####", "a spreadsheet error"),
        ("1.23457E+11", "Excel cut off its digits"),
        ('"6,001"', "a number as Excel formats it"),
        ('"5.002,00"', "a number as Excel formats it"),
        ('"1,001.00"', "a number as Excel formats it"),
        ("1.000", "a number as Excel formats it"),
        ("1.000.000", "a number as Excel formats it"),
        ("1001.000", "a number as Excel formats it"),
        ("1\u202f001", "a number as Excel formats it"),
        ("1'001", "a number as Excel formats it"),
        ("$1001", "a number as Excel formats it"),
        ("1.001 €", "a number as Excel formats it"),
        ("3/4/2026", "Excel made a date of it"),
        ("04.03.2026", "Excel made a date of it"),
        ("loan\u200b7", "an invisible character"),
        ('"loan-\n7"', "a line break"),
    ],
)
@pytest.mark.parametrize("header", ["external_id", "user"])
def test_a_borrower_whom_excel_may_have_spoiled_is_nobody(written, header, cell, why):
    problem = problem_of(written(f"file,document_type,{header}\na.pdf,W-2,{cell}\n"))
    assert why in problem
    assert problem.startswith(header)


@pytest.mark.parametrize(
    ("value", "external_id", "problem"),
    [
        (1001.0, "1001", ""),
        (12345678901234567, "12345678901234567", ""),
        (1001.5, "1001.5", "a number with decimals"),
        (1.2345678901234567e16, "1.2345678901234568e+16", "Excel cut off its digits"),
        (dt.datetime(2026, 3, 4, tzinfo=dt.UTC), "2026-03-04 00:00:00+00:00", "a date of it"),
        (pd.NA, "", "no borrower. Write external_id"),
    ],
)
def test_ids_of_a_frame_are_texts_numbers_or_missing(paper, value, external_id, problem):
    frame = pd.DataFrame({"file": [paper()], "document_type": "W-2", "external_id": [value]})
    line = line_of(frame)
    assert line.borrower.external_id == external_id
    assert problem in "; ".join(line.problems)
    assert bool(problem) == bool(line.problems)


def test_a_borrower_for_all_lines_is_read_as_one_in_a_line(stubs):
    for given, meant in (("1001,0", "1001"), ("Mu\u0308ller", "M\u00fcller")):
        lines = read_manifest(stubs(2)[["file"]], user=given).lines
        assert {line.borrower.external_id for line in lines} == {meant}
    with refused(ValidationError, "user '6,001': a number"):
        read_manifest(stubs(2), user="6,001")


# Types


@pytest.mark.parametrize(("written_type", "meant"), [("w2", "W-2"), ("Pay Stub", "paystubs")])
def test_another_spelling_of_a_type_is_kept_beside_it(paper, written_type, meant):
    types = [written_type, "1099", None]
    frame = pd.DataFrame({"file": paper(), "document_type": types, "user": "me"})
    table = read_manifest(frame, document_type="W-2").table
    assert table["document_type"].tolist() == [meant, "1099", "W-2"]
    assert table["document_type_as_written"].fillna("").tolist() == [written_type, "1099", ""]


def test_types_that_are_spelt_as_argyle_does_need_no_second_column(paper):
    frame = pd.DataFrame({"file": paper(), "document_type": DOCUMENT_TYPES, "user": "me"})
    assert "document_type_as_written" not in read_manifest(frame).table


@pytest.mark.parametrize(
    ("written_type", "said"),
    [
        ("paystbu", "unknown document_type 'paystbu' (did you mean 'paystubs'?)"),
        ("FHA", "unknown document_type 'FHA'. Use one of: paystubs, W-2, 1099"),
        (
            None,
            "no document type: neither the file name nor the first page of a PDF says it. Write",
        ),
    ],
)
def test_a_type_that_is_unknown_or_missing_is_told(paper, written_type, said):
    file = [paper("scan.pdf")]
    frame = pd.DataFrame({"file": file, "document_type": [written_type], "user": "me"})
    assert said in problem_of(frame)


@pytest.mark.parametrize("column", [{}, {"document_type": [None, "1099", ""]}])
def test_where_a_line_gives_no_type_the_file_tells_it_as_in_a_folder(tmp_path, column):
    (tmp_path / "scan.pdf").write_bytes(SAMPLES["paystub_rivera_2026-01-23.pdf"].read_bytes())
    (tmp_path / "W2 2025.pdf").write_bytes(PDF)
    files = ["scan.pdf", "W2 2025.pdf", "W2 2025.pdf"]
    frame = pd.DataFrame({"file": files, "user": "me"} | column)
    frame.to_csv(tmp_path / "list.csv", index=False)
    table, lines = read_manifest(tmp_path / "list.csv")
    written = "1099" if column else "W-2"
    assert table["document_type"].tolist() == ["paystubs", written, "W-2"]
    by_name = "" if column else "file name"
    assert table["type_found_by"].fillna("").tolist() == ["content", by_name, "file name"]
    assert [line.problems for line in lines] == [()] * 3


def test_a_type_for_all_lines_comes_before_what_files_tell(paper):
    table = read_manifest(pd.DataFrame({"file": [paper("W2.pdf")]}), document_type="1099").table
    assert table["document_type"].tolist() == ["1099"]
    assert "type_found_by" not in table


def test_of_a_protected_file_it_is_said_that_its_type_cannot_be_read(tmp_path):
    (tmp_path / "locked.pdf").write_bytes(encrypted_pdf())
    problem = problem_of(pd.DataFrame({"file": [str(tmp_path / "locked.pdf")], "user": "me"}))
    assert "the file has a password, so its type can't be read. Write one of" in problem


def test_all_that_is_wrong_with_a_line_is_said_at_once(client, upload_log, tmp_path):
    (tmp_path / "notes.txt").write_text("no document")
    frame = pd.DataFrame({"file": [str(tmp_path / "notes.txt"), "gone.pdf"]})
    with pytest.warns(UserWarning, match="None of 2 rows can be uploaded") as told:
        sent = upload_batch(client, frame, upload_log=upload_log)
    words = [["Not a PDF, JPEG", "No document type", "No borrower"]]
    words += [["File not found", "No document type", "No borrower"]]
    for reason, expected in zip(sent["reason"], words, strict=True):
        assert [word in reason for word in expected] == [True] * 3
    assert str(told[0].message).count("no borrower") == 1


def test_an_unknown_type_for_all_lines_is_an_error(client, upload_log, stubs):
    with refused(ValidationError, r"Unknown document_type 'paystbu' \(did you mean 'paystubs'"):
        upload_batch(client, stubs(), document_type="paystbu", upload_log=upload_log)


# Paths


@pytest.fixture
def places(tmp_path):
    """Documents in folders whose case a manifest may have wrong."""
    for name in ("Sub/W2.pdf", "Sub/Müller.pdf", "twice/a.pdf", "twice/A.pdf", "back\\slash.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PDF)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("Sub/W2.pdf", "Sub/W2.pdf"),
        (r"Sub\W2.pdf", "Sub/W2.pdf"),
        (r"sub\W2.PDF", "Sub/W2.pdf"),
        (r".\SUB\w2.pdf", "Sub/W2.pdf"),
        (r"twice\..\Sub\W2.pdf", "twice/../Sub/W2.pdf"),
        ('"Sub\\W2.pdf"', "Sub/W2.pdf"),
        ("Sub/Mu\u0308ller.PDF", "Sub/Müller.pdf"),
        ("twice/A.pdf", "twice/A.pdf"),
        ("back\\slash.pdf", "back\\slash.pdf"),
        (r"C:\Users\ana\W2.pdf", "C:\\Users\\ana\\W2.pdf"),
        ("W2.pdf", "W2.pdf"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="it has these paths itself")
def test_a_path_is_found_as_windows_writes_it_and_in_another_case(places, text, file):
    path = places / "manifest.csv"
    pd.DataFrame({"file": [text], "document_type": "W-2", "user": "me"}).to_csv(path, index=False)
    line = line_of(path)
    assert line.file == f"{places}/{file}"
    assert line.problems == ()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is no such second file")
def test_a_path_that_two_files_match_is_neither(places):
    frame = pd.DataFrame({"file": [f"{places}/Twice/a.PDF"], "document_type": "W-2", "user": "me"})
    assert "several files" in problem_of(frame)


# Lines that are not sent


def test_each_bad_line_stays_behind_with_its_reason_and_the_others_go(stubs, upload_log):
    manifest = stubs(5)
    manifest.loc[0, "document_type"] = "paystbu"
    manifest.loc[1, "user"] = " "
    manifest.loc[2, ["file", "document_type", "user"]] = None
    with (
        HostileServer(upload_answer()) as server,
        pytest.warns(UserWarning, match="3 of 5 rows can't be uploaded; the others are") as told,
    ):
        result = run(server, manifest, upload_log)
    assert server.posts == 2
    assert result["state"].tolist() == ["invalid"] * 3 + ["uploaded"] * 2
    words = ["did you mean 'paystubs'?", "No borrower", "The row names no file"]
    assert [word in reason for word, reason in zip(words, result["reason"][:3], strict=True)]
    assert all(word in str(told[0].message) for word in ["stub0.pdf: ", "a row without a file"])


def test_reasons_that_are_the_same_are_said_once(stubs, upload_log):
    with (
        HostileServer(upload_answer()) as server,
        pytest.warns(
            UserWarning, match=r"13 files \(stub0.pdf, .* and 10 more\): no document"
        ) as told,
    ):
        run(server, stubs(13, document_type=None), upload_log)
    assert str(told[0].message).count("document_type=") == 1
    assert server.posts == 0


def test_files_of_the_same_name_are_told_with_their_folders():
    same = [("in/loan-1/W2.pdf", "no type"), ("in/loan-2/W2.pdf", "no type"), ("in/a.pdf", "x")]
    assert grouped(same) == ["2 files (loan-1/W2.pdf, loan-2/W2.pdf): no type", "a.pdf: x"]


def test_a_total_below_the_lines_is_no_document(written):
    first, total, counted = read_manifest(
        written(HEADER + "a.pdf,W-2,loan-7\nTotal:,1,\n,,1\n")
    ).lines
    assert first.problems == ()
    assert "looks like a total" in total.problems[0]
    assert "names no file" in counted.problems[0]


def test_a_line_with_more_cells_than_the_header_is_not_read(written):
    problem = problem_of(written(HEADER + "a, b.pdf,W-2,loan-7\n"))
    assert "more cells than the header" in problem


def test_mended_lines_are_sent_by_the_result_of_the_run_before(client, stubs, upload_log):
    manifest = stubs(2, user="mended-1").assign(loan=["x", "y"])
    manifest.loc[0, "document_type"] = "?"
    with pytest.warns(UserWarning, match="1 of 2 rows can't be uploaded"):
        sent = upload_batch(client, manifest, upload_log=upload_log)
    sent.loc[0, "document_type"] = "W2"
    again = upload_batch(client, sent, upload_log=upload_log)
    assert again["state"].tolist() == ["uploaded", "uploaded"]
    assert again["reason"].tolist()[1] == "Already at Argyle."
    assert [*again][:6] == [*[*sent][:5], "document_type_as_written"]
    [user] = client.list_users(external_id="mended-1")
    assert len(uploads_of(client, user)) == 2


# What is no manifest


def test_a_manifest_without_a_column_for_the_file_is_refused(client, upload_log):
    told = "no file column. Found: Document, user. Rename the column of paths to 'file'."
    with refused(ValidationError, told):
        upload_batch(
            client, pd.DataFrame({"Document": ["a.pdf"], "user": "me"}), upload_log=upload_log
        )


def test_a_column_that_is_there_twice_is_refused(client, upload_log):
    frame = pd.DataFrame([["a.pdf", "b.pdf"]], columns=["file", "file"])
    with refused(ValidationError, "two columns named file"):
        upload_batch(client, frame, upload_log=upload_log)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\0",
        b'file,document_type,user\n"open',
        b"a,b\n1,2,3\n1,2,3,4\n",
        b"PK\x03\x04no zip",
        b"\xd0\xcf\x11\xe0old",
        PDF,
        b"f\0i\0l\0e",
    ],
)
def test_a_file_that_is_no_manifest_is_refused(client, upload_log, tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    with refused(ValidationError, "list[^ ]*: (this|no|the|can)"):
        upload_batch(client, tmp_path / "list", upload_log=upload_log)


@pytest.mark.parametrize("name", ["paystub_rivera_2026-01-23.pdf", "id_card_rivera.jpg"])
def test_a_document_is_no_manifest_and_it_is_said_what_to_name(client, upload_log, name):
    with refused(
        ValidationError, "this is a document. Pass its folder, or a manifest that lists it"
    ):
        upload_batch(client, SAMPLES[name], upload_log=upload_log)


def test_a_missing_manifest_is_refused(client, upload_log, tmp_path):
    with refused(ValidationError, "file not found"):
        upload_batch(client, tmp_path / "nowhere.csv", upload_log=upload_log)


def test_a_list_of_files_is_no_manifest(client, upload_log):
    with refused(ValidationError, "Can't read list"):
        upload_batch(client, ["a.pdf"], upload_log=upload_log)


def test_a_column_that_the_result_needs_is_refused_and_not_overwritten(client, upload_log, stubs):
    with refused(ValidationError, "column named state"):
        upload_batch(client, stubs().assign(state="Ohio"), upload_log=upload_log)


def test_without_openpyxl_a_workbook_is_an_error_that_says_what_to_install(
    stubs, tmp_path, monkeypatch
):
    stubs().to_excel(tmp_path / "list.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with refused(ConfigurationError, r"need openpyxl. To install it, run .*\[excel\]"):
        read_manifest(Path(tmp_path / "list.xlsx"))
