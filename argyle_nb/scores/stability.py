"""The population stability index: how far a distribution moved from a reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, Levels, level_preset

if TYPE_CHECKING:
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

Bins: TypeAlias = int | Levels

# Rules of thumb of the credit industry (Siddiqi 2006, Credit Risk Scorecards), not tests.
MODERATE, LARGE = 0.1, 0.25


def psi_bins(reference: Counts, bins: Bins) -> list[tuple[int, int]]:
    """Cut the scores into bins.

    Parameters
    ----------
    reference
        Counts of the scores 0 to 100.
    bins
        So many quantile bins of the reference, which are fewer where many uploads share a score;
        or a level preset, or cut-offs of your own.

    Returns
    -------
    list of tuples
        Lowest and highest score of each bin.

    Raises
    ------
    ConfigurationError
        For fewer than 2 bins, or an unknown preset.

    Examples
    --------
    >>> psi_bins(np.ones(101, dtype=np.int64), 2)
    [(0, 50), (51, 100)]
    >>> psi_bins(np.ones(101, dtype=np.int64), "ocrolus-current")
    [(0, 55), (56, 80), (81, 100)]
    """
    if not isinstance(bins, int | np.integer):
        return [(low, high) for low, high, _ in level_preset(bins).ranges()]
    if bins < 2:  # noqa: PLR2004 - one bin cannot differ from itself
        raise ConfigurationError(f"the PSI needs at least 2 bins, not {bins}")
    lows = [LOWEST_SCORE]
    at = np.cumsum(reference)
    if at[-1]:
        # Whole numbers, for k / bins of n is often not exact.
        ends = np.searchsorted(at * bins, np.arange(1, bins) * at[-1])
        lows += sorted({int(end) + 1 for end in ends if at[end] < at[-1]})
    return list(zip(lows, [*(low - 1 for low in lows[1:]), HIGHEST_SCORE], strict=True))


def psi(table: Counts, reference: Counts, bins: list[tuple[int, int]]) -> Floats:
    """Give the population stability index of each row against the reference.

    Parameters
    ----------
    table
        One row per group, one column per score.
    reference
        One row.
    bins
        From `psi_bins`.

    Returns
    -------
    numpy.ndarray
        0 for equal shares; NaN where either side has no scores.

    Notes
    -----
    sum over bins of (p - q) ln(p / q), p and q the shares of a bin: Siddiqi 2006; it is the
    symmetric divergence of Jeffreys 1946. Where one side has nobody in a bin, half an upload
    stands in for nobody, or the index would be infinite; a bin with nobody on both sides adds 0.

    Examples
    --------
    >>> half, all_low = np.zeros(101, dtype=np.int64), np.zeros(101, dtype=np.int64)
    >>> half[[0, 100]], all_low[[0, 100]] = 50, (80, 20)
    >>> psi(all_low[np.newaxis], half, [(0, 50), (51, 100)]).round(4).tolist()
    [0.4159]
    """
    lows = [low for low, _ in bins]
    inside = np.add.reduceat(table, lows, axis=1).astype(np.float64)
    expected = np.add.reduceat(reference, lows).astype(np.float64) * np.ones_like(inside)
    n, m = inside.sum(axis=1, keepdims=True), expected.sum(axis=1, keepdims=True)
    nobody = (inside == 0) & (expected == 0)
    p = np.where(inside > 0, inside, 0.5) / np.where(n > 0, n, np.nan)
    q = np.where(expected > 0, expected, 0.5) / np.where(m > 0, m, np.nan)
    parts = np.where(nobody, 0.0, (p - q) * np.log(p / q))
    empty = (n == 0) | (m == 0)
    return np.where(empty[:, 0], np.nan, parts.sum(axis=1))


def psi_critical(n: Counts, m: int, bins: int) -> Floats:
    """Give the PSI that two samples of one population exceed by chance one time in twenty.

    Parameters
    ----------
    n, m
        Scores in the group and in the reference.
    bins
        How many.

    Returns
    -------
    numpy.ndarray
        NaN without scores on a side, or for one bin.

    Notes
    -----
    (1/n + 1/m) times the 95 % point of the chi-squared distribution of bins - 1 degrees of
    freedom: Yurdakul 2018, Statistical properties of population stability index, dissertation
    3208, Western Michigan University. It is for large samples and bins that are not nearly empty.

    Examples
    --------
    >>> psi_critical(np.array([100, 10_000]), 10_000, 10).round(4).tolist()
    [0.1709, 0.0034]
    """
    if bins < 2 or m == 0:  # noqa: PLR2004 - one bin has no freedom
        return np.full(len(n), np.nan)
    return chi_squared_point(0.95, bins - 1) * (1 / np.where(n > 0, n, np.nan) + 1 / m)


def rule_of_thumb(index: Floats) -> list[str | None]:
    """Put the industry's words to a PSI: ``stable`` below 0.1, ``large`` from 0.25.

    Examples
    --------
    >>> rule_of_thumb(np.array([0.02, 0.1, 0.3, np.nan]))
    ['stable', 'moderate', 'large', None]
    """
    words = ("stable", "moderate", "large")
    return [
        None if math.isnan(value) else words[int(value >= MODERATE) + int(value >= LARGE)]
        for value in index
    ]


def chi_squared_point(share: float, freedom: int) -> float:
    """Give the point below which this share of a chi-squared distribution lies.

    Parameters
    ----------
    share
        Above 0 and below 1.
    freedom
        Degrees of freedom, at least 1.

    Notes
    -----
    For whole degrees of freedom the upper tail is a finite sum (Abramowitz and Stegun 1964,
    26.4.4 and 26.4.5); the point is found by halving.

    Examples
    --------
    >>> round(chi_squared_point(0.95, 9), 6)
    16.918978
    """
    low, high = 0.0, 1.0
    while _upper_tail(high, freedom) > 1 - share:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _upper_tail(middle, freedom) > 1 - share else (low, middle)
    return (low + high) / 2


def _upper_tail(point: float, freedom: int) -> float:
    half = point / 2
    # The first term is that of 1 or of 2 degrees of freedom, each next of two more.
    odd = freedom % 2
    tail = math.erfc(math.sqrt(half)) if odd else math.exp(-half)
    term = math.exp(-half) * (2 * math.sqrt(half / math.pi) if odd else half)
    for number in range((freedom - 1) // 2):
        tail += term
        term *= half / (1.5 + number if odd else 2 + number)
    return tail
