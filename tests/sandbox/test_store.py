"""The folder of the local server: rows, documents, pages, and its indexes under load."""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
import subprocess
import sys
import time

import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox import database
from argyle_nb.sandbox.processing import Claims
from argyle_nb.sandbox.store import ABANDONED_SECONDS, NewUpload, Store
from argyle_nb.sandbox.validation import (
    MAX_LIMIT,
    PageQuery,
    new_id,
)


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "sandbox")
    yield opened
    opened.close()


def add(store, user, document_type="paystubs", content=b"%PDF-1.7", status="idle"):
    path, file = store.open_incoming()
    with file:
        file.write(content)
    statuses = (status, status, status)
    return store.add_upload(
        NewUpload(user, document_type, "stub.pdf", "application/pdf", path, *statuses)
    )


def documents(store):
    return sorted(path.name for path in (store._documents).iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read_what_is_stored(tmp_path):
    folder = tmp_path / "sandbox"
    store = Store(folder)
    row = add(store, store.create_user({}))
    assert mode(folder) == mode(folder / "documents") == 0o700
    assert mode(store.document(row["document"])) == 0o600
    assert {mode(path) for path in folder.glob("sandbox.sqlite3*")} == {0o600}
    store.close()


def test_a_folder_keeps_its_id_and_its_rows(tmp_path):
    first = Store(tmp_path)
    user = first.create_user({"external_id": "loan-17"})
    first.close()
    second = Store(tmp_path)
    assert second.id == first.id
    assert second.get("users", user)["external_id"] == "loan-17"
    second.close()


def test_two_folders_have_two_ids(tmp_path):
    stores = [Store(tmp_path / name) for name in "ab"]
    assert stores[0].id != stores[1].id
    for store in stores:
        store.close()


def test_processes_that_make_one_folder_at_once_agree_on_its_id(tmp_path):
    script = (
        "import sys; from pathlib import Path; from argyle_nb.sandbox.store import Store;"
        "store = Store(Path(sys.argv[1])); store.create_user({}); print(store.id); store.close()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "shared")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [error for _, error in answers] == [b""] * 4
    assert len({out for out, _ in answers}) == 1


def test_a_database_of_another_version_is_refused_and_left_alone(tmp_path):
    connection = sqlite3.connect(tmp_path / "sandbox.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match=r"schema 99.*another folder"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "sandbox.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ConfigurationError, match=r"not a database.*another folder"):
        Store(tmp_path)


def test_moments_rise_even_when_the_clock_goes_back(store, monkeypatch):
    user = store.create_user({})
    first = add(store, user)
    monkeypatch.setattr(database, "now_ms", lambda: 1_000)
    second = add(store, user)
    assert second["created_at"] > first["created_at"]
    assert second["id"] > first["id"]


def test_a_document_lies_in_its_place_under_a_name_of_ours(store):
    row = add(store, store.create_user({}), content=b"%PDF-1.7 invented")
    assert store.document(row["document"]).read_bytes() == b"%PDF-1.7 invented"
    assert documents(store) == [row["document"]]


def test_an_upload_for_a_user_that_is_gone_is_not_kept(store):
    assert add(store, new_id(0)) is None
    assert store.page("user-uploads", PageQuery()).rows == []
    assert [name.rpartition(".")[2] for name in documents(store)] == ["part"]


def test_an_upload_that_cannot_be_written_leaves_neither_row_nor_document(store):
    user = store.create_user({})
    with store.database.write() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON uploads BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        add(store, user)
    assert documents(store) == []
    assert store.page("accounts", PageQuery()).rows == []


def test_all_uploads_of_a_user_share_one_account_that_counts_them(store):
    user = store.create_user({})
    accounts = {add(store, user)["account_id"] for _ in range(3)}
    (account,) = accounts
    assert store.get("accounts", account)["files_count"] == 3
    assert add(store, store.create_user({}))["account_id"] != account


def test_deleting_a_user_deletes_account_uploads_and_documents(store):
    user, other = store.create_user({}), store.create_user({})
    gone, kept = add(store, user), add(store, other)
    assert store.delete("users", user)
    assert store.get("user-uploads", gone["id"]) is None
    assert store.get("accounts", gone["account_id"]) is None
    assert documents(store) == [kept["document"]]
    assert not store.delete("users", user)


def test_after_its_account_is_deleted_a_user_gets_a_new_one(store):
    user = store.create_user({})
    first = add(store, user)
    assert store.delete("accounts", first["account_id"])
    assert documents(store) == []
    assert add(store, user)["account_id"] != first["account_id"]


def test_opening_a_folder_clears_old_leftovers_and_nothing_else(tmp_path):
    store = Store(tmp_path)
    kept = add(store, store.create_user({}))["document"]
    old, young = (store.open_incoming() for _ in range(2))
    for _, file in (old, young):
        file.close()
    past = time.time() - ABANDONED_SECONDS - 60
    for name in (kept, old[0].name):
        os.utime(store.document(name), (past, past))
    store.close()
    reopened = Store(tmp_path)
    assert documents(reopened) == sorted([kept, young[0].name])
    reopened.close()


def walk(store, query, *, newer=False):
    seen = []
    while query is not None:
        page = store.page("user-uploads", query)
        ids = [row["id"] for row in page.rows]
        seen = ids + seen if newer else seen + ids
        more = page.has_newer if newer else page.has_older
        edge = page.rows[0 if newer else -1] if more else None
        query = edge and query.beside((edge["created_at"], edge["id"]), newer=newer)
    return seen


@pytest.mark.parametrize("limit", [1, 3, 7, 23, 200])
def test_pages_give_every_upload_once_newest_first_and_back_again(store, limit):
    user = store.create_user({})
    newest_first = [add(store, user)["id"] for _ in range(23)][::-1]
    assert walk(store, PageQuery(limit=limit)) == newest_first
    oldest = store.get("user-uploads", newest_first[-1])
    last = PageQuery(limit=limit).beside((oldest["created_at"], oldest["id"]), newer=True)
    assert walk(store, last, newer=True) == newest_first[:-1]


def test_uploads_that_arrive_while_paging_change_nothing_behind_the_cursor(store):
    user = store.create_user({})
    before = [add(store, user)["id"] for _ in range(6)][::-1]
    query, seen = PageQuery(limit=2), []
    while query:
        page = store.page("user-uploads", query)
        seen += [row["id"] for row in page.rows]
        add(store, user)
        last = page.rows[-1]
        query = page.has_older and query.beside((last["created_at"], last["id"]), newer=False)
    assert seen == before


UPLOADS = 3000


TYPES = ("paystubs", "W-2", "1099")


FILTERS = {"account_id": "a", "user_id": "u", "document_type": "W-2"}


@pytest.fixture(scope="module")
def large_store(tmp_path_factory):
    opened = Store(tmp_path_factory.mktemp("scale"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def crowd(large_store):
    """The ids of all uploads, oldest first, by user and type."""
    users = [large_store.create_user({}) for _ in range(7)]
    kinds = itertools.cycle(itertools.product(users, TYPES))
    return [
        (*kind, add(large_store, *kind, status="unauthorized")["id"])
        for kind in itertools.islice(kinds, UPLOADS)
    ]


def plans(store, ask):
    """Return how SQLite carries out the questions that `ask` puts."""
    connection, questions = store.database._connection, []
    connection.set_trace_callback(questions.append)
    try:
        ask()
    finally:
        connection.set_trace_callback(None)
    selects = [question for question in questions if question.startswith("SELECT")]
    assert selects
    with store.database.read() as reading:
        return [
            step["detail"]
            for select in selects
            for step in reading.execute(f"EXPLAIN QUERY PLAN {select}")
        ]


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize(
    "columns",
    [names for n in range(4) for names in itertools.combinations(FILTERS, n)],
    ids="-".join,
)
def test_every_list_of_uploads_is_read_in_order_from_an_index(large_store, columns, newer):
    filters = {column: FILTERS[column] for column in columns}
    query = PageQuery(filters, position=(2**40, "f"), newer=newer)
    found = plans(large_store, lambda: large_store.page("user-uploads", query))
    assert all(step.startswith("SEARCH uploads USING INDEX") for step in found), found


@pytest.mark.parametrize("resource", ["users", "accounts", "user-uploads"])
def test_a_first_page_is_read_in_order_from_an_index(large_store, resource):
    found = plans(large_store, lambda: large_store.page(resource, PageQuery()))
    assert not [step for step in found if "TEMP B-TREE" in step], found
    assert not [step for step in found if step.startswith("SCAN") and "INDEX" not in step], found


def test_looking_for_work_touches_only_the_uploads_under_way(large_store):
    claims = Claims(large_store, 60)
    for ask in (claims.claim, claims.seconds_to_next, lambda: claims.advance(0, None)):
        found = plans(large_store, ask)
        assert all("USING INDEX uploads_due" in step for step in found if "uploads" in step), found


@pytest.mark.parametrize("limit", [10, MAX_LIMIT])
def test_thousands_of_uploads_are_paged_without_gap_or_repetition(large_store, crowd, limit):
    assert walk(large_store, PageQuery(limit=limit)) == [upload for *_, upload in crowd[::-1]]


def test_filters_hold_over_thousands_of_uploads(large_store, crowd):
    user = crowd[0][0]
    wanted = [upload for owner, kind, upload in crowd if (owner, kind) == (user, "W-2")]
    query = PageQuery({"user_id": user, "document_type": "W-2"}, limit=37)
    assert len(wanted) > 100
    assert walk(large_store, query) == wanted[::-1]
