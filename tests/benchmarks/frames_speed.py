"""Bytes to frames: how fast, and how much memory, beside the ways an analyst would take.

Run ``python -m tests.benchmarks.frames_speed [records]`` from the project's folder.
"""
# ruff: noqa: T201

from __future__ import annotations

import gc
import importlib
import io
import json
import multiprocessing
import random
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pandas as pd

from argyle_nb.frames import flatten, uploads_frame
from argyle_nb.models import UploadPage
from tests.benchmarks.measure import best_seconds, report
from tests.records import analysis, record, unscored

if TYPE_CHECKING:
    from collections.abc import Callable

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


def with_orjson(pages: list[bytes]) -> pd.DataFrame:
    orjson = importlib.import_module("orjson")
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
    polars = importlib.import_module("polars")
    lines = b"\n".join(page[page.index(b"[") : page.rindex(b"]") + 1] for page in pages)
    return polars.concat(
        [
            polars.read_json(io.BytesIO(line)).select("id", "created_at")
            for line in lines.split(b"\n")
        ]
    )


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
        "uploads_frame": lambda: uploads_frame(pages),
        "flatten (uploads and signals)": lambda: flatten(pages),
    }
    optional = {"orjson": with_orjson, "polars": with_polars}
    for name, run in optional.items():
        if importlib.util.find_spec(name):
            contestants[f"{name} + rows" if name == "orjson" else name] = lambda run=run: run(pages)
        else:
            print(f"{name} is not installed: its line is left out")
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
        grown = _peak_growth(run, count)
        rows.append(
            {"what": run.__name__, "MB": round(grown / 1e6), "x the JSON": round(grown / size, 2)}
        )
    report("Bytes to frames, peak memory above the input", rows)


def _peak_growth(run: Callable[[list[bytes]], object], count: int) -> int:
    """Measure in a fresh process: one that ran before would take the memory it freed."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, run, count).result()


def _measured(run: Callable[[list[bytes]], object], count: int) -> int:
    uploads_frame(make_pages(PER_PAGE))  # what is loaded at the first use is not counted
    pages = make_pages(count)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = run(pages)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    del kept
    return (after - before) * 1024


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
