"""Parts of a picture that were not saved together with the rest of it.

A JPEG that is opened, changed and saved again keeps the trace of its first saving: saved once more
at that first quality, it hardly changes, while whatever was put in between changes as any fresh
picture does (Farid, "Exposing digital forgeries from JPEG ghosts", 2009). A trace is left only
when the second quality is higher than the first and the picture was not cropped or resized.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.float32]

MAX_PIXELS = 24_000_000
SAMPLE = 1024
BLOCK = 8
LOWEST, HIGHEST = 50, 97
# So near to the present quality every picture changes little.
NEAR_PRESENT = 4
TEXTURED, INKED = 1.0, 12.0
FEWEST_BLOCKS = 100
DIP = 0.8
STANDS_OUT = 6.0
FINEST = 0.02
LARGEST_SHARE = 0.2
FEWEST_TOGETHER = 4
# From the median absolute deviation to the standard deviation of a normal distribution.
NORMAL = 1.4826


@dataclass(frozen=True)
class Fresh:
    """A part that does not share the first saving of the rest.

    Parameters
    ----------
    box
        Left, top, right and lower edge in pixels.
    quality
        At which the rest was saved before.
    """

    box: tuple[int, int, int, int]
    quality: int


def fresh_parts(image: Image.Image, quality: int) -> list[Fresh]:
    """Find parts that came into a picture after it was first saved.

    Parameters
    ----------
    image
        A picture, opened and not yet decoded.
    quality
        At which it is saved now, 1 to 100.

    Returns
    -------
    list of Fresh
        Empty when there is no trace of an earlier saving, or nothing stands out from it.
    """
    if image.width * image.height > MAX_PIXELS:
        return []
    image.draft("L", image.size)
    grey = image.convert("L")
    first = _earlier_quality(_middle(grey), quality)
    if first is None:
        return []
    return [Fresh(_in_pixels(box), first) for box in _clusters(_fresh_blocks(grey, first))]


def _fresh_blocks(grey: Image.Image, first: int) -> NDArray[np.bool_]:
    """Mark printed blocks that change far more than print elsewhere on the page does."""
    residual, inked = _residual(grey, first), _texture(grey) > INKED
    nothing = np.zeros_like(inked)
    if inked.sum() < FEWEST_BLOCKS:
        return nothing
    around = _sum_around(np.where(inked, residual, 0)) / np.maximum(_sum_around(inked), 1)
    typical = np.median(around[inked])
    spread = NORMAL * np.median(np.abs(around[inked] - typical)) + FINEST
    fresh = inked & (around > typical + STANDS_OUT * spread)
    return fresh if fresh.sum() < LARGEST_SHARE * inked.sum() else nothing


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
