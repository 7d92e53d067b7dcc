"""Uploads -> DataFrames, one row for each upload and one for each signal.

`UPLOAD_COLUMNS` describes each column of `uploads_frame` once; the report, its data dictionary and
the explorer take from it what they may write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from argyle_nb import notebook
from argyle_nb.errors import DecodeError, warn_of_unreadable
from argyle_nb.frames.authenticity import AUTHENTICITY_STATUSES, COMPLETED, NOT_ANALYZED
from argyle_nb.frames.columns import (
    BooleanColumn,
    CategoryColumn,
    Column,
    CombinedColumns,
    TextColumn,
    TimeColumn,
    WholeNumberColumn,
    need_columns,
)
from argyle_nb.frames.records import COUNTED, READ, RowPage, rows_of
from argyle_nb.frames.signals import SignalsBuilder, signal_categories
from argyle_nb.levels import LOWEST_SCORE, level_preset
from argyle_nb.models import DOCUMENT_TYPES, STATUSES, Account, User

if TYPE_CHECKING:
    from argyle_nb.frames.records import RecordReader, Row
    from argyle_nb.levels import LevelPreset
    from argyle_nb.models import Errors

SCORE, LEVEL = "ocr_authenticity_score", "authenticity_level"

FROM_ARGYLE = "Argyle, user upload object"
FROM_OCROLUS = "Ocrolus, through Argyle's metadata.ocr_authenticity"
OURS = "argyle_nb"
POINTS = "points of the score, 0 to 100"
UTC = "UTC"

# What columns were called in archives and reports that are on disk.
NAMED_NOW = {
    "classification": "processing_classification",
    "ocr": "processing_ocr",
    "authenticity": "processing_authenticity",
    "kind": "finding_type",
    "confidence": "reason_confidence",
}

# So many rows at a time are Python texts.
_ROWS = 8192
_STAGE = "stage of processing: idle, in_progress, completed, failed or unauthorized"


class Borrowers(msgspec.Struct, frozen=True):
    """The borrower of each upload: account -> its user, user -> its external ID."""

    users: dict[str, str | None] = {}
    external_ids: dict[str, str | None] = {}

    @classmethod
    def of(cls, accounts: Iterable[Account], users: Iterable[User]) -> Borrowers:
        """Take what accounts and users tell."""
        return cls(
            {account.id: account.user for account in accounts},
            {user.id: user.external_id for user in users},
        )

    def records(self) -> dict[str, Any]:
        """Give the accounts and users again, as `uploads_frame` takes them."""
        return {
            "accounts": [Account(*pair) for pair in self.users.items()],
            "users": [User(*pair) for pair in self.external_ids.items()],
        }


# For each of these columns of `upload_batch`: upload -> what stood there.
Sent = dict[str, dict[str, str]]

_SENT = ("user", "external_id", "document_type")
NOTHING_SENT: Sent = {name: {} for name in _SENT}

Build = Callable[[], Column[Any]]
Read = Callable[[RowPage, Sent], Iterable[Any]]


class UploadColumn(NamedTuple):
    """A column of `uploads_frame`.

    ``content`` says how it is built and how a page's values are read; ``None`` where it is made of
    other columns.
    ``privacy`` is one of `report.privacy.KINDS`, empty where no report may hold the column;
    ``explored`` says whether the explorer writes it.
    """

    name: str
    content: tuple[Build, Read] | None
    privacy: str
    meaning: str
    unit: str = ""
    source: str = FROM_ARGYLE
    explored: bool = False


def _field(name: str) -> Read:
    return lambda page, _: page.fields[name]


def _stage(name: str) -> tuple[Build, Read]:
    value = attrgetter(name)
    return partial(CategoryColumn, STATUSES), lambda page, _: map(value, page.processing)


def _requested_types(page: RowPage, sent: Sent) -> Sequence[str | None]:
    types = sent["document_type"]
    if not types:
        return page.fields["requested_document_type"]
    return [row.requested_document_type or types.get(row.id) for row in page.rows]


def _text(name: str) -> tuple[Build, Read]:
    return TextColumn, _field(name)


def _time(name: str) -> tuple[Build, Read]:
    return TimeColumn, _field(name)


_TYPE = partial(CategoryColumn, DOCUMENT_TYPES)
_SCORE = partial(WholeNumberColumn, np.int16)
_COUNT = partial(WholeNumberColumn, np.int32)
# All other columns but the score have so few values that their combinations are few too.
_VARIED = (TextColumn, TimeColumn)

# In the order of the frame. Who has a file_url can fetch the document: no report holds it.
UPLOAD_COLUMNS = (
    UploadColumn("id", _text("id"), "id", "upload ID", explored=True),
    UploadColumn("account", _text("account"), "pseudonym", "account ID", explored=True),
    UploadColumn(
        "user",
        _text("user"),
        "pseudonym",
        "user ID of the borrower, where known",
        source="Argyle, account object",
        explored=True,
    ),
    UploadColumn(
        "external_id",
        None,
        "external id",
        "the lender's external ID of the borrower, where known",
        source="Argyle, user object",
        explored=True,
    ),
    UploadColumn(
        "document_type",
        (_TYPE, _field("document_type")),
        "term",
        "document type as Argyle classified it; it replaces the submitted type",
        explored=True,
    ),
    UploadColumn(
        "requested_document_type",
        (_TYPE, _requested_types),
        "term",
        "document type that was submitted, where known",
        source=OURS,
    ),
    UploadColumn("file_name", _text("file_name"), "file name", "name of the file"),
    UploadColumn("file_url", _text("file_url"), "", "download link of the file"),
    UploadColumn("processing_classification", _stage("classification"), "term", _STAGE),
    UploadColumn("processing_ocr", _stage("ocr"), "term", _STAGE),
    UploadColumn("processing_authenticity", _stage("authenticity"), "term", _STAGE),
    UploadColumn(
        SCORE,
        (_SCORE, lambda page, _: page.scores),
        "open",
        "authenticity score; higher means fewer signs of tampering",
        unit=POINTS,
        source=FROM_OCROLUS,
        explored=True,
    ),
    UploadColumn(
        LEVEL,
        None,
        "open",
        "authenticity level of the score, by the preset in manifest.json",
        source=OURS,
        explored=True,
    ),
    UploadColumn(
        "authenticity_status",
        (
            partial(CategoryColumn, AUTHENTICITY_STATUSES),
            lambda page, _: page.findings[2],
        ),
        "term",
        "Ocrolus' status, of the form with the highest risk; it does not follow from the score",
        source=FROM_OCROLUS,
    ),
    UploadColumn(
        "detect_status",
        (
            partial(CategoryColumn, (COMPLETED, *NOT_ANALYZED)),
            lambda page, _: page.detect_statuses,
        ),
        "term",
        "whether Ocrolus analyzed it: COMPLETED, or why not",
        source=FROM_OCROLUS,
    ),
    UploadColumn(
        "is_image_based_pdf",
        (BooleanColumn, lambda page, _: page.image_based),
        "open",
        "whether it is a PDF of images, such as a scan",
        source=FROM_OCROLUS,
    ),
    UploadColumn(
        "signal_count",
        (_COUNT, lambda page, _: page.findings[0]),
        "open",
        "signals found, each counted once with all its occurrences; empty without an analysis",
        unit="count",
        source=FROM_OCROLUS,
        explored=True,
    ),
    UploadColumn(
        "reason_code_count",
        (_COUNT, lambda page, _: page.findings[1]),
        "open",
        "reason codes found; empty without an analysis",
        unit="count",
        source=OURS,
        explored=True,
    ),
    UploadColumn(
        "created_at", _time("created_at"), "open", "when Argyle created it", UTC, explored=True
    ),
    UploadColumn(
        "updated_at", _time("updated_at"), "open", "when Argyle last changed it", UTC, explored=True
    ),
)


class Frames(NamedTuple):
    """Both frames of one pass over the records."""

    uploads: pd.DataFrame
    signals: pd.DataFrame

    def _repr_html_(self) -> str:
        tables = [
            notebook.table(
                [notebook.heading(name) for name in names],
                frame[names].head(_SHOWN_ROWS).itertuples(index=False),
                of=len(frame),
                caption=caption,
            )
            for caption, frame, wanted in (
                (".uploads, in part", self.uploads, _SHOWN_UPLOADS),
                (".signals, in part", self.signals, _SHOWN_SIGNALS),
            )
            if (names := [name for name in wanted if name in frame])
        ]
        return notebook.result(
            f"{len(self.uploads):,} uploads, {len(self.signals):,} signals", tables=tables
        )


_SHOWN_ROWS = 10
# Nothing personal: what a notebook shows is saved with it.
_SHOWN_UPLOADS = (
    "id",
    "document_type",
    "ocr_authenticity_score",
    "authenticity_level",
    "signal_count",
    "created_at",
)
_SHOWN_SIGNALS = ("upload_id", "document_type", "finding_type", "display_name")


def uploads_frame(
    records: Any,
    *,
    accounts: Iterable[Account] = (),
    users: Iterable[User] = (),
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
    errors: Errors = "raise",
) -> pd.DataFrame:
    """Flatten uploads to one row each.

    Parameters
    ----------
    records
        `UserUpload` objects, plain dicts or raw JSON bytes, in any mixture.
    accounts
        Accounts, which have the user of each upload, from ``client.list_accounts()``; Argyle's
        upload object names the account only.
    users
        Users, which have the external ID of each borrower, from ``client.list_users()``.
    sent
        The result of `upload_batch`, which knows the type that each upload was sent as (Argyle
        overwrites ``document_type`` when it finds another), and the ``user`` and ``external_id``
        of uploads whose borrower accounts and users do not tell.
    levels
        The preset of ``authenticity_level``: ``"argyle"``, ``"ocrolus-2"`` or
        ``"ocrolus-current"``. It is kept in ``frame.attrs["levels"]``.
    errors
        ``"raise"`` stops at the first record that cannot be read; ``"collect"`` leaves it out and
        lists it in ``frame.attrs["unreadable"]`` (dicts of ``record, path, problem``); ``"warn"``
        also names it in a warning.

    Returns
    -------
    pandas.DataFrame
        Index 0..n-1, in the order given. ``id, account, user, external_id, file_name, file_url``
        (string; ``user`` is Argyle's user ID, ``external_id`` the lender's own ID of the borrower,
        which several users may share), ``document_type, requested_document_type,
        processing_classification, processing_ocr, processing_authenticity`` (category; unknown
        values are kept as further categories),
        ``ocr_authenticity_score`` (Int16, 0 to 100), ``authenticity_level`` (ordered category),
        ``authenticity_status`` (category: ``LOW, MEDIUM, HIGH``, Ocrolus' own, of the form with the
        highest risk; it merges forensics and arithmetic and does not follow from the score),
        ``detect_status`` (category: ``COMPLETED``, or why there is no analysis: ``PENDING,
        UNABLE_TO_PROCESS, UNSUPPORTED, DELETED``), ``is_image_based_pdf`` (boolean),
        ``signal_count, reason_code_count`` (Int32; missing where there is no analysis; a signal
        counts once, however often it occurs),
        ``created_at, updated_at`` (datetime64[us, UTC]).

    Raises
    ------
    DecodeError
        For a record that cannot be read, unless errors are collected; it names the record
        and the JSON path.

    Examples
    --------
    >>> frame = uploads_frame([{"id": "a", "metadata": {"ocr_authenticity_score": 85}}])
    >>> frame.loc[0, "authenticity_level"]
    'high'
    """
    uploads = UploadsBuilder(sent, levels)
    rejected = _read_into(records, COUNTED, errors, uploads.add)
    return list_unreadable(uploads.finish(Borrowers.of(accounts, users)), rejected, errors)


def signals_frame(records: Any, *, errors: Errors = "raise") -> pd.DataFrame:
    """Flatten authenticity findings to one row per occurrence of a signal, and per reason code.

    Parameters
    ----------
    records, errors
        As for `uploads_frame`.

    Returns
    -------
    pandas.DataFrame
        Index 0..n-1. ``upload_id, identifier, display_name`` (string), ``document_type,
        form_type`` (category), ``form`` (Int32, 1-based: which of the upload's forms),
        ``form_score`` (Float64), ``form_authenticity_status`` (``LOW, MEDIUM, HIGH``),
        ``finding_type`` (``signal`` or ``reason_code``), ``reason_confidence`` (``LOW, MEDIUM,
        HIGH``; of reason codes), ``page_number`` (Int32, 1-based), ``occurrences`` (Int32, of the
        signal, as Ocrolus counts them; the same in each of its rows), ``occurrence`` (Int32,
        1-based: which of them; the rows where it is 1 hold each signal once), ``field_name,
        original_text, tampered_text`` (string; of this occurrence; personal data),
        ``edit_source`` (string, the software that edited the page), ``doc_origin`` (string, where
        the document came from), ``other_values`` (string, a JSON object of what stands under other
        keys; personal data).

    Raises
    ------
    DecodeError
        For a record that cannot be read.

    Examples
    --------
    >>> signals_frame([]).columns[0]
    'upload_id'
    """
    signals = SignalsBuilder()
    rejected = _read_into(records, READ, errors, signals.add)
    return list_unreadable(signals.finish(), rejected, errors)


def flatten(
    records: Any,
    *,
    accounts: Iterable[Account] = (),
    users: Iterable[User] = (),
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
    errors: Errors = "raise",
) -> Frames:
    """Flatten uploads and their signals in one pass.

    Parameters
    ----------
    records, accounts, users, sent, levels, errors
        As for `uploads_frame`.

    Returns
    -------
    Frames
        ``uploads`` and ``signals``, as `uploads_frame` and `signals_frame` give them.

    Raises
    ------
    DecodeError
        For a record that cannot be read, unless errors are collected.

    Examples
    --------
    >>> uploads, signals = flatten([{"id": "a"}])
    >>> len(uploads), len(signals)
    (1, 0)
    """
    builder = FramesBuilder(sent, levels)
    rejected = _read_into(records, READ, errors, builder.add)
    frames = builder.finish(Borrowers.of(accounts, users), rejected)
    if errors == "warn":
        warn_of(frames.uploads)
    return frames


class UploadsBuilder:
    """Builds `uploads_frame`, a page at a time."""

    def __init__(self, sent: pd.DataFrame | None, levels: str) -> None:
        self._preset = level_preset(levels)
        self._sent = NOTHING_SENT if sent is None else _sent_of(sent)
        contents = {column.name: column.content for column in UPLOAD_COLUMNS if column.content}
        built = {name: (build(), read) for name, (build, read) in contents.items()}
        self._columns = {n: c for n, c in built.items() if n == SCORE or isinstance(c[0], _VARIED)}
        of_few = {name: content for name, content in built.items() if name not in self._columns}
        self._reads_of_few = [read for _, read in of_few.values()]
        self._combined = CombinedColumns({name: column for name, (column, _) in of_few.items()})

    def add(self, page: RowPage) -> None:
        """Take the rows of a page."""
        for column, read in self._columns.values():
            column.add(read(page, self._sent))
        few = [read(page, self._sent) for read in self._reads_of_few]
        self._combined.add(self._combined.codes(zip(*few, strict=True)))

    def finish(self, borrowers: Borrowers) -> pd.DataFrame:
        """Give the frame; Argyle knows better than what was sent whose an upload is."""
        columns = {name: column.finish() for name, (column, _) in self._columns.items()}
        columns |= self._combined.finish()
        ids, sent = columns["id"], self._sent
        users = _filled_in(columns["user"], columns["account"], borrowers.users)
        columns["user"] = _filled_in(users, ids, sent["user"])
        external_ids = _looked_up(columns["user"], borrowers.external_ids)
        columns["external_id"] = _filled_in(external_ids, ids, sent["external_id"])
        columns[LEVEL] = levels_of(pd.Series(columns[SCORE]), self._preset)
        frame = pd.DataFrame({column.name: columns[column.name] for column in UPLOAD_COLUMNS})
        frame.attrs["levels"] = self._preset.name
        return frame


def _sent_of(sent: pd.DataFrame) -> Sent:
    need_columns(sent, ["upload_id"], "sent")
    told = {name: sent[["upload_id", name]].dropna() for name in _SENT if name in sent}
    columns = {
        name: dict(zip(rows["upload_id"], rows[name], strict=True)) for name, rows in told.items()
    }
    return NOTHING_SENT | columns


def _filled_in(texts: Any, keys: Any, known: Mapping[str, str | None]) -> Any:
    """Look up the texts that are missing."""
    missing = texts.isna()
    if not known or not missing.any():
        return texts
    if missing.all():
        return _looked_up(keys, known)
    filled = texts.copy()
    filled[missing] = _looked_up(keys[missing], known)
    return filled


def _looked_up(keys: Any, known: Mapping[str, str | None]) -> Any:
    texts = TextColumn()
    for start in range(0, len(keys), _ROWS):
        some = keys[start : start + _ROWS]
        texts.add(map(known.get, some.tolist()) if known else [None] * len(some))
    return texts.finish()


class FramesBuilder:
    """Builds both frames, a page at a time."""

    def __init__(self, sent: pd.DataFrame | None, levels: str) -> None:
        self._uploads, self._signals = UploadsBuilder(sent, levels), SignalsBuilder()

    def add(self, page: RowPage) -> None:
        """Take the rows of a page, and their signals."""
        self._uploads.add(page)
        self._signals.add(page)

    def finish(self, borrowers: Borrowers, rejected: list[DecodeError] | None = None) -> Frames:
        """Give both frames."""
        uploads, signals = self._uploads.finish(borrowers), self._signals.finish()
        return Frames(list_unreadable(uploads, rejected), list_unreadable(signals, rejected))


def levels_of(scores: pd.Series[int], preset: LevelPreset) -> Any:
    """Read scores into the levels of a preset, as an ordered categorical."""
    lowest = np.array([low for low, _ in preset.bands])
    codes = np.searchsorted(lowest, scores.fillna(LOWEST_SCORE).to_numpy(), side="right") - 1
    codes[scores.isna().to_numpy()] = -1
    dtype = pd.CategoricalDtype(preset.levels, ordered=True)
    return pd.Categorical.from_codes(codes, dtype=dtype)


def categories_of(page: RowPage) -> dict[str, dict[str, list[str]]]:
    """Name the categories of each column that both frames of this page alone would have."""
    uploads: dict[str, list[str]] = {}
    for column in UPLOAD_COLUMNS:
        if column.content and isinstance(built := column.content[0](), CategoryColumn):
            built.add(column.content[1](page, NOTHING_SENT))
            uploads[column.name] = built.categories
    signals = {"document_type": uploads["document_type"], **signal_categories(page)}
    return {"uploads": uploads, "signals": signals}


def list_unreadable(
    frame: pd.DataFrame, rejected: list[DecodeError] | None, errors: Errors = "collect"
) -> pd.DataFrame:
    """List collected errors in ``frame.attrs["unreadable"]``, and give the frame back."""
    if rejected is not None:
        rows = [{"record": e.record, "path": e.path, "problem": e.problem} for e in rejected]
        frame.attrs["unreadable"] = rows
    if errors == "warn":
        warn_of(frame, stacklevel=4)
    return frame


def warn_of(frame: pd.DataFrame, stacklevel: int = 3) -> None:
    """Name the uploads that a frame lacks because they cannot be read."""
    listed = ' They are listed in attrs["unreadable"] of the table.'
    rejected = [DecodeError(**row) for row in frame.attrs["unreadable"]]
    warn_of_unreadable(rejected, "uploads", listed=listed, stacklevel=stacklevel)


def _read_into(
    records: Any,
    reader: RecordReader[Row[Any, Any]],
    errors: Errors,
    take: Callable[[RowPage], None],
) -> list[DecodeError] | None:
    """Hand each page to what takes its rows, and let it go."""
    rejected: list[DecodeError] | None = None if errors == "raise" else []
    for batch in reader.batches(records, rejected):
        take(rows_of(batch, rejected))
    return rejected
