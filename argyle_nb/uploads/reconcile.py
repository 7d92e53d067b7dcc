"""Uploads at Argyle that the upload log does not account for.

`Reconciler` finds out about those that were not confirmed; `audit` lists duplicates and others.
Both compare contents by the SHA-256 of the downloaded bytes.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from argyle_nb.errors import (
    ApiError,
    AuthenticationError,
    DecodeError,
    DocumentError,
    NotFoundError,
    TransportError,
    ValidationError,
)
from argyle_nb.models import is_uuid
from argyle_nb.uploads.jobs import default_upload_log, is_wrong_key, send_claimed
from argyle_nb.uploads.log import UNDECIDED, LogEntry, UploadLog
from argyle_nb.uploads.users import users_called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from argyle_nb.client.client import Client
    from argyle_nb.errors import ArgyleError
    from argyle_nb.models import UserUpload
    from argyle_nb.uploads.jobs import UploadJob


SETTLE_SECONDS = 120.0
# Argyle's clock and its list need not agree to the second.
_MARGIN_SECONDS = 300.0
_BETWEEN_SEARCHES_SECONDS = 30.0
_LONGEST_UPLOAD_SECONDS = 3600.0
_STEP_SECONDS = 0.1

Resend = Literal["once", "never"]

_UNCHECKED = "Not confirmed: it may be stored. Argyle could not be checked for it."

_UNAVAILABLE = (ApiError, DecodeError, DocumentError, TransportError)
FINDINGS = ("duplicate", "not_in_log")

FOUND = "Found at Argyle: the document was stored although the upload was not confirmed."
NOT_FOUND = (
    "Not listed at Argyle yet, but it may still appear. Not sent again. Run the batch again later."
)
STILL_UNKNOWN = (
    "Sent again, and again not confirmed. It may be stored. Run the batch again later to check."
)


@dataclass
class _Listing:
    """One user's uploads that no row of the upload log has, and the hashes of those fetched."""

    unclaimed: list[UserUpload]
    digests: dict[str, str] = field(default_factory=dict)


class Reconciler:
    """Decides about the uploads of one run that were not confirmed.

    Before ``confirm_timeout`` seconds have passed since an attempt, its absence means nothing.
    What stays absent is sent ``"once"`` more, or ``"never"``. ``on_step`` is called ten times a
    second while it waits and before each request; what it raises ends the whole.
    """

    def __init__(
        self,
        client: Client,
        upload_log: UploadLog,
        confirm_timeout: float,
        resend: Resend,
        on_step: Callable[[], None],
    ) -> None:
        self._client, self._log = client, upload_log
        self._confirm_timeout, self._resend, self._on_step = confirm_timeout, resend, on_step

    def decide(self, jobs: Iterable[UploadJob]) -> None:
        """Look for each undecided job, and send it again at most once."""
        held = [job for job in jobs if self._take_over(job)]
        absent = self._absent(held)
        if self._resend == "once" and absent:
            self._wait_to_settle(absent)
            self._resend_all(self._absent(absent))
        for job in held:
            if job.entry.state in UNDECIDED:
                self._finish(job, job.entry)

    def _resend_all(self, absent: list[UploadJob]) -> None:
        again = [job for job in absent if self._send_again(job)]
        again = self._absent(again)
        if again:
            self._wait_to_settle(again)
            for job in self._absent(again):
                job.entry = job.entry._replace(reason=STILL_UNKNOWN)

    def _take_over(self, job: UploadJob) -> bool:
        assert job.key is not None  # noqa: S101 - it was claimed with a key
        job.entry = self._log.look_after(job.key)
        return job.entry.state in UNDECIDED

    def _absent(self, jobs: list[UploadJob]) -> list[UploadJob]:
        """Look once for all jobs at Argyle; give those that are certainly not listed."""
        absent: list[UploadJob] = []
        by_user: dict[str, list[UploadJob]] = defaultdict(list)
        for job in jobs:
            by_user[job.key.user if job.key else ""].append(job)
        for user, theirs in by_user.items():
            try:
                listing = self._listing_of(user)
            except _UNAVAILABLE as error:
                _leave_undecided(theirs, f"{_UNCHECKED} {error}", error)
                continue
            # Where one content was sent as two types, each first gets the one of its own type.
            open_ = [job for job in theirs if not self._adopt(job, listing, own_type=True)]
            open_ = [job for job in open_ if not self._adopt(job, listing, own_type=False)]
            absent += [job for job in open_ if not self._may_be_there(job, listing)]
        return absent

    def _listing_of(self, user: str) -> _Listing:
        self._on_step()
        scope = self._client.settings.log_scope
        listed = list(self._client.list_uploads(user=user, errors="raise"))
        known = self._log.upload_ids(scope)
        return _Listing([upload for upload in listed if upload.id not in known])

    def _adopt(self, job: UploadJob, listing: _Listing, *, own_type: bool) -> bool:
        for upload in _candidates(job, listing):
            is_own = upload.document_type == job.document_type
            if is_own != own_type:
                continue
            try:
                same = self._digest(upload, listing) == job.document.sha256
            except _UNAVAILABLE as error:
                _leave_undecided([job], f"Upload {upload.id} could not be compared. {error}", error)
                continue
            if same:
                self._finish(job, LogEntry("uploaded", upload.id, FOUND))
                listing.unclaimed.remove(upload)
                return True
        return False

    def _may_be_there(self, job: UploadJob, listing: _Listing) -> bool:
        """Tell whether an upload has its name and time, but not, or not certainly, its bytes."""
        for upload in _candidates(job, listing):
            if upload.id in listing.digests:
                reason = (
                    f"Upload {upload.id} has the same file name and time but different content. "
                    "Compare the two files. This one was not sent again."
                )
                job.entry = job.entry._replace(state="possible_match", reason=reason)
            return True
        job.entry = job.entry._replace(state="not_confirmed", reason=NOT_FOUND)
        return False

    def _digest(self, upload: UserUpload, listing: _Listing) -> str:
        if upload.id not in listing.digests:
            self._on_step()
            listing.digests[upload.id] = _digest_of(self._client, upload)
        return listing.digests[upload.id]

    def _wait_to_settle(self, jobs: list[UploadJob]) -> None:
        """Wait until Argyle has had its time with each of these attempts."""
        pause = self._confirm_timeout - min(self._age(job) for job in jobs)
        until = time.monotonic() + max(
            pause, min(_BETWEEN_SEARCHES_SECONDS, self._confirm_timeout / 4)
        )
        while (left := until - time.monotonic()) > 0:
            self._on_step()
            time.sleep(min(left, _STEP_SECONDS))

    def _age(self, job: UploadJob) -> float:
        """Seconds since an attempt ended; when one of an earlier run did, nobody knows exactly."""
        if job.ended_at is not None:
            return time.monotonic() - job.ended_at
        now, sent_at = self._client.clock.now(), job.entry.sent_at
        if now is None or sent_at is None:
            return 0.0
        return max(0.0, now - sent_at - _LONGEST_UPLOAD_SECONDS)

    def _send_again(self, job: UploadJob) -> bool:
        """Send once more; tell whether that, too, needs a look."""
        assert job.key is not None  # noqa: S101 - as above
        self._on_step()
        self._log.claim_again(job.key, job.entry)
        started = time.monotonic()
        job.entry, error, _ = send_claimed(self._client, self._log, job.key, job.document)
        job.took(started)
        if error and is_wrong_key(error):
            raise error
        return job.entry.state in UNDECIDED and self._take_over(job)

    def _finish(self, job: UploadJob, entry: LogEntry) -> None:
        assert job.key is not None  # noqa: S101 - as above
        job.entry = self._log.finish(job.key, entry)


def _candidates(job: UploadJob, listing: _Listing) -> list[UserUpload]:
    since = None if job.entry.sent_at is None else job.entry.sent_at - _MARGIN_SECONDS
    alike = [
        upload
        for upload in listing.unclaimed
        if upload.file_name in (None, job.entry.name) and _is_since(upload.created_at, since)
    ]
    return sorted(alike, key=lambda upload: str(upload.created_at or ""))


def _is_since(created_at: datetime | None, since: float | None) -> bool:
    return created_at is None or since is None or created_at.timestamp() >= since


def _leave_undecided(jobs: list[UploadJob], reason: str, error: ArgyleError) -> None:
    if is_wrong_key(error):
        raise error
    for job in jobs:
        job.entry = job.entry._replace(reason=reason)


def audit(client: Client, *, user: str, upload_log: Path | str | None = None) -> pd.DataFrame:
    """Find duplicate uploads of a user, and uploads missing from the upload log.

    Contents are compared, not names: what is not in the upload log is downloaded and hashed.

    Parameters
    ----------
    client
        From `connect`.
    user
        A user ID or an external ID.
    upload_log
        As for `upload_batch`.

    Returns
    -------
    pandas.DataFrame
        A row per finding, oldest first: ``finding`` (category: ``duplicate``, the same bytes as
        ``same_as``; ``not_in_log``, not in the upload log), ``id``, ``same_as``,
        ``document_type``, ``file_name``, ``sha256`` (string; missing where it could not be
        downloaded), ``created_at`` (datetime, UTC), ``reason`` (string). What was sent as two types
        on purpose is no duplicate.

    Raises
    ------
    NotFoundError, ValidationError
        When no user has this external ID, or several have it.
    ApiError, TransportError
        When the uploads can't be listed.

    Examples
    --------
    >>> person = client.create_user(external_id="loan-79")
    >>> audit(client, user="loan-79", upload_log=folder / "journal.sqlite").empty
    True
    """
    listed = list(client.list_uploads(user=_id_of(client, user)))
    listed.sort(key=lambda upload: str(upload.created_at or ""))
    with UploadLog(Path(upload_log or default_upload_log())) as opened:
        known = opened.upload_ids(client.settings.log_scope)
    # A copy that the upload log knows is the one to keep, whichever came first.
    first = {known[u.id].sha256: u.id for u in reversed(listed) if u.id in known}
    rows = [_finding(client, upload, first) for upload in listed if upload.id not in known]
    return _frame_of(rows)


def _id_of(client: Client, user: str) -> str:
    if is_uuid(user):
        return user
    owners = sorted(owner.id for owner in users_called(client, user))
    if not owners:
        raise NotFoundError(f"No user has the external ID {user!r}. Check its spelling.")
    if len(owners) > 1:
        raise ValidationError(
            f"{len(owners)} users have the external ID {user!r}. Pass the user ID of one of them: "
            f"{', '.join(owners)}."
        )
    return owners[0]


def _finding(client: Client, upload: UserUpload, first: dict[str, str]) -> dict[str, Any]:
    try:
        sha256, reason = _digest_of(client, upload), None
    except AuthenticationError:
        raise
    except _UNAVAILABLE as error:
        sha256, reason = None, f"Could not be compared. {error}"
    same_as = None if sha256 is None else first.setdefault(sha256, upload.id)
    is_first = same_as in (None, upload.id)
    return {
        "finding": "not_in_log" if is_first else "duplicate",
        "id": upload.id,
        "same_as": None if is_first else same_as,
        "document_type": upload.document_type,
        "file_name": upload.file_name,
        "sha256": sha256,
        "created_at": upload.created_at,
        "reason": reason,
    }


def _frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    texts = ("id", "same_as", "document_type", "file_name", "sha256")
    columns: dict[str, Any] = {
        "finding": pd.Categorical([row["finding"] for row in rows], categories=FINDINGS)
    }
    columns |= {name: pd.Series([row[name] for row in rows], dtype="string") for name in texts}
    times = pd.to_datetime([row["created_at"] for row in rows], utc=True)
    columns["created_at"] = pd.Series(times, dtype="datetime64[us, UTC]")
    columns["reason"] = pd.Series([row["reason"] for row in rows], dtype="string")
    return pd.DataFrame(columns)


def _digest_of(client: Client, upload: UserUpload) -> str:
    """Download an upload, hash it, and keep nothing of it."""
    with (
        tempfile.TemporaryDirectory(prefix="argyle_nb_") as folder,
        client.download(upload, folder).open("rb") as file,
    ):
        return hashlib.file_digest(file, "sha256").hexdigest()
