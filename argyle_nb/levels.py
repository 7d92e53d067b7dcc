"""Authenticity levels: the bands into which a score of 0 to 100 is read.

Four tables are in print and they disagree, so a level never travels without its preset's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from argyle_nb.errors import ConfigurationError

LOWEST_SCORE, HIGHEST_SCORE = 0, 100


@dataclass(frozen=True)
class LevelPreset:
    """Named bands of scores."""

    name: str
    # (lowest score, level), rising from 0.
    bands: tuple[tuple[int, str], ...]
    source: str

    @property
    def levels(self) -> list[str]:
        """The levels' names, lowest first."""
        return [level for _, level in self.bands]

    def level_of(self, score: int) -> str:
        """Name the level of one score."""
        if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
            raise ValueError(f"score must be 0 to 100, not {score}.")
        return next(level for lowest, level in reversed(self.bands) if score >= lowest)

    def ranges(self) -> list[tuple[int, int, str]]:
        """List (lowest score, highest score, level), lowest level first."""
        ends = [lowest - 1 for lowest, _ in self.bands[1:]] + [HIGHEST_SCORE]
        return [(lowest, end, level) for (lowest, level), end in zip(self.bands, ends, strict=True)]


Levels: TypeAlias = str | LevelPreset | Mapping[str, int]

PRESETS = {
    preset.name: preset
    for preset in (
        LevelPreset(
            "argyle",
            ((0, "very low"), (30, "low"), (50, "medium"), (80, "high")),
            "Argyle documentation, Ocrolus integration, authenticity scores; "
            "the thresholds at 50 and 80 are inferred from Ocrolus' first table",
        ),
        LevelPreset(
            "ocrolus-2",
            ((0, "very low"), (31, "low"), (61, "medium"), (81, "high")),
            "Ocrolus documentation, authenticity score, second version",
        ),
        LevelPreset(
            "ocrolus-current",
            ((0, "low"), (56, "medium"), (81, "high")),
            "Ocrolus documentation, authenticity score and authenticity status",
        ),
    )
}


OWN_THRESHOLDS = "{'low': 0, 'high': 80}"


def level_preset(levels: Levels) -> LevelPreset:
    """Find a preset by name, or make one of your own thresholds: level -> lowest score, from 0."""
    if isinstance(levels, LevelPreset):
        return levels
    if isinstance(levels, Mapping):
        return _own_preset(levels)
    if str(levels) not in PRESETS:
        raise ConfigurationError(
            f"Unknown level preset {levels!r}. Use one of {', '.join(PRESETS)}, or "
            f"thresholds of your own such as {OWN_THRESHOLDS}."
        )
    return PRESETS[levels]


def _own_preset(thresholds: Mapping[str, int]) -> LevelPreset:
    lowest = list(thresholds.values())
    whole = all(isinstance(cut, int) and not isinstance(cut, bool) for cut in lowest)
    rising = whole and all(low < high for low, high in pairwise(lowest))
    if not rising or not lowest or lowest[0] != LOWEST_SCORE or lowest[-1] > HIGHEST_SCORE:
        raise ConfigurationError(
            f"Thresholds of levels must be whole numbers that rise from {LOWEST_SCORE} "
            f"to at most {HIGHEST_SCORE}, one per level, not {dict(thresholds)}."
        )
    preset = LevelPreset(
        "own", tuple((cut, level) for level, cut in thresholds.items()), "your own"
    )
    bands = ", ".join(f"{level} {low}-{high}" for low, high, level in preset.ranges())
    return replace(preset, name=f"own: {bands}")
