"""Scores to statistics: how fast, beside pandas and scipy on the rows themselves.

Run ``python -m tests.benchmarks.scores_speed [rows]`` from the project's folder.
"""
# ruff: noqa: T201

from __future__ import annotations

import gc
import sys
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from argyle_nb.levels import PRESETS
from argyle_nb.models import DOCUMENT_TYPES, STATUSES
from argyle_nb.scores import count_scores
from tests.benchmarks.measure import best_seconds, mark, report
from tests.support.raw_scores import agreement

if TYPE_CHECKING:
    from argyle_nb.scores import ScoreCounts

ROWS = 10_000_000
DATA_SETS = 500


def make_frame(rows: int) -> pd.DataFrame:
    """Make uploads of two years, 80 % with a score, with only the columns that are counted."""
    chance = np.random.default_rng(20260101)
    ticks = np.datetime64("2024-01-01", "us") + chance.integers(0, 731 * 86_400, rows).astype(
        "timedelta64[s]"
    )
    without = chance.random(rows) < 0.2
    scores = chance.binomial(100, 0.75, rows).astype(np.int16)
    state = np.where(without, chance.integers(0, len(STATUSES), rows), 3).astype(np.int8)
    columns = {
        "document_type": _category(chance.integers(0, 6, rows).astype(np.int8), DOCUMENT_TYPES),
        **dict.fromkeys(
            ("processing_classification", "processing_ocr", "processing_authenticity"),
            _category(state, STATUSES),
        ),
        "ocr_authenticity_score": pd.arrays.IntegerArray(scores, without),
        "created_at": pd.DatetimeIndex(ticks).tz_localize("UTC"),
    }
    return pd.DataFrame(columns)


def _category(codes: np.ndarray, names: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names)))


def statistics_of(counts: ScoreCounts) -> list[pd.DataFrame]:
    """Summary, levels, ECDF, KS with its p-value, PSI and thresholds of each type."""
    by_type = counts.by("document_type")
    return [
        by_type.summary(),
        by_type.levels(),
        by_type.ecdf(),
        by_type.compare(by_type.total(), p_values=True),
        by_type.thresholds(),
    ]


def counted(frame: pd.DataFrame) -> list[pd.DataFrame]:
    return statistics_of(count_scores(frame, by="document_type"))


def by_hand(frame: pd.DataFrame) -> list[object]:
    """Do the same on the rows, as an analyst would with pandas and scipy."""
    known = frame[frame["ocr_authenticity_score"].notna()]
    scores = known["ocr_authenticity_score"].astype("int16")
    groups = scores.groupby(known["document_type"], observed=True)
    everything = np.sort(scores.to_numpy())
    edges = [-1, *(low - 1 for low, _ in PRESETS["argyle"].bands[1:]), 100]
    deciles = np.unique(np.quantile(everything, np.linspace(0, 1, 11)))
    found: list[object] = [
        groups.describe(percentiles=[0.05, 0.25, 0.5, 0.75, 0.95]),
        pd.cut(scores, edges).groupby(known["document_type"], observed=True).value_counts(),
    ]
    for _, group in groups:
        values = group.to_numpy()
        found.append(stats.ecdf(values).cdf.probabilities)
        found.append(stats.ks_2samp(values, everything, method="asymp"))
        found.append(_psi(values, everything, deciles))
        found.append([(values >= cut).mean() for cut in range(0, 101, 10)])
    return found


def _psi(values: np.ndarray, everything: np.ndarray, edges: np.ndarray) -> float:
    p = np.histogram(values, edges)[0] / len(values)
    q = np.histogram(everything, edges)[0] / len(everything)
    return float(((p - q) * np.log(p / q)).sum())


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    frame = make_frame(rows)
    print(f"{rows} rows")
    _counting(frame)
    _statistics(frame)
    _whole(frame)
    del frame
    gc.collect()
    _agreement()


def _counting(frame: pd.DataFrame) -> None:
    weeks = frame["created_at"].dt.floor("7D").rename("week")
    types, scores = frame["document_type"], frame["ocr_authenticity_score"]

    def given() -> object:
        return frame.groupby([types, weeks, scores], observed=True).size()

    def made() -> object:
        by_week = frame["created_at"].dt.floor("7D").rename("week")
        return frame.groupby([types, by_week, scores], observed=True).size()

    seconds = best_seconds(
        {
            "groupby of type, week and score, .size()": made,
            "the same with the weeks given": given,
            "count_scores by type and week, reasons included": lambda: count_scores(
                frame, ["document_type", "week"]
            ),
        },
        rounds=5,
    )
    base, bare, _ = seconds.values()
    report(
        "Counting scores",
        [
            {
                "what": name,
                "s": round(taken, 3),
                "x groupby": round(taken / base, 3),
                "x weeks given": round(taken / bare, 3),
                "goal": goal,
            }
            for (name, taken), goal in zip(seconds.items(), ("", "", "<= 0.25"), strict=True)
        ],
    )
    ours = seconds["count_scores by type and week, reasons included"]
    figure = "count_scores by type and week"
    mark(figure, f"{ours:.3f} s", f"groupby {base:.3f} s", ours / base, "<= 0.25")


def _statistics(frame: pd.DataFrame) -> None:
    rows = []
    for some in (frame.iloc[: len(frame) // 100], frame):
        counts = count_scores(some, by=["document_type", "week"])
        taken = best_seconds({"": partial(statistics_of, counts)}, rounds=10)[""]
        rows.append({"rows": len(some), "ms": round(taken * 1000, 1), "goal ms": "<= 50"})
    report("Statistics of 6 groups after counting", rows)


def _whole(frame: pd.DataFrame) -> None:
    seconds = best_seconds(
        {"pandas and scipy on rows": lambda: by_hand(frame), "counted": lambda: counted(frame)}
    )
    base = seconds["pandas and scipy on rows"]
    report(
        "The same statistics from rows",
        [
            {"what": name, "s": round(taken, 3), "x faster": round(base / taken, 1), "goal": goal}
            for (name, taken), goal in zip(seconds.items(), ("", ">= 25"), strict=True)
        ],
    )
    ours = seconds["counted"]
    rows = "pandas and scipy on rows"
    mark("statistics of 6 groups", f"{ours:.3f} s", f"{rows} {base:.3f} s", base / ours, ">= 25")


def _agreement() -> None:
    chance = np.random.default_rng(20260101)
    worst: dict[str, float] = {}
    for _ in range(DATA_SETS):
        for name, difference in agreement(chance).items():
            worst[name] = max(worst.get(name, 0.0), difference)
    report(
        f"Largest difference from scipy, scikit-learn and numpy over {DATA_SETS} data sets",
        [{"what": k, "difference": f"{v:.1e}", "goal": "<= 1e-12"} for k, v in worst.items()],
    )


if __name__ == "__main__":
    main()
