"""Work for one thread in the background, one errand after the other."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple

from argyle_nb.client.polling import COMPLETE, STAGES
from argyle_nb.documents import EXTENSIONS, inspect_document
from argyle_nb.errors import ArgyleError, DocumentError, words_of
from argyle_nb.frames.records import READ, rows_of
from argyle_nb.levels import PRESETS
from argyle_nb.uploads.queue_files import LOOKING, OTHER, READY, guess_type, stamp_of, unsendable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from argyle_nb.client.client import Client
    from argyle_nb.client.polling import Poller
    from argyle_nb.frames.authenticity import FormAnalysis, ReasonCode, Signal
    from argyle_nb.models import UserUpload
    from argyle_nb.uploads.queue_files import QueuedFile, QueuedFiles


_LOG = logging.getLogger(__name__)


class BackgroundQueue:
    """Runs what is added, in order, in a thread that lives as long as there is something to do.

    An errand that fails does not stop those behind it.
    """

    def __init__(self, name: str) -> None:
        self._name = f"argyle_nb {name}"
        self._lock = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._runs = False

    def add(self, errand: Callable[[], None]) -> None:
        """Run this after what was added before."""
        with self._lock:
            self._waiting.append(errand)
            self._begin()

    def add_alone(self, errand: Callable[[], None]) -> None:
        """Run this next, and nothing that still waits for its turn."""
        with self._lock:
            self._waiting.clear()
            self._waiting.append(errand)
            self._begin()

    def wait(self, timeout: float) -> bool:
        """Wait until there is nothing to do; false when the seconds were over before."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._runs, timeout)

    def _begin(self) -> None:
        if not self._runs:
            self._runs = True
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while errand := self._next():
            try:
                errand()
            except Exception as error:  # noqa: BLE001 - those behind it must go on
                # Only its kind: the text of an error may name a person.
                _LOG.warning("%s: an errand failed (%s)", self._name, type(error).__name__)

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            self._runs = bool(self._waiting)
            if not self._runs:
                self._lock.notify_all()
            return self._waiting.popleft() if self._waiting else None


_STEPS = {"completed": "done", "in_progress": "under way", "idle": "not begun"}


class Outcome(NamedTuple):
    """What came of an upload: in words, and its score, level and signals where it has them."""

    words: str
    score: int | None = None
    level: str = ""
    signals: tuple[str, ...] = ()


def under_way(upload: UserUpload) -> str:
    """Say how far Argyle is with reading an upload."""
    steps = zip(STAGES, upload.stages, strict=True)
    told = [f"{stage} {_STEPS.get(str(step), step)}" for stage, step in steps if step]
    return "Argyle reads it: " + ", ".join(told) if told else "Argyle reads it"


def outcome(upload: UserUpload, reason: str) -> Outcome:
    """Say what reading an upload found; the level is named by Argyle's own table."""
    kind = upload.document_type or upload.requested_document_type or "an unknown type"
    try:
        score = upload.ocr_authenticity_score
        level = "" if score is None else PRESETS["argyle"].level_of(score)
        signals = _signals_of(upload)
    except (ArgyleError, ValueError) as error:
        return Outcome(f"stored as {kind}; its score cannot be read ({error})")
    if score is not None:
        found = {0: "no signals", 1: "1 signal"}.get(len(signals), f"{len(signals)} signals")
        words = f"{kind}: score {score}, {level} authenticity, {found}"
        return Outcome(words, score, level, signals)
    why = f" ({reason})" if reason != COMPLETE else ""
    return Outcome(f"stored as {kind}; no authenticity score{why}")


def _signals_of(upload: UserUpload) -> tuple[str, ...]:
    # A data frame of one upload takes over a hundred times as long.
    found = [forms for batch in READ.batches(upload) for forms in rows_of(batch).forms]
    names = [name for forms in found for form in forms or () for name in _names_in(form)]
    # A signal and its reason code often have the same name in other letters.
    return tuple({name.casefold(): name for name in reversed(names)}.values())[::-1]


def _names_in(form: FormAnalysis[Signal, ReasonCode]) -> Iterator[str]:
    pairs = [(signal.display_name, signal.identifier) for signal in form.signals or ()]
    pairs += [(code.description, code.code) for code in form.reason_codes]
    for name, short in pairs:
        if (shown := short if name is None else name) is not None:
            yield shown


class FileInspector:
    """Looks at each file of a queue once it is added, and again when it has changed on disk."""

    def __init__(self, files: QueuedFiles) -> None:
        self._files = files
        self._looks, self._guesses = BackgroundQueue("look"), BackgroundQueue("guess")

    def look(self, key: str) -> None:
        """Look at a file soon; what is found is told on its row."""
        self._looks.add(lambda: self._look(key))

    def wait(self, timeout: float) -> bool:
        """Wait up to so many seconds for all looks and guesses; False when they took longer."""
        return self._looks.wait(timeout) and self._guesses.wait(timeout)

    def is_as_seen(self, file: QueuedFile) -> bool:
        """Whether a document is the one that somebody gave a user; another is looked at anew."""
        if file.stamp in (None, stamp_of(file.path)):
            return True
        self._files.put(file.key, state=LOOKING, message="it has changed; looking at it again")
        self.look(file.key)
        return False

    def _look(self, key: str) -> None:
        file = self._files.find(key)
        if file is None:
            return
        stamp = stamp_of(file.path)
        try:
            problem = unsendable(str(file.path))
            document = None if problem else inspect_document(file.path)
        except DocumentError as error:
            document, problem = None, error.problem
        except Exception as error:  # noqa: BLE001 - it is told on the row
            document, problem = None, f"cannot be looked at ({type(error).__name__}: {error})"
        if document is None:
            self._files.put(key, state="refused", message=problem)
            return
        kind = EXTENSIONS[document.media_type].lstrip(".").upper()
        found = ", ".join([kind, *document.problems])
        if file.is_guess:
            # Before it is ready, so that who waits for the looks waits for the guess as well.
            self._guesses.add(lambda: self._guess(key, document.media_type))
        self._files.put(
            key, size=document.size, stamp=stamp, found=found, state=READY, message="ready"
        )

    def _guess(self, key: str, media_type: str) -> None:
        file = self._files.find(key)
        guess = OTHER
        try:
            guess = guess_type(file.path, media_type) if file else OTHER
        finally:
            self._files.change(key, lambda now: {"document_type": guess} if now.is_guess else {})


_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.25, 5.0, 1.5
_LONGEST_PAUSE_IN_TROUBLE = 30.0
_LOOK_SECONDS = 60.0
FOLLOW_SECONDS = 600.0
LATER = "still being read by the service; look again later"


class StatusUpdate(NamedTuple):
    """What a follower tells of an upload."""

    upload: UserUpload
    state: Literal["moves", "rests", "left"]
    reason: str = ""


class StatusFollower:
    """Looks at uploads until they rest.

    A broken connection, too many requests and failures of the service are waited out, with pauses
    of at most half a minute. An upload is left when the key is refused, when its stages have not
    moved for ten minutes, or when ``tell`` raises for it.
    """

    def __init__(self, client: Client, tell: Callable[[StatusUpdate], None]) -> None:
        self._client, self._tell = client, tell
        self._news = threading.Condition()
        self._fresh: dict[str, UserUpload] = {}
        self._runs = False

    def follow(self, uploads: Iterable[UserUpload]) -> None:
        """Look at these as well, at least once each."""
        with self._news:
            self._fresh |= {upload.id: upload for upload in uploads}
            if self._fresh and not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="argyle_nb follow", daemon=True).start()
            self._news.notify()

    def _run(self) -> None:
        watch, pause = self._client.watch(), 0.0
        followed: dict[str, StatusUpdate | None] = {}
        while self._wait(pause, moves=bool(followed)):
            fresh = self._taken()
            watch.add(fresh.values(), unseen=True)
            followed |= dict.fromkeys(fresh)
            refused = _look(watch)
            self._tell_all(watch, followed, refused)
            longest = _LONGEST_PAUSE_IN_TROUBLE if _troubles(watch) else _LONGEST_PAUSE
            pause = _FIRST_PAUSE if fresh else min(pause * _GROWTH, longest)

    def _wait(self, pause: float, *, moves: bool) -> bool:
        """Wait for the next look, or for more uploads; false when there is nothing to look at."""
        with self._news:
            if moves and not self._fresh:
                self._news.wait(pause)
            self._runs = moves or bool(self._fresh)
            return self._runs

    def _taken(self) -> dict[str, UserUpload]:
        with self._news:
            fresh, self._fresh = self._fresh, {}
            return fresh

    def _tell_all(
        self, watch: Poller, followed: dict[str, StatusUpdate | None], refused: str
    ) -> None:
        news = {key: _told(watch, key, refused) for key in followed}
        for key, told in news.items():
            goes_on = told.state == "moves"
            if followed[key] != told:
                followed[key] = told
                goes_on = self._is_heard(told) and goes_on
            if not goes_on:
                del followed[key], watch.watched[key]

    def _is_heard(self, told: StatusUpdate) -> bool:
        try:
            self._tell(told)
        except Exception as error:  # noqa: BLE001 - the other uploads are followed on
            why = f"not shown: {type(error).__name__}: {error}"
            with contextlib.suppress(Exception):
                self._tell(StatusUpdate(told.upload, "left", why))
            return False
        return True


def _look(watch: Poller) -> str:
    """Look once; say what ends the following of all of them."""
    try:
        watch.look(time.monotonic() + _LOOK_SECONDS)
    except Exception as error:  # noqa: BLE001 - else they would seem to move for ever
        return f"not read: {words_of(error)}"
    for watched in watch.watched.values():
        watched.failures = 0  # what failed is asked for again
    return ""


def _told(watch: Poller, key: str, refused: str) -> StatusUpdate:
    watched = watch.watched[key]
    if reason := watched.rests_because:
        return StatusUpdate(watched.upload, "rests", reason)
    if refused:
        return StatusUpdate(watched.upload, "left", refused)
    shared = _troubles(watch) if watch.is_lost else []
    trouble = watched.trouble or next(iter(shared), "")
    if time.monotonic() > watched.moved_at + FOLLOW_SECONDS:
        return StatusUpdate(
            watched.upload, "left", f"{trouble}; look again later" if trouble else LATER
        )
    return StatusUpdate(watched.upload, "moves", f"{trouble}; trying again" if trouble else "")


def _troubles(watch: Poller) -> list[str]:
    return [watched.trouble for watched in watch.watched.values() if watched.trouble]
