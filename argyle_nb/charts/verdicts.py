"""How well scores tell fraud from genuine documents, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from argyle_nb.charts.style import BAR, bare, footnote, new_axes
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from argyle_nb.review.verdicts import Costs, VerdictCounts

MARKED = (30, 50, 80)

_BAND, _OTHER = "#9ec3e0", "#d55e00"
# Colour and hatch of each part of a cost, so that they stay apart in grey print.
_PARTS = {
    "review_cost": ("reviews", "#c3ddd8", ""),
    "missed_cost": ("missed fraud", "#f2a36b", "//"),
    "rejected_cost": ("rejected genuine", "#b9a3c9", ".."),
}


def roc(verdicts: VerdictCounts, ax: Axes | None = None) -> Axes:
    """Draw the catch rate against the false alarm rate, with its 95 % band.

    Parameters
    ----------
    verdicts
        From `count_verdicts`.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Thresholds of 30, 50 and 80 are marked; the title has the area with its interval and the
        numbers of documents, the note under the axis says what they cannot say.

    Examples
    --------
    >>> roc(verdicts).get_ylabel()
    'catch rate (share of fraud flagged)'
    """
    ax = ax or new_axes()
    table = verdicts.roc()
    x = table["false_positive_rate"]
    _band(ax, x, table, "catch_rate")
    ax.plot([0, 1], [0, 1], color="#666666", linestyle=":", linewidth=1)
    _mark(ax, x, table["catch_rate"])
    area = verdicts.summary().loc["auc"]
    words = "area {:.3f} ({:.3f} to {:.3f})".format(*area[with_interval("estimate")])
    words = "no area" if np.isnan(area["estimate"]) else words
    ax.set_title(f"ROC: {words}, {_n(verdicts)}", loc="left", fontsize="medium")
    ax.set_xlabel("false alarm rate (share of genuine documents flagged)")
    ax.set_ylabel("catch rate (share of fraud flagged)")
    return _finished(ax, verdicts)


def precision_recall(verdicts: VerdictCounts, ax: Axes | None = None) -> Axes:
    """Draw precision against recall, with its 95 % band.

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
    'recall (share of fraud flagged)'
    """
    ax = ax or new_axes()
    table = verdicts.precision_recall()
    x = table["recall"]
    _band(ax, x, table, "precision")
    summary = verdicts.summary()["estimate"]
    ax.axhline(summary["fraud_rate"], color="#666666", linestyle=":", linewidth=1)
    _mark(ax, x, table["precision"])
    words = f"average precision {summary['average_precision']:.3f}"
    ax.set_title(f"Precision and recall: {words}, {_n(verdicts)}", loc="left", fontsize="medium")
    ax.set_xlabel("recall (share of fraud flagged)")
    ax.set_ylabel("precision (share of flagged\nthat is fraud)")
    return _finished(ax, verdicts)


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
    'review load (share of 3 scored uploads)'
    """
    ax = ax or new_axes()
    table = verdicts.thresholds()
    x = table["review_rate"]
    _band(ax, x, table, "catch_rate")
    ax.plot([0, 1], [0, 1], color="#666666", linestyle=":", linewidth=1)
    _mark(ax, x, table["catch_rate"])
    ax.set_title(f"Catch rate against review load, {_n(verdicts)}", loc="left", fontsize="medium")
    ax.set_xlabel(f"review load (share of {int(verdicts.uploads.sum()):,} scored uploads)")
    ax.set_ylabel("catch rate (share of fraud flagged)")
    return _finished(ax, verdicts)


def cost(
    verdicts: VerdictCounts, ax: Axes | None = None, *, costs: Costs, reject_below: int = 0
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

    Returns
    -------
    matplotlib.axes.Axes
        The parts are stacked; lines are their sum, its 95 % interval, and the cost that is expected
        with fraud that no review came upon. A mark stands where that is least, at the threshold of
        `VerdictCounts.best_threshold` for a capacity that does not bind.

    Raises
    ------
    ConfigurationError
        For a ``reject_below`` outside 0 to 101.

    Examples
    --------
    >>> from argyle_nb import Costs
    >>> costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
    >>> cost(verdicts, costs=costs).get_ylabel()
    'expected cost per scored upload (USD)'
    """
    ax = ax or new_axes()
    table = verdicts.cost_curve(costs, reject_below=reject_below)
    x, floor = table.index.to_numpy(), 0 * table["cost"]
    for name, (label, colour, hatch) in _PARTS.items():
        if (table[name] > 0).any():
            top = floor + table[name]
            ax.fill_between(
                x, floor, top, facecolor=colour, edgecolor="white", hatch=hatch, label=label, lw=0
            )
            floor = top
    ax.plot(x, table["cost"], color="black", label="sum")
    ax.plot(
        x, table["expected_cost"], color="black", linestyle="--", label="with fraud not found yet"
    )
    for bound in with_interval("cost")[1:]:
        ax.plot(x, table[bound], color="black", linestyle=":", linewidth=1)
    if table["expected_cost"].notna().any():
        lowest = int(np.nanargmin(table["expected_cost"].to_numpy()))
        least = (int(x[lowest]), float(table["expected_cost"].iloc[lowest]))
        ax.plot(*least, "o", color="black")
        ax.annotate(
            f"least: review below {least[0]}",
            least,
            xytext=(0, 40),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            arrowprops={"arrowstyle": "-", "linewidth": 0.8},
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
        ax.set_ylim(0, max(float(table["cost_ci_high"].max()), 1e-9) * 1.1)
    rejected = f", rejected below {reject_below}" if reject_below else ""
    ax.set_title(f"Expected cost{rejected}, {_n(verdicts)}", loc="left", fontsize="medium")
    ax.set_xlabel("threshold (scores below it are reviewed)")
    ax.set_ylabel(f"expected cost per scored upload ({costs.currency})")
    ax.set_xlim(reject_below, 101)
    ax.legend(loc="upper right", fontsize="small", frameon=True, framealpha=0.9)
    return _noted(ax, verdicts)


def _band(ax: Axes, x: pd.Series[float], table: pd.DataFrame, name: str) -> None:
    known = x.notna() & table[name].notna()
    at = table[known]
    middle, low, high = (at[column] for column in with_interval(name))
    ax.fill_between(x[known], low, high, color=_BAND, lw=0)
    ax.plot(x[known], middle, color=BAR, linewidth=1.8)


def _mark(ax: Axes, x: pd.Series[float], y: pd.Series[float]) -> None:
    for threshold in MARKED:
        place: Any = (x[threshold], y[threshold])
        ax.plot(*place, "s", color=_OTHER, markersize=5)
        ax.annotate(
            f"below {threshold}",
            place,
            xytext=(7, -9),
            textcoords="offset points",
            fontsize="small",
        )


def _n(verdicts: VerdictCounts) -> str:
    by_verdict = verdicts.counts.groupby(level="verdict").sum().sum(axis=1)
    return f"n = {by_verdict['fraudulent']:,} fraudulent, {by_verdict['genuine']:,} genuine"


def _finished(ax: Axes, verdicts: VerdictCounts) -> Axes:
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.02, 1.02)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return _noted(ax, verdicts)


def _noted(ax: Axes, verdicts: VerdictCounts) -> Axes:
    bare(ax)
    footnote(ax, verdicts.note, side="left")
    return ax
