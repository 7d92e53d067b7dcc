"""A job is one document to be sent: planned from the rows that ask for it, sent, and reported."""

from __future__ import annotations

import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from argyle_nb.documents import Document, inspect_document
from argyle_nb.errors import (
    AmbiguousUploadError,
    ApiError,
    ArgyleError,
    AuthenticationError,
    DocumentError,
    RateLimitError,
    TransportError,
    sentences,
)
from argyle_nb.models import is_uuid
from argyle_nb.platforms import check_writable_file, log_path
from argyle_nb.uploads.log import ID_TAKEN, LogEntry, UploadKey, UploadLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from argyle_nb.client.client import Client

STATES = (
    "uploaded",
    "invalid",
    "rejected_by_argyle",
    "not_sent",
    "not_confirmed",
    "possible_match",
)
_SHOWN = {"new": "not_sent", "sending": "not_confirmed"}

NOT_TRIED = LogEntry("new", None, "Not tried.")
ALREADY_THERE = "Already at Argyle."
UNSEEN = (
    "Not confirmed: sending ended before Argyle answered, so the document may already be stored. "
    "Run the batch again: it checks Argyle before it sends this document."
)
ELSEWHERE = "Another run is sending it now."
ROLLED_BACK = (
    "The upload stopped before the last byte, so Argyle did not store it. Run the batch again."
)

# Hashing lets other threads run.
_READERS = 4
_DTYPES: dict[str, Any] = {
    "state": pd.CategoricalDtype(list(STATES)),
    "upload_id": "string",
    "attempts": "Int64",
    "seconds": "Float64",
    "bytes": "Int64",
    "reason": "string",
}


class Borrower(NamedTuple):
    """The borrower of a document: Argyle's user ID, the lender's external ID, or both."""

    user: str = ""
    external_id: str = ""

    def __str__(self) -> str:
        return self.user or self.external_id


def borrower_of(text: str) -> Borrower:
    """Take a text for an id if it looks like one, else for an external id, in composed letters."""
    if is_uuid(text):
        return Borrower(user=text.lower())
    return Borrower(external_id=unicodedata.normalize("NFC", text))


@dataclass(eq=False)
class UploadJob:
    """One document for one user as one type, and the rows that ask for it."""

    document: Document
    document_type: str
    borrower: Borrower
    rows: list[int]  # positions; the document is the first one's
    entry: LogEntry = NOT_TRIED
    key: UploadKey | None = None  # once the user's id is known
    other_types: tuple[str, ...] = ()  # as which Argyle has it too
    seconds: float = 0.0
    ended_at: float | None = None  # the last attempt of this run, on the monotonic clock

    def took(self, started: float, *, was_sent: bool = True) -> None:
        """Record an attempt that began at a time of the monotonic clock and ended now.

        Where nothing was sent, somebody else's attempt may have ended at any time.
        """
        if was_sent:
            self.ended_at = time.monotonic()
            self.seconds += self.ended_at - started

    def reason_for(self, row: int) -> str | None:
        """Say why a row is as it is; a repeated one names the document that was sent for it.

        What may keep the document from being read is said in every run.
        """
        reason = self.entry.reason or ""
        problems = [one for one in map(sentences, self.document.problems) if one not in reason]
        same = "" if row == self.rows[0] else f"Same content as {self.document.path}."
        also = ""
        if self.other_types:
            others = " and ".join(self.other_types)
            also = f"Also at Argyle as {others}: this is another copy, as {self.document_type}."
        return sentences(same, reason, *problems, also) or None


class UploadPlan(NamedTuple):
    """What is sent, and what is refused: row -> all that is wrong."""

    jobs: list[UploadJob]
    refused: dict[int, tuple[str, ...]]


def plan_of(
    lines: Mapping[int, tuple[str, str, Borrower]],
    problems: Mapping[int, tuple[str, ...]] | None = None,
    *,
    max_bytes: int,
    strict: bool,
) -> UploadPlan:
    """Inspect the file of each row (file, document type, borrower), and make jobs of the rows.

    A row with problems is inspected too, so that all that is wrong with it is said at once.
    """
    files = list(dict.fromkeys(file for file, _, _ in lines.values()))
    inspect = partial(_inspected, max_bytes=max_bytes, strict=strict)
    with ThreadPoolExecutor(_READERS) as pool:
        documents = dict(zip(files, pool.map(inspect, files), strict=True))
    refused, accepted = dict(problems or {}), {}
    for row, (file, document_type, borrower) in lines.items():
        document = documents[file]
        if isinstance(document, DocumentError):
            refused[row] = (document.problem, *refused.get(row, ()))
        elif row not in refused:
            accepted[row] = document, document_type, borrower
    return UploadPlan(jobs_of(accepted), refused)


def jobs_of(rows: Mapping[int, tuple[Document, str, Borrower]]) -> list[UploadJob]:
    """Put rows (document, document type, borrower) together that ask for the same upload."""
    jobs: dict[tuple[str, str, Borrower], UploadJob] = {}
    for row, (document, document_type, borrower) in rows.items():
        same = (document.sha256, document_type, borrower)
        jobs.setdefault(same, UploadJob(document, document_type, borrower, [])).rows.append(row)
    return list(jobs.values())


def _inspected(file: str, **options: Any) -> Document | DocumentError:
    try:
        return inspect_document(file, **options)
    except DocumentError as error:
        return error


class RolledBack(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised by a progress callback to break a document off before its last byte."""


class SendOutcome(NamedTuple):
    """How one try ended: what the upload log says now, and what was raised, if anything."""

    entry: LogEntry
    error: ArgyleError | None = None
    was_sent: bool = True  # or tried, and not only looked up


def default_upload_log() -> Path:
    """Say which upload log is used when none is named; its name is that of the first versions."""
    return log_path("journal.sqlite")


def check_upload_log(path: Path | str | None) -> Path:
    """Give the path of an upload log that can be written, by default the usual one."""
    found = Path(path).expanduser() if path else default_upload_log()
    check_writable_file(found, "upload log")
    return found


def send_once(
    client: Client,
    upload_log: UploadLog,
    key: UploadKey,
    document: Document,
    progress: Callable[[int, int], None] | None = None,
    *,
    external_id: str | None = None,
    is_listed: bool = False,
) -> SendOutcome:
    """Claim a document and try to send it once."""
    known = upload_log.claim(
        key, document.name, client.clock.now(), external_id, is_listed=is_listed
    )
    if known is None:
        return send_claimed(client, upload_log, key, document, progress)
    if known.state == "uploaded":
        return SendOutcome(known._replace(reason=ALREADY_THERE), was_sent=False)
    reason = ELSEWHERE if known.state == "sending" else known.reason or UNSEEN
    return SendOutcome(known._replace(reason=reason), was_sent=False)


def send_claimed(
    client: Client,
    upload_log: UploadLog,
    key: UploadKey,
    document: Document,
    progress: Callable[[int, int], None] | None = None,
) -> SendOutcome:
    """Send a document that is claimed, and write down how that ended, whatever happens."""
    end, raised = LogEntry("not_confirmed", None, UNSEEN), None
    try:
        sent = client.upload(
            document, document_type=key.document_type, user=key.user, progress=progress
        )
        if upload_log.was_listed_before(key, sent.id):
            end = LogEntry("not_confirmed", None, ID_TAKEN.format(sent.id))
        else:
            end = LogEntry("uploaded", sent.id, sentences(*document.problems) or None)
    except RolledBack:
        end = LogEntry("new", None, ROLLED_BACK)
    except ArgyleError as error:
        end, raised = _end_of(error), error
    finally:
        entry = upload_log.finish(key, end)
    return SendOutcome(entry, raised)


def _end_of(error: ArgyleError) -> LogEntry:
    """Tell what an error says of the document: whatever is not certain is ``not_confirmed``."""
    if isinstance(error, AmbiguousUploadError):
        return LogEntry("not_confirmed", None, str(error))
    if isinstance(error, DocumentError):
        return LogEntry("new", None, sentences(error.problem))
    if isinstance(error, TransportError | RateLimitError) or is_wrong_key(error):
        return LogEntry("new", None, str(error))
    if isinstance(error, ApiError):
        return LogEntry("rejected_by_argyle", None, str(error))
    return LogEntry("not_confirmed", None, str(error))


def is_wrong_key(error: Exception | None) -> bool:
    """Tell whether nothing else needs to be tried with this key; 403 may be about one user."""
    return isinstance(error, AuthenticationError) and error.status != 403  # noqa: PLR2004


def shown_state(entry: LogEntry) -> str:
    """Give the state of an upload as people read it, one of `STATES`."""
    return _SHOWN.get(entry.state, entry.state)


def with_results(table: pd.DataFrame, plan: UploadPlan) -> pd.DataFrame:
    """Put the results beside the manifest's columns, and Argyle's id of each user among them."""
    results: dict[int, tuple[Any, ...]] = {
        row: ("invalid", None, 0, 0.0, None, sentences(*why)) for row, why in plan.refused.items()
    }
    results |= {row: _result_of(job, row) for job in plan.jobs for row in job.rows}
    in_order = [results[row] for row in range(len(table))]
    columns = {
        name: pd.Series([result[place] for result in in_order], table.index, dtype)
        for place, (name, dtype) in enumerate(_DTYPES.items())
    }
    ids = {row: job.key.user for job in plan.jobs if job.key for row in job.rows}
    users = [ids.get(row, user) for row, user in enumerate(table["user"])]
    return table.assign(user=pd.Series(users, table.index, "string"), **columns)


def _result_of(job: UploadJob, row: int) -> tuple[Any, ...]:
    """Give a row's result in the order of `_DTYPES`; what was spent counts for the first row."""
    state, upload_id = shown_state(job.entry), job.entry.upload_id
    spent = (job.entry.attempts, job.seconds) if row == job.rows[0] else (0, 0.0)
    return state, upload_id, *spent, job.document.size, job.reason_for(row)
