"""How far uploads came on their way to a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from argyle_nb.scores.counts import ScoreCounts


def coverage(counts: ScoreCounts) -> pd.DataFrame:
    """Say how many uploads have a score, and why the others have none.

    Returns
    -------
    pandas.DataFrame
        Indexed by group, all int64. The funnel: ``uploads``, ``classified``, ``ocr`` (of the
        classified), ``scored``, each among those before it. Then one column per reason:
        ``pending`` (in progress), ``failed``, ``unauthorized`` (not enabled at Argyle),
        ``unsupported_type`` (a type that gets no score), ``not_started`` (idle), ``missing``
        (completed without a score, or an unknown status), ``invalid`` (a score that is none,
        collected). The reasons and ``scored`` add up to ``uploads``.

    Examples
    --------
    >>> counts.coverage().loc["all", ["uploads", "classified", "ocr", "scored"]].tolist()
    [4, 4, 3, 3]
    >>> int(counts.coverage().loc["all", "unsupported_type"])
    1
    """
    table = counts.unscored.copy()
    scored = counts.scores.sum(axis=1)
    table.insert(0, "uploads", scored + counts.unscored.sum(axis=1))
    table.insert(1, "classified", counts.reached["classified"])
    table.insert(2, "ocr", counts.reached["ocr"])
    table.insert(3, "scored", scored)
    return table
