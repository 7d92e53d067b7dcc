"""Frames or an archive -> the tables of a report, which add up or are not written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.archive import Archive
from argyle_nb.errors import ArgyleError, ConfigurationError
from argyle_nb.frames.uploads import levels_of, uploads_frame
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.report.privacy import (
    protected_groups,
    protected_ocr,
    protected_signals,
    protected_unreadable,
    protected_uploads,
)
from argyle_nb.scores import REASONS, ScoreCounts, count_scores, no_score_reasons
from argyle_nb.scores.files import labelled
from argyle_nb.scores.filters import check_known, chosen, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from argyle_nb.levels import LevelPreset
    from argyle_nb.report.privacy import Privacy
    from argyle_nb.scores.filters import Filters

GROUPED_BY = ("document_type", "week")
_ROWS = 65_536  # of which ids are Python texts at once


@dataclass(frozen=True)
class ReportInput:
    """The rows of a report, before anything is masked."""

    uploads: pd.DataFrame
    signals: pd.DataFrame | None
    ocr: pd.DataFrame | None
    unreadable: list[dict[str, str]]
    unlisted: int  # uploads that are in no frame: the first of the unreadable
    left_out: dict[str, int]  # frame -> rows that the filters left out
    filters: Filters


def gather(
    source: pd.DataFrame | Archive,
    signals: pd.DataFrame | None,
    ocr: pd.DataFrame | bool,
    filters: Filters,
) -> ReportInput:
    """Take frames, or read them from an archive, and choose the rows."""
    uploads, signals, ocr_fields = _frames(source, signals, ocr)
    _check_uploads(uploads)
    filters = spelled(uploads, filters)
    given = {"uploads": uploads, "signals": signals, "ocr_fields": ocr_fields}
    frames = {name: frame for name, frame in given.items() if frame is not None}
    rows = {"uploads": uploads[chosen(uploads, filters)] if filters else uploads}
    check_known(uploads, filters, "the archive" if isinstance(source, Archive) else "the frame")
    for name, frame in frames.items():
        if name != "uploads":
            _check_upload_id(frame)
            filtered = len(rows["uploads"]) < len(uploads)
            rows[name] = _of_uploads(frame, rows["uploads"]) if filtered else frame
    unreadable, unlisted = _unreadable(frames)
    left_out = {name: len(frame) - len(rows[name]) for name, frame in frames.items()}
    return ReportInput(
        rows["uploads"],
        rows.get("signals"),
        rows.get("ocr_fields"),
        unreadable,
        unlisted,
        left_out,
        filters,
    )


def _frames(
    source: pd.DataFrame | Archive, signals: pd.DataFrame | None, ocr: pd.DataFrame | bool
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None]:
    if isinstance(source, Archive):
        frames = source.scan(errors="collect")
        if ocr is True:  # of those alone that were there a moment ago: others may be pulling
            ocr = _of_uploads(source.ocr(errors="collect"), frames.uploads)
        return (
            frames.uploads,
            frames.signals if signals is None else signals,
            None if ocr is False else ocr,
        )
    if not isinstance(source, pd.DataFrame):
        raise ConfigurationError(
            "export_report needs the uploads table or an Archive. With frames = "
            "anb.flatten(...), call export_report(frames.uploads, ..., "
            "signals=frames.signals)."
        )
    if ocr is True:
        raise ConfigurationError(
            "ocr=True works only with an Archive. With the uploads table, pass "
            "ocr=anb.ocr_frame(...)."
        )
    return source, signals, None if ocr is False else ocr


def _check_uploads(frame: pd.DataFrame) -> None:
    expected = uploads_frame([]).columns
    missing = [name for name in expected if name not in frame]
    twice = [name for name in expected if list(frame.columns).count(name) > 1]
    if missing or twice:
        problem = f"no column {', '.join(missing)}" if missing else f"{', '.join(twice)} twice"
        raise ConfigurationError(
            f"This is not the table that uploads_frame returns ({problem}). Pass it as it "
            "was returned."
        )
    for name in ("created_at", "updated_at"):
        if not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            raise ConfigurationError(
                f"This is not the table that uploads_frame returns ({name} has no time "
                "zone). If its times are UTC, convert them with "
                f"pd.to_datetime(uploads[{name!r}], utc=True)."
            )
    if len(np.unique(fingerprints(frame["id"]))) == len(frame):
        return
    again = frame["id"].duplicated()
    if again.any():
        raise ArgyleError(
            f"Uploads appear more than once: {int(again.sum())} (first: "
            f"{frame['id'][again].iloc[0]}). Remove duplicates: "
            "uploads.drop_duplicates('id', keep='last')."
        )


def _check_upload_id(frame: pd.DataFrame) -> None:
    if "upload_id" not in frame:
        raise ConfigurationError(
            "The upload_id column is missing. Pass the tables that signals_frame and "
            "ocr_frame return."
        )


def _of_uploads(frame: pd.DataFrame, uploads: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["upload_id"].isin(uploads["id"])]


def _unreadable(frames: Mapping[str, pd.DataFrame]) -> tuple[list[dict[str, str]], int]:
    """List what could not be read once, although each frame tells it; uploads come first."""
    rows = list(frames["uploads"].attrs.get("unreadable", []))
    unlisted = len(rows)
    for name, frame in frames.items():
        if name != "uploads":
            rows += [row for row in frame.attrs.get("unreadable", []) if row not in rows]
    return rows, unlisted


@dataclass(frozen=True)
class ReportContent:
    """What a report says."""

    tables: dict[str, pd.DataFrame]  # file name -> table, as it is written
    counts: ScoreCounts  # by document type and week
    preset: LevelPreset
    # total = filtered_out + unreadable + in_report, and in_report = scored + no_score by reason.
    reconciliation: dict[str, Any]


def content_of(rows: ReportInput, preset: LevelPreset, privacy: Privacy) -> ReportContent:
    """Make every table but the data dictionary."""
    # The groups of every table and chart are named as uploads.csv may name them.
    counts = count_scores(protected_groups(rows.uploads, privacy), GROUPED_BY, errors="collect")
    uploads = _reread(rows.uploads, counts, preset)
    unreadable = [row | {"listed": False} for row in rows.unreadable[: rows.unlisted]]
    unreadable += [row | {"listed": True} for row in rows.unreadable[rows.unlisted :]]
    unreadable += [row | {"listed": True} for row in counts.unreadable]
    tables = {"uploads.csv": protected_uploads(uploads, privacy)}
    if rows.signals is not None:
        tables["signals.csv"] = protected_signals(rows.signals, privacy)
    if rows.ocr is not None:
        tables["ocr_fields.csv"] = protected_ocr(rows.ocr, privacy)
    by_type = counts.by("document_type")
    tables |= {
        "score_summary.csv": by_type.summary(preset).reset_index(),
        "score_counts.csv": labelled(counts.grouped_by, counts.groups, counts.table()),
        "levels.csv": by_type.levels(preset).reset_index(),
        "thresholds.csv": by_type.thresholds().reset_index(),
        "drift.csv": counts.drift("week").reset_index(),
        "coverage.csv": by_type.coverage().reset_index(),
        "unreadable.csv": protected_unreadable(unreadable, privacy),
    }
    reconciliation = _added_up(rows, uploads)
    _check(rows, tables, reconciliation)
    return ReportContent(tables, counts, preset, reconciliation)


def _reread(frame: pd.DataFrame, counts: ScoreCounts, preset: LevelPreset) -> pd.DataFrame:
    """Read levels and reasons anew from the scores: those of a merged frame may be another's."""
    scores = frame["ocr_authenticity_score"]
    if counts.unreadable or str(scores.dtype) != "Int16":
        numbers = pd.to_numeric(scores, errors="coerce").astype("Float64")
        whole = numbers.between(LOWEST_SCORE, HIGHEST_SCORE) & (numbers % 1 == 0)
        scores = numbers.where(whole.fillna(value=False)).astype("Int16")
    return frame.assign(
        ocr_authenticity_score=scores,
        authenticity_level=levels_of(scores, preset),
        no_score_reason=no_score_reasons(frame),
        **{name: frame[name].dt.tz_convert("UTC") for name in ("created_at", "updated_at")},
    )


def _added_up(rows: ReportInput, uploads: pd.DataFrame) -> dict[str, Any]:
    reasons = uploads["no_score_reason"].value_counts()
    left_out = rows.left_out["uploads"]
    return {
        "total": left_out + rows.unlisted + len(uploads),
        "filtered_out": left_out,
        "unreadable": rows.unlisted,
        "in_report": len(uploads),
        "scored": int(uploads["ocr_authenticity_score"].notna().sum()),
        "no_score": {reason: int(reasons[reason]) for reason in REASONS},
    }


def _check(
    rows: ReportInput, tables: dict[str, pd.DataFrame], reconciliation: dict[str, Any]
) -> None:
    listed, scored = reconciliation["in_report"], reconciliation["scored"]
    without = sum(reconciliation["no_score"].values())
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
        "unreadable uploads, and rows of unreadable.csv that are not listed": (
            reconciliation["unreadable"],
            (~tables["unreadable.csv"]["listed"]).sum(),
        ),
    }
    if rows.ocr is not None:
        ours = np.isin(fingerprints(rows.ocr["upload_id"]), fingerprints(rows.uploads["id"]))
        pairs["rows of ocr_fields.csv, and those of the uploads listed"] = len(ours), ours.sum()
    if rows.signals is not None:
        pairs["signals and reason codes counted, and rows of signals.csv"] = _signal_totals(rows)
    for what, (one, other) in pairs.items():
        if one != other:
            raise ArgyleError(
                f"Report not written: the counts do not reconcile ({what}: {one} and "
                f"{other}). Build uploads, signals and ocr from the same records, then "
                "export again."
            )


def _signal_totals(rows: ReportInput) -> tuple[int, int]:
    """Count the signals of the uploads whose signals could be read, and those that are there."""
    frame = rows.signals
    if frame is None:
        return 0, 0
    unlisted = [row["record"] for row in frame.attrs.get("unreadable", [])]
    known = rows.uploads[~rows.uploads["id"].isin(unlisted)] if unlisted else rows.uploads
    counted = known["signal_count"].sum() + known["reason_code_count"].sum()
    ours = np.isin(fingerprints(frame["upload_id"]), fingerprints(known["id"]))
    findings = np.count_nonzero(frame["occurrence"].fillna(1) == 1)  # each signal once
    return int(counted), int(findings + (~ours).sum())


def fingerprints(ids: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Give a number for each id, the same for the same id and hardly ever for two.

    A million ids have two alike by chance once in 37 million times, so that a finding has to be
    looked at once more.
    """
    blocks = [
        pd.util.hash_array(ids.iloc[start : start + _ROWS].to_numpy(dtype=object), categorize=False)
        for start in range(0, len(ids), _ROWS)
    ]
    return np.concatenate([np.empty(0, dtype=np.uint64), *blocks])
