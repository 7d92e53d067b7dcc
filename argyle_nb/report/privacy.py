"""What is personal data, and how it leaves: masked, hashed with a key, or in the clear.

Exports are allow-lists. A field that is not in the tables below is taken for personal.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import concatenated
from argyle_nb.frames.uploads import LEVEL, UPLOAD_COLUMNS
from argyle_nb.storage import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Change = Callable[..., str | None]


Mode = Literal["masked", "hashed", "include"]

# Kind of content -> what becomes of it when it is masked.
KINDS = {
    "name": "all",
    "address": "all",
    "text": "all (content unknown)",
    "number": "all but the last 4 digits; all below 8 digits",
    "file name": "all but the file type",
    "id": "all, unless it is an ID made by Argyle; equal ones of one report stay equal",
    "pseudonym": "all, unless it is an ID made by Argyle",
    "external id": "all (the lender's own ID of the borrower)",
    "amount": "all, unless it is an amount of money",
    "quantity": "all, unless it is a plain number below 1,000,000",
    "date": "all, unless it is a date or a year",
    "code": "all, unless it is a word of a published list",
    "currency": "all, unless it is a code of 3 letters",
    "wording": "all, unless every word is a usual one of payroll",
    "term": "all, unless every word is a usual one of documents and payroll",
    "path": "each part with a word that is not a usual one of documents and payroll",
    "label": "runs of 5 or more digits",
    "told": "runs of 5 or more digits, and quoted text",
    "open": "nothing",
}

# Signal -> what its texts before and after tampering hold (Ocrolus, supporting data definition).
SIGNAL_TEXTS = {
    "account_number_edits": "number",
    "employee_taxpayer_id_edits": "number",
    "employer_id_edits": "number",
    "account_holder_edits": "name",
    "employer_name_edits": "name",
    "employee_name_edits": "name",
    "account_holder_address_edits": "address",
    "employer_address_edits": "address",
    "employee_address_edits": "address",
    "dollar_amount_edits": "amount",
    "earnings_edits": "amount",
    "deductions_edits": "amount",
    "withholdings_edits": "amount",
    "date_edits": "date",
    "pay_frequency_edits": "code",
    "account_type_edits": "code",
}

_MONEY = ("current_pay", "ytd_pay", "amount")
_LINES = ("earnings.subtotals", "earnings.totals", "deductions.subtotals", "deductions.totals")
_W2_AMOUNTS = (
    "wagesTipsOtherComp",
    "federalIncomeTaxWithheld",
    "socialSecurityWages",
    "socialSecurityTaxWithheld",
    "medicareWagesAndTips",
    "medicareTaxWithheld",
    "socialSecurityTips",
    "allocatedTips",
    "dependentCareBenefits",
    "nonqualifiedPlans",
    "box12aAmount",
    "box12bAmount",
    "box12cAmount",
    "box12dAmount",
)
_NEC, _STUB = "a_1099-nec-", "paystub-"

# OCR field -> what it holds. Places in lists are left out: earnings.subtotals[0] is
# earnings.subtotals. (Ocrolus, Capture: paystub, W-2, 1099-NEC, PAYSTUB_01.)
OCR_FIELDS = {
    "employee.name": "name",
    "employer.name": "name",
    "employee.taxpayer_id.id_type": "code",
    "employee.taxpayer_id.last_4_digits": "number",
    "employment_details.annual_salary": "amount",
    "employment_details.hourly_rate": "amount",
    "employment_details.pay_basis": "code",
    "paystub_details.pay_period_start_date": "date",
    "paystub_details.pay_period_end_date": "date",
    "paystub_details.pay_date": "date",
    "paystub_details.pay_frequency": "code",
    "net_pay.distribution_details.account_number": "number",
    "net_pay.distribution_details.bank_account_type": "code",
    **{f"net_pay.distribution_details.{name}": "amount" for name in _MONEY},
    **{f"net_pay.{total}.{name}": "amount" for total in ("totals", "total") for name in _MONEY},
    **{f"{line}.{name}": "amount" for line in (*_LINES, "earnings.total") for name in _MONEY},
    **{f"{line}.canonical_description": "wording" for line in _LINES},
    **{f"{line}.current_hours": "quantity" for line in _LINES},
    **{f"{line}.current_rate": "amount" for line in _LINES},
    "year": "date",
    **dict.fromkeys(_W2_AMOUNTS, "amount"),
    "employeeName": "name",
    "employerName": "name",
    "employeeSocialSecurityNumber": "number",
    "employerIdNo": "number",
    f"{_NEC}General:forCalendarYear": "date",
    f"{_NEC}Part1-PayerPii:payerName": "name",
    f"{_NEC}Part1-PayerPii:payersTin": "number",
    f"{_NEC}Part2-RecipientPii:recipientName": "name",
    f"{_NEC}Part2-RecipientPii:recipientTin": "number",
    f"{_NEC}Part2-RecipientPii:accountNumber": "number",
    f"{_NEC}Part3-Amounts:nonemployeeCompensation": "amount",
    f"{_NEC}Part3-Amounts:federalIncomeTaxWithheld": "amount",
    f"{_STUB}Part1-General:employeeName": "name",
    f"{_STUB}Part1-General:nameOfEmployer/Company": "name",
    f"{_STUB}Part2-Dates:payPeriod(BeginningDate)": "date",
    f"{_STUB}Part2-Dates:payPeriod(EndingDate)": "date",
    f"{_STUB}Part2-Dates:payDate": "date",
    f"{_STUB}Part3-Earnings:grossPay(Current)": "amount",
    f"{_STUB}Part3-Earnings:grossPay(YTD)": "amount",
    f"{_STUB}Part3-Earnings:netPay(Current)": "amount",
    f"{_STUB}Part3-Earnings:netPay(YTD)": "amount",
}

CODES = frozenset(
    (
        *("WEEKLY", "BI_WEEKLY", "BIWEEKLY", "BI-WEEKLY", "SEMI_MONTHLY", "SEMI-MONTHLY"),
        *("MONTHLY", "QUARTERLY", "ANNUALLY", "DAILY", "HOURLY", "SALARY", "OTHER", "NOT LISTED"),
        *("SSN", "ITIN", "EIN", "CHKG", "CHECKING", "SAV", "SAVINGS"),
    )
)
# What stands in Ocrolus' own descriptions of a line of pay.
WORDS = frozenset(
    (
        *("REGULAR", "OVERTIME", "BONUS", "COMMISSION", "HOLIDAY", "VACATION", "SICK", "SALARY"),
        *("PAY", "HOURLY", "TIPS", "SEVERANCE", "RETROACTIVE", "EARNINGS", "NET", "GROSS", "TOTAL"),
        *("FEDERAL", "STATE", "LOCAL", "CITY", "TAX", "TAXES", "WITHHOLDING", "WITHHOLDINGS"),
        *("SOCIAL", "SECURITY", "MEDICARE", "DISABILITY", "UNEMPLOYMENT", "INSURANCE", "HEALTH"),
        *("DENTAL", "VISION", "LIFE", "RETIREMENT", "401K", "PENSION", "UNION", "DUES", "LOAN"),
        *("GARNISHMENT", "CHILD", "SUPPORT", "DEDUCTION", "DEDUCTIONS", "OTHER", "AND", "OF"),
    )
)
# What types of documents, signals, statuses and fields are named with: no word that is mostly a
# person's name. (Argyle, document types; Ocrolus, signals, supporting data and captured fields; the
# local sandbox.)
_TERMS = """
a account accounts acode add added address after allocated amount amounts an annual are at
authenticity award balance bank basis bcode been beginning benefits box business by calendar
canonical canonicalized captured care ccode certificate check checks classification code codes
comp company compensation completed confidence contract contradict copies copy country current
data date dates dcode deleted dependent deposit deposits description detail details detected
differ disagree distribution div do document documents does dollar edit edited editor edits ein
email employed employee employees employer employment end ending error errors failed false federal
field fields file files fit flat font fonts for form formatted forms frequency general generated
generator high highlighted hire holder hourly hours id identity idle image images impossible in
income inconsistent int invalid invoice is itin lease letter license line localized loss low
marital medium metadata misaligned misc miscellaneous missing mixed mortgage name nec no
nonqualified not number numbers ocr offer on online or origin other over overview overwritten page
pages paid part passed passport pasted payer payers paystub paystubs pdf pending period permit
personal phone photo pii plans postal process processing profit progress proof provider put rate
reason recipient reconcile reconciliation red region rejected rejection report response result
results return routing rule salary saved saving sbx scan schedule score scores screenshot self
sheet signal signals software source ssa ssn start statement statements status street stub
subtotal subtotals summary sums tampered tampering taxpayer text texts the tin to totals
transaction transactions transcript true txn type types unable unauthorized unclassified units
unknown unreadable unsupported unusual up utility validation validations value values verification
visa void wages was with withheld without year ytd zip
"""
TERMS = frozenset({*_TERMS.split(), *(word.lower() for word in WORDS)})
FILE_KINDS = (".pdf", ".jpg", ".jpeg", ".png", ".heic")

MASK = "***"
SHORTEST_SALT = 16
_REMEMBERED = 4096  # texts that come again and again are looked at once
# So many rows at a time are Python texts.
_ROWS = 8192
_LAST = 4
_ENOUGH_DIGITS = 8

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_AMOUNT = re.compile(
    r"\(?-?\$?-?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|[0-9]{1,6}|[0-9]{1,9}\.[0-9]{1,2})\)?"
)
_QUANTITY = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,4})?")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}(?:-[0-9]{2}-[0-9]{2})?|[0-9]{1,2}/[0-9]{1,2}/(?:19|20)?[0-9]{2}"
)
_RUN = re.compile(r"\d(?:[\s.\-/]{0,2}\d){4,}")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_CURRENCY = re.compile(r"[A-Z]{3}")
_PLACE = re.compile(r"\[[0-9]{1,4}\]")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z0-9]+|[0-9]+|\d")
_MOST_DIGITS, _MOST_LETTERS = 4, 2  # of a term: of a number, and letters that stand alone
_MOST_PATH_DIGITS = 8  # fewer than those of an SSN
_MADE_ID = re.compile(r"\*\*\*[a-p]{16}")
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_NO_ID = ("without an ID", "page")  # what stands in the place of a record's ID


@dataclass(frozen=True)
class Privacy:
    """How personal data leaves.

    Hashed is what would be masked, so that equal values can be joined by who does not see them.
    There are a thousand million SSNs, so that a plain hash of one is found in minutes; a keyed hash
    is not, while the key stays secret (NIST SP 800-53, SI-19(4)).
    """

    mode: Mode = "masked"
    salt: str | bytes | None = field(default=None, repr=False)  # kept, it joins later reports too
    _chance: bytes = field(
        default_factory=lambda: secrets.token_bytes(32), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ConfigurationError(
                f"Unknown pii {self.mode!r}. Use one of {', '.join(get_args(Mode))}."
            )
        if self.mode == "hashed" and len(self._key()) < SHORTEST_SALT:
            raise ConfigurationError(
                f"pii='hashed' needs a secret salt of at least {SHORTEST_SALT} bytes, "
                "such as secrets.token_bytes(32). Store it: without the same salt, "
                "later reports can't be joined."
            )
        if self.mode != "hashed" and self.salt is not None:
            raise ConfigurationError(
                f"salt works only with pii='hashed', not {self.mode!r}. Leave it out."
            )

    def text(self, kind: str, text: str) -> str:
        """Give a text as it may leave."""
        if self.mode == "include":
            return text
        masked = _MASKS[kind](text)
        if masked == text:
            return masked
        if self.mode == "hashed":
            return self._hashed(kind, text)
        return self._made_id(text) if kind == "id" else masked

    def _made_id(self, text: str) -> str:
        """Keep rows of one ID together, and those of two apart, in this report alone.

        It is of letters, so that it can't be taken for a number.
        """
        digest = hmac.new(self._chance, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return MASK + digest.hexdigest()[:16].translate(_LETTERS)

    def _hashed(self, kind: str, text: str) -> str:
        ending = file_kind(text) if kind == "file name" else ""
        message = f"{kind}\0{_normal(kind, text)}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key(), message, hashlib.sha256).hexdigest()[:32] + ending

    def _key(self) -> bytes:
        salt = self.salt or b""
        return salt.encode() if isinstance(salt, str) else salt


def ocr_kind(path: str) -> str:
    """Say what an OCR field holds; ``"text"`` for one that is not listed."""
    return OCR_FIELDS.get(_PLACE.sub("", path), "text")


def file_kind(name: str) -> str:
    """Give a file name's ending, if it is one of a document."""
    ending = "." + name.rpartition(".")[2].lower()
    return ending if ending in FILE_KINDS else ""


def _number(text: str) -> str:
    digits = [character for character in text if character.isdigit()]
    return MASK + ("".join(digits[-_LAST:]) if len(digits) >= _ENOUGH_DIGITS else "")


def _label(text: str) -> str:
    return _RUN.sub(lambda match: _number(match[0]), text)


def _term(text: str) -> str:
    return text if _is_term(text) else MASK


def _is_term(text: str) -> bool:
    """Tell whether a text is made of usual words and at most a short number."""
    words = _WORD.findall(text)
    digits = sum(character.isdigit() for character in text)
    letters = [word for word in words if len(word) == 1 and word.isascii() and word.isalpha()]
    return (
        digits <= _MOST_DIGITS
        and len(letters) <= _MOST_LETTERS
        and all(
            word in letters or word.lower() in TERMS or (word.isascii() and word.isdecimal())
            for word in words
        )
    )


def _path(text: str) -> str:
    """Mask the parts of a path that are no terms; the places in lists, which are ours, stay."""
    if sum(character.isdigit() for character in text) > _MOST_PATH_DIGITS:
        return MASK
    if _PLACE.sub("", text) in OCR_FIELDS:
        return text
    return ".".join(part if _is_term(_PLACE.sub("", part)) else MASK for part in text.split("."))


def _unless(shape: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: text if shape.fullmatch(text) else MASK


_MASKS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("name", "address", "text", "external id"), lambda _: MASK),
    "number": _number,
    "file name": lambda name: MASK + file_kind(name),
    "id": lambda text: text if _UUID.fullmatch(text) or _MADE_ID.fullmatch(text) else MASK,
    "pseudonym": _unless(_UUID),
    "amount": _unless(_AMOUNT),
    "quantity": _unless(_QUANTITY),
    "date": _unless(_DATE),
    "currency": _unless(_CURRENCY),
    "code": lambda text: text if text.upper() in CODES else MASK,
    "wording": lambda text: text if {*text.upper().split()} <= WORDS and text else MASK,
    "term": _term,
    "path": _path,
    "label": _label,
    "told": lambda text: _label(_QUOTED.sub(MASK, text)),
    "open": lambda text: text,
}


def _normal(kind: str, text: str) -> str:
    """Make one text of all spellings of the same thing."""
    if kind == "external id":  # to Argyle, two spellings are two borrowers
        return text
    plain = unicodedata.normalize("NFKC", text)
    if kind == "number":
        return "".join(character for character in plain if character.isalnum())
    return " ".join(plain.casefold().split())


# Allow-lists: column -> what it holds. What is not named here does not leave.
UPLOADS: dict[str, str] = {}
for _column in UPLOAD_COLUMNS:
    if _column.privacy:
        UPLOADS[_column.name] = _column.privacy
    if _column.name == LEVEL:
        UPLOADS["no_score_reason"] = "open"  # the report's own
SIGNALS = {
    "upload_id": "id",
    "document_type": "term",
    "form": "open",
    "form_type": "term",
    "form_score": "open",
    "form_authenticity_status": "term",
    "finding_type": "open",
    "identifier": "term",
    "display_name": "term",
    "reason_confidence": "term",
    "page_number": "open",
    "occurrences": "open",
    "occurrence": "open",
    "field_name": "path",
    "original_text": "by signal",
    "tampered_text": "by signal",
    "edit_source": "text",  # nobody published which software there is
    "doc_origin": "text",
    "other_values": "text",
}
OCR = {
    "upload_id": "id",
    "form": "open",
    "form_type": "term",
    "field": "path",
    "value": "by field",
    "formatted_value": "by field",
    "amount": "by field",
    "currency": "currency",
    "ocr_confidence": "open",
    "passes_validation": "open",
    "page": "open",
}
UNREADABLE = {"record": "id", "path": "path", "problem": "told", "listed": "open"}


def protected_uploads(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``uploads.csv``."""
    return _protected(frame, UPLOADS, privacy)


def protected_groups(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the uploads with document types as they may leave, for the counts by type."""
    if privacy.mode == "include":
        return frame
    change = partial(privacy.text, UPLOADS["document_type"])
    return frame.assign(document_type=_changed(change, frame["document_type"]))


def protected_signals(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``signals.csv``."""
    frame = frame.reset_index(drop=True)
    table = _protected(frame, SIGNALS, privacy)
    if privacy.mode == "include":
        return table

    def change(identifier: str | None, text: str) -> str:
        return privacy.text(SIGNAL_TEXTS.get(identifier or "", "text"), text)

    def found(identifier: str | None, text: str) -> str:
        """Where a name may not leave, the identifier says in its words what was found."""
        shown = privacy.text("term", text)
        is_clear = shown == text or not identifier or not _is_term(identifier)
        return shown if is_clear else str(identifier).replace("_", " ")

    for name in ("original_text", "tampered_text"):
        table[name] = _each(change, frame["identifier"], frame[name])
    table["display_name"] = _each(found, frame["identifier"], frame["display_name"])
    return table


def protected_ocr(frame: pd.DataFrame, privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``ocr_fields.csv``; an amount stays only where its text does."""
    frame = frame.reset_index(drop=True)
    table = _protected(frame, OCR, privacy)
    if privacy.mode == "include":
        return table

    def change(field: str, value: str) -> str:
        return privacy.text(ocr_kind(field), value)

    for column in ("value", "formatted_value"):
        table[column] = _each(change, frame["field"], frame[column])
    unchanged = (table["value"] == frame["value"]).to_numpy(dtype=bool, na_value=False)
    of_money = frame["field"].map(lambda field: ocr_kind(field) in ("amount", "quantity"))
    table["amount"] = frame["amount"].mask(~(unchanged & of_money.to_numpy(dtype=bool)))
    return table


def protected_unreadable(rows: Sequence[Mapping[str, Any]], privacy: Privacy) -> pd.DataFrame:
    """Give the columns of ``unreadable.csv``."""
    frame = pd.DataFrame(list(rows), columns=list(UNREADABLE))
    texts = dict.fromkeys(("record", "path", "problem"), "string")
    frame = frame.astype(texts | {"listed": "bool"})
    table = _protected(frame, UNREADABLE, privacy)
    table["record"] = table["record"].mask(frame["record"].isin(_NO_ID), frame["record"])
    return table


def dictionary_kind(file: str, column: str) -> str:
    """Say what a column of a report's file holds, in the words of `privacy.KINDS`."""
    tables = {
        "uploads.csv": UPLOADS,
        "signals.csv": SIGNALS,
        "ocr_fields.csv": OCR,
        "unreadable.csv": UNREADABLE,
    }
    return tables.get(file, {}).get(column, "open")


def _protected(frame: pd.DataFrame, allowed: Mapping[str, str], privacy: Privacy) -> pd.DataFrame:
    missing = [name for name in allowed if name not in frame]
    if missing:
        raise ConfigurationError(
            f"Column {', '.join(missing)} is missing. Pass the table as argyle_nb returned it."
        )
    table = frame[list(allowed)].reset_index(drop=True)
    if privacy.mode == "include":
        return table

    for name, kind in allowed.items():
        if kind not in ("open", "by signal", "by field"):
            table[name] = _changed(partial(privacy.text, kind), frame[name])
    return table


def _changed(change: Change, column: pd.Series[Any]) -> Any:
    """Change the texts of a column; one of categories keeps those that are no other."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return _each(change, column)
    known = [text for text in texts_of(column.cat.categories.to_series()) if text is not None]
    kept = [text for text in known if change(text) == text]
    if len(kept) == len(known):
        return column.array
    texts = pd.Series(_each(change, column))
    return pd.Categorical(texts, categories=[*dict.fromkeys([*kept, *texts.dropna()])])


def _each(change: Change, *columns: pd.Series[Any]) -> Any:
    """Change the last column's texts, each with the values beside it; missing stays missing."""
    remembered = lru_cache(_REMEMBERED)(change)
    blocks, changed = [], False
    for start in range(0, max(len(columns[0]), 1), _ROWS):
        rows = [column.iloc[start : start + _ROWS] for column in columns]
        lists = [texts_of(part.astype("string")) for part in rows]
        texts = [None if v[-1] is None else remembered(*v) for v in zip(*lists, strict=True)]
        if texts == lists[-1]:
            blocks.append(rows[-1].astype("string").array)  # it shares the memory of the frame
        else:
            changed = True
            blocks.append(pd.array(texts, dtype="string"))
    return concatenated(blocks) if changed else columns[-1].astype("string").array
