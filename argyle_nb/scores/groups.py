"""Columns to groups: small whole numbers for each row, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.models import DOCUMENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

PERIODS = ("week", "month")
MEDIA = "media"
# Ending of a file's name -> kind, for those that Argyle takes.
_MEDIA = {"pdf": "PDF", "jpg": "image", "jpeg": "image", "png": "image", "heic": "image"}
EVERYTHING = pd.Index(["all"], name="group", dtype="string")

_PART = 1 << 17
_MISSING = np.iinfo(np.int64).min
_PER_DAY = {unit: 86_400 * 1000**power for power, unit in enumerate(("s", "ms", "us", "ns"))}


@dataclass(frozen=True)
class GroupKey:
    """One column that makes groups."""

    name: str
    labels: Any  # the different values, of one of the five dtypes of `_as_labels`
    # For each row the number of its label, -1 where it is missing; or what works it out.
    codes: npt.NDArray[np.integer[Any]] | _PeriodCodes

    def write(self, numbers: npt.NDArray[np.int64], rows: slice, step: int) -> None:
        """Write ``step`` times 0 for missing, 1 for the first label and so on."""
        if isinstance(self.codes, _PeriodCodes):
            self.codes.write(numbers, rows, step)
        else:
            np.multiply(self.codes[rows], step, out=numbers, dtype=np.int64)
            numbers += step

    @property
    def size(self) -> int:
        """How many labels there are, missing among them."""
        return len(self.labels) + 1


def key_of(frame: pd.DataFrame, name: str) -> GroupKey:
    """Read one column, the weeks or months of ``created_at``, or the media of ``file_name``."""
    if name in PERIODS and name not in frame:
        return _period_key(_column(frame, "created_at"), name)
    if name == MEDIA and name not in frame:
        ending = _column(frame, "file_name").astype("string").str.extract(r"\.(\w+)\s*$")[0]
        return _key(ending.str.lower().map(_MEDIA).astype("string"), name)
    return _key(_column(frame, name), name)


def keys_of(labels: pd.DataFrame, names: Sequence[str]) -> list[GroupKey]:
    """Read columns that hold labels already."""
    return [_key(labels[name], name) for name in names]


def index_of(keys: Sequence[GroupKey], groups: npt.NDArray[np.int64]) -> pd.Index[Any]:
    """Name groups, which are numbers made of the codes of all keys."""
    arrays = []
    for key in reversed(keys):
        groups, place = np.divmod(groups, key.size)
        arrays.append(key.labels.take(place - 1, allow_fill=True))
    arrays.reverse()
    return index_of_labels(arrays, [key.name for key in keys])


def index_of_labels(arrays: Sequence[Any], names: list[str]) -> pd.Index[Any]:
    """Make an index, with levels only where there are several columns."""
    if len(names) == 1:
        only: pd.Index[Any] = pd.Index(arrays[0], name=names[0])
        return only
    return pd.MultiIndex.from_arrays(arrays, names=names)


def numbers_of(keys: Sequence[GroupKey], rows: int) -> npt.NDArray[np.int64]:
    """Give the group of each row as a number, for `index_of`."""
    numbers, spare = np.empty((2, rows), dtype=np.int64)
    write_numbers(keys, slice(0, rows), 1, numbers, spare)
    return numbers


def write_numbers(
    keys: Sequence[GroupKey],
    rows: slice,
    step: int,
    numbers: npt.NDArray[np.int64],
    spare: npt.NDArray[np.int64],
) -> None:
    """Write ``step`` times the group of each of some rows.

    The two arrays are as long as the rows, and can be used again: fresh memory takes longer than
    the sums.
    """
    if not keys:
        numbers.fill(0)
    for place, key in enumerate(reversed(keys)):
        key.write(spare if place else numbers, rows, step)
        if place:
            numbers += spare
        step *= key.size


def sorted_order(index: pd.Index[Any]) -> npt.NDArray[np.intp]:
    """Put groups in order, by the first column first; a missing value comes last.

    Document types stand in the API's order, with those that are new behind.
    """
    order = np.arange(len(index))
    for level in reversed(range(index.nlevels)):
        values = index.get_level_values(level).to_series(index=pd.RangeIndex(len(index)))
        if str(index.names[level]).endswith("document_type"):
            values = values.map(_place_of_type, na_action="ignore")
        order = values.iloc[order].sort_values(kind="stable", na_position="last").index.to_numpy()
    return order


def crossed(groups: pd.Index[Any], inner: pd.Index[Any]) -> pd.MultiIndex:
    """Put an inner index under each group."""
    outer: Sequence[Any] = [
        groups.get_level_values(level).repeat(len(inner)) for level in range(groups.nlevels)
    ]
    repeated = inner.take(np.tile(np.arange(len(inner)), len(groups)))
    return pd.MultiIndex.from_arrays([*outer, repeated], names=[*groups.names, inner.name])


def _place_of_type(document_type: str) -> str:
    known = DOCUMENT_TYPES
    place = known.index(document_type) if document_type in known else len(known)
    return f"{place} {document_type}"


def _column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in frame:
        raise ConfigurationError(
            f"No column {name!r} to count by. Found: {', '.join(map(str, frame))}."
        )
    column: pd.Series[Any] = frame[name]
    return column


def _key(column: pd.Series[Any], name: str) -> GroupKey:
    if isinstance(column.dtype, pd.CategoricalDtype):
        labels = _as_labels(column.cat.categories.to_series())
        places, unique = pd.factorize(labels)
        codes = column.array.codes
        # Categories such as 1 and "1" have one label.
        return GroupKey(
            name, unique, codes if len(unique) == len(labels) else np.append(places, -1)[codes]
        )
    values = _as_labels(column)
    codes, labels = pd.factorize(values)
    return GroupKey(name, labels, codes)


def _as_labels(column: pd.Series[Any]) -> Any:
    """Give values one of five dtypes, so that all frames of the same values agree."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        return column.astype("boolean").array
    if pd.api.types.is_integer_dtype(kind):
        return column.astype("Int64").array
    if pd.api.types.is_float_dtype(kind):
        return column.astype("Float64").array
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _in_utc(column).array
    return column.astype("string").array


def _in_utc(column: pd.Series[Any]) -> pd.Series[Any]:
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    times = column.dt.tz_convert("UTC") if zoned else column.dt.tz_localize("UTC")
    microseconds: pd.Series[Any] = times.dt.as_unit("us")
    return microseconds


def _period_key(times: pd.Series[Any], name: str) -> GroupKey:
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):
        raise ConfigurationError(
            f"created_at has dtype {times.dtype}, not times. Convert it with "
            "pandas.to_datetime(..., utc=True)."
        )
    codes = _PeriodCodes(pd.DatetimeIndex(times), name)
    labels = pd.DatetimeIndex(codes.periods.astype("datetime64[us]")).tz_localize("UTC")
    return GroupKey(name, labels.array, codes)


class _PeriodCodes:
    """Each row's period, read from a table of days, so that no row needs a calendar."""

    def __init__(self, times: pd.DatetimeIndex, name: str) -> None:
        self._ticks, self._per_day = times.asi8, _PER_DAY[times.unit]
        lowest, highest = _ends(self._ticks)
        self._some_missing = lowest == _MISSING
        if self._some_missing:
            lowest, highest = _ends(self._ticks[self._ticks != _MISSING])
        first, last = lowest // self._per_day, highest // self._per_day
        self.periods, codes = np.unique(
            _period_starts(np.arange(first, last + 1), name), return_inverse=True
        )
        # From 1970 on a day is its own place in the table.
        self._first = min(first, 0)
        self._code_of_day = np.concatenate([np.zeros(max(first, 0), dtype=np.int64), codes])

    def write(self, numbers: npt.NDArray[np.int64], rows: slice, step: int) -> None:
        ticks = self._ticks[rows]
        np.floor_divide(ticks, self._per_day, out=numbers)
        if self._first:
            numbers -= self._first
        # A missing time is far before the first day: it is cut to that, and then set right.
        np.take((self._code_of_day + 1) * step, numbers, mode="clip", out=numbers)
        if self._some_missing:
            numbers[ticks == _MISSING] = 0


def _ends(ticks: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Give the first and the last, in parts that the processor's cache can hold."""
    parts = [ticks[start : start + _PART] for start in range(0, len(ticks), _PART)]
    ends = [(int(part.min()), int(part.max())) for part in parts] or [(0, 0)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _period_starts(days: npt.NDArray[np.int64], name: str) -> npt.NDArray[np.datetime64]:
    """Give the Monday of each day's week, or the first of its month."""
    if name == "month":
        return days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
    # Day 0 of the epoch was a Thursday.
    return ((days + 3) // 7 * 7 - 3).astype("datetime64[D]")
