"""The upload panel, asked as the browser asks, and what a notebook saves of it."""

import base64
import shutil
import sys
import threading
import time
import types
from copy import copy
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from argyle_nb.client.client import Client
from argyle_nb.uploads.queue_files import QueuedFile
from argyle_nb.widgets.upload import _PANELS, ROWS_IN_A_MESSAGE, SHOW_SECONDS, UploadPanel
from tests.support.panel_page import Browser, state_of
from tests.support.servers import USER_ID, Answer, HostileServer, client_of
from tests.support.upload_panel import aside, drop, is_ready, pushed, row, sent, shown
from tests.support.upload_queues import until

EMAIL = "ada.panel@example.test"
HOSTILE = "<img src=x onerror=alert(1)>.pdf"


@pytest.fixture
def panel(client, tmp_path):
    return UploadPanel(client, tmp_path / "journal.sqlite")


@pytest.fixture
def page(panel):
    page = Browser(panel)
    page.ask("open")
    return page


def earlier(page):
    """Ask what was sent before, which is looked up aside, and wait for it."""
    page.heard.clear()
    page.ask("earlier")
    until(lambda: [1 for told, _ in page.heard if "earlier" in told])
    [lines] = [told["earlier"] for told, _ in page.heard if "earlier" in told]
    return lines


def test_a_dropped_file_becomes_a_row_with_its_size_kind_and_guessed_type(panel, page, pdf):
    key = drop(panel, pdf)
    until(lambda: is_ready(page, key))
    told = row(page, key)
    assert (told["name"], told["size"], told["found"]) == (pdf.name, pdf.stat().st_size, "PDF")
    assert (told["type"], told["guess"], told["state"]) == ("paystubs", True, "ready")


def test_what_is_on_its_way_to_the_kernel_is_a_row_of_the_same_list(panel, page):
    panel.receiver.begin("k1", "a.pdf", 200, 0)
    panel.receiver.slice("k1", 0, b"%PDF-")
    told = row(page, "k1")
    assert (told["state"], told["fraction"]) == ("copying", 0.025)
    assert panel.queue.files == []


def test_a_user_said_for_all_is_the_user_of_what_comes_later_too(panel, page, pdf):
    first = drop(panel, pdf)
    page.ask("set", all=True, user=" loan-1 ")
    second = drop(panel, pdf)
    assert [row(page, key)["user"] for key in (first, second)] == ["loan-1", "loan-1"]
    assert page.ask("open")["user"] == "loan-1"


def test_a_type_said_for_all_and_one_said_for_a_row_are_kept(panel, page, pdf):
    keys = [drop(panel, pdf) for _ in range(3)]
    page.ask("set", all=True, document_type="W-2")
    page.ask("set", keys=[keys[1]], document_type="1099")
    assert [row(page, key)["type"] for key in keys] == ["W-2", "1099", "W-2"]


def test_a_document_goes_from_the_browser_to_its_score_and_its_copy_goes(panel, page, pdf, user):
    key = drop(panel, pdf)
    copy = panel.queue.find(key).path
    assert copy.exists()
    file = sent(panel, page, key, user.id)
    assert not copy.exists()
    assert row(page, key)["score"] == file.score
    assert row(page, key)["kind"] == "paystubs"
    assert panel.frame["ocr_authenticity_score"].tolist() == [file.score]
    assert repr(panel) == "UploadPanel(1 documents, 1 at Argyle)"


def test_documents_of_a_panel_that_was_closed_behind_its_back_go_on_in_the_next(
    client, tmp_path, panel, pdf
):
    first = drop(panel, pdf)
    panel.comm.close()
    following = UploadPanel(client, tmp_path / "journal.sqlite")
    assert following is not panel
    page = Browser(following)
    panel.close()
    assert following.queue.find(first).path.exists()
    second = drop(panel, pdf)
    until(lambda: second in shown(page))
    assert [row(page, key)["name"] for key in (first, second)] == [pdf.name, pdf.name]


def test_a_document_without_a_user_is_an_error_in_words_and_nothing_is_sent(panel, page, pdf):
    key = drop(panel, pdf)
    until(lambda: is_ready(page, key))
    told = page.ask("send")
    assert (
        told["error"] == f"Nothing was sent. {pdf.name} has no borrower. Enter one under Borrower."
    )
    assert row(page, key)["state"] == "ready"


def test_a_removed_row_is_gone_with_its_copy_and_can_be_chosen_again(panel, page, pdf):
    key = drop(panel, pdf)
    until(lambda: row(page, key)["state"] == "ready")
    copy = panel.queue.find(key).path
    page.ask("remove", keys=[key])
    assert not copy.exists()
    assert panel.receiver.files == []
    assert page.ask("open")["files"] == []
    assert row(page, drop(panel, pdf))["name"] == pdf.name


def test_documents_on_the_kernels_machine_are_added_by_a_pattern(panel, page, pdf, tmp_path):
    for number in range(2):
        shutil.copy(pdf, tmp_path / f"scan{number}.pdf")
    page.ask("add", text=f"{tmp_path}/scan*.pdf")
    until(lambda: aside(page) == [{"about": "added", "added": 2}])
    names = [told["name"] for told in page.ask("open")["files"]]
    assert names == ["scan0.pdf", "scan1.pdf"]
    page.ask("add", text="nowhere/*.pdf")
    until(lambda: "No files match" in aside(page)[0].get("trouble", ""))


def test_the_same_can_be_said_in_python(panel, pdf, user, tmp_path):
    shutil.copy(pdf, tmp_path / "scan.pdf")
    assert panel.add(f"{tmp_path}/*.pdf", document_type="paystubs", user=user.id) == 1
    [file] = panel.queue.files
    until(lambda: panel.queue.find(file.key).state == "ready")
    panel.upload().join(60)
    assert panel.queue.uploads
    assert (tmp_path / "scan.pdf").exists()


def test_users_are_looked_for_by_e_mail_and_answered_by_message(panel, page, client):
    known = client.create_user(external_id="panel-1", email=EMAIL, first_name="Ada")
    page.ask("users", text=EMAIL)
    until(lambda: any(told.get("users") for told, _ in page.heard))
    [told] = [told for told, _ in page.heard if told.get("users")]
    assert told["users"] == [{"value": "panel-1", "label": f"Ada, {EMAIL}"}]
    assert (told["text"], told["words"]) == (EMAIL, "Known user.")
    assert known.id not in state_of(panel)


def test_a_search_that_fails_says_why(tmp_path):
    with HostileServer([b""]) as server:
        gone = client_of(server)
    page = Browser(UploadPanel(gone, tmp_path / "journal.sqlite"))
    page.ask("users", text="x")
    until(lambda: aside(page))
    assert aside(page)[0]["words"].startswith("User search failed. ")
    assert "can't be reached" in aside(page)[0]["words"]


def test_the_upload_log_shows_what_was_sent_before(panel, page, pdf, user):
    key = drop(panel, pdf)
    sent(panel, page, key, user.id)
    assert earlier(page) == []
    page.ask("remove", keys=[key])
    [line] = earlier(page)
    assert (line["name"], line["state"], line["borrower"]) == (pdf.name, "uploaded", user.id)
    assert datetime.fromisoformat(line["at"]).second == 0


def test_of_what_was_sent_before_the_borrower_is_called_by_the_external_id(panel, page, pdf):
    key = drop(panel, pdf)
    sent(panel, page, key, "loan-of-before")
    page.ask("remove", keys=[key])
    [line] = earlier(page)
    assert line["borrower"] == "loan-of-before"


def test_a_repeated_question_adds_nothing_twice(panel, page, pdf):
    page.ask("add", number="n1", text=str(pdf))
    until(lambda: aside(page))
    for _ in range(20):
        page.ask("set", all=True, user="loan-1")
    page.ask("add", number="n1", text=str(pdf))
    page.ask("add", text="nowhere/*.pdf")
    until(lambda: "trouble" in aside(page)[0])
    assert len(panel.queue.files) == 1


def test_files_are_looked_for_on_another_thread_so_that_no_other_question_waits(panel, page, pdf):
    threads = {}

    def send(content, buffers=None):
        threads[content["about"]] = threading.current_thread()

    page.panel.send = send
    page.panel._handle_custom_msg({"kind": "add", "number": "n1", "text": str(pdf)}, [])
    until(lambda: "added" in threads)
    assert threads["add"] is threading.current_thread()
    assert threads["added"] is not threading.current_thread()


def test_a_correction_that_comes_too_late_is_an_error(panel, page, pdf, user):
    key = drop(panel, pdf)
    panel.queue.set([key], document_type="paystubs", user=user.id)
    until(lambda: is_ready(page, key))
    panel.upload().join(60)
    until(lambda: row(page, key)["state"] == "done")
    told = page.ask("set", keys=[key], user="somebody else")
    assert told["error"] == (
        f"Can't change {pdf.name}: its state is done, as paystubs for {user.id}."
    )
    assert "error" not in page.ask("set", all=True, user="somebody else")


def test_a_suggested_user_is_the_one_that_its_label_names(panel, page, client):
    ada, bob = (
        client.create_user(external_id="household-9", email=f"{name}.household@example.test")
        for name in ("ada", "bob")
    )
    page.ask("users", text="bob.household")
    until(lambda: aside(page))
    [[suggested]] = [message["users"] for message in aside(page)]
    assert suggested == {"value": bob.id, "label": "bob.household@example.test, household-9"}
    assert ada.id != bob.id


# What pages hear


def test_each_push_has_the_version_after_the_one_before_and_a_page_can_ask_for_the_newest(
    panel, page, pdf
):
    assert page.ask("open")["version"] == 0
    drop(panel, pdf)
    until(lambda: any(row["type"] for row in shown(page).values()))
    newest = page.ask("look")["version"]
    assert [news["version"] for news in pushed(page)] == [*range(1, newest + 1)]
    assert page.ask("open")["version"] == newest


def test_changes_are_pushed_and_tell_which_rows_are_gone(panel, page, pdf):
    key = drop(panel, pdf)
    until(lambda: any(row["state"] == "ready" for row in shown(page).values()))
    page.ask("remove", keys=[key])
    until(lambda: pushed(page)[-1]["gone"] == [key])
    assert pushed(page)[-1]["files"] == []


def test_many_changes_are_few_messages_of_a_few_rows_each(panel, page):
    began, count = time.monotonic(), 2 * ROWS_IN_A_MESSAGE + 1
    for number in range(count):
        panel.queue._files.add(QueuedFile(f"k{number}", Path("x"), "a.pdf", state="waiting"))
    for number in range(count):
        panel.queue._files.put(f"k{number}", state="sending")

    until(lambda: [row["state"] for row in shown(page).values()] == ["sending"] * count)
    assert max(len(news["files"]) for news in pushed(page)) <= ROWS_IN_A_MESSAGE
    rounds = (time.monotonic() - began) / SHOW_SECONDS + 2
    assert len(pushed(page)) <= rounds * 3


def test_every_page_hears_who_gets_what_is_dropped_next(page):
    page.ask("set", all=True, user="loan-78")
    until(lambda: pushed(page))
    assert pushed(page)[-1]["user"] == "loan-78"


def test_run_again_the_cell_shows_the_same_documents(panel, client, pdf, tmp_path):
    key = drop(panel, pdf)
    again = UploadPanel(client, tmp_path / "journal.sqlite")
    assert [file.key for file in again.queue.files] == [key]
    assert again is panel


def test_another_upload_log_is_another_panel(panel, client, pdf, tmp_path):
    drop(panel, pdf)
    assert UploadPanel(client, tmp_path / "other.sqlite").queue.files == []


def test_a_panel_that_was_closed_begins_anew(panel, client, pdf, tmp_path):
    drop(panel, pdf)
    panel.close()
    assert UploadPanel(client, tmp_path / "journal.sqlite").queue.files == []


def test_with_a_corrected_key_the_same_panel_goes_on(tmp_path, pdf):
    good = f"Basic {base64.b64encode(b'good:key').decode()}"

    def answer(seen):
        known = seen.headers.get("authorization") == good
        return Answer(200, b'{"results": []}') if known else Answer(401, b'{"detail": "no"}')

    with HostileServer(answer) as server:
        upload_log = tmp_path / "journal.sqlite"
        first = UploadPanel(Client("bad", "key", environment=server.url), upload_log)
        page = Browser(first)
        page.ask("users", text="x")
        until(lambda: aside(page))
        assert "User search failed" in aside(page)[0]["words"]
        key = first.queue.add(pdf)
        corrected = Client("good", "key", environment=server.url)
        second = UploadPanel(corrected, upload_log)
        page.ask("users", text="y")
        until(lambda: aside(page)[0]["text"] == "y")
    assert "A user will be created" in aside(page)[0]["words"]
    assert [file.key for file in second.queue.files] == [key]
    assert second.queue.client is corrected


def test_the_heading_names_the_place_of_the_newest_client(panel, client, tmp_path):
    settings = replace(client.settings, environment="elsewhere")
    moved = copy(client)
    moved.settings = settings
    UploadPanel(moved, tmp_path / "journal.sqlite")
    assert panel.rules["place"] == "elsewhere"


def test_closing_the_panel_in_mid_batch_removes_no_copy_that_is_still_to_be_sent(tmp_path, pdf):
    gate = threading.Event()
    with HostileServer(lambda _: gate.wait(60) and Answer(400, b"{}")) as server:
        panel = UploadPanel(client_of(server), tmp_path / "journal.sqlite")
        key = drop(panel, pdf)
        panel.queue.set([key], document_type="W-2", user=USER_ID)
        until(lambda: panel.queue.find(key).state == "ready")
        path = panel.queue.find(key).path
        worker = panel.upload()
        panel.close()
        assert path.read_bytes() == pdf.read_bytes()
        gate.set()
        worker.join(60)
        panel.queue.remove(key)
    assert not path.exists()


def visit(call):
    """Do something as a visitor of a marimo app, who has a thread and leaves at its end."""
    found = []
    visitor = threading.Thread(target=lambda: found.append(call()))
    visitor.start()
    visitor.join(60)
    return found[0]


@pytest.fixture
def _in_marimo(monkeypatch):
    # That it is loaded is all that the panel looks at, and the panels' visitors are real threads.
    monkeypatch.setitem(sys.modules, "marimo", types.ModuleType("marimo"))


@pytest.mark.usefixtures("_in_marimo")
def test_the_documents_of_visitors_who_left_go_with_the_next_panel(client, tmp_path, pdf):
    def leave_a_document():
        panel = UploadPanel(client, tmp_path / "journal.sqlite")
        return panel, panel.queue.find(drop(panel, pdf)).path

    first, path = visit(leave_a_document)
    assert path.exists()
    second, other_path = visit(leave_a_document)
    assert second is not first
    assert not path.exists()
    assert first.comm is None
    assert first not in _PANELS.values()
    assert other_path.exists()
    visit(lambda: UploadPanel(client, tmp_path / "journal.sqlite").close())
    assert not other_path.exists()
    assert not {first, second} & set(_PANELS.values())


@pytest.mark.usefixtures("_in_marimo")
def test_what_a_visitor_who_left_is_still_sending_keeps_its_copies_until_it_is_over(tmp_path, pdf):
    gate = threading.Event()
    upload_log = tmp_path / "journal.sqlite"

    def begin():
        panel = UploadPanel(client_of(server), upload_log)
        key = drop(panel, pdf)
        panel.queue.set([key], document_type="W-2", user=USER_ID)
        until(lambda: panel.queue.find(key).state == "ready")
        return panel, panel.queue.find(key).path, panel.upload()

    with HostileServer(lambda _: gate.wait(60) and Answer(400, b"{}")) as server:
        panel, path, worker = visit(begin)
        visit(lambda: UploadPanel(client_of(server), upload_log))
        assert path.exists()
        assert panel in _PANELS.values()
        gate.set()
        worker.join(60)
        visit(lambda: UploadPanel(client_of(server), upload_log))
    assert panel not in _PANELS.values()


def test_a_closed_panel_is_kept_no_longer_but_the_one_that_went_on_is(client, tmp_path, panel):
    panel.comm.close()
    following = UploadPanel(client, tmp_path / "journal.sqlite")
    panel.close()
    assert UploadPanel(client, tmp_path / "journal.sqlite") is following
    following.close()
    assert following not in _PANELS.values()


# What is saved and shown


def test_the_saved_state_holds_neither_document_nor_secret_nor_user(panel, page, pdf, client):
    email = "bob.panel@example.test"
    client.create_user(external_id="panel-2", email=email)
    key = drop(panel, pdf, HOSTILE)
    file = sent(panel, page, key, email)
    until(lambda: f"Score {file.score}" in state_of(panel))
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
    until(lambda: row(page, key)["state"] == "not_sent")
    assert "nobody@example.test" in row(page, key)["message"]
    assert "nobody@example.test" not in state_of(panel)


def test_the_saved_text_of_a_document_is_made_of_its_type_and_score_alone(panel, page):
    said = "user ada@example.test (SSN 123-45-6789) is locked"
    states = (
        "done",
        "unread",
        "rejected_by_argyle",
        "not_sent",
        "not_confirmed",
        "reading",
        "invalid",
    )
    for state in states:
        file = QueuedFile(state, Path("x"), "a.pdf", state=state, document_type="W-2")
        told = {"message": said, "how": said, "user": said, "signals": (said,)}
        panel.queue._files.add(replace(file, **told))
    panel.queue._files.add(
        QueuedFile("scored", Path("x"), "a.pdf", state="done", document_type="W-2", message=said)
    )
    panel.queue._files.put("scored", score=85, level="high")
    until(lambda: "Score 85, high authenticity" in state_of(panel))
    assert "No authenticity score" in state_of(panel)
    assert "SSN" not in state_of(panel)
