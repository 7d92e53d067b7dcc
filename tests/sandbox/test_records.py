"""What the local server keeps: lists of uploads page by page, users, and their accounts."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from argyle_nb.sandbox import limits
from tests.support.sandbox_api import NOBODY, api_of, fields, serve


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("sandbox"), ocr="off") as running:
        yield running


@pytest.fixture(scope="module")
def api(sandbox):
    with api_of(sandbox) as connected:
        yield connected


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


@pytest.mark.parametrize(
    "text",
    [
        '{"first_name": "\\ud800"}',
        '{"external_id": "\\u0000"}',
        '{"external_metadata": 1e999}',
        '{"external_metadata": NaN}',
        '{"external_metadata": ' + "[" * 100_000,
        "{",
        '{"external_metadata": ' + "9" * 5000 + "}",
    ],
)
def test_a_hostile_json_body_is_400(api, text):
    headers = {"Content-Type": "application/json"}
    assert api("POST", "/v2/users", data=text.encode(), headers=headers).status_code == 400


def test_a_json_body_has_its_own_limit_and_type(api):
    big = {"external_metadata": "x" * limits.MAX_JSON_BYTES}
    assert api("POST", "/v2/users", json=big).status_code == 413
    assert api("POST", "/v2/users", data={"first_name": "Ida"}).status_code == 415


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
