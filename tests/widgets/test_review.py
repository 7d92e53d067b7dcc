"""The review queue, asked as the browser asks, without a browser."""

import base64
import json
import threading

import pytest

from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.review import ReviewLog, sample
from argyle_nb.widgets.case import SLICE_BYTES
from argyle_nb.widgets.panel import REMEMBERED_CHANGES, REMEMBERED_LOOKUPS
from argyle_nb.widgets.review import ReviewQueue
from tests.support.panel_page import Browser, state_of
from tests.support.records import record, scored
from tests.support.servers import PDF, Answer, HostileServer, client_of, until

HOSTILE = "<img src=x onerror=alert(1)>.pdf"
IDS = [record(number)["id"] for number in range(1, 4)]
PERSON = "Ada Sample"


class Service:
    """Serves three uploads and their documents; some may be slow or missing."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.missing = False
        self.documents = 0

    def answer(self, seen):
        if "/document" in seen.path:
            self.documents += 1
            self.gate.wait(10)
            return Answer(500 if self.missing else 200, PDF + seen.path[-1:].encode() * 2_000_000)
        number = int(seen.path.rsplit("-", 1)[1], 16)
        link = f"http://127.0.0.1:{seen.headers['host'].rsplit(':')[-1]}/document/{number}"
        return Answer(body=json.dumps(record(number, file_url=link, file_name=HOSTILE)).encode())


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "reviews.sqlite")


@pytest.fixture
def queue(service, log):
    frame = uploads_frame([scored(number, 85) for number in range(1, 4)])
    with HostileServer(service.answer) as server:
        yield ReviewQueue(client_of(server), frame, reviewer="ada", log=log)


@pytest.fixture
def desk(queue):
    return Browser(queue)


def now(told):
    """The document to judge, as an answer names it."""
    return told["line"][0]["upload"] if told["line"] else ""


def facts_of(desk, upload):
    """Ask until the document is fetched."""
    desk.ask("want", uploads=[upload])
    until(lambda: "fetching" not in desk.ask("case", upload=upload))
    return desk.ask("case", upload=upload)


def fetched(desk, facts):
    """Ask for slice after slice, as the page does."""
    content = b""
    while len(content) < facts["size"]:
        desk.ask("slice", upload=facts["upload"], offset=len(content))
        content += bytes(desk.heard[-1][1][0])
    return content


def test_the_queue_begins_at_the_first_document(desk):
    told = desk.ask("open")
    assert (now(told), told["place"], told["documents"]) == (IDS[0], 1, 3)
    assert [row["upload"] for row in told["line"]] == IDS
    assert (told["is_all"], told["sampled"], told["last"]) == (True, False, "")


def test_a_document_arrives_slice_by_slice_with_its_digest(desk):
    desk.ask("open")
    facts = facts_of(desk, IDS[0])
    content = fetched(desk, facts)
    assert content == PDF + b"1" * 2_000_000
    assert len(desk.heard[-1][1][0]) <= SLICE_BYTES
    assert facts["media_type"] == "application/pdf"
    assert facts["file_name"] == HOSTILE
    assert facts["signals"][0]["name"] == "fields misaligned"
    assert (facts["score"], facts["level"], facts["levels"]) == (85, "high", "argyle")
    assert facts["fields"] == [{"field": "employee.name", "value": PERSON, "ocr_confidence": ""}]


def test_a_slow_document_does_not_hold_up_the_panel_and_is_announced(desk, service):
    service.gate.clear()
    desk.ask("open")
    assert desk.ask("want", uploads=IDS[:1])["here"] == []
    assert desk.ask("case", upload=IDS[0])["fetching"] is True
    assert now(desk.ask("skip", upload=IDS[0])) == IDS[1]
    service.gate.set()
    until(lambda: ({"about": "ready", "upload": IDS[0]}, None) in desk.heard)
    assert desk.ask("want", uploads=IDS[:1])["here"] == IDS[:1]


def test_what_is_wanted_is_fetched_and_all_else_is_let_go(desk, service, queue):
    desk.ask("open")
    desk.ask("want", uploads=IDS[:2])
    until(lambda: desk.ask("want", uploads=IDS[:2])["here"] == IDS[:2])
    assert service.documents == 2
    desk.ask("want", uploads=IDS[1:])
    until(lambda: desk.ask("want", uploads=IDS[1:])["here"] == IDS[1:])
    assert service.documents == 3
    assert queue._documents.find(IDS[0]) is None


def test_what_is_large_is_not_fetched_ahead_without_end(desk, service, monkeypatch):
    monkeypatch.setattr("argyle_nb.widgets.case._FETCHED_AT_ONCE", 1)
    monkeypatch.setattr("argyle_nb.widgets.case._MOST_HELD_BYTES", 1_000_000)
    desk.ask("open")
    until(lambda: desk.ask("want", uploads=IDS)["here"] == IDS[:1])
    assert service.documents == 1
    until(lambda: desk.ask("want", uploads=IDS[1:])["here"] == IDS[1:2])


def test_a_document_that_was_not_fetched_can_be_asked_for_again(desk, service):
    service.missing = True
    desk.ask("open")
    facts = facts_of(desk, IDS[0])
    assert facts["size"] == 0
    assert "500" in facts["problem"]
    service.missing = False
    desk.ask("case", upload=IDS[0], again=True)
    assert facts_of(desk, IDS[0])["problem"] == ""


def test_a_verdict_is_written_once_however_often_it_is_asked_for(desk, log):
    desk.ask("open")
    for _ in range(2):
        told = desk.ask("judge", number="v1", upload=IDS[0], verdict="fraudulent", note="fonts")
    assert (now(told), told["said"]["fraudulent"]) == (IDS[1], 1)
    [row] = log.frame().to_dict("records")
    assert (row["verdict"], row["reviewer"], row["note"]) == ("fraudulent", "ada", "fonts")


def test_a_question_of_another_page_in_between_doubles_no_verdict(desk, log):
    desk.ask("judge", number="one-1", upload=IDS[0], verdict="genuine")
    desk.ask("judge", number="other-1", upload=IDS[1], verdict="unsure")
    told = desk.ask("judge", number="one-1", upload=IDS[0], verdict="genuine")
    assert now(told) == IDS[1]
    assert log.frame()["verdict"].tolist() == ["genuine", "unsure"]


def test_many_questions_in_between_double_no_verdict(desk, log):
    told = desk.ask("judge", number="one-1", upload=IDS[0], verdict="genuine")
    for _ in range(3 * REMEMBERED_LOOKUPS):
        desk.ask("case", upload=IDS[1])
    for _ in range(REMEMBERED_CHANGES - 1):
        desk.ask("back")
    assert desk.ask("judge", number="one-1", upload=IDS[0], verdict="genuine") == told
    assert len(log.frame()) == 1


def test_a_verdict_without_a_reviewer_is_refused_in_words(desk, log):
    desk.ask("open", reviewer="  ")
    told = desk.ask("judge", upload=IDS[0], verdict="genuine")
    assert "reviewer is empty" in told["error"]
    assert len(log.frame()) == 0


def test_another_reviewer_begins_at_the_first_document_and_both_are_compared(desk):
    for reviewer in ("ada", "ben"):
        told = desk.ask("open", reviewer=reviewer)
        assert (now(told), told["line"][0]["verdict"]) == (IDS[0], "")
        for upload in IDS:
            told = desk.ask("judge", upload=upload, verdict="genuine")
    assert told["place"] == 4
    [pair] = desk.ask("agreement")["pairs"]
    assert (pair["reviewer"], pair["other"], pair["documents"]) == ("ada", "ben", "3")
    assert pair["kappa"] == ""


def test_going_back_shows_what_was_said(desk):
    desk.ask("open")
    desk.ask("judge", upload=IDS[0], verdict="unsure", note="blurred")
    told = desk.ask("back")
    row = told["line"][0]
    assert (row["upload"], row["verdict"], row["note"]) == (IDS[0], "unsure", "blurred")


def test_undo_goes_back_with_the_note_and_is_done_once_however_often_it_is_asked_for(desk, log):
    desk.ask("judge", upload=IDS[0], verdict="unsure", note="blurred")
    for _ in range(2):
        told = desk.ask("undo", number="u1")
    assert (now(told), told["undone"], told["last"]) == (IDS[0], "blurred", "")
    assert log.frame()["verdict"].tolist() == ["unsure", "withdrawn"]
    assert "Nothing to undo" in desk.ask("undo")["error"]


def test_the_end_of_the_queue_leads_to_what_was_skipped(desk):
    desk.ask("skip", upload=IDS[0])
    for upload in IDS[1:]:
        told = desk.ask("judge", upload=upload, verdict="genuine")
    assert (told["line"], told["is_all"], told["place"]) == ([], True, 4)
    assert now(desk.ask("first")) == IDS[0]


def test_the_list_is_given_in_parts_by_verdict_and_order(desk):
    desk.ask("judge", upload=IDS[1], verdict="genuine")
    rows = desk.ask("rows", start=1, count=1)
    assert (rows["total"], [row["verdict"] for row in rows["rows"]]) == (3, ["genuine"])
    desk.ask("sort", order="given")
    told = desk.ask("show", shown="genuine")
    assert (now(told), told["listed"], told["here"]) == (IDS[1], 1, 0)
    assert now(desk.ask("go", upload=IDS[2])) == IDS[2]


def test_a_verdict_is_of_whose_name_stood_there(desk, log):
    desk.ask("judge", upload=IDS[0], verdict="genuine", reviewer=" ben ")
    assert log.frame()["reviewer"].tolist() == ["ben"]


def test_a_name_that_was_written_in_a_panel_is_there_in_the_next(client, log, home):
    frame = uploads_frame([scored(1, 85)])
    desk = Browser(ReviewQueue(client, frame, log=log))
    assert desk.ask("open")["reviewer"] == ""
    desk.ask("open", reviewer="Ada L.")
    assert Browser(ReviewQueue(client, frame, log=log)).ask("open")["reviewer"] == "Ada L."
    assert (
        Browser(ReviewQueue(client, frame, log=log, reviewer="ben")).ask("open")["reviewer"]
        == "ben"
    )
    [file] = home.rglob("reviewer.txt")
    assert file.stat().st_mode & 0o077 == 0


def test_where_no_name_can_be_kept_the_panel_works_all_the_same(desk, home):
    (home / ".local").write_text("no folder")
    assert desk.ask("open", reviewer="Ada L.")["reviewer"] == "Ada L."


def test_a_sample_gives_the_order_and_is_kept(client, log):
    frame = uploads_frame([scored(number, 85) for number in range(1, 4)])
    chosen = sample(frame, 2, "random", seed=3)
    queue = ReviewQueue(client, frame, log=log, sample=chosen)
    told = Browser(queue).ask("open")
    assert (now(told), told["sampled"]) == (chosen["upload_id"].iloc[0], True)
    assert len(log.samples()) == 2
    assert repr(queue) == "ReviewQueue(2 documents, 2 without a verdict of this reviewer)"


def test_a_saved_notebook_holds_the_progress_and_nothing_of_a_document(desk, queue):
    desk.ask("open", reviewer="ada-the-reviewer")
    desk.ask("rows", start=0, count=3)
    facts = facts_of(desk, IDS[0])
    content = fetched(desk, facts)
    desk.ask("judge", upload=IDS[0], verdict="genuine", note="a private remark")
    state = state_of(queue)
    assert '"genuine": 1' in state
    secrets = (PERSON, HOSTILE, IDS[0], IDS[1], "ada-the-reviewer", "a private remark")
    for personal in (*secrets, base64.b64encode(content[:300]).decode()):
        assert personal not in state
        assert personal not in repr(queue)
