"""One document after the other: what is fetched of it, who said what, who comes next."""

import hashlib
import json
import tempfile

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.review import ReviewLog, sample
from argyle_nb.review.queue import ReviewSession, in_order_of_weight, open_case, signal_lines
from tests.support.records import form, record, scored, supporting, unscored
from tests.support.servers import PDF, Answer, HostileServer, client_of

IDS = [record(number)["id"] for number in range(1, 5)]


@pytest.fixture
def frame():
    return uploads_frame([scored(number, 20 * number) for number in range(1, 5)])


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "reviews.sqlite")


@pytest.fixture
def session(client, frame, log):
    return ReviewSession(client, frame, log=log)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder of its own for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def serving(upload, document=PDF, status=200):
    """Serve one upload, and its document from the same address."""

    def answer(seen):
        if seen.path.startswith("/document"):
            return Answer(status, document)
        return Answer(body=json.dumps(upload | {"file_url": f"{server.url}/document"}).encode())

    server = HostileServer(answer)
    return server


@pytest.mark.parametrize(
    ("population", "told"),
    [
        (lambda _: [1], "population must be a DataFrame, not list"),
        (lambda _: "uploads.csv", "population must be a DataFrame, not str"),
        (lambda frame: frame.drop(columns="document_type"), "no column document_type"),
        (lambda frame: frame.drop(columns="processing_ocr"), "processing_ocr"),
    ],
)
def test_a_population_that_cannot_be_compared_with_is_an_error(
    client, frame, log, population, told
):
    with pytest.raises(ConfigurationError, match=told):
        ReviewSession(client, frame, log=log, population=population(frame))


def test_documents_without_the_columns_to_compare_are_reviewed_all_the_same(client, frame, log):
    few = frame[["id", "document_type"]]
    assert ReviewSession(client, few, log=log).order == list(frame["id"])


# ------------------------------------------------------------------ one document


def test_a_real_document_comes_with_its_score_signals_and_fields(client, user, pdf, temporary):
    upload = client.upload(pdf, document_type="paystubs", user=user.id)
    [upload] = client.wait([upload])
    case = open_case(client, upload.id)
    assert case.content == pdf.read_bytes()
    assert case.sha256 == hashlib.sha256(pdf.read_bytes()).hexdigest()
    assert case.media_type == "application/pdf"
    assert case.score == upload.ocr_authenticity_score
    assert case.level in ("very low", "low", "medium", "high")
    assert "net_pay.totals.current_pay" in set(case.fields["field"])
    assert case.problem == ""
    assert list(temporary.iterdir()) == []


def test_signals_come_in_the_order_of_their_weight():
    code = {"code": "1-L", "confidence": "LOW"}
    signal = {"identifier": "a", "signal_count": 1}
    analysis = form(
        signals=[signal, signal | {"identifier": "b", "signal_count": 5}, {"identifier": "c"}],
        form_authenticity={"reason_codes": [code, {"code": "2-H", "confidence": "HIGH"}]},
    )
    upload = record(1, metadata={"ocr_authenticity": analysis, "ocr_authenticity_score": 30})
    with serving(upload) as server:
        signals = open_case(client_of(server), IDS[0]).signals
    assert signals["identifier"].tolist() == ["2-H", "1-L", "b", "a", "c"]


def test_signals_of_several_frames_keep_their_rows_though_an_index_comes_again():
    one, other = (
        signals_frame([record(1, metadata={"ocr_authenticity": {"signals": [signal]}})])
        for signal in ({"identifier": "a", "signal_count": 1}, {"identifier": "b"})
    )
    ordered = in_order_of_weight(pd.concat([other, one]))
    assert ordered["identifier"].tolist() == ["a", "b"]
    assert ordered.index.tolist() == [0, 0]


def test_the_level_is_of_the_preset_that_was_asked_for():
    with serving(scored(1, 57)) as server:
        levels = [
            open_case(client_of(server), IDS[0], levels=levels).level
            for levels in ("argyle", "ocrolus-2", "ocrolus-current")
        ]
    assert levels == ["medium", "low", "medium"]


def test_a_document_in_a_queue_says_where_its_score_stands_among_its_like(log):
    many = uploads_frame([scored(number, number) for number in range(1, 101)])
    with serving(scored(1, 10)) as server:
        case = ReviewSession(client_of(server), many, log=log).open(IDS[0])
        few = ReviewSession(client_of(server), many.head(20), log=log).open(IDS[0])
        bare = ReviewSession(client_of(server), many[["id"]], log=log).open(IDS[0])
    assert case.standing == "Lower than 90% of 100 scored uploads (paystubs, PDF)."
    assert case.alike == (4, *[5] * 18, 6)
    assert few.standing == "Only 20 scored uploads (paystubs, PDF): too few to compare."
    assert (bare.standing, few.alike, bare.alike) == ("", (), ())


def test_a_document_that_cannot_be_fetched_leaves_the_rest_and_says_why(temporary):
    with serving(record(1), status=500) as server:
        case = open_case(client_of(server), IDS[0])
    assert case.content == b""
    assert case.media_type == ""
    assert case.score == 85
    assert len(case.signals) == 3
    assert "500" in case.problem
    assert list(temporary.iterdir()) == []


def test_what_is_no_document_is_not_shown():
    with serving(record(1), document=b"<script>alert(1)</script>") as server:
        case = open_case(client_of(server), IDS[0])
    assert case.content == b""
    assert "not a PDF" in case.problem


def test_an_upload_that_is_gone_says_so(client):
    case = open_case(client, IDS[0])
    assert (case.upload_id, case.content) == (IDS[0], b"")
    assert "404" in case.problem


@pytest.mark.parametrize("score", [300, "high"])
def test_a_score_that_is_none_is_no_obstacle(score):
    with serving(scored(1, score)) as server:
        case = open_case(client_of(server), IDS[0])
    assert case.level is None
    assert case.content == PDF


def test_what_was_read_that_cannot_be_flattened_is_a_problem_in_words():
    deep = {}
    for _ in range(60):
        deep = {"a": deep}
    with serving(record(1, metadata={"ocr_data": deep, "ocr_authenticity_score": 5})) as server:
        case = open_case(client_of(server), IDS[0])
    assert "nested too deeply" in case.problem
    assert case.content == PDF


def test_its_representation_tells_nothing_of_the_document():
    changed = form(
        signals=[{"identifier": "x", "supporting_data": [supporting("pay", "1", "SECRET")]}]
    )
    upload = record(1, metadata={"ocr_data": {"employee": "SECRET"}, "ocr_authenticity": changed})
    with serving(upload, document=PDF + b"SECRET") as server:
        case = open_case(client_of(server), IDS[0])
    assert case.content.endswith(b"SECRET")
    assert "SECRET" not in repr(case)


@pytest.mark.parametrize(
    ("states", "document_type", "reason", "ocr"),
    [
        (("completed", "idle", "idle"), "miscellaneous", "unsupported_type", "idle"),
        (("completed", "failed", "failed"), "paystubs", "processing_failed", "failed"),
        (("completed", "completed", "in_progress"), "paystubs", "in_progress", "completed"),
    ],
)
def test_a_document_without_a_score_says_why_and_how_far_ocr_came(
    states, document_type, reason, ocr
):
    with serving(unscored(1, *states, document_type=document_type)) as server:
        case = open_case(client_of(server), IDS[0])
    assert (case.score, case.no_score, case.ocr) == (None, reason, ocr)


# ------------------------------------------------------------------ signals in words


def lines_of(*signals, codes=()):
    codes = [{"code": code, "confidence": "LOW", "description": text} for code, text in codes]
    one = form(signals=list(signals), form_authenticity={"reason_codes": codes})
    return signal_lines(signals_frame([record(1, metadata={"ocr_authenticity": one})]))


def test_a_signal_and_its_reason_code_are_one_line():
    signal = {"identifier": "x_edits", "display_name": "Date  Edits", "page_number": 2}
    [line] = lines_of(signal, codes=[("012-L", "date edits")])
    assert (line.name, line.code, line.confidence, line.pages) == (
        "Date  Edits",
        "012-L",
        "LOW",
        (2,),
    )


def test_a_signal_on_several_pages_is_one_line():
    signal = {"identifier": "x", "display_name": "Edits", "signal_count": 2}
    [line] = lines_of(signal | {"page_number": 3}, signal | {"page_number": 1})
    assert (line.pages, line.times) == ((1, 3), 4)


def test_a_reason_code_of_no_signal_and_a_signal_without_a_name_are_lines_of_their_own():
    lines = lines_of({"identifier": "earnings_edits"}, codes=[("006-L", "fields misaligned")])
    assert [line.name for line in lines] == ["earnings edits", "fields misaligned"]


def test_each_change_of_a_signal_says_what_became_what():
    [line, _] = signal_lines(signals_frame([record(1)]))
    assert line.changes == (
        ("net_pay", "1,000.00", "10,000.00"),
        ("gross_pay", "1,500.00", "15,000.00"),
    )


def test_texts_of_one_change_stay_together_whatever_they_hold():
    data = [supporting("a | b", "1", "2"), supporting("c", "3", "4")]
    [line] = lines_of({"identifier": "x", "signal_count": 2, "supporting_data": data})
    assert line.changes == (("a | b", "1", "2"), ("c", "3", "4"))
    assert line.times == 2


# ------------------------------------------------------------------ the queue


def test_the_lowest_scores_come_first_and_those_without_one_last(client, log):
    scores = [60, None, 20, 60, 5]
    frame = uploads_frame([scored(number, score) for number, score in enumerate(scores, 1)])
    session = ReviewSession(client, frame, log=log)
    ids = frame["id"].tolist()
    assert session.order == [ids[4], ids[2], ids[0], ids[3], ids[1]]
    session.sort("given")
    assert session.order == ids


def test_another_order_keeps_the_document_that_is_judged(client, log):
    frame = uploads_frame([scored(number, 100 - 20 * number) for number in range(1, 5)])
    session = ReviewSession(client, frame, log=log)
    assert session.progress("ada").upload_id == IDS[3]
    session.sort("given")
    now = session.progress("ada")
    assert (now.upload_id, now.number) == (IDS[3], 4)


def test_a_document_that_stands_twice_in_the_frame_is_judged_once(client, frame, log):
    assert ReviewSession(client, pd.concat([frame, frame]), log=log).order == IDS


def test_each_row_names_the_borrower_by_the_lenders_name_or_else_by_argyles_id(client, frame, log):
    frame = frame.assign(user="01-user", external_id=pd.array([None, *"bcd"], dtype="string"))
    session = ReviewSession(client, frame, log=log)
    rows = session.rows(IDS, "ada")
    assert [row["borrower"] for row in rows] == ["01-user", "b", "c", "d"]
    assert (rows[0]["score"], rows[0]["level"], rows[0]["number"]) == (20, "very low", 1)


def test_a_frame_of_ids_alone_will_do(client, log):
    session = ReviewSession(client, pd.DataFrame({"id": IDS}), log=log)
    [row] = session.rows(IDS[:1], "ada")
    assert (row["borrower"], row["score"], row["level"]) == ("", None, "")


def test_a_sample_says_which_and_in_which_order_and_is_kept_once(client, frame, log):
    chosen = sample(frame, 3, "random", seed=4)
    for _ in range(2):
        assert (
            ReviewSession(client, frame, log=log, sample=chosen).order
            == chosen["upload_id"].tolist()
        )
    kept = log.samples()
    assert kept["sampling_rate"].tolist() == chosen["sampling_rate"].tolist()
    ReviewSession(client, frame, log=log, sample=sample(frame, 2, "random", seed=5))
    assert len(log.samples()) == 5


def test_an_empty_queue_is_refused(client, frame, log):
    with pytest.raises(ConfigurationError, match="No documents to review"):
        ReviewSession(client, frame.head(0), log=log)


def test_a_frame_of_another_kind_is_refused(client, log):
    with pytest.raises(ConfigurationError, match="Column id is missing"):
        ReviewSession(client, pd.DataFrame({"x": [1]}), log=log)


def test_a_verdict_is_written_and_the_next_document_comes(session, log):
    session.judge(IDS[0], "fraudulent", " ada ", "two fonts")
    [row] = log.frame().to_dict("records")
    assert (row["upload_id"], row["verdict"], row["reviewer"]) == (IDS[0], "fraudulent", "ada")
    assert row["note"] == "two fonts"
    now = session.progress("ada")
    assert (now.number, now.said["fraudulent"]) == (2, 1)


def test_a_changed_verdict_is_a_further_row(session, log):
    session.judge(IDS[0], "genuine", "ada")
    session.back("ada")
    now = session.progress("ada")
    assert (now.number, now.verdict) == (1, "genuine")
    session.judge(IDS[0], "unsure", "ada", "on second thoughts")
    assert log.frame()["verdict"].tolist() == ["genuine", "unsure"]
    assert session.progress("ada").said == {"genuine": 0, "fraudulent": 0, "unsure": 1}


@pytest.mark.parametrize(
    ("upload", "verdict", "reviewer"),
    [(IDS[0], "fake", "ada"), (IDS[0], "genuine", "  "), ("another", "genuine", "ada")],
)
def test_what_cannot_be_a_verdict_is_refused_and_nothing_moves(
    session, log, upload, verdict, reviewer
):
    with pytest.raises(ValidationError, match="was not saved"):
        session.judge(upload, verdict, reviewer)
    assert len(log.frame()) == 0
    assert session.progress("ada").number == 1


def test_a_later_session_goes_on_where_the_reviewer_stopped(client, frame, log, session):
    session.judge(IDS[0], "genuine", "ada")
    session.skip(session.progress("ada").upload_id, "ada")
    session.judge(IDS[2], "genuine", "ada")
    again = ReviewSession(client, frame, log=log)
    assert again.progress("ada").upload_id == IDS[1]


def test_the_queue_ends_and_what_was_skipped_is_reached_from_its_end(session):
    session.skip(IDS[0], "ada")
    for upload in IDS[1:]:
        session.judge(upload, "genuine", "ada")
    now = session.progress("ada")
    assert (now.upload_id, now.open) == ("", 1)
    session.begin()
    assert session.progress("ada").upload_id == IDS[0]


def test_when_all_are_judged_there_is_none_left_and_one_can_go_back(session):
    for upload in IDS:
        session.judge(upload, "genuine", "ada")
    now = session.progress("ada")
    assert (now.upload_id, now.number) == ("", 5)
    session.skip(session.progress("ada").upload_id, "ada")
    assert session.progress("ada").upload_id == ""
    session.back("ada")
    assert session.progress("ada").upload_id == IDS[-1]


def test_back_stops_at_the_first(session):
    session.back("ada")
    assert session.progress("ada").number == 1


def test_another_reviewer_begins_at_the_first_and_sees_no_verdict_of_others(session):
    session.judge(IDS[0], "fraudulent", "ada")
    session.restart()
    now = session.progress("ben")
    assert (now.number, now.verdict, sum(now.said.values())) == (1, "", 0)


def test_verdicts_on_other_documents_do_not_count(session, log):
    log.add("of another queue", "genuine", reviewer="ada")
    assert sum(session.progress("ada").said.values()) == 0
    assert len(session.agreement()) == 0


def test_what_comes_next_can_be_fetched_ahead(session):
    assert session.coming("ada", 2) == IDS[:3]
    session.judge(IDS[1], "genuine", "ada")
    session.go_to(IDS[0])
    assert session.coming("ada", 2) == [IDS[0], IDS[2], IDS[3]]


def test_nothing_comes_after_the_last_open_document(session):
    for upload in IDS[:3]:
        session.judge(upload, "genuine", "ada")
    assert session.coming("ada", 2) == [IDS[3]]
    session.judge(IDS[3], "genuine", "ada")
    assert session.coming("ada", 2) == []


# ------------------------------------------------------------------ undo


def test_an_undone_verdict_is_withdrawn_by_a_further_row_and_its_document_comes_back(session, log):
    session.judge(IDS[0], "fraudulent", "ada", "two fonts")
    assert session.last("ada") == IDS[0]
    assert session.undo("ada") == "two fonts"
    assert log.frame()["verdict"].tolist() == ["fraudulent", "withdrawn"]
    now = session.progress("ada")
    assert (now.upload_id, now.verdict, sum(now.said.values())) == (IDS[0], "", 0)
    assert session.last("ada") == ""


def test_where_there_was_a_verdict_before_it_counts_again(session, log):
    session.judge(IDS[0], "genuine", "ada")
    session.judge(IDS[0], "fraudulent", "ada")
    session.undo("ada")
    assert log.frame()["verdict"].tolist() == ["genuine", "fraudulent", "genuine"]
    assert session.progress("ada").verdict == "genuine"


def test_verdicts_are_undone_one_after_the_other_and_no_further(session):
    for upload in IDS[:2]:
        session.judge(upload, "unsure", "ada")
    for upload in reversed(IDS[:2]):
        session.undo("ada")
        assert session.progress("ada").upload_id == upload
    with pytest.raises(ValidationError, match="Nothing to undo"):
        session.undo("ada")


def test_another_reviewer_cannot_undo_what_is_not_theirs(session):
    session.judge(IDS[0], "genuine", "ada")
    session.restart()
    assert session.last("ben") == session.last("ada") == ""


def test_only_ones_own_verdicts_are_undone_however_the_reviewers_take_turns(session, log):
    for upload, verdict, reviewer in (
        (IDS[0], "genuine", "ada"),
        (IDS[0], "fraudulent", "ada"),
        (IDS[1], "genuine", "ben"),
        (IDS[2], "unsure", "ada"),
    ):
        session.judge(upload, verdict, reviewer)
    assert (session.last("ben"), session.last("ada")) == (IDS[1], IDS[2])
    session.undo(" ben ")
    assert session.last("ben") == ""
    with pytest.raises(ValidationError, match="Nothing to undo"):
        session.undo("ben")
    session.undo("ada")
    session.undo("ada")
    rows = list(
        log.frame()[["upload_id", "verdict", "reviewer"]].itertuples(index=False, name=None)
    )
    assert rows[4:] == [
        (IDS[1], "withdrawn", "ben"),
        (IDS[2], "withdrawn", "ada"),
        (IDS[0], "genuine", "ada"),
    ]


# ------------------------------------------------------------------ the list


def test_the_list_can_be_kept_to_one_verdict_and_the_keys_walk_through_it(session):
    for upload, verdict in zip(IDS, ("genuine", "unsure", "genuine", "unsure"), strict=True):
        session.judge(upload, verdict, "ada")
    session.show("unsure", "ada")
    count, rows = session.listed("ada", 0, 10)
    assert (count, [row["upload"] for row in rows]) == (2, [IDS[1], IDS[3]])
    assert session.progress("ada").upload_id == IDS[1]
    session.judge(IDS[1], "fraudulent", "ada")
    assert session.progress("ada").upload_id == IDS[3]
    assert session.place_in_list("ada") == 0
    session.show("all", "ada")
    assert session.place_in_list("ada") == 3


def test_a_part_of_the_list_is_given_alone(session):
    count, rows = session.listed("ada", 1, 2)
    assert (count, [row["number"] for row in rows]) == (4, [2, 3])


def test_a_verdict_of_which_there_is_none_ends_the_queue_until_all_are_shown(session):
    session.show("genuine", "ada")
    assert session.progress("ada").upload_id == ""
    session.show("all", "ada")
    assert session.progress("ada").upload_id == IDS[0]


def test_one_can_go_to_any_document(session):
    session.go_to(IDS[2])
    assert session.progress("ada").number == 3
    session.go_to("of another queue")
    assert session.progress("ada").number == 3


def test_older_verdicts_that_come_later_do_not_take_the_place_of_newer_ones(session, log, tmp_path):
    session.judge(IDS[0], "genuine", "ada")
    old = f"upload_id,verdict,reviewer,reviewed_at\n{IDS[0]},unsure,ada,2020-01-01\n"
    (tmp_path / "old.csv").write_text(old)
    log.add_csv(tmp_path / "old.csv")
    session.judge(IDS[1], "genuine", "ada")
    assert session.progress("ada").said == {"genuine": 2, "fraudulent": 0, "unsure": 0}


# ------------------------------------------------------------------ many steps


def test_two_reviewers_are_compared(session):
    for reviewer, verdicts in (("ada", "gfgf"), ("ben", "gfgg")):
        for upload, letter in zip(IDS, verdicts, strict=True):
            session.judge(upload, {"g": "genuine", "f": "fraudulent"}[letter], reviewer)
    [row] = session.agreement().reset_index().to_dict("records")
    assert (row["reviewer"], row["other"], row["documents"]) == ("ada", "ben", 4)
    assert (row["agreed"], row["kappa"]) == (0.75, 0.5)


@given(steps=st.lists(st.sampled_from(["judge", "skip", "back", "undo"]), max_size=12))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_each_verdict_is_one_row_and_the_place_stays_in_the_queue(
    client, frame, tmp_path_factory, steps
):
    log = ReviewLog(tmp_path_factory.mktemp("log") / "reviews.sqlite")
    session = ReviewSession(client, frame, log=log)
    rows = undoable = 0
    for step in steps:
        now = session.progress("ada")
        assert 1 <= now.number <= len(IDS) + 1
        if step == "judge" and now.upload_id:
            session.judge(now.upload_id, "genuine", "ada")
            rows, undoable = rows + 1, undoable + 1
        elif step == "undo" and undoable:
            session.undo("ada")
            rows, undoable = rows + 1, undoable - 1
        elif step == "skip":
            session.skip(now.upload_id, "ada")
        elif step == "back":
            session.back("ada")
    assert len(log.frame()) == rows
    assert len(log.latest()) == sum(session.progress("ada").said.values())
