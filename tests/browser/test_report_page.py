"""The page in a real Chromium: it asks for nothing, and runs nothing that a stranger wrote."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report
from tests.support.hostile_texts import XSS
from tests.support.records import form, record, scored, supporting, unscored

pytestmark = pytest.mark.browser

HANDLERS = """links => [...document.querySelectorAll('*')].flatMap(
  e => [...e.attributes]
    .filter(a => a.name.startsWith('on')
      || links.includes(a.name) && /^javascript:/i.test(a.value))
    .map(a => `${e.tagName} ${a.name}`))"""
LINKS = ["href", "xlink:href", "src", "srcdoc", "action", "formaction", "data", "content"]
# After the page has loaded, a script that a payload starts has this long to show itself.
A_MOMENT = "() => new Promise(passed => setTimeout(passed, 100))"
ACTIVE = "script, iframe, object, embed, base, link, form, input, video, audio, img, marquee"


def hostile_records():
    """Give each payload as a file name, a type, a signal, and as what was read and its field."""
    for number, text in enumerate(XSS):
        found = {
            "identifier": text,
            "display_name": text,
            "signal_count": 1,
            "page_number": 1,
            "supporting_data": [supporting(text, text, text)],
        }
        yield record(
            number,
            file_name=text,
            document_type=text,
            user=text,
            metadata={
                "ocr_data": {"employee": {"name": text}, text: text},
                "ocr_authenticity_score": number,
                "ocr_authenticity": form(signals=[found]),
            },
        )
        yield record(1000 + number, id=text, metadata={"ocr_authenticity_score": text})


def hostile_report(folder, text):
    records = list(hostile_records())
    uploads, signals = flatten(records, errors="collect")
    fields = ocr_frame(records, errors="collect")
    kinds = [*uploads["document_type"].unique()]
    return export_report(
        uploads,
        folder,
        signals=signals,
        ocr=fields,
        title=text,
        filters={"document_type": kinds},
        levels={text: 0, f"{text}2": 50},
        pii="include",
        prepared_by=text,
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report in which each payload stands in every place but the page's head."""
    return hostile_report(tmp_path_factory.mktemp("hostile") / "out", XSS[0])


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """A report such as people make."""
    folder = tmp_path_factory.mktemp("ordinary") / "out"
    kinds = ("paystubs", "W-2", "1099")
    records = [
        scored(
            n,
            (n * 37) % 101,
            document_type=kinds[n % 3],
            created_at=f"2026-0{1 + n % 3}-12T00:00:00Z",
        )
        for n in range(200)
    ]
    records += [unscored(300 + n, "completed", "in_progress", "idle") for n in range(7)]
    return export_report(flatten(records).uploads, folder, title="The first quarter")


class Seen:
    """Everything a page does that somebody could notice."""

    def __init__(self, context, path):
        self.requests, self.console, self.dialogs, self.pages = [], [], [], []
        self.page = context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("dialog", self._dismiss)
        context.on("page", lambda page: self.pages.append(page.url))
        self.url = Path(path).resolve().as_uri()
        self.page.goto(self.url)
        self.page.evaluate(A_MOMENT)

    def _dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def look_at(browser):
    """Open a file in a window of its own, which closes when the test ends."""
    with ExitStack() as windows:

        def open_window(path, **viewport):
            context = browser.new_context(viewport=viewport or {"width": 1280, "height": 900})
            windows.callback(context.close)
            return Seen(context, path)

        yield open_window


def pushed_about(page):
    """Move, click and tab over the page, so that a handler would have its event."""
    page.mouse.move(300, 300)
    page.mouse.wheel(0, 5000)
    for _ in range(15):
        page.keyboard.press("Tab")
    page.mouse.click(200, 300)


def test_the_page_asks_for_nothing_and_complains_of_nothing(look_at, ordinary):
    seen = look_at(ordinary.files["report.html"])
    pushed_about(seen.page)
    assert seen.requests == [seen.url]
    assert seen.console == seen.dialogs == []
    assert seen.page.locator("figure svg").count() == 6
    folder = os.environ.get("SCREENSHOT_FOLDER")
    if folder:
        seen.page.screenshot(path=Path(folder) / "report.png", full_page=True)
        seen.page.pdf(path=Path(folder) / "report.pdf", prefer_css_page_size=True)


def test_nothing_is_wider_than_a_narrow_window(look_at, ordinary):
    seen = look_at(ordinary.files["report.html"], width=400, height=800)
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert seen.page.evaluate(width) <= 0


def test_it_prints_on_a_few_sheets(look_at, ordinary):
    seen = look_at(ordinary.files["report.html"])
    printed = seen.page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert 3 <= printed.count(b"/Type /Page\n") <= 25


def test_forty_payloads_run_nothing_anywhere_on_the_page(look_at, hostile):
    assert len(set(XSS)) >= 40
    assert hostile.rows["uploads.csv"] == hostile.rows["unreadable.csv"] == len(XSS)
    seen = look_at(hostile.files["report.html"])
    pushed_about(seen.page)
    assert seen.requests == [seen.url]
    assert seen.console == seen.dialogs == seen.pages == []
    assert seen.page.locator(ACTIVE).count() == 0
    assert seen.page.evaluate(HANDLERS, LINKS) == []
    shown = seen.page.inner_text("body")
    for text in XSS[:35]:
        assert text in shown


@pytest.mark.parametrize("text", XSS)
def test_a_payload_as_title_level_and_author_runs_nothing(look_at, text, tmp_path):
    records = [scored(1, 10, document_type=text), scored(2, 90, document_type=f"{text}2")]
    report = export_report(
        flatten(records).uploads,
        tmp_path / "out",
        title=text,
        prepared_by=text,
        levels={text: 0, f"{text}2": 50},
        filters={"document_type": [text, f"{text}2"]},
        pii="include",
    )
    seen = look_at(report.files["report.html"])
    pushed_about(seen.page)
    assert seen.requests == [seen.url]
    assert seen.console == seen.dialogs == []
    assert seen.page.locator(ACTIVE).count() == 0
    assert seen.page.evaluate(HANDLERS, LINKS) == []


@pytest.mark.parametrize("name", ["uploads.csv", "signals.csv", "ocr_fields.csv", "manifest.json"])
def test_a_file_that_is_opened_in_a_browser_runs_nothing(name, look_at, hostile, tmp_path):
    page = tmp_path / f"{name}.txt"
    page.write_bytes(hostile.files[name].read_bytes())
    seen = look_at(page)
    assert seen.dialogs == []
    assert seen.requests == [seen.url]


def test_the_payloads_do_run_in_a_careless_page(look_at, tmp_path):
    """What the tests above look for is really seen where nothing is escaped."""
    page = tmp_path / "careless.html"
    page.write_text("<!doctype html><body>" + "\n".join(XSS), encoding="utf-8")
    seen = look_at(page)
    assert len(seen.dialogs) >= 3
    assert len(seen.requests) > 1
