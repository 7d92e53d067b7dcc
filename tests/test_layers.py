"""A layer imports only from the layers below it, no import leads in a circle, and all is cheap."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "argyle_nb"

LAYERS = [
    {"errors"},
    {"platforms"},
    {"malformed", "notebook", "storage"},
    {"models", "levels", "config", "documents", "samples", "sandbox"},
    {"client", "frames", "synthetic"},
    {"uploads", "archive", "scores", "cross_checks", "connection"},
    {"review", "monthly_income", "shared_values"},
    {"charts", "widgets"},
    {"report"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]
# Within one layer these may import the ones named; nothing else of a layer imports its neighbor.
WITHIN = {"documents": {"models"}, "shared_values": {"review"}}


def parts():
    return sorted(
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
    )


def name_of(path):
    names = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_by(module):
    """Modules of ours that a module names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the layer"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in inside)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@functools.cache
def ours(module):
    return {name for name in imported_by(module) if name in MODULES} - {module}


def part_of(module):
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def imported_parts(part):
    return {part_of(name) for module in MODULES if part_of(module) == part for name in ours(module)}


def layer_of(part):
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def test_every_module_and_package_has_a_layer():
    assert set(parts()) == set().union(*LAYERS)


@pytest.mark.parametrize("part", parts())
def test_it_imports_only_from_below(part):
    for other in imported_parts(part) - {part} - WITHIN.get(part, set()):
        assert layer_of(other) < layer_of(part), f"{part} must not import {other}"


def test_no_import_leads_in_a_circle():
    waiting = {module: ours(module) for module in MODULES}
    while ready := [module for module, needs in waiting.items() if not needs & set(waiting)]:
        for module in ready:
            del waiting[module]
    assert not waiting


def test_the_sandbox_is_an_independent_witness():
    assert imported_parts("sandbox") <= {"sandbox", "errors", "platforms"}


@pytest.mark.parametrize("part", ["frames", "scores", "charts", "report"])
def test_it_never_touches_the_network(part):
    assert not {"client", "widgets", "connection"} & imported_parts(part)


@pytest.mark.parametrize("part", sorted(set(parts()) - {"connection", "sandbox"}))
def test_only_connection_opens_the_way_to_the_sandbox(part):
    assert "sandbox" not in imported_parts(part)


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, argyle_nb; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"pandas", "numpy", "matplotlib", "ipywidgets", "starlette", "requests", "msgspec"}
    assert not heavy & set(loaded)
