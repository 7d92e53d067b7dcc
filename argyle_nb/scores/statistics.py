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
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE

Counts: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Statistic: TypeAlias = Callable[[Counts], Floats]

QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
Z_95 = 1.959963984540054
# How much of a score more stands at an end of the scale, for what a sample has not seen.
UNSEEN = 0.25
# A percentile interval of fewer scores is much too narrow to be shown.
FEWEST_RESAMPLED = 50


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


def quantile_interval(table: Counts, q: float) -> tuple[Floats, Floats]:
    """Give the scores between which a quantile of the population lies, at 95% or more.

    Order statistics, chosen by the binomial distribution of how many scores lie below the quantile:
    Thompson 1936, Ann. Math. Stat. 7:122. It is exact for any distribution, and with ties it holds
    more often than it promises. Where a sample is too small to have such an order statistic, the
    end is that of the scale.
    """
    n = table.sum(axis=1)
    low, high = binomial_quantile(0.025, n, q), binomial_quantile(0.975, n, q)
    lowest = np.where(low > 0, _order_statistic(table, low - 1), LOWEST_SCORE)
    highest = np.where(high < n, _order_statistic(table, high), HIGHEST_SCORE)
    # Interpolation between two scores may lie a little beyond both.
    estimate = quantiles(table, q)
    return np.minimum(lowest, estimate), np.maximum(highest, estimate)


def binomial_quantile(p: float, n: Counts, q: float) -> Floats:
    """Give the smallest number that a binomial variable exceeds with no more than 1 - p.

    What ``scipy.stats.binom.ppf`` gives, without the second that scipy.stats takes to load.
    """
    from scipy.special import bdtr, bdtrik  # noqa: PLC0415 - only who asks for it needs it

    if q in (0, 1):
        return n.astype(np.float64) * q
    found: Floats = np.ceil(np.nan_to_num(bdtrik(p, n, q)))
    one_less = np.maximum(found - 1, 0)
    return np.where(bdtr(one_less, n, q) >= p, one_less, found)


def _order_statistic(table: Counts, place: Floats) -> Floats:
    """Give the score at a place in rising order, counted from 0; NaN for a place that is NaN."""
    below = np.cumsum(table, axis=1) <= place[:, np.newaxis]
    return np.where(np.isnan(place), np.nan, below.sum(axis=1))


def ecdfs(table: Counts) -> Floats:
    """Give the share of the scores at or below each score."""
    return np.cumsum(table, axis=1) / sizes(table)[:, np.newaxis]


def ecdf_margin(scored: npt.ArrayLike) -> Floats:
    """Give the half-width of a 95% band around a whole ECDF of so many scores.

    sqrt(ln(2 / 0.05) / 2n): Dvoretzky, Kiefer and Wolfowitz 1956 with the constant of Massart
    1990, Ann. Probab. 18:1269. It holds for every score at once, and is wide for scores with ties.
    """
    n = np.asarray(scored, dtype=np.float64)
    return np.sqrt(math.log(2 / 0.05) / (2 * np.where(n > 0, n, np.nan)))


def wilson(hits: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Give a share and its Wilson score interval at 95%, NaN where ``of`` is 0.

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
    """Name the columns of a number and of the two ends of its 95% interval."""
    return [name, f"{name}_ci_low", f"{name}_ci_high"]


def share_names(levels: list[str]) -> list[str]:
    """Name the columns of the levels' shares, without white space."""
    names = ["_".join([*level.split(), "share"]) for level in levels]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigurationError(
            f"Two levels would have the same column {twice[0]}. Give them names that "
            "differ in more than white space and underscores."
        )
    return names


STATISTICS: dict[str, Statistic] = {
    "mean": means,
    "std": standard_deviations,
    "median": lambda table: quantiles(table, 0.5),
}


def bootstrap(table: Counts, statistic: str | Statistic, resamples: int, seed: int) -> Floats:
    """Give each row's estimate of a statistic, and the ends of its interval at 95%."""
    if isinstance(statistic, str) and statistic not in STATISTICS:
        raise ConfigurationError(
            f"Unknown statistic {statistic!r}. Use {', '.join(STATISTICS)} or a function."
        )
    if resamples < 1:
        raise ConfigurationError(f"resamples must be 1 or more, not {resamples}.")
    if statistic == "median":
        return np.column_stack([quantiles(table, 0.5), *quantile_interval(table, 0.5)])
    chance = np.random.default_rng(seed)
    if isinstance(statistic, str):
        rows = [_reweighted(row, STATISTICS[statistic], resamples, chance) for row in table]
    else:
        rows = [_resampled(row, statistic, resamples, chance) for row in table]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 3)


def _resampled(
    row: Counts, measure: Statistic, resamples: int, chance: np.random.Generator
) -> tuple[Any, Any, Any]:
    n = int(row.sum())
    if n == 0:
        return math.nan, math.nan, math.nan
    estimate = measure(row.reshape(1, -1))[0]
    if n < FEWEST_RESAMPLED:
        return estimate, math.nan, math.nan
    low, high = np.quantile(measure(chance.multinomial(n, row / n, size=resamples)), [0.025, 0.975])
    return estimate, low, high


def _reweighted(
    row: Counts, measure: Statistic, resamples: int, chance: np.random.Generator
) -> tuple[Any, Any, Any]:
    """Weight scores by chance, with a part of a score more at either end of the scale.

    The Bayesian bootstrap (Rubin 1981, Ann. Stat. 9:130). What a sample has not seen lies between
    0 and 100; to put one score there more makes bounds of a mean that hold in small samples
    (Gaffke 2005, Math. Methods Stat. 14:451). A quarter of one is enough in simulation.
    """
    n = int(row.sum())
    if n <= 1:
        return measure(row.reshape(1, -1))[0], math.nan, math.nan
    draws = []
    for end in (LOWEST_SCORE, HIGHEST_SCORE):
        shape = row.astype(np.float64)
        shape[end] += UNSEEN
        weights = chance.standard_gamma(shape, size=(resamples, len(row)))
        draws.append(measure(weights * (n / weights.sum(axis=1, keepdims=True))))
    ends = np.quantile(draws, [0.025, 0.975], axis=1)
    return measure(row.reshape(1, -1))[0], ends[0].min(), ends[1].max()
