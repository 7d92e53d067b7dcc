"""The command line does the main job, and tells errors in one line."""

import ast
import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import warnings
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest
import requests

from argyle_nb import ReviewLog, cli
from argyle_nb.cli import in_shell, parser
from argyle_nb.connection import stop_sandbox
from argyle_nb.errors import ConfigurationError
from argyle_nb.report import read_report
from argyle_nb.sandbox.__main__ import _parser as _sandbox_parser
from argyle_nb.uploads.jobs import STATES
from tests.support.samples import samples

ROOT = Path(__file__).parents[1]
NOBODY = "0b8051aa-f7a9-a0db-2f38-6cfa325e9d69"
COMMANDS = ["upload", "pull", "report", "check", "login", "demo", "sandbox", "lab"]
EXIT_CODES = {
    "upload": ["0", "1", "2", "3", "130"],
    "pull": ["0", "1", "2", "3", "130"],
    "report": ["0", "1", "2", "3", "4", "130"],
    "check": ["0", "1", "2", "5", "130"],
    "login": ["0", "1", "2", "130"],
    "demo": ["0", "1", "2", "130"],
    "sandbox": ["0", "1", "2"],
    "lab": ["0", "1", "2", "130"],
    "": [],
}


def run(*words, cwd=ROOT, **variables):
    """Run a command as cron does, in a process of its own."""
    import os  # noqa: PLC0415 - the fixtures change it

    return subprocess.run(
        [sys.executable, "-m", "argyle_nb", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=os.environ | variables,
    )


def run_here(*words, encoding="utf-8", **variables):
    """Run a command in this process: another takes a second of its own to start."""
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(io.StringIO()) as err,
        warnings.catch_warnings(action="default"),
    ):
        for name, value in variables.items():
            patch.setenv(name, value)
        status = cli.main([*map(str, words)])
    told = out.buffer.getvalue().decode(encoding)
    return subprocess.CompletedProcess(words, status, told, err.getvalue())


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory):
    """The demo, once, as a user runs it in an empty folder."""
    folder = tmp_path_factory.mktemp("demo")
    return run("demo", cwd=folder), folder / "demo-report"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_demo_ends_well_although_two_files_are_bad(demo_run):
    ended, _ = demo_run
    assert ended.returncode == 0, ended.stderr
    assert "invalid: empty_scan.pdf" in ended.stdout
    assert "invalid: notes_renamed.pdf" in ended.stdout


def test_the_report_holds_one_row_per_accepted_document(demo_run):
    _, folder = demo_run
    manifest = rows_of(ROOT / "data" / "manifest.csv")
    assert len(rows_of(folder / "uploads.csv")) == len(manifest) - 2


def test_the_demo_prints_a_table_of_types_and_levels_and_the_reports_paths(demo_run):
    ended, folder = demo_run
    assert "Uploads per document type and authenticity level (argyle):" in ended.stdout
    assert re.search(r"very low +low +medium +high +no score", ended.stdout)
    for name in ("uploads.csv", "score_summary.csv", "report.html", "manifest.json"):
        assert f"  demo-report/{name}\n" in ended.stdout
        assert (folder / name).is_file()


def test_the_demo_joins_each_loan_with_its_borrowers_documents(demo_run):
    ended, _ = demo_run
    loans = dict(re.findall(r"L-\d+ +(borrower-\d+) .* (\d+) +\d*$", ended.stdout, re.MULTILINE))
    filed = Counter(row["external_id"] for row in rows_of(ROOT / "data" / "manifest.csv"))
    filed -= Counter({"borrower-006": 1, "borrower-009": 1})  # the two bad files
    assert {name: int(count) for name, count in loans.items() if int(count)} == filed


def test_the_demos_report_says_that_its_scores_are_simulated(demo_run):
    _, folder = demo_run
    assert read_report(folder).manifest["environment"] == "local"
    assert "scores are simulated by the local sandbox" in (folder / "report.html").read_text()


@pytest.fixture
def own(tmp_path, pdf):
    """A folder of one document of one's own borrower."""
    (tmp_path / "mine" / "0077").mkdir(parents=True)
    shutil.copy(pdf, tmp_path / "mine" / "0077" / "paystub of mine.pdf")
    return tmp_path / "mine"


def test_the_demo_masks_documents_of_ones_own_and_joins_loans_with_numbers_for_ids(
    own, tmp_path, capsys
):
    (tmp_path / "loans.csv").write_text("external_id;amount\n0077;1000\n", encoding="utf-8")
    assert cli.demo(own, tmp_path / "loans.csv", tmp_path / "report") == 0
    assert re.search(r"0077 .*\b1\b", capsys.readouterr().out)
    assert "0077" not in (tmp_path / "report" / "uploads.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("loans", ["loan,amount\n0077,1000\n", None])
def test_loans_that_cannot_be_read_end_the_demo_before_anything_is_done(own, tmp_path, loans):
    if loans:
        (tmp_path / "loans.csv").write_text(loans, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="loans"):
        cli.demo(own, tmp_path / "loans.csv", tmp_path / "report")
    assert not (tmp_path / "report").exists()


# Upload, pull, report: one after the other, as cron runs them


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a manifest of one good and one bad document."""
    folder = tmp_path_factory.mktemp("work")
    good = samples("paystub_*.pdf")[0]
    (folder / "bad.pdf").write_text("no PDF")
    table = pd.DataFrame({"file": [str(good), "bad.pdf"], "document_type": "paystubs", "user": "x"})
    table.to_csv(folder / "manifest.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def ran(work):
    """The three commands, once; the first in a process of its own."""
    place = ("--sandbox-folder", work / "sandbox", "--json")
    upload_log = ("--upload-log", work / "journal.sqlite")
    yield {
        "upload": run("upload", work / "manifest.csv", *upload_log, *place),
        "again": run_here("upload", work / "manifest.csv", *upload_log, *place),
        "pull": run_here("pull", work / "archive", *place),
        "refresh": run_here("pull", work / "archive", "--refresh", *place),
        "report": run_here("report", work / "archive", work / "out", "--ocr", "--json"),
    }
    stop_sandbox(work / "sandbox")


def test_a_document_that_was_not_taken_is_exit_status_3(ran):
    assert ran["upload"].returncode == 3, ran["upload"].stderr
    states = [row["state"] for row in json.loads(ran["upload"].stdout)["files"]]
    assert states == ["uploaded", "invalid"]


def test_an_upload_names_the_borrower_as_the_lender_and_as_argyle_does(ran):
    done, refused = json.loads(ran["upload"].stdout)["files"]
    assert (done["external_id"], refused["external_id"]) == ("x", "x")
    assert len(done["user"]) == 36
    assert refused["user"] is None


def result_of(states, **columns):
    state = pd.Categorical(states, list(STATES))
    return pd.DataFrame({"state": state, "seconds": 1.0} | columns)


def test_reasons_that_are_the_same_are_said_once(capsys):
    states, files = ["invalid"] * 4 + ["uploaded"], [f"in/{number}.pdf" for number in range(5)]
    sent = result_of(states, file=files, reason="no type")
    cli.print_batch(sent, environment="local", base_url="http://127.0.0.1:1")
    assert (
        "\n  invalid: 4 files (0.pdf, 1.pdf, 2.pdf and 1 more): no type\n"
        in capsys.readouterr().out
    )


def test_it_is_told_whom_the_command_talked_to(ran):
    for name in ("upload", "pull"):
        told = json.loads(ran[name].stdout)
        assert told["environment"] == "local"
        assert told["base_url"].startswith("http://127.0.0.1:")


def test_people_are_told_where_documents_went(work, ran):
    place = ("--sandbox-folder", work / "sandbox", "--upload-log", work / "journal.sqlite")
    ended = run_here("upload", work / "manifest.csv", *place)
    where = r"the local sandbox \(http://127.0.0.1:\d+\)"
    told = rf"Uploaded 0 of 2 files to {where}\. 1 already uploaded, 1 invalid\."
    assert re.search(told, ended.stdout), ended.stdout


def test_what_was_sent_now_and_what_was_there_are_counted_apart(ran):
    first, again = (json.loads(ran[name].stdout)["counts"] for name in ("upload", "again"))
    assert (first["uploaded_now"], first["already_at_argyle"], first["invalid"]) == (1, 0, 1)
    assert (again["uploaded_now"], again["already_at_argyle"], again["invalid"]) == (0, 1, 1)
    assert list(again) == ["uploaded_now", "already_at_argyle", *STATES[1:]]


def test_a_refused_file_is_told_once_and_by_the_options_of_the_command(tmp_path, work, ran):
    (tmp_path / "scan.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "list.csv").write_text("file\nscan.jpg\n")
    place = ("--sandbox-folder", work / "sandbox", "--upload-log", work / "journal.sqlite")
    ended = run_here("upload", tmp_path / "list.csv", *place)
    assert ended.returncode == 3, ended.stderr
    for option in ("--document-type", "--user"):
        assert ended.stdout.count(f"or pass {option}") == 1
    assert "scan.jpg" not in ended.stderr


def test_a_quiet_command_tells_the_result_and_warnings_and_nothing_else(work, ran):
    place = ("--sandbox-folder", work / "sandbox", "--quiet")
    ended = run_here("pull", work / "archive", *place)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("1 upload of 1 borrower: ")
    words = ("--document-type", "1099", "--quiet")
    ended = run_here("report", work / "archive", work / "none", *words)
    [warning] = ended.stderr.splitlines()
    assert warning.startswith("argyle-nb: ")
    ended = run_here("report", work / "archvie", work / "none", "--quiet")
    assert "nothing was ever pulled" in ended.stderr


def test_a_quiet_upload_warns_as_a_loud_one_does(tmp_path, pdf):
    for borrower in ("Loan-1", "loan-1"):
        (tmp_path / "documents" / borrower).mkdir(parents=True)
        shutil.copy(pdf, tmp_path / "documents" / borrower)
    words = ["upload", tmp_path / "documents", "--sandbox-folder", tmp_path / "sandbox"]
    words += ["--upload-log", tmp_path / "journal.sqlite"]
    loud, quiet = run_here(*words), run_here(*words, "--quiet")
    stop_sandbox(tmp_path / "sandbox")
    assert len(loud.stderr.splitlines()) == 2
    [warning] = quiet.stderr.splitlines()
    assert warning == loud.stderr.splitlines()[1]
    assert "differ only in upper and lower case" in warning


def test_nothing_is_colored_where_no_terminal_reads_it(ran, demo_run):
    for ended in [*ran.values(), demo_run[0]]:
        assert "\x1b" not in ended.stdout + ended.stderr


def test_the_same_upload_again_gives_the_same_id(ran):
    first, again = (json.loads(ran[name].stdout)["files"][0] for name in ("upload", "again"))
    assert first["upload_id"] == again["upload_id"]


def test_a_pull_says_what_it_kept(ran, work):
    assert ran["pull"].returncode == 0, ran["pull"].stderr
    told = json.loads(ran["pull"].stdout)
    assert (told["archive"], told["uploads"], told["unreadable"]) == (str(work / "archive"), 1, 0)
    assert told["borrowers"] == 1
    assert ran["refresh"].returncode == 0, ran["refresh"].stderr


def test_a_report_needs_no_connection_and_says_where_it_is(ran, work):
    assert ran["report"].returncode == 0, ran["report"].stderr
    told = json.loads(ran["report"].stdout)
    assert (told["folder"], told["in_report"]) == (str(work / "out"), 1)
    assert set(told["files"]) == {path.name for path in (work / "out").iterdir()}
    assert "127.0.0.1" not in ran["report"].stderr


def test_nothing_but_the_result_is_on_stdout(ran):
    for ended in ran.values():
        assert ended.stdout.count("\n") == 1
        assert ended.stdout.startswith("{")
    assert "local sandbox" in ran["pull"].stderr


def test_without_json_people_are_told(work, ran, capsys):
    assert cli.main(["report", str(work / "archive"), str(work / "plain")]) == 0
    told = capsys.readouterr().out
    assert "Report with 1 of 1 uploads" in told
    assert str(work / "plain" / "uploads.csv") in told


def test_the_options_are_those_of_the_function(work, ran):
    words = ["report", work / "archive", work / "options", "--title", "May", "--pii", "hashed"]
    words += [
        "--created-from",
        "2020-01-01",
        "--created-before",
        "2999-01-01",
        "--levels",
        "ocrolus-2",
    ]
    words += ["--document-type", "paystubs", "--excel", "--xlsx"]
    ended = run_here(*words, ARGYLE_NB_SALT="a salt of enough bytes")
    assert ended.returncode == 0, ended.stderr
    told = read_report(work / "options").manifest
    assert (told["title"], told["levels"]["name"]) == ("May", "ocrolus-2")
    assert told["filters"] == {
        "document_type": "paystubs",
        "created_at": ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"],
    }
    assert told["personal_data"]["mode"] == "hashed"
    assert (work / "options" / "uploads.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "external_id" in pd.read_excel(work / "options" / "report.xlsx", sheet_name="uploads")


def test_a_salt_comes_from_a_file(work, ran):
    (work / "salt").write_bytes(b"a salt of enough bytes\n")
    words = ["report", str(work / "archive"), str(work / "salted"), "--pii", "hashed"]
    assert cli.main([*words, "--salt-file", str(work / "salt")]) == 0


def test_hashing_without_a_salt_is_told(work, ran, capsys):
    words = ["report", str(work / "archive"), str(work / "unsalted"), "--pii", "hashed"]
    assert cli.main(words) == 1
    assert "needs a salt. Pass --salt-file" in capsys.readouterr().err
    assert cli.main([*words, "--salt-file", str(work / "no such file")]) == 1
    assert "can't read the salt" in capsys.readouterr().err


def test_a_salt_that_is_not_used_is_told(work, ran, capsys):
    words = ["report", str(work / "archive"), str(work / "masked"), "--salt-file", __file__]
    assert cli.main(words) == 1
    assert "--salt-file works only with --pii 'hashed', not 'masked'" in capsys.readouterr().err


def test_a_refresh_without_anything_to_do_says_what_it_checked(work, ran, capsys):
    local = ["--environment", "local", "--sandbox-folder"]
    words = ["pull", str(work / "archive"), "--refresh", *local]
    sent = ("--upload-log", work / "journal.sqlite", "--wait")
    run_here("upload", work / "manifest.csv", *sent, *local, work / "sandbox")
    run_here(*words, work / "sandbox")
    assert cli.main([*words, str(work / "sandbox")]) == 0
    told = capsys.readouterr().out
    assert "Checked 1 upload in" in told
    assert "nothing changed" in told
    nothing = ["pull", str(work / "no archive"), "--refresh", *local, str(work / "sandbox")]
    assert cli.main(nothing) == 0
    assert "has no uploads of this environment and key yet" in capsys.readouterr().out


def test_a_refresh_of_another_sources_archive_is_refused_like_a_pull(work, ran, capsys):
    for words in ([], ["--refresh"]):
        place = ["--environment", "local", "--sandbox-folder", str(work / "another")]
        assert cli.main(["pull", str(work / "archive"), *words, *place]) == 1
        assert "Use another folder for this archive" in capsys.readouterr().err


def test_a_report_on_one_type_takes_the_spellings_of_a_manifest(work, ran):
    words = ["report", str(work / "archive"), str(work / "typed"), "--document-type", "Pay stub"]
    assert cli.main(words) == 0
    assert read_report(work / "typed").manifest["filters"] == {"document_type": "paystubs"}


def test_a_mistyped_archive_is_exit_status_1_and_leaves_the_last_report(work, ran, capsys):
    folder = work / "out"
    before = read_report(folder).manifest
    assert cli.main(["report", str(work / "archvie"), str(folder), "--json"]) == 1
    assert "is empty: nothing was ever pulled" in capsys.readouterr().err
    assert read_report(folder).manifest == before


def test_a_rule_that_failed_is_exit_status_5(work, ran, capsys):
    rules, words = work / "rules.toml", ["check", str(work / "archive"), str(work / "rules.toml")]
    rules.write_text('[[rule]]\nkind = "reviews_behind"\nbelow = 101\nlimit = 1\n')
    log = ["--reviews", str(ReviewLog(work / "reviews.sqlite").path)]
    assert cli.main([*words, *log]) == 0
    week, told = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Week from Monday, \d{4}-\d\d-\d\d \(UTC\), which has not ended:", week)
    assert told.startswith("ok: reviews_behind: 1 of 1 uploads")
    rules.write_text(
        rules.read_text().replace("limit = 1", "limit = 0") + '[[rule]]\nkind = "drift"'
    )
    assert cli.main([*words, *log, "--json"]) == 5
    told = json.loads(capsys.readouterr().out)
    assert [rule["failed"] for rule in told["rules"]] == [True, None]
    assert told["week_has_ended"] is False
    assert cli.main([*words, *log]) == 5
    assert "not checked: drift: Nothing to check" in capsys.readouterr().out
    rules.write_text("")
    assert cli.main(words) == 1
    assert "must have a list of tables [[rule]]" in capsys.readouterr().err


@pytest.fixture
def in_work(work, ran, monkeypatch):
    """Commands run in the folder of work, where the archive is."""
    monkeypatch.chdir(work)


def test_a_check_of_which_no_rule_could_be_checked_says_so(work, ran, capsys):
    rules = work / "drift.toml"
    rules.write_text('[[rule]]\nkind = "drift"\n')
    assert cli.main(["check", str(work / "archive"), str(rules)]) == 0
    assert capsys.readouterr().out.endswith("\nNone of the rules could be checked.\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nix", "drift.toml"], "/nix. Run argyle-nb pull ARCHIVE first, or check the path."),
        (["drift.toml", "archive"], "as in argyle-nb check archive drift.toml."),
        (["archive", "drift.toml", "--reviews", "nix"], "There is no review log at nix."),
        (["archive", "fico.toml"], "fico.toml: Unknown level preset 'fico'. Use one of argyle,"),
        (["archive", "fico.toml"], "such as levels = { low = 0, high = 80 }."),
    ],
)
def test_a_check_of_what_is_not_there_names_it_and_makes_nothing(words, told, in_work, capsys):
    Path("drift.toml").write_text('[[rule]]\nkind = "drift"\n')
    Path("fico.toml").write_text('levels = "fico"\n[[rule]]\nkind = "drift"\n')
    assert cli.main(["check", *words]) == 1
    assert told in capsys.readouterr().err
    assert not Path("nix").exists()


def test_a_report_on_several_types_names_each(work, ran):
    types = ["--document-type", "Pay stub", "--document-type", "W2"]
    assert cli.main(["report", str(work / "archive"), str(work / "types"), *types]) == 0
    wanted = {"document_type": ["paystubs", "W-2"]}
    assert read_report(work / "types").manifest["filters"] == wanted


@pytest.mark.parametrize(
    "words",
    [
        ["report", "a", "b", "--user", "x", "--user", "y"],
        ["pull", "a", "--document-type", "W2", "--document-type", "1099"],
        ["check", "a", "b", "--reviews", "x", "--reviews=y"],
    ],
)
def test_an_option_that_takes_one_value_is_refused_where_it_is_repeated(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "given more than once, but takes one value" in capsys.readouterr().err


def test_unknown_levels_are_told_without_what_no_shell_takes(work, ran, capsys):
    words = ["report", str(work / "archive"), str(work / "fico"), "--levels", "fico"]
    assert cli.main(words) == 1
    told = capsys.readouterr().err
    assert told.endswith("Use one of argyle, ocrolus-2, ocrolus-current.\n")


def test_since_after_before_is_exit_status_1(work, ran, capsys):
    words = ["report", str(work / "archive"), str(work / "swapped")]
    assert cli.main([*words, "--created-from", "2026-02-01", "--created-before", "2026-01-01"]) == 1
    assert (
        "--created-before 2026-01-01 must be later than --created-from 2026-02-01"
        in capsys.readouterr().err
    )
    assert not (work / "swapped").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--created-from", "tomorrow"], "--created-from must be a date such as 2026-01-31"),
        (["--created-from", "may"], "not 'may'"),
        (["--created-before", ""], "--created-before must be a date such as 2026-01-31"),
        (["--user", "X"], "No upload in the archive has external_id 'X' (did you mean 'x'?)"),
        (["--user", "loan-77"], "No upload in the archive has external_id 'loan-77'.\n"),
        (["--user", NOBODY], f"No upload in the archive has user '{NOBODY}'"),
        (["--user", ""], "--user is empty"),
        (["--user", "x", "--external-id", "y"], "name two borrowers"),
        (
            ["--external-id", "X"],
            "No upload in the archive has external_id 'X' (did you mean 'x'?)",
        ),
        (["--external-id", ""], "--external-id is empty"),
        (["--account", NOBODY], f"No upload in the archive has account '{NOBODY}'"),
        (["--document-type", "paystbu"], "(did you mean 'paystubs'?)"),
        (["--document-type", ""], "Unknown document_type ''"),
    ],
)
def test_a_filter_that_can_match_nothing_is_refused_and_leaves_the_last_report(
    words, told, work, ran, capsys
):
    folder = work / "out"
    before = read_report(folder).manifest
    assert cli.main(["report", str(work / "archive"), str(folder), *words]) == 1
    assert told in capsys.readouterr().err
    assert read_report(folder).manifest == before
    assert read_report(folder).rows["uploads.csv"] == 1


@pytest.mark.parametrize("option", ["--user", "--external-id"])
def test_a_report_on_one_borrower_is_asked_for_by_the_lenders_own_name(option, work, ran):
    words = [option, "x", "--pii", "include"]
    assert cli.main(["report", str(work / "archive"), str(work / "borrower"), *words]) == 0
    assert read_report(work / "borrower").frames["uploads"]["external_id"].tolist() == ["x"]


def test_one_borrower_is_pulled_and_reported_on_by_id_or_by_the_lenders_own_name(work, ran):
    user = json.loads(ran["upload"].stdout)["files"][0]["user"]
    for name, archive in ((user, work / "by id"), ("x", work / "by name")):
        place = ("--sandbox-folder", str(work / "sandbox"))
        assert cli.main(["pull", str(archive), "--user", name, *place]) == 0
        assert cli.main(["report", str(archive), str(work / "borrower"), "--user", name]) == 0
        assert read_report(work / "borrower").rows["uploads.csv"] == 1


def test_a_pull_of_nobody_is_told_in_the_words_of_a_shell(work, ran, capsys):
    words = ["pull", str(work / "nobody's"), "--sandbox-folder", str(work / "sandbox")]
    assert cli.main([*words, "--user", "X"]) == 1
    told = capsys.readouterr().err
    assert "No user has the external ID 'X' in environment local. Check its spelling" in told
    assert "client." not in told


def test_a_report_without_uploads_is_told_and_exit_status_4(work, ran):
    ended = run_here("report", work / "archive", work / "nothing", "--document-type", "1099")
    assert ended.returncode == 4
    assert "Report with 0 of 1 uploads" in ended.stdout
    assert "the report has no uploads" in ended.stderr


def test_a_refresh_of_one_user_is_refused_and_not_made_of_all(work, capsys):
    assert cli.main(["pull", str(work / "archive"), "--refresh", "--user", "x"]) == 1
    assert "Leave out --user" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_name_that_the_terminal_cannot_show_is_escaped(words, work, ran):
    folder = work / "b\u00e9 \u2713"
    ended = run_here("report", work / "archive", folder, *words, encoding="ascii")
    assert ended.returncode == 0, ended.stderr
    assert "u2713/uploads.csv" in ended.stdout
    assert not words or json.loads(ended.stdout)["folder"] == str(folder)


@pytest.mark.parametrize("end", [">/dev/full", "| true", ">&-"])
def test_a_result_that_nobody_takes_is_no_traceback(end, work, ran):
    words = [sys.executable, "-m", "argyle_nb", "report", work / "archive", work / "untaken"]
    command = f"set -o pipefail; {shlex.join(map(str, words))} {end}"
    ended = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in ended.stderr
    told = "The command finished, but its output could not be written to stdout"
    assert (ended.returncode, told in ended.stderr) == ((0, False) if end == ">&-" else (1, True))
    assert read_report(work / "untaken").rows["uploads.csv"] == 1


def test_records_that_cannot_be_read_are_exit_status_3(tmp_path, client, capsys):
    from argyle_nb.archive import Archive  # noqa: PLC0415 - one test needs it
    from tests.support.servers import HostileServer, client_of, page  # noqa: PLC0415 - as above

    answer = page("a")
    answer.body = b'{"next": null, "results": [{"id": "a", "metadata": 7}, {"id": "b"}]}'
    with HostileServer(answer) as server, client_of(server) as connected:
        Archive(tmp_path / "archive").pull(connected, errors="collect")
    assert cli.main(["report", str(tmp_path / "archive"), str(tmp_path / "out"), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["unreadable"] == 1


@pytest.mark.filterwarnings("default")
def test_people_are_told_how_many_borrowers_and_what_is_not_known_of_them(
    tmp_path, monkeypatch, capsys
):
    from tests.support.archives import ListServer  # noqa: PLC0415 - as above
    from tests.support.records import scored  # noqa: PLC0415 - as above
    from tests.support.servers import KEY_ID, SECRET, USER_ID  # noqa: PLC0415 - as above

    monkeypatch.setenv("ARGYLE_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("ARGYLE_API_KEY_SECRET", SECRET)
    with ListServer([scored(n, 50, account=f"a-{n % 2}") for n in range(4)]) as server:
        server.accounts = [{"id": f"a-{n}", "user": USER_ID} for n in range(2)]
        server.refused = ("/v2/users",)
        assert cli.main(["pull", str(tmp_path / "new"), "--environment", server.url]) == 0
    told = capsys.readouterr()
    assert told.out == "4 uploads of 1 borrower: 4 scored, 0 still processing, 0 unreadable\n"
    [warning] = [line for line in told.err.splitlines() if "403" in line]
    assert warning.startswith("argyle-nb: 4 of 4 uploads have no external_id. Users could not be")


# Notebooks and samples


def test_a_copy_says_what_is_new_and_what_was_kept(tmp_path, capsys):
    words = ["lab", "--copy-only", "--folder", str(tmp_path)]
    assert cli.main(words) == 0
    assert re.fullmatch(
        rf"Copied 7 notebooks and \d+ sample files to {tmp_path}\.\n", capsys.readouterr().out
    )
    (tmp_path / "data" / "loans.csv").write_text("mine")
    assert cli.main(words) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Kept 1 file that differs from this version. To get")
    assert told[1:] == [f"  {tmp_path / 'data' / 'loans.csv'}"]


def test_the_lab_opens_the_first_notebook_and_shows_the_samples_beside_it(tmp_path):
    config = {
        "ServerApp": {"allow_root": True, "ip": "127.0.0.1", "port": 0},
        "IdentityProvider": {"token": "of-the-test"},
    }
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps(config))
    places = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"))
    (tmp_path / "an empty folder").mkdir()
    lab = subprocess.Popen(
        [sys.executable, "-m", "argyle_nb", "lab"],
        cwd=tmp_path / "an empty folder",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | dict.fromkeys(places, str(tmp_path)) | {"BROWSER": "/bin/echo OPENS %s"},
        start_new_session=True,
    )
    try:
        page = next(line.split("file://")[1] for line in lab.stdout if line.startswith("OPENS"))
        link = re.search(r"(http://127[^\"]+)/lab/tree/([^\"?]+)", Path(page.strip()).read_text())
        address, opened = link.groups()
        assert opened == "notebooks/01_upload.ipynb"
        listing = f"{address}/api/contents/data/documents?token=of-the-test"
        names = {entry["name"] for entry in requests.get(listing, timeout=60).json()["content"]}
        assert "borrower-001" in names
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.communicate()


# Errors and help


def test_an_error_is_one_line_on_stderr_and_exit_status_1(tmp_path, capsys):
    assert cli.main(["demo", "--documents", str(tmp_path / "none")]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert "none: file not found" in told


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["upload", "none.csv"], "none.csv"),
        (["upload", ".", "--document-type", "paystbu"], "did you mean 'paystubs'?"),
        (["upload", ".", "--upload-log", "file/log"], "file is not a folder"),
        (["upload", ".", "--upload-log", "good"], "it is a folder"),
        (["pull", "archive", "--document-type", "paystbu"], "did you mean 'paystubs'?"),
        (["pull", "file/archive"], "file is not a folder"),
        (["pull", "."], "not part of an archive (file, good)"),
        (["demo", "--documents", "none"], "none: file not found"),
        (["demo", "--folder", "file/report"], "file is not a folder"),
        (["report", "archive", "file/report"], "file is not a folder"),
        (["report", "archive", "file"], "file is a file"),
        (["lab", "--copy-only", "--folder", "file/lab"], "file is not a folder"),
        (["sandbox", "--folder", "file/sandbox"], "file is not a folder"),
        (["upload", "good", "--sandbox-folder", "file/sandbox"], "file is not a folder"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_begun(words, told, here, pdf, capsys):
    Path("file").write_text("no folder")
    Path("good").mkdir()
    shutil.copy(pdf, "good")
    assert cli.main(words) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert sorted(path.name for path in here.iterdir()) == ["file", "good"]


# What an error tells to do


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (["report", "archive", "out"], "Run argyle-nb pull ARCHIVE first"),
        (["pull", "archive", "--environment", "sandbox"], "or run argyle-nb login."),
        (["pull", "archive", "--profile", "a b"], "Run argyle-nb login --profile 'a b'."),
        (
            ["pull", "archive", "--environment", "sandbox", "--sandbox-folder", "x"],
            "--sandbox-folder needs the local sandbox",
        ),
        (["report", "a", "b", "--pii", "hashed", "--salt-file", "salt"], "--pii 'hashed' needs"),
    ],
)
def test_an_error_names_commands_and_options_not_python(words, cure, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("salt").write_text("short")
    assert cli.main(words) == 1
    told = capsys.readouterr().err
    assert cure in told
    assert not re.search(r"\w\(|\w=", told.partition("argyle-nb:")[2])


def test_no_text_of_what_the_commands_run_names_a_python_call_that_is_not_translated():
    calls = re.compile(r"\b(?:anb|client|archive)\.[a-z_]+\(?|[a-z_]+=\.\.\.")
    found = set()
    for folder in ("", "archive", "client", "uploads"):
        for path in sorted((ROOT / "argyle_nb" / folder).glob("*.py")):
            texts = texts_of(path.read_text(encoding="utf-8"))
            told = [in_shell(text) for text in texts if " " in text]
            found |= {(path.name, call) for text in told for call in calls.findall(text)}
    assert found == {
        ("models.py", "client.list_users("),  # of an ID; commands take the borrower's name, too
        ("responses.py", "client.get_upload("),  # of a download
    }


def test_where_no_key_can_be_asked_for_the_other_ways_are_named():
    ended = subprocess.run(
        ["setsid", sys.executable, "-m", "argyle_nb", "login"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Run argyle-nb login in a terminal, or set ARGYLE_API_KEY_ID" in ended.stderr


def texts_of(code):
    """Give the texts of a module but for docstrings, with what they format left out."""
    nodes = list(ast.walk(ast.parse(code)))
    formatted = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    others = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    others |= {id(part) for node in formatted for part in ast.walk(node)}
    for node in formatted:
        yield "".join(str(getattr(part, "value", "")) for part in node.values)  # noqa: PD011
    for node in nodes:
        if isinstance(node, ast.Constant) and id(node) not in others:
            yield str(node.value)


def test_a_key_that_is_asked_for_is_saved_under_its_profile(tmp_path, monkeypatch, capsys):
    answers = iter(["an-id", "a-secret"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr("argyle_nb.config.credentials_path", lambda: tmp_path / "keys.toml")
    assert cli.main(["login", "--profile", "risk"]) == 0
    told = capsys.readouterr()
    assert f"Saved the API key in {tmp_path / 'keys.toml'} (profile risk)." in told.out
    assert "a-secret" not in told.out + told.err
    assert "[risk]" in (tmp_path / "keys.toml").read_text(encoding="utf-8")


def test_an_interrupt_is_exit_status_130(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "lab", interrupted)
    assert cli.main(["lab"]) == 130
    assert "Run the same command again to resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["fly"], ["report"], ["lab", "--quiet"], ["report", "a", "b", "--pii", "none"]]
)
def test_what_cannot_be_understood_is_exit_status_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


def help_of(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_names_the_commands_and_no_others(capsys):
    assert re.findall(r"^    ([a-z]+)  ", help_of([], capsys), re.MULTILINE) == COMMANDS


def test_without_a_command_the_commands_are_listed_with_one_line_each(capsys):
    assert cli.main([]) == 0
    told = capsys.readouterr().out
    listed = told.partition("  command\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS
    assert all(re.match(r"    [a-z]+  +[A-Z]", line) for line in listed)


@pytest.mark.parametrize(("command", "codes"), EXIT_CODES.items())
def test_help_says_the_exit_codes_of_the_command_and_no_others(command, codes, capsys):
    told = help_of([command] if command else [], capsys).partition("exit codes:")[2]
    assert re.findall(r"^  (\d+) ", told, re.MULTILINE) == codes


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_text(command):
    top = parser()
    [commands] = [action for action in top._actions if action.dest == "command"]
    options = _sandbox_parser() if command == "sandbox" else commands.choices[command]
    for action in options._actions:
        assert action.help, action.option_strings


def test_the_exit_codes_are_those_of_the_help():
    codes = (cli.DONE, cli.FAILED, cli.INCOMPLETE, cli.NO_UPLOADS, cli.RULE_FAILED)
    assert (*codes, cli.INTERRUPTED) == (0, 1, 3, 4, 5, 130)


def test_the_exit_codes_of_all_commands_are_in_one_table_of_the_docs():
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", page, re.MULTILINE)
    listed = {command: [] for command in COMMANDS}
    for code, commands in rows:
        for command in COMMANDS if commands == "all" else re.findall(r"`(\w+)`", commands):
            listed[command].append(code)
    assert listed == {command: EXIT_CODES[command] for command in COMMANDS}


def test_the_version_is_told():
    ended = run("--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"argyle-nb {metadata.version('argyle-nb')}\n"


def test_people_are_told_of_another_environment_than_the_local_one(capsys):
    sent = result_of(["uploaded"], file="a.pdf", reason=None)
    cli.print_batch(sent, environment="sandbox", base_url="https://api-sandbox.argyle.com")
    told = "\nUploaded 1 of 1 file to the Argyle sandbox (https://api-sandbox.argyle.com).\n"
    assert capsys.readouterr().out == told


@pytest.mark.parametrize("command", ["upload", "pull", "report"])
def test_no_secret_is_an_argument(command):
    top = parser()
    [commands] = [action for action in top._actions if action.dest == "command"]
    for action in commands.choices[command]._actions:
        for word in action.option_strings:
            assert not re.search(r"secret|key|password|token|salt$", word)


def test_the_sandbox_command_has_its_own_options(capsys):
    assert "--stage-seconds" in help_of(["sandbox"], capsys)
