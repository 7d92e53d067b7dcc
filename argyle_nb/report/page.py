"""The page of a report: figures, charts, tables, and what is not known, in one file of HTML."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from argyle_nb import charts
from argyle_nb.config import LOCAL
from argyle_nb.report.workbook import EXCEL_LETTERS, EXCEL_ROWS
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from argyle_nb.report.tables import ReportContent
    from argyle_nb.scores import ScoreCounts


REASONS_IN_WORDS = {
    "pending": "still in progress at Argyle",
    "failed": "that failed in a stage of processing",
    "unauthorized": "of an account for which Argyle has not enabled the analysis",
    "unsupported_type": "of a type that gets no score",
    "detect_pending": "whose analysis is pending at Ocrolus",
    "detect_unable_to_process": "that Ocrolus was unable to process",
    "detect_unsupported": "that Ocrolus does not support",
    "detect_deleted": "that were deleted at Ocrolus",
    "not_started": "not begun",
    "missing": "complete without one, or in a status nobody knows",
    "invalid": "with a score that is no whole number from 0 to 100",
}
STAND_IN = "The scores are those of a local sandbox, a stand-in, and not of Ocrolus."
_LONGEST = 50  # rows of a table on the page; the file has all of them
_WIDEST = 160  # letters of a cell; the file has all of them
_CUT_OFFS = range(10, 100, 10)
_EVERY = 10**6
_MOST_GROUPS = 6  # that one chart can tell apart
_MOST_DRAWN = 60  # letters of a name, which else would leave no room for the chart
_DRAWN_CUT_OFFS = "What each cut-off would pass"
_HEIGHT, _HEIGHTS = 3.6, {_DRAWN_CUT_OFFS: 4.8}  # inches
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_SHOWN = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


class Section(NamedTuple):
    """A table with a heading and a caption; beside a column's name: text, date or number."""

    heading: str
    caption: str
    columns: list[tuple[str, str]]
    rows: list[list[str]]
    left_out: int


def render_page(facts: dict[str, Any], content: ReportContent) -> str:
    """Write the page, which needs nothing but itself."""
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
            _dictionary_rows(content.tables["data_dictionary.csv"]),
            longest=_EVERY,
        ),
    )
    return printable(text)


def _key_figures(facts: dict[str, Any], content: ReportContent) -> list[tuple[str, str, str]]:
    adds_up = facts["adds_up"]
    listed, scored = adds_up["listed"], adds_up["scored"]
    total = content.counts.total()
    median = total.quantile(0.5).iloc[0]
    figures = [
        (f"{listed:,}", "uploads", "listed in uploads.csv"),
        (f"{scored:,}", "with a score", f"{scored / listed:.0%} of the uploads" if listed else ""),
    ]
    if scored:
        low, high = median[with_interval("quantile")[1:]]
        between = f"95 % interval {low:.0f} to {high:.0f}, n = {scored:,}"
        figures.append((f"{median['quantile']:.0f}", "median score", between))
        for level, row in total.levels(content.preset).droplevel(0).iterrows():
            low, high = row[with_interval("share")[1:]]
            note = f"{row['uploads']:,.0f} of {scored:,}; 95 % interval {low:.1%} to {high:.1%}"
            figures.append((f"{row['share']:.1%}", str(level), note))
    return figures


def _sections(content: ReportContent) -> list[Section]:
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


def _dictionary_rows(dictionary: pd.DataFrame) -> pd.DataFrame:
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


def shortened(text: str, most: int) -> str:
    """Leave out the middle of a long text: what stands at its end is often a number."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}…{text[1 - half :]}"


def printable(text: str) -> str:
    """Show a character that HTML does not allow as the mark of an unknown one."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


def unknown(facts: dict[str, Any], content: ReportContent) -> list[str]:
    """Say what is not known, why, and what was left out."""
    adds_up = facts["adds_up"]
    stand_in = facts["environment"] == LOCAL or _of_sandboxes(facts["sources"])
    sentences = [STAND_IN] if stand_in else []
    sentences += [
        f"Without a score, of {adds_up['listed']:,} uploads: {count:,} {REASONS_IN_WORDS[reason]}."
        for reason, count in adds_up["no_score"].items()
        if count
    ]
    if adds_up["unread"]:
        sentences.append(f"Not listed, because it could not be read: {adds_up['unread']:,}.")
    if adds_up["left_out_by_filters"]:
        sentences.append(f"Left out by the filters: {adds_up['left_out_by_filters']:,} uploads.")
    sentences += [
        f"There is no {name}: it was not asked for."
        for name in ("signals.csv", "ocr_fields.csv")
        if name not in content.tables
    ]
    sentences += [sentence for name in content.tables for sentence in _beyond_excel(name, content)]
    sentences.append(f"Levels are those of preset {content.preset.name}: {content.preset.source}.")
    sentences += [facts["personal_data"]["means"], facts["left_out"]["why"]]
    return sentences


def _beyond_excel(name: str, content: ReportContent) -> list[str]:
    """Say what Excel would lose of a file: it shows so many rows, and so much of a cell."""
    table, sentences = content.tables[name], []
    if len(table) > EXCEL_ROWS:
        sentences.append(
            f"Excel shows {EXCEL_ROWS:,} of the {len(table):,} rows of {name}: filter, or read it "
            "with another program."
        )
    texts = [table[column] for column in table if table[column].dtype == "string"]
    longest = max(map(_longest, texts), default=0)
    if longest > EXCEL_LETTERS:
        sentences.append(
            f"Excel cuts texts of {name} off: the longest has {longest:,} characters, and a cell "
            f"{EXCEL_LETTERS:,}."
        )
    return sentences


def _longest(texts: pd.Series[Any]) -> int:
    return int(texts.str.len().to_numpy(np.int64, na_value=0).max(initial=0))


def _of_sandboxes(sources: list[str]) -> bool:
    return any(LOCAL in source or "127.0.0.1" in source for source in sources)


def drawn(content: ReportContent) -> Mapping[str, str]:
    """Draw what there is to see: a chart's title -> SVG, without charts that would be empty."""
    counts, preset = content.counts, content.preset
    by_type = counts.by("document_type")
    scored = _largest(_with_scores(by_type))
    weeks = counts.by("week").filter(week=lambda week: week.notna())
    drawings: dict[str, Callable[[Axes], object]] = {
        "How many uploads have each authenticity score": (
            lambda ax: charts.histogram(counts, ax, levels=preset)
        ),
        "How far uploads came, and why some have no score": (
            lambda ax: charts.coverage(_largest(by_type), ax)
        ),
    }
    if len(scored.groups) > 1:
        drawings["Scores by document type"] = lambda ax: charts.ecdf(scored, ax, levels=preset)
    if len(scored.groups):
        drawings[_DRAWN_CUT_OFFS] = lambda ax: charts.threshold(counts, ax, levels=preset)
    if len(_with_scores(weeks).groups) > 1:
        drawings["Drift by week"] = lambda ax: charts.drift(counts.drift("week"), ax)
        if len(preset.bands) <= _MOST_GROUPS:
            drawings["Levels by week"] = lambda ax: charts.levels(counts, ax, levels=preset)
    return {name: _svg(name, draw) for name, draw in drawings.items()}


def _with_scores(counts: ScoreCounts) -> ScoreCounts:
    return _chosen(counts, counts.scores.sum(axis=1).to_numpy() > 0)


def _largest(counts: ScoreCounts) -> ScoreCounts:
    """Add up all groups where there are too many to be told apart."""
    return counts if len(counts.groups) <= _MOST_GROUPS else counts.total()


def _chosen(counts: ScoreCounts, keep: object) -> ScoreCounts:
    [name] = counts.grouped_by
    return counts.filter(**{name: lambda labels: labels.notna() & keep})


def _svg(name: str, draw: Callable[[Axes], object]) -> str:
    """Draw a chart as SVG text, the same bytes for the same counts."""
    figure = Figure(figsize=(8, _HEIGHTS.get(name, _HEIGHT)), layout="constrained")
    file = io.StringIO()
    # Each chart has its own salt: two of them in one page must not share an id. Texts stay texts,
    # which the browser has the letters for; and a name of a stranger's is no formula.
    options: Any = {"svg.hashsalt": name, "svg.fonttype": "none", "text.parse_math": False}
    with mpl.rc_context(options), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        draw(figure.subplots())
        for text in figure.findobj(Text):
            text.set_text(shortened(text.get_text(), _MOST_DRAWN))
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    drawing = _NOT_SHOWN.sub("", file.getvalue())
    return drawing[drawing.index("<svg") :]
