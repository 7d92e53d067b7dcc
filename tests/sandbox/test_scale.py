"""Many uploads: every question to the database is answered from an index, and pages stay right."""

import itertools

import pytest

from argyle_nb.sandbox.processing import Claims
from argyle_nb.sandbox.store import NewUpload, Store
from argyle_nb.sandbox.validation import MAX_LIMIT, PageQuery

UPLOADS = 3000
TYPES = ("paystubs", "W-2", "1099")
FILTERS = {"account_id": "a", "user_id": "u", "document_type": "W-2"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = Store(tmp_path_factory.mktemp("scale"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def crowd(store):
    """The ids of all uploads, oldest first, by user and type."""
    users = [store.create_user({}) for _ in range(7)]
    kinds = itertools.cycle(itertools.product(users, TYPES))
    return [(*kind, add(store, *kind)) for kind in itertools.islice(kinds, UPLOADS)]


def add(store, user, document_type):
    path, file = store.open_incoming()
    file.close()
    statuses = ("unauthorized", "unauthorized", "unauthorized")
    upload = NewUpload(user, document_type, "stub.pdf", "application/pdf", path, *statuses)
    return store.add_upload(upload)["id"]


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
def test_every_list_of_uploads_is_read_in_order_from_an_index(store, columns, newer):
    filters = {column: FILTERS[column] for column in columns}
    query = PageQuery(filters, position=(2**40, "f"), newer=newer)
    found = plans(store, lambda: store.page("user-uploads", query))
    assert all(step.startswith("SEARCH uploads USING INDEX") for step in found), found


@pytest.mark.parametrize("resource", ["users", "accounts", "user-uploads"])
def test_a_first_page_is_read_in_order_from_an_index(store, resource):
    found = plans(store, lambda: store.page(resource, PageQuery()))
    assert not [step for step in found if "TEMP B-TREE" in step], found
    assert not [step for step in found if step.startswith("SCAN") and "INDEX" not in step], found


def test_looking_for_work_touches_only_the_uploads_under_way(store):
    claims = Claims(store, 60)
    for ask in (claims.claim, claims.seconds_to_next, lambda: claims.advance(0, None)):
        found = plans(store, ask)
        assert all("USING INDEX uploads_due" in step for step in found if "uploads" in step), found


@pytest.mark.parametrize("limit", [10, MAX_LIMIT])
def test_thousands_of_uploads_are_paged_without_gap_or_repetition(store, crowd, limit):
    assert walk(store, PageQuery(limit=limit)) == [upload for *_, upload in crowd[::-1]]


def test_filters_hold_over_thousands_of_uploads(store, crowd):
    user = crowd[0][0]
    wanted = [upload for owner, kind, upload in crowd if (owner, kind) == (user, "W-2")]
    query = PageQuery({"user_id": user, "document_type": "W-2"}, limit=37)
    assert len(wanted) > 100
    assert walk(store, query) == wanted[::-1]


def walk(store, query):
    ids = []
    while query:
        page = store.page("user-uploads", query)
        ids += [row["id"] for row in page.rows]
        last = (page.rows[-1]["created_at"], page.rows[-1]["id"])
        query = query.beside(last, newer=False) if page.has_older else None
    return ids
