"""No error tells of the key, whatever it is made to tell: its text, its parts, its variables."""

from __future__ import annotations

import json
import traceback
from contextlib import suppress

import IPython
import pytest
from IPython.core.ultratb import VerboseTB

import argyle_nb as anb
from argyle_nb.client import responses, retry
from argyle_nb.client.client import Client
from argyle_nb.config import SecretStr, find_settings, write_profiles
from argyle_nb.errors import ArgyleError, ConfigurationError
from tests.faults.canaries import BASIC, KEYS, found_in
from tests.support.records import record
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

PLAIN = {"theme_name": "nocolor"} if IPython.version_info >= (9,) else {"color_scheme": "NoColor"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


def told_by(error):
    """All that an error can be made to tell, the variables of our own calls among it."""
    ours = traceback.TracebackException.from_exception(error, capture_locals=True)
    variables = [frame.locals for frame in ours.stack if "/argyle_nb/" in frame.filename]
    return f"{error} {error!r} {vars(error)} {error.args} {variables}"


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
    "the other half": lambda: find_settings(api_key_secret=_pair()[1]),
    "no id for a client": lambda: Client(None, _pair()[1]),
    "no secret for a client": lambda: Client(_pair()[0], ""),
    "none for the other half": lambda: find_settings(_pair()[0], None),
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
    verbose = VerboseTB(**PLAIN, include_vars=True)
    with suppress(AttributeError):
        shown = verbose.text(type(caught.value), caught.value, caught.value.__traceback__)
        ours = [line for line in shown.splitlines() if "lambda" not in line]
        assert found_in("\n".join(ours), KEYS) == []


# Take a guard away, and it turns up


def test_without_the_key_text_a_traceback_would_show_the_key(monkeypatch):
    monkeypatch.setattr(SecretStr, "__repr__", str.__repr__)
    with pytest.raises(ConfigurationError) as caught:
        Client(*_pair(), environment="typo")
    assert found_in(told_by(caught.value), KEYS)


@pytest.mark.parametrize("fault", ["400 as JSON", "200 as a page"])
def test_without_blotting_out_an_error_would_tell_the_key(monkeypatch, fault):
    monkeypatch.setattr(responses, "_without_key", lambda text, _: text)
    with (
        HostileServer(ERRORS[fault]) as server,
        client_of(server) as client,
        pytest.raises(ArgyleError) as caught,
    ):
        list(client.list_uploads())
    assert found_in(told_by(caught.value), KEYS)
