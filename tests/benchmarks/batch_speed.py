"""Uploading: many documents against the service's limit, one large document against curl.

Run ``python -m tests.benchmarks.batch_speed [documents] [megabytes]``. Each figure stands beside a
baseline of the same run; the servers run in processes of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import requests

from argyle_nb.client.client import Client
from argyle_nb.documents import inspect_document
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.jobs import Borrower, plan_of
from argyle_nb.uploads.log import LogEntry, UploadKey, UploadLog
from tests.benchmarks.measure import best_seconds, mark, report
from tests.faults.ledger import FILE, LIST, RESET, UPLOAD, Fault
from tests.faults.server import FaultServer
from tests.support.servers import KEY_ID, PDF, SECRET, USER_ID
from tests.support.small_documents import pdf_of_size

DOCUMENTS, MEGABYTES = 500, 1000
SIZE, LATENCY, PER_SECOND = 100_000, 0.1, 50
NO_LIMIT = 10**12
ID = str(uuid.uuid4())


@contextmanager
def served(what):
    """Run one of the servers of this file in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.batch_speed", what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def serve_limited():
    """Serve uploads with a latency and a limit until the standard input closes."""
    with FaultServer(latency=LATENCY, per_second=PER_SECOND) as server:
        print(json.dumps(server.url), flush=True)  # noqa: T201
        sys.stdin.read()


def serve_sink():
    """Take whatever comes, as fast as it comes, hash it as one that stores it would, say yes."""
    body = json.dumps({"id": ID}).encode()
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(json.dumps(f"http://127.0.0.1:{listener.getsockname()[1]}"), flush=True)  # noqa: T201
        buffer = bytearray(1 << 20)
        while True:
            connection, _ = listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1 << 16)
                head, _, begun = head.partition(b"\r\n\r\n")
                if b"100-continue" in head.lower():
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                left = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(begun)
                digest = hashlib.sha256(begun)
                while left > 0 and (count := connection.recv_into(buffer)):
                    digest.update(memoryview(buffer)[:count])
                    left -= count
                connection.sendall(answer + body)


def manifest_in(folder, count):
    """A manifest of different documents of 100 KB."""
    files = []
    for number in range(count):
        files.append(folder / f"stub{number}.pdf")
        files[-1].write_bytes(pdf_of_size(SIZE))
    return pd.DataFrame({"file": map(str, files), "document_type": "W-2", "user": USER_ID})


def one_after_the_other(url, manifest):
    """Upload like a plain script, on one kept connection."""
    with requests.Session() as session:
        session.auth = (KEY_ID, SECRET)
        for file in manifest["file"]:
            with Path(file).open("rb") as stream:
                data = {"user": USER_ID, "document_type": "W-2"}
                session.post(
                    f"{url}/v2/user-uploads", data=data, files={"upload": stream}, timeout=60
                ).raise_for_status()


def timed(action):
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def many(folder, count):
    """Time a batch against the limit's bound and a sequential script."""
    manifest = manifest_in(folder, count)
    with served("limited") as url, Client(KEY_ID, SECRET, environment=url) as client:
        batch, result = timed(
            lambda: upload_batch(client, manifest, upload_log=folder / "journal.sqlite")
        )
        script, _ = timed(lambda: one_after_the_other(url, manifest))
    assert result["state"].eq("uploaded").all()
    bound = count / PER_SECOND
    figure, least = f"{count} documents of 100 KB", f"limit of 50 a second {bound:.1f} s"
    mark(figure, f"{batch:.1f} s", least, batch / bound, "<= 1.15")
    return [
        {
            "what": "upload_batch",
            "seconds": f"{batch:.2f}",
            "x bound": f"{batch / bound:.3f}",
            "429": int(result["attempts"].sum()) - count,
        },
        {"what": "bound of 50 a second", "seconds": f"{bound:.2f}", "x bound": "1.000"},
        {
            "what": "sequential script",
            "seconds": f"{script:.2f}",
            "x bound": f"{script / bound:.3f}",
            "x upload_batch": f"{script / batch:.2f}",
        },
    ]


def large_pdf(path, megabytes):
    """A PDF of so many megabytes of nothing, between its pages and its end."""
    body, end = PDF.split(b"xref\n", 1)
    place = megabytes * 1_000_000
    with path.open("wb") as file:
        file.write(body + b"%")
        file.truncate(place - 1)
        file.seek(place - 1)
        file.write(b"\nxref\n" + end.replace(b"\n180\n", b"\n%d\n" % place))
    return path


def peak_kilobytes():
    """What this process held at most, by the kernel's own count."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def memory_of(how, url, path):
    """Upload in a fresh process; give the megabytes that it held above what it held idle."""
    command = [sys.executable, "-m", "tests.benchmarks.batch_speed", how, url, str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(said) / 1024


def upload_and_tell(how, url, path):
    """Upload in this process, and print by how many kilobytes the peak rose."""
    upload = {"ours": upload_ours, "requests": upload_requests}[how]
    small = Path(path).with_name("small.pdf")
    small.write_bytes(PDF)
    upload(url, small)
    before = peak_kilobytes()
    upload(url, Path(path))
    print(peak_kilobytes() - before)  # noqa: T201


def upload_ours(url, path):
    with Client(KEY_ID, SECRET, environment=url) as client:
        document = inspect_document(path, max_bytes=NO_LIMIT)
        client.upload(document, document_type="W-2", user=USER_ID)


def upload_requests(url, path):
    with path.open("rb") as stream:
        requests.post(
            f"{url}/v2/user-uploads",
            data={"user": USER_ID, "document_type": "W-2"},
            files={"upload": stream},
            timeout=600,
        ).raise_for_status()


def upload_curl(url, path):
    parts = [f"user={USER_ID}", "document_type=W-2", f"upload=@{path}"]
    command = ["curl", "-sf", "-o", os.devnull, *(word for part in parts for word in ("-F", part))]
    subprocess.run([*command, f"{url}/v2/user-uploads"], check=True)


def one_large(folder, megabytes):
    """Memory and throughput of one large document."""
    path = large_pdf(folder / "large.pdf", megabytes)
    document = inspect_document(path, max_bytes=NO_LIMIT)
    with served("sink") as url, Client(KEY_ID, SECRET, environment=url) as client:
        memory = {how: memory_of(how, url, path) for how in ("ours", "requests")}
        contestants = {
            "client.upload": lambda: client.upload(document, document_type="W-2", user=USER_ID),
            "curl -F": lambda: upload_curl(url, path),
            "inspected and uploaded": lambda: upload_ours(url, path),
        }
        seconds = best_seconds(contestants)
    rows = [
        {
            "what": name,
            "MB/s": f"{megabytes / seconds[name]:.0f}",
            "x curl": f"{seconds['curl -F'] / seconds[name]:.2f}",
        }
        for name in contestants
    ]
    for name, goal in (("client.upload", 0.9), ("inspected and uploaded", 0.75)):
        curl, ours = seconds["curl -F"], seconds[name]
        figure = f"one document of {megabytes} MB, {name}"
        mark(figure, f"{ours:.2f} s", f"curl {curl:.2f} s", curl / ours, f">= {goal}")
    rows[0]["MB above idle"] = f"{memory['ours']:.1f}"
    rows.append({"what": "requests files=", "MB above idle": f"{memory['requests']:.0f}"})
    return rows


CANDIDATES = 1000
SEARCHES = {
    "stored, answer lost": (Fault(RESET, store=True), SIZE),
    "not stored, others of other sizes": (Fault(RESET), SIZE + 1),
    "not stored, others of its size": (Fault(RESET), SIZE),
}


def searches(folder):
    """Look for one document among a user's thousand that the upload log does not know."""
    rows = []
    for number, (what, (fault, size)) in enumerate(SEARCHES.items()):
        with FaultServer(latency=0.05) as server:
            for name in map(str, range(CANDIDATES)):
                upload = (name, pdf_of_size(size))
                server.keep({"user": USER_ID, "document_type": "W-2", "upload": upload})
            manifest = manifest_in(folder, 1)
            for run in ("first", "second"):
                server.script(UPLOAD, [fault])
                log = folder / f"search{number}.sqlite"
                rows.append({"what": what, "run": run, **searched(server, manifest, log)})
    return rows


def searched(server, manifest, log):
    """Send one document whose upload is not confirmed; give what looking for it cost."""
    asked, given = Counter(kinds_of(server)), server.ledger.bytes_of_files
    with Client(KEY_ID, SECRET, environment=server.url) as client:
        seconds, result = timed(
            lambda: upload_batch(
                client, manifest, upload_log=log, resend="never", confirm_timeout=0.0
            )
        )
    asked = Counter(kinds_of(server)) - asked
    return {
        "state": result.loc[0, "state"],
        "lists": asked[LIST],
        "downloads": asked[FILE],
        "MB": f"{(server.ledger.bytes_of_files - given) / 1e6:.1f}",
        "seconds": f"{seconds:.2f}",
    }


def kinds_of(server):
    return [request.kind for request in server.ledger.requests]


def disk_alone(folder):
    """Milliseconds of one write of a page that waits for the disk, as the log's first does."""
    with (folder / "page").open("wb", buffering=0) as file:

        def write():
            for _ in range(100):
                file.write(bytes(4096))
                os.fdatasync(file.fileno())

        return min(timed(write)[0] for _ in range(3)) * 10


def bookkeeping(folder, count):
    """Looking, hashing and both entries of the upload log, for each document of 100 KB."""
    manifest = manifest_in(folder, count)
    borrower = Borrower(USER_ID)
    lines = {row: (file, "W-2", borrower) for row, file in enumerate(manifest["file"])}
    looking, plan = timed(lambda: plan_of(lines, max_bytes=NO_LIMIT, strict=False))

    def record_all(number):
        with UploadLog(folder / f"bookkeeping{number}.sqlite") as upload_log:
            for job in plan.jobs:
                key = UploadKey("benchmark", job.document.sha256, "W-2", USER_ID)
                upload_log.claim(key, job.document.name)
                upload_log.finish(key, LogEntry("uploaded", str(uuid.uuid4())))

    # Its cost is the disk's: a write that waits until the bytes are on it.
    journaling = min(timed(partial(record_all, number))[0] for number in range(3))
    each = 1000 / count
    return [
        {"what": "looked at and hashed", "ms per document": f"{looking * each:.3f}"},
        {"what": "upload log, two entries", "ms per document": f"{journaling * each:.3f}"},
        {"what": "both", "ms per document": f"{(looking + journaling) * each:.3f}"},
        {"what": "the disk alone, one write", "ms per document": f"{disk_alone(folder):.3f}"},
    ]


def main(documents=DOCUMENTS, megabytes=MEGABYTES):
    """Measure all, and print a table for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report("bookkeeping of a batch", bookkeeping(folder, documents))
        report("one large document", one_large(folder, megabytes))
        report("many documents", many(folder, documents))
        report("one document among a user's thousand", searches(folder))


if __name__ == "__main__":
    words = sys.argv[1:]
    servers = {"limited": serve_limited, "sink": serve_sink}
    if words[:1] and words[0] in servers:
        servers[words[0]]()
    elif words[:1] and not words[0].isdigit():
        upload_and_tell(*words)
    else:
        main(*map(int, words))
