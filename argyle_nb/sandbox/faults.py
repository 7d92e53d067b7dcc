"""Simulated faults, to test how a client handles them; off unless asked for.

They act on the real connection: it is reset, cut or slowed down.
"""

from __future__ import annotations

import asyncio
import math
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox.problems import Problem, throttled

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

DURATIONS = ("latency_seconds", "slow_body_seconds")
RATES = ("reset_before", "reset_after", "truncated_json", "html_error", "processing_failures")
STATUSES = range(400, 600)
PIECES = 10

_TRANSPORT = "argyle_nb.sandbox.transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"


@dataclass(frozen=True)
class Faults:
    """Simulated faults of a local sandbox, and their rates.

    Rates are probabilities from 0 to 1, drawn for each request. At most one applies to a request:
    the first drawn, in this order.

    Parameters
    ----------
    reset_before
        Rate of connections reset before the request is carried out: nothing is stored.
    status_rates
        Status (400 to 599) -> rate of requests answered with it instead of being carried out.
    reset_after
        Rate of connections reset after the request was carried out: the document is stored.
    html_error
        Rate of requests that are carried out and answered with 502 and an HTML page, as a
        gateway answers that lost the server's own answer.
    truncated_json
        Rate of JSON answers of status 200 that end in the middle, with the Content-Length of the
        whole.
    latency_seconds
        How long every request waits before anything happens.
    slow_body_seconds
        How long every answer's body takes to arrive, piece by piece.
    processing_failures
        Rate of stages (classification, OCR, authenticity) that end ``failed``.
    seed
        Each rate has its own series of draws, which begins anew with each start.

    Raises
    ------
    ConfigurationError
        A value is out of its range.

    Examples
    --------
    >>> Faults(status_rates={503: 0.2}, reset_after=0.1).reset_after
    0.1
    """

    latency_seconds: float = 0.0
    status_rates: Mapping[int, float] = field(default_factory=dict)
    reset_before: float = 0.0
    reset_after: float = 0.0
    truncated_json: float = 0.0
    html_error: float = 0.0
    slow_body_seconds: float = 0.0
    processing_failures: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in DURATIONS:
            _check(name, getattr(self, name), math.inf)
        for name in RATES:
            _check(name, getattr(self, name), 1)
        for status, rate in self.status_rates.items():
            if status not in STATUSES:
                raise ConfigurationError(f"status_rates has {status}. Use statuses 400 to 599.")
            _check(f"The rate of status {status}", rate, 1)

    def draws(self, name: str) -> RandomDraws:
        """Return the draws of one rate, such as ``"reset_after"``."""
        return RandomDraws(getattr(self, name), f"{self.seed} {name}")


class RandomDraws:
    """A seeded series of draws, each true at a rate of 0 to 1; threads may share it."""

    def __init__(self, rate: float, seed: str) -> None:
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311 - nothing secret is drawn
        self._lock = threading.Lock()

    def draw(self) -> bool:
        """Draw once."""
        with self._lock:
            return self._random.random() < self._rate


class CuttableProtocol(H11Protocol):
    """A connection that the application may cut."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Put the connection into the scope of its requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


class FaultMiddleware:
    """Lets requests fail at the rates asked for; needs the server's `CuttableProtocol`."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._latency_seconds = faults.latency_seconds
        self._slow_body_seconds = faults.slow_body_seconds
        self._before: list[tuple[RandomDraws, ASGIApp]] = [
            (faults.draws("reset_before"), _reset),
            *(
                (RandomDraws(rate, f"{faults.seed} {status}"), _error_response(status))
                for status, rate in faults.status_rates.items()
            ),
        ]
        self._after: list[tuple[RandomDraws, ASGIApp]] = [
            (faults.draws("reset_after"), _reset),
            (faults.draws("html_error"), HTMLResponse(_HTML_PAGE, 502)),
        ]
        self._truncated = faults.draws("truncated_json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or fail to."""
        await asyncio.sleep(self._latency_seconds)
        if self._slow_body_seconds:
            send = _slowly(send, self._slow_body_seconds)
        for draws, fault in self._before:
            if draws.draw():
                await fault(scope, receive, send)
                return
        for draws, fault in self._after:
            if draws.draw():
                await self._app(scope, receive, _discard)
                await fault(scope, receive, send)
                return
        if self._truncated.draw():
            send = _halved(scope, receive, send)
        await self._app(scope, receive, send)


async def _discard(_: Message) -> None:
    """Drop a response."""


async def _reset(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    transport = scope["state"][_TRANSPORT]
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    await _disconnected(receive)


def _error_response(status: int) -> ASGIApp:
    if status == 429:  # noqa: PLR2004
        return throttled(1).response()
    return Problem(status, {"detail": "Simulated fault."}).response()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _halved(scope: Scope, receive: Receive, send: Send) -> Send:
    """Make a `send` that ends in the middle of a JSON answer of status 200."""
    cut = False

    async def send_half(message: Message) -> None:
        nonlocal cut
        if message["type"] == "http.response.start":
            cut = message["status"] == 200 and _is_json(message)  # noqa: PLR2004
        elif cut:
            body = message.get("body", b"")
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            scope["state"][_TRANSPORT].close()
            await _disconnected(receive)
            return
        await send(message)

    return send_half


def _slowly(send: Send, seconds: float) -> Send:
    """Make a `send` whose bodies arrive piece by piece."""
    length = 0

    async def send_slowly(message: Message) -> None:
        nonlocal length
        if message["type"] == "http.response.start":
            length = int(Headers(raw=message["headers"]).get("content-length", 0))
        elif length:
            body, size = message.get("body", b""), math.ceil(length / PIECES)
            for start in range(0, len(body), size):
                piece = body[start : start + size]
                await asyncio.sleep(seconds * len(piece) / length)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            message = {**message, "body": b""}
        await send(message)

    return send_slowly


def _is_json(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "") == "application/json"


def _check(name: str, value: Any, most: float) -> None:
    if not isinstance(value, int | float) or not (math.isfinite(value) and 0 <= value <= most):
        limit = "0 or more seconds" if most == math.inf else "a probability from 0 to 1"
        raise ConfigurationError(f"{name} is {value!r}. Use {limit}.")
