"""A folder of files that is replaced as a whole.

The new files are written into a folder beside the old one and flushed to the disk; then the two
change their names in one step of the system (``renameat2`` with ``RENAME_EXCHANGE`` on Linux,
``renamex_np`` with ``RENAME_SWAP`` on macOS), so that whoever looks sees all of the old files or
all of the new ones, even if the machine stops in between. Where the system or the disk knows no
such step there is a moment between two renames in which the folder is missing; the old one then
still stands beside it and is put back by the next export.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import secrets
import shutil
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AT_FDCWD = -100
_EXCHANGE = 2  # the same number on both systems
_SHOWN = 5
_BYTES = 8  # of chance in a new folder's name


@contextmanager
def replaced(
    folder: Path, known: frozenset[str], ours: Callable[[Path], bool] = lambda _: True
) -> Iterator[Path]:
    """Give a new folder that takes the place of another when all went well."""
    folder = _place(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _put_back(folder)
        _check_ours(folder, known, ours)
        with _claimed(folder) as new:
            yield new
            _flush(new)
            _swap(new, folder)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written ({error.strerror or error}): name another folder for the "
            "report, or make room; what was there before is whole"
        ) from None


def _place(folder: Path) -> Path:
    try:
        place = folder.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL
        raise ConfigurationError(
            f"{str(folder)!r} is no name of a folder ({error}): name another for the report"
        ) from None
    # Who stands in a folder that is replaced stands in one that is gone.
    if not place.name or place == Path.cwd():
        raise ConfigurationError(
            f"{place} cannot be replaced as a whole: name a folder in it for the report"
        )
    return place


def _check_ours(folder: Path, known: frozenset[str], ours: Callable[[Path], bool]) -> None:
    found = list(folder.iterdir()) if _is(folder) else []
    strange = sorted(path.name for path in found if path.name not in known or path.is_dir())
    if found and not strange and not ours(folder):
        strange = sorted(path.name for path in found)
    if strange:
        more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
        raise ConfigurationError(
            f"{folder} holds what is no part of a report ({', '.join(strange[:_SHOWN])}{more}) and "
            "would be lost: name a folder of the report's own"
        )


def _is(folder: Path) -> bool:
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: name another folder for the report")
    return folder.is_dir()


@contextmanager
def _claimed(folder: Path) -> Iterator[Path]:
    """Make a folder beside another, and remove what runs that were killed left of theirs."""
    name = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{{2 * _BYTES}}}\.part")
    for left in [path for path in folder.parent.iterdir() if name.fullmatch(path.name)]:
        with _locked(left) as ours:
            if ours:
                shutil.rmtree(left, ignore_errors=True)
    with ExitStack() as held:
        new, ours = folder, False
        # Another run may take a folder for left over in the moment before it is locked.
        while ours is False or not new.exists():
            new = folder.with_name(f".{folder.name}.{secrets.token_hex(_BYTES)}.part")
            new.mkdir()
            held.callback(shutil.rmtree, new, ignore_errors=True)
            ours = held.enter_context(_locked(new))
        if folder.exists():
            shutil.copymode(folder, new)
        yield new


@contextmanager
def _locked(folder: Path) -> Iterator[bool | None]:
    """Say whether nobody else holds this folder; a process that ends lets go of its own.

    ``None`` where the system cannot tell.
    """
    try:
        import fcntl  # noqa: PLC0415 - Windows has none; what is left there stays
    except ImportError:
        yield None
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(handle)


def _flush(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        if path.is_file() or os.name == "posix":
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _swap(new: Path, folder: Path) -> None:
    with contextlib.suppress(OSError):  # there are files to be replaced
        new.rename(folder)
        return
    if not _exchanged(new, folder):
        old = _beside(folder)
        folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, two: Path) -> bool:
    """Let two folders change names in one step, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        paths = os.fsencode(one), os.fsencode(two)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*paths, _EXCHANGE) == 0)
        here = ctypes.c_int(_AT_FDCWD)
        return bool(library.renameat2(here, paths[0], here, paths[1], _EXCHANGE) == 0)
    return False


def _beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old_report")


def _put_back(folder: Path) -> None:
    """Undo the first of two renames whose second never came."""
    old = _beside(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
