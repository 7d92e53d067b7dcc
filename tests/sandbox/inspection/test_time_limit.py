"""The clock of an inspection stops endless work and nothing else."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest
from argyle_nb.sandbox.inspection.time_limit import OutOfTimeError, within

# An error that arrives in a collector's callback is lost with a warning; the clock asks again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def work(seconds: float) -> None:
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        pass


def test_endless_work_is_stopped_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(OutOfTimeError):
        within(0.05, lambda: work(30))
    assert time.monotonic() - started < 25


def test_a_parser_that_swallows_the_error_is_stopped_all_the_same() -> None:
    swallowed: list[str] = []

    def stubborn() -> None:
        with suppress(OutOfTimeError):
            work(30)
        swallowed.append("once")
        work(30)

    with pytest.raises(OutOfTimeError):
        within(0.02, stubborn)
    assert swallowed == ["once"]


def test_work_that_ends_about_when_its_time_is_up_never_fails_later() -> None:
    for _ in range(200):
        with suppress(OutOfTimeError):
            within(0.002, lambda: work(0.0019))
    work(0.2)


def test_only_the_thread_that_set_the_limit_is_stopped() -> None:
    ended: list[str] = []

    def other() -> None:
        work(0.3)
        ended.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    with pytest.raises(OutOfTimeError):
        within(0.01, lambda: work(30))
    thread.join(60)
    assert ended == ["other"]


def test_the_clock_ends_with_the_work() -> None:
    def clocks() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name == "argyle-sandbox-clock"]

    assert within(60, clocks) == ["argyle-sandbox-clock"]
    assert clocks() == []
