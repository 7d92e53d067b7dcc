"""The local server's application: who is let in, what is not there, what every answer carries."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.sandbox_api import (
    NOBODY,
    api_of,
    authorization,
    fields,
    head,
    raw,
    serve,
)
from tests.support.servers import until


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
    assert "simulated" in api("GET", "/").json()["about"]


@pytest.mark.parametrize(
    "path",
    [
        "/downloads",
        "/downloads/",
        "/downloads/..%2f..%2fetc%2fpasswd",
        "/downloads/%2e%2e/sandbox.sqlite3",
        f"/downloads/{NOBODY}",
        f"/downloads/{NOBODY}.part",
        "/v2/user-uploads/..%2fsandbox.sqlite3/file",
    ],
)
def test_no_path_leads_to_a_folder_or_to_another_file(sandbox, path):
    status, body = raw(sandbox, head(sandbox, path))
    assert status == 404
    assert b'"Not found."' in body


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
        assert "local sandbox" in answer.headers["X-Sandbox"]
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
def test_hostile_headers_are_refused_before_all_else(sandbox, headers):
    port = urlsplit(sandbox.url).port
    request = f"POST /v2/users HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n\r\nhello"
    assert raw(sandbox, request.encode())[0] in {400, 431}


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ],
)
def test_a_body_of_doubtful_length_is_refused_even_with_the_key(sandbox, more):
    more += "Content-Type: application/json\r\n"
    request = head(sandbox, method="POST", more=more) + b"hello"
    assert raw(sandbox, request)[0] in {400, 501}


def test_a_fault_inside_is_500_without_a_word_about_the_inside(tmp_path, caplog):
    with serve(tmp_path) as sandbox, api_of(sandbox) as api:
        sandbox._started().store.close()
        answer = api("GET", "/v2/users?external_id=canary")
        assert list(fields(answer, 500)) == ["detail"]
        assert answer.json()["detail"].startswith("The local sandbox failed")
        assert "sqlite" not in answer.text.lower()
        assert "Traceback" not in answer.text
    assert "closed database" in caplog.text
    assert "canary" not in caplog.text
    assert sandbox._running is None


def test_over_the_rate_requests_are_429_with_a_time_to_wait(tmp_path):
    with serve(tmp_path, requests_per_second=3) as sandbox, api_of(sandbox) as api:
        answers = [api("GET", "/v2/users") for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:3]] == [200] * 3
    assert len(refused) >= 6
    assert refused[0].json() == {"detail": "Request was throttled."}
    assert refused[0].headers["Retry-After"] == "1"


CANARY = "canary-900-12-3456"


def test_the_log_holds_no_key_no_body_and_no_query(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with serve(tmp_path, ocr="off") as sandbox, api_of(sandbox) as api:
        api.user(ssn=CANARY)
        api("GET", f"/v2/users?external_id={CANARY}", auth=("wrong", CANARY))
        sandbox._started().store.close()
        assert api("GET", f"/v2/users?external_id={CANARY}").status_code == 500
        until(lambda: "GET /v2/users failed" in caplog.text)  # it is logged after it is answered
        secret = sandbox.api_key_secret
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    text = "\n".join(logging.Formatter().format(record) for record in ours)
    assert CANARY not in text
    assert secret not in text


def test_nothing_in_a_request_switches_faults_on(api):
    headers = dict.fromkeys(("X-Fault", "X-Faults", "X-Sandbox-Fault", "Prefer"), "status=503")
    assert api("GET", "/v2/users", headers=headers).status_code == 200


def test_two_sandboxes_side_by_side_have_nothing_in_common(api, tmp_path):
    with serve(tmp_path / "other", ocr="off") as sandbox, api_of(sandbox) as other:
        user = other.user()
        assert api("GET", f"/v2/users/{user}").status_code == 404
        assert api("GET", "/v2/users", auth=other.session.auth).status_code == 401
    assert api("GET", "/v2/users").status_code == 200
