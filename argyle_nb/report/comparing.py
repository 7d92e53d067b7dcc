"""What changed from one report to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.frames.upload_columns import levels_of
from argyle_nb.report.reading import Report, read_report
from argyle_nb.scores import count_scores

if TYPE_CHECKING:
    from pathlib import Path

    from argyle_nb.levels import LevelPreset

COMPARED = ("document_type", "ocr_authenticity_score", "authenticity_level", "no_score_reason")
CHANGES = ("new", "gone", "changed")
_SHARES = ("uploads", "share", "share_low", "share_high")


class Changes(NamedTuple):
    """What changed between two reports.

    Parameters
    ----------
    uploads
        One row per upload that is new, gone or changed: ``id`` (string), ``change`` (category),
        then ``document_type, ocr_authenticity_score, authenticity_level, no_score_reason``, each
        with ``_old`` and ``_new`` behind.
    levels
        One row per document type and level, with those of all types under ``all``:
        ``document_type, level`` (string), ``uploads, share, share_low, share_high``, each with
        ``_old`` and ``_new`` behind, and ``share_difference`` (new less old).
    totals
        One row per number: ``old, new, difference`` (Int64), indexed by ``listed, scored`` and the
        reasons.
    """

    uploads: pd.DataFrame
    levels: pd.DataFrame
    totals: pd.DataFrame


def compare_reports(old: Report | Path | str, new: Report | Path | str) -> Changes:
    """Compare two reports, such as last month's and this month's.

    Parameters
    ----------
    old, new
        Reports or their folders. Levels of both are read with the preset of the new one.

    Returns
    -------
    Changes
        Uploads whose score or type changed, and the shares of the levels side by side.

    Raises
    ------
    ConfigurationError
        When one of them is neither a report nor a folder.
    DocumentError
        When one of them cannot be read.

    Examples
    --------
    >>> from argyle_nb.report import export_report
    >>> old = export_report(frame.head(3), folder / "may")
    >>> new = export_report(frame, folder / "june")
    >>> compare_reports(old, new).uploads[["change", "no_score_reason_new"]].values.tolist()
    [['new', 'unsupported_type']]
    """
    before, after = (r if isinstance(r, Report) else read_report(r) for r in (old, new))
    preset = after.levels
    earlier, later = _uploads(before, preset), _uploads(after, preset)
    totals = _totals(before.manifest["adds_up"], after.manifest["adds_up"])
    return Changes(_changed(earlier, later), _levels(earlier, later, preset), totals)


def _uploads(report: Report, preset: LevelPreset) -> pd.DataFrame:
    uploads = report.frames["uploads"]
    return uploads.assign(authenticity_level=levels_of(uploads["ocr_authenticity_score"], preset))


def _changed(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    columns = ["id", *COMPARED]
    both = old[columns].merge(
        new[columns], on="id", how="outer", suffixes=("_old", "_new"), indicator="change"
    )
    told = np.zeros(len(both), dtype=bool)
    for name in COMPARED:
        one, other = (both[f"{name}_{end}"].astype("string").fillna("") for end in ("old", "new"))
        told |= (one != other).to_numpy(dtype=bool)
    names = dict(zip(("right_only", "left_only", "both"), CHANGES, strict=True))
    change = both["change"].cat.rename_categories(names).cat.set_categories(CHANGES)
    both = both.assign(change=change)
    wanted = both[told | (both["change"] != "changed").to_numpy()]
    order = [f"{name}_{end}" for name in COMPARED for end in ("old", "new")]
    return wanted.sort_values(["change", "id"])[["id", "change", *order]].reset_index(drop=True)


def _levels(old: pd.DataFrame, new: pd.DataFrame, preset: LevelPreset) -> pd.DataFrame:
    before, after = (_shares(frame, preset) for frame in (old, new))
    index = after.index.union(before.index, sort=False)
    both = after.reindex(index).add_suffix("_new").join(before.add_suffix("_old"))
    both["share_difference"] = both["share_new"] - both["share_old"]
    order = [f"{name}_{end}" for name in _SHARES for end in ("old", "new")]
    return both[[*order, "share_difference"]].reset_index()


def _shares(frame: pd.DataFrame, preset: LevelPreset) -> pd.DataFrame:
    counts = count_scores(frame, "document_type")
    by_type, total = counts.levels(preset), counts.total().levels(preset)
    total.index = total.index.set_names("document_type", level=0)
    shares = pd.concat([total, by_type])[list(_SHARES)]
    return shares.astype({"uploads": "Int64"})


def _totals(old: dict[str, Any], new: dict[str, Any]) -> pd.DataFrame:
    sides = {
        name: {"listed": told["listed"], "scored": told["scored"], **told["no_score"]}
        for name, told in (("old", old), ("new", new))
    }
    table = pd.DataFrame(sides, dtype="Int64")
    return table.assign(difference=table["new"] - table["old"])
