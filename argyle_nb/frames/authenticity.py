"""What an authenticity analysis says: forms, signals and reason codes.

Argyle publishes the field but not its shape; the building blocks are those of the Ocrolus Detect
description, and the wrapper around them is found by looking, not by assuming. Signals and reason
codes are read, or as `Counted` only counted, in the one pass that decodes the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

S = TypeVar("S")
R = TypeVar("R")

_DEEPEST = 20  # what is nested deeper in an analysis is not looked at
_INT32 = msgspec.Meta(ge=-(2**31), le=2**31 - 1)


class Counted(msgspec.Struct, frozen=True, gc=False):
    """A signal or reason code of which nothing but its presence is wanted."""


class SupportingValue(msgspec.Struct, frozen=True, gc=False):
    """One key and value that a signal rests on; Ocrolus sends every value as text."""

    key: str | None = None
    value: Any = None


class SupportingData(msgspec.Struct, frozen=True, gc=False):
    """The values that belong to one occurrence of a signal."""

    values: list[SupportingValue] | None = None


class Signal(msgspec.Struct, frozen=True, gc=False):
    """One kind of tampering found on one page."""

    identifier: str | None = None
    display_name: str | None = None
    signal_count: Annotated[int, _INT32] | None = None
    page_number: Annotated[int, _INT32] | None = None
    supporting_data: list[SupportingData] | None = None

    def texts(self) -> dict[str | None, str]:
        """Give what stands under each key, joined by " | " over all occurrences."""
        texts: dict[str | None, str] = {}
        for data in self.supporting_data or ():
            for item in data.values or ():
                if (value := item.value) is not None:
                    text = value if type(value) is str else str(value)
                    before = texts.get(item.key)
                    texts[item.key] = text if before is None else f"{before} | {text}"
        return texts


class ReasonCode(msgspec.Struct, frozen=True, gc=False):
    """Why a score is what it is, in a short code."""

    code: str | None = None
    confidence: str | None = None
    description: str | None = None


class FormAuthenticity(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """The verdict on one form."""

    score: float | None = None
    reason_codes: list[R] | None = None


class FormAnalysis(msgspec.Struct, Generic[S, R], frozen=True, gc=False):
    """One form of a document; a file may hold several."""

    form_type: str | None = None
    signals: list[S] | None = None
    form_authenticity: FormAuthenticity[R] | None = None

    @property
    def reason_codes(self) -> list[R]:
        """The reason codes; none where there is no verdict."""
        verdict = self.form_authenticity
        return (verdict.reason_codes or []) if verdict else []

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give the forms in it; ``None`` where it is no wrapper."""
        return None


class DocumentAnalysis(FormAnalysis[S, R], Generic[S, R], frozen=True, gc=False):
    """The forms of one document, or a form itself."""

    form_analysis: list[FormAnalysis[S, R]] | None = None

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give its forms."""
        return self.form_analysis


class SignalAnalysis(DocumentAnalysis[S, R], Generic[S, R], frozen=True, gc=False):
    """The documents of a book, or one document, or a form itself."""

    doc_analysis: list[DocumentAnalysis[S, R]] | None = None

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give its forms, or those of its documents."""
        if self.form_analysis is not None or self.doc_analysis is None:
            return self.form_analysis
        return forms_in(self.doc_analysis) or []


class Analysis(SignalAnalysis[S, R], Generic[S, R], frozen=True, gc=False):
    """Any of these, or an answer of Ocrolus around them: what stands there is not published.

    Source of the shapes: Ocrolus Detect API description, `SignalAnalysis`, `DocumentAnalysis`,
    `FormAnalysis`.
    """

    response: SignalAnalysis[S, R] | list[SignalAnalysis[S, R]] | None = None

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give its forms, those of its documents, or those of the answer."""
        forms = SignalAnalysis.wrapped_forms(self)
        if forms is not None or self.response is None:
            return forms
        return forms_in(self.response) or []


def forms_in(
    analysis: FormAnalysis[S, R] | list[Any],
) -> list[FormAnalysis[S, R]] | None:
    """Find the analyzed forms, at whichever published level they are wrapped.

    ``None`` where there is neither a form nor a published wrapper.
    """
    if isinstance(analysis, list):
        inside = [forms for part in analysis if (forms := forms_in(part)) is not None]
        return [form for forms in inside for form in forms] if inside else None
    wrapped = analysis.wrapped_forms()
    # A document with signals of its own hides no form.
    is_form_too = analysis.signals or analysis.form_authenticity is not None
    if wrapped is None:
        return [analysis] if is_form_too or analysis.signals is not None else None
    return [analysis, *wrapped] if is_form_too else wrapped


def forms_anywhere(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Look for forms under names that nobody published."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict) and ("signals" in value or "form_authenticity" in value):
        yield value
        return
    below = value.values() if isinstance(value, dict) else value
    for item in below if isinstance(value, (dict, list)) else ():
        yield from forms_anywhere(item, depth + 1)


def lowest_form_score(forms: Sequence[FormAnalysis[S, R]]) -> float | None:
    """Give the lowest score among forms, for answers without a score on top."""
    verdicts = [form.form_authenticity for form in forms]
    scores = [verdict.score for verdict in verdicts if verdict and verdict.score is not None]
    return min(scores, default=None)
