"""Calls that must not come too often or too soon."""

from __future__ import annotations

import threading
import time
from contextvars import Context, copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import msgspec
import traitlets

from argyle_nb.errors import words_of

if TYPE_CHECKING:
    from collections.abc import Callable


class Throttle:
    """Calls at most once in a while; what was asked for in between is done at the end of it."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._call = seconds, call
        self._free_at = 0.0
        self._waiting = False
        self._lock, self._one_at_a_time = threading.Lock(), threading.Lock()

    def __call__(self) -> None:
        """Ask for a call: now, or as soon as the time since the last is over."""
        with self._lock:
            if self._waiting:
                return
            wait = self._free_at - time.monotonic()
            self._waiting = wait > 0
            if not self._waiting:
                self._free_at = time.monotonic() + self._seconds
        if wait > 0:
            later(wait, self._at_last)
        else:
            self._run()

    def _at_last(self) -> None:
        with self._lock:
            self._waiting = False
            self._free_at = time.monotonic() + self._seconds
        self._run()

    def _run(self) -> None:
        with self._one_at_a_time:
            self._call()


def later(seconds: float, call: Callable[[], None]) -> None:
    """Call something in a while, unless Python has ended by then."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


# Several pages may show one panel; each asks for one change at a time. What was only looked up may
# be large, and can be looked up again.
REMEMBERED_CHANGES, REMEMBERED_LOOKS = 64, 8

_HERE = Path(__file__).parent / "static"

Answer = dict[str, Any]


def joined(*names: str) -> str:
    """Read files that stand beside this one as a single text."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class Panel(anywidget.AnyWidget):
    """A widget that answers questions; ``saved`` is all that a saved notebook shows of it.

    ``changes`` names the kinds of questions that change something.
    """

    changes: ClassVar[frozenset[str]] = frozenset()
    saved: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(self, saved: Answer) -> None:
        self._lock = threading.RLock()
        self._heard = LastHeard()
        self._done = _AnswerCache(REMEMBERED_CHANGES)
        self._looked_up = _AnswerCache(REMEMBERED_LOOKS)
        super().__init__(saved=saved)
        self.on_msg(self._receive)

    def _answer(self, kind: str, content: Answer) -> Answer:
        """Answer one question; a buffer goes under ``buffer``."""
        raise NotImplementedError

    def _receive(self, _: Any, content: Any, __: list[memoryview]) -> None:
        self._heard.note()
        asked = msgspec.convert(content, _Asked)
        memory = self._done if asked.kind in self.changes else self._looked_up
        with self._lock:
            if asked.number not in memory:
                memory.keep(asked.number, self._answer_or_error(asked.kind, content))
            answer = memory[asked.number]
        told = {name: value for name, value in answer.items() if name != "buffer"}
        buffers = [answer["buffer"]] if "buffer" in answer else None
        self.send({"about": asked.kind, "number": asked.number, **told}, buffers)

    def _answer_or_error(self, kind: str, content: Answer) -> Answer:
        try:
            return self._answer(kind, content)
        except Exception as error:  # noqa: BLE001 - without an answer the page would ask for ever
            return {"error": words_of(error)}

    def _push(self, content: Answer) -> None:
        """Send what was not asked for, from any thread."""
        self._heard.run(lambda: self.send(content))


class _AnswerCache(dict[str, Answer]):
    """The newest answers, by the number of their question."""

    def __init__(self, most: int) -> None:
        self._most = most

    def keep(self, number: str, answer: Answer) -> None:
        self[number] = answer
        while len(self) > self._most:
            del self[next(iter(self))]


class LastHeard:
    """Sends from anywhere as if in answer to the last message heard.

    Else what a worker sends would pin the widget to the main shell, where everything waits for the
    running cell.
    """

    def __init__(self) -> None:
        self._context = Context()

    def note(self) -> None:
        """Remember where the message came from that is being handled."""
        self._context = copy_context()

    def run(self, call: Callable[[], None]) -> None:
        """Call as if that message were being handled."""
        # A context can be entered by one thread at a time.
        self._context.copy().run(call)


class _Asked(msgspec.Struct):
    kind: str
    number: str
