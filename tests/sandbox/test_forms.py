"""Request bodies at the local server: JSON, forms that are cut off or hostile, names of files."""

from __future__ import annotations

import json
import re

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.forms import media_type, plain_name
from tests.support.sandbox_api import (
    PDF,
    connect,
    fields,
    head,
    raw,
)
from tests.support.servers import until


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


def documents_of(sandbox):
    return list((sandbox.folder / "documents").iterdir())


@given(st.binary(max_size=40))
def test_media_types_are_told_for_any_bytes(head):
    assert media_type(head) in {None, "application/pdf", "image/png", "image/jpeg", "image/heic"}


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
    before = sorted(documents_of(sandbox))
    answer = api("POST", "/v2/user-uploads", data=body, headers={"Content-Type": content_type})
    assert fields(answer)["detail"].startswith("Multipart form parse error")
    assert sorted(documents_of(sandbox)) == before


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
    more = (
        "Expect: 100-continue\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        "Content-Length: 999999999999\r\n"
    )
    status, body = raw(sandbox, head(sandbox, "/v2/user-uploads", method="POST", more=more))
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
    more = "Content-Length: 100000\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    part = b'--x\r\nContent-Disposition: form-data; name="upload"; filename="a.pdf"\r\n\r\n%PDF-1.7'
    with connect(sandbox) as connection:
        connection.sendall(head(sandbox, "/v2/user-uploads", method="POST", more=more) + part)
        api("GET", "/")
    assert len(api("GET", "/v2/user-uploads?limit=200").json()["results"]) == total
    until(lambda: not list((sandbox.folder / "documents").glob("*.part")))


def test_a_body_that_stops_coming_is_408(sandbox, monkeypatch):
    monkeypatch.setattr(limits, "BODY_PAUSE_SECONDS", 0.1)
    request = head(sandbox, method="POST", more="Content-Length: 10\r\n") + b"{"
    assert raw(sandbox, request)[0] == 408


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
