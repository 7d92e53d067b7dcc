"""The explorer at a million uploads: how long a change takes, and how much goes to the browser.

Beside it stand the pandas lines that an analyst would write for the same view, and a table widget
that is given all rows. A change is timed when its panel was just made, and when what it needs is
ready, as it is some seconds later. Run ``python -m tests.benchmarks.explorer_speed [uploads]``.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.scores.filters import statuses_of
from argyle_nb.widgets.explore import ScoreExplorer
from argyle_nb.widgets.explore_view import ExplorerModel, View, ViewFile
from tests.benchmarks.measure import best_seconds, report
from tests.support.records import scored, unscored

if TYPE_CHECKING:
    from collections.abc import Callable

UPLOADS = 1_000_000
ROWS_PER_PAGE = 12
ROUNDS = 3
CHANGES = {
    "type": View(document_type=("paystubs",)),
    "text": View(text="stub 77"),
    "bar": View(scores=(80, 84)),
    "sort by name": View(sort_by="file_name"),
    "sort by status": View(sort_by="status"),
    "borrower": View(user="borrower-77"),
    "threshold": View(pass_from=70),
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
        external_id=pd.array([f"borrower-{i % 40_000}" for i in range(number)], "string"),
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
            for name in ("id", "account", "user", "external_id", "file_name")
        ]
        seen = seen[np.logical_or.reduce(found)]
    if view.user:
        seen = seen[seen["external_id"].str.contains(view.user, regex=False, na=False)]
    scores = seen["ocr_authenticity_score"]
    bars = scores.value_counts()
    shares = (scores >= view.pass_from).mean(), (scores < view.reject_below).mean()
    table = seen if view.scores is None else seen[scores.between(*view.scores)]
    if view.sort_by == "status":
        table = table.assign(status=statuses_of(table))
    in_order = table.sort_values(view.sort_by, ascending=view.ascending, kind="stable")
    return bars, shares, in_order.head(ROWS_PER_PAGE)


def from_the_whole(frame: pd.DataFrame, view: View, *, ready: bool) -> Callable[[], Any]:
    """Go from the view of everything to another, as a click does, again and again."""
    explorer = ExplorerModel(frame)
    explorer.evaluate(View())
    if ready:
        explorer.prepare()
    before, texts = dict(explorer._cache), dict(explorer._search._texts)

    def run() -> Any:
        explorer._cache, explorer._search._texts = dict(before), dict(texts)
        result = explorer.evaluate(view)
        return result.bars(), result.shares, result.page(0, ROWS_PER_PAGE)

    return run


def speed(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Time each change."""
    rows = []
    for name, view in CHANGES.items():
        contestants = {
            "new": from_the_whole(frame, view, ready=False),
            "ours": from_the_whole(frame, view, ready=True),
            "hand": lambda view=view: by_hand(frame, view),
        }
        best = best_seconds(contestants, ROUNDS)
        rows.append(
            {
                "change": name,
                "new": f"{best['new'] * 1000:.1f} ms",
                "explorer": f"{best['ours'] * 1000:.1f} ms",
                "by hand": f"{best['hand'] * 1000:.1f} ms",
                "ratio": f"{best['hand'] / best['ours']:.1f}",
            }
        )
    return rows


def export(frame: pd.DataFrame) -> Callable[[], int]:
    """Write all parts of the file that is downloaded."""
    explorer = ExplorerModel(frame)
    rows = explorer.evaluate(View()).rows

    def run() -> int:
        file = ViewFile(explorer, rows, file_names=False)
        return sum(len(file.part(number)) for number in range(file.parts))

    return run


def main(number: int) -> None:
    """Measure and report."""
    frame = uploads(number)
    report(f"Explorer, {number:,} uploads: a change of the view", speed(frame))
    seconds = best_seconds({"export": export(frame)}, 1)["export"]
    report(f"Explorer, {number:,} uploads: a download", [{"written": f"{seconds:.1f} s"}])
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
