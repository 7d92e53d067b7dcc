"""One row per line of the manifest: what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from argyle_nb.errors import DocumentError
    from argyle_nb.uploads.jobs import Job, Plan
    from argyle_nb.uploads.journal import Entry

STATES = ("done", "refused", "rejected", "unsent", "unknown", "probable")
_SHOWN = {"new": "unsent", "sending": "unknown"}

_DTYPES = {
    "upload_id": "string",
    "attempts": "Int64",
    "seconds": "Float64",
    "bytes": "Int64",
    "reason": "string",
}


def shown_state(entry: Entry) -> str:
    """Give the state of an upload as people read it, one of `STATES`.

    Examples
    --------
    >>> from argyle_nb.uploads.journal import Entry
    >>> shown_state(Entry("new")), shown_state(Entry("done"))
    ('unsent', 'done')
    """
    return _SHOWN.get(entry.state, entry.state)


def with_results(table: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Put the results beside the manifest's columns."""
    rows = {row: _of_refused(error) for row, error in plan.refused.items()}
    for job in plan.jobs:
        files = table["file"]
        rows |= {row: _of_job(job, row, files.iloc[job.rows[0]]) for row in job.rows}
    results = [rows[row] for row in range(len(table))]
    columns = {
        name: pd.Series([result[name] for result in results], dtype=dtype, index=table.index)
        for name, dtype in _DTYPES.items()
    }
    state = pd.Categorical([result["state"] for result in results], categories=STATES)
    return table.assign(state=state, **columns)


def _of_job(job: Job, row: int, first_file: str) -> dict[str, Any]:
    is_first = row == job.rows[0]
    reason = job.entry.reason
    if not is_first:
        reason = "; ".join(filter(None, [f"the same content as {first_file}", reason]))
    return {
        "state": shown_state(job.entry),
        "upload_id": job.entry.upload_id,
        "attempts": job.entry.attempts if is_first else 0,
        "seconds": job.seconds if is_first else 0.0,
        "bytes": job.document.size,
        "reason": reason,
    }


def _of_refused(error: DocumentError) -> dict[str, Any]:
    return {
        "state": "refused",
        "upload_id": None,
        "attempts": 0,
        "seconds": 0.0,
        "bytes": None,
        "reason": error.problem,
    }
