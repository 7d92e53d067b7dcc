"""What happens to an upload after it arrived: classification, then OCR, then authenticity."""

from __future__ import annotations

import json
import logging
import queue
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from argyle_nb.sandbox.claims import MAX_ATTEMPTS, Claims

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from argyle_nb.sandbox.claims import Findings, Job, State
    from argyle_nb.sandbox.inspection import Inspection
    from argyle_nb.sandbox.store import Store

    Inspect = Callable[[Path, str], Inspection]
    Step = Callable[[str, State, Findings], State]

READ_TYPES = frozenset({"paystubs", "W-2", "1099"})
STAGES = ("classification", "ocr", "authenticity")
CORRECTABLE_TYPES = READ_TYPES | {"miscellaneous"}

INSPECTORS = 2
LEASE_SECONDS = 60.0
POLL_SECONDS = 0.5
STOP_SECONDS = 2.0

logger = logging.getLogger("argyle_nb.sandbox")


def settled_type(document_type: str, found_type: str | None) -> str:
    """Return the type an upload keeps after classification.

    Source: Argyle API reference, user uploads: the value "is overwritten when the document is
    found to be a different type". Proofs of identity and address are left as they are.
    """
    if document_type in CORRECTABLE_TYPES and found_type in CORRECTABLE_TYPES:
        return found_type
    return document_type


def next_state(upload: str, state: State, findings: Findings) -> State:
    """Return where an upload stands after its present stage.

    Parameters
    ----------
    upload
        Its id, for the log.
    state
        Where it stands.
    findings
        What the inspection found; empty before classification began.
    """
    if state.classification == "idle":
        return replace(state, classification="in_progress")
    if state.classification == "in_progress":
        return _classified(upload, state, findings)
    if state.ocr == "in_progress":
        return _read(upload, state, findings)
    return replace(state, authenticity="completed")


def _classified(upload: str, state: State, findings: Findings) -> State:
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


def _read(upload: str, state: State, findings: Findings) -> State:
    if findings["ocr_data"] is None:
        logger.info("upload %s: ocr failed: there is no text to read", upload)
    ocr = "failed" if findings["ocr_data"] is None else "completed"
    if findings["ocr_authenticity"] is None:
        return replace(state, ocr=ocr, authenticity="failed")
    return replace(state, ocr=ocr, authenticity="in_progress")


def failing(step: Step, fails: Callable[[], bool]) -> Step:
    """Make a step at which a stage that is over may end ``failed`` instead.

    Parameters
    ----------
    step
        Such as `next_state`.
    fails
        Asked once for each stage.
    """

    def failing_step(upload: str, state: State, findings: Findings) -> State:
        begun = [stage for stage in STAGES if getattr(state, stage) == "in_progress"]
        if begun and fails():
            logger.info("upload %s: %s failed on purpose", upload, begun[0])
            return replace(state, **{begun[0]: "failed"})
        return step(upload, state, findings)

    return failing_step


def failed_findings(problem: str) -> str:
    """Return the findings about a document that could not be inspected, as JSON."""
    nothing = ("found_type", "ocr_data", "ocr_authenticity", "ocr_authenticity_score")
    return json.dumps({"problem": problem, **dict.fromkeys(nothing)})


class Worker:
    """Moves the uploads of one store along, beside the workers of other servers.

    One thread keeps the time of all uploads at once and hands documents to a few inspectors;
    each document is claimed in the database first, so that no two workers look at it.

    Parameters
    ----------
    store
        The uploads and their documents.
    inspect
        ``(path, document_type) -> Inspection``; called once a document.
    stage_seconds
        How long each of the three stages lasts; 0 is at once.
    lease_seconds
        After how long without a sign of life another worker takes a document over.
    step
        Where an upload goes when its stage is over.
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
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._held: set[str] = set()
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
                logger.warning("the sandbox's database is not available, trying again: %s", error)
                pause = POLL_SECONDS
            self._wake.wait(pause)

    def _turn(self) -> float:
        """Do all that can be done now; return the seconds until there may be more."""
        while self._claims.advance(self._stage_ms, self._step) or self._hand_out():
            if self._stopping.is_set():
                break
        self._renew()
        pause = self._claims.seconds_to_next()
        return min(POLL_SECONDS, self._renew_every, POLL_SECONDS if pause is None else pause)

    def _hand_out(self) -> bool:
        job = self._claims.claim() if len(self._held) < INSPECTORS else None
        if job is not None:
            self._held.add(job.upload)
            self._jobs.put(job)
        return job is not None

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at >= self._renew_every:
            self._claims.renew(self._held.copy())
            self._renewed_at = time.monotonic()

    def _inspect_jobs(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._claims.record(job.upload, self._findings(job))
            except sqlite3.Error as error:
                logger.warning("upload %s: its inspection was not kept: %s", job.upload, error)
            self._held.discard(job.upload)
            self._wake.set()

    def _findings(self, job: Job) -> str:
        if job.attempts > MAX_ATTEMPTS:
            return failed_findings(f"the inspection was broken off {MAX_ATTEMPTS} times")
        try:
            found = self._inspect(job.document, job.document_type)
            return json.dumps(asdict(found), allow_nan=False)
        except Exception as error:  # noqa: BLE001 - one document must not stop all others
            return failed_findings(f"the inspection broke: {type(error).__name__}")


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    return threading.Thread(target=target, name=f"argyle-sandbox-{name}", daemon=True)
