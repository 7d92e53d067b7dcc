"""One file on disk: what it is, whether it is whole and may be sent, and its SHA-256.

The check is cheap and in pure Python: how a file begins and ends, and whether its parts follow each
other. Only a PDF that is encrypted, or whose objects are not where it says, is opened, with PDFium
as viewers do, in a process of its own: a stranger's file must not hold up or crash a notebook.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

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

# Problems: what it is, and what it may mean.
PROTECTED = "the PDF is password-protected, so Argyle can't read it. Upload an unprotected copy."
OPEN_ENCRYPTED = (
    "the PDF is encrypted, but opens without a password. Argyle may not be able to read it."
)
ENCRYPTED = (
    "the PDF is encrypted. If it needs a password to open, Argyle can't read it. Upload an "
    "unprotected copy."
)
NO_END = "the PDF has no end marker (%%EOF). It may be incomplete."
FAR_END = (
    "the PDF continues after its end marker (%%EOF). It may be padded, or a change is incomplete."
)
NO_TABLE = (
    "the PDF's table of objects is wrong or missing. Viewers may repair it; Argyle may not be able "
    "to."
)
NO_IMAGE_END = "the image has no end marker. It may be incomplete, and part of it not shown."
BROKEN_PARTS = "part of the file beside its image is damaged. Some programs may not open it."
MANY_PARTS = "the file has an unusual number of parts. It was not checked to its end."

# A PDF may begin anywhere in these.
HEAD_BYTES = 1024

_BLOCK_BYTES = 1 << 20
_MAX_NAME_BYTES, _MAX_EXTENSION_BYTES = 150, 16
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

# Readers look for a PDF's end mark in the last 1,024 bytes; some scanners pad further.
_TAIL_BYTES = 4096
# An image of 200 MB has some thousands; each takes microseconds.
_MAX_PARTS = 100_000
_SEARCH_BYTES = 1 << 16
_AGAIN = "Save or download it again."

_START = re.compile(rb"startxref\s+(\d{1,12})(?!\d)")
_XREF = re.compile(rb"\s*(xref|\d+\s+\d+\s+obj)")
_ENCRYPT = re.compile(rb"/Encrypt\s*(\d+\s+\d+\s+R|<<)")

# A check takes no longer in all, but for the time in which a file is read at least at this rate: a
# network folder may be slow.
INSPECT_SECONDS = 5.0
_SLOWEST_BYTES_PER_SECOND = 1_000_000
PDFIUM_SECONDS = 3.0
# PDFium's error codes, negated.
_NO_PDF, _PASSWORD_NEEDED = -3, -4
_PDFIUM = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
except (ImportError, ValueError, OSError):
    pass  # not every system has these limits
import pypdfium2
try:
    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    if sys.argv[1] == "pages":
        print(len(document))
    else:
        text = document[0].get_textpage().get_text_range()
        sys.stdout.buffer.write(text[:200_000].encode("utf-8", "replace"))
except pypdfium2.PdfiumError as error:
    if sys.argv[1] == "pages":
        print(-error.err_code)
"""

_JPEG_SCAN_KIND = 0xDA
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]")
# What no viewer can do without; a wrong checksum elsewhere is passed over.
_PNG_IMAGE = frozenset({b"IHDR", b"PLTE", b"IDAT"})
_JPEG_SCAN, _JPEG_END = re.compile(rb"\xff\xda"), re.compile(rb"\xff\xd9")


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
        What does not keep it from being uploaded, but may keep Argyle from reading it.
    """

    path: Path
    name: str
    size: int
    sha256: str
    media_type: str
    # How much can be told of the same file may depend on how busy the machine is.
    problems: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def pages(self) -> int | None:
        """Pages of a PDF, counted when first asked for, in at most 3 s.

        ``None`` for images, and for a PDF that is damaged beyond repair, needs a password or takes
        longer.
        """
        answer = ask_pdfium(self.path) if self.media_type == "application/pdf" else None
        return answer if answer and answer > 0 else None


def inspect_document(
    path: Path | str, *, max_bytes: int = MAX_DOCUMENT_BYTES, strict: bool = False
) -> Document:
    """Check a file before upload: type, size, integrity, encryption.

    Parameters
    ----------
    path
        A PDF, JPEG, PNG or HEIC that viewers open.
    max_bytes
        The largest allowed size; by default 200 MB, which Ocrolus publishes for one upload (Argyle
        publishes no limit).
    strict
        Refuse what has a problem: an encrypted PDF, or damage that viewers repair.

    Returns
    -------
    Document
        Name, size, SHA-256, media type by content, pages if it is a PDF, problems.

    Raises
    ------
    DocumentError
        Missing, a folder, not a regular file, unreadable, empty, too large, of another type,
        incomplete or damaged so that viewers do not open it (or show only a part of a PNG), on a
        disk or network folder that gives less than 1 MB/s for 5 s, or (strict) with a problem. It
        says which, and what to do.

    Examples
    --------
    >>> inspect_document("nowhere.pdf")
    Traceback (most recent call last):
    argyle_nb.errors.DocumentError: nowhere.pdf: file not found. Check the path.
    """
    path = Path(path)
    answer: Future[Document] = Future()
    clock = _Deadline()

    def inspect() -> None:
        try:
            answer.set_result(_inspected(path, max_bytes, clock, strict=strict))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            answer.set_exception(error)

    # A disk or a network folder may not answer at all, and nothing ends a thread that asks it.
    threading.Thread(target=inspect, name="argyle-inspect", daemon=True).start()
    while not answer.done() and clock.left > 0:
        wait([answer], clock.left)
    if not answer.done():
        raise _too_slow(path)
    return answer.result()


def _inspected(path: Path, max_bytes: int, clock: _Deadline, *, strict: bool) -> Document:
    try:
        _check_size(path, max_bytes)
        with path.open("rb") as opened:
            file = cast("BinaryIO", _TimedFile(opened, clock))
            head = file.read(HEAD_BYTES)
            media_type = media_type_of(head)
            if media_type is None:
                raise DocumentError(
                    path,
                    "not a PDF, JPEG, PNG or HEIC file (checked by content, not by name). Convert "
                    "it and try again.",
                )
            sha256, size = _digest(file, max_bytes)
            _check_limit(path, size, max_bytes)  # it may have grown
            problems = problems_of(path, file, media_type, size)
    except TimeoutError:
        raise _too_slow(path) from None
    except OSError as error:
        raise DocumentError(
            path, f"can't read the file ({error.strerror}). Check the file permissions."
        ) from None
    if problems and strict:
        raise DocumentError(path, f"{problems[0]} Open it and save it again, without a password.")
    return Document(path, safe_name(path.name), size, sha256, media_type, problems)


def _too_slow(path: Path) -> DocumentError:
    return DocumentError(
        path,
        "reading the file takes too long. Copy it to a faster disk and try again.",
    )


class _Deadline:
    """When a check has to end; what is read fast enough puts it off."""

    def __init__(self) -> None:
        self._at = time.monotonic() + INSPECT_SECONDS

    @property
    def left(self) -> float:
        return self._at - time.monotonic()

    def note_read(self, size: int, seconds: float) -> None:
        """Put it off by the time of a read, or by what that should have taken."""
        self._at += min(seconds, size / _SLOWEST_BYTES_PER_SECOND)


class _TimedFile:
    """A file that is read until a deadline."""

    def __init__(self, file: BinaryIO, clock: _Deadline) -> None:
        self._file, self._clock = file, clock
        self.seek = file.seek

    def read(self, size: int = -1) -> bytes:
        """Read bytes."""
        if self._clock.left <= 0:
            raise TimeoutError
        began = time.monotonic()
        block = self._file.read(size)
        self._clock.note_read(len(block), time.monotonic() - began)
        return block


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
        raise DocumentError(path, "file not found. Check the path.")
    if path.is_dir():
        raise DocumentError(path, "this is a folder, not a document. Name the files in it.")
    if not path.is_file():
        raise DocumentError(path, "not a regular file. Copy the document to one.")
    size = path.stat().st_size
    if size == 0:
        raise DocumentError(path, "the file is empty (0 bytes). Save or scan it again.")
    _check_limit(path, size, max_bytes)


def _check_limit(path: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DocumentError(
            path,
            f"the file is {size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.0f} MB. "
            "Split it or scan it at a lower resolution.",
        )


def _digest(file: BinaryIO, max_bytes: int) -> tuple[str, int]:
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while size <= max_bytes and (block := file.read(_BLOCK_BYTES)):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def problems_of(path: Path, file: BinaryIO, media_type: str, size: int) -> tuple[str, ...]:
    """Say what may keep Argyle from reading a document; refuse what viewers do not open."""
    return _CHECKS[media_type](path, file, size)


class PdfEnd(NamedTuple):
    """How a PDF ends."""

    mark: int  # where the last end mark begins, or -1
    has_table: bool  # there is a table of the objects where the end says
    is_encrypted: bool  # whether it asks for a password is not known


def pdf_end(file: BinaryIO, size: int) -> PdfEnd:
    """Read how a PDF ends, without reading its objects."""
    mark = _find_last(file, b"%%EOF", size)
    stop = size if mark < 0 else mark
    tail = _read_at(file, max(0, stop - _TAIL_BYTES), min(stop, _TAIL_BYTES))
    start = _START.findall(tail)
    begin = max(0, _read_at(file, 0, HEAD_BYTES).find(b"%PDF-"))
    # Some writers count from the header, others from the first byte.
    places = {int(start[-1]), int(start[-1]) + begin} if start else set()
    tables = [_read_at(file, place, HEAD_BYTES * 2) for place in places]
    return PdfEnd(
        mark,
        any(_XREF.match(table[:32]) for table in tables),
        any(_ENCRYPT.search(part) for part in (tail, *tables)),
    )


def ask_pdfium(path: Path) -> int | None:
    """Count a PDF's pages in a process of its own.

    A negative number is PDFium's error code; nothing is told where that process crashes or does not
    end in time.
    """
    try:
        return int(_said_by_pdfium(path, "pages"))
    except ValueError:
        return None


def first_page_text(path: Path) -> str:
    """Read the text of a PDF's first page in a process of its own, in at most 3 s."""
    return _said_by_pdfium(path, "text").decode("utf-8", "replace")


def _said_by_pdfium(path: Path, what: str) -> bytes:
    """Ask for the "pages" or the "text" of a PDF; nothing where there is no answer in time."""
    # -P: it imports nothing from the folder that the notebook happens to be in.
    command = [sys.executable, "-P", "-c", _PDFIUM, what]
    try:
        with path.open("rb") as file:
            return subprocess.run(  # noqa: S603 - a fixed command
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=PDFIUM_SECONDS,
                check=True,
            ).stdout
    except (OSError, subprocess.SubprocessError):
        return b""


def _pdf_problems(path: Path, file: BinaryIO, size: int) -> tuple[str, ...]:
    end = pdf_end(file, size)
    answer = ask_pdfium(path) if end.is_encrypted or not end.has_table else None
    if not end.has_table and answer in (0, _NO_PDF):
        raise DocumentError(
            path,
            f"the PDF is incomplete (no %%EOF marker). {_AGAIN}"
            if end.mark < 0
            else "the PDF is damaged (it has no readable pages). Open it and save it again.",
        )
    is_protected, is_open = answer == _PASSWORD_NEEDED, bool(answer and answer > 0)
    return _named(
        {
            PROTECTED: is_protected,
            OPEN_ENCRYPTED: end.is_encrypted and is_open,
            ENCRYPTED: end.is_encrypted and not is_open and not is_protected,
            NO_END: end.mark < 0,
            FAR_END: 0 <= end.mark < size - _TAIL_BYTES,
            NO_TABLE: not end.has_table,
        }
    )


def _jpeg_problems(path: Path, file: BinaryIO, size: int) -> tuple[str, ...]:
    scan, is_whole = _jpeg_scan(file, size)
    if scan is None:
        raise DocumentError(path, f"the JPEG is incomplete (no image in it). {_AGAIN}")
    # Behind the scan's begin, an end mark can be nothing but the end.
    has_no_end = _find(file, _JPEG_END, scan, size) is None
    return _named({BROKEN_PARTS: not is_whole, NO_IMAGE_END: has_no_end})


def _jpeg_scan(file: BinaryIO, size: int) -> tuple[int | None, bool]:
    """Walk to the image's scan; tell where it is, and whether all parts before it are whole."""
    position, framed = 2, False
    for _ in range(_MAX_PARTS):
        head = _read_at(file, position, 4)
        if len(head) < 4:  # noqa: PLR2004 - a marker and its length
            break
        if head[0] != 0xFF:  # noqa: PLR2004 - the part before has a wrong length
            frame = position if framed else _find(file, _JPEG_FRAME, position, size)
            return (None if frame is None else _find(file, _JPEG_SCAN, frame, size)), False
        kind = head[1]
        framed |= kind in _JPEG_FRAMES
        if kind == _JPEG_SCAN_KIND and framed:
            return position, True
        skips_one = kind == 0xFF  # noqa: PLR2004 - a fill byte
        bare = 2 * (kind in _JPEG_BARE)
        position += 1 if skips_one else bare or 2 + int.from_bytes(head[2:4])
    return None, False


def _find(file: BinaryIO, mark: re.Pattern[bytes], position: int, stop: int) -> int | None:
    """Tell where a mark of two bytes comes first, between two positions."""
    file.seek(position)
    last = b""
    while block := file.read(min(_SEARCH_BYTES, max(0, stop - position))):
        if hit := mark.search(last + block):
            return position - len(last) + hit.start()
        position += len(block)
        last = block[-1:]
    return None


def _find_last(file: BinaryIO, mark: bytes, stop: int) -> int:
    while stop > 0:
        start = max(0, stop - _BLOCK_BYTES)
        place = _read_at(file, start, stop - start + len(mark) - 1).rfind(mark)
        if place >= 0:
            return start + place
        stop = start
    return -1


def _png_problems(path: Path, file: BinaryIO, size: int) -> tuple[str, ...]:
    position, has_image, broken = 8, False, False
    for _ in range(_MAX_PARTS):
        head = _read_at(file, position, 8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        position += 12 + length
        if kind == b"IDAT" and position - 4 > size:
            raise DocumentError(path, f"the PNG is incomplete (its image ends early). {_AGAIN}")
        has_image |= kind == b"IDAT"
        if position <= size and not _is_intact(file, length, kind):
            if kind in _PNG_IMAGE:
                raise DocumentError(path, f"the PNG is damaged (wrong checksum). {_AGAIN}")
            broken = True
        if kind == b"IEND" or position > size:
            break
    else:
        return (MANY_PARTS,)
    if not has_image:
        raise DocumentError(path, f"the PNG is incomplete (no image in it). {_AGAIN}")
    return _named({BROKEN_PARTS: broken, NO_IMAGE_END: position > size})


def _is_intact(file: BinaryIO, length: int, kind: bytes) -> bool:
    checksum = zlib.crc32(kind)
    while length > 0 and (block := file.read(min(length, _SEARCH_BYTES))):
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    return checksum == int.from_bytes(file.read(4))


def _named(problems: dict[str, bool]) -> tuple[str, ...]:
    return tuple(problem for problem, is_there in problems.items() if is_there)


def _heic_problems(path: Path, file: BinaryIO, size: int) -> tuple[str, ...]:
    """Walk over the boxes: they fill the file, and one of them says where the image is."""
    kinds: set[bytes] = set()
    position = 0
    for _ in range(_MAX_PARTS):
        if position >= size:
            break
        head = _read_at(file, position, 16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:])
        elif length == 0:
            length = size - position
        if length < 8 or position + length > size:  # noqa: PLR2004 - a box holds its own head
            if kind != b"mdat" and {b"meta", b"mdat"} <= kinds:
                return (BROKEN_PARTS,)  # some cameras write on behind the image
            raise DocumentError(path, f"the HEIC is incomplete (it ends early). {_AGAIN}")
        kinds.add(kind)
        position += length
    if b"meta" not in kinds:
        raise DocumentError(path, f"the HEIC is incomplete (no image in it). {_AGAIN}")
    return () if position >= size else (MANY_PARTS,)


def _read_at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


_CHECKS: dict[str, Callable[[Path, BinaryIO, int], tuple[str, ...]]] = {
    "application/pdf": _pdf_problems,
    "image/jpeg": _jpeg_problems,
    "image/png": _png_problems,
    "image/heic": _heic_problems,
}
