"""Guess what a document is, by its name and by the words of its first page."""

from __future__ import annotations

import logging
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_TYPES_BY_NAME = {
    "W-2": r"\bw[ -]?2s?\b|wage and tax",
    "1099": r"\b1099",
    "paystubs": r"pay ?(stub|slip|check)|earnings|\bstubs?\b|payroll",
    "proof-of-identity": r"licen[cs]e|passport|\bident|\b(photo )?id( card)?\b|\bssn\b",
    "proof-of-address": r"address|utility|\bbill\b|\blease\b|\brent|electric|water|bank statement",
}
_TYPES_BY_TEXT = {
    "W-2": r"wage and tax statement|form w-?2|wages, tips, other comp|social security wages",
    "1099": r"form 1099|1099-(nec|misc|k|int|div|g|r)|nonemployee compensation|payer'?s tin",
    "paystubs": r"pay(ment)? (period|date)|net pay|gross pay|earnings statement|year[ -]to[ -]date",
    "proof-of-identity": r"driver'?s? licen[cs]e|passport|date of birth|identification card",
    "proof-of-address": r"(service|billing) (address|period)|amount due|\blease\b|statement date",
}
OTHER = "miscellaneous"
# What takes longer to read than this is not worth a guess: all other documents wait for it.
_MOST_BYTES = 5_000_000
_MOST_CONTENT = 200_000
_MOST_FONTS, _MOST_FONT_BYTES = 50, 1_000_000
# pypdf's names of its own limits, for any stream of the file.
_LIMITS = {
    "zlib_maximum_output_length": 2_000_000,
    "lzw_maximum_output_length": 2_000_000,
    "run_length_maximum_output_length": 2_000_000,
    "array_based_stream_maximum_output_length": 2_000_000,
    "stream_decoding_work_maximum_length": 10_000_000,
    "page_tree_maximum_entries": 10_000,
}
_SEPARATORS = re.compile(r"[_.\s-]+")


def guess_type(path: Path, media_type: str) -> str:
    """Guess a document's type: by its name, else by the text of a PDF's first page.

    Parameters
    ----------
    path
        The document; its last part is its name.
    media_type
        By content; only ``application/pdf`` has text that is read here.

    Returns
    -------
    str
        One of the six types; ``miscellaneous`` where nothing speaks for another.

    Examples
    --------
    >>> from pathlib import Path
    >>> guess_type(Path("Jones_W2-2025.jpg"), "image/jpeg")
    'W-2'
    """
    words = _SEPARATORS.sub(" ", path.stem.lower())
    named = [kind for kind, pattern in _TYPES_BY_NAME.items() if re.search(pattern, words)]
    if len(named) == 1:
        return named[0]
    text = _first_page(path) if media_type == "application/pdf" else ""
    found = {kind: len(set(_matches(pattern, text))) for kind, pattern in _TYPES_BY_TEXT.items()}
    best = max(found, key=lambda kind: (found[kind], kind in named))
    if found[best]:
        return best
    return named[0] if named else OTHER


def _matches(pattern: str, text: str) -> list[str]:
    return [match.group() for match in re.finditer(pattern, text)]


def _first_page(path: Path) -> str:
    # It logs each thing that it mends.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        if path.stat().st_size > _MOST_BYTES:
            return ""
        with _limits():
            return " ".join(_text_of(path).lower().split())
    except Exception:  # noqa: BLE001 - hostile files break a parser in any way there is
        return ""


def _text_of(path: Path) -> str:
    from pypdf import PdfReader  # noqa: PLC0415 - half a second that few need

    page = PdfReader(path).pages[0]
    content, resources = page.get_contents(), _resolved(page["/Resources"])
    if (
        content is None
        or len(content.get_data()) > _MOST_CONTENT
        or not _has_small_fonts(resources)
    ):
        return ""
    # A form may be drawn, and draw others, any number of times.
    resources.pop("/XObject", None)
    return page.extract_text()


def _has_small_fonts(resources: Any) -> bool:
    """Tell whether what pypdf reads of the fonts before any text is soon read."""
    fonts = _resolved(resources.get("/Font", {}))
    if len(fonts) > _MOST_FONTS:
        return False
    size = 0
    for font in map(_resolved, fonts.values()):
        about = _resolved(font.get("/FontDescriptor", {}))
        parts = (font.get("/ToUnicode"), about.get("/FontFile"), about.get("/FontFile3"))
        streams = [part for part in map(_resolved, parts) if hasattr(part, "get_data")]
        size += sum(len(stream.get_data()) for stream in streams)
    return size <= _MOST_FONT_BYTES


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _limits() -> AbstractContextManager[object]:
    import pypdf  # noqa: PLC0415 - as above

    # Before 7.1 its limits are larger, and cannot be changed for one file alone.
    apply = getattr(pypdf, "apply_configuration", None)
    return apply(**_LIMITS) if apply else nullcontext()
