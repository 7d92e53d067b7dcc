"""How far a batch is: counted by the threads that work, shown by the one that waits."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tqdm.auto import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.uploads.jobs import Job
    from argyle_nb.uploads.journal import Entry


class Line(NamedTuple):
    """How far one row of the manifest is.

    Parameters
    ----------
    fraction
        Of the document's bytes that have left, 0 to 1.
    entry
        How its first sending ended; ``None`` while it goes on.
    user
        The user's id, once it is known.
    """

    fraction: float
    entry: Entry | None = None
    user: str | None = None


class Progress(NamedTuple):
    """How far a batch is.

    Parameters
    ----------
    files, all_files
        Different documents that are finished, and in all.
    bytes, all_bytes
        Their bytes that have left, and in all.
    lines
        Position in the manifest -> `Line`, for the rows that moved since the last call.
    """

    files: int
    all_files: int
    bytes: int
    all_bytes: int
    lines: dict[int, Line]


class Meter:
    """A bar on the screen and a callback, both only ever moved by the thread that waits.

    Parameters
    ----------
    jobs
        What there is to do.
    callback
        Called with a `Progress`, at most about ten times a second, and at the end.
    """

    def __init__(self, jobs: list[Job], callback: Callable[[Progress], None] | None) -> None:
        self._all_files, self._all_bytes = len(jobs), sum(job.document.size for job in jobs)
        self._callback = callback
        self._lock = threading.Lock()
        self._sent: dict[int, int] = {}
        self._finished: set[int] = set()
        self._moved: dict[int, Line] = {}
        self._bar: Any = tqdm(
            total=self._all_bytes, unit="B", unit_scale=True, desc="upload", disable=_is_hidden()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.show()
        self._bar.close()

    def moved(self, job: Job, fraction: float) -> None:
        """Take down which part of a document has left."""
        with self._lock:
            self._sent[id(job)] = int(fraction * job.document.size)
            self._moved |= dict.fromkeys(job.rows, Line(fraction))

    def finished(self, job: Job) -> None:
        """Take down that a document needs nothing more."""
        with self._lock:
            self._sent[id(job)] = job.document.size
            self._finished.add(id(job))
            self._moved |= dict.fromkeys(
                job.rows, Line(1.0, job.entry, job.key.user if job.key else None)
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

    def _untold(self, lines: dict[int, Line]) -> None:
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
