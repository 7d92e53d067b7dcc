"""The upload log: written before anything is sent, shared, never lost."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.uploads import log as log_module
from argyle_nb.uploads.log import SCHEMA_VERSION, LogEntry, UploadKey, UploadLog, contents_of
from tests.support.servers import USER_ID

KEY = UploadKey("scope", "ab12", "paystubs", "u1")
DONE = LogEntry("uploaded", "upload-1", None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "journal.sqlite"


@pytest.fixture
def upload_log(path):
    return UploadLog(path)


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT state, upload_id, reason FROM uploads").fetchall()


def claim_all(path):
    with UploadLog(path) as upload_log:
        for number in range(200):
            upload_log.claim(KEY._replace(sha256=str(number)), "stub.pdf" * 20)


def test_a_new_upload_is_ours_to_send(upload_log):
    assert upload_log.claim(KEY, "stub.pdf") is None


def test_a_claim_is_on_the_disk_when_it_returns(upload_log, path):
    upload_log.claim(KEY, "stub.pdf")
    assert rows(path) == [("sending", None, None)]


def test_a_second_claim_learns_that_somebody_sends(upload_log, path):
    upload_log.claim(KEY, "stub.pdf")
    assert UploadLog(path).claim(KEY, "stub.pdf").state == "sending"


@pytest.mark.parametrize(
    "entry", [DONE, LogEntry("not_confirmed", None, "time-out")], ids=lambda entry: entry.state
)
def test_what_is_or_may_be_at_the_service_is_never_claimed_again(upload_log, entry):
    upload_log.claim(KEY, "stub.pdf")
    upload_log.finish(KEY, entry)
    assert upload_log.claim(KEY, "stub.pdf")[:3] == entry[:3]


@pytest.mark.parametrize("state", ["rejected_by_argyle", "new"])
def test_what_is_certainly_not_at_the_service_may_be_sent_again(upload_log, path, state):
    upload_log.claim(KEY, "stub.pdf")
    upload_log.finish(KEY, LogEntry(state, None, "no"))
    assert upload_log.claim(KEY, "stub.pdf") is None
    assert rows(path) == [("sending", None, None)]


@pytest.mark.parametrize("part", UploadKey._fields)
def test_scope_content_type_and_user_each_make_another_upload(upload_log, part):
    upload_log.claim(KEY, "stub.pdf")
    assert upload_log.claim(KEY._replace(**{part: "other"}), "stub.pdf") is None


def test_the_file_name_does_not_make_another_upload(upload_log):
    upload_log.claim(KEY, "stub.pdf")
    assert upload_log.claim(KEY, "copy of stub.pdf") is not None


def test_an_upload_log_is_found_again(upload_log, path):
    upload_log.claim(KEY, "stub.pdf")
    upload_log.finish(KEY, DONE)
    found = UploadLog(path).claim(KEY, "stub.pdf")
    assert found == LogEntry("uploaded", "upload-1", None, attempts=1, name="stub.pdf")


def test_only_the_owner_can_read_an_upload_log(upload_log, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_upload_log_leaves_nothing_but_itself(upload_log, path):
    upload_log.claim(KEY, "stub.pdf")
    upload_log.finish(KEY, DONE)
    upload_log.close()
    left = [entry.name for entry in path.parent.iterdir()]
    assert sorted(left) == [path.name, f"{path.name}.locks"]
    assert list((path.parent / left[1]).iterdir()) == []


@pytest.mark.parametrize("end", ["closed", "forgotten"])
def test_what_an_owner_was_sending_when_it_ended_is_unknown(path, end):
    gone = UploadLog(path)
    gone.claim(KEY, "stub.pdf")
    if end == "closed":
        gone.close()
    del gone
    assert UploadLog(path).claim(KEY, "stub.pdf").state == "not_confirmed"


def test_what_another_process_was_sending_when_it_was_killed_is_unknown(path):
    script = (
        "import sys, pathlib\n"
        "from argyle_nb.uploads.log import UploadLog, UploadKey\n"
        "kept = UploadLog(pathlib.Path(sys.argv[1]))\n"
        "kept.claim(UploadKey(*sys.argv[2:]), 'stub.pdf')\n"
        "print('claimed', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(path), *KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"claimed\n"
        assert UploadLog(path).claim(KEY, "stub.pdf").state == "sending"
        child.kill()
        child.wait()
        assert UploadLog(path).claim(KEY, "stub.pdf").state == "not_confirmed"


def test_opening_an_upload_log_twice_in_one_process_frees_nobodys_lock(path):
    first = UploadLog(path)
    first.claim(KEY, "stub.pdf")
    UploadLog(path).close()
    script = (
        "import sys, pathlib\n"
        "from argyle_nb.uploads.log import UploadLog, UploadKey\n"
        "log = UploadLog(pathlib.Path(sys.argv[1]))\n"
        "print(log.claim(UploadKey(*sys.argv[2:]), 'stub.pdf').state)\n"
    )
    command = [sys.executable, "-c", script, str(path), *KEY]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert said == "sending\n"


def test_an_undecided_upload_is_looked_after_by_one(path):
    one, other = UploadLog(path), UploadLog(path)
    one.claim(KEY, "stub.pdf")
    one.finish(KEY, LogEntry("not_confirmed"))
    assert one.look_after(KEY).state == "not_confirmed"
    assert other.look_after(KEY).state == "sending"
    one.finish(KEY, LogEntry("possible_match"))
    assert other.look_after(KEY).state == "possible_match"


def test_what_is_decided_needs_no_looking_after(upload_log):
    assert upload_log.look_after(KEY).state == "new"
    upload_log.claim(KEY, "stub.pdf")
    upload_log.finish(KEY, DONE)
    assert upload_log.look_after(KEY).state == "uploaded"


def test_attempts_are_counted_over_all_runs(upload_log):
    for _ in range(3):
        upload_log.claim(KEY, "stub.pdf")
        upload_log.finish(KEY, LogEntry("new"))
    assert upload_log.entry(KEY).attempts == 3


def test_one_more_attempt_keeps_the_time_and_the_name_of_the_first(upload_log):
    upload_log.claim(KEY, "stub.pdf", sent_at=1000.0)
    upload_log.finish(KEY, LogEntry("not_confirmed"))
    upload_log.claim_again(KEY, upload_log.look_after(KEY))
    entry = upload_log.finish(KEY, LogEntry("not_confirmed"))
    assert (entry.attempts, entry.sent_at, entry.name) == (2, 1000.0, "stub.pdf")


def test_an_attempt_after_one_that_certainly_failed_has_its_own_time(upload_log):
    upload_log.claim(KEY, "stub.pdf", sent_at=1000.0)
    upload_log.finish(KEY, LogEntry("new"))
    upload_log.claim(KEY, "stub.pdf", sent_at=2000.0)
    assert upload_log.entry(KEY).sent_at == 2000.0


def test_upload_ids_are_those_of_one_scope(upload_log):
    for scope in ("scope", "other"):
        upload_log.claim(KEY._replace(scope=scope), "stub.pdf")
        upload_log.finish(KEY._replace(scope=scope), LogEntry("uploaded", f"upload of {scope}"))
    assert upload_log.upload_ids("scope") == {"upload of scope": KEY}


def test_refused_files_are_written_down(upload_log, path):
    upload_log.refuse([(KEY, "stub.pdf", "is empty", None)])
    upload_log.refuse([(KEY, "stub.pdf", "is still empty", None)])
    assert rows(path) == [("invalid", None, "is still empty")]


def test_nobody_else_is_in_between_while_something_is_exclusive(path):
    order = []
    barrier = threading.Barrier(2)

    def look(upload_log):
        barrier.wait()
        with upload_log.exclusive("loan-77"):
            order.append("in")
            time.sleep(0.05)
            order.append("out")

    threads = [threading.Thread(target=look, args=(UploadLog(path),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == ["in", "out"] * 2


def test_an_upload_log_of_the_first_version_is_brought_up(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "CREATE TABLE uploads (scope TEXT NOT NULL, sha256 TEXT NOT NULL,"
            " document_type TEXT NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL,"
            " state TEXT NOT NULL, upload_id TEXT, reason TEXT, updated_at TEXT NOT NULL,"
            " PRIMARY KEY (scope, sha256, document_type, user))"
        )
        old.execute("PRAGMA user_version = 1")
        for state in ("done", "unsent", "sending", "rejected", "unknown"):
            row = (*KEY._replace(sha256=state), "stub.pdf", state, None, None, "2026-01-02")
            old.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        old.commit()
    UploadLog(path).close()
    upload_log = UploadLog(path)
    now = {
        state: upload_log.entry(KEY._replace(sha256=state)).state
        for state in ("done", "unsent", "sending", "rejected", "unknown")
    }
    assert now == {
        "done": "uploaded",
        "unsent": "new",
        "sending": "not_confirmed",
        "rejected": "rejected_by_argyle",
        "unknown": "not_confirmed",
    }


SECOND_VERSION = """
CREATE TABLE uploads (scope TEXT NOT NULL, sha256 TEXT NOT NULL, document_type TEXT NOT NULL,
user TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, upload_id TEXT, reason TEXT,
attempts INTEGER NOT NULL, sent_at REAL, owner TEXT, updated_at TEXT NOT NULL,
PRIMARY KEY (scope, sha256, document_type, user))
"""


def test_an_upload_log_of_the_second_version_learns_what_its_users_are_called(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:
        old.execute(SECOND_VERSION)
        old.execute("PRAGMA user_version = 2")
        rest = (None, None, 1, None, None, "2026-01-02")
        for key, state in ((KEY, "done"), (KEY._replace(user="loan-7"), "refused")):
            values = (*key, "a", state, *rest)
            old.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        old.execute("UPDATE uploads SET user = ? WHERE state = 'done'", (USER_ID,))
        old.commit()
    upload_log, key = UploadLog(path), KEY._replace(user=USER_ID)
    names = {entry.state: entry.external_id for _, entry, _ in upload_log.latest("scope", 9)}
    assert names == {"uploaded": None, "invalid": "loan-7"}
    assert upload_log.claim(key, "a", external_id="loan-1").external_id == "loan-1"
    assert upload_log.entry(key)[:2] == ("uploaded", None)
    assert upload_log.entry(key).external_id == "loan-1"


FOURTH_VERSION = SECOND_VERSION.replace(
    "updated_at TEXT NOT NULL,", "updated_at TEXT NOT NULL, external_id TEXT,"
)


def test_an_upload_log_of_the_fourth_version_knows_nothing_of_what_was_listed(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:
        old.execute(FOURTH_VERSION)
        old.execute("PRAGMA user_version = 4")
        values = (
            *KEY,
            "a",
            "not_confirmed",
            None,
            "time-out",
            1,
            5.0,
            None,
            "2026-01-02",
            "loan-7",
        )
        old.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        old.commit()
    with UploadLog(path) as upload_log:
        assert upload_log.look_after(KEY) == LogEntry(
            "not_confirmed", None, "time-out", 1, 5.0, "a", "loan-7", None, None
        )


# What Argyle lists


def test_uploads_are_numbered_in_the_order_of_first_seeing(upload_log):
    upload_log.note_listed("scope", ["b", "a"])
    listed = upload_log.note_listed("scope", ["c", "a"])
    assert [listed[name].number for name in "ac"] == [2, 3]


def test_what_was_listed_before_the_claim_is_told_from_what_came_later(upload_log):
    upload_log.note_listed("scope", ["before"])
    upload_log.claim(KEY, "stub.pdf", is_listed=True)
    upload_log.note_listed("scope", ["after"])
    assert upload_log.was_listed_before(KEY, "before")
    assert not upload_log.was_listed_before(KEY, "after")
    assert not upload_log.was_listed_before(KEY, "never seen")


def test_a_second_attempt_keeps_the_list_of_before_the_first(upload_log):
    upload_log.claim(KEY, "stub.pdf", is_listed=True)
    upload_log.finish(KEY, LogEntry("not_confirmed"))
    upload_log.note_listed("scope", ["the first attempt"])
    upload_log.claim_again(KEY, upload_log.look_after(KEY))
    assert not upload_log.was_listed_before(KEY, "the first attempt")


def test_where_nobody_listed_nothing_was_listed_before(upload_log):
    upload_log.note_listed("scope", ["some"])
    upload_log.claim(KEY, "stub.pdf")
    assert upload_log.entry(KEY).listed_until is None
    assert not upload_log.was_listed_before(KEY, "some")


def test_an_upload_id_is_taken_once(upload_log):
    other = KEY._replace(sha256="cd34")
    for key in (KEY, other):
        upload_log.claim(key, "stub.pdf")
    assert upload_log.finish(KEY, DONE).state == "uploaded"
    second = upload_log.finish(other, DONE)
    assert second[:2] == ("not_confirmed", None)
    assert DONE.upload_id in second.reason


def test_an_upload_id_of_another_scope_is_free(upload_log):
    other = KEY._replace(scope="another service")
    for key in (KEY, other):
        upload_log.claim(key, "stub.pdf")
        assert upload_log.finish(key, DONE).state == "uploaded"


def test_what_was_downloaded_is_remembered_by_every_later_run(upload_log, path):
    upload_log.note_listed("scope", ["a"])
    upload_log.note_content("scope", "a", 7, "ab12")
    assert UploadLog(path).note_listed("scope", ["a"])["a"] == (1, 7, "ab12")


def test_the_rows_of_a_user_that_may_be_at_argyle_are_counted_by_content(upload_log):
    rest = {"document_type": "W-2"}
    for change in ({"sha256": "a"}, {"sha256": "a"} | rest, {"sha256": "b"}, {"user": "u2"}):
        upload_log.claim(KEY._replace(**change), "stub.pdf")
    upload_log.finish(KEY._replace(sha256="b"), DONE)
    assert upload_log.undecided("scope", "u1") == {"a": 2}


def test_a_row_gives_up_an_upload_that_is_another_document(upload_log):
    upload_log.claim(KEY, "stub.pdf")
    upload_log.finish(KEY, DONE)
    upload_log.give_up(KEY, "another upload")
    assert upload_log.entry(KEY).state == "uploaded"
    upload_log.give_up(KEY, DONE.upload_id)
    assert upload_log.entry(KEY)[:2] == ("not_confirmed", None)


def test_the_listing_tells_what_the_lender_calls_a_user(upload_log):
    upload_log.claim(KEY, "stub.pdf", external_id="loan-7")
    upload_log.finish(KEY, DONE)
    [(_, entry, _)] = upload_log.latest("scope", 9)
    assert (entry.state, entry.external_id) == ("uploaded", "loan-7")


def test_a_later_run_that_names_only_the_id_forgets_no_external_id(upload_log):
    upload_log.claim(KEY, "stub.pdf", external_id="loan-7")
    upload_log.finish(KEY, LogEntry("new"))
    assert upload_log.claim(KEY, "stub.pdf") is None
    assert upload_log.finish(KEY, DONE).external_id == "loan-7"


def test_of_many_threads_one_sends(path):
    logs = [UploadLog(path), UploadLog(path)]
    claims = []
    threads = [
        threading.Thread(target=lambda n=n: claims.append(logs[n % 2].claim(KEY, "stub.pdf")))
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
    with pytest.raises(ConfigurationError, match=r"Can't use the upload log .*\.sqlite"):
        UploadLog(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_an_upload_log_cut_in_the_middle_is_refused(upload_log, path):
    claim_all(path)
    upload_log.close()
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
        UploadLog(path)
    assert path.read_bytes() == before


def test_an_upload_log_of_a_newer_version_is_refused(upload_log, path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ConfigurationError, match="Update the package"):
        UploadLog(path)


def test_a_folder_in_the_upload_logs_place_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="Can't use the upload log"):
        UploadLog(tmp_path)


def test_a_path_below_a_file_is_refused(pdf):
    with pytest.raises(ConfigurationError, match="Can't use the upload log"):
        UploadLog(pdf / "journal.sqlite")


def test_an_upload_log_that_vanished_is_not_made_anew_in_silence(upload_log, path):
    path.unlink()
    with pytest.raises(ConfigurationError, match="Can't use the upload log"):
        upload_log.claim(KEY, "stub.pdf")


def test_an_upload_log_that_stays_locked_is_an_error_before_anything_is_sent(
    upload_log, path, monkeypatch
):
    monkeypatch.setattr(log_module, "_BUSY_SECONDS", 0.05)
    hasty = UploadLog(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConfigurationError, match="locked"):
            hasty.claim(KEY, "stub.pdf")
    assert rows(path) == []


def test_an_impossible_state_is_refused_and_the_row_stays(upload_log, path):
    upload_log.claim(KEY, "stub.pdf")
    with pytest.raises(ConfigurationError):
        upload_log.finish(KEY, LogEntry("perhaps"))
    assert rows(path) == [("sending", None, None)]


def test_contents_are_read_from_a_log_in_the_home_folder_too(home):
    with closing(UploadLog(home / "log.sqlite")) as log:
        log.claim(KEY, "stub.pdf")
        log.finish(KEY, DONE)
    assert contents_of(Path("~/log.sqlite")) == [("upload-1", "ab12")]
