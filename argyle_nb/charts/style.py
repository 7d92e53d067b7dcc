"""One look for all charts: colors, axes, names, thresholds, and what a notebook shows of them."""

from __future__ import annotations

import html
import io
import re
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.scores import ScoreCounts, count_scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from argyle_nb.levels import LevelPreset

# Every color of data keeps 3:1 to white and to JupyterLab's dark background (WCAG 1.4.11).
BAR = "#2b7bba"
ALERT = "#d55e00"
# What lies below texts is a tint of these: with so little of them, text keeps 4.5:1 on either
# background. They run from dark to light, so that bands stay apart in gray print.
BANDS = ("#d9541e", "#e0a100", "#8fae3a", "#1f9e8f")
TINT = 0.25
SCORE_LABEL = "Authenticity score (0-100)"
_NAME_LETTERS = 26
_NOTE_LETTERS = 500
_FEWEST = 20
_N = "n\u00a0=\u00a0"
_RC_INKS: tuple[Any, ...] = (
    "text.color",
    "axes.edgecolor",
    "axes.labelcolor",
    "xtick.color",
    "ytick.color",
)
_NOT_SHOWN = re.compile(
    r'<metadata>.*?</metadata>|<!--.*?-->|<style type="text/css">.*?</style>', re.DOTALL
)
_GROUP_ID = re.compile(r'(<g) id="[^"]*"')

_NOT_TRUSTED = "To see the chart, trust this notebook or run the cell."
_PATH = re.compile(r'(?<= d=")[^"]+')

_alt_texts: WeakKeyDictionary[Axes, str] = WeakKeyDictionary()


class ChartStyle(NamedTuple):
    """What tells one group from the next: never by color alone."""

    color: str
    line: Any
    marker: str
    hatch: str


# After Okabe and Ito 2008, the two light ones darker; lines, markers and hatches differ too.
LOOKS = (
    ChartStyle("#2b7bba", "-", "o", ""),
    ChartStyle("#d55e00", "--", "s", "//"),
    ChartStyle("#009e73", "-.", "^", ".."),
    ChartStyle("#c2649a", ":", "D", "xx"),
    ChartStyle("#a67c00", (0, (5, 1)), "v", "--"),
    ChartStyle("#7f6fd6", (0, (3, 1, 1, 1)), "P", "++"),
)


class ChartFigure(Figure):
    """A figure that notebooks show as lines, not pixels, in the colors of their theme.

    A saved file is as any other of matplotlib. In a notebook there is no background, and texts
    and axes have the color of the text around; a screen reader is told the alt text.
    """

    def _repr_html_(self) -> str:
        alt = html.escape(" ".join(alt_text(ax) for ax in self.axes))
        svg = svg_text(self, salt=alt).replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
        # Of a notebook that is not trusted JupyterLab shows texts without the drawing around.
        start = svg.index(">") + 1
        return f"{svg[:start]}<desc>{alt} {_NOT_TRUSTED}</desc>{svg[start:]}"


def new_axes(height: float = 3.6) -> Axes:
    """Make the axes of a new figure, 8 inches wide."""
    _, ax = plt.subplots(figsize=(8, height), layout="constrained", FigureClass=ChartFigure)
    return ax


def svg_text(figure: Figure, *, salt: str, fonts: str = "path") -> str:
    """Draw a figure as SVG without a background; what is ink takes the color of the text around.

    The same figure and salt give the same text. Two figures of one page need two salts.
    """
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": fonts}):
        metadata = {"Date": None, "Creator": None}
        figure.savefig(file, format="svg", transparent=True, metadata=metadata)
        inks = {to_hex(mpl.rcParams[name]) for name in _RC_INKS}
    drawing = _NOT_SHOWN.sub("", file.getvalue())
    drawing = _GROUP_ID.sub(r"\1", drawing[drawing.index("<svg") :])
    # Half as long: no more than hundredths of a point, and no blanks between elements.
    drawing = _PATH.sub(lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), drawing)
    drawing = re.sub(r">\s+<", "><", drawing)
    for ink in inks:
        drawing = re.sub(rf"\b(fill|stroke): {ink}\b", r"\1: currentColor", drawing)
    # Black is what SVG fills with when nothing is said.
    look = "fill: currentColor; stroke-linejoin: round; max-width: 100%; height: auto"
    return drawing.replace("<svg ", f'<svg style="{look}" ', 1)


def alt_text(ax: Axes) -> str:
    """Say in words what a chart shows, for readers who cannot see it.

    Parameters
    ----------
    ax
        What a chart of `argyle_nb.charts` returned.

    Returns
    -------
    str
        The title, the axes, and the numbers that matter; empty for axes of anything else. Charts
        in a notebook carry it already; an image in a document of yours needs it.

    Examples
    --------
    >>> from argyle_nb import charts
    >>> charts.alt_text(charts.histogram(counts)).splitlines()[0]
    'Authenticity scores, n = 3 (1 upload without a score).'
    """
    return _alt_texts.get(ax, "")


def counted(data: ScoreCounts | pd.DataFrame, by: str | Sequence[str] | None = None) -> ScoreCounts:
    """Count a frame of uploads; counts are regrouped if groups are named."""
    if isinstance(data, pd.DataFrame):
        return count_scores(data, by or ())
    names = [by] if isinstance(by, str) else by or ()
    return data.by(*names) if names else data


def ink() -> str:
    """Give the color of texts and thin lines."""
    return to_hex(mpl.rcParams["text.color"])


def shade(ax: Axes, preset: LevelPreset) -> None:
    """Shade the level bands and name them."""
    for (low, high, level), color in zip(preset.ranges(), _tints(len(preset.bands)), strict=True):
        ax.axvspan(low - 0.5, high + 0.5, color=color, alpha=TINT, zorder=0, linewidth=0)
        ax.add_artist(_BandName(ax, low, high, level))


class _BandName(Text):
    """The name of a level in its band; as much of it as there is room for when it is drawn."""

    def __init__(self, ax: Axes, low: int, high: int, name: str) -> None:
        place: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "ha": "center", "va": "top"}
        super().__init__((low + high) / 2, 0.98, name, fontsize="small", **place)
        self.set_in_layout(False)
        self._across, self._name = (low - 0.5, high + 0.5), " ".join(name.split())

    def draw(self, renderer: Any) -> None:
        assert self.axes is not None  # noqa: S101
        left, right = (self.axes.transData.transform((x, 0))[0] for x in self._across)
        for letters in range(min(len(self._name), 60), 1, -1):
            self.set_text(shortened(self._name, letters))
            if self.get_window_extent(renderer).width < right - left - 2:
                break
        else:
            self.set_text("")
        super().draw(renderer)


def levels_note(preset: LevelPreset) -> str:
    """Name the levels with their scores."""
    names = [(low, high, shortened(name, _NAME_LETTERS)) for low, high, name in preset.ranges()]
    ranges = ", ".join(f"{name} {low}-{high}" for low, high, name in names)
    return shortened(f"Levels ({preset.name.partition(':')[0]}): {ranges}", _NOTE_LETTERS)


def band_colors(number: int) -> list[Any]:
    """Give the colors of so many level bands on white, lowest first."""
    return [tuple(1 - TINT * (1 - part) for part in to_rgb(color)) for color in _tints(number)]


def _tints(number: int) -> list[Any]:
    if number <= len(BANDS):
        return list(BANDS[-number:])
    scale = LinearSegmentedColormap.from_list("bands", BANDS)
    return list(scale(np.linspace(0, 1, number)))


def finish(ax: Axes, title: str, *, facts: str = "", note: str = "") -> Axes:
    """Write the title and the note in lines that fit; keep the alt text; no text is a formula."""
    whole = isinstance(ax.figure, ChartFigure)
    room = (ax.figure.bbox.width if whole else ax.get_window_extent().width) * 0.97
    ax.set_title(title, loc="left", fontsize="medium")
    _wrap(ax._left_title, 0.8 * room)  # type: ignore[attr-defined]  # noqa: SLF001 - has no getter
    if note:
        # Under the label of the axis, from the left edge of a figure of ours.
        text = ax.annotate(
            note,
            xy=(0.01 if whole else 0, 0),
            xycoords=("figure fraction" if whole else "axes fraction", ax.xaxis.label),
            xytext=(0, -5),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize="x-small",
        )
        _wrap(text, room)
    plain_texts(ax)
    ax.spines[["top", "right"]].set_visible(False)
    axes = "; ".join(
        f"{side}: {' '.join(label.split())}"
        for side, label in (("horizontal", ax.get_xlabel()), ("vertical", ax.get_ylabel()))
        if label
    )
    axes = axes[:1].upper() + axes[1:]  # labels keep their capitals, such as USD
    said = [title.replace("\n", ". "), axes, facts, note]
    _alt_texts[ax] = "\n".join(f"{part.rstrip('.')}." for part in said if part)
    return ax


def plain_texts(ax: Axes) -> None:
    """Make no text a formula: the names are of anybody's choosing."""
    for text in ax.findobj(Text):
        text.set_parse_math(False)


def _wrap(text: Text, room: float) -> None:
    """Break lines where the text would be wider than that many pixels."""
    text.set_parse_math(False)
    # The number stays beside its n.
    lines = text.get_text().replace("n = ", _N).split("\n")
    letters = max(map(len, lines), default=0)
    while letters > _FEWEST and text.get_window_extent().width > room:
        letters = int(0.95 * letters)
        broken = "\n".join(part for line in lines for part in textwrap.wrap(line, letters))
        text.set_text(broken.replace(_N, "n = "))


def legend(ax: Axes, title: str = "") -> None:
    """Put the legend beside the axes, where it covers nothing."""
    if not ax.get_legend_handles_labels()[0]:
        return
    ax.legend(
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize="small",
        title=shortened(title.replace("_", " "), _NAME_LETTERS),
        title_fontsize="small",
    )


def frame_scores(ax: Axes) -> None:
    """Give the axis of scores its label and ends."""
    ax.set_xlabel(SCORE_LABEL)
    ax.set_xlim(LOWEST_SCORE - 1, HIGHEST_SCORE + 1)


def shares_axis(ax: Axes, label: str) -> None:
    """Make the y axis one of shares, 0 to 100%."""
    ax.set_ylim(0, 1)
    ax.set_ylabel(label)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def end_labels(ax: Axes, ends: Sequence[float], places: Sequence[float], texts: list[str]) -> None:
    """Write beside the ends of bars and make the axis long enough; all else is there by then."""
    ax.set_xlim(0, max(ends, default=0) or 1)
    plain_texts(ax)
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101
    figure.draw_without_rendering()
    most, width = 0.0, ax.get_window_extent().width
    for end, place, text in zip(ends, places, texts, strict=True):
        label = ax.annotate(
            text,
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
        label.set_in_layout(False)
        taken = label.get_window_extent().width + 14
        most = max(most, end / max(1 - taken / width, 0.1))
    ax.set_xlim(0, most or 1)


def threshold_marks(
    ax: Axes, marks: Iterable[tuple[float, str]], *, row: float = 0.11, above: float = 0.02
) -> None:
    """Draw lines at thresholds, each with its name in a row of its own above the data.

    Rows and what stays free above them are shares of the height of the data.
    """
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    height = top - bottom
    rows = list(marks)
    for number, (place, name) in enumerate(rows, 1):
        ax.vlines(place, bottom, top + height * row * number, ink(), linewidth=1.4, zorder=5)
        on_the_left = place > (left + right) / 2
        ax.annotate(
            name,
            (place, top + height * row * (number - 1)),
            xytext=(-4 if on_the_left else 4, 2),
            textcoords="offset points",
            ha="right" if on_the_left else "left",
            va="bottom",
            fontsize="small",
        )
    if rows:
        ax.set_ylim(bottom, top + height * (row * len(rows) + above))


def percents(parts: Iterable[float]) -> list[str]:
    """Write parts as percentages that add up to 100, by the largest remainders.

    Tenths are shown where a part that is there would else be 0%.
    """
    numbers = np.array(list(parts), dtype=np.float64)
    total = numbers.sum()
    if not total > 0:
        return ["-"] * len(numbers)
    shares = 100 * numbers / total
    units = 10 if (shares[shares > 0] < 0.5).any() else 1  # noqa: PLR2004 - half a percent
    exact = shares * units
    whole = np.floor(exact + 1e-9).astype(int)
    for place in np.argsort(whole - exact, kind="stable")[: 100 * units - whole.sum()]:
        whole[place] += 1
    return [f"{number / units:.{0 if units == 1 else 1}f}%" for number in whole]


def group_names(groups: pd.Index[Any], most: int = len(LOOKS)) -> list[str]:
    """Name groups for a legend."""
    if len(groups) > most:
        raise ConfigurationError(
            f"Too many groups for one chart: {len(groups)} (maximum {most}). Combine groups with "
            ".by(...), or select some with .filter(...)."
        )
    keys = [key if isinstance(key, tuple) else (key,) for key in groups]
    return [shortened(", ".join(map(_named, key)), _NAME_LETTERS) for key in keys]


def _named(label: Any) -> str:
    if pd.isna(label):
        return "(missing)"
    return str(label.date()) if hasattr(label, "date") else " ".join(str(label).split())


def shortened(text: str, most: int) -> str:
    """Leave out the middle of a long text: what stands at its end is often a number."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}…{text[1 - half :]}"
