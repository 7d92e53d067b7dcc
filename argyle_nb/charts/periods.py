"""How scores move from period to period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.dates import date2num

from argyle_nb.charts.style import BAR, LOOKS, bare, footnote, group_names, new_axes, shares_axis
from argyle_nb.levels import level_preset
from argyle_nb.scores.comparing import LARGE, MODERATE
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels
    from argyle_nb.scores import ScoreCounts

_MOST_TICKS = 7
_MARGIN_DAYS = 4


def levels(
    counts: ScoreCounts, ax: Axes | None = None, *, by: str = "week", levels: Levels = "argyle"
) -> Axes:
    """Draw the share of each authenticity level over time, with 95 % intervals.

    Parameters
    ----------
    counts
        Counted by the period; all other groups are added up.
    ax
        Where to draw; a new figure by default.
    by
        The column of the periods, such as ``"week"`` or ``"month"``.
    levels
        At most six: a preset, or thresholds of your own, as for `ScoreCounts.levels`.

    Returns
    -------
    matplotlib.axes.Axes
        One line per level; uploads without a period are only counted, in the title. The
        intervals are Wilson's, each for one level and period alone; a period without scores is a
        gap.

    Raises
    ------
    ConfigurationError
        When it was not counted by the period, or for an unknown preset.

    Examples
    --------
    >>> levels(count_scores(frame, by="week")).get_ylabel()
    'share of scored uploads'
    """
    preset = level_preset(levels)
    every = counts.by(by)
    periods = every.filter(**{by: lambda labels: labels.notna()})
    table = periods.levels(preset)
    ax = ax or new_axes()
    places = _places(ax, periods.groups)
    group_names(pd.Index(preset.levels))
    bands = len(preset.bands)
    lines = {name: table.iloc[place::bands] for place, name in enumerate(preset.levels)}
    for look, (level, line) in zip(LOOKS, reversed(lines.items()), strict=False):
        share, low, high = (line[name].to_numpy() for name in with_interval("share"))
        ax.fill_between(places, low, high, color=look.colour, alpha=0.18, linewidth=0)
        ax.plot(
            places,
            share,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=4,
            label=level,
        )
    scored = int(periods.scores.to_numpy().sum())
    undated = int(every.scores.to_numpy().sum()) - scored
    without = f", {undated:,} without a {by}" if undated else ""
    ax.set_title(f"Levels by {by}: n = {scored:,}{without}, with 95 % intervals", loc="left")
    ax.set_xlabel(f"{by} (first day, UTC)")
    shares_axis(ax, "share of scored uploads")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, title="level")
    footnote(ax, f"levels: {preset.name}")
    bare(ax)
    return ax


def drift(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the population stability index of each period, and what chance alone would give.

    Parameters
    ----------
    table
        From `ScoreCounts.drift`.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The index of each period, filled where it is beyond chance (95 %); the critical value for
        the period's own sample size, hatched below; the rules of thumb 0.1 and 0.25 as thin lines.

    Examples
    --------
    >>> drift(count_scores(frame, by="week").drift()).get_ylabel()
    'population stability index'
    """
    ax = ax or new_axes()
    table = table[table.index.notna()]
    places = _places(ax, table.index)
    psi, critical = table["psi"].to_numpy(), table["psi_critical"].to_numpy()
    beyond = table["psi_significant"].fillna(value=False).to_numpy(dtype=bool)
    ax.fill_between(
        places,
        0,
        critical,
        step="mid",
        facecolor="#e6e6e6",
        edgecolor="#a0a0a0",
        hatch="...",
        linewidth=0,
        label="what chance gives (95 %)",
    )
    ax.plot(places, psi, color=BAR, zorder=3)
    _points(ax, places[~beyond], psi[~beyond], "white", "within chance")
    _points(ax, places[beyond], psi[beyond], BAR, "beyond chance")
    for mark in (MODERATE, LARGE):
        ax.axhline(mark, color="#555555", linestyle=":", linewidth=1)
        ax.annotate(
            f"rule of thumb {mark}",
            xy=(1, mark),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            fontsize="x-small",
        )
    highest = np.nanmax(np.concatenate([psi, critical, [LARGE]]))
    ax.set_ylim(0, 1.25 * float(highest))
    scored = int(table["scored"].sum())
    ax.set_title(f"Drift against {_reference(table)}: n = {scored:,}", loc="left")
    ax.set_xlabel(f"{table.index.name or 'period'} (first day, UTC)")
    ax.set_ylabel("population stability index")
    footnote(ax, f"{len(table.attrs.get('psi_bins', []))} bins; critical value after Yurdakul 2018")
    ax.legend(loc="upper left", fontsize="small", ncols=3, frameon=False)
    bare(ax)
    return ax


def _points(ax: Axes, places: Any, values: Any, colour: str, label: str) -> None:
    ax.scatter(places, values, s=30, facecolor=colour, edgecolor=BAR, zorder=4, label=label)


def _reference(table: pd.DataFrame) -> str:
    reference = str(table.attrs.get("reference", "the reference"))
    known = {"given": "the given reference", "none": "nothing"}
    return known.get(reference, reference[:10])


def _places(ax: Axes, periods: pd.Index[Any]) -> Any:
    """Put periods on the x axis: times as times, anything else one after the other."""
    if periods.dtype.kind != "M":
        places = np.arange(len(periods))
        names = [str(period) for period in periods]
    else:
        naive = periods.tz_localize(None)  # type: ignore[attr-defined]
        places = date2num(naive.to_numpy())  # type: ignore[no-untyped-call]
        names = [str(period.date()) for period in periods]
        if len(places):
            ax.set_xlim(places.min() - _MARGIN_DAYS, places.max() + _MARGIN_DAYS)
    named = _apart(places)
    ax.set_xticks(places[named], [names[place] for place in named])
    return places


def _apart(places: Any) -> list[int]:
    """Choose those to be named, so that no names lie over each other."""
    least = np.ptp(places) / _MOST_TICKS if len(places) else 0.0
    chosen: list[int] = []
    for number, place in enumerate(places):
        if not chosen or place - places[chosen[-1]] > least:
            chosen.append(number)
    return chosen
