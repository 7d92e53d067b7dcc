"""A report on a million uploads beside bare `DataFrame.to_csv` of the same tables.

Run ``python -m tests.benchmarks.report_speed [uploads]`` from the project's folder.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report, read_report
from tests.benchmarks.frames_speed import make_pages
from tests.benchmarks.measure import best_seconds, in_fresh_process, mark, peak_growth, report

if TYPE_CHECKING:
    from argyle_nb.frames.uploads import Frames

UPLOADS = 1_000_000
PAGES = 50  # of 200 uploads, repeated under other ids
GOAL = 1.5


def make_frames(uploads: int) -> Frames:
    """Make the frames of many uploads, of which each has an id of its own."""
    frames = flatten(make_pages(min(uploads, PAGES * 200)))
    times = uploads // len(frames.uploads)
    ids = pd.Series(range(times * len(frames.uploads)), dtype="Int64").astype("string")
    made = pd.concat([frames.uploads] * times, ignore_index=True)
    made["id"] = "01320596-2c3d-189c-53e7-" + ids.str.zfill(12)
    made["file_name"] = "paystub " + ids + ".pdf"
    places = pd.Series(np.arange(len(frames.uploads)), index=frames.uploads["id"])
    of_one = frames.signals["upload_id"].map(places).to_numpy(dtype=np.int64)
    rows = np.concatenate([of_one + n * len(frames.uploads) for n in range(times)])
    signals = pd.concat([frames.signals] * times, ignore_index=True)
    signals["upload_id"] = made["id"].array.take(rows)
    made.attrs = dict(frames.uploads.attrs)
    return type(frames)(made, signals)


def bare(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write tables as anybody would."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def memory_of(frames: Frames) -> int:
    return int(sum(frame.memory_usage(deep=True).sum() for frame in frames))


def grown(uploads: int) -> tuple[int, int]:
    """Give the memory of the frames, and what a report takes beside them."""
    few = make_frames(1000)
    with tempfile.TemporaryDirectory() as folder:
        export_report(few.uploads, Path(folder) / "few", signals=few.signals)  # loads everything
        frames = make_frames(uploads)
        gc.collect()
        taken = peak_growth(
            lambda: export_report(frames.uploads, Path(folder) / "r", signals=frames.signals)
        )
    return memory_of(frames), taken


def main() -> None:
    uploads = int(sys.argv[1]) if len(sys.argv) > 1 else UPLOADS
    frames = make_frames(uploads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export_report(frames.uploads, folder / "report", signals=frames.signals)
        tables = read_report(folder / "report").frames
        contestants = {
            "to_csv of the same tables": lambda: bare(tables, folder / "bare"),
            "export_report, all of it": lambda: export_report(
                frames.uploads, folder / "report", signals=frames.signals
            ),
        }
        seconds = best_seconds(contestants, rounds=2)
    base = seconds["to_csv of the same tables"]
    report(
        "A report, time",
        [
            {
                "what": name,
                "uploads": uploads,
                "seconds": round(taken, 2),
                "x to_csv": round(taken / base, 2),
                "goal": f"<= {GOAL}" if taken != base else "",
            }
            for name, taken in seconds.items()
        ],
    )
    ours = seconds["export_report, all of it"]
    figure, bare_words = f"report of {uploads:,} uploads", f"to_csv of its tables {base:.1f} s"
    mark(figure, f"{ours:.1f} s", bare_words, ours / base, f"<= {GOAL}")
    held, taken = in_fresh_process(grown, uploads)
    report(
        "A report, memory",
        [
            {
                "uploads": uploads,
                "frames, MB": round(held / 1e6),
                "taken beside them, MB": round(taken / 1e6),
                "both, x the frames": round((held + taken) / held, 2),
                "goal": f"<= {GOAL}",
            }
        ],
    )


if __name__ == "__main__":
    main()
