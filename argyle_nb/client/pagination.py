"""Lists of the API, page by page: a link leads neither to another origin nor back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from argyle_nb.client.responses import ANSWER_SECONDS, read_as
from argyle_nb.errors import ApiError, DecodeError
from argyle_nb.models import decode, decode_page, field_of, newest_of_each

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence, Sized

    from argyle_nb.client.transport import Transport

UPLOADS = "/v2/user-uploads"
PAGE_SIZE = 200
# 4 million uploads, the list of which takes an hour: whoever has more narrows the list down. The
# memory for the IDs seen, half a gigabyte by then, is why there is an end at all.
MAX_PAGES = 20_000

_UPDATED_AT = ("updated_at", datetime | None)


class _Identified(msgspec.Struct):
    id: str


def pages(
    transport: Transport,
    path: str,
    filters: Mapping[str, str | None],
    after: str | None = None,
    seconds: float = ANSWER_SECONDS,
) -> Iterator[tuple[bytes, dict[int, msgspec.Raw]]]:
    """Give each page as it came, and the records on it that no page before it held.

    They are numbered by their place on the page. ``after`` is the ``next`` link of a page read
    earlier; ``seconds`` are for one page.
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
        keys = [_key_of(raw) for raw in page.results]
        yield answer, _fresh(page.results, keys, seen)
        if not page.has_next:
            raise _incomplete(path, "a page has no readable link to the next one")
        if not page.next:
            return
        if _is_loop(page.next, links, set(keys) - seen):
            raise _incomplete(path, "pagination loop (a next link points to an earlier page)")
        seen.update(keys)
        links.add(page.next)
        if len(links) > MAX_PAGES:
            raise _incomplete(
                path,
                f"the list did not end after {MAX_PAGES:,} pages ({len(seen):,} results)",
                "List fewer at a time, such as by user or document type.",
            )
        answer = _further(transport, page.next, seconds)


def _fresh(
    raws: Sequence[msgspec.Raw], keys: Sequence[str | bytes], seen: Container[str | bytes]
) -> dict[int, msgspec.Raw]:
    """Give numbered records; of what the page holds twice, the newest version.

    What has no ID may be another record each time.
    """
    new = [n for n, key in enumerate(keys) if key not in seen or isinstance(key, bytes)]
    if len({keys[number] for number in new}) < len(new):
        stamps = [(keys[number], field_of(bytes(raws[number]), *_UPDATED_AT)) for number in new]
        new = [new[place] for place in newest_of_each(stamps)]
    return {number + 1: raws[number] for number in new}


def _incomplete(path: str, why: str, cure: str = "Try again.") -> ApiError:
    return ApiError(f"GET {path}: {why}. Results are incomplete. {cure}")


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
