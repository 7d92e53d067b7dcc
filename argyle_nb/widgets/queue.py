"""The upload panel's states, without a widget: files in, journaled uploads and scores out."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.batch import default_journal, send_document
from argyle_nb.documents import inspect_document, safe_name
from argyle_nb.errors import ArgyleError, DocumentError
from argyle_nb.journal import Journal
from argyle_nb.levels import level_preset

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.client import Client
    from argyle_nb.models import UserUpload

READY, SENDING, PROCESSING, DONE = "ready", "sending", "processing", "done"
FAILED_STATES = ("refused", "rejected", "unsent", "unknown")

_FLUSH_SECONDS = 0.1


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
    upload
        The newest answer of the service.
    shown_at
        When progress was last shown, on the monotonic clock.
    """

    name: str
    size: int
    path: Path
    state: str = READY
    fraction: float = 0.0
    message: str = "ready"
    upload: UserUpload | None = None
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
            folder = self._folder / str(len(self.files))
            folder.mkdir(mode=0o700)
            path = folder / safe_name(name)
            path.write_bytes(content)
            file = QueuedFile(path.name, len(content), path)
            self.files.append(file)
        try:
            inspect_document(path)
        except DocumentError as error:
            self._set(file, "refused", error.problem)
        return file

    @property
    def ready(self) -> list[QueuedFile]:
        """The files that wait to be sent."""
        with self._lock:
            return [file for file in self.files if file.state == READY]

    @property
    def uploads(self) -> list[UserUpload]:
        """The newest answer for each file that reached the service."""
        with self._lock:
            return [file.upload for file in self.files if file.upload is not None]

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
        for file in files:
            try:
                self._send_one(file, document_type, user)
            except ArgyleError as error:
                self._set(file, "unsent", str(error))
        for file in files:
            if file.upload:
                self._follow(file)

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
        file.path.unlink(missing_ok=True)
        file.upload = self._client.get_upload(entry.upload_id)
        file.fraction = 1.0
        self._set(file, PROCESSING, "sent; the service is reading it")

    def _follow(self, file: QueuedFile) -> None:
        assert file.upload is not None  # noqa: S101 - told to the type checker
        try:
            [file.upload] = self._client.wait([file.upload])
        except ArgyleError as error:
            self._set(file, DONE, f"sent; its score is not known yet ({error})")
            return
        self._set(file, DONE, outcome(file.upload))

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
