"""Lists of values -> DataFrame columns with fixed dtypes, a page at a time."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import numpy.typing as npt

_MICROSECONDS = 1e6
_MISSING_TIME = np.iinfo(np.int64).min


class Column(Protocol):
    """What builds one column of a frame."""

    def add(self, values: Sequence[Any]) -> None:
        """Take the values of one page."""

    def finish(self) -> Any:
        """Give the column."""


class TextColumn:
    """Texts; missing is ``pd.NA``."""

    def __init__(self) -> None:
        self._values: list[str | None] = []

    def add(self, values: Iterable[str | None]) -> None:
        """Take the values of one page."""
        self._values.extend(values)

    def finish(self) -> Any:
        """Give the column."""
        return pd.array(self._values, dtype="string")


class TimeColumn:
    """Times in UTC to the microsecond; one without a zone is taken as UTC."""

    def __init__(self) -> None:
        self._blocks: list[npt.NDArray[np.int64]] = []

    def add(self, values: Sequence[datetime | None]) -> None:
        """Take the values of one page."""
        try:
            seconds = np.array([value.timestamp() for value in values])  # type: ignore[union-attr]
            zones = {value.tzinfo for value in values}  # type: ignore[union-attr]
        except AttributeError:
            zones = {None}
        if None in zones:  # a missing time, or one without a zone, which `timestamp` takes as local
            block = np.array([_microseconds(value) for value in values], dtype=np.int64)
        else:
            block = np.rint(seconds * _MICROSECONDS).astype(np.int64)
        self._blocks.append(block)

    def finish(self) -> Any:
        """Give the column."""
        times = _joined(self._blocks, np.int64).view("datetime64[us]")
        return pd.DatetimeIndex(times).tz_localize("UTC").array


class CategoryColumn:
    """Values of a known set, with what is new kept as further categories in order of appearance.

    Parameters
    ----------
    known
        The categories that are there even for zero rows.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._codes = _Codes(known)
        self._blocks: list[npt.NDArray[np.int32]] = []

    def add(self, values: Iterable[str | None]) -> None:
        """Take the values of one page."""
        self._blocks.append(np.array([*map(self._codes.__getitem__, values)], dtype=np.int32))

    def finish(self) -> Any:
        """Give the column."""
        codes = _joined(self._blocks, np.int32)
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(self._codes.names))


class WholeNumberColumn:
    """Whole numbers of a nullable dtype.

    Parameters
    ----------
    dtype
        ``np.int16`` for ``Int16``, ``np.int32`` for ``Int32``.
    """

    def __init__(self, dtype: type[np.signedinteger[Any]]) -> None:
        self._dtype = dtype
        self._values: list[npt.NDArray[Any]] = []
        self._missing: list[npt.NDArray[np.bool_]] = []

    def add(self, values: Sequence[int | None]) -> None:
        """Take the values of one page."""
        missing = np.array([value is None for value in values], dtype=bool)
        filled = [value or 0 for value in values]
        self._missing.append(missing)
        self._values.append(np.array(filled, dtype=self._dtype))

    def finish(self) -> Any:
        """Give the column."""
        missing = _joined(self._missing, np.bool_)
        return pd.arrays.IntegerArray(_joined(self._values, self._dtype), missing)


class DecimalColumn:
    """Numbers of dtype ``Float64``; missing is ``pd.NA``."""

    def __init__(self) -> None:
        self._values: list[float | None] = []

    def add(self, values: Iterable[float | None]) -> None:
        """Take the values of one page."""
        self._values.extend(values)

    def finish(self) -> Any:
        """Give the column."""
        return pd.array(self._values, dtype="Float64")


class _Codes(dict[str | None, int]):
    """Value -> code; a value that was not seen before gets the next one."""

    def __init__(self, known: Iterable[str]) -> None:
        self.names = list(known)
        super().__init__({name: code for code, name in enumerate(self.names)})
        self[None] = -1

    def __missing__(self, value: str) -> int:
        self.names.append(value)
        self[value] = code = len(self.names) - 1
        return code


def _microseconds(value: datetime | None) -> int:
    if value is None:
        return _MISSING_TIME
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return round(value.timestamp() * _MICROSECONDS)


def _joined(blocks: list[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate(blocks) if blocks else np.empty(0, dtype=dtype)
