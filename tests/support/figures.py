"""What a figure shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def rendered(figure: Figure) -> None:
    """Draw it as a picture that nobody sees, so that every text has its place."""
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def texts_of(ax: Axes) -> list[str]:
    """Give the texts that stand in some axes."""
    return [text.get_text() for text in ax.texts]
