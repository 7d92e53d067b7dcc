"""Documents out and in again: sent once or not at all, saved whole or not at all."""

from __future__ import annotations

import errno
import gzip
import hashlib
import itertools
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.client import responses, retry, transfer, transport
from argyle_nb.client.transport import Transport
from argyle_nb.config import make_settings
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
from argyle_nb.models import UserUpload
from tests.faults.ledger import UPLOAD
from tests.faults.server import FaultServer
from tests.support.servers import (
    KEY_ID,
    PDF,
    RESET,
    SECRET,
    UPLOAD_ID,
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
    with HostileServer(endless) as server, refused(AmbiguousUploadError, "was not read to its end"):
        send(server, stub)


def test_an_upload_that_finds_nobody_was_certainly_not_sent(stub):
    with refused(TransportError, "can't be reached"):
        send(closed_port(), stub)


def test_reading_keeps_a_connection_but_every_upload_opens_its_own(stub):
    kept = {"Connection": "keep-alive"}
    uploaded = Answer(body=b'{"id": "%s"}' % UPLOAD_ID.encode(), headers=kept)
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
        with refused(DocumentError, "the file changed"):
            client.upload(document, document_type="paystubs", user=USER_ID)
        assert server.ledger.documents == []


def test_a_document_that_vanished_since_it_was_inspected_is_not_sent(tmp_path):
    document = inspect_document(document_in(tmp_path))
    document.path.unlink()
    with (
        HostileServer(upload_answer()) as server,
        client_of(server) as client,
        refused(DocumentError, "can't read the file"),
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
        with refused(DocumentError, "the file changed after it was checked, and was not uploaded"):
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


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads"


def fetch(server, folder, url=None, upload_id=UPLOAD_ID, **fields):
    upload = UserUpload(upload_id, file_url=url or f"{server.url}/file", **fields)
    with client_of(server) as client:
        return client.download(upload, folder)


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_document_is_saved_under_its_id_for_its_owner_only(folder):
    with HostileServer(Answer(body=PDF)) as server:
        path = fetch(server, folder)
    assert path == folder / f"{UPLOAD_ID}.pdf"
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o777 == 0o600
    assert files(folder) == [path.name]


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"\xff\xd8\xff\xe0", ".jpg"),
        (b"\x89PNG\r\n\x1a\n", ".png"),
        (b"\0\0\0\x18ftypheic", ".heic"),
    ],
)
def test_the_extension_is_told_by_content(folder, head, extension):
    with HostileServer(Answer(body=head + bytes(50))) as server:
        assert fetch(server, folder, file_name="stub.pdf").suffix == extension


def digest(server, sizes=None):
    with client_of(server) as client:
        return client.digest(UserUpload(UPLOAD_ID, file_url=f"{server.url}/file"), sizes)


def test_a_document_is_hashed_without_being_saved():
    with HostileServer(Answer(body=PDF)) as server:
        assert digest(server) == (len(PDF), hashlib.sha256(PDF).hexdigest())


def test_a_document_of_another_size_is_not_read_to_its_end():
    with HostileServer(Answer(body=PDF)) as server:
        assert digest(server, {len(PDF) + 1}) == (len(PDF), None)
        assert digest(server, {len(PDF)}).sha256 == hashlib.sha256(PDF).hexdigest()


def test_the_size_of_a_compressed_answer_tells_nothing():
    packed = Answer(body=gzip.compress(PDF), headers={"Content-Encoding": "gzip"})
    with HostileServer(packed) as server:
        assert digest(server, {1}) == (len(PDF), hashlib.sha256(PDF).hexdigest())


@pytest.mark.parametrize("sizes", [None, {1}])
def test_a_page_to_log_in_is_not_hashed(sizes):
    with HostileServer(Answer(body=b"<html>Log in</html>")) as server, refused(ApiError, "not a"):
        digest(server, sizes)


def test_a_document_that_is_cut_short_is_not_hashed():
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + PDF
    with HostileServer(cut) as server, refused(TransportError, "interrupted"):
        digest(server)


def test_a_document_that_comes_in_small_pieces_is_known_for_what_it_is(folder):
    pieces = (b"%x\r\n%s\r\n" % (1, PDF[i : i + 1]) for i in range(len(PDF)))
    chunked = Answer(
        body=itertools.chain(pieces, [b"0\r\n\r\n"]), headers={"Transfer-Encoding": "chunked"}
    )
    with HostileServer(chunked) as server:
        assert fetch(server, folder).read_bytes() == PDF


def test_a_compressed_document_is_unpacked(folder):
    packed = Answer(body=gzip.compress(PDF), headers={"Content-Encoding": "gzip"})
    with HostileServer(packed) as server:
        assert fetch(server, folder).read_bytes() == PDF


def test_an_earlier_download_is_replaced(folder):
    with HostileServer([Answer(body=PDF), Answer(body=PDF + b"newer")]) as server:
        fetch(server, folder)
        assert fetch(server, folder).read_bytes() == PDF + b"newer"
    assert len(files(folder)) == 1


def test_two_downloads_of_one_document_do_not_mix(folder):
    content = PDF + os.urandom(2_000_000)
    with HostileServer(Answer(body=content)) as server:
        threads = [threading.Thread(target=fetch, args=(server, folder)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert files(folder) == [f"{UPLOAD_ID}.pdf"]
    assert (folder / f"{UPLOAD_ID}.pdf").read_bytes() == content


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + PDF,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + PDF,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%PDF-\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 500\r\n\r\n"
        + gzip.compress(PDF),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\nnot packed",
    ],
    ids=["plain", "a long chunk", "a short chunk", "packed", "not packed"],
)
def test_a_document_that_is_cut_short_leaves_no_file(folder, raw):
    with HostileServer(raw) as server, refused(TransportError, "was interrupted"):
        fetch(server, folder)
    assert files(folder) == []


@pytest.mark.parametrize("body", [b"<!doctype html><title>Log in</title>", b"", b"{}"])
def test_what_is_no_document_leaves_no_file(folder, body):
    with HostileServer(Answer(body=body)) as server, refused(ApiError, "not a PDF"):
        fetch(server, folder)
    assert files(folder) == []


def test_a_document_without_end_is_cut_off(folder, monkeypatch):
    monkeypatch.setattr(transfer, "MAX_DOCUMENT_BYTES", 1_000_000)
    blocks = itertools.chain([PDF], itertools.repeat(bytes(65536)))
    endless = Answer(body=blocks, headers={"Content-Length": "9" * 15})
    with HostileServer(endless) as server, refused(ApiError, "was not read to its end"):
        fetch(server, folder)
    assert files(folder) == []


def test_a_bomb_is_cut_off_by_its_unpacked_size(folder, monkeypatch):
    monkeypatch.setattr(transfer, "MAX_DOCUMENT_BYTES", 1_000_000)
    bomb = gzip.compress(PDF + bytes(50_000_000), compresslevel=1)
    packed = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    with HostileServer(packed) as server, refused(ApiError, "was not read to its end"):
        fetch(server, folder)
    assert files(folder) == []


def test_a_document_that_drips_is_cut_off(folder, monkeypatch):
    monkeypatch.setattr(transfer, "DOWNLOAD_SECONDS", 0.2)

    def drip():
        while True:
            time.sleep(0.02)
            yield b"%PDF-"

    dripping = {"Content-Length": "100000"}
    with (
        HostileServer(lambda _: Answer(body=drip(), headers=dripping)) as server,
        refused(TransportError, "Timeout"),
    ):
        fetch(server, folder)
    assert files(folder) == []


def test_a_full_disk_leaves_no_file_and_says_where(folder, monkeypatch):
    def full(*_):
        yield PDF + bytes(2000)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(transfer, "body_blocks", full)
    with HostileServer(Answer(body=PDF)) as server, refused(DocumentError, "No space left"):
        fetch(server, folder)
    assert files(folder) == []


def test_a_folder_that_cannot_be_made_is_named(folder):
    folder.write_text("a file where the folder belongs")
    with HostileServer(Answer(body=PDF)) as server, refused(DocumentError, "can't write the file"):
        fetch(server, folder)


@given(st.text(), st.sampled_from(["../../x.pdf", "/etc/passwd", "..\\x", "\0", "CON", "."]))
def test_a_strangers_file_name_never_becomes_a_path(tmp_path_factory, name, hostile):
    folder = tmp_path_factory.mktemp("names")
    answer = _Body(PDF)
    upload = UserUpload(UPLOAD_ID, file_name=hostile + name)
    path = transfer.save_document(answer, folder, upload.id)
    assert files(folder) == [f"{UPLOAD_ID}.pdf"]
    assert path.parent == folder


class _Body:
    """An answer that is all there; a socket for each example would be slow."""

    def __init__(self, content):
        self.raw = self
        self.headers = {"Content-Length": str(len(content))}
        self._left = content

    def read1(self, size, **_):
        block, self._left = self._left[:size], self._left[size:]
        return block


@pytest.mark.parametrize("upload_id", ["../../x", "/etc/passwd", "", "a", UPLOAD_ID + "/.."])
def test_an_id_that_is_none_never_becomes_a_path(folder, upload_id):
    with (
        HostileServer(Answer(body=PDF)) as server,
        refused(ValidationError, "id must be an Argyle upload ID"),
    ):
        fetch(server, folder, upload_id=upload_id)
    assert server.seen == []


def test_an_upload_without_an_address_is_refused(folder):
    with (
        HostileServer(Answer()) as server,
        client_of(server) as client,
        refused(ApiError, "file_url"),
    ):
        client.download(UserUpload(UPLOAD_ID), folder)


# Where documents come from, and who gets the key on the way


def test_the_key_goes_along_to_the_own_origin_through_a_redirect(folder):
    with HostileServer([Answer(302, headers={"Location": "/there"}), Answer(body=PDF)]) as server:
        fetch(server, folder)
    assert [seen.path for seen in server.seen] == ["/file", "/there"]
    assert all("authorization" in seen.headers for seen in server.seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_foreign_host_gives_the_document_but_never_gets_the_key(folder, status, home):
    (home / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (home / ".netrc").chmod(0o600)
    with HostileServer(Answer(body=PDF)) as storage:
        away = Answer(status, headers={"Location": f"{storage.url}/signed?x=1"})
        with HostileServer(away) as server:
            assert fetch(server, folder).read_bytes() == PDF
    [seen] = storage.seen
    assert "authorization" not in seen.headers
    assert KEY_ID not in str(seen)
    assert SECRET not in str(seen)


def test_a_foreign_first_address_does_not_get_the_key_either(folder):
    with HostileServer(Answer(body=PDF)) as storage, HostileServer(Answer()) as server:
        fetch(server, folder, url=f"{storage.url}/file")
    assert "authorization" not in storage.seen[0].headers


def test_the_key_comes_back_with_the_way_home(folder):
    with HostileServer(Answer(body=PDF)) as storage, HostileServer(Answer(body=PDF)) as server:
        storage._answers[:] = [Answer(302, headers={"Location": f"{server.url}/home"})]
        fetch(server, folder, url=f"{storage.url}/file")
    assert "authorization" not in storage.seen[0].headers
    assert "authorization" in server.seen[0].headers


def test_redirects_in_a_circle_are_an_error(folder):
    with HostileServer(Answer(302, headers={"Location": "/file"})) as server:
        with refused(ApiError, "redirected more than"):
            fetch(server, folder)
        assert len(server.seen) == transport.MAX_HOPS + 1


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "data:application/pdf,%25PDF-",
        "ftp://127.0.0.1/x",
        "http://user:pass@127.0.0.1/x",
        "http://127.0.0.2:1/x",
        "http://169.254.169.254/latest",
        "https://www.example.com/x",
    ],
)
def test_a_local_server_cannot_lead_elsewhere(folder, location):
    with HostileServer(Answer(302, headers={"Location": location})) as server, refused(ApiError):
        fetch(server, folder)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://www.argyle.com/x",
        "https://localhost/x",
        "https://a.localhost/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://10.0.0.8/x",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ],
)
def test_argyle_cannot_lead_into_a_private_network(url):
    with pytest.raises(ApiError):
        _production().open_download(url)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (404, NotFoundError), (410, ApiError)]
)
def test_a_refused_download_has_its_error(folder, status, kind):
    with HostileServer(Answer(status)) as server, refused(kind):
        fetch(server, folder)
    assert files(folder) == []


@pytest.mark.parametrize("raw", [b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n{", RESET])
def test_a_download_that_breaks_before_it_begins_names_the_host(folder, raw):
    with (
        HostileServer(raw) as storage,
        HostileServer(Answer()) as server,
        refused(TransportError, r"http://127\.0\.0\.1"),
    ):
        fetch(server, folder, url=f"{storage.url}/file")
    assert files(folder) == []


def test_an_impossible_host_is_an_error_of_the_tree(monkeypatch):
    def unknown(*_):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises((ApiError, TransportError)):
        _production().open_download(f"https://{'a' * 64}.{'b' * 300}/x")


def _production():
    return Transport(make_settings(KEY_ID, SECRET, "production"))
