"""Opaque cursors: where a page begins, which way it goes, and with which filters."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from argyle_nb.sandbox.ids import canonical_id
from argyle_nb.sandbox.problems import not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIMIT = 10
MAX_LIMIT = 200
MAX_MOMENT_MS = 2**53

Position = tuple[int, str]


@dataclass(frozen=True)
class PageQuery:
    """One page of a list.

    Parameters
    ----------
    filters
        Column -> exact value.
    limit
        Objects a page, 1 to 200.
    position
        ``(created_at in ms, id)`` of the object next to which the page begins.
    newer
        Whether the page holds objects newer than the position instead of older ones.
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

    Parameters
    ----------
    resource
        The list that is asked for; a cursor of another list is refused.
    cursor
        What the client sent.
    columns
        The filters this list has.

    Raises
    ------
    Problem
        404, as the Django REST framework answers, for anything this server did not make.
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
