"""Which verdicts count, for how many uploads, and what is said of the others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb import Costs, count_verdicts
from argyle_nb.errors import ConfigurationError, DecodeError, ValidationError
from argyle_nb.review import sample
from tests.review.test_sampling import uploads
from tests.support.judged import counted, documents, tables

DAY = pd.Timestamp("2026-01-05")


class TestSmallAndEmpty:
    @pytest.mark.parametrize("rows", [[], [(10, True, 0)], [(10, False, 0)]])
    def test_one_kind_alone_has_no_curve_and_no_crash(self, rows):
        found = counted(rows)
        summary = found.summary()
        assert summary.loc[["auc", "gini", "ks"], "estimate"].isna().all()
        assert len(found.thresholds()) == 102
        assert len(found.calibration()) == 4
        costs = Costs(review=1, missed_fraud=1, rejected_genuine=1)
        assert found.best_threshold(5, costs, reject_below=3).index[0] >= 3

    def test_of_nothing_every_share_is_missing_and_never_0(self):
        table = counted([]).thresholds()
        assert (
            table[["share_below", "catch_rate", "false_alarm_rate", "precision"]]
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
        assert row["catch_rate_low"] <= truth <= row["catch_rate_high"] < 1

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
            "2 of 2 scored uploads have a verdict"
        )

    def test_a_stratum_without_a_sure_verdict_is_named(self):
        frame, said, chosen = tables([(10, True, 0), (90, False, 1)])
        note = count_verdicts(frame, said.head(1), chosen).note
        assert "nothing is known of s1" in note
        assert "1 of the 2 that were chosen have none" in note

    def test_verdicts_that_cannot_be_used_are_counted_in_words(self):
        frame, said, chosen = tables([(10, True, 0), (90, False, 1), (50, False, 1)])
        frame.loc[2, "ocr_authenticity_score"] = pd.NA
        note = count_verdicts(frame, said, chosen.head(1)).note
        assert "1 verdicts outside the sample are not counted" in note
        assert "1 verdicts are of uploads that are not there or have no score" in note


class TestBadInput:
    def test_an_unknown_verdict_is_named_with_the_known_ones(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="unknown verdicts fake: use genuine"):
            count_verdicts(frame, said.assign(verdict="fake"))

    def test_two_verdicts_on_one_document_are_refused_where_no_reviewer_is_named(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="several verdicts on u0"):
            count_verdicts(frame, pd.concat([said, said]))

    def test_an_upload_twice_in_the_frame_is_named(self):
        frame, said, _ = tables([(10, True, 0)])
        with pytest.raises(ValidationError, match="frame lists u0 more than once"):
            count_verdicts(pd.concat([frame, frame]), said)

    def test_a_log_of_several_reviewers_is_settled_first(self):
        frame, said, _ = tables([(10, True, 0)])
        rows = [said.assign(reviewer=who, reviewed_at=pd.Timestamp("2026-01-05")) for who in "ab"]
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

    @pytest.mark.parametrize("cost", [-1, np.inf, np.nan, "8", True, None])
    def test_an_impossible_cost_is_named(self, cost):
        with pytest.raises(ConfigurationError, match=r"costs\.review must be a number"):
            Costs(review=cost, missed_fraud=1, rejected_genuine=1)

    @pytest.mark.parametrize("score", [-5, -1, 101, 150, 32767, -32768])
    def test_a_score_outside_0_to_100_is_refused_and_counted_nowhere(self, score):
        frame, said, _ = tables([(10, True, 0), (50, False, 0)])
        frame.loc[1, "ocr_authenticity_score"] = score
        with pytest.raises(DecodeError, match=f"record u1, .* {score} is no whole number"):
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
        said = said.assign(verdict=verdict, reviewer="ada", reviewed_at=pd.Timestamp("2026-01-05"))
        with pytest.raises(ValidationError, match="unknown verdicts"):
            count_verdicts(frame, said)

    @pytest.mark.parametrize("reviewed", [{}, {"reviewer": "ada", "reviewed_at": DAY}])
    def test_a_verdict_on_no_upload_is_refused(self, reviewed):
        frame, said, _ = tables([(10, True, 0), (50, False, 0)])
        said = said.assign(**reviewed)
        said.loc[0, "upload_id"] = None
        with pytest.raises(ValidationError, match="1 verdicts have no upload_id"):
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
        with pytest.raises(ConfigurationError, match=f"frame has no column {name}"):
            count_verdicts(frame.drop(columns=name), said)


class TestAnswersThatAreMissing:
    ROWS = (*[(20, True, 0)] * 20, *[(90, False, 2)] * 20, *[(90, True, 2)] * 20)

    def test_a_verdict_stands_for_the_others_of_its_stratum(self):
        frame, said, chosen = tables(self.ROWS)
        # All of the first stratum, half of the second, in which half of the documents are fraud.
        done = pd.concat([said.iloc[:20], said.iloc[20:60:2]])
        whole, half = count_verdicts(frame, said, chosen), count_verdicts(frame, done, chosen)
        for name in ("fraud_share", "auc"):
            one, other = (found.summary().loc[name, "estimate"] for found in (whole, half))
            assert one == pytest.approx(other, abs=1e-12)
        assert half.weights.tolist() == pytest.approx([1, 200])
        assert whole.weights.tolist() == pytest.approx([1, 100])

    def test_an_unsure_verdict_leaves_its_place_to_the_others_of_its_stratum(self):
        frame, said, chosen = tables(self.ROWS)
        said.loc[range(20, 60, 2), "verdict"] = "unsure"
        found = count_verdicts(frame, said, chosen)
        assert found.weights.tolist() == pytest.approx([1, 200])
        assert found.summary().loc["fraud_share", "estimate"] == pytest.approx(2020 / 4020)

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
        assert "nothing is known of s1" in ours.note

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
            found.append(count_verdicts(frame, done, chosen).summary().loc["fraud_share"])
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
