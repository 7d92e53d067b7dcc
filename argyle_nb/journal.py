"""What was sent, written down before it is sent.

Argyle documents no idempotency key and no way to delete one upload, so a second copy stays for
ever. One row per scope, content, type and user says how far the upload got; the row is committed
as ``sending`` before the socket opens.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    scope TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    document_type TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sending', 'done', 'rejected', 'unsent', 'unknown')),
    upload_id TEXT,
    reason TEXT,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (scope, sha256, document_type, user)
)
"""


class Key(NamedTuple):
    """What makes an upload the same upload."""

    scope: str
    sha256: str
    document_type: str
    user: str


class Entry(NamedTuple):
    """How far an upload got.

    ``sending`` (its end was not seen), ``done`` (an upload id is held), ``rejected`` (the service
    said no), ``unsent`` (certainly not sent) or ``unknown`` (it may be at the service).
    """

    state: str
    upload_id: str | None
    reason: str | None


class Journal:
    """An SQLite file that several notebooks may share.

    Parameters
    ----------
    path
        Made if missing, readable by its owner only.

    Raises
    ------
    ConfigurationError
        When the file is not a journal, or one of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        try:
            with self._write() as connection:
                self._prepare(connection)
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"{path} cannot be used as a journal ({error}); move it away or name another"
            ) from None

    def claim(self, key: Key, name: str) -> Entry | None:
        """Take an upload for sending, and commit that before anything is sent.

        Parameters
        ----------
        key
            Which upload.
        name
            The file's base name, for people who read the journal.

        Returns
        -------
        Entry or None
            ``None`` when it is ours to send; otherwise what is known of it, unchanged.

        Examples
        --------
        >>> journal = Journal(folder / "journal.sqlite")
        >>> journal.claim(Key("sandbox", "ab12", "paystubs", "u1"), "stub.pdf") is None
        True
        """
        with self._write() as connection:
            known = self._entry(connection, key)
            if known and known.state not in ("rejected", "unsent"):
                return known
            self._put(connection, key, name, Entry("sending", None, None))
            return None

    def settle(self, key: Key, name: str, entry: Entry) -> None:
        """Write down how a claimed upload ended."""
        with self._write() as connection:
            self._put(connection, key, name, entry)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > SCHEMA_VERSION:
            raise ConfigurationError(
                f"{self.path} was written by a newer argyle_nb: update the package"
            )
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(sqlite3.connect(self.path, timeout=10)) as connection:
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @staticmethod
    def _entry(connection: sqlite3.Connection, key: Key) -> Entry | None:
        row = connection.execute(
            "SELECT state, upload_id, reason FROM uploads"
            " WHERE (scope, sha256, document_type, user) = (?, ?, ?, ?)",
            key,
        ).fetchone()
        return Entry(*row) if row else None

    @staticmethod
    def _put(connection: sqlite3.Connection, key: Key, name: str, entry: Entry) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        connection.execute(
            "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, name, *entry, now),
        )
