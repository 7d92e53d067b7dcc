"""How fast requests follow each other: below the service's limit, and slower when it says so."""

from __future__ import annotations

import random
import threading
import time

# Argyle allows 50 requests a second (source: its rate limits); what the network bunches up must
# fit in too.
REQUESTS_PER_SECOND = 45.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 60.0

# So many may begin at once after a quiet time: with them it is still below 50 in any second.
_BURST = 2
_CALM_SECONDS = 10.0
_SLOWEST, _RECOVERY = 16.0, 0.98

_random = random.SystemRandom()


def back_off(attempt: int) -> float:
    """Give the seconds to wait before another attempt: exponential, with full jitter."""
    longest = FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 30)
    return _random.uniform(0, min(longest, LONGEST_PAUSE_SECONDS))


class RateLimiter:
    """Keeps all threads together below a number of requests a second."""

    def __init__(self, per_second: float = REQUESTS_PER_SECOND) -> None:
        self._interval = 1 / per_second
        self._stretch = 1.0
        self._next = 0.0
        self._held_until = 0.0
        self._strikes = 0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for one's turn."""
        turn = self._turn()
        while True:
            time.sleep(max(0.0, turn - time.monotonic()))
            if turn >= self._held_until:
                return
            # Everybody was told to wait meanwhile.
            turn = self._turn()

    def back_off_all(self, seconds: float | None = None) -> None:
        """Let every thread wait, because the service said that it gets too much.

        Afterwards the requests follow each other half as fast, and by and by faster again.
        """
        with self._lock:
            now = time.monotonic()
            # Those that were on their way when the first was refused tell nothing new.
            if now >= self._held_until:
                calm = now - self._held_until > _CALM_SECONDS
                self._strikes = 0 if calm else self._strikes + 1
                self._stretch = min(self._stretch * 2, _SLOWEST)
            pause = back_off(self._strikes) if seconds is None else seconds
            end = now + min(max(pause, 0.0), LONGEST_PAUSE_SECONDS)
            self._held_until = max(self._held_until, end)
            # No burst when it goes on.
            self._next = max(self._next, self._held_until + _BURST * self._interval)

    def _turn(self) -> float:
        """Take the next free moment; it may lie in the past by a burst."""
        with self._lock:
            now = time.monotonic()
            self._stretch = max(1.0, self._stretch * _RECOVERY)
            turn = max(now, self._next - _BURST * self._interval)
            self._next = max(self._next, now) + self._interval * self._stretch
            return turn
