"""Files from the browser to the kernel, spoken of as the browser does, without a browser."""

import base64
import hashlib
import json
import re

import msgspec
import pytest
from ipywidgets.embed import embed_data

from argyle_nb.documents import MAX_DOCUMENT_BYTES
from argyle_nb.widgets.upload import UploadPanel
from tests.support.servers import PDF, until

CONTENT = PDF + b"x" * 5000
SIZE = len(CONTENT)
NAME = "<img src=x onerror=alert(1)>.pdf"
SCRIPT = str(UploadPanel._esm)


class Recorder:
    """Keeps what would go to the browser."""

    def __init__(self, panel):
        self.sent = []
        self.comm = panel.comm
        self.comm.publish_msg = self.note

    def note(self, _, data=None, **__):
        self.comm._reply_subshell_id = None
        self.sent.append(data or {})

    def answers(self, *about):
        told = [data["content"] for data in self.sent if data.get("method") == "custom"]
        return [answer for answer in told if answer["about"] in about]


@pytest.fixture
def panel(client, tmp_path):
    made = UploadPanel(client, tmp_path / "journal.sqlite")
    made.recorder = Recorder(made)
    yield made
    made.close()


def say(panel, kind, *buffers, **fields):
    """Do what the kernel does with a message from the browser; give the answer."""
    panel._handle_custom_msg({"kind": kind, **fields}, [memoryview(b) for b in buffers])
    return panel.recorder.answers(kind)[-1]


def begin(panel, key="k1", name=NAME, size=SIZE, modified=1, **fields):
    one = {"file": key, "name": name, "size": size, "modified": modified}
    return say(panel, "begin", files=[one], **fields)


def send(panel, key="k1", name=NAME, content=CONTENT):
    begin(panel, key, name, len(content))
    say(panel, "slice", content, file=key, offset=0)
    return say(panel, "finish", file=key, sha256=hashlib.sha256(content).hexdigest())


def whole(panel, contents):
    files = [
        {"file": key, "name": f"{key}.pdf", "sha256": hashlib.sha256(content).hexdigest()}
        for key, content in contents.items()
    ]
    return say(panel, "whole", *contents.values(), files=files)


def arrived(panel):
    return [file for file in panel.receiver.files if file.state == "arrived"]


def test_a_file_said_in_slices_is_here(panel):
    answer = send(panel)
    assert (answer["about"], answer["rows"][0]["state"]) == ("finish", "arrived")
    [file] = arrived(panel)
    assert file.path.read_bytes() == CONTENT


def test_many_small_files_come_in_one_message_and_each_is_a_document_of_the_queue(panel):
    contents = {f"k{number}": CONTENT + b"%d" % number for number in range(40)}
    answer = whole(panel, contents)
    assert [row["state"] for row in answer["rows"]] == ["arrived"] * 40
    assert [file.key for file in panel.queue.files] == list(contents)
    assert [file.path.read_bytes() for file in arrived(panel)] == list(contents.values())


def test_a_message_of_small_files_may_be_repeated(panel):
    for _ in range(2):
        whole(panel, {"k1": CONTENT, "k2": b"no document"})
    assert [file.state for file in panel.receiver.files] == ["arrived", "invalid"]
    assert len(panel.queue.files) == 1


def test_a_small_file_that_is_damaged_on_its_way_is_told_apart_from_the_others(panel):
    files = [{"file": key, "name": "a.pdf", "sha256": "00"} for key in ("k1", "k2")]
    files[1]["sha256"] = hashlib.sha256(CONTENT).hexdigest()
    answer = say(panel, "whole", CONTENT, CONTENT, files=files)
    assert [row["state"] for row in answer["rows"]] == ["failed", "arrived"]
    assert "The copy is corrupted" in answer["rows"][0]["message"]


def test_a_small_file_that_was_begun_in_slices_before_starts_over(panel):
    begin(panel, "k1")
    say(panel, "slice", CONTENT[:9], file="k1", offset=0)
    files = [{"file": "k1", "name": NAME, "modified": 1}]
    files[0]["sha256"] = hashlib.sha256(CONTENT).hexdigest()
    assert say(panel, "whole", CONTENT, files=files)["rows"][0]["state"] == "arrived"


def test_files_are_announced_so_that_each_is_a_row_and_only_trouble_is_answered(panel):
    files = [{"file": f"k{n}", "name": "a.pdf", "size": n, "modified": 1} for n in range(3)]
    answer = say(panel, "announce", files=files)
    assert [(row["file"], row["state"]) for row in answer["rows"]] == [("k0", "invalid")]
    assert [row["file"] for row in panel._rows().values()] == ["k0", "k1", "k2"]


def test_each_message_is_answered_with_the_files_row(panel):
    assert begin(panel, number="n1") == {
        "about": "begin",
        "number": "n1",
        "rows": [{"file": "k1", "state": "copying", "received": 0, "message": ""}],
    }


def test_a_slice_that_is_ahead_is_called_so(panel):
    begin(panel)
    assert say(panel, "slice", CONTENT[9:], file="k1", offset=9)["ahead"]
    assert not say(panel, "slice", CONTENT[:9], file="k1", offset=0)["ahead"]


@pytest.mark.parametrize(
    ("kind", "fields", "state"),
    [
        ("where", {"file": "k1"}, "copying"),
        ("prove", {"file": "k1", "offset": 0, "sha256": ""}, "copying"),
        ("cancel", {"files": [{"file": "k1"}]}, "cancelled"),
        ("fail", {"file": "k1", "reason": "cannot be read"}, "failed"),
        ("refuse", {"files": [{"file": "k1", "reason": "is no document"}]}, "invalid"),
    ],
)
def test_what_else_the_browser_may_say_of_a_file(panel, kind, fields, state):
    begin(panel)
    assert say(panel, kind, **fields)["rows"][0]["state"] == state


def test_what_the_browser_cannot_mean_is_an_error_and_changes_nothing(panel):
    with pytest.raises(msgspec.ValidationError):
        panel._receive(None, {"kind": "begin", "files": [{"file": "k1", "size": "9"}]}, [])
    assert panel.receiver.files == []


def test_no_message_has_an_id_that_the_kernel_would_take_for_a_request(panel):
    send(panel)
    say(panel, "remove", number="n1", keys=["k1"])
    assert panel.recorder.sent
    assert not any("id" in data.get("content", {}) for data in panel.recorder.sent)


def test_news_of_a_file_in_many_slices_are_few_and_end_up_right(panel):
    begin(panel)
    for at in range(0, len(CONTENT), 10):
        say(panel, "slice", CONTENT[at : at + 10], file="k1", offset=at)
    until(lambda: panel._pushed.get("k1", {}).get("fraction") == 1)
    assert len(panel.recorder.answers("files")) < 50


def test_nothing_that_is_sent_ties_the_panel_to_a_running_cell(panel):
    """The kernel notes on the comm who sent last, and sends the browser's next message there."""
    send(panel)
    until(lambda: panel.recorder.answers("files"))
    assert not hasattr(panel.comm, "_reply_subshell_id")


def test_removing_a_file_removes_its_copy(panel):
    send(panel)
    [file] = arrived(panel)
    say(panel, "remove", number="n1", keys=["k1"])
    assert not file.path.exists()
    assert panel.receiver.files == []


def test_the_browser_knows_the_limit_and_the_slices(panel):
    assert panel.rules["max_bytes"] == MAX_DOCUMENT_BYTES
    # Colab's messages end at about 1 MB, JupyterLab's at 10 MiB.
    assert panel.rules["slice_bytes"] < 1_000_000
    assert panel.rules["unacknowledged"] == 4


def test_the_saved_state_holds_neither_content_nor_path(panel):
    send(panel)
    until(lambda: panel.saved["files"])
    saved = json.dumps(embed_data(views=[panel]))
    # Binary state is saved in base64; thirty bytes are whole groups of three.
    assert base64.b64encode(CONTENT[:30]).decode() not in saved
    assert CONTENT[-30:].decode() not in saved
    assert str(arrived(panel)[0].path.parent) not in saved


def test_closing_removes_every_copy(panel):
    send(panel)
    [file] = arrived(panel)
    panel.close()
    assert not file.path.exists()


def test_the_script_shows_everything_as_text():
    assert "textContent" in SCRIPT
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", SCRIPT)


def test_the_script_loads_nothing_from_elsewhere():
    # The name of SVG looks like an address, and nothing is loaded from there.
    told = SCRIPT.replace('"http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|\bimport\b", told)
