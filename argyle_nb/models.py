"""The API's objects as typed structs, decoded straight from bytes, and what may be asked for.

Field names are Argyle's own. ``null``, ``{}`` and a missing key are one thing, because the
published examples print all three for "nothing yet"; unknown keys are ignored, because Argyle
says that answers may gain fields. What says the same in another JSON type (a page number "1", a
document type 1099) is read all the same.
"""

from __future__ import annotations

import difflib
import math
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec

from argyle_nb import notebook
from argyle_nb.errors import DecodeError, ValidationError, sentences
from argyle_nb.malformed import UNREADABLE, cut_page, fault_in, fields_of

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Iterator

T = TypeVar("T")

# What becomes of records that can't be read: the first is raised; they are left out, and named in
# a warning; they are left out, and listed in the table's ``attrs``.
Errors = Literal["raise", "warn", "collect"]

NO_ID = "without an ID"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DOCUMENT_TYPES = (
    "paystubs",
    "W-2",
    "1099",
    "proof-of-identity",
    "proof-of-address",
    "miscellaneous",
)
# What a document type is called beside its own name, without case, spaces and signs.
_SPELLINGS = {
    "W-2": r"(irs)?(form)?w2(form|c)?s?",
    "1099": r"(irs)?(ssa|form)?1099(form|nec|misc|k|int|div|g|r|b|c|s|oid|ssa)?s?",
    "paystubs": r"pay(roll)?(stub|slip|statement)s?|paycheckstubs?|earningsstatements?",
    "proof-of-identity": (
        r"(proofof)?(id|identity|identification)(card|document|proof)?s?|(photo|state)ids?"
        r"|passports?|drivers?licen[cs]es?"
    ),
    "proof-of-address": (
        r"(proofof)?(address|residency|residence)|addressproofs?|(utility|electric|water|gas)bills?"
    ),
    "miscellaneous": r"misc(ellaneous)?",
}
SCORED_TYPES = frozenset({"paystubs", "W-2", "1099"})
STATUSES = ("unauthorized", "idle", "in_progress", "completed", "failed")

# What a name says of the time is no part of a type.
_YEAR = re.compile(r"\b(19|20)\d\d\b")
SEPARATORS = re.compile(r"[_.\s-]+")

# How a parameter that holds an ID is called in an error; an upload's is called `id`.
_ID_OF = {"id": "upload"}
# A number as JSON writes it; `float` also reads "1_0", " 12 " and digits of other scripts.
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def is_uuid(text: str) -> bool:
    """Tell whether a text has a UUID's shape; Argyle's ids carry arbitrary version digits."""
    return _UUID.match(text) is not None


class Processing(msgspec.Struct, frozen=True, gc=False):
    """The three stages, each ``unauthorized, idle, in_progress, completed`` or ``failed``."""

    classification: str | None = None
    ocr: str | None = None
    authenticity: str | None = None

    @property
    def stages(self) -> tuple[str | None, str | None, str | None]:
        """Classification, OCR and authenticity, in the order they run."""
        return self.classification, self.ocr, self.authenticity


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """What processing found; OCR and authenticity stay undecoded until they are needed."""

    ocr_data: msgspec.Raw = msgspec.Raw(b"null")
    ocr_authenticity: msgspec.Raw = msgspec.Raw(b"null")
    ocr_authenticity_score: int | float | str | None = None


class UserUpload(msgspec.Struct, frozen=True, gc=False):
    """One uploaded document, as ``GET /v2/user-uploads/{id}`` gives it.

    ``user`` and ``requested_document_type`` are not in Argyle's object: the first is known where
    uploads were listed for one user, both are known where this package made the upload.

    Examples
    --------
    >>> UserUpload("u1", document_type="paystubs")
    UserUpload(id='u1', document_type='paystubs')
    """

    id: str
    account: str | None = None
    document_type: str | None = None
    file_url: str | None = None
    file_name: str | None = None
    metadata: Metadata | None = None
    processing: Processing | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    user: str | None = None
    requested_document_type: str | None = None

    def __repr__(self) -> str:
        # File names and OCR text are personal data; a notebook prints what ends a cell.
        return f"UserUpload(id={self.id!r}, document_type={self.document_type!r})"

    def _repr_html_(self) -> str:
        names = ("Classification", "OCR", "Authenticity analysis")
        facts = {
            "Upload ID": self.id,
            "Document type": self.document_type,
            "Authenticity score": self.shown_score,
            "Created": self.created_at,
        }
        return notebook.result("Upload", facts | dict(zip(names, self.stages, strict=True)))

    @property
    def shown_score(self) -> int | str | None:
        """The score for people, who are not helped by an exception where they only look."""
        try:
            return self.ocr_authenticity_score
        except DecodeError:
            return "invalid"

    @property
    def ocr_authenticity_score(self) -> int | None:
        """The score, 0 to 100, or ``None`` while there is none.

        Raises
        ------
        DecodeError
            When the value is not a whole number.
        """
        score = self.metadata.ocr_authenticity_score if self.metadata else None
        return None if score is None or score == "" else whole_score(self.id, score)

    @property
    def ocr_data(self) -> Any:
        """The OCR result as Python objects, or ``None`` while there is none."""
        return self._decoded("ocr_data")

    @property
    def ocr_authenticity(self) -> Any:
        """The authenticity analysis as Python objects, or ``None`` while there is none."""
        return self._decoded("ocr_authenticity")

    @property
    def stages(self) -> tuple[str | None, str | None, str | None]:
        """Classification, OCR and authenticity status."""
        return self.processing.stages if self.processing else (None, None, None)

    @property
    def at_rest(self) -> bool:
        """Whether processing has certainly ended.

        ``idle`` stages of a type that gets OCR may yet begin, so they are not certain.
        """
        stages = self.stages
        if "in_progress" in stages:
            return False
        if "failed" in stages or "idle" not in stages:
            return True
        return stages[0] == "completed" and self.document_type not in SCORED_TYPES

    def _decoded(self, name: str) -> Any:
        raw = getattr(self.metadata, name) if self.metadata else b"null"
        try:
            return msgspec.json.decode(raw) or None
        except UNREADABLE as error:
            path, problem = _what_is_wrong(raw, error)
            raise DecodeError(self.id, f"$.metadata.{name}{path[1:]}", problem) from None


class User(msgspec.Struct, frozen=True):
    """One person, as ``GET /v2/users`` gives it; only what names and finds the person."""

    id: str
    external_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    created_at: datetime | None = None

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, external_id={self.external_id!r})"

    def _repr_html_(self) -> str:
        facts = {
            "User ID": self.id,
            "External ID": self.external_id,
            "Created": self.created_at,
        }
        return notebook.result("User", facts)


class Account(msgspec.Struct, frozen=True):
    """What ties an upload to its user: ``upload.account`` -> ``account.user``."""

    id: str
    user: str | None = None
    source: str | None = None
    created_at: datetime | None = None


class ApiPage(msgspec.Struct, frozen=True):
    """One page of any list; the records stay undecoded."""

    results: list[msgspec.Raw]
    next: str | None = None
    previous: str | None = None

    @property
    def has_next(self) -> bool:
        """Whether it is known what follows, be it nothing."""
        return True


class DamagedPage(ApiPage, frozen=True):
    """A page that is no JSON as a whole, cut into its records."""

    following: bool = True

    @property
    def has_next(self) -> bool:
        """Whether it is known what follows, be it nothing."""
        return self.following


def decode_page(data: bytes | msgspec.Raw) -> ApiPage:
    """Read a page ``{"next", "previous", "results"}``, or a bare list, as an older version gave.

    What is wrong with one record is told by whoever reads it.
    """
    try:
        if bytes(data).lstrip()[:1] == b"[":
            return ApiPage(msgspec.json.decode(data, type=list[msgspec.Raw]))
        return msgspec.json.decode(data, type=ApiPage)
    except UNREADABLE as error:
        cut = cut_page(bytes(data))
        if cut is None:
            raise DecodeError("page", "$", f"not a page of results: {error}") from None
        records = [msgspec.Raw(record) for record in cut.records]
        return DamagedPage(records, cut.next, following=cut.has_next)


def decode(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Read one object of the API; an error names its id, where it has one, and the JSON path."""
    try:
        return msgspec.json.decode(data, type=kind)
    except UNREADABLE:
        pass
    try:
        expected = _described(cast("Hashable", kind))
        fitted = _fitted(msgspec.json.decode(data), expected)
        return msgspec.json.decode(msgspec.json.encode(fitted), type=kind)
    except UNREADABLE as error:
        raise unreadable(data, error) from None


def decode_each(
    raws: Iterable[tuple[int, bytes | msgspec.Raw]],
    kind: type[T],
    rejected: list[DecodeError] | None,
) -> Iterator[tuple[T, bytes | msgspec.Raw]]:
    """Read records that are numbered by their place on a page; what has no ID is told by that."""
    for number, raw in raws:
        try:
            read = decode(raw, kind)
        except DecodeError as error:
            reject(_placed(error, number), rejected)
        else:
            yield read, raw


def newest_of_each(versions: Iterable[tuple[Hashable, datetime | None]]) -> list[int]:
    """Give the places of the newest version of each record, of several such of the last.

    Each is given as its ID and when it was updated.
    """
    newest: dict[Hashable, tuple[int, int]] = {}
    for place, (record_id, updated_at) in enumerate(versions):
        updated = microseconds(updated_at)
        if record_id not in newest or updated >= newest[record_id][0]:
            newest[record_id] = (updated, place)
    return sorted(place for _, place in newest.values())


def microseconds(moment: datetime | None) -> int:
    """Count from 1970; a time without a zone is taken as UTC, and none as 1970."""
    if moment is None:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _placed(error: DecodeError, number: int) -> DecodeError:
    if error.record != NO_ID:
        return error
    return DecodeError(f"{number} {NO_ID}", error.path, error.problem)


@cache
def _described(kind: Any) -> msgspec.inspect.Type:
    return msgspec.inspect.type_info(kind)


def _fitted(value: Any, kind: msgspec.inspect.Type) -> Any:
    """Give a value the JSON type that is expected, where it says the same in another one.

    What says something else stays, so that it is an error, and so does what must be there: an id is
    never guessed.
    """
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    others = [one for one in kinds if not isinstance(one, msgspec.inspect.NoneType)]
    if len(others) < len(kinds) and (value is None or value in ("", {}, [])):
        return None
    for one in others:
        if isinstance(one, msgspec.inspect.StructType) and isinstance(value, dict):
            fields = {field.encode_name: field.type for field in one.fields}
            return {name: _fitted(value[name], fields[name]) for name in fields if name in value}
        if isinstance(one, msgspec.inspect.ListType) and isinstance(value, list):
            return [_fitted(item, one.item_type) for item in value if item is not None]
    is_one_kind = len(others) == 1 and len(others) < len(kinds)
    is_scalar = is_one_kind and isinstance(value, (str, int, float))
    return _fitted_scalar(value, others[0]) if is_scalar else value


def _fitted_scalar(value: str | float, kind: msgspec.inspect.Type) -> str | float | None:
    if isinstance(kind, msgspec.inspect.StrType):
        return value if isinstance(value, (str, bool)) else str(value)
    if not isinstance(kind, (msgspec.inspect.IntType, msgspec.inspect.FloatType)):
        return value
    number = _number(value)
    if isinstance(kind, msgspec.inspect.FloatType):
        return number if math.isfinite(number) else value
    # The page or the count of a signal: no document is lost for it.
    fits = number.is_integer() and (kind.ge or -math.inf) <= number <= (kind.le or math.inf)
    return int(number) if fits else None


def _number(value: float | str) -> float:
    """Read a number that may be told as text; what is none, as true is, is not a number."""
    if isinstance(value, bool) or (isinstance(value, str) and not _DECIMAL.fullmatch(value)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def whole_score(upload_id: str, score: float | str) -> int:
    """Read a score that may come as 85, 85.0 or "85"."""
    number = _number(score)
    if not number.is_integer():
        where = "$.metadata.ocr_authenticity_score"
        shown = "a text" if isinstance(score, str) else repr(score)  # a text may be anybody's data
        raise DecodeError(upload_id, where, f"{shown} is not a whole number")
    return int(number)


def unreadable(data: bytes | msgspec.Raw, error: Exception) -> DecodeError:
    """Say which record cannot be read, and where in it."""
    return DecodeError(_id_of(data), *_what_is_wrong(data, error))


def _what_is_wrong(data: bytes | msgspec.Raw, error: Exception) -> tuple[str, str]:
    """Give the path of a fault, and what it is."""
    if not isinstance(error, msgspec.ValidationError) and (fault := fault_in(bytes(data))):
        return fault
    problem, _, path = str(error).partition(" - at `$")
    return "$" + path.rstrip("`"), problem


def reject(error: DecodeError, rejected: list[DecodeError] | None) -> None:
    """Put an error on the list, or raise it where there is none."""
    if rejected is None:
        raise error
    rejected.append(error)


def _id_of(data: bytes | msgspec.Raw) -> str:
    record_id = field_of(bytes(data), "id")
    return record_id if isinstance(record_id, str) and record_id else NO_ID


def field_of(record: bytes, name: str, kind: Any = Any) -> Any:
    """Read one field, if it can be, also of a record that cannot be read as a whole."""
    try:
        return msgspec.json.decode(fields_of(record).get(name, b"null"), type=kind)
    except UNREADABLE:
        return None


def checked_filters(
    user: str | None, account: str | None, document_type: str | None
) -> dict[str, str | None]:
    """Give the filters of a list of uploads, or refuse one that cannot match."""
    return {
        "user": checked_id("user", user),
        "account": checked_id("account", account),
        "document_type": None if document_type is None else checked_type(document_type),
    }


def checked_id(name: str, value: str | None) -> str | None:
    """Give an ID, or refuse what has not the shape of one."""
    if value is None or (isinstance(value, str) and is_uuid(value)):
        return value
    raise ValidationError(
        f"{name} must be an Argyle {_ID_OF.get(name, name)} ID (UUID), not {value!r}."
        + (f" To find it: client.list_users(external_id={value!r})." if name == "user" else ""),
        fields={name: ["Not a valid ID."]},
    )


def checked_type(document_type: str) -> str:
    """Give the document type that is meant, or refuse what Argyle does not know."""
    known = type_called(document_type)
    if known is None:
        raise ValidationError(
            sentences(unknown_type(document_type)),
            fields={"document_type": [f'"{document_type}" is not a valid choice.']},
        )
    return known


def unknown_type(text: Any) -> str:
    """Say that no document type is called so, and which one may be meant."""
    plain = {re.sub("[^a-z0-9]", "", known.lower()): known for known in DOCUMENT_TYPES}
    near = difflib.get_close_matches(re.sub("[^a-z0-9]", "", str(text).lower()), plain, n=1)
    meant = type_called(text) or (plain[near[0]] if near else None)
    hint = f" (did you mean {meant!r}?)" if meant else ""
    return f"unknown document_type {text!r}{hint}. Use one of: {', '.join(DOCUMENT_TYPES)}."


def type_called(text: Any) -> str | None:
    """Give the document type that a text means beyond doubt, however it is spelt."""
    words = SEPARATORS.sub(" ", str(text).casefold()).strip()
    plain = re.sub("[^a-z0-9]", "", _YEAR.sub("", words) or words)
    for document_type in DOCUMENT_TYPES:
        own = re.sub("[^a-z0-9]", "", document_type.lower())
        if plain == own or re.fullmatch(_SPELLINGS[document_type], plain):
            return document_type
    return None


def types_among(wanted: Iterable[Any], known: Container[Any]) -> list[Any]:
    """Read document types to filter by as a manifest does; those that occur stay as they are."""
    return [one if one in known else type_called(one) or one for one in wanted]
