"""Charts of scores draw what was counted, and look as they did when they were looked at."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from argyle_nb import charts
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import count_scores, ecdf_margin
from tests.support.figures import texts_of
from tests.support.records import scored, unscored

OWN = {"reject": 0, "review": 40, "pass": 75}


def rated(counts):
    return counts.by("document_type").filter(document_type=["paystubs", "W-2", "1099"])


PICTURES = {
    "histogram": charts.histogram,
    "histogram_levels": lambda counts, ax: charts.histogram(counts, ax, levels=OWN, bars="levels"),
    "ecdf": lambda counts, ax: charts.ecdf(rated(counts), ax),
    "ridgeline": lambda counts, ax: charts.ridgeline(counts.by("document_type"), ax),
    "coverage": lambda counts, ax: charts.coverage(counts.by("document_type"), ax),
    "coverage_one_group": lambda counts, ax: charts.coverage(counts.total(), ax),
    "threshold": lambda counts, ax: charts.threshold(counts, ax, pass_from=75, reject_below=40),
    "threshold_one_cut_off": charts.threshold,
    "histogram_of_nothing": lambda counts, ax: charts.histogram(counts.filter(week=[]), ax),
}
HIGH = {"ridgeline": 5.4, "threshold": 5.2, "threshold_one_cut_off": 5.2}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_it_looks_as_it_did(name, pictured):
    figure = Figure(figsize=(8, HIGH.get(name, 3.6)), layout="constrained")
    PICTURES[name](pictured, figure.subplots())
    return figure


def test_the_histogram_has_one_bar_a_score_as_high_as_its_count(counts, ax):
    charts.histogram(counts, ax)
    heights = [bar.get_height() for bar in ax.containers[0]]
    assert (len(heights), heights[10], heights[95], sum(heights)) == (101, 2, 1, 3)


def test_the_title_says_how_many_have_a_score_and_how_many_have_none(counts, ax):
    charts.histogram(counts, ax)
    assert ax.get_title(loc="left") == "Authenticity scores, n = 3 (1 upload without a score)"


def test_bars_of_levels_have_their_share_above_them(counts, ax):
    charts.histogram(counts, ax, bars="levels")
    assert [bar.get_height() for bar in ax.containers[0]] == [2, 0, 0, 1]
    assert {"67%", "33%"} <= set(texts_of(ax))


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


def test_a_ridge_stands_for_each_group_with_its_n_and_median(many, ax):
    by_type = many.by("document_type")
    charts.ridgeline(by_type, ax)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    n = by_type.scores.sum(axis=1)
    assert labels == [f"{name}\nn = {n[name]:,}" for name in ["paystubs", "W-2", "1099"]]
    medians = [c.get_segments()[0][0][0] for c in ax.collections if hasattr(c, "get_segments")]
    assert medians == by_type.quantile(0.5)["quantile"].tolist()


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
        "past OCR": 3,
        "scored": 2,
        "no score: processing failed": 1,
    }
    assert "2 (67%)" in texts_of(ax)


def test_a_threshold_names_its_marks_and_says_what_they_do(many, ax):
    charts.threshold(many, ax, pass_from=75, reject_below=40)
    upper, lower = ax.figure.axes
    assert "pass from 75" in texts_of(upper)
    assert {"pass from 75", "reject below 40"} <= set(texts_of(lower))
    assert upper.get_xlim()[0] == 39.5
    row = many.total().threshold(75, reject_below=40).loc["all"]
    assert f"pass {row['pass_share']:.0%}" in ax.get_title(loc="left")


def test_the_panels_of_a_threshold_share_the_place_and_do_not_overlap(many):
    for ax in (Figure(layout="constrained").subplots(), Figure().add_axes((0.1, 0.2, 0.8, 0.6))):
        before = ax.get_position()
        charts.threshold(many, ax)
        upper, lower = (panel.get_position() for panel in ax.figure.axes)
        assert upper.y0 > lower.y1
        assert lower.y0 >= before.y0 - 1e-9
