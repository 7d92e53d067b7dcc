"""Request bodies: JSON, and multipart forms whose document goes to disk as it arrives."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.problems import bad_request, too_large, too_slow, unsupported_media

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.requests import Request

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
HEIC = "image/heic"
HEAD_BYTES = 1024  # in which a PDF's header may stand anywhere
MAX_NAME_CHARACTERS = 255
PARTS = frozenset({"user", "document_type", "upload"})

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_EXTENDED_NAME = re.compile(r"filename\*=(?:utf-8|UTF-8)'[^']*'([^;]*)")


def media_type(head: bytes) -> str | None:
    """Return the media type of one of the four formats that Argyle takes, else ``None``.

    The first bytes tell, never the name.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    return PDF if b"%PDF-" in head else None


@dataclass
class UploadedFile:
    """One `upload` part on disk."""

    path: Path
    file_name: str
    size: int = 0
    head: bytes = b""

    @property
    def media_type(self) -> str:
        """Of the four formats; empty for anything else."""
        return media_type(self.head) or ""


@dataclass
class MultipartForm:
    """A multipart form: text fields, the first document, how many `upload` parts there were.

    Parts of other names are passed over.
    """

    fields: dict[str, str] = field(default_factory=dict)
    document: UploadedFile | None = None
    upload_parts: int = 0


async def limited_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces; 413 beyond `limit` bytes, 408 when nothing comes for a while."""
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large(limit)
    received = 0
    pieces = request.stream()
    while piece := await _next(pieces):
        received += len(piece)
        if received > limit:
            raise too_large(limit)
        yield piece


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    try:
        async with asyncio.timeout(limits.BODY_PAUSE_SECONDS):
            return await anext(pieces, b"")
    except TimeoutError:
        raise too_slow() from None


async def json_body(request: Request) -> Any:
    """Read a JSON body; an empty one is ``{}``."""
    content_type = request.headers.get("content-type", "application/json")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise unsupported_media(content_type)
    body = b"".join([piece async for piece in limited_body(request, limits.MAX_JSON_BYTES)])
    try:
        return json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise bad_request("JSON parse error: the body is not valid JSON.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


@asynccontextmanager
async def received_form(
    request: Request, open_file: Callable[[], tuple[Path, BinaryIO]]
) -> AsyncIterator[MultipartForm]:
    """Receive a multipart form; a document that nobody moved away is gone afterwards."""
    reader = _FormReader(open_file)
    try:
        await _feed(request, reader)
        yield reader.form
    finally:
        reader.close()
        if reader.form.document is not None:
            reader.form.document.path.unlink(missing_ok=True)


async def _feed(request: Request, reader: _FormReader) -> None:
    try:
        parser = MultipartParser(_boundary(request), reader.callbacks())
        limit = limits.MAX_UPLOAD_BYTES + limits.MAX_FORM_OVERHEAD_BYTES
        async for piece in limited_body(request, limit):
            parser.write(piece)
    except FormParserError:
        raise bad_request("Multipart form parse error: the form is malformed.") from None
    if not reader.complete:
        raise bad_request("Multipart form parse error: the form ends too early.")


def _boundary(request: Request) -> bytes:
    header = request.headers.get("content-type", "")
    content_type, options = parse_options_header(header)
    if content_type != b"multipart/form-data":
        raise unsupported_media(header)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise bad_request("Multipart form parse error: Invalid boundary in multipart.")
    return boundary


class _FormReader:
    """Takes the events of the multipart parser: text to memory, one document to disk."""

    def __init__(self, open_file: Callable[[], tuple[Path, BinaryIO]]) -> None:
        self.form = MultipartForm()
        self.complete = False
        self._open_file = open_file
        self._file: BinaryIO | None = None
        self._parts = 0
        self._name = ""
        self._text: bytearray | None = None
        self._header = (bytearray(), bytearray())
        self._disposition = b""

    def callbacks(self) -> Any:
        """Return the parser's events and who takes them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def close(self) -> None:
        """End the part that is being received."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._text is not None:
            self.form.fields[self._name] = self._text.decode(errors="replace")
            self._text = None

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > limits.MAX_PARTS:
            raise bad_request(f"A form has at most {limits.MAX_PARTS} parts.")
        self._disposition = b""

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode(errors="replace")
        file_name = _file_name(self._disposition, options)
        if file_name is None and self._name in PARTS:
            self._text = bytearray()
        elif file_name is not None and self._name == "upload":
            self._begin_document(file_name)

    def _begin_document(self, file_name: str) -> None:
        self.form.upload_parts += 1
        if self.form.document is None:
            path, self._file = self._open_file()
            self.form.document = UploadedFile(path, file_name)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            self._text.extend(data[start:end])
            if len(self._text) > limits.MAX_FIELD_BYTES:
                raise bad_request(f"A text field has at most {limits.MAX_FIELD_BYTES} bytes.")
        elif self._file is not None and self.form.document is not None:
            self._take_document(self.form.document, data[start:end])

    def _take_document(self, document: UploadedFile, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
        document.size += len(data)
        if len(document.head) < HEAD_BYTES:
            document.head = (document.head + data)[:HEAD_BYTES]

    def _end(self) -> None:
        self.complete = True


def _file_name(disposition: bytes, options: dict[bytes, bytes]) -> str | None:
    """Return the client's name for the file, without folders; ``None`` when it is no file."""
    name = options.get(b"filename")
    if name is not None:
        return plain_name(name.decode(errors="replace"))
    extended = _EXTENDED_NAME.search(disposition.decode("latin-1"))
    return plain_name(unquote(extended[1])) if extended else None


def plain_name(name: str) -> str:
    """Return the last part of a client's path, printable, at most 255 characters, never empty."""
    last = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[:MAX_NAME_CHARACTERS] or "document"
