"""What an answer means: its body within limits, its status as one of our errors."""

from __future__ import annotations

import html
import math
import re
import time
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus, unquote, urlsplit

import msgspec
import requests

from argyle_nb.client.deadlines import end_within
from argyle_nb.client.origins import is_trusted, shown_origin
from argyle_nb.client.retry import retry_after
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

    from argyle_nb.config import Secret, Settings

T = TypeVar("T")

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_ANSWER_BYTES = 64_000_000
ANSWER_SECONDS = 300.0

# Anything shorter is no real key, and may be part of a word.
_SHORTEST_KEY = 8
_BASE64_ENCODERS = (b64encode, urlsafe_b64encode)
_BLOCK_BYTES = 1 << 16
_REFUSED_STATUSES = frozenset({400, 413, 415, 422})
# Of a body, so much is looked at for what is shown of it; a longer one holds no messages.
_LOOKED_AT_BYTES = 4096
_MESSAGES_BYTES = 1 << 16

_LEFT_OUT = "The response was left out because it contains the API key."
# What is escaped more often than this is not looked for.
_ESCAPED_TIMES = 4
_BACKSLASHED = re.compile(r"\\(?:[nrt]|(?:u00|x)([0-9a-fA-F]{2}))")
_QUOTED_PRINTABLE = re.compile("=([0-9a-fA-F]{2})")

# A text, whole or cut off, and the colon that makes it the name of a field; or any other value, be
# it JSON or not.
_JSON_SCALAR = re.compile(r'("(?:[^"\\]|\\.)*(?:"|$))(\s*:)?|(?!null\b)[^\s"\[\]{},:]+')


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
    end_within(answer, seconds)  # a line between two blocks may drip, too
    while block := RedactedBytes(answer.raw.read1(_BLOCK_BYTES, decode_content=True)):
        size += len(block)
        if size > max_bytes:
            raise ApiError(
                f"The response is larger than {max_bytes / 1e6:.0f} MB and was not read to its end."
            )
        if time.monotonic() > deadline:
            raise requests.Timeout(f"the response took more than {seconds:.0f} s")
        yield block


def checked_body(answer: requests.Response, settings: Settings, seconds: float = math.inf) -> bytes:
    """Read a whole answer of the API, 200 or 201; anything else becomes one of our errors."""
    limit = min(ANSWER_SECONDS, seconds)
    body = RedactedBytes(b"".join(body_blocks(answer, MAX_ANSWER_BYTES, limit)))
    if answer.status_code not in (requests.codes.ok, requests.codes.created):
        is_ours = is_trusted(answer.request.url or "", settings.base_url)
        raise _refusal(answer, body, settings) if is_ours else _strangers_refusal(answer)
    return body


def read_as(read: Callable[[bytes], T], body: bytes, settings: Settings) -> T:
    """Decode a whole answer; where it cannot be, say how it begins.

    Of JSON only the names are shown: its values may be anybody's.
    """
    try:
        return read(body)
    except DecodeError as error:
        start = _beginning(body, settings)
        begins = f"the response begins {start}" if start else "the response is empty"
        said = f". {_LEFT_OUT}" if start == _LEFT_OUT else f"; {begins}"
        raise DecodeError(error.record, error.path, error.problem + said) from None


def _refusal(answer: requests.Response, body: bytes, settings: Settings) -> ApiError:
    status, environment = answer.status_code, settings.environment
    request = f"{answer.request.method} {urlsplit(answer.request.url or '').path}"
    fields, text = _readable(body, settings)
    said = _one_line("; ".join(_told(name, texts) for name, texts in fields.items()))
    said = _whole_sentence(said or text)
    failed = f"{request} failed with {status}"
    details: dict[str, Any] = {"status": status, "body": text, "request": request}
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        return AuthenticationError(
            f"{failed}: {said} Environment: {environment}. Check that the key is correct and "
            "belongs to this environment.",
            **details,
        )
    if status == requests.codes.not_found:
        return NotFoundError(
            f"{failed}: not found in environment {environment}. Check the ID and the environment.",
            **details,
        )
    if status == requests.codes.too_many_requests:
        return RateLimitError(
            f"{failed}: rate limit exceeded (Argyle: 50 requests per second). Wait a moment, then "
            "retry.",
            retry_after=retry_after(answer),
            **details,
        )
    if status >= requests.codes.server_error:
        return ServerError(f"{failed}: server error. Try again later.", **details)
    if status in _REFUSED_STATUSES:
        return ValidationError(f"{failed}: {said}", fields=fields, **details)
    if status in REDIRECTS:
        said = "redirects are not followed. Check the address of the environment."
    return ApiError(f"{failed}: {said}", **details)


def _readable(body: bytes, settings: Settings) -> tuple[dict[str, list[str]], str]:
    """Give the messages of a refusal, and how its text begins; neither where they hold the key."""
    fields = {
        _without_key(name, settings): [_without_key(text, settings) for text in texts]
        for name, texts in _messages(body).items()
    }
    # JSON may write any character of the key as an escape, so such a text is shown only as decoded.
    start = body[:_LOOKED_AT_BYTES].decode("utf-8", "replace")
    text = _without_key(start if "\\" not in start else str(fields or ""), settings)
    if _LEFT_OUT in {text, *fields, *(text for texts in fields.values() for text in texts)}:
        return {}, _LEFT_OUT
    return fields, _one_line(text)


def _strangers_refusal(answer: requests.Response) -> ApiError:
    """Tell of a refusal without its words and its path, which may name a person."""
    origin, status = shown_origin(answer.request.url or ""), answer.status_code
    return ApiError(
        f"{origin} returned {status}. The download link may have expired. Call "
        "client.get_upload(...) for a new one.",
        status=status,
    )


def _beginning(body: bytes, settings: Settings) -> str:
    text = _without_key(body[:_LOOKED_AT_BYTES].decode("utf-8", "replace").lstrip(), settings)
    if text.startswith(("{", "[", '"')):
        text = _JSON_SCALAR.sub(lambda scalar: scalar[0] if scalar[2] else "...", text)
    return _one_line(text)


def _without_key(text: str, settings: Settings) -> str:
    """Blot out the key where a proxy or a debug page sends the request's headers back.

    Where it stands in a spelling that cannot be told from its surroundings, nothing is shown.
    """
    for spelling in _spellings(settings.api_key_id, settings.api_key_secret):
        text = text.replace(spelling, "<key>")
    try:
        return _LEFT_OUT if _holds_key(text, settings) else text
    except ValueError:  # HTML that gives a character a number of thousands of digits
        return _LEFT_OUT


@lru_cache(maxsize=16)
def _spellings(key_id: str, api_key_secret: Secret) -> list[str]:
    """Give a key and its parts as they are or in base64, also in a URL or HTML, longest first."""
    keys = _parts(key_id, api_key_secret)
    encoded = [encode(key.encode()).decode() for key in keys for encode in _BASE64_ENCODERS]
    texts = [*keys, *encoded, *(text.rstrip("=") for text in encoded)]
    escapes: list[Callable[[str], str]] = [str, quote, quote_plus, html.escape]
    spelled = {escape(text) for escape in escapes for text in texts}
    return sorted(spelled | {quote(text, safe="") for text in texts}, key=len, reverse=True)


def _holds_key(text: str, settings: Settings) -> bool:
    """Tell whether a text holds the key however it is escaped, wrapped or encoded.

    Its escapes are read one after the other, and again, and what comes of each is searched.
    """
    wanted = _traces(settings.api_key_id, settings.api_key_secret)
    for _ in range(_ESCAPED_TIMES):
        before = text
        for read in (_unwrapped, _unbackslashed, html.unescape, _unquoted):
            text = read(text)
            forms = (text.lower(), _QUOTED_PRINTABLE.sub(_character, text).lower())
            if any(trace in form for trace, form in product(wanted, forms)):
                return True
        if text == before:
            break
    return False


@lru_cache(maxsize=16)
def _traces(key_id: str, api_key_secret: Secret) -> frozenset[str]:
    """Give what betrays a key or a part: itself, in hex, and in base64 once or twice.

    All are in lower case, without backslashes.
    """
    keys = _parts(key_id, api_key_secret)
    once = {text for key in keys for text in _anywhere_in_base64(key)}
    twice = {text for one in once for text in _anywhere_in_base64(one)}
    found = {*keys, *(key.encode().hex() for key in keys), *once, *twice}
    return frozenset(trace.lower().replace("\\", "") for trace in found)


def _anywhere_in_base64(text: str) -> Iterator[str]:
    """Give what base64 makes of a text, without the ends that depend on its neighbors."""
    data = text.encode()
    for before, encode in product(range(3), _BASE64_ENCODERS):
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield encode(bytes(before) + data).decode()[first:last]


def _parts(key_id: str, api_key_secret: Secret) -> list[str]:
    secret = api_key_secret.reveal()
    return [key for key in (f"{key_id}:{secret}", secret, key_id) if len(key) >= _SHORTEST_KEY]


def _unwrapped(text: str) -> str:
    """Join lines, and drop the zeros of UTF-16."""
    return "".join(text.replace("\0", "").split())


def _unbackslashed(text: str) -> str:
    return _BACKSLASHED.sub(_character, text).replace("\\", "")


def _unquoted(text: str) -> str:
    return unquote(text, "latin-1")


def _character(escape: re.Match[str]) -> str:
    """Give the character of an escape; a line break is none."""
    return chr(int(escape[1], 16)) if escape[1] else ""


def _messages(body: bytes) -> dict[str, list[str]]:
    """Read ``{field: [messages]}`` or ``{"detail": message}``, and nothing from anything else."""
    if len(body) > _MESSAGES_BYTES:
        return {}
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


def _told(name: str, texts: list[str]) -> str:
    said = " ".join(texts)
    return said if name == "detail" else f"{name}: {said}"  # which is no field


def _whole_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text or 'no explanation'}."


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:BODY_CHARACTERS])
