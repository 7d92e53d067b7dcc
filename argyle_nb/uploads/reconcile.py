"""Uploads at Argyle that the upload log does not account for.

`Reconciler` finds out about those that were not confirmed; `audit` lists duplicates and others.
Both compare contents by the SHA-256 of the downloaded bytes.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from argyle_nb.errors import (
    ApiError,
    DecodeError,
    DocumentError,
    NotFoundError,
    RateLimitError,
    TransportError,
    ValidationError,
)
from argyle_nb.models import is_uuid
from argyle_nb.uploads.jobs import check_upload_log, is_wrong_key, send_claimed
from argyle_nb.uploads.log import UNDECIDED, ListedUpload, LogEntry, UploadKey, UploadLog
from argyle_nb.uploads.users import users_called

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Container, Iterable, Mapping
    from pathlib import Path

    from argyle_nb.client.client import Client
    from argyle_nb.client.transfer import Digest
    from argyle_nb.errors import ArgyleError
    from argyle_nb.models import UserUpload
    from argyle_nb.uploads.jobs import UploadJob


SETTLE_SECONDS = 120.0
_BETWEEN_SEARCHES_SECONDS = 30.0
_LONGEST_UPLOAD_SECONDS = 3600.0
_STEP_SECONDS = 0.1
_DOWNLOADS = 8

Resend = Literal["once", "never"]

_UNCHECKED = "Not confirmed: it may be stored. Argyle could not be checked for it."

_UNAVAILABLE = (ApiError, DecodeError, DocumentError, TransportError)
FINDINGS = ("duplicate", "not_in_log")

FOUND = "Found at Argyle: the document was stored although the upload was not confirmed."
NOT_FOUND = (
    "Not listed at Argyle yet, but it may still appear. Not sent again. Run the batch again later."
)
_NEW = "Upload {} was not there before this document was sent. It may be this document."
_UNTIMED = "Upload {} may be this document: it is not known what was there before this was sent."
_COMPARE = (
    "This one was not sent again. Compare the two files: if they are different documents, upload "
    "this one with client.upload(...), and run the batch again."
)
STILL_UNKNOWN = (
    "Sent again, and again not confirmed. It may be stored. Run the batch again later to check."
)


class ListedBefore:
    """Lists the uploads that each user has before a run first sends something to them.

    What is listed only afterwards, and that the upload log does not know, may be a document whose
    upload was not confirmed, whatever its name, its time and its bytes are. Where the list can't be
    read, everything may be.
    """

    def __init__(self, client: Client, upload_log: UploadLog) -> None:
        self._client, self._log = client, upload_log
        self._lock = threading.Lock()
        self._listing: dict[str, threading.Lock] = {}
        self._is_listed: dict[str, bool] = {}

    def note(self, user: str, *, is_new: bool) -> bool:
        """List a user's uploads unless this run has; tell whether all are in the upload log."""
        with self._lock:
            listing = self._listing.setdefault(user, threading.Lock())
        with listing:
            if user not in self._is_listed:
                self._is_listed[user] = is_new or self._is_noted(user)
            return self._is_listed[user]

    def _is_noted(self, user: str) -> bool:
        try:
            uploads, unreadable = self._client.list_known(user)
        except (ApiError, DecodeError, TransportError) as error:
            if is_wrong_key(error) or isinstance(error, RateLimitError):
                raise
            return False
        ids = [upload.id for upload in uploads] + [error.record for error in unreadable]
        self._log.note_listed(self._client.settings.log_scope, ids)
        return True


class _Contents:
    """What uploads consist of: by the upload log, or else downloaded, hashed and written there."""

    def __init__(
        self,
        client: Client,
        upload_log: UploadLog,
        uploads: Iterable[UserUpload],
        on_step: Callable[[], None],
        unreadable: Mapping[str, ListedUpload] = MappingProxyType({}),
    ) -> None:
        self._client, self._log, self._on_step = client, upload_log, on_step
        self._scope = client.settings.log_scope
        listed = upload_log.note_listed(self._scope, [upload.id for upload in uploads])
        self.listed = {**listed, **unreadable}
        self.errors: dict[str, ArgyleError] = {}

    def sha256_of(self, upload: UserUpload) -> str | None:
        """Give the hash of an upload, where it is known."""
        return self.listed[upload.id].sha256

    def was_listed(self, upload_id: str, until: int | None) -> bool:
        """Tell whether an upload was listed before a moment."""
        return until is not None and self.listed[upload_id].number <= until

    def fetch(
        self,
        uploads: Iterable[UserUpload],
        sizes: Container[int] | None = None,
        is_enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Hash uploads, as far as it is not done and they may have one of these sizes.

        Those that can't be downloaded are in ``errors``.
        """
        missing = [upload for upload in uploads if self._is_missing(upload, sizes)]
        for start in range(0, len(missing), _DOWNLOADS):
            self._on_step()
            wave = missing[start : start + _DOWNLOADS]
            self._note({self._started(upload, sizes): upload for upload in wave})
            if is_enough():
                return

    def forget(self, upload: UserUpload) -> None:
        """Have an upload hashed again."""
        self.listed[upload.id] = ListedUpload(self.listed[upload.id].number)

    def _is_missing(self, upload: UserUpload, sizes: Container[int] | None) -> bool:
        _, size, sha256 = self.listed[upload.id]
        return sha256 is None and (size is None or sizes is None or size in sizes)

    def _started(self, upload: UserUpload, sizes: Container[int] | None) -> Future[Digest]:
        future: Future[Digest] = Future()

        def digest() -> None:
            try:
                future.set_result(self._client.digest(upload, sizes))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                future.set_exception(error)

        # Who interrupts does not wait for a download, nor does Python when it ends.
        threading.Thread(target=digest, name="argyle_nb digest", daemon=True).start()
        return future

    def _note(self, started: dict[Future[Digest], UserUpload]) -> None:
        unfinished = set(started)
        while unfinished:
            finished, unfinished = wait(unfinished, _STEP_SECONDS, FIRST_COMPLETED)
            for future in finished:
                self._note_one(started[future], future)
            if unfinished:
                self._on_step()

    def _note_one(self, upload: UserUpload, future: Future[Digest]) -> None:
        try:
            digest = future.result()
        except _UNAVAILABLE as error:
            if is_wrong_key(error):
                raise
            self.errors[upload.id] = error
            return
        self._log.note_content(self._scope, upload.id, *digest)
        self.listed[upload.id] = ListedUpload(self.listed[upload.id].number, *digest)


@dataclass
class _Listing:
    """One user's uploads that no row of the upload log has, and what they consist of."""

    unclaimed: list[UserUpload]
    unreadable: list[DecodeError]
    # By their IDs, with which Argyle answered, those that another row has, and that row.
    disputed: dict[str, tuple[UserUpload, UploadKey]]
    contents: _Contents
    undecided: Counter[str]  # the rows of the log that may be any of them, by their hashes


class Reconciler:
    """Decides about the uploads of one run that were not confirmed.

    An upload is this document if it has its bytes; names and times count for nothing. One that was
    first listed after the attempt and has other bytes may still be it, changed by the service.
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
        self.released: set[UploadKey] = set()  # rows that have lost their upload to another row

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
                listing = self._listing_of(user, theirs)
            except _UNAVAILABLE as error:
                _leave_undecided(theirs, f"{_UNCHECKED} {error}", error)
                continue
            open_ = [job for job in theirs if not self._recovers_its_id(job, listing)]
            open_ = self._adopt_new(open_, listing)
            open_ = [job for job in open_ if not self._may_be_there(job, listing)]
            absent += self._adopt_old(open_, listing)
        return absent

    def _listing_of(self, user: str, jobs: list[UploadJob]) -> _Listing:
        self._on_step()
        scope = self._client.settings.log_scope
        listed, unreadable = self._client.list_known(user)
        known = self._log.upload_ids(scope)
        unclaimed = [upload for upload in listed if upload.id not in known]
        disputed_ids = {job.entry.disputed_id for job in jobs}
        disputed = {
            one.id: (one, known[one.id]) for one in listed if one.id in disputed_ids & known.keys()
        }
        ids = [error.record for error in unreadable if error.record not in known]
        numbered = self._log.note_listed(scope, ids)
        return _Listing(
            unclaimed,
            [error for error in unreadable if error.record in numbered],
            disputed,
            _Contents(
                self._client,
                self._log,
                [*unclaimed, *(upload for upload, _ in disputed.values())],
                self._on_step,
                numbered,
            ),
            self._log.undecided(scope, user),
        )

    def _recovers_its_id(self, job: UploadJob, listing: _Listing) -> bool:
        """Give an upload that Argyle named in two answers to the row whose bytes it has."""
        if job.entry.disputed_id not in listing.disputed:
            return False
        upload, holder = listing.disputed[job.entry.disputed_id]
        listing.contents.fetch([upload])
        is_ours = listing.contents.sha256_of(upload) == job.document.sha256
        if not is_ours or holder.sha256 == job.document.sha256:
            return False
        assert job.key is not None  # noqa: S101 - as above
        self._log.give_up(holder, upload.id)
        self.released.add(holder)
        listing.disputed[upload.id] = upload, job.key
        self._finish(job, LogEntry("uploaded", upload.id, FOUND))
        return job.entry.state not in UNDECIDED

    def _adopt_new(self, jobs: list[UploadJob], listing: _Listing) -> list[UploadJob]:
        """Compare what came to light after the attempts; give the jobs that it is not."""
        new = [
            upload
            for upload in listing.unclaimed
            if any(_is_new(upload, job, listing) for job in jobs)
        ]
        sought = {job.document.sha256 for job in jobs}
        for upload in new:
            # It may have been shown as something else at first, such as a page to wait at.
            if any(map(_is_timed, jobs)) and listing.contents.sha256_of(upload) not in sought:
                listing.contents.forget(upload)
        listing.contents.fetch(_likeliest_first(new, jobs))
        # Where one content was sent as two types, each first gets the one of its own type.
        jobs = [job for job in jobs if not self._adopt(job, listing, own_type=True)]
        return [job for job in jobs if not self._adopt(job, listing, own_type=False)]

    def _adopt_old(self, jobs: list[UploadJob], listing: _Listing) -> list[UploadJob]:
        """Compare what was listed before, too: a document that is there is not sent again."""
        open_ = list(jobs)

        def are_all_found() -> bool:
            open_[:] = [job for job in open_ if not self._adopt(job, listing, own_type=True)]
            return not open_

        if not are_all_found():
            sizes = {job.document.size for job in open_}
            old = _likeliest_first(listing.unclaimed, open_)
            listing.contents.fetch(old, sizes, are_all_found)
        return open_

    def _adopt(self, job: UploadJob, listing: _Listing, *, own_type: bool) -> bool:
        same = _of_its_bytes(job, listing)
        # Argyle may have changed the type of a new one; an old one of another type is another.
        new = [upload for upload in same if _is_new(upload, job, listing)]
        is_certain = len(new) >= listing.undecided[job.document.sha256]
        for upload in same:
            is_own_type = upload.document_type == job.document_type
            may_be = (
                is_certain and (is_own_type or _is_timed(job)) if upload in new else is_own_type
            )
            if not may_be or (own_type and not is_own_type):
                continue
            listing.unclaimed.remove(upload)
            listing.undecided[job.document.sha256] -= 1
            self._finish(job, LogEntry("uploaded", upload.id, FOUND))
            return job.entry.state not in UNDECIDED
        return False

    def _may_be_there(self, job: UploadJob, listing: _Listing) -> bool:
        """Tell whether something new is there that is no other document of the upload log."""
        job.entry = job.entry._replace(state="not_confirmed", reason=NOT_FOUND)
        for record in listing.unreadable:
            if not listing.contents.was_listed(record.record, job.entry.listed_until):
                job.entry = job.entry._replace(reason=f"{_UNCHECKED} {record}")
                return True
        for upload in listing.unclaimed:
            if not _is_new(upload, job, listing):
                continue
            if error := listing.contents.errors.get(upload.id):
                reason = f"Upload {upload.id} could not be compared. {error}"
                job.entry = job.entry._replace(reason=reason)
                return True
            sha256 = listing.contents.sha256_of(upload)
            if sha256 == job.document.sha256 or not listing.undecided[str(sha256)]:
                told = _NEW if _is_timed(job) else _UNTIMED
                reason = f"{told.format(upload.id)} {_COMPARE}"
                job.entry = job.entry._replace(state="possible_match", reason=reason)
                return True
        return False

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


def _is_timed(job: UploadJob) -> bool:
    """Tell whether it is known what was there before the first attempt."""
    return job.entry.listed_until is not None


def _is_new(upload: UserUpload, job: UploadJob, listing: _Listing) -> bool:
    return not listing.contents.was_listed(upload.id, job.entry.listed_until)


def _of_its_bytes(job: UploadJob, listing: _Listing) -> list[UserUpload]:
    sha256 = job.document.sha256
    return [one for one in listing.unclaimed if listing.contents.sha256_of(one) == sha256]


def _likeliest_first(uploads: list[UserUpload], jobs: list[UploadJob]) -> list[UserUpload]:
    """Put uploads of the same name first, then the newest."""
    names = {job.entry.name for job in jobs}
    newest = sorted(uploads, key=lambda upload: str(upload.created_at or ""), reverse=True)
    return sorted(newest, key=lambda upload: upload.file_name not in names)


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
    with UploadLog(check_upload_log(upload_log)) as opened:
        known = opened.upload_ids(client.settings.log_scope)
        unknown = [upload for upload in listed if upload.id not in known]
        contents = _Contents(client, opened, unknown, lambda: None)
        contents.fetch(unknown)
    # A copy that the upload log knows is the one to keep, whichever came first.
    first = {known[u.id].sha256: u.id for u in reversed(listed) if u.id in known}
    return _frame_of([_finding(upload, contents, first) for upload in unknown])


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


def _finding(upload: UserUpload, contents: _Contents, first: dict[str, str]) -> dict[str, Any]:
    sha256, error = contents.sha256_of(upload), contents.errors.get(upload.id)
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
        "reason": f"Could not be compared. {error}" if error else None,
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
