"""Identifiers and moments, as the API prints them."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from argyle_nb.sandbox.problems import invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import QueryParams


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def timestamp(moment_ms: int) -> str:
    """Write a moment as the API does, such as ``2024-07-08T13:43:49.864Z``."""
    whole = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}Z"


def new_id(moment_ms: int) -> str:
    """Make an id of 8-4-4-4-12 hexadecimal digits whose first 48 bits are the moment."""
    digits = f"{moment_ms:012x}{secrets.token_hex(10)}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def canonical_id(text: str) -> str | None:
    """Return the id in lower case, or ``None`` when the text is no id at all."""
    lowered = text.lower()
    return lowered if _UUID.fullmatch(lowered) else None


DEFAULT_LIMIT = 10
MAX_LIMIT = 200
MAX_MOMENT_MS = 2**53

Position = tuple[int, str]


@dataclass(frozen=True)
class PageQuery:
    """One page of a list."""

    filters: Mapping[str, str] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    position: Position | None = None
    newer: bool = False

    def beside(self, position: Position, *, newer: bool) -> PageQuery:
        """Return the neighbouring page with the same filters and limit."""
        return replace(self, position=position, newer=newer)


def encode_cursor(resource: str, query: PageQuery) -> str:
    """Write a page as a base64url cursor without padding."""
    content = [resource, query.newer, query.position, query.limit, dict(query.filters)]
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(resource: str, cursor: str, columns: frozenset[str]) -> PageQuery:
    """Read a cursor, or the whole URL that was returned in `next` or `previous`."""
    try:
        content = json.loads(_decode_text(_inside_url(cursor)))
        return _query(resource, content, columns)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise not_found("Invalid cursor") from None


def _inside_url(cursor: str) -> str:
    if "://" not in cursor:
        return cursor
    return parse_qs(urlsplit(cursor).query).get("cursor", [""])[-1]


def _decode_text(cursor: str) -> str:
    padded = cursor + "=" * (-len(cursor) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True).decode()


def _query(resource: str, content: Any, columns: frozenset[str]) -> PageQuery:
    made_for, newer, position, limit, filters = content
    if made_for != resource or not isinstance(newer, bool):
        raise ValueError
    if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
        raise ValueError
    if not columns.issuperset(filters):
        raise ValueError
    for value in filters.values():
        value.encode()  # a lone surrogate cannot be looked up in the database
    return PageQuery(filters, limit, _position(position), newer)


def _position(content: Any) -> Position:
    moment, identifier = content
    if type(moment) is not int or not 0 <= moment <= MAX_MOMENT_MS:
        raise ValueError
    if canonical_id(identifier) is None:
        raise ValueError
    return moment, identifier


DOCUMENT_TYPES = (
    "paystubs",
    "W-2",
    "1099",
    "proof-of-identity",
    "proof-of-address",
    "miscellaneous",
)
REFRESH_STATUSES = ("enabled", "disabled", "idle")
TEXT_FIELDS = ("first_name", "last_name", "email", "phone_number", "ssn")
ADDRESS_FIELDS = ("city", "line1", "line2", "state", "country", "postal_code")
BIRTH_DATE_RANGES = {"year": (1900, 9999), "month": (1, 12), "day": (1, 31)}
END_USER_FIELDS = ("name", "address", "city", "state", "zip", "phone")
MAX_EXTERNAL_ID = 100
EMAIL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
PHONE = r"\+?[0-9(][0-9 ().-]{5,18}[0-9]"

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")


def uuid_value(text: str) -> str:
    """Return the id in its canonical form."""
    identifier = canonical_id(text)
    if identifier is None:
        raise ValueError("Must be a valid UUID.")
    return identifier


def choice(*allowed: str) -> Callable[[str], str]:
    """Make a check that lets only the allowed values through."""

    def check(text: str) -> str:
        if text not in allowed:
            raise ValueError(f'"{text}" is not a valid choice.')
        return text

    return check


def any_text(text: str) -> str:
    """Let every text through."""
    return text


document_type_value = choice(*DOCUMENT_TYPES)


def page_query(
    resource: str, params: QueryParams, filters: Mapping[str, tuple[str, Callable[[str], str]]]
) -> PageQuery:
    """Read the parameters of a list.

    A cursor carries filters and limit; parameters beside it take precedence.
    """
    errors: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for name, (column, check) in filters.items():
        _take(params.get(name), check, given, column, errors.setdefault(name, []))
    limit = _limit(params.get("limit"), errors.setdefault("limit", []))
    if any(errors.values()):
        raise invalid({name: messages for name, messages in errors.items() if messages})
    begun = _begun(resource, params.get("cursor"), frozenset(c for c, _ in filters.values()))
    return PageQuery({**begun.filters, **given}, limit or begun.limit, begun.position, begun.newer)


def _begun(resource: str, cursor: str | None, columns: frozenset[str]) -> PageQuery:
    if not cursor:
        return PageQuery(limit=DEFAULT_LIMIT)
    return decode_cursor(resource, cursor, columns)


def _take(
    text: str | None,
    check: Callable[[str], str],
    given: dict[str, str],
    column: str,
    messages: list[str],
) -> None:
    if not text:
        return
    try:
        given[column] = check(text)
    except ValueError as error:
        messages.append(str(error))


def _limit(text: str | None, messages: list[str]) -> int | None:
    if not text:
        return None
    if not _INTEGER.fullmatch(text):
        messages.append("A valid integer is required.")
        return None
    if int(text) < 1:
        messages.append("Ensure this value is greater than or equal to 1.")
    return min(int(text), MAX_LIMIT)


def user_profile(body: Any) -> dict[str, Any]:
    """Check the body of a new or changed user; unknown fields are passed over.

    Source: Argyle API reference, users: all fields are optional.
    """
    if not isinstance(body, dict):
        raise invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]})
    errors = {name: _wrong(name, body[name]) for name in _CHECKS if name in body}
    wrong = {name: [message] for name, message in errors.items() if message}
    if wrong:
        raise invalid(wrong)
    return {name: body[name] for name in _CHECKS if name in body}


def _wrong(name: str, value: Any) -> str | None:
    return None if value is None else _CHECKS[name](value)


def _wrong_text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "Not a valid string."
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
        return "Null characters and lone surrogates are not allowed."
    return None


def _wrong_email(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch(EMAIL, value)
    return None if good else "Enter a valid email address."


def _wrong_phone(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch(PHONE, value)
    return None if good else "Enter a valid phone number."


def _wrong_external_id(value: Any) -> str | None:
    if isinstance(value, str) and len(value) > MAX_EXTERNAL_ID:
        return f"Ensure this field has no more than {MAX_EXTERNAL_ID} characters."
    return _wrong_text(value)


def _wrong_texts(value: Any, names: tuple[str, ...]) -> str | None:
    if not isinstance(value, dict):
        return "Invalid data. Expected a dictionary."
    texts = [value[name] for name in names if value.get(name) is not None]
    return next((message for text in texts if (message := _wrong_text(text))), None)


def _wrong_address(value: Any) -> str | None:
    return _wrong_texts(value, ADDRESS_FIELDS)


def _wrong_open_banking(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "Invalid data. Expected a dictionary."
    end_user = value.get("end_user")
    return None if end_user is None else _wrong_texts(end_user, END_USER_FIELDS)


def _wrong_birth_date(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "Invalid data. Expected a dictionary."
    for name, (least, most) in BIRTH_DATE_RANGES.items():
        number = value.get(name)
        if number is not None and (type(number) is not int or not least <= number <= most):
            return f"{name}: an integer from {least} to {most} is required."
    return None


def _wrong_metadata(value: Any) -> str | None:
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return "Value must be valid JSON."
    return None


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "first_name": _wrong_text,
    "last_name": _wrong_text,
    "email": _wrong_email,
    "phone_number": _wrong_phone,
    "ssn": _wrong_text,
    "address": _wrong_address,
    "birth_date": _wrong_birth_date,
    "external_id": _wrong_external_id,
    "external_metadata": _wrong_metadata,
    "open_banking": _wrong_open_banking,
}
