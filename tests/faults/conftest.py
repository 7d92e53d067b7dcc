"""What the fault suite shares."""

import pytest

from tests.faults.internet import Internet


@pytest.fixture
def internet(monkeypatch):
    """An internet that the environment variables lead to."""
    with Internet() as running:
        for name, text in running.variables().items():
            monkeypatch.setenv(name, text)
        yield running
