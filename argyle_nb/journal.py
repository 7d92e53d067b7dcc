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

_BUSY_SECONDS = 30.0
_USERS_SECONDS = 300.0
_COLUMNS = [
    "scope",
    "sha256",
    "document_type",
    "user",
    "name",
    "state",
    "upload_id",
    "reason",
    "updated_at",
]

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
        When the file is not a journal, one of a newer version, or cannot be written; here or later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        except OSError as error:
            raise self._unusable(error) from None
        with self._write() as connection:
            self._prepare(connection)

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

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other run that uses this journal waiting, for a look-up and what follows it.

        A file of its own is locked, so that nobody waits to write down how an upload ended.

        Examples
        --------
        >>> with Journal(folder / "other.sqlite").exclusive():
        ...     pass
        """
        lock = self.path.with_name(f"{self.path.name}.users")
        try:
            lock.touch(mode=0o600)
            with closing(sqlite3.connect(lock, timeout=_USERS_SECONDS)) as found:
                found.isolation_level = None
                found.execute("BEGIN EXCLUSIVE")
                yield
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise ConfigurationError(
                f"{self.path} was written by a newer argyle_nb: update the package"
            )
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        if tables and not version:
            raise self._unusable("it is another program's database")
        connection.execute(_SCHEMA)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(uploads)")]
        if columns != _COLUMNS:
            raise self._unusable("it is another program's database")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """Give one transaction; closing the connection takes back what was not committed."""
        try:
            with self._lock, closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as found:
                found.isolation_level = None
                found.execute("PRAGMA synchronous = FULL")
                found.execute("BEGIN IMMEDIATE")
                yield found
                found.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, why: object) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} cannot be used as a journal ({why}): check the disk and its rights, or "
            "name another file"
        )

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
