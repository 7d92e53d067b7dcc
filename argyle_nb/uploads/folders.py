"""Folders as people keep them: whose a document is and what it is, by where it lies."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from tqdm.auto import tqdm

from argyle_nb.client.polling import bar_is_hidden
from argyle_nb.errors import ValidationError
from argyle_nb.uploads.document_types import TypeGuess, guess_type, type_called
from argyle_nb.uploads.queue_files import unsendable
from argyle_nb.uploads.spreadsheets import UnclearCell

if TYPE_CHECKING:
    from collections.abc import Iterator

# What systems and programs leave in folders.
_LEFTOVERS = re.compile(
    r"\..*|~\$.*|(eh)?thumbs\.db|desktop\.ini|icon\r|__macosx|@eadir|\$recycle\.bin"
    r"|system volume information",
    re.IGNORECASE | re.DOTALL,
)
# A folder of this name is no borrower: it says when, of what form or on which way something came.
_MONTHS = r"(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_WAYS = (
    r"(new|old|all|other|sent|done|open|misc|inbox|outbox|archives?|backups?|te?mp|data|originals?"
    r"|copy|copies|scans?|scanned|docs?|documents?|files?|uploads?|downloads?|pdfs?|jpe?gs?|pngs?"
    r"|heics?|images?|photos?|pictures?|pages?|income|employment|assets?|loans?|borrowers?|clients?"
    r"|customers?|applicants?|applications?)"
)
_NO_BORROWER = re.compile(
    rf"(19|20)\d\d([ _.-]?(0?[1-9]|1[0-2]|q[1-4])([ _.-]?[0-3]?\d)?)?|q[1-4]([ _.-]?(19|20)\d\d)?"
    rf"|{_MONTHS}([ _.-]*\d+)*|(\d+[ _.-]*)?{_MONTHS}([ _.-]*\d+)?|{_WAYS}"
    r"|.*(\bcopy|\(\d+\))"
    r"|.*(\b|_)(pay[ _-]?(stub|slip|check)s?|w[ _-]?2s?|1099[a-z]*|1040|1065|109[58]|1120"
    r"|w[ _-]?[49]|tax(es)?|bank|statements?|forms?|returns?|letters?|passports?|licen[cs]es?"
    r"|utility|bills|address|identity|identification)(\b|_).*",
    re.IGNORECASE,
)
_SHOW_AFTER_SECONDS = 2.0

SEVERAL_BORROWERS = "several folders above the file may be the borrower: write which one it is"


class _Place(NamedTuple):
    """What the folders above a file say of it."""

    document_type: str  # empty where they do not tell
    borrowers: tuple[str, ...]  # who may be meant


def manifest(folder: Path | str) -> pd.DataFrame:
    """List the documents of a folder, to be looked through and uploaded.

    A sub-folder is a document type (``W-2``, ``w2s``, ``Paystubs 2025``) or a borrower, whose
    external id is the folder's name; both may be nested, in either order. The name of a year, a
    month, a form or a word such as ``scans`` is neither. Where no folder tells the type, the file's
    name does, else the text of a PDF's first page. What is not certain stays empty.

    Parameters
    ----------
    folder
        Looked through with all folders in it. Hidden files and what systems leave behind
        (``.DS_Store``, ``Thumbs.db``, ``~$...``) are left out; so are links that lead to another
        folder, and these are named.

    Returns
    -------
    pandas.DataFrame
        A row per file, by path: ``file`` (whole path), ``document_type`` (missing where it cannot
        be told), ``type_found_by`` (``folder``, ``file name`` or ``content``; missing likewise),
        ``external_id`` (missing where no folder names the borrower), each a string. Correct it, or
        write it with ``to_csv`` or ``to_excel`` and correct it there: `upload_batch` takes the
        frame, the CSV file and the workbook.

    Warns
    -----
    UserWarning
        Counts the files whose type or borrower cannot be told, and names links that were left out.

    Raises
    ------
    ValidationError
        When there is no such folder, or no file in it.

    Notes
    -----
    Files in a type's folder or with a telling name are not opened. The first page of other PDFs is
    read in a process of its own, which takes about 0.1 s each and 3 s at most; a bar shows it.

    Examples
    --------
    >>> (folder / "scans" / "loan-77").mkdir(parents=True)
    >>> _ = (folder / "scans" / "loan-77" / "W2 2025.pdf").write_bytes(b"%PDF-1.7")
    >>> found = manifest(folder / "scans")
    >>> found[["document_type", "type_found_by", "external_id"]].to_numpy().tolist()
    [['W-2', 'file name', 'loan-77']]
    """
    place = Path(folder)
    if not place.is_dir():
        raise ValidationError(f"{folder} is no folder: name the one in which the documents are")
    table = list_folder(place)
    is_unclear = table["external_id"].map(lambda cell: isinstance(cell, UnclearCell))
    table["external_id"] = table["external_id"].mask(is_unclear, None).astype("string")
    missing = {
        "document type": int(table["document_type"].isna().sum()),
        "borrower": int(table["external_id"].isna().sum()),
    }
    unclear = [f"{count} without a {what}" for what, count in missing.items() if count]
    if unclear:
        warnings.warn(
            f"of {len(table)} files, {' and '.join(unclear)}: neither folder, name nor content "
            "tells. Fill in document_type and external_id, or give document_type= and user= to "
            "upload_batch",
            stacklevel=2,
        )
    return table


def list_folder(folder: Path, *, with_guesses: bool = True, user: str = "") -> pd.DataFrame:
    """List a folder as `manifest` does, but with every folder that may be a borrower.

    Where one of several is the given user, that is it.
    """
    whole = folder.absolute()
    left_out: list[str] = []
    files = sorted(_files_below(whole, whole.resolve(), left_out))
    _tell_left_out(folder, left_out)
    if not files:
        raise ValidationError(f"{folder} has no files in it: name the folder of the documents")
    places = [_place_of(path.relative_to(whole).parts[:-1]) for path in files]
    bar = tqdm(
        zip(files, places, strict=True),
        total=len(files),
        desc="document types",
        delay=_SHOW_AFTER_SECONDS,
        disable=bar_is_hidden(),
    )
    guesses = [_guess_of(path, place, with_guesses=with_guesses) for path, place in bar]
    columns = {
        "file": [str(path) for path in files],
        "document_type": [guess.document_type or None for guess in guesses],
        "type_found_by": [guess.found_by or None for guess in guesses],
    }
    texts = {name: pd.Series(cells, dtype="string") for name, cells in columns.items()}
    borrowers = pd.Series([_borrower_of(place, user) for place in places], dtype=object)
    return pd.DataFrame(texts | {"external_id": borrowers})


def _guess_of(path: Path, place: _Place, *, with_guesses: bool) -> TypeGuess:
    if place.document_type:
        return TypeGuess(place.document_type, "folder")
    return guess_type(path) if with_guesses else TypeGuess()


def _files_below(folder: Path, root: Path, left_out: list[str]) -> Iterator[Path]:
    """Find all files; a link may lead to a file below the root, never to a folder or elsewhere."""
    for entry in _entries(folder, left_out):
        path = Path(entry.path)
        if _LEFTOVERS.fullmatch(entry.name):
            continue
        if problem := unsendable(entry.name):
            left_out.append(f"{entry.name!a} ({problem})")
        elif entry.is_symlink() and not _leads_to_file(path, root):
            left_out.append(f"{entry.name} (a link)")
        elif entry.is_dir():
            yield from _files_below(path, root, left_out)
        else:
            yield path


def _entries(folder: Path, left_out: list[str]) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except OSError as error:
        left_out.append(f"{folder.name} (it cannot be read: {error.strerror})")
        return []


def _leads_to_file(link: Path, root: Path) -> bool:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # to nothing, or in a circle
        return False
    return target.is_file() and target.is_relative_to(root)


def _tell_left_out(folder: Path, left_out: list[str]) -> None:
    if not left_out:
        return
    more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""  # noqa: PLR2004
    warnings.warn(
        f"{folder}: left out {', '.join(sorted(left_out)[:3])}{more}. Links that lead out of the "
        "folder or to another folder are not followed: list such documents in a manifest",
        stacklevel=3,
    )


def _place_of(folders: tuple[str, ...]) -> _Place:
    """Read the folders above a file; two types are none."""
    types, borrowers = set(), []
    for name in folders:
        if document_type := type_called(name):
            types.add(document_type)
        elif not _NO_BORROWER.fullmatch(name.strip()):
            borrowers.append(name.strip())
    return _Place(types.pop() if len(types) == 1 else "", tuple(borrowers))


def _borrower_of(place: _Place, user: str) -> str | UnclearCell | None:
    if user in place.borrowers:
        return user
    if len(place.borrowers) > 1:
        return UnclearCell("/".join(place.borrowers), SEVERAL_BORROWERS)
    return place.borrowers[0] if place.borrowers else None
