"""How far a batch is: counted by the threads that work, shown by the one that waits."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tqdm.auto import tqdm

from argyle_nb.client.retry import upload_pause
from argyle_nb.errors import (
    ApiError,
    ConfigurationError,
    DecodeError,
    TransportError,
)
from argyle_nb.uploads.jobs import RolledBack, SendOutcome, is_wrong_key, send_once
from argyle_nb.uploads.journal import JournalEntry, UploadKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.client.client import Client
    from argyle_nb.uploads.jobs import UploadJob
    from argyle_nb.uploads.journal import Journal
    from argyle_nb.uploads.users import Users


class ProgressRow(NamedTuple):
    """How far one row of the manifest is."""

    fraction: float
    entry: JournalEntry | None = None
    user: str | None = None


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
            total=self._all_bytes, unit="B", unit_scale=True, desc="upload", disable=_is_hidden()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.show()
        self._bar.close()

    def moved(self, job: UploadJob, fraction: float) -> None:
        """Take down which part of a document has left."""
        with self._lock:
            self._sent[id(job)] = int(fraction * job.document.size)
            self._moved |= dict.fromkeys(job.rows, ProgressRow(fraction))

    def finished(self, job: UploadJob) -> None:
        """Take down that a document needs nothing more."""
        with self._lock:
            self._sent[id(job)] = job.document.size
            self._finished.add(id(job))
            self._moved |= dict.fromkeys(
                job.rows, ProgressRow(1.0, job.entry, job.key.user if job.key else None)
            )

    def show(self) -> None:
        """Move the bar, and tell the callback, which may want to stop though nothing moves."""
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
                self._untold(moved)
                raise

    def _untold(self, lines: dict[int, ProgressRow]) -> None:
        """Keep for the next call what a callback that failed may not have taken down."""
        with self._lock:
            self._moved = lines | self._moved


def _is_hidden() -> bool | None:
    """Hide the bar where it cannot move; a notebook is no terminal, and shows one all the same.

    Another thread than the main one must not display anything in a notebook.
    """
    if threading.current_thread() is not threading.main_thread():
        return True
    python = sys.modules.get("IPython")
    return False if python and hasattr(python.get_ipython(), "kernel") else None


THREADS = 16
# So many documents in a row that find nobody: the rest is not tried.
_GONE_AFTER = 3
_SHOW_SECONDS, _GRACE_SECONDS = 0.1, 10.0


class UploadWorkers:
    """Sends jobs with a few threads.

    The smallest document goes ahead alone: if the key is wrong, nothing else leaves.
    """

    def __init__(
        self, client: Client, journal: Journal, users: Users, meter: ProgressReporter
    ) -> None:
        self._client, self._journal = client, journal
        self._users, self._meter = users, meter
        self._queue: deque[UploadJob] = deque()
        self._lock = threading.Lock()
        self._unreached = 0
        self._stop = threading.Event()
        self._roll_back = threading.Event()
        # `Thread.join` that is interrupted takes a thread that runs for one that has ended.
        self._at_work = 0
        self._at_rest = threading.Event()
        self._at_rest.set()
        self._fatal: BaseException | None = None

    def send(self, jobs: Iterable[UploadJob]) -> None:
        """Send all jobs; each holds its entry afterwards."""
        ordered = sorted(jobs, key=lambda job: job.document.size)
        try:
            # Somebody may have wanted to stop while the documents were hashed.
            self._meter.show()
            self._run(ordered[:1])
            self._run(ordered[1:])
        except KeyboardInterrupt:
            raise
        except BaseException:
            self._come_to_rest(_show_nobody)
            raise

    def _run(self, jobs: list[UploadJob]) -> None:
        self._queue = deque(jobs)
        try:
            for _ in range(min(THREADS, len(jobs))):
                self._begin()
            self._wait(float("inf"), self._meter.show)
        except KeyboardInterrupt:
            self._come_to_rest(self._meter.show)
            raise
        if self._fatal:
            raise self._fatal

    def leave(self, close: Callable[[], None]) -> None:
        """Call ``close`` once the last thread has ended, without waiting for it."""
        if self._at_rest.is_set():
            close()
            return

        def close_behind_them() -> None:
            self._at_rest.wait()
            close()

        threading.Thread(target=close_behind_them, daemon=True).start()

    def _begin(self) -> None:
        with self._lock:
            self._at_work += 1
            self._at_rest.clear()
        try:
            threading.Thread(target=self._work, name="argyle_nb batch", daemon=True).start()
        except Exception:
            # There is no such thread: who waits until all have ended would wait for ever.
            self._end()
            raise

    def _end(self) -> None:
        with self._lock:
            self._at_work -= 1
            if not self._at_work:
                self._at_rest.set()

    def _wait(self, seconds: float, show: Callable[[], None]) -> None:
        """Show how far it is until all threads have ended."""
        deadline = time.monotonic() + seconds
        while not self._at_rest.wait(_SHOW_SECONDS) and time.monotonic() < deadline:
            show()
        show()

    def _come_to_rest(self, show: Callable[[], None]) -> None:
        self._stop.set()
        try:
            self._wait(_GRACE_SECONDS, show)
        finally:
            self._roll_back.set()
        self._wait(float("inf"), show)

    def _work(self) -> None:
        try:
            while job := self._next():
                self._do(job)
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
            self._fatal = self._fatal or error
            self._stop.set()
        finally:
            self._end()

    def _next(self) -> UploadJob | None:
        with self._lock:
            return self._queue.popleft() if self._queue and not self._stop.is_set() else None

    def _do(self, job: UploadJob) -> None:
        if self._unreached >= _GONE_AFTER:
            job.entry = JournalEntry("new", None, "not tried: the service cannot be reached")
            return
        ending = self._tried(job)
        job.entry = ending.entry
        self._meter.finished(job)
        if is_wrong_key(ending.error) or isinstance(ending.error, ConfigurationError):
            assert ending.error is not None  # noqa: S101 - told to the type checker
            raise ending.error
        with self._lock:
            unreached = isinstance(ending.error, TransportError)
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
            user = self._users.id_of(job.user)
        except (ApiError, DecodeError, TransportError, ConfigurationError) as error:
            return SendOutcome(JournalEntry("new", None, str(error)), error)
        if self._stop.is_set():  # the look-up may have taken long
            return SendOutcome(job.entry)
        scope = self._client.settings.journal_scope
        job.key = UploadKey(scope, job.document.sha256, job.document_type, user)
        try:
            return send_once(
                self._client, self._journal, job.key, job.document, self._progress_of(job)
            )
        finally:
            job.took(started)

    def _progress_of(self, job: UploadJob) -> Callable[[int, int], None]:
        def moved(sent: int, total: int) -> None:
            if self._roll_back.is_set():
                raise RolledBack
            self._meter.moved(job, sent / total)

        return moved


def _show_nobody() -> None:
    """Stand in for a callback that has failed."""


def _pause(job: UploadJob, ending: SendOutcome, tries: int) -> float | None:
    """Give the seconds before the next try; ``None`` where there is none."""
    if ending.entry.state != "new":
        return None
    # A look-up of a user was tried several times already.
    in_look_up = not job.key and isinstance(ending.error, TransportError)
    return None if in_look_up else upload_pause(ending.error, tries)
