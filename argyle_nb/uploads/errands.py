"""Work for one thread in the background, one errand after the other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


_LOG = logging.getLogger(__name__)


class Errands:
    """Runs what is added, in order, in a thread that lives as long as there is something to do.

    An errand that fails does not stop those behind it.

    Parameters
    ----------
    name
        Of the thread.

    Examples
    --------
    >>> Errands("look").add(lambda: None)
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
