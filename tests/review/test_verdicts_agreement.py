"""On 500 generated data sets, half of them weighted, every number is scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from argyle_nb import Costs
from tests.support.judged import counted, draw, raw

COSTS = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
REJECT_BELOW = 20


def areas(found, truth, suspicion, weights):
    ours = found.summary()["estimate"]
    false_alarms, caught, _ = roc_curve(truth, suspicion, sample_weight=weights)
    area = roc_auc_score(truth, suspicion, sample_weight=weights)
    precision = average_precision_score(truth, suspicion, sample_weight=weights)
    return {
        "auc": (ours["auc"], area),
        "gini": (ours["gini"], 2 * area - 1),
        "ks": (ours["ks"], np.abs(caught - false_alarms).max()),
        "average precision": (ours["average_precision"], precision),
        "share of fraud": (ours["fraud_share"], np.average(truth, weights=weights)),
    }


def curves(found, truth, suspicion, weights):
    """scikit-learn flags what is at least as suspicious as a score, so one threshold higher."""
    false_alarms, caught, at = roc_curve(
        truth, suspicion, sample_weight=weights, drop_intermediate=False
    )
    table = found.roc().loc[(1 - at[1:]).astype(int)]
    precision, recall, on = precision_recall_curve(truth, suspicion, sample_weight=weights)
    other = found.precision_recall().loc[(1 - on).astype(int)]
    return {
        "false alarm rate": (table["false_alarm_rate"], false_alarms[1:]),
        "catch rate": (table["catch_rate"], caught[1:]),
        "precision": (other["precision"], precision[:-1]),
        "recall": (other["recall"], recall[:-1]),
    }


def tables(found, truth, suspicion, weights, threshold):
    flagged = -suspicion < threshold
    confusion = confusion_matrix(truth, flagged, sample_weight=weights, labels=[True, False])
    levels = np.searchsorted([30, 50, 80], -suspicion, side="right")
    shares = [
        np.average(truth[levels == n], weights=weights[levels == n]) if (levels == n).any() else 0
        for n in range(4)
    ]
    share = weights / weights.sum()
    cost = (
        COSTS.review * ((-suspicion >= REJECT_BELOW) & (-suspicion < threshold)).mean()
        + COSTS.missed_fraud * share[truth & (-suspicion >= threshold)].sum()
        + COSTS.rejected_genuine * share[~truth & (-suspicion < REJECT_BELOW)].sum()
    )
    curve = found.cost_curve(COSTS, reject_below=REJECT_BELOW)["cost"]
    return {
        "confusion": (found.confusion(threshold)[["flagged", "passed"]], confusion),
        "calibration": (found.calibration()["fraud_share"].fillna(0), shares),
        "documents": (found.calibration()["documents"], np.bincount(levels, minlength=4)),
        "cost": (curve[threshold], cost),
    }


def difference(ours, theirs):
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    assert ours.shape == theirs.shape
    return float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))).max(initial=0))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("part", range(5))
def test_fifty_data_sets_agree(part, weighted):
    chance = np.random.default_rng([part, weighted])
    for number in range(50):
        rows = draw(chance)
        threshold = int(chance.integers(REJECT_BELOW, 102))
        found, known = counted(rows, weighted=weighted), raw(rows, weighted)
        pairs = areas(found, *known) | curves(found, *known) | tables(found, *known, threshold)
        wrong = {name: gap for name, pair in pairs.items() if (gap := difference(*pair)) > 1e-12}
        assert not wrong, f"data set {number} of {len(rows)} documents, threshold {threshold}"
