"""The queue of webhook deliveries, written in the same transaction as the change they tell."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.validation import now_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from argyle_nb.sandbox.database import Database

    Row = Mapping[str, Any]

EVENTS = ("user_uploads.added", "user_uploads.ocr_completed", "user_uploads.removed")
ADDED, OCR_COMPLETED, REMOVED = EVENTS
EVERY_EVENT = "*"

# One delivery at a time for each webhook, so that a slow target holds up nobody but itself.
_NEXT = """
    SELECT deliveries.*, name, url, secret FROM webhooks JOIN deliveries ON deliveries.id = (
        SELECT id FROM deliveries
        WHERE webhook_id = webhooks.id AND due_at <= :now ORDER BY due_at, id LIMIT 1
    )
    WHERE NOT EXISTS (
        SELECT 1 FROM deliveries
        WHERE webhook_id = webhooks.id AND owner IS NOT NULL AND lease_until >= :now
    )
    ORDER BY due_at LIMIT 1
"""


@dataclass(frozen=True)
class Delivery:
    """One event for one webhook, claimed by one server; `attempts` are those that failed."""

    id: int
    url: str
    secret: str | None = field(repr=False)
    body: bytes
    attempts: int


def announce(connection: sqlite3.Connection, event: str, upload: Row) -> None:
    """Queue an event of an upload for each webhook that asked for it.

    It belongs to the transaction of the change: both are kept, or neither.
    """
    connection.execute(
        "INSERT INTO deliveries (webhook_id, event, account_id, user_id, upload_id, due_at)"
        " SELECT id, ?, ?, ?, ?, ? FROM webhooks"
        " WHERE EXISTS (SELECT 1 FROM json_each(events) WHERE value IN (?, ?))",
        (
            event,
            upload["account_id"],
            upload["user_id"],
            upload["id"],
            now_ms(),
            event,
            EVERY_EVENT,
        ),
    )


class Outbox:
    """The deliveries that wait, and one server's leases on them."""

    def __init__(self, database: Database, lease_seconds: float) -> None:
        self._database = database
        self._owner = secrets.token_hex(8)
        self._lease_ms = int(lease_seconds * 1000)

    def claim(self) -> Delivery | None:
        """Take a delivery that is due, of a webhook that nobody is calling; ``None`` for none."""
        with self._database.read() as connection:
            if _next(connection) is None:
                return None
        with self._database.write() as connection:
            row = _next(connection)
            if row is None:
                return None
            connection.execute(
                "UPDATE deliveries SET owner = ?, lease_until = ? WHERE id = ?",
                (self._owner, now_ms() + self._lease_ms, row["id"]),
            )
        return Delivery(row["id"], row["url"], row["secret"], _body(row), row["attempts"])

    def finish(self, delivery: Delivery) -> None:
        """Take a delivery off the queue: it arrived, or it never will."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM deliveries WHERE id = ? AND owner = ?", (delivery.id, self._owner)
            )

    def postpone(self, delivery: Delivery, seconds: float) -> None:
        """Leave a delivery that failed for later."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due_at = ?, owner = NULL,"
                " lease_until = 0 WHERE id = ? AND owner = ?",
                (now_ms() + int(seconds * 1000), delivery.id, self._owner),
            )

    def release(self) -> None:
        """Give up all claims, so that other servers need not wait for the leases to end."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE deliveries SET owner = NULL, lease_until = 0 WHERE owner = ?",
                (self._owner,),
            )


def _next(connection: sqlite3.Connection) -> Row | None:
    row: Row | None = connection.execute(_NEXT, {"now": now_ms()}).fetchone()
    return row


def _body(row: Row) -> bytes:
    content = {
        "event": row["event"],
        "name": row["name"],
        "data": {
            "account": row["account_id"],
            "user": row["user_id"],
            "user_upload": row["upload_id"],
        },
    }
    return json.dumps(content).encode()
