"""PNG and JPEG images: what a file says about itself, and parts that were put in later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

from argyle_nb.sandbox.inspection.origin_checks import CLOCKS_APART, EDITORS
from argyle_nb.sandbox.inspection.scoring import DetectedSignal, found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Grey = NDArray[np.float32]


# Ocrolus takes pictures of at most 75 million pixels (Ocrolus, supported file types).
MAX_PIXELS = 75_000_000
MAX_WORDS = 120
MAX_XMP = 200_000
MAKE, MODEL, PROCESSED_BY, SOFTWARE, CHANGED = 0x010F, 0x0110, 0x000B, 0x0131, 0x0132
CAMERA, TAKEN, DIGITISED, COMMENT = 0x8769, 0x9003, 0x9004, 0x9286
LUMINANCE = 0
TABLE_LENGTH = 64
MIDDLE_QUALITY = 50


class TooManyPixelsError(ValueError):
    """The picture is larger than is looked at."""


@dataclass(frozen=True)
class ImageFacts:
    """What a picture's head says; nothing of this needs its pixels."""

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
    """Open a PNG or JPEG without decoding its pixels."""
    try:
        image = Image.open(BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError from error
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixelsError
    return image


def image_facts(image: Image.Image) -> ImageFacts:
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


MAX_RECOMPRESSED_PIXELS = 24_000_000
SAMPLE = 1024
BLOCK = 8
LOWEST, HIGHEST = 50, 97
# So near to the present quality every picture changes little.
NEAR_PRESENT = 4
TEXTURED, INKED = 1.0, 12.0
FEWEST_BLOCKS = 100
DIP = 0.8
NO_DIP = 0.9
STANDS_OUT = 6.0
FINEST = 0.02
LEAST_CHANGE = 0.5
LARGEST_SHARE = 0.2
FEWEST_TOGETHER = 4
# Nothing is printed so near to the upper and lower edge; scanning programs sign there.
MARGIN = 0.06
COLOURED = 50
# From the median absolute deviation to the standard deviation of a normal distribution.
NORMAL = 1.4826


@dataclass(frozen=True)
class Fresh:
    """A part that does not share the first saving of the rest."""

    box: tuple[int, int, int, int]
    quality: int


def fresh_parts(image: Image.Image, quality: int) -> list[Fresh]:
    """Find parts that came into a picture after it was first saved."""
    if image.width * image.height > MAX_RECOMPRESSED_PIXELS:
        return []
    image.draft("YCbCr", image.size)
    grey = image.getchannel("Y") if image.mode == "YCbCr" else image.convert("L")
    first = _earlier_quality(_middle(grey), quality)
    if first is None:
        return []
    boxes = map(_in_pixels, _clusters(_fresh_blocks(grey, first)))
    return [Fresh(box, first) for box in boxes if not _is_mark(image, box)]


def _is_mark(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Whether it is a scanning program's line in the margin, or a stamp: ink with a colour."""
    margin = MARGIN * image.height
    if box[3] < margin or box[1] > image.height - margin:
        return True
    colours = np.asarray(image.crop(box).convert("RGB"), dtype=np.int16)
    strength = np.ptp(colours, axis=2)
    return bool(np.percentile(strength, 95) - np.median(strength) > COLOURED)


def _fresh_blocks(grey: Image.Image, first: int) -> NDArray[np.bool_]:
    """Mark printed blocks that change far more than print elsewhere on the page does."""
    inked = _texture(grey) > INKED
    if inked.sum() < FEWEST_BLOCKS:
        return np.zeros_like(inked)
    change = _around(_residual(grey, first), inked)
    typical = np.median(change[inked])
    spread = NORMAL * np.median(np.abs(change[inked] - typical)) + FINEST
    fresh = inked & (change > max(typical + STANDS_OUT * spread, LEAST_CHANGE))
    if not 0 < fresh.sum() < LARGEST_SHARE * inked.sum():
        return np.zeros_like(inked)
    # A hard edge, such as that of a bar code, changes much and was yet saved with the rest.
    beside = [_around(_residual(grey, first + step), inked) for step in (-3, 3)]
    return cast("NDArray[np.bool_]", fresh & (change > NO_DIP * np.minimum(*beside)))


def _around(change: Grey, inked: NDArray[np.bool_]) -> Grey:
    """Return the mean change of a block and the printed ones around it."""
    total = _sum_around(np.where(inked, change, 0))
    return cast("Grey", total / np.maximum(_sum_around(inked), 1))


def _sum_around(blocks: NDArray[Any]) -> Grey:
    """Add to each block its eight neighbours."""
    wide = np.pad(blocks.astype(np.float32), 1)
    down, across = blocks.shape
    shifted = [wide[i : i + down, j : j + across] for i in range(3) for j in range(3)]
    return cast("Grey", sum(shifted))


def _middle(grey: Image.Image) -> Image.Image:
    """Cut the middle out, along the blocks in which a JPEG is saved."""
    left, top = (max(0, (side - SAMPLE) // 2) // BLOCK * BLOCK for side in grey.size)
    return grey.crop((left, top, min(grey.width, left + SAMPLE), min(grey.height, top + SAMPLE)))


def _earlier_quality(grey: Image.Image, quality: int) -> int | None:
    """Return the quality at which saving again changes far less than just above and below."""
    textured = _texture(grey) > TEXTURED
    if textured.sum() < FEWEST_BLOCKS:
        return None
    tried = range(LOWEST - NEAR_PRESENT, min(HIGHEST, quality) + 1)
    typical = {q: float(np.median(_residual(grey, q)[textured])) for q in tried}
    dips = {q: _dip(typical, q) for q in tried[NEAR_PRESENT:-NEAR_PRESENT]}
    deepest = min(dips, key=dips.__getitem__, default=None)
    return deepest if deepest is not None and dips[deepest] < DIP else None


def _dip(typical: dict[int, float], quality: int) -> float:
    """Compare a quality with those a little above and below."""
    beside = min(typical[quality + step] for step in (-4, -3, 3, 4))
    return typical[quality] / beside if beside else 1.0


def _residual(grey: Image.Image, quality: int) -> Grey:
    """Return the mean change of each block when the picture is saved again."""
    buffer = BytesIO()
    grey.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as again:
        change = np.abs(_pixels(grey) - _pixels(again))
    return cast("Grey", _blocks(change).mean(axis=(1, 3)))


def _texture(grey: Image.Image) -> Grey:
    return cast("Grey", _blocks(_pixels(grey)).std(axis=(1, 3)))


def _pixels(grey: Image.Image) -> Grey:
    return np.asarray(grey, dtype=np.float32)


def _blocks(pixels: Grey) -> Grey:
    down, across = (side // BLOCK for side in pixels.shape)
    return pixels[: down * BLOCK, : across * BLOCK].reshape(down, BLOCK, across, BLOCK)


def _clusters(fresh: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Gather blocks that touch, with one block between at most; leave small groups out."""
    left = {(int(row), int(column)) for row, column in np.argwhere(fresh)}
    found = []
    while left:
        group = [left.pop()]
        for row, column in group:
            near = {(row + i, column + j) for i in range(-2, 3) for j in range(-2, 3)} & left
            left -= near
            group.extend(near)
        if len(group) >= FEWEST_TOGETHER:
            rows, columns = [row for row, _ in group], [column for _, column in group]
            found.append((min(columns), min(rows), max(columns) + 1, max(rows) + 1))
    return sorted(found, key=lambda box: (box[1], box[0]))


def _in_pixels(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return (box[0] * BLOCK, box[1] * BLOCK, box[2] * BLOCK, box[3] * BLOCK)


RETOUCHERS = re.compile(
    r"snapseed|picsart|pixlr|fotor|photopea|lightroom|facetune|paint\.net|polarr|darktable"
    r"|acdsee|snagit|skitch|krita",
    re.IGNORECASE,
)
# Galleries and viewers sign a picture when they merely turn or export it.
GALLERIES = re.compile(r"photo viewer|google photos|^photos\b|galler", re.IGNORECASE)
# Width and height of screens, upright. Those of 3 to 4 are left out: cameras have them as well.
PHONE_SCREENS = frozenset(
    {
        *((640, 1136), (720, 1280), (720, 1520), (720, 1600), (750, 1334), (828, 1792)),
        *((1008, 2244), (1080, 1920), (1080, 2160), (1080, 2220), (1080, 2280), (1080, 2310)),
        *((1080, 2316), (1080, 2340), (1080, 2376), (1080, 2400), (1080, 2408), (1080, 2412)),
        *((1080, 2460), (1080, 2520), (1125, 2436), (1170, 2532), (1179, 2556), (1206, 2622)),
        *((1220, 2712), (1242, 2208), (1242, 2688), (1260, 2736), (1280, 2856), (1284, 2778)),
        *((1290, 2796), (1320, 2868), (1344, 2992), (1440, 2560), (1440, 2880), (1440, 2960)),
        *((1440, 3040), (1440, 3088), (1440, 3120), (1440, 3200)),
    }
)
COMPUTER_SCREENS = frozenset(
    {
        *((720, 1280), (768, 1366), (800, 1280), (864, 1536), (900, 1440), (900, 1600)),
        *((1050, 1680), (1080, 1920), (1200, 1920), (1280, 2048), (1440, 2560), (1440, 3440)),
        *((1600, 2560), (1664, 2560), (1800, 2880), (1964, 3024), (2160, 3840), (2234, 3456)),
    }
)
FLAT = 0.4
SAME_MOMENT = timedelta(minutes=2)


def image_signals(
    facts: ImageFacts, fresh: list[Fresh], *, is_screen: bool
) -> list[DetectedSignal]:
    """Check a picture."""
    signals: list[DetectedSignal] = []
    if editor := _editor(facts.programs):
        signals.append(found("sbx_edited_by_software", 1, edit_source=editor))
    if is_screen:
        width, height = map(str, facts.size)
        signals.append(found("sbx_screenshot", 1, width=width, height=height))
    signals += [found("sbx_file_dates_contradict", 1, problem=p) for p in _contradictions(facts)]
    return signals + part_signals(fresh, 1)


def part_signals(fresh: list[Fresh], page: int) -> list[DetectedSignal]:
    """Say where parts were put into the picture of a page."""
    return [found("sbx_part_put_in", page, **_where(part)) for part in fresh]


def _editor(programs: tuple[str, ...]) -> str | None:
    for name in programs:
        if RETOUCHERS.search(name) or (EDITORS.search(name) and not GALLERIES.search(name)):
            return name
    return None


def shows_screen(image: Image.Image, facts: ImageFacts) -> bool:
    """Whether it says so, or has the size of a screen and one colour in much of it.

    Messengers send the photos of cameras in such sizes, without a word of the camera.
    """
    if "screenshot" in facts.comment.lower():
        return True
    upright = (min(facts.size), max(facts.size))
    if facts.camera or upright not in PHONE_SCREENS | COMPUTER_SCREENS:
        return False
    return max(image.convert("L").histogram()) > FLAT * image.width * image.height


def _contradictions(facts: ImageFacts) -> Iterator[str]:
    taken, digitised, changed = facts.taken, facts.digitised, facts.changed
    if facts.camera and taken and digitised and abs(taken - digitised) > SAME_MOMENT:
        yield f"a camera took it {taken} and made it digital {digitised}"
    if taken and changed and changed < taken - CLOCKS_APART:
        yield f"changed {changed}, before it was taken {taken}"
    now = datetime.now(UTC).replace(tzinfo=None)
    if any(date and date > now + CLOCKS_APART for date in (taken, digitised, changed)):
        yield "a date that is still to come"


def _where(part: Fresh) -> dict[str, str]:
    names = ("left", "top", "right", "bottom")
    place = dict(zip(names, map(str, part.box), strict=True))
    return {**place, "rest_saved_before_at_quality": str(part.quality)}
