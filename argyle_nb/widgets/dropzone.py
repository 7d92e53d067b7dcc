"""`DropZone`: documents from the browser to the kernel's disk, of any size, by drag and drop.

What the next widget's author should know of JupyterLab 4.6 with ipykernel 7.4:

- JupyterLab sends widget messages to another thread (a subshell), so that they are served while a
  cell runs. But the kernel sends a widget's messages to the shell that *last sent on that widget's
  comm*. Whatever a cell sends, the comm's opening too, and every answer to a message that came
  before the subshell was there, pins the comm to the main shell, where everything waits for the
  cells. `_DropArea` takes the pin off after each sending.
- A plain `ipywidgets.Button` of a cell stays on the main shell: its click waits for the cell.
  What must work at any time (cancel, retry) belongs into the JavaScript.
- All widgets share one subshell: a slow handler holds up every other widget. Work goes elsewhere.
- The content of a message must not have a text under the key ``id``; the kernel takes it for
  the number of a request and may send it to another thread.
- JupyterLab drops a kernel's messages beyond 1,000 a second, and closes the connection on a message
  of more than 10 MiB. Hence slices below 1 MB, and progress at most ten times a second.
- JupyterLab's shortcuts are caught before an element sees the key. Only the attribute
  ``data-lm-suppress-shortcuts`` keeps them away; ``stopPropagation`` does not.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import anywidget
import ipywidgets as widgets
import msgspec
import traitlets

from argyle_nb.documents import MAX_DOCUMENT_BYTES
from argyle_nb.widgets.panel import Throttle, later, read_static
from argyle_nb.widgets.receiving import ARRIVED, ReceivedFile, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable

# The larger the faster, up to about 1 MiB (tests/benchmarks/dropzone_speed.py), but Colab's
# messages end at about 1 MB.
SLICE_BYTES = 768 * 1024
UNACKNOWLEDGED_SLICES = 4
ROWS_SECONDS = 0.1
# So long may the front end take to load the drop zone before the plain control appears.
PLAIN_AFTER_SECONDS = 10.0
ACCEPTED = ".pdf,.png,.jpg,.jpeg,.heic,.heif"

_PLAIN_NOTE = (
    "No drop zone above? This plain control takes at most 10 MB in one choice; more is lost "
    "without a word. For larger files give <code>anb.upload_batch</code> their paths."
)


class DropZone(widgets.VBox):
    """Takes documents from the browser, slice by slice, to private files beside the kernel.

    Files come by drag and drop, by a click or by the keyboard, several at once and whole folders.
    A file goes on after a lost connection; after the page was loaded anew, once it is chosen
    again. Cancel and retry work while a cell runs. Neither contents nor paths are saved with the
    notebook; names and sizes are. Where the front end cannot show it, the stock file control
    appears in its place, with its limit written beside it.

    ``on_change`` is called with each file whose state changed, on a thread that serves all widgets:
    it must be quick, may set traits, and must neither print nor display. With ``hand_over`` files
    that have arrived are not listed, as something else shows them. ``is_needed`` is asked at
    closing: whether the copies are being read, and so must stay until Python ends or nothing holds
    the zone any more.
    """

    def __init__(
        self,
        *,
        max_bytes: int = MAX_DOCUMENT_BYTES,
        on_change: Callable[[ReceivedFile], None] = lambda _: None,
        hand_over: bool = False,
        is_needed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_needed = is_needed
        self._receiver = Receiver(max_bytes, on_change)
        self._area = _DropArea(rules=_rules(max_bytes) | {"hand_over": hand_over})
        self._show_rows = Throttle(ROWS_SECONDS, self._set_rows)
        self._plain = widgets.FileUpload(
            accept=ACCEPTED, multiple=True, description="Choose files", tooltip="Choose documents"
        )
        note = widgets.HTML(f"<small>{_PLAIN_NOTE}</small>")
        self._instead = widgets.VBox([self._plain, note], layout={"display": "none"})
        self._is_shown = threading.Event()
        super().__init__(children=[self._area, self._instead])
        self._area.on_msg(self._answer)
        self._plain.observe(self._take_plain, names="value")
        # Weakly, else the timer would keep the zone alive.
        later(PLAIN_AFTER_SECONDS, partial(_call_if_alive, weakref.WeakMethod(self._show_plain)))

    def __repr__(self) -> str:
        files = self.files
        return f"DropZone({len(files)} files, {sum(f.state == ARRIVED for f in files)} here)"

    @property
    def files(self) -> list[ReceivedFile]:
        """All files in the order in which they were chosen, whatever became of them."""
        return self._receiver.files

    @property
    def arrived(self) -> list[ReceivedFile]:
        """The files that are here; each has a ``path`` and a ``sha256``."""
        return [file for file in self.files if file.state == ARRIVED]

    def remove(self, *keys: str) -> None:
        """Take files off the list and remove their copies; unknown keys are ignored."""
        known = {file.key for file in self.files}
        gone = [self._receiver.remove(key) for key in keys if key in known]
        if gone:
            self._area.send({"about": "remove", "rows": [_row(file) for file in gone]})
            self._show_rows()

    def close(self) -> None:
        """Close the widget and remove all copies, unless they are needed still."""
        if not self._is_needed():
            self._receiver.close()
        for part in (self._area, self._instead, *self._instead.children):
            part.close()
        super().close()

    def _answer(self, _: Any, content: Any, buffers: list[memoryview]) -> None:
        message = msgspec.convert(content, _Message)
        answer: dict[str, Any] = {"about": message.kind, "number": message.number}
        if message.kind == "hello":
            self._is_shown.set()
            self._instead.layout.display = "none"
        else:
            slice_content = buffers[0] if buffers else memoryview(b"")
            file = _STEPS[message.kind](self._receiver, message, slice_content)
            ahead = message.kind == "slice" and message.offset > file.received
            answer |= {"row": _row(file), "ahead": ahead}
        self._area.send(answer)
        self._show_rows()

    def _show_plain(self) -> None:
        if not self._is_shown.is_set():
            self._instead.layout.display = None

    def _take_plain(self, change: dict[str, Any]) -> None:
        chosen = change["new"]
        if not chosen:
            return
        # Else the documents would be saved with the notebook, and could not be chosen again.
        self._plain.value = ()
        for item in chosen:
            key = uuid.uuid4().hex
            self._receiver.begin(key, item["name"], len(item["content"]), 0)
            self._receiver.slice(key, 0, item["content"])
            self._receiver.finish(key)
        self._show_rows()

    def _set_rows(self) -> None:
        self._area.rows = [_row(file) for file in self.files]


class _DropArea(anywidget.AnyWidget):
    """What the browser shows; only names, sizes and states are ever in its traits."""

    _esm = read_static("panel.js", "sha256.js", "dropzone.js")
    _css = read_static("panel.css", "dropzone.css")
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    rules: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def open(self) -> None:
        super().open()
        self._unpin()

    def _send(self, msg: dict[str, Any], buffers: list[Any] | None = None) -> None:
        super()._send(msg, buffers)
        self._unpin()

    def _unpin(self) -> None:
        """Let the browser's next message go where the browser sent it (see the top)."""
        # There is no public way; where the attribute does not exist nothing happens.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)


class _Message(msgspec.Struct):
    """What the browser says; anything else is an error in the kernel's log.

    A slice has no number: several are on their way at once.
    """

    kind: Literal[
        "hello", "begin", "refuse", "prove", "slice", "where", "finish", "fail", "cancel", "remove"
    ]
    number: str | None = None
    file: str = ""
    name: str = ""
    size: int = 0
    modified: int = 0
    offset: int = 0
    sha256: str = ""
    reason: str = ""


# Each may be repeated without harm, which is how the browser goes on when no answer came.
_STEPS: dict[str, Callable[[Receiver, _Message, memoryview], ReceivedFile]] = {
    "begin": lambda to, m, _: to.begin(m.file, m.name, m.size, m.modified),
    "refuse": lambda to, m, _: to.refuse(m.file, m.name, m.size, m.reason),
    "prove": lambda to, m, _: to.prove(m.file, m.offset, m.sha256),
    "slice": lambda to, m, content: to.slice(m.file, m.offset, content),
    "where": lambda to, m, _: to.find(m.file),
    "finish": lambda to, m, _: to.finish(m.file, m.sha256),
    "fail": lambda to, m, _: to.fail(m.file, m.reason),
    "cancel": lambda to, m, _: to.cancel(m.file),
    "remove": lambda to, m, _: to.remove(m.file),
}


def _call_if_alive(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    if call := method():
        call()


def _rules(max_bytes: int) -> dict[str, Any]:
    return {
        "max_bytes": max_bytes,
        "accept": ACCEPTED,
        "slice_bytes": SLICE_BYTES,
        "unacknowledged": UNACKNOWLEDGED_SLICES,
    }


def _row(file: ReceivedFile) -> dict[str, Any]:
    return {
        "file": file.key,
        "name": file.chosen_name,
        "size": file.size,
        "modified": file.modified,
        "state": file.state,
        "received": file.received,
        "message": file.message,
    }
