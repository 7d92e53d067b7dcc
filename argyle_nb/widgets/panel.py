"""What the panels have in common: the browser asks numbered questions, and each is answered once.

A question may be repeated until its answer arrives; one that was answered is not carried out again.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextvars import Context, copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import msgspec
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import publish_display_data

from argyle_nb.errors import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.widgets.fallback import Fallback

# Several pages may show one panel; each asks for one change at a time. What was only looked up may
# be large, and can be looked up again.
REMEMBERED_CHANGES, REMEMBERED_LOOKUPS = 64, 8
# The static fallback is renewed so often at most.
FALLBACK_SECONDS = 2.0

_STATIC = Path(__file__).parent / "static"

Answer = dict[str, Any]


def read_static(*names: str) -> str:
    """Read scripts or style sheets as a single text: a widget has one module and one sheet."""
    return "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in names)


class Question(msgspec.Struct):
    """What the browser asks; each panel adds its fields and names the kinds that it answers."""

    kind: str
    number: str


class Panel(anywidget.AnyWidget):
    """A widget that answers a question of kind ``open`` by its method ``_on_open``, and so on.

    ``saved`` is all that the saved state of widgets holds of it. ``changes`` names the kinds of
    questions that change something.

    A cell that shows a panel has a second output, its static fallback: HTML for wherever no script
    runs. The panel's page hides it, and the kernel replaces it now and then. Were it in the panel's
    own output, JupyterLab would draw the panel anew each time.
    """

    question: ClassVar[type[Question]]
    changes: ClassVar[frozenset[str]] = frozenset()
    saved: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    fallback_class: traitlets.Unicode[str, str | bytes] = traitlets.Unicode().tag(sync=True)

    def __init__(self, saved: Answer) -> None:
        self._lock = threading.RLock()
        self._last_heard = LastHeard()
        self._answered_changes = _AnswerCache(REMEMBERED_CHANGES)
        self._answered_lookups = _AnswerCache(REMEMBERED_LOOKUPS)
        self._published: Fallback | None = None
        self._publish_soon = Throttle(FALLBACK_SECONDS, self._publish_again)
        super().__init__(saved=saved, fallback_class=f"argyle-fallback-{secrets.token_hex(8)}")
        self.on_msg(self._receive)
        self.observe(lambda _: self._publish_soon(), "saved")

    def _fallback(self) -> Fallback:
        """Give the panel's state, and nothing of a person."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        """Show the panel in a notebook, and next to it its static fallback."""
        bundle = self._repr_mimebundle_()
        if self.comm is None or bundle is None or getattr(get_ipython(), "kernel", None) is None:
            raise NotImplementedError  # IPython then shows the text
        # Where the panel cannot be shown, the fallback says more than its text.
        publish_display_data(bundle[0] | {"text/html": ""}, bundle[1])  # type: ignore[no-untyped-call]
        self._publish(self._fallback(), update=False)

    def _publish_again(self) -> None:
        """Replace the static fallback in all cells that show the panel, if it has changed."""
        if self._published is not None and self._published != (now := self._fallback()):
            self._publish(now, update=True)

    def _publish(self, fallback: Fallback, *, update: bool) -> None:
        self._published = fallback
        name, at = self.fallback_class, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        data = {"text/html": fallback.html(name, at), "text/plain": repr(self)}
        publish_display_data(data, transient={"display_id": name}, update=update)  # type: ignore[no-untyped-call]

    def _receive(self, _: Any, content: Any, __: list[memoryview]) -> None:
        self._last_heard.note()
        asked = msgspec.convert(content, Question)
        changes = asked.kind in self.changes
        answers = self._answered_changes if changes else self._answered_lookups
        with self._lock:
            if asked.number not in answers:
                answers.keep(asked.number, self._answer_or_error(content))
            answer = answers[asked.number]
        message = {name: value for name, value in answer.items() if name != "buffer"}
        buffers = [answer["buffer"]] if "buffer" in answer else None
        self.send({"about": asked.kind, "number": asked.number, **message}, buffers)

    def _answer_or_error(self, content: Any) -> Answer:
        try:
            return self._answer(content)
        except Exception as error:  # noqa: BLE001 - without an answer the page would ask for ever
            return {"error": words_of(error)}

    def _answer(self, content: Any) -> Answer:
        """Answer one question; bytes go under ``buffer``."""
        question = msgspec.convert(content, self.question)
        answer: Answer = getattr(self, f"_on_{question.kind}")(question)
        return answer

    def _push(self, content: Answer) -> None:
        """Send what was not asked for, from any thread."""
        self._last_heard.run(lambda: self.send(content))


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


class Throttle:
    """Calls at most once in so many seconds, from any thread and never twice at once.

    What was asked for in between is done at the end of that time.
    """

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._call = seconds, call
        self._free_at = 0.0
        self._is_due = False
        self._lock, self._one_at_a_time = threading.Lock(), threading.Lock()

    def __call__(self) -> None:
        """Ask for a call: now, or as soon as the time since the last is over."""
        with self._lock:
            if self._is_due:
                return
            wait = self._free_at - time.monotonic()
            self._is_due = wait > 0
            if not self._is_due:
                self._free_at = time.monotonic() + self._seconds
        if wait > 0:
            later(wait, self._run_late)
        else:
            self._run()

    def _run_late(self) -> None:
        with self._lock:
            self._is_due = False
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
