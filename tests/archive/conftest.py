"""A list of five uploads, who serves it, who asks, and where an archive may be."""

import pytest

from tests.support.archives import FIVE, ListServer
from tests.support.servers import client_of


@pytest.fixture
def server():
    with ListServer(FIVE) as running:
        yield running


@pytest.fixture
def argyle(server):
    with client_of(server) as client:
        yield client


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archive"
