"""Whether a PDF, JPEG, PNG or HEIC is whole, told from its structure without decoding it."""

from __future__ import annotations

import logging
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

# A PDF may begin anywhere in these.
HEAD_BYTES = 1024
# Readers look for a PDF's end mark in the last 1,024 bytes; some scanners pad further.
_TAIL_BYTES = 4096
_BLOCK_BYTES = 1 << 16
_CUT_OFF = "it was cut off; save or fetch it again"

_START = re.compile(rb"startxref\s+(\d+)")
_XREF = re.compile(rb"\s*(xref|\d+\s+\d+\s+obj)")
_ENCRYPT = re.compile(rb"/Encrypt\s*(\d+\s+\d+\s+R|<<)")

_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


def damage_of(file: BinaryIO, media_type: str, size: int) -> str | None:
    """Say what is broken in a document.

    Parameters
    ----------
    file
        Open for reading; its position is moved.
    media_type
        As its first bytes tell it.
    size
        Bytes.

    Returns
    -------
    str or None
        What is wrong and the cure, in words; ``None`` for a document that is whole.

    Examples
    --------
    >>> import io
    >>> damage_of(io.BytesIO(b"%PDF-1.7 and no end"), "application/pdf", 19)
    'the PDF has no end mark (%%EOF): it was cut off; save or fetch it again'
    """
    return _CHECKS[media_type](file, size)


def is_encrypted(file: BinaryIO, size: int) -> bool:
    """Tell whether a PDF is encrypted; whether it also asks for a password is not looked at.

    Parameters
    ----------
    file
        An open PDF; its position is moved.
    size
        Bytes.

    Examples
    --------
    >>> import io
    >>> is_encrypted(io.BytesIO(b"trailer << /Encrypt 5 0 R >>"), 28)
    True
    """
    tail = _read_at(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    start = _START.findall(tail)
    table = _read_at(file, int(start[-1]), HEAD_BYTES * 2) if start else b""
    return bool(_ENCRYPT.search(tail) or _ENCRYPT.search(table))


def page_count(file: BinaryIO) -> int | None:
    """Count the pages of a PDF, mended where it is damaged.

    Returns
    -------
    int or None
        ``None`` where they cannot be counted: a password is needed, or nothing can be read.

    Examples
    --------
    >>> import io
    >>> page_count(io.BytesIO(b"%PDF-1.7 nothing")) is None
    True
    """
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
    while block := file.read(_BLOCK_BYTES):
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
    while length > 0 and (block := file.read(min(length, _BLOCK_BYTES))):
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
