"""The upload panel, in a real JupyterLab in a real Chromium, with a real sandbox behind it."""

import base64
import json
import re
import shutil
from ast import literal_eval

import pytest

from argyle_nb.sandbox import Faults, Sandbox
from tests.browser.lab import (
    NARROW,
    THEMES,
    assert_focus,
    count_of_cells,
    drop,
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
    start_in_kernel,
    use_theme,
    wait_for_kernel,
    wait_until_nothing_is_cut_off,
    window_of,
    write_notebook,
)
from tests.support.hostile_texts import XSS
from tests.support.samples import SAMPLES
from tests.support.servers import until

pytestmark = pytest.mark.browser

EMAIL = "ada.browser@example.test"
CONNECT = f"""
import argyle_nb as anb
client = anb.connect(environment="local")
ada = client.create_user(external_id="loan-browser", email={EMAIL!r}, first_name="Ada")
"""
SETTLES_SOON = """
import argyle_nb as anb
from argyle_nb.uploads.batch import send_jobs
send_jobs.__kwdefaults__["confirm_timeout"] = 2.0
"""
SHOW = 'panel = anb.UploadPanel(client, "panel.sqlite")\npanel'
CLEAR = """
import time
def clear():
    while panel.queue.files:
        for file in panel.queue.files:
            panel._on_remove(type("Asked", (), {"keys": [file.key]}))
        time.sleep(0.05)
    panel.borrower = ""
    keys = [file.key for file in panel.receiver.files]
    panel._on_remove(type("Asked", (), {"keys": keys}))
clear()
"""


@pytest.fixture(scope="module")
def shared(browser, lab, project):
    """One notebook for all tests that leave it usable; no dialog may open."""
    write_notebook(project / "panel.ipynb", CONNECT, SHOW)
    with open_notebook(browser, lab, "panel.ipynb") as page, no_dialogs(page):
        run_all_cells(page)
        page.locator(".argyle-uploads").wait_for()
        yield page


@pytest.fixture
def page(shared):
    """The shared notebook with an empty panel."""
    run_in_kernel(shared, CLEAR)
    shared.wait_for_function("() => !document.querySelector('.argyle-document')")
    everybody(shared).fill("")
    everybody(shared).press("Tab")
    return shared


@pytest.fixture
def papers(tmp_path):
    """Two documents that no other test sends, genuine and tampered."""
    chosen = {
        "genuine.pdf": "paystub_rivera_2026-01-30.pdf",
        "forged.pdf": "1099_whitlock_2025.pdf",
    }
    for name, source in chosen.items():
        content = SAMPLES[source].read_bytes()
        (tmp_path / name).write_bytes(content + f"% {tmp_path}\n".encode())
    return [tmp_path / name for name in chosen]


def choose(page, *paths):
    page.locator(".argyle-area input").first.set_input_files([str(path) for path in paths])


def row(page, name, state=None):
    selector = f".argyle-document[data-state={state}]" if state else ".argyle-document"
    return page.locator(selector, has_text=name)


def everybody(page):
    return page.get_by_label("Borrower of all")


def upload(page, count):
    noun = "document" if count == 1 else "documents"
    return page.get_by_role("button", name=f"Upload {count} {noun}", exact=True)


def say_whose(page, user):
    everybody(page).fill(user)
    everybody(page).press("Tab")


def test_dropped_documents_are_typed_sent_and_scored(page, papers):
    drop(page, ".argyle-area", papers)
    row(page, "genuine.pdf", "ready").wait_for()
    row(page, "forged.pdf", "ready").wait_for()
    say_whose(page, "loan-browser")
    page.locator(".argyle-all", has_text="Known user").wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.argyle-document select')].every(s => s.value)"
    )
    assert row(page, "genuine.pdf").get_by_label("Document type of").input_value() == "paystubs"
    assert row(page, "forged.pdf").get_by_label("Document type of").input_value() == "1099"
    upload(page, 2).click()
    row(page, "genuine.pdf", "done").wait_for()
    forged = row(page, "forged.pdf", "done")
    forged.wait_for()
    assert "high authenticity" in row(page, "genuine.pdf").inner_text()
    page.get_by_role("button", name="Open forged.pdf").click()
    details = page.get_by_label("Details of forged.pdf")
    details.locator("iframe").wait_for()
    assert details.locator(".argyle-signals li").count() > 1
    picture(page, "upload_panel")
    page.keyboard.press("Escape")
    scores = json.loads(
        run_in_kernel(page, "print(panel.frame['ocr_authenticity_score'].to_json(orient='values'))")
    )
    shown = page.locator(".argyle-uploads .argyle-score").all_inner_texts()
    assert sorted(scores) == sorted(int(score) for score in shown)


def test_a_refused_file_says_why_and_the_same_file_can_be_chosen_again(page, papers, tmp_path):
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(papers[0].read_bytes()[:2000])
    choose(page, cut)
    row(page, "cut.pdf", "invalid").wait_for()
    assert "The PDF is incomplete" in row(page, "cut.pdf").inner_text()
    assert page.get_by_role("button", name="Upload", exact=True).is_disabled()
    page.get_by_role("button", name="Remove cut.pdf").click()
    page.wait_for_function("() => !document.querySelector('.argyle-document')")
    shutil.copy(papers[0], cut)
    choose(page, cut)
    row(page, "cut.pdf", "ready").wait_for()


def test_a_user_is_asked_for_and_an_unknown_one_is_called_new(page, papers):
    choose(page, papers[0])
    row(page, "genuine.pdf", "ready").wait_for()
    upload(page, 1).click()
    page.locator(".argyle-notice", has_text="has no borrower. Enter one under Borrower.").wait_for()
    everybody(page).fill("loan-of-nobody")
    page.locator(".argyle-all", has_text="New external ID. A user will be created.").wait_for()
    everybody(page).fill("nobody@example.test")
    page.locator(".argyle-all", has_text="No user has this email address").wait_for()
    everybody(page).fill("ADA.brow")
    page.wait_for_function("() => document.querySelector('datalist option')")
    assert page.locator("datalist option").first.get_attribute("value") == "loan-browser"
    assert EMAIL in page.locator("datalist option").first.get_attribute("label")


def test_documents_come_and_are_sent_while_a_cell_runs(page, papers, tmp_path):
    with running_cell(page, tmp_path / "over") as still_running:
        choose(page, papers[1])
        row(page, "forged.pdf", "ready").wait_for()
        say_whose(page, "loan-browser")
        upload(page, 1).click()
        row(page, "forged.pdf", "done").wait_for()
        assert still_running()


def test_after_a_reload_and_when_the_cell_is_run_again_the_panel_goes_on(page, papers):
    choose(page, *papers)
    row(page, "genuine.pdf", "ready").wait_for()
    say_whose(page, "loan-browser")
    page.wait_for_function("() => document.querySelectorAll('.argyle-document').length === 2")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.reload()
    wait_for_kernel(page)
    row(page, "genuine.pdf", "ready").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.argyle-all input').value === 'loan-browser'"
    )
    run_second_cell(page)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    row(page, "forged.pdf", "ready").wait_for()
    upload(page, 2).click()
    row(page, "genuine.pdf", "done").wait_for()


def test_documents_on_the_kernels_machine_are_added_by_the_keyboard(page):
    cells = count_of_cells(page)
    page.locator("summary", has_text="Add files from the Jupyter server").focus()
    page.keyboard.press("Enter")
    page.get_by_label("File, folder or pattern").focus()
    page.keyboard.type("data/documents/*/w2_*2025.pdf")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.argyle-document').length > 5")
    first = page.locator(".argyle-document select").first
    first.focus()
    for key in "abd":
        page.keyboard.press(key)
    page.keyboard.press("Tab")
    assert_focus(page.locator(".argyle-document input").first)
    assert count_of_cells(page) == cells


def test_whatever_a_name_a_reason_or_a_user_holds_is_only_a_text(page):
    run_in_kernel(
        page,
        f"""
from pathlib import Path
from argyle_nb.uploads.queue_files import QueuedFile
for number, text in enumerate({XSS!r}):
    panel.queue._files.add(QueuedFile(f"x{{number}}", Path("x"), text, found=text, user=text,
        state="invalid" if number % 2 else "done", message=text, how=text, score=number,
        level="low", signals=(text,)))
""",
    )
    page.locator(f".argyle-document[aria-setsize='{len(XSS)}']").first.wait_for()
    seen = set()
    for share in range(21):
        page.locator(".argyle-rows").evaluate(
            "(box, share) => { box.scrollTop = (share / 20) * box.scrollHeight; }", share
        )
        page.wait_for_timeout(50)
        rows = page.locator(".argyle-document")
        assert rows.locator("img, script, iframe, svg, a").count() == 0
        seen |= set(rows.evaluate_all("rows => rows.map(row => row.ariaPosInSet)"))
    assert len(seen) == len(XSS)
    run_in_kernel(page, "for n in range(200): panel.queue.remove(f'x{n}')")


@THEMES
def test_nothing_keeps_people_out_in_either_theme(page, papers, tmp_path, theme):
    (tmp_path / "not a document.pdf").write_bytes(b"text")
    (tmp_path / "cut.pdf").write_bytes(papers[0].read_bytes()[:2000])
    earlier = tmp_path / "earlier.pdf"
    earlier.write_bytes(papers[0].read_bytes() + b"% an earlier one")
    use_theme(page, theme)
    choose(page, earlier)
    say_whose(page, "loan-browser")
    row(page, "earlier.pdf", "ready").wait_for()
    upload(page, 1).click()
    row(page, "earlier.pdf", "done").wait_for()
    page.get_by_role("button", name="Clear finished").click()
    choose(page, *papers)
    row(page, "forged.pdf", "ready").wait_for()
    upload(page, 2).click()
    row(page, "forged.pdf", "done").wait_for()
    row(page, "genuine.pdf", "done").wait_for()
    again = shutil.copy(papers[0], tmp_path / "another.pdf")
    choose(page, again, tmp_path / "not a document.pdf", tmp_path / "cut.pdf")
    row(page, "another.pdf", "ready").wait_for()
    row(page, "cut.pdf", "invalid").wait_for()
    page.locator("summary", has_text="Upload history").click()
    page.locator(".argyle-uploads").get_by_text("Reason").wait_for()
    with window_of(page, 1280, 1500):
        picture(page, f"upload_{theme.split()[1].lower()}")
        assert serious_faults(page, ".argyle-uploads") == []
    page.locator("summary", has_text="Upload history").click()


@NARROW
def test_nothing_is_cut_off_in_a_narrow_window(page, papers, tmp_path, width):
    long = tmp_path / ("a_rather_long_name_of_a_scan_" * 4 + ".pdf")
    shutil.copy(papers[0], long)
    choose(page, long, papers[1])
    row(page, "forged.pdf", "ready").wait_for()
    with window_of(page, width, 1400):
        picture(page, f"upload_{width}")
        wait_until_nothing_is_cut_off(page, ".argyle-uploads")


def test_the_saved_notebook_shows_the_last_state_and_nothing_of_a_person_or_document(
    page, papers, project, browser, lab
):
    choose(page, papers[1])
    say_whose(page, EMAIL)
    row(page, "forged.pdf", "ready").wait_for()
    upload(page, 1).click()
    row(page, "forged.pdf", "done").wait_for()
    until(lambda: "'done'" in run_in_kernel(page, "print(panel.saved)"))
    # What the kernel tells arrives in the browser a moment later.
    until(lambda: "forged.pdf" in saved_widgets(page, project / "panel.ipynb"))
    state = saved_widgets(page, project / "panel.ipynb")
    saved = (project / "panel.ipynb").read_text(encoding="utf-8")
    secret = run_in_kernel(page, "print(client.settings.api_key_secret.reveal())").strip()
    assert EMAIL not in state
    assert secret not in saved
    assert base64.b64encode(papers[1].read_bytes()[:300]).decode() not in saved
    (project / "panel_reopened.ipynb").write_text(saved, encoding="utf-8")
    with open_in_new_window(browser, lab, "panel_reopened.ipynb") as reopened:
        row(reopened, "forged.pdf", "done").wait_for()
        picture(reopened, "upload_reopened")


def test_after_a_kernels_end_in_mid_batch_every_file_is_accounted_for(
    browser, lab, project, papers, tmp_path
):
    count, folder = 40, tmp_path / "scans"
    folder.mkdir()
    for number in range(count):
        content = papers[0].read_bytes() + b"%% %d" % number
        (folder / f"paystub_{number:02}.pdf").write_bytes(content)
    slow = Faults(latency_seconds=0.4)
    with Sandbox(tmp_path / "sandbox", stage_seconds=0, faults=slow) as sandbox:
        known = (sandbox.api_key_id, sandbox.api_key_secret)
        cell = SETTLES_SOON + f"client = anb.Client(*{known!r}, environment={sandbox.url!r})"
        show = 'panel = anb.UploadPanel(client, "killed.sqlite")\npanel'
        write_notebook(project / "killed.ipynb", cell, show)
        with open_notebook(browser, lab, "killed.ipynb") as page:
            run_all_cells(page)
            page.locator(".argyle-area").wait_for()
            drop(page, ".argyle-area", [folder])
            say_whose(page, "loan-killed")
            upload(page, count).click()
            until(lambda: int(run_in_kernel(page, "print(len(panel.queue.uploads))")) > 10)
            start_in_kernel(page, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
            page.locator(".argyle-notice", has_text="restarted or stopped").wait_for()
            page.locator(".jp-Dialog button", has_text="Ok").click()  # JupyterLab tells it as well
            wait_for_kernel(page)
            run_all_cells(page)
            offer = page.locator(".argyle-notice", has_text="A batch was interrupted: ")
            offer.wait_for()
            picture(page, "upload_interrupted")
            left = sum(int(number) for number in re.findall(r"\d+", offer.inner_text()))
            assert 0 < left < count
            offer.get_by_role("button", name="Continue").click()
            page.locator(".argyle-status", has_text=f"{left} documents: {left} scored").wait_for()
            run_second_cell(page)
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
            row(page, "paystub").first.wait_for()
            assert not offer.is_visible()
            names = run_in_kernel(page, "print([u.file_name for u in client.list_uploads()])")
    assert sorted(literal_eval(names)) == sorted(path.name for path in folder.iterdir())


# The last test: it leaves the notebook without its widgets.
def test_after_a_restart_of_the_kernel_the_panel_says_what_to_do_and_the_upload_log_remembers(page):
    restart_kernel(page)
    everybody(page).fill("loan-browser")
    page.locator(".argyle-notice", has_text="run this cell again").first.wait_for()
    run_all_cells(page)
    page.locator("summary", has_text="Upload history").click()
    page.locator(".argyle-uploads .argyle-table td", has_text="forged.pdf").first.wait_for()
