"""`UploadPanel`: choose files, a type and a user; watch each to its score."""

from __future__ import annotations

import html
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from argyle_nb.config import LOCAL
from argyle_nb.errors import ArgyleError, ValidationError
from argyle_nb.frames import uploads_frame
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.widgets.queue import DONE, FAILED_STATES, QueuedFile, UploadQueue

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from argyle_nb.client import Client

NEW_USER = "new"
USERS_SHOWN = 200
ACCEPTED = ".pdf,.png,.jpg,.jpeg,.heic"

_LIMIT_NOTE = (
    "At most 10 MB in one choice (a limit of the file control); for more use anb.upload_batch."
)


class UploadPanel(widgets.VBox):
    """Upload documents from a notebook.

    Files are chosen in the browser, copied to the kernel, and sent from there in a thread, each
    once (see `upload_batch`). Their contents never stay in the widget, so they are not saved with
    the notebook.

    Parameters
    ----------
    client
        From `connect`.
    journal
        The SQLite file that remembers what was sent.

    Examples
    --------
    >>> panel = UploadPanel(client)
    >>> panel.frame["id"].tolist()
    []
    """

    def __init__(self, client: Client, journal: Path | str | None = None) -> None:
        self._client = client
        self._queue = UploadQueue(client, self._show, journal)
        self._rows: dict[int, _Row] = {}
        self._known: dict[str, str] = {}
        self._build()
        super().__init__(children=self._layout())
        self._files.observe(self._take, names="value")
        self._users.observe(self._show_new_user, names="value")
        self._button.on_click(self._send)
        self._load_users()

    @property
    def frame(self) -> pd.DataFrame:
        """What was uploaded with this panel, as `uploads_frame` gives it."""
        return uploads_frame(self._queue.uploads)

    def _build(self) -> None:
        wide = {"description_width": "110px"}
        self._files = widgets.FileUpload(
            accept=ACCEPTED, multiple=True, description="Choose files", tooltip="Choose documents"
        )
        self._types = widgets.Dropdown(
            options=DOCUMENT_TYPES, description="Document type", style=wide
        )
        self._users = widgets.Dropdown(description="User", style=wide)
        self._new_user = widgets.Text(
            description="External id",
            placeholder="your own name for the user",
            style=wide,
            layout={"width": "400px"},
        )
        self._button = widgets.Button(
            description="Upload", button_style="primary", icon="upload", disabled=True
        )
        self._status = widgets.HTML()
        self._list = widgets.VBox()

    def _layout(self) -> list[widgets.Widget]:
        where = self._client.settings
        sandbox = "; scores are a stand-in" if where.environment == LOCAL else ""
        banner = f"<b>Upload to Argyle</b> ({html.escape(where.environment)}{sandbox})"
        return [
            widgets.HTML(banner),
            widgets.HBox([self._files, widgets.HTML(f"<small>{_LIMIT_NOTE}</small>")]),
            self._types,
            widgets.HBox([self._users, self._new_user]),
            self._button,
            self._list,
            self._status,
        ]

    def _load_users(self) -> None:
        try:
            for user in islice(self._client.list_users(), USERS_SHOWN):
                # Labels are saved with the notebook, so they hold no e-mail address.
                self._known[user.id] = user.external_id or user.id[:8]
        except ArgyleError as error:
            self._tell(str(error))
        self._choose(NEW_USER)

    def _choose(self, user: str) -> None:
        self._users.options = [("New user ...", NEW_USER), *_labels(self._known)]
        self._users.value = user

    def _show_new_user(self, change: dict[str, Any]) -> None:
        self._new_user.layout.display = None if change["new"] == NEW_USER else "none"

    def _take(self, change: dict[str, Any]) -> None:
        chosen = change["new"]
        if not chosen:
            return
        # Else the documents would be saved with the notebook, and could not be chosen again.
        self._files.value = ()
        for item in chosen:
            file = self._queue.add(item["name"], item["content"])
            self._row_of(file)
        self._offer()

    def _send(self, _: widgets.Button) -> None:
        # A second click waits in the browser while the first is served.
        if not self._queue.ready:
            return
        try:
            user = self._chosen_user()
        except ArgyleError as error:
            self._tell(str(error))
            return
        self._tell("")
        self._queue.send(self._types.value, user)
        self._offer()

    def _chosen_user(self) -> str:
        if self._users.value != NEW_USER:
            return str(self._users.value)
        external_id = self._new_user.value.strip()
        if not external_id:
            raise ValidationError(
                "name the user first: choose one, or write your own name for a new one "
                "as the external id"
            )
        user = self._queue.user_of(external_id)
        self._known = {user: external_id, **self._known}
        self._choose(user)
        return user

    def _show(self, file: QueuedFile) -> None:
        self._row_of(file).show(file)

    def _row_of(self, file: QueuedFile) -> _Row:
        if id(file) not in self._rows:
            row = _Row(file)
            self._rows[id(file)] = row
            self._list.children = (*self._list.children, row.box)
        return self._rows[id(file)]

    def _offer(self) -> None:
        count = len(self._queue.ready)
        self._button.disabled = count == 0
        noun = "document" if count == 1 else "documents"
        self._button.description = f"Upload {count} {noun}" if count else "Upload"

    def _tell(self, message: str) -> None:
        self._status.value = html.escape(message)


class _Row:
    """One file: its name and size, how much is sent, and what came of it."""

    def __init__(self, file: QueuedFile) -> None:
        name = widgets.HTML(f"{html.escape(file.name)} <small>{_size(file.size)}</small>")
        name.layout.width = "45%"
        self._bar = widgets.FloatProgress(max=1.0, layout={"width": "15%"})
        self._text = widgets.HTML(layout={"width": "40%"})
        self.box = widgets.HBox([name, self._bar, self._text])
        self.show(file)

    def show(self, file: QueuedFile) -> None:
        self._bar.value = file.fraction
        self._bar.bar_style = (
            "danger" if file.state in FAILED_STATES else "success" if file.state == DONE else "info"
        )
        mark = {DONE: "&#10003; "}.get(file.state, "")
        if file.state in FAILED_STATES:
            mark = f"&#9888; {file.state}: "
        self._text.value = mark + html.escape(file.message)


def _labels(known: dict[str, str]) -> list[tuple[str, str]]:
    """Pair labels with user ids; a label that several would share names the whole id."""
    count = Counter(known.values())
    return [
        (label if count[label] == 1 else f"{label} ({user})", user) for user, label in known.items()
    ]


def _size(count: int) -> str:
    return f"{count / 1e3:,.1f} kB"
