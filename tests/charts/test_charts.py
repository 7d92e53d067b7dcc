"""Charts draw what was counted, say n, and change nothing global."""

import io
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from argyle_nb import charts
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import count_scores, ecdf_margin
from tests.support.records import scored, unscored
from tests.support.score_frames import frame_of, several

CHARTS = {
    "coverage": charts.coverage,
    "drift": lambda counts, ax: charts.drift(counts.drift("week"), ax),
    "ecdf": charts.ecdf,
    "histogram": charts.histogram,
    "histogram of levels": lambda counts, ax: charts.histogram(counts, ax, bars="levels"),
    "levels": charts.levels,
    "ridgeline": charts.ridgeline,
    "threshold": charts.threshold,
    "threshold with marks": lambda counts, ax: charts.threshold(counts, ax, pass_from=80),
}
every_chart = pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)


@pytest.fixture
def counts():
    records = [scored(1, 10), scored(2, 10), scored(3, 95)]
    frame = uploads_frame([*records, unscored(4, "idle", "idle", "idle")])
    return count_scores(frame, by=["week"])


@pytest.fixture
def many():
    return count_scores(several(np.random.default_rng(1), 2000), by=["document_type", "week"])


@pytest.fixture
def ax():
    return Figure(layout="constrained").subplots()


def rendered(figure):
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


@every_chart
def test_it_draws_on_the_axes_it_is_given_and_changes_nothing_global(counts, ax, draw):
    mpl.get_backend()  # is found out, and kept in rcParams, at the first question
    before = mpl.rcParams.copy()
    assert draw(counts, ax) is ax
    rendered(ax.figure)
    assert mpl.rcParams == before


@every_chart
def test_it_makes_a_figure_of_its_own_when_none_is_given(counts, draw):
    ax = draw(counts, None)
    assert ax.figure.axes
    mpl.pyplot.close(ax.figure)


@every_chart
def test_it_says_n_and_labels_its_axes(counts, ax, draw):
    draw(counts, ax)
    assert "n = " in ax.get_title(loc="left")
    assert ax.get_xlabel()
    assert ax.get_ylabel() or [label.get_text() for label in ax.get_yticklabels()]


@every_chart
@pytest.mark.parametrize("scores", [[], [None, None], [0], [100] * 3])
def test_little_or_nothing_to_draw_is_drawn_all_the_same(ax, draw, scores):
    weeks = ["2024-07-08"] * len(scores)
    draw(count_scores(frame_of(scores, created_at=weeks), by="week"), ax)
    rendered(ax.figure)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.none() | st.integers(0, 100), max_size=20))
def test_any_scores_can_be_drawn(scores):
    counts = count_scores(frame_of(scores), by="week")
    for draw in CHARTS.values():
        figure = Figure()
        draw(counts, figure.subplots())
        rendered(figure)


def test_the_histogram_has_one_bar_a_score_as_high_as_its_count(counts, ax):
    charts.histogram(counts, ax)
    heights = [bar.get_height() for bar in ax.containers[0]]
    assert (len(heights), heights[10], heights[95], sum(heights)) == (101, 2, 1, 3)


def test_the_title_says_how_many_have_a_score_and_how_many_have_none(counts, ax):
    charts.histogram(counts, ax)
    assert ax.get_title(loc="left") == "Authenticity scores: n = 3, 1 without a score"


@pytest.mark.parametrize("preset", ["argyle", "ocrolus-2", "ocrolus-current"])
def test_the_bands_carry_their_levels_and_the_presets_name(counts, ax, preset):
    charts.histogram(counts, ax, levels=preset)
    assert "high" in texts_of(ax)
    assert f"levels: {preset}" in texts_of(ax)


def test_bands_of_ones_own_carry_their_cut_offs_however_many_there_are(counts, ax):
    charts.histogram(counts, ax, levels={f"band {n}": 10 * n for n in range(8)})
    assert "band 7" in texts_of(ax)
    assert texts_of(ax)[-1].startswith("levels: own: band 0 0-9, band 1 10-19")


def test_bars_of_levels_have_their_share_above_them(counts, ax):
    charts.histogram(counts, ax, bars="levels")
    assert [bar.get_height() for bar in ax.containers[0]] == [2, 0, 0, 1]
    assert {"67%", "33%"} <= set(texts_of(ax))


def test_no_uploads_still_draw_an_empty_chart(ax):
    charts.histogram(count_scores(uploads_frame([])), ax)
    assert "n = 0" in ax.get_title(loc="left")


def test_an_ecdf_has_a_line_and_a_band_for_each_group_and_says_its_n(many, ax):
    by_type = many.by("document_type")
    charts.ecdf(by_type, ax)
    lines = dict(zip(by_type.groups, ax.lines, strict=True))
    np.testing.assert_array_equal(lines["W-2"].get_ydata(), by_type.ecdf()["W-2"])
    scored_w2 = int(by_type.scores.loc["W-2"].sum())
    assert f"W-2 (n = {scored_w2:,})" in [t.get_text() for t in ax.get_legend().get_texts()]
    band = ax.collections[1].get_paths()[0].vertices[:, 1]
    middle = by_type.ecdf()["W-2"].loc[75]
    assert np.isclose(band, min(1, middle + ecdf_margin(scored_w2))).any()


def test_groups_are_told_apart_by_more_than_colour(many, ax):
    charts.ecdf(many.by("document_type"), ax)
    assert len({line.get_linestyle() for line in ax.lines}) == len(ax.lines)


@pytest.mark.parametrize("draw", [charts.ecdf, charts.ridgeline, charts.coverage])
def test_more_groups_than_can_be_told_apart_are_refused_with_the_cure(many, ax, draw):
    with pytest.raises(ConfigurationError, match=r"18 groups are too many .*\.by\(\.\.\.\)"):
        draw(many, ax)


def test_a_ridge_stands_for_each_group_with_its_n_and_median(many, ax):
    by_type = many.by("document_type")
    charts.ridgeline(by_type, ax)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    n = by_type.scores.sum(axis=1)
    assert labels == [f"{name}\nn = {n[name]:,}" for name in ["paystubs", "W-2", "1099"]]
    medians = [c.get_segments()[0][0][0] for c in ax.collections if hasattr(c, "get_segments")]
    assert medians == by_type.quantile(0.5)["quantile"].tolist()


def test_levels_over_time_have_a_line_each_and_gaps_for_empty_periods(ax):
    weeks = ["2024-01-01", "2024-01-08", "2024-01-15"]
    counts = count_scores(frame_of([90, None, 10], created_at=weeks), by="week")
    charts.levels(counts, ax)
    lines = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert list(lines) == ["high", "medium", "low", "very low"]
    np.testing.assert_array_equal(lines["high"], [1, np.nan, 0])
    assert f"levels: {'argyle'}" in texts_of(ax)


def test_scores_without_a_time_are_said_not_drawn(ax):
    frame = frame_of([90, 80, 10], created_at=["2024-01-01", "2024-01-08", None])
    counts = count_scores(frame, by="week")
    charts.levels(counts, ax)
    assert "n = 2, 1 without a week" in ax.get_title(loc="left")
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


def test_the_funnel_has_a_bar_for_each_step_and_each_reason_that_occurs(ax):
    frame = uploads_frame(
        [scored(1, 5), scored(2, 9), unscored(3, "completed", "completed", "failed")]
    )
    charts.coverage(count_scores(frame), ax)
    widths = [bar.get_width() for bar in ax.containers[0]]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert dict(zip(labels, widths, strict=True)) == {
        "uploaded": 3,
        "classified": 3,
        "read by OCR": 3,
        "scored": 2,
        "failed": 1,
    }
    assert "2 (67%)" in texts_of(ax)


def test_drift_fills_the_points_that_are_beyond_chance(many, ax):
    table = many.drift("week")
    charts.drift(table, ax)
    within, beyond = (points.get_offsets()[:, 1] for points in ax.collections[1:3])
    mask = table["psi_beyond_chance"].to_numpy(dtype=bool)
    np.testing.assert_array_equal(beyond, table["psi"][mask])
    np.testing.assert_array_equal(within, table["psi"][~mask])


def test_drift_shows_the_rules_of_thumb_as_such_and_what_it_is_measured_against(many, ax):
    charts.drift(many.drift("week"), ax)
    assert {"rule of thumb 0.1", "rule of thumb 0.25"} <= set(texts_of(ax))
    assert "10 bins; critical value after Yurdakul 2018" in texts_of(ax)
    assert ax.get_title(loc="left") == "Drift against 2024-01-01: n = 2,000"


def test_drift_against_a_given_reference_says_so(many, ax):
    charts.drift(many.drift("week", many), ax)
    assert "against the given reference" in ax.get_title(loc="left")


def test_a_threshold_marks_its_cut_offs_in_both_panels_and_says_what_they_do(many, ax):
    charts.threshold(many, ax, pass_from=75, reject_below=40)
    upper, lower = ax.figure.axes
    for panel in (upper, lower):
        assert sorted(line.get_xdata()[0] for line in panel.lines) == [39.5, 74.5]
    row = many.total().threshold(75, reject_below=40).loc["all"]
    assert f"{100 * row['passed_share']:.0f} % passed" in ax.get_title(loc="left")


def test_the_panels_of_a_threshold_share_the_place_and_do_not_overlap(many):
    for ax in (Figure(layout="constrained").subplots(), Figure().add_axes((0.1, 0.2, 0.8, 0.6))):
        before = ax.get_position()
        charts.threshold(many, ax)
        upper, lower = (panel.get_position() for panel in ax.figure.axes)
        assert upper.y0 > lower.y1
        assert lower.y0 >= before.y0 - 1e-9


def test_a_chart_of_a_missing_group_names_it_so(ax):
    frame = frame_of([1, 2], user=pd.array(["ann", None], dtype="string"))
    charts.ecdf(count_scores(frame, by="user"), ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "ann (n = 1)",
        "(missing) (n = 1)",
    ]
