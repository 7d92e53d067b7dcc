"""Planted keys and planted personal data: where they must never turn up.

A whole job runs against a service that stumbles, refuses and sends back whatever it was sent; then
every place where something could be left is searched.
"""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle

import pandas as pd
import pytest

import argyle_nb as anb
from argyle_nb.client import retry
from argyle_nb.client.client import Client
from argyle_nb.client.origins import LOGGERS
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report
from argyle_nb.report.privacy import UPLOADS
from tests.faults.canaries import KEYS, PERSON, PERSONAL, SIGNATURE, TOKEN, found_in
from tests.support.records import form, record, supporting
from tests.support.servers import (
    KEY_ID,
    PDF,
    RESET,
    SECRET,
    USER_ID,
    Answer,
    HostileServer,
    client_of,
)


def tampered():
    one = form()
    one["signals"][0]["supporting_data"] = [
        supporting("employee_name", PERSON["name"], PERSON["ssn"]),
        supporting("account", PERSON["account"], PERSON["address"]),
    ]
    return one


def of_a_person(number=1, **changes):
    data = {"employee": PERSON, PERSON["name"]: [PERSON["ssn"], 900123456]}
    metadata = {"ocr_data": data, "ocr_authenticity": [tampered()], "ocr_authenticity_score": 40}
    return record(number, file_name=PERSON["file_name"], metadata=metadata, **changes)


class Service:
    """Does what it is asked at the second time; the first time it stumbles, and sends all back."""

    def __init__(self):
        self.known = set()

    def __call__(self, seen):
        first = (seen.method, seen.path) not in self.known
        self.known.add((seen.method, seen.path))
        if first and seen.method == "GET":
            echo = f"{seen.headers} {KEY_ID} {SECRET} {seen.path}"
            return RESET if "limit" in seen.path else Answer(503, echo.encode())
        return self.good(seen)

    def good(self, seen):
        if seen.path.startswith("/v2/users"):
            person = {"id": USER_ID, "user_token": TOKEN} | PERSON
            listed = {"next": None, "results": [person]}
            return answer_of(person if seen.method == "POST" else listed)
        if seen.path.endswith("/file"):
            where = f"{self.storage.url}/{PERSON['file_name']}?signature={SIGNATURE}"
            return Answer(302, headers={"Location": where})
        if "limit" in seen.path:
            return answer_of({"next": None, "results": [self.upload()]})
        return answer_of(self.upload())

    def upload(self):
        return of_a_person(file_url=f"{self.url}/{record()['id']}/file")


def answer_of(value):
    return Answer(body=json.dumps(value).encode())


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def service():
    answer = Service()
    with (
        HostileServer(answer) as server,
        HostileServer(Answer(body=PDF)) as answer.storage,
    ):
        answer.url = server.url
        answer.seen = server.seen
        yield answer


@pytest.fixture
def log():
    """Everything that anybody logs, at the finest level, with its tracebacks."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def job(client, folder):
    """Do all that a client can do; give what came of it."""
    stub = folder / PERSON["file_name"]
    stub.write_bytes(PDF)
    user = client.create_user(**PERSON)
    users = list(client.list_users(external_id=PERSON["external_id"]))
    upload = client.upload(stub, document_type="paystubs", user=user.id)
    uploads = list(client.list_uploads(user=user.id))
    waited = client.wait([upload, *uploads])
    path = client.download(uploads[0], folder / "downloads")
    return [user, users, upload, uploads, waited, path, client, client.settings]


# Logs


def test_a_whole_job_leaves_neither_key_nor_person_in_the_logs(service, log, tmp_path):
    with client_of(service) as client:
        job(client, tmp_path)
    written = log.getvalue()
    assert written.count("HTTP/1.1") > 5
    assert found_in(written, (*KEYS, TOKEN, SIGNATURE, *PERSONAL)) == []


def test_other_programs_logs_stay_as_they_are(log):
    logging.getLogger("urllib3.connectionpool").debug("GET %s", "/theirs?query=1")
    assert "/theirs?query=1" in log.getvalue()


# Representations


def test_no_representation_shows_key_or_person(service, tmp_path):
    with client_of(service) as client:
        results = job(client, tmp_path)
    shown = "".join(f"{one!r} {one}" for one in results)
    shown = shown.replace(f"external_id={PERSON['external_id']!r}", "")  # as it is meant to
    assert found_in(shown, (*KEYS, TOKEN, SIGNATURE, *PERSONAL)) == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_is_not_pickled(protocol):
    with Client(KEY_ID, SECRET) as client, pytest.raises(TypeError):
        pickle.dumps(client.settings, protocol)


def test_a_key_is_not_copied_into_plain_sight():
    with Client(KEY_ID, SECRET) as client:
        settings = client.settings
    assert found_in(repr(copy.copy(settings)) + f"{vars(settings)}", KEYS) == []


# Addresses


def test_the_key_and_the_person_stand_in_no_address(service, tmp_path):
    with client_of(service) as client:
        job(client, tmp_path)
    paths = " ".join(seen.path for seen in service.seen)
    asked_by_argyle = f"external_id={PERSON['external_id']}"
    assert found_in(paths.replace(asked_by_argyle, ""), (*KEYS, *PERSONAL)) == []


# Files


def test_a_report_holds_no_person(tmp_path):
    uploads, signals = flatten([of_a_person(1), of_a_person(2)])
    report = export_report(uploads, tmp_path / "report", signals=signals)
    written = "".join(path.read_text(encoding="utf-8") for path in report.files.values())
    assert "dollar_amount_edits" in written
    assert found_in(written, (*PERSONAL, *KEYS)) == []


def test_an_upload_log_holds_no_key_and_no_content(service, tmp_path, upload_log):
    stub = tmp_path / "stub.pdf"
    stub.write_bytes(PDF + b"canary-of-the-document")
    manifest = pd.DataFrame({"file": [str(stub)], "document_type": ["W-2"], "user": [USER_ID]})
    with client_of(service) as client:
        anb.upload_batch(client, manifest, upload_log=upload_log, confirm_timeout=0.2)
    files = [path for path in tmp_path.glob("journal.sqlite*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert kept
    assert found_in(kept.decode("latin-1"), (*KEYS, "canary-of-the-document", TOKEN)) == []


def test_an_archive_holds_no_key(service, tmp_path):
    with client_of(service) as client:
        anb.Archive(tmp_path / "archive").pull(client)
    files = [path for path in (tmp_path / "archive").rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files).decode("latin-1")
    assert kept
    assert found_in(kept, KEYS) == []


# Notebooks

CELLS = [
    """
%xmode Verbose
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)
import argyle_nb as anb
client = anb.connect()
client
""",
    "uploads = list(client.list_uploads()); uploads",
    "uploads[0]",
    "client.wait(uploads, progress=True)",
    "path = client.download(uploads[0], 'downloads')",
    "client.settings",
    "anb.UploadPanel(client)",
    "client.create_user(external_id='loan-1').nonsense",
    "anb.connect(environment='typo')",
    "client.get_upload('no id')",
    "client.upload('nowhere.pdf', document_type='W-2', user=uploads[0].id)",
]


def executed(service, monkeypatch, folder):
    """Run a notebook as the careless would; give what would be saved."""
    import nbformat  # noqa: PLC0415 - takes seconds, in each process that runs tests
    from nbclient import NotebookClient  # noqa: PLC0415 - as above

    monkeypatch.setenv("ARGYLE_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("ARGYLE_API_KEY_SECRET", SECRET)
    monkeypatch.setenv("ARGYLE_ENVIRONMENT", service.url)
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    options = {"timeout": 600, "allow_errors": True, "resources": {"metadata": {"path": folder}}}
    NotebookClient(notebook, **options).execute()
    return nbformat.writes(notebook)


def test_an_executed_notebook_holds_neither_key_nor_person(service, monkeypatch, tmp_path):
    saved = executed(service, monkeypatch, tmp_path)
    assert saved.count('"output_type": "error"') == 4
    assert "HTTP/1.1" in saved
    # The panel's list of users names them by the external id, as it is meant to.
    personal = [text for text in PERSONAL if text != PERSON["external_id"]]
    assert found_in(saved, (*KEYS, TOKEN, SIGNATURE, *personal)) == []


# Take a guard away, and it turns up


def test_without_the_quiet_the_logs_would_name_a_person(service, log, tmp_path, monkeypatch):
    for name in LOGGERS:
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    with client_of(service) as client:
        job(client, tmp_path)
    assert set(found_in(log.getvalue(), (*PERSONAL, SIGNATURE))) == {
        PERSON["external_id"],
        PERSON["file_name"],
        SIGNATURE,
    }


def test_without_its_allow_list_a_report_would_name_a_person(tmp_path, monkeypatch):
    monkeypatch.setitem(UPLOADS, "file_name", "open")
    uploads, _ = flatten([of_a_person(1)])
    report = export_report(uploads, tmp_path / "report")
    assert PERSON["file_name"] in report.files["uploads.csv"].read_text(encoding="utf-8")
