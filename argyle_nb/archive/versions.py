"""Which uploads a raw page holds, and which of all versions seen is the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pandas as pd

from argyle_nb.archive.pages import PageContents
from argyle_nb.frames.uploads import flatten
from argyle_nb.models import Account, decode_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from argyle_nb.archive.pages import PageEntry, PageStore
    from argyle_nb.frames.uploads import Frames

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reading(NamedTuple):
    """A page to be read, and the numbers of the records on it that are to be skipped."""

    entry: PageEntry
    skipped: tuple[int, ...]

    @property
    def page(self) -> tuple[str, tuple[int, ...]]:
        """The SHA-256 of the page, and what to skip: all that a reader needs."""
        return self.entry.sha256, self.skipped


class Sighting(NamedTuple):
    """One upload as it was once seen; ``updated_at`` in microseconds since 1970."""

    seen_at: datetime
    updated_at: int
    record: dict[str, Any]


class Identified(msgspec.Struct):
    """The least that makes a record an upload."""

    id: str


class _Updated(msgspec.Struct):
    updated_at: datetime | None = None


class _Stamp(Identified):
    updated_at: datetime | None = None


class _StampedPage(msgspec.Struct):
    results: list[_Stamp]


def contents_of(page: bytes) -> PageContents:
    """Say what a raw page holds."""
    ids, updated_at = _stamps(page)
    frames = flatten(page, errors="collect")
    return PageContents(
        ids=ids,
        updated_at=updated_at,
        accounts=sorted(frames.uploads["account"].dropna().unique()),
        categories=categories_of(frames),
    )


def categories_of(frames: Frames) -> dict[str, dict[str, list[str]]]:
    """Name the categories of each column of both frames."""
    return {
        frame: {
            str(name): list(column.cat.categories)
            for name, column in table.items()
            if isinstance(column.dtype, pd.CategoricalDtype) and not column.cat.ordered
        }
        for frame, table in frames._asdict().items()
    }


def newest(entries: Sequence[PageEntry]) -> list[Reading]:
    """Choose the pages and records to read: each upload once, in its newest version."""
    ids = [upload for entry in entries for upload in entry.contents.ids]
    if len(set(ids)) == len(ids):  # as after a single pull: nothing to choose from
        return [Reading(entry, ()) for entry in entries if entry.contents.ids]
    best: dict[str, tuple[int, int, int]] = {}
    for place, entry in enumerate(entries):
        held = entry.contents
        for row, (upload, updated) in enumerate(zip(held.ids, held.updated_at, strict=True)):
            if upload is None:
                continue
            known = best.get(upload)
            if known is None or updated >= known[0]:
                best[upload] = (updated, place, row)
    kept: list[set[int]] = [set() for _ in entries]
    for _, place, row in best.values():
        kept[place].add(row)
    skipped = [_skipped(entry, rows) for entry, rows in zip(entries, kept, strict=True)]
    return [
        Reading(entry, rows)
        for entry, rows in zip(entries, skipped, strict=True)
        if len(rows) < len(entry.contents.ids)
    ]


def pages_of(store: PageStore, readings: Sequence[tuple[str, tuple[int, ...]]]) -> Iterator[bytes]:
    """Read pages without the records to be skipped."""
    pages = store.pages([sha256 for sha256, _ in readings])
    for page, (_, skipped) in zip(pages, readings, strict=True):
        yield _without(page, skipped) if skipped else page


def joined(records: Sequence[bytes | msgspec.Raw]) -> bytes:
    """Make a page of raw records."""
    return b'{"results":[' + b",".join(bytes(record) for record in records) + b"]}"


def sightings(store: PageStore, entries: Sequence[PageEntry], upload_id: str) -> list[Sighting]:
    """Find an upload on all pages that hold it, oldest first."""
    places = [
        (entry, row)
        for entry in entries
        for row, found in enumerate(entry.contents.ids)
        if found == upload_id
    ]
    pages = store.pages([entry.sha256 for entry, _ in places])
    return [
        Sighting(
            entry.seen_at,
            entry.contents.updated_at[row],
            msgspec.json.decode(decode_page(page).results[row]),
        )
        for page, (entry, row) in zip(pages, places, strict=True)
    ]


def learned_accounts(entries: Iterable[PageEntry]) -> list[Account]:
    """Tell the users of accounts, as far as uploads were listed for one user."""
    return [
        Account(account, entry.filters["user"])
        for entry in entries
        if "user" in entry.filters
        for account in entry.contents.accounts
    ]


def deleted_since(entries: Iterable[PageEntry]) -> dict[str, datetime]:
    """Find the uploads that Argyle no longer had when they were last asked for."""
    deleted: dict[str, datetime] = {}
    for entry in entries:
        if deleted:
            for upload in entry.contents.ids:
                deleted.pop(upload or "", None)
        for upload in entry.gone:
            deleted.setdefault(upload, entry.seen_at)
    return deleted


def _skipped(entry: PageEntry, kept: set[int]) -> tuple[int, ...]:
    ids = enumerate(entry.contents.ids)
    return tuple(row for row, upload in ids if upload is not None and row not in kept)


def _without(page: bytes, skipped: tuple[int, ...]) -> bytes:
    left_out = set(skipped)
    records = enumerate(decode_page(page).results)
    return joined([raw for row, raw in records if row not in left_out])


def _stamps(page: bytes) -> tuple[list[str | None], list[int]]:
    try:
        stamps = msgspec.json.decode(page, type=_StampedPage).results
        return [stamp.id for stamp in stamps], [_microseconds(stamp.updated_at) for stamp in stamps]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Rare: a bare list, or a record without an id or with an odd time.
        raws = decode_page(page).results
        ids = [_read(raw, Identified) for raw in raws]
        times = [_read(raw, _Updated) for raw in raws]
        return [i and i.id for i in ids], [_microseconds(t and t.updated_at) for t in times]


def _read(raw: msgspec.Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _microseconds(moment: datetime | None) -> int:
    if moment is None:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round((moment - _EPOCH).total_seconds() * 1_000_000)
