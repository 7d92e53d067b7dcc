"""Scores -> counts -> statistics.

A score is a whole number from 0 to 100, so the counts of each score, with the counts of uploads
that have none and the reason why, hold everything a statistic of the distribution needs. Only
`count_scores` touches rows; all the rest works on a small table, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.models import SCORED_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

SCORES = list(range(LOWEST_SCORE, HIGHEST_SCORE + 1))
REASONS = ("pending", "failed", "unauthorized", "unsupported_type", "not_started", "missing")
PERIODS = {"week": "W-SUN", "month": "M"}
QUANTILES = {"p5": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "p95": 0.95}

_Z_95 = 1.959963984540054
_EVERYTHING = pd.Index(["all"], name="group")


@dataclass(frozen=True)
class ScoreCounts:
    """How many uploads have each score, and why the others have none.

    Parameters
    ----------
    by
        The columns that make the groups; empty for one group of everything.
    scores
        One row per group, one int64 column per score 0 to 100.
    unscored
        One row per group, one int64 column per reason of `REASONS`.
    """

    by: tuple[str, ...]
    scores: pd.DataFrame
    unscored: pd.DataFrame

    def __repr__(self) -> str:
        scored, without = int(self.scores.to_numpy().sum()), int(self.unscored.to_numpy().sum())
        groups = f" in {len(self.scores)} groups by {', '.join(self.by)}" if self.by else ""
        return f"ScoreCounts({scored} with a score, {without} without{groups})"

    def total(self) -> ScoreCounts:
        """Add all groups up to one.

        Examples
        --------
        >>> count_scores(frame, by="document_type").total().by
        ()
        """
        return ScoreCounts((), _added_up(self.scores), _added_up(self.unscored))

    def summary(self) -> pd.DataFrame:
        """Describe each group's distribution.

        Returns
        -------
        pandas.DataFrame
            Indexed by group: ``uploads, scored`` (int64), ``coverage`` (scored / uploads),
            ``mean, sd`` (sample standard deviation, n - 1), ``min``, ``p5, q25, median, q75,
            p95`` (linear interpolation between order statistics, Hyndman and Fan 1996, type 7,
            numpy's default), ``max``. Float64 with NaN where a group is too small for a number.

        Examples
        --------
        >>> int(count_scores(frame).summary().loc["all", "scored"])
        3
        """
        rows = [_describe(row) for row in self.scores.to_numpy()]
        described = pd.DataFrame(rows, index=self.scores.index, columns=list(_describe_names()))
        uploads = self.scores.sum(axis=1) + self.unscored.sum(axis=1)
        scored = described.pop("scored").astype("int64")
        described.insert(0, "uploads", uploads)
        described.insert(1, "scored", scored)
        described.insert(2, "coverage", scored / uploads.where(uploads > 0))
        return described

    def levels(self, preset: str = "argyle") -> pd.DataFrame:
        """Count the uploads in each authenticity level.

        Parameters
        ----------
        preset
            ``"argyle"``, ``"ocrolus-2"`` or ``"ocrolus-current"``.

        Returns
        -------
        pandas.DataFrame
            Indexed by group and ``level``, lowest level first: ``lowest_score, highest_score,
            uploads`` (int64), ``share`` of the scored ones, ``share_low, share_high`` (Wilson 95 %
            interval, Wilson 1927). The preset's name is in ``attrs["levels"]``.

        Raises
        ------
        ConfigurationError
            For an unknown preset.

        Examples
        --------
        >>> int(count_scores(frame).levels().loc[("all", "high"), "uploads"])
        2
        """
        bands = level_preset(preset).ranges()
        counts = self.scores.to_numpy()
        inside = np.stack([counts[:, low : high + 1].sum(axis=1) for low, high, _ in bands], axis=1)
        of = np.repeat(inside.sum(axis=1), len(bands))
        lows, highs, names = zip(*bands, strict=True)
        table = pd.DataFrame(
            {
                "lowest_score": np.tile(lows, len(counts)),
                "highest_score": np.tile(highs, len(counts)),
                "uploads": inside.ravel(),
            },
            index=_with_level(self.scores.index, list(names)),
        )
        table["share"], table["share_low"], table["share_high"] = wilson(inside.ravel(), of)
        table.attrs["levels"] = preset
        return table

    def coverage(self) -> pd.DataFrame:
        """Say how many uploads have a score, and why the others have none.

        Returns
        -------
        pandas.DataFrame
            Indexed by group: ``uploads, scored`` and one column per reason (int64):
            ``pending`` (in progress), ``failed``, ``unauthorized`` (not enabled at Argyle),
            ``unsupported_type`` (a type that gets no score), ``not_started`` (idle), ``missing``
            (completed without a score, or an unknown status). A row's reasons and ``scored`` add
            up to ``uploads``.

        Examples
        --------
        >>> int(count_scores(frame).coverage().loc["all", "unsupported_type"])
        1
        """
        table = self.unscored.copy()
        scored = self.scores.sum(axis=1)
        table.insert(0, "uploads", scored + self.unscored.sum(axis=1))
        table.insert(1, "scored", scored)
        return table


def count_scores(frame: pd.DataFrame, by: str | Sequence[str] = ()) -> ScoreCounts:
    """Count uploads by score, and by the reason where there is no score.

    Parameters
    ----------
    frame
        From `uploads_frame`.
    by
        Columns that make groups, or ``"week"`` (its Monday) or ``"month"`` of ``created_at``.
        A missing value is a group of its own.

    Returns
    -------
    ScoreCounts
        One row per group, groups sorted.

    Raises
    ------
    ConfigurationError
        When a column is not there.
    DecodeError
        For a score outside 0 to 100; it names the upload.

    Examples
    --------
    >>> count_scores(frame)
    ScoreCounts(3 with a score, 1 without)
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    _check_columns(frame, names)
    cell = _cells(frame)
    if names:
        groups = frame.groupby(
            [_group_key(frame, name) for name in names], dropna=False, observed=True
        )
        index, code = groups.size().index, groups.ngroup().to_numpy()
    else:
        index, code = _EVERYTHING, np.zeros(len(frame), dtype=np.int64)
    width = len(SCORES) + len(REASONS)
    table = np.bincount(code * width + cell, minlength=len(index) * width)
    table = table.reshape(len(index), width).astype(np.int64)
    return ScoreCounts(
        names,
        pd.DataFrame(table[:, : len(SCORES)], index=index, columns=pd.Index(SCORES)),
        pd.DataFrame(table[:, len(SCORES) :], index=index, columns=pd.Index(REASONS)),
    )


def no_score_reasons(frame: pd.DataFrame) -> pd.Series[str]:
    """Say for each upload why it has no score.

    Parameters
    ----------
    frame
        From `uploads_frame`.

    Returns
    -------
    pandas.Series
        ``no_score_reason`` (category of `REASONS`), missing where there is a score.

    Examples
    --------
    >>> no_score_reasons(frame).tolist()[-1]
    'unsupported_type'
    """
    cell = _cells(frame)
    names = np.array([None] * len(SCORES) + list(REASONS), dtype=object)
    reasons = pd.Categorical(names[cell], categories=list(REASONS))
    return pd.Series(reasons, index=frame.index, name="no_score_reason")


def wilson(
    hits: npt.NDArray[np.int64], of: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give a share and its Wilson score interval at 95 %.

    Parameters
    ----------
    hits, of
        Counts; where ``of`` is 0 the results are NaN.

    Returns
    -------
    tuple of arrays
        Share, lower and upper bound, each 0 to 1.

    Notes
    -----
    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), Wilson 1927, JASA 22:209.

    Examples
    --------
    >>> [round(float(x[0]), 3) for x in wilson(np.array([0]), np.array([10]))]
    [0.0, 0.0, 0.278]
    """
    n = np.where(of > 0, of, np.nan)
    share = hits / n
    middle = share + _Z_95**2 / (2 * n)
    spread = _Z_95 * np.sqrt(share * (1 - share) / n + _Z_95**2 / (4 * n**2))
    scale = 1 + _Z_95**2 / n
    # At 0 and at 1 the bound is the share itself, which rounding would miss by an ulp.
    low = np.where(hits == 0, share, (middle - spread) / scale)
    high = np.where(hits == of, share, (middle + spread) / scale)
    return share, low, high


def _cells(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Give each row its column in the table: its score, or 101 + its reason."""
    score = frame["ocr_authenticity_score"]
    outside = score.notna() & ~score.between(LOWEST_SCORE, HIGHEST_SCORE).fillna(value=False)
    if outside.any():
        row = frame.loc[outside].iloc[0]
        raise DecodeError(
            str(row.get("id", "?")),
            "ocr_authenticity_score",
            f"{row['ocr_authenticity_score']} is outside {LOWEST_SCORE} to {HIGHEST_SCORE}",
        )
    reason = np.select(_conditions(frame), range(len(REASONS) - 1), len(REASONS) - 1)
    known = score.notna().to_numpy(dtype=bool)
    return np.where(known, score.fillna(0).to_numpy(dtype=np.int64), len(SCORES) + reason)


def _conditions(frame: pd.DataFrame) -> list[npt.NDArray[np.bool_]]:
    """Test the reasons in the order of `REASONS`, all but the last."""
    stages = frame[["classification", "ocr", "authenticity"]].astype("string")
    in_progress = (stages == "in_progress").any(axis=1)
    failed = (stages == "failed").any(axis=1)
    unauthorized = (stages == "unauthorized").any(axis=1)
    idle = stages["authenticity"] == "idle"
    unsupported = (
        idle
        & (stages["classification"] == "completed")
        & ~frame["document_type"].astype("string").isin(SCORED_TYPES)
    )
    tests = (in_progress, failed, unauthorized, unsupported, idle)
    return [test.fillna(value=False).to_numpy(dtype=bool) for test in tests]


def _check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        column = "created_at" if name in PERIODS else name
        if column not in frame:
            raise ConfigurationError(
                f"no column {column!r} to count by: there are {', '.join(map(str, frame))}"
            )


def _group_key(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in PERIODS:
        column: pd.Series[Any] = frame[name]
        return column
    wall_clock = frame["created_at"].dt.tz_localize(None)
    start = wall_clock.dt.to_period(PERIODS[name]).dt.start_time
    periods: pd.Series[Any] = start.dt.tz_localize("UTC").rename(name)
    return periods


def _added_up(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([table.sum(axis=0)], index=_EVERYTHING).astype("int64")


def _with_level(groups: pd.Index[Any], levels: list[str]) -> pd.MultiIndex:
    keys = [key if isinstance(key, tuple) else (key,) for key in groups]
    pairs = [(*key, level) for key in keys for level in levels]
    return pd.MultiIndex.from_tuples(pairs, names=[*groups.names, "level"])


def _describe_names() -> tuple[str, ...]:
    return ("scored", "mean", "sd", "min", *QUANTILES, "max")


def _describe(counts: npt.NDArray[np.int64]) -> tuple[float, ...]:
    """Give n, mean, sd, min, the quantiles and max of one row of counts."""
    n = int(counts.sum())
    if n == 0:
        return (0, *[math.nan] * (len(_describe_names()) - 1))
    values = np.arange(len(counts))
    mean = float(values @ counts) / n
    squares = float(((values - mean) ** 2) @ counts)
    present = np.flatnonzero(counts)
    quantiles = [_quantile(counts, q) for q in QUANTILES.values()]
    sd = math.sqrt(squares / (n - 1)) if n > 1 else math.nan
    return (n, mean, sd, float(present[0]), *quantiles, float(present[-1]))


def _quantile(counts: npt.NDArray[np.int64], q: float) -> float:
    """Interpolate between the two order statistics at (n - 1) q."""
    at = np.cumsum(counts)
    place = (at[-1] - 1) * q
    low, high = np.searchsorted(at, [math.floor(place), math.ceil(place)], side="right")
    return float(low + (high - low) * (place - math.floor(place)))
