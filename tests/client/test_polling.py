"""Waiting: one poller for many uploads, which ends, and says how."""

from __future__ import annotations

import io
import json
import sys
import threading
import time

import pandas as pd
import pytest

from argyle_nb.client import polling, retry
from argyle_nb.client.polling import Waited
from argyle_nb.errors import AuthenticationError, ConfigurationError, ValidationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.models import UserUpload, decode
from tests.support.archives import ListServer, moving
from tests.support.records import record, stages
from tests.support.servers import RESET, USER_ID, Answer, HostileServer, client_of, closed_port


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(polling, "FIRST_POLL_SECONDS", 0.01)
    monkeypatch.setattr(polling, "LONGEST_POLL_SECONDS", 0.02)
    monkeypatch.setattr(polling, "STEADY_SECONDS", 0.15)
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


def known(records):
    return [decode(json.dumps(one).encode(), UserUpload) for one in records]


def in_stages(*states, number=1, **changes):
    return record(number, metadata=None, processing=stages(*states), **changes)


def answer_of(one):
    return Answer(body=json.dumps(one).encode())


def wait_for(server, uploads, **options):
    with client_of(server) as client:
        return client.wait(uploads, **{"timeout": 60} | options)


# Coming to rest


def test_waiting_ends_with_the_score(client, user, pdf):
    upload = client.upload(pdf, document_type="paystubs", user=user.id)
    [rested] = waited = client.wait([upload])
    assert rested.ocr_authenticity_score is not None
    assert (rested.user, rested.requested_document_type) == (user.id, "paystubs")
    assert waited.reasons == {upload.id: "complete"}


def test_waiting_gives_back_the_order_it_was_given(client, user, pdf):
    sent = [client.upload(pdf, document_type="paystubs", user=user.id) for _ in range(6)]
    assert [u.id for u in client.wait(reversed(sent))] == [u.id for u in reversed(sent)]


def test_waiting_for_nothing_is_over_at_once(client):
    assert client.wait([]) == []


def test_an_upload_is_followed_through_its_stages():
    steps = [
        in_stages("in_progress", "idle", "idle"),
        in_stages("completed", "idle", "idle"),
        in_stages("completed", "in_progress", "idle"),
        in_stages("completed", "completed", "completed"),
    ]
    with HostileServer([answer_of(step) for step in steps]) as server:
        [rested] = wait_for(server, known([moving(1)]))
    assert rested.stages == ("completed",) * 3
    assert len(server.seen) == 4


def test_what_rests_already_is_not_asked_for():
    uploads = known([record(1), in_stages("unauthorized", "unauthorized", "unauthorized")])
    with HostileServer(Answer(500)) as server:
        assert wait_for(server, uploads) == uploads[-1:]  # both have one id
    assert server.seen == []


@pytest.mark.parametrize(
    ("states", "kind", "reason"),
    [
        (("unauthorized",) * 3, "paystubs", "not enabled for this key (status: unauthorized)"),
        (
            ("completed", "unauthorized", "unauthorized"),
            "W-2",
            "(status: unauthorized): ocr, authenticity",
        ),
        (("idle",) * 3, "paystubs", "no further processing within 0 s"),
        (("completed", "idle", "idle"), "1099", "no further processing within 0 s"),
        (("completed", "idle", "idle"), "proof-of-identity", "complete"),
        (("completed", "failed", "idle"), "paystubs", "processing failed"),
    ],
)
def test_each_state_of_rest_is_told_from_the_others(states, kind, reason):
    settled = in_stages(*states, document_type=kind)
    with HostileServer(answer_of(settled)) as server:
        waited = wait_for(server, known([moving(1)]))
    assert reason in waited.reasons[settled["id"]]
    assert waited.unfinished == []


def test_a_stage_that_failed_before_a_score_is_no_failure_of_processing():
    """As `ScoreCounts.coverage` has it: an upload with a score has not failed."""
    settled = record(2, processing=stages("completed", "failed", "completed"))
    with HostileServer(answer_of(settled)) as server:
        waited = wait_for(server, known([moving(2)]))
    assert waited.reasons[settled["id"]] == "scored although ocr failed"


def test_idle_counts_as_rest_only_if_it_was_seen_idle_all_the_while(monkeypatch):
    """A poll that comes late must not take its own pause for steadiness."""
    monkeypatch.setattr(polling, "FIRST_POLL_SECONDS", 0.4)
    idle, done = in_stages("completed", "idle", "idle"), record(1)
    with HostileServer(answer_of(done)) as server:
        [rested] = wait_for(server, known([idle]))
    assert rested.ocr_authenticity_score == 85


def test_what_says_nothing_of_its_processing_rests():
    with client_of(closed_port()) as client:
        watch = client.watch()
        watch.add([UserUpload("u1")])
        assert watch.moving == []
    assert watch.watched["u1"].rests_because == "Argyle returned no processing status"


# What does not come to rest


def test_waiting_stops_at_its_time_limit_and_names_what_is_left():
    with (
        ListServer([moving(1), record(2)]) as server,
        pytest.warns(UserWarning, match=record(1)["id"]) as warned,
    ):
        waited = wait_for(server, known([moving(1), moving(2)]), timeout=0.3)
    assert [upload.at_rest for upload in waited] == [False, True]
    assert [upload.id for upload in waited.unfinished] == [record(1)["id"]]
    assert "still processing" in waited.reasons[record(1)["id"]]
    assert warned[0].filename == __file__


def test_an_upload_that_is_deleted_meanwhile_is_named():
    with (
        ListServer([record(2)]) as server,
        pytest.warns(UserWarning, match="not found at Argyle"),
    ):
        waited = wait_for(server, known([moving(1), moving(2)]))
    assert [upload.id for upload in waited.unfinished] == [record(1)["id"]]
    assert len(waited) == 2


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", json.dumps(record(3)).encode()])
def test_an_unreadable_answer_does_not_stop_the_others_and_is_not_asked_for_for_ever(body):
    with ListServer([record(1), record(2)]) as server:
        served = server._answers[0]
        broken = record(1)["id"]
        server._answers[0] = lambda s: Answer(body=body) if s.path.endswith(broken) else served(s)
        with pytest.warns(UserWarning, match="not read"):
            waited = wait_for(server, known([moving(1), moving(2)]))
    assert waited.reasons[record(2)["id"]] == "complete"
    assert server.got.count(broken) == 3


def test_a_key_that_is_refused_stops_at_once():
    with HostileServer(Answer(401)) as server, pytest.raises(AuthenticationError):
        wait_for(server, known([moving(number) for number in range(4)]))
    assert len(server.seen) <= 4


def test_a_service_that_is_gone_is_given_up_and_every_upload_named():
    uploads = known([moving(number) for number in range(4)])
    with pytest.warns(UserWarning, match="Processing did not finish for 4 uploads"):
        waited = wait_for(closed_port(), uploads)
    assert waited.unfinished == uploads
    assert any("can't be reached" in reason for reason in waited.reasons.values())


def test_a_service_that_stumbles_is_asked_again():
    with HostileServer([RESET, Answer(503), answer_of(record(1))]) as server:
        [rested] = wait_for(server, known([moving(1)]))
    assert rested.at_rest


def test_a_service_that_never_answers_does_not_outlast_the_time_limit():
    hold = threading.Event()
    with HostileServer(lambda _: hold.wait(60) and Answer()) as server:
        started = time.monotonic()
        with pytest.warns(UserWarning, match="Processing did not finish"):
            wait_for(server, known([moving(1)]), timeout=0.5)
        assert time.monotonic() - started < 30
        hold.set()


# How it asks


def test_many_uploads_are_listed_rather_than_asked_for_one_by_one():
    with ListServer([record(number) for number in range(60)], page_size=20) as server:
        waited = wait_for(server, known([moving(number) for number in range(60)]))
    assert len(waited) == 60
    assert set(waited.reasons.values()) == {"complete"}
    assert (server.listed, server.got) == ([0, 1, 2], [])


def test_listing_stops_where_pages_show_too_few_of_them():
    records = [record(number) for number in range(400)]
    wanted = known([moving(number) for number in range(0, 400, 40)])
    with ListServer(records, page_size=20) as server:
        waited = wait_for(server, wanted)
    assert set(waited.reasons.values()) == {"complete"}
    assert server.listed == [0]
    assert len(server.got) <= 10


def test_few_uploads_are_asked_for_one_by_one():
    with ListServer([record(number) for number in range(4)]) as server:
        wait_for(server, known([moving(number) for number in range(4)]))
    assert server.listed == []
    assert len(server.got) == 4


def test_what_the_list_does_not_show_is_asked_for():
    records = [record(number) for number in range(12)]
    with ListServer(records, page_size=20) as server:
        served = server._answers[0]
        shown = json.dumps({"next": None, "results": records[:9]}).encode()
        server._answers[0] = lambda s: Answer(body=shown) if "limit" in s.path else served(s)
        waited = wait_for(server, known([moving(number) for number in range(12)]))
    assert set(waited.reasons.values()) == {"complete"}
    assert sorted(server.got) == sorted(r["id"] for r in records[9:])


def test_a_list_that_cannot_be_read_is_done_without():
    with ListServer([record(number) for number in range(8)]) as server:
        server.meanwhile = lambda _: Answer(body=b"<html>")
        waited = wait_for(server, known([moving(number) for number in range(8)]))
    assert set(waited.reasons.values()) == {"complete"}
    assert (len(server.listed), len(server.got)) == (1, 8)


@pytest.mark.parametrize(
    ("changes", "query"),
    [({"user": USER_ID}, f"user={USER_ID}"), ({}, f"account={record()['account']}")],
)
def test_the_list_is_narrowed_to_what_the_uploads_share(changes, query):
    uploads = known([moving(number, **changes) for number in range(6)])
    with ListServer([record(number) for number in range(6)], page_size=20) as server:
        wait_for(server, uploads)
    assert query in server.seen[0].path


def test_what_this_package_knows_of_an_upload_stays():
    uploads = known([moving(n, user=USER_ID, requested_document_type="W-2") for n in range(6)])
    with ListServer([record(number) for number in range(6)], page_size=20) as server:
        waited = wait_for(server, uploads)
    assert {(u.user, u.requested_document_type) for u in waited} == {(USER_ID, "W-2")}


def test_pauses_grow_to_their_limit(monkeypatch):
    pauses = []
    monkeypatch.setattr(polling, "FIRST_POLL_SECONDS", 1.0)
    monkeypatch.setattr(polling, "LONGEST_POLL_SECONDS", 15.0)
    monkeypatch.setattr(polling.time, "sleep", pauses.append)
    steps = [answer_of(moving(1))] * 9 + [answer_of(record(1))]
    with HostileServer(steps) as server:
        wait_for(server, known([moving(1)]))
    polls = [pause for pause in pauses if pause >= 1]
    assert polls[0] == 1.0
    assert polls[-1] == 15.0
    assert polls == sorted(polls)


# What may be waited for

IDS = [record(n)["id"] for n in range(1, 8)]
SENT = pd.DataFrame({"file": "stub.pdf", "upload_id": [IDS[1], None, IDS[0]]})


@pytest.mark.parametrize(
    "given",
    [
        [IDS[1], IDS[0]],
        iter([IDS[1], UserUpload(IDS[0])]),
        SENT,
        SENT["upload_id"],
        SENT.assign(id=["7", "8", "9"]),
        uploads_frame([record(2), moving(1)]),
        uploads_frame([record(2), moving(1)])["id"],
    ],
    ids=["ids", "mixture", "batch", "column", "batch with ids of its own", "uploads", "their ids"],
)
def test_ids_and_frames_are_waited_for_as_uploads_are(given):
    with ListServer([record(1), record(2)]) as server:
        waited = wait_for(server, given)
    assert [upload.id for upload in waited] == [IDS[1], IDS[0]]
    assert waited[0].ocr_authenticity_score == 85


@pytest.mark.parametrize("given", [IDS[0], moving(1)["id"], UserUpload(IDS[0])])
def test_one_id_or_upload_may_stand_alone(given):
    with ListServer([record(1)]) as server:
        assert [upload.id for upload in wait_for(server, given)] == [IDS[0]]


def test_an_id_is_looked_at_at_once(monkeypatch):
    monkeypatch.setattr(polling, "FIRST_POLL_SECONDS", 30)
    with ListServer([record(1)]) as server:
        started = time.monotonic()
        assert wait_for(server, [IDS[0]]).reasons == {IDS[0]: "complete"}
    assert time.monotonic() - started < 20


def test_an_id_given_twice_is_waited_for_once():
    with ListServer([record(1)]) as server:
        assert len(wait_for(server, [IDS[0], IDS[0]])) == 1


def test_many_ids_are_looked_at_in_pages_of_the_list():
    with ListServer([record(n) for n in range(1, 8)], page_size=200) as server:
        waited = wait_for(server, IDS)
    assert len(waited) == 7
    assert (server.listed, server.got) == ([0], [])


def test_a_frame_tells_whose_the_uploads_are_and_what_they_were_sent_as():
    sent = SENT.assign(user=USER_ID, document_type="W-2")
    with ListServer([record(1), record(2)]) as server:
        waited = wait_for(server, sent)
    assert {(u.user, u.requested_document_type) for u in waited} == {(USER_ID, "W-2")}
    uploads = uploads_frame(waited)
    with ListServer([record(1), record(2)]) as server:
        again = wait_for(server, uploads)
    assert {(u.user, u.requested_document_type) for u in again} == {(USER_ID, "W-2")}


def test_a_batch_of_which_nothing_was_taken_is_waited_for_in_no_time():
    with ListServer([]) as server:
        assert wait_for(server, pd.DataFrame({"upload_id": pd.array([None], "string")})) == []
        assert server.seen == []


def test_an_id_of_which_the_service_knows_nothing_is_named():
    with ListServer([]) as server, pytest.warns(UserWarning, match=IDS[0]):
        waited = wait_for(server, [IDS[0]])
    assert [upload.id for upload in waited.unfinished] == [IDS[0]]


@pytest.mark.parametrize(
    ("given", "kind", "match"),
    [
        (["stub.pdf"], ValidationError, "id must be an Argyle upload ID .*, not 'stub.pdf'"),
        ("stub.pdf", ValidationError, "not 'stub.pdf'"),
        (pd.DataFrame({"id": [7]}), ValidationError, "not '7'"),
        (pd.DataFrame({"file": ["a"]}), ConfigurationError, "upload_id or id .found: file"),
        ([7], ConfigurationError, "Can't wait for int. Pass uploads"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_before_anything_is_sent(given, kind, match):
    with ListServer([record(1)]) as server:
        with pytest.raises(kind, match=match):
            wait_for(server, given)
        assert server.seen == []


# What it tells


def test_progress_is_told_from_none_to_all():
    told = []
    with ListServer([record(1), record(2)]) as server:
        wait_for(server, known([moving(1), moving(2)]), progress=lambda *step: told.append(step))
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)


@pytest.fixture
def shown(monkeypatch):
    """Give a function that says what waiting for two uploads writes to stderr."""

    def shown(is_terminal, after, **options):
        stderr = io.StringIO()
        stderr.isatty = lambda: is_terminal
        monkeypatch.setattr(polling, "BAR_AFTER_SECONDS", after)
        monkeypatch.setattr(sys, "stderr", stderr)
        with ListServer([record(1), record(2)]) as server:
            wait_for(server, known([moving(1), moving(2)]), **options)
        return stderr.getvalue()

    return shown


def test_a_bar_shows_how_many_rest(shown):
    assert "2/2" in shown(is_terminal=True, after=0)


def test_what_takes_no_more_than_a_moment_has_no_bar(shown):
    assert shown(is_terminal=True, after=60) == ""


def test_a_file_that_stderr_goes_to_has_no_bar(shown):
    assert shown(is_terminal=False, after=0) == ""


def test_without_progress_nothing_is_written(shown):
    assert shown(is_terminal=True, after=0, progress=False) == ""


def test_the_result_sums_up_why_waiting_ended():
    uploads = known([record(1), record(2), in_stages(*["unauthorized"] * 3, number=3)])
    with HostileServer(Answer()) as server:
        shown = repr(wait_for(server, uploads))
    assert shown.startswith("<3 uploads: 2 complete; 1 not enabled for this key ")
    assert repr(Waited([], {}, [])) == "<0 uploads>"


def test_the_result_names_no_file():
    with HostileServer(Answer()) as server:
        waited = wait_for(server, known([record(1, file_name="ada_sample.pdf")]))
    assert "ada_sample" not in repr(waited) + repr(waited.reasons)
