"""Verdicts are counted for the uploads they stand for, and the numbers are scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from argyle_nb import Costs, count_verdicts
from argyle_nb.errors import ConfigurationError, DecodeError, ValidationError
from argyle_nb.review import sample
from tests.support.judged import (
    EXACT,
    SHARES,
    both_kinds,
    counted,
    documents,
    draw,
    raw,
    scores,
    tables,
    uploads,
)

COSTS = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
REJECT_BELOW = 20
DAY = pd.Timestamp("2026-01-05")
FEW = settings(max_examples=40)


def areas_of(found, truth, suspicion, weights):
    ours = found.summary()["estimate"]
    false_alarms, caught, _ = roc_curve(truth, suspicion, sample_weight=weights)
    area = roc_auc_score(truth, suspicion, sample_weight=weights)
    precision = average_precision_score(truth, suspicion, sample_weight=weights)
    return {
        "auc": (ours["auc"], area),
        "gini": (ours["gini"], 2 * area - 1),
        "ks": (ours["ks_separation"], np.abs(caught - false_alarms).max()),
        "average precision": (ours["average_precision"], precision),
        "share of fraud": (ours["fraud_rate"], np.average(truth, weights=weights)),
    }


def curves_of(found, truth, suspicion, weights):
    """scikit-learn flags what is at least as suspicious as a score, so one threshold higher."""
    false_alarms, caught, at = roc_curve(
        truth, suspicion, sample_weight=weights, drop_intermediate=False
    )
    table = found.roc().loc[(1 - at[1:]).astype(int)]
    precision, recall, on = precision_recall_curve(truth, suspicion, sample_weight=weights)
    other = found.precision_recall().loc[(1 - on).astype(int)]
    return {
        "false alarm rate": (table["false_positive_rate"], false_alarms[1:]),
        "catch rate": (table["catch_rate"], caught[1:]),
        "precision": (other["precision"], precision[:-1]),
        "recall": (other["recall"], recall[:-1]),
    }


def tables_of(found, truth, suspicion, weights, threshold):
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
        "calibration": (found.calibration()["fraud_rate"].fillna(0), shares),
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
        pairs = (
            areas_of(found, *known) | curves_of(found, *known) | tables_of(found, *known, threshold)
        )
        wrong = {name: gap for name, pair in pairs.items() if (gap := difference(*pair)) > 1e-12}
        assert not wrong, f"data set {number} of {len(rows)} documents, threshold {threshold}"


class TestAgainstScikitLearn:
    @settings(max_examples=100)
    @given(documents.filter(both_kinds))
    def test_the_kolmogorov_smirnov_distance(self, rows):
        truth, suspicion, _ = raw(rows, weighted=False)
        with np.errstate(divide="ignore"):  # its p-value, which is not asked for
            expected = ks_2samp(suspicion[truth], suspicion[~truth], method="asymp").statistic
        found = counted(rows).summary().loc["ks_separation", "estimate"]
        assert found == pytest.approx(expected, **EXACT)

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
        area = np.trapezoid(curve["catch_rate"], curve["false_positive_rate"])
        assert area == pytest.approx(found.summary().loc["auc", "estimate"], **EXACT)

    @settings(max_examples=100)
    @given(documents, st.lists(scores), st.integers(0, 101), st.integers(0, 101))
    def test_the_cost_is_the_sum_over_documents(self, rows, extra, one, other):
        reject, threshold = sorted((one, other))
        truth, suspicion, _ = raw(rows, weighted=False)
        score = -suspicion
        everything = np.concatenate([score, np.array(extra, dtype=int)])
        expected = (
            8 * ((everything >= reject) & (everything < threshold)).mean()
            + 4000 * (truth & (score >= threshold)).mean()
            + 150 * (~truth & (score < reject)).mean()
        )
        curve = counted(rows, extra).cost_curve(COSTS, reject_below=reject)
        assert curve.loc[threshold, "cost"] == pytest.approx(expected, rel=1e-12, abs=1e-12)


class TestSmallAndEmpty:
    @pytest.mark.parametrize("rows", [[], [(10, True, 0)], [(10, False, 0)]])
    def test_one_kind_alone_has_no_curve_and_no_crash(self, rows):
        found = counted(rows)
        summary = found.summary()
        assert summary.loc[["auc", "gini", "ks_separation"], "estimate"].isna().all()
        assert len(found.thresholds()) == 102
        assert len(found.calibration()) == 4
        costs = Costs(review=1, missed_fraud=1, rejected_genuine=1)
        assert found.best_threshold(5, costs, reject_below=3).index[0] >= 3

    def test_of_nothing_every_share_is_missing_and_never_0(self):
        table = counted([]).thresholds()
        assert (
            table[["review_rate", "catch_rate", "false_positive_rate", "precision"]]
            .isna()
            .all(axis=None)
        )
        assert (table["uploads_below"] == 0).all()

    def test_unsure_is_counted_and_decides_nothing(self):
        frame, said, _ = tables([(10, True, 0), (90, False, 0), (50, True, 0)])
        said.loc[2, "verdict"] = "unsure"
        found = count_verdicts(frame, said)
        assert repr(found) == (
            "VerdictCounts(1 fraudulent, 1 genuine, 1 unsure, of 3 scored uploads)"
        )
        assert found.confusion(60)["documents"].sum() == 2


class TestSelectionBias:
    def test_reviewing_low_scores_only_flatters_the_catch_rate_and_weights_put_it_right(self):
        frame = uploads(1000)
        score = frame["ocr_authenticity_score"]
        fraudulent = (score == 10) | (np.arange(1000) % 30 == 1)
        said = pd.DataFrame({"upload_id": frame["id"]})
        said["verdict"] = np.where(fraudulent, "fraudulent", "genuine")
        truth = count_verdicts(frame, said).thresholds().loc[50, "catch_rate"]

        low_only = count_verdicts(frame, said[score == 10])
        weighted = count_verdicts(frame, said, sample(frame, 200))

        assert low_only.thresholds().loc[50, "catch_rate"] == 1.0
        row = weighted.thresholds().loc[50]
        assert row["catch_rate_ci_low"] <= truth <= row["catch_rate_ci_high"] < 1

    def test_without_rates_every_table_says_what_it_cannot_know(self):
        found = counted([(10, True, 0), (90, False, 0)], extra=[50] * 8)
        costs = Costs(review=1, missed_fraud=1, rejected_genuine=1)
        for table in (
            found.summary(),
            found.thresholds(),
            found.roc(),
            found.precision_recall(),
            found.confusion(50),
            found.calibration(),
            found.cost_curve(costs),
            found.best_threshold(3),
        ):
            assert "2 of 10 scored uploads have a verdict" in table.attrs["note"]
            assert "the true catch rate is lower" in table.attrs["note"]

    def test_where_everything_was_reviewed_there_is_no_bias_to_speak_of(self):
        assert counted([(10, True, 0), (90, False, 0)]).note == (
            "2 of 2 scored uploads have a verdict."
        )

    def test_a_stratum_without_a_sure_verdict_is_named(self):
        frame, said, chosen = tables([(10, True, 0), (90, False, 1)])
        note = count_verdicts(frame, said.head(1), chosen).note
        assert "lack of a definite verdict: s1." in note
        assert "Sampled uploads without a verdict (1 of 2)" in note

    def test_verdicts_that_cannot_be_used_are_counted_in_words(self):
        frame, said, chosen = tables([(10, True, 0), (90, False, 1), (50, False, 1)])
        frame.loc[2, "ocr_authenticity_score"] = pd.NA
        note = count_verdicts(frame, said, chosen.head(1)).note
        assert "Verdicts outside the sample are not counted (1)." in note
        assert "where the upload is not in the table or has no score (1)." in note


class TestBadInput:
    def test_an_unknown_verdict_is_named_with_the_known_ones(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match=r"Unknown verdict fake\. Use one of genuine"):
            count_verdicts(frame, said.assign(verdict="fake"))

    def test_two_verdicts_on_one_document_are_refused_where_no_reviewer_is_named(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="Several verdicts on u0"):
            count_verdicts(frame, pd.concat([said, said]))

    def test_an_upload_twice_in_the_frame_is_named(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="frame lists u0 more than once"):
            count_verdicts(pd.concat([frame, frame]), said)

    def test_a_log_of_several_reviewers_is_settled_first(self):
        frame, said, _ = tables([(10, True, 0)])
        rows = [said.assign(reviewer=who, reviewed_at=DAY) for who in "ab"]
        assert count_verdicts(frame, pd.concat(rows)).counts.to_numpy().sum() == 1

    @pytest.mark.parametrize("rate", [0.0, -0.5, 1.5, np.nan])
    def test_an_impossible_sampling_rate_is_refused(self, rate):
        frame, said, chosen = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="sampling_rate"):
            count_verdicts(frame, said, chosen.assign(sampling_rate=rate))

    def test_rates_of_two_samples_are_not_mixed(self):
        frame, said, chosen = tables([(10, True, 0), (20, True, 0)])
        chosen["sampling_rate"] = [0.5, 0.25]
        with pytest.raises(ValidationError, match="one sample at a time"):
            count_verdicts(frame, said, chosen)

    def test_an_upload_twice_in_the_sample_is_refused(self):
        frame, said, chosen = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="twice"):
            count_verdicts(frame, said, pd.concat([chosen, chosen]))

    def test_a_missing_column_is_named(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ConfigurationError, match="verdicts has no column verdict"):
            count_verdicts(frame, said[["upload_id"]])

    @pytest.mark.parametrize("threshold", [-1, 102, 50.5, "50"])
    def test_a_threshold_outside_0_to_101_is_refused(self, threshold):
        with pytest.raises(ConfigurationError, match="0 to 101"):
            counted([(10, True, 0)]).confusion(threshold)

    @pytest.mark.parametrize("score", [-5, -1, 101, 150, 32767, -32768])
    def test_a_score_outside_0_to_100_is_refused_and_counted_nowhere(self, score):
        frame, said, _ = tables([(10, True, 0), (50, False, 0)])
        frame.loc[1, "ocr_authenticity_score"] = score
        with pytest.raises(DecodeError, match=f"record u1, .* {score} is not a whole number"):
            count_verdicts(frame, said)

    @pytest.mark.parametrize("score", [79.6, np.inf, -0.5, 1e30, "high"])
    def test_a_score_that_is_no_whole_number_is_refused(self, score):
        frame, said, _ = tables([(10, True, 0), (50, False, 0)])
        frame["ocr_authenticity_score"] = pd.Series([10, score], dtype=object)
        with pytest.raises(DecodeError, match="record u1"):
            count_verdicts(frame, said)

    @pytest.mark.parametrize("verdict", ["Fraudulent", "fake", None])
    def test_an_unknown_verdict_of_a_named_reviewer_is_not_taken_for_unsure(self, verdict):
        frame, said, _ = tables([(10, True, 0)])
        said = said.assign(verdict=verdict, reviewer="ada", reviewed_at=DAY)
        with pytest.raises(ValidationError, match="Unknown verdict"):
            count_verdicts(frame, said)

    @pytest.mark.parametrize("reviewed", [{}, {"reviewer": "ada", "reviewed_at": DAY}])
    def test_a_verdict_on_no_upload_is_refused(self, reviewed):
        frame, said, _ = tables([(10, True, 0), (50, False, 0)])
        said = said.assign(**reviewed)
        said.loc[0, "upload_id"] = None
        with pytest.raises(ValidationError, match="Verdicts without upload_id: 1"):
            count_verdicts(frame, said)

    def test_a_reviewer_without_a_time_is_refused(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ConfigurationError, match="no column reviewed_at"):
            count_verdicts(frame, said.assign(reviewer="ada"))

    def test_a_sample_without_strata_is_refused(self):
        frame, said, chosen = tables([(10, True, 0), (50, False, 0)])
        chosen.loc[0, "stratum"] = None
        with pytest.raises(ValidationError, match="sample has rows without a stratum"):
            count_verdicts(frame, said, chosen)

    @pytest.mark.parametrize("name", ["upload_id", "stratum", "sampling_rate"])
    def test_a_missing_column_of_the_sample_is_named(self, name):
        frame, said, chosen = tables([(10, True, 0)])
        with pytest.raises(ConfigurationError, match=f"sample has no column {name}"):
            count_verdicts(frame, said, chosen.drop(columns=name))

    @pytest.mark.parametrize("name", ["id", "ocr_authenticity_score"])
    def test_a_missing_column_of_the_frame_is_named(self, name):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ConfigurationError, match=f"uploads has no column {name}"):
            count_verdicts(frame.drop(columns=name), said)


class TestAnswersThatAreMissing:
    ROWS = (*[(20, True, 0)] * 20, *[(90, False, 2)] * 20, *[(90, True, 2)] * 20)

    def test_a_verdict_stands_for_the_others_of_its_stratum(self):
        frame, said, chosen = tables(self.ROWS)
        # All of the first stratum, half of the second, in which half of the documents are fraud.
        done = pd.concat([said.iloc[:20], said.iloc[20:60:2]])
        whole, half = count_verdicts(frame, said, chosen), count_verdicts(frame, done, chosen)
        for name in ("fraud_rate", "auc"):
            one, other = (found.summary().loc[name, "estimate"] for found in (whole, half))
            assert one == pytest.approx(other, abs=1e-12)
        assert half.weights.tolist() == pytest.approx([1, 200])
        assert whole.weights.tolist() == pytest.approx([1, 100])

    def test_an_unsure_verdict_leaves_its_place_to_the_others_of_its_stratum(self):
        frame, said, chosen = tables(self.ROWS)
        said.loc[range(20, 60, 2), "verdict"] = "unsure"
        found = count_verdicts(frame, said, chosen)
        assert found.weights.tolist() == pytest.approx([1, 200])
        assert found.summary().loc["fraud_rate", "estimate"] == pytest.approx(2020 / 4020)

    @settings(max_examples=40)
    @given(documents, st.randoms(use_true_random=False))
    def test_all_documents_stand_for_all_that_their_strata_hold(self, rows, chance):
        frame, said, chosen = tables(rows)
        done = said[[chance.random() < 0.5 for _ in rows]]
        found = count_verdicts(frame, done, chosen)
        table = found.confusion(50)
        seen = chosen["stratum"].isin(chosen["stratum"][done.index])
        stands_for = (1 / chosen.loc[seen, "sampling_rate"]).sum()
        assert table[["flagged", "passed"]].to_numpy().sum() == pytest.approx(stands_for)

    def test_a_stratum_nobody_looked_at_changes_no_estimate_and_is_named(self):
        frame, said, chosen = tables([*self.ROWS, (50, True, 1)])
        ours = count_verdicts(frame, said.iloc[:-1], chosen)
        theirs = count_verdicts(frame, said.iloc[:-1], chosen.iloc[:-1])
        pd.testing.assert_frame_equal(ours.thresholds(), theirs.thresholds())
        assert "lack of a definite verdict: s1." in ours.note

    def test_reviewing_the_low_scores_first_does_not_raise_the_share_of_fraud(self):
        frame, found = uploads(2000), []
        score = frame["ocr_authenticity_score"]
        said = pd.DataFrame({"upload_id": frame["id"]})
        said["verdict"] = np.where(score == 10, "fraudulent", "genuine")
        for seed in range(5):
            chosen = sample(frame, 200, seed=seed)
            low = chosen[chosen["stratum"].str.contains("low")]["upload_id"]
            high = chosen[~chosen["upload_id"].isin(low)]["upload_id"].head(15)
            done = said[said["upload_id"].isin([*low, *high])]
            found.append(count_verdicts(frame, done, chosen).summary().loc["fraud_rate"])
        assert [row["estimate"] for row in found] == pytest.approx([0.1] * 5)


class TestRepresentation:
    def test_it_says_how_many_and_of_how_many_and_names_nobody(self):
        frame, said, _ = tables([(10, True, 0), (90, False, 0)], extra=[5])
        text = repr(count_verdicts(frame, said))
        assert text == "VerdictCounts(1 fraudulent, 1 genuine, 0 unsure, of 3 scored uploads)"

    def test_the_frames_given_are_not_changed(self):
        given_tables = tables([(10, True, 0), (90, False, 0)])
        before = [table.copy() for table in given_tables]
        count_verdicts(*given_tables).best_threshold(1, Costs(1, 1, 1))
        for table, copy in zip(given_tables, before, strict=True):
            pd.testing.assert_frame_equal(table, copy)


def everything(found):
    """All tables but those of the costs, one under the other."""
    return {
        "summary": found.summary(),
        "thresholds": found.thresholds(),
        "confusion": found.confusion(50),
        "calibration": found.calibration(),
        "costs": found.cost_curve(COSTS),
        "best": found.best_threshold(5, COSTS),
    }


def assert_same(ours, theirs):
    for name, table in everything(ours).items():
        pd.testing.assert_frame_equal(table, everything(theirs)[name], rtol=1e-9, atol=1e-9)


def flipped(rows):
    return [(score, not fraudulent, stratum) for score, fraudulent, stratum in rows]


class TestHowRowsAreGiven:
    @FEW
    @given(documents, st.booleans(), st.randoms(use_true_random=False))
    def test_the_order_of_rows_does_not_matter(self, rows, weighted, chance):
        frame, said, chosen = tables(rows, extra=[5, 50])
        mixed = [table.sample(frac=1, random_state=chance.randrange(99)) for table in (frame, said)]
        sample = chosen if weighted else None
        assert_same(count_verdicts(*mixed, sample), count_verdicts(frame, said, sample))

    @pytest.mark.parametrize(
        "index", [["a"] * 4, [3, 3, 1, 1], pd.date_range("2026-01-01", periods=4), [None] * 4]
    )
    def test_the_index_does_not_matter(self, index):
        frame, said, chosen = tables([(10, True, 0), (20, False, 0), (80, True, 1), (90, False, 1)])
        odd = [table.set_axis(pd.Index(index)) for table in (frame, said, chosen)]
        assert_same(count_verdicts(*odd), count_verdicts(frame, said, chosen))

    @pytest.mark.parametrize("kind", ["Int16", "Int64", "float64", "Float64", "object", "string"])
    def test_the_dtype_of_scores_does_not_matter(self, kind):
        frame, said, _ = tables([(10, True, 0), (90, False, 0), (50, False, 0)])
        frame.loc[2, "ocr_authenticity_score"] = pd.NA
        column = frame["ocr_authenticity_score"]
        values = column.to_numpy(dtype=float, na_value=np.nan) if kind == "float64" else column
        other = frame.assign(ocr_authenticity_score=pd.Series(values).astype(kind))
        assert_same(count_verdicts(other, said), count_verdicts(frame, said))

    @pytest.mark.parametrize("kind", ["string", "object", "category"])
    def test_the_dtype_of_verdicts_and_ids_does_not_matter(self, kind):
        frame, said, _ = tables([(10, True, 0), (90, False, 0)])
        found = count_verdicts(frame.astype({"id": kind}), said.astype(kind))
        assert_same(found, count_verdicts(frame, said))


class TestCurves:
    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_what_is_flagged_only_grows_with_the_threshold(self, rows, weighted):
        table = counted(rows, weighted=weighted).thresholds()
        for name in ("uploads_below", "review_rate", "catch_rate", "false_positive_rate"):
            assert table[name].is_monotonic_increasing
        assert (
            table.loc[0, ["review_rate", "catch_rate", "false_positive_rate"]].tolist() == [0] * 3
        )
        assert (
            table.loc[101, ["review_rate", "catch_rate", "false_positive_rate"]].tolist() == [1] * 3
        )

    @FEW
    @given(documents, st.booleans())
    def test_flagging_everything_finds_the_share_of_fraud(self, rows, weighted):
        found = counted(rows, weighted=weighted)
        last = found.thresholds().loc[101]
        row = found.summary().loc["fraud_rate"]
        assert last["precision"] == pytest.approx(row["estimate"])
        assert last["precision_ci_low"] == pytest.approx(row["estimate_ci_low"])
        assert last["precision_ci_high"] == pytest.approx(row["estimate_ci_high"])

    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_exchanging_the_verdicts_turns_the_area_around(self, rows, weighted):
        there = counted(rows, weighted=weighted).summary()
        back = counted(flipped(rows), weighted=weighted).summary()
        assert there.loc["auc", "estimate"] == pytest.approx(1 - back.loc["auc", "estimate"])
        assert there.loc["ks_separation", "estimate"] == pytest.approx(
            back.loc["ks_separation", "estimate"]
        )
        share = there.loc["fraud_rate"], back.loc["fraud_rate"]
        assert share[0]["estimate"] == pytest.approx(1 - share[1]["estimate"])

    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_only_the_order_of_scores_matters_to_areas(self, rows, weighted):
        ranks = {score: n for n, score in enumerate(sorted({score for score, _, _ in rows}))}
        ranked = [(ranks[score], *rest) for score, *rest in rows]
        ours, theirs = (counted(r, weighted=weighted).summary() for r in (rows, ranked))
        pd.testing.assert_series_equal(ours["estimate"], theirs["estimate"])

    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_every_number_lies_between_its_bounds(self, rows, weighted):
        summary = counted(rows, weighted=weighted).summary()
        for name, least in {"auc": 0, "gini": -1, "ks_separation": 0, "fraud_rate": 0}.items():
            low, estimate, high = summary.loc[
                name, ["estimate_ci_low", "estimate", "estimate_ci_high"]
            ]
            assert least <= low <= estimate + 1e-12
            assert estimate - 1e-12 <= high <= 1
        assert 0 < summary.loc["average_precision", "estimate"] <= 1 + 1e-12


class TestWeights:
    @FEW
    @given(documents, st.floats(0.05, 1))
    def test_only_the_proportion_of_weights_matters(self, rows, factor):
        frame, said, chosen = tables(rows)
        rarer = chosen.assign(sampling_rate=chosen["sampling_rate"] * factor)
        ours, theirs = (count_verdicts(frame, said, c) for c in (chosen, rarer))
        for name in ("summary", "thresholds", "calibration"):
            one, other = getattr(ours, name)(), getattr(theirs, name)()
            pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-7)

    @FEW
    @given(documents)
    def test_one_stratum_of_any_rate_is_as_no_sample(self, rows):
        frame, said, chosen = tables(rows)
        one = count_verdicts(frame, said, chosen.assign(stratum="s", sampling_rate=0.02))
        none = count_verdicts(frame, said)
        for table, other in (
            (one.thresholds(), none.thresholds()),
            (one.calibration(), none.calibration()),
        ):
            estimates = [name for name in table if "_ci_" not in name]
            pd.testing.assert_frame_equal(table[estimates], other[estimates])

    @FEW
    @given(documents, st.integers(2, 5))
    def test_more_of_the_same_leaves_the_estimate_and_narrows_the_interval(self, rows, times):
        ours, theirs = counted(rows).thresholds(), counted(rows * times).thresholds()
        for name in SHARES:
            np.testing.assert_allclose(ours[name], theirs[name])
            width, narrower = (t[f"{name}_ci_high"] - t[f"{name}_ci_low"] for t in (ours, theirs))
            known = ours[name].notna()
            assert (narrower[known] < width[known]).all()


class TestWhatIsLeftOut:
    @FEW
    @given(documents, st.lists(scores, max_size=20))
    def test_uploads_without_a_verdict_change_the_load_alone(self, rows, extra):
        ours, theirs = counted(rows, extra), counted(rows)
        assert ours.thresholds()["uploads_below"].iloc[-1] == len(rows) + len(extra)
        columns = [f"{name}{end}" for name in SHARES for end in ("", "_ci_low", "_ci_high")]
        pd.testing.assert_frame_equal(ours.thresholds()[columns], theirs.thresholds()[columns])
        pd.testing.assert_frame_equal(ours.summary(), theirs.summary())

    @FEW
    @given(documents, st.lists(scores, min_size=1, max_size=20))
    def test_unsure_verdicts_change_no_share(self, rows, extra):
        frame, said, _ = tables(rows, extra)
        unsure = pd.DataFrame({"upload_id": frame["id"].iloc[len(rows) :], "verdict": "unsure"})
        ours, theirs = count_verdicts(frame, pd.concat([said, unsure])), counted(rows, extra)
        pd.testing.assert_frame_equal(ours.thresholds(), theirs.thresholds())
        pd.testing.assert_frame_equal(ours.calibration(), theirs.calibration())
        assert f"Unsure verdicts are excluded ({len(extra)})" in ours.note

    @FEW
    @given(documents)
    def test_every_document_is_in_one_level(self, rows):
        table = counted(rows).calibration()
        assert table["documents"].sum() == table["uploads"].sum() == len(rows)
        assert table["fraudulent"].sum() == sum(fraudulent for _, fraudulent, _ in rows)

    def test_the_levels_are_those_that_were_asked_for(self):
        found = counted([(10, True, 0), (55, True, 0), (90, False, 0)])
        table = found.calibration("ocrolus-current")
        assert table.index.tolist() == ["low", "medium", "high"]
        assert table["documents"].tolist() == [2, 0, 1]
        assert table.attrs["levels"] == "ocrolus-current"
        own = found.calibration({"bad": 0, "good": 60})
        assert own["fraud_rate"].tolist() == [1, 0]


class TestMany:
    def test_a_million_documents_of_great_weight_are_counted_exactly(self):
        n = 500_000
        frame = pd.DataFrame({"id": np.arange(2 * n).astype(str)})
        frame["ocr_authenticity_score"] = np.tile([20, 90], n)
        said = pd.DataFrame({"upload_id": frame["id"]})
        said["verdict"] = np.where(np.arange(2 * n) % 4 < 1, "fraudulent", "genuine")
        chosen = said[["upload_id"]].assign(stratum="s", sampling_rate=1e-9)
        found = count_verdicts(frame, said, chosen)
        assert found.summary().loc["auc", "estimate"] == pytest.approx(5 / 6, abs=1e-12)
        assert found.confusion(50).loc["fraudulent", "flagged"] == pytest.approx(n / 2 * 1e9)
        row = found.thresholds().loc[50]
        assert row["precision_ci_high"] - row["precision_ci_low"] < 0.005


class TestGains:
    def test_each_part_has_its_share_of_the_fraud_and_they_add_up(self):
        rows = [(10, True, 0), (30, True, 0), (40, False, 0), (60, True, 0), *[(90, False, 0)] * 6]
        table = counted(rows).gains()
        assert table["fraud_captured"].sum() == pytest.approx(1)
        assert table["uploads"].sum() == 10
        assert table["catch_rate"].tolist() == pytest.approx(table["fraud_captured"].cumsum())
        assert table["lift"].iloc[[0, -1]].tolist() == pytest.approx([(1 / 3) / 0.1, 1])

    def test_uploads_of_one_score_stay_together(self):
        table = counted([(10, True, 0)] * 2 + [(90, False, 0)] * 8).gains(5)
        assert table[["score_from", "score_to", "uploads"]].to_numpy().tolist() == [
            [0, 10, 2],
            [11, 100, 8],
        ]

    @FEW
    @given(documents)
    def test_its_last_row_is_everything(self, rows):
        last = counted(rows).gains().iloc[-1]
        assert last["review_rate"] == 1
        assert last["score_to"] == 100

    def test_one_part_is_refused(self):
        with pytest.raises(ConfigurationError, match="bins must be 2 or more, not 1"):
            counted([(10, True, 0)]).gains(1)


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
        assert best["review_rate"] == pytest.approx(0.3)

    def test_with_costs_it_is_the_cheapest_that_the_capacity_allows(self):
        found = counted(self.ROWS * 60)
        best = found.best_threshold(600, self.COSTS)
        curve = found.cost_curve(self.COSTS)["expected_cost"]
        assert best.index.tolist() == [curve.idxmin()] == [61]
        assert best["expected_cost"].tolist() == [curve.min()]

    def test_with_few_verdicts_fraud_that_may_hide_is_worth_a_review(self):
        # Six genuine documents at 90 leave room for more fraud than a review costs.
        assert counted(self.ROWS).best_threshold(10, self.COSTS).index.tolist() == [91]

    def test_a_dear_review_is_not_worth_it_whatever_the_capacity(self):
        dear = Costs(review=1e6, missed_fraud=1, rejected_genuine=1)
        assert counted(self.ROWS).best_threshold(10, dear).index.tolist() == [0]

    def test_what_is_rejected_needs_no_review(self):
        best = counted(self.ROWS).best_threshold(2, reject_below=35)
        assert best.index.tolist() == [61]
        assert best["reviews"].tolist() == [2]

    def test_the_best_threshold_of_the_draws_is_given_as_a_range(self):
        best = counted(self.ROWS * 3).best_threshold(30, self.COSTS).iloc[0]
        assert best["threshold_ci_low"] <= 61 <= best["threshold_ci_high"]

    def test_capacity_is_of_all_uploads_and_not_of_the_reviewed_ones(self):
        best = counted(self.ROWS, extra=[5] * 100).best_threshold(100)
        assert best["reviews"].tolist() == [100]
        assert best.index.tolist() == [6]

    def test_the_range_goes_outwards_to_whole_scores(self):
        best = counted(self.ROWS * 60).best_threshold(600, self.COSTS)
        assert (best.dtypes[["threshold_ci_low", "threshold_ci_high"]] == "Int16").all()
        assert best["threshold_ci_low"].iloc[0] in (0, 11, 31, 61)
        assert best["threshold_ci_high"].iloc[0] in (31, 61)

    def test_without_a_sure_verdict_no_threshold_is_called_the_best(self):
        frame, said, _ = tables(self.ROWS)
        found = count_verdicts(frame, said.assign(verdict="unsure"))
        best = found.best_threshold(10, self.COSTS, reject_below=7).iloc[0]
        assert best.name == 7
        assert best["reviews"] == 0
        assert best[["cost", "cost_ci_low", "cost_ci_high"]].isna().all()
        assert best[["threshold_ci_low", "threshold_ci_high"]].isna().all()

    @settings(max_examples=50)
    @given(documents, st.lists(scores, max_size=10), st.integers(0, 90), st.integers(0, 101))
    def test_it_is_the_best_of_all_that_the_capacity_allows(self, rows, extra, capacity, reject):
        found = counted(rows, extra)
        best = found.best_threshold(capacity, self.COSTS, reject_below=reject)
        curve = found.cost_curve(self.COSTS, reject_below=reject)["expected_cost"]
        values = np.array([score for score, _, _ in rows] + extra)
        loads = {t: ((values >= reject) & (values < t)).sum() for t in range(reject, 102)}
        allowed = [t for t, load in loads.items() if load <= capacity]
        assert best["expected_cost"].iloc[0] == pytest.approx(curve[allowed].min())
        assert best["reviews"].iloc[0] == loads[best.index[0]] <= capacity
        most = found.best_threshold(capacity, reject_below=reject)
        assert most["reviews"].iloc[0] == max(loads[t] for t in allowed)

    @settings(max_examples=50)
    @given(documents.filter(both_kinds), st.integers(0, 80), st.integers(0, 80))
    def test_more_capacity_never_does_worse(self, rows, one, other):
        less, more = sorted((one, other))
        found = counted(rows)
        plain = [found.best_threshold(n)["catch_rate"].iloc[0] for n in (less, more)]
        costs = (found.best_threshold(n, self.COSTS)["expected_cost"] for n in (less, more))
        cost = [column.iloc[0] for column in costs]
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


class TestPlan:
    ROWS = ((10, True, 0), (30, True, 1), (40, False, 1), *[(90, False, 1)] * 6)

    def test_it_ends_with_the_first_number_of_verdicts_that_is_enough(self):
        plan = counted(self.ROWS * 4, extra=[90] * 500, weighted=True).plan(0.4)
        assert plan.index[0] == 36
        assert plan.index.is_monotonic_increasing
        assert plan["enough"].tolist() == [False] * (len(plan) - 1) + [True]
        assert plan["width"].iloc[-1] <= 0.4 < plan["width"].iloc[0]

    def test_a_width_that_no_number_reaches_is_told_as_it_is(self):
        plan = counted(self.ROWS, weighted=True).plan(0.0001, "fraud_rate")
        assert not plan["enough"].any()

    def test_no_stratum_gives_more_documents_than_it_has(self):
        found = counted(self.ROWS, extra=[90] * 24, weighted=True)
        assert found.plan(0.0001).index.max() <= 1 + 8 * 4

    @pytest.mark.parametrize("width", [0, -1, "5", None])
    def test_what_is_no_width_is_refused(self, width):
        with pytest.raises(ConfigurationError, match="width must be a number above 0"):
            counted(self.ROWS).plan(width)

    def test_an_unknown_statistic_is_refused_with_the_known_ones(self):
        with pytest.raises(ConfigurationError, match="Use one of auc, gini, ks"):
            counted(self.ROWS).plan(0.1, "accuracy")


class TestCostCurve:
    @settings(max_examples=50)
    @given(documents, st.booleans(), st.integers(0, 101))
    def test_its_parts_add_up_to_it(self, rows, weighted, reject):
        table = counted(rows, weighted=weighted).cost_curve(COSTS, reject_below=reject)
        parts = table[["review_cost", "missed_cost", "rejected_cost"]]
        np.testing.assert_allclose(table["cost"], parts.sum(axis=1))
        assert (parts >= -1e-9).all(axis=None)
        assert table.index.tolist() == list(range(reject, 102))

    @settings(max_examples=30)
    @given(documents)
    def test_reviewing_everything_costs_reviews_alone(self, rows):
        last = counted(rows).cost_curve(COSTS).iloc[-1]
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
        table = counted(rows).cost_curve(COSTS)
        assert (table["cost_ci_low"] <= table["cost"] + 1e-9).all()
        assert (table["cost"] <= table["cost_ci_high"] + 1e-9).all()
        assert table["cost_ci_low"].iloc[-1] == pytest.approx(table["cost_ci_high"].iloc[-1])

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
        with pytest.raises(ConfigurationError, match=r"costs\.review must be a number"):
            Costs(review=cost, missed_fraud=1, rejected_genuine=1)

    @pytest.mark.parametrize("currency", [None, "", "  ", 5])
    def test_a_currency_that_is_none_is_refused(self, currency):
        with pytest.raises(ConfigurationError, match=r"costs\.currency must be text"):
            Costs(1, 1, 1, currency=currency)

    @pytest.mark.parametrize("eight", [8, 8.0, np.int64(8), np.float32(8)])
    def test_a_number_is_the_same_cost_whatever_its_type(self, eight):
        costs = Costs(review=eight, missed_fraud=1, rejected_genuine=1)
        assert costs == Costs(8, 1, 1)
        assert type(costs.review) is float
