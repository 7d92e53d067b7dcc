"""Statistics of many groups at once, from how many uploads of each have each score.

A table is an int64 array of one row per group and one column per score 0 to 100. What comes back
is float64, NaN where a row has too few scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from argyle_nb.errors import ConfigurationError

Counts: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Statistic: TypeAlias = Callable[[Counts], Floats]

QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
Z_95 = 1.959963984540054


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
    below = np.cumsum(table, axis=1) <= place[:, np.newaxis]
    return np.where(np.isnan(place), np.nan, below.sum(axis=1))


def ecdfs(table: Counts) -> Floats:
    """Give the share of the scores at or below each score."""
    return np.cumsum(table, axis=1) / sizes(table)[:, np.newaxis]


def ecdf_margin(scored: npt.ArrayLike) -> Floats:
    """Give the half-width of a 95 % band around a whole ECDF of so many scores.

    sqrt(ln(2 / 0.05) / 2n): Dvoretzky, Kiefer and Wolfowitz 1956 with the constant of Massart
    1990, Ann. Probab. 18:1269. It holds for every score at once, and is wide for scores with ties.
    """
    n = np.asarray(scored, dtype=np.float64)
    return np.sqrt(math.log(2 / 0.05) / (2 * np.where(n > 0, n, np.nan)))


def wilson(hits: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Give a share and its Wilson score interval at 95 %, NaN where ``of`` is 0.

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


def with_interval(name: str) -> list[str]:
    """Name the columns of a number and of the two ends of its 95 % interval."""
    return [name, f"{name}_ci_low", f"{name}_ci_high"]


def share_names(levels: list[str]) -> list[str]:
    """Name the columns of the levels' shares, without white space."""
    names = ["_".join([*level.split(), "share"]) for level in levels]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigurationError(
            f"two levels would have the column {twice[0]}: give them names that differ in more "
            "than white space and underscores"
        )
    return names


STATISTICS: dict[str, Statistic] = {
    "mean": means,
    "std": standard_deviations,
    "median": lambda table: quantiles(table, 0.5),
}


def bootstrap(table: Counts, statistic: str | Statistic, resamples: int, seed: int) -> Floats:
    """Give each row's estimate of a statistic, and the ends of its percentile interval at 95 %."""
    if isinstance(statistic, str) and statistic not in STATISTICS:
        raise ConfigurationError(
            f"unknown statistic {statistic!r}: use {', '.join(STATISTICS)} or a function"
        )
    if resamples < 1:
        raise ConfigurationError(f"resamples must be 1 or more, not {resamples}")
    measure = STATISTICS[statistic] if isinstance(statistic, str) else statistic
    chance = np.random.default_rng(seed)
    rows = [_resampled(row, measure, resamples, chance) for row in table]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 3)


def _resampled(
    row: Counts, measure: Statistic, resamples: int, chance: np.random.Generator
) -> tuple[Any, Any, Any]:
    n = int(row.sum())
    if n == 0:
        return math.nan, math.nan, math.nan
    draws = measure(chance.multinomial(n, row / n, size=resamples))
    low, high = np.quantile(draws, [0.025, 0.975])
    return measure(row.reshape(1, -1))[0], low, high
