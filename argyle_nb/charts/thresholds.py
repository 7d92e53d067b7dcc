"""What cut-offs would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.charts.scores import histogram
from argyle_nb.charts.style import bare, frame_scores, new_axes, shares_axis
from argyle_nb.scores.thresholds import DECISIONS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels
    from argyle_nb.scores import ScoreCounts

# Dark, middle and light, so that they stay apart in grey print.
COLOURS = {"passed": "#9ecae1", "reviewed": "#fdd49e", "rejected": "#a63603"}
HATCHES = {"passed": "", "reviewed": "//", "rejected": "xx"}


def threshold(
    counts: ScoreCounts,
    ax: Axes | None = None,
    *,
    pass_from: int | None = None,
    reject_below: int | None = None,
    levels: Levels = "argyle",
) -> Axes:
    """Draw what every cut-off would pass, send to review and reject, above the scores themselves.

    Parameters
    ----------
    counts
        All groups are added up.
    ax
        Where to draw; its place is shared between two panels. A new figure by default.
    pass_from
        A cut-off to mark in both panels, with what it would do.
    reject_below
        Lower scores are rejected, those from here to the cut-off reviewed; by default all that
        does not pass is rejected.
    levels
        The shaded bands of the lower panel, as for `histogram`.

    Returns
    -------
    matplotlib.axes.Axes
        The upper panel: shares of the scored uploads for each cut-off. The lower panel, a
        `histogram`, is the figure's next axes.

    Raises
    ------
    ConfigurationError
        For cut-offs that are none, or an unknown preset.

    Examples
    --------
    >>> threshold(counts, pass_from=80).get_title(loc="left")
    'Pass from 80: 67 % passed, 33 % rejected (n = 3)'
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
            facecolor=COLOURS[decision],
            hatch=HATCHES[decision],
            edgecolor="white",
            linewidth=0,
            label=decision,
        )
        base = top
    low, high = (table[f"passed_share_{end}"].to_numpy() for end in ("low", "high"))
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
        return f"What each cut-off would do: n = {scored:,}"
    row = total.threshold(pass_from, reject_below=reject_below).iloc[0]
    shares = [
        f"{100 * row[f'{decision}_share']:.0f} % {decision}"
        for decision in DECISIONS
        if reject_below is not None or decision != "reviewed"
    ]
    lower = "" if reject_below is None else f", reject below {reject_below}"
    return f"Pass from {pass_from}{lower}: {', '.join(shares)} (n = {scored:,})"
