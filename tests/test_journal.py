"""The journal: written before anything is sent, shared, never lost."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from argyle_nb import journal as journal_module
from argyle_nb.errors import ConfigurationError
from argyle_nb.journal import SCHEMA_VERSION, Entry, Journal, Key

KEY = Key("scope", "ab12", "paystubs", "u1")
DONE = Entry("done", "upload-1", None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "journal.sqlite"


@pytest.fixture
def journal(path):
    return Journal(path)


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT state, upload_id, reason FROM uploads").fetchall()


def claim_all(path):
    journal = Journal(path)
    for number in range(200):
        journal.claim(KEY._replace(sha256=str(number)), "stub.pdf" * 20)


def test_a_new_upload_is_ours_to_send(journal):
    assert journal.claim(KEY, "stub.pdf") is None


def test_a_claim_is_on_the_disk_when_it_returns(journal, path):
    journal.claim(KEY, "stub.pdf")
    assert rows(path) == [("sending", None, None)]


def test_a_second_claim_learns_that_somebody_sends(journal, path):
    journal.claim(KEY, "stub.pdf")
    assert Journal(path).claim(KEY, "stub.pdf").state == "sending"


@pytest.mark.parametrize(
    "entry", [DONE, Entry("unknown", None, "time-out")], ids=lambda entry: entry.state
)
def test_what_is_or_may_be_at_the_service_is_never_claimed_again(journal, entry):
    journal.claim(KEY, "stub.pdf")
    journal.settle(KEY, "stub.pdf", entry)
    assert journal.claim(KEY, "stub.pdf") == entry


@pytest.mark.parametrize("state", ["rejected", "unsent"])
def test_what_is_certainly_not_at_the_service_may_be_sent_again(journal, path, state):
    journal.claim(KEY, "stub.pdf")
    journal.settle(KEY, "stub.pdf", Entry(state, None, "no"))
    assert journal.claim(KEY, "stub.pdf") is None
    assert rows(path) == [("sending", None, None)]


@pytest.mark.parametrize("part", Key._fields)
def test_scope_content_type_and_user_each_make_another_upload(journal, part):
    journal.claim(KEY, "stub.pdf")
    assert journal.claim(KEY._replace(**{part: "other"}), "stub.pdf") is None


def test_the_file_name_does_not_make_another_upload(journal):
    journal.claim(KEY, "stub.pdf")
    assert journal.claim(KEY, "copy of stub.pdf") is not None


def test_a_journal_is_found_again(journal, path):
    journal.claim(KEY, "stub.pdf")
    journal.settle(KEY, "stub.pdf", DONE)
    assert Journal(path).claim(KEY, "stub.pdf") == DONE


def test_only_the_owner_can_read_a_journal(journal, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_journal_is_one_file(journal, path):
    journal.claim(KEY, "stub.pdf")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_of_many_threads_one_sends(path):
    journals = [Journal(path), Journal(path)]
    claims = []
    threads = [
        threading.Thread(target=lambda n=n: claims.append(journals[n % 2].claim(KEY, "stub.pdf")))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claims.count(None) == 1


@pytest.mark.parametrize(
    "content", [b"not a database", b"x" * 5000, b"SQLite format 3\0" + b"?" * 9000]
)
def test_a_corrupt_file_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"journal\.sqlite cannot be used"):
        Journal(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_journal_cut_in_the_middle_is_refused(journal, path):
    claim_all(path)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(ConfigurationError, match="malformed"):
        claim_all(path)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE photos (id INTEGER)",
        "CREATE TABLE uploads (id INTEGER)",
        "CREATE TABLE uploads (id INTEGER); PRAGMA user_version = 1",
    ],
)
def test_the_database_of_another_program_is_refused_and_left_as_it_is(tmp_path, schema):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another program"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_journal_of_a_newer_version_is_refused(journal, path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ConfigurationError, match="update the package"):
        Journal(path)


def test_a_folder_in_the_journals_place_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be used as a journal"):
        Journal(tmp_path)


def test_a_path_below_a_file_is_refused(pdf):
    with pytest.raises(ConfigurationError, match="cannot be used as a journal"):
        Journal(pdf / "journal.sqlite")


def test_a_journal_that_vanished_is_not_made_anew_in_silence(journal, path):
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be used as a journal"):
        journal.claim(KEY, "stub.pdf")


def test_a_journal_that_stays_locked_is_an_error_before_anything_is_sent(
    journal, path, monkeypatch
):
    monkeypatch.setattr(journal_module, "_BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConfigurationError, match="locked"):
            journal.claim(KEY, "stub.pdf")
    assert rows(path) == []


def test_an_impossible_state_is_refused_and_the_row_stays(journal, path):
    journal.claim(KEY, "stub.pdf")
    with pytest.raises(ConfigurationError):
        journal.settle(KEY, "stub.pdf", Entry("perhaps", None, None))
    assert rows(path) == [("sending", None, None)]
