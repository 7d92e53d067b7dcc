"""What to upload: a frame, a CSV file, an Excel workbook or a folder -> lines, and what is wrong.

A line that cannot be sent says why; the others are sent all the same.
"""

from __future__ import annotations

import os
import re
import unicodedata
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES, checked_type, type_called, unknown_type
from argyle_nb.uploads.document_types import guess_type
from argyle_nb.uploads.folders import list_folder, type_bar, type_cell
from argyle_nb.uploads.jobs import Borrower, borrower_of
from argyle_nb.uploads.spreadsheets import UnclearCell, cell_text, read_sheet, unclear_id

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST_COLUMNS = ("file", "document_type", "external_id", "user")
FOUND_BY = "type_found_by"
AS_WRITTEN = "document_type_as_written"
RESULT_COLUMNS = ("state", "upload_id", "attempts", "seconds", "bytes", "reason")

# What else a column is called, without case, spaces and signs; of a loan's number or a borrower's
# name it is not certain that it means one person.
_CALLED = {
    "file": "file",
    "filename": "file",
    "filepath": "file",
    "path": "file",
    "documenttype": "document_type",
    "doctype": "document_type",
    "type": "document_type",
    "externalid": "external_id",
    "borrowerid": "external_id",
    "borrowerexternalid": "external_id",
    "user": "user",
    "userid": "user",
    "argyleuser": "user",
    "argyleuserid": "user",
}
# As pandas writes whole numbers where one of them is missing; three zeros may be thousands.
_WHOLE = re.compile(r"(\d+)[.,](?!000$)0+")
_TOTAL = re.compile(r"(grand |sub)?-?totals?|sums?|count", re.IGNORECASE)

NO_FILE = "the row names no file. Write its path in the file column."
NO_BORROWER = "no borrower. Write external_id or user in the row, or pass user=... for all rows."
A_TOTAL = "the row looks like a total, and there is no such file. Remove the row."
TOO_MANY = (
    "the row has more cells than the header. Put a text that has the separator in it in quotes."
)
SEVERAL_FILES = "several files differ from this name only in upper and lower case. Rename them."


class ManifestLine(NamedTuple):
    """One document to be sent, or why it cannot be."""

    file: str
    document_type: str
    borrower: Borrower
    problems: tuple[str, ...]
    names_file: bool = True  # one, and for certain; it need not be there
    type_found_by: str = ""  # where the line itself gives no type


class Manifest(NamedTuple):
    """A manifest's own columns, the needed ones among them, and a line for each row."""

    table: pd.DataFrame
    lines: list[ManifestLine]


def read_manifest(
    manifest: pd.DataFrame | Path | str,
    *,
    document_type: str | None = None,
    user: str | None = None,
) -> Manifest:
    """Read a manifest, or make one of a folder; each ``file`` is a path from where Python runs."""
    known = checked_type(document_type) if document_type else None
    folder, long = Path(), frozenset[int]()
    if isinstance(manifest, pd.DataFrame):
        table = manifest.reset_index(drop=True)
    elif not isinstance(manifest, (str, Path)):
        raise ValidationError(
            f"Can't read {type(manifest).__name__} as a manifest. Pass a CSV file, an Excel "
            f"workbook, a folder or a DataFrame with the columns {', '.join(MANIFEST_COLUMNS)}."
        )
    elif Path(manifest).is_dir():
        table = list_folder(Path(manifest), with_guesses=known is None, user=user or "")
        # It must not hide that a folder says another.
        table = table.assign(user=user) if user else table
    else:
        folder = Path(manifest).parent
        table, long = _read_file(Path(manifest))
    return _Reader(_renamed(table), folder, known or "", _checked_user(user)).read(long)


def check_manifest(
    manifest: Path | str, *, document_type: str | None = None, user: str | None = None
) -> None:
    """Refuse what `read_manifest` would refuse as a whole, without a look at the documents."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `read_manifest` says it
        # With a type for all there is nothing to guess.
        read_manifest(manifest, document_type=document_type or DOCUMENT_TYPES[0], user=user)


def _checked_user(user: str | None) -> str:
    text = _code_of(user or "")
    if why := unclear_id(user, text):
        raise ValidationError(f"user {text!r}: {why}")
    return text


def _read_file(path: Path) -> tuple[pd.DataFrame, frozenset[int]]:
    """Give a file's table, and the rows that are longer than its header."""
    if not path.is_file():
        raise ValidationError(
            f"{path}: file not found. Pass a manifest (CSV file or Excel workbook) or a folder of "
            "documents."
        )
    header, rows = read_sheet(path, lambda names: "file" in _columns_of(names).values())
    width = len(header)
    # Spreadsheets end lines with empty cells as they like.
    long = {place for place, row in enumerate(rows) if set(row[width:]) - {"", None}}
    whole = [[*row[:width], *[""] * (width - len(row))] for row in rows]
    columns: dict[str, pd.Series[Any]] = {}
    for place, name in enumerate(header):
        cells = [row[place] for row in whole]
        if name or not _is_index(cells):
            is_new = name and (name in MANIFEST_COLUMNS or name not in columns)
            own = name if is_new else f"{name or 'unnamed'} {place + 1}"
            columns[own] = pd.Series(cells, dtype=object)
    return pd.DataFrame(columns), frozenset(long)


def _is_index(cells: list[Any]) -> bool:
    """Tell whether a column without a name is empty, or numbers the rows as pandas writes them."""
    texts = ["" if cell is None else cell_text(cell) for cell in cells]
    return not any(texts) or texts == list(map(str, range(len(texts))))


def _columns_of(names: Iterable[str]) -> dict[str, str]:
    """Say which of the names are which of the manifest's columns; exact names come first."""
    names = list(names)
    found = {name: name for name in names if name in MANIFEST_COLUMNS}
    for name in names:
        column = _CALLED.get(re.sub(r"[\W_]", "", name.casefold()))
        if column and column not in found.values():
            found[name] = column
    return found


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    """Give the columns the names they have in the result, and take off an earlier result."""
    names = [str(name) for name in table.columns]
    if set(RESULT_COLUMNS) <= set(names):
        table = table.drop(columns=[*RESULT_COLUMNS, AS_WRITTEN], errors="ignore")
        names = [str(name) for name in table.columns]
    found = _columns_of(name.strip() for name in names)
    names = [found.get(name.strip(), name) for name in names]
    if "file" not in names:
        raise ValidationError(
            f"The manifest has no file column. Found: {', '.join(names) or 'no columns'}. Rename "
            "the column of paths to 'file'."
        )
    twice = sorted({name for name in MANIFEST_COLUMNS if names.count(name) > 1})
    if twice:
        raise ValidationError(
            f"The manifest has two columns named {', '.join(twice)}. Rename one of them."
        )
    reserved = [name for name in (*RESULT_COLUMNS, AS_WRITTEN) if name in names]
    if reserved:
        raise ValidationError(
            f"The manifest has a column named {', '.join(reserved)}, which is reserved for the "
            "result. Rename it."
        )
    return table.set_axis(names, axis=1)


class _Reader:
    """Makes lines of the rows of a table."""

    def __init__(self, table: pd.DataFrame, folder: Path, document_type: str, user: str) -> None:
        self._table, self._document_type, self._user = table, document_type, user
        self._finder = _FileFinder(folder)
        self._cells = {name: self._cells_of(name) for name in MANIFEST_COLUMNS}

    def read(self, long: frozenset[int]) -> Manifest:
        """Read all rows; what a row says is not certain where it is longer than the header."""
        rows = type_bar(list(zip(*self._cells.values(), strict=True)))
        lines = [
            self._line_of(file, kind, external_id, user, [TOO_MANY] if row in long else [])
            for row, (file, kind, external_id, user) in enumerate(rows)
        ]
        return Manifest(self._with_columns(lines), lines)

    def _line_of(
        self, file: Any, kind: Any, external_id: Any, user: Any, problems: list[str]
    ) -> ManifestLine:
        path, file_problems = self._finder.find(file)
        # Where no document is named, nothing else is worth a word.
        unnamed = problems or file_problems
        kind, found_by = self._kind_of(kind, "" if unnamed else path)
        document_type, type_problems = self._type_of(kind)
        borrower, borrower_problems = self._borrower_of(external_id, user)
        return ManifestLine(
            path,
            document_type,
            borrower,
            tuple(unnamed or [*type_problems, *borrower_problems]),
            not unnamed,
            found_by,
        )

    def _cells_of(self, name: str) -> list[Any]:
        if name not in self._table:
            return [""] * len(self._table)
        column = self._table[name]
        return [
            "" if gone else value
            for value, gone in zip(column.astype(object), column.isna(), strict=True)
        ]

    def _kind_of(self, cell: Any, path: str) -> tuple[Any, str]:
        """Give the type that is written or given for all, else a guess and what it rests on."""
        if cell_text(cell):
            return cell, ""
        if self._document_type or isinstance(cell, UnclearCell) or not path:
            return self._document_type or cell, ""
        guess = guess_type(Path(path))
        return type_cell(guess), guess.found_by

    def _type_of(self, cell: Any) -> tuple[str, list[str]]:
        text = _code_of(cell)
        if not text:
            return "", [f"no document type: {cell.why}"] if isinstance(cell, UnclearCell) else []
        known = type_called(text)
        return (known, []) if known else (text, [unknown_type(text)])

    def _borrower_of(self, external_id: Any, user: Any) -> tuple[Borrower, list[str]]:
        cells = {"external_id": external_id, "user": user}
        texts = {name: _code_of(cell) for name, cell in cells.items()}
        name, text = texts.values()
        if not (name or text or any(isinstance(cell, UnclearCell) for cell in cells.values())):
            text = self._user
        borrower = borrower_of(text) if text else Borrower()
        problems = [
            f"{column} {texts[column]!r}: {why}"
            for column, cell in cells.items()
            if (why := unclear_id(cell, texts[column]))
        ]
        if not problems and name and borrower.external_id not in ("", name):
            problems.append(
                f"external_id {name!r} and user {text!r} are two borrowers. Correct one of the two."
            )
        borrower = Borrower(borrower.user, name or borrower.external_id)
        return borrower, problems or ([] if any(borrower) else [NO_BORROWER])

    def _with_columns(self, lines: list[ManifestLine]) -> pd.DataFrame:
        """Put what was understood in the place of what was written."""
        written = [cell_text(cell) for cell in self._cells["document_type"]]
        index = self._table.index
        texts: dict[str, list[str]] = {
            "file": [line.file for line in lines],
            "document_type": [line.document_type for line in lines],
            "external_id": [line.borrower.external_id for line in lines],
            "user": [line.borrower.user for line in lines],
        }
        if any(line.type_found_by for line in lines):
            found = zip(self._cells_of(FOUND_BY), lines, strict=True)
            texts[FOUND_BY] = [line.type_found_by or cell_text(cell) for cell, line in found]
        both = zip(written, lines, strict=True)
        if any(text not in ("", line.document_type) for text, line in both):
            texts[AS_WRITTEN] = written
        columns = {
            name: pd.Series([text or None for text in column], index, "string")
            for name, column in texts.items()
        }
        return self._table.assign(**columns)


def _code_of(cell: Any) -> str:
    """Give what a cell with an id or a type says, without the decimals of a whole number.

    Its letters are composed (NFC), as macOS does not write them in the names of folders.
    """
    text = unicodedata.normalize("NFC", cell_text(cell))
    decimals = _WHOLE.fullmatch(text)
    return decimals[1] if decimals else text


class _FileFinder:
    """Finds the files that lines name, also by paths of Windows and in another case."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, list[str]]] = {}

    def find(self, cell: Any) -> tuple[str, list[str]]:
        """Give the path of a file, and what is wrong with it; what is not there stays as it is."""
        text = cell_text(cell)
        if not text:
            return "", [cell.why if isinstance(cell, UnclearCell) else NO_FILE]
        if _TOTAL.fullmatch(text.rstrip(":")) and not (self._folder / text).exists():
            return str(self._folder / text), [A_TOTAL]
        path = self._folder / text
        try:
            if os.path.lexists(path):
                return str(path), []
            bare = text.strip("\"'").replace("\\", "/")
            found = self._alike(self._folder / bare)
        except (OSError, ValueError):
            return str(path), []
        if len(found) > 1:
            return str(path), [SEVERAL_FILES]
        return str(found[0] if found else path), []

    def _alike(self, wanted: Path) -> list[Path]:
        """Give the files whose path is the same but for case and the writing of accents."""
        base = Path(wanted.anchor)
        found = [base]
        for name in wanted.parts[1:] if wanted.anchor else wanted.parts:
            if name == "..":
                found = [path / name for path in found]
                continue
            found = [path / other for path in found for other in self._others(path, name)]
        return found

    def _others(self, folder: Path, name: str) -> list[str]:
        if os.path.lexists(folder / name):
            return [name]
        if folder not in self._names:
            names: dict[str, list[str]] = defaultdict(list)
            for other in folder.iterdir() if folder.is_dir() else ():
                names[_folded(other.name)].append(other.name)
            self._names[folder] = names
        return self._names[folder].get(_folded(name), [])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
