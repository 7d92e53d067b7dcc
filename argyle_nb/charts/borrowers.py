"""Borrowers: stated against documented incomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.charts.style import LOOKS, finish, ink, legend, new_axes
from argyle_nb.frames.columns import need_columns
from argyle_nb.levels import level_preset

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels

# Of the levels, lowest first; high ones have the color of bars.
_LEVEL_LOOKS = [LOOKS[place] for place in (5, 3, 1, 4, 2, 0)]
_MOST_MARKS = 2_000


def income(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    tolerance: float = 0.10,
    levels: Levels = "argyle",
) -> Axes:
    """Draw stated against documented monthly incomes, a mark per borrower.

    Parameters
    ----------
    table
        From `argyle_nb.income`, with stated incomes.
    ax
        Where to draw; a new figure by default.
    tolerance
        As it was for the table.
    levels
        Preset or thresholds of the authenticity levels, as for `uploads_frame`; marks are colored
        by the level of the borrower's lowest score.

    Returns
    -------
    matplotlib.axes.Axes
        On the line both are equal; the band is the tolerance; marks above it state more than the
        documents say.

    Examples
    --------
    >>> from argyle_nb import charts
    >>> said = pd.DataFrame({"borrower": ["b1"], "stated": [5000.0], "difference": [0.25],
    ...     "agrees": [False], "lowest_score": [40]})
    >>> charts.income(said).get_title(loc="left")
    'Stated and documented income: 1 of 1 borrower states too much'
    """
    ax = ax or new_axes(4.4)
    need_columns(table, ("borrower", "stated", "difference", "agrees", "lowest_score"), "table")
    score = table.groupby("borrower")["lowest_score"].transform("min").astype("Float64")
    rows = table.assign(score=score).dropna(subset=["difference"]).drop_duplicates("borrower")
    stated, above = (rows[name].to_numpy(dtype=np.float64) for name in ("stated", "difference"))
    documented = stated / (1 + above)
    line = np.array([0.0, max(_end(documented), _end(stated))])
    ax.fill_between(
        line, line * (1 - tolerance), line * (1 + tolerance), color=ink(), alpha=0.12, lw=0
    )
    ax.plot(line, line, color=ink(), linewidth=1, linestyle=":")
    preset = level_preset(levels)
    scores = rows["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    looks = _LEVEL_LOOKS[-len(preset.bands) :]
    parts = [
        ((scores >= low) & (scores <= high), name, looks[place % len(looks)])
        for place, (low, high, name) in enumerate(preset.ranges())
    ]
    # The lowest levels lie on top.
    for chosen, name, look in [(np.isnan(scores), "no score", None), *reversed(parts)]:
        if chosen.any():
            ax.scatter(
                documented[chosen],
                stated[chosen],
                s=16,
                alpha=0.8,
                linewidths=0.8,
                color=look.color if look else ink(),
                marker=look.marker if look else "x",
                label=f"{name} ({chosen.sum():,})",
                rasterized=len(rows) > _MOST_MARKS,
            )
    ax.set(xlim=(0, _end(documented)), ylim=(0, _end(stated)))
    ax.set_xlabel("Documented a month (lowest amount, USD)")
    ax.set_ylabel("Stated a month (USD)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
    legend(ax, f"Level ({preset.name.partition(':')[0]})")
    above_all = int(rows["agrees"].eq(False).sum())
    between = int(rows["agrees"].isna().sum())
    who = "borrower states" if len(rows) == 1 else "borrowers state"
    note = (
        f"Line: equal; band: {tolerance:.0%} of tolerance. {between:,} more state an amount "
        "between the lowest and the highest that their documents give. Documented amounts are "
        "sums of what was read."
    )
    title = f"Stated and documented income: {above_all:,} of {len(rows):,} {who} too much"
    return finish(ax, title, note=note)


def _end(amounts: npt.NDArray[np.float64]) -> float:
    """Give the end of an axis that holds all amounts."""
    return 1.05 * float(amounts.max(initial=0)) or 10_000.0
