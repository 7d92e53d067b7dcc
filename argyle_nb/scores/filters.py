"""Which uploads a report is on, and how its manifest says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.report.protecting import UPLOADS

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.report.privacy import Privacy

    Filters = Mapping[str, Any]

_PLAIN = str | bool | int | float
TIMES = ("created_at", "updated_at")


def plain_filters(filters: Any) -> dict[str, Any]:
    """Make plain values of what a filter may hold: numbers of numpy, sets, series, ranges.

    Raises
    ------
    ConfigurationError
        When a filter is neither a value nor some values.

    Examples
    --------
    >>> plain_filters({"ocr_authenticity_score": range(3), "document_type": "W-2"})
    {'ocr_authenticity_score': [0, 1, 2], 'document_type': 'W-2'}
    """
    if not isinstance(filters, Mapping):
        raise ConfigurationError(
            "filters are a dict of column -> wanted, such as {'document_type': 'W-2'}"
        )
    return {name: _plain(name, wanted) for name, wanted in filters.items()}


def chosen(frame: pd.DataFrame, filters: Filters) -> npt.NDArray[np.bool_]:
    """Say which rows the filters let through.

    Raises
    ------
    ConfigurationError
        When a filter names no column, or its times are no pair of first and end.

    Examples
    --------
    >>> chosen(frame, {"document_type": "paystubs"}).sum()
    np.int64(3)
    """
    keep = np.ones(len(frame), dtype=bool)
    for name, wanted in filters.items():
        if name not in frame:
            raise ConfigurationError(
                f"there is no column {name!r} to filter by: there are {', '.join(map(str, frame))}"
            )
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            keep &= _within(column, name, wanted)
        else:
            values = [wanted] if isinstance(wanted, _PLAIN) else wanted
            keep &= column.isin(values).to_numpy(dtype=bool)
    return keep


def told_filters(filters: Filters, privacy: Privacy) -> dict[str, Any]:
    """Give the filters as a manifest may tell them; a column that no file has is personal.

    Times are told in UTC, as they were understood.

    Examples
    --------
    >>> from argyle_nb.report.privacy import Privacy
    >>> told_filters({"document_type": ["W-2"], "borrower": "Ada Sample"}, Privacy())
    {'document_type': ['W-2'], 'borrower': '***'}
    """
    return {
        privacy.text("label", name): _told_times(wanted)
        if name in TIMES
        else _told(UPLOADS.get(name, "text"), wanted, privacy)
        for name, wanted in filters.items()
    }


def _plain(name: str, wanted: Any) -> Any:
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes)
    values = [_value(one) for one in (wanted if several else [wanted])]
    known = all(isinstance(value, _PLAIN) or (value is None and several) for value in values)
    if not known:
        raise ConfigurationError(
            f"filter {name} takes a value or a list of values, not {type(wanted).__name__}"
        )
    return values if several else values[0]


def _value(wanted: Any) -> Any:
    if isinstance(wanted, np.datetime64):
        return pd.Timestamp(wanted).isoformat()
    if isinstance(wanted, np.generic):
        return wanted.item()
    return wanted.isoformat() if isinstance(wanted, date) else wanted


def _within(times: pd.Series[Any], name: str, wanted: Any) -> npt.NDArray[np.bool_]:
    """Read a pair of times, of which the second is no part; ``None`` leaves a side open."""
    try:
        first, end = (_utc(limit) for limit in wanted)
        in_order = first is None or end is None or first < end
    except (TypeError, ValueError):
        in_order = False
    if not in_order or isinstance(wanted, str):
        raise ConfigurationError(
            f"filter {name} takes a pair of times, first and end (which is later and no part), "
            f"written as 2026-01-31 or 2026-01-31T09:30:00Z, or None for an open side; "
            f"not {wanted!r}"
        )
    keep = np.ones(len(times), dtype=bool)
    if first is not None:
        keep &= (times >= first).to_numpy(dtype=bool)
    if end is not None:
        keep &= (times < end).to_numpy(dtype=bool)
    return keep


def _utc(limit: Any) -> pd.Timestamp | None:
    if limit is None:
        return None
    if not isinstance(limit, str):
        raise TypeError("a number is no time")
    datetime.fromisoformat(limit)  # pandas would read "may" as the first of May of the year 1
    time = pd.Timestamp(limit)
    return time.tz_localize("UTC") if time.tz is None else time.tz_convert("UTC")


def _told_times(wanted: Any) -> list[str | None]:
    limits = (_utc(limit) for limit in wanted)
    return [None if at is None else at.isoformat().replace("+00:00", "Z") for at in limits]


def _told(kind: str, wanted: Any, privacy: Privacy) -> Any:
    if isinstance(wanted, list):
        return [_told(kind, one, privacy) for one in wanted]
    return privacy.text(kind, wanted) if isinstance(wanted, str) else wanted
