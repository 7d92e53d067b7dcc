"""Bytes to frames: how fast, and how much memory, beside the ways an analyst would take.

Run ``python -m tests.benchmarks.frames_speed [records]`` from the project's folder.
"""
# ruff: noqa: T201

from __future__ import annotations

import gc
import io
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import orjson
import pandas as pd
import polars as pl

from argyle_nb.frames.records import COUNTED, READ, rows_of
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.models import UserUpload  # noqa: TC001 - the decoder reads the annotations
from tests.benchmarks.measure import best_seconds, in_fresh_process, peak_growth, report
from tests.support.records import analysis, record, unscored

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.frames.records import RecordReader

RECORDS = 200_000
PER_PAGE = 200
GROWTH = (10_000, 1_000_000)

OCR_DATA = {
    "status": "COMPLETED",
    "employer": {
        "name": "SAMPLE WORKS",
        "address": {"line1": "PO BOX 75", "line2": None, "city": "LEXINGTON", "state_code": "SC"},
    },
    "employee": {
        "name": "ADA SAMPLE",
        "address": {"line1": "1 MAIN ST", "line2": None, "city": "LEXINGTON", "state_code": "SC"},
        "taxpayer_id": {"id_type": "SSN", "last_4_digits": "5555"},
    },
    "paystub_details": {
        "pay_period_start_date": "2026-04-19",
        "pay_period_end_date": "2026-05-02",
        "pay_date": "2026-05-07",
        "pay_frequency": "BI_WEEKLY",
    },
    "earnings": {
        "subtotals": [
            {
                "description": name,
                "current_pay": {"amount": "2576.92", "currency": "USD"},
                "ytd_pay": {"amount": "7730.76", "currency": "USD"},
                "current_hours": "80.00",
            }
            for name in ("REGULAR", "OVERTIME", "BONUS")
        ]
    },
    "deductions": {
        "subtotals": [
            {
                "description": name,
                "current_pay": {"amount": "305.87", "currency": "USD"},
                "ytd_pay": {"amount": "2397.83", "currency": "USD"},
            }
            for name in ("FED INCOME TAX", "SOCIAL SECURITY", "MEDICARE")
        ]
    },
}


class UploadPage(msgspec.Struct):
    results: list[UserUpload]


class Nothing(msgspec.Struct):
    """Reads no field: what remains is the scan of the bytes."""


def make_pages(records: int) -> list[bytes]:
    """Make pages of 200; 60 % of the records have OCR and an analysis."""
    chance = random.Random(20260101)  # noqa: S311 - nothing secret
    return [
        json.dumps(
            {
                "next": None,
                "previous": None,
                "results": [_record(chance, start + n) for n in range(PER_PAGE)],
            },
            separators=(",", ":"),
        ).encode()
        for start in range(0, records, PER_PAGE)
    ]


def _record(chance: random.Random, number: int) -> dict[str, object]:
    created = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T13:43:49.864Z"
    if chance.random() >= 0.6:
        return unscored(number, "completed", "idle", "idle", created_at=created)
    found = {
        "employment": None,
        "ocr_data": OCR_DATA,
        "ocr_authenticity": analysis(),
        "ocr_authenticity_score": chance.randint(0, 100),
    }
    return record(number, metadata=found, created_at=created)


def with_json_normalize(pages: list[bytes]) -> pd.DataFrame:
    return pd.json_normalize([r for page in pages for r in json.loads(page)["results"]])


def decode_only(pages: list[bytes]) -> list[UploadPage]:
    decoder = msgspec.json.Decoder(UploadPage)
    return [decoder.decode(page) for page in pages]


def scan_only(pages: list[bytes]) -> list[Nothing]:
    decoder = msgspec.json.Decoder(Nothing)
    return [decoder.decode(page) for page in pages]


def read_only(reader: RecordReader[Any], pages: list[bytes]) -> None:
    for batch in reader.batches(pages):
        rows_of(batch)


def with_orjson(pages: list[bytes]) -> pd.DataFrame:
    rows = []
    for page in pages:
        for item in orjson.loads(page)["results"]:
            metadata = item["metadata"] or {}
            row = {key: item[key] for key in ("id", "account", "document_type", "file_name")}
            row |= item["processing"]
            row["ocr_authenticity_score"] = metadata.get("ocr_authenticity_score")
            row["created_at"] = item["created_at"]
            rows.append(row)
    frame = pd.DataFrame(rows)
    frame["created_at"] = pd.to_datetime(frame["created_at"], format="ISO8601", utc=True)
    return frame


def with_polars(pages: list[bytes]) -> object:
    """Give polars each page's list of records; it infers every field, and two are kept."""
    lists = [io.BytesIO(page[page.index(b"[") : page.rindex(b"]") + 1]) for page in pages]
    return pl.concat([pl.read_json(some).select("id", "created_at") for some in lists])


def with_duckdb(pages: list[bytes]) -> pd.DataFrame:
    """Give DuckDB the pages as files, as it reads nothing else; the writing is counted too."""
    with tempfile.TemporaryDirectory() as folder:
        for number, page in enumerate(pages):
            (Path(folder) / f"{number}.json").write_bytes(page)
        query = f"""
            select r.id, r.account, r.document_type, r.file_name, r.processing,
                r.metadata.ocr_authenticity_score, r.created_at
            from (select unnest(results) as r from read_json('{folder}/*.json',
                maximum_object_size = 100000000))
        """  # noqa: S608 - the folder is our own
        return duckdb.sql(query).df()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    pages = make_pages(count)
    size = sum(map(len, pages))
    print(f"{count} records, {size / count / 1000:.2f} kB each, {size / 1e6:.0f} MB")
    _speed(pages, count)
    _memory(count, size)
    _growth()


def _speed(pages: list[bytes], count: int) -> None:
    contestants = {
        "json.loads + json_normalize": lambda: with_json_normalize(pages),
        "msgspec, decode only": lambda: decode_only(pages),
        "msgspec, scan only": lambda: scan_only(pages),
        "decode what uploads_frame reads": lambda: read_only(COUNTED, pages),
        "decode what flatten reads": lambda: read_only(READ, pages),
        "uploads_frame": lambda: uploads_frame(pages),
        "flatten (uploads and signals)": lambda: flatten(pages),
        "orjson + rows": lambda: with_orjson(pages),
        "polars read_json": lambda: with_polars(pages),
        "DuckDB read_json": lambda: with_duckdb(pages),
    }
    seconds = best_seconds(contestants)
    base, decoder = seconds["json.loads + json_normalize"], seconds["msgspec, decode only"]
    report(
        "Bytes to frames, speed",
        [
            {
                "what": name,
                "rows/s": round(count / taken),
                "x json_normalize": round(base / taken, 1),
                "share of the decoder's speed": f"{decoder / taken:.0%}",
            }
            for name, taken in seconds.items()
        ],
    )


def _memory(count: int, size: int) -> None:
    rows = []
    for run in (with_json_normalize, uploads_frame, flatten):
        grown = in_fresh_process(_measured, run, count)
        rows.append(
            {"what": run.__name__, "MB": round(grown / 1e6), "x the JSON": round(grown / size, 2)}
        )
    report("Bytes to frames, peak memory above the input", rows)


def _measured(run: Callable[[list[bytes]], object], count: int) -> int:
    run(make_pages(PER_PAGE))  # what is loaded at the first use is not counted
    pages = make_pages(count)
    gc.collect()
    return peak_growth(lambda: run(pages))


def _growth() -> None:
    few, many = GROWTH
    page = make_pages(few)
    more = page * (many // few)
    seconds = best_seconds(
        {"few": lambda: uploads_frame(page), "many": lambda: uploads_frame(more)}, rounds=3
    )
    per_row = {"few": seconds["few"] / few, "many": seconds["many"] / many}
    report(
        "Bytes to frames, cost per row",
        [
            {"rows": few, "us a row": round(per_row["few"] * 1e6, 2), "ratio": 1},
            {
                "rows": many,
                "us a row": round(per_row["many"] * 1e6, 2),
                "ratio": round(per_row["many"] / per_row["few"], 3),
            },
        ],
    )


if __name__ == "__main__":
    main()
