"""A hundred kills at random moments: resumed each time, nothing is sent twice, nothing is lost."""

from __future__ import annotations

import math
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

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
# Batches wait more than they work.
SIDE_BY_SIDE = 3


@pytest.fixture(scope="module")
def programs():
    """The programs that run batches, for as many stories at a time."""
    with ExitStack() as running:
        yield [running.enter_context(Runs()) for _ in range(SIDE_BY_SIDE)]


def told(programs, story, first=0):
    """Tell a story in each program at the same time, with its number; give what came of each."""
    numbers = range(first, first + len(programs))
    with ThreadPoolExecutor(len(programs)) as pool:
        return list(pool.map(story, programs, numbers))


def chance_of(number):
    """Random moments that can be repeated, and are others in each story."""
    return random.Random(SEED + number)  # noqa: S311 - nothing to guess here


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


def test_of_a_hundred_killed_runs_none_sends_twice_and_none_loses(programs, tmp_path):
    def story(runs, number):
        chance, kills, wanted = chance_of(number), 0, math.ceil(KILLS / SIDE_BY_SIDE)
        while kills < wanted:
            with FaultServer() as server:
                folder = tmp_path / f"{number}_{kills}"
                count, end = killed_until_done(runs, server, folder, chance, wanted - kills)
                kills += count
                ids = {stored.id for stored in server.ledger.documents}
                assert server.ledger.duplicates == 0
                assert len(server.ledger.documents) == DOCUMENTS
                assert {state for state, _ in end} == {"uploaded"}
                assert {upload_id for _, upload_id in end} == ids
        return kills

    assert sum(told(programs, story)) >= KILLS


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_that_is_killed_in_any_phase_sends_nothing_twice_and_loses_nothing(
    programs, tmp_path, phase
):
    # The other steps happen once for all documents of a user.
    each = "document" in phase or "end" in phase

    def story(runs, number):
        chance, kills = chance_of(number), 0
        with FaultServer() as server:
            server.script(UPLOAD, unlucky(chance))
            server.rename = lambda name: name.replace(" ", "_")
            manifest = manifest_in(tmp_path / str(number), FEW)
            log = tmp_path / str(number) / "journal.sqlite"
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
        return kills

    kills = 0
    for first in range(0, 10 * KILLS_OF_EACH, SIDE_BY_SIDE):
        if kills >= KILLS_OF_EACH:
            break
        kills += sum(told(programs, story, first))
    assert kills >= KILLS_OF_EACH


def test_an_upload_log_written_afterwards_would_send_twice(programs, tmp_path):
    with FaultServer() as server:
        killed_until_done(
            programs[0],
            server,
            tmp_path,
            chance_of(0),
            kills=5,
            mutation="written_only_afterwards",
        )
        assert server.ledger.duplicates > 0
