"""What a frame reads of an upload, decoded in one pass.

`UserUpload` keeps the analysis undecoded until somebody asks; a frame always asks. So here the
analysis is decoded with the record, and what no column needs is skipped unread.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the decoder reads the annotations
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import msgspec

from argyle_nb.errors import DecodeError
from argyle_nb.frames.authenticity import (
    Analysis,
    Counted,
    FormAnalysis,
    R,
    ReasonCode,
    S,
    Signal,
    forms_anywhere,
    forms_in,
    lowest_form_score,
)
from argyle_nb.frames.records import Reader
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.models import Processing, UserUpload, decode, reject, whole_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argyle_nb.frames.records import Batch

    Forms = Sequence[FormAnalysis[Any, Any]]


class RowMetadata(msgspec.Struct, Generic[S, R], frozen=True, gc=False):
    """What processing found, without the OCR data."""

    ocr_authenticity: Analysis[S, R] | list[Analysis[S, R]] | None = None
    ocr_authenticity_score: int | float | str | None = None


class Row(msgspec.Struct, Generic[S, R], frozen=True, gc=False):
    """One upload; the fields are those of `UserUpload`."""

    id: str
    account: str | None = None
    document_type: str | None = None
    file_url: str | None = None
    file_name: str | None = None
    metadata: RowMetadata[S, R] | None = None
    processing: Processing | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    user: str | None = None
    requested_document_type: str | None = None


COUNTED = Reader(Row[Counted, Counted])
READ = Reader(Row[Signal, ReasonCode])


class Page(NamedTuple):
    """Rows of one page, beside what was found in their analyses.

    ``forms`` and ``scores`` have one item per row, ``None`` where there is none.
    """

    rows: list[Row[Any, Any]]
    forms: list[Forms | None]
    scores: list[int | None]


def rows_of(batch: Batch[Row[S, R]], rejected: list[DecodeError] | None = None) -> Page:
    """Look into the analyses of a batch.

    Parameters
    ----------
    batch
        From `COUNTED` or `READ`.
    rejected
        Takes the errors of rows that cannot be read; without it the first is raised.

    Raises
    ------
    DecodeError
        For a score that is none, and for a form of an unpublished shape.

    Examples
    --------
    >>> [batch] = COUNTED.batches({"id": "u", "metadata": {"ocr_authenticity": {"signals": []}}})
    >>> len(rows_of(batch).forms[0])
    1
    """
    page = rows, found, scores = Page([], [], [])
    for number, row in enumerate(batch.records):
        forms: Forms | None = None
        score: int | None = None
        if (metadata := row.metadata) is not None:
            try:
                if (analysis := metadata.ocr_authenticity) is not None:
                    forms = forms_in(analysis)
                    if forms is None:
                        forms = _forms_elsewhere(batch, number)
                score = score_of(row, forms)
            except DecodeError as error:
                reject(error, rejected)
                continue
        rows.append(row)
        found.append(forms)
        scores.append(score)
    return page


def score_of(row: Row[S, R], forms: Forms | None) -> int | None:
    """Give a row's score; without one on top, the lowest of its forms counts.

    Parameters
    ----------
    row
        One upload.
    forms
        The forms of its analysis.

    Raises
    ------
    DecodeError
        When it is not a whole number from 0 to 100.

    Examples
    --------
    >>> score_of(Row("u1", metadata=RowMetadata(ocr_authenticity_score="85")), None)
    85
    """
    told = row.metadata.ocr_authenticity_score if row.metadata else None
    if type(told) is int and LOWEST_SCORE <= told <= HIGHEST_SCORE:
        return told
    if told is None or told == "":
        told = lowest_form_score(forms) if forms else None
        if told is None:
            return None
    score = told if isinstance(told, int) else whole_score(row.id, told)
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise DecodeError(
            row.id,
            "$.metadata.ocr_authenticity_score",
            f"{score} is outside {LOWEST_SCORE} to {HIGHEST_SCORE}",
        )
    return score


def _forms_elsewhere(batch: Batch[Row[S, R]], number: int) -> Forms | None:
    """Look for forms under names that nobody published, and read them as if they stood on top."""
    upload = decode(batch.raw(number), UserUpload)
    found = list(forms_anywhere(upload.ocr_authenticity))
    plain = {"id": upload.id, "metadata": {"ocr_authenticity": found}}
    again = decode(msgspec.json.encode(plain), batch.kind).metadata
    return forms_in(again.ocr_authenticity) if again and again.ocr_authenticity else None
