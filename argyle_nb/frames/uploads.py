"""Uploads -> DataFrames, one row for each upload and one for each signal.

`UPLOAD_COLUMNS` describes each column of `uploads_frame` once; the report, its data dictionary and
the explorer take from it what they may write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from argyle_nb.frames.columns import (
    CategoryColumn,
    Column,
    TextColumn,
    TimeColumn,
    WholeNumberColumn,
    need_columns,
)
from argyle_nb.frames.records import COUNTED, READ, RowPage, rows_of
from argyle_nb.frames.signals import SignalsBuilder, signal_categories
from argyle_nb.levels import LOWEST_SCORE, level_preset
from argyle_nb.models import DOCUMENT_TYPES, STATUSES

if TYPE_CHECKING:
    from argyle_nb.errors import DecodeError
    from argyle_nb.frames.records import RecordReader, Row
    from argyle_nb.levels import LevelPreset
    from argyle_nb.models import Account, User

Errors = Literal["raise", "collect"]

SCORE, LEVEL = "ocr_authenticity_score", "authenticity_level"

FROM_ARGYLE = "Argyle, user upload object"
FROM_OCROLUS = "Ocrolus, through Argyle's metadata.ocr_authenticity"
OURS = "argyle_nb"
POINTS = "points of the score, 0 to 100"
UTC = "UTC"

_STAGE = "stage of processing: idle, in_progress, completed, failed or unauthorized"


class KnownElsewhere(NamedTuple):
    """What uploads do not tell.

    ``users``: account -> user; ``external_ids``: user -> the lender's name of the borrower;
    ``sent``: for each column of `upload_batch`, upload -> what stood there.
    """

    users: dict[str, str | None]
    external_ids: dict[str, str | None]
    sent: dict[str, dict[str, str]]


_SENT = ("user", "external_id", "document_type")
NOTHING_ELSE = KnownElsewhere({}, {}, {name: {} for name in _SENT})

Build = Callable[[], Column[Any]]
Read = Callable[[RowPage, KnownElsewhere], Iterable[Any]]


class UploadColumn(NamedTuple):
    """A column of `uploads_frame`.

    ``content`` says how it is built and how a page's values are read; ``None`` where it is made of
    another column.
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
    value = attrgetter(name)
    return lambda page, _: map(value, page.rows)


def _stage(name: str) -> tuple[Build, Read]:
    value = attrgetter(name)
    return partial(CategoryColumn, STATUSES), lambda page, _: map(value, page.processing)


def _users(page: RowPage, known: KnownElsewhere) -> list[str | None]:
    users = [row.user for row in page.rows]
    if known.users:
        by_account = (known.users.get(row.account or "") for row in page.rows)
        users = [user or other for user, other in zip(users, by_account, strict=True)]
    return _or_sent(users, page, known.sent["user"])


def _external_ids(page: RowPage, known: KnownElsewhere) -> list[str | None]:
    external_ids: list[str | None] = [None] * len(page.rows)
    if known.external_ids:
        external_ids = [known.external_ids.get(user or "") for user in _users(page, known)]
    return _or_sent(external_ids, page, known.sent["external_id"])


def _requested_types(page: RowPage, known: KnownElsewhere) -> list[str | None]:
    requested = [row.requested_document_type for row in page.rows]
    return _or_sent(requested, page, known.sent["document_type"])


def _or_sent(values: list[str | None], page: RowPage, sent: dict[str, str]) -> list[str | None]:
    """Fill in what was sent where nothing else is known."""
    if not sent:
        return values
    return [value or sent.get(row.id) for value, row in zip(values, page.rows, strict=True)]


def _text(name: str) -> tuple[Build, Read]:
    return TextColumn, _field(name)


def _time(name: str) -> tuple[Build, Read]:
    return TimeColumn, _field(name)


_TYPE = partial(CategoryColumn, DOCUMENT_TYPES)
_SCORE = partial(WholeNumberColumn, np.int16)
_COUNT = partial(WholeNumberColumn, np.int32)

# In the order of the frame. Who has a file_url can fetch the document: no report holds it.
UPLOAD_COLUMNS = (
    UploadColumn("id", _text("id"), "open", "the upload", explored=True),
    UploadColumn(
        "account", _text("account"), "pseudonym", "the account it belongs to", explored=True
    ),
    UploadColumn(
        "user",
        (TextColumn, _users),
        "pseudonym",
        "the user whose document it is, where known",
        source="Argyle, account object",
        explored=True,
    ),
    UploadColumn(
        "external_id",
        (TextColumn, _external_ids),
        "external id",
        "the lender's own name of the borrower, where known",
        source="Argyle, user object",
        explored=True,
    ),
    UploadColumn(
        "document_type",
        (_TYPE, _field("document_type")),
        "open",
        "type as Argyle found it; it overwrites what was sent",
        explored=True,
    ),
    UploadColumn(
        "requested_document_type",
        (_TYPE, _requested_types),
        "open",
        "type it was sent as, where known",
        source=OURS,
    ),
    UploadColumn("file_name", _text("file_name"), "file name", "name of the file"),
    UploadColumn("file_url", _text("file_url"), "", "where the file can be fetched"),
    UploadColumn("classification", _stage("classification"), "open", _STAGE),
    UploadColumn("ocr", _stage("ocr"), "open", _STAGE),
    UploadColumn("authenticity", _stage("authenticity"), "open", _STAGE),
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
        "level of the score, of the preset in manifest.json",
        source=OURS,
        explored=True,
    ),
    UploadColumn(
        "signal_count",
        (_COUNT, lambda page, _: page.counts[0]),
        "open",
        "signals found; empty without an analysis",
        unit="count",
        source=FROM_OCROLUS,
        explored=True,
    ),
    UploadColumn(
        "reason_code_count",
        (_COUNT, lambda page, _: page.counts[1]),
        "open",
        "reason codes given; empty without an analysis",
        unit="count",
        source=OURS,
        explored=True,
    ),
    UploadColumn(
        "created_at", _time("created_at"), "open", "when it came to Argyle", UTC, explored=True
    ),
    UploadColumn(
        "updated_at", _time("updated_at"), "open", "when Argyle last changed it", UTC, explored=True
    ),
)


class Frames(NamedTuple):
    """Both frames of one pass over the records."""

    uploads: pd.DataFrame
    signals: pd.DataFrame


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
        Accounts that tell the user of an upload, from ``client.list_accounts()``; Argyle's upload
        object names the account only.
    users
        Users that tell the lender's own name of each borrower, from ``client.list_users()``.
    sent
        The result of `upload_batch`, which knows the type that each upload was sent as (Argyle
        overwrites ``document_type`` when it finds another), and the ``user`` and ``external_id``
        of uploads whose borrower accounts and users do not tell.
    levels
        The preset of ``authenticity_level``: ``"argyle"``, ``"ocrolus-2"`` or
        ``"ocrolus-current"``. It is kept in ``frame.attrs["levels"]``.
    errors
        ``"raise"`` stops at the first record that cannot be read; ``"collect"`` leaves it out and
        lists it in ``frame.attrs["rejected"]`` (dicts of ``record, path, problem``).

    Returns
    -------
    pandas.DataFrame
        Index 0..n-1, in the order given. ``id, account, user, external_id, file_name, file_url``
        (string; ``user`` is Argyle's id, ``external_id`` the lender's own name of the borrower,
        which several users may share), ``document_type, requested_document_type, classification, ocr, authenticity`` (category;
        unknown values are kept as further categories), ``ocr_authenticity_score`` (Int16, 0 to
        100), ``authenticity_level`` (ordered category), ``signal_count, reason_code_count``
        (Int32; missing where there is no analysis), ``created_at, updated_at``
        (datetime64[us, UTC]).

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
    uploads = UploadsBuilder(known_elsewhere(accounts, users, sent), levels)
    rejected = _read_into(records, COUNTED, errors, uploads.add)
    return list_rejected(uploads.finish(), rejected)


def signals_frame(records: Any, *, errors: Errors = "raise") -> pd.DataFrame:
    """Flatten authenticity analyses to one row per signal or reason code.

    Parameters
    ----------
    records, errors
        As for `uploads_frame`.

    Returns
    -------
    pandas.DataFrame
        Index 0..n-1. ``upload_id, identifier, display_name`` (string), ``document_type,
        form_type`` (category), ``kind`` (``signal`` or ``reason_code``), ``confidence``
        (``LOW, MEDIUM, HIGH``; of reason codes), ``page_number`` (Int32, 1-based),
        ``signal_count`` (Int32, occurrences), ``field_name, original_text, tampered_text``
        (string; several occurrences joined by " | "; personal data).

    Raises
    ------
    DecodeError
        For a record that cannot be read.

    Examples
    --------
    >>> signals_frame([]).columns[0]
    'upload_id'
    """
    heads, signals = HeadsBuilder(), SignalsBuilder()
    rejected = _read_into(records, READ, errors, heads.add, signals.add)
    return list_rejected(signals.finish(*heads.finish()), rejected)


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
    builder = FramesBuilder(known_elsewhere(accounts, users, sent), levels)
    rejected = _read_into(records, READ, errors, builder.add)
    return builder.finish(rejected)


def known_elsewhere(
    accounts: Iterable[Account], users: Iterable[User], sent: pd.DataFrame | None
) -> KnownElsewhere:
    """Gather what uploads do not tell."""
    return KnownElsewhere(
        {account.id: account.user for account in accounts},
        {user.id: user.external_id for user in users},
        {name: _sent_column(sent, name) for name in _SENT},
    )


def _sent_column(sent: pd.DataFrame | None, name: str) -> dict[str, str]:
    if sent is None:
        return {}
    need_columns(sent, ["upload_id"], "sent")
    if name not in sent:
        return {}
    told = sent[["upload_id", name]].dropna()
    return dict(zip(told["upload_id"], told[name], strict=True))


class UploadsBuilder:
    """Builds `uploads_frame`, a page at a time."""

    def __init__(self, known: KnownElsewhere, levels: str) -> None:
        self._preset = level_preset(levels)
        self._known = known
        self._columns = {
            column.name: (build(), read)
            for column in UPLOAD_COLUMNS
            if column.content
            for build, read in [column.content]
        }

    def add(self, page: RowPage) -> None:
        """Take the rows of a page."""
        for column, read in self._columns.values():
            column.add(read(page, self._known))

    def finish(self) -> pd.DataFrame:
        """Give the frame."""
        columns = {name: column.finish() for name, (column, _) in self._columns.items()}
        columns[LEVEL] = levels_of(pd.Series(columns[SCORE]), self._preset)
        frame = pd.DataFrame({column.name: columns[column.name] for column in UPLOAD_COLUMNS})
        frame.attrs["levels"] = self._preset.name
        return frame


class HeadsBuilder:
    """Builds what signals repeat of their uploads: the id and the type."""

    def __init__(self) -> None:
        self._id, self._document_type = TextColumn(), CategoryColumn(DOCUMENT_TYPES)

    def add(self, page: RowPage) -> None:
        """Take the rows of a page."""
        self._id.add([row.id for row in page.rows])
        self._document_type.add([row.document_type for row in page.rows])

    def finish(self) -> tuple[Any, Any]:
        """Give both columns."""
        return self._id.finish(), self._document_type.finish()


class FramesBuilder:
    """Builds both frames, a page at a time."""

    def __init__(self, known: KnownElsewhere, levels: str) -> None:
        self._uploads, self._signals = UploadsBuilder(known, levels), SignalsBuilder()

    def add(self, page: RowPage) -> None:
        """Take the rows of a page, and their signals."""
        self._uploads.add(page)
        self._signals.add(page)

    def finish(self, rejected: list[DecodeError] | None = None) -> Frames:
        """Give both frames."""
        uploads = self._uploads.finish()
        signals = self._signals.finish(uploads["id"].array, uploads["document_type"].array)
        return Frames(list_rejected(uploads, rejected), list_rejected(signals, rejected))


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
            built.add(column.content[1](page, NOTHING_ELSE))
            uploads[column.name] = built.categories
    signals = {"document_type": uploads["document_type"], **signal_categories(page)}
    return {"uploads": uploads, "signals": signals}


def list_rejected(frame: pd.DataFrame, rejected: list[DecodeError] | None) -> pd.DataFrame:
    """List collected errors in ``frame.attrs["rejected"]``, and give the frame back."""
    if rejected is not None:
        rows = [{"record": e.record, "path": e.path, "problem": e.problem} for e in rejected]
        frame.attrs["rejected"] = rows
    return frame


def _read_into(
    records: Any,
    reader: RecordReader[Row[Any, Any]],
    errors: Errors,
    *takers: Callable[[RowPage], None],
) -> list[DecodeError] | None:
    """Hand each page to what takes its rows, and let it go."""
    rejected: list[DecodeError] | None = [] if errors == "collect" else None
    for batch in reader.batches(records, rejected):
        page = rows_of(batch, rejected)
        for take in takers:
            take(page)
    return rejected
