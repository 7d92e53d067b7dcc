"""What is in an upload: the SHA-256 of its downloaded bytes."""

from __future__ import annotations

import hashlib
import tempfile
from typing import TYPE_CHECKING

from argyle_nb.errors import ApiError, DecodeError, DocumentError, TransportError

if TYPE_CHECKING:
    from argyle_nb.client.client import Client
    from argyle_nb.models import UserUpload

UNREADABLE = (ApiError, DecodeError, DocumentError, TransportError)


def digest_of(client: Client, upload: UserUpload) -> str:
    """Download an upload, hash it, and keep nothing of it.

    Parameters
    ----------
    client
        Whose upload.
    upload
        As the service lists it.

    Returns
    -------
    str
        Hexadecimal digest.

    Raises
    ------
    ApiError, DecodeError, DocumentError, TransportError
        When it cannot be fetched (`UNREADABLE`).

    Examples
    --------
    >>> digest_of(client, upload)  # doctest: +SKIP
    """
    with (
        tempfile.TemporaryDirectory(prefix="argyle_nb_") as folder,
        client.download(upload, folder).open("rb") as file,
    ):
        return hashlib.file_digest(file, "sha256").hexdigest()
