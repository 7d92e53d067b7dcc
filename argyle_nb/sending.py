"""One document on its way out: streamed from disk, and watched so that it stays the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor

from argyle_nb.documents import Document, inspect_document
from argyle_nb.errors import AmbiguousUploadError, DecodeError, DocumentError
from argyle_nb.models import UserUpload, decode, is_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from argyle_nb.transport import Transport

_PATIENCE_SECONDS = 120
_SLOWEST_BYTES_PER_SECOND = 64 * 1024


def send_file(
    transport: Transport,
    path: str,
    file: Path | str | Document,
    fields: Mapping[str, str],
    progress: Callable[[int, int], None] | None = None,
) -> UserUpload:
    """Send one document as a multipart form (source: Argyle API reference, user uploads).

    Parameters
    ----------
    transport
        Where to.
    path
        The API's path.
    file
        A path, or what `inspect_document` gave.
    fields
        The form's other fields.
    progress
        Called with (bytes sent, bytes in all).

    Returns
    -------
    UserUpload
        As the service took it; it has an id.

    Raises
    ------
    DocumentError
        Before anything is sent: the file is impossible, or not the one that was inspected.
    AmbiguousUploadError
        The answer is unclear, or the file changed while it was sent.

    Examples
    --------
    >>> send_file(transport, "/v2/user-uploads", "w2.pdf", fields)  # doctest: +SKIP
    """
    document = _inspected(file)
    with document.path.open("rb") as stream:
        before = _state_of(stream)
        part = (document.name, stream, document.media_type)
        encoder = MultipartEncoder({**fields, "upload": part})
        answer = transport.post_document(
            path,
            _monitored(encoder, progress),
            encoder.content_type,
            _PATIENCE_SECONDS + encoder.len / _SLOWEST_BYTES_PER_SECOND,
        )
        if _state_of(stream) != before:
            raise _doubtful(document, "the file changed while it was sent")
    return _taken(document, answer)


def _inspected(file: Path | str | Document) -> Document:
    """Look at a file now, even if it was looked at before: it may have been replaced since."""
    if not isinstance(file, Document):
        return inspect_document(file)
    if inspect_document(file.path).sha256 != file.sha256:
        raise DocumentError(file.path, "has changed since it was looked at; look at it again")
    return file


def _state_of(stream: BinaryIO) -> tuple[int, int]:
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


def _monitored(
    encoder: MultipartEncoder, progress: Callable[[int, int], None] | None
) -> MultipartEncoderMonitor:
    total = encoder.len
    return MultipartEncoderMonitor(
        encoder, lambda monitor: progress(monitor.bytes_read, total) if progress else None
    )


def _taken(document: Document, answer: bytes) -> UserUpload:
    try:
        upload = decode(answer, UserUpload)
    except DecodeError as error:
        raise _doubtful(document, f"the service said yes, but unreadably ({error})") from None
    if not is_uuid(upload.id):
        raise _doubtful(document, "the service said yes, but gave no id")
    return upload


def _doubtful(document: Document, what: str) -> AmbiguousUploadError:
    return AmbiguousUploadError(
        f"{document.name}: {what}. List the user's uploads before you send it again"
    )
