"""Planted names, addresses and numbers are nowhere in a masked report."""

import itertools
import re

import pytest

from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import export_report, read_report
from argyle_nb.report.privacy import OCR_FIELDS, SIGNAL_TEXTS
from tests.support.hostile_texts import PERSONAL
from tests.support.records import form, record, supporting

SALT = b"sixteen bytes, or more"
IDENTIFIERS = (*SIGNAL_TEXTS, "other_edits", "a_signal_that_nobody_has_listed")


def nested(paths, value):
    """Put a value at each path of an OCR result."""
    tree = {}
    for path in paths:
        inside = tree
        *above, last = path.split(".")
        for name in above:
            inside = inside.setdefault(name, {})
        inside[last] = value
    return tree


def signal(identifier, text):
    supporting_data = [supporting("some_field", text, f"{text} x"), supporting("net", text, text)]
    return {
        "identifier": identifier,
        "display_name": "Edits",
        "signal_count": 2,
        "page_number": 1,
        "supporting_data": supporting_data,
    }


def planted():
    """Give records with each text in its file name, in every signal and in every OCR field."""
    paths = [path for path in OCR_FIELDS if "employee.name" not in path]
    for number, text in enumerate(PERSONAL):
        found = nested([*paths, "employee.name", "shoe.size", "employer.address.line1"], text)
        found["bonus"] = {"amount": "1.00", "currency": text}
        form_fields = {name: {"value": text} for name in (*OCR_FIELDS, "brandNewField")}
        yield record(
            number,
            file_name=f"{text}.pdf",
            user=text,
            account=text,
            metadata={
                "ocr_authenticity_score": number,
                "ocr_data": [found, {"form_type": "W2", "raw_fields": form_fields}],
                "ocr_authenticity": form(signals=[signal(name, text) for name in IDENTIFIERS]),
            },
        )
        yield record(100 + number, metadata={"ocr_authenticity_score": text})


RECORDS = list(planted())


def export(folder, **options):
    uploads, signals = flatten(RECORDS, errors="collect")
    fields = ocr_frame(RECORDS, errors="collect")
    filters = {"user": list(PERSONAL)}
    return export_report(uploads, folder, signals=signals, ocr=fields, filters=filters, **options)


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    return export(tmp_path_factory.mktemp("masked") / "out")


@pytest.fixture(scope="module")
def hashed(tmp_path_factory):
    return export(tmp_path_factory.mktemp("hashed") / "out", pii="hashed", salt=SALT)


def told(report):
    """Everything a report says: each file, and its text without what a page puts between."""
    for path in report.files.values():
        text = path.read_text(encoding="utf-8")
        yield path.name, text
        yield path.name, re.sub(r"<[^>]*>", "", text)


def digits_of(text):
    return re.sub(r"\D", "", text)


def test_all_of_it_was_planted(tmp_path):
    report = export(tmp_path / "out", pii="include")
    text = report.files["ocr_fields.csv"].read_text() + report.files["signals.csv"].read_text()
    for secret in PERSONAL:
        assert secret in text
    assert report.rows["ocr_fields.csv"] > len(PERSONAL) * len(OCR_FIELDS)
    assert report.rows["rejected.csv"] == len(PERSONAL)


@pytest.mark.parametrize("secret", PERSONAL)
@pytest.mark.parametrize("kind", ["masked", "hashed"])
def test_it_is_in_no_file_of_the_report(kind, secret, request):
    report = request.getfixturevalue(kind)
    for name, text in told(report):
        assert secret.lower() not in text.lower(), name


@pytest.mark.parametrize("secret", [text for text in PERSONAL if len(digits_of(text)) > 4])
@pytest.mark.parametrize("kind", ["masked", "hashed"])
def test_no_five_digits_of_a_number_are_in_any_table(kind, secret, request):
    report = request.getfixturevalue(kind)
    number = digits_of(secret)
    parts = {number[start : start + 5] for start in range(len(number) - 4)}
    for name, frame in report.frames.items():
        if name in ("uploads", "signals", "ocr_fields", "rejected"):
            shown = frame.select_dtypes(["string", "category"])
            columns = [c for c in shown if c not in ("id", "upload_id", "record")]
            for column in columns:
                for cell in shown[column].dropna().astype(str).unique():
                    is_hash = kind == "hashed" and re.search(r"[0-9a-f]{32}", cell)
                    found = {part for part in parts if part in digits_of(cell)}
                    assert is_hash or not found, (name, column)


@pytest.mark.parametrize(
    "word",
    sorted({word for text in PERSONAL for word in re.findall(r"[A-Z][a-z]{5,}", text)}),
)
def test_no_word_of_a_name_or_address_is_in_the_masked_report(word, masked):
    for name, text in told(masked):
        assert word not in text, name


def test_amounts_of_unlisted_fields_do_not_leave_as_numbers(masked):
    fields = masked.frames["ocr_fields"]
    assert fields["amount"].notna().sum() == 0


def test_the_manifest_says_how_personal_data_left(masked, hashed, tmp_path):
    included = export(tmp_path / "out", pii="include")
    modes = [read_report(r.folder).manifest["personal_data"] for r in (masked, hashed, included)]
    assert [mode["mode"] for mode in modes] == ["masked", "hashed", "include"]
    assert "PERSONAL DATA IN THE CLEAR" in modes[2]["means"]
    assert "PERSONAL DATA IN THE CLEAR" in included.files["report.html"].read_text()


def test_hashes_join_what_belongs_together_across_files(hashed):
    fields, signals = hashed.frames["ocr_fields"], hashed.frames["signals"]
    numbers = fields[fields["field"] == "employeeSocialSecurityNumber"]
    read = numbers.drop_duplicates("upload_id").set_index("upload_id")["value"]
    edited = signals[signals["identifier"] == "employee_taxpayer_id_edits"].set_index("upload_id")
    before = edited["original_text"].str.split(" | ", regex=False).str[0]
    assert (before == read[before.index]).all()
    assert read.nunique() == len(PERSONAL)


def test_the_salt_is_nowhere(hashed):
    for name, text in told(hashed):
        assert SALT.decode() not in text, name


def test_the_dictionary_says_what_was_taken_away(masked, hashed):
    for report, how in ((masked, "masked"), (hashed, "hashed with a key")):
        rows = report.frames["data_dictionary"].set_index(["file", "column"])["personal_data"]
        assert rows["uploads.csv", "file_name"].startswith(how)
        assert rows["ocr_fields.csv", "value"].startswith(how)
        assert rows["uploads.csv", "id"] == ""


def test_each_pair_of_people_stays_apart_when_hashed(hashed):
    names = hashed.frames["uploads"]["file_name"]
    assert all(one != other for one, other in itertools.combinations(names, 2))
