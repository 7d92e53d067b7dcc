"""The explorer at 100,000 uploads: how long a change takes, and how much goes to the browser.

Beside it stand the pandas lines that an analyst would write for the same view, and a table widget
that is given all rows. Run ``python -m tests.benchmarks.explorer_speed [uploads]``.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.widgets import ScoreExplorer
from argyle_nb.widgets.explore_view import ExplorerModel, View
from tests.benchmarks.measure import best_seconds, report
from tests.support.records import scored, unscored

if TYPE_CHECKING:
    from collections.abc import Callable

UPLOADS = 100_000
ROWS_PER_PAGE = 12
ROUNDS = 5
CHANGES = {
    "type": View(document_type=("paystubs",)),
    "text": View(text="stub 77"),
    "bar": View(scores=(80, 84)),
    "sort": View(sort_by="file_name"),
    "cut-off": View(pass_from=70),
}


def uploads(number: int) -> pd.DataFrame:
    """Make uploads with names and scores of their own."""
    rng = np.random.default_rng(0)
    kinds = [scored(1, 85), scored(2, 20, document_type="W-2"), unscored(3, *["failed"] * 3)]
    frame = uploads_frame(kinds).iloc[rng.integers(0, 3, number)].reset_index(drop=True)
    scores = pd.Series(rng.integers(0, 101, number), dtype="Int16")
    known = frame["ocr_authenticity_score"].notna()
    return frame.assign(
        id=pd.array([f"{i:032x}" for i in range(number)], dtype="string"),
        file_name=pd.array([f"stub {i * 7919 % number}.pdf" for i in range(number)], "string"),
        ocr_authenticity_score=scores.where(known).astype("Int16"),
        created_at=pd.date_range("2024-01-01", periods=number, freq="min", tz="UTC", unit="us"),
    )


def by_hand(frame: pd.DataFrame, view: View) -> Any:
    """Filter, count, cut, sort and show as one writes it in a cell."""
    seen = frame
    if view.document_type:
        seen = seen[seen["document_type"].isin(view.document_type)]
    if view.text:
        found = [
            seen[name].str.contains(view.text, case=False, regex=False, na=False)
            for name in ("id", "account", "user", "file_name")
        ]
        seen = seen[np.logical_or.reduce(found)]
    scores = seen["ocr_authenticity_score"]
    bars = scores.value_counts()
    shares = (scores >= view.pass_from).mean(), (scores < view.reject_below).mean()
    table = seen if view.scores is None else seen[scores.between(*view.scores)]
    in_order = table.sort_values(view.sort_by, ascending=view.ascending, kind="stable")
    return bars, shares, in_order.head(ROWS_PER_PAGE)


def from_the_whole(frame: pd.DataFrame, view: View) -> Callable[[], Any]:
    """Go from the view of everything to another, as a click does, again and again."""
    before = ExplorerModel(frame)
    before.evaluate(View())

    def run() -> Any:
        explorer = ExplorerModel(frame)
        explorer._cache = dict(before._cache)
        result = explorer.evaluate(view)
        return result.bars(), result.shares, result.page(0, ROWS_PER_PAGE)

    return run


def speed(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Time each change."""
    rows = []
    for name, view in CHANGES.items():
        contestants = {
            "ours": from_the_whole(frame, view),
            "hand": lambda view=view: by_hand(frame, view),
        }
        best = best_seconds(contestants, ROUNDS)
        rows.append(
            {
                "change": name,
                "explorer": f"{best['ours'] * 1000:.1f} ms",
                "by hand": f"{best['hand'] * 1000:.1f} ms",
                "ratio": f"{best['hand'] / best['ours']:.1f}",
            }
        )
    return rows


def main(number: int) -> None:
    """Measure and report."""
    frame = uploads(number)
    report(f"Explorer, {number:,} uploads: a change of the view", speed(frame))
    panel = ScoreExplorer(frame)
    answer = len(json.dumps(panel._answer({"kind": "look", "number": "1"})))
    whole = len(frame.to_json(orient="records", date_format="iso"))
    sizes = [
        {"to the browser": "the explorer's answer", "bytes": f"{answer:,}"},
        {"to the browser": "all rows as JSON", "bytes": f"{whole:,}"},
    ]
    report(f"Explorer, {number:,} uploads: what is sent", sizes)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else UPLOADS)
