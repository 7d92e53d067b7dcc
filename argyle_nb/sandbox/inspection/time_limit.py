"""Stop the work of a thread that takes too long, without slowing it down."""

from __future__ import annotations

import _weakrefset
import ctypes
import gc
import sys
import threading
import weakref
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

_WEAKREF_FILES = (weakref.__file__, _weakrefset.__file__)

ASK_AGAIN_SECONDS = 0.1
SOON_SECONDS = 0.001
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)


class OutOfTimeError(BaseException):
    """The work took longer than allowed; not an Exception, so that no parser swallows it."""


def within(seconds: float, work: Callable[[], Answer]) -> Answer:
    """Do some work, and raise `OutOfTimeError` inside it once it has run for so many seconds.

    A second thread keeps the time and costs nothing while the work goes well. It cannot break into
    a single call of C code (decompressing, matching a pattern): those need bounds of their own.
    """
    worker, working = threading.get_ident(), threading.Lock()
    working.acquire()

    def keep_time() -> None:
        pause = seconds
        # Repeated, because a parser's bare `except` may swallow one of them.
        while not working.acquire(timeout=pause):
            safe = _is_interruptible(worker)
            if safe:
                _raise_in(worker, OutOfTimeError)
            pause = ASK_AGAIN_SECONDS if safe else SOON_SECONDS

    clock = threading.Thread(target=keep_time, name="argyle-sandbox-clock", daemon=True)
    try:
        clock.start()
        return work()
    finally:
        try:
            _finish(working, clock)
        finally:  # again, because the error may have arrived in the midst of it
            _finish(working, clock)
            _raise_in(worker, ctypes.py_object())  # and one that has not arrived is taken back


def _is_interruptible(worker: int) -> bool:
    """Whether an error would get out: destructors and callbacks of the collector lose it."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    frame = sys._current_frames().get(worker)  # noqa: SLF001 - the documented way to ask
    while frame is not None:
        code = frame.f_code
        if code in callbacks or code.co_name == "__del__" or code.co_filename in _WEAKREF_FILES:
            return False
        frame = frame.f_back
    return True


def _finish(working: threading.Lock, clock: threading.Thread) -> None:
    if working.locked():
        working.release()
    clock.join()
