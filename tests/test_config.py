"""Where credentials come from, what is refused, and the file that keeps them."""

from __future__ import annotations

import copy
import getpass
import os
import pickle
import stat
import tomllib
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.client.client import Client
from argyle_nb.config import (
    Secret,
    Settings,
    base_url_of,
    find_settings,
    is_loopback,
    login,
    make_settings,
    read_profiles,
    secret_str,
    write_profiles,
)
from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import credentials_path
from tests.support.servers import KEY_ID, SECRET, refused

SANDBOX, PRODUCTION = "https://api-sandbox.argyle.com", "https://api.argyle.com"
VARIABLES = {"ARGYLE_API_KEY_ID": "from-variables", "ARGYLE_API_KEY_SECRET": SECRET}


def keep(profile="default", key_id="from-profile", **fields):
    """Write one profile."""
    table = {"api_key_id": key_id, "api_key_secret": SECRET} | fields
    write_profiles(credentials_path(), {profile: table})
    return credentials_path()


def test_there_are_no_settings_without_credentials():
    assert find_settings() is None


def test_arguments_come_before_variables_and_profile():
    keep()
    found = find_settings("from-arguments", SECRET, environ=VARIABLES)
    assert (found.api_key_id, found.source) == ("from-arguments", "the arguments")


def test_variables_come_before_the_profile():
    keep()
    assert find_settings(environ=VARIABLES).api_key_id == "from-variables"


def test_the_profile_comes_last():
    keep()
    assert find_settings(environ={}).api_key_id == "from-profile"


def test_a_named_profile_comes_before_variables():
    keep("other")
    assert find_settings(profile="other", environ=VARIABLES).api_key_id == "from-profile"


def test_a_key_beside_a_profile_is_a_contradiction():
    keep("other")
    with refused(ConfigurationError, "only one of them"):
        find_settings(KEY_ID, SECRET, profile="other")


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ({"api_key_id": KEY_ID}, "api_key_secret is missing"),
        ({"api_key_secret": SECRET}, "api_key_id is missing"),
    ],
)
def test_half_a_pair_of_arguments_is_refused(arguments, missing):
    with refused(ConfigurationError, f"Incomplete credentials in the arguments: {missing}"):
        find_settings(**arguments, environ=VARIABLES)


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_half_a_pair_of_variables_is_refused_and_the_other_half_named(name):
    [missing] = VARIABLES.keys() - {name}
    with refused(ConfigurationError, f"environment variables: {missing} is missing. Set both"):
        find_settings(environ={name: VARIABLES[name]})


@pytest.mark.parametrize("missing", ["api_key_id", "api_key_secret"])
def test_half_a_pair_in_a_profile_is_refused(missing):
    table = {"api_key_id": KEY_ID, "api_key_secret": SECRET}
    del table[missing]
    write_profiles(credentials_path(), {"default": table})
    with refused(
        ConfigurationError, f"profile 'default' of .*: {missing} is missing. Run anb.login"
    ):
        find_settings(environ={})


def test_a_profile_without_a_pair_is_refused():
    write_profiles(credentials_path(), {"default": {"environment": "sandbox"}})
    with refused(ConfigurationError, "api_key_id and api_key_secret are missing"):
        find_settings(environ={})


EMPTY = pytest.mark.parametrize("empty", ["", " ", "\t\n"])


@EMPTY
@pytest.mark.parametrize("name", ["api_key_id", "api_key_secret", "environment"])
def test_an_empty_field_of_a_profile_is_refused_by_its_name(name, empty):
    path = keep(**({"key_id": empty} if name == "api_key_id" else {name: empty}))
    with refused(ConfigurationError, f"{path}: {name} is empty. Run anb.login"):
        find_settings(environ={})


@EMPTY
@pytest.mark.parametrize("name", [*VARIABLES, "ARGYLE_ENVIRONMENT"])
def test_a_variable_that_is_set_but_empty_is_refused_whatever_else_there_is(name, empty):
    keep()
    with refused(ConfigurationError, f"variable {name} is set but empty. Set it to a value, or un"):
        find_settings(environ=VARIABLES | {name: empty})


@pytest.mark.parametrize("empty", [None, "", " "])
@pytest.mark.parametrize("name", ["api_key_id", "api_key_secret"])
def test_an_argument_that_is_none_or_empty_is_refused_and_leads_to_no_other_key(name, empty):
    keep()
    pair = {"api_key_id": KEY_ID, "api_key_secret": SECRET} | {name: empty}
    for arguments in (pair, {name: empty}, dict.fromkeys(pair, empty)):
        with refused(ConfigurationError, "is (None|empty).* leave out api_key_id"):
            find_settings(**arguments, environ=VARIABLES)


@pytest.mark.parametrize("part", [None, "", 5, b"bytes"])
def test_a_client_takes_nothing_but_texts_for_a_key(part):
    with refused(ConfigurationError, "api_key_id is (None|empty|not a text)"):
        Client(part, SECRET)
    with refused(ConfigurationError, "api_key_secret is (None|empty|not a text)"):
        Client(KEY_ID, part)


@pytest.mark.parametrize("name", ["environment", "profile"])
def test_an_empty_name_is_refused(name):
    with refused(ConfigurationError, f"{name} is empty"):
        find_settings(**{name: ""}, environ=VARIABLES)


def test_an_unknown_profile_names_the_known_ones():
    keep("loans")
    with refused(ConfigurationError, "no profile 'other'.*loans"):
        find_settings(profile="other")


@pytest.mark.parametrize(
    ("options", "variables", "kept", "base_url"),
    [
        ({}, {}, {}, SANDBOX),
        ({"environment": "production"}, {}, {}, PRODUCTION),
        ({}, {"ARGYLE_ENVIRONMENT": "production"}, {}, PRODUCTION),
        ({}, {}, {"environment": "production"}, PRODUCTION),
        ({"environment": "sandbox"}, {"ARGYLE_ENVIRONMENT": "production"}, {}, SANDBOX),
        ({}, {"ARGYLE_ENVIRONMENT": "sandbox"}, {"environment": "production"}, SANDBOX),
        ({"profile": "default"}, {"ARGYLE_ENVIRONMENT": "production"}, {}, SANDBOX),
    ],
)
def test_production_is_used_only_where_it_is_named(options, variables, kept, base_url):
    keep(**kept)
    assert find_settings(**options, environ=variables).base_url == base_url


@pytest.mark.parametrize(
    ("given_url", "base_url"),
    [
        ("sandbox", SANDBOX),
        ("production", PRODUCTION),
        ("https://API.Argyle.com:443/", PRODUCTION),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("HTTPS://example.com:8443", "https://example.com:8443"),
    ],
)
def test_an_environment_becomes_scheme_host_and_port(given_url, base_url):
    assert base_url_of(given_url) == base_url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.argyle.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.2",
        "http://localhost.example.com",
    ],
)
def test_plain_http_is_refused_off_loopback(url):
    with refused(ConfigurationError, "unencrypted"):
        base_url_of(url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{KEY_ID}:{SECRET}@api.argyle.com",
        "https://api.argyle.com/v2",
        "https://api.argyle.com?key=1",
        "https://api.argyle.com#here",
        f"https://{KEY_ID}@api.argyle.com",
    ],
)
def test_an_address_with_more_than_scheme_host_and_port_is_refused(url):
    with refused(ConfigurationError, "more than scheme, host and port"):
        base_url_of(url)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Production",
        "api.argyle.com",
        "ftp://api.argyle.com",
        "https://",
        "https://api.argyle.com:99999",
        "https://evil.example\\.argyle.com",
        "https://evil.example\t.argyle.com",
        "https://[::1%25.argyle.com]",
        "https://evil.example%2f.argyle.com",
        "https://аrgyle.com",  # noqa: RUF001 - a Cyrillic letter
        f"{KEY_ID}:{SECRET}@api.argyle.com",
        f"ftp://{KEY_ID}:{SECRET}@api.argyle.com",
        f"https://{KEY_ID}:{SECRET}/@api.argyle.com",
    ],
)
def test_what_is_no_environment_is_refused(name):
    with refused(ConfigurationError, "Unknown environment"):
        base_url_of(name)


def test_the_local_environment_takes_no_key():
    with refused(ConfigurationError, "connect"):
        make_settings(KEY_ID, SECRET, "local")


@pytest.mark.parametrize("text", ["two words", "tab\t", "ключ", "line\n", "\0"])
@pytest.mark.parametrize("place", [0, 1])
def test_what_cannot_be_a_key_is_refused(text, place):
    pair = [KEY_ID, SECRET]
    pair[place] = text
    with refused(ConfigurationError, "printable ASCII"):
        make_settings(*pair)


def test_a_colon_may_stand_in_the_secret_only():
    assert make_settings(KEY_ID, "a:b").api_key_secret.reveal() == "a:b"
    with refused(ConfigurationError, "colon"):
        make_settings("a:b", SECRET)


@pytest.mark.parametrize("environment", ["sandbox", "production", "https://example.com"])
def test_a_key_of_the_local_sandbox_never_leaves_the_machine(environment):
    with refused(ConfigurationError, "never sent"):
        make_settings("sbx_local_1", SECRET, environment)


def test_settings_made_by_hand_are_checked_as_well():
    with refused(ConfigurationError, "unencrypted"):
        Settings("http://example.com", "odd", KEY_ID, Secret(SECRET), "a test")


def test_a_key_shows_that_it_is_one_and_nothing_more():
    assert (
        repr({"id": secret_str(KEY_ID), "secret": Secret(SECRET)})
        == "{'id': <key>, 'secret': <secret>}"
    )
    assert secret_str(None) is None


def test_nothing_that_prints_shows_the_key():
    settings = make_settings(KEY_ID, SECRET)
    with Client(KEY_ID, SECRET) as client:
        shown = f"{settings!r} {settings} {client!r} {settings.api_key_secret!r} {[client]}"
    assert KEY_ID not in shown
    assert SECRET not in shown
    assert settings.log_scope.count(KEY_ID) == 0


@pytest.mark.parametrize("copier", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_neither_pickled_nor_copied(copier):
    with Client(KEY_ID, SECRET) as client:
        for thing in (Secret(SECRET), client.settings, client):
            with pytest.raises(TypeError, match="can't be pickled"):
                copier(thing)


def test_one_service_has_one_upload_log_scope_however_it_is_written():
    scopes = {
        make_settings(KEY_ID, SECRET, name).log_scope
        for name in ("production", "https://API.argyle.com", "https://api.argyle.com:443/")
    }
    assert len(scopes) == 1


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://LOCALHOST", True),
        ("http://[::1]", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost@example.com", False),
        ("http://example.com#localhost", False),
    ],
)
def test_loopback_is_told_by_the_host_alone(url, loopback):
    assert is_loopback(url) is loopback


def test_the_credentials_file_lives_in_the_home_folder(home):
    assert credentials_path().is_relative_to(Path.home())
    assert Path.home() == home


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


@pytest.mark.skipif(
    not hasattr(os, "chown") or os.getuid() != 0, reason="only root can give a file away"
)
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
    with refused(ConfigurationError, "not readable as TOML"):
        find_settings(environ={})


def test_a_folder_in_the_files_place_is_refused():
    credentials_path().mkdir(parents=True, mode=0o700)
    with refused(ConfigurationError, "not readable as TOML"):
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
    with refused(ConfigurationError, "can't name a profile"):
        login(profile)
    assert len(answers) == 2


def test_login_refuses_an_unknown_environment_before_it_asks(answers):
    with refused(ConfigurationError, "Unknown environment 'prod'"):
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
    with refused(ConfigurationError, "without echoing it"):
        login()


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, NAMES), max_size=4))
def test_odd_names_and_values_survive_the_file(tmp_path_factory, profiles):
    path = tmp_path_factory.mktemp("toml") / "credentials.toml"
    write_profiles(path, profiles)
    assert read_profiles(path) == profiles
    assert tomllib.loads(path.read_text(encoding="utf-8")) == profiles
