"""The upload panel at size, in a real JupyterLab: how soon many files are in its list.

Run ``python -m tests.benchmarks.panel_speed [files ...]`` (100, 1,000 and 3,000 by default). So
many small documents are dropped at once, or, from 3,000 on, added from a folder of the kernel's
machine. Chromium is driven by hand, because Playwright's driver would copy every message. A freeze
is the longest task of the page, in milliseconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import report
from tests.browser.devtools import BarePage, bare_notebook
from tests.browser.lab import CHROMIUM, jupyter_lab, write_notebook
from tests.support.samples import SAMPLES

FROM_A_FOLDER = 3000
PATIENCE_SECONDS = 240
CELL = """
import argyle_nb as anb
client = anb.connect(environment="local")
panel = anb.UploadPanel(client, "panel.sqlite")
panel
"""
# A list that draws only what is in view says of each row how many there are.
ROWS = """(() => {
  const rows = document.querySelectorAll('.argyle-document');
  return Number(rows[0]?.getAttribute('aria-setsize') ?? rows.length);
})()"""
AREA = """(() => {
  const area = document.querySelector('.argyle-area');
  area?.scrollIntoView();
  return area?.getBoundingClientRect().toJSON();
})()"""
# A task longer than 50 ms is a long one; the page answers nobody meanwhile.
WATCH_FREEZES = """(() => {
  window.freezes = [];
  new PerformanceObserver(list => list.getEntries().forEach(e => window.freezes.push(e.duration)))
    .observe({ type: 'longtask' });
})()"""
LONGEST_FREEZE = "Math.max(0, ...window.freezes.splice(0))"
SCROLL = """(async () => {
  const last = [...document.querySelectorAll('.argyle-document')].at(-1);
  let box = last.parentElement;
  while (box && box.scrollHeight <= box.clientHeight + 1) box = box.parentElement;
  for (let at = 0; box && at <= 1; at += 0.05) {
    box.scrollTop = at * box.scrollHeight;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
})()"""
TYPE = "document.querySelector('.argyle-all input')"
SEND = "[...document.querySelectorAll('.argyle-primary')].at(-1)"
UNTIL_READY = """
import time
while any(file.state == "looking" for file in panel.queue.files): time.sleep(0.05)
"""
UNTIL_SENT = """
while not panel.queue.is_sending: time.sleep(0.01)
while panel.queue.is_sending: time.sleep(0.05)
"""
COUNTS = "import collections; print(dict(collections.Counter(f.state for f in panel.queue.files)))"


class Traffic:
    """Counts what comes to the page, as the browser reports it."""

    def __init__(self, page: BarePage) -> None:
        self._page = page
        page.call("Network.enable")
        self.take()

    def take(self) -> int:
        """Give the bytes since the last call."""
        self._page.evaluate("0")  # reads what has come meanwhile
        size = 0
        for event in self._page.take_events("Network.webSocketFrameReceived"):
            frame = event["response"]
            content = frame["payloadData"]
            # Binary messages are reported in base64.
            size += len(content) * 3 // 4 if frame["opcode"] == 2 else len(content)
        return size


def documents(folder: Path, count: int) -> list[Path]:
    """Write so many small documents, all different."""
    content = SAMPLES["paystub_rivera_2026-01-30.pdf"].read_bytes()
    folder.mkdir()
    paths = [folder / f"paystub_{number:04}.pdf" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(content + b"%% %d of %d\n" % (number, count))
    return paths


def drop(page: BarePage, paths: list[Path]) -> None:
    """Drop files on the panel, as the desktop does."""
    box = page.evaluate(AREA)
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.call("Input.dispatchDragEvent", type=kind, data=data, **middle)


def seconds_until(page: BarePage, expression: str) -> float | str:
    started = time.monotonic()
    with suppress(AssertionError):
        page.wait_for(expression, PATIENCE_SECONDS)
        return round(time.monotonic() - started, 1)
    return f"over {PATIENCE_SECONDS}"


def measure(page: BarePage, folder: Path, count: int) -> dict[str, Any]:
    """Bring so many files into an empty panel, type, scroll and send."""
    paths = documents(folder, count)
    page.evaluate(WATCH_FREEZES)
    traffic, started = Traffic(page), time.monotonic()
    if count < FROM_A_FOLDER:
        drop(page, paths)
    else:
        page.run_in_kernel(f"panel.add({str(folder)!r})")
    row: dict[str, Any] = {
        "files": count,
        "in the list (s)": seconds_until(page, f"{ROWS} >= {count}"),
    }
    page.run_in_kernel(UNTIL_READY)
    row["all ready (s)"] = round(time.monotonic() - started, 1)
    time.sleep(3)
    row["MB to the page"] = round(traffic.take() / 1e6, 2)
    row["nodes"] = page.evaluate("document.querySelectorAll('.argyle-panel *').length")
    row["freeze arriving"] = page.evaluate(LONGEST_FREEZE)
    page.evaluate(f"{TYPE}.focus()")
    for letter in "loan-speed":
        page.call("Input.insertText", text=letter)
        time.sleep(0.05)
    page.evaluate(f"{TYPE}.blur()")
    time.sleep(3)
    row["freeze typing"] = page.evaluate(LONGEST_FREEZE)
    page.evaluate(SCROLL)
    row["freeze scrolling"] = page.evaluate(LONGEST_FREEZE)
    traffic.take()
    started = time.monotonic()
    page.wait_for(f"!{SEND}.disabled", 60)
    page.evaluate(f"{SEND}.click()")
    page.run_in_kernel(UNTIL_SENT)
    row["sent (s)"] = round(time.monotonic() - started, 1)
    row["MB while sending"] = round(traffic.take() / 1e6, 2)
    row["freeze sending"] = page.evaluate(LONGEST_FREEZE)
    row["states"] = page.run_in_kernel(COUNTS).strip()
    return row


def main(counts: list[int]) -> None:
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            folder, home = Path(name) / "notebooks", Path(name) / "home"
            folder.mkdir()
            home.mkdir()
            write_notebook(folder / "speed.ipynb", CELL)
            with jupyter_lab(folder, home) as lab, bare_notebook(lab, "speed.ipynb") as page:
                page.wait_for("!!document.querySelector('.argyle-area')")
                page.wait_for(f"!!{TYPE}")
                time.sleep(2)
                rows.append(measure(page, folder / "files", count))
    report("Upload panel at size", rows)


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("no chromium on this machine: install it (Debian: apt-get install chromium)")
    main([int(text) for text in sys.argv[1:]] or [100, 1000, 3000])
