"""Curves, areas and their intervals from how many fraudulent and genuine documents have each score.

Fraud is expected at low scores: at threshold t a document is flagged when its score is below t.
The last axis of every array is the score (0 to 100) or the threshold (0 to 101); axes before it are
draws or, where weights are taken, strata, of which each document counts by its stratum's
weight. What is not defined, such as a curve without fraud, is NaN.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from argyle_nb.levels import level_preset
from argyle_nb.scores import wilson

Cells: TypeAlias = npt.NDArray[np.float64]

DRAWS = 1000
# What one band's share of fraud is taken to be before anything was reviewed, and how much of one
# found document the rest of its band weighs when the hidden ones are given scores.
PRIOR, SPREAD = 1 / 3, 0.1
# Fewer fraudulent documents say nothing of an average precision.
FEWEST_FRAUDULENT = 5
# Of equal numbers rounding leaves a variance of 1e-17 or so.
_NO_VARIANCE = 1e-15


def below(cells: Cells) -> Cells:
    """Add up what lies below each threshold."""
    sums = np.cumsum(cells, axis=-1)
    return np.concatenate([np.zeros((*cells.shape[:-1], 1)), sums], axis=-1)


def divided(part: Cells, of: Cells) -> Cells:
    """Divide; of nothing there is no share."""
    result: Cells = part / np.where(of > 0, of, np.nan)
    return result


def auc(fraud: Cells, genuine: Cells) -> Cells:
    """Give the probability that a fraudulent document scores lower than a genuine one.

    Ties count half: the area under the ROC curve is the Mann-Whitney statistic divided by the
    number of pairs; Hanley and McNeil 1982, Radiology 143:29.
    """
    higher = genuine.sum(axis=-1, keepdims=True) - np.cumsum(genuine, axis=-1)
    pairs = (fraud * (higher + genuine / 2)).sum(axis=-1)
    return divided(pairs, fraud.sum(axis=-1) * genuine.sum(axis=-1))


def ks(fraud: Cells, genuine: Cells) -> Cells:
    """Give the greatest distance of the two cumulative shares (Kolmogorov-Smirnov)."""
    distance: Cells = np.abs(_gaps(fraud, genuine)).max(axis=-1)
    return distance


def ks_interval(
    fraud: Cells, genuine: Cells, fraud_drawn: Cells, genuine_drawn: Cells
) -> tuple[float, float]:
    """Give the interval at 95% of the greatest distance, from draws.

    The distance of draws is too great, for whatever chance adds makes a maximum greater. So what is
    taken is how far the whole difference of the two cumulative shares moves from draw to draw: no
    further than the 95% quantile of its greatest move. The interval is rather too wide; it reaches
    0 where the two kinds cannot be told apart.
    """
    moves = np.abs(_gaps(fraud_drawn, genuine_drawn) - _gaps(fraud, genuine)).max(axis=-1)
    distance, known = ks(fraud, genuine), moves[~np.isnan(moves)]
    if np.isnan(distance):
        return np.nan, np.nan
    # Where no draw has both kinds, there are too few documents to say anything.
    margin = np.quantile(known, 0.95) if len(known) else 1.0
    low, high = np.clip([distance - margin, distance + margin], 0, 1)
    return float(low), float(high)


def _gaps(fraud: Cells, genuine: Cells) -> Cells:
    return _shares_below(fraud) - _shares_below(genuine)


def _shares_below(cells: Cells) -> Cells:
    return divided(below(cells), cells.sum(axis=-1, keepdims=True))


def average_precision(fraud: Cells, genuine: Cells) -> Cells:
    """Give the mean precision over the fraudulent documents, lowest score first.

    sum over scores of (recall gained at the score) x (precision at the score), as
    ``sklearn.metrics.average_precision_score`` defines it; no interpolation.
    """
    caught = np.cumsum(fraud, axis=-1)
    precision = divided(caught, np.cumsum(fraud + genuine, axis=-1))
    gained = np.where(fraud > 0, fraud * np.nan_to_num(precision), 0.0)
    return divided(gained.sum(axis=-1), fraud.sum(axis=-1))


def share_interval(
    hits: Cells, of: Cells, reviewed: Cells, weights: Cells
) -> tuple[Cells, Cells, Cells]:
    """Give weighted shares with their intervals at 95%.

    Wilson's interval (Wilson 1927) with the effective number of documents in place of n: the
    number of independent ones that would have the variance of this share, which is that of a ratio
    in stratified sampling, linearized (Cochran 1977, Sampling Techniques, 6.13), without the
    correction for finite groups; a stratum of one document is held against the whole. Where in
    each stratum all or none are hits that variance is 0 and Kish's number is used,
    (sum w)^2 / sum w^2. It is never more than the documents that were counted; with equal
    weights it is exactly their number.
    """
    share = divided(weights @ hits, weights @ of)
    effective = _effective_number(share, hits, of, reviewed, weights)
    return (share, *wilson(share * effective, effective)[1:])


def auc_interval(fraud: Cells, genuine: Cells, weights: Cells) -> tuple[float, float]:
    """Give the interval at 95% of the area under the ROC curve.

    The variance is that of DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, summed over
    strata: each fraudulent document counts by the share of genuine ones above it, each genuine one
    by the share of fraud below it. From it comes an effective number for Wilson's interval. Where
    all pairs are in order that variance is 0, and Kish's number of the rarer kind is used.
    """
    f, g = weights @ fraud, weights @ genuine
    area = auc(f, g)
    above = divided(g.sum() - np.cumsum(g) + g / 2, g.sum())
    under = divided(np.cumsum(f) - f / 2, f.sum())
    of_fraud, of_genuine = divided(above - area, f.sum()), divided(under - area, g.sum())
    sums = fraud @ of_fraud + genuine @ of_genuine
    squares = fraud @ of_fraud**2 + genuine @ of_genuine**2
    n = fraud.sum(axis=1) + genuine.sum(axis=1)
    variance = _variance(sums, squares, n, weights)
    kish = [
        divided(cells.sum() ** 2, (weights**2 @ counts).sum())
        for cells, counts in ((f, fraud), (g, genuine))
    ]
    in_order = variance < _NO_VARIANCE
    effective = np.where(in_order, min(kish), divided(area * (1 - area), variance))
    _, low, high = wilson(area * effective, effective)
    return float(low), float(high)


def drawn(
    uploads: Cells, fraud: Cells, genuine: Cells, weights: Cells, seed: int
) -> tuple[Cells, Cells]:
    """Draw how many uploads of each score could be fraudulent and genuine, given the verdicts.

    What was never drawn for review cannot be told from what was: no resampling of verdicts finds
    the fraud that hides among high scores. But the scores of all uploads are known. So in each band
    the share of fraud among uploads without a verdict is drawn from Beta(1/3 + fraudulent,
    1/3 + genuine) (a prior without a say, Kerman 2011, Electronic Journal of Statistics 5:1450;
    what strata of different weights have in place of these numbers, `_beta_of` says),
    the number of them from the binomial distribution, and their scores around those of the
    fraudulent ones that were found, or anywhere in the band (Ferguson 1973, Annals of Statistics
    1:209). Uploads with a verdict are what they are. It is assumed that within a band and
    stratum those that were reviewed are like those that were not, as in a sample.

    ``uploads`` has one value per score; the verdicts are rows of strata.

    Returns `DRAWS` rows for both kinds, of one column per score.
    """
    chance = np.random.default_rng(seed)
    frauds = np.zeros((DRAWS, len(uploads)))
    found, others = fraud.sum(axis=0), genuine.sum(axis=0)
    unknown = np.maximum(uploads - found - others, 0)
    for low, high, _ in level_preset("argyle").ranges():
        band = slice(low, high + 1)
        shape = _beta_of(fraud[:, band], genuine[:, band], weights)
        share = chance.beta(*shape, size=(DRAWS, 1))
        hidden = chance.binomial(int(unknown[band].sum()), share).astype(np.float64)
        frauds[:, band] = found[band] + _spread(hidden, unknown[band], found[band], chance)
    return frauds, np.maximum(uploads, found + others) - frauds


def _beta_of(fraud: Cells, genuine: Cells, weights: Cells) -> tuple[float, float]:
    """Give the parameters of the beta distribution of a band's share of fraud.

    Of the rarer kind there are as many documents of one weight as have the mean and the variance of
    the weighted sum, that of a sum of Poisson variables; what was not seen has the largest weight
    (Fay and Feuer 1997, Statistics in Medicine 16:791).
    """
    hits, misses = fraud.sum(axis=1), genuine.sum(axis=1)
    reviewed = hits + misses > 0
    if not reviewed.any():
        return PRIOR, PRIOR
    most = weights[reviewed].max()
    sums = [float(weights @ kind + PRIOR * most) for kind in (hits, misses)]
    squares = [float(weights**2 @ kind + PRIOR * most**2) for kind in (hits, misses)]
    rarer = int(sums[1] < sums[0])
    number = sums[rarer] ** 2 / squares[rarer]
    return number * sums[0] / sums[rarer], number * sums[1] / sums[rarer]


def _spread(hidden: Cells, room: Cells, found: Cells, chance: np.random.Generator) -> Cells:
    """Spread numbers over the scores of a band, at no score more than there is room for."""
    if not room.any():
        return np.zeros((len(hidden), len(room)))
    near = SPREAD * room / room.sum() + found * (room > 0)
    # Where all are next to nothing, the smallest keeps them from being nothing.
    shape = chance.standard_gamma(near, size=(len(hidden), len(room))) + 1e-300 * room
    placed: Cells = np.minimum(hidden * shape / shape.sum(axis=1, keepdims=True), room)
    left = room - placed
    over = np.maximum(hidden - placed.sum(axis=1, keepdims=True), 0)
    placed += left * over / np.maximum(left.sum(axis=1, keepdims=True), 1e-9)
    return placed


def middle_95(estimates: Cells) -> tuple[Cells, Cells]:
    """Give the 2.5% and 97.5% quantiles over draws, without those not defined."""
    missing = np.isnan(estimates)
    ends = np.quantile(np.where(missing, 0.0, estimates), [0.025, 0.975], axis=0)
    # One by one is slow, so only where some are not defined.
    for place in np.argwhere(missing.any(axis=0)):
        column = (slice(None), *place)
        known = estimates[column][~missing[column]]
        ends[column] = np.quantile(known, [0.025, 0.975]) if len(known) else np.nan
    return ends[0], ends[1]


def estimate_interval(
    estimate: Cells, drawn: Cells, lowest: float | Cells = 0.0, highest: float = 1.0
) -> tuple[Cells, Cells]:
    """Give the interval at 95% of draws, with the same interval moved onto the estimate.

    Of few verdicts what nobody knows before tilts the draws to one side, and chance tilts the
    estimate: an area of few frauds is drawn too low, a cost without a missed fraud is estimated too
    low. The interval holds both. Its ends are no further than what is possible.
    """
    low, high = middle_95(drawn)
    known = ~np.isnan(drawn)
    mean = np.nansum(drawn, axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    moved = estimate - mean
    low, high = around(low, high, estimate, low + moved, high + moved)
    return np.maximum(low, np.minimum(lowest, estimate)), np.minimum(high, highest)


def around(low: Cells, high: Cells, *others: Cells) -> tuple[Cells, Cells]:
    """Widen an interval until it holds others too; what is not defined stays so."""
    defined = ~np.isnan(others[0])
    bounds = [np.fmin.reduce([low, *others]), np.fmax.reduce([high, *others])]
    return np.where(defined, bounds[0], np.nan), np.where(defined, bounds[1], np.nan)


def _variance(sums: Cells, squares: Cells, reviewed: Cells, weights: Cells) -> Cells:
    """Add up the variances of the strata's totals.

    That of a stratum of n is n / (n - 1) times its sum of squares about its mean; the factor of all
    documents together is left out, so that of one stratum it is the plain sum of squares.
    """
    n = reviewed.reshape(-1, *[1] * (sums.ndim - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        about_mean = (squares - sums**2 / n) * (n / (n - 1)) * (1 - 1 / reviewed.sum())
    strata: Cells = np.where(n > 1, about_mean, squares)
    total: Cells = weights**2 @ np.nan_to_num(strata)
    return total


def _effective_number(
    share: Cells, hits: Cells, of: Cells, reviewed: Cells, weights: Cells
) -> Cells:
    kish = divided((weights @ of) ** 2, weights**2 @ of)
    # Each document counts 1 - share if it is a hit, -share if not, and 0 if it is of another kind.
    sums = hits - share * of
    squares = hits * (1 - 2 * share) + share**2 * of
    variance = divided(_variance(sums, squares, reviewed, weights), (weights @ of) ** 2)
    linearized = divided(share * (1 - share), variance)
    known = (share > 0) & (share < 1) & (variance > _NO_VARIANCE)
    effective: Cells = np.minimum(np.where(known, linearized, kish), of.sum(axis=0))
    return effective
