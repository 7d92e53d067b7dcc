"""The local server's API, over a real socket."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.sandbox import Sandbox, limits
from argyle_nb.sandbox.media import media_type
from argyle_nb.sandbox.receiving import plain_name

PDF = b"%PDF-1.7\n% an invented paystub\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
HEIC = b"\0\0\0\x18ftypheic" + bytes(20)
NOBODY = "0186c5b8-8fa1-67b3-39af-14b3e18da8a7"


@dataclass(frozen=True)
class Found:
    found_type: str | None = None
    problem: str | None = None
    ocr_data: dict[str, Any] | None = None
    ocr_authenticity: dict[str, Any] | None = None
    ocr_authenticity_score: int | None = None


class Api:
    """A plain client of one sandbox."""

    def __init__(self, sandbox, session):
        self.sandbox = sandbox
        self.session = session

    def __call__(self, method, path, **options):
        url = path if path.startswith("http") else self.sandbox.url + path
        return self.session.request(method, url, timeout=60, **options)

    def user(self, **profile):
        return self("POST", "/v2/users", json=profile).json()["id"]

    def upload(self, user, document_type="paystubs", file=("stub.pdf", PDF), **options):
        data = {"user": user, "document_type": document_type}
        return self("POST", "/v2/user-uploads", data=data, files={"upload": file}, **options)


def serve(folder, **options):
    sandbox = Sandbox(folder, stage_seconds=0, **options)
    sandbox._inspect = lambda _path, _type: Found("paystubs", None, {}, {}, 90)
    return sandbox.start()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("sandbox"), ocr="off") as running:
        yield running


@pytest.fixture(scope="module")
def api(sandbox):
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        yield Api(sandbox, session)


@pytest.fixture(scope="module")
def user(api):
    return api.user()


def raw(sandbox, request):
    """Send bytes as they are and return status and body."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        with response:
            return response.status, response.read()


def authorization(sandbox):
    pair = f"{sandbox.api_key_id}:{sandbox.api_key_secret}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def fields(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()


# user-uploads: POST


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
    with serve(tmp_path, ocr=ocr) as sandbox, requests.Session() as session:
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        api = Api(sandbox, session)
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
    assert fields(answer) == {"upload": ["The file is no PDF, JPEG, PNG or HEIC document."]}


@given(st.binary(max_size=40))
def test_media_types_are_told_for_any_bytes(head):
    assert media_type(head) in {None, "application/pdf", "image/png", "image/jpeg", "image/heic"}


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
    assert fields(answer) == {"upload": ["One request takes one document."]}
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


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"rubbish"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n--y--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a'),
        ("multipart/form-data; boundary=" + "x" * 500, b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: " + b"b" * 20_000),
    ],
)
def test_a_malformed_form_is_400_and_leaves_no_file(api, sandbox, content_type, body):
    before = sorted((sandbox.folder / "documents").iterdir())
    answer = api("POST", "/v2/user-uploads", data=body, headers={"Content-Type": content_type})
    assert fields(answer)["detail"].startswith("Multipart form parse error")
    assert sorted((sandbox.folder / "documents").iterdir()) == before


def test_a_form_that_ends_inside_the_document_is_refused(api, user, sandbox):
    request = requests.Request(
        "POST", sandbox.url, data={"user": user, "document_type": "W-2"}, files={"upload": PDF}
    ).prepare()
    headers = {"Content-Type": request.headers["Content-Type"]}
    answer = api("POST", "/v2/user-uploads", data=request.body[:-60], headers=headers)
    assert fields(answer)["detail"].endswith("ends too early.")


def test_too_many_parts_and_too_long_fields_are_refused(api):
    parts = {f"field{number}": (None, "x") for number in range(limits.MAX_PARTS + 1)}
    assert "parts" in fields(api("POST", "/v2/user-uploads", files=parts))["detail"]
    long = {"user": (None, "x" * (limits.MAX_FIELD_BYTES + 1))}
    assert "bytes" in fields(api("POST", "/v2/user-uploads", files=long))["detail"]


def test_a_body_declared_too_large_is_refused_before_it_is_sent(sandbox):
    head = (
        f"POST /v2/user-uploads HTTP/1.1\r\nHost: 127.0.0.1:{urlsplit(sandbox.url).port}\r\n"
        f"Authorization: {authorization(sandbox)}\r\nExpect: 100-continue\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 999999999999\r\n\r\n"
    )
    status, body = raw(sandbox, head.encode())
    assert status == 413
    assert "larger than" in json.loads(body)["detail"]


def test_a_body_of_undeclared_size_is_cut_off_at_the_limit(api, sandbox, user, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UPLOAD_BYTES", 50_000)
    monkeypatch.setattr(limits, "MAX_FORM_OVERHEAD_BYTES", 1_000)
    request = requests.Request("POST", sandbox.url, files={"upload": PDF + bytes(500_000)})
    prepared = request.prepare()
    pieces = (prepared.body[at : at + 9_000] for at in range(0, len(prepared.body), 9_000))
    headers = {"Content-Type": prepared.headers["Content-Type"]}
    answer = api("POST", "/v2/user-uploads", data=pieces, headers=headers)
    assert fields(answer, 413)["detail"] == "The request body is larger than 51000 bytes."
    assert not list((sandbox.folder / "documents").glob("*.part"))


def test_a_client_that_goes_away_leaves_no_file_and_no_upload(api, sandbox, user):
    total = len(api("GET", "/v2/user-uploads?limit=200").json()["results"])
    head = (
        f"POST /v2/user-uploads HTTP/1.1\r\nHost: 127.0.0.1:{urlsplit(sandbox.url).port}\r\n"
        f"Authorization: {authorization(sandbox)}\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="upload"; filename="a.pdf"\r\n\r\n%PDF-1.7'
    )
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode())
        api("GET", "/")
    settled = api("GET", "/v2/user-uploads?limit=200").json()["results"]
    assert len(settled) == total
    assert eventually(lambda: not list((sandbox.folder / "documents").glob("*.part")))


def eventually(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_body_that_stops_coming_is_408(sandbox, monkeypatch):
    monkeypatch.setattr(limits, "BODY_PAUSE_SECONDS", 0.1)
    head = (
        f"POST /v2/users HTTP/1.1\r\nHost: 127.0.0.1:{urlsplit(sandbox.url).port}\r\n"
        f"Authorization: {authorization(sandbox)}\r\nContent-Length: 10\r\n\r\n{{"
    )
    assert raw(sandbox, head.encode())[0] == 408


# user-uploads: names and downloads


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\pay\\march.pdf", "march.pdf"),
        ("/etc/shadow", "shadow"),
        ("naïve résumé.pdf", "naïve résumé.pdf"),
        ("工资单.pdf", "工资单.pdf"),
        ("a\u202egnp.pdf", "agnp.pdf"),
        ("..", ".."),
        ("folder/", "document"),
        ("n" * 400 + ".pdf", "n" * 255),
    ],
)
def test_a_file_name_is_data_without_folders(api, user, sandbox, sent, kept):
    upload = api.upload(user, file=(sent, PDF)).json()
    assert upload["file_name"] == kept
    assert all(re.fullmatch(r"[0-9a-f-]{36}", p.name) for p in documents_of(sandbox))


def documents_of(sandbox):
    return list((sandbox.folder / "documents").iterdir())


def test_an_extended_file_name_is_understood(api, user):
    body = (
        f'--x\r\nContent-Disposition: form-data; name="user"\r\n\r\n{user}\r\n'
        '--x\r\nContent-Disposition: form-data; name="document_type"\r\n\r\nW-2\r\n'
        '--x\r\nContent-Disposition: form-data; name="upload"; '
        "filename*=utf-8''%E2%82%AC%20rates.pdf\r\n\r\n%PDF-1.7\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = api("POST", "/v2/user-uploads", data=body.encode(), headers=headers)
    assert answer.json()["file_name"] == "€ rates.pdf"


@given(st.text())
def test_any_name_becomes_a_plain_printable_one(name):
    kept = plain_name(name)
    assert 1 <= len(kept) <= 255
    assert kept.isprintable()
    assert "/" not in kept
    assert "\\" not in kept


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
    before = set(documents_of(sandbox))
    upload = api.upload(user).json()
    (document,) = set(documents_of(sandbox)) - before
    document.unlink()
    assert api("GET", upload["file_url"]).status_code == 404


# user-uploads: lists


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


# users and accounts


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


# What is not there


@pytest.mark.parametrize(
    "path",
    [
        "/v2/user-uploads/" + NOBODY,
        "/v2/user-uploads/1",
        "/v2/user-uploads/..%2f..%2fetc%2fpasswd",
        "/v2/user-uploads/%2e%2e/file",
        "/downloads/..%2fsandbox.sqlite3",
        "/downloads/%00",
        "/downloads/",
        "/documents/",
        "/v2/user-uploads/",
        "/v2/users/" + NOBODY + "%0a",
        "/v2/accounts/" + NOBODY,
        "/v2",
    ],
)
def test_unknown_paths_and_ids_are_404(api, path):
    assert fields(api("GET", path), 404) == {"detail": "Not found."}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", f"/v2/user-uploads/{NOBODY}", {"GET", "HEAD"}),
        ("PATCH", "/v2/user-uploads", {"GET", "HEAD", "POST"}),
        ("POST", "/v2/accounts", {"GET", "HEAD"}),
        ("PUT", f"/v2/users/{NOBODY}", {"GET", "HEAD", "PATCH", "DELETE"}),
    ],
)
def test_a_method_that_is_not_offered_is_405(api, method, path, allowed):
    answer = api(method, path)
    assert fields(answer, 405) == {"detail": f'Method "{method}" not allowed.'}
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_head_answers_like_get_without_a_body(api):
    answer = api("HEAD", "/v2/users")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 2


def test_the_root_says_that_this_is_a_stand_in(api):
    assert "stand-in" in api("GET", "/").json()["about"]


# The door


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/v2/users", "/v2/webhooks", "/nothing"])
def test_nothing_is_said_without_the_key(sandbox, path):
    answer = requests.get(sandbox.url + path, timeout=60)
    assert fields(answer, 401) == {"detail": "Invalid username/password."}
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 3,
        "Bearer x",
        "Basic w6k=",
        "basic \xff",
        "Basic Og==",
    ],
)
def test_broken_authorization_headers_are_401(sandbox, header):
    headers = {"Authorization": header.encode("latin-1")}
    assert requests.get(sandbox.url + "/v2/users", headers=headers, timeout=60).status_code == 401


def test_a_wrong_secret_and_a_key_of_elsewhere_get_the_published_texts(sandbox):
    for pair, text in [
        ((sandbox.api_key_id, "wrong"), "Invalid username/password."),
        (("sbx_local_0", sandbox.api_key_secret), "Invalid username/password."),
        (("argyle_key", "secret"), "Invalid environment."),
    ]:
        answer = requests.get(sandbox.url + "/v2/users", auth=pair, timeout=60)
        assert fields(answer, 401) == {"detail": text}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost", "127.0.0.1:1", "localhost.evil.example:{port}", "[::1]:{port}"],
)
def test_another_host_name_is_refused_even_with_the_key(api, sandbox, host):
    port = urlsplit(sandbox.url).port
    assert api("GET", "/v2/users", headers={"Host": host.format(port=port)}).status_code == 403


def test_a_request_without_a_host_is_refused(sandbox):
    request = f"GET / HTTP/1.0\r\nAuthorization: {authorization(sandbox)}\r\n\r\n"
    assert raw(sandbox, request.encode())[0] == 403


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "{url}"])
def test_web_pages_are_refused_and_get_no_permission(api, sandbox, origin):
    headers = {"Origin": origin.format(url=sandbox.url)}
    for method in ("GET", "OPTIONS", "POST"):
        answer = api(method, "/v2/users", headers=headers)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_every_answer_carries_the_safe_headers(api, user):
    paths = ["/", "/v2/users", "/nothing", api.upload(user).json()["file_url"]]
    for answer in [api("GET", path) for path in paths] + [
        requests.get(api.sandbox.url, timeout=60)
    ]:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "stand-in" in answer.headers["X-Sandbox"]
        assert "Server" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: -5",
        "Content-Length: 1x",
        "Header: " + "x" * 40_000,
        "Header: x\r\n" * 2_000 + "Header: x",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
    ],
)
def test_hostile_headers_end_at_the_door(sandbox, headers):
    port = urlsplit(sandbox.url).port
    request = f"POST /v2/users HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n\r\nhello"
    assert raw(sandbox, request.encode())[0] in {400, 431}


def test_a_fault_inside_is_500_without_a_word_about_the_inside(tmp_path, caplog):
    with serve(tmp_path) as sandbox, requests.Session() as session:
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        sandbox._started().store.close()
        answer = Api(sandbox, session)("GET", "/v2/users?external_id=canary")
        assert fields(answer, 500)["detail"].startswith("The local server failed")
    assert "closed database" in caplog.text
    assert "canary" not in caplog.text
    assert sandbox._running is None


def test_over_the_rate_requests_are_429_with_a_time_to_wait(tmp_path):
    with serve(tmp_path, requests_per_second=3) as sandbox, requests.Session() as session:
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        answers = [Api(sandbox, session)("GET", "/v2/users") for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:3]] == [200] * 3
    assert len(refused) >= 6
    assert refused[0].json() == {"detail": "Request was throttled."}
    assert refused[0].headers["Retry-After"] == "1"
