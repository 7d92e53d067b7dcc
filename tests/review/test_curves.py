"""Curves and areas, and intervals that hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from argyle_nb import count_verdicts
from argyle_nb.review import curves, sample
from argyle_nb.review.curves import auc_interval, middle_95, resampled, share_interval
from argyle_nb.scores import wilson
from tests.support.judged import EXACT, both_kinds, counted, documents, raw, tables


class TestMeasures:
    def test_a_threshold_has_below_it_what_scores_lower(self):
        assert curves.below(np.array([2.0, 0.0, 1.0])).tolist() == [0.0, 2.0, 2.0, 3.0]

    def test_of_nothing_there_is_no_share(self):
        np.testing.assert_array_equal(
            curves.divided(np.ones(2), np.array([4, 0.0])), [0.25, np.nan]
        )

    def test_resamples_are_measured_as_one_by_one(self):
        chance = np.random.default_rng(3)
        fraud, genuine = chance.integers(0, 4, (2, 5, 101)).astype(float)
        for measure in (curves.auc, curves.ks, curves.average_precision):
            each = [float(measure(f, g)) for f, g in zip(fraud, genuine, strict=True)]
            np.testing.assert_allclose(measure(fraud, genuine), each, rtol=1e-14)


class TestIntervals:
    @settings(max_examples=100)
    @given(documents, st.booleans())
    def test_every_share_lies_within_its_interval_and_both_within_0_and_1(self, rows, weighted):
        table = counted(rows, weighted=weighted).thresholds()
        for name in ("catch_rate", "false_alarm_rate", "precision"):
            low, share, high = table[f"{name}_ci_low"], table[name], table[f"{name}_ci_high"]
            known = share.notna()
            assert (known == low.notna()).all()
            assert (low[known] <= share[known] + 1e-12).all()
            assert (share[known] <= high[known] + 1e-12).all()
            assert low[known].between(0, 1).all()
            assert high[known].between(0, 1).all()

    def test_with_equal_weights_a_share_has_wilsons_interval(self):
        rows = [(10, True, 0)] * 3 + [(90, True, 0)] * 7 + [(90, False, 0)] * 20
        row = counted(rows).thresholds().loc[50]
        # 3 of 10, as printed by Newcombe's and Wilson's formula by hand.
        z, n, p = 1.959963984540054, 10, 0.3
        middle, scale = p + z * z / (2 * n), 1 + z * z / n
        spread = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        assert row["catch_rate_ci_low"] == pytest.approx((middle - spread) / scale, **EXACT)
        assert row["catch_rate_ci_high"] == pytest.approx((middle + spread) / scale, **EXACT)

    def test_shares_of_single_groups_are_numbers_too(self):
        found = counted([(10, True, 0), (90, False, 0)])
        assert (found.calibration().filter(like="share").dtypes == "float64").all()
        assert (found.confusion(50).filter(like="share").dtypes == "float64").all()

    def test_one_heavy_document_makes_the_interval_wide(self):
        light = [(10, True, 0)] * 50 + [(90, False, 0)] * 50
        heavy = [*light, (90, True, 2), (90, False, 2)]
        narrow = counted(light, weighted=True).thresholds().loc[50]
        wide = counted(heavy, weighted=True).thresholds().loc[50]
        assert narrow["catch_rate_ci_high"] - narrow["catch_rate_ci_low"] < 0.1
        assert wide["catch_rate_ci_high"] - wide["catch_rate_ci_low"] > 0.5

    def test_the_intervals_of_stratified_samples_hold_the_truth_19_times_of_20(self):
        chance = np.random.default_rng(5)
        score = np.concatenate([chance.integers(0, 60, 200), chance.integers(40, 101, 3800)])
        fraudulent = chance.random(4000) < np.where(score < 50, 0.5, 0.03)
        rows = [(int(s), bool(f), 0) for s, f in zip(score, fraudulent, strict=True)]
        frame, said, _ = tables(rows)
        frame["document_type"], frame["authenticity_level"] = (
            "paystubs",
            np.where(score < 50, "low", "high"),
        )
        truth = count_verdicts(frame, said)
        catch = truth.thresholds().loc[50, "catch_rate"]
        area = truth.summary().loc["auc", "estimate"]
        within = {"catch": 0, "auc": 0}
        for seed in range(100):
            chosen = sample(frame, 300, seed=seed)
            found = count_verdicts(frame, said, chosen)
            row = found.thresholds().loc[50]
            within["catch"] += row["catch_rate_ci_low"] <= catch <= row["catch_rate_ci_high"]
            low, high = auc_interval(found._by_stratum(0), found._by_stratum(1), found._weights)
            within["auc"] += low <= area <= high
        assert within["catch"] >= 90
        assert within["auc"] >= 90

    def test_the_same_seed_gives_the_same_bootstrap_and_another_seed_another(self):
        rows = [(20, True, 0), (60, True, 0), (55, False, 0), (90, False, 0)] * 5
        first, again, other = (counted(rows, seed=seed).summary() for seed in (1, 1, 2))
        pd.testing.assert_frame_equal(first, again)
        assert not first.equals(other)

    @settings(max_examples=60)
    @given(documents.filter(both_kinds))
    def test_the_interval_of_the_area_is_delongs_with_wilsons_form(self, rows):
        truth, suspicion, _ = raw(rows, weighted=False)
        pairs = suspicion[truth][:, None] - suspicion[~truth][None, :]
        order = (pairs > 0) + (pairs == 0) / 2
        area, n = order.mean(), (truth.sum(), (~truth).sum())
        variance = order.mean(axis=1).var() / n[0] + order.mean(axis=0).var() / n[1]
        found = counted(rows).summary().loc["auc"]
        if variance > 1e-12:
            number, z = area * (1 - area) / variance, 1.959963984540054
            spread = z * np.sqrt(area * (1 - area) / number + z**2 / (4 * number**2))
            low = (area + z**2 / (2 * number) - spread) / (1 + z**2 / number)
            assert found["estimate_ci_low"] == pytest.approx(low, abs=1e-9)
        assert 0 <= found["estimate_ci_low"] <= area + 1e-12
        assert area - 1e-12 <= found["estimate_ci_high"] <= 1

    def test_a_bootstrap_interval_holds_its_estimate(self):
        rows = [(20, True, 0), (60, True, 1), (55, False, 0), (90, False, 1)] * 9
        table = counted(rows, weighted=True).summary()
        assert (table["estimate_ci_low"] <= table["estimate"]).all()
        assert (table["estimate"] <= table["estimate_ci_high"]).all()

    @settings(max_examples=60)
    @given(documents)
    def test_without_weights_every_share_has_wilsons_interval(self, rows):
        table, values = counted(rows).thresholds(), np.array([score for score, _, _ in rows])
        truth = np.array([fraudulent for _, fraudulent, _ in rows])
        for threshold in (0, 30, 60, 101):
            flagged = values < threshold
            row = table.loc[threshold]
            for name, hits, of in (
                ("catch_rate", flagged & truth, truth),
                ("false_alarm_rate", flagged & ~truth, ~truth),
                ("precision", flagged & truth, flagged),
            ):
                _, low, high = wilson(hits.sum(), of.sum())
                np.testing.assert_allclose(row[f"{name}_ci_low"], low, atol=1e-9)
                np.testing.assert_allclose(row[f"{name}_ci_high"], high, atol=1e-9)

    @settings(max_examples=60)
    @given(documents)
    def test_weights_never_make_an_interval_narrower_than_the_documents_allow(self, rows):
        one = np.ones(3)
        hits = np.zeros(3)
        of = np.zeros(3)
        for _, fraudulent, stratum in rows:
            hits[stratum] += fraudulent
            of[stratum] += 1
        share, low, high = share_interval(hits, of, of, np.array([1, 4, 100.0]))
        _, least, most = wilson(share * of.sum(), of.sum())
        assert low <= least + 1e-9
        assert most - 1e-9 <= high
        plain, *_ = share_interval(hits, of, of, one)
        assert plain == pytest.approx(hits.sum() / of.sum())


class TestSmallStrata:
    def test_resamples_of_two_documents_vary_as_much_as_two_documents_do(self):
        cells = np.zeros((1, 3, 101), dtype=np.int64)
        cells[0, 0, 10] = cells[0, 1, 90] = 1
        fraud, _ = resampled(cells, np.array([1.0]), seed=1)
        # Of a share of one half, s^2 / n with s^2 = 1/2: 0.25, where plain resampling has 0.125.
        assert (fraud.sum(axis=1) / 2).var() == pytest.approx(0.25, abs=0.02)

    @pytest.mark.parametrize("n", [1, 2, 5, 40])
    def test_resamples_keep_what_a_stratum_stands_for(self, n):
        cells = np.zeros((2, 3, 101), dtype=np.int64)
        cells[0, 0, :n], cells[1, 1, 50] = 1, 7
        fraud, genuine = resampled(cells, np.array([3.0, 11.0]), seed=1)
        assert fraud.shape == genuine.shape == (curves.RESAMPLES, 101)
        np.testing.assert_allclose(fraud.sum(axis=1), 3 * n)
        np.testing.assert_allclose(genuine.sum(axis=1), 77)

    def test_a_resample_of_nothing_is_nothing(self):
        fraud, genuine = resampled(np.zeros((1, 3, 101), dtype=np.int64), np.array([1.0]), seed=1)
        assert fraud.sum() == genuine.sum() == 0

    def test_strata_of_one_document_are_not_taken_for_certain(self):
        hits, of = np.array([1.0, 0, 0, 1, 0, 0]), np.ones(6)
        alone = share_interval(hits, of, of, np.array([1.0, 1, 1, 1, 1, 9]))
        assert alone[2] - alone[1] > 0.3

    def test_the_fewer_documents_a_stratum_has_the_wider_the_interval(self):
        weights = np.array([1.0, 100.0])
        widths = []
        for n in (2, 4, 20, 200):
            hits, of = np.array([50.0, n / 2]), np.array([100.0, n])
            _, low, high = share_interval(hits, of, of, weights)
            widths.append(high - low)
        assert widths == sorted(widths, reverse=True)
        assert widths[0] > 0.7

    @pytest.mark.parametrize(("few", "is_said"), [(9, True), (10, False)])
    def test_strata_too_small_for_their_intervals_are_spoken_of(self, few, is_said):
        rows = [(20, True, 0)] * 30 + [(90, False, 1)] * few
        note = counted(rows, weighted=True).note
        assert ("1 strata have fewer than 10 sure verdicts" in note) == is_said

    def test_a_small_stratum_that_was_reviewed_whole_is_not_spoken_of(self):
        rows = [(20, True, 0)] * 3 + [(90, False, 1)] * 30
        assert "too narrow" not in counted(rows, weighted=True).note


class TestDistance:
    def test_where_the_kinds_are_alike_the_interval_reaches_0(self):
        rows = [(score, fraudulent, 0) for score in range(50) for fraudulent in (True, False)]
        low, estimate, high = (
            counted(rows).summary().loc["ks", ["estimate_ci_low", "estimate", "estimate_ci_high"]]
        )
        assert (low, estimate) == (0, 0)
        assert 0.1 < high < 0.5

    def test_where_the_kinds_are_apart_it_is_1_and_never_above(self):
        low, estimate, high = (
            counted([(10, True, 0), (90, False, 0)] * 20)
            .summary()
            .loc["ks"]
            .loc[["estimate_ci_low", "estimate", "estimate_ci_high"]]
        )
        assert low <= estimate == high == 1

    def test_it_reaches_as_far_as_the_whole_curve_moves_from_resample_to_resample(self):
        fraud, genuine = np.array([2.0, 0.0]), np.array([1.0, 1.0])
        other = np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]])
        assert curves.ks_interval(fraud, genuine, *other) == (0.0, 1.0)

    def test_two_documents_say_nothing_of_it(self):
        row = counted([(10, True, 0), (90, False, 0)]).summary().loc["ks"]
        assert row.tolist() == [1, 0, 1]

    @pytest.mark.parametrize("apart", [0, 8, 30])
    def test_its_interval_holds_the_truth_19_times_of_20(self, apart):
        chance, within = np.random.default_rng(4), 0
        at = np.arange(101)
        shares = [stats.norm.cdf(at + 0.5, middle, 15) for middle in (70 - apart, 70)]
        truth = np.abs(shares[0] - shares[1]).max()
        for _ in range(60):
            fraud, genuine = (
                np.clip(chance.normal(middle, 15, n).round(), 0, 100).astype(int)
                for middle, n in ((70 - apart, 60), (70, 150))
            )
            rows = [(s, True, 0) for s in fraud] + [(s, False, 0) for s in genuine]
            row = counted(rows).summary().loc["ks"]
            within += row["estimate_ci_low"] - 1e-12 <= truth <= row["estimate_ci_high"]
        assert within >= 54


class TestMiddle:
    def test_it_leaves_out_what_is_not_defined(self):
        estimates = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
        low, high = middle_95(estimates)
        assert low[0] == pytest.approx(1.05)
        assert high[0] == pytest.approx(2.95)
        assert np.isnan([low[1], high[1]]).all()

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
    def test_it_lies_within_the_resamples(self, estimates):
        low, high = middle_95(np.array(estimates))
        assert min(estimates) <= low <= high <= max(estimates)


class TestArea:
    @pytest.mark.parametrize(("fraud", "genuine"), [([10] * 6, [90] * 9), ([90] * 6, [10] * 9)])
    def test_perfect_order_is_no_certainty(self, fraud, genuine):
        rows = [(s, True, 0) for s in fraud] + [(s, False, 0) for s in genuine]
        row = counted(rows).summary().loc["auc"]
        _, low, high = wilson(6 * row["estimate"], 6)
        assert row["estimate_ci_low"] == pytest.approx(float(low), abs=1e-12)
        assert row["estimate_ci_high"] == pytest.approx(float(high), abs=1e-12)

    def test_all_scores_the_same_are_no_certainty_either(self):
        row = counted([(50, True, 0), (50, False, 0)] * 8).summary().loc["auc"]
        assert row["estimate"] == 0.5
        assert row["estimate_ci_low"] < 0.3
        assert row["estimate_ci_high"] > 0.7

    def test_it_narrows_with_the_root_of_the_number(self):
        rows = [(20, True, 0), (60, True, 0), (55, False, 0), (90, False, 0)]
        few, many = (counted(rows * n).summary().loc["auc"] for n in (25, 100))
        assert (few["estimate_ci_high"] - few["estimate_ci_low"]) / (
            many["estimate_ci_high"] - many["estimate_ci_low"]
        ) == pytest.approx(2, abs=0.1)

    def test_gini_has_the_interval_of_the_area(self):
        table = counted([(20, True, 0), (60, True, 0), (55, False, 0), (90, False, 0)]).summary()
        np.testing.assert_allclose(table.loc["gini"], 2 * table.loc["auc"] - 1)

    def test_without_one_kind_there_is_none(self):
        one = np.ones((1, 101))
        assert np.isnan(auc_interval(one, 0 * one, np.array([1.0]))).all()
        assert np.isnan(auc_interval(0 * one, one, np.array([1.0]))).all()
