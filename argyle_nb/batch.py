"""Many files: a manifest in, one row per file out; nothing is sent twice."""

from __future__ import annotations

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
        ``reason`` (string).

    Raises
    ------
    ValidationError
        Before anything is sent: one error that lists every line with an impossible type or user.
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
    """Sends one line at a time and remembers whom it has looked up."""

    def __init__(self, client: Client, journal: Journal) -> None:
        self._client = client
        self._journal = journal
        self._user_ids: dict[str, str] = {}

    def send(self, file: str, document_type: str, user: str) -> dict[str, Any]:
        try:
            document = inspect_document(file)
        except DocumentError as error:
            return _result(Entry("refused", None, error.problem))
        try:
            user_id = self._user_id(user)
        except AuthenticationError:
            raise
        except (ApiError, TransportError, DecodeError) as error:
            return _result(Entry("unsent", None, str(error)), document)
        entry = send_document(
            self._client, self._journal, document, document_type=document_type, user=user_id
        )
        return _result(entry, document)

    def _user_id(self, user: str) -> str:
        if is_uuid(user):
            return user
        if user not in self._user_ids:
            found = next(self._client.list_users(external_id=user), None)
            person = found or self._client.create_user(external_id=user)
            self._user_ids[user] = person.id
        return self._user_ids[user]


def _read_manifest(manifest: pd.DataFrame | Path | str) -> pd.DataFrame:
    if isinstance(manifest, pd.DataFrame):
        table, folder = manifest.reset_index(drop=True), Path()
    else:
        path = Path(manifest)
        if not path.is_file():
            raise ValidationError(f"{path}: there is no such manifest; check the path")
        table, folder = _read_csv(path), path.parent
    missing = [name for name in MANIFEST_COLUMNS if name not in table]
    if missing:
        raise ValidationError(
            f"the manifest has no column {', '.join(missing)}: it needs "
            f"{', '.join(MANIFEST_COLUMNS)}"
        )
    lines = {name: table[name].astype("string").fillna("").str.strip() for name in MANIFEST_COLUMNS}
    lines["file"] = lines["file"].map(lambda file: str(folder / file) if file else "")
    return table.assign(**lines)


def _read_csv(path: Path) -> pd.DataFrame:
    """Read texts as they stand: Excel begins a CSV file with a mark, and 'NA' may be a name."""
    try:
        return pd.read_csv(path, dtype="string", keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise ValidationError(
            f"{path} cannot be read as a manifest ({error}): save it as CSV in UTF-8"
        ) from None


def _check_lines(table: pd.DataFrame) -> None:
    """Name every bad line in one error."""
    bad: list[str] = []
    for number, (file, kind, user) in enumerate(table[list(MANIFEST_COLUMNS)].to_numpy(), start=1):
        if kind not in DOCUMENT_TYPES:
            bad.append(f"row {number}: document_type {kind!r} is not one of the six")
        bad += [f"row {number}: file is empty"] if not file else []
        bad += [f"row {number}: user is empty"] if not user else []
    if bad:
        raise ValidationError(
            f"the manifest has {len(bad)} bad lines, nothing was sent: {'; '.join(bad)} "
            f"(document types: {', '.join(DOCUMENT_TYPES)})",
            fields={"manifest": bad},
        )


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
