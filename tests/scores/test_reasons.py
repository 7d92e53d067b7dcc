"""A row without a score is counted under one reason, and what is no score is named."""

import re

import numpy as np
import pandas as pd
import pytest

from argyle_nb.errors import DecodeError
from argyle_nb.frames.authenticity import NOT_ANALYZED
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import REASONS, checked_scores, count_scores, no_score_reasons
from tests.support.records import record, scored, unscored
from tests.support.score_frames import assert_same_counts, frame_of

REASON_OF_STAGES = [
    (("in_progress", "idle", "idle"), "paystubs", "in_progress"),
    (("completed", "completed", "in_progress"), "paystubs", "in_progress"),
    (("failed", "idle", "idle"), "paystubs", "processing_failed"),
    (("completed", "completed", "failed"), "paystubs", "processing_failed"),
    (("unauthorized", "unauthorized", "unauthorized"), "paystubs", "not_enabled"),
    (("completed", "unauthorized", "idle"), "paystubs", "not_enabled"),
    (("completed", "idle", "idle"), "proof-of-identity", "unsupported_type"),
    (("completed", "idle", "idle"), "paystubs", "not_started"),
    (("idle", "idle", "idle"), "proof-of-identity", "not_started"),
    (("completed", "completed", "completed"), "paystubs", "no_score_returned"),
    (("new", "new", "new"), "paystubs", "no_score_returned"),
]


@pytest.mark.parametrize(("states", "document_type", "reason"), REASON_OF_STAGES)
def test_an_upload_without_a_score_is_counted_under_its_reason(states, document_type, reason):
    frame = uploads_frame([unscored(1, *states, document_type=document_type)])
    assert no_score_reasons(frame).tolist() == [reason]
    coverage = count_scores(frame).coverage().loc["all"]
    assert coverage[["uploads", "scored", reason]].tolist() == [1, 0, 1]


@pytest.mark.parametrize("status", NOT_ANALYZED)
@pytest.mark.parametrize("authenticity", ["completed", "failed", "idle"])
def test_what_ocrolus_did_not_analyze_has_a_reason_of_its_own(status, authenticity):
    analysis = {"detect_status": status, "form_analysis": []}
    upload = unscored(1, "completed", "completed", authenticity)
    frame = uploads_frame([upload | {"metadata": {"ocr_authenticity": analysis}}])
    assert no_score_reasons(frame).tolist() == [f"detect_{status.lower()}"]
    assert count_scores(frame).coverage().loc["all", f"detect_{status.lower()}"] == 1


def test_what_argyle_still_processes_is_in_progress_whatever_ocrolus_says():
    pending = {"ocr_authenticity": {"detect_status": "PENDING", "form_analysis": []}}
    upload = unscored(1, "completed", "completed", "in_progress") | {"metadata": pending}
    assert not str(no_score_reasons(uploads_frame([upload]))[0]).startswith("detect_")


def test_however_many_types_and_statuses_there_are_each_row_has_its_reason():
    odd = [
        unscored(number, *[f"status {number}"] * 3, document_type=f"type {number}")
        for number in range(300)
    ]
    usual = [
        unscored(300 + number, *states, document_type=document_type)
        for number, (states, document_type, _) in enumerate(REASON_OF_STAGES)
    ]
    reasons = no_score_reasons(uploads_frame([*odd, *usual]))
    assert set(reasons[:300]) == {"no_score_returned"}
    assert reasons[300:].tolist() == [reason for _, _, reason in REASON_OF_STAGES]


def test_a_frame_made_before_there_was_the_column_is_counted_all_the_same():
    frame = uploads_frame([unscored(1, "completed", "completed", "failed"), scored(2, 3)])
    old = frame.drop(columns="detect_status")
    assert no_score_reasons(old).equals(no_score_reasons(frame))


def test_statuses_that_are_missing_altogether_count_as_missing():
    frame = uploads_frame([record(metadata=None, processing=None)])
    assert no_score_reasons(frame).tolist() == ["no_score_returned"]


def test_coverage_adds_up_to_the_uploads():
    records = [
        unscored(n, *states, document_type=t) for n, (states, t, _) in enumerate(REASON_OF_STAGES)
    ]
    table = count_scores(uploads_frame([*records, scored(99, 3)]), by="document_type").coverage()
    parts = table[["scored", *REASONS]].sum(axis=1)
    assert parts.tolist() == table["uploads"].tolist()
    assert table["uploads"].sum() == len(records) + 1


def test_a_row_without_a_score_has_exactly_one_of_the_reasons():
    frame = uploads_frame([unscored(1, "idle", "idle", "idle"), scored(2, 3)])
    reasons = no_score_reasons(frame)
    assert list(reasons.cat.categories) == list(REASONS)
    assert reasons.isna().tolist() == [False, True]


def test_how_far_uploads_came_is_counted_beside_their_reasons():
    frame = uploads_frame(
        [
            scored(1, 50),
            unscored(2, "completed", "completed", "failed"),
            unscored(3, "completed", "failed", "idle"),
            unscored(4, "failed", "completed", "idle"),
            unscored(5, "in_progress", "idle", "idle"),
        ]
    )
    funnel = count_scores(frame).coverage().loc["all"]
    assert funnel[["uploads", "classified", "past_ocr", "scored"]].tolist() == [5, 3, 2, 1]
    assert funnel[["processing_failed", "in_progress"]].tolist() == [3, 1]


@pytest.mark.parametrize("dtype", ["Int16", "Int64", "int64", "float64", "string", "object"])
def test_scores_of_any_dtype_are_counted_alike(dtype):
    frame = frame_of([0, 85, 100])
    other = frame.assign(ocr_authenticity_score=pd.Series(["0", "85", "100"]).astype(dtype))
    assert_same_counts(count_scores(other), count_scores(frame))


def test_floats_with_gaps_as_a_csv_file_gives_them_are_counted():
    frame = frame_of([85, None])
    other = frame.assign(ocr_authenticity_score=[85.0, np.nan])
    assert_same_counts(count_scores(other), count_scores(frame))


@pytest.mark.parametrize("bad", [-1, 101, 85.5, "high", np.inf, -32768.0, 32767.0, 1e30])
def test_a_score_that_is_none_is_an_error_that_names_the_upload_and_the_cure(bad):
    frame = frame_of([1, 2, 3]).assign(ocr_authenticity_score=pd.Series([1, bad, 3], dtype=object))
    message = rf"{record(1)['id']}, at .*: {re.escape(str(bad))} is.*errors='collect'"
    with pytest.raises(DecodeError, match=message):
        count_scores(frame)


@pytest.mark.parametrize("bad", [-32768, -1, 101, 32767])
def test_every_other_small_number_is_an_error_too(bad):
    frame = frame_of([1, None, bad])
    with pytest.raises(DecodeError, match=f": {bad} is not a whole number"):
        count_scores(frame)


def test_the_error_names_further_uploads_and_how_many_more():
    frame = frame_of([1] * 9).assign(ocr_authenticity_score=[300] * 8 + [1])
    with pytest.raises(DecodeError, match=rf"{record(1)['id']}, .*{record(5)['id']} and 2 more"):
        count_scores(frame)


def test_a_frame_without_ids_names_its_rows():
    frame = frame_of([1, 2]).assign(ocr_authenticity_score=[1, 300]).drop(columns="id")
    with pytest.raises(DecodeError, match="record 1, "):
        count_scores(frame)


class TestCheckedScores:
    @pytest.mark.parametrize("kind", ["Int16", "Int64", "float64", "Float64", "object"])
    def test_whole_scores_of_any_dtype_are_read_alike(self, kind):
        frame = frame_of([10, 20, 90])
        frame["ocr_authenticity_score"] = frame["ocr_authenticity_score"].astype(kind)
        found = checked_scores(frame)
        assert found.dtype == "Int16"
        assert found.tolist() == [10, 20, 90]

    @pytest.mark.parametrize("bad", [-1, 101, 79.5, np.inf, -32768, 32767, 10**30, "x"])
    def test_what_is_no_score_is_named_with_its_upload(self, bad):
        frame = frame_of([10, 20])
        frame["ocr_authenticity_score"] = pd.Series([10, bad], dtype="object")
        with pytest.raises(DecodeError, match=f"record {frame['id'][1]}, .*\\. Correct it"):
            checked_scores(frame)

    def test_missing_stays_missing_and_the_index_is_kept(self):
        frame = frame_of([10, 20]).set_axis([7, 7])
        frame["ocr_authenticity_score"] = [np.nan, 20.0]
        found = checked_scores(frame)
        assert found.isna().tolist() == [True, False]
        assert found.index.tolist() == [7, 7]
