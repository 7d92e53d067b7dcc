"""Every notebook runs from top to bottom, and is committed without outputs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from argyle_nb import synthetic
from argyle_nb.archive import Archive
from argyle_nb.report import read_report
from tests.browser.lab import CHROMIUM

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_it_is_committed_without_outputs(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")


def test_it_names_its_kernel_so_that_no_dialog_asks(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def run(path, tmp_path, monkeypatch):
    """Run a notebook in a home of its own, beside the sample documents."""
    import nbformat  # noqa: PLC0415 - takes seconds, in each process that runs tests
    from nbclient import NotebookClient  # noqa: PLC0415 - as above

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    folder = tmp_path / "project" / "notebooks"
    folder.mkdir(parents=True)
    (folder.parent / "data").symlink_to(path.parents[1] / "data")
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


@pytest.mark.skipif(
    CHROMIUM is not None,
    reason="browser/test_all_notebooks.py runs it from top to bottom, and reads stderr as well",
)
def test_it_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    notebook = run(path, tmp_path, monkeypatch)

    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


def test_the_reports_notebook_takes_parameters(tmp_path, monkeypatch, client, user, pdf):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for _ in range(2):
        client.wait([client.upload(pdf, document_type="paystubs", user=user.id)])
    Archive(tmp_path / "archive").pull(client, user=user.id)
    [notebook] = [path for path in NOTEBOOKS if path.stem == "05_export_report"]
    given = {
        "title": "May",
        "levels": "ocrolus-2",
        "pii": "include",
        "created_before": "2999-01-01",
    }
    places = {"archive": str(tmp_path / "archive"), "folder": str(tmp_path / "out")}

    words = [word for pair in (given | places).items() for word in ("-p", *pair)]
    subprocess.run(
        [sys.executable, "-m", "papermill", notebook, tmp_path / "done.ipynb", *words],
        check=True,
        capture_output=True,
        timeout=600,
    )

    report = read_report(tmp_path / "out")
    assert report.manifest["title"] == "May"
    assert report.manifest["levels"]["name"] == "ocrolus-2"
    assert report.manifest["personal_data"]["mode"] == "include"
    assert report.manifest["filters"] == {"created_at": [None, "2999-01-01T00:00:00Z"]}
    assert report.rows["uploads.csv"] == 2


def test_the_notebook_for_the_head_of_risk_has_findings_and_names_no_borrower(
    tmp_path, monkeypatch
):
    [path] = [path for path in NOTEBOOKS if path.stem == "07_outcomes_income_links"]
    notebook = run(path, tmp_path, monkeypatch)

    words = json.dumps([cell.get("outputs") for cell in notebook.cells])
    sections = [cell for cell in notebook.cells if cell.source.startswith("## ")]
    assert words.count("**Finding.**") == len(sections) - 2  # what to do, and limitations
    assert not re.search(r"LN-\d|[0-9a-f]{8}-[0-9a-f]{4}-|\bnan\b", words)
    employers = set(synthetic.make_portfolio(4_000, seed=7).borrowers["employer"])
    assert [name for name in employers if name in words] == []
