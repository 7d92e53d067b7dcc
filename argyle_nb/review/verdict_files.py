"""Verdicts from elsewhere, read with every fault named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.storage import typed

if TYPE_CHECKING:
    from pathlib import Path

VERDICTS = ("genuine", "fraudulent", "unsure")
REQUIRED = ("upload_id", "verdict", "reviewer", "reviewed_at")

_SHOWN = 20
_TIME: Final = "datetime64[us, UTC]"
_WORDS_SHOWN = 3


def read_verdicts(path: Path) -> pd.DataFrame:
    r"""Read a CSV file of verdicts.

    Parameters
    ----------
    path
        As `ReviewLog.add_csv` takes it.

    Returns
    -------
    pandas.DataFrame
        ``upload_id, verdict, reviewer, note`` (string), ``reviewed_at`` (datetime64[us, UTC]).

    Raises
    ------
    ValidationError
        Naming the file and each row (the header is row 1) that cannot be read.

    Examples
    --------
    >>> _ = (folder / "verdicts.csv").write_text(
    ...     "upload_id,verdict,reviewer,reviewed_at\nu1,genuine,ada,2026-01-05T09:30:00Z\n")
    >>> read_verdicts(folder / "verdicts.csv")["verdict"].tolist()
    ['genuine']
    """
    try:
        table = pd.read_csv(
            path,
            dtype="string",
            keep_default_na=False,
            encoding="utf-8-sig",
            skip_blank_lines=False,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValidationError(f"{path} cannot be read as CSV in UTF-8: {reason}") from None
    if not isinstance(table.index, pd.RangeIndex):
        raise ValidationError(f"{path}: its rows have more cells than its first line has names")
    missing = [name for name in REQUIRED if name not in table]
    if missing:
        raise ValidationError(
            f"{path} has no column {', '.join(missing)}: its first line must name "
            f"{', '.join(REQUIRED)} and may name note"
        )
    table = table if "note" in table else table.assign(note="")
    table = table[[*REQUIRED, "note"]].astype("string").fillna("").map(typed).astype("string")
    times = _times(table["reviewed_at"])
    written = (table != "").any(axis=1)
    _check_rows(path, table[written], times.notna())
    return table.assign(reviewed_at=times)[written]


def _times(texts: pd.Series[str]) -> pd.Series[Any]:
    """Read times in their zones, and in UTC where none is named."""
    # pandas 2.3 gives a time without a zone that of the line before, so each zone is read alone.
    zones = texts.str.extract(r"[T ][\d:.,]*(.*)$", expand=False).fillna("")
    parts = [
        pd.to_datetime(part, format="ISO8601", utc=True, errors="coerce").astype(_TIME)
        for _, part in texts.groupby(zones)
    ]
    none: pd.Series[Any] = pd.Series([], dtype=_TIME, index=texts.index[:0])
    times: pd.Series[Any] = pd.concat([none, *parts]).reindex(texts.index)
    return times


def unfit(upload_id: str, verdict: str, reviewer: str) -> dict[str, str]:
    """Say which field of a verdict cannot stand, and why.

    Examples
    --------
    >>> unfit("u1", "fake", "ada")
    {'verdict': "'fake' is not one of genuine, fraudulent, unsure"}
    """
    problems = {}
    if not upload_id:
        problems["upload_id"] = "is empty"
    if verdict not in VERDICTS:
        problems["verdict"] = f"{verdict!r} is not one of {', '.join(VERDICTS)}"
    if not reviewer:
        problems["reviewer"] = "is empty"
    return problems


def check_verdicts(verdicts: pd.DataFrame) -> None:
    """See that a frame holds verdicts only, each on a document.

    Raises
    ------
    ConfigurationError
        When a column is not there.
    ValidationError
        For an unknown verdict, or one without an upload id.

    Examples
    --------
    >>> check_verdicts(pd.DataFrame({"upload_id": ["u1"], "verdict": ["fake"]}))
    Traceback (most recent call last):
    argyle_nb.errors.ValidationError: unknown verdicts fake: use genuine, fraudulent, unsure
    """
    need_columns(verdicts, ("upload_id", "verdict"), "verdicts")
    texts = verdicts["verdict"].astype("string")
    wrong = sorted(set(texts[~texts.isin(VERDICTS)].fillna("missing")))
    if wrong:
        raise ValidationError(
            f"unknown verdicts {', '.join(wrong[:_WORDS_SHOWN])}: use {', '.join(VERDICTS)}",
            fields={"verdict": wrong},
        )
    nameless = int(verdicts["upload_id"].isna().sum())
    if nameless:
        raise ValidationError(
            f"{nameless} verdicts have no upload_id: give it, or leave them out",
            fields={"upload_id": ["is missing"]},
        )


def check_reviews(verdicts: pd.DataFrame) -> None:
    """See that a frame says of each verdict whose it is and when it was given.

    Raises
    ------
    ConfigurationError
        When a column is not there, or ``reviewed_at`` holds no times.
    ValidationError
        For a verdict that is none, or without an upload id, a reviewer or a time.

    Examples
    --------
    >>> check_reviews(pd.DataFrame({"upload_id": ["u1"], "verdict": ["genuine"]}))
    Traceback (most recent call last):
    argyle_nb.errors.ConfigurationError: verdicts has no column reviewer, reviewed_at: there are ...
    """
    need_columns(verdicts, REQUIRED, "verdicts")
    check_verdicts(verdicts)
    kind = verdicts["reviewed_at"].dtype
    # Times as texts sort by their letters, and the last of them would not be the latest.
    if len(verdicts) and not pd.api.types.is_datetime64_any_dtype(kind):
        raise ConfigurationError(
            f"reviewed_at holds {kind}, not times: use pandas.to_datetime(..., utc=True)"
        )
    for name in ("reviewer", "reviewed_at"):
        without = int(verdicts[name].isna().sum())
        if without:
            raise ValidationError(
                f"{without} verdicts have no {name}: give it, or leave them out",
                fields={name: ["is missing"]},
            )


def _check_rows(path: Path, table: pd.DataFrame, readable: pd.Series[bool]) -> None:
    wrong: list[str] = []
    for number, upload_id, verdict, reviewer in table[list(REQUIRED[:3])].itertuples(name=None):
        problems = unfit(upload_id, verdict, reviewer)
        if not readable[number]:
            problems["reviewed_at"] = "is not a time in ISO 8601"
        wrong += [f"row {number + 2}: {field} {problem}" for field, problem in problems.items()]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ValidationError(
            f"nothing was added from {path}: {'; '.join(wrong[:_SHOWN])}{more}",
            fields={"file": wrong},
        )
