"""What an authenticity analysis says: forms, signals and reason codes.

Argyle publishes the field but not its shape; the building blocks are those of the Ocrolus Detect
description, and the wrapper around them is found by looking, not by assuming. Signals and reason
codes are read, or as `Counted` only counted, in the one pass that decodes the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

S = TypeVar("S")
R = TypeVar("R")

COMPLETED = "COMPLETED"
NOT_ANALYZED = ("PENDING", "UNABLE_TO_PROCESS", "UNSUPPORTED", "DELETED")
AUTHENTICITY_STATUSES = ("LOW", "MEDIUM", "HIGH")  # the highest risk first

# What is told of an occurrence of a signal: what stands under these keys, and under all others.
TOLD = ("field_name", "original_text", "tampered_text", "edit_source", "doc_origin", "other_values")
_KEYS = TOLD[:-1]
_USUAL, _REST = TOLD[:3], TOLD[3:]
_FIELD, _ORIGINAL, _TAMPERED = _USUAL
FINDING_TYPES = ("signal", "reason_code")

_DEEPEST = 20  # what is nested deeper in an analysis is not looked at
_FORM_KEYS = {"signals", "form_authenticity", "form_analysis"}
_WRAPPED = ("doc_analysis", "response")  # what holds documents
_RISK = {status: place for place, status in enumerate(AUTHENTICITY_STATUSES)}
_INT32 = msgspec.Meta(ge=-(2**31), le=2**31 - 1)


class Counted(msgspec.Struct, frozen=True, gc=False):
    """A signal or reason code of which nothing but its presence is wanted."""


class SupportingValue(msgspec.Struct, frozen=True, gc=False):
    """One key and value that a signal rests on; Ocrolus sends every value as text."""

    key: str | None = None
    value: Any = None
    data_type: str | None = None


class SupportingData(msgspec.Struct, frozen=True, gc=False):
    """The values that belong to one occurrence of a signal."""

    values: list[SupportingValue] | None = None


_REASON_NAMES = {"identifier": "code", "display_name": "description"}
_TEXT_TYPES = {str, type(None)}


class Signal(msgspec.Struct, frozen=True, gc=False):
    """One kind of tampering found on one page."""

    identifier: str | None = None
    display_name: str | None = None
    signal_count: Annotated[int, _INT32] | None = None
    page_number: Annotated[int, _INT32] | None = None
    supporting_data: list[SupportingData] | None = None
    confidence: ClassVar[str | None] = None
    finding_type: ClassVar[str] = FINDING_TYPES[0]


class ReasonCode(msgspec.Struct, frozen=True, gc=False, rename=_REASON_NAMES):
    """Why a score is what it is, in a short code; the names are those of a signal."""

    identifier: str | None = None
    confidence: str | None = None
    display_name: str | None = None
    signal_count: ClassVar[int | None] = None
    page_number: ClassVar[int | None] = None
    supporting_data: ClassVar[list[SupportingData] | None] = None
    finding_type: ClassVar[str] = FINDING_TYPES[1]


Finding = Signal | ReasonCode


class FormAuthenticity(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """The verdict on one form."""

    score: float | None = None
    reason_codes: list[R] | None = None
    authenticity_status: str | None = None


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
    detect_status: str | None = None
    is_image_based_pdf: Any = None

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give its forms."""
        return self.form_analysis


class SignalAnalysis(DocumentAnalysis[S, R], Generic[S, R], frozen=True, gc=False):
    """The documents of a book, or one document, or a form itself."""

    doc_analysis: list[DocumentAnalysis[S, R]] | None = None

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give its forms, and those of its documents."""
        return _with_those_below(self.form_analysis, self.doc_analysis)


class Analysis(SignalAnalysis[S, R], Generic[S, R], frozen=True, gc=False):
    """Any of these, or an answer of Ocrolus around them: what stands there is not published.

    Source of the shapes: Ocrolus Detect API description, `SignalAnalysis`, `DocumentAnalysis`,
    `FormAnalysis`.
    """

    response: SignalAnalysis[S, R] | list[SignalAnalysis[S, R]] | None = None

    def wrapped_forms(self) -> list[FormAnalysis[S, R]] | None:
        """Give its forms, those of its documents, and those of the answer."""
        return _with_those_below(SignalAnalysis.wrapped_forms(self), self.response)


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


def _with_those_below(
    forms: list[FormAnalysis[S, R]] | None, inside: FormAnalysis[S, R] | list[Any] | None
) -> list[FormAnalysis[S, R]] | None:
    """Add the forms of a further level; one that stands at both levels is the same one."""
    below = None if inside is None else forms_in(inside)
    if below is None:
        return [] if forms is None and isinstance(inside, list) else forms
    if not forms:
        return below
    above, new = [_said_of(form) for form in forms], []
    for form in below:
        if (said := _said_of(form)) in above:
            above.remove(said)
        else:
            new.append(form)
    return [*forms, *new]


def _said_of(form: FormAnalysis[S, R]) -> tuple[Any, ...]:
    """Give what makes two forms the same one, even where a wrapper is the form itself."""
    return form.form_type, form.signals, form.form_authenticity


def are_at_several_levels(analysis: FormAnalysis[S, R] | list[Any]) -> bool:
    """Say whether a form may stand at two levels: only what is read, not counted, tells."""
    if isinstance(analysis, list):
        return any(map(are_at_several_levels, analysis))
    below = [inside for name in _WRAPPED if (inside := getattr(analysis, name, None))]
    has_forms = bool(getattr(analysis, "form_analysis", None))
    return len(below) + has_forms > 1 or any(map(are_at_several_levels, below))


def forms_anywhere(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Look for forms, or documents that hold some, under names that nobody published."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict) and not _FORM_KEYS.isdisjoint(value):
        yield value
        return
    below = value.values() if isinstance(value, dict) else value
    for item in below if isinstance(value, (dict, list)) else ():
        yield from forms_anywhere(item, depth + 1)


def documents_in(analysis: FormAnalysis[S, R] | list[Any]) -> list[FormAnalysis[S, R]]:
    """Find the documents that were analyzed, and what is around them: it may have a status too."""
    if isinstance(analysis, list):
        return [document for part in analysis for document in documents_in(part)]
    below = [inside for name in _WRAPPED if (inside := getattr(analysis, name, None))]
    return [analysis, *documents_in(below)]


def detect_status_of(documents: Iterable[FormAnalysis[S, R]]) -> str | None:
    """Give the first status that is not ``COMPLETED``; one document left out is not all is well."""
    statuses = [getattr(document, "detect_status", None) for document in documents]
    known = [status for status in statuses if status is not None]
    return next((status for status in known if status != COMPLETED), known[0] if known else None)


def is_image_based(documents: Iterable[FormAnalysis[S, R]]) -> bool | None:
    """Say whether any document is a PDF of pictures; described as text, printed as boolean.

    What is neither says nothing.
    """
    said = [getattr(document, "is_image_based_pdf", None) for document in documents]
    found = {str(value).lower() for value in said if isinstance(value, (bool, str))}
    return True if "true" in found else False if "false" in found else None


def highest_risk(statuses: Iterable[str]) -> str:
    """Give the status of the highest risk; one that is not known only where no other is."""
    return min(statuses, key=lambda status: _RISK.get(status, len(_RISK)))


def lowest_form_score(forms: Sequence[FormAnalysis[S, R]]) -> float | None:
    """Give the lowest score among forms, for answers without a score on top."""
    verdicts = [form.form_authenticity for form in forms]
    scores = [verdict.score for verdict in verdicts if verdict and verdict.score is not None]
    return min(scores, default=None)


def told_of(findings: Iterable[Finding]) -> tuple[dict[str, list[str | None]], list[int]]:
    """Give what is told of each occurrence of each finding, and how many each has.

    One of which nothing is told stands for a finding of which no occurrence is listed.
    """
    fields: list[Any] = []
    originals: list[Any] = []
    tampered: list[Any] = []
    others: list[tuple[int, list[str | None]]] = []
    counts = []
    for finding in findings:
        listed = finding.supporting_data
        if not listed:
            counts.append(1)
            fields.append(None)
            originals.append(None)
            tampered.append(None)
            continue
        counts.append(len(listed))
        for data in listed:
            values = data.values or ()
            if len(values) == len(_USUAL):
                one, two, three = values  # type: ignore[misc]
                is_usual = one.key == _FIELD and two.key == _ORIGINAL and three.key == _TAMPERED
                if is_usual and "null" not in (one.data_type, two.data_type, three.data_type):
                    fields.append(one.value)  # nearly always
                    originals.append(two.value)
                    tampered.append(three.value)
                    continue
            field, original, text, *rest = _told_of(values)
            others.append((len(fields), _texts(rest)))
            fields.append(field)
            originals.append(original)
            tampered.append(text)
    columns = [*map(_texts, (fields, originals, tampered))]
    columns += [[None] * len(fields) for _ in _REST]
    for place, told in others:
        for column, value in zip(columns[-len(_REST) :], told, strict=True):
            column[place] = value
    return dict(zip(TOLD, columns, strict=True)), counts


def _told_of(values: Iterable[SupportingValue]) -> tuple[Any, ...]:
    """Sort values by their keys; those of other keys, or of one that is there twice, are JSON."""
    found: dict[str | None, Any] = {}
    twice: dict[str | None, list[Any]] = {}
    for item in values:
        if item.value is None or item.data_type == "null":
            continue
        if item.key in found:
            twice.setdefault(item.key, [found[item.key]]).append(item.value)
        else:
            found[item.key] = item.value
    told = [found.pop(key, None) for key in _KEYS]
    others = {str(key): value for key, value in (found | twice).items()}
    return (*told, _json(others) if others else None)


def _texts(column: list[Any]) -> list[str | None]:
    """Write what is no text as JSON; Ocrolus describes every value as text."""
    if _TEXT_TYPES.issuperset(map(type, column)):
        return column
    return [value if type(value) in _TEXT_TYPES else _json(value) for value in column]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
