"""What a figure shows."""

from __future__ import annotations

import io
from itertools import combinations
from typing import TYPE_CHECKING

from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox


def rendered(figure: Figure) -> None:
    """Draw it as a picture that nobody sees, so that every text has its place."""
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def texts_of(ax: Axes) -> list[str]:
    """Give the texts that stand in some axes."""
    return [text.get_text() for text in ax.texts]


def text_boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Give every text that can be seen, and its place in pixels."""
    figure.draw_without_rendering()
    hidden = {id(label) for ax in figure.axes for label in _labels_beyond(ax)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    return [
        (text.get_text(), Text.get_window_extent(text)) for text in texts if id(text) not in hidden
    ]


def _labels_beyond(ax: Axes) -> list[Text]:
    """Give the labels of ticks beyond the ends of their axis, which are not drawn."""
    labels = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        beyond = [t for t in axis.get_major_ticks() if not low <= t.get_loc() <= high]
        labels += [tick.label1 for tick in beyond]
    return labels


def badly_placed(figure: Figure) -> list[str]:
    """Name texts that lie outside their figure, and pairs that lie over each other."""
    boxes, whole = text_boxes(figure), figure.bbox.padded(1)
    outside = [
        f"outside: {text!r}"
        for text, box in boxes
        if not (whole.contains(box.x0, box.y0) and whole.contains(box.x1, box.y1))
    ]
    # A pixel of space belongs to each letter's box.
    over = [
        f"over each other: {one!r}, {other!r}"
        for (one, a), (other, b) in combinations(boxes, 2)
        if a.padded(-1).overlaps(b.padded(-1))
    ]
    return outside + over
