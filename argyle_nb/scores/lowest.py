"""The lowest score of each borrower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores.reasons import REACHED, REASONS, SCORES

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.scores.counts import ScoreCounts


def lowest_per(counts: ScoreCounts, name: str = "user") -> ScoreCounts:
    """Count each user once, under the lowest score of any of the user's uploads.

    Parameters
    ----------
    name
        What has several uploads; the counts must be grouped by it.

    Returns
    -------
    ScoreCounts
        Of users, not of uploads, grouped by what else the counts were grouped by. A user none of
        whose uploads has a score is counted under the first of `REASONS` that any of them has,
        and is ``classified`` and through ``ocr`` when any of them is.

    Raises
    ------
    ConfigurationError
        When the counts are not grouped by it, or there are uploads whose user is unknown.

    Notes
    -----
    Ocrolus' dashboard shows the lowest score of any document in a book (Ocrolus documentation,
    authenticity score).

    Examples
    --------
    >>> count_scores(frame.assign(user=["ann", "ann", "ben", "ben"]), by="user").lowest_per("user")
    ScoreCounts(2 with a score, 0 without)
    """
    others = tuple(other for other in counts.grouped_by if other != name)
    by_user = counts.by(*others, name)
    unknown = by_user.groups.get_level_values(name).isna()
    if unknown.any():
        strangers = by_user.filter(**{name: lambda values: values.isna()}).coverage()["uploads"]
        raise ConfigurationError(
            f"{int(strangers.sum())} uploads have no {name}: give accounts= to uploads_frame, or "
            f"leave them out with .filter({name}=lambda values: values.notna())"
        )
    table = _one_each(by_user.table())
    return type(counts).of_table(by_user.grouped_by, by_user.groups, table).by(*others)


def _one_each(table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Leave of each row the first of its scores and reasons, and 1 of it."""
    cells = len(SCORES) + len(REASONS)
    one = np.zeros_like(table)
    # A row of nothing has no first.
    one[np.arange(len(table)), (table[:, :cells] > 0).argmax(axis=1)] = table.any(axis=1)
    one[:, cells:] = np.minimum(table[:, cells : cells + len(REACHED) - 1], 1)
    return one
