"""The sandbox does what its own description says, tried with thousands of made-up requests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from argyle_nb.sandbox import Sandbox

CASES_AN_OPERATION = 75
LIMIT_SECONDS = 900

# All checks of schemathesis are on, but for these.
CONFIGURATION = """
[checks]
enabled = true

# Deleting a user or an account deletes its uploads; the check knows only of deletions of the
# upload itself and would take the 404 that follows for a lost upload.
[[operations]]
include-path-regex = "^/v2/user-uploads/"
checks.ensure_resource_availability.enabled = false
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The report and the output of one run over the whole API."""
    folder = tmp_path_factory.mktemp("conformance")
    with Sandbox(folder / "sandbox", stage_seconds=0) as sandbox:
        run = schemathesis(sandbox, folder)
    reports = list(folder.glob("report/json-*.json"))
    assert reports, run.stdout + run.stderr
    return json.loads(reports[0].read_text(encoding="utf-8")), run.stdout


def schemathesis(sandbox, folder):
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)),
        *("run", sandbox.url + "/openapi.json"),
        *("--auth", f"{sandbox.api_key_id}:{sandbox.api_key_secret}"),
        *("--max-examples", str(CASES_AN_OPERATION), "--generation-deterministic"),
        # The key is in every request already; each operation is asked without it by `ignored_auth`.
        *("--generation-with-security-parameters", "false"),
        *("--continue-on-failure", "--no-color"),
        *("--report", "json", "--report-dir", str(folder / "report")),
    ]
    settings = {
        "PYTHONPATH": str(Path(__file__).parents[1] / "support"),
        "SCHEMATHESIS_HOOKS": "conformance_hooks",
        "SANDBOX_URL": sandbox.url,
        "SANDBOX_KEY_ID": sandbox.api_key_id,
        "SANDBOX_KEY_SECRET": sandbox.api_key_secret,
    }
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def test_no_request_gets_an_answer_that_is_not_described(outcome, record_testsuite_property):
    """No 5xx, no undescribed status, header, type or field; no way in without the key."""
    report, output = outcome
    cases = report["test_cases"]["generated"]
    record_testsuite_property("conformance_cases", cases)
    record_testsuite_property("conformance_seconds", round(report["running_time"], 1))
    assert (report["failures"], report["errors"], report["exit_code"]) == ([], [], 0), output
    assert cases > 2000


def test_every_operation_and_every_phase_was_tried(outcome):
    report, _ = outcome
    operations = report["operations"]
    assert report["complete"]
    assert operations["tested"] == operations["selected"] == operations["total"]
    assert {phase["status"] for phase in report["phases"].values()} == {"success"}


def test_valid_uploads_were_really_taken(outcome):
    """Else the run would only have shown that wrong requests are refused."""
    report, _ = outcome
    assert report["valid_rates"]["POST /v2/user-uploads"]["fuzzing"]["accepted"] > 20
