"""Answers that have to arrive in time, however slowly their bytes come.

The time limit of a socket starts anew with every byte: a server that sends one a second is never
late. Here the limit for the first byte of an answer is one for its whole head, and the body has its
own.
"""

from __future__ import annotations

import io
import math
import time
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    import socket

    import requests


class _TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline of the monotonic clock."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        # It holds the socket open while the connection lets go of it.
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._sock, self._patience = sock, sock.gettimeout()
        self._deadline = math.inf
        if self._patience is not None:
            self.end_within(self._patience)

    def end_within(self, seconds: float) -> None:
        """Set the deadline."""
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response took too long")
        count: int | None
        if math.isinf(left):
            count = self._raw.readinto(buffer)
            return count
        self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        try:
            count = self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._patience)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedResponse(HTTPResponse):
    """An answer whose head arrives as a whole within the time for its first byte."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self._reader = _TimedReader(sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        self.end_within(math.inf)

    def end_within(self, seconds: float) -> None:
        """Bound the time until the last byte."""
        self._reader.end_within(seconds)


@cache
def _timed(connection: type[Any]) -> type[Any]:
    """Make a kind of connection whose answers are timed; `http.client` asks it for their class."""
    return type(connection.__name__, (connection,), {"response_class": TimedResponse})


class TimedAdapter(HTTPAdapter):
    """Makes connections, through proxies too, that read `TimedResponse`."""

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Give the pool of connections for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if "response_class" not in vars(pool.ConnectionCls):
            pool.ConnectionCls = _timed(pool.ConnectionCls)
        return pool


def end_within(answer: requests.Response, seconds: float) -> None:
    """Bound the time until the last byte of an open answer."""
    head = getattr(answer.raw, "_original_response", None)
    if isinstance(head, TimedResponse):
        head.end_within(seconds)
