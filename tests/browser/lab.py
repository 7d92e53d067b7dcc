"""A real JupyterLab on loopback and a real Chromium in front of it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, sync_playwright

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
START_SECONDS = 180
STOP_SECONDS = 30
# Below the time after which a test counts as hung, so that the step that waits in vain is named.
RUN_SECONDS = 240
STEP_SECONDS = 120

# Lab may lose the first execute requests until kernel info has come back.
KERNEL_READY = """async seconds => {
  const pause = () => new Promise(resolve => setTimeout(resolve, 20));
  const answered = async () => {
    while (!window.jupyterapp?.shell.currentWidget?.context) await pause();
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
  };
  const late = new Promise((_, fail) =>
    setTimeout(() => fail(new Error("the kernel does not answer")), seconds * 1000));
  await Promise.race([answered(), late]);
}"""
# The promise is not returned: it would keep the page waiting while a cell runs.
RUN_CODE = """async code => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code });
  let printed = "";
  future.onIOPub = message => {
    if (message.header.msg_type === "stream") printed += message.content.text;
    if (message.header.msg_type === "error") printed += message.content.traceback.join("\\n");
  };
  await future.done;
  return printed;
}"""
CHANGE_THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
# Else the kernels of all tests would run side by side.
SHUT_DOWN = """async () => {
  await window.jupyterapp.shell.currentWidget?.sessionContext?.shutdown();
}"""
# Of what an earlier notebook left in the window nothing stays; a reload opens this one.
OPEN_NEXT = """async ([path, address]) => {
  const { commands, shell } = window.jupyterapp;
  const opened = await commands.execute('docmanager:open', { path });
  for (const other of [...shell.widgets('main')]) if (other !== opened) other.dispose();
  await commands.execute('filebrowser:go-to-path', { path, dontShowBrowser: true });
  shell.activateById(opened.id);
  history.replaceState(null, '', address);
}"""
CLOSE_ALL = """() => {
  for (const widget of [...window.jupyterapp.shell.widgets('main')]) widget.dispose();
}"""
# Where a save of JupyterLab's own came between, it asks what to do, and waits for the answer.
SAVE_WITH_WIDGETS = """async () => {
  const commands = window.jupyterapp.commands;
  const save = async () => {
    await commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState');
    await commands.execute('docmanager:save');
  };
  await Promise.race([save(), new Promise(resolve => setTimeout(resolve, 10000))]);
  const answers = [...document.querySelectorAll('.jp-Dialog button')];
  answers.find(button => button.textContent.includes('Overwrite'))?.click();
}"""
RESTART = """async () => {
  await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart();
}"""
COUNT_CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"
WAIT_FOR_FILE = """
import pathlib, time
try:
    while not pathlib.Path({flag!r}).exists():
        time.sleep(0.05)
finally:
    pathlib.Path({flag!r} + ".seen").touch()
"""
SETTINGS = {
    "apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Where it comes between, a save asks what to do, and until the answer no other is done.
    "docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
}
USUAL_SIZE = {"width": 1280, "height": 1000}
# Of the widths that must do, the second is that of 1280 pixels at 200 %.
NARROW = pytest.mark.parametrize("width", [800, 640], ids=["800 pixels", "1280 pixels at 200 %"])
THEMES = pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
# What scrolls inside its own box, as a table may, is not cut off.
NOTHING_CUT_OFF = """selector => {
  const panel = document.querySelector(selector);
  const edge = panel.getBoundingClientRect().right + 1;
  return [panel, ...panel.querySelectorAll('*')].every(node =>
    node.closest('.argyle-scroll > *') || node.getBoundingClientRect().right <= edge);
}"""
RUN_SECOND = """code => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = 1;
  if (code !== null) notebook.activeCell.model.sharedModel.setSource(code);
  window.jupyterapp.commands.execute('notebook:run-cell');
}"""
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
    port, token = free_port(), secrets.token_hex(16)
    settings = home / "settings" / "@jupyterlab"
    for name, values in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True)
        (settings / name).write_text(json.dumps(values))
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
    command += [f"{name}={value}" for name, value in options.items()]
    address = f"http://127.0.0.1:{port}"
    with server(command, f"{address}/api?token={token}", environment, home / "lab.log"):
        yield address, token


@contextmanager
def server(
    command: list[str], url: str, environment: dict[str, str], log: Path, folder: Path | None = None
) -> Iterator[None]:
    """Start a server, wait until it answers, and stop it at the end."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
        try:
            _wait_until_it_answers(process, url, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_notebook(browser: Browser, lab: tuple[str, str], path: str) -> Iterator[Page]:
    """Open a notebook, alone in its window, and wait until its kernel answers.

    JupyterLab takes several seconds of the processor to load, another notebook one: a window that
    an earlier notebook has left is used again.
    """
    idle = _idle.setdefault(browser, [])
    if idle:
        page = idle.pop()
        page.set_viewport_size(USUAL_SIZE)
        page.evaluate(OPEN_NEXT, [path, f"/lab/{place_of(path)}"])
    else:
        page = _new_window(browser, lab, path)
    page.set_default_timeout(STEP_SECONDS * 1000)
    wait_for_kernel(page)
    try:
        yield page
    finally:
        shut_kernel_down(page)
        page.evaluate(CLOSE_ALL)
        # What stands in the way of one notebook shall not stand in the way of the next.
        if page.locator(".jp-Dialog").count():
            page.context.close()
        else:
            idle.append(page)


@contextmanager
def open_in_new_window(
    browser: Browser,
    lab: tuple[str, str],
    path: str,
    prepare: Callable[[BrowserContext], None] | None = None,
) -> Iterator[Page]:
    """Open a notebook in a JupyterLab that was loaded for it, and closes with it."""
    page = _new_window(browser, lab, path, prepare)
    wait_for_kernel(page)
    try:
        yield page
    finally:
        shut_kernel_down(page)
        page.context.close()


# The windows of each Chromium in which JupyterLab is loaded and no notebook open.
_idle: WeakKeyDictionary[Browser, list[Page]] = WeakKeyDictionary()


def _new_window(
    browser: Browser,
    lab: tuple[str, str],
    path: str,
    prepare: Callable[[BrowserContext], None] | None = None,
) -> Page:
    context = browser.new_context(viewport=USUAL_SIZE)
    if prepare:
        prepare(context)
    page = context.new_page()
    page.set_default_timeout(STEP_SECONDS * 1000)
    page.goto(address_of(lab, path))
    return page


def address_of(lab: tuple[str, str], path: str) -> str:
    """Where a notebook is opened, with nothing of an earlier time."""
    address, token = lab
    return f"{address}/lab/{place_of(path)}?token={token}&reset"


def place_of(path: str) -> str:
    """Name a notebook in a workspace of its own: no other comes back on a reload."""
    return f"workspaces/{Path(path).stem}/tree/{path}"


def wait_for_kernel(page: Page) -> None:
    """Wait until the notebook is open and its kernel answers."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_SECONDS * 1000)
    page.evaluate(KERNEL_READY, STEP_SECONDS)


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of these cells, which names its kernel so that no dialog asks."""
    empty: dict[str, object] = {"metadata": {}, "outputs": [], "execution_count": None}
    code = [
        {"cell_type": "code", "id": f"cell-{number}", "source": cell, **empty}
        for number, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel},
        "cells": code,
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")


def run_in_kernel(page: Page, code: str) -> str:
    """Run code in the notebook's kernel, outside of any cell, and give what it printed."""
    printed: str = page.evaluate(RUN_CODE, code)
    return printed


def run_all_cells(page: Page) -> None:
    """Run the notebook from the top, without waiting for its end."""
    page.evaluate(RUN_ALL)


def run_second_cell(page: Page, code: str | None = None) -> None:
    """Run the notebook's second cell, perhaps with other code, without waiting for its end."""
    page.evaluate(RUN_SECOND, code)


def start_in_kernel(page: Page, code: str) -> None:
    """Run code in the notebook's kernel without waiting for its end."""
    page.evaluate(f"code => {{ ({RUN_CODE})(code); }}", code)


@contextmanager
def running_cell(page: Page, flag: Path) -> Iterator[Callable[[], bool]]:
    """Keep the kernel busy until the end; gives a function that says whether it still is."""
    start_in_kernel(page, WAIT_FOR_FILE.format(flag=str(flag)))
    # At the start only: a widget's answer is enough for the indicator to say that all is idle.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=busy]").wait_for()
    try:
        yield lambda: not flag.with_name(f"{flag.name}.seen").exists()
    finally:
        flag.touch()


def restart_kernel(page: Page) -> None:
    """Restart the notebook's kernel."""
    page.evaluate(RESTART)


def shut_kernel_down(page: Page) -> None:
    """Shut the notebook's kernel down: nobody answers any more."""
    page.evaluate(SHUT_DOWN)


def count_of_cells(page: Page) -> int:
    """Count the notebook's cells: a key that is a shortcut of JupyterLab's changes them."""
    cells: int = page.evaluate(COUNT_CELLS)
    return cells


@contextmanager
def no_dialogs(page: Page) -> Iterator[None]:
    """Close what a script opens, as the one in a hostile file name would, and fail if it did.

    JupyterLab itself may ask whether a notebook that changed since it was saved is to be left.
    """
    opened: list[str] = []

    def close(dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()
            return
        opened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", close)
    yield
    page.remove_listener("dialog", close)
    assert opened == []


def assert_focus(locator: Locator) -> None:
    """Fail, and say where the focus is, unless it is here."""
    focused = locator.page.evaluate("() => document.activeElement.outerHTML.slice(0, 300)")
    assert locator.evaluate("node => node === document.activeElement"), f"focus is on {focused}"


def serious_faults(page: Page, selector: str) -> list[str]:
    """Name what keeps people out of a part of the page, by the rules of axe."""
    found = Axe().run(page, context=selector).response["violations"]
    return [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]


def wait_until_nothing_is_cut_off(page: Page, selector: str) -> None:
    """Wait until no part of a panel reaches over its right edge; pictures are drawn anew."""
    page.wait_for_function(NOTHING_CUT_OFF, arg=selector)


@contextmanager
def window_of(page: Page, width: int, height: int) -> Iterator[None]:
    """Give the window another size for a while."""
    page.set_viewport_size({"width": width, "height": height})
    try:
        yield
    finally:
        page.set_viewport_size(USUAL_SIZE)


def drop(page: Page, selector: str, paths: list[Path]) -> None:
    """Drop files and folders on an element, as the desktop does."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **middle})
    session.detach()


def use_theme(page: Page, name: str) -> None:
    """Switch JupyterLab to a theme and wait until it shows."""
    page.evaluate(CHANGE_THEME, name)
    light = "true" if "Light" in name else "false"
    page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")


def saved_widgets(page: Page, path: Path) -> str:
    """Save the notebook with the state of its widgets, and give that state as JSON."""
    deadline = time.monotonic() + START_SECONDS
    before = path.stat().st_mtime_ns
    while time.monotonic() < deadline:
        # A save of JupyterLab's own that is under way may swallow ours.
        page.evaluate(SAVE_WITH_WIDGETS)
        saved = json.loads(path.read_text(encoding="utf-8"))
        if "widgets" in saved["metadata"] and path.stat().st_mtime_ns != before:
            return json.dumps(saved["metadata"]["widgets"])
        page.wait_for_timeout(200)
    raise RuntimeError(f"{path.name} was not saved with its widgets")


def picture(page: Page, name: str) -> None:
    """Take a picture of the notebook, where somebody wants to look at it."""
    folder = os.environ.get("SCREENSHOT_FOLDER")
    if folder:
        page.locator(".jp-NotebookPanel:visible").screenshot(path=Path(folder) / f"{name}.png")


def wait_until_all_ran(page: Page) -> list[dict[str, object]]:
    """Wait for the last cell, and give what ended in an error or went to stderr."""
    page.wait_for_function(ALL_RAN, timeout=RUN_SECONDS * 1000)
    failed: list[dict[str, object]] = page.evaluate(FAILED_OUTPUTS)
    return failed


def free_port() -> int:
    """Find a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(10 * START_SECONDS):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            # Waits a moment for the server, or for its end.
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
    raise RuntimeError(f"the server did not answer:\n{log.read_text()}")
