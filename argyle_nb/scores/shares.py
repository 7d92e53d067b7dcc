"""Uploads in each authenticity level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.levels import level_preset
from argyle_nb.scores.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argyle_nb.levels import Levels
    from argyle_nb.scores.counts import ScoreCounts


def levels(counts: ScoreCounts, preset: Levels = "argyle") -> pd.DataFrame:
    """Count the uploads in each authenticity level.

    Parameters
    ----------
    preset
        ``"argyle"``, ``"ocrolus-2"`` or ``"ocrolus-current"``; or cut-offs of your own, level ->
        lowest score, such as ``{"reject": 0, "review": 40, "pass": 75}``.

    Returns
    -------
    pandas.DataFrame
        Indexed by group and ``level``, lowest level first: ``lowest_score, highest_score,
        uploads`` (int64), ``share`` of the scored ones, ``share_low, share_high`` (Wilson 95 %
        interval; float64, NaN without scores). The preset's name is in ``attrs["levels"]``.

    Raises
    ------
    ConfigurationError
        For an unknown preset, or cut-offs that do not rise from 0.

    Notes
    -----
    The presets are in `argyle_nb.levels`, with their sources. Intervals: Wilson 1927, JASA
    22:209; each is for one level alone.

    Examples
    --------
    >>> int(counts.levels().loc[("all", "high"), "uploads"])
    2
    >>> counts.levels({"reject": 0, "review": 40, "pass": 75})["uploads"].tolist()
    [0, 1, 2]
    """
    found = level_preset(preset)
    lows, highs, names = zip(*found.ranges(), strict=True)
    inside = np.add.reduceat(counts.scores.to_numpy(), lows, axis=1)
    scored = np.repeat(inside.sum(axis=1), len(names))
    share, low, high = wilson(inside.ravel(), scored)
    table = pd.DataFrame(
        {
            "lowest_score": np.tile(lows, len(inside)),
            "highest_score": np.tile(highs, len(inside)),
            "uploads": inside.ravel(),
            "share": share,
            "share_low": low,
            "share_high": high,
        },
        index=crossed(counts.groups, pd.Index(names, name="level", dtype="string")),
    )
    table.attrs["levels"] = found.name
    return table


def crossed(groups: pd.Index[Any], inner: pd.Index[Any]) -> pd.MultiIndex:
    """Put an inner index under each group.

    Examples
    --------
    >>> crossed(pd.Index(["a", "b"], name="user"), pd.Index([1, 2], name="threshold")).tolist()
    [('a', 1), ('a', 2), ('b', 1), ('b', 2)]
    """
    outer: Sequence[Any] = [
        groups.get_level_values(level).repeat(len(inner)) for level in range(groups.nlevels)
    ]
    repeated = inner.take(np.tile(np.arange(len(inner)), len(groups)))
    return pd.MultiIndex.from_arrays([*outer, repeated], names=[*groups.names, inner.name])
