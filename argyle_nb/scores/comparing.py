"""Two distributions beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.scores.moments import means, sizes, standard_deviations
from argyle_nb.scores.significance import ks_p, mann_whitney_p, twice_wins
from argyle_nb.scores.stability import psi, psi_bins
from argyle_nb.scores.statistics import wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.scores.counts import ScoreCounts
    from argyle_nb.scores.stability import Bins

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

# Below it the asymptotic numbers are rough; a convention, not a law.
SMALL = 30
_NO_SPREAD = 1e-9


def compare(
    counts: ScoreCounts, reference: ScoreCounts, *, bins: Bins = 10, p_values: bool = False
) -> pd.DataFrame:
    """Compare each group with a reference.

    Parameters
    ----------
    reference
        All its groups are added up.
    bins
        Of the PSI: so many quantile bins of the reference, a level preset, or your own cut-offs.
    p_values
        Also give p-values; needs the extra ``[stats]``.

    Returns
    -------
    pandas.DataFrame
        Indexed by group. ``scored, reference_scored`` (int64). Float64, NaN without scores on a
        side:

        - ``mean_difference``: group less reference, in points of the score.
        - ``ks``: the largest distance of the two ECDFs, 0 to 1.
        - ``superiority``: the chance that a score of the group is above one of the reference,
          ties counting half; the AUC, and Mann-Whitney's U by the number of pairs. 0.5 means
          neither is above. ``superiority_low, superiority_high``: 95 % interval.
        - ``wasserstein``: the area between the two ECDFs, in points of the score.
        - ``psi``: population stability index, over the bins of ``attrs["psi_bins"]``.
        - ``cohens_d``: difference of means by the pooled standard deviation. ``cliffs_delta``:
          2 superiority - 1.

        With p-values ``ks_p, ks_method`` (``exact`` or ``asymptotic``) and ``mann_whitney_p``.
        Last ``warning`` (string): what to be careful about, missing where nothing is.

    Raises
    ------
    ConfigurationError
        For p-values without scipy, for unknown bins.

    Notes
    -----
    KS: Smirnov 1939. Superiority: Mann and Whitney 1947, Ann. Math. Stat. 18:50; its interval is
    Wilson's, with the number of scores that would have the variance of DeLong et al. 1988,
    Biometrics 44:837, or the smaller side where that is 0. Wasserstein: Vallender 1974, Theory
    Probab. Appl. 18:784. PSI: see `stability.psi`. d: Cohen 1988. Delta: Cliff 1993, Psychol.
    Bull. 114:494.

    Examples
    --------
    >>> by_type = count_scores(frame, by="document_type")
    >>> by_type.compare(counts).loc["paystubs", ["ks", "superiority", "psi"]].tolist()
    [0.0, 0.5, 0.0]
    """
    table, other = counts.scores.to_numpy(), reference.scores.to_numpy().sum(axis=0)
    n, m = table.sum(axis=1), int(other.sum())
    cuts = psi_bins(other, bins)
    gaps = distances(table, other)
    superiority, spread = _superiority(table, other)
    low, high = _superiority_interval(superiority, spread, np.minimum(n, m))
    columns: dict[str, Any] = {
        "scored": n,
        "reference_scored": m,
        "mean_difference": means(table) - means(other[np.newaxis]),
        "ks": gaps.max(axis=1),
        "superiority": superiority,
        "superiority_low": low,
        "superiority_high": high,
        "wasserstein": gaps.sum(axis=1),
        "psi": psi(table, other, cuts),
        "cohens_d": _cohens_d(table, other),
        "cliffs_delta": 2 * superiority - 1,
    }
    if p_values:
        tested = [ks_p(row, other) for row in table]
        columns["ks_p"] = np.array([p for p, _ in tested], dtype=np.float64)
        columns["ks_method"] = pd.array([how for _, how in tested], dtype="string")
        ranks = [mann_whitney_p(row, other) for row in table]
        columns["mann_whitney_p"] = np.array(ranks, dtype=np.float64)
    columns["warning"] = cautions(n, m)
    found = pd.DataFrame(columns, index=counts.groups)
    found.attrs["psi_bins"] = cuts
    return found


def distances(table: Counts, reference: Counts) -> Floats:
    """Give the distance of two ECDFs at each score, NaN without scores on a side.

    Examples
    --------
    >>> distances(np.array([[1, 1]]), np.array([0, 2])).tolist()
    [[0.5, 0.0]]
    """
    shares = np.cumsum(table, axis=1) / sizes(table)[:, np.newaxis]
    expected = np.cumsum(reference) / sizes(reference[np.newaxis])
    return np.abs(shares - expected)


def cautions(n: Counts, m: int) -> Any:
    """Say which comparisons rest on few scores.

    Examples
    --------
    >>> list(cautions(np.array([0, 7]), 100))
    ['no scores to compare', 'only 7 and 100 scores: chance moves these numbers a lot']
    """
    texts = [_caution(int(size), m) for size in n]
    return pd.array(texts, dtype="string")


def _caution(n: int, m: int) -> str | None:
    if not n or not m:
        return "no scores to compare"
    if min(n, m) < SMALL:
        return f"only {n} and {m} scores: chance moves these numbers a lot"
    return None


def _superiority(table: Counts, reference: Counts) -> tuple[Floats, Floats]:
    """Give the probability of superiority and its standard error after DeLong."""
    n, m = sizes(table), sizes(reference[np.newaxis])[0]
    found = twice_wins(table, reference) / (2 * n * m)
    below = (np.cumsum(reference) - reference / 2) / m
    above = (n[:, np.newaxis] - np.cumsum(table, axis=1) + table / 2) / n[:, np.newaxis]
    middle = found[:, np.newaxis]
    of_group = (table * (below - middle) ** 2).sum(axis=1) / np.where(n > 1, n - 1, np.nan)
    of_other = (reference * (above - middle) ** 2).sum(axis=1) / (m - 1 if m > 1 else np.nan)
    return found, np.sqrt(of_group / n + of_other / m)


def _superiority_interval(
    superiority: Floats, spread: Floats, smaller: Counts
) -> tuple[Floats, Floats]:
    # Where no pair is out of order, or all are ties, no variance is seen: that is not certainty.
    unseen = spread < _NO_SPREAD
    variance = np.where(unseen, np.nan, spread**2)
    number = np.where(unseen, smaller, superiority * (1 - superiority) / variance)
    _, low, high = wilson(superiority * number, number)
    return low, high


def _cohens_d(table: Counts, reference: Counts) -> Floats:
    n, m = sizes(table), sizes(reference[np.newaxis])
    other = reference[np.newaxis]
    squares = (n - 1) * standard_deviations(table) ** 2 + (m - 1) * standard_deviations(other) ** 2
    pooled = np.sqrt(squares / (n + m - 2))
    return (means(table) - means(other)) / np.where(pooled > 0, pooled, np.nan)
