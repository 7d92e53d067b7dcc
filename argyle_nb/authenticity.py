"""What an authenticity analysis says: forms, signals and reason codes.

Argyle publishes the field but not its shape; the building blocks are those of the Ocrolus Detect
description, and the wrapper around them is found by looking, not by assuming.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from argyle_nb.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.models import UserUpload

_DEEPEST = 6


class SupportingValue(msgspec.Struct, frozen=True):
    """One key and value that a signal rests on; Ocrolus sends every value as text."""

    key: str | None = None
    value: Any = None


class SupportingData(msgspec.Struct, frozen=True):
    """The values that belong to one occurrence of a signal."""

    values: list[SupportingValue] | None = None

    def value_of(self, key: str) -> str | None:
        """Give the text under a key, such as ``"tampered_text"``."""
        for item in self.values or []:
            if item.key == key and item.value is not None:
                return str(item.value)
        return None


class Signal(msgspec.Struct, frozen=True):
    """One kind of tampering found on one page."""

    identifier: str | None = None
    display_name: str | None = None
    signal_count: int | None = None
    page_number: int | None = None
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


class ReasonCode(msgspec.Struct, frozen=True):
    """Why a score is what it is, in a short code."""

    code: str | None = None
    confidence: str | None = None
    description: str | None = None


class FormAuthenticity(msgspec.Struct, frozen=True):
    """The verdict on one form."""

    score: float | None = None
    reason_codes: list[ReasonCode] | None = None


class FormAnalysis(msgspec.Struct, frozen=True):
    """One form of a document (a file may hold several)."""

    form_type: str | None = None
    form_uuid: str | None = None
    signals: list[Signal] | None = None
    form_authenticity: FormAuthenticity | None = None

    @property
    def reason_codes(self) -> list[ReasonCode]:
        """The reason codes, an empty list when there are none."""
        verdict = self.form_authenticity
        return (verdict.reason_codes or []) if verdict else []


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
        When a form is not of the published shape.

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
    analysis = upload.ocr_authenticity
    if analysis is None:
        return None
    try:
        return [msgspec.convert(form, FormAnalysis) for form in _walk(analysis, 0)]
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        where = "$.metadata.ocr_authenticity.." + path.rstrip("`").lstrip(".")
        raise DecodeError(upload.id, where, problem) from None


def lowest_form_score(upload: UserUpload) -> float | None:
    """Give the lowest score among an upload's forms, for answers without a score on top.

    Examples
    --------
    >>> from argyle_nb.models import UserUpload
    >>> lowest_form_score(UserUpload("u")) is None
    True
    """
    verdicts = [form.form_authenticity for form in forms_of(upload) or []]
    scores = [verdict.score for verdict in verdicts if verdict and verdict.score is not None]
    return min(scores, default=None)


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict) and ("signals" in value or "form_authenticity" in value):
        yield value
        return
    below = value.values() if isinstance(value, dict) else value
    for item in below if isinstance(value, (dict, list)) else ():
        yield from _walk(item, depth + 1)
