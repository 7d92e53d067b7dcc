"""Whatever holds uploads -> typed records, a page at a time.

What is not JSON yet is encoded first, so that there is one way to read a record, and one set of
errors, however it came.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from argyle_nb.errors import DecodeError
from argyle_nb.models import UNREADABLE, UserUpload, decode, decode_page, reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Rejected = list[DecodeError] | None

T = TypeVar("T")

SINGLES_AT_ONCE = 1000

# What msgspec raises for objects that JSON cannot hold, texts that are no Unicode, deep nesting.
_UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError)


# All of a JSON text that says where something begins and ends.
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_BRACKETS = (b"{", b"}", b"[", b"]")


class _Envelope(msgspec.Struct):
    results: msgspec.Raw = msgspec.Raw(b"")


class _Results(msgspec.Struct, Generic[T]):
    results: list[T]


class Batch(Generic[T]):
    """The readable records of one page, beside the page itself for what is rarely looked for.

    Parameters
    ----------
    kind
        Of the records.
    records
        As they were read.
    source
        The page that holds exactly these, or their raw JSON.
    """

    def __init__(
        self, kind: type[T], records: list[T], source: bytes | Sequence[bytes | msgspec.Raw]
    ) -> None:
        self.kind = kind
        self.records = records
        self._source = source

    def raw(self, number: int) -> bytes | msgspec.Raw:
        """Give the JSON of one record.

        Examples
        --------
        >>> bytes(Batch(dict, [{}], b'[{"id": "a"}]').raw(0))
        b'{"id": "a"}'
        """
        if isinstance(self._source, bytes):
            self._source = _raw_records(self._source, None)
        return self._source[number]


class Reader(Generic[T]):
    """Reads records into structs of one kind.

    Parameters
    ----------
    kind
        `UserUpload`, or a struct that takes less of it.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._pages = msgspec.json.Decoder(_Results[kind] | list[kind])  # type: ignore[valid-type]

    def batches(self, records: Any, rejected: Rejected = None) -> Iterator[Batch[T]]:
        """Read records a page at a time.

        Parameters
        ----------
        records
            An iterable of `UserUpload`, of plain dicts, or of bytes (a page, a bare list or one
            record), mixed at will; or one of these.
        rejected
            Takes the errors of the records that cannot be read; without it the first is raised.

        Yields
        ------
        Batch
            The readable records of one page, or of up to 1,000 single ones.

        Raises
        ------
        DecodeError
            For a record that cannot be read.

        Examples
        --------
        >>> [len(batch.records) for batch in Reader(UserUpload).batches(b'[{"id": "a"}]')]
        [1]
        """
        for page in _as_json(records, rejected):
            try:
                found = self._pages.decode(page)
            except UNREADABLE:
                # Rare: a single record, or a page with a record that cannot be read.
                yield self._one_by_one(page, rejected)
            else:
                here = found if isinstance(found, list) else found.results
                yield Batch(self._kind, here, page)

    def _one_by_one(self, page: bytes, rejected: Rejected) -> Batch[T]:
        records: list[T] = []
        source: list[bytes | msgspec.Raw] = []
        for raw in _raw_records(page, rejected):
            try:
                records.append(decode(raw, self._kind))
            except DecodeError as error:
                reject(error, rejected)
            else:
                source.append(raw)
        return Batch(self._kind, records, source)


UPLOADS = Reader(UserUpload)


def as_uploads(records: Any) -> Iterator[UserUpload]:
    """Read uploads from whatever holds them.

    Parameters
    ----------
    records
        As for `Reader.batches`.

    Yields
    ------
    UserUpload
        In the order they came.

    Raises
    ------
    DecodeError
        For a record that cannot be read.

    Examples
    --------
    >>> [upload.id for upload in as_uploads([{"id": "a"}, b'[{"id": "b"}]'])]
    ['a', 'b']
    """
    for batch in UPLOADS.batches(records):
        yield from batch.records


def _as_json(records: Any, rejected: Rejected) -> Iterator[bytes]:
    """Give JSON as it came, and runs of anything else as lists."""
    singles: list[Any] = []
    items: Iterable[Any] = [records] if isinstance(records, (bytes, dict, UserUpload)) else records
    for item in items:
        is_json = isinstance(item, bytes)
        if not is_json:
            singles.append(item)
        if singles and (is_json or len(singles) == SINGLES_AT_ONCE):
            yield _encoded(singles, rejected)
            singles = []
        if is_json:
            yield item
    if singles:
        yield _encoded(singles, rejected)


def _encoded(items: list[Any], rejected: Rejected) -> bytes:
    try:
        return msgspec.json.encode(items)
    except _UNWRITABLE:
        return b"[" + b",".join(_each_encoded(items, rejected)) + b"]"


def _each_encoded(items: Iterable[Any], rejected: Rejected) -> Iterator[bytes]:
    for item in items:
        try:
            yield msgspec.json.encode(item)
        except _UNWRITABLE as error:
            told = item.get("id") if isinstance(item, dict) else None
            problem = f"it holds what no answer of the API can: {error}"
            reject(DecodeError(str(told or "without an id"), "$", problem), rejected)


def _raw_records(page: bytes, rejected: Rejected) -> Sequence[bytes | msgspec.Raw]:
    try:
        is_record = page.lstrip()[:1] == b"{" and not bytes(decode(page, _Envelope).results)
        return [page] if is_record else decode_page(page).results
    except DecodeError as error:
        if isinstance(error.__context__, RecursionError):
            return _cut(page) or [page]
        reject(error, rejected)
        return []


def _cut(page: bytes) -> list[bytes]:
    """Cut a page into its records by the brackets alone, however deep one of them is nested."""
    is_list = page.lstrip()[:1] == b"["
    level, inside = (1, True) if is_list else (2, False)
    depth = start = 0
    records: list[bytes] = []
    for token in _MARKS.finditer(page):
        mark = token[0]
        if depth == 1 and not is_list and mark not in _BRACKETS:
            inside = mark == b'"results"'
        if mark in (b"{", b"["):
            start = token.start() if depth == level else start
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if inside and depth == level:
                records.append(page[start : token.end()])
    return records
