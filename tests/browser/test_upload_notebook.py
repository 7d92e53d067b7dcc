"""An analyst uploads a document by hand, in a real JupyterLab in a real Chromium."""

import os
import re
from pathlib import Path

import pytest

from tests.browser.lab import open_notebook, run_all_cells

PATIENCE = 60_000

pytestmark = pytest.mark.browser


@pytest.fixture
def page(lab):
    with open_notebook(*lab, "notebooks/01_upload.ipynb") as opened:
        yield opened


def choose(page, *files):
    """Pick files; the control keeps its input outside the page, so the dialog is caught."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=re.compile("Choose files")).click()
    chooser.value.set_files([str(file) for file in files])


def test_a_pdf_is_chosen_uploaded_and_its_score_appears(page, project):
    documents = project / "data" / "documents"
    run_all_cells(page)
    page.get_by_role("button", name=re.compile("Choose files")).wait_for(timeout=PATIENCE)

    choose(page, documents / "paystub_rivera_2026-01-30.pdf", documents / "notes_renamed.pdf")
    upload = page.get_by_role("button", name="Upload 1 document")
    upload.wait_for(timeout=PATIENCE)
    page.get_by_placeholder("your own name for the user").fill("borrower-by-hand")
    upload.click()

    output = page.locator(".widget-html-content")
    output.filter(has_text=re.compile(r"paystubs: score \d+, .* authenticity")).wait_for(
        timeout=PATIENCE
    )
    assert output.filter(has_text="refused: is not a PDF").count() == 1
    shown = os.environ.get("SCREENSHOT_FOLDER")
    if shown:
        page.locator(".jp-NotebookPanel").screenshot(path=Path(shown) / "upload_panel.png")
