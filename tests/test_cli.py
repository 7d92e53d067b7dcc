"""The command line does the main job, and tells errors in one line."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from argyle_nb import cli

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory):
    """The demo, once, as a user runs it."""
    folder = tmp_path_factory.mktemp("demo") / "report"
    run = subprocess.run(
        [sys.executable, "-m", "argyle_nb.cli", "demo", "--folder", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return run, folder


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_demo_ends_well_although_two_files_are_bad(demo_run):
    run, _ = demo_run
    assert run.returncode == 0, run.stderr
    assert "refused: empty_scan.pdf" in run.stdout
    assert "refused: notes_renamed.pdf" in run.stdout


def test_the_report_holds_one_row_per_accepted_document(demo_run):
    _, folder = demo_run
    manifest = rows_of(ROOT / "data" / "manifest.csv")
    assert len(rows_of(folder / "uploads.csv")) == len(manifest) - 2


def test_the_demo_prints_a_table_of_types_and_levels_and_the_reports_paths(demo_run):
    run, folder = demo_run
    assert re.search(r"very low +low +medium +high +no score", run.stdout)
    for name in ("uploads.csv", "score_summary.csv", "report.html", "manifest.json"):
        assert str(folder / name) in run.stdout


def test_the_demo_sees_that_a_type_was_corrected(demo_run):
    _, folder = demo_run
    pairs = {
        (row["requested_document_type"], row["document_type"])
        for row in rows_of(folder / "uploads.csv")
    }
    assert ("paystubs", "W-2") in pairs


def test_an_error_is_one_line_on_stderr_and_exit_status_1(tmp_path, capsys):
    assert cli.main(["demo", "--manifest", str(tmp_path / "none.csv")]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "none.csv is not there" in told


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(name in told for name in ("demo", "lab", "sandbox"))


def test_the_sandbox_command_has_its_own_options(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["sandbox", "--help"])
    assert ended.value.code == 0
    assert "--stage-seconds" in capsys.readouterr().out
