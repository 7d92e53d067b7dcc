"""What is personal data does not leave unless it is asked for: not as a text, not in a report."""

import html
import inspect
import itertools
import re
import zipfile
from functools import cache

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.ocr import INCOME_AMOUNTS, INCOME_DATES, INCOME_FIELDS, ocr_frame
from argyle_nb.frames.uploads import flatten, uploads_frame
from argyle_nb.models import DOCUMENT_TYPES, STATUSES, is_uuid
from argyle_nb.report import compare_reports, export_report, read_report
from argyle_nb.report.privacy import KINDS, MASK, OCR_FIELDS, SIGNAL_TEXTS, Privacy, ocr_kind
from argyle_nb.sandbox.inspection import scoring as sandbox_signals
from tests.support.hostile_texts import PERSONAL
from tests.support.records import form, record, scored, stages, supporting

SALT = b"sixteen bytes, or more"
CLOSED = [kind for kind in KINDS if kind != "open"]
MISPLACED = (
    *PERSONAL,
    *("ada@sample.example", "AdaQuillfeather", "ada_quillfeather_edits", "paystub of Ada"),
    *("912456781", "912.45.6781", "form 912 45 6781", "912_45_6781_edits", "W-2 of 912456781"),
    *("\uff19\uff11\uff12\uff14\uff15", "\u0410\u0434\u0430", "A d a", "[912][45][6781]"),
)
SHAPED = ("amount", "quantity", "date", "code", "currency", "wording")


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("123-45-6789", "***6789"),
        ("123456789", "***6789"),
        ("12-3456789", "***6789"),
        ("acct 0012345678", "***5678"),
        ("5555", "***"),
        ("1234567", "***"),
        ("none given", "***"),
    ],
)
def test_of_a_number_at_most_the_last_four_digits_are_left(number, masked):
    assert Privacy().text("number", number) == masked


@pytest.mark.parametrize("kind", ["name", "address", "text"])
def test_of_a_name_an_address_or_any_text_nothing_is_left(kind):
    assert Privacy().text(kind, "Ada Sample, 1 Main St") == MASK


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("amount", "1,200.00"),
        ("amount", "$-35.10"),
        ("amount", "(12.00)"),
        ("amount", "41250"),
        ("quantity", "80.00"),
        ("date", "2026-01-30"),
        ("date", "01/30/2026"),
        ("date", "2026"),
        ("code", "BI_WEEKLY"),
        ("currency", "USD"),
        ("wording", "FEDERAL WITHHOLDINGS"),
        ("label", "Dollar Amount Edits 401"),
        ("pseudonym", "01320596-2c3d-189c-53e7-a8ce6d625b33"),
    ],
)
def test_what_looks_as_it_should_stays(kind, text):
    assert Privacy().text(kind, text) == text


@pytest.mark.parametrize("kind", SHAPED)
@pytest.mark.parametrize(
    "text",
    [
        "Ada Sample",
        "123-45-6789",
        "123456789",
        "1 Main St",
        "12-3456789",
        "",
        "\uff11\uff12\uff13\uff14",
    ],
)
def test_what_a_document_puts_in_the_wrong_box_is_masked_there_too(kind, text):
    assert Privacy().text(kind, text) == MASK


def test_a_file_name_keeps_the_kind_of_file_alone():
    assert Privacy().text("file name", "ada_sample_123-45-6789.PDF") == "***.pdf"
    assert Privacy().text("file name", "stub.ada") == "***"


def test_an_external_id_is_no_id_of_argyles():
    assert Privacy().text("pseudonym", "ada@sample.example") == MASK
    assert Privacy().text("external id", "01320596-2c3d-189c-53e7-a8ce6d625b33") == MASK


def test_external_ids_that_differ_in_their_spelling_alone_stay_two_borrowers():
    hashed = Privacy("hashed", SALT)
    assert hashed.text("external id", "loan-77") == hashed.text("external id", "loan-77")
    assert hashed.text("external id", "loan-77") != hashed.text("external id", "LOAN-77")


def test_numbers_within_a_label_are_masked():
    assert Privacy().text("label", "Edited 123 45 6789 on page 2") == "Edited ***6789 on page 2"


def test_what_an_error_quotes_is_masked():
    assert Privacy().text("told", "'Ada Sample' is not a whole number") == (
        "*** is not a whole number"
    )
    for name in ("Sean O'Brien", 'Ada "Ace" Sample', 'O\'Brien "Ace"', "back\\slash'"):
        assert Privacy().text("told", f"{name!r} is no number") == "*** is no number"


KNOWN_TERMS = (
    *DOCUMENT_TYPES,
    *STATUSES,
    *SIGNAL_TEXTS,
    *("employee_details_edits", "transaction_description_edits", "unusual_file_origin"),
    *("invalid_bank_statement_txn_date", "006-L", "SBX-28-H", "fields misaligned"),
    *("PAYSTUB", "W2", "BANK_STATEMENT", "FORM", "A_1099-NEC", "PAYSTUB_01"),
    *("COMPLETED", "PENDING", "UNABLE_TO_PROCESS", "UNSUPPORTED", "DELETED", "LOW", "MEDIUM"),
    *("bank-statements", "1040-schedule-c", "award-letter", ""),
    *sandbox_signals.WEIGHTS,
    *(weight.title for weight in sandbox_signals.WEIGHTS.values()),
)
KNOWN_PATHS = (
    *OCR_FIELDS,
    *(path for paths in INCOME_FIELDS.values() for path in paths),
    *("employee.address.line1", "earnings.subtotals[12].description", "box12dcode"),
    *("$.metadata.ocr_authenticity_score", "employment_details.hire_date"),
)


@pytest.mark.parametrize("term", KNOWN_TERMS)
def test_the_names_of_types_signals_and_statuses_stay(term):
    assert Privacy().text("term", term) == term


@pytest.mark.parametrize("path", KNOWN_PATHS)
def test_the_names_of_fields_stay(path):
    assert Privacy().text("path", path) == path


@pytest.mark.parametrize("text", MISPLACED)
def test_any_other_text_is_no_term_however_it_is_written(text):
    assert Privacy().text("term", text) == MASK
    assert set(Privacy().text("path", text)) <= set("*.")


def test_of_a_path_the_usual_parts_stay():
    shown = Privacy().text("path", "employee.adaQuillfeather[3].name")
    assert shown == "employee.***.name"


def test_an_id_that_is_not_argyles_is_another_in_each_report_and_keeps_rows_together():
    one, other = Privacy(), Privacy()
    assert one.text("id", "ada@sample.example") == one.text("id", "ada@sample.example")
    assert one.text("id", "ada@sample.example") != one.text("id", "912-45-6781")
    assert one.text("id", "ada@sample.example") != other.text("id", "ada@sample.example")
    assert re.fullmatch(r"\*\*\*[a-p]{16}", one.text("id", "912-45-6781"))


def test_where_the_name_of_a_signal_is_masked_its_identifier_says_what_it_is(masked):
    signals = masked.frames["signals"]
    dates = signals[signals["identifier"] == "date_edits"]["display_name"].unique()
    assert {*dates} == {"Edits", "date edits"}
    assert signals[signals["identifier"] == MASK]["display_name"].isin({"Edits", MASK}).all()


def test_rows_of_an_upload_stay_together_where_its_id_is_masked(masked):
    uploads, signals = masked.frames["uploads"]["id"], masked.frames["signals"]["upload_id"]
    assert uploads.is_unique
    assert {*signals} == {*masked.frames["ocr_fields"]["upload_id"]} == {*uploads}


def test_groups_of_the_counts_are_named_as_the_uploads_are(masked, hashed):
    for report in (masked, hashed):
        types = {*report.frames["uploads"]["document_type"]}
        assert {*report.frames["coverage"]["document_type"]} == types


@given(st.sampled_from(CLOSED), st.text())
def test_a_masked_text_masked_again_stays_as_it_is(kind, text):
    once = Privacy().text(kind, text)
    assert Privacy().text(kind, once) == once


@given(st.sampled_from(CLOSED), st.from_regex(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", fullmatch=True))
def test_no_ssn_comes_through_as_any_kind(kind, ssn):
    shown = Privacy().text(kind, ssn)
    assert ssn not in shown
    assert sum(character.isdigit() for character in shown) <= 4


@given(st.sampled_from(sorted(KINDS)), st.text())
def test_include_changes_nothing(kind, text):
    assert Privacy("include").text(kind, text) == text


@given(st.sampled_from(["name", "address", "text", "number", "external id"]), st.text(min_size=4))
def test_hashed_texts_tell_nothing_and_stay_equal(kind, text):
    once, again = Privacy("hashed", SALT), Privacy("hashed", SALT.decode())
    assert once.text(kind, text) == again.text(kind, text)
    assert len(once.text(kind, text)) == 32


def test_the_same_person_is_the_same_hash_however_it_is_spelled():
    hashed = Privacy("hashed", SALT)
    assert hashed.text("name", "Ada  SAMPLE ") == hashed.text("name", "ada sample")
    assert hashed.text("number", "123-45-6789") == hashed.text(
        "number", "\uff11\uff12\uff13 45 6789"
    )


def test_another_salt_gives_another_hash():
    one, two = Privacy("hashed", SALT), Privacy("hashed", SALT + b"!")
    assert one.text("name", "Ada") != two.text("name", "Ada")


def test_hashing_leaves_alone_what_masking_would():
    assert Privacy("hashed", SALT).text("amount", "1,200.00") == "1,200.00"


def test_a_hashed_file_name_keeps_the_kind_of_file():
    assert Privacy("hashed", SALT).text("file name", "ada.pdf").endswith(".pdf")


@pytest.mark.parametrize("salt", [None, "", b"", "short"])
def test_hashing_without_a_long_salt_is_refused(salt):
    with pytest.raises(ConfigurationError, match="needs a secret salt of at least 16 bytes"):
        Privacy("hashed", salt)


def test_a_salt_that_is_not_used_is_refused():
    with pytest.raises(ConfigurationError, match="salt works only with"):
        Privacy("masked", SALT)


def test_another_mode_is_refused_with_the_list():
    with pytest.raises(ConfigurationError, match="masked, hashed, include"):
        Privacy("none")


def test_the_salt_does_not_show():
    assert "sixteen" not in repr(Privacy("hashed", SALT))


def test_a_field_that_is_not_listed_is_taken_for_personal():
    assert ocr_kind("employee.shoe_size") == "text"
    assert ocr_kind("net_pay.distribution_details[0].description") == "text"


def test_places_in_lists_are_no_part_of_a_fields_name():
    assert ocr_kind("earnings.subtotals[12].current_pay") == "amount"


def test_each_field_is_of_a_known_kind():
    assert {*OCR_FIELDS.values(), *SIGNAL_TEXTS.values()} <= set(KINDS)


@pytest.mark.parametrize("name", sorted(INCOME_FIELDS))
def test_the_usual_income_fields_are_all_listed(name):
    kinds = {ocr_kind(path) for path in INCOME_FIELDS[name]}
    expected = "amount" if name in INCOME_AMOUNTS else "date" if name in INCOME_DATES else None
    assert kinds == {expected} if expected else kinds <= {"name", "code", "date"}


def test_each_signal_of_the_sandbox_about_a_person_is_listed():
    source = inspect.getsource(sandbox_signals)
    for name in ("employee_name_edits", "employee_taxpayer_id_edits", "employee_address_edits"):
        assert name in source
        assert SIGNAL_TEXTS[name] in ("name", "number", "address")


# A report of planted texts

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


def origin(text):
    names = {"edit_source": f"Word - {text}", "doc_origin": f"scan of {text}"}
    values = [{"key": key, "value": value, "data_type": "str"} for key, value in names.items()]
    return {"identifier": "unusual_file_origin", "supporting_data": [{"values": values}]}


def planted():
    """Give records with each text in its file name, in every signal and in every OCR field."""
    paths = [path for path in OCR_FIELDS if "employee.name" not in path]
    for number, text in enumerate(PERSONAL):
        found = nested([*paths, "employee.name", "shoe.size", "employer.address.line1"], text)
        found["bonus"] = {"amount": "1.00", "currency": text}
        found[text] = {text: "7"}
        signals = [*(signal(name, text) for name in IDENTIFIERS), origin(text), signal(text, text)]
        signals += [{"identifier": "date_edits", "display_name": text}]
        form_fields = {name: {"value": text} for name in (*OCR_FIELDS, "brandNewField", text)}
        code = {"code": text, "confidence": text, "description": text}
        verdict = {"score": 7, "reason_codes": [code], "authenticity_status": text}
        analyzed = form(signals=signals, form_type=text, form_authenticity=verdict)
        yield record(
            number,
            id=text,
            file_name=f"{text}.pdf",
            user=text,
            account=text,
            document_type=text,
            requested_document_type=text,
            processing=stages(text, text, text),
            metadata={
                "ocr_authenticity_score": number,
                "ocr_data": [found, {"form_type": text, "raw_fields": form_fields}],
                "ocr_authenticity": {"detect_status": text, "form_analysis": [analyzed]},
            },
        )
        yield record(100 + number, metadata={"ocr_authenticity_score": text})
        unread = {"ocr_authenticity_score": 7, "ocr_data": {text: too_deep()}}
        yield record(200 + number, id=f"{text}, again", metadata=unread)


def too_deep():
    value = "7"
    for _ in range(60):
        value = [value]
    return value


RECORDS = list(planted())
NAME = PERSONAL[0]


def export(folder, **options):
    uploads, signals = flatten(RECORDS, errors="collect")
    fields = ocr_frame(RECORDS, errors="collect")
    filters = {key: list(PERSONAL) for key in ("user", "external_id", "document_type", "id")}
    uploads = uploads.assign(external_id=uploads["user"])
    options |= {"signals": signals, "ocr": fields, "filters": filters, "xlsx": True}
    return export_report(uploads, folder, **options)


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    return export(tmp_path_factory.mktemp("masked") / "out")


@pytest.fixture(scope="module")
def hashed(tmp_path_factory):
    return export(tmp_path_factory.mktemp("hashed") / "out", pii="hashed", salt=SALT)


def texts_of(report):
    """Everything a report says: each file, and its text without what a page puts between."""
    for path in report.files.values():
        for text in parts_of(path):
            yield path.name, text
            yield path.name, re.sub(r"<[^>]*>", "", text)


@cache
def parts_of(path):
    if path.suffix != ".xlsx":
        return [path.read_text(encoding="utf-8")]
    with zipfile.ZipFile(path) as workbook:
        return [workbook.read(name).decode() for name in workbook.namelist()]


@pytest.mark.parametrize("kind", ["masked", "hashed"])
def test_it_is_not_on_the_page_that_compares_two_reports(kind, request, tmp_path):
    report = request.getfixturevalue(kind)
    later = export_report(uploads_frame([scored(7, 50)]), tmp_path / "later")
    for pair in ((report, later), (later, report), (report, report)):
        changes = compare_reports(*pair)
        page = changes.write_page(tmp_path / "page.html").read_text(encoding="utf-8")
        shown = html.unescape(page + changes._repr_html_()).lower()
        assert [secret for secret in PERSONAL if secret.lower() in shown] == []


def digits_of(text):
    return re.sub(r"\D", "", text)


def test_all_of_it_was_planted(tmp_path):
    report = export(tmp_path / "out", pii="include")
    text = report.files["ocr_fields.csv"].read_text() + report.files["signals.csv"].read_text()
    for secret in PERSONAL:
        assert secret in text
    assert report.rows["ocr_fields.csv"] > len(PERSONAL) * len(OCR_FIELDS)
    assert report.rows["unreadable.csv"] == 2 * len(PERSONAL)
    page = html.unescape(report.files["report.html"].read_text())
    for secret in PERSONAL:
        assert secret in page


@pytest.mark.parametrize("secret", PERSONAL)
@pytest.mark.parametrize("kind", ["masked", "hashed"])
def test_it_is_in_no_file_of_the_report(kind, secret, request):
    report = request.getfixturevalue(kind)
    for name, text in texts_of(report):
        assert secret.lower() not in text.lower(), name


@pytest.mark.parametrize("secret", [text for text in PERSONAL if len(digits_of(text)) > 4])
@pytest.mark.parametrize("kind", ["masked", "hashed"])
def test_no_five_digits_of_a_number_are_in_any_table(kind, secret, request):
    report = request.getfixturevalue(kind)
    number = digits_of(secret)
    parts = {number[start : start + 5] for start in range(len(number) - 4)}
    for name, frame in report.frames.items():
        if name in ("uploads", "signals", "ocr_fields", "unreadable"):
            shown = frame.select_dtypes(["string", "category"])
            for column in shown:
                cells = shown[column].dropna().astype(str)
                for cell in cells[~cells.map(is_uuid)].unique():
                    is_hash = kind == "hashed" and re.search(r"[0-9a-f]{32}", cell)
                    found = {part for part in parts if part in digits_of(cell)}
                    assert is_hash or not found, (name, column)


@pytest.mark.parametrize(
    "word",
    sorted({word for text in PERSONAL for word in re.findall(r"[A-Z][a-z]{5,}", text)}),
)
def test_no_word_of_a_name_or_address_is_in_the_masked_report(word, masked):
    for name, text in texts_of(masked):
        assert word not in text, name


@pytest.mark.parametrize("column", ["edit_source", "doc_origin"])
def test_where_a_file_came_from_is_masked_whole_and_hashed_alike(column, masked, hashed):
    assert set(masked.frames["signals"][column].dropna()) == {MASK}
    hashes = hashed.frames["signals"][column].dropna()
    assert all(re.fullmatch("[0-9a-f]{32}", text) for text in hashes)
    assert hashes.nunique() == len(PERSONAL)


def test_amounts_of_unlisted_fields_do_not_leave_as_numbers(masked):
    fields = masked.frames["ocr_fields"]
    assert fields["amount"].notna().sum() == 0


def test_the_manifest_says_how_personal_data_left(masked, hashed, tmp_path):
    included = export(tmp_path / "out", pii="include")
    modes = [read_report(r.folder).manifest["personal_data"] for r in (masked, hashed, included)]
    assert [mode["mode"] for mode in modes] == ["masked", "hashed", "include"]
    assert "contains unmasked personal data" in modes[2]["means"]
    assert "contains unmasked personal data" in included.files["report.html"].read_text()


def test_hashes_join_what_belongs_together_across_files(hashed):
    fields, signals = hashed.frames["ocr_fields"], hashed.frames["signals"]
    numbers = fields[fields["field"] == "employeeSocialSecurityNumber"]
    read = numbers.drop_duplicates("upload_id").set_index("upload_id")["value"]
    edited = signals[signals["identifier"] == "employee_taxpayer_id_edits"].set_index("upload_id")
    before = edited["original_text"]
    assert (before == read[before.index]).all()
    assert read.nunique() == len(PERSONAL)


def test_a_borrower_has_one_hash_in_every_report_of_the_same_salt(hashed, tmp_path):
    row = scored(7, 50)
    later = uploads_frame([row], sent=pd.DataFrame({"upload_id": [row["id"]], "external_id": NAME}))
    again = export_report(later, tmp_path / "out", pii="hashed", salt=SALT, xlsx=True)
    [found] = again.frames["uploads"]["external_id"]
    assert found in hashed.frames["uploads"]["external_id"].tolist()
    assert found in hashed.manifest["filters"]["external_id"]
    assert found == Privacy("hashed", SALT).text("external id", NAME)
    assert pd.read_excel(again.files["report.xlsx"])["external_id"].tolist() == [found]


def test_the_lenders_name_of_a_borrower_is_masked_and_in_the_clear_where_asked_for(
    masked, tmp_path
):
    assert set(masked.frames["uploads"]["external_id"]) == {MASK}
    included = export(tmp_path / "out", pii="include")
    assert included.frames["uploads"]["external_id"].tolist() == list(PERSONAL)


def test_the_salt_is_nowhere(hashed):
    for name, text in texts_of(hashed):
        assert SALT.decode() not in text, name


def test_the_dictionary_says_what_was_taken_away(masked, hashed):
    for report, how in ((masked, "masked"), (hashed, "hashed with a key")):
        rows = report.frames["data_dictionary"].set_index(["file", "column"])["personal_data"]
        assert rows["uploads.csv", "file_name"].startswith(how)
        assert rows["ocr_fields.csv", "value"].startswith(how)
        assert "content unknown" in rows["signals.csv", "edit_source"]
        assert "every word is a usual one" in rows["uploads.csv", "document_type"]
        assert "ID made by Argyle" in rows["uploads.csv", "id"]
        assert rows["levels.csv", "share"] == ""


def test_each_pair_of_people_stays_apart_when_hashed(hashed):
    names = hashed.frames["uploads"]["file_name"]
    assert all(one != other for one, other in itertools.combinations(names, 2))
