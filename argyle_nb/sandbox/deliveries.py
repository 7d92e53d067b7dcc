"""Delivery of webhooks, to this machine only (source: Argyle API guide, webhooks)."""

from __future__ import annotations

import hmac
import logging
import re
import socket
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argyle_nb.sandbox.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.sandbox.database import Database
    from argyle_nb.sandbox.outbox import Delivery

SIGNATURE_HEADER = "X-Argyle-Signature"
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
MAX_ATTEMPTS = 2
MAX_CALLS = 8
POLL_SECONDS = 0.25
STOP_SECONDS = 2.0

# urlsplit passes over what stands behind a bracketed address.
_NETLOC = re.compile(r"[^@\[\]]+|\[::1\](:[0-9]*)?")
# No name is ever looked up, so none can lead off this machine.
_ADDRESSES = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}

logger = logging.getLogger("argyle_nb.sandbox")


@dataclass(frozen=True)
class Times:
    """Seconds until a call is given up, until the one retry, and until another server takes over.

    The defaults are Argyle's.
    """

    timeout: float = 10.0
    retry: float = 30.0
    lease: float = 30.0


@dataclass(frozen=True)
class Target:
    """A webhook's URL: an address of this machine and a path there."""

    address: str
    port: int
    host: str
    path: str


def loopback_target(url: str) -> Target:
    """Take apart a URL on this machine; for any other raise `ValueError` with a message."""
    if not url.isascii() or not url.isprintable() or {" ", "\\"} & set(url):
        raise ValueError("Enter a valid URL.")
    try:
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
    except ValueError:
        raise ValueError("Enter a valid URL.") from None
    address = _ADDRESSES.get(parts.hostname or "")
    sound = parts.scheme == "http" and port > 0 and _NETLOC.fullmatch(parts.netloc)
    if address is None or not sound:
        raise ValueError(
            "The local sandbox delivers webhooks to this computer only. "
            "Use http://127.0.0.1, http://localhost or http://[::1]."
        )
    query = f"?{parts.query}" if parts.query else ""
    return Target(address, port, parts.netloc, (parts.path or "/") + query)


class Deliverer:
    """Sends the deliveries that are due, beside the deliverers of other servers."""

    def __init__(self, database: Database, times: Times) -> None:
        self._outbox = Outbox(database, times.lease)
        self._times = times
        self._calls: set[_Call] = set()
        self._callers: set[threading.Thread] = set()
        self._stopping = threading.Event()
        self._thread = _thread(self._poll, "deliverer")

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what has not been answered by then is sent again after the next start."""
        self._stopping.set()
        _join([self._thread])
        _join(self._callers.copy())
        for call in self._calls.copy():
            call.cut()
        _join(self._callers.copy())
        with suppress(sqlite3.Error):
            self._outbox.release()

    def _poll(self) -> None:
        # Other servers queue deliveries too, so it looks instead of waiting to be told.
        while not self._stopping.wait(POLL_SECONDS):
            while len(self._callers) < MAX_CALLS and (delivery := self._claim()):
                caller = _thread(partial(self._deliver, delivery), "delivery")
                self._callers.add(caller)
                caller.start()

    def _deliver(self, delivery: Delivery) -> None:
        following: Delivery | None = delivery
        try:
            while following is not None:
                self._send(following)
                following = self._claim()
        finally:
            self._callers.discard(threading.current_thread())

    def _claim(self) -> Delivery | None:
        try:
            return None if self._stopping.is_set() else self._outbox.claim()
        except sqlite3.Error as error:
            logger.warning("the sandbox's webhooks can't be read, retrying: %s", error)
            return None

    def _send(self, delivery: Delivery) -> None:
        status = self._call(delivery)
        if status is None and self._stopping.is_set():
            return
        try:
            self._settle(delivery, status)
        except sqlite3.Error as error:
            logger.warning("a webhook will be sent again, its result could not be saved: %s", error)

    def _call(self, delivery: Delivery) -> int | None:
        call = _Call(delivery, self._times.timeout)
        self._calls.add(call)
        try:
            return call.status()
        except (OSError, HTTPException) as error:
            logger.info("webhook %d got no response: %s", delivery.id, type(error).__name__)
            return None
        finally:
            self._calls.discard(call)

    def _settle(self, delivery: Delivery, status: int | None) -> None:
        failed = status is None or status in RETRIED_STATUSES
        if failed and delivery.attempts + 1 < MAX_ATTEMPTS:
            self._outbox.postpone(delivery, self._times.retry)
            return
        if failed:
            logger.info(
                "webhook %d failed %d times and will not be retried", delivery.id, MAX_ATTEMPTS
            )
        self._outbox.finish(delivery)


class _Call:
    """One POST, which its own time limit or a stop of the server may cut off."""

    def __init__(self, delivery: Delivery, timeout_seconds: float) -> None:
        self._delivery = delivery
        self._target = loopback_target(delivery.url)
        self._connection = HTTPConnection(
            self._target.address, self._target.port, timeout=timeout_seconds
        )
        # The connection's own limit begins anew with each byte, so a trickle would never end.
        self._deadline = threading.Timer(timeout_seconds, self.cut)
        self._deadline.daemon = True

    def status(self) -> int:
        """Send it and return the status of the answer; redirects are answers like others."""
        body = self._delivery.body
        self._deadline.start()
        try:
            self._connection.request("POST", self._target.path, body, self._headers())
            with self._connection.getresponse() as response:
                return response.status
        finally:
            self._deadline.cancel()
            self._connection.close()

    def cut(self) -> None:
        """Break the connection off; `status` raises."""
        connected = self._connection.sock
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Host": self._target.host,
            "Content-Type": "application/json",
            "Connection": "close",
        }
        if self._delivery.secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._delivery.secret, self._delivery.body)
        return headers


def signature(secret: str, body: bytes) -> str:
    """Return the signature of a body: hexadecimal HMAC-SHA512."""
    return hmac.new(secret.encode(), body, "sha512").hexdigest()


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    return threading.Thread(target=target, name=f"argyle-sandbox-{name}", daemon=True)


def _join(threads: Iterable[threading.Thread]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
