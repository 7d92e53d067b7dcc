"""The upload panel and its queue, driven without a browser against a real sandbox."""

import json
import threading
from datetime import UTC, datetime

import pytest
from ipywidgets.embed import embed_data

from argyle_nb.client import Client
from argyle_nb.models import as_uploads
from argyle_nb.widgets import UploadPanel
from argyle_nb.widgets.queue import UploadQueue, outcome
from tests.records import scored, stages

SAMPLE_NAME = "paystub.pdf"
NOT_A_DOCUMENT = b"just text"


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


def send_and_wait(panel):
    panel._button.click()
    for thread in threading.enumerate():
        if thread.name == "argyle_nb upload":
            thread.join(60)


def texts_of(panel):
    return [row.children[2].value for row in panel._list.children]


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
    panel._new_user.value = "brand-new-borrower"
    send_and_wait(panel)
    [user] = client.list_users(external_id="brand-new-borrower")
    assert panel._users.value == user.id
    assert len(list(client.list_uploads(user=user.id))) == 1


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


def test_the_saved_state_holds_neither_the_document_nor_the_secret(panel, content, client):
    choose(panel, SAMPLE_NAME, content)
    send_and_wait(panel)
    saved = json.dumps(embed_data(views=[panel]))
    assert client.settings.api_key_secret.reveal() not in saved
    assert content[:60].hex() not in saved
    assert not list(panel._files.value)
