"""From a dropped document to its score, the explorer, a verdict and a CSV file: once by mouse, once
by keyboard."""

import csv
import re

import pytest
from playwright.sync_api import expect

from argyle_nb.report import read_report
from argyle_nb.review import ReviewLog
from tests.browser.lab import count_of_cells, drop, no_dialogs, open_notebook, write_notebook
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.browser

MOST_TABS = 120
PATIENCE = 30_000
CELLS = [
    "import argyle_nb as anb\nclient = anb.connect(environment='local')",
    "panel = anb.UploadPanel(client, {name!r} + '.sqlite')\npanel",
    "explorer = anb.ScoreExplorer(panel.frame, anb.signals_frame(panel.queue.uploads))\nexplorer",
    "queue = anb.ReviewQueue(client, explorer.frame, log={name!r} + '_reviews.sqlite')\nqueue",
    "anb.export_report(panel.frame, {name!r} + '_report', title='The whole way')",
    "# After the last cell the run button would add one.",
]


@pytest.fixture
def way(browser, lab, project, tmp_path, request):
    """A notebook of its own with the three panels, and two documents that nobody sent yet."""
    name = f"way_{request.node.name.rsplit('_', 1)[1]}"
    write_notebook(project / f"{name}.ipynb", *(cell.format(name=name) for cell in CELLS))
    papers = []
    for source in ("paystub_rivera_2026-01-30.pdf", "1099_whitlock_2025.pdf"):
        papers.append(tmp_path / source)
        papers[-1].write_bytes(SAMPLES[source].read_bytes() + f"% {tmp_path}\n".encode())
    with open_notebook(browser, lab, f"{name}.ipynb") as page, no_dialogs(page):
        yield page, project / name, papers


class Mouse:
    """Does everything by pointing."""

    def __init__(self, page):
        self.page = page

    def run(self, number):
        self.page.locator(".jp-Notebook-cell").nth(number).locator(".cm-content").click()
        self.page.locator("[data-command='notebook:run-cell-and-select-next']").first.click()
        ran(self.page, number)

    def hand_in(self, papers):
        drop(self.page, ".argyle-area", papers)

    def press(self, control):
        control.click()

    def write(self, control, text):
        control.click()
        self.page.keyboard.type(text)


class Keyboard:
    """Does everything by keys: arrows between cells, Tab between controls."""

    def __init__(self, page):
        self.page = page
        page.locator(".jp-Notebook-cell").first.focus()

    def run(self, number):
        """Go to a cell by the notebook's own keys, and run it."""
        self.page.keyboard.press("Escape")
        leave = "() => window.jupyterapp.shell.currentWidget.content.activeCell.node.focus()"
        self.page.evaluate(leave)
        for _ in CELLS:
            self.page.keyboard.press("ArrowUp")
        for _ in range(number):
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Control+Enter")
        ran(self.page, number)

    def go_to(self, control):
        control.wait_for()
        for _ in range(MOST_TABS):
            if control.evaluate("node => node === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {control}")

    def hand_in(self, papers):
        choose = self.page.get_by_role("button", name="Choose files")
        self.go_to(choose)
        with self.page.expect_file_chooser() as chooser:
            choose.press(
                "Enter"
            )  # by the page's keyboard it may come before the chooser is awaited
        chooser.value.set_files([str(path) for path in papers])

    def press(self, control):
        self.go_to(control)
        self.page.keyboard.press("Enter")

    def write(self, control, text):
        self.go_to(control)
        self.page.keyboard.type(text)


def ran(page, number):
    page.wait_for_function(
        """number => {
          const cell = window.jupyterapp.shell.currentWidget.content.model.cells.get(number);
          return cell.executionCount !== null && cell.executionState !== 'running';
        }""",
        arg=number,
    )


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def go(hand, page, place, papers):
    """Upload, look, judge, export; whatever the hand is."""
    cells = count_of_cells(page)
    hand.run(0)
    hand.run(1)
    page.locator(".argyle-uploads").wait_for()
    hand.hand_in(papers)
    for paper in papers:
        page.locator(".argyle-document[data-state=ready]", has_text=paper.name).wait_for()
    hand.write(page.get_by_label("Borrower of all"), f"borrower-{place.name}")
    hand.press(page.get_by_role("button", name="Upload 2 documents"))
    page.wait_for_function(
        "() => document.querySelectorAll('.argyle-document[data-state=done]').length === 2"
    )

    hand.run(2)
    explorer = page.locator("section[aria-label='Score explorer']")
    explorer.locator(".argyle-table td").first.wait_for()
    with page.expect_download() as download:
        hand.press(explorer.get_by_role("button", name="Download 2 uploads as CSV"))
    seen = rows_of(download.value.path())

    hand.run(3)
    review = page.locator("section[aria-label='Review queue']")
    hand.write(review.get_by_label("Reviewer"), "ada")
    for verdict in ("Genuine", "Fraudulent"):
        review.locator(".argyle-sheet[data-sha256]").wait_for()
        button = review.locator(f".argyle-verdict-{verdict.lower()}")
        expect(button).to_have_attribute("aria-disabled", "false", timeout=PATIENCE)
        hand.press(button)
        saved = re.compile(f"Saved: .* is {verdict.lower()}")
        review.locator(".argyle-status", has_text=saved).wait_for()

    hand.run(4)
    report = read_report(place.parent / f"{place.name}_report")
    log = ReviewLog(place.parent / f"{place.name}_reviews.sqlite").frame()
    assert count_of_cells(page) == cells
    return seen, log, report


def check(seen, log, report):
    uploads = report.frames["uploads"]
    scores = {row["id"]: int(row["ocr_authenticity_score"]) for row in seen}
    assert len(scores) == 2
    assert min(scores.values()) < 50 < max(scores.values())
    assert scores == dict(zip(uploads["id"], uploads["ocr_authenticity_score"], strict=True))
    assert log["verdict"].tolist() == ["genuine", "fraudulent"]
    assert set(log["upload_id"]) == set(scores)
    assert set(log["reviewer"]) == {"ada"}


def test_by_mouse(way):
    page, place, papers = way
    check(*go(Mouse(page), page, place, papers))


def test_by_keyboard(way):
    page, place, papers = way
    check(*go(Keyboard(page), page, place, papers))
