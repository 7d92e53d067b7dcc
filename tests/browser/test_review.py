"""The queue of documents to review, in a real JupyterLab in a real Chromium."""

import base64
import hashlib
import io
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from argyle_nb.review import ReviewLog
from tests.browser.lab import (
    NARROW,
    THEMES,
    assert_focus,
    count_of_cells,
    no_dialogs,
    open_in_new_window,
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
waited = [*client.wait(uploads[:-1]), uploads[-1]]
frame = anb.uploads_frame(waited, users=client.list_users())
"""
MAKE_BOTH = """
from ipywidgets import VBox
VBox([anb.ReviewQueue(client, frame, log="both.sqlite"), anb.ScoreExplorer(frame)])
"""
# The name that another test wrote is no name of this one's.
FORGET = """
import pathlib
pathlib.Path("~/.local/share/argyle_nb/reviewer.txt").expanduser().unlink(missing_ok=True)
"""
MAKE_QUEUE = FORGET + "queue = anb.ReviewQueue(client, frame, log={log!r})\nqueue"
# No document is fetched before it is allowed to.
MAKE_HELD = """
import threading
queue = anb.ReviewQueue(client, frame, log={log!r})
held, fetch = threading.Event(), queue._documents._fetch
queue._documents._fetch = lambda upload: held.wait(60) and fetch(upload)
queue
"""
# The list of another kind of documents does not come before it is allowed to.
HOLD_LIST = """
import threading
held, show = threading.Event(), queue._session.show
queue._session.show = lambda *chosen: held.wait(60) and show(*chosen)
"""
TOGGLE_SIDE_BAR = "() => window.jupyterapp.commands.execute('application:toggle-left-area')"
PACE_SECONDS = 0.2
# From a key to the next document, as a reviewer of three documents a second needs it.
DELAY_SECONDS = 0.3
KEYS = 100
MAKE_MANY = """
import argyle_nb as anb
from concurrent.futures import ThreadPoolExecutor

client = anb.connect(environment="local", sandbox_folder="pace_sandbox")
user = client.create_user(external_id="borrower-under-review").id

def upload(number):
    name = f"many/paystub_{{number}}.pdf"
    return client.upload(name, document_type="miscellaneous", user=user)

with ThreadPoolExecutor(4) as pool:
    frame = anb.uploads_frame(pool.map(upload, range({count})))
"""
FOCUS = """() => {
  const here = document.activeElement;
  return document.hasFocus() ? here.className || here.outerHTML.slice(0, 200) : "another window";
}"""
# The milliseconds from each key to the next document that can be judged; keys that came too early.
WATCH_KEYS = """() => {
  window.delays = [];
  window.answers = 0;
  const status = document.querySelector('.argyle-status');
  new MutationObserver(() => {
    if (status.textContent.startsWith('No verdict saved. Loading')) window.answers += 1;
  }).observe(status, { childList: true, characterData: true, subtree: true });
  let pressed = null;
  document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
  const where = document.querySelector('.argyle-where');
  const verdict = document.querySelector('.argyle-verdict');
  let last = where.textContent;
  const look = () => {
    const can = verdict.getAttribute('aria-disabled') === 'false';
    if (pressed !== null && can && where.textContent !== last) {
      window.delays.push(performance.now() - pressed);
      last = where.textContent;
      pressed = null;
    }
    requestAnimationFrame(look);
  };
  look();
}"""


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
    return page.locator(".argyle-sheet iframe:visible, .argyle-sheet img:visible")


def verdict(page, name):
    return page.locator(f".argyle-verdict-{name}")


def name_reviewer(page, name):
    page.get_by_label("Reviewer").fill(name)
    page.get_by_label("Reviewer").press("Tab")


def assert_verdicts(log, *expected):
    """Wait until the log holds these verdicts: the page goes on before they are written."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        rows = log.frame()
        said = list(zip(rows["verdict"], rows["reviewer"], rows["note"], strict=True))
        found = [row[0] for row in said] if isinstance(expected[:1] and expected[0], str) else said
        if found == list(expected):
            return
        time.sleep(0.05)
    pytest.fail(f"the log holds {found}, not {list(expected)}")


def ready(page):
    page.locator(".argyle-verdict-genuine[aria-disabled=false]").wait_for()


def test_keys_write_verdicts_and_a_note_takes_no_key_for_one(begun, papers):
    page, log = begun
    cells = count_of_cells(page)
    page.get_by_label("Reviewer").focus()
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    assert_focus(page.locator(".argyle-panel"))
    ready(page)
    page.get_by_text("too few to compare").wait_for()  # of its like there are no 30 here
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
    assert_verdicts(
        log,
        ("genuine", "ada", "fun: g f u n"),
        ("fraudulent", "ada", ""),
        ("unsure", "ada", ""),
    )
    assert count_of_cells(page) == cells


@pytest.mark.parametrize(
    "place",
    [
        ".argyle-how",
        ".argyle-score",
        ".argyle-title >> nth=0",
        ".argyle-choose button >> nth=0",
        ".argyle-queue-row[role=option] >> nth=0",
        ".argyle-undo",
    ],
)
def test_the_keys_work_after_a_click_anywhere(begun, papers, place):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    page.locator(place).click(force=True)
    page.keyboard.press("f")
    arrived(page, papers, 1)
    page.get_by_text("Saved: paystub_okafor_2026-02-27.pdf is fraudulent.").wait_for()
    assert_verdicts(log, "fraudulent")


def test_after_a_click_on_a_verdict_the_next_key_is_for_the_next_document(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    verdict(page, "genuine").click()
    arrived(page, papers, 1)
    page.keyboard.press("f")
    arrived(page, papers, 2)
    # What was clicked last is not pressed again.
    page.keyboard.press("Space")
    page.keyboard.press("u")
    arrived(page, papers, 3)
    assert_verdicts(log, "genuine", "fraudulent", "unsure")


def test_the_viewer_of_a_document_gives_the_keys_back_to_the_panel(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    arrived(page, papers, 0)
    viewer_takes_clicks = """() => new Promise(resolve => {
      window.addEventListener('blur', () => resolve(true), { once: true });
      setTimeout(() => resolve(false), 300);
    })"""
    page.mouse.move(0, 0)
    # The viewer comes up later than the bytes, and takes no click before.
    for _ in range(60):
        page.evaluate(f"() => {{ window.taken = ({viewer_takes_clicks})(); }}")
        page.locator(".argyle-sheet").click(position={"x": 200, "y": 300})
        if page.evaluate("() => window.taken"):
            break
    else:
        pytest.fail("the viewer took no click in 20 s")
    deadline = time.monotonic() + PATIENCE / 1000
    while (focus := page.evaluate(FOCUS)) != "argyle-panel":
        assert time.monotonic() < deadline, f"the keys go to {focus}"
        page.wait_for_timeout(50)
    page.keyboard.press("f")
    arrived(page, papers, 1)
    assert_verdicts(log, "fraudulent")


def white_share(page):
    """The share of the pane's width that the page takes, by what can be seen."""
    pane = page.locator(".argyle-sheet")
    seen = Image.open(io.BytesIO(pane.screenshot())).convert("L")
    white = (np.asarray(seen) > 250).mean(axis=0) > 0.2
    across = np.flatnonzero(white)
    return (across[-1] - across[0] + 1) / seen.width if len(across) else 0.0


def test_a_page_can_be_read_at_once_at_1280_pixels(begun, papers):
    page, _ = begun
    arrived(page, papers, 0)
    deadline = time.monotonic() + 20
    while white_share(page) < 0.95:
        assert time.monotonic() < deadline, white_share(page)
    assert page.viewport_size["width"] == 1280
    # Letter is 8.5 inches: at 100 % it would be 816 pixels wide.
    assert page.locator(".argyle-sheet").bounding_box()["width"] >= 0.6 * 816


def test_a_picture_fills_the_width_and_can_be_zoomed(begun, papers):
    page, _ = begun
    page.get_by_role("button", name="Next").click()
    picture_ = arrived(page, papers, 1)
    pane = page.locator(".argyle-sheet").bounding_box()["width"]
    assert picture_.bounding_box()["width"] >= 0.95 * pane
    page.get_by_role("button", name="Zoom in").click()
    assert picture_.bounding_box()["width"] >= 1.4 * pane
    page.get_by_role("button", name="Fit width").click()
    picture_.click(position={"x": 50, "y": 50})
    assert picture_.bounding_box()["width"] >= 2 * pane
    page.keyboard.press("n")
    assert arrived(page, papers, 2).bounding_box()["width"] <= pane


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
    assert_verdicts(log, "genuine")


def test_the_whole_queue_by_keyboard_and_one_document_again(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    page.locator(".argyle-panel").focus()
    for number, key in enumerate("gfugf"):
        arrived(page, papers, number)
        ready(page)
        page.keyboard.press(key)
    page.locator(".argyle-end", has_text="All documents reviewed.").wait_for()
    assert page.locator(".argyle-case").is_hidden()
    assert page.locator(".argyle-judged").evaluate("bar => bar.value / bar.max") == 1
    page.keyboard.press("n")
    page.locator(".argyle-status", has_text="End of the queue").wait_for()
    page.get_by_role("button", name="Back").focus()
    page.keyboard.press("Enter")
    arrived(page, papers, 4)
    ready(page)
    page.keyboard.press("u")
    page.locator(".argyle-end").wait_for()
    said = ["genuine", "fraudulent", "unsure", "genuine", "fraudulent", "unsure"]
    assert_verdicts(log, *said)


def test_an_undone_verdict_brings_its_document_back(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    assert page.locator(".argyle-undo").get_attribute("title").startswith("No verdict to undo")
    page.get_by_label("Note").fill("two fonts")
    page.locator(".argyle-panel").focus()
    page.keyboard.press("f")
    arrived(page, papers, 1)
    page.keyboard.press("z")
    arrived(page, papers, 0)
    page.locator(".argyle-how", has_text="0 of 5 reviewed").wait_for()
    assert page.get_by_label("Note").input_value() == "two fonts"
    page.keyboard.press("g")
    arrived(page, papers, 1)
    page.locator(".argyle-how", has_text="1 of 5 reviewed: 1 genuine").wait_for()
    assert_verdicts(log, "fraudulent", "withdrawn", "genuine")


def test_the_queue_ends_and_leads_back_to_what_was_skipped(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    for number, key in enumerate("ngngn"):
        arrived(page, papers, number)
        ready(page)
        page.locator(".argyle-panel").focus()
        page.keyboard.press(key)
    page.locator(".argyle-end", has_text="3 documents have no verdict").wait_for()
    assert page.get_by_role("button", name="Next").get_attribute("title") == "End of the queue."
    page.get_by_role("button", name="Review these 3").click()
    arrived(page, papers, 0)
    assert_verdicts(log, "genuine", "genuine")


def test_the_list_leads_to_any_document_and_can_be_kept_to_one_verdict(begun, papers):
    page, _ = begun
    name_reviewer(page, "ada")
    rows = page.locator(".argyle-queue-row[role=option]")
    rows.nth(4).wait_for()
    assert rows.nth(0).inner_text().split("\n")[1:3] == ["borrower-under-review", "paystubs"]
    rows.nth(3).click()
    arrived(page, papers, 3)
    ready(page)
    page.keyboard.press("u")
    arrived(page, papers, 4)
    page.get_by_role("button", name="Unsure 1").click()
    arrived(page, papers, 3)
    page.wait_for_function("() => document.querySelectorAll('[role=option]').length === 1")
    page.get_by_role("button", name="All 5").click()
    page.locator(".argyle-queue").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    arrived(page, papers, 1)


def test_keys_pressed_before_another_list_is_here_are_for_that_list(begun, papers):
    page, _ = begun
    name_reviewer(page, "ada")
    arrived(page, papers, 0)
    ready(page)
    page.keyboard.press("g")
    arrived(page, papers, 1)
    page.get_by_role("button", name="No verdict 4").wait_for()
    run_in_kernel(page, HOLD_LIST)
    page.get_by_role("button", name="No verdict 4").click()
    page.locator(".argyle-queue").focus()
    for key in ("Home", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    run_in_kernel(page, "held.set()")
    arrived(page, papers, 2)
    page.locator(".argyle-queue:not([aria-busy])").wait_for()


def test_the_name_is_there_in_the_next_panel(begun, papers):
    page, _ = begun
    name_reviewer(page, "ada")
    ready(page)
    run_second_cell(page, "anb.ReviewQueue(client, frame, log='remembered.sqlite')")
    page.wait_for_function("() => document.querySelectorAll('.argyle-panel').length === 1")
    ready(page)
    assert page.get_by_label("Reviewer").input_value() == "ada"


def test_of_100_keys_five_a_second_none_is_lost(browser, lab, project):
    content = SAMPLES["paystub_delgado_2026-02-13.pdf"].read_bytes()
    (project / "many").mkdir()
    for number in range(KEYS):
        (project / f"many/paystub_{number}.pdf").write_bytes(content + b"\n%%%d" % number)
    queue = "queue = anb.ReviewQueue(client, frame, reviewer='ada', log='pace.sqlite')\nqueue"
    write_notebook(project / "pace.ipynb", MAKE_MANY.format(count=KEYS), queue)
    with open_notebook(browser, lab, "pace.ipynb") as page:
        run_all_cells(page)
        ready(page)
        # The reviewer looks at the first one: the next two are drawn meanwhile.
        page.wait_for_function("() => document.querySelectorAll('.argyle-view').length === 3")
        page.locator(".argyle-panel").focus()
        page.evaluate(WATCH_KEYS)
        begun_at = time.monotonic()
        for number in range(KEYS):
            time.sleep(max(0, begun_at + PACE_SECONDS * number - time.monotonic()))
            page.keyboard.press("gfu"[number % 3])
        log = ReviewLog(project / "pace.sqlite")
        deadline = time.monotonic() + 4 * PATIENCE / 1000
        # On a machine with other work a document may be late: its key is answered, and not dropped.
        while len(log.frame()) + (answers := page.evaluate("() => window.answers")) < KEYS:
            assert time.monotonic() < deadline, (len(log.frame()), answers)
            page.wait_for_timeout(100)
        delays = sorted(page.evaluate("() => window.delays"))
    assert len(log.frame()) + answers == KEYS
    assert log.frame()["upload_id"].is_unique
    assert delays[len(delays) // 2] < 1000 * DELAY_SECONDS


def test_a_key_before_the_document_is_here_is_answered(begun, papers):
    page, log = begun
    run_second_cell(page, MAKE_HELD.format(log=log.path.name))
    page.locator(".argyle-sheet", has_text="Loading the document").wait_for()
    page.wait_for_function("() => document.querySelectorAll('.argyle-panel').length === 1")
    page.evaluate(WATCH_KEYS)
    name_reviewer(page, "ada")
    page.locator(".argyle-panel").focus()
    page.keyboard.press("g")
    # What the kernel says of the name may come behind it, and takes its place.
    page.wait_for_function("() => window.answers === 1")
    run_in_kernel(page, "held.set()")
    arrived(page, papers, 0)
    ready(page)
    assert log.frame().empty
    page.keyboard.press("g")
    arrived(page, papers, 1)
    assert_verdicts(log, "genuine")


def test_a_lost_connection_is_called_that_at_once_and_its_verdicts_follow(
    browser, lab, project, papers
):
    make = MAKE_FRAME.format(names=list(papers)[:3])
    queue = "queue = anb.ReviewQueue(client, frame, reviewer='ada', log='lost.sqlite')\nqueue"
    write_notebook(project / "lost.ipynb", make, queue)
    sockets, is_cut = [], []

    def pass_on(socket):
        if is_cut:
            socket.close()
            return
        sockets.append(socket)
        socket.connect_to_server()

    def prepare(context):
        context.route_web_socket(re.compile("/channels"), pass_on)

    with open_in_new_window(browser, lab, "lost.ipynb", prepare) as page:
        run_all_cells(page)
        ready(page)
        arrived(page, papers, 0)
        is_cut.append(True)
        for socket in sockets:
            socket.close()
        page.locator(".argyle-notice", has_text="connection to the kernel is lost").wait_for(
            timeout=2000
        )
        page.locator(".argyle-panel").focus()
        page.keyboard.press("g")
        page.locator(".argyle-notice", has_text="Not saved yet: 1 verdict").wait_for()
        is_cut.clear()
        page.locator(".argyle-how", has_text="1 of 3 reviewed: 1 genuine").wait_for(timeout=60_000)
        page.locator(".argyle-panel > .argyle-notice").wait_for(state="hidden")
    assert_verdicts(ReviewLog(project / "lost.sqlite"), ("genuine", "ada", ""))


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
        verdict(page, "genuine").click()
        arrived(page, papers, 1)
        page.reload()
        wait_for_kernel(page)
        arrived(page, papers, 1)
        assert page.get_by_label("Reviewer").input_value() == "ada"
        verdict(page, "fraudulent").click()
        arrived(page, papers, 2)
        run_second_cell(page, queue)
        page.locator(".argyle-how", has_text="2 of 3 reviewed: 1 genuine, 1 fraudulent").wait_for()
        arrived(page, papers, 2)
        shut_kernel_down(page)
        page.get_by_role("button", name="Next").click()
        page.locator(".argyle-notice", has_text="run this cell again").wait_for()


def test_a_verdict_by_mouse_is_changed_by_a_further_row(begun, papers):
    page, log = begun
    name_reviewer(page, "ada")
    verdict(page, "genuine").click()
    arrived(page, papers, 1)
    page.get_by_role("button", name="Back").click()
    page.get_by_text("Your earlier verdict: genuine.").wait_for()
    arrived(page, papers, 0)
    verdict(page, "fraudulent").click()
    arrived(page, papers, 1)
    assert_verdicts(log, "genuine", "fraudulent")
    page.locator(".argyle-count", has_text="1 of 5 reviewed: 0 genuine, 1 fraudulent").wait_for()


def test_without_a_reviewer_there_is_no_verdict_and_the_button_says_why(begun):
    page, log = begun
    page.locator(".argyle-panel").focus()
    page.keyboard.press("g")
    page.locator(".argyle-status", has_text="Enter your name to save verdicts").wait_for()
    assert verdict(page, "genuine").get_attribute("aria-disabled") == "true"
    assert verdict(page, "genuine").get_attribute("title") == "Enter your name to save verdicts."
    assert log.frame().empty


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
    page.locator(".argyle-sheet", has_text="can't show this image").wait_for()
    link = page.get_by_role("link", name="Save the document")
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename.endswith(".heic")
    content = Path(saved.value.path()).read_bytes()
    assert hashlib.sha256(content).hexdigest() == papers["photo.heic"]


def test_borrower_score_signals_and_what_was_read_stand_beside_the_document(begun, papers):
    page, _ = begun
    arrived(page, papers, 0)
    facts = page.locator(".argyle-facts").inner_text()
    assert "borrower-under-review" in facts
    assert re.match(r"\d+, (very low|low|medium|high)", page.locator(".argyle-score").inner_text())
    signals = page.locator(".argyle-signals li").all_inner_texts()
    names = [signal.split(" (")[0].lower() for signal in signals]
    assert len(names) == len(set(names)) >= 1
    assert all("confidence, " in signal for signal in signals)
    assert page.locator(".argyle-about tr", has_text="employer.name").count() == 1


def test_where_nothing_was_read_the_panel_says_so(begun, papers):
    page, _ = begun
    page.locator(".argyle-queue-row[role=option] >> nth=4").click()
    arrived(page, papers, 4)
    page.locator(".argyle-about", has_text="No OCR data").wait_for()
    assert page.locator(".argyle-about table").is_hidden()


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
        assert page.get_by_text("Your earlier verdict").count() == 0
    told = page.locator(
        ".argyle-agreement", has_text="ada and ben: 100.0% agreement on 2 documents"
    )
    told.wait_for()
    assert "Cohen's kappa 1.00" in told.inner_text()
    assert len(log.frame()) == 4


def test_a_verdict_is_written_while_a_cell_runs(begun, papers, tmp_path):
    page, log = begun
    name_reviewer(page, "ada")
    ready(page)
    with running_cell(page, tmp_path / "over") as still_running:
        verdict(page, "unsure").click()
        arrived(page, papers, 1)
        assert_verdicts(log, "unsure")
        assert still_running()


def test_what_a_screen_reader_hears_makes_sense(begun, papers):
    page, _ = begun
    name_reviewer(page, "ada")
    arrived(page, papers, 0)
    ready(page)
    page.locator(".argyle-queue-row[role=option] >> nth=4").wait_for()
    heard = page.locator(".argyle-panel").aria_snapshot()
    for part in (
        'progressbar "Documents with your verdict"',
        'textbox "Reviewer name (required)": ada',
        'group "Your verdict"',
        'button "Genuine g"',
        'button "Undo z" [disabled]',
        'button "Back" [disabled]',
        'status: "Now showing document 1 of 5: paystub_okafor_2026-02-27.pdf."',
        "term: Borrower",
        'textbox "Note (saved with the verdict)"',
        'region "Signals (highest impact first)"',
        'region "OCR data"',
        'group "Show"',
        'button "All 5" [pressed]',
        'group "Order"',
        'listbox "Documents of the queue"',
    ):
        assert part in heard, heard
    assert heard.count("iframe") == 1
    assert heard.count("option ") == 5


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


def test_nothing_is_cut_off_at_390_pixels_without_the_side_bar(begun):
    page, _ = begun
    page.evaluate(TOGGLE_SIDE_BAR)
    with window_of(page, 390, 2600):
        picture(page, "review_390")
        wait_until_nothing_is_cut_off(page, ".argyle-panel")
    page.evaluate(TOGGLE_SIDE_BAR)


def test_the_saved_notebook_tells_the_progress_and_nothing_of_a_document(begun, papers, project):
    page, _ = begun
    name_reviewer(page, "ada-the-reviewer")
    verdict(page, "genuine").click()
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
    page.locator("section.argyle-panel").nth(1).wait_for(timeout=4 * PATIENCE)
    page.locator(".argyle-table tbody td").first.wait_for()
    looks = "node => [getComputedStyle(node).borderLeftWidth, getComputedStyle(node).minHeight]"
    assert verdict(page, "genuine").evaluate(looks) == ["6px", "34px"]


# The last test: it leaves the notebook without its widgets.
def test_after_a_restart_of_the_kernel_the_panel_says_what_to_do(begun):
    page, _ = begun
    restart_kernel(page)
    page.locator(".argyle-notice", has_text="run this cell again").wait_for()
    picture(page, "review_restarted")
