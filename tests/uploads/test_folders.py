"""Folders as people keep them: whose a document is and what it is, by where it lies."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from argyle_nb.errors import ValidationError
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.folders import manifest
from argyle_nb.uploads.manifest import read_manifest
from tests.support.batches import uploads_of
from tests.support.samples import SAMPLES
from tests.support.servers import PDF, refused
from tests.support.small_documents import encrypted_pdf

STUB, W2 = SAMPLES["paystub_rivera_2026-01-23.pdf"], SAMPLES["w2_rivera_2025.pdf"]
OFFER = SAMPLES["offer_letter_castellan.pdf"]


@pytest.fixture
def scans(tmp_path):
    """Give a function that copies documents into a folder: path -> document."""

    def put(files):
        folder = tmp_path / "scans"
        for name, source in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read_bytes() if isinstance(source, Path) else source)
        return folder

    return put


def listed(folder):
    """Give the rows of a folder's manifest by path, with what was said of what is missing."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        table = manifest(folder)
    columns = ["document_type", "type_found_by", "external_id"]
    names = [Path(file).relative_to(folder.absolute()).as_posix() for file in table["file"]]
    rows = table[columns].astype(object).where(table[columns].notna(), None).to_numpy().tolist()
    return dict(zip(names, map(tuple, rows), strict=True)), [str(one.message) for one in told]


def test_a_sub_folder_is_a_borrower_and_names_tell_the_types(scans):
    rows, told = listed(scans({"loan-77/W2 2025.pdf": PDF, "0078/paystub.pdf": PDF}))
    assert rows == {
        "0078/paystub.pdf": ("paystubs", "file name", "0078"),
        "loan-77/W2 2025.pdf": ("W-2", "file name", "loan-77"),
    }
    assert told == []


@pytest.mark.parametrize("kind", ["W-2", "w2s", "W2 2025", "Form W-2"])
def test_a_sub_folder_is_a_type_in_any_usual_spelling(scans, kind):
    rows, told = listed(scans({f"{kind}/scan.pdf": STUB}))
    assert rows == {f"{kind}/scan.pdf": ("W-2", "folder", None)}
    counted = "1 file, of which 1 without a borrower (not found in folder"
    assert [one.startswith(counted) for one in told] == [True]


@pytest.mark.parametrize(
    "path", ["loan-77/W-2/x.pdf", "W-2/loan-77/x.pdf", "2025/W-2/loan-77/x.pdf"]
)
def test_borrowers_and_types_are_nested_in_either_order(scans, path):
    rows, told = listed(scans({path: PDF}))
    assert rows == {path: ("W-2", "folder", "loan-77")}
    assert told == []


def test_the_first_page_tells_the_type_where_folder_and_name_do_not(scans):
    rows, _ = listed(scans({"loan-77/1.pdf": STUB, "loan-77/2.pdf": W2}))
    assert rows["loan-77/1.pdf"] == ("paystubs", "content", "loan-77")
    assert rows["loan-77/2.pdf"] == ("W-2", "content", "loan-77")


def test_what_cannot_be_told_stays_empty_and_is_counted(scans):
    rows, told = listed(
        scans({"scan1.pdf": OFFER, "scan2.jpg": b"\xff\xd8\xff", "notes.txt": b"x"})
    )
    assert set(rows.values()) == {(None, None, None)}
    assert told[0].startswith(
        "3 files, of which 3 without a document type and 3 without a borrower"
    )
    assert told[0].endswith(
        "notes.txt: not a PDF, JPEG, PNG or HEIC file (checked by content, not by name), or empty."
    )


def test_a_protected_file_whose_type_cannot_be_read_is_named(scans):
    _, told = listed(scans({"loan-7/scan.pdf": encrypted_pdf(), "loan-7/W2.pdf": encrypted_pdf()}))
    assert told[0].endswith("scan.pdf: the file has a password, so its type can't be read.")


def test_folders_that_differ_by_case_only_are_named(scans):
    folder = scans({"LOAN-7/W2.pdf": PDF, "loan-7/W2.pdf": PDF, "loan-8/W2.pdf": PDF})
    if len(list(folder.iterdir())) == 2:
        pytest.skip("there is no such second folder on this system")
    _, [told] = listed(folder)
    assert told.startswith("External IDs 'LOAN-7' and 'loan-7' differ only in upper and lower case")


@pytest.mark.parametrize(
    "name",
    [
        *("2025", "2026-01", "2026_01_31", "2025 Q3", "January", "Jan 2026", "may", "Q1"),
        *("scans", "Documents", "new", "misc", "Archive", "loans"),
        *(
            "Tax forms",
            "Bank statements",
            "Paystubs January",
            "Smith W2s",
            "1040",
            "W-4",
            "LN-1099",
        ),
        *("loan-77 - Copy", "loan-77 (1)"),
    ],
)
def test_a_folder_named_after_a_time_a_form_or_a_way_is_no_borrower(scans, name):
    rows, _ = listed(scans({f"{name}/loan-7/x.pdf": STUB, f"{name}/y.pdf": STUB}))
    assert rows[f"{name}/y.pdf"][2] is None
    assert rows[f"{name}/loan-7/x.pdf"][2] == "loan-7"


@pytest.mark.parametrize(
    "name", ["loan-77", "1001", "0077", "Maya Chen", "Bill Waters", "LN2026-01"]
)
def test_any_other_folder_is_a_borrower(scans, name):
    assert listed(scans({f"{name}/x.pdf": STUB}))[0][f"{name}/x.pdf"][2] == name


def test_a_borrower_is_the_same_however_the_system_writes_accents(scans):
    apart, composed = "loan-4 Mu\u0308ller", "loan-4 M\u00fcller"
    folder = scans({f"{apart}/W2.pdf": PDF})
    assert listed(folder)[0][f"{apart}/W2.pdf"][2] == composed
    for given in (apart, composed):
        [line] = read_manifest(folder, user=given).lines
        assert (line.borrower.external_id, line.problems) == (composed, ())


def test_of_two_folders_that_may_be_the_borrower_none_is(scans):
    rows, told = listed(scans({"branch-3/loan-77/W2.pdf": PDF}))
    assert rows["branch-3/loan-77/W2.pdf"] == ("W-2", "file name", None)
    assert "1 without a borrower" in told[0]


def test_two_types_in_one_path_are_none(scans):
    rows, _ = listed(scans({"W-2/1099/scan.pdf": STUB}))
    assert rows["W-2/1099/scan.pdf"] == ("paystubs", "content", None)


def test_hidden_files_and_what_systems_leave_behind_is_left_out(scans):
    left = [".DS_Store", "Thumbs.db", "desktop.ini", "~$W2.docx", ".git/a.pdf", "__MACOSX/a.pdf"]
    rows, told = listed(scans({f"loan-7/{name}": PDF for name in [*left, "._W2.pdf", "W2.pdf"]}))
    assert list(rows) == ["loan-7/W2.pdf"]
    assert told == []


def test_links_out_of_the_folder_and_to_folders_are_named_and_not_followed(scans, tmp_path):
    folder = scans({"loan-7/W2.pdf": PDF})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "W2.pdf").write_bytes(PDF)
    (folder / "loan-8").mkdir()
    (folder / "loan-8" / "out.pdf").symlink_to(tmp_path / "elsewhere" / "W2.pdf")
    (folder / "loan-8" / "more").symlink_to(tmp_path / "elsewhere")
    (folder / "loan-8" / "round").symlink_to(folder)
    (folder / "loan-8" / "W2 of both.pdf").symlink_to(folder / "loan-7" / "W2.pdf")
    (folder / "loan-8" / "itself.pdf").symlink_to(folder / "loan-8" / "itself.pdf")
    rows, told = listed(folder)
    assert list(rows) == ["loan-7/W2.pdf", "loan-8/W2 of both.pdf"]
    assert "left out itself.pdf (a link), more (a link), out.pdf (a link) and 1 more" in told[0]


def test_a_name_that_is_no_text_is_named(scans):
    folder = scans({"loan-7/W2.pdf": PDF, "loan-7/W2.pdf ": PDF})
    (folder / "loan-7" / "W\udcff2.pdf").write_bytes(PDF)
    rows, told = listed(folder)
    assert list(rows) == ["loan-7/W2.pdf"]
    assert r"W\udcff2.pdf" in told[0]
    assert "ends with a space" in told[0]


@pytest.mark.parametrize("folder", ["nowhere", "file"])
def test_what_is_no_folder_is_an_error(tmp_path, folder):
    (tmp_path / "file").touch()
    with refused(ValidationError, "folder not found"):
        manifest(tmp_path / folder)


def test_an_empty_folder_is_an_error(tmp_path):
    with refused(ValidationError, "the folder is empty"):
        manifest(tmp_path)


def test_a_folder_without_a_document_is_an_error(client, scans, upload_log):
    folder = scans({"loans.csv": b"a,b", "page.html": b"<html>", "empty.pdf": b""})
    for read in (manifest, partial(upload_batch, client, upload_log=upload_log)):
        with refused(ValidationError, "no documents found. 3 files .* not a PDF, JPEG"):
            read(folder)


# To a table and back


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.xlsx"])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.filterwarnings("ignore:.* files, of which")
def test_a_manifest_comes_back_unchanged(scans, tmp_path, name, index):
    files = {"0077/W2.pdf": PDF, "loan-7/scan.pdf": OFFER, "NA/1.pdf": STUB, "paystub.pdf": PDF}
    table = manifest(scans({**files, "1e5/1099, é.pdf": PDF}))
    write = table.to_csv if name.endswith("csv") else table.to_excel
    (tmp_path / "else").mkdir()
    write(tmp_path / "else" / name, index=index)
    back = read_manifest(tmp_path / "else" / name).table
    assert [*table] == [*back][:4]
    pd.testing.assert_frame_equal(back[["file", "document_type"]], table[["file", "document_type"]])
    assert back["external_id"].tolist() == table["external_id"].tolist()
    assert back["type_found_by"].fillna("").tolist() == table["type_found_by"].fillna("").tolist()


# Sent without looking


def test_a_folder_of_borrowers_is_sent_to_each_of_them(client, scans, upload_log):
    folder = scans({"sent-77/1.pdf": STUB, "sent-77/W-2/2.pdf": W2, "sent-78/W2.pdf": W2})
    sent = upload_batch(client, folder, upload_log=upload_log)
    assert sent["state"].tolist() == ["uploaded"] * 3
    assert sent["document_type"].tolist() == ["paystubs", "W-2", "W-2"]
    for external_id, count in (("sent-77", 2), ("sent-78", 1)):
        [user] = client.list_users(external_id=external_id)
        assert len(uploads_of(client, user)) == count
        assert set(sent.loc[sent["external_id"] == external_id, "user"]) == {user.id}


def test_type_and_user_may_be_given_where_the_folder_does_not_say(client, scans, upload_log):
    folder = scans({"scan.pdf": STUB, "W-2/2026/scan.pdf": W2})
    sent = upload_batch(client, folder, document_type="1099", user="plain-1", upload_log=upload_log)
    assert sent["document_type"].tolist() == ["W-2", "1099"]
    assert sent["external_id"].tolist() == ["plain-1"] * 2
    assert sent["state"].tolist() == ["uploaded"] * 2


def test_a_folder_that_names_another_borrower_than_the_given_one_is_not_sent(
    client, scans, upload_log
):
    names = ("Fedex/W2.pdf", "Fedex/old-ones/W2.pdf", "given-1/W2.pdf", "given-1/more-of-it/W2.pdf")
    folder = scans({name: PDF + name.encode() for name in names})
    with pytest.warns(UserWarning, match="2 of 4 rows can't be uploaded"):
        sent = upload_batch(client, folder, user="given-1", upload_log=upload_log)
    assert sent["state"].tolist() == ["invalid", "invalid", "uploaded", "uploaded"]
    assert "'Fedex' and user 'given-1' are two borrowers" in sent.loc[0, "reason"]
    assert list(client.list_users(external_id="Fedex")) == []


def test_what_a_folder_does_not_tell_stays_behind_with_its_reason(client, scans, upload_log):
    folder = scans({f"scan{number}.pdf": OFFER for number in range(13)} | {"behind-1/W2.pdf": PDF})
    told = r"13 files \(scan0.pdf, scan1.pdf, scan10.pdf and 10 more\): no document type"
    with pytest.warns(UserWarning, match=told):
        sent = upload_batch(client, folder, upload_log=upload_log)
    assert sent["state"].tolist() == ["uploaded", *["invalid"] * 13]


def test_ten_thousand_files_are_listed_in_seconds(scans):
    files = {f"loan-{n % 100}/W2 {20000 + n}.pdf": b"%PDF-" for n in range(10_000)}
    rows, told = listed(scans(files))
    assert len(rows) == 10_000
    assert told == []
