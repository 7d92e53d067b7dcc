"""Several processes with one upload log, and a disk that is full."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager

import pytest

from argyle_nb.uploads import upload_batch
from tests.faults.ledger import CREATE_USER, UPLOAD, Fault
from tests.faults.runs import Runs
from tests.faults.server import FaultServer
from tests.faults.test_kills import manifest_in
from tests.support.batches import states
from tests.support.servers import client_of

PROCESSES, DOCUMENTS = 8, 200
SETTLE = 0.3


@pytest.fixture(scope="module")
def runs():
    with Runs() as running:
        yield running


def test_eight_processes_with_one_upload_log_send_each_document_once(runs, tmp_path):
    manifest = manifest_in(tmp_path, DOCUMENTS, user="a borrower whom nobody knows yet")
    with FaultServer() as server:
        ends = runs.run(
            server.url,
            manifest,
            tmp_path / "journal.sqlite",
            processes=PROCESSES,
            confirm_timeout=SETTLE,
        )
        ids = {stored.id for stored in server.ledger.documents}
        assert len(server.ledger.documents) == server.ledger.count(UPLOAD) == DOCUMENTS
        assert server.ledger.count(CREATE_USER) == 1
    for end in ends:
        assert {state for state, _ in end} == {"uploaded"}
        assert {upload_id for _, upload_id in end} == ids
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("mutation", [None, "nobody_is_alive"])
def test_what_another_process_is_sending_is_left_to_it(runs, tmp_path, mutation):
    manifest = manifest_in(tmp_path, 12)
    with FaultServer() as server:
        # Stored only when the other process has long sent the rest and has its time to settle over.
        server.script(UPLOAD, [Fault(store=True, before=3.0)])
        runs.run(
            server.url,
            manifest,
            tmp_path / "journal.sqlite",
            processes=2,
            confirm_timeout=0.05,
            mutation=mutation,
        )
        assert (server.ledger.duplicates > 0) == (mutation is not None)


# A disk that is full, three times: before the upload log, before a document, and after it


def test_a_full_disk_stops_a_run_before_it_can_make_an_upload_log(runs, tmp_path):
    manifest, upload_log = manifest_in(tmp_path, 5), tmp_path / "journal.sqlite"
    with FaultServer() as server:
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE, disk_full=True)
        assert end == "ConfigurationError"
        assert server.ledger.requests == []
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        assert {state for state, _ in end} == {"uploaded"}
        assert server.ledger.duplicates == 0
        assert len(server.ledger.documents) == 5


def test_a_full_disk_stops_a_run_before_anything_is_sent(runs, tmp_path):
    manifest, upload_log = manifest_in(tmp_path, 5), tmp_path / "journal.sqlite"
    with FaultServer() as server:
        runs.run(server.url, manifest_in(tmp_path / "first", 1), upload_log, confirm_timeout=SETTLE)
        before = server.ledger.count(UPLOAD)
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE, disk_full=True)
        assert end == "ConfigurationError"
        assert server.ledger.count(UPLOAD) == before
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        assert {state for state, _ in end} == {"uploaded"}
        assert server.ledger.duplicates == 0


def test_a_disk_that_fills_up_while_a_document_is_on_its_way_loses_nothing(runs, tmp_path):
    manifest, upload_log = manifest_in(tmp_path, 5), tmp_path / "journal.sqlite"
    with FaultServer() as server:
        [end] = runs.run(
            server.url, manifest, upload_log, confirm_timeout=SETTLE, disk_full="in the air"
        )
        assert end == "ConfigurationError"
        assert states(upload_log) == ["sending"]
        assert len(server.ledger.documents) == 1
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        assert {state for state, _ in end} == {"uploaded"}
        assert len(server.ledger.documents) == 5
        assert server.ledger.duplicates == 0


@contextmanager
def small_disk(folder, kilobytes):
    """Mount a disk of a few kilobytes, where the system lets us."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_real_disk_that_fills_up_in_the_middle_of_a_batch_loses_nothing(runs, tmp_path):
    manifest = manifest_in(tmp_path, 40)
    with small_disk(tmp_path / "disk", 4000) as disk, FaultServer() as server:
        filler = disk / "filler"
        upload_log = disk / "journal.sqlite"
        runs.run(server.url, manifest_in(tmp_path / "first", 1), upload_log, confirm_timeout=SETTLE)
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - 200_000))
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        assert end == "ConfigurationError"
        assert 0 < len(server.ledger.documents) < 41
        filler.unlink()
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        assert {state for state, _ in end} == {"uploaded"}
        assert server.ledger.duplicates == 0


def test_an_upload_log_cut_in_two_is_refused_and_nothing_is_sent(runs, tmp_path):
    manifest, upload_log = manifest_in(tmp_path, 30), tmp_path / "journal.sqlite"
    with FaultServer() as server:
        runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        upload_log.write_bytes(upload_log.read_bytes()[:8192])
        sent = server.ledger.count(UPLOAD)
        [end] = runs.run(server.url, manifest, upload_log, confirm_timeout=SETTLE)
        assert end == "ConfigurationError"
        assert server.ledger.count(UPLOAD) == sent


def test_two_environments_in_one_upload_log_never_mix(tmp_path):
    manifest, upload_log = manifest_in(tmp_path, 3), tmp_path / "journal.sqlite"
    with FaultServer() as one, FaultServer() as other:
        for server in (one, other, one):
            with client_of(server) as client:
                upload_batch(client, manifest, upload_log=upload_log)
        assert len(one.ledger.documents) == len(other.ledger.documents) == 3
    with closing(sqlite3.connect(upload_log)) as kept:
        assert kept.execute("SELECT count(DISTINCT scope) FROM uploads").fetchone() == (2,)
