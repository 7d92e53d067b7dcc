"""Tampering with a photograph: amounts painted over, typed anew, and the picture saved again."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from data.make_documents.drafts import moment
from data.make_documents.false_figures import amount_edits
from data.make_documents.forgeries import Fraud
from data.make_documents.pages import Page, Text, draw_image, pillow_module
from data.make_documents.photos import CHANGED, SOFTWARE, encoded, shoot
from data.make_documents.tampering import as_whole

if TYPE_CHECKING:
    from random import Random

    from PIL import Image

    from data.make_documents.drafts import Draft
    from data.make_documents.photos import Shot

IMAGE_EDITORS = ("Adobe Photoshop 25.5 (Windows)", "GIMP 2.10.36", "PicsArt", "Snapseed 2.0")
PADDING = 3
WIDTH_OF_DIGIT = 0.556


def patched_photo(rng: Random, draft: Draft) -> Fraud:
    """Photograph a document and type other amounts into the picture.

    Parameters
    ----------
    rng
        Source of chance for the amounts, the quality and what the file says afterwards: the
        editor's name, nothing at all, or the camera's words left as they were.
    draft
        The genuine document.

    Returns
    -------
    Fraud
        A JPEG.
    """
    page = draft.redraw(draft.facts)
    edits = amount_edits(rng, draft, rng.choice(("one", "some")))
    taken = moment(rng, draft.made.date())
    shot = shoot(rng, page, taken)
    with pillow_module("Image").open(io.BytesIO(shot.jpeg)) as photo:
        exif, picture = photo.getexif(), photo.convert("RGB")
    for mark in page.marks:
        for old, new in edits.items():
            if isinstance(mark, Text) and as_whole(old).search(mark.words):
                _retype(picture, shot, mark, as_whole(old).sub(new, mark.words))
    how = rng.choice(("editor", "stripped", "quiet"))
    options: dict[str, Any] = {"quality": rng.choice((80, 90, 95))}
    if how == "editor":
        exif[SOFTWARE] = rng.choice(IMAGE_EDITORS)
        later = taken + timedelta(days=rng.randint(1, 20), minutes=rng.randint(1, 600))
        exif[CHANGED] = f"{later:%Y:%m:%d %H:%M:%S}"
    if how != "stripped":
        options["exif"] = exif.tobytes()
    return Fraud(encoded(picture, "JPEG", **options), ".jpg", f"photo, amounts typed in, {how}")


def _retype(picture: Image.Image, shot: Shot, mark: Text, words: str) -> None:
    """Lay a piece of paper-coloured paint with other words over one text."""
    width = max(len(words), len(mark.words)) * WIDTH_OF_DIGIT * mark.size + 2 * PADDING
    height = mark.size + 2 * PADDING
    left = {"left": PADDING, "right": width - PADDING, "center": width / 2}[mark.align]
    middle = (mark.x - left + width / 2, mark.y - mark.size * 0.35)
    centre = shot.place(*middle)
    patch = Page((width, height))
    patch.marks.append(replace(mark, x=left, y=height / 2 + mark.size * 0.35, words=words))
    drawn = draw_image(patch, shot.scale * 72)
    paper = _paper(picture, centre, drawn.size)
    inked = pillow_module("ImageChops").multiply(
        drawn, pillow_module("Image").new("RGB", drawn.size, paper)
    )
    mask = pillow_module("Image").new("L", drawn.size, 255)
    bilinear = pillow_module("Image").Resampling.BILINEAR
    turned = inked.rotate(shot.angle, expand=True, fillcolor=paper, resample=bilinear)
    mask = mask.rotate(shot.angle, expand=True, resample=bilinear)
    corner = (round(centre[0] - turned.width / 2), round(centre[1] - turned.height / 2))
    picture.paste(turned, corner, mask)


def _paper(
    picture: Image.Image, centre: tuple[float, float], size: tuple[int, int]
) -> tuple[int, ...]:
    """Pick the colour of the paper around a text: the median of the brighter half."""
    left, top = (round(at - side / 2) for at, side in zip(centre, size, strict=True))
    pixels = picture.crop((left, top, left + size[0], top + size[1]))
    bands = [sorted(band.tobytes()) for band in pixels.split()]
    return tuple(band[len(band) * 3 // 4] for band in bands)
