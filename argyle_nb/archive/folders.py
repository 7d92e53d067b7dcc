"""Whole small files in a folder: on this machine, or wherever fsspec reaches."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Folder(Protocol):
    """Files by name, with ``/`` between folders; a file is there as a whole or not at all."""

    url: str

    def names(self, folder: str) -> list[str]:
        """List the files of a folder; none when there is no such folder."""

    def read(self, names: Sequence[str]) -> list[bytes]:
        """Read files; raises FileNotFoundError when one is missing."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""


def open_folder(where: Path | str) -> Folder:
    """Find out what kind of folder is meant; nothing is made yet.

    Parameters
    ----------
    where
        A path, or any URL that fsspec knows.

    Raises
    ------
    ConfigurationError
        When there is no such kind of folder, or its driver is not installed.

    Examples
    --------
    >>> open_folder("memory://somewhere").names("pages")
    []
    """
    # Not before an archive is used: it is slow to load.
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415
    from fsspec.implementations.local import (  # type: ignore[import-untyped]  # noqa: PLC0415
        LocalFileSystem,
    )

    try:
        files, root = url_to_fs(str(where))
    except (ValueError, ImportError) as error:
        raise ConfigurationError(f"{where} cannot be used as a folder: {error}") from None
    url = files.unstrip_protocol(root)
    return _Local(Path(root), url) if isinstance(files, LocalFileSystem) else _Remote(files, root)


class _Local:
    """A folder of this machine, made for its owner alone."""

    def __init__(self, root: Path, url: str) -> None:
        self._root = root
        self.url = url

    def names(self, folder: str) -> list[str]:
        with _told(self.url, "read"):
            try:
                return [path.name for path in (self._root / folder).iterdir()]
            except FileNotFoundError:
                return []

    def read(self, names: Sequence[str]) -> list[bytes]:
        with _told(self.url, "read"):
            return [(self._root / name).read_bytes() for name in names]

    def write(self, name: str, data: bytes) -> None:
        path = self._root / name
        with _told(self.url, "written"):
            for folder in (self._root, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, data)


class _Remote:
    """A folder of an object store, where a file appears when it is complete."""

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root
        self.url: str = files.unstrip_protocol(root)

    def names(self, folder: str) -> list[str]:
        self._files.invalidate_cache()
        with _told(self.url, "read"):
            try:
                paths = self._files.ls(f"{self._root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
        return [path.rpartition("/")[2] for path in paths]

    def read(self, names: Sequence[str]) -> list[bytes]:
        paths = [f"{self._root}/{name}" for name in names]
        with _told(self.url, "read"):
            found = self._files.cat(paths) if paths else {}
        return [found[path] for path in paths]

    def write(self, name: str, data: bytes) -> None:
        with _told(self.url, "written"):
            self._files.pipe_file(f"{self._root}/{name}", data)


@contextmanager
def _told(url: str, what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{url} cannot be {what} ({error}): check the space, the network and your rights, or "
            "name another folder"
        ) from None


def _write_whole(path: Path, data: bytes) -> None:
    """Write under another name first: a process may be killed at any byte."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
