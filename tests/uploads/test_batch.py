"""Many files: each sent once, and one row for each, whatever happens on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pandas as pd
import pytest

from argyle_nb.config import Secret, Settings
from argyle_nb.documents import PROTECTED
from argyle_nb.errors import AuthenticationError, ConfigurationError, sentences
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.jobs import default_upload_log
from argyle_nb.uploads.log import UploadLog, contents_of
from argyle_nb.uploads.queue import UploadQueue
from argyle_nb.uploads.reconcile import audit
from tests.support.batches import rows_of, run, states, uploads_of
from tests.support.servers import (
    PDF,
    RESET,
    USER_ID,
    Answer,
    HostileServer,
    closed_port,
    refused,
    to_uploads,
    until,
    upload_answer,
)
from tests.support.small_documents import encrypted_pdf

# Against the local sandbox


def test_every_file_is_uploaded_and_has_its_row(client, user, stubs, upload_log):
    manifest = stubs(3, user=user.id).assign(loan=["a", "b", "c"])
    result = upload_batch(client, manifest, upload_log=upload_log)
    assert result["state"].tolist() == ["uploaded"] * 3
    assert set(result["upload_id"]) == {upload.id for upload in uploads_of(client, user)}
    assert result["loan"].tolist() == ["a", "b", "c"]
    assert result["bytes"].tolist() == [len(PDF) + 1] * 3
    assert result["reason"].isna().all()


def test_the_columns_have_their_types_even_without_rows(client, stubs, upload_log):
    for count in (0, 1):
        result = upload_batch(client, stubs(count, user=USER_ID), upload_log=upload_log)
        assert [str(result[name].dtype) for name in ("upload_id", "bytes")] == ["string", "Int64"]
        assert list(result["state"].cat.categories) == [
            "uploaded",
            "invalid",
            "rejected_by_argyle",
            "not_sent",
            "not_confirmed",
            "possible_match",
        ]
        assert str(result["attempts"].dtype) == "Int64"
        assert str(result["seconds"].dtype) == "Float64"


def test_a_result_tells_the_lenders_name_of_the_borrower_and_argyles(client, stubs, upload_log):
    old = client.create_user(external_id="told-1")
    manifest = pd.concat([stubs(1, user="told-1"), stubs(1, user="told-2"), stubs(1, user=old.id)])
    result = upload_batch(client, manifest.assign(loan=["a", "b", "c"]), upload_log=upload_log)
    [new] = client.list_users(external_id="told-2")
    assert result["user"].tolist() == [old.id, new.id, old.id]
    assert result["external_id"].fillna("").tolist() == ["told-1", "told-2", ""]
    assert [*result] == [
        *("file", "document_type", "user", "loan", "external_id"),
        *("state", "upload_id", "attempts", "seconds", "bytes", "reason"),
    ]
    assert [str(result[name].dtype) for name in ("user", "external_id")] == ["string"] * 2


def test_the_upload_log_tells_the_lenders_name_of_the_borrower(client, stubs, upload_log, tmp_path):
    manifest = stubs(2, user="listed-1")
    (tmp_path / "stub1.pdf").write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of 2 rows can't be uploaded"):
        upload_batch(client, manifest, upload_log=upload_log)
    with UploadLog(upload_log) as kept:
        rows = kept.latest(client.settings.log_scope, 9)
    assert {entry.state: entry.external_id for _, entry, _ in rows} == {
        "uploaded": "listed-1",
        "invalid": "listed-1",
    }


def test_a_batch_may_wait_until_its_uploads_are_processed(client, user, stubs, upload_log):
    sent = upload_batch(client, stubs(3, user=user.id), upload_log=upload_log, wait=True)
    assert all(client.get_upload(upload_id).at_rest for upload_id in sent["upload_id"])


def test_nobody_is_waited_for_where_nothing_was_sent(stubs, upload_log):
    with (
        pytest.warns(UserWarning, match="The row can't be uploaded"),
        HostileServer(upload_answer()) as server,
    ):
        run(server, stubs(1, user=""), upload_log, wait=True)
    assert server.seen == []


def test_a_borrower_whom_two_users_may_be_is_refused_and_the_others_go(client, stubs, upload_log):
    twins = [client.create_user(external_id="twins-1") for _ in range(2)]
    told = "1 of 2 rows could not be uploaded. stub0.pdf: 2 users share this external ID"
    with pytest.warns(UserWarning, match=told):
        result = upload_batch(client, stubs(2, user=["twins-1", "no-twin"]), upload_log=upload_log)
    assert result["state"].tolist() == ["invalid", "uploaded"]
    assert all(twin.id in result.loc[0, "reason"] for twin in twins)
    assert pd.isna(result.loc[0, "user"])
    assert [uploads_of(client, twin) for twin in twins] == [[], []]


def test_an_id_and_an_external_id_that_are_two_people_are_refused(client, stubs, upload_log):
    one = client.create_user(external_id="pair-1")
    manifest = stubs(2, user=one.id).assign(external_id=["pair-1", "pair-2"])
    with pytest.warns(UserWarning, match="1 of 2 rows could not be uploaded"):
        result = upload_batch(client, manifest, upload_log=upload_log)
    assert result["state"].tolist() == ["uploaded", "invalid"]
    assert "another external ID" in result.loc[1, "reason"]


def test_the_same_manifest_again_sends_nothing(client, user, stubs, upload_log):
    first = upload_batch(client, stubs(3, user=user.id), upload_log=upload_log)
    second = upload_batch(client, stubs(3, user=user.id), upload_log=upload_log)
    assert second["upload_id"].tolist() == first["upload_id"].tolist()
    assert second["reason"].tolist() == ["Already at Argyle."] * 3
    assert len(uploads_of(client, user)) == 3


def test_of_what_was_already_there_the_attempts_are_those_of_then_and_no_time_was_spent(
    client, user, stubs, upload_log
):
    upload_batch(client, stubs(1, user=user.id), upload_log=upload_log)
    again = upload_batch(client, stubs(2, user=user.id), upload_log=upload_log)
    assert again["attempts"].tolist() == [1, 1]
    assert (again["seconds"] > 0).tolist() == [False, True]


def test_borrowers_that_differ_by_case_only_are_named(client, stubs, upload_log):
    manifest = stubs(3, user=["CASE-30", "case-30", "case-31"])
    with pytest.warns(
        UserWarning, match="'CASE-30' and 'case-30' differ only in upper and lower case"
    ):
        sent = upload_batch(client, manifest, upload_log=upload_log)
    assert sent["user"].nunique() == 3


def test_a_borrower_is_one_user_however_accents_are_written(client, stubs, upload_log):
    manifest = stubs(2, user=["batch Mu\u0308ller", "batch M\u00fcller"])
    sent = upload_batch(client, manifest, upload_log=upload_log)
    assert len(set(sent["user"])) == 1
    assert sent["external_id"].tolist() == ["batch M\u00fcller"] * 2


def test_an_interrupted_manifest_is_finished_by_the_next_run(client, user, stubs, upload_log):
    upload_batch(client, stubs(2, user=user.id), upload_log=upload_log)
    assert (
        upload_batch(client, stubs(5, user=user.id), upload_log=upload_log)["state"]
        .eq("uploaded")
        .all()
    )
    assert len(uploads_of(client, user)) == 5


def test_the_same_content_twice_is_one_upload_and_two_rows(client, user, stubs, upload_log):
    manifest = pd.concat([stubs(1, user=user.id)] * 2)
    result = upload_batch(client, manifest, upload_log=upload_log)
    assert result["state"].tolist() == ["uploaded", "uploaded"]
    assert result["upload_id"].nunique() == len(uploads_of(client, user)) == 1


def test_the_same_content_as_another_type_is_another_upload(client, user, stubs, upload_log):
    manifest = pd.concat([stubs(user=user.id), stubs(document_type="W-2", user=user.id)])
    assert upload_batch(client, manifest, upload_log=upload_log)["upload_id"].nunique() == 2


def test_a_copy_as_another_type_is_sent_and_says_so_in_every_run(client, user, stubs, upload_log):
    upload_batch(client, stubs(user=user.id), upload_log=upload_log)
    corrected = stubs(document_type="W-2", user=user.id)
    reasons = [
        upload_batch(client, corrected, upload_log=upload_log).loc[0, "reason"] for _ in range(2)
    ]
    copy = "Also at Argyle as paystubs: this is another copy, as W-2."
    assert reasons == [copy, f"Already at Argyle. {copy}"]
    assert len(uploads_of(client, user)) == 2


def test_refused_files_are_reported_and_the_rest_is_sent(client, user, stubs, upload_log, tmp_path):
    manifest = stubs(3, user=user.id)
    (tmp_path / "stub0.pdf").write_bytes(b"")
    (tmp_path / "stub1.pdf").unlink()
    with pytest.warns(UserWarning, match="2 of 3 rows can't be uploaded; the others are") as told:
        result = upload_batch(client, manifest, upload_log=upload_log)
    assert len(told) == 1
    assert "stub0.pdf: the file is empty" in str(told[0].message)
    assert "stub1.pdf: file not found" in str(told[0].message)
    assert result["state"].tolist() == ["invalid", "invalid", "uploaded"]
    assert "0 bytes" in result.loc[0, "reason"]
    assert "File not found" in result.loc[1, "reason"]
    assert result["bytes"].isna().tolist() == [True, True, False]


def test_an_external_id_is_looked_up_and_made_once(client, stubs, upload_log):
    upload_batch(client, stubs(3, user="borrower-1"), upload_log=upload_log)
    upload_batch(client, stubs(3, user="borrower-1"), upload_log=upload_log)
    [person] = client.list_users(external_id="borrower-1")
    assert len(uploads_of(client, person)) == 3


def test_a_user_whom_the_service_refuses_spoils_only_its_own_rows(client, user, stubs, upload_log):
    manifest = stubs(2, user=["x" * 101, user.id])
    assert upload_batch(client, manifest, upload_log=upload_log)["state"].tolist() == [
        "not_sent",
        "uploaded",
    ]


def test_progress_rises_to_all_files_and_bytes(client, user, stubs, upload_log):
    steps = []
    manifest = stubs(5, user=user.id)
    upload_batch(client, manifest, upload_log=upload_log, progress=steps.append)
    counts = [step[:4] for step in steps]
    assert counts == sorted(counts)
    size = len(PDF) + 1
    assert counts[-1] == (5, 5, 5 * size, 5 * size)


def test_progress_tells_of_each_row_how_it_ended(client, user, stubs, upload_log):
    ends = {}
    manifest = stubs(3, user=user.id)
    twice = pd.concat([manifest, manifest[:1]])

    def note(step):
        ends.update({number: row.entry for number, row in step.rows.items()})

    sent = upload_batch(client, twice, upload_log=upload_log, progress=note)
    assert sorted(ends) == [0, 1, 2, 3]
    assert [ends[row].upload_id for row in range(4)] == sent["upload_id"].tolist()


def test_progress_is_told_from_the_thread_that_asked(client, user, stubs, upload_log):
    threads = set()
    upload_batch(
        client,
        stubs(3, user=user.id),
        upload_log=upload_log,
        progress=lambda _: threads.add(threading.current_thread()),
    )
    assert threads == {threading.current_thread()}


def test_a_log_file_gets_no_bar(client, user, stubs, upload_log, capsys):
    import ipykernel.kernelapp  # noqa: F401, PLC0415 - a script may have imported it

    upload_batch(client, stubs(user=user.id), upload_log=upload_log)
    assert capsys.readouterr() == ("", "")


def test_attempts_and_seconds_are_told(client, user, stubs, upload_log):
    result = upload_batch(client, stubs(user=user.id), upload_log=upload_log)
    assert result.loc[0, "attempts"] == 1
    assert 0 < result.loc[0, "seconds"] < 60


def test_the_same_content_is_named_by_its_first_file(client, user, stubs, upload_log, tmp_path):
    manifest = stubs(2, user=user.id)
    (tmp_path / "stub1.pdf").write_bytes((tmp_path / "stub0.pdf").read_bytes())
    result = upload_batch(client, manifest, upload_log=upload_log)
    assert result["attempts"].tolist() == [1, 0]
    assert result.loc[1, "reason"] == f"Same content as {tmp_path / 'stub0.pdf'}."


def test_a_user_named_by_id_and_by_external_id_is_one(client, stubs, upload_log):
    person = client.create_user(external_id="two-names")
    manifest = pd.concat([stubs(user=person.id), stubs(user="two-names")])
    result = upload_batch(client, manifest, upload_log=upload_log)
    assert result["state"].tolist() == ["uploaded", "uploaded"]
    assert result["upload_id"].nunique() == len(uploads_of(client, person)) == 1


def test_many_threads_make_a_new_user_once(client, stubs, upload_log):
    upload_batch(client, stubs(20, user="met-by-many"), upload_log=upload_log)
    [person] = client.list_users(external_id="met-by-many")
    assert len(uploads_of(client, person)) == 20


def test_a_protected_pdf_is_sent_with_a_warning(client, user, stubs, upload_log, tmp_path):
    manifest = stubs(user=user.id)
    (tmp_path / "stub0.pdf").write_bytes(encrypted_pdf())
    result = upload_batch(client, manifest, upload_log=upload_log)
    assert result[["state", "reason"]].to_numpy().tolist() == [["uploaded", sentences(PROTECTED)]]
    again = upload_batch(client, manifest, upload_log=upload_log)
    assert again.loc[0, "reason"] == f"Already at Argyle. {sentences(PROTECTED)}"


def test_an_encrypted_pdf_is_refused_when_strict(client, user, stubs, upload_log, tmp_path):
    manifest = stubs(user=user.id)
    (tmp_path / "stub0.pdf").write_bytes(encrypted_pdf())
    with pytest.warns(UserWarning, match="The row can't be uploaded"):
        result = upload_batch(client, manifest, upload_log=upload_log, strict=True)
    assert result.loc[0, "state"] == "invalid"


def test_the_largest_size_can_be_set(client, user, stubs, upload_log):
    with pytest.warns(UserWarning, match="The row can't be uploaded"):
        result = upload_batch(client, stubs(user=user.id), upload_log=upload_log, max_bytes=10)
    assert result.loc[0, "state"] == "invalid"
    assert states(upload_log) == ["invalid"]


def test_the_upload_log_lives_in_the_home_folder_when_none_is_named(client, user, stubs, home):
    upload_batch(client, stubs(1, user=user.id))
    assert default_upload_log().is_relative_to(home)
    assert states(default_upload_log()) == ["uploaded"]


def test_the_home_folder_may_be_written_as_a_tilde_wherever_an_upload_log_is_named(
    client, user, stubs, home
):
    upload_batch(client, stubs(1, user=user.id), upload_log="~/batch.sqlite")
    assert states(home / "batch.sqlite") == ["uploaded"]
    assert len(contents_of(Path("~/batch.sqlite"))) == 1
    assert audit(client, user=user.id, upload_log="~/batch.sqlite").empty
    UploadQueue(client, "~/queue.sqlite")
    assert (home / "queue.sqlite").exists()
    assert not Path("~").exists()


# Against services that fail


def test_a_row_says_sending_before_the_request_arrives(stubs, upload_log):
    found = []

    def look(_):
        found.extend(states(upload_log))
        return upload_answer()

    with HostileServer(to_uploads(look)) as server:
        run(server, stubs(1), upload_log)
    assert found == ["sending"]
    assert states(upload_log) == ["uploaded"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (RESET, "not_confirmed"),
        (Answer(500), "not_confirmed"),
        (Answer(502), "not_confirmed"),
        (Answer(307, headers={"Location": "/x"}), "not_confirmed"),
        (Answer(409), "not_confirmed"),
        (Answer(202), "not_confirmed"),
        (Answer(200, b"<html>"), "not_confirmed"),
        (Answer(200, b"{}"), "not_confirmed"),
        (Answer(400, b'{"upload": ["no"]}'), "rejected_by_argyle"),
        (Answer(413), "rejected_by_argyle"),
        (Answer(404), "rejected_by_argyle"),
    ],
)
def test_each_end_of_an_upload_has_its_state(stubs, upload_log, answer, state):
    with HostileServer(to_uploads(answer)) as server:
        result = run(server, stubs(1), upload_log, resend="never")
    assert result.loc[0, "state"] == state
    assert result.loc[0, "reason"]
    assert pd.isna(result.loc[0, "upload_id"])
    assert states(upload_log) == [state]
    assert server.posts == 1


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, b"{}")])
def test_what_cannot_be_looked_for_is_not_sent_again(stubs, upload_log, answer):
    with HostileServer(answer) as server:
        run(server, stubs(1), upload_log)
        again = run(server, stubs(1), upload_log)
    assert again.loc[0, "state"] == "not_confirmed"
    assert "could not be checked" in again.loc[0, "reason"]
    assert server.posts == 1


def test_too_many_requests_are_waited_for(stubs, upload_log):
    slow = Answer(429, headers={"Retry-After": "0"})
    with HostileServer(to_uploads([slow, slow, upload_answer()])) as server:
        result = run(server, stubs(1), upload_log)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["uploaded", 3]]


def test_a_service_that_always_wants_less_leaves_a_row_unsent(stubs, upload_log):
    with HostileServer(to_uploads(Answer(429, headers={"Retry-After": "0"}))) as server:
        assert run(server, stubs(1), upload_log).loc[0, "state"] == "not_sent"
    assert states(upload_log) == ["new"]


def test_what_was_not_sent_is_sent_by_the_next_run(stubs, upload_log):
    slow = Answer(429, headers={"Retry-After": "0"})
    with HostileServer(to_uploads(lambda _: answers[0])) as server:
        answers = [slow]
        assert run(server, stubs(1), upload_log).loc[0, "state"] == "not_sent"
        tried = server.posts
        answers = [upload_answer()]
        result = run(server, stubs(1), upload_log)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["uploaded", tried + 1]]


def test_a_service_that_is_not_there_leaves_everything_unsent(stubs, upload_log):
    result = run(closed_port(), stubs(2), upload_log)
    assert result["state"].tolist() == ["not_sent", "not_sent"]
    assert states(upload_log) == ["new", "new"]


def test_a_list_of_users_that_is_unreadable_leaves_a_row_unsent(stubs, upload_log):
    with HostileServer(Answer(body=b"<html>")) as server:
        result = run(server, stubs(1, user="borrower-1"), upload_log)
    assert result.loc[0, "state"] == "not_sent"
    assert server.posts == 0


def test_a_refused_key_stops_the_batch_at_the_first_request(stubs, upload_log):
    with (
        HostileServer(Answer(401, b'{"detail": "Invalid environment."}')) as server,
        refused(AuthenticationError, "Invalid environment"),
    ):
        run(server, stubs(20), upload_log)
    assert len(server.seen) == 1
    assert states(upload_log) == []


def test_a_refused_key_stops_the_batch_at_the_first_upload(stubs, upload_log):
    with HostileServer(to_uploads(Answer(401))) as server, refused(AuthenticationError):
        run(server, stubs(20), upload_log)
    assert server.posts == 1
    assert states(upload_log) == ["new"]


def test_a_forbidden_document_is_rejected_and_the_others_go_on(stubs, upload_log):
    with HostileServer(to_uploads([Answer(403, b'{"detail": "no"}'), upload_answer()])) as server:
        result = run(server, stubs(2), upload_log)
    assert sorted(result["state"]) == ["rejected_by_argyle", "uploaded"]


def test_a_refused_key_stops_the_batch_at_the_first_look_up(stubs, upload_log):
    with HostileServer(Answer(401)) as server, refused(AuthenticationError):
        run(server, stubs(20, user="borrower-1"), upload_log)
    assert len(server.seen) == 1


def test_scopes_never_mix(stubs, upload_log):
    with HostileServer(upload_answer()) as first, HostileServer(upload_answer()) as second:
        run(first, stubs(1), upload_log)
        run(second, stubs(1), upload_log)
    assert (first.posts, second.posts) == (1, 1)


def test_an_upload_log_that_cannot_be_used_stops_the_batch_before_anything_is_sent(
    stubs, upload_log
):
    upload_log.write_bytes(b"not an upload log")
    with HostileServer(upload_answer()) as server, refused(ConfigurationError, "upload log"):
        run(server, stubs(1), upload_log)
    assert server.seen == []


def test_the_upload_log_holds_nothing_of_the_key(client, user, stubs, upload_log):
    upload_batch(client, stubs(1, user=user.id), upload_log=upload_log)
    kept = upload_log.read_bytes()
    assert client.settings.api_key_id.encode() not in kept
    assert client.settings.api_key_secret.reveal().encode() not in kept


def test_another_store_is_another_scope_and_another_key_is_not(sandbox):
    scopes = {
        Settings(sandbox.url, "local", key, Secret("s"), "t", store=store).log_scope
        for key in ("one", "two")
        for store in (None, "kept")
    }
    assert scopes == {sandbox.url, "kept"}


def test_a_service_that_is_gone_is_not_asked_for_every_file(stubs, upload_log):
    result = run(closed_port(), stubs(60, user="somebody"), upload_log)
    assert set(result["state"]) == {"not_sent"}
    untried = result["reason"].str.startswith("Not tried")
    assert untried.any()
    assert not untried.all()


# Runs that are interrupted, killed or not alone

KEY_OF_TEST = ("a-key-of-the-test", "its-secret")
PATIENCE = 120  # seconds; a loaded machine takes its time to start a program

CHILD = textwrap.dedent("""
    import signal
    import sys
    from argyle_nb.uploads import upload_batch
    from argyle_nb.client.client import Client
    from argyle_nb.config import Secret, Settings
    url, store, log, manifest, heard = sys.argv[1:]

    def interrupted(*call):
        with open(heard, "a") as file:
            file.write("!")
        signal.default_int_handler(*call)

    signal.signal(signal.SIGINT, interrupted)
    key_id, secret = sys.stdin.read().split()
    settings = Settings(url, "local", key_id, Secret(secret), "a test", store=store)
    sent = upload_batch(Client.from_settings(settings), manifest, upload_log=log)
    print(sent["state"].tolist())
""")


def start(url, key, upload_log, manifest, folder):
    path = folder / "manifest.csv"
    manifest.to_csv(path, index=False)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, "the test", upload_log, path, folder / "heard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdin.write(" ".join(key).encode())
    child.stdin.close()
    child.stdin = None
    return child


def interrupt(child, folder, times):
    """Press Ctrl-C and wait until the program has noticed; it is the so many-th time."""
    child.send_signal(signal.SIGINT)
    until(lambda: (folder / "heard").exists() and len((folder / "heard").read_text()) == times)


def test_a_run_that_is_killed_while_it_sends_is_not_repeated(stubs, upload_log, tmp_path):
    def kill(_):
        child.send_signal(signal.SIGKILL)
        child.wait()
        return upload_answer()

    with HostileServer(to_uploads(kill)) as server:
        child = start(server.url, KEY_OF_TEST, upload_log, stubs(2), tmp_path)
        child.communicate(timeout=PATIENCE)
        until(lambda: server.posts == 1)
        assert states(upload_log) == ["sending"]
    unreadable = Answer(500, headers={"Retry-After": "0"})
    with HostileServer(lambda r: upload_answer() if r.method == "POST" else unreadable) as server:
        again = start(server.url, KEY_OF_TEST, upload_log, stubs(2), tmp_path)
        said, _ = again.communicate(timeout=PATIENCE)
    assert said.decode().strip() == "['not_confirmed', 'uploaded']"
    assert server.posts == 1


def test_an_interrupt_from_the_keyboard_lets_what_is_in_the_air_end(stubs, upload_log, tmp_path):
    def answer(request):
        if request.method == "POST":
            interrupt(child, tmp_path, 1)
        return upload_answer()

    with HostileServer(answer) as server:
        child = start(server.url, KEY_OF_TEST, upload_log, stubs(9), tmp_path)
        _, said = child.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in said
    assert server.posts == 1
    assert states(upload_log) == ["uploaded"], said.decode()


def test_a_second_interrupt_does_not_wait_for_an_answer(stubs, upload_log, tmp_path):
    def answer(_):
        interrupt(child, tmp_path, 1)
        interrupt(child, tmp_path, 2)
        child.wait(PATIENCE)
        return upload_answer()

    with HostileServer(to_uploads(answer)) as server:
        child = start(server.url, KEY_OF_TEST, upload_log, stubs(9), tmp_path)
        _, said = child.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in said
    assert states(upload_log) == ["sending"]
    [row] = rows_of(upload_log)
    with UploadLog(upload_log) as kept:
        assert kept.entry(row).state == "not_confirmed"


def test_two_processes_with_one_upload_log_send_each_file_once(
    client, user, stubs, upload_log, tmp_path
):
    key = (client.settings.api_key_id, client.settings.api_key_secret.reveal())
    manifest = stubs(30, user=user.id)
    children = [
        start(client.settings.base_url, key, upload_log, manifest, tmp_path) for _ in range(2)
    ]
    for child in children:
        child.communicate(timeout=PATIENCE)
        assert child.returncode == 0
    names = [upload.file_name for upload in uploads_of(client, user)]
    assert len(names) == len(set(names)) == 30
    assert states(upload_log) == ["uploaded"] * 30
