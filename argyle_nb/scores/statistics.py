"""Means, deviations and quantiles of many rows of counts at once.

Each takes an int64 array of one row per group and one column per score 0 to 100, and gives one
float64 per row, NaN where a row has too few scores.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from argyle_nb.scores.counts import ScoreCounts

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Statistic = Callable[[npt.NDArray[np.int64]], Floats]


def sizes(table: Counts) -> Floats:
    """How many scores, NaN for none."""
    n = table.sum(axis=1)
    return np.where(n > 0, n, np.nan)


def means(table: Counts) -> Floats:
    """Give the arithmetic mean."""
    sums: Counts = table @ np.arange(table.shape[1])
    return sums / sizes(table)


def standard_deviations(table: Counts) -> Floats:
    """Give the sample standard deviation, sqrt(sum (x - mean)^2 / (n - 1)); NaN for one score."""
    n = sizes(table)
    middle = means(table)
    squares = (np.arange(table.shape[1]) - middle[:, np.newaxis]) ** 2
    variance: Floats = (table * squares).sum(axis=1) / np.where(n > 1, n - 1, np.nan)
    return np.sqrt(variance)


def quantiles(table: Counts, q: float) -> Floats:
    """Interpolate between the two order statistics around (n - 1) q.

    Type 7 of Hyndman and Fan 1996, Am. Stat. 50:361, the default of numpy and R.
    """
    place = (sizes(table) - 1) * q
    low, high = _order_statistic(table, np.floor(place)), _order_statistic(table, np.ceil(place))
    return low + (high - low) * (place - np.floor(place))


def lowest_at(table: Counts, share: Floats) -> Floats:
    """Give the lowest score at or below which there is at least this share.

    The inverse of the ECDF, type 1 of Hyndman and Fan 1996.
    """
    # A share that was computed as k / n times n may miss k by an ulp.
    wanted = np.ceil(np.round(share * sizes(table), 9))
    return _order_statistic(table, np.maximum(wanted, 1) - 1)


def _order_statistic(table: Counts, place: Floats) -> Floats:
    """Give the score at a place in rising order, counted from 0; NaN for a place that is NaN."""
    at = np.cumsum(table, axis=1)
    found = (at <= place[:, np.newaxis]).sum(axis=1)
    return np.where(np.isnan(place), np.nan, found)


Z_95 = 1.959963984540054

STATISTICS: dict[str, Statistic] = {
    "mean": means,
    "sd": standard_deviations,
    "median": lambda table: quantiles(table, 0.5),
}


def wilson(hits: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Give a share and its Wilson score interval at 95 %.

    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), Wilson 1927, JASA 22:209.
    """
    hits, of = np.asarray(hits), np.asarray(of)
    n = np.where(of > 0, of, np.nan)
    share = hits / n
    middle = share + Z_95**2 / (2 * n)
    spread = Z_95 * np.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    scale = 1 + Z_95**2 / n
    # At 0 and at 1 the bound is the share itself, which rounding would miss by an ulp.
    low = np.where(hits == 0, share, (middle - spread) / scale)
    high = np.where(hits == of, share, (middle + spread) / scale)
    return share, low, high


def ecdf_margin(scored: npt.ArrayLike) -> Floats:
    """Give the half-width of a 95 % band around a whole ECDF.

    sqrt(ln(2 / 0.05) / 2n): Dvoretzky, Kiefer and Wolfowitz 1956 with the constant of Massart
    1990, Ann. Probab. 18:1269. It holds for every score at once, and is wide for scores with ties.
    """
    n = np.asarray(scored, dtype=np.float64)
    return np.sqrt(math.log(2 / 0.05) / (2 * np.where(n > 0, n, np.nan)))


def bootstrap(
    counts: ScoreCounts,
    statistic: str | Statistic = "mean",
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Give a 95 % interval of any statistic by drawing again from the counts.

    Drawing n scores with replacement from n scores is drawing their counts from a multinomial
    distribution, so the work does not depend on n. The interval is the percentile interval,
    Efron and Tibshirani 1993, chapter 13: too narrow for a handful of scores.
    """
    if isinstance(statistic, str) and statistic not in STATISTICS:
        raise ConfigurationError(
            f"unknown statistic {statistic!r}: use {', '.join(STATISTICS)} or a function"
        )
    if resamples < 1:
        raise ConfigurationError(f"resamples must be 1 or more, not {resamples}")
    measure = STATISTICS[statistic] if isinstance(statistic, str) else statistic
    chance = np.random.default_rng(seed)
    rows = [_drawn(row, measure, resamples, chance) for row in counts.scores.to_numpy()]
    found = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    table = pd.DataFrame(found, index=counts.groups, columns=["estimate", "low", "high"])
    table.insert(0, "scored", counts.scores.sum(axis=1))
    return table


def _drawn(
    row: npt.NDArray[np.int64], measure: Statistic, resamples: int, chance: np.random.Generator
) -> tuple[Any, Any, Any]:
    n = int(row.sum())
    if n == 0:
        return math.nan, math.nan, math.nan
    draws = measure(chance.multinomial(n, row / n, size=resamples))
    low, high = np.quantile(draws, [0.025, 0.975])
    return measure(row.reshape(1, -1))[0], low, high
