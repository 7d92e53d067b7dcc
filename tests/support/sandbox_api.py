"""A sandbox that looks into no document, a plain client of it, and requests byte by byte."""

from __future__ import annotations

import base64
import http.client
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from argyle_nb.sandbox import Sandbox

PDF = b"%PDF-1.7\n% an invented paystub\n"
NOBODY = "0186c5b8-8fa1-67b3-39af-14b3e18da8a7"


@dataclass(frozen=True)
class Found:
    found_type: str | None = None
    problem: str | None = None
    ocr_data: dict[str, Any] | None = None
    ocr_authenticity: dict[str, Any] | None = None
    ocr_authenticity_score: int | None = None


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


def serve(folder, **options):
    sandbox = Sandbox(folder, stage_seconds=0, **options)
    sandbox._inspect = lambda _path, _type: Found("paystubs", None, {}, {}, 90)
    return sandbox.start()


@contextmanager
def api_of(sandbox):
    """A client with the sandbox's key, whatever proxy the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        yield Api(sandbox, session)


def raw(sandbox, request):
    """Send bytes as they are and return status and body."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        with response:
            return response.status, response.read()


def authorization(sandbox):
    pair = f"{sandbox.api_key_id}:{sandbox.api_key_secret}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def fields(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()
