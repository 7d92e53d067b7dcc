"""Which signals there are, and the scores that come with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.charts.style import BAR, bare, new_axes
from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Kind -> colour and hatch.
_KINDS = {"signal": ("#6a9cc7", ""), "reason_code": ("#e69f00", "//")}


def signal_pareto(table: pd.DataFrame, ax: Axes | None = None, *, most: int = 12) -> Axes:
    """Draw the most frequent signals and reason codes.

    Parameters
    ----------
    table
        From `argyle_nb.signal_pareto` without groups.
    ax
        Where to draw; a new figure by default.
    most
        How many at most; the title says of how many.

    Returns
    -------
    matplotlib.axes.Axes
        Bars are shares of the analyzed uploads with 95 % intervals; beside each how many uploads
        have it and how much lower their mean score is.

    Raises
    ------
    ConfigurationError
        For a table with groups.

    Examples
    --------
    >>> from argyle_nb import signal_pareto as pareto, signals_frame
    >>> signal_pareto(pareto(signals_frame([]), frame)).get_title(loc="left")
    'Signals and reason codes: 0 of 0, n = 0 analyzed uploads'
    """
    if list(table.index.names) != ["finding_type", "identifier"]:
        raise ConfigurationError("the picture needs signal_pareto without groups")
    shown = table.sort_values("uploads", ascending=False, kind="stable").head(most).reset_index()
    ax = ax or new_axes()
    places = np.arange(len(shown))
    for kind, (colour, hatch) in _KINDS.items():
        of_kind = (shown["finding_type"] == kind).to_numpy(dtype=bool)
        if of_kind.any():
            bars = shown[of_kind]
            ax.barh(
                places[of_kind],
                bars["share"].to_numpy(),
                color=colour,
                hatch=hatch,
                edgecolor="white",
                label=kind.replace("_", " "),
                xerr=(bars[["share_ci_low", "share_ci_high"]].sub(bars["share"], axis=0) * [-1, 1])
                .to_numpy()
                .T,
                error_kw={"ecolor": "#222222", "capsize": 2, "elinewidth": 1},
            )
    columns = (shown["uploads"], shown["share_ci_high"], shown["score_drop"])
    for place, n, end, lower in zip(places, *(c.tolist() for c in columns), strict=True):
        score = "" if np.isnan(lower) else f", score {-lower:+.0f}"
        ax.annotate(
            f"{n:,}{score}",
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    analyzed = int(shown["analyzed"].max()) if len(shown) else 0
    head = f"Signals and reason codes: {len(shown)} of {len(table)}"
    ax.set_title(f"{head}, n = {analyzed:,} analyzed uploads", loc="left")
    ax.set_yticks(places, shown["identifier"].tolist())
    ax.set_xlabel(
        "share of analyzed uploads (beside: uploads, and their mean score against the rest)"
    )
    ax.set_ylabel("identifier")
    ax.set_xlim(0, max([*shown["share_ci_high"], 0.001]) * 1.2)
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.1%}")
    ax.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    bare(ax)
    if len(shown):
        ax.legend(loc="lower right", fontsize="small")
    return ax


def score_by_signal_count(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the scores of uploads with no signal, with one, with two and so on.

    Parameters
    ----------
    table
        From `argyle_nb.score_by_signal_count`.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        A thin line from the 5 % to the 95 % quantile, a thick one over the middle half, a mark at
        the median; the labels say how many uploads there are.

    Examples
    --------
    >>> from argyle_nb import score_by_signal_count as scores
    >>> score_by_signal_count(scores(frame)).get_ylabel()
    'ocr_authenticity_score (0 to 100)'
    """
    ax = ax or new_axes()
    places = np.arange(len(table))
    ax.vlines(places, table["p5"], table["p95"], color="#555555", linewidth=1.2)
    ax.vlines(places, table["p25"], table["p75"], color=BAR, linewidth=14)
    ax.plot(places, table["p50"], "o", color="white", markeredgecolor="black", zorder=3)
    labels = [f"{name}\nn = {n:,}" for name, n in table["uploads"].items()]
    ax.set_xticks(places, labels)
    n = int(table["uploads"].sum())
    ax.set_title(f"Score against number of signals: n = {n:,}", loc="left")
    ax.set_xlabel("signals of an upload (line: 5 to 95 %, bar: middle half, mark: median)")
    ax.set_ylabel("ocr_authenticity_score (0 to 100)")
    ax.set_ylim(LOWEST_SCORE - 2, HIGHEST_SCORE + 2)
    ax.set_xlim(-0.6, len(table) - 0.4)
    bare(ax)
    return ax
