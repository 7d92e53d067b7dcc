"""Documents out and in again: streamed, sent as they were inspected, saved whole or not at all."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from urllib3 import encode_multipart_formdata

from argyle_nb.client.responses import RedactedBytes, body_blocks
from argyle_nb.client.retry import BROKEN
from argyle_nb.documents import (
    EXTENSIONS,
    HEAD_BYTES,
    MAX_DOCUMENT_BYTES,
    Document,
    inspect_document,
    media_type_of,
)
from argyle_nb.errors import (
    AmbiguousUploadError,
    ApiError,
    DecodeError,
    DocumentError,
    TransportError,
)
from argyle_nb.models import UserUpload, decode, is_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from typing import BinaryIO

    import requests

    from argyle_nb.client.transport import Transport

DOWNLOAD_SECONDS = 3600.0

# How long to wait for the answer to an upload.
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
    """Send one document as a multipart form (source: Argyle API reference, user uploads)."""
    document = file if isinstance(file, Document) else inspect_document(file)
    try:
        stream = document.path.open("rb")
    except OSError as error:
        raise DocumentError(
            document.path, f"can't read the file ({error.strerror}). Check the file permissions."
        ) from None
    with stream, ThreadPoolExecutor(1) as reader:
        if os.fstat(stream.fileno()).st_size != document.size:
            raise _changed(document)
        form, content_type = encode_multipart_formdata(
            {**fields, "upload": (document.name, b"", document.media_type)}
        )
        body = _Body(form, _unchanged(document, stream, reader), document.size, progress)
        answer = transport.post_document(
            path,
            body,
            content_type,
            _PATIENCE_SECONDS + body.len / _SLOWEST_BYTES_PER_SECOND,
        )
    return _taken(document, answer)


class _Body:
    """The form with the document in it, given in blocks that keep a fast network busy."""

    def __init__(
        self,
        form: bytes,
        document: Iterable[bytes],
        size: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        # The document goes where the form's empty one ends: before the closing boundary.
        end = form.rindex(b"\r\n--")
        self.len = len(form) + size
        self._blocks = chain([form[:end]], document, [form[end:]])
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
        document.path, "the file changed after it was checked, and was not uploaded. Try again."
    )


def _is_same(document: Document, sha256: str) -> bool:
    return document.sha256 == sha256


def _taken(document: Document, answer: bytes) -> UserUpload:
    try:
        upload = decode(answer, UserUpload)
    except DecodeError as error:
        what = f"a response that can't be read ({error})"
        raise _doubtful(document, what) from None
    if not is_uuid(upload.id):
        raise _doubtful(document, "no upload ID")
    return upload


def _doubtful(document: Document, what: str) -> AmbiguousUploadError:
    return AmbiguousUploadError(
        f"{document.name}: Argyle accepted the upload, but returned {what}. Check "
        "client.list_uploads(user=...) before you send it again."
    )


class Digest(NamedTuple):
    """The size of a document, and its SHA-256 where it was read to its end."""

    bytes: int
    sha256: str | None


def digest_document(
    answer: requests.Response, name: str, sizes: Container[int] | None = None
) -> Digest:
    """Hash an answer's body as it arrives, and keep nothing of it.

    Where its head tells a size that is none of ``sizes``, the rest is not read.
    """
    _check_end_is_told(answer, name)
    try:
        head, _, blocks = _document_in(answer, name)
        told = answer.headers.get("Content-Length", "")
        is_told = told.isdigit() and "Content-Encoding" not in answer.headers
        if sizes is not None and is_told and int(told) not in sizes:
            return Digest(int(told), None)
        size, digest = 0, hashlib.sha256()
        for block in chain([head], blocks):
            size += len(block)
            digest.update(block)
    except BROKEN as error:
        raise _interrupted(name, error) from None
    return Digest(size, digest.hexdigest())


def save_document(answer: requests.Response, folder: Path | str, name: str) -> Path:
    """Write an answer's body to ``<folder>/<name>.<extension by content>``.

    The caller vouches that ``name`` is no path.
    """
    folder = Path(folder)
    _check_end_is_told(answer, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _saved(answer, folder, name)
    except BROKEN as error:
        raise _interrupted(name, error) from None
    except OSError as error:
        raise DocumentError(
            folder / name,
            f"can't write the file ({error.strerror}). Check permissions and free space.",
        ) from None


def _interrupted(name: str, error: Exception) -> TransportError:
    return TransportError(
        f"The download of {name} was interrupted ({type(error).__name__}). Try again."
    )


def _check_end_is_told(answer: requests.Response, name: str) -> None:
    """Refuse a body that ends where the connection does: cut short it would look whole."""
    chunked = answer.headers.get("Transfer-Encoding", "").lower() == "chunked"
    if not chunked and not answer.headers.get("Content-Length", "").isdigit():
        raise TransportError(
            f"Can't verify the download of {name}: the response has no Content-Length. A proxy may "
            "be removing it."
        )


def _saved(answer: requests.Response, folder: Path, name: str) -> Path:
    from argyle_nb.storage import atomic_write  # noqa: PLC0415 - pandas comes with it

    head, media_type, blocks = _document_in(answer, name)
    path = folder / f"{name}{EXTENSIONS[media_type]}"
    with atomic_write(path) as file:
        file.writelines(chain([head], blocks))
    return path


def _document_in(answer: requests.Response, name: str) -> tuple[bytes, str, Iterator[bytes]]:
    """Give the head of a body, its media type, and the blocks after it."""
    blocks = body_blocks(answer, MAX_DOCUMENT_BYTES, DOWNLOAD_SECONDS)
    head = _head_of(blocks)
    media_type = media_type_of(head)
    if media_type is None:
        raise ApiError(f"Upload {name}: the download is not a PDF, JPEG, PNG or HEIC file.")
    return head, media_type, blocks


def _head_of(blocks: Iterator[bytes]) -> bytes:
    """Read as much as it takes to tell what a document is."""
    head = RedactedBytes()
    for block in blocks:
        head = RedactedBytes(head + block)
        if len(head) >= HEAD_BYTES:
            break
    return head
