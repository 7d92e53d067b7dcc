"""What a report says about itself: how it was made, of what, and what was left out."""

from __future__ import annotations

import getpass
import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from argyle_nb.report.privacy import OCR, SIGNALS, UPLOADS
from argyle_nb.scores.filters import TIMES, utc_time
from argyle_nb.storage import described

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from argyle_nb.config import Settings
    from argyle_nb.levels import LevelPreset
    from argyle_nb.report.privacy import Privacy
    from argyle_nb.report.tables import ReportContent, ReportInput
    from argyle_nb.scores.filters import Filters

FORMAT = 2
SOFTWARE = ("argyle-nb", "pandas", "numpy", "matplotlib", "jinja2")
PERSONAL = {
    "masked": "Names, addresses, text and numbers are masked (***). Numbers with 8 or more digits "
    "keep their last 4.",
    "hashed": "Names, addresses, text and numbers are replaced by keyed hashes. Equal values have "
    "equal hashes, so you can join tables without seeing the data.",
    "include": 'This report contains unmasked personal data (exported with pii="include"). Its '
    "folder and files are private to their owner (on Windows, as private as the folder above).",
}
LEFT_OUT = "Download links (file_url) are never included in a report."
_BLOCK = 1 << 20


def report_facts(
    rows: ReportInput,
    content: ReportContent,
    *,
    title: str,
    filters: Mapping[str, Any],
    privacy: Privacy,
    settings: Settings | None,
    sources: list[str],
    prepared_by: str | None,
) -> dict[str, Any]:
    """Say how a report was made, but for the list of its files."""
    times = rows.uploads["created_at"].dropna()
    first, last = (_iso(times.min()), _iso(times.max())) if len(times) else (None, None)
    return {
        "format": FORMAT,
        "title": title,
        "made_at": _iso(datetime.now(UTC)),
        "prepared_by": prepared_by or _login(),
        "environment": settings.environment if settings else None,
        "base_url": settings.base_url if settings else None,
        "sources": sources,
        "filters": described_filters(filters, privacy),
        "created_at": {"first": first, "last": last},
        "levels": preset_facts(content.preset),
        "personal_data": {"mode": privacy.mode, "means": PERSONAL[privacy.mode]},
        "left_out": {"columns": _left_out(rows, privacy), "rows": rows.left_out, "why": LEFT_OUT},
        "reconciliation": content.reconciliation,
        "software": {name: version(name) for name in SOFTWARE}
        | {"python": platform.python_version()},
    }


def described_filters(filters: Filters, privacy: Privacy) -> dict[str, Any]:
    """Give the filters as they may leave; a column that no file has is personal.

    Times are in UTC, as they were understood.
    """
    return {
        privacy.text("label", name): _described_times(wanted)
        if name in TIMES
        else _described(UPLOADS.get(name, "text"), wanted, privacy)
        for name, wanted in filters.items()
    }


def _described_times(wanted: Any) -> list[str | None]:
    limits = (utc_time(limit) for limit in wanted)
    return [None if at is None else at.isoformat().replace("+00:00", "Z") for at in limits]


def _described(kind: str, wanted: Any, privacy: Privacy) -> Any:
    if isinstance(wanted, list):
        return [_described(kind, item, privacy) for item in wanted]
    return privacy.text(kind, wanted) if isinstance(wanted, str) else wanted


def _left_out(rows: ReportInput, privacy: Privacy) -> list[str]:
    """Name the columns of the frames that no file has."""
    frames = ((rows.uploads, UPLOADS), (rows.signals, SIGNALS), (rows.ocr, OCR))
    return [
        privacy.text("label", str(name))
        for frame, allowed in frames
        if frame is not None
        for name in frame
        if name not in allowed
    ]


def preset_facts(preset: LevelPreset) -> dict[str, Any]:
    """Say which level preset it was, so that it can be used again."""
    bands = [list(band) for band in preset.bands]
    return {"name": preset.name, "bands": bands, "source": preset.source}


def file_facts(path: Path, table: pd.DataFrame | None = None) -> dict[str, Any]:
    """Say what a file is: its size, its SHA-256, and the columns of a table."""
    facts: dict[str, Any] = {
        "name": path.name,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }
    if table is not None:
        facts |= {"rows": len(table), "columns": [described(table[name]) for name in table]}
    return facts


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process whose user has no name
        return None
