"""The process that inspects: a line of JSON names a document, a line of JSON answers."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from argyle_nb.sandbox.inspection import inspect

try:
    import resource
except (
    ImportError
):  # Windows has no such limits: there the clock of the asking process is the only one
    resource = None  # type: ignore[assignment]

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
    if resource is None:
        return
    for kind, limit in ((resource.RLIMIT_AS, MAX_BYTES_OF_MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS keeps no limit of memory
            resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))


def _limit_processor(seconds: float) -> None:
    """Let the system end this process, wherever it is, once it has worked for so long."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _held() -> int:
    """Return how many bytes of memory this process holds now, 0 where it cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
