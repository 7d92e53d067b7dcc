"""`UploadPanel`: documents in by drag and drop, each watched to its score."""

from __future__ import annotations

import html
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets as widgets

from argyle_nb.config import LOCAL
from argyle_nb.errors import ValidationError, words_of
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.uploads import UploadQueue
from argyle_nb.uploads.jobs import default_journal
from argyle_nb.uploads.queue_files import DONE, files_of
from argyle_nb.widgets.dropzone import DropZone
from argyle_nb.widgets.panel import Panel, Question, Throttle, read_static
from argyle_nb.widgets.receiving import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.models import User
    from argyle_nb.uploads.journal import JournalEntry, UploadKey
    from argyle_nb.uploads.queue_files import QueuedFile
    from argyle_nb.uploads.users import UserMatch
    from argyle_nb.widgets.panel import Answer
    from argyle_nb.widgets.receiving import ReceivedFile

SHOW_SECONDS, SAVE_SECONDS = 0.2, 2.0
ROWS_IN_A_MESSAGE = 200
# What a saved notebook says of a document under way.
_SAVED_MESSAGES = {
    "looking": "looking at it",
    "ready": "ready",
    "waiting": "waiting to be sent",
    "sending": "sending to Argyle",
    "reading": "Argyle has it",
}


class UploadPanel(widgets.VBox):
    """Upload documents from a notebook, and watch each to its score.

    Files come by drag and drop, by a click, by the keyboard, or from a folder of the kernel's
    machine. Each has its type (guessed, to be changed) and its user; they are sent with
    `upload_batch` in a thread, each once, while cells run. Run the cell again or reload the page:
    the panel goes on, as panels with the same journal and place share one queue; what is asked from
    then on is asked with the newest client. Contents are never saved with the notebook, nor are
    users; names, sizes and scores are.

    Parameters
    ----------
    client
        From `connect`.
    journal
        The SQLite file that remembers what was sent; `upload_batch`'s own by default.

    Raises
    ------
    ConfigurationError
        When the journal cannot be used.

    Examples
    --------
    >>> panel = UploadPanel(client, folder / "panel.sqlite")
    >>> panel
    UploadPanel(0 documents, 0 at Argyle)
    >>> panel.frame["id"].tolist()
    []
    """

    def __init__(self, client: Client, journal: Path | str | None = None) -> None:
        self._shared = _shared_of(client, Path(journal or default_journal()))
        super().__init__(children=self._shared.parts)

    def __repr__(self) -> str:
        files = self.queue.files
        sent = sum(bool(file.upload_id) for file in files)
        return f"UploadPanel({len(files)} documents, {sent} at Argyle)"

    @property
    def queue(self) -> UploadQueue:
        """The documents and their states, for scripts."""
        return self._shared.queue

    @property
    def frame(self) -> pd.DataFrame:
        """What came to Argyle through this panel, as `uploads_frame` gives it."""
        return self.queue.frame

    def add(self, pattern: str, *, document_type: str = "", user: str = "") -> int:
        """Add documents that are on the kernel's machine.

        Parameters
        ----------
        pattern
            A file, a folder or a pattern such as ``scans/*.pdf``.
        document_type
            One of the six; guessed by default.
        user
            An id, an external id, or the e-mail address of a user; by default what the panel says.

        Returns
        -------
        int
            How many were added.

        Raises
        ------
        ValidationError
            When there is no such file, or no such type.

        Examples
        --------
        >>> panel = UploadPanel(client, folder / "panel.sqlite")
        >>> panel.add("data/documents/w2_*", user="loan-77")  # doctest: +SKIP
        4
        """
        return self._shared.table.add_files(pattern, document_type, user)

    def send(self) -> threading.Thread:
        """Send what is ready, as the button does; see `UploadQueue.send`."""
        return self.queue.send()


class _UploadQuestion(Question):
    kind: Literal[
        "open", "look", "set", "add", "send", "stop", "remove", "again", "users", "earlier"
    ]
    keys: tuple[str, ...] = ()
    all: bool = False
    document_type: str | None = None
    user: str | None = None
    text: str = ""


class _Table(Panel):
    """The documents, one a row; the browser asks, and is told what changed."""

    _esm = read_static("panel.js", "upload.js")
    _css = read_static("panel.css", "upload.css")
    question = _UploadQuestion
    changes = frozenset({"set", "add", "send", "stop", "remove", "again"})

    def __init__(self, client: Client, journal: Path) -> None:
        self.user = ""
        # Removes the copies of files; the zone that has them is made after this.
        self.remove_copies: Callable[..., None] = lambda *_: None
        self._changed_keys: set[str] = set()
        self._version = 0
        self._changes_lock = threading.Lock()
        self._push_soon = Throttle(SHOW_SECONDS, self._push_changes)
        self._save_soon = Throttle(SAVE_SECONDS, self._save_rows)
        self.queue = UploadQueue(client, journal, on_change=self._note_change)
        super().__init__({"files": []})

    def take(self, file: ReceivedFile) -> None:
        """Take over a file that has come from the browser."""
        if file.state == ARRIVED and file.path:
            self.queue.add(file.path, key=file.key, user=self.user, is_copy=True)

    def add_files(self, pattern: str, document_type: str = "", user: str = "") -> int:
        """Add documents that are on the kernel's machine, see `UploadPanel.add`."""
        paths = files_of(pattern)
        for path in paths:
            self.queue.add(path, document_type=document_type, user=user or self.user)
        return len(paths)

    def _on_open(self, _: _UploadQuestion) -> Answer:
        # Before the files: what changes meanwhile is then pushed as newer.
        version = self._version
        return {
            "version": version,
            "files": [_row(file) for file in self.queue.files],
            "types": list(DOCUMENT_TYPES),
            "user": self.user,
            "sending": self.queue.is_sending,
        }

    def _on_look(self, _: _UploadQuestion) -> Answer:
        """Say how much was pushed, so that a page sees whether it heard everything."""
        return {"version": self._version}

    def _on_set(self, question: _UploadQuestion) -> Answer:
        if question.all and question.user is not None:
            self.user = question.user.strip()
            self._push_soon()
        keys = [file.key for file in self.queue.files] if question.all else question.keys
        late = self.queue.set(keys, document_type=question.document_type, user=question.user)
        if late and not question.all:
            raise ValidationError(
                f"too late: {late[0].name} is {late[0].state} as {late[0].document_type} for "
                f"{late[0].user}"
            )
        return {}

    def _on_add(self, question: _UploadQuestion) -> Answer:
        return self._in_background("added", lambda: self.add_files(question.text))

    def _in_background(self, about: str, find: Callable[[], Any]) -> Answer:
        """Push what is found later: a slow handler would hold up every other widget."""

        def push() -> None:
            try:
                result = {about: find()}
            except Exception as error:  # noqa: BLE001 - on this thread nobody would see it
                result = {"trouble": words_of(error)}
            self._push({"about": about} | result)

        threading.Thread(target=push, name=f"argyle_nb {about}", daemon=True).start()
        return {}

    def _on_send(self, question: _UploadQuestion) -> Answer:
        self.queue.send(question.keys or None)
        return {}

    def _on_stop(self, _: _UploadQuestion) -> Answer:
        self.queue.stop()
        return {}

    def _on_remove(self, question: _UploadQuestion) -> Answer:
        self.remove_copies(*[key for key in question.keys if self.queue.remove(key)])
        return {}

    def _on_again(self, question: _UploadQuestion) -> Answer:
        for key in question.keys:
            self.queue.look_again(key)
        return {}

    def _on_users(self, question: _UploadQuestion) -> Answer:
        self.queue.finder.search(question.text, self._push_users)
        return {}

    def _push_users(self, match: UserMatch) -> None:
        users = [_suggestion(user, self.queue.finder.name_of(user)) for user in match.users]
        self._push({"about": "users", "text": match.text, "users": users, "words": match.words})

    def _on_earlier(self, _: _UploadQuestion) -> Answer:
        return self._in_background(
            "earlier", lambda: [_journal_row(*row) for row in self.queue.earlier()]
        )

    def _note_change(self, key: str) -> None:
        with self._changes_lock:
            self._changed_keys.add(key)
        self._push_soon()
        self._save_soon()

    def _push_changes(self) -> None:
        with self._changes_lock:
            keys, self._changed_keys = self._changed_keys, set()
        files = self.queue.files
        rows = [_row(file) for file in files if file.key in keys]
        gone = sorted(keys.difference(file.key for file in files))
        sending = self.queue.is_sending
        for begin in range(0, max(len(rows), 1), ROWS_IN_A_MESSAGE):
            self._version += 1
            self._push(
                {
                    "about": "files",
                    "version": self._version,
                    "files": rows[begin : begin + ROWS_IN_A_MESSAGE],
                    "gone": gone,
                    "user": self.user,
                    "sending": sending,
                }
            )
            gone = []

    def _save_rows(self) -> None:
        saved = {"files": [_saved_row(file) for file in self.queue.files]}
        self._last_heard.run(lambda: setattr(self, "saved", saved))


class _SharedPanel:
    """What panels with the same journal and place have in common."""

    def __init__(self, client: Client, journal: Path) -> None:
        self.table = _Table(client, journal)
        self.zone = DropZone(
            on_change=self.table.take, hand_over=True, is_needed=lambda: self.queue.is_sending
        )
        self.table.remove_copies = self.zone.remove
        self.heading = widgets.HTML(_heading(client))

    @property
    def queue(self) -> UploadQueue:
        return self.table.queue

    @property
    def parts(self) -> list[widgets.Widget]:
        return [self.heading, self.zone, self.table]

    @property
    def is_open(self) -> bool:
        return all(part.comm is not None for part in self.parts)

    def use(self, client: Client) -> None:
        """Go on with another client: its key may be the right one, its port the new one."""
        if client is not self.queue.client:
            self.queue.use(client)
        self.heading.value = _heading(client)


_SHARED: dict[tuple[str, Path], _SharedPanel] = {}
_SHARED_LOCK = threading.Lock()


def _shared_of(client: Client, journal: Path) -> _SharedPanel:
    """Give what a panel shows; one that was closed begins anew."""
    key = (client.settings.journal_scope, journal.absolute())
    with _SHARED_LOCK:
        if key not in _SHARED or not _SHARED[key].is_open:
            _SHARED[key] = _SharedPanel(client, journal)
        else:
            _SHARED[key].use(client)
        return _SHARED[key]


def _heading(client: Client) -> str:
    environment = client.settings.environment
    stand_in = "; its scores are a stand-in" if environment == LOCAL else ""
    return f"<b>Upload documents to Argyle</b> ({html.escape(environment)}{stand_in})"


def _row(file: QueuedFile) -> Answer:
    return {
        "file": file.key,
        "name": file.name,
        "size": file.size,
        "found": file.found,
        "type": file.document_type,
        "guess": file.is_guess,
        "user": file.user,
        "state": file.state,
        "fraction": file.fraction,
        "message": file.message,
        "how": file.how,
        "kind": file.found_type,
        "score": file.score,
        "level": file.level,
        "signals": list(file.signals),
    }


def _saved_row(file: QueuedFile) -> Answer:
    """Give what a saved notebook shows of a file: nothing of a person but the file's name.

    What a server said, here in ``message`` and ``how``, may name somebody.
    """
    message = _SAVED_MESSAGES.get(file.state, "")
    if file.state == DONE:
        end = ", no authenticity score"
        if file.score is not None:
            end = f": score {file.score}, {file.level} authenticity"
        message = file.document_type + end
    return _row(file) | {"user": "", "message": message, "how": "", "signals": []}


def _journal_row(key: UploadKey, entry: JournalEntry, at: str) -> dict[str, Any]:
    return {
        "name": entry.name,
        "type": key.document_type,
        "user": key.user,
        "state": "not sent" if entry.state == "new" else entry.state,
        "upload": entry.upload_id or "",
        "reason": entry.reason or "",
        "at": at[:16].replace("T", " ") + " UTC",
    }


def _suggestion(user: User, value: str) -> dict[str, str]:
    name = f"{user.first_name or ''} {user.last_name or ''}".strip()
    parts = (name, user.email, user.external_id if value == user.id else None)
    return {"value": value, "label": ", ".join(filter(None, parts)) or user.id}
