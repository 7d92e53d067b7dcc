"""One JupyterLab for all browser tests, on a copy of the notebooks; one Chromium a module."""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.lab import CHROMIUM, chromium, jupyter_lab

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The notebooks and the data, in a folder of their own."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copytree(ROOT / "data", folder / "data")
    return folder


@pytest.fixture(scope="session")
def lab(project, tmp_path_factory):
    """Address and token of a running JupyterLab."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine: install it (Debian: apt-get install chromium)")
    assert CHROMIUM, "CI must install chromium before the tests"
    with jupyter_lab(project, tmp_path_factory.mktemp("lab_home")) as running:
        yield running


# Not for the whole session: Playwright's event loop would be in the way of the tests after it.
@pytest.fixture(scope="module")
def browser(lab):
    """A running Chromium."""
    with chromium() as running:
        yield running
