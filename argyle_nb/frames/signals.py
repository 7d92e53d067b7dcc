"""Signals and reason codes -> columns, one row each, in the order of their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES, TOLD, ReasonCode, told_of
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
    from argyle_nb.frames.authenticity import Finding, FormAnalysis, FormAuthenticity
    from argyle_nb.frames.columns import Places
    from argyle_nb.frames.records import RowPage

FINDING_TYPES = ("signal", "reason_code")
CONFIDENCES = ("LOW", "MEDIUM", "HIGH")


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
        # Of each finding its upload, the codes of its form and of itself, and how many rows it has.
        self._waiting: list[list[Any]] = [[], [], [], []]

    def add(self, page: RowPage) -> None:
        """Take the signals and reason codes of a page."""
        document_types = page.fields["document_type"]
        self._document_type.know(document_types)
        forms: list[tuple[Any, ...]] = []
        counts: list[int] = []
        ids: list[str] = []
        findings: list[Finding] = []
        for upload_id, document_type, of_row in zip(
            page.fields["id"], document_types, page.forms, strict=True
        ):
            for number, form in enumerate(of_row or (), start=1):
                verdict = form.form_authenticity
                said = (verdict.score, verdict.authenticity_status) if verdict else (None, None)
                forms.append((document_type, number, form.form_type, *said))
                of_form = [*(form.signals or ()), *form.reason_codes]
                findings += of_form
                counts.append(len(of_form))
                ids += [upload_id] * len(of_form)
        told, rows = told_of(findings)
        for name, texts in told.items():
            self._told[name].add(texts)
        codes = zip(self._forms.codes(forms), counts, strict=True)
        of_forms = [code for code, count in codes for _ in range(count)]
        of_findings = self._findings.codes(map(_combination, findings))
        for waiting, new in zip(self._waiting, (ids, of_forms, of_findings, rows), strict=True):
            waiting.extend(new)
        if len(self._waiting[0]) >= BLOCK:
            self._weave()

    def _weave(self) -> None:
        """Give each finding its rows."""
        (ids, forms, findings, rows), self._waiting = self._waiting, [[], [], [], []]
        counts = np.array(rows, np.int64)
        finding = np.repeat(np.arange(len(rows)), counts)
        self._upload_id.add_at(finding, ids)
        self._forms.add_at(finding, forms)
        self._findings.add_at(finding, findings)
        before = (np.cumsum(counts) - counts)[finding]
        self._occurrence.append((np.arange(1, len(finding) + 1) - before).astype(np.int32))

    def finish(self) -> pd.DataFrame:
        """Give the frame."""
        self._weave()
        heads = {"upload_id": self._upload_id.finish(), **self._forms.finish()}
        findings = self._findings.finish()
        is_code = findings["finding_type"] == FINDING_TYPES[1]
        occurrence = pd.arrays.IntegerArray(np.concatenate(self._occurrence), is_code)
        told = {name: column.finish() for name, column in self._told.items()}
        return pd.DataFrame({**heads, **findings, "occurrence": occurrence, **told})


def _combination(one: Finding) -> tuple[Any, ...]:
    finding_type = FINDING_TYPES[type(one) is ReasonCode]
    names = (one.identifier, one.display_name)
    return (finding_type, *names, one.confidence, one.page_number, one.signal_count)


def signal_categories(page: RowPage) -> dict[str, list[str]]:
    """Name the categories of the columns that come from the analyses of a page."""
    forms = [form for of_row in page.forms if of_row for form in of_row]
    verdicts = [form.form_authenticity for form in forms]
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
