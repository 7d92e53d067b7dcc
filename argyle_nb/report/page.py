"""The page of a report: figures, charts, tables, and what is not known, in one file of HTML."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.text import Text

from argyle_nb import charts
from argyle_nb.charts.style import ChartFigure, svg_text
from argyle_nb.config import LOCAL
from argyle_nb.report.privacy import MASK
from argyle_nb.report.workbook import EXCEL_LETTERS, EXCEL_ROWS
from argyle_nb.review.queue import in_order_of_weight, signal_lines
from argyle_nb.scores import REASONS
from argyle_nb.scores.signals import signal_pareto
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from argyle_nb.levels import LevelPreset
    from argyle_nb.report.tables import ReportContent
    from argyle_nb.scores import ScoreCounts


REASONS_IN_WORDS = {
    "in_progress": "still in progress at Argyle",
    "processing_failed": "failed in a stage of processing",
    "not_enabled": "of an account for which Argyle has not enabled the analysis",
    "unsupported_type": "of a document type that gets no score",
    "detect_pending": "with an analysis pending at Ocrolus",
    "detect_unable_to_process": "that Ocrolus was unable to process",
    "detect_unsupported": "that Ocrolus does not support",
    "detect_deleted": "deleted at Ocrolus",
    "not_started": "not started",
    "no_score_returned": "completed but returned no score, or returned an unknown status",
    "invalid_score": "with a score that is not a whole number from 0 to 100",
}
SIMULATED = "These scores are simulated by the local sandbox. They are not Ocrolus scores."
_LAST_HEADINGS = (
    "Limitations and exclusions",
    "How this report was made",
    "Files",
    "Data dictionary",
)
_TO_LOOK_AT, _MOST_FREQUENT, _MOST_SIGNALS = 20, 10, 4
_LONGEST = 50  # rows of a table on the page; the file has all of them
_WIDEST = 160  # letters of a cell; the file has all of them
_THRESHOLDS = range(10, 100, 10)
_EVERY = 10**6
_MOST_GROUPS = 6  # that one chart can tell apart
_MOST_DRAWN = 600  # letters of a text, which else would leave no room for the chart
_DRAWN_THRESHOLDS = "Pass rate by threshold"
_HEIGHT, _HEIGHTS = 3.6, {_DRAWN_THRESHOLDS: 4.8}  # inches
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Section(NamedTuple):
    """A table with a heading and a caption; beside a column's name: text, date or number."""

    heading: str
    caption: str
    columns: list[tuple[str, str]]
    rows: list[list[str]]
    left_out: int


class Drawing(NamedTuple):
    """A chart as SVG, and what it shows in words."""

    svg: str
    alt: str


def render_page(facts: dict[str, Any], content: ReportContent) -> str:
    """Write the page, which needs nothing but itself."""
    first, tables = _first_sections(content), _sections(content)
    drawings = drawn(content)
    outline = [
        *(section.heading for section in first),
        *(["Charts"] if drawings else []),
        *(section.heading for section in tables),
        *_LAST_HEADINGS,
    ]
    return page_of(
        "report.html",
        facts,
        facts=facts,
        figures=_key_figures(facts, content),
        outline=outline,
        first=first,
        charts=drawings,
        sections=tables,
        unknown=unknown(facts, content),
        simulated=SIMULATED if _is_simulated(facts) else "",
        dictionary=section_of(
            "Data dictionary",
            "What each column of each file means.",
            _dictionary_rows(content.tables["data_dictionary.csv"]),
            longest=_EVERY,
        ),
    )


def page_of(template: str, *facts: dict[str, Any], **parts: Any) -> str:
    """Fill a template of this folder; all texts are escaped."""
    loader = jinja2.PackageLoader("argyle_nb.report", package_path="")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    environment.filters["anchor"] = _anchor
    return printable(environment.get_template(template).render(*facts, **parts))


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z]+", "-", heading.lower())


def _key_figures(facts: dict[str, Any], content: ReportContent) -> list[tuple[str, str, str]]:
    reconciliation = facts["reconciliation"]
    uploads, scored = reconciliation["in_report"], reconciliation["scored"]
    figures = [
        (f"{uploads:,}", "uploads", "in uploads.csv"),
        (f"{scored:,}", "with a score", f"{scored / uploads:.0%} of uploads" if uploads else ""),
    ]
    return [*figures, *score_figures(content.counts, content.preset)] if scored else figures


def score_figures(counts: ScoreCounts, preset: LevelPreset) -> list[tuple[str, str, str]]:
    """Give the median and the share of the lowest level, each with its interval."""
    total = counts.total()
    median = total.quantile(0.5).iloc[0]
    levels = total.levels(preset).droplevel(0)
    lowest = levels.iloc[0]
    scored = f"{levels['uploads'].sum():,.0f}"
    return [
        (f"{median['quantile']:.0f}", "median score", _interval(median, "quantile", "{:.0f}")),
        (
            f"{lowest['share']:.1%}",
            f"score {levels.index[0]}",
            f"{lowest['uploads']:,.0f} of {scored}; {_interval(lowest, 'share', '{:.1%}')}",
        ),
    ]


def _interval(row: pd.Series[Any], name: str, written: str) -> str:
    ends = row[with_interval(name)[1:]]
    if ends.isna().any():
        return ""
    return "95% CI " + " to ".join(written.format(end) for end in ends)


def _first_sections(content: ReportContent) -> list[Section]:
    """Say which documents to look at, and what was found most often."""
    uploads, signals = content.tables["uploads.csv"], content.tables.get("signals.csv")
    sections = [
        section_of(
            "Documents to look at",
            f"The lowest scores, up to {_TO_LOOK_AT}, without documents of the highest level that "
            "have no signals. uploads.csv has all uploads.",
            documents_to_look_at(uploads, signals),
        )
    ]
    if signals is not None and len(signals):
        sections.append(
            section_of(
                "Most frequent signals",
                "Uploads with each signal, of those with a completed authenticity analysis. "
                "Documents with a signal differ in other ways too, so a score difference is not "
                "an effect.",
                frequent_signals(uploads, signals),
            )
        )
    return sections


def documents_to_look_at(uploads: pd.DataFrame, signals: pd.DataFrame | None) -> pd.DataFrame:
    """Give the documents with the lowest scores, whose they are and what speaks against them."""
    scored = uploads[uploads["ocr_authenticity_score"].notna()]
    *_, highest = scored["authenticity_level"].cat.categories
    doubtful = scored["authenticity_level"].astype("string") != highest
    if signals is not None:
        is_signal = signals["finding_type"].astype("string") == "signal"
        doubtful |= scored["id"].isin(signals.loc[is_signal, "upload_id"])
    order = ["ocr_authenticity_score", "findings", "created_at", "id"]
    scored = scored.assign(findings=-scored["signal_count"].fillna(0).astype("int64"))
    lowest = scored[doubtful].sort_values(order).head(_TO_LOOK_AT)
    table = pd.DataFrame(
        {
            "borrower": _borrowers(lowest),
            "document_type": lowest["document_type"].astype("string"),
            "file_name": lowest["file_name"],
            "score": lowest["ocr_authenticity_score"],
            "level": lowest["authenticity_level"].astype("string"),
        }
    )
    if lowest["file_name"].str.startswith(MASK).all():
        table = table.drop(columns="file_name")
    if signals is not None:
        rows = signals[signals["upload_id"].isin(lowest["id"])]
        words = {str(name): _in_words(part) for name, part in rows.groupby("upload_id")}
        table["signals"] = [words.get(name, "none") for name in lowest["id"]]
    return table.assign(upload_id=lowest["id"]).reset_index(drop=True)


def _borrowers(uploads: pd.DataFrame) -> pd.Series[Any]:
    """Give the lender's own name of each borrower where it may be seen, else Argyle's user ID."""
    if "external_id" not in uploads:  # in reports written before
        return uploads["user"].astype("string")
    names = uploads["external_id"].astype("string")
    return names.mask(names == MASK).fillna(uploads["user"].astype("string"))


def _in_words(signals: pd.DataFrame) -> str:
    names = [line.name for line in signal_lines(in_order_of_weight(signals))]
    more = f"; and {len(names) - _MOST_SIGNALS} more" if len(names) > _MOST_SIGNALS else ""
    return "; ".join(names[:_MOST_SIGNALS]) + more


def frequent_signals(uploads: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """Give the signals that most uploads have, by name."""
    table = signal_pareto(signals, uploads).reset_index()
    names = signals.drop_duplicates("identifier").set_index("identifier")["display_name"]
    table = table[table["finding_type"] != "reason_code"].head(_MOST_FREQUENT)
    words = table["identifier"].map(names).astype("string").fillna(table["identifier"])
    return pd.DataFrame(
        {
            "signal": words,
            "uploads": table["uploads"],
            "share": table["share"],
            "mean_score_with": table["mean_score_with"].round(),
            "mean_score_without": table["mean_score_without"].round(),
        }
    )


def _sections(content: ReportContent) -> list[Section]:
    """Give the tables that have something to say."""
    tables = content.tables
    levels, passing = tables["levels.csv"], tables["thresholds.csv"]
    passing = passing[passing["threshold"].isin(_THRESHOLDS) & (passing["scored"] > 0)]
    sections = [
        section_of(
            "Scores by document type",
            "Percentiles use linear interpolation; std is the sample standard deviation.",
            tables["score_summary.csv"].iloc[:, :13],
        ),
        section_of(
            "Levels by document type",
            f"Level preset: {content.preset.name}. Share of scored uploads with Wilson 95% CI, "
            "each for one level alone.",
            levels[levels["share"].notna()],
        ),
        section_of(
            "Coverage",
            "Scored uploads plus all reasons equal total uploads.",
            _without_zeros(tables["coverage.csv"]),
        ),
        section_of(
            "Drift by week",
            "Each week compared with the first scored week. Without any drift, expect about 1 week "
            "in 20 to exceed the 95% critical value.",
            tables["drift.csv"] if has_weeks(content.counts) else tables["drift.csv"].head(0),
        ),
        section_of(
            "Pass rate by threshold",
            "Every 10th threshold; thresholds.csv has all. Uploads without a score are not counted "
            "as pass or fail.",
            passing[[*passing.columns[:5], *(c for c in passing if "pass_" in str(c))]],
        ),
        section_of(
            "Unreadable records",
            "Records and scores left out of every statistic.",
            tables["unreadable.csv"],
        ),
    ]
    return [section for section in sections if section.rows]


def _without_zeros(coverage: pd.DataFrame) -> pd.DataFrame:
    """Leave out the reasons that no upload has."""
    return coverage[[name for name in coverage if name not in REASONS or coverage[name].any()]]


def has_weeks(counts: ScoreCounts) -> bool:
    """Say whether scores are of several weeks, which drift needs."""
    weeks = counts.by("week").filter(week=lambda week: week.notna())
    return len(_with_scores(weeks).groups) > 1


def section_of(heading: str, caption: str, table: pd.DataFrame, longest: int = _LONGEST) -> Section:
    """Write a table for the page, its first rows only where it is long."""
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
    if str(column.name) == "upload_id":
        return "id"
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
    if "share" in name:
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
    reconciliation = facts["reconciliation"]
    in_report = reconciliation["in_report"]
    sentences = [
        f"Without a score: {count:,} of {in_report:,} uploads, {REASONS_IN_WORDS[reason]}."
        for reason, count in reconciliation["no_score"].items()
        if count
    ]
    if reconciliation["unreadable"]:
        sentences.append(
            f"Not in uploads.csv, because unreadable: {reconciliation['unreadable']:,}."
        )
    if reconciliation["filtered_out"]:
        sentences.append(f"Filtered out: {reconciliation['filtered_out']:,} uploads.")
    sentences += [
        f"{name} is not included. To add it, pass {option}."
        for name, option in (
            ("signals.csv", "signals=... to export_report"),
            ("ocr_fields.csv", "ocr=... to export_report, or --ocr on the command line"),
        )
        if name not in content.tables
    ]
    sentences += [sentence for name in content.tables for sentence in _beyond_excel(name, content)]
    if reconciliation["scored"] and not has_weeks(content.counts):
        sentences.append("Drift by week is left out: all scores are of one week.")
    sentences.append(f"Level preset: {content.preset.name} ({content.preset.source}).")
    sentences += [facts["personal_data"]["means"], facts["left_out"]["why"]]
    return sentences


def _beyond_excel(name: str, content: ReportContent) -> list[str]:
    """Say what Excel would lose of a file: it shows so many rows, and so much of a cell."""
    table, sentences = content.tables[name], []
    if len(table) > EXCEL_ROWS:
        sentences.append(
            f"Excel shows {EXCEL_ROWS:,} of the {len(table):,} rows of {name}. Filter, "
            "or read it with another program."
        )
    texts = [table[column] for column in table if table[column].dtype == "string"]
    longest = max(map(_longest, texts), default=0)
    if longest > EXCEL_LETTERS:
        sentences.append(
            f"Excel truncates texts of {name}: the longest has {longest:,} characters, "
            f"and a cell holds {EXCEL_LETTERS:,}."
        )
    return sentences


def _longest(texts: pd.Series[Any]) -> int:
    return int(texts.str.len().to_numpy(np.int64, na_value=0).max(initial=0))


def _is_simulated(facts: dict[str, Any]) -> bool:
    sources = facts["sources"]
    return facts["environment"] == LOCAL or any(
        LOCAL in source or "127.0.0.1" in source for source in sources
    )


def drawn(content: ReportContent) -> Mapping[str, Drawing]:
    """Draw what there is to see: a chart's title -> SVG, without charts that would be empty."""
    if not len(content.tables["uploads.csv"]):
        return {}
    counts, preset = content.counts, content.preset
    by_type = counts.by("document_type")
    scored = _largest(_with_scores(by_type))
    drawings: dict[str, Callable[[Axes], object]] = {
        "Uploads by authenticity score": (lambda ax: charts.histogram(counts, ax, levels=preset)),
        "Processing funnel and reasons for missing scores": (
            lambda ax: charts.coverage(_largest(by_type), ax)
        ),
    }
    if len(scored.groups) > 1:
        drawings["Scores by document type"] = lambda ax: charts.ecdf(scored, ax, levels=preset)
    if len(scored.groups):
        drawings[_DRAWN_THRESHOLDS] = lambda ax: charts.threshold(counts, ax, levels=preset)
    if has_weeks(counts):
        drawings["Drift by week"] = lambda ax: charts.drift(counts.drift("week"), ax)
        if len(preset.bands) <= _MOST_GROUPS:
            drawings["Levels by week"] = lambda ax: charts.levels(counts, ax, levels=preset)
    return {name: drawing_of(name, draw) for name, draw in drawings.items()}


def _with_scores(counts: ScoreCounts) -> ScoreCounts:
    return _chosen(counts, counts.scores.sum(axis=1).to_numpy() > 0)


def _largest(counts: ScoreCounts) -> ScoreCounts:
    """Add up all groups where there are too many to be told apart."""
    return counts if len(counts.groups) <= _MOST_GROUPS else counts.total()


def _chosen(counts: ScoreCounts, keep: object) -> ScoreCounts:
    [name] = counts.grouped_by
    return counts.filter(**{name: lambda labels: labels.notna() & keep})


def drawing_of(name: str, draw: Callable[[Axes], object]) -> Drawing:
    """Draw a chart as SVG text, the same bytes for the same counts."""
    figure = ChartFigure(figsize=(8, _HEIGHTS.get(name, _HEIGHT)), layout="constrained")
    # A foreign name is no formula. Texts stay texts, which the browser has the letters for.
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        ax = figure.subplots()
        draw(ax)
        for text in figure.findobj(Text):
            text.set_text(shortened(text.get_text(), _MOST_DRAWN))
        # Each chart has its own salt: two of them in one page must not share an id.
        return Drawing(svg_text(figure, salt=name, fonts="none"), charts.alt_text(ax) or name)
