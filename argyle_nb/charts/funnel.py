"""How far uploads came on their way to a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.charts.style import LOOKS, bare, group_names, new_axes
from argyle_nb.scores import REASONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from argyle_nb.scores import ScoreCounts

STEPS = {
    "uploads": "uploaded",
    "classified": "classified",
    "ocr": "read by OCR",
    "scored": "scored",
}


def coverage(counts: ScoreCounts, ax: Axes | None = None) -> Axes:
    """Draw the funnel from upload to score, and below it why uploads have none.

    Parameters
    ----------
    counts
        Each bar is divided by group; at most six groups.
    ax
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per step and one per reason that occurs, with number and share of all uploads.

    Raises
    ------
    ConfigurationError
        For too many groups.

    Examples
    --------
    >>> coverage(counts).get_xlabel()
    'uploads'
    """
    names = group_names(counts.groups)
    table = counts.coverage()
    occurring = [reason for reason in REASONS if table[reason].any()]
    columns = [*STEPS, *occurring]
    numbers = np.arange(len(columns))
    # The reasons stand a little apart from the steps.
    places = np.where(numbers < len(STEPS), -numbers, -numbers - 0.5)
    ax = ax or new_axes(height=1.2 + 0.34 * len(columns))
    start = np.zeros(len(columns))
    for name, look, row in zip(names, LOOKS, table[columns].to_numpy(), strict=False):
        ax.barh(
            places,
            row,
            left=start,
            height=0.75,
            label=name,
            facecolor=look.colour,
            hatch=look.hatch,
            edgecolor="white",
        )
        start = start + row
    uploads = int(start[0])
    for place, end in zip(places, start, strict=True):
        share = f" ({end / uploads:.0%})" if uploads else ""
        ax.annotate(
            f"{int(end):,}{share}",
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    ax.set_yticks(places, [*STEPS.values(), *(reason.replace("_", " ") for reason in occurring)])
    ax.set_xlim(0, max(uploads, 1) * 1.15)
    ax.set_title(f"From upload to score: n = {uploads:,} uploads", loc="left")
    ax.set_xlabel("uploads")
    if counts.grouped_by and names:
        title = ", ".join(counts.grouped_by)
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, title=title)
    bare(ax)
    return ax
