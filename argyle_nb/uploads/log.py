"""The upload log: an SQLite file that says what was sent, and who is sending it now.

Several notebooks and processes may share it. A row says ``sending`` before the request leaves, and
names its owner, who holds a lock for as long as it lives: what a dead owner left is
``not_confirmed``.
A second table holds what somebody asked a panel to send: each file's path and its borrower as it
was typed, until it is at Argyle; from then on hashes and IDs alone. A third holds the uploads that
Argyle listed, in the order in which they were first seen, and the SHA-256 of those downloaded.
A fourth holds the users that batches created, or may have created.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import uuid
import weakref
from collections import Counter, defaultdict
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import is_on_network, make_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


SENDABLE = ("new", "rejected_by_argyle")
UNDECIDED = ("not_confirmed", "possible_match")

ID_TAKEN = (
    "Not confirmed: Argyle answered with the ID of another upload ({}), so the document may not be "
    "stored."
)

SCHEMA_VERSION = 5
_STATES = (
    "new",
    "sending",
    "uploaded",
    "rejected_by_argyle",
    "not_confirmed",
    "possible_match",
    "invalid",
)
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
    external_id TEXT,
    listed_until INTEGER,
    disputed_id TEXT,
    PRIMARY KEY (scope, sha256, document_type, user)
)
"""
_LISTED = """
CREATE TABLE IF NOT EXISTS listed_uploads (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    bytes INTEGER,
    sha256 TEXT,
    UNIQUE (scope, upload_id)
)
"""
_UPLOAD_ID_INDEX = "CREATE INDEX IF NOT EXISTS upload_ids ON uploads (scope, upload_id)"
# What somebody asked to send, so that nothing is forgotten when Python ends in the middle. ``path``
# and ``borrower`` are empty once there is an ``upload_id``.
_BATCHES = """
CREATE TABLE IF NOT EXISTS batch_files (
    scope TEXT NOT NULL,
    file TEXT NOT NULL,
    path TEXT NOT NULL,
    is_copy INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    document_type TEXT NOT NULL,
    borrower TEXT NOT NULL,
    owner TEXT NOT NULL,
    upload_id TEXT,
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (scope, file)
)
"""
# Users that were to be created: Argyle's ID once that was confirmed, and when, by Argyle's clock.
_CREATED = """
CREATE TABLE IF NOT EXISTS created_users (
    scope TEXT NOT NULL,
    external_id TEXT NOT NULL,
    user TEXT,
    created_at REAL NOT NULL,
    PRIMARY KEY (scope, external_id)
)
"""
_COLUMNS = {
    1: "scope sha256 document_type user name state upload_id reason updated_at",
    2: "scope sha256 document_type user name state upload_id reason attempts sent_at owner"
    " updated_at",
    3: "scope sha256 document_type user name state upload_id reason attempts sent_at owner"
    " updated_at external_id",
    4: "scope sha256 document_type user name state upload_id reason attempts sent_at owner"
    " updated_at external_id",
    5: "scope sha256 document_type user name state upload_id reason attempts sent_at owner"
    " updated_at external_id listed_until disputed_id",
}
# As the states were called before the fourth version -> as they are called now.
_STATES_BEFORE = {
    "done": "uploaded",
    "unsent": "new",
    "unknown": "not_confirmed",
    "probable": "possible_match",
    "rejected": "rejected_by_argyle",
    "refused": "invalid",
}

_BUSY_SECONDS, _EXCLUSIVE_SECONDS = 30.0, 300.0
_STRIPES = 32


class UploadKey(NamedTuple):
    """What makes an upload the same upload."""

    scope: str
    sha256: str
    document_type: str
    user: str


class LogEntry(NamedTuple):
    """How far an upload got.

    ``state`` is ``new`` (certainly not at Argyle), ``sending`` (by somebody who is alive),
    ``uploaded`` (its upload id is known), ``rejected_by_argyle``, ``not_confirmed`` (it may be at
    Argyle), ``possible_match`` (something new is there, with other bytes) or ``invalid`` (a file
    that is never sent).
    """

    state: str
    upload_id: str | None = None
    reason: str | None = None
    attempts: int = 0  # over all runs
    # Seconds since 1970 by Argyle's clock; none where that was not known yet.
    sent_at: float | None = None
    name: str = ""  # as it was sent
    external_id: str | None = None  # the lender's own name of the user, where it is known
    # The number of the last upload that was listed before the first attempt; none where the user's
    # uploads could not be listed.
    listed_until: int | None = None
    # What Argyle answered with, where another row has this ID.
    disputed_id: str | None = None


class ListedUpload(NamedTuple):
    """What is known of an upload that Argyle listed: when it was first seen, and its bytes."""

    number: int  # in the order of first seeing
    bytes: int | None = None  # its size
    sha256: str | None = None


class BatchFile(NamedTuple):
    """One file of a batch, recorded before the batch begins."""

    file: str  # its key in the queue
    path: str
    is_copy: bool  # 0 or 1, as SQLite keeps it
    sha256: str
    document_type: str
    borrower: str  # as it was typed
    # What became of it, for all the upload log knows: ``new``, ``not_confirmed`` or ``uploaded``.
    state: str = "new"
    upload_id: str | None = None


class UploadLog:
    """The rows of an upload log; whatever goes wrong with its file is a `ConfigurationError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._claimed: set[UploadKey] = set()
        try:
            self._connection = _open(path, _BUSY_SECONDS)
            self._file = path.stat().st_ino
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None
        weakref.finalize(self, self._connection.close)
        self._owner = Owner(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go: what it was sending is from now on ``not_confirmed`` to everybody."""
        with self._lock:
            self._connection.close()
            self._owner.close()

    def claim(
        self,
        key: UploadKey,
        name: str,
        sent_at: float | None = None,
        external_id: str | None = None,
        *,
        is_listed: bool = False,
    ) -> LogEntry | None:
        """Take an upload for sending, and commit that before anything is sent.

        Nothing is given back when it is ours to send, else what is known of it. ``is_listed`` says
        that all uploads its user had before are in the log.
        """
        with self._transaction():
            known = self._entry(key)
            external_id = external_id or (known.external_id if known else None)
            if known and known.state not in SENDABLE:
                self._name_user(key, known, external_id)
                return known._replace(external_id=external_id)
            attempts = known.attempts if known else 0
            until = self._last_listed() if is_listed else None
            self._begin(
                key, LogEntry("new", None, None, attempts, sent_at, name, external_id, until)
            )
            return None

    def claim_again(self, key: UploadKey, known: LogEntry) -> None:
        """Take an upload that `look_after` gave us for one more attempt.

        The time of the first attempt stays: that one, too, may yet come to light.
        """
        with self._transaction():
            self._begin(key, known)

    def finish(self, key: UploadKey, entry: LogEntry) -> LogEntry:
        """Write down how a claimed upload ended, and let go of it.

        An upload ID that another row has is no proof: then it is ``not_confirmed``.
        """
        with self._lock:
            self._claimed.discard(key)
            # Should the power fail now, the row is ``sending`` again and is looked for: one write
            # less that has to wait for the disk.
            with self._transaction(synchronous="NORMAL"):
                taken = None
                if entry.upload_id and self._is_taken(key, entry.upload_id):
                    taken = entry.upload_id
                    entry = LogEntry("not_confirmed", None, ID_TAKEN.format(taken))
                self._connection.execute(
                    "UPDATE uploads SET state = ?, upload_id = ?, reason = ?, owner = NULL,"
                    " updated_at = ?, disputed_id = ?"
                    " WHERE (scope, sha256, document_type, user) = (?, ?, ?, ?)",
                    (*entry[:3], _now(), taken, *key),
                )
                return self._entry(key) or entry

    def look_after(self, key: UploadKey) -> LogEntry:
        """Take an undecided upload, to find out where it is; nobody else may meanwhile.

        What is given back is ``sending`` when somebody else has it.
        """
        with self._transaction():
            known = self._entry(key)
            if known is None:
                return LogEntry("new")
            if known.state in UNDECIDED:
                self._claimed.add(key)
                self._connection.execute(
                    "UPDATE uploads SET owner = ?, state = ?"
                    " WHERE (scope, sha256, document_type, user) = (?, ?, ?, ?)",
                    (self._owner.acquire(), known.state, *key),
                )
            return known

    def entry(self, key: UploadKey) -> LogEntry | None:
        """Say what is known of an upload."""
        with self._transaction():
            return self._entry(key)

    def upload_ids(self, scope: str) -> dict[str, UploadKey]:
        """Give every upload id that belongs to a row of a scope."""
        with self._transaction():
            rows = self._connection.execute(
                "SELECT upload_id, scope, sha256, document_type, user FROM uploads"
                " WHERE scope = ? AND upload_id IS NOT NULL",
                (scope,),
            ).fetchall()
        return {row[0]: UploadKey(*row[1:]) for row in rows}

    def contents(self) -> list[tuple[str, str]]:
        """Give upload ID and SHA-256 of all uploads whose content is known, sent or downloaded."""
        with self._transaction():
            return self._connection.execute(
                "SELECT upload_id, sha256 FROM uploads WHERE state = 'uploaded' UNION"
                " SELECT upload_id, sha256 FROM listed_uploads WHERE sha256 IS NOT NULL"
            ).fetchall()

    def undecided(self, scope: str, user: str) -> Counter[str]:
        """Count the rows of a user that may be at Argyle without an upload ID, by SHA-256."""
        with self._transaction():
            rows = self._connection.execute(
                "SELECT sha256 FROM uploads WHERE (scope, user) = (?, ?)"
                " AND state IN ('sending', 'not_confirmed', 'possible_match')",
                (scope, user),
            ).fetchall()
        return Counter(row[0] for row in rows)

    def give_up(self, key: UploadKey, upload_id: str) -> None:
        """Take an upload ID from a row, because the upload turned out to be another document."""
        with self._transaction():
            self._connection.execute(
                "UPDATE uploads SET state = 'not_confirmed', upload_id = NULL, reason = ?"
                " WHERE (scope, sha256, document_type, user, upload_id) = (?, ?, ?, ?, ?)",
                (ID_TAKEN.format(upload_id), *key, upload_id),
            )

    def note_listed(self, scope: str, upload_ids: Iterable[str]) -> dict[str, ListedUpload]:
        """Write down uploads that Argyle lists, in their order of first seeing; look them up."""
        ids = list(upload_ids)
        with self._transaction(synchronous="NORMAL"):
            self._connection.executemany(
                "INSERT OR IGNORE INTO listed_uploads (scope, upload_id) VALUES (?, ?)",
                [(scope, upload_id) for upload_id in ids],
            )
            found = {upload_id: self._listed(scope, upload_id) for upload_id in ids}
        return {upload_id: listed for upload_id, listed in found.items() if listed}

    def note_content(self, scope: str, upload_id: str, size: int, sha256: str | None) -> None:
        """Write down what an upload was found to consist of, so that it is not fetched again."""
        with self._transaction(synchronous="NORMAL"):
            self._connection.execute(
                "UPDATE listed_uploads SET bytes = ?, sha256 = ? WHERE (scope, upload_id) = (?, ?)",
                (size, sha256, scope, upload_id),
            )

    def was_listed_before(self, key: UploadKey, upload_id: str) -> bool:
        """Tell whether Argyle listed an upload before a row's first attempt."""
        with self._transaction():
            entry, listed = self._entry(key), self._listed(key.scope, upload_id)
        return bool(entry and entry.listed_until and listed and listed.number <= entry.listed_until)

    def types_of_copies(self, scope: str) -> dict[tuple[str, str], set[str]]:
        """Give the types of each content (SHA-256, user) that is at Argyle as several."""
        with self._transaction():
            rows = self._connection.execute(
                "SELECT sha256, user, document_type FROM uploads WHERE scope = :scope"
                " AND state = 'uploaded' AND (sha256, user) IN (SELECT sha256, user FROM uploads"
                " WHERE scope = :scope AND state = 'uploaded' GROUP BY sha256, user"
                " HAVING COUNT(*) > 1)",
                {"scope": scope},
            ).fetchall()
        types: dict[tuple[str, str], set[str]] = defaultdict(set)
        for sha256, user, document_type in rows:
            types[sha256, user].add(document_type)
        return types

    def latest(self, scope: str, count: int) -> list[tuple[UploadKey, LogEntry, str]]:
        """Give the rows of a scope that changed last, with the time of the change."""
        with self._transaction():
            rows = self._connection.execute(
                "SELECT scope, sha256, document_type, user, updated_at FROM uploads"
                " WHERE scope = ? ORDER BY updated_at DESC LIMIT ?",
                (scope, count),
            ).fetchall()
            changes = [(UploadKey(*row[:4]), row[4]) for row in rows]
            return [(key, entry, at) for key, at in changes if (entry := self._entry(key))]

    def refuse(self, refused: Iterable[tuple[UploadKey, str, str, str | None]]) -> None:
        """Write down files that are never sent: key, name, reason and external id of each."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO uploads VALUES"
                " (?, ?, ?, ?, ?, 'invalid', NULL, ?, 0, NULL, NULL, ?, ?, NULL, NULL)",
                [(*key, name, why, _now(), external_id) for key, name, why, external_id in refused],
            )

    def record(self, scope: str, files: Iterable[BatchFile]) -> None:
        """Record the files of a batch before it begins."""
        with self._transaction():
            owner, now = self._owner.acquire(), _now()
            self._connection.executemany(
                "INSERT OR REPLACE INTO batch_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)",
                [(scope, *file[:6], owner, now) for file in files],
            )

    def arrived(self, scope: str, file: str, upload_id: str) -> None:
        """Record that a file of a batch is at Argyle, and forget its path and its borrower."""
        with self._transaction(synchronous="NORMAL"):
            self._connection.execute(
                "UPDATE batch_files SET upload_id = ?, path = '', borrower = ''"
                " WHERE (scope, file) = (?, ?)",
                (upload_id, scope, file),
            )

    def forget(self, scope: str, files: Iterable[str]) -> None:
        """Forget files that are not to be sent any more."""
        with self._transaction(synchronous="NORMAL"):
            self._connection.executemany(
                "DELETE FROM batch_files WHERE (scope, file) = (?, ?) AND upload_id IS NULL",
                [(scope, file) for file in files],
            )

    def interrupted(self, scope: str) -> list[BatchFile]:
        """Give the files of batches whose owner has ended before they were at Argyle.

        The same document may be of two borrowers: only what was sent for this one counts. Where the
        borrower was typed as an email address, that is not known, so it counts as not sent; sending
        it asks the log again, by Argyle's ID of the user.
        """
        with self._transaction():
            rows = self._connection.execute(
                # Of several rows, SQLite gives the columns of the one that has the maximum.
                "SELECT b.file, b.path, b.is_copy, b.sha256, b.document_type, b.borrower, u.state,"
                " u.upload_id, b.owner, MAX(u.state = 'uploaded')"
                " FROM batch_files b LEFT JOIN uploads u"
                " ON (u.scope, u.sha256, u.document_type) = (b.scope, b.sha256, b.document_type)"
                " AND b.borrower IN (u.user, u.external_id)"
                " AND u.updated_at >= b.recorded_at AND u.state <> 'invalid'"
                " WHERE b.scope = ? AND b.upload_id IS NULL GROUP BY b.file ORDER BY b.rowid",
                (scope,),
            ).fetchall()
            rows = [row[:-1] for row in rows]
            ours = self._owner.acquire()
            owners = {row[-1] for row in rows} - {ours}
            dead = {owner for owner in owners if not self._owner.is_alive(owner)}
        states = {
            None: "new",
            "rejected_by_argyle": "new",
            "sending": "not_confirmed",
            "possible_match": "not_confirmed",
        }
        return [
            BatchFile._make((*told, states.get(state, state), upload_id))
            for *told, state, upload_id, owner in rows
            if owner in dead
        ]

    @contextmanager
    def exclusive(self, text: str) -> Iterator[None]:
        """Keep other runs that come with the same text waiting, for a look-up and what follows."""
        try:
            lock = self._owner.wait_for(text)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None
        with closing(lock):
            yield

    def execute(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Run one statement for a module that keeps rows of its own here; give what it finds."""
        with self._transaction():
            return self._connection.execute(statement, values).fetchall()

    def _begin(self, key: UploadKey, entry: LogEntry) -> None:
        self._claimed.add(key)
        self._connection.execute(
            "INSERT OR REPLACE INTO uploads VALUES"
            " (?, ?, ?, ?, ?, 'sending', NULL, NULL, ?, ?, ?, ?, ?, ?, NULL)",
            (
                *key,
                entry.name,
                entry.attempts + 1,
                entry.sent_at,
                self._owner.acquire(),
                _now(),
                entry.external_id,
                entry.listed_until,
            ),
        )

    def _is_taken(self, key: UploadKey, upload_id: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM uploads WHERE (scope, upload_id) = (?, ?)"
            " AND (sha256, document_type, user) <> (?, ?, ?)",
            (key.scope, upload_id, *key[1:]),
        ).fetchone()
        return row is not None

    def _last_listed(self) -> int:
        row = self._connection.execute("SELECT MAX(number) FROM listed_uploads").fetchone()
        number: int | None = row[0]
        return number or 0

    def _listed(self, scope: str, upload_id: str) -> ListedUpload | None:
        row = self._connection.execute(
            "SELECT number, bytes, sha256 FROM listed_uploads WHERE (scope, upload_id) = (?, ?)",
            (scope, upload_id),
        ).fetchone()
        return ListedUpload(*row) if row else None

    def _name_user(self, key: UploadKey, known: LogEntry, external_id: str | None) -> None:
        """Add to a row of an earlier run what its user is called, which it may not have known."""
        if external_id != known.external_id:
            self._connection.execute(
                "UPDATE uploads SET external_id = ?"
                " WHERE (scope, sha256, document_type, user) = (?, ?, ?, ?)",
                (external_id, *key),
            )

    def _entry(self, key: UploadKey) -> LogEntry | None:
        row = self._connection.execute(
            "SELECT state, upload_id, reason, attempts, sent_at, name, external_id, listed_until,"
            " disputed_id, owner"
            " FROM uploads WHERE (scope, sha256, document_type, user) = (?, ?, ?, ?)",
            key,
        ).fetchone()
        if row is None:
            return None
        owner, entry = row[-1], LogEntry(*row[:-1])
        if entry.state not in ("sending", *UNDECIDED):
            return entry
        if self._is_sending(key, owner):
            return entry._replace(state="sending")
        return entry._replace(state="not_confirmed") if entry.state == "sending" else entry

    def _is_sending(self, key: UploadKey, owner: str | None) -> bool:
        if owner == self._owner.acquire():
            return key in self._claimed
        return owner is not None and self._owner.is_alive(owner)

    @contextmanager
    def _transaction(self, synchronous: str = "FULL") -> Iterator[None]:
        """Keep others from writing meanwhile; roll back when anything goes wrong."""
        with self._lock:
            try:
                if self.path.stat().st_ino != self._file:
                    raise self._unusable("the file was replaced")
                self._connection.execute(f"PRAGMA synchronous = {synchronous}")
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except (sqlite3.Error, OSError) as error:
                raise self._unusable(error) from None

    def _unusable(self, why: object) -> ConfigurationError:
        return ConfigurationError(
            f"Can't use the upload log {self.path} ({why}). Check disk space and file permissions, "
            "or choose another file."
        )


def contents_of(path: Path) -> list[tuple[str, str]]:
    """Give upload ID and SHA-256 of all uploads whose content an upload log knows."""
    path = path.expanduser()
    if not path.is_file():
        raise ConfigurationError(f"There is no upload log at {path}. Check the path.")
    with closing(UploadLog(path)) as log:
        return log.contents()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Owner:
    """One user of an upload log, alive until it is closed, forgotten or killed.

    It holds a lock of its own name in a folder beside the upload log.
    """

    def __init__(self, upload_log: Path) -> None:
        self._folder = upload_log.with_name(f"{upload_log.name}.locks")
        self._lock = threading.Lock()
        self._lock_file: sqlite3.Connection | None = None
        self._name = uuid.uuid4().hex

    def acquire(self) -> str:
        """Take this owner's lock, if it is not held yet, and give its name, never used before."""
        with self._lock:
            if self._lock_file is None:
                self._lock_file = self._locked(self._name, 0.0)
                weakref.finalize(self, self._lock_file.close)
        return self._name

    def is_alive(self, name: str) -> bool:
        """Tell whether another owner still holds its lock; what a dead one left is removed."""
        lock = self._folder / name
        if not lock.exists():
            return False
        try:
            self._locked(name, 0.0).close()
        except sqlite3.OperationalError:
            return True
        with suppress(OSError):
            lock.unlink(missing_ok=True)
        return False

    def wait_for(self, text: str) -> sqlite3.Connection:
        """Wait until nobody else holds the lock for a text; the caller closes what it gets."""
        # A few texts share a lock, so that there are not more files than this.
        stripe = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % _STRIPES
        return self._locked(f"user-{stripe:02}", _EXCLUSIVE_SECONDS)

    def close(self) -> None:
        """End this owner's life; what it was sending is then ``not_confirmed``."""
        with self._lock:
            if self._lock_file is None:
                return
            with closing(self._lock_file), suppress(OSError):
                (self._folder / self._name).unlink(missing_ok=True)
            self._lock_file = None

    def _locked(self, name: str, seconds: float) -> sqlite3.Connection:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        lock = self._folder / name
        make_private(lock)
        connection = sqlite3.connect(
            lock, timeout=seconds, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            connection.close()
            raise
        return connection


def _open(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open an upload log, made if missing, with the table of this version."""
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
        mode = "DELETE" if is_on_network(path) else "WAL"
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA synchronous = FULL")
        # What is forgotten leaves nothing in the file.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        _migrate(connection, _check(connection, path))
        for statement in (_BATCHES, _LISTED, _UPLOAD_ID_INDEX):
            connection.execute(statement)
        connection.execute(_CREATED)
        # Earlier these were kept.
        connection.execute(
            "UPDATE batch_files SET path = '', borrower = ''"
            " WHERE upload_id IS NOT NULL AND (path, borrower) <> ('', '')"
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of an upload log; 0 for a new one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise ConfigurationError(f"{path} was written by a newer argyle_nb. Update the package.")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    columns = [row[1] for row in connection.execute("PRAGMA table_info(uploads)")]
    if (tables and not version) or (version and " ".join(columns) != _COLUMNS[version]):
        raise ConfigurationError(
            f"Can't use the upload log {path} (it is another program's database). Choose another "
            "file."
        )
    return version


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    if version == SCHEMA_VERSION:
        return
    if version:
        connection.execute("ALTER TABLE uploads RENAME TO uploads_before")
    connection.execute(_SCHEMA)
    if version:
        values = dict.fromkeys(_COLUMNS[SCHEMA_VERSION].split(), "NULL") | {"attempts": "1"}
        values |= {column: column for column in _COLUMNS[version].split()}
        names = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in _STATES_BEFORE.items())
        values["state"] = f"CASE state {names} ELSE state END"
        connection.execute(
            f"INSERT INTO uploads ({', '.join(values)}) SELECT {', '.join(values.values())}"  # noqa: S608
            " FROM uploads_before"
        )
        connection.execute("DROP TABLE uploads_before")
    # Of a file that was never sent, the user was written down as the manifest named it.
    id_pattern = "-".join("?" * length for length in (8, 4, 4, 4, 12))
    connection.execute(
        "UPDATE uploads SET external_id = user WHERE state = 'invalid' AND user NOT GLOB ?",
        (id_pattern,),
    )
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
