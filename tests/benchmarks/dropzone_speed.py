"""Bytes a second from the browser to the kernel's disk, on loopback, by size of slice.

Run ``python -m tests.benchmarks.dropzone_speed [megabytes]``. The baseline of the same run is the
stock file control with nearly the most that it takes in one choice (9 MB). Chromium is driven by
hand, because Playwright's driver would copy every slice.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.widgets.upload import SLICE_BYTES, UNACKNOWLEDGED
from tests.benchmarks.measure import best_seconds, report
from tests.browser.devtools import BarePage, bare_notebook
from tests.browser.lab import CHROMIUM, jupyter_lab, write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000
STOCK_BYTES = 9 * MEGABYTE
PATIENCE_SECONDS = 120
SLICES = [(kib * 1024, UNACKNOWLEDGED) for kib in (128, 256, 512, 768, 1024, 4096)]
WINDOWS = [(SLICE_BYTES, 1), (SLICE_BYTES, 16)]
CELL = """
import ipywidgets
import argyle_nb as anb
panel = anb.UploadPanel(anb.connect(environment="local"), "panel.sqlite")
stock = ipywidgets.FileUpload(description="Choose")
ipywidgets.VBox([panel, stock])
"""
ZONE = "document.querySelector('.argyle-area button')"
ARRIVED = "print(sum(file.state == 'arrived' for file in panel.receiver.files))"
# The first is the one that the drop zone keeps hidden.
STOCK = "[...document.querySelectorAll('.widget-upload')].at(1)"


def through_the_zone(page: BarePage, path: Path, slice_bytes: int, window: int) -> None:
    """Copy a file with slices of this size, so many of them unacknowledged."""
    rules = f"dict(slice_bytes={slice_bytes}, unacknowledged={window})"
    page.run_in_kernel(f"panel.rules = panel.rules | {rules}")
    before = page.run_in_kernel(ARRIVED)
    page.choose(f"{ZONE}.click()", path)
    until_other(lambda: page.run_in_kernel(ARRIVED), before)


def through_the_stock_control(page: BarePage, path: Path) -> None:
    """Copy a file with the stock control, which takes it in one message."""
    page.run_in_kernel("stock.value = ()")
    page.choose(f"{STOCK}.click()", path)
    until_other(lambda: page.run_in_kernel("print(len(stock.value))"), "0\n")


def until_other(value: Callable[[], str], before: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while value() == before:
        assert time.monotonic() < deadline, "the file did not arrive"
        time.sleep(0.01)


def document(folder: Path, size: int) -> Path:
    path = folder / f"{size}.pdf"
    path.write_bytes(b"%PDF-1.7\n" + os.urandom(size - 9))
    return path


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "notebooks", Path(name) / "home"
        folder.mkdir()
        home.mkdir()
        write_notebook(folder / "speed.ipynb", CELL)
        large, small = document(folder, megabytes * MEGABYTE), document(folder, STOCK_BYTES)
        with jupyter_lab(folder, home) as lab, bare_notebook(lab, "speed.ipynb") as page:
            page.wait_for(f"!!{ZONE} && !!{STOCK}")
            contestants = {"stock control": lambda: through_the_stock_control(page, small)}
            for slice_bytes, window in SLICES + WINDOWS:
                contestants[f"{slice_bytes // 1024} KiB, {window} unacknowledged"] = (
                    lambda size=slice_bytes, most=window: through_the_zone(page, large, size, most)
                )
            seconds = best_seconds(contestants, rounds=2)
    sizes = dict.fromkeys(contestants, large.name) | {"stock control": small.name}
    speeds = {key: int(Path(sizes[key]).stem) / MEGABYTE / seconds[key] for key in contestants}
    report(
        "Drop zone speed",
        [
            {
                "contestant": key,
                "MB": int(Path(sizes[key]).stem) // MEGABYTE,
                "MB/s": round(speed, 1),
                "x stock": round(speed / speeds["stock control"], 2),
            }
            for key, speed in speeds.items()
        ],
    )


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("no chromium on this machine: install it (Debian: apt-get install chromium)")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
