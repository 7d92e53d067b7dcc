"""Where the panels run: each front end is started, and somebody works with the three panels in it.

Run ``python -m tests.browser.front_ends [name ...]`` from the project's folder; it needs Chromium,
and ``pip install notebook nbclassic voila`` beside what the tests need. It prints the table of
``docs/front_ends.md``.
"""
# ruff: noqa: T201

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from argyle_nb.review import ReviewLog
from tests.browser.lab import (
    KERNEL_READY,
    RUN_ALL,
    STEP_SECONDS,
    chromium,
    free_port,
    server,
    write_notebook,
)
from tests.browser.test_marimo import NAMES, NOTEBOOK, upload_a_photo
from tests.browser.test_marimo import RUN_ALL as RUN_ALL_KEYS
from tests.support.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

CELLS = (
    f"""
import argyle_nb as anb
client = anb.connect(environment="local", sandbox_folder="sandbox")
user = client.create_user(external_id="borrower-of-front-ends").id
papers = [client.upload(n, document_type="paystubs", user=user) for n in {NAMES}]
frame = anb.uploads_frame(client.wait(papers, progress=False), users=client.list_users())
""",
    "anb.UploadPanel(client, 'panel.sqlite')",
    "anb.ScoreExplorer(frame, client=client)",
    "anb.ReviewQueue(client, frame, reviewer='ada', log='reviews.sqlite')",
)
PANELS = ("Upload documents", "Score explorer", "Review queue")
DARK = """() =>
  window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"""
# How much a panel's text stands out from what is behind it, as WCAG reckons it.
CONTRAST = """panel => {
  const light = color => {
    const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
    const pen = canvas.getContext('2d');
    pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let node = panel;
  const paint = at => getComputedStyle(at).backgroundColor;
  const clear = at => ['transparent', 'rgba(0, 0, 0, 0)'].includes(paint(at));
  // A cell of marimo is a shadow tree.
  const around = at => at.parentElement ?? at.getRootNode().host;
  while (around(node) && clear(node)) node = around(node);
  const behind = clear(node) ? 1 : light(paint(node));
  const text = light(getComputedStyle(panel).color);
  const ratio = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
  return [ratio, behind < 0.2];
}"""


@contextmanager
def place() -> Iterator[Path]:
    """A folder with two documents, a notebook of the three panels, and a home."""
    with tempfile.TemporaryDirectory(prefix="front_ends_") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        for document in NAMES:
            shutil.copy(SAMPLES[document], folder)
        write_notebook(folder / "panels.ipynb", *CELLS)
        (folder / "panels.py").write_text(NOTEBOOK.format(names=NAMES), encoding="utf-8")
        yield folder


def environment_of(folder: Path) -> dict[str, str]:
    """Leave the user's own settings out."""
    home = folder / "home"
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    places = {name: str(home / name.lower()) for name in names}
    more = {"XDG_CONFIG_HOME": str(home), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    return os.environ | {"HOME": str(home)} | places | more


@contextmanager
def serving(folder: Path, words: list[str], ask: str) -> Iterator[str]:
    """Start a front end in the folder, and give its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", *words, f"--port={port}"]
    with server(command, address + ask, environment_of(folder), folder / "log", folder):
        yield address


@contextmanager
def jupyter(folder: Path, app: str, path: str, *options: str) -> Iterator[str]:
    """Start a front end of Jupyter, and give the address of the notebook."""
    words = ["jupyter", app, "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    words += ["--IdentityProvider.token=t", f"--ServerApp.root_dir={folder}", *options]
    with serving(folder, words, "/api?token=t") as address:
        yield f"{address}/{path}?token=t"


@contextmanager
def lab(
    folder: Path, app: str, path: str, trait: str
) -> Iterator[tuple[str, Callable[[Page], None]]]:
    """JupyterLab or Notebook, which are made of the same parts."""

    def run(page: Page) -> None:
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.evaluate(KERNEL_READY, STEP_SECONDS)
        page.evaluate(DARK)
        page.evaluate(RUN_ALL)

    with jupyter(folder, app, path, f"--{trait}.expose_app_in_browser=True") as address:
        yield address, run


@contextmanager
def nbclassic(folder: Path) -> Iterator[tuple[str, Callable[[Page], None]]]:
    """The classic notebook, which has one theme."""

    def run(page: Page) -> None:
        page.wait_for_function("() => window.Jupyter?.notebook?.kernel?.widget_manager")
        page.wait_for_function("() => window.Jupyter.notebook.kernel.is_connected()")
        page.wait_for_timeout(5000)  # it does not say when it has read all of its extensions
        page.evaluate("() => { window.Jupyter.notebook.execute_all_cells(); }")

    with jupyter(folder, "nbclassic", "nbclassic/notebooks/panels.ipynb") as address:
        yield address, run


@contextmanager
def voila(folder: Path) -> Iterator[tuple[str, Callable[[Page], None]]]:
    """Voila runs the notebook for each visitor."""
    words = ["voila", "panels.ipynb", "--no-browser", "--theme=dark", "--Voila.ip=127.0.0.1"]
    with serving(folder, words, "/voila/static/favicon.ico") as address:
        yield address, lambda _page: None


@contextmanager
def marimo(folder: Path) -> Iterator[tuple[str, Callable[[Page], None]]]:
    """Marimo, with a notebook of its own format."""

    def run(page: Page) -> None:
        page.locator(".cm-editor").first.wait_for()
        page.keyboard.press(RUN_ALL_KEYS)

    words = ["marimo", "edit", "panels.py", "--headless", "--no-token", "--host=127.0.0.1"]
    with serving(folder, words, "/health") as address:
        yield address, run


FRONT_ENDS = {
    "jupyterlab": lambda folder: lab(folder, "lab", "lab/tree/panels.ipynb", "LabApp"),
    "notebook": lambda folder: lab(
        folder, "notebook", "notebooks/panels.ipynb", "JupyterNotebookApp"
    ),
    "nbclassic": nbclassic,
    "voila": voila,
    "marimo": marimo,
}


def panel_of(page: Page, name: str) -> object:
    """Find a panel by its name."""
    return page.locator(f"section.argyle-panel[aria-label='{name}']").last


def draws(page: Page, _folder: Path) -> None:
    """All three are there, and the last shows a document."""
    for name in PANELS:
        panel_of(page, name).wait_for()
    panel_of(page, "Review queue").locator(".argyle-sheet[data-sha256]").wait_for()


def uploads(page: Page, _folder: Path) -> None:
    """A document goes from the browser to its score."""
    upload_a_photo(page, panel_of(page, "Upload documents"), "borrower-of-front-ends")


def filters(page: Page, _folder: Path) -> None:
    """A filter of the explorer changes its counts."""
    panel = panel_of(page, "Score explorer")
    panel.get_by_label("very low").check()
    panel.locator(".argyle-summary", has_text="1 of 2 uploads shown").wait_for()


def keys(page: Page, folder: Path) -> None:
    """A verdict by key is in the log."""
    queue = panel_of(page, "Review queue")
    queue.locator(".argyle-verdict-genuine[aria-disabled=false]").wait_for()
    queue.focus()
    page.keyboard.press("f")
    queue.locator(".argyle-how", has_text="1 fraudulent").wait_for()
    found = ReviewLog(folder / "reviews.sqlite").frame()["verdict"].tolist()
    if found != ["fraudulent"]:
        raise RuntimeError(f"the log has {found}")


def theme(page: Page, _folder: Path) -> str:
    """Text can be read on what is behind it, and says whether that is dark."""
    ratio, dark = panel_of(page, "Upload documents").evaluate(CONTRAST)
    if ratio < 4.5:
        raise RuntimeError(f"contrast {ratio:.1f}")
    return f"{'dark' if dark else 'light'}, contrast {ratio:.1f}"


STEPS = {"drawn": draws, "upload": uploads, "filter": filters, "keys": keys, "theme": theme}


def work_in(browser: Browser, name: str) -> list[str]:
    """Try each step in one front end, and give its row of the table."""
    with place() as folder, FRONT_ENDS[name](folder) as (address, run):
        context = browser.new_context(viewport={"width": 1280, "height": 2600}, color_scheme="dark")
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(address)
        run(page)
        found = [_tried(draws, page, folder)]
        if found == ["yes"]:
            found += [_tried(step, page, folder) for step in list(STEPS.values())[1:]]
        found += ["-"] * (len(STEPS) - len(found))
        if shots := os.environ.get("SCREENSHOT_FOLDER"):
            page.screenshot(path=Path(shots) / f"front_end_{name}.png")
        context.close()
    return [f"{name} {metadata.version(name)}", *found]


def _tried(step: Callable[[Page, Path], str | None], page: Page, folder: Path) -> str:
    try:
        return step(page, folder) or "yes"
    except Exception as error:  # noqa: BLE001 - the table says what went wrong
        return f"no: {str(error).splitlines()[0][:80]}"


def static(browser: Browser, name: str) -> list[str]:
    """Run the notebook without a browser, and look for the static fallbacks in its page."""
    with place() as folder:
        papermill = ["papermill", "panels.ipynb", "done.ipynb"]
        convert = ["jupyter", "nbconvert", "--to", "html", "--output", "done.html"]
        convert += ["done.ipynb"] if name == "papermill" else ["--execute", "panels.ipynb"]
        for words in ([papermill] if name == "papermill" else []) + [convert]:
            command = [sys.executable, "-m", *words]
            subprocess.run(
                command, cwd=folder, env=environment_of(folder), check=True, capture_output=True
            )
        page = browser.new_page()
        page.route("http*://**", lambda route: route.abort())
        page.goto((folder / "done.html").as_uri())
        shown = page.locator("[class^=argyle-fallback]:visible").count()
        page.close()
        if name == "papermill":
            nbformat.validate(nbformat.read(folder / "done.ipynb", as_version=4))
    return [f"{name} {metadata.version(name)}", f"static: {shown} of 3", "-", "-", "-", "-"]


def main(names: list[str]) -> None:
    """Print a table of what works where."""
    print("| front end |", " | ".join(STEPS), "|")
    print("|---" * (len(STEPS) + 1) + "|")
    with chromium() as browser:
        for name in names or [*FRONT_ENDS, "nbconvert", "papermill"]:
            row = work_in(browser, name) if name in FRONT_ENDS else static(browser, name)
            print("|", " | ".join(row), "|", flush=True)
        print(f"Chromium {browser.version}")


if __name__ == "__main__":
    main(sys.argv[1:])
