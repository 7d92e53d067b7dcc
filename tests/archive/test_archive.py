"""What was pulled is kept, byte for byte, through kills, faults and company."""

import os
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime

import fsspec
import pandas as pd
import pytest
import zstandard

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageStore, sha256_hex
from argyle_nb.archive.pulling import pull_pages, scope_of
from argyle_nb.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    ValidationError,
)
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from tests.support.archives import ListServer, filled, nothing, page_of
from tests.support.records import scored
from tests.support.servers import KEY_ID, SECRET, Answer, client_of, until

PULL = (
    "import sys; from argyle_nb.archive import Archive; from argyle_nb.client.client import Client;"
    f"Archive(sys.argv[1]).pull(Client('{KEY_ID}', '{SECRET}', environment=sys.argv[2]))"
)
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


def files(folder, kind):
    return sorted((folder / kind).iterdir())


def pulling(folder, server):
    """Another process that pulls."""
    return subprocess.Popen([sys.executable, "-c", PULL, str(folder), server.url])


# Pulling


def test_a_pull_gives_the_frames_of_all_uploads(client, user, pdf, folder):
    client.upload(pdf, document_type="paystubs", user=user.id)
    client.wait(client.list_uploads(user=user.id))

    frames = Archive(folder).pull(client, user=user.id)

    listed = list(client.list_uploads(user=user.id))
    pd.testing.assert_frame_equal(frames.uploads, uploads_frame(listed))
    pd.testing.assert_frame_equal(frames.signals, signals_frame(listed))
    pd.testing.assert_frame_equal(Archive(folder).uploads(), uploads_frame(listed))


def test_each_page_is_kept_byte_for_byte_under_its_sha256(server, argyle, folder):
    Archive(folder).pull(argyle)
    entries = PageStore(folder).entries()
    assert [entry.sha256 for entry in entries] == [sha256_hex(server._page(n)) for n in range(3)]
    for number, entry in enumerate(entries):
        kept = (folder / "pages" / f"{entry.sha256}.json.zst").read_bytes()
        assert zstandard.decompress(kept) == server._page(number)


def test_the_next_page_is_on_its_way_while_one_is_worked_on(server, argyle, folder):
    pages = pull_pages(PageStore(folder), argyle, {})
    next(pages)
    until(lambda: server.listed[:2] == [0, 1])
    pages.close()


def test_only_what_the_filters_let_through_is_pulled(client, user, pdf, folder):
    for owner in (user, client.create_user()):
        client.upload(pdf, document_type="paystubs", user=owner.id)
    archive = Archive(folder)
    assert archive.pull(client, user=user.id).uploads["user"].tolist() == [user.id]
    assert archive.uploads()["user"].tolist() == [user.id]


def test_an_impossible_filter_is_refused_before_anything_is_sent(server, argyle, folder):
    with pytest.raises(ValidationError):
        Archive(folder).pull(argyle, user="nobody")
    assert server.seen == []


def test_nobody_else_may_read_what_is_kept(argyle, folder):
    Archive(folder).pull(argyle)
    for path in [folder, *folder.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_an_upload_that_moved_to_the_next_page_comes_once(server, argyle, folder):
    def one_more(number):
        if number == 1 and len(server.records) == 5:
            server.records.insert(0, scored(9, 99))

    server.meanwhile = one_more
    frames = Archive(folder).pull(argyle)
    assert sorted(frames.uploads["id"]) == [upload["id"] for upload in FIVE]
    assert len(Archive(folder).uploads()) == 5


def test_a_record_that_cannot_be_read_is_named_after_the_others_are_kept(server, argyle, folder):
    server.records[0] = scored(1, 900)
    archive = Archive(folder)
    with pytest.raises(DecodeError, match=r"000000000001.*900 is outside"):
        archive.pull(argyle)
    readable = archive.uploads(errors="collect")
    assert len(readable) == 4
    assert [told["record"] for told in readable.attrs["rejected"]] == [FIVE[0]["id"]]


# Going on


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
    assert server.seen == []


# Company


def test_two_processes_may_pull_into_one_folder(server, argyle, folder):
    server.records = [scored(number, 50) for number in range(60)]
    processes = [pulling(folder, server) for _ in range(2)]
    assert [process.wait(30) for process in processes] == [0, 0]
    assert Archive(folder).uploads()["id"].is_unique
    assert len(Archive(folder).uploads()) == 60


def test_two_archives_of_one_folder_see_the_same(argyle, folder):
    one, other = Archive(folder), Archive(f"file://{folder}")
    one.pull(argyle)
    pd.testing.assert_frame_equal(one.uploads(), other.uploads())


@pytest.mark.parametrize("url", ["memory://argyle-{}", "file://{}", "{}"])
def test_an_archive_may_be_anywhere(url, argyle, folder):
    archive = Archive(url.format(folder))
    archive.pull(argyle)
    assert archive.uploads()["ocr_authenticity_score"].tolist() == [10, 20, 30, 40, 50]


def test_an_archive_stays_where_it_was_when_the_working_folder_changes(
    argyle, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    archive = Archive("here [1]")
    monkeypatch.chdir("/")
    archive.pull(argyle)
    assert len(Archive(tmp_path / "here [1]").uploads()) == 5


@pytest.mark.parametrize("url", ["nowhere://x", "gs://needs-a-driver"])
def test_a_folder_that_nothing_can_open_is_refused(url):
    with pytest.raises(ConfigurationError, match=r"cannot be used as a folder"):
        Archive(url)


def test_a_folder_that_cannot_be_written_is_named(argyle, folder):
    folder.mkdir()
    (folder / "pages").write_text("a file")
    with pytest.raises(ConfigurationError, match=f"{folder}.*cannot be written"):
        Archive(folder).pull(argyle)


def test_a_folder_that_cannot_be_read_is_named(folder):
    folder.write_text("a file")
    with pytest.raises(ConfigurationError, match=f"{folder}.*cannot be read"):
        Archive(folder).uploads()


# Damage


def damaged(folder, change):
    filled(folder, [FIVE[0]], [FIVE[1]])
    path = folder / "pages" / f"{sha256_hex(page_of([FIVE[1]]))}.json.zst"
    change(path)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(zstandard.compress(page_of([scored(2, 100)]))),
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
    ids=["forged", "cut", "emptied", "removed"],
)
def test_a_damaged_page_is_named_with_the_cure(folder, change):
    path = damaged(folder, change)
    with pytest.raises(DecodeError, match=f"{path}.*damaged") as caught:
        Archive(folder).uploads()
    assert f"delete index/*-{path.name[:16]}.json and pull again" in str(caught.value)


def test_a_missing_page_is_named_wherever_the_archive_is(folder):
    url = f"memory://{folder}"
    filled(url, [FIVE[0]])
    missing = f"{folder}/pages/{sha256_hex(page_of([FIVE[0]]))}.json.zst"
    fsspec.filesystem("memory").rm(missing)
    with pytest.raises(DecodeError, match=f"{missing}.*it is missing"):
        Archive(url).uploads()


def test_the_cure_of_a_damaged_page_works(server, argyle, folder):
    Archive(folder).pull(argyle)
    page = files(folder, "pages")[0]
    page.write_bytes(b"")
    for entry in (folder / "index").glob(f"*-{page.name[:16]}.json"):
        entry.unlink()
    Archive(folder).pull(argyle)
    assert len(Archive(folder).uploads()) == 5


def test_a_damaged_entry_is_named(folder):
    filled(folder, FIVE)
    [entry] = files(folder, "index")
    entry.write_bytes(entry.read_bytes()[:-9])
    with pytest.raises(DecodeError, match=str(entry)):
        Archive(folder).uploads()
