"""Steps with an upload panel, and what its page heard, without a browser."""

from tests.support.upload_queues import until


def drop(panel, path, name=None):
    """Let a file come from the browser, in one slice."""
    content, key = path.read_bytes(), f"k{len(panel.queue.files)}"
    receiver = panel._shared.zone._receiver
    receiver.begin(key, name or path.name, len(content), 0)
    receiver.slice(key, 0, content)
    receiver.finish(key)
    return key


def aside(page):
    """The newest message that was not asked for and is no news of rows."""
    pushed = [message for message, _ in page.heard if "number" not in message]
    return [message for message in pushed if message["about"] != "files"][-1:]


def pushed(page):
    """The messages with news of rows."""
    return [message for message, _ in page.heard if message["about"] == "files"]


def row(page, key):
    [found] = [row for row in page.ask("open")["files"] if row["file"] == key]
    return found


def is_ready(page, key):
    told = row(page, key)
    return told["state"] == "ready" and told["type"]


def sent(panel, page, key, user):
    page.ask("set", all=True, user=user)
    until(lambda: panel.queue.find(key).state == "ready" and panel.queue.find(key).document_type)
    page.ask("send")
    until(lambda: panel.queue.find(key).state == "done")
    return panel.queue.find(key)
