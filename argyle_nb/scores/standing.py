"""Where a score stands among those of its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.scores.groups import index_of, key_of, numbers_of
from argyle_nb.scores.reasons import checked_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from argyle_nb.scores.statistics import Counts

# Of fewer alike a share would say little: at 30 its 95% interval is up to 34 points wide.
FEWEST_ALIKE = 30
BAR = 5  # points of the score in one bar of a small histogram


def standing_table(by: tuple[str, ...], counted: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Say where each score of a frame stands, as `ScoreCounts.standing` says.

    What was counted has one row per group, one column per score.
    """
    scores = checked_scores(frame)
    names, table, place = _alike(by, counted, frame)
    at_most = np.cumsum(table, axis=1)
    n = at_most[place, -1]
    score = scores.fillna(0).to_numpy(dtype=np.int64)
    known = scores.notna().to_numpy() & (n >= FEWEST_ALIKE)
    columns: dict[str, Any] = {
        "like": pd.array([names[number] for number in place], dtype="string"),
        "like_scored": n,
    }
    for name, cells in (("share_below", at_most - table), ("share_at_most", at_most)):
        shares = cells[place, score] / np.maximum(n, 1)
        columns[name] = pd.arrays.FloatingArray(shares, ~known)
    return pd.DataFrame(columns, index=frame.index)


def _alike(
    by: tuple[str, ...], counted: pd.DataFrame, frame: pd.DataFrame
) -> tuple[list[str], Counts, npt.NDArray[np.intp]]:
    """Name the groups of a frame's rows, count the scores of each, and give each row's group."""
    table = counted.to_numpy()
    if not by:
        return ["all"], table.sum(axis=0, keepdims=True), np.zeros(len(frame), dtype=np.intp)
    keys = [key_of(frame, name) for name in by]
    found, place = np.unique(numbers_of(keys, len(frame)), return_inverse=True)
    labels = index_of(keys, found)
    rows = [label if isinstance(label, tuple) else (label,) for label in labels]
    cells = np.zeros((len(rows), table.shape[1]), dtype=np.int64)
    for number, row in enumerate(rows):
        cells[number] = table[_are_alike(counted.index, row)].sum(axis=0)
    known = [[_name_of(label) for label in row if not pd.isna(label)] for row in rows]
    return [", ".join(words) or "all" for words in known], cells, place


def _name_of(label: Any) -> str:
    """Name a period by its first day, as charts do."""
    return str(label.date()) if isinstance(label, pd.Timestamp) else str(label)


def _are_alike(groups: pd.Index[Any], row: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Mark the groups that a row is like; what the row does not say makes no difference."""
    same = np.ones(len(groups), dtype=bool)
    for name, label in zip(groups.names, row, strict=True):
        if not pd.isna(label):
            labels = groups.get_level_values(str(name)).to_series()
            same &= (labels == label).fillna(value=False).to_numpy(dtype=bool)
    return same


def told(by: tuple[str, ...], counted: pd.DataFrame, upload: pd.DataFrame) -> tuple[str, list[int]]:
    """Say in a sentence where one upload's score stands, and count its like in bars of 5 points.

    Percentages are rounded down, so that nothing is lower than 100% of what it is among.
    """
    [(like, n, below, at_most)] = standing_table(by, counted, upload).itertuples(index=False)
    alike = _alike(by, counted, upload)[1][0]
    uploads = f"{n:,} scored uploads ({like})"
    if pd.isna(below):
        few = n < FEWEST_ALIKE and upload["ocr_authenticity_score"].notna().all()
        return (f"Only {uploads}: too few to compare." if few else ""), []
    lower, higher = (int(100 * share + 1e-9) for share in (1 - at_most, below))
    word = "Lower" if lower >= higher else "Higher"
    starts = range(0, len(alike) - 1, BAR)  # 100 is in the last bar
    bars: list[int] = np.add.reduceat(alike, starts).tolist()
    if not max(lower, higher):
        return f"The same as nearly all of {uploads}.", bars
    return f"{word} than {max(lower, higher)}% of {uploads}.", bars
