"""`UploadPanel`: documents in by drag and drop, each watched to its score.

What the next widget's author should know of JupyterLab 4.6 with ipykernel 7.4:

- JupyterLab sends widget messages to another thread (a subshell), so that they are served while a
  cell runs. But the kernel sends a widget's messages to the shell that *last sent on that widget's
  comm*. Whatever a cell sends, the comm's opening too, and every answer to a message that came
  before the subshell was there, pins the comm to the main shell, where everything waits for the
  cells. `UploadPanel` takes the pin off after each sending.
- A plain `ipywidgets.Button` of a cell stays on the main shell: its click waits for the cell.
  What must work at any time (cancel, retry) belongs into the JavaScript.
- All widgets share one subshell: a slow handler holds up every other widget. Work goes elsewhere.
- The content of a message must not have a text under the key ``id``; the kernel takes it for
  the number of a request and may send it to another thread.
- JupyterLab drops a kernel's messages beyond 1,000 a second, and closes the connection on a message
  of more than 10 MiB. Hence slices below 1 MB, and news of rows at most five times a second.
- JupyterLab's shortcuts are caught before an element sees the key. Only the attribute
  ``data-lm-suppress-shortcuts`` keeps them away; ``stopPropagation`` does not.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import msgspec
import traitlets

from argyle_nb.config import ENVIRONMENTS, LOCAL
from argyle_nb.documents import MAX_DOCUMENT_BYTES
from argyle_nb.errors import ValidationError, words_of
from argyle_nb.models import DOCUMENT_TYPES, SCORED_TYPES
from argyle_nb.notebook import AMBER, BLUE, GREY
from argyle_nb.review.queue import open_case
from argyle_nb.uploads import UploadQueue
from argyle_nb.uploads.jobs import check_upload_log, shown_state
from argyle_nb.uploads.queue_files import DONE, LOOKING, READING, SENDING, WAITING, files_of
from argyle_nb.widgets.case import DocumentCache, facts_of, slice_of
from argyle_nb.widgets.fallback import Fallback, counted, share_bar
from argyle_nb.widgets.panel import Panel, Question, Throttle, read_static
from argyle_nb.widgets.receiving import ARRIVED, GONE, RECEIVING, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.models import User
    from argyle_nb.uploads.log import LogEntry, UploadKey
    from argyle_nb.uploads.queue_files import QueuedFile
    from argyle_nb.uploads.users import UserMatch
    from argyle_nb.widgets.panel import Answer
    from argyle_nb.widgets.receiving import ReceivedFile

# The larger the faster, up to about 1 MiB (tests/benchmarks/dropzone_speed.py), but Colab's
# messages end at about 1 MB. What is smaller comes whole, several files in one message.
SLICE_BYTES = 768 * 1024
FILES_IN_A_MESSAGE = 64
UNACKNOWLEDGED = 4
ACCEPTED = ".pdf,.png,.jpg,.jpeg,.heic,.heif"

SHOW_SECONDS = 0.2
# The notebook's state of the panel: soon once everything rests, else rarely.
SAVE_SECONDS, SAVE_WHILE_MOVING_SECONDS = 2.0, 30.0
ROWS_IN_A_MESSAGE, ROWS_SAVED = 2000, 500
_MOVING = (LOOKING, WAITING, SENDING, READING)
COPYING = "copying"
# What a saved notebook says of a document under way.
_SAVED_MESSAGES = {
    "copying": "Copying to the Jupyter server",
    "looking": "Checking the file",
    "ready": "Ready",
    "waiting": "Waiting to be sent",
    "sending": "Sending to Argyle",
    "reading": "Uploaded. Waiting for results",
}


class UploadPanel(Panel):
    """Upload documents from a notebook, and watch each to its score.

    Add files of any size by drag and drop, with the file picker, or from a folder of the Jupyter
    server; whole folders too. Each has a document type (suggested, to be changed) and a borrower.
    `upload_batch` sends them in a thread, each once, while cells run. Run the cell again or reload
    the page and the panel resumes: panels with the same upload log and environment are one. After a
    kernel restart it offers what a batch had not sent. Contents and borrowers are never saved with
    the notebook; file names, sizes and scores are.

    Parameters
    ----------
    client
        From `connect`.
    upload_log
        The SQLite file that records what was sent; `upload_batch`'s own by default.

    Raises
    ------
    ConfigurationError
        If the upload log can't be used.

    Examples
    --------
    >>> panel = UploadPanel(client, folder / "panel.sqlite")
    >>> panel
    UploadPanel(0 documents, 0 at Argyle)
    >>> panel.frame["id"].tolist()
    []
    """

    _esm = read_static("panel.js", "case.js", "sha256.js", "dropzone.js", "upload.js")
    _css = read_static("panel.css", "case.css", "dropzone.css", "upload.css")
    rules: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    changes = frozenset({"set", "add", "send", "stop", "remove", "again", "resume", "discard"})

    def __new__(cls, client: Client, upload_log: Path | str | None = None) -> Self:
        """Give the panel of this upload log and place, unless it was closed."""
        known = _PANELS.get(_key_of(client, upload_log))
        if known is not None and _is_open(known):
            return cast("Self", known)
        return cast("Self", super().__new__(cls, client, upload_log))

    def __init__(self, client: Client, upload_log: Path | str | None = None) -> None:
        key = _key_of(client, upload_log)
        known = _PANELS.get(key)
        if known is not self:
            _close_left_panels()
            if known is None or known.comm is None:
                self._start(client, key[1])
            else:
                self._take_over(known)
            _PANELS[key] = self
        if client is not self.queue.client:
            # Its key may be the right one, its port the new one.
            self.queue.use(client)
            self.rules = self.rules | _place_of(client)

    def _start(self, client: Client, upload_log: Path) -> None:
        self.borrower = ""
        self.listener = listener = _Listener(self._note_change, self._take)
        self.queue = UploadQueue(client, upload_log, on_change=listener.note_change)
        self.receiver = Receiver(MAX_DOCUMENT_BYTES, listener.take, self.queue.kept_paths)
        self._begin()

    def _take_over(self, other: UploadPanel) -> None:
        """Go on with the documents of a panel that marimo closed when its cell ran again."""
        self.borrower, self.queue, self.receiver = other.borrower, other.queue, other.receiver
        self.listener = other.listener
        self._begin()
        self.listener.changed, self.listener.came = self._note_change, self._take

    def _begin(self) -> None:
        self._version = 0
        self._changed_keys: set[str] = set()
        self._pushed: dict[str, Answer] = {}
        self._changes_lock = threading.Lock()
        self._push_soon = Throttle(SHOW_SECONDS, self._push_changes)
        self._save_soon = Throttle(SAVE_SECONDS, self._save_rows)
        self._save_rarely = Throttle(SAVE_WHILE_MOVING_SECONDS, self._save_rows)
        self._documents = DocumentCache(
            lambda upload: open_case(self.queue.client, upload), self._announce
        )
        self.rules = _RULES | _place_of(self.queue.client)
        super().__init__({"files": [], "more": 0})

    def __repr__(self) -> str:
        files = self.queue.files
        sent = sum(bool(file.upload_id) for file in files)
        return f"UploadPanel({len(files)} documents, {sent} at Argyle)"

    @property
    def frame(self) -> pd.DataFrame:
        """What was uploaded to Argyle through this panel, as `uploads_frame` gives it."""
        return self.queue.frame

    def add(self, pattern: str, *, document_type: str = "", user: str = "") -> int:
        """Add documents that are on the Jupyter server.

        Parameters
        ----------
        pattern
            A file, a folder or a pattern such as ``scans/*.pdf``.
        document_type
            One of the six document types; suggested by default.
        user
            The borrower: a user ID, an external ID or an email address; by default the borrower
            entered in the panel.

        Returns
        -------
        int
            How many were added.

        Raises
        ------
        ValidationError
            If no file matches, or the document type is unknown.

        Examples
        --------
        >>> panel = UploadPanel(client, folder / "panel.sqlite")
        >>> panel.add("data/documents/w2_*", user="loan-77")  # doctest: +SKIP
        4
        """
        paths = files_of(pattern)
        for path in paths:
            self.queue.add(path, document_type=document_type, user=user or self.borrower)
        return len(paths)

    def upload(self) -> threading.Thread:
        """Upload the documents that are ready, as the button does; see `UploadQueue.send`."""
        return self.queue.send()

    def close(self) -> None:
        """Close the widget and remove all copies that are no longer needed."""
        if not self.queue.is_sending and self.listener.changed == self._note_change:
            self.receiver.close()
        _drop(self)
        super().close()

    # Files from the browser

    def _receive(self, widget: Any, content: Any, buffers: list[memoryview]) -> None:
        if content.get("kind") not in _STEPS:
            super()._receive(widget, content, buffers)
            return
        self._last_heard.note()
        message = msgspec.convert(content, _FileMessage)
        rows = _STEPS[message.kind](self.receiver, message, buffers)
        answer: Answer = {"about": message.kind, "number": message.number}
        if message.kind == "slice":
            answer["ahead"] = message.offset > rows[0].received
        self.send(answer | {"rows": [_copied(file) for file in rows]})

    def _take(self, file: ReceivedFile) -> None:
        """Take over a file that has come from the browser."""
        if file.state == ARRIVED and file.path:
            self.queue.add(file.path, key=file.key, user=self.borrower, is_copy=True)
        else:
            self._note_change(file.key)

    # Questions

    def _on_open(self, _: _UploadQuestion) -> Answer:
        with self._changes_lock:
            # Before the files: what changes meanwhile is then pushed as newer, and as a whole.
            version = self._version
            self._pushed.clear()
            rows = self._rows()
        return {
            "version": version,
            "files": [_without_defaults(row) for row in rows.values()],
            "types": [[name, name in SCORED_TYPES] for name in DOCUMENT_TYPES],
            "interrupted": self.queue.interrupted._asdict(),
        } | self._situation()

    def _on_look(self, _: _UploadQuestion) -> Answer:
        """Say how much was pushed, so that a page sees whether it heard everything."""
        return {"version": self._version}

    def _on_set(self, question: _UploadQuestion) -> Answer:
        if question.all and question.user is not None:
            self.borrower = question.user.strip()
            self._push_soon()
        keys = [file.key for file in self.queue.files] if question.all else question.keys
        late = self.queue.set(keys, document_type=question.document_type, user=question.user)
        if late and not question.all:
            raise ValidationError(
                f"Can't change {late[0].name}: its state is {late[0].state}, as "
                f"{late[0].document_type} for {late[0].user}."
            )
        return {}

    def _on_add(self, question: _UploadQuestion) -> Answer:
        return self._in_background("added", lambda: self.add(question.text))

    def _in_background(self, about: str, find: Any) -> Answer:
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
        for key in question.keys:
            if self.queue.find(key) is None or self.queue.remove(key):
                self.receiver.remove(key)
                self._note_change(key)
        return {}

    def _on_again(self, question: _UploadQuestion) -> Answer:
        for key in question.keys:
            self.queue.look_again(key)
        return {}

    def _on_resume(self, _: _UploadQuestion) -> Answer:
        return self._in_background("resumed", lambda: bool(self.queue.resume()))

    def _on_discard(self, _: _UploadQuestion) -> Answer:
        self.queue.discard()
        return {}

    def _on_case(self, question: _UploadQuestion) -> Answer:
        key = question.keys[0]
        file = self.queue.find(key)
        upload = file.upload_id if file else ""
        self._documents.keep_only(upload)
        case = self._documents.find(upload, again=question.again)
        return {"file": key} | (facts_of(case) if case else {"fetching": bool(upload)})

    def _on_part(self, question: _UploadQuestion) -> Answer:
        case = self._documents.find(question.upload)
        return slice_of(case, question.upload, question.offset)

    def _announce(self, upload: str) -> None:
        self._push({"about": "ready", "upload": upload})

    def _on_users(self, question: _UploadQuestion) -> Answer:
        self.queue.finder.search(question.text, self._push_users)
        return {}

    def _push_users(self, match: UserMatch) -> None:
        users = [_suggestion(user, self.queue.finder.name_of(user)) for user in match.users]
        self._push({"about": "users", "text": match.text, "users": users, "words": match.words})

    def _on_earlier(self, _: _UploadQuestion) -> Answer:
        def look_up() -> list[Answer]:
            return [_history_row(*row) for row in self.queue.earlier()]

        return self._in_background("earlier", look_up)

    # News for the page

    def _rows(self) -> dict[str, Answer]:
        """Give all rows: files on their way to the kernel, and documents, as they were added."""
        queued = {file.key: file for file in self.queue.files}
        rows = {
            file.key: _row(queued.pop(file.key)) if file.key in queued else _copying_row(file)
            for file in self.receiver.files
            if file.key in queued or file.state != ARRIVED
        }
        return rows | {key: _row(file) for key, file in queued.items()}

    def _row_of(self, key: str) -> Answer | None:
        if file := self.queue.find(key):
            return _row(file)
        received = self.receiver.find(key)
        return None if received.state in (ARRIVED, GONE) else _copying_row(received)

    def _situation(self) -> Answer:
        progress = self.queue.progress
        return {
            "user": self.borrower,
            "sending": self.queue.is_sending,
            "progress": progress._asdict() if progress else None,
        }

    def _note_change(self, key: str) -> None:
        with self._changes_lock:
            self._changed_keys.add(key)
        self._push_soon()

    def _push_changes(self) -> None:
        with self._changes_lock:
            keys, self._changed_keys = self._changed_keys, set()
            rows = {key: self._row_of(key) for key in keys}
            files, changes, gone = self._differences(rows)
        situation = self._situation()
        for begin in range(0, max(len(files), len(changes), 1), ROWS_IN_A_MESSAGE):
            part = slice(begin, begin + ROWS_IN_A_MESSAGE)
            self._version += 1
            news = {"version": self._version, "files": files[part], "changes": changes[part]}
            self._push({"about": "files", "gone": gone} | news | situation)
            gone = []
        is_moving = any(file.state in _MOVING for file in self.queue.files)
        (self._save_rarely if is_moving else self._save_soon)()

    def _differences(
        self, rows: dict[str, Answer | None]
    ) -> tuple[list[Answer], list[Answer], list[str]]:
        """Say what the page does not know: new rows, what changed of others, and what is gone."""
        files, changes, gone = [], [], []
        for key, row in rows.items():
            before = self._pushed.pop(key, None)
            if row is None:
                gone.append(key)
                continue
            self._pushed[key] = row
            if before is None:
                files.append(_without_defaults(row))
            elif changed := {name: row[name] for name in row if row[name] != before[name]}:
                changes.append({"file": key} | changed)
        return files, changes, gone

    def _save_rows(self) -> None:
        rows = list(self._rows().values())
        saved = [_without_defaults(_saved(row)) for row in rows[:ROWS_SAVED]]
        state = {"files": saved, "more": len(rows) - len(saved)}
        self._last_heard.run(lambda: setattr(self, "saved", state))

    def _fallback(self) -> Fallback:
        best_first = sorted(self._rows().values(), key=lambda row: -(row["score"] or 0))
        counts = Counter(map(_counted_as, best_first))
        places = list(_COUNTED)
        rows = sorted(counts.items(), key=lambda item: places.index(item[0][0]))
        numbers = [number for _, number in rows]
        colors = tuple(_COUNTED[count][1] for (count, _), _ in rows)
        return Fallback(
            f"Upload documents to {self.rules['place']}",
            (f"{counted(sum(numbers), 'document')}.", *filter(None, [self.rules["remark"]])),
            ("State", "Documents"),
            tuple(
                (f"{_COUNTED[count][0]}{level}", f"{number:,}") for (count, level), number in rows
            ),
            colors,
            share_bar("Documents by state", numbers, colors),
        )

    def open(self) -> None:
        """Tell the front end of the widget."""
        super().open()
        self._unpin()

    def _send(self, msg: dict[str, Any], buffers: list[Any] | None = None) -> None:
        super()._send(msg, buffers)
        self._unpin()

    def _unpin(self) -> None:
        """Let the browser's next message go where the browser sent it (see the top)."""
        # There is no public way; where the attribute does not exist nothing happens.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)


@dataclass
class _Listener:
    """Hears of documents that changed and of files that came, for one panel after another."""

    changed: Callable[[str], None]
    came: Callable[[ReceivedFile], None]

    def note_change(self, key: str) -> None:
        self.changed(key)

    def take(self, file: ReceivedFile) -> None:
        self.came(file)


def _is_open(panel: UploadPanel) -> bool:
    return panel.comm is not None and not getattr(panel.comm, "_closed", False)


_Key = tuple[str, Path, threading.Thread | None]
_PANELS: dict[_Key, UploadPanel] = {}


def _key_of(client: Client, upload_log: Path | str | None) -> _Key:
    # The visitors of a marimo app have a thread each in one process, and must not meet in a panel.
    visitor = threading.current_thread() if "marimo" in sys.modules else None
    return client.settings.log_scope, check_upload_log(upload_log).absolute(), visitor


def _drop(panel: UploadPanel) -> None:
    """Keep a panel no longer; where another went on with its documents, that one stays."""
    for key, known in list(_PANELS.items()):
        if known is panel:
            _PANELS.pop(key, None)


def _close_left_panels() -> None:
    """Close the panels of visitors who have left, with their copies of documents.

    What is being sent still needs its copies: such a panel is closed the next time.
    """
    for (_, _, visitor), panel in list(_PANELS.items()):
        if visitor is None or visitor.is_alive() or panel.queue.is_sending:
            continue
        # Where the message of its end would go there may be nobody.
        with suppress(Exception):
            panel.close()


class _UploadQuestion(Question):
    kind: Literal[
        "open", "look", "set", "add", "send", "stop", "remove", "again", "users", "earlier",
        "resume", "discard", "case", "part",
    ]  # fmt: skip
    keys: tuple[str, ...] = ()
    all: bool = False
    document_type: str | None = None
    user: str | None = None
    text: str = ""
    upload: str = ""
    offset: int = 0
    again: bool = False


UploadPanel.question = _UploadQuestion


class _File(msgspec.Struct):
    """A file as the browser announces or refuses it, or sends it whole."""

    file: str
    name: str = ""
    size: int = 0
    modified: int = 0
    sha256: str = ""
    reason: str = ""


class _FileMessage(msgspec.Struct):
    """What the browser says of files; anything else is an error in the kernel's log.

    A slice has no number: several are on their way at once.
    """

    kind: Literal[
        "announce", "begin", "refuse", "whole", "prove", "slice", "where", "finish", "fail",
        "cancel",
    ]  # fmt: skip
    number: str | None = None
    files: tuple[_File, ...] = ()
    file: str = ""
    offset: int = 0
    sha256: str = ""
    reason: str = ""


def _announce(receiver: Receiver, message: _FileMessage, _: list[memoryview]) -> list[ReceivedFile]:
    """Take note of files that will come; only what else became of one is worth an answer."""
    begun = [receiver.begin(f.file, f.name, f.size, f.modified) for f in message.files]
    return [file for file in begun if file.state != RECEIVING]


def _whole(
    receiver: Receiver, message: _FileMessage, buffers: list[memoryview]
) -> list[ReceivedFile]:
    return [
        receiver.whole(file.file, file.name, file.modified, content, file.sha256)
        for file, content in zip(message.files, buffers, strict=True)
    ]


def _slice(
    receiver: Receiver, message: _FileMessage, buffers: list[memoryview]
) -> list[ReceivedFile]:
    return [receiver.slice(message.file, message.offset, buffers[0] if buffers else b"")]


# Each may be repeated without harm, which is how the browser goes on when no answer came.
_STEPS: dict[str, Any] = {
    "announce": _announce,
    "begin": lambda to, m, _: [to.begin(f.file, f.name, f.size, f.modified) for f in m.files],
    "refuse": lambda to, m, _: [to.refuse(f.file, f.name, f.size, f.reason) for f in m.files],
    "whole": _whole,
    "slice": _slice,
    "prove": lambda to, m, _: [to.prove(m.file, m.offset, m.sha256)],
    "where": lambda to, m, _: [to.find(m.file)],
    "finish": lambda to, m, _: [to.finish(m.file, m.sha256)],
    "fail": lambda to, m, _: [to.fail(m.file, m.reason)],
    "cancel": lambda to, m, _: [to.cancel(f.file) for f in m.files],
}

_RULES = {
    "max_bytes": MAX_DOCUMENT_BYTES,
    "accept": ACCEPTED,
    "slice_bytes": SLICE_BYTES,
    "files_in_a_message": FILES_IN_A_MESSAGE,
    "unacknowledged": UNACKNOWLEDGED,
}


def _place_of(client: Client) -> Answer:
    """Say where documents go."""
    environment = client.settings.environment
    if environment == LOCAL:
        return {"place": "the local sandbox", "remark": "Simulated scores, not from Argyle."}
    place = f"Argyle ({environment})" if environment in ENVIRONMENTS else environment
    return {"place": place, "remark": ""}


def _copied(file: ReceivedFile) -> Answer:
    return {
        "file": file.key,
        "state": COPYING if file.state == RECEIVING else file.state,
        "received": file.received,
        "message": file.message,
    }


_DEFAULTS: Answer = {
    "name": "",
    "size": 0,
    "modified": 0,
    "found": "",
    "type": "",
    "guess": True,
    "user": "",
    "state": LOOKING,
    "fraction": 0.0,
    "message": "",
    "how": "",
    "duplicate": "",
    "kind": "",
    "score": None,
    "level": "",
    "signal_count": None,
    "uploaded": False,
}


def _without_defaults(row: Answer) -> Answer:
    """Leave out what the page takes for granted; of a thousand rows it is most."""
    return {name: value for name, value in row.items() if value != _DEFAULTS.get(name)}


def _copying_row(file: ReceivedFile) -> Answer:
    fraction = file.received / file.size if file.size else 0.0
    return _DEFAULTS | {
        "file": file.key,
        "name": file.chosen_name,
        "size": file.size,
        "modified": file.modified,
        "state": COPYING if file.state == RECEIVING else file.state,
        "fraction": round(fraction, 3),
        "message": file.message,
    }


def _row(file: QueuedFile) -> Answer:
    return _DEFAULTS | {
        "file": file.key,
        "name": file.name,
        "size": file.size,
        "found": file.found,
        "type": file.document_type,
        "guess": file.is_guess,
        "user": file.user,
        "state": file.state,
        "fraction": round(file.fraction, 3),
        "message": file.message,
        "how": file.how,
        "duplicate": file.duplicate_of,
        "kind": file.found_type,
        "score": file.score,
        "level": file.level,
        "signal_count": file.signal_count,
        "uploaded": bool(file.upload_id),
    }


def _saved(row: Answer) -> Answer:
    """Give what a saved notebook shows of a row: nothing of a person but the file's name.

    What a server said, here in ``message`` and ``how``, may name somebody.
    """
    message = _SAVED_MESSAGES.get(row["state"], "")
    if row["state"] == DONE:
        message = "No authenticity score"
        if row["score"] is not None:
            message = f"Score {row['score']}, {row['level']} authenticity"
    nothing = {"user": "", "message": message, "how": "", "signal_count": None}
    return row | nothing


# As the panel's page counts and names them: scored, in order or on the way, or a problem.
_COUNTED = {
    "copying": ("being copied", GREY),
    "looking": ("being checked", GREY),
    "untyped": ("without a document type", AMBER),
    "ready": ("ready", GREY),
    "waiting": ("waiting", GREY),
    "sending": ("uploading", GREY),
    "reading": ("waiting for results", GREY),
    "scored": ("scored", BLUE),
    "unscored": ("uploaded (type gets no score)", GREY),
    "failed_processing": ("uploaded (no score returned)", AMBER),
    "unread": ("uploaded (status pending)", AMBER),
    "duplicate": ("duplicate (not sent)", GREY),
    "cancelled": ("canceled", GREY),
    "failed": ("not copied", AMBER),
    "invalid": ("invalid", AMBER),
    "rejected_by_argyle": ("rejected by Argyle", AMBER),
    "not_sent": ("not sent", AMBER),
    "not_confirmed": ("not confirmed", AMBER),
    "possible_match": ("possible match found", AMBER),
}


def _counted_as(row: Answer) -> tuple[str, str]:
    """Name the count of a row, and the level of a score."""
    state = row["state"]
    if state == ARRIVED or (state == "ready" and not row["type"] and row["guess"]):
        return LOOKING, ""
    if state == "ready" and not row["type"]:
        return "untyped", ""
    if row["duplicate"] and state in (READING, DONE):
        return "duplicate", ""
    if state != DONE:
        return state, ""
    if row["score"] is not None:
        return "scored", f", {row['level']} authenticity"
    is_scored = (row["kind"] or row["type"]) in SCORED_TYPES
    return ("failed_processing" if is_scored else "unscored"), ""


def _history_row(key: UploadKey, entry: LogEntry, at: str) -> dict[str, Any]:
    return {
        "name": entry.name,
        "type": key.document_type,
        "borrower": entry.external_id or key.user,
        "state": shown_state(entry).replace("_", " "),
        "upload": entry.upload_id or "",
        "reason": entry.reason or "",
        "at": at[:16].replace("T", " "),
    }


def _suggestion(user: User, value: str) -> dict[str, str]:
    name = f"{user.first_name or ''} {user.last_name or ''}".strip()
    parts = (name, user.email, user.external_id if value == user.id else None)
    return {"value": value, "label": ", ".join(filter(None, parts)) or user.id}
