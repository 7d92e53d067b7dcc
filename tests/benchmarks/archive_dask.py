"""An archive to score counts: two workers of Dask against one process.

Run ``python -m tests.benchmarks.archive_dask [records]``; it makes the archive, then counts scores
by document type both ways.
"""
# ruff: noqa: T201

from __future__ import annotations

import json
import random
import sys
import tempfile

from distributed import Client, LocalCluster

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageEntry, PageStore, sha256_hex
from argyle_nb.archive.versions import read_page
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.scores import ScoreCounts, count_scores
from tests.benchmarks.measure import best_seconds, mark, report
from tests.support.archives import FREE_PORT, NOON
from tests.support.records import record

RECORDS = 200_000
PAGE_SIZE = 200
IDS = '"id": "01320596-2c3d-189c-53e7-{:012x}"'


def fill(folder: str, count: int) -> None:
    """Keep pages that differ in ids, types and scores."""
    store, dice = PageStore(folder), random.Random(1)  # noqa: S311 - nothing secret is drawn
    text = json.dumps(record(0))
    for number, start in enumerate(range(0, count, PAGE_SIZE)):
        records = [
            text.replace(IDS.format(0), IDS.format(upload))
            .replace('"paystubs"', f'"{dice.choice(DOCUMENT_TYPES)}"')
            .replace('_score": 85', f'_score": {dice.randint(0, 100)}')
            for upload in range(start, start + PAGE_SIZE)
        ]
        page = f'{{"next": null, "results": [{",".join(records)}]}}'.encode()
        entry = PageEntry(
            pull="benchmark",
            number=number,
            scope="nobody's",
            filters={},
            seen_at=NOON,
            sha256=sha256_hex(page),
            contents=read_page(page).contents,
        )
        store.keep(page, entry)
        if not number % 1000:
            print(f"  made {start:,} of {count:,}", flush=True)


def with_pandas(archive: Archive) -> ScoreCounts:
    return count_scores(archive.uploads(), by="document_type")


def with_dask(archive: Archive) -> ScoreCounts:
    return count_scores(archive.scan("dask").uploads, by="document_type")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, count)
        archive = Archive(folder)
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": FREE_PORT}
        with (
            LocalCluster(**options) as cluster,
            Client(cluster),
        ):
            with_dask(Archive(f"{folder}/new"))  # the workers have loaded their libraries
            seconds = best_seconds(
                {
                    "one process": lambda: with_pandas(archive),
                    "two workers": lambda: with_dask(archive),
                    "finding the newest versions": lambda: archive.scan("dask"),
                }
            )
            same = with_dask(archive).scores.equals(with_pandas(archive).scores)
    report(
        f"Archive of {count:,} uploads to score counts, by Dask",
        [
            {
                "what": name,
                "s": round(taken, 2),
                "x one process": round(seconds["one process"] / taken, 2),
                "the same counts": same,
            }
            for name, taken in seconds.items()
        ],
    )
    alone, workers = seconds["one process"], seconds["two workers"]
    figure = f"archive of {count:,} to counts, two Dask workers"
    mark(figure, f"{workers:.1f} s", f"one process {alone:.1f} s", alone / workers, ">= 1.8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
