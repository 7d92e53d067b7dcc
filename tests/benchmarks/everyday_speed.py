"""What an analyst waits for each day: import, connect, a first panel, the demo, the notebooks.

Run ``python -m tests.benchmarks.everyday_speed`` from the project's folder. Everything starts in a
process and a home of its own; the baseline is a bare Python or a bare kernel in the same run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jupyter_client import KernelManager
from nbclient import NotebookClient

from argyle_nb.report import export_report
from argyle_nb.samples import copy_samples
from tests.benchmarks.measure import mark
from tests.benchmarks.report_speed import make_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 5
REPORTED = 100_000
CONNECT = """
import time
import argyle_nb as anb
started = time.perf_counter()
client = anb.connect(environment="local")
print(time.perf_counter() - started)
client.close()
"""
PANEL = """
import argyle_nb as anb
client = anb.connect(environment="local")
panel = anb.UploadPanel(client)
panel
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"] = name
        os.environ["IPYTHONDIR"] = str(folder / "ipython")
        os.chdir(folder)
        copy_samples(folder)
        bare = _imports()
        _connect(bare)
        _panel(folder)
        _demo(bare)
        _report(folder)
        _notebooks(folder, bare)


def seconds_of(*words: str) -> float:
    """Run Python with these words, and tell how long it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return time.perf_counter() - started


def _told(figure: str, seconds: float, baseline: str, goal: float) -> None:
    """Keep a figure whose goal is in seconds."""
    mark(figure, f"{seconds:.3g} s", baseline, seconds, f"<= {goal:g}")


def _imports() -> float:
    pairs = [(seconds_of("-c", "pass"), seconds_of("-c", "import argyle_nb")) for _ in range(20)]
    bare = min(one for one, _ in pairs)
    _told(
        "import argyle_nb, above bare Python",
        min(one for _, one in pairs) - bare,
        f"bare Python {bare:.3f} s",
        0.035,
    )
    return bare


def _connect(bare: float) -> None:
    taken = []
    for _ in range(ROUNDS):
        command = [sys.executable, "-c", CONNECT]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        taken.append(float(done.stdout.split()[-1]))
    _told("connect() to the sandbox", statistics.median(taken), f"bare Python {bare:.3f} s", 1.0)


def _panel(folder: Path) -> None:
    times = [_cells(folder, ["pass", PANEL]) for _ in range(ROUNDS)]
    bare, panel = (statistics.median(column) for column in zip(*times, strict=True))
    _told("first panel's cell in a fresh kernel", panel, f"an empty cell {bare:.3f} s", 1.2)


def _cells(folder: Path, cells: Sequence[str]) -> list[float]:
    """Run cells in a fresh kernel, and tell how long each took."""
    kernel = KernelManager()
    kernel.start_kernel(cwd=str(folder / "notebooks"))
    client = kernel.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        taken = []
        for cell in cells:
            started = time.perf_counter()
            reply = client.execute_interactive(cell, timeout=120, output_hook=lambda _: None)
            taken.append(time.perf_counter() - started)
            assert reply["content"]["status"] == "ok", reply["content"]
        return taken
    finally:
        client.stop_channels()
        kernel.shutdown_kernel()


def _demo(bare: float) -> None:
    times = [seconds_of("-m", "argyle_nb", "demo") for _ in range(3)]
    _told("demo, warm", statistics.median(times[1:]), f"bare Python {bare:.3f} s", 4.0)


def _report(folder: Path) -> None:
    frames = make_frames(REPORTED)
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        export_report(frames.uploads, folder / "report", signals=frames.signals)
        taken.append(time.perf_counter() - started)
    rows = sum(map(len, frames))
    figure = f"report of {REPORTED:,} uploads"
    _told(figure, statistics.median(taken), f"{rows:,} rows in its tables", 5.0)


def _notebooks(folder: Path, bare: float) -> None:
    goals = {"03_authenticity_scores": 12.0, "04_threshold_and_review": 15.0}
    for name, goal in goals.items():
        notebook = nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
        place = {"metadata": {"path": str(folder / "notebooks")}}
        started = time.perf_counter()
        NotebookClient(notebook, timeout=600, resources=place).execute()
        taken = time.perf_counter() - started
        _told(f"{name}, whole", taken, f"bare Python {bare:.3f} s", goal)
    second = nbformat.read(folder / "notebooks" / "02_retrieve.ipynb", as_version=4)
    cell = next(cell.source for cell in second.cells if cell.cell_type == "code")
    times = [_cells(folder, ["pass", cell]) for _ in range(3)]
    empty, first = (statistics.median(column) for column in zip(*times, strict=True))
    _told("02_retrieve, first cell", first, f"an empty cell {empty:.3f} s", 4.0)


if __name__ == "__main__":
    main()
