"""Each guard, taken away, lets something bad happen: so each is needed, and each is tested."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from argyle_nb.client import transfer, transport
from argyle_nb.documents import inspect_document
from argyle_nb.errors import ArgyleError, AuthenticationError
from argyle_nb.uploads import upload_batch
from tests.faults.ledger import RESET, UPLOAD, Answer, Fault
from tests.faults.mutations import MUTATIONS
from tests.faults.server import FaultServer
from tests.support.servers import PDF, USER_ID, client_of, until
from tests.support.small_documents import pdf_of_size

SETTLE = 0.8


@pytest.fixture(params=[False, True], ids=["guarded", "unguarded"])
def without(request, monkeypatch):
    """Take a guard away in every second run; tell whether it was."""

    def take(mutation):
        if request.param:
            MUTATIONS[mutation](monkeypatch.setattr)
        return request.param

    return take


def send(server, folder, contents=(PDF,), **options):
    """Run a batch of files that are all called the same."""
    for number, content in enumerate(contents):
        (folder / str(number)).mkdir(exist_ok=True)
        (folder / str(number) / "stub.pdf").write_bytes(content)
    files = [str(folder / str(number) / "stub.pdf") for number in range(len(contents))]
    manifest = pd.DataFrame({"file": files, "document_type": "W-2", "user": USER_ID})
    with client_of(server) as client:
        options = {"upload_log": folder / "journal.sqlite", "confirm_timeout": SETTLE} | options
        return upload_batch(client, manifest, **options)


def test_the_time_to_settle_keeps_a_late_document_from_being_doubled(without, tmp_path):
    unguarded = without("no_time_to_settle")
    with FaultServer() as server:
        server.script(UPLOAD, [Fault(RESET, late=0.3)])
        send(server, tmp_path)
        until(lambda: server.pending == 0)
        assert (server.ledger.duplicates > 0) == unguarded


def test_the_look_keeps_a_stored_document_from_being_doubled(without, tmp_path):
    unguarded = without("no_look")
    with FaultServer() as server:
        server.script(UPLOAD, [Fault(RESET, store=True)])
        send(server, tmp_path, confirm_timeout=0.1)
        assert (server.ledger.duplicates > 0) == unguarded


def test_doubt_keeps_a_stored_document_from_being_doubled(without, tmp_path):
    unguarded = without("doubt_is_a_no")
    with FaultServer() as server:
        server.script(UPLOAD, [Fault(RESET, store=True)])
        send(server, tmp_path)
        send(server, tmp_path)
        assert (server.ledger.duplicates > 0) == unguarded


def test_the_hash_keeps_another_document_of_that_name_from_being_taken_for_it(without, tmp_path):
    unguarded = without("a_name_is_enough")
    with FaultServer() as server:
        other = {"user": USER_ID, "document_type": "W-2", "upload": ("stub.pdf", PDF + b"% other")}
        server.keep(other)
        server.script(UPLOAD, [Fault(RESET)])
        result = send(server, tmp_path)
        falsely_done = result.loc[0, "state"] == "uploaded" and len(server.ledger.documents) == 1
        assert falsely_done == unguarded


def test_what_is_new_keeps_a_document_that_was_changed_from_being_doubled(without, tmp_path):
    unguarded = without("other_bytes_are_another_document")
    with FaultServer() as server:
        server.rename, server.change = str.upper, lambda content: content + b"%"
        server.script(UPLOAD, [Fault(RESET, store=True)])
        send(server, tmp_path)
        assert (server.ledger.duplicates > 0) == unguarded


@pytest.mark.parametrize("is_logged", [False, True], ids=["not in the log", "in the log"])
def test_an_id_of_earlier_keeps_a_lost_document_from_being_called_done(
    without, tmp_path, is_logged
):
    unguarded = without("any_id_is_believed")
    with FaultServer() as server:
        if is_logged:
            send(server, tmp_path)
        else:
            form = {"user": USER_ID, "document_type": "W-2", "upload": ("stub.pdf", PDF)}
            server.keep(form)
        [old] = server.ledger.documents
        stale = Answer(200, json.dumps(server.shown(old)).encode())
        server.script(UPLOAD, lambda _: Fault(stale))
        result = send(server, tmp_path, [PDF, PDF + b"%"], resend="never")
        assert (result.loc[1, "state"] == "uploaded") == unguarded


def test_an_id_is_needed_for_done(without, tmp_path):
    unguarded = without("any_yes_will_do")
    with FaultServer() as server:
        server.script(UPLOAD, lambda _: Fault(Answer(200, b'{"id": ""}')))
        result = send(server, tmp_path, resend="never")
        assert (result.loc[0, "state"] == "uploaded") == unguarded
        assert server.ledger.documents == []


def test_no_redirect_is_followed_to_another_host(without, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "STALL_SECONDS", 0.5)
    monkeypatch.setattr(transfer, "_PATIENCE_SECONDS", 0.5)
    unguarded = without("redirects_are_followed")
    with FaultServer() as server, FaultServer() as foreign:
        there = {"Location": f"{foreign.url}/v2/user-uploads"}
        server.script(UPLOAD, lambda _: Fault(Answer(307, headers=there)))
        send(server, tmp_path, resend="never")
        assert bool(foreign.ledger.requests) == unguarded


def test_one_document_goes_ahead_to_try_the_key(without, tmp_path):
    unguarded = without("all_leave_at_once")
    with FaultServer() as server:
        server.script(UPLOAD, lambda _: Fault(Answer(401), wait=0.3))
        contents = [PDF + bytes([number]) for number in range(65, 85)]
        with pytest.raises(AuthenticationError):
            send(server, tmp_path, contents)
        assert (server.ledger.count(UPLOAD) > 1) == unguarded


def test_the_hash_of_what_leaves_keeps_a_changed_file_from_being_stored(
    without, tmp_path, monkeypatch
):
    unguarded = without("nobody_hashes_what_leaves")
    path = tmp_path / "stub.pdf"
    path.write_bytes(pdf_of_size(3_000_000))
    document = inspect_document(path)
    path.write_bytes(pdf_of_size(3_000_000))
    with FaultServer() as server, client_of(server) as client:
        try:
            client.upload(document, document_type="W-2", user=USER_ID)
        except ArgyleError:
            """It was broken off, as it should be."""
        assert bool(server.ledger.documents) == unguarded


def test_the_content_makes_the_key_and_not_the_name(without, tmp_path):
    unguarded = without("names_make_the_key")
    with FaultServer() as server:
        send(server, tmp_path, [PDF, PDF + b"%"])
        assert (len(server.ledger.documents) < 2) == unguarded


def test_the_patience_after_the_last_byte_keeps_a_slow_service_from_being_doubted(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(transfer, "_PATIENCE_SECONDS", 0.3)
    with FaultServer() as server:
        server.script(UPLOAD, [Fault(store=True, wait=1.0)])
        result = send(server, tmp_path)
        assert result[["state", "attempts"]].to_numpy().tolist() == [["uploaded", 1]]
        assert server.ledger.duplicates == 0
