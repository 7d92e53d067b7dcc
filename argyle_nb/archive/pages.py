"""Raw pages and their index.

A page is kept byte for byte, compressed, under the SHA-256 of its bytes. An index entry is written
after its page and says what the page holds; a page without an entry is not there. No file is ever
changed, so several notebooks, on several machines, may use one folder.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from argyle_nb.archive.folders import open_folder
from argyle_nb.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_READ_AT_ONCE = 32
_COMPRESSION_LEVEL = 3
_MARK_CHARACTERS = 16


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a page holds, so that nobody need read it to know whether to read it.

    ``ids`` and ``updated_at`` (microseconds since 1970; 0 when unknown) stand in the order of the
    records, ``None`` for a record without an id. ``categories`` holds, for each frame, the
    categories of its columns.
    """

    ids: list[str | None]
    updated_at: list[int]
    accounts: list[str]
    categories: dict[str, dict[str, list[str]]]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
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
    contents: Contents
    next: str | None = None
    listed: bool = True
    gone: list[str] = []

    @property
    def name(self) -> str:
        """The entry's file; two notebooks going on with one pull lose nothing of each other's."""
        return f"index/{self.pull}-{self.number:06d}-{self.sha256[:_MARK_CHARACTERS]}.json"


class PageStore:
    """Raw pages and their index in one folder.

    Parameters
    ----------
    folder
        A path, or any URL that fsspec knows, such as ``s3://bucket/argyle``.

    Raises
    ------
    ConfigurationError
        When it cannot be used; here or later.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = open_folder(folder)
        self.url = self._folder.url

    def keep(self, page: bytes, entry: Entry) -> None:
        """Write a page, then its entry."""
        from zstandard import ZstdCompressor  # noqa: PLC0415 - as in `_unpacked`

        compressed = ZstdCompressor(_COMPRESSION_LEVEL).compress(page)
        self._folder.write(_page_name(entry.sha256), compressed)
        self._folder.write(entry.name, msgspec.json.encode(entry))

    def entries(self) -> list[Entry]:
        """Read the index, oldest first.

        Raises
        ------
        DecodeError
            When an entry is damaged; it names the file.
        """
        # Beside the entries lie those that another process is writing.
        found = [f"index/{name}" for name in self._folder.names("index") if name.endswith(".json")]
        entries = [self._entry(name, data) for name, data in self._read(found)]
        return sorted(entries, key=lambda entry: (entry.seen_at, entry.name))

    def pages(self, sha256s: Sequence[str]) -> Iterator[bytes]:
        """Read pages, a few at once, and check each.

        Raises
        ------
        DecodeError
            When a page is missing or damaged; it names the file.
        """
        names = [_page_name(sha256) for sha256 in sha256s]
        for name, data in self._read(names):
            yield self._unpacked(name, data)

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(names), _READ_AT_ONCE):
            some = names[start : start + _READ_AT_ONCE]
            try:
                found = self._folder.read(some)
            except FileNotFoundError as error:
                raise self._damaged(str(error.filename or error), "it is missing") from None
            yield from zip(some, found, strict=True)

    def _entry(self, name: str, data: bytes) -> Entry:
        try:
            return msgspec.json.decode(data, type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged(name, str(error)) from None

    def _unpacked(self, name: str, data: bytes) -> bytes:
        # Not before an archive is used, so that the package loads fast.
        from zstandard import ZstdDecompressor, ZstdError  # noqa: PLC0415

        try:
            page = ZstdDecompressor().decompress(data)
        except (ZstdError, MemoryError) as error:
            raise self._damaged(name, str(error)) from None
        if _page_name(sha256_of(page)) != name:
            raise self._damaged(name, "its SHA-256 is not that of the page that was kept")
        return page

    def _damaged(self, name: str, why: str) -> DecodeError:
        file = name.rpartition("/")[2]
        entry = file if file.endswith(".json") else f"*-{file[:_MARK_CHARACTERS]}.json"
        folder = "index" if entry == file else "pages"
        cure = f"restore the file, or delete index/{entry} and pull again"
        return DecodeError(f"{self.url}/{folder}/{file}", "$", f"damaged ({why}): {cure}")


def new_pull() -> str:
    """Name a pull, so that names sort by time.

    Examples
    --------
    >>> len(new_pull())
    30
    """
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


def sha256_of(page: bytes) -> str:
    """Give the hexadecimal SHA-256 of a page.

    Examples
    --------
    >>> sha256_of(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(page).hexdigest()


def _page_name(sha256: str) -> str:
    return f"pages/{sha256}.json.zst"
