"""One upload panel for many pages and cells: what each hears of it, and what a notebook saves."""

import base64
import threading
import time
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from argyle_nb.client.client import Client
from argyle_nb.uploads.queue_files import QueuedFile
from argyle_nb.widgets import UploadPanel
from argyle_nb.widgets.panel import LastHeard, Throttle
from argyle_nb.widgets.upload import ROWS_IN_A_MESSAGE, SHOW_SECONDS, _heading
from tests.support.panel_page import Browser, state_of
from tests.support.servers import USER_ID, Answer, HostileServer, client_of
from tests.support.upload_panel import aside, drop, is_ready, pushed, row, sent
from tests.support.upload_queues import until

HOSTILE = "<img src=x onerror=alert(1)>.pdf"


@pytest.fixture
def panel(client, tmp_path):
    return UploadPanel(client, tmp_path / "journal.sqlite")


@pytest.fixture
def page(panel):
    page = Browser(panel._shared.table)
    page.ask("open")
    return page


# What pages hear


def test_each_push_has_the_version_after_the_one_before_and_a_page_can_ask_for_the_newest(
    panel, page, pdf
):
    assert page.ask("open")["version"] == 0
    drop(panel, pdf)
    until(lambda: any(row["type"] for news in pushed(page) for row in news["files"]))
    newest = page.ask("look")["version"]
    assert [news["version"] for news in pushed(page)] == [*range(1, newest + 1)]
    assert page.ask("open")["version"] == newest


def test_changes_are_pushed_and_tell_which_rows_are_gone(panel, page, pdf):
    key = drop(panel, pdf)
    until(lambda: any(row["state"] == "ready" for news in pushed(page) for row in news["files"]))
    page.ask("remove", keys=[key])
    until(lambda: pushed(page)[-1]["gone"] == [key])
    assert pushed(page)[-1]["files"] == []


def test_many_changes_are_few_messages_of_a_few_rows_each(panel, page):
    began, count = time.monotonic(), 2 * ROWS_IN_A_MESSAGE + 1
    for number in range(count):
        panel.queue._files.add(QueuedFile(f"k{number}", Path("x"), "a.pdf", state="waiting"))
    for number in range(count):
        panel.queue._files.put(f"k{number}", state="sending")

    def shown():
        return {row["file"]: row["state"] for news in pushed(page) for row in news["files"]}

    until(lambda: len(shown()) == count and set(shown().values()) == {"sending"})
    assert max(len(news["files"]) for news in pushed(page)) == ROWS_IN_A_MESSAGE
    rounds = (time.monotonic() - began) / SHOW_SECONDS + 2
    assert len(pushed(page)) <= rounds * 3


def test_every_page_hears_who_gets_what_is_dropped_next(page):
    page.ask("set", all=True, user="loan-78")
    until(lambda: pushed(page))
    assert pushed(page)[-1]["user"] == "loan-78"


def test_calls_that_come_too_often_are_put_together_and_the_last_is_not_lost():
    seen, calls = [], threading.Semaphore(0)
    often = Throttle(0.2, lambda: (seen.append(len(asked)), calls.release()))
    asked = []
    for number in range(50):
        asked.append(number)
        often()
    assert calls.acquire(timeout=30)
    assert calls.acquire(timeout=30)
    assert seen[-1] == 50
    assert len(seen) < 10


def test_a_context_is_kept_for_what_is_sent_later():
    heard = LastHeard()
    heard.note()
    ran = []
    heard.run(lambda: ran.append(1))
    assert ran == [1]


# One panel for many cells


def test_run_again_the_cell_shows_the_same_documents(panel, client, pdf, tmp_path):
    key = drop(panel, pdf)
    again = UploadPanel(client, tmp_path / "journal.sqlite")
    assert [file.key for file in again.queue.files] == [key]
    assert again.children[1:] == panel.children[1:]


def test_another_journal_is_another_panel(panel, client, pdf, tmp_path):
    drop(panel, pdf)
    assert UploadPanel(client, tmp_path / "other.sqlite").queue.files == []


def test_a_panel_whose_widgets_were_closed_begins_anew(panel, client, pdf, tmp_path):
    drop(panel, pdf)
    for part in panel.children:
        part.close()
    assert UploadPanel(client, tmp_path / "journal.sqlite").queue.files == []


def test_with_a_corrected_key_the_same_panel_goes_on(tmp_path, pdf):
    good = f"Basic {base64.b64encode(b'good:key').decode()}"

    def answer(seen):
        known = seen.headers.get("authorization") == good
        return Answer(200, b'{"results": []}') if known else Answer(401, b'{"detail": "no"}')

    with HostileServer(answer) as server:
        journal = tmp_path / "journal.sqlite"
        first = UploadPanel(Client("bad", "key", environment=server.url), journal)
        page = Browser(first._shared.table)
        page.ask("users", text="x")
        until(lambda: aside(page))
        assert "users cannot be looked up" in aside(page)[0]["words"]
        key = first.queue.add(pdf)
        corrected = Client("good", "key", environment=server.url)
        second = UploadPanel(corrected, journal)
        page.ask("users", text="y")
        until(lambda: aside(page)[0]["text"] == "y")
    assert "a new user gets it" in aside(page)[0]["words"]
    assert [file.key for file in second.queue.files] == [key]
    assert second.queue.client is corrected


def test_the_heading_of_every_panel_names_the_place_of_the_newest_client(panel, client, tmp_path):
    settings = replace(client.settings, environment="elsewhere")
    moved = copy(client)
    moved.settings = settings
    UploadPanel(moved, tmp_path / "journal.sqlite")
    assert "(elsewhere)" in panel.children[0].value


def test_closing_all_widgets_in_mid_batch_removes_no_copy_that_is_still_to_be_sent(tmp_path, pdf):
    gate = threading.Event()
    with HostileServer(lambda _: gate.wait(60) and Answer(400, b"{}")) as server:
        panel = UploadPanel(client_of(server), tmp_path / "journal.sqlite")
        key = drop(panel, pdf)
        panel.queue.set([key], document_type="W-2", user=USER_ID)
        until(lambda: panel.queue.find(key).state == "ready")
        zone, path = panel._shared.zone, panel.queue.find(key).path
        worker = panel.send()
        zone.close()
        assert path.read_bytes() == pdf.read_bytes()
        gate.set()
        worker.join(60)
        zone.close()
    assert not path.exists()


# What is saved and shown


def test_the_saved_state_holds_neither_document_nor_secret_nor_user(panel, page, pdf, client):
    email = "bob.panel@example.test"
    client.create_user(external_id="panel-2", email=email)
    key = drop(panel, pdf, HOSTILE)
    file = sent(panel, page, key, email)
    until(lambda: f"score {file.score}" in state_of(panel))
    saved, owner = state_of(panel), panel.queue.uploads[0].user
    assert HOSTILE in saved
    for personal in (email, "panel-2", owner, client.settings.api_key_secret.reveal()):
        assert personal not in saved
    # Binary state is saved in base64; sixty bytes are whole groups of three.
    assert base64.b64encode(pdf.read_bytes()[:60]).decode() not in saved


def test_a_reason_that_may_name_a_person_is_not_saved(panel, page, pdf):
    key = drop(panel, pdf)
    page.ask("set", all=True, user="nobody@example.test")
    until(lambda: is_ready(page, key))
    page.ask("send")
    until(lambda: row(page, key)["state"] == "unsent")
    assert "nobody@example.test" in row(page, key)["message"]
    assert "nobody@example.test" not in state_of(panel)


def test_the_saved_text_of_a_document_is_made_of_its_type_and_score_alone(panel, page):
    said = "user ada@example.test (SSN 123-45-6789) is locked"
    states = ("done", "unread", "rejected", "unsent", "unknown", "reading", "refused")
    for state in states:
        file = QueuedFile(state, Path("x"), "a.pdf", state=state, document_type="W-2")
        told = {"message": said, "how": said, "user": said, "signals": (said,)}
        panel.queue._files.add(replace(file, **told))
    panel.queue._files.add(
        QueuedFile("scored", Path("x"), "a.pdf", state="done", document_type="W-2", message=said)
    )
    panel.queue._files.put("scored", score=85, level="high")
    until(lambda: "W-2: score 85, high authenticity" in state_of(panel))
    assert "W-2, no authenticity score" in state_of(panel)
    assert "SSN" not in state_of(panel)


def test_the_heading_shows_where_it_sends_to_as_text():
    with HostileServer([b""]) as server:
        client = client_of(server)
    object.__setattr__(client.settings, "environment", HOSTILE)
    assert "<img" not in _heading(client)
