"""Charts of borrowers show each once, say how many stand out, and look as when they were seen."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

import argyle_nb as anb
from argyle_nb import charts, synthetic
from argyle_nb.errors import ConfigurationError
from tests.support.figures import badly_placed


@pytest.fixture(scope="module")
def made():
    made = synthetic.make_portfolio(600, fraud_share=0.12)
    uploads = anb.uploads_frame(made.pages, accounts=made.accounts, users=made.users)
    ocr = anb.ocr_frame(made.pages)
    caught = made.truth[made.truth["fraudulent"]].head(120).assign(verdict="fraudulent")
    return {
        "income": anb.income(ocr, uploads, made.stated),
        "links": anb.links(ocr, uploads, made.contents, caught),
    }


def title_of(ax):
    return " ".join(ax.get_title(loc="left").split())


PICTURES = {
    "income": lambda data, ax: charts.income(data["income"], ax),
    "links": lambda data, ax: charts.links(data["links"], ax),
    "income_of_nobody": lambda data, ax: charts.income(data["income"].head(0), ax),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline_images", style="default", tolerance=4, savefig_kwargs={"dpi": 60}
)
def test_its_picture_is_as_it_was(name, made):
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    PICTURES[name](made, figure.subplots())
    return figure


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_lies_over_another_or_outside(name, made):
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    PICTURES[name](made, figure.subplots())
    assert badly_placed(figure) == []


def test_the_title_counts_the_borrowers_whose_documents_say_less(made, ax):
    charts.income(made["income"], ax)
    table = made["income"].dropna(subset=["difference"])
    above = int(table["agrees"].eq(False).sum())
    assert f"{above} of {len(table)} state more than their documents" in title_of(ax)


def test_a_borrower_with_two_jobs_is_one_mark(ax):
    row = {
        "borrower": "b1",
        "stated": 5000.0,
        "difference": 0.0,
        "agrees": True,
        "lowest_score": 90,
    }
    charts.income(pd.DataFrame([row, row | {"lowest_score": 10}]), ax)
    assert [
        len(marks.get_offsets()) for marks in ax.collections if marks.get_label()[0] != "_"
    ] == [1]
    assert "very low" in ax.get_legend_handles_labels()[1][0]


def test_a_table_without_stated_incomes_is_named(ax):
    with pytest.raises(ConfigurationError, match="difference"):
        charts.income(pd.DataFrame({"borrower": ["b1"], "stated": [1.0]}), ax)


def test_a_group_is_drawn_without_a_name_or_an_id(made, ax):
    charts.links(made["links"], ax)
    groups = made["links"].groups()
    assert f"Group 1: {groups['borrowers'].iloc[0]} borrowers share" in title_of(ax)
    assert "LN-" not in charts.alt_text(ax) + " ".join(
        text.get_text() for text in ax.get_yticklabels()
    )


def test_a_group_that_is_not_there_is_named(made, ax):
    with pytest.raises(ConfigurationError, match="There is no group 99"):
        charts.links(made["links"], ax, group=99)
