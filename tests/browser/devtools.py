"""A Chromium driven by hand, for what Playwright cannot carry.

Playwright's driver receives a copy of every websocket frame: it breaks on one of 300 MB, and takes
its part of the processors while speed is measured.
"""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

from tests.browser.lab import (
    CHROMIUM,
    CHROMIUM_FLAGS,
    KERNEL_READY,
    RUN_ALL,
    RUN_CODE,
    START_SECONDS,
    STEP_SECONDS,
    address_of,
)

FLAGS = ["--headless=new", "--remote-debugging-port=0", "--window-size=1280,1000"]


class BarePage:
    """One window, spoken to in the DevTools protocol."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._count = 0
        self._events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and give its result."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters}
        self._socket.send(json.dumps(command))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message.get("result", {})
            self._events.append(message)

    def event(self, method: str) -> dict[str, Any]:
        """Wait for an event and give what it says."""
        while not (found := [one for one in self._events if one.get("method") == method]):
            self._events.append(json.loads(self._socket.recv()))
        return found[-1]["params"]

    def take_events(self, method: str) -> list[dict[str, Any]]:
        """Give what the events of one kind said since the last call."""
        taken = [one["params"] for one in self._events if one.get("method") == method]
        self._events = [one for one in self._events if one.get("method") != method]
        return taken

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression as if the user had clicked, and give its value."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = START_SECONDS) -> Any:
        """Wait until an expression is true, and give its value."""
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"waited in vain for {expression}"
            time.sleep(0.02)
        return value

    def run_in_kernel(self, code: str) -> str:
        """Run code in the notebook's kernel, outside of any cell, and give what it printed."""
        return str(self.evaluate(f"({RUN_CODE})({json.dumps(code)})"))

    def choose(self, click: str, path: Path) -> None:
        """Click what opens the file chooser, and choose a file."""
        self.call("Page.enable")
        self.call("Page.setInterceptFileChooserDialog", enabled=True)
        self._events.clear()
        self.evaluate(click)
        node = self.event("Page.fileChooserOpened")["backendNodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], backendNodeId=node)


@contextmanager
def bare_notebook(lab: tuple[str, str], path: str) -> Iterator[BarePage]:
    """Open a notebook in a Chromium of its own and run it from the top, without waiting."""
    with _bare_page(address_of(lab, path)) as page:
        page.wait_for("!!document.querySelector('.jp-Notebook .jp-Cell')")
        page.evaluate(f"({KERNEL_READY})({STEP_SECONDS})")
        page.evaluate(f"({RUN_ALL})()")
        yield page


@contextmanager
def _bare_page(url: str) -> Iterator[BarePage]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [*CHROMIUM_FLAGS, *FLAGS]
        process = subprocess.Popen(
            [str(CHROMIUM), *flags, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            socket = create_connection(
                _socket_of(Path(profile)), timeout=START_SECONDS, suppress_origin=True
            )
            page = BarePage(socket)
            # Without the focus JupyterLab has no current notebook.
            page.call("Emulation.setFocusEmulationEnabled", enabled=True)
            page.call("Page.navigate", url=url)
            yield page
            socket.close()
        finally:
            process.terminate()
            process.wait(30)


def _socket_of(profile: Path) -> str:
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + START_SECONDS
    while not (port_file.exists() and port_file.read_text().count("\n")):
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    port = port_file.read_text().split("\n")[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
        pages = [one for one in json.load(answer) if one["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
