"""Borrowers: stated against documented incomes, and what a group of them shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from argyle_nb.charts.style import LOOKS, finish, ink, legend, new_axes
from argyle_nb.frames.columns import need_columns
from argyle_nb.levels import level_preset

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels
    from argyle_nb.shared_values import Links

# Of the levels, lowest first; high ones have the color of bars.
_LEVEL_LOOKS = [LOOKS[place] for place in (5, 3, 1, 4, 2, 0)]
_SMALL, _LARGE = 5, 18
_MOST_MARKS = 2_000
_MOST_ROWS, _MOST_COLUMNS = 20, 40


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
        On the line both are equal; the band is the tolerance; large marks above it state more than
        any document says, small ones more than the lowest.

    Examples
    --------
    >>> from argyle_nb import charts
    >>> said = pd.DataFrame({"borrower": ["b1"], "stated": [5000.0], "difference": [0.25],
    ...     "agrees": [False], "lowest_score": [40]})
    >>> charts.income(said).get_title(loc="left")
    'Stated and documented income: 1 of 1 states more than the documents'
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
    undecided = rows["agrees"].isna().to_numpy()
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
                s=np.where(undecided, _SMALL, _LARGE)[chosen],
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
    who = "states more than the" if len(rows) == 1 else "state more than their"
    note = (
        f"Line: equal; band: {tolerance:.0%} of tolerance. Small marks: {undecided.sum():,} more "
        "state an amount between the lowest and the highest that their documents give. "
        "Documented amounts are sums of what was read."
    )
    title = f"Stated and documented income: {above_all:,} of {len(rows):,} {who} documents"
    return finish(ax, title, note=note)


def _end(amounts: npt.NDArray[np.float64]) -> float:
    """Give the end of an axis that holds all amounts."""
    return 1.05 * float(amounts.max(initial=0)) or 10_000.0


def links(linked: Links, ax: Axes | None = None, *, group: int = 1) -> Axes:
    """Draw one group of linked borrowers: who shares which values.

    Parameters
    ----------
    linked
        From `argyle_nb.links`.
    ax
        Where to draw; a new figure by default.
    group
        Number of the group in `Links.groups`, from 1.

    Returns
    -------
    matplotlib.axes.Axes
        A column per borrower, numbered from the first application on, and a row per value, masked;
        at most 40 and 20, those that share most. Borrowers with a fraudulent verdict are marked.

    Raises
    ------
    ConfigurationError
        When there is no such group.

    Examples
    --------
    >>> from argyle_nb import charts, links
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> charts.links(links(ocr_frame([]), uploads))
    Traceback (most recent call last):
    argyle_nb.errors.ConfigurationError: There is no group 1. There are 0 groups.
    """
    table = linked.group(group)
    chosen = _most(table, "row", "borrower", _MOST_ROWS)
    shown = table[table["row"].isin(chosen)]
    shown = shown[shown["borrower"].isin(_most(shown, "borrower", "row", _MOST_COLUMNS))]
    ax = ax or new_axes(1.7 + 0.3 * len(chosen))
    first = shown.groupby("borrower")["created_at"].min().sort_values(kind="stable")
    across = shown["borrower"].map({name: place for place, name in enumerate(first.index, 1)})
    down = shown["row"].map({row: place for place, row in enumerate(chosen)})
    ends = across.groupby(down).agg(["min", "max"])
    ax.hlines(ends.index, ends["min"], ends["max"], color=ink(), alpha=0.4, linewidth=1)
    caught = shown.loc[shown["fraudulent"].fillna(value=False), "borrower"]
    is_caught = shown["borrower"].isin(caught)
    for dots, look, label in (
        (~is_caught, LOOKS[0], "shares it"),
        (is_caught, LOOKS[1], "fraudulent verdict"),
    ):
        if dots.any():
            ax.scatter(
                across[dots],
                down[dots],
                color=look.color,
                marker=look.marker,
                label=label,
                zorder=3,
            )
    expected = linked.table["expected_by_chance"].reindex(chosen)
    kinds = linked.table["kind"].reindex(chosen)
    ax.set_yticks(
        range(len(chosen)),
        [f"{kind}\n(by chance {_few(n)})" for kind, n in zip(kinds, expected, strict=True)],
        fontsize="x-small",
    )
    ax.set_ylim(len(chosen) - 0.5, -0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(0.5, len(first) + 0.5)
    ax.set_xlabel("Borrower, by first upload")
    legend(ax)
    borrowers, values = table["borrower"].nunique(), table["row"].nunique()
    things = "1 value" if values == 1 else f"{values} values"
    note = (
        f"Shown: {len(first)} of {borrowers} borrowers, {len(chosen)} of {things}.\n"
        "By chance: how many borrowers would share the value.\n"
        "A shared value is a reason to look, not a proof."
    )
    lowest = table["score"].min()
    score = "no score" if pd.isna(lowest) else f"lowest score {lowest}"
    return finish(ax, f"Group {group}: {borrowers} borrowers share {things}, {score}", note=note)


def _most(table: pd.DataFrame, name: str, of: str, most: int) -> list[Any]:
    """Give the values or borrowers that share most, in that order."""
    number = table.groupby(name)[of].nunique().sort_values(ascending=False, kind="stable")
    return list(number.index[:most])


def _few(number: float) -> str:
    return "below 0.001" if number < 0.001 else f"{number:.2g}"  # noqa: PLR2004
