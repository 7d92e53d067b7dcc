"""Curves and areas from how many fraudulent and genuine documents have each score.

Fraud is expected at low scores: at threshold t a document is flagged when its score is below t.
The last axis of every array is the score (0 to 100) or the threshold (0 to 101); axes before it are
resamples. What is not defined, such as a curve without fraud, is NaN.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Cells: TypeAlias = npt.NDArray[np.float64]


def below(cells: Cells) -> Cells:
    """Add up what lies below each threshold.

    Examples
    --------
    >>> below(np.array([2.0, 0.0, 1.0])).tolist()
    [0.0, 2.0, 2.0, 3.0]
    """
    sums = np.cumsum(cells, axis=-1)
    return np.concatenate([np.zeros((*cells.shape[:-1], 1)), sums], axis=-1)


def divided(part: Cells, of: Cells) -> Cells:
    """Divide; of nothing there is no share.

    Examples
    --------
    >>> divided(np.array([1.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    result: Cells = part / np.where(of > 0, of, np.nan)
    return result


def auc(fraud: Cells, genuine: Cells) -> Cells:
    """Give the probability that a fraudulent document scores lower than a genuine one.

    Notes
    -----
    Ties count half: the area under the ROC curve is the Mann-Whitney statistic divided by the
    number of pairs; Hanley and McNeil 1982, Radiology 143:29.

    Examples
    --------
    >>> float(auc(np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0])))
    0.875
    """
    higher = genuine.sum(axis=-1, keepdims=True) - np.cumsum(genuine, axis=-1)
    pairs = (fraud * (higher + genuine / 2)).sum(axis=-1)
    return divided(pairs, fraud.sum(axis=-1) * genuine.sum(axis=-1))


def ks(fraud: Cells, genuine: Cells) -> Cells:
    """Give the greatest distance of the two cumulative shares (Kolmogorov-Smirnov).

    Examples
    --------
    >>> float(ks(np.array([2.0, 0.0]), np.array([1.0, 1.0])))
    0.5
    """
    distance: Cells = np.abs(_gaps(fraud, genuine)).max(axis=-1)
    return distance


def ks_interval(
    fraud: Cells, genuine: Cells, fraud_again: Cells, genuine_again: Cells
) -> tuple[float, float]:
    """Give the interval at 95 % of the greatest distance, from resamples.

    Notes
    -----
    The distance of resamples is too great, for whatever chance adds makes a maximum greater. So
    what is taken is how far the whole difference of the two cumulative shares moves from resample
    to resample: no further than the 95 % quantile of its greatest move. The interval is rather too
    wide; it reaches 0 where the two kinds cannot be told apart.

    Examples
    --------
    >>> fraud, genuine = np.array([2.0, 0.0]), np.array([1.0, 1.0])
    >>> ks_interval(fraud, genuine, np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]]))
    (0.0, 1.0)
    """
    moves = np.abs(_gaps(fraud_again, genuine_again) - _gaps(fraud, genuine)).max(axis=-1)
    distance, known = ks(fraud, genuine), moves[~np.isnan(moves)]
    if np.isnan(distance):
        return np.nan, np.nan
    # Where no resample has both kinds, there are too few documents to say anything.
    margin = np.quantile(known, 0.95) if len(known) else 1.0
    low, high = np.clip([distance - margin, distance + margin], 0, 1)
    return float(low), float(high)


def _gaps(fraud: Cells, genuine: Cells) -> Cells:
    return _shares_below(fraud) - _shares_below(genuine)


def average_precision(fraud: Cells, genuine: Cells) -> Cells:
    """Give the mean precision over the fraudulent documents, lowest score first.

    Notes
    -----
    sum over scores of (recall gained at the score) x (precision at the score), as
    ``sklearn.metrics.average_precision_score`` defines it; no interpolation.

    Examples
    --------
    >>> float(average_precision(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])))
    0.8333333333333333
    """
    found = np.cumsum(fraud, axis=-1)
    precision = divided(found, np.cumsum(fraud + genuine, axis=-1))
    gained = np.where(fraud > 0, fraud * np.nan_to_num(precision), 0.0)
    return divided(gained.sum(axis=-1), fraud.sum(axis=-1))


def _shares_below(cells: Cells) -> Cells:
    return divided(below(cells), cells.sum(axis=-1, keepdims=True))
