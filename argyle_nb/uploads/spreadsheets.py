"""Tables as spreadsheets save them: Excel workbooks, and text whose separator must be found out."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from argyle_nb.documents import media_type_of
from argyle_nb.errors import ConfigurationError, ValidationError, install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    Rows = list[list[Any]]

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Letters that look the same in Windows' code page 1252 and its neighbors; DOS and Mac files have
# theirs elsewhere.
_SAME_LETTERS = re.compile(r"[\x00-\x7f\xc0-\xd6\xd8-\xf6\xf8-\xff]*")
_SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\r?\n', re.IGNORECASE)
# So soon a document's mark comes, but not what a manifest may say of one.
_MARK_BYTES = 16
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A title may stand above the header.
_MOST_ROWS_ABOVE = 20
# Excel keeps fifteen digits of a number.
DIGITS_KEPT = 10**15
_ZEROS = re.compile("0+")
# What a spreadsheet may have made of an ID, and what to do about it.
_AS_TEXT = "Format the column as text and enter the value again."
_A_DATE, _CUT = f"Excel made a date of it. {_AS_TEXT}", f"Excel cut off its digits. {_AS_TEXT}"
_SPOILED = {
    r"\d{1,2}/\d{1,2}/(\d\d){1,2}|\d{1,2}\.\d{1,2}\.(19|20)\d\d": _A_DATE,
    r"\d([.,]\d+)?E\+?\d+": _CUT,
    # With a currency, groups of three digits or a decimal comma.
    r"[$€£¥]\s*[\d.,' ]+|[\d.,' ]+\s*[$€£¥%]|\d+([,'\u2019]\d+)+(\.\d+)?|\d+\.0+"
    r"|[1-9]\d{0,2}([.\xa0\u202f]\d{3})+([.,]\d+)?": (
        "a number as Excel formats it. Format the column as text and enter the digits alone."
    ),
    r"#+|#(N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!)": (
        "a spreadsheet error. Correct it in the spreadsheet."
    ),
}
# Formats in which a number looks as it is.
_PLAIN_FORMATS = re.compile(r"General|@|0(\.0+)?|#,##0(\.0+)?")


@dataclass(frozen=True)
class UnclearCell:
    """A cell of which it is not certain what it says, and why."""

    value: Any
    why: str

    def __str__(self) -> str:
        return cell_text(self.value)


class SheetTable(NamedTuple):
    """A header and the rows below it; a row may be longer or shorter than the header."""

    header: list[str]
    rows: Rows


def read_sheet(path: Path, is_header: Callable[[Sequence[str]], bool]) -> SheetTable:
    """Read the first table whose header is one; rows without any content are left out."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValidationError(
            f"{path}: can't read the file ({error.strerror}). Check the file permissions."
        ) from None
    if not content.strip():
        raise ValidationError(f"{path}: the file is empty. List the documents in it.")
    if media_type_of(content[:_MARK_BYTES]):
        raise ValidationError(
            f"{path}: this is a document. Pass its folder, or a manifest that lists it."
        )
    if content.startswith(_OLD_EXCEL):
        raise ValidationError(
            f"{path}: the Excel workbook has a password, or is from before 2007. Save it as .xlsx "
            "without a password, or as CSV."
        )
    if content.startswith(_ZIP):
        return _of_workbook(path, is_header)
    return _of_text(path, content, is_header)


def _of_text(path: Path, content: bytes, is_header: Callable[[Sequence[str]], bool]) -> SheetTable:
    text, is_certain = _decoded(path, content)
    named = _SEPARATOR_LINE.match(text)
    separators = named[1] if named else _SEPARATORS
    text = text[named.end() :] if named else text.removeprefix("\ufeff")
    found, trouble = [], ""
    for quote, separator in product('"' if '"' in text else "'\"", separators):
        try:
            rows = _split(text, separator, quote)
        except csv.Error as error:
            if "unexpected end" in str(error):
                trouble = " A quotation mark in the file is not closed."
            continue
        if table := _below_header(rows, is_header):
            found.append(table)
    if not found:
        raise ValidationError(f"{path}: {_no_file_column(text.splitlines()[:1])}{trouble}")
    # A separator that is none cuts lines at wrong places.
    best = max(found, key=lambda table: (len(table.header), -_ragged(table)))
    if is_certain:
        return best
    return SheetTable(best.header, [[_letters(cell) for cell in row] for row in best.rows])


def _decoded(path: Path, content: bytes) -> tuple[str, bool]:
    """Give the text, and whether its letters are certain."""
    try:
        for mark, encoding in _BYTE_ORDER_MARKS:
            if content.startswith(mark):
                return content.decode(encoding), True
        # Half of the bytes of ordinary text in UTF-16 are zero.
        places = Counter(place % 2 for place, byte in enumerate(content[:2000]) if not byte)
        if places:
            return content.decode("utf-16-le" if places[1] > places[0] else "utf-16-be"), True
        return content.decode(), True
    except UnicodeDecodeError:
        if b"\0" in content[:2000]:
            raise ValidationError(
                f"{path}: can't read the manifest (unknown encoding). Save it as .xlsx or as CSV "
                "UTF-8."
            ) from None
    return content.decode("cp1252", "replace"), False


def _letters(cell: str) -> str | UnclearCell:
    if _SAME_LETTERS.fullmatch(cell):
        return cell
    return UnclearCell(cell, "its encoding is not certain. Save the file as CSV UTF-8.")


def _split(text: str, separator: str, quote: str) -> Rows:
    lines = io.StringIO(text, newline="")
    rows = csv.reader(lines, delimiter=separator, quotechar=quote, strict=True)
    return [[cell.strip() for cell in row] for row in rows]


def _below_header(rows: Rows, is_header: Callable[[Sequence[str]], bool]) -> SheetTable | None:
    filled = [row for row in rows if any(cell not in ("", None) for cell in row)]
    for place, row in enumerate(filled[:_MOST_ROWS_ABOVE]):
        header = ["" if name is None else cell_text(name) for name in row]
        if is_header(header):
            return SheetTable(header, filled[place + 1 :])
    return None


def _ragged(table: SheetTable) -> int:
    return sum(len(row) != len(table.header) for row in table.rows)


def _no_file_column(header: Iterable[str]) -> str:
    first = "".join(header).strip()[:100]
    begins = f" (it begins with {first!r})" if first.isprintable() and first else ""
    return f"no file column{begins}. Rename the column of paths to 'file'."


def _of_workbook(path: Path, is_header: Callable[[Sequence[str]], bool]) -> SheetTable:
    try:
        import openpyxl  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            f"{path}: Excel workbooks need openpyxl. To install it, {install('excel')}. Or save "
            "the workbook as CSV UTF-8."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the workbook has beside its cells
            sheets = _sheets_of(openpyxl, path)
    except Exception as error:  # noqa: BLE001 - a damaged workbook breaks it in any way there is
        raise ValidationError(
            f"{path}: can't read the Excel workbook ({type(error).__name__}). Save it again as "
            ".xlsx, or as CSV UTF-8."
        ) from None
    tables = {name: _below_header(rows, is_header) for name, rows in sheets.items()}
    found = {name: table for name, table in tables.items() if table}
    if not found:
        raise ValidationError(f"{path}: {_no_file_column([])} Sheets: {', '.join(sheets)}.")
    first, *others = found
    if others:
        warnings.warn(
            f"{path}: read sheet {first!r} only. {', '.join(map(repr, others))} also list files, "
            "and were not read.",
            stacklevel=2,
        )
    return found[first]


def _sheets_of(openpyxl: Any, path: Path) -> dict[str, Rows]:
    """Give the cells of all sheets that can be seen."""
    # Once the values, and once what they come from: a formula without a value looks empty.
    values = openpyxl.load_workbook(path, read_only=True, data_only=True)
    sources = openpyxl.load_workbook(path, read_only=True)
    try:
        return {
            sheet.title: _cells_of(sheet, sources[sheet.title])
            for sheet in values.worksheets
            if sheet.sheet_state == "visible"
        }
    finally:
        values.close()
        sources.close()


def _cells_of(values: Any, sources: Any) -> Rows:
    for sheet in (values, sources):
        sheet.reset_dimensions()  # some programs write wrong ones
    return [
        [_cell_of(value, source) for value, source in zip(row, from_row, strict=True)]
        for row, from_row in zip(values.iter_rows(), sources.iter_rows(), strict=True)
    ]


def _cell_of(cell: Any, source: Any) -> Any:
    value = cell.value
    if value is None and source.data_type == "f":
        return UnclearCell(
            "", "a formula without a saved value. Open the workbook in Excel and save it."
        )
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number_of(value, cell.number_format or "General")
    return value


def _number_of(value: float, shown_as: str) -> Any:
    is_whole = float(value).is_integer()
    if is_whole and _ZEROS.fullmatch(shown_as):
        return str(int(value)).zfill(len(shown_as))
    if not _PLAIN_FORMATS.fullmatch(shown_as):
        return UnclearCell(
            value, f"Excel shows this number in another form ({shown_as}). {_AS_TEXT}"
        )
    return float(value) if abs(value) >= DIGITS_KEPT else value


def cell_text(value: Any) -> str:
    """Give what a cell of a sheet or a frame says; a whole number has no decimals."""
    if isinstance(value, float) and value.is_integer() and abs(value) < DIGITS_KEPT:
        return str(int(value))
    return str(value).strip()


def unclear_id(value: Any, text: str) -> str | None:
    """Say why a cell does not tell for certain whose a document is; nothing where it does."""
    if isinstance(value, UnclearCell):
        return value.why
    if isinstance(value, (date, datetime, time, timedelta)):
        return _A_DATE
    if isinstance(value, float) and not (value.is_integer() and abs(value) < DIGITS_KEPT):
        return _CUT if value.is_integer() else f"a number with decimals. {_AS_TEXT}"
    for pattern, why in _SPOILED.items():
        if re.fullmatch(pattern, text, re.IGNORECASE):
            return why
    return (
        None if text.isprintable() else "it has a line break or an invisible character. Remove it."
    )
