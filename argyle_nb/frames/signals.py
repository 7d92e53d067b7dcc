"""Signals and reason codes -> columns, one row each, in the order of their forms."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES, TOLD, ReasonCode, told_of
from argyle_nb.frames.columns import (
    BLOCK,
    NO_NUMBER,
    CategoryColumn,
    Column,
    DecimalColumn,
    TextColumn,
    WholeNumberColumn,
)
from argyle_nb.models import DOCUMENT_TYPES

if TYPE_CHECKING:
    from argyle_nb.frames.authenticity import Finding, FormAnalysis, FormAuthenticity
    from argyle_nb.frames.columns import Places
    from argyle_nb.frames.records import RowPage

FINDING_TYPES = ("signal", "reason_code")
CONFIDENCES = ("LOW", "MEDIUM", "HIGH")

_OF_FORM = ("form", "form_type", "form_score", "form_authenticity_status")
_OF_FINDING = ("identifier", "display_name", "reason_confidence", "page_number", "occurrences")


class SignalsBuilder:
    """Builds `signals_frame`, a page at a time.

    Each form gives its signals, a row for each occurrence, then its reason codes. What uploads,
    forms, findings and occurrences say waits apart until there is enough of it to be woven.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[str, list[Any]] = defaultdict(list)
        self._columns: dict[str, Column[Any]] = {
            "upload_id": TextColumn(),
            "document_type": CategoryColumn(DOCUMENT_TYPES),
            "form": WholeNumberColumn(np.int32),
            "form_type": CategoryColumn(()),
            "form_score": DecimalColumn(),
            "form_authenticity_status": CategoryColumn(AUTHENTICITY_STATUSES),
            "finding_type": CategoryColumn(FINDING_TYPES),
            "identifier": TextColumn(),
            "display_name": TextColumn(),
            "reason_confidence": CategoryColumn(CONFIDENCES),
            "page_number": WholeNumberColumn(np.int32),
            "occurrences": WholeNumberColumn(np.int32),
            "occurrence": WholeNumberColumn(np.int32),
            **{name: TextColumn() for name in TOLD},
        }

    def add(self, page: RowPage) -> None:
        """Take the signals and reason codes of a page."""
        forms, verdicts = _forms_of(page)
        findings: list[Finding] = []
        findings_of_form = []
        for form in forms:
            of_form = (*(form.signals or ()), *form.reason_codes)
            findings += of_form
            findings_of_form.append(len(of_form))
        told, rows_of_finding = told_of(findings)
        found = {
            "upload_id": page.fields["id"],
            "document_type": page.fields["document_type"],
            "forms": [len(of_row) if of_row else 0 for of_row in page.forms],
            "form_type": [form.form_type for form in forms],
            "form_score": [one and one.score for one in verdicts],
            "form_authenticity_status": [one and one.authenticity_status for one in verdicts],
            "findings": findings_of_form,
            "is_code": [type(one) is ReasonCode for one in findings],
            "identifier": [one.identifier for one in findings],
            "display_name": [one.display_name for one in findings],
            "reason_confidence": [one.confidence for one in findings],
            "page_number": [one.page_number for one in findings],
            "occurrences": [one.signal_count for one in findings],
            "rows": rows_of_finding,
            **told,
        }
        for name, values in found.items():
            self._waiting[name].extend(values)
        if len(self._waiting["upload_id"]) >= BLOCK:
            self._weave()

    def _weave(self) -> None:
        """Say of each row which finding, form and upload it is of."""
        values, self._waiting = self._waiting, defaultdict(list)
        finding, occurrence = _each(values["rows"])
        form_of_finding, _ = _each(values["findings"])
        upload_of_form, number_of_form = _each(values["forms"])
        form = form_of_finding[finding]
        is_code = np.array(values["is_code"], np.int64)[finding]
        for name in TOLD:
            self._columns[name].add(values.pop(name, ()))
        values |= {
            "form": number_of_form,
            "finding_type": FINDING_TYPES,
            "occurrence": np.where(is_code, NO_NUMBER, occurrence),
        }
        places = {
            **dict.fromkeys(("upload_id", "document_type"), upload_of_form[form]),
            **dict.fromkeys(_OF_FORM, form),
            **dict.fromkeys(_OF_FINDING, finding),
            "finding_type": is_code,
            "occurrence": np.arange(len(finding)),
        }
        for name, of_rows in places.items():
            self._columns[name].add_at(of_rows, values[name])

    def finish(self) -> pd.DataFrame:
        """Give the frame."""
        self._weave()
        return pd.DataFrame({name: column.finish() for name, column in self._columns.items()})


def _each(counts: list[int]) -> tuple[Places, Places]:
    """Give the place of each count so often as it says, and beside it the numbers from 1."""
    numbers = np.array(counts, np.int64)
    place = np.repeat(np.arange(len(counts)), numbers)
    return place, np.arange(1, len(place) + 1) - (np.cumsum(numbers) - numbers)[place]


def signal_categories(page: RowPage) -> dict[str, list[str]]:
    """Name the categories of the columns that come from the analyses of a page."""
    forms, verdicts = _forms_of(page)
    form_type, confidence = CategoryColumn(()), CategoryColumn(CONFIDENCES)
    form_type.add([form.form_type for form in forms])
    confidence.add([code.confidence for form in forms for code in form.reason_codes])
    status = CategoryColumn(AUTHENTICITY_STATUSES)
    status.add([one and one.authenticity_status for one in verdicts])
    return {
        "form_type": form_type.categories,
        "form_authenticity_status": status.categories,
        "finding_type": list(FINDING_TYPES),
        "reason_confidence": confidence.categories,
    }


def _forms_of(
    page: RowPage,
) -> tuple[list[FormAnalysis[Any, Any]], list[FormAuthenticity[Any] | None]]:
    """Give the forms of a page, and their verdicts."""
    forms = [form for of_row in page.forms if of_row for form in of_row]
    return forms, [form.form_authenticity for form in forms]
