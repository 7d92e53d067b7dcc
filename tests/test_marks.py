"""A mark of the benchmarks is judged on what was measured, not on how it is shown."""

import pytest

from tests.benchmarks import measure


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The file of marks, in a folder of its own."""
    monkeypatch.setattr(measure, "FOLDER", tmp_path)
    monkeypatch.setattr(measure, "MARKS", tmp_path / "marks.jsonl")
    return tmp_path / "marks.jsonl"


@pytest.mark.parametrize(
    ("ratio", "goal", "told"),
    [
        (1.1004, "<= 1.1", "1.1004 (goal <= 1.1: not met)"),
        (1.79996, ">= 1.8", "1.79996 (goal >= 1.8: not met)"),
        (1.1, "<= 1.1", "1.1 (goal <= 1.1: met)"),
        (1.8, ">= 1.8", "1.8 (goal >= 1.8: met)"),
    ],
)
def test_a_ratio_is_judged_before_it_is_rounded(ratio, goal, told, written, capsys):
    measure.mark("figure", "2 s", "1 s", ratio, goal)
    assert written.read_text().count("\n") == 1
    assert told in capsys.readouterr().out
