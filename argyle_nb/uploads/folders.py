"""Folders as people keep them: whose a document is and what it is, by where it lies."""

from __future__ import annotations

import os
import re
import unicodedata
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from tqdm.auto import tqdm

from argyle_nb.client.polling import bar_is_hidden
from argyle_nb.documents import HEAD_BYTES, media_type_of
from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES, type_called
from argyle_nb.uploads.document_types import NOT_TOLD, TypeGuess, guess_type
from argyle_nb.uploads.queue_files import unsendable
from argyle_nb.uploads.spreadsheets import UnclearCell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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

WRITE_TYPE = f"Write one of {', '.join(DOCUMENT_TYPES)}, or pass document_type=... for all rows."
NO_DOCUMENT = "not a PDF, JPEG, PNG or HEIC file (checked by content, not by name), or empty."
SEVERAL_BORROWERS = "several folders above the file may be the borrower. Write which one it is."


class _Place(NamedTuple):
    """What the folders above a file say of it."""

    document_type: str  # empty where they do not tell
    borrowers: tuple[str, ...]  # who may be meant


def manifest(folder: Path | str) -> pd.DataFrame:
    """List the documents of a folder as a manifest, to check it and upload it.

    A subfolder is a document type (``W-2``, ``w2s``, ``Paystubs 2025``) or a borrower, whose
    external ID is the folder's name; both may be nested, in either order. The name of a year, a
    month, a form or a word such as ``scans`` is neither. Where no folder says the type, the file
    name does, else the text of a PDF's first page. What is not certain stays empty.

    Parameters
    ----------
    folder
        Searched with all its subfolders. Hidden files and system files (``.DS_Store``,
        ``Thumbs.db``, ``~$...``) are left out; so are links that lead to another folder, and these
        are named.

    Returns
    -------
    pandas.DataFrame
        A row per file, by path: ``file`` (whole path), ``document_type`` (missing where it cannot
        be told), ``type_found_by`` (``folder``, ``file name`` or ``content``; missing likewise),
        ``external_id`` (missing where no folder names the borrower), each a string. Correct it, or
        write it with ``to_csv`` or ``to_excel`` and correct it there: `upload_batch` takes the
        frame, the CSV file and the workbook. These may be kept anywhere as long as the documents
        stay where they are; where the folder moves, make the table anew.

    Raises
    ------
    ValidationError
        When the folder does not exist, or has no document in it.

    Warns
    -----
    UserWarning
        Counts the files without a type or borrower; names files that are not documents, links
        that were left out, and borrowers that differ only in upper and lower case.

    Notes
    -----
    Of files in a type's folder or with a telling name only the first 1,024 bytes are read. The
    first page of other PDFs is read in a process of its own, which takes about 0.1 s each and 3 s
    at most; a bar shows it.

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
        raise ValidationError(
            f"{folder}: folder not found. Pass the folder that contains the documents."
        )
    table = list_folder(place)
    troubles = [
        (file, f"{cell.why.partition('. ')[0]}.")
        for file, cell in zip(table["file"], table["document_type"], strict=True)
        if isinstance(cell, UnclearCell) and not cell.why.startswith(NOT_TOLD)
    ]
    for name in ("document_type", "external_id"):
        is_unclear = table[name].map(lambda cell: isinstance(cell, UnclearCell))
        table[name] = table[name].mask(is_unclear, None).astype("string")
    others = [(file, NO_DOCUMENT) for file in table["file"] if not _is_document(Path(file))]
    told = [_unclear_in(table), *grouped(troubles), *grouped(others)]
    if any(told):
        warnings.warn(" ".join(filter(None, told)), stacklevel=2)
    tell_alike(table["external_id"].dropna())
    return table


def _unclear_in(table: pd.DataFrame) -> str:
    missing = {
        "document type": int(table["document_type"].isna().sum()),
        "borrower": int(table["external_id"].isna().sum()),
    }
    unclear = [f"{count} without a {what}" for what, count in missing.items() if count]
    if not unclear:
        return ""
    files = "1 file" if len(table) == 1 else f"{len(table)} files"
    return (
        f"{files}, of which {' and '.join(unclear)} (not found in folder, file name or content). "
        "Fill in document_type and external_id, or pass document_type= and user= to upload_batch."
    )


def tell_alike(external_ids: Iterable[str]) -> None:
    """Warn of borrowers who may be one: their external ids differ by upper and lower case only."""
    alike: dict[str, list[str]] = defaultdict(list)
    for external_id in dict.fromkeys(external_ids):
        alike[external_id.casefold()].append(external_id)
    several = [" and ".join(map(repr, names)) for names in alike.values() if len(names) > 1]
    if several:
        more = f" (and {len(several) - 3} more)" if len(several) > 3 else ""  # noqa: PLR2004
        warnings.warn(
            f"External IDs {', '.join(several[:3])}{more} differ only in upper and lower case. "
            "They are different borrowers at Argyle. If they should be one, write them the same "
            "way.",
            stacklevel=3,
        )


def grouped(reasons: Iterable[tuple[str, str]]) -> list[str]:
    """Say each reason once, with the names of the files (path, reason) that it is of."""
    files: dict[str, list[Path]] = defaultdict(list)
    for file, reason in reasons:
        files[reason].append(Path(file))
    return [f"{_few(paths)}: {reason}" for reason, paths in files.items()]


def _few(paths: list[Path]) -> str:
    # Two borrowers may have a file of the same name.
    parts = 1 if len({path.name for path in paths}) == len(paths) else 2
    names = ["/".join(path.parts[-parts:]) or "a row without a file" for path in paths]
    if len(names) == 1:
        return names[0]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004
    return f"{len(names)} files ({', '.join(names[:3])}{more})"


def list_folder(folder: Path, *, with_guesses: bool = True, user: str = "") -> pd.DataFrame:
    """List a folder as `manifest` does, but with every folder that may be a borrower.

    Where one of several is the given user, that is it.
    """
    whole = folder.absolute()
    left_out: list[str] = []
    files = sorted(_files_below(whole, whole.resolve(), left_out))
    _tell_left_out(folder, left_out)
    if not files:
        raise ValidationError(
            f"{folder}: the folder is empty. Pass the folder that contains the documents."
        )
    if not any(map(_is_document, files)):
        [told] = grouped((str(file), NO_DOCUMENT) for file in files)
        raise ValidationError(f"{folder}: no documents found. {told}")
    places = [_place_of(path.relative_to(whole).parts[:-1]) for path in files]
    both = type_bar(list(zip(files, places, strict=True)))
    guesses = [_guess_of(path, place, with_guesses=with_guesses) for path, place in both]
    return pd.DataFrame(
        {
            "file": pd.Series([str(path) for path in files], dtype="string"),
            "document_type": pd.Series([type_cell(guess) for guess in guesses], dtype=object),
            "type_found_by": pd.Series([g.found_by or None for g in guesses], dtype="string"),
            "external_id": pd.Series([_borrower_of(p, user) for p in places], dtype=object),
        }
    )


def type_bar(things: list[Any]) -> Iterable[Any]:
    """Show how many have been looked at, if it takes long."""
    return tqdm(things, desc="document types", delay=_SHOW_AFTER_SECONDS, disable=bar_is_hidden())


def type_cell(guess: TypeGuess) -> str | UnclearCell | None:
    """Give what a cell of the document type says by a guess, or why it says nothing."""
    if guess.trouble:
        return UnclearCell("", f"{guess.trouble}. {WRITE_TYPE}")
    return guess.document_type or None


def _is_document(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return media_type_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        return True  # whoever sends it is told why it cannot be read


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
            left_out.append(f"{entry.name!a} ({problem.partition('. ')[0]})")
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
        left_out.append(f"{folder.name} (can't be read: {error.strerror})")
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
        "folder or to another folder are not followed. List such documents in a manifest.",
        stacklevel=3,
    )


def _place_of(folders: tuple[str, ...]) -> _Place:
    """Read the folders above a file; two types are none."""
    types, borrowers = set(), []
    for written in folders:
        name = unicodedata.normalize("NFC", written)  # as macOS does not write it
        if document_type := type_called(name):
            types.add(document_type)
        elif not _NO_BORROWER.fullmatch(name.strip()):
            borrowers.append(name.strip())
    return _Place(types.pop() if len(types) == 1 else "", tuple(borrowers))


def _borrower_of(place: _Place, user: str) -> str | UnclearCell | None:
    user = unicodedata.normalize("NFC", user)
    if user in place.borrowers:
        return user
    if len(place.borrowers) > 1:
        return UnclearCell("/".join(place.borrowers), SEVERAL_BORROWERS)
    return place.borrowers[0] if place.borrowers else None
