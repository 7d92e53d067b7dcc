"""What type a document probably is, by its file name and first page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.documents import HEAD_BYTES, first_page_text, media_type_of, pdf_end
from argyle_nb.models import SEPARATORS

if TYPE_CHECKING:
    from pathlib import Path

_TYPES_BY_NAME = {
    "W-2": r"\bw[ -]?2s?\b|wage and tax",
    "1099": r"\b1099",
    "paystubs": r"pay ?(stub|slip|check)|earnings|\bstubs?\b|payroll",
    "proof-of-identity": r"licen[cs]e|passport|\bident|\b(photo )?id( card)?\b|\bssn\b",
    "proof-of-address": (
        r"\baddress|utilit(y|ies)\b|\b(electric|electricity|water|gas|energy|phone|internet) ?bill"
        r"|\blease\b|\brent(al)?\b|bank statement"
    ),
}
_TYPES_BY_TEXT = {
    "W-2": r"wage and tax statement|form w-?2|wages, tips, other comp|social security wages",
    "1099": r"form 1099|1099-(nec|misc|k|int|div|g|r)|nonemployee compensation|payer'?s tin",
    "paystubs": r"pay(ment)? (period|date)|net pay|gross pay|earnings statement|year[ -]to[ -]date",
    "proof-of-identity": r"driver'?s? licen[cs]e|passport|date of birth|identification card",
    "proof-of-address": r"(service|billing) (address|period)|amount due|\blease\b|statement date",
}
NOT_TOLD = "neither the file name nor the first page of a PDF says it"
LOCKED = "the file has a password, so its type can't be read"


class TypeGuess(NamedTuple):
    """What a file probably is, and what tells that: ``content`` or ``file name``; or why not."""

    document_type: str = ""
    found_by: str = ""
    trouble: str = ""


def guess_type(path: Path) -> TypeGuess:
    """Guess a document's type: by its name, else by the text of a PDF's first page.

    Where neither tells, or both could be several types, there is no guess.
    """
    words = SEPARATORS.sub(" ", path.stem.lower())
    named = [kind for kind, pattern in _TYPES_BY_NAME.items() if re.search(pattern, words)]
    if len(named) == 1:
        return TypeGuess(named[0], "file name")
    text, trouble = _first_page(path)
    phrases = {kind: len(set(_matches(pattern, text))) for kind, pattern in _TYPES_BY_TEXT.items()}
    most = max(phrases.values())
    best = [kind for kind, count in phrases.items() if count == most > 0]
    # Of those that the text tells alike, the one that is in the name.
    best = [kind for kind in best if kind in named] if len(best) > 1 else best
    if len(best) == 1:
        return TypeGuess(best[0], "content")
    return TypeGuess(trouble=trouble or NOT_TOLD)


def _matches(pattern: str, text: str) -> list[str]:
    return [match.group() for match in re.finditer(pattern, text)]


def _first_page(path: Path) -> tuple[str, str]:
    """Give the text of a PDF's first page, or why it cannot be read where that is worth a word."""
    try:
        with path.open("rb") as file:
            if media_type_of(file.read(HEAD_BYTES)) != "application/pdf":
                return "", ""
            is_encrypted = pdf_end(file, path.stat().st_size).is_encrypted
    except (OSError, ValueError):
        return "", ""
    text = " ".join(first_page_text(path).lower().split())
    return text, LOCKED if is_encrypted and not text else ""
