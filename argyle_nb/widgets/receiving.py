"""Files that come from the browser in slices: what is here, what is damaged, where to go on.

Nothing here knows of widgets. Every step may be repeated: a browser that got no answer says the
same again, and a slice that is lost, doubled or out of order does no harm.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.documents import HEAD_BYTES, MAX_DOCUMENT_BYTES, media_type_of, safe_name
from argyle_nb.platforms import file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

RECEIVING, ARRIVED = "receiving", "arrived"
# One that failed or was cancelled can be tried again.
INVALID, FAILED, CANCELLED, GONE = "invalid", "failed", "cancelled", "gone"

_FREE_SPACE = "Free some disk space on the Jupyter server, then select Retry."
_NOT_A_DOCUMENT = (
    "The file is not a PDF, JPEG, PNG or HEIC file (checked by content, not by name). "
    "Convert it and try again."
)
_PRIVATE = 0o600


@dataclass(frozen=True)
class ReceivedFile:
    """One file as it was a moment ago."""

    key: str
    # As the browser gave them: the name may be anything at all, so show it as text only.
    chosen_name: str = ""
    size: int = 0
    modified: int = 0  # milliseconds since 1970
    state: str = RECEIVING
    received: int = 0
    message: str = ""
    # Once it has arrived; the last part of the path is safe to send and to show.
    path: Path | None = None
    sha256: str | None = None
    # By content, once its beginning is here.
    media_type: str | None = None

    @property
    def name(self) -> str:
        """The name, safe to send and to show, see `safe_name`."""
        return safe_name(self.chosen_name)


class Receiver:
    """Takes files slice by slice into a private folder, each with a running SHA-256.

    Its methods may be called from any thread; ``on_change`` is called from any, and never under a
    lock: with each file whose state changed, or of which a slice came. At the end, of Python too,
    all copies are removed but those that ``kept`` names.
    """

    def __init__(
        self,
        max_bytes: int = MAX_DOCUMENT_BYTES,
        on_change: Callable[[ReceivedFile], None] = lambda _: None,
        kept: Callable[[], Collection[Path]] = tuple,
    ) -> None:
        self.max_bytes = max_bytes
        self._on_change = on_change
        self._folder = Path(tempfile.mkdtemp(prefix="argyle_nb_drop_"))
        self._clean_up = weakref.finalize(self, _remove_all, self._folder, kept)
        self._lock = threading.RLock()
        self._files: dict[str, _IncomingFile] = {}
        self._count = 0

    @property
    def files(self) -> list[ReceivedFile]:
        """All files in the order in which they were chosen."""
        with self._lock:
            return [file.snapshot() for file in self._files.values()]

    def begin(self, key: str, name: str, size: int, modified: int) -> ReceivedFile:
        """Take a new file, or go on with one that was begun: from ``received``, see `prove`."""
        self._add(key, name, size, modified)
        return self._update(key, lambda file: file.begin(size, modified, self.max_bytes))

    def refuse(self, key: str, name: str, size: int, reason: str) -> ReceivedFile:
        """Note a file that the browser did not even begin to send, with the reason."""
        self._add(key, name, size, 0)
        return self._update(key, lambda file: file.stop(INVALID, reason))

    def prove(self, key: str, offset: int, sha256: str) -> ReceivedFile:
        """Go on where it stopped if the first bytes are the same, else from the start."""
        return self._update(key, lambda file: file.prove(offset, sha256))

    def whole(
        self, key: str, name: str, modified: int, content: bytes | memoryview, sha256: str
    ) -> ReceivedFile:
        """Take a small file at once."""
        self._add(key, name, len(content), modified)

        def take(file: _IncomingFile) -> None:
            file.begin(len(content), modified, self.max_bytes)
            file.prove(0, "")
            file.take(0, content)
            file.finish(sha256)

        return self._update(key, take)

    def slice(self, key: str, offset: int, content: bytes | memoryview) -> ReceivedFile:
        """Take a slice if it is the next one; ``received`` says which is."""
        return self._update(key, lambda file: file.take(offset, content))

    def finish(self, key: str, sha256: str | None = None) -> ReceivedFile:
        """Close a file that is complete; ``failed`` if the browser read something else."""
        return self._update(key, lambda file: file.finish(sha256))

    def fail(self, key: str, reason: str) -> ReceivedFile:
        """Note that the browser cannot go on; what is here is kept."""
        return self._update(key, lambda file: file.fail(reason))

    def cancel(self, key: str) -> ReceivedFile:
        """Stop a file on its way and remove what is here of it."""
        return self._update(key, lambda file: file.cancel())

    def remove(self, key: str) -> ReceivedFile:
        """Forget a file and remove its copy."""
        file = self._update(key, lambda file: file.stop(GONE))
        with self._lock:
            self._files.pop(key, None)
        return file

    def find(self, key: str) -> ReceivedFile:
        """Look at one file; one that nobody knows is ``gone``."""
        return self._update(key, lambda _: None)

    def close(self) -> None:
        """Forget all files and remove their copies."""
        with self._lock:
            self._files.clear()
            self._clean_up()

    def _add(self, key: str, name: str, size: int, modified: int) -> None:
        with self._lock:
            if key not in self._files:
                self._count += 1
                path = self._folder / str(self._count) / file_name(safe_name(name))
                self._files[key] = _IncomingFile(key, name, size, modified, path)

    def _update(self, key: str, step: Callable[[_IncomingFile], None]) -> ReceivedFile:
        with self._lock:
            file = self._files.get(key)
            if file is None:
                return ReceivedFile(key, state=GONE)
            before = file.state, file.received
            try:
                step(file)
            except OSError as error:
                file.fail(f"Can't write the copy ({error.strerror}). {_FREE_SPACE}")
            after = file.snapshot()
        if (after.state, after.received) != before:
            self._on_change(after)
        return after


def _remove_all(folder: Path, kept: Callable[[], Collection[Path]]) -> None:
    """Remove the copies of a receiver; each lies in a folder of its own."""
    left = {path.parent for path in kept()}
    for copy in folder.iterdir() if folder.is_dir() else ():
        if copy not in left:
            shutil.rmtree(copy, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


class _IncomingFile:
    """One file on its way; only `Receiver` touches it, under its lock."""

    def __init__(self, key: str, name: str, size: int, modified: int, path: Path) -> None:
        self.key, self.name, self.size, self.modified, self.path = key, name, size, modified, path
        self.state = ""
        self.message = ""
        self.media_type: str | None = None
        self._forget()

    def snapshot(self) -> ReceivedFile:
        arrived = self.state == ARRIVED
        return ReceivedFile(
            key=self.key,
            chosen_name=self.name,
            size=self.size,
            modified=self.modified,
            state=self.state,
            received=self.received,
            message=self.message,
            path=self.path if arrived else None,
            sha256=self.digest.hexdigest() if arrived else None,
            media_type=self.media_type,
        )

    def begin(self, size: int, modified: int, max_bytes: int) -> None:
        if (size, modified) != (self.size, self.modified):
            self.fail("This is a different file. Choose the original file again.")
        elif self.size <= 0:
            self.stop(INVALID, "The file is empty (0 bytes). Save or scan it again.")
        elif self.size > max_bytes:
            sizes = f"{self.size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.0f} MB"
            what_to_do = "Split it or scan it at a lower resolution."
            self.stop(INVALID, f"The file is {sizes}. {what_to_do}")
        elif self.state in ("", FAILED, CANCELLED):
            self._start()

    def prove(self, offset: int, sha256: str) -> None:
        if self.state == RECEIVING and (offset, sha256) != (self.received, self.digest.hexdigest()):
            self._forget()

    def take(self, offset: int, content: bytes | memoryview) -> None:
        if self.state != RECEIVING or offset != self.received:
            return
        if offset + len(content) > self.size:
            self._forget()
            self.fail("The file changed while it was being copied. Select Retry.")
            return
        self._write(content)
        self._check_media_type()

    def finish(self, sha256: str | None) -> None:
        if self.state != RECEIVING or self.received != self.size:
            return
        if sha256 is not None and sha256 != self.digest.hexdigest():
            self._forget()
            self.fail("The copy is corrupted (checksum mismatch). Select Retry.")
            return
        self.state, self.message = ARRIVED, ""

    def fail(self, reason: str) -> None:
        if self.state in ("", RECEIVING, FAILED, CANCELLED):
            self.state, self.message = FAILED, reason

    def cancel(self) -> None:
        if self.state in (RECEIVING, FAILED):
            self.stop(CANCELLED, "")

    def stop(self, state: str, message: str = "") -> None:
        self.state, self.message = state, message
        self._forget()
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def _start(self) -> None:
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(self.path.parent).free
        missing = self.size - self.received
        if missing > free:
            sizes = f"{missing / 1e6:.1f} MB needed, {free / 1e6:.1f} MB free"
            self.fail(f"Not enough disk space ({sizes}). {_FREE_SPACE}")
            return
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, _PRIVATE))
        if self.path.stat().st_size < self.received:
            # Somebody tidied up the temporary files meanwhile.
            self._forget()
        self.state, self.message = RECEIVING, ""

    def _write(self, content: bytes | memoryview) -> None:
        # Opened for each slice, so that a thousand abandoned files hold no descriptor.
        with self.path.open("r+b", buffering=0) as file:
            file.truncate(self.received)
            file.seek(self.received)
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
        self.digest.update(content)
        self.received += len(content)

    def _check_media_type(self) -> None:
        if self.media_type is not None or self.received < min(HEAD_BYTES, self.size):
            return
        with self.path.open("rb") as file:
            self.media_type = media_type_of(file.read(HEAD_BYTES))
        if self.media_type is None:
            self.stop(INVALID, _NOT_A_DOCUMENT)

    def _forget(self) -> None:
        self.received = 0
        self.digest = hashlib.sha256()
        self.media_type = None
