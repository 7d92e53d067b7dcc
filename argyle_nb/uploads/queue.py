"""`UploadQueue`: documents taken in one by one, sent in batches, and followed to their scores."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from argyle_nb.documents import safe_name
from argyle_nb.errors import ValidationError, words_of
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.models import UserUpload, checked_type
from argyle_nb.uploads.batch import send_jobs
from argyle_nb.uploads.jobs import (
    ALREADY_THERE,
    Borrower,
    borrower_of,
    check_upload_log,
    jobs_of,
    shown_state,
)
from argyle_nb.uploads.log import BatchFile, UploadLog
from argyle_nb.uploads.queue_files import (
    CAN_BE_CHANGED,
    DONE,
    READING,
    READY,
    SENDING,
    UNREAD,
    WAITING,
    QueuedFile,
    QueuedFiles,
    checked,
    drop_copy,
    is_wanted,
)
from argyle_nb.uploads.queue_threads import FileInspector, StatusFollower, outcome, under_way
from argyle_nb.uploads.users import LISTED_AGAIN_SECONDS, UserFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.uploads.log import LogEntry, UploadKey
    from argyle_nb.uploads.queue_threads import StatusUpdate
    from argyle_nb.uploads.workers import Progress

    # The file, its upload's id, its user's id, how it came to Argyle, and what it is a copy of.
    OnSent = Callable[[QueuedFile, str, str | None, str, str], None]

_SEARCHED_FOR = "Not confirmed yet. Checking whether Argyle stored it (up to 2 minutes)"
_MAY_BE_THERE = "It may be stored. Select Retry: it checks Argyle first."
_STOPPED = "Stopped before it was sent"
_DUPLICATE = "Duplicate of {} (same content, type and borrower): not sent again"
_BEFORE = "Uploaded before the interruption"
_ARRIVED = "Uploaded. Waiting for results"
_LOST = "The batch was interrupted, and this file is no longer on the Jupyter server. Add it again."
_OTHER_CONTENT = (
    "The file has changed since the interrupted batch. Select Upload to send it as it is."
)
# What a document costs besides its bytes, in bytes, when the time that is left is estimated.
_BYTES_A_DOCUMENT = 100_000


class SendProgress(NamedTuple):
    """How far the batches are that are on their way: documents with an end, all, and their share.

    The share counts bytes, and something for each document besides.
    """

    ended: int
    all: int
    share: float
    seconds: float  # since the first of these batches began


class Interrupted(NamedTuple):
    """What batches left whose Python has ended: documents by what the upload log knows of them."""

    not_sent: int = 0
    not_confirmed: int = 0
    sent: int = 0


class UploadQueue:
    """Takes documents in, sends them as `upload_batch` does, and follows each to its score.

    May be used from several threads. Nothing of it needs a browser: `UploadPanel` is its view.
    ``on_change`` is called with the key of a file that changed, from any thread, so it must be
    quick.
    """

    def __init__(
        self,
        client: Client,
        upload_log: Path | str | None = None,
        *,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        # Python may be told to work in another folder later.
        self.upload_log = UploadLog(check_upload_log(upload_log).absolute())
        self._files = QueuedFiles(on_change)
        self._inspector = FileInspector(self._files)
        self._batches: dict[int, QueueBatch] = {}
        self._recorded: set[str] = set()
        self._resumed: set[str] = set()
        self._count = 0
        self._lock = threading.Lock()
        self._uploads: dict[str, UserUpload] = {}
        self._keys: dict[str, list[str]] = {}
        self.use(client)

    def use(self, client: Client) -> None:
        """Go on with another client of the same place, such as one with a corrected key."""
        self.client = client
        self.finder = UserFinder(client)
        self._follower = StatusFollower(client, self._update)

    @property
    def files(self) -> list[QueuedFile]:
        """All files in the order in which they were added."""
        return self._files.all()

    @property
    def is_sending(self) -> bool:
        """Whether something is on its way to Argyle."""
        return bool(self._batches)

    @property
    def progress(self) -> SendProgress | None:
        """How far sending is; none where nothing is being sent."""
        batches = dict(self._batches)
        files = [file for file in self.files if file.batch in batches]
        if not files:
            return None
        ended = share = whole = 0.0
        for file in files:
            is_over = file.state not in (WAITING, SENDING)
            weight = file.size + _BYTES_A_DOCUMENT
            ended += is_over
            share += weight * (1.0 if is_over else file.fraction * file.size / weight)
            whole += weight
        seconds = time.monotonic() - min(batch.began for batch in batches.values())
        return SendProgress(int(ended), len(files), share / whole, seconds)

    @property
    def interrupted(self) -> Interrupted:
        """What batches left that were under way in this upload log when their Python ended."""
        states = [file.state for file in self.upload_log.interrupted(self._scope)]
        return Interrupted(*(states.count(state) for state in ("new", "not_confirmed", "uploaded")))

    @property
    def _scope(self) -> str:
        return self.client.settings.log_scope

    @property
    def uploads(self) -> list[UserUpload]:
        """The newest answer for each upload; a document that is twice in the queue counts once."""
        ids = dict.fromkeys(file.upload_id for file in self.files if file.upload_id)
        return [self._uploads[upload_id] for upload_id in ids]

    @property
    def frame(self) -> pd.DataFrame:
        """What came to Argyle, as `uploads_frame` gives it."""
        return uploads_frame(self.uploads)

    def find(self, key: str) -> QueuedFile | None:
        """Give one file as it is now."""
        return self._files.find(key)

    def add(
        self,
        path: Path | str,
        *,
        key: str | None = None,
        document_type: str = "",
        user: str = "",
        is_copy: bool = False,
    ) -> str:
        """Take in one document, which is inspected in another thread, and give its key.

        Its type is guessed by default. Its user is an id, an external id or an email address. A
        copy is removed once it is at Argyle.
        """
        key, path = key or uuid.uuid4().hex, Path(path).absolute()
        file = QueuedFile(key, path, safe_name(path.name), is_copy, user=user.strip())
        if document_type:
            file = replace(file, document_type=checked_type(document_type), is_guess=False)
        if self._files.add(file):
            self._inspector.inspect(key)
        return key

    def set(
        self, keys: Iterable[str], *, document_type: str | None = None, user: str | None = None
    ) -> list[QueuedFile]:
        """Say what documents are or whose they are; give those for which it is too late.

        Those under way, those at Argyle and those that may be there stay as they are: as another
        type or for another user they would be sent a second time.
        """
        changes: dict[str, Any] = {}
        if document_type is not None:
            changes |= {"document_type": checked_type(document_type), "is_guess": False}
        if user is not None:
            changes["user"] = user.strip()
        late = []
        for key in keys:
            changed = self._files.change(
                key, lambda file: changes if file.state in CAN_BE_CHANGED else {}
            )
            if changed is None and (file := self.find(key)):
                late.append(file)
        return late

    def remove(self, key: str) -> bool:
        """Take a file off the list, and remove a private copy; not while it is on its way."""
        file = self.find(key)
        if not self._files.remove(key):
            return False
        self._forget([key])
        upload_id = file.upload_id if file else ""
        with self._lock:
            if others := [other for other in self._keys.pop(upload_id, []) if other != key]:
                self._keys[upload_id] = others
            else:
                self._uploads.pop(upload_id, None)
        return True

    def send(self, keys: Iterable[str] | None = None) -> threading.Thread:
        """Send what is ready, in a thread of its own, so that cells can still run.

        With keys: these, also where an earlier try failed. Nothing is sent while one of them lacks
        a type or a user. The thread ends when each is at Argyle or failed; scores may come later.
        """
        named = None if keys is None else set(keys)

        def choose(files: list[QueuedFile]) -> list[QueuedFile]:
            return checked([file for file in files if is_wanted(file, named)])

        with self._lock:
            self._count += 1
            number = self._count
        batch = QueueBatch(
            self.client,
            self.upload_log.path,
            self.finder,
            self._files,
            number=number,
            on_sent=self._arrived,
        )
        # Before the rows show it: what they show and whether it can be stopped go together.
        self._batches[number] = batch
        files: list[QueuedFile] = []
        worker = threading.Thread(
            target=self._run, args=(number, batch, files), name="argyle_nb upload", daemon=True
        )
        try:
            files += self._files.take(
                choose, state=WAITING, batch=number, fraction=0.0, message="Waiting to be sent"
            )
            self._record(files)
            worker.start()
        except BaseException:
            self._batches.pop(number)
            for file in files:
                self._files.put(file.key, state=READY, message="Ready")
            raise
        return worker

    def _record(self, files: list[QueuedFile]) -> None:
        self._recorded |= {file.key for file in files}
        self.upload_log.record(
            self._scope,
            [
                BatchFile(
                    file.key,
                    str(file.path),
                    file.is_copy,
                    file.document.sha256 if file.document else "",
                    file.document_type,
                    file.user,
                )
                for file in files
            ],
        )

    def _forget(self, keys: Iterable[str]) -> None:
        if known := self._recorded.intersection(keys):
            self._recorded -= known
            self.upload_log.forget(self._scope, known)

    def kept_paths(self) -> frozenset[Path]:
        """Give the private copies of what was to be sent and is not at Argyle yet."""
        waiting = [file for file in self.files if file.is_copy and file.key in self._recorded]
        return frozenset(file.path for file in waiting if not file.upload_id)

    def resume(self) -> threading.Thread | None:
        """Take what interrupted batches left into the queue, and send what is as it was then."""
        left = self.upload_log.interrupted(self._scope)
        # From now on it is ours: should this Python end as well, the next one finds all of it.
        self._recorded |= {old.file for old in left}
        self.upload_log.record(self._scope, left)
        self._resumed |= {old.file for old in left}
        keys = [old.file for old in left if self._take_over(old)]
        return self.send(keys) if keys else None

    def discard(self) -> None:
        """Forget what interrupted batches left, and remove private copies of it."""
        left = self.upload_log.interrupted(self._scope)
        self.upload_log.forget(self._scope, [old.file for old in left])
        for old in left:
            drop_copy(_queued(old))

    def _take_over(self, old: BatchFile) -> bool:
        """Put a file of an interrupted batch on the list; whether it can be sent as it is."""
        file = _queued(old)
        if not self._files.add(file):
            return False
        if old.upload_id and not file.path.exists():
            self._arrived(file, old.upload_id, None, _BEFORE, "")
            return False
        self._inspector.inspect_now(old.file)
        now = self.find(old.file)
        if now is None or now.document is None:
            if not file.path.exists():
                self._files.put(old.file, message=_LOST)
            return False
        if now.document.sha256 != old.sha256:
            self._files.put(old.file, message=_OTHER_CONTENT)
            return False
        return True

    def stop(self) -> None:
        """Send nothing more; what is being sent ends, or is broken off before its last byte."""
        for batch in list(self._batches.values()):
            batch.stop()

    def look_again(self, key: str) -> None:
        """Ask Argyle again what came of a document."""
        again = {"state": READING, "message": "Asking Argyle again"}
        file = self._files.change(key, lambda f: again if f.state in (DONE, UNREAD) else {})
        if file:
            self._follower.follow([self._uploads[file.upload_id]])

    def earlier(self, count: int = 50) -> list[tuple[UploadKey, LogEntry, str]]:
        """Give what the upload log says of documents that are not at Argyle through this queue."""
        here = {upload.id for upload in self.uploads}
        rows = self.upload_log.latest(self._scope, count + len(here))
        return [row for row in rows if row[1].upload_id not in here][:count]

    def _run(self, number: int, batch: QueueBatch, files: list[QueuedFile]) -> None:
        try:
            if unchanged := [file for file in files if self._inspector.is_unchanged(file)]:
                batch.run(unchanged)
        finally:
            self._batches.pop(number, None)
            for file in files:
                self._files.notify(file.key)

    def _arrived(
        self, file: QueuedFile, upload_id: str, user: str | None, how: str, duplicate_of: str
    ) -> None:
        """Show that Argyle has a document, and follow it to its score."""
        self.upload_log.arrived(self._scope, file.key, upload_id)
        self._recorded.discard(file.key)
        if duplicate_of == file.name and file.key in self._resumed:
            how, duplicate_of = _BEFORE, ""
        new = UserUpload(upload_id, user=user, requested_document_type=file.document_type)
        with self._lock:
            upload = self._uploads.setdefault(upload_id, new)
            self._keys.setdefault(upload_id, []).append(file.key)
        self._files.put(
            file.key,
            state=READING,
            fraction=1.0,
            message=_joined(how, _ARRIVED),
            how=how,
            duplicate_of=duplicate_of,
            upload_id=upload_id,
        )
        drop_copy(file)
        self._follower.follow([upload])

    def _update(self, update: StatusUpdate) -> None:
        """Show how far Argyle has read an upload."""
        with self._lock:
            if update.upload.id in self._keys:
                self._uploads[update.upload.id] = update.upload
            keys = list(self._keys.get(update.upload.id, []))
        for key in keys:
            self._files.change(key, lambda file: _changes_by(update, file.how))


def _changes_by(update: StatusUpdate, how: str) -> dict[str, Any]:
    if update.state == "moves":
        return {"message": _joined(how, update.reason or under_way(update.upload))}
    if update.state == "left":
        return {"state": UNREAD, "message": _joined(how, update.reason)}
    end = outcome(update.upload, update.reason)
    return {
        "state": DONE,
        "message": _joined(how, end.message),
        "found_type": update.upload.document_type or "",
        "score": end.score,
        "level": end.level,
        "signal_count": end.signal_count,
        "signals": end.signals,
    }


def _queued(old: BatchFile) -> QueuedFile:
    path = Path(old.path)
    return QueuedFile(
        old.file,
        path,
        safe_name(path.name),
        bool(old.is_copy),
        document_type=old.document_type,
        is_guess=False,
        user=old.borrower,
    )


def _joined(*parts: str) -> str:
    *before, last = [part for part in parts if part] or [""]
    return ". ".join([*(part.rstrip(".") for part in before), last])


class _StopRequest(KeyboardInterrupt):
    """Somebody wants a batch to end, which it then does as at an interrupt."""


class QueueBatch:
    """One batch of a queue: sends files, and shows on their rows how each is and how it ended."""

    def __init__(
        self,
        client: Client,
        upload_log: Path,
        finder: UserFinder,
        files: QueuedFiles,
        *,
        number: int,
        on_sent: OnSent,
    ) -> None:
        self._client, self._log, self._finder = client, upload_log, finder
        self._files, self._number, self._on_sent = files, number, on_sent
        self.began = time.monotonic()
        # The key of a file -> the name of the first one of the same content, type and user.
        self._first_names: dict[str, str] = {}
        self._stop = threading.Event()
        self._is_stopping = False
        # Whether each row shows what the batch last reported.
        self._is_current = True

    def stop(self) -> None:
        """Send nothing more; what is being sent ends, or is broken off before its last byte."""
        self._stop.set()

    def run(self, files: list[QueuedFile]) -> None:
        """Send these files; whatever happens is shown on their rows."""
        try:
            named = self._with_users(files)
            if named and not self._stop.is_set():
                self._send(named)
        except _StopRequest:
            pass
        except Exception as error:  # noqa: BLE001 - it is shown on each row
            if self._is_current:
                self._leave(files, "not_sent", words_of(error))
            else:
                self._leave(files, "not_confirmed", words_of(error))
        if self._stop.is_set():
            self._leave(files, READY, _STOPPED)

    def _send(self, named: list[tuple[QueuedFile, Borrower]]) -> None:
        files = [file for file, _ in named]
        rows = {
            row: (file.document, file.document_type, borrower)
            for row, (file, borrower) in enumerate(named)
            if file.document
        }
        jobs = jobs_of(rows)
        self._first_names = {
            files[row].key: files[job.rows[0]].name for job in jobs for row in job.rows[1:]
        }
        send_jobs(self._client, jobs, self._log, progress=lambda now: self._show(files, now))
        for job in jobs:
            user = job.key.user if job.key else None
            for row in job.rows:
                self._end(files[row], job.entry, user, job.reason_for(row) or "")

    def _with_users(self, files: list[QueuedFile]) -> list[tuple[QueuedFile, Borrower]]:
        """Find whose email addresses these are; `send_jobs` knows all other names."""
        borrowers: dict[str, Borrower] = {}
        for user in dict.fromkeys(file.user for file in files):
            if self._stop.is_set():
                break
            try:
                borrowers[user] = self._owner_of(user) if "@" in user else borrower_of(user)
            except ValidationError as error:
                for file in files:
                    if file.user == user:
                        self._put(file, state="not_sent", message=str(error))
        return [(file, borrowers[file.user]) for file in files if file.user in borrowers]

    def _owner_of(self, address: str) -> Borrower:
        # An address may have another owner by now.
        match = self._finder.find(address, max_age=LISTED_AGAIN_SECONDS)
        if match.user:
            return Borrower(match.user.id, match.user.external_id or "")
        raise ValidationError(f"{address}: {match.words}")

    def _show(self, files: list[QueuedFile], progress: Progress) -> None:
        self._is_current = False
        for row, (fraction, entry, user) in progress.rows.items():
            if entry is None:
                message = f"Sending to Argyle, {fraction:.0%}"
                self._put(files[row], state=SENDING, fraction=fraction, message=message)
            elif entry.state in ("sending", "not_confirmed", "possible_match"):
                self._put(files[row], state=WAITING, fraction=1.0, message=_SEARCHED_FOR)
            else:
                self._end(files[row], entry, user, entry.reason or "")
        self._is_current = True
        if self._stop.is_set() and not self._is_stopping:
            self._is_stopping = True
            for file in files:
                self._put(file, message="Stopping")
            raise _StopRequest

    def _end(self, file: QueuedFile, entry: LogEntry, user: str | None, reason: str) -> None:
        """Show how the sending of a file ended; the same end may come twice."""
        if entry.upload_id is None:
            # It is only not certain whose it is: another user can be chosen.
            state = "not_sent" if entry.state == "invalid" else shown_state(entry)
            # The next try compares the content again.
            self._put(file, state=state, message=reason or state, stamp=None)
        elif (now := self._files.find(file.key)) and self._has(now):
            before = entry.name if entry.reason == ALREADY_THERE else ""
            duplicate_of = self._first_names.get(file.key) or before
            how = _DUPLICATE.format(duplicate_of) if duplicate_of else reason
            self._on_sent(file, entry.upload_id, user, how, duplicate_of)

    def _leave(self, files: list[QueuedFile], state: str, why: str) -> None:
        """Show of what has no end yet how it was left."""
        for file in files:
            now = self._files.find(file.key)
            if state == "not_confirmed" or (now and now.fraction == 1.0):
                message = f"{why.rstrip('.')}. {_MAY_BE_THERE}"
                self._put(file, state="not_confirmed", message=message)
            else:
                self._put(file, state=state, fraction=0.0, message=why)

    def _put(self, file: QueuedFile, **changes: Any) -> None:
        self._files.change(file.key, lambda now: changes if self._has(now) else {})

    def _has(self, file: QueuedFile) -> bool:
        """Whether a file is on its way in this batch: what ended may be in another by now."""
        return file.batch == self._number and file.state in (WAITING, SENDING)
