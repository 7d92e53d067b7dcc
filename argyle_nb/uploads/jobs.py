"""What there is to do: each different document once, whatever the manifest repeats."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from argyle_nb.documents import Document, inspect_document
from argyle_nb.errors import DocumentError
from argyle_nb.models import is_uuid
from argyle_nb.uploads.journal import Entry, Key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Hashing lets other threads run.
_READERS = 4
NOT_TRIED = Entry("new", None, "not tried")


@dataclass(eq=False)
class Job:
    """One document for one user as one type, and the manifest's rows that ask for it.

    Parameters
    ----------
    document
        As it was looked at.
    document_type, user
        As the manifest names them; the user may be an external id.
    rows
        Positions in the manifest; the first is the one that is sent.
    entry
        How far it is.
    key
        In the journal, once the user's id is known.
    seconds
        Spent on sending it in this run.
    ended_at
        When the last attempt of this run ended, on the monotonic clock.
    """

    document: Document
    document_type: str
    user: str
    rows: list[int]
    entry: Entry = NOT_TRIED
    key: Key | None = None
    seconds: float = 0.0
    ended_at: float | None = None

    def took(self, started: float) -> None:
        """Take down an attempt that began at a time of the monotonic clock and ended now."""
        self.ended_at = time.monotonic()
        self.seconds += self.ended_at - started


@dataclass
class Plan:
    """What is sent, and what is refused: row -> the error."""

    jobs: list[Job] = field(default_factory=list)
    refused: dict[int, DocumentError] = field(default_factory=dict)


def plan_of(lines: Iterable[tuple[str, str, str]], *, max_bytes: int, strict: bool) -> Plan:
    """Look at every file, and put rows together that ask for the same upload.

    Parameters
    ----------
    lines
        File, document type and user of each row.
    max_bytes, strict
        As for `inspect_document`.

    Examples
    --------
    >>> plan = plan_of([("nowhere.pdf", "W-2", "loan-77")], max_bytes=1000, strict=False)
    >>> plan.jobs, list(plan.refused)
    ([], [0])
    """
    lines = list(lines)
    plan = Plan()
    jobs: dict[tuple[str, str, str], Job] = {}
    files = list(dict.fromkeys(file for file, _, _ in lines))
    with ThreadPoolExecutor(_READERS) as pool:
        looked = pool.map(lambda file: _looked_at(file, max_bytes=max_bytes, strict=strict), files)
        found = dict(zip(files, looked, strict=True))
    for row, (file, document_type, user) in enumerate(lines):
        document = found[file]
        if isinstance(document, DocumentError):
            plan.refused[row] = document
            continue
        same = (document.sha256, document_type, user.lower() if is_uuid(user) else user)
        jobs.setdefault(same, Job(document, document_type, user, [])).rows.append(row)
    plan.jobs = list(jobs.values())
    return plan


def _looked_at(file: str, **options: Any) -> Document | DocumentError:
    try:
        return inspect_document(file, **options)
    except DocumentError as error:
        return error
