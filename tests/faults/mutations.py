"""Guards taken out of the real code, one at a time: without each, something turns bad."""

from __future__ import annotations

import hashlib

import requests

from argyle_nb.client import transfer, transport
from argyle_nb.errors import AmbiguousUploadError
from argyle_nb.uploads import jobs, reconcile, workers
from argyle_nb.uploads.log import LogEntry, Owner, UploadLog


def written_only_afterwards(put=setattr):
    """The upload log learns of an upload when it is over, as a list of results would."""

    def finish(self, key, entry):
        with self._transaction():
            self._begin(key, LogEntry("new", name="stub.pdf"))
        return _finish(self, key, entry)

    def claim(self, key, name, sent_at=None, external_id=None, *, is_listed=False):
        known = self.entry(key)
        return known if known and known.state not in ("new", "rejected_by_argyle") else None

    _finish = UploadLog.finish
    put(UploadLog, "claim", claim)
    put(UploadLog, "finish", finish)


def nobody_is_alive(put=setattr):
    """What another process is sending looks like what a dead one left."""
    put(Owner, "is_alive", lambda *_: False)


def no_time_to_settle(put=setattr):
    """What is not listed at once is sent again."""
    put(reconcile.Reconciler, "_wait_to_settle", lambda *_: None)


def no_look(put=setattr):
    """What may be at the service is sent again without a look there."""
    put(reconcile.Reconciler, "_absent", lambda _, jobs: list(jobs))


def doubt_is_a_no(put=setattr):
    """An unclear end counts as not sent, and is tried again."""

    def end_of(error):
        known = _end_of(error)
        return LogEntry("new", None, "") if isinstance(error, AmbiguousUploadError) else known

    _end_of = jobs._end_of
    put(jobs, "_end_of", end_of)


def a_name_is_enough(put=setattr):
    """Whatever has the document's name is taken for it."""

    def adopt(self, job, listing, **_):
        return _adopt_by_name(self, job, listing)

    put(reconcile.Reconciler, "_adopt", adopt)


def other_bytes_are_another_document(put=setattr):
    """What came to light after the attempt counts for nothing if it has other bytes."""
    put(reconcile, "_is_new", lambda *_: False)


def any_id_is_believed(put=setattr):
    """An answer may name an upload of earlier."""
    put(UploadLog, "_is_taken", lambda *_: False)
    put(UploadLog, "was_listed_before", lambda *_: False)


def any_yes_will_do(put=setattr):
    """An answer of 200 counts, whether it names an upload or not."""
    put(transfer, "is_uuid", lambda _: True)


def redirects_are_followed(put=setattr):
    """A POST goes wherever the answer points."""

    def request(self, *arguments, **options):
        return _request(self, *arguments, **(options | {"allow_redirects": True}))

    _request = requests.Session.request
    put(requests.Session, "request", request)
    put(transport._Session, "get_redirect_target", requests.Session.get_redirect_target)


def all_leave_at_once(put=setattr):
    """No document goes ahead to try the key."""
    put(workers.UploadWorkers, "send", lambda self, jobs: self._run(list(jobs)))


def nobody_hashes_what_leaves(put=setattr):
    """The bytes that leave are not compared with those that were looked at."""

    put(transfer, "_is_same", lambda *_: True)


def names_make_the_key(put=setattr):
    """A document is known by its file name."""

    def renamed(document):
        return hashlib.sha256(document.name.encode()).hexdigest()

    def send_once(client, upload_log, key, document, *_, **__):
        return _send_once(client, upload_log, key._replace(sha256=renamed(document)), document)

    _send_once = jobs.send_once
    put(workers, "send_once", send_once)


def _adopt_by_name(self, job, listing):
    for upload in listing.unclaimed:
        if upload.file_name == job.entry.name:
            self._finish(job, LogEntry("uploaded", upload.id, ""))
            listing.unclaimed.remove(upload)
            return True
    return False


MUTATIONS = {
    function.__name__: function
    for function in (
        written_only_afterwards,
        nobody_is_alive,
        no_time_to_settle,
        no_look,
        doubt_is_a_no,
        a_name_is_enough,
        other_bytes_are_another_document,
        any_id_is_believed,
        any_yes_will_do,
        redirects_are_followed,
        all_leave_at_once,
        nobody_hashes_what_leaves,
        names_make_the_key,
    )
}
