"""`upload_batch`: a manifest in, one row per file out; nothing twice, nothing lost.

`send_jobs` is what it shares with a queue: send each job, and find out about unclear ends.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.documents import MAX_DOCUMENT_BYTES, safe_name
from argyle_nb.errors import ConfigurationError, sentences
from argyle_nb.uploads.folders import grouped, tell_alike
from argyle_nb.uploads.jobs import UploadJob, check_upload_log, plan_of, with_results
from argyle_nb.uploads.log import UNDECIDED, LogEntry, UploadKey, UploadLog
from argyle_nb.uploads.manifest import ManifestLine, read_manifest
from argyle_nb.uploads.reconcile import SETTLE_SECONDS, Reconciler, Resend
from argyle_nb.uploads.users import Users
from argyle_nb.uploads.workers import Progress, ProgressReporter, UploadWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from argyle_nb.client.client import Client

_POLL_SECONDS = 0.1


def upload_batch(
    client: Client,
    manifest: pd.DataFrame | Path | str,
    *,
    document_type: str | None = None,
    user: str | None = None,
    upload_log: Path | str | None = None,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    strict: bool = False,
    confirm_timeout: float = SETTLE_SECONDS,
    resend: Resend = "once",
    progress: Callable[[Progress], None] | None = None,
    wait: bool = False,
) -> pd.DataFrame:
    """Upload many documents and skip those already uploaded. Can be interrupted and run again.

    Parameters
    ----------
    client
        From `connect`.
    manifest
        A folder, which is listed as `manifest` does. Or a frame, a CSV file or an Excel workbook
        (with the extra ``excel``; its first sheet that fits) with the column ``file``, a path
        that is relative to that file, ``document_type`` (where it is empty, the file's name or
        first page tells it, as in a folder), and the borrower in ``external_id`` (your own
        identifier; if no user has it, one is created), or in ``user`` (Argyle's user ID, or an
        external ID), or in both. Headers may be written ``Document Type``,
        types ``W2`` or ``pay stub``, paths as on Windows; separator and encoding are detected.
        Further columns are kept.
    document_type, user
        Default for rows without one. In a folder, a file whose folder names another borrower than
        ``user`` is ``invalid``.
    upload_log
        SQLite file that records sent documents; by default ``journal.sqlite`` in the data folder,
        on Linux ``~/.local/share/argyle_nb``. Running the same manifest again sends only what is
        not at Argyle yet.
    max_bytes, strict
        The largest document, and whether one with a problem (an encrypted PDF, damage that viewers
        repair) is ``invalid``, as for `inspect_document`.
    confirm_timeout
        Seconds after which an upload that was not confirmed, and that Argyle does not list, counts
        as not stored. For as long, a user whose creation was not confirmed is not created again:
        the rows are ``not_sent``.
    resend
        ``"once"``: send such an upload once more, at most once in a run. ``"never"``: leave it
        ``not_confirmed``; the next run checks again.
    progress
        Called with a `Progress` (files, all_files, bytes, all_bytes, and rows: those that
        moved) from this thread, about ten times a second. A KeyboardInterrupt that it raises ends
        the batch as one from the keyboard does. So does anything else, and it is then called only
        once more, when nothing is being sent.
    wait
        Return when Argyle has processed what it has, as `Client.wait` does.

    Returns
    -------
    pandas.DataFrame
        The manifest's rows in its order with all its columns, among which are ``file``,
        ``document_type``, ``external_id`` (missing where only a user ID was given) and ``user``
        (Argyle's user ID; missing where it never became known), each a string; where a type was
        spelled in another way, ``document_type_as_written`` (string), and where the file told it,
        ``type_found_by`` (string: ``file name`` or ``content``). Then: ``state`` (category:
        ``uploaded``; ``invalid``, not sent because of the row, its borrower or its file, so that
        it must be corrected; ``rejected_by_argyle``; ``not_sent``, certainly not stored;
        ``not_confirmed``, it may be stored; ``possible_match``, Argyle lists an upload that was
        not there before, with different content, which may be this document), ``upload_id``
        (string), ``attempts`` (Int64, over all runs; of what was already at Argyle, those of the
        earlier ones), ``seconds`` (Float64, spent on sending it now; 0 where it was already
        there), ``bytes`` (Int64), ``reason`` (string). Once Argyle can't be reached, the rest is
        ``not_sent``, untried.

    Raises
    ------
    ValidationError
        Before anything is sent: the manifest can't be read, or has no ``file`` column.
    AuthenticationError
        When Argyle rejects the key; nothing further is sent.
    ConfigurationError
        When the upload log can't be written; nothing is sent that is not in it.
    KeyboardInterrupt
        After an interrupt, once what was being sent has ended. Run it again to resume.

    Warns
    -----
    UserWarning
        Before anything is sent: names the rows that can't be, and why, and external IDs that
        differ only in upper and lower case. Afterwards: names the rows whose borrower turned out
        to be unclear. The state of all these rows is ``invalid``; once they are corrected, the
        whole manifest can be run again.

    Notes
    -----
    The promise: at most one copy of the same content, type and user for each upload log, as long
    as Argyle lists an upload that it has accepted within ``confirm_timeout`` seconds. Argyle
    documents no idempotency key, so no client can promise more: if Argyle lists a document later
    than that, a second copy is possible, and `audit` finds it. With ``resend="never"`` nothing is
    ever sent twice. Where the outcome is unknown, the row says ``not_confirmed``, never
    ``uploaded``.

    Documents are compared by their bytes alone, so it does not matter which name or time Argyle
    gives an upload. The uploads of a user are listed before the first document is sent to that
    user: what comes to light afterwards with other bytes may be the document, changed by Argyle,
    and it is not sent again. Nothing is downloaded unless an upload was not confirmed, and then
    once: the upload log keeps its hash.

    Two runs may share an upload log, on one computer or several; each document is sent by one of
    them. The upload log holds file names, IDs (external IDs too) and hashes; no contents, no keys.
    Of what `UploadPanel` is asked to send it also holds the path on this computer and the borrower
    as typed, until the document is at Argyle or is removed from the panel; of an interrupted batch
    until it is resumed or discarded.

    Examples
    --------
    >>> upload_batch(client, "data/manifest.csv")  # doctest: +SKIP
    >>> upload_batch(client, "scans", wait=True)  # doctest: +SKIP
    >>> upload_batch(client, "scans/loan-77", user="loan-77")  # doctest: +SKIP
    """
    path = check_upload_log(upload_log)
    table, lines = read_manifest(manifest, document_type=document_type, user=user)
    named = {
        row: (line.file, line.document_type, line.borrower)
        for row, line in enumerate(lines)
        if line.names_file
    }
    problems = {row: line.problems for row, line in enumerate(lines) if line.problems}
    plan = plan_of(named, problems, max_bytes=max_bytes, strict=strict)
    _tell_refused(lines, plan.refused)
    tell_alike(line.borrower.external_id for line in lines)
    if unreadable := {row: why for row, why in plan.refused.items() if row not in problems}:
        _record_refused(path, client.settings.log_scope, lines, unreadable)
    send_jobs(
        client, plan.jobs, path, confirm_timeout=confirm_timeout, resend=resend, progress=progress
    )
    sent = with_results(table, plan)
    unclear = [job for job in plan.jobs if job.entry.state == "invalid"]
    late = {row: [job.entry.reason or ""] for job in unclear for row in job.rows}
    _tell_refused(lines, late, is_over=True)
    if wait:
        client.wait(map(client.get_upload, sent["upload_id"].dropna().unique()))
    return sent


def send_jobs(
    client: Client,
    jobs: list[UploadJob],
    path: Path,
    *,
    confirm_timeout: float = SETTLE_SECONDS,
    resend: Resend = "once",
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Send each job once, with an upload log; each holds how it ended afterwards."""
    upload_log = UploadLog(path)
    with ProgressReporter(jobs, progress) as reporter:
        users = Users(client, upload_log, confirm_timeout)
        workers = UploadWorkers(client, upload_log, users, reporter)
        try:
            workers.send(jobs)
            reconciler = Reconciler(client, upload_log, confirm_timeout, resend, reporter.show)
            _decide_all(upload_log, reconciler, jobs, reporter.show)
            _note_copies(upload_log, client.settings.log_scope, jobs)
        finally:
            workers.call_when_idle(upload_log.close)


def _tell_refused(
    lines: list[ManifestLine], refused: Mapping[int, Iterable[str]], *, is_over: bool = False
) -> None:
    """Say which rows are not uploaded, and why: who runs a batch may not look at its result."""
    if not refused:
        return
    told = grouped((lines[row].file, why) for row, reasons in refused.items() for why in reasons)
    verb = "could" if is_over else "can"
    if len(lines) == 1:
        count = f"The row {verb} not be uploaded"
    elif len(refused) == len(lines):
        count = f"None of {len(lines)} rows {verb} be uploaded"
    else:
        rest = "" if is_over else "; the others are uploaded"
        count = f"{len(refused)} of {len(lines)} rows {verb} not be uploaded{rest}"
    count = count.replace("can not", "can't")
    warnings.warn(f"{count}. {' '.join(told)}", stacklevel=3)


def _note_copies(upload_log: UploadLog, scope: str, jobs: list[UploadJob]) -> None:
    """Note as which other types Argyle has a document: each is a copy of its own."""
    types = upload_log.types_of_copies(scope)
    for job in jobs:
        if job.key and job.entry.state == "uploaded":
            others = types.get((job.key.sha256, job.key.user), set()) - {job.document_type}
            job.other_types = tuple(sorted(others))


def _record_refused(
    path: Path, scope: str, lines: list[ManifestLine], refused: dict[int, tuple[str, ...]]
) -> None:
    """Write refused files down by a hash of their path: of their content there may be none."""
    rows = []
    for row, why in refused.items():
        file, document_type, borrower = lines[row][:3]
        place = str(Path(file).absolute()).encode("utf-8", "surrogatepass")
        digest = f"path {hashlib.sha256(place).hexdigest()}"
        key = UploadKey(scope, digest, document_type, str(borrower))
        rows.append((key, safe_name(file), sentences(*why), borrower.external_id or None))
    with UploadLog(path) as upload_log:
        upload_log.refuse(rows)


def _decide_all(
    upload_log: UploadLog,
    reconciler: Reconciler,
    jobs: list[UploadJob],
    on_step: Callable[[], None],
) -> None:
    """Wait for what other runs send, and find out about what nobody knows, once each."""
    undecided = [job for job in jobs if job.key and job.entry.state in ("sending", *UNDECIDED)]
    while undecided:
        _wait_for_others(upload_log, undecided, on_step)
        reconciler.decide(job for job in undecided if job.entry.state in UNDECIDED)
        # Another run may have taken one of them in the meantime.
        undecided = [job for job in undecided if job.entry.state == "sending"]
        released = [job for job in jobs if job.key in reconciler.released]
        for job in released:
            job.entry = _current(upload_log, job)
        undecided += released
        reconciler.released.clear()


def _wait_for_others(
    upload_log: UploadLog, jobs: list[UploadJob], on_step: Callable[[], None]
) -> None:
    waiting = [job for job in jobs if job.entry.state == "sending"]
    while waiting:
        for job in waiting:
            job.entry = _current(upload_log, job)
            job.ended_at = time.monotonic()  # it was still being sent a moment ago
        waiting = [job for job in waiting if job.entry.state == "sending"]
        on_step()
        time.sleep(_POLL_SECONDS if waiting else 0)


def _current(upload_log: UploadLog, job: UploadJob) -> LogEntry:
    """Read again what the upload log says of a job."""
    known = upload_log.entry(job.key) if job.key else None
    if known is None:
        raise ConfigurationError(
            f"{upload_log.path}: a row of the upload log is missing. Choose another file."
        )
    return known
