"""The files of a queue: how far each is, what may be sent, where it lies."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.documents import EXTENSIONS
from argyle_nb.errors import ValidationError
from argyle_nb.uploads.jobs import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.documents import Document

_LOG = logging.getLogger(__name__)

# `UNREAD` is what Argyle has, but of which the outcome could not be read.
LOOKING, READY, WAITING, SENDING = "looking", "ready", "waiting", "sending"
READING, UNREAD, DONE = "reading", "unread", "done"
FAILED_STATES = tuple(state for state in STATES if state != DONE)
CAN_BE_SENT = (READY, *(state for state in FAILED_STATES if state != "invalid"))
CAN_BE_CHANGED = (LOOKING, READY, "rejected_by_argyle", "not_sent")


@dataclass(frozen=True)
class QueuedFile:
    """One document as it was a moment ago."""

    key: str
    path: Path
    name: str  # as it is shown and sent
    is_copy: bool = False  # a private one, which goes once it is at Argyle
    document: Document | None = None  # as it was inspected
    stamp: tuple[int, int] | None = None  # of that moment; none after a try that failed
    found: str = ""  # what it is by its content, in words
    document_type: str = ""  # empty until there is a guess
    is_guess: bool = True  # until somebody chooses
    user: str = ""  # an id, an external id, or a user's email address
    state: str = LOOKING
    batch: int = 0  # the number of the last one that it was in
    fraction: float = 0.0  # of its bytes that have left, 0 to 1
    message: str = "Checking the file"
    how: str = ""  # it came to Argyle, where that is worth a word
    duplicate_of: str = ""  # the name of what was sent in its place
    upload_id: str = ""
    found_type: str = ""  # Argyle's
    score: int | None = None
    level: str = ""
    signal_count: int | None = None
    signals: tuple[str, ...] = ()  # names of findings

    @property
    def size(self) -> int:
        """Bytes; 0 until it was inspected."""
        return self.document.size if self.document else 0


class QueuedFiles:
    """The files of a queue in the order in which they were added; for several threads.

    ``on_change`` is called with the key of a file that changed, never under the lock.
    """

    def __init__(self, on_change: Callable[[str], None]) -> None:
        self._lock = threading.Lock()
        self._on_change = on_change
        self._files: dict[str, QueuedFile] = {}

    def all(self) -> list[QueuedFile]:
        """Give all files as they are now."""
        with self._lock:
            return list(self._files.values())

    def find(self, key: str) -> QueuedFile | None:
        """Give one file as it is now."""
        with self._lock:
            return self._files.get(key)

    def add(self, file: QueuedFile) -> bool:
        """Add a file; false when its key is there already."""
        with self._lock:
            if file.key in self._files:
                return False
            self._files[file.key] = file
        self.notify(file.key)
        return True

    def notify(self, key: str) -> None:
        """Call the listener, whose failure must not end a batch."""
        try:
            self._on_change(key)
        except Exception as error:  # noqa: BLE001 - as above
            # Only its kind: the text of an error may name a person.
            _LOG.warning("a listener to the queue failed (%s)", type(error).__name__)

    def put(self, key: str, **changes: Any) -> QueuedFile | None:
        """Change a file, if it is still there, and give it as it is then."""
        return self.change(key, lambda _: changes)

    def change(self, key: str, change: Callable[[QueuedFile], dict[str, Any]]) -> QueuedFile | None:
        """Change a file by what ``change`` makes of it as it is now, if it makes anything."""
        with self._lock:
            file = self._files.get(key)
            changes = change(file) if file else None
            if not file or not changes:
                return None
            self._files[key] = changed = replace(file, **changes)
        self.notify(key)
        return changed

    def take(
        self, choose: Callable[[list[QueuedFile]], list[QueuedFile]], **changes: Any
    ) -> list[QueuedFile]:
        """Choose files and change them at once, so that nobody else can take the same."""
        with self._lock:
            taken = [replace(file, **changes) for file in choose(list(self._files.values()))]
            self._files |= {file.key: file for file in taken}
        for file in taken:
            self.notify(file.key)
        return taken

    def remove(self, key: str) -> bool:
        """Take a file off, and remove a private copy; not while it is on its way."""
        with self._lock:
            file = self._files.get(key)
            if file is None or file.state in (WAITING, SENDING):
                return False
            del self._files[key]
        drop_copy(file)
        self.notify(key)
        return True


def is_wanted(file: QueuedFile, named: set[str] | None) -> bool:
    """Tell whether a file is to be sent: all that are ready; what failed only where it is named."""
    if named is None:
        return file.state == READY
    return file.key in named and file.state in CAN_BE_SENT


def checked(files: list[QueuedFile]) -> list[QueuedFile]:
    """Give the files back, or say what is missing."""
    guessing = [file for file in files if file.is_guess and not file.document_type]
    if guessing:
        problem = _named(guessing, "is", "are")
        raise ValidationError(
            f"Nothing was sent. {problem} still being checked; try again in a few seconds."
        )
    if untyped := [file for file in files if not file.document_type]:
        problem = _named(untyped, "has", "have")
        raise ValidationError(
            f"Nothing was sent. {problem} no document type, and none could be suggested. Choose "
            "one under Document type."
        )
    if missing := [file for file in files if not file.user]:
        problem = _named(missing, "has", "have")
        raise ValidationError(f"Nothing was sent. {problem} no borrower. Enter one under Borrower.")
    return files


def unsendable(path: str) -> str:
    """Say why a file cannot be sent for its name, which no manifest can hold; empty if it can."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "the file name is not valid UTF-8. Rename the file."
    return "" if path == path.strip() else "the file name ends with a space. Rename the file."


def _named(files: list[QueuedFile], one: str, several: str) -> str:
    """Name the files of an error by the first of them, with the verb that fits their number."""
    more = len(files) - 1
    return f"{files[0].name} and {more} more {several}" if more else f"{files[0].name} {one}"


def files_of(pattern: str) -> list[Path]:
    """Find documents on this machine: a file, those of a folder, or those of a pattern."""
    try:
        paths = sorted(path.absolute() for path in _matching(pattern.strip()) if path.is_file())
    except (OSError, RuntimeError, ValueError) as error:
        raise ValidationError(f"Can't search for {pattern!r} ({error}). Enter another.") from None
    if not paths:
        raise ValidationError(
            f"No files match {pattern.strip()!r} on the Jupyter server (current folder: "
            f"{Path.cwd()}). Enter a file, a folder or a pattern such as scans/*.pdf."
        )
    return paths


def _matching(text: str) -> Iterable[Path]:
    place = Path(text).expanduser()
    if not text:
        return []
    if place.is_dir():
        kinds = (*EXTENSIONS.values(), ".jpeg", ".heif")
        inside = [path for path in place.rglob("*") if path.suffix.lower() in kinds]
        return [path for path in inside if not _is_hidden(path.relative_to(place))]
    # A file may have the signs of a pattern in its name.
    if place.exists() or not has_magic(text):
        return [place]
    # `Path.glob` takes no absolute pattern.
    return [Path(path) for path in glob(str(place), recursive=True)]  # noqa: PTH207


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Give what changes when a file is written anew: its size, and when that was (ns)."""
    with suppress(OSError):
        status = path.stat()
        return status.st_size, status.st_mtime_ns
    return None


def drop_copy(file: QueuedFile) -> None:
    """Remove the private copy of a file, if it has one."""
    if file.is_copy:
        # Another program may hold it (Windows); its folder goes with the panel.
        with suppress(OSError):
            file.path.unlink(missing_ok=True)
