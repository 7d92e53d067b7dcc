"""Follow uploads to their scores, in one thread that lives as long as something moves."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from argyle_nb.errors import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.client.client import Client
    from argyle_nb.client.polling import Watch
    from argyle_nb.models import UserUpload

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.25, 5.0, 1.5
_LONGEST_PAUSE_IN_TROUBLE = 30.0
_LOOK_SECONDS = 60.0
FOLLOW_SECONDS = 600.0
LATER = "still being read by the service; look again later"


class Told(NamedTuple):
    """What a follower tells of an upload.

    Parameters
    ----------
    upload
        The newest answer.
    state
        ``"moves"``: more is expected, and it is followed on. ``"rests"``: nothing more is expected.
        ``"left"``: more may come, but it is not followed any longer; it can be followed anew.
    reason
        While it moves: the trouble with reading it, empty without one. Else why it rests, which is
        ``"complete"`` where all went well, or why it was left.

    Examples
    --------
    >>> from argyle_nb.models import UserUpload
    >>> Told(UserUpload("u1"), "rests", "complete").reason
    'complete'
    """

    upload: UserUpload
    state: Literal["moves", "rests", "left"]
    reason: str = ""


class Follower:
    """Looks at uploads until they rest.

    A broken connection, too many requests and failures of the service are waited out, with pauses
    of at most half a minute. An upload is left when the key is refused, when its stages have not
    moved for ten minutes, or when ``tell`` raises for it.

    Parameters
    ----------
    client
        Whose uploads.
    tell
        Called with what is new of an upload, from the follower's thread; ``"rests"`` or ``"left"``
        is the last word on it. If it raises, it is called once more with ``"left"`` and the error.

    Examples
    --------
    >>> follower = Follower(client, lambda told: print(told.upload.id, told.state, told.reason))
    >>> follower.follow([])
    """

    def __init__(self, client: Client, tell: Callable[[Told], None]) -> None:
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
        followed: dict[str, Told | None] = {}
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

    def _tell_all(self, watch: Watch, followed: dict[str, Told | None], refused: str) -> None:
        news = {key: _told(watch, key, refused) for key in followed}
        for key, told in news.items():
            goes_on = told.state == "moves"
            if followed[key] != told:
                followed[key] = told
                goes_on = self._is_heard(told) and goes_on
            if not goes_on:
                del followed[key], watch.watched[key]

    def _is_heard(self, told: Told) -> bool:
        try:
            self._tell(told)
        except Exception as error:  # noqa: BLE001 - the other uploads are followed on
            why = f"not shown: {type(error).__name__}: {error}"
            with contextlib.suppress(Exception):
                self._tell(Told(told.upload, "left", why))
            return False
        return True


def _look(watch: Watch) -> str:
    """Look once; say what ends the following of all of them."""
    try:
        watch.look(time.monotonic() + _LOOK_SECONDS)
    except Exception as error:  # noqa: BLE001 - else they would seem to move for ever
        return f"not read: {words_of(error)}"
    for watched in watch.watched.values():
        watched.failures = 0  # what failed is asked for again
    return ""


def _told(watch: Watch, key: str, refused: str) -> Told:
    watched = watch.watched[key]
    if reason := watched.rests_because:
        return Told(watched.upload, "rests", reason)
    if refused:
        return Told(watched.upload, "left", refused)
    shared = _troubles(watch) if watch.is_lost else []
    trouble = watched.trouble or next(iter(shared), "")
    if time.monotonic() > watched.moved_at + FOLLOW_SECONDS:
        return Told(watched.upload, "left", f"{trouble}; look again later" if trouble else LATER)
    return Told(watched.upload, "moves", f"{trouble}; trying again" if trouble else "")


def _troubles(watch: Watch) -> list[str]:
    return [watched.trouble for watched in watch.watched.values() if watched.trouble]
