"""Sentences that a user sees keep to the glossary: one word for one thing, in American English.

A user sees the texts of all modules and panels, the documentation of public names, the notebooks
and the pages. Names of files, functions and columns are no sentences.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import argyle_nb

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "argyle_nb"
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/**/*.md",
    "data/README.md",
)
STYLED = ("argyle_nb/widgets/static/*.js", "argyle_nb/**/*.html", "argyle_nb/**/README.md")

# What is avoided -> what is said.
AVOIDED = {
    r"mend(s|ed|ing)?": "fix",
    r"journals?(?!\.sqlite|_mode)": "upload log",
    r"stand-ins?": "simulated, local sandbox",
    r"(at|(come|came) to) rest": "finished",
    r"the service('s)?": "Argyle",
    r"h(o|e)ld against|holds against": "compared with",
    r"cut-?offs?": "threshold",
    r"e-mail": "email",
    r"in the clear": "unmasked, unencrypted",
    r"pictures?": "chart, image",
    r"nobody|somebody|whoever|strangers?": "who it is",
    r"false alarms?": "false positive",
    r"kernel's machine|this machine": "Jupyter server, this computer",
    r"half a (credential )?pair": "incomplete credentials",
    r"in a circle": "loop",
    r"broken? off|broke off": "interrupted, dropped",
    r"cannot be looked (at|for|up)|look again": "check, refresh",
    r"beyond chance|what chance gives": "significant",
    r"superiority": "AUC",
    r"review load": "review volume",
    r"end was not seen": "not confirmed",
    r"analys(e|ed|es|ing)|colou?red? by colours?|colours?|recognis\w+|labell\w+|grey|cancelled"
    r"|towards|practis\w+": "American spelling",
    r"\d+(\.\d+)? %": "34.5% without a space",
    r"(external|user|upload|account) ids?": "external ID, user ID, ...",
}
WORDS = re.compile("|".join(rf"(?<![\w`.-])({avoided})(?![\w-])" for avoided in AVOIDED))
# What stands between quotes in JavaScript; what is filled in may hold further texts.
SCRIPT_COMMENT = re.compile(r"^ *//.*$", re.MULTILINE)
SCRIPT_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SCRIPT_TEMPLATE = re.compile(r"`([^`]*)`")
SCRIPT_FILLED = re.compile(r"\$\{[^{}]*\}")
CODE_IN_TEXT = re.compile(r"^```.*?^```|``[^`]+``|`[^`]+`|\]\([^)]*\)", re.DOTALL | re.MULTILINE)

# Modules whose errors keep to the pattern, and those errors; `DecodeError` makes its own.
PATTERNED = (
    r"argyle_nb/((client|uploads|archive|sandbox|frames|scores|review|charts|report)/.*"
    r"|documents|config|connection|models|cli|cross_checks|levels|synthetic|storage"
    r"|monthly_income|shared_values)\.py$"
)
ERRORS = frozenset(name for name in argyle_nb.__all__ if name.endswith("Error")) - {"DecodeError"}

# Texts with a space that are no sentences: this name of a kind of text is part of its hashes.
NAMES = frozenset({"external id"})


def _files() -> list[str]:
    patterns = (*PAGES, *STYLED, "argyle_nb/**/*.py", "notebooks/*.ipynb")
    found = {path.relative_to(ROOT).as_posix() for part in patterns for path in ROOT.glob(part)}
    return sorted(found)


def _texts(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from _literals(ast.parse(source))
        yield from _documentation(ast.parse(source))
    elif path.suffix == ".js":
        yield from _script_texts(SCRIPT_COMMENT.sub("", source))
    elif path.suffix == ".ipynb":
        cells = json.loads(source)["cells"]
        yield from (CODE_IN_TEXT.sub(" ", "".join(cell["source"])) for cell in cells)
    else:
        yield CODE_IN_TEXT.sub(" ", source)


def _script_texts(source: str) -> Iterator[str]:
    """Give all texts of a script of several words."""
    texts = SCRIPT_QUOTED.findall(source)
    while SCRIPT_FILLED.search(source):
        source = SCRIPT_FILLED.sub("_", source)
    yield from (text for text in texts + SCRIPT_TEMPLATE.findall(source) if " " in text)


def _literals(module: ast.Module) -> Iterator[str]:
    """Give all texts of a module of several words but docstrings, which are for developers."""
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_text = " " in node.value.strip() and id(node) not in docstrings
            is_text = is_text and node.value not in NAMES
            yield node.value if is_text else ""


def _documentation(module: ast.Module) -> Iterator[str]:
    """Give what `help` says of the public names that a module defines."""
    for node in module.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in argyle_nb.__all__:
            inside = node.body if isinstance(node, ast.ClassDef) else []
            for part in (node, *inside):
                if isinstance(part, (ast.ClassDef, ast.FunctionDef)) and part.name[0] != "_":
                    yield CODE_IN_TEXT.sub(" ", ast.get_docstring(part) or "")


@pytest.mark.parametrize("name", _files())
def test_sentences_have_none_of_the_words_to_avoid(name):
    texts = list(_texts(ROOT / name))
    found = [f"{hit[0]!r} in {text.strip()[:200]!r}" for text in texts for hit in _hits(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [name for name in _files() if re.match(PATTERNED, name)])
def test_an_error_is_made_of_whole_sentences(name):
    """``<object>: <what happened> (<technical cause>). <What to do>.``"""
    assert [text for text in _errors(ROOT / name) if not text.endswith((".", "?", "}"))] == []


def _errors(path: Path) -> Iterator[str]:
    """Give the texts with which a module raises our errors; what is filled in stands in braces."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
            texts = [part for part in node.args if isinstance(part, (ast.JoinedStr, ast.Constant))]
            yield from (ast.unparse(text)[:-1] for text in texts[-1:] if " " in ast.unparse(text))


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("The journal of uploads", "journal"),
        ("It is not at the service.", "the service"),
        ("Choose a cut-off", "cut-off"),
        ("a 95 % interval", "95 %"),
        ("no user has this external id", "external id"),
    ],
)
def test_a_word_to_avoid_is_found(sentence, word):
    assert [hit[0] for hit in _hits(sentence)] == [word]


def test_the_texts_of_a_script_are_found_and_not_what_stands_between_them():
    source = 'say(`${n}`, picture, `of ${n ? "one journal" : `${two.journals} or more`} here`);'
    assert list(_script_texts(source)) == ["one journal", "of _ here"]


def _hits(text: str) -> list[re.Match[str]]:
    return list(WORDS.finditer(text))
