"""The three panels in marimo, whose widgets do without a Jupyter server."""

import importlib.util
import os
import shutil
import sys
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from argyle_nb.review import ReviewLog
from tests.browser.lab import STEP_SECONDS, free_port, server
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.browser

NAMES = ("paystub_okafor_2026-02-27.pdf", "paystub_delgado_2026-02-13.pdf")
NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import argyle_nb as anb
    client = anb.connect(environment="local", sandbox_folder="sandbox")
    user = client.create_user(external_id="borrower-of-marimo").id
    papers = [client.upload(n, document_type="paystubs", user=user) for n in {names}]
    frame = anb.uploads_frame(client.wait(papers, progress=False), users=client.list_users())
    return anb, client, frame

@app.cell
def _(anb, client):
    panel = anb.UploadPanel(client, "panel.sqlite")
    panel
    return

@app.cell
def _(anb, client, frame):
    explorer = anb.ScoreExplorer(frame, client=client)
    explorer
    return

@app.cell
def _(anb, client, frame):
    queue = anb.ReviewQueue(client, frame, reviewer="ada", log="reviews.sqlite")
    queue
    return

if __name__ == "__main__":
    app.run()
"""
RUN_ALL = "Control+Shift+r"


@pytest.fixture(scope="module", params=["edit", "run"])
def folder(request, tmp_path_factory):
    """A running marimo, as a notebook or as an app; gives its folder and its address."""
    if importlib.util.find_spec("marimo") is None and not os.environ.get("CI"):
        pytest.skip("marimo is not installed: run make setup")
    folder = tmp_path_factory.mktemp("marimo")
    for name in NAMES:
        shutil.copy(SAMPLES[name], folder)
    (folder / "panels.py").write_text(NOTEBOOK.format(names=NAMES), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "marimo", request.param, "panels.py", "--headless"]
    command += ["--no-token", "--host", "127.0.0.1", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    home = folder / "home"
    home.mkdir()
    environment = os.environ | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "MARIMO_SKIP_UPDATE_CHECK": "1",
    }
    with server(command, f"{address}/health", environment, folder / "marimo.log", folder):
        yield folder, address, request.param


@pytest.fixture(scope="module")
def page(browser, folder):
    """The three panels, of which the last shows its first document."""
    _, address, kind = folder
    page = browser.new_page(viewport={"width": 1280, "height": 2600})
    page.set_default_timeout(STEP_SECONDS * 1000)
    page.goto(address)
    if kind == "edit":
        page.locator(".cm-editor").first.wait_for()
        page.keyboard.press(RUN_ALL)
    shows_a_document(page)
    yield page
    page.close()


def panel(page, name):
    return page.locator(f"section.argyle-panel[aria-label='{name}']")


def shows_a_document(page):
    """Wait until the last panel shows its first document."""
    panel(page, "Review queue").locator(".argyle-sheet[data-sha256]").wait_for()


def upload_a_photo(page, uploads, borrower):
    """Take a photo of a paystub through the upload panel to its score, and give its row."""
    with page.expect_file_chooser() as chooser:
        uploads.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(SAMPLES["paystub_nakamura_2026-05-29.jpg"])
    row = uploads.locator(".argyle-document")
    row.filter(has_text="Ready").wait_for()
    uploads.get_by_label("Borrower").first.fill(borrower)
    page.keyboard.press("Tab")
    uploads.get_by_role("button", name="Upload 1 document").click()
    row.filter(has_text="✓").wait_for()
    return row


def test_a_document_goes_from_the_browser_to_its_score(page, folder):
    row = upload_a_photo(page, panel(page, "Upload documents"), "borrower-of-marimo")
    assert "authenticity" in row.inner_text()


def test_a_cell_that_runs_again_goes_on_and_another_visitor_of_an_app_sees_nothing(page, folder):
    uploads = panel(page, "Upload documents")
    if folder[2] == "run":
        page.reload()
        shows_a_document(page)
        uploads.get_by_role("button", name="Choose files").wait_for()
        assert uploads.locator(".argyle-document").count() == 0
        return
    page.locator(".cm-content", has_text="UploadPanel").click()
    page.keyboard.press("Control+Enter")
    row = uploads.locator(".argyle-document", has_text="✓")
    sheet = uploads.locator(".argyle-sheet[data-sha256]")
    # The panel of before stays until the cell has run: what is clicked in it may be lost.
    for _ in range(10):
        with suppress(PlaywrightTimeoutError):
            if not sheet.is_visible():
                row.get_by_role("button", name="Open").click(timeout=10_000)
            sheet.wait_for(timeout=10_000)
            break
    assert sheet.is_visible()


def test_a_filter_changes_the_counts_and_a_row_opens_its_document(page):
    explorer = panel(page, "Score explorer")
    explorer.get_by_label("very low").check()
    explorer.locator(".argyle-summary", has_text="1 of 2 uploads shown").wait_for()
    explorer.locator("tbody button").first.click()
    explorer.locator(".argyle-opened .argyle-sheet[data-sha256]").wait_for()


def test_what_is_in_view_is_reviewed_below_the_table(page):
    panel(page, "Score explorer").get_by_role("button", name="Review 1 upload").click()
    below = page.locator(".argyle-review-below")
    below.locator(".argyle-sheet[data-sha256]").wait_for()
    assert below.locator(".argyle-where").first.inner_text() == "Document 1 of 1"
    below.get_by_role("button", name="Close the review").click()
    below.wait_for(state="hidden")


def test_a_verdict_by_key_is_in_the_log(page, folder):
    queue = panel(page, "Review queue").last
    queue.locator(".argyle-verdict-genuine[aria-disabled=false]").wait_for()
    queue.focus()
    page.keyboard.press("f")
    queue.locator(".argyle-how", has_text="1 of 2 reviewed: 0 genuine, 1 fraudulent").wait_for()
    assert ReviewLog(folder[0] / "reviews.sqlite").frame()["verdict"].tolist() == ["fraudulent"]
