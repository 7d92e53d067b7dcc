"""The sample documents by name: each borrower's lie in a folder of their own."""

from __future__ import annotations

from pathlib import Path

DOCUMENTS = Path(__file__).parents[2] / "data" / "documents"
SAMPLES = {path.name: path for path in sorted(DOCUMENTS.rglob("*.*"))}


def samples(pattern: str) -> list[Path]:
    """Give the samples whose names match a pattern, in order of their names."""
    return sorted((p for p in SAMPLES.values() if p.match(pattern)), key=lambda p: p.name)
