"""Manifests as spreadsheets save them: sent right or refused with the reason, never sent wrong."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import hashlib
import os
import subprocess
import warnings
from functools import partial

import openpyxl
import pandas as pd
import pytest

from argyle_nb.errors import ValidationError
from argyle_nb.uploads import upload_batch
from tests.support.batches import rows_of
from tests.support.office import LIBREOFFICE
from tests.support.servers import PDF

# What each manifest means: path, document type, and the borrower's external id.
MEANT = [
    ("Sub/W2 Müller.pdf", "W-2", "Müller-5"),
    ("a, b.pdf", "paystubs", "0077"),
    ("1099; O'Brien.pdf", "1099", "loan 77"),
    ("scan.pdf", "proof-of-identity", "1001"),
]
# How somebody may have written it.
WRITTEN = pd.DataFrame(
    {
        "File": [r"sub\W2 Müller.PDF", "a, b.pdf", "1099; O'Brien.pdf", "SCAN.pdf"],
        "Document Type": ["w2", "Pay stub", "1099-NEC", "ID"],
        "External ID": ["Müller-5", "0077", "loan 77", "1001"],
        "Notes": ["a;b", 'said "yes"', "two\nlines", "€ 7, 8"],
    }
)
PLAIN = WRITTEN.drop(columns="Notes")
MEANT_IDS = [external_id for _, _, external_id in MEANT]


@pytest.fixture
def work(tmp_path):
    """A folder with the four documents."""
    for path, _, _ in MEANT:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(PDF + path.encode())
    return tmp_path


@pytest.fixture
def sent_by(client, work, upload_log):
    """Give a function that uploads a manifest and counts what was sent, all of it right."""

    def count(path, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sent = upload_batch(client, path, upload_log=upload_log, **options)
        assert sent["state"].isin(["uploaded", "invalid"]).all(), sent["reason"].tolist()
        assert sent.loc[sent["state"] == "invalid", "reason"].str.len().gt(10).all()
        right = set()
        for file, document_type, external_id in MEANT:
            sha256 = hashlib.sha256((work / file).read_bytes()).hexdigest()
            for user in client.list_users(external_id=external_id):
                right.add((sha256, document_type, user.id))
        went = {tuple(row)[1:] for row in rows_of(upload_log) if not row.sha256.startswith("path")}
        assert went <= right
        assert len(went) == sent.loc[sent["state"] == "uploaded", "upload_id"].nunique()
        return len(went)

    return count


def by_pandas(work, table=WRITTEN, **options):
    table.to_csv(work / "list.csv", **({"index": False} | options))
    return work / "list.csv"


def by_hand(work, text, encoding="utf-8"):
    (work / "list.csv").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return work / "list.csv"


def in_excel(work, table=WRITTEN, **options):
    table.to_excel(work / "list.xlsx", **({"index": False} | options))
    return work / "list.xlsx"


TEXT = PLAIN.to_csv(index=False)
LINES = [f"{path}\t{kind}\t{borrower}" for path, kind, borrower in MEANT]
TABS = "\n".join(["file\tdocument_type\texternal_id", *LINES, ""])
UTF_16 = {"le": codecs.BOM_UTF16_LE, "be": codecs.BOM_UTF16_BE}

# Name -> what writes the manifest into a folder, and how many of the four documents it sends.
MANIFESTS = {
    # by pandas
    "as pandas does": (by_pandas, 4),
    "with an index": (partial(by_pandas, index=True), 4),
    "semicolons": (partial(by_pandas, sep=";"), 4),
    "tabs": (partial(by_pandas, sep="\t"), 4),
    "bars": (partial(by_pandas, sep="|"), 4),
    "all in quotes": (partial(by_pandas, quoting=csv.QUOTE_ALL), 4),
    "apostrophes for quotes": (
        partial(by_pandas, table=PLAIN.iloc[[0, 1, 3]], quoting=csv.QUOTE_ALL, quotechar="'"),
        3,
    ),
    "apostrophes where needed": (partial(by_pandas, table=PLAIN, quotechar="'"), 4),
    "a mark of UTF-8": (partial(by_pandas, encoding="utf-8-sig"), 4),
    "UTF-16": (partial(by_pandas, encoding="utf-16", sep="\t"), 4),
    "UTF-16 without a mark": (partial(by_pandas, encoding="utf-16-le"), 4),
    "UTF-16 big-endian without a mark": (partial(by_pandas, encoding="utf-16-be"), 4),
    "Windows' code page": (partial(by_pandas, encoding="cp1252", sep=";"), 4),
    "Latin 1": (partial(by_pandas, table=PLAIN, encoding="latin-1"), 4),
    "a code page of DOS": (partial(by_pandas, table=PLAIN, encoding="cp850"), 3),
    "a code page of the Mac": (partial(by_pandas, table=PLAIN, encoding="mac_roman"), 3),
    "lines as Windows ends them": (partial(by_pandas, lineterminator="\r\n"), 4),
    "columns in another order": (partial(by_pandas, table=WRITTEN[[*WRITTEN][::-1]]), 4),
    "ids that became floats": (
        partial(by_pandas, table=PLAIN.assign(**{"External ID": [None, None, None, 1001.0]})),
        1,
    ),
    "an exact column beside a similar one": (
        partial(
            by_pandas, table=PLAIN.assign(external_id=PLAIN["External ID"], **{"External ID": "x"})
        ),
        4,
    ),
    # by hand
    "a hint for Excel that does not hold": (partial(by_hand, text="sep=;\r\n" + TEXT), None),
    "a hint for Excel": (
        partial(by_hand, text="sep=\t\r\n" + TABS.replace("\n", "\r\n")),
        4,
    ),
    "lines as old Macs ended them": (partial(by_hand, text=TABS.replace("\n", "\r")), 4),
    "UTF-16 as Excel's Unicode text": (
        partial(by_hand, text=UTF_16["le"] + TABS.encode("utf-16-le")),
        4,
    ),
    "UTF-16 big-endian": (partial(by_hand, text=UTF_16["be"] + TABS.encode("utf-16-be")), 4),
    "a title above": (partial(by_hand, text="Loans of May\n\n" + TABS), 4),
    "empty lines": (partial(by_hand, text="\n\n" + TABS.replace("\n", "\n\n\t\t\n")), 4),
    "a total line": (partial(by_hand, text=TABS + "Total\t\t4\n\t4\t\n"), 4),
    "lines twice": (partial(by_hand, text=TABS + LINES[3] + "\n" + LINES[3]), 4),
    "empty cells at the end": (partial(by_hand, text=TABS.replace("\n", "\t\t\n")), 4),
    "spaces around all": (partial(by_hand, text=TABS.replace("\t", " \t ")), 4),
    "headers in capitals": (
        partial(by_hand, text=TABS.replace("file\tdocument_type", "FILE NAME\tDOC TYPE")),
        4,
    ),
    "quotes around paths": (partial(by_hand, text=TABS.replace("scan.pdf", '"""scan.pdf"""')), 4),
    "a borrower that a formula did not find": (
        partial(by_hand, text=TABS.replace("1001", "#N/A")),
        3,
    ),
    "a borrower without its digits": (partial(by_hand, text=TABS.replace("1001", "1.0E+11")), 3),
    "a borrower with its decimals": (partial(by_hand, text=TABS.replace("1001", "1001.0")), 4),
    "a borrower with a decimal comma": (partial(by_hand, text=TABS.replace("1001", "1001,0")), 4),
    "a borrower in thousands": (partial(by_hand, text=TABS.replace("1001", "1.001,00")), 3),
    "accents written apart": (partial(by_hand, text=TABS.replace("\u00fc", "u\u0308")), 4),
    "a file that is not there": (partial(by_hand, text=TABS.replace("scan.pdf", "none.pdf")), 3),
    "a type that is none": (partial(by_hand, text=TABS.replace("\t1099\t", "\t1098\t")), 3),
    "names that hold the separator": (
        partial(by_hand, text=TABS.replace("\t", ",").replace("_type,", "_type,")),
        3,
    ),
    "columns of fixed width": (partial(by_hand, text=TABS.replace("\t", "      ")), None),
    "a quote that is not closed": (partial(by_hand, text=TABS.replace("scan", '"scan')), None),
    # in Excel, by pandas
    "a workbook": (in_excel, 4),
    "a workbook with an index": (partial(in_excel, index=True), 4),
    "a table in the middle of a sheet": (partial(in_excel, startrow=3, startcol=2), 4),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_sent_right_or_refused(name, work, sent_by):
    write, count = MANIFESTS[name]
    path = write(work)
    if count is None:
        with pytest.raises(ValidationError, match="no file column"):
            sent_by(path)
    else:
        assert sent_by(path) == count


# Workbooks, cell by cell


def workbook(change):
    """Give what writes the four lines into a workbook and changes it."""

    def write(work):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["file", "document type", "external id"])
        for line in MEANT:
            sheet.append(line)
        sheet["C3"], sheet["C5"] = "0077", 1001
        change(book, sheet)
        book.save(work / "list.xlsx")
        return work / "list.xlsx"

    return write


def put(cell, value, number_format=None):
    def change(_, sheet):
        sheet[cell] = value
        if number_format:
            sheet[cell].number_format = number_format

    return workbook(change)


def in_the_second_sheet(book, _):
    book.create_sheet("Notes", 0).append(["file this away", "x"])


def behind_a_hidden_sheet(book, sheet):
    old = book.create_sheet("old", 0)
    old.append(["file", "document type", "external id"])
    old.append(["scan.pdf", "W-2", "somebody else"])
    old.sheet_state = "hidden"
    book.active = sheet


def with_gaps(_, sheet):
    sheet.insert_rows(3, 2)
    sheet.insert_cols(2)
    sheet["A9"] = "Total"


WORKBOOKS = {
    "numbers for ids": (workbook(lambda *_: None), 4),
    "a number shown with zeros": (put("C3", 77, "0000"), 4),
    "a number with decimals": (put("C5", 1001.0, "0.00"), 4),
    "a number in a form of its own": (put("C5", 1001, '"LN-"0'), 3),
    "a number of more digits than Excel keeps": (put("C5", 1234567890123456789), 3),
    "a date for an id": (put("C5", dt.date(2026, 3, 4)), 3),
    "a formula that nobody calculated": (put("C5", "=1000+1"), 3),
    "a formula for a file": (put("A5", '="scan"&".pdf"'), 3),
    "an error for an id": (put("C5", "#N/A"), 3),
    "1099 as a number": (put("B4", 1099), 4),
    "a borrower in two lines": (put("C5", "10\n01"), 3),
    "another sheet before it": (workbook(in_the_second_sheet), 4),
    "a hidden sheet before it": (workbook(behind_a_hidden_sheet), 4),
    "gaps and a total": (workbook(with_gaps), 4),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_is_sent_right_or_refused(name, work, sent_by):
    write, count = WORKBOOKS[name]
    assert sent_by(write(work)) == count


def test_a_second_sheet_with_files_is_told(client, work, upload_log):
    def again(book, sheet):
        book.copy_worksheet(sheet)

    path = workbook(again)(work)
    with pytest.warns(UserWarning, match="read sheet 'Sheet' only. 'Sheet Copy' also list files"):
        assert len(upload_batch(client, path, upload_log=upload_log)) == 4


def test_further_columns_of_a_workbook_stay_numbers_and_dates(client, work, upload_log):
    table = PLAIN.assign(amount=[1.5, 2.0, 3.25, 4.0], due=pd.Timestamp("2026-03-04"))
    sent = upload_batch(client, in_excel(work, table), upload_log=upload_log)
    assert sent["amount"].tolist() == table["amount"].tolist()
    assert sent["due"].tolist() == table["due"].tolist()


def test_further_columns_of_a_csv_file_stay_the_texts_they_are(client, work, upload_log):
    sent = upload_batch(client, by_pandas(work, encoding="utf-16"), upload_log=upload_log)
    assert sent["Notes"].tolist() == WRITTEN["Notes"].tolist()


# LibreOffice: separator, quote, character set (76: UTF-8, 1: Windows 1252, 65535: UTF-16), first
# line, columns, language, quotes around all texts, numbers as shown, formulas as such.
EXPORTS = {
    "its own way": ("44,34,76,1,,0,false,true,false", 4),
    "all texts in quotes": ("44,34,76,1,,0,true,true,false", 4),
    "semicolons in Windows' code page": ("59,34,1,1,,0,false,true,false", 4),
    "tabs in UTF-16": ("9,34,65535,1,,0,false,true,false", 4),
    "bars": ("124,34,76,1,,0,true,false,false", 4),
    "apostrophes": ("59,39,76,1,,0,true,true,false", 4),
    "apostrophes where needed": ("44,39,76,1,,0,false,true,false", 4),
    "a code page of DOS": ("44,34,4,1,,0,false,true,false", 3),
    "a code page of the Mac": ("44,34,2,1,,0,false,true,false", 3),
    "fixed width": ("FIX,34,76,1,,0,false,true,false", None),
    "spaces": ("32,34,76,1,,0,false,true,false", None),
    "a mark of UTF-8": ("44,34,76,1,,0,false,true,false,false,false,0,true", 4),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A folder of LibreOffice's own."""
    if LIBREOFFICE is None:
        pytest.skip("no Calc here: apt-get install --no-install-recommends libreoffice-calc")
    return tmp_path_factory.mktemp("office")


def converted(path, folder, office, kind):
    command = [LIBREOFFICE, "--headless", f"-env:UserInstallation=file://{office}/profile"]
    command += ["--convert-to", kind, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)


@pytest.mark.parametrize("name", EXPORTS)
def test_what_libreoffice_exports_is_sent_right_or_refused(name, office, work, sent_by):
    options, count = EXPORTS[name]
    path = in_excel(work, PLAIN)
    converted(path, work, office, f"csv:Text - txt - csv (StarCalc):{options}")
    if count is None:
        with pytest.raises(ValidationError, match="no file column"):
            sent_by(work / "list.csv")
    else:
        assert sent_by(work / "list.csv") == count


def test_a_formula_that_libreoffice_calculated_has_its_value(office, work, sent_by):
    path = put("C5", "=1000+1")(work)
    assert sent_by(path) == 3
    (work / "saved").mkdir()
    converted(path, work / "saved", office, "xlsx:Calc MS Excel 2007 XML")
    (work / "saved" / "list.xlsx").replace(path)
    assert sent_by(path) == 4


def test_a_machine_that_must_have_it_has_it():
    assert LIBREOFFICE or not os.environ.get("CI"), "install libreoffice-calc before the tests"
