"""One JupyterLab for all browser tests of a module, on a copy of the notebooks."""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.lab import CHROMIUM, jupyter_lab

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The notebooks and the data, in a folder of their own."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copytree(ROOT / "data", folder / "data")
    return folder


@pytest.fixture(scope="module")
def lab(project, tmp_path_factory):
    """Address and token of a running JupyterLab."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine: install it (Debian: apt-get install chromium)")
    assert CHROMIUM, "CI must install chromium before the tests"
    with jupyter_lab(project, tmp_path_factory.mktemp("lab_home")) as running:
        yield running
