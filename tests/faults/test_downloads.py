"""Documents that come back badly: whole under their own name, or an error and no file at all."""

from __future__ import annotations

import gzip
import itertools
import time
import unicodedata

import pytest

from argyle_nb.client import client, responses, retry, transfer
from argyle_nb.errors import ArgyleError, DocumentError, TransportError
from argyle_nb.models import UserUpload
from tests.support.limits import limited
from tests.support.servers import PDF, RESET, UPLOAD_ID, Answer, HostileServer, client_of, refused

NAME = f"{UPLOAD_ID}.pdf"
CHUNKED = {"Transfer-Encoding": "chunked"}
GZIP = {"Content-Encoding": "gzip"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(transfer, "MAX_DOCUMENT_BYTES", 1_000_000)
    monkeypatch.setattr(transfer, "DOWNLOAD_SECONDS", 0.5)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads"


def fetch(server, folder, **fields):
    upload = UserUpload(UPLOAD_ID, file_url=f"{server.url}/file", **fields)
    with client_of(server) as client:
        return client.download(upload, folder)


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def drip():
    while True:
        time.sleep(0.02)
        yield b"1\r\n \r\n"


def chunk_of(content):
    return b"%x\r\n%s\r\n" % (len(content), content)


BOMB = gzip.compress(PDF + bytes(50_000_000), compresslevel=1)


HEAD = b"HTTP/1.1 200 OK\r\n"
BAD = {
    "cut off": HEAD + b"Content-Length: 5000\r\n\r\n" + PDF,
    "cut off, its length untold": HEAD + b"\r\n" + PDF[:-8],
    "whole or not, its length untold": HEAD + b"Connection: close\r\n\r\n" + PDF,
    "of an older kind, its length untold": b"HTTP/1.0 200 OK\r\n\r\n" + PDF,
    "a length that is no number": HEAD + b"Content-Length: many\r\n\r\n" + PDF,
    "cut off in a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + PDF,
    "no last chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk_of(PDF),
    "packed, cut off": HEAD
    + b"Content-Encoding: gzip\r\nContent-Length: 500\r\n\r\n"
    + gzip.compress(PDF),
    "packed, but not": Answer(body=PDF, headers=GZIP),
    "a bomb": Answer(body=BOMB, headers=GZIP),
    "a bomb in a bomb": Answer(
        body=gzip.compress(BOMB), headers={"Content-Encoding": "gzip, gzip"}
    ),
    "without end": Answer(
        body=itertools.chain([chunk_of(PDF)], itertools.repeat(chunk_of(bytes(65536)))),
        headers=CHUNKED,
    ),
    "a drip": Answer(body=drip(), headers=CHUNKED),
    "a page to sign in": Answer(body=b"<!doctype html><title>Sign in</title>"),
    "JSON": Answer(body=b'{"detail": "Not ready."}'),
    "a program": Answer(body=b"MZ" + bytes(500)),
    "nothing": Answer(body=b""),
    "no content": Answer(204, body=b""),
    "a part of it": Answer(206, body=PDF, headers={"Content-Range": "bytes 0-9/5000"}),
    "reset": RESET,
    "half a head": b"HTTP/1.1 20",
}


@pytest.mark.parametrize("fault", BAD)
def test_what_comes_badly_leaves_no_file(folder, fault):
    with HostileServer(BAD[fault]) as server, refused(ArgyleError):
        fetch(server, folder)
    assert files(folder) == []


@pytest.mark.parametrize("fault", ["cut off", "no last chunk", "a page to sign in", "a bomb"])
def test_an_earlier_download_stays_as_it_was(folder, fault):
    with HostileServer([Answer(body=PDF), BAD[fault]]) as server:
        fetch(server, folder)
        with refused(ArgyleError):
            fetch(server, folder)
    assert files(folder) == [NAME]
    assert (folder / NAME).read_bytes() == PDF


GOOD = {
    "chunked": Answer(body=[chunk_of(PDF[:5]), chunk_of(PDF[5:]), b"0\r\n\r\n"], headers=CHUNKED),
    "packed": Answer(body=gzip.compress(PDF), headers=GZIP),
    "after a stumble": [RESET, Answer(503), Answer(body=PDF)],
}


@pytest.mark.parametrize("kind", GOOD)
def test_what_comes_whole_is_saved_byte_for_byte(folder, kind):
    with HostileServer(GOOD[kind]) as server:
        assert fetch(server, folder).read_bytes() == PDF


NAMES = [
    "../../escaped.pdf",
    "..\\escaped.pdf",
    "/tmp/escaped.pdf",
    "C:\\escaped.pdf",
    "nul\0.pdf",
    "two\r\nlines.pdf",
    "CON.pdf",
    "trailing.pdf. ",
    "\u202efdp.exe",
    "x" * 300 + ".pdf",
    "",
    ".bashrc",
    "\ud800.pdf",
    NAME.upper(),
    unicodedata.normalize("NFD", "\u00e9.pdf"),
    "~/escaped.pdf",
    "$HOME.pdf",
    "-rf",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_strangers_name_decides_nothing(folder, name):
    header = {"Content-Disposition": 'attachment; filename="../../escaped.pdf"'}
    with HostileServer(Answer(body=PDF, headers=header)) as server:
        assert fetch(server, folder, file_name=name) == folder / NAME
    assert files(folder) == [NAME]
    assert files(folder.parent) == [folder.name]


def test_a_link_that_was_laid_in_the_way_is_replaced_not_followed(folder, tmp_path):
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (folder / NAME).symlink_to(precious)
    with HostileServer(Answer(body=PDF)) as server:
        path = fetch(server, folder)
    assert precious.read_text() == "precious"
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_no_file_and_names_the_place(folder):
    with (
        HostileServer(Answer(body=PDF + bytes(500_000))) as server,
        limited("FSIZE", 100_000),
        refused(DocumentError, "can't write the file"),
    ):
        fetch(server, folder)
    assert files(folder) == []


def test_a_folder_that_is_a_file_is_named(folder):
    folder.write_text("a file")
    with HostileServer(Answer(body=PDF)) as server, refused(DocumentError, "can't write the file"):
        fetch(server, folder)


# Take a guard away, and a bad file appears


def test_without_asking_for_the_end_half_a_document_would_be_saved(folder, monkeypatch):
    monkeypatch.setattr(transfer, "_check_end_is_told", lambda *_: None)
    with HostileServer(BAD["cut off, its length untold"]) as server:
        assert fetch(server, folder).read_bytes() == PDF[:-8]


def test_without_the_look_at_its_content_a_page_would_be_saved(folder, monkeypatch):
    monkeypatch.setattr(transfer, "media_type_of", lambda _: "application/pdf")
    with HostileServer(BAD["a page to sign in"]) as server:
        assert b"Sign in" in fetch(server, folder).read_bytes()


def test_without_the_cap_a_bomb_would_go_off(folder, monkeypatch):
    monkeypatch.setattr(transfer, "MAX_DOCUMENT_BYTES", 10**12)
    monkeypatch.setattr(transfer, "DOWNLOAD_SECONDS", 60)
    with HostileServer(BAD["a bomb"]) as server:
        assert fetch(server, folder).stat().st_size > 50_000_000


def test_without_a_time_of_its_own_a_drip_would_last(folder, monkeypatch):
    """Each byte comes within the time limit of the socket."""
    monkeypatch.setattr(transfer, "DOWNLOAD_SECONDS", 10**9)
    started = time.monotonic()

    def blocks(*arguments):
        for block in responses.body_blocks(*arguments):
            if time.monotonic() - started > 2:
                raise TransportError("the test has seen enough")
            yield block

    monkeypatch.setattr(transfer, "body_blocks", blocks)
    with (
        HostileServer(Answer(body=drip(), headers=CHUNKED)) as server,
        pytest.raises(TransportError, match="seen enough"),
    ):
        fetch(server, folder)


def test_without_the_look_at_its_id_a_document_would_be_written_elsewhere(folder, monkeypatch):
    monkeypatch.setattr(client, "checked_id", lambda _, value: value)
    with HostileServer(Answer(body=PDF)) as server, client_of(server) as connected:
        connected.download(UserUpload("../escaped", file_url=f"{server.url}/file"), folder)
    assert files(folder.parent) == [folder.name, "escaped.pdf"]
