"""Limits of the local server: sizes in bytes, times in seconds, and the rate of requests."""

from __future__ import annotations

import math
import threading
import time

MAX_UPLOAD_BYTES = 200 * 1024 * 1024
MAX_FORM_OVERHEAD_BYTES = 64 * 1024
MAX_JSON_BYTES = 256 * 1024
MAX_HEADER_BYTES = 16 * 1024
MAX_FIELD_BYTES = 1024
MAX_PARTS = 8
MAX_CONNECTIONS = 100
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
