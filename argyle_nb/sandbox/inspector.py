"""Inspect documents in processes of their own, so that native code and hostile files hurt nobody."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

UNREADABLE = "DOCUMENT IS UNREADABLE"
# Of processor time: a busy machine makes no document slow. Time by the clock is the outer bound.
CPU_SECONDS, CLOCK_SECONDS = 20.0, 60.0
# PDFium gives no memory back: a process that holds more, or has read so many, is replaced.
MAX_HELD_MB, MAX_DOCUMENTS = 300, 500
COMMAND = (sys.executable, "-m", "argyle_nb.sandbox.inspection")
TOO_LONG = "it takes too long to read"
TOO_LARGE = "it needs more memory than this sandbox gives"


@dataclass(frozen=True)
class Inspection:
    """What the sandbox found out about one document.

    `problem` says why it cannot be processed; what was not found or not read is ``None``.
    """

    found_type: str | None = None
    problem: str | None = None
    ocr_data: dict[str, Any] | None = None
    ocr_authenticity: dict[str, Any] | None = None
    ocr_authenticity_score: int | None = None


class Inspector:
    """Hands documents to processes that are started when needed, one for each thread that asks."""

    def __init__(
        self,
        *,
        cpu_seconds: float = CPU_SECONDS,
        clock_seconds: float = CLOCK_SECONDS,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._limits = (cpu_seconds, clock_seconds)
        self._command = command
        self._idle: queue.LifoQueue[_Process] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._all: set[_Process] = set()
        self._closed = False

    def __call__(self, path: Path, document_type: str) -> Inspection:
        """Inspect one file; a reader that crashes is asked once more with a new process."""
        for _ in range(2):
            process = self._take()
            answer = process.ask(path, document_type)
            if answer is not None:
                self._give_back(process, answer)
                return Inspection(**answer["inspection"])
            self._drop(process)
            if problem := process.end():
                return Inspection(problem=f"{UNREADABLE}: {problem}")
        return Inspection(problem=f"{UNREADABLE}: it breaks the PDF reader")

    def close(self) -> None:
        """End all processes, also those at work."""
        with self._lock:
            self._closed = True
            processes, self._all = self._all, set()
        for process in processes:
            process.kill()

    def __enter__(self) -> Inspector:  # noqa: PYI034 - it is not meant to be derived from
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self) -> _Process:
        with suppress(queue.Empty):
            return self._idle.get_nowait()
        process = _Process(self._command, *self._limits)
        with self._lock:
            self._all.add(process)
            closed = self._closed
        if closed:
            process.kill()
        return process

    def _give_back(self, process: _Process, answer: dict[str, Any]) -> None:
        process.documents += 1
        if answer["held_mb"] > MAX_HELD_MB or process.documents >= MAX_DOCUMENTS:
            self._drop(process)
        else:
            self._idle.put(process)

    def _drop(self, process: _Process) -> None:
        with self._lock:
            self._all.discard(process)
        process.kill()


class _Process:
    """One process and the pipe to it: a line of JSON in, a line out; never a pickle."""

    def __init__(self, command: tuple[str, ...], cpu_seconds: float, clock_seconds: float) -> None:
        self.documents = 0
        self._cpu_seconds, self._clock_seconds = cpu_seconds, clock_seconds
        self._timed_out = False
        # Linear algebra would reserve memory for each core of a large machine.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            encoding="utf-8",
        )

    def ask(self, path: Path, document_type: str) -> dict[str, Any] | None:
        """Return the answer, or ``None`` when the process ended instead."""
        question = {
            "path": str(path),
            "document_type": document_type,
            "cpu_seconds": self._cpu_seconds,
        }
        timer = threading.Timer(self._clock_seconds, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            assert self._process.stdin is not None  # noqa: S101 - told to the type checker
            assert self._process.stdout is not None  # noqa: S101
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (OSError, ValueError):  # it is gone, or its answer broke off
            return None
        else:
            return answer
        finally:
            timer.cancel()

    def end(self) -> str | None:
        """Say why the process ended by itself; ``None`` for a crash that says nothing."""
        code = self._process.wait()
        if self._timed_out or code == -getattr(signal, "SIGXCPU", 0):
            return TOO_LONG
        # PDFium ends the process when it gets no memory.
        return TOO_LARGE if code == -signal.SIGABRT else None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _time_out(self) -> None:
        self._timed_out = True
        self._process.kill()
