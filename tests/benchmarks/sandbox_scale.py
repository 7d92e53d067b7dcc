"""How a sandbox bears many uploads: latency of a list page, and memory, by number of uploads.

Run ``python -m tests.benchmarks.sandbox_scale [uploads]``; the ratios are to a sandbox with few
uploads, and to an empty one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import requests

from argyle_nb.sandbox import Sandbox
from argyle_nb.sandbox.store import NewUpload
from tests.benchmarks.measure import report

UPLOADS = 20_000
USERS = 100
REQUESTS = 300
PAGE = 10
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def fill(store, users, count):
    """Add uploads, in turn for each user."""
    started = time.perf_counter()
    for number in range(count):
        path, file = store.open_incoming()
        with file:
            file.write(PDF)
        user = users[number % len(users)]
        statuses = ("unauthorized",) * 3
        new = NewUpload(user, "paystubs", "stub.pdf", "application/pdf", path, *statuses)
        store.add_upload(new)
    return time.perf_counter() - started


def resident_mib():
    """Return what this process, the server in it, holds in memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def p95_ms(session, url):
    """Ask for one page many times; return the 95th percentile of its latency."""
    latencies = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        session.get(url, timeout=30).raise_for_status()
        latencies.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(latencies, n=20)[-1]


def middle(session, url, count):
    """Return the URL of the page in the middle of the list."""
    for _ in range(count // 200 // 2):
        url = session.get(url, timeout=30).json()["next"]
    return url.replace("limit=200", f"limit={PAGE}") + f"&limit={PAGE}"


def measure(sandbox, session, users, count):
    """Return the latencies of the pages that clients ask for most, and the memory."""
    uploads = f"{sandbox.url}/v2/user-uploads"
    pages = {
        "first page": f"{uploads}?limit={PAGE}",
        "middle page": middle(session, f"{uploads}?limit=200", count) if count > 400 else "",
        "one user's": f"{uploads}?user={users[0]}&limit={PAGE}",
        "one type's": f"{uploads}?document_type=paystubs&limit={PAGE}",
    }
    latencies = {name: p95_ms(session, url) if url else None for name, url in pages.items()}
    return {**latencies, "memory": resident_mib()}


def main(count):
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(folder, ocr="off") as sandbox,
        requests.Session() as session,
    ):
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        store = sandbox._started().store
        users = [store.create_user({}) for _ in range(USERS)]
        p95_ms(session, f"{sandbox.url}/v2/user-uploads")  # connections and caches are warm
        table, present = {}, 0
        for wanted in (0, USERS * PAGE, count):
            seconds = fill(store, users, wanted - present)
            present = wanted
            table[wanted] = measure(sandbox, session, users, wanted)
    tell(table, seconds)


def tell(table, seconds):
    (_, empty), (few_uploads, few), (many_uploads, many) = table.items()
    rows = [
        {
            "what": name,
            "p95 ms": round(many[name], 2),
            f"x first page of {few_uploads:,}": round(many[name] / few["first page"], 2),
            "x an empty list": round(many[name] / empty["first page"], 2),
        }
        for name in ("first page", "middle page", "one user's", "one type's")
    ]
    grown = round(many["memory"] - few["memory"], 1)
    rows.append({"what": f"memory +{grown} MiB, stored in {seconds:.1f} s"})
    report(f"Sandbox of {many_uploads:,} uploads, pages of {PAGE}", rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else UPLOADS)
