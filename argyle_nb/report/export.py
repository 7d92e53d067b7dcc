"""Frames or an archive -> a folder of CSV files, a manifest, one HTML page, and a workbook."""

from __future__ import annotations

import json
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.archive import Archive
from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import level_preset
from argyle_nb.report.dictionary import FILES, data_dictionary
from argyle_nb.report.folders import check_replaceable, replaced
from argyle_nb.report.manifest import file_facts, report_facts
from argyle_nb.report.page import render_page
from argyle_nb.report.privacy import Privacy
from argyle_nb.report.reading import MANIFEST, PAGE, Report, is_report
from argyle_nb.report.tables import content_of, gather
from argyle_nb.report.workbook import WORKBOOK, check_openpyxl, write_workbook
from argyle_nb.scores.filters import plain_filters
from argyle_nb.storage import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from argyle_nb.config import Settings
    from argyle_nb.levels import Levels
    from argyle_nb.report.privacy import Mode
    from argyle_nb.report.tables import ReportContent

_OF_THE_DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")  # there once somebody looked
KNOWN_FILES = frozenset(
    {
        *(*FILES, "score_counts.csv", "coverage.csv", WORKBOOK, PAGE, MANIFEST, *_OF_THE_DESKTOP),
        "rejected.csv",  # of reports written before
    }
)


def export_report(
    source: pd.DataFrame | Archive,
    folder: Path | str,
    *,
    signals: pd.DataFrame | None = None,
    ocr: pd.DataFrame | bool = False,
    title: str = "Document authenticity report",
    filters: Mapping[str, Any] | None = None,
    levels: Levels | None = None,
    pii: Mode = "masked",
    salt: str | bytes | None = None,
    excel: bool = False,
    xlsx: bool = False,
    settings: Settings | None = None,
    prepared_by: str | None = None,
) -> Report:
    """Write uploads, signals and every statistic as CSV, with a manifest and an HTML page.

    The folder is replaced as a whole: a full disk or a kill leaves the old report as it was.

    Parameters
    ----------
    source
        From `uploads_frame`, or an `Archive`, of which the newest version of each upload counts.
        Records that could not be read are listed where errors were collected.
    folder
        The report's own; made if missing.
    signals
        From `signals_frame`, of the same uploads; an archive gives its own. Without it there is
        no ``signals.csv``.
    ocr
        From `ocr_frame`, of the same uploads; ``True`` for those of an archive. Content that was
        read from documents leaves only where this asks for it.
    title
        Heads the page; printed as it is.
    filters
        Column of the uploads -> a value, a list of values, or for times a pair of first and end,
        which is not included: ``{"created_at": ("2026-01-01", "2026-02-01")}``.
    levels
        Preset of the authenticity levels, or thresholds of your own; by default that of the frame,
        ``"argyle"`` where none is known.
    pii
        ``"masked"``: of names, addresses and numbers no more is left than the last 4 digits.
        ``"hashed"``: keyed hashes instead, to join tables without seeing the data; needs a salt.
        ``"include"``: unmasked; page and manifest say so, and only their owner can open the folder
        and its files (on Windows, all who can open the folder above). What is personal is in
        ``argyle_nb.report.privacy``.
    salt
        For ``"hashed"``: 16 bytes or more that only you have.
    excel
        Begin CSV files with a byte order mark and end lines with CR LF.
    xlsx
        Also write ``report.xlsx``: a workbook with a sheet for each CSV file but
        ``score_counts.csv``, under its name, with dates (UTC), percentages and levels in the colors
        of the charts. The sheet of uploads begins with external ID, type, score and level; each
        sheet is printed in landscape, one page wide. It needs the extra
        ``[excel]``. Personal data is treated as in the CSV files.
    settings
        ``client.settings``, whose environment and base URL go into the manifest, and nothing else.
    prepared_by
        Who makes the report; the login name by default.

    Returns
    -------
    Report
        The paths of ``uploads.csv``, ``signals.csv``, ``ocr_fields.csv``, ``score_summary.csv``,
        ``score_counts.csv`` (as `ScoreCounts.read_csv` takes it), ``levels.csv``,
        ``thresholds.csv``, ``drift.csv``, ``coverage.csv``, ``unreadable.csv``,
        ``data_dictionary.csv``, ``report.xlsx``, ``report.html`` and ``manifest.json``.

    Raises
    ------
    ConfigurationError
        When the frame is not one of `uploads_frame`, nothing was ever pulled into the archive, a
        filter or the privacy makes no sense, no upload has any of the ids, names or categories that
        a filter asks for, the folder cannot be written or holds anything but a
        report, or openpyxl is not installed and ``xlsx`` asks for it.
    ArgyleError
        When the tables do not add up to the uploads, or an upload is there twice.

    Warns
    -----
    UserWarning
        When the filters leave no upload.

    Examples
    --------
    >>> report = export_report(frame, folder / "report", xlsx=True)
    >>> report.rows["uploads.csv"]
    4
    >>> pd.read_excel(report.files["report.xlsx"], sheet_name="uploads")["id"].size
    4
    """
    if xlsx:
        check_openpyxl()
    privacy, folder = Privacy(pii, salt), Path(folder)
    check_report_folder(folder)
    with _whole_characters():
        wanted = plain_filters(filters or {})
        rows = gather(source, signals, ocr, wanted)
        if levels is None:
            levels = rows.uploads.attrs.get("levels", "argyle")
        content = content_of(rows, level_preset(levels), privacy)
        facts = report_facts(
            rows,
            content,
            title=title,
            filters=rows.filters,
            privacy=privacy,
            settings=settings,
            sources=_sources(source),
            prepared_by=prepared_by,
        )
        content.tables["data_dictionary.csv"] = data_dictionary(content.tables, privacy)
        with replaced(folder, KNOWN_FILES, is_report, private=pii == "include") as new:
            _write(new, content, facts, excel=excel, xlsx=xlsx)
    if wanted and not facts["reconciliation"]["in_report"]:
        warnings.warn(
            f"{folder}: the report has no uploads. None match its filters; check the dates.",
            stacklevel=2,
        )
    return Report(folder.expanduser(), facts)


def check_report_folder(folder: Path) -> None:
    """Refuse a folder in which no report can be written, before the report is made."""
    check_replaceable(folder, KNOWN_FILES, is_report)


def _sources(source: pd.DataFrame | Archive) -> list[str]:
    if not isinstance(source, Archive):
        fetched: list[str] = source.attrs.get("sources", [])
        return fetched
    sources = source.sources()
    if not sources:
        raise ConfigurationError(
            f"{source} is empty: nothing was ever pulled into it. Run "
            "archive.pull(client) first, or check the path."
        )
    return sources


def _write(
    new: Path, content: ReportContent, facts: dict[str, Any], *, excel: bool, xlsx: bool
) -> None:
    facts["files"] = []
    for name, table in content.tables.items():
        write_csv(table, new / name, excel=excel)
        facts["files"].append(file_facts(new / name, table))
    if xlsx:
        write_workbook(content.tables, content.preset, new / WORKBOOK)
        facts["files"].append(file_facts(new / WORKBOOK))
    (new / PAGE).write_text(render_page(facts, content), encoding="utf-8")
    facts["files"].append(file_facts(new / PAGE))
    manifest = json.dumps(facts, indent=2, ensure_ascii=False)
    (new / MANIFEST).write_text(manifest + "\n", encoding="utf-8")


@contextmanager
def _whole_characters() -> Iterator[None]:
    """Say in words that a text cannot be written as UTF-8."""
    try:
        yield
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("ascii", "backslashreplace").decode()
        raise ConfigurationError(
            f"Report not written: a text has an invalid character ({half}, an unpaired "
            "surrogate). Read that text from its source as UTF-8 again."
        ) from None
