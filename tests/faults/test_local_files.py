"""Twenty-two files that are not what they should be: refused before anything is sent, or right."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.faults.server import FaultServer
from tests.support.batches import run
from tests.support.servers import PDF, USER_ID
from tests.support.small_documents import HEIC, JPEG, PNG, encrypted_pdf

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Case:
    """One file: how it is made, and what is said of it; ``None`` for one that is sent."""

    name: str
    make: Callable
    says: str | None


def written(content):
    return lambda path: path.write_bytes(content)


def linked_to(target):
    def make(path):
        path.symlink_to(path.parent / target)

    return make


def grown(path):
    path.write_bytes(PDF)
    os.truncate(path, 200_000_001)


CASES = [
    Case("missing", lambda _: None, "File not found"),
    Case("a folder", lambda path: path.mkdir(), "This is a folder"),
    Case("a pipe", lambda path: os.mkfifo(path), "Not a regular file"),  # noqa: PLW0108 - Windows has none
    Case("a broken link", linked_to("nowhere.pdf"), "File not found"),
    Case("a link in a circle", linked_to("stub.pdf"), "Check"),
    Case("no bytes", written(b""), "The file is empty (0 bytes)"),
    Case("over the limit", grown, "the limit is 200 MB"),
    Case("a program", written(b"MZ\x90\0" + bytes(99)), "Not a PDF, JPEG, PNG or HEIC"),
    Case("an archive", written(b"PK\3\4" + bytes(99)), "Not a PDF, JPEG, PNG or HEIC"),
    Case("a login page", written(b"<!DOCTYPE html><html>"), "Not a PDF, JPEG, PNG or HEIC"),
    Case("a PDF cut off", written(PDF[:150]), "no %%EOF marker"),
    Case("a PDF without pages", written(b"%PDF-1.7\nstartxref\n0\n%%EOF"), "no readable pages"),
    Case("a JPEG without its end", written(JPEG[:-2]), None),
    Case("a JPEG of a head only", written(JPEG[:20]), "no image"),
    Case("a PNG cut off", written(PNG[:-20]), "ends early"),
    Case("a PNG with changed bytes", written(PNG[:60] + b"?" + PNG[61:]), "checksum"),
    Case("a HEIC cut off", written(HEIC[:-9]), "ends early"),
    Case("a photo called pdf", written(JPEG), None),
    Case("an encrypted PDF", written(encrypted_pdf()), None),
    Case("a PDF with bytes before and behind", written(b"\r\n" + PDF + bytes(900)), None),
]
NAMES = {
    "a name with a line break": "a\r\nX-Header: 1.pdf",
    "a name of foreign and turning letters": "給与\u202efdp.März.pdf",
}


def sent(server, path, upload_log):
    manifest = pd.DataFrame({"file": [str(path)], "document_type": "W-2", "user": [USER_ID]})
    return run(server, manifest, upload_log)


@pytest.mark.filterwarnings("ignore:The row can't be uploaded:UserWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_is_refused_unsent_with_its_own_reason_or_sent_whole(case, tmp_path, upload_log):
    path = tmp_path / "stub.pdf"
    case.make(path)
    with FaultServer() as server:
        result = sent(server, path, upload_log)
        if case.says is None:
            assert result.loc[0, "state"] == "uploaded"
            assert [stored.content for stored in server.ledger.documents] == [path.read_bytes()]
        else:
            assert result.loc[0, "state"] == "invalid"
            assert case.says in result.loc[0, "reason"]
            assert server.ledger.requests == []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_wild_name_is_sent_as_one_safe_word(name, tmp_path, upload_log):
    (tmp_path / name).write_bytes(PDF)
    with FaultServer() as server:
        result = sent(server, tmp_path / name, upload_log)
        [stored] = server.ledger.documents
    assert result.loc[0, "state"] == "uploaded"
    assert stored.file_name.isprintable()
    assert stored.content == PDF


def test_there_are_twenty_two_cases():
    assert len(CASES) + len(NAMES) == 22
