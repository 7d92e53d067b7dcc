"""Connections that nobody can hold for ever by sending nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.faults import CuttableProtocol

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport


class TimedProtocol(CuttableProtocol):
    """A connection that is closed when the head of a request does not arrive in time.

    uvicorn itself closes idle connections, but only after their first answer, and not those on
    which a head arrives byte by byte.
    """

    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.access_log = False  # uvicorn would write down query strings
        self._time_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that has begun must end before the time is over."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._head_timer is None:
            self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _time_head(self) -> None:
        self._head_timer = self.loop.call_later(limits.HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
