"""Lists of the API, page by page: a link leads neither to another origin nor back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from argyle_nb.client.responses import ANSWER_SECONDS, read_as
from argyle_nb.errors import ApiError, DecodeError
from argyle_nb.models import decode, decode_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sized

    from argyle_nb.client.transport import Transport

UPLOADS = "/v2/user-uploads"
PAGE_SIZE = 200


class _Identified(msgspec.Struct):
    id: str


def pages(
    transport: Transport,
    path: str,
    filters: Mapping[str, str | None],
    after: str | None = None,
    seconds: float = ANSWER_SECONDS,
) -> Iterator[tuple[bytes, list[msgspec.Raw]]]:
    """Give each page as it came, and the records on it that no page before it held.

    ``after`` is the ``next`` link of a page read earlier; ``seconds`` are for one page.
    """
    params = {"limit": PAGE_SIZE} | {k: v for k, v in filters.items() if v is not None}
    if after:
        answer = _further(transport, after, seconds)
    else:
        answer = transport.get(path, params, seconds=seconds)
    seen: set[str | bytes] = set()
    links = {after}
    while True:
        page = read_as(decode_page, answer, transport.settings)
        fresh = {key: raw for raw in page.results if (key := _key_of(raw)) not in seen}
        yield answer, list(fresh.values())
        if not page.next:
            return
        if _is_loop(page.next, links, fresh):
            raise ApiError(
                f"GET {path}: pagination loop (a next link points to an earlier page). Results are "
                "incomplete."
            )
        seen |= fresh.keys()
        links.add(page.next)
        answer = _further(transport, page.next, seconds)


def _further(transport: Transport, link: str, seconds: float) -> bytes:
    transport.check_same_origin(link)
    return transport.get(link, seconds=seconds)


def _is_loop(link: str, links: set[str | None], fresh: Sized) -> bool:
    """Links that are new each time may be a loop, too: then the records are old."""
    return link in links or not fresh


def _key_of(raw: msgspec.Raw) -> str | bytes:
    try:
        return decode(raw, _Identified).id
    except DecodeError:  # whoever reads the record says what is wrong with it
        return bytes(raw)
