"""Inspect documents in processes of their own, so that native code and bad files hurt nobody."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb import platforms

if TYPE_CHECKING:
    from types import TracebackType

UNREADABLE = "DOCUMENT IS UNREADABLE"
TOO_LONG = f"{UNREADABLE}: it takes too long to read"
TOO_LARGE = f"{UNREADABLE}: it needs more memory than this sandbox gives"
BREAKS = f"{UNREADABLE}: it breaks the PDF reader"
# What is no fault of the document.
NOT_INSPECTED = "DOCUMENT WAS NOT INSPECTED"
KILLED = f"{NOT_INSPECTED}: the computer ran out of memory or killed the inspection"
NO_READER = f"{NOT_INSPECTED}: the PDF reader does not run"
FAILED = f"{NOT_INSPECTED}: an error in this sandbox"
# Of processor time: a busy machine makes no document slow. Time by the clock is the outer bound.
CPU_SECONDS, CLOCK_SECONDS = 20.0, 60.0
# PDFium gives no memory back: a process that holds more, or has read so many, is replaced.
MAX_HELD_MB, MAX_DOCUMENTS = 300, 500
MAX_ANSWER = 50_000_000
TRIES = 2
CLOSE_SECONDS, END_SECONDS, PAUSE_SECONDS = 5.0, 2.0, 1.0
PYTHON_FAILED, INSPECTION_FAILED = 1, 2
# PDFium aborts when it gets no memory.
CAUSES = {PYTHON_FAILED: NO_READER, INSPECTION_FAILED: FAILED}
CAUSES |= platforms.exit_codes({"SIGABRT": TOO_LARGE, "SIGXCPU": TOO_LONG, "SIGKILL": KILLED})
# -P: it imports nothing from the folder that the sandbox was started in.
PACKAGE_FOLDER = Path(__file__).parents[2]
MAIN = (
    "import runpy, sys; sys.path.append(sys.argv[1]);"
    "runpy.run_module('argyle_nb.sandbox.inspection', run_name='__main__')"
)
COMMAND = (sys.executable, "-P", "-c", MAIN, str(PACKAGE_FOLDER))

logger = logging.getLogger("argyle_nb.sandbox")


class InspectorClosedError(Exception):
    """The inspector was closed before it could answer; nothing is known of the document."""


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
        self._cpu_seconds, self._clock_seconds = cpu_seconds, clock_seconds
        self._command = command
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._changed = threading.Condition()
        self._closed = False

    def __call__(self, path: Path, document_type: str) -> Inspection:
        """Inspect one file; a reader that crashes is asked once more with a new process."""
        question = {
            "path": str(path.absolute()),
            "document_type": document_type,
            "cpu_seconds": self._cpu_seconds,
        }
        problem = BREAKS
        for _ in range(TRIES):
            process = self._take()
            answer = None
            try:
                answer = process.ask(question)
            finally:
                self._give_back(process, answer)
            if answer is not None:
                return answer.inspection
            if self._closed:
                raise InspectorClosedError
            problem = process.cause_of_end()
            if problem in (TOO_LONG, TOO_LARGE):
                break
        return Inspection(problem=problem)

    def close(self) -> None:
        """End all processes, also those at work."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for process in self._busy:
                process.stop()  # the thread that waits for it puts it away
            self._changed.wait_for(lambda: not self._busy, CLOSE_SECONDS)
            while self._idle:
                self._idle.pop().end()

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
        """Return a process whose clock runs; where the machine gives none, wait until it does."""
        with self._changed:
            while not self._closed:
                try:
                    if not self._idle:
                        self._idle.append(_Process(self._command))
                    self._idle[-1].start_clock(self._clock_seconds)
                except (OSError, RuntimeError) as error:
                    logger.warning("no process to inspect documents, retrying: %s", error)
                    self._changed.wait(PAUSE_SECONDS)
                else:
                    self._busy.add(self._idle[-1])
                    return self._idle.pop()
            raise InspectorClosedError

    def _give_back(self, process: _Process, answer: _Answer | None) -> None:
        fit = answer is not None and answer.held_mb <= MAX_HELD_MB
        fit = fit and process.answered < MAX_DOCUMENTS and not self._closed
        if not fit:
            process.end()
        with self._changed:
            self._busy.discard(process)
            if fit:
                self._idle.append(process)
            self._changed.notify_all()


@dataclass(frozen=True)
class _Answer:
    """What a process found out, and how much memory it holds since."""

    inspection: Inspection
    held_mb: float


class _Process:
    """One process and the pipe to it: a line of JSON in, a line out; never a pickle."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.answered = 0
        self._late = self._talked_nonsense = False
        # Linear algebra would reserve memory for each core of a large machine.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=PACKAGE_FOLDER,
            **platforms.own_session(),  # an interrupt is for whoever asked, not for the document
        )

    def start_clock(self, seconds: float) -> None:
        """Let it end after so much time, unless it has answered the next question."""
        self._late = False
        self._timer = threading.Timer(seconds, self._time_is_up)
        self._timer.daemon = True
        self._timer.start()

    def ask(self, question: dict[str, Any]) -> _Answer | None:
        """Return the answer, or ``None`` when there is none or no sensible one."""
        try:
            answer = self._answer(question)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            self._talked_nonsense = self._process.poll() is None
            return None
        finally:
            self._timer.cancel()
        self.answered += 1
        return answer

    def _answer(self, question: dict[str, Any]) -> _Answer:
        assert self._process.stdin is not None  # noqa: S101 - told to the type checker
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(json.dumps(question).encode("ascii") + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline(MAX_ANSWER)
        if not line:  # it is about to end, and its code will say why
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        said = json.loads(line)
        return _Answer(Inspection(**said["inspection"]), float(said["held_mb"]))

    def cause_of_end(self) -> str:
        """Say in words why there was no answer."""
        if self._late:
            return TOO_LONG
        cause = CAUSES.get(self._process.wait(), BREAKS)
        if cause == NO_READER:
            logger.warning("the PDF reader does not start: is pypdfium2 installed?")
        return BREAKS if cause == KILLED and self._talked_nonsense else cause

    def stop(self) -> None:
        """Let it end at once, also in the middle of a document."""
        self._process.kill()

    def end(self) -> None:
        """End it at once and leave nothing of it behind."""
        self.stop()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _time_is_up(self) -> None:
        self._late = True
        self.stop()
