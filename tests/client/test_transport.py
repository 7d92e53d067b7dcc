"""The conversation: who gets the key, which answers are errors, what is tried again."""

from __future__ import annotations

import base64
import socket
import threading
import time

import pytest
import requests

from argyle_nb.client import retry
from argyle_nb.client.transport import ServerClock, Transport
from argyle_nb.config import make_settings
from argyle_nb.errors import RateLimitError, ServerError, TransportError
from tests.support.servers import (
    KEY_ID,
    RESET,
    SECRET,
    UPLOAD_ID,
    Answer,
    HostileServer,
    client_of,
    closed_port,
    page,
    refused,
)

BASIC = "Basic " + base64.b64encode(f"{KEY_ID}:{SECRET}".encode()).decode()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Nobody waits for a minute in a test."""
    monkeypatch.setattr(retry, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


def read(server):
    with client_of(server) as client:
        return list(client.list_uploads())


# Who gets the key


@pytest.fixture(scope="module")
def production():
    return Transport(make_settings(KEY_ID, SECRET, "production"))


def test_the_key_goes_along_and_netrc_is_never_asked(home):
    (home / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (home / ".netrc").chmod(0o600)
    with HostileServer(page()) as server:
        read(server)
    assert server.seen[0].headers["authorization"] == BASIC


def test_netrc_is_not_asked_for_a_foreign_host_either(home, production, monkeypatch):
    """Off loopback requests would look into it wherever no credentials go along."""
    (home / ".netrc").write_text("machine storage.example login thief password thief\n")
    (home / ".netrc").chmod(0o600)
    sent = []

    def send(_, request, **options):
        sent.append(request)
        raise requests.ConnectionError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("1.1.1.1", 443))])
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with refused(TransportError, "storage"):
        production.open_download("https://storage.example/x")
    assert "Authorization" not in sent[0].headers


def test_proxies_of_the_environment_stay_out_of_loopback(monkeypatch):
    with HostileServer(page()) as proxy, HostileServer(page(UPLOAD_ID)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert len(read(server)) == 1
    assert proxy.seen == []


# The service's time


def test_the_services_clock_goes_on_from_the_date_of_its_last_answer():
    clock = ServerClock()
    assert clock.now() is None
    clock.note("Thu, 01 Jan 1970 00:01:00 GMT")
    clock.note("soon")
    assert 60 <= clock.now() < 120


# Reading again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_reading_is_tried_again_when_the_service_stumbles(status):
    with HostileServer([Answer(status), Answer(status), page(UPLOAD_ID)]) as server:
        assert len(read(server)) == 1
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "told",
    ["0", "36000", "-5", "soon", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 1999 07:28:00 GMT"],
)
def test_retry_after_is_followed_but_not_for_ever(told):
    started = time.monotonic()
    with HostileServer([Answer(429, headers={"Retry-After": told}), page(UPLOAD_ID)]) as server:
        assert len(read(server)) == 1
    assert time.monotonic() - started < 30


def test_retry_after_is_waited_for(monkeypatch):
    monkeypatch.setattr(retry, "LONGEST_PAUSE_SECONDS", 60.0)
    started = time.monotonic()
    with HostileServer([Answer(503, headers={"Retry-After": "1"}), page()]) as server:
        read(server)
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
def test_reading_gives_up_in_the_end(status, kind):
    with HostileServer(Answer(status)) as server, refused(kind, str(status)):
        read(server)
    assert len(server.seen) == 1 + retry.RETRIES


def test_a_connection_that_breaks_while_reading_is_tried_again():
    with HostileServer([RESET, page(UPLOAD_ID)]) as server:
        assert len(read(server)) == 1


def test_a_page_that_breaks_off_is_read_again():
    cut = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"next": null, "resu'
    with HostileServer([cut, page(UPLOAD_ID)]) as server:
        assert len(read(server)) == 1


def test_what_cannot_be_helped_is_not_tried_again():
    with HostileServer(Answer(501)) as server, refused(ServerError):
        read(server)
    assert len(server.seen) == 1


def test_after_its_time_is_over_reading_is_not_tried_again():
    with HostileServer(Answer(503)) as server, client_of(server) as client, refused(ServerError):
        client._transport.get("/v2/user-uploads", seconds=0)
    assert len(server.seen) == 1


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_told():
    hold = threading.Event()
    with HostileServer(lambda _: hold.wait(60)) as server, client_of(server) as client:
        started = time.monotonic()
        with refused(TransportError):
            client._transport.get("/v2/user-uploads", seconds=1)
        assert time.monotonic() - started < 30
        hold.set()


def test_a_service_that_is_away_for_a_told_time_slows_all(monkeypatch):
    monkeypatch.setattr(retry, "LONGEST_PAUSE_SECONDS", 60.0)
    away = Answer(503, headers={"Retry-After": "1"})
    with HostileServer([away, page()]) as server, client_of(server) as client:
        with refused(ServerError):
            client.create_user()
        started = time.monotonic()
        list(client.list_uploads())
        assert time.monotonic() - started > 0.8


def test_a_refused_connection_is_a_transport_error():
    with refused(TransportError, "can't be reached"):
        read(closed_port())


# Nothing but reading is repeated


def test_creating_a_user_is_not_repeated_and_says_that_it_may_be_done():
    with (
        HostileServer(RESET) as server,
        client_of(server) as client,
        refused(TransportError, "may have succeeded"),
    ):
        client.create_user()
    assert len(server.seen) == 1


def test_creating_a_user_is_not_tried_again_on_a_failing_service():
    with HostileServer(Answer(503)) as server, client_of(server) as client, refused(ServerError):
        client.create_user()
    assert len(server.seen) == 1
