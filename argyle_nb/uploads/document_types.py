"""Document types: what people call them, and what a file probably is by its name and first page."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.documents import HEAD_BYTES, first_page_text, media_type_of, pdf_end
from argyle_nb.models import DOCUMENT_TYPES

if TYPE_CHECKING:
    from pathlib import Path

# What a type is called beside its own name, without case, spaces and signs.
_SPELLINGS = {
    "W-2": r"(irs)?(form)?w2(form|c)?s?",
    "1099": r"(irs)?(ssa|form)?1099(form|nec|misc|k|int|div|g|r|b|c|s|oid|ssa)?s?",
    "paystubs": r"pay(roll)?(stub|slip|statement)s?|paycheckstubs?|earningsstatements?",
    "proof-of-identity": (
        r"(proofof)?(id|identity|identification)(card|document|proof)?s?|(photo|state)ids?"
        r"|passports?|drivers?licen[cs]es?"
    ),
    "proof-of-address": (
        r"(proofof)?(address|residency|residence)|addressproofs?|(utility|electric|water|gas)bills?"
    ),
    "miscellaneous": r"misc(ellaneous)?",
}
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
# What a name says of the time is no part of a type.
_YEAR = re.compile(r"\b(19|20)\d\d\b")
NOT_TOLD = "neither the file name nor the first page of a PDF says it"
LOCKED = "the file has a password, so its type can't be read"
_SEPARATORS = re.compile(r"[_.\s-]+")


class TypeGuess(NamedTuple):
    """What a file probably is, and what tells that: ``content`` or ``file name``; or why not."""

    document_type: str = ""
    found_by: str = ""
    trouble: str = ""


def type_called(text: str) -> str | None:
    """Give the document type that a text means beyond doubt, however it is spelt."""
    words = _SEPARATORS.sub(" ", text.casefold()).strip()
    plain = re.sub("[^a-z0-9]", "", _YEAR.sub("", words) or words)
    for document_type in DOCUMENT_TYPES:
        own = re.sub("[^a-z0-9]", "", document_type.lower())
        if plain == own or re.fullmatch(_SPELLINGS[document_type], plain):
            return document_type
    return None


def type_meant(text: str) -> str | None:
    """Give the document type that a misspelt text is nearest to, if it is near enough."""
    plain = {re.sub("[^a-z0-9]", "", known.lower()): known for known in DOCUMENT_TYPES}
    closest = difflib.get_close_matches(re.sub("[^a-z0-9]", "", text.lower()), plain, n=1)
    return plain[closest[0]] if closest else None


def guess_type(path: Path) -> TypeGuess:
    """Guess a document's type: by its name, else by the text of a PDF's first page.

    Where neither tells, or both could be several types, there is no guess.
    """
    words = _SEPARATORS.sub(" ", path.stem.lower())
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
