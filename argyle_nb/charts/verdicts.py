"""How well scores tell fraud from genuine documents, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.charts.style import (
    ALERT,
    BAR,
    TINT,
    finish,
    ink,
    legend,
    new_axes,
    shares_axis,
    threshold_marks,
)
from argyle_nb.levels import HIGHEST_SCORE
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from argyle_nb.review.outcomes import OutcomeCounts
    from argyle_nb.review.verdicts import Costs, VerdictCounts

MARKED = (30, 50, 80)

# Part of a cost -> name, color and hatch, so that they stay apart in gray print.
_PARTS = {
    "review_cost": ("reviews", "#5b9bd0", ""),
    "missed_cost": ("missed fraud", ALERT, "//"),
    "rejected_cost": ("rejected genuine", "#8a73b5", ".."),
}
_RATE = "Catch rate (fraud flagged)"


def roc(verdicts: VerdictCounts, ax: Axes | None = None) -> Axes:
    """Draw the catch rate against the false positive rate, with its 95% confidence band.

    Parameters
    ----------
    verdicts
        From `count_verdicts`.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Thresholds of 30, 50 and 80 are marked; the title has the AUC with its interval and the
        numbers of documents, the note under the axis says what they cannot say.

    Examples
    --------
    >>> roc(verdicts).get_ylabel()
    'Catch rate (fraud flagged)'
    """
    ax = ax or new_axes()
    table = verdicts.roc()
    x = table["false_positive_rate"]
    _band(ax, x, table, "catch_rate")
    ax.plot([0, 1], [0, 1], color=ink(), linestyle=":", linewidth=1)
    area = verdicts.summary().loc["auc"]
    words = "AUC {:.3f} (95% CI {:.3f} to {:.3f})".format(*area[with_interval("estimate")])
    words = "no AUC" if np.isnan(area["estimate"]) else words
    ax.set_xlabel("False positive rate (genuine documents flagged)")
    ax.set_ylabel(_RATE)
    return _finished(ax, f"ROC curve: {words}, {_n(verdicts)}", verdicts, x, table["catch_rate"])


def precision_recall(verdicts: VerdictCounts, ax: Axes | None = None) -> Axes:
    """Draw precision against recall, with its 95% confidence band.

    Parameters
    ----------
    verdicts
        From `count_verdicts`.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The dotted line is the share of fraud, what flagging by chance would give.

    Examples
    --------
    >>> precision_recall(verdicts).get_xlabel()
    'Catch rate or recall (fraud flagged)'
    """
    ax = ax or new_axes()
    table = verdicts.precision_recall()
    x = table["recall"]
    _band(ax, x, table, "precision")
    summary = verdicts.summary()["estimate"]
    ax.axhline(summary["fraud_rate"], color=ink(), linestyle=":", linewidth=1)
    average = summary["average_precision"]
    words = "no average precision" if np.isnan(average) else f"average precision {average:.3f}"
    ax.set_xlabel("Catch rate or recall (fraud flagged)")
    ax.set_ylabel("Precision (fraud among flagged)")
    title = f"Precision and recall: {words}, {_n(verdicts)}"
    return _finished(ax, title, verdicts, x, table["precision"])


def catch_rate(verdicts: VerdictCounts, ax: Axes | None = None) -> Axes:
    """Draw the expected catch rate against the share of uploads that are reviewed.

    Parameters
    ----------
    verdicts
        From `count_verdicts`.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Lowest scores are reviewed first; the dotted line is review by chance.

    Examples
    --------
    >>> catch_rate(verdicts).get_xlabel()
    'Review volume (share of 3 scored uploads)'
    """
    ax = ax or new_axes()
    table = verdicts.thresholds()
    x = table["review_rate"]
    _band(ax, x, table, "catch_rate")
    ax.plot([0, 1], [0, 1], color=ink(), linestyle=":", linewidth=1)
    ax.set_xlabel(f"Review volume (share of {int(verdicts.uploads.sum()):,} scored uploads)")
    ax.set_ylabel(_RATE)
    title = f"Catch rate by review volume, {_n(verdicts)}"
    return _finished(ax, title, verdicts, x, table["catch_rate"])


def gains(outcomes: OutcomeCounts, ax: Axes | None = None, *, bins: int = 10) -> Axes:
    """Draw how much of what went bad the lowest scores hold, over the bad rate of each bin.

    Parameters
    ----------
    outcomes
        From `count_outcomes`.
    ax
        Where to draw; a new figure by default.
    bins
        As for `OutcomeCounts.gains`.

    Returns
    -------
    matplotlib.axes.Axes
        Of the curve; the bars, with their 95% confidence intervals, have an axis of their own on
        the right. Each is as wide as its share of the borrowers. The dotted line is chance.

    Raises
    ------
    ConfigurationError
        For fewer than 2 bins.

    Examples
    --------
    >>> gains(outcomes).get_ylabel()
    'Share of all bad loans (line)'
    """
    ax = ax or new_axes()
    table = outcomes.gains(bins)
    n = table["borrowers"]
    ends = n.cumsum() / max(n.sum(), 1)
    bars = ax.twinx()
    rate, low, high = (table[name] for name in with_interval("bad_rate"))
    places, widths = ends - n / max(n.sum(), 1) / 2, 0.9 * n / max(n.sum(), 1)
    bars.bar(places, rate.fillna(0), widths, color=BAR)
    bars.errorbar(places, rate, [rate - low, high - rate], fmt="none", ecolor=ink(), elinewidth=1)
    shares_axis(bars, "Bad rate of the bin (bars, 95% CI)")
    bars.set_ylim(0, min(1.0, 1.15 * np.nanmax([*high, 0.01])))
    bars.spines["top"].set_visible(False)
    ax.plot([0, 1], [0, 1], color=ink(), linestyle=":", linewidth=1)
    caught = table["cumulative_bad_share"]
    ax.plot([0, *ends], [0, *caught], color=ALERT, marker="s", markersize=4, linewidth=1.8)
    # The curve lies over the bars.
    ax.set_zorder(bars.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.set_xlim(-0.01, 1.01)
    shares_axis(ax, "Share of all bad loans (line)")
    ax.set_ylim(0, 1.03)
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_xlabel("Borrowers, lowest score first")
    facts = "; ".join(
        f"scores {row.score_from} to {row.score_to}: {row.bad} of {row.borrowers} bad, "
        f"{row.cumulative_bad_share:.0%} of all bad so far"
        for row in table.itertuples()
    )
    title = f"Gains: bad loans after {outcomes.months} months, n = {n.sum():,} borrowers"
    note = f"Dotted: borrowers at random. {outcomes.note}"
    return finish(ax, f"{title}, {table['bad'].sum():,} bad", facts=facts, note=note)


def cost(
    verdicts: VerdictCounts,
    ax: Axes | None = None,
    *,
    costs: Costs,
    capacity: int | None = None,
    reject_below: int = 0,
) -> Axes:
    """Draw the expected cost per upload of reviewing up to each threshold, part by part.

    Parameters
    ----------
    verdicts
        From `count_verdicts`.
    ax
        Where to draw; a new figure by default.
    costs, reject_below
        As for `VerdictCounts.cost_curve`.
    capacity
        As for `VerdictCounts.best_threshold`; by default all uploads can be reviewed.

    Returns
    -------
    matplotlib.axes.Axes
        The parts are stacked; lines are their sum, its 95% confidence interval, and the cost that
        is expected with fraud that no review came upon. The mark is the threshold that
        `VerdictCounts.best_threshold` gives for these costs and this capacity.

    Raises
    ------
    ConfigurationError
        For a ``reject_below`` outside 0 to 101, or a capacity below 0.

    Examples
    --------
    >>> from argyle_nb import Costs
    >>> costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
    >>> cost(verdicts, costs=costs).get_ylabel()
    'Cost per scored upload (USD)'
    """
    ax = ax or new_axes()
    table = verdicts.cost_curve(costs, reject_below=reject_below)
    _stacked(ax, table)
    for column, line, label in (
        ("cost", "-", "total cost"),
        ("expected_cost", "--", "with fraud not found yet"),
        ("cost_ci_low", ":", "95% CI of the total"),
        ("cost_ci_high", ":", None),
    ):
        ax.plot(table[column], color=ink(), linestyle=line, label=label, linewidth=1.4)
    ax.set_xlim(reject_below, HIGHEST_SCORE + 1)
    highest = table[["cost", "expected_cost", "cost_ci_high"]].max().max()
    ax.set_ylim(0, highest * 1.05 if highest > 0 else 1)
    rejected = f", reject below {reject_below}" if reject_below else ""
    mark = ""
    if table["expected_cost"].notna().any():
        mark = _mark_lowest(ax, verdicts, costs, capacity, reject_below)
    ax.set_xlabel("Threshold (scores below it are reviewed)")
    ax.set_ylabel(f"Cost per scored upload ({costs.currency})")
    legend(ax)
    title = f"Expected cost{rejected}, {_n(verdicts)}"
    return finish(ax, title, facts=mark, note=verdicts.note)


def _stacked(ax: Axes, table: pd.DataFrame) -> None:
    floor = 0 * table["cost"]
    for name, (label, color, hatch) in _PARTS.items():
        if (table[name] > 0).any():
            top = floor + table[name]
            ax.fill_between(
                table.index,
                floor,
                top,
                facecolor=color,
                edgecolor=ink(),
                hatch=hatch,
                label=label,
                lw=0,
            )
            floor = top


def _mark_lowest(
    ax: Axes, verdicts: VerdictCounts, costs: Costs, capacity: int | None, reject_below: int
) -> str:
    """Mark what `best_threshold` finds, so that chart and table name the same."""
    most = int(verdicts.uploads.sum()) if capacity is None else capacity
    best = verdicts.best_threshold(most, costs, reject_below=reject_below)
    [threshold] = best.index
    ax.plot(threshold, best["expected_cost"].iloc[0], "o", color=ink(), zorder=6)
    within = "" if capacity is None else f" with up to {capacity:,} reviews"
    name = f"Lowest cost{within}: review below {threshold}"
    threshold_marks(ax, [(threshold, name)])
    return name


def _band(ax: Axes, x: pd.Series[float], table: pd.DataFrame, name: str) -> None:
    known = x.notna() & table[name].notna()
    at = table[known]
    middle, low, high = (at[column] for column in with_interval(name))
    ax.fill_between(x[known], low, high, color=BAR, alpha=TINT, lw=0)
    ax.plot(x[known], middle, color=BAR, linewidth=1.8)


def _mark(ax: Axes, x: pd.Series[float], y: pd.Series[float]) -> str:
    """Mark thresholds on a curve; those that lie together share a label."""
    width, height = ax.get_window_extent().size
    clusters: list[tuple[float, float, list[int]]] = []
    for threshold in MARKED:
        place = (float(x[threshold]), float(y[threshold]))
        if np.isnan(place).any():
            continue
        ax.plot(*place, "s", color=ALERT, markersize=5)
        near = [c for c in clusters if _overlap(c, place, width, height)]
        if near:
            near[0][2].append(threshold)
        else:
            clusters.append((*place, [threshold]))
    for right, up, names in clusters:
        on_the_left = right > _RIGHT
        ax.annotate(
            "below " + ", ".join(map(str, names)),
            (right, up),
            xytext=(-7 if on_the_left else 7, -9 if up > _LOW else 4),
            textcoords="offset points",
            ha="right" if on_the_left else "left",
            fontsize="small",
        )
    return ", ".join(f"below {t}: {x[t]:.1%} and {y[t]:.1%}" for c in clusters for t in c[2])


# Labels to the right of this place stand on the left of their mark; below that, above it.
_RIGHT, _LOW = 0.7, 0.1
# So many pixels of 100 an inch a label takes.
_LABEL = (130, 22)


def _overlap(
    cluster: tuple[float, float, list[int]], place: tuple[float, float], width: float, height: float
) -> bool:
    right, up, _ = cluster
    return abs(right - place[0]) * width < _LABEL[0] and abs(up - place[1]) * height < _LABEL[1]


def _n(verdicts: VerdictCounts) -> str:
    by_verdict = verdicts.counts.groupby(level="verdict").sum().sum(axis=1)
    return f"n = {by_verdict['fraudulent']:,} fraudulent, {by_verdict['genuine']:,} genuine"


def _finished(
    ax: Axes, title: str, verdicts: VerdictCounts, x: pd.Series[float], y: pd.Series[float]
) -> Axes:
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.03, 1.03)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    marked = _mark(ax, x, y)
    dotted = "Dotted: flagging at random. Squares: thresholds. "
    facts = f"Horizontal and vertical at thresholds {marked}" if marked else ""
    return finish(ax, title, facts=facts, note=dotted + verdicts.note)
