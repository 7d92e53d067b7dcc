"""What an answer means: its body within limits, and its status as an error of the tree."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from urllib3.exceptions import HTTPError

from argyle_nb.client.origins import is_trusted, shown_origin
from argyle_nb.errors import (
    BODY_CHARACTERS,
    ApiError,
    AuthenticationError,
    DecodeError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from argyle_nb.config import Settings

T = TypeVar("T")

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_ANSWER_BYTES = 64_000_000
ANSWER_SECONDS = 300.0

# urllib3 keeps some of its own errors from requests, such as one for an impossible host.
BROKEN = (requests.RequestException, HTTPError)

# Anything shorter is no real key, and may be part of a word.
_SHORTEST_KEY = 8
_BLOCK_BYTES = 1 << 16
_REFUSED_STATUSES = frozenset({400, 413, 415, 422})
# Of a body, so much is looked at for what is shown of it.
_LOOKED_AT_BYTES = 4096

# A text, whole or cut off, and the colon that makes it the name of a field; or a number.
_JSON_SCALAR = re.compile(r'("(?:[^"\\]|\\.)*(?:"|$))(\s*:)?|-?\d[\d.eE+-]*')


class RedactedBytes(bytes):
    """Bytes of an answer, which do not show themselves where a traceback prints variables.

    They may hold anybody's data.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


def body_blocks(answer: requests.Response, max_bytes: int, seconds: float) -> Iterator[bytes]:
    """Read a body as it arrives, decompressed.

    The time limit of a socket starts anew with every byte; this one does not.
    """
    size, deadline = 0, time.monotonic() + seconds
    while block := RedactedBytes(answer.raw.read1(_BLOCK_BYTES, decode_content=True)):
        size += len(block)
        if size > max_bytes:
            raise ApiError(f"an answer of more than {max_bytes / 1e6:.0f} MB was cut off")
        if time.monotonic() > deadline:
            raise requests.Timeout(f"the answer took more than {seconds:.0f} s")
        yield block


def checked_body(answer: requests.Response, settings: Settings) -> bytes:
    """Read a whole answer of the API, 200 or 201; anything else becomes an error of the tree."""
    body = RedactedBytes(b"".join(body_blocks(answer, MAX_ANSWER_BYTES, ANSWER_SECONDS)))
    if answer.status_code not in (requests.codes.ok, requests.codes.created):
        is_ours = is_trusted(answer.request.url or "", settings.base_url)
        raise _refusal(answer, body, settings) if is_ours else _strangers_refusal(answer)
    return body


def read_as(read: Callable[[bytes], T], body: bytes, settings: Settings) -> T:
    """Decode a whole answer; where it cannot be, say how it begins."""
    try:
        return read(body)
    except DecodeError as error:
        start = _beginning(body, settings)
        begins = f"the answer begins {start}" if start else "the answer is empty"
        raise DecodeError(error.record, error.path, f"{error.problem}; {begins}") from None


def told_to_wait(answer: requests.Response) -> float | None:
    """Read ``Retry-After``: seconds, or a date by the clock of the service.

    Source: RFC 9110, 10.2.3.
    """
    told = answer.headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        moment = parsedate_to_datetime(told).timestamp()
        now = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, moment - now)


def _refusal(answer: requests.Response, body: bytes, settings: Settings) -> ApiError:
    status, environment = answer.status_code, settings.environment
    request = f"{answer.request.method} {urlsplit(answer.request.url or '').path}"
    told = {
        _without_key(name, settings): [_without_key(text, settings) for text in texts]
        for name, texts in _told(body).items()
    }
    # JSON may write any character of the key as an escape, so such a text is shown only as decoded.
    plain = body[:_LOOKED_AT_BYTES].decode("utf-8", "replace")
    text = _one_line(_without_key(plain if "\\" not in plain else str(told or ""), settings))
    said = _one_line("; ".join(f"{name}: {' '.join(texts)}" for name, texts in told.items()))
    said = said or text
    details: dict[str, Any] = {"status": status, "body": text, "request": request}
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        return AuthenticationError(
            f"{request}: {status} {said} (environment: {environment}). "
            "Keys belong to one environment: check the key and the environment",
            **details,
        )
    if status == requests.codes.not_found:
        return NotFoundError(f"{request}: 404, not found in environment {environment}", **details)
    if status == requests.codes.too_many_requests:
        return RateLimitError(
            f"{request}: 429, too many requests; wait and try again",
            retry_after=told_to_wait(answer),
            **details,
        )
    if status >= requests.codes.server_error:
        return ServerError(f"{request}: {status}, the service failed; try again later", **details)
    if status in _REFUSED_STATUSES:
        return ValidationError(f"{request}: refused with {status}: {said}", fields=told, **details)
    if status in REDIRECTS:
        said = "a redirect, which is not followed here; check the address of the environment"
    return ApiError(f"{request}: unexpected answer {status}: {said}", **details)


def _strangers_refusal(answer: requests.Response) -> ApiError:
    """Tell of a refusal without its words and its path, which may name a person."""
    origin, status = shown_origin(answer.request.url or ""), answer.status_code
    return ApiError(
        f"{origin} answered {status}: the document's address may be too old; get the upload again",
        status=status,
    )


def _beginning(body: bytes, settings: Settings) -> str:
    text = _without_key(body[:_LOOKED_AT_BYTES].decode("utf-8", "replace").lstrip(), settings)
    if text.startswith(("{", "[", '"')):
        text = _JSON_SCALAR.sub(lambda found: found[0] if found[2] else "...", text)
    return _one_line(text)


def _without_key(text: str, settings: Settings) -> str:
    """Blot out the key where a proxy or a debug page sends the request's headers back."""
    key_id, secret = settings.api_key_id, settings.api_key_secret.reveal()
    for key in (b64encode(f"{key_id}:{secret}".encode()).decode(), secret, key_id):
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(key, "<key>")
    return text


def _told(body: bytes) -> dict[str, list[str]]:
    """Read ``{field: [messages]}`` or ``{"detail": message}``, and nothing from anything else."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        str(name): [str(text) for text in (texts if isinstance(texts, list) else [texts])]
        for name, texts in value.items()
    }


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:BODY_CHARACTERS])
