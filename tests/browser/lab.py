"""A real JupyterLab on loopback and a real Chromium in front of it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60
RUN_SECONDS = 90

# Lab may lose the first execute requests until kernel info has come back.
KERNEL_READY = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""
# The promise is not returned: it would keep the page waiting while a cell runs.
RUN_ALL = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"


# Asked of the notebook's model: cells out of sight are not in the page.
ALL_RAN = """() => {
  const model = window.jupyterapp.shell.currentWidget.content.model;
  return [...model.cells].every(c => c.type !== 'code' || c.executionCount !== null);
}"""
FAILED_OUTPUTS = """() => {
  const model = window.jupyterapp.shell.currentWidget.content.model;
  const outputs = [...model.cells].filter(c => c.type === 'code').flatMap(c => c.outputs.toJSON());
  return outputs.filter(o => o.output_type === 'error' || o.name === 'stderr');
}"""


@contextmanager
def jupyter_lab(root: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Start JupyterLab on a folder and give its address and token."""
    port, token = _free_port(), secrets.token_hex(16)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    options = {
        "--ip": "127.0.0.1",
        "--port": port,
        "--ServerApp.port_retries": 0,
        "--IdentityProvider.token": token,
        "--ServerApp.root_dir": root,
        "--LabApp.expose_app_in_browser": True,
    }
    log = home / "lab.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *(f"{name}={value}" for name, value in options.items())],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(process, f"{address}/api?token={token}", log)
            yield address, token
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def open_notebook(address: str, token: str, path: str) -> Iterator[Page]:
    """Open a notebook in Chromium and wait until its kernel answers."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"{address}/lab/tree/{path}?token={token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_SECONDS * 1000)
        page.evaluate(KERNEL_READY)
        yield page
        browser.close()


def run_all_cells(page: Page) -> None:
    """Run the notebook from the top, without waiting for its end."""
    page.evaluate(RUN_ALL)


def wait_until_all_ran(page: Page) -> list[dict[str, object]]:
    """Wait for the last cell, and give what ended in an error or went to stderr."""
    page.wait_for_function(ALL_RAN, timeout=RUN_SECONDS * 1000)
    failed: list[dict[str, object]] = page.evaluate(FAILED_OUTPUTS)
    return failed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(START_SECONDS):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            # Waits up to a second for the server, or for its end.
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                continue
    raise RuntimeError(f"JupyterLab did not answer:\n{log.read_text()}")
