"""Signals and reason codes -> columns, one row each, in the order of their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.frames.columns import (
    CategoryColumn,
    RepeatedTextColumn,
    TextColumn,
    WholeNumberColumn,
    concatenated,
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

    Signals and reason codes are taken up apart, as they share few columns, and woven at the end.
    Each form gives its signals, then its reason codes; how many of each is all that is kept of the
    order.
    """

    def __init__(self) -> None:
        self._forms_of_row = WholeNumberColumn(np.int32)
        self._counts = WholeNumberColumn(np.int32)
        self._form_type = CategoryColumn(())
        self._identifier, self._code = RepeatedTextColumn(), RepeatedTextColumn()
        self._display_name, self._description = RepeatedTextColumn(), RepeatedTextColumn()
        self._confidence = CategoryColumn(CONFIDENCES)
        self._page_number = WholeNumberColumn(np.int32)
        self._signal_count = WholeNumberColumn(np.int32)
        self._field_name = RepeatedTextColumn()
        self._original_text, self._tampered_text = TextColumn(), TextColumn()

    def add(self, page: RowPage) -> None:
        """Take the signals and reason codes of a page."""
        forms = _forms_of(page)
        self._forms_of_row.add([len(of_row) if of_row else 0 for of_row in page.forms])
        self._form_type.add([form.form_type for form in forms])
        signals = [form.signals or () for form in forms]
        codes = [form.reason_codes for form in forms]
        pairs = zip(signals, codes, strict=True)
        self._counts.add([len(of_form) for pair in pairs for of_form in pair])
        self._add_signals([signal for of_form in signals for signal in of_form])
        self._add_codes([code for of_form in codes for code in of_form])

    def _add_signals(self, signals: list[Signal]) -> None:
        texts = [signal.texts() for signal in signals]
        self._identifier.add([signal.identifier for signal in signals])
        self._display_name.add([signal.display_name for signal in signals])
        self._page_number.add([signal.page_number for signal in signals])
        self._signal_count.add([signal.signal_count for signal in signals])
        self._field_name.add([text.get("field_name") for text in texts])
        self._original_text.add([text.get("original_text") for text in texts])
        self._tampered_text.add([text.get("tampered_text") for text in texts])

    def _add_codes(self, codes: list[ReasonCode]) -> None:
        self._code.add([code.code for code in codes])
        self._description.add([code.description for code in codes])
        self._confidence.add([code.confidence for code in codes])

    def finish(self, upload_id: Any, document_type: Any) -> pd.DataFrame:
        """Give the frame."""
        counts = _numbers(self._counts)
        place = np.repeat(np.arange(len(counts)), counts)
        form, is_code = place // 2, place % 2 == 1
        row = np.repeat(np.arange(len(upload_id)), _numbers(self._forms_of_row))[form]
        signal = np.where(is_code, _NONE, np.cumsum(~is_code) - 1)
        code = np.where(is_code, np.cumsum(is_code) - 1, _NONE)
        either = np.where(is_code, np.count_nonzero(~is_code) + code, signal)
        columns = {
            "upload_id": upload_id.take(row),
            "document_type": document_type.take(row),
            "form_type": self._form_type.finish().take(form),
            "finding_type": pd.Categorical.from_codes(is_code.astype(np.int8), dtype=FINDING_TYPE),
            "identifier": _chained(self._identifier, self._code).take(either),
            "display_name": _chained(self._display_name, self._description).take(either),
            "reason_confidence": _picked(self._confidence, code),
            "page_number": _picked(self._page_number, signal),
            "occurrences": _picked(self._signal_count, signal),
            "field_name": _picked(self._field_name, signal),
            "original_text": _picked(self._original_text, signal),
            "tampered_text": _picked(self._tampered_text, signal),
        }
        return pd.DataFrame(columns)


def signal_categories(page: RowPage) -> dict[str, list[str]]:
    """Name the categories of the columns that come from the analyses of a page."""
    forms = _forms_of(page)
    form_type, confidence = CategoryColumn(()), CategoryColumn(CONFIDENCES)
    form_type.add([form.form_type for form in forms])
    confidence.add([code.confidence for form in forms for code in form.reason_codes])
    return {
        "form_type": form_type.categories,
        "finding_type": list(FINDING_TYPE.categories),
        "reason_confidence": confidence.categories,
    }


def _forms_of(page: RowPage) -> list[FormAnalysis[Any, Any]]:
    return [form for of_row in page.forms if of_row for form in of_row]


def _numbers(column: WholeNumberColumn) -> npt.NDArray[np.int64]:
    numbers: npt.NDArray[np.int64] = column.finish().to_numpy(dtype=np.int64)
    return numbers


def _picked(column: Column[Any], places: npt.NDArray[np.int64]) -> Any:
    return column.finish().take(places, allow_fill=True)


def _chained(first: Column[Any], second: Column[Any]) -> Any:
    return concatenated([first.finish(), second.finish()])
