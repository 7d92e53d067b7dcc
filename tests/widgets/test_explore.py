"""The explorer, asked as the browser asks, without a browser."""

import csv
import io
import json

import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.widgets.explore import ScoreExplorer
from tests.support.panel_page import Browser, state_of
from tests.support.records import record, scored, unscored
from tests.support.servers import PDF, Answer, HostileServer, client_of, until

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
def client():
    with HostileServer(lambda _: Answer(404)) as server:
        yield client_of(server)


@pytest.fixture
def page(explorer):
    return Browser(explorer)


def test_the_first_question_gives_the_whole_picture(page):
    told = page.ask("look")
    assert told["view"]["pass_from"] == 80
    assert told["picture"]["scored"] == 3
    assert told["picture"]["unscored"] == [["processing_failed", 1]]
    assert told["picture"]["shares"]["pass"]["uploads"] == 1
    assert told["table"]["uploads"] == 4
    assert [row["score"] for row in told["table"]["rows"]] == ["12", "45", "95", ""]
    assert told["table"]["rows"][0]["file_name"] == HOSTILE
    assert told["lifts"] == []


def test_a_view_is_kept_for_a_page_that_is_loaded_anew_and_for_the_next_cell(page, explorer):
    view = page.ask("look")["view"] | {"document_type": ["W-2"], "reject_below": 50}
    told = page.ask("look", view=view)
    assert told["picture"]["shares"]["reject"]["uploads"] == 1
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
    told = page.ask("look", view=view | {"created_from": "yesterday"})
    assert "Write it as 2026-01-31" in told["error"]
    assert len(explorer.frame) == 4


def test_without_scores_shares_are_missing_and_not_zero(frame):
    page = Browser(ScoreExplorer(frame[3:]))
    passed = page.ask("look")["picture"]["shares"]["pass"]
    assert passed["share"] is None


def downloaded(page, **options):
    """Ask for a file part by part, as the page does."""
    told = page.ask("export", **options)
    text = b""
    for part in range(told["parts"]):
        page.ask("part", upload=told["file"], part=part)
        text += bytes(page.heard[-1][1][0])
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert len(rows) == told["uploads"]
    return rows


def test_a_download_holds_what_is_in_view_and_file_names_only_when_asked_for(page):
    view = page.ask("look")["view"]
    page.ask("look", view=view | {"document_type": ["paystubs"]})
    rows = downloaded(page)
    assert [row["ocr_authenticity_score"] for row in rows] == ["12", "95", ""]
    assert "file_name" not in rows[0]
    assert downloaded(page, file_names=True)[0]["file_name"] == HOSTILE


def test_a_view_that_changes_meanwhile_leaves_a_download_as_it_is(page):
    view = page.ask("look")["view"]
    told = page.ask("export")
    page.ask("look", view=view | {"text": "nobody has this"})
    assert "part" in page.ask("part", upload=told["file"], part=0)
    assert page.heard[-1][1][0].count(b"\n") == 5


def test_an_earlier_download_does_not_go_on_with_parts_of_another(page):
    first = page.ask("export")
    page.ask("export")
    assert "Another download" in page.ask("part", upload=first["file"], part=0)["error"]


def test_selected_rows_are_those_of_selected_and_without_any_it_is_the_view(page, explorer):
    view = page.ask("look")["view"]
    assert len(explorer.selected) == 4
    uploads = [row["upload"] for row in page.ask("look")["table"]["rows"]]
    assert page.ask("select", uploads=[uploads[2], uploads[0]])["selected"] == 2
    assert explorer.selected["id"].tolist() == [uploads[0], uploads[2]]
    told = page.ask("look", view=view | {"ascending": False, "document_type": ["W-2"]})
    assert told["selected"] == 2
    assert explorer.selected["id"].tolist() == [uploads[2], uploads[0]]
    assert [row["id"] for row in downloaded(page)] == [uploads[2], uploads[0]]
    page.ask("select", uploads=[uploads[2]], selected=False)
    assert explorer.selected["id"].tolist() == [uploads[0]]
    page.ask("select")
    assert len(explorer.selected) == 1  # the one W-2 in view


def test_an_empty_table_says_which_filter_to_lift(page):
    view = page.ask("look")["view"]
    told = page.ask("look", view=view | {"document_type": ["W-2"], "status": ["processing_failed"]})
    assert told["table"]["uploads"] == 0
    assert told["lifts"] == [("document_type", 1), ("status", 1)]


def test_a_row_opens_with_what_the_tables_know_where_there_is_no_client(page):
    told = page.ask("case", upload=record(1)["id"])
    assert (told["score"], told["file_name"], told["offline"]) == (12, HOSTILE, True)
    assert told["signals"]
    assert told["size"] == 0
    assert not told["fetching"]


def test_a_row_opens_with_its_fields_and_its_document(frame):
    def answer(seen):
        if "/document" in seen.path:
            return Answer(200, PDF + b"1" * 700_000)
        link = f"http://127.0.0.1:{seen.headers['host'].rsplit(':')[-1]}/document"
        return Answer(body=json.dumps(record(1, file_url=link)).encode())

    upload = record(1)["id"]
    with HostileServer(answer) as server:
        page = Browser(ScoreExplorer(frame, client=client_of(server)))
        first = page.ask("case", upload=upload)
        assert (first["fetching"], first["score"], first["offline"]) == (True, 12, False)
        until(lambda: ({"about": "ready", "upload": upload}, None) in page.heard)
        told = page.ask("case", upload=upload)
        assert told["fields"][0]["field"] == "employee.name"
        content = b""
        while len(content) < told["size"]:
            page.ask("slice", upload=upload, offset=len(content))
            content += bytes(page.heard[-1][1][0])
        assert content == PDF + b"1" * 700_000


def test_a_document_that_cannot_be_fetched_still_shows_what_the_tables_know(frame):
    with HostileServer(lambda _: Answer(500)) as server:
        page = Browser(ScoreExplorer(frame, client=client_of(server)))
        upload = record(1)["id"]
        until(lambda: not page.ask("case", upload=upload).get("fetching"))
        told = page.ask("case", upload=upload)
    assert told["score"] == 12
    assert told["problem"]


def test_a_review_is_of_what_is_selected_or_in_view(page, explorer, client, tmp_path):
    view = page.ask("look")["view"]
    page.ask("look", view=view | {"document_type": ["paystubs"]})
    queue = explorer.review(client, log=tmp_path / "a.sqlite")
    assert repr(queue).startswith("ReviewQueue(3 documents")
    page.ask("select", uploads=[record(2)["id"]])
    queue = explorer.review(client, log=tmp_path / "a.sqlite")
    assert repr(queue).startswith("ReviewQueue(1 documents")
    with pytest.raises(ConfigurationError, match=r"Use explorer\.review\(client\)"):
        explorer.review()
    assert page.ask("review")["queue"] == ""


def test_a_review_of_some_compares_their_scores_with_all_uploads_of_the_explorer(tmp_path):
    frame = uploads_frame([scored(n, n) for n in range(40)])

    def answer(seen):
        number = int(seen.path.rsplit("-", 1)[1], 16)
        return Answer(body=json.dumps(scored(number, number)).encode())

    with HostileServer(answer) as server:
        explorer = ScoreExplorer(frame, client=client_of(server))
        page = Browser(explorer)
        page.ask("look", view=page.ask("look")["view"] | {"scores": [0, 3]})
        desk = Browser(explorer.review(log=tmp_path / "a.sqlite"))
        lowest = record(0)["id"]
        until(lambda: desk.ask("want", uploads=[lowest])["here"])
        told = desk.ask("case", upload=lowest)
    assert told["standing"] == "Lower than 97% of 40 scored uploads (paystubs, PDF)."
    assert sum(told["alike"]) == 40


def test_the_page_finds_the_review_queue_again_until_it_is_closed(
    frame, client, monkeypatch, tmp_path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    page = Browser(ScoreExplorer(frame, client=client))
    assert page.ask("look")["queue"] == ""
    first = page.ask("review")["queue"]
    assert first.startswith("anywidget:")
    assert page.ask("look")["queue"] == first
    assert page.ask("review")["queue"] != first
    assert page.ask("review", open=False)["queue"] == ""
    assert page.ask("look")["queue"] == ""


def test_a_saved_notebook_holds_counts_and_no_file_name_id_or_search(page, explorer):
    view = page.ask("look")["view"]
    page.ask("look", view=view | {"text": "onerror", "user": "01856c65"})
    page.ask("select", uploads=[record(1)["id"]])
    page.ask("case", upload=record(1)["id"])
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
