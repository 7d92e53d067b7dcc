"""A report adds up, says how it was made, and opens anywhere without running anything."""

import csv
import hashlib
import json
import os
import re

import duckdb
import numpy as np
import pandas as pd
import pytest

from argyle_nb.archive import Archive
from argyle_nb.errors import ArgyleError, ConfigurationError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.report import export_report
from argyle_nb.report.dictionary import meaning_of
from argyle_nb.scores import REASONS, ScoreCounts, count_scores
from tests.support.office import FORMULAS, LIBREOFFICE, convert
from tests.support.records import form, record, scored, supporting, unscored
from tests.support.reports import RECORDS, UNREADABLE, export, html_of

FILES = {
    "uploads.csv",
    "signals.csv",
    "ocr_fields.csv",
    "score_summary.csv",
    "score_counts.csv",
    "levels.csv",
    "thresholds.csv",
    "drift.csv",
    "coverage.csv",
    "unreadable.csv",
    "data_dictionary.csv",
    "report.html",
    "manifest.json",
}


@pytest.fixture
def report(tmp_path):
    return export(RECORDS, tmp_path / "out", title="A <b>bold</b> title")


def rows_of(report, name):
    with report.files[name].open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_writes_every_file_and_nothing_else(report):
    assert {path.name for path in report.folder.iterdir()} == set(report.files) == FILES


def test_nothing_is_left_beside_the_folder(report):
    assert [path.name for path in report.folder.parent.iterdir()] == ["out"]


def test_there_is_one_row_per_upload(report):
    assert [row["id"] for row in rows_of(report, "uploads.csv")] == [r["id"] for r in RECORDS]


def test_there_is_one_row_per_occurrence_of_a_signal_and_per_reason_code(report):
    kinds = [row["finding_type"] for row in rows_of(report, "signals.csv")]
    assert kinds == ["signal", "signal", "reason_code"]


def test_each_upload_without_a_score_says_why(report):
    reasons = [row["no_score_reason"] for row in rows_of(report, "uploads.csv")]
    assert reasons == ["", "", "unsupported_type"]


def test_the_summary_names_the_shares_of_the_frames_own_levels(report):
    [paystubs, w2, _] = rows_of(report, "score_summary.csv")
    assert (paystubs["high_share"], w2["very_low_share"]) == ("1.0", "1.0")
    assert report.manifest["levels"]["name"] == "ocrolus-2"
    assert report.manifest["levels"]["bands"][0] == [0, "very low"]


def test_levels_can_be_ones_own(tmp_path):
    report = export(RECORDS, tmp_path / "out", levels={"reject": 0, "review": 40, "pass": 75})
    levels = {row["level"] for row in rows_of(report, "levels.csv")}
    assert levels == {"reject", "review", "pass"}
    assert "own: reject 0-39, review 40-74, pass 75-100" in html_of(report)


def test_the_counts_can_be_counted_on(report):
    counts = ScoreCounts.read_csv(report.files["score_counts.csv"])
    assert counts.grouped_by == ("document_type", "week")
    expected = count_scores(uploads_frame(RECORDS), ("document_type", "week"))
    np.testing.assert_array_equal(counts.table(), expected.table())


def test_every_cut_off_of_every_type_is_there(report):
    assert report.rows["thresholds.csv"] == 3 * 102


# Adding up


def test_the_manifest_adds_up(tmp_path):
    report = export([*RECORDS, UNREADABLE], tmp_path / "out", filters={"document_type": "W-2"})
    assert report.manifest["reconciliation"] == {
        "total": 4,
        "filtered_out": 2,
        "unreadable": 1,
        "in_report": 1,
        "scored": 1,
        "no_score": dict.fromkeys(REASONS, 0),
    }


def test_coverage_adds_up_to_the_uploads(report):
    for row in rows_of(report, "coverage.csv"):
        steps = ("document_type", "uploads", "classified", "past_ocr")
        parts = [int(v) for name, v in row.items() if name not in steps]
        assert sum(parts) == int(row["uploads"])


def test_what_could_not_be_read_is_listed_once_with_its_reason(tmp_path):
    [row] = rows_of(export([*RECORDS, UNREADABLE], tmp_path / "out"), "unreadable.csv")
    assert (row["record"], row["listed"]) == (UNREADABLE["id"], "False")
    assert row["problem"] == "a text is not a whole number"


def test_a_score_that_is_none_is_listed_as_invalid_and_says_why(tmp_path):
    frame = uploads_frame(RECORDS).astype({"ocr_authenticity_score": "Int64"})
    frame.loc[1, "ocr_authenticity_score"] = 101
    report = export_report(frame, tmp_path / "out")
    row = rows_of(report, "uploads.csv")[1]
    assert (row["ocr_authenticity_score"], row["no_score_reason"]) == ("", "invalid_score")
    [rejected] = rows_of(report, "unreadable.csv")
    assert (rejected["record"], rejected["listed"]) == (RECORDS[1]["id"], "True")
    assert report.manifest["reconciliation"]["no_score"]["invalid_score"] == 1


def test_signals_of_other_uploads_do_not_add_up(tmp_path):
    uploads, signals = flatten(RECORDS)
    with pytest.raises(ArgyleError, match="counts do not reconcile"):
        export_report(uploads.iloc[1:], tmp_path / "out", signals=signals)
    assert not (tmp_path / "out").exists()


def test_fields_of_other_uploads_do_not_add_up(tmp_path):
    with pytest.raises(ArgyleError, match=r"rows of ocr_fields\.csv.*: 1 and 0"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", ocr=ocr_frame([record(9)]))


def test_lost_signals_do_not_add_up(tmp_path):
    uploads, signals = flatten(RECORDS)
    with pytest.raises(ArgyleError, match=r"rows of signals\.csv: 2 and 1"):
        export_report(uploads, tmp_path / "out", signals=signals.iloc[:1])


def test_an_upload_that_is_there_twice_is_an_error(tmp_path):
    frame = uploads_frame([*RECORDS, RECORDS[0]])
    with pytest.raises(ArgyleError, match="drop_duplicates"):
        export_report(frame, tmp_path / "out")


# Filters


@pytest.mark.filterwarnings("ignore:.*the report has no uploads")
@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ({"document_type": "W-2"}, [2]),
        ({"document_type": ["W-2", "paystubs"]}, [1, 2]),
        ({"document_type": "w2"}, [2]),
        ({"created_at": ("2024-08-01", "2024-09-01")}, [2]),
        ({"created_at": ("2024-08-01", None)}, [2]),
        ({"created_at": (None, "2024-08-01")}, [1, 3]),
        ({"created_at": ("2024-08-01", None), "document_type": "paystubs"}, []),
    ],
)
def test_filters_choose_uploads(filters, listed, tmp_path):
    report = export(RECORDS, tmp_path / "out", filters=filters)
    ids = [row["id"] for row in rows_of(report, "uploads.csv")]
    assert ids == [RECORDS[number - 1]["id"] for number in listed]


def test_signals_and_fields_of_uploads_that_were_left_out_are_left_out(tmp_path):
    report = export(RECORDS, tmp_path / "out", filters={"document_type": "W-2"})
    assert (report.rows["signals.csv"], report.rows["ocr_fields.csv"]) == (0, 0)
    assert report.manifest["left_out"]["rows"] == {"uploads": 2, "signals": 3, "ocr_fields": 1}


def test_the_manifest_and_the_page_name_the_filters(tmp_path):
    filters = {"document_type": ["form W2"], "user": [None, "ada@sample.example"]}
    report = export(RECORDS, tmp_path / "out", filters=filters)
    assert report.manifest["filters"] == {"document_type": ["W-2"], "user": [None, "***"]}
    assert 'document_type = ["W-2"]; user = [null, "***"]' in html_of(report)


@pytest.mark.filterwarnings("ignore:.*the report has no uploads")
def test_a_borrower_whom_no_upload_has_is_refused_with_names_like_it(tmp_path):
    sent = pd.DataFrame({"upload_id": [row["id"] for row in RECORDS[:3]]})
    sent["external_id"] = ["Loan-6", "loan-60", "another"]
    frame = uploads_frame(RECORDS, sent=sent)
    told = r"the frame has external_id 'loan-66' \(did you mean 'Loan-6' or 'loan-60'\?\)"
    with pytest.raises(ConfigurationError, match=told):
        export_report(frame, tmp_path / "out", filters={"external_id": "loan-66"})
    for some in (["loan-60", "loan-66"], [None], []):
        export_report(frame, tmp_path / "out", filters={"external_id": some})


@pytest.mark.filterwarnings("ignore:.*the report has no uploads")
def test_a_type_that_does_not_exist_is_refused_and_one_without_uploads_is_not(tmp_path):
    assert export(RECORDS, tmp_path / "out", filters={"document_type": "1099"}).rows
    with pytest.raises(ConfigurationError, match=r"document_type 'W-3' \(did you mean 'W-2'\?\)"):
        export(RECORDS, tmp_path / "out", filters={"document_type": "W-3"})


def test_a_filter_of_no_column_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="No column 'type' to filter by"):
        export(RECORDS, tmp_path / "out", filters={"type": "W-2"})


# How it was made


def test_the_manifest_holds_size_and_sha256_of_every_other_file(report):
    manifest = json.loads(report.files["manifest.json"].read_text())
    assert {entry["name"] for entry in manifest["files"]} == FILES - {"manifest.json"}
    for entry in manifest["files"]:
        content = report.files[entry["name"]].read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_manifest_says_how_it_was_made(tmp_path, client):
    report = export(RECORDS, tmp_path / "out", settings=client.settings, prepared_by="ada")
    manifest = report.manifest
    assert (manifest["prepared_by"], manifest["environment"]) == ("ada", "local")
    assert manifest["base_url"] == client.settings.base_url
    assert manifest["software"]["pandas"] == pd.__version__
    assert manifest["created_at"] == {
        "first": "2024-07-08T13:43:49Z",
        "last": "2024-08-01T00:00:00Z",
    }
    assert manifest["made_at"].endswith("Z")


def test_no_part_of_the_key_is_in_it(tmp_path, client):
    report = export(RECORDS, tmp_path / "out", settings=client.settings)
    for path in report.files.values():
        text = path.read_text(encoding="utf-8")
        assert client.settings.api_key_id not in text
        assert client.settings.api_key_secret.reveal() not in text


def test_the_dictionary_has_each_column_of_each_file_and_its_dtype(report):
    rows = rows_of(report, "data_dictionary.csv")
    types = {(row["file"], row["column"]): row["type"] for row in rows}
    columns = {
        (facts["name"], column["name"]): column["dtype"]
        for facts in report.manifest["files"]
        for column in facts.get("columns", [])
    }
    assert types == columns
    assert all(row["meaning"] for row in rows)


def test_the_count_of_each_score_is_described():
    assert meaning_of("score_counts.csv", "85").meaning == "uploads with the score 85"


def test_a_column_that_nobody_described_is_an_error():
    with pytest.raises(KeyError, match="does not know"):
        meaning_of("uploads.csv", "shoe_size")


def test_a_file_name_leaves_masked_where_nothing_else_is_asked_for(report):
    assert rows_of(report, "uploads.csv")[0]["file_name"] == "***.pdf"


def test_columns_that_are_not_listed_do_not_leave(tmp_path):
    frame = uploads_frame(RECORDS).assign(borrower="Ada Sample")
    report = export_report(frame, tmp_path / "out", pii="include")
    assert "borrower" not in rows_of(report, "uploads.csv")[0]
    assert report.manifest["left_out"]["columns"] == ["file_url", "borrower"]


def test_uploads_without_a_time_are_in_a_week_of_their_own(tmp_path):
    report = export([scored(1, 50, created_at=None), scored(2, 60)], tmp_path / "out")
    assert [row["week"] for row in rows_of(report, "drift.csv")] == [
        "2024-07-08T00:00:00.000000Z",
        "",
    ]


# What is and is not there


def test_without_signals_there_is_no_file_that_says_there_were_none(tmp_path):
    report = export_report(uploads_frame(RECORDS), tmp_path)
    assert "signals.csv" not in report.files
    assert not (tmp_path / "signals.csv").exists()
    assert "signals.csv is not included" in html_of(report)


def test_what_was_read_leaves_only_when_it_is_asked_for(tmp_path):
    report = export(RECORDS, tmp_path / "out", ocr=False)
    assert "ocr_fields.csv" not in report.files


def test_levels_are_those_of_the_manifest_even_after_a_merge_lost_the_presets_name(tmp_path):
    frame = uploads_frame([scored(1, 52)], levels="ocrolus-current")
    frame.attrs.clear()
    report = export_report(frame, tmp_path)
    assert report.manifest["levels"]["name"] == "argyle"
    assert rows_of(report, "uploads.csv")[0]["authenticity_level"] == "medium"


def test_excel_gets_a_mark_and_cr_lf_in_every_csv_file(tmp_path):
    report = export(RECORDS, tmp_path / "out", excel=True)
    for name in report.rows:
        content = report.files[name].read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\r\n") == content.count(b"\n")
    assert ScoreCounts.read_csv(report.files["score_counts.csv"]).total()


def test_an_archive_is_reported_on_with_its_own_signals_and_fields(tmp_path, client, user, pdf):
    client.wait([client.upload(pdf, document_type="paystubs", user=user.id)])
    archive = Archive(tmp_path / "archive")
    archive.pull(client, user=user.id)
    report = export_report(archive, tmp_path / "out", ocr=True)
    assert report.rows["uploads.csv"] == 1
    assert report.rows["ocr_fields.csv"] > 5
    assert "signals.csv" in report.rows
    assert report.manifest["sources"] == [client.settings.base_url]


def test_the_representation_lists_the_files_and_their_rows(report):
    assert repr(report).splitlines()[1:4] == [
        "  uploads.csv (3 rows)",
        "  signals.csv (3 rows)",
        "  ocr_fields.csv (1 rows)",
    ]


# What it is not made of, and frames of another making that it takes all the same


def test_a_frame_of_something_else_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigurationError, match="no column id"):
        export_report(pd.DataFrame(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_signals_of_something_else_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="upload_id column is missing"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", signals=pd.DataFrame())


def test_ocr_true_is_for_an_archive(tmp_path):
    with pytest.raises(ConfigurationError, match="only with an Archive"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", ocr=True)


@pytest.mark.parametrize("source", [None, RECORDS, "archive", flatten(RECORDS)])
def test_what_is_no_frame_is_refused(source, tmp_path):
    with pytest.raises(
        ConfigurationError,
        match=r"export_report\(frames\.uploads, \.\.\., signals=frames\.signals\)",
    ):
        export_report(source, tmp_path / "out")


@pytest.mark.parametrize("levels", [{}, [], 0, ["low", "high"]])
def test_levels_that_are_none_are_refused(levels, tmp_path):
    with pytest.raises(ConfigurationError, match=r"Thresholds of levels|Unknown level preset"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", levels=levels)
    assert not (tmp_path / "out").exists()


def test_a_column_that_is_there_twice_is_named(tmp_path):
    frame = uploads_frame(RECORDS)
    with pytest.raises(ConfigurationError, match="file_name twice"):
        export_report(pd.concat([frame, frame[["file_name"]]], axis=1), tmp_path / "out")


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_times_without_a_zone_are_refused_with_the_cure(name, tmp_path):
    frame = uploads_frame(RECORDS)
    naive = frame.assign(**{name: frame[name].dt.tz_localize(None)})
    with pytest.raises(ConfigurationError, match=f"{name} has no time zone.*pd.to_date"):
        export_report(naive, tmp_path / "out")


def test_times_of_another_zone_are_written_in_utc(tmp_path):
    frame = uploads_frame(RECORDS)
    there = {n: frame[n].dt.tz_convert("Asia/Tokyo") for n in ("created_at", "updated_at")}
    report = export_report(frame.assign(**there), tmp_path / "out")
    for name in there:
        assert report.frames["uploads"][name].equals(frame[name])


@pytest.mark.parametrize("types", [[None] * 3, [1, 2, 3], [0.5, 1.5, None], [True, False, True]])
def test_types_that_are_no_texts_are_described_too(types, tmp_path):
    frame = uploads_frame(RECORDS).assign(document_type=pd.Categorical(types))
    report = export_report(frame, tmp_path / "out")
    pd.testing.assert_series_equal(
        report.frames["uploads"]["document_type"], frame["document_type"]
    )


@pytest.mark.parametrize(
    "options",
    [
        {"title": "\ud800"},
        {"prepared_by": "\ud800"},
        {"levels": {"\ud800": 0, "high": 50}},
        {"filters": {"document_type": ["\ud800"]}},
    ],
)
def test_half_a_character_is_named_and_nothing_is_written(options, tmp_path):
    with pytest.raises(ConfigurationError, match=r"(invalid character \(|type ')\\ud800"):
        export_report(uploads_frame(RECORDS), tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_nobody_pulled_into_is_an_error_and_no_empty_report(tmp_path):
    with pytest.raises(ConfigurationError, match="is empty: nothing was ever pulled into it"):
        export_report(Archive(tmp_path / "mistyped"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# Other programs read the same rows and values, and run nothing

OPENED = ("uploads.csv", "signals.csv", "ocr_fields.csv")
TEXTS = (*OPENED, "levels.csv", "coverage.csv")

# How spreadsheets of other countries and settings separate: ; and tab.
SEPARATORS = (44, 59, 9)


def formula_records():
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
def formulas(tmp_path_factory):
    uploads, signals = flatten(list(formula_records()))
    return export_report(
        uploads,
        tmp_path_factory.mktemp("report") / "=HYPERLINK(1)",
        signals=signals,
        ocr=ocr_frame(list(formula_records())),
        pii="include",
    )


def by_python(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def tables(formulas):
    return [formulas.files[name] for name in formulas.rows]


def test_python_reads_as_many_rows_and_no_cell_that_would_run(formulas):
    for path in tables(formulas):
        header, *rows = by_python(path)
        assert len(rows) == formulas.rows[path.name]
        for cell in [*header, *(cell for row in rows for cell in row)]:
            number = cell.removeprefix("-").replace(".", "").replace("e-", "").isdecimal()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", " ", "\uff1d"))


def test_pandas_reads_the_same(formulas):
    for path in tables(formulas):
        read = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert [list(read), *read.to_numpy().tolist()] == by_python(path)


def test_duckdb_reads_the_same(formulas):
    for path in tables(formulas):
        shown = duckdb.read_csv(str(path), header=True, all_varchar=True, delimiter=",")
        rows = [[cell or "" for cell in row] for row in shown.fetchall()]
        assert [list(shown.columns), *rows] == by_python(path)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A folder of LibreOffice's own."""
    if LIBREOFFICE is None:
        pytest.skip("no Calc here: apt-get install --no-install-recommends libreoffice-calc")
    return tmp_path_factory.mktemp("office")


@pytest.fixture(scope="module")
def saved_again(formulas, office):
    """Each table, read as the import dialog lets one choose: every column as text."""
    paths = [formulas.files[name] for name in TEXTS]
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
def opened(formulas, office):
    """Tables as a double click opens them."""
    convert([formulas.files[name] for name in OPENED], office, "fods")
    return office


@pytest.mark.parametrize("name", TEXTS)
def test_libreoffice_reads_the_same_texts(name, formulas, saved_again):
    read = by_python(saved_again / name)
    # A line break in a cell is one character to a spreadsheet.
    ours = by_python(formulas.files[name])
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
def test_libreoffice_runs_no_formula_whatever_separates_cells_there(separator, formulas, office):
    for name in OPENED:
        assert formulas_in(formulas.files[name], office, separator) == []


@pytest.mark.parametrize("separator", SEPARATORS)
def test_libreoffice_would_have_run_what_pandas_writes(separator, office):
    """What the test above looks for is really there where nothing is made harmless."""
    careless = office / "careless.csv"
    pd.DataFrame({"file_name": FORMULAS, "beside": "x"}).to_csv(careless, index=False)
    assert formulas_in(careless, office, separator)


def test_a_machine_that_must_have_it_has_it():
    assert LIBREOFFICE or not os.environ.get("CI"), "install libreoffice-calc before the tests"
