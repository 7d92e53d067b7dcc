"""One look for all pictures: colours, axes, and the bands of a level preset."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from argyle_nb.levels import Levels

BAR = "#1f4e79"
# Light to dark along one scale, so that bands stay apart in grey print and for every eye.
BANDS = ("#f2c9ac", "#f7e3b5", "#dfe8c9", "#c3ddd8")
SCORE_LABEL = "ocr_authenticity_score (0 to 100)"
_NOTE_WIDTH = 120


class ChartStyle(NamedTuple):
    """What tells one group from the next: never by colour alone."""

    colour: str
    line: str
    marker: str
    hatch: str


# The colours of Okabe and Ito 2008, dark ones first; lines, markers and hatches differ too.
LOOKS = (
    ChartStyle("#0072b2", "-", "o", ""),
    ChartStyle("#d55e00", "--", "s", "//"),
    ChartStyle("#009e73", "-.", "^", ".."),
    ChartStyle("#cc79a7", ":", "D", "xx"),
    ChartStyle("#e69f00", (0, (5, 1)), "v", "--"),  # type: ignore[arg-type]
    ChartStyle("#56b4e9", (0, (3, 1, 1, 1)), "P", "++"),  # type: ignore[arg-type]
)


def new_axes(height: float = 3.6) -> Axes:
    """Make the axes of a new figure, 8 inches wide."""
    _, ax = plt.subplots(figsize=(8, height), layout="constrained")
    return ax


def shade(ax: Axes, levels: Levels) -> None:
    """Shade the level bands and name them, with the preset's name beside them."""
    preset = level_preset(levels)
    colours = band_colours(len(preset.bands))
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
    footnote(ax, f"levels: {preset.name}")


def band_colours(number: int) -> list[Any]:
    """Give colours for so many bands, lowest first."""
    if number <= len(BANDS):
        return list(BANDS[-number:])
    scale = LinearSegmentedColormap.from_list("bands", BANDS)
    return list(scale(np.linspace(0, 1, number)))


def footnote(ax: Axes, text: str, side: Literal["left", "right"] = "right") -> None:
    """Write small lines under the axis; a long text is broken."""
    ax.annotate(
        textwrap.fill(text, _NOTE_WIDTH),
        xy=(0 if side == "left" else 1, 0),
        xycoords="axes fraction",
        xytext=(0, -38),
        textcoords="offset points",
        ha=side,
        va="top",
        fontsize="x-small",
    )


def frame_scores(ax: Axes) -> None:
    """Give the axis of scores its label and ends."""
    ax.set_xlabel(SCORE_LABEL)
    ax.set_xlim(LOWEST_SCORE - 1, HIGHEST_SCORE + 1)
    bare(ax)


def bare(ax: Axes) -> None:
    """Take away the lines that frame nothing."""
    ax.spines[["top", "right"]].set_visible(False)


def shares_axis(ax: Axes, label: str) -> None:
    """Make the y axis one of shares, 0 to 100 %."""
    ax.set_ylim(0, 1)
    ax.set_ylabel(label)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def group_names(groups: pd.Index[Any], most: int = len(LOOKS)) -> list[str]:
    """Name groups for a legend."""
    if len(groups) > most:
        raise ConfigurationError(
            f"{len(groups)} groups are too many for one picture, which has room for {most}: add "
            "some up with .by(...), or choose with .filter(...)"
        )
    keys = [key if isinstance(key, tuple) else (key,) for key in groups]
    return [", ".join(map(_named, key)) for key in keys]


def _named(label: Any) -> str:
    if pd.isna(label):
        return "(missing)"
    return str(label.date()) if hasattr(label, "date") else str(label)
