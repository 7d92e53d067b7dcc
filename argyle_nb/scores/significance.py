"""Tests of significance, from counts, as scipy makes them from the scores themselves."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.errors import ConfigurationError, install

if TYPE_CHECKING:
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]

# Where scipy's own "auto" changes from one to the other.
_EXACT_UP_TO = 10_000


def ks_p(a: Counts, b: Counts) -> tuple[float, str | None]:
    """Give the two-sided p-value of the two-sample Kolmogorov-Smirnov test.

    Parameters
    ----------
    a, b
        Counts of the scores 0 to 100.

    Returns
    -------
    tuple
        The p-value, and ``exact`` (up to 10,000 scores on each side) or ``asymptotic``; NaN and
        ``None`` when a side has none.

    Raises
    ------
    ConfigurationError
        When scipy is not installed.

    Notes
    -----
    What ``scipy.stats.ks_2samp`` gives: Hodges 1958, Ark. Mat. 3:469. Both are made for scores
    without ties; with ties the true p-value is smaller.

    Examples
    --------
    >>> a, b = np.zeros(101, dtype=np.int64), np.zeros(101, dtype=np.int64)
    >>> a[:10], b[5:15] = 1, 1
    >>> p, how = ks_p(a, b)
    >>> round(p, 4), how
    (0.1678, 'exact')
    """
    try:
        from scipy import stats  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            f"p-values need scipy: {install('stats')}, or leave p_values out"
        ) from None
    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return math.nan, None
    if max(n, m) <= _EXACT_UP_TO:
        scores = np.arange(len(a))
        with warnings.catch_warnings(record=True) as given_up:
            warnings.simplefilter("always")
            found = stats.ks_2samp(np.repeat(scores, a), np.repeat(scores, b), method="exact")
        return float(found.pvalue), "asymptotic" if given_up else "exact"
    distance = np.abs(np.cumsum(a) / n - np.cumsum(b) / m).max()
    return float(stats.kstwo.sf(distance, round(n * m / (n + m)))), "asymptotic"


def mann_whitney_p(a: Counts, b: Counts) -> float:
    """Give the two-sided p-value of the Mann-Whitney test, corrected for ties and continuity.

    Parameters
    ----------
    a, b
        Counts of the scores 0 to 100.

    Returns
    -------
    float
        1 when all scores are the same, NaN when a side has none.

    Notes
    -----
    The normal approximation of Mann and Whitney 1947, Ann. Math. Stat. 18:50, as
    ``scipy.stats.mannwhitneyu(method="asymptotic")``; rough below about 8 scores a side.

    Examples
    --------
    >>> a, b = np.zeros(101, dtype=np.int64), np.zeros(101, dtype=np.int64)
    >>> a[:10], b[5:15] = 1, 1
    >>> round(mann_whitney_p(a, b), 6)
    0.005075
    """
    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return math.nan
    wins = twice_wins(a[np.newaxis], b)[0] / 2
    ties = (a + b).astype(np.float64)
    all_of_them = n + m
    corrected = all_of_them + 1 - (ties**3 - ties).sum() / (all_of_them * (all_of_them - 1))
    spread = math.sqrt(max(n * m / 12 * corrected, 0))
    distance = abs(wins - n * m / 2) - 0.5
    if spread == 0 or distance <= 0:
        return 1.0
    return math.erfc(distance / spread / math.sqrt(2))


def twice_wins(table: Counts, reference: Counts) -> Counts:
    """Count the pairs in which the group's score is above the reference's: 2 each, ties 1.

    Notes
    -----
    This is twice the Mann-Whitney U of the group. It is exact below 4.6e18, that is for 2e9
    scores on each side.

    Examples
    --------
    >>> twice_wins(np.array([[0, 1, 1]]), np.array([1, 1, 0])).tolist()
    [7]
    """
    wins: Counts = table @ (2 * np.cumsum(reference) - reference)
    return wins
