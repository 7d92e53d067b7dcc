"""Charts of verdicts and signals say what they rest on, and look as they did when looked at."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import argyle_nb as anb
from argyle_nb import charts
from argyle_nb.errors import ConfigurationError
from argyle_nb.review import sample
from tests.scores.test_signals import upload

COSTS = anb.Costs(review=8, missed_fraud=400, rejected_genuine=60)


def made_uploads():
    """3,000 paystubs, one in twenty fraudulent; fraud scores lower and shows signals."""
    chance = np.random.default_rng(7)
    fraudulent = chance.random(3000) < 0.05
    score = np.where(fraudulent, chance.normal(45, 20, 3000), chance.normal(86, 8, 3000))
    whole = np.clip(score, 0, 100).round().astype(int)
    names = ("dollar_amount_edits", "earnings_edits", "employee_name_edits")
    records = [
        upload(n, int(s), *(names[: 1 + n % 3] if s < 60 else ["other_edits"] if s < 80 else []))
        for n, s in enumerate(whole)
    ]
    for one in records[::7]:
        codes = one["metadata"]["ocr_authenticity"]["form_authenticity"]["reason_codes"]
        codes.append({"code": "006-L"})
    uploads, signals = anb.flatten(records)
    verdict = np.where(fraudulent, "fraudulent", "genuine")
    return uploads, signals, pd.DataFrame({"upload_id": uploads["id"], "verdict": verdict})


@pytest.fixture(scope="module")
def data():
    uploads, signals, said = made_uploads()
    return {
        "verdicts": anb.count_verdicts(uploads, said, sample(uploads, 500)),
        "unweighted": anb.count_verdicts(uploads, said.head(400)),
        "nothing": anb.count_verdicts(uploads, said.head(0)),
        "pareto": anb.signal_pareto(signals, uploads),
        "by_count": anb.score_by_signal_count(uploads),
    }


PICTURES = {
    "roc": lambda data, ax: charts.roc(data["verdicts"], ax),
    "roc_unweighted": lambda data, ax: charts.roc(data["unweighted"], ax),
    "precision_recall": lambda data, ax: charts.precision_recall(data["verdicts"], ax),
    "catch_rate": lambda data, ax: charts.catch_rate(data["verdicts"], ax),
    "cost": lambda data, ax: charts.cost(data["verdicts"], ax, costs=COSTS),
    "cost_with_rejection": lambda data, ax: charts.cost(
        data["verdicts"], ax, costs=COSTS, reject_below=50
    ),
    "roc_of_nothing": lambda data, ax: charts.roc(data["nothing"], ax),
    "signal_pareto": lambda data, ax: charts.signal_pareto(data["pareto"], ax),
    "score_by_signal_count": lambda data, ax: charts.score_by_signal_count(data["by_count"], ax),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_its_picture_is_as_it_was(name, data):
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    PICTURES[name](data, figure.subplots())
    return figure


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.mark.parametrize("name", PICTURES)
def test_both_axes_are_named_and_n_is_in_the_title(name, data, ax):
    assert PICTURES[name](data, ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert "n = " in ax.get_title(loc="left")


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_global_is_changed(name, data, ax):
    mpl.get_backend()  # is found out, and kept in rcParams, at the first question
    before = mpl.rcParams.copy()
    PICTURES[name](data, ax)
    assert mpl.rcParams == before


@pytest.mark.parametrize("name", [name for name in PICTURES if "signal" not in name])
def test_what_the_verdicts_cannot_say_stands_under_the_axis(name, data, ax):
    PICTURES[name](data, ax)
    said = " ".join(text.get_text() for text in ax.texts).replace("\n", " ")
    assert "scored uploads have a verdict" in said


def test_without_rates_the_picture_warns_of_selection(data, ax):
    charts.roc(data["unweighted"], ax)
    said = " ".join(text.get_text() for text in ax.texts).replace("\n", " ")
    assert "the true catch rate is lower" in said


def test_the_cheapest_threshold_is_marked(data, ax):
    charts.cost(data["verdicts"], ax, costs=COSTS)
    best = data["verdicts"].cost_curve(COSTS)["cost"].idxmin()
    assert f"least: review below {best}" in [text.get_text() for text in ax.texts]


def test_the_cost_is_in_the_users_currency(data, ax):
    euros = anb.Costs(review=8, missed_fraud=400, rejected_genuine=60, currency="EUR")
    assert "(EUR)" in charts.cost(data["verdicts"], ax, costs=euros).get_ylabel()


def test_the_most_frequent_signals_are_shown_and_the_title_says_of_how_many(data, ax):
    charts.signal_pareto(data["pareto"], ax, most=2)
    assert "2 of 5, n = 3,000" in ax.get_title(loc="left")
    assert len(ax.get_yticklabels()) == 2


def test_a_pareto_with_groups_is_refused(data, ax):
    grouped = data["pareto"].assign(document_type="W-2").set_index("document_type", append=True)
    with pytest.raises(ConfigurationError, match="without groups"):
        charts.signal_pareto(grouped, ax)
