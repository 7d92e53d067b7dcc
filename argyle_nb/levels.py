"""Authenticity levels: the bands into which a score of 0 to 100 is read.

Four tables are in print and they disagree, so a level never travels without its preset's name.
"""

from __future__ import annotations

from dataclasses import dataclass

from argyle_nb.errors import ConfigurationError

LOWEST_SCORE, HIGHEST_SCORE = 0, 100


@dataclass(frozen=True)
class LevelPreset:
    """Named bands of scores.

    Parameters
    ----------
    name
        What is printed beside every level.
    bands
        (lowest score, level) in rising order; the first lowest score is 0.
    source
        Who printed this table.
    """

    name: str
    bands: tuple[tuple[int, str], ...]
    source: str

    @property
    def levels(self) -> list[str]:
        """The levels' names, lowest first."""
        return [level for _, level in self.bands]

    def level_of(self, score: int) -> str:
        """Name the level of one score.

        Examples
        --------
        >>> PRESETS["argyle"].level_of(30)
        'low'
        """
        if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
            raise ValueError(f"a score is 0 to 100, not {score}")
        return next(level for lowest, level in reversed(self.bands) if score >= lowest)

    def ranges(self) -> list[tuple[int, int, str]]:
        """List (lowest score, highest score, level), lowest level first.

        Examples
        --------
        >>> PRESETS["ocrolus-current"].ranges()
        [(0, 55, 'low'), (56, 80, 'medium'), (81, 100, 'high')]
        """
        ends = [lowest - 1 for lowest, _ in self.bands[1:]] + [HIGHEST_SCORE]
        return [(lowest, end, level) for (lowest, level), end in zip(self.bands, ends, strict=True)]


PRESETS = {
    preset.name: preset
    for preset in (
        LevelPreset(
            "argyle",
            ((0, "very low"), (30, "low"), (50, "medium"), (80, "high")),
            "Argyle documentation, Ocrolus integration, authenticity scores; "
            "the cut-offs at 50 and 80 are inferred from Ocrolus' first table",
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


def level_preset(name: str) -> LevelPreset:
    """Find a preset by name.

    Parameters
    ----------
    name
        ``"argyle"``, ``"ocrolus-2"`` or ``"ocrolus-current"``.

    Raises
    ------
    ConfigurationError
        For any other name; it lists these.

    Examples
    --------
    >>> level_preset("argyle").levels
    ['very low', 'low', 'medium', 'high']
    """
    if name not in PRESETS:
        raise ConfigurationError(f"unknown level preset {name!r}: use one of {', '.join(PRESETS)}")
    return PRESETS[name]
