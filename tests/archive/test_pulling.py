"""A pull goes on where it broke off; what has not come to rest is asked for again."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageStore
from argyle_nb.archive.pulling import pull_pages, scope_of
from argyle_nb.client.client import Client
from argyle_nb.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ValidationError,
)
from tests.support.archives import FIVE, ListServer, files, filled, moving, nothing, page_of
from tests.support.records import record, scored
from tests.support.servers import KEY_ID, SECRET, Answer, client_of, until

PULL = (
    "import sys; from argyle_nb.archive import Archive; from argyle_nb.client.client import Client;"
    f"Archive(sys.argv[1]).pull(Client('{KEY_ID}', '{SECRET}', environment=sys.argv[2]))"
)


def pulling(folder, server):
    """Another process that pulls."""
    return subprocess.Popen([sys.executable, "-c", PULL, str(folder), server.url])


def test_the_next_page_is_on_its_way_while_one_is_worked_on(server, argyle, folder):
    pages = pull_pages(PageStore(folder), argyle, {})
    next(pages)
    until(lambda: server.listed[:2] == [0, 1])
    pages.close()


def test_an_impossible_filter_is_refused_before_anything_is_sent(server, argyle, folder):
    with pytest.raises(ValidationError):
        Archive(folder).pull(argyle, account="nobody")
    assert server.seen == []


@pytest.mark.parametrize("held", ["local sandbox 1", "https://api.argyle.com 0123456789abcdef"])
def test_uploads_of_a_local_sandbox_and_of_another_source_are_kept_apart(
    server, argyle, folder, held
):
    settings = replace(argyle.settings, store="local sandbox 2")
    filled(folder, [moving(1)], scope=held)
    with (
        Client.from_settings(settings) as client,
        pytest.raises(ConfigurationError, match="Use another folder for this archive") as told,
    ):
        Archive(folder).pull(client)
    assert "local sandbox 2" in str(told.value)
    assert held.split(" 0")[0] in str(told.value)
    assert server.listed == []


@pytest.mark.parametrize("held", ["local sandbox 1", "http://localhost:8090 0123456789abcdef"])
def test_production_is_not_pulled_into_the_archive_of_a_local_sandbox(held, folder):
    filled(folder, [moving(1)], scope=held)
    with (
        Client(KEY_ID, SECRET, environment="production") as client,
        pytest.raises(ConfigurationError, match=r"these would be of https://api\.argyle\.com"),
    ):
        Archive(folder).pull(client)


def test_a_local_sandbox_that_is_reached_by_its_address_is_kept_apart_too(server, argyle, folder):
    filled(folder, [moving(1)], scope="https://api.argyle.com 0123456789abcdef")
    for pull in (Archive(folder).pull, Archive(folder).refresh):
        with pytest.raises(ConfigurationError, match="Use another folder for this archive"):
            pull(argyle)
    assert server.listed == []


def test_a_killed_pull_is_gone_on_with_behind_the_last_page_kept(server, argyle, folder):
    holding, killed = threading.Event(), threading.Event()

    def hold(number):
        if number == 2 and not killed.is_set():
            holding.set()
            killed.wait(20)

    server.meanwhile = hold
    process = pulling(folder, server)
    assert holding.wait(20)
    until(lambda: (folder / "index").exists() and len(files(folder, "index")) == 2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    killed.set()

    frames = Archive(folder).pull(argyle)

    assert frames.uploads["id"].tolist() == [upload["id"] for upload in FIVE]
    assert server.listed == [0, 1, 2, 2]


def test_a_pull_killed_at_any_moment_leaves_whole_files(server, argyle, folder):
    pages = 40
    server.records = [scored(number, 50) for number in range(2 * pages)]
    for kept in (1, 7, 13):
        process = pulling(folder, server)
        until(lambda: (folder / "index").exists() and len(files(folder, "index")) >= kept)  # noqa: B023
        process.kill()
        process.wait()
    Archive(folder).pull(argyle)
    assert len(Archive(folder).uploads()) == 2 * pages


def test_a_failed_pull_is_gone_on_with(server, argyle, folder):
    server.meanwhile = lambda number: Answer(403) if number == 2 else None
    with pytest.raises(AuthenticationError):
        Archive(folder).pull(argyle)
    server.meanwhile = nothing
    frames = Archive(folder).pull(argyle)
    assert len(frames.uploads) == 5
    assert server.listed == [0, 1, 2, 2]


def test_a_finished_pull_is_not_gone_on_with(server, argyle, folder):
    for _ in range(2):
        Archive(folder).pull(argyle)
    assert server.listed == [0, 1, 2] * 2


def broken_off(server, argyle, folder):
    server.meanwhile = lambda number: Answer(403) if number == 1 else None
    with pytest.raises(AuthenticationError):
        Archive(folder).pull(argyle)
    server.meanwhile = nothing
    server.seen.clear()


def test_a_pull_with_other_filters_begins_anew(server, argyle, folder):
    broken_off(server, argyle, folder)
    Archive(folder).pull(argyle, document_type="paystubs")
    assert server.listed == [0, 1, 2]


def test_a_pull_of_another_key_begins_anew(server, argyle, folder):
    broken_off(server, argyle, folder)
    with type(argyle)("another-key", SECRET, environment=server.url) as other:
        Archive(folder).pull(other)
    assert server.listed == [0, 1, 2]


def test_a_listing_of_the_day_before_yesterday_is_begun_anew(server, argyle, folder):
    link = f"{server.url}/v2/user-uploads?cursor=1"
    filled(folder, page_of(FIVE[:2], link), scope=scope_of(argyle.settings))
    Archive(folder).pull(argyle)
    assert server.listed == [0, 1, 2]


def test_a_listing_with_a_hole_is_begun_anew(server, argyle, folder):
    server.meanwhile = lambda number: Answer(403) if number == 2 else None
    with pytest.raises(AuthenticationError):
        Archive(folder).pull(argyle)
    server.meanwhile = nothing
    files(folder, "index")[0].unlink()
    assert len(Archive(folder).pull(argyle).uploads) == 5
    assert server.listed == [0, 1, 2, 0, 1, 2]


def test_a_link_that_has_expired_is_answered_by_a_new_listing(server, argyle, folder):
    broken_off(server, argyle, folder)
    expired = iter([Answer(404)])
    server.meanwhile = lambda number: next(expired, None) if number == 1 else None
    assert len(Archive(folder).pull(argyle).uploads) == 5
    assert server.listed == [1, 0, 1, 2]


def test_a_link_home_is_all_that_is_followed(server, argyle, folder):
    filled(
        folder,
        page_of(FIVE[:2], "http://example.invalid/v2/user-uploads?cursor=1"),
        scope=scope_of(argyle.settings),
        seen_at=datetime.now(UTC),
    )
    with pytest.raises(ApiError, match=r"example\.invalid"):
        Archive(folder).pull(argyle)
    assert server.listed == []


def test_two_processes_may_pull_into_one_folder(server, argyle, folder):
    server.records = [scored(number, 50) for number in range(60)]
    processes = [pulling(folder, server) for _ in range(2)]
    assert [process.wait(30) for process in processes] == [0, 0]
    assert Archive(folder).uploads()["id"].is_unique
    assert len(Archive(folder).uploads()) == 60


# Asking again


def test_only_uploads_that_have_not_come_to_rest_are_asked_for(server, argyle, folder):
    server.records[1:3] = [moving(2), moving(3)]
    archive = Archive(folder)
    archive.pull(argyle)
    server.records[1] = record(2)
    refreshed = archive.refresh(argyle)
    assert sorted(server.got) == [record(2)["id"], record(3)["id"]]
    assert refreshed.uploads["processing_classification"].tolist() == ["completed", "in_progress"]
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
    filled(folder, [moving(1)], scope=f"{server.url} 0123456789abcdef")
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
    with pytest.warns(UserWarning, match=f"left out: 1 .record {record(3)['id']}, at"):
        assert archive.refresh(argyle).uploads["id"].tolist() == [record(2)["id"]]
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
