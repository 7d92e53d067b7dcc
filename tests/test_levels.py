"""Bands of scores, and the preset's name that goes with them."""

import pytest

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import PRESETS, level_preset

CUTS = [
    ("argyle", [(0, 29), (30, 49), (50, 79), (80, 100)]),
    ("ocrolus-2", [(0, 30), (31, 60), (61, 80), (81, 100)]),
    ("ocrolus-current", [(0, 55), (56, 80), (81, 100)]),
]


@pytest.mark.parametrize(("name", "ranges"), CUTS)
def test_the_bands_are_those_in_print(name, ranges):
    assert [(low, high) for low, high, _ in level_preset(name).ranges()] == ranges


def test_the_levels_have_their_names():
    assert PRESETS["argyle"].levels == ["very low", "low", "medium", "high"]
    assert PRESETS["ocrolus-2"].levels == ["very low", "low", "medium", "high"]
    assert PRESETS["ocrolus-current"].levels == ["low", "medium", "high"]


def test_thresholds_of_ones_own_are_named_after_their_bands():
    own = level_preset({"reject": 0, "review": 40, "pass": 75})
    assert own.name == "own: reject 0-39, review 40-74, pass 75-100"


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_score_has_exactly_one_level(preset):
    for low, high, level in preset.ranges():
        assert {preset.level_of(score) for score in range(low, high + 1)} == {level}


@pytest.mark.parametrize("score", [-1, 101])
def test_a_score_outside_0_to_100_has_no_level(score):
    with pytest.raises(ValueError, match=str(score)):
        level_preset("argyle").level_of(score)


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="argyle, ocrolus-2, ocrolus-current"):
        level_preset("equifax")


@pytest.mark.parametrize("levels", [5, 10.0, None, ["argyle"], object()])
def test_what_is_no_preset_is_refused_with_an_example_of_own_thresholds(levels):
    with pytest.raises(ConfigurationError, match=r"thresholds of your own such as \{'low': 0"):
        level_preset(levels)


@pytest.mark.parametrize(
    "cuts", [{}, {"a": 1}, {"a": 0, "b": True}, {"a": 0, "b": 101}, {"a": 0.0}]
)
def test_thresholds_that_do_not_rise_in_whole_numbers_from_0_are_refused(cuts):
    with pytest.raises(ConfigurationError, match="must be whole numbers that rise from 0"):
        level_preset(cuts)
