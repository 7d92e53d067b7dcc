"""Which uploads a raw page holds, and which of all versions seen is the newest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from argyle_nb.archive.pages import PageContents
from argyle_nb.frames.records import READ, RowPage, rows_of
from argyle_nb.frames.uploads import categories_of
from argyle_nb.malformed import UNREADABLE
from argyle_nb.models import decode_page, field_of, microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from argyle_nb.archive.pages import PageEntry, PageStore
    from argyle_nb.errors import DecodeError


class DecodedPage(NamedTuple):
    """A page after its one decoding; ``rejected`` are the errors of records without a row."""

    contents: PageContents
    rows: RowPage
    rejected: list[DecodeError]


class SelectedPage(NamedTuple):
    """A page to be read, and the numbers of the records on it that are to be skipped."""

    entry: PageEntry
    skipped: tuple[int, ...]

    @property
    def key(self) -> tuple[str, tuple[int, ...]]:
        """The SHA-256 of the page, and what to skip: all that a reader needs."""
        return self.entry.sha256, self.skipped


class SeenVersion(NamedTuple):
    """One upload as it was once seen; ``updated_at`` in microseconds since 1970.

    A record that is no JSON is given as it came.
    """

    seen_at: datetime
    updated_at: int
    record: dict[str, Any] | bytes


class _Stamp(msgspec.Struct):
    id: str
    updated_at: datetime | None = None


def read_page(page: bytes) -> DecodedPage:
    """Decode a raw page, and say what it holds."""
    rejected: list[DecodeError] = []
    [batch] = READ.batches(page, rejected)
    ids: list[str | None] = [row.id for row in batch.records]
    updated_at = [microseconds(row.updated_at) for row in batch.records]
    if not batch.is_whole:
        ids, updated_at = _stamps(page)
    rows = rows_of(batch, rejected)
    contents = PageContents(
        ids=ids,
        updated_at=updated_at,
        accounts=sorted({row.account for row in rows.rows if row.account is not None}),
        categories=categories_of(rows),
    )
    return DecodedPage(contents, rows, rejected)


def select_newest(entries: Sequence[PageEntry]) -> list[SelectedPage]:
    """Choose the pages and records to read: each upload once, in its newest version.

    Entries come oldest first, here and below. The version updated last wins, of several such the
    one seen last; records without an id are always read.
    """
    ids = [upload for entry in entries for upload in entry.contents.ids]
    if len(set(ids)) == len(ids):  # as after a single pull: nothing to choose from
        return [SelectedPage(entry, ()) for entry in entries if entry.contents.ids]
    best: dict[str, tuple[int, int, int]] = {}
    for place, entry in enumerate(entries):
        contents = entry.contents
        for row, (upload, updated) in enumerate(
            zip(contents.ids, contents.updated_at, strict=True)
        ):
            if upload is None:
                continue
            before = best.get(upload)
            if before is None or updated >= before[0]:
                best[upload] = (updated, place, row)
    newest: list[set[int]] = [set() for _ in entries]
    for _, place, row in best.values():
        newest[place].add(row)
    skipped = [_skipped(entry, rows) for entry, rows in zip(entries, newest, strict=True)]
    return [
        SelectedPage(entry, rows)
        for entry, rows in zip(entries, skipped, strict=True)
        if len(rows) < len(entry.contents.ids)
    ]


def read_selected(
    store: PageStore, selected: Sequence[tuple[str, tuple[int, ...]]]
) -> Iterator[bytes]:
    """Read pages without the records to be skipped."""
    pages = store.pages([sha256 for sha256, _ in selected])
    for page, (_, skipped) in zip(pages, selected, strict=True):
        yield _without(page, skipped) if skipped else page


def page_of_records(records: Sequence[bytes | msgspec.Raw]) -> bytes:
    """Make a page of raw records."""
    return b'{"results":[' + b",".join(bytes(record) for record in records) + b"]}"


def versions_of(
    store: PageStore, entries: Sequence[PageEntry], upload_id: str
) -> list[SeenVersion]:
    """Find an upload on all pages that hold it, oldest first."""
    places = [
        (entry, row)
        for entry in entries
        for row, upload in enumerate(entry.contents.ids)
        if upload == upload_id
    ]
    pages = store.pages([entry.sha256 for entry, _ in places])
    return [
        SeenVersion(
            entry.seen_at,
            entry.contents.updated_at[row],
            _plain(bytes(decode_page(page).results[row])),
        )
        for page, (entry, row) in zip(pages, places, strict=True)
    ]


def learned_users(entries: Iterable[PageEntry]) -> dict[str, str | None]:
    """Tell the users of accounts, as far as uploads were listed for one user."""
    return {
        account: entry.filters["user"]
        for entry in entries
        if "user" in entry.filters
        for account in entry.contents.accounts
    }


def deleted_uploads(entries: Iterable[PageEntry]) -> dict[str, datetime]:
    """Tell the uploads that Argyle no longer had when last asked for, and since when."""
    deleted: dict[str, datetime] = {}
    for entry in entries:
        if deleted:
            for upload in entry.contents.ids:
                deleted.pop(upload or "", None)
        for upload in entry.gone:
            deleted.setdefault(upload, entry.seen_at)
    return deleted


def _plain(record: bytes) -> dict[str, Any] | bytes:
    try:
        return msgspec.json.decode(record, type=dict)
    except UNREADABLE:
        return record


def _skipped(entry: PageEntry, newest: set[int]) -> tuple[int, ...]:
    ids = enumerate(entry.contents.ids)
    return tuple(row for row, upload in ids if upload is not None and row not in newest)


def _without(page: bytes, skipped: tuple[int, ...]) -> bytes:
    left_out = set(skipped)
    records = enumerate(decode_page(page).results)
    return page_of_records([raw for row, raw in records if row not in left_out])


def _stamps(page: bytes) -> tuple[list[str | None], list[int]]:
    """Give the ids and times of records, also of those that cannot be read as a whole."""
    stamps = [_stamp(raw) for raw in decode_page(page).results]
    return [one for one, _ in stamps], [microseconds(at) for _, at in stamps]


def _stamp(raw: msgspec.Raw) -> tuple[str | None, datetime | None]:
    try:
        read = msgspec.json.decode(raw, type=_Stamp)
    except UNREADABLE:
        return field_of(bytes(raw), "id", str), field_of(bytes(raw), "updated_at", datetime | None)
    return read.id, read.updated_at
