"""Where a PDF says it comes from: producers, creators and dates, and what speaks against them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pypdf import PdfReader

from argyle_nb.sandbox.inspection.scoring import DetectedSignal, found

if TYPE_CHECKING:
    from argyle_nb.sandbox.inspection.pdfium import PdfFile

MAX_XMP = 200_000

# Programs whose purpose is to change a finished page. What makes, scans, prints, converts, fills
# in, joins, signs or protects says nothing.
EDITORS = re.compile(
    r"photoshop|\bgimp\b|pixelmator|\bms ?paint|paint\.net|foxit.*edit|phantompdf|nitro"
    r"|pdf-?xchange|pdfelement|wondershare|sejda|pdfescape|master ?pdf|lightpdf|retouch"
    r"|pdf ?(image ?)?(edit|studio|expert|retouch)|\bedit ?pdf"
    r"|(libre|open)(office)?.*draw|image ?(edit|studio)",
    re.IGNORECASE,
)
# Of the same names and makers: what prints from other programs, or joins files.
PRINTERS = re.compile(r"printer|driver|primopdf|sambox", re.IGNORECASE)
# Programs that draw: what they made says nothing, what another program made and they saved does.
DESIGNERS = re.compile(
    r"illustrator|inkscape|coreldraw|affinity|canva\b|figma|(libre|open)office.*draw", re.IGNORECASE
)
# Sites and programs where anybody fills in a form and receives a pay document, by the names of
# such products. Payroll software has reports and parts that create, print or generate paystubs.
_STUB = r"(pay|check)[\s_-]?stubs?"
GENERATORS = re.compile(
    rf"{_STUB}[\s_-]*(maker|makr|wizard|ninja|hero|genie|magic|4u|\d+\b)"
    rf"|\b(insta(nt)?|quick|easy|ez|real|fake|novelty|123)[\s_-]?{_STUB}|\bthe[\s_-]?{_STUB}\b"
    rf"|{_STUB}(creator|generator|builder|direct|now)?\.(com|net|org|io|app)\b"
    r"|\bstub[\s_-]?(creator|builder|forge|maker)|\b(insta|quick)stubs?\b",
    re.IGNORECASE,
)
# Clocks and zones: a date may lack its zone, and be written by a clock of any part of the world.
CLOCKS_APART = timedelta(hours=26)
OLDEST_YEAR = 2001
_DATE = re.compile(
    r"(?:D:)?(\d{4})-?(\d\d)-?(\d\d)[T ]?(\d\d)?:?(\d\d)?:?(\d\d)?(?:\.\d+)?"
    r"(Z|[+-]\d\d)?'?:?(\d\d)?'?(?:\d\d'?)?"
)


@dataclass(frozen=True)
class Origin:
    """What a file says about its making."""

    producers: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    created: datetime | None = None
    modified: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Producers and creators together."""
        return self.producers + self.creators


def read_origin(file: PdfFile, data: bytes) -> Origin:
    """Read the information dictionary and XMP of a document."""
    xmp = _xmp_text(data)
    created = file.info("CreationDate") or _tag(xmp, "xmp:CreateDate")
    modified = file.info("ModDate") or _tag(xmp, "xmp:ModifyDate")
    dates = [read_date(str(date)) if date else None for date in (created, modified)]
    history = re.findall(r"softwareAgent[=>\s\"']+([^<\"']{1,120})", xmp)
    return Origin(
        producers=_names(file.info("Producer"), _tag(xmp, "pdf:Producer"), *history),
        creators=_names(file.info("Creator"), _tag(xmp, "xmp:CreatorTool")),
        created=dates[0],
        modified=dates[1],
    )


def _names(*values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value)[:200].strip() for value in values if value))


def _xmp_text(data: bytes) -> str:
    """Read the document's own XMP, which PDFium has no call for; pictures may hold others."""
    if b"xpacket" not in data and b"/Metadata" not in data:
        return ""
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted:
            reader.decrypt("")
        stream: Any = reader.root_object["/Metadata"].get_object()
        text: str = stream.get_data()[:MAX_XMP].decode("utf-8", "replace")
    except Exception:  # noqa: BLE001 - what pypdf does not read says nothing
        return ""
    return text


def _tag(xmp: str, name: str) -> str | None:
    found = re.search(rf"<{name}[^>]{{0,200}}>([^<]{{1,200}})<|\b{name}\s*=\s*[\"']([^\"']+)", xmp)
    return (found[1] or found[2]) if found else None


def read_date(text: str) -> datetime | None:
    """Read a PDF date (``D:20260313120000-05'00'``) or an ISO one (XMP), to the day at least."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    if int(found[1]) < OLDEST_YEAR:  # a clock that was never set, or a fixed build date
        return None
    numbers = [int(found[at] or 0) for at in range(1, 7)]
    hours = int(found[7]) if found[7] and found[7] != "Z" else 0
    minutes = int(found[8] or 0)
    try:
        zone = timezone(timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes))
        return datetime(*numbers, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type,misc]
    except (ValueError, OverflowError):
        return None


def known_editor(names: tuple[str, ...]) -> str | None:
    """Return the first name of a program whose purpose is to change a finished page."""
    return first_match(EDITORS, tuple(name for name in names if not PRINTERS.search(name)))


def first_match(pattern: re.Pattern[str], names: tuple[str, ...]) -> str | None:
    """Return the first name that a pattern knows."""
    return next((name for name in names if pattern.search(name)), None)


def origin_signals(origin: Origin, earlier: list[Origin]) -> list[DetectedSignal]:
    """Check who made and who changed a file."""
    everyone = Origin(
        producers=tuple(dict.fromkeys(n for o in (*earlier, origin) for n in o.producers)),
        creators=tuple(dict.fromkeys(n for o in (*earlier, origin) for n in o.creators)),
    )
    return [*_software(everyone), *_dates(origin)]


def _software(everyone: Origin) -> list[DetectedSignal]:
    names = everyone.names
    if generator := first_match(GENERATORS, names):
        return [_signal("sbx_paystub_generator", generator, everyone)]
    editor = known_editor(names) or _designer(everyone)
    return [_signal("sbx_edited_by_software", editor, everyone)] if editor else []


def _designer(everyone: Origin) -> str | None:
    """Name the program for drawing that saved what another program had made."""
    drew_it = not everyone.creators or first_match(DESIGNERS, everyone.creators) is not None
    return None if drew_it else first_match(DESIGNERS, everyone.producers)


def _dates(origin: Origin) -> list[DetectedSignal]:
    created, modified = origin.created, origin.modified
    if created is None or modified is None or modified >= created - CLOCKS_APART:
        return []
    dates = {"created": created.isoformat(), "modified": modified.isoformat()}
    return [found("sbx_file_dates_contradict", None, **dates)]


def _signal(identifier: str, name: str, everyone: Origin) -> DetectedSignal:
    others = [other for other in (*everyone.creators, *everyone.producers) if other != name]
    origin = others[0] if others else None
    return found(identifier, edit_source=name, doc_origin=origin)
