"""What a client sent, checked field by field, with the messages of the Django REST framework."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.cursors import DEFAULT_LIMIT, MAX_LIMIT, PageQuery, decode_cursor
from argyle_nb.sandbox.ids import canonical_id
from argyle_nb.sandbox.problems import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import QueryParams

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
    """Return the id in its canonical form.

    Raises
    ------
    ValueError
        With the message for the field.
    """
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

    Parameters
    ----------
    resource
        The list, such as ``"user-uploads"``.
    params
        The query string.
    filters
        Parameter -> (column, check).

    Raises
    ------
    Problem
        400 with a message for each parameter that is wrong; 404 for a cursor not made here.
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

    Raises
    ------
    Problem
        400 with a message for each field that is wrong.
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
