"""A score is compared with those of its like, as scipy's percentiles are."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from scipy.stats import percentileofscore

from argyle_nb import count_scores, explain
from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.scores.standing import told
from tests.support.score_frames import frame_of, upload

LIKE = ["document_type", "media"]


def said_of(counts, frame):
    return told(counts.grouped_by, counts.scores, frame)


@given(st.lists(st.integers(0, 100), min_size=30, max_size=60), st.integers(0, 100))
def test_shares_are_those_of_scipy(scores, score):
    one = pd.DataFrame({"ocr_authenticity_score": [score]})
    counts = count_scores(frame_of(scores))
    row = counts.standing(one).iloc[0]
    for name, kind in (("share_below", "strict"), ("share_at_most", "weak")):
        assert row[name] * 100 == pytest.approx(percentileofscore(scores, score, kind), abs=1e-9)
    assert (row["like"], row["like_scored"]) == ("all", len(scores))


@pytest.fixture
def frame():
    """Forty PDFs that score 0 to 39, forty images that score 60 to 99, and one of no kind."""
    names = ["a.PDF", "b.scan.jpeg"] * 40
    scores = [n // 2 + 60 * (n % 2) for n in range(80)]
    return frame_of([*scores, 50], file_name=pd.array([*names, "scan"], dtype="string"))


def test_like_is_the_type_and_the_kind_of_file(frame):
    table = count_scores(frame, by=LIKE).standing(frame)
    assert table["like"].iloc[[0, 1]].tolist() == ["paystubs, PDF", "paystubs, image"]
    assert table["like_scored"].iloc[[0, 1]].tolist() == [40, 40]
    assert table["share_at_most"].iloc[[0, 1]].tolist() == [1 / 40, 1 / 40]


def test_a_period_is_named_by_its_first_day(frame):
    frame["created_at"] = pd.Timestamp("2026-05-20T10:00Z")
    table = count_scores(frame, by=["document_type", "month"]).standing(frame)
    assert set(table["like"]) == {"paystubs, 2026-05-01"}


def test_where_the_kind_cannot_be_told_all_of_the_type_are_alike(frame):
    row = count_scores(frame, by=LIKE).standing(frame).iloc[80]
    assert (row["like"], row["like_scored"], row["share_below"]) == ("paystubs", 81, 40 / 81)


@pytest.mark.parametrize(("n", "known"), [(29, False), (30, True)])
def test_of_fewer_than_30_alike_only_their_number_is_told(n, known):
    frame = frame_of([50] * n)
    row = count_scores(frame).standing(frame).iloc[0]
    assert row["like_scored"] == n
    assert pd.notna(row["share_below"]) == known == pd.notna(row["share_at_most"])


def test_a_missing_score_has_no_place_and_the_index_stays():
    frame = frame_of([*range(40), None]).set_index(np.arange(41) + 7)
    table = count_scores(frame).standing(frame)
    assert table.index.tolist() == frame.index.tolist()
    assert table[["share_below", "share_at_most"]].iloc[40].isna().all()


def test_what_was_not_counted_has_nothing_alike(frame):
    other = frame.assign(document_type="W-2")
    assert (count_scores(frame, by=LIKE).standing(other)["like_scored"] == 0).all()
    assert len(count_scores(frame, by=LIKE).standing(frame.head(0))) == 0


def test_bad_input_is_named(frame):
    with pytest.raises(ConfigurationError, match="file_name"):
        count_scores(frame, by=LIKE).standing(frame.drop(columns="file_name"))
    with pytest.raises(DecodeError):
        count_scores(frame).standing(frame.assign(ocr_authenticity_score=101))


@pytest.mark.parametrize(
    ("score", "words"),
    [(0, "Lower than 99%"), (10, "Lower than 89%"), (98, "Higher than 98%")],
)
def test_it_is_said_in_a_sentence_and_rounded_down(score, words):
    counts = count_scores(frame_of([n % 100 for n in range(200)]))
    said, bars = said_of(counts, frame_of([score]))
    assert said == f"{words} of 200 scored uploads (all)."
    assert bars == [10] * 20


def test_level_few_and_missing_scores_are_said_as_such():
    counts = count_scores(frame_of([50] * 40))
    assert (
        said_of(counts, frame_of([50]))[0] == "The same as nearly all of 40 scored uploads (all)."
    )
    assert said_of(counts, frame_of([None])) == ("", [])
    few = count_scores(frame_of([50] * 4))
    assert said_of(few, frame_of([50])) == ("Only 4 scored uploads (all): too few to compare.", [])


def test_explain_says_it_beside_the_signals():
    counts = count_scores(frame_of(range(101)), by=LIKE)
    said = explain(upload(1, 10, "earnings_edits"), counts=counts).attrs["standing"]
    assert said == "Lower than 89% of 101 scored uploads (paystubs, PDF)."
    assert explain(upload(1, 10)).attrs["standing"] == ""


def test_a_notebook_shows_the_sentence_and_a_histogram_with_a_text_above_the_signals():
    counts = count_scores(frame_of(range(101)), by=LIKE)
    explained = explain(upload(1, 10, "earnings_edits"), counts=counts)
    html = explained._repr_html_()
    assert "Score 10. Lower than 89% of 101 scored uploads (paystubs, PDF)." in html
    assert "aria-label='Histogram of their scores, 0 to 100, with this one at 10'" in html
    assert html.count("background:") == 20
    assert "earnings_edits" in html
    assert "Score 10." not in explained[["identifier"]]._repr_html_()


def test_what_explain_gives_with_counts_is_a_plain_frame_that_a_notebook_shows_in_full():
    counts = count_scores(frame_of(range(101)), by=LIKE)
    explained = explain(upload(1, 10, "earnings_edits"), counts=counts)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(explained)), explained)  # noqa: S301
    assert type(explained) is pd.DataFrame
    shown, _ = DisplayFormatter().format(explained)
    assert "Score 10. Lower than 89%" in shown["text/html"]
    with pd.option_context("display.notebook_repr_html", False):
        assert explained._repr_html_() is None


def test_of_few_alike_a_notebook_shows_their_number_and_no_histogram():
    explained = explain(upload(1, 10), counts=count_scores(frame_of([50] * 29)))
    html = explained._repr_html_()
    assert "Only 29 scored uploads (all): too few to compare." in html
    assert "Histogram" not in html
    assert "role='img'" not in html


def test_without_counts_a_notebook_shows_the_table_alone():
    explained = explain(upload(1, 10))
    assert explained._repr_html_() == pd.DataFrame(explained)._repr_html_()
