"""A sandbox with a fixed inspection, a plain client of it, and requests byte by byte."""

from __future__ import annotations

import base64
import http.client
import socket
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests

from argyle_nb.sandbox import Sandbox
from argyle_nb.sandbox.inspection import Inspection

PDF = b"%PDF-1.7\n% an invented paystub\n"
NOBODY = "0186c5b8-8fa1-67b3-39af-14b3e18da8a7"
SECRET = "an invented secret"
ADDED, READ, REMOVED = (
    "user_uploads.added",
    "user_uploads.ocr_completed",
    "user_uploads.removed",
)


class Api:
    """A plain client of one sandbox."""

    def __init__(self, sandbox, session):
        self.sandbox = sandbox
        self.session = session

    def __call__(self, method, path, **options):
        url = path if path.startswith("http") else self.sandbox.url + path
        return self.session.request(method, url, timeout=60, **options)

    def user(self, **profile):
        return self("POST", "/v2/users", json=profile).json()["id"]

    def upload(self, user, document_type="paystubs", file=("stub.pdf", PDF), **options):
        data = {"user": user, "document_type": document_type}
        return self("POST", "/v2/user-uploads", data=data, files={"upload": file}, **options)

    def subscribe(self, target, events="*", **fields):
        url = target if isinstance(target, str) else target.url + "/hook?from=argyle"
        body = {"events": events, "name": "mine", "url": url, **fields}
        answer = self("POST", "/v2/webhooks", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def waiting(self):
        """How many deliveries are still queued."""
        with self.sandbox._running.store.database.read() as connection:
            return connection.execute("SELECT count(*) FROM deliveries").fetchone()[0]


def serve(folder, **options):
    sandbox = Sandbox(folder, stage_seconds=0, **options)
    sandbox._inspect = lambda _path, _type: Inspection("paystubs", None, {}, {}, 90)
    return sandbox.start()


@contextmanager
def api_of(sandbox):
    """A client with the sandbox's key, whatever proxy the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        yield Api(sandbox, session)


def connect(sandbox):
    address = urlsplit(sandbox.url)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def raw(sandbox, request):
    """Send bytes as they are and return status and body."""
    with connect(sandbox) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        with response:
            return response.status, response.read()


def head(sandbox, path="/v2/users", *, method="GET", more=""):
    """A request with the key up to its body, byte for byte; `more` are further header lines."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(sandbox.url).netloc}\r\n"
        f"Authorization: {authorization(sandbox)}\r\n{more}\r\n"
    ).encode()


def authorization(sandbox):
    pair = f"{sandbox.api_key_id}:{sandbox.api_key_secret}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def fields(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()
