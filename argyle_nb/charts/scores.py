"""How scores are distributed, how uploads come to one, and what thresholds make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from argyle_nb.charts.style import (
    BAR,
    LOOKS,
    counted,
    end_labels,
    finish,
    frame_scores,
    group_names,
    ink,
    legend,
    levels_note,
    new_axes,
    percents,
    shade,
    shares_axis,
    threshold_marks,
)
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.scores import REASONS, ecdf_margin
from argyle_nb.scores.counts import DECISIONS
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from argyle_nb.levels import LevelPreset, Levels
    from argyle_nb.scores import ScoreCounts

_MOST_RIDGES = 16
_PLAIN: dict[str, Any] = {"color": BAR}
# So much higher than the bars is their axis, for the names of the levels.
_HEADROOM = 1.25
# Points on either side over which a ridge is smoothed, with triangular weights.
_REACH = 3
# Decision -> word, color and hatch; from light to dark, so that they stay apart in gray print.
_DECISIONS = {
    "pass": ("pass", "#5b9bd0", ""),
    "review": ("review", "#c07f1e", "//"),
    "reject": ("reject", "#a8413a", "xx"),
}
_STEPS = {
    "uploads": "uploaded",
    "classified": "classified",
    "past_ocr": "past OCR",
    "scored": "scored",
}


def histogram(
    counts: ScoreCounts | pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str | Sequence[str] | None = None,
    levels: Levels = "argyle",
    bars: Literal["scores", "levels"] = "scores",
) -> Axes:
    """Draw how many uploads have each score or level, over the bands of a level preset.

    Parameters
    ----------
    counts
        Counts or the uploads themselves; all groups are added up.
    ax
        Where to draw; a new figure by default.
    by
        One or several columns whose groups, at most six, are stacked in each bar.
    levels
        The shaded bands: ``"argyle"``, ``"ocrolus-2"``, ``"ocrolus-current"``, or thresholds of
        your own as for `ScoreCounts.levels`.
    bars
        One for each of the ``"scores"``, or one for each of the ``"levels"``, with its share.

    Returns
    -------
    matplotlib.axes.Axes
        The title says how many have a score and how many have none. Shares add up to 100%.

    Raises
    ------
    ConfigurationError
        For too many groups, or an unknown preset.

    Examples
    --------
    >>> histogram(counts).get_xlabel()
    'Authenticity score (0-100)'
    """
    groups, preset = counted(counts, by), level_preset(levels)
    total = groups.total()
    groups = _with_scores(groups) if by else total
    names = group_names(groups.groups)
    ax = ax or new_axes()
    shade(ax, preset)
    table = total.levels(preset)
    parts = percents(table["uploads"])
    if bars == "levels":
        stacks = groups.levels(preset)["uploads"].to_numpy().reshape(-1, len(table))
        bottom, top = table["score_from"].to_numpy(), table["score_to"].to_numpy()
        places, widths = (bottom + top) / 2, 0.6 * (top - bottom + 1)
    else:
        stacks = groups.scores.to_numpy()
        places, widths = np.arange(LOWEST_SCORE, HIGHEST_SCORE + 1), np.array(0.9)
    floor = np.zeros(len(places))
    for name, look, heights in zip(names, LOOKS, stacks, strict=False):
        looks = {"color": look.color, "hatch": look.hatch, "edgecolor": ink(), "linewidth": 0}
        ax.bar(places, heights, widths, floor, label=name, zorder=2, **(looks if by else _PLAIN))
        floor = floor + heights
    if bars == "levels":
        _shares_above(ax, places, floor, parts)
    ax.set_ylim(0, max(1, int(floor.max(initial=0))) * _HEADROOM)
    frame_scores(ax)
    ax.set_ylabel("Uploads")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
    if by:
        legend(ax, ", ".join(groups.grouped_by))
    return finish(
        ax,
        f"Authenticity scores, n = {_scored(total):,} ({_without(total)} without a score)",
        facts=_levels_in_words(preset, parts, total),
        note=levels_note(preset),
    )


def _with_scores(counts: ScoreCounts) -> ScoreCounts:
    """Leave out groups without scores, which would only be in the legend."""
    there = counts.scores.any(axis=1).to_numpy()
    first = counts.grouped_by[0]
    return (
        counts.filter(**{first: lambda labels: pd.Series(there, labels.index)})
        if there.any()
        else counts
    )


def _scored(counts: ScoreCounts) -> int:
    return int(counts.scores.to_numpy().sum())


def _without(counts: ScoreCounts) -> str:
    without = int(counts.unscored.to_numpy().sum())
    return f"{without:,} upload{'' if without == 1 else 's'}"


def _levels_in_words(preset: LevelPreset, parts: list[str], total: ScoreCounts) -> str:
    if not _scored(total):
        return "No scores"
    shares = ", ".join(f"{level} {part}" for level, part in zip(preset.levels, parts, strict=True))
    median = total.quantile(0.5)["quantile"].iloc[0]
    return f"{shares}. The median score is {median:.0f}"


def _shares_above(ax: Axes, places: Any, heights: Any, parts: list[str]) -> None:
    for place, height, part in zip(places, heights, parts, strict=True):
        ax.annotate(
            part if heights.any() else "",
            (place, height),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize="small",
        )


def ecdf(
    counts: ScoreCounts | pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str | Sequence[str] | None = None,
    levels: Levels = "argyle",
) -> Axes:
    """Draw for each score the share of the scored uploads at or below it.

    Parameters
    ----------
    counts
        Counts or the uploads themselves; one line per group, at most six.
    ax
        Where to draw; a new figure by default.
    by
        One or several columns to group by; the groups of the counts by default.
    levels
        The shaded bands, as for `histogram`.

    Returns
    -------
    matplotlib.axes.Axes
        Each line has its 95% band (see `ecdf_margin`); the legend says n of each group.

    Raises
    ------
    ConfigurationError
        For too many groups, or an unknown preset.

    Examples
    --------
    >>> ecdf(counts).get_ylabel()
    'Cumulative share of uploads'
    """
    counts, preset = counted(counts, by), level_preset(levels)
    names = group_names(counts.groups)
    ax = ax or new_axes()
    shade(ax, preset)
    scored = counts.scores.sum(axis=1).to_numpy()
    curves, margins = counts.ecdf().to_numpy(), ecdf_margin(scored)
    places = np.arange(LOWEST_SCORE, HIGHEST_SCORE + 1)
    for number, (name, look) in enumerate(zip(names, LOOKS, strict=False)):
        curve, margin = curves[:, number], margins[number]
        label = f"{name} (n = {scored[number]:,})"
        ax.step(places, curve, where="post", color=look.color, linestyle=look.line, label=label)
        low, high = np.clip(curve - margin, 0, 1), np.clip(curve + margin, 0, 1)
        ax.fill_between(places, low, high, step="post", color=look.color, alpha=0.15, linewidth=0)
    frame_scores(ax)
    shares_axis(ax, "Cumulative share of uploads")
    ax.set_ylim(0, 1.12)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if names:
        legend(ax)
    n = int(scored.sum())
    return finish(
        ax,
        f"Cumulative distribution of scores with 95% confidence bands, n = {n:,}",
        facts=_medians(names, counts),
        note=levels_note(preset),
    )


def _medians(names: list[str], counts: ScoreCounts) -> str:
    medians = counts.quantile(0.5)["quantile"].to_numpy()
    said = [
        f"{name} {middle:.0f}"
        for name, middle in zip(names, medians, strict=True)
        if not np.isnan(middle)
    ]
    return f"Median scores: {', '.join(said)}" if said else "No scores"


def ridgeline(
    counts: ScoreCounts | pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str | Sequence[str] | None = None,
    levels: Levels = "argyle",
) -> Axes:
    r"""Draw the shape of each group's distribution, one above the other.

    Parameters
    ----------
    counts
        Counts or the uploads themselves; one ridge per group, at most 16, the first on top.
        Groups without scores are only named, in the note.
    ax
        Where to draw; a new figure by default, as high as it needs to be.
    by
        One or several columns to group by; the groups of the counts by default.
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
    counts, preset = counted(counts, by), level_preset(levels)
    every = group_names(counts.groups, _MOST_RIDGES)
    there = counts.scores.any(axis=1).to_numpy()
    names = [name for name, some in zip(every, there, strict=True) if some]
    empty = [name for name, some in zip(every, there, strict=True) if not some]
    table = counts.scores.to_numpy()[there]
    scored = table.sum(axis=1)
    ax = ax or new_axes(height=1.8 + 0.6 * len(names))
    shade(ax, preset)
    ridges = _smoothed(table) / np.where(scored > 0, scored, 1)[:, np.newaxis]
    ridges *= 0.85 / max(ridges.max(initial=0), 1e-12)
    medians = counts.quantile(0.5)["quantile"].to_numpy()[there]
    places = np.arange(LOWEST_SCORE, HIGHEST_SCORE + 1)
    for number, ridge in enumerate(ridges):
        base, layer = len(names) - 1 - number, 2 + 2 * number
        ax.fill_between(places, base, base + ridge, color=BAR, zorder=layer)
        height = np.interp(medians[number], places, ridge)
        ax.vlines(medians[number], base, base + height, color=ink(), zorder=layer + 1)
    ax.set_yticks(np.arange(len(names))[::-1] + 0.25)
    ax.set_yticklabels([f"{name}\nn = {n:,}" for name, n in zip(names, scored, strict=True)])
    ax.set_ylim(-0.1, max(len(names), 1) + 0.3)
    frame_scores(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    without = f"No scores: {', '.join(empty)}. " if empty else ""
    return finish(
        ax,
        f"Score distribution by group, n = {int(scored.sum()):,} (line: median)",
        facts=_medians(every, counts),
        note=without + levels_note(preset),
    )


def _smoothed(table: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Smooth rows with triangular weights; what would fall off an end is mirrored back."""
    weights = np.bartlett(2 * _REACH + 3)[1:-1]
    wide = np.pad(table, ((0, 0), (_REACH, _REACH)), mode="symmetric")
    rows = [np.convolve(row, weights / weights.sum(), mode="valid") for row in wide]
    return np.array(rows, dtype=np.float64).reshape(table.shape)


def threshold(
    counts: ScoreCounts | pd.DataFrame,
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
        Counts or the uploads themselves; all groups are added up.
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
    'Pass from 80: pass 67%, reject 33% (n = 3)'
    """
    total = counted(counts).total()
    table = total.thresholds(reject_below=reject_below).droplevel(0)
    title = _title(total, pass_from, reject_below)
    ax = ax or new_axes(height=5.6)
    below = _second_panel(ax)
    _decisions(ax, table)
    shares_axis(ax, "Share of uploads")
    frame_scores(ax)
    # No score between the thresholds passes and is rejected: the pass threshold begins there.
    ax.set_xlim(table.index.min() - 0.5, HIGHEST_SCORE + 1)
    ax.set_xlabel("Pass threshold (lowest passing score)")
    histogram(total, below, levels=levels)
    named = {"reject below": reject_below, "pass from": pass_from}
    marks = [(cut, f"{name} {cut}") for name, cut in named.items() if cut is not None]
    threshold_marks(ax, [(cut, name) for cut, name in marks if name.startswith("pass")])
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if marks:
        below.set_ylim(top=below.get_ylim()[1] / _HEADROOM)
        threshold_marks(below, [(cut - 0.5, name) for cut, name in marks], row=0.15, above=0.25)
    return finish(ax, title, facts=_passing_in_words(table))


def _passing_in_words(table: pd.DataFrame) -> str:
    places = [cut for cut in (50, 80) if cut in table.index]
    shares = table.loc[places, "pass_share"].dropna()
    return ", ".join(f"{share:.0%} would pass from {cut}" for cut, share in shares.items())


def _decisions(ax: Axes, table: pd.DataFrame) -> None:
    cuts, base = table.index.to_numpy(), np.zeros(len(table))
    for decision in DECISIONS:
        share = table[f"{decision}_share"].to_numpy()
        if np.nansum(share) == 0:
            continue
        name, color, hatch = _DECISIONS[decision]
        top = base + share
        ax.fill_between(
            cuts,
            base,
            top,
            facecolor=color,
            hatch=hatch,
            edgecolor=ink(),
            linewidth=0,
            label=name,
        )
        base = top
    low, high = (table[name].to_numpy() for name in with_interval("pass_share")[1:])
    ax.fill_between(cuts, low, high, color=ink(), alpha=0.35, linewidth=0, label="95% CI")
    legend(ax)


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
    if pass_from is None:
        return f"Effect of each pass threshold, n = {_scored(total):,}"
    row = total.threshold(pass_from, reject_below=reject_below).iloc[0]
    decisions = [name for name in DECISIONS if reject_below is not None or name != "review"]
    parts = percents(row[decisions])
    said = [f"{_DECISIONS[name][0]} {part}" for name, part in zip(decisions, parts, strict=True)]
    lower = "" if reject_below is None else f", reject below {reject_below}"
    return f"Pass from {pass_from}{lower}: {', '.join(said)} (n = {_scored(total):,})"


def coverage(
    counts: ScoreCounts | pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str | Sequence[str] | None = None,
) -> Axes:
    """Draw the funnel from upload to score, and below it why uploads have none.

    Parameters
    ----------
    counts
        Counts or the uploads themselves; each bar is divided by group, at most six.
    ax
        Where to draw; a new figure by default.
    by
        One or several columns to group by; the groups of the counts by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per step and one per reason that occurs, with number and share of all uploads. The
        shares of the scored and of the reasons add up to 100%.

    Raises
    ------
    ConfigurationError
        For too many groups.

    Examples
    --------
    >>> coverage(counts).get_xlabel()
    'Uploads'
    """
    counts = counted(counts, by)
    names = group_names(counts.groups)
    table = counts.coverage()
    occurring = [reason for reason in REASONS if table[reason].any()]
    columns = [*_STEPS, *occurring]
    numbers = np.arange(len(columns))
    # The reasons stand a little apart from the steps.
    places = np.where(numbers < len(_STEPS), -numbers, -numbers - 0.5)
    ax = ax or new_axes(height=1.4 + 0.34 * len(columns))
    start = np.zeros(len(columns))
    for name, look, row in zip(names, LOOKS, table[columns].to_numpy(), strict=False):
        ax.barh(
            places,
            row,
            left=start,
            height=0.75,
            label=name,
            facecolor=look.color,
            hatch=look.hatch,
            edgecolor=ink(),
            linewidth=0,
        )
        start = start + row
    totals = dict(zip(columns, start.tolist(), strict=True))
    uploads = int(totals["uploads"])
    # What ends somewhere adds up; the steps before contain each other.
    ending = ["scored", *occurring]
    shares = dict(zip(ending, percents(totals[name] for name in ending), strict=True))
    shares |= {
        step: percents([totals[step], uploads - totals[step]])[0]
        for step in columns
        if step not in shares
    }
    texts = [
        f"{int(totals[name]):,}" + (f" ({shares[name]})" if uploads else "") for name in columns
    ]
    labels = [*_STEPS.values(), *(f"no score: {reason.replace('_', ' ')}" for reason in occurring)]
    ax.set_yticks(places, labels)
    ax.set_xlabel("Uploads")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.xaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
    if counts.grouped_by and names:
        legend(ax, ", ".join(counts.grouped_by))
    end_labels(ax, start.tolist(), places.tolist(), texts)
    said = [f"{label} {text}" for label, text in zip(labels, texts, strict=True)]
    return finish(ax, f"Processing funnel, n = {uploads:,} uploads", facts=", ".join(said))
