"""Lists of values -> DataFrame columns with fixed dtypes, some at a time."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Places = npt.NDArray[np.int64]

V = TypeVar("V")

# So many values are turned into an array at once: enough that the array's own cost is nothing, few
# enough that their Python objects stay in the processor's cache.
_BLOCK = 1024
# Whole numbers are of 32 bits at most.
_NO_NUMBER = np.iinfo(np.int64).min
_NO_BOOLEAN = -1
_NO_CODE = -1


class Column(ABC, Generic[V]):
    """Takes the values of one column as they come, and gives them as an array."""

    def __init__(self) -> None:
        self._waiting: list[V | None] = []
        self._blocks: list[Any] = []

    def add(self, values: Iterable[V | None]) -> None:
        """Take further values."""
        self._waiting.extend(values)
        if len(self._waiting) >= _BLOCK:
            self._blocks.append(self._block(self._waiting))
            self._waiting = []

    def finish(self, places: Places | None = None) -> Any:
        """Give the column, or its values at some places; -1 is no place, and missing."""
        self._blocks.append(self._block(self._waiting))
        self._waiting = []
        blocks = self._blocks
        return self._concatenated(blocks) if places is None else self._picked(blocks, places)

    @abstractmethod
    def _block(self, values: list[V | None]) -> Any:
        """Make a compact block of some values."""

    @abstractmethod
    def _concatenated(self, blocks: list[Any]) -> Any:
        """Make one array of all blocks."""

    def _picked(self, blocks: list[Any], places: Places) -> Any:
        """Make one array of the values at some places."""
        return self._concatenated(blocks).take(places, allow_fill=True)


class TextColumn(Column[str]):
    """Texts; missing is ``pd.NA``."""

    def _block(self, values: list[str | None]) -> Any:
        return _arrow_block(values) if _in_arrow() else np.array(values, dtype=object)

    def _concatenated(self, blocks: list[Any]) -> Any:
        return _of_arrow(blocks) if _in_arrow() else pd.array(np.concatenate(blocks), "string")


class RepeatedTextColumn(Column[str]):
    """Texts of which there are few different ones; each is kept once."""

    def __init__(self) -> None:
        super().__init__()
        self._codes = _Codes(())

    def _block(self, values: list[str | None]) -> Any:
        return self._codes.of(values)

    @property
    def names(self) -> list[str]:
        """The different texts."""
        self._codes.of(self._waiting)
        return self._codes.names

    def codes(self) -> npt.NDArray[np.int32]:
        """Give the place of each text among the names."""
        codes: npt.NDArray[np.int32] = np.concatenate([*self._blocks, self._block(self._waiting)])
        return codes

    def _concatenated(self, blocks: list[Any]) -> Any:
        return named(self._codes.names, np.concatenate(blocks))

    def _picked(self, blocks: list[Any], places: Places) -> Any:
        return named(self._codes.names, np.concatenate([*blocks, [_NO_CODE]])[places])


class DecimalColumn(Column[float]):
    """Numbers of dtype ``Float64``; missing is ``pd.NA``."""

    def _block(self, values: list[float | None]) -> Any:
        return np.array(values, dtype=np.float64)

    def _concatenated(self, blocks: list[Any]) -> Any:
        return pd.array(np.concatenate(blocks), dtype="Float64")


class TimeColumn(Column[datetime]):
    """Times in UTC to the microsecond; one without a zone is taken as UTC."""

    def _block(self, values: list[datetime | None]) -> Any:
        try:
            times = pd.DatetimeIndex(values)
        except (ValueError, TypeError):  # zones are mixed, or pandas 2 has no room for the year
            times = pd.DatetimeIndex(np.array([_naive(v) for v in values], "datetime64[us]"))
        in_utc = times.tz_localize(UTC) if times.tz is None else times.tz_convert(UTC)
        return in_utc.as_unit("us")

    def _concatenated(self, blocks: list[Any]) -> Any:
        return blocks[0].append(blocks[1:]).array


class CategoryColumn(Column[str]):
    """Values of a known set, with what is new kept as further categories in order of appearance.

    The known ones are there even for zero rows.
    """

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__()
        self._codes = _Codes(known)

    @property
    def categories(self) -> list[str]:
        """All known values, then those that have been added."""
        self._codes.of(self._waiting)
        return self._codes.names

    def _block(self, values: list[str | None]) -> Any:
        return self._codes.of(values)

    def _concatenated(self, blocks: list[Any]) -> Any:
        dtype = pd.CategoricalDtype(self._codes.names)
        return pd.Categorical.from_codes(np.concatenate(blocks), dtype=dtype)

    def _picked(self, blocks: list[Any], places: Places) -> Any:
        return self._concatenated([np.concatenate([*blocks, [_NO_CODE]])[places]])


class WholeNumberColumn(Column[int]):
    """Whole numbers of a nullable dtype."""

    def __init__(self, dtype: type[np.signedinteger[Any]]) -> None:
        super().__init__()
        self._dtype = dtype

    def _block(self, values: list[int | None]) -> Any:
        whole = [_NO_NUMBER if value is None else value for value in values]
        return np.array(whole, dtype=np.int64)

    def _concatenated(self, blocks: list[Any]) -> Any:
        numbers = np.concatenate(blocks)
        missing = numbers == _NO_NUMBER
        numbers[missing] = 0
        return pd.arrays.IntegerArray(numbers.astype(self._dtype), missing)

    def _picked(self, blocks: list[Any], places: Places) -> Any:
        return self._concatenated([np.concatenate([*blocks, [_NO_NUMBER]])[places]])


class BooleanColumn(Column[bool]):
    """Yes or no, of dtype ``boolean``; missing is ``pd.NA``."""

    def _block(self, values: list[bool | None]) -> Any:
        return np.array([_NO_BOOLEAN if value is None else value for value in values], np.int8)

    def _concatenated(self, blocks: list[Any]) -> Any:
        numbers = np.concatenate(blocks)
        return pd.arrays.BooleanArray(numbers == 1, numbers == _NO_BOOLEAN)


class _Codes:
    """Value -> code; a value that was not seen before gets the next one."""

    def __init__(self, known: Iterable[str]) -> None:
        self._codes: dict[str | None, int] = {name: code for code, name in enumerate(known)}
        self._codes[None] = -1

    @property
    def names(self) -> list[str]:
        return [name for name in self._codes if name is not None]

    def of(self, values: list[str | None]) -> npt.NDArray[np.int32]:
        """Give the codes of some values."""
        if values.count(None) == len(values):
            return np.full(len(values), _NO_CODE, np.int32)
        try:
            return np.fromiter(map(self._codes.__getitem__, values), np.int32, len(values))
        except KeyError:
            for value in values:
                self._codes.setdefault(value, len(self._codes) - 1)
            return self.of(values)


def named(names: list[str], codes: npt.NDArray[np.int32]) -> Any:
    """Make an array of texts of their places among the names; -1 is missing."""
    texts = TextColumn()
    texts.add(names or [None])
    return texts.finish().take(codes, allow_fill=True)


def concatenated(blocks: list[Any]) -> Any:
    """Make one array of several of the same dtype."""
    return pd.concat([pd.Series(block) for block in blocks], ignore_index=True).array


def _in_arrow() -> bool:
    return pd.StringDtype().storage != "python"


def _arrow_block(values: list[str | None]) -> Any:
    pa = importlib.import_module("pyarrow")
    return pa.array(values, pa.large_string())


def _of_arrow(blocks: list[Any]) -> Any:
    # What pandas would make itself, without a look for what is no text: the decoder has looked.
    pa = importlib.import_module("pyarrow")
    return pd.arrays.ArrowStringArray(pa.chunked_array(blocks))


def _naive(value: datetime | None) -> datetime | None:
    return value.astimezone(UTC).replace(tzinfo=None) if value and value.tzinfo else value


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
