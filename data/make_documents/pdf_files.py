"""PDF files written object by object, so that every byte is decided here.

A PDF is a list of numbered objects and an index. An incremental save leaves the old file as it is
and adds changed objects and a second index behind it: the earlier state can still be read.
Source: ISO 32000-1, 7.5 (file structure) and 7.5.6 (incremental updates).
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    create_string_object,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Objects = dict[int, PdfObject]


@dataclass(frozen=True)
class Provenance:
    """What a PDF says about its own making; an empty string or ``None`` leaves the entry out."""

    creator: str
    producer: str
    created: datetime | None
    modified: datetime | None = None
    title: str = ""

    def entries(self) -> DictionaryObject:
        """Give the document information dictionary."""
        said = {
            "/Title": self.title,
            "/Creator": self.creator,
            "/Producer": self.producer,
            "/CreationDate": pdf_date(self.created),
            "/ModDate": pdf_date(self.modified),
        }
        texts = {key: create_string_object(text) for key, text in said.items() if text}
        return cast("DictionaryObject", pdf_object(texts))


def reference(number: int) -> IndirectObject:
    """Point to an object by its number."""
    return IndirectObject(number, 0, None)


def pdf_object(value: Any) -> Any:
    """Turn plain Python into PDF: ``/Name``, text, numbers, lists, dictionaries.

    What is a PDF object already passes as it is.
    """
    if isinstance(value, PdfObject):
        return value
    if isinstance(value, dict):
        return DictionaryObject({NameObject(key): pdf_object(held) for key, held in value.items()})
    if isinstance(value, list):
        return ArrayObject([pdf_object(held) for held in value])
    if isinstance(value, int):
        return NumberObject(value)
    return NameObject(value) if value.startswith("/") else create_string_object(value)


def pdf_date(moment: datetime | None) -> str:
    """Write a moment as PDF does, such as ``D:20260313081502-05'00'``; ``None`` gives ``""``."""
    if moment is None:
        return ""
    offset = moment.strftime("%z") or "+0000"
    return f"D:{moment:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:]}'"


@dataclass(frozen=True)
class Contents:
    """The objects of a file in their latest state, and what the trailer says of them."""

    objects: Objects
    size: int
    root: int
    info: int
    identity: PdfObject | None


def read_contents(pdf: bytes) -> Contents:
    """Read the latest state of every object, and the trailer."""
    reader = PdfReader(io.BytesIO(pdf))
    trailer = reader.trailer
    size = int(str(trailer["/Size"]))
    latest = {number: reader.get_object(number) for number in range(1, size)}
    objects: Objects = {
        number: held for number, held in latest.items() if held is not None and not _is_index(held)
    }
    info = trailer.raw_get("/Info").idnum if "/Info" in trailer else size
    identity = cast("ArrayObject", trailer["/ID"])[0] if "/ID" in trailer else None
    return Contents(objects, size, trailer.raw_get("/Root").idnum, info, identity)


def _is_index(held: PdfObject) -> bool:
    return isinstance(held, StreamObject) and held.get("/Type") in {"/XRef", "/ObjStm"}


def deflate(data: bytes, entries: Mapping[str, Any] | None = None) -> StreamObject:
    """Make a compressed stream, with further dictionary entries if there are any."""
    stream = DecodedStreamObject()
    stream.update(pdf_object(dict(entries or {})))
    stream.set_data(data)
    return stream.flate_encode()


def rewrite(pdf: bytes, provenance: Provenance, *, packed: bool = False) -> bytes:
    """Save the whole document anew under other document information."""
    old = read_contents(pdf)
    objects = {number: _recompressed(held) for number, held in old.objects.items()}
    objects[old.info] = provenance.entries()
    return build(objects, old.root, old.info, packed=packed)


def _recompressed(held: PdfObject) -> PdfObject:
    if not isinstance(held, StreamObject) or held.get("/Subtype") == "/Image":
        return held
    skipped = {"/Filter", "/Length", "/DecodeParms"}
    entries = {key: held.raw_get(key) for key in held if key not in skipped}
    return deflate(held.get_data(), entries)


def build(objects: Objects, root: int, info: int, *, packed: bool = False) -> bytes:
    """Write objects as a file of one revision."""
    body = io.BytesIO()
    body.write(b"%PDF-1.6\n" if packed else b"%PDF-1.4\n")
    body.write(b"%\xe2\xe3\xcf\xd3\n")
    trailer = _trailer(max(objects) + 1, root, info)
    if packed:
        _write_packed(body, objects, trailer)
    else:
        offsets = _write_objects(body, objects)
        identity = _identity(body.getvalue())
        trailer[NameObject("/ID")] = ArrayObject([identity, identity])
        _write_table(body, {0: None, **offsets}, trailer)
    return body.getvalue()


def add_revision(pdf: bytes, changed: Objects, provenance: Provenance | None) -> bytes:
    """Save incrementally: the file as it was, then the changed objects."""
    old = read_contents(pdf)
    changed = dict(changed)
    if provenance is not None:
        changed[old.info] = provenance.entries()
    size = max(old.size, *(number + 1 for number in changed))
    trailer = _trailer(size, old.root, old.info)
    trailer[NameObject("/Prev")] = NumberObject(_last_index(pdf))
    body = io.BytesIO()
    body.write(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    offsets = _write_objects(body, changed)
    first = old.identity or _identity(pdf)
    trailer[NameObject("/ID")] = ArrayObject([first, _identity(body.getvalue())])
    write_index = _write_stream_index if b"/Type /XRef" in pdf else _write_table
    write_index(body, dict(offsets), trailer)
    return body.getvalue()


def protect(pdf: bytes, password: str) -> bytes:
    """Encrypt with a password that is needed to open the file (RC4, 128 bit)."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.encrypt(password, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    # pypdf draws the second identifier by lot; nothing depends on it.
    return re.sub(rb"(/ID \[ (<\w{32}>)) <\w{32}>", rb"\1 \2", buffer.getvalue())


def _trailer(size: int, root: int, info: int) -> DictionaryObject:
    entries = {"/Size": size, "/Root": reference(root), "/Info": reference(info)}
    return cast("DictionaryObject", pdf_object(entries))


def _identity(content: bytes) -> ByteStringObject:
    return ByteStringObject(hashlib.md5(content, usedforsecurity=False).digest())


def _last_index(pdf: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])


def _written(held: PdfObject) -> bytes:
    buffer = io.BytesIO()
    held.write_to_stream(buffer)
    return buffer.getvalue()


def _write_objects(body: io.BytesIO, objects: Objects) -> dict[int, int]:
    offsets = {}
    for number, held in sorted(objects.items()):
        offsets[number] = body.tell()
        body.write(b"%d 0 obj\n%s\nendobj\n" % (number, _written(held)))
    return offsets


def _runs(numbers: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _write_table(
    body: io.BytesIO, offsets: Mapping[int, int | None], trailer: DictionaryObject
) -> None:
    start = body.tell()
    body.write(b"xref\n")
    for run in _runs(list(offsets)):
        body.write(b"%d %d\n" % (run[0], len(run)))
        for number in run:
            offset = offsets[number]
            free = b"0000000000 65535 f \n"
            body.write(free if offset is None else b"%010d 00000 n \n" % offset)
    body.write(b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (_written(trailer), start))


def _write_packed(body: io.BytesIO, objects: Objects, trailer: DictionaryObject) -> None:
    streams: Objects = {n: held for n, held in objects.items() if isinstance(held, StreamObject)}
    loose = [n for n in sorted(objects) if n not in streams]
    pack = max(objects) + 1
    texts = [_written(objects[number]) for number in loose]
    starts = [sum(len(text) + 1 for text in texts[:place]) for place in range(len(texts))]
    head = b" ".join(b"%d %d" % pair for pair in zip(loose, starts, strict=True)) + b" "
    entries = {"/Type": "/ObjStm", "/N": len(loose), "/First": len(head)}
    streams[pack] = deflate(head + b" ".join(texts), entries)
    index: dict[int, int | tuple[int, int]] = dict(_write_objects(body, streams))
    index.update({number: (pack, place) for place, number in enumerate(loose)})
    identity = _identity(body.getvalue())
    trailer[NameObject("/ID")] = ArrayObject([identity, identity])
    _write_stream_index(body, index, trailer)


def _write_stream_index(
    body: io.BytesIO,
    index: Mapping[int, int | tuple[int, int]],
    trailer: DictionaryObject,
) -> None:
    start = body.tell()
    own = max(max(index) + 1, int(str(trailer["/Size"])))
    rows = {**index, own: start}
    runs = [number for run in _runs(list(rows)) for number in (run[0], len(run))]
    described = {"/Type": "/XRef", "/Size": own + 1, "/W": [1, 4, 2], "/Index": runs}
    trailer.update(pdf_object(described))
    data = b"".join(_index_row(rows[number]) for number in sorted(rows))
    stream = deflate(data, {key: trailer.raw_get(key) for key in trailer})
    body.write(b"%d 0 obj\n%s\nendobj\n" % (own, _written(stream)))
    body.write(b"startxref\n%d\n%%%%EOF\n" % start)


def _index_row(place: int | tuple[int, int]) -> bytes:
    if isinstance(place, tuple):
        return struct.pack(">BIH", 2, *place)
    return struct.pack(">BIH", 1, place, 0)
