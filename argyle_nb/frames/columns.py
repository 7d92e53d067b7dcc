"""Lists of values -> DataFrame columns with fixed dtypes, some at a time."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.models import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    Places = npt.NDArray[np.int64]

V = TypeVar("V")

_packed = msgspec.msgpack.Encoder().encode

# So many values are turned into an array at once: enough that the array's own cost is nothing, few
# enough that their Python objects stay in the processor's cache.
BLOCK = 1024
# Whole numbers are of 32 bits at most.
_NO_NUMBER = np.iinfo(np.int64).min
_NO_BOOLEAN = -1
# A time as MessagePack has it: nearly always nanoseconds and seconds, or whole seconds alone.
_PACKED_TIME = np.dtype([("kind", ">u2"), ("value", ">u8")])
_WITH_NANOSECONDS, _WHOLE_SECONDS = 0xD7FF, 0xD6FF
_SECONDS_BITS = 34


class Column(ABC, Generic[V]):
    """Takes the values of one column as they come, and gives them as an array."""

    def __init__(self) -> None:
        self._waiting: list[V | None] = []
        self._blocks: list[Any] = []

    def add(self, values: Iterable[V | None]) -> None:
        """Take further values."""
        self._waiting.extend(values)
        if len(self._waiting) >= BLOCK:
            self._blocks.append(self._block(self._waiting))
            self._waiting = []

    def add_at(self, places: Places, values: Sequence[V | None]) -> None:
        """Take at once a block of values, of which each stands at the places that name it."""
        self._blocks.append(self._block(values).take(places))

    def finish(self) -> Any:
        """Give the column."""
        return self._concatenated([*self._blocks, self._block(self._waiting)])

    @abstractmethod
    def _block(self, values: Sequence[V | None]) -> Any:
        """Make a compact block of some values."""

    @abstractmethod
    def _concatenated(self, blocks: list[Any]) -> Any:
        """Make one array of all blocks."""


class TextColumn(Column[str]):
    """Texts; missing is ``pd.NA``."""

    def _block(self, values: Sequence[str | None]) -> Any:
        return _arrow_block(values) if _in_arrow() else np.array(values, dtype=object)

    def _concatenated(self, blocks: list[Any]) -> Any:
        return _of_arrow(blocks) if _in_arrow() else pd.array(np.concatenate(blocks), "string")


class DecimalColumn(Column[float]):
    """Numbers of dtype ``Float64``; missing is ``pd.NA``."""

    def _block(self, values: Sequence[float | None]) -> Any:
        return np.array(values, dtype=np.float64)

    def _concatenated(self, blocks: list[Any]) -> Any:
        return pd.array(np.concatenate(blocks), dtype="Float64")


class TimeColumn(Column[datetime]):
    """Times in UTC to the microsecond; one without a zone is taken as UTC.

    The decoder's own library packs them, as pandas takes three times as long for each.
    """

    def _block(self, values: Sequence[datetime | None]) -> Any:
        packed = np.array([_packed(value) for value in values], "S10").view(_PACKED_TIME)
        kind, value = packed["kind"], packed["value"]
        seconds = value & (2**_SECONDS_BITS - 1)
        micros = np.where(
            kind == _WHOLE_SECONDS,
            (value >> 32) * 1_000_000,
            seconds * 1_000_000 + (value >> _SECONDS_BITS) // 1000,
        )
        times = micros.astype(np.int64).view("datetime64[us]")
        others = np.flatnonzero((kind != _WITH_NANOSECONDS) & (kind != _WHOLE_SECONDS))
        for place in others.tolist():
            other = values[place]
            times[place] = None if other is None else microseconds(other)
        return times

    def _concatenated(self, blocks: list[Any]) -> Any:
        return pd.DatetimeIndex(np.concatenate(blocks)).tz_localize(UTC).array


class CategoryColumn(Column[str]):
    """Values of a known set, with what is new kept as further categories in order of appearance.

    The known ones are there even for zero rows.
    """

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__()
        self._codes = Codes(known)

    @property
    def categories(self) -> list[str]:
        """All known values, then those that have been added."""
        self.know(self._waiting)
        return self._codes.names

    def know(self, values: Sequence[str | None]) -> None:
        """Have categories of values, whether they are added or not."""
        self._codes.of(values)

    def _block(self, values: Sequence[str | None]) -> Any:
        return self._codes.of(values)

    def _concatenated(self, blocks: list[Any]) -> Any:
        dtype = pd.CategoricalDtype(self._codes.names)
        return pd.Categorical.from_codes(np.concatenate(blocks), dtype=dtype)


class CombinedColumns(Column[int]):
    """Columns whose values come together, in few different combinations; each is kept once.

    It takes the codes of combinations, and gives all the columns.
    """

    def __init__(self, columns: dict[str, Column[Any]]) -> None:
        super().__init__()
        self._columns = columns
        self._codes = Codes()

    def codes(self, combinations: Iterable[Any]) -> Iterator[int]:
        """Give the codes of combinations, which are tuples of values in the order of columns."""
        return map(self._codes.__getitem__, combinations)

    def _block(self, values: Sequence[int | None]) -> Any:
        return np.array(values, np.int32)

    def _concatenated(self, blocks: list[Any]) -> Any:
        places, combinations = np.concatenate(blocks), self._codes.names
        for number, column in enumerate(self._columns.values()):
            column.add([values[number] for values in combinations])
        return {name: column.finish().take(places) for name, column in self._columns.items()}


class WholeNumberColumn(Column[int]):
    """Whole numbers of a nullable dtype."""

    def __init__(self, dtype: type[np.signedinteger[Any]]) -> None:
        super().__init__()
        self._dtype = dtype

    def _block(self, values: Sequence[int | None]) -> Any:
        whole = [_NO_NUMBER if value is None else value for value in values]
        return np.array(whole, dtype=np.int64)

    def _concatenated(self, blocks: list[Any]) -> Any:
        numbers = np.concatenate(blocks)
        missing = numbers == _NO_NUMBER
        numbers[missing] = 0
        return pd.arrays.IntegerArray(numbers.astype(self._dtype), missing)


class BooleanColumn(Column[bool]):
    """Yes or no, of dtype ``boolean``; missing is ``pd.NA``."""

    def _block(self, values: Sequence[bool | None]) -> Any:
        return np.array([_NO_BOOLEAN if value is None else value for value in values], np.int8)

    def _concatenated(self, blocks: list[Any]) -> Any:
        numbers = np.concatenate(blocks)
        return pd.arrays.BooleanArray(numbers == 1, numbers == _NO_BOOLEAN)


class Codes(dict[Any, int]):
    """Value -> code; a value that was not seen before gets the next one, and a missing one -1."""

    def __init__(self, known: Iterable[Any] = ()) -> None:
        super().__init__({None: -1} | {value: code for code, value in enumerate(known)})

    def __missing__(self, value: Any) -> int:
        code = self[value] = len(self) - 1
        return code

    @property
    def names(self) -> list[Any]:
        """The values in the order of their codes."""
        return list(self)[1:]

    def of(self, values: Sequence[Any]) -> npt.NDArray[np.int32]:
        """Give the codes of some values."""
        if not any(values) and values.count(None) == len(values):
            return np.full(len(values), self[None], np.int32)
        return np.fromiter(map(self.__getitem__, values), np.int32, len(values))


def concatenated(blocks: list[Any]) -> Any:
    """Make one array of several of the same dtype."""
    return pd.concat([pd.Series(block) for block in blocks], ignore_index=True).array


def _in_arrow() -> bool:
    return pd.StringDtype().storage != "python"


def _arrow_block(values: Sequence[str | None]) -> Any:
    pa = importlib.import_module("pyarrow")
    # The other pools give memory back and fetch it anew, a page fault for each page of the result.
    kind, pool = pa.large_string(), pa.system_memory_pool()
    if not any(values) and values.count(None) == len(values):
        return pa.nulls(len(values), kind, memory_pool=pool)
    return pa.array(values, kind, memory_pool=pool)


def _of_arrow(blocks: list[Any]) -> Any:
    # What pandas would make itself, without a look for what is no text: the decoder has looked.
    pa = importlib.import_module("pyarrow")
    return pd.arrays.ArrowStringArray(pa.chunked_array(blocks))


def need_columns(table: pd.DataFrame, names: Iterable[str], what: str) -> None:
    """See that a frame has the columns that are needed."""
    if not isinstance(table, pd.DataFrame):
        raise ConfigurationError(f"{what} must be a DataFrame, not {type(table).__name__}.")
    missing = [name for name in names if name not in table]
    if missing:
        raise ConfigurationError(
            f"{what} has no column {', '.join(missing)}. Found: "
            f"{', '.join(map(str, table)) or 'no columns'}."
        )
