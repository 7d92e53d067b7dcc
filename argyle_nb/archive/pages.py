"""Raw pages and their index, as whole small files in a folder wherever fsspec reaches."""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames.uploads import Borrowers
from argyle_nb.platforms import check_writable
from argyle_nb.storage import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType


class Folder(Protocol):
    """Files by name, with ``/`` between folders; a file is there as a whole or not at all."""

    url: str

    def check_writable(self) -> None:
        """Refuse a place that is known to be read-only."""

    def names(self, folder: str) -> list[str]:
        """List the files of a folder; none when there is no such folder."""

    def read(self, names: Sequence[str]) -> list[bytes]:
        """Read files; raises FileNotFoundError when one is missing."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""


def open_folder(where: Path | str) -> Folder:
    """Find out what kind of folder is meant; nothing is made yet."""
    # Not before an archive is used: it is slow to load.
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415
    from fsspec.implementations.local import (  # type: ignore[import-untyped]  # noqa: PLC0415
        LocalFileSystem,
    )

    try:
        files, root = url_to_fs(str(where))
    except (ValueError, ImportError) as error:
        raise ConfigurationError(
            f"{where}: can't use this location ({error}). Choose another folder or URL."
        ) from None
    url = files.unstrip_protocol(root)
    return _Local(Path(root), url) if isinstance(files, LocalFileSystem) else _Remote(files, root)


class _Local:
    """A folder of this machine, made for its owner alone."""

    def __init__(self, root: Path, url: str) -> None:
        self._root = root
        self.url = url

    def check_writable(self) -> None:
        for folder in (self._root, self._root / "index", self._root / "pages"):
            check_writable(folder, "archive")

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
            with atomic_write(path) as file:
                file.write(data)


class _Remote:
    """A folder of an object store, where a file appears when it is complete."""

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root
        self.url: str = files.unstrip_protocol(root)

    def check_writable(self) -> None:
        """Only writing tells."""

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
            contents = self._files.cat(paths) if paths else {}
        return [contents[path] for path in paths]

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
            f"{url} can't be {what} ({error}). Check free space, the network and your permissions, "
            "or choose another folder."
        ) from None


_READ_AT_ONCE = 32
_COMPRESSION_LEVEL = 3
_MARK_CHARACTERS = 16
_BORROWERS = "borrowers"


class PageContents(msgspec.Struct, frozen=True, kw_only=True):
    """What a page holds, so that nobody need read it to know whether to read it.

    ``ids`` and ``updated_at`` (microseconds since 1970; 0 when unknown) stand in the order of the
    records, ``None`` for a record without an id. ``categories`` holds, for each frame, the
    categories of its columns.
    """

    ids: list[str | None]
    updated_at: list[int]
    accounts: list[str]
    categories: dict[str, dict[str, list[str]]]


class PageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the index: a page, where it came from, and when.

    ``pull`` and ``number`` place the page in its pull; ``scope`` says whose uploads these are;
    ``next`` links to the page behind it; ``listed`` is false where single uploads were asked for;
    ``gone`` names the uploads that were asked for and not found.
    """

    pull: str
    number: int
    scope: str
    filters: dict[str, str]
    seen_at: datetime
    sha256: str
    contents: PageContents
    next: str | None = None
    listed: bool = True
    gone: list[str] = []

    @property
    def name(self) -> str:
        """The entry's file; two notebooks going on with one pull lose nothing of each other's."""
        return f"index/{self.pull}-{self.number:06d}-{self.sha256[:_MARK_CHARACTERS]}.json"


class PageStore:
    """Raw pages and their index in one folder."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = open_folder(folder)
        self.url = self._folder.url

    def check_is_archive(self) -> None:
        """Refuse a folder of something else, or one that can't be written, before a pull.

        Raw responses hold personal data.
        """
        self._folder.check_writable()
        found = set(self._folder.names(""))
        if found and not found & {"index", "pages"}:
            named = ", ".join(sorted(found)[:3])
            raise ConfigurationError(
                f"{self.url} contains files that are not part of an archive ({named}). Choose "
                "another folder for the archive."
            )

    def keep(self, page: bytes, entry: PageEntry) -> None:
        """Write a page, then its entry."""
        self._folder.write(_page_name(entry.sha256), _packed(page))
        self._folder.write(entry.name, msgspec.json.encode(entry))

    def keep_borrowers(self, listed: Borrowers) -> Borrowers:
        """Write what is new of users and accounts, and give all that is known of them.

        Of a user only the id and the external id are kept.
        """
        known = self.borrowers()
        new = Borrowers(
            _news(listed.users, known.users), _news(listed.external_ids, known.external_ids)
        )
        if new != Borrowers():
            data = msgspec.json.encode(new)
            mark = sha256_hex(data)[:_MARK_CHARACTERS]
            self._folder.write(f"{_BORROWERS}/{new_pull()}-{mark}.json.zst", _packed(data))
        return _united([known, new])

    def borrowers(self) -> Borrowers:
        """Read what is known of users and accounts; what was seen last is right."""
        # Names sort by time. Older archives have none.
        files = sorted(self._folder.names(_BORROWERS))
        names = [f"{_BORROWERS}/{name}" for name in files if name.endswith(".json.zst")]
        return _united([self._kept_borrowers(name, data) for name, data in self._read(names)])

    def entries(self) -> list[PageEntry]:
        """Read the index, oldest first."""
        # Beside the entries may lie one that another process is writing.
        names = [f"index/{name}" for name in self._folder.names("index") if name.endswith(".json")]
        entries = [self._entry(name, data) for name, data in self._read(names)]
        return sorted(entries, key=lambda entry: (entry.seen_at, entry.name))

    def pages(self, sha256s: Sequence[str]) -> Iterator[bytes]:
        """Read pages, a few at once, and check each."""
        names = [_page_name(sha256) for sha256 in sha256s]
        for name, data in self._read(names):
            yield self._unpacked(name, data)

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(names), _READ_AT_ONCE):
            some_names = names[start : start + _READ_AT_ONCE]
            try:
                contents = self._folder.read(some_names)
            except FileNotFoundError as error:
                raise self._damaged(str(error.filename or error), "the file is missing") from None
            yield from zip(some_names, contents, strict=True)

    def _entry(self, name: str, data: bytes) -> PageEntry:
        try:
            return msgspec.json.decode(data, type=PageEntry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged(name, str(error)) from None

    def _kept_borrowers(self, name: str, data: bytes) -> Borrowers:
        try:
            return msgspec.json.decode(self._unpacked(name, data), type=Borrowers)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged(name, str(error)) from None

    def _unpacked(self, name: str, data: bytes) -> bytes:
        zstd = _zstd()
        try:
            page: bytes = zstd.decompress(data)
        except (zstd.ZstdError, MemoryError) as error:
            raise self._damaged(name, str(error)) from None
        mark = name.rpartition("/")[2].removesuffix(".json.zst").rpartition("-")[2]
        if not sha256_hex(page).startswith(mark):
            raise self._damaged(name, "checksum differs")
        return page

    def _damaged(self, name: str, why: str) -> DecodeError:
        folder, file = re.split(r"[/\\]", f"pages/{name}")[-2:]
        fix = f"Restore the file, or delete {_cause(folder, file)} and pull again."
        return DecodeError(f"{self.url}/{folder}/{file}", "$", f"damaged ({why}). {fix}")


def _news(listed: dict[str, str | None], known: dict[str, str | None]) -> dict[str, str | None]:
    return {key: name for key, name in listed.items() if known.get(key, "") != name}


def _united(several: Sequence[Borrowers]) -> Borrowers:
    users: dict[str, str | None] = {}
    external_ids: dict[str, str | None] = {}
    for borrowers in several:
        users |= borrowers.users
        external_ids |= borrowers.external_ids
    return Borrowers(users, external_ids)


def _packed(data: bytes) -> bytes:
    packed: bytes = _zstd().compress(data, _COMPRESSION_LEVEL)
    return packed


def _zstd() -> ModuleType:
    """Load Zstandard, not before an archive is used: the package loads fast."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd


def _cause(folder: str, file: str) -> str:
    """Name the file that keeps an archive from being read: a page is missed by its entry."""
    return f"index/*-{file[:_MARK_CHARACTERS]}.json" if folder == "pages" else f"{folder}/{file}"


def new_pull() -> str:
    """Name a pull, so that names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


def sha256_hex(data: bytes) -> str:
    """Give the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _page_name(sha256: str) -> str:
    return f"pages/{sha256}.json.zst"
