"""What an authenticity analysis says: forms, signals and reason codes.

Argyle publishes the field but not its shape; the building blocks are those of the Ocrolus Detect
description, and the wrapper around them is found by looking, not by assuming.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from argyle_nb.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.models import UserUpload

T = TypeVar("T")
_DEEPEST = 20
_INT32 = msgspec.Meta(ge=-(2**31), le=2**31 - 1)


class SupportingValue(msgspec.Struct, frozen=True, gc=False):
    """One key and value that a signal rests on; Ocrolus sends every value as text."""

    key: str | None = None
    value: Any = None


class SupportingData(msgspec.Struct, frozen=True, gc=False):
    """The values that belong to one occurrence of a signal."""

    values: list[SupportingValue] | None = None

    def value_of(self, key: str) -> str | None:
        """Give the text under a key, such as ``"tampered_text"``."""
        for item in self.values or []:
            if item.key == key and item.value is not None:
                return str(item.value)
        return None


class Signal(msgspec.Struct, frozen=True, gc=False):
    """One kind of tampering found on one page."""

    identifier: str | None = None
    display_name: str | None = None
    signal_count: Annotated[int, _INT32] | None = None
    page_number: Annotated[int, _INT32] | None = None
    supporting_data: list[SupportingData] | None = None

    def texts(self, key: str) -> str | None:
        """Join what stands under a key over all occurrences.

        Examples
        --------
        >>> Signal("x").texts("original_text") is None
        True
        """
        found = [data.value_of(key) for data in self.supporting_data or []]
        return " | ".join(text for text in found if text is not None) or None


class ReasonCode(msgspec.Struct, frozen=True, gc=False):
    """Why a score is what it is, in a short code."""

    code: str | None = None
    confidence: str | None = None
    description: str | None = None


class FormAuthenticity(msgspec.Struct, frozen=True, gc=False):
    """The verdict on one form."""

    score: float | None = None
    reason_codes: list[msgspec.Raw] | None = None


class FormAnalysis(msgspec.Struct, frozen=True, gc=False):
    """One form of a document (a file may hold several), or a wrapper around forms.

    Argyle does not publish how the analysis is wrapped, so one struct reads every level: a book
    (``doc_analysis``), a document (``form_analysis``), an answer (``response``) or a form itself.
    """

    form_type: str | None = None
    form_uuid: str | None = None
    signals: list[msgspec.Raw] | None = None
    form_authenticity: FormAuthenticity | None = None
    form_analysis: list[FormAnalysis] | None = None
    doc_analysis: list[FormAnalysis] | None = None
    response: FormAnalysis | list[FormAnalysis] | None = None

    def inner(self) -> list[FormAnalysis] | None:
        """Give the forms inside, or the form itself when it is one; ``None`` for neither."""
        wrapped = self.form_analysis if self.form_analysis is not None else self.doc_analysis
        if wrapped is None:
            wrapped = [self.response] if isinstance(self.response, FormAnalysis) else self.response
        if wrapped is None:
            is_form = self.signals is not None or self.form_authenticity is not None
            return [self] if is_form else None
        forms = [self] if self.signals or self.form_authenticity is not None else []
        for item in wrapped:
            forms += item.inner() or ()
        return forms


_ANALYSES = msgspec.json.Decoder(FormAnalysis | list[FormAnalysis] | None)
_FORMS = msgspec.json.Decoder(FormAnalysis)
_SIGNALS = msgspec.json.Decoder(Signal)
_REASON_CODES = msgspec.json.Decoder(ReasonCode)
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def forms_of(upload: UserUpload) -> list[FormAnalysis] | None:
    """Find the analysed forms of an upload, at whichever level they are wrapped.

    Parameters
    ----------
    upload
        Any upload.

    Returns
    -------
    list of FormAnalysis or None
        ``None`` when there is no analysis at all.

    Raises
    ------
    DecodeError
        When the analysis is not of the published shape.

    Notes
    -----
    Source of the shape: Ocrolus Detect API description, `SignalAnalysis`, `DocumentAnalysis`,
    `FormAnalysis`.

    Examples
    --------
    >>> from argyle_nb.models import decode, UserUpload
    >>> record = b'{"id": "u", "metadata": {"ocr_authenticity": {"signals": []}}}'
    >>> forms_of(decode(record, UserUpload))[0].signals
    []
    """
    if upload.metadata is None:
        return None
    try:
        analysis = _ANALYSES.decode(upload.metadata.ocr_authenticity)
    except _UNREADABLE as error:
        raise _decode_error(upload.id, error) from None
    if analysis is None or analysis == []:
        return None
    found = FormAnalysis(form_analysis=analysis) if isinstance(analysis, list) else analysis
    forms = found.inner()
    return _forms_anywhere(upload) if forms is None else forms


def _forms_anywhere(upload: UserUpload) -> list[FormAnalysis] | None:
    """Look for forms under names that nobody published."""
    found = [msgspec.json.encode(form) for form in _walk(upload.ocr_authenticity, 0)]
    return [_read(_FORMS, form, upload.id) for form in found] or None


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict) and ("signals" in value or "form_authenticity" in value):
        yield value
        return
    below = value.values() if isinstance(value, dict) else value
    for item in below if isinstance(value, (dict, list)) else ():
        yield from _walk(item, depth + 1)


def signals_of(upload_id: str, form: FormAnalysis) -> list[Signal]:
    """Read the signals of a form.

    Parameters
    ----------
    upload_id
        Names the upload in an error.
    form
        From `forms_of`.

    Raises
    ------
    DecodeError
        For a signal that is not of the published shape.

    Examples
    --------
    >>> signals_of("u1", FormAnalysis())
    []
    """
    return [_read(_SIGNALS, raw, upload_id) for raw in form.signals or ()]


def reason_codes_of(upload_id: str, form: FormAnalysis) -> list[ReasonCode]:
    """Read the reason codes of a form, as `signals_of` reads its signals.

    Examples
    --------
    >>> reason_codes_of("u1", FormAnalysis())
    []
    """
    verdict = form.form_authenticity
    codes = (verdict.reason_codes or ()) if verdict else ()
    return [_read(_REASON_CODES, raw, upload_id) for raw in codes]


def lowest_form_score(forms: list[FormAnalysis] | None) -> float | None:
    """Give the lowest score among forms, for answers without a score on top.

    Examples
    --------
    >>> lowest_form_score([FormAnalysis(form_authenticity=FormAuthenticity(score=20))])
    20
    """
    verdicts = [form.form_authenticity for form in forms or ()]
    scores = [verdict.score for verdict in verdicts if verdict and verdict.score is not None]
    return min(scores, default=None)


def _read(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw, upload_id: str) -> T:
    try:
        return decoder.decode(raw)
    except _UNREADABLE as error:
        raise _decode_error(upload_id, error) from None


def _decode_error(upload_id: str, error: Exception) -> DecodeError:
    problem, _, path = str(error).partition(" - at `$")
    where = "$.metadata.ocr_authenticity.." + path.rstrip("`").lstrip(".")
    return DecodeError(upload_id, where, problem)
