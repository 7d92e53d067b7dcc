"""A hundred kills at random moments: resumed each time, nothing is sent twice, nothing is lost."""

from __future__ import annotations

import random
import sys
import time

import pandas as pd
import pytest

from tests.faults.ledger import RESET, UPLOAD, Fault
from tests.faults.runs import KILLED, PHASES, Runs
from tests.faults.server import FaultServer
from tests.support.servers import PDF, USER_ID

KILLS = 100
SETTLE = 0.3
DOCUMENTS = 60
KILLS_OF_EACH, FEW = 6, 4
SEED = 20260102


@pytest.fixture(scope="module")
def runs():
    with Runs() as running:
        yield running


@pytest.fixture
def chance(capsys):
    """Random moments that can be repeated."""
    with capsys.disabled():
        sys.stdout.write(f"\nseed {SEED} ")
    return random.Random(SEED)  # noqa: S311 - nothing to guess here


def manifest_in(folder, count, user=USER_ID):
    """A manifest of documents that differ."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"stub{number}.pdf").write_bytes(PDF + f"%{number}".encode())
    files = [f"stub{number}.pdf" for number in range(count)]
    table = pd.DataFrame({"file": files, "document_type": "paystubs", "user": user})
    table.to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def slow(chance):
    """A service whose answers take a moment, before and after it stores."""

    def fault(_):
        return Fault(wait=chance.uniform(0, 0.06), store=True)

    return fault


def unlucky(chance):
    """A service that often does not answer, and then may have stored it or not."""
    faults = [None, Fault(RESET, store=True), Fault(RESET, store=True), Fault(RESET)]
    # It has its moments, or nothing would ever end well.
    left = [Fault(RESET), *(chance.choice(faults) for _ in range(FEW))]
    return lambda _: left.pop() if left else None


def killed_until_done(runs, server, folder, chance, kills, **options):
    """Run a batch again and again, killed each time, until it has ended by itself."""
    manifest = manifest_in(folder, DOCUMENTS)
    server.script(UPLOAD, slow(chance))
    count = 0
    while True:
        kill_after = chance.uniform(0.02, 0.7) if count < kills else None
        [end] = runs.run(
            server.url,
            manifest,
            folder / "journal.sqlite",
            kill_after=kill_after,
            confirm_timeout=SETTLE,
            **options,
        )
        if end != KILLED:
            return count, end
        count += 1


def test_of_a_hundred_killed_runs_none_sends_twice_and_none_loses(runs, chance, tmp_path):
    started, kills = time.monotonic(), 0
    for number in range(KILLS):
        if kills >= KILLS:
            break
        with FaultServer() as server:
            folder = tmp_path / str(number)
            count, end = killed_until_done(runs, server, folder, chance, KILLS - kills)
            kills += count
            ids = {stored.id for stored in server.ledger.documents}
            assert server.ledger.duplicates == 0
            assert len(server.ledger.documents) == DOCUMENTS
            assert {state for state, _ in end} == {"uploaded"}
            assert {upload_id for _, upload_id in end} == ids
    sys.stdout.write(f"{kills} kills in {time.monotonic() - started:.0f} s\n")
    assert kills == KILLS


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_that_is_killed_in_any_phase_sends_nothing_twice_and_loses_nothing(
    runs, chance, tmp_path, phase
):
    kills = 0
    for story in range(10 * KILLS_OF_EACH):
        if kills >= KILLS_OF_EACH:
            break
        with FaultServer() as server:
            server.script(UPLOAD, unlucky(chance))
            server.rename = lambda name: name.replace(" ", "_")
            manifest = manifest_in(tmp_path / str(story), FEW)
            log = tmp_path / str(story) / "journal.sqlite"
            # The other steps happen once for all documents of a user.
            each = "document" in phase or "end" in phase
            for call in (chance.randint(1, FEW) if each else 1, 1, *[None] * 5):
                step = {"phase": phase, "call": call} if call else {}
                [end] = runs.run(server.url, manifest, log, confirm_timeout=0.05, **step)
                kills += end == KILLED
                if end != KILLED and {state for state, _ in end} == {"uploaded"}:
                    break
            assert server.ledger.duplicates == 0
            assert len(server.ledger.documents) == FEW
            ids = {stored.id for stored in server.ledger.documents}
            assert {(state, upload_id in ids) for state, upload_id in end} == {("uploaded", True)}
    assert kills >= KILLS_OF_EACH


def test_an_upload_log_written_afterwards_would_send_twice(runs, chance, tmp_path):
    with FaultServer() as server:
        killed_until_done(
            runs, server, tmp_path, chance, kills=5, mutation="written_only_afterwards"
        )
        assert server.ledger.duplicates > 0
