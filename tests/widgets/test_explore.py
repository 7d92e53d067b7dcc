"""The explorer, asked as the browser asks, without a browser."""

import json
from pathlib import Path

import pytest

from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.widgets import ScoreExplorer
from tests.support.panel_page import Browser, state_of
from tests.support.records import record, scored, unscored

HOSTILE = "<img src=x onerror=alert(1)>.pdf"


@pytest.fixture
def frame():
    return uploads_frame(
        [
            scored(1, 12, file_name=HOSTILE),
            scored(2, 45, document_type="W-2"),
            scored(3, 95),
            unscored(4, "failed", "failed", "failed"),
        ]
    )


@pytest.fixture
def explorer(frame):
    return ScoreExplorer(frame, signals_frame([record(1)]))


@pytest.fixture
def page(explorer):
    return Browser(explorer)


def test_the_first_question_gives_the_whole_picture(page):
    told = page.ask("look")
    assert told["view"]["pass_from"] == 80
    assert told["picture"]["scored"] == 3
    assert told["picture"]["unscored"] == [["failed", 1]]
    assert told["picture"]["shares"]["passed"]["uploads"] == 1
    assert told["table"]["uploads"] == 4
    assert told["table"]["rows"][0]["file_name"] == HOSTILE


def test_a_view_is_kept_for_a_page_that_is_loaded_anew_and_for_the_next_cell(page, explorer):
    view = page.ask("look")["view"] | {"document_type": ["W-2"], "reject_below": 50}
    told = page.ask("look", view=view)
    assert told["picture"]["shares"]["rejected"]["uploads"] == 1
    assert page.ask("look")["view"] == told["view"]
    assert explorer.frame["document_type"].tolist() == ["W-2"]
    assert explorer.code == told["code"]
    assert repr(explorer) == "ScoreExplorer(1 of 4 uploads in view)"


def test_a_page_beyond_the_last_is_the_last(page):
    assert page.ask("look", page=7)["table"]["page"] == 0


def test_a_table_has_twelve_rows_a_page():
    page = Browser(ScoreExplorer(uploads_frame([scored(n, n) for n in range(30)])))
    table = page.ask("look", page=2)["table"]
    assert (len(table["rows"]), table["pages"], table["uploads"]) == (6, 3, 30)


def test_a_view_that_cannot_be_is_an_error_in_words_and_changes_nothing(page, explorer):
    view = page.ask("look")["view"]
    told = page.ask("look", view=view | {"since": "yesterday"})
    assert "write it as 2026-01-31" in told["error"]
    assert len(explorer.frame) == 4


def test_without_scores_shares_are_missing_and_not_zero(frame):
    page = Browser(ScoreExplorer(frame[3:]))
    passed = page.ask("look")["picture"]["shares"]["passed"]
    assert passed["share"] is None


def test_an_export_that_is_asked_for_twice_under_one_number_is_written_once(
    page, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first = page.ask("export", number="n1")
    assert page.ask("export", number="n1") == first
    assert page.ask("export", number="n2")["file"].endswith("/uploads_in_view_2.csv")
    assert [path.name for path in sorted(tmp_path.glob("*.csv"))] == [
        "uploads_in_view.csv",
        "uploads_in_view_2.csv",
    ]


def test_file_names_are_written_only_when_asked_for(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page.ask("export", file_names=False)
    assert "onerror" not in Path("uploads_in_view.csv").read_text(encoding="utf-8")
    page.ask("export", file_names=True)
    assert "onerror" in Path("uploads_in_view_2.csv").read_text(encoding="utf-8")


def test_a_saved_notebook_holds_counts_and_no_file_name_id_or_search(page, explorer):
    view = page.ask("look")["view"]
    page.ask("look", view=view | {"text": "onerror", "user": "01856c65"})
    state = state_of(explorer)
    assert '"rising"' in state
    for personal in (HOSTILE, "onerror", record(1)["id"], "01856c65", "2024-07-08"):
        assert personal not in state


def test_a_hundred_thousand_rows_are_answered_in_little(frame):
    many = frame.iloc[[0, 1, 2, 3] * 25_000].reset_index(drop=True)
    page = Browser(ScoreExplorer(many))
    told = page.ask("look")
    assert told["table"]["uploads"] == 100_000
    assert len(json.dumps(told)) < 8_000
