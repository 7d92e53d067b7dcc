"""Processing of uploads: their stages, who works on which, and the threads that do.

Leases and due times are in the database, so that servers share the work and a kill loses none.
"""

from __future__ import annotations

import json
import logging
import queue
import secrets
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.database import next_moment
from argyle_nb.sandbox.inspector import InspectorClosedError
from argyle_nb.sandbox.outbox import OCR_COMPLETED, announce
from argyle_nb.sandbox.validation import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from argyle_nb.sandbox.inspector import Inspection
    from argyle_nb.sandbox.store import Store

    Inspect = Callable[[Path, str], Inspection]
    Findings = dict[str, Any]  # an `Inspection` as a dictionary; empty before it was made
    Step = Callable[[str, "ProcessingState", Findings], "ProcessingState"]

STAGES = ("classification", "ocr", "authenticity")
READ_TYPES = frozenset({"paystubs", "W-2", "1099"})
CORRECTABLE_TYPES = READ_TYPES | {"miscellaneous"}

MAX_ATTEMPTS = 3
BATCH = 100
INSPECTORS = 2
LEASE_SECONDS = 60.0  # after which another worker takes over what a killed one had claimed
POLL_SECONDS = 0.5
STOP_SECONDS = 2.0

# An upload whose classification has begun waits for its inspection, however long that takes.
_READY = "due_at <= ? AND (classification <> 'in_progress' OR findings IS NOT NULL)"
_UNREAD = "classification = 'in_progress' AND findings IS NULL AND lease_until < ?"

logger = logging.getLogger("argyle_nb.sandbox")


@dataclass(frozen=True)
class ProcessingState:
    """Where an upload stands: its type and its three processing statuses."""

    document_type: str
    classification: str
    ocr: str
    authenticity: str

    @property
    def at_rest(self) -> bool:
        """Whether nothing more will happen to it."""
        return "in_progress" not in (self.classification, self.ocr, self.authenticity)


@dataclass(frozen=True)
class ProcessingJob:
    """One document to inspect, claimed by one worker."""

    upload: str
    document: Path
    document_type: str
    attempts: int


def settled_type(document_type: str, found_type: str | None) -> str:
    """Return the type an upload keeps after classification.

    Source: Argyle API reference, user uploads: the value "is overwritten when the document is
    found to be a different type". Proofs of identity and address are left as they are.
    """
    if document_type in CORRECTABLE_TYPES and found_type in CORRECTABLE_TYPES:
        return found_type
    return document_type


def next_state(upload: str, state: ProcessingState, findings: Findings) -> ProcessingState:
    """Return where an upload stands after its present stage; its id is for the log."""
    if state.classification == "idle":
        return replace(state, classification="in_progress")
    if state.classification == "in_progress":
        return _classified(upload, state, findings)
    if state.ocr == "in_progress":
        return _read(upload, state, findings)
    return replace(state, authenticity="completed")


def _classified(upload: str, state: ProcessingState, findings: Findings) -> ProcessingState:
    if findings["problem"] is not None:
        logger.info("upload %s: classification failed: %s", upload, findings["problem"])
        return replace(state, classification="failed")
    settled = settled_type(state.document_type, findings["found_type"])
    after = replace(state, classification="completed", document_type=settled)
    if state.ocr == "idle" and settled in READ_TYPES and _is_readable(findings):
        return replace(after, ocr="in_progress")
    return after


def _is_readable(findings: Findings) -> bool:
    return findings["ocr_data"] is not None or findings["ocr_authenticity"] is not None


def _read(upload: str, state: ProcessingState, findings: Findings) -> ProcessingState:
    if findings["ocr_data"] is None:
        logger.info("upload %s: ocr failed: there is no text to read", upload)
    ocr = "failed" if findings["ocr_data"] is None else "completed"
    if findings["ocr_authenticity"] is None:
        return replace(state, ocr=ocr, authenticity="failed")
    return replace(state, ocr=ocr, authenticity="in_progress")


def failing(step: Step, fails: Callable[[], bool]) -> Step:
    """Make a step at which a stage may end ``failed``; `fails` is asked once for each stage."""

    def failing_step(upload: str, state: ProcessingState, findings: Findings) -> ProcessingState:
        begun = [stage for stage in STAGES if getattr(state, stage) == "in_progress"]
        if begun and fails():
            logger.info("upload %s: %s failed (simulated fault)", upload, begun[0])
            return replace(state, **{begun[0]: "failed"})
        return step(upload, state, findings)

    return failing_step


class Worker:
    """Moves the uploads of one store along, beside the workers of other servers.

    One thread keeps the time of all uploads at once and hands documents to a few inspectors;
    each document is claimed in the database first, so that no two workers look at it.
    """

    def __init__(
        self,
        store: Store,
        inspect: Inspect,
        *,
        stage_seconds: float,
        lease_seconds: float = LEASE_SECONDS,
        step: Step = next_state,
    ) -> None:
        self._claims = Claims(store, lease_seconds)
        self._inspect = inspect
        self._step = step
        self._stage_ms = int(stage_seconds * 1000)
        self._renew_every = lease_seconds / 3
        self._renewed_at = time.monotonic()
        self._jobs: queue.SimpleQueue[ProcessingJob | None] = queue.SimpleQueue()
        self._claimed: set[str] = set()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads = [_thread(self._keep_time, "timekeeper")]
        self._threads += [_thread(self._inspect_jobs, "inspector") for _ in range(INSPECTORS)]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that there is something new to do."""
        self._wake.set()

    def stop(self) -> None:
        """Stop; documents under inspection are left to other workers or to the next start."""
        self._stopping.set()
        self._wake.set()
        for _ in range(INSPECTORS):
            self._jobs.put(None)
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with suppress(sqlite3.Error):
            self._claims.release()

    def _keep_time(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = self._turn()
            except sqlite3.Error as error:
                logger.warning("the sandbox's database is not available, retrying: %s", error)
                pause = POLL_SECONDS
            self._wake.wait(pause)

    def _turn(self) -> float:
        """Do all that is due now; return the seconds until there may be more."""
        while self._claims.advance(self._stage_ms, self._step) or self._hand_out():
            if self._stopping.is_set():
                break
        self._renew()
        pause = self._claims.seconds_to_next()
        return min(POLL_SECONDS, self._renew_every, POLL_SECONDS if pause is None else pause)

    def _hand_out(self) -> bool:
        job = self._claims.claim() if len(self._claimed) < INSPECTORS else None
        if job is not None:
            self._claimed.add(job.upload)
            self._jobs.put(job)
        return job is not None

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at >= self._renew_every:
            self._claims.renew(self._claimed.copy())
            self._renewed_at = time.monotonic()

    def _inspect_jobs(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._claims.record(job.upload, self._findings(job))
            except InspectorClosedError:  # another worker or the next start inspects it again
                break
            except sqlite3.Error as error:
                logger.warning("upload %s: its inspection was not saved: %s", job.upload, error)
            self._claimed.discard(job.upload)
            self._wake.set()

    def _findings(self, job: ProcessingJob) -> str:
        if job.attempts > MAX_ATTEMPTS:
            return failed_findings(f"the inspection was interrupted {MAX_ATTEMPTS} times")
        try:
            inspection = self._inspect(job.document, job.document_type)
            return json.dumps(asdict(inspection), allow_nan=False)
        except InspectorClosedError:
            raise
        except Exception as error:  # noqa: BLE001 - one document must not stop all others
            return failed_findings(f"the inspection failed: {type(error).__name__}")


def failed_findings(problem: str) -> str:
    """Return the findings about a document that could not be inspected, as JSON."""
    nothing = ("found_type", "ocr_data", "ocr_authenticity", "ocr_authenticity_score")
    return json.dumps({"problem": problem, **dict.fromkeys(nothing)})


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    return threading.Thread(target=target, name=f"argyle-sandbox-{name}", daemon=True)


class Claims:
    """The uploads that wait for work, and one worker's leases on them."""

    def __init__(self, store: Store, lease_seconds: float) -> None:
        self._store = store
        self._database = store.database
        self._owner = secrets.token_hex(8)
        self._lease_ms = int(lease_seconds * 1000)

    def advance(self, stage_ms: int, step: Step) -> int:
        """Move the uploads whose stage is over, at most 100 of them; return how many moved."""
        with self._database.read() as connection:
            if connection.execute(_ready("1"), (now_ms(), 1)).fetchone() is None:
                return 0
        with self._database.write() as connection:
            rows = connection.execute(_ready("*"), (now_ms(), BATCH)).fetchall()
            for row in rows:
                after = step(row["id"], _state(row), json.loads(row["findings"] or "{}"))
                _save(connection, row["id"], after, stage_ms)
                if after.ocr == "completed" != row["ocr"]:
                    announce(connection, OCR_COMPLETED, row)
        return len(rows)

    def seconds_to_next(self) -> float | None:
        """Return the seconds until an upload's stage is over; ``None`` when none is under way."""
        sql = f"SELECT min(due_at) FROM uploads WHERE {_READY}"  # noqa: S608 - constants
        with self._database.read() as connection:
            due = connection.execute(sql, (2**62,)).fetchone()[0]
        return None if due is None else max(0.0, (due - now_ms()) / 1000)

    def claim(self) -> ProcessingJob | None:
        """Take the oldest document that nobody inspects; ``None`` when there is none."""
        with self._database.read() as connection:
            if _unread(connection) is None:
                return None
        with self._database.write() as connection:
            row = _unread(connection)
            if row is None:
                return None
            connection.execute(
                "UPDATE uploads SET owner = ?, lease_until = ?, attempts = attempts + 1"
                " WHERE id = ?",
                (self._owner, now_ms() + self._lease_ms, row["id"]),
            )
        document = self._store.document(row["document"])
        return ProcessingJob(row["id"], document, row["document_type"], row["attempts"] + 1)

    def renew(self, uploads: Collection[str]) -> None:
        """Hold on to the claims that are still being worked on."""
        if not uploads:
            return
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE uploads SET lease_until = ? WHERE id = ? AND owner = ?",
                [(now_ms() + self._lease_ms, upload, self._owner) for upload in uploads],
            )

    def release(self) -> None:
        """Give up all claims, so that other workers need not wait for the leases to end."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE uploads SET owner = NULL, lease_until = 0, attempts = attempts - 1"
                " WHERE owner = ? AND findings IS NULL",
                (self._owner,),
            )

    def record(self, upload: str, findings: str) -> bool:
        """Keep what an inspection found, as JSON; whether the claim still held."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "UPDATE uploads SET findings = ? WHERE id = ? AND owner = ? AND findings IS NULL",
                (findings, upload, self._owner),
            )
        return cursor.rowcount == 1


def _ready(columns: str) -> str:
    return f"SELECT {columns} FROM uploads WHERE {_READY} ORDER BY due_at LIMIT ?"  # noqa: S608


def _unread(connection: sqlite3.Connection) -> Mapping[str, Any] | None:
    row: Mapping[str, Any] | None = connection.execute(
        f"SELECT * FROM uploads WHERE due_at IS NOT NULL AND {_UNREAD}"  # noqa: S608 - constants
        " ORDER BY created_at LIMIT 1",
        (now_ms(),),
    ).fetchone()
    return row


def _state(row: Mapping[str, Any]) -> ProcessingState:
    return ProcessingState(**{field.name: row[field.name] for field in fields(ProcessingState)})


def _save(
    connection: sqlite3.Connection, upload: str, state: ProcessingState, stage_ms: int
) -> None:
    connection.execute(
        "UPDATE uploads SET document_type = :document_type, classification = :classification,"
        " ocr = :ocr, authenticity = :authenticity, due_at = :due_at, updated_at = :updated_at"
        " WHERE id = :id",
        {
            **asdict(state),
            "due_at": None if state.at_rest else now_ms() + stage_ms,
            "updated_at": next_moment(connection),
            "id": upload,
        },
    )
