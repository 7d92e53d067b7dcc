"""The journal's table: made, recognised, and brought up from an earlier version."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from argyle_nb.errors import ConfigurationError

SCHEMA_VERSION = 2
LAST_COLUMNS = "state, upload_id, reason, attempts, sent_at, name, owner"

_STATES = ("new", "sending", "done", "rejected", "unknown", "probable", "refused")
_SCHEMA = f"""
CREATE TABLE uploads (
    scope TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    document_type TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN {_STATES}),
    upload_id TEXT,
    reason TEXT,
    attempts INTEGER NOT NULL,
    sent_at REAL,
    owner TEXT,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (scope, sha256, document_type, user)
)
"""
_COLUMNS = {
    1: "scope sha256 document_type user name state upload_id reason updated_at",
    2: "scope sha256 document_type user name state upload_id reason attempts sent_at owner"
    " updated_at",
}
_NETWORK_FILES = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "lustre")


def prepared(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open a journal, made if missing, with the table of this version.

    Parameters
    ----------
    path
        Its folder is made too; both are readable by their owner only.
    busy_seconds
        How long to wait for others that write.

    Raises
    ------
    ConfigurationError
        For a newer version or another program's database; the file is left as it is.
    sqlite3.Error, OSError
        When it cannot be read or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_private(path)
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("BEGIN")
        _check(connection, path)
        connection.execute("COMMIT")
        # Several machines cannot share the memory that a write-ahead log needs.
        mode = "DELETE" if _is_on_network(path) else "WAL"
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        _bring_up(connection, _check(connection, path))
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def make_private(path: Path) -> None:
    """Make an empty file for its owner only; one that is there is not even opened.

    Closing a file takes away all locks that this process holds on it (POSIX), SQLite's too.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of a journal; 0 for a new one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise ConfigurationError(f"{path} was written by a newer argyle_nb: update the package")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    columns = [row[1] for row in connection.execute("PRAGMA table_info(uploads)")]
    if (tables and not version) or (version and " ".join(columns) != _COLUMNS[version]):
        raise ConfigurationError(
            f"{path} cannot be used as a journal (it is another program's database): name another "
            "file"
        )
    return version


def _bring_up(connection: sqlite3.Connection, version: int) -> None:
    if version == SCHEMA_VERSION:
        return
    if version == 1:
        connection.execute("ALTER TABLE uploads RENAME TO uploads_1")
    connection.execute(_SCHEMA)
    if version == 1:
        connection.execute(
            "INSERT INTO uploads SELECT scope, sha256, document_type, user, name,"
            " CASE state WHEN 'unsent' THEN 'new' ELSE state END, upload_id, reason, 1, NULL, NULL,"
            " updated_at FROM uploads_1"
        )
        connection.execute("DROP TABLE uploads_1")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _is_on_network(path: Path) -> bool:
    """Look up where a file lives (Linux; elsewhere nobody says)."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    where = path.resolve()
    found = [
        (len(place), kind)
        for _, place, kind, *_ in (line.split(" ") for line in mounts)
        if where.is_relative_to(place)
    ]
    return max(found, default=(0, ""))[1].startswith(_NETWORK_FILES)
