"""What goes into a report: rows chosen by the filters, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.archive import Archive
from argyle_nb.errors import ArgyleError, ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.report.fingerprints import fingerprints
from argyle_nb.scores.filters import chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argyle_nb.scores.filters import Filters


@dataclass(frozen=True)
class Given:
    """The rows of a report, before anything is masked.

    Parameters
    ----------
    uploads, signals, ocr
        Of the uploads that the filters let through; ``None`` where the frame was not given.
    rejected
        ``record, path, problem`` of what could not be read.
    unread
        How many uploads could not be read at all, and so are in no frame.
    left_out
        Frame -> rows that the filters left out.
    """

    uploads: pd.DataFrame
    signals: pd.DataFrame | None
    ocr: pd.DataFrame | None
    rejected: list[dict[str, str]]
    unread: int
    left_out: dict[str, int]


def gather(
    source: pd.DataFrame | Archive,
    signals: pd.DataFrame | None,
    ocr: pd.DataFrame | bool,
    filters: Filters,
) -> Given:
    """Take frames, or read them from an archive, and choose the rows.

    Raises
    ------
    ConfigurationError
        When a frame is another, or a filter names no column.
    ArgyleError
        When an upload is there twice.

    Examples
    --------
    >>> len(gather(frame, None, False, {"document_type": "paystubs"}).uploads)
    3
    """
    uploads, signals, ocr_fields = _frames(source, signals, ocr)
    _check_uploads(uploads)
    given = {"uploads": uploads, "signals": signals, "ocr_fields": ocr_fields}
    kept = {"uploads": uploads[chosen(uploads, filters)] if filters else uploads}
    for name, frame in given.items():
        if frame is not None and name != "uploads":
            _check_upload_id(frame)
            some = len(kept["uploads"]) < len(uploads)
            kept[name] = _of(frame, kept["uploads"]) if some else frame
    rejected, unread = _rejected(given)
    return Given(
        kept["uploads"],
        kept.get("signals"),
        kept.get("ocr_fields"),
        rejected,
        unread,
        {name: len(frame) - len(kept[name]) for name, frame in given.items() if frame is not None},
    )


def _frames(
    source: pd.DataFrame | Archive, signals: pd.DataFrame | None, ocr: pd.DataFrame | bool
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None]:
    if isinstance(source, Archive):
        frames = source.scan(errors="collect")
        if ocr is True:  # of those alone that were there a moment ago: others may be pulling
            ocr = _of(source.ocr(errors="collect"), frames.uploads)
        return (
            frames.uploads,
            frames.signals if signals is None else signals,
            None if ocr is False else ocr,
        )
    if not isinstance(source, pd.DataFrame):
        raise ConfigurationError(
            "a report is on the frame of uploads_frame or on an Archive; of flatten, give "
            "frames.uploads, signals=frames.signals"
        )
    if ocr is True:
        raise ConfigurationError(
            "ocr=True is for an archive: beside a frame, give the frame of ocr_frame"
        )
    return source, signals, None if ocr is False else ocr


def _check_uploads(frame: pd.DataFrame) -> None:
    expected = uploads_frame([]).columns
    missing = [name for name in expected if name not in frame]
    twice = [name for name in expected if list(frame.columns).count(name) > 1]
    if missing or twice:
        problem = f"no column {', '.join(missing)}" if missing else f"{', '.join(twice)} twice"
        raise ConfigurationError(f"this is not a frame of uploads_frame: {problem}")
    for name in ("created_at", "updated_at"):
        if not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            raise ConfigurationError(
                f"this is not a frame of uploads_frame: {name} holds no times with a zone; "
                f"pd.to_datetime(frame[{name!r}], utc=True) makes them, where they are UTC"
            )
    if len(np.unique(fingerprints(frame["id"]))) == len(frame):
        return
    again = frame["id"].duplicated()
    if again.any():
        raise ArgyleError(
            f"{int(again.sum())} uploads are there twice, {frame['id'][again].iloc[0]} among them, "
            "and would be counted twice: give frame.drop_duplicates('id', keep='last')"
        )


def _check_upload_id(frame: pd.DataFrame) -> None:
    if "upload_id" not in frame:
        raise ConfigurationError("signals and OCR fields name their upload in a column upload_id")


def _of(frame: pd.DataFrame, uploads: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["upload_id"].isin(uploads["id"])]


def _rejected(given: Mapping[str, pd.DataFrame | None]) -> tuple[list[dict[str, str]], int]:
    """List what could not be read once, although each frame tells it; uploads come first."""
    told = {
        name: [] if frame is None else frame.attrs.get("rejected", [])
        for name, frame in given.items()
    }
    rows = list(told.pop("uploads"))
    unread = len(rows)
    for some in told.values():
        rows += [row for row in some if row not in rows]
    return rows, unread
