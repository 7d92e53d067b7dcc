"""Calls that must not come too often or too soon."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class AtMostEvery:
    """Calls at most once in a while; what was asked for in between is done at the end of it.

    Parameters
    ----------
    seconds
        Between two calls.
    call
        From whichever thread; never two at once.

    Examples
    --------
    >>> AtMostEvery(0.1, lambda: print("shown"))()
    shown
    """

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._call = seconds, call
        self._free_at = 0.0
        self._waiting = False
        self._lock, self._one_at_a_time = threading.Lock(), threading.Lock()

    def __call__(self) -> None:
        """Ask for a call: now, or as soon as the time since the last is over."""
        with self._lock:
            if self._waiting:
                return
            wait = self._free_at - time.monotonic()
            self._waiting = wait > 0
            if not self._waiting:
                self._free_at = time.monotonic() + self._seconds
        if wait > 0:
            later(wait, self._at_last)
        else:
            self._run()

    def _at_last(self) -> None:
        with self._lock:
            self._waiting = False
            self._free_at = time.monotonic() + self._seconds
        self._run()

    def _run(self) -> None:
        with self._one_at_a_time:
            self._call()


def later(seconds: float, call: Callable[[], None]) -> None:
    """Call something in a while, unless Python has ended by then."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
