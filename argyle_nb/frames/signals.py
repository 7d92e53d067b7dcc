"""Signals and reason codes -> columns, one row each, in the order of their forms."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES, FINDING_TYPES, TOLD, told_of
from argyle_nb.frames.columns import (
    BLOCK,
    CategoryColumn,
    CombinedColumns,
    DecimalColumn,
    TextColumn,
    WholeNumberColumn,
)
from argyle_nb.models import DOCUMENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from argyle_nb.frames.authenticity import Finding
    from argyle_nb.frames.columns import Places
    from argyle_nb.frames.records import RowPage

CONFIDENCES = ("LOW", "MEDIUM", "HIGH")

# What findings say, in the order of their columns.
_COMBINATION = attrgetter(
    "finding_type", "identifier", "display_name", "confidence", "page_number", "signal_count"
)


class SignalsBuilder:
    """Builds `signals_frame`, a page at a time.

    Each form gives its signals, a row for each occurrence, then its reason codes.
    """

    def __init__(self) -> None:
        self._upload_id = TextColumn()
        self._document_type = CategoryColumn(DOCUMENT_TYPES)
        self._forms = CombinedColumns(
            {
                "document_type": self._document_type,
                "form": WholeNumberColumn(np.int32),
                "form_type": CategoryColumn(()),
                "form_score": DecimalColumn(),
                "form_authenticity_status": CategoryColumn(AUTHENTICITY_STATUSES),
            }
        )
        self._findings = CombinedColumns(
            {
                "finding_type": CategoryColumn(FINDING_TYPES),
                "identifier": TextColumn(),
                "display_name": TextColumn(),
                "reason_confidence": CategoryColumn(CONFIDENCES),
                "page_number": WholeNumberColumn(np.int32),
                "occurrences": WholeNumberColumn(np.int32),
            }
        )
        self._occurrence: list[Places] = []
        self._told = {name: TextColumn() for name in TOLD}
        # Of each form its upload, its code and how many findings it has; of each finding its code
        # and how many rows it has.
        self._waiting: list[list[Any]] = [[], [], [], [], []]

    def add(self, page: RowPage) -> None:
        """Take the signals and reason codes of a page."""
        heads = zip(page.fields["id"], page.fields["document_type"], page.forms, strict=True)
        self._document_type.know(page.fields["document_type"])
        ids: list[str] = []
        forms: list[tuple[Any, ...]] = []
        counts: list[int] = []
        findings: list[Finding] = []
        for upload_id, document_type, of_row in heads:
            for number, form in enumerate(of_row or (), start=1):
                verdict = form.form_authenticity
                said = (verdict.score, verdict.authenticity_status) if verdict else (None, None)
                before = len(findings)
                findings += form.signals or ()
                findings += form.reason_codes
                ids.append(upload_id)
                forms.append((document_type, number, form.form_type, *said))
                counts.append(len(findings) - before)
        told, rows = told_of(findings)
        for name, texts in told.items():
            self._told[name].add(texts)
        of_forms = self._forms.codes(forms)
        of_findings = self._findings.codes(map(_COMBINATION, findings))
        new: tuple[Iterable[Any], ...] = (ids, of_forms, counts, of_findings, rows)
        for waiting, values in zip(self._waiting, new, strict=True):
            waiting.extend(values)
        if len(self._waiting[0]) >= BLOCK:
            self._weave()

    def _weave(self) -> None:
        """Give each form and each finding its rows."""
        (ids, forms, counts, findings, rows), self._waiting = self._waiting, [[], [], [], [], []]
        finding, occurrence = _each(rows)
        form = _each(counts)[0][finding]
        self._upload_id.add_at(form, ids)
        self._forms.add_at(form, forms)
        self._findings.add_at(finding, findings)
        self._occurrence.append(occurrence.astype(np.int32))

    def finish(self) -> pd.DataFrame:
        """Give the frame."""
        self._weave()
        heads = {"upload_id": self._upload_id.finish(), **self._forms.finish()}
        findings = self._findings.finish()
        is_code = findings["finding_type"] == FINDING_TYPES[1]
        occurrence = pd.arrays.IntegerArray(np.concatenate(self._occurrence), is_code)
        told = {name: column.finish() for name, column in self._told.items()}
        return pd.DataFrame({**heads, **findings, "occurrence": occurrence, **told})


def _each(counts: list[int]) -> tuple[Places, Places]:
    """Give the place of each count so often as it says, and beside it the numbers from 1."""
    numbers = np.array(counts, np.int64)
    place = np.repeat(np.arange(len(counts)), numbers)
    return place, np.arange(1, len(place) + 1) - (np.cumsum(numbers) - numbers)[place]


def signal_categories(page: RowPage) -> dict[str, list[str]]:
    """Name the categories of the columns that come from the analyses of a page."""
    forms = [form for of_row in page.forms if of_row for form in of_row]
    verdicts = [form.form_authenticity for form in forms]
    form_type, confidence = CategoryColumn(()), CategoryColumn(CONFIDENCES)
    form_type.add([form.form_type for form in forms])
    confidence.add([code.confidence for form in forms for code in form.reason_codes])
    status = CategoryColumn(AUTHENTICITY_STATUSES)
    status.add([one.authenticity_status if one else None for one in verdicts])
    return {
        "form_type": form_type.categories,
        "form_authenticity_status": status.categories,
        "finding_type": list(FINDING_TYPES),
        "reason_confidence": confidence.categories,
    }
