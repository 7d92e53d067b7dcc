"""One document from an open answer to a file: whole or not at all, under a name of our own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from argyle_nb.documents import EXTENSIONS, MAX_DOCUMENT_BYTES, media_type_of
from argyle_nb.errors import ApiError, TransportError

if TYPE_CHECKING:
    from typing import BinaryIO

_BLOCK_BYTES = 1 << 16


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
        When it breaks off.

    Examples
    --------
    >>> save_document(answer, "downloads", upload.id)  # doctest: +SKIP
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.{os.getpid()}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            head = _copy(answer, file)
        media_type = media_type_of(head)
        if media_type is None:
            raise ApiError(f"upload {name}: what came is not a PDF, JPEG, PNG or HEIC")
        return part.replace(folder / f"{name}{EXTENSIONS[media_type]}")
    finally:
        part.unlink(missing_ok=True)


def _copy(answer: requests.Response, file: BinaryIO) -> bytes:
    head, size = b"", 0
    try:
        for block in answer.iter_content(_BLOCK_BYTES):
            head = head or block
            size += len(block)
            if size > MAX_DOCUMENT_BYTES:
                raise ApiError(f"the document is larger than {MAX_DOCUMENT_BYTES} bytes")
            file.write(block)
    except requests.RequestException as error:
        raise TransportError(
            f"the download broke off after {size} bytes ({type(error).__name__}); try again"
        ) from None
    return head
