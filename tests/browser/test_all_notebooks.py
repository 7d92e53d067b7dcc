"""Every notebook runs from top to bottom in a real JupyterLab in a real Chromium."""

import os
from pathlib import Path

import pytest

from tests.browser.lab import open_notebook, run_all_cells, wait_until_all_ran

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_without_an_error_or_a_warning(browser, lab, path):
    with open_notebook(browser, lab, f"notebooks/{path.name}") as page:
        run_all_cells(page)
        failed = wait_until_all_ran(page)
        shown = os.environ.get("SCREENSHOT_FOLDER")
        if shown:
            page.set_viewport_size({"width": 1280, "height": 3200})
            page.locator(".jp-NotebookPanel").screenshot(path=Path(shown) / f"{path.stem}.png")
    # Two of the sample documents are invalid, which `manifest` and `upload_batch` say.
    expected = (
        "2 of 41 rows can't be uploaded; the others are",
        "2 files (notes_renamed.pdf, empty_",
    )
    told = [str(output.get("text", output)) for output in failed]
    assert [text for text in told if not any(warning in text for warning in expected)] == []
