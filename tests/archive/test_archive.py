"""A pull gives frames, and an archive gives them again."""

import pandas as pd
import pytest

from argyle_nb.archive import Archive
from argyle_nb.errors import ConfigurationError, DecodeError, NotFoundError
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from tests.support.archives import FIVE, filled, moving
from tests.support.records import record, scored
from tests.support.servers import USER_ID


def test_a_pull_gives_the_frames_of_all_uploads(client, user, pdf, folder):
    client.upload(pdf, document_type="paystubs", user=user.id)
    client.wait(client.list_uploads(user=user.id))

    frames = Archive(folder).pull(client, user=user.id)

    listed = list(client.list_uploads(user=user.id))
    pd.testing.assert_frame_equal(frames.uploads, uploads_frame(listed))
    pd.testing.assert_frame_equal(frames.signals, signals_frame(listed))
    pd.testing.assert_frame_equal(Archive(folder).uploads(), uploads_frame(listed))


def test_only_what_the_filters_let_through_is_pulled(client, user, pdf, folder):
    for owner in (user, client.create_user()):
        client.upload(pdf, document_type="paystubs", user=owner.id)
    archive = Archive(folder)
    assert archive.pull(client, user=user.id).uploads["user"].tolist() == [user.id]
    assert archive.uploads()["user"].tolist() == [user.id]


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


def test_two_archives_of_one_folder_see_the_same(argyle, folder):
    one, other = Archive(folder), Archive(f"file://{folder}")
    one.pull(argyle)
    pd.testing.assert_frame_equal(one.uploads(), other.uploads())


def test_a_refresh_fills_in_users_that_pulls_for_one_user_have_told(server, argyle, folder):
    server.records = [moving(1, account="a-1"), moving(2, account="a-2")]
    server.users = [{"id": USER_ID, "external_id": "loan-1"}]
    archive = Archive(folder)
    archive.pull(argyle, user=USER_ID)
    server.records[0] = record(1, account="a-1")
    refreshed = archive.refresh(argyle).uploads
    assert refreshed["user"].tolist() == [USER_ID] * 2
    assert refreshed["external_id"].tolist() == ["loan-1"] * 2
    pd.testing.assert_frame_equal(refreshed, archive.uploads())


def test_a_new_archive_is_empty_and_writes_nothing(folder):
    archive = Archive(folder)
    pd.testing.assert_frame_equal(archive.uploads(), uploads_frame([]))
    pd.testing.assert_frame_equal(archive.signals(), signals_frame([]))
    assert not folder.exists()


def test_an_unknown_engine_is_refused(folder):
    with pytest.raises(ConfigurationError, match="'pandas' or 'dask'"):
        Archive(folder).scan("spark")


@pytest.mark.parametrize("question", ["raw", "history"])
def test_an_upload_never_seen_is_not_found(folder, question):
    with pytest.raises(NotFoundError, match="has never seen upload"):
        getattr(filled(folder, [scored(1, 10)]), question)(record(77)["id"])
