"""A large archive: brought up to date, and read from disk, beside the least that it could cost.

Run ``python -m tests.benchmarks.archive_read [uploads]``. One upload in a hundred has not come to
rest and is asked for again, from a server in a process of its own that answers at once; the bare
listing of as many pages is the baseline. Reading stands beside the same pages from memory, and the
reading of their files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageStore
from argyle_nb.client.client import Client
from argyle_nb.frames.uploads import uploads_frame
from tests.benchmarks.measure import best_seconds, mark
from tests.support.archives import ListServer, moving
from tests.support.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator

UPLOADS = 100_000
PAGE_SIZE = 200
CHANGED_EVERY = 100
KEY = ("benchmark-key", "benchmark-secret")


def serve(uploads: int) -> None:
    """Serve uploads, some of which are still processed, until the standard input closes."""
    every = [record(n) if n % CHANGED_EVERY else moving(n) for n in range(uploads)]
    with ListServer(every, PAGE_SIZE) as server:
        bodies = [server._page(number) for number in range(uploads // PAGE_SIZE)]
        server._page = bodies.__getitem__
        sys.stdout.write(json.dumps(server.url) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


@contextmanager
def served(uploads: int) -> Iterator[Client]:
    command = [sys.executable, "-m", __spec__.name, "serve", str(uploads)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server,
        Client(*KEY, environment=json.loads(server.stdout.readline())) as client,
    ):
        yield client
        server.stdin.close()


def main(uploads: int) -> None:
    with tempfile.TemporaryDirectory() as folder, served(uploads) as client:
        archive = Archive(folder)
        archive.pull(client)
        contestants = {
            "listed": lambda: sum(1 for _ in client.upload_pages()),
            "refreshed": lambda: archive.refresh(client),
        }
        listed, refreshed = best_seconds(contestants, rounds=1).values()
        figure = f"refresh of {uploads:,} uploads, {uploads // CHANGED_EVERY:,} in processing"
        taken = f"{refreshed:.1f} s"
        mark(figure, taken, f"bare listing {listed:.1f} s", refreshed / listed, "<= 1.1")

        store = PageStore(folder)
        names = sorted({entry.sha256 for entry in store.entries()})
        pages = list(store.pages(names))
        contestants = {
            "read": lambda: list(store.pages(names)),
            "from memory": lambda: uploads_frame(pages),
            "from disk": archive.uploads,
        }
        read, memory, disk = best_seconds(contestants).values()
        least = f"files {read:.2f} s, and from memory {memory:.2f} s"
        figure = f"archive.uploads() of {uploads:,}"
        mark(figure, f"{disk:.2f} s", least, disk / (read + memory), "<= 1")


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:] if text.isdigit()]
    job = serve if "serve" in sys.argv else main
    job(*(numbers or [UPLOADS]))
