"""The folder of the local server: rows, documents, pages, cursors."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import stat
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox import database
from argyle_nb.sandbox.problems import Problem
from argyle_nb.sandbox.store import ABANDONED_SECONDS, NewUpload, Store
from argyle_nb.sandbox.validation import (
    PageQuery,
    canonical_id,
    decode_cursor,
    encode_cursor,
    new_id,
    timestamp,
)

COLUMNS = frozenset({"user_id", "account_id", "document_type"})


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "sandbox")
    yield opened
    opened.close()


def add(store, user, document_type="paystubs", content=b"%PDF-1.7"):
    path, file = store.open_incoming()
    with file:
        file.write(content)
    statuses = ("idle", "idle", "idle")
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


def walk(store, query, *, newer):
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
    assert walk(store, PageQuery(limit=limit), newer=False) == newest_first
    oldest = store.get("user-uploads", newest_first[-1])
    last = PageQuery(limit=limit).beside((oldest["created_at"], oldest["id"]), newer=True)
    assert walk(store, last, newer=True) == newest_first[:-1]


def test_a_filter_holds_over_all_pages(store):
    user, other = store.create_user({}), store.create_user({})
    wanted = []
    for number in range(12):
        row = add(store, user if number % 2 else other, "W-2" if number % 3 else "1099")
        if number % 2 and number % 3:
            wanted.append(row["id"])
    query = PageQuery({"user_id": user, "document_type": "W-2"}, limit=2)
    assert walk(store, query, newer=False) == wanted[::-1]


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


def encode_text(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


positions = st.tuples(st.integers(0, 2**53), st.integers(0, 2**40).map(new_id))
queries = st.builds(
    PageQuery,
    filters=st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.text()),
    limit=st.integers(1, 200),
    position=positions,
    newer=st.booleans(),
)


@given(queries)
def test_a_cursor_carries_the_whole_page_query(query):
    cursor = encode_cursor("user-uploads", query)
    assert decode_cursor("user-uploads", cursor, COLUMNS) == query
    url = f"http://127.0.0.1:1/v2/user-uploads?limit=3&cursor={cursor}"
    assert decode_cursor("user-uploads", url, COLUMNS) == query


nearly = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text() | nearly.map(json.dumps).map(encode_text))
def test_any_other_text_is_an_invalid_cursor(text):
    with pytest.raises(Problem) as caught:
        decode_cursor("user-uploads", text, COLUMNS)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "content",
    [
        ["users", False, [1, new_id(1)], 10, {}],
        ["user-uploads", 1, [1, new_id(1)], 10, {}],
        ["user-uploads", False, [1, "../../etc/passwd"], 10, {}],
        ["user-uploads", False, [True, new_id(1)], 10, {}],
        ["user-uploads", False, [2**70, new_id(1)], 10, {}],
        ["user-uploads", False, [1, new_id(1)], 201, {}],
        ["user-uploads", False, [1, new_id(1)], 10, {"1=1; --": "x"}],
        ["user-uploads", False, [1, new_id(1)], 10, {"user_id": 7}],
        ["user-uploads", False, [1, new_id(1)], 10, {"user_id": "\ud800"}],
        ["user-uploads", False, [1, new_id(1)], 10, ["user_id"]],
        ["user-uploads", False, None, 10, {}],
    ],
)
def test_a_forged_cursor_is_refused(content):
    with pytest.raises(Problem, match="Invalid cursor"):
        decode_cursor("user-uploads", encode_text(json.dumps(content)), COLUMNS)


@given(st.integers(0, 2**47))
def test_ids_have_the_shape_of_a_uuid_and_sort_by_time(moment):
    identifier = new_id(moment)
    assert canonical_id(identifier) == identifier
    assert identifier < new_id(moment + 1)


UUID = "00000000-0001-0862-3231-912f7fad1dd5"


@pytest.mark.parametrize(
    "text",
    ["", "..", "../../x", "0" * 36, f"{UUID}\n", UUID[:-1], "é" * 36],
)
def test_other_texts_are_no_ids(text):
    assert canonical_id(text) is None


def test_timestamps_are_utc_with_milliseconds():
    assert timestamp(1_720_446_229_064) == "2024-07-08T13:43:49.064Z"
