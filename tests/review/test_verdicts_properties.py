"""What must hold of the numbers about verdicts, whatever the documents are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb import Costs, count_verdicts
from argyle_nb.review import curves
from tests.support.judged import SHARES, both_kinds, counted, documents, raw, scores, tables

FEW = settings(max_examples=40)
COSTS = Costs(review=8, missed_fraud=4000, rejected_genuine=150)


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
        for name in ("uploads_below", "share_below", "catch_rate", "false_alarm_rate"):
            assert table[name].is_monotonic_increasing
        assert table.loc[0, ["share_below", "catch_rate", "false_alarm_rate"]].tolist() == [0] * 3
        assert table.loc[101, ["share_below", "catch_rate", "false_alarm_rate"]].tolist() == [1] * 3

    @FEW
    @given(documents, st.booleans())
    def test_flagging_everything_finds_the_share_of_fraud(self, rows, weighted):
        found = counted(rows, weighted=weighted)
        last = found.thresholds().loc[101]
        row = found.summary().loc["fraud_share"]
        assert last["precision"] == pytest.approx(row["estimate"])
        assert last["precision_low"] == pytest.approx(row["low"])
        assert last["precision_high"] == pytest.approx(row["high"])

    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_exchanging_the_verdicts_turns_the_area_around(self, rows, weighted):
        there = counted(rows, weighted=weighted).summary()
        back = counted(flipped(rows), weighted=weighted).summary()
        assert there.loc["auc", "estimate"] == pytest.approx(1 - back.loc["auc", "estimate"])
        assert there.loc["auc", "low"] == pytest.approx(1 - back.loc["auc", "high"], abs=1e-9)
        assert there.loc["ks", "estimate"] == pytest.approx(back.loc["ks", "estimate"])
        share = there.loc["fraud_share"], back.loc["fraud_share"]
        assert share[0]["estimate"] == pytest.approx(1 - share[1]["estimate"])
        assert share[0]["low"] == pytest.approx(1 - share[1]["high"])

    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_only_the_order_of_scores_matters_to_areas(self, rows, weighted):
        ranks = {score: n for n, score in enumerate(sorted({score for score, _, _ in rows}))}
        ranked = [(ranks[score], *rest) for score, *rest in rows]
        ours, theirs = (counted(r, weighted=weighted).summary() for r in (rows, ranked))
        pd.testing.assert_frame_equal(ours, theirs)

    @FEW
    @given(documents.filter(both_kinds), st.booleans())
    def test_every_number_lies_between_its_bounds(self, rows, weighted):
        summary = counted(rows, weighted=weighted).summary()
        for name, least in {"auc": 0, "gini": -1, "ks": 0, "fraud_share": 0}.items():
            low, estimate, high = summary.loc[name, ["low", "estimate", "high"]]
            assert least <= low <= estimate + 1e-12
            assert estimate - 1e-12 <= high <= 1
        assert 0 < summary.loc["average_precision", "estimate"] <= 1 + 1e-12

    @FEW
    @given(documents.filter(both_kinds))
    def test_the_distance_is_at_least_the_gini_of_the_best_threshold(self, rows):
        found = counted(rows)
        curve = found.roc()
        steepest = (curve["catch_rate"] - curve["false_alarm_rate"]).abs().max()
        assert found.summary().loc["ks", "estimate"] == pytest.approx(steepest)

    def test_resamples_are_measured_as_one_by_one(self):
        chance = np.random.default_rng(3)
        fraud, genuine = chance.integers(0, 4, (2, 5, 101)).astype(float)
        for measure in (curves.auc, curves.ks, curves.average_precision):
            each = [float(measure(f, g)) for f, g in zip(fraud, genuine, strict=True)]
            np.testing.assert_allclose(measure(fraud, genuine), each, rtol=1e-14)


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
        pd.testing.assert_frame_equal(one.thresholds(), none.thresholds())
        pd.testing.assert_frame_equal(one.calibration(), none.calibration())

    @FEW
    @given(documents, st.integers(2, 5))
    def test_more_of_the_same_leaves_the_estimate_and_narrows_the_interval(self, rows, times):
        ours, theirs = counted(rows).thresholds(), counted(rows * times).thresholds()
        for name in SHARES:
            np.testing.assert_allclose(ours[name], theirs[name])
            width, narrower = (t[f"{name}_high"] - t[f"{name}_low"] for t in (ours, theirs))
            known = ours[name].notna()
            assert (narrower[known] < width[known]).all()

    @FEW
    @given(documents.filter(both_kinds))
    def test_the_weighted_count_of_documents_is_what_they_stand_for(self, rows):
        table = counted(rows, weighted=True).confusion(50)
        truth, _, weights = raw(rows, weighted=True)
        total = table["flagged"] + table["passed"]
        assert total["fraudulent"] == pytest.approx(weights[truth].sum())
        assert total["genuine"] == pytest.approx(weights[~truth].sum())


class TestWhatIsLeftOut:
    @FEW
    @given(documents, st.lists(scores, max_size=20))
    def test_uploads_without_a_verdict_change_the_load_alone(self, rows, extra):
        ours, theirs = counted(rows, extra), counted(rows)
        assert ours.thresholds()["uploads_below"].iloc[-1] == len(rows) + len(extra)
        columns = [f"{name}{end}" for name in SHARES for end in ("", "_low", "_high")]
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
        assert f"{len(extra)} unsure ones are left out" in ours.note

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
        assert own["fraud_share"].tolist() == [1, 0]


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
        assert row["precision_high"] - row["precision_low"] < 0.005
