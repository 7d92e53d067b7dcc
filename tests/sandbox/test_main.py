"""``python -m argyle_nb.sandbox``, as another program starts it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

import argyle_nb.sandbox
from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox import Faults
from argyle_nb.sandbox.__main__ import FAULTS, _faults, _parser, serve

COMMAND = [sys.executable, "-X", "dev", "-W", "error", "-m", "argyle_nb.sandbox"]
FIRST_LINE = re.compile(
    r"(http://127\.0\.0\.1:[0-9]+) key: (sbx_local_[0-9a-f]+):([\w-]{40,}) folder: (.+)\n"
)


class Served:
    """A server in a process of its own."""

    def __init__(self, process):
        self.process = process
        self.line = process.stdout.readline()
        self.url, *key, self.folder = FIRST_LINE.fullmatch(self.line).groups()
        self.key = tuple(key)

    def get(self, path="/v2/users"):
        return requests.get(self.url + path, auth=self.key, timeout=60)

    def post(self, path, **options):
        return requests.post(self.url + path, auth=self.key, timeout=60, **options).json()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=60)
        return self.process.returncode, rest, errors


@contextmanager
def served(*arguments):
    command = [*COMMAND, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_serves_and_ends_cleanly(tmp_path, number):
    with served("--folder", tmp_path) as server:
        assert server.get().status_code == 200
        assert Path(server.folder) == tmp_path
        assert server.end(number) == (0, "", "")


def test_it_serves_on_loopback_alone(tmp_path):
    with served("--folder", tmp_path) as server:
        port = urlsplit(server.url).port
        lines = Path("/proc/net/tcp").read_text().splitlines()
        lines += Path("/proc/net/tcp6").read_text().splitlines()
        sockets = [line.split() for line in lines]
        listening = {s[1] for s in sockets if s[1].endswith(f":{port:04X}") and s[3] == "0A"}
        assert listening == {f"0100007F:{port:04X}"}


def test_there_are_exactly_these_options_and_none_says_where_to_bind():
    options = {name for action in _parser()._actions for name in action.option_strings}
    assert options == {
        "-h", "--help", "--port", "--folder", "--profile", "--stage-seconds",
        "--requests-per-second", "--fault",
    }  # fmt: skip


def test_the_readme_explains_every_option_and_every_fault():
    text = Path(argyle_nb.sandbox.__file__).with_name("README.md").read_text(encoding="utf-8")
    options = {action.option_strings[-1] for action in _parser()._actions} - {"--help"}
    explained = {line.split("`")[1].split(" ")[0] for line in text.splitlines() if "| `" in line}
    assert options <= explained
    assert set(FAULTS) <= {name.partition("=")[0] for name in explained}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "0.0.0.0"],  # noqa: S104
        ["--bind", "0.0.0.0"],  # noqa: S104
        ["--port", "0.0.0.0:80"],
        ["--profile", "everything"],
        ["0.0.0.0:80"],
    ],
)
def test_other_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        serve(arguments)
    assert ended.value.code == 2
    assert "usage: argyle-nb sandbox" in capsys.readouterr().err


def test_the_folder_is_by_default_the_one_that_notebooks_use(home):
    assert _parser().parse_args([]).folder == home / ".local" / "share" / "argyle_nb" / "sandbox"


def test_its_options_reach_the_server(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--folder", tmp_path, "--port", port, "--profile", "off"]
    options += ["--requests-per-second", 3, "--stage-seconds", 1.5]
    with served(*options) as server:
        assert urlsplit(server.url).port == port
        user = server.post("/v2/users", json={})["id"]
        data = {"user": user, "document_type": "paystubs"}
        upload = server.post("/v2/user-uploads", data=data, files={"upload": ("a.pdf", b"%PDF-")})
        assert set(upload["processing"].values()) == {"unauthorized"}
        assert 429 in [server.get().status_code for _ in range(5)]


def test_faults_may_be_asked_for(tmp_path):
    with served("--folder", tmp_path, "--fault", "503=1") as server:
        assert server.get().status_code == 503


def test_faults_are_read_from_name_and_value():
    texts = ["reset_after=0.5", "503=0.1", "429=0.2", "seed=7", "latency_seconds=1"]
    assert _faults(texts) == Faults(
        reset_after=0.5, status_rates={503: 0.1, 429: 0.2}, seed=7, latency_seconds=1
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rain=0.5", "Unknown fault 'rain'. Use one of latency_seconds, "),
        ("status_rates=0.5", "Unknown fault 'status_rates'. Use one of"),
        ("reset_after", "has no number. Write NAME=VALUE"),
        ("reset_after=often", "has no number. Write NAME=VALUE"),
        ("seed=1.5", "has no number"),
        ("reset_after=2", "Use a probability from 0 to 1"),
        ("200=0.5", "Use statuses 400 to 599"),
    ],
)
def test_a_wrong_fault_is_refused_with_the_cure(text, message):
    with pytest.raises(ConfigurationError, match=message):
        _faults([text])


def test_a_server_that_cannot_start_says_why_and_ends_with_1(tmp_path, capsys):
    (tmp_path / "file").touch()
    before = signal.getsignal(signal.SIGTERM)
    assert serve(["--folder", str(tmp_path / "file" / "folder")]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"{tmp_path / 'file'} is not a folder. Choose another folder" in output.err
    assert signal.getsignal(signal.SIGTERM) is before
