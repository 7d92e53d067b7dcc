"""What protects the machine that a sandbox runs on."""

import base64
import logging
import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from argyle_nb.sandbox import Sandbox, limits
from tests.support.servers import until

NOBODY = "0186c5b8-8fa1-67b3-39af-14b3e18da8a7"
CANARY = "canary-900-12-3456"


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(tmp_path / "sandbox", ocr="off") as running:
        yield running


def key(sandbox):
    return sandbox.api_key_id, sandbox.api_key_secret


def status(sandbox, path="/v2/users"):
    return requests.get(sandbox.url + path, auth=key(sandbox), timeout=60).status_code


def connect(sandbox):
    address = urlsplit(sandbox.url)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def head(sandbox, path="/v2/users", *, method="GET", more=""):
    token = base64.b64encode(":".join(key(sandbox)).encode()).decode()
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(sandbox.url).netloc}\r\n"
        f"Authorization: Basic {token}\r\n{more}\r\n"
    ).encode()


def received(connection):
    """Read until the server closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("sent", [b"", b"GET /v2/users HTTP/1.1\r\nHost: "])
def test_a_head_that_never_ends_is_given_up(sandbox, monkeypatch, sent):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.1)
    with connect(sandbox) as connection:
        connection.sendall(sent)
        assert received(connection) == b""
    assert status(sandbox) == 200


def test_a_second_head_that_never_ends_is_given_up_as_well(sandbox, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.1)
    with connect(sandbox) as connection:
        connection.sendall(head(sandbox))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /v2/us")
        received(connection)


def test_the_time_of_a_head_does_not_cut_a_slow_body(sandbox, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.1)
    with connect(sandbox) as connection:
        more = "Content-Length: 2\r\nConnection: close\r\n"
        connection.sendall(head(sandbox, method="POST", more=more))
        time.sleep(0.4)  # four times the limit passes in the middle of the request
        connection.sendall(b"{}")
        assert received(connection).startswith(b"HTTP/1.1 200")


def test_too_many_connections_are_503_and_afterwards_all_is_well(sandbox, monkeypatch):
    connections = [connect(sandbox) for _ in range(limits.MAX_CONNECTIONS)]
    try:
        answer = requests.get(sandbox.url + "/v2/users", auth=key(sandbox), timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            503,
            "text/plain; charset=utf-8",
        )
    finally:
        for connection in connections:
            connection.close()
    until(lambda: status(sandbox) == 200)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\0\1\2\3\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\na b\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_a_plain_400_and_is_cut_off(sandbox, request_bytes):
    with connect(sandbox) as connection:
        connection.sendall(request_bytes)
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"text/plain" in answer


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
    with connect(sandbox) as connection:
        more += "Content-Type: application/json\r\nConnection: close\r\n"
        connection.sendall(head(sandbox, method="POST", more=more) + b"hello")
        assert received(connection).startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


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
    with connect(sandbox) as connection:
        connection.sendall(head(sandbox, path, more="Connection: close\r\n"))
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 404")
    assert b'"Not found."' in answer


def test_the_log_holds_no_key_no_body_and_no_query(sandbox, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"{sandbox.url}/v2/users"
    requests.post(url, auth=key(sandbox), json={"ssn": CANARY}, timeout=60)
    requests.get(f"{url}?external_id={CANARY}", auth=("wrong", CANARY), timeout=60)
    sandbox._started().store.close()
    assert status(sandbox, f"/v2/users?external_id={CANARY}") == 500
    until(lambda: "GET /v2/users failed" in caplog.text)  # it is logged after it is answered
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    text = "\n".join(logging.Formatter().format(record) for record in ours)
    assert CANARY not in text
    assert sandbox.api_key_secret not in text


def test_an_answer_to_a_fault_inside_shows_no_trace_of_it(sandbox):
    sandbox._started().store.close()
    answer = requests.get(f"{sandbox.url}/v2/users", auth=key(sandbox), timeout=60)
    assert answer.status_code == 500
    assert list(answer.json()) == ["detail"]
    assert "sqlite" not in answer.text.lower()
    assert "Traceback" not in answer.text


def test_nothing_in_a_request_switches_faults_on(sandbox):
    headers = dict.fromkeys(("X-Fault", "X-Faults", "X-Sandbox-Fault", "Prefer"), "status=503")
    answer = requests.get(f"{sandbox.url}/v2/users", auth=key(sandbox), headers=headers, timeout=60)
    assert answer.status_code == 200


def test_two_sandboxes_side_by_side_have_nothing_in_common(sandbox, tmp_path):
    with Sandbox(tmp_path / "other", ocr="off") as other:
        requests.post(f"{other.url}/v2/users", auth=key(other), json={}, timeout=60)
        users = requests.get(f"{sandbox.url}/v2/users", auth=key(sandbox), timeout=60).json()
        assert users["results"] == []
        crossed = requests.get(f"{sandbox.url}/v2/users", auth=key(other), timeout=60)
        assert crossed.status_code == 401
    assert status(sandbox) == 200


@pytest.mark.parametrize("parts", ["bytes=0-3", "bytes=9-2", "bytes=999999-", "lines=1", "x"])
def test_a_document_is_always_sent_whole(sandbox, tmp_path, parts):
    content = b"%PDF-1.7\n% an invented paystub\n"
    user = requests.post(f"{sandbox.url}/v2/users", auth=key(sandbox), json={}, timeout=60).json()
    upload = requests.post(
        f"{sandbox.url}/v2/user-uploads",
        auth=key(sandbox),
        data={"user": user["id"], "document_type": "paystubs"},
        files={"upload": content},
        timeout=60,
    ).json()
    answer = requests.get(
        upload["file_url"], auth=key(sandbox), headers={"Range": parts}, timeout=60
    )
    assert (answer.status_code, answer.content) == (200, content)
