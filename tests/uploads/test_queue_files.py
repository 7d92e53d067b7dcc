"""Where documents are on the Jupyter server."""

import pytest

from argyle_nb.errors import ValidationError
from argyle_nb.uploads.queue_files import files_of


def test_a_folder_gives_its_documents_in_order_and_hides_what_is_hidden(tmp_path):
    for name in ("b.pdf", "a.JPG", "notes.txt", ".hidden.pdf", ".git/c.pdf", "in/d.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in files_of(str(tmp_path))]
    assert found == ["a.JPG", "b.pdf", "in/d.heic"]


def test_a_pattern_and_a_single_file_are_found(tmp_path, monkeypatch):
    for name in ("b.pdf", "a.pdf", "c.png"):
        (tmp_path / name).touch()
    assert [path.name for path in files_of(f"{tmp_path}/*.pdf")] == ["a.pdf", "b.pdf"]
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in files_of(" c.png ")] == ["c.png"]


@pytest.mark.parametrize("pattern", ["", "  ", "nowhere/*.pdf", "nowhere.pdf", "\0"])
def test_nothing_found_is_an_error_that_says_where_it_was_looked_for(pattern, tmp_path):
    with pytest.raises(ValidationError, match=r"No files match .* on the Jupyter server"):
        files_of(pattern)


@pytest.mark.parametrize("pattern", ["~nosuchuser/x", "x" * 300 + "/*.pdf", "\0", "a\0*"])
def test_a_pattern_that_cannot_be_looked_for_is_an_error_in_words(pattern):
    with pytest.raises(ValidationError, match=r"Can't search for|No files match"):
        files_of(pattern)


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path):
    (tmp_path / "stub[1].pdf").touch()
    assert files_of(f"{tmp_path}/stub[1].pdf") == [tmp_path / "stub[1].pdf"]


def test_files_are_found_by_their_whole_path(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").touch()
    monkeypatch.chdir(tmp_path)
    assert files_of("*.pdf") == [tmp_path / "a.pdf"]
