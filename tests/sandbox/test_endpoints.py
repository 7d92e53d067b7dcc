"""Users, accounts, uploads and webhooks of the local server, seen by a plain client."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.sandbox import Sandbox
from argyle_nb.sandbox.forms import media_type
from tests.support.sandbox_api import (
    ADDED,
    NOBODY,
    PDF,
    REMOVED,
    SECRET,
    api_of,
    authorization,
    fields,
    serve,
)
from tests.support.servers import until

# What Argyle's reference prints; only host, key and user are put in.


# The lines of the reference; only host, key and user are put in.
UPLOAD = """
curl --request POST \
  --url {url}/v2/user-uploads \
  --header 'Authorization: Basic {key}' \
  --header 'Content-Type: multipart/form-data' \
  --form user={user} \
  --form document_type=paystubs \
  --form upload='@example-file'
"""


PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


HEIC = b"\0\0\0\x18ftypheic" + bytes(20)


# Users and accounts


# Users and accounts
def test_a_user_may_be_created_from_nothing(api):
    for options in ({"json": {}}, {}):
        answer = api("POST", "/v2/users", **options)
        assert (answer.status_code, set(answer.json())) == (200, {"user_token", "id"})


def test_a_user_comes_back_with_all_published_fields(api):
    profile = {
        "first_name": "Ida",
        "last_name": "Invented",
        "email": "ida@example.com",
        "phone_number": "+12125550100",
        "ssn": "900-12-3456",
        "address": {"city": "Nowhere", "state": "KS"},
        "birth_date": {"year": 1990, "month": 2, "day": 3},
        "external_metadata": {"notes": ["\ud800", 1.5, None]},
        "external_id": "loan-1",
        "not_a_field": "passed over",
    }
    got = api("GET", f"/v2/users/{api.user(**profile)}").json()
    del profile["not_a_field"]
    profile["address"] |= dict.fromkeys(["line1", "line2", "country", "postal_code"])
    assert got.items() >= profile.items()
    assert set(got) - set(profile) == {"id", "created_at", "items_connected", "employers_connected"}


def test_users_are_listed_newest_first_and_found_by_external_id(api):
    twins = [api.user(external_id="twin ☃") for _ in range(2)]
    page = api("GET", "/v2/users", params={"external_id": "twin ☃", "limit": 1}).json()
    assert [user["id"] for user in page["results"]] == twins[1:]
    assert [user["id"] for user in api("GET", page["next"]).json()["results"]] == twins[:1]


def test_a_patch_changes_what_it_names_and_no_more(api):
    user = api.user(first_name="Ida", email="ida@example.com", address={"city": "Nowhere"})
    changes = {"email": None, "address": {"state": "KS"}, "external_id": "x"}
    answer = api("PATCH", f"/v2/users/{user}", json=changes)
    assert answer.status_code == 200
    got = answer.json()
    assert (got["first_name"], got["email"], got["external_id"]) == ("Ida", None, "x")
    assert (got["address"]["city"], got["address"]["state"]) == ("Nowhere", "KS")
    assert got == api("GET", f"/v2/users/{user}").json()


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"email": "nobody"}, {"email": ["Enter a valid email address."]}),
        ({"email": 7}, {"email": ["Enter a valid email address."]}),
        ({"phone_number": "call me"}, {"phone_number": ["Enter a valid phone number."]}),
        (
            {"external_id": "x" * 101},
            {"external_id": ["Ensure this field has no more than 100 characters."]},
        ),
        ({"first_name": ["Ida"]}, {"first_name": ["Not a valid string."]}),
        ({"address": "here"}, {"address": ["Invalid data. Expected a dictionary."]}),
        ({"address": {"city": 1}}, {"address": ["Not a valid string."]}),
        (
            {"birth_date": {"month": 13}},
            {"birth_date": ["month: an integer from 1 to 12 is required."]},
        ),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary."]}),
    ],
)
def test_wrong_fields_of_a_user_are_named(api, profile, message):
    assert fields(api("POST", "/v2/users", json=profile)) == message
    assert fields(api("PATCH", f"/v2/users/{api.user()}", json=profile)) == message


def test_an_account_counts_the_uploads_of_its_user(api):
    user = api.user()
    uploads = [api.upload(user).json() for _ in range(2)]
    (account,) = api("GET", f"/v2/accounts?user={user}").json()["results"]
    assert account == api("GET", f"/v2/accounts/{uploads[0]['account']}").json()
    assert account["user"] == user
    assert account["source"] == "doc_upload_item"
    assert account["scanned_at"] is None
    assert account["availability"].pop("user_uploads") == {
        "status": "synced",
        "updated_at": uploads[1]["created_at"],
        "files_count": 2,
        "in_progress_count": 0,
    }
    assert set(account["availability"].values()) == {None}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("ongoing_refresh_status=idle", 1),
        ("ongoing_refresh_status=enabled", 0),
        ("item=item_000012271", 1),
        ("item=item_1", 0),
    ],
)
def test_accounts_are_filtered(api, query, count):
    user = api.user()
    api.upload(user)
    page = api("GET", f"/v2/accounts?user={user}&{query}").json()
    assert len(page["results"]) == count


@pytest.mark.parametrize("resource", ["users", "accounts"])
def test_deleting_cascades_and_answers_204_once(api, resource):
    user = api.user()
    upload = api.upload(user).json()
    path = f"/v2/{resource}/{user if resource == 'users' else upload['account']}"
    answer = api("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert api("DELETE", path).status_code == 404
    assert api("GET", f"/v2/user-uploads/{upload['id']}").status_code == 404
    assert api("GET", f"/v2/accounts/{upload['account']}").status_code == 404
    assert api("GET", upload["file_url"]).status_code == 404


# Uploads


# Sending
def test_an_upload_is_answered_with_exactly_the_published_fields(api, user):
    answer = api.upload(user)
    upload = answer.json()
    assert answer.status_code == 200
    assert list(upload) == [
        "id", "account", "document_type", "file_url", "file_name", "metadata", "processing",
        "created_at", "updated_at",
    ]  # fmt: skip
    assert upload["metadata"] == {
        "employment": None,
        "ocr_data": None,
        "ocr_authenticity": None,
        "ocr_authenticity_score": None,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", upload["created_at"])
    assert upload["file_name"] == "stub.pdf"


@pytest.mark.parametrize(
    ("ocr", "statuses"),
    [
        ("off", ["unauthorized"] * 3),
        ("classification", ["idle", "unauthorized", "unauthorized"]),
        ("full", ["idle"] * 3),
    ],
)
def test_the_first_statuses_are_those_of_the_profile(tmp_path, ocr, statuses):
    with serve(tmp_path, ocr=ocr) as sandbox, api_of(sandbox) as api:
        assert list(api.upload(api.user()).json()["processing"].values()) == statuses


@pytest.mark.parametrize("content", [PDF, b"junk before " + PDF, PNG, JPEG, HEIC])
@pytest.mark.parametrize("document_type", ["1099", "W-2", "miscellaneous"])
def test_the_four_formats_are_taken_whatever_their_name(api, user, content, document_type):
    upload = api.upload(user, document_type, ("scan.bin", content)).json()
    assert upload["document_type"] == document_type


@pytest.mark.parametrize(
    "content", [b"MZ\x90", b"PK\x03\x04", b"<html>", b" ", b"\0\0\0\x18ftypisom"]
)
def test_other_formats_are_refused(api, user, content):
    answer = api.upload(user, file=("stub.pdf", content))
    assert fields(answer) == {"upload": ["The file is not a PDF, JPEG, PNG or HEIC document."]}


def test_an_empty_file_is_refused(api, user):
    assert fields(api.upload(user, file=("a.pdf", b""))) == {
        "upload": ["The submitted file is empty."]
    }


def test_all_missing_parts_are_named_at_once(api):
    answer = api("POST", "/v2/user-uploads", files={"other": ("a.pdf", PDF)})
    assert fields(answer) == {
        "user": ["This field is required."],
        "document_type": ["This field is required."],
        "upload": ["No file was submitted."],
    }


@pytest.mark.parametrize(
    ("user_id", "message"),
    [
        (NOBODY, f'Invalid pk "{NOBODY}" - object does not exist.'),
        ("someone", "Must be a valid UUID."),
        ("../../etc/passwd", "Must be a valid UUID."),
    ],
)
def test_an_upload_for_nobody_is_refused(api, user_id, message):
    assert fields(api.upload(user_id)) == {"user": [message]}


def test_an_unknown_document_type_is_refused(api, user):
    answer = api.upload(user, "bank-statement")
    assert fields(answer) == {"document_type": ['"bank-statement" is not a valid choice.']}


def test_two_documents_in_one_request_are_refused_and_leave_nothing(api, user, sandbox):
    before = sorted((sandbox.folder / "documents").iterdir())
    parts = [("upload", ("a.pdf", PDF)), ("upload", ("b.pdf", PDF))]
    data = {"user": user, "document_type": "W-2"}
    answer = api("POST", "/v2/user-uploads", data=data, files=parts)
    assert fields(answer) == {"upload": ["Only one document per request."]}
    assert sorted((sandbox.folder / "documents").iterdir()) == before


def test_a_document_sent_as_text_is_refused(api, user):
    parts = {"user": (None, user), "document_type": (None, "W-2"), "upload": (None, "%PDF-1.7")}
    message = fields(api("POST", "/v2/user-uploads", files=parts))["upload"][0]
    assert message.startswith("The submitted data was not a file.")


def test_the_document_may_come_before_the_fields(api, user):
    parts = [("upload", ("a.pdf", PDF)), ("user", (None, user)), ("document_type", (None, "W-2"))]
    assert api("POST", "/v2/user-uploads", files=parts).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/pdf"])
def test_a_post_that_is_no_form_is_415(api, content_type):
    answer = api("POST", "/v2/user-uploads", data=b"{}", headers={"Content-Type": content_type})
    assert fields(answer, 415) == {"detail": f'Unsupported media type "{content_type}" in request.'}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_printed_curl_command_uploads_a_document(api, user, pdf, tmp_path):
    shutil.copy(pdf, tmp_path / "example-file")
    key = authorization(api.sandbox).removeprefix("Basic ")
    command = shlex.split(UPLOAD.format(url=api.sandbox.url, key=key, user=user))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    upload = json.loads(done.stdout)
    assert (upload["document_type"], upload["file_name"]) == ("paystubs", "example-file")
    assert api("GET", upload["file_url"]).content == pdf.read_bytes()


@pytest.mark.parametrize(("null_style", "nothing"), [("null", None), ("empty", {})])
def test_metadata_that_are_not_there_are_null_or_empty_as_both_examples_print(
    tmp_path, pdf, null_style, nothing
):
    with (
        Sandbox(tmp_path, null_style=null_style, stage_seconds=0) as sandbox,
        api_of(sandbox) as api,
    ):
        new = api.upload(api.user(), file=("stub.pdf", pdf.read_bytes())).json()
        assert new["metadata"] == {
            "employment": nothing,
            "ocr_data": nothing,
            "ocr_authenticity": nothing,
            "ocr_authenticity_score": None,
        }
        path = f"/v2/user-uploads/{new['id']}"
        until(lambda: api("GET", path).json()["processing"]["authenticity"] == "completed")
        metadata = api("GET", path).json()["metadata"]
    assert metadata.pop("employment") == nothing
    assert all(metadata.values())


# Lists


# Lists of uploads
def test_uploads_are_found_one_by_one_and_filtered(api):
    user = api.user()
    stub, form = api.upload(user).json(), api.upload(user, "1099").json()
    assert api("GET", f"/v2/user-uploads/{stub['id']}").json() == stub
    for query, expected in [
        (f"user={user}", [form, stub]),
        (f"account={stub['account'].upper()}", [form, stub]),
        (f"user={user}&document_type=1099", [form]),
        (f"user={NOBODY}", []),
        (f"user={user}&document_type=W-2", []),
    ]:
        page = api("GET", f"/v2/user-uploads?{query}").json()
        assert page == {"next": None, "previous": None, "results": expected}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("user=me", {"user": ["Must be a valid UUID."]}),
        ("account=1 OR 1=1", {"account": ["Must be a valid UUID."]}),
        ("document_type=tax", {"document_type": ['"tax" is not a valid choice.']}),
        ("limit=ten", {"limit": ["A valid integer is required."]}),
        ("limit=1_0", {"limit": ["A valid integer is required."]}),
        ("limit=0", {"limit": ["Ensure this value is greater than or equal to 1."]}),
        ("limit=-3", {"limit": ["Ensure this value is greater than or equal to 1."]}),
        ("limit=" + "9" * 2000, {"limit": ["A valid integer is required."]}),
    ],
)
def test_wrong_parameters_of_a_list_are_named(api, query, message):
    assert fields(api("GET", f"/v2/user-uploads?{query}")) == message


@pytest.fixture(scope="module")
def crowd(api):
    """A user with 23 uploads, newest first."""
    user = api.user()
    return user, [api.upload(user).json()["id"] for _ in range(23)][::-1]


def pages(api, url, link):
    while url:
        page = api("GET", url).json()
        yield [upload["id"] for upload in page["results"]]
        url = page[link]


def test_a_page_has_10_uploads_unless_asked_otherwise_and_never_more_than_200(api, crowd):
    user, uploads = crowd
    sizes = {
        len(api("GET", f"/v2/user-uploads?user={user}{limit}").json()["results"])
        for limit in ("", "&limit=10", "&limit=")
    }
    assert sizes == {10}
    answer = api("GET", f"/v2/user-uploads?user={user}&limit=100000")
    assert [upload["id"] for upload in answer.json()["results"]] == uploads


def test_next_and_previous_keep_filter_and_limit(api, crowd):
    user, uploads = crowd
    seen = list(pages(api, f"/v2/user-uploads?user={user}&limit=6", "next"))
    assert seen == [uploads[:6], uploads[6:12], uploads[12:18], uploads[18:]]
    url = api("GET", f"/v2/user-uploads?user={user}&limit=18").json()["next"]
    last = api("GET", url).json()
    assert last["next"] is None
    assert list(pages(api, last["previous"], "previous")) == [uploads[:18]]


def test_links_are_whole_urls_of_the_address_the_client_used(api, sandbox, crowd):
    local = sandbox.url.replace("127.0.0.1", "localhost")
    for base in (sandbox.url, local):
        page = api("GET", f"{base}/v2/user-uploads?limit=1").json()
        assert page["next"].startswith(f"{base}/v2/user-uploads?cursor=")
        assert page["results"][0]["file_url"].startswith(f"{base}/v2/user-uploads/")


def test_a_cursor_may_be_the_whole_url_and_stand_beside_other_parameters(api, crowd):
    user, uploads = crowd
    url = api("GET", f"/v2/user-uploads?user={user}&limit=5").json()["next"]
    cursor = parse_qs(urlsplit(url).query)["cursor"][0]
    for given_cursor in (url, cursor):
        page = api("GET", "/v2/user-uploads", params={"cursor": given_cursor, "limit": 2}).json()
        assert [upload["id"] for upload in page["results"]] == uploads[5:7]


@pytest.mark.parametrize(
    "cursor", ["x", "////", "http://evil.example/?cursor=abc", "../../x", "\x00", "é", "W10", "e30"]
)
def test_a_cursor_not_made_here_is_404(api, cursor):
    answer = api("GET", "/v2/user-uploads", params={"cursor": cursor})
    assert fields(answer, 404) == {"detail": "Invalid cursor"}


def test_a_cursor_of_another_list_is_404(api, crowd):
    url = api("GET", "/v2/user-uploads?limit=1").json()["next"]
    cursor = parse_qs(urlsplit(url).query)["cursor"][0]
    assert api("GET", "/v2/users", params={"cursor": cursor}).status_code == 404


# Documents


@pytest.mark.parametrize("content", [PDF, PNG, JPEG + bytes(300_000)])
def test_file_url_redirects_to_the_document_byte_for_byte(api, user, content):
    upload = api.upload(user, file=("a.bin", content)).json()
    answer = api("GET", upload["file_url"])
    assert [step.status_code for step in answer.history] == [302]
    assert answer.url != upload["file_url"]
    assert answer.content == content
    assert answer.headers["Content-Type"] == media_type(content)


def test_both_steps_of_a_download_ask_for_the_key(api, user):
    first = api.upload(user).json()["file_url"]
    second = api("GET", first, allow_redirects=False).headers["Location"]
    for url in (first, second):
        assert requests.get(url, timeout=60).status_code == 401


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
@settings(max_examples=30)
def test_a_download_is_an_attachment_under_its_own_name(api, user, name):
    upload = api.upload(user, file=(name, PDF)).json()
    disposition = api("GET", upload["file_url"]).headers["Content-Disposition"]
    plain, extended = re.fullmatch(
        r"attachment; filename=\"([^\"\\]+)\"; filename\*=UTF-8''([\w.%~-]+)", disposition
    ).groups()
    assert plain.isascii()
    assert unquote(extended) == upload["file_name"]


def test_a_document_that_vanished_from_the_folder_is_404(api, sandbox):
    user = api.user()
    before = set((sandbox.folder / "documents").iterdir())
    upload = api.upload(user).json()
    (document,) = set((sandbox.folder / "documents").iterdir()) - before
    document.unlink()
    assert api("GET", upload["file_url"]).status_code == 404


@pytest.mark.parametrize("parts", ["bytes=0-3", "bytes=9-2", "bytes=999999-", "lines=1", "x"])
def test_a_document_is_always_sent_whole(api, user, parts):
    upload = api.upload(user).json()
    answer = api("GET", upload["file_url"], headers={"Range": parts})
    assert (answer.status_code, answer.content) == (200, PDF)


# Webhooks


def test_a_webhook_is_answered_with_the_published_fields_and_without_its_secret(api):
    config = {"include_resource": True}
    url = "http://127.0.0.1:9/hook"
    webhook = api.subscribe(url, [ADDED, REMOVED, ADDED], secret=SECRET, config=config)
    assert webhook == {
        "id": webhook["id"],
        "created_at": webhook["created_at"],
        "updated_at": webhook["created_at"],
        "events": [ADDED, REMOVED],
        "name": "mine",
        "secret": None,
        "url": url,
        "config": config,
    }
    assert api("GET", f"/v2/webhooks/{webhook['id']}").json() == webhook


@pytest.mark.parametrize("every", ["*", ["*"]])
def test_all_events_may_be_asked_for_at_once(api, every):
    webhook = api.subscribe("http://localhost:9", every)
    assert (webhook["events"], webhook["config"]) == (["*"], None)


def test_webhooks_are_listed_newest_first_in_pages(api):
    ids = [api.subscribe("http://127.0.0.1:9")["id"] for _ in range(3)]
    first = api("GET", "/v2/webhooks?limit=2").json()
    second = api("GET", first["next"]).json()
    listed = [webhook["id"] for webhook in first["results"] + second["results"]]
    assert listed[:3] == ids[::-1]


def test_a_deleted_webhook_is_gone(api):
    path = f"/v2/webhooks/{api.subscribe('http://127.0.0.1:9')['id']}"
    assert (api("DELETE", path).status_code, api("DELETE", path).status_code) == (
        204,
        404,
    )
    assert api("GET", path).status_code == 404


def test_what_is_required_is_asked_for(api):
    answer = api("POST", "/v2/webhooks", json={"secret": None})
    assert answer.status_code == 400
    assert set(answer.json()) == {"events", "name", "url"}
    assert {message for (message,) in answer.json().values()} == {"This field is required."}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("events", []),
        ("events", "user_uploads.added"),
        ("events", ["accounts.connected"]),
        ("events", [ADDED, {"event": ADDED}]),
        ("name", ""),
        ("name", 7),
        ("name", "\ud800"),
        ("name", "x" * 256),
        ("url", 7),
        ("url", "http://127.0.0.1/" + "x" * 2048),
        ("secret", ""),
        ("secret", ["a"]),
        ("config", "yes"),
        ("config", {"include_resource": "yes"}),
        ("config", {"days_synced": 3}),
    ],
)
def test_a_wrong_field_is_refused_by_name(api, field, value):
    body = {"events": "*", "name": "mine", "url": "http://127.0.0.1:9", field: value}
    answer = api("POST", "/v2/webhooks", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_body_that_is_no_object_is_refused(api):
    assert api("POST", "/v2/webhooks", json=[]).status_code == 400


@pytest.mark.parametrize(
    "url",
    [
        "http://argyle.com/hook",
        "https://127.0.0.1/hook",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "127.0.0.1:80",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://user:key@127.0.0.1/",
        "http://example.com#@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://localhost.example.com/",
        "http://localhostx/",
        "http://0.0.0.0/",
        "http://127.1/",
        "http://127.0.0.2/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1%25eth0]/",
        "http://[::1/",
        "http://[::1].example.com/",
        "http://169.254.169.254/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX-Injected: 1",
        "http://127.0.0.1/é",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http:///hook",
        "",
    ],
)
def test_only_targets_on_this_machine_are_taken(api, url):
    answer = api("POST", "/v2/webhooks", json={"events": "*", "name": "mine", "url": url})
    assert answer.status_code == 400
    assert list(answer.json()) == ["url"]
