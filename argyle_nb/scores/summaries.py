"""One distribution in a few numbers, or whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, level_preset
from argyle_nb.scores.moments import lowest_at, means, quantiles, sizes, standard_deviations
from argyle_nb.scores.shares import levels as levels_of
from argyle_nb.scores.statistics import wilson

if TYPE_CHECKING:
    from argyle_nb.levels import Levels
    from argyle_nb.scores.counts import ScoreCounts

QUANTILES = {"p5": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "p95": 0.95}


def summary(counts: ScoreCounts, levels: Levels = "argyle") -> pd.DataFrame:
    """Describe each group's distribution.

    Parameters
    ----------
    levels
        As for `ScoreCounts.levels`.

    Returns
    -------
    pandas.DataFrame
        Indexed by group: ``uploads, scored`` (int64), ``coverage`` (scored / uploads), ``mean``,
        ``sd`` (sample standard deviation, n - 1), ``min``, ``p5, q25, median, q75, p95`` (linear
        interpolation between order statistics), ``max``; then for each level, lowest first, its
        share of the scored uploads and the Wilson 95 % interval, such as ``high share, high
        share_low, high share_high``. Float64, with NaN where a group is too small for a number.
        The preset's name is in ``attrs["levels"]``.

    Raises
    ------
    ConfigurationError
        For an unknown preset.

    Notes
    -----
    Quantiles: type 7 of Hyndman and Fan 1996, Am. Stat. 50:361, the default of numpy. Intervals:
    Wilson 1927, JASA 22:209.

    Examples
    --------
    >>> counts.summary().loc["all", ["uploads", "scored", "median"]].tolist()
    [4.0, 3.0, 85.0]
    """
    table = counts.scores.to_numpy()
    scored, uploads = table.sum(axis=1), table.sum(axis=1) + counts.unscored.to_numpy().sum(axis=1)
    columns = {
        "uploads": uploads,
        "scored": scored,
        "coverage": scored / np.where(uploads > 0, uploads, np.nan),
        "mean": means(table),
        "sd": standard_deviations(table),
        "min": quantiles(table, 0),
        **{name: quantiles(table, q) for name, q in QUANTILES.items()},
        "max": quantiles(table, 1),
    }
    described = pd.DataFrame(columns, index=counts.groups)
    shares = levels_of(counts, levels)
    names = level_preset(levels).levels
    for place, level in enumerate(names):
        for part in ("share", "share_low", "share_high"):
            described[f"{level} {part}"] = shares[part].to_numpy()[place :: len(names)]
    described.attrs["levels"] = shares.attrs["levels"]
    return described


def quantile(counts: ScoreCounts, q: float) -> pd.DataFrame:
    """Give a quantile of each group with its interval.

    Parameters
    ----------
    q
        0 to 1; 0.5 is the median.

    Returns
    -------
    pandas.DataFrame
        Indexed by group: ``scored`` (int64), ``quantile`` (linear interpolation, as in
        `ScoreCounts.summary`), ``low, high`` (the scores of a 95 % interval). Float64, NaN
        without scores.

    Raises
    ------
    ConfigurationError
        When q is not 0 to 1.

    Notes
    -----
    The interval reads the inverse ECDF at the Wilson bounds of the share q: Woodruff 1952, JASA
    47:635. It assumes nothing of the distribution.

    Examples
    --------
    >>> counts.quantile(0.5).loc["all"].tolist()
    [3.0, 85.0, 40.0, 92.0]
    """
    if not 0 <= q <= 1:
        raise ConfigurationError(f"a quantile is at 0 to 1, not at {q}: 0.5 is the median")
    table = counts.scores.to_numpy()
    n = table.sum(axis=1)
    _, low, high = wilson(q * n, n)
    return pd.DataFrame(
        {
            "scored": n,
            "quantile": quantiles(table, q),
            "low": lowest_at(table, low),
            "high": lowest_at(table, high),
        },
        index=counts.groups,
    )


def ecdf(counts: ScoreCounts) -> pd.DataFrame:
    """Give the share of the scored uploads at or below each score.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``score`` 0 to 100, one float64 column per group; NaN for a group without
        scores. `intervals.ecdf_margin` gives the half-width of its 95 % band.

    Examples
    --------
    >>> counts.ecdf()["all"].loc[[39, 40, 85, 100]].round(2).tolist()
    [0.0, 0.33, 0.67, 1.0]
    """
    table = counts.scores.to_numpy()
    shares = np.cumsum(table, axis=1) / sizes(table)[:, np.newaxis]
    scores = pd.RangeIndex(HIGHEST_SCORE + 1, name="score")
    return pd.DataFrame(shares.T, index=scores, columns=counts.groups)
