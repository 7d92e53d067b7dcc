"""What became of uploads whose end was not seen, and what the upload log does not know."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from argyle_nb.errors import AuthenticationError, NotFoundError
from argyle_nb.uploads import audit, reconcile
from argyle_nb.uploads.log import LogEntry, UploadKey, UploadLog
from tests.faults.ledger import FILE, LIST, RESET, UPLOAD, Answer, Fault
from tests.faults.server import FaultServer
from tests.support.batches import rows_of, run, states
from tests.support.servers import PDF, USER_ID, client_of, refused, until

LOST = Fault(RESET)
STORED = Fault(RESET, store=True)
OTHER_USER = "0186c5b8-8fa1-67b3-39af-14b3e18da8a7"


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


def told(result):
    return result[["state", "upload_id"]].fillna("").to_numpy().tolist()


def form(content, name="stub0.pdf", document_type="paystubs", user=USER_ID):
    return {"user": user, "document_type": document_type, "upload": (name, content)}


def test_what_is_there_is_adopted_and_not_sent_again(server, stubs, upload_log):
    server.script(UPLOAD, [STORED])
    result = run(server, stubs(), upload_log)
    [stored] = server.ledger.documents
    assert told(result) == [["uploaded", stored.id]]
    assert result.loc[0, "reason"] == reconcile.FOUND
    assert server.ledger.count(UPLOAD) == 1


def test_what_is_not_there_is_sent_once_more(server, stubs, upload_log):
    server.script(UPLOAD, [LOST])
    result = run(server, stubs(), upload_log)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["uploaded", 2]]


def test_nothing_is_sent_again_before_the_time_to_settle(server, stubs, upload_log):
    server.script(UPLOAD, [LOST])
    run(server, stubs(), upload_log, confirm_timeout=1.0)
    first, second = server.ledger.uploads
    assert second.at - first.at >= 1.0


def test_it_is_looked_for_twice_before_it_is_sent_again(server, stubs, upload_log):
    server.script(UPLOAD, [LOST])
    run(server, stubs(), upload_log)
    kinds = [request.kind for request in server.ledger.requests]
    assert kinds == [LIST, UPLOAD, LIST, LIST, UPLOAD]


def test_it_is_sent_once_more_and_not_twice(server, stubs, upload_log):
    server.script(UPLOAD, [LOST] * 5)
    result = run(server, stubs(), upload_log)
    assert told(result) == [["not_confirmed", ""]]
    assert result.loc[0, "reason"] == reconcile.STILL_UNKNOWN
    assert server.ledger.count(UPLOAD) == 2


def test_a_second_attempt_whose_end_is_not_seen_is_looked_for_too(server, stubs, upload_log):
    server.script(UPLOAD, [LOST, STORED])
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"
    assert len(server.ledger.documents) == 1


@pytest.mark.parametrize("moment", [(LIST, 2, 3), (UPLOAD, 4, 4)])
def test_stop_is_heard_before_each_document_that_is_sent_again(server, stubs, upload_log, moment):
    kind, count, uploads = moment
    server.script(UPLOAD, [LOST] * 3)

    def stop(_):
        if server.ledger.count(kind) >= count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(server, stubs(3), upload_log, progress=stop)
    assert server.ledger.count(UPLOAD) == uploads
    assert set(run(server, stubs(3), upload_log)["state"]) == {"uploaded"}
    assert server.ledger.duplicates == 0


def test_stop_is_heard_while_documents_are_fetched(server, stubs, upload_log):
    server.script(UPLOAD, [STORED] * 30)

    def stop(_):
        if server.ledger.count(FILE) >= 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(server, stubs(30), upload_log, progress=stop)
    assert server.ledger.count(FILE) < 30


def test_the_next_run_goes_on_where_this_one_ended(server, stubs, upload_log):
    server.script(UPLOAD, [LOST] * 3)
    run(server, stubs(), upload_log)
    assert told(run(server, stubs(), upload_log)) == [["not_confirmed", ""]]
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"
    assert server.ledger.count(UPLOAD) == 4


def test_the_cautious_never_send_again(server, stubs, upload_log):
    server.script(UPLOAD, [LOST])
    for _ in range(2):
        result = run(server, stubs(), upload_log, resend="never")
        assert told(result) == [["not_confirmed", ""]]
        assert result.loc[0, "reason"] == reconcile.NOT_FOUND
    assert server.ledger.count(UPLOAD) == 1


def test_the_cautious_still_find_what_comes_late(server, stubs, upload_log):
    server.script(UPLOAD, [Fault(RESET, late=0.3)])
    assert told(run(server, stubs(), upload_log, resend="never")) == [["not_confirmed", ""]]
    until(lambda: server.ledger.documents)
    assert told(run(server, stubs(), upload_log, resend="never"))[0][0] == "uploaded"
    assert server.ledger.duplicates == 0


def test_a_service_that_stores_later_than_the_time_to_settle_makes_a_second_copy(
    server, stubs, upload_log
):
    """No client can do better without a key; but it is found."""
    server.script(UPLOAD, [Fault(RESET, late=1.0)])
    run(server, stubs(), upload_log, confirm_timeout=0.2)
    until(lambda: len(server.ledger.documents) == 2)
    with client_of(server) as client:
        found = audit(client, user=USER_ID, upload_log=upload_log)
    assert found["finding"].tolist() == ["duplicate"]


# How a service may change the name of a file.
RENAMES = {
    "space to underscore": lambda name: name.replace(" ", "_"),
    "lower case": str.lower,
    "a suffix": lambda name: name.replace(".pdf", "_a1B2c3D.pdf"),
    "an id": lambda _: "0186c5b8-8fa1-67b3-39af-14b3e18da8a7",
    "none": lambda _: None,
}


@pytest.fixture
def scan(tmp_path):
    """A manifest of one document whose name is not as simple as it could be."""
    path = tmp_path / "March Stub (1).pdf"
    path.write_bytes(PDF + b"0")
    return pd.DataFrame({"file": [str(path)], "document_type": "paystubs", "user": USER_ID})


@pytest.mark.parametrize("rename", RENAMES)
def test_a_document_that_the_service_renames_is_found_by_its_bytes(
    server, scan, upload_log, rename
):
    server.rename = RENAMES[rename]
    server.script(UPLOAD, [STORED])
    result = run(server, scan, upload_log)
    [stored] = server.ledger.documents
    assert told(result) == [["uploaded", stored.id]]


@pytest.mark.parametrize("seconds", [-600, 600, -864_000, 864_000])
def test_a_time_of_storing_that_disagrees_with_the_services_clock_counts_for_nothing(
    server, stubs, upload_log, seconds
):
    server.created_ahead = seconds
    server.script(UPLOAD, [None, STORED, STORED])
    assert run(server, stubs(3), upload_log)["state"].eq("uploaded").all()
    assert server.ledger.duplicates == 0


@pytest.mark.parametrize("rename", [str, *RENAMES.values()], ids=["same name", *RENAMES])
@pytest.mark.parametrize(
    "change",
    [lambda content: content + b"\n" * 100, lambda _: PDF + b"% made anew" * 9],
    ids=["padded", "made anew"],
)
def test_a_document_whose_bytes_the_service_changes_is_not_sent_again(
    server, scan, upload_log, rename, change
):
    server.rename, server.change = rename, change
    server.script(UPLOAD, [STORED])
    for _ in range(2):
        result = run(server, scan, upload_log)
        assert told(result) == [["possible_match", ""]]
        assert server.ledger.documents[0].id in result.loc[0, "reason"]
    assert server.ledger.count(UPLOAD) == 1


def test_a_possible_match_that_is_sent_by_hand_is_found_by_the_next_run(server, stubs, upload_log):
    def meanwhile(_):
        server.keep(form(PDF + b"% of another person"))
        return LOST

    server.script(UPLOAD, meanwhile)
    stub = stubs()
    assert told(run(server, stub, upload_log)) == [["possible_match", ""]]
    server.script(UPLOAD, [])
    with client_of(server) as client:
        sent = client.upload(stub.loc[0, "file"], document_type="paystubs", user=USER_ID)
    assert told(run(server, stub, upload_log)) == [["uploaded", sent.id]]


def test_what_was_there_before_is_another_document_unless_it_has_the_same_bytes(
    server, stubs, upload_log
):
    server.keep(form(PDF + b"% of last month"))
    server.script(UPLOAD, [LOST])
    result = run(server, stubs(), upload_log)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["uploaded", 2]]


def test_a_document_that_was_there_before_is_not_sent_again(server, stubs, upload_log):
    stored = server.keep(form(PDF + b"0", name="sent by somebody else.pdf"))
    server.script(UPLOAD, [LOST])
    assert told(run(server, stubs(), upload_log)) == [["uploaded", stored.id]]
    assert server.ledger.count(UPLOAD) == 1


def test_what_another_row_of_the_upload_log_sends_is_no_other_version_of_it(
    server, stubs, upload_log
):
    server.script(UPLOAD, [STORED, LOST])
    result = run(server, stubs(2), upload_log)
    assert sorted(result["attempts"]) == [1, 2]
    assert result["state"].eq("uploaded").all()


def test_nothing_is_downloaded_twice_by_any_run(server, stubs, upload_log):
    for number in range(20):
        server.keep(form(PDF + b"%d" % (number + 10)))
    for _ in range(2):
        server.script(UPLOAD, [LOST])
        run(server, stubs(), upload_log, resend="never")
        with client_of(server) as client:
            audit(client, user=USER_ID, upload_log=upload_log)
    assert server.ledger.count(FILE) == 40


def test_of_a_document_of_another_size_only_the_head_is_read(server, stubs, upload_log):
    server.keep(form(PDF + b" " * 50_000_000))
    server.script(UPLOAD, [LOST])
    run(server, stubs(), upload_log)
    assert server.ledger.count(FILE) == 1
    assert server.ledger.bytes_of_files < 20_000_000


def test_where_the_list_cannot_be_read_before_anything_there_may_be_it(server, stubs, upload_log):
    other = server.keep(form(PDF + b"% other"))
    server.script(LIST, [Fault(Answer(200, b"<html>"))])
    server.script(UPLOAD, [LOST])
    result = run(server, stubs(), upload_log)
    assert told(result) == [["possible_match", ""]]
    assert other.id in result.loc[0, "reason"]


def test_users_are_listed_once_a_run_and_new_users_not_at_all(server, stubs, upload_log):
    run(server, stubs(3), upload_log)
    run(server, stubs(3), upload_log)
    assert server.ledger.count(LIST) == 1
    run(server, stubs(3, user="a new one"), upload_log)
    assert server.ledger.count(LIST) == 1


# The ids of answers


def stale(server, stored):
    """An answer that shows an upload of earlier."""
    return Answer(200, json.dumps(server.shown(stored)).encode())


def test_an_answer_with_the_id_of_another_row_is_looked_into(server, stubs, upload_log):
    run(server, stubs(1), upload_log)
    [first] = server.ledger.documents
    server.script(UPLOAD, [Fault(stale(server, first), store=True)])
    result = run(server, stubs(2), upload_log)
    assert told(result) == [["uploaded", first.id], ["uploaded", server.ledger.documents[1].id]]


def test_an_answer_with_the_id_of_what_was_there_before_is_looked_into(server, stubs, upload_log):
    old = server.keep(form(PDF + b"% of last month"))
    server.script(UPLOAD, [Fault(stale(server, old))])
    result = run(server, stubs(), upload_log)
    assert told(result) == [["uploaded", server.ledger.documents[1].id]]
    assert result.loc[0, "attempts"] == 2


def test_an_id_that_two_answers_name_goes_to_the_document_whose_bytes_it_has(
    server, stubs, upload_log
):
    def answer(_):
        if not server.ledger.documents:
            for number in (b"0", b"1"):
                server.keep(form(PDF + number))
        return Fault(stale(server, server.ledger.documents[1]))

    server.script(UPLOAD, answer)
    result = run(server, stubs(2), upload_log)
    contents = {stored.id: stored.content[-1:] for stored in server.ledger.documents}
    assert result["state"].tolist() == ["uploaded", "uploaded"]
    by_row = dict(zip(result["upload_id"], [b"0", b"1"], strict=True))
    assert {upload_id: contents[upload_id] for upload_id in by_row} == by_row


def test_a_download_that_was_wrong_at_first_is_compared_again(server, stubs, upload_log):
    server.change = lambda _: PDF + b"% please wait"
    server.script(UPLOAD, [STORED])
    assert told(run(server, stubs(), upload_log)) == [["possible_match", ""]]
    server.change = bytes
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"
    assert server.ledger.count(UPLOAD) == 1


def test_a_document_that_the_service_makes_into_another_of_the_batch_is_not_sent_again(
    server, stubs, upload_log
):
    run(server, stubs(1), upload_log)
    server.change = lambda content: content.replace(PDF + b"1", PDF + b"0")
    server.script(UPLOAD, [STORED])
    result = run(server, stubs(2), upload_log)
    assert result["state"].tolist() == ["uploaded", "possible_match"]
    assert server.ledger.count(UPLOAD) == 2


def test_a_record_of_before_that_cannot_be_read_keeps_nothing_from_being_sent_again(
    server, stubs, upload_log
):
    old = server.keep(form(PDF + b"% of last month"))
    server.is_unreadable = lambda stored: stored.id == old.id
    server.script(UPLOAD, [LOST])
    result = run(server, stubs(), upload_log)
    assert result[["state", "attempts"]].to_numpy().tolist() == [["uploaded", 2]]


def test_a_new_record_that_cannot_be_read_may_be_it(server, stubs, upload_log):
    server.is_unreadable = lambda _: True
    server.script(UPLOAD, [STORED])
    assert told(run(server, stubs(), upload_log)) == [["not_confirmed", ""]]
    assert server.ledger.count(UPLOAD) == 1


def test_a_list_that_breaks_off_keeps_nothing_from_being_sent(server, stubs, upload_log):
    server.script(LIST, [LOST] * 10)
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"


def test_what_another_run_gave_up_is_waited_for_from_then_on(server, stubs, upload_log):
    """A run that only watched knows of the attempt's end what it saw."""
    key = UploadKey(server.url, hashlib.sha256(PDF + b"0").hexdigest(), "paystubs", USER_ID)
    calls = []
    with UploadLog(upload_log) as other, ThreadPoolExecutor(1) as pool:
        other.claim(key, "stub0.pdf", is_listed=True)
        options = {"confirm_timeout": 1.0, "progress": calls.append}
        ended = pool.submit(run, server, stubs(), upload_log, **options)
        try:
            until(lambda: len(calls) > 5, 30.0)
        finally:
            other.finish(key, LogEntry("not_confirmed"))
            given_up = time.monotonic()
        ended.result(60)
    assert server.ledger.uploads[0].at - given_up >= 1.0


def test_a_service_that_only_gives_old_ids_confirms_nothing(server, stubs, upload_log):
    old = server.keep(form(PDF + b"% of last month"))
    server.script(UPLOAD, lambda _: Fault(stale(server, old)))
    assert told(run(server, stubs(), upload_log)) == [["not_confirmed", ""]]


def test_a_service_that_answers_with_its_older_copy_is_believed_by_the_bytes(
    server, stubs, upload_log
):
    old = server.keep(form(PDF + b"0"))
    server.script(UPLOAD, lambda _: Fault(stale(server, old)))
    assert told(run(server, stubs(), upload_log)) == [["uploaded", old.id]]
    assert server.ledger.count(UPLOAD) == 1


@pytest.mark.parametrize("ahead", [-86_400, 86_400])
def test_the_services_clock_counts_and_not_ours(stubs, upload_log, ahead):
    with FaultServer(clock_ahead=ahead) as server:
        server.script(UPLOAD, [None, STORED, STORED])
        result = run(server, stubs(3), upload_log)
        assert result["state"].eq("uploaded").all()
        assert server.ledger.duplicates == 0


def test_what_belongs_to_another_row_is_not_taken(server, stubs, upload_log):
    run(server, stubs(), upload_log)
    server.script(UPLOAD, [LOST])
    manifest = stubs(document_type="W-2")
    result = run(server, manifest, upload_log)
    assert told(result)[0][0] == "uploaded"
    assert len(server.ledger.documents) == 2


def test_one_content_as_two_types_is_told_apart(server, stubs, upload_log):
    server.script(UPLOAD, [STORED, STORED])
    manifest = pd.concat([stubs(), stubs(document_type="W-2")])
    result = run(server, manifest, upload_log)
    types = {stored.id: stored.document_type for stored in server.ledger.documents}
    assert [types[upload_id] for upload_id in result["upload_id"]] == ["paystubs", "W-2"]
    assert server.ledger.duplicates == 0


@pytest.mark.parametrize("reclassified", [None, "paystubs", "W-2", "miscellaneous"])
def test_which_of_two_types_was_stored_is_not_guessed(server, stubs, upload_log, reclassified):
    """The service may have changed the type of the one that is there."""
    server.reclassified = reclassified
    server.script(UPLOAD, [STORED, LOST])
    manifest = pd.concat([stubs(), stubs(document_type="W-2")])
    for _ in range(2):
        result = run(server, manifest, upload_log)
        assert set(result["state"]) == {"possible_match"}
    assert server.ledger.duplicates == 0


def test_an_upload_of_before_with_another_type_is_another_upload(server, stubs, upload_log):
    server.keep(form(PDF + b"0", document_type="miscellaneous"))
    server.script(UPLOAD, [LOST])
    result = run(server, stubs(), upload_log)
    assert told(result) == [["uploaded", server.ledger.documents[1].id]]
    assert server.ledger.documents[1].document_type == "paystubs"


def test_a_row_of_an_earlier_run_that_may_be_it_is_not_robbed(server, stubs, upload_log):
    server.script(UPLOAD, [STORED])
    run(server, stubs(), upload_log, resend="never")
    server.reclassified = "W-2"
    server.script(UPLOAD, [LOST])
    run(server, stubs(document_type="W-2"), upload_log)
    run(server, stubs(), upload_log)
    assert server.ledger.duplicates == 0


def test_an_upload_whose_type_was_overwritten_is_found(server, stubs, upload_log):
    server.reclassified = "miscellaneous"
    server.script(UPLOAD, [STORED])
    result = run(server, stubs(), upload_log)
    assert told(result) == [["uploaded", server.ledger.documents[0].id]]


def test_two_documents_of_one_name_are_told_apart(server, upload_log, tmp_path):
    files = []
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "stub.pdf").write_bytes(PDF + folder.encode())
        files.append(str(tmp_path / folder / "stub.pdf"))
    manifest = pd.DataFrame({"file": files, "document_type": "1099", "user": USER_ID})
    server.script(UPLOAD, [STORED] * 3)
    result = run(server, manifest, upload_log)
    assert result["state"].eq("uploaded").all()
    by_id = {stored.id: stored.content for stored in server.ledger.documents}
    assert [by_id[upload_id][-1:] for upload_id in result["upload_id"]] == [b"a", b"b", b"c"]


def test_it_is_found_on_a_later_page(server, stubs, upload_log):
    server.script(UPLOAD, [STORED])
    server.page_size = 3

    def crowd(_):
        for number in range(10 - len(server.ledger.documents)):
            server.keep(form(PDF, name=f"other{number}.pdf"))

    server.script(LIST, crowd)
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"
    assert server.ledger.count(UPLOAD) == 1


@pytest.mark.parametrize("kind", [LIST, FILE])
def test_what_cannot_be_looked_for_stays_unknown(server, stubs, upload_log, kind):
    server.script(UPLOAD, [STORED])
    server.script(kind, lambda _: Fault(Answer(404)))
    result = run(server, stubs(), upload_log)
    assert told(result) == [["not_confirmed", ""]]
    assert "could not be" in result.loc[0, "reason"]
    assert server.ledger.count(UPLOAD) == 1
    server.script(kind, [])
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"
    assert server.ledger.count(UPLOAD) == 1


def test_a_key_that_is_refused_while_looking_ends_the_run(server, stubs, upload_log):
    server.script(UPLOAD, [STORED])
    server.script(LIST, [Fault(Answer(401))])
    with refused(AuthenticationError):
        run(server, stubs(), upload_log)
    assert told(run(server, stubs(), upload_log))[0][0] == "uploaded"
    assert server.ledger.count(UPLOAD) == 1


def test_what_another_run_looks_after_is_left_to_it(server, stubs, upload_log):
    server.script(UPLOAD, [LOST])
    run(server, stubs(), upload_log, resend="never")
    [key] = rows_of(upload_log)
    with UploadLog(upload_log) as other:
        other.look_after(key)
        assert other.entry(key).state == "sending"
    assert states(upload_log) == ["not_confirmed"]


def test_an_upload_without_name_and_time_is_compared(server, stubs, upload_log):
    stub = stubs()
    stored = server.keep(form(PDF + b"0"))
    shown = server.shown(stored) | {"file_name": None, "created_at": None}
    page = json.dumps({"next": None, "results": [shown]}).encode()
    server.script(LIST, lambda _: Fault(Answer(200, page)))
    server.script(UPLOAD, [LOST])
    assert told(run(server, stub, upload_log)) == [["uploaded", stored.id]]


# Audit


@pytest.fixture
def look(server, upload_log):
    """Audit the user."""

    def look(user=USER_ID):
        with client_of(server) as client:
            return audit(client, user=user, upload_log=upload_log)

    return look


def keep(server, content, user=USER_ID):
    server.clock_ahead += 1
    return server.keep({"user": user, "document_type": "W-2", "upload": ("stub.pdf", content)})


def test_a_batch_leaves_nothing_to_find(server, look, stubs, upload_log):
    run(server, stubs(3), upload_log)
    found = look()
    assert found.empty
    assert server.ledger.count(FILE) == 0


def test_the_columns_have_their_types_even_without_rows(look):
    found = look()
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {
        "finding": "category",
        "id": "string",
        "same_as": "string",
        "document_type": "string",
        "file_name": "string",
        "sha256": "string",
        "created_at": "datetime64[us, UTC]",
        "reason": "string",
    }


def test_what_the_upload_log_does_not_know_is_not_in_log(server, look, stubs, upload_log):
    run(server, stubs(), upload_log)
    unknown = keep(server, PDF)
    found = look()
    assert found[["finding", "id"]].to_numpy().tolist() == [["not_in_log", unknown.id]]
    assert found.loc[0, "sha256"] == unknown.sha256


def test_a_second_copy_of_what_the_upload_log_knows_is_a_duplicate(server, look, stubs, upload_log):
    copy = keep(server, PDF + b"0")
    result = run(server, stubs(), upload_log)
    found = look()
    assert found[["finding", "id", "same_as"]].to_numpy().tolist() == [
        ["duplicate", copy.id, result.loc[0, "upload_id"]]
    ]


def test_of_copies_that_nobody_knows_the_oldest_is_not_in_log(server, look):
    first, second, third = keep(server, PDF), keep(server, PDF), keep(server, PDF + b"%")
    found = look()
    assert found["id"].tolist() == [first.id, second.id, third.id]
    assert found["finding"].tolist() == ["not_in_log", "duplicate", "not_in_log"]
    assert found["same_as"].fillna("").tolist() == ["", first.id, ""]


def test_one_content_as_two_types_is_no_duplicate(server, look, stubs, upload_log):
    run(server, stubs(), upload_log)
    run(server, stubs(document_type="W-2"), upload_log)
    assert look().empty


def test_another_users_copy_is_no_duplicate(server, look, stubs, upload_log):
    run(server, stubs(), upload_log)
    keep(server, PDF + b"0", user=OTHER_USER)
    assert look().empty


def test_an_upload_that_cannot_be_downloaded_is_told(server, look):
    keep(server, PDF)
    server.script(FILE, [Fault(Answer(404))])
    found = look()
    assert found["finding"].tolist() == ["not_in_log"]
    assert found["sha256"].isna().all()
    assert "Could not be compared" in found.loc[0, "reason"]


def test_a_user_may_be_named_by_external_id(server, look):
    with client_of(server) as client:
        person = client.create_user(external_id="loan-5")
    keep(server, PDF, user=person.id)
    assert len(look("loan-5")) == 1


def test_a_user_whom_nobody_knows_is_not_made(server, look):
    with refused(NotFoundError, "'loan-6'"):
        look("loan-6")
    assert server.ledger.users == []


def test_a_refused_key_ends_an_audit(server, look):
    keep(server, PDF)
    server.script(FILE, [Fault(Answer(401))])
    with refused(AuthenticationError):
        look()
