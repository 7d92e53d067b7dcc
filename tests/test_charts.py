"""Charts draw what was counted, say n, and change nothing global."""

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from argyle_nb import charts
from argyle_nb.frames import uploads_frame
from argyle_nb.scores import count_scores
from tests.records import scored, unscored


@pytest.fixture
def counts():
    records = [scored(1, 10), scored(2, 10), scored(3, 95)]
    return count_scores(uploads_frame([*records, unscored(4, "idle", "idle", "idle")]))


@pytest.fixture
def ax():
    return Figure().subplots()


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
    texts = [text.get_text() for text in ax.texts]
    assert "high" in texts
    assert f"levels: {preset}" in texts


def test_no_uploads_still_draw_an_empty_chart(ax):
    charts.histogram(count_scores(uploads_frame([])), ax)
    assert "n = 0" in ax.get_title(loc="left")


def test_nothing_global_is_changed(counts, ax):
    mpl.get_backend()  # is found out, and kept in rcParams, at the first question
    before = mpl.rcParams.copy()
    assert charts.histogram(counts, ax) is ax
    assert mpl.rcParams == before
