"""One document from an open answer to a file: whole or not at all, under a name of our own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.client.responses import BROKEN, body_blocks
from argyle_nb.document_checks import HEAD_BYTES
from argyle_nb.documents import EXTENSIONS, MAX_DOCUMENT_BYTES, media_type_of
from argyle_nb.errors import ApiError, DocumentError, TransportError

if TYPE_CHECKING:
    from typing import BinaryIO

    import requests

DOWNLOAD_SECONDS = 3600.0


def save_document(answer: requests.Response, folder: Path | str, name: str) -> Path:
    """Write an answer's body to ``<folder>/<name>.<extension by content>``.

    Parameters
    ----------
    answer
        Open, its body unread.
    folder
        Made if missing.
    name
        Without an extension; the caller vouches that it is no path.

    Returns
    -------
    Path
        The finished file; until then the bytes stand under a temporary name.

    Raises
    ------
    ApiError
        When the body is too large, or not a PDF, JPEG, PNG or HEIC (a login page, say).
    TransportError
        When it breaks off, takes more than an hour, or comes in a way that hides where it ends.
    DocumentError
        When it cannot be written.

    Examples
    --------
    >>> save_document(answer, "downloads", upload.id)  # doctest: +SKIP
    """
    folder = Path(folder)
    _check_end_is_told(answer, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _saved(answer, folder, name)
    except BROKEN as error:
        raise TransportError(
            f"the download of {name} broke off ({type(error).__name__}); try again"
        ) from None
    except OSError as error:
        raise DocumentError(
            folder / name, f"cannot be written ({error.strerror}); check rights and free space"
        ) from None


def _check_end_is_told(answer: requests.Response, name: str) -> None:
    """Refuse a body that ends where the connection does: cut short it would look whole."""
    told = answer.headers.get("Transfer-Encoding", "").lower(), answer.headers.get("Content-Length")
    if told[0] != "chunked" and not (told[1] or "").isdigit():
        raise TransportError(
            f"the download of {name} came without its length, so nobody could tell whether it is "
            "whole; look for a proxy on the way that leaves it out"
        )


def _saved(answer: requests.Response, folder: Path, name: str) -> Path:
    descriptor, part = tempfile.mkstemp(dir=folder, prefix=f"{name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            media_type = media_type_of(_copy(answer, file))
        if media_type is None:
            raise ApiError(f"upload {name}: what came is not a PDF, JPEG, PNG or HEIC")
        return Path(part).replace(folder / f"{name}{EXTENSIONS[media_type]}")
    finally:
        Path(part).unlink(missing_ok=True)


def _copy(answer: requests.Response, file: BinaryIO) -> bytes:
    head = b""
    for block in body_blocks(answer, MAX_DOCUMENT_BYTES, DOWNLOAD_SECONDS):
        head += block[: HEAD_BYTES - len(head)]
        file.write(block)
    return head
