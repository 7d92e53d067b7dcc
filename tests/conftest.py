"""Shared fixtures: a home of one's own, no way off this machine, a running local sandbox."""

from __future__ import annotations

import importlib
import itertools
import os
import socket
import sys
from pathlib import Path

import comm
import hypothesis
import pandas as pd
import pytest

from argyle_nb.client.client import Client
from argyle_nb.config import CA_VARIABLES, Secret, Settings
from argyle_nb.sandbox import Sandbox
from argyle_nb.uploads import UploadQueue
from tests.support.samples import samples
from tests.support.servers import PDF, USER_ID, client_of

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - names, nothing listens
# Where a program's files are kept.
FOLDERS = {"APPDATA", "LOCALAPPDATA", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}
PROXY_VARIABLES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}

# A slow moment of the machine is no failure of the code. Explaining a failure traces each line: it
# takes many minutes where there is much to count.
hypothesis.settings.register_profile(
    "patient", deadline=None, phases=set(hypothesis.Phase) - {hypothesis.Phase.explain}
)
hypothesis.settings.load_profile("patient")

# The font list is built once for all tests and before the first, not once for every fresh home:
# while it is built, whoever draws is told so on stderr.
os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
importlib.import_module("matplotlib.font_manager")


# Files of tests that run for long go first, so that in the end no core waits for one of them.
LONGEST_FIRST = (
    "browser/test_review.py",
    "browser/test_all_notebooks.py",
    "browser/test_dropzone.py",
    "browser/test_upload_panel.py",
    "browser/test_explore.py",
    "browser/test_the_whole_way.py",
    "browser/test_marimo.py",
    "browser/test_fallback.py",
    "browser/test_report_page.py",
    "browser/test_upload_page.py",
    "sandbox/inspection/test_hostile.py",
    "charts/test_style.py",
    "faults/test_kills.py",
    "test_documentation.py",
    "report/test_folders.py",
    "test_cli.py",
    "sandbox/test_conformance.py",
    "test_cross_checks.py",
    "faults/test_record_shapes.py",
    "sandbox/inspection/test_detection.py",
    "faults/test_damaged_pages.py",
    "test_monthly_income.py",
    "test_examples.py",
    "test_platforms.py",
    "test_documents.py",
    "frames/test_ocr.py",
    "faults/test_secrets.py",
    "data/test_make_documents.py",
    "archive/test_parquet.py",
    "frames/test_reference.py",
    "archive/test_pulling.py",
    "faults/test_concurrency.py",
    "test_notebooks.py",
    "test_public_names.py",
)


# First, so that no other registers the groups before they are there.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Run the longest files first, each in one process, and all browser tests in the same."""
    folder = Path(__file__).parent
    places = {folder / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
    for item in items:
        in_browser = item.path.parent == folder / "browser"
        # Two browsers at once would take longer than one after the other, and wait for each other.
        item.add_marker(pytest.mark.xdist_group("browser" if in_browser else item.path.as_posix()))


@pytest.fixture(scope="session", autouse=True)
def _homes(tmp_path_factory):
    """Leave behind what this machine's user has set up; give a folder for each home."""
    folder = tmp_path_factory.mktemp("homes")
    # Numbered here: pytest would look at all earlier folders to find the next number.
    homes = (folder / str(number) for number in itertools.count())
    with pytest.MonkeyPatch.context() as patch:
        theirs = [name for name in os.environ if name.startswith("ARGYLE_")]
        theirs += [name for name in os.environ if name.lower() in PROXY_VARIABLES]
        theirs += [name for name in os.environ if name in FOLDERS]
        for name in [*theirs, *CA_VARIABLES]:
            patch.delenv(name, raising=False)
        _move(patch, next(homes))
        yield homes


@pytest.fixture(autouse=True)
def home(_homes, monkeypatch):
    """A fresh home without credentials, so that nobody's own are ever used or changed."""
    return _move(monkeypatch, next(_homes))


def _move(patch, home):
    home.mkdir()
    patch.setenv("HOME", str(home))
    patch.setenv("USERPROFILE", str(home))  # what Windows goes by
    return home


@pytest.fixture(autouse=True)
def _widgets_of_its_own(monkeypatch):
    """No widget outlives its test, nor waits for a kernel that another test has loaded."""
    monkeypatch.setattr("comm.create_comm", comm.DummyComm)
    yield
    if ipywidgets := sys.modules.get("ipywidgets"):
        ipywidgets.Widget.close_all()


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
    return min(samples("paystub_*.pdf"), key=lambda path: path.stat().st_size)


@pytest.fixture
def upload_log(tmp_path):
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


@pytest.fixture
def paper(tmp_path):
    """Give a function that writes a small document; another number is another document."""

    def write(name="stub.pdf", number=0):
        path = tmp_path / name
        path.write_bytes(PDF + f"% {number}\n".encode())
        return path

    return write


@pytest.fixture
def queue_of(tmp_path):
    """Give a function that makes a queue for a server."""
    return lambda server: UploadQueue(client_of(server), tmp_path / "journal.sqlite")
