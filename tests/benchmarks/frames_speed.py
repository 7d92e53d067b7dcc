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

from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES
from argyle_nb.frames.records import COUNTED, READ, rows_of
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.models import UserUpload  # noqa: TC001 - the decoder reads the annotations
from tests.benchmarks.measure import best_seconds, in_fresh_process, mark, peak_growth, report
from tests.support.records import analysis, form, record, supporting, unscored

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.frames.records import RecordReader

RECORDS = 200_000
PER_PAGE = 200
GROWTH = (10_000, 1_000_000)
# What is aimed at: times the speed of json_normalize, and share of the bare decoder's.
SPEED_GOALS = {"uploads_frame": (25, 0.55), "flatten (uploads and signals)": (12, 0.3)}
MEMORY_GOALS = {"uploads_frame": 0.23, "flatten": 0.47}

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

SIGNALS = ("Dollar Amount Edits", "Date Edits", "Name Edits", "Font Edits", "Address Edits")
FIELDS = ("net_pay", "gross_pay", "pay_date", "employee_name", "ytd_gross")
REASONS = (
    ("006-L", "LOW", "fields misaligned"),
    ("110-H", "HIGH", "text was edited"),
    ("205-M", "MEDIUM", "fonts differ"),
)


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
    created = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T13:43"
    said = {
        "account": f"{chance.randrange(1000):08x}-43b6-8b5d-b32a-56b8fbda5c28",
        "document_type": chance.choices(("paystubs", "W-2", "1099"), (8, 1, 1))[0],
        "file_name": f"paystub_{number}.pdf",
        "created_at": f"{created}:{chance.randrange(30, 45)}.{chance.randrange(1000):03}Z",
        "updated_at": f"{created}:{chance.randrange(45, 60)}.{chance.randrange(1000):03}Z",
    }
    if chance.random() >= 0.6:
        return unscored(number, "completed", "idle", "idle", **said)
    found = {
        "employment": None,
        "ocr_data": OCR_DATA,
        "ocr_authenticity": _analysis(chance),
        "ocr_authenticity_score": chance.randint(0, 100),
    }
    return record(number, metadata=found, **said)


def _analysis(chance: random.Random) -> dict[str, object]:
    """Make an analysis of no to two signals and reason codes, on the average one of each."""
    names = chance.sample(SIGNALS, chance.choice((0, 1, 1, 2)))
    codes = chance.sample(REASONS, chance.choice((0, 1, 1, 2)))
    verdict = {
        "version": "1.0",
        "score": chance.randint(0, 100),
        "reason_codes": [
            {"code": code, "confidence": confidence, "description": description}
            for code, confidence, description in codes
        ],
        "authenticity_status": chance.choice(AUTHENTICITY_STATUSES),
    }
    made = form(signals=[_signal(chance, name) for name in names], form_authenticity=verdict)
    return analysis() | {"form_analysis": [made], "is_image_based_pdf": chance.random() < 0.2}


def _signal(chance: random.Random, name: str) -> dict[str, object]:
    amounts = [f"{chance.randrange(100_000) / 100:,.2f}" for _ in range(chance.randint(1, 3))]
    # Of five, one tells of something else than of a text that was changed.
    others = {"key": "edit_source", "value": "Editor 2.1", "data_type": "str"}
    data = [supporting(chance.choice(FIELDS), amount, "1" + amount) for amount in amounts]
    if chance.random() < 0.2:
        data = [{"values": [others]}]
    return {
        "identifier": name.lower().replace(" ", "_"),
        "display_name": name,
        "signal_count": len(data),
        "page_number": chance.randint(1, 3),
        "supporting_data": data,
    }


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
    for name, (times, share) in SPEED_GOALS.items():
        ours = f"{count / seconds[name]:,.0f} rows/s"
        normalized = f"json_normalize {count / base:,.0f} rows/s"
        decoded = f"bare decoder {count / decoder:,.0f} rows/s"
        mark(name, ours, normalized, base / seconds[name], f">= {times}")
        mark(f"{name}, beside the decoder", ours, decoded, decoder / seconds[name], f">= {share}")


def _memory(count: int, size: int) -> None:
    rows = []
    for run in (with_json_normalize, uploads_frame, flatten):
        name, grown = run.__name__, in_fresh_process(_measured, run, count)
        rows.append({"what": name, "MB": round(grown / 1e6), "x the JSON": round(grown / size, 2)})
        if name in MEMORY_GOALS:
            held, goal = f"{grown / 1e6:,.0f} MB", f"<= {MEMORY_GOALS[name]}"
            mark(f"{name}, memory", held, f"the JSON {size / 1e6:,.0f} MB", grown / size, goal)
    report("Bytes to frames, peak memory above the input", rows)


def _measured(run: Callable[[list[bytes]], object], count: int) -> int:
    run(make_pages(PER_PAGE))  # what is loaded at the first use is not counted
    pages = make_pages(count)
    gc.collect()
    return peak_growth(lambda: run(pages))


def _growth() -> None:
    """Give the cost per row of many rows in one frame, beside as many in frames of a few.

    The few are flattened again and again in one go: their best single run would find a moment of
    the machine that many rows are too long for.
    """
    few, many = GROWTH
    pages = make_pages(few)
    more = pages * (many // few)
    seconds = best_seconds(
        {"few": lambda: _again(pages, many // few), "many": lambda: uploads_frame(more)}, rounds=3
    )
    ratio = seconds["many"] / seconds["few"]
    costs = {name: f"{taken / many * 1e6:.2f} us a row" for name, taken in seconds.items()}
    report(
        "Bytes to frames, cost per row",
        [
            {"rows": f"{few}, {many // few} times", "cost": costs["few"], "ratio": 1},
            {"rows": many, "cost": costs["many"], "ratio": round(ratio, 3)},
        ],
    )
    mark(f"cost per row of {many:,} rows", costs["many"], costs["few"], ratio, "<= 1.15")


def _again(pages: list[bytes], times: int) -> None:
    for _ in range(times):
        uploads_frame(pages)


if __name__ == "__main__":
    main()
