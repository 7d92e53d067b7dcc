"""Raw pages of uploads in a folder, every version that was seen, and frames of the newest."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from argyle_nb import notebook
from argyle_nb.archive.listing import BorrowerListing, flatten_pages, of_user
from argyle_nb.archive.pages import PageStore
from argyle_nb.archive.parquet import dask_frames, flattener_of, write_parquet
from argyle_nb.archive.pulling import pull_pages, refresh_pages, sources_of
from argyle_nb.archive.versions import (
    deleted_uploads,
    learned_users,
    read_selected,
    select_newest,
    versions_of,
)
from argyle_nb.errors import ConfigurationError, DecodeError, NotFoundError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.records import is_readable
from argyle_nb.frames.uploads import Borrowers, list_unreadable, uploads_frame, warn_of
from argyle_nb.models import checked_filters, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from argyle_nb.archive.pages import PageEntry
    from argyle_nb.archive.parquet import PageFlattener
    from argyle_nb.archive.pulling import PulledPage
    from argyle_nb.archive.versions import SeenVersion
    from argyle_nb.client.client import Client
    from argyle_nb.frames.uploads import Frames
    from argyle_nb.models import Errors


class Archive:
    """Saved raw API responses in a folder, and the tables made from them.

    It contains unmasked personal data: everything that Argyle returned. Several notebooks may use
    one archive at the same time.

    Parameters
    ----------
    folder
        A path or URL (any fsspec location, such as ``s3://bucket/argyle``). Created when something
        is first saved; on the local disk it is readable by its owner only.

    Raises
    ------
    ConfigurationError
        When the location is not supported, or can't be read or written; here or later.

    Examples
    --------
    >>> archive = Archive(folder / "archive")
    >>> pulled = archive.pull(client)
    >>> len(archive.uploads()) == len(pulled.uploads)
    True
    """

    def __init__(self, folder: Path | str) -> None:
        self._store = PageStore(folder)

    def __repr__(self) -> str:
        return f"Archive({self._store.url!r})"

    def _repr_html_(self) -> str:
        holds = "Holds what Argyle returned, unmasked. Read it with .uploads() or .signals()."
        return notebook.result("Archive", {"Location": self._store.url}, note=holds)

    def pull(
        self,
        client: Client,
        *,
        user: str | int | None = None,
        account: str | None = None,
        document_type: str | None = None,
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
        errors: Errors = "warn",
    ) -> Frames:
        """Download upload results to the archive, and flatten them.

        Users and accounts are listed too, once and in pages of 200, for the columns ``user`` and
        ``external_id``; for one borrower or account, only that one is requested. User IDs and
        external IDs are saved, so that later tables of the archive have them offline.

        Each page is saved before it is read. A pull that was interrupted within the last day, with
        the same filters, resumes after the last page saved; what was uploaded since it began is
        then left to the next pull (``uploads.attrs["began_at"]`` says when that was).

        Parameters
        ----------
        client
            From `connect`.
        user
            As for `fetch`: an external ID or a user ID.
        account, document_type
            As for `Client.list_uploads`.
        sent, levels, errors
            As for `uploads_frame`, but unreadable uploads are left out with a warning by default;
            ``"raise"`` raises the first after all pages are saved.

        Returns
        -------
        Frames
            ``uploads`` and ``signals`` of this pull.

        Raises
        ------
        NotFoundError, ValidationError
            As for `fetch`.
        ApiError, TransportError
            What was saved stays.
        ConfigurationError
            When the folder holds anything but an archive, or can't be written; when it holds
            uploads of another source and one of the two is a local sandbox.
        DecodeError
            For a response that is not a page of results; with ``errors="raise"`` also for an upload
            that can't be read.

        Warns
        -----
        UserWarning
            When uploads can't be read, and when users or accounts can't be listed; what Argyle
            returned is saved all the same.

        Examples
        --------
        >>> uploads, signals = Archive(folder / "archive").pull(client)
        """
        asked = checked_filters(None, account, document_type)
        self._store.check_is_archive()
        with BorrowerListing(client, user=user, account=account) as listing:
            filters = [_given(asked | {"user": one}) for one in listing.users]
            pages = (page for some in filters for page in pull_pages(self._store, client, some))
            frames, entries = self._flattened(
                listing.beside(pages),
                lambda: self._store.keep_borrowers(listing.result()),
                sent=sent,
                levels=levels,
            )
        listing.warn(frames.uploads)
        _check_unreadable(frames, errors)
        frames.uploads.attrs["began_at"] = min(entry.seen_at for entry in entries)
        return frames

    def refresh(
        self,
        client: Client,
        *,
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
        errors: Errors = "warn",
    ) -> Frames:
        """Update only the uploads that are still processing.

        Each is requested by upload ID, at most 45 requests per second, or all are listed again
        where that takes fewer requests. An upload that Argyle no longer has is kept and marked.

        Parameters
        ----------
        client
            From `connect`; uploads of another environment or key are not updated.
        sent, levels, errors
            As for `pull`.

        Returns
        -------
        Frames
            What Argyle returned.

        Raises
        ------
        ApiError, TransportError, DecodeError
            As for `pull`. What was saved before stays.

        Warns
        -----
        UserWarning
            When uploads can't be read.

        Examples
        --------
        >>> uploads, signals = Archive(folder / "archive").refresh(client)
        """
        pages = refresh_pages(self._store, client)
        frames, entries = self._flattened(pages, self._store.borrowers, sent=sent, levels=levels)
        _check_unreadable(frames, errors)
        _mark_deleted(frames.uploads, entries)
        return frames

    def uploads(self, **options: Any) -> pd.DataFrame:
        """Give the newest version of each upload.

        Parameters
        ----------
        **options
            ``sent, levels, errors`` as for `pull`. Users and external IDs are those of
            earlier pulls; an archive of an earlier version has them after its next pull.

        Returns
        -------
        pandas.DataFrame
            As `uploads_frame`. Uploads that Argyle no longer has are included; their IDs are in
            ``attrs["deleted"]``.

        Raises
        ------
        DecodeError
            For a page file that is damaged or missing, which the error names; with
            ``errors="raise"`` also for an upload that can't be read.

        Warns
        -----
        UserWarning
            When uploads can't be read.

        Examples
        --------
        >>> Archive(folder / "new").uploads().attrs["deleted"]
        []
        """
        entries = self._store.entries()
        flattener, pages = self._newest(entries, self._known(entries), **options)
        frame = flattener.uploads(pages)
        _mark_deleted(frame, entries)
        return frame

    def signals(self, *, errors: Errors = "warn") -> pd.DataFrame:
        """Give the signals and reason codes of the newest version of each upload.

        Parameters
        ----------
        errors
            As for `pull`.

        Returns
        -------
        pandas.DataFrame
            As `signals_frame`.

        Raises
        ------
        DecodeError
            As for `uploads`.

        Examples
        --------
        >>> len(Archive(folder / "new").signals())
        0
        """
        flattener, pages = self._newest(self._store.entries(), Borrowers(), errors=errors)
        return flattener.signals(pages)

    def history(self, upload_id: str) -> pd.DataFrame:
        """Give every version of one upload that was seen.

        Parameters
        ----------
        upload_id
            The upload ID.

        Returns
        -------
        pandas.DataFrame
            One row per version, oldest first: ``seen_at`` (datetime64[us, UTC]; when it was first
            seen), ``deleted`` (bool; true for a row that says Argyle no longer had it), then the
            columns of `uploads_frame`.

        Raises
        ------
        NotFoundError
            When the upload is not in the archive.
        DecodeError
            For a damaged page.

        Warns
        -----
        UserWarning
            When versions can't be read; they are left out and listed in ``attrs["unreadable"]``.

        Examples
        --------
        >>> archive.history("01320596-2c3d-189c-53e7-a8ce6d625b33")  # doctest: +SKIP
        """
        entries = self._store.entries()
        gone = [entry.seen_at for entry in entries if upload_id in entry.gone]
        seen: list[tuple[Any, bool, Any]] = [(at, True, {"id": upload_id}) for at in gone]
        seen += [(one.seen_at, False, one.record) for one in self._versions(entries, upload_id)]
        seen.sort(key=lambda row: row[0])
        rows = [row for before, row in pairwise([(), *seen]) if row[1:] != before[1:]]
        rejected: list[DecodeError] = []
        rows = [row for row in rows if is_readable(row[2], rejected)]
        records = [record for _, _, record in rows]
        frame = uploads_frame(records, **self._known(entries).records())
        times = pd.DatetimeIndex([at for at, _, _ in rows], tz="UTC")
        frame.insert(0, "seen_at", times.as_unit("us"))
        frame.insert(1, "deleted", np.array([gone for _, gone, _ in rows], dtype=bool))
        warn_of(list_unreadable(frame, rejected))
        return frame

    def raw(self, upload_id: str) -> dict[str, Any]:
        """Give the newest version of one upload with every field that Argyle sent.

        Parameters
        ----------
        upload_id
            The upload ID.

        Returns
        -------
        dict
            The API's object as plain Python objects.

        Raises
        ------
        NotFoundError
            When the upload is not in the archive.
        DecodeError
            When its newest version is not JSON.

        Examples
        --------
        >>> archive.raw("01320596-2c3d-189c-53e7-a8ce6d625b33")["processing"]  # doctest: +SKIP
        """
        versions = self._versions(self._store.entries(), upload_id)
        # Of several equal ones, `max` takes the first.
        newest: SeenVersion = max(reversed(versions), key=lambda version: version.updated_at)
        record: dict[str, Any] = (
            decode(newest.record, dict) if isinstance(newest.record, bytes) else newest.record
        )
        return record

    def scan(
        self,
        engine: Literal["pandas", "dask"] = "pandas",
        *,
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
        errors: Errors = "warn",
    ) -> Frames:
        """Read the newest version of each upload into frames.

        Parameters
        ----------
        engine
            ``"pandas"`` reads now, in this kernel. ``"dask"`` gives Dask DataFrames with the same
            columns and dtypes, whose partitions are read by Dask's workers when they are computed;
            the workers must reach the archive's folder. It needs the extra ``[dask]``.
        sent, levels, errors
            As for `pull`. With Dask, errors and warnings come where a partition is computed, which
            may be another machine, and no uploads are listed in ``attrs``.

        Returns
        -------
        Frames
            ``uploads`` and ``signals``.

        Raises
        ------
        ConfigurationError
            For an unknown engine, or when Dask is not installed.
        DecodeError
            As for `uploads`; with Dask when they are computed.

        Examples
        --------
        >>> uploads, signals = Archive(folder / "new").scan()
        >>> len(uploads), len(signals)
        (0, 0)
        """
        if engine not in ("pandas", "dask"):
            raise ConfigurationError(f"Unknown engine {engine!r}. Use 'pandas' or 'dask'.")
        options: dict[str, Any] = {"sent": sent, "levels": levels, "errors": errors}
        entries = self._store.entries()
        borrowers = self._known(entries)
        if engine == "pandas":
            return self._scanned(entries, borrowers, **options)
        selected = select_newest(entries)
        flattener = flattener_of(borrowers, selected, **options)
        return dask_frames(self._store.url, selected, flattener)

    def to_parquet(
        self,
        folder: Path | str,
        *,
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
    ) -> None:
        """Write both frames as Parquet datasets that DuckDB, Polars and Spark read.

        ``<folder>/uploads`` and ``<folder>/signals`` hold one folder per document type
        (``document_type=W-2``, the naming of Hive). No more than some 50,000 uploads are in memory
        at once. It needs the extra ``[parquet]``. The files contain unmasked personal data.

        Parameters
        ----------
        folder
            A path or URL; the folder must be new or empty.
        sent, levels
            As for `uploads_frame`.

        Raises
        ------
        ConfigurationError
            When the folder is not empty or can't be written, or when pyarrow is not installed.
        DecodeError
            For a damaged page; then no file is left.

        Warns
        -----
        UserWarning
            When uploads can't be read; the files hold the others.

        Examples
        --------
        >>> Archive(folder / "new").to_parquet(folder / "lake")
        """
        entries = self._store.entries()
        selected = select_newest(entries)
        flattener = flattener_of(self._known(entries), selected, sent=sent, levels=levels)
        write_parquet(self._store, selected, flattener, folder)

    def ocr(self, *, wide: bool = False, errors: Errors = "warn") -> pd.DataFrame:
        """Give the OCR data of the newest version of each upload.

        Parameters
        ----------
        wide
            As for `ocr_frame`.
        errors
            As for `pull`.

        Returns
        -------
        pandas.DataFrame
            As `ocr_frame`. It contains unmasked personal data.

        Raises
        ------
        DecodeError
            As for `Archive.uploads`.

        Examples
        --------
        >>> from argyle_nb.archive import Archive
        >>> len(Archive(folder / "new").ocr())
        0
        """
        _, pages = self._newest(self._store.entries(), Borrowers())
        return ocr_frame(pages, wide=wide, errors=errors)

    def sources(self) -> list[str]:
        """Name the environments (addresses or local sandboxes) whose responses are saved here.

        Examples
        --------
        >>> from argyle_nb.archive import Archive
        >>> _ = (archive := Archive(folder / "new")).pull(client)
        >>> archive.sources() == [client.settings.base_url]
        True
        """
        return sources_of(entry.scope for entry in self._store.entries())

    def _flattened(
        self,
        pages: Iterator[PulledPage],
        borrowers: Callable[[], Borrowers],
        **options: Any,
    ) -> tuple[Frames, list[PageEntry]]:
        """Flatten pages as they arrive."""
        entries: list[PageEntry] = []

        def noted() -> Iterator[PulledPage]:
            for page in pages:
                entries.append(page.entry)
                user = page.entry.filters.get("user")
                yield page._replace(rows=of_user(page.rows, user)) if user else page

        def known() -> Borrowers:
            return _with_learned(borrowers(), entries)

        frames = flatten_pages(noted(), known, **options)
        # The list moves while it is read, so an upload may come twice.
        ids = [upload for entry in entries for upload in entry.contents.ids]
        if len(set(ids)) < len(ids):
            frames = self._scanned(entries, known(), **options, errors="collect")
        return frames, entries

    def _known(self, entries: Sequence[PageEntry]) -> Borrowers:
        """Say whose uploads are, as far as pulls have told."""
        return _with_learned(self._store.borrowers(), entries)

    def _scanned(
        self, entries: Sequence[PageEntry], borrowers: Borrowers, **options: Any
    ) -> Frames:
        flattener, pages = self._newest(entries, borrowers, **options)
        frames = flattener.frames(pages)
        _mark_deleted(frames.uploads, entries)
        return frames

    def _newest(
        self, entries: Sequence[PageEntry], borrowers: Borrowers, **options: Any
    ) -> tuple[PageFlattener, Iterator[bytes]]:
        """Say how the newest versions become frames, and give the pages that hold them."""
        selected = select_newest(entries)
        pages = read_selected(self._store, [page.key for page in selected])
        return flattener_of(borrowers, selected, **options), pages

    def _versions(self, entries: Sequence[PageEntry], upload_id: str) -> list[SeenVersion]:
        versions = versions_of(self._store, entries, upload_id)
        if not versions:
            raise NotFoundError(
                f"Upload {upload_id} is not in {self}. Run archive.pull(client) first."
            )
        return versions


def _with_learned(borrowers: Borrowers, entries: Sequence[PageEntry]) -> Borrowers:
    """Add the users of accounts that archives of earlier versions know from their pulls alone."""
    return Borrowers(learned_users(entries) | borrowers.users, borrowers.external_ids)


def _check_unreadable(frames: Frames, errors: Errors) -> None:
    """Tell what could not be read; that was no reason to leave the others at Argyle."""
    if errors == "warn":
        warn_of(frames.uploads, stacklevel=4)
    if errors == "raise":
        for problem in frames.uploads.attrs["unreadable"]:
            raise DecodeError(**problem)


def _given(filters: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in filters.items() if text is not None}


def _mark_deleted(uploads: pd.DataFrame, entries: Sequence[PageEntry]) -> None:
    uploads.attrs["deleted"] = list(deleted_uploads(entries))
