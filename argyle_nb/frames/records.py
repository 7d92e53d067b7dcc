"""Uploads in any form -> typed records, a page at a time, and rows for the frames.

What is not JSON yet is encoded first, so that there is one way to read a record, and one set of
errors, however it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the decoder reads the annotations
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from argyle_nb.errors import DecodeError
from argyle_nb.frames.authenticity import (
    COMPLETED,
    NOT_ANALYZED,
    Analysis,
    Counted,
    FormAnalysis,
    R,
    ReasonCode,
    S,
    Signal,
    are_at_several_levels,
    detect_status_of,
    documents_in,
    forms_anywhere,
    forms_in,
    highest_risk,
    is_image_based,
    lowest_form_score,
)
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.malformed import UNREADABLE
from argyle_nb.models import (
    Processing,
    UserUpload,
    decode,
    decode_each,
    decode_page,
    newest_of_each,
    reject,
    whole_score,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    # Takes the errors of records that cannot be read; without it the first is raised.
    Rejected = list[DecodeError] | None
    Forms = Sequence[FormAnalysis[Any, Any]]
    # Forms, their status, whether they are of pictures; signals, reason codes, the worst status.
    Found = tuple[Forms | None, str | None, bool | None, int | None, int | None, str | None]

T = TypeVar("T")

SINGLES_AT_ONCE = 1000

# What msgspec raises for objects that JSON cannot hold, texts that are no Unicode, deep nesting.
_UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError)

_NO_PROCESSING = Processing()
_NOTHING_FOUND: Found = (None, None, None, None, None, None)
# What nearly every score is; anything else is looked at.
_SCORES = {score: score for score in range(LOWEST_SCORE, HIGHEST_SCORE + 1)}


class _Envelope(msgspec.Struct):
    results: msgspec.Raw = msgspec.Raw(b"")


class _Results(msgspec.Struct, Generic[T]):
    results: list[T]


class RecordBatch(Generic[T]):
    """The readable records of one page, beside the page itself for what is rarely looked for.

    ``is_whole`` says whether they are all of the page.
    """

    def __init__(
        self, kind: type[T], records: list[T], source: bytes | Sequence[bytes | msgspec.Raw]
    ) -> None:
        self.kind = kind
        self.records = records
        self.is_whole = True
        self._source = source

    def once(self) -> RecordBatch[T]:
        """Leave out what the page holds again in a newer version, or in one further down."""
        if len({record.id for record in self.records}) == len(self.records):  # type: ignore[attr-defined]
            return self
        places = newest_of_each((one.id, one.updated_at) for one in self.records)  # type: ignore[attr-defined]
        raws = [self.raw(number) for number in places]
        batch = RecordBatch(self.kind, [self.records[number] for number in places], raws)
        batch.is_whole = False
        return batch

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
        any mixture, or one of these. What a page of bytes holds twice is one record.
        """
        for page, is_from_argyle in _as_json(records, rejected):
            try:
                decoded = self._pages.decode(page)
            except UNREADABLE:
                # Rare: a single record, or a page with a record that cannot be read.
                batch = self._one_by_one(page, rejected)
            else:
                records_of_page = decoded if isinstance(decoded, list) else decoded.results
                batch = RecordBatch(self._kind, records_of_page, page)
            yield batch.once() if is_from_argyle else batch

    def _one_by_one(self, page: bytes, rejected: Rejected) -> RecordBatch[T]:
        raws = _raw_records(page, rejected)
        read = [*decode_each(enumerate(raws, 1), self._kind, rejected)]
        batch = RecordBatch(self._kind, [one for one, _ in read], [raw for _, raw in read])
        batch.is_whole = len(read) == len(raws)
        return batch


def _as_json(records: Any, rejected: Rejected) -> Iterator[tuple[bytes, bool]]:
    """Give JSON as it came, which is told by true, and runs of anything else as lists."""
    singles: list[Any] = []
    items: Iterable[Any] = [records] if isinstance(records, (bytes, dict, UserUpload)) else records
    for item in items:
        is_json = isinstance(item, bytes)
        if not is_json:
            singles.append(item)
        if singles and (is_json or len(singles) == SINGLES_AT_ONCE):
            yield _encoded(singles, rejected), False
            singles = []
        if is_json:
            yield item, True
    if singles:
        yield _encoded(singles, rejected), False


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
            problem = f"it has a value that no response of the API can have ({error})"
            reject(DecodeError(str(upload_id or "without an ID"), "$", problem), rejected)


def _raw_records(page: bytes, rejected: Rejected) -> Sequence[bytes | msgspec.Raw]:
    may_be_record = page.lstrip()[:1] == b"{"
    try:
        if may_be_record and not bytes(msgspec.json.decode(page, type=_Envelope).results):
            return [page]
        may_be_record = False
    except UNREADABLE:
        pass
    try:
        return decode_page(page).results
    except DecodeError as error:
        if may_be_record:
            return [page]
        reject(error, rejected)
        return []


def is_readable(record: Any, rejected: list[DecodeError]) -> bool:
    """Tell whether a record becomes a row; if not, put why on the list."""
    return all(rows_of(batch, rejected).rows for batch in COUNTED.batches([record], rejected))


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
    """Rows, beside the score of each and what was found in its analysis."""

    rows: list[Row[Any, Any]] = field(default_factory=list)
    scores: list[int | None] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    def picked(self, numbers: Sequence[int]) -> RowPage:
        """Give some of the rows, as a page of its own."""
        lists = (self.rows, self.scores, self.found)
        return RowPage(*([one[number] for number in numbers] for one in lists))  # type: ignore[arg-type]

    @cached_property
    def fields(self) -> dict[str, tuple[Any, ...]]:
        """The values of each field of the rows."""
        values = zip(*map(msgspec.structs.astuple, self.rows), strict=True)
        names = Row.__struct_fields__
        return dict.fromkeys(names, ()) | dict(zip(names, values, strict=False))

    @cached_property
    def processing(self) -> list[Processing]:
        """The stages of each row."""
        return [stages or _NO_PROCESSING for stages in self.fields["processing"]]

    @cached_property
    def _analyses(self) -> list[list[Any]]:
        kinds = [list(kind) for kind in zip(*self.found, strict=True)]
        return kinds or [[] for _ in _NOTHING_FOUND]

    @property
    def forms(self) -> list[Forms | None]:
        """The forms of each row; ``None``, here and below, where there is none."""
        return self._analyses[0]

    @property
    def detect_statuses(self) -> list[str | None]:
        """Whether each row was analyzed, or why not."""
        return self._analyses[1]

    @property
    def image_based(self) -> list[bool | None]:
        """Whether each row is a PDF of pictures."""
        return self._analyses[2]

    @property
    def findings(self) -> list[list[Any]]:
        """The numbers of signals and of reason codes, and the status, of each row.

        ``None`` where nothing was analyzed: that is not the same as nothing found.
        """
        return self._analyses[3:]


def _found(forms: Forms | None, detect_status: str | None, is_of_pictures: bool | None) -> Found:
    """Count what was found in forms."""
    if forms is None:
        return None, detect_status, is_of_pictures, None, None, None
    signals = codes = 0
    status = None
    for form in forms:
        signals += len(form.signals or ())
        if (verdict := form.form_authenticity) is not None:
            codes += len(verdict.reason_codes or ())
            if (other := verdict.authenticity_status) is not None:
                status = other if status is None else highest_risk((status, other))
    if not (signals or codes or _is_analyzed(detect_status, forms)):
        return forms, detect_status, is_of_pictures, None, None, status
    return forms, detect_status, is_of_pictures, signals, codes, status


def _is_analyzed(detect_status: str | None, forms: Forms) -> bool:
    if detect_status is None or detect_status == COMPLETED:
        return True
    return bool(forms) and detect_status not in NOT_ANALYZED


def rows_of(batch: RecordBatch[Row[S, R]], rejected: Rejected = None) -> RowPage:
    """Find the forms and the score of each row of a batch."""
    rows: list[Row[S, R]] = batch.records
    scores: list[int | None] = []
    found: list[Found] = []
    unreadable = set()
    for number, row in enumerate(rows):
        score: int | None = None
        of_row = _NOTHING_FOUND
        if (metadata := row.metadata) is not None:
            try:
                if (analysis := metadata.ocr_authenticity) is not None:
                    of_row = _found_in(analysis, batch, number)
                score = _SCORES.get(metadata.ocr_authenticity_score)  # type: ignore[arg-type]
                if score is None:
                    score = score_of(row, of_row[0])
            except DecodeError as error:
                reject(error, rejected)
                unreadable.add(number)
                continue
        scores.append(score)
        found.append(of_row)
    if unreadable:
        rows = [row for number, row in enumerate(rows) if number not in unreadable]
    return RowPage(rows, scores, found)


def _found_in(
    analysis: Analysis[Any, Any] | list[Analysis[Any, Any]],
    batch: RecordBatch[Row[S, R]],
    number: int,
) -> Found:
    """Give the forms of an analysis, its status, whether it is of a PDF of pictures, and counts."""
    if (
        isinstance(analysis, list)
        or (forms := analysis.form_analysis) is None
        or (analysis.doc_analysis or analysis.response)
        or (analysis.signals or analysis.form_authenticity)
    ):
        in_levels, documents = forms_in(analysis), documents_in(analysis)
        if in_levels is None or are_at_several_levels(analysis):
            in_levels, documents = _read_in_full(batch, number)
        return _found(in_levels, detect_status_of(documents), is_image_based(documents))
    is_of_pictures = analysis.is_image_based_pdf  # nearly always a boolean
    if is_of_pictures is not None and not isinstance(is_of_pictures, bool):
        is_of_pictures = is_image_based([analysis])
    return _found(forms, analysis.detect_status, is_of_pictures)


def score_of(row: Row[S, R], forms: Forms | None) -> int | None:
    """Give a row's score; without one on top, the lowest of its forms counts."""
    on_top = row.metadata.ocr_authenticity_score if row.metadata else None
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


def _read_in_full(
    batch: RecordBatch[Row[S, R]], number: int
) -> tuple[list[FormAnalysis[Any, Any]] | None, list[FormAnalysis[Any, Any]]]:
    """Give forms at several levels, of which no count tells whether they are the same, and others.

    Others stand under names that nobody published, and are read as if they stood on top.
    """
    raw = batch.raw(number)
    analysis = _analysis_in(raw)
    forms, documents = forms_in(analysis), documents_in(analysis)
    if forms is None:
        upload = decode(raw, UserUpload)
        elsewhere = list(forms_anywhere(upload.ocr_authenticity))
        plain = {"id": upload.id, "metadata": {"ocr_authenticity": elsewhere}}
        analysis = _analysis_in(msgspec.json.encode(plain))
        forms, documents = forms_in(analysis), [*documents, *documents_in(analysis)]
    return forms, documents


def _analysis_in(record: bytes | msgspec.Raw) -> Any:
    metadata = decode(record, Row[Signal, ReasonCode]).metadata
    return (metadata and metadata.ocr_authenticity) or []
