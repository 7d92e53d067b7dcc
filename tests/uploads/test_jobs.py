"""One document that is sent: what the upload log says of it afterwards, however that ended."""

import threading

import pytest

from argyle_nb.documents import inspect_document
from argyle_nb.uploads.jobs import RolledBack, send_once
from argyle_nb.uploads.log import UploadKey, UploadLog
from tests.faults.ledger import UPLOAD
from tests.faults.server import FaultServer
from tests.support.batches import run, states
from tests.support.servers import USER_ID, HostileServer, client_of, until, upload_answer


def send_one(server, document, upload_log, progress=None):
    with client_of(server) as client, UploadLog(upload_log) as opened:
        key = UploadKey(client.settings.log_scope, document.sha256, "paystubs", USER_ID)
        return send_once(client, opened, key, document, progress).entry


def test_a_document_that_vanishes_after_its_inspection_is_unsent(stubs, upload_log):
    document = inspect_document(stubs(1).loc[0, "file"])
    document.path.unlink()
    with HostileServer(upload_answer()) as server:
        assert send_one(server, document, upload_log).state == "new"
    assert states(upload_log) == ["new"]
    assert server.seen == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupt_passes_through_and_leaves_the_row_unknown(stubs, upload_log, stop):
    def interrupt(*_):
        raise stop

    with HostileServer(upload_answer()) as server:
        document = inspect_document(stubs(1).loc[0, "file"])
        with pytest.raises(stop):
            send_one(server, document, upload_log, interrupt)
        assert run(server, stubs(1), upload_log).loc[0, "state"] == "not_confirmed"
    assert states(upload_log) == ["not_confirmed"]


def test_once_the_last_block_is_handed_over_a_document_cannot_be_rolled_back(stubs, upload_log):
    is_late = threading.Event()

    def roll_back_when_late(sent, total):
        if is_late.is_set():
            raise RolledBack
        if sent == total:
            is_late.set()

    document = inspect_document(stubs(1).loc[0, "file"])
    with HostileServer(upload_answer()) as server:
        assert send_one(server, document, upload_log, roll_back_when_late).state == "uploaded"
    assert states(upload_log) == ["uploaded"]


def test_a_document_that_is_rolled_back_before_its_last_block_leaves_is_not_stored(
    stubs, upload_log
):
    def roll_back_at_the_end(sent, total):
        if sent == total:
            raise RolledBack

    document = inspect_document(stubs(1).loc[0, "file"])
    with FaultServer() as server:
        assert send_one(server, document, upload_log, roll_back_at_the_end).state == "new"
        until(lambda: server.ledger.count(UPLOAD) == 1)
        assert server.ledger.documents == []
