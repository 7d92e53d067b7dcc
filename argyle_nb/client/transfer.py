"""One document on its way out: streamed from disk, and hashed so that it stays the same."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING

from requests_toolbelt import MultipartEncoder

from argyle_nb.documents import Document, inspect_document
from argyle_nb.errors import AmbiguousUploadError, DecodeError, DocumentError
from argyle_nb.models import UserUpload, decode, is_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from pathlib import Path
    from typing import BinaryIO

    from argyle_nb.client.transport import Transport

_PATIENCE_SECONDS = 120
_BLOCK_BYTES = 1 << 19
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
        The file is impossible, or has changed since it was inspected; then the request is broken
        off before its end, so that nothing of it can be stored.
    AmbiguousUploadError
        The answer is unclear.

    Examples
    --------
    >>> send_file(transport, "/v2/user-uploads", "w2.pdf", fields)  # doctest: +SKIP
    """
    document = file if isinstance(file, Document) else inspect_document(file)
    try:
        stream = document.path.open("rb")
    except OSError as error:
        raise DocumentError(document.path, f"cannot be read ({error.strerror})") from None
    with stream, ThreadPoolExecutor(1) as reader:
        if os.fstat(stream.fileno()).st_size != document.size:
            raise _changed(document)
        form = MultipartEncoder({**fields, "upload": (document.name, b"", document.media_type)})
        body = _Body(form, _unchanged(document, stream, reader), document.size, progress)
        answer = transport.post_document(
            path,
            body,
            form.content_type,
            _PATIENCE_SECONDS + body.len / _SLOWEST_BYTES_PER_SECOND,
        )
    return _taken(document, answer)


class _Body:
    """The form with the document in it, given in blocks that keep a fast network busy."""

    def __init__(
        self,
        form: MultipartEncoder,
        document: Iterable[bytes],
        size: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        empty: bytes = form.to_string()
        # The document goes where the empty one ends: before the closing boundary.
        end = empty.rindex(b"\r\n--")
        self.len = len(empty) + size
        self._blocks = chain([empty[:end]], document, [empty[end:]])
        self._sent, self._progress = 0, progress

    def read(self, _: int = -1) -> bytes:
        """Give the next block; another number of bytes than asked for does no harm here."""
        block = next(self._blocks, b"")
        self._sent += len(block)
        # Who asks beyond the end has sent the whole request; nobody may break it off any more.
        if block and self._progress:
            self._progress(self._sent, self.len)
        return block


def _unchanged(document: Document, stream: BinaryIO, reader: Executor) -> Iterator[bytes]:
    """Give a document's bytes, each block read and hashed while the one before it leaves.

    The last block leaves only if nothing has changed. The form's end is then still to come, so a
    service never holds a whole request with other bytes than those that were looked at.
    """
    digest, left = hashlib.sha256(), document.size

    def read() -> bytes:
        block = stream.read(min(left, _BLOCK_BYTES))
        digest.update(block)
        return block

    ahead = reader.submit(read)
    while left:
        block = ahead.result()
        left -= len(block)
        if not block or (not left and not _is_same(document, digest.hexdigest())):
            raise _changed(document)
        if left:
            ahead = reader.submit(read)
        yield block


def _changed(document: Document) -> DocumentError:
    return DocumentError(
        document.path, "has changed since it was looked at, and was not sent; try again"
    )


def _is_same(document: Document, sha256: str) -> bool:
    return document.sha256 == sha256


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
