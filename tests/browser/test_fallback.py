"""The static fallback of the panels, in JupyterLab and in a page made of a saved notebook."""

import json
import re
import shutil

import pytest

from tests.browser.lab import (
    address_of,
    open_in_new_window,
    open_notebook,
    picture,
    run_all_cells,
    run_in_kernel,
    serious_faults,
    wait_for_kernel,
    write_notebook,
)
from tests.support.plain_html import texts_of_plain
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.browser

NAMES = ("paystub_okafor_2026-02-27.pdf", "paystub_delgado_2026-02-13.pdf")
SENT = ("paystub_nakamura_2026-05-29.jpg", "paystub_ferris_2026-05-29.png")
MAKE = """
import argyle_nb as anb

client = anb.connect(environment="local", sandbox_folder="fallback_sandbox")
user = client.create_user(external_id="borrower-of-fallback").id
uploads = [client.upload(n, document_type="paystubs", user=user) for n in {names}]
frame = anb.uploads_frame(client.wait(uploads, progress=False), users=client.list_users())
"""
CELLS = (
    "panel = anb.UploadPanel(client, 'fallback.sqlite')\npanel",
    "explorer = anb.ScoreExplorer(frame, client=client)\nexplorer",
    "queue = anb.ReviewQueue(client, frame, reviewer='ada-fallback', log='in.sqlite')\nqueue",
)
ADD = "panel.add({name!r}, document_type='paystubs', user='borrower-of-fallback')"
PERSONAL = ("borrower-of-fallback", "ada-fallback", "paystub_", "Okafor", "Delgado", "Ridge")
LIVE_PANELS = "() => document.querySelectorAll('section.argyle-panel').length"
KEEP_IN_MIND = """() => {
  for (const panel of document.querySelectorAll('section.argyle-panel')) panel.dataset.seen = "yes";
}"""
# What each static fallback says, and how much room its output takes.
FALLBACKS = """() => [...document.querySelectorAll('[class^=argyle-fallback]')].map(node =>
  [node.textContent, node.closest('.jp-OutputArea-child').offsetHeight])"""
SAYS = """text => [...document.querySelectorAll('[class^=argyle-fallback]')].some(node =>
  node.textContent.includes(text))"""
AT_REST = """() => {
  const said = document.querySelector('[class^=argyle-fallback]').textContent;
  return said.includes('2 documents.') && !/being|ready|waiting|uploading/.test(said);
}"""
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"


@pytest.fixture(scope="module")
def used(browser, lab, project):
    """A notebook in which each panel was used, and its file as it was saved then."""
    for name in (*NAMES, *SENT):
        shutil.copy(SAMPLES[name], project)
    path = project / "fallback.ipynb"
    write_notebook(path, MAKE.format(names=NAMES), *CELLS)
    with open_notebook(browser, lab, path.name) as page:
        run_all_cells(page)
        page.wait_for_function(f"() => ({LIVE_PANELS})() === 3")
        page.locator(".argyle-verdict-fraudulent[aria-disabled=false]").wait_for()
        page.evaluate(KEEP_IN_MIND)
        page.locator(".argyle-verdict-fraudulent").click()
        page.get_by_label("very low").check()
        for name in SENT:
            run_in_kernel(page, ADD.format(name=name))
        page.get_by_role("button", name="Upload 2 documents").click()
        page.wait_for_function(AT_REST)
        for text in ("1 of 2 uploads shown", "1 of 2 documents reviewed"):
            page.wait_for_function(SAYS, arg=text)
        page.evaluate(SAVE)
        yield page, path


def saved(path):
    """The outputs of the cells with panels, as they are in the file."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"][1:]
    return [[output["data"] for output in cell["outputs"]] for cell in cells]


def test_beside_a_living_panel_the_fallback_takes_no_room_and_redraws_nothing(used):
    page, _ = used
    picture(page, "fallback_live")
    assert [height for _, height in page.evaluate(FALLBACKS)] == [0, 0, 0]
    assert page.locator("section.argyle-panel[data-seen]").count() == 3
    assert page.evaluate(LIVE_PANELS) == 3


def test_the_saved_notebook_tells_the_last_state_of_each_panel_and_nothing_personal(used):
    _, path = used
    outputs = saved(path)
    assert [len(of_cell) for of_cell in outputs] == [2, 2, 2]
    texts = ["".join(of_cell[1]["text/html"]) for of_cell in outputs]
    said = [" ".join(texts_of_plain(text)) for text in texts]
    assert "2 documents. Simulated scores" in said[0]
    assert "1 of 2 uploads shown: 1 scored" in said[1]
    assert "1 of 2 documents reviewed" in said[2]
    assert "fraudulent 1 " in said[2]
    assert [name for name in PERSONAL for text in texts if name in text] == []


def exported(path, theme):
    """Make a page of the notebook."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 - takes seconds, in each process of tests

    body, _ = HTMLExporter(theme=theme).from_filename(str(path))
    return body


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_made_of_the_notebook_shows_it_without_scripts_and_network(
    used, browser, tmp_path, theme
):
    _, path = used
    file = tmp_path / "page.html"
    file.write_text(exported(path, theme), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(file.as_uri(), wait_until="domcontentloaded")
    shown = page.locator("[class^=argyle-fallback]")
    assert [shown.nth(at).is_visible() for at in range(3)] == [True, True, True]
    assert "1 of 2 uploads shown" in shown.nth(1).inner_text()
    bars = [bar.bounding_box() for bar in shown.nth(1).locator("[style*='flex:1']").all()]
    assert [bar["height"] for bar in bars if bar["height"]] == [90]
    assert not re.search(r"(Upload|Score|Review)\w+\(\d", page.locator("body").inner_text())
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_fallback_keeps_nobody_out(used, browser, tmp_path, theme):
    _, path = used
    (tmp_path / "page.html").write_text(exported(path, theme), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    assert serious_faults(page, "[class^=argyle-fallback]") == []
    context.close()


def test_a_notebook_that_is_only_opened_shows_it(used, browser, lab, project):
    _, path = used
    shutil.copy(path, project / "fallback_opened.ipynb")
    with open_in_new_window(browser, lab, "fallback_opened.ipynb") as page:
        page.wait_for_function(SAYS, arg="1 of 2 documents reviewed")
        picture(page, "fallback_opened")
        assert [height > 100 for _, height in page.evaluate(FALLBACKS)] == [True, True, True]


# The last test: the page is another afterwards.
def test_after_a_reload_the_panels_are_back_in_place_of_it(used, lab):
    page, path = used
    page.goto(address_of(lab, path.name))
    wait_for_kernel(page)
    page.wait_for_function(f"() => ({LIVE_PANELS})() === 3")
    assert [height for _, height in page.evaluate(FALLBACKS)] == [0, 0, 0]
