"""The queue of documents to review, in a real JupyterLab in a real Chromium."""

import base64
import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

from argyle_nb.review import ReviewLog
from tests.browser.lab import (
    NARROW,
    THEMES,
    assert_focus,
    count_of_cells,
    no_dialogs,
    open_notebook,
    picture,
    restart_kernel,
    run_all_cells,
    run_in_kernel,
    run_second_cell,
    running_cell,
    saved_widgets,
    serious_faults,
    shut_kernel_down,
    use_theme,
    wait_for_kernel,
    wait_until_nothing_is_cut_off,
    window_of,
    write_notebook,
)
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.browser

PATIENCE = 20_000
HOSTILE = "<img src=x onerror=alert(1)>.jpg"
PICTURES = [
    SAMPLES["paystub_nakamura_2026-05-29.jpg"],
    SAMPLES["paystub_ferris_2026-05-29.png"],
]
# The parts of a HEIC file without a picture that anybody could show.
HEIC_BOXES = b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x08meta" + (900_008).to_bytes(4) + b"mdat"
MAKE_FRAME = """
import argyle_nb as anb

client = anb.connect(environment="local", sandbox_folder="review_sandbox")
user = client.create_user(external_id="borrower-under-review").id
names = {names!r}
uploads = [client.upload(f"to_review/{{n}}", document_type="paystubs", user=user) for n in names]
# The last is no real picture: its processing is nothing to wait for.
frame = anb.uploads_frame([*client.wait(uploads[:-1]), uploads[-1]])
"""
MAKE_BOTH = """
from ipywidgets import VBox
VBox([anb.ReviewQueue(client, frame, log="both.sqlite"), anb.ScoreExplorer(frame)])
"""
MAKE_QUEUE = "queue = anb.ReviewQueue(client, frame, log={log!r})\nqueue"


@pytest.fixture(scope="module")
def papers(project):
    """PDF files and pictures, one of a hostile name, one of many slices; name -> SHA-256."""
    folder = project / "to_review"
    folder.mkdir()
    for name in ("paystub_okafor_2026-02-27.pdf", "paystub_delgado_2026-02-13.pdf"):
        shutil.copy(SAMPLES[name], folder)
    shutil.copy(PICTURES[0], folder / HOSTILE)
    shutil.copy(PICTURES[1], folder)
    names = ["paystub_okafor_2026-02-27.pdf", HOSTILE, PICTURES[1].name]
    (folder / "photo.heic").write_bytes(HEIC_BOXES + os.urandom(900_000))
    names += ["paystub_delgado_2026-02-13.pdf", "photo.heic"]
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


@pytest.fixture(scope="module")
def shared(browser, lab, project, papers):
    """One notebook for all tests; no dialog may open."""
    make = MAKE_FRAME.format(names=list(papers))
    write_notebook(project / "review.ipynb", make, MAKE_QUEUE.format(log="first.sqlite"))
    with open_notebook(browser, lab, "review.ipynb") as page, no_dialogs(page):
        page.set_default_timeout(PATIENCE)
        run_all_cells(page)
        page.locator(".argyle-panel").wait_for(timeout=4 * PATIENCE)
        yield page


@pytest.fixture
def begun(shared, project, papers):
    """The shared notebook with an empty log of its own, and the first document on the screen."""
    made = len(list(project.glob("reviews_*.sqlite")))
    log = project / f"reviews_{made}.sqlite"
    run_second_cell(shared, MAKE_QUEUE.format(log=log.name))
    shared.wait_for_function("() => document.querySelectorAll('.argyle-panel').length === 1")
    arrived(shared, papers, 0)
    return shared, ReviewLog(log)


def arrived(page, papers, number):
    """Wait until a document is shown whole, and give what shows it."""
    page.locator(f".argyle-sheet[data-sha256='{list(papers.values())[number]}']").wait_for()
    return page.locator(".argyle-sheet > iframe, .argyle-sheet > img")


def name_reviewer(page, name):
    page.get_by_label("Reviewer").fill(name)
    page.get_by_label("Reviewer").press("Tab")


def verdicts(log):
    rows = log.frame()
    return list(zip(rows["verdict"], rows["reviewer"], rows["note"], strict=True))


def ready(page):
    page.wait_for_function(
        "() => !document.querySelector('.argyle-verdict-genuine').disabled", timeout=PATIENCE
    )


def test_keys_write_verdicts_and_a_note_takes_no_key_for_one(begun, papers):
    page, log = begun
    cells = count_of_cells(page)
    page.get_by_label("Reviewer").focus()
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    assert_focus(page.locator(".argyle-panel"))
    ready(page)
    page.get_by_label("Note").focus()
    page.keyboard.type("fun: g f u n")
    page.keyboard.press("Escape")
    assert_focus(page.locator(".argyle-panel"))
    page.keyboard.press("g")
    page.get_by_text("Document 2 of 5", exact=True).wait_for()
    arrived(page, papers, 1)
    ready(page)
    page.keyboard.press("f")
    arrived(page, papers, 2)
    page.keyboard.press("n")
    arrived(page, papers, 3)
    ready(page)
    for key in "abdd":
        page.keyboard.press(key)
    page.keyboard.press("u")
    arrived(page, papers, 4)
    assert verdicts(log) == [
        ("genuine", "ada", "fun: g f u n"),
        ("fraudulent", "ada", ""),
        ("unsure", "ada", ""),
    ]
    assert count_of_cells(page) == cells


def test_the_viewer_of_a_document_gives_the_keys_back_to_the_panel(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    sheet = arrived(page, papers, 0)
    # The viewer comes up later than the bytes, and takes no click before.
    for _ in range(100):
        sheet.click(position={"x": 200, "y": 200})
        page.wait_for_timeout(200)
        if page.evaluate("() => document.activeElement.tagName") == "IFRAME":
            break
    else:
        pytest.fail("the viewer took no click in 20 s")
    page.get_by_role("button", name="Genuine").hover()
    page.wait_for_function("() => document.activeElement.className === 'argyle-panel'")
    page.keyboard.press("f")
    arrived(page, papers, 1)
    assert [row[0] for row in verdicts(log)] == ["fraudulent"]


def test_a_document_that_comes_up_does_not_take_the_keys(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    page.locator(".argyle-panel").focus()
    for number in (1, 2, 3):
        page.keyboard.press("n")
        arrived(page, papers, number)
    # A PDF: its viewer may come up later than its bytes.
    page.wait_for_timeout(2000)
    assert_focus(page.locator(".argyle-panel"))
    ready(page)
    page.keyboard.press("g")
    arrived(page, papers, 4)
    assert [row[0] for row in verdicts(log)] == ["genuine"]


def test_the_whole_queue_by_keyboard_and_one_document_again(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    page.locator(".argyle-panel").focus()
    for number, key in enumerate("gfugf"):
        arrived(page, papers, number)
        ready(page)
        page.keyboard.press(key)
    page.get_by_text("All documents judged").wait_for()
    assert page.locator(".argyle-case").is_hidden()
    assert page.locator(".argyle-judged").evaluate("bar => bar.value / bar.max") == 1
    page.get_by_role("button", name="Back").focus()
    page.keyboard.press("Enter")
    arrived(page, papers, 4)
    ready(page)
    page.keyboard.press("u")
    page.get_by_text("All documents judged").wait_for()
    said = ["genuine", "fraudulent", "unsure", "genuine", "fraudulent", "unsure"]
    assert [row[0] for row in verdicts(log)] == said


def test_a_page_that_is_loaded_anew_and_a_cell_that_is_run_again_go_on_where_it_stopped(
    browser, lab, project, papers
):
    make = MAKE_FRAME.format(names=list(papers)[:3])
    queue = "queue = anb.ReviewQueue(client, frame, reviewer='ada', log='anew.sqlite')\nqueue"
    write_notebook(project / "review_anew.ipynb", make, queue)
    with open_notebook(browser, lab, "review_anew.ipynb") as page:
        run_all_cells(page)
        arrived(page, papers, 0)
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.get_by_role("button", name="Genuine").click()
        arrived(page, papers, 1)
        page.reload()
        wait_for_kernel(page)
        arrived(page, papers, 1)
        assert page.get_by_label("Reviewer").input_value() == "ada"
        page.get_by_role("button", name="Fraudulent").click()
        arrived(page, papers, 2)
        run_second_cell(page, queue)
        page.locator(".argyle-how", has_text="2 judged: 1 genuine, 1 fraudulent").wait_for()
        arrived(page, papers, 2)
        shut_kernel_down(page)
        page.get_by_role("button", name="Next").click()
        page.locator(".argyle-notice", has_text="run this cell again").wait_for()


def test_a_verdict_by_mouse_is_changed_by_a_further_row(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    page.get_by_role("button", name="Genuine").click()
    arrived(page, papers, 1)
    page.get_by_role("button", name="Back").click()
    page.get_by_text("You said before: genuine.").wait_for()
    arrived(page, papers, 0)
    page.get_by_role("button", name="Fraudulent").click()
    arrived(page, papers, 1)
    assert [row[0] for row in verdicts(log)] == ["genuine", "fraudulent"]
    page.locator(".argyle-count", has_text="1 judged: 0 genuine, 1 fraudulent, 0 unsure").wait_for()


def test_without_a_reviewer_there_is_no_verdict(begun):
    page, log = begun
    page.locator(".argyle-panel").focus()
    page.keyboard.press("g")
    assert page.get_by_role("button", name="Genuine").is_disabled()
    assert verdicts(log) == []


def test_pdf_and_picture_are_shown_from_memory_and_leave_no_file(begun, papers):
    page, _ = begun
    pdf = arrived(page, papers, 0)
    assert pdf.get_attribute("src").startswith("blob:")
    assert pdf.evaluate("node => node.tagName") == "IFRAME"
    page.get_by_role("button", name="Next").click()
    image = arrived(page, papers, 1)
    image.evaluate("node => node.decode()")
    assert image.evaluate("node => node.naturalWidth") > 100
    left = run_in_kernel(
        page,
        "import tempfile, pathlib\n"
        "print(sorted(pathlib.Path(tempfile.gettempdir()).glob('argyle_nb_review_*')))",
    )
    assert left == "[]\n"


def test_a_hostile_file_name_is_only_a_text(begun, papers):
    page, _ = begun
    page.get_by_role("button", name="Next").click()
    arrived(page, papers, 1)
    assert page.locator(".argyle-facts dd", has_text=HOSTILE).count() == 1
    assert page.locator(".argyle-panel img[onerror], .argyle-panel img[src='x']").count() == 0


def test_a_picture_that_the_browser_cannot_show_can_be_saved(begun, papers):
    page, _ = begun
    for number in range(1, len(papers)):
        page.get_by_role("button", name="Next").click()
        arrived(page, papers, number)
    page.locator(".argyle-sheet", has_text="cannot show this picture").wait_for()
    link = page.get_by_role("link", name="Save the document")
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename.endswith(".heic")
    content = Path(saved.value.path()).read_bytes()
    assert hashlib.sha256(content).hexdigest() == papers["photo.heic"]


def test_signals_and_what_was_read_stand_beside_the_document(begun):
    page, _ = begun
    assert re.match(r"\d+, (very low|low|medium|high)", page.locator(".argyle-score").inner_text())
    assert page.locator(".argyle-signals li", has_text="reason code").count() >= 1
    assert page.locator(".argyle-table tr", has_text="employer.name").count() == 1


def test_two_reviewers_see_how_far_they_agree(begun, papers):
    page, log = begun
    for reviewer in ("ada", "ben"):
        name_reviewer(page, reviewer)
        for number, key in enumerate("gf"):
            arrived(page, papers, number)
            ready(page)
            page.locator(".argyle-panel").focus()
            page.keyboard.press(key)
        arrived(page, papers, 2)
        assert page.get_by_text("You said before").count() == 0
    told = page.locator(".argyle-agreement", has_text="ada and ben agree on 100.0 % of 2 documents")
    told.wait_for()
    assert "Cohen's kappa 1.00" in told.inner_text()
    assert len(verdicts(log)) == 4


def test_a_verdict_is_written_while_a_cell_runs(begun, papers, tmp_path):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    with running_cell(page, tmp_path / "over") as still_running:
        page.get_by_role("button", name="Unsure").click()
        arrived(page, papers, 1)
        assert [row[0] for row in verdicts(log)] == ["unsure"]
        assert still_running()


@THEMES
def test_nothing_keeps_people_out_in_either_theme(begun, theme):
    page, _ = begun
    use_theme(page, theme)
    name_reviewer(page, "ada")
    ready(page)
    with window_of(page, 1280, 1500):
        picture(page, f"review_{theme.split()[1].lower()}")
        assert serious_faults(page, ".argyle-panel") == []


@NARROW
def test_nothing_is_cut_off_in_a_narrow_window(begun, width):
    page, _ = begun
    with window_of(page, width, 1800):
        picture(page, f"review_{width}")
        wait_until_nothing_is_cut_off(page, ".argyle-panel")


def test_the_saved_notebook_tells_the_progress_and_nothing_of_a_document(begun, papers, project):
    page, _ = begun
    name_reviewer(page, "ada-the-reviewer")
    page.get_by_role("button", name="Genuine").click()
    arrived(page, papers, 1)
    path = project / "review.ipynb"
    state = saved_widgets(page, path)
    secret = run_in_kernel(page, "print(client._transport.settings.api_key_secret.reveal())")
    assert secret.strip()
    assert secret.strip() not in path.read_text(encoding="utf-8")
    assert '"genuine": 1' in state
    for personal in ("Nadia C. Rivera", "ada-the-reviewer", "onerror=alert(1)>.jpg", "rivera_2026"):
        assert personal not in state
    for document in (SAMPLES[next(iter(papers))], PICTURES[0]):
        assert base64.b64encode(document.read_bytes()[:300]).decode() not in path.read_text(
            encoding="utf-8"
        )


def test_panels_beside_each_other_keep_their_looks(begun, papers):
    page, _ = begun
    run_second_cell(page, MAKE_BOTH)
    page.wait_for_function("() => document.querySelectorAll('.argyle-panel').length === 2")
    page.locator(".argyle-table tbody td").first.wait_for()
    verdict = page.get_by_role("button", name="Genuine")
    looks = "node => [getComputedStyle(node).borderLeftWidth, getComputedStyle(node).minHeight]"
    assert verdict.evaluate(looks) == ["6px", "34px"]


# The last test: it leaves the notebook without its widgets.
def test_after_a_restart_of_the_kernel_the_panel_says_what_to_do(begun):
    page, _ = begun
    restart_kernel(page)
    page.get_by_role("button", name="Next").click()
    page.locator(".argyle-notice", has_text="run this cell again").wait_for()
    picture(page, "review_restarted")
