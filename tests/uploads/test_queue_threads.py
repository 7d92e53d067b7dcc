"""Tasks in the background, how far Argyle is with what was sent, and what is said of it."""

import json
import threading
import time
from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.models import UserUpload
from argyle_nb.uploads import queue_threads
from argyle_nb.uploads.queue_threads import (
    LATER,
    BackgroundQueue,
    StatusFollower,
    outcome,
    under_way,
)
from tests.support.records import as_uploads, form, record, scored, stages, unscored
from tests.support.servers import RESET, Answer, HostileServer, client_of, until

FIRST = record(1)["id"]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr("argyle_nb.client.retry.RETRIES", 0)
    for name in ("_FIRST_PAUSE", "_LONGEST_PAUSE", "_LONGEST_PAUSE_IN_TROUBLE"):
        monkeypatch.setattr(queue_threads, name, 0.05)


class Listener:
    """Follows uploads at a server and writes down what is told; breaks where it is told to."""

    def __init__(self, server, count=1, breaks_at=()):
        self.told, self._breaks_at = [], breaks_at
        self.uploads = list(
            as_uploads([{"id": record(number)["id"]} for number in range(1, count + 1)])
        )
        self.follower = StatusFollower(client_of(server), self.hear)
        self.follower.follow(self.uploads)

    def hear(self, told):
        self.told.append(told)
        if (told.upload.id, told.state) in self._breaks_at:
            raise OSError("nobody is there")

    def of(self, number=1):
        return [told for told in self.told if told.upload.id == record(number)["id"]]

    def ends(self):
        """Wait until nothing is followed, and give the last word on each."""
        until(lambda: not self.follower._runs)
        last = {told.upload.id: told for told in self.told}
        return [last[upload] for upload in sorted(last)]


def answering(state):
    """Answer for each upload with its record, or as ``state["now"]`` says."""

    def answer(seen):
        if state.get("now") is not None:
            return state["now"]
        number = int(seen.path[-12:], 16) if "uploads/" in seen.path else None
        return json_answer({"results": []} if number is None else record(number))

    return HostileServer(answer)


def json_answer(value):
    return Answer(body=json.dumps(value).encode())


# Following


def test_what_rests_is_told_once_with_the_newest_answer():
    with answering({}) as server:
        listener = Listener(server)
        [end] = listener.ends()
    assert (end.state, end.reason, end.upload.ocr_authenticity_score) == ("rests", "complete", 85)
    assert len(listener.told) == 1


def test_what_the_service_does_not_show_at_once_is_looked_for_again():
    states = [Answer(404, b"{}"), Answer(404, b"{}"), json_answer(record(1))]
    with HostileServer(lambda _: states.pop(0)) as server:
        listener = Listener(server)
        [end] = listener.ends()
    assert (end.state, end.reason, end.upload.ocr_authenticity_score) == ("rests", "complete", 85)
    assert "Trying again" in listener.told[0].reason


def test_what_is_gone_rests_and_a_follower_begins_again(client, monkeypatch):
    monkeypatch.setattr("argyle_nb.client.polling.APPEARS_SECONDS", 0.0)
    told = []
    follower = StatusFollower(client, told.append)
    follower.follow([])
    for count in (1, 2):
        follower.follow(as_uploads([{"id": FIRST}]))
        until(lambda count=count: len(told) == count)
        until(lambda: not follower._runs)
    assert [(some.state, some.reason) for some in told] == [
        ("rests", "not found at Argyle (404)")
    ] * 2


@pytest.mark.parametrize(
    "trouble", [RESET, Answer(503), Answer(500), Answer(429, headers={"Retry-After": "0"})]
)
def test_troubles_are_waited_out(trouble):
    state = {"now": trouble}
    with answering(state) as server:
        listener = Listener(server)
        until(lambda: listener.told and len(server.seen) > 5)
        [first] = listener.told[:1]
        state["now"] = None
        [end] = listener.ends()
    assert first.state == "moves"
    assert first.reason.startswith("Status not read: ")
    assert first.reason.endswith(". Trying again")
    assert (end.state, end.reason) == ("rests", "complete")


def test_a_lost_connection_is_told_of_all_that_are_followed():
    state = {"now": RESET}
    with answering(state) as server:
        listener = Listener(server, 12)
        numbers = range(1, 13)
        until(lambda: all(any(told.reason for told in listener.of(n)) for n in numbers))
        state["now"] = None
        assert {end.state for end in listener.ends()} == {"rests"}


def test_pauses_grow_while_troubles_last(monkeypatch):
    # Those of earlier tests may still follow something.
    waited = defaultdict(list)
    monkeypatch.setattr(queue_threads, "_LONGEST_PAUSE_IN_TROUBLE", 0.3)
    wait = StatusFollower._wait

    def noted(follower, pause, *, moves):
        waited[follower].append(pause)
        return wait(follower, pause, moves=moves)

    monkeypatch.setattr(StatusFollower, "_wait", noted)
    state = {"now": RESET}
    with answering(state) as server:
        listener = Listener(server)
        pauses = waited[listener.follower]
        until(lambda: 0.3 in pauses)
        state["now"] = None
        listener.ends()
    rising = pauses[: pauses.index(0.3)]
    assert rising == sorted(rising)


def test_a_refused_key_ends_it_at_once():
    with HostileServer(Answer(401)) as server:
        listener = Listener(server, 3)
        ends = listener.ends()
        assert len(server.seen) <= 3
    assert {end.state for end in ends} == {"left"}
    assert all("key" in end.reason for end in ends)
    assert len(listener.told) == 3


def test_what_does_not_move_for_long_is_left(monkeypatch):
    monkeypatch.setattr(queue_threads, "FOLLOW_SECONDS", 0.3)
    still = json_answer(unscored(1, "completed", "in_progress", "idle"))
    with HostileServer(still) as server:
        [end] = Listener(server).ends()
    assert (end.state, end.reason) == ("left", LATER)


def test_what_was_in_trouble_for_long_is_left_with_the_trouble(monkeypatch):
    monkeypatch.setattr(queue_threads, "FOLLOW_SECONDS", 0.3)
    with HostileServer(RESET) as server:
        [end] = Listener(server).ends()
    assert end.state == "left"
    assert "the connection dropped" in end.reason
    assert end.reason.endswith(". Select Refresh status later.")


def test_what_moves_is_followed_however_long_it_takes(monkeypatch):
    monkeypatch.setattr(queue_threads, "FOLLOW_SECONDS", 0.3)
    moving = [("in_progress", "idle", "idle"), ("completed", "in_progress", "idle")] * 8
    answers = [json_answer(unscored(1, *states)) for states in moving]
    with HostileServer([*answers, json_answer(record(1))]) as server:
        listener = Listener(server)
        [end] = listener.ends()
    assert (end.state, end.reason) == ("rests", "complete")
    assert {told.state for told in listener.told[:-1]} == {"moves"}


@pytest.mark.parametrize("states", [["rests"], ["rests", "left"]])
def test_a_listener_that_breaks_for_one_upload_hears_of_the_others(states):
    with answering({}) as server:
        listener = Listener(server, 3, [(FIRST, state) for state in states])
        first, *others = listener.ends()
    assert (first.state, first.reason) == ("left", "Status not shown (OSError: nobody is there)")
    assert [told.state for told in others] == ["rests", "rests"]
    assert len(listener.of(1)) == 2


def test_a_listener_that_broke_while_an_upload_moved_is_told_that_it_was_left():
    still = json_answer(unscored(1, "completed", "in_progress", "idle"))
    with HostileServer(still) as server:
        listener = Listener(server, 1, [(FIRST, "moves")])
        [end] = listener.ends()
    assert end.state == "left"


def test_an_unforeseen_error_leaves_no_upload_without_an_end(monkeypatch):
    def broken(*_):
        raise RuntimeError("no more threads")

    monkeypatch.setattr("argyle_nb.client.polling.Poller.look", broken)
    with answering({}) as server:
        ends = Listener(server, 2).ends()
    words = ("left", "Status not read: RuntimeError: no more threads")
    assert [(end.state, end.reason) for end in ends] == [words, words]


# Wording


def test_before_anything_is_known_of_its_steps_argyle_reads_it():
    assert under_way(UserUpload("u1")) == "Processing"


def test_under_way_names_each_step():
    [upload] = as_uploads([{"id": "u", "processing": stages("completed", "in_progress", "idle")}])
    assert under_way(upload) == (
        "Processing: classification done, OCR in progress, authenticity not started"
    )


@pytest.mark.parametrize(
    ("score", "level"), [(12, "very low"), (49, "low"), (79, "medium"), (95, "high")]
)
def test_the_outcome_names_type_score_and_level(score, level):
    [upload] = as_uploads([scored(1, score)])
    end = outcome(upload, "complete")
    assert end.message == f"paystubs: score {score}, {level} authenticity"
    assert (end.score, end.level, end.signals) == (score, level, ())


def test_the_outcome_of_a_failure_says_why():
    [upload] = as_uploads([{"id": "u", "processing": stages("failed", "idle", "idle")}])
    words = "Stored as an unknown type; no authenticity score (processing failed)"
    assert outcome(upload, "processing failed").message == words


def test_the_outcome_of_what_is_complete_without_a_score_gives_no_reason():
    upload = UserUpload("u1", document_type="miscellaneous")
    assert outcome(upload, "complete").message == "Stored as miscellaneous; no authenticity score"


NAMES = st.none() | st.text(max_size=3) | st.sampled_from(["Edits", "edits", "EDITS"])
SIGNALS = st.lists(st.fixed_dictionaries({"identifier": NAMES, "display_name": NAMES}), max_size=3)
CODES = st.lists(st.fixed_dictionaries({"code": NAMES, "description": NAMES}), max_size=3)


@given(st.lists(st.tuples(st.none() | SIGNALS, st.none() | CODES), max_size=3))
def test_the_outcome_names_each_signal_of_the_frame_once_in_whatever_letters(forms):
    analyses = [
        form(signals=signals, form_authenticity={"reason_codes": codes}) for signals, codes in forms
    ]
    metadata = {"ocr_authenticity_score": 70, "ocr_authenticity": {"form_analysis": analyses}}
    [upload] = as_uploads([record(1, metadata=metadata)])
    frame = signals_frame([upload])
    names = [str(name) for name in frame["display_name"].fillna(frame["identifier"]).dropna()]
    end = outcome(upload, "complete")
    [count] = uploads_frame([upload])["signal_count"]
    assert end.signal_count == (None if pd.isna(count) else count)
    told = end.signals
    assert len(told) == len({name.casefold() for name in told})
    assert set(told) == set({name.casefold(): name for name in reversed(names)}.values())


@pytest.mark.parametrize(
    ("analyses", "words"),
    [
        ([form(signals=[])], ", no signals"),  # a reason code is no signal
        ([form()], ", 1 signal"),
        ([form(), form()], ", 2 signals"),
        ([], ", no signals"),
        (None, ""),
    ],
)
def test_the_outcome_counts_signals_as_the_frame_does(analyses, words):
    found = None if analyses is None else {"form_analysis": analyses}
    [upload] = as_uploads(
        [record(1, metadata={"ocr_authenticity_score": 70, "ocr_authenticity": found})]
    )
    told = outcome(upload, "complete")
    [count] = uploads_frame([upload])["signal_count"]
    assert told.signal_count == (None if pd.isna(count) else count)
    assert told.message == f"paystubs: score 70, medium authenticity{words}"


def test_no_frame_is_built_to_tell_an_outcome(monkeypatch):
    [upload] = as_uploads([record(1)])
    monkeypatch.setattr("pandas.DataFrame.__init__", None)
    assert outcome(upload, "complete").signals == ("Dollar Amount Edits", "fields misaligned")


def test_signals_are_found_under_names_that_nobody_published():
    hidden = {"pages": [{"verdict": form(signals=[{"identifier": "edits"}])}]}
    metadata = {"ocr_authenticity_score": 70, "ocr_authenticity": hidden}
    [upload] = as_uploads([record(1, metadata=metadata)])
    assert outcome(upload, "complete").signals[0] == "edits"


@pytest.mark.parametrize("score", [200, -1, 60.5])
def test_an_impossible_score_of_a_form_is_told(score):
    forms = {"form_authenticities": [{"form_authenticity": {"score": score}}]}
    [upload] = as_uploads([record(1, metadata={"ocr_authenticity": forms})])
    assert "its score can't be read" in outcome(upload, "complete").message


@pytest.mark.parametrize("analysis", [{"signals": 5}, {"anything": {"signals": 5}}])
def test_an_analysis_that_cannot_be_read_is_told(analysis):
    metadata = {"ocr_authenticity_score": 70, "ocr_authenticity": analysis}
    [upload] = as_uploads([record(1, metadata=metadata)])
    words = f"its score can't be read (record {upload.id}, at $.metadata.ocr_authenticity"
    assert words in outcome(upload, "complete").message


# Tasks in the background


def test_errands_run_in_their_order_one_at_a_time_and_a_broken_one_stops_none():
    tasks, seen, at_once = BackgroundQueue("test"), [], []
    running = threading.Semaphore(1)

    def task(number):
        at_once.append(not running.acquire(blocking=False))
        time.sleep(0)
        seen.append(number)
        running.release()
        if number % 10 == 0:
            raise ValueError(number)

    for number in range(100):
        tasks.add(lambda number=number: task(number))
    until(lambda: not tasks._runs)
    assert seen == list(range(100))
    assert not any(at_once)


def test_a_broken_errand_is_logged_by_its_kind_without_its_text(caplog):
    def broken():
        raise ValueError("Ada Sample")

    tasks = BackgroundQueue("test")
    tasks.add(broken)
    until(lambda: not tasks._runs)
    assert "a background task failed (ValueError)" in caplog.text
    assert "Ada" not in caplog.text
