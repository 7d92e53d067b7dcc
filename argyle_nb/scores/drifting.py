"""How the distribution moves from period to period."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.scores.comparing import cautions, distances
from argyle_nb.scores.moments import means
from argyle_nb.scores.stability import psi, psi_bins, psi_critical, rule_of_thumb

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.scores.counts import ScoreCounts
    from argyle_nb.scores.stability import Bins


def drift(
    counts: ScoreCounts,
    by: str = "week",
    reference: ScoreCounts | None = None,
    *,
    bins: Bins = 10,
) -> pd.DataFrame:
    """Hold each period against a reference.

    Parameters
    ----------
    by
        The column of the periods; the counts must be grouped by it. All other groups are added
        up: filter first to look at one of them.
    reference
        All its groups are added up; by default the first period that has a score.
    bins
        Of the PSI: so many quantile bins of the reference, a level preset, or your own cut-offs.

    Returns
    -------
    pandas.DataFrame
        Indexed by period: ``scored, reference_scored`` (int64), ``mean`` (points of the score),
        ``psi``; ``psi_critical``, what two samples of these sizes and bins exceed by chance one
        time in twenty; ``psi_beyond_chance`` (boolean, missing without scores);
        ``psi_rule_of_thumb`` (string): ``stable`` below 0.1, ``moderate``, ``large`` from 0.25;
        ``ks, ks_critical`` (0 to 1) and ``ks_beyond_chance``, likewise; ``warning`` (string).
        ``attrs["psi_bins"]`` holds the bins, ``attrs["reference"]`` what the reference is.

    Raises
    ------
    ConfigurationError
        When the counts are not grouped by the period, or for unknown bins.

    Notes
    -----
    The marks at 0.1 and 0.25 know nothing of sample sizes: small periods cross 0.1 by chance,
    and large ones can move for certain without reaching it. The critical PSI is that of Yurdakul
    2018 (see `stability.psi_critical`); the critical KS distance is 1.358 sqrt((n + m) / nm),
    Smirnov 1948, Ann. Math. Stat. 19:279, too large for scores with ties. Both are for one
    period: of twenty periods without any drift one is expected beyond chance. A period that is
    part of the reference looks closer to it than it is.

    Examples
    --------
    >>> count_scores(frame, by="week").drift()[["scored", "psi"]].iloc[0].tolist()
    [3.0, 0.0]
    """
    periods = counts.by(by)
    table = periods.scores.to_numpy()
    other, name = _reference(periods, reference)
    n, m = table.sum(axis=1), int(other.sum())
    cuts = psi_bins(other, bins)
    index, critical = psi(table, other, cuts), psi_critical(n, m, len(cuts))
    ks = distances(table, other).max(axis=1)
    found = pd.DataFrame(
        {
            "scored": n,
            "reference_scored": m,
            "mean": means(table),
            "psi": index,
            "psi_critical": critical,
            "psi_beyond_chance": _beyond(index, critical),
            "psi_rule_of_thumb": pd.array(rule_of_thumb(index), dtype="string"),
            "ks": ks,
            "ks_critical": ks_critical(n, m),
            "ks_beyond_chance": _beyond(ks, ks_critical(n, m)),
            "warning": cautions(n, m),
        },
        index=periods.groups,
    )
    found.attrs |= {"psi_bins": cuts, "reference": name}
    return found


def ks_critical(n: npt.NDArray[np.int64], m: int) -> npt.NDArray[np.float64]:
    """Give the KS distance that two samples of one population exceed one time in twenty.

    Examples
    --------
    >>> ks_critical(np.array([100]), 100).round(3).tolist()
    [0.192]
    """
    either = 1 / np.where(n > 0, n, np.nan) + (1 / m if m else np.nan)
    return math.sqrt(math.log(2 / 0.05) / 2) * np.sqrt(either)


def _reference(
    periods: ScoreCounts, reference: ScoreCounts | None
) -> tuple[npt.NDArray[np.int64], str]:
    if reference is not None:
        return reference.scores.to_numpy().sum(axis=0), "given"
    table = periods.scores.to_numpy()
    with_scores = np.flatnonzero(table.any(axis=1))
    if not len(with_scores):
        return np.zeros(table.shape[1], dtype=np.int64), "none"
    first = int(with_scores[0])
    return table[first], str(periods.groups[first])


def _beyond(value: npt.NDArray[np.float64], critical: npt.NDArray[np.float64]) -> Any:
    return pd.array(
        [
            None if math.isnan(v) or math.isnan(c) else v > c
            for v, c in zip(value, critical, strict=True)
        ],
        dtype="boolean",
    )
