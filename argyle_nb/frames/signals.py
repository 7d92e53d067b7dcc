"""Signals and reason codes -> columns, one row each, in the order of their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES, TOLD, told_of
from argyle_nb.frames.columns import (
    CategoryColumn,
    DecimalColumn,
    RepeatedTextColumn,
    TextColumn,
    WholeNumberColumn,
    named,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.frames.authenticity import FormAnalysis, ReasonCode, Signal
    from argyle_nb.frames.columns import Column
    from argyle_nb.frames.records import RowPage

FINDING_TYPE = pd.CategoricalDtype(["signal", "reason_code"])
CONFIDENCES = ("LOW", "MEDIUM", "HIGH")

_NONE = -1


class SignalsBuilder:
    """Builds `signals_frame`, a page at a time.

    Forms, signals, their occurrences and reason codes are taken up apart, as they share few
    columns, and woven at the end. Each form gives its signals, then its reason codes; how many of
    each is all that is kept of the order.
    """

    def __init__(self) -> None:
        self._forms_of_row = WholeNumberColumn(np.int32)
        self._counts = WholeNumberColumn(np.int32)
        self._rows_of_signal = WholeNumberColumn(np.int32)
        self._form_type, self._status = CategoryColumn(()), CategoryColumn(AUTHENTICITY_STATUSES)
        self._score = DecimalColumn()
        self._identifier, self._code = RepeatedTextColumn(), RepeatedTextColumn()
        self._display_name, self._description = RepeatedTextColumn(), RepeatedTextColumn()
        self._confidence = CategoryColumn(CONFIDENCES)
        self._page_number = WholeNumberColumn(np.int32)
        self._occurrences = WholeNumberColumn(np.int32)
        self._told: dict[str, Column[str]] = {
            name: TextColumn() if name.endswith("_text") else RepeatedTextColumn() for name in TOLD
        }

    def add(self, page: RowPage) -> None:
        """Take the signals and reason codes of a page."""
        forms = _forms_of(page)
        self._forms_of_row.add([len(of_row) if of_row else 0 for of_row in page.forms])
        self._form_type.add([form.form_type for form in forms])
        verdicts = [form.form_authenticity for form in forms]
        self._score.add([verdict.score if verdict else None for verdict in verdicts])
        self._status.add([verdict.authenticity_status if verdict else None for verdict in verdicts])
        signals = [form.signals or () for form in forms]
        codes = [form.reason_codes for form in forms]
        pairs = zip(signals, codes, strict=True)
        self._counts.add([len(of_form) for pair in pairs for of_form in pair])
        self._add_signals([signal for of_form in signals for signal in of_form])
        self._add_codes([code for of_form in codes for code in of_form])

    def _add_signals(self, signals: list[Signal]) -> None:
        told, rows_of_signal = told_of(signals)
        self._rows_of_signal.add(rows_of_signal)
        self._identifier.add([signal.identifier for signal in signals])
        self._display_name.add([signal.display_name for signal in signals])
        self._page_number.add([signal.page_number for signal in signals])
        self._occurrences.add([signal.signal_count for signal in signals])
        for name, texts in told.items():
            self._told[name].add(texts)

    def _add_codes(self, codes: list[ReasonCode]) -> None:
        self._code.add([code.code for code in codes])
        self._description.add([code.description for code in codes])
        self._confidence.add([code.confidence for code in codes])

    def finish(self, upload_id: Any, document_type: Any) -> pd.DataFrame:
        """Give the frame."""
        counts, rows_of_signal = _numbers(self._counts), _numbers(self._rows_of_signal)
        counts[::2] = _sums(rows_of_signal, counts[::2])
        place = np.repeat(np.arange(len(counts)), counts)
        form, is_code = place // 2, place % 2 == 1
        forms_of_row = _numbers(self._forms_of_row)
        row = np.repeat(np.arange(len(upload_id)), forms_of_row)[form]
        occurrence = np.where(is_code, _NONE, np.cumsum(~is_code) - 1)
        signal = np.append(_each(rows_of_signal), _NONE)[occurrence]
        code = np.where(is_code, np.cumsum(is_code) - 1, _NONE)
        either = np.where(is_code, len(rows_of_signal) + code, signal)
        columns = {
            "upload_id": upload_id.take(row),
            "document_type": document_type.take(row),
            "form": pd.array(_counted(forms_of_row)[form], dtype="Int32"),
            "form_type": self._form_type.finish(form),
            "form_score": self._score.finish(form),
            "form_authenticity_status": self._status.finish(form),
            "finding_type": pd.Categorical.from_codes(is_code.astype(np.int8), dtype=FINDING_TYPE),
            "identifier": _either(self._identifier, self._code, either),
            "display_name": _either(self._display_name, self._description, either),
            "reason_confidence": self._confidence.finish(code),
            "page_number": self._page_number.finish(signal),
            "occurrences": self._occurrences.finish(signal),
            "occurrence": pd.arrays.IntegerArray(
                np.append(_counted(rows_of_signal), 1)[occurrence].astype(np.int32), is_code
            ),
        }
        told = {name: column.finish(occurrence) for name, column in self._told.items()}
        return pd.DataFrame(columns | told)


def _sums(numbers: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sum up runs of numbers that are so long."""
    ends = np.cumsum(counts)
    sums = np.concatenate([[0], np.cumsum(numbers)])
    of_runs: npt.NDArray[np.int64] = sums[ends] - sums[ends - counts]
    return of_runs


def _each(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give the place of each count, so often as it says."""
    return np.repeat(np.arange(len(counts)), counts)


def _counted(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count from 1 to each count."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + 1


def signal_categories(page: RowPage) -> dict[str, list[str]]:
    """Name the categories of the columns that come from the analyses of a page."""
    forms = _forms_of(page)
    form_type, confidence = CategoryColumn(()), CategoryColumn(CONFIDENCES)
    form_type.add([form.form_type for form in forms])
    confidence.add([code.confidence for form in forms for code in form.reason_codes])
    status = CategoryColumn(AUTHENTICITY_STATUSES)
    verdicts = [form.form_authenticity for form in forms]
    status.add([verdict.authenticity_status if verdict else None for verdict in verdicts])
    return {
        "form_type": form_type.categories,
        "form_authenticity_status": status.categories,
        "finding_type": list(FINDING_TYPE.categories),
        "reason_confidence": confidence.categories,
    }


def _forms_of(page: RowPage) -> list[FormAnalysis[Any, Any]]:
    return [form for of_row in page.forms if of_row for form in of_row]


def _numbers(column: WholeNumberColumn) -> npt.NDArray[np.int64]:
    numbers: npt.NDArray[np.int64] = column.finish().to_numpy(dtype=np.int64)
    return numbers


def _either(
    first: RepeatedTextColumn, second: RepeatedTextColumn, places: npt.NDArray[np.int64]
) -> Any:
    """Give the texts at some places of two columns, one behind the other."""
    names, other_codes = first.names, second.codes()
    behind = np.where(other_codes < 0, _NONE, other_codes + len(names))
    return named([*names, *second.names], np.concatenate([first.codes(), behind])[places])
