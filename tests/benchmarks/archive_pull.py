"""Pulling pages from a slow service: how much longer than the service alone takes.

Run ``python tests/benchmarks/archive_pull.py [pages] [milliseconds]``; a server in a process of
its own answers each page after that time. The floor is pages x latency; a plain loop of requests
that decodes nothing is the baseline of the same run.
"""
# ruff: noqa: T201

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from argyle_nb.archive import Archive
from argyle_nb.client import Client
from tests.archives import ListServer
from tests.records import record

PAGES, LATENCY_MS = 100, 100
PAGE_SIZE = 200
KEY = ("benchmark-key", "benchmark-secret")


def serve(pages, latency_ms):
    """Serve until the standard input closes."""
    with ListServer([record(n) for n in range(pages * PAGE_SIZE)], PAGE_SIZE) as server:
        server.bodies = [server._page(number) for number in range(pages)]
        server._page = server.bodies.__getitem__
        server.meanwhile = lambda _: time.sleep(latency_ms / 1000)
        print(json.dumps(server.url), flush=True)
        sys.stdin.read()


def timed(action):
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def main(pages, latency_ms):
    command = [sys.executable, __file__, "serve", str(pages), str(latency_ms)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server,
        tempfile.TemporaryDirectory() as folder,
        Client(*KEY, environment=json.loads(server.stdout.readline())) as client,
    ):
        Archive(f"{folder}/warm").scan()
        floor = pages * latency_ms / 1000
        listing, _ = timed(lambda: sum(1 for _ in client.upload_pages()))
        pulling, frames = timed(lambda: Archive(f"{folder}/archive").pull(client))
        reading, uploads = timed(Archive(f"{folder}/archive").uploads)
        server.stdin.close()
    print(f"{pages} pages of {PAGE_SIZE} uploads, {latency_ms} ms each: {floor:.2f} s at least")
    print(f"   listed alone: {listing:6.2f} s, {listing / floor:.3f} x")
    print(f"pulled, flat: {pulling:6.2f} s, {pulling / floor:.3f} x  ({len(frames.uploads):,})")
    print(f"  read again: {reading:6.2f} s  ({len(uploads):,})")


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:] if text.isdigit()]
    job = serve if "serve" in sys.argv else main
    job(*(numbers or (PAGES, LATENCY_MS)))
