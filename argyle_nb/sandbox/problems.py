"""Error responses, in the shapes of the Django REST framework that Argyle's API prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Json(Response):
    """A JSON answer in pure ASCII, so that no text whatever can fail to be sent."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the body; NaN and infinities are refused because JSON has none."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Problem(Exception):  # noqa: N818 - an answer, not a fault of the program
    """An error response: its body is ``{"detail": text}`` or ``{field: [messages]}``."""

    def __init__(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        super().__init__(f"{status}: {body}")

    def response(self) -> Json:
        """Return the answer to send."""
        return Json(self.body, self.status, headers=self.headers)


def invalid(fields: Mapping[str, Sequence[str]]) -> Problem:
    """400 with the messages of each field."""
    return Problem(400, fields)


def bad_request(detail: str) -> Problem:
    """400 that concerns no single field."""
    return Problem(400, {"detail": detail})


def not_authenticated(detail: str) -> Problem:
    """401; the texts are those that Argyle's reference prints."""
    return Problem(401, {"detail": detail}, {"WWW-Authenticate": 'Basic realm="api"'})


def forbidden(detail: str) -> Problem:
    """403: the request does not come from where it should."""
    return Problem(403, {"detail": detail})


def not_found(detail: str = "Not found.") -> Problem:
    """404."""
    return Problem(404, {"detail": detail})


def method_not_allowed(method: str, headers: Mapping[str, str] | None) -> Problem:
    """405; `headers` carry the allowed methods."""
    return Problem(405, {"detail": f'Method "{method}" not allowed.'}, headers)


def too_slow() -> Problem:
    """408: the body stopped coming."""
    return Problem(408, {"detail": "The request body stopped arriving."})


def too_large(limit: int) -> Problem:
    """413; `limit` in bytes."""
    return Problem(413, {"detail": f"The request body is larger than {limit} bytes."})


def unsupported_media(content_type: str) -> Problem:
    """415."""
    return Problem(415, {"detail": f'Unsupported media type "{content_type}" in request.'})


def throttled(wait_seconds: int) -> Problem:
    """429 with the whole seconds to wait."""
    return Problem(429, {"detail": "Request was throttled."}, {"Retry-After": str(wait_seconds)})


def headers_too_large() -> Problem:
    """431."""
    return Problem(431, {"detail": "The request's headers are too large."})


def server_error() -> Problem:
    """500 without a word about the inside."""
    return Problem(500, {"detail": "The local sandbox failed on this request. Its log says why."})
