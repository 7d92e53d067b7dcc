"""The pages that users read: their code runs, their links lead somewhere, no name is left out."""

from __future__ import annotations

import getpass
import inspect
import re
import shlex
import shutil
import sys
import warnings
from pathlib import Path

import pytest

import argyle_nb
from argyle_nb import charts, cli, review
from argyle_nb.connection import stop_sandbox
from argyle_nb.platforms import data_path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
READ = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]
FENCE = re.compile(r"^```(python|sh)\n(.*?)^```", re.DOTALL | re.MULTILINE)
ANY_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LISTED = re.compile(r"^   ([a-z]\w*\.)?(\w+)$|^\.\. (?:data|module):: (\S+)", re.MULTILINE)
# A part of the samples, with both invalid files.
BORROWERS = ("borrower-002", "borrower-006", "borrower-009")
# They wait for a person, or start what does not end.
NOT_RUN = {"demo", "lab", "sandbox"}
# Two of the sample documents cannot be uploaded, and none was uploaded in the month of a page.
FINISHED = (cli.DONE, cli.INCOMPLETE, cli.NO_UPLOADS)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def blocks_of(path):
    return FENCE.findall(path.read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path, monkeypatch, home):
    """A folder with the sample documents, where no variable or sandbox outlives a page."""
    for borrower in BORROWERS:
        place = Path("data", "documents", borrower)
        shutil.copytree(ROOT / place, tmp_path / place)
    shutil.copy(ROOT / "data" / "loans.csv", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", "")  # so that what a page sets is taken back
    monkeypatch.setattr(getpass, "getpass", lambda *_: "typed")
    yield tmp_path
    stop_sandbox(data_path("sandbox"))
    if figures := sys.modules.get("matplotlib.pyplot"):
        figures.close("all")


@pytest.mark.parametrize("path", [page for page in PAGES if blocks_of(page)], ids=name_of)
def test_the_code_of_a_page_runs_from_top_to_bottom(path, folder):
    names = {}
    with warnings.catch_warnings():
        # Some of the sample documents are invalid on purpose.
        warnings.filterwarnings("ignore", r"2 (of \d+ rows|files)")
        for language, code in blocks_of(path):
            if language == "python":
                exec(compile(code, name_of(path), "exec"), names)  # noqa: S102 - our own pages
            else:
                run_commands(code)


def run_commands(code):
    for line in code.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["argyle-nb"] and words[1] not in NOT_RUN:
            with warnings.catch_warnings(action="ignore"):  # a user sees them as lines on stderr
                assert cli.main(words[1:]) in FINISHED, line


def anchors_of(path):
    text = path.read_text(encoding="utf-8")
    plain = [re.sub(r"[^\w\- ]", "", head.lower()) for head in HEADING.findall(text)]
    return {head.strip().replace(" ", "-") for head in plain}


@pytest.mark.parametrize("path", READ, ids=name_of)
def test_every_link_inside_the_project_leads_to_a_file_and_a_heading(path):
    text = ANY_FENCE.sub("", path.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if not link.startswith(("https://", "http://")):
            place, _, anchor = link.partition("#")
            target = (path.parent / place).resolve() if place else path
            assert target.is_file(), link
            assert not anchor or anchor in anchors_of(target), link


def public_names():
    yield from argyle_nb.__all__
    yield from (f"charts.{name}" for name in charts.__all__)
    yield from (f"review.{name}" for name in review.__all__)


def names_of_the_reference():
    text = (ROOT / "docs" / "reference" / "index.rst").read_text(encoding="utf-8")
    for package, name, other in LISTED.findall(text):
        yield (package + name or other).removeprefix("argyle_nb.")


def test_every_public_name_has_a_place_in_the_reference():
    same = {"review.ReviewLog": "ReviewLog"}  # one thing under two names
    listed = set(names_of_the_reference())
    assert {same.get(name, name) for name in public_names()} == listed


def methods():
    for name in argyle_nb.__all__:
        item = getattr(argyle_nb, name)
        if inspect.isclass(item):
            own = [base for base in item.__mro__ if base.__module__.startswith("argyle_nb")]
            for base in own:
                for member, value in vars(base).items():
                    if member[0] != "_" and inspect.isroutine(value):
                        yield f"{name}.{member}"


@pytest.mark.parametrize("name", sorted(set(methods())))
def test_every_public_method_is_documented(name):
    item = argyle_nb
    for part in name.split("."):
        item = getattr(item, part)
    assert inspect.getdoc(item)


def test_the_readme_has_at_most_130_lines():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130
