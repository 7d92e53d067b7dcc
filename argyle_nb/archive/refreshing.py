"""Single uploads asked for again, many at once and below the service's limit."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from argyle_nb.archive.pages import Entry, new_pull, sha256_of
from argyle_nb.archive.pulling import latest_listing, pulled, scope_of
from argyle_nb.archive.versions import (
    Identified,
    contents_of,
    deleted_since,
    joined,
    newest,
    pages_of,
)
from argyle_nb.client.transport import Transport
from argyle_nb.errors import ArgyleError, NotFoundError
from argyle_nb.frames.records import UPLOADS
from argyle_nb.models import decode, is_uuid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from argyle_nb.archive.pages import PageStore
    from argyle_nb.client.client import Client
    from argyle_nb.config import Settings
    from argyle_nb.errors import DecodeError

AT_ONCE = 10
PAGE_SIZE = 200

_UPLOADS = "/v2/user-uploads"


def refreshed(store: PageStore, client: Client) -> Iterator[Entry]:
    """Ask again for the uploads whose processing has not come to rest.

    Where listing them takes fewer requests than asking for each, they are listed; what the list
    does not show is asked for by its id.

    Parameters
    ----------
    store
        Takes the answers.
    client
        Who asks; uploads of another environment or key are left alone.

    Yields
    ------
    Entry
        One for each page kept.

    Raises
    ------
    ArgyleError
        From the client, after what was answered has been kept.
    """
    scope = scope_of(client.settings)
    entries = [entry for entry in store.entries() if entry.scope == scope]
    for filters, waiting in _moving(store, entries):
        ids = waiting
        pages = latest_listing(entries, scope, filters)
        if pages and pages[-1].next is None and len(pages) < len(ids):
            listed: set[str | None] = set()
            for entry, _ in pulled(store, client, filters):
                listed.update(entry.contents.ids)
                yield entry
            ids = [upload for upload in waiting if upload not in listed]
        yield from _asked(store, client.settings, filters, ids)


def _moving(
    store: PageStore, entries: Sequence[Entry]
) -> list[tuple[Mapping[str, str], list[str]]]:
    """Group the uploads that have not come to rest by the filters they were listed with."""
    deleted = deleted_since(entries)
    groups: defaultdict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    readings = newest(entries)
    pages = pages_of(store, [reading.page for reading in readings])
    for reading, page in zip(readings, pages, strict=True):
        group = groups[tuple(sorted(reading.entry.filters.items()))]
        unreadable: list[DecodeError] = []
        for batch in UPLOADS.batches(page, unreadable):
            group += [upload.id for upload in batch.records if not upload.at_rest]
        group += [error.record for error in unreadable]
    # An id goes into a URL, so it must be one.
    wanted = {
        key: [i for i in ids if is_uuid(i) and i not in deleted] for key, ids in groups.items()
    }
    return [(dict(key), ids) for key, ids in wanted.items() if ids]


def _asked(
    store: PageStore, settings: Settings, filters: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Entry]:
    pull = new_pull()

    with closing(Transport(settings)) as transport, ThreadPoolExecutor(AT_ONCE) as workers:

        def ask(upload_id: str) -> bytes | ArgyleError:
            try:
                answer = transport.get(f"{_UPLOADS}/{upload_id}")
                decode(answer, Identified)  # what is no upload would spoil the whole page
            except ArgyleError as error:
                return error
            return answer

        for number, start in enumerate(range(0, len(ids), PAGE_SIZE)):
            some = ids[start : start + PAGE_SIZE]
            answers = list(zip(some, workers.map(ask, some), strict=True))
            page = joined([answer for _, answer in answers if isinstance(answer, bytes)])
            entry = Entry(
                pull=pull,
                number=number,
                scope=scope_of(settings),
                filters=dict(filters),
                seen_at=datetime.now(UTC),
                sha256=sha256_of(page),
                contents=contents_of(page),
                listed=False,
                gone=[upload for upload, answer in answers if isinstance(answer, NotFoundError)],
            )
            store.keep(page, entry)
            yield entry
            _raise_first(answer for _, answer in answers)


def _raise_first(answers: Iterator[bytes | ArgyleError]) -> None:
    for answer in answers:
        if isinstance(answer, ArgyleError) and not isinstance(answer, NotFoundError):
            raise answer
