"""The same statistics on raw scores, by numpy, scipy and scikit-learn, to agree with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import ScoreCounts, count_scores
from argyle_nb.scores.comparing import psi_bins, psi_critical

QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def counts_of(scores: Any) -> ScoreCounts:
    """Count plain scores, all of one group."""
    score = pd.array(scores, dtype="Int16")
    empty = uploads_frame([])
    frame = empty.reindex(range(len(score))).assign(ocr_authenticity_score=score)
    return count_scores(frame)


def draw(chance: np.random.Generator) -> np.ndarray:
    """Draw scores: few or many, spread or heaped, with ties or all the same."""
    n = int(chance.choice([1, 2, 3, 10, 100, 2000]))
    kind = chance.integers(0, 4)
    if kind == 0:
        return chance.integers(0, 101, n)
    if kind == 1:
        return chance.binomial(100, chance.uniform(0.05, 0.95), n)
    if kind == 2:
        return chance.choice(chance.integers(0, 101, 3), n)
    return np.full(n, chance.integers(0, 101))


def agreement(chance: np.random.Generator) -> dict[str, float]:
    """Give the difference of each statistic on two random samples."""
    a, b = draw(chance), draw(chance)
    return differences(a, b)


def differences(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Give by how much each statistic differs from that of the raw scores."""
    counts, reference = counts_of(a), counts_of(b)
    found = {f"summary {k}": v for k, v in _summary(counts, a).items()}
    found |= _shares(counts, a)
    found |= _comparison(counts, reference, a, b)
    return {name: _difference(*pair) for name, pair in found.items()}


def _difference(ours: Any, theirs: Any) -> float:
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return np.inf
    # Relative where a number is large, such as a U of millions of pairs.
    gaps = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
    return float(gaps[~np.isnan(gaps)].max(initial=0))


def _summary(counts: ScoreCounts, a: np.ndarray) -> dict[str, tuple[Any, Any]]:
    row = counts.summary().loc["all"]
    return {
        "mean": (row["mean"], np.mean(a)),
        "std": (row["std"], np.std(a, ddof=1) if len(a) > 1 else np.nan),
        "min, max": (row[["min", "max"]], [a.min(), a.max()]),
        "quantiles": (row[list(QUANTILES)], np.quantile(a, list(QUANTILES.values()))),
    }


def _shares(counts: ScoreCounts, a: np.ndarray) -> dict[str, tuple[Any, Any]]:
    levels = counts.levels()
    inside = np.histogram(a, [0, 30, 50, 80, 101])[0]
    wilson = [stats.binomtest(int(k), len(a)).proportion_ci(0.95, "wilson") for k in inside]
    thresholds = counts.thresholds().loc["all"]
    cumulative = stats.ecdf(a).cdf
    return {
        "level shares": (levels["share"], inside / len(a)),
        "Wilson intervals": (levels[["share_ci_low", "share_ci_high"]], np.array(wilson)),
        "ECDF": (counts.ecdf()["all"], cumulative.evaluate(np.arange(101))),
        "thresholds": (thresholds["pass_share"], [(a >= t).mean() for t in range(102)]),
    }


def _comparison(
    counts: ScoreCounts, reference: ScoreCounts, a: np.ndarray, b: np.ndarray
) -> dict[str, tuple[Any, Any]]:
    row = counts.compare(reference, p_values=True).iloc[0]
    exact = row["ks_method"] == "exact"
    ks = stats.ks_2samp(a, b, method="exact" if exact else "asymp")
    u = stats.mannwhitneyu(a, b, method="asymptotic")
    auc = roc_auc_score(np.repeat([1, 0], [len(a), len(b)]), np.concatenate([a, b]))
    cuts = psi_bins(reference.scores.to_numpy()[0], 10)
    critical = psi_critical(np.array([len(a)]), len(b), len(cuts))[0]
    chi2 = stats.chi2.ppf(0.95, len(cuts) - 1) * (1 / len(a) + 1 / len(b))
    return {
        "KS": (row["ks"], ks.statistic),
        "KS p": (row["ks_p"], ks.pvalue),
        "Mann-Whitney p": (row["mann_whitney_p"], u.pvalue if len(set(a) | set(b)) > 1 else 1),
        "auc": (row["auc"], u.statistic / len(a) / len(b)),
        "AUC": (row["auc"], auc),
        "Wasserstein": (row["wasserstein"], stats.wasserstein_distance(a, b)),
        "PSI": (row["psi"], _psi(a, b, cuts)),
        "critical PSI": (critical, chi2 if len(cuts) > 1 else np.nan),
    }


def _psi(a: np.ndarray, b: np.ndarray, bins: list[tuple[int, int]]) -> float:
    total = 0.0
    for low, high in bins:
        inside, expected = ((x >= low).astype(int) & (x <= high) for x in (a, b))
        if inside.any() or expected.any():
            p, q = max(inside.sum(), 0.5) / len(a), max(expected.sum(), 0.5) / len(b)
            total += (p - q) * np.log(p / q)
    return total
