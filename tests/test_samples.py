"""Notebooks and samples go into a folder, and nothing that is there is lost."""

from pathlib import Path

import pytest

from argyle_nb import samples
from argyle_nb.errors import ConfigurationError
from argyle_nb.samples import copy_samples, samples_folder

ROOT = Path(__file__).parents[1]


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_checkout_is_its_own_folder_of_samples():
    assert samples_folder() == ROOT


def test_an_installation_has_them_in_the_package(tmp_path, monkeypatch):
    (tmp_path / "_samples" / "data").mkdir(parents=True)
    (tmp_path / "_samples" / "data" / "loans.csv").touch()
    monkeypatch.setattr(samples, "__file__", str(tmp_path / "samples.py"))
    assert samples_folder() == tmp_path / "_samples"


def test_an_installation_without_them_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "__file__", str(tmp_path / "package" / "samples.py"))
    with pytest.raises(ConfigurationError, match=r"samples? .*missing\. Install argyle-nb again"):
        samples_folder()


def test_a_new_folder_gets_every_notebook_and_document(tmp_path):
    copied = copy_samples(tmp_path / "new")
    files = contents(tmp_path / "new")
    assert sorted(copied.new) == sorted(files)
    assert copied.kept == []
    notebooks = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    documents = {f"data/documents/{name}" for name in contents(ROOT / "data" / "documents")}
    tables = {"data/loans.csv", "data/manifest.csv", "data/truth.csv", "data/README.md"}
    assert set(files) == notebooks | documents | tables
    assert all(data == (ROOT / name).read_bytes() for name, data in files.items())


def test_a_second_copy_changes_nothing(tmp_path):
    copy_samples(tmp_path)
    assert copy_samples(tmp_path) == ([], [])


def test_a_checkout_is_not_copied_onto_itself():
    assert copy_samples(ROOT) == ([], [])


def test_what_was_changed_is_kept_and_named_and_what_was_deleted_comes_back(tmp_path):
    copy_samples(tmp_path)
    changed = tmp_path / "notebooks" / "01_upload.ipynb"
    changed.write_text("mine")
    (tmp_path / "data" / "loans.csv").unlink()
    assert copy_samples(tmp_path) == (["data/loans.csv"], ["notebooks/01_upload.ipynb"])
    assert changed.read_text() == "mine"


def test_what_is_no_file_is_kept_too(tmp_path):
    (tmp_path / "data" / "loans.csv").mkdir(parents=True)
    (tmp_path / "data" / "truth.csv").symlink_to("nowhere")
    assert copy_samples(tmp_path).kept == ["data/loans.csv", "data/truth.csv"]
    assert (tmp_path / "data" / "truth.csv").is_symlink()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "notebooks").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"01_upload\.ipynb: can't be written.*folder"):
        copy_samples(tmp_path)
