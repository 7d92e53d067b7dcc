"""Thirty ways in which the upload of one document goes wrong.

Each is a script for a `FaultServer`, and what is right in the end: the document stored once and
reported as done (``stored``), or not stored and reported as not done (``refused``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

from tests.faults.ledger import CLOSE, HANG, RESET, UPLOAD, Answer, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

LATE_SECONDS = 0.4


@dataclass(frozen=True)
class UploadFault:
    """One way to go wrong.

    Parameters
    ----------
    name
        In words.
    fault
        Given the foreign server's address, what happens to the first upload.
    right
        ``stored`` or ``refused``.
    always
        Whether it happens to every upload and not only to the first.
    """

    name: str
    fault: Callable[[str], Fault]
    right: str = "stored"
    always: bool = False

    def script(self, server, foreign):
        """Let it go wrong."""
        fault = self.fault(foreign.url)
        server.script(UPLOAD, (lambda _: fault) if self.always else [fault])


def _after(name, answer, **options):
    """The document is stored, and then it goes wrong."""
    return UploadFault(f"{name} after storing", lambda _: Fault(answer, store=True, **options))


def _before(name, answer, **options):
    return UploadFault(f"{name} before storing", lambda _: Fault(answer, **options))


def _too_many(name, value):
    headers = {} if value is None else {"Retry-After": value}
    return UploadFault(f"429, {name}", lambda _: Fault(Answer(429, headers=headers)))


def _redirect(status):
    def fault(foreign):
        return Fault(Answer(status, headers={"Location": f"{foreign}/v2/user-uploads"}))

    return UploadFault(f"{status} to another host", fault)


def _drip():
    """One byte at a time, longer than anybody waits; a plain client would wait for ever."""
    for _ in range(80):
        time.sleep(0.05)
        yield b" "


def _late(_):
    return Fault(RESET, late=LATE_SECONDS)


def _raw(*lines):
    return "\r\n".join(lines).encode()


FAULTS = [
    _after("connection reset", RESET),
    _after("connection closed", CLOSE),
    _after("silence", HANG),
    _after("502", Answer(502, b"<html>Bad gateway</html>")),
    _after("504", Answer(504)),
    _after("408", Answer(408)),
    _after("409", Answer(409)),
    _after("an HTML page with 200", Answer(200, b"<html>Log in</html>")),
    _after("JSON cut short with 200", Answer(200, b'{"id": "0132')),
    _after("an empty 200", Answer(200, b"")),
    _after("200 without an id", Answer(200, b'{"status": "ok"}')),
    _after("204", Answer(204, b"")),
    _after("an answer cut short", _raw("HTTP/1.1 200 OK", "Content-Length: 500", "", "{")),
    _after("an answer that is not HTTP", b"not HTTP at all\r\n\r\n"),
    _after(
        "broken compression",
        _raw("HTTP/1.1 200 OK", "Content-Encoding: gzip", "Content-Length: 4", "", "nope"),
    ),
    UploadFault(
        "an answer that drips after storing",
        lambda _: Fault(Answer(200, _drip()), store=True),
    ),
    _after("a list that lags, and a reset", RESET, hidden=LATE_SECONDS),
    UploadFault("reset, and stored only then", _late),
    _before("500", Answer(500)),
    _before("503", Answer(503)),
    _before("connection reset", RESET),
    UploadFault("reset in the middle of the document", lambda _: Fault(RESET, read=0.5)),
    _too_many("seconds to wait", "1"),
    UploadFault(
        "429, a date to wait for",
        lambda _: Fault(
            Answer(429, headers={"Retry-After": formatdate(time.time() + 1, usegmt=True)})
        ),
    ),
    _too_many("nonsense to wait for", "soon"),
    _too_many("nothing about waiting", None),
    _redirect(302),
    _redirect(307),
    UploadFault(
        "400",
        lambda _: Fault(Answer(400, b'{"upload": ["Not a document."]}')),
        right="refused",
        always=True,
    ),
    UploadFault(
        "401",
        lambda _: Fault(Answer(401, b'{"detail": "Invalid environment."}')),
        right="refused",
        always=True,
    ),
]
