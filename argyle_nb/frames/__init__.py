"""Uploads as tidy DataFrames."""

from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import Frames, flatten, signals_frame, uploads_frame

__all__ = [
    "Frames",
    "flatten",
    "ocr_frame",
    "signals_frame",
    "uploads_frame",
]
