"""The same frames from Dask as from pandas, and Parquet that others read."""

import subprocess
import sys

import duckdb
import fsspec
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest
from distributed import Client as DaskClient
from distributed import LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

from argyle_nb.archive import Archive, parquet
from argyle_nb.archive.pages import PageStore
from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames.uploads import Borrowers
from argyle_nb.scores import count_scores
from tests.support.archives import FREE_PORT, filled
from tests.support.records import analysis, form, record, scored, unscored


def of_form(form_type):
    found = analysis() | {"form_analysis": [form(form_type=form_type)]}
    return record(metadata={"ocr_authenticity": found}) | {"id": f"form {form_type}"}


# Each page makes a partition, and their categories differ.
PAGES = [
    [scored(1, 10), record(2, document_type="payslip"), unscored(3, "queued", "idle", "idle")],
    [scored(1, 20), record(4, document_type=None), scored(5, None, created_at=None)],
    [record(6), *(of_form(name) for name in ("W2", None, "A_1099_NEC"))],
]


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "PAGES_PER_PARTITION", 1)
    return filled(tmp_path / "archive", *PAGES)


def computed(frame):
    return frame.compute(scheduler="synchronous").reset_index(drop=True)


def assert_same(archive, **options):
    expected, lazy = archive.scan(**options), archive.scan("dask", **options)
    for wanted, frame in zip(expected, lazy, strict=True):
        pd.testing.assert_frame_equal(computed(frame), wanted)
        assert frame.dtypes.to_dict() == wanted.dtypes.to_dict()


def test_both_engines_give_the_same_frames(archive):
    assert archive.scan("dask").uploads.npartitions == len(PAGES)
    assert_same(archive)


def test_both_engines_fill_in_what_else_is_known(archive, tmp_path):
    sent = pd.DataFrame({"upload_id": [record(1)["id"], "x"], "document_type": ["W-2", "odd"]})
    kept = Borrowers({record(1)["account"]: "u-1"}, {"u-1": "loan-1"})
    PageStore(tmp_path / "archive").keep_borrowers(kept)
    assert_same(archive, sent=sent, levels="ocrolus-2")
    assert set(archive.scan().uploads["external_id"]) == {"loan-1"}


def test_both_engines_leave_out_what_cannot_be_read(tmp_path):
    archive = filled(tmp_path, [scored(1, 900), scored(2, 9)])
    assert len(computed(archive.scan("dask", errors="collect").uploads)) == 1
    with pytest.warns(UserWarning, match="900 is outside"):
        assert len(computed(archive.scan("dask").uploads)) == 1
    with pytest.raises(DecodeError, match="900 is outside"):
        computed(archive.scan("dask", errors="raise").uploads)


def test_a_new_archive_gives_empty_frames(tmp_path):
    archive = Archive(tmp_path / "new")
    assert_same(archive)
    assert archive.scan("dask").uploads.npartitions == 1


def test_an_archive_in_memory_is_read_by_the_threads_of_dask(archive):
    lazy = filled("memory://threads", *PAGES).scan("dask").uploads
    frame = lazy.compute(scheduler="threads").reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, archive.uploads())


def test_two_workers_count_what_one_process_counts(archive):
    expected = count_scores(archive.uploads(), by="document_type")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=FREE_PORT) as cluster,
        DaskClient(cluster),
    ):
        uploads = archive.scan("dask").uploads
        by_type = uploads.groupby("document_type", observed=True)["ocr_authenticity_score"].count()
        frame = uploads.compute()
        counted = by_type.compute()
    found = count_scores(frame, by="document_type")
    pd.testing.assert_frame_equal(found.scores, expected.scores)
    pd.testing.assert_frame_equal(found.unscored, expected.unscored)
    with_scores = expected.scores.sum(axis=1)
    assert counted.astype(int).to_dict() == with_scores[with_scores.index.notna()].to_dict()


odd_records = st.builds(
    lambda number, kind, status, score: scored(
        number, score, document_type=kind, processing={"ocr": status}
    ),
    st.integers(0, 20),
    st.none() | st.sampled_from(["W-2", "payslip", "é", ""]),
    st.none() | st.sampled_from(["idle", "queued", "lost"]),
    st.none() | st.integers(0, 100),
)


@settings(max_examples=25)
@given(st.lists(st.lists(odd_records, max_size=4), max_size=4))
def test_both_engines_agree_on_anything(tmp_path_factory, pages):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "PAGES_PER_PARTITION", 1)
        archive = filled(tmp_path_factory.mktemp("archive"), *pages)
        assert_same(archive)


# Parquet


def read_back(folder):
    return ds.dataset(folder, format="parquet", partitioning="hive").to_table().to_pandas()


def in_order(frame):
    """Rows in an order of their own, without what Parquet does not keep."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.sort_values(list(frame)[:1], kind="stable").reset_index(drop=True)


def test_parquet_holds_every_row_of_both_frames(archive, tmp_path):
    archive.to_parquet(tmp_path / "lake")
    for name, frame in archive.scan()._asdict().items():
        found = read_back(tmp_path / "lake" / name)
        pd.testing.assert_frame_equal(in_order(found[list(frame)]), in_order(frame))


@pytest.mark.parametrize("odd", ["pay/slip", "../../up", "..", "a=b", "50 %", "pay%2Fslip", "é"])
def test_a_type_that_is_a_path_keeps_its_name_and_stays_in_the_folder(odd, tmp_path):
    filled(tmp_path / "archive", [record(1, document_type=odd), record(2)])
    archive = Archive(tmp_path / "archive")
    archive.to_parquet(tmp_path / "deep" / "er" / "lake")
    found = read_back(tmp_path / "deep" / "er" / "lake" / "uploads")
    assert sorted(found["document_type"]) == sorted([odd, "paystubs"])
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "deep"}
    assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == ["lake"]


def test_duckdb_reads_the_parquet_files(archive, tmp_path):
    archive.to_parquet(tmp_path / "lake")
    files = f"{tmp_path}/lake/uploads/**/*.parquet"
    groups = duckdb.read_parquet(files, hive_partitioning=True).aggregate(
        "document_type, count(*), avg(ocr_authenticity_score)"
    )
    found = {kind: (n, mean) for kind, n, mean in groups.fetchall()}
    assert found == by_type(archive.uploads())


def test_polars_reads_the_parquet_files(archive, tmp_path):
    archive.to_parquet(tmp_path / "lake")
    scan = pl.scan_parquet(f"{tmp_path}/lake/uploads/**/*.parquet", hive_partitioning=True)
    groups = scan.group_by(pl.col("document_type").cast(pl.String)).agg(
        pl.len().alias("n"), pl.col("ocr_authenticity_score").mean()
    )
    found = {kind: (n, mean) for kind, n, mean in groups.collect().rows()}
    assert found == by_type(archive.uploads())


def by_type(frame):
    """Count uploads and average their scores, by document type."""
    groups = frame.groupby("document_type", observed=True, dropna=False)["ocr_authenticity_score"]
    return {
        None if pd.isna(kind) else kind: (
            len(scores),
            None if scores.isna().all() else float(scores.mean()),
        )
        for kind, scores in groups
    }


def test_parquet_is_never_mixed_with_what_lies_there(archive, tmp_path):
    archive.to_parquet(tmp_path / "lake")
    with pytest.raises(ConfigurationError, match="is not empty"):
        archive.to_parquet(tmp_path / "lake")


def test_parquet_of_a_new_archive_is_a_dataset_without_rows(tmp_path):
    Archive(tmp_path / "new").to_parquet(tmp_path / "lake")
    assert read_back(tmp_path / "lake" / "uploads").empty


def test_every_file_of_the_dataset_has_the_types_of_the_frame(archive, tmp_path):
    archive.to_parquet(tmp_path / "lake")
    found = read_back(tmp_path / "lake" / "uploads")
    assert str(found["created_at"].dtype) == "datetime64[us, UTC]"
    assert found["ocr_authenticity_score"].dtype == "Int16"
    assert found["authenticity_level"].cat.ordered


def test_no_more_pages_are_in_memory_than_make_a_file(archive, tmp_path, monkeypatch):
    archive.to_parquet(tmp_path / "small")
    parts = {path.name for path in (tmp_path / "small" / "uploads").rglob("*.parquet")}
    assert len(parts) == len(PAGES)
    monkeypatch.setattr(parquet, "PAGES_PER_PARTITION", 2)
    archive.to_parquet(tmp_path / "large")
    parts = {path.name for path in (tmp_path / "large" / "uploads").rglob("*.parquet")}
    assert len(parts) == 2


def test_an_upload_that_cannot_be_read_is_told_and_the_others_are_written(tmp_path):
    archive = filled(tmp_path / "archive", [scored(1, 10), scored(2, 900)])
    with pytest.warns(UserWarning, match="900 is outside"):
        archive.to_parquet(tmp_path / "lake")
    assert read_back(tmp_path / "lake" / "uploads")["id"].tolist() == [record(1)["id"]]


def test_what_was_written_before_a_damaged_page_is_taken_away(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "PAGES_PER_PARTITION", 1)
    archive = filled(tmp_path / "archive", [scored(1, 10)], [scored(2, 20)])
    last = PageStore(tmp_path / "archive").entries()[-1].sha256
    (tmp_path / "archive" / "pages" / f"{last}.json.zst").unlink()
    with pytest.raises(DecodeError, match="the file is missing"):
        archive.to_parquet(tmp_path / "lake")
    assert list((tmp_path / "lake").rglob("*.parquet")) == []
    filled(tmp_path / "other", [scored(2, 90)]).to_parquet(tmp_path / "lake")
    assert len(read_back(tmp_path / "lake" / "uploads")) == 1


def test_an_archive_in_memory_is_written_in_memory():
    archive = filled("memory://source", *PAGES)
    archive.to_parquet("memory://lake")
    files = fsspec.filesystem("memory")
    found = ds.dataset("/lake/uploads", format="parquet", partitioning="hive", filesystem=files)
    assert found.count_rows() == len(archive.uploads())


# Without the extras

WITHOUT_DASK = """
import sys


class Blocker:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("dask", "distributed"):
            raise ImportError(f"{name} is not installed")


sys.meta_path.insert(0, Blocker())

from argyle_nb.archive import Archive

Archive(sys.argv[1]).to_parquet(sys.argv[2])
"""


def test_parquet_needs_no_dask(archive, tmp_path):
    command = [
        sys.executable,
        "-c",
        WITHOUT_DASK,
        str(tmp_path / "archive"),
        str(tmp_path / "lake"),
    ]
    subprocess.run(command, check=True, timeout=120)
    assert len(read_back(tmp_path / "lake" / "uploads")) == len(archive.uploads())


def test_parquet_without_pyarrow_names_the_extra(archive, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r'pip install "argyle-nb\[parquet\]"'):
        archive.to_parquet(tmp_path / "lake")
    assert not (tmp_path / "lake").exists()


def test_without_dask_the_error_names_the_extra(archive, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ConfigurationError, match=r'pip install "argyle-nb\[dask\]"'):
        archive.scan("dask")
    assert len(archive.scan("pandas").uploads) == 9
