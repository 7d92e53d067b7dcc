"""What stands at the service twice, or without anybody knowing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from argyle_nb.errors import AuthenticationError, NotFoundError
from argyle_nb.models import is_uuid
from argyle_nb.uploads.digest import UNREADABLE, digest_of
from argyle_nb.uploads.journal import Journal
from argyle_nb.uploads.one import default_journal

if TYPE_CHECKING:
    from argyle_nb.client.client import Client
    from argyle_nb.models import UserUpload

FINDINGS = ("duplicate", "orphan")


def audit(client: Client, *, user: str, journal: Path | str | None = None) -> pd.DataFrame:
    """List what a user has at the service twice, or without the journal knowing it.

    Contents are compared, not names: what the journal does not know is downloaded and hashed.

    Parameters
    ----------
    client
        From `connect`.
    user
        An id or an external id.
    journal
        As for `upload_batch`.

    Returns
    -------
    pandas.DataFrame
        A row per finding, oldest first: ``finding`` (category: ``duplicate``, the same bytes as
        ``same_as``; ``orphan``, no row of the journal has it), ``id``, ``same_as``,
        ``document_type``, ``file_name``, ``sha256`` (string; missing where it could not be
        downloaded), ``created_at`` (datetime, UTC), ``reason`` (string). What was sent as two types
        on purpose is no duplicate.

    Raises
    ------
    NotFoundError
        When nobody has this external id.
    ApiError, TransportError
        When the uploads cannot be listed.

    Examples
    --------
    >>> person = client.create_user(external_id="loan-79")
    >>> audit(client, user="loan-79", journal=folder / "journal.sqlite").empty
    True
    """
    listed = list(client.list_uploads(user=_id_of(client, user)))
    listed.sort(key=lambda upload: str(upload.created_at or ""))
    with Journal(Path(journal or default_journal())) as kept:
        known = kept.upload_ids(client.settings.journal_scope)
    # A copy that the journal knows is the one to keep, whichever came first.
    first = {known[u.id].sha256: u.id for u in reversed(listed) if u.id in known}
    rows = [_finding(client, upload, first) for upload in listed if upload.id not in known]
    return _framed(rows)


def _id_of(client: Client, user: str) -> str:
    if is_uuid(user):
        return user
    found = next(client.list_users(external_id=user), None)
    if found is None:
        raise NotFoundError(f"no user has the external id {user!r}: check it")
    return found.id


def _finding(client: Client, upload: UserUpload, first: dict[str, str]) -> dict[str, Any]:
    try:
        sha256, reason = digest_of(client, upload), None
    except AuthenticationError:
        raise
    except UNREADABLE as error:
        sha256, reason = None, f"could not be compared: {error}"
    same_as = None if sha256 is None else first.setdefault(sha256, upload.id)
    is_first = same_as in (None, upload.id)
    return {
        "finding": "orphan" if is_first else "duplicate",
        "id": upload.id,
        "same_as": None if is_first else same_as,
        "document_type": upload.document_type,
        "file_name": upload.file_name,
        "sha256": sha256,
        "created_at": upload.created_at,
        "reason": reason,
    }


def _framed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    texts = ("id", "same_as", "document_type", "file_name", "sha256")
    columns: dict[str, Any] = {
        "finding": pd.Categorical([row["finding"] for row in rows], categories=FINDINGS)
    }
    columns |= {name: pd.Series([row[name] for row in rows], dtype="string") for name in texts}
    times = pd.to_datetime([row["created_at"] for row in rows], utc=True)
    columns["created_at"] = pd.Series(times, dtype="datetime64[us, UTC]")
    columns["reason"] = pd.Series([row["reason"] for row in rows], dtype="string")
    return pd.DataFrame(columns)
