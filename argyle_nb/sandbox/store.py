"""The folder of a local server: users, accounts, uploads, webhooks and documents."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from argyle_nb.platforms import check_writable, new_file
from argyle_nb.sandbox.database import Database, next_moment
from argyle_nb.sandbox.outbox import ADDED, REMOVED, announce
from argyle_nb.sandbox.validation import new_id, now_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from argyle_nb.sandbox.validation import PageQuery, Position

    Row = Mapping[str, Any]

# The item that the API's reference prints for an account made of uploads alone.
UPLOAD_ITEM = "item_000012271"
ABANDONED_SECONDS = 3600.0

_TABLES = {
    "users": "users",
    "accounts": "account_objects",
    "user-uploads": "uploads",
    "webhooks": "webhooks",
}
# Whose deletion takes uploads along -> the column that names the owner.
_OWNER_COLUMNS = {"users": "user_id", "accounts": "account_id"}


@dataclass(frozen=True)
class NewUpload:
    """A received document, not yet listed.

    `file_name` is the client's and never part of a path; `received` is the temporary file.
    """

    user: str
    document_type: str
    file_name: str
    media_type: str
    received: Path
    classification: str
    ocr: str
    authenticity: str


@dataclass(frozen=True)
class StoredPage:
    """One page of rows, newest first, and whether there is more on either side."""

    rows: list[Row]
    has_newer: bool
    has_older: bool


class Store:
    """The folder of a local server: one database and the documents beside it.

    Several processes may open one folder at once.
    """

    def __init__(self, folder: Path) -> None:
        check_writable(folder, "local sandbox's data")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._documents = folder / "documents"
        self._documents.mkdir(mode=0o700, exist_ok=True)
        self.database = Database(folder / "sandbox.sqlite3")
        self.id = self.database.id
        self._sweep()

    def close(self) -> None:
        """Close the database; the folder stays as it is."""
        self.database.close()

    def create_user(self, profile: Mapping[str, Any]) -> str:
        """Add a user and return its id."""
        with self.database.write() as connection:
            moment = next_moment(connection)
            row = (new_id(moment), moment, profile.get("external_id"), json.dumps(profile))
            connection.execute("INSERT INTO users VALUES (?, ?, ?, ?)", row)
        return row[0]

    def update_user(self, user: str, profile: Mapping[str, Any]) -> None:
        """Replace a user's profile; nothing happens when the user is gone."""
        with self.database.write() as connection:
            connection.execute(
                "UPDATE users SET external_id = ?, profile = ? WHERE id = ?",
                (profile.get("external_id"), json.dumps(profile), user),
            )

    def get(self, resource: str, identifier: str) -> Row | None:
        """Return one object, or ``None``."""
        with self.database.read() as connection:
            return _one(connection, resource, identifier)

    def page(self, resource: str, query: PageQuery) -> StoredPage:
        """Return one page of objects."""
        with self.database.read() as connection:
            return _page(connection, _TABLES[resource], query)

    def delete(self, resource: str, identifier: str) -> bool:
        """Delete one object with all that belongs to it; whether there was one."""
        column = _OWNER_COLUMNS.get(resource)
        with self.database.write() as connection:
            uploads = _uploads_of(connection, column, identifier) if column else []
            for upload in uploads:
                announce(connection, REMOVED, upload)
            deleted = connection.execute(
                f"DELETE FROM {resource} WHERE id = ?",  # noqa: S608 - names of ours
                (identifier,),
            ).rowcount
        for upload in uploads:
            self.document(upload["document"]).unlink(missing_ok=True)
        return deleted > 0

    def add_upload(self, upload: NewUpload) -> Row | None:
        """Keep a received document and list it; ``None`` when its user is gone.

        The document is in its place before the upload can be seen, so no reader and no killed
        process ever meets an upload without its document.
        """
        document = new_id(now_ms())
        target = self.document(document)
        try:
            with self.database.write() as connection:
                if _one(connection, "users", upload.user) is None:
                    return None
                upload.received.rename(target)
                return _insert(connection, upload, document)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def create_webhook(
        self,
        *,
        name: str,
        url: str,
        events: Sequence[str],
        secret: str | None,
        config: Mapping[str, Any] | None,
    ) -> str:
        """Add a webhook and return its id."""
        options = None if config is None else json.dumps(config)
        with self.database.write() as connection:
            moment = next_moment(connection)
            row = (new_id(moment), moment, name, url, secret, json.dumps(events), options)
            connection.execute("INSERT INTO webhooks VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return row[0]

    def document(self, name: str) -> Path:
        """Return where a document lies; `name` is the id in its row, never a client's text."""
        return self._documents / name

    def open_incoming(self) -> tuple[Path, BinaryIO]:
        """Open a new temporary file for a document that is arriving."""
        path = self._documents / f"{new_id(now_ms())}.part"
        return path, new_file(path, 0o600)

    def _sweep(self) -> None:
        # A killed server leaves files that no upload names; a young one may still be arriving.
        with self.database.read() as connection:
            listed = {row["document"] for row in connection.execute("SELECT document FROM uploads")}
        oldest = time.time() - ABANDONED_SECONDS
        for path in self._documents.iterdir():
            with suppress(FileNotFoundError):
                if path.name not in listed and path.stat().st_mtime < oldest:
                    path.unlink()


def _uploads_of(connection: sqlite3.Connection, column: str, identifier: str) -> list[Row]:
    sql = f"SELECT * FROM uploads WHERE {column} = ?"  # noqa: S608 - names of ours
    return list(connection.execute(sql, (identifier,)))


def _one(connection: sqlite3.Connection, resource: str, identifier: str) -> Row | None:
    row: Row | None = connection.execute(
        f"SELECT * FROM {_TABLES[resource]} WHERE id = ?",  # noqa: S608 - names of ours
        (identifier,),
    ).fetchone()
    return row


def _insert(connection: sqlite3.Connection, upload: NewUpload, document: str) -> Row | None:
    moment = next_moment(connection)
    identifier = new_id(moment)
    connection.execute(
        "INSERT INTO uploads (id, account_id, user_id, document, document_type, file_name,"
        " media_type, created_at, updated_at, classification, ocr, authenticity, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            identifier,
            _account(connection, upload.user, moment),
            upload.user,
            document,
            upload.document_type,
            upload.file_name,
            upload.media_type,
            moment,
            moment,
            upload.classification,
            upload.ocr,
            upload.authenticity,
            now_ms() if upload.classification == "idle" else None,
        ),
    )
    row = _one(connection, "user-uploads", identifier)
    if row is not None:
        announce(connection, ADDED, row)
    return row


def _account(connection: sqlite3.Connection, user: str, moment: int) -> str:
    """Return the user's account for uploads, made with the first of them."""
    row = connection.execute("SELECT id FROM accounts WHERE user_id = ?", (user,)).fetchone()
    if row is not None:
        return str(row["id"])
    account = new_id(moment)
    connection.execute(
        "INSERT INTO accounts VALUES (?, ?, ?, 'idle', ?)", (account, user, UPLOAD_ITEM, moment)
    )
    return account


def _page(connection: sqlite3.Connection, table: str, query: PageQuery) -> StoredPage:
    rows = _rows(connection, table, query, query.limit + 1)
    rows, more = rows[: query.limit], len(rows) > query.limit
    if query.newer:
        rows.reverse()
    if not rows:
        return StoredPage([], has_newer=False, has_older=False)
    first = query.beside(_position(rows[0]), newer=True)
    last = query.beside(_position(rows[-1]), newer=False)
    newer = more if query.newer else bool(_rows(connection, table, first, 1))
    older = bool(_rows(connection, table, last, 1)) if query.newer else more
    return StoredPage(rows, has_newer=newer, has_older=older)


def _rows(connection: sqlite3.Connection, table: str, query: PageQuery, limit: int) -> list[Row]:
    conditions = [f"{column} = ?" for column in query.filters]
    values: list[Any] = list(query.filters.values())
    if query.position is not None:
        conditions.append(f"(created_at, id) {'>' if query.newer else '<'} (?, ?)")
        values.extend(query.position)
    order = "ASC" if query.newer else "DESC"
    where = " AND ".join(conditions) or "TRUE"
    sql = (
        f"SELECT * FROM {table} WHERE {where}"  # noqa: S608 - names of ours, values are bound
        f" ORDER BY created_at {order}, id {order} LIMIT ?"
    )
    return list(connection.execute(sql, (*values, limit)))


def _position(row: Row) -> Position:
    return row["created_at"], row["id"]
