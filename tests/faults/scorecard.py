"""Every client through every fault, judged by the server's ledger; then all once more.

The second time is the analyst who runs the cell again for what was reported as failed.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from argyle_nb.client.client import Client
from argyle_nb.errors import ArgyleError
from argyle_nb.uploads import upload_batch
from tests.faults.baselines import BASELINES
from tests.faults.server import FaultServer
from tests.faults.upload_faults import FAULTS, LATE_SECONDS, UploadFault
from tests.support.servers import KEY_ID, PDF, SECRET, USER_ID, until

if TYPE_CHECKING:
    from pathlib import Path

OURS = "argyle_nb"
SETTLE = 4 * LATE_SECONDS
COLUMNS = ("clean", "duplicated", "lost", "orphaned", "falsely reported", "leaked")


@dataclass(frozen=True)
class Verdict:
    """How one client fared with one fault, each a truth about the ledger beside the report."""

    client: str
    fault: str
    run: int
    duplicated: bool
    lost: bool
    orphaned: bool
    falsely_reported: bool
    leaked: bool

    @property
    def clean(self):
        return not any(
            (self.duplicated, self.lost, self.orphaned, self.falsely_reported, self.leaked)
        )


def ours(server, folder, file):
    """Upload with a batch of one; give the id, or ``None``."""
    manifest = pd.DataFrame({"file": [str(file)], "document_type": "W-2", "user": USER_ID})
    with Client(KEY_ID, SECRET, environment=server.url) as client:
        try:
            result = upload_batch(
                client, manifest, upload_log=folder / "journal.sqlite", confirm_timeout=SETTLE
            )
        except ArgyleError:
            return None
    return result.loc[0, "upload_id"] if result.loc[0, "state"] == "uploaded" else None


def baseline(name, server, file):
    """Upload with one of the four; give the id, or ``None``."""
    try:
        return BASELINES[name](server.url, (KEY_ID, SECRET), file, USER_ID, "W-2")
    except Exception:  # noqa: BLE001 - whatever it is, an analyst notes "failed" and goes on
        return None


def verdicts_of(name: str, fault: UploadFault, folder: Path):
    """Run one client through one fault, twice."""
    folder.mkdir(parents=True)
    file = folder / "stub.pdf"
    file.write_bytes(PDF)
    with ExitStack() as stack:
        server, foreign = (stack.enter_context(FaultServer()) for _ in range(2))
        fault.script(server, foreign)
        reported = None
        for run in (1, 2):
            if reported is None:
                upload = ours if name == OURS else baseline
                arguments = (server, folder) if name == OURS else (name, server)
                reported = upload(*arguments, file)
            until(lambda: server.pending == 0)
            yield _judged((name, fault, run), reported, server.ledger, foreign.ledger)


def _judged(what, reported, ledger, foreign):
    name, fault, run = what
    ids = [stored.id for stored in ledger.documents]
    right = fault.right == "stored"
    return Verdict(
        name,
        fault.name,
        run,
        duplicated=len(ids) > 1,
        lost=right and not ids,
        orphaned=bool(ids) and reported is None,
        falsely_reported=reported is not None and reported not in ids,
        leaked=bool(foreign.requests),
    )


def all_verdicts(folder: Path, threads: int = 12):
    """Run every client through every fault; most of the time is waiting, so many at once."""
    pairs = [(name, fault) for name in (*BASELINES, OURS) for fault in FAULTS]
    with ThreadPoolExecutor(threads) as pool:
        runs = pool.map(lambda n: list(verdicts_of(*pairs[n], folder / str(n))), range(len(pairs)))
        return [verdict for run in runs for verdict in run]


def table_of(verdicts):
    """Count: a row per client and run."""
    rows = [
        {
            "client": verdict.client,
            "run": verdict.run,
            **{name: getattr(verdict, name.replace(" ", "_")) for name in COLUMNS},
        }
        for verdict in verdicts
    ]
    counts = pd.DataFrame(rows).groupby(["run", "client"], sort=False).sum().astype(int)
    return counts.reset_index()


def markdown_of(table):
    """Write the table as it is kept in the README."""
    head = list(table.columns)
    rows = [head, ["---"] * len(head), *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def as_json(verdicts):
    """Write every verdict that is not clean, for whoever wants to know which fault it was."""
    return json.dumps([vars(v) for v in verdicts if not v.clean], indent=1)
