"""All benchmarks, or those named, and at the end one table of what was aimed at.

Run ``python -m tests.benchmarks [part ...]``; each part can be run alone as
``python -m tests.benchmarks.<part>`` as well. While other work keeps the machine busy its figures
say nothing: then the table is called no result.
"""
# ruff: noqa: T201

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.measure import FOLDER, MARKS, Mark

PARTS = (
    "frames_speed",
    "archive_pull",
    "archive_read",
    "archive_dask",
    "batch_speed",
    "scores_speed",
    "report_speed",
    "everyday_speed",
    "sandbox_scale",
    "explorer_speed",
    "dropzone_speed",
)
# Of all cores, how much may be at work before a part begins.
MOST_BUSY = 0.15
HEADINGS = ("figure", "measured", "baseline, same run", "ratio", "goal", "met")


def main(parts: list[str]) -> None:
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}")
    MARKS.unlink(missing_ok=True)
    busy, failed, started = [], [], time.monotonic()
    for part in parts or PARTS:
        share = busy_share()
        print(f"\n{part}: {share:.0%} of the machine is at work on something else", flush=True)
        busy += [part] if share > MOST_BUSY else []
        command = [sys.executable, "-m", f"tests.benchmarks.{part}"]
        failed += [part] if subprocess.run(command, check=False).returncode else []
    text = table_of(marks(), busy, failed, time.monotonic() - started)
    print("\n" + text)
    (FOLDER / "marks.md").write_text(text, encoding="utf-8")
    sys.exit(1 if failed else 0)


def busy_share(seconds: float = 2.0) -> float:
    """Tell what share of all cores is at work, by the kernel's own count (Linux)."""
    before = times()
    time.sleep(seconds)
    spent = [after - earlier for after, earlier in zip(times(), before, strict=True)]
    return 1 - (spent[3] + spent[4]) / max(sum(spent), 1)


def times() -> list[int]:
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    return [int(number) for number in first.split()[1:9]]


def marks() -> list[Mark]:
    if not MARKS.exists():
        return []
    return [Mark(**json.loads(line)) for line in MARKS.read_text(encoding="utf-8").splitlines()]


def table_of(made: list[Mark], busy: list[str], failed: list[str], seconds: float) -> str:
    rows = [(*one[:3], f"{one.ratio:g}", one.goal, "yes" if one.is_met else "no") for one in made]
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    said = [f"{sum(one.is_met for one in made)} of {len(made)} met in {seconds / 60:.1f} minutes."]
    said += [f"**No result**: other work kept the machine busy before {name}." for name in busy]
    said += [f"**Failed**: {name}." for name in failed]
    return f"{machine()}\n\n{table}\n\n" + "\n".join(said) + "\n"


def machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "msgspec"))
    return (
        f"{os.cpu_count()} cores ({models[0] if models else platform.machine()}), "
        f"Python {platform.python_version()}, {packages}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
