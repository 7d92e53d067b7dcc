"""Every notebook runs from top to bottom, and is committed without outputs."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import argyle_nb as anb
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


def findings_of(path, own):
    """Run a notebook's cells in this process, with own data for the simulated; give its words."""
    names, words = {}, []
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if "make_portfolio" in source:
            names |= own
            continue
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path.name, "exec"), names)  # noqa: S102 - our own notebook
        if last:
            shown = eval(compile(ast.Expression(last.value), path.name, "eval"), names)  # noqa: S307
            words += [shown.data] if hasattr(shown, "_repr_markdown_") else []
        plt.close("all")
    return words


@pytest.fixture
def own_data():
    """Give what a lender has in place of the simulated data of notebook 7: no truth."""
    made = synthetic.make_portfolio(600, seed=7)
    return {
        "uploads": anb.uploads_frame(made.pages, users=made.users, accounts=made.accounts),
        "ocr": anb.ocr_frame(made.pages),
        "loans": made.loans,
        "stated": made.stated,
        "contents": made.contents,
        "truth": None,
    }


def through_csv(frame, path):
    """Save a frame and read it as a newcomer would: IDs and amounts as they are, dates as text."""
    frame.to_csv(path, index=False)
    texts = ("string", "category", "object", "str")
    as_text = {name: "string" for name, dtype in frame.dtypes.items() if str(dtype) in texts}
    return pd.read_csv(path, dtype=as_text)


@pytest.fixture
def notebook_7():
    [path] = [path for path in NOTEBOOKS if path.stem == "07_outcomes_income_links"]
    return path


def test_the_notebook_for_the_head_of_risk_says_the_same_of_data_from_csv_files(
    notebook_7, own_data, tmp_path
):
    frames = {name: frame for name, frame in own_data.items() if frame is not None}
    read = {name: through_csv(frame, tmp_path / f"{name}.csv") for name, frame in frames.items()}

    words = findings_of(notebook_7, read | {"truth": None})

    assert isinstance(read["loans"]["last_seen_at"].iloc[0], str)
    assert not any("The truth" in finding for finding in words)
    assert words == findings_of(notebook_7, own_data)


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param("created_at < '2026-02-01 00:00Z'", id="one month"),
        pytest.param("created_at < '2026-01-12 00:00Z'", id="one week"),
        pytest.param("document_type == 'W-2'", id="no paystubs"),
    ],
)
def test_the_notebook_for_the_head_of_risk_runs_with_a_part_of_the_uploads(
    notebook_7, own_data, chosen
):
    uploads, ocr = own_data["uploads"].query(chosen), own_data["ocr"]

    words = findings_of(
        notebook_7,
        own_data | {"uploads": uploads, "ocr": ocr[ocr["upload_id"].isin(uploads["id"])]},
    )

    assert sum(finding.startswith("**Finding.**") for finding in words) == len(words) - 1
    assert not re.search(r"\bnan\b|<NA>|NaT", " ".join(words))


def test_the_notebook_for_the_head_of_risk_runs_with_uploads_of_which_no_loan_has_matured(
    notebook_7, own_data
):
    loans = own_data["loans"].assign(last_seen_at=own_data["loans"]["opened_at"], bad_at=None)

    words = findings_of(notebook_7, own_data | {"loans": loans, "contents": None})

    assert "Of 0 loans with a known outcome none went bad" in words[0]
    assert not re.search(r"\bnan\b|<NA>|NaT", " ".join(words))
