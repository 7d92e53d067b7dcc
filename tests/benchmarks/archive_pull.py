"""Pulling pages from a slow service, and from one that answers at once: what the pull adds.

Run ``python -m tests.benchmarks.archive_pull [pages] [milliseconds]``; a server in a process of
its own answers each page after that time. A plain loop of requests that decodes nothing is the
baseline of the same run. A second table is of no latency at all: the client asks for no more than
its limit of pages a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time

from argyle_nb.archive import Archive
from argyle_nb.client.client import Client
from tests.benchmarks.measure import best_seconds, mark, report
from tests.support.archives import ListServer
from tests.support.records import record

PAGES, LATENCY_MS = 100, 100
PAGE_SIZE = 200
KEY = ("benchmark-key", "benchmark-secret")


def serve(pages: int, latency_ms: int) -> None:
    """Serve until the standard input closes."""
    with ListServer([record(n) for n in range(pages * PAGE_SIZE)], PAGE_SIZE) as server:
        server.bodies = [server._page(number) for number in range(pages)]
        server._page = server.bodies.__getitem__
        server.meanwhile = lambda _: time.sleep(latency_ms / 1000)
        sys.stdout.write(json.dumps(server.url) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def seconds_of(pages: int, latency_ms: int) -> dict[str, float]:
    """Measure the bare listing and the pull."""
    command = [sys.executable, "-m", __spec__.name, "serve", str(pages), str(latency_ms)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server,
        tempfile.TemporaryDirectory() as folder,
        Client(*KEY, environment=json.loads(server.stdout.readline())) as client,
    ):
        Archive(f"{folder}/warm").scan()
        seconds = best_seconds(
            {
                "listed, nothing decoded": lambda: sum(1 for _ in client.upload_pages()),
                "pulled, kept and flattened": lambda: Archive(tempfile.mkdtemp(dir=folder)).pull(
                    client
                ),
            },
            rounds=2,
        )
        server.stdin.close()
    return seconds


def main(pages: int, latency_ms: int) -> None:
    for each in (latency_ms, 0):
        seconds = seconds_of(pages, each)
        report(
            f"Pulling {pages} pages of {PAGE_SIZE} uploads, {each} ms each",
            [
                {"what": name, "s": round(taken, 2), "pages a second": round(pages / taken, 1)}
                for name, taken in seconds.items()
            ],
        )
        listed, pulled = seconds.values()
        figure = f"pull of {pages} pages, {each} ms each"
        mark(figure, f"{pulled:.2f} s", f"bare listing {listed:.2f} s", pulled / listed, "<= 1.1")


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:] if text.isdigit()]
    job = serve if "serve" in sys.argv else main
    job(*(numbers or (PAGES, LATENCY_MS)))
