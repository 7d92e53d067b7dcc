"""Documents sent to the local server: what is taken, what is refused, and what comes back."""

from __future__ import annotations

import json
import re
import socket
import time
from urllib.parse import unquote, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.forms import media_type, plain_name
from tests.support.sandbox_api import NOBODY, PDF, Api, api_of, authorization, fields, raw, serve

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
HEIC = b"\0\0\0\x18ftypheic" + bytes(20)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("sandbox"), ocr="off") as running:
        yield running


@pytest.fixture(scope="module")
def api(sandbox):
    with api_of(sandbox) as connected:
        yield connected


@pytest.fixture(scope="module")
def user(api):
    return api.user()


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


# Names and downloads


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
