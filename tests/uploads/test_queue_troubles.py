"""What goes wrong between a queue of documents and Argyle, and what must hold all the same."""

import os
import threading
import time
from pathlib import Path

import pytest

from argyle_nb import documents
from argyle_nb.errors import ValidationError
from argyle_nb.uploads import UploadQueue, reconcile
from argyle_nb.uploads.queue_files import files_of
from argyle_nb.uploads.queue_threads import BackgroundQueue
from tests.support.records import record
from tests.support.servers import PDF, RESET, USER_ID, Answer, HostileServer, client_of
from tests.support.upload_queues import at, json_answer, ready, taking, until

FIRST, SECOND = record(1)["id"], record(2)["id"]


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
    monkeypatch.setattr("argyle_nb.uploads.users.LISTED_AGAIN_SECONDS", 0.0)
    queue = UploadQueue(client, paper("x").with_name("j.sqlite"))
    client.create_user(external_id="owner-1", email="owner@example.test")
    assert queue.finder.find("owner@example.test").says == "one"
    client.create_user(external_id="owner-2", email="owner@example.test")
    key = ready(queue, paper(), "owner@example.test")
    queue.send().join(60)
    assert queue.find(key).state == "unsent"
    assert "several users" in queue.find(key).message


def test_a_document_that_was_overwritten_is_looked_at_anew_and_not_sent(paper, tmp_path):
    with HostileServer(Answer(500)) as server:
        queue = UploadQueue(client_of(server), tmp_path / "j.sqlite")
        key = ready(queue, paper())
        paper(number=12345)
        queue.send().join(60)
        assert at(queue, key, "ready").size == paper(number=12345).stat().st_size
        assert server.seen == []


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
    monkeypatch.setattr(queue, "_at_argyle", fail)
    queue.send().join(60)
    assert {queue.find(key).state for key in keys} == {"unknown"}
    assert all("it may be at Argyle" in queue.find(key).message for key in keys)


def test_after_a_corrected_key_the_same_documents_are_sent(paper, tmp_path):
    with HostileServer(Answer(401)) as server:
        queue = UploadQueue(client_of(server), tmp_path / "journal.sqlite")
        key = ready(queue, paper())
        queue.send().join(60)
        assert queue.find(key).state == "unsent"
    with taking({FIRST: [record(1)]}) as server:
        queue.use(client_of(server))
        queue.send([key]).join(60)
        assert at(queue, key, "done").upload_id == FIRST


def test_another_working_folder_makes_no_second_journal(paper, client, user, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    queue = UploadQueue(client, "journal.sqlite")
    paper()
    ready(queue, "stub.pdf", user.id)
    queue.send().join(60)
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = ready(queue, paper(), user.id)
    queue.send().join(60)
    assert at(queue, again, "done").message.startswith("already at the service")
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
        at(queue, small, "rejected")
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
    for state in ("unknown", "probable", "reading", "unread", "done"):
        queue._files.put(key, state=state)
        queue.set([key], document_type="W-2", user="somebody else")
        assert (queue.find(key).document_type, queue.find(key).user) == ("paystubs", USER_ID)
    queue._files.put(key, state="unsent")
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
    assert queue.find(keys[1]).message == "stopped before it was sent"
    assert not queue.is_sending


@pytest.fixture
def _an_unclear_end(monkeypatch):
    monkeypatch.setattr(reconcile, "_BETWEEN_LOOKS_SECONDS", 60.0)


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
        until(lambda: "looking for it at Argyle" in queue.find(lost).message)
        posts = server.posts
        queue.stop()
        worker.join(60)
        assert not worker.is_alive()
        assert server.posts == posts
    assert queue.find(lost).state == "unknown"
    assert "it may be at Argyle" in queue.find(lost).message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_no_manifest_can_hold_are_refused_and_the_others_go(client, user, tmp_path):
    for name in (b"stub \xff.pdf", b"end.pdf ", b"good.pdf"):
        (Path(os.fsdecode(bytes(tmp_path) + b"/" + name))).write_bytes(PDF + name)
    queue = UploadQueue(client, tmp_path / "journal.sqlite")
    keys = [ready(queue, path, user.id) for path in sorted(tmp_path.glob("*.pdf*"))]
    queue.send().join(60)
    told = {queue.find(key).message for key in keys if queue.find(key).state == "refused"}
    assert told == {
        "its name is no text (UTF-8); rename it",
        "its name ends with a space; rename it",
    }
    assert len(queue.uploads) == 1


def test_a_look_that_breaks_is_told_on_its_row_and_the_next_is_looked_at(
    queue_of, paper, monkeypatch
):
    def broken(path):
        if path.name == "odd.pdf":
            raise MemoryError("too odd")
        return inspect(path)

    inspect = documents.inspect_document
    monkeypatch.setattr("argyle_nb.documents.inspect_document", broken)
    queue = queue_of("http://127.0.0.1:9")
    odd = queue.add(paper("odd.pdf", 1))
    assert at(queue, queue.add(paper("good.pdf", 2)), "ready")
    assert queue.find(odd).message == "cannot be looked at (MemoryError: too odd)"


def test_a_refused_key_is_not_tried_for_each_user(queue_of, paper):
    with HostileServer(Answer(401)) as server:
        queue = queue_of(server)
        keys = [
            ready(queue, paper(f"{n}.pdf", n), f"ada{n}@example.test" if n < 5 else f"loan-{n}")
            for n in range(10)
        ]
        queue.send().join(60)
        assert len(server.seen) == 1
    assert {queue.find(key).state for key in keys} == {"unsent"}


def test_who_adds_and_sends_in_one_go_waits_for_the_looks(queue_of, paper):
    ids = {f"01320596-2c3d-189c-53e7-{number:012x}": [record(number)] for number in range(9)}
    with taking(ids) as server:
        queue = queue_of(server)
        for number in range(9):
            queue.add(paper(f"scan{number}.pdf", number), user=USER_ID)
        assert queue.wait_for_looks()
        queue.send().join(60)
        assert server.posts == 9


def test_waiting_for_the_looks_ends_in_time(queue_of, paper, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr("argyle_nb.documents.inspect_document", lambda _: over.wait(60))
    queue = queue_of("http://127.0.0.1:9")
    queue.add(paper())
    assert not queue.wait_for_looks(0.05)
    over.set()


@pytest.mark.parametrize("pattern", ["~nosuchuser/x", "x" * 300 + "/*.pdf", "\0", "a\0*"])
def test_a_pattern_that_cannot_be_looked_for_is_an_error_in_words(pattern):
    with pytest.raises(ValidationError, match=r"cannot be looked for|names no document"):
        files_of(pattern)


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path):
    (tmp_path / "stub[1].pdf").touch()
    assert files_of(f"{tmp_path}/stub[1].pdf") == [tmp_path / "stub[1].pdf"]


def test_files_are_found_by_their_whole_path(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").touch()
    monkeypatch.chdir(tmp_path)
    assert files_of("*.pdf") == [tmp_path / "a.pdf"]


def test_errands_run_in_their_order_one_at_a_time_and_a_broken_one_stops_none():
    errands, seen, at_once = BackgroundQueue("test"), [], []
    running = threading.Semaphore(1)

    def errand(number):
        at_once.append(not running.acquire(blocking=False))
        time.sleep(0)
        seen.append(number)
        running.release()
        if number % 10 == 0:
            raise ValueError(number)

    for number in range(100):
        errands.add(lambda number=number: errand(number))
    assert errands.wait(60)
    assert seen == list(range(100))
    assert not any(at_once)


def test_a_broken_errand_is_logged_by_its_kind_without_its_text(caplog):
    def broken():
        raise ValueError("Ada Sample")

    errands = BackgroundQueue("test")
    errands.add(broken)
    assert errands.wait(60)
    assert "an errand failed (ValueError)" in caplog.text
    assert "Ada" not in caplog.text
