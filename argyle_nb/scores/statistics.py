"""How sure a number is: closed forms where there is one, the bootstrap where there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores.moments import means, quantiles, standard_deviations

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from argyle_nb.scores.counts import ScoreCounts

    Floats = npt.NDArray[np.float64]
    Statistic = Callable[[npt.NDArray[np.int64]], Floats]

Z_95 = 1.959963984540054

STATISTICS: dict[str, Statistic] = {
    "mean": means,
    "sd": standard_deviations,
    "median": lambda table: quantiles(table, 0.5),
}


def wilson(hits: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Give a share and its Wilson score interval at 95 %.

    Parameters
    ----------
    hits, of
        Counts; where ``of`` is 0 the results are NaN.

    Returns
    -------
    tuple of arrays
        Share, lower and upper bound, each 0 to 1.

    Notes
    -----
    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), Wilson 1927, JASA 22:209.

    Examples
    --------
    >>> [round(float(x[0]), 3) for x in wilson(np.array([0]), np.array([10]))]
    [0.0, 0.0, 0.278]
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

    Parameters
    ----------
    scored
        How many scores; without any the result is NaN.

    Notes
    -----
    sqrt(ln(2 / 0.05) / 2n): Dvoretzky, Kiefer and Wolfowitz 1956 with the constant of Massart
    1990, Ann. Probab. 18:1269. It holds for every score at once, and is wide for scores with ties.

    Examples
    --------
    >>> float(ecdf_margin(100).round(4))
    0.1358
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

    Parameters
    ----------
    statistic
        ``"mean"``, ``"sd"``, ``"median"``, or a function that takes an int64 array with one row
        per draw and one column per score 0 to 100, and gives one number per row.
    resamples
        How many draws, each of as many scores as the group has.
    seed
        The same seed gives the same interval.

    Returns
    -------
    pandas.DataFrame
        Indexed by group: ``scored`` (int64), ``estimate``, ``low``, ``high`` (float64; NaN
        without scores).

    Raises
    ------
    ConfigurationError
        For an unknown name, or without a resample.

    Notes
    -----
    Drawing n scores with replacement from n scores is drawing their counts from a multinomial
    distribution, so the work does not depend on n. The interval is the percentile interval,
    Efron and Tibshirani 1993, chapter 13: too narrow for a handful of scores.

    Examples
    --------
    >>> counts.bootstrap("median").round(1).loc["all"].tolist()
    [3.0, 85.0, 40.0, 92.0]
    >>> counts.bootstrap(lambda drawn: drawn[:, 80:].sum(axis=1) / drawn.sum(axis=1)).columns[1]
    'estimate'
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
