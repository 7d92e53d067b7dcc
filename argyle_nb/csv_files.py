"""DataFrames to CSV files that open right everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    r"""Write a frame as UTF-8 CSV, through a temporary name.

    Text cells and headers that a spreadsheet would run as a formula (those that begin with
    ``= + - @``, tab or CR) get an apostrophe in front; numbers stay numbers. Times are ISO-8601
    in UTC, missing is empty, lines end with CR LF.

    Parameters
    ----------
    frame
        The index is not written.
    path
        Replaced as a whole, or not at all.

    Notes
    -----
    Sources: RFC 4180 for the format; OWASP, CSV injection, for the apostrophe.

    Examples
    --------
    >>> write_csv(pd.DataFrame({"file_name": ["=1+1"]}), folder / "x.csv")
    >>> (folder / "x.csv").read_text()
    "file_name\n'=1+1\n"
    """
    columns = {str(name): _as_written(frame[name]) for name in frame.columns}
    safe = pd.DataFrame(columns, index=frame.index)
    safe.columns = pd.Index([neutral(name) for name in safe.columns])
    temporary = path.with_name(f"{path.name}.part")
    safe.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\r\n")
    temporary.replace(path)


def neutral(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run.

    Examples
    --------
    >>> neutral("=HYPERLINK(1)"), neutral("plain")
    ("'=HYPERLINK(1)", 'plain')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _as_written(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        texts: pd.Series = column.dt.tz_convert("UTC").dt.strftime(TIME_FORMAT)
        return texts
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return column.astype("string").map(neutral, na_action="ignore")
