"""Frames of scores, and what it means that two counts are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores import ScoreCounts, count_scores
from tests.support.records import record, scored


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


def upload(
    number: int, score: int, *identifiers: str, codes: Any = (), day: int = 1, **changes: Any
) -> dict[str, Any]:
    """Make a record with signals and reason codes."""
    analysis = {
        "signals": [{"identifier": name, "signal_count": 1} for name in identifiers],
        "form_authenticity": {"score": score, "reason_codes": [{"code": code} for code in codes]},
    }
    metadata = {"ocr_authenticity": analysis, "ocr_authenticity_score": score}
    created = f"2026-01-{day:02}T10:00:00Z"
    return record(number, metadata=metadata, created_at=created, **changes)


_TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_WHOLE = st.none() | st.integers(-(2**62), 2**62)
_NUMBERS = st.none() | st.floats(allow_nan=False)
_FLAGS = st.none() | st.booleans()
_TIMES = st.none() | st.datetimes(
    pd.Timestamp("1900-01-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()
)
_LABELS = {"string": _TEXTS, "Int64": _WHOLE, "Float64": _NUMBERS, "boolean": _FLAGS}


@st.composite
def counts_by_any_labels(draw: st.DrawFn) -> ScoreCounts:
    """Counts by one or two columns of any of the five dtypes."""
    n = draw(st.integers(0, 8))
    frame = frame_of(draw(st.lists(st.integers(0, 100), min_size=n, max_size=n)))
    dtypes = draw(st.lists(st.sampled_from([*_LABELS, "time"]), min_size=1, max_size=2))
    for place, dtype in enumerate(dtypes):
        values = draw(st.lists(_LABELS.get(dtype, _TIMES), min_size=n, max_size=n))
        frame[f"=own:{place}"] = (
            pd.to_datetime(pd.Series(values, dtype=object), utc=True)
            if dtype == "time"
            else pd.array(values, dtype=dtype)
        )
    return count_scores(frame, by=[f"=own:{place}" for place in range(len(dtypes))])
