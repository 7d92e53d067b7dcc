"""One file on disk: what it is, whether it is whole and may be sent, and its SHA-256."""

from __future__ import annotations

import hashlib
import logging
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

# Ocrolus publishes 200 MB for one upload; Argyle publishes no limit.
MAX_DOCUMENT_BYTES = 200_000_000
# Media type, by content -> extension: the formats that Argyle lists.
EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
}

ENCRYPTED = "the PDF is encrypted: if it asks for a password, the service cannot read it"

# A PDF may begin anywhere in these.
HEAD_BYTES = 1024

_BLOCK_BYTES = 1 << 20
_MAX_NAME_BYTES, _MAX_EXTENSION_BYTES = 150, 16
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

# Readers look for a PDF's end mark in the last 1,024 bytes; some scanners pad further.
_TAIL_BYTES = 4096
_SEARCH_BYTES = 1 << 16
_CUT_OFF = "it was cut off; save or fetch it again"

_START = re.compile(rb"startxref\s+(\d+)")
_XREF = re.compile(rb"\s*(xref|\d+\s+\d+\s+obj)")
_ENCRYPT = re.compile(rb"/Encrypt\s*(\d+\s+\d+\s+R|<<)")

_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True)
class Document:
    """A file that may be sent.

    Parameters
    ----------
    path
        Where it is.
    name
        Its base name as it is sent, see `safe_name`.
    size
        Bytes.
    sha256
        Hexadecimal digest of its content.
    media_type
        By content, not by extension: PDF, JPEG, PNG or HEIC.
    problems
        What does not keep it from being sent, but may keep the service from reading it.
    """

    path: Path
    name: str
    size: int
    sha256: str
    media_type: str
    problems: tuple[str, ...] = ()

    @cached_property
    def pages(self) -> int | None:
        """Pages of a PDF, counted when first asked for; ``None`` for others and unreadable ones."""
        if self.media_type != "application/pdf":
            return None
        with self.path.open("rb") as file:
            return page_count(file)


def inspect_document(
    path: Path | str, *, max_bytes: int = MAX_DOCUMENT_BYTES, strict: bool = False
) -> Document:
    """Look at one file as it will be sent.

    Parameters
    ----------
    path
        A whole PDF, JPEG, PNG or HEIC.
    max_bytes
        The largest allowed size; by default 200 MB, which Ocrolus publishes for one upload (Argyle
        publishes no limit).
    strict
        Refuse an encrypted PDF, which otherwise only has a problem.

    Returns
    -------
    Document
        Name, size, SHA-256, media type by content, pages if it is a PDF, problems.

    Raises
    ------
    DocumentError
        Missing, a folder, not an ordinary file, unreadable, empty, too large, of another type, cut
        off, damaged or (strict) encrypted; it says which, and the cure.

    Examples
    --------
    >>> inspect_document("nowhere.pdf")
    Traceback (most recent call last):
    argyle_nb.errors.DocumentError: nowhere.pdf: there is no such file; check the path
    """
    path = Path(path)
    try:
        _check_size(path, max_bytes)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            media_type = media_type_of(head)
            if media_type is None:
                raise DocumentError(
                    path, "is not a PDF, JPEG, PNG or HEIC by its content; save it as one of these"
                )
            sha256, size = _digest(file)
            problems = _problems(path, file, media_type, size)
    except OSError as error:
        raise DocumentError(path, f"cannot be read ({error.strerror}); check its rights") from None
    if problems and strict:
        raise DocumentError(path, f"{problems[0]}; save it without one")
    return Document(path, safe_name(path.name), size, sha256, media_type, problems)


def media_type_of(head: bytes) -> str | None:
    """Name a document's media type by its first bytes."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "image/heic"
    return "application/pdf" if b"%PDF-" in head[:HEAD_BYTES] else None


def safe_name(name: str) -> str:
    r"""Make a file name safe to send and to show, whoever chose it.

    Parameters
    ----------
    name
        As a browser or a file system gave it; a path is cut to its last part.

    Returns
    -------
    str
        Control and direction-changing characters become ``_``; at most 150 bytes of UTF-8, the
        extension kept.

    Examples
    --------
    >>> safe_name("../../etc/pay\u202estub.pdf")
    'pay_stub.pdf'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(c if c.isprintable() else "_" for c in last).lstrip(" .").rstrip()
    stem, dot, extension = clean.rpartition(".")
    tail = dot + extension
    if not stem or len(tail.encode()) > _MAX_EXTENSION_BYTES:
        stem, tail = clean, ""
    stem = stem.encode()[: _MAX_NAME_BYTES - len(tail.encode())].decode("utf-8", "ignore")
    return (stem.rstrip() or "document") + tail


def _check_size(path: Path, max_bytes: int) -> None:
    if not path.exists():
        raise DocumentError(path, "there is no such file; check the path")
    if path.is_dir():
        raise DocumentError(path, "is a folder, not a document; name the files in it")
    if not path.is_file():
        raise DocumentError(path, "is not an ordinary file; copy the document to one")
    size = path.stat().st_size
    if size == 0:
        raise DocumentError(path, "is empty (0 bytes); save or scan it again")
    if size > max_bytes:
        raise DocumentError(
            path,
            f"is {size / 1e6:.1f} MB, over the limit of {max_bytes / 1e6:.0f} MB; "
            "split it or scan it at a lower resolution",
        )


def _digest(file: BinaryIO) -> tuple[str, int]:
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _problems(path: Path, file: BinaryIO, media_type: str, size: int) -> tuple[str, ...]:
    damage = damage_of(file, media_type, size)
    if damage:
        raise DocumentError(path, damage)
    if media_type == "application/pdf" and is_encrypted(file, size):
        return (ENCRYPTED,)
    return ()


def damage_of(file: BinaryIO, media_type: str, size: int) -> str | None:
    """Say what is broken in a document and the cure; nothing where it is whole."""
    return _CHECKS[media_type](file, size)


def is_encrypted(file: BinaryIO, size: int) -> bool:
    """Tell whether a PDF is encrypted; whether it also asks for a password is not looked at."""
    tail = _read_at(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    start = _START.findall(tail)
    table = _read_at(file, int(start[-1]), HEAD_BYTES * 2) if start else b""
    return bool(_ENCRYPT.search(tail) or _ENCRYPT.search(table))


def page_count(file: BinaryIO) -> int | None:
    """Count the pages of a PDF, mended where it is damaged, unless it cannot be read."""
    from pypdf import PdfReader  # noqa: PLC0415 - half a second that few need

    # It logs each thing that it mends.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted:
            reader.decrypt("")
        return len(reader.pages) or None
    except Exception:  # noqa: BLE001 - hostile files break a parser in any way there is
        return None


def _pdf_damage(file: BinaryIO, size: int) -> str | None:
    tail = _read_at(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    if b"%%EOF" not in tail:
        return f"the PDF has no end mark (%%EOF): {_CUT_OFF}"
    start = _START.findall(tail)
    begin = max(0, _read_at(file, 0, HEAD_BYTES).find(b"%PDF-"))
    # Some writers count from the header, others from the first byte.
    places = {int(start[-1]), int(start[-1]) + begin} if start else set()
    if any(_XREF.match(_read_at(file, place, 32)) for place in places):
        return None
    file.seek(0)
    if page_count(file):
        return None
    return "the PDF is damaged: no pages can be found in it; open it and save it anew"


def _jpeg_damage(file: BinaryIO, _: int) -> str | None:
    """Walk to the picture's scan: behind it an end mark can be nothing but the end."""
    position, framed = 2, False
    while True:
        head = _read_at(file, position, 4)
        if len(head) < 4 or head[0] != 0xFF:  # noqa: PLR2004 - a marker and its length
            return f"the JPEG has no picture in it: {_CUT_OFF}"
        kind = head[1]
        framed |= kind in _JPEG_FRAMES
        if kind == _JPEG_SCAN and framed:
            break
        skips_one = kind == 0xFF  # noqa: PLR2004 - a fill byte
        bare = 2 * (kind in _JPEG_BARE)
        position += 1 if skips_one else bare or 2 + int.from_bytes(head[2:4])
    if _has_mark(file, position, bytes([0xFF, _JPEG_END])):
        return None
    return f"the JPEG has no end mark: {_CUT_OFF}"


def _has_mark(file: BinaryIO, position: int, mark: bytes) -> bool:
    file.seek(position)
    last = b""
    while block := file.read(_SEARCH_BYTES):
        if mark in last + block:
            return True
        last = block[-1:]
    return False


def _png_damage(file: BinaryIO, _: int) -> str | None:
    file.seek(8)
    kind = b""
    while kind != b"IEND":
        head = file.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        checksum = _checksum(file, length, zlib.crc32(kind))
        if len(head) < 8 or (end := file.read(4)) == b"" or len(end) < 4:  # noqa: PLR2004
            return f"the PNG has no end (IEND): {_CUT_OFF}"
        if int.from_bytes(end) != checksum:
            return "the PNG is damaged: a checksum in it is wrong; save or fetch it again"
    return None


def _checksum(file: BinaryIO, length: int, checksum: int) -> int:
    while length > 0 and (block := file.read(min(length, _SEARCH_BYTES))):
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    return checksum


def _heic_damage(file: BinaryIO, size: int) -> str | None:
    """Walk over the boxes: they fill the file, and one of them says where the picture is."""
    position, kinds = 0, set()
    while position < size:
        head = _read_at(file, position, 16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:])
        elif length == 0:
            length = size - position
        if length < 8 or position + length > size:  # noqa: PLR2004 - a box holds its own head
            return f"the HEIC ends in the middle of a part: {_CUT_OFF}"
        kinds.add(kind)
        position += length
    return None if b"meta" in kinds else f"the HEIC has no picture in it: {_CUT_OFF}"


def _read_at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


_CHECKS: dict[str, Callable[[BinaryIO, int], str | None]] = {
    "application/pdf": _pdf_damage,
    "image/jpeg": _jpeg_damage,
    "image/png": _png_damage,
    "image/heic": _heic_damage,
}
