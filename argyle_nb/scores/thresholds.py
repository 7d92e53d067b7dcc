"""What one or two cut-offs would let pass, send to review and reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.scores.shares import crossed
from argyle_nb.scores.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from argyle_nb.scores.counts import ScoreCounts

DECISIONS = ("passed", "reviewed", "rejected")


def threshold(
    counts: ScoreCounts, pass_from: int, *, reject_below: int | None = None
) -> pd.DataFrame:
    """Say what cut-offs would do to each group.

    Parameters
    ----------
    pass_from
        The lowest score that passes, 0 to 101 (101: none does).
    reject_below
        Lower scores are rejected, and those from here to ``pass_from`` are reviewed; by default
        all that does not pass is rejected.

    Returns
    -------
    pandas.DataFrame
        Indexed by group: ``scored, unscored, passed, reviewed, rejected`` (int64), then for each
        decision its share of the scored uploads with the Wilson 95 % interval:
        ``passed_share, passed_share_low, passed_share_high`` and so on (float64, NaN without
        scores). Uploads without a score are in no decision. The cut-offs are in
        ``attrs["cut_offs"]``.

    Raises
    ------
    ConfigurationError
        When the cut-offs are not whole numbers in rising order.

    Examples
    --------
    >>> table = counts.threshold(90, reject_below=50)
    >>> table[["passed", "reviewed", "rejected"]].loc["all"].tolist()
    [1, 1, 1]
    """
    reject = pass_from if reject_below is None else reject_below
    _check(pass_from, reject)
    table = _table(counts, [pass_from], [reject])
    table.index = counts.groups
    table.attrs["cut_offs"] = {"pass_from": pass_from, "reject_below": reject}
    return table


def thresholds(counts: ScoreCounts, *, reject_below: int | None = None) -> pd.DataFrame:
    """Say what every cut-off would do to each group.

    Parameters
    ----------
    reject_below
        A second, fixed cut-off, as for `ScoreCounts.threshold`; the first then begins at it.

    Returns
    -------
    pandas.DataFrame
        Indexed by group and ``threshold`` (the lowest score that passes, up to 101): the columns
        of `ScoreCounts.threshold`.

    Raises
    ------
    ConfigurationError
        When the cut-off is not a whole number from 0 to 101.

    Examples
    --------
    >>> counts.thresholds().loc[("all", [40, 41]), "passed"].tolist()
    [3, 2]
    """
    first = LOWEST_SCORE if reject_below is None else reject_below
    _check(HIGHEST_SCORE + 1, first)
    passing = list(range(first, HIGHEST_SCORE + 2))
    rejecting = passing if reject_below is None else [reject_below] * len(passing)
    table = _table(counts, passing, rejecting)
    table.index = crossed(counts.groups, pd.Index(passing, name="threshold"))
    return table


def _table(counts: ScoreCounts, passing: Sequence[int], rejecting: Sequence[int]) -> pd.DataFrame:
    scores = counts.scores.to_numpy()
    below = np.zeros((len(scores), HIGHEST_SCORE + 2), dtype=np.int64)
    np.cumsum(scores, axis=1, out=below[:, 1:])
    scored, unscored = below[:, -1:], counts.unscored.to_numpy().sum(axis=1, keepdims=True)
    wide = np.ones((1, len(passing)), dtype=np.int64)
    columns = {
        "scored": scored * wide,
        "unscored": unscored * wide,
        "passed": scored - below[:, passing],
        "reviewed": below[:, passing] - below[:, rejecting],
        "rejected": below[:, rejecting],
    }
    table: dict[str, npt.NDArray[np.number]] = {k: v.ravel() for k, v in columns.items()}
    for decision in DECISIONS:
        share, low, high = wilson(table[decision], table["scored"])
        table |= {f"{decision}_share": share}
        table |= {f"{decision}_share_low": low, f"{decision}_share_high": high}
    return pd.DataFrame(table)


def _check(pass_from: int, reject_below: int) -> None:
    whole = all(isinstance(cut, int | np.integer) for cut in (pass_from, reject_below))
    if not whole or not LOWEST_SCORE <= reject_below <= pass_from <= HIGHEST_SCORE + 1:
        raise ConfigurationError(
            f"cut-offs are whole numbers, 0 <= reject_below <= pass_from <= {HIGHEST_SCORE + 1}, "
            f"not reject_below={reject_below} and pass_from={pass_from}"
        )
