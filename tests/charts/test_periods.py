"""Charts over time draw each period once, and look as they did when they were looked at."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from argyle_nb import charts
from argyle_nb.scores import count_scores
from tests.support.figures import rendered, texts_of
from tests.support.score_frames import frame_of, several

PICTURES = {
    "levels": lambda counts, ax: charts.levels(counts, ax, levels="ocrolus-current"),
    "drift": lambda counts, ax: charts.drift(counts.drift("week"), ax),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_it_looks_as_it_did(name, pictured):
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    PICTURES[name](pictured, figure.subplots())
    return figure


def test_levels_over_time_have_a_line_each_and_gaps_for_empty_periods(ax):
    weeks = ["2024-01-01", "2024-01-08", "2024-01-15"]
    counts = count_scores(frame_of([90, None, 10], created_at=weeks), by="week")
    charts.levels(counts, ax)
    lines = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert list(lines) == ["high", "medium", "low", "very low"]
    np.testing.assert_array_equal(lines["high"], [1, np.nan, 0])
    assert any("Levels (argyle): " in text for text in texts_of(ax))


def test_scores_without_a_time_are_said_not_drawn(ax):
    frame = frame_of([90, 80, 10], created_at=["2024-01-01", "2024-01-08", None])
    counts = count_scores(frame, by="week")
    charts.levels(counts, ax)
    assert "n = 2 (1 without a week)" in ax.get_title(loc="left")
    charts.drift(counts.drift(), Figure().subplots())


@pytest.mark.parametrize("weeks", [[0, 79, 83, 87], range(30), [0, 1, 2, 90, 91, 92]])
def test_the_names_of_periods_do_not_lie_over_each_other(weeks, ax):
    days = [str(pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=week)) for week in weeks]
    charts.levels(count_scores(frame_of([50] * len(days), created_at=days), by="week"), ax)
    rendered(ax.figure)
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert len(boxes) > 1
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_periods_that_are_no_times_stand_one_after_the_other(ax):
    counts = count_scores(frame_of([1, 2]).assign(quarter=["Q1", "Q2"]), by="quarter")
    charts.levels(counts, ax, by="quarter")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Q1", "Q2"]


def test_drift_fills_the_points_that_are_beyond_chance(many, ax):
    table = many.drift("week")
    charts.drift(table, ax)
    within, beyond = (points.get_offsets()[:, 1] for points in ax.collections[1:3])
    mask = table["psi_significant"].fillna(value=False).to_numpy(dtype=bool)
    np.testing.assert_array_equal(beyond, table["psi"][mask])
    np.testing.assert_array_equal(within, table["psi"][~mask])


def test_drift_shows_the_rules_of_thumb_as_such_and_what_it_is_measured_against(many, ax):
    charts.drift(many.drift("week"), ax)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "PSI 0.1 and 0.25\n(rules of thumb)" in named
    assert any("10 bins; Yurdakul" in " ".join(text.split()) for text in texts_of(ax))
    assert "vs. the week of 2024-01-01, n = 2,000" in " ".join(ax.get_title(loc="left").split())


def test_the_title_of_drift_says_in_plain_words_what_it_comes_to(many):
    steady = several(np.random.default_rng(3), 900).assign(week=np.resize(list("abc"), 900))
    ax = charts.drift(count_scores(steady, by="week").drift(), Figure().subplots())
    assert ax.get_title(loc="left").startswith("No significant drift in 2 weeks\nPSI")
    ax = charts.drift(many, Figure().subplots())
    assert ax.get_title(loc="left").startswith("Significant drift of scores in 2 of 5 weeks\nPSI")


def test_a_comparison_says_which_groups_differ_and_marks_them(many, ax):
    by_week = many.by("week")
    table = by_week.compare(by_week.filter(week="2024-01-01"))
    charts.compare(table, ax)
    assert ax.get_title(loc="left").startswith("Scores vs. the baseline: lower in 2 of 6 groups")
    same, lower = (points.get_offsets() for points in ax.collections[-2:])
    assert (len(same), len(lower)) == (4, 2)
    assert (lower[:, 0] < 0.5).all()


def test_drift_against_a_given_reference_says_so(many, ax):
    charts.drift(many.drift("week", many), ax)
    assert "vs. the given reference" in ax.get_title(loc="left")
