"""Charts of verdicts say what they rest on, and look as they did when they were looked at."""

import pytest
from matplotlib.figure import Figure

import argyle_nb as anb
from argyle_nb import charts
from tests.support.figures import texts_of

COSTS = anb.Costs(review=8, missed_fraud=400, rejected_genuine=60)
PICTURES = {
    "roc": lambda data, ax: charts.roc(data["verdicts"], ax),
    "roc_unweighted": lambda data, ax: charts.roc(data["unweighted"], ax),
    "precision_recall": lambda data, ax: charts.precision_recall(data["verdicts"], ax),
    "catch_rate": lambda data, ax: charts.catch_rate(data["verdicts"], ax),
    "cost": lambda data, ax: charts.cost(data["verdicts"], ax, costs=COSTS),
    "cost_with_rejection": lambda data, ax: charts.cost(
        data["verdicts"], ax, costs=COSTS, reject_below=50
    ),
    "gains": lambda data, ax: charts.gains(data["outcomes"], ax),
    "roc_of_nothing": lambda data, ax: charts.roc(data["nothing"], ax),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_its_picture_is_as_it_was(name, verdict_data):
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    PICTURES[name](verdict_data, figure.subplots())
    return figure


@pytest.mark.parametrize("name", PICTURES)
def test_what_the_verdicts_cannot_say_stands_under_the_axis(name, verdict_data, ax):
    PICTURES[name](verdict_data, ax)
    said = " ".join(texts_of(ax)).replace("\n", " ")
    known = "borrowers have a score and a known outcome"
    assert (known if name == "gains" else "scored uploads have a verdict") in said


def test_without_rates_the_picture_warns_of_selection(verdict_data, ax):
    charts.roc(verdict_data["unweighted"], ax)
    said = " ".join(texts_of(ax)).replace("\n", " ")
    assert "the true catch rate is lower" in said


def test_the_cheapest_threshold_is_marked(verdict_data, ax):
    charts.cost(verdict_data["verdicts"], ax, costs=COSTS)
    [best] = verdict_data["verdicts"].best_threshold(3000, COSTS).index
    assert f"Lowest cost: review below {best}" in texts_of(ax)


@pytest.mark.parametrize("reject_below", [0, 50, 60])
@pytest.mark.parametrize("capacity", [0, 100, 300, 5000])
def test_the_mark_is_the_threshold_of_the_table_for_that_capacity(
    verdict_data, ax, capacity, reject_below
):
    verdicts, limits = verdict_data["verdicts"], {"reject_below": reject_below}
    charts.cost(verdicts, ax, costs=COSTS, capacity=capacity, **limits)
    [best] = verdicts.best_threshold(capacity, COSTS, **limits).index
    assert any(f"{capacity:,} reviews: review below {best}" in text for text in texts_of(ax))


def test_the_cost_is_in_the_users_currency(verdict_data, ax):
    euros = anb.Costs(review=8, missed_fraud=400, rejected_genuine=60, currency="EUR")
    assert "(EUR)" in charts.cost(verdict_data["verdicts"], ax, costs=euros).get_ylabel()


def test_gains_without_a_known_outcome_are_drawn_empty(verdict_data, ax):
    nothing = anb.count_outcomes(verdict_data["uploads"], verdict_data["no_loans"])
    title = charts.gains(nothing, ax).get_title("left")
    assert "n = 0 borrowers, 0 bad" in title.replace("\n", " ")


def test_the_gains_are_told_in_words(verdict_data, ax):
    said = charts.alt_text(charts.gains(verdict_data["outcomes"], ax, bins=4))
    assert said.count(" bad so far") == 4
    assert "100% of all bad so far" in said
