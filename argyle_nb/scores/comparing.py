"""One distribution of scores against another: distances, effect sizes, tests and drift.

Tables are those of `argyle_nb.scores.statistics`; a reference is one such row.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, Levels, level_preset
from argyle_nb.scores.statistics import ecdfs, means, sizes, standard_deviations, wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.scores.statistics import Counts, Floats

Bins: TypeAlias = int | Levels

# Rules of thumb of the credit industry (Siddiqi 2006, Credit Risk Scorecards), not tests.
MODERATE, LARGE = 0.1, 0.25
# Below it the asymptotic numbers are rough; a convention, not a law.
_SMALL = 30
# Where scipy's own "auto" changes from the exact test to the asymptotic one.
_EXACT_UP_TO = 10_000
_NO_SPREAD = 1e-9


def comparison_table(
    table: Counts, groups: pd.Index[Any], reference: Counts, *, bins: Bins, p_values: bool
) -> pd.DataFrame:
    """Compare each group with a reference, as `ScoreCounts.compare` says."""
    n, m = table.sum(axis=1), int(reference.sum())
    cuts = psi_bins(reference, bins)
    gaps = ecdf_distances(table, reference)
    area, spread = _auc(table, reference)
    low, high = _auc_interval(area, spread, np.minimum(n, m))
    columns: dict[str, Any] = {
        "scored": n,
        "reference_scored": m,
        "mean_difference": means(table) - means(reference[np.newaxis]),
        "ks": gaps.max(axis=1),
        "auc": area,
        "auc_ci_low": low,
        "auc_ci_high": high,
        "wasserstein": gaps.sum(axis=1),
        "psi": psi(table, reference, cuts),
        "cohens_d": _cohens_d(table, reference),
        "cliffs_delta": 2 * area - 1,
    }
    if p_values:
        tests = [ks_p(row, reference) for row in table]
        columns["ks_p"] = np.array([p for p, _ in tests], dtype=np.float64)
        columns["ks_method"] = pd.array([method for _, method in tests], dtype="string")
        ranks = [mann_whitney_p(row, reference) for row in table]
        columns["mann_whitney_p"] = np.array(ranks, dtype=np.float64)
    columns["warning"] = cautions(n, m)
    result = pd.DataFrame(columns, index=groups)
    result.attrs["psi_bins"] = cuts
    return result


_IS_REFERENCE = "This is the reference: there is nothing to compare."


def drift_table(
    table: Counts, periods: pd.Index[Any], reference: Counts | None, *, bins: Bins
) -> pd.DataFrame:
    """Compare each period with a reference, by default the first one that has a score."""
    name, own = "given", np.zeros(len(table), dtype=bool)
    if reference is None:
        own = _first_with_scores(table)
        reference = table[own].sum(axis=0)
        name = str(periods[own][0]) if own.any() else "none"
    n, m = table.sum(axis=1), int(reference.sum())
    cuts = psi_bins(reference, bins)
    index, critical = psi(table, reference, cuts), psi_critical(n, m, len(cuts))
    ks = ecdf_distances(table, reference).max(axis=1)
    result = pd.DataFrame(
        {
            "scored": n,
            "reference_scored": m,
            "mean": means(table),
            "psi": index,
            "psi_critical": critical,
            "psi_significant": _beyond(index, critical),
            "psi_band": pd.array(psi_bands(index, critical), dtype="string"),
            "ks": ks,
            "ks_critical": ks_critical(n, m),
            "ks_significant": _beyond(ks, ks_critical(n, m)),
            "warning": cautions(n, m),
        },
        index=periods,
    )
    # A comparison with itself says nothing.
    result.loc[own, ["psi_significant", "psi_band", "ks_significant"]] = pd.NA
    result.loc[own, "warning"] = _IS_REFERENCE
    result.attrs |= {"psi_bins": cuts, "reference": name}
    return result


def _first_with_scores(table: Counts) -> npt.NDArray[np.bool_]:
    has_scores = table.sum(axis=1) > 0
    first: npt.NDArray[np.bool_] = has_scores & (np.cumsum(has_scores) == 1)
    return first


def _beyond(value: Floats, critical: Floats) -> Any:
    return pd.array(
        [
            None if math.isnan(v) or math.isnan(c) else v > c
            for v, c in zip(value, critical, strict=True)
        ],
        dtype="boolean",
    )


def cautions(n: Counts, m: int) -> Any:
    """Say which comparisons rest on few scores."""
    return pd.array([_caution(int(size), m) for size in n], dtype="string")


def _caution(n: int, m: int) -> str | None:
    if not n or not m:
        return "No scores to compare."
    if min(n, m) < _SMALL:
        return f"Small samples ({n} and {m} scores): these statistics are unstable."
    return None


def ecdf_distances(table: Counts, reference: Counts) -> Floats:
    """Give the distance of two ECDFs at each score, NaN without scores on a side."""
    return np.abs(ecdfs(table) - ecdfs(reference[np.newaxis]))


def ks_critical(n: Counts, m: int) -> Floats:
    """Give the KS distance that two samples of one population exceed one time in twenty.

    1.358 sqrt((n + m) / nm): Smirnov 1948, Ann. Math. Stat. 19:279.
    """
    either = 1 / np.where(n > 0, n, np.nan) + (1 / m if m else np.nan)
    return math.sqrt(math.log(2 / 0.05) / 2) * np.sqrt(either)


def ks_p(a: Counts, b: Counts) -> tuple[float, str | None]:
    """Give the two-sided p-value of the two-sample Kolmogorov-Smirnov test, and how it was made.

    What ``scipy.stats.ks_2samp`` gives: Hodges 1958, Ark. Mat. 3:469. Both ways, ``exact`` and
    ``asymptotic``, are made for scores without ties; with ties the true p-value is smaller.
    """
    # Loading it takes a second, and only those who ask for p-values need it.
    from scipy import stats  # noqa: PLC0415

    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return math.nan, None
    if max(n, m) <= _EXACT_UP_TO:
        scores = np.arange(len(a))
        with warnings.catch_warnings(record=True) as given_up:
            warnings.simplefilter("always")
            test = stats.ks_2samp(np.repeat(scores, a), np.repeat(scores, b), method="exact")
        return float(test.pvalue), "asymptotic" if given_up else "exact"
    distance = np.abs(np.cumsum(a) / n - np.cumsum(b) / m).max()
    return float(stats.kstwo.sf(distance, round(n * m / (n + m)))), "asymptotic"


def mann_whitney_p(a: Counts, b: Counts) -> float:
    """Give the two-sided p-value of the Mann-Whitney test, corrected for ties and continuity.

    The normal approximation of Mann and Whitney 1947, Ann. Math. Stat. 18:50, as
    ``scipy.stats.mannwhitneyu(method="asymptotic")``; rough below about 8 scores a side.
    """
    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return math.nan
    wins = twice_wins(a[np.newaxis], b)[0] / 2
    ties = (a + b).astype(np.float64)
    both = n + m
    corrected = both + 1 - (ties**3 - ties).sum() / (both * (both - 1))
    spread = math.sqrt(max(n * m / 12 * corrected, 0))
    distance = abs(wins - n * m / 2) - 0.5
    if spread == 0 or distance <= 0:
        return 1.0
    return math.erfc(distance / spread / math.sqrt(2))


def twice_wins(table: Counts, reference: Counts) -> Counts:
    """Count the pairs in which the group's score is above the reference's: 2 each, ties 1.

    This is twice the Mann-Whitney U of the group. It is exact below 4.6e18, that is for 2e9
    scores on each side.
    """
    wins: Counts = table @ (2 * np.cumsum(reference) - reference)
    return wins


def _auc(table: Counts, reference: Counts) -> tuple[Floats, Floats]:
    """Give the probability of superiority and its standard error after DeLong."""
    n, m = sizes(table), sizes(reference[np.newaxis])[0]
    area = twice_wins(table, reference) / (2 * n * m)
    below = (np.cumsum(reference) - reference / 2) / m
    above = (n[:, np.newaxis] - np.cumsum(table, axis=1) + table / 2) / n[:, np.newaxis]
    middle = area[:, np.newaxis]
    of_group = (table * (below - middle) ** 2).sum(axis=1) / np.where(n > 1, n - 1, np.nan)
    of_other = (reference * (above - middle) ** 2).sum(axis=1) / (m - 1 if m > 1 else np.nan)
    return area, np.sqrt(of_group / n + of_other / m)


def _auc_interval(area: Floats, spread: Floats, smaller: Counts) -> tuple[Floats, Floats]:
    # Where no pair is out of order, or all are ties, no variance is seen: that is not certainty.
    unseen = spread < _NO_SPREAD
    variance = np.where(unseen, np.nan, spread**2)
    number = np.where(unseen, smaller, area * (1 - area) / variance)
    _, low, high = wilson(area * number, number)
    return low, high


def _cohens_d(table: Counts, reference: Counts) -> Floats:
    n, m = sizes(table), sizes(reference[np.newaxis])
    other = reference[np.newaxis]
    squares = (n - 1) * standard_deviations(table) ** 2 + (m - 1) * standard_deviations(other) ** 2
    pooled = np.sqrt(squares / (n + m - 2))
    return (means(table) - means(other)) / np.where(pooled > 0, pooled, np.nan)


def psi_bins(reference: Counts, bins: Bins) -> list[tuple[int, int]]:
    """Give the lowest and the highest score of each bin.

    Quantile bins of the reference are fewer than asked for where many uploads share a score.
    """
    if not isinstance(bins, int | np.integer):
        return [(low, high) for low, high, _ in level_preset(bins).ranges()]
    if bins < 2:  # noqa: PLR2004 - one bin cannot differ from itself
        raise ConfigurationError(f"bins must be 2 or more, not {bins}.")
    lows = [LOWEST_SCORE]
    at = np.cumsum(reference)
    if at[-1]:
        # Whole numbers, for k / bins of n is often not exact.
        ends = np.searchsorted(at * bins, np.arange(1, bins) * at[-1])
        lows += sorted({int(end) + 1 for end in ends if at[end] < at[-1]})
    return list(zip(lows, [*(low - 1 for low in lows[1:]), HIGHEST_SCORE], strict=True))


def psi(table: Counts, reference: Counts, bins: list[tuple[int, int]]) -> Floats:
    """Give the population stability index of each row against the reference.

    sum over bins of (p - q) ln(p / q), p and q the shares of a bin: Siddiqi 2006; it is the
    symmetric divergence of Jeffreys 1946. Where one side has nobody in a bin, half an upload
    stands in for nobody, or the index would be infinite; a bin with nobody on both sides adds 0.
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

    (1/n + 1/m) times the 95% point of the chi-squared distribution of bins - 1 degrees of
    freedom: Yurdakul 2018, Statistical properties of population stability index, dissertation
    3208, Western Michigan University. It is for large samples and bins that are not nearly empty.
    """
    # What scipy.stats.chi2.isf calls. Every report has a table of drift, and scipy.stats takes a
    # second to load, scipy.special a tenth of it.
    from scipy.special import chdtri  # noqa: PLC0415

    if bins < 2 or m == 0:  # noqa: PLR2004 - one bin has no freedom
        return np.full(len(n), np.nan)
    return float(chdtri(bins - 1, 0.05)) * (1 / np.where(n > 0, n, np.nan) + 1 / m)


def psi_bands(index: Floats, critical: Floats) -> list[str | None]:
    """Put the industry's words to a PSI: ``stable`` below 0.1, ``large`` from 0.25.

    They know nothing of sample sizes, so what chance alone could give is ``not significant``.
    """
    words = ("stable", "moderate", "large")
    return [
        None
        if math.isnan(value)
        else "not significant"
        if value >= MODERATE and not value > limit
        else words[int(value >= MODERATE) + int(value >= LARGE)]
        for value, limit in zip(index, critical, strict=True)
    ]
