"""The public names: these and no others, loaded when first used, the same at every use."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import argyle_nb
from argyle_nb import charts, review

ROOT = Path(__file__).parents[1]
NAMES = [
    "DOCUMENT_TYPES",
    "AmbiguousUploadError",
    "ApiError",
    "Archive",
    "ArgyleError",
    "AuthenticationError",
    "Client",
    "ConfigurationError",
    "Costs",
    "DecodeError",
    "DocumentError",
    "Links",
    "NotFoundError",
    "OutcomeCounts",
    "Policy",
    "RateLimitError",
    "Report",
    "ReviewLog",
    "ReviewQueue",
    "ScoreCounts",
    "ScoreExplorer",
    "ServerError",
    "Thresholds",
    "TransportError",
    "UploadPanel",
    "UserUpload",
    "ValidationError",
    "VerdictCounts",
    "audit",
    "charts",
    "check",
    "compare_reports",
    "connect",
    "consistency",
    "count_outcomes",
    "count_scores",
    "count_verdicts",
    "explain",
    "export_report",
    "fetch",
    "find_uploads",
    "flatten",
    "income",
    "inspect_document",
    "links",
    "login",
    "manifest",
    "ocr_frame",
    "read_report",
    "review",
    "score_by_signal_count",
    "signal_pairs",
    "signal_pareto",
    "signals_frame",
    "upload_batch",
    "uploads_frame",
    "verify_webhook",
]
CHARTS = [
    "alt_text",
    "catch_rate",
    "compare",
    "cost",
    "coverage",
    "drift",
    "ecdf",
    "gains",
    "histogram",
    "income",
    "levels",
    "links",
    "precision_recall",
    "ridgeline",
    "roc",
    "score_by_signal_count",
    "signal_pareto",
    "threshold",
]
REVIEW = ["ReviewLog", "VERDICTS", "agreement", "check_verdicts", "latest", "sample", "settled"]


# Asks for each name in a package that is loaded for it anew; what it is built on stays loaded.
ASK_EACH_ANEW = """
import importlib, sys

for name in sys.argv[1:]:
    for module in [module for module in sys.modules if module.partition(".")[0] == "argyle_nb"]:
        del sys.modules[module]
    package = importlib.import_module("argyle_nb")
    assert "argyle_nb.models" not in sys.modules
    try:
        print(name, getattr(package, name) is getattr(package, name))
    except Exception as error:
        print(name, type(error).__name__)
"""


@pytest.fixture(scope="module")
def same_at_every_use():
    """For each public name, in a process of their own: was its first use the same."""
    command = [sys.executable, "-c", ASK_EACH_ANEW, *NAMES]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(line.split() for line in run.stdout.splitlines())


def printed(code):
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_public_names_are_these():
    assert len(NAMES) == 57
    assert argyle_nb.__all__ == NAMES
    assert sorted(charts.__all__) == CHARTS
    assert sorted(review.__all__) == REVIEW


def test_each_public_name_has_its_module():
    assert sorted(argyle_nb._MODULES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_same_thing_at_every_use(name, same_at_every_use):
    assert same_at_every_use[name] == "True"


def test_no_public_name_is_hidden_by_a_module_of_the_same_name():
    code = (
        "import pkgutil, argyle_nb as anb;"
        "modules = {m.name for m in pkgutil.iter_modules(anb.__path__)};"
        "print(sorted(modules & set(anb.__all__) - {'charts', 'review'}))"
    )
    assert printed(code) == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'upload_everything'"):
        argyle_nb.upload_everything  # noqa: B018


def test_tab_completion_lists_the_public_names():
    assert dir(argyle_nb) == sorted(argyle_nb.__all__)


def test_the_version_is_the_installed_ones_and_looked_up_only_when_asked_for():
    assert argyle_nb.__version__ == metadata.version("argyle-nb")
    assert printed("import argyle_nb, sys; print('importlib.metadata' in sys.modules)") == "False"


def test_a_type_checker_knows_the_public_names_and_no_others():
    cases = ROOT / "tests" / "typing_cases.py"
    command = [sys.executable, "-m", "mypy", cases]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
