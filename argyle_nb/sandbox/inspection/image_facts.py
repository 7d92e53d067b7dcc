"""What a PNG or JPEG says about itself: its size, the camera, the programs, the dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

# Ocrolus takes pictures of at most 75 million pixels (Ocrolus, supported file types).
MAX_PIXELS = 75_000_000
MAX_WORDS = 120
MAX_XMP = 200_000
FORMATS = ("JPEG", "MPO", "PNG")
MAKE, MODEL, PROCESSED_BY, SOFTWARE, CHANGED = 0x010F, 0x0110, 0x000B, 0x0131, 0x0132
CAMERA, TAKEN, DIGITISED, COMMENT = 0x8769, 0x9003, 0x9004, 0x9286
LUMINANCE = 0
TABLE_LENGTH = 64
MIDDLE_QUALITY = 50


class TooManyPixelsError(ValueError):
    """The picture is larger than is looked at."""


@dataclass(frozen=True)
class ImageFacts:
    """What a picture's head says; nothing of this needs its pixels.

    Parameters
    ----------
    kind
        ``JPEG`` or ``PNG``.
    size
        Width and height in pixels.
    camera
        Make and model; empty when no camera is named.
    programs
        Every program named, in EXIF, XMP, PNG texts and JPEG comments.
    taken, digitised, changed
        EXIF's three dates, in the camera's own time without a zone.
    comment
        EXIF's user comment.
    quality
        Quality of the JPEG on the usual scale of 1 to 100; 100 for a PNG, which loses nothing.
    """

    kind: str
    size: tuple[int, int]
    camera: str = ""
    programs: tuple[str, ...] = ()
    taken: datetime | None = None
    digitised: datetime | None = None
    changed: datetime | None = None
    comment: str = ""
    quality: int = 100


def open_image(data: bytes) -> Image.Image:
    """Open a PNG or JPEG without decoding its pixels.

    Raises
    ------
    TooManyPixelsError
        It has more than `MAX_PIXELS`.
    """
    try:
        image = Image.open(BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError from error
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixelsError
    return image


def facts_of(image: Image.Image) -> ImageFacts:
    """Read what a picture says about itself."""
    base, camera = _exif(image)
    xmp = _xmp(image)
    tools = re.findall(
        r"(?:CreatorTool|softwareAgent)(?:\s*=\s*[\"']|>)([^<\"']{1,120})", xmp[:MAX_XMP]
    )
    written = [image.info.get(key) for key in ("Software", "Creator", "comment")]
    names = [base.get(SOFTWARE), base.get(PROCESSED_BY), *written, *tools, *_save_for_web(image)]
    return ImageFacts(
        kind="PNG" if image.format == "PNG" else "JPEG",
        size=image.size,
        camera=" ".join(filter(None, (_words(base.get(MAKE)), _words(base.get(MODEL))))),
        programs=tuple(dict.fromkeys(filter(None, map(_words, names)))),
        taken=_moment(camera.get(TAKEN)),
        digitised=_moment(camera.get(DIGITISED)),
        changed=_moment(base.get(CHANGED)),
        comment=_words(camera.get(COMMENT)),
        quality=_quality(image),
    )


def _exif(image: Image.Image) -> tuple[Mapping[int, Any], Mapping[int, Any]]:
    try:
        exif = image.getexif()
        return exif, exif.get_ifd(CAMERA)
    except Exception:  # noqa: BLE001 - broken EXIF breaks in any way, and says nothing
        return {}, {}


def _xmp(image: Image.Image) -> str:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
    return packet.decode("utf-8", "replace") if isinstance(packet, bytes) else str(packet)


def _save_for_web(image: Image.Image) -> list[str]:
    """Name the one editor that leaves a segment of its own when it drops all else."""
    segments: list[tuple[str, bytes]] = getattr(image, "applist", [])
    found = any(name == "APP12" and body.startswith(b"Ducky") for name, body in segments)
    return ["Adobe Photoshop, Save for Web"] if found else []


def _words(value: Any) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return re.sub(r"[^\x20-\x7e]+", " ", text.removeprefix("ASCII")).strip()[:MAX_WORDS]


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.strptime(_words(value)[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None


def _quality(image: Image.Image) -> int:
    """Estimate it from the luminance table (Independent JPEG Group, scaling of the table)."""
    tables: dict[int, list[int]] = getattr(image, "quantization", {})
    table = tables.get(LUMINANCE, [])
    if len(table) < TABLE_LENGTH:
        return 100
    # The sum of the standard luminance table is 3688.
    scale = 100 * sum(table) / 3688
    quality = 100 - scale / 2 if scale <= 2 * MIDDLE_QUALITY else 5000 / scale
    return max(1, min(100, round(quality)))
