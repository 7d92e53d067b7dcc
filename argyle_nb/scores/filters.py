"""Which uploads are in view: the filters of the explorer, as one function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.scores.reasons import REASONS, no_score_reasons

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Filters = Mapping[str, Any]


SCORED = "scored"
STATUSES = (SCORED, *REASONS)
SEARCHED = ("id", "account", "user", "file_name")
WHOSE = ("user", "account")


def find_uploads(
    frame: pd.DataFrame,
    *,
    document_type: str | Collection[str] = (),
    level: str | Collection[str] = (),
    status: str | Collection[str] = (),
    since: str = "",
    until: str = "",
    user: str = "",
    signal: str | Collection[str] = (),
    signals: pd.DataFrame | None = None,
    text: str = "",
    scores: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Keep the uploads that fit all of these; what is not given lets everything through.

    Parameters
    ----------
    frame
        From `uploads_frame`.
    document_type
        One or several.
    level
        One or several of ``authenticity_level``, by the names of the frame's preset.
    status
        One or several of ``"scored"`` and the reasons why there is no score: ``"pending"``,
        ``"failed"``, ``"unauthorized"``, ``"unsupported_type"``, ``"not_started"``,
        ``"missing"``, ``"invalid"``.
    since, until
        The first and the last day of ``created_at`` in UTC, such as ``"2026-01-31"``.
    user
        A part of the id of the user or the account.
    signal
        One or several identifiers of signals or reason codes; an upload fits that has any of them.
    signals
        From `signals_frame`; needed for ``signal``.
    text
        Found anywhere in the upload's id, account, user or file name, in capitals or not.
    scores
        The lowest and the highest score, 0 to 100; leaves out what has none.

    Returns
    -------
    pandas.DataFrame
        Rows of ``frame`` in its order, with its index and its columns.

    Raises
    ------
    ConfigurationError
        For a status, a day or scores that cannot be, a column that is not there, or ``signal``
        without ``signals``.

    Examples
    --------
    >>> find_uploads(frame, document_type="paystubs", scores=(80, 100)).index.tolist()
    [0, 1]
    >>> find_uploads(frame, status=["unsupported_type", "failed"]).index.tolist()
    [3]
    """
    chosen = {
        "document_type": _several(document_type),
        "authenticity_level": _several(level),
    }
    keep = np.ones(len(frame), dtype=bool)
    for name, wanted in chosen.items():
        if wanted:
            keep &= column_of(frame, name).isin(wanted).to_numpy(dtype=bool)
    if status:
        keep &= _of_status(frame, _several(status))
    if since or until:
        keep &= _between(column_of(frame, "created_at"), since, until)
    if user:
        keep &= _containing(frame, WHOSE, user)
    if signal:
        keep &= _with_signal(frame, _several(signal), signals)
    if text:
        keep &= _containing(frame, SEARCHED, text)
    if scores is not None:
        keep &= _scored_between(column_of(frame, "ocr_authenticity_score"), *scores)
    return frame if keep.all() else frame[keep]


def column_of(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Give a column, or say that the frame is of another kind."""
    if name not in frame:
        raise ConfigurationError(f"no column {name}: give a frame of uploads_frame")
    return frame[name]


def statuses_of(frame: pd.DataFrame) -> pd.Series[Any]:
    """Say of each upload that it is ``scored``, or why it has no score."""
    statuses: pd.Series[Any] = no_score_reasons(frame).cat.add_categories([SCORED])
    return statuses.fillna(SCORED).rename("status")


def _several(wanted: str | Collection[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _of_status(frame: pd.DataFrame, wanted: list[str]) -> Mask:
    if unknown := [name for name in wanted if name not in STATUSES]:
        raise ConfigurationError(f"no status {unknown[0]!r}: use any of {', '.join(STATUSES)}")
    return statuses_of(frame).isin(wanted).to_numpy(dtype=bool)


def _between(times: pd.Series[Any], since: str, until: str) -> Mask:
    keep = np.ones(len(times), dtype=bool)
    if since:
        keep &= (times >= _day(since)).to_numpy(dtype=bool)
    if until:
        keep &= (times < _day(until) + pd.Timedelta(days=1)).to_numpy(dtype=bool)
    return keep


def _day(text: str) -> pd.Timestamp:
    try:
        return pd.to_datetime(text, format="%Y-%m-%d", utc=True)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no day: write it as 2026-01-31") from None


def _containing(frame: pd.DataFrame, names: tuple[str, ...], part: str) -> Mask:
    keep = np.zeros(len(frame), dtype=bool)
    for name in names:
        texts = column_of(frame, name).str
        found = texts.contains(part, case=False, regex=False, na=False)
        keep |= found.to_numpy(dtype=bool)
    return keep


def _with_signal(frame: pd.DataFrame, wanted: list[str], signals: pd.DataFrame | None) -> Mask:
    if signals is None:
        raise ConfigurationError("which uploads have a signal is in signals=anb.signals_frame(...)")
    found = set(signals.loc[column_of(signals, "identifier").isin(wanted), "upload_id"])
    names = column_of(frame, "id").to_numpy(dtype=object, na_value="").tolist()
    return np.fromiter((name in found for name in names), bool, len(names))


def _scored_between(scores: pd.Series[Any], low: int, high: int) -> Mask:
    if not LOWEST_SCORE <= low <= high <= HIGHEST_SCORE:
        raise ConfigurationError(
            f"scores are (lowest, highest) of {LOWEST_SCORE} to {HIGHEST_SCORE}, "
            f"not ({low}, {high})"
        )
    numbers = scores.to_numpy(dtype=np.float64, na_value=np.nan)
    return (numbers >= low) & (numbers <= high)


_PLAIN = str | bool | int | float
TIMES = ("created_at", "updated_at")


def plain_filters(filters: Any) -> dict[str, Any]:
    """Make plain values of what a filter may hold: numbers of numpy, sets, series, ranges."""
    if not isinstance(filters, Mapping):
        raise ConfigurationError(
            "filters are a dict of column -> wanted, such as {'document_type': 'W-2'}"
        )
    return {name: _plain(name, wanted) for name, wanted in filters.items()}


def chosen(frame: pd.DataFrame, filters: Filters) -> npt.NDArray[np.bool_]:
    """Say which rows the filters let through."""
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
        first, end = (utc_time(limit) for limit in wanted)
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


def utc_time(limit: Any) -> pd.Timestamp | None:
    """Read one limit of a pair of times, as UTC where it names no time zone."""
    if limit is None:
        return None
    if not isinstance(limit, str):
        raise TypeError("a number is no time")
    datetime.fromisoformat(limit)  # pandas would read "may" as the first of May of the year 1
    time = pd.Timestamp(limit)
    return time.tz_localize("UTC") if time.tz is None else time.tz_convert("UTC")
