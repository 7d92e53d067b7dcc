"""What a queue does in threads of its own: inspect files, and follow uploads to their scores."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from argyle_nb.client.polling import COMPLETE, STAGES
from argyle_nb.documents import EXTENSIONS, inspect_document
from argyle_nb.errors import ArgyleError, DocumentError, sentences, words_of
from argyle_nb.frames.records import READ, rows_of
from argyle_nb.levels import PRESETS
from argyle_nb.uploads.document_types import guess_type
from argyle_nb.uploads.queue_files import LOOKING, READY, stamp_of, unsendable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from argyle_nb.client.client import Client
    from argyle_nb.client.polling import Poller
    from argyle_nb.frames.authenticity import FormAnalysis, ReasonCode, Signal
    from argyle_nb.models import UserUpload
    from argyle_nb.uploads.queue_files import QueuedFile, QueuedFiles

_LOG = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.25, 5.0, 1.5
_LONGEST_PAUSE_IN_TROUBLE = 30.0
_ROUND_SECONDS = 60.0
FOLLOW_SECONDS = 600.0
LATER = "Still processing. Select Refresh status later."

_PROGRESS_OF_STAGE = {"completed": "done", "in_progress": "in progress", "idle": "not started"}


class BackgroundQueue:
    """Runs tasks, in order, in a thread that lives as long as there is something to do.

    A task that fails does not stop those behind it.
    """

    def __init__(self, name: str) -> None:
        self._name = f"argyle_nb {name}"
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._runs = False

    def add(self, task: Callable[[], None]) -> None:
        """Run this after what was added before."""
        with self._lock:
            self._waiting.append(task)
            self._begin()

    def add_alone(self, task: Callable[[], None]) -> None:
        """Run this next, and nothing that still waits for its turn."""
        with self._lock:
            self._waiting.clear()
            self._waiting.append(task)
            self._begin()

    def _begin(self) -> None:
        if not self._runs:
            self._runs = True
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while task := self._next():
            try:
                task()
            except Exception as error:  # noqa: BLE001 - those behind it must go on
                # Only its kind: the text of an error may name a person.
                _LOG.warning("%s: a background task failed (%s)", self._name, type(error).__name__)

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            self._runs = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None


class FileInspector:
    """Inspects each file of a queue once it is added, and again when it has changed on disk."""

    def __init__(self, files: QueuedFiles) -> None:
        self._files = files
        self._inspections = BackgroundQueue("look")
        self._guesses = BackgroundQueue("guess")

    def inspect(self, key: str) -> None:
        """Inspect a file soon; what comes of it is shown on its row."""
        self._inspections.add(lambda: self.inspect_now(key))

    def is_unchanged(self, file: QueuedFile) -> bool:
        """Whether a document is the one that somebody gave a user; another is inspected anew."""
        if _is_unchanged(file):
            return True
        self._files.put(
            file.key, state=LOOKING, message="The file changed on disk. Checking it again"
        )
        self.inspect(file.key)
        return False

    def inspect_now(self, key: str) -> None:
        """Inspect a file, and begin to guess its type where nobody chose one."""
        file = self._files.find(key)
        if file is None:
            return
        stamp = stamp_of(file.path)
        try:
            problem = unsendable(str(file.path))
            document = None if problem else inspect_document(file.path)
        except DocumentError as error:
            document, problem = None, error.problem
        except Exception as error:  # noqa: BLE001 - it is shown on the row
            document, problem = None, f"can't check the file ({type(error).__name__}: {error})."
        if document is None:
            self._files.put(key, state="invalid", message=sentences(problem))
            return
        kind = EXTENSIONS[document.media_type].lstrip(".").upper()
        found = ". ".join([kind, *filter(None, [sentences(*document.problems)])])
        if file.is_guess:
            self._guesses.add(lambda: self._guess(key))
        self._files.put(
            key, document=document, stamp=stamp, found=found, state=READY, message="Ready"
        )

    def _guess(self, key: str) -> None:
        file, guess = self._files.find(key), ""
        try:
            guess = guess_type(file.path).document_type if file else ""
        finally:
            # What cannot be told is for a person to choose: as something else it gets no score.
            known = {"document_type": guess, "is_guess": bool(guess)}
            self._files.change(key, lambda now: known if now.is_guess else {})


def _is_unchanged(file: QueuedFile) -> bool:
    if file.stamp:
        return file.stamp == stamp_of(file.path)
    # A try failed, maybe for a change that the time of writing does not tell.
    try:
        return inspect_document(file.path) == file.document
    except Exception:  # noqa: BLE001 - what cannot be inspected any more has changed
        return False


class StatusUpdate(NamedTuple):
    """How far an upload is.

    It ``moves`` (more is expected), ``rests`` (nothing more is expected) or is ``left`` (more may
    come, but it is not followed any longer).
    """

    upload: UserUpload
    state: Literal["moves", "rests", "left"]
    reason: str = ""  # while it moves: the trouble with reading it, if any


class StatusFollower:
    """Looks at uploads until they rest.

    A broken connection, too many requests and failures of Argyle are waited out, with pauses
    of at most half a minute. An upload is left when the key is refused, when its stages have not
    moved for ten minutes, or when ``on_update`` raises, which this thread calls.
    """

    def __init__(self, client: Client, on_update: Callable[[StatusUpdate], None]) -> None:
        self._client, self._on_update = client, on_update
        self._arrival = threading.Condition()
        self._new: dict[str, UserUpload] = {}
        self._runs = False

    def follow(self, uploads: Iterable[UserUpload]) -> None:
        """Look at these as well, at least once each."""
        with self._arrival:
            self._new |= {upload.id: upload for upload in uploads}
            if self._new and not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="argyle_nb follow", daemon=True).start()
            self._arrival.notify()

    def _run(self) -> None:
        poller, pause = self._client.watch(), 0.0
        followed: dict[str, StatusUpdate | None] = {}
        while self._wait(pause, moves=bool(followed)):
            new = self._take_new()
            poller.add(new.values(), unseen=True)
            followed |= dict.fromkeys(new)
            refusal = _poll(poller)
            self._report(poller, followed, refusal)
            longest = _LONGEST_PAUSE_IN_TROUBLE if _troubles(poller) else _LONGEST_PAUSE
            pause = _FIRST_PAUSE if new else min(pause * _GROWTH, longest)

    def _wait(self, pause: float, *, moves: bool) -> bool:
        """Wait for the next round, or for more uploads; false when there are none to follow."""
        with self._arrival:
            if moves and not self._new:
                self._arrival.wait(pause)
            self._runs = moves or bool(self._new)
            return self._runs

    def _take_new(self) -> dict[str, UserUpload]:
        with self._arrival:
            new, self._new = self._new, {}
            return new

    def _report(
        self, poller: Poller, followed: dict[str, StatusUpdate | None], refusal: str
    ) -> None:
        updates = {key: _update_of(poller, key, refusal) for key in followed}
        for key, update in updates.items():
            goes_on = update.state == "moves"
            if followed[key] != update:
                followed[key] = update
                goes_on = self._is_heard(update) and goes_on
            if not goes_on:
                del followed[key], poller.watched[key]

    def _is_heard(self, update: StatusUpdate) -> bool:
        try:
            self._on_update(update)
        except Exception as error:  # noqa: BLE001 - the other uploads are followed on
            why = f"Status not shown ({type(error).__name__}: {error})"
            with contextlib.suppress(Exception):
                self._on_update(StatusUpdate(update.upload, "left", why))
            return False
        return True


def _poll(poller: Poller) -> str:
    """Look once; say what ends the following of all of them."""
    try:
        poller.look(time.monotonic() + _ROUND_SECONDS)
    except Exception as error:  # noqa: BLE001 - else they would seem to move for ever
        return f"Status not read: {words_of(error)}"
    for polled in poller.watched.values():
        polled.failures = 0  # what failed is asked for again
    return ""


def _update_of(poller: Poller, key: str, refusal: str) -> StatusUpdate:
    polled = poller.watched[key]
    if reason := polled.rests_because:
        return StatusUpdate(polled.upload, "rests", reason)
    if refusal:
        return StatusUpdate(polled.upload, "left", refusal)
    shared = _troubles(poller) if poller.is_lost else []
    trouble = polled.trouble or next(iter(shared), "")
    if time.monotonic() > polled.moved_at + FOLLOW_SECONDS:
        reason = f"{_ended(trouble)} Select Refresh status later." if trouble else LATER
        return StatusUpdate(polled.upload, "left", reason)
    return StatusUpdate(
        polled.upload, "moves", f"{_ended(trouble)} Trying again" if trouble else ""
    )


def _ended(trouble: str) -> str:
    return f"{sentences(trouble).rstrip('.')}."


def _troubles(poller: Poller) -> list[str]:
    return [polled.trouble for polled in poller.watched.values() if polled.trouble]


class Outcome(NamedTuple):
    """What came of an upload: in words, and its score, level and signals where it has them."""

    message: str
    score: int | None = None
    level: str = ""
    signal_count: int | None = None  # as `uploads_frame` counts; none without an analysis
    signals: tuple[str, ...] = ()  # names of signals and reason codes, each once


def under_way(upload: UserUpload) -> str:
    """Say how far Argyle is with reading an upload."""
    steps = zip(STAGES, upload.stages, strict=True)
    begun = [
        f"{'OCR' if stage == 'ocr' else stage} {_PROGRESS_OF_STAGE.get(str(step), step)}"
        for stage, step in steps
        if step
    ]
    return "Processing: " + ", ".join(begun) if begun else "Processing"


def outcome(upload: UserUpload, reason: str) -> Outcome:
    """Say what reading an upload found; the level is named by Argyle's own table."""
    kind = upload.document_type or upload.requested_document_type or "an unknown type"
    try:
        score = upload.ocr_authenticity_score
        level = "" if score is None else PRESETS["argyle"].level_of(score)
        signal_count, signals = _findings_of(upload)
    except (ArgyleError, ValueError) as error:
        return Outcome(f"Stored as {kind}; its score can't be read ({error})")
    if score is not None:
        counts = {None: "", 0: ", no signals", 1: ", 1 signal"}
        count = counts.get(signal_count, f", {signal_count} signals")
        message = f"{kind}: score {score}, {level} authenticity{count}"
        return Outcome(message, score, level, signal_count, signals)
    why = f" ({reason})" if reason != COMPLETE else ""
    return Outcome(f"Stored as {kind}; no authenticity score{why}")


def _findings_of(upload: UserUpload) -> tuple[int | None, tuple[str, ...]]:
    """Count the signals as frames do, without one: it would take over a hundred times as long."""
    page = rows_of(next(READ.batches(upload)))
    names = [name for form in page.forms[0] or () for name in _names_in(form)]
    # A signal and its reason code often have the same name in other letters.
    once = tuple({name.casefold(): name for name in reversed(names)}.values())[::-1]
    return page.findings[0][0], once


def _names_in(form: FormAnalysis[Signal, ReasonCode]) -> Iterator[str]:
    for one in (*(form.signals or ()), *form.reason_codes):
        if (shown := one.identifier if one.display_name is None else one.display_name) is not None:
            yield shown
