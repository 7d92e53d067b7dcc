"""The drop zone's kernel side, spoken to as the browser does, without a browser."""

import base64
import hashlib
import json
import re
import time
from datetime import UTC, datetime

import msgspec
import pytest
from ipywidgets.embed import embed_data

from argyle_nb.documents import MAX_DOCUMENT_BYTES
from argyle_nb.widgets import dropzone as dropzone_module
from argyle_nb.widgets.dropzone import DropZone
from tests.support.servers import PDF, until

CONTENT = PDF + b"x" * 5000
NAME = "<img src=x onerror=alert(1)>.pdf"
SCRIPT = str(dropzone_module._DropArea._esm)


class Recorder:
    """Keeps what would go to the browser, and when."""

    def __init__(self, zone):
        self.sent = []
        self.comm = zone._area.comm
        self.comm.publish_msg = self.note

    def note(self, _, data=None, **__):
        self.comm._reply_subshell_id = None
        self.sent.append((data or {}, time.monotonic()))

    @property
    def answers(self):
        return [data["content"] for data, _ in self.sent if data.get("method") == "custom"]

    @property
    def rows(self):
        return [
            (data["state"]["rows"], at) for data, at in self.sent if "rows" in data.get("state", {})
        ]


@pytest.fixture
def make_zone():
    """Give a function that makes a zone, which is closed after the test."""
    made = []

    def make(**options):
        zone = DropZone(**options)
        zone.recorder = Recorder(zone)
        made.append(zone)
        return zone

    yield make
    for zone in made:
        zone.close()


@pytest.fixture
def zone(make_zone):
    return make_zone()


def say(zone, kind, *buffers, **fields):
    """Do what the kernel does with a message from the browser; give the answer."""
    zone._area._handle_custom_msg({"kind": kind, **fields}, [memoryview(b) for b in buffers])
    return zone.recorder.answers[-1]


def send(zone, key="k1", name=NAME, content=CONTENT):
    say(zone, "begin", file=key, name=name, size=len(content), modified=1)
    say(zone, "slice", content, file=key, offset=0)
    return say(zone, "finish", file=key, sha256=hashlib.sha256(content).hexdigest())


def choose_plainly(zone, *contents):
    zone._plain.value = tuple(
        {
            "name": "stub.pdf",
            "type": "application/pdf",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime(2026, 1, 30, tzinfo=UTC),
        }
        for content in contents
    )


def test_a_file_said_in_slices_is_here(zone):
    answer = send(zone)
    assert (answer["about"], answer["row"]["state"]) == ("finish", "arrived")
    [file] = zone.arrived
    assert file.path.read_bytes() == CONTENT


def test_each_message_is_answered_with_the_files_row(zone):
    answer = say(zone, "begin", number="n1", file="k1", name=NAME, size=9, modified=7)
    assert answer == {
        "about": "begin",
        "number": "n1",
        "ahead": False,
        "row": {
            "file": "k1",
            "name": NAME,
            "size": 9,
            "modified": 7,
            "state": "receiving",
            "received": 0,
            "message": "",
        },
    }


def test_a_slice_that_is_ahead_is_called_so(zone):
    say(zone, "begin", file="k1", name=NAME, size=len(CONTENT), modified=1)
    assert say(zone, "slice", CONTENT[9:], file="k1", offset=9)["ahead"]
    assert not say(zone, "slice", CONTENT[:9], file="k1", offset=0)["ahead"]


@pytest.mark.parametrize(
    ("kind", "fields", "state"),
    [
        ("where", {}, "receiving"),
        ("prove", {"offset": 0, "sha256": ""}, "receiving"),
        ("cancel", {}, "cancelled"),
        ("fail", {"reason": "cannot be read"}, "failed"),
        ("refuse", {"reason": "is no document"}, "refused"),
        ("remove", {}, "gone"),
    ],
)
def test_what_else_the_browser_may_say_of_a_file(zone, kind, fields, state):
    say(zone, "begin", file="k1", name=NAME, size=len(CONTENT), modified=1)
    assert say(zone, kind, file="k1", **fields)["row"]["state"] == state


@pytest.mark.parametrize("message", [{"kind": "run"}, {"kind": "begin", "size": "9"}, "hello"])
def test_what_the_browser_cannot_mean_is_an_error_and_changes_nothing(zone, message):
    with pytest.raises(msgspec.ValidationError):
        zone._answer(None, message, [])
    assert zone.files == []


def test_no_message_has_an_id_that_the_kernel_would_take_for_a_request(zone):
    say(zone, "hello")
    send(zone)
    zone.remove("k1")
    assert zone.recorder.answers
    assert not any("id" in answer for answer in zone.recorder.answers)


def test_the_rows_are_shown_at_most_ten_times_a_second_and_end_up_right(zone):
    started = time.monotonic()
    say(zone, "begin", file="k1", name=NAME, size=len(CONTENT), modified=1)
    for at in range(0, len(CONTENT), 10):
        say(zone, "slice", CONTENT[at : at + 10], file="k1", offset=at)
    until(lambda: zone.recorder.rows[-1][0][0]["received"] == len(CONTENT))
    took = time.monotonic() - started
    assert len(zone.recorder.rows) <= took / 0.1 + 2


def test_nothing_that_is_sent_ties_the_zone_to_a_running_cell(zone):
    """The kernel notes on the comm who sent last, and sends the browser's next message there."""
    say(zone, "hello")
    send(zone)
    until(lambda: zone.recorder.rows)
    zone.remove("k1")
    until(lambda: zone.recorder.rows[-1][0] == [])
    assert not hasattr(zone._area.comm, "_reply_subshell_id")


def test_removing_a_file_removes_its_copy_and_tells_the_browser(zone):
    send(zone)
    [file] = zone.arrived
    zone.remove("k1")
    assert not file.path.exists()
    [row] = zone.recorder.answers[-1]["rows"]
    assert (row["file"], row["state"]) == ("k1", "gone")


def test_what_the_zone_does_not_have_is_removed_without_a_word(zone):
    send(zone)
    before = len(zone.recorder.answers)
    zone.remove("k2", "k3")
    assert len(zone.recorder.answers) == before
    assert len(zone.arrived) == 1


def test_every_change_of_a_file_is_told(make_zone, pdf):
    states = []
    zone = make_zone(on_change=lambda file: states.append(file.state))
    send(zone, content=pdf.read_bytes())
    assert states == ["receiving", "arrived"]


def test_the_browser_knows_the_limit_and_the_slices(zone):
    rules = zone._area.rules
    assert rules["max_bytes"] == MAX_DOCUMENT_BYTES
    # Colab's messages end at about 1 MB, JupyterLab's at 10 MiB.
    assert rules["slice_bytes"] < 1_000_000
    assert rules["unacknowledged"] == 4


def test_the_representation_tells_how_many_and_no_names(zone):
    send(zone)
    assert repr(zone) == "DropZone(1 files, 1 here)"


def test_the_saved_state_holds_neither_content_nor_path(zone):
    send(zone)
    until(lambda: zone._area.rows and zone._area.rows[0]["state"] == "arrived")
    saved = json.dumps(embed_data(views=[zone]))
    assert json.dumps(NAME) in saved
    # Binary state is saved in base64; thirty bytes are whole groups of three.
    assert base64.b64encode(CONTENT[:30]).decode() not in saved
    assert CONTENT[-30:].decode() not in saved
    assert str(zone.arrived[0].path.parent) not in saved


def test_closing_removes_every_copy(zone):
    send(zone)
    [file] = zone.arrived
    zone.close()
    assert not file.path.exists()


def test_the_plain_control_stays_hidden_once_the_browser_has_spoken(zone):
    say(zone, "hello")
    zone._show_plain()
    assert zone._instead.layout.display == "none"


def test_the_plain_control_appears_when_the_browser_cannot_show_the_zone(monkeypatch, make_zone):
    monkeypatch.setattr(dropzone_module, "PLAIN_AFTER_SECONDS", 0.01)
    zone = make_zone()
    until(lambda: zone._instead.layout.display is None)
    assert "at most 10 MB in one choice" in zone._instead.children[1].value


def test_the_plain_control_goes_when_the_browser_speaks_after_all(zone):
    zone._show_plain()
    say(zone, "hello")
    assert zone._instead.layout.display == "none"


def test_files_of_the_plain_control_arrive_as_well_and_never_stay_in_it(zone):
    choose_plainly(zone, CONTENT, b"not a document")
    assert [file.state for file in zone.files] == ["arrived", "refused"]
    assert zone.arrived[0].path.read_bytes() == CONTENT
    assert zone._plain.value == ()


def test_the_script_shows_everything_as_text():
    assert "textContent" in SCRIPT
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", SCRIPT)


def test_the_script_loads_nothing_from_elsewhere():
    assert not re.search(r"https?://|\bimport\b", SCRIPT)
