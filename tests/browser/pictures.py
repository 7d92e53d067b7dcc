"""Makes the README's images of the panels: ``python -m tests.browser.pictures``."""

import io
import os
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page
from pypdf import PdfWriter

from tests.browser.lab import (
    chromium,
    drop,
    jupyter_lab,
    open_notebook,
    run_all_cells,
    run_second_cell,
    write_notebook,
)
from tests.support.samples import SAMPLES

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "notebooks" / "images"
CELLS = (
    "import argyle_nb as anb\n\nclient = anb.connect(environment='local')",
    "anb.UploadPanel(client)",
)
MAKE_SAMPLES = """
import argyle_nb as anb

client = anb.connect(environment="local", sandbox_folder="samples")
anb.upload_batch(client, {manifest!r})
client.wait(client.list_uploads())
uploads, signals = anb.fetch(client)
is_pdf = uploads["file_name"].str.endswith(".pdf")
paystubs = uploads[is_pdf & (uploads["document_type"] == "paystubs")].head(6)
"""
EXPLORER = "anb.ScoreExplorer(uploads, signals, client=client)"
QUEUE = "anb.ReviewQueue(client, paystubs, reviewer='ada', log='reviews.sqlite')"
TOGGLE_SIDE_BAR = "() => window.jupyterapp.commands.execute('application:toggle-left-area')"
PANEL = "section.argyle-panel"
DOCUMENTS = ("paystub_rivera_2026-01-30.pdf", "w2_rivera_2025.pdf", "1099_whitlock_2025.pdf")
LARGE_BYTES = 48_000_000
WIDTH, FRAME_SECONDS, LAST_SECONDS = 760, 0.2, 4.0
COLORS = 256
SIZE = {"width": 1180, "height": 1000}
# As high as the explorer; a document is shown as high as the window allows.
EXPLORER_SIZE, QUEUE_SIZE = {"width": 1040, "height": 1800}, {"width": 1040, "height": 900}


class Film:
    """Pictures of one part of the page, taken while something is waited for."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._times: list[float] = []

    def until(self, locator: Locator, seconds: float = 60.0) -> None:
        """Take pictures until something is there."""
        end = time.monotonic() + seconds
        while not locator.count():
            assert time.monotonic() < end, f"{locator} did not come"
            self.shoot()

    def shoot(self, seconds: float = FRAME_SECONDS) -> None:
        """Take one picture, to be shown so long."""
        picture = Image.open(io.BytesIO(self._page.locator(".jp-NotebookPanel").screenshot()))
        height = round(picture.height * WIDTH / picture.width)
        self._frames.append(picture.convert("RGB").resize((WIDTH, height)))
        self._times.append(seconds)

    def save(self, path: Path) -> None:
        """Write all pictures as one that moves."""
        first, *rest = self._frames
        times = [round(1000 * seconds) for seconds in self._times]
        first.save(path, save_all=True, append_images=rest, duration=times, loop=0, quality=70)


def main() -> None:
    """Take the still images and the moving one."""
    with tempfile.TemporaryDirectory() as made:
        project, home, papers = (Path(made) / name for name in ("project", "home", "papers"))
        for folder in (project, home, papers):
            folder.mkdir()
        for name in DOCUMENTS:
            shutil.copy(SAMPLES[name], papers)
        large = PdfWriter(clone_from=SAMPLES[DOCUMENTS[0]])
        large.add_attachment("scan.tif", os.urandom(LARGE_BYTES))
        large.write(papers / "paystub_long_scan.pdf")
        write_notebook(project / "upload.ipynb", *CELLS)
        samples = MAKE_SAMPLES.format(manifest=str(ROOT / "data" / "manifest.csv"))
        write_notebook(project / "samples.ipynb", samples, EXPLORER)
        os.environ["HOME"] = str(home)
        with jupyter_lab(project, home) as lab, chromium() as browser:
            with open_notebook(browser, lab, "upload.ipynb") as page:
                film_uploads(page, papers)
            with open_notebook(browser, lab, "samples.ipynb") as page:
                shoot_samples(page)


def film_uploads(page: Page, papers: Path) -> None:
    """Upload documents, and take images of it."""
    page.set_viewport_size(SIZE)
    film = Film(page)
    run_all_cells(page)
    page.locator(".argyle-uploads").wait_for()
    page.get_by_role("button", name="Choose files").wait_for()
    page.evaluate(TOGGLE_SIDE_BAR)
    film.shoot(1.5)
    drop(page, ".argyle-area", sorted(papers.iterdir()))
    film.until(page.locator(".argyle-document[data-state=ready]").nth(len(DOCUMENTS)))
    page.get_by_label("Borrower of all").press_sequentially("loan-77")
    film.shoot(1.0)
    page.get_by_label("Borrower of all").press("Tab")
    page.get_by_role("button", name="Upload 4 documents").click()
    film.until(page.locator(".argyle-document[data-state=done]").nth(len(DOCUMENTS)))
    film.until(page.get_by_role("status").get_by_text("4 scored"))
    film.shoot(LAST_SECONDS)
    film.save(IMAGES / "upload.webp")
    shoot(page.locator(".jp-NotebookPanel"), "upload_panel.png")


def shoot_samples(page: Page) -> None:
    """Take images of the explorer and of the review queue on the sample documents."""
    page.set_viewport_size(EXPLORER_SIZE)
    page.evaluate(TOGGLE_SIDE_BAR)
    run_all_cells(page)
    page.locator(".argyle-table tbody td").first.wait_for()
    shoot(page.locator(PANEL), "score_explorer.png")
    page.set_viewport_size(QUEUE_SIZE)
    run_second_cell(page, QUEUE)
    judge = page.locator(".argyle-verdict-genuine[aria-disabled=false]")
    judge.wait_for()
    page.locator(PANEL).focus()
    page.keyboard.press("f")
    page.get_by_text("Now showing document 2 of 6").wait_for()
    judge.wait_for()
    page.get_by_label("Note").fill("Call the employer")
    page.keyboard.press("Escape")
    # A viewer does not tell when it has drawn its page.
    page.wait_for_timeout(3000)
    page.set_viewport_size(EXPLORER_SIZE)
    page.locator(".argyle-sheet").evaluate("node => { node.style.height = '700px'; }")
    page.evaluate("() => document.activeElement.blur()")
    page.wait_for_timeout(1000)
    shoot(page.locator(PANEL), "review_queue.png")


def shoot(part: Locator, name: str) -> None:
    """Take one image of a part of the page; few colors make it small."""
    image = Image.open(io.BytesIO(part.screenshot())).convert("RGB")
    few = image.quantize(COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
