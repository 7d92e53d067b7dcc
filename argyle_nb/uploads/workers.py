"""The threads that send jobs, and the progress that they report.

The thread that asked for it only waits: it alone moves the bar and calls the callback.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tqdm.auto import tqdm

from argyle_nb.client.polling import bar_is_hidden
from argyle_nb.client.retry import upload_pause
from argyle_nb.errors import (
    ApiError,
    ConfigurationError,
    DecodeError,
    TransportError,
    ValidationError,
)
from argyle_nb.uploads.jobs import RolledBack, SendOutcome, is_wrong_key, send_once
from argyle_nb.uploads.log import SENDABLE, LogEntry, UploadKey
from argyle_nb.uploads.reconcile import ListedBefore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.client.client import Client
    from argyle_nb.uploads.jobs import UploadJob
    from argyle_nb.uploads.log import UploadLog
    from argyle_nb.uploads.users import Users


class ProgressRow(NamedTuple):
    """How far one row is."""

    fraction: float  # of its bytes that have left, 0 to 1
    entry: LogEntry | None = None  # how sending it ended; none while it goes on
    user: str | None = None  # an id, once it is known


class Progress(NamedTuple):
    """How far a batch is.

    Parameters
    ----------
    files, all_files
        Different documents that are finished, and in all.
    bytes, all_bytes
        Their bytes that have left, and in all.
    rows
        Position in the manifest -> `ProgressRow`, for the rows that moved since the last call.
    """

    files: int
    all_files: int
    bytes: int
    all_bytes: int
    rows: dict[int, ProgressRow]


class ProgressReporter:
    """A bar on the screen and a callback, both only ever moved by the thread that waits."""

    def __init__(self, jobs: list[UploadJob], callback: Callable[[Progress], None] | None) -> None:
        self._all_files, self._all_bytes = len(jobs), sum(job.document.size for job in jobs)
        self._callback = callback
        self._lock = threading.Lock()
        self._sent: dict[int, int] = {}
        self._finished: set[int] = set()
        self._moved: dict[int, ProgressRow] = {}
        self._bar: Any = tqdm(
            total=self._all_bytes, unit="B", unit_scale=True, desc="upload", disable=bar_is_hidden()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.show()
        self._bar.close()

    def moved(self, job: UploadJob, fraction: float) -> None:
        """Record which part of a document has left."""
        with self._lock:
            self._sent[id(job)] = int(fraction * job.document.size)
            self._moved |= dict.fromkeys(job.rows, ProgressRow(fraction))

    def finished(self, job: UploadJob) -> None:
        """Record that the sending of a document has ended."""
        with self._lock:
            self._sent[id(job)] = job.document.size
            self._finished.add(id(job))
            self._moved |= dict.fromkeys(
                job.rows, ProgressRow(1.0, job.entry, job.key.user if job.key else None)
            )

    def show(self) -> None:
        """Move the bar, and call the callback, which may want to stop though nothing moves."""
        with self._lock:
            files, sent = len(self._finished), sum(self._sent.values())
            moved, self._moved = self._moved, {}
        self._bar.set_postfix_str(f"{files} of {self._all_files} files", refresh=False)
        self._bar.update(sent - self._bar.n)
        if self._callback:
            progress = Progress(files, self._all_files, sent, self._all_bytes, moved)
            try:
                self._callback(progress)
            except BaseException:
                # For the next call: a callback that failed may not have noticed these.
                with self._lock:
                    self._moved = moved | self._moved
                raise


THREADS = 16
# So many documents in a row that find nobody: the rest is not tried.
_GONE_AFTER = 3
_SHOW_SECONDS, _GRACE_SECONDS = 0.1, 10.0


class UploadWorkers:
    """Sends jobs with a few threads.

    The smallest document goes ahead alone: if the key is wrong, nothing else leaves.
    """

    def __init__(
        self, client: Client, upload_log: UploadLog, users: Users, reporter: ProgressReporter
    ) -> None:
        self._client, self._log = client, upload_log
        self._users, self._reporter = users, reporter
        self._before = ListedBefore(client, upload_log)
        self._queue: deque[UploadJob] = deque()
        self._lock = threading.Lock()
        self._unreached = 0
        self._stop = threading.Event()
        self._roll_back = threading.Event()
        # `Thread.join` that is interrupted takes a thread that runs for one that has ended.
        self._active = 0
        self._idle = threading.Event()
        self._idle.set()
        self._fatal: BaseException | None = None

    def send(self, jobs: Iterable[UploadJob]) -> None:
        """Send all jobs; each holds its entry afterwards.

        A refused key, an upload log that fails and whatever the callback raises are raised once
        what is being sent has ended, or was broken off before its last byte; only a second
        interrupt leaves it to end by itself.
        """
        ordered = sorted(jobs, key=lambda job: job.document.size)
        try:
            # Somebody may have wanted to stop while the documents were hashed.
            self._reporter.show()
            self._run(ordered[:1])
            self._run(ordered[1:])
        except KeyboardInterrupt:
            raise
        except BaseException:
            self._finish_active(_show_nothing)
            raise

    def _run(self, jobs: list[UploadJob]) -> None:
        self._queue = deque(jobs)
        try:
            for _ in range(min(THREADS, len(jobs))):
                self._start_thread()
            self._wait(float("inf"), self._reporter.show)
        except KeyboardInterrupt:
            self._finish_active(self._reporter.show)
            raise
        if self._fatal:
            raise self._fatal

    def call_when_idle(self, close: Callable[[], None]) -> None:
        """Call this once the last thread has ended, without waiting for it."""
        if self._idle.is_set():
            close()
            return

        def wait_and_close() -> None:
            self._idle.wait()
            close()

        threading.Thread(target=wait_and_close, daemon=True).start()

    def _start_thread(self) -> None:
        with self._lock:
            self._active += 1
            self._idle.clear()
        try:
            threading.Thread(target=self._run_thread, name="argyle_nb batch", daemon=True).start()
        except Exception:
            # There is no such thread: who waits until all have ended would wait for ever.
            self._thread_ended()
            raise

    def _thread_ended(self) -> None:
        with self._lock:
            self._active -= 1
            if not self._active:
                self._idle.set()

    def _wait(self, seconds: float, show: Callable[[], None]) -> None:
        """Show how far it is until all threads have ended."""
        deadline = time.monotonic() + seconds
        while not self._idle.wait(_SHOW_SECONDS) and time.monotonic() < deadline:
            show()
        show()

    def _finish_active(self, show: Callable[[], None]) -> None:
        self._stop.set()
        try:
            self._wait(_GRACE_SECONDS, show)
        finally:
            self._roll_back.set()
        self._wait(float("inf"), show)

    def _run_thread(self) -> None:
        try:
            while job := self._next():
                self._send(job)
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
            self._fatal = self._fatal or error
            self._stop.set()
        finally:
            self._thread_ended()

    def _next(self) -> UploadJob | None:
        with self._lock:
            return self._queue.popleft() if self._queue and not self._stop.is_set() else None

    def _send(self, job: UploadJob) -> None:
        if self._unreached >= _GONE_AFTER:
            job.entry = LogEntry("new", None, "Not tried: Argyle can't be reached.")
            return
        job.entry, error, _ = self._tried(job)
        self._reporter.finished(job)
        if error and (is_wrong_key(error) or isinstance(error, ConfigurationError)):
            raise error
        with self._lock:
            unreached = isinstance(error, TransportError)
            self._unreached = self._unreached + 1 if unreached else 0

    def _tried(self, job: UploadJob) -> SendOutcome:
        """Try again where certainly nothing was stored, each time after a longer pause."""
        tries = 0
        while True:
            ending = self._try(job)
            tries += 1
            pause = _pause(job, ending, tries)
            if pause is None or self._stop.wait(pause):
                return ending

    def _try(self, job: UploadJob) -> SendOutcome:
        started = time.monotonic()
        try:
            user = self._users.user_of(job.borrower)
            scope = self._client.settings.log_scope
            key = UploadKey(scope, job.document.sha256, job.document_type, user.id)
            is_listed = self._is_listed(key, is_new_user=user.is_new)
        except (ApiError, DecodeError, TransportError, ConfigurationError) as error:
            is_unclear = isinstance(error, ValidationError) and error.status is None
            state = "invalid" if is_unclear else "new"
            return SendOutcome(LogEntry(state, None, str(error)), error)
        if self._stop.is_set():  # the look-up may have taken long
            return SendOutcome(job.entry)
        job.key, was_sent = key, True
        try:
            outcome = send_once(
                self._client,
                self._log,
                key,
                job.document,
                self._progress_of(job),
                external_id=job.borrower.external_id or None,
                is_listed=is_listed,
            )
            was_sent = outcome.was_sent
        finally:
            job.took(started, was_sent=was_sent)
        return outcome

    def _is_listed(self, key: UploadKey, *, is_new_user: bool) -> bool:
        """List what a user has before something new is sent; tell whether that is all known."""
        known = self._log.entry(key)
        if known and known.state not in SENDABLE:
            return False
        return self._before.note(key.user, is_new=is_new_user)

    def _progress_of(self, job: UploadJob) -> Callable[[int, int], None]:
        def moved(sent: int, total: int) -> None:
            if self._roll_back.is_set():
                raise RolledBack
            self._reporter.moved(job, sent / total)

        return moved


def _show_nothing() -> None:
    """Stand in for the reporter, whose callback has failed."""


def _pause(job: UploadJob, ending: SendOutcome, tries: int) -> float | None:
    """Give the seconds before the next try; ``None`` where there is none."""
    if ending.entry.state != "new":
        return None
    # A look-up of a user was tried several times already.
    in_look_up = not job.key and isinstance(ending.error, TransportError)
    return None if in_look_up else upload_pause(ending.error, tries)
