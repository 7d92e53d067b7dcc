"""A folder holds the old report or the new one, whole, whatever happens."""

import multiprocessing
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from argyle_nb import platforms
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.report import export_report, read_report
from argyle_nb.report.folders import replaced
from tests.support.limits import limited
from tests.support.records import scored, unscored

KNOWN = frozenset({"a.csv", "b.csv"})
KILLS = 30

FORKS = multiprocessing.get_context("forkserver")
# What the first chart would load else, in each child anew.
DRAWING = ["argyle_nb.charts", "matplotlib.backends.backend_svg", "scipy.special"]
FORKS.set_forkserver_preload([__name__, *DRAWING])


def export_for_ever(folder, steps):
    """Export again and again, and say when each export begins."""
    for number in range(10_000):
        # Without scores there is less to draw: an export lasts half as long.
        frame = uploads_frame([unscored(n, "completed", "idle", "idle") for n in range(400)])
        steps.send("begin")
        export_report(frame, folder, title=f"report {number}")
        steps.send("end")


def write_both(folder, text):
    for name in KNOWN:
        (folder / name).write_text(text)


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def started(folder):
    steps, sending = FORKS.Pipe(duplex=False)
    run = FORKS.Process(target=export_for_ever, args=(folder, sending), daemon=True)
    run.start()
    sending.close()
    return run, steps


def wait_for(steps, word):
    assert steps.poll(600)
    assert steps.recv() == word


def test_a_kill_in_mid_export_leaves_a_whole_report(tmp_path):
    """Thirty kills at any moment of an export; afterwards the folder is whole each time."""
    folder, chance = tmp_path / "report", random.Random(8)  # noqa: S311 - no secret
    export_report(uploads_frame([scored(1, 50)]), folder, title="the first")
    seconds, left_behind = 1.0, 0
    for kill in range(KILLS):
        run, steps = started(folder)
        wait_for(steps, "begin")
        if kill == 0:  # how long an export takes here and now
            began = time.monotonic()
            wait_for(steps, "end")
            seconds = time.monotonic() - began
            wait_for(steps, "begin")
        if kill % 2:  # half of them near the end, where the folders change places
            wait_for_page(folder, run)
        else:
            time.sleep(chance.uniform(0, seconds))
        run.kill()
        run.join(60)
        assert run.exitcode == -signal.SIGKILL
        assert read_report(folder).rows["uploads.csv"] in (1, 400)
        left_behind += len(list(tmp_path.iterdir())) > 1
    assert left_behind > KILLS // 4  # or the kills came at no moment that matters
    export_report(uploads_frame([]), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def wait_for_page(folder, run):
    """Wait until a new report's page is written, or the export is over."""
    while run.is_alive():
        for new in folder.parent.glob(".report.*.part"):
            if (new / "report.html").exists():
                return
        time.sleep(0.0005)


def test_whoever_reads_meanwhile_sees_a_whole_report(tmp_path):
    folder = tmp_path / "report"
    export_report(uploads_frame([scored(1, 50)]), folder)
    run, _steps = started(folder)
    seen = {read_report(folder).manifest["title"]}
    deadline = time.monotonic() + 600
    while len(seen) < 4:
        seen.add(read_report(folder).manifest["title"])
        assert time.monotonic() < deadline
    run.kill()
    run.join(60)


def test_a_full_disk_leaves_the_old_report_whole(tmp_path):
    """Files may grow no further than some bytes, which the system enforces as a full disk does."""
    folder = tmp_path / "report"
    export_report(uploads_frame([scored(1, 50)]), folder, title="the old one")
    unchanged = "A report that was there before is unchanged"
    with limited("FSIZE", 30_000), pytest.raises(ConfigurationError, match=unchanged):
        export_report(uploads_frame([scored(n, 50) for n in range(1000)]), folder)
    assert read_report(folder).manifest["title"] == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_second_report_replaces_the_first_and_its_files(tmp_path):
    with replaced(tmp_path / "out", KNOWN) as new:
        write_both(new, "old")
    with replaced(tmp_path / "out", KNOWN) as new:
        (new / "a.csv").write_text("new")
    assert contents(tmp_path / "out") == {"a.csv": "new"}


def test_an_error_leaves_the_old_files(tmp_path):
    with replaced(tmp_path / "out", KNOWN) as new:
        write_both(new, "old")
    with pytest.raises(KeyError), replaced(tmp_path / "out", KNOWN) as new:
        write_both(new, {}["new"])
    assert contents(tmp_path / "out") == dict.fromkeys(KNOWN, "old")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_without_a_step_that_exchanges_folders_two_renames_do(tmp_path, monkeypatch):
    monkeypatch.setattr(platforms, "exchange", lambda *_: False)
    for text in ("old", "new"):
        with replaced(tmp_path / "out", KNOWN) as new:
            write_both(new, text)
    assert contents(tmp_path / "out") == dict.fromkeys(KNOWN, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_after_a_kill_between_two_renames_the_old_folder_is_put_back(tmp_path):
    old = tmp_path / ".out.old_report"
    old.mkdir()
    write_both(old, "old")
    with pytest.raises(ZeroDivisionError), replaced(tmp_path / "out", KNOWN):
        raise ZeroDivisionError
    assert contents(tmp_path / "out") == dict.fromkeys(KNOWN, "old")


def test_a_folder_that_another_run_is_writing_is_left_alone(tmp_path):
    with replaced(tmp_path / "out", KNOWN) as first:
        write_both(first, "first")
        with replaced(tmp_path / "out", KNOWN) as second:
            write_both(second, "second")
        assert contents(first) == dict.fromkeys(KNOWN, "first")
    assert contents(tmp_path / "out") == dict.fromkeys(KNOWN, "first")


def test_two_runs_at_once_leave_the_whole_report_of_one(tmp_path):
    def run(text):
        for _ in range(50):
            with replaced(tmp_path / "out", KNOWN) as new:
                write_both(new, text)

    threads = [threading.Thread(target=run, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(contents(tmp_path / "out").values())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_holds_anything_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"notes\.txt.*would be deleted"):
        export_report(uploads_frame([]), tmp_path)
    assert contents(tmp_path) == {"notes.txt": "mine"}


@pytest.mark.parametrize("content", ['{"name": "my own app"}', "[]", "{", "\xff"])
def test_files_of_the_same_names_that_are_no_report_are_not_lost(content, tmp_path):
    for name in ("manifest.json", "uploads.csv"):
        (tmp_path / name).write_text(content, encoding="latin-1")
        with pytest.raises(ConfigurationError, match="not part of a report"):
            export_report(uploads_frame([]), tmp_path)
    assert (tmp_path / "manifest.json").read_text(encoding="latin-1") == content


def test_a_folder_with_the_name_of_a_file_is_not_lost(tmp_path):
    folder = tmp_path / "out"
    export_report(uploads_frame([]), folder)
    (folder / "uploads.csv").unlink()
    (folder / "uploads.csv").mkdir()
    (folder / "uploads.csv" / "mine").touch()
    with pytest.raises(ConfigurationError, match=r"\(uploads\.csv\)\. They would be deleted"):
        export_report(uploads_frame([]), folder)
    assert (folder / "uploads.csv" / "mine").exists()


def test_what_a_desktop_leaves_in_a_folder_is_no_hindrance(tmp_path):
    for _ in range(2):
        export_report(uploads_frame([]), tmp_path / "out")
        assert not (tmp_path / "out" / ".DS_Store").exists()
        (tmp_path / "out" / ".DS_Store").touch()


def test_a_report_of_another_version_is_replaced(tmp_path):
    folder = tmp_path / "out"
    export_report(uploads_frame([]), folder)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 0'))
    export_report(uploads_frame([]), folder, title="new")
    assert read_report(folder).manifest["title"] == "new"


def test_a_report_that_was_written_before_is_replaced(tmp_path):
    before = Path(__file__).parents[1] / "support" / "written_before" / "report"
    folder = shutil.copytree(before, tmp_path / "out", ignore=shutil.ignore_patterns("*.gz"))
    export_report(uploads_frame([]), folder, title="new")
    assert read_report(folder).manifest["title"] == "new"
    assert not (folder / "rejected.csv").exists()


def test_the_folder_one_is_in_would_be_gone_and_is_refused(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ConfigurationError, match="Choose a folder in it"):
        export_report(uploads_frame([]), ".")
    assert (tmp_path / "here").exists()


def test_what_is_no_name_of_a_folder_is_told(tmp_path):
    (tmp_path / "one").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(tmp_path / "one")
    for name in ("/", f"{tmp_path}/a\0b", tmp_path / "one"):
        with pytest.raises(ConfigurationError, match=r"Choose a(nother| folder)"):
            export_report(uploads_frame([]), name)


def test_only_what_runs_of_ours_left_is_removed(tmp_path):
    ours = tmp_path / ".r[1].0123456789abcdef.part"
    others = [tmp_path / name for name in (".r[1].backup.part", ".r1.0123456789abcdef.part")]
    for path in (ours, *others):
        path.mkdir()
    with replaced(tmp_path / "r[1]", KNOWN) as new:
        write_both(new, "new")
    assert not ours.exists()
    assert all(path.exists() for path in others)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "report"):
        with pytest.raises(ConfigurationError, match=r"[Cc]hoose another folder"):
            export_report(uploads_frame([]), folder)


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    for text in ("old", "new"):
        with replaced(tmp_path / "link", KNOWN) as new:
            write_both(new, text)
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "disk") == dict.fromkeys(KNOWN, "new")


def test_who_may_read_the_folder_stays(tmp_path):
    with replaced(tmp_path / "out", KNOWN) as new:
        write_both(new, "old")
    (tmp_path / "out").chmod(0o750)
    with replaced(tmp_path / "out", KNOWN) as new:
        write_both(new, "new")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
    shutil.rmtree(tmp_path / "out")


def modes_of(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]}


def test_a_report_of_personal_data_is_for_its_owner_only_and_says_so(tmp_path):
    uploads = uploads_frame([scored(1, 50)])
    export_report(uploads, tmp_path / "out")
    assert modes_of(tmp_path / "out")["uploads.csv"] & 0o077
    report = export_report(uploads, tmp_path / "out", pii="include", xlsx=True)
    folder, *files = (modes_of(tmp_path / "out")[name] for name in ("out", *report.files))
    assert (folder, *files) == (0o700, *[0o600] * len(files))
    assert "private to their owner" in report.manifest["personal_data"]["means"]
    assert "private to their owner" in report.files["report.html"].read_text()


def test_it_is_for_its_owner_only_while_it_is_written(tmp_path):
    with replaced(tmp_path / "out", KNOWN, private=True) as new:
        assert new.stat().st_mode & 0o777 == 0o700
