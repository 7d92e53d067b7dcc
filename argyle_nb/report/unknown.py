"""What a report does not know, and why, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from argyle_nb.config import LOCAL

if TYPE_CHECKING:
    import pandas as pd

    from argyle_nb.report.tables import Content

REASONS = {
    "pending": "still in progress at Argyle",
    "failed": "that failed in a stage of processing",
    "unauthorized": "of an account for which Argyle has not enabled the analysis",
    "unsupported_type": "of a type that gets no score",
    "not_started": "not begun",
    "missing": "complete without one, or in a status nobody knows",
    "invalid": "with a score that is no whole number from 0 to 100",
}
# Microsoft, Excel specifications and limits; one row is the header.
EXCEL_ROWS, EXCEL_LETTERS = 1_048_575, 32_767
STAND_IN = "The scores are those of a local sandbox, a stand-in, and not of Ocrolus."


def unknown(facts: dict[str, Any], content: Content) -> list[str]:
    """Say what is not known, why, and what was left out.

    Parameters
    ----------
    facts
        The manifest.
    content
        The tables.

    Examples
    --------
    >>> unknown(report.manifest, content)  # doctest: +SKIP
    """
    adds_up = facts["adds_up"]
    told = [STAND_IN] if facts["environment"] == LOCAL or _of_sandboxes(facts["sources"]) else []
    told += [
        f"Without a score, of {adds_up['listed']:,} uploads: {count:,} {REASONS[reason]}."
        for reason, count in adds_up["no_score"].items()
        if count
    ]
    if adds_up["unread"]:
        told.append(f"Not listed, because it could not be read: {adds_up['unread']:,}.")
    if adds_up["left_out_by_filters"]:
        told.append(f"Left out by the filters: {adds_up['left_out_by_filters']:,} uploads.")
    told += [
        f"There is no {name}: it was not asked for."
        for name in ("signals.csv", "ocr_fields.csv")
        if name not in content.tables
    ]
    told += [sentence for name in content.tables for sentence in _beyond_excel(name, content)]
    told.append(f"Levels are those of preset {content.preset.name}: {content.preset.source}.")
    told += [facts["personal_data"]["means"], facts["left_out"]["why"]]
    return told


def _beyond_excel(name: str, content: Content) -> list[str]:
    """Say what Excel would lose of a file: it shows so many rows, and so much of a cell."""
    table, told = content.tables[name], []
    if len(table) > EXCEL_ROWS:
        told.append(
            f"Excel shows {EXCEL_ROWS:,} of the {len(table):,} rows of {name}: filter, or read it "
            "with another program."
        )
    texts = [table[column] for column in table if table[column].dtype == "string"]
    longest = max(map(_longest, texts), default=0)
    if longest > EXCEL_LETTERS:
        told.append(
            f"Excel cuts texts of {name} off: the longest has {longest:,} characters, and a cell "
            f"{EXCEL_LETTERS:,}."
        )
    return told


def _longest(texts: pd.Series[Any]) -> int:
    return int(texts.str.len().to_numpy(np.int64, na_value=0).max(initial=0))


def _of_sandboxes(sources: list[str]) -> bool:
    return any(LOCAL in source or "127.0.0.1" in source for source in sources)
