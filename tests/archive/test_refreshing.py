"""What has not come to rest is asked for again, and nothing else."""

import time

import pytest

from argyle_nb.archive import Archive
from argyle_nb.archive.pulling import scope_of
from argyle_nb.errors import AuthenticationError, DecodeError
from tests.support.archives import ListServer, filled, moving
from tests.support.records import record, scored
from tests.support.servers import Answer, client_of

FIVE = [scored(number, 10 * number) for number in range(1, 6)]


@pytest.fixture
def server():
    with ListServer(FIVE) as running:
        yield running


@pytest.fixture
def argyle(server):
    with client_of(server) as client:
        yield client


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archive"


def test_only_uploads_that_have_not_come_to_rest_are_asked_for(server, argyle, folder):
    server.records[1:3] = [moving(2), moving(3)]
    archive = Archive(folder)
    archive.pull(argyle)
    server.records[1] = record(2)
    refreshed = archive.refresh(argyle)
    assert sorted(server.got) == [record(2)["id"], record(3)["id"]]
    assert refreshed.uploads["classification"].tolist() == ["completed", "in_progress"]
    assert archive.uploads()["id"].is_unique
    assert len(archive.history(record(2)["id"])) == 2


def test_nothing_is_asked_when_everything_rests(server, argyle, folder):
    archive = Archive(folder)
    archive.pull(argyle)
    server.seen.clear()
    assert archive.refresh(argyle).uploads.empty
    assert server.seen == []


def test_uploads_are_listed_again_where_that_takes_fewer_requests(server, argyle, folder):
    server.records = [moving(number) for number in range(1, 6)]
    archive = Archive(folder)
    archive.pull(argyle)
    server.records = FIVE
    assert len(archive.refresh(argyle).uploads) == 5
    assert server.listed == [0, 1, 2] * 2
    assert server.got == []


def test_what_the_new_list_does_not_show_is_asked_for(server, argyle, folder):
    server.records = [moving(number) for number in range(1, 6)]
    archive = Archive(folder)
    archive.pull(argyle)
    server.records = FIVE[1:]
    archive.refresh(argyle)
    assert server.got == [record(1)["id"]]
    assert archive.uploads().attrs["deleted"] == [record(1)["id"]]


def test_an_upload_that_argyle_no_longer_has_is_kept_and_marked(server, argyle, folder):
    server.records = [moving(1), *FIVE[1:]]
    archive = Archive(folder)
    archive.pull(argyle)
    server.records = FIVE[1:]
    for _ in range(2):
        archive.refresh(argyle)

    assert server.got == [record(1)["id"]]
    assert record(1)["id"] in set(archive.uploads()["id"])
    assert archive.history(record(1)["id"])["deleted"].tolist() == [False, True]
    assert archive.raw(record(1)["id"]) == moving(1)


def test_an_upload_that_comes_back_is_deleted_no_more(server, argyle, folder):
    server.records = [moving(1), *FIVE[1:]]
    archive = Archive(folder)
    archive.pull(argyle)
    server.records = FIVE[1:]
    archive.refresh(argyle)
    server.records = FIVE
    archive.pull(argyle)
    assert archive.uploads().attrs["deleted"] == []
    assert archive.history(record(1)["id"])["deleted"].tolist() == [False, True, False]


def test_uploads_of_another_key_are_left_alone(server, argyle, folder):
    filled(folder, [moving(1)], scope="another key's")
    assert Archive(folder).refresh(argyle).uploads.empty
    assert server.seen == []


def test_an_id_that_is_none_never_becomes_a_path(server, argyle, folder):
    odd = moving(1) | {"id": "../users"}
    filled(folder, [odd], scope=scope_of(argyle.settings))
    Archive(folder).refresh(argyle)
    assert server.seen == []


def test_a_refresh_that_fails_keeps_what_was_answered(server, argyle, folder):
    server.records[1:3] = [moving(2), moving(3)]
    archive = Archive(folder)
    archive.pull(argyle)
    served = server._answers[0]
    server.records[1] = record(2)
    broken = f"/{record(3)['id']}"
    server._answers[0] = lambda s: Answer(403) if s.path.endswith(broken) else served(s)
    with pytest.raises(AuthenticationError):
        archive.refresh(argyle)
    assert archive.raw(record(2)["id"]) == record(2)


def test_an_answer_that_is_no_upload_spoils_no_other(server, argyle, folder):
    server.records[1:3] = [moving(2), moving(3)]
    archive = Archive(folder)
    archive.pull(argyle)
    served = server._answers[0]
    broken = f"/{record(3)['id']}"
    server._answers[0] = lambda s: Answer(body=b"[]") if s.path.endswith(broken) else served(s)
    with pytest.raises(DecodeError):
        archive.refresh(argyle)
    assert len(archive.uploads()) == 5


def test_refreshing_stays_below_the_limit_of_requests(folder):
    records = [moving(number) for number in range(90)]
    with ListServer(records, page_size=1) as server, client_of(server) as client:
        filled(folder, server.records, scope=scope_of(client.settings), listed=False)
        started = time.monotonic()
        Archive(folder).refresh(client)
        seconds = time.monotonic() - started
    assert len(server.got) == 90
    # Not by the second: whatever a slow moment of the machine holds up arrives in a bunch.
    assert 90 / seconds <= 50
