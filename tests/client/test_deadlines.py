"""A server that sends a byte now and then is never silent, and is ended all the same."""

from __future__ import annotations

import itertools
import socket
import threading

import pytest

from argyle_nb.client import deadlines, responses, transfer, transport
from argyle_nb.errors import AmbiguousUploadError, TransportError
from tests.support.servers import PDF, USER_ID, client_of, refused

BETWEEN_BYTES_SECONDS = 0.02
# Without a deadline the last of them would come, and then the connection would break.
BYTES = 300

HEADS = {
    "the status line": [b"HTTP/1.1 ", [b"2"]],
    "one header without end": [b"HTTP/1.1 200 OK\r\nX-Drip: ", [b"x"]],
    "many headers": [b"HTTP/1.1 200 OK\r\n", [b"X: ", b"y\r\n"]],
    "go on, go on": [b"", [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]],
}
BODIES = {
    "the size of a chunk": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        [b"0"],
    ],
    "the body of a redirect": [
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9999\r\n\r\n",
        [b"x"],
    ],
    "what follows the last chunk": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        [b"X: ", b"y\r\n"],
    ],
}


class DrippingServer:
    """Reads a request, answers its first bytes at once and the others one after the other."""

    def __init__(self, first, others):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = 0
        self._first, self._others, self._stopped = first, others, threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._drip, args=[connection], daemon=True).start()

    def _drip(self, connection):
        self.requests += 1
        threading.Thread(target=self._swallow, args=[connection], daemon=True).start()
        with connection:
            try:
                connection.sendall(self._first)
                for block in itertools.islice(itertools.cycle(self._others), BYTES):
                    if self._stopped.wait(BETWEEN_BYTES_SECONDS):
                        return
                    connection.sendall(block)
            except OSError:
                return

    def _swallow(self, connection):
        try:
            while connection.recv(1 << 16):
                pass
        except OSError:
            return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._listener.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(transport, "READ_SECONDS", 0.3)
    monkeypatch.setattr(transfer, "_PATIENCE_SECONDS", 0.3)


@pytest.mark.parametrize("where", [*HEADS, *BODIES])
def test_reading_ends(where):
    with (
        DrippingServer(*(HEADS | BODIES)[where]) as server,
        client_of(server) as client,
        refused(TransportError, "Timeout"),
    ):
        client._transport.get("/v2/user-uploads", seconds=0)


@pytest.mark.parametrize("where", HEADS)
def test_creating_a_user_ends_and_may_have_succeeded(where):
    with (
        DrippingServer(*HEADS[where]) as server,
        client_of(server) as client,
        refused(TransportError, r"ReadTimeout\)\. The request may have succeeded"),
    ):
        client.create_user()
    assert server.requests == 1


@pytest.mark.parametrize("where", [*HEADS, *BODIES])
def test_an_upload_ends_and_is_not_confirmed(where, tmp_path, monkeypatch):
    monkeypatch.setattr(responses, "ANSWER_SECONDS", 0.3)
    (tmp_path / "a.pdf").write_bytes(PDF)
    with (
        DrippingServer(*(HEADS | BODIES)[where]) as server,
        client_of(server) as client,
        refused(AmbiguousUploadError, r"\(\w*Timeout\w*\)\. The document may be stored"),
    ):
        client.upload(tmp_path / "a.pdf", document_type="paystubs", user=USER_ID)
    assert server.requests == 1


def test_without_a_deadline_for_the_head_a_drip_is_waited_for(monkeypatch):
    monkeypatch.setattr(deadlines._TimedReader, "end_within", lambda *_: None)
    drip = [*[b"x"] * 50, b"\r\nContent-Length: 2\r\n\r\n", b"{}"]
    with DrippingServer(b"HTTP/1.1 200 OK\r\nX: ", drip) as server, client_of(server) as client:
        assert client._transport.get("/v2/user-uploads", seconds=0) == b"{}"
