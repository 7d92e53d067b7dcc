"""Scans: documents whose pages are pictures, each looked at as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pypdf.generic import StreamObject

from argyle_nb.sandbox.inspection.image_checks import part_signals
from argyle_nb.sandbox.inspection.image_facts import facts_of, open_image
from argyle_nb.sandbox.inspection.pdf_objects import resolve
from argyle_nb.sandbox.inspection.recompression import fresh_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypdf import PageObject, PdfReader

    from argyle_nb.sandbox.inspection.scoring import Signal

MAX_PAGES = 3
JPEG_START = b"\xff\xd8\xff"


def scan_signals(reader: PdfReader) -> list[Signal]:
    """Look for parts put into the JPEGs of the first pages."""
    signals: list[Signal] = []
    for number in range(min(len(reader.pages), MAX_PAGES)):
        for data in _pictures(reader.pages[number]):
            signals += _put_in(data, number + 1)
    return signals


def _pictures(page: PageObject) -> Iterator[bytes]:
    held = resolve(resolve(page.get("/Resources", {})).get("/XObject", {}))
    for entry in list(held.values())[:MAX_PAGES]:
        stream = resolve(entry)
        if isinstance(stream, StreamObject) and stream.get("/Subtype") == "/Image":
            data = stream.get_data()
            if data.startswith(JPEG_START):
                yield data


def _put_in(data: bytes, page: int) -> list[Signal]:
    try:
        with open_image(data) as image:
            return part_signals(fresh_parts(image, facts_of(image).quality), page)
    except Exception:  # noqa: BLE001 - a picture that does not open says nothing
        return []
