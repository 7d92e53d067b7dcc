"""Documents dropped on a notebook, in a real JupyterLab in a real Chromium."""

import base64
import hashlib
import json
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest

from argyle_nb.widgets.upload import _RULES, SLICE_BYTES, UploadPanel
from tests.browser.devtools import bare_notebook
from tests.browser.kernel_part import KernelPart
from tests.browser.lab import (
    NARROW,
    THEMES,
    WAIT_FOR_FILE,
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
from tests.support.samples import samples
from tests.support.servers import until

pytestmark = pytest.mark.browser

MEGABYTE = 1_000_000
BIG, MIDDLE = 300 * MEGABYTE, 48 * MEGABYTE
# A question comes behind what was sent before it; this is for what is sent later.
STOCK_PATIENCE_SECONDS = 5
HOSTILE = "<img src=x onerror=alert(1)>.pdf"
MAKE_ZONE = """
import argyle_nb as anb
panel = anb.UploadPanel(anb.connect(environment="local"), "drop.sqlite")
panel.receiver.max_bytes = 400_000_000
panel.rules = panel.rules | {"max_bytes": 400_000_000}
slices = []
panel.on_msg(lambda _, m, __: slices.append(m["offset"]) if m["kind"] == "slice" else None)
panel
"""
CLEAR = """
keys = [file.key for file in [*panel.receiver.files, *panel.queue.files]]
panel._on_remove(type("Asked", (), {"keys": keys}))
"""
FILES = """
import json
files = panel.receiver.files
print(json.dumps({f.name: [f.state, str(f.path), f.sha256, f.message] for f in files}))
"""
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Six documents of several kinds in a folder."""
    folder = tmp_path_factory.mktemp("documents")
    for kind, count in (("pdf", 3), ("jpg", 1), ("png", 1)):
        for path in samples(f"*.{kind}")[:count]:
            shutil.copy(path, folder)
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + os.urandom(40_000))
    assert len(list(folder.iterdir())) == 6
    return folder


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """Give a function that makes a large document: real at the start and the end, else holes."""
    folder = tmp_path_factory.mktemp("scans")

    def make(size, name):
        path = folder / name
        with path.open("wb") as file:
            file.write(b"%PDF-1.7\n" + os.urandom(MEGABYTE))
            file.seek(size - MEGABYTE)
            file.write(os.urandom(MEGABYTE))
        return path

    return make


@contextmanager
def zone_in(browser, lab, path, *cells):
    """Open a notebook of these cells, run it, and wait for its drop zone."""
    write_notebook(path, *cells)
    with open_notebook(browser, lab, path.name) as page:
        run_all_cells(page)
        page.locator(".argyle-uploads").wait_for()
        yield page


@pytest.fixture(scope="module")
def shared(browser, lab, project):
    """One notebook for all tests that leave it usable."""
    with zone_in(browser, lab, project / "drop.ipynb", MAKE_ZONE, "1 + 1") as page:
        yield page


@pytest.fixture
def page(shared):
    """The shared notebook with an empty zone; no dialog may open."""
    run_in_kernel(shared, CLEAR + "slices.clear()")
    shared.wait_for_function("() => !document.querySelector('.argyle-document')")
    with no_dialogs(shared):
        yield shared


@pytest.fixture
def busy(page, tmp_path):
    """A cell that runs until the test is over."""
    with running_cell(page, tmp_path / "over") as still_running:
        yield still_running


def choose(page, *paths):
    page.locator(".argyle-area input").first.set_input_files([str(path) for path in paths])


def row(page, name, state=None):
    selector = f".argyle-document[data-state={state}]" if state else ".argyle-document"
    return page.locator(selector, has_text=name)


def here(page, name):
    """Wait until a file is in the kernel, whatever is thought of it there."""
    over = ".argyle-document:is([data-state=ready], [data-state=invalid])"
    page.locator(over, has_text=name).wait_for()


def files_in_kernel(page):
    return json.loads(run_in_kernel(page, FILES))


def sha256(path):
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def under_way(page, name, percent):
    """Wait until so much of a file is in the notebook."""
    page.wait_for_function(
        """([name, part]) => [...document.querySelectorAll('.argyle-document')].some(row =>
             row.textContent.includes(name) && row.querySelector('progress').value > part)""",
        arg=[name, percent / 100],
    )


def test_six_documents_and_300_megabytes_arrive_byte_by_byte_while_cells_run(page, documents, scan):
    big = scan(BIG, "big.pdf")
    peak = int(run_in_kernel(page, PEAK))
    drop(page, ".argyle-area", [documents, big])

    under_way(page, "big.pdf", 10)
    waits = []
    while files_in_kernel(page)["big.pdf"][0] != "arrived":
        started = time.monotonic()
        assert run_in_kernel(page, "print(6 * 7)") == "42\n"
        waits.append(time.monotonic() - started)
        page.wait_for_timeout(500)

    files = files_in_kernel(page)
    expected = {path.name: sha256(path) for path in [*documents.iterdir(), big]}
    assert {name: digest for name, (_, _, digest, _) in files.items()} == expected
    assert {name: sha256(path) for name, (_, path, _, _) in files.items()} == expected
    assert median(waits) < 1
    assert (int(run_in_kernel(page, PEAK)) - peak) * 1024 < 64 * MEGABYTE


def test_cancel_and_retry_work_while_a_cell_runs(page, scan, busy):
    middle = scan(MIDDLE, "middle.pdf")
    choose(page, middle)
    under_way(page, "middle.pdf", 10)
    page.get_by_role("button", name="Cancel middle.pdf").click()
    row(page, "middle.pdf", "cancelled").wait_for()
    page.get_by_role("button", name="Retry middle.pdf").click()
    here(page, "middle.pdf")
    assert busy()


def test_a_file_chosen_while_a_cell_runs_arrives_before_the_cell_ends(page, documents, busy):
    choose(page, documents / "photo.heic")
    here(page, "photo.heic")
    assert busy()


def test_during_run_all_files_arrive_as_well(browser, lab, project, documents, tmp_path):
    flag = tmp_path / "over"
    cells = (MAKE_ZONE, WAIT_FOR_FILE.format(flag=str(flag)))
    with zone_in(browser, lab, project / "run_all.ipynb", *cells) as page:
        choose(page, documents / "photo.heic")
        here(page, "photo.heic")
        assert not flag.exists()
        flag.touch()


def test_a_call_from_a_running_cell_does_not_hold_up_the_files(page, documents, tmp_path):
    flag = tmp_path / "over"
    choose(page, documents / "photo.heic")
    here(page, "photo.heic")
    start_in_kernel(page, CLEAR + WAIT_FOR_FILE.format(flag=str(flag)))
    page.wait_for_function("() => !document.querySelector('.argyle-document')")
    choose(page, documents / "photo.heic")
    here(page, "photo.heic")
    flag.touch()


def test_a_lost_connection_is_made_good(page, scan):
    middle = scan(MIDDLE, "lost.pdf")
    choose(page, middle)
    under_way(page, "lost.pdf", 20)
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()"
    )
    here(page, "lost.pdf")
    assert files_in_kernel(page)["lost.pdf"][2] == sha256(middle)


def test_the_same_file_can_be_chosen_again(page, documents):
    for _ in range(2):
        choose(page, documents / "photo.heic")
    until(lambda: run_in_kernel(page, "print(len(panel.queue.files))") == "2\n", 60)


def test_files_of_awkward_sizes_arrive_byte_by_byte(page, tmp_path):
    for size in (9, 55, 56, 63, 64, 65, 119, 120, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1):
        (tmp_path / f"{size}.pdf").write_bytes(b"%PDF-1.7\n" + os.urandom(size - 9))
    choose(page, *tmp_path.iterdir())
    states = "print({file.state for file in panel.receiver.files}, len(panel.queue.files))"
    until(lambda: run_in_kernel(page, states) == "{'arrived'} 11\n", 60)
    assert {name: digest for name, (_, _, digest, _) in files_in_kernel(page).items()} == {
        path.name: sha256(path) for path in tmp_path.iterdir()
    }


def test_a_refused_file_says_why_on_its_row_and_the_zone_stays_usable(page, documents, tmp_path):
    (tmp_path / HOSTILE).write_bytes(b"not a document")
    (tmp_path / "empty.pdf").touch()
    with (tmp_path / "huge.pdf").open("wb") as file:
        file.truncate(500 * MEGABYTE)
    choose(page, tmp_path / HOSTILE, tmp_path / "empty.pdf", tmp_path / "huge.pdf")
    genuine = next(documents.glob("*.pdf"))
    choose(page, genuine)
    row(page, genuine.name, "ready").wait_for()
    # They are told in the order in which they were looked at.
    reasons = {
        HOSTILE: "is not a PDF, JPEG, PNG or HEIC",
        "empty.pdf": "is empty",
        "huge.pdf": "the limit is 400 MB",
    }
    for name, reason in reasons.items():
        assert reason in row(page, name, "invalid").inner_text()
        assert row(page, name, "invalid").locator(".argyle-file").inner_text() == name
    assert row(page, "", "invalid").count() == 3
    assert page.locator(".argyle-uploads img").count() == 0
    assert files_in_kernel(page)["empty.pdf"][0] == "invalid"


def test_the_keyboard_alone_is_enough_and_reaches_no_shortcut_of_jupyterlab(page, documents):
    cells = count_of_cells(page)
    button = page.get_by_role("button", name="Choose files")
    button.focus()
    for key in "abdd":
        page.keyboard.press(key)
    assert_focus(button)
    with page.expect_file_chooser() as chooser:
        # `page.keyboard` may be faster than the wish to be given the chooser: the button answers
        # only after it.
        button.press("Enter")
    chooser.value.set_files([str(documents / "photo.heic")])
    here(page, "photo.heic")
    remove = page.get_by_role("button", name="Remove photo.heic")
    remove.wait_for()
    while not remove.evaluate("node => node === document.activeElement"):
        page.keyboard.press("Tab")
    assert remove.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    page.keyboard.press("Space")
    page.wait_for_function("() => !document.querySelector('.argyle-document')")
    assert_focus(page.get_by_label("Borrower of all"))
    assert count_of_cells(page) == cells


@THEMES
def test_nothing_keeps_people_out_in_either_theme(page, documents, scan, tmp_path, theme):
    (tmp_path / HOSTILE).write_bytes(b"not a document")
    use_theme(page, theme)
    choose(page, documents / "photo.heic", tmp_path / HOSTILE, scan(MIDDLE, "moving.pdf"))
    under_way(page, "moving.pdf", 5)
    picture(page, f"dropzone_{theme.split()[1].lower()}")
    assert serious_faults(page, ".argyle-uploads") == []
    here(page, "moving.pdf")


@NARROW
def test_nothing_is_cut_off_in_a_narrow_window(page, tmp_path, width):
    (tmp_path / ("a_rather_long_name_of_a_scan_" * 4 + ".pdf")).write_bytes(b"not a document")
    choose(page, *tmp_path.iterdir())
    row(page, "a_rather_long", "invalid").wait_for()
    with window_of(page, width, 700):
        picture(page, f"dropzone_{width}")
        wait_until_nothing_is_cut_off(page, ".argyle-uploads")


def test_the_saved_notebook_shows_the_files_states_and_holds_nothing_of_them(
    page, documents, project, browser, lab
):
    chosen = documents / "photo.heic"
    choose(page, chosen)
    here(page, "photo.heic")
    until(lambda: "photo.heic" in run_in_kernel(page, "print(panel.saved)"), 60)
    assert "photo.heic" in saved_widgets(page, project / "drop.ipynb")
    saved = (project / "drop.ipynb").read_text(encoding="utf-8")
    assert base64.b64encode(chosen.read_bytes()[:600]).decode() not in saved
    (project / "reopened.ipynb").write_text(saved, encoding="utf-8")
    with open_in_new_window(browser, lab, "reopened.ipynb") as reopened:
        row(reopened, "photo.heic").wait_for()


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(browser, lab, project, scan):
    middle = scan(2 * MIDDLE, "reloaded.pdf")
    with zone_in(browser, lab, project / "reload.ipynb", MAKE_ZONE) as page:
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        choose(page, middle, scan(MIDDLE, "behind.pdf"))
        under_way(page, "reloaded.pdf", 20)
        page.reload()
        wait_for_kernel(page)
        row(page, "Paused at 0%. Choose the same file again to resume.").wait_for()
        picture(page, "dropzone_stopped")
        page.get_by_role("button", name="Cancel behind.pdf").click()
        row(page, "behind.pdf", "cancelled").wait_for()
        run_in_kernel(page, "slices.clear()")
        choose(page, middle)
        here(page, "reloaded.pdf")
        assert int(run_in_kernel(page, "print(slices[0])")) > 0.2 * middle.stat().st_size
        files = files_in_kernel(page)
        assert files["reloaded.pdf"][2] == sha256(middle)
        assert files["behind.pdf"][0] == "cancelled"


def test_what_is_said_of_a_file_waits_for_the_answer_before_and_the_last_word_counts(
    browser, documents
):
    page = browser.new_page()
    rules = _RULES | {"slice_bytes": 1000, "place": "Argyle", "remark": ""}
    kernel = KernelPart(page, UploadPanel, saved={"files": []}, rules=rules)
    others = ("open", "announce")
    situation = {"user": "", "sending": False, "progress": None, "version": 0}
    left = {"not_sent": 0, "not_confirmed": 0, "sent": 0}
    kernel.answer("open", files=[], types=[], interrupted=left, **situation)
    choose(page, documents / "photo.heic")
    page.wait_for_function("() => window.sent.some(asked => asked.kind === 'begin')")
    page.get_by_role("button", name="Cancel photo.heic").click()
    [begun] = kernel.heard("begin")
    told = {"file": begun["file"], "received": 0, "message": ""}
    assert kernel.kinds(*others) == ["begin"]
    kernel.answer("begin", rows=[told | {"state": "copying"}])
    assert kernel.kinds(*others) == ["begin", "cancel"]
    page.get_by_role("button", name="Retry photo.heic").click()
    kernel.answer("cancel", rows=[told | {"state": "cancelled"}])
    page.wait_for_function("() => window.sent.at(-1).kind === 'begin'")
    assert kernel.heard("begin") == [begun, begun]
    row(page, "photo.heic", "copying").wait_for()
    page.close()


def test_a_thousand_small_files_are_in_the_list_soon_and_in_few_messages(page, tmp_path):
    content = samples("paystub_*.pdf")[0].read_bytes()
    for number in range(1000):
        (tmp_path / f"paystub_{number:04}.pdf").write_bytes(content + b"%% %d" % number)
    run_in_kernel(page, "heard = []; panel.on_msg(lambda _, m, __: heard.append(m['kind']))")
    began = time.monotonic()
    drop(page, ".argyle-area", [tmp_path])
    page.locator(".argyle-status", has_text="1,000 documents: 1,000 ready").wait_for()
    # Twenty seconds are the promise on a machine that does nothing else.
    assert time.monotonic() - began < 60
    assert int(run_in_kernel(page, "print(heard.count('whole'))")) < 40
    assert page.locator(".argyle-document").count() < 40


def test_a_lost_connection_is_called_that_at_once(page):
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    page.evaluate(
        f"() => {{ {kernel}._clearSocket(); {kernel}._updateConnectionStatus('connecting'); }}"
    )
    page.locator(".argyle-notice", has_text="connection to the kernel is lost").wait_for(
        timeout=2000
    )
    page.evaluate(f"() => {kernel}.reconnect()")
    page.locator(".argyle-notice", has_text="connection to the kernel is lost").wait_for(
        state="hidden"
    )


def test_the_stock_file_control_loses_300_megabytes_without_a_word(lab, project, scan):
    cell = "import ipywidgets\nstock = ipywidgets.FileUpload(description='Choose')\nstock"
    write_notebook(project / "stock.ipynb", cell)
    button = "document.querySelector('.jupyter-widgets.widget-upload')"
    with bare_notebook(lab, "stock.ipynb") as page:
        page.wait_for(f"!!{button}")
        page.choose(f"{button}.click()", scan(BIG, "stock.pdf"))
        page.wait_for(f"{button}.innerText.includes('(1)')")
        time.sleep(STOCK_PATIENCE_SECONDS)
        assert page.run_in_kernel("print(len(stock.value))") == "0\n"


def test_after_a_restart_of_the_kernel_the_zone_says_what_to_do(browser, lab, project, documents):
    with zone_in(browser, lab, project / "restart.ipynb", MAKE_ZONE) as page:
        restart_kernel(page)
        choose(page, documents / "photo.heic")
        notice = page.locator(".argyle-notice", has_text="run this cell again")
        notice.wait_for(timeout=30_000)
        picture(page, "dropzone_restarted")
