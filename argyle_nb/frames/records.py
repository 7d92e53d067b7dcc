"""Uploads in any form -> typed records, a page at a time, and rows for the frames.

What is not JSON yet is encoded first, so that there is one way to read a record, and one set of
errors, however it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the decoder reads the annotations
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.models import (
    UNREADABLE,
    Processing,
    UserUpload,
    decode,
    decode_page,
    reject,
    whole_score,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    # Takes the errors of records that cannot be read; without it the first is raised.
    Rejected = list[DecodeError] | None
    Forms = Sequence[FormAnalysis[Any, Any]]

T = TypeVar("T")

SINGLES_AT_ONCE = 1000

# What msgspec raises for objects that JSON cannot hold, texts that are no Unicode, deep nesting.
_UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError)

# All of a JSON text that says where something begins and ends.
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_BRACKETS = (b"{", b"}", b"[", b"]")

_NO_PROCESSING = Processing()


class _Envelope(msgspec.Struct):
    results: msgspec.Raw = msgspec.Raw(b"")


class _Results(msgspec.Struct, Generic[T]):
    results: list[T]


class RecordBatch(Generic[T]):
    """The readable records of one page, beside the page itself for what is rarely looked for."""

    def __init__(
        self, kind: type[T], records: list[T], source: bytes | Sequence[bytes | msgspec.Raw]
    ) -> None:
        self.kind = kind
        self.records = records
        self._source = source

    def raw(self, number: int) -> bytes | msgspec.Raw:
        """Give the JSON of one record."""
        if isinstance(self._source, bytes):
            self._source = _raw_records(self._source, None)
        return self._source[number]


class RecordReader(Generic[T]):
    """Reads records into structs of one kind."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._pages = msgspec.json.Decoder(_Results[kind] | list[kind])  # type: ignore[valid-type]

    def batches(self, records: Any, rejected: Rejected = None) -> Iterator[RecordBatch[T]]:
        """Read records a page at a time, single ones up to 1,000 at once.

        They are `UserUpload` objects, plain dicts and bytes (a page, a bare list or one record), in
        any mixture, or one of these.
        """
        for page in _as_json(records, rejected):
            try:
                decoded = self._pages.decode(page)
            except UNREADABLE:
                # Rare: a single record, or a page with a record that cannot be read.
                yield self._one_by_one(page, rejected)
            else:
                records_of_page = decoded if isinstance(decoded, list) else decoded.results
                yield RecordBatch(self._kind, records_of_page, page)

    def _one_by_one(self, page: bytes, rejected: Rejected) -> RecordBatch[T]:
        records: list[T] = []
        source: list[bytes | msgspec.Raw] = []
        for raw in _raw_records(page, rejected):
            try:
                records.append(decode(raw, self._kind))
            except DecodeError as error:
                reject(error, rejected)
            else:
                source.append(raw)
        return RecordBatch(self._kind, records, source)


def _as_json(records: Any, rejected: Rejected) -> Iterator[bytes]:
    """Give JSON as it came, and runs of anything else as lists."""
    singles: list[Any] = []
    items: Iterable[Any] = [records] if isinstance(records, (bytes, dict, UserUpload)) else records
    for item in items:
        is_json = isinstance(item, bytes)
        if not is_json:
            singles.append(item)
        if singles and (is_json or len(singles) == SINGLES_AT_ONCE):
            yield _encoded(singles, rejected)
            singles = []
        if is_json:
            yield item
    if singles:
        yield _encoded(singles, rejected)


def _encoded(items: list[Any], rejected: Rejected) -> bytes:
    try:
        return msgspec.json.encode(items)
    except _UNWRITABLE:
        return b"[" + b",".join(_each_encoded(items, rejected)) + b"]"


def _each_encoded(items: Iterable[Any], rejected: Rejected) -> Iterator[bytes]:
    for item in items:
        try:
            yield msgspec.json.encode(item)
        except _UNWRITABLE as error:
            upload_id = item.get("id") if isinstance(item, dict) else None
            problem = f"it holds what no answer of the API can: {error}"
            reject(DecodeError(str(upload_id or "without an id"), "$", problem), rejected)


def _raw_records(page: bytes, rejected: Rejected) -> Sequence[bytes | msgspec.Raw]:
    try:
        is_record = page.lstrip()[:1] == b"{" and not bytes(decode(page, _Envelope).results)
        return [page] if is_record else decode_page(page).results
    except DecodeError as error:
        if isinstance(error.__context__, RecursionError):
            return _cut(page) or [page]
        reject(error, rejected)
        return []


def _cut(page: bytes) -> list[bytes]:
    """Cut a page into its records by the brackets alone, however deep one of them is nested."""
    is_list = page.lstrip()[:1] == b"["
    level, inside = (1, True) if is_list else (2, False)
    depth = start = 0
    records: list[bytes] = []
    for token in _MARKS.finditer(page):
        mark = token[0]
        if depth == 1 and not is_list and mark not in _BRACKETS:
            inside = mark == b'"results"'
        if mark in (b"{", b"["):
            start = token.start() if depth == level else start
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if inside and depth == level:
                records.append(page[start : token.end()])
    return records


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


# Whole records; rows whose signals are read; rows whose signals are only counted.
UPLOADS = RecordReader(UserUpload)
READ = RecordReader(Row[Signal, ReasonCode])
COUNTED = RecordReader(Row[Counted, Counted])


@dataclass
class RowPage:
    """Rows of one page, beside what was found in their analyses.

    ``forms`` and ``scores`` have one item per row, ``None`` where there is none.
    """

    rows: list[Row[Any, Any]] = field(default_factory=list)
    forms: list[Forms | None] = field(default_factory=list)
    scores: list[int | None] = field(default_factory=list)

    @cached_property
    def processing(self) -> list[Processing]:
        """The stages of each row."""
        return [row.processing or _NO_PROCESSING for row in self.rows]

    @cached_property
    def counts(self) -> tuple[list[int | None], list[int | None]]:
        """The numbers of signals and of reason codes of each row; ``None`` without an analysis."""
        signals: list[int | None] = []
        reason_codes: list[int | None] = []
        for forms in self.forms:
            if forms is None:
                signals.append(None)
                reason_codes.append(None)
                continue
            of_signals = of_codes = 0
            for form in forms:
                of_signals += len(form.signals or ())
                if (verdict := form.form_authenticity) is not None:
                    of_codes += len(verdict.reason_codes or ())
            signals.append(of_signals)
            reason_codes.append(of_codes)
        return signals, reason_codes


def rows_of(batch: RecordBatch[Row[S, R]], rejected: Rejected = None) -> RowPage:
    """Find the forms and the score of each row of a batch."""
    page = RowPage()
    rows, forms_of_rows, scores = page.rows, page.forms, page.scores
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
        forms_of_rows.append(forms)
        scores.append(score)
    return page


def score_of(row: Row[S, R], forms: Forms | None) -> int | None:
    """Give a row's score; without one on top, the lowest of its forms counts."""
    on_top = row.metadata.ocr_authenticity_score if row.metadata else None
    if type(on_top) is int and LOWEST_SCORE <= on_top <= HIGHEST_SCORE:
        return on_top
    if on_top is None or on_top == "":
        on_top = lowest_form_score(forms) if forms else None
        if on_top is None:
            return None
    return checked_score(row.id, on_top)


def checked_score(identifier: str, score: float | str) -> int:
    """Return a score as a whole number; one outside 0 to 100 is an error."""
    whole = score if isinstance(score, int) else whole_score(identifier, score)
    if not LOWEST_SCORE <= whole <= HIGHEST_SCORE:
        raise DecodeError(
            identifier,
            "$.metadata.ocr_authenticity_score",
            f"{whole} is outside {LOWEST_SCORE} to {HIGHEST_SCORE}",
        )
    return whole


def _forms_elsewhere(batch: RecordBatch[Row[S, R]], number: int) -> Forms | None:
    """Look for forms under names that nobody published, and read them as if they stood on top."""
    upload = decode(batch.raw(number), UserUpload)
    forms = list(forms_anywhere(upload.ocr_authenticity))
    plain = {"id": upload.id, "metadata": {"ocr_authenticity": forms}}
    again = decode(msgspec.json.encode(plain), batch.kind).metadata
    return forms_in(again.ocr_authenticity) if again and again.ocr_authenticity else None
