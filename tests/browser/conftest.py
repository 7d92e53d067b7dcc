"""One JupyterLab and one Chromium for all browser tests, on a copy of the notebooks."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.lab import CHROMIUM, chromium, jupyter_lab

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# The running Chromium, and what ends it.
running = []


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
    with jupyter_lab(project, tmp_path_factory.mktemp("lab_home")) as place:
        yield place


@pytest.fixture(scope="module")
def browser():
    """A running Chromium: the same for all tests of this folder that follow one another."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine: install it (Debian: apt-get install chromium)")
    assert CHROMIUM, "CI must install chromium before the tests"
    if not running:
        end = ExitStack()
        running.append((end.enter_context(chromium()), end))
    return running[0][0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem):
    """End Chromium before a test of another folder: Playwright's event loop would be in its way."""
    try:
        return (yield)
    finally:
        if running and (nextitem is None or nextitem.path.parent != HERE):
            _, end = running.pop()
            end.close()
