"""CSV files of ours back to DataFrames, with the dtypes they had."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from argyle_nb.storage import texts_of, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Cell = str | None

_CELL = re.compile(r'(?:^|,)(?:"([^"]*(?:""[^"]*)*)"|([^,"]*))')
_OF_TEXT: dict[str, Callable[[str], Any]] = {
    "bool": {"True": True, "False": False}.__getitem__,
    "int": int,
    "uint": int,
    "float": float,
}


def described(column: pd.Series[Any]) -> dict[str, Any]:
    """Say in plain values what a column needs to come back from text.

    Returns
    -------
    dict
        ``name`` and ``dtype``; for a category also ``ordered``, ``categories`` as they are written
        and ``of``, their dtype.

    Examples
    --------
    >>> described(pd.Series([85], name="score", dtype="Int16"))
    {'name': 'score', 'dtype': 'Int16'}
    """
    told: dict[str, Any] = {"name": column.name, "dtype": str(column.dtype)}
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = column.cat.categories.to_series()
        told |= {"ordered": bool(column.cat.ordered), "of": str(values.dtype)}
        told["categories"] = texts_of(values)
    return told


def read_csv(path: Path, columns: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Read what `write_csv` wrote.

    Parameters
    ----------
    path
        The file, with or without a byte order mark.
    columns
        What `described` says of each column, in order.

    Returns
    -------
    pandas.DataFrame
        Equal to what was written, with the index 0..n-1.

    Raises
    ------
    ValueError
        When the file has other columns, or a cell is not of its column's dtype.

    Examples
    --------
    >>> from argyle_nb.storage import write_csv
    >>> write_csv(frame, folder / "x.csv")
    >>> again = read_csv(folder / "x.csv", [described(frame[name]) for name in frame])
    >>> again.equals(frame)
    True
    """
    header, *rows = read_cells(path)
    names = [column["name"] for column in columns]
    if [typed(name or "") for name in header] != names:
        raise ValueError(f"its columns are not {', '.join(names)}")
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [_array(texts, column) for texts, column in zip(cells, columns, strict=True)]
    return pd.DataFrame(dict(zip(names, arrays, strict=True)))


def read_cells(path: Path) -> Iterator[list[Cell]]:
    r"""Read the cells of each record; ``None`` is missing, ``""`` is an empty text.

    Other readers of CSV take the two for the same.

    Examples
    --------
    >>> _ = (folder / "x.csv").write_text('a,b\n,""\n')
    >>> list(read_cells(folder / "x.csv"))
    [['a', 'b'], [None, '']]
    """
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for line in file:
            record = line
            while record.count('"') % 2:
                more = next(file, None)
                if more is None:
                    raise ValueError("it ends within a cell")
                record += more
            yield _split(record.removesuffix("\n").removesuffix("\r"))


def _split(record: str) -> list[Cell]:
    if '"' not in record:
        return [cell or None for cell in record.split(",")]
    return [
        found[2] or None if found[1] is None else found[1].replace('""', '"')
        for found in _CELL.finditer(record)
    ]


def _array(texts: Sequence[Cell], column: Mapping[str, Any]) -> Any:
    kind = column["dtype"]
    if kind == "category":
        known = column["categories"]
        dtype = pd.CategoricalDtype(pd.Index(_plain(known, column["of"])), column["ordered"])
        codes: dict[Cell, int] = {text: code for code, text in enumerate(known)}
        codes[None] = -1
        return pd.Categorical.from_codes(
            [codes[text and typed(text)] for text in texts], dtype=dtype
        )
    if kind in ("string", "str", "object"):
        texts = [None if text is None else typed(text) for text in texts]
    return _plain(texts, kind)


def _plain(texts: Sequence[Cell], kind: str) -> Any:
    if kind.startswith("datetime64"):
        return _times(texts, kind)
    of_text = next((of for name, of in _OF_TEXT.items() if kind.lower().startswith(name)), str)
    missing = np.nan if kind.startswith("float") else None
    values: list[Any] = [missing if text is None else of_text(text) for text in texts]
    return pd.Series(values, dtype=cast("Any", kind)).array


def _times(texts: Sequence[Cell], kind: str) -> Any:
    unit = kind.removeprefix("datetime64[").rstrip("]").split(",")[0]
    values = [np.datetime64("NaT") if text is None else text.removesuffix("Z") for text in texts]
    times = pd.DatetimeIndex(np.array(values, dtype=f"datetime64[{unit}]"))
    return (times.tz_localize("UTC") if kind.endswith("UTC]") else times).array
