"""The documents of a queue: what is known of each, changed under one lock."""

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
from argyle_nb.uploads.result import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOG = logging.getLogger(__name__)

LOOKING, READY, WAITING, SENDING = "looking", "ready", "waiting", "sending"
READING, UNREAD, DONE = "reading", "unread", "done"
FAILED_STATES = tuple(state for state in STATES if state != DONE)
CAN_BE_SENT = (READY, *(state for state in FAILED_STATES if state != "refused"))
CAN_BE_CHANGED = (LOOKING, READY, "rejected", "unsent")


@dataclass(frozen=True)
class QueuedFile:
    """One document as it was a moment ago.

    Parameters
    ----------
    key
        Names it in the queue.
    path
        Where it is.
    name
        As it is shown and sent.
    is_copy
        Whether the file is a private copy, which goes once it is at Argyle.
    size
        Bytes.
    stamp
        Size and time of writing (ns) when it was looked at.
    found
        What it is by its content, in words.
    document_type
        One of the six; a guess until somebody chooses. Empty until there is a guess.
    is_guess
        Whether nobody has chosen the type yet.
    user
        As somebody wrote it: an id, an external id, or the e-mail address of a user.
    state
        ``looking, ready, waiting, sending, reading, done``; ``unread`` (Argyle has it, but what
        came of it could not be read); or one of `FAILED_STATES`.
    batch
        The batch that it is or was in; 0 before the first.
    fraction
        Sent to Argyle, 0 to 1.
    message
        What happened, in words.
    how
        How it came to Argyle, where that is worth a word.
    upload_id
        Once it is at Argyle.
    found_type
        Which type Argyle found.
    score, level, signals
        What came out: 0 to 100, the level's name, and the names of its signals.
    """

    key: str
    path: Path
    name: str
    is_copy: bool = False
    size: int = 0
    stamp: tuple[int, int] | None = None
    found: str = ""
    document_type: str = ""
    is_guess: bool = True
    user: str = ""
    state: str = LOOKING
    batch: int = 0
    fraction: float = 0.0
    message: str = "looking at it"
    how: str = ""
    upload_id: str = ""
    found_type: str = ""
    score: int | None = None
    level: str = ""
    signals: tuple[str, ...] = ()


class Files:
    """The files of a queue in the order in which they were added; for several threads.

    Parameters
    ----------
    on_change
        Called with the key of a file that changed, never under the lock.

    Examples
    --------
    >>> files = Files(print)
    >>> files.add(QueuedFile("k1", Path("stub.pdf"), "stub.pdf"))
    k1
    True
    >>> files.put("k1", state="ready").state
    k1
    'ready'
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
        self.tell(file.key)
        return True

    def tell(self, key: str) -> None:
        """Say that a file changed; who listens and fails must not end a batch by that."""
        try:
            self._on_change(key)
        except Exception as error:  # noqa: BLE001 - as above
            # Only its kind: the text of an error may name a person.
            _LOG.warning("a listener to the queue failed (%s)", type(error).__name__)

    def put(self, key: str, **changes: Any) -> QueuedFile | None:
        """Change a file, if it is still there, and give it as it is then."""
        return self.change(key, lambda _: changes)

    def change(self, key: str, change: Callable[[QueuedFile], dict[str, Any]]) -> QueuedFile | None:
        """Change a file by what is said of it as it is now; nothing said is no change."""
        with self._lock:
            file = self._files.get(key)
            changes = change(file) if file else None
            if not file or not changes:
                return None
            self._files[key] = changed = replace(file, **changes)
        self.tell(key)
        return changed

    def take(
        self, choose: Callable[[list[QueuedFile]], list[QueuedFile]], **changes: Any
    ) -> list[QueuedFile]:
        """Choose files and change them at once, so that nobody else can take the same."""
        with self._lock:
            taken = [replace(file, **changes) for file in choose(list(self._files.values()))]
            self._files |= {file.key: file for file in taken}
        for file in taken:
            self.tell(file.key)
        return taken

    def remove(self, key: str) -> bool:
        """Take a file off, and remove a private copy; not while it is on its way."""
        with self._lock:
            file = self._files.get(key)
            if file is None or file.state in (WAITING, SENDING):
                return False
            del self._files[key]
        drop_copy(file)
        self.tell(key)
        return True


def files_of(pattern: str) -> list[Path]:
    """Find documents on this machine.

    Parameters
    ----------
    pattern
        A file, a folder (whose documents are found, in its subfolders too) or a pattern with
        ``*``, ``?`` or ``**``; ``~`` is the home folder.

    Returns
    -------
    list of Path
        Absolute, in order; of a folder, names that begin with a dot are left out.

    Raises
    ------
    ValidationError
        When there is no such file, or it cannot be looked for.

    Examples
    --------
    >>> [path.name for path in files_of("data/documents/w2_*.pdf")][:1]  # doctest: +SKIP
    ['w2_chen_2025.pdf']
    """
    try:
        paths = sorted(path.absolute() for path in _found(pattern.strip()) if path.is_file())
    except (OSError, RuntimeError, ValueError) as error:
        raise ValidationError(
            f"{pattern!r} cannot be looked for ({error}): write another"
        ) from None
    if not paths:
        raise ValidationError(
            f"{pattern.strip() or 'nothing'!r} names no document on the kernel's machine (it works "
            f"in {Path.cwd()}): write a file, a folder or a pattern such as scans/*.pdf"
        )
    return paths


def _found(text: str) -> Iterable[Path]:
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
    return [Path(found) for found in glob(str(place), recursive=True)]  # noqa: PTH207


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Give what changes when a file is written anew: its size, and when that was (ns)."""
    with suppress(OSError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns
    return None


def drop_copy(file: QueuedFile) -> None:
    """Remove the private copy of a file, if it has one."""
    if file.is_copy:
        # Another program may hold it (Windows); its folder goes with the panel.
        with suppress(OSError):
            file.path.unlink(missing_ok=True)
