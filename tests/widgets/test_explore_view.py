"""Which uploads are in view, what is counted of them, and the lines that reproduce it."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import argyle_nb as anb
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.models import Account, User
from argyle_nb.scores import count_scores
from argyle_nb.scores.filters import STATUSES, find_uploads, statuses_of
from argyle_nb.storage import write_csv
from argyle_nb.widgets.explore_view import (
    ROWS_PER_PART,
    SORTED_BY,
    WRITTEN_COLUMNS,
    ExplorerModel,
    View,
    ViewFile,
)
from tests.support.records import record, scored, unscored

HOSTILE = "<img src=x onerror=alert(1)>.pdf"
ADA, BEN = "01856c65-43b6-8b5d-b32a-00000000000a", "01856c65-43b6-8b5d-b32a-00000000000b"

USER = "018051aa-f7a9-a0db-2f38-6cfa325e9d69"


@pytest.fixture(scope="module")
def frame():
    """Six uploads of two accounts; of one the user and the borrower are known."""
    return uploads_frame(
        [
            scored(1, 12, account=ADA, created_at="2026-01-05T00:00:00Z", file_name="Stub A.pdf"),
            scored(2, 45, account=ADA, created_at="2026-01-05T23:59:59Z", document_type="W-2"),
            scored(3, 80, account=BEN, created_at="2026-01-06T00:00:00Z", file_name=HOSTILE),
            scored(4, 100, account=BEN, created_at="2026-02-01T12:00:00Z", file_name="=1+1.pdf"),
            unscored(5, "completed", "idle", "idle", account=BEN, document_type="miscellaneous"),
            unscored(6, "failed", "failed", "failed", account=None, file_name=None),
        ],
        accounts=[Account(ADA, user=USER)],
        users=[User(USER, external_id="borrower-005")],
    )


@pytest.fixture(scope="module")
def signals():
    return signals_frame([record(1), record(3)])


@pytest.fixture
def explorer(frame, signals):
    return ExplorerModel(frame, signals)


def rows(frame, **filters):
    return find_uploads(frame, **filters).index.tolist()


def test_without_a_filter_everything_is_in_view(frame):
    assert find_uploads(frame) is frame


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"document_type": "W-2"}, [1]),
        ({"document_type": ["W-2", "miscellaneous"]}, [1, 4]),
        ({"document_type": "1099"}, []),
        ({"level": ["very low", "high"]}, [0, 2, 3]),
        ({"status": "scored"}, [0, 1, 2, 3]),
        ({"status": ["processing_failed", "unsupported_type"]}, [4, 5]),
        ({"created_from": "2026-01-06", "created_before": "2027-01-01"}, [2, 3]),
        ({"created_before": "2026-01-06"}, [0, 1, 4, 5]),
        ({"created_from": "2026-01-05", "created_before": "2026-01-06"}, [0, 1]),
        ({"user": "018051AA"}, [0, 1]),
        ({"user": ADA}, [0, 1]),
        ({"user": "Borrower-005"}, [0, 1]),
        ({"text": "borrower-005"}, [0, 1]),
        ({"text": "stub a"}, [0]),
        ({"text": "onerror"}, [2]),
        ({"text": ".*"}, []),
        ({"text": BEN}, [2, 3, 4]),
        ({"scores": (0, 45)}, [0, 1]),
        ({"scores": (100, 100)}, [3]),
        ({"scores": (0, 100), "document_type": "paystubs"}, [0, 2, 3]),
    ],
    ids=str,
)
def test_a_filter_keeps_what_fits(frame, filters, found):
    assert rows(frame, **filters) == found


def test_a_signal_is_looked_up_among_the_signals(frame, signals):
    assert rows(frame, signal="dollar_amount_edits", signals=signals) == [0, 2]
    assert rows(frame, signal=["006-L"], signals=signals) == [0, 2]
    assert rows(frame, signal="font_mismatch", signals=signals) == []


def test_a_filter_by_signal_without_signals_names_the_cure(frame):
    with pytest.raises(ConfigurationError, match=r"signals=anb\.signals_frame"):
        find_uploads(frame, signal="dollar_amount_edits")


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"status": "done"}, "Unknown status 'done'\\. Use any of: scored, in_progress"),
        ({"created_from": "31.1.2026"}, "created_from: '31.1.2026' is not a day. Write it as"),
        ({"created_before": "2026-02-30"}, "created_before: '2026-02-30' is not a day"),
        ({"scores": (50, 40)}, r"not \(50, 40\)"),
        ({"scores": (0, 101)}, r"scores must be \(lowest, highest\) within 0 to 100"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_the_cure(frame, filters, message):
    with pytest.raises(ConfigurationError, match=message):
        find_uploads(frame, **filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"document_type": "W-2"},
        {"level": "high"},
        {"created_from": "2026-01-01"},
        {"user": "a"},
        {"text": "a"},
        {"scores": (0, 9)},
    ],
)
def test_a_frame_of_another_kind_is_refused(filters):
    with pytest.raises(ConfigurationError, match=r"anb\.uploads_frame"):
        find_uploads(pd.DataFrame({"x": [1]}), **filters)


def test_every_upload_has_one_status(frame):
    assert statuses_of(frame).tolist() == [*["scored"] * 4, "unsupported_type", "processing_failed"]
    assert set(statuses_of(frame)) <= set(STATUSES)


@given(
    low=st.integers(0, 100),
    width=st.integers(0, 100),
    types=st.sets(st.sampled_from(["paystubs", "W-2", "miscellaneous", "1099"])),
    text=st.text("aDeS0123-._ *[", max_size=3),
)
@settings(max_examples=60)
def test_filters_agree_with_a_look_at_each_row(low, width, types, text):
    records = [scored(n, n * 9, document_type=["paystubs", "W-2"][n % 2]) for n in range(12)]
    frame = uploads_frame(records)
    high = min(100, low + width)
    kept = [
        row.Index
        for row in frame.itertuples()
        if low <= row.ocr_authenticity_score <= high
        and (not types or row.document_type in types)
        and any(text.casefold() in word.casefold() for word in (row.id, row.account, row.file_name))
    ]
    assert rows(frame, scores=(low, high), document_type=types, text=text) == kept


NAMES = st.text(st.sampled_from("aBc\u00df\u0130\u20ac\n\0 "), max_size=6)


@given(names=st.lists(st.none() | NAMES, min_size=1, max_size=6), part=NAMES)
@settings(max_examples=300)
def test_a_text_is_found_where_python_finds_it(names, part):
    frame = uploads_frame([scored(n, 50) for n in range(len(names))])
    frame["file_name"] = pd.array(names, dtype="string")
    frame["id"] = frame["account"] = pd.array([None] * len(names), dtype="string")

    def folded(text):
        return text.casefold().replace("\n", "\0")

    kept = [n for n, name in enumerate(names) if name is not None and folded(part) in folded(name)]
    # An empty text is no filter.
    assert rows(frame, text=part) == (kept if part else list(range(len(names))))


def test_the_view_begins_at_the_cut_offs_of_the_levels(frame):
    start = ExplorerModel(frame).first_view()
    assert (start.reject_below, start.pass_from) == (30, 80)
    other = ExplorerModel(uploads_frame([record()], levels="ocrolus-current")).first_view()
    assert (other.reject_below, other.pass_from) == (56, 81)


def test_a_frame_of_another_kind_has_no_explorer():
    with pytest.raises(ConfigurationError, match="Column file_name is missing"):
        ExplorerModel(pd.DataFrame({"id": ["a"]}))


def test_a_look_counts_what_is_in_view(explorer):
    result = explorer.evaluate(View(document_type=("paystubs",), pass_from=80, reject_below=30))
    assert result.seen.index.tolist() == [0, 2, 3, 5]
    assert result.shares.loc["all", ["pass", "review", "reject"]].tolist() == [2, 0, 1]
    assert int(result.counts.unscored["processing_failed"].iloc[0]) == 1


def test_chosen_scores_narrow_the_table_and_not_the_picture(explorer):
    result = explorer.evaluate(View(scores=(0, 29)))
    assert result.table.index.tolist() == [0]
    assert len(result.seen) == 6


def test_bars_hold_every_scored_upload_once(explorer):
    bars = explorer.evaluate(View()).bars()
    assert [bar for bar in bars if bar[2]] == [(10, 14, 1), (45, 49, 1), (80, 84, 1), (95, 100, 1)]
    assert [low for low, _, _ in bars[1:]] == [high + 1 for _, high, _ in bars[:-1]]
    assert (bars[0][0], bars[-1][1]) == (0, 100)


def test_the_rising_share_ends_at_one(explorer):
    rising = explorer.evaluate(View()).cumulative_shares()
    assert len(rising) == 101
    assert rising[44] == 0.25
    assert rising[-1] == 1


def test_without_scores_there_is_no_rising_share(explorer):
    assert explorer.evaluate(View(status=("processing_failed",))).cumulative_shares() == []


def test_nothing_in_view_is_no_error(explorer):
    result = explorer.evaluate(View(text="nobody has this"))
    assert len(result.table) == 0
    assert np.isnan(result.shares.loc["all", "pass_share"])


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("column", SORTED_BY)
def test_the_table_is_in_the_order_that_pandas_gives(explorer, frame, column, ascending):
    table = explorer.evaluate(View(sort_by=column, ascending=ascending)).table
    key = (lambda _: statuses_of(frame)) if column == "status" else None
    by = "id" if column == "status" else column
    expected = frame.sort_values(by, ascending=ascending, kind="stable", key=key)
    pd.testing.assert_frame_equal(table, expected)


@given(names=st.lists(st.none() | NAMES, max_size=9), ascending=st.booleans())
def test_names_of_any_letters_are_in_the_order_that_pandas_gives(names, ascending):
    frame = uploads_frame([scored(n, 50) for n in range(len(names))])
    frame["file_name"] = pd.array([name and name.strip("\0") for name in names], dtype="string")
    view = View(sort_by="file_name", ascending=ascending)
    expected = frame.sort_values("file_name", ascending=ascending, kind="stable")
    pd.testing.assert_frame_equal(ExplorerModel(frame).evaluate(view).table, expected)


def test_the_lowest_scores_come_first_and_what_has_none_last(explorer):
    assert explorer.evaluate(explorer.first_view()).table.index.tolist() == [0, 1, 2, 3, 4, 5]


def test_some_uploads_are_listed_in_the_order_of_the_table(explorer, frame):
    view = View(sort_by="created_at", ascending=False)
    assert explorer.in_order(view, frame["id"].iloc[[0, 3, 1]].tolist()).tolist() == [3, 1, 0]


def test_an_empty_table_says_what_there_is_without_each_filter(explorer):
    view = View(document_type=("paystubs",), status=("processing_failed",), scores=(80, 100))
    assert not len(explorer.evaluate(view).rows)
    assert explorer.without_one(view) == [("document_type", 0), ("status", 2), ("scores", 1)]


def test_borrowers_are_sorted_by_the_name_that_there_is(explorer):
    assert explorer.borrower == "external_id"
    assert ExplorerModel(uploads_frame([record()])).borrower == "user"


def test_an_order_that_cannot_be_is_refused(explorer):
    with pytest.raises(ConfigurationError, match="Can't sort by 'file_url'"):
        explorer.evaluate(View(sort_by="file_url"))


def test_pages_hold_each_row_once(explorer):
    result = explorer.evaluate(View())
    pages = [result.page(number, 4) for number in range(3)]
    assert [len(page) for page in pages] == [4, 2, 0]
    pd.testing.assert_frame_equal(pd.concat(pages), result.table)


def test_what_can_be_chosen_is_counted(explorer):
    options = explorer.filter_options()
    assert options["document_type"] == [("paystubs", 4), ("W-2", 1), ("miscellaneous", 1)]
    assert options["level"] == [("very low", 1), ("low", 1), ("high", 2)]
    assert options["status"] == [("scored", 4), ("processing_failed", 1), ("unsupported_type", 1)]
    assert dict(options["signal"]) == {"dollar_amount_edits": 2, "006-L": 2}


def test_signals_and_reason_codes_have_names(explorer):
    names = explorer.signal_names()
    assert names["dollar_amount_edits"] == "Dollar Amount Edits"
    assert names["006-L"].endswith(" (006-L)")
    assert set(names) == set(dict(explorer.filter_options()["signal"]))


def test_a_score_outside_0_to_100_is_counted_as_invalid_and_not_an_error():
    frame = uploads_frame([scored(1, 85), scored(2, 86)])
    frame.loc[1, "ocr_authenticity_score"] = 300
    explorer = ExplorerModel(frame)
    assert ("invalid_score", 1) in explorer.filter_options()["status"]
    assert int(explorer.evaluate(View()).counts.unscored["invalid_score"].iloc[0]) == 1


def test_the_lines_are_those_that_somebody_would_write():
    assert View(document_type=("paystubs",)).code().split("\n") == [
        "seen = anb.find_uploads(uploads, document_type=['paystubs'])",
        "shares = anb.count_scores(seen, errors='collect').threshold(80, reject_below=30)",
        "table = seen.sort_values('ocr_authenticity_score', ascending=True, kind='stable')",
    ]


VIEWS = [
    View(),
    View(document_type=("paystubs", "W-2"), level=("high",), status=("scored",)),
    View(
        created_from="2026-01-05",
        created_before="2026-02-01",
        sort_by="ocr_authenticity_score",
        ascending=True,
    ),
    View(user="018051aa", text="stub \"a'", scores=(0, 29), pass_from=60, reject_below=60),
    View(signal=("dollar_amount_edits",), scores=(10, 14)),
    View(text="onerror", sort_by="file_name"),
    View(sort_by="status"),
    View(sort_by="status", ascending=False, scores=(0, 100)),
    View(user="borrower-005", sort_by="external_id"),
]


@pytest.mark.parametrize("view", VIEWS, ids=range(len(VIEWS)))
def test_three_lines_reproduce_the_view(explorer, frame, signals, view):
    names = {"anb": anb, "uploads": frame, "signals": signals}
    assert len(view.code().split("\n")) == 3
    exec(view.code(), names)  # noqa: S102 - our own three lines
    result = explorer.evaluate(view)
    pd.testing.assert_frame_equal(names["seen"], result.seen)
    pd.testing.assert_frame_equal(names["shares"], result.shares)
    pd.testing.assert_frame_equal(names["table"], result.table)


@given(text=st.text(max_size=20), user=st.text(max_size=20))
@settings(max_examples=50)
def test_the_lines_hold_whatever_was_typed_as_a_text(text, user):
    names = {"anb": anb, "uploads": uploads_frame([record()])}
    exec(View(text=text, user=user).code(), names)  # noqa: S102 - our own three lines
    assert "seen" in names


def rows_of(file):
    text = b"".join(file.part(number) for number in range(file.parts)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_file_holds_what_is_in_the_table_in_its_order_without_file_names(explorer):
    rows = explorer.evaluate(View(status=("scored",))).rows
    written = rows_of(ViewFile(explorer, rows, file_names=False))
    assert [row["ocr_authenticity_score"] for row in written] == ["12", "45", "80", "100"]
    assert {row["status"] for row in written} == {"scored"}
    assert {row["external_id"] for row in written} == {"borrower-005", ""}
    assert not {"file_name", "file_url"} & set(written[0])


def test_file_names_go_along_when_asked_for_and_cannot_run_as_formulas(explorer):
    rows = explorer.evaluate(View(scores=(100, 100))).rows
    written = rows_of(ViewFile(explorer, rows, file_names=True))
    assert [row["file_name"] for row in written] == ["'=1+1.pdf"]


def test_a_file_of_no_upload_has_its_columns(explorer):
    file = ViewFile(explorer, explorer.evaluate(View(text="nobody")).rows, file_names=False)
    assert file.part(0).decode() == ",".join(WRITTEN_COLUMNS) + "\n"


def test_the_parts_of_a_file_are_what_would_be_written_at_once(frame, tmp_path):
    many = frame.iloc[[0, 1, 2, 3, 4, 5] * 2000].reset_index(drop=True)
    explorer = ExplorerModel(many)
    result = explorer.evaluate(View(sort_by="file_name"))
    file = ViewFile(explorer, result.rows, file_names=False)
    assert file.parts == -(-12_000 // ROWS_PER_PART)
    table = result.table.assign(status=statuses_of(result.table))
    write_csv(table[list(WRITTEN_COLUMNS)], tmp_path / "at_once.csv")
    parts = b"".join(file.part(number) for number in range(file.parts))
    assert parts == (tmp_path / "at_once.csv").read_bytes()


def test_counts_of_a_view_are_those_of_count_scores(explorer, frame):
    result = explorer.evaluate(View())
    assert (result.counts.table() == count_scores(frame).table()).all()
