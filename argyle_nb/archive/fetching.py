"""`fetch`: all uploads in frames at once, with their borrowers; nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.archive.listing import BorrowerListing, flatten_pages, of_user, read_ahead
from argyle_nb.archive.pulling import scope_of, sources_of
from argyle_nb.client.polling import progress_bar
from argyle_nb.frames.records import READ, RowPage, rows_of
from argyle_nb.frames.uploads import warn_of
from argyle_nb.models import checked_filters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.errors import DecodeError
    from argyle_nb.frames.uploads import Borrowers, Frames


class _FetchedPage(NamedTuple):
    """The uploads of a page that came on none before it."""

    rows: RowPage
    rejected: list[DecodeError]


def fetch(
    client: Client,
    *,
    user: str | int | None = None,
    document_type: str | None = None,
    sent: pd.DataFrame | None = None,
) -> Frames:
    """Retrieve uploads with their scores, signals and borrowers, in one pass.

    Uploads, users and accounts are listed at the same time, in pages of 200. Where that takes more
    than a moment, notebooks and terminals show a progress bar. `Archive.pull` does the same and
    saves every version that it has seen.

    Parameters
    ----------
    client
        From `connect`.
    user
        Only uploads of this borrower: an external ID or a user ID. Several users may share an
        external ID: the uploads of all of them are retrieved. A whole number is read as text, as
        external IDs are text.
    document_type
        Only uploads of this type: ``"paystubs"``, ``"W-2"``, ``"1099"``, ``"proof-of-identity"``,
        ``"proof-of-address"`` or ``"miscellaneous"``; spellings such as ``"W2"`` too.
    sent
        The result of `upload_batch`. When Argyle reclassifies a document, it no longer says which
        type you sent: ``requested_document_type`` comes from here, and is missing without it.

    Returns
    -------
    Frames
        ``uploads`` and ``signals``, with the columns and dtypes of `uploads_frame` and
        `signals_frame`, level preset ``"argyle"``; in ``uploads``, ``user`` is Argyle's user ID and
        ``external_id`` your own identifier of the borrower. Unreadable uploads are left out and
        listed in ``attrs["unreadable"]`` (dicts of ``record, path, problem``); ``attrs["sources"]``
        says where they are from, which a report tells.

    Raises
    ------
    NotFoundError
        When no user has this external ID or user ID.
    ValidationError
        For an invalid type or user, before anything is sent.
    ApiError, TransportError
        When uploads can't be listed.

    Warns
    -----
    UserWarning
        When users or accounts can't be listed, or uploads can't be read.

    Examples
    --------
    >>> uploads, signals = fetch(client)
    >>> uploads["external_id"].dtype == signals["upload_id"].dtype
    True
    """
    document_type = checked_filters(None, None, document_type)["document_type"]
    with BorrowerListing(client, user=user) as listing:
        pages = (page for one in listing.users for page in _pages(client, one, document_type))
        frames = _flattened(listing.beside(pages), listing.result, sent)
    listing.warn(frames.uploads)
    warn_of(frames.uploads)
    frames.uploads.attrs["sources"] = sources_of([scope_of(client.settings)])
    return frames


def _flattened(
    pages: Iterator[_FetchedPage], borrowers: Callable[[], Borrowers], sent: pd.DataFrame | None
) -> Frames:
    with progress_bar("retrieved") as bar:

        def told() -> Iterator[_FetchedPage]:
            for page in pages:
                yield page
                bar.update(len(page.rows.rows) + len(page.rejected))

        return flatten_pages(told(), borrowers, sent)


def _pages(client: Client, user: str | None, document_type: str | None) -> Iterator[_FetchedPage]:
    """Read pages; the list moves while it is read, so that an upload may come again."""
    seen: set[str] = set()
    for page in read_ahead(client.upload_pages(user=user, document_type=document_type)):
        rejected: list[DecodeError] = []
        [batch] = READ.batches(page, rejected)
        rows = _without(rows_of(batch, rejected), seen)
        seen.update(row.id for row in rows.rows)
        yield _FetchedPage(of_user(rows, user) if user else rows, rejected)


def _without(page: RowPage, seen: set[str]) -> RowPage:
    new = [number for number, row in enumerate(page.rows) if row.id not in seen]
    if len(new) == len(page.rows):
        return page
    return page.picked(new)
