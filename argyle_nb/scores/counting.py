"""Frames to counts: the one place where rows are touched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores.counts import ScoreCounts
from argyle_nb.scores.groups import (
    EVERYTHING,
    index_of,
    key_of,
    numbers_of,
    sorted_order,
    write_numbers,
)
from argyle_nb.scores.reasons import (
    INVALID,
    REACHED,
    REASONS,
    SCORES,
    WIDTH,
    Cells,
    refusal,
    unreadable_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from argyle_nb.scores.groups import GroupKey

    Errors = Literal["raise", "collect"]

# So many rows at a time stay in the processor's cache.
_ROWS = 1 << 18
# Up to so many combinations of labels have a row each while counting; more are numbered first.
_COMBINATIONS = 4096


def count_scores(
    uploads: Any, by: str | Sequence[str] = (), *, errors: Errors = "raise"
) -> ScoreCounts:
    """Count uploads by score, and by the reason where there is no score.

    Parameters
    ----------
    uploads
        From `uploads_frame`, or a Dask DataFrame of the same columns, whose partitions are
        counted where they are.
    by
        Columns that make groups, or ``"week"`` (its Monday) or ``"month"`` (its first day) of
        ``created_at`` in UTC, or ``"media"``: PDF or image, by the ending of ``file_name``. A
        missing value is a group of its own.
    errors
        What to do with scores that are no whole number from 0 to 100: ``"raise"``, or
        ``"collect"`` to count them under ``invalid_score`` and list them in
        ``ScoreCounts.unreadable``.

    Returns
    -------
    ScoreCounts
        One row per group, groups sorted.

    Raises
    ------
    ConfigurationError
        When a column is not there or named twice, or for unknown ``errors``.
    DecodeError
        For a score that is none, unless errors are collected; it names the uploads.

    Examples
    --------
    >>> count_scores(uploads)
    ScoreCounts(3 with a score, 1 without)
    >>> count_scores(uploads, by=["document_type", "week"]).grouped_by
    ('document_type', 'week')
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    if len(set(names)) < len(names):
        raise ConfigurationError(
            f"by names a column twice: {', '.join(map(str, names))}. Name each once."
        )
    if errors not in ("raise", "collect"):
        raise ConfigurationError(f"Unknown errors {errors!r}. Use 'raise' or 'collect'.")
    if isinstance(uploads, pd.DataFrame):
        return _count(uploads, names, errors)
    return _count_partitions(uploads, names, errors)


def _count_partitions(frame: Any, names: tuple[str, ...], errors: Errors) -> ScoreCounts:
    if not hasattr(frame, "to_delayed"):
        raise ConfigurationError(
            f"Can't count scores in {type(frame).__name__}. Pass a DataFrame of pandas or Dask."
        )
    from dask.base import compute  # noqa: PLC0415 - an extra; who has a frame of it has it
    from dask.delayed import delayed  # noqa: PLC0415

    parts = [delayed(_count)(part, names, errors) for part in frame.to_delayed()]
    counted: tuple[ScoreCounts, ...] = compute(*parts)  # type: ignore[no-untyped-call]
    return ScoreCounts.sum_of(counted)


def _count(frame: pd.DataFrame, names: tuple[str, ...], errors: Errors) -> ScoreCounts:
    keys = [key_of(frame, name) for name in names]
    cells = Cells(frame)
    index, table = _tally(keys, cells, len(frame))
    unreadable = unreadable_rows(frame, cells.all() == INVALID) if table[:, INVALID].any() else []
    if unreadable and errors == "raise":
        raise refusal(unreadable, "Correct it, or count with errors='collect'.")
    order = sorted_order(index)
    return ScoreCounts.of_table(names, index[order], _condensed(table[order]), tuple(unreadable))


def _tally(
    keys: Sequence[GroupKey], cells: Cells, rows: int
) -> tuple[pd.Index[Any], npt.NDArray[np.int64]]:
    """Count each combination of group and cell."""
    combinations = math.prod(key.size for key in keys)
    groups, numbered = np.arange(combinations), None
    if combinations > _COMBINATIONS:
        numbered, groups = pd.factorize(numbers_of(keys, rows))
    table = np.zeros(len(groups) * WIDTH, dtype=np.int64)
    # A part is never smaller than the table, or clearing the table would be most of the work.
    size = max(_ROWS, len(table))
    memory, spare = np.empty((2, min(size, rows)), dtype=np.int64)
    for start in range(0, rows, size):
        part = slice(start, min(start + size, rows))
        place = memory[: part.stop - start]
        if numbered is None:
            write_numbers(keys, part, WIDTH, place, spare[: len(place)])
        else:
            np.multiply(numbered[part], WIDTH, out=place, dtype=np.int64)
        cells.add_to(place, part)
        table += np.bincount(place, minlength=len(table))
    by_group = table.reshape(len(groups), WIDTH)
    if not keys:
        return EVERYTHING, by_group
    seen = by_group.any(axis=1)
    return index_of(keys, groups[seen]), by_group[seen]


def _condensed(table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Make columns of scores, of reasons, and of how many were classified and read by OCR."""
    scores = table[:, : len(SCORES)]
    without = table[:, len(SCORES) :].reshape(len(table), len(REASONS), len(REACHED))
    reached = [without[:, :, first:].sum(axis=(1, 2)) for first in range(1, len(REACHED))]
    scored = scores.sum(axis=1)
    return np.column_stack([scores, without.sum(axis=2), *(scored + stage for stage in reached)])
