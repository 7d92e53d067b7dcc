"""Identifiers, times, page cursors, and the checks of what clients send.

A check returns the value, in its canonical form, or raises `ValueError` with the field's message.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from argyle_nb.sandbox.problems import invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import QueryParams

    Check = Callable[[Any], Any]

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
DEFAULT_LIMIT = 10  # objects a page
MAX_LIMIT = 200
MAX_MOMENT_MS = 2**53

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")

# `created_at` in milliseconds and the id of the object next to which a page begins.
Position = tuple[int, str]


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


@dataclass(frozen=True)
class PageQuery:
    """One page of a list: exact values of columns, its size, and where it begins.

    With `newer` it holds the objects newer than the position instead of the older ones.
    """

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
    """Read a cursor, or the whole URL that was returned in `next` or `previous`.

    Anything that this server did not make for this list is a 404, as in Django REST framework.
    """
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


def checked(checks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return what the check of each field returns, or raise 400 with the messages of all."""
    values, errors = {}, {}
    for name, check in checks.items():
        try:
            values[name] = check()
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise invalid(errors)
    return values


def json_object(body: Any) -> dict[str, Any]:
    """Return the body when it is a JSON object; else raise 400."""
    if not isinstance(body, dict):
        raise invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return body


def required(check: Check, value: Any) -> Any:
    """Check a value that must be there."""
    if value is None:
        raise ValueError("This field is required.")
    return check(value)


def optional(check: Check, value: Any) -> Any:
    """Check a value that may be absent or null."""
    return None if value is None else check(value)


def one_of(*allowed: str) -> Callable[[str], str]:
    """Make a check that lets only the allowed values through."""

    def check(text: str) -> str:
        if text not in allowed:
            raise ValueError(f'"{text}" is not a valid choice.')
        return text

    return check


document_type = one_of(*DOCUMENT_TYPES)


def uuid(text: str) -> str:
    """Check an id."""
    identifier = canonical_id(text)
    if identifier is None:
        raise ValueError("Must be a valid UUID.")
    return identifier


def string(value: Any) -> str:
    """Check any text that the database and a JSON answer can hold."""
    if not isinstance(value, str):
        raise ValueError("Not a valid string.")  # noqa: TRY004 - a field's message
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
        raise ValueError("Null characters and lone surrogates are not allowed.")
    return value


def at_most(characters: int, value: Any) -> str:
    """Check a text and its length."""
    if isinstance(value, str) and len(value) > characters:
        raise ValueError(f"Ensure this field has no more than {characters} characters.")
    return string(value)


def page_query(
    resource: str, params: QueryParams, filters: Mapping[str, tuple[str, Callable[[str], str]]]
) -> PageQuery:
    """Read the parameters of a list; `filters` are parameter -> (column, check).

    A cursor carries filters and limit; parameters beside it take precedence.
    """
    checks: dict[str, Check] = {name: check for name, (_, check) in filters.items()}
    checks["limit"] = _limit
    values = checked(
        {name: partial(check, params[name]) for name, check in checks.items() if params.get(name)}
    )
    limit = values.pop("limit", None)
    page = PageQuery()
    if cursor := params.get("cursor"):
        page = decode_cursor(resource, cursor, frozenset(column for column, _ in filters.values()))
    chosen = {filters[name][0]: value for name, value in values.items()}
    return replace(page, filters={**page.filters, **chosen}, limit=limit or page.limit)


def _limit(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("A valid integer is required.")
    if int(text) < 1:
        raise ValueError("Ensure this value is greater than or equal to 1.")
    return min(int(text), MAX_LIMIT)


def user_profile(body: Any) -> dict[str, Any]:
    """Check the body of a new or changed user; unknown fields are passed over.

    Source: Argyle API reference, users: all fields are optional.
    """
    fields = json_object(body)
    return checked(
        {
            name: partial(optional, check, fields[name])
            for name, check in PROFILE_CHECKS.items()
            if name in fields
        }
    )


def _matching(pattern: str, message: str) -> Check:
    def check(value: Any) -> str:
        if not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise ValueError(message)
        return value

    return check


def _dictionary(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("Invalid data. Expected a dictionary.")  # noqa: TRY004 - a field's message
    return value


def _strings(names: tuple[str, ...], value: Any) -> dict[str, Any]:
    fields = _dictionary(value)
    for name in names:
        optional(string, fields.get(name))
    return fields


def _open_banking(value: Any) -> dict[str, Any]:
    fields = _dictionary(value)
    optional(partial(_strings, END_USER_FIELDS), fields.get("end_user"))
    return fields


def _birth_date(value: Any) -> dict[str, Any]:
    fields = _dictionary(value)
    for name, (least, most) in BIRTH_DATE_RANGES.items():
        number = fields.get(name)
        if number is not None and (type(number) is not int or not least <= number <= most):
            raise ValueError(f"{name}: an integer from {least} to {most} is required.")
    return fields


def _json_value(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        raise ValueError("Value must be valid JSON.") from None
    return value


PROFILE_CHECKS: dict[str, Check] = {
    "first_name": string,
    "last_name": string,
    "email": _matching(EMAIL, "Enter a valid email address."),
    "phone_number": _matching(PHONE, "Enter a valid phone number."),
    "ssn": string,
    "address": partial(_strings, ADDRESS_FIELDS),
    "birth_date": _birth_date,
    "external_id": partial(at_most, MAX_EXTERNAL_ID),
    "external_metadata": _json_value,
    "open_banking": _open_banking,
}
