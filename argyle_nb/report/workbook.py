"""The tables of a report as one workbook for Excel: a sheet for each, with its values typed.

Its bytes depend on the tables alone, so that the same tables make the same file.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from argyle_nb.charts.style import band_colors
from argyle_nb.errors import ConfigurationError, install
from argyle_nb.frames.uploads import LEVEL, SCORE
from argyle_nb.report.dictionary import COUNT, SHARE, meaning_of
from argyle_nb.storage import neutral, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from openpyxl.cell import WriteOnlyCell
    from openpyxl.workbook import Workbook

    from argyle_nb.levels import LevelPreset

WORKBOOK = "report.xlsx"
# Microsoft, Excel specifications and limits; one row is the header.
EXCEL_ROWS, EXCEL_LETTERS = 1_048_575, 32_767
LEVEL_COLUMNS = (LEVEL, "level")
# For programs: it has a column for each score.
NO_SHEET = "score_counts.csv"
# What readers look for in a sheet stands before the long IDs.
_FIRST = {"uploads.csv": ("external_id", "document_type", SCORE, LEVEL)}

_ROWS = 4096  # that are Python texts at once
_WIDTHS = 9, 60  # of a column, in characters
_BESIDE_TEXT = 4  # the button of the filter
_TIMELESS = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file knows
_FIRST_DAY = pd.Timestamp("1900-03-01")  # Excel counts a 29 February 1900
_LAST_DAY = pd.Timestamp("9999-12-31")
_DAY_0 = np.datetime64("1899-12-30", "us")
_DAY = 86_400_000  # milliseconds
# What XML cannot hold or would change, and what a spreadsheet would take for such a character.
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_HALF_ESCAPED = re.compile("((?<!_x[0-9A-F]{4})_|_x[0-9A-F]{0,4})$")


def check_openpyxl() -> None:
    """Say what to install, before any work is done."""
    if importlib.util.find_spec("openpyxl") is None:
        raise ConfigurationError(
            f"A workbook needs openpyxl. To install it, {install('excel')}. Or leave out "
            "xlsx=True (on the command line, --xlsx)."
        )


def write_workbook(tables: Mapping[str, pd.DataFrame], preset: LevelPreset, path: Path) -> None:
    """Write tables, each under the name of its file, as the sheets of a workbook.

    The counts of single scores have none. A sheet is printed in landscape, as wide as one page.
    A text is a text, whatever it begins with; times are in UTC and say so. What is missing is an
    empty cell, and so is an empty text. A table with more rows than a sheet holds goes on in
    another; a text that a cell cannot hold ends with a note that says so.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - an extra
    from openpyxl.packaging.core import DocumentProperties  # noqa: PLC0415
    from openpyxl.writer.excel import ExcelWriter  # noqa: PLC0415

    workbook = Workbook(write_only=True)
    made = datetime(*_TIMELESS)  # noqa: DTZ001 - a workbook's times have no zone
    workbook.properties = DocumentProperties(creator="argyle_nb", created=made, modified=made)
    for file, whole in tables.items():
        if file == NO_SHEET:
            continue
        table = _in_reading_order(file, whole)
        for number, start in enumerate(range(0, max(len(table), 1), EXCEL_ROWS), 1):
            name = Path(file).stem + (f" ({number})" if number > 1 else "")
            _write_sheet(workbook, name, file, table.iloc[start : start + EXCEL_ROWS], preset)
    with _TimelessZip(path, "w", ZIP_DEFLATED) as archive:
        ExcelWriter(workbook, archive).write_data()


class _TimelessZip(ZipFile):
    """A zip file whose entries all bear the same time."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        super().writestr(_entry(zinfo_or_arcname), data)

    def write(self, filename: str | PathLike[str], arcname: Any = None, *_: Any, **__: Any) -> None:
        path, entry = Path(filename), _entry(arcname)
        entry.file_size = path.stat().st_size  # it may be beyond what a plain zip holds
        with path.open("rb") as source, self.open(entry, "w") as target:
            shutil.copyfileobj(source, target)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _TIMELESS)
    entry.compress_type = ZIP_DEFLATED
    return entry


def _write_sheet(
    workbook: Workbook, name: str, file: str, table: pd.DataFrame, preset: LevelPreset
) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    sheet = workbook.create_sheet(name)
    _set_page(sheet)
    columns = [_Column(sheet, file, table.iloc[:, n], preset) for n in range(table.shape[1])]
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    sheet.freeze_panes = "B2"  # the header, and whose row it is
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(table) + 1}"
    header = [_text_cell(sheet, column.name) for column in columns]
    for cell in header:
        cell.font = Font(bold=True)
    sheet.append(header)
    for start in range(0, len(table), _ROWS):
        block = table.iloc[start : start + _ROWS]
        cells = [column.cells(block.iloc[:, n]) for n, column in enumerate(columns)]
        for row in zip(*cells, strict=True):
            sheet.append(row)


def _in_reading_order(file: str, table: pd.DataFrame) -> pd.DataFrame:
    if file not in _FIRST:
        return table
    first = [name for name in _FIRST[file] if name in table]
    return table[[*first, *(name for name in table if name not in first)]]


def _set_page(sheet: Any) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415

    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0  # as many pages as it takes
    sheet.print_title_rows = "1:1"


class _Kind(NamedTuple):
    """How the values of a column are kept: their type in the file, and the format they show."""

    data_type: str  # s: text, n: number, b: true or false
    number_format: str = "General"


class _Column:
    """A column of a sheet. It fills the same few cells again and again, since each has a style."""

    def __init__(self, sheet: Any, file: str, column: pd.Series[Any], preset: LevelPreset) -> None:
        from openpyxl.styles import PatternFill  # noqa: PLC0415

        self.name, self._file, self._kind = str(column.name), file, _kind_of(file, column)
        self.width = _width(column, self._kind)
        self._plain, self._careful = _new_cell(sheet, self._kind), _new_cell(sheet, self._kind)
        self._careful.quotePrefix = True
        self._levels: dict[str, WriteOnlyCell] = {}
        if self.name in LEVEL_COLUMNS:
            for level, color in zip(preset.levels, band_colors(len(preset.bands)), strict=True):
                self._levels[level] = _new_cell(sheet, self._kind)
                self._levels[level].fill = PatternFill("solid", fgColor=to_hex(color)[1:])

    def cells(self, values: pd.Series[Any]) -> Iterator[WriteOnlyCell | None]:
        """Give a cell for each value, to be written before the next one is asked for."""
        for text in _written(values, self._kind):
            if text is None:
                yield None
                continue
            is_text = self._kind.data_type == "s"
            cell = self._cell_of(text) if is_text else self._plain
            cell.value = _held(text, self._file) if is_text else text
            cell.data_type = self._kind.data_type  # else it would be guessed, and = make a formula
            yield cell

    def _cell_of(self, text: str) -> WriteOnlyCell:
        """Choose the cell of a text; one that looks like a formula stays a text when edited."""
        if text in self._levels:
            return self._levels[text]
        return self._plain if neutral(text) == text else self._careful


def _new_cell(sheet: Any, kind: _Kind) -> WriteOnlyCell:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    cell = WriteOnlyCell(sheet)
    cell.number_format = kind.number_format
    return cell


def _text_cell(sheet: Any, text: str) -> WriteOnlyCell:
    cell = _new_cell(sheet, _Kind("s"))
    cell.value, cell.data_type = _held(text, "the CSV file"), "s"
    return cell


def _kind_of(file: str, column: pd.Series[Any]) -> _Kind:
    dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _time_kind(column)
    if pd.api.types.is_bool_dtype(dtype):
        return _Kind("b")
    if isinstance(dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(dtype):
        return _Kind("s")
    unit = meaning_of(file, str(column.name)).unit
    if pd.api.types.is_integer_dtype(dtype):
        return _Kind("n", "#,##0" if unit == COUNT else "0")
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    if np.isinf(numbers).any():
        return _Kind("s")  # a cell holds no infinity
    return _Kind("n", "0.0%" if unit == SHARE else _decimals(numbers))


def _decimals(numbers: np.typing.NDArray[np.float64]) -> str:
    known = numbers[~np.isnan(numbers)]
    if (known % 1 == 0).all():
        return "0"
    return "0.00" if np.abs(known).max() > 1 else "0.000"


def _time_kind(column: pd.Series[Any]) -> _Kind:
    times = _utc(column).dropna()
    if not times.between(_FIRST_DAY, _LAST_DAY).all():
        return _Kind("s")  # what Excel does not count as a date stays a text
    if (times == times.dt.normalize()).all():
        shown = "yyyy-mm-dd"
    elif (times == times.dt.floor("s")).all():
        shown = "yyyy-mm-dd hh:mm:ss"
    else:
        shown = "yyyy-mm-dd hh:mm:ss.000"
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    return _Kind("n", f'{shown} "UTC"' if zoned else shown)


def _utc(column: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column


def _written(values: pd.Series[Any], kind: _Kind) -> list[str | None]:
    """Give values as the file holds them; times as days, to the millisecond."""
    if kind.data_type == "n" and pd.api.types.is_datetime64_any_dtype(values.dtype):
        times = _utc(values).to_numpy().astype("datetime64[us]")
        days = (times - _DAY_0).astype(np.int64) // 1000 / _DAY
        missing = np.isnat(times).tolist()
        return [None if gone else repr(d) for d, gone in zip(days.tolist(), missing, strict=True)]
    texts = texts_of(values)
    if kind.data_type == "b":
        return [text and str(int(text == "True")) for text in texts]
    return texts


def _width(column: pd.Series[Any], kind: _Kind) -> float:
    least, most = _WIDTHS
    longest = len(str(column.name)) + _BESIDE_TEXT
    if kind.data_type == "s":
        texts = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
        lengths = texts.astype("string").str.len().to_numpy(np.int64, na_value=0)
        longest = max(longest, lengths.max(initial=0) + 1)
    elif pd.api.types.is_datetime64_any_dtype(column.dtype):
        longest = max(longest, len(kind.number_format))
    return float(min(max(longest, least), most))


def _held(text: str, file: str) -> str:
    """Give a text as a cell holds it: the sheet's own escapes, and no more than there is room."""
    escaped = _ESCAPED.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    if len(escaped) * 2 <= EXCEL_LETTERS or _letters(escaped) <= EXCEL_LETTERS:
        return escaped
    note = f" [truncated: the whole text of {len(text):,} characters is in {file}]"
    room = (EXCEL_LETTERS - len(note)) * 2
    kept = escaped.encode("utf-16-le")[:room].decode("utf-16-le", "ignore")
    return _HALF_ESCAPED.sub("", kept) + note


def _letters(text: str) -> int:
    """Count characters as Excel does, which takes a pair of surrogates for two."""
    return len(text.encode("utf-16-le")) // 2
