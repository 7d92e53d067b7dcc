"""Requests follow each other below a limit, and all threads wait when one was told to."""

from __future__ import annotations

import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.client import retry
from argyle_nb.client.retry import RateLimiter, back_off
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
