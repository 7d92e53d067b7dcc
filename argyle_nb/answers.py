"""What an answer means: its body within limits, and its status as an error of the tree."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import requests
from urllib3.exceptions import HTTPError

from argyle_nb.errors import (
    BODY_CHARACTERS,
    ApiError,
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.config import Settings

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_ANSWER_BYTES = 64_000_000
ANSWER_SECONDS = 300.0

# urllib3 keeps some of its own errors from requests, such as one for an impossible host.
BROKEN = (requests.RequestException, HTTPError)

# Anything shorter is no real key, and may be part of a word.
_SHORTEST_KEY = 8
_BLOCK_BYTES = 1 << 16
_REFUSED_STATUSES = frozenset({400, 413, 415, 422})


def body_blocks(answer: requests.Response, max_bytes: int, seconds: float) -> Iterator[bytes]:
    """Read a body as it arrives, decompressed.

    The time limit of a socket starts anew with every byte; this one does not.

    Parameters
    ----------
    answer
        Open, its body unread.
    max_bytes
        Counted after decompression.
    seconds
        For the whole body.

    Raises
    ------
    ApiError
        When it is larger.
    requests.Timeout
        When it takes longer.
    """
    size, deadline = 0, time.monotonic() + seconds
    while block := answer.raw.read1(_BLOCK_BYTES, decode_content=True):
        size += len(block)
        if size > max_bytes:
            raise ApiError(f"an answer of more than {max_bytes / 1e6:.0f} MB was cut off")
        if time.monotonic() > deadline:
            raise requests.Timeout(f"the answer took more than {seconds:.0f} s")
        yield block


def checked_body(answer: requests.Response, settings: Settings) -> bytes:
    """Read a whole answer of the API, 200 or 201; anything else becomes an error of the tree."""
    body = b"".join(body_blocks(answer, MAX_ANSWER_BYTES, ANSWER_SECONDS))
    if answer.status_code not in (requests.codes.ok, requests.codes.created):
        raise _refusal(answer, body, settings)
    return body


def _refusal(answer: requests.Response, body: bytes, settings: Settings) -> ApiError:
    status, environment = answer.status_code, settings.environment
    request = f"{answer.request.method} {urlsplit(answer.request.url or '').path}"
    told = {
        _without_key(name, settings): [_without_key(text, settings) for text in texts]
        for name, texts in _told(body).items()
    }
    # JSON may write any character of the key as an escape, so such a text is shown only as decoded.
    plain = body.decode("utf-8", "replace")
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
        return RateLimitError(f"{request}: 429, too many requests; wait and try again", **details)
    if status >= requests.codes.server_error:
        return ServerError(f"{request}: {status}, the service failed; try again later", **details)
    if status in _REFUSED_STATUSES:
        return ValidationError(f"{request}: refused with {status}: {said}", fields=told, **details)
    if status in REDIRECTS:
        said = "a redirect, which is not followed here; check the address of the environment"
    return ApiError(f"{request}: unexpected answer {status}: {said}", **details)


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
