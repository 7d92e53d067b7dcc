"""An archive to score counts: two workers of Dask against one process.

Run ``python tests/benchmarks/archive_dask.py [records]``; it makes the archive, counts scores by
document type both ways, checks that the counts are the same, and prints the ratio.
"""
# ruff: noqa: T201

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import dask
from distributed import Client, LocalCluster

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import Entry, PageStore, sha256_of
from argyle_nb.archive.versions import contents_of
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.scores import count_scores
from tests.archives import NOON
from tests.records import record

RECORDS = 1_000_000
PAGE_SIZE = 200
IDS = '"id": "01320596-2c3d-189c-53e7-{:012x}"'


def fill(folder, count):
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
        entry = Entry(
            pull="benchmark",
            number=number,
            scope="nobody's",
            filters={},
            seen_at=NOON,
            sha256=sha256_of(page),
            contents=contents_of(page),
        )
        store.keep(page, entry)
        if not number % 1000:
            print(f"  made {start:,} of {count:,}", flush=True)


def with_pandas(archive):
    return count_scores(archive.uploads(), by="document_type")


def with_dask(archive):
    """Count on each worker; counts add."""
    parts = archive.scan("dask").uploads.to_delayed()
    counted = dask.compute(*[dask.delayed(count_scores)(part, "document_type") for part in parts])
    return sum(part.scores for part in counted)


def timed(action, archive):
    started = time.perf_counter()
    result = action(archive)
    return time.perf_counter() - started, result


def main(count):
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, count)
        archive = Archive(folder)
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster),
        ):
            with_dask(Archive(f"{folder}/new"))  # the workers have loaded their libraries
            dask_seconds, scores = timed(with_dask, archive)
        pandas_seconds, counts = timed(with_pandas, archive)
        planning, _ = timed(lambda _: archive.scan("dask"), archive)
    same = scores.fillna(0).astype("int64").equals(counts.scores)
    print(f"{count:,} uploads to counts by document type; the same counts: {same}")
    print(f"  one process: {pandas_seconds:6.1f} s")
    print(f"  two workers: {dask_seconds:6.1f} s, {dask_seconds / pandas_seconds:.2f} x")
    print(f"  of which finding the newest versions, here: {planning:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
