"""Fonts of a PDF: what the codes of a string say and how wide they are.

Only what reading a payroll document needs: ToUnicode maps, the Latin encodings with their
differences, and the widths that the font declares (PDF 32000-1, 9.6 to 9.10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

MAX_MAP_ENTRIES = 70_000
MAX_MAP_BYTES = 400_000
DEFAULT_WIDTH = 0.55
SPACE = 0x20

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_STYLE = re.compile(
    r"[-,_ ]?(?i:semibold|bold|italic|oblique|regular|roman|medium|light|black|mt|ps)"
    r"(?=$|[-,_ A-Z])"
)
_LATIN = {"/WinAnsiEncoding": "cp1252", "/MacRomanEncoding": "mac_roman"}
_GLYPHS = dict(
    zip(
        [
            "space",
            "exclam",
            "quotedbl",
            "numbersign",
            "dollar",
            "percent",
            "ampersand",
            "quotesingle",
            "parenleft",
            "parenright",
            "asterisk",
            "plus",
            "comma",
            "hyphen",
            "period",
            "slash",
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "colon",
            "semicolon",
            "less",
            "equal",
            "greater",
            "question",
            "at",
            "bracketleft",
            "backslash",
            "bracketright",
            "underscore",
            "braceleft",
            "bar",
            "braceright",
            "endash",
            "emdash",
            "bullet",
            "quoteright",
            "minus",
        ],
        " !\"#$%&'()*+,-./0123456789:;<=>?@[\\]_{|}\u2013\u2014\u2022\u2019-",
        strict=True,
    )
)

# Advance widths of codes 32-126 in thousandths, from Adobe's published core font metrics.
_HELVETICA = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 "
    "556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 "
    "556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 "
    "556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 "
    "500 500 500 334 260 334 584 "
)
_HELVETICA_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 "
    "556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 "
    "611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 "
    "611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 "
    "556 556 500 389 280 389 584 "
)
_TIMES = (
    "250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 500 "
    "500 500 500 500 278 278 564 564 564 444 921 722 667 667 722 611 556 722 722 333 389 722 "
    "611 889 722 722 556 722 667 556 611 722 722 944 722 722 611 333 278 333 469 500 333 444 "
    "500 444 500 444 333 500 500 278 278 500 278 778 500 500 500 500 333 389 278 500 500 722 "
    "500 500 444 480 200 480 541 "
)
_TIMES_BOLD = (
    "250 333 555 500 500 1000 833 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 "
    "500 500 500 500 333 333 570 570 570 500 930 722 667 722 722 667 611 778 778 389 500 778 "
    "667 944 722 778 611 778 722 556 667 722 722 1000 722 722 667 333 278 333 581 500 333 500 "
    "556 444 556 444 333 500 556 278 333 556 278 833 556 500 556 556 444 389 333 556 500 722 "
    "500 500 444 394 220 394 520 "
)


def _metrics(row: str) -> dict[int, float]:
    return {code: int(width) / 1000 for code, width in enumerate(row.split(), start=32)}


_CORE = {
    ("helvetica", False): _metrics(_HELVETICA),
    ("helvetica", True): _metrics(_HELVETICA_BOLD),
    ("times", False): _metrics(_TIMES),
    ("times", True): _metrics(_TIMES_BOLD),
    ("courier", False): dict.fromkeys(range(32, 127), 0.6),
    ("courier", True): dict.fromkeys(range(32, 127), 0.6),
}


@dataclass
class Font:
    """One font resource, ready to read strings with."""

    name: str = ""
    family: str = ""
    two_bytes: bool = False
    exact: bool = False
    default_width: float = DEFAULT_WIDTH
    text: dict[int, str] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)

    def glyphs(self, raw: bytes) -> list[tuple[str, float, bool]]:
        """Each code of a string: its text, its width in ems, whether word spacing applies."""
        size = 2 if self.two_bytes else 1
        codes = [int.from_bytes(raw[i : i + size], "big") for i in range(0, len(raw), size)]
        return [
            (
                self.text.get(code, "\ufffd"),
                self.widths.get(code, self.default_width),
                size == 1 and code == SPACE,
            )
            for code in codes
        ]


def load_font(resource: Any) -> Font:
    """Read a font dictionary; whatever is missing or broken in it falls back to plain Latin."""
    if not isinstance(resource, DictionaryObject):
        return Font(text=_latin("cp1252"))
    name = str(resource.get("/BaseFont", "")).lstrip("/")
    font = Font(name=name, family=family_of(name))
    if resource.get("/Subtype") == "/Type0":
        _load_composite(font, resource)
    else:
        _load_simple(font, resource)
    to_unicode = _resolve(resource.get("/ToUnicode"))
    if isinstance(to_unicode, StreamObject):
        font.text.update(read_to_unicode(to_unicode.get_data()[:MAX_MAP_BYTES]))
    return font


def family_of(name: str) -> str:
    """Return a font's family: `ABCDEF+Arial-BoldMT` and `ArialMT` are both `arial`."""
    bare = _SUBSET.sub("", name)
    while (shorter := _STYLE.sub("", bare)) != bare:
        bare = shorter
    return bare.strip("-,_ ").lower()


def read_to_unicode(data: bytes) -> dict[int, str]:
    """Read the bfchar and bfrange entries of a ToUnicode map (PDF 32000-1, 9.10.3)."""
    text: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", data, re.DOTALL):
        codes = re.findall(rb"<\s*([0-9A-Fa-f\s]+?)\s*>", block)
        for code, value in zip(codes[::2], codes[1::2], strict=False):
            text[_number(code)] = _utf16(value)
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", data, re.DOTALL):
        _read_ranges(block, text)
    return text


def _read_ranges(block: bytes, text: dict[int, str]) -> None:
    pattern = rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<([0-9A-Fa-f\s]+)>|\[(.*?)\])"
    for low, high, start, listed in re.findall(pattern, block, re.DOTALL):
        first, last = _number(low), _number(high)
        if last - first > MAX_MAP_ENTRIES or len(text) > MAX_MAP_ENTRIES:
            return
        if listed:
            values = [_utf16(value) for value in re.findall(rb"<([0-9A-Fa-f\s]+)>", listed)]
            text.update(zip(range(first, last + 1), values, strict=False))
        elif base := _utf16(start):
            for offset in range(last - first + 1):
                text[first + offset] = base[:-1] + chr(min(ord(base[-1]) + offset, 0x10FFFF))


def _number(digits: bytes) -> int:
    return int(b"".join(digits.split()) or b"0", 16)


def _utf16(digits: bytes) -> str:
    compact = b"".join(digits.split())
    raw = bytes.fromhex(compact.decode("ascii").zfill(-(-len(compact) // 4) * 4))
    return raw.decode("utf-16-be", "replace")


def _resolve(value: Any) -> Any:
    return value.get_object() if value is not None and hasattr(value, "get_object") else value


def _latin(codec: str) -> dict[int, str]:
    return {code: bytes([code]).decode(codec, "replace") for code in range(256)}


def _load_simple(font: Font, resource: DictionaryObject) -> None:
    encoding = _resolve(resource.get("/Encoding"))
    base = encoding.get("/BaseEncoding") if isinstance(encoding, DictionaryObject) else encoding
    font.text = _latin(_LATIN.get(str(base), "cp1252"))
    if isinstance(encoding, DictionaryObject):
        font.text.update(_differences(_resolve(encoding.get("/Differences"))))
    _declared_widths(font, resource)
    if not font.widths:
        _core_widths(font)


def _declared_widths(font: Font, resource: DictionaryObject) -> None:
    widths = _resolve(resource.get("/Widths"))
    if not isinstance(widths, ArrayObject):
        return
    scale = 0.001
    matrix = _resolve(resource.get("/FontMatrix"))
    if resource.get("/Subtype") == "/Type3" and isinstance(matrix, ArrayObject):
        scale = abs(float(matrix[0]))
    first = int(resource.get("/FirstChar", 0))
    font.widths = {first + at: float(_resolve(w)) * scale for at, w in enumerate(widths[:512])}
    font.exact = True


def _core_widths(font: Font) -> None:
    lowered = font.name.lower()
    bold = "bold" in lowered
    for family, wanted in (
        ("helvetica", "helvetica|arial"),
        ("times", "times"),
        ("courier", "cour"),
    ):
        if re.search(wanted, lowered):
            font.widths = dict(_CORE[family, bold])
            font.exact = True


def _differences(listed: Any) -> dict[int, str]:
    text: dict[int, str] = {}
    code = 0
    for item in listed if isinstance(listed, ArrayObject) else []:
        if isinstance(item, int):
            code = int(item)
        else:
            text[code] = _glyph_text(str(item).lstrip("/"))
            code += 1
    return text


def _glyph_text(name: str) -> str:
    if len(name) == 1:
        return name
    if match := re.fullmatch(r"(?:uni|u)([0-9A-F]{4,6})", name):
        return chr(min(int(match[1], 16), 0x10FFFF))
    return _GLYPHS.get(name, "\ufffd")


def _load_composite(font: Font, resource: DictionaryObject) -> None:
    font.two_bytes = True
    font.default_width = 1.0
    descendants = _resolve(resource.get("/DescendantFonts"))
    if not isinstance(descendants, ArrayObject) or not descendants:
        return
    descendant = _resolve(descendants[0])
    if not isinstance(descendant, DictionaryObject):
        return
    font.default_width = float(descendant.get("/DW", 1000)) / 1000
    font.widths = _composite_widths(_resolve(descendant.get("/W")))
    font.exact = bool(font.widths)


def _composite_widths(listed: Any) -> dict[int, float]:
    widths: dict[int, float] = {}
    rest = [_resolve(item) for item in listed] if isinstance(listed, ArrayObject) else []
    at = 0
    while at + 1 < len(rest) and len(widths) < MAX_MAP_ENTRIES:
        if isinstance(rest[at + 1], ArrayObject):
            values = [float(_resolve(width)) / 1000 for width in rest[at + 1]]
            widths.update(enumerate(values, start=int(rest[at])))
            at += 2
        elif at + 2 < len(rest):
            last = min(int(rest[at + 1]), int(rest[at]) + MAX_MAP_ENTRIES)
            widths.update(dict.fromkeys(range(int(rest[at]), last + 1), float(rest[at + 2]) / 1000))
            at += 3
        else:
            break
    return widths
