"""`connect`: Argyle where there are credentials, the local sandbox where there are none."""

from __future__ import annotations

import re

import pytest

from argyle_nb import connection
from argyle_nb.config import write_profiles
from argyle_nb.connection import connect, stop_sandbox
from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import credentials_path
from tests.support.servers import KEY_ID, SECRET, refused

LOCAL_LINE = r"argyle_nb: connected to the local sandbox at http://127\.0\.0\.1:\d+"


@pytest.fixture(autouse=True)
def _own_servers(monkeypatch):
    """Servers of one test are stopped with it."""
    running = {}
    monkeypatch.setattr(connection, "_running", running)
    yield
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture
def connected(capsys):
    """Connect, and give the client and what was printed."""
    clients = []

    def call(*args, **options):
        clients.append(connect(*args, **options))
        return clients[-1], capsys.readouterr().out

    yield call
    for client in clients:
        client.close()


@pytest.fixture
def variables(monkeypatch):
    monkeypatch.setenv("ARGYLE_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("ARGYLE_API_KEY_SECRET", SECRET)


def test_without_credentials_the_local_sandbox_answers(connected):
    client, said = connected()
    assert re.match(LOCAL_LINE + r" \(no credentials found; documents in ", said)
    assert client.create_user().id


def test_the_line_says_that_its_scores_are_simulated(connected):
    assert "Scores are simulated" in connected()[1]


def test_arguments_lead_to_argyle(connected):
    client, said = connected(KEY_ID, SECRET)
    assert client.settings.base_url == "https://api-sandbox.argyle.com"
    assert "credentials from the arguments" in said


def test_variables_lead_to_argyle(connected, variables):
    client, said = connected()
    assert client.settings.environment == "sandbox"
    assert "credentials from environment variables" in said


def test_a_profile_leads_to_argyle(connected):
    table = {"api_key_id": KEY_ID, "api_key_secret": SECRET, "environment": "production"}
    write_profiles(credentials_path(), {"loans": table})
    client, said = connected(profile="loans")
    assert client.settings.base_url == "https://api.argyle.com"
    assert "credentials from profile 'loans'" in said


@pytest.mark.parametrize("environment", ["sandbox", "production", "https://example.com"])
def test_one_line_names_environment_and_source_and_nothing_of_the_key(connected, environment):
    _, said = connected(KEY_ID, SECRET, environment=environment)
    assert said.count("\n") == 1
    assert environment in said
    for part in (KEY_ID[:6], SECRET[:9], SECRET[-4:]):
        assert part not in said


def test_the_line_of_the_local_sandbox_tells_nothing_of_its_key(connected):
    client, said = connected()
    assert said.count("\n") == 1
    assert client.settings.api_key_id not in said
    assert client.settings.api_key_secret.reveal() not in said


@pytest.mark.parametrize("environment", ["sandbox", "production", "https://example.com"])
def test_a_named_environment_without_a_key_is_an_error(monkeypatch, environment):
    monkeypatch.setenv("ARGYLE_ENVIRONMENT", environment)
    with refused(ConfigurationError, "No credentials"):
        connect()


def test_an_environment_argument_without_a_key_is_an_error():
    with refused(ConfigurationError, "No credentials found for environment 'production'"):
        connect(environment="production")


def test_an_environment_that_nobody_knows_is_told_before_a_key_is_missed():
    with refused(ConfigurationError, "Unknown environment 'prod'"):
        connect(environment="prod")


@pytest.mark.parametrize("name", ["ARGYLE_API_KEY_ID", "ARGYLE_API_KEY_SECRET"])
def test_half_a_pair_does_not_fall_back_to_the_local_sandbox(monkeypatch, name):
    monkeypatch.setenv(name, SECRET)
    with refused(ConfigurationError, "Incomplete credentials"):
        connect()


@pytest.mark.parametrize("empty", [None, ""])
def test_a_key_that_is_none_or_empty_does_not_fall_back_to_anything(variables, empty):
    for arguments in ((empty,), (empty, empty), (empty, SECRET), (KEY_ID, empty)):
        with refused(ConfigurationError, "api_key_(id|secret) is (None|empty)"):
            connect(*arguments)


@pytest.mark.parametrize("name", ["ARGYLE_API_KEY_ID", "ARGYLE_ENVIRONMENT"])
def test_an_empty_variable_does_not_fall_back_to_the_local_sandbox(monkeypatch, name):
    monkeypatch.setenv(name, "")
    with refused(ConfigurationError, f"{name} is set but empty"):
        connect()


def test_local_wins_over_credentials_when_it_is_asked_for(connected, variables):
    client, said = connected(environment="local")
    assert client.settings.environment == "local"
    assert "no credentials found" not in said


def test_the_variable_can_ask_for_local_as_well(connected, variables, monkeypatch):
    monkeypatch.setenv("ARGYLE_ENVIRONMENT", "local")
    assert connected()[0].settings.environment == "local"


@pytest.mark.parametrize(
    "options", [{"api_key_id": KEY_ID}, {"api_key_secret": SECRET}, {"profile": "loans"}]
)
def test_local_takes_no_credentials(options):
    with refused(ConfigurationError, "takes no credentials"):
        connect(environment="local", **options)


def test_two_connections_share_one_server(connected):
    assert connected()[0].settings.base_url == connected()[0].settings.base_url


def test_two_ways_to_write_a_folder_are_one_server(connected, tmp_path):
    (tmp_path / "sub").mkdir()
    first, _ = connected(sandbox_folder=tmp_path / "data")
    second, _ = connected(sandbox_folder=str(tmp_path / "sub" / ".." / "data"))
    assert first.settings.base_url == second.settings.base_url


def test_another_folder_is_another_server_with_other_documents(connected, tmp_path):
    first, _ = connected(sandbox_folder=tmp_path / "a")
    second, _ = connected(sandbox_folder=tmp_path / "b")
    assert first.settings.base_url != second.settings.base_url
    assert first.settings.log_scope != second.settings.log_scope


def test_a_sandbox_that_does_not_run_here_need_not_be_stopped(tmp_path):
    stop_sandbox(tmp_path)


def test_the_upload_log_knows_a_folder_again_after_a_restart(connected, tmp_path):
    first, _ = connected(sandbox_folder=tmp_path)
    for sandbox in connection._running.values():
        sandbox.stop()
    connection._running.clear()
    second, _ = connected(sandbox_folder=tmp_path)
    assert first.settings.api_key_id != second.settings.api_key_id
    assert first.settings.log_scope == second.settings.log_scope


def test_the_local_sandbox_keeps_its_documents_in_the_home_folder(connected, home):
    _, said = connected()
    assert "documents in ~/.local/share/argyle_nb/sandbox" in said
    assert (home / ".local" / "share" / "argyle_nb" / "sandbox").is_dir()


def test_naming_a_folder_asks_for_the_local_sandbox_whatever_credentials_there_are(
    connected, monkeypatch, tmp_path
):
    monkeypatch.setenv("ARGYLE_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("ARGYLE_API_KEY_SECRET", SECRET)
    client, _ = connected(sandbox_folder=tmp_path / "own")
    assert client.settings.environment == "local"


def test_a_folder_of_the_local_sandbox_and_another_environment_contradict_each_other(tmp_path):
    with pytest.raises(ConfigurationError, match="sandbox_folder"):
        connect(environment="production", sandbox_folder=tmp_path)
