"""Who is alive: each run holds a lock that the system takes back when the run ends or dies.

Nobody has to wait for a time to run out, and no clock can be wrong. The locks are SQLite's, so
they work wherever the journal itself does.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import uuid
import weakref
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from argyle_nb.uploads.schema import make_private

if TYPE_CHECKING:
    from pathlib import Path

_STRIPES = 32
_WAIT_SECONDS = 300.0


class Owner:
    """One user of a journal, alive until it is closed, forgotten or killed.

    Parameters
    ----------
    journal
        The journal's path; the locks are kept in a folder beside it.

    Examples
    --------
    >>> one, other = Owner(folder / "journal.sqlite"), Owner(folder / "journal.sqlite")
    >>> name = other.name
    >>> one.is_alive(name)
    True
    >>> other.close()
    >>> one.is_alive(name)
    False
    """

    def __init__(self, journal: Path) -> None:
        self._folder = journal.with_name(f"{journal.name}.locks")
        self._lock = threading.Lock()
        self._held: sqlite3.Connection | None = None
        self._name = uuid.uuid4().hex

    @property
    def name(self) -> str:
        """A name that was never used before; asking for it begins this owner's life."""
        with self._lock:
            if self._held is None:
                self._held = self._locked(self._name, 0.0)
                weakref.finalize(self, self._held.close)
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

    def wait_for(self, what: str) -> sqlite3.Connection:
        """Wait until nobody else holds the lock for a text; the caller closes what it gets."""
        stripe = int.from_bytes(hashlib.sha256(what.encode()).digest()[:4]) % _STRIPES
        return self._locked(f"user-{stripe:02}", _WAIT_SECONDS)

    def close(self) -> None:
        """End this owner's life; what it was sending is then ``unknown``."""
        with self._lock:
            if self._held is None:
                return
            with closing(self._held), suppress(OSError):
                (self._folder / self._name).unlink(missing_ok=True)
            self._held = None

    def _locked(self, name: str, seconds: float) -> sqlite3.Connection:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        lock = self._folder / name
        make_private(lock)
        found = sqlite3.connect(
            lock, timeout=seconds, isolation_level=None, check_same_thread=False
        )
        try:
            found.execute("BEGIN EXCLUSIVE")
        except BaseException:
            found.close()
            raise
        return found
