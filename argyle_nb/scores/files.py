"""Counts of scores to CSV or Parquet and back, labels with their dtypes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError, DocumentError, install
from argyle_nb.scores.groups import EVERYTHING, index_of_labels
from argyle_nb.scores.reasons import REACHED, REASONS, REASONS_BEFORE, SCORES
from argyle_nb.storage import SHARED, atomic_write, read_cells, typed

if TYPE_CHECKING:
    import numpy.typing as npt

    Stored = tuple[tuple[str, ...], pd.Index[Any], npt.NDArray[np.int64]]

COUNTED = [*map(str, SCORES), *REASONS, *REACHED[1:]]
# Files written earlier lack some reasons, which nothing was counted under.
_EARLIER = [name for name in COUNTED if not name.startswith("detect_")]
_BEFORE = REASONS_BEFORE | {"ocr": "past_ocr"}
# What stands behind the colon in a group's header, so that "1099" comes back as a text.
KINDS = {
    "text": "string",
    "whole": "Int64",
    "number": "Float64",
    "flag": "boolean",
    "time": "datetime64[us, UTC]",
}
_FLAGS = {"True": True, "False": False}


def labelled(
    grouped_by: tuple[str, ...], groups: pd.Index[Any], table: npt.NDArray[np.int64]
) -> pd.DataFrame:
    """Make one table, which is what files hold: labels, scores, reasons, stages."""
    numbers = pd.DataFrame(table, columns=pd.Index(COUNTED))
    if not grouped_by:
        return numbers
    labels = groups.to_frame(index=False)
    labels.columns = pd.Index([f"{name}:{_kind(labels[name])}" for name in labels])
    return pd.concat([labels, numbers], axis=1)


def _kind(column: pd.Series[Any]) -> str:
    return next(kind for kind, dtype in KINDS.items() if column.dtype == dtype)


def read_counts_csv(path: Path | str) -> Stored:
    """Read what `ScoreCounts.to_csv` wrote."""
    names, *rows = _cells(path)
    header = [_BEFORE.get(name, name) for name in names]
    cells = pd.DataFrame(rows, columns=range(len(header)), dtype="string")
    counted = _counted_in(header, path)
    labels = len(header) - len(counted)
    table = pd.DataFrame(
        {typed(header[n]): _label(path, header[n], cells[n]) for n in range(labels)}
    )
    try:
        numbers = cells[range(labels, len(header))].astype("int64").set_axis(counted, axis=1)
    except (TypeError, ValueError):
        raise _no_counts(path, "some of its counts are not whole numbers") from None
    return _stored(path, table, numbers)


def _counted_in(names: list[str], path: Path | str) -> list[str]:
    for counted in (COUNTED, _EARLIER):
        if names[-len(counted) :] == counted:
            return counted
    raise _no_counts(path, "its last columns are not 0 to 100, the reasons and the stages")


def write_counts_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table of `labelled` as Parquet."""
    _check_pyarrow()
    with atomic_write(path, SHARED) as file:
        table.to_parquet(file, engine="pyarrow", index=False)


def read_counts_parquet(path: Path | str) -> Stored:
    """Read what `ScoreCounts.to_parquet` wrote."""
    _check_pyarrow()
    try:
        table = pd.read_parquet(Path(path), engine="pyarrow")
    except (OSError, ValueError) as error:
        raise _no_counts(path, f"can't read it as Parquet ({_reason(error)})") from None
    table = table.rename(columns=_BEFORE)
    counted = _counted_in([*map(str, table)], path)
    return _stored(path, table.iloc[:, : -len(counted)], table[counted])


def _check_pyarrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise ConfigurationError(
            f"Parquet needs pyarrow. To install it, {install('parquet')}. Or use CSV."
        )


def _label(path: Path | str, header: str, cells: pd.Series[Any]) -> Any:
    kind = header.rpartition(":")[2]
    given: Any = cells
    try:
        if kind == "text":
            return given.map(typed, na_action="ignore").astype("string")
        if kind == "time":
            return pd.to_datetime(given, format="ISO8601", utc=True).astype(KINDS["time"])
        if kind == "flag":
            return given.map(_FLAGS, na_action="ignore").astype("boolean")
        return given.astype(KINDS[kind])
    except (KeyError, TypeError, ValueError):
        raise _no_counts(path, f"can't read its column {header!r} as {kind}") from None


def _stored(path: Path | str, labels: pd.DataFrame, table: pd.DataFrame) -> Stored:
    numbers = table.reindex(columns=COUNTED, fill_value=0).to_numpy(dtype=np.int64)
    if (numbers < 0).any():
        raise _no_counts(path, "some of its counts are below 0")
    names = tuple(str(name).rpartition(":")[0] for name in labels)
    if not names:
        return (), EVERYTHING, numbers
    arrays = [labels.iloc[:, place].array for place in range(len(names))]
    return names, index_of_labels(arrays, list(names)), numbers


def _cells(path: Path | str) -> list[list[Any]]:
    try:
        first, *rows = [*read_cells(Path(path))] or [[]]
    except (OSError, ValueError) as error:
        raise _no_counts(path, f"can't read it as CSV in UTF-8 ({_reason(error)})") from None
    if any(len(row) != len(first) for row in rows):
        raise _no_counts(path, "some of its lines are longer or shorter than the first")
    return [[name or "" for name in first], *rows]


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error


def _no_counts(path: Path | str, problem: str) -> DocumentError:
    return DocumentError(path, f"{problem}. Name a file that ScoreCounts wrote.")
