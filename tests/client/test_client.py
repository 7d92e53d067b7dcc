"""The client against the local sandbox: users, uploads, waiting and downloads."""

from __future__ import annotations

import pytest

from argyle_nb.client.client import Client
from argyle_nb.config import Secret, Settings
from argyle_nb.errors import AuthenticationError, NotFoundError, ValidationError
from argyle_nb.models import DOCUMENT_TYPES
from tests.support.samples import SAMPLES, samples
from tests.support.servers import (
    PDF,
    SECRET,
    UPLOAD_ID,
    USER_ID,
    Answer,
    HostileServer,
    client_of,
    page,
    refused,
    upload_answer,
)
from tests.support.small_documents import WHOLE


def stub(folder, name="stub.pdf", content=PDF):
    path = folder / name
    path.write_bytes(content)
    return path


# Users


def test_a_new_user_has_an_id_and_the_external_id_that_was_given(client):
    user = client.create_user(external_id="loan-of-one-test", first_name="Ada")
    assert user.external_id == "loan-of-one-test"
    assert [found.id for found in client.list_users(external_id="loan-of-one-test")] == [user.id]


def test_users_are_found_by_their_exact_external_id(client):
    client.create_user(external_id="loan-1")
    assert list(client.list_users(external_id="loan-")) == []


def test_an_odd_external_id_is_found_again(client):
    odd = "Łoan & 100% = \u202e'\"?#/"
    assert [found.external_id for found in client.list_users(external_id=odd)] == []
    client.create_user(external_id=odd)
    assert [found.external_id for found in client.list_users(external_id=odd)] == [odd]


def test_a_refused_field_is_named(client):
    with refused(ValidationError, "valid email") as caught:
        client.create_user(email="nobody")
    assert caught.value.fields == {"email": ["Enter a valid email address."]}


def test_a_missing_value_of_a_table_is_sent_as_nothing(client):
    assert client.create_user(external_id=float("nan")).id


# Uploading


@pytest.mark.parametrize("extension", WHOLE)
def test_every_format_is_taken(client, user, tmp_path, extension):
    upload = client.upload(
        stub(tmp_path, f"scan{extension}", WHOLE[extension]), document_type="W-2", user=user.id
    )
    assert client.get_upload(upload.id).file_name == f"scan{extension}"


@pytest.mark.parametrize("document_type", DOCUMENT_TYPES)
def test_every_document_type_is_taken(client, user, pdf, document_type):
    upload = client.upload(pdf, document_type=document_type, user=user.id)
    assert (upload.user, upload.requested_document_type) == (user.id, document_type)


def test_progress_rises_to_the_whole(client, user, pdf):
    steps = []
    client.upload(
        pdf, document_type="paystubs", user=user.id, progress=lambda *step: steps.append(step)
    )
    sent = [sent for sent, _ in steps]
    assert sent == sorted(sent)
    assert steps[-1][0] == steps[-1][1] > pdf.stat().st_size
    assert len({total for _, total in steps}) == 1


@pytest.mark.parametrize("name", ["Gehaltsabrechnung März.pdf", "給与明細.pdf", "a b&c=d;e'f.pdf"])
def test_a_file_name_arrives_as_it_is(client, user, tmp_path, name):
    upload = client.upload(stub(tmp_path, name), document_type="paystubs", user=user.id)
    assert client.get_upload(upload.id).file_name == name


def test_a_file_name_cannot_break_out_of_the_form(client, user, tmp_path):
    path = stub(tmp_path, 'x"\r\nContent-Type: evil\r\n\r\n.pdf')
    upload = client.upload(path, document_type="paystubs", user=user.id)
    assert client.get_upload(upload.id).document_type
    assert client.download(upload, tmp_path / "back").read_bytes() == PDF


@pytest.mark.parametrize("document_type", ["paystubz", "w-9", "", "diploma\r\n"])
def test_an_unknown_document_type_is_refused_before_anything_is_sent(pdf, document_type):
    with (
        HostileServer(upload_answer()) as server,
        client_of(server) as client,
        refused(ValidationError, "paystubs, W-2, 1099") as caught,
    ):
        client.upload(pdf, document_type=document_type, user=USER_ID)
    assert server.seen == []
    assert list(caught.value.fields) == ["document_type"]


@pytest.mark.parametrize("user_id", ["", "loan-77", 1003, f"{USER_ID}\n", f"{USER_ID}/../x"])
def test_a_user_that_is_no_id_is_refused_before_anything_is_sent(pdf, user_id):
    with (
        HostileServer(upload_answer()) as server,
        client_of(server) as client,
        refused(ValidationError, "list_users"),
    ):
        client.upload(pdf, document_type="paystubs", user=user_id)
    assert server.seen == []


def test_a_user_whom_nobody_knows_is_refused_by_the_service(client, pdf):
    with refused(ValidationError, "does not exist") as caught:
        client.upload(pdf, document_type="paystubs", user=USER_ID)
    assert list(caught.value.fields) == ["user"]


# Listing


@pytest.fixture(scope="module")
def crowd(sandbox, tmp_path_factory):
    """A user with more uploads than one page holds."""
    settings = Settings(
        sandbox.url, "local", sandbox.api_key_id, Secret(sandbox.api_key_secret), "the test"
    )
    path = stub(tmp_path_factory.mktemp("crowd"))
    with Client.from_settings(settings) as client:
        user = client.create_user()
        types = ("miscellaneous", "proof-of-address")
        sent = [client.upload(path, document_type=types[n % 2], user=user.id) for n in range(205)]
        yield client, user, sent


def test_every_upload_is_listed_once_newest_first_over_all_pages(crowd):
    client, user, sent = crowd
    listed = [upload.id for upload in client.list_uploads(user=user.id)]
    assert listed == [upload.id for upload in reversed(sent)]


def test_uploads_listed_for_a_user_carry_that_user(crowd):
    client, user, _ = crowd
    assert {upload.user for upload in client.list_uploads(user=user.id)} == {user.id}


def test_uploads_are_filtered_by_account_and_type(crowd):
    client, _, sent = crowd
    listed = list(client.list_uploads(account=sent[0].account, document_type="Utility bill"))
    assert len(listed) == 102
    assert {upload.document_type for upload in listed} == {"proof-of-address"}


def test_an_account_tells_the_user_of_an_upload(crowd):
    client, user, sent = crowd
    accounts = {account.id: account.user for account in client.list_accounts(user=user.id)}
    assert accounts[sent[0].account] == user.id


def test_a_user_without_uploads_has_an_empty_list(client, user):
    assert list(client.list_uploads(user=user.id)) == []


@pytest.mark.parametrize(
    "filters", [{"user": "loan-77"}, {"account": "x"}, {"document_type": "paystbu"}]
)
def test_an_impossible_filter_is_refused_before_anything_is_sent(filters):
    with HostileServer(Answer()) as server, client_of(server) as client, refused(ValidationError):
        client.list_uploads(**filters)
    assert server.seen == []


def test_pages_hold_200_records_and_are_fetched_as_needed(crowd):
    client, user, _ = crowd
    first = next(client.list_uploads(user=user.id))
    with HostileServer(page()) as server, client_of(server) as other:
        list(other.list_uploads())
    assert server.seen[0].path == "/v2/user-uploads?limit=200"
    assert first.user == user.id


# One upload


def test_an_upload_is_got_by_its_id(client, user, pdf):
    upload = client.upload(pdf, document_type="paystubs", user=user.id)
    assert client.get_upload(upload.id).file_name == pdf.name


def test_an_upload_that_nobody_has_is_not_found(client):
    with refused(NotFoundError, "404: not found in environment local"):
        client.get_upload(UPLOAD_ID)


@pytest.mark.parametrize("upload_id", ["", "..", "x", 7, f"{UPLOAD_ID}/file"])
def test_an_impossible_id_is_refused_before_anything_is_sent(upload_id):
    with HostileServer(Answer()) as server, client_of(server) as client, refused(ValidationError):
        client.get_upload(upload_id)
    assert server.seen == []


@pytest.mark.parametrize(
    "name",
    [
        path.name
        for path in samples("*")
        if path.stat().st_size and path.name != "notes_renamed.pdf"
    ][::4],
)
def test_a_document_comes_back_byte_for_byte(client, user, tmp_path, name):
    upload = client.upload(SAMPLES[name], document_type="miscellaneous", user=user.id)
    assert client.download(upload, tmp_path).read_bytes() == SAMPLES[name].read_bytes()


def test_a_wrong_key_names_the_environment_and_nothing_of_the_key(sandbox):
    settings = Settings(sandbox.url, "local", "sbx_local_wrong", Secret(SECRET), "the test")
    with (
        Client.from_settings(settings) as client,
        refused(AuthenticationError, "Environment: local") as caught,
    ):
        client.create_user()
    assert "sbx_local_wrong" not in str(caught.value)
    assert caught.value.status == 401
