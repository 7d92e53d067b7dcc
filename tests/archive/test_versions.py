"""Of all versions seen the newest counts, and each stays to be asked for."""

import json
from datetime import timedelta
from itertools import chain

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.archive.versions import read_page
from argyle_nb.frames.uploads import LEVEL, flatten, uploads_frame
from argyle_nb.models import DOCUMENT_TYPES
from tests.support.archives import NOON, filled, moving, page_of
from tests.support.records import record, scored, unscored

odd_texts = st.none() | st.sampled_from(["idle", "completed", "queued", "W-2", "payslip", "é"])
odd_records = st.builds(
    lambda number, kind, status, score, extra: (
        unscored(number, *[status] * 3, document_type=kind)
        | {"metadata": {"ocr_authenticity_score": score}, "extra": extra}
    ),
    st.integers(0, 10**6),
    odd_texts,
    odd_texts,
    st.none() | st.integers(0, 100),
    st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5),
)


def test_a_page_tells_what_it_holds_though_some_of_it_cannot_be_read():
    page = page_of(
        [
            record(1, account="b", document_type="payslip", updated_at="2024-01-01T00:00:00.5Z"),
            {"id": 5, "updated_at": "2024-01-01T00:00:00"},
            record(2, account="a", updated_at="yesterday"),
            scored(3, 900, account="c", document_type="never"),
        ]
    )
    contents, rows, rejected = read_page(page)
    assert contents.ids == [record(1)["id"], None, record(2)["id"], record(3)["id"]]
    assert contents.updated_at[:3] == [1704067200_500_000, 1704067200_000_000, 0]
    assert contents.accounts == ["b"]
    assert contents.categories["uploads"]["document_type"] == [*DOCUMENT_TYPES, "payslip"]
    assert len(rows.rows) == 1
    assert len(rejected) == 3


@settings(max_examples=60)
@given(st.lists(odd_records, max_size=5))
def test_a_page_tells_the_categories_that_its_frames_have(records):
    page = page_of(records)
    frames = flatten(page)._asdict()
    assert read_page(page).contents.categories == {
        name: {
            column: list(frame[column].cat.categories)
            for column in frame
            if isinstance(frame[column].dtype, pd.CategoricalDtype) and column != LEVEL
        }
        for name, frame in frames.items()
    }


def test_the_version_updated_last_wins_though_it_was_seen_first(folder):
    late, early = "2026-05-02T00:00:00.000Z", "2026-05-01T00:00:00.000Z"
    archive = filled(folder, [scored(1, 70, updated_at=late)], [scored(1, 20, updated_at=early)])
    assert archive.uploads()["ocr_authenticity_score"].tolist() == [70]
    assert archive.raw(record(1)["id"])["updated_at"] == late


def test_of_versions_updated_at_the_same_time_the_one_seen_last_wins(folder):
    archive = filled(folder, [scored(1, 70)], [scored(1, 20)])
    assert archive.uploads()["ocr_authenticity_score"].tolist() == [20]
    assert archive.raw(record(1)["id"])["metadata"] == {"ocr_authenticity_score": 20}


@pytest.mark.parametrize("earlier", [None, "2026-05-01T00:00:00Z", "2026-05-01T00:00:00.864033Z"])
def test_times_are_compared_as_times(folder, earlier):
    newer = scored(1, 70, updated_at="2026-05-01T00:00:00.865Z")
    archive = filled(folder, [newer], [scored(1, 20, updated_at=earlier)])
    assert archive.uploads()["ocr_authenticity_score"].tolist() == [70]


def test_signals_are_those_of_the_newest_version_alone(folder):
    archive = filled(folder, [record(1), record(2)], [scored(1, 20)])
    assert set(archive.signals()["upload_id"]) == {record(2)["id"]}


def test_history_has_a_row_for_each_version_seen(folder):
    archive = filled(folder, [moving(1), record(2)], [moving(1)], [record(1)])
    history = archive.history(record(1)["id"])
    assert history.columns[:3].tolist() == ["seen_at", "deleted", "id"]
    assert history["seen_at"].tolist() == [NOON, NOON + timedelta(minutes=2)]
    assert history["processing_classification"].tolist() == ["in_progress", "completed"]
    assert history["deleted"].tolist() == [False, False]


def test_unknown_fields_stay_reachable(folder):
    odd = record(1, reviewed_by={"name": "Ada Sample", "on": [1, 2.5, None]})
    assert filled(folder, [odd]).raw(odd["id"]) == odd


def test_users_learned_from_a_pull_for_one_user_stay_known(folder):
    filled(folder, [record(1)], filters={"user": "u-1"})
    archive = filled(folder, [record(1)], seen_at=NOON + timedelta(hours=1), pull="later")
    assert archive.uploads()["user"].tolist() == ["u-1"]


def test_what_is_known_of_what_was_sent_is_filled_in(folder):
    archive = filled(folder, [record(1)])
    row = {"upload_id": record(1)["id"], "document_type": "W-2", "external_id": "loan-2"}
    uploads = archive.uploads(sent=pd.DataFrame([row]), levels="ocrolus-2")
    assert uploads["requested_document_type"].tolist() == ["W-2"]
    assert uploads["external_id"].tolist() == ["loan-2"]
    assert archive.uploads(levels="ocrolus-2").attrs["levels"] == "ocrolus-2"


# Anything at all


@settings(max_examples=60)
@given(st.lists(st.lists(odd_records, max_size=5), max_size=4))
def test_a_scan_is_the_frame_of_the_raw_pages(tmp_path_factory, pages):
    seen = set()
    once = [[r for r in page if not (r["id"] in seen or seen.add(r["id"]))] for page in pages]
    folder = tmp_path_factory.mktemp("archive")
    archive = filled(folder, *once)
    raw = [page_of(page) for page in once]
    pd.testing.assert_frame_equal(archive.scan("pandas").uploads, uploads_frame(raw))
    for upload in chain(*once):
        assert archive.raw(upload["id"]) == upload


@settings(max_examples=60)
@given(st.lists(st.lists(odd_records, max_size=5), max_size=4))
def test_each_upload_comes_once_in_the_version_seen_last(tmp_path_factory, pages):
    archive = filled(tmp_path_factory.mktemp("archive"), *pages)
    last = {upload["id"]: upload for page in pages for upload in page}
    uploads = archive.uploads().set_index("id")
    assert sorted(uploads.index) == sorted(last)
    for upload_id, upload in last.items():
        score = upload["metadata"]["ocr_authenticity_score"]
        assert uploads["ocr_authenticity_score"].astype(object)[upload_id] in (score, pd.NA)
        assert len(json.dumps(archive.raw(upload_id))) == len(json.dumps(upload))
