"""PDFs written object by object, for what no program writes."""

from __future__ import annotations

import zlib

HELVETICA = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"


def pdf_of(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    data = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    root = b"/Size %d/Root 1 0 R%s" % (len(objects) + 1, trailer)
    return data + b"trailer<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (root, start)


def stream(content: bytes, entries: bytes = b"", packed: int = 0) -> bytes:
    """A stream object, deflated so many times."""
    for _ in range(packed):
        content = zlib.compress(content, 9)
    filters = b"/Filter[%s]" % (b"/FlateDecode" * packed) if packed else b""
    return b"<<%s%s/Length %d>>stream\n%s\nendstream" % (entries, filters, len(content), content)


def page_of(
    content: bytes,
    *more: bytes,
    resources: bytes = b"",
    page: bytes = b"",
    box: bytes = b"0 0 612 792",
    catalog: bytes = b"",
    contents: bytes | None = None,
) -> bytes:
    """A PDF of one page; further objects are numbered from 5."""
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<<%s%s>>%s>>"
        % (box, HELVETICA, resources, page),
        contents or stream(content, packed=1),
        *more,
    )


def form(content: bytes, resources: bytes = b"", entries: bytes = b"") -> bytes:
    """A form that pages and other forms draw."""
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<<%s>>" % resources
    return stream(content, box + entries, packed=1)


def image(entries: bytes, data: bytes) -> bytes:
    """A picture, which is drawn one unit wide and high."""
    return stream(data, b"/Type/XObject/Subtype/Image" + entries)
