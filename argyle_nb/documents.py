"""One file on disk: what it is, whether it may be sent, and its SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.document_checks import (
    HEAD_BYTES,
    damage_of,
    is_encrypted,
    page_count,
)
from argyle_nb.errors import DocumentError

if TYPE_CHECKING:
    from typing import BinaryIO

# Ocrolus publishes 200 MB for one upload; Argyle publishes no limit.
MAX_DOCUMENT_BYTES = 200_000_000
EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
}

ENCRYPTED = "the PDF is encrypted: if it asks for a password, the service cannot read it"

_BLOCK_BYTES = 1 << 20
_MAX_NAME_BYTES, _MAX_EXTENSION_BYTES = 150, 16
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


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
    """Name a document's media type by its first bytes.

    Parameters
    ----------
    head
        The first 1,024 bytes, or all of a shorter file.

    Returns
    -------
    str or None
        ``None`` for anything but PDF, JPEG, PNG and HEIC, the formats that Argyle lists.

    Examples
    --------
    >>> media_type_of(b"%PDF-1.7"), media_type_of(b"hello")
    ('application/pdf', None)
    """
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
    kept = stem.encode()[: _MAX_NAME_BYTES - len(tail.encode())].decode("utf-8", "ignore")
    return (kept.rstrip() or "document") + tail


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
