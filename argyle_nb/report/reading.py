"""A report that was written, read back exactly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb import notebook
from argyle_nb.errors import ConfigurationError, DocumentError
from argyle_nb.levels import LevelPreset
from argyle_nb.report.manifest import FORMAT, file_sha256
from argyle_nb.storage import read_csv

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
PAGE = "report.html"
_NAMES_BEFORE = {
    "given": "total",
    "left_out_by_filters": "filtered_out",
    "unread": "unreadable",
    "listed": "in_report",
}


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

    def _repr_html_(self) -> str:
        rows = [(name, self.rows.get(name)) for name in self.files]
        tables = [notebook.table(("File", "Rows"), rows, of=len(rows))]
        note = f"Open {PAGE} in any browser."
        return notebook.result("Report", {"Folder": self.folder}, tables, note)

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
            f"Can't read a report from {type(folder).__name__}. Pass the folder that "
            "export_report wrote."
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
    return isinstance(manifest, dict) and {"format", "files", "personal_data"} <= manifest.keys()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        known = is_report(folder) and manifest["format"] in (1, FORMAT)
        known = known and all(map(_is_of_the_folder, manifest["files"]))
    except OSError:
        raise DocumentError(path, "file not found. Pass the folder of a report.") from None
    except ValueError:
        known = False
    if not known:
        raise DocumentError(
            path, "not a report manifest that this version reads. Export the report again."
        )
    return _renamed(manifest) if manifest["format"] == 1 else dict(manifest)


def _renamed(manifest: dict[str, Any]) -> dict[str, Any]:
    """Give the manifest of the first format with the names of this one."""
    sums = {_NAMES_BEFORE.get(name, name): value for name, value in manifest["adds_up"].items()}
    return {
        **{name: value for name, value in manifest.items() if name not in ("adds_up", "made_by")},
        "prepared_by": manifest["made_by"],
        "reconciliation": sums,
    }


def _is_of_the_folder(facts: Any) -> bool:
    """Say whether an entry names a file beside it, and no path to anywhere else."""
    named = isinstance(facts, dict) and {"name", "sha256"} <= facts.keys()
    return named and Path(str(facts["name"])).name == facts["name"]


def _check(path: Path, facts: dict[str, Any]) -> None:
    try:
        same = file_sha256(path) == facts["sha256"]
    except OSError as error:
        raise DocumentError(
            path,
            f"can't read the file ({error.strerror}), so the report is incomplete. Export it "
            "again.",
        ) from None
    if not same:
        raise DocumentError(
            path, "changed after the export (checksum differs). Export the report again."
        )


def _read(path: Path, facts: dict[str, Any]) -> pd.DataFrame:
    try:
        return read_csv(path, facts["columns"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DocumentError(
            path, f"can't read the file ({error}). Export the report again."
        ) from None
