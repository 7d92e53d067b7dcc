"""Frames -> a folder of CSV files, a manifest and one HTML page."""

from __future__ import annotations

import hashlib
import io
import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from argyle_nb.charts import histogram
from argyle_nb.csv_files import write_csv
from argyle_nb.errors import ArgyleError, ConfigurationError
from argyle_nb.frames import levels_of, uploads_frame
from argyle_nb.levels import level_preset
from argyle_nb.scores import ScoreCounts, count_scores, no_score_reasons

# Allow-lists: what is not named here does not leave the notebook.
UPLOAD_COLUMNS = (
    "id",
    "account",
    "user",
    "document_type",
    "requested_document_type",
    "classification",
    "ocr",
    "authenticity",
    "ocr_authenticity_score",
    "authenticity_level",
    "no_score_reason",
    "signal_count",
    "reason_code_count",
    "created_at",
    "updated_at",
)
SIGNAL_COLUMNS = (
    "upload_id",
    "document_type",
    "form_type",
    "kind",
    "identifier",
    "display_name",
    "confidence",
    "page_number",
    "signal_count",
    "field_name",
)
LEFT_OUT = (
    "File names, the texts before and after tampering, and OCR content are not in these files: "
    "they can hold personal data. They stay in the frames of the notebook."
)


@dataclass(frozen=True)
class Report:
    """Where a report was written.

    Parameters
    ----------
    folder
        The folder.
    files
        File name -> path, in the order written.
    rows
        File name -> rows, of the CSV files.
    """

    folder: Path
    files: dict[str, Path]
    rows: dict[str, int]

    def __repr__(self) -> str:
        sizes = [f"{name} ({self.rows[name]} rows)" for name in self.rows]
        others = [name for name in self.files if name not in self.rows]
        return "\n  ".join([f"Report in {self.folder}:", *sizes, *others])


def export_report(
    frame: pd.DataFrame,
    folder: Path | str,
    *,
    signals: pd.DataFrame | None = None,
    title: str = "Authenticity of user uploads",
) -> Report:
    """Write uploads, signals, summary and coverage as CSV, with a manifest and an HTML page.

    Parameters
    ----------
    frame
        From `uploads_frame`; its level preset is used throughout.
    folder
        Made if missing; files of an earlier report are replaced.
    signals
        From `signals_frame`, of the same uploads; without it there is no ``signals.csv``.
    title
        Heads the page.

    Returns
    -------
    Report
        The paths of ``uploads.csv``, ``signals.csv``, ``score_summary.csv``, ``coverage.csv``,
        ``report.html`` and ``manifest.json`` (written last).

    Raises
    ------
    ConfigurationError
        When the frame is not one of `uploads_frame`, or the folder cannot be written.
    ArgyleError
        When the counts do not add up to the uploads.

    Examples
    --------
    >>> export_report(frame, folder).rows["uploads.csv"]
    4
    """
    folder = Path(folder)
    levels = frame.attrs.get("levels", "argyle")
    uploads = _checked(frame, levels)
    counts = count_scores(uploads, by="document_type")
    _check_adds_up(uploads, counts)
    tables = _tables(uploads, signals, counts, levels)
    facts = _facts(uploads, counts, levels, title)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            write_csv(table, folder / name)
        entries = [_entry(folder / name, len(table)) for name, table in tables.items()]
        _write(folder / "report.html", _page(facts, counts, tables, entries))
        entries.append(_entry(folder / "report.html", None))
        manifest = facts | {"left_out": LEFT_OUT, "software": _software(), "files": entries}
        _write(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written ({error.strerror}): name another folder for the report"
        ) from None
    names = [*tables, "report.html", "manifest.json"]
    rows = {name: len(table) for name, table in tables.items()}
    return Report(folder, {name: folder / name for name in names}, rows)


def _checked(frame: pd.DataFrame, levels: str) -> pd.DataFrame:
    """Refuse what is no frame of uploads, and read the levels anew from the scores.

    A merge loses the preset's name, and levels of one preset must not stand beside another's.
    """
    columns = uploads_frame([]).columns
    missing = [name for name in columns if name not in frame]
    if missing or not isinstance(frame["created_at"].dtype, pd.DatetimeTZDtype):
        raise ConfigurationError(
            "this is not a frame of uploads_frame: "
            + (f"no column {', '.join(missing)}" if missing else "created_at holds no times")
        )
    return frame.assign(
        authenticity_level=levels_of(frame["ocr_authenticity_score"], level_preset(levels)),
        no_score_reason=no_score_reasons(frame),
    )


def _tables(
    frame: pd.DataFrame, signals: pd.DataFrame | None, counts: ScoreCounts, levels: str
) -> dict[str, pd.DataFrame]:
    shares = counts.levels(levels)["share"].unstack("level")
    shares = shares.reindex(columns=level_preset(levels).levels).add_prefix("share ")
    tables = {"uploads.csv": frame.loc[:, list(UPLOAD_COLUMNS)]}
    if signals is not None:
        tables["signals.csv"] = signals.loc[:, list(SIGNAL_COLUMNS)]
    return tables | {
        "score_summary.csv": counts.summary().join(shares).reset_index(),
        "coverage.csv": counts.coverage().reset_index(),
    }


def _check_adds_up(frame: pd.DataFrame, counts: ScoreCounts) -> None:
    scored = int(frame["ocr_authenticity_score"].notna().sum())
    without = int(frame["no_score_reason"].notna().sum())
    table = counts.coverage()
    if (scored + without, scored) != (len(frame), int(table["scored"].sum())):
        raise ArgyleError(
            f"{len(frame)} uploads do not reconcile with {scored} scored and {without} without a "
            "score; no report was written"
        )


def _facts(frame: pd.DataFrame, counts: ScoreCounts, levels: str, title: str) -> dict[str, Any]:
    times = frame["created_at"].dropna()
    return {
        "title": title,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "levels": levels,
        "levels_source": level_preset(levels).source,
        "uploads": len(frame),
        "scored": int(counts.scores.to_numpy().sum()),
        "first_created_at": times.min().isoformat() if len(times) else None,
        "last_created_at": times.max().isoformat() if len(times) else None,
    }


def _software() -> dict[str, str]:
    names = ("argyle-nb", "pandas", "matplotlib")
    return {name: version(name) for name in names} | {"python": platform.python_version()}


def _entry(path: Path, rows: int | None) -> dict[str, Any]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"name": path.name, "rows": rows, "bytes": len(content), "sha256": digest}


def _page(
    facts: dict[str, Any],
    counts: ScoreCounts,
    tables: dict[str, pd.DataFrame],
    entries: list[dict[str, Any]],
) -> str:
    loader = jinja2.PackageLoader("argyle_nb")
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("report.html")
    sections = [
        _section(
            "Scores by document type",
            f"Shares are of the scored uploads, in the levels of preset {facts['levels']}.",
            tables["score_summary.csv"],
        ),
        _section(
            "Coverage",
            "Why uploads have no score; scored and the reasons add up to uploads.",
            tables["coverage.csv"],
        ),
    ]
    return template.render(
        facts,
        version=version("argyle-nb"),
        chart=_chart(counts, facts["levels"]),
        sections=sections,
        left_out=LEFT_OUT,
        files=entries,
    )


def _section(heading: str, caption: str, table: pd.DataFrame) -> dict[str, Any]:
    rows = [[_shown(cell) for cell in row] for row in table.itertuples(index=False)]
    return {"heading": heading, "caption": caption, "columns": list(table), "rows": rows}


def _shown(cell: Any) -> str:
    if pd.isna(cell):
        return "-"
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def _chart(counts: ScoreCounts, levels: str) -> str:
    """Draw the histogram as SVG text, the same bytes for the same counts."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    histogram(counts, figure.subplots(), levels=levels)
    drawn = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "argyle_nb"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    text = drawn.getvalue()
    return text[text.index("<svg") :]


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
