"""Costs, and the threshold that does most with the reviews there are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb import Costs, count_verdicts
from argyle_nb.errors import ConfigurationError
from tests.support.judged import both_kinds, counted, documents, scores, tables


class TestBestThreshold:
    COSTS = Costs(review=10, missed_fraud=1000, rejected_genuine=100)
    ROWS = ((10, True, 0), (30, True, 0), (40, False, 0), (60, True, 0), *[(90, False, 0)] * 6)

    @pytest.mark.parametrize(
        ("capacity", "threshold", "reviews"),
        [(0, 0, 0), (1, 11, 1), (3, 41, 3), (9, 61, 4), (10, 91, 10)],
    )
    def test_without_costs_the_capacity_is_used_as_far_as_whole_scores_allow(
        self, capacity, threshold, reviews
    ):
        best = counted(self.ROWS).best_threshold(capacity)
        assert best.index.tolist() == [threshold]
        assert best["reviews"].tolist() == [reviews]

    def test_it_says_what_is_caught_there(self):
        best = counted(self.ROWS).best_threshold(3).iloc[0]
        assert best["catch_rate"] == pytest.approx(2 / 3)
        assert best["share_below"] == pytest.approx(0.3)

    def test_with_costs_it_is_the_cheapest_that_the_capacity_allows(self):
        found = counted(self.ROWS)
        best = found.best_threshold(10, self.COSTS)
        curve = found.cost_curve(self.COSTS)["cost"]
        assert best.index.tolist() == [curve.idxmin()] == [61]
        assert best["cost"].tolist() == [curve.min()]

    def test_a_dear_review_is_not_worth_it_whatever_the_capacity(self):
        dear = Costs(review=1e6, missed_fraud=1, rejected_genuine=1)
        assert counted(self.ROWS).best_threshold(10, dear).index.tolist() == [0]

    def test_what_is_rejected_needs_no_review(self):
        best = counted(self.ROWS).best_threshold(2, reject_below=35)
        assert best.index.tolist() == [61]
        assert best["reviews"].tolist() == [2]

    def test_the_best_threshold_of_the_resamples_is_given_as_a_range(self):
        best = counted(self.ROWS * 3).best_threshold(30, self.COSTS).iloc[0]
        assert best["threshold_low"] <= 61 <= best["threshold_high"]

    def test_capacity_is_of_all_uploads_and_not_of_the_reviewed_ones(self):
        best = counted(self.ROWS, extra=[5] * 100).best_threshold(100)
        assert best["reviews"].tolist() == [100]
        assert best.index.tolist() == [6]

    def test_a_capacity_below_nothing_is_refused(self):
        with pytest.raises(ConfigurationError, match="capacity"):
            counted(self.ROWS).best_threshold(-1)

    def test_the_range_goes_outwards_to_whole_scores(self):
        best = counted(self.ROWS * 3).best_threshold(30, self.COSTS)
        assert (best.dtypes[["threshold_low", "threshold_high"]] == "Int16").all()
        assert best["threshold_low"].iloc[0] in (0, 11, 31, 61)
        assert best["threshold_high"].iloc[0] in (31, 61)

    def test_without_a_sure_verdict_no_threshold_is_called_the_best(self):
        frame, said, _ = tables(self.ROWS)
        found = count_verdicts(frame, said.assign(verdict="unsure"))
        best = found.best_threshold(10, self.COSTS, reject_below=7).iloc[0]
        assert best.name == 7
        assert best["reviews"] == 0
        assert best[["cost", "cost_low", "cost_high"]].isna().all()
        assert best[["threshold_low", "threshold_high"]].isna().all()

    def test_resamples_without_a_sure_verdict_do_not_pull_the_range_to_nothing(self):
        rows = [(60, True, 0), (90, False, 0)]
        frame, said, _ = tables(rows, extra=[70] * 6)
        unsure = pd.DataFrame({"upload_id": frame["id"].iloc[2:], "verdict": "unsure"})
        dear = Costs(review=1, missed_fraud=1e6, rejected_genuine=1)
        best = count_verdicts(frame, pd.concat([said, unsure])).best_threshold(8, dear)
        # Fraud is in two of three resamples that know anything; in the others no review is best.
        assert best["threshold_high"].iloc[0] == 61

    @settings(max_examples=50)
    @given(documents, st.lists(scores, max_size=10), st.integers(0, 90), st.integers(0, 101))
    def test_it_is_the_best_of_all_that_the_capacity_allows(self, rows, extra, capacity, reject):
        found = counted(rows, extra)
        best = found.best_threshold(capacity, self.COSTS, reject_below=reject)
        curve = found.cost_curve(self.COSTS, reject_below=reject)["cost"]
        values = np.array([score for score, _, _ in rows] + extra)
        loads = {t: ((values >= reject) & (values < t)).sum() for t in range(reject, 102)}
        allowed = [t for t, load in loads.items() if load <= capacity]
        assert best["cost"].iloc[0] == pytest.approx(curve[allowed].min())
        assert best["reviews"].iloc[0] == loads[best.index[0]] <= capacity
        most = found.best_threshold(capacity, reject_below=reject)
        assert most["reviews"].iloc[0] == max(loads[t] for t in allowed)

    @settings(max_examples=50)
    @given(documents.filter(both_kinds), st.integers(0, 80), st.integers(0, 80))
    def test_more_capacity_never_does_worse(self, rows, one, other):
        less, more = sorted((one, other))
        found = counted(rows)
        plain = [found.best_threshold(n)["catch_rate"].iloc[0] for n in (less, more)]
        cost = [found.best_threshold(n, self.COSTS)["cost"].iloc[0] for n in (less, more)]
        assert plain[0] <= plain[1]
        assert cost[0] >= cost[1] - 1e-9

    @pytest.mark.parametrize("capacity", [-1, np.nan, "5", None])
    def test_what_is_no_capacity_is_refused(self, capacity):
        with pytest.raises(ConfigurationError, match="capacity must be 0 or more"):
            counted(self.ROWS).best_threshold(capacity)

    @pytest.mark.parametrize("reject", [-1, 102, 7.5])
    def test_rejecting_below_no_score_is_refused(self, reject):
        with pytest.raises(ConfigurationError, match="reject_below must be a whole number"):
            counted(self.ROWS).best_threshold(5, reject_below=reject)
        with pytest.raises(ConfigurationError, match="reject_below must be a whole number"):
            counted(self.ROWS).cost_curve(self.COSTS, reject_below=reject)


class TestCostCurve:
    @settings(max_examples=50)
    @given(documents, st.booleans(), st.integers(0, 101))
    def test_its_parts_add_up_to_it(self, rows, weighted, reject):
        costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
        table = counted(rows, weighted=weighted).cost_curve(costs, reject_below=reject)
        parts = table[["review_cost", "missed_cost", "rejected_cost"]]
        np.testing.assert_allclose(table["cost"], parts.sum(axis=1))
        assert (parts >= -1e-9).all(axis=None)
        assert table.index.tolist() == list(range(reject, 102))

    @settings(max_examples=30)
    @given(documents)
    def test_reviewing_everything_costs_reviews_alone(self, rows):
        costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
        last = counted(rows).cost_curve(costs).iloc[-1]
        assert last[["cost", "review_cost"]].tolist() == pytest.approx([8, 8])
        assert last["missed_cost"] == pytest.approx(0, abs=1e-9)

    @settings(max_examples=30)
    @given(documents, st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))
    def test_it_is_the_sum_of_the_curves_of_each_cost_alone(self, rows, review, missed, rejected):
        found = counted(rows)
        alone = [
            found.cost_curve(Costs(*costs), reject_below=40)["cost"]
            for costs in ((review, 0, 0), (0, missed, 0), (0, 0, rejected))
        ]
        together = found.cost_curve(Costs(review, missed, rejected), reject_below=40)["cost"]
        np.testing.assert_allclose(together, sum(alone), atol=1e-9)

    def test_what_costs_nothing_costs_nothing(self):
        table = counted([(10, True, 0), (90, False, 0)]).cost_curve(Costs(0, 0, 0))
        assert (table == 0).all(axis=None)

    def test_its_interval_holds_it_and_reviews_alone_have_none(self):
        rows = [(20, True, 0), (60, True, 0), (55, False, 0), (90, False, 0)] * 9
        costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
        table = counted(rows).cost_curve(costs)
        assert (table["cost_low"] <= table["cost"] + 1e-9).all()
        assert (table["cost"] <= table["cost_high"] + 1e-9).all()
        assert table["cost_low"].iloc[-1] == pytest.approx(table["cost_high"].iloc[-1])

    def test_it_names_the_currency(self):
        costs = Costs(8, 4000, 150, currency="EUR")
        assert counted([(10, True, 0)]).cost_curve(costs).attrs["currency"] == "EUR"

    def test_without_a_sure_verdict_only_reviews_are_known(self):
        table = counted([], extra=[10, 90]).cost_curve(Costs(8, 4000, 150))
        assert table["cost"].isna().all()
        assert table["review_cost"].tolist()[::50] == [0, 4, 8]


class TestCosts:
    @pytest.mark.parametrize("cost", [-1, np.inf, np.nan, "8", True, None, 1j])
    def test_an_impossible_cost_is_named(self, cost):
        with pytest.raises(ConfigurationError, match=r"costs\.missed_fraud must be a number"):
            Costs(review=1, missed_fraud=cost, rejected_genuine=1)

    @pytest.mark.parametrize("currency", [None, "", "  ", 5])
    def test_a_currency_that_is_none_is_refused(self, currency):
        with pytest.raises(ConfigurationError, match=r"costs\.currency must be a text"):
            Costs(1, 1, 1, currency=currency)

    @pytest.mark.parametrize("eight", [8, 8.0, np.int64(8), np.float32(8)])
    def test_a_number_is_the_same_cost_whatever_its_type(self, eight):
        costs = Costs(review=eight, missed_fraud=1, rejected_genuine=1)
        assert costs == Costs(8, 1, 1)
        assert type(costs.review) is float
