"""One SQLite file that several servers, in several processes, share."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox.validation import new_id, now_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA_VERSION = 2
BUSY_SECONDS = 15.0

_SCHEMA = """
CREATE TABLE meta (
    id TEXT NOT NULL,
    last_moment INTEGER NOT NULL
);
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    external_id TEXT,
    profile TEXT NOT NULL
);
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    item TEXT NOT NULL,
    ongoing_refresh TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    document TEXT NOT NULL UNIQUE,
    document_type TEXT NOT NULL,
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    classification TEXT NOT NULL,
    ocr TEXT NOT NULL,
    authenticity TEXT NOT NULL,
    due_at INTEGER,
    owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    findings TEXT
);
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT,
    events TEXT NOT NULL,
    config TEXT
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event TEXT NOT NULL,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX users_by_age ON users (created_at, id);
CREATE INDEX users_by_external_id ON users (external_id, created_at, id);
CREATE INDEX accounts_by_age ON accounts (created_at, id);
CREATE INDEX uploads_by_age ON uploads (created_at, id);
CREATE INDEX uploads_by_account ON uploads (account_id, created_at, id);
CREATE INDEX uploads_by_user ON uploads (user_id, created_at, id);
CREATE INDEX uploads_by_type ON uploads (document_type, created_at, id);
CREATE INDEX uploads_due ON uploads (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_by_age ON webhooks (created_at, id);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, due_at, id);
CREATE INDEX deliveries_under_way ON deliveries (webhook_id) WHERE owner IS NOT NULL;
CREATE VIEW account_objects AS
    SELECT accounts.*,
        (SELECT count(*) FROM uploads WHERE account_id = accounts.id) AS files_count,
        (SELECT max(created_at) FROM uploads WHERE account_id = accounts.id) AS uploaded_at
    FROM accounts;
"""


class Database:
    """A connection that the threads of one server take in turn; its file is the owner's alone."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = _open(path)
        try:
            self.id = self._prepare(path)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the data, for several queries."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One change, all or nothing; the only writer among all processes while it lasts."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def close(self) -> None:
        """Close the connection; what uses it afterwards gets `sqlite3.ProgrammingError`."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _prepare(self, path: Path) -> str:
        with self.write() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                _create(connection)
            elif version != SCHEMA_VERSION:
                raise ConfigurationError(
                    f"{path} was made by another version of argyle_nb (schema {version}, this one "
                    f"reads {SCHEMA_VERSION}). Choose another folder for the local sandbox."
                )
            return str(connection.execute("SELECT id FROM meta").fetchone()[0])


def next_moment(connection: sqlite3.Connection) -> int:
    """Take the next moment in milliseconds, later than every earlier one of this database.

    A clock that goes back, or two writes in one millisecond, would otherwise put a new upload
    behind a cursor that a client already holds.
    """
    connection.execute("UPDATE meta SET last_moment = max(last_moment + 1, ?)", (now_ms(),))
    return int(connection.execute("SELECT last_moment FROM meta").fetchone()[0])


def _create(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES (?, 0)", (new_id(now_ms()),))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _open(path: Path) -> sqlite3.Connection:
    # SQLite gives its side files the permissions of the database file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    try:
        _configure(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ConfigurationError(
            f"Can't use {path} as the local sandbox's database ({error}). Choose another folder, "
            "or delete this one to start over."
        ) from error
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # Two processes that switch a fresh file at once are told "locked" without the usual wait.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
