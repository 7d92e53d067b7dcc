"""Charts look as they did when they were looked at, in colour; and stay readable in grey."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from argyle_nb import charts
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.scores import count_scores

OWN = {"reject": 0, "review": 40, "pass": 75}


def made_frame():
    """2,000 uploads of twelve weeks; from week 8 on paystubs score lower; some have no score."""
    chance = np.random.default_rng(2026)
    n = 2000
    week = chance.integers(0, 12, n)
    types = chance.choice(DOCUMENT_TYPES, n, p=[0.5, 0.2, 0.1, 0.08, 0.07, 0.05])
    middle = np.where((types == "paystubs") & (week >= 8), 66, 84)
    scores = np.where(chance.random(n) < 0.06, chance.normal(30, 15, n), chance.normal(middle, 9))
    frame = uploads_frame([{"id": str(number)} for number in range(n)])
    frame["document_type"] = pd.Categorical(types, categories=list(DOCUMENT_TYPES))
    frame["created_at"] = pd.Series(np.datetime64("2026-01-05") + 7 * week).dt.tz_localize("UTC")
    rated = np.isin(types, ["paystubs", "W-2", "1099"])
    fate = chance.choice(["completed", "failed", "in_progress"], n, p=[0.94, 0.04, 0.02])
    frame["classification"] = pd.Categorical(["completed"] * n)
    frame["ocr"] = pd.Categorical(np.where(rated, "completed", "idle"))
    frame["authenticity"] = pd.Categorical(np.where(rated, fate, "idle"))
    whole = pd.array(np.clip(scores, 0, 100).round().astype(int), dtype="Int16")
    whole[~(rated & (fate == "completed"))] = pd.NA
    return frame.assign(ocr_authenticity_score=whole)


@pytest.fixture(scope="module")
def counts():
    return count_scores(made_frame(), by=["document_type", "week"])


def figure_of(height=3.6):
    return Figure(figsize=(8, height), layout="constrained")


def rated(counts):
    return counts.by("document_type").filter(document_type=["paystubs", "W-2", "1099"])


PICTURES = {
    "histogram": charts.histogram,
    "histogram_levels": lambda counts, ax: charts.histogram(counts, ax, levels=OWN, bars="levels"),
    "ecdf": lambda counts, ax: charts.ecdf(rated(counts), ax),
    "ridgeline": lambda counts, ax: charts.ridgeline(counts.by("document_type"), ax),
    "levels": lambda counts, ax: charts.levels(counts, ax, levels="ocrolus-current"),
    "coverage": lambda counts, ax: charts.coverage(counts.by("document_type"), ax),
    "coverage_one_group": lambda counts, ax: charts.coverage(counts.total(), ax),
    "drift": lambda counts, ax: charts.drift(counts.drift("week"), ax),
    "threshold": lambda counts, ax: charts.threshold(counts, ax, pass_from=75, reject_below=40),
    "threshold_one_cut_off": charts.threshold,
    "histogram_of_nothing": lambda counts, ax: charts.histogram(counts.filter(week=[]), ax),
}
HIGH = {"ridgeline": 5.4, "threshold": 5.2, "threshold_one_cut_off": 5.2}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_it_looks_as_it_did(name, counts):
    figure = figure_of(HIGH.get(name, 3.6))
    PICTURES[name](counts, figure.subplots())
    return figure
