"""What else an archive can tell: what was read from the documents, and where they came from."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from argyle_nb.archive.pages import PageStore
from argyle_nb.archive.parquet import dask_frames, recipe_of, write_parquet
from argyle_nb.archive.pulling import pulled, refreshed
from argyle_nb.archive.versions import deleted_since, learned_accounts, newest, pages_of, sightings
from argyle_nb.errors import ConfigurationError, DecodeError, NotFoundError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten, uploads_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from argyle_nb.archive.pages import PageEntry
    from argyle_nb.archive.parquet import Recipe
    from argyle_nb.archive.versions import Sighting
    from argyle_nb.client.client import Client
    from argyle_nb.frames.uploads import Errors, Frames
    from argyle_nb.models import Account


class Archive:
    """Raw pages of uploads in a folder, and the frames made from them.

    It holds personal data: everything that Argyle answered. Several notebooks may use one archive
    at the same time.

    Parameters
    ----------
    folder
        A path, or any URL that fsspec knows (``s3://bucket/argyle``, ``memory://x``). Made when
        something is first kept, on this machine for its owner alone.

    Raises
    ------
    ConfigurationError
        When there is no such kind of folder, or it cannot be read or written; here or later.

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

    def pull(
        self,
        client: Client,
        *,
        user: str | None = None,
        account: str | None = None,
        document_type: str | None = None,
        accounts: Iterable[Account] = (),
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
        errors: Errors = "raise",
    ) -> Frames:
        """List uploads into the archive, and flatten them while the next page is on its way.

        Each page is kept before it is looked at. A pull that broke off within the last day, with
        the same filters, goes on behind the last page kept; what came to Argyle since it began is
        then left to the next pull (``uploads.attrs["began_at"]`` tells when that was).

        Parameters
        ----------
        client
            Who asks.
        user, account, document_type
            As for `Client.list_uploads`.
        accounts, sent, levels, errors
            As for `uploads_frame`; a record that cannot be read is raised after all pages are
            kept.

        Returns
        -------
        Frames
            ``uploads`` and ``signals`` of this pull.

        Raises
        ------
        ApiError, TransportError
            What was kept stays.
        DecodeError
            For a record that cannot be read, unless errors are collected.

        Examples
        --------
        >>> uploads, signals = Archive(folder / "archive").pull(client)
        """
        given = {"user": user, "account": account, "document_type": document_type}
        filters = {name: value for name, value in given.items() if value is not None}
        entries: list[PageEntry] = []

        def arriving() -> Iterator[bytes]:
            for entry, page in pulled(self._store, client, filters):
                entries.append(entry)
                yield page

        options: dict[str, Any] = {"accounts": list(accounts), "sent": sent, "levels": levels}
        # A record that cannot be read is no reason to leave the others at Argyle.
        options["errors"] = "collect"
        frames = flatten(arriving(), **options)
        # The list moves while it is read, so an upload may come twice.
        ids = [upload for entry in entries for upload in entry.contents.ids]
        if len(set(ids)) < len(ids):
            frames = self._scanned(entries, **options)
        if user:
            frames.uploads["user"] = pd.array([user] * len(frames.uploads), dtype="string")
        if errors != "collect":
            _raise_first(frames.uploads.attrs["rejected"])
        frames.uploads.attrs["began_at"] = min(entry.seen_at for entry in entries)
        return frames

    def refresh(
        self, client: Client, *, levels: str = "argyle", errors: Errors = "raise"
    ) -> Frames:
        """Ask again for the uploads whose processing has not come to rest.

        Each is asked for by its id, at most 45 requests a second, or all are listed again where
        that takes fewer requests. An upload that Argyle no longer has is kept and marked.

        Parameters
        ----------
        client
            Who asks; uploads of another environment or key are left alone.
        levels, errors
            As for `uploads_frame`.

        Returns
        -------
        Frames
            What was answered.

        Raises
        ------
        ApiError, TransportError, DecodeError
            What was answered before stays.

        Examples
        --------
        >>> uploads, signals = Archive(folder / "archive").refresh(client)
        """
        answered = list(refreshed(self._store, client))
        return self._scanned(answered, levels=levels, errors=errors)

    def uploads(self, **options: Any) -> pd.DataFrame:
        """Give the newest version of each upload.

        Parameters
        ----------
        **options
            ``accounts, sent, levels, errors`` as for `uploads_frame`. Users that were learned
            from pulls for one user are filled in.

        Returns
        -------
        pandas.DataFrame
            As `uploads_frame`. Uploads that Argyle no longer has are among them; their ids are in
            ``attrs["deleted"]``.

        Raises
        ------
        DecodeError
            For a record that cannot be read, unless errors are collected, and for a page that is
            damaged or missing; it names the file.

        Examples
        --------
        >>> Archive(folder / "new").uploads().attrs["deleted"]
        []
        """
        entries = self._store.entries()
        recipe, pages = self._planned(entries, **options)
        return _marked(recipe.uploads(pages), entries)

    def signals(self, *, errors: Errors = "raise") -> pd.DataFrame:
        """Give the signals and reason codes of the newest version of each upload.

        Parameters
        ----------
        errors
            As for `signals_frame`.

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
        recipe, pages = self._planned(self._store.entries(), errors=errors)
        return recipe.signals(pages)

    def history(self, upload_id: str) -> pd.DataFrame:
        """Give every version of one upload that was seen.

        Parameters
        ----------
        upload_id
            The upload's id.

        Returns
        -------
        pandas.DataFrame
            One row per version, oldest first: ``seen_at`` (datetime64[us, UTC]; when it was first
            seen), ``deleted`` (bool; true for a row that says that Argyle no longer had it), then
            the columns of `uploads_frame`.

        Raises
        ------
        NotFoundError
            When the archive has never seen it.
        DecodeError
            For a version that cannot be read, and for a damaged page.

        Examples
        --------
        >>> archive.history("01320596-2c3d-189c-53e7-a8ce6d625b33")  # doctest: +SKIP
        """
        entries = self._store.entries()
        gone = [entry.seen_at for entry in entries if upload_id in entry.gone]
        told: list[tuple[Any, bool, Any]] = [(at, True, {"id": upload_id}) for at in gone]
        told += [(seen.seen_at, False, seen.record) for seen in self._seen(entries, upload_id)]
        told.sort(key=lambda row: row[0])
        rows = [row for before, row in pairwise([(), *told]) if row[1:] != before[1:]]
        seen_at, deleted, records = (list(values) for values in zip(*rows, strict=True))
        frame = uploads_frame(records, accounts=learned_accounts(entries))
        frame.insert(0, "seen_at", pd.DatetimeIndex(seen_at).as_unit("us"))
        frame.insert(1, "deleted", np.array(deleted))
        return frame

    def raw(self, upload_id: str) -> dict[str, Any]:
        """Give the newest version of one upload with every field that Argyle sent.

        Parameters
        ----------
        upload_id
            The upload's id.

        Returns
        -------
        dict
            The API's object as plain Python objects.

        Raises
        ------
        NotFoundError
            When the archive has never seen it.

        Examples
        --------
        >>> archive.raw("01320596-2c3d-189c-53e7-a8ce6d625b33")["processing"]  # doctest: +SKIP
        """
        seen = self._seen(self._store.entries(), upload_id)
        record: dict[str, Any] = max(
            reversed(seen), key=lambda sighting: sighting.updated_at
        ).record
        return record

    def scan(
        self,
        engine: Literal["pandas", "dask"] = "pandas",
        *,
        accounts: Iterable[Account] = (),
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
        errors: Errors = "raise",
    ) -> Frames:
        """Read the newest version of each upload into frames.

        Parameters
        ----------
        engine
            ``"pandas"`` reads now, in this process. ``"dask"`` gives Dask DataFrames with the same
            columns and dtypes, whose partitions are read by Dask's workers when they are computed;
            the workers must reach the archive's folder. It needs the extra ``[dask]``.
        accounts, sent, levels, errors
            As for `uploads_frame`. With Dask, collected errors are not listed in ``attrs``.

        Returns
        -------
        Frames
            ``uploads`` and ``signals``.

        Raises
        ------
        ConfigurationError
            For an unknown engine, and when Dask is not installed.
        DecodeError
            As for `uploads`; with Dask when they are computed.

        Examples
        --------
        >>> uploads, signals = Archive(folder / "new").scan()
        >>> len(uploads), len(signals)
        (0, 0)
        """
        if engine not in ("pandas", "dask"):
            raise ConfigurationError(f"engine is {engine!r}: use 'pandas' or 'dask'")
        options: dict[str, Any] = {"accounts": accounts, "sent": sent}
        options |= {"levels": levels, "errors": errors}
        entries = self._store.entries()
        if engine == "pandas":
            return self._scanned(entries, **options)
        readings = newest(entries)
        return dask_frames(self._store.url, readings, recipe_of(entries, readings, **options))

    def to_parquet(
        self,
        folder: Path | str,
        *,
        accounts: Iterable[Account] = (),
        sent: pd.DataFrame | None = None,
        levels: str = "argyle",
    ) -> None:
        """Write both frames as Parquet datasets that DuckDB, Polars and Spark read.

        ``<folder>/uploads`` and ``<folder>/signals`` hold one folder per document type
        (``document_type=W-2``, the naming of Hive). Dask writes them, on all its workers. It needs
        the extra ``[dask]``. The files hold personal data in the clear.

        Parameters
        ----------
        folder
            A path or URL where nothing is yet.
        accounts, sent, levels
            As for `uploads_frame`.

        Raises
        ------
        ConfigurationError
            When the folder is not empty or cannot be written, and when Dask is not installed.
        DecodeError
            As for `uploads`.

        Examples
        --------
        >>> Archive(folder / "new").to_parquet(folder / "lake")
        """
        frames = self.scan("dask", accounts=accounts, sent=sent, levels=levels)
        write_parquet(frames, folder)

    def ocr(self, *, wide: bool = False, errors: Errors = "raise") -> pd.DataFrame:
        """Give what was read from the newest version of each upload.

        Parameters
        ----------
        wide, errors
            As for `ocr_frame`.

        Returns
        -------
        pandas.DataFrame
            As `ocr_frame`. It holds personal data.

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
        store = self._store
        readings = newest(store.entries())
        pages = pages_of(store, [reading.page for reading in readings])
        return ocr_frame(pages, wide=wide, errors=errors)

    def sources(self) -> list[str]:
        """Name the addresses, or the local sandboxes, whose answers are kept here.

        Examples
        --------
        >>> from argyle_nb.archive import Archive
        >>> _ = (archive := Archive(folder / "new")).pull(client)
        >>> archive.sources() == [client.settings.base_url]
        True
        """
        scopes = {entry.scope for entry in self._store.entries()}
        # Behind an address stands a mark of the key, which is nobody's business.
        return sorted({s.split(" ")[0] if s.startswith("http") else s for s in scopes})

    def _planned(
        self, entries: Sequence[PageEntry], **options: Any
    ) -> tuple[Recipe, Iterator[bytes]]:
        readings = newest(entries)
        pages = pages_of(self._store, [reading.page for reading in readings])
        return recipe_of(entries, readings, **options), pages

    def _scanned(self, entries: Sequence[PageEntry], **options: Any) -> Frames:
        recipe, pages = self._planned(entries, **options)
        frames = recipe.frames(pages)
        _marked(frames.uploads, entries)
        return frames

    def _seen(self, entries: Sequence[PageEntry], upload_id: str) -> list[Sighting]:
        seen = sightings(self._store, entries, upload_id)
        if not seen:
            raise NotFoundError(f"{self} has never seen upload {upload_id}: pull, then ask again")
        return seen


def _marked(uploads: pd.DataFrame, entries: Sequence[PageEntry]) -> pd.DataFrame:
    uploads.attrs["deleted"] = list(deleted_since(entries))
    return uploads


def _raise_first(rejected: Sequence[dict[str, str]]) -> None:
    for told in rejected:
        raise DecodeError(**told)
