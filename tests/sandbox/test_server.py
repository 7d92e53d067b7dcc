"""Starting, stopping, sharing and killing local servers, and their connections."""

from __future__ import annotations

import gc
import http.client
import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import repeat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from urllib3 import encode_multipart_formdata

import argyle_nb.sandbox
from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox import Sandbox, limits, processing
from tests.support.sandbox_api import (
    PDF,
    connect,
    head,
)
from tests.support.servers import until

DEADLINE = 60.0


SERVER = """
    import dataclasses, json, sys, time
    from pathlib import Path
    from argyle_nb.sandbox.server import Sandbox

    @dataclasses.dataclass
    class Found:
        found_type: object = "paystubs"
        problem: object = None
        ocr_data: object = dataclasses.field(default_factory=dict)
        ocr_authenticity: object = dataclasses.field(default_factory=dict)
        ocr_authenticity_score: object = 90

    folder, looks, pause = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])

    def inspect(path, document_type):
        with looks.open("a") as file:
            file.write(path.name + "\\n")
        time.sleep(pause)
        return Found()

    sandbox = Sandbox(folder, stage_seconds=0)
    sandbox._inspect, sandbox._lease_seconds = inspect, 1.0
    with sandbox:
        print(json.dumps([sandbox.id, sandbox.url, sandbox.api_key_id, sandbox.api_key_secret]))
        sys.stdout.flush()
        sys.stdin.read()
"""


class Remote:
    """A sandbox in another process."""

    def __init__(self, folder, looks, pause=0.0):
        command = [sys.executable, "-c", textwrap.dedent(SERVER), folder, looks, str(pause)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.id, self.url, *key = json.loads(self.process.stdout.readline())
        self.session = requests.Session()
        self.session.auth = tuple(key)

    def __call__(self, method, path, **options):
        return self.session.request(method, self.url + path, timeout=DEADLINE, **options).json()

    def upload(self, user):
        data = {"user": user, "document_type": "paystubs"}
        files = {"upload": ("stub.pdf", PDF)}
        return self("POST", "/v2/user-uploads", data=data, files=files)["id"]

    def done(self):
        page = self("GET", "/v2/user-uploads?limit=200")
        assert page["next"] is None
        return {
            upload["id"]
            for upload in page["results"]
            if upload["processing"]["authenticity"] == "completed"
        }

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self):
        self.session.close()
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


@pytest.fixture
def remote(tmp_path):
    """Start servers of one folder, each in a process of its own."""
    started = []

    def start(pause=0.0):
        started.append(Remote(str(tmp_path / "shared"), str(tmp_path / "looks"), pause))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.close()


def status(sandbox, path="/v2/users"):
    key = (sandbox.api_key_id, sandbox.api_key_secret)
    return requests.get(sandbox.url + path, auth=key, timeout=60).status_code


def looks(folder):
    path = folder / "looks"
    return path.read_text().split() if path.exists() else []


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_started_sandbox_answers_at_once_on_loopback_alone(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        assert status(sandbox) == 200
        assert sandbox.url.startswith("http://127.0.0.1:")
        port = urlsplit(sandbox.url).port
        listening = {
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text().splitlines()
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        }
        assert listening == {f"0100007F:{port:04X}"}


def test_each_start_has_a_new_key_and_the_folder_keeps_its_id(tmp_path):
    sandbox = Sandbox(tmp_path)
    seen = []
    for _ in range(2):
        with sandbox:
            seen.append((sandbox.api_key_id, sandbox.api_key_secret, sandbox.id))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]
    assert seen[0][2] == seen[1][2]
    assert seen[0][0].startswith("sbx_local_")
    assert len(seen[0][1]) >= 40


def test_the_secret_is_in_no_repr(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        shown = repr(sandbox) + repr(vars(sandbox)) + repr(vars(sandbox._running))
        assert sandbox.url in repr(sandbox)
        assert sandbox.api_key_secret not in shown
    assert "stopped" in repr(sandbox)


def test_the_secret_is_in_no_file_of_the_folder(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        assert status(sandbox) == 200
        contents = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert not [text for text in contents if sandbox.api_key_secret.encode() in text]


def test_start_and_stop_may_be_repeated(tmp_path):
    sandbox = Sandbox(tmp_path)
    sandbox.stop()
    assert sandbox.start() is sandbox.start()
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(ConfigurationError, match=r"Call start\(\) first"):
        _ = sandbox.url


def test_stopping_frees_port_threads_and_files(tmp_path):
    before = set(threading.enumerate())
    files = open_files()
    for _ in range(3):
        with Sandbox(tmp_path) as sandbox:
            assert status(sandbox) == 200
            port = urlsplit(sandbox.url).port
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))
    gc.collect()
    until(lambda: set(threading.enumerate()) <= before)
    assert open_files() <= files


def test_stopping_does_not_wait_for_idle_clients(tmp_path):
    with requests.Session() as session:
        sandbox = Sandbox(tmp_path).start()
        session.get(sandbox.url, timeout=60)
        began = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - began < 3


def test_a_process_that_forgets_to_stop_is_stopped_at_its_end_without_a_word(tmp_path):
    script = (
        "import atexit, sys; from argyle_nb.sandbox import Sandbox; sandbox = Sandbox(sys.argv[1]);"
        "atexit.register(lambda: print(sandbox)); sandbox.start()"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"<Sandbox stopped")


def test_an_upload_wakes_its_processing(tmp_path, monkeypatch):
    monkeypatch.setattr(processing, "POLL_SECONDS", 10 * DEADLINE)
    with Sandbox(tmp_path, stage_seconds=0) as sandbox, requests.Session() as session:
        session.auth = (sandbox.api_key_id, sandbox.api_key_secret)
        user = session.post(sandbox.url + "/v2/users", timeout=60).json()["id"]
        data = {"user": user, "document_type": "paystubs"}
        files = {"upload": ("stub.pdf", PDF)}
        session.post(sandbox.url + "/v2/user-uploads", data=data, files=files, timeout=60)
        listed = sandbox.url + "/v2/user-uploads"
        until(
            lambda: (
                session.get(listed, timeout=60).json()["results"][0]["processing"]
                == {"classification": "failed", "ocr": "idle", "authenticity": "idle"}
            )
        )


def test_a_port_that_is_taken_is_refused_with_the_cure(tmp_path):
    with Sandbox(tmp_path / "a") as first:
        port = urlsplit(first.url).port
        with pytest.raises(ConfigurationError, match=rf"port {port} .*0 for any free port"):
            Sandbox(tmp_path / "b", port=port).start()


def test_a_folder_that_cannot_be_made_is_refused_with_the_cure(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"is not a folder\. Choose another folder"):
        Sandbox(tmp_path / "file" / "sandbox").start()


@pytest.mark.parametrize(
    "options",
    [
        {"ocr": "partial"},
        {"stage_seconds": -1},
        {"requests_per_second": 0},
        {"null_style": "none"},
    ],
)
def test_options_out_of_range_are_refused_at_once(tmp_path, options):
    with pytest.raises(ConfigurationError, match=f"{next(iter(options))} is .* Use "):
        Sandbox(tmp_path, **options)


def test_the_package_offers_only_the_sandbox():
    with pytest.raises(AttributeError, match="Server"):
        _ = argyle_nb.sandbox.Server


def test_importing_the_package_loads_no_server_code():
    script = "import sys, argyle_nb.sandbox; print(*{'uvicorn', 'pypdf'} & set(sys.modules))"
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"\n"


def test_two_processes_on_one_folder_see_the_same_and_look_at_each_document_once(remote, tmp_path):
    one, two = remote(), remote()
    assert one.id == two.id
    assert one.url != two.url
    user = one("POST", "/v2/users", json={})["id"]
    uploads = {server.upload(user) for _ in range(15) for server in (one, two)}
    until(lambda: one.done() == uploads)
    assert two.done() == uploads
    assert len(looks(tmp_path)) == len(set(looks(tmp_path))) == 30
    (account,) = two("GET", "/v2/accounts")["results"]
    assert account["availability"]["user_uploads"]["files_count"] == 30


def test_the_key_of_one_process_does_not_open_the_other(remote):
    one, two = remote(), remote()
    answer = requests.get(two.url + "/v2/users", auth=one.session.auth, timeout=60)
    assert answer.status_code == 401


def test_a_killed_process_loses_nothing_and_its_work_is_taken_over(remote, tmp_path):
    doomed = remote(pause=3600)
    user = doomed("POST", "/v2/users", json={})["id"]
    uploads = {doomed.upload(user) for _ in range(8)}
    until(lambda: len(looks(tmp_path)) == 2)
    doomed.kill()
    heir = remote()
    until(lambda: heir.done() == uploads)
    seen = looks(tmp_path)
    interrupted = seen[:2]
    assert sorted(seen[2:]) == sorted(set(seen))
    assert set(interrupted) <= set(seen[2:])


def test_a_document_inspected_before_the_kill_is_not_inspected_again(remote, tmp_path):
    first = remote()
    user = first("POST", "/v2/users", json={})["id"]
    uploads = {first.upload(user) for _ in range(5)}
    until(lambda: first.done() == uploads)
    first.kill()
    second = remote()
    assert second.done() == uploads
    second.upload(user)
    until(lambda: len(second.done()) == 6)
    assert len(looks(tmp_path)) == 6


def peak_memory_kib(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_document_is_never_held_in_memory(remote, tmp_path):
    server = remote()
    user = server("POST", "/v2/users", json={})["id"]
    server.upload(user)
    before = peak_memory_kib(server.process)
    document = tmp_path / "large.pdf"
    with document.open("wb") as file:
        file.write(PDF)
        file.truncate(100 * 1024 * 1024)
    fields = {"user": user, "document_type": "W-2", "upload": ("large.pdf", document.read_bytes())}
    form, content_type = encode_multipart_formdata(fields)
    headers = {"Content-Type": content_type}
    upload = server("POST", "/v2/user-uploads", data=form, headers=headers)
    with server.session.get(upload["file_url"], stream=True, timeout=DEADLINE) as answer:
        received = sum(len(piece) for piece in answer.iter_content(1 << 20))
    assert received == document.stat().st_size
    growth = peak_memory_kib(server.process) - before
    assert growth < 10 * 1024


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


def test_too_many_requests_at_once_are_503_and_afterwards_all_is_well(sandbox):
    more = "Content-Length: 2\r\nExpect: 100-continue\r\n"
    with ExitStack() as opened:
        for _ in range(limits.MAX_REQUESTS):
            connection = opened.enter_context(connect(sandbox))
            connection.sendall(head(sandbox, method="POST", more=more))
            assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        key = (sandbox.api_key_id, sandbox.api_key_secret)
        answer = requests.get(sandbox.url + "/v2/users", auth=key, timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            503,
            "text/plain; charset=utf-8",
        )
    until(lambda: status(sandbox) == 200)


def status_of(connection):
    """Read one whole answer."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def strangers_head(sandbox, more=""):
    """A request without a key."""
    host = urlsplit(sandbox.url).netloc
    return f"POST /v2/users HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


# What each of some hundred connections without a key sends, and what it goes on to send.
STRANGERS = {
    "nothing": (lambda _: b"", b""),
    "half a head": (lambda _: b"GET /v2/users HTTP/1.1\r\nHost: ", b""),
    "a head byte by byte": (lambda _: b"GET /v2/users HTTP/1.1\r\nA: ", b"a"),
    "a head, but no body": (lambda box: strangers_head(box, "Content-Length: 9999\r\n"), b""),
    "a body byte by byte": (lambda box: strangers_head(box, "Content-Length: 9999\r\n"), b"a"),
    "a body that is in chunks": (
        lambda box: strangers_head(box, "Transfer-Encoding: chunked\r\n"),
        b"1\r\na\r\n",
    ),
}


def is_cut(connection):
    """Whether the server has closed a connection, whatever it had said before."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("what", STRANGERS)
def test_hundreds_of_connections_without_a_key_keep_nobody_out(what, sandbox, api, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 600)  # it is not time that closes them
    first, then = STRANGERS[what]
    most = limits.MAX_STRANGERS + limits.MAX_REFUSED
    with ExitStack() as opened:
        connections = []
        for number in range(300):
            connections.append(opened.enter_context(connect(sandbox)))
            connections[-1].sendall(first(sandbox))
            if number % 50 == 49:  # a client works meanwhile, on its own connection and on new ones
                assert api("GET", "/v2/users").status_code == status(sandbox) == 200
                for one in connections:
                    with suppress(OSError):  # it is cut
                        one.sendall(then)
        assert api.upload(api.user()).status_code == 200
        until(lambda: sum(not is_cut(one) for one in connections) <= most)
        assert [is_cut(one) for one in connections[: 300 - most]] == [True] * (300 - most)
        assert not is_cut(connections[-1])
    until(lambda: status(sandbox) == 200)


@pytest.fixture
def narrow(tmp_path, monkeypatch):
    """A server of few requests at once, whose system holds back few bytes that nobody reads."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", 600)
    monkeypatch.setattr(limits, "MAX_REQUESTS", 5)
    monkeypatch.setattr(limits, "MAX_ASKING", 10)
    with Sandbox(tmp_path, stage_seconds=0) as sandbox:
        sandbox._running.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield sandbox


def ask_without_reading(request, connection):
    """Send requests until the server takes no more of them; say whether it has cut us."""
    connection.settimeout(1.0)
    try:
        while True:
            connection.send(request * 100)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_connections_without_a_key_that_read_no_answers_keep_nobody_out(narrow):
    with ExitStack() as opened:
        connections = [opened.enter_context(connect(narrow)) for _ in range(20)]
        with ThreadPoolExecutor(20) as pool:
            are_cut = pool.map(ask_without_reading, repeat(strangers_head(narrow)), connections)
            assert [status(narrow) for _ in range(20)] == [200] * 20
        assert [status(narrow) for _ in range(20)] == [200] * 20
        assert sum(are_cut) >= 10
    until(lambda: status(narrow) == 200)


def test_answers_that_nobody_reads_are_given_up(narrow, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.1)
    with connect(narrow) as connection:
        until(lambda: ask_without_reading(strangers_head(narrow), connection))


def test_without_a_key_many_requests_in_one_piece_are_all_answered(narrow):
    with connect(narrow) as connection:
        last = strangers_head(narrow, "Connection: close\r\n")
        connection.sendall(strangers_head(narrow) * 500 + last)
        assert received(connection).count(b"HTTP/1.1 401") == 501


def test_answers_to_a_client_with_a_key_wait_until_they_are_read(narrow, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.1)
    with connect(narrow) as client, connect(narrow) as stranger:
        client.sendall(head(narrow) * 200 + head(narrow, more="Connection: close\r\n"))
        assert received(stranger) == b""  # so the time is over
        assert received(client).count(b"HTTP/1.1 200") == 201


@pytest.mark.parametrize("then", [b"", b"a" * 50])
def test_a_body_that_follows_a_refusal_is_given_up(sandbox, monkeypatch, then):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.1)
    with connect(sandbox) as connection:
        connection.sendall(strangers_head(sandbox, "Content-Length: 9999\r\n"))
        assert status_of(connection) == 401
        connection.sendall(then)
        assert received(connection) == b""


def test_a_whole_body_after_a_refusal_leaves_the_connection_usable(sandbox):
    with connect(sandbox) as connection:
        connection.sendall(strangers_head(sandbox, "Content-Length: 2\r\n"))
        assert status_of(connection) == 401
        connection.sendall(b"{}" + head(sandbox))
        assert status_of(connection) == 200


def test_a_client_with_a_key_is_no_stranger_between_two_requests(sandbox):
    with ExitStack() as opened:
        client = opened.enter_context(connect(sandbox))
        client.sendall(head(sandbox))
        assert status_of(client) == 200
        strangers = [opened.enter_context(connect(sandbox)) for _ in range(200)]
        until(lambda: is_cut(strangers[0]))
        client.sendall(head(sandbox))
        assert status_of(client) == 200


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
