"""Pages of an archive to frames, in this process or on all workers of Dask, and to Parquet."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from argyle_nb.archive.pages import PageStore, sha256_hex
from argyle_nb.archive.versions import read_selected
from argyle_nb.errors import ConfigurationError, install
from argyle_nb.frames.records import RowPage
from argyle_nb.frames.uploads import (
    NAMED_NOW,
    Frames,
    categories_of,
    flatten,
    signals_frame,
    uploads_frame,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from argyle_nb.archive.versions import SelectedPage
    from argyle_nb.frames.uploads import Borrowers
    from argyle_nb.models import Errors

    Categories = dict[str, dict[str, list[str]]]
    PageKey = tuple[str, tuple[int, ...]]  # as SelectedPage has it

# About 50,000 uploads: so much work that handing it out costs next to nothing.
PAGES_PER_PARTITION = 250
_NO_TYPE = "__HIVE_DEFAULT_PARTITION__"  # as Hive names the folder of a missing value


@dataclass(frozen=True)
class PageFlattener:
    """How pages become frames, the same on every machine.

    ``borrowers`` tell whose uploads are; ``sent, levels, errors`` are those of `uploads_frame`;
    ``categories`` holds, for each frame, the categories of its columns over all pages.
    """

    borrowers: Borrowers
    sent: pd.DataFrame | None
    levels: str
    errors: Errors
    categories: Categories

    def frames(self, pages: Iterable[bytes]) -> Frames:
        """Make both frames."""
        frames = flatten(pages, **self._columns(), errors=self.errors)
        return Frames(
            self._unified("uploads", frames.uploads), self._unified("signals", frames.signals)
        )

    def uploads(self, pages: Iterable[bytes]) -> pd.DataFrame:
        """Make the frame of uploads alone."""
        frame = uploads_frame(pages, **self._columns(), errors=self.errors)
        return self._unified("uploads", frame)

    def signals(self, pages: Iterable[bytes]) -> pd.DataFrame:
        """Make the frame of signals alone."""
        return self._unified("signals", signals_frame(pages, errors=self.errors))

    def _columns(self) -> dict[str, Any]:
        return {**self.borrowers.records(), "sent": self.sent, "levels": self.levels}

    def _unified(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        for column, categories in self.categories[name].items():
            # An index written before there was the column does not name what its page holds.
            found = dict.fromkeys([*categories, *frame[column].cat.categories])
            frame[column] = frame[column].cat.set_categories(list(found))
        return frame


def flattener_of(
    borrowers: Borrowers,
    selected: Sequence[SelectedPage],
    *,
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
    errors: Errors = "warn",
) -> PageFlattener:
    """Say how these pages become frames."""
    return PageFlattener(borrowers, sent, levels, errors, all_categories(selected, sent))


def all_categories(selected: Iterable[SelectedPage], sent: pd.DataFrame | None) -> Categories:
    """Unite the categories of all pages, those known beforehand first, then as they appear."""
    # Dicts keep the order of appearance, sets would not.
    united = {
        frame: {column: dict.fromkeys(names) for column, names in columns.items()}
        for frame, columns in categories_of(RowPage()).items()
    }
    for page in selected:
        for frame, columns in page.entry.contents.categories.items():
            for column, names in columns.items():
                name = NAMED_NOW.get(column, column)
                united[frame][name].update(dict.fromkeys(names))
    if sent is not None:
        asked_for = dict.fromkeys(sent["document_type"].dropna().unique())
        united["uploads"]["requested_document_type"].update(asked_for)
    return {
        frame: {column: list(names) for column, names in columns.items()}
        for frame, columns in united.items()
    }


def dask_frames(url: str, selected: Sequence[SelectedPage], flattener: PageFlattener) -> Frames:
    """Make Dask DataFrames of pages that every worker can reach."""
    try:
        import dask.dataframe as dd  # noqa: PLC0415 - an extra
        from dask.delayed import delayed  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            f"Dask is not installed. To install it, {install('dask')}. Or use engine='pandas'."
        ) from None
    parts = [Partition(url, pages) for pages in _partitions(selected) or [[]]]
    shared = delayed(flattener, pure=True)
    empty = flattener.frames([])
    return Frames(
        *(
            dd.from_delayed(
                [delayed(_read, pure=True)(name, part, shared) for part in parts],
                meta=meta,
                verify_meta=False,
            )
            for name, meta in empty._asdict().items()
        )
    )


class Partition:
    """The keys of pages that one worker reads.

    Not a plain list: Dask would look for tasks of its own among them.
    """

    def __init__(self, url: str, pages: Sequence[PageKey]) -> None:
        self.url = url
        self.pages = pages

    def __dask_tokenize__(self) -> str:
        """Name the partition by what is in it."""
        return sha256_hex(repr((self.url, self.pages)).encode())


def _read(name: str, partition: Partition, flattener: PageFlattener) -> pd.DataFrame:
    pages = read_selected(PageStore(partition.url), partition.pages)
    return flattener.uploads(pages) if name == "uploads" else flattener.signals(pages)


def write_parquet(
    store: PageStore,
    selected: Sequence[SelectedPage],
    flattener: PageFlattener,
    folder: Path | str,
) -> None:
    """Write both frames as Parquet, one folder per document type, so many pages at a time.

    What was written before a page that cannot be read is taken away.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ConfigurationError(f"Parquet needs pyarrow. To install it, {install('parquet')}.")
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415 - lazily

    files, root = url_to_fs(str(folder))
    if files.exists(root) and files.ls(root, detail=False):
        raise ConfigurationError(
            f"{folder} is not empty. Choose a new folder for the Parquet files."
        )
    empty = flattener.frames([])._asdict()
    datasets = {name: ParquetDataset(files, f"{root}/{name}", empty[name]) for name in empty}
    try:
        for pages in _partitions(selected):
            for name, frame in flattener.frames(read_selected(store, pages))._asdict().items():
                datasets[name].add(frame)
        for name, dataset in datasets.items():
            dataset.finish(empty[name])
    except BaseException:
        for dataset in datasets.values():
            dataset.remove()
        raise


class ParquetDataset:
    """A folder of Parquet files, one folder per document type, which frames of one kind fill."""

    def __init__(self, files: Any, root: str, empty: pd.DataFrame) -> None:
        import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra

        self._files, self._root, self._parts = files, root, 0
        # Of categories that no page has, nothing says that they are texts.
        words = {
            name: pa.dictionary(pa.int32(), pa.string(), ordered=bool(empty[name].cat.ordered))
            for name in empty.select_dtypes("category")
        }
        words["document_type"] = pa.string()
        fields = pa.Schema.from_pandas(empty, preserve_index=False)
        self._schema = pa.schema([f.with_type(words.get(f.name, f.type)) for f in fields])

    def add(self, frame: pd.DataFrame) -> None:
        """Write a frame beside the others, a file for each type."""
        kinds = frame["document_type"].astype("string")
        for kind, part in frame.groupby(kinds, dropna=False, sort=False):
            folder = quote(kind, safe="") if isinstance(kind, str) else _NO_TYPE
            self._write(part.drop(columns="document_type"), f"{self._root}/document_type={folder}")
        self._parts += not frame.empty

    def finish(self, empty: pd.DataFrame) -> None:
        """Leave at least one file, which names the columns."""
        if not self._parts:
            self._write(empty.astype({"document_type": "string"}), self._root)

    def _write(self, frame: pd.DataFrame, folder: str) -> None:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        schema = pa.schema([self._schema.field(str(name)) for name in frame])
        self._files.makedirs(folder, exist_ok=True)
        with self._files.open(f"{folder}/part-{self._parts}.parquet", "wb") as file:
            parquet.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False), file)

    def remove(self) -> None:
        """Take away what was written."""
        with suppress(FileNotFoundError):
            self._files.rm(self._root, recursive=True)


def _partitions(selected: Sequence[SelectedPage]) -> list[list[PageKey]]:
    pages = [page.key for page in selected]
    starts = range(0, len(pages), PAGES_PER_PARTITION)
    return [pages[start : start + PAGES_PER_PARTITION] for start in starts]
