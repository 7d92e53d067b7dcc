"""The process that inspects: a line of JSON names a document, a line of JSON answers."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from argyle_nb.sandbox.inspection import inspect
from argyle_nb.sandbox.inspector import INSPECTION_FAILED

# Windows has no such limits: there the clock of the asking process is the only one.
if sys.platform != "win32":
    import resource

MAX_BYTES_OF_MEMORY = 1_500_000_000
MEGABYTE = 1_000_000


def main() -> None:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    _limit_memory()
    for line in sys.stdin:
        question = json.loads(line)
        _limit_processor(float(question["cpu_seconds"]))
        found = inspect(Path(question["path"]), question["document_type"])
        answer = {"inspection": asdict(found), "held_mb": _held() / MEGABYTE}
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()


def _limit_memory() -> None:
    if sys.platform != "win32":
        _limit(resource.RLIMIT_AS, MAX_BYTES_OF_MEMORY)
        _limit(resource.RLIMIT_CORE, 0)


def _limit_processor(seconds: float) -> None:
    """Let the system end this process, wherever it is, once it has worked for so long."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def _limit(kind: int, most: int) -> None:
    """Set a limit, or leave a lower one that stands; macOS keeps none of memory."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(kind)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def _held() -> int:
    """Return how many bytes of memory this process holds now, 0 where it cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    try:
        main()
    except Exception:  # noqa: BLE001 - a code of its own: everything could be imported
        sys.exit(INSPECTION_FAILED)
