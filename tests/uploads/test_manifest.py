"""What to upload: a CSV file, a frame or a folder, and every line that is wrong in it."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from argyle_nb.errors import ValidationError
from argyle_nb.uploads import upload_batch
from tests.support.batches import run
from tests.support.samples import DOCUMENTS
from tests.support.servers import PDF, HostileServer, refused, upload_answer

# Files


def test_a_manifest_file_names_documents_beside_it(client, user, stubs, journal, tmp_path):
    stubs(1)
    (tmp_path / "manifest.csv").write_text(f"file,document_type,user\nstub0.pdf,1099,{user.id}\n")
    assert (
        upload_batch(client, tmp_path / "manifest.csv", journal=journal).loc[0, "state"] == "done"
    )


def test_a_manifest_saved_by_excel_is_read(client, user, stubs, journal, tmp_path):
    stubs(1)
    text = f"\ufefffile,document_type,user\r\nstub0.pdf, 1099 ,{user.id}\r\n"
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    assert (
        upload_batch(client, tmp_path / "manifest.csv", journal=journal).loc[0, "state"] == "done"
    )


def test_a_user_may_be_called_na(client, stubs, journal, tmp_path):
    stubs(1)
    (tmp_path / "manifest.csv").write_text("file,document_type,user\nstub0.pdf,paystubs,NA\n")
    upload_batch(client, tmp_path / "manifest.csv", journal=journal)
    assert len(list(client.list_users(external_id="NA"))) == 1


def test_the_sample_manifest_of_the_project_uploads(client, journal):
    result = upload_batch(client, DOCUMENTS.parent / "manifest.csv", journal=journal)
    refused_files = result.loc[result["state"] == "refused", "file"]
    assert {os.path.basename(file) for file in refused_files} == {  # noqa: PTH119 - only text
        "empty_scan.pdf",
        "notes_renamed.pdf",
    }
    assert set(result["state"]) == {"done", "refused"}


# Folders


def test_a_folder_of_types_is_a_manifest(client, journal, tmp_path):
    for number, kind in enumerate(("W-2", "paystubs")):
        (tmp_path / "docs" / kind / "2026").mkdir(parents=True)
        (tmp_path / "docs" / kind / "2026" / "a.pdf").write_bytes(PDF + bytes([65 + number]))
    (tmp_path / "docs" / ".DS_Store").write_bytes(b"not for us")
    result = upload_batch(client, tmp_path / "docs", user="folder-user", journal=journal)
    assert result["document_type"].tolist() == ["W-2", "paystubs"]
    assert result["state"].tolist() == ["done", "done"]


def test_a_folder_of_one_type_is_a_manifest(client, user, journal, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.pdf").write_bytes(PDF)
    result = upload_batch(
        client, tmp_path / "docs", document_type="1099", user=user.id, journal=journal
    )
    assert result[["document_type", "state"]].to_numpy().tolist() == [["1099", "done"]]


def test_a_folder_needs_a_user(client, journal, tmp_path):
    with refused(ValidationError, "user=") as caught:
        upload_batch(client, tmp_path, document_type="1099", journal=journal)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_of_no_type_is_refused(client, journal, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "a.pdf").write_bytes(PDF)
    with refused(ValidationError, "'others' is not one of the six"):
        upload_batch(client, tmp_path, user="me", journal=journal)


def test_an_empty_folder_is_refused(client, journal, tmp_path):
    with refused(ValidationError, "no files"):
        upload_batch(client, tmp_path, user="me", journal=journal)


def test_one_type_and_one_user_may_be_given_for_a_whole_manifest(client, user, stubs, journal):
    manifest = stubs(2)[["file"]]
    result = upload_batch(client, manifest, document_type="W-2", user=user.id, journal=journal)
    assert result["state"].tolist() == ["done", "done"]
    assert set(result["document_type"]) == {"W-2"}


# Manifests that are wrong


def test_all_bad_lines_are_told_in_one_error_and_nothing_is_sent(stubs, journal):
    manifest = stubs(4)
    manifest.loc[0, "document_type"] = "paystub"
    manifest.loc[1, "user"] = " "
    manifest.loc[2, ["file", "document_type", "user"]] = None
    with (
        HostileServer(upload_answer()) as server,
        refused(ValidationError, "nothing was sent") as caught,
    ):
        run(server, manifest, journal)
    assert server.seen == []
    told = " ".join(caught.value.fields["manifest"])
    assert [f"line {number}:" in told for number in (0, 1, 2, 3)] == [True, True, True, False]
    assert len(caught.value.fields["manifest"]) == 5


def test_a_manifest_without_its_columns_is_refused(client, journal):
    with refused(ValidationError, "no column document_type, user"):
        upload_batch(client, pd.DataFrame({"file": ["a.pdf"]}), journal=journal)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\0", b'file,document_type,user\n"open', b"a,b\n1,2,3\n1,2,3,4\n"]
)
def test_a_file_that_is_no_manifest_is_refused(client, journal, tmp_path, content):
    (tmp_path / "manifest.csv").write_bytes(content)
    with refused(ValidationError, "manifest"):
        upload_batch(client, tmp_path / "manifest.csv", journal=journal)


def test_a_bad_line_of_a_file_is_named_by_its_number_there(client, journal, tmp_path):
    (tmp_path / "manifest.csv").write_text("file,document_type,user\na.pdf,W-2,me\nb.pdf,W2,me\n")
    with refused(ValidationError, "line 3:"):
        upload_batch(client, tmp_path / "manifest.csv", journal=journal)


def test_a_missing_manifest_is_refused(client, journal, tmp_path):
    with refused(ValidationError, "is not there"):
        upload_batch(client, tmp_path / "nowhere.csv", journal=journal)


def test_a_list_of_files_is_no_manifest(client, journal):
    with refused(ValidationError, "not list"):
        upload_batch(client, ["a.pdf"], journal=journal)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("w2", "W-2"), ("paystub", "paystubs"), ("Proof of identity", "proof-of-identity")],
)
def test_a_misspelt_type_is_told_what_was_meant(client, journal, stubs, written, meant):
    with refused(ValidationError, f"did you mean {meant}"):
        upload_batch(client, stubs(document_type=written), journal=journal)


def test_semicolons_between_the_columns_are_named(client, journal, tmp_path):
    (tmp_path / "manifest.csv").write_text("file;document_type;user\na.pdf;W-2;me\n")
    with refused(ValidationError, "separated by ';'"):
        upload_batch(client, tmp_path / "manifest.csv", journal=journal)


def test_spaces_around_the_columns_names_do_no_harm(client, journal, tmp_path):
    (tmp_path / "manifest.csv").write_text("file, document_type , user\nnone.pdf,W-2,me\n")
    result = upload_batch(client, tmp_path / "manifest.csv", journal=journal)
    assert result["state"].tolist() == ["refused"]


def test_a_column_that_the_result_needs_is_refused_and_not_overwritten(client, journal, stubs):
    with refused(ValidationError, "column state"):
        upload_batch(client, stubs().assign(state="Ohio"), journal=journal)
