"""Every example in a docstring runs and prints what it says."""

import copy
import doctest
import importlib
import pkgutil

import numpy as np
import pandas as pd
import pytest

import argyle_nb
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.report import export_report
from argyle_nb.review.outcomes import count_outcomes
from argyle_nb.review.verdicts import count_verdicts
from argyle_nb.scores import count_scores
from tests.support.records import scored, unscored


def module_names():
    for module in pkgutil.walk_packages(argyle_nb.__path__, "argyle_nb."):
        if "__main__" not in module.name and ".sandbox" not in module.name:
            yield module.name


@pytest.fixture(scope="module")
def made():
    """A small frame, and verdicts and loans of it."""
    frame = uploads_frame(
        [
            scored(1, 85),
            scored(2, 92),
            scored(3, 40),
            unscored(4, "completed", "idle", "idle", document_type="miscellaneous"),
        ]
    )
    said = ["genuine", "genuine", "fraudulent"]
    verdicts = pd.DataFrame({"upload_id": frame["id"].head(3), "verdict": said})
    loans = pd.DataFrame(
        {
            "external_id": ["ann", "cid", "ben"],
            "opened_at": ["2025-01-05", "2025-01-08", "2025-09-01"],
            "bad_at": [None, "2025-04-01", None],
            "last_seen_at": "2025-12-31",
        }
    )
    known = frame.assign(external_id=["ann", "ben", "cid", "ann"])
    return frame, count_verdicts(frame, verdicts), count_outcomes(known, loans)


@pytest.fixture
def names(tmp_path, client, made):
    """What the examples take for granted; what one changes, the next must not see."""
    frame, verdicts, outcomes = copy.deepcopy(made)
    return {
        "folder": tmp_path,
        "frame": frame,
        "uploads": frame,
        "client": client,
        "np": np,
        "pd": pd,
        "counts": count_scores(frame),
        "count_scores": count_scores,
        "export_report": export_report,
        "verdicts": verdicts,
        "outcomes": outcomes,
    }


@pytest.mark.parametrize("name", list(module_names()))
def test_its_examples_run(name, names):
    module = importlib.import_module(name)
    results = doctest.testmod(
        module, extraglobs=names, optionflags=doctest.IGNORE_EXCEPTION_DETAIL, report=True
    )
    assert results.failed == 0


@pytest.mark.parametrize("name", argyle_nb.__all__)
def test_each_public_name_is_documented(name):
    item = getattr(argyle_nb, name)
    assert name == "DOCUMENT_TYPES" or item.__doc__


def texts_of(item):
    members = [getattr(member, "__doc__", None) for member in vars(item).values()]
    return [text for text in (item.__doc__, *members) if text]


@pytest.mark.parametrize("name", argyle_nb.__all__)
def test_each_public_function_shows_an_example(name):
    item = getattr(argyle_nb, name)
    if callable(item) and not (isinstance(item, type) and issubclass(item, Exception)):
        assert any(">>> " in text for text in texts_of(item))
