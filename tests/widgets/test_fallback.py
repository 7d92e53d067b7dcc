"""The static fallback of a panel: plain HTML of counts and states."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.notebook import histogram
from argyle_nb.uploads.jobs import STATES
from argyle_nb.widgets import upload
from argyle_nb.widgets.explore import ScoreExplorer
from argyle_nb.widgets.fallback import Fallback, share_bar
from argyle_nb.widgets.review import ReviewQueue
from argyle_nb.widgets.upload import _COUNTED, _DEFAULTS, UploadPanel, _counted_as
from tests.support.panel_page import Browser
from tests.support.plain_html import texts_of_plain
from tests.support.records import record, scored, unscored
from tests.support.servers import Answer, HostileServer, client_of
from tests.support.upload_panel import drop, sent

AT = "2026-01-02 03:04 UTC"
FILE_NAME = "Ada Sample's paystub.pdf"
REVIEWER = "ada-the-reviewer"
PAGE = Path(upload.__file__).parent / "static" / "upload.js"


def shown(panel):
    """The sentences and cells of a panel's fallback, without the keys of the colors."""
    html = panel._fallback().html("some-class", AT)
    return [text.strip() for text in texts_of_plain(html) if text.strip(" \N{BLACK SQUARE}")]


def assert_nothing_personal(panel, *personal):
    html = panel._fallback().html("some-class", AT)
    ids = [record(number)[name] for number in range(1, 4) for name in ("id", "account")]
    assert [text for text in (FILE_NAME, "Ada", REVIEWER, *ids, *personal) if text in html] == []


@pytest.fixture
def frame():
    records = [scored(1, 12, file_name=FILE_NAME), scored(2, 45), scored(3, 95)]
    return uploads_frame([*records, unscored(4, "failed", "failed", "failed")])


@pytest.fixture
def queue(frame, tmp_path):
    with HostileServer(lambda _: Answer(404)) as server:
        yield ReviewQueue(
            client_of(server), frame, reviewer=REVIEWER, log=tmp_path / "reviews.sqlite"
        )


@pytest.fixture
def panel(client, tmp_path):
    return UploadPanel(client, tmp_path / "journal.sqlite")


# The HTML


@given(*[st.text(max_size=30)] * 4)
def test_a_text_of_anybody_is_only_a_text(title, sentence, column, cell):
    html = Fallback(title, (sentence,), (column,), ((cell,),), ("#123456",)).html("name", AT)
    said = "".join(texts_of_plain(html)).replace("\r", "\n")
    for text in (title, sentence, column, cell):
        assert text.replace("\r", "\n").replace("\0", "") in said.replace("\0", "")


def test_markup_in_a_text_stays_a_text():
    hostile = "<script src=//evil.example/x.js></script><img src=x onerror=alert(1)>'\">"
    html = Fallback(
        hostile, (hostile,), (hostile,), ((hostile,),), picture=share_bar(hostile, [1], ["#1"])
    )
    said = [text.strip() for text in texts_of_plain(html.html("name", AT))]
    assert said.count(hostile) == 4


def test_without_numbers_there_is_no_picture():
    assert share_bar("nothing", [0, 0], ["red", "blue"]) == ""
    assert histogram("nothing", [(0, 100, 0)], ["red"], [30, 80]) == ""


def test_parts_of_one_color_are_drawn_as_one():
    drawn = share_bar("states", [1, 2, 0, 1], ["blue", "blue", "red", "grey"])
    assert re.findall(r"'width:([\d.]+)%;background:(\w+)'", drawn) == [
        ("75.0000", "blue"),
        ("0.0000", "red"),
        ("25.0000", "grey"),
    ]


def test_what_is_rare_is_seen_in_the_histogram():
    drawn = histogram("scores", [(0, 49, 1), (50, 100, 100_000)], ["red", "blue"], [30, 80])
    assert re.findall(r"height:([\d.]+)%;background:(\w+)", drawn) == [
        ("2", "red"),
        ("100", "blue"),
    ]


# The panels


def test_the_explorer_tells_counts_shares_and_filters(frame):
    explorer = ScoreExplorer(frame, signals_frame([record(1)]))
    page = Browser(explorer)
    view = page.ask("look")["view"]
    told = shown(explorer)
    assert told[:2] == ["Score explorer", f"({AT})"]
    assert told[2].startswith("4 of 4 uploads shown: 3 scored, 1 without a score. Histogram of")
    assert told[told.index("Reject") :][:5] == ["Reject", "0 to 29", "1", "33.3%", "6.1% to 79.2%"]
    page.ask("look", view=view | {"level": ["high"], "pass_from": 90, "text": "Ada"})
    told = shown(explorer)
    assert told[2].startswith(
        "0 of 4 uploads shown: 0 scored, 0 without a score. "
        "Filter level: high. Filter text: set (not saved)."
    )
    assert told[told.index("Pass") :][:4] == ["Pass", "90 to 100", "0", "\N{EN DASH}"]
    assert_nothing_personal(explorer)


def test_the_queue_tells_how_many_documents_have_which_verdict(queue, frame):
    page = Browser(queue)
    page.ask("open", reviewer=REVIEWER)
    page.ask("judge", upload=frame["id"][0], verdict="fraudulent", reviewer=REVIEWER, note="Ada?")
    told = shown(queue)
    assert told[2].startswith("1 of 4 documents reviewed. Not a random sample")
    assert told[5:-1] == ["genuine", "0", "fraudulent", "1", "unsure", "0", "no verdict", "3"]
    assert_nothing_personal(queue)


def test_the_upload_panel_tells_how_many_documents_are_in_which_state(panel, pdf, user):
    page = Browser(panel)
    page.ask("open")
    assert shown(panel)[2] == "0 documents. Simulated scores, not from Argyle."
    file = sent(panel, page, drop(panel, pdf, FILE_NAME), user.id)
    drop(panel, pdf, "")
    told = shown(panel)
    assert told[0] == "Upload documents to the local sandbox"
    assert told[2].startswith("2 documents.")
    at = told.index(f"scored, {file.level} authenticity")
    assert told[at + 1] == "1"
    assert_nothing_personal(panel, user.id, file.upload_id, pdf.name)


# Counted as on the page


def test_each_count_has_the_name_that_the_page_gives_it():
    names = dict(re.findall(r'^  (\w+): \["([^"]+)", "\S"', PAGE.read_text(), re.MULTILINE))
    assert {count: name for count, (name, _) in _COUNTED.items()} == names
    assert set(STATES) - {"uploaded"} <= set(_COUNTED)


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"state": "arrived"}, "looking"),
        ({"state": "ready"}, "looking"),
        ({"state": "ready", "guess": False}, "untyped"),
        ({"state": "ready", "type": "W-2"}, "ready"),
        ({"state": "done", "duplicate": "other.pdf", "score": 7}, "duplicate"),
        ({"state": "not_sent", "duplicate": "other.pdf"}, "not_sent"),
        ({"state": "done", "score": 0, "level": "very low"}, "scored"),
        ({"state": "done", "type": "paystubs"}, "failed_processing"),
        ({"state": "done", "type": "paystubs", "kind": "miscellaneous"}, "unscored"),
    ],
)
def test_a_row_is_counted_where_the_page_counts_it(row, count):
    assert _counted_as(_DEFAULTS | row)[0] == count


# In a notebook

MAKE = """
import argyle_nb as anb
from tests.support.panel_page import Browser
from tests.support.records import scored
frame = anb.uploads_frame([scored(1, 12), scored(2, 95)])
explorer = anb.ScoreExplorer(frame)
explorer
"""
FILTER = """
page = Browser(explorer)
page.ask("look", view=page.ask("look")["view"] | {"level": ["high"]})["table"]["uploads"]
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """An executed notebook: a panel, something else in between, and a filter."""
    import nbformat  # noqa: PLC0415 - takes seconds, in each process that runs tests
    from nbclient import NotebookClient  # noqa: PLC0415 - as above

    cells = [nbformat.v4.new_code_cell(cell) for cell in (MAKE, "1 + 1", FILTER, "print(explorer)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = Path(__file__).parents[2]
    resources = {"metadata": {"path": folder}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        NotebookClient(notebook, timeout=600, resources=resources).execute()
    return notebook


def test_the_output_of_the_cell_follows_the_panel(notebook):
    panel, fallback = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in panel.data
    assert panel.data["text/html"] == ""
    assert "1 of 2 uploads shown" in "".join(texts_of_plain(fallback.data["text/html"]))
    assert fallback.data["text/plain"] == "ScoreExplorer(1 of 2 uploads in view)"


def test_nothing_comes_into_another_cell(notebook):
    assert [len(cell.outputs) for cell in notebook.cells] == [2, 1, 1, 1]


@pytest.mark.parametrize("with_state", [True, False], ids=["with widget state", "without"])
def test_a_page_made_of_the_notebook_shows_the_last_state_once(notebook, with_state):
    from nbconvert import HTMLExporter  # noqa: PLC0415 - as above

    copied = deepcopy(notebook)
    if not with_state:
        del copied.metadata["widgets"]
    page, _ = HTMLExporter().from_notebook_node(copied)
    assert page.count("1 of 2 uploads shown") == 1
    assert page.count("ScoreExplorer(1 of 2 uploads in view)") == 1  # what the last cell printed
    assert ("vnd.jupyter.widget-view+json" in page) is with_state


def test_a_terminal_shows_the_text(frame):
    with pytest.raises(NotImplementedError):
        ScoreExplorer(frame)._ipython_display_()
