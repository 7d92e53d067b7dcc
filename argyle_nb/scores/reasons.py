"""Scores of a frame, checked: a row is counted under its score, or under why it has none."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames.authenticity import NOT_ANALYZED
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.models import SCORED_TYPES, STATUSES

if TYPE_CHECKING:
    import numpy.typing as npt

# Why Ocrolus has no analysis -> the reason.
DETECT_REASONS = {status: f"detect_{status.lower()}" for status in NOT_ANALYZED}
SCORES = list(range(LOWEST_SCORE, HIGHEST_SCORE + 1))
REASONS = (
    "in_progress",
    "processing_failed",
    "not_enabled",
    "unsupported_type",
    *DETECT_REASONS.values(),
    "not_started",
    "no_score_returned",
    "invalid_score",
)
# What reports and counts call them that were written before.
REASONS_BEFORE = {
    "pending": "in_progress",
    "failed": "processing_failed",
    "unauthorized": "not_enabled",
    "missing": "no_score_returned",
    "invalid": "invalid_score",
}
# How far an upload without a score came; each includes those before it.
REACHED = ("uploaded", "classified", "past_ocr")
WIDTH = len(SCORES) + len(REASONS) * len(REACHED)
INVALID = len(SCORES) + REASONS.index("invalid_score") * len(REACHED)
# What a score is read as that is missing, or that is none.
NO_SCORE = np.iinfo(np.int16).min
NO_NUMBER = np.iinfo(np.int16).max

_STATES = (
    "processing_classification",
    "processing_ocr",
    "processing_authenticity",
    "document_type",
)
# Of each state, what makes a difference to the reason: so many combinations there are, however many
# types and statuses a frame has. The place 0 is for all others.
_PLACES: list[dict[str | None, int]] = [
    {name: place for place, name in enumerate(names, start=1)}
    for names in (STATUSES, STATUSES, STATUSES, sorted(SCORED_TYPES), DETECT_REASONS)
]
_SIZES = [len(places) + 1 for places in _PLACES]
_STEPS = [math.prod(_SIZES[place + 1 :]) for place in range(len(_SIZES))]
_WHOLE = f"a whole number from {LOWEST_SCORE} to {HIGHEST_SCORE}"
_ROWS_NAMED = 5  # of those that an error names beside the first


def no_score_reasons(frame: pd.DataFrame) -> pd.Series[str]:
    """Say for each upload why it has no score, as a category of `REASONS`; missing if it has."""
    cells = Cells(frame).all()
    codes = np.where(cells < len(SCORES), -1, (cells - len(SCORES)) // len(REACHED))
    reasons = pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(REASONS)))
    return pd.Series(reasons, index=frame.index, name="no_score_reason")


class Cells:
    """The place of each row in a table of `WIDTH` columns: the scores, then reasons by stage."""

    def __init__(self, frame: pd.DataFrame) -> None:
        needed = ("ocr_authenticity_score", *_STATES)
        if missing := [name for name in needed if name not in frame]:
            raise ConfigurationError(
                f"Column {', '.join(missing)} is missing. Pass the table returned by "
                "anb.uploads_frame."
            )
        self._scores = frame["ocr_authenticity_score"]
        # A frame that was made before there was the column does not say what Ocrolus did.
        detected = frame.get("detect_status", pd.Series(pd.NA, frame.index, dtype="string"))
        states = [*(_codes(frame[name]) for name in _STATES), _codes(detected)]
        self._states = [
            (codes, np.array([places.get(name, 0) for name in names], dtype=np.int16) * step)
            for (codes, names), places, step in zip(states, _PLACES, _STEPS, strict=True)
        ]

    def all(self) -> npt.NDArray[np.int64]:
        """Give the cells of all rows."""
        rows = len(self._scores)
        return self.add_to(np.zeros(rows, dtype=np.int64), slice(0, rows))

    def add_to(self, numbers: npt.NDArray[np.int64], rows: slice) -> npt.NDArray[np.int64]:
        """Add the cells of some rows to an array, and give it back.

        A score that is none is under ``invalid_score``.
        """
        scores = self._scores.iloc[rows]
        cells = whole_numbers(scores)
        # Without a sign all that are below 0 are far above 100.
        without = np.flatnonzero(cells.view(np.uint16) > HIGHEST_SCORE)
        if len(without):
            cells[without] = self._without_score(rows, without)
            if len(without) > len(scores) - scores.count():
                cells[scores.notna().to_numpy() & (cells >= len(SCORES))] = INVALID
        numbers += cells
        return numbers

    def _without_score(self, rows: slice, without: npt.NDArray[np.intp]) -> npt.NDArray[np.int16]:
        states = np.zeros(len(without), dtype=np.int16)
        for codes, steps in self._states:
            states += steps[codes[rows][without]]
        cells: npt.NDArray[np.int16] = _cells_of_states()[states]
        return cells


def _codes(column: pd.Series[Any]) -> tuple[npt.NDArray[Any], list[str | None]]:
    """Give codes, and what each stands for; -1 is missing, which is the last."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.array.codes, [*map(str, column.cat.categories), None]
    codes, names = pd.factorize(column)
    return codes, [*map(str, names), None]


@cache
def _cells_of_states() -> npt.NDArray[np.int16]:
    """Give the cell of each combination of what `_PLACES` knows."""
    known = itertools.product(*([None, *places] for places in _PLACES))
    return np.array([_cell(*names) for names in known], dtype=np.int16)


def _cell(
    classification: str | None,
    ocr: str | None,
    authenticity: str | None,
    document_type: str | None,
    detect_status: str | None,
) -> int:
    reason = _reason((classification, ocr, authenticity), document_type, detect_status)
    reached = ((classification == "completed") + (ocr == "completed")) * (
        classification == "completed"
    )
    return len(SCORES) + REASONS.index(reason) * len(REACHED) + reached


def _reason(
    stages: tuple[str | None, str | None, str | None],
    document_type: str | None,
    detect_status: str | None,
) -> str:
    if "in_progress" not in stages and detect_status in DETECT_REASONS:
        return DETECT_REASONS[detect_status]
    for state, reason in (
        ("in_progress", "in_progress"),
        ("failed", "processing_failed"),
        ("unauthorized", "not_enabled"),
    ):
        if state in stages:
            return reason
    if stages[2] != "idle":
        return "no_score_returned"
    classified = stages[0] == "completed"
    return "not_started" if document_type in SCORED_TYPES or not classified else "unsupported_type"


def whole_numbers(column: pd.Series[Any]) -> npt.NDArray[np.int16]:
    """Read scores, with `NO_SCORE` for none and `NO_NUMBER` for what is no whole number."""
    if str(column.dtype) == "Int16":
        numbers: npt.NDArray[np.int16] = column.array.fillna(NO_SCORE).to_numpy(dtype=np.int16)
        return numbers
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    whole = (values >= LOWEST_SCORE) & (values <= HIGHEST_SCORE) & (values == np.floor(values))
    scores = np.where(whole, values, NO_NUMBER)
    return np.where(column.isna(), NO_SCORE, scores).astype(np.int16)


def checked_scores(frame: pd.DataFrame) -> pd.Series[Any]:
    """Read scores of a frame that may be no work of `uploads_frame`, as Int16 of its index."""
    numbers = whole_numbers(frame["ocr_authenticity_score"])
    bad = (numbers != NO_SCORE) & ((numbers < LOWEST_SCORE) | (numbers > HIGHEST_SCORE))
    # The value that stands for none is no score either, where it was given.
    bad |= (numbers == NO_SCORE) & frame["ocr_authenticity_score"].notna().to_numpy()
    if bad.any():
        raise refusal(unreadable_rows(frame, bad), "Correct it.")
    return pd.Series(pd.arrays.IntegerArray(numbers, numbers == NO_SCORE), index=frame.index)


def unreadable_rows(frame: pd.DataFrame, bad: npt.NDArray[np.bool_]) -> list[dict[str, str]]:
    """List ``record, path, problem`` of the rows that are marked."""
    rows = frame.iloc[np.flatnonzero(bad)]
    names = rows["id"] if "id" in rows else rows.index.to_series()
    return [
        {
            "record": str(name),
            "path": "ocr_authenticity_score",
            "problem": f"{score!s:.20} is not {_WHOLE}",
        }
        for name, score in zip(names, rows["ocr_authenticity_score"], strict=True)
    ]


def refusal(unreadable: list[dict[str, str]], cure: str) -> DecodeError:
    """Make the error that names the first of the unreadable rows, and a few more."""
    first, others = unreadable[0], unreadable[1:]
    problem = first["problem"]
    if others:
        named = ", ".join(row["record"] for row in others[:_ROWS_NAMED])
        more = f" and {len(others) - _ROWS_NAMED} more" if len(others) > _ROWS_NAMED else ""
        problem += f" (and so are the scores of {named}{more})"
    return DecodeError(first["record"], first["path"], f"{problem}. {cure}")
