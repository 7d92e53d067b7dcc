"""What time it is at the service: by the ``Date`` of its answers, whatever our own clock says."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime


class ServerClock:
    """The service's clock, carried on by our monotonic one between answers.

    Examples
    --------
    >>> clock = ServerClock()
    >>> clock.now() is None
    True
    >>> clock.note("Thu, 01 Jan 1970 00:01:00 GMT")
    >>> 60 <= clock.now() < 61
    True
    """

    def __init__(self) -> None:
        self._ahead: float | None = None

    def note(self, date: str | None) -> None:
        """Take the ``Date`` of an answer; one that cannot be read changes nothing."""
        try:
            told = parsedate_to_datetime(date or "").timestamp()
        except (ValueError, OverflowError):
            return
        self._ahead = told - time.monotonic()

    def now(self) -> float | None:
        """Seconds since 1970 at the service; ``None`` before its first answer."""
        return None if self._ahead is None else time.monotonic() + self._ahead
