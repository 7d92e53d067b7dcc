"""Which signals there are, and the scores that come with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.charts.style import (
    BAR,
    SCORE_LABEL,
    end_labels,
    finish,
    ink,
    legend,
    new_axes,
    shortened,
)
from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.scores import signals as tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from argyle_nb.frames.uploads import Frames

# Kind -> color and hatch.
_KINDS = {"signal": (BAR, ""), "reason_code": ("#c07f1e", "//")}
_LONGEST_NAME = 36
_QUANTILES = ("p5", "p25", "p50", "p75", "p95")


def signal_pareto(table: pd.DataFrame | Frames, ax: Axes | None = None, *, most: int = 12) -> Axes:
    """Draw the most frequent signals and reason codes.

    Parameters
    ----------
    table
        From `argyle_nb.signal_pareto` without groups, or both frames of `argyle_nb.flatten` or
        `argyle_nb.fetch`.
    ax
        Where to draw; a new figure by default.
    most
        How many at most; the title says of how many.

    Returns
    -------
    matplotlib.axes.Axes
        Bars are shares of the analyzed uploads with 95% confidence intervals; beside each how many
        uploads have it and how their mean score differs from that of the rest.

    Raises
    ------
    ConfigurationError
        For a table with groups.

    Examples
    --------
    >>> from argyle_nb import signal_pareto as pareto, signals_frame
    >>> signal_pareto(pareto(signals_frame([]), frame)).get_title(loc="left")
    'Most frequent signals and reason codes: 0 of 0, n = 0 analyzed uploads'
    """
    if not isinstance(table, pd.DataFrame):
        table = tables.signal_pareto(table.signals, table.uploads)
    if list(table.index.names) != ["finding_type", "identifier"]:
        raise ConfigurationError("The chart needs signal_pareto without groups (by).")
    shown = table.sort_values("uploads", ascending=False, kind="stable").head(most).reset_index()
    ax = ax or new_axes(height=1.6 + 0.32 * max(len(shown), 3))
    places = np.arange(len(shown))
    for kind, (color, hatch) in _KINDS.items():
        of_kind = (shown["finding_type"] == kind).to_numpy(dtype=bool)
        if of_kind.any():
            bars = shown[of_kind]
            ax.barh(
                places[of_kind],
                bars["share"].to_numpy(),
                color=color,
                hatch=hatch,
                edgecolor=ink(),
                linewidth=0,
                label=kind.replace("_", " "),
                # Lists: of one bar's array matplotlib makes a number, of which numpy warns.
                xerr=(bars[["share_ci_low", "share_ci_high"]].sub(bars["share"], axis=0) * [-1, 1])
                .to_numpy()
                .T.tolist(),
                error_kw={"ecolor": ink(), "capsize": 2, "elinewidth": 1},
            )
    columns = (shown["uploads"], shown["score_drop"])
    texts = [
        f"{n:,}" if np.isnan(lower) else f"{n:,}, score {-lower:+.0f}"
        for n, lower in zip(*(column.tolist() for column in columns), strict=True)
    ]
    names = [
        shortened(str(name).replace("_", " ") if kind == "signal" else str(name), _LONGEST_NAME)
        for kind, name in zip(shown["finding_type"], shown["identifier"], strict=True)
    ]
    ax.set_yticks(places, names)
    ax.set_xlabel("Share of analyzed uploads (labels: uploads, mean score difference)")
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.1%}")
    ax.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    if len(shown):
        legend(ax)
    end_labels(ax, shown["share_ci_high"].tolist(), places.tolist(), texts)
    analyzed = int(shown["analyzed"].max()) if len(shown) else 0
    head = f"Most frequent signals and reason codes: {len(shown)} of {len(table)}"
    said = ", ".join(f"{name} ({text})" for name, text in zip(names, texts, strict=True))
    return finish(ax, f"{head}, n = {analyzed:,} analyzed uploads", facts=said)


def score_by_signal_count(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the scores of uploads with no signal, with one, with two and so on.

    Parameters
    ----------
    table
        From `argyle_nb.score_by_signal_count`, or the uploads themselves.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        A thin line from the 5% to the 95% quantile, a thick one over the middle half, a mark at
        the median; the labels say how many uploads there are. Numbers above the last that occurs
        are left out.

    Examples
    --------
    >>> from argyle_nb import score_by_signal_count as scores
    >>> score_by_signal_count(scores(frame)).get_ylabel()
    'Authenticity score (0-100)'
    """
    if "ocr_authenticity_score" in table:
        table = tables.score_by_signal_count(table)
    n = int(table["uploads"].sum())
    occurring = np.flatnonzero(table["uploads"].to_numpy())
    table = table.head(int(occurring[-1]) + 1 if len(occurring) else 1)
    ax = ax or new_axes()
    places = np.arange(len(table))
    low, quarter, middle, three_quarters, high = _QUANTILES
    ax.vlines(places, table[low], table[high], color=ink(), linewidth=1.2)
    ax.vlines(places, table[quarter], table[three_quarters], color=BAR, linewidth=14)
    ax.plot(places, table[middle], "_", color=ink(), markersize=14, markeredgewidth=2, zorder=3)
    ax.set_xticks(places, [f"{name}\nn = {n:,}" for name, n in table["uploads"].items()])
    ax.set_xlabel("Signals per upload")
    ax.set_ylabel(SCORE_LABEL)
    ax.set_ylim(LOWEST_SCORE - 2, HIGHEST_SCORE + 2)
    ax.set_xlim(-0.6, len(table) - 0.4)
    medians = table[middle].dropna()
    said = ", ".join(f"{score:.0f} with {name}" for name, score in medians.items())
    return finish(
        ax,
        f"Score by number of signals, n = {n:,}",
        facts=f"Median scores: {said}" if said else "No scores",
        note=("Thin line: 5th to 95th percentile; thick bar: interquartile range; mark: median."),
    )
