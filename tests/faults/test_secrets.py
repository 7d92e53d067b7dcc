"""Planted keys and planted personal data: where they must never turn up.

A whole job runs against a service that stumbles, refuses and sends back whatever it was sent; then
every place where something could be left is searched.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import logging
import pickle
import traceback
from contextlib import suppress

import nbformat
import pandas as pd
import pytest
from IPython.core.ultratb import VerboseTB
from nbclient import NotebookClient

import argyle_nb as anb
from argyle_nb import answers, pacing
from argyle_nb.client import Client
from argyle_nb.config import find_settings
from argyle_nb.credential_file import KeyText, write_profiles
from argyle_nb.errors import ArgyleError, ConfigurationError
from argyle_nb.frames import flatten
from argyle_nb.quiet_logs import LOGGERS
from argyle_nb.report import export_report
from argyle_nb.report.protecting import UPLOADS
from tests.records import form, record, supporting
from tests.servers import KEY_ID, PDF, RESET, SECRET, USER_ID, Answer, HostileServer, client_of

BASIC = base64.b64encode(f"{KEY_ID}:{SECRET}".encode()).decode()
TOKEN, SIGNATURE = "canary-user-token-5c1e", "canary-signature-77aa"
KEYS = (KEY_ID, SECRET, BASIC)
# Numbers of a kind that is never given out.
PERSON = {
    "name": "Ada Canary",
    "ssn": "900-12-3456",
    "email": "ada.canary@mail.example",
    "external_id": "ada-canary-external",
    "file_name": "ada_canary_stub.pdf",
    "address": "12 Canary Road",
    "account": "4417-canary-1234",
}
PERSONAL = (*PERSON.values(), "900123456")


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


def found_in(text, canaries):
    return [canary for canary in canaries if canary in text]


def told_by(error):
    """All that an error can be made to tell, the variables of our own calls among it."""
    ours = traceback.TracebackException.from_exception(error, capture_locals=True)
    variables = [frame.locals for frame in ours.stack if "/argyle_nb/" in frame.filename]
    return f"{error} {error!r} {vars(error)} {error.args} {variables}"


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
    monkeypatch.setattr(pacing, "FIRST_PAUSE_SECONDS", 0.001)


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


# Errors


def echo(status):
    def answer(seen):
        words = f"{seen.headers} {KEY_ID} {SECRET} {BASIC}"
        return Answer(status, json.dumps({"detail": words, words: [words]}).encode())

    return answer


def html_echo(status):
    return lambda seen: Answer(status, f"<pre>{KEY_ID} {SECRET} {seen.headers}</pre>".encode())


ERRORS = {
    **{f"{status} as JSON": echo(status) for status in (400, 401, 403, 404, 409, 422, 429, 500)},
    **{f"{status} as a page": html_echo(status) for status in (200, 302, 400, 401, 413, 502)},
    "reset": RESET,
    "no HTTP": b"canary-less nonsense\r\n\r\n",
    "an escaped echo": Answer(400, json.dumps({"x": f"\u00e9{SECRET}"}).encode()),
}
CALLS = {
    "create_user": lambda client, _: client.create_user(external_id="loan-1"),
    "list_users": lambda client, _: list(client.list_users()),
    "list_uploads": lambda client, _: list(client.list_uploads()),
    "get_upload": lambda client, _: client.get_upload(record()["id"]),
    "upload": lambda client, pdf: client.upload(pdf, document_type="W-2", user=USER_ID),
    "download": lambda client, pdf: client.download(
        anb.UserUpload(record()["id"], file_url="/v2/x"), pdf.parent / "nowhere"
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ERRORS)
def test_no_error_tells_of_the_key(fault, call, pdf, tmp_path):
    stub = tmp_path / "stub.pdf"
    stub.write_bytes(PDF)
    with (
        HostileServer(ERRORS[fault]) as server,
        client_of(server) as client,
        pytest.raises(ArgyleError) as caught,
    ):
        CALLS[call](client, stub)
    assert found_in(told_by(caught.value), KEYS) == []


UNSET = {
    "an unknown environment": lambda: Client(*_pair(), environment="typo"),
    "http": lambda: Client(*_pair(), environment="http://gateway.example"),
    "half a pair": lambda: find_settings(_pair()[0]),
    "the other half": lambda: find_settings(None, _pair()[1]),
    "a blank in the secret": lambda: Client(_pair()[0], f"{_pair()[1]} "),
    "a colon in the id": lambda: Client(f"{_pair()[0]}:", _pair()[1]),
    "an environment variable": find_settings,
    "a profile beside a key": lambda: anb.connect(*_pair(), profile="other"),
    "an unknown profile": lambda: anb.connect(profile="other"),
    "a profile of nowhere": lambda: anb.connect(profile="bad"),
    "credentials for the local sandbox": lambda: anb.connect(*_pair(), environment="local"),
}


def _pair():
    return KEY_ID, SECRET


@pytest.mark.parametrize("case", UNSET)
def test_no_error_of_configuration_tells_of_the_key(case, monkeypatch, home):
    monkeypatch.setenv("ARGYLE_API_KEY_SECRET", SECRET)
    path = home / ".config" / "argyle_nb" / "credentials.toml"
    pair = {"api_key_id": KEY_ID, "api_key_secret": SECRET}
    write_profiles(path, {"bad": pair | {"environment": "typo"}})
    with pytest.raises(ConfigurationError) as caught:
        UNSET[case]()
    assert found_in(told_by(caught.value), KEYS) == []
    verbose = VerboseTB(theme_name="nocolor", include_vars=True)
    with suppress(AttributeError):
        shown = verbose.text(type(caught.value), caught.value, caught.value.__traceback__)
        ours = [line for line in shown.splitlines() if "lambda" not in line]
        assert found_in("\n".join(ours), KEYS) == []


# Files


def test_a_report_holds_no_person(tmp_path):
    uploads, signals = flatten([of_a_person(1), of_a_person(2)])
    report = export_report(uploads, tmp_path / "report", signals=signals)
    written = "".join(path.read_text(encoding="utf-8") for path in report.files.values())
    assert "dollar_amount_edits" in written
    assert found_in(written, (*PERSONAL, *KEYS)) == []


def test_a_journal_holds_no_key_and_no_content(service, tmp_path, journal):
    stub = tmp_path / "stub.pdf"
    stub.write_bytes(PDF + b"canary-of-the-document")
    manifest = pd.DataFrame({"file": [str(stub)], "document_type": ["W-2"], "user": [USER_ID]})
    with client_of(service) as client:
        anb.upload_batch(client, manifest, journal=journal)
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


def test_without_the_key_text_a_traceback_would_show_the_key(monkeypatch):
    monkeypatch.setattr(KeyText, "__repr__", str.__repr__)
    with pytest.raises(ConfigurationError) as caught:
        Client(*_pair(), environment="typo")
    assert found_in(told_by(caught.value), KEYS)


@pytest.mark.parametrize("fault", ["400 as JSON", "200 as a page"])
def test_without_blotting_out_an_error_would_tell_the_key(monkeypatch, fault):
    monkeypatch.setattr(answers, "_without_key", lambda text, _: text)
    with (
        HostileServer(ERRORS[fault]) as server,
        client_of(server) as client,
        pytest.raises(ArgyleError) as caught,
    ):
        list(client.list_uploads())
    assert found_in(told_by(caught.value), KEYS)


def test_without_its_allow_list_a_report_would_name_a_person(tmp_path, monkeypatch):
    monkeypatch.setitem(UPLOADS, "file_name", "open")
    uploads, _ = flatten([of_a_person(1)])
    report = export_report(uploads, tmp_path / "report")
    assert PERSON["file_name"] in report.files["uploads.csv"].read_text(encoding="utf-8")
