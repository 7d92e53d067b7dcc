"""One record in each page that nothing can read: all others arrive, in every reader.

The pages come from a real server, and lie in a real archive as they came.
"""

from __future__ import annotations

import json
import random
import warnings
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from argyle_nb import models
from argyle_nb.archive import Archive, fetch
from argyle_nb.archive.pages import PageStore
from argyle_nb.archive.pulling import scope_of
from argyle_nb.errors import ArgyleError, DecodeError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten, signals_frame, uploads_frame
from argyle_nb.models import decode_page
from tests.faults.shapes import CUT_OFF, DAMAGES, damaged, damaged_list
from tests.support.archives import filled, moving
from tests.support.batches import run
from tests.support.records import record
from tests.support.servers import PDF, RESET, USER_ID, Answer, HostileServer, client_of

PAGES, PAGE_SIZE = 3, 6
# What some readers need not read: OCR data, signals, and fields that nobody published; and what is
# fit for some fields.
READABLE_SOMEWHERE = {
    "bytes that are not UTF-8",
    "a surrogate as UTF-8",
    "1e400",
    "a number of 5,000 digits",
    "an escaped NUL character",
    "a list",
    "a number",
    "a bracket too few",
}


class Lists(HostileServer):
    """Answers with the pages of a list, and with each damaged record alone."""

    def __init__(self, name, pages=PAGES, size=PAGE_SIZE):
        super().__init__(self._served)
        self.list = damaged_list(name, pages, size, f"{self.url}/v2/user-uploads")
        self.pages = self.list.pages

    def _served(self, seen):
        where = urlsplit(seen.path)
        upload_id = where.path.rpartition("/")[2]
        if upload_id in self.list.damaged:
            return Answer(body=self.list.damaged[upload_id])
        if upload_id in ("users", "accounts"):
            return Answer(body=b'{"next": null, "results": []}')
        page = self.pages[int(parse_qs(where.query).get("cursor", ["0"])[0])]
        return Answer(body=page, headers={"Connection": "keep-alive"})


def ids_of(frame):
    name = "id" if "id" in frame else "upload_id"
    return [*dict.fromkeys(frame[name])]


def listed(server, _):
    with client_of(server) as client:
        return [upload.id for upload in client.list_uploads()]


def fetched(server, _):
    with client_of(server) as client:
        return ids_of(fetch(client).uploads)


def pulled(server, folder):
    with client_of(server) as client:
        return ids_of(Archive(folder).pull(client).uploads)


def refreshed(server, folder):
    """Pull a list whose uploads are still processing, then refresh it: each page is damaged now."""
    records = range(len(server.pages) * len(decode_page(server.pages[0]).results))
    damaged, still = server.pages, [moving(n, updated_at=None) for n in records]
    server.pages = [json.dumps({"next": None, "results": still}).encode()]
    with client_of(server) as client:
        Archive(folder).pull(client)
        server.pages = damaged
        return ids_of(Archive(folder).refresh(client).uploads)


def kept(server, folder):
    return filled(folder, *server.pages)


READERS = {
    "list_uploads": listed,
    "fetch": fetched,
    "Archive.pull": pulled,
    "Archive.refresh": refreshed,
    "Archive.uploads": lambda server, folder: ids_of(kept(server, folder).uploads()),
    "Archive.signals": lambda server, folder: ids_of(kept(server, folder).signals()),
    "Archive.ocr": lambda server, folder: ids_of(kept(server, folder).ocr()),
    "Archive.scan": lambda server, folder: ids_of(kept(server, folder).scan().uploads),
    "uploads_frame": lambda server, _: ids_of(uploads_frame(server.pages, errors="warn")),
    "signals_frame": lambda server, _: ids_of(signals_frame(server.pages, errors="warn")),
    "flatten": lambda server, _: ids_of(flatten(server.pages, errors="warn").uploads),
    "ocr_frame": lambda server, _: ids_of(ocr_frame(server.pages, errors="warn")),
}


def read(reader, server, folder):
    """Give the ids that arrive, and what is told."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        ids = READERS[reader](server, folder)
    return ids, " ".join(str(one.message) for one in told)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_all_others_arrive_and_the_damaged_are_told(damage, reader, tmp_path):
    with Lists(damage) as server:
        ids, told = read(reader, server, tmp_path)
        assert [one for one in ids if one not in server.list.damaged] == server.list.others
        unread = PAGES - sum(one in server.list.damaged for one in ids)
    assert f"were left out: {unread} (record" in told if unread else not told
    assert unread == PAGES or damage in READABLE_SOMEWHERE


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_archive_keeps_the_bytes_as_they_came(damage, tmp_path):
    with Lists(damage) as server:
        read("Archive.pull", server, tmp_path)
    store = PageStore(tmp_path)
    assert [*store.pages([entry.sha256 for entry in store.entries()])] == server.pages


@pytest.mark.parametrize("damage", ["NaN", CUT_OFF, "a bracket too many"])
def test_an_answer_for_one_upload_is_told_with_its_id(damage, tmp_path):
    with Lists(damage) as server, client_of(server) as client:
        ids = [*server.list.damaged]
        still = [moving(int(one[-12:], 16)) for one in ids]
        filled(tmp_path, still, scope=scope_of(client.settings), listed=False)
        with pytest.warns(UserWarning, match=f"left out: {PAGES} .record {ids[0]}, at"):
            assert Archive(tmp_path).refresh(client).uploads.empty


def test_a_version_that_cannot_be_read_hides_no_other(tmp_path):
    one = record(1, updated_at="2026-05-04T12:00:00Z")
    bad = json.dumps(one | {"updated_at": "2026-05-04T13:00:00Z"}).replace('"Ada Sample"', "NaN")
    archive = filled(tmp_path, [one], f'{{"next": null, "results": [{bad}]}}'.encode())
    with pytest.warns(UserWarning, match="NaN is not JSON"):
        assert len(archive.history(one["id"])) == 1
    with pytest.raises(DecodeError, match=r"at \$.metadata.ocr_data.employee.name: NaN"):
        archive.raw(one["id"])
    with pytest.warns(UserWarning, match="NaN is not JSON"):  # it is the newest
        assert archive.uploads().empty


# Take a guard away, and it shows


@pytest.mark.parametrize("reader", READERS)
def test_without_the_cutting_the_whole_page_would_be_lost(reader, tmp_path, monkeypatch):
    with Lists("NaN") as server:
        monkeypatch.setattr(models, "cut_page", lambda _: None)
        with pytest.raises((ArgyleError, AssertionError)):
            assert set(read(reader, server, tmp_path)[0]) >= set(server.list.others)


# What decides whether a document is sent again takes no list with a gap for the whole


@pytest.mark.parametrize("damage", ["NaN", CUT_OFF])
def test_a_document_is_not_sent_again_while_a_new_record_of_the_list_cannot_be_read(
    damage, tmp_path
):
    """The record may be the very upload whose answer was lost."""
    bad = damaged(damage, 1, random.Random(1))  # noqa: S311 - the same each time

    def answer(seen):
        if seen.method == "POST":
            return RESET
        shown = bad if server.posts else b""
        return Answer(body=b'{"next": null, "results": [' + shown + b"]}")

    (tmp_path / "a.pdf").write_bytes(PDF)
    manifest = pd.DataFrame(
        {"file": [str(tmp_path / "a.pdf")], "document_type": ["paystubs"], "user": [USER_ID]}
    )
    with HostileServer(answer) as server:
        result = run(server, manifest, tmp_path / "log.sqlite")
    assert server.posts == 1
    assert result["state"].tolist() == ["not_confirmed"]
