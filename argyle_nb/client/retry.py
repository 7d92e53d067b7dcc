"""The retry policy: how fast requests follow each other, what is tried again, when and how often.

Reading twice does no harm, so what is read is tried again here. An upload may leave a second copy
for ever, so it is tried again only where nothing was stored, and only by whoever sends it.
"""

from __future__ import annotations

import itertools
import random
import ssl
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as UrllibSSLError

from argyle_nb.errors import ApiError, RateLimitError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# Argyle allows 50 requests a second (source: its rate limits); what the network bunches up must
# fit in too.
REQUESTS_PER_SECOND = 45.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 60.0
# How often reading is tried again, and an upload is tried in all.
RETRIES = 4
UPLOAD_TRIES, UPLOAD_TRIES_TOO_FAST = 3, 9

# urllib3 keeps some of its own errors from requests, such as one for an impossible host.
BROKEN = (requests.RequestException, HTTPError)

_PASSING = frozenset({429, 500, 502, 503, 504})
_CLIENT_ERRORS = range(400, 500)
# Request time-out, conflict, too early: the document may be there all the same.
_UNCLEAR = frozenset({408, 409, 425})

# So many may begin at once after a quiet time: with them it is still below 50 in any second.
_BURST = 2
_CALM_SECONDS = 10.0
_SLOWEST, _RECOVERY = 16.0, 0.98

_random = random.SystemRandom()


def read_patiently(attempt: Callable[[], T], seconds: float) -> T:
    """Read again while there is hope; what never succeeds ends with its last error."""
    deadline = time.monotonic() + seconds
    for number in itertools.count():
        try:
            return attempt()
        except (*BROKEN, ApiError) as error:
            if number >= RETRIES or time.monotonic() >= deadline or not _may_pass(error):
                raise
            time.sleep(_pause(error, number))
    raise AssertionError("counting has no end")


def upload_pause(error: Exception | None, tries: int) -> float | None:
    """Give the seconds before an upload of which nothing was stored is tried again, if it is."""
    most = UPLOAD_TRIES_TOO_FAST if isinstance(error, RateLimitError) else UPLOAD_TRIES
    if not isinstance(error, RateLimitError | TransportError) or tries >= most:
        return None
    return _pause(error, tries - 1)


def back_off(attempt: int) -> float:
    """Give the seconds to wait before another attempt: exponential, with full jitter."""
    longest = FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 30)
    return _random.uniform(0, min(longest, LONGEST_PAUSE_SECONDS))


def retry_after(answer: requests.Response) -> float | None:
    """Read ``Retry-After``: seconds, or a date by the server's clock.

    Source: RFC 9110, 10.2.3.
    """
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text).timestamp()
        now = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, moment - now)


def nothing_was_stored(error: Exception) -> bool:
    """Tell whether a document that was sent is certainly not at Argyle."""
    if isinstance(error, ApiError):
        return error.status in _CLIENT_ERRORS and error.status not in _UNCLEAR
    return never_connected(error)


def never_connected(error: Exception) -> bool:
    """Tell whether a request failed before it left."""
    # What breaks at a proxy breaks before the request itself leaves: https is tunnelled.
    kinds = (NewConnectionError, ConnectTimeoutError, ProxyError)
    return isinstance(_reason(error), kinds) or certificate_refused(error)


def certificate_refused(error: Exception) -> bool:
    """Tell whether a request failed because the server's certificate is not trusted here."""
    reason = _reason(error)
    cause = reason.args[0] if isinstance(reason, UrllibSSLError) and reason.args else None
    return isinstance(cause, ssl.SSLCertVerificationError)


def _reason(error: Exception) -> Any:
    """Give why the HTTP library gave up, where it says so."""
    return getattr(error.args[0], "reason", None) if error.args else None


def _may_pass(error: Exception) -> bool:
    """Tell whether asking once more can help; a certificate that is wrong stays wrong."""
    if isinstance(error, ApiError):
        return error.status in _PASSING
    return not certificate_refused(error)


def _pause(error: Exception, attempt: int) -> float:
    # After 429 everybody waits already, in the `RateLimiter`.
    return 0.0 if isinstance(error, RateLimitError) else back_off(attempt)


class RateLimiter:
    """Keeps all threads together below a number of requests a second (``math.inf``: no limit)."""

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

    def heed(self, answer: requests.Response) -> None:
        """Let every thread wait where a response says that Argyle gets too many requests."""
        seconds, status = retry_after(answer), answer.status_code
        too_many = status == requests.codes.too_many_requests
        if too_many or (status == requests.codes.unavailable and seconds is not None):
            self.back_off_all(seconds)

    def back_off_all(self, seconds: float | None = None) -> None:
        """Let every thread wait, a minute at most; without ``seconds`` longer each time.

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
