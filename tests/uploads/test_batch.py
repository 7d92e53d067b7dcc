"""Many files: each sent once, and one row for each, whatever happens on the way."""

from __future__ import annotations

import os
import threading

import pandas as pd
import pytest

from argyle_nb.documents import ENCRYPTED
from argyle_nb.errors import ValidationError
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.jobs import default_journal
from tests.conftest import DOCUMENTS
from tests.support.batches import run, states, uploads_of
from tests.support.servers import PDF, USER_ID, HostileServer, refused, upload_answer
from tests.support.small_documents import encrypted_pdf

# Against the local sandbox


def test_every_file_is_uploaded_and_has_its_row(client, user, stubs, journal):
    manifest = stubs(3, user=user.id).assign(loan=["a", "b", "c"])
    result = upload_batch(client, manifest, journal=journal)
    assert result["state"].tolist() == ["done"] * 3
    assert set(result["upload_id"]) == {upload.id for upload in uploads_of(client, user)}
    assert result["loan"].tolist() == ["a", "b", "c"]
    assert result["bytes"].tolist() == [len(PDF) + 1] * 3
    assert result["reason"].isna().all()


def test_the_columns_have_their_types_even_without_rows(client, stubs, journal):
    for count in (0, 1):
        result = upload_batch(client, stubs(count, user=USER_ID), journal=journal)
        assert [str(result[name].dtype) for name in ("upload_id", "bytes")] == ["string", "Int64"]
        assert list(result["state"].cat.categories) == [
            "done",
            "refused",
            "rejected",
            "unsent",
            "unknown",
            "probable",
        ]
        assert str(result["attempts"].dtype) == "Int64"
        assert str(result["seconds"].dtype) == "Float64"


def test_the_same_manifest_again_sends_nothing(client, user, stubs, journal):
    first = upload_batch(client, stubs(3, user=user.id), journal=journal)
    second = upload_batch(client, stubs(3, user=user.id), journal=journal)
    assert second["upload_id"].tolist() == first["upload_id"].tolist()
    assert len(uploads_of(client, user)) == 3


def test_an_interrupted_manifest_is_finished_by_the_next_run(client, user, stubs, journal):
    upload_batch(client, stubs(2, user=user.id), journal=journal)
    assert upload_batch(client, stubs(5, user=user.id), journal=journal)["state"].eq("done").all()
    assert len(uploads_of(client, user)) == 5


def test_the_same_content_twice_is_one_upload_and_two_rows(client, user, stubs, journal):
    manifest = pd.concat([stubs(1, user=user.id)] * 2)
    result = upload_batch(client, manifest, journal=journal)
    assert result["state"].tolist() == ["done", "done"]
    assert result["upload_id"].nunique() == len(uploads_of(client, user)) == 1


def test_the_same_content_as_another_type_is_another_upload(client, user, stubs, journal):
    manifest = pd.concat([stubs(user=user.id), stubs(document_type="W-2", user=user.id)])
    assert upload_batch(client, manifest, journal=journal)["upload_id"].nunique() == 2


def test_refused_files_are_reported_and_the_rest_is_sent(client, user, stubs, journal, tmp_path):
    manifest = stubs(3, user=user.id)
    (tmp_path / "stub0.pdf").write_bytes(b"")
    (tmp_path / "stub1.pdf").unlink()
    result = upload_batch(client, manifest, journal=journal)
    assert result["state"].tolist() == ["refused", "refused", "done"]
    assert "0 bytes" in result.loc[0, "reason"]
    assert "no such file" in result.loc[1, "reason"]
    assert result["bytes"].isna().tolist() == [True, True, False]


def test_an_external_id_is_looked_up_and_made_once(client, stubs, journal):
    upload_batch(client, stubs(3, user="borrower-1"), journal=journal)
    upload_batch(client, stubs(3, user="borrower-1"), journal=journal)
    [person] = client.list_users(external_id="borrower-1")
    assert len(uploads_of(client, person)) == 3


def test_a_user_whom_the_service_refuses_spoils_only_its_own_rows(client, user, stubs, journal):
    manifest = stubs(2, user=["x" * 101, user.id])
    assert upload_batch(client, manifest, journal=journal)["state"].tolist() == ["unsent", "done"]


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


def test_progress_rises_to_all_files_and_bytes(client, user, stubs, journal):
    steps = []
    manifest = stubs(5, user=user.id)
    upload_batch(client, manifest, journal=journal, progress=steps.append)
    counts = [step[:4] for step in steps]
    assert counts == sorted(counts)
    size = len(PDF) + 1
    assert counts[-1] == (5, 5, 5 * size, 5 * size)


def test_progress_tells_of_each_row_how_it_ended(client, user, stubs, journal):
    ends = {}
    manifest = stubs(3, user=user.id)
    twice = pd.concat([manifest, manifest[:1]])

    def told(step):
        ends.update({row: line.entry for row, line in step.rows.items()})

    sent = upload_batch(client, twice, journal=journal, progress=told)
    assert sorted(ends) == [0, 1, 2, 3]
    assert [ends[row].upload_id for row in range(4)] == sent["upload_id"].tolist()


def test_progress_is_told_from_the_thread_that_asked(client, user, stubs, journal):
    threads = set()
    upload_batch(
        client,
        stubs(3, user=user.id),
        journal=journal,
        progress=lambda _: threads.add(threading.current_thread()),
    )
    assert threads == {threading.current_thread()}


def test_a_log_file_gets_no_bar(client, user, stubs, journal, capsys):
    import ipykernel.kernelapp  # noqa: F401, PLC0415 - a script may have imported it

    upload_batch(client, stubs(user=user.id), journal=journal)
    assert capsys.readouterr() == ("", "")


def test_attempts_and_seconds_are_told(client, user, stubs, journal):
    result = upload_batch(client, stubs(user=user.id), journal=journal)
    assert result.loc[0, "attempts"] == 1
    assert 0 < result.loc[0, "seconds"] < 60


def test_the_same_content_is_named_by_its_first_file(client, user, stubs, journal, tmp_path):
    manifest = stubs(2, user=user.id)
    (tmp_path / "stub1.pdf").write_bytes((tmp_path / "stub0.pdf").read_bytes())
    result = upload_batch(client, manifest, journal=journal)
    assert result["attempts"].tolist() == [1, 0]
    assert result.loc[1, "reason"] == f"the same content as {tmp_path / 'stub0.pdf'}"


def test_a_user_named_by_id_and_by_external_id_is_one(client, stubs, journal):
    person = client.create_user(external_id="two-names")
    manifest = pd.concat([stubs(user=person.id), stubs(user="two-names")])
    result = upload_batch(client, manifest, journal=journal)
    assert result["state"].tolist() == ["done", "done"]
    assert result["upload_id"].nunique() == len(uploads_of(client, person)) == 1


def test_many_threads_make_a_new_user_once(client, stubs, journal):
    upload_batch(client, stubs(20, user="met-by-many"), journal=journal)
    [person] = client.list_users(external_id="met-by-many")
    assert len(uploads_of(client, person)) == 20


def test_an_encrypted_pdf_is_sent_with_a_warning(client, user, stubs, journal, tmp_path):
    manifest = stubs(user=user.id)
    (tmp_path / "stub0.pdf").write_bytes(encrypted_pdf())
    result = upload_batch(client, manifest, journal=journal)
    assert result[["state", "reason"]].to_numpy().tolist() == [["done", ENCRYPTED]]


def test_an_encrypted_pdf_is_refused_when_strict(client, user, stubs, journal, tmp_path):
    manifest = stubs(user=user.id)
    (tmp_path / "stub0.pdf").write_bytes(encrypted_pdf())
    result = upload_batch(client, manifest, journal=journal, strict=True)
    assert result.loc[0, "state"] == "refused"


def test_the_largest_size_can_be_set(client, user, stubs, journal):
    result = upload_batch(client, stubs(user=user.id), journal=journal, max_bytes=10)
    assert result.loc[0, "state"] == "refused"
    assert states(journal) == ["refused"]


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


# The sample manifest


def test_the_sample_manifest_of_the_project_uploads(client, journal):
    result = upload_batch(client, DOCUMENTS.parent / "manifest.csv", journal=journal)
    refused_files = result.loc[result["state"] == "refused", "file"]
    assert {os.path.basename(file) for file in refused_files} == {  # noqa: PTH119 - only text
        "empty_scan.pdf",
        "notes_renamed.pdf",
    }
    assert set(result["state"]) == {"done", "refused"}


def test_the_journal_lives_in_the_home_folder_when_none_is_named(client, user, stubs, home):
    upload_batch(client, stubs(1, user=user.id))
    assert default_journal().is_relative_to(home)
    assert states(default_journal()) == ["done"]


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


def test_a_second_run_says_that_a_document_is_there_already(client, journal, stubs, user):
    manifest = stubs(user=user.id)
    upload_batch(client, manifest, journal=journal)
    again = upload_batch(client, manifest, journal=journal)
    assert again[["state", "reason"]].to_numpy().tolist() == [["done", "already at the service"]]
