"""Scores and verdicts -> a small table of counts, from which every number comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from argyle_nb.errors import ValidationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.levels import HIGHEST_SCORE
from argyle_nb.review.cells import ORDER
from argyle_nb.review.log import settled
from argyle_nb.review.verdict_files import check_verdicts
from argyle_nb.review.verdicts import VerdictCounts
from argyle_nb.scores import checked_scores

if TYPE_CHECKING:
    import numpy.typing as npt

_SHOWN = 3
# With 2 to 5 in each of 24 strata, areas and catch rates were within 63 to 92 % of 200 intervals.
_FEW = 10
_WIDTH = HIGHEST_SCORE + 1


def count_verdicts(
    frame: pd.DataFrame,
    verdicts: pd.DataFrame,
    sample: pd.DataFrame | None = None,
    *,
    seed: int = 0,
) -> VerdictCounts:
    """Count documents by score and verdict.

    Verdicts exist for reviewed documents only. Without the sampling rates nothing can be said of
    the others: if analysts looked where scores were low, the catch rate comes out too high and the
    share of fraud is that of the reviewed documents. With the rates of `argyle_nb.review.sample`
    each verdict counts for all documents that it stands for.

    Parameters
    ----------
    frame
        From `uploads_frame`: all uploads, reviewed or not.
    verdicts
        From `ReviewLog.frame` or `ReviewLog.settled`, or any frame of ``upload_id, verdict``.
    sample
        From `argyle_nb.review.sample`: only verdicts on documents of the sample are counted, with
        the inverse of their sampling rates.
    seed
        Of the resampling behind some intervals.

    Returns
    -------
    VerdictCounts
        Its ``note`` says what it does not know.

    Raises
    ------
    ConfigurationError
        When a column is not there.
    DecodeError
        For a score that is no whole number from 0 to 100; it names the uploads.
    ValidationError
        For an unknown verdict or one without an upload id, an upload or a verdict twice without a
        reviewer, or sampling rates that are not above 0 up to 1 or differ within a stratum.

    Notes
    -----
    A verdict counts for 1 / sampling rate uploads; where some of a stratum's chosen documents have
    no sure verdict, those that have stand for them too (weighting classes; Little and Rubin 2002,
    Statistical Analysis with Missing Data, 3.3).

    Examples
    --------
    >>> said = pd.DataFrame({"upload_id": frame["id"], "verdict": "genuine"})
    >>> count_verdicts(frame, said)
    VerdictCounts(0 fraudulent, 3 genuine, 0 unsure, of 3 scored uploads)
    """
    need_columns(frame, ("id", "ocr_authenticity_score"), "frame")
    check_verdicts(verdicts)
    said = settled(verdicts) if "reviewer" in verdicts else verdicts
    _check_once(said)
    given = checked_scores(frame)
    known = given.notna().to_numpy()
    scores = given.array[known].to_numpy(dtype=np.int64)
    # Plain Python texts hash many times faster than an index of Arrow's.
    ids = pd.Index(frame["id"].to_numpy(dtype=object)[known])
    if not ids.is_unique:
        twice = ids[ids.duplicated()].astype(str).tolist()
        raise ValidationError(f"frame lists {', '.join(twice[:_SHOWN])} more than once")
    place = ids.get_indexer(pd.Index(said["upload_id"].to_numpy(dtype=object)))
    found = place >= 0
    table = pd.DataFrame(
        {
            "upload_id": said["upload_id"].to_numpy(dtype=object)[found],
            "verdict": said["verdict"].to_numpy(dtype=object)[found],
            "score": scores[place[found]],
        }
    )
    return _counted(table, scores, sample, int((~found).sum()), seed)


def _counted(
    table: pd.DataFrame,
    scores: npt.NDArray[np.int64],
    sample: pd.DataFrame | None,
    unknown: int,
    seed: int,
) -> VerdictCounts:
    outside = 0
    if sample is None:
        weights = pd.Series([1.0], index=pd.Index(["reviewed"], name="stratum"))
        strata = pd.Series("reviewed", index=table.index)
    else:
        weights = _weights(sample)
        strata = table["upload_id"].map(
            dict(zip(sample["upload_id"], sample["stratum"], strict=True))
        )
        outside = int(strata.isna().sum())
        table, strata = table[strata.notna()], strata.dropna()
    place = weights.index.get_indexer(pd.Index(strata))
    verdict = table["verdict"].map({name: n for n, name in enumerate(ORDER)})
    cell = (place * len(ORDER) + verdict.to_numpy(dtype=np.int64)) * _WIDTH
    cells = np.bincount(
        cell + table["score"].to_numpy(dtype=np.int64),
        minlength=len(weights) * len(ORDER) * _WIDTH,
    ).reshape(-1, _WIDTH)
    index = pd.MultiIndex.from_product([weights.index, ORDER], names=["stratum", "verdict"])
    counts = pd.DataFrame(cells, index=index, columns=range(_WIDTH)).astype("int64")
    if sample is not None:
        weights = weights * _chosen_per_verdict(sample, counts)
    uploads = np.bincount(scores, minlength=_WIDTH)
    note = _note(counts, weights, int(uploads.sum()), sample, (unknown, outside))
    return VerdictCounts(pd.Series(uploads, name="uploads"), counts, weights, note, seed)


def _sure(counts: pd.DataFrame) -> pd.Series[int]:
    """Count the sure verdicts of each stratum."""
    sure = counts[counts.index.get_level_values("verdict") != "unsure"].sum(axis=1)
    return sure.groupby(level="stratum").sum()


def _chosen_per_verdict(sample: pd.DataFrame, counts: pd.DataFrame) -> pd.Series[float]:
    """Give for how many chosen documents of its stratum each sure verdict stands."""
    chosen, sure = sample.groupby("stratum").size(), _sure(counts)
    # A stratum without any stands for nothing: its weight is of no document.
    return (chosen / sure.where(sure > 0, chosen)).reindex(chosen.index)


def _weights(sample: pd.DataFrame) -> pd.Series[float]:
    need_columns(sample, ("upload_id", "stratum", "sampling_rate"), "sample")
    if sample["stratum"].isna().any():
        raise ValidationError("sample has rows without a stratum: name it, or leave them out")
    if sample["upload_id"].duplicated().any():
        raise ValidationError("sample names an upload twice: use one sample at a time")
    rates = sample.groupby("stratum")["sampling_rate"].agg(["min", "max"])
    if not (rates["min"] == rates["max"]).all():
        raise ValidationError("sampling_rate differs within a stratum: use one sample at a time")
    if not ((rates["min"] > 0) & (rates["min"] <= 1)).all():
        raise ValidationError("sampling_rate must be above 0 and at most 1")
    weights: pd.Series[float] = 1 / rates["min"]
    return weights.rename("weight")


def _note(
    counts: pd.DataFrame,
    weights: pd.Series[float],
    scored: int,
    sample: pd.DataFrame | None,
    left_out: tuple[int, int],
) -> str:
    unknown, outside = left_out
    by_verdict = counts.groupby(level="verdict").sum().sum(axis=1)
    reviewed, unsure = int(by_verdict.sum()), int(by_verdict["unsure"])
    said = [f"{reviewed} of {scored} scored uploads have a verdict"]
    if sample is not None:
        chosen = len(sample)
        said.append(
            f"each counts by the inverse of its sampling rate, in {len(counts) // 3} strata"
        )
        if chosen > reviewed:
            said.append(
                f"{chosen - reviewed} of the {chosen} that were chosen have none and are taken to "
                "be like the others of their stratum"
            )
        by_stratum = _sure(counts)
        empty = [str(name) for name, n in by_stratum.items() if n == 0]
        if empty:
            said.append(f"nothing is known of {', '.join(empty)}")
        few = int(((by_stratum < _FEW) & (by_stratum > 0) & (weights > 1)).sum())
        if few:
            said.append(
                f"{few} strata have fewer than {_FEW} sure verdicts, so the intervals may be too "
                "narrow"
            )
    elif reviewed < scored:
        said.append(
            "how they were chosen is not known: if analysts looked where scores were low, the true "
            "catch rate is lower, and the share of fraud is that of the reviewed documents only"
        )
    if unsure:
        said.append(
            f"{unsure} unsure ones are left out, which misleads if they are unlike the rest"
        )
    if outside:
        said.append(f"{outside} verdicts outside the sample are not counted")
    if unknown:
        said.append(f"{unknown} verdicts are of uploads that are not there or have no score")
    return "; ".join(said)


def _check_once(said: pd.DataFrame) -> None:
    twice = said.loc[said["upload_id"].duplicated(), "upload_id"].astype("string").tolist()
    if twice:
        raise ValidationError(
            f"several verdicts on {', '.join(twice[:_SHOWN])}: name the reviewer and reviewed_at, "
            "or leave one verdict per upload",
            fields={"upload_id": twice},
        )
