"""Webhooks of the local server, delivered to real servers on this machine."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from argyle_nb.client.webhooks import verify_webhook
from argyle_nb.sandbox import Sandbox, deliveries
from argyle_nb.sandbox.app import openapi_description
from argyle_nb.sandbox.deliveries import Times, loopback_target
from argyle_nb.sandbox.inspection import Inspection
from tests.support.sandbox_api import (
    ADDED,
    READ,
    REMOVED,
    SECRET,
    api_of,
)
from tests.support.servers import RESET, Answer, HostileServer, until

FOUND = {"found_type": "paystubs", "problem": None, "ocr_data": {}, "ocr_authenticity": {}}


def found(**changes):
    """An inspection that finds a paystub, as the worker expects it."""
    return lambda _path, _type: Inspection(**{**FOUND, "ocr_authenticity_score": 90, **changes})


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start sandboxes on one folder; deliveries are looked for often."""
    monkeypatch.setattr(deliveries, "POLL_SECONDS", 0.01)
    with ExitStack() as stack:

        def start(inspect=None, ocr="off", **times):
            sandbox = Sandbox(tmp_path / "shared", stage_seconds=0, ocr=ocr)
            sandbox._delivery_times = Times(**{"retry": 0.05, **times})
            sandbox._inspect = inspect or found()
            return stack.enter_context(api_of(stack.enter_context(sandbox)))

        yield start


@pytest.fixture
def api(start):
    return start()


@contextmanager
def stuck_server():
    """A target that takes a request and never answers, until it is let go."""
    go = threading.Event()

    def answer(_):
        go.wait(30)
        return Answer()

    with HostileServer(answer) as server:
        try:
            yield SimpleNamespace(url=server.url, seen=server.seen, go=go)
        finally:
            go.set()


def events(server):
    return [json.loads(seen.body)["event"] for seen in server.seen]


def uploads_named(server):
    return [json.loads(seen.body)["data"]["user_upload"] for seen in server.seen]


# What is delivered, and when
def test_an_upload_is_told_with_a_signature_that_fits(api):
    with HostileServer(Answer()) as target:
        api.subscribe(target, [ADDED], secret=SECRET)
        user = api.user()
        upload = api.upload(user).json()
        until(lambda: target.seen and target.seen[0].body)
    (seen,) = target.seen
    assert verify_webhook(seen.body, seen.headers["x-argyle-signature"], SECRET) == {
        "event": ADDED,
        "name": "mine",
        "data": {"account": upload["account"], "user": user, "user_upload": upload["id"]},
    }
    assert (seen.method, seen.path) == ("POST", "/hook?from=argyle")
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["host"] == target.url.removeprefix("http://")
    assert "authorization" not in seen.headers


def test_without_a_secret_there_is_no_signature(api):
    with HostileServer(Answer()) as target:
        api.subscribe(target)
        api.upload(api.user())
        until(lambda: target.seen)
    assert "x-argyle-signature" not in target.seen[0].headers


def test_completed_ocr_is_told_once(start):
    api = start(ocr="full")
    with HostileServer(Answer()) as target:
        api.subscribe(target)
        upload = api.upload(api.user()).json()
        until(lambda: len(target.seen) == 2 and api.waiting() == 0)
    assert events(target) == [ADDED, READ]
    assert uploads_named(target) == [upload["id"]] * 2
    processing = api("GET", f"/v2/user-uploads/{upload['id']}").json()["processing"]
    assert processing["authenticity"] == "completed"


def test_failed_ocr_is_not_told_as_completed(start):
    api = start(found(ocr_data=None, ocr_authenticity_score=None), ocr="full")
    with HostileServer(Answer()) as target:
        api.subscribe(target, [READ])
        path = f"/v2/user-uploads/{api.upload(api.user()).json()['id']}"
        until(lambda: api("GET", path).json()["processing"]["ocr"] == "failed")
        assert api.waiting() == 0
    assert target.seen == []


@pytest.mark.parametrize("resource", ["users", "accounts"])
def test_a_deletion_is_told_for_each_upload(api, resource):
    with HostileServer(Answer()) as target:
        user = api.user()
        uploads = [api.upload(user).json() for _ in range(3)]
        api.upload(api.user())
        api.subscribe(target, [REMOVED], secret=SECRET)
        gone = user if resource == "users" else uploads[0]["account"]
        assert api("DELETE", f"/v2/{resource}/{gone}").status_code == 204
        until(lambda: len(target.seen) == 3 and api.waiting() == 0)
    assert events(target) == [REMOVED] * 3
    assert sorted(uploads_named(target)) == sorted(upload["id"] for upload in uploads)


def test_only_what_was_asked_for_is_told(api):
    with HostileServer(Answer()) as first, HostileServer(Answer()) as second:
        api.subscribe(first, [REMOVED])
        api.subscribe(second, [ADDED])
        user = api.user()
        api.upload(user)
        api("DELETE", f"/v2/users/{user}")
        until(lambda: api.waiting() == 0)
    assert (events(first), events(second)) == ([REMOVED], [ADDED])


def test_events_arrive_in_their_order(api):
    with HostileServer(Answer()) as target:
        api.subscribe(target)
        user = api.user()
        uploads = [api.upload(user).json()["id"] for _ in range(20)]
        until(lambda: len(target.seen) == 20)
    assert uploads_named(target) == uploads


# When the target fails
@pytest.mark.parametrize("failure", [429, 500, 502, 503, 504, RESET])
def test_a_failure_is_retried_once_with_the_same_body(api, failure):
    answer = failure if failure is RESET else Answer(failure)
    with HostileServer([answer, Answer()]) as target:
        api.subscribe(target, secret=SECRET)
        api.upload(api.user())
        until(lambda: api.waiting() == 0)
    first, second = target.seen
    assert first.body == second.body
    assert first.headers == second.headers


def test_after_two_failures_it_is_given_up(api):
    with HostileServer(Answer(503)) as target:
        api.subscribe(target)
        api.upload(api.user())
        until(lambda: api.waiting() == 0)
    assert len(target.seen) == 2


@pytest.mark.parametrize("status", [204, 301, 400, 401, 404, 410, 501])
def test_other_answers_are_final(api, status):
    with HostileServer(Answer(status, b"")) as target:
        api.subscribe(target)
        api.upload(api.user())
        until(lambda: api.waiting() == 0)
    assert len(target.seen) == 1


def test_the_retry_waits_as_long_as_it_should(start):
    api = start(retry=0.5)
    moments = []

    def answer(_):
        moments.append(time.monotonic())
        return Answer(503)

    with HostileServer(answer) as target:
        api.subscribe(target)
        api.upload(api.user())
        until(lambda: api.waiting() == 0)
    assert 0.5 <= moments[1] - moments[0] < Times().retry


def test_the_published_times_are_the_default(tmp_path):
    assert Times() == Sandbox(tmp_path)._delivery_times
    assert (Times().timeout, Times().retry) == (10, 30)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(api, status):
    with HostileServer(Answer()) as elsewhere:
        moved = Answer(status, b"", {"Location": elsewhere.url})
        with HostileServer(moved) as target:
            api.subscribe(target)
            api.upload(api.user())
            until(lambda: api.waiting() == 0)
    assert (len(target.seen), elsewhere.seen) == (1, [])


def test_a_target_that_is_not_there_is_tried_again(api):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        api.subscribe(f"http://127.0.0.1:{listener.getsockname()[1]}")
        api.upload(api.user())
        until(lambda: api.waiting() == 0)


def test_a_target_that_trickles_is_cut_off_in_time(start):
    api = start(timeout=0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api.subscribe(f"http://127.0.0.1:{listener.getsockname()[1]}")
        api.upload(api.user())
        for _ in range(2):
            connection, _ = listener.accept()
            began = time.monotonic()
            with connection, suppress(ConnectionError):
                while time.monotonic() < began + 60:
                    connection.sendall(b"H")
                    time.sleep(0.02)
            assert time.monotonic() - began < 30
        until(lambda: api.waiting() == 0)


def test_a_slow_target_holds_up_neither_the_api_nor_processing_nor_others(start):
    api = start(ocr="full", timeout=120)
    with stuck_server() as stuck, HostileServer(Answer()) as target:
        api.subscribe(stuck)
        api.subscribe(target)
        user = api.user()
        began = time.monotonic()
        uploads = [api.upload(user).json()["id"] for _ in range(5)]
        until(lambda: len(target.seen) == 10)
        assert sorted(events(target)) == [ADDED] * 5 + [READ] * 5
        assert {
            upload["processing"]["ocr"]
            for upload in api("GET", "/v2/user-uploads").json()["results"]
        } == {"completed"}
        assert time.monotonic() - began < 60
        assert len(stuck.seen) == 1
        stuck.go.set()
        until(lambda: len(stuck.seen) == 10)
    assert set(uploads_named(stuck)) == set(uploads)


def test_a_deleted_webhook_is_told_nothing_more(api):
    with stuck_server() as stuck:
        webhook = api.subscribe(stuck)
        user = api.user()
        for _ in range(3):
            api.upload(user)
        until(lambda: stuck.seen)
        api("DELETE", f"/v2/webhooks/{webhook['id']}")
        assert api.waiting() == 0
    assert len(stuck.seen) == 1


# Stopping, sharing, killing
def test_stopping_cuts_off_a_slow_target_and_a_later_start_delivers(start, monkeypatch):
    """However often that happens: a delivery that was cut off has not failed."""
    monkeypatch.setattr(deliveries, "STOP_SECONDS", 0.1)
    before = set(threading.enumerate())
    with stuck_server() as stuck:
        api = start(timeout=120)
        api.subscribe(stuck)
        upload = api.upload(api.user()).json()["id"]
        for count in (1, 2, 3):
            until(lambda seen=count: len(stuck.seen) == seen)
            began = time.monotonic()
            api.sandbox.stop()
            assert time.monotonic() - began < 60
            left = [thread for thread in threading.enumerate() if "argyle" in thread.name]
            assert set(left) <= before
            api = start(timeout=120)
        until(lambda: len(stuck.seen) == 4)
        stuck.go.set()
        until(lambda: api.waiting() == 0)
    assert uploads_named(stuck) == [upload] * 4


def test_what_waits_for_its_retry_survives_a_restart(start):
    api = start(retry=0.5)
    with HostileServer([Answer(503), Answer()]) as target:
        api.subscribe(target)
        api.upload(api.user())
        until(lambda: len(target.seen) == 1)
        api.sandbox.stop()
        again = start()
        until(lambda: again.waiting() == 0)
    assert len(target.seen) == 2


def test_several_servers_on_one_folder_deliver_each_event_once(start):
    servers = [start() for _ in range(3)]
    with HostileServer(Answer()) as target:
        servers[0].subscribe(target)
        servers[1].subscribe(target.url)
        user = servers[0].user()
        uploads = [api.upload(user).json()["id"] for _ in range(10) for api in servers]
        until(lambda: servers[2].waiting() == 0)
    assert sorted(uploads_named(target)) == sorted(uploads * 2)


DOOMED = """
    import json, sys
    from argyle_nb.sandbox import Sandbox
    from argyle_nb.sandbox.deliveries import Times

    sandbox = Sandbox(sys.argv[1], stage_seconds=0, ocr="off")
    sandbox._delivery_times = Times(lease=1.0)
    with sandbox:
        print(json.dumps([sandbox.url, sandbox.api_key_id, sandbox.api_key_secret]), flush=True)
        sys.stdin.read()
"""


def test_the_delivery_of_a_killed_server_is_taken_over(start, tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(DOOMED), str(tmp_path / "shared")]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as doomed,
        stuck_server() as stuck,
    ):
        url, *key = json.loads(doomed.stdout.readline())
        with api_of(SimpleNamespace(url=url, api_key_id=key[0], api_key_secret=key[1])) as api:
            api.subscribe(stuck)
            user = api.user()
            uploads = [api.upload(user).json()["id"] for _ in range(2)]
        until(lambda: stuck.seen)
        doomed.send_signal(signal.SIGKILL)
        stuck.go.set()
        heir = start()
        until(lambda: heir.waiting() == 0)
    assert uploads_named(stuck) == [uploads[0], *uploads]


@pytest.mark.parametrize(
    ("url", "address", "port", "path"),
    [
        ("http://127.0.0.1", "127.0.0.1", 80, "/"),
        ("http://localhost:8000/a?b=c#d", "127.0.0.1", 8000, "/a?b=c"),
        ("HTTP://LOCALHOST/", "127.0.0.1", 80, "/"),
        ("http://[::1]:5/a", "::1", 5, "/a"),
    ],
)
def test_targets_on_this_machine_are_reached_by_number(url, address, port, path):
    target = loopback_target(url)
    assert (target.address, target.port, target.path) == (address, port, path)


def described_urls():
    schemas = openapi_description("")["components"]["schemas"]
    return schemas["WebhookSubscription"]["properties"]["url"]["pattern"]


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"http://[\[\]a-z0-9.:@%\\/?#]{0,30}"),
        st.from_regex(r"(?i)http://(localhost|127.0.0.1|\[::1\])[:0-9/?#]{0,9}.?", fullmatch=True),
        st.from_regex(described_urls(), fullmatch=True),
    )
)
@example("http://127.0.0.1\\@example.com")
def test_no_text_whatever_leads_off_this_machine_and_all_others_are_described(url):
    try:
        target = loopback_target(url)
    except ValueError:
        assert not re.fullmatch(described_urls(), url)
        return
    assert target.address in ("127.0.0.1", "::1")
    assert target.path.startswith("/")
    assert re.fullmatch(described_urls(), url)
