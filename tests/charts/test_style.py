"""Every chart says n, draws where it is told to, and changes nothing global."""

import re
import xml.etree.ElementTree as ET
from decimal import Decimal

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import argyle_nb as anb
from argyle_nb import charts
from argyle_nb.charts import style
from argyle_nb.charts.style import LOOKS, TINT
from argyle_nb.errors import ConfigurationError
from argyle_nb.scores import count_scores
from tests.support.figures import badly_placed, rendered, texts_of
from tests.support.score_frames import frame_of, several

COSTS = anb.Costs(review=8, missed_fraud=400, rejected_genuine=60)
OF_SCORES = {
    "compare": lambda counts, ax: charts.compare(counts.compare(counts.total()), ax),
    "coverage": charts.coverage,
    "drift": lambda counts, ax: charts.drift(counts.drift("week"), ax),
    "ecdf": charts.ecdf,
    "histogram": charts.histogram,
    "histogram of levels": lambda counts, ax: charts.histogram(counts, ax, bars="levels"),
    "histogram of groups": lambda counts, ax: charts.histogram(counts, ax, by="week"),
    "levels": charts.levels,
    "ridgeline": charts.ridgeline,
    "threshold": charts.threshold,
    "threshold with marks": lambda counts, ax: charts.threshold(counts, ax, pass_from=80),
    "threshold with two marks": lambda counts, ax: charts.threshold(
        counts, ax, pass_from=42, reject_below=40
    ),
}
OF_VERDICTS = {
    "roc": lambda data, ax: charts.roc(data["verdicts"], ax),
    "roc of nothing": lambda data, ax: charts.roc(data["nothing"], ax),
    "precision_recall": lambda data, ax: charts.precision_recall(data["verdicts"], ax),
    "catch_rate": lambda data, ax: charts.catch_rate(data["verdicts"], ax),
    "cost": lambda data, ax: charts.cost(data["verdicts"], ax, costs=COSTS),
    "signal_pareto": lambda data, ax: charts.signal_pareto(data["pareto"], ax),
    "score_by_signal_count": lambda data, ax: charts.score_by_signal_count(data["by_count"], ax),
}
CHARTS = OF_SCORES | OF_VERDICTS


@pytest.fixture(params=CHARTS)
def draw(request):
    """Draw one chart after the other, each from data of its own."""
    name = request.param
    data = request.getfixturevalue("counts" if name in OF_SCORES else "verdict_data")
    return lambda ax: CHARTS[name](data, ax)


def test_it_draws_on_the_axes_it_is_given_and_changes_nothing_global(ax, draw):
    mpl.get_backend()  # is found out, and kept in rcParams, at the first question
    before = mpl.rcParams.copy()
    assert draw(ax) is ax
    rendered(ax.figure)
    assert mpl.rcParams == before


def test_it_makes_a_figure_of_its_own_when_none_is_given(draw):
    ax = draw(None)
    assert ax.figure.axes
    mpl.pyplot.close(ax.figure)


def test_it_says_n_and_labels_its_axes(ax, draw):
    draw(ax)
    assert "n = " in ax.get_title(loc="left")
    assert ax.get_xlabel()
    assert ax.get_ylabel() or [label.get_text() for label in ax.get_yticklabels()]


@pytest.mark.parametrize("name", OF_SCORES)
@pytest.mark.parametrize("scores", [[], [None, None], [0], [100] * 3])
def test_little_or_nothing_to_draw_is_drawn_all_the_same(ax, name, scores):
    weeks = ["2024-07-08"] * len(scores)
    OF_SCORES[name](count_scores(frame_of(scores, created_at=weeks), by="week"), ax)
    rendered(ax.figure)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.none() | st.integers(0, 100), max_size=20))
def test_any_scores_can_be_drawn(scores):
    counts = count_scores(frame_of(scores), by="week")
    for draw_scores in OF_SCORES.values():
        figure = Figure()
        draw_scores(counts, figure.subplots())
        rendered(figure)


@pytest.mark.parametrize("preset", ["argyle", "ocrolus-2", "ocrolus-current"])
def test_the_bands_carry_their_levels_and_the_presets_name(counts, ax, preset):
    charts.histogram(counts, ax, levels=preset)
    assert "high" in texts_of(ax)
    assert any(text.startswith(f"Levels ({preset}): ") for text in texts_of(ax))


def test_bands_of_ones_own_carry_their_cut_offs_however_many_there_are(counts, ax):
    charts.histogram(counts, ax, levels={f"band {n}": 10 * n for n in range(8)})
    assert "band 7" in texts_of(ax)
    assert texts_of(ax)[-1].startswith("Levels (own): band 0 0-9, band 1 10-19")


def test_groups_are_told_apart_by_more_than_colour(many, ax):
    charts.ecdf(many.by("document_type"), ax)
    assert len({line.get_linestyle() for line in ax.lines}) == len(ax.lines)


@pytest.mark.parametrize("chart", [charts.ecdf, charts.ridgeline, charts.coverage])
def test_more_groups_than_can_be_told_apart_are_refused_with_the_cure(many, ax, chart):
    with pytest.raises(ConfigurationError, match=r"18 \(maximum \d+\)\. Combine"):
        chart(many, ax)


def test_a_chart_of_a_missing_group_names_it_so(ax):
    frame = frame_of([1, 2], user=pd.array(["ann", None], dtype="string"))
    charts.ecdf(count_scores(frame, by="user"), ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "ann (n = 1)",
        "(missing) (n = 1)",
    ]


def test_a_chart_of_its_own_figure_has_its_texts_inside_and_apart(draw):
    ax = draw(None)
    assert badly_placed(ax.figure) == []
    mpl.pyplot.close(ax.figure)


NAMES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40)
NAMES |= st.sampled_from(["$x_{", "a" * 300, "two\nlines", "Ærøskøbing Sparekasse, Boliglån"])


@settings(max_examples=10)
@given(
    st.lists(st.tuples(st.integers(0, 100), NAMES, st.integers(0, 80)), min_size=1, max_size=12),
    st.lists(st.integers(1, 100), max_size=6, unique=True).map(sorted),
    st.data(),
)
def test_texts_are_inside_and_apart_whatever_there_is_to_draw(rows, cuts, data):
    scores, names, weeks = zip(*rows, strict=True)
    known = list(dict.fromkeys(names))[:6]
    frame = frame_of(
        scores,
        employer=pd.array([name if name in known else known[0] for name in names], dtype="string"),
        created_at=[pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=week) for week in weeks],
    )
    own = {"": 0} | {f"{data.draw(NAMES)} {cut}": cut for cut in cuts}
    by_name = {"by": "employer", "levels": own}
    reject = data.draw(st.none() | st.integers(0, 100))
    pass_from = data.draw(st.integers(reject or 0, 101))
    counts = count_scores(frame, by=["employer", "week"])
    drawings = [
        lambda: charts.histogram(frame, **by_name),
        lambda: charts.histogram(frame, levels=own, bars="levels"),
        lambda: charts.ecdf(frame, **by_name),
        lambda: charts.ridgeline(frame, **by_name),
        lambda: charts.coverage(frame, by="employer"),
        lambda: charts.threshold(frame, pass_from=pass_from, reject_below=reject, levels=own),
        lambda: charts.compare(counts.by("employer").compare(counts)),
        lambda: charts.drift(frame),
        *([lambda: charts.levels(frame, levels=own)] if len(own) <= len(LOOKS) else []),
    ]
    for draw_one in drawings:
        ax = draw_one()
        wrong = badly_placed(ax.figure)
        mpl.pyplot.close(ax.figure)
        assert wrong == []


def contrast(one, other):
    """The contrast of two colors, as WCAG 2 defines it."""
    parts = np.array([to_rgb(one), to_rgb(other)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    low, high = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (high + 0.05) / (low + 0.05)


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314 - it is our own


THEMES = {"#ffffff": "#212121", "#111111": "#ffffff"}  # background -> JupyterLab's text


@pytest.mark.parametrize("background", THEMES)
def test_what_lies_below_texts_leaves_them_readable_in_either_theme(background):
    for color in style.BANDS:
        below = TINT * np.array(to_rgb(color)) + (1 - TINT) * np.array(to_rgb(background))
        assert contrast(THEMES[background], below) >= 4.5


@pytest.mark.parametrize("background", THEMES)
def test_colors_of_data_stand_out_in_either_theme(background):
    for color in [style.BAR, style.ALERT, *(look.color for look in LOOKS)]:
        assert contrast(color, background) >= 3


def test_a_notebook_shows_lines_in_the_colors_of_its_theme_and_no_background(draw):
    ax = draw(None)
    shown = ax.figure._repr_html_()
    mpl.pyplot.close(ax.figure)
    root = parsed(shown)
    assert "currentColor" in root.get("style")
    drawn = re.findall(r"(?:fill|stroke): (#\w+)", shown)
    assert not {"#000000", "#ffffff"} & set(drawn)
    assert "<image" not in shown
    assert "<style" not in shown


def test_a_screen_reader_is_told_title_axes_and_numbers(counts):
    ax = charts.histogram(counts)
    said = parsed(ax.figure._repr_html_()).get("aria-label")
    mpl.pyplot.close(ax.figure)
    assert said == " ".join(charts.alt_text(ax).split())
    assert charts.alt_text(ax).splitlines() == [
        "Authenticity scores, n = 3 (1 upload without a score).",
        "Horizontal: Authenticity score (0-100); vertical: Uploads.",
        "very low 67%, low 0%, medium 0%, high 33%. The median score is 10.",
        "Levels (argyle): very low 0-29, low 30-49, medium 50-79, high 80-100.",
    ]


def test_a_notebook_that_is_not_trusted_shows_the_alt_text_instead(counts):
    ax = charts.histogram(counts)
    instead = parsed(ax.figure._repr_html_())[0]
    mpl.pyplot.close(ax.figure)
    assert instead.tag.endswith("desc")
    assert instead.text.split()[:12] == charts.alt_text(ax).split()[:12]
    assert instead.text.endswith("trust this notebook or run the cell.")


def test_a_foreign_name_stays_a_text_in_the_notebook():
    frame = frame_of([1, 2], employer=pd.array(['"><script>', "&b"], dtype="string"))
    ax = charts.ecdf(frame, by="employer")
    shown = ax.figure._repr_html_()
    mpl.pyplot.close(ax.figure)
    assert parsed(shown).tag.endswith("svg")
    assert "<script" not in shown


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=9))
def test_shares_that_are_shown_add_up_to_100(parts):
    shown = style.percents(parts)
    if not any(parts):
        assert set(shown) == {"-"}
    else:
        assert sum(Decimal(share.rstrip("%")) for share in shown) == 100
        exact = 100 * np.array(parts) / sum(parts)
        assert np.abs(exact - [float(share.rstrip("%")) for share in shown]).max() < 1


def test_a_chart_takes_the_uploads_as_well_as_their_counts(many):
    frame = several(np.random.default_rng(1), 2000)
    for chart in (charts.ecdf, charts.ridgeline, charts.coverage):
        ax, other = Figure().subplots(), Figure().subplots()
        chart(frame, ax, by="document_type")
        chart(many.by("document_type"), other)
        assert charts.alt_text(ax) == charts.alt_text(other)
