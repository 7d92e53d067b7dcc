"""How scores are distributed, how uploads come to one, and what thresholds make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import MaxNLocator

from argyle_nb.charts.style import (
    BAR,
    LOOKS,
    bare,
    frame_scores,
    group_names,
    new_axes,
    shade,
    shares_axis,
)
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.scores import REASONS, ecdf_margin
from argyle_nb.scores.counts import DECISIONS
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels
    from argyle_nb.scores import ScoreCounts

_MOST_RIDGES = 16
# Points on either side over which a ridge is smoothed, with triangular weights.
_REACH = 3
# Dark, middle and light, so that they stay apart in grey print.
_COLOURS = {"pass": "#9ecae1", "review": "#fdd49e", "reject": "#a63603"}
_HATCHES = {"pass": "", "review": "//", "reject": "xx"}
_STEPS = {
    "uploads": "uploaded",
    "classified": "classified",
    "past_ocr": "past OCR",
    "scored": "scored",
}


def histogram(
    counts: ScoreCounts,
    ax: Axes | None = None,
    *,
    levels: Levels = "argyle",
    bars: Literal["scores", "levels"] = "scores",
) -> Axes:
    """Draw how many uploads have each score or level, over the bands of a level preset.

    Parameters
    ----------
    counts
        All groups are added up.
    ax
        Where to draw; a new figure by default.
    levels
        The shaded bands: ``"argyle"``, ``"ocrolus-2"``, ``"ocrolus-current"``, or thresholds of
        your own as for `ScoreCounts.levels`.
    bars
        One for each of the ``"scores"``, or one for each of the ``"levels"``, with its share.

    Returns
    -------
    matplotlib.axes.Axes
        The title says how many have a score and how many have none.

    Raises
    ------
    ConfigurationError
        For an unknown preset.

    Examples
    --------
    >>> histogram(counts).get_xlabel()
    'ocr_authenticity_score (0 to 100)'
    """
    total = counts.total()
    ax = ax or new_axes()
    shade(ax, levels)
    heights = total.scores.iloc[0]
    if bars == "levels":
        _level_bars(ax, total, levels)
    else:
        ax.bar(heights.index, heights.to_numpy(), width=0.9, color=BAR, zorder=2)
        ax.set_ylim(0, max(1, int(heights.max())) * 1.2)
    scored, without = int(heights.sum()), int(total.unscored.to_numpy().sum())
    ax.set_title(f"Authenticity scores: n = {scored:,}, {without:,} without a score", loc="left")
    frame_scores(ax)
    ax.set_ylabel("uploads")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def _level_bars(ax: Axes, total: ScoreCounts, levels: Levels) -> None:
    table = total.levels(levels)
    bottom, top = table["score_from"].to_numpy(), table["score_to"].to_numpy()
    uploads = table["uploads"].to_numpy()
    places = (bottom + top) / 2
    ax.bar(places, uploads, width=0.6 * (top - bottom + 1), color=BAR, zorder=2)
    shares = [f"{share:.0%}" if share == share else "" for share in table["share"]]  # noqa: PLR0124
    for place, height, share in zip(places, uploads, shares, strict=True):
        ax.annotate(
            share,
            (place, height),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize="small",
        )
    ax.set_ylim(0, max(1, int(uploads.max())) * 1.25)


def ecdf(counts: ScoreCounts, ax: Axes | None = None, *, levels: Levels = "argyle") -> Axes:
    """Draw for each score the share of the scored uploads at or below it.

    Parameters
    ----------
    counts
        One line per group, at most six.
    ax
        Where to draw; a new figure by default.
    levels
        The shaded bands, as for `histogram`.

    Returns
    -------
    matplotlib.axes.Axes
        Each line has its 95 % band (see `ecdf_margin`); the legend says n of each group.

    Raises
    ------
    ConfigurationError
        For too many groups, or an unknown preset.

    Examples
    --------
    >>> ecdf(counts).get_ylabel()
    'share at or below the score'
    """
    names = group_names(counts.groups)
    ax = ax or new_axes()
    shade(ax, levels)
    scored = counts.scores.sum(axis=1).to_numpy()
    curves, margins = counts.ecdf().to_numpy(), ecdf_margin(scored)
    places = np.arange(LOWEST_SCORE, HIGHEST_SCORE + 1)
    for number, (name, look) in enumerate(zip(names, LOOKS, strict=False)):
        curve, margin = curves[:, number], margins[number]
        label = f"{name} (n = {scored[number]:,})"
        ax.step(places, curve, where="post", color=look.colour, linestyle=look.line, label=label)
        low, high = np.clip(curve - margin, 0, 1), np.clip(curve + margin, 0, 1)
        ax.fill_between(places, low, high, step="post", color=look.colour, alpha=0.15, linewidth=0)
    ax.set_title(f"Scores at or below: n = {int(scored.sum()):,}, with 95 % bands", loc="left")
    frame_scores(ax)
    shares_axis(ax, "share at or below the score")
    ax.set_ylim(0, 1.1)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if names:
        ax.legend(loc="upper left", bbox_to_anchor=(0, 0.9), fontsize="small")
    return ax


def ridgeline(counts: ScoreCounts, ax: Axes | None = None, *, levels: Levels = "argyle") -> Axes:
    r"""Draw the shape of each group's distribution, one above the other.

    Parameters
    ----------
    counts
        One ridge per group, at most 16, the first on top.
    ax
        Where to draw; a new figure by default, as high as it needs to be.
    levels
        The shaded bands, as for `histogram`.

    Returns
    -------
    matplotlib.axes.Axes
        The height is the share of the group's scores, all ridges on one scale, smoothed over 3
        points on either side; a line marks the median; the label says n.

    Raises
    ------
    ConfigurationError
        For too many groups, or an unknown preset.

    Examples
    --------
    >>> ridgeline(counts).get_yticklabels()[0].get_text()
    'all\nn = 3'
    """
    names = group_names(counts.groups, _MOST_RIDGES)
    ax = ax or new_axes(height=1.8 + 0.6 * len(names))
    shade(ax, levels)
    scored = counts.scores.sum(axis=1).to_numpy()
    ridges = _smoothed(counts.scores.to_numpy()) / np.where(scored > 0, scored, 1)[:, np.newaxis]
    ridges *= 0.85 / max(ridges.max(initial=0), 1e-12)
    medians = counts.quantile(0.5)["quantile"].to_numpy()
    places = np.arange(LOWEST_SCORE, HIGHEST_SCORE + 1)
    for number, ridge in enumerate(ridges):
        base, layer = len(names) - 1 - number, 2 + 2 * number
        ax.fill_between(places, base, base + ridge, color=BAR, alpha=0.75, zorder=layer)
        ax.plot(places, base + ridge, color="white", linewidth=1, zorder=layer + 1)
        if scored[number]:
            height = np.interp(medians[number], places, ridge)
            ax.vlines(medians[number], base, base + height, color="black", zorder=layer + 1)
    ax.set_yticks(np.arange(len(names))[::-1] + 0.25)
    ax.set_yticklabels([f"{name}\nn = {n:,}" for name, n in zip(names, scored, strict=True)])
    ax.set_ylim(-0.2, max(len(names), 1) + 0.3)
    ax.set_title(f"Scores by group: n = {int(scored.sum()):,}; the line is the median", loc="left")
    frame_scores(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def _smoothed(table: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Smooth rows with triangular weights; what would fall off an end is mirrored back."""
    weights = np.bartlett(2 * _REACH + 3)[1:-1]
    wide = np.pad(table, ((0, 0), (_REACH, _REACH)), mode="symmetric")
    rows = [np.convolve(row, weights / weights.sum(), mode="valid") for row in wide]
    return np.array(rows, dtype=np.float64).reshape(table.shape)


def threshold(
    counts: ScoreCounts,
    ax: Axes | None = None,
    *,
    pass_from: int | None = None,
    reject_below: int | None = None,
    levels: Levels = "argyle",
) -> Axes:
    """Draw what every threshold would pass, send to review and reject, above the scores themselves.

    Parameters
    ----------
    counts
        All groups are added up.
    ax
        Where to draw; its place is shared between two panels. A new figure by default.
    pass_from
        A threshold to mark in both panels, with what it would do.
    reject_below
        Lower scores are rejected, those from here to the threshold reviewed; by default all that
        does not pass is rejected.
    levels
        The shaded bands of the lower panel, as for `histogram`.

    Returns
    -------
    matplotlib.axes.Axes
        The upper panel: shares of the scored uploads for each threshold. The lower panel, a
        `histogram`, is the figure's next axes.

    Raises
    ------
    ConfigurationError
        For thresholds that are none, or an unknown preset.

    Examples
    --------
    >>> threshold(counts, pass_from=80).get_title(loc="left")
    'Pass from 80: 67 % pass, 33 % reject (n = 3)'
    """
    total = counts.total()
    table = total.thresholds(reject_below=reject_below).droplevel(0)
    title = _title(total, pass_from, reject_below)
    ax = ax or new_axes(height=5.2)
    below = _second_panel(ax)
    _decisions(ax, table)
    shares_axis(ax, "share of scored uploads")
    frame_scores(ax)
    ax.set_xlabel("lowest score that passes")
    ax.set_title(title, loc="left")
    histogram(total, below, levels=levels)
    marks = [cut for cut in (pass_from, reject_below) if cut is not None]
    for panel in (ax, below):
        for cut in marks:
            panel.axvline(cut - 0.5, color="black", linewidth=1.5, zorder=5)
    return ax


def _decisions(ax: Axes, table: pd.DataFrame) -> None:
    cuts, base = table.index.to_numpy(), np.zeros(len(table))
    for decision in DECISIONS:
        share = table[f"{decision}_share"].to_numpy()
        if np.nansum(share) == 0:
            continue
        top = base + share
        ax.fill_between(
            cuts,
            base,
            top,
            facecolor=_COLOURS[decision],
            hatch=_HATCHES[decision],
            edgecolor="white",
            linewidth=0,
            label=decision,
        )
        base = top
    low, high = (table[name].to_numpy() for name in with_interval("pass_share")[1:])
    ax.fill_between(cuts, low, high, color="black", alpha=0.3, linewidth=0, label="95 % interval")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    bare(ax)


def _second_panel(ax: Axes) -> Axes:
    """Share the place of some axes with new ones below them."""
    figure, place = ax.get_figure(), ax.get_subplotspec()
    assert figure is not None  # noqa: S101
    if place is None:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom + 0.58 * height, width, 0.42 * height))
        return figure.add_axes((left, bottom, width, 0.4 * height))
    panels = place.subgridspec(2, 1)
    ax.set_subplotspec(panels[0])
    return figure.add_subplot(panels[1])


def _title(total: ScoreCounts, pass_from: int | None, reject_below: int | None) -> str:
    scored = int(total.scores.to_numpy().sum())
    if pass_from is None:
        return f"What each threshold would do: n = {scored:,}"
    row = total.threshold(pass_from, reject_below=reject_below).iloc[0]
    shares = [
        f"{100 * row[f'{decision}_share']:.0f} % {decision}"
        for decision in DECISIONS
        if reject_below is not None or decision != "review"
    ]
    lower = "" if reject_below is None else f", reject below {reject_below}"
    return f"Pass from {pass_from}{lower}: {', '.join(shares)} (n = {scored:,})"


def coverage(counts: ScoreCounts, ax: Axes | None = None) -> Axes:
    """Draw the funnel from upload to score, and below it why uploads have none.

    Parameters
    ----------
    counts
        Each bar is divided by group; at most six groups.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per step and one per reason that occurs, with number and share of all uploads.

    Raises
    ------
    ConfigurationError
        For too many groups.

    Examples
    --------
    >>> coverage(counts).get_xlabel()
    'uploads'
    """
    names = group_names(counts.groups)
    table = counts.coverage()
    occurring = [reason for reason in REASONS if table[reason].any()]
    columns = [*_STEPS, *occurring]
    numbers = np.arange(len(columns))
    # The reasons stand a little apart from the steps.
    places = np.where(numbers < len(_STEPS), -numbers, -numbers - 0.5)
    ax = ax or new_axes(height=1.2 + 0.34 * len(columns))
    start = np.zeros(len(columns))
    for name, look, row in zip(names, LOOKS, table[columns].to_numpy(), strict=False):
        ax.barh(
            places,
            row,
            left=start,
            height=0.75,
            label=name,
            facecolor=look.colour,
            hatch=look.hatch,
            edgecolor="white",
        )
        start = start + row
    uploads = int(start[0])
    for place, end in zip(places, start, strict=True):
        share = f" ({end / uploads:.0%})" if uploads else ""
        ax.annotate(
            f"{int(end):,}{share}",
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    ax.set_yticks(places, [*_STEPS.values(), *(reason.replace("_", " ") for reason in occurring)])
    ax.set_xlim(0, max(uploads, 1) * 1.15)
    ax.set_title(f"From upload to score: n = {uploads:,} uploads", loc="left")
    ax.set_xlabel("uploads")
    if counts.grouped_by and names:
        title = ", ".join(counts.grouped_by)
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, title=title)
    bare(ax)
    return ax
