"""The explorer of scores, in a real JupyterLab in a real Chromium."""

import csv
import hashlib
import re
import shutil
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.lab import (
    NARROW,
    THEMES,
    assert_focus,
    count_of_cells,
    no_dialogs,
    open_in_new_window,
    open_notebook,
    picture,
    run_all_cells,
    run_in_kernel,
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
from tests.support.servers import until

pytestmark = pytest.mark.browser

PATIENCE = 20_000
HOSTILE = "<img src=x onerror=alert(1)>.pdf"
MAKE_FRAME = f"""
import numpy as np
import argyle_nb as anb

rng = np.random.default_rng(7)

def record(number):
    score = int(min(100, max(0, rng.normal(74, 22))))
    scored = number % 9
    states = ["completed" if scored else "failed"] * 3
    return {{
        "id": f"01320596-2c3d-189c-53e7-{{number:012x}}",
        "account": f"01856c65-43b6-8b5d-b32a-{{number % 40:012x}}",
        "document_type": ["paystubs", "W-2", "proof-of-address"][number % 3],
        "file_name": {HOSTILE!r} if number == 1 else f"stub {{number}}.pdf",
        "metadata": {{"ocr_authenticity_score": score if scored else None}},
        "processing": dict(zip(("classification", "ocr", "authenticity"), states)),
        "created_at": f"2026-0{{1 + number % 6}}-1{{number % 9}}T13:43:49Z",
    }}

frame = anb.uploads_frame([record(number) for number in range(600)])
signals = anb.signals_frame([])
signals = signals.reindex(range(120)).assign(
    upload_id=frame["id"].iloc[:240:2].array,
    identifier=["dollar_amount_edits", "font_mismatch", "date_edits", "006-L"] * 30,
)
"""
MAKE_EXPLORER = "explorer = anb.ScoreExplorer(frame, signals)\nexplorer"
DOCUMENTS = ("paystub_haldane_2026-01-23.pdf", "paystub_nakamura_2026-05-29.jpg")
MAKE_REAL_FRAME = f"""
import argyle_nb as anb

client = anb.connect(environment="local", sandbox_folder="explorer_sandbox")
user = client.create_user(external_id="borrower-005").id
uploads = [
    client.upload(f"explored/{{name}}", document_type="paystubs", user=user) for name in {DOCUMENTS}
]
users, accounts = list(client.list_users()), list(client.list_accounts())
frame, signals = anb.flatten(client.wait(uploads), users=users, accounts=accounts)
"""
MAKE_REAL_EXPLORER = "explorer = anb.ScoreExplorer(frame, signals, client=client)\nexplorer"
# JupyterLab passes over the keys while it saves, and until the checkpoint of that save is made.
COUNT_SAVES = """() => {
  window.saves = 0;
  window.jupyterapp.shell.currentWidget.context.saveState.connect((_, state) => {
    if (state.startsWith('completed')) window.saves += 1;
  });
}"""


@pytest.fixture(scope="module")
def shared(browser, lab, project):
    """One notebook for all tests that leave it usable; no dialog may open."""
    write_notebook(project / "explore.ipynb", MAKE_FRAME, MAKE_EXPLORER)
    with open_notebook(browser, lab, "explore.ipynb") as page, no_dialogs(page):
        page.set_default_timeout(PATIENCE)
        run_all_cells(page)
        page.locator(".argyle-table td").first.wait_for()
        yield page


@pytest.fixture
def page(shared):
    """The shared notebook with the panel as it begins."""
    every = shared.get_by_role("button", name="Show all scores")
    if every.is_visible():
        every.click()
    clear = shared.get_by_role("button", name="Clear filters")
    if clear.is_enabled():
        clear.click()
    shared.locator(".argyle-table caption", has_text="600 uploads in view").wait_for()
    return shared


def shares(page):
    tiles = page.locator(".argyle-tile").all_inner_texts()
    return {
        name: re.search(r"([\d,]+) upload", text)[1]
        for text in tiles
        for name in [text.split("\n")[0]]
    }


def caption(page, text):
    page.locator(".argyle-table caption", has_text=text).wait_for()


def downloaded(page, press):
    """Press what downloads, wait for the browser's file, and read it."""
    with page.expect_download() as download:
        press()
    assert download.value.suggested_filename == "uploads_in_view.csv"
    with download.value.path().open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_filter_cut_bar_and_download_by_mouse(page, project):
    page.get_by_label("paystubs").check()
    caption(page, "200 uploads in view")
    before = shares(page)
    slider = page.get_by_label("Pass from")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    page.locator(".argyle-cut-name", has_text=re.compile("pass from (59|60|61)")).wait_for()
    page.wait_for_function(
        "old => !document.querySelector('.argyle-tile-pass').innerText.includes(old)",
        arg=f"{before['Pass']} upload",
    )
    assert int(shares(page)["Pass"]) > int(before["Pass"])

    page.get_by_role("button", name="Scores 90 to 94").click()
    caption(page, "with scores 90 to 94")
    rows = downloaded(page, page.get_by_role("button", name="Download").click)
    assert not list(project.glob("*.csv"))
    assert rows
    assert {row["document_type"] for row in rows} == {"paystubs"}
    assert all(90 <= int(row["ocr_authenticity_score"]) <= 94 for row in rows)
    assert "file_name" not in rows[0]
    shown = page.get_by_role("button", name="Scores 90 to 94").get_attribute("aria-label")
    assert shown == f"Scores 90 to 94: {len(rows)} uploads"
    page.get_by_role("button", name="Show all scores").click()
    caption(page, "200 uploads in view")


def test_filter_cut_bar_and_download_by_keyboard_which_reaches_no_shortcut_of_jupyterlab(page):
    cells = count_of_cells(page)
    press = page.keyboard.press
    page.locator(".argyle-filters summary").focus()
    press("Tab")
    for key in "abdd":
        press(key)
    press("Space")
    caption(page, "200 uploads in view")
    box = page.get_by_label("paystubs")
    assert_focus(box)
    assert box.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"

    page.get_by_label("Reject below").focus()
    press("Home")
    page.locator(".argyle-cut-name", has_text="reject below 0").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.argyle-tile-reject').innerText.includes('0 uploads')"
    )
    page.locator(".argyle-bar-key[tabindex='0']").focus()
    press("End")
    press("Enter")
    caption(page, "with scores 95 to 100")
    page.get_by_label("Include file names").focus()
    press("Space")
    press("Shift+Tab")
    rows = downloaded(page, lambda: press("Enter"))
    assert {row["document_type"] for row in rows} == {"paystubs"}
    assert all(int(row["ocr_authenticity_score"]) >= 95 for row in rows)
    assert "file_name" in rows[0]
    assert count_of_cells(page) == cells
    page.get_by_label("Include file names").uncheck()


def saved_by_key(page, label, number):
    page.get_by_label(label).focus()
    page.keyboard.press("Control+s")
    with suppress(PlaywrightTimeoutError):
        page.wait_for_function("number => window.saves >= number", arg=number, timeout=5_000)
    return page.evaluate("window.saves") >= number


def test_the_keys_that_save_the_notebook_reach_jupyterlab_from_every_control(page):
    cells = count_of_cells(page)
    page.evaluate(COUNT_SAVES)
    for number, label in enumerate(("paystubs", "Search names and IDs"), start=1):
        # JupyterLab passes over a key that comes while it is saving already.
        until(lambda label=label, number=number: saved_by_key(page, label, number), 80)
    page.keyboard.press("Escape")
    for key in "dd":
        page.keyboard.press(key)
    assert count_of_cells(page) == cells
    page.get_by_label("Search names and IDs").fill("")


@pytest.mark.parametrize(
    ("filters", "label", "value"),
    [
        ("document_type='W-2'", "W-2", None),
        ("level='high'", "high", None),
        ("status='processing_failed'", "processing failed", None),
        ("signal='date_edits', signals=signals", "date_edits", None),
        ("created_from='2026-05-14'", "Created on or after (UTC)", "2026-05-14"),
        ("created_before='2026-01-13'", "Created before (UTC)", "2026-01-13"),
        ("user='00000000001b'", "Borrower (any ID)", "00000000001b"),
        ("text='stub 17'", "Search names and IDs", "stub 17"),
    ],
)
def test_each_filter_leaves_in_view_what_python_finds(page, filters, label, value):
    found = int(run_in_kernel(page, f"print(len(anb.find_uploads(frame, {filters})))"))
    assert 0 < found < 600
    control = page.get_by_label(label)
    if value is None:
        control = page.get_by_role("checkbox", name=f"{label} (")
        control.check()
    else:
        control.fill(value)
    caption(page, f"{found} uploads in view")
    page.get_by_text("Filters (1 active)").wait_for()
    page.get_by_role("button", name="Clear filters").click()
    caption(page, "600 uploads in view")


def test_no_button_takes_the_keys_with_it_when_it_has_done_its_work(page):
    press = page.keyboard.press
    page.get_by_label("W-2").focus()
    press("Space")
    caption(page, "200 uploads in view")
    page.get_by_role("button", name="Clear filters").focus()
    press("Enter")
    caption(page, "600 uploads in view")
    assert_focus(page.locator(".argyle-filters summary"))

    page.get_by_label("Borrower (any ID)").focus()
    page.keyboard.type("00000000001b")
    caption(page, "15 uploads in view")
    page.get_by_role("button", name="Next page").focus()
    press("Enter")
    page.get_by_text("Page 2 of 2").wait_for()
    assert_focus(page.get_by_role("button", name="Previous page"))
    press("Enter")
    page.get_by_text("Page 1 of 2").wait_for()
    assert_focus(page.get_by_role("button", name="Next page"))

    page.locator(".argyle-bar-key[tabindex='0']").focus()
    press("End")
    press("Space")
    caption(page, "with scores 95 to 100")
    page.get_by_role("button", name="Show all scores").focus()
    press("Enter")
    caption(page, "15 uploads in view")
    assert_focus(page.get_by_role("region", name="Uploads in view"))


def test_picture_order_and_code_by_keyboard(page):
    press = page.keyboard.press
    page.get_by_role("radio", name="Histogram").focus()
    press("ArrowRight")
    page.locator(".argyle-rising").wait_for(state="attached")
    press("ArrowLeft")
    page.locator(".argyle-bar-pass").first.wait_for(state="attached")
    page.get_by_role("button", name="Level", exact=True).focus()
    press("Enter")
    page.locator("th[aria-sort=ascending]", has_text="Level").wait_for()
    page.locator(".argyle-code summary").focus()
    press("Enter")
    page.locator(".argyle-code pre", has_text="sort_values('authenticity_level'").wait_for()
    press("Enter")


def test_who_hears_the_page_hears_the_shares_when_a_cut_off_moves(page):
    page.get_by_label("Pass from").focus()
    page.keyboard.press("Home")
    page.locator(".argyle-status", has_text="reject 0.0%, review 0.0%, pass 100.0%").wait_for()
    page.keyboard.press("End")
    page.locator(".argyle-status", has_text="pass 0.0%").wait_for()


def test_the_table_sorts_turns_its_pages_and_finds(page):
    page.get_by_role("button", name="Status", exact=True).click()
    page.locator("th[aria-sort=ascending]", has_text="Status").wait_for()
    assert set(page.locator("tbody .argyle-status").all_inner_texts()) == {"processing failed"}
    page.get_by_role("button", name="Score", exact=True).click()
    page.locator("th[aria-sort=ascending]", has_text="Score").wait_for()
    scores = page.locator("tbody .argyle-score").all_inner_texts()
    assert [int(score) for score in scores] == sorted(int(score) for score in scores)
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("Page 2 of 50").wait_for()
    page.get_by_label("Search names and IDs").fill("STUB 59")
    caption(page, "11 uploads in view")
    assert page.get_by_role("button", name="Next page").is_disabled()


def test_a_hostile_file_name_is_only_a_text(page):
    page.get_by_label("Search names and IDs").fill("onerror")
    caption(page, "1 upload in view")
    assert page.locator(".argyle-open").first.inner_text() == HOSTILE
    assert page.locator(".argyle-panel img").count() == 0


def test_it_answers_while_a_cell_runs(page, tmp_path):
    with running_cell(page, tmp_path / "over") as still_running:
        page.get_by_label("W-2").check()
        caption(page, "200 uploads in view")
        assert still_running()


def test_what_python_sees_is_what_the_panel_shows(page):
    page.get_by_label("font_mismatch").check()
    caption(page, "30 uploads in view")
    code = "uploads = frame\nexec(explorer.code)\nprint(len(table), len(explorer.frame))"
    printed = run_in_kernel(page, code)
    assert printed == "30 30\n"
    page.get_by_text("Show code").click()
    code = page.locator(".argyle-code pre").inner_text()
    assert code == run_in_kernel(page, "print(explorer.code, end='')")
    page.get_by_text("Show code").click()


@THEMES
def test_nothing_keeps_people_out_in_either_theme(page, theme):
    use_theme(page, theme)
    name = theme.split()[1].lower()
    with window_of(page, 1280, 2300):
        page.get_by_role("button", name="Scores 70 to 74").click()
        caption(page, "with scores 70 to 74")
        page.get_by_text("Show code").click()
        picture(page, f"explore_{name}")
        assert serious_faults(page, ".argyle-panel") == []
        page.get_by_text("Cumulative distribution").click()
        picture(page, f"explore_rising_{name}")
        page.get_by_role("radio", name="Histogram").check()
        page.get_by_text("Show code").click()


@NARROW
def test_nothing_is_cut_off_in_a_narrow_window(page, width):
    with window_of(page, width, 1800):
        page.get_by_label("Search names and IDs").fill("onerror")
        caption(page, "1 upload in view")
        picture(page, f"explore_{width}")
        wait_until_nothing_is_cut_off(page, ".argyle-panel")


def test_a_page_that_is_loaded_anew_shows_the_same_view(browser, lab, project):
    write_notebook(project / "anew.ipynb", MAKE_FRAME, MAKE_EXPLORER)
    with open_notebook(browser, lab, "anew.ipynb") as page:
        run_all_cells(page)
        page.get_by_label("paystubs").check()
        page.get_by_label("Borrower (any ID)").fill("00000000001b")
        caption(page, "5 uploads in view")
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.reload()
        wait_for_kernel(page)
        caption(page, "5 uploads in view")
        assert page.get_by_label("paystubs").is_checked()
        assert page.get_by_label("Borrower (any ID)").input_value() == "00000000001b"
        shut_kernel_down(page)
        page.get_by_label("paystubs").uncheck()
        page.locator(".argyle-notice", has_text="run this cell again").wait_for()


def test_a_saved_notebook_shows_the_last_picture_and_nothing_of_a_person(browser, lab, project):
    write_notebook(project / "kept.ipynb", MAKE_FRAME, MAKE_EXPLORER)
    with open_notebook(browser, lab, "kept.ipynb") as page:
        run_all_cells(page)
        page.get_by_label("Borrower (any ID)").fill("01856c65")
        page.get_by_label("paystubs").check()
        caption(page, "200 uploads in view")
        state = saved_widgets(page, project / "kept.ipynb")
    shutil.copy(project / "kept.ipynb", project / "kept_reopened.ipynb")
    with open_in_new_window(browser, lab, "kept_reopened.ipynb") as page:
        page.locator(".argyle-summary", has_text="200 of 600 uploads shown").wait_for()
        assert page.locator(".argyle-bar-pass").count() > 0
        page.locator(".argyle-notice", has_text="run this cell again").wait_for(timeout=30_000)
        picture(page, "explore_reopened")
    assert "Show code" in state
    for personal in ("stub 3", "01320596-2c3d", "01856c65", HOSTILE):
        assert personal not in state


def test_an_empty_table_says_which_filter_to_clear(page):
    page.get_by_role("checkbox", name="processing failed (").check()
    page.get_by_role("checkbox", name="high (").check()
    caption(page, "0 uploads in view")
    page.get_by_text("No uploads match all filters.").wait_for()
    failed = int(
        run_in_kernel(page, "print(len(anb.find_uploads(frame, status='processing_failed')))")
    )
    assert page.get_by_role("button", name="Download").is_disabled()
    page.get_by_role("button", name=f"Clear Level: {failed} uploads").focus()
    page.keyboard.press("Enter")
    caption(page, f"{failed} uploads in view")
    assert_focus(page.get_by_role("region", name="Uploads in view"))
    assert not page.get_by_role("checkbox", name="high (").is_checked()


def test_without_a_client_a_row_says_what_the_tables_know_and_how_to_see_the_document(page):
    page.get_by_label("Search names and IDs").fill("onerror")
    caption(page, "1 upload in view")
    page.locator(".argyle-open").click()
    opened = page.get_by_role("region", name=f"Upload {HOSTILE}")
    opened.get_by_text("client=client").wait_for()
    assert page.locator(".argyle-panel img").count() == 0
    page.keyboard.press("Escape")
    opened.wait_for(state="hidden")
    assert_focus(page.locator(".argyle-open"))


@pytest.fixture(scope="module")
def real(browser, lab, project):
    """A notebook with two documents of one borrower; name -> SHA-256."""
    folder = project / "explored"
    folder.mkdir()
    for name in DOCUMENTS:
        shutil.copy(SAMPLES[name], folder)
    write_notebook(project / "real.ipynb", MAKE_REAL_FRAME, MAKE_REAL_EXPLORER)
    with open_notebook(browser, lab, "real.ipynb") as page, no_dialogs(page):
        page.set_default_timeout(2 * PATIENCE)
        run_all_cells(page)
        page.locator(".argyle-open").first.wait_for(timeout=4 * PATIENCE)
        yield page


def digest_of(name):
    return hashlib.sha256(SAMPLES[name].read_bytes()).hexdigest()


def test_a_row_opens_its_signals_fields_and_document_beside_the_table(real):
    cells = count_of_cells(real)
    real.get_by_label("Search names and IDs").fill("borrower-005")
    real.locator(".argyle-table caption", has_text="2 uploads in view").first.wait_for()
    assert real.locator("tbody .argyle-borrower").all_inner_texts() == ["borrower-005"] * 2
    real.locator("tbody .argyle-score").first.click()
    real.locator(f".argyle-sheet[data-sha256='{digest_of(DOCUMENTS[0])}']").wait_for()
    opened = real.get_by_role("region", name=f"Upload {DOCUMENTS[0]}")
    assert opened.get_by_text("borrower-005").is_visible()
    assert opened.get_by_text("Mixed Fonts In Field").is_visible()
    assert opened.get_by_role("cell", name="Oakhaven Freight Lines").is_visible()
    beside = (
        opened.bounding_box()["x"] > real.locator(".argyle-table-box").bounding_box()["x"] + 100
    )
    assert beside
    # By keyboard: to the other row, open it, and close it again.
    real.locator(".argyle-open[aria-expanded=true]").focus()
    real.keyboard.press("ArrowDown")
    assert_focus(real.locator(".argyle-open").nth(1))
    real.keyboard.press("Enter")
    real.locator(f".argyle-sheet[data-sha256='{digest_of(DOCUMENTS[1])}'] img").wait_for()
    assert_focus(real.locator(".argyle-open").nth(1))
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        use_theme(real, theme)
        assert serious_faults(real, ".argyle-panel") == []
    with window_of(real, 640, 1800):
        wait_until_nothing_is_cut_off(real, ".argyle-panel")
    real.keyboard.press("Escape")
    opened.wait_for(state="hidden")
    assert_focus(real.locator(".argyle-open").nth(1))
    assert count_of_cells(real) == cells


def test_what_is_selected_is_reviewed_below_the_table_while_a_cell_runs(real, tmp_path):
    real.locator("tbody input").nth(1).focus()
    real.keyboard.press("Space")
    real.get_by_role("button", name="Review 1 selected").wait_for()
    assert run_in_kernel(real, "print(*explorer.selected['file_name'])") == f"{DOCUMENTS[1]}\n"
    with running_cell(real, tmp_path / "over") as still_running:
        real.get_by_role("button", name="Review 1 selected").click()
        queue = real.locator(".argyle-review-below")
        queue.get_by_text("Document 1 of 1").first.wait_for()
        queue.locator(f".argyle-sheet[data-sha256='{digest_of(DOCUMENTS[1])}']").wait_for()
        assert still_running()
    assert serious_faults(real, ".argyle-review-below") == []
    queue.get_by_role("button", name="Close the review").click()
    queue.wait_for(state="hidden")
    real.get_by_role("button", name="Clear selection").click()
    real.get_by_role("button", name="Review 2 uploads").wait_for()
    assert run_in_kernel(real, "print(len(explorer.selected))") == "2\n"


def test_a_review_is_there_again_on_a_page_that_is_loaded_anew(real):
    real.get_by_role("button", name="Review 2 uploads").click()
    real.locator(".argyle-review-below").get_by_text("Document 1 of 2").first.wait_for()
    real.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    real.reload()
    wait_for_kernel(real)
    real.locator(".argyle-review-below").get_by_text("Document 1 of 2").first.wait_for()
