"""Pictures of scores: counts in, a matplotlib `Axes` out; nothing global is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from argyle_nb.scores import ScoreCounts

BAR = "#1f4e79"
# Light to dark along one scale, so that bands stay apart in grey print and for every eye.
BANDS = ("#f2c9ac", "#f7e3b5", "#dfe8c9", "#c3ddd8")


def histogram(counts: ScoreCounts, ax: Axes | None = None, *, levels: str = "argyle") -> Axes:
    """Draw how many uploads have each score, over the bands of a level preset.

    Parameters
    ----------
    counts
        All groups are added up.
    ax
        Where to draw; a new figure by default.
    levels
        The preset of the shaded bands: ``"argyle"``, ``"ocrolus-2"`` or ``"ocrolus-current"``.

    Returns
    -------
    matplotlib.axes.Axes
        One bar a score; the title says how many have a score and how many have none.

    Raises
    ------
    ConfigurationError
        For an unknown preset.

    Examples
    --------
    >>> histogram(counts).get_xlabel()
    'ocr_authenticity_score (0 to 100)'
    """
    total = counts.total()
    heights = total.scores.iloc[0]
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
    _shade(ax, levels)
    ax.bar(heights.index, heights.to_numpy(), width=0.9, color=BAR, zorder=2)
    scored, without = int(heights.sum()), int(total.unscored.to_numpy().sum())
    ax.set_title(f"Authenticity scores: n = {scored}, {without} without a score", loc="left")
    ax.set_xlabel("ocr_authenticity_score (0 to 100)")
    ax.set_ylabel("uploads")
    ax.set_xlim(LOWEST_SCORE - 1, HIGHEST_SCORE + 1)
    ax.set_ylim(0, max(1, int(heights.max())) * 1.2)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _shade(ax: Axes, levels: str) -> None:
    """Shade the level bands and name them, with the preset's name beside them."""
    preset = level_preset(levels)
    colours = BANDS[-len(preset.bands) :]
    for (low, high, level), colour in zip(preset.ranges(), colours, strict=True):
        ax.axvspan(low - 0.5, high + 0.5, color=colour, zorder=0, linewidth=0)
        ax.text(
            (low + high) / 2,
            0.98,
            level,
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize="small",
        )
    ax.text(1.0, -0.19, f"levels: {levels}", transform=ax.transAxes, ha="right", fontsize="x-small")
