"""The project's files agree with each other, and say nothing of the place they were made in."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from argyle_nb.samples import copy_samples

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-docs.lock"]
CONDA_NAMES = {"matplotlib-base": "matplotlib"}


def name_of(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower()


def conda_dependencies():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    return entries["dependencies"]


def test_environment_yml_asks_for_the_same_packages_and_versions():
    # Conda knows no conditions: what only some Pythons need comes with `pip install -e .`.
    everywhere = [text for text in PROJECT["dependencies"] if ";" not in text]
    wanted = {name_of(text): text for text in everywhere}
    plain = [text for text in conda_dependencies() if isinstance(text, str)]
    given = {CONDA_NAMES.get(name_of(text), name_of(text)): text for text in plain}
    assert given.pop("python") == f"python{PROJECT['requires-python']}"
    assert given.pop("pip") == "pip"
    renamed = {name: text.replace("-base", "") for name, text in given.items()}
    assert renamed == wanted


def test_environment_yml_installs_the_project_itself_with_pip():
    assert conda_dependencies()[-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_version_and_hashes(lock):
    entries = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    assert len(entries) > len(PROJECT["dependencies"])
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_an_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_dependency_is_locked(lock):
    locked = {name_of(line) for line in (ROOT / lock).read_text().splitlines() if "==" in line}
    assert {name_of(text) for text in PROJECT["dependencies"]} <= locked


def test_every_dependency_is_justified_in_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").lower()
    extras = PROJECT["optional-dependencies"]
    for requirement in [*PROJECT["dependencies"], *(r for extra in extras.values() for r in extra)]:
        name = name_of(requirement)
        assert name == PROJECT["name"] or f"**{name}**" in text, f"{name} is not justified"


def test_the_changelog_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {PROJECT['version']}" in text


def test_every_file_the_readme_points_to_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_make_command_of_the_readme_exists():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    used = re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert used
    assert set(used) <= set(targets)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_all_that_is_not_python_too(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "argyle_nb").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {
        "argyle_nb/widgets/static/dropzone.js",
        "argyle_nb/widgets/static/dropzone.css",
    } <= wanted
    assert wanted <= packed


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < 3_000_000


def test_the_wheel_alone_copies_what_a_checkout_copies(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    told = subprocess.run(
        [sys.executable, "-m", "argyle_nb", "lab", "--copy-only", "--folder", tmp_path / "mine"],
        cwd=tmp_path / "installed",  # where Python looks first
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = copy_samples(tmp_path / "by the checkout").new
    assert [name for name in names if not (tmp_path / "mine" / name).is_file()] == []
    assert copy_samples(tmp_path / "mine") == ([], [])
    assert told.startswith("Copied 7 notebooks and ")


def test_no_notebook_or_text_holds_a_path_of_somebodys_home():
    kinds = ("*.py", "*.md", "*.ipynb", "*.toml", "*.yml", "Makefile")
    folders = ("argyle_nb", "data", "docs", "notebooks", "tests")
    paths = [path for kind in kinds for path in ROOT.glob(kind)]
    paths += [path for name in folders for kind in kinds for path in (ROOT / name).rglob(kind)]
    assert len(paths) > 200
    homes = re.compile("/(home|Users)/[a-z]+/|/" + "root/")
    for path in paths:
        assert not homes.search(path.read_text(encoding="utf-8")), path
