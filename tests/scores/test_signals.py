"""Which signals there are, what comes with them, and what one document's are worth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb import (
    explain,
    flatten,
    score_by_signal_count,
    signal_pairs,
    signal_pareto,
    uploads_frame,
)
from argyle_nb.errors import ConfigurationError
from argyle_nb.models import UserUpload
from tests.support.records import form, record
from tests.support.score_frames import upload

NAMES = ("dollar_amount_edits", "earnings_edits", "employee_name_edits")


def pareto(*records, by=()):
    uploads, signals = flatten(list(records))
    return signal_pareto(signals, uploads, by)


class TestPareto:
    def test_the_most_frequent_comes_first_with_its_share_of_all_analyzed_uploads(self):
        table = pareto(upload(1, 40, "a", "b"), upload(2, 60, "b"), upload(3, 90), upload(4, 95))
        assert table.loc["signal", "share"].to_dict() == {"b": 0.5, "a": 0.25}
        assert table.loc["signal", "cumulative_share"].tolist() == pytest.approx([2 / 3, 1])

    def test_the_mean_score_is_given_with_and_without_it(self):
        row = pareto(upload(1, 40, "a"), upload(2, 60, "a"), upload(3, 90)).loc[("signal", "a")]
        means = row[["mean_score_with", "mean_score_without", "score_drop"]]
        assert means.tolist() == [50, 90, 40]

    def test_what_every_upload_has_has_no_mean_without_it(self):
        row = pareto(upload(1, 40, "a")).loc[("signal", "a")]
        assert np.isnan(row["mean_score_without"])

    def test_first_seen_is_the_earliest_upload_that_has_it(self):
        table = pareto(upload(1, 40, "a", day=9), upload(2, 40, "a", day=3), upload(3, 90, day=1))
        assert table.loc[("signal", "a"), "first_seen"] == pd.Timestamp("2026-01-03T10", tz="UTC")

    def test_twice_in_one_document_is_one_upload(self):
        assert pareto(upload(1, 40, "a", "a")).loc[("signal", "a"), "uploads"] == 1

    def test_reason_codes_are_ranked_apart_from_signals(self):
        table = pareto(upload(1, 40, "a", codes=["006-L"]), upload(2, 50, codes=["006-L"]))
        assert table.loc[("reason_code", "006-L"), ["uploads", "cumulative_share"]].tolist() == [
            2,
            1,
        ]

    def test_by_type_each_share_is_of_its_own_group(self):
        table = pareto(
            upload(1, 40, "a"),
            upload(2, 90),
            upload(3, 40, "a", document_type="W-2"),
            by="document_type",
        )
        assert table["share"].to_dict() == {
            ("paystubs", "signal", "a"): 0.5,
            ("W-2", "signal", "a"): 1.0,
        }

    def test_any_column_that_is_merged_in_makes_groups(self):
        uploads, signals = flatten([upload(1, 40, "a"), upload(2, 90, "a"), upload(3, 95)])
        uploads["employer"] = pd.array(["Oak", "Elm", pd.NA], dtype="string")
        table = signal_pareto(signals, uploads, by=["employer", "document_type"])
        assert table["mean_score_with"].tolist() == [90, 40]

    def test_what_has_no_identifier_has_its_display_name_or_else_a_fixed_one(self):
        unnamed = [{"display_name": "Date Edits"}, {"identifier": ""}, {"signal_count": 2}]
        document = form(signals=unnamed, form_authenticity={"score": 70})
        one = record(1, metadata={"ocr_authenticity": document})
        table = pareto(one, upload(2, 90))
        assert table.loc["signal", "uploads"].to_dict() == {"Date Edits": 1, "unnamed": 1}
        assert signal_pairs(flatten([one]).signals).index.tolist() == [("Date Edits", "unnamed")]
        assert set(explain(one, pareto(upload(3, 90), one))["score_drop"]) == {20}

    def test_uploads_without_an_analysis_do_not_count(self):
        table = pareto(upload(1, 40, "a"), record(2, metadata=None))
        assert table.loc[("signal", "a"), "analyzed"] == 1

    def test_of_nothing_there_is_an_empty_table(self):
        assert pareto().empty

    @pytest.mark.parametrize("by", ["employer", ["document_type", "employer"]])
    def test_a_missing_column_is_named(self, by):
        with pytest.raises(ConfigurationError, match="no column employer"):
            pareto(upload(1, 40, "a"), by=by)

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 100), st.sets(st.sampled_from(NAMES))),
            min_size=1,
            max_size=15,
        )
    )
    def test_every_number_is_that_of_a_plain_loop(self, documents):
        table = pareto(*[upload(n, score, *found) for n, (score, found) in enumerate(documents)])
        for name in NAMES:
            present = [score for score, found in documents if name in found]
            absent = [score for score, found in documents if name not in found]
            if not present:
                assert ("signal", name) not in table.index
                continue
            row = table.loc[("signal", name)]
            assert row["uploads"] == len(present)
            assert row["share"] == pytest.approx(len(present) / len(documents), abs=1e-12)
            assert row["mean_score_with"] == pytest.approx(np.mean(present), abs=1e-12)
            if absent:
                assert row["mean_score_without"] == pytest.approx(np.mean(absent), abs=1e-12)


class TestPairs:
    def test_a_pair_is_counted_once_with_its_shares(self):
        _, signals = flatten([upload(1, 40, "b", "a"), upload(2, 40, "a"), upload(3, 40, "a", "b")])
        table = signal_pairs(signals)
        assert table.index.tolist() == [("a", "b")]
        assert table.iloc[0].tolist() == pytest.approx([2, 2 / 3, 1, 2 / 3])

    def test_a_signal_and_a_reason_code_are_a_pair_too(self):
        _, signals = flatten([upload(1, 40, "a", codes=["006-L"])])
        assert signal_pairs(signals).index.tolist() == [("006-L", "a")]

    def test_what_never_comes_together_has_no_row(self):
        _, signals = flatten([upload(1, 40, "a"), upload(2, 40, "b")])
        assert signal_pairs(signals).empty


class TestExplain:
    KNOWN = (upload(1, 20, "b"), upload(2, 80, "a"), upload(3, 90))

    def test_the_signal_that_comes_with_the_lowest_scores_is_first(self):
        lines = explain(upload(9, 30, "a", "b"), pareto(*self.KNOWN))
        assert lines["identifier"].tolist() == ["b", "a"]
        assert lines["score_drop"].tolist() == [65, -25]

    def test_what_was_never_seen_before_is_last_and_has_no_weight(self):
        lines = explain(upload(9, 30, "new", "b"), pareto(*self.KNOWN))
        assert lines["identifier"].tolist() == ["b", "new"]
        assert lines["score_drop"].isna().tolist() == [False, True]

    def test_without_a_table_it_says_that_no_weights_are_known(self):
        lines = explain(upload(9, 30, "a"))
        assert lines["score_drop"].isna().all()
        assert "No score drops available" in lines.attrs["score_drop"]

    def test_without_a_table_no_kind_of_finding_stands_above_the_other(self):
        codes = [{"code": code, "confidence": code} for code in ("LOW", "HIGH")]
        one = record(
            1,
            metadata={
                "ocr_authenticity": {
                    "signals": [{"identifier": "edits", "signal_count": 2}],
                    "form_authenticity": {"score": 40, "reason_codes": codes},
                }
            },
        )
        assert explain(one)["identifier"].tolist() == ["HIGH", "edits", "LOW"]

    def test_with_a_table_a_signal_may_stand_above_a_reason_code_of_high_confidence(self):
        one = record(
            1,
            metadata={
                "ocr_authenticity": {
                    "signals": [{"identifier": "edits"}],
                    "form_authenticity": {"reason_codes": [{"code": "1-H", "confidence": "HIGH"}]},
                }
            },
        )
        index = pd.MultiIndex.from_tuples(
            [("reason_code", "1-H"), ("signal", "edits")], names=["finding_type", "identifier"]
        )
        table = pd.DataFrame({"score_drop": [5.0, 30.0]}, index)
        assert explain(one, table)["identifier"].tolist() == ["edits", "1-H"]

    def test_the_score_is_that_of_the_frame(self):
        form = {"form_authenticity": {"score": "40"}}
        one = record(1, metadata={"ocr_authenticity": form, "ocr_authenticity_score": ""})
        assert (
            explain(one).attrs["score"] == uploads_frame([one])["ocr_authenticity_score"][0] == 40
        )
        assert explain(record(1, metadata=None)).attrs["score"] is None

    def test_without_a_table_reason_codes_go_by_their_confidence(self):
        one = upload(9, 30)
        one["metadata"]["ocr_authenticity"]["form_authenticity"]["reason_codes"] = [
            {"code": "x", "confidence": confidence} for confidence in ("LOW", "HIGH", "MEDIUM")
        ]
        assert explain(one)["reason_confidence"].tolist() == ["HIGH", "MEDIUM", "LOW"]

    def test_the_score_is_given_beside_them(self):
        assert explain(upload(9, 30, "a")).attrs["score"] == 30

    def test_an_upload_object_is_explained_as_a_dict_is(self):
        lines = explain(UserUpload("u1"))
        assert lines.empty
        assert lines.attrs["score"] is None

    def test_a_table_with_groups_is_refused(self):
        with pytest.raises(ConfigurationError, match="without by="):
            explain(self.KNOWN[0], pareto(*self.KNOWN, by="document_type"))


class TestScoreBySignalCount:
    def test_uploads_with_many_signals_are_one_group(self):
        uploads, _ = flatten([upload(n, 90 - 10 * n, *"abcdefg"[:n]) for n in range(8)])
        table = score_by_signal_count(uploads, most=3)
        assert table["uploads"].to_dict() == {"0": 1, "1": 1, "2": 1, "3+": 5}
        assert table["p50"].tolist() == [90, 80, 70, 40]

    @given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
    def test_the_quantiles_are_numpys(self, scores):
        frame = pd.DataFrame({"signal_count": 2, "ocr_authenticity_score": scores})
        row = score_by_signal_count(frame).loc["2"]
        expected = np.quantile(scores, [0.05, 0.25, 0.5, 0.75, 0.95])
        np.testing.assert_allclose(row.to_numpy()[1:], expected, rtol=0, atol=1e-12)

    def test_of_nothing_every_group_is_there_and_empty(self):
        uploads, _ = flatten([])
        table = score_by_signal_count(uploads)
        assert table["uploads"].tolist() == [0] * 6
        assert table["p50"].isna().all()

    def test_less_than_one_is_refused(self):
        with pytest.raises(ConfigurationError, match="most"):
            score_by_signal_count(flatten([]).uploads, most=0)
