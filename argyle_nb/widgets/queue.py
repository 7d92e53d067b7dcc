"""The upload panel's states, without a widget: files in, journaled uploads and scores out."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.batch import default_journal, find_or_create_user, send_document
from argyle_nb.client import STEADY_SECONDS, may_move
from argyle_nb.documents import inspect_document, safe_name
from argyle_nb.errors import ArgyleError, AuthenticationError, DocumentError
from argyle_nb.journal import Journal
from argyle_nb.levels import level_preset
from argyle_nb.models import UserUpload

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.client import Client

READY, SENDING, PROCESSING, DONE = "ready", "sending", "processing", "done"
FAILED_STATES = ("refused", "rejected", "unsent", "unknown")

_FLUSH_SECONDS = 0.1
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.25, 5.0
_FOLLOW_SECONDS = 600.0

_READING = "the service is reading it"


@dataclass
class QueuedFile:
    """One chosen file and how far it got.

    Parameters
    ----------
    name
        As it is shown and sent.
    size
        Bytes.
    path
        The private copy on the kernel's side; gone once the file is sent.
    state
        ``ready, sending, processing, done`` or one of `FAILED_STATES`.
    fraction
        Sent to the service, 0 to 1.
    message
        What happened, in words.
    note
        How it came to the service, once it is there: sent now, or there already.
    upload
        The newest answer of the service; before the first one it holds what we know.
    moved_at
        When its processing last moved, on the monotonic clock.
    shown_at
        When progress was last shown, on the monotonic clock.
    """

    name: str
    size: int
    path: Path
    state: str = READY
    fraction: float = 0.0
    message: str = "ready"
    note: str = ""
    upload: UserUpload | None = None
    moved_at: float = 0.0
    shown_at: float = 0.0


class UploadQueue:
    """Sends files one after another and follows each to its score.

    Parameters
    ----------
    client
        From `connect`.
    on_change
        Called with the file whose state changed, from whichever thread; at most ten times a
        second while bytes move.
    journal
        The SQLite file that remembers what was sent.
    """

    def __init__(
        self,
        client: Client,
        on_change: Callable[[QueuedFile], None],
        journal: Path | str | None = None,
    ) -> None:
        self._client = client
        self._on_change = on_change
        self._journal = Journal(Path(journal or default_journal()))
        self._folder = Path(tempfile.mkdtemp(prefix="argyle_nb_queue_"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._lock = threading.RLock()
        self.files: list[QueuedFile] = []

    def add(self, name: str, content: bytes | memoryview) -> QueuedFile:
        """Take a file in; one that cannot be sent is refused at once, with the reason."""
        with self._lock:
            path = self._folder / str(len(self.files)) / safe_name(name)
            file = QueuedFile(path.name, len(content), path)
            self.files.append(file)
            try:
                path.parent.mkdir(mode=0o700)
                path.write_bytes(content)
                inspect_document(path)
            except DocumentError as error:
                self._set(file, "refused", error.problem)
            except OSError as error:
                self._set(file, "refused", f"cannot be copied ({error.strerror}); check the disk")
        return file

    def user_of(self, external_id: str) -> str:
        """Give the id of the user with an external id; one is created if nobody has it.

        Raises
        ------
        ApiError, TransportError
            When the service cannot be asked.
        """
        return find_or_create_user(self._client, self._journal, external_id)

    @property
    def ready(self) -> list[QueuedFile]:
        """The files that wait to be sent."""
        with self._lock:
            return [file for file in self.files if file.state == READY]

    @property
    def uploads(self) -> list[UserUpload]:
        """The newest answer for each upload; a file chosen twice is one upload."""
        with self._lock:
            found = [file.upload for file in self.files if file.upload is not None]
        return list({upload.id: upload for upload in found}.values())

    def send(self, document_type: str, user: str) -> threading.Thread:
        """Send what is ready, in a thread of its own, so that cells can still run.

        Parameters
        ----------
        document_type
            One of the six types.
        user
            The user's id.
        """
        with self._lock:
            files = self.ready
            for file in files:
                self._set(file, SENDING, "waiting to be sent")
        worker = threading.Thread(
            target=self._send_all,
            args=(files, document_type, user),
            name="argyle_nb upload",
            daemon=True,
        )
        worker.start()
        return worker

    def _send_all(self, files: list[QueuedFile], document_type: str, user: str) -> None:
        for number, file in enumerate(files):
            try:
                self._send_one(file, document_type, user)
            except AuthenticationError as error:
                self._leave(files[number:], str(error))
                break
            except Exception as error:  # noqa: BLE001 - the files behind it must go on
                self._fail(file, error)
        self._follow(files)

    def _send_one(self, file: QueuedFile, document_type: str, user: str) -> None:
        entry = send_document(
            self._client,
            self._journal,
            inspect_document(file.path),
            document_type=document_type,
            user=user,
            progress=lambda sent, total: self._moved(file, sent / total),
        )
        if entry.upload_id is None:
            self._set(file, entry.state, entry.reason or entry.state)
            return
        # Another program may hold the copy (Windows); its folder goes with the queue.
        with suppress(OSError):
            file.path.unlink(missing_ok=True)
        known = {upload.id: upload for upload in self.uploads}
        new = UserUpload(entry.upload_id, user=user, requested_document_type=document_type)
        file.upload = known.get(new.id, new)
        file.note = f"{entry.reason or 'sent'}; "
        file.fraction, file.moved_at = 1.0, time.monotonic()
        self._set(file, PROCESSING, file.note + _READING)
        self._look(file)

    def _leave(self, files: list[QueuedFile], why: str) -> None:
        self._set(files[0], "unsent", why)
        for file in files[1:]:
            self._set(file, "unsent", f"not tried: {why}")

    def _fail(self, file: QueuedFile, error: Exception) -> None:
        if file.fraction:
            doubt = "it may be at the service; look for it before you send it again"
            self._set(file, "unknown", f"{_words_of(error)}; {doubt}")
        else:
            self._set(file, "unsent", _words_of(error))

    def _follow(self, files: list[QueuedFile]) -> None:
        """Look at all that move in turn, so that none waits for a slower one."""
        deadline = time.monotonic() + _FOLLOW_SECONDS
        pause = _FIRST_POLL_SECONDS
        while moving := [file for file in files if file.state == PROCESSING]:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)
            for file in moving:
                self._look(file)
        for file in moving:
            self._set(file, PROCESSING, f"{file.note}{_still_read(file)}")

    def _look(self, file: QueuedFile) -> None:
        try:
            rests, words = self._refresh(file)
        except Exception as error:  # noqa: BLE001 - one odd answer must not freeze the other rows
            rests, words = _is_steady(file), f"not read yet: {_words_of(error)}"
        self._set(file, DONE if rests else PROCESSING, file.note + words)

    def _refresh(self, file: QueuedFile) -> tuple[bool, str]:
        """Ask for an upload once; tell whether its processing rests, and what to say of it."""
        known = file.upload
        assert known is not None  # noqa: S101 - told to the type checker
        newest = self._client.refreshed(known)
        if newest.stages != known.stages:
            file.moved_at = time.monotonic()
        file.upload = newest
        rests = not may_move(newest, file.moved_at)
        return rests, outcome(newest) if rests else _READING

    def _moved(self, file: QueuedFile, fraction: float) -> None:
        now = time.monotonic()
        if now - file.shown_at < _FLUSH_SECONDS:
            return
        file.shown_at = now
        file.fraction = fraction
        self._set(file, SENDING, f"sending, {fraction:.0%}")

    def _set(self, file: QueuedFile, state: str, message: str) -> None:
        with self._lock:
            file.state, file.message = state, message
            self._on_change(file)


def outcome(upload: UserUpload, levels: str = "argyle") -> str:
    """Say in words what processing found.

    Parameters
    ----------
    upload
        Whose processing rests.
    levels
        The preset that names the level.

    Examples
    --------
    >>> from argyle_nb.models import UserUpload
    >>> outcome(UserUpload("u1", document_type="miscellaneous"))
    'stored as miscellaneous; no authenticity score'
    """
    score = upload.ocr_authenticity_score
    if score is not None:
        level = level_preset(levels).level_of(score)
        return f"{upload.document_type}: score {score}, {level} authenticity"
    failed = " (processing failed)" if "failed" in upload.stages else ""
    return f"stored as {upload.document_type}; no authenticity score{failed}"


def _is_steady(file: QueuedFile) -> bool:
    return time.monotonic() - file.moved_at >= STEADY_SECONDS


def _still_read(file: QueuedFile) -> str:
    upload_id = file.upload.id if file.upload else ""
    return f"still being read by the service; ask later with client.get_upload({upload_id!r})"


def _words_of(error: Exception) -> str:
    return str(error) if isinstance(error, ArgyleError) else f"{type(error).__name__}: {error}"
