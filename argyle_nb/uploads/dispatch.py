"""Documents of a queue on their way to Argyle: one batch, told file by file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pandas as pd

from argyle_nb.errors import ValidationError, words_of
from argyle_nb.uploads.batch import upload_batch
from argyle_nb.uploads.finding import LISTED_AGAIN_SECONDS
from argyle_nb.uploads.queue_files import READY, SENDING, WAITING
from argyle_nb.uploads.result import shown_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from argyle_nb.client.client import Client
    from argyle_nb.uploads.finding import UserFinder
    from argyle_nb.uploads.progress import Progress
    from argyle_nb.uploads.queue_files import Files, QueuedFile

    # File, the upload's id, the user's id where it is known, remark.
    Sent = Callable[[QueuedFile, str, str | None, str], None]

_LOOKED_FOR = "its end was not seen; looking for it at Argyle, which may take two minutes"
_MAY_BE_THERE = "it may be at Argyle; upload it again, which looks for it there first"
_BACK = "stopped before it was sent"


class _Stopped(KeyboardInterrupt):
    """Somebody wants a batch to end; `upload_batch` then comes to rest as at an interrupt."""


class Batch:
    """Sends files with `upload_batch` and takes down how each ended.

    Parameters
    ----------
    client, journal, finder
        Where to, the file that remembers it, and who knows users by their e-mail addresses.
    files
        Where states are shown; only those that are still in this batch and on their way.
    number
        Of the batch.
    sent
        Called once for each file that is at Argyle.
    """

    def __init__(
        self,
        client: Client,
        journal: Path,
        finder: UserFinder,
        files: Files,
        *,
        number: int,
        sent: Sent,
    ) -> None:
        self._client, self._journal, self._finder = client, journal, finder
        self._files, self._number, self._sent = files, number, sent
        self._stop = threading.Event()
        self._told_to_stop = False
        # Whether each row is as the batch last said.
        self._is_told = True

    def stop(self) -> None:
        """Send nothing more; what is in the air ends, or is broken off before its last byte."""
        self._stop.set()

    def run(self, files: list[QueuedFile]) -> None:
        """Send these files; whatever happens is told on their rows."""
        try:
            named = self._with_users(files)
            if named and not self._stop.is_set():
                self._send(named)
        except _Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - it is told on each row
            if self._is_told:
                self._leave(files, "unsent", f"not sent: {words_of(error)}")
            else:
                self._leave(files, "unknown", f"its end could not be told: {words_of(error)}")
        if self._stop.is_set():
            self._leave(files, READY, _BACK)

    def _send(self, named: list[tuple[QueuedFile, str]]) -> None:
        files = [file for file, _ in named]
        lines = [(str(file.path), file.document_type, user) for file, user in named]
        manifest = pd.DataFrame(lines, columns=["file", "document_type", "user"], dtype=object)
        sent = upload_batch(
            self._client,
            manifest,
            journal=self._journal,
            progress=lambda progress: self._tell(files, progress),
        )
        ends = sent[["state", "upload_id", "reason"]].astype("string").fillna("").to_numpy()
        for file, (state, upload_id, reason) in zip(files, ends, strict=True):
            self._end(file, state, upload_id or None, None, reason)

    def _with_users(self, files: list[QueuedFile]) -> list[tuple[QueuedFile, str]]:
        """Put ids in the place of e-mail addresses; `upload_batch` knows all other names."""
        ids: dict[str, str] = {}
        for user in dict.fromkeys(file.user for file in files):
            if self._stop.is_set():
                break
            try:
                ids[user] = self._id_of(user) if "@" in user else user
            except ValidationError as error:
                for file in files:
                    if file.user == user:
                        self._put(file, state="unsent", message=str(error))
        return [(file, ids[file.user]) for file in files if file.user in ids]

    def _id_of(self, address: str) -> str:
        # An address may have another owner by now.
        found = self._finder.find(address, max_age=LISTED_AGAIN_SECONDS)
        if found.user:
            return found.user.id
        raise ValidationError(
            f"no single user with the e-mail address {address} is known ({found.words}): write the "
            "user's id or an external id, which may be a new one"
        )

    def _tell(self, files: list[QueuedFile], progress: Progress) -> None:
        self._is_told = False
        for row, (fraction, entry, user) in progress.lines.items():
            if entry is None:
                message = f"sending to Argyle, {fraction:.0%}"
                self._put(files[row], state=SENDING, fraction=fraction, message=message)
            elif entry.state in ("sending", "unknown", "probable"):
                self._put(files[row], state=WAITING, fraction=1.0, message=_LOOKED_FOR)
            else:
                state, reason = shown_state(entry), entry.reason or ""
                self._end(files[row], state, entry.upload_id, user, reason)
        self._is_told = True
        if self._stop.is_set() and not self._told_to_stop:
            self._told_to_stop = True
            for file in files:
                self._put(file, message="stopping")
            raise _Stopped

    def _end(
        self, file: QueuedFile, state: str, upload_id: str | None, user: str | None, reason: str
    ) -> None:
        """Take down how the sending of a file ended; the same end may be told twice."""
        if upload_id is None:
            self._put(file, state=state, message=reason or state)
        elif self._is_mine(file):
            self._sent(file, upload_id, user, reason)

    def _leave(self, files: list[QueuedFile], state: str, why: str) -> None:
        """Say of what has no end yet how it was left."""
        for file in files:
            now = self._files.find(file.key)
            if state == "unknown" or (now and now.fraction == 1.0):
                self._put(file, state="unknown", message=f"{why}; {_MAY_BE_THERE}")
            else:
                self._put(file, state=state, fraction=0.0, message=why)

    def _put(self, file: QueuedFile, **changes: Any) -> None:
        self._files.change(file.key, lambda now: changes if self._has(now) else {})

    def _is_mine(self, file: QueuedFile) -> bool:
        now = self._files.find(file.key)
        return now is not None and self._has(now)

    def _has(self, file: QueuedFile) -> bool:
        """Whether a file is on its way in this batch: what ended may be in another by now."""
        return file.batch == self._number and file.state in (WAITING, SENDING)
