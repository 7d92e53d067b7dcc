"""One document on its way out: sent once or not at all, and told apart."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap

import pytest

from argyle_nb.client import responses
from argyle_nb.documents import inspect_document
from argyle_nb.errors import (
    AmbiguousUploadError,
    ApiError,
    AuthenticationError,
    DocumentError,
    NotFoundError,
    RateLimitError,
    TransportError,
    ValidationError,
)
from tests.faults.ledger import UPLOAD
from tests.faults.server import FaultServer
from tests.support.servers import (
    PDF,
    RESET,
    USER_ID,
    Answer,
    HostileServer,
    client_of,
    closed_port,
    page,
    refused,
    until,
    upload_answer,
)
from tests.support.small_documents import pdf_of_size


@pytest.fixture
def stub(tmp_path):
    path = tmp_path / "stub.pdf"
    path.write_bytes(PDF)
    return path


def send(server, stub):
    with client_of(server) as client:
        return client.upload(stub, document_type="paystubs", user=USER_ID)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_upload_never_follows_a_redirect(stub, status):
    with HostileServer(upload_answer()) as foreign:
        away = Answer(status, headers={"Location": f"{foreign.url}/v2/user-uploads"})
        with HostileServer(away) as server, refused(AmbiguousUploadError, "redirect"):
            send(server, stub)
    assert foreign.seen == []
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 202, 204])
def test_an_unclear_answer_leaves_an_upload_ambiguous_and_unrepeated(stub, status):
    with HostileServer(Answer(status)) as server, refused(AmbiguousUploadError, str(status)):
        send(server, stub)
    assert server.posts == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (413, ValidationError),
        (415, ValidationError),
        (422, ValidationError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (405, ApiError),
        (429, RateLimitError),
    ],
)
def test_a_clear_refusal_of_an_upload_has_its_error_and_is_not_repeated(stub, status, kind):
    with HostileServer(Answer(status, b"{}", {"Retry-After": "0"})) as server, refused(kind):
        send(server, stub)
    assert server.posts == 1


def test_the_fields_that_were_refused_are_told(stub):
    body = b'{"user": ["Invalid pk.", "Odd."], "upload": "empty"}'
    with HostileServer(Answer(400, body)) as server, refused(ValidationError, "Odd") as caught:
        send(server, stub)
    assert caught.value.fields == {"user": ["Invalid pk.", "Odd."], "upload": ["empty"]}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": "0132', b"{}", b'{"id": ""}', b"[]"])
def test_a_yes_without_an_id_is_ambiguous(stub, body):
    with HostileServer(Answer(200, body)) as server, refused(AmbiguousUploadError, r"stub\.pdf"):
        send(server, stub)
    assert server.posts == 1


@pytest.mark.parametrize(
    "raw",
    [
        RESET,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"not HTTP at all\r\n\r\n",
    ],
)
def test_a_connection_that_breaks_after_sending_is_ambiguous(stub, raw):
    with HostileServer(raw) as server, refused(AmbiguousUploadError, "may be stored"):
        send(server, stub)
    assert server.posts == 1


def test_a_yes_that_never_ends_is_ambiguous(stub, monkeypatch):
    monkeypatch.setattr(responses, "MAX_ANSWER_BYTES", 100_000)
    endless = Answer(body=itertools.repeat(b" " * 65536))
    with HostileServer(endless) as server, refused(AmbiguousUploadError, "cut off"):
        send(server, stub)


def test_an_upload_that_finds_nobody_was_certainly_not_sent(stub):
    with refused(TransportError, "could not be reached"):
        send(closed_port(), stub)


def test_reading_keeps_a_connection_but_every_upload_opens_its_own(stub):
    kept = {"Connection": "keep-alive"}
    uploaded = upload_answer()
    uploaded.headers |= kept
    with HostileServer([Answer(body=page().body, headers=kept)] * 2 + [uploaded]) as server:
        with client_of(server) as client:
            list(client.list_uploads())
            list(client.list_uploads())
            client.upload(stub, document_type="paystubs", user=USER_ID)
            client.upload(stub, document_type="paystubs", user=USER_ID)
        ports = [seen.port for seen in server.seen]
    assert ports[0] == ports[1]
    assert len(set(ports)) == 3


def document_in(folder, name="stub.pdf", content=PDF):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b"", b"plain text renamed"])
def test_a_file_that_is_no_document_is_refused_before_anything_is_sent(tmp_path, content):
    path = document_in(tmp_path, content=content)
    with (
        HostileServer(upload_answer()) as server,
        client_of(server) as client,
        refused(DocumentError, r"stub\.pdf"),
    ):
        client.upload(path, document_type="paystubs", user=USER_ID)
    assert server.seen == []


@pytest.mark.parametrize("content", [PDF + b"another", PDF[:-1], PDF.replace(b"612", b"613")])
def test_a_document_that_was_replaced_since_it_was_inspected_never_arrives(tmp_path, content):
    document = inspect_document(document_in(tmp_path))
    document.path.write_bytes(content)
    with FaultServer() as server, client_of(server) as client:
        with refused(DocumentError, "has changed"):
            client.upload(document, document_type="paystubs", user=USER_ID)
        assert server.ledger.documents == []


def test_a_document_that_vanished_since_it_was_inspected_is_not_sent(tmp_path):
    document = inspect_document(document_in(tmp_path))
    document.path.unlink()
    with (
        HostileServer(upload_answer()) as server,
        client_of(server) as client,
        refused(DocumentError, "cannot be read"),
    ):
        client.upload(document, document_type="paystubs", user=USER_ID)
    assert server.seen == []


@pytest.mark.parametrize("change", ["same size", "shorter"])
def test_a_document_that_changes_while_it_is_sent_never_arrives(tmp_path, change):
    path = document_in(tmp_path, content=pdf_of_size(3_000_000))

    def meddle(sent, total):
        if sent < total / 2:
            with path.open("r+b") as file:
                file.truncate(2_500_000 if change == "shorter" else 3_000_000)
                file.seek(2_400_000)
                file.write(b"other bytes")

    with FaultServer() as server, client_of(server) as client:
        with refused(DocumentError, "has changed since it was looked at, and was not sent"):
            client.upload(path, document_type="paystubs", user=USER_ID, progress=meddle)
        until(lambda: server.ledger.count(UPLOAD) == 1)
        assert server.ledger.documents == []


def test_a_document_that_grows_while_it_is_sent_arrives_as_it_was_looked_at(tmp_path):
    content = pdf_of_size(3_000_000)
    path = document_in(tmp_path, content=content)

    def grow(*_):
        with path.open("ab") as file:
            file.write(b"more")

    with FaultServer() as server, client_of(server) as client:
        client.upload(path, document_type="paystubs", user=USER_ID, progress=grow)
        assert [stored.content for stored in server.ledger.documents] == [content]


def test_a_document_that_changes_after_it_was_sent_is_there_as_it_was(tmp_path):
    path = document_in(tmp_path)

    def answer(_):
        path.write_bytes(PDF + b"changed")
        return upload_answer()

    with HostileServer(answer) as server, client_of(server) as client:
        assert client.upload(path, document_type="paystubs", user=USER_ID).id
    assert PDF in server.seen[0].body


def test_what_is_sent_is_the_published_form(tmp_path):
    with HostileServer(upload_answer()) as server, client_of(server) as client:
        client.upload(document_in(tmp_path), document_type="W-2", user=USER_ID)
    [seen] = server.seen
    assert (seen.method, seen.path) == ("POST", "/v2/user-uploads")
    boundary = seen.headers["content-type"].partition("boundary=")[2].encode()
    parts = [part.partition(b"\r\n\r\n") for part in seen.body.split(b"--" + boundary)[1:-1]]
    form = {head.split(b'name="')[1].split(b'"')[0]: body[:-2] for head, _, body in parts}
    assert form == {b"user": USER_ID.encode(), b"document_type": b"W-2", b"upload": PDF}


def test_a_document_is_streamed_so_memory_stays_flat(client, user, tmp_path):
    path = document_in(tmp_path, "big.pdf", pdf_of_size(60_000_000))
    script = rf"""
        import re, sys
        from argyle_nb.client.client import Client
        from argyle_nb.config import Secret, Settings
        key_id, secret = sys.stdin.read().split()
        client = Client.from_settings(
            Settings({client.settings.base_url!r}, "local", key_id, Secret(secret), "a test"))
        def upload(file):
            client.upload(file, document_type="miscellaneous", user={user.id!r})
        def peak_kilobytes():
            return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
        upload({str(document_in(tmp_path))!r})
        before = peak_kilobytes()
        upload({str(path)!r})
        print(peak_kilobytes() - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        input=f"{client.settings.api_key_id} {client.settings.api_key_secret.reveal()}",
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 10_000
