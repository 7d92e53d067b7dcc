"""What the panels have in common: answers to questions, and calls that wait for one another."""

import threading
from typing import Literal

import pytest

from argyle_nb.widgets.panel import (
    REMEMBERED_CHANGES,
    REMEMBERED_LOOKUPS,
    LastHeard,
    Panel,
    Question,
    Throttle,
    read_static,
)
from tests.support.panel_page import Browser


class Place(Question):
    kind: Literal["look", "go"]
    at: str = "here"


class Map(Panel):
    question = Place
    changes = frozenset({"go"})

    def _on_look(self, question):
        return {"found": {"here": "here"}[question.at]}

    def _on_go(self, _):
        return {}


@pytest.fixture
def panel():
    return Map({})


def test_answers_are_forgotten_in_the_end(panel):
    page = Browser(panel)
    for _ in range(3 * REMEMBERED_CHANGES):
        page.ask("go")
        page.ask("look")
    assert len(panel._answered_changes) == REMEMBERED_CHANGES
    assert len(panel._answered_lookups) == REMEMBERED_LOOKUPS


def test_what_nobody_foresaw_is_answered_in_words(panel):
    page = Browser(panel)
    assert page.ask("look", at="here")["found"] == "here"
    assert page.ask("look", at="nowhere")["error"] == "KeyError: 'nowhere'"


def test_a_question_of_an_unknown_kind_is_refused_in_words(panel):
    assert "Invalid enum value 'trait_change'" in Browser(panel).ask("trait_change")["error"]


def test_calls_that_come_too_often_are_put_together_and_the_last_is_not_lost():
    seen, calls = [], threading.Semaphore(0)
    often = Throttle(0.2, lambda: (seen.append(len(asked)), calls.release()))
    asked = []
    for number in range(50):
        asked.append(number)
        often()
    assert calls.acquire(timeout=30)
    assert calls.acquire(timeout=30)
    assert seen[-1] == 50
    assert len(seen) < 10


def test_a_call_that_nothing_hinders_is_made_at_once():
    seen = []
    Throttle(60, lambda: seen.append(1))()
    assert seen == [1]


def test_a_context_is_kept_for_what_is_sent_later():
    heard = LastHeard()
    heard.note()
    ran = []
    heard.run(lambda: ran.append(1))
    assert ran == [1]


# One panel for many cells


def test_a_panels_script_is_what_all_share_and_its_own():
    script = read_static("panel.js", "explore.js")
    assert "class Talk" in script
    assert script.rstrip().endswith("export default { render };")
