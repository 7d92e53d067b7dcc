"""Everything that can go wrong, one small tree.

Each message is ``<object>: <what happened> (<technical cause>). <What to do>.``, so that its first
sentence makes sense alone in a log. The same words without their object stand in the result of a
batch and on the rows of a panel, where `sentences` begins each with a capital letter. No error
holds a request object, a header or a URL with credentials, so none of them can print a secret.
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BODY_CHARACTERS = 200
# So many records that can't be read are named in a warning.
_NAMED = 3
# A UUID, or our own words where there is none.
_RECORD = re.compile(r"[0-9a-fA-F-]{36}|(?:[0-9]+ )?without an ID|page")
_STEP = re.compile(r"\.([^.\[]*)|\[[0-9]*\]|\[\.\.\.\]")
# The fields of the API that are in the way of others. Any other name may be that of a person.
_API_FIELDS = frozenset(
    (
        *("id", "account", "user", "source", "document_type", "file_url", "file_name"),
        *("created_at", "updated_at", "external_id", "email", "first_name", "last_name"),
        *("processing", "classification", "ocr", "authenticity", "metadata", "ocr_data"),
        *("ocr_authenticity", "ocr_authenticity_score", "form_analysis", "form_type"),
        *("form_authenticity", "score", "authenticity_status", "reason_codes", "code"),
        *("confidence", "description", "signals", "identifier", "display_name", "signal_count"),
        *("page_number", "supporting_data", "values", "key", "value", "data_type"),
        *("employment", "results", "next", "previous"),
    )
)


class ArgyleError(Exception):
    """The base class: ``except ArgyleError`` catches every error this package raises on purpose."""


class ConfigurationError(ArgyleError):
    """Credentials, environment, address or another setting are missing, contradictory or unsafe."""


class DocumentError(ArgyleError):
    """A local file that is invalid, so that nothing of it was uploaded, or that can't be written.

    Parameters
    ----------
    path
        The file.
    problem
        What is wrong with it, and what to do: sentences that begin in lower case, behind the path.
    """

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(f"{path}: {problem}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problem)


class TransportError(ArgyleError):
    """Argyle could not be reached, or the connection dropped while reading."""


class AmbiguousUploadError(ArgyleError):
    """An upload that is not confirmed: Argyle may or may not have stored the document.

    Argyle documents neither an idempotency key nor a way to delete one upload, so sending it again
    may make a second copy for good. List the user's uploads first.
    """


class ApiError(ArgyleError):
    """Argyle rejected the request (4xx or 5xx), or its response cannot be used.

    Parameters
    ----------
    message
        What happened, to what, and what to do.
    status
        The HTTP status; ``None`` where no status says it, such as before anything was sent.
    body
        The response's text; only its first 200 characters are kept.
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
    """A field is invalid: Argyle rejected it (400, 413, 415, 422), or nothing was sent.

    Parameters
    ----------
    message, status, body, request
        As in `ApiError`.
    fields
        Field name -> messages, as Argyle gave them.
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
    """429: rate limit exceeded (Argyle: 50 requests per second).

    Parameters
    ----------
    message, status, body, request
        As in `ApiError`.
    retry_after
        Seconds to wait, where the response says so.
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
    """5xx: the server failed. Reading again later does no harm; an upload may be stored."""


class DecodeError(ArgyleError):
    """A record (raw JSON) or a page that can't be read.

    Parameters
    ----------
    record
        The record's ID, or a word for the whole ("page") when it has none.
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


def sentences(*problems: str) -> str:
    """Put problems one after the other, where they stand without the object they are about."""
    return " ".join(map(_capitalized, filter(None, problems)))


def _capitalized(problem: str) -> str:
    first = problem.partition(" ")[0]
    is_name = "_" in first or "://" in first  # such as that of a column, or an address
    return problem if is_name else problem[:1].upper() + problem[1:]


def warn_of_unreadable(
    rejected: Sequence[DecodeError] | None, what: str, *, listed: str = "", stacklevel: int
) -> None:
    """Name the first records that were left out; ``listed`` says where the others are.

    Warnings end up in logs: of what Argyle does not name itself, nothing is told.
    """
    if not rejected:
        return
    named = "; ".join(map(_impersonal, rejected[:_NAMED]))
    more = f"; and {len(rejected) - _NAMED} more" if len(rejected) > _NAMED else ""
    warnings.warn(
        f"Unreadable {what} were left out: {len(rejected)} ({named}{more}).{listed}",
        stacklevel=stacklevel + 1,
    )


def _impersonal(error: DecodeError) -> str:
    """Say which record can't be read, its ID and its fields only where they name no person."""
    known = _RECORD.fullmatch(error.record) is not None
    record = error.record if known else "with an ID that is not a UUID"
    path = "$"
    for step in _STEP.finditer(error.path):
        if step.start() != len(path) or step[1] not in _API_FIELDS | {None}:
            break
        path += step[0]
    more = "" if path == error.path or path.endswith("...") else "..."
    return f"record {record}, at {path}{more}: {error.problem}"


def words_of(error: Exception) -> str:
    """Say what went wrong; what nobody foresaw is named by its class."""
    return str(error) if isinstance(error, ArgyleError) else f"{type(error).__name__}: {error}"


def install(extra: str) -> str:
    """Say how to install an extra for the Python that runs."""
    return f'run {sys.executable} -m pip install "argyle-nb[{extra}]"'
