"""One sandbox for each file of tests, which processes nothing, and a plain client of it."""

import pytest

from tests.support.sandbox_api import api_of, serve


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("sandbox"), ocr="off") as running:
        yield running


@pytest.fixture(scope="module")
def api(sandbox):
    with api_of(sandbox) as connected:
        yield connected


@pytest.fixture(scope="module")
def user(api):
    return api.user()
