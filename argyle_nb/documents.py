"""One file on disk: what it is, whether it may be sent, and its SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from argyle_nb.errors import DocumentError

# Ocrolus publishes 200 MB for one upload; Argyle publishes no limit.
MAX_DOCUMENT_BYTES = 200_000_000
# A PDF may begin anywhere in these.
HEAD_BYTES = 1024
EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
}

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
    """

    path: Path
    name: str
    size: int
    sha256: str
    media_type: str


def inspect_document(path: Path | str) -> Document:
    """Look at one file as it will be sent.

    Parameters
    ----------
    path
        A PDF, JPEG, PNG or HEIC of 1 byte to 200 MB.

    Returns
    -------
    Document
        Name, size, SHA-256 and media type.

    Raises
    ------
    DocumentError
        Missing, not a file, unreadable, empty, too large, or of another type; it says which.

    Examples
    --------
    >>> inspect_document("nowhere.pdf")
    Traceback (most recent call last):
    argyle_nb.errors.DocumentError: nowhere.pdf: there is no such file; check the path
    """
    path = Path(path)
    digest = hashlib.sha256()
    try:
        size = _checked_size(path)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            digest.update(head)
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise DocumentError(path, f"cannot be read ({error.strerror}); check its rights") from None
    media_type = media_type_of(head)
    if media_type is None:
        raise DocumentError(
            path, "is not a PDF, JPEG, PNG or HEIC by its content; save it as one of these"
        )
    return Document(path, safe_name(path.name), size, digest.hexdigest(), media_type)


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


def _checked_size(path: Path) -> int:
    if not path.exists():
        raise DocumentError(path, "there is no such file; check the path")
    if path.is_dir():
        raise DocumentError(path, "is a folder, not a document; name the files in it")
    if not path.is_file():
        raise DocumentError(path, "is not an ordinary file; copy the document to one")
    size = path.stat().st_size
    if size == 0:
        raise DocumentError(path, "is empty (0 bytes); save or scan it again")
    if size > MAX_DOCUMENT_BYTES:
        raise DocumentError(
            path,
            f"is {size / 1e6:.1f} MB, over the limit of {MAX_DOCUMENT_BYTES / 1e6:.0f} MB; "
            "split it or scan it at a lower resolution",
        )
    return size
