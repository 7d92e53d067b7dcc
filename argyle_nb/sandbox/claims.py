"""Who works on which upload: leases and due times in the database, shared by all servers."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.database import next_moment
from argyle_nb.sandbox.ids import now_ms
from argyle_nb.sandbox.outbox import OCR_COMPLETED, announce

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from argyle_nb.sandbox.store import Store

MAX_ATTEMPTS = 3
BATCH = 100

# An upload whose classification has begun waits for its inspection, however long that takes.
_READY = "due_at <= ? AND (classification <> 'in_progress' OR findings IS NOT NULL)"
_UNREAD = "classification = 'in_progress' AND findings IS NULL AND lease_until < ?"


@dataclass(frozen=True)
class State:
    """Where an upload stands: its type and its three processing statuses."""

    document_type: str
    classification: str
    ocr: str
    authenticity: str

    @property
    def at_rest(self) -> bool:
        """Whether nothing more will happen to it."""
        return "in_progress" not in (self.classification, self.ocr, self.authenticity)


@dataclass(frozen=True)
class Job:
    """One document to inspect, claimed by one worker."""

    upload: str
    document: Path
    document_type: str
    attempts: int


Findings = dict[str, Any]


class Claims:
    """One worker's view of the uploads that wait for work.

    Parameters
    ----------
    store
        Where the uploads are.
    lease_seconds
        How long a claim holds without being renewed; after a kill another worker takes over.
    """

    def __init__(self, store: Store, lease_seconds: float) -> None:
        self._store = store
        self._database = store.database
        self._owner = secrets.token_hex(8)
        self._lease_ms = int(lease_seconds * 1000)

    def advance(self, stage_ms: int, step: Callable[[str, State, Findings], State]) -> int:
        """Move the uploads whose stage is over, at most 100 of them; return how many moved."""
        with self._database.read() as connection:
            if connection.execute(_ready("1"), (now_ms(), 1)).fetchone() is None:
                return 0
        with self._database.write() as connection:
            rows = connection.execute(_ready("*"), (now_ms(), BATCH)).fetchall()
            for row in rows:
                after = step(row["id"], _state(row), json.loads(row["findings"] or "{}"))
                _save(connection, row["id"], after, stage_ms)
                if after.ocr == "completed" != row["ocr"]:
                    announce(connection, OCR_COMPLETED, row)
        return len(rows)

    def seconds_to_next(self) -> float | None:
        """Return the seconds until an upload's stage is over; ``None`` when none is under way."""
        sql = f"SELECT min(due_at) FROM uploads WHERE {_READY}"  # noqa: S608 - constants
        with self._database.read() as connection:
            due = connection.execute(sql, (2**62,)).fetchone()[0]
        return None if due is None else max(0.0, (due - now_ms()) / 1000)

    def claim(self) -> Job | None:
        """Take the oldest document that nobody inspects; ``None`` when there is none."""
        with self._database.read() as connection:
            if _unread(connection) is None:
                return None
        with self._database.write() as connection:
            row = _unread(connection)
            if row is None:
                return None
            connection.execute(
                "UPDATE uploads SET owner = ?, lease_until = ?, attempts = attempts + 1"
                " WHERE id = ?",
                (self._owner, now_ms() + self._lease_ms, row["id"]),
            )
        document = self._store.document(row["document"])
        return Job(row["id"], document, row["document_type"], row["attempts"] + 1)

    def renew(self, uploads: Collection[str]) -> None:
        """Hold on to the claims that are still being worked on."""
        if not uploads:
            return
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE uploads SET lease_until = ? WHERE id = ? AND owner = ?",
                [(now_ms() + self._lease_ms, upload, self._owner) for upload in uploads],
            )

    def release(self) -> None:
        """Give up all claims, so that other workers need not wait for the leases to end."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE uploads SET owner = NULL, lease_until = 0, attempts = attempts - 1"
                " WHERE owner = ? AND findings IS NULL",
                (self._owner,),
            )

    def record(self, upload: str, findings: str) -> bool:
        """Keep what an inspection found, as JSON; whether the claim still held."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "UPDATE uploads SET findings = ? WHERE id = ? AND owner = ? AND findings IS NULL",
                (findings, upload, self._owner),
            )
        return cursor.rowcount == 1


def _ready(columns: str) -> str:
    return f"SELECT {columns} FROM uploads WHERE {_READY} ORDER BY due_at LIMIT ?"  # noqa: S608


def _unread(connection: sqlite3.Connection) -> Mapping[str, Any] | None:
    row: Mapping[str, Any] | None = connection.execute(
        f"SELECT * FROM uploads WHERE due_at IS NOT NULL AND {_UNREAD}"  # noqa: S608 - constants
        " ORDER BY created_at LIMIT 1",
        (now_ms(),),
    ).fetchone()
    return row


def _state(row: Mapping[str, Any]) -> State:
    return State(**{field.name: row[field.name] for field in fields(State)})


def _save(connection: sqlite3.Connection, upload: str, state: State, stage_ms: int) -> None:
    connection.execute(
        "UPDATE uploads SET document_type = :document_type, classification = :classification,"
        " ocr = :ocr, authenticity = :authenticity, due_at = :due_at, updated_at = :updated_at"
        " WHERE id = :id",
        {
            **asdict(state),
            "due_at": None if state.at_rest else now_ms() + stage_ms,
            "updated_at": next_moment(connection),
            "id": upload,
        },
    )
