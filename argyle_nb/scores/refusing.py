"""Scores that are no whole number from 0 to 100, and the uploads that have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.errors import DecodeError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.scores.reasons import NO_SCORE, whole_numbers

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt

_ROWS_NAMED = 5


def checked_scores(frame: pd.DataFrame) -> pd.Series[Any]:
    """Read the scores of a frame that may have come from elsewhere than `uploads_frame`.

    Returns
    -------
    pandas.Series
        Int16, 0 to 100 or missing; the frame's index.

    Raises
    ------
    DecodeError
        For a score that is none; it names the uploads.

    Examples
    --------
    >>> checked_scores(frame.assign(ocr_authenticity_score=[85.0, 40.0, np.nan, 92.0])).tolist()
    [85, 40, <NA>, 92]
    """
    numbers = whole_numbers(frame["ocr_authenticity_score"])
    bad = (numbers != NO_SCORE) & ((numbers < LOWEST_SCORE) | (numbers > HIGHEST_SCORE))
    # The value that stands for none is no score either, where it was given.
    bad |= (numbers == NO_SCORE) & frame["ocr_authenticity_score"].notna().to_numpy()
    if bad.any():
        raise refusal(rejected_rows(frame, bad), "correct them")
    return pd.Series(pd.arrays.IntegerArray(numbers, numbers == NO_SCORE), index=frame.index)


def rejected_rows(frame: pd.DataFrame, bad: npt.NDArray[np.bool_]) -> list[dict[str, str]]:
    """List ``record, path, problem`` of the rows that are marked.

    Examples
    --------
    >>> bad = frame.assign(ocr_authenticity_score=[185, 92, 40, 10])
    >>> rejected_rows(bad, np.array([True, False, False, False]))[0]["problem"]
    '185 is no whole number from 0 to 100'
    """
    rows = frame.iloc[np.flatnonzero(bad)]
    names = rows["id"] if "id" in rows else rows.index.to_series()
    return [
        {
            "record": str(name),
            "path": "ocr_authenticity_score",
            "problem": f"{score!s:.20} is no whole number from {LOWEST_SCORE} to {HIGHEST_SCORE}",
        }
        for name, score in zip(names, rows["ocr_authenticity_score"], strict=True)
    ]


def refusal(rejected: list[dict[str, str]], cure: str) -> DecodeError:
    """Make the error that names the first of the rejected rows, and a few more.

    Examples
    --------
    >>> raise refusal([{"record": "u1", "path": "score", "problem": "no number"}], "correct them")
    Traceback (most recent call last):
    argyle_nb.errors.DecodeError: record u1, at score: no number: correct them
    """
    first, others = rejected[0], rejected[1:]
    problem = first["problem"]
    if others:
        named = ", ".join(row["record"] for row in others[:_ROWS_NAMED])
        more = f" and {len(others) - _ROWS_NAMED} more" if len(others) > _ROWS_NAMED else ""
        problem += f"; so are the scores of {named}{more}"
    return DecodeError(first["record"], first["path"], f"{problem}: {cure}")
