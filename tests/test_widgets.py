"""The upload panel and its queue, driven without a browser against a real sandbox."""

import base64
import json
import threading
from datetime import UTC, datetime

import pytest
from ipywidgets.embed import embed_data

from argyle_nb.client import Client
from argyle_nb.models import as_uploads
from argyle_nb.widgets import UploadPanel
from argyle_nb.widgets import queue as queue_module
from argyle_nb.widgets.queue import UploadQueue, outcome
from tests.records import record, scored, stages, unscored
from tests.servers import PDF, USER_ID, Answer, HostileServer, client_of, until

SAMPLE_NAME = "paystub.pdf"
NOT_A_DOCUMENT = b"just text"
FIRST, SECOND = record(1)["id"], record(2)["id"]
EMAIL = "ada.sample@example.test"
NOT_FOUND = Answer(404, b"{}")


@pytest.fixture
def content(pdf):
    return pdf.read_bytes()


@pytest.fixture
def panel(client, tmp_path):
    return UploadPanel(client, journal=tmp_path / "journal.sqlite")


@pytest.fixture
def queue(client, tmp_path):
    changes = []
    queue = UploadQueue(client, lambda f: changes.append(f.state), tmp_path / "journal.sqlite")
    queue.changes = changes
    return queue


def choose(panel, name, content):
    """Do what the browser does when a file is chosen."""
    panel._files.value = (
        {
            "name": name,
            "type": "application/pdf",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime(2026, 1, 30, tzinfo=UTC),
        },
    )


def send_and_wait(panel, external_id="borrower-of-the-panel"):
    panel._new_user.value = external_id
    panel._button.click()
    for thread in threading.enumerate():
        if thread.name == "argyle_nb upload":
            thread.join(60)


def texts_of(panel):
    return [row.children[2].value for row in panel._list.children]


def json_answer(value):
    return Answer(body=json.dumps(value).encode())


def taking(reads):
    """Take documents under these ids in turn; each is read as its list says, the last for ever."""
    ids = iter(reads)

    def answer(seen):
        if seen.method == "POST":
            return json_answer({"id": next(ids)})
        states = reads[seen.path.rsplit("/", 1)[1]]
        state = states.pop(0) if len(states) > 1 else states[0]
        return state if isinstance(state, Answer) else json_answer(state)

    return HostileServer(answer)


def with_users(*users, listing=200):
    """Hold these users; nobody is found by an external id, and whoever is created is `USER_ID`."""

    def answer(seen):
        if seen.method == "POST":
            return json_answer({"id": USER_ID})
        found = [] if "external_id=" in seen.path else users
        return Answer(200 if found == [] else listing, json_answer({"results": found}).body)

    return HostileServer(answer)


@pytest.fixture
def connected(tmp_path):
    """Give a function that makes a queue for a server."""
    return lambda server, on_change=lambda _: None: UploadQueue(
        client_of(server), on_change, tmp_path / "journal.sqlite"
    )


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    """Call what has not moved for a moment steady."""
    for module in ("client", "widgets.queue"):
        monkeypatch.setattr(f"argyle_nb.{module}.STEADY_SECONDS", 0.2)


@pytest.fixture
def panel_of(tmp_path):
    """Give a function that makes a panel for a server."""
    return lambda server: UploadPanel(client_of(server), tmp_path / "journal.sqlite")


def send_two(queue):
    files = [queue.add("a.pdf", PDF), queue.add("b.pdf", PDF + b"%")]
    return files, queue.send("paystubs", USER_ID)


def test_a_file_goes_from_ready_to_its_score(queue, content, user):
    file = queue.add(SAMPLE_NAME, content)
    assert file.state == "ready"
    queue.send("paystubs", user.id).join(60)
    assert file.state == "done"
    assert file.upload.ocr_authenticity_score is not None
    assert str(file.upload.ocr_authenticity_score) in file.message


def test_states_come_in_their_order(queue, content, user):
    queue.add(SAMPLE_NAME, content)
    queue.send("paystubs", user.id).join(60)
    assert list(dict.fromkeys(queue.changes)) == ["sending", "processing", "done"]


def test_a_file_that_is_no_document_is_refused_at_once_with_the_reason(queue):
    file = queue.add("notes.pdf", NOT_A_DOCUMENT)
    assert file.state == "refused"
    assert "not a PDF" in file.message


def test_a_refused_file_does_not_stop_the_others(queue, content, user):
    queue.add("notes.pdf", NOT_A_DOCUMENT)
    good = queue.add(SAMPLE_NAME, content)
    queue.send("paystubs", user.id).join(60)
    assert good.state == "done"


def test_the_same_document_is_not_sent_twice(queue, content, user, client):
    for _ in range(2):
        queue.add(SAMPLE_NAME, content)
        queue.send("paystubs", user.id).join(60)
    assert len({upload.id for upload in queue.uploads}) == 1
    assert len(list(client.list_uploads(user=user.id))) == 1


def test_the_private_copy_is_removed_once_it_is_sent(queue, content, user):
    file = queue.add(SAMPLE_NAME, content)
    assert file.path.exists()
    queue.send("paystubs", user.id).join(60)
    assert not file.path.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x.pdf", "/abs.pdf", ""])
def test_a_hostile_name_stays_inside_the_queues_own_folder(queue, name):
    file = queue.add(name, NOT_A_DOCUMENT)
    assert file.path.resolve().is_relative_to(queue._folder)


def test_a_file_chosen_twice_is_one_upload_that_knows_its_user_and_type(queue, content, user):
    for _ in range(2):
        queue.add(SAMPLE_NAME, content)
    queue.send("paystubs", user.id).join(60)
    [upload] = queue.uploads
    assert (upload.user, upload.requested_document_type) == (user.id, "paystubs")


def test_a_file_that_was_sent_before_says_so_with_its_score(queue, content, user):
    queue.add(SAMPLE_NAME, content)
    queue.send("paystubs", user.id).join(60)
    queue.add("again.pdf", content)
    queue.send("paystubs", user.id).join(60)
    first, again = (file.message for file in queue.files)
    assert first.startswith("sent; paystubs: score")
    assert again == first.replace("sent", "already at the service", 1)


@pytest.mark.parametrize(
    ("reads", "state", "words"),
    [
        ([NOT_FOUND], "done", "sent; not read yet: "),
        ([NOT_FOUND, record(1)], "done", "sent; paystubs: score 85"),
        ([scored(1, 150)], "done", "sent; not read yet: ValueError: a score is 0 to 100"),
        ([unscored(1, "completed", "in_progress", "idle")], "processing", "sent; still being read"),
        ([unscored(1, "completed", "idle", "idle")], "done", "sent; stored as paystubs; no"),
    ],
)
def test_what_was_sent_counts_and_says_how_far_it_is_read(
    connected, monkeypatch, reads, state, words
):
    monkeypatch.setattr(queue_module, "_FOLLOW_SECONDS", 1.5)
    with taking({FIRST: list(reads)}) as server:
        queue = connected(server)
        file = queue.add("a.pdf", PDF)
        queue.send("paystubs", USER_ID).join(60)
    assert [upload.id for upload in queue.uploads] == [FIRST]
    assert file.state == state
    assert file.message.startswith(words)


def test_a_copy_that_cannot_be_removed_does_not_stop_the_others(connected):
    def hold(file):
        # A folder in its place cannot be unlinked, as a file that another program holds.
        if file.fraction and file.path.is_file():
            file.path.unlink()
            file.path.mkdir()

    with taking({FIRST: [record(1)], SECOND: [record(2)]}) as server:
        queue = connected(server, hold)
        files, worker = send_two(queue)
        worker.join(60)
    assert [file.path.is_dir() for file in files] == [True, True]
    assert [file.state for file in files] == ["done", "done"]


def test_an_unforeseen_error_is_told_on_its_row_and_the_others_go_on(connected):
    broken = iter([RuntimeError("the display broke")])

    def break_once(file):
        if file.fraction and (error := next(broken, None)):
            raise error

    with taking({FIRST: [record(1)], SECOND: [record(2)]}) as server:
        (first, second), worker = send_two(connected(server, break_once))
        worker.join(60)
    assert (first.state, second.state) == ("unknown", "done")
    assert "the display broke" in first.message


def test_a_refused_key_is_tried_once(connected):
    with HostileServer(Answer(401)) as server:
        files, worker = send_two(connected(server))
        worker.join(60)
        assert server.posts == 1
    assert [file.state for file in files] == ["unsent", "unsent"]
    assert files[1].message == f"not tried: {files[0].message}"


def test_a_score_is_shown_while_an_earlier_upload_is_still_read(connected, monkeypatch):
    monkeypatch.setattr(queue_module, "_FOLLOW_SECONDS", 2.0)
    stuck = unscored(1, "completed", "in_progress", "idle")
    moving = unscored(2, "completed", "completed", "in_progress")
    with taking({FIRST: [stuck], SECOND: [moving, record(2)]}) as server:
        (first, second), worker = send_two(connected(server))
        until(lambda: second.state == "done")
        assert first.state == "processing"
        worker.join(60)


def test_a_file_that_cannot_be_copied_says_so_and_the_next_is_taken(queue):
    (queue._folder / "0").touch()
    bad, good = queue.add("a.pdf", PDF), queue.add("b.pdf", PDF)
    assert (bad.state, good.state) == ("refused", "ready")
    assert "cannot be copied (File exists)" in bad.message


def test_a_service_that_is_gone_is_told_on_the_row(tmp_path, content, user):
    gone = Client("id", "secret", environment="http://127.0.0.1:9")
    queue = UploadQueue(gone, lambda _: None, tmp_path / "journal.sqlite")
    file = queue.add(SAMPLE_NAME, content)
    queue.send("paystubs", user.id).join(60)
    assert file.state == "unsent"
    assert "could not be reached" in file.message


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (scored(1, 12), "paystubs: score 12, very low authenticity"),
        (scored(1, 95), "paystubs: score 95, high authenticity"),
    ],
)
def test_the_outcome_names_type_score_and_level(upload, words):
    assert outcome(next(as_uploads([upload]))) == words


def test_the_outcome_of_a_failure_says_so():
    [upload] = as_uploads([{"id": "u", "processing": stages("failed", "idle", "idle")}])
    assert "processing failed" in outcome(upload)


def test_the_button_counts_the_documents_that_are_ready(panel, content):
    assert panel._button.disabled
    choose(panel, SAMPLE_NAME, content)
    assert (panel._button.description, panel._button.disabled) == ("Upload 1 document", False)


def test_the_file_control_is_emptied_so_that_the_same_file_can_be_chosen_again(panel, content):
    choose(panel, SAMPLE_NAME, content)
    assert panel._files.value == ()
    choose(panel, SAMPLE_NAME, content)
    assert len(panel._list.children) == 2


def test_uploading_for_a_new_user_creates_the_user(panel, content, client):
    choose(panel, SAMPLE_NAME, content)
    send_and_wait(panel, "brand-new-borrower")
    [user] = client.list_users(external_id="brand-new-borrower")
    assert panel._users.value == user.id
    assert len(list(client.list_uploads(user=user.id))) == 1


def test_an_external_id_that_somebody_has_names_that_user(panel, content, client):
    known = client.create_user(external_id="known-borrower")
    choose(panel, SAMPLE_NAME, content)
    send_and_wait(panel, "known-borrower")
    assert panel._users.value == known.id
    assert len(list(client.list_users(external_id="known-borrower"))) == 1


def test_a_click_with_nothing_to_send_creates_no_user(panel, client):
    send_and_wait(panel, "clicked-twice")
    assert list(client.list_users(external_id="clicked-twice")) == []


def test_a_new_user_without_a_name_is_asked_for_and_nothing_is_sent(panel_of):
    with with_users() as server:
        panel = panel_of(server)
        choose(panel, "a.pdf", PDF)
        send_and_wait(panel, "  ")
        assert server.posts == 0
    assert "name the user first" in panel._status.value
    assert texts_of(panel) == ["ready"]


def test_a_new_user_is_selected_though_users_cannot_be_listed(panel_of):
    with with_users({"id": FIRST}, listing=400) as server:
        panel = panel_of(server)
        choose(panel, "a.pdf", PDF)
        send_and_wait(panel)
    assert (panel._users.label, panel._users.value) == ("borrower-of-the-panel", USER_ID)


def test_users_are_named_by_external_id_or_shortened_id_never_by_e_mail(panel_of):
    named = {"id": FIRST, "external_id": "loan-1", "email": EMAIL}
    with with_users(named, {"id": USER_ID, "email": EMAIL}) as server:
        panel = panel_of(server)
    assert panel._users.options[1:] == (("loan-1", FIRST), (USER_ID[:8], USER_ID))


def test_users_of_the_same_name_are_told_apart_by_their_ids(panel_of):
    with with_users({"id": FIRST}, {"id": SECOND}) as server:
        panel = panel_of(server)
    labels = [label for label, _ in panel._users.options[1:]]
    assert labels == [f"{FIRST[:8]} ({FIRST})", f"{SECOND[:8]} ({SECOND})"]


def test_the_frame_holds_what_was_uploaded(panel, content):
    choose(panel, SAMPLE_NAME, content)
    send_and_wait(panel)
    assert panel.frame["file_name"].tolist() == [SAMPLE_NAME]
    assert panel.frame["ocr_authenticity_score"].notna().all()


def test_a_hostile_file_name_is_shown_as_text(panel):
    choose(panel, "<img src=x onerror=alert(1)>.pdf", NOT_A_DOCUMENT)
    [row] = panel._list.children
    assert "<img" not in row.children[0].value
    assert "&lt;img" in row.children[0].value


def test_a_refused_file_says_why_on_its_row_and_leaves_the_panel_usable(panel, content):
    choose(panel, "notes.pdf", NOT_A_DOCUMENT)
    assert "not a PDF" in texts_of(panel)[0]
    assert panel._button.disabled
    choose(panel, SAMPLE_NAME, content)
    send_and_wait(panel)
    assert "score" in texts_of(panel)[1]


def test_a_service_that_is_gone_is_told_in_the_status_line(tmp_path):
    gone = Client("id", "secret", environment="http://127.0.0.1:9")
    panel = UploadPanel(gone, journal=tmp_path / "journal.sqlite")
    assert "could not be reached" in panel._status.value


def test_the_saved_state_holds_neither_document_nor_secret_nor_e_mail(client, content, tmp_path):
    client.create_user(email=EMAIL)
    panel = UploadPanel(client, journal=tmp_path / "journal.sqlite")
    choose(panel, SAMPLE_NAME, content)
    send_and_wait(panel)
    saved = json.dumps(embed_data(views=[panel]))
    assert SAMPLE_NAME in saved
    assert client.settings.api_key_secret.reveal() not in saved
    # Binary state is saved in base64; sixty bytes are whole groups of three.
    assert base64.b64encode(content[:60]).decode() not in saved
    assert EMAIL not in saved
