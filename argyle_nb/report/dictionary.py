"""What each column of each file of a report means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from argyle_nb.frames.uploads import FROM_ARGYLE, FROM_OCROLUS, OURS, POINTS, UPLOAD_COLUMNS, UTC
from argyle_nb.report.privacy import KINDS, dictionary_kind
from argyle_nb.scores.files import KINDS as KINDS_OF_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argyle_nb.report.privacy import Privacy


class Meaning(NamedTuple):
    """What a column means, in which unit, and where it comes from."""

    meaning: str
    unit: str = ""
    source: str = OURS


_READ = "Ocrolus, through Argyle's metadata.ocr_data"
SHARE, COUNT = "share, 0 to 1", "count"

_UPLOADS = {
    column.name: Meaning(column.meaning, column.unit, column.source)
    for column in UPLOAD_COLUMNS
    if column.privacy
}

# Columns that mean the same wherever they are.
COMMON = {
    "upload_id": Meaning("upload ID", "", FROM_ARGYLE),
    "document_type": _UPLOADS["document_type"],
    "form_type": Meaning("form type", "", FROM_OCROLUS),
    "uploads": Meaning("uploads, with a score or without", COUNT),
    "scored": Meaning("uploads with a score", COUNT),
    "unscored": Meaning("uploads without a score, not in any decision", COUNT),
    "week": Meaning("Monday of the week of created_at", UTC),
    "level": Meaning("authenticity level of the preset that manifest.json names"),
    "mean": Meaning("mean score", POINTS),
    "classified": Meaning("uploads whose classification is completed", COUNT),
    "past_ocr": Meaning(
        "of these, uploads past OCR: OCR completed, or scored although it did not", COUNT
    ),
    "warning": Meaning("what to be careful about; empty if there is nothing"),
    "in_progress": Meaning("no score yet: a stage is in progress", COUNT),
    "processing_failed": Meaning("no score: a stage of processing failed", COUNT),
    "not_enabled": Meaning("no score: not enabled at Argyle", COUNT),
    "unsupported_type": Meaning("no score: a type that gets none", COUNT),
    "detect_pending": Meaning("no score: Ocrolus' analysis is pending", COUNT),
    "detect_unable_to_process": Meaning("no score: Ocrolus was unable to process it", COUNT),
    "detect_unsupported": Meaning("no score: Ocrolus does not support it", COUNT),
    "detect_deleted": Meaning("no score: it was deleted at Ocrolus", COUNT),
    "not_started": Meaning("no score: no stage has begun", COUNT),
    "no_score_returned": Meaning(
        "no score although all stages completed, or an unknown status", COUNT
    ),
    "invalid_score": Meaning(
        "the score is not a whole number from 0 to 100; see unreadable.csv", COUNT
    ),
}

FILES: dict[str, dict[str, Meaning]] = {
    "uploads.csv": _UPLOADS
    | {"no_score_reason": Meaning("no-score reason; empty where there is a score")},
    "signals.csv": {
        "finding_type": Meaning("signal or reason_code"),
        "identifier": Meaning("stable name of the signal, or the reason code", "", FROM_OCROLUS),
        "display_name": Meaning("display name; not stable", "", FROM_OCROLUS),
        "reason_confidence": Meaning(
            "confidence of a reason code: LOW, MEDIUM or HIGH", "", FROM_OCROLUS
        ),
        "form": Meaning("which of the upload's forms, from 1"),
        "form_score": Meaning("authenticity score of the form", POINTS, FROM_OCROLUS),
        "form_authenticity_status": Meaning("authenticity status of the form", "", FROM_OCROLUS),
        "page_number": Meaning("page of the document, from 1", "", FROM_OCROLUS),
        "occurrences": Meaning(
            "occurrences of the signal, the same in each of its rows", COUNT, FROM_OCROLUS
        ),
        "occurrence": Meaning("which of the occurrences, from 1"),
        "field_name": Meaning("field that was edited", "", FROM_OCROLUS),
        "original_text": Meaning("text before tampering", "", FROM_OCROLUS),
        "tampered_text": Meaning("text after tampering", "", FROM_OCROLUS),
        "edit_source": Meaning("software that edited the page", "", FROM_OCROLUS),
        "doc_origin": Meaning("where the document came from", "", FROM_OCROLUS),
        "other_values": Meaning("other supporting data of the signal, as JSON", "", FROM_OCROLUS),
    },
    "ocr_fields.csv": {
        "form": Meaning("which of the upload's forms, from 1"),
        "field": Meaning("path of the field in the OCR data", "", _READ),
        "value": Meaning("text as OCR read it", "", _READ),
        "formatted_value": Meaning("the text as Ocrolus formats it", "", _READ),
        "amount": Meaning("the text as an amount, if it is one", "the column currency", _READ),
        "currency": Meaning("currency of the amount", "ISO 4217", _READ),
        "ocr_confidence": Meaning("confidence of OCR in the value", SHARE, _READ),
        "passes_validation": Meaning("whether the value passes Ocrolus' checks", "", _READ),
        "page": Meaning("page of the document, from 1", "", _READ),
    },
    "score_summary.csv": {
        "scored_share": Meaning("scored / uploads", SHARE),
        "std": Meaning("sample standard deviation (n - 1)", POINTS),
        "min": Meaning("lowest score", POINTS),
        "p5": Meaning("5th percentile, linear interpolation", POINTS),
        "p25": Meaning("25th percentile", POINTS),
        "p50": Meaning("50th percentile (median)", POINTS),
        "p75": Meaning("75th percentile", POINTS),
        "p95": Meaning("95th percentile", POINTS),
        "max": Meaning("highest score", POINTS),
    },
    "levels.csv": {
        "score_from": Meaning("lowest score of the level", POINTS),
        "score_to": Meaning("highest score of the level", POINTS),
        "uploads": Meaning("uploads whose score is in the level", COUNT),
        "share": Meaning("share of the scored uploads", SHARE),
    },
    "thresholds.csv": {
        "threshold": Meaning("lowest score that passes", POINTS),
        "pass": Meaning("uploads at or above it", COUNT),
        "review": Meaning("uploads between the two thresholds; 0 with a single threshold", COUNT),
        "reject": Meaning("uploads below it", COUNT),
    },
    "drift.csv": {
        "reference_scored": Meaning("scored uploads of the first scored week", COUNT),
        "psi": Meaning("population stability index (PSI) vs. that week"),
        "psi_critical": Meaning("95% critical value: without drift, psi exceeds it 1 time in 20"),
        "psi_significant": Meaning("whether psi is above psi_critical; empty for the first week"),
        "psi_band": Meaning(
            "stable below 0.1, moderate, large from 0.25; not significant where drift is not "
            "shown; empty for the first week"
        ),
        "ks": Meaning(
            "Kolmogorov-Smirnov statistic (KS): largest distance of the two ECDFs", SHARE
        ),
        "ks_critical": Meaning(
            "95% critical value: without drift, ks exceeds it 1 time in 20", SHARE
        ),
        "ks_significant": Meaning("whether ks is above ks_critical; empty for the first week"),
    },
    "unreadable.csv": {
        "record": Meaning("record ID, or a description if it has none"),
        "path": Meaning("where in its JSON"),
        "problem": Meaning("what was found and what was expected"),
        "listed": Meaning("true if the upload is still listed in uploads.csv"),
    },
    "data_dictionary.csv": {
        "file": Meaning("file of this report"),
        "column": Meaning("its column"),
        "meaning": Meaning("what it holds"),
        "type": Meaning("pandas dtype that read_report gives it"),
        "unit": Meaning("unit and range"),
        "source": Meaning("source of the value"),
        "personal_data": Meaning("how personal data was masked; empty if the column has none"),
    },
}


def data_dictionary(tables: Mapping[str, pd.DataFrame], privacy: Privacy) -> pd.DataFrame:
    """Describe each column of each table, and of the dictionary itself."""
    rows = [
        _row(file, str(name), str(table[name].dtype), privacy)
        for file, table in tables.items()
        for name in table
    ]
    own = "data_dictionary.csv"
    rows += [_row(own, name, "string", privacy) for name in FILES[own]]
    return pd.DataFrame(rows, columns=list(FILES[own]), dtype="string")


def meaning_of(file: str, column: str) -> Meaning:
    """Find what a column means; a `KeyError` where nobody has written it down."""
    known = COMMON | FILES.get(file, {})
    if file == "score_counts.csv":
        name, _, kind = column.rpartition(":")
        if kind in KINDS_OF_LABELS:
            return known[name]
        if column.isdecimal():
            return Meaning(f"uploads with the score {column}", COUNT)
    if column in known:
        return known[column]
    for end, bound in (("_ci_low", "lower"), ("_ci_high", "upper")):
        if column.endswith(end):
            of = column.removesuffix(end)
            return Meaning(f"{bound} limit of the 95% Wilson confidence interval of {of}", SHARE)
    if column.endswith("_share"):
        which = column.removesuffix("_share").replace("_", " ")
        return Meaning(f"share of the scored uploads: {which}", SHARE)
    raise KeyError(f"{file} has a column {column!r} that the data dictionary does not know")


def _row(file: str, column: str, dtype: str, privacy: Privacy) -> tuple[str, ...]:
    meaning, unit, source = meaning_of(file, column)
    taken_away = _taken_away(dictionary_kind(file, column), privacy)
    return file, column, meaning, dtype, unit, source, taken_away


def _taken_away(kind: str, privacy: Privacy) -> str:
    if kind == "open":
        return ""
    if privacy.mode == "include":
        return "unmasked: may hold personal data"
    lost = {"by signal": "depends on the signal", "by field": "depends on the field"}
    how = "masked" if privacy.mode == "masked" else "hashed with a key"
    return f"{how}: {lost.get(kind) or KINDS[kind]}"
