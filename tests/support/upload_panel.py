"""Steps with an upload panel, and what its page heard, without a browser."""

import hashlib

from argyle_nb.widgets.upload import _DEFAULTS
from tests.support.upload_queues import until


def drop(panel, path, name=None):
    """Let a file come from the browser, whole."""
    content, key = path.read_bytes(), f"k{len(panel.queue.files)}"
    digest = hashlib.sha256(content).hexdigest()
    panel.receiver.whole(key, name or path.name, 0, content, digest)
    return key


def aside(page):
    """The newest message that was not asked for and is no news of rows."""
    pushed = [message for message, _ in page.heard if "number" not in message]
    return [message for message in pushed if message["about"] != "files"][-1:]


def pushed(page):
    """The messages with news of rows."""
    return [message for message, _ in page.heard if message["about"] == "files"]


def shown(page):
    """All rows as the page shows them after the news it heard."""
    rows = {}
    for news in pushed(page):
        rows |= {row["file"]: _DEFAULTS | row for row in news["files"]}
        for change in news["changes"]:
            rows[change["file"]] |= change
        for key in news["gone"]:
            rows.pop(key, None)
    return rows


def row(page, key):
    """A row as the page shows it, with what the kernel leaves out."""
    [found] = [row for row in page.ask("open")["files"] if row["file"] == key]
    return _DEFAULTS | found


def is_ready(page, key):
    told = row(page, key)
    return told["state"] == "ready" and told["type"]


def sent(panel, page, key, user):
    page.ask("set", all=True, user=user)
    until(lambda: panel.queue.find(key).state == "ready" and panel.queue.find(key).document_type)
    assert "error" not in page.ask("send")
    until(lambda: panel.queue.find(key).state == "done")
    return panel.queue.find(key)
