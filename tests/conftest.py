"""Shared fixtures: a home of one's own, no way off this machine, a running local sandbox."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pandas as pd
import pytest

from argyle_nb.client import Client
from argyle_nb.config import Secret, Settings
from argyle_nb.sandbox import Sandbox
from tests.servers import PDF, USER_ID

DOCUMENTS = Path(__file__).parent.parent / "data" / "documents"
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - names, nothing listens

# The font list is built once for all tests, not once for every fresh home.
os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A fresh home without credentials, so that nobody's own are ever used or changed."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))  # what Windows goes by
    for name in [name for name in os.environ if name.startswith("ARGYLE_")]:
        monkeypatch.delenv(name)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _stay_on_this_machine():
    """Fail whatever looks up or connects to another machine."""

    def guarded(call, host_of):
        def check(*args, **options):
            host = host_of(args)
            if host is not None and not str(host).startswith(LOOPBACK):
                pytest.fail(f"a test tried to reach {host}; only loopback is allowed")
            return call(*args, **options)

        return check

    def peer(args):
        return args[1][0] if isinstance(args[1], tuple) else None

    def asked(args):
        return args[0].decode() if isinstance(args[0], bytes) else args[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect, peer))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex, peer))
        patch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo, asked))
        yield


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """One local sandbox for the whole session; it processes uploads at once."""
    with Sandbox(tmp_path_factory.mktemp("sandbox"), stage_seconds=0) as running:
        yield running


@pytest.fixture
def client(sandbox):
    """A client of the local sandbox."""
    settings = Settings(
        base_url=sandbox.url,
        environment="local",
        api_key_id=sandbox.api_key_id,
        api_key_secret=Secret(sandbox.api_key_secret),
        source="the test",
    )
    with Client.from_settings(settings) as connected:
        yield connected


@pytest.fixture
def user(client):
    """A new user of the local sandbox."""
    return client.create_user()


@pytest.fixture
def pdf():
    """The path of a small real paystub."""
    return min(DOCUMENTS.glob("paystub_*.pdf"), key=lambda path: path.stat().st_size)


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.sqlite"


@pytest.fixture
def stubs(tmp_path):
    """Make a manifest of documents that differ."""

    def make(count=1, document_type="paystubs", user=USER_ID):
        paths = [tmp_path / f"stub{number}.pdf" for number in range(count)]
        for number, path in enumerate(paths):
            path.write_bytes(PDF + str(number).encode())
        return pd.DataFrame(
            {"file": [str(p) for p in paths], "document_type": document_type, "user": user}
        )

    return make
