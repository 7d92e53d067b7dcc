"""What to upload: a CSV file, a frame or a folder, checked whole before anything is sent."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pandas as pd

from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES

MANIFEST_COLUMNS = ("file", "document_type", "user")
RESULT_COLUMNS = ("state", "upload_id", "attempts", "seconds", "bytes", "reason")


def read_manifest(
    manifest: pd.DataFrame | Path | str,
    *,
    document_type: str | None = None,
    user: str | None = None,
) -> pd.DataFrame:
    """Read a manifest, or make one of a folder; each ``file`` is a path from where Python runs."""
    defaults = {"document_type": document_type, "user": user}
    if isinstance(manifest, pd.DataFrame):
        table, folder, first = manifest.reset_index(drop=True), Path(), 0
    elif not isinstance(manifest, (str, Path)):
        raise ValidationError(
            f"a manifest is a CSV file, a folder or a DataFrame, not {type(manifest).__name__}: "
            f"give it the columns {', '.join(MANIFEST_COLUMNS)}"
        )
    elif Path(manifest).is_dir():
        table, folder, first = _of_folder(Path(manifest), document_type, user), Path(), 0
    else:
        # A CSV file's first document is its second line.
        table, folder, first = _read_csv(Path(manifest)), Path(manifest).parent, 2
    table = table.assign(**{k: v for k, v in defaults.items() if v is not None and k not in table})
    _check_columns([str(name) for name in table])
    lines = {name: table[name].astype("string").fillna("").str.strip() for name in MANIFEST_COLUMNS}
    lines["file"] = lines["file"].map(lambda file: str(folder / file) if file else "")
    table = table.assign(**lines)
    _check_lines(table, first)
    return table


def _of_folder(folder: Path, document_type: str | None, user: str | None) -> pd.DataFrame:
    if user is None:
        raise ValidationError(f"{folder} is a folder: say whose documents these are with user=...")
    files = sorted(
        path
        for path in folder.rglob("*")
        if not path.is_dir() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    )
    types = [document_type or path.relative_to(folder).parts[0] for path in files]
    if not files:
        raise ValidationError(f"{folder} has no files in it: name the folder of the documents")
    return pd.DataFrame({"file": map(str, files), "document_type": types})


def _check_columns(names: list[str]) -> None:
    missing = [name for name in MANIFEST_COLUMNS if name not in names]
    if missing:
        separator = " (are they separated by ';'? use ',')" if ";" in "".join(names) else ""
        raise ValidationError(
            f"the manifest has no column {', '.join(missing)}: it needs "
            f"{', '.join(MANIFEST_COLUMNS)} and has {', '.join(names)}{separator}"
        )
    reserved = [name for name in RESULT_COLUMNS if name in names]
    if reserved:
        raise ValidationError(
            f"the manifest has a column {', '.join(reserved)}, which the result uses: rename it"
        )


def _read_csv(path: Path) -> pd.DataFrame:
    """Read texts as they stand: Excel begins a CSV file with a mark, and 'NA' may be a name."""
    if not path.is_file():
        raise ValidationError(
            f"{path} is not there: name the CSV file that lists the documents, or their folder"
        )
    try:
        table = pd.read_csv(path, dtype="string", keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise ValidationError(f"{path} is empty: list the documents in it") from None
    except (ValueError, OSError) as error:
        raise ValidationError(
            f"{path} cannot be read as a manifest ({error}): save it as CSV in UTF-8"
        ) from None
    return table.rename(columns=str.strip)


def _check_lines(table: pd.DataFrame, first: int) -> None:
    """Name every bad line in one error."""
    bad: list[str] = []
    lines = table[list(MANIFEST_COLUMNS)].to_numpy()
    for number, (file, kind, user) in enumerate(lines, start=first):
        if kind not in DOCUMENT_TYPES:
            bad.append(f"line {number}: document_type {kind!r} is not one of the six{_meant(kind)}")
        bad += [f"line {number}: file is empty"] if not file else []
        bad += [f"line {number}: user is empty"] if not user else []
    if bad:
        raise ValidationError(
            f"nothing was sent, the manifest has to be mended: {'; '.join(bad)}. "
            f"The document types are {', '.join(DOCUMENT_TYPES)}",
            fields={"manifest": bad},
        )


def _meant(kind: str) -> str:
    """Guess what a misspelt type was meant to be."""
    plain = {re.sub("[^a-z0-9]", "", known.lower()): known for known in DOCUMENT_TYPES}
    closest = difflib.get_close_matches(re.sub("[^a-z0-9]", "", kind.lower()), plain, n=1)
    return f" (did you mean {plain[closest[0]]}?)" if closest else ""
