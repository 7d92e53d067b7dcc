"""Lists of the API, page by page: a link leads neither to another origin nor in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from argyle_nb.errors import ApiError, DecodeError
from argyle_nb.models import decode, decode_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argyle_nb.transport import Transport

PAGE_SIZE = 200


class _Identified(msgspec.Struct):
    id: str


def pages(
    transport: Transport,
    path: str,
    filters: Mapping[str, str | None],
    after: str | None = None,
) -> Iterator[tuple[bytes, list[msgspec.Raw]]]:
    """Give each page as it came, and the records on it that no page before it held.

    Parameters
    ----------
    transport
        Who asks.
    path
        The list's path.
    filters
        Query parameters; ``None`` is left out.
    after
        The ``next`` link of a page read earlier; goes on behind it.

    Raises
    ------
    ApiError
        When a page links to another origin, or back to what was read already.
    """
    params = {"limit": PAGE_SIZE} | {k: v for k, v in filters.items() if v is not None}
    answer = _further(transport, after) if after else transport.get(path, params)
    seen: set[str | bytes] = set()
    while True:
        page = decode_page(answer)
        fresh = {key: raw for raw in page.results if (key := _key_of(raw)) not in seen}
        if page.next and not fresh:
            raise ApiError(f"GET {path}: the pages lead in a circle; what was read is not all")
        yield answer, list(fresh.values())
        if not page.next:
            return
        seen |= fresh.keys()
        answer = _further(transport, page.next)


def _further(transport: Transport, link: str) -> bytes:
    transport.check_same_origin(link)
    return transport.get(link)


def _key_of(raw: msgspec.Raw) -> str | bytes:
    try:
        return decode(raw, _Identified).id
    except DecodeError:  # whoever reads the record says what is wrong with it
        return bytes(raw)
