"""What must be known of a document before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.uploads.queue_files import CAN_BE_SENT, READY

if TYPE_CHECKING:
    from argyle_nb.uploads.queue_files import QueuedFile


def checked_type(document_type: str) -> str:
    """Give a document type back, or say which there are.

    Examples
    --------
    >>> checked_type("W-2")
    'W-2'
    """
    if document_type not in DOCUMENT_TYPES:
        known = ", ".join(DOCUMENT_TYPES)
        raise ValidationError(f"document_type {document_type!r}: choose one of {known}")
    return document_type


def is_wanted(file: QueuedFile, named: set[str] | None) -> bool:
    """Tell whether a file is to be sent: all that are ready; what failed only where it is named."""
    if named is None:
        return file.state == READY
    return file.key in named and file.state in CAN_BE_SENT


def checked(files: list[QueuedFile]) -> list[QueuedFile]:
    """Give the files back, or say what is missing.

    Raises
    ------
    ValidationError
        When one has no type, or its type is still being guessed, or it has no user.

    Examples
    --------
    >>> checked([])
    []
    """
    guessing = [file for file in files if file.is_guess and not file.document_type]
    if guessing:
        problem = _told(guessing, "is", "are")
        raise ValidationError(
            f"nothing was sent: {problem} still being looked at; send in a moment"
        )
    missing = [file for file in files if not file.user]
    if missing:
        problem = _told(missing, "has", "have")
        raise ValidationError(f"nothing was sent: {problem} no user; say whose it is")
    return files


def unsendable(path: str) -> str:
    """Say why a manifest cannot name a file; empty if it can.

    Examples
    --------
    >>> unsendable("scans/stub.pdf ")
    'its name ends with a space; rename it'
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name is no text (UTF-8); rename it"
    return "" if path == path.strip() else "its name ends with a space; rename it"


def _told(files: list[QueuedFile], one: str, several: str) -> str:
    more = len(files) - 1
    return f"{files[0].name} and {more} more {several}" if more else f"{files[0].name} {one}"
