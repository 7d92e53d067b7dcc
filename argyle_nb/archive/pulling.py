"""Lists of uploads into an archive, and what has not come to rest asked for again.

Each page is kept before the next one is worked on.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from argyle_nb.archive.listing import read_ahead
from argyle_nb.archive.pages import PageEntry, new_pull, sha256_hex
from argyle_nb.archive.versions import (
    deleted_uploads,
    page_of_records,
    read_page,
    read_selected,
    select_newest,
)
from argyle_nb.client.transport import Transport
from argyle_nb.config import LOCAL_SANDBOX, is_loopback
from argyle_nb.errors import (
    ApiError,
    ArgyleError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
)
from argyle_nb.frames.records import UPLOADS, RowPage
from argyle_nb.malformed import is_whole
from argyle_nb.models import UserUpload, decode, decode_page, field_of, is_uuid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from argyle_nb.archive.pages import PageStore
    from argyle_nb.client.client import Client
    from argyle_nb.config import Settings

# What was listed longer ago says too little about today to be gone on with.
STALE = timedelta(hours=24)

# Single uploads are asked for by so many threads, and so many answers make a page.
ASKED_AT_ONCE = 10
PAGE_SIZE = 200

_UPLOADS = "/v2/user-uploads"
_LINK_EXPIRED = frozenset({400, 404, 410, 422})


class PulledPage(NamedTuple):
    """A page that is kept: its entry, its rows, and the errors of records without a row."""

    entry: PageEntry
    rows: RowPage
    rejected: list[DecodeError]


def pull_pages(
    store: PageStore, client: Client, filters: Mapping[str, str]
) -> Iterator[PulledPage]:
    """List uploads, going on with a listing that broke off within a day.

    The pages that were kept before come first. While a page is worked on, the next one is on its
    way.
    """
    scope = scope_of(client.settings)
    entries = store.entries()
    _check_source(store, entries, scope)
    begun = unfinished(entries, scope, filters)
    try:
        yield from _listed(store, client, filters, begun)
    except ApiError as error:
        if not begun or error.status not in _LINK_EXPIRED:
            raise
        yield from _listed(store, client, filters, [])


def _check_source(store: PageStore, entries: Sequence[PageEntry], scope: str) -> None:
    """Keep uploads of a local sandbox apart from all others.

    Its scores are simulated, and one that was deleted and started anew is another one.
    """
    [own], held = sources_of([scope]), sources_of(entry.scope for entry in entries)
    others = [source for source in held if source != own]
    if others and any(map(_is_local, (own, *others))):
        raise ConfigurationError(
            f"{store.url} holds uploads of {', '.join(others)}, and these would be of {own}. One "
            "archive would count them together. Use another folder for this archive; a local "
            "sandbox that was deleted and started again is a new one."
        )


def _is_local(source: str) -> bool:
    """Tell a local sandbox, also one that is reached by its address."""
    return source.startswith(LOCAL_SANDBOX) or (source.startswith("http") and is_loopback(source))


def scope_of(settings: Settings) -> str:
    """Say whose uploads a client sees.

    The key has a part in it: an upload that another account's key does not find is not deleted.
    """
    owner = hashlib.sha256(settings.api_key_id.encode()).hexdigest()[:16]
    return settings.store or f"{settings.base_url} {owner}"


def sources_of(scopes: Iterable[str]) -> list[str]:
    """Name the environments (addresses or local sandboxes) of scopes.

    Behind an address stands a mark of the key, which is nobody's business.
    """
    return sorted({s.split(" ")[0] if s.startswith("http") else s for s in scopes})


def unfinished(
    entries: Sequence[PageEntry], scope: str, filters: Mapping[str, str]
) -> list[PageEntry]:
    """Find the pages of the latest listing of this kind, if it broke off and can be resumed."""
    pages = latest_listing(entries, scope, filters)
    whole = [page.number for page in pages] == list(range(len(pages)))
    if not pages or not whole or pages[-1].next is None:
        return []
    return pages if datetime.now(UTC) - pages[0].seen_at < STALE else []


def latest_listing(
    entries: Sequence[PageEntry], scope: str, filters: Mapping[str, str]
) -> list[PageEntry]:
    """Give one entry for each page of the latest listing with these filters."""
    listed = [e for e in entries if e.listed and (e.scope, e.filters) == (scope, filters)]
    latest = max((entry.pull for entry in listed), default="")
    pages = {entry.number: entry for entry in listed if entry.pull == latest}
    return [pages[number] for number in sorted(pages)]


def _listed(
    store: PageStore, client: Client, filters: Mapping[str, str], begun: Sequence[PageEntry]
) -> Iterator[PulledPage]:
    pull, after = (begun[0].pull, begun[-1].next) if begun else (new_pull(), None)
    pages = client.upload_pages(**filters, after=after)
    kept = store.pages([entry.sha256 for entry in begun])
    for entry, page in zip(begun, kept, strict=True):
        yield PulledPage(entry, *read_page(page)[1:])
    for number, page in enumerate(read_ahead(pages), start=len(begun)):
        yield _keep(
            store,
            page,
            pull=pull,
            number=number,
            scope=scope_of(client.settings),
            filters=dict(filters),
            next=decode_page(page).next,
        )


def _keep(store: PageStore, page: bytes, **where_from: Any) -> PulledPage:
    seen_at = datetime.now(UTC)
    contents, rows, rejected = read_page(page)
    sha256 = sha256_hex(page)
    entry = PageEntry(seen_at=seen_at, sha256=sha256, contents=contents, **where_from)
    store.keep(page, entry)
    return PulledPage(entry, rows, rejected)


def refresh_pages(store: PageStore, client: Client) -> Iterator[PulledPage]:
    """Ask again for the uploads whose processing has not come to rest.

    Where listing them takes fewer requests than asking for each, they are listed; what the list
    does not show is asked for by its id.
    """
    scope = scope_of(client.settings)
    held = store.entries()
    _check_source(store, held, scope)
    entries = [entry for entry in held if entry.scope == scope]
    for filters, ids in _not_at_rest(store, entries):
        pages = latest_listing(entries, scope, filters)
        listed: set[str | None] = set()
        if pages and pages[-1].next is None and len(pages) < len(ids):
            for page in pull_pages(store, client, filters):
                listed.update(page.entry.contents.ids)
                yield page
        unlisted = [upload for upload in ids if upload not in listed]
        yield from _ask_for_each(store, client.settings, filters, unlisted)


def _not_at_rest(
    store: PageStore, entries: Sequence[PageEntry]
) -> list[tuple[Mapping[str, str], list[str]]]:
    """Group the uploads that have not come to rest by the filters they were listed with."""
    deleted = deleted_uploads(entries)
    groups: defaultdict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    selected = select_newest(entries)
    pages = read_selected(store, [one.key for one in selected])
    for one, page in zip(selected, pages, strict=True):
        group = groups[tuple(sorted(one.entry.filters.items()))]
        unreadable: list[DecodeError] = []
        for batch in UPLOADS.batches(page, unreadable):
            group += [upload.id for upload in batch.records if not upload.at_rest]
        group += [error.record for error in unreadable]
    # An id goes into a URL, so it must be one.
    wanted = {
        key: [i for i in ids if is_uuid(i) and i not in deleted] for key, ids in groups.items()
    }
    return [(dict(key), ids) for key, ids in wanted.items() if ids]


def _ask_for_each(
    store: PageStore, settings: Settings, filters: Mapping[str, str], ids: Sequence[str]
) -> Iterator[PulledPage]:
    pull = new_pull()

    with closing(Transport(settings)) as transport, ThreadPoolExecutor(ASKED_AT_ONCE) as workers:

        def ask(upload_id: str) -> bytes | ArgyleError:
            try:
                answer = transport.get(f"{_UPLOADS}/{upload_id}")
            except ArgyleError as error:
                return error
            return _problem_of(answer, upload_id) or answer

        for number, start in enumerate(range(0, len(ids), PAGE_SIZE)):
            asked_for = ids[start : start + PAGE_SIZE]
            answers = list(workers.map(ask, asked_for))
            kept = _keep(
                store,
                page_of_records([answer for answer in answers if isinstance(answer, bytes)]),
                pull=pull,
                number=number,
                scope=scope_of(settings),
                filters=dict(filters),
                listed=False,
                gone=[
                    upload
                    for upload, answer in zip(asked_for, answers, strict=True)
                    if isinstance(answer, NotFoundError)
                ],
            )
            unread = [answer for answer in answers if isinstance(answer, DecodeError)]
            yield kept._replace(rejected=[*kept.rejected, *unread])
            for answer in answers:
                if isinstance(answer, ArgyleError) and not isinstance(
                    answer, NotFoundError | DecodeError
                ):
                    raise answer


def _problem_of(answer: bytes, upload_id: str) -> DecodeError | None:
    """Say why an answer cannot be put on a page.

    A record that can't be read can, as long as it leaves the others whole.
    """
    try:
        returned = decode(answer, UserUpload).id
    except DecodeError as error:
        if is_whole(answer) and field_of(answer, "id") == upload_id:
            return None
        return DecodeError(upload_id, error.path, error.problem)
    other = DecodeError(upload_id, "$.id", "another upload was returned")
    return None if returned == upload_id else other
