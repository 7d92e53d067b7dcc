"""Settings that are wrong: refused before a socket opens, and never half-way."""

from __future__ import annotations

import os

import pytest

import argyle_nb as anb
from argyle_nb import config
from argyle_nb.client.client import Client
from argyle_nb.config import LOCAL_KEY_PREFIX, Settings, write_profiles
from argyle_nb.connection import stop_sandbox
from argyle_nb.errors import AuthenticationError, ConfigurationError
from argyle_nb.platforms import credentials_path
from tests.support.servers import KEY_ID, SECRET, Answer, HostileServer, page, refused

PAIR = {"api_key_id": KEY_ID, "api_key_secret": SECRET}


@pytest.fixture
def service():
    """Nobody may reach it."""
    with HostileServer(page()) as server:
        yield server
    assert server.seen == []


def kept(text=None, mode=0o600, **fields):
    """Write the credentials file."""
    path = credentials_path()
    write_profiles(path, {"default": PAIR | fields})
    if text is not None:
        path.write_text(text)
    path.chmod(mode)


def variables(monkeypatch, **texts):
    for name, text in texts.items():
        monkeypatch.setenv(f"ARGYLE_{name}", text)


ADDRESSES = {
    "http to another machine": "http://api.argyle.com",
    "a user in it": f"https://{KEY_ID}:{SECRET}@api.argyle.com",
    "a path": "https://api.argyle.com/v2",
    "a query": "https://api.argyle.com?key=1",
    "a fragment": "https://api.argyle.com#x",
    "no host": "https://",
    "another scheme": "ftp://api.argyle.com",
    "a file": "file:///etc/passwd",
    "a name nobody knows": "prod",
    "a port that is none": "https://api.argyle.com:99999",
    "a backslash": "https://evil.example\\.argyle.com",
    "a letter of another alphabet": "https://\u0430rgyle.com",
    "a blank": "https://api.argyle.com ",
    "a line break": "https://api.argyle.com\n",
    "loopback in name only": "http://localhost.evil.example",
    "all addresses at once": "http://0.0.0.0:8000",
    "the local sandbox with a key": "local",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_cannot_be_meant_is_refused(address):
    with refused(ConfigurationError):
        Client(KEY_ID, SECRET, environment=ADDRESSES[address])


KEYS = {
    "no id": ("", SECRET),
    "no secret": (KEY_ID, ""),
    "a blank in the id": (f"{KEY_ID} x", SECRET),
    "a line break in the secret": (KEY_ID, f"{SECRET}\n"),
    "a header in the secret": (KEY_ID, f"{SECRET}\r\nX-Evil: 1"),
    "a colon in the id": (f"{KEY_ID}:x", SECRET),
    "letters beyond ASCII": (KEY_ID, f"{SECRET}\u00e9"),
    "a key of the local sandbox": (f"{LOCAL_KEY_PREFIX}{KEY_ID}", SECRET),
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_cannot_be_one_is_refused(key):
    with refused(ConfigurationError):
        Client(*KEYS[key], environment="sandbox")


FILES = {
    "that others can read": {"mode": 0o644},
    "that the group can read": {"mode": 0o640},
    "that is no TOML": {"text": f'[default]\napi_key_secret = "{SECRET}\n'},
    "without a table": {"text": f'api_key_secret = "{SECRET}"\n'},
    "with half a pair": {"text": f'[default]\napi_key_secret = "{SECRET}"\n'},
    "with a number for a key": {"text": f"[default]\napi_key_id = 7\n# {SECRET}\n"},
    "that is no text": {"text": "\0\x01"},
    "of an unknown environment": {"environment": "typo"},
    "of an address in the clear": {"environment": "http://api.argyle.com"},
}


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_keys_that_is_unsafe_or_unclear_is_refused(file):
    kept(**FILES[file])
    with refused(ConfigurationError):
        anb.connect()


def test_half_a_pair_is_not_filled_up_from_elsewhere(service, monkeypatch):
    variables(monkeypatch, API_KEY_ID=KEY_ID, ENVIRONMENT=service.url)
    kept(environment=service.url)
    with refused(ConfigurationError, "Incomplete credentials"):
        anb.connect()


def test_an_environment_without_credentials_is_an_error_and_no_sandbox(service, monkeypatch):
    variables(monkeypatch, ENVIRONMENT="production")
    with refused(ConfigurationError, "No credentials"):
        anb.connect()


def test_production_is_used_only_where_it_is_named(capsys):
    with anb.connect(KEY_ID, SECRET) as client:
        assert client.settings.base_url == "https://api-sandbox.argyle.com"
    assert "sandbox" in capsys.readouterr().out


def test_without_credentials_the_local_sandbox_says_that_it_is_one(tmp_path, capsys):
    with anb.connect(sandbox_folder=tmp_path) as client:
        assert client.list_users() is not None
    stop_sandbox(tmp_path)
    assert "local sandbox" in capsys.readouterr().out


def test_a_key_of_another_environment_is_told_with_the_environment(tmp_path):
    with (
        HostileServer(Answer(401, b'{"detail": "Invalid environment."}')) as server,
        Client(KEY_ID, SECRET, environment=server.url) as client,
        refused(AuthenticationError, f"Invalid environment.*Environment: {server.url}"),
    ):
        list(client.list_uploads())
    assert len(server.seen) == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\0\xff"])
@pytest.mark.parametrize("name", config.CA_VARIABLES)
def test_certificates_that_are_none_are_named_by_their_variable(
    name, content, monkeypatch, tmp_path
):
    for other in config.CA_VARIABLES:
        monkeypatch.delenv(other, raising=False)
    path = tmp_path / "company.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(name, str(path))
    with refused(ConfigurationError, f"{name} points to {path}"):
        Client(KEY_ID, SECRET)


@pytest.mark.parametrize("text", ["", "0", "false", "no"])
def test_no_variable_switches_the_check_of_certificates_off(internet, monkeypatch, text):
    for name in (*config.CA_VARIABLES, "PYTHONHTTPSVERIFY", "CURL_INSECURE"):
        monkeypatch.setenv(name, "" if name in config.CA_VARIABLES else text)
    with Client(KEY_ID, SECRET, environment="production") as client, refused(anb.TransportError):
        list(client.list_uploads())
    assert internet.seen == []


@pytest.mark.parametrize("option", ["verify", "cert", "proxies", "trust_env"])
def test_there_is_no_option_that_weakens_the_connection(option):
    with pytest.raises(TypeError):
        Client(KEY_ID, SECRET, **{option: False})


def test_a_folder_of_a_sandbox_and_credentials_exclude_each_other(tmp_path):
    with refused(ConfigurationError, "takes no credentials"):
        anb.connect(KEY_ID, SECRET, sandbox_folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


# Take a guard away, and it goes wrong


def test_without_the_look_at_the_address_the_key_would_go_in_the_clear(monkeypatch):
    monkeypatch.setattr(config, "base_url_of", lambda address: address)
    client = Client(KEY_ID, SECRET, environment="http://api.argyle.com")
    assert client.settings.base_url.startswith("http://")
    client.close()


def test_without_the_look_at_the_key_it_could_be_the_local_sandboxs(monkeypatch):
    monkeypatch.setattr(Settings, "__post_init__", lambda _: None)
    Client(f"{LOCAL_KEY_PREFIX}{KEY_ID}", SECRET, environment="sandbox").close()


@pytest.mark.skipif(os.name != "posix", reason="rights of files are checked on POSIX only")
def test_without_the_look_at_its_rights_a_file_for_all_would_be_read(monkeypatch):
    kept(mode=0o644)
    monkeypatch.setattr("argyle_nb.config._check_private", lambda _: None)
    anb.connect().close()
