"""The process that inspects: a line of JSON names a document, a line of JSON answers."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from argyle_nb import platforms
from argyle_nb.sandbox.inspection import inspect
from argyle_nb.sandbox.inspector import INSPECTION_FAILED

MAX_BYTES_OF_MEMORY = 1_500_000_000
MEGABYTE = 1_000_000


def main() -> None:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    platforms.limit_memory(MAX_BYTES_OF_MEMORY)
    for line in sys.stdin:
        question = json.loads(line)
        platforms.limit_processor(float(question["cpu_seconds"]))
        found = inspect(Path(question["path"]), question["document_type"])
        answer = {"inspection": asdict(found), "held_mb": platforms.held_memory() / MEGABYTE}
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    try:
        main()
    except Exception:  # noqa: BLE001 - a code of its own: everything could be imported
        sys.exit(INSPECTION_FAILED)
