"""A report's folder, which is replaced as a whole: old files or new ones, never some of both."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import check_writable, locked
from argyle_nb.storage import replace_folder, restore_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHOWN = 5
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_BYTES = 8  # of chance in a new folder's name


@contextmanager
def replaced(
    folder: Path,
    known: frozenset[str],
    ours: Callable[[Path], bool] = lambda _: True,
    *,
    private: bool = False,
) -> Iterator[Path]:
    """Give a new folder that takes the place of another when all went well.

    What the other holds would be lost: its files have ``known`` names, and are ``ours``. A
    ``private`` one is for its owner only from the beginning on; any other gets the old one's mode.
    """
    folder = _place(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        restore_folder(folder)
        _check_ours(folder, known, ours)
        with _claimed(folder, private=private) as new:
            yield new
            if private:
                for path in new.iterdir():
                    path.chmod(_PRIVATE_FILE)
            replace_folder(folder, new)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: the report can't be written ({error.strerror or error}). Make "
            "room, close programs that have its files open, or choose another folder. A report "
            "that was there before is unchanged."
        ) from None


def check_replaceable(
    folder: Path, known: frozenset[str], ours: Callable[[Path], bool] = lambda _: True
) -> None:
    """Refuse what `replaced` would, before anything is worked out for it."""
    folder = _place(folder)
    check_writable(folder.parent, "report")
    try:
        _check_ours(folder, known, ours)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: can't read the folder ({error.strerror or error}). Choose another folder "
            "for the report."
        ) from None


def _place(folder: Path) -> Path:
    try:
        place = folder.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL
        raise ConfigurationError(
            f"{str(folder)!r} is not a valid folder name ({error}). Choose another one."
        ) from None
    # Who stands in a folder that is replaced stands in one that is gone.
    if not place.name or place == Path.cwd():
        raise ConfigurationError(
            f"{place} can't be replaced as a whole. Choose a folder in it for the report."
        )
    return place


def _check_ours(folder: Path, known: frozenset[str], ours: Callable[[Path], bool]) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file. Choose another folder for the report.")
    paths = sorted(folder.iterdir()) if folder.exists() else []
    strange = [path.name for path in paths if path.name not in known or path.is_dir()]
    if paths and not strange and not ours(folder):
        strange = [path.name for path in paths]
    if strange:
        more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
        raise ConfigurationError(
            f"{folder} has files that are not part of a report "
            f"({', '.join(strange[:_SHOWN])}{more}). They would be deleted. Choose an "
            "empty or new folder."
        )


@contextmanager
def _claimed(folder: Path, *, private: bool) -> Iterator[Path]:
    """Make a folder beside another, and remove what runs that were killed left of theirs."""
    name = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{{2 * _BYTES}}}\.part")
    for left in [path for path in folder.parent.iterdir() if name.fullmatch(path.name)]:
        with locked(left) as ours:
            if ours:
                shutil.rmtree(left, ignore_errors=True)
    with ExitStack() as held:
        new, ours = folder, False
        # Another run may take a folder for left over in the moment before it is locked.
        while ours is False or not new.exists():
            new = folder.with_name(f".{folder.name}.{secrets.token_hex(_BYTES)}.part")
            new.mkdir(_PRIVATE_FOLDER if private else 0o777)
            held.callback(shutil.rmtree, new, ignore_errors=True)
            ours = held.enter_context(locked(new))
        if folder.exists() and not private:
            shutil.copymode(folder, new)
        yield new
