"""Curves and areas, and intervals that hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from argyle_nb import Costs, count_verdicts
from argyle_nb.review import curves, sample
from argyle_nb.review.curves import auc_interval, drawn, middle_95, share_interval
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
        for name in ("catch_rate", "false_positive_rate", "precision"):
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
        assert (found.calibration().filter(like="fraud_rate").dtypes == "float64").all()
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
    def test_the_interval_of_the_area_reaches_at_least_as_far_as_delongs_with_wilsons_form(
        self, rows
    ):
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
            assert found["estimate_ci_low"] <= low + 1e-9
        assert 0 <= found["estimate_ci_low"] <= area + 1e-12
        assert area - 1e-12 <= found["estimate_ci_high"] <= 1

    def test_a_bootstrap_interval_holds_its_estimate(self):
        rows = [(20, True, 0), (60, True, 1), (55, False, 0), (90, False, 1)] * 9
        table = counted(rows, weighted=True).summary()
        assert (table["estimate_ci_low"] <= table["estimate"]).all()
        assert (table["estimate"] <= table["estimate_ci_high"]).all()

    @settings(max_examples=60)
    @given(documents)
    def test_without_weights_the_interval_of_every_share_reaches_at_least_as_far_as_wilsons(
        self, rows
    ):
        table, values = counted(rows).thresholds(), np.array([score for score, _, _ in rows])
        truth = np.array([fraudulent for _, fraudulent, _ in rows])
        for threshold in (0, 30, 60, 101):
            flagged = values < threshold
            row = table.loc[threshold]
            for name, hits, of in (
                ("catch_rate", flagged & truth, truth),
                ("false_positive_rate", flagged & ~truth, ~truth),
                ("precision", flagged & truth, flagged),
            ):
                _, low, high = wilson(hits.sum(), of.sum())
                if of.any():
                    assert row[f"{name}_ci_low"] <= low + 1e-9
                    assert row[f"{name}_ci_high"] >= high - 1e-9

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


def at(**scores):
    """Count documents by score: ``at(s90=3)``."""
    cells = np.zeros(101)
    for name, count in scores.items():
        cells[int(name[1:])] = count
    return cells


def draws_of(uploads, fraud, genuine):
    """Draw from one stratum."""
    return drawn(uploads, fraud[np.newaxis], genuine[np.newaxis], np.ones(1), 1)


class TestDraws:
    def test_what_was_reviewed_is_what_it_is_in_every_draw(self):
        fraud, genuine = draws_of(at(s10=3, s90=5), at(s10=3), at(s90=5))
        assert fraud.shape == genuine.shape == (curves.DRAWS, 101)
        assert (fraud == at(s10=3)).all()
        assert (genuine == at(s90=5)).all()

    def test_fraud_that_no_review_came_upon_is_reckoned_with(self):
        fraud, _ = draws_of(at(s10=50, s90=9000), at(s10=20), at(s90=90))
        hidden = fraud[:, 90] / 9000
        assert np.quantile(hidden, 0.975) == pytest.approx(
            stats.beta.ppf(0.975, 1 / 3, 90 + 1 / 3), rel=0.3
        )
        assert np.quantile(hidden, 0.25) < 0.001

    def test_fraud_of_a_stratum_that_stands_for_many_counts_for_many(self):
        uploads, clean = at(s90=9000), np.array([at(), at()])
        one_fraud = np.array([at(s90=1), at()])
        genuine = np.array([at(s90=50), at(s90=50)])
        light, heavy = (
            drawn(uploads, one_fraud, genuine, np.array(weights), 1)[0].sum(axis=1)
            for weights in ([1.0, 100.0], [100.0, 1.0])
        )
        assert light.mean() < heavy.mean()
        # What was not seen may be of the stratum of which each document stands for many.
        alike, unlike = (
            np.quantile(drawn(uploads, clean, genuine, np.array(weights), 1)[0].sum(axis=1), 0.975)
            for weights in ([1.0, 1.0], [1.0, 100.0])
        )
        assert unlike > 1.5 * alike

    def test_the_more_was_reviewed_the_less_may_hide(self):
        most = [
            np.quantile(draws_of(at(s90=9000), at(), at(s90=n))[0].sum(axis=1), 0.975)
            for n in (10, 100, 1000)
        ]
        assert most == sorted(most, reverse=True)

    def test_hidden_fraud_lies_where_fraud_was_found(self):
        fraud, _ = draws_of(at(s50=500, s79=500), at(s50=20), at(s79=20))
        assert np.median(fraud[:, 50]) > 5 * np.median(fraud[:, 79])

    @given(
        st.lists(st.integers(0, 30), min_size=101, max_size=101),
        st.lists(st.integers(0, 30), min_size=101, max_size=101),
        st.lists(st.integers(0, 300), min_size=101, max_size=101),
    )
    @settings(max_examples=20)
    def test_every_draw_is_of_the_uploads_that_there_are(self, fraud, genuine, others):
        fraud, genuine, others = (
            np.array(cells, dtype=float) for cells in (fraud, genuine, others)
        )
        uploads = fraud + genuine + others
        frauds, genuines = draws_of(uploads, fraud, genuine)
        np.testing.assert_allclose(frauds + genuines, np.broadcast_to(uploads, frauds.shape))
        assert (frauds >= fraud - 1e-6).all()
        assert (genuines >= genuine - 1e-6).all()

    def test_no_interval_has_no_width_while_something_is_not_reviewed(self):
        rows = [(10, True, 0)] * 12 + [(90, False, 2)] * 30
        found = counted(rows, extra=[90] * 2970, weighted=True)
        table = found.summary()
        assert (table["estimate_ci_high"] - table["estimate_ci_low"] > 0).all()
        costs = found.cost_curve(Costs(review=1, missed_fraud=300, rejected_genuine=10))
        assert (costs["cost_ci_high"] - costs["cost_ci_low"]).iloc[:90].gt(0).all()
        assert (costs["expected_cost"] >= costs["cost"] - 1e-9).iloc[11:90].all()

    def test_the_note_says_how_much_fraud_there_may_be_where_none_was_found(self):
        rows = [(10, True, 0)] * 12 + [(90, False, 2)] * 30
        note = counted(rows, extra=[90] * 2970, weighted=True).note
        most = stats.beta.ppf(0.975, 1 / 3, 30 + 1 / 3)
        assert "No fraud was found among 30 reviewed of 3,000 uploads that score 30 or more" in note
        assert f"up to {most:.1%} of these could be fraudulent" in note

    def test_where_all_was_reviewed_nothing_can_hide(self):
        rows = [(10, True, 0)] * 12 + [(90, False, 0)] * 30
        assert "could be fraudulent" not in counted(rows, weighted=True).note


class TestDistance:
    def test_where_the_kinds_are_alike_the_interval_reaches_0(self):
        rows = [(score, fraudulent, 0) for score in range(50) for fraudulent in (True, False)]
        low, estimate, high = (
            counted(rows)
            .summary()
            .loc["ks_separation", ["estimate_ci_low", "estimate", "estimate_ci_high"]]
        )
        assert (low, estimate) == (0, 0)
        assert 0.1 < high < 0.5

    def test_where_the_kinds_are_apart_it_is_1_and_never_above(self):
        low, estimate, high = (
            counted([(10, True, 0), (90, False, 0)] * 20)
            .summary()
            .loc["ks_separation"]
            .loc[["estimate_ci_low", "estimate", "estimate_ci_high"]]
        )
        assert low <= estimate == high == 1

    def test_it_reaches_as_far_as_the_whole_curve_moves_from_resample_to_resample(self):
        fraud, genuine = np.array([2.0, 0.0]), np.array([1.0, 1.0])
        other = np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]])
        assert curves.ks_interval(fraud, genuine, *other) == (0.0, 1.0)

    def test_two_documents_say_nothing_of_it(self):
        row = counted([(10, True, 0), (90, False, 0)]).summary().loc["ks_separation"]
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
            row = counted(rows).summary().loc["ks_separation"]
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


class TestInterval:
    def test_it_holds_the_draws_and_the_draws_moved_onto_the_estimate(self):
        drawn = np.linspace(0.4, 0.6, 101)
        low, high = curves.estimate_interval(np.array(0.7), drawn)
        assert low == pytest.approx(0.405)
        assert high == pytest.approx(0.795)

    def test_it_ends_at_what_is_possible(self):
        drawn = np.linspace(0.4, 0.6, 101)
        _, high = curves.estimate_interval(np.array(0.95), drawn)
        low, _ = curves.estimate_interval(np.array(0.05), drawn)
        assert (float(low), float(high)) == (0, 1)

    def test_without_an_estimate_there_is_none(self):
        ends = curves.estimate_interval(np.array(np.nan), np.full(5, np.nan))
        assert np.isnan(ends).all()


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
