"""A report that was written: read back exactly, and compared with another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError, DocumentError
from argyle_nb.frames.uploads import NAMED_NOW, levels_of
from argyle_nb.levels import LevelPreset
from argyle_nb.report.manifest import FORMAT, file_sha256
from argyle_nb.scores import count_scores
from argyle_nb.scores.statistics import with_interval
from argyle_nb.storage import read_csv

MANIFEST = "manifest.json"
PAGE = "report.html"
COMPARED = ("document_type", "ocr_authenticity_score", "authenticity_level", "no_score_reason")
CHANGES = ("new", "gone", "changed")
_SHARES = ("uploads", *with_interval("share"))


@dataclass(frozen=True)
class Report:
    """A report in its folder.

    Parameters
    ----------
    folder
        The folder.
    manifest
        What ``manifest.json`` says: how it was made, of what, and the SHA-256 of each file.

    Examples
    --------
    >>> from argyle_nb.report import export_report
    >>> report = export_report(frame, folder / "report")
    >>> report.frames["uploads"]["document_type"].tolist()[0]
    'paystubs'
    """

    folder: Path
    manifest: dict[str, Any]

    def __repr__(self) -> str:
        rows = self.rows
        sizes = [f"{name} ({count} rows)" for name, count in rows.items()]
        others = [name for name in self.files if name not in rows]
        return "\n  ".join([f"Report in {self.folder}:", *sizes, *others])

    @property
    def files(self) -> dict[str, Path]:
        """File name -> path."""
        names = [*(facts["name"] for facts in self.manifest["files"]), MANIFEST]
        return {name: self.folder / name for name in names}

    @property
    def rows(self) -> dict[str, int]:
        """File name -> rows, of the CSV files."""
        return {f["name"]: f["rows"] for f in self.manifest["files"] if "rows" in f}

    @property
    def levels(self) -> LevelPreset:
        """The level preset that was used."""
        preset = self.manifest["levels"]
        bands = tuple((low, name) for low, name in preset["bands"])
        return LevelPreset(preset["name"], bands, preset["source"])

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Table name, such as ``uploads`` -> frame, with the dtypes it was written from.

        Raises
        ------
        DocumentError
            When a file is missing or is not what the manifest says.
        """
        frames = {}
        for facts in self.manifest["files"]:
            path = self.folder / facts["name"]
            _check(path, facts)
            if "columns" in facts:
                frames[path.stem] = _read(path, facts)
        return frames


def read_report(folder: Path | str) -> Report:
    """Read a report, and check that its files are those that were written.

    Parameters
    ----------
    folder
        As given to `export_report`.

    Returns
    -------
    Report
        Its ``frames`` are exactly the tables that were written, dtypes and all.

    Raises
    ------
    ConfigurationError
        When the folder is no path.
    DocumentError
        When there is no report, or a file of it was changed since, names which.

    Examples
    --------
    >>> from argyle_nb.report import export_report
    >>> _ = export_report(frame, folder / "report")
    >>> read_report(folder / "report").rows["uploads.csv"]
    4
    """
    try:
        folder = Path(folder).expanduser()
    except TypeError as error:
        raise ConfigurationError(
            f"a report is read from its folder, not from a {type(folder).__name__}: give the "
            "folder that export_report wrote"
        ) from error
    while True:
        manifest = _manifest(folder)
        report = Report(folder, manifest)
        try:
            _ = report.frames
        except DocumentError:
            # A new report may have taken its place meanwhile.
            if _manifest(folder) == manifest:
                raise
        else:
            return report


def is_report(folder: Path) -> bool:
    """Say whether a folder holds the manifest of a report, of this version or another."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {"format", "adds_up", "files"} <= manifest.keys()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        known = is_report(folder) and manifest["format"] == FORMAT
        known = known and all(map(_is_of_the_folder, manifest["files"]))
    except OSError:
        raise DocumentError(path, "is not there: name the folder of a report") from None
    except ValueError:
        known = False
    if not known:
        raise DocumentError(path, "is no manifest that this version reads: make the report anew")
    return dict(manifest)


def _is_of_the_folder(facts: Any) -> bool:
    """Say whether an entry names a file beside it, and no path to anywhere else."""
    named = isinstance(facts, dict) and {"name", "sha256"} <= facts.keys()
    return named and Path(str(facts["name"])).name == facts["name"]


def _check(path: Path, facts: dict[str, Any]) -> None:
    try:
        same = file_sha256(path) == facts["sha256"]
    except OSError as error:
        raise DocumentError(path, f"{error.strerror}: the report is not whole") from None
    if not same:
        raise DocumentError(
            path, "was changed since the report was made (its SHA-256 is another): make it anew"
        )


def _read(path: Path, facts: dict[str, Any]) -> pd.DataFrame:
    try:
        return read_csv(path, facts["columns"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DocumentError(path, f"cannot be read ({error}): make the report anew") from None


class Changes(NamedTuple):
    """What changed between two reports.

    Parameters
    ----------
    uploads
        One row per upload that is new, gone or changed: ``id`` (string), ``change`` (category),
        then ``document_type, ocr_authenticity_score, authenticity_level, no_score_reason``, each
        with ``_old`` and ``_new`` behind.
    levels
        One row per document type and level, with those of all types under ``all``: ``document_type,
        level`` (string), ``uploads, share, share_ci_low, share_ci_high``, each with ``_old`` and
        ``_new`` behind, and ``share_difference`` (new less old).
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
    uploads = report.frames["uploads"].rename(columns=NAMED_NOW)
    return uploads.assign(authenticity_level=levels_of(uploads["ocr_authenticity_score"], preset))


def _changed(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    columns = ["id", *COMPARED]
    both = old[columns].merge(
        new[columns], on="id", how="outer", suffixes=("_old", "_new"), indicator="change"
    )
    differs = np.zeros(len(both), dtype=bool)
    for name in COMPARED:
        one, other = (both[f"{name}_{end}"].astype("string").fillna("") for end in ("old", "new"))
        differs |= (one != other).to_numpy(dtype=bool)
    names = dict(zip(("right_only", "left_only", "both"), CHANGES, strict=True))
    change = both["change"].cat.rename_categories(names).cat.set_categories(CHANGES)
    both = both.assign(change=change)
    rows = both[differs | (both["change"] != "changed").to_numpy()]
    order = [f"{name}_{end}" for name in COMPARED for end in ("old", "new")]
    return rows.sort_values(["change", "id"])[["id", "change", *order]].reset_index(drop=True)


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
        name: {"listed": sums["listed"], "scored": sums["scored"], **sums["no_score"]}
        for name, sums in (("old", old), ("new", new))
    }
    table = pd.DataFrame(sides, dtype="Int64")
    return table.assign(difference=table["new"] - table["old"])
