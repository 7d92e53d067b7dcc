"""Frames and counts that several tests of scores stand on."""

import numpy as np
import pytest

from argyle_nb.scores import count_scores
from tests.support.score_frames import several


@pytest.fixture
def frame():
    return several(np.random.default_rng(1))


@pytest.fixture
def counts(frame):
    return count_scores(frame, by=["document_type", "week"])
