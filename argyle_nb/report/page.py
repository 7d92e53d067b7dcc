"""The page: what a report says, to be read and printed by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
import pandas as pd

from argyle_nb.report.drawing import drawn, printable, shortened
from argyle_nb.report.unknown import unknown

if TYPE_CHECKING:
    from argyle_nb.report.tables import Content

_LONGEST = 50  # rows of a table on the page; the file has all of them
_WIDEST = 160  # letters of a cell; the file has all of them
_CUT_OFFS = range(10, 100, 10)
_EVERY = 10**6


class Section(NamedTuple):
    """A table with a heading and a caption; beside a column's name: text, date or number."""

    heading: str
    caption: str
    columns: list[tuple[str, str]]
    rows: list[list[str]]
    left_out: int


def page_of(facts: dict[str, Any], content: Content) -> str:
    """Write the page, which needs nothing but itself.

    Parameters
    ----------
    facts
        The manifest, with the files written so far.
    content
        The tables and counts.

    Examples
    --------
    >>> page_of(report.manifest, content)  # doctest: +SKIP
    """
    loader = jinja2.PackageLoader("argyle_nb.report", package_path="")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    text = environment.get_template("report.html").render(
        facts,
        facts=facts,
        figures=_key_figures(facts, content),
        charts=drawn(content),
        sections=_sections(content),
        unknown=unknown(facts, content),
        dictionary=_section(
            "Data dictionary",
            "What each column of each file means.",
            _shortened(content.tables["data_dictionary.csv"]),
            longest=_EVERY,
        ),
    )
    return printable(text)


def _key_figures(facts: dict[str, Any], content: Content) -> list[tuple[str, str, str]]:
    adds_up = facts["adds_up"]
    listed, scored = adds_up["listed"], adds_up["scored"]
    total = content.counts.total()
    median = total.quantile(0.5).iloc[0]
    figures = [
        (f"{listed:,}", "uploads", "listed in uploads.csv"),
        (f"{scored:,}", "with a score", f"{scored / listed:.0%} of the uploads" if listed else ""),
    ]
    if scored:
        between = f"95 % interval {median['low']:.0f} to {median['high']:.0f}, n = {scored:,}"
        figures.append((f"{median['quantile']:.0f}", "median score", between))
        for level, row in total.levels(content.preset).droplevel(0).iterrows():
            interval = f"{row['share_low']:.1%} to {row['share_high']:.1%}"
            told = f"{row['uploads']:,.0f} of {scored:,}; 95 % interval {interval}"
            figures.append((f"{row['share']:.1%}", str(level), told))
    return figures


def _sections(content: Content) -> list[Section]:
    tables = content.tables
    name = content.preset.name
    levels, passing = tables["levels.csv"], tables["thresholds.csv"]
    passing = passing[passing["threshold"].isin(_CUT_OFFS) & (passing["scored"] > 0)]
    return [
        _section(
            "Scores by document type",
            "Quantiles are linear between order statistics; sd is the sample's (n - 1).",
            tables["score_summary.csv"].iloc[:, :13],
        ),
        _section(
            "Levels by document type",
            f"Levels of preset {name}. Shares are of the scored uploads, with Wilson 95 % "
            "intervals, each for one level alone.",
            levels[levels["share"].notna()],
        ),
        _section(
            "Coverage",
            "The reasons and the scored add up to the uploads.",
            tables["coverage.csv"],
        ),
        _section(
            "Drift by week",
            "Each week against the first that has a score. One week in twenty is beyond chance "
            "without any drift.",
            tables["drift.csv"],
        ),
        _section(
            "What a cut-off would pass",
            "Every tenth cut-off; thresholds.csv has all of them. Uploads without a score neither "
            "pass nor fail.",
            passing[[*passing.columns[:5], *(c for c in passing if "passed_" in str(c))]],
        ),
        _section(
            "What could not be read",
            "Records and scores that no statistic could use.",
            tables["rejected.csv"],
        ),
    ]


def _section(heading: str, caption: str, table: pd.DataFrame, longest: int = _LONGEST) -> Section:
    shown = table.head(longest)
    rows = [list(row) for row in zip(*(_shown(shown[name]) for name in shown), strict=True)]
    columns = [(str(name), _kind(table[name])) for name in table]
    return Section(heading, caption, columns, rows, len(table) - len(shown))


def _shortened(dictionary: pd.DataFrame) -> pd.DataFrame:
    """Make one line of the columns 0 to 100 of the counts."""
    of_score = dictionary["column"].str.isdecimal().fillna(value=False)
    first = dictionary["column"] == "0"
    names = dictionary["column"].mask(first, "0 to 100")
    meanings = dictionary["meaning"].mask(first, "uploads with this score")
    return dictionary.assign(column=names, meaning=meanings)[~of_score | first]


def _kind(column: pd.Series[Any]) -> str:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    return "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text"


def _shown(column: pd.Series[Any]) -> list[str]:
    """Write a column for people: shares in percent, as many decimals in all its lines."""
    name = str(column.name)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return ["-" if pd.isna(time) else f"{time:%Y-%m-%d}" for time in column]
    if not pd.api.types.is_float_dtype(column.dtype):
        return ["-" if pd.isna(cell) else shortened(str(cell), _WIDEST) for cell in column]
    if "share" in name or name == "coverage":
        written = "{:.1%}"
    else:
        whole = all(float(cell).is_integer() for cell in column.dropna())
        written = "{:.0f}" if whole else "{:.1f}" if column.max() > 1 else "{:.3f}"
    return ["-" if pd.isna(cell) else written.format(cell) for cell in column]
