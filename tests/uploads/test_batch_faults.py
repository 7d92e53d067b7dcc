"""A batch whose service fails, whose run is killed, or that is not alone."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pandas as pd
import pytest

from argyle_nb.config import Secret, Settings
from argyle_nb.documents import inspect_document
from argyle_nb.errors import AuthenticationError, ConfigurationError
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.jobs import send_once
from argyle_nb.uploads.journal import Journal, UploadKey
from argyle_nb.uploads.users import find_or_create_user
from tests.support.batches import rows_of, run, states, uploads_of
from tests.support.servers import (
    RESET,
    USER_ID,
    Answer,
    HostileServer,
    client_of,
    closed_port,
    refused,
    until,
    upload_answer,
)

KEY_OF_TEST = ("a-key-of-the-test", "its-secret")


def key_of(client, document):
    return UploadKey(client.settings.journal_scope, document.sha256, "paystubs", USER_ID)


def test_a_row_says_sending_before_the_request_arrives(stubs, journal):
    found = []

    def look(_):
        found.extend(states(journal))
        return upload_answer()

    with HostileServer(look) as server:
        run(server, stubs(1), journal)
    assert found == ["sending"]
    assert states(journal) == ["done"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (RESET, "unknown"),
        (Answer(500), "unknown"),
        (Answer(502), "unknown"),
        (Answer(307, headers={"Location": "/x"}), "unknown"),
        (Answer(409), "unknown"),
        (Answer(202), "unknown"),
        (Answer(200, b"<html>"), "unknown"),
        (Answer(200, b"{}"), "unknown"),
        (Answer(400, b'{"upload": ["no"]}'), "rejected"),
        (Answer(413), "rejected"),
        (Answer(404), "rejected"),
    ],
)
def test_each_end_of_an_upload_has_its_state(stubs, journal, answer, state):
    with HostileServer(answer) as server:
        result = run(server, stubs(1), journal)
    assert result.loc[0, "state"] == state
    assert result.loc[0, "reason"]
    assert pd.isna(result.loc[0, "upload_id"])
    assert states(journal) == [state]
    assert server.posts == 1


@pytest.mark.parametrize("answer", [RESET, Answer(500), Answer(200, b"{}")])
def test_what_cannot_be_looked_for_is_not_sent_again(stubs, journal, answer):
    with HostileServer(answer) as server:
        run(server, stubs(1), journal)
        again = run(server, stubs(1), journal)
    assert again.loc[0, "state"] == "unknown"
    assert "could not be looked for" in again.loc[0, "reason"]
    assert server.posts == 1


def test_too_many_requests_are_waited_for(stubs, journal):
    slow = Answer(429, headers={"Retry-After": "0"})
    with HostileServer([slow, slow, upload_answer()]) as server:
        result = run(server, stubs(1), journal)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["done", 3]]


def test_a_service_that_always_wants_less_leaves_a_row_unsent(stubs, journal):
    with HostileServer(Answer(429, headers={"Retry-After": "0"})) as server:
        assert run(server, stubs(1), journal).loc[0, "state"] == "unsent"
    assert states(journal) == ["new"]


def test_what_was_not_sent_is_sent_by_the_next_run(stubs, journal):
    run(closed_port(), stubs(1), journal)
    with HostileServer(upload_answer()) as server, client_of(server) as client:
        scope = client.settings.journal_scope
        with closing(sqlite3.connect(journal)) as kept:
            kept.execute("UPDATE uploads SET scope = ?", (scope,))
            kept.commit()
        result = upload_batch(client, stubs(1), journal=journal)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["done", 4]]


def test_a_service_that_is_not_there_leaves_everything_unsent(stubs, journal):
    result = run(closed_port(), stubs(2), journal)
    assert result["state"].tolist() == ["unsent", "unsent"]
    assert states(journal) == ["new", "new"]


def test_a_list_of_users_that_is_unreadable_leaves_a_row_unsent(stubs, journal):
    with HostileServer(Answer(body=b"<html>")) as server:
        result = run(server, stubs(1, user="borrower-1"), journal)
    assert result.loc[0, "state"] == "unsent"
    assert server.posts == 0


def test_a_refused_key_stops_the_batch_at_the_first_upload(stubs, journal):
    with (
        HostileServer(Answer(401, b'{"detail": "Invalid environment."}')) as server,
        refused(AuthenticationError, "Invalid environment"),
    ):
        run(server, stubs(20), journal)
    assert len(server.seen) == 1
    assert states(journal) == ["new"]


def test_a_forbidden_document_is_rejected_and_the_others_go_on(stubs, journal):
    with HostileServer([Answer(403, b'{"detail": "no"}'), upload_answer()]) as server:
        result = run(server, stubs(2), journal)
    assert sorted(result["state"]) == ["done", "rejected"]


def test_a_refused_key_stops_the_batch_at_the_first_look_up(stubs, journal):
    with HostileServer(Answer(401)) as server, refused(AuthenticationError):
        run(server, stubs(20, user="borrower-1"), journal)
    assert len(server.seen) == 1


def test_a_document_that_vanishes_after_its_inspection_is_unsent(stubs, journal, tmp_path):
    document = inspect_document(stubs(1).loc[0, "file"])
    document.path.unlink()
    with HostileServer(upload_answer()) as server, client_of(server) as client:
        entry = send_once(client, Journal(journal), key_of(client, document), document).entry
    assert entry.state == "new"
    assert states(journal) == ["new"]
    assert server.seen == []


def test_scopes_never_mix(stubs, journal):
    with HostileServer(upload_answer()) as first, HostileServer(upload_answer()) as second:
        run(first, stubs(1), journal)
        run(second, stubs(1), journal)
    assert (first.posts, second.posts) == (1, 1)


def test_a_journal_that_cannot_be_used_stops_the_batch_before_anything_is_sent(stubs, journal):
    journal.write_bytes(b"not a journal")
    with HostileServer(upload_answer()) as server, refused(ConfigurationError, "journal"):
        run(server, stubs(1), journal)
    assert server.seen == []


def test_the_journal_holds_nothing_of_the_key(client, user, stubs, journal):
    upload_batch(client, stubs(1, user=user.id), journal=journal)
    kept = journal.read_bytes()
    assert client.settings.api_key_id.encode() not in kept
    assert client.settings.api_key_secret.reveal().encode() not in kept


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupt_passes_through_and_leaves_the_row_unknown(stubs, journal, stop):
    def interrupt(*_):
        raise stop

    with HostileServer(upload_answer()) as server, client_of(server) as client:
        document = inspect_document(stubs(1).loc[0, "file"])
        with pytest.raises(stop):
            send_once(client, Journal(journal), key_of(client, document), document, interrupt)
        assert run(server, stubs(1), journal).loc[0, "state"] == "unknown"
    assert states(journal) == ["unknown"]


PATIENCE = 120  # seconds; a loaded machine takes its time to start a program

CHILD = textwrap.dedent("""
    import signal
    import sys
    from argyle_nb.uploads import upload_batch
    from argyle_nb.client.client import Client
    from argyle_nb.config import Secret, Settings
    url, store, journal, manifest, heard = sys.argv[1:]

    def interrupted(*call):
        with open(heard, "a") as file:
            file.write("!")
        signal.default_int_handler(*call)

    signal.signal(signal.SIGINT, interrupted)
    key_id, secret = sys.stdin.read().split()
    settings = Settings(url, "local", key_id, Secret(secret), "a test", store=store)
    print(upload_batch(Client.from_settings(settings), manifest, journal=journal)["state"].tolist())
""")


def start(url, key, journal, manifest, folder):
    path = folder / "manifest.csv"
    manifest.to_csv(path, index=False)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, "the test", journal, path, folder / "heard"],
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


def test_a_run_that_is_killed_while_it_sends_is_not_repeated(stubs, journal, tmp_path):
    def kill(_):
        child.send_signal(signal.SIGKILL)
        child.wait()
        return upload_answer()

    with HostileServer(kill) as server:
        child = start(server.url, KEY_OF_TEST, journal, stubs(2), tmp_path)
        child.communicate(timeout=PATIENCE)
        until(lambda: server.posts == 1)
        assert states(journal) == ["sending"]
    unreadable = Answer(500, headers={"Retry-After": "0"})
    with HostileServer(lambda r: upload_answer() if r.method == "POST" else unreadable) as server:
        again = start(server.url, KEY_OF_TEST, journal, stubs(2), tmp_path)
        said, _ = again.communicate(timeout=PATIENCE)
    assert said.decode().strip() == "['unknown', 'done']"
    assert server.posts == 1


def test_an_interrupt_from_the_keyboard_lets_what_is_in_the_air_end(stubs, journal, tmp_path):
    def answer(request):
        if request.method == "POST":
            interrupt(child, tmp_path, 1)
        return upload_answer()

    with HostileServer(answer) as server:
        child = start(server.url, KEY_OF_TEST, journal, stubs(9), tmp_path)
        _, said = child.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in said
    assert server.posts == 1
    assert states(journal) == ["done"], said.decode()


def test_a_second_interrupt_does_not_wait_for_an_answer(stubs, journal, tmp_path):
    def answer(_):
        interrupt(child, tmp_path, 1)
        interrupt(child, tmp_path, 2)
        child.wait(PATIENCE)
        return upload_answer()

    with HostileServer(answer) as server:
        child = start(server.url, KEY_OF_TEST, journal, stubs(9), tmp_path)
        _, said = child.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in said
    assert states(journal) == ["sending"]
    [row] = rows_of(journal)
    with Journal(journal) as kept:
        assert kept.entry(row).state == "unknown"


def test_two_processes_with_one_journal_send_each_file_once(client, user, stubs, journal, tmp_path):
    key = (client.settings.api_key_id, client.settings.api_key_secret.reveal())
    manifest = stubs(30, user=user.id)
    children = [start(client.settings.base_url, key, journal, manifest, tmp_path) for _ in range(2)]
    for child in children:
        child.communicate(timeout=PATIENCE)
        assert child.returncode == 0
    names = [upload.file_name for upload in uploads_of(client, user)]
    assert len(names) == len(set(names)) == 30
    assert states(journal) == ["done"] * 30


def test_another_store_is_another_scope_and_another_key_is_not(sandbox):
    scopes = {
        Settings(sandbox.url, "local", key, Secret("s"), "t", store=store).journal_scope
        for key in ("one", "two")
        for store in (None, "kept")
    }
    assert scopes == {sandbox.url, "kept"}


def test_a_service_that_is_gone_is_not_asked_for_every_file(stubs, journal):
    result = run(closed_port(), stubs(60, user="somebody"), journal)
    assert set(result["state"]) == {"unsent"}
    untried = result["reason"].str.startswith("not tried")
    assert untried.any()
    assert not untried.all()


def test_a_stranger_is_never_taken_for_the_user_that_was_asked_for(tmp_path):
    stranger = json.dumps({"next": None, "results": [{"id": USER_ID, "external_id": "else"}]})
    with HostileServer(Answer(body=stranger.encode())) as server, client_of(server) as client:
        assert list(client.list_users(external_id="loan-1")) == []


def test_two_runs_that_meet_a_new_user_at_once_create_one(client, tmp_path):
    path = tmp_path / "journal.sqlite"
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda _: find_or_create_user(client, Journal(path), "met-at-once"), range(8)
        )
    assert len(set(found)) == 1
