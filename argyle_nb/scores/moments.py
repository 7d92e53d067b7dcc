"""Means, deviations and quantiles of many rows of counts at once.

Each takes an int64 array of one row per group and one column per score 0 to 100, and gives one
float64 per row, NaN where a row has too few scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]


def sizes(table: Counts) -> Floats:
    """How many scores, NaN for none.

    Examples
    --------
    >>> sizes(np.array([[0, 3], [0, 0]])).tolist()
    [3.0, nan]
    """
    n = table.sum(axis=1)
    return np.where(n > 0, n, np.nan)


def means(table: Counts) -> Floats:
    """Give the arithmetic mean.

    Examples
    --------
    >>> means(np.array([[0, 3, 3]])).tolist()
    [1.5]
    """
    sums: Counts = table @ np.arange(table.shape[1])
    return sums / sizes(table)


def standard_deviations(table: Counts) -> Floats:
    """Give the sample standard deviation, sqrt(sum (x - mean)^2 / (n - 1)); NaN for one score.

    Examples
    --------
    >>> standard_deviations(np.array([[1, 0, 1], [0, 1, 0]])).round(3).tolist()
    [1.414, nan]
    """
    n = sizes(table)
    middle = means(table)
    squares = (np.arange(table.shape[1]) - middle[:, np.newaxis]) ** 2
    variance: Floats = (table * squares).sum(axis=1) / np.where(n > 1, n - 1, np.nan)
    return np.sqrt(variance)


def quantiles(table: Counts, q: float) -> Floats:
    """Interpolate between the two order statistics around (n - 1) q.

    Notes
    -----
    Type 7 of Hyndman and Fan 1996, Am. Stat. 50:361, the default of numpy and R.

    Examples
    --------
    >>> quantiles(np.array([[1, 1, 0], [0, 0, 5]]), 0.5).tolist()
    [0.5, 2.0]
    """
    place = (sizes(table) - 1) * q
    low, high = _order_statistic(table, np.floor(place)), _order_statistic(table, np.ceil(place))
    return low + (high - low) * (place - np.floor(place))


def lowest_at(table: Counts, share: Floats) -> Floats:
    """Give the lowest score at or below which there is at least this share.

    Notes
    -----
    The inverse of the ECDF, type 1 of Hyndman and Fan 1996.

    Examples
    --------
    >>> lowest_at(np.array([[1, 1, 2]]), np.array([0.5])).tolist()
    [1.0]
    """
    # A share that was computed as k / n times n may miss k by an ulp.
    wanted = np.ceil(np.round(share * sizes(table), 9))
    return _order_statistic(table, np.maximum(wanted, 1) - 1)


def _order_statistic(table: Counts, place: Floats) -> Floats:
    """Give the score at a place in rising order, counted from 0; NaN for a place that is NaN."""
    at = np.cumsum(table, axis=1)
    found = (at <= place[:, np.newaxis]).sum(axis=1)
    return np.where(np.isnan(place), np.nan, found)
