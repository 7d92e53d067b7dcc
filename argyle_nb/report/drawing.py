"""The charts of a report, as SVG text."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from argyle_nb import charts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from argyle_nb.report.tables import Content
    from argyle_nb.scores import ScoreCounts

_MOST_GROUPS = 6  # that one chart can tell apart
_LONGEST = 60  # letters of a name, which else would leave no room for the chart
_CUT_OFFS = "What each cut-off would pass"
_HEIGHT, _HEIGHTS = 3.6, {_CUT_OFFS: 4.8}  # inches
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNREAD = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


def drawn(content: Content) -> Mapping[str, str]:
    """Draw what there is to see.

    Parameters
    ----------
    content
        The counts and tables of a report.

    Returns
    -------
    dict
        What is drawn, in words, -> SVG; a chart that would show nothing is left out.

    Examples
    --------
    >>> drawn(content)  # doctest: +SKIP
    """
    counts, preset = content.counts, content.preset
    by_type = counts.by("document_type")
    scored = _largest(_with_scores(by_type))
    weeks = counts.by("week").filter(week=lambda week: week.notna())
    found: dict[str, Callable[[Axes], object]] = {
        "How many uploads have each authenticity score": (
            lambda ax: charts.histogram(counts, ax, levels=preset)
        ),
        "How far uploads came, and why some have no score": (
            lambda ax: charts.coverage(_largest(by_type), ax)
        ),
    }
    if len(scored.groups) > 1:
        found["Scores by document type"] = lambda ax: charts.ecdf(scored, ax, levels=preset)
    if len(scored.groups):
        found[_CUT_OFFS] = lambda ax: charts.threshold(counts, ax, levels=preset)
    if len(_with_scores(weeks).groups) > 1:
        found["Drift by week"] = lambda ax: charts.drift(counts.drift("week"), ax)
        if len(preset.bands) <= _MOST_GROUPS:
            found["Levels by week"] = lambda ax: charts.levels(counts, ax, levels=preset)
    return {name: _svg(name, draw) for name, draw in found.items()}


def shortened(text: str, most: int) -> str:
    """Leave out the middle of a long text: what stands at its end is often a number.

    Examples
    --------
    >>> shortened("a very long document type (n = 7)", 20)
    'a very lon…e (n = 7)'
    """
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}…{text[1 - half :]}"


def printable(text: str) -> str:
    r"""Show a character that HTML does not allow as the mark of an unknown one.

    Examples
    --------
    >>> printable("a\x00b")
    'a�b'
    """
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


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
            text.set_text(shortened(text.get_text(), _LONGEST))
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    drawing = _UNREAD.sub("", file.getvalue())
    return drawing[drawing.index("<svg") :]
