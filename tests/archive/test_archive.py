"""A pull gives frames, and an archive gives them again."""

import pandas as pd
import pytest

from argyle_nb.archive import Archive
from argyle_nb.errors import AuthenticationError, ConfigurationError, DecodeError, NotFoundError
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from tests.support.archives import FIVE, files, filled, moving, zstd
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


def test_a_borrower_may_be_named_by_external_id(client, pdf, folder):
    shared = [client.create_user(external_id="pulled by name") for _ in range(2)]
    for owner in (*shared, client.create_user(external_id="another")):
        client.upload(pdf, document_type="paystubs", user=owner.id)
    pulled = Archive(folder).pull(client, user="pulled by name").uploads
    assert set(pulled["user"]) == {owner.id for owner in shared}
    assert set(pulled["external_id"]) == {"pulled by name"}
    pd.testing.assert_frame_equal(Archive(folder).uploads(), pulled)


@pytest.mark.parametrize("nobody", ["nobody-8", "0b8051aa-f7a9-a0db-2f38-6cfa325e9d69"])
def test_a_borrower_whom_nobody_knows_is_an_error_that_names_him(client, folder, nobody):
    with pytest.raises(NotFoundError, match=f"No user has the external ID '{nobody}'"):
        Archive(folder).pull(client, user=nobody)
    assert not folder.exists()


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
    with pytest.warns(UserWarning, match=r"left out: 1 .*000000000001.*900 is outside"):
        pulled = archive.pull(argyle).uploads
    readable = archive.uploads(errors="collect")
    for uploads in (pulled, readable):
        assert len(uploads) == 4
        assert [told["record"] for told in uploads.attrs["unreadable"]] == [FIVE[0]["id"]]


def test_on_request_it_is_raised_after_the_others_are_kept(server, argyle, folder):
    server.records[0] = scored(1, 900)
    archive = Archive(folder)
    with pytest.raises(DecodeError, match=r"000000000001.*900 is outside"):
        archive.pull(argyle, errors="raise")
    assert len(archive.uploads(errors="collect")) == 4


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


def test_a_refresh_tells_the_type_that_a_document_was_sent_as(server, argyle, folder):
    server.records = [moving(1)]
    archive = Archive(folder)
    archive.pull(argyle)
    sent = pd.DataFrame({"upload_id": [record(1)["id"]], "document_type": ["1099"]})
    refreshed = archive.refresh(argyle, sent=sent).uploads
    assert refreshed["requested_document_type"].tolist() == ["1099"]


# Whose they are

OTHER_USER = USER_ID.replace("018051aa", "018051ab")


def with_borrowers(server):
    """Two borrowers, with three uploads and two."""
    server.records = [scored(n, 10 * n, account="a-1" if n < 4 else "a-2") for n in range(1, 6)]
    server.accounts = [{"id": "a-1", "user": USER_ID}, {"id": "a-2", "user": OTHER_USER}]
    server.users = [
        {"id": USER_ID, "external_id": "loan-1", "email": "ada@sample.example"},
        {"id": OTHER_USER, "external_id": "loan-2"},
    ]
    return ["loan-1"] * 3 + ["loan-2"] * 2


def test_a_pull_tells_whose_each_upload_is(server, argyle, folder):
    external_ids = with_borrowers(server)
    uploads = Archive(folder).pull(argyle).uploads
    assert uploads["user"].tolist() == [USER_ID] * 3 + [OTHER_USER] * 2
    assert uploads["external_id"].tolist() == external_ids
    assert server.asked == ["/v2/accounts", "/v2/users"]


def test_an_archive_knows_whose_its_uploads_are_without_a_network(server, argyle, folder):
    external_ids = with_borrowers(server)
    pulled = Archive(folder).pull(argyle)
    server.seen.clear()
    archive = Archive(folder)
    pd.testing.assert_frame_equal(archive.uploads(), pulled.uploads)
    pd.testing.assert_frame_equal(archive.scan().uploads, pulled.uploads)
    assert archive.scan("dask").uploads["external_id"].compute().tolist() == external_ids
    assert archive.history(record(5)["id"])["external_id"].tolist() == ["loan-2"]
    assert archive.refresh(argyle).uploads.empty
    assert server.seen == []


def test_a_refresh_knows_the_borrowers_of_earlier_pulls(server, argyle, folder):
    with_borrowers(server)
    server.records[4] = moving(5, account="a-2")
    archive = Archive(folder)
    archive.pull(argyle)
    [row] = archive.refresh(argyle).uploads.to_dict("records")
    assert (row["user"], row["external_id"]) == (OTHER_USER, "loan-2")


def test_of_a_user_only_the_ids_are_kept(server, argyle, folder):
    with_borrowers(server)
    Archive(folder).pull(argyle)
    [kept] = files(folder, "borrowers")
    text = zstd.decompress(kept.read_bytes())
    assert b"loan-1" in text
    assert b"ada@sample.example" not in text


def test_a_pull_writes_down_only_what_is_new_of_borrowers(server, argyle, folder):
    with_borrowers(server)
    archive = Archive(folder)
    for _ in range(2):
        archive.pull(argyle)
    assert len(files(folder, "borrowers")) == 1
    server.users[1]["external_id"] = "loan-22"
    archive.pull(argyle)
    [_, news] = files(folder, "borrowers")
    assert b"loan-1" not in zstd.decompress(news.read_bytes())
    assert archive.uploads()["external_id"].tolist() == ["loan-1"] * 3 + ["loan-22"] * 2


def test_a_borrower_that_argyle_no_longer_has_stays_known(server, argyle, folder):
    external_ids = with_borrowers(server)
    archive = Archive(folder)
    archive.pull(argyle)
    server.users, server.accounts = [], []
    assert archive.pull(argyle).uploads["external_id"].tolist() == external_ids


def test_of_one_user_that_alone_is_asked_for(server, argyle, folder):
    with_borrowers(server)
    uploads = Archive(folder).pull(argyle, user=USER_ID).uploads
    assert set(uploads["user"]) == {USER_ID}
    assert set(uploads["external_id"]) == {"loan-1"}
    assert server.asked == [f"/v2/users/{USER_ID}"]


def test_of_one_account_its_user_is_asked_for(server, argyle, folder):
    account = record()["account"]
    with_borrowers(server)
    server.accounts = [{"id": account, "user": OTHER_USER}]
    server.records = [scored(1, 10)]
    [row] = Archive(folder).pull(argyle, account=account).uploads.to_dict("records")
    assert (row["user"], row["external_id"]) == (OTHER_USER, "loan-2")
    assert server.asked == [f"/v2/accounts/{account}", f"/v2/users/{OTHER_USER}"]


@pytest.mark.parametrize("refused", ["/v2/users", "/v2/accounts"])
def test_uploads_come_though_their_borrowers_are_refused(server, argyle, folder, refused):
    with_borrowers(server)
    server.refused = (refused,)
    with pytest.warns(UserWarning, match=f"5 of 5 uploads have no external_id.*{refused}.*403"):
        uploads = Archive(folder).pull(argyle).uploads
    assert len(uploads) == 5
    assert uploads["user"].notna().all() == (refused == "/v2/users")


def test_what_is_refused_twice_is_one_warning(server, argyle, folder):
    with_borrowers(server)
    server.refused = ("/v2/users", "/v2/accounts")
    with pytest.warns(UserWarning, match="could not be read") as told:
        Archive(folder).pull(argyle)
    assert len(told) == 1


def test_where_uploads_are_refused_nothing_else_is_asked(server, argyle, folder):
    server.refused = ("/v2/",)
    with pytest.raises(AuthenticationError):
        Archive(folder).pull(argyle)
    assert server.asked == []


def test_damaged_borrowers_are_named_with_the_cure(server, argyle, folder):
    external_ids = with_borrowers(server)
    Archive(folder).pull(argyle)
    [kept] = files(folder, "borrowers")
    kept.write_bytes(b"")
    with pytest.raises(DecodeError, match=f"{kept}.*delete borrowers/{kept.name} and pull"):
        Archive(folder).uploads()
    kept.unlink()
    assert Archive(folder).pull(argyle).uploads["external_id"].tolist() == external_ids


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
    with pytest.raises(NotFoundError, match="is not in Archive"):
        getattr(filled(folder, [scored(1, 10)]), question)(record(77)["id"])


def test_a_folder_of_something_else_is_refused_before_anything_is_listed(server, argyle, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "uploads.csv").write_text("id\n")
    with pytest.raises(ConfigurationError, match=r"not part of an archive \(uploads.csv\)"):
        Archive(tmp_path / "report").pull(argyle)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["uploads.csv"]
