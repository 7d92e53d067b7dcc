"""What stands at the service twice, or without the journal knowing it."""

from __future__ import annotations

import pytest

from argyle_nb import audit
from argyle_nb.errors import AuthenticationError, NotFoundError
from tests.faults.ledger import FILE, Answer, Fault
from tests.faults.server import FaultServer
from tests.support.batches import run
from tests.support.servers import PDF, USER_ID, client_of, refused

OTHER_USER = "0186c5b8-8fa1-67b3-39af-14b3e18da8a7"


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def look(server, journal):
    """Audit the user."""

    def look(user=USER_ID):
        with client_of(server) as client:
            return audit(client, user=user, journal=journal)

    return look


def keep(server, content, user=USER_ID):
    server.clock_ahead += 1
    return server.keep({"user": user, "document_type": "W-2", "upload": ("stub.pdf", content)})


def test_a_batch_leaves_nothing_to_find(server, look, stubs, journal):
    run(server, stubs(3), journal)
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


def test_what_the_journal_does_not_know_is_an_orphan(server, look, stubs, journal):
    run(server, stubs(), journal)
    orphan = keep(server, PDF)
    found = look()
    assert found[["finding", "id"]].to_numpy().tolist() == [["orphan", orphan.id]]
    assert found.loc[0, "sha256"] == orphan.sha256


def test_a_second_copy_of_what_the_journal_knows_is_a_duplicate(server, look, stubs, journal):
    copy = keep(server, PDF + b"0")
    result = run(server, stubs(), journal)
    found = look()
    assert found[["finding", "id", "same_as"]].to_numpy().tolist() == [
        ["duplicate", copy.id, result.loc[0, "upload_id"]]
    ]


def test_of_copies_that_nobody_knows_the_oldest_is_the_orphan(server, look):
    first, second, third = keep(server, PDF), keep(server, PDF), keep(server, PDF + b"%")
    found = look()
    assert found["id"].tolist() == [first.id, second.id, third.id]
    assert found["finding"].tolist() == ["orphan", "duplicate", "orphan"]
    assert found["same_as"].fillna("").tolist() == ["", first.id, ""]


def test_one_content_as_two_types_is_no_duplicate(server, look, stubs, journal):
    run(server, stubs(), journal)
    run(server, stubs(document_type="W-2"), journal)
    assert look().empty


def test_another_users_copy_is_no_duplicate(server, look, stubs, journal):
    run(server, stubs(), journal)
    keep(server, PDF + b"0", user=OTHER_USER)
    assert look().empty


def test_an_upload_that_cannot_be_downloaded_is_told(server, look):
    keep(server, PDF)
    server.script(FILE, [Fault(Answer(404))])
    found = look()
    assert found["finding"].tolist() == ["orphan"]
    assert found["sha256"].isna().all()
    assert "could not be compared" in found.loc[0, "reason"]


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
