"""Charts of signals show the most frequent, and look as they did when they were looked at."""

import pytest
from matplotlib.figure import Figure

from argyle_nb import charts
from argyle_nb.errors import ConfigurationError

PICTURES = {
    "signal_pareto": lambda data, ax: charts.signal_pareto(data["pareto"], ax),
    "score_by_signal_count": lambda data, ax: charts.score_by_signal_count(data["by_count"], ax),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_its_picture_is_as_it_was(name, verdict_data):
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    PICTURES[name](verdict_data, figure.subplots())
    return figure


def test_the_most_frequent_signals_are_shown_and_the_title_says_of_how_many(verdict_data, ax):
    charts.signal_pareto(verdict_data["pareto"], ax, most=2)
    assert "2 of 5, n = 3,000" in " ".join(ax.get_title(loc="left").split())
    assert len(ax.get_yticklabels()) == 2


def test_a_pareto_with_groups_is_refused(verdict_data, ax):
    grouped = (
        verdict_data["pareto"].assign(document_type="W-2").set_index("document_type", append=True)
    )
    with pytest.raises(ConfigurationError, match="without groups"):
        charts.signal_pareto(grouped, ax)
