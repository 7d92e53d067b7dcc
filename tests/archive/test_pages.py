"""What was fetched is kept byte for byte, anywhere, and damage is named with its cure."""

import hashlib
import stat

import fsspec
import pytest

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageStore, new_pull, open_folder, sha256_hex
from argyle_nb.errors import ConfigurationError, DecodeError
from tests.support.archives import FIVE, files, filled, page_of, zstd
from tests.support.records import scored


def test_each_page_is_kept_byte_for_byte_under_its_sha256(server, argyle, folder):
    Archive(folder).pull(argyle)
    entries = PageStore(folder).entries()
    expected = [hashlib.sha256(server._page(number)).hexdigest() for number in range(3)]
    assert [entry.sha256 for entry in entries] == expected
    for number, entry in enumerate(entries):
        kept = (folder / "pages" / f"{entry.sha256}.json.zst").read_bytes()
        assert zstd.decompress(kept) == server._page(number)


def test_nobody_else_may_read_what_is_kept(argyle, folder):
    Archive(folder).pull(argyle)
    for path in [folder, *folder.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_pulls_are_named_by_their_time():
    names = [new_pull() for _ in range(3)]
    assert names == sorted(names)
    assert {len(name) for name in names} == {30}


@pytest.mark.parametrize("url", ["memory://{}", "{}"])
def test_a_folder_that_is_not_there_has_no_files(url, folder):
    assert open_folder(url.format(folder)).names("pages") == []


@pytest.mark.parametrize("url", ["memory://argyle-{}", "file://{}", "{}"])
def test_an_archive_may_be_anywhere(url, argyle, folder):
    archive = Archive(url.format(folder))
    archive.pull(argyle)
    assert archive.uploads()["ocr_authenticity_score"].tolist() == [10, 20, 30, 40, 50]


def test_an_archive_stays_where_it_was_when_the_working_folder_changes(
    argyle, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    archive = Archive("here [1]")
    monkeypatch.chdir("/")
    archive.pull(argyle)
    assert len(Archive(tmp_path / "here [1]").uploads()) == 5


@pytest.mark.parametrize("url", ["nowhere://x", "gs://needs-a-driver"])
def test_a_folder_that_nothing_can_open_is_refused(url):
    with pytest.raises(ConfigurationError, match=r"can't use this location"):
        Archive(url)


def test_a_folder_that_cannot_be_written_is_named(argyle, folder):
    folder.mkdir()
    (folder / "pages").write_text("a file")
    with pytest.raises(ConfigurationError, match=f"{folder}.* is not a folder"):
        Archive(folder).pull(argyle)


def test_a_folder_that_cannot_be_read_is_named(folder):
    folder.write_text("a file")
    with pytest.raises(ConfigurationError, match=f"{folder}.*can't be read"):
        Archive(folder).uploads()


def damaged(folder, change):
    filled(folder, [FIVE[0]], [FIVE[1]])
    path = folder / "pages" / f"{sha256_hex(page_of([FIVE[1]]))}.json.zst"
    change(path)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(zstd.compress(page_of([scored(2, 100)]))),
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
    ids=["forged", "cut", "emptied", "removed"],
)
def test_a_damaged_page_is_named_with_the_cure(folder, change):
    path = damaged(folder, change)
    with pytest.raises(DecodeError, match=f"{path}.*damaged") as caught:
        Archive(folder).uploads()
    assert f"delete index/*-{path.name[:16]}.json and pull again" in str(caught.value)


def test_a_missing_page_is_named_wherever_the_archive_is(folder):
    url = f"memory://{folder}"
    filled(url, [FIVE[0]])
    missing = f"{folder}/pages/{sha256_hex(page_of([FIVE[0]]))}.json.zst"
    fsspec.filesystem("memory").rm(missing)
    with pytest.raises(DecodeError, match=f"{missing}.*the file is missing"):
        Archive(url).uploads()


def test_the_cure_of_a_damaged_page_works(server, argyle, folder):
    Archive(folder).pull(argyle)
    page = files(folder, "pages")[0]
    page.write_bytes(b"")
    for entry in (folder / "index").glob(f"*-{page.name[:16]}.json"):
        entry.unlink()
    Archive(folder).pull(argyle)
    assert len(Archive(folder).uploads()) == 5


def test_a_damaged_entry_is_named(folder):
    filled(folder, FIVE)
    [entry] = files(folder, "index")
    entry.write_bytes(entry.read_bytes()[:-9])
    with pytest.raises(DecodeError, match=str(entry)):
        Archive(folder).uploads()
