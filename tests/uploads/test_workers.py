"""A batch that is told to stop, or whose listener fails: what has left, and what leaves no more."""

import json
import threading

import pytest

from tests.support.batches import run, states
from tests.support.servers import USER_ID, Answer, HostileServer, upload_answer

MANY = 300


@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_a_callback_that_fails_is_called_again_only_when_nothing_is_in_the_air(
    stubs, upload_log, kind
):
    failed, later = threading.Event(), []

    def fail_once(_):
        if failed.is_set():
            later.append(states(upload_log))
        elif server.posts >= 3:
            failed.set()
            raise kind("the callback")

    def answer(_):
        if server.posts >= 3:
            failed.wait(60)
        return upload_answer()

    with HostileServer(answer) as server:
        with pytest.raises(kind, match="the callback"):
            run(server, stubs(MANY), upload_log, progress=fail_once)
        assert later == [["uploaded"] * server.posts]
        assert server.posts < MANY


def test_what_a_failed_callback_did_not_take_down_is_told_once_more(stubs, upload_log):
    rows = {}

    def fail_at_the_first_end(progress):
        if not rows and any(row.entry for row in progress.rows.values()):
            rows["failed"] = True
            raise ValueError("the callback")
        rows.update(progress.rows)

    with HostileServer(upload_answer()) as server, pytest.raises(ValueError, match="callback"):
        run(server, stubs(1), upload_log, progress=fail_at_the_first_end)
    assert rows[0].entry.state == "uploaded"


def test_a_thread_that_cannot_be_started_ends_a_batch_at_rest(stubs, upload_log, monkeypatch):
    start, begun = threading.Thread.start, []

    def start_three(thread):
        if thread.name == "argyle_nb batch":
            if len(begun) == 3:
                raise RuntimeError("can't start new thread")
            begun.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_three)
    with HostileServer(upload_answer()) as server:
        with pytest.raises(RuntimeError, match="can't start"):
            run(server, stubs(40), upload_log)
        assert states(upload_log) == ["uploaded"] * server.posts


def test_stop_that_came_before_the_first_document_left_sends_nothing(stubs, upload_log):
    def stop(_):
        raise KeyboardInterrupt

    with HostileServer(upload_answer()) as server:
        with pytest.raises(KeyboardInterrupt):
            run(server, stubs(3), upload_log, progress=stop)
        assert server.posts == 0
    assert states(upload_log) == []


def test_stop_that_came_while_a_user_was_looked_up_sends_nothing(stubs, upload_log):
    asked, stopped, resting = threading.Event(), threading.Event(), threading.Event()

    def stop(_):
        if stopped.is_set():
            resting.set()
        elif asked.is_set():
            stopped.set()
            raise KeyboardInterrupt

    def answer(seen):
        if seen.method == "POST":
            return upload_answer()
        asked.set()
        resting.wait(60)
        users = [{"id": USER_ID, "external_id": "loan-77"}]
        return Answer(body=json.dumps({"results": users}).encode())

    with HostileServer(answer) as server:
        with pytest.raises(KeyboardInterrupt):
            run(server, stubs(1, user="loan-77"), upload_log, progress=stop)
        assert resting.is_set()
        assert server.posts == 0
