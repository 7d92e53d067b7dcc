"""Two reports compared: which uploads changed, how the levels moved, and a page that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb import charts, notebook
from argyle_nb.frames.uploads import NAMED_NOW, levels_of
from argyle_nb.report.page import (
    documents_to_look_at,
    drawing_of,
    page_of,
    score_figures,
    section_of,
)
from argyle_nb.report.reading import Report, read_report
from argyle_nb.scores import REASONS_BEFORE, ScoreCounts
from argyle_nb.scores.statistics import with_interval
from argyle_nb.storage import atomic_write, writable

if TYPE_CHECKING:
    from pathlib import Path

    from argyle_nb.levels import LevelPreset
    from argyle_nb.report.page import Section

COMPARED = ("document_type", "ocr_authenticity_score", "authenticity_level", "no_score_reason")
CHANGES = ("new", "gone", "changed")
SIDES = ("earlier", "later")
_SHARES = ("uploads", *with_interval("share"))


@dataclass(frozen=True)
class Changes:
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
        One row per number: ``old, new, difference`` (Int64), indexed by ``uploads, scored`` and the
        reasons.
    old, new
        The reports.

    Examples
    --------
    >>> from argyle_nb.report import export_report
    >>> may = export_report(frame.head(3), folder / "may")
    >>> june = export_report(frame, folder / "june")
    >>> compare_reports(may, june).write_page(folder / "may_june.html").name
    'may_june.html'
    """

    uploads: pd.DataFrame
    levels: pd.DataFrame
    totals: pd.DataFrame
    old: Report
    new: Report

    def _repr_html_(self) -> str:
        counts = self.uploads["change"].value_counts()
        facts = {f"Uploads {change}": int(counts.get(change, 0)) for change in CHANGES}
        every = self.levels[self.levels["document_type"] == "all"]
        names = ["share_old", "share_new", "share_difference"]
        levels = [
            (level, notebook.percent(old), notebook.percent(new), notebook.points(difference))
            for level, old, new, difference in every[["level", *names]].itertuples(index=False)
        ]
        totals = [
            (str(name).replace("_", " "), *numbers)
            for name, *numbers in self.totals.itertuples()
            if any(number is not pd.NA and number for number in numbers)
        ]
        tables = [
            notebook.table(("Uploads", "Baseline", "Now", "Difference"), totals, of=len(totals)),
            notebook.table(("Level", "Baseline", "Now", "Difference"), levels, of=len(levels)),
        ]
        return notebook.result("Comparison of two reports", facts, tables)

    def write_page(self, path: Path | str) -> Path:
        """Write the comparison as one page of HTML.

        Parameters
        ----------
        path
            The file; one that is there is replaced, and a folder that is missing is made. It holds
            no more personal data than the tables of the later report.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ConfigurationError
            When the file cannot be written.
        """
        page = _page(self).encode()
        with writable(path) as named, atomic_write(named) as file:
            file.write(page)
        return named


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
    totals = _totals(before.manifest["reconciliation"], after.manifest["reconciliation"])
    return Changes(_changed(earlier, later), _levels(before, after, preset), totals, before, after)


def _uploads(report: Report, preset: LevelPreset) -> pd.DataFrame:
    uploads = report.frames["uploads"]
    return uploads.assign(
        authenticity_level=levels_of(uploads["ocr_authenticity_score"], preset),
        no_score_reason=uploads["no_score_reason"].cat.rename_categories(REASONS_BEFORE),
    )


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


def _levels(old: Report, new: Report, preset: LevelPreset) -> pd.DataFrame:
    before, after = (_shares(report, preset) for report in (old, new))
    index = after.index.union(before.index, sort=False)
    both = after.reindex(index).add_suffix("_new").join(before.add_suffix("_old"))
    both["share_difference"] = both["share_new"] - both["share_old"]
    order = [f"{name}_{end}" for name in _SHARES for end in ("old", "new")]
    return both[[*order, "share_difference"]].reset_index()


def _counts(report: Report) -> ScoreCounts:
    return ScoreCounts.read_csv(report.files["score_counts.csv"])


def _shares(report: Report, preset: LevelPreset) -> pd.DataFrame:
    counts = _counts(report).by("document_type")
    by_type, total = counts.levels(preset), counts.total().levels(preset)
    total.index = total.index.set_names("document_type", level=0)
    shares = pd.concat([total, by_type])[list(_SHARES)]
    return shares.astype({"uploads": "Int64"})


def _of_today(counts: dict[str, int]) -> dict[str, int]:
    """Name the reasons of an earlier report as they are named now."""
    return {REASONS_BEFORE.get(reason, reason): count for reason, count in counts.items()}


def _totals(old: dict[str, Any], new: dict[str, Any]) -> pd.DataFrame:
    sides = {
        name: {
            "uploads": sums["in_report"],
            "scored": sums["scored"],
            **_of_today(sums["no_score"]),
        }
        for name, sums in (("old", old), ("new", new))
    }
    table = pd.DataFrame(sides, dtype="Int64")
    return table.assign(difference=table["new"] - table["old"])


def _page(changes: Changes) -> str:
    counts = _both(changes)
    shift = _shift(counts)
    drawings = {}
    if _are_scored(counts):
        name = "Scores of both reports"
        preset = changes.new.levels
        drawings[name] = drawing_of(name, lambda ax: charts.ecdf(counts, ax, levels=preset))
    sections = _sections(changes)
    return page_of(
        "comparison.html",
        title=f"{changes.new.manifest['title']}: changes",
        sides=[_side(SIDES[0], changes.old), _side(SIDES[1], changes.new)],
        shift=shift,
        outline=[section.heading for section in sections],
        figures=_figures(changes, counts),
        first=sections[:1],
        charts=drawings,
        sections=sections[1:],
    )


def _both(changes: Changes) -> ScoreCounts:
    """Count the scores of both reports, each a group."""
    tables = [_counts(report).total().table() for report in (changes.old, changes.new)]
    return ScoreCounts.of_table(("report",), pd.Index(SIDES, name="report"), np.vstack(tables))


def _are_scored(counts: ScoreCounts) -> bool:
    return bool(counts.scores.to_numpy().any(axis=1).all())


def _shift(counts: ScoreCounts) -> str:
    """Say whether the scores moved by more than chance."""
    if not _are_scored(counts):
        return "Scores can't be compared: one of the reports has none."
    drift = counts.drift("report", counts.filter(report=SIDES[0]))
    row: dict[Any, Any] = drift.loc[SIDES[1]].to_dict()
    if pd.isna(row["psi_significant"]):
        return "Too few scores to tell whether their distribution changed."
    numbers = (
        f"(population stability index {row['psi']:.2f}; without any change, 1 comparison in 20 "
        f"exceeds {row['psi_critical']:.2f})"
    )
    if row["psi_significant"]:
        return f"The distribution of scores changed significantly {numbers}."
    return f"No significant change in the distribution of scores {numbers}."


def _side(name: str, report: Report) -> dict[str, Any]:
    return {"name": name, "title": report.manifest["title"], **report.manifest["created_at"]}


def _figures(changes: Changes, counts: ScoreCounts) -> list[tuple[str, str, str]]:
    totals = changes.totals
    figures = [
        (f"{row['new']:,}", str(name), f"{row['old']:,} before")
        for name, row in totals.loc[["uploads", "scored"]].iterrows()
    ]
    preset = changes.new.levels
    if _are_scored(counts):
        before, after = (score_figures(counts.filter(report=name), preset) for name in SIDES)
        figures += [
            (new, name, f"{old} before; now {told}")
            for (old, _, _), (new, name, told) in zip(before, after, strict=True)
        ]
    return figures


def _sections(changes: Changes) -> list[Section]:
    frames = changes.new.frames
    changed = changes.uploads[changes.uploads["change"] != "gone"]
    uploads = frames["uploads"]
    uploads = uploads[uploads["id"].isin(changed["id"])]
    signals = frames.get("signals")
    if signals is not None:
        signals = signals.rename(columns=NAMED_NOW | {"signal_count": "occurrences"})
    table = documents_to_look_at(uploads, signals)
    before = changed.set_index("id")["ocr_authenticity_score_old"]
    table.insert(
        [*map(str, table)].index("score"),
        "score_before",
        table["upload_id"].map(before).astype("Int16"),
    )
    levels = changes.levels
    totals = changes.totals[changes.totals.any(axis=1)].rename(lambda name: name.replace("_", " "))
    return [
        section_of(
            "Documents to look at",
            "The lowest scores among uploads that are new or changed.",
            table,
        ),
        section_of("Totals", "Uploads of each report.", totals.reset_index(names="count")),
        section_of(
            "Levels by document type",
            f"Level preset: {changes.new.levels.name}. Share of scored uploads with Wilson 95% CI.",
            levels[levels["uploads_new"].fillna(0) + levels["uploads_old"].fillna(0) > 0],
        ),
    ]
