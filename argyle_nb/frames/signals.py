"""Signals and reason codes -> columns, one row each, in the order of their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES, TOLD, ReasonCode, told_of
from argyle_nb.frames.columns import (
    NO_NUMBER,
    CategoryColumn,
    Column,
    DecimalColumn,
    Repeated,
    TextColumn,
    WholeNumberColumn,
)
from argyle_nb.models import DOCUMENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argyle_nb.frames.authenticity import Finding, FormAnalysis, FormAuthenticity
    from argyle_nb.frames.columns import Places
    from argyle_nb.frames.records import RowPage

FINDING_TYPES = ("signal", "reason_code")
CONFIDENCES = ("LOW", "MEDIUM", "HIGH")


class SignalsBuilder:
    """Builds `signals_frame`, some rows of uploads at a time.

    Each form gives its signals, a row for each occurrence, then its reason codes.
    """

    def __init__(self) -> None:
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
        for one in forms:
            of_one = (*(one.signals or ()), *one.reason_codes)
            findings += of_one
            findings_of_form.append(len(of_one))
        told, rows_of_finding = told_of(findings)
        is_code = np.array([type(one) is ReasonCode for one in findings], np.int64)
        # Of each row: which finding it is of, of which form and which upload.
        finding, occurrence = _each(rows_of_finding)
        form_of_finding, _ = _each(findings_of_form)
        row_of_form, form_number = _each([len(of_row) if of_row else 0 for of_row in page.forms])
        of_form = form_of_finding[finding]
        of_upload = row_of_form[of_form]
        is_code = is_code[finding]
        columns: dict[str, Sequence[Any] | Repeated] = {
            "upload_id": Repeated(page.fields["id"], of_upload),
            "document_type": Repeated(page.fields["document_type"], of_upload),
            "form": Repeated(form_number, of_form),
            "form_type": Repeated([form.form_type for form in forms], of_form),
            "form_score": Repeated([one and one.score for one in verdicts], of_form),
            "form_authenticity_status": Repeated(
                [one and one.authenticity_status for one in verdicts], of_form
            ),
            "finding_type": Repeated(FINDING_TYPES, is_code),
            "identifier": Repeated([one.identifier for one in findings], finding),
            "display_name": Repeated([one.display_name for one in findings], finding),
            "reason_confidence": Repeated([one.confidence for one in findings], finding),
            "page_number": Repeated([one.page_number for one in findings], finding),
            "occurrences": Repeated([one.signal_count for one in findings], finding),
            "occurrence": np.where(is_code, NO_NUMBER, occurrence),
            **told,
        }
        for name, values in columns.items():
            self._columns[name].add(values)

    def finish(self) -> pd.DataFrame:
        """Give the frame."""
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
