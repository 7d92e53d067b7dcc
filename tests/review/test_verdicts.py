"""Numbers from counts of scores and verdicts are those of scikit-learn on the raw scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)

from argyle_nb import Costs
from tests.support.judged import EXACT, both_kinds, counted, documents, raw, scores


class TestAgainstScikitLearn:
    @settings(max_examples=200)
    @given(documents.filter(both_kinds), st.booleans())
    def test_the_area_under_the_roc_curve(self, rows, weighted):
        truth, suspicion, weights = raw(rows, weighted)
        expected = roc_auc_score(truth, suspicion, sample_weight=weights)
        found = counted(rows, weighted=weighted)
        table = found.summary()["estimate"]
        assert table["auc"] == pytest.approx(expected, **EXACT)
        assert table["gini"] == pytest.approx(2 * expected - 1, **EXACT)

    @settings(max_examples=200)
    @given(documents.filter(both_kinds), st.booleans())
    def test_the_average_precision(self, rows, weighted):
        truth, suspicion, weights = raw(rows, weighted)
        expected = average_precision_score(truth, suspicion, sample_weight=weights)
        found = counted(rows, weighted=weighted).summary().loc["average_precision", "estimate"]
        assert found == pytest.approx(expected, **EXACT)

    @settings(max_examples=100)
    @given(documents.filter(both_kinds))
    def test_the_kolmogorov_smirnov_distance(self, rows):
        truth, suspicion, _ = raw(rows, weighted=False)
        with np.errstate(divide="ignore"):  # its p-value, which is not asked for
            expected = ks_2samp(suspicion[truth], suspicion[~truth], method="asymp").statistic
        found = counted(rows).summary().loc["ks", "estimate"]
        assert found == pytest.approx(expected, **EXACT)

    @settings(max_examples=200)
    @given(documents.filter(both_kinds), st.booleans(), st.integers(0, 101))
    def test_the_confusion_at_a_threshold(self, rows, weighted, threshold):
        truth, suspicion, weights = raw(rows, weighted)
        flagged = -suspicion < threshold
        expected = confusion_matrix(truth, flagged, sample_weight=weights, labels=[True, False])
        found = counted(rows, weighted=weighted).confusion(threshold)[["flagged", "passed"]]
        np.testing.assert_allclose(found.to_numpy(), expected, rtol=1e-12, atol=1e-12)

    @settings(max_examples=200)
    @given(documents.filter(both_kinds), st.booleans(), st.integers(1, 101))
    def test_catch_rate_and_precision_at_a_threshold(self, rows, weighted, threshold):
        truth, suspicion, weights = raw(rows, weighted)
        flagged = -suspicion < threshold
        row = counted(rows, weighted=weighted).thresholds().loc[threshold]
        recall = recall_score(truth, flagged, sample_weight=weights)
        assert row["catch_rate"] == pytest.approx(recall, **EXACT)
        if flagged.any():
            precision = precision_score(truth, flagged, sample_weight=weights)
            assert row["precision"] == pytest.approx(precision, **EXACT)
        else:
            assert np.isnan(row["precision"])

    @settings(max_examples=100)
    @given(documents.filter(both_kinds), st.booleans())
    def test_the_trapezoids_under_the_roc_table_are_the_area(self, rows, weighted):
        found = counted(rows, weighted=weighted)
        curve = found.roc()
        area = np.trapezoid(curve["catch_rate"], curve["false_alarm_rate"])
        assert area == pytest.approx(found.summary().loc["auc", "estimate"], **EXACT)

    @settings(max_examples=100)
    @given(documents, st.booleans())
    def test_the_share_of_fraud_in_each_level(self, rows, weighted):
        truth, suspicion, weights = raw(rows, weighted)
        table = counted(rows, weighted=weighted).calibration()
        for row in table.itertuples():
            inside = (-suspicion >= row.lowest_score) & (-suspicion <= row.highest_score)
            assert row.documents == inside.sum()
            if inside.any():
                expected = np.average(truth[inside], weights=weights[inside])
                assert row.fraud_share == pytest.approx(expected, **EXACT)

    @settings(max_examples=100)
    @given(documents, st.lists(scores), st.integers(0, 101), st.integers(0, 101))
    def test_the_cost_is_the_sum_over_documents(self, rows, extra, one, other):
        reject, threshold = sorted((one, other))
        costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
        truth, suspicion, _ = raw(rows, weighted=False)
        score = -suspicion
        everything = np.concatenate([score, np.array(extra, dtype=int)])
        expected = (
            8 * ((everything >= reject) & (everything < threshold)).mean()
            + 4000 * (truth & (score >= threshold)).mean()
            + 150 * (~truth & (score < reject)).mean()
        )
        curve = counted(rows, extra).cost_curve(costs, reject_below=reject)
        assert curve.loc[threshold, "cost"] == pytest.approx(expected, rel=1e-12, abs=1e-12)
