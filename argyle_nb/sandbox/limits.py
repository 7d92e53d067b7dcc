"""Limits of the local server: sizes in bytes, times in seconds, and the rate of requests."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Transport

MAX_UPLOAD_BYTES = 200 * 1024 * 1024
MAX_FORM_OVERHEAD_BYTES = 64 * 1024
MAX_JSON_BYTES = 256 * 1024
MAX_HEADER_BYTES = 16 * 1024
MAX_FIELD_BYTES = 1024
MAX_PARTS = 8
# Of connections without a key: those that owe the head of a request, those whose request is being
# answered, and those that were refused and go on sending. Of connections with a key: those between
# two requests, and requests at once.
MAX_STRANGERS = 100  # many threads may connect before the first of them is read
MAX_ASKING = 200  # a simulated delay comes before the look at the key
MAX_REFUSED = 20
MAX_IDLE = 50
MAX_REQUESTS = 100
HEAD_SECONDS = 30.0
BODY_PAUSE_SECONDS = 30.0


class TokenBucket:
    """A budget of requests that refills evenly and holds one second's worth."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._tokens = float(per_second)
        self._filled_at = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> int:
        """Spend one request; return 0, or the whole seconds to wait when the budget is empty."""
        with self._lock:
            self._refill()
            if self._tokens < 1:
                return math.ceil((1 - self._tokens) / self._per_second)
            self._tokens -= 1
            return 0

    def _refill(self) -> None:
        now = time.monotonic()
        earned = (now - self._filled_at) * self._per_second
        self._tokens = min(self._per_second, self._tokens + earned)
        self._filled_at = now


class WaitingPeers:
    """Connections in one state, so many at most: the one that has been in it longest is cut.

    All of it happens in the thread of the server.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._since: OrderedDict[Transport, None] = OrderedDict()

    def __len__(self) -> int:
        """Count them."""
        return len(self._since)

    def add(self, transport: Transport) -> None:
        """Take a connection in; one that is in keeps its place."""
        self._since.setdefault(transport)
        while len(self._since) > self._most:
            oldest, _ = self._since.popitem(last=False)
            oldest.abort()

    def discard(self, transport: Transport) -> None:
        """Let a connection go, if it is in."""
        self._since.pop(transport, None)
