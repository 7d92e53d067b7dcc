"""Documents on their way to their scores, without a browser, against real servers."""

import os
import shutil
import sqlite3
import threading
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from argyle_nb.client.client import Client
from argyle_nb.documents import inspect_document
from argyle_nb.errors import ValidationError
from argyle_nb.uploads import UploadQueue, queue_threads, reconcile
from argyle_nb.uploads.log import LogEntry, UploadKey
from argyle_nb.uploads.queue_threads import LATER
from tests.support.records import record, scored, unscored
from tests.support.samples import SAMPLES
from tests.support.servers import PDF, RESET, USER_ID, Answer, HostileServer, client_of
from tests.support.upload_queues import at, json_answer, ready, taking, until

FIRST, SECOND = record(1)["id"], record(2)["id"]
NOT_FOUND = Answer(404, b"{}")


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    """Call what has not moved for a moment steady, and look often."""
    monkeypatch.setattr("argyle_nb.client.polling.STEADY_SECONDS", 0.2)
    monkeypatch.setattr("argyle_nb.client.polling.APPEARS_SECONDS", 0.2)
    monkeypatch.setattr(queue_threads, "_LONGEST_PAUSE", 0.25)


@pytest.fixture
def queue(client, tmp_path):
    changes = []
    made = UploadQueue(client, tmp_path / "journal.sqlite", on_change=lambda key: note(key))  # noqa: PLW0108 - made below

    def note(key):
        file = made.find(key)
        changes.append(file.state if file else "gone")

    made.changes = changes
    return made


# Taking documents in


def test_a_document_is_looked_at_and_its_type_is_guessed(queue, pdf):
    key = queue.add(pdf)
    until(lambda: queue.find(key).document_type)
    file = queue.find(key)
    assert (file.state, file.found, file.size) == ("ready", "PDF", pdf.stat().st_size)
    assert (file.document_type, file.is_guess) == ("paystubs", True)


def test_a_file_that_is_no_document_is_refused_with_the_reason(queue, tmp_path):
    (tmp_path / "notes.pdf").write_text("just text")
    file = at(queue, queue.add(tmp_path / "notes.pdf"), "invalid")
    assert "Not a PDF" in file.message


def test_an_encrypted_document_is_ready_and_says_so(queue, tmp_path):
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R"))
    assert "The PDF is encrypted" in at(queue, queue.add(locked), "ready").found


def test_a_key_is_taken_once(queue, pdf):
    for _ in range(2):
        queue.add(pdf, key="k1")
    assert [file.key for file in queue.files] == ["k1"]


def test_a_type_that_somebody_chose_is_not_guessed_over(queue, pdf):
    key = queue.add(pdf)
    queue.set([key], document_type="W-2")
    at(queue, key, "ready")
    until(lambda: not any(t.name == "argyle_nb guess" for t in threading.enumerate()))
    assert queue.find(key).document_type == "W-2"


def test_an_impossible_type_is_an_error_that_lists_the_six(queue, pdf):
    with pytest.raises(
        ValidationError, match=r"Unknown document_type 'slip'. Use one of: paystubs, W-2"
    ):
        queue.add(pdf, document_type="slip")
    key = queue.add(pdf)
    with pytest.raises(ValidationError, match="Unknown document_type"):
        queue.set([key], document_type="slip")


def test_who_comes_too_late_with_a_type_or_a_user_is_told_of_which(queue, pdf, user):
    key = ready(queue, pdf, user.id)
    assert queue.set([key], document_type="paystubs") == []
    queue.send().join(60)
    at(queue, key, "done")
    assert [file.key for file in queue.set([key], user="somebody else")] == [key]


def test_a_removed_file_is_gone_and_its_private_copy_with_it(queue, pdf, tmp_path):
    copy = shutil.copy(pdf, tmp_path / "copy.pdf")
    key = ready(queue, copy, is_copy=True)
    assert queue.remove(key)
    assert queue.files == []
    assert not Path(copy).exists()
    assert not queue.remove(key)


def test_removing_a_file_that_is_nobodys_copy_leaves_it_alone(queue, pdf):
    queue.remove(ready(queue, pdf))
    assert pdf.exists()


# Sending


def test_a_document_goes_from_ready_to_its_score(queue, pdf, user):
    key = ready(queue, pdf, user.id)
    queue.send().join(60)
    file = at(queue, key, "done")
    assert file.score == queue.uploads[0].ocr_authenticity_score is not None
    assert f"score {file.score}, {file.level} authenticity" in file.message
    # A small document is gone before it can be seen going.
    steps = [state for state in dict.fromkeys(queue.changes) if state != "sending"]
    assert steps == ["looking", "ready", "waiting", "reading", "done"]


def test_the_signals_of_a_tampered_document_are_named(queue, user):
    tampered = SAMPLES["1099_whitlock_2025.pdf"]
    key = ready(queue, tampered, user.id, "1099")
    queue.send().join(60)
    file = at(queue, key, "done")
    assert file.score < 50
    assert len(file.signals) > 1
    [count] = queue.frame["signal_count"]
    assert file.signal_count == count
    assert file.message.endswith(f", {count} signals")


def test_the_private_copy_goes_once_the_document_is_at_argyle(queue, pdf, user, tmp_path):
    copy = Path(shutil.copy(pdf, tmp_path / "copy.pdf"))
    ready(queue, copy, user.id, is_copy=True)
    queue.send().join(60)
    assert not copy.exists()


def test_the_same_document_is_sent_once_and_both_rows_say_so(queue, pdf, user, client):
    first = ready(queue, pdf, user.id)
    queue.send().join(60)
    again = ready(queue, pdf, user.id)
    queue.send().join(60)
    score = at(queue, first, "done").message
    file = at(queue, again, "done")
    assert file.duplicate_of == pdf.name
    said = f"Duplicate of {pdf.name} (same content, type and borrower): not sent again"
    assert file.message == f"{said}. {score}"
    assert len(queue.uploads) == len(list(client.list_uploads(user=user.id))) == 1


def test_of_two_files_of_one_content_the_second_says_that_it_is_a_duplicate(
    queue, pdf, user, tmp_path
):
    copy = shutil.copy(pdf, tmp_path / "again.pdf")
    first, second = ready(queue, pdf, user.id), ready(queue, copy, user.id)
    queue.send().join(60)
    duplicates = {at(queue, key, "done").duplicate_of for key in (first, second)}
    assert duplicates == {"", pdf.name}
    assert len(queue.uploads) == 1


def test_a_type_that_is_not_recognized_is_for_a_person_to_choose(queue, paper, user):
    key = queue.add(paper("scan0001.pdf"), user=user.id)
    until(lambda: not queue.find(key).is_guess)
    assert (queue.find(key).state, queue.find(key).document_type) == ("ready", "")
    with pytest.raises(ValidationError, match=r"scan0001\.pdf has no document type"):
        queue.send()
    queue.set([key], document_type="W-2")
    queue.send().join(60)
    assert queue.uploads[0].requested_document_type == "W-2"


def test_the_upload_knows_its_user_and_the_type_that_was_asked_for(queue, pdf, user):
    ready(queue, pdf, user.id, "miscellaneous")
    queue.send().join(60)
    [upload] = queue.uploads
    assert (upload.user, upload.requested_document_type) == (user.id, "miscellaneous")


def test_the_frame_holds_what_came_to_argyle(queue, pdf, user):
    key = ready(queue, pdf, user.id)
    queue.send().join(60)
    at(queue, key, "done")
    assert queue.frame["ocr_authenticity_score"].notna().all()
    assert queue.frame["requested_document_type"].tolist() == ["paystubs"]


def test_an_external_id_that_nobody_has_makes_a_user_once(queue, paper, client):
    for number in range(2):
        ready(queue, paper(f"{number}.pdf", number), "loan-of-the-queue")
    queue.send().join(60)
    [user] = client.list_users(external_id="loan-of-the-queue")
    assert {upload.user for upload in queue.uploads} == {user.id}


def test_an_e_mail_address_names_its_user(queue, pdf, client):
    known = client.create_user(email="queue@example.test")
    ready(queue, pdf, "Queue@example.test")
    queue.send().join(60)
    assert [upload.user for upload in queue.uploads] == [known.id]


def test_an_e_mail_address_of_nobody_makes_no_user_and_stops_no_other(queue, paper, user, client):
    lost = ready(queue, paper("a.pdf", 1), "stranger@example.test")
    good = ready(queue, paper("b.pdf", 2), user.id)
    queue.send().join(60)
    assert queue.find(lost).state == "not_sent"
    assert "No user has this email address" in queue.find(lost).message
    assert queue.find(good).upload_id
    assert not [u for u in client.list_users() if u.external_id == "stranger@example.test"]


def test_an_external_id_of_several_users_is_nobodys_until_another_is_chosen(queue, paper, client):
    one, _ = (client.create_user(external_id="queue-twins") for _ in range(2))
    key = ready(queue, paper(), "queue-twins")
    queue.send().join(60)
    assert queue.find(key).state == "not_sent"
    assert "2 users share this external ID" in queue.find(key).message
    assert queue.set([key], user=one.id) == []
    queue.send([key]).join(60)
    assert [upload.user for upload in queue.uploads] == [one.id]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"user": ""}, "has no borrower"),
        ({"document_type": ""}, "is still being checked"),
    ],
)
def test_nothing_is_sent_while_a_document_lacks_something(queue, paper, given, words):
    kind = given.get("document_type", "paystubs")
    key = queue.add(paper(), user=given.get("user", USER_ID), document_type=kind)
    at(queue, key, "ready")
    if not kind:
        until(lambda: queue.find(key).document_type)
        queue._files.put(key, document_type="")
    with pytest.raises(ValidationError, match=f"Nothing was sent. stub.pdf {words}"):
        queue.send()
    assert queue.find(key).state == "ready"


def test_a_file_on_its_way_cannot_be_removed_nor_changed(queue_of, paper):
    blocked = threading.Event()

    def answer(seen):
        if seen.method == "POST":
            blocked.wait(30)
        return json_answer({"id": FIRST, "results": []})

    with HostileServer(answer) as server:
        queue = queue_of(server)
        key = ready(queue, paper())
        worker = queue.send()
        assert queue.is_sending
        queue.set([key], document_type="W-2")
        assert (queue.remove(key), queue.find(key).document_type) == (False, "paystubs")
        blocked.set()
        worker.join(60)
        assert not queue.is_sending


def test_a_refused_key_is_tried_once_and_told_on_each_row(queue_of, paper):
    with HostileServer(Answer(401)) as server:
        queue = queue_of(server)
        keys = [ready(queue, paper(f"{number}.pdf", number)) for number in range(2)]
        queue.send().join(60)
        assert len(server.seen) == 1
    assert [queue.find(key).state for key in keys] == ["not_sent", "not_sent"]
    assert all("key" in queue.find(key).message for key in keys)


def test_a_document_that_was_rejected_is_sent_again_only_when_it_is_named(queue_of, paper):
    refusing = iter([Answer(422, b'{"detail": "no"}')])

    def answer(seen):
        if seen.method == "POST":
            return next(refusing, json_answer({"id": FIRST}))
        return json_answer(record(1))

    with HostileServer(answer) as server:
        queue = queue_of(server)
        key = ready(queue, paper())
        queue.send().join(60)
        assert queue.find(key).state == "rejected_by_argyle"
        queue.send().join(60)
        assert (queue.find(key).state, server.posts) == ("rejected_by_argyle", 1)
        queue.send([key]).join(60)
        assert at(queue, key, "done").score == 85
        assert server.posts == 2


def test_a_service_that_is_gone_leaves_the_document_to_be_tried_again(tmp_path, paper):
    gone = Client("id", "secret", environment="http://127.0.0.1:9")
    queue = UploadQueue(gone, tmp_path / "journal.sqlite")
    key = ready(queue, paper())
    queue.send().join(60)
    assert queue.find(key).state == "not_sent"
    assert "can't be reached" in queue.find(key).message
    queue.send([key]).join(60)
    assert queue.find(key).state == "not_sent"


def test_a_batch_that_is_stopped_goes_back_to_ready(queue_of, paper):
    first_is_there, go_on = threading.Event(), threading.Event()

    def answer(seen):
        if seen.method == "POST":
            first_is_there.set()
            go_on.wait(30)
            return json_answer({"id": FIRST})
        return json_answer(record(1))

    with HostileServer(answer) as server:
        queue = queue_of(server)
        # The smallest goes ahead alone.
        keys = [ready(queue, paper(f"{number}.pdf", "x" * number)) for number in range(1, 4)]
        worker = queue.send()
        assert first_is_there.wait(30)
        queue.stop()
        until(lambda: queue.find(keys[1]).message == "Stopping")
        go_on.set()
        worker.join(60)
        assert server.posts == 1
    assert [queue.find(key).state for key in keys[1:]] == ["ready", "ready"]
    assert queue.find(keys[1]).message == "Stopped before it was sent"


def test_an_unforeseen_error_is_told_on_the_row(queue, paper, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("the disk broke")

    monkeypatch.setattr("argyle_nb.uploads.queue.send_jobs", broken)
    key = ready(queue, paper())
    queue.send().join(60)
    assert queue.find(key).state == "not_sent"
    assert queue.find(key).message == "RuntimeError: the disk broke"


def test_the_upload_log_tells_what_was_sent_before(client, pdf, user, tmp_path):
    before = UploadQueue(client, tmp_path / "journal.sqlite")
    ready(before, pdf, user.id)
    before.send().join(60)
    after = UploadQueue(client, tmp_path / "journal.sqlite")
    [(key, entry, at_time)] = after.earlier()
    assert (entry.name, entry.state, key.user) == (pdf.name, "uploaded", user.id)
    assert entry.upload_id == before.uploads[0].id
    assert at_time.startswith("20")
    assert before.earlier() == []


# After the end of a Python in mid-batch


def left_by(first):
    """What a new queue finds of one whose Python has ended: it lets go of its lock."""
    first.upload_log._owner.close()
    return UploadQueue(first.client, first.upload_log.path)


def interrupted(client, folder, papers, user, **options):
    """Let a batch begin of which nothing is sent."""
    queue = UploadQueue(client, folder / "journal.sqlite")
    keys = [ready(queue, path, user, **options) for path in papers]
    queue._record([queue.find(key) for key in keys])
    return queue


def test_a_batch_is_recorded_before_it_starts_and_offered_when_its_python_has_ended(
    client, paper, user, tmp_path
):
    papers = [paper(f"{number}.pdf", number) for number in range(3)]
    first = interrupted(client, tmp_path, papers, user.external_id or user.id)
    assert UploadQueue(client, first.upload_log.path).interrupted == (0, 0, 0)  # it lives
    second = left_by(first)
    assert second.interrupted == (3, 0, 0)
    second.resume().join(60)
    assert [file.name for file in second.files] == [path.name for path in papers]
    assert all(file.upload_id for file in second.files)
    assert second.interrupted == (0, 0, 0)
    assert left_by(second).interrupted == (0, 0, 0)


def test_what_was_under_way_is_not_confirmed_and_continuing_looks_for_it(
    client, paper, user, tmp_path
):
    path = paper("half.pdf", "half")
    first = interrupted(client, tmp_path, [path], user.id)
    sent = inspect_document(path)
    key = UploadKey(client.settings.log_scope, sent.sha256, "paystubs", user.id)
    first.upload_log.claim(key, sent.name, client.clock.now())
    stored = client.upload(sent, document_type="paystubs", user=user.id)
    second = left_by(first)
    assert second.interrupted == (0, 1, 0)
    second.resume().join(120)
    [file] = second.files
    assert file.upload_id == stored.id
    assert len(list(client.list_uploads(user=user.id))) == 1


def test_what_was_sent_and_not_yet_noted_is_there_with_its_result_and_not_a_second_time(
    client, paper, user, tmp_path
):
    copies = [paper(f"{number}.pdf", number) for number in range(2)]
    first = interrupted(client, tmp_path, copies, user.id, is_copy=True)
    for number, path in enumerate(copies):
        sent = inspect_document(path)
        key = UploadKey(client.settings.log_scope, sent.sha256, "paystubs", user.id)
        first.upload_log.claim(key, sent.name, client.clock.now())
        stored = client.upload(sent, document_type="paystubs", user=user.id)
        first.upload_log.finish(key, LogEntry("uploaded", stored.id))
        if number:
            path.unlink()
    second = left_by(first)
    assert second.interrupted == (0, 0, 2)
    second.resume().join(60)
    for file in second.files:
        assert at(second, file.key, "done").message.startswith("Uploaded before the interruption")
        assert not second.find(file.key).duplicate_of
    assert len(list(client.list_uploads(user=user.id))) == 2


def test_a_document_of_two_borrowers_that_was_sent_for_one_is_still_to_be_sent_for_the_other(
    client, paper, user, tmp_path
):
    path = paper("joint.pdf", "joint")
    first = interrupted(client, tmp_path, [path], "the other borrower")
    sent = inspect_document(path)
    key = UploadKey(client.settings.log_scope, sent.sha256, "paystubs", user.id)
    first.upload_log.claim(key, sent.name, external_id=user.external_id)
    first.upload_log.finish(key, LogEntry("uploaded", "upload-of-the-first"))
    second = left_by(first)
    assert second.interrupted == (1, 0, 0)


def test_a_file_that_is_gone_or_has_changed_is_still_accounted_for(client, paper, user, tmp_path):
    gone, changed = paper("gone.pdf", "gone"), paper("changed.pdf", "old")
    first = interrupted(client, tmp_path, [gone, changed], user.id)
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b"% new")
    second = left_by(first)
    assert second.resume() is None
    states = {file.name: (file.state, file.message) for file in second.files}
    assert states["gone.pdf"][0] == "invalid"
    assert "no longer on the Jupyter server" in states["gone.pdf"][1]
    assert states["changed.pdf"][0] == "ready"
    assert "has changed since" in states["changed.pdf"][1]
    assert left_by(second).interrupted == (2, 0, 0)


def test_what_is_discarded_is_offered_no_more_and_its_copies_are_gone(
    client, paper, user, tmp_path
):
    copy = paper("copy.pdf", "copy")
    first = interrupted(client, tmp_path, [copy], user.id, is_copy=True)
    assert first.kept_paths() == {copy}
    second = left_by(first)
    second.discard()
    assert second.interrupted == (0, 0, 0)
    assert not copy.exists()


def test_what_is_removed_from_the_list_is_offered_no_more(client, paper, user, tmp_path):
    first = interrupted(client, tmp_path, [paper()], user.id)
    first.remove(first.files[0].key)
    assert left_by(first).interrupted == (0, 0, 0)


def kept_of(path):
    """What an upload log keeps of the files of batches, and whether they have arrived."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT path, borrower, sha256 <> '', upload_id IS NOT NULL FROM batch_files"
        ).fetchall()


def test_the_path_and_the_borrower_as_typed_are_kept_until_a_file_has_arrived(
    client, paper, tmp_path
):
    known = client.create_user(external_id="loan-typed", email="typed.by@example.test")
    path = paper("arrives.pdf", 1)
    first = interrupted(client, tmp_path, [path], known.email)
    upload_log = first.upload_log.path
    assert kept_of(upload_log) == [(str(path), known.email, 1, 0)]
    second = left_by(first)
    second.resume().join(60)
    assert kept_of(upload_log) == [("", "", 1, 1)]
    third = left_by(second)
    assert third.interrupted == (0, 0, 0)
    [(key, entry, _)] = third.earlier()
    assert (key.user, entry.upload_id) == (known.id, second.uploads[0].id)
    for queue in (first, second, third):
        queue.upload_log.close()
    files = [file for file in tmp_path.rglob("journal.sqlite*") if file.is_file()]
    assert not [file for file in files if b"typed.by@example" in file.read_bytes()]


def test_what_an_earlier_version_kept_of_files_that_arrived_is_forgotten(client, tmp_path):
    upload_log = UploadQueue(client, tmp_path / "journal.sqlite").upload_log.path
    row = ("scope", "k1", "/scans/ada/w2.pdf", 0, "ab12", "W-2", "ada@example.test", "o", "u1", "t")
    waits = ("scope", "k2", *row[2:8], None, "t")
    with closing(sqlite3.connect(upload_log)) as connection, connection:
        connection.executemany(
            "INSERT INTO batch_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [row, waits]
        )
    UploadQueue(client, upload_log)
    assert kept_of(upload_log) == [("", "", 1, 1), ("/scans/ada/w2.pdf", "ada@example.test", 1, 0)]


def test_progress_counts_the_documents_of_the_batches_under_way(queue_of, paper):
    blocked = threading.Event()

    def answer(seen):
        if seen.method == "POST":
            blocked.wait(30)
        return json_answer({"id": str(uuid.uuid4()), "results": []})

    with HostileServer(answer) as server:
        queue = queue_of(server)
        for number in range(3):
            ready(queue, paper(f"{number}.pdf", number))
        assert queue.progress is None
        worker = queue.send()
        progress = queue.progress
        assert (progress.ended, progress.all) == (0, 3)
        assert progress.share < 1
        blocked.set()
        worker.join(60)
        assert queue.progress is None


# Following


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        ([NOT_FOUND], "Stored as paystubs; no authenticity score (not found at Argyle (404))"),
        ([scored(1, 150)], "Stored as paystubs; its score can't be read (score must be 0 to 100"),
        ([unscored(1, "completed", "in_progress", "idle"), record(1)], "paystubs: score 85, high"),
        ([unscored(1, "completed", "idle", "idle")], "Stored as paystubs; no authenticity score"),
        ([unscored(1, "completed", "failed", "idle")], "Stored as paystubs; no authenticity score"),
    ],
)
def test_what_was_sent_is_followed_until_it_rests(queue_of, paper, reads, words):
    with taking({FIRST: list(reads)}) as server:
        queue = queue_of(server)
        key = ready(queue, paper())
        queue.send().join(60)
        file = at(queue, key, "done")
    assert file.message.startswith(words)


def test_what_is_read_too_long_is_left_and_can_be_looked_at_again(queue_of, paper, monkeypatch):
    monkeypatch.setattr(queue_threads, "FOLLOW_SECONDS", 0.5)
    moving = unscored(1, "completed", "in_progress", "idle")
    reads = {FIRST: [moving]}
    with taking(reads) as server:
        queue = queue_of(server)
        key = ready(queue, paper())
        queue.send().join(60)
        assert LATER in at(queue, key, "unread").message
        reads[FIRST] = [record(1)]
        queue.look_again(key)
        until(lambda: queue.find(key).score == 85)


def test_a_score_is_told_while_an_earlier_upload_is_still_read(queue_of, paper):
    stuck = unscored(1, "completed", "in_progress", "idle")
    moving = unscored(2, "completed", "completed", "in_progress")
    reads = {FIRST: [stuck], SECOND: [moving, record(2)]}
    with taking(reads) as server:
        queue = queue_of(server)
        keys = [ready(queue, paper(f"{number}.pdf", number)) for number in range(2)]
        queue.send().join(60)
        until(lambda: "done" in [queue.find(key).state for key in keys])
        states = sorted(queue.find(key).state for key in keys)
        assert states == ["done", "reading"]
        reads[FIRST] = [record(1)]
        until(lambda: all(queue.find(key).state == "done" for key in keys))


# Troubles


def test_a_listener_that_waits_for_another_thread_does_not_hold_up_the_queue(paper, client, user):
    """Nobody is told of a change while the files are locked."""
    seen = []

    def ask_elsewhere(_):
        asking = threading.Thread(target=lambda: seen.append(len(queue.files)))
        asking.start()
        asking.join(30)
        assert not asking.is_alive()

    queue = UploadQueue(client, paper("x").with_name("j.sqlite"), on_change=ask_elsewhere)
    keys = [ready(queue, paper(f"{number}.pdf", number), user.id) for number in range(3)]
    queue.send().join(60)
    assert all(queue.find(key).upload_id for key in keys)
    assert seen


def test_an_address_that_has_a_second_owner_by_now_sends_nothing(
    paper, queue_of, client, monkeypatch
):
    monkeypatch.setattr("argyle_nb.uploads.queue.LISTED_AGAIN_SECONDS", 0.0)
    queue = UploadQueue(client, paper("x").with_name("j.sqlite"))
    client.create_user(external_id="owner-1", email="owner@example.test")
    assert queue.finder.find("owner@example.test").kind == "one"
    client.create_user(external_id="owner-2", email="owner@example.test")
    key = ready(queue, paper(), "owner@example.test")
    queue.send().join(60)
    assert queue.find(key).state == "not_sent"
    assert "Several users" in queue.find(key).message


def test_a_document_that_was_overwritten_is_looked_at_anew_and_not_sent(paper, tmp_path):
    with HostileServer(Answer(500)) as server:
        queue = UploadQueue(client_of(server), tmp_path / "j.sqlite")
        key = ready(queue, paper())
        paper(number=12345)
        queue.send().join(60)
        assert at(queue, key, "ready").size == paper(number=12345).stat().st_size
        assert server.seen == []


def test_other_content_of_the_same_size_and_time_is_not_sent_but_looked_at_anew(
    queue, paper, user, client
):
    path = paper(number=1)
    key = ready(queue, path, user.id)
    before = path.stat()
    paper(number=2)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    queue.send().join(60)
    assert queue.find(key).state == "not_sent"
    assert "The file changed after it was checked, and was not uploaded" in queue.find(key).message
    assert list(client.list_uploads(user=user.id)) == []
    queue.send([key]).join(60)
    at(queue, key, "ready")
    queue.send().join(60)
    assert at(queue, key, "done").document.sha256 == inspect_document(path).sha256


def test_a_document_is_inspected_once_before_it_is_sent(queue, paper, user, monkeypatch):
    def count(path):
        inspected.append(path)
        return inspect_document(path)

    inspected = []
    monkeypatch.setattr("argyle_nb.uploads.jobs.inspect_document", None)
    monkeypatch.setattr("argyle_nb.uploads.queue_threads.inspect_document", count)
    key = ready(queue, paper(), user.id)
    queue.send().join(60)
    assert queue.find(key).upload_id
    assert inspected == [paper()]


def test_rows_of_the_same_content_that_fail_name_the_first(queue_of, paper, monkeypatch):
    monkeypatch.setattr("argyle_nb.uploads.workers.THREADS", 1)
    monkeypatch.setattr("argyle_nb.client.retry.RETRIES", 0)
    queue = queue_of("http://127.0.0.1:9")
    papers = [paper(f"{number}.pdf", "x" * number) for number in range(4)]  # the last is not tried
    for path in papers:
        ready(queue, path, "somebody")
    again = ready(queue, paper("again.pdf", "xxx"), "somebody")
    queue.send().join(60)
    assert queue.find(again).message == (
        f"Same content as {papers[-1]}. Not tried: Argyle can't be reached."
    )


def test_where_no_thread_can_begin_documents_can_be_sent_again(
    paper, client, user, tmp_path, monkeypatch
):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    queue = UploadQueue(client, tmp_path / "j.sqlite")
    key = ready(queue, paper(), user.id)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            queue.send()
    assert (queue.find(key).state, queue.is_sending) == ("ready", False)
    queue.send().join(60)
    assert queue.find(key).upload_id


def test_what_waits_to_be_sent_can_be_stopped_as_soon_as_it_says_so(paper, client, user, tmp_path):
    seen = []

    def look(key):
        file = queue.find(key)
        if file and file.state == "waiting":
            seen.append(queue.is_sending)

    queue = UploadQueue(client, tmp_path / "j.sqlite", on_change=look)
    ready(queue, paper(), user.id)
    queue.send().join(60)
    assert seen
    assert all(seen)


def test_what_was_read_of_a_document_goes_with_its_row(paper, client, user, tmp_path):
    queue = UploadQueue(client, tmp_path / "j.sqlite")
    keys = [ready(queue, paper(name), user.id) for name in ("a.pdf", "b.pdf")]  # one content
    queue.send().join(60)
    at(queue, keys[1], "done")
    assert at(queue, keys[0], "done").upload_id == queue.find(keys[1]).upload_id
    queue.remove(keys[0])
    assert len(queue.uploads) == 1
    queue.remove(keys[1])
    assert queue._uploads == queue._keys == {}


def test_a_listener_that_fails_ends_no_batch_and_is_logged_by_its_kind(
    paper, client, user, tmp_path, caplog
):
    def fail(_):
        raise ValueError("Ada Sample")

    queue = UploadQueue(client, tmp_path / "journal.sqlite", on_change=fail)
    keys = [ready(queue, paper(f"{number}.pdf", number), user.id) for number in range(3)]
    queue.send().join(60)
    assert all(queue.find(key).upload_id for key in keys)
    assert "a listener to the queue failed (ValueError)" in caplog.text
    assert "Ada" not in caplog.text


def test_documents_whose_ends_cannot_be_told_are_never_called_unsent(
    paper, client, user, tmp_path, monkeypatch
):
    def fail(*_):
        raise RuntimeError("can't start new thread")

    queue = UploadQueue(client, tmp_path / "journal.sqlite")
    keys = [ready(queue, paper(f"{number}.pdf", number), user.id) for number in range(9)]
    monkeypatch.setattr(queue, "_arrived", fail)
    queue.send().join(60)
    assert {queue.find(key).state for key in keys} == {"not_confirmed"}
    assert all("It may be stored" in queue.find(key).message for key in keys)


def test_after_a_corrected_key_the_same_documents_are_sent(paper, tmp_path):
    with HostileServer(Answer(401)) as server:
        queue = UploadQueue(client_of(server), tmp_path / "journal.sqlite")
        key = ready(queue, paper())
        queue.send().join(60)
        assert queue.find(key).state == "not_sent"
    with taking({FIRST: [record(1)]}) as server:
        queue.use(client_of(server))
        queue.send([key]).join(60)
        assert at(queue, key, "done").upload_id == FIRST


def test_another_working_folder_makes_no_second_upload_log(
    paper, client, user, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    queue = UploadQueue(client, "journal.sqlite")
    paper()
    ready(queue, "stub.pdf", user.id)
    queue.send().join(60)
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = ready(queue, paper(), user.id)
    queue.send().join(60)
    assert at(queue, again, "done").message.startswith("Duplicate of")
    assert list(Path().iterdir()) == []


def test_an_end_that_is_told_late_changes_nothing_in_a_later_batch(queue_of, paper):
    """A document that was rejected is tried again while the rest of its batch still goes."""
    rejected, slow, go_on = threading.Event(), threading.Event(), threading.Event()

    def answer(seen):
        if seen.method != "POST":
            return json_answer(record(2 if SECOND in seen.path else 1) | {"results": []})
        if b"% 1\n" in seen.body and not rejected.is_set():
            rejected.set()
            return Answer(422, b'{"detail": "no"}')
        (go_on if b"% 22\n" in seen.body else slow).wait(60)
        return json_answer({"id": FIRST if b"% 1\n" in seen.body else SECOND})

    with HostileServer(answer) as server:
        queue = queue_of(server)
        small = ready(queue, paper("small.pdf", 1))
        large = ready(queue, paper("large.pdf", 22))
        first = queue.send()
        at(queue, small, "rejected_by_argyle")
        second = queue.send([small])
        until(lambda: server.posts == 3)
        go_on.set()
        first.join(60)
        assert queue.find(small).state in ("waiting", "sending")
        assert not queue.remove(small)
        slow.set()
        second.join(60)
        until(lambda: {queue.find(key).state for key in (small, large)} == {"done"})


def test_what_may_be_at_argyle_keeps_its_type_and_user(queue_of, paper):
    queue = queue_of("http://127.0.0.1:9")
    key = ready(queue, paper())
    for state in ("not_confirmed", "possible_match", "reading", "unread", "done"):
        queue._files.put(key, state=state)
        queue.set([key], document_type="W-2", user="somebody else")
        assert (queue.find(key).document_type, queue.find(key).user) == ("paystubs", USER_ID)
    queue._files.put(key, state="not_sent")
    queue.set([key], document_type="W-2")
    assert queue.find(key).document_type == "W-2"


def test_stopped_while_users_are_looked_up_nothing_is_sent(queue_of, paper):
    asked, go_on = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        go_on.wait(60)
        return json_answer({"results": []})

    with HostileServer(answer) as server:
        queue = queue_of(server)
        keys = [
            ready(queue, paper("a.pdf", 1), "ada@example.test"),
            ready(queue, paper("b.pdf", 2)),
        ]
        worker = queue.send()
        assert asked.wait(60)
        queue.stop()
        go_on.set()
        worker.join(60)
        assert server.posts == 0
    assert queue.find(keys[1]).message == "Stopped before it was sent"
    assert not queue.is_sending


@pytest.fixture
def _an_unclear_end(monkeypatch):
    monkeypatch.setattr(reconcile, "_BETWEEN_SEARCHES_SECONDS", 60.0)


@pytest.mark.usefixtures("_an_unclear_end")
def test_while_one_end_is_looked_for_the_others_are_told_and_stop_is_heard(queue_of, paper):
    def answer(seen):
        if seen.method == "POST":
            return RESET if b"% lost" in seen.body else json_answer({"id": FIRST})
        return json_answer(record(1) if FIRST in seen.path else {"results": []})

    with HostileServer(answer) as server:
        queue = queue_of(server)
        lost = ready(queue, paper("lost.pdf", "lost"))
        good = ready(queue, paper("good.pdf", 1))
        worker = queue.send()
        assert at(queue, good, "done").score == 85
        until(lambda: "Checking whether Argyle stored it" in queue.find(lost).message)
        posts = server.posts
        queue.stop()
        worker.join(60)
        assert not worker.is_alive()
        assert server.posts == posts
    assert queue.find(lost).state == "not_confirmed"
    assert "It may be stored" in queue.find(lost).message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_no_manifest_can_hold_are_refused_and_the_others_go(client, user, tmp_path):
    for name in (b"stub \xff.pdf", b"end.pdf ", b"good.pdf"):
        (Path(os.fsdecode(bytes(tmp_path) + b"/" + name))).write_bytes(PDF + name)
    queue = UploadQueue(client, tmp_path / "journal.sqlite")
    keys = [ready(queue, path, user.id) for path in sorted(tmp_path.glob("*.pdf*"))]
    queue.send().join(60)
    told = {queue.find(key).message for key in keys if queue.find(key).state == "invalid"}
    assert told == {
        "The file name is not valid UTF-8. Rename the file.",
        "The file name ends with a space. Rename the file.",
    }
    assert len(queue.uploads) == 1


def test_a_look_that_breaks_is_told_on_its_row_and_the_next_is_looked_at(
    queue_of, paper, monkeypatch
):
    def broken(path):
        if path.name == "odd.pdf":
            raise MemoryError("too odd")
        return inspect_document(path)

    monkeypatch.setattr("argyle_nb.uploads.queue_threads.inspect_document", broken)
    queue = queue_of("http://127.0.0.1:9")
    odd = queue.add(paper("odd.pdf", 1))
    assert at(queue, queue.add(paper("good.pdf", 2)), "ready")
    assert queue.find(odd).message == "Can't check the file (MemoryError: too odd)."


def test_a_refused_key_is_not_tried_for_each_user(queue_of, paper):
    with HostileServer(Answer(401)) as server:
        queue = queue_of(server)
        keys = [
            ready(queue, paper(f"{n}.pdf", n), f"ada{n}@example.test" if n < 5 else f"loan-{n}")
            for n in range(10)
        ]
        queue.send().join(60)
        assert len(server.seen) == 1
    assert {queue.find(key).state for key in keys} == {"not_sent"}
