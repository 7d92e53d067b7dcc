"""The retry policy: a limit that all threads keep, pauses, and what may be tried again."""

from __future__ import annotations

import math
import ssl
import threading
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProxyError, SSLError

from argyle_nb.client import retry
from argyle_nb.client.retry import (
    RateLimiter,
    back_off,
    nothing_was_stored,
    retry_after,
    upload_pause,
)
from argyle_nb.errors import (
    ApiError,
    RateLimitError,
    ServerError,
    TransportError,
    ValidationError,
)
from tests.support.servers import Answer, HostileServer, client_of, page


def moments(rate_limiter, threads, turns):
    """When each turn began, on the monotonic clock."""
    began = []

    def work():
        for _ in range(turns):
            rate_limiter.wait()
            began.append(time.monotonic())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(began)


def none_is_early(began, since, per_second):
    """No moment comes before its turn; a busy machine can only make them late."""
    turns = [since + (turn - retry._BURST) / per_second for turn in range(len(began))]
    return all(moment >= turn for moment, turn in zip(began, turns, strict=True))


def test_threads_together_stay_below_the_limit():
    started = time.monotonic()
    began = moments(RateLimiter(100), threads=8, turns=10)
    assert len(began) == 80
    assert none_is_early(began, started, 100)
    assert began[-1] - started < 8 * 0.8  # as each thread for itself would take, all in a row


def test_a_quiet_time_allows_a_small_burst_only():
    rate_limiter = RateLimiter(20)
    time.sleep(0.3)
    started = time.monotonic()
    assert none_is_early(moments(rate_limiter, threads=8, turns=1), started, 20)


def test_a_server_of_ones_own_is_not_paced():
    began = moments(RateLimiter(math.inf), threads=2, turns=500)
    assert began[-1] - began[0] < 1000 / retry.REQUESTS_PER_SECOND / 2


def test_one_thread_that_is_told_to_wait_slows_all():
    rate_limiter = RateLimiter(1000)
    rate_limiter.wait()
    told = time.monotonic()
    rate_limiter.back_off_all(0.3)
    assert moments(rate_limiter, threads=4, turns=1)[0] >= told + 0.3


def test_threads_that_wait_for_their_turn_already_wait_longer():
    rate_limiter = RateLimiter(5)
    for _ in range(3):
        rate_limiter.wait()
    began = []
    worker = threading.Thread(target=lambda: (rate_limiter.wait(), began.append(time.monotonic())))
    worker.start()
    time.sleep(0.05)
    told = time.monotonic()
    rate_limiter.back_off_all(0.5)
    worker.join()
    assert began[0] >= told + 0.5


def test_after_a_pause_there_is_no_rush():
    rate_limiter = RateLimiter(50)
    told = time.monotonic()
    rate_limiter.back_off_all(0.1)
    began = moments(rate_limiter, threads=10, turns=1)
    assert began[-1] >= told + 0.1 + 9 / 50


def test_requests_come_half_as_fast_at_first_and_as_fast_as_before_in_the_end():
    rate_limiter = RateLimiter(500)
    told = time.monotonic()
    rate_limiter.back_off_all(0)
    began = moments(rate_limiter, threads=1, turns=120)
    assert began[20] - told > 20 / 500 * 1.3
    assert rate_limiter._stretch == 1.0


@pytest.mark.parametrize("seconds", [-1, -1e9, 0])
def test_a_pause_of_nothing_is_none(seconds):
    rate_limiter = RateLimiter(math.inf)
    rate_limiter.back_off_all(seconds)
    assert rate_limiter._held_until <= time.monotonic()


def test_a_pause_lasts_a_minute_at_most():
    rate_limiter = RateLimiter()
    rate_limiter.back_off_all(36_000)
    assert rate_limiter._held_until - time.monotonic() <= 60


def test_pauses_grow_from_one_refusal_to_the_next_but_not_within_one(monkeypatch):
    asked = []
    monkeypatch.setattr(retry, "back_off", lambda number: asked.append(number) or 0.02)
    rate_limiter = RateLimiter(math.inf)
    for _ in range(3):
        for _ in range(4):
            rate_limiter.back_off_all()
        rate_limiter.wait()
    assert asked == [0] * 4 + [1] * 4 + [2] * 4


@given(st.integers(0, 10**9))
def test_a_back_off_is_never_longer_than_a_minute(attempt):
    assert 0 <= back_off(attempt) <= min(0.5 * 2 ** min(attempt, 10), 60)


def test_back_offs_differ_so_that_clients_do_not_come_back_together():
    assert len({back_off(6) for _ in range(50)}) == 50


def test_a_client_paces_all_its_threads_together():
    arrived = []

    def work():
        for _ in range(6):
            list(client.list_uploads())

    with (
        HostileServer(lambda _: arrived.append(time.monotonic()) or page()) as server,
        client_of(server) as client,
    ):
        started = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(arrived) == 54
    assert none_is_early(sorted(arrived), started, retry.REQUESTS_PER_SECOND)


def test_a_refusal_of_one_thread_is_heeded_by_the_others():
    """429 on an upload is told to the caller at once, and slows what reads at the same time."""
    answers = [Answer(429, headers={"Retry-After": "1"}), page()]
    with HostileServer(answers) as server, client_of(server) as client:
        with pytest.raises(Exception, match="429") as caught:
            client.create_user()
        told = time.monotonic()
        list(client.list_uploads())
        assert time.monotonic() - told > 0.8
    assert caught.value.retry_after == 1.0


# How long to wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "\u0667"}, None),
        ({"Retry-After": "9" * 500}, 999_999_999.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:10 GMT"}, None),
    ],
)
def test_how_long_to_wait_is_read_where_it_is_told(headers, seconds):
    assert retry_after(_with_headers(headers)) == seconds


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Wed, 21 Oct 2026 07:28:10 GMT", 10.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct 2026 08:28:10 +0100", 10.0),
    ],
)
def test_a_date_is_told_by_the_clock_of_the_service(until, seconds):
    """Ours may be a day behind."""
    told = {"Retry-After": until, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert retry_after(_with_headers(told)) == seconds


def _with_headers(headers):
    answer = requests.Response()
    answer.headers.update(headers)
    return answer


# What may be tried again


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        (NewConnectionError(None, "refused"), False),
        (ProxyError("no proxy", OSError("407")), False),
        (SSLError(ssl.SSLCertVerificationError("expired")), False),
        (SSLError(ssl.SSLError("bad record mac")), True),
    ],
)
def test_what_breaks_before_the_request_leaves_is_not_ambiguous(reason, sent):
    error = requests.ConnectionError(MaxRetryError(None, "/", reason))
    assert nothing_was_stored(error) is not sent


@pytest.mark.parametrize(
    ("status", "certain"), [(400, True), (429, True), (408, False), (409, False), (503, False)]
)
def test_a_refusal_is_certain_unless_it_may_have_come_too_late(status, certain):
    assert nothing_was_stored(ApiError("no", status=status)) is certain


def test_an_upload_that_found_nobody_is_tried_three_times_after_longer_pauses(monkeypatch):
    monkeypatch.setattr(retry, "back_off", lambda attempt: 2.0**attempt)
    pauses = [upload_pause(TransportError("nobody"), tries) for tries in (1, 2, 3)]
    assert pauses == [1.0, 2.0, None]


def test_an_upload_that_came_too_fast_is_tried_nine_times_as_all_wait_already():
    error = RateLimitError("429", status=429)
    assert [upload_pause(error, tries) for tries in range(1, 10)] == [0.0] * 8 + [None]


@pytest.mark.parametrize("error", [None, ServerError("503", status=503), ValidationError("400")])
def test_an_upload_that_ended_otherwise_is_not_tried_again(error):
    assert upload_pause(error, 1) is None
