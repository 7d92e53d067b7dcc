"""Small real servers that misbehave on purpose and write down what reached them."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import traceback
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from argyle_nb.client.client import Client

KEY_ID = "canary-key-id-7d1f"
SECRET = "canary-secret-93ab"
UPLOAD_ID = "01320596-2c3d-189c-53e7-a8ce6d625b33"
USER_ID = "018051aa-f7a9-a0db-2f38-6cfa325e9d69"
PDF = b"""%PDF-1.4
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]>> endobj
xref
0 4
0000000000 65535 f\x20
0000000009 00000 n\x20
0000000056 00000 n\x20
0000000111 00000 n\x20
trailer <</Size 4 /Root 1 0 R>>
startxref
180
%%EOF
"""

RESET = object()


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int


@dataclass
class Answer:
    """One answer; ``body`` may be an iterable of blocks, sent as they come."""

    status: int = 200
    body: object = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


def page(*ids, link=None):
    """A page of uploads."""
    results = [{"id": upload_id} for upload_id in ids]
    return Answer(body=json.dumps({"next": link, "results": results}).encode())


def upload_answer(**fields):
    """What answers uploads: each has an id of its own."""
    return lambda _: Answer(body=json.dumps({"id": str(uuid.uuid4()), **fields}).encode())


def to_uploads(answer):
    """Answer uploads with what is given, as a `HostileServer` does; lists are empty."""
    answers = answer if isinstance(answer, list) else [answer]

    def answered(seen):
        if seen.method != "POST":
            return page()
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return answered


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass

    def _serve(self):
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): text for name, text in self.headers.items()}
        self.close_connection = True
        # A server that sees a request knows its head at once, its body when it is all there.
        seen = Seen(self.command, self.path, headers, b"", self.client_address[1])
        self.server.seen.append(seen)
        seen.body = self.rfile.read(length)
        answer = self.server.answer(seen)
        if isinstance(answer, Answer) and answer.headers.get("Connection") == "keep-alive":
            self.close_connection = False
        self._reply(answer)

    do_GET = do_POST = _serve  # noqa: N815 - the library's names

    def _reply(self, answer):
        if answer is RESET:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif isinstance(answer, bytes):
            self.wfile.write(answer)
        else:
            self._reply_politely(answer)

    def _reply_politely(self, answer):
        self.send_response(answer.status)
        whole = isinstance(answer.body, bytes)
        headers = {"Connection": "close"} | answer.headers
        if whole:
            headers.setdefault("Content-Length", str(len(answer.body)))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        for block in [answer.body] if whole else answer.body:
            self.wfile.write(block)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class HostileServer:
    """Answers each request with what ``answer`` says; ``seen`` holds what arrived.

    ``answer`` is an `Answer`, raw bytes, ``RESET``, a list of them to be given in turn (the last
    one stays), or a function of the request. With ``tls``, an `ssl.SSLContext`, it speaks https.
    """

    def __init__(self, answer, host="127.0.0.1", tls=None):
        self._httpd = _Quiet((host, 0), _Handler)
        if tls:  # the handshake comes with the first byte, in a thread of its own
            self._httpd.socket = tls.wrap_socket(
                self._httpd.socket, server_side=True, do_handshake_on_connect=False
            )
        self._httpd.seen = self.seen = []
        self._httpd.answer = self._answer
        self._answers = answer if isinstance(answer, list) else [answer]
        self.url = f"http{'s' if tls else ''}://{host}:{self._httpd.server_port}"
        threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def _answer(self, seen):
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        while callable(answer):
            answer = answer(seen)
        return answer

    @property
    def posts(self):
        """How many uploads arrived."""
        return [seen.method for seen in self.seen].count("POST")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._httpd.shutdown()
        self._httpd.server_close()


def client_of(server):
    """A client with the canary key."""
    return Client(KEY_ID, SECRET, environment=server if isinstance(server, str) else server.url)


@contextmanager
def refused(kind, match=None):
    """Expect an error of this kind that tells nothing of the key."""
    with pytest.raises(kind, match=match) as caught:
        yield caught
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert KEY_ID not in told
    assert SECRET not in told


def closed_port():
    """The address of a port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def until(condition, seconds=60.0):
    """Wait until a condition holds and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return result
