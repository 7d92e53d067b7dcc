"""How scores move from period to period, and from a baseline to groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.dates import date2num

from argyle_nb.charts.style import (
    ALERT,
    BAR,
    LOOKS,
    TINT,
    counted,
    finish,
    group_names,
    ink,
    legend,
    levels_note,
    new_axes,
    shares_axis,
    shortened,
)
from argyle_nb.levels import level_preset
from argyle_nb.scores.comparing import LARGE, MODERATE
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels
    from argyle_nb.scores import ScoreCounts

_TICK_INCHES = 1.15
_PERIOD_LETTERS = 11
_MARGIN_DAYS = 4


def levels(
    counts: ScoreCounts | pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str = "week",
    levels: Levels = "argyle",
) -> Axes:
    """Draw the share of each authenticity level over time, with 95% confidence intervals.

    Parameters
    ----------
    counts
        The uploads themselves, or counts by the period; all other groups are added up.
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
    'Share of scored uploads'
    """
    preset = level_preset(levels)
    every = counted(counts, by)
    periods = every.filter(**{by: lambda labels: labels.notna()})
    table = periods.levels(preset)
    ax = ax or new_axes()
    places = _places(ax, periods.groups)
    dated = periods.groups.dtype.kind == "M"
    group_names(pd.Index(preset.levels))
    bands = len(preset.bands)
    lines = {name: table.iloc[place::bands] for place, name in enumerate(preset.levels)}
    for look, (level, line) in zip(LOOKS, reversed(lines.items()), strict=False):
        share, low, high = (line[name].to_numpy() for name in with_interval("share"))
        ax.fill_between(places, low, high, color=look.color, alpha=0.18, linewidth=0)
        ax.plot(
            places,
            share,
            color=look.color,
            linestyle=look.line,
            marker=look.marker,
            markersize=4,
            label=shortened(level, 26),
        )
    scored = int(periods.scores.to_numpy().sum())
    undated = int(every.scores.to_numpy().sum()) - scored
    without = f" ({undated:,} without a {by})" if undated else ""
    ax.set_xlabel(f"{by.capitalize()} (first day, UTC)" if dated else by.capitalize())
    shares_axis(ax, "Share of scored uploads")
    legend(ax, "level")
    ends = [
        f"{level} {line['share'].iloc[0]:.0%} to {line['share'].iloc[-1]:.0%}"
        for level, line in reversed(lines.items())
        if len(line)
    ]
    return finish(
        ax,
        f"Authenticity levels by {by}, n = {scored:,}{without}",
        facts=f"First to last {by}: {', '.join(ends)}" if ends else "",
        note=f"Shaded: 95% confidence intervals. {levels_note(preset)}",
    )


def drift(table: pd.DataFrame | ScoreCounts, ax: Axes | None = None, *, by: str = "week") -> Axes:
    """Draw how far the scores of each period are from a reference, and how far chance alone goes.

    Parameters
    ----------
    table
        From `ScoreCounts.drift`; or counts, or the uploads themselves, whose first period with
        scores is then the reference.
    ax
        Where to draw; a new figure by default.
    by
        The column of the periods, for counts and uploads.

    Returns
    -------
    matplotlib.axes.Axes
        The population stability index (PSI) of each period, marked where it is beyond chance
        (95%); the critical value for the period's own sample size, shaded below; the rules of thumb
        0.1 and 0.25 as dotted lines. The title says what that comes to.

    Examples
    --------
    >>> drift(count_scores(frame, by="week").drift()).get_ylabel()
    'Population stability index (PSI)'
    """
    if not isinstance(table, pd.DataFrame) or _PSI not in table:
        table = counted(table, by).drift(by)
    ax = ax or new_axes()
    table = table[table.index.notna()]
    places = _places(ax, table.index)
    psi, critical = table[_PSI].to_numpy(), table["psi_critical"].to_numpy()
    beyond = table["psi_significant"].fillna(value=False).to_numpy(dtype=bool)
    name = str(table.index.name or "period")
    chance = "95% critical value\n(no drift, by size)"
    ax.fill_between(
        places, 0, critical, step="mid", color=ink(), alpha=TINT, linewidth=0, label=chance
    )
    ax.plot(places, psi, color=BAR, zorder=3)
    for chosen, marker, color, label in (
        (~beyond, "o", BAR, "not significant"),
        (beyond, "D", ALERT, "significant (95%)"),
    ):
        ax.scatter(places[chosen], psi[chosen], 30, color, marker=marker, zorder=4, label=label)
    highest = float(np.nanmax(np.concatenate([psi, critical, [LARGE]])))
    ax.set_ylim(0, 1.1 * highest)
    rules = f"PSI {MODERATE} and {LARGE}\n(rules of thumb)"
    for mark, label in ((MODERATE, rules), (LARGE, "_same")):
        ax.axhline(mark, color=ink(), linestyle=":", linewidth=1, label=label)
    dated = table.index.dtype.kind == "M"
    ax.set_xlabel(f"{name.capitalize()} (first day, UTC)" if dated else name.capitalize())
    ax.set_ylabel("Population stability index (PSI)")
    legend(ax)
    n = int(table["scored"].sum())
    reference = _reference(table)
    title = f"{_drift_in_words(table, beyond, name)}\nPSI of each {name} vs. {reference}, n = {n:,}"
    return finish(ax, title, facts=_periods_beyond(table, beyond), note=_psi_note(table, name))


_PSI = "psi"
_NOTE = (
    "PSI is 0 where scores are distributed as in the reference. Without any drift, "
    "expect about 1 {} in 20 above the 95% critical value ({} bins; Yurdakul 2018)."
)


def _psi_note(table: pd.DataFrame, name: str) -> str:
    return _NOTE.format(name, len(table.attrs.get("psi_bins", [])))


def _drift_in_words(table: pd.DataFrame, beyond: Any, name: str) -> str:
    compared = int(table["psi_significant"].notna().sum())
    if not compared:
        return "No scores to compare"
    those = f"{compared:,} {name}{'' if compared == 1 else 's'}"
    if not beyond.any():
        return f"No significant drift in {those}"
    return f"Significant drift of scores in {beyond.sum():,} of {those}"


def _periods_beyond(table: pd.DataFrame, beyond: Any) -> str:
    rows = zip(table.index[beyond], table.loc[beyond, _PSI], strict=True)
    said = [f"{str(period)[:10]} (PSI {psi:.2f})" for period, psi in rows]
    return f"Significant: {', '.join(said)}" if said else ""


def _reference(table: pd.DataFrame) -> str:
    reference = str(table.attrs.get("reference", "the reference"))
    known = {"given": "the given reference", "none": "nothing"}
    is_date = reference[:4].isdecimal() and table.index.dtype.kind == "M"
    words = f"the {table.index.name} of {reference[:10]}" if is_date else shortened(reference, 24)
    return known.get(reference, words)


def compare(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw which groups score higher or lower than a baseline, and how sure that is.

    Parameters
    ----------
    table
        From `ScoreCounts.compare`, at most 16 groups.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        For each group the chance that one of its uploads scores above one of the baseline, with
        its 95% confidence interval; 50% is no difference. The labels have the difference of the
        mean scores and the population stability index (PSI).

    Raises
    ------
    ConfigurationError
        For too many groups.

    Examples
    --------
    >>> compare(count_scores(frame, by="document_type").compare(counts)).get_ylabel()
    'document type'
    """
    names = group_names(table.index, _MOST_COMPARED)
    ax = ax or new_axes(height=1.9 + 0.4 * max(len(names), 2))
    middle, low, high = (table[name].to_numpy() for name in with_interval(_CHANCE))
    places = np.arange(len(names))
    differs = (low > 1 / 2) | (high < 1 / 2)
    ax.axvline(0.5, color=ink(), linestyle=":", linewidth=1)
    ax.hlines(places, low, high, color=ink(), linewidth=1.4)
    for chosen, marker, color, label in (
        (~differs, "o", BAR, "no significant difference"),
        (differs, "D", ALERT, "significant difference (95%)"),
    ):
        ax.scatter(middle[chosen], places[chosen], 40, color, marker=marker, zorder=3, label=label)
    texts = [
        "no scores"
        if np.isnan(row[_CHANCE])
        else f"mean {row['mean_difference']:+.1f}, PSI {row[_PSI]:.2f}"
        for _, row in table.iterrows()
    ]
    for place, text in zip(places, texts, strict=True):
        ax.annotate(
            text,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    ax.set_yticks(
        places, [f"{name}\nn = {n:,}" for name, n in zip(names, table["scored"], strict=True)]
    )
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_xlabel("Probability of scoring above a baseline upload (50%: no difference)")
    by = ", ".join(str(name) for name in table.index.names if name)
    ax.set_ylabel(shortened(by.replace("_", " "), 26))
    n = int(table["reference_scored"].max()) if len(table) else 0
    said = [f"{name}: {text}" for name, text in zip(names, texts, strict=True)]
    title = f"{_difference_in_words(middle, differs)}\nbaseline n = {n:,}"
    return finish(ax, title, facts=", ".join(said), note=_COMPARED_NOTE)


_CHANCE = "auc"
_MOST_COMPARED = 16
_COMPARED_NOTE = (
    "Diamonds: significant (95%). Lines: 95% confidence intervals. Mean: difference of "
    "mean scores. PSI (population stability index): 0 where both are distributed alike, "
    "0.25 or more is called large."
)


def _difference_in_words(middle: Any, differs: Any) -> str:
    known = int((~np.isnan(middle)).sum())
    if not known:
        return "No scores to compare"
    of = f"{known} group{'' if known == 1 else 's'}"
    lower, higher = int((differs & (middle < 1 / 2)).sum()), int((differs & (middle > 1 / 2)).sum())
    said = [f"lower in {lower}"] * bool(lower) + [f"higher in {higher}"] * bool(higher)
    if not said:
        return f"No significant difference from the baseline in {of}"
    return f"Scores vs. the baseline: {' and '.join(said)} of {of}"


def _places(ax: Axes, periods: pd.Index[Any]) -> Any:
    """Put periods on the x axis: times as times, anything else one after the other."""
    if periods.dtype.kind != "M":
        places = np.arange(len(periods))
        names = [shortened(str(period), _PERIOD_LETTERS) for period in periods]
    else:
        naive = periods.tz_localize(None)  # type: ignore[attr-defined]
        places = date2num(naive.to_numpy())  # type: ignore[no-untyped-call]
        names = [str(period.date()) for period in periods]
        if len(places):
            ax.set_xlim(places.min() - _MARGIN_DAYS, places.max() + _MARGIN_DAYS)
    named = _apart(places, ax.get_window_extent().width / ax.figure.dpi)
    ax.set_xticks(places[named], [names[place] for place in named], fontsize="small")
    return places


def _apart(places: Any, inches: float) -> list[int]:
    """Choose those to be named, so that no names lie over each other."""
    least = np.ptp(places) / max(inches / _TICK_INCHES, 1) if len(places) else 0.0
    chosen: list[int] = []
    for number, place in enumerate(places):
        if not chosen or place - places[chosen[-1]] > least:
            chosen.append(number)
    return chosen
