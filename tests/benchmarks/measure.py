"""Measuring: the contestants in turn, again and again, and the best run of each."""
# ruff: noqa: T201

from __future__ import annotations

import json
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

R = TypeVar("R")

FOLDER = Path(__file__).parents[2] / "bench-results"
MARKS = FOLDER / "marks.jsonl"


class Mark(NamedTuple):
    """A figure beside the baseline of the same run; ``goal`` is ``>=`` or ``<=`` and a number."""

    figure: str
    measured: str
    baseline: str
    ratio: float
    goal: str

    @property
    def is_met(self) -> bool:
        """Whether the ratio is what was aimed at."""
        sign, number = self.goal.split()
        return self.ratio >= float(number) if sign == ">=" else self.ratio <= float(number)


def mark(figure: str, measured: str, baseline: str, ratio: float, goal: str) -> None:
    """Keep a figure for the table at the end of ``make bench``, and print it."""
    made = Mark(figure, measured, baseline, ratio, goal)
    print(f"\n  {figure}: {made.ratio:g} (goal {goal}: {'met' if made.is_met else 'not met'})")
    FOLDER.mkdir(exist_ok=True)
    with MARKS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(made._asdict()) + "\n")


def best_seconds(contestants: Mapping[str, Callable[[], Any]], rounds: int = 3) -> dict[str, float]:
    """Run all contestants in turn, so that a slow moment of the machine hits them alike."""
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def in_fresh_process(run: Callable[..., R], *arguments: Any) -> R:
    """Run where nothing ran before: memory that was freed there would be taken again unseen."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run, *arguments).result()


def peak_growth(run: Callable[[], Any]) -> int:
    """Give the bytes by which this process's memory grew at most while something ran (Linux)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts from here
    before = _peak_bytes()
    kept = run()
    after = _peak_bytes()
    del kept
    return after - before


def _peak_bytes() -> int:
    # The peak of getrusage() is no use: a process starts with that of the one that forked it.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status tells no VmHWM: this benchmark needs Linux")


def report(title: str, rows: list[dict[str, Any]]) -> None:
    """Print one table and keep it as JSON."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    print(f"\n{title}")
    for line in [columns, *cells]:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)))
    FOLDER.mkdir(exist_ok=True)
    name = "".join(c if c.isalnum() else "_" for c in title.lower())
    (FOLDER / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
