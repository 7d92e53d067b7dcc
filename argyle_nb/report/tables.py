"""Every table of a report, and the check that they add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ArgyleError
from argyle_nb.frames.upload_columns import levels_of
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.report.fingerprints import fingerprints
from argyle_nb.report.protecting import (
    protected_ocr,
    protected_rejected,
    protected_signals,
    protected_uploads,
)
from argyle_nb.scores import REASONS, ScoreCounts, count_scores, no_score_reasons
from argyle_nb.scores.files import labelled

if TYPE_CHECKING:
    from argyle_nb.levels import LevelPreset
    from argyle_nb.report.gathering import Given
    from argyle_nb.report.privacy import Privacy

GROUPED_BY = ("document_type", "week")


@dataclass(frozen=True)
class Content:
    """What a report says.

    Parameters
    ----------
    tables
        File name -> table, as it is written.
    counts
        The counts by document type and week.
    preset
        The level preset.
    adds_up
        ``given = left_out_by_filters + unread + listed`` and ``listed = scored + no_score``, the
        latter by reason.
    """

    tables: dict[str, pd.DataFrame]
    counts: ScoreCounts
    preset: LevelPreset
    adds_up: dict[str, Any]


def content_of(given: Given, preset: LevelPreset, privacy: Privacy) -> Content:
    """Make every table but the data dictionary.

    Raises
    ------
    ArgyleError
        When the tables do not add up.

    Examples
    --------
    >>> from argyle_nb.levels import PRESETS
    >>> from argyle_nb.report.privacy import Privacy
    >>> from argyle_nb.report.gathering import gather
    >>> content = content_of(gather(frame, None, False, {}), PRESETS["argyle"], Privacy())
    >>> content.adds_up["listed"], content.adds_up["scored"]
    (4, 3)
    """
    counts = count_scores(given.uploads, GROUPED_BY, errors="collect")
    uploads = _uploads(given.uploads, counts, preset)
    rejected = [row | {"listed": False} for row in given.rejected[: given.unread]]
    rejected += [row | {"listed": True} for row in given.rejected[given.unread :]]
    rejected += [row | {"listed": True} for row in counts.rejected]
    tables = {"uploads.csv": protected_uploads(uploads, privacy)}
    if given.signals is not None:
        tables["signals.csv"] = protected_signals(given.signals, privacy)
    if given.ocr is not None:
        tables["ocr_fields.csv"] = protected_ocr(given.ocr, privacy)
    by_type = counts.by("document_type")
    tables |= {
        "score_summary.csv": by_type.summary(preset).reset_index(),
        "score_counts.csv": labelled(counts),
        "levels.csv": by_type.levels(preset).reset_index(),
        "thresholds.csv": by_type.thresholds().reset_index(),
        "drift.csv": counts.drift("week").reset_index(),
        "coverage.csv": by_type.coverage().reset_index(),
        "rejected.csv": protected_rejected(rejected, privacy),
    }
    adds_up = _added_up(given, uploads)
    _check(given, tables, adds_up)
    return Content(tables, counts, preset, adds_up)


def _uploads(frame: pd.DataFrame, counts: ScoreCounts, preset: LevelPreset) -> pd.DataFrame:
    """Read levels and reasons anew from the scores: those of a merged frame may be another's."""
    scores = frame["ocr_authenticity_score"]
    if counts.rejected or str(scores.dtype) != "Int16":
        numbers = pd.to_numeric(scores, errors="coerce").astype("Float64")
        whole = numbers.between(LOWEST_SCORE, HIGHEST_SCORE) & (numbers % 1 == 0)
        scores = numbers.where(whole.fillna(value=False)).astype("Int16")
    return frame.assign(
        ocr_authenticity_score=scores,
        authenticity_level=levels_of(scores, preset),
        no_score_reason=no_score_reasons(frame),
        **{name: frame[name].dt.tz_convert("UTC") for name in ("created_at", "updated_at")},
    )


def _added_up(given: Given, uploads: pd.DataFrame) -> dict[str, Any]:
    reasons = uploads["no_score_reason"].value_counts()
    left_out = given.left_out["uploads"]
    return {
        "given": left_out + given.unread + len(uploads),
        "left_out_by_filters": left_out,
        "unread": given.unread,
        "listed": len(uploads),
        "scored": int(uploads["ocr_authenticity_score"].notna().sum()),
        "no_score": {reason: int(reasons[reason]) for reason in REASONS},
    }


def _check(given: Given, tables: dict[str, pd.DataFrame], adds_up: dict[str, Any]) -> None:
    listed, scored = adds_up["listed"], adds_up["scored"]
    without = sum(adds_up["no_score"].values())
    coverage, scores = tables["coverage.csv"], tables["score_counts.csv"]
    pairs = {
        "uploads listed, and scored with those without a score": (listed, scored + without),
        "uploads listed, and those of coverage.csv": (listed, coverage["uploads"].sum()),
        "scores, and those of coverage.csv": (scored, coverage["scored"].sum()),
        "scores, and those of levels.csv": (scored, tables["levels.csv"]["uploads"].sum()),
        "scores, and those of score_counts.csv": (
            scored,
            scores[[str(score) for score in range(HIGHEST_SCORE + 1)]].to_numpy().sum(),
        ),
        "unreadable uploads, and rows of rejected.csv that are not listed": (
            adds_up["unread"],
            (~tables["rejected.csv"]["listed"]).sum(),
        ),
    }
    if given.ocr is not None:
        ours = np.isin(fingerprints(given.ocr["upload_id"]), fingerprints(given.uploads["id"]))
        pairs["rows of ocr_fields.csv, and those of the uploads listed"] = len(ours), ours.sum()
    if given.signals is not None:
        pairs["signals and reason codes counted, and rows of signals.csv"] = _signals(given)
    for what, (one, other) in pairs.items():
        if one != other:
            raise ArgyleError(
                f"this report does not add up ({what}: {one} and {other}), and was not written: "
                "give frames that were made from the same records"
            )


def _signals(given: Given) -> tuple[int, int]:
    """Count the signals of the uploads whose signals could be read."""
    frame = given.signals
    if frame is None:
        return 0, 0
    lost = [row["record"] for row in frame.attrs.get("rejected", [])]
    known = given.uploads[~given.uploads["id"].isin(lost)] if lost else given.uploads
    counted = known["signal_count"].sum() + known["reason_code_count"].sum()
    ours = np.isin(fingerprints(frame["upload_id"]), fingerprints(known["id"]))
    return int(counted), len(frame) + int((~ours).sum())
