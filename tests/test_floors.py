"""A room imports only from rooms that stand below it, and importing the package is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "argyle_nb"

FLOORS = [
    {"errors", "pacing", "quiet_logs"},
    {"levels", "models", "columns", "credential_file", "csv_files", "privacy", "webhooks"}
    | {"clock", "document_checks", "journal"},
    {"csv_reading"},
    {"config", "authenticity", "documents", "policy_file", "reading"},
    {"origins"},
    {"answers", "checks", "rows"},
    {"upload_columns", "signal_columns"},
    {"downloads", "transport", "scores", "frames", "review"},
    {"sending", "paging", "ocr", "signals", "verdicts"},
    {"watching"},
    {"waiting"},
    {"client", "sandbox", "policy", "cross_checks"},
    {"charts", "batch", "archive"},
    {"report", "connection", "exploring", "reviewing", "uploading"},
    {"cli_options", "cli_output"},
    {"cli", "widgets"},
]


def rooms():
    return sorted(
        path.stem
        for path in PACKAGE.iterdir()
        if path.stem not in ("__init__", "py", "templates", "__pycache__")
    )


def files_of(room):
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def imported_rooms(room):
    for path in files_of(room):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative imports hide the floor"
                names = [node.module or ""]
                if node.module == "argyle_nb":
                    names = [f"argyle_nb.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name.startswith("argyle_nb."):
                    yield name.split(".")[1]


def floor_of(room):
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def test_every_room_has_a_floor():
    assert set(rooms()) == set().union(*FLOORS)


@pytest.mark.parametrize("room", rooms())
def test_it_imports_only_from_below(room):
    for other in set(imported_rooms(room)) - {room}:
        assert floor_of(other) < floor_of(room), f"{room} must not import {other}"


def test_the_sandbox_is_an_independent_witness():
    assert set(imported_rooms("sandbox")) <= {"sandbox", "errors"}


@pytest.mark.parametrize("room", ["frames", "scores", "charts", "report", "authenticity"])
def test_it_never_touches_the_network(room):
    assert not {"client", "transport", "widgets", "connection"} & set(imported_rooms(room))


@pytest.mark.parametrize("room", sorted(set(rooms()) - {"connection", "sandbox"}))
def test_only_connection_opens_the_door_to_the_sandbox(room):
    assert "sandbox" not in set(imported_rooms(room))


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, argyle_nb; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"pandas", "numpy", "matplotlib", "ipywidgets", "starlette", "requests", "msgspec"}
    assert not heavy & set(loaded)


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for folder in (PACKAGE, PACKAGE.parent / "tests")
        for path in folder.rglob("*")
        if path.suffix in (".py", ".js", ".css", ".html")
    ),
    ids=lambda path: path.relative_to(PACKAGE.parent).as_posix(),
)
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
