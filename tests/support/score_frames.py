"""Frames of scores, and what it means that two counts are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.uploads import uploads_frame
from tests.support.records import scored

if TYPE_CHECKING:
    from argyle_nb.scores import ScoreCounts


def frame_of(scores: Any, **columns: Any) -> pd.DataFrame:
    """Make a frame of scored paystubs; give any field of the records, one value per row."""
    frame = uploads_frame([scored(n, 0) for n in range(len(scores))])
    frame["ocr_authenticity_score"] = pd.array(scores, dtype="Int16")
    for name, values in columns.items():
        as_times = name == "created_at"
        frame[name] = pd.to_datetime(pd.Series(values), utc=True) if as_times else values
    return frame


def assert_same_counts(ours: ScoreCounts, theirs: ScoreCounts) -> None:
    """Compare groups with their dtypes, and every count."""
    assert ours.grouped_by == theirs.grouped_by
    for part in ("scores", "unscored", "reached"):
        pd.testing.assert_frame_equal(getattr(ours, part), getattr(theirs, part))


def several(chance: np.random.Generator, n: int = 400) -> pd.DataFrame:
    """Make scores of three types over six weeks, the last two of which score lower."""
    week = chance.integers(0, 6, n)
    middle = np.where(week >= 4, 55, 80)
    scores = np.clip(chance.normal(middle, 12), 0, 100).round().astype(int)
    return frame_of(
        scores,
        document_type=chance.choice(["paystubs", "W-2", "1099"], n),
        created_at=np.datetime64("2024-01-01") + 7 * week,
        user=pd.array(chance.integers(0, 60, n).astype(str), dtype="string"),
    )
