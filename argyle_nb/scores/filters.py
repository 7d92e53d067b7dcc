"""Which uploads are meant: `find_uploads` for analysts, and the filters of a report.

Both are made of the same two tests, for values and for times: a column is one of some values, or
lies from a first time on and before an end, which is never included.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.models import types_among
from argyle_nb.scores.reasons import REASONS, no_score_reasons

Mask: TypeAlias = npt.NDArray[np.bool_]
Filters: TypeAlias = Mapping[str, Any]

SCORED = "scored"
STATUSES = (SCORED, *REASONS)
TIMES = ("created_at", "updated_at")
_OWNERS = ("external_id", "user", "account")
_NAMES = ("id", *_OWNERS)
_SEARCHED = (*_NAMES, "file_name")
_PLAIN = str | bool | int | float
_LINE_END = ord("\n")
# So many bytes of what is searched for are compared everywhere, the others where these are found.
_FIRST_BYTES = 4
# What is shorter may be found more often than there is memory to note where.
_MANY_HITS = 3
SHOWN = 3  # names in a message


def find_uploads(
    uploads: pd.DataFrame,
    *,
    document_type: str | Collection[str] = (),
    level: str | Collection[str] = (),
    status: str | Collection[str] = (),
    created_from: str = "",
    created_before: str = "",
    user: str = "",
    signal: str | Collection[str] = (),
    signals: pd.DataFrame | None = None,
    text: str = "",
    scores: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Keep the uploads that fit all of these; what is not given lets everything through.

    Parameters
    ----------
    uploads
        From `uploads_frame`.
    document_type
        One or several; spellings such as ``"W2"`` are understood.
    level
        One or several of ``authenticity_level``, by the names of the frame's preset.
    status
        One or several of ``"scored"`` and the reasons why there is no score: ``"in_progress"``,
        ``"processing_failed"``, ``"not_enabled"``, ``"unsupported_type"``,
        ``"detect_pending"``, ``"detect_unable_to_process"``, ``"detect_unsupported"``,
        ``"detect_deleted"``, ``"not_started"``, ``"no_score_returned"``, ``"invalid_score"``.
    created_from, created_before
        Days of ``created_at`` in UTC, such as ``"2026-01-31"``: from the first on, and before the
        second.
    user
        A part of the borrower's external ID, or of the user ID or account ID.
    signal
        One or several identifiers of signals or reason codes; an upload fits that has any of them.
    signals
        From `signals_frame`; needed for ``signal``.
    text
        Found anywhere in the upload's ID, account, user, external ID or file name, in capitals or
        not.
    scores
        The lowest and the highest score, 0 to 100; leaves out what has none.

    Returns
    -------
    pandas.DataFrame
        Rows of ``uploads`` in its order, with its index and its columns.

    Raises
    ------
    ConfigurationError
        For a status, a day or scores that cannot be, a column that is not there, or ``signal``
        without ``signals``.

    Examples
    --------
    >>> find_uploads(uploads, document_type="paystubs", scores=(80, 100)).index.tolist()
    [0, 1]
    >>> find_uploads(uploads, status=["unsupported_type", "processing_failed"]).index.tolist()
    [3]
    """
    wanted = {
        "document_type": document_type,
        "level": level,
        "status": status,
        "created_from": created_from,
        "created_before": created_before,
        "user": user,
        "signal": signal,
        "text": text,
        "scores": scores,
    }
    search = UploadSearch(uploads, signals)
    keep = np.ones(len(uploads), dtype=bool)
    for name, value in wanted.items():
        if value is not None and len(value):
            keep &= search.mask(name, value)
    return uploads if keep.all() else uploads[keep]


class UploadSearch:
    """The filters of `find_uploads` one by one, for who asks for many of the same uploads.

    What is made of a column to search it is kept.
    """

    def __init__(self, frame: pd.DataFrame, signals: pd.DataFrame | None = None) -> None:
        self.frame, self.signals = frame, signals
        self._texts: dict[str, _Texts] = {}

    def mask(self, name: str, wanted: Any) -> Mask:
        """Say which uploads one filter lets through."""
        mask: Mask = getattr(self, f"_by_{name}")(wanted)
        return mask

    def prepare(self) -> None:
        """Make now what the first search would wait for."""
        for name in _SEARCHED:
            self._texts_of(name)

    def _by_document_type(self, wanted: str | Collection[str]) -> Mask:
        column = column_of(self.frame, "document_type")
        return _any_of(column, types_among(_listed(wanted), _names_in(column)))

    def _by_level(self, wanted: str | Collection[str]) -> Mask:
        return _any_of(column_of(self.frame, "authenticity_level"), _listed(wanted))

    def _by_status(self, wanted: str | Collection[str]) -> Mask:
        values = _listed(wanted)
        if unknown := [name for name in values if name not in STATUSES]:
            raise ConfigurationError(
                f"Unknown status {unknown[0]!r}. Use any of: {', '.join(STATUSES)}."
            )
        return _any_of(statuses_of(self.frame), values)

    def _by_created_from(self, day: str) -> Mask:
        return _within(column_of(self.frame, "created_at"), _day("created_from", day), None)

    def _by_created_before(self, day: str) -> Mask:
        return _within(column_of(self.frame, "created_at"), None, _day("created_before", day))

    def _by_user(self, part: str) -> Mask:
        return self._containing(_OWNERS, part)

    def _by_text(self, part: str) -> Mask:
        return self._containing(_SEARCHED, part)

    def _by_scores(self, limits: tuple[int, int]) -> Mask:
        return _scored_between(column_of(self.frame, "ocr_authenticity_score"), *limits)

    def _by_signal(self, wanted: str | Collection[str]) -> Mask:
        if self.signals is None:
            raise ConfigurationError("To filter by signal, pass signals=anb.signals_frame(...).")
        having = column_of(self.signals, "identifier").isin(_listed(wanted))
        names = self.signals.loc[having, "upload_id"].drop_duplicates()
        return _any_of(column_of(self.frame, "id"), names.dropna())

    def _containing(self, names: tuple[str, ...], part: str) -> Mask:
        keep = np.zeros(len(self.frame), dtype=bool)
        for name in names:
            keep |= self._texts_of(name).containing(part)
        return keep

    def _texts_of(self, name: str) -> _Texts:
        if name not in self._texts:
            column = column_of(self.frame, name)
            self._texts[name] = _RepeatedTexts(column) if name in _OWNERS else _Texts(column)
        return self._texts[name]


class _Texts:
    """Texts to be searched, joined into one that numpy looks through at once.

    A million texts are searched in some hundredths of a second, one by one in half a second each
    column.
    """

    def __init__(self, texts: Any) -> None:
        words: list[str] = pd.Series(texts).to_numpy(dtype=object, na_value="").tolist()
        joined = _folded("\n".join(words))
        if joined.count(b"\n") >= len(words):
            joined = b"\n".join(_of_one_line(_folded(word)) for word in words)
        self._rows = len(words)
        self._bytes = np.frombuffer(joined, dtype=np.uint8)
        self._ends = np.append(np.flatnonzero(self._bytes == _LINE_END), len(joined))

    def containing(self, part: str) -> Mask:
        """Say which texts have this part, in capitals or not."""
        wanted = np.frombuffer(_of_one_line(_folded(part)), dtype=np.uint8)
        room = len(self._bytes) - len(wanted) + 1
        keep = np.zeros(self._rows, dtype=bool)
        if not len(wanted) or room <= 0:
            return keep | (not len(wanted))
        hits = self._bytes[:room] == wanted[0]
        for place, byte in enumerate(wanted[1:_FIRST_BYTES], 1):
            hits &= self._bytes[place : room + place] == byte
        if len(wanted) < _MANY_HITS:
            starts = np.append(0, self._ends[:-1] + 1)
            padded = np.append(hits, np.zeros(len(wanted), dtype=bool))
            return np.logical_or.reduceat(padded, starts)
        at = np.flatnonzero(hits)
        for place, byte in enumerate(wanted[_FIRST_BYTES:], _FIRST_BYTES):
            at = at[self._bytes[at + place] == byte]
        keep[np.searchsorted(self._ends, at)] = True
        return keep


class _RepeatedTexts(_Texts):
    """Texts most of which occur more than once: each is searched once."""

    def __init__(self, texts: pd.Series[Any]) -> None:
        self._codes, known = pd.factorize(texts)
        super().__init__(known)

    def containing(self, part: str) -> Mask:
        """Say which texts have this part, in capitals or not."""
        missing_is_last = np.append(super().containing(part), not part)
        return missing_is_last[self._codes]


def _folded(text: str) -> bytes:
    return text.casefold().encode("utf-8", "surrogatepass")


def _of_one_line(text: bytes) -> bytes:
    return text.replace(b"\n", b"\0")


def chosen(frame: pd.DataFrame, filters: Filters) -> Mask:
    """Say which rows the filters of a report let through."""
    keep = np.ones(len(frame), dtype=bool)
    for name, wanted in filters.items():
        if name not in frame:
            raise ConfigurationError(
                f"No column {name!r} to filter by. Found: {', '.join(map(str, frame))}."
            )
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            keep &= _within(column, *_pair(name, wanted))
        else:
            keep &= _any_of(column, [wanted] if isinstance(wanted, _PLAIN) else wanted)
    return keep


def spelled(frame: pd.DataFrame, filters: Filters) -> dict[str, Any]:
    """Give the filters of a report with document types as the frame writes them."""
    return {
        name: _spelled_types(frame[name], wanted)
        if name.endswith("document_type") and name in frame
        else wanted
        for name, wanted in filters.items()
    }


def _spelled_types(column: pd.Series[Any], wanted: Any) -> Any:
    if isinstance(wanted, _PLAIN):
        return types_among([wanted], _names_in(column))[0]
    return types_among(wanted, _names_in(column))


def _names_in(column: pd.Series[Any]) -> set[Any]:
    is_category = isinstance(column.dtype, pd.CategoricalDtype)
    return set(column.cat.categories if is_category else column.dropna().unique())


def check_known(frame: pd.DataFrame, filters: Filters, where: str) -> None:
    """Refuse a filter by a name or a category that no upload can have, such as a mistyped one."""
    for name, wanted in filters.items():
        column = column_of(frame, name)
        if isinstance(column.dtype, pd.CategoricalDtype):
            known = column.cat.categories
        elif name in _NAMES:
            known = pd.Index(column.dropna().unique())
        else:
            continue
        values = [wanted] if isinstance(wanted, _PLAIN) else wanted
        if None in values or not values or known.isin(values).any():
            continue
        shown = " or ".join(map(repr, values[:SHOWN])) + (" ..." if len(values) > SHOWN else "")
        near = [one for value in values[:SHOWN] for one in _near(str(value), known)]
        hint = f" (did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?)" if near else ""
        raise ConfigurationError(f"No upload in {where} has {name} {shown}{hint}.")


def _near(text: str, known: Iterable[Any]) -> list[str]:
    """Give the names that are written much like this one."""
    names = {str(one).casefold(): str(one) for one in known}
    return [names[one] for one in difflib.get_close_matches(text.casefold(), names, n=SHOWN)]


def plain_filters(filters: Any) -> dict[str, Any]:
    """Make plain values of what a filter may hold: numbers of numpy, sets, series, ranges."""
    if not isinstance(filters, Mapping):
        raise ConfigurationError(
            "filters must be a dict of column -> wanted, such as {'document_type': 'W-2'}."
        )
    return {name: _plain(name, wanted) for name, wanted in filters.items()}


def _plain(name: str, wanted: Any) -> Any:
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes)
    values = [_value(one) for one in (wanted if several else [wanted])]
    known = all(isinstance(value, _PLAIN) or (value is None and several) for value in values)
    if not known:
        raise ConfigurationError(
            f"Filter {name} takes a value or a list of values, not {type(wanted).__name__}."
        )
    return values if several else values[0]


def _value(wanted: Any) -> Any:
    if isinstance(wanted, np.datetime64):
        return pd.Timestamp(wanted).isoformat()
    if isinstance(wanted, np.generic):
        return wanted.item()
    return wanted.isoformat() if isinstance(wanted, date) else wanted


def _pair(name: str, wanted: Any) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Read the first time and the end, which is no part; ``None`` leaves a side open."""
    try:
        first, end = (utc_time(limit) for limit in wanted)
        in_order = first is None or end is None or first < end
    except (TypeError, ValueError):
        in_order = False
    if not in_order or isinstance(wanted, str):
        raise ConfigurationError(
            f"Filter {name} takes a pair of times, first and end (later than the first, "
            "and not included), such as 2026-01-31 or 2026-01-31T09:30:00Z, or None for "
            f"an open side, not {wanted!r}."
        )
    return first, end


def utc_time(limit: Any) -> pd.Timestamp | None:
    """Read one limit of a pair of times, as UTC where it names no time zone."""
    if limit is None:
        return None
    if not isinstance(limit, str):
        raise TypeError("a number is no time")
    datetime.fromisoformat(limit)  # pandas would read "may" as the first of May of the year 1
    time = pd.Timestamp(limit)
    return time.tz_localize("UTC") if time.tz is None else time.tz_convert("UTC")


def column_of(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Give a column, or say that the frame is of another kind."""
    if name not in frame:
        raise ConfigurationError(
            f"Column {name} is missing. Pass the table returned by anb.uploads_frame."
        )
    return frame[name]


def statuses_of(frame: pd.DataFrame) -> pd.Series[Any]:
    """Say of each upload that it is ``scored``, or why it has no score."""
    statuses: pd.Series[Any] = no_score_reasons(frame).cat.add_categories([SCORED])
    return statuses.fillna(SCORED).rename("status")


def _any_of(column: pd.Series[Any], values: Collection[Any]) -> Mask:
    return column.isin(values).to_numpy(dtype=bool)


def _within(times: pd.Series[Any], first: pd.Timestamp | None, end: pd.Timestamp | None) -> Mask:
    keep = np.ones(len(times), dtype=bool)
    if first is not None:
        keep &= (times >= first).to_numpy(dtype=bool)
    if end is not None:
        keep &= (times < end).to_numpy(dtype=bool)
    return keep


def _listed(wanted: str | Collection[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _day(name: str, text: str) -> pd.Timestamp:
    try:
        return pd.to_datetime(text, format="%Y-%m-%d", utc=True)
    except ValueError:
        raise ConfigurationError(
            f"{name}: {text!r} is not a day. Write it as 2026-01-31."
        ) from None


def _scored_between(scores: pd.Series[Any], low: int, high: int) -> Mask:
    if not LOWEST_SCORE <= low <= high <= HIGHEST_SCORE:
        raise ConfigurationError(
            f"scores must be (lowest, highest) within {LOWEST_SCORE} to {HIGHEST_SCORE}, "
            f"not ({low}, {high})."
        )
    numbers = scores.to_numpy(dtype=np.float64, na_value=np.nan)
    return (numbers >= low) & (numbers <= high)
