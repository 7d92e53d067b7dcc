"""What happens to an upload after it arrived, and who does it."""

from __future__ import annotations

import json
import logging
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.sandbox import processing
from argyle_nb.sandbox.endpoints import FIRST_STATUSES
from argyle_nb.sandbox.inspection import Inspection
from argyle_nb.sandbox.objects import upload_object
from argyle_nb.sandbox.processing import (
    MAX_ATTEMPTS,
    Claims,
    ProcessingState,
    Worker,
    failed_findings,
    next_state,
    settled_type,
)
from argyle_nb.sandbox.store import NewUpload, Store
from argyle_nb.sandbox.validation import DOCUMENT_TYPES
from tests.support.servers import until

DEADLINE = 60.0


GENUINE = Inspection("paystubs", None, {"employer": {}}, {"detect_status": "COMPLETED"}, 93)
KEPT = json.dumps(vars(GENUINE))
IMAGE_PDF = Inspection(None, None, None, {"is_image_based_pdf": True}, 55)
PHOTO = Inspection(None, None, None, {"is_image_based_pdf": False}, 88)
HEIC = Inspection()
UNREADABLE = Inspection(problem="DOCUMENT IS UNREADABLE: password-protected")


class Inspector:
    """Gives the same findings to every document and counts its looks at each."""

    def __init__(self, found=GENUINE, *, hold=None):
        self.found = found
        self.hold = hold
        self.looks = []

    def __call__(self, path, _document_type):
        self.looks.append(path)
        if self.hold is not None:
            self.hold.wait(DEADLINE)
        return self.found


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path):
    """The same folder, as a second server sees it."""
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def work(store, other, monkeypatch):
    """Start workers that are stopped at the end."""
    monkeypatch.setattr(processing, "POLL_SECONDS", 0.02)
    workers = []

    def start(store, inspect, **options):
        worker = Worker(store, inspect, **{"stage_seconds": 0, **options})
        worker.start()
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()


def add(store, document_type="paystubs", profile="full", user=None):
    path, file = store.open_incoming()
    with file:
        file.write(b"%PDF-1.7")
    user = user or store.create_user({})
    row = store.add_upload(
        NewUpload(user, document_type, "x.pdf", "application/pdf", path, *FIRST_STATUSES[profile])
    )
    return row["id"]


def statuses(store, upload):
    row = store.get("user-uploads", upload)
    return row["classification"], row["ocr"], row["authenticity"]


def rested(store, upload):
    until(lambda: store.get("user-uploads", upload)["due_at"] is None)
    return upload_object(store.get("user-uploads", upload), "127.0.0.1:1")


@pytest.mark.parametrize(
    ("requested", "found", "settled"),
    [
        ("paystubs", "W-2", "W-2"),
        ("W-2", "1099", "1099"),
        ("miscellaneous", "paystubs", "paystubs"),
        ("1099", "miscellaneous", "miscellaneous"),
        ("paystubs", None, "paystubs"),
        ("paystubs", "proof-of-identity", "paystubs"),
        ("proof-of-address", "paystubs", "proof-of-address"),
    ],
)
def test_the_type_is_overwritten_among_the_types_that_are_read(requested, found, settled):
    assert settled_type(requested, found) == settled


findings = st.fixed_dictionaries(
    {
        "found_type": st.none() | st.sampled_from(DOCUMENT_TYPES),
        "problem": st.none() | st.just("DOCUMENT IS UNREADABLE"),
        "ocr_data": st.none() | st.just({}),
        "ocr_authenticity": st.none() | st.just({}),
        "ocr_authenticity_score": st.none() | st.integers(0, 100),
    }
)


@given(st.sampled_from(DOCUMENT_TYPES), st.sampled_from(["classification", "full"]), findings)
def test_every_upload_comes_to_rest_and_no_stage_is_skipped_or_taken_back(kind, profile, found):
    states = [ProcessingState(kind, *FIRST_STATUSES[profile])]
    while len(states) == 1 or not states[-1].at_rest:
        states.append(next_state("upload", states[-1], found))
        assert len(states) <= 5
    order = ["idle", "in_progress", "completed", "failed"]
    for stage in ("classification", "ocr", "authenticity"):
        seen = [getattr(state, stage) for state in states]
        if seen[0] == "unauthorized":
            assert set(seen) == {"unauthorized"}
        else:
            assert seen == sorted(seen, key=order.index)
            assert not {"completed", "failed"}.issubset(seen)


def test_a_genuine_paystub_ends_completed_with_data_and_score(store, work):
    work(store, Inspector())
    done = rested(store, add(store))
    assert set(done["processing"].values()) == {"completed"}
    assert done["metadata"] == {
        "employment": None,
        "ocr_data": GENUINE.ocr_data,
        "ocr_authenticity": GENUINE.ocr_authenticity,
        "ocr_authenticity_score": 93,
    }


def test_data_and_score_appear_only_when_their_stage_completes(store):
    upload = add(store)
    claims = Claims(store, 60)
    seen = []
    while claims.advance(0, next_state) or (job := claims.claim()):
        if statuses(store, upload)[0] == "in_progress":
            claims.record(job.upload if (job := claims.claim()) else upload, KEPT)
        row = store.get("user-uploads", upload)
        shown = upload_object(row, "127.0.0.1:1")["metadata"]
        score = shown["ocr_authenticity_score"]
        seen.append((statuses(store, upload), shown["ocr_data"] is not None, score))
    assert seen == [
        (("in_progress", "idle", "idle"), False, None),
        (("completed", "in_progress", "idle"), False, None),
        (("completed", "completed", "in_progress"), True, None),
        (("completed", "completed", "completed"), True, 93),
    ]


def test_each_change_moves_updated_at(store):
    upload = add(store)
    claims = Claims(store, 60)
    moments = [store.get("user-uploads", upload)["updated_at"]]
    while claims.advance(0, next_state):
        moments.append(store.get("user-uploads", upload)["updated_at"])
        if claims.claim():
            claims.record(upload, KEPT)
    assert len(moments) == 5
    assert moments == sorted(set(moments))


@pytest.mark.parametrize(
    ("uploaded", "found", "expected"),
    [
        (("paystubs", "full"), UNREADABLE, ("failed", "idle", "idle")),
        (("paystubs", "classification"), UNREADABLE, ("failed", "unauthorized", "unauthorized")),
        (("paystubs", "full"), HEIC, ("completed", "idle", "idle")),
        (("paystubs", "full"), PHOTO, ("completed", "failed", "completed")),
        (("W-2", "full"), IMAGE_PDF, ("completed", "failed", "completed")),
        (("proof-of-identity", "full"), GENUINE, ("completed", "idle", "idle")),
        (("miscellaneous", "full"), HEIC, ("completed", "idle", "idle")),
        (("1099", "classification"), GENUINE, ("completed", "unauthorized", "unauthorized")),
    ],
)
def test_where_an_upload_rests(store, work, uploaded, found, expected):
    work(store, Inspector(found))
    upload = add(store, *uploaded)
    rested(store, upload)
    assert statuses(store, upload) == expected


def test_with_processing_off_nobody_looks_at_the_document(store, work):
    inspector = Inspector()
    work(store, inspector)
    off, full = add(store, profile="off"), add(store)
    rested(store, full)
    assert len(inspector.looks) == 1
    assert statuses(store, off) == ("unauthorized",) * 3


def test_the_reason_of_a_failure_is_in_the_log_and_not_in_the_object(store, work, caplog):
    caplog.set_level(logging.INFO, logger="argyle_nb.sandbox")
    work(store, Inspector(UNREADABLE))
    done = rested(store, add(store))
    assert "password-protected" in caplog.text
    assert "password-protected" not in str(done)


def test_an_inspection_that_breaks_fails_its_document_alone(store, work):
    def inspect(path, document_type):
        if document_type == "W-2":
            raise RecursionError
        return GENUINE

    work(store, inspect)
    broken, fine = add(store, "W-2"), add(store, "paystubs")
    assert rested(store, broken)["processing"]["classification"] == "failed"
    assert rested(store, fine)["processing"]["authenticity"] == "completed"


def test_findings_that_are_not_json_fail_their_document_alone(store, work):
    work(store, Inspector(Inspection("paystubs", None, {"amount": float("nan")}, {}, 50)))
    assert rested(store, add(store))["processing"]["classification"] == "failed"


def test_stages_of_many_documents_run_side_by_side(store, work):
    uploads = [add(store) for _ in range(60)]
    began = time.monotonic()
    work(store, Inspector(), stage_seconds=0.2)
    for upload in uploads:
        rested(store, upload)
    one_after_another = 60 * 3 * 0.2
    assert 0.6 <= time.monotonic() - began < one_after_another / 2


def test_two_workers_of_one_folder_look_at_each_document_once(store, other, work):
    inspector = Inspector()
    uploads = [add(store) for _ in range(40)]
    for place in (store, other):
        work(place, inspector)
    for upload in uploads:
        rested(store, upload)
    assert len(inspector.looks) == len(set(inspector.looks)) == 40


def begun(store, claims):
    upload = add(store)
    claims.advance(0, next_state)
    return upload


def test_a_claimed_document_is_nobody_elses_until_its_lease_ends(store):
    first, second = Claims(store, 60), Claims(store, 60)
    upload = begun(store, first)
    assert first.claim().upload == upload
    assert second.claim() is None
    first._lease_ms = 100
    first.renew([upload])
    assert until(second.claim).upload == upload
    assert not first.record(upload, KEPT)
    assert second.record(upload, KEPT)


def test_a_released_document_is_free_at_once_and_its_tries_start_anew(store):
    first, second = Claims(store, 60), Claims(store, 60)
    begun(store, first)
    first.claim()
    first.release()
    assert second.claim().attempts == 1


def test_a_slow_inspection_keeps_its_claim(store, other, work):
    finish = threading.Event()
    inspector = Inspector(hold=finish)
    for place in (store, other):
        work(place, inspector, lease_seconds=2)
    upload = add(store)
    until(lambda: inspector.looks)
    first_lease = store.get("user-uploads", upload)["lease_until"]
    until(lambda: store.get("user-uploads", upload)["lease_until"] > first_lease + 2000)
    finish.set()
    rested(store, upload)
    assert len(inspector.looks) == 1


def test_a_document_that_ends_its_workers_is_given_up(store, work):
    claims = Claims(store, -1)
    upload = begun(store, claims)
    for _ in range(MAX_ATTEMPTS):
        assert claims.claim().upload == upload
    inspector = Inspector()
    work(store, inspector)
    assert rested(store, upload)["processing"]["classification"] == "failed"
    assert inspector.looks == []


def test_a_worker_that_stops_hands_its_documents_over(store, work):
    stuck = threading.Event()
    first = work(store, Inspector(hold=stuck), lease_seconds=60)
    upload = add(store)
    until(lambda: store.get("user-uploads", upload)["owner"])
    first.stop()
    assert store.get("user-uploads", upload)["owner"] is None
    work(store, Inspector())
    rested(store, upload)
    stuck.set()


def test_deleting_a_user_during_inspection_harms_nothing(store, work):
    finish = threading.Event()
    inspector = Inspector(hold=finish)
    work(store, inspector)
    user = store.create_user({})
    add(store, user=user)
    until(lambda: inspector.looks)
    store.delete("users", user)
    finish.set()
    assert rested(store, add(store))["metadata"]["ocr_authenticity_score"] == 93


def test_failed_findings_have_the_fields_of_an_inspection():
    assert json.loads(failed_findings("why")) == vars(Inspection(problem="why"))
