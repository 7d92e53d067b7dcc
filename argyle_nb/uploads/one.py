"""One document, at most once: claimed in the journal, sent, and its end written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.config import data_folder
from argyle_nb.errors import (
    AmbiguousUploadError,
    ApiError,
    ArgyleError,
    AuthenticationError,
    DocumentError,
    RateLimitError,
    TransportError,
)
from argyle_nb.uploads.journal import Entry, Journal, Key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from argyle_nb.client.client import Client
    from argyle_nb.documents import Document

ALREADY_THERE = "already at the service"
UNSEEN = (
    "its end was not seen: it may be at the service; run the batch again, which looks for it there"
)
ELSEWHERE = "another run is sending it now"
ROLLED_BACK = "broken off before its end, so it was not stored; run the batch again"


class RolledBack(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Raised by a progress callback to break a document off before its last byte."""


class Ending(NamedTuple):
    """How one try ended: what the journal says now, and what was raised, if anything."""

    entry: Entry
    error: ArgyleError | None = None


def default_journal() -> Path:
    """Say which journal is used when none is named."""
    return data_folder() / "journal.sqlite"


def send_once(
    client: Client,
    journal: Journal,
    key: Key,
    document: Document,
    progress: Callable[[int, int], None] | None = None,
) -> Ending:
    """Claim a document and try to send it once.

    Returns
    -------
    Ending
        Its entry, and the error that kept it from being ``done``.

    Examples
    --------
    >>> send_once(client, journal, key, document).entry.state  # doctest: +SKIP
    'done'
    """
    known = journal.claim(key, document.name, client.clock.now())
    if known is None:
        return send_claimed(client, journal, key, document, progress)
    if known.state == "done":
        return Ending(known._replace(reason=ALREADY_THERE))
    reason = ELSEWHERE if known.state == "sending" else known.reason or UNSEEN
    return Ending(known._replace(reason=reason))


def send_claimed(
    client: Client,
    journal: Journal,
    key: Key,
    document: Document,
    progress: Callable[[int, int], None] | None = None,
) -> Ending:
    """Send a document that is claimed, and write down how that ended, whatever happens."""
    end, raised = Entry("unknown", None, UNSEEN), None
    try:
        sent = client.upload(
            document, document_type=key.document_type, user=key.user, progress=progress
        )
        end = Entry("done", sent.id, "; ".join(document.problems) or None)
    except RolledBack:
        end = Entry("new", None, ROLLED_BACK)
    except ArgyleError as error:
        end, raised = _end_of(error), error
    finally:
        entry = journal.settle(key, end)
    return Ending(entry, raised)


def _end_of(error: ArgyleError) -> Entry:
    """Tell what an error says of the document: whatever is not certain is ``unknown``."""
    if isinstance(error, AmbiguousUploadError):
        return Entry("unknown", None, str(error))
    if isinstance(error, DocumentError):
        return Entry("new", None, error.problem)
    if isinstance(error, TransportError | RateLimitError) or is_wrong_key(error):
        return Entry("new", None, str(error))
    if isinstance(error, ApiError):
        return Entry("rejected", None, str(error))
    return Entry("unknown", None, str(error))


def is_wrong_key(error: Exception | None) -> bool:
    """Tell whether nothing else needs to be tried with this key; 403 may be about one user."""
    return isinstance(error, AuthenticationError) and error.status != 403  # noqa: PLR2004
