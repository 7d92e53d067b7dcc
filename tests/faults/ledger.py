"""What goes wrong with a request, and the book of what arrived."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

UPLOAD, LIST = "POST /v2/user-uploads", "GET /v2/user-uploads"
GET, FILE = "GET /v2/user-uploads/{id}", "GET /v2/user-uploads/{id}/file"
CREATE_USER, LIST_USERS = "POST /v2/users", "GET /v2/users"

RESET, CLOSE, HANG = object(), object(), object()


@dataclass(frozen=True)
class Answer:
    """One answer; ``body`` may be an iterable of blocks, sent as they come."""

    status: int = 200
    body: object = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Parameters
    ----------
    answer
        ``None`` for the true one, an `Answer`, raw bytes, or ``RESET``, ``CLOSE`` or ``HANG``
        (silence until the client is gone).
    read
        Which part of the body is read before it goes wrong, 0 to 1.
    store
        Whether a document or user is stored before it goes wrong.
    late
        Seconds after the answer at which it is stored.
    hidden
        Seconds for which no list shows what was stored.
    before
        Seconds before it is stored.
    wait
        Seconds before the answer.
    """

    answer: object = None
    read: float = 1.0
    store: bool = False
    late: float | None = None
    hidden: float = 0.0
    before: float = 0.0
    wait: float = 0.0


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    port: int
    at: float
    kind: str
    body: bytes = b""


@dataclass(frozen=True)
class Stored:
    """One document at the service."""

    id: str
    user: str
    document_type: str
    file_name: str
    content: bytes
    sha256: str
    created_at: datetime
    visible_from: float


class Ledger:
    """What arrived, and what is stored."""

    def __init__(self):
        self.requests: list[Request] = []
        self.documents: list[Stored] = []
        self.users: list[dict] = []
        self.bytes_of_files = 0
        self.lock = threading.RLock()

    def count(self, kind):
        """How many requests of one kind arrived."""
        with self.lock:
            return sum(request.kind == kind for request in self.requests)

    @property
    def uploads(self):
        """The requests that brought a document, or began to."""
        with self.lock:
            return [request for request in self.requests if request.kind == UPLOAD]

    @property
    def copies(self):
        """How often each content is stored for each user and type."""
        with self.lock:
            return Counter((d.user, d.document_type, d.sha256) for d in self.documents)

    @property
    def duplicates(self):
        """How many documents are one too many."""
        return sum(count - 1 for count in self.copies.values())
