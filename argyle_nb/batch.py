"""Many files: a manifest in, one row per file out; nothing is sent twice."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from argyle_nb.config import data_folder
from argyle_nb.documents import Document, inspect_document
from argyle_nb.errors import (
    AmbiguousUploadError,
    ApiError,
    AuthenticationError,
    DecodeError,
    DocumentError,
    RateLimitError,
    TransportError,
    ValidationError,
)
from argyle_nb.journal import Entry, Journal, Key
from argyle_nb.models import DOCUMENT_TYPES, is_uuid

if TYPE_CHECKING:
    from collections.abc import Callable

    from argyle_nb.client import Client

MANIFEST_COLUMNS = ("file", "document_type", "user")
STATES = ("done", "refused", "rejected", "unsent", "unknown")

RESULT_COLUMNS = ("state", "upload_id", "bytes", "reason")
ALREADY_THERE = "already at the service"

_MAYBE_SENT = (
    "an earlier run was cut off while it sent this, or another run is sending it now; "
    "look for it with client.list_uploads(user=...) before you send it again"
)


def upload_batch(
    client: Client,
    manifest: pd.DataFrame | Path | str,
    *,
    journal: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Upload the files that a manifest lists, each once.

    Parameters
    ----------
    client
        From `connect`.
    manifest
        A CSV file, or a frame, with the columns ``file`` (relative to the CSV file),
        ``document_type`` and ``user`` (an id, or an ``external_id`` that is looked up, and
        created if nobody has it). Further columns are carried through.
    journal
        The SQLite file that remembers what was sent; ``~/.local/share/argyle_nb/journal.sqlite``
        by default. Running the same manifest again sends only what is not there yet.
    progress
        Called with (files finished, files in all).

    Returns
    -------
    pandas.DataFrame
        The manifest's rows in its order, and: ``state`` (category: ``done``; ``refused``, not
        sent because of the file; ``rejected`` by the service; ``unsent``, the service was not
        reached; ``unknown``, it may be there), ``upload_id`` (string), ``bytes`` (Int64),
        ``reason`` (string). Once the service cannot be reached, the rest is ``unsent``, untried.

    Raises
    ------
    ValidationError
        Before anything is sent: the manifest cannot be read, or one error that lists every line
        with an impossible type or user.
    AuthenticationError
        At the first upload that the key is refused for; nothing further is sent.

    Examples
    --------
    >>> upload_batch(client, "data/manifest.csv")  # doctest: +SKIP
    """
    table = _read_manifest(manifest)
    _check_lines(table)
    sender = _Sender(client, Journal(Path(journal or default_journal())))
    results: list[dict[str, Any]] = []
    for row in table[list(MANIFEST_COLUMNS)].to_dict("records"):
        results.append(sender.send(**{str(name): value for name, value in row.items()}))
        if progress:
            progress(len(results), len(table))
    return _with_results(table, results)


def find_or_create_user(client: Client, journal: Journal, external_id: str) -> str:
    """Give the id of the user with an external id; a user is created if nobody has it.

    Parameters
    ----------
    client
        Whose users.
    journal
        Keeps two runs that use it from creating the same user at once.
    external_id
        Exactly; where several users share it, the first that is listed counts.

    Returns
    -------
    str
        The user's id.

    Raises
    ------
    ApiError, TransportError
        When the service cannot be asked.

    Examples
    --------
    >>> from argyle_nb.journal import Journal
    >>> journal = Journal(folder / "journal.sqlite")
    >>> one = find_or_create_user(client, journal, "loan-78")
    >>> one == find_or_create_user(client, journal, "loan-78")
    True
    """
    with journal.exclusive():
        found = next(client.list_users(external_id=external_id), None)
        return (found or client.create_user(external_id=external_id)).id


def default_journal() -> Path:
    """Say which journal is used when none is named."""
    return data_folder() / "journal.sqlite"


def send_document(
    client: Client,
    journal: Journal,
    document: Document,
    *,
    document_type: str,
    user: str,
    progress: Callable[[int, int], None] | None = None,
) -> Entry:
    """Send one document unless the journal says that it was sent.

    Parameters
    ----------
    client, journal
        Where to send and where to write it down.
    document
        From `inspect_document`.
    document_type
        One of the six types.
    user
        The user's id.
    progress
        Called with (bytes sent, bytes in all).

    Returns
    -------
    Entry
        ``done`` with the upload's id, ``rejected``, ``unsent`` or ``unknown`` with the reason.

    Raises
    ------
    AuthenticationError
        When the key is refused; the document was not stored.

    Examples
    --------
    >>> send_document(client, journal, inspect_document("w2.pdf"),
    ...               document_type="W-2", user=user.id)  # doctest: +SKIP
    """
    key = Key(client.settings.journal_scope, document.sha256, document_type, user)
    known = journal.claim(key, document.name)
    if known and known.state == "done":
        return Entry("done", known.upload_id, ALREADY_THERE)
    if known:
        return Entry("unknown", None, _MAYBE_SENT) if known.state == "sending" else known
    entry = Entry("unknown", None, _MAYBE_SENT)
    try:
        sent = client.upload(document, document_type=document_type, user=user, progress=progress)
        entry = Entry("done", sent.id, None)
    except AmbiguousUploadError as error:
        entry = Entry("unknown", None, str(error))
    except (TransportError, RateLimitError) as error:
        entry = Entry("unsent", None, str(error))
    except AuthenticationError as error:
        entry = Entry("unsent", None, str(error))
        raise
    except ApiError as error:
        entry = Entry("rejected", None, str(error))
    except DocumentError as error:
        entry = Entry("unsent", None, error.problem)
    finally:
        journal.settle(key, document.name, entry)
    return entry


class _Sender:
    """Sends one line at a time, remembers whom it has looked up, and when the service was gone."""

    def __init__(self, client: Client, journal: Journal) -> None:
        self._client = client
        self._journal = journal
        self._user_ids: dict[str, str] = {}
        self._gone: str | None = None

    def send(self, file: str, document_type: str, user: str) -> dict[str, Any]:
        try:
            document = inspect_document(file)
        except DocumentError as error:
            return _result(Entry("refused", None, error.problem))
        if self._gone:
            return _result(Entry("unsent", None, f"not tried: {self._gone}"), document)
        try:
            user_id = self._user_id(user)
        except AuthenticationError:
            raise
        except TransportError as error:
            self._gone = str(error)
            return _result(Entry("unsent", None, self._gone), document)
        except (ApiError, DecodeError) as error:
            return _result(Entry("unsent", None, str(error)), document)
        entry = send_document(
            self._client, self._journal, document, document_type=document_type, user=user_id
        )
        return _result(entry, document)

    def _user_id(self, user: str) -> str:
        if is_uuid(user):
            return user
        if user not in self._user_ids:
            self._user_ids[user] = find_or_create_user(self._client, self._journal, user)
        return self._user_ids[user]


def _read_manifest(manifest: pd.DataFrame | Path | str) -> pd.DataFrame:
    if isinstance(manifest, pd.DataFrame):
        table, folder = manifest.reset_index(drop=True), Path()
    elif isinstance(manifest, (str, Path)):
        table, folder = _read_csv(Path(manifest)), Path(manifest).parent
    else:
        raise ValidationError(
            f"a manifest is a CSV file or a DataFrame, not {type(manifest).__name__}: "
            f"give it the columns {', '.join(MANIFEST_COLUMNS)}"
        )
    _check_columns([str(name) for name in table])
    lines = {name: table[name].astype("string").fillna("").str.strip() for name in MANIFEST_COLUMNS}
    lines["file"] = lines["file"].map(lambda file: str(folder / file) if file else "")
    return table.assign(**lines)


def _check_columns(names: list[str]) -> None:
    missing = [name for name in MANIFEST_COLUMNS if name not in names]
    if missing:
        separator = " (are they separated by ';'? use ',')" if ";" in "".join(names) else ""
        raise ValidationError(
            f"the manifest has no column {', '.join(missing)}: it needs "
            f"{', '.join(MANIFEST_COLUMNS)} and has {', '.join(names)}{separator}"
        )
    taken = [name for name in RESULT_COLUMNS if name in names]
    if taken:
        raise ValidationError(
            f"the manifest has a column {', '.join(taken)}, which the result uses: rename it"
        )


def _read_csv(path: Path) -> pd.DataFrame:
    """Read texts as they stand: Excel begins a CSV file with a mark, and 'NA' may be a name."""
    if not path.is_file():
        what = "is a folder, not a manifest: name" if path.is_dir() else "is not there: check"
        raise ValidationError(f"{path} {what} the CSV file that lists the documents")
    try:
        table = pd.read_csv(path, dtype="string", keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise ValidationError(f"{path} is empty: list the documents in it") from None
    except (ValueError, OSError) as error:
        raise ValidationError(
            f"{path} cannot be read as a manifest ({error}): save it as CSV in UTF-8"
        ) from None
    return table.rename(columns=str.strip)


def _check_lines(table: pd.DataFrame) -> None:
    """Name every bad line in one error; a CSV file's first document is its second line."""
    bad: list[str] = []
    for number, (file, kind, user) in enumerate(table[list(MANIFEST_COLUMNS)].to_numpy(), start=2):
        if kind not in DOCUMENT_TYPES:
            bad.append(f"line {number}: document_type {kind!r} is not one of the six{_meant(kind)}")
        bad += [f"line {number}: file is empty"] if not file else []
        bad += [f"line {number}: user is empty"] if not user else []
    if bad:
        raise ValidationError(
            f"nothing was sent, the manifest has to be mended: {'; '.join(bad)}. "
            f"The document types are {', '.join(DOCUMENT_TYPES)}",
            fields={"manifest": bad},
        )


def _meant(kind: str) -> str:
    """Guess what a misspelt type was meant to be."""
    plain = {re.sub("[^a-z0-9]", "", known.lower()): known for known in DOCUMENT_TYPES}
    near = difflib.get_close_matches(re.sub("[^a-z0-9]", "", kind.lower()), plain, n=1)
    return f" (did you mean {plain[near[0]]}?)" if near else ""


def _result(entry: Entry, document: Document | None = None) -> dict[str, Any]:
    return {
        "state": entry.state,
        "upload_id": entry.upload_id,
        "bytes": document.size if document else None,
        "reason": entry.reason,
    }


def _with_results(table: pd.DataFrame, results: list[dict[str, Any]]) -> pd.DataFrame:
    return table.assign(
        state=pd.Categorical([r["state"] for r in results], categories=STATES),
        upload_id=pd.Series([r["upload_id"] for r in results], dtype="string"),
        bytes=pd.Series([r["bytes"] for r in results], dtype="Int64"),
        reason=pd.Series([r["reason"] for r in results], dtype="string"),
    )
