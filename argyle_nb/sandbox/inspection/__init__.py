"""Inspection of one uploaded document: its type, what it says, and whether it was tampered with.

The shapes of the results follow Ocrolus' and Argyle's public descriptions; the scores are
simulated and not Ocrolus'. `argyle_nb.sandbox.inspection.scoring` lists the signals and their
weights. The file's name is never used, and nothing of its content is logged.
"""

from __future__ import annotations

import hashlib
import logging
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.inspection.arithmetic_checks import (
    form_signals,
    paystub_signals,
)
from argyle_nb.sandbox.inspection.classification import DocumentReader, classify
from argyle_nb.sandbox.inspection.edit_checks import (
    Fields,
    changes_between,
    edit_signals,
    former_states,
    overlay_signals,
    read_pages,
)
from argyle_nb.sandbox.inspection.form_checks import filling_signals
from argyle_nb.sandbox.inspection.image_checks import (
    TooManyPixelsError,
    fresh_parts,
    image_facts,
    image_signals,
    open_image,
    shows_screen,
)
from argyle_nb.sandbox.inspection.origin_checks import Origin, origin_signals, read_origin
from argyle_nb.sandbox.inspection.paint_order import late_signals
from argyle_nb.sandbox.inspection.paystubs import paystub_data, read_paystub
from argyle_nb.sandbox.inspection.pdfium import PdfFile, UnreadablePdfError
from argyle_nb.sandbox.inspection.print_checks import print_signals, scan_signals
from argyle_nb.sandbox.inspection.scoring import DetectedSignal, analysis
from argyle_nb.sandbox.inspection.tax_forms import form_data, read_form
from argyle_nb.sandbox.inspector import FAILED, TOO_LARGE, UNREADABLE, Inspection

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.sandbox.inspection.layout import TextPage

READ_TYPES = ("paystubs", "W-2", "1099")
FORM_TYPES = {"paystubs": "PAYSTUB", "W-2": "W2", "1099": "FORM"}
IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
MAX_BYTES = 60_000_000

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def inspect(path: Path, document_type: str) -> Inspection:
    """Inspect one file; whatever its bytes are, this answers and never raises for them.

    `document_type` is what it was uploaded as, for content that does not show its type. A PNG or
    JPEG gets a score and no OCR data; HEIC and other media come back empty.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _inspect(path, document_type)
    except UnreadablePdfError as error:
        return Inspection(problem=f"{UNREADABLE}: {error}")
    except TooManyPixelsError:
        return Inspection(problem=f"{UNREADABLE}: more pixels than this sandbox reads")
    except MemoryError:
        return Inspection(problem=TOO_LARGE)
    except Exception as error:  # noqa: BLE001 - a parser may break in any way
        return Inspection(problem=_cause(error))


def _cause(error: Exception) -> str:
    """Tell a picture that cannot be decoded from an error of our own, and say where that is."""
    frames = [(Path(frame.filename), frame) for frame in traceback.extract_tb(error.__traceback__)]
    if any(file.parent.name == "PIL" for file, _ in frames):
        return f"{UNREADABLE}: corrupt"
    file, last = [each for each in frames if each[0].parent == Path(__file__).parent][-1]
    return f"{FAILED} ({type(error).__name__} in {file.name}, line {last.lineno})"


def _inspect(path: Path, document_type: str) -> Inspection:
    try:
        if path.stat().st_size > MAX_BYTES:
            return Inspection(problem=f"{UNREADABLE}: larger than this sandbox reads")
        data = path.read_bytes()
    except (OSError, ValueError):  # no path holds a zero byte
        return Inspection(problem=f"{UNREADABLE}: the file cannot be opened")
    look_into = _inspector_for(data, document_type)
    return Inspection() if look_into is None else look_into(data, document_type)


def _inspector_for(data: bytes, document_type: str) -> Callable[[bytes, str], Inspection] | None:
    """Choose by content; a picture that is no payroll document is not even opened."""
    if b"%PDF-" in data[:1024]:
        return _inspect_pdf
    if document_type in READ_TYPES and data.startswith(IMAGE_STARTS):
        return _inspect_image
    return None


def _inspect_image(data: bytes, document_type: str) -> Inspection:
    with open_image(data) as image:
        facts = image_facts(image)
        fresh = fresh_parts(image, facts.quality)
        is_screen = shows_screen(image, facts)
    detect = analysis(
        image_signals(facts, fresh, is_screen=is_screen),
        form_type=FORM_TYPES[document_type],
        image_based=False,
        identity=hashlib.sha256(data).hexdigest(),
    )
    return Inspection(ocr_authenticity=detect, ocr_authenticity_score=_score(detect))


def _score(detect: dict[str, Any]) -> int:
    points: int = detect["form_analysis"][0]["form_authenticity"]["score"]
    return points


def _inspect_pdf(data: bytes, document_type: str) -> Inspection:
    with PdfFile(data) as file:
        pages = read_pages(file)
        if not pages:
            return Inspection(problem=f"{UNREADABLE}: it has no pages")
        found_type = classify(DocumentReader(pages).text)
        as_type = found_type or document_type
        if as_type not in READ_TYPES:
            return Inspection(found_type=found_type)
        return _analyse(data, file, pages, found_type, as_type)


def _analyse(
    data: bytes, file: PdfFile, pages: list[TextPage], found_type: str | None, as_type: str
) -> Inspection:
    image_based = found_type is None and any(page.is_scan for page in pages)
    former = former_states(data)
    origin = read_origin(file, data)
    signals = origin_signals(origin, [earlier for earlier, _ in reversed(former)])
    ocr_data, content, fields = _content(DocumentReader(pages), as_type, origin)
    changes = changes_between([earlier for _, earlier in former], pages)
    signals += edit_signals(changes, pages, fields)
    signals += overlay_signals(pages, fields)
    if image_based:
        signals += scan_signals(file, pages)
    elif found_type is not None:
        signals += content + print_signals(pages)
    form_type, identity = FORM_TYPES[as_type], hashlib.sha256(data).hexdigest()
    detect = analysis(signals, form_type=form_type, image_based=image_based, identity=identity)
    return Inspection(
        found_type=found_type,
        ocr_data=None if image_based or found_type is None else ocr_data,
        ocr_authenticity=detect,
        ocr_authenticity_score=_score(detect),
    )


def _content(
    reader: DocumentReader, as_type: str, origin: Origin
) -> tuple[dict[str, Any], list[DetectedSignal], Fields]:
    """Read the document as its type and check what it says."""
    if any(page.content.fields for page in reader.pages):
        origin = Origin()  # a file with fields to fill in has the dates of the blank form
    if as_type == "paystubs":
        stub = read_paystub(reader)
        signals = paystub_signals(stub, origin) + late_signals(reader.pages, stub.cells, {})
        return paystub_data(stub), signals, stub.cells
    form = read_form(reader, as_type)
    fields = form.field_cells()
    signals = form_signals(form, origin) + filling_signals(form)
    signals += late_signals(reader.pages, fields, form.labels)
    return form_data(form, "document"), signals, fields
