"""Files written whole or not at all, and DataFrames as CSV that open right everywhere."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from argyle_nb import platforms
from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    Cell = str | None

# As `open` makes a file: for those to whom the umask gives it.
SHARED = 0o666

# What a spreadsheet takes for the start of a formula, and what a program may drop before one:
# white space, control characters and characters without a width. Signs in other widths count too.
_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\ufb29\u207a-\u207c\u208a-\u208c"
_HIDDEN = r"\s\x00-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_RUNS = re.compile(rf"'*[{_SIGNS}{_HIDDEN}]")
# Where a spreadsheet takes another character for the separator, a cell begins within the text.
_RUNS_WITHIN = re.compile(rf"(?<=[;\t\r\n])(?=[{_HIDDEN}']*[{_SIGNS}])")
_OURS_WITHIN = re.compile(rf"(?<=[;\t\r\n])'(?=[{_HIDDEN}']*[{_SIGNS}])")
_ORDINARY = re.compile(rf"[^{_SIGNS}{_HIDDEN}',\"][^,\"\r\n\t;]*")
_ALL_ORDINARY = re.compile(rf"{_ORDINARY.pattern}(?:,{_ORDINARY.pattern})*")
_SEPARATES = re.compile(r'[",\r\n]')
_CELL = re.compile(r'(?:^|,)(?:"([^"]*(?:""[^"]*)*)"|([^,"]*))')
# The beginning of a dtype's name -> what makes its values of their texts; all others are texts.
_OF_TEXT: dict[str, Callable[[str], Any]] = {
    "bool": {"True": True, "False": False}.__getitem__,
    "int": int,
    "uint": int,
    "float": float,
}
# So many rows at a time become text, which is let go before the next.
_ROWS = 4096


@contextmanager
def atomic_write(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Write a file whole or not at all; by default only its owner may read it.

    The bytes stand under another name until the block ends: a process may be killed at any byte.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    opened = platforms.new_file(part, mode)
    try:
        with opened as file:
            yield file
        platforms.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def writable(path: Path | str) -> Iterator[Path]:
    """Give the path of a file that somebody named, in a folder that is made where it is missing.

    Raises
    ------
    ConfigurationError
        When the file cannot be written.

    Examples
    --------
    >>> with writable(folder / "new" / "x.txt") as path:
    ...     path.write_text("x")
    1
    """
    path = Path(path).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        why = error.strerror or error
        raise ConfigurationError(f"Can't write {path} ({why}). Choose another file.") from None


def write_csv(frame: pd.DataFrame, path: Path, *, excel: bool = False) -> None:
    r"""Write a frame as UTF-8 CSV.

    Text cells and headers that a spreadsheet would run as a formula get an apostrophe in front:
    those that begin with ``= + - @``, their full-width forms, white space or a control character,
    and within a text those signs behind ``;``, a tab or a line break, where a cell begins
    for a spreadsheet that separates by these.
    Numbers stay numbers. Times are ISO-8601, in UTC where they have a zone. Missing is empty, and
    an empty text is ``""``.

    Parameters
    ----------
    frame
        The index is not written.
    path
        Replaced as a whole, or not at all.
    excel
        Begin with a byte order mark and end lines with CR LF, as Excel likes it.

    Notes
    -----
    Sources: RFC 4180 for the format; OWASP ASVS 5, 1.2.10, for the apostrophe. `typed` takes it
    away again.

    Examples
    --------
    >>> write_csv(pd.DataFrame({"file_name": ["=1+1"]}), folder / "x.csv")
    >>> (folder / "x.csv").read_text()
    "file_name\n'=1+1\n"
    """
    encoding, end = ("utf-8-sig", "\r\n") if excel else ("utf-8", "\n")
    with (
        atomic_write(path, SHARED) as file,
        TextIOWrapper(file, encoding=encoding, newline="") as text,
    ):
        text.write(_header(frame, end))
        for start in range(0, len(frame), _ROWS):
            text.writelines(_lines(frame.iloc[start : start + _ROWS], end))


def csv_text(frame: pd.DataFrame, *, header: bool) -> str:
    """Give some rows as `write_csv` writes them, for a file that is written elsewhere."""
    return "".join([_header(frame, "\n") if header else "", *_lines(frame, "\n")])


def neutral(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run, or what would look like that."""
    text = _RUNS_WITHIN.sub("'", text)
    return f"'{text}" if _RUNS.match(text) else text


def typed(text: str) -> str:
    """Take away the apostrophe that `neutral` put there."""
    text = text[1:] if text.startswith("'") and _RUNS.match(text) else text
    return _OURS_WITHIN.sub("", text)


def texts_of(column: pd.Series[Any]) -> list[str | None]:
    """Give the values of a column as they are written, before quoting; ``None`` where missing."""
    kind = column.dtype
    missing = column.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(kind):
        values = _times(column)
    elif pd.api.types.is_bool_dtype(kind) or pd.api.types.is_integer_dtype(kind):
        values = list(map(str, column.to_numpy(dtype=object)))
    elif pd.api.types.is_float_dtype(kind):
        values = list(map(repr, column.to_numpy(dtype=np.float64, na_value=np.nan).tolist()))
    else:
        values = column.astype("string").to_numpy(dtype=object, na_value="").tolist()
    if not missing.any():
        return [*values]
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


def _header(frame: pd.DataFrame, end: str) -> str:
    return ",".join(_cell(str(name)) for name in frame.columns) + end


def _lines(frame: pd.DataFrame, end: str) -> Iterator[str]:
    columns = [_cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return (",".join(row) + end for row in zip(*columns, strict=True))


def _cells(column: pd.Series[Any]) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = [*_cells(column.cat.categories.to_series()), ""]  # the code of missing is -1
        return [known[code] for code in column.cat.codes.tolist()]
    texts = texts_of(column)
    if pd.api.types.is_numeric_dtype(column.dtype) or _are_ordinary(texts):  # of bools too
        return [text or "" for text in texts]
    written = {text: "" if text is None else _cell(text) for text in set(texts)}
    return [written[text] for text in texts]


def _are_ordinary(texts: Sequence[str | None]) -> bool:
    """Tell whether all texts are written as they are, which is nearly always so."""
    given = [text for text in texts if text is not None]
    joined = ",".join(given)
    return joined.count(",") == len(given) - 1 and _ALL_ORDINARY.fullmatch(joined) is not None


def _cell(text: str) -> str:
    if _ORDINARY.fullmatch(text):
        return text
    safe = neutral(text)
    if safe and not _SEPARATES.search(safe):
        return safe
    return '"' + safe.replace('"', '""') + '"'


def _times(column: pd.Series[Any]) -> list[str]:
    zone = ""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column, zone = column.dt.tz_convert("UTC").dt.tz_localize(None), "Z"
    return [f"{text}{zone}" for text in np.datetime_as_string(column.to_numpy()).tolist()]


def described(column: pd.Series[Any]) -> dict[str, Any]:
    """Say in plain values what a column needs to come back from text."""
    facts: dict[str, Any] = {"name": column.name, "dtype": str(column.dtype)}
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = column.cat.categories.to_series()
        facts |= {"ordered": bool(column.cat.ordered), "of": str(values.dtype)}
        facts["categories"] = texts_of(values)
    return facts


def read_csv(path: Path, columns: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Read what `write_csv` wrote, where ``columns`` holds what `described` says of each."""
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
                    raise ValueError("it ends within a quoted cell")
                record += more
            yield _split(record.removesuffix("\n").removesuffix("\r"))


def _split(record: str) -> list[Cell]:
    if '"' not in record:
        return [cell or None for cell in record.split(",")]
    return [
        cell[2] or None if cell[1] is None else cell[1].replace('""', '"')
        for cell in _CELL.finditer(record)
    ]


def _array(texts: Sequence[Cell], column: Mapping[str, Any]) -> Any:
    kind = column["dtype"]
    if kind == "category":
        known = column["categories"]
        dtype = pd.CategoricalDtype(pd.Index(_values(known, column["of"])), column["ordered"])
        codes: dict[Cell, int] = {text: code for code, text in enumerate(known)}
        codes[None] = -1
        return pd.Categorical.from_codes(
            [codes[text and typed(text)] for text in texts], dtype=dtype
        )
    if kind in ("string", "str", "object"):
        texts = [None if text is None else typed(text) for text in texts]
    return _values(texts, kind)


def _values(texts: Sequence[Cell], kind: str) -> Any:
    if kind.startswith("datetime64"):
        return _read_times(texts, kind)
    of_text = next((of for name, of in _OF_TEXT.items() if kind.lower().startswith(name)), str)
    missing = np.nan if kind.startswith("float") else None
    values: list[Any] = [missing if text is None else of_text(text) for text in texts]
    return pd.Series(values, dtype=cast("Any", kind)).array


def _read_times(texts: Sequence[Cell], kind: str) -> Any:
    unit = kind.removeprefix("datetime64[").rstrip("]").split(",")[0]
    values = [np.datetime64("NaT") if text is None else text.removesuffix("Z") for text in texts]
    times = pd.DatetimeIndex(np.array(values, dtype=f"datetime64[{unit}]"))
    return (times.tz_localize("UTC") if kind.endswith("UTC]") else times).array


def replace_folder(folder: Path, new: Path) -> None:
    """Put a new folder of files, which stands beside another, in its place.

    Both change their names in one step of the system, so that whoever looks sees all of the old
    files or all of the new ones, even if the machine stops in between. Where the system or the disk
    knows no such step there is a moment between two renames in which the folder is missing; the old
    one then stands beside it until `restore_folder`.
    """
    for path in [*new.iterdir(), new]:
        platforms.sync(path)
    with suppress(OSError):  # there are files to be replaced
        new.rename(folder)
        return
    if not platforms.exchange(new, folder):
        old = _old(folder)
        folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)


def restore_folder(folder: Path) -> None:
    """Undo the first of two renames whose second never came."""
    old = _old(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old_report")
