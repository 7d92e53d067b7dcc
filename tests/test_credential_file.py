"""The file that keeps keys, and `login` that writes it."""

from __future__ import annotations

import getpass
import os
import stat
import tomllib
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.config import credentials_path, find_settings, login, read_profiles, write_profiles
from argyle_nb.errors import ConfigurationError
from tests.support.servers import KEY_ID, SECRET, refused

SANDBOX, PRODUCTION = "https://api-sandbox.argyle.com", "https://api.argyle.com"
VARIABLES = {"ARGYLE_API_KEY_ID": "from-variables", "ARGYLE_API_KEY_SECRET": SECRET}


def keep(profile="default", key_id="from-profile", **fields):
    """Write one profile."""
    table = {"api_key_id": key_id, "api_key_secret": SECRET} | fields
    write_profiles(credentials_path(), {profile: table})
    return credentials_path()


@pytest.fixture
def answers(monkeypatch):
    """What the user types, in turn; there is no terminal in a test."""
    typed, asked = [KEY_ID, SECRET], []

    def ask(question):
        asked.append(question)
        return typed.pop(0)

    monkeypatch.setattr(getpass, "getpass", ask)
    return typed


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_profile_that_others_can_read_is_refused_with_the_cure(mode):
    keep().chmod(mode)
    with refused(ConfigurationError, "chmod 600"):
        find_settings(environ={})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_profile_of_somebody_else_is_refused():
    os.chown(keep(), 12345, -1)
    with refused(ConfigurationError, "as its owner"):
        find_settings(environ={})


@pytest.mark.parametrize(
    "text",
    [
        f'[default]\napi_key_secret = "{SECRET}',
        f'[default]\napi_key_secret = ["{SECRET}"]',
        f'api_key_secret = "{SECRET}"',
        f'[default]\napi_key_id = "{SECRET}"\napi_key_secret = 7',
    ],
)
def test_a_spoilt_file_is_refused_without_being_quoted(text):
    path = keep()
    path.write_text(text)
    with refused(ConfigurationError, str(path)):
        find_settings(environ={})


def test_a_file_in_another_encoding_is_refused():
    keep().write_bytes(b'[default]\napi_key_id = "\xff"')
    with refused(ConfigurationError, "not readable TOML"):
        find_settings(environ={})


def test_a_folder_in_the_files_place_is_refused():
    credentials_path().mkdir(parents=True, mode=0o700)
    with refused(ConfigurationError, "not readable TOML"):
        find_settings(environ={})


def test_login_writes_a_file_for_its_owner_only(answers):
    path = login()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert find_settings(environ={}).api_key_id == KEY_ID


def test_login_keeps_the_environment_with_the_key(answers):
    login("loans", "production")
    assert find_settings(profile="loans").base_url == PRODUCTION


def test_login_leaves_other_profiles_as_they_are(answers):
    keep("other", note="kept")
    login("loans")
    assert read_profiles(credentials_path())["other"]["note"] == "kept"


def test_login_cuts_off_the_blanks_that_copying_adds(answers):
    answers[:] = [f" {KEY_ID} ", f"{SECRET}\n"]
    login()
    assert find_settings(environ={}).api_key_secret.reveal() == SECRET


def test_login_says_and_returns_nothing_of_the_key(answers, capfd):
    said = repr(login()) + "".join(capfd.readouterr())
    assert KEY_ID not in said
    assert SECRET not in said


@pytest.mark.parametrize("typed", [["", SECRET], [KEY_ID, ""], ["", ""], ["a:b", SECRET]])
def test_login_refuses_an_impossible_answer_and_writes_nothing(answers, typed):
    answers[:] = typed
    with refused(ConfigurationError):
        login()
    assert not credentials_path().exists()


@pytest.mark.parametrize("profile", ["", "two\nlines", "\ud800"])
def test_login_refuses_an_impossible_name_before_it_asks(answers, profile):
    with refused(ConfigurationError, "cannot name a profile"):
        login(profile)
    assert len(answers) == 2


def test_login_refuses_an_unknown_environment_before_it_asks(answers):
    with refused(ConfigurationError, "unknown environment 'prod'"):
        login(environment="prod")
    assert len(answers) == 2


def test_login_refuses_an_unsafe_file_before_it_asks(answers):
    keep().chmod(0o644)
    with refused(ConfigurationError, "chmod 600"):
        login()
    assert len(answers) == 2


def test_login_leaves_no_second_copy_of_the_secret(answers):
    path = login()
    assert list(path.parent.iterdir()) == [path]


def test_login_says_when_the_file_cannot_be_written(answers, home):
    (home / ".config").write_text("a file where a folder belongs")
    with refused(ConfigurationError, "credentials.toml"):
        login()


def test_login_does_not_read_a_secret_that_would_be_seen(monkeypatch):
    def echo(_):
        warnings.warn("Can not control echo", getpass.GetPassWarning, stacklevel=1)
        return SECRET

    monkeypatch.setattr(getpass, "getpass", echo)
    with refused(ConfigurationError, "no terminal"):
        login()


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, NAMES), max_size=4))
def test_odd_names_and_values_survive_the_file(tmp_path_factory, profiles):
    path = tmp_path_factory.mktemp("toml") / "credentials.toml"
    write_profiles(path, profiles)
    assert read_profiles(path) == profiles
    assert tomllib.loads(path.read_text(encoding="utf-8")) == profiles
