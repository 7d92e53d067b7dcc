"""Everything that can go wrong, one small tree.

Each message says what happened, to what, and what to do about it. No error holds a request
object, a header or a URL with credentials, so none of them can print a secret.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BODY_CHARACTERS = 200


class ArgyleError(Exception):
    """The root: ``except ArgyleError`` catches all that this package raises on purpose."""


class ConfigurationError(ArgyleError):
    """Credentials, environment or address are missing, contradictory or unsafe."""


class DocumentError(ArgyleError):
    """A file on this machine that is refused before a byte of it is sent, or cannot be written.

    Parameters
    ----------
    path
        The file.
    problem
        What is wrong with it and what to do, in words.
    """

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(f"{path}: {problem}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problem)


class TransportError(ArgyleError):
    """The service could not be reached, or the connection broke while reading."""


class AmbiguousUploadError(ArgyleError):
    """An upload ended without a clear answer: the document may or may not be at the service.

    Argyle documents neither an idempotency key nor a way to delete one upload, so a second try
    may make a second copy for ever. List the user's uploads first.
    """


class ApiError(ArgyleError):
    """The service answered, and the answer was no.

    Parameters
    ----------
    message
        What happened, to what, and what to do.
    status
        The HTTP status; ``None`` when the request was refused before it was sent.
    body
        The answer's text; only its first 200 characters are kept.
    request
        Method and path, such as ``"POST /v2/user-uploads"``; never headers, never a query.
    """

    def __init__(
        self, message: str, *, status: int | None = None, body: str = "", request: str = ""
    ) -> None:
        self.status = status
        self.body = body[:BODY_CHARACTERS]
        self.request = request
        super().__init__(message)


class AuthenticationError(ApiError):
    """401 or 403: wrong key, wrong secret, or a key of another environment."""


class ValidationError(ApiError):
    """A field was refused, by the service (400, 413, 415, 422) or before anything was sent.

    Parameters
    ----------
    message, status, body, request
        As in `ApiError`.
    fields
        Field name -> messages, as the service gave them.
    """

    def __init__(
        self,
        message: str,
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        status: int | None = None,
        body: str = "",
        request: str = "",
    ) -> None:
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}
        super().__init__(message, status=status, body=body, request=request)


class NotFoundError(ApiError):
    """404: there is no such user, account or upload in this environment."""


class RateLimitError(ApiError):
    """429: more requests than the service allows (Argyle: 50 a second).

    Parameters
    ----------
    message, status, body, request
        As in `ApiError`.
    retry_after
        Seconds to wait, where the service told.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        body: str = "",
        request: str = "",
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, status=status, body=body, request=request)


class ServerError(ApiError):
    """5xx: the service failed; reading again later is safe, uploading again is not."""


class DecodeError(ArgyleError):
    """A record or a page that cannot be read.

    Parameters
    ----------
    record
        The record's id, or a word for the whole ("page") when it has none.
    path
        Where in the JSON, such as ``$.metadata.ocr_authenticity_score``.
    problem
        What was found there and what was expected.
    """

    def __init__(self, record: str, path: str, problem: str) -> None:
        self.record = record
        self.path = path
        self.problem = problem
        super().__init__(f"record {record}, at {path}: {problem}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.record, self.path, self.problem)


def words_of(error: Exception) -> str:
    """Say what went wrong; what nobody foresaw is named by its class."""
    return str(error) if isinstance(error, ArgyleError) else f"{type(error).__name__}: {error}"


def install(extra: str) -> str:
    """Say how to install an extra for the Python that runs."""
    command = f"{sys.executable} -m pip install -e '.[{extra}]'"
    return f"run {command} in the folder of argyle_nb's pyproject.toml"
